/* test_lang_error.c: mistakes in programs: where the message points, what it says, what to do. */
#include "lang_program.h"

struct mistake {
    const char *text;
    uint32_t line, column, end_column; /* 0 = do not compare */
    const char *message, *hint;        /* parts of them; NULL = do not compare */
};

static const struct mistake mistakes[] = {
    {"int x = 1\nint y = 2;", 1, 10, 11, "missing `;` after the declaration", "end the statement with `;`"},
    {"alloc_page(GFP_KERNEL)", 1, 23, 0, "missing `;` after the call", NULL},
    {"int x = (1 + 2;", 1, 15, 0, "missing `)`", "every `(` needs its `)`"},
    {"int a[3; a[0] = 1;", 1, 8, 0, "missing `]`", NULL},
    {"int f(void) { return 1;", 1, 24, 0, "missing `}`", "same block"},
    {"int x = ;", 1, 9, 10, "expected an expression, found `;`", NULL},
    {"if x > 3) x = 1;", 1, 4, 0, "expected `(` after `if`, found `x`", NULL},
    {"int x; x = y;", 1, 12, 13, "unknown name `y`", "declare it first"},
    {"int order; ordre = 3;", 1, 12, 17, "unknown name `ordre`", "did you mean order?"},
    {"struct page *p = alloc_page_node(0, GFP_KERNEL, 0);", 1, 18, 33, "unknown function `alloc_page_node`",
     "did you mean alloc_pages_node?"},
    {"alloc_page(GFP_KERNAL);", 1, 12, 22, "unknown name `GFP_KERNAL`", "did you mean GFP_KERNEL?"},
    {"void *p = kthread_run(3, 0, 0);", 1, 23, 24, "argument 1 of `kthread_run` needs `int (*)(void *)`", "cast it"},
    {"mempoll_free(0, 0);", 1, 1, 13, "unknown function `mempoll_free`", "mempool_free"},
    {"gft_t mask;", 1, 1, 6, "unknown type `gft_t`", "did you mean gfp_t?"},
    {"strct page *p;", 1, 1, 6, "unknown type `strct`", "did you mean struct?"},
    {"struct page p; p.flgs = 1;", 1, 18, 22, "has no member `flgs`", "did you mean flags?"},
    {"struct page *p; p.flags = 1;", 1, 17, 24, "`.` follows a structure", "write -> after a pointer"},
    {"struct page p; p->flags = 1;", 1, 16, 24, "`->` follows a pointer", "write . after a structure"},
    {"__free_pages(NULL);", 1, 1, 19, "`__free_pages` takes 2 arguments, but 1 is given",
     "void __free_pages(struct page *page, unsigned int order)"},
    {"int f(int a) { return a; } f(1, 2);", 1, 28, 35, "`f` takes 1 argument, but 2 are given", NULL},
    {"struct page *p; free_page(p);", 1, 27, 28, "`free_page` takes the address of the memory",
     "__free_page() takes a struct page *"},
    {"unsigned long a = alloc_page(GFP_KERNEL);", 1, 19, 41, "needs `unsigned long`, but this is `struct page *`",
     "page_address"},
    {"struct page *p = __get_free_page(GFP_KERNEL);", 1, 18, 45, "needs `struct page *`", "virt_to_page"},
    {"int *p = 5;", 1, 10, 11, "needs `int *`, but this is `int`", "cast it: (int *)"},
    {"char c; int *p = &c;", 1, 18, 20, "needs `int *`, but this is `char *`", NULL},
    {"int x = 5; x();", 1, 12, 13, "not a function", NULL},
    {"int x; *x = 1;", 1, 8, 10, "only a pointer can be dereferenced", NULL},
    {"void *p; *p = 1;", 1, 10, 12, "a void pointer does not say", "cast it first"},
    {"5 = 6;", 1, 1, 2, "only a variable or memory can be assigned to", NULL},
    {"int a[2], b[2]; a = b;", 1, 17, 18, "an array cannot be assigned as a whole", "memcpy"},
    {"int *p, *q; p = p + q;", 1, 17, 22, "`+` does not work between", NULL},
    {"struct page p; int x = p + 1;", 1, 24, 29, "does not work between", NULL},
    {"int x; int x;", 1, 12, 13, "already declared", "choose another name"},
    {"int f(void) { return; }", 1, 15, 21, "returns a value", NULL},
    {"void f(void) { return 5; }", 1, 16, 24, "returns nothing", NULL},
    {"return 1;", 1, 1, 9, "`return` outside of a function", NULL},
    {"break;", 1, 1, 6, "`break` outside of a loop", NULL},
    {"case 1: ;", 1, 1, 5, "`case` outside of a switch", NULL},
    {"else x = 1;", 1, 1, 5, "`else` without `if`", NULL},
    {"switch (1) { case 1: case 1: ; }", 1, 22, 28, "already has a `case`", NULL},
    {"int n; switch (1) { case n: ; }", 1, 26, 27, "must be a constant", NULL},
    {"goto nowhere;", 1, 6, 13, "there is no label `nowhere`", NULL},
    {"double d = 1;", 1, 1, 7, "floating-point", "integers"},
    {"int x = 1.5;", 1, 9, 12, "floating-point", NULL},
    {"int x = 08;", 1, 9, 11, "not a number", "octal"},
    {"int x = 12abc;", 1, 9, 14, "not a number", NULL},
    {"int x = 99999999999999999999;", 1, 9, 29, "does not fit in 64 bits", NULL},
    {"char *s = \"abc;\n", 1, 11, 0, "this string never ends", NULL},
    {"char c = 'ab';", 1, 10, 14, "one character", NULL},
    {"char c = '';", 1, 10, 12, "empty", NULL},
    {"int x = $ 4;", 1, 9, 10, "means nothing in C", NULL},
    {"char *s = \xE2\x80\x9C hi\";", 1, 11, 0, "not used in C", "plain quotes"},
    {"/* never", 1, 1, 3, "this comment never ends", "*/"},
    {"struct s { int a : 3; };", 1, 18, 19, "bit-fields", NULL},
    {"struct s { int a; int a; };", 1, 23, 24, "already a member", NULL},
    {"struct nope x;", 1, 13, 14, "cannot have the type `struct nope`", NULL},
    {"void x;", 1, 6, 7, "cannot have the type `void`", "void *"},
    {"int a[];", 1, 5, 6, "length of this array is not known", NULL},
    {"int a[-1];", 1, 6, 0, "at most", NULL},
    {"int a[3000000];", 1, 6, 0, "at most", "allocate pages"},
    {"int a[2] = {1, 2, 3};", 1, 19, 20, "too many values: the array has 2", NULL},
    {"int a[2] = {[5] = 1};", 1, 13, 0, "no element 5", NULL},
    {"struct s { int a; } v = { .b = 1 };", 1, 28, 29, "no such member", NULL},
    {"int a[2] = 5;", 1, 12, 13, "written in braces", NULL},
    {"int alloc_page(int x) { return x; }", 1, 5, 15, "a function of the kernel", "choose another name"},
    {"int f(void); f();", 1, 14, 15, "declared, but defined nowhere", "write its body"},
    {"int f(void) { return 1; } int f(void) { return 2; }", 1, 31, 32, "already defined", NULL},
    {"int f(int a); int f(char *a) { return 1; }", 1, 19, 20, "declared differently", NULL},
    {"struct s { int a; }; void f(struct s v) { }", 1, 27, 28, "cannot be passed by value", "pointer"},
    {"#ifdef X\nint x;\n#endif", 1, 2, 7, "conditional compilation", NULL},
    {"#define\n", 1, 1, 0, "#define needs a name", NULL},
    {"#define N(a) # b\n", 1, 16, 17, "# stands before an argument", "#x"},
    {"#define N(a) a ## b\n", 1, 16, 18, "## is not supported", NULL},
    {"#define F(a) a\nint x = F(1, 2);", 2, 9, 10, "macro F takes 1 argument", NULL},
    {"#define V(...) 1\n", 1, 11, 14, "variable number", NULL},
    {"int *p = &5;", 1, 10, 12, "only something in memory has an address", NULL},
    {"int x = 5; x->y = 1;", 1, 12, 16, "`->` follows a pointer", NULL},
    {"int x = sizeof(struct nope);", 1, 9, 28, "size of this type is not known", NULL},
    {"void f(void) { } int x = f();", 1, 26, 29, "this is `void`", "returns nothing"},
    {"int x = 3; x + ;", 1, 16, 17, "expected an expression", NULL},
    {"int x = (int){5};", 1, 14, 15, "compound literals", NULL},
    {"asm(\"nop\");", 1, 1, 0, NULL, NULL},
    {"typedef int t; int x = t;", 1, 24, 25, "is a type, not a value", NULL},
    {"int x = 1; if (x) { x = 2; } }\nx = 3;", 1, 30, 31, "expected an expression, found `}`", NULL},
};

static void every_mistake_is_explained_where_it_is(void **state)
{
    uint32_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        const struct mistake *m = &mistakes[i];
        struct lang_run run;

        lang_compile(&run, 4, m->text);
        const struct la_diag *d = &run.diags.item[0];
        bool good = run.diags.nr > 0 && !la_program_runnable(run.program) && (!m->line || d->line == m->line) &&
                    (!m->column || d->column == m->column) && (!m->end_column || d->end_column == m->end_column) &&
                    (!m->message || strstr(d->message, m->message)) &&
                    (!m->hint || (d->hint && strstr(d->hint, m->hint)));

        if (!good) {
            print_message("--- %s\n", m->text);
            if (run.diags.nr)
                print_message("%u:%u-%u %s [%s]\n", (unsigned)d->line, (unsigned)d->column, (unsigned)d->end_column,
                              d->message, d->hint ? d->hint : "");
            wrong++;
        }
        lang_end(&run);
    }
    assert_int_equal(wrong, 0);
}

/* One pass finds them all, in the order of the text, without messages that only follow from others. */
static void many_errors_in_one_pass(void **state)
{
    static const struct {
        uint32_t line;
        const char *message;
    } expected[] = {
        {1, "unknown function `alloc_pagee`"},
        {2, "missing `;`"},
        {4, "unknown type `foo_t`"},
        {6, "missing `)`"},
        {9, "needs `int`"},
        {11, "unknown name `undefined_thing`"},
    };
    struct lang_run run;

    (void)state;
    lang_compile(&run, 4,
                 "struct page *p = alloc_pagee(GFP_KERNEL);\n"
                 "int count = 0\n"
                 "count = 5;\n"
                 "foo_t bar;\n"
                 "if (p) count++;\n"
                 "while (count < 5 {\n"
                 "    count++;\n"
                 "}\n"
                 "int f(void) { return \"text\"; }\n"
                 "count = f() + bar;\n"
                 "undefined_thing = 1;\n");
    lang_print_diags(&run);
    assert_int_equal(run.diags.nr, sizeof expected / sizeof *expected);
    for (uint32_t i = 0; i < run.diags.nr; i++) {
        assert_int_equal(run.diags.item[i].line, expected[i].line);
        assert_non_null(strstr(run.diags.item[i].message, expected[i].message));
    }
    lang_end(&run);
}

static void warnings_do_not_stop(void **state)
{
    static const struct mistake warnings[] = {
        {"int x = 1; if (x = 2) x = 3;", 1, 16, 21, "this condition assigns", "=="},
        {"int x = 1; x == 2;", 1, 12, 18, "compares and throws", NULL},
        {"int x = 1; x = x / 0;", 1, 20, 21, "divides by zero", NULL},
        {"int x = 1 << 40;", 1, 14, 16, "shifts by more than the type has bits", NULL},
        {"struct page *alloc_page_node(int nid, gfp_t gfp_mask, unsigned int order);", 1, 14, 29,
         "no `alloc_page_node`", "did you mean alloc_pages_node?"},
        {"printk(\"%s\\n\", 5);", 1, 16, 17, "%s needs a pointer, but this is `int`", NULL},
        {"printk(\"%d\\n\", \"x\");", 1, 16, 19, "%d prints a number, but this is `char *`", NULL},
        {"u64 v; printk(\"%5d\\n\", v);", 1, 24, 25, "%5d prints 4 bytes, but this is `u64` of 8", "%llu"},
        {"printk(\"%d %d\", 1);", 1, 1, 20, "the format asks for 2 values, but 1 is given", NULL},
        {"printk(\"100%%\", 1);", 1, 1, 19, "the format asks for 0 values, but 1 is given", NULL},
        {"printk(\"%*d\", 1);", 1, 1, 17, "the format asks for 2 values, but 1 is given", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof warnings / sizeof *warnings; i++) {
        struct lang_run run;

        lang_compile(&run, 4, warnings[i].text);
        assert_true(la_program_runnable(run.program));
        assert_int_equal(run.diags.nr, 1);
        assert_int_equal(run.diags.item[0].severity, LA_WARNING);
        assert_int_equal(run.diags.item[0].column, warnings[i].column);
        assert_non_null(strstr(run.diags.item[0].message, warnings[i].message));
        lang_end(&run);
    }
}

/* The prototypes of the notes, part 4, as printed. */
static void prototypes_of_the_book_are_harmless(void **state)
{
    struct lang_run run;

    (void)state;
    lang_compile(&run, 4,
                 "unsigned long get_zeroed_page(gfp_t gfp_mask);\n"
                 "unsigned long __get_free_page(gfp_t gfp_mask);\n"
                 "unsigned long __get_free_pages(gfp_t gfp_mask, unsigned int order);\n"
                 "void free_page(unsigned long addr);\n"
                 "void free_pages(unsigned long addr, unsigned int order);\n"
                 "struct page *alloc_pages(gfp_t gfp_mask, unsigned int order);\n"
                 "struct page *alloc_page(gfp_t gfp_mask);\n"
                 "void __free_page(struct page *page);\n"
                 "void __free_pages(struct page *page, unsigned int order);\n"
                 "void free_hot_page(struct page *page);\n"
                 "void free_cold_page(struct page *page);\n"
                 "struct page *page = alloc_page(GFP_KERNEL);\n"
                 "free_hot_page(page);\n");
    assert_int_equal(run.diags.nr, 0);
    assert_true(la_program_runnable(run.program));
    assert_string_equal(la_program_kernel_call(run.program, 0), "alloc_page");
    assert_string_equal(la_program_kernel_call(run.program, 1), "free_hot_page");
    assert_null(la_program_kernel_call(run.program, 2));
    lang_end(&run);
}

static void repeat(struct la_buf *out, const char *text, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++)
        la_buf_puts(out, text);
}

/* Texts that try to exhaust the compiler end in a message. */
static void limits_have_messages(void **state)
{
    static const struct {
        const char *before, *again, *middle, *again2, *after;
        uint32_t times;
    } texts[] = {
        {"int x = ", "(", "1", ")", ";", 5000},
        {"int x = ", "-", "1", "", ";", 5000},
        {"int x = 1", " + 1", "", "", ";", 100000},
        {"", "{", "", "}", "", 5000},
        {"int x = 0; ", "if (x) ", "x = 1;", "", "", 5000},
        {"int x = 0; if (x) x = 1; ", "else if (x) x = 1; ", "", "", "", 5000},
        {"int ", "*", "p;", "", "", 20000},
        {"int ", "(", "p", ")", ";", 5000},
        {"int x", "[1]", ";", "", "", 5000},
        {"int x = 1, y[2]; x = y", "[y[0]", "", "]", ";", 5000},
        {"struct a { ", "struct { ", "int b;", "} c;", "};", 2000},
        {"int x = 0; x ", "= x ", ";", "", "", 5000},
        {"int x = 1", "? 1 : 1", ";", "", "", 5000},
        {"int x = (1", ", 1", ");", "", "", 20000},
        {"#define A(x) x x x x x x x x\nint y = ", "A(", "1", ")", ";", 30},
        {"#define A B\n#define B A\nint x = A;", "", "", "", "", 1},
        {"", "static int a[200000]; ", "", "", "", 60},
        {"char *s = ", "\"0123456789\" ", ";", "", "", 300},
        {"int x = 0; ", "x = 1; ", "", "", "", 200000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct la_buf text;
        struct lang_run run;

        la_buf_init(&text, la_host_libc());
        la_buf_puts(&text, texts[i].before);
        repeat(&text, texts[i].again, texts[i].times);
        la_buf_puts(&text, texts[i].middle);
        repeat(&text, texts[i].again2, texts[i].times);
        la_buf_puts(&text, texts[i].after);
        lang_compile(&run, 4, la_buf_str(&text));
        for (uint32_t k = 0; k < run.diags.nr; k++)
            assert_true(run.diags.item[k].line >= 1 && run.diags.item[k].column >= 1);
        lang_end(&run);
        la_buf_free(&text);
    }
}

/* A compiler that runs out of host memory gives everything back, wherever that happens. */
static void host_memory_may_run_out_anywhere(void **state)
{
    static const char text[] = "struct s { int a; struct s *next; } v = { .a = 1 };\n"
                               "#define TWICE(x) ((x) + (x))\n"
                               "int f(int n) { for (int i = 0; i < n; i++) v.a += TWICE(i); return v.a; }\n"
                               "switch (f(3)) { case 1: break; default: printk(\"%d\\n\", v.a); }\n"
                               "unknwon = 1; char *s = \"text\"; goto out; out: s = s;\n";
    struct la_source source = {text, sizeof text - 1, 1, 0};
    bool finished = false;

    (void)state;
    for (uint64_t fail_at = 1; !finished; fail_at++) {
        for (int forever = 0; forever < 2; forever++) {
            struct check_host check;
            struct la_diags diags;

            check_host_init(&check);
            check.fail_at = fail_at;
            check.fail_forever = forever;
            la_diags_init(&diags, &check.host);
            struct la_program *program = la_program_compile(&check.host, &source, 1, 8, &diags);

            finished = check.nr_allocations < fail_at;
            la_program_free(program);
            la_diags_free(&diags);
            assert_true(check_host_clean(&check));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_explained_where_it_is),
        cmocka_unit_test(many_errors_in_one_pass),
        cmocka_unit_test(warnings_do_not_stop),
        cmocka_unit_test(prototypes_of_the_book_are_harmless),
        cmocka_unit_test(limits_have_messages),
        cmocka_unit_test(host_memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
