/*
 * test_lang_programs.c: random programs: the machine's invariants hold after every step, and running
 * a program again from any keyframe gives the same states.
 *
 * The seed of the first program is printed; LA_SEED=<n> runs from there, LA_PROGRAMS=<n> sets how many.
 */
#include "unit/cmocka_all.h"
#include "property/gen_program.h"
#include "lang/lang.h"
#include "lang/sched.h"
#include "machine/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 3000, CHECKED_STEPS = 400, PROGRAMS = 300 };

static const char *const machines[] = {
    "{\"profile\":\"slide\",\"memory\":\"256K\",\"zones\":{\"NORMAL\":\"256K\"},\"reserved\":\"0\",\"min_free_kbytes\":"
    "0,\"cpus\":1}",
    "{\"profile\":\"i386\",\"memory\":\"4M\",\"cpus\":1,\"zones\":{\"DMA\":\"1M\",\"NORMAL\":\"2M\",\"HIGHMEM\":\"1M\"}"
    ",\"page_cache\":\"512K\"}",
    "{\"profile\":\"x86_64\",\"memory\":\"8M\",\"cpus\":2,\"page_cache\":\"1M\",\"processes\":[{\"name\":\"victim\","
    "\"pages\":300}]}",
    "{\"profile\":\"numa\",\"memory\":\"16M\",\"cpus\":2,\"nodes\":2}",
    "{\"profile\":\"i386\",\"memory\":\"12M\",\"cpus\":3,\"slab\":\"slab-2.6\",\"devices\":[{\"name\":\"nic\","
    "\"bar\":\"0xfeb00000\",\"size\":\"64K\"}]}",
    "{\"profile\":\"i386\",\"pae\":true,\"memory\":\"8M\",\"cpus\":3,\"boot\":true,\"reserved\":\"256K\"}",
    "{\"profile\":\"x86_64\",\"memory\":\"8M\",\"cpus\":3,\"fail\":{\"slab\":5,\"page\":5,\"min_order\":0,"
    "\"ignore_gfp_wait\":false,\"ignore_gfp_highmem\":false}}",
};

struct play {
    const struct la_host *host;
    struct la_trace *trace;
    struct la_machine *machine;
    struct la_program *program;
    struct la_interp *interp;
    struct la_buf text;
    uint64_t seed;
};

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void start(struct play *play, uint64_t seed)
{
    struct la_prng prng = {seed};
    struct la_machine_config config;
    struct la_diags diags;
    const char *json = machines[la_prng_below(&prng, sizeof machines / sizeof *machines)];

    memset(play, 0, sizeof *play);
    play->host = la_host_libc();
    play->seed = seed;
    la_diags_init(&diags, play->host);
    la_buf_init(&play->text, play->host);
    (void)la_machine_config_parse(&config, json, strlen(json), 1, &diags);
    gen_program(&prng, &play->text, config.boot, config.slab_2_6);
    play->trace = la_trace_new(play->host);
    play->machine = la_machine_new(play->host, &config, play->trace, &diags);
    if (!play->machine)
        print_message("seed %llu: %s\n", (unsigned long long)seed, diags.nr ? diags.item[0].message : "no machine");
    assert_non_null(play->machine);
    struct la_source source = {la_buf_str(&play->text), play->text.len, 1, 0};

    play->program = la_program_compile(play->host, &source, 1, play->machine->mm->layout.pointer_bytes, &diags);
    for (uint32_t i = 0; i < diags.nr; i++)
        if (diags.item[i].severity == LA_SEVERE)
            print_message("seed %llu: %u:%u %s\n", (unsigned long long)seed, (unsigned)diags.item[i].line,
                          (unsigned)diags.item[i].column, diags.item[i].message);
    assert_int_equal(diags.nr_errors, 0);
    play->interp = la_interp_new(play->machine, play->program);
    assert_non_null(play->interp);
    la_diags_free(&diags);
}

static void stop(struct play *play)
{
    la_interp_free(play->interp);
    la_program_free(play->program);
    la_machine_free(play->machine);
    la_trace_free(play->trace);
    la_buf_free(&play->text);
}

static void check(struct play *play, uint32_t step)
{
    struct la_buf problems;

    la_buf_init(&problems, play->host);
    if (la_machine_check(play->machine, &problems) + la_sched_check(play->interp, &problems) != 0) {
        print_message("seed %llu, step %u, line %u:\n%s\n%s\n", (unsigned long long)play->seed, (unsigned)step,
                      (unsigned)la_interp_where(play->interp).span.line, la_buf_str(&problems),
                      la_buf_str(&play->text));
        fail();
    }
    la_buf_free(&problems);
}

static bool one_step(struct play *play)
{
    struct la_step step;

    la_trace_begin(play->trace);
    enum la_step_status status = la_interp_step(play->interp, &step);

    la_trace_note_result(play->trace, step.has_value ? step.value : 0);
    la_trace_note_result(play->trace, status);
    return status == LA_STEP_RAN;
}

static void invariants_hold_after_every_step(void **state)
{
    uint64_t first = number_of("LA_SEED", 20261123), nr = number_of("LA_PROGRAMS", PROGRAMS);

    (void)state;
    print_message("seeds from %llu\n", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + nr; seed++) {
        struct play play;
        uint32_t step = 0;

        start(&play, seed);
        while (step < STEPS_MAX && one_step(&play))
            if (step++ < CHECKED_STEPS || step % 64 == 0)
                check(&play, step);
        check(&play, step);
        stop(&play);
    }
}

/* Keyframes on the way; back to each; the rolling hash must come out as before. */
static void running_again_from_keyframes(void **state)
{
    enum { KEYFRAMES = 8, SPACING = 61 };
    uint64_t first = number_of("LA_SEED", 31), nr = number_of("LA_PROGRAMS", PROGRAMS) / 10;

    (void)state;
    print_message("seeds from %llu\n", (unsigned long long)first);
    for (uint64_t seed = first; seed < first + nr; seed++) {
        struct la_keyframe *keyframe[KEYFRAMES];
        uint64_t hash[KEYFRAMES + 1];
        uint32_t kept = 0;
        struct play play;

        start(&play, seed);
        for (uint32_t step = 0; kept < KEYFRAMES; step++) {
            if (step % SPACING == 0) {
                hash[kept] = play.trace->hash;
                keyframe[kept++] = la_arena_save(play.machine->arena);
                assert_null(la_arena_find_untouched(play.machine->arena));
            }
            (void)one_step(&play);
        }
        for (uint32_t k = kept - 1; k > 0; k--) {
            la_arena_restore(play.machine->arena, keyframe[k - 1], NULL, NULL);
            la_interp_restored(play.interp);
            play.trace->hash = hash[k - 1];
            for (uint32_t i = 0; i < SPACING; i++)
                (void)one_step(&play);
            if (play.trace->hash != hash[k])
                print_message("seed %llu: differs between keyframes %u and %u\n%s\n", (unsigned long long)seed,
                              (unsigned)k - 1, (unsigned)k, la_buf_str(&play.text));
            assert_true(play.trace->hash == hash[k]);
        }
        for (uint32_t k = 0; k < kept; k++)
            la_keyframe_free(play.machine->arena, keyframe[k]);
        stop(&play);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invariants_hold_after_every_step),
        cmocka_unit_test(running_again_from_keyframes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
