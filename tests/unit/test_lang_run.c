/*
 * test_lang_run.c: running: what a step is, what stops a program, typed statements, questions,
 * variables and stack as others see them, going back in time.
 */
#include "lang_program.h"

/* ---- steps ---- */

struct expected_step {
    uint32_t line, column, depth;
    const char *function, *value; /* NULL = no value */
};

static void check_steps(struct lang_run *run, const struct expected_step *expected, uint32_t nr)
{
    struct la_buf text;

    la_buf_init(&text, la_host_libc());
    for (uint32_t i = 0; i < nr; i++) {
        struct la_place where = la_interp_where(run->interp);

        assert_int_equal(lang_step(run), LA_STEP_RAN);
        assert_int_equal(run->step.at.span.line, expected[i].line);
        assert_int_equal(run->step.at.span.column, expected[i].column);
        assert_int_equal(run->step.at.depth, expected[i].depth);
        assert_string_equal(run->step.at.function, expected[i].function);
        assert_memory_equal(&where.span, &run->step.at.span, sizeof where.span);
        assert_int_equal(run->step.has_value, expected[i].value != NULL);
        la_buf_clear(&text);
        la_interp_value_text(run->interp, &run->step, &text);
        assert_string_equal(la_buf_str(&text), expected[i].value ? expected[i].value : "");
    }
    la_buf_free(&text);
    assert_true(la_interp_where(run->interp).done);
    assert_int_equal(lang_step(run), LA_STEP_DONE);
}

static void a_step_is_one_statement(void **state)
{
    static const struct expected_step expected[] = {
        {1, 1, 0, "", "5"}, /* int x = 5 */
        {2, 6, 0, "", "0"},  {2, 17, 0, "", "true"},  {3, 5, 0, "", "6"},
        {2, 32, 0, "", "1"}, {2, 17, 0, "", "false"}, {4, 5, 0, "", "1"}, /* if (x > 1) */
        {5, 5, 0, "", "12"}, {6, 8, 0, "", "0"},                          /* while (0) */
    };
    struct lang_run run;

    (void)state;
    lang_start(&run, LA_PROFILE_SLIDE,
               "int x = 5;\n"
               "for (int i = 0; (bool)(i < 1); i++)\n"
               "    x++;\n"
               "if (x > 1)\n"
               "    x *= 2;\n"
               "while (0) ;\n");
    check_steps(&run, expected, sizeof expected / sizeof *expected);
    lang_end(&run);
}

static void a_call_is_stepped_into(void **state)
{
    static const struct expected_step expected[] = {
        {5, 1, 0, "", NULL},  /* int x = f(3): enters f */
        {3, 5, 1, "f", NULL}, /* return g(n) + 1: enters g */
        {1, 18, 2, "g", "7"}, /* return n * 2, which finishes both statements: x is 7 */
        {6, 1, 0, "", "8"},
    };
    struct lang_run run;

    (void)state;
    lang_start(&run, LA_PROFILE_SLIDE,
               "int g(int n) {   return n * 2; }\n"
               "int f(int n) {\n"
               "    return g(n) + 1;\n"
               "}\n"
               "int x = f(3);\n"
               "x = x + 1;\n");
    check_steps(&run, expected, sizeof expected / sizeof *expected);
    lang_end(&run);
}

static void a_step_tells_what_it_did(void **state)
{
    struct lang_run run;

    (void)state;
    lang_start(&run, LA_PROFILE_I386,
               "int f(void) { return 2; }\nstruct page *page = alloc_page(GFP_KERNEL);\nint n = f();\n");
    (void)lang_step(&run);
    assert_string_equal(run.step.name, "page");
    assert_null(run.step.entered);
    (void)lang_step(&run);
    assert_string_equal(run.step.entered, "f");
    (void)lang_step(&run);
    assert_string_equal(run.step.name, "n");
    assert_null(run.step.entered);
    lang_end(&run);
}

/* ---- what stops a program ---- */

struct stop {
    const char *text;
    enum la_step_status status;
    uint32_t line;       /* of the statement that stopped it */
    const char *message; /* part of the message, or of the last oops for OOPSED */
};

static const struct stop stops[] = {
    {"int z = 0;\nint x = 5 / z;\nx = 1;", LA_STEP_OOPSED, 2, "divide error: 0000"},
    {"int z = 0;\nint x = 5 % z;", LA_STEP_OOPSED, 2, "divide error: 0000"},
    {"int *p = NULL;\n*p = 1;", LA_STEP_OOPSED, 2, "BUG: kernel NULL pointer dereference, address: 00000000"},
    {"struct list_head *p = NULL;\np = p->prev;", LA_STEP_OOPSED, 2,
     "BUG: kernel NULL pointer dereference, address: 00000004"},
    {"int *p = (int *)0x12345678;\nint x = *p;", LA_STEP_OOPSED, 2,
     "BUG: unable to handle page fault for address: 12345678"},
    {"void (*f)(void) = NULL;\nf();", LA_STEP_OOPSED, 2, "BUG: kernel NULL pointer dereference"},
    {"int x;\nvoid (*f)(void) = (void (*)(void))&x;\nf();", LA_STEP_OOPSED, 3, "BUG: unable to handle page fault"},
    {"int f(int n) {\n    return f(n + 1);\n}\nf(0);", LA_STEP_OOPSED, 2, "stack guard page was hit"},
    {"void f(void) {\n    char big[20000]; f();\n}\nf();", LA_STEP_OOPSED, 2, "stack guard page was hit"},
    {"void *p = NULL;\nassert(p  !=\n NULL);", LA_STEP_ASSERT_FAILED, 2, "assert(p != NULL) is false"},
    {"#define CHECK(c) assert(c)\nint x = 1;\nCHECK(x > 1);", LA_STEP_ASSERT_FAILED, 3,
     "assert(CHECK(x > 1)) is false"},
    {"int x = 1;\nassert(x == 2);", LA_STEP_ASSERT_FAILED, 2, "assert(x == 2) is false"},
    {"BUG();", LA_STEP_OOPSED, 1, "kernel BUG at lesson:1!"},
    {"int x = 3;\nBUG_ON(x > 2);", LA_STEP_OOPSED, 2, "kernel BUG at lesson:2!"},
    {"panic(\"no %s\\n\", \"luck\");", LA_STEP_OOPSED, 1, "Kernel panic - not syncing: no luck"},
    {"__free_page(NULL);", LA_STEP_OOPSED, 1, "NULL pointer dereference"},
    {"free_page(0x1234);", LA_STEP_OOPSED, 1, "page fault"},
    {"spinlock_t l;\nspin_lock(&l);\nspin_lock(&l);", LA_STEP_STUCK, 3, "spin for ever"},
    {"char c;\nmemset(&c, 0, 0x7fffffff);", LA_STEP_STUCK, 2, "more than 16 MiB"},
    {"char *s = (char *)alloc_pages_exact(4096, GFP_KERNEL);\nstrcpy(s, NULL);", LA_STEP_OOPSED, 2,
     "NULL pointer dereference"},
    {"int a[4];\nint *p = a;\np[0x1000000] = 1;", LA_STEP_OOPSED, 3, "unable to handle page fault"},
    {"int x = 1;\nif (x) { assert(0); }", LA_STEP_ASSERT_FAILED, 2, "assert(0) is false"},
};

static void what_stops_a_program(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        struct lang_run run;
        struct la_span at;

        lang_start(&run, LA_PROFILE_I386, stops[i].text);
        enum la_step_status status = lang_finish(&run);

        if (status != stops[i].status)
            print_message("%s -> %d %s\n", stops[i].text, (int)status, la_interp_message(run.interp, NULL));
        assert_int_equal(status, stops[i].status);
        assert_int_equal(run.step.at.span.line, stops[i].line);
        const char *message = la_interp_message(run.interp, &at);

        assert_int_equal(at.line, stops[i].line);
        if (status == LA_STEP_OOPSED) {
            assert_true(la_oops_count(run.machine) >= 1);
            assert_true(run.trace->nr_oops >= 1);
            message = la_last_oops(run.machine);
        }
        if (!strstr(message, stops[i].message))
            print_message("%s -> %s\n", stops[i].text, message);
        assert_non_null(strstr(message, stops[i].message));
        /* the machine stays inspectable, the program does not go on */
        assert_true(la_interp_where(run.interp).done);
        assert_int_equal(lang_step(&run), LA_STEP_DONE);
        assert_int_equal(lang_value(&run, "1 + 1"), 2);
        lang_end(&run);
    }
}

static void endless_loops_are_just_many_steps(void **state)
{
    static const char *const loops[] = {"while (1) ;",          "for (;;) ;",
                                        "for (;;) { }",         "do { } while (1);",
                                        "again: goto again;",   "while (1) { continue; }",
                                        "for (;;) { { { } } }", "void f(void) { for (;;) ; } f();"};

    (void)state;
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
        struct lang_run run;

        lang_start(&run, LA_PROFILE_SLIDE, loops[i]);
        for (int n = 0; n < 1000; n++)
            assert_int_equal(lang_step(&run), LA_STEP_RAN);
        lang_end(&run);
    }
}

/* ---- typed statements ---- */

static void typed_statements_see_the_program(void **state)
{
    struct lang_run run;

    (void)state;
    lang_start(&run, LA_PROFILE_SLIDE,
               "int g = 5;\n"
               "int f(int n)\n"
               "{\n"
               "    int local = n * 2;\n"
               "    return local;\n"
               "}\n"
               "g = f(4);\n"
               "g = g + 1;\n");
    (void)lang_step(&run); /* g = 5 */
    assert_int_equal(lang_type(&run, "g = 7; g++"), LA_STEP_RAN);
    assert_int_equal(lang_value(&run, "g"), 8);
    (void)lang_step(&run); /* enters f */
    (void)lang_step(&run); /* local = 8 */
    assert_int_equal(lang_value(&run, "local + n"), 12);
    assert_int_equal(lang_type(&run, "local = 50"), LA_STEP_RAN);
    assert_int_equal(run.step.value, 50);
    assert_string_equal(run.step.name, "local");
    assert_int_equal(lang_type(&run, "int mine = f(local) + 1;"), LA_STEP_RAN);
    assert_int_equal(lang_value(&run, "mine"), 101);
    (void)lang_step(&run); /* return */
    assert_int_equal(lang_value(&run, "g"), 50);
    assert_int_equal(lang_type(&run, "local"), LA_STEP_DONE); /* out of scope again */
    assert_non_null(strstr(run.diags.item[0].message, "unknown name `local`"));
    assert_int_equal(lang_type(&run, "int twice(int v) { return 2 * v; } mine = twice(mine);"), LA_STEP_RAN);
    assert_int_equal(lang_type(&run, "twice(mine)"), LA_STEP_RAN);
    assert_int_equal(run.step.value, 404);
    assert_int_equal(lang_finish(&run), LA_STEP_DONE);
    assert_int_equal(lang_value(&run, "g * 1000 + mine"), 51202);
    assert_int_equal(lang_type(&run, "struct page *late = alloc_page(GFP_KERNEL);"), LA_STEP_RAN);
    assert_int_equal(lang_type(&run, "__free_page(late);"), LA_STEP_RAN);
    lang_end(&run);
}

static void typed_mistakes_leave_everything_as_it_was(void **state)
{
    struct lang_run run;

    (void)state;
    lang_start(&run, LA_PROFILE_SLIDE, "int x = 1;\nx = 2;\nx = 3;\n");
    (void)lang_step(&run);
    assert_int_equal(lang_type(&run, "int y = ;"), LA_STEP_DONE);
    assert_int_equal(run.diags.item[0].line, 1);
    assert_int_equal(run.diags.item[0].column, 9);
    assert_int_equal(lang_type(&run, "y"), LA_STEP_DONE);
    assert_int_equal(lang_type(&run, "*(int *)0 = 1"), LA_STEP_OOPSED);
    assert_int_equal(la_oops_count(run.machine), 1);
    assert_int_equal(lang_type(&run, "assert(x == 9)"), LA_STEP_ASSERT_FAILED);
    assert_int_equal(lang_type(&run, "while (1) ;"), LA_STEP_STUCK);
    assert_int_equal(lang_type(&run, "return 1;"), LA_STEP_DONE);
    assert_int_equal(lang_type(&run, ""), LA_STEP_RAN);
    assert_int_equal(lang_type(&run, "#define FIVE 5\nx = FIVE"), LA_STEP_RAN);
    assert_int_equal(lang_value(&run, "x"), 5);
    assert_int_equal(lang_finish(&run), LA_STEP_DONE); /* the program itself goes on */
    assert_int_equal(lang_value(&run, "x"), 3);
    lang_end(&run);
}

static void questions_change_nothing(void **state)
{
    struct lang_run run;

    (void)state;
    lang_start(&run, LA_PROFILE_I386,
               "int x = 4;\nint a[3] = {1, 2, 3};\nstruct page *p = alloc_page(GFP_KERNEL);\nint *bad = NULL;\n");
    (void)lang_finish(&run);
    la_trace_begin(run.trace);
    uint64_t hash = run.trace->hash;
    uint32_t free = (uint32_t)lang_value(&run, "nr_free_pages(ZONE_NORMAL)");

    assert_string_equal(lang_text(&run, "x * 2 + a[1]"), "10");
    assert_non_null(strstr(lang_text(&run, "p"), "struct page * 0xfc0"));
    assert_string_equal(lang_text(&run, "bad"), "NULL");
    assert_string_equal(lang_text(&run, "p != NULL && page_count(p) == 1"), "1");
    assert_non_null(strstr(lang_text(&run, "x = 5"), "must not change anything"));
    assert_non_null(strstr(lang_text(&run, "x++"), "must not change anything"));
    assert_non_null(strstr(lang_text(&run, "alloc_page(GFP_KERNEL)"), "a question must not"));
    assert_non_null(strstr(lang_text(&run, "*bad"), "cannot be accessed"));
    assert_non_null(strstr(lang_text(&run, "page_count((struct page *)8)"), "BUG"));
    assert_non_null(strstr(lang_text(&run, "1 / (x - 4)"), "divide error"));
    assert_non_null(strstr(lang_text(&run, "1; 2"), "one expression"));
    assert_string_equal(lang_text(&run, "strcmp(\"abc\", \"abd\") < 0"), "1");
    assert_string_equal(lang_text(&run, "GFP_KERNEL | __GFP_ZERO"), "0xdc0 (GFP_KERNEL|__GFP_ZERO)");
    assert_int_equal(lang_value(&run, "oops_count()"), 0);
    assert_int_equal(lang_value(&run, "x"), 4);
    assert_int_equal(lang_value(&run, "nr_free_pages(ZONE_NORMAL)"), free);
    assert_int_equal(run.trace->nr_events, 0);
    assert_true(run.trace->hash == hash);
    lang_end(&run);
}

/* ---- variables and stack ---- */

struct seen {
    char text[4096];
};

static void see_variable(void *ctx, const struct la_var *var)
{
    struct seen *seen = ctx;
    size_t len = strlen(seen->text);

    (void)snprintf(seen->text + len, sizeof seen->text - len, "%u.%u %s %s = %s\n", (unsigned)var->frame,
                   (unsigned)var->level, var->type_text, var->name, var->value_text);
}

static void see_frame(void *ctx, const struct la_place *place)
{
    struct seen *seen = ctx;
    size_t len = strlen(seen->text);

    (void)snprintf(seen->text + len, sizeof seen->text - len, "%s:%u ", place->function, (unsigned)place->span.line);
}

static void variables_in_scope(void **state)
{
    struct seen seen = {""};
    struct lang_run run;

    (void)state;
    lang_start(&run, LA_PROFILE_SLIDE,
               "int g = 5;\n"
               "struct pair { int a; char *s; } pair = { 1, \"two\" };\n"
               "int inner(int n)\n"
               "{\n"
               "    bool flag = n > 2;\n"
               "    return n;\n"
               "}\n"
               "int outer(void)\n"
               "{\n"
               "    int a[3] = {7, 8, 9};\n"
               "    return inner(a[0]);\n"
               "}\n"
               "outer();\n"
               "int later = 1;\n");
    for (int i = 0; i < 6; i++)
        (void)lang_step(&run); /* stands before `return n` */
    la_interp_vars(run.interp, see_variable, &seen);
    assert_string_equal(seen.text, "0.0 bool flag = true\n"
                                   "0.0 int n = 7\n"
                                   "1.0 int[3] a = {7, 8, 9}\n"
                                   "1.1 int a[0] = 7\n"
                                   "1.1 int a[1] = 8\n"
                                   "1.1 int a[2] = 9\n"
                                   "2.0 struct pair pair = {a = 1, s = 0xfe00100c}\n"
                                   "2.1 int pair.a = 1\n"
                                   "2.1 char * pair.s = char * 0xfe00100c \"two\"\n"
                                   "2.0 int g = 5\n");
    seen.text[0] = '\0';
    la_interp_stack(run.interp, see_frame, &seen);
    assert_string_equal(seen.text, "inner:6 outer:11 ");
    lang_end(&run);
}

/* ---- time ---- */

/* Back to a keyframe and the same again: the same steps, values, variables and hash. */
static void running_again_gives_the_same(void **state)
{
    struct lang_run run;
    uint64_t hash[2], values[2] = {0, 0};

    (void)state;
    lang_start(&run, LA_PROFILE_I386,
               "struct page *p[8];\n"
               "int f(int n) { static int calls; calls++; return n + calls; }\n"
               "for (int i = 0; i < 8; i++) {\n"
               "    p[i] = alloc_pages(GFP_KERNEL, f(i) % 4);\n"
               "    *(int *)page_address(p[i]) = i;\n"
               "}\n");
    for (int round = 0; round < 2; round++) {
        run.trace->hash = LA_HASH_START;
        for (int i = 0; i < 20; i++) {
            (void)lang_step(&run);
            values[round] = la_hash_u64(values[round], run.step.value);
        }
        assert_int_equal(lang_type(&run, "int typed = i * 10;"), LA_STEP_RAN);
        assert_int_equal(lang_type(&run, "typed += 1; struct page *own = alloc_page(GFP_ATOMIC);"), LA_STEP_RAN);
        while (lang_step(&run) == LA_STEP_RAN)
            values[round] = la_hash_u64(values[round], run.step.value);
        values[round] = la_hash_u64(values[round], (uint64_t)lang_value(&run, "typed + (long)own"));
        hash[round] = run.trace->hash;
        la_arena_restore(run.machine->arena, run.start, NULL, NULL);
    }
    assert_true(hash[0] == hash[1]);
    assert_true(values[0] == values[1]);
    /* another text at the same point takes the place of the first */
    for (int i = 0; i < 20; i++)
        (void)lang_step(&run);
    assert_int_equal(lang_type(&run, "int other = 77;"), LA_STEP_RAN);
    assert_int_equal(lang_value(&run, "other"), 77);
    assert_int_equal(lang_type(&run, "typed"), LA_STEP_DONE);
    lang_end(&run);
}

/* ---- callbacks ---- */

static void callbacks_run_inside_a_step(void **state)
{
    struct lang_run run;
    uint64_t fn, result = 0, args[2] = {30, 4};

    (void)state;
    lang_start(&run, LA_PROFILE_SLIDE,
               "int calls = 0;\n"
               "int ctor(int a, int b)\n"
               "{\n"
               "    for (int i = 0; i < b; i++)\n"
               "        calls++;\n"
               "    return a + b;\n"
               "}\n"
               "int (*pointer)(int, int) = ctor;\n"
               "calls = calls + 100;\n");
    (void)lang_step(&run);
    (void)lang_step(&run);
    fn = (uint64_t)lang_value(&run, "pointer");
    assert_string_equal(lang_text(&run, "pointer"), "ctor");
    assert_true(la_interp_call(run.interp, fn, args, 2, &result));
    assert_int_equal(result, 34);
    assert_int_equal(lang_value(&run, "calls"), 4);
    assert_int_equal(la_interp_where(run.interp).span.line, 9);
    assert_int_equal(la_interp_where(run.interp).depth, 0);
    assert_int_equal(lang_finish(&run), LA_STEP_DONE);
    assert_int_equal(lang_value(&run, "calls"), 104);
    lang_end(&run);

    lang_start(&run, LA_PROFILE_SLIDE,
               "int crash(void) { int *p = NULL; return *p; }\nint (*f)(void) = crash;\nint x = 1;\n");
    (void)lang_step(&run);
    assert_false(la_interp_call(run.interp, (uint64_t)lang_value(&run, "f"), NULL, 0, &result));
    assert_int_equal(la_oops_count(run.machine), 1);
    assert_int_equal(lang_step(&run), LA_STEP_DONE);
    lang_end(&run);

    lang_start(&run, LA_PROFILE_SLIDE, "int hang(void) { for (;;) ; return 0; }\nint (*f)(void) = hang;\nint x = 1;\n");
    (void)lang_step(&run);
    assert_false(la_interp_call(run.interp, (uint64_t)lang_value(&run, "f"), NULL, 0, &result));
    assert_non_null(strstr(la_interp_message(run.interp, NULL), "a loop does not end"));
    lang_end(&run);

    lang_start(&run, LA_PROFILE_SLIDE, "int x = 1;\n");
    assert_false(la_interp_call(run.interp, 0x1234, NULL, 0, &result));
    lang_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_one_statement),
        cmocka_unit_test(a_call_is_stepped_into),
        cmocka_unit_test(a_step_tells_what_it_did),
        cmocka_unit_test(what_stops_a_program),
        cmocka_unit_test(endless_loops_are_just_many_steps),
        cmocka_unit_test(typed_statements_see_the_program),
        cmocka_unit_test(typed_mistakes_leave_everything_as_it_was),
        cmocka_unit_test(questions_change_nothing),
        cmocka_unit_test(variables_in_scope),
        cmocka_unit_test(running_again_gives_the_same),
        cmocka_unit_test(callbacks_run_inside_a_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
