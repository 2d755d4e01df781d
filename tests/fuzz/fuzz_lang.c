/*
 * fuzz_lang.c: any bytes as a program, run on a small machine.
 *
 *     [byte: pointer size, which allocation fails] [program text] [NUL] [typed text] [NUL] ...
 *
 * Whatever the text is: compiling ends, messages stand inside the text, a program that compiles
 * runs 2,000 steps without breaking an invariant of the machine, typed texts and questions are
 * answered or refused, and everything is given back.
 */
#include "check_host.h"
#include "lang/lang.h"
#include "machine/machine.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 2000, TYPED_MAX = 4 };

static void look_at(void *ctx, const struct la_var *var)
{
    (void)ctx;
    assert(var->name && var->type_text && var->value_text);
}

static void stand_at(void *ctx, const struct la_place *place)
{
    (void)ctx;
    assert(place->function);
}

static void check_messages(const struct la_diags *diags)
{
    for (uint32_t i = 0; i < diags->nr; i++)
        assert(diags->item[i].line >= 1 && diags->item[i].column >= 1);
}

static void look_around(struct la_interp *interp)
{
    la_interp_vars(interp, look_at, NULL);
    la_interp_stack(interp, stand_at, NULL);
    (void)la_interp_message(interp, NULL);
}

static void run(struct la_machine *machine, struct la_interp *interp)
{
    struct la_step step;

    for (uint32_t i = 0; i < STEPS_MAX; i++) {
        la_trace_begin(machine->trace);
        enum la_step_status status = la_interp_step(interp, &step);

        if (i % 512 == 0)
            look_around(interp);
        if (status != LA_STEP_RAN)
            break;
    }
    look_around(interp);
}

static void type(struct la_interp *interp, const char *text, size_t len)
{
    struct la_diags diags;
    struct la_step step;
    struct la_buf out;
    int64_t value;

    la_diags_init(&diags, la_host_libc());
    la_buf_init(&out, la_host_libc());
    (void)la_interp_eval(interp, text, len, 1, &diags, &step);
    la_interp_value_text(interp, &step, &out);
    check_messages(&diags);
    la_diags_free(&diags);
    (void)la_interp_eval_text(interp, text, len, 1, &value, &out, &diags);
    check_messages(&diags);
    la_diags_free(&diags);
    la_buf_free(&out);
}

static void run_all(struct la_program *program, bool wide, const char *typed, size_t len)
{
    struct la_trace *trace = la_trace_new(la_host_libc());
    struct la_machine_config config;
    struct la_buf problems;

    la_machine_config_default(&config, wide ? LA_PROFILE_X86_64 : LA_PROFILE_SLIDE);
    config.pages = wide ? 2048 : config.pages;
    struct la_machine *machine = la_machine_new(la_host_libc(), &config, trace, NULL);

    assert(machine);
    struct la_interp *interp = la_interp_new(machine, program);
    struct la_keyframe *start = la_arena_save(machine->arena);

    assert(interp && start);
    run(machine, interp);
    for (uint32_t i = 0; i < TYPED_MAX && len; i++) {
        const char *end = memchr(typed, '\0', len);
        size_t n = end ? (size_t)(end - typed) : len;

        type(interp, typed, n);
        typed += n;
        len -= n;
        if (len) {
            typed++;
            len--;
        }
    }
    la_buf_init(&problems, la_host_libc());
    if (la_machine_check(machine, &problems) != 0) {
        fprintf(stderr, "%s\n", la_buf_str(&problems));
        abort();
    }
    la_buf_free(&problems);
    assert(la_arena_find_untouched(machine->arena) == NULL);
    la_keyframe_free(machine->arena, start);
    la_interp_free(interp);
    la_machine_free(machine);
    la_trace_free(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct check_host check;
    struct la_diags diags;

    if (size < 2)
        return 0;
    const char *text = (const char *)data + 1, *end = memchr(text, '\0', size - 1);
    size_t len = end ? (size_t)(end - text) : size - 1;
    struct la_source sources[2] = {{text, len / 2, 1, 0}, {text + len / 2, len - len / 2, 1, 1}};
    bool wide = data[0] & 1, split = data[0] & 2;

    sources[0].len = split ? sources[0].len : len;
    check_host_init(&check);
    check.fail_at = data[0] >= 64 ? data[0] - 63u : 0;
    la_diags_init(&diags, &check.host);
    struct la_program *program = la_program_compile(&check.host, sources, split ? 2 : 1, wide ? 8 : 4, &diags);

    check_messages(&diags);
    check.fail_at = 0;
    if (program && la_program_runnable(program)) {
        size_t used = len + 1 < size - 1 ? len + 1 : size - 1;

        run_all(program, wide, text + used, size - 1 - used);
    }
    la_program_free(program);
    la_diags_free(&diags);
    assert(check_host_clean(&check));
    return 0;
}
