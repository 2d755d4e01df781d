/*
 * lang_program.h: compile and run a program in a test, and look at what came out.
 *
 *     struct lang_run run;
 *     lang_start(&run, LA_PROFILE_I386, "int x = 2 + 3;");
 *     assert_int_equal(lang_finish(&run), LA_STEP_DONE);
 *     assert_int_equal(lang_value(&run, "x"), 5);
 *     lang_end(&run);                                       checks machine, arena and leaks too
 */
#ifndef LA_TESTS_LANG_PROGRAM_H
#define LA_TESTS_LANG_PROGRAM_H

#include "cmocka_all.h"
#include "check_host.h"
#include "lang/lang.h"
#include "machine/machine.h"

enum { LANG_STEPS_MAX = 200000 };

struct lang_run {
    struct check_host check;
    struct la_diags diags;
    struct la_trace *trace;
    struct la_machine *machine;
    struct la_program *program;
    struct la_interp *interp;
    struct la_keyframe *start;
    struct la_step step; /* the last one */
    enum la_step_status status;
    uint32_t steps;
    struct la_buf text;    /* of the last lang_text() */
    struct la_buf printed; /* console lines so far, each with \n */
};

/* Compile only: run->diags and run->program. */
static inline void lang_compile(struct lang_run *run, unsigned int pointer_bytes, const char *text)
{
    struct la_source source = {text, strlen(text), 1, 0};

    memset(run, 0, sizeof *run);
    check_host_init(&run->check);
    la_diags_init(&run->diags, &run->check.host);
    la_buf_init(&run->text, &run->check.host);
    la_buf_init(&run->printed, &run->check.host);
    run->program = la_program_compile(&run->check.host, &source, 1, pointer_bytes, &run->diags);
    assert_non_null(run->program);
}

static inline void lang_print_diags(const struct lang_run *run)
{
    for (uint32_t i = 0; i < run->diags.nr; i++)
        print_message("%u:%u %s [%s]\n", (unsigned)run->diags.item[i].line, (unsigned)run->diags.item[i].column,
                      run->diags.item[i].message, run->diags.item[i].hint ? run->diags.item[i].hint : "");
}

static inline void lang_start(struct lang_run *run, enum la_profile profile, const char *text)
{
    struct la_machine_config config;

    la_machine_config_default(&config, profile);
    lang_compile(run, profile == LA_PROFILE_X86_64 || profile == LA_PROFILE_NUMA ? 8 : 4, text);
    if (!la_program_runnable(run->program))
        lang_print_diags(run);
    assert_true(la_program_runnable(run->program));
    run->trace = la_trace_new(&run->check.host);
    run->machine = la_machine_new(&run->check.host, &config, run->trace, &run->diags);
    assert_non_null(run->machine);
    run->interp = la_interp_new(run->machine, run->program);
    assert_non_null(run->interp);
    run->start = la_arena_save(run->machine->arena);
    assert_non_null(run->start);
}

static inline void lang_collect(struct lang_run *run)
{
    for (uint32_t i = 0; i < run->trace->nr_events; i++)
        if (run->trace->event[i].id == LA_EV_PRINTK) {
            la_buf_puts(&run->printed, la_event_str(run->trace, &run->trace->event[i], 0));
            la_buf_putc(&run->printed, '\n');
        }
}

/* One step; the events of it stay in run->trace. */
static inline enum la_step_status lang_step(struct lang_run *run)
{
    la_trace_begin(run->trace);
    run->status = la_interp_step(run->interp, &run->step);
    run->steps += run->status != LA_STEP_DONE;
    lang_collect(run);
    return run->status;
}

/* Run to the end: DONE, or why it stopped. */
static inline enum la_step_status lang_finish(struct lang_run *run)
{
    do {
        (void)lang_step(run);
    } while (run->status == LA_STEP_RAN && run->steps < LANG_STEPS_MAX);
    return run->status;
}

static inline int64_t lang_value(struct lang_run *run, const char *expression)
{
    struct la_diags diags;
    int64_t value = 0;

    la_diags_init(&diags, &run->check.host);
    bool good = la_interp_eval_expr(run->interp, expression, strlen(expression), 1, &value, NULL, &diags);

    if (!good)
        print_message("%s: %s\n", expression, diags.nr ? diags.item[0].message : "?");
    assert_true(good);
    la_diags_free(&diags);
    return value;
}

/* The value of an expression as a person reads it. */
static inline const char *lang_text(struct lang_run *run, const char *expression)
{
    struct la_diags diags;
    int64_t value = 0;

    la_buf_clear(&run->text);
    la_diags_init(&diags, &run->check.host);
    (void)la_interp_eval_text(run->interp, expression, strlen(expression), 1, &value, &run->text, &diags);
    if (diags.nr)
        la_buf_puts(&run->text, diags.item[0].message);
    la_diags_free(&diags);
    return la_buf_str(&run->text);
}

/* Type @statement at the console. */
static inline enum la_step_status lang_type(struct lang_run *run, const char *statement)
{
    la_diags_free(&run->diags);
    la_trace_begin(run->trace);
    enum la_step_status status = la_interp_eval(run->interp, statement, strlen(statement), 1, &run->diags, &run->step);

    lang_collect(run);
    return status;
}

static inline void lang_end(struct lang_run *run)
{
    if (run->machine) {
        struct la_buf problems;

        la_buf_init(&problems, &run->check.host);
        assert_int_equal(la_machine_check(run->machine, &problems), 0);
        la_buf_free(&problems);
        assert_null(la_arena_find_untouched(run->machine->arena));
        la_keyframe_free(run->machine->arena, run->start);
    }
    la_interp_free(run->interp);
    la_program_free(run->program);
    la_machine_free(run->machine);
    la_trace_free(run->trace);
    la_diags_free(&run->diags);
    la_buf_free(&run->text);
    la_buf_free(&run->printed);
    assert_true(check_host_clean(&run->check));
}

/* Run @text on an i386 machine to its end and compare @expression. */
static inline void lang_expect(const char *text, const char *expression, int64_t value)
{
    struct lang_run run;

    lang_start(&run, LA_PROFILE_SLIDE, text);
    (void)lang_finish(&run);
    if (run.status != LA_STEP_DONE)
        print_message("%s\n-> status %d: %s\n", text, (int)run.status, la_interp_message(run.interp, NULL));
    assert_int_equal(run.status, LA_STEP_DONE);
    int64_t got = lang_value(&run, expression);

    if (got != value)
        print_message("%s\n-> %s is %lld, not %lld\n", text, expression, (long long)got, (long long)value);
    assert_true(got == value);
    lang_end(&run);
}

#endif
