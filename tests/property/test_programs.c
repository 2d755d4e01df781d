/*
 * test_programs.c: whatever a program does, the machine stays consistent and its past can be visited.
 *
 *     seed -> random lesson -> step, every structure checked, step, every structure checked, …
 *                              and now and then all memory compared with what going back would restore
 *                           -> on some programs: every state again, backwards
 *                           -> on some programs: host memory that runs out
 *
 * Programs are looked at until 1,000 of them did everything at once (ingredients.h); what the others
 * did is printed with it.  The seed is printed; LOOKASIDE_SEED repeats a run, LOOKASIDE_PROGRAMS says
 * how many programs that do everything there must be.
 */
#include "unit/play.h"

#include "ingredients.h"
#include "programs.h"

#include <inttypes.h>
#include <time.h>

enum { PROGRAMS = 1000, STEPS_MAX = 2500, TOUCH_SPACING = 16 };

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Only a test may ask the clock: the seed it gives is printed. */
static uint64_t first_seed(void **state)
{
    return *(uint64_t *)*state;
}

static struct la_timeline *play_seed(struct play *p, const struct la_host *host, uint64_t seed)
{
    struct la_buf text;

    la_buf_init(&text, la_host_libc());
    random_lesson(seed, &text);
    bool made = play_try(p, host, la_buf_str(&text));

    if (host == la_host_libc() && (!made || p->diags.nr_errors))
        fail_msg("program %" PRIu64 " does not compile: %s\n%s", seed, p->diags.nr ? p->diags.item[0].message : "", la_buf_str(&text));
    la_buf_free(&text);
    return p->timeline;
}

static void expect_sound_of(const struct la_timeline *t, uint64_t seed)
{
    struct la_buf problems;

    la_buf_init(&problems, t->host);
    if (la_machine_check_structures(t->machine, &problems) + (t->interp ? la_sched_check(t->interp, &problems) : 0))
        fail_msg("program %" PRIu64 ", step %u: %s", seed, t->step, la_buf_str(&problems));
    la_buf_free(&problems);
}

static void expect_touched(const struct la_timeline *t, uint64_t seed)
{
    if (la_arena_find_untouched(t->machine->arena))
        fail_msg("program %" PRIu64 ", step %u: something was written without a touch", seed, t->step);
}

/* What was seen in a run of many programs. */
struct seen {
    uint64_t programs, steps, oopses, stuck, ended, everything;
    uint64_t with[NR_INGREDIENTS];
};

static void look_at_every_step(struct seen *seen, uint64_t seed)
{
    struct ingredients ingredients = {0};
    struct play p;
    struct la_timeline *t = play_seed(&p, la_host_libc(), seed);

    expect_sound_of(t, seed);
    do {
        ingredients_before(&ingredients, t);
        if (!la_timeline_step(t))
            break;
        ingredients_after(&ingredients, t);
        expect_sound_of(t, seed);
        if (t->step % TOUCH_SPACING == 0)
            expect_touched(t, seed);
        seen->oopses += t->trace->nr_oops;
    } while (t->step < STEPS_MAX);
    expect_touched(t, seed);
    seen->programs++;
    seen->stuck += t->last.status == LA_STEP_STUCK;
    seen->ended += t->step < STEPS_MAX;
    seen->steps += t->step;
    seen->everything += ingredients.has == HAS_EVERYTHING;
    for (uint32_t i = 0; i < NR_INGREDIENTS; i++)
        seen->with[i] += ingredients.has >> i & 1;
    play_done(&p);
}

static void print_seen(const struct seen *seen)
{
    printf("%" PRIu64 " programs, %" PRIu64 " steps, %" PRIu64 " oopses, %" PRIu64 " programs stuck, %" PRIu64 " looked at to the end\nwith",
           seen->programs, seen->steps, seen->oopses, seen->stuck, seen->ended);
    for (uint32_t i = 0; i < NR_INGREDIENTS; i++)
        printf(" %s: %" PRIu64 ",", ingredient_words[i], seen->with[i]);
    printf(" everything: %" PRIu64 "\n", seen->everything);
}

static void invariants_hold_after_every_step_check(void **state)
{
    uint64_t nr = number_from("LOOKASIDE_PROGRAMS", PROGRAMS);
    struct seen seen = {0};

    for (uint64_t seed = first_seed(state); seen.everything < nr && seen.programs < 2 * nr + 100; seed++)
        look_at_every_step(&seen, seed);
    print_seen(&seen);
    assert_true(seen.everything >= nr); /* else the programs do too little */
}

static void past_is_what_it_was_check(void **state)
{
    static uint64_t hash[STEPS_MAX + 1];

    for (uint64_t seed = first_seed(state), nr = 0; nr < 60; nr++, seed++) {
        struct play p;
        struct la_timeline *t = play_seed(&p, la_host_libc(), seed);
        struct la_prng prng = {seed};

        hash[0] = state_hash(t);
        while (t->step < STEPS_MAX && la_timeline_step(t))
            hash[t->step] = state_hash(t);
        for (uint32_t end = t->step, n = 0; n < 12; n++) {
            la_timeline_seek(t, la_prng_below(&prng, end + 1));
            if (state_hash(t) != hash[t->step])
                fail_msg("program %" PRIu64 ": step %u is not what it was", seed, t->step);
            expect_touched(t, seed);
        }
        play_done(&p);
    }
}

/* Host memory runs out at a random moment: nothing crashes, nothing leaks, what exists is consistent. */
static void host_memory_runs_out_check(void **state)
{
    for (uint64_t seed = first_seed(state), nr = 0; nr < 250; nr++, seed++) {
        struct la_prng prng = {seed};
        struct check_host check;
        struct play p;

        check_host_init(&check);
        check.fail_at = 1 + la_prng_below(&prng, la_prng_below(&prng, 2) ? 80 : 600);
        check.fail_forever = la_prng_below(&prng, 2);
        struct la_timeline *t = play_seed(&p, &check.host, seed);

        if (t) {
            while (t->step < 150 && la_timeline_step(t))
                ;
            expect_sound_of(t, seed);
            la_timeline_seek(t, t->step / 2);
            expect_sound_of(t, seed);
        }
        play_done(&p);
        if (!check_host_clean(&check))
            fail_msg("program %" PRIu64 " left %" PRIu64 " blocks, %" PRIu64 " mistakes", seed, check.live_blocks, check.mistakes);
    }
}

int main(void)
{
    uint64_t seed = number_from("LOOKASIDE_SEED", (uint64_t)time(NULL) * 1000);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(invariants_hold_after_every_step_check, &seed),
        cmocka_unit_test_prestate(past_is_what_it_was_check, &seed),
        cmocka_unit_test_prestate(host_memory_runs_out_check, &seed),
    };

    printf("LOOKASIDE_SEED=%" PRIu64 "\n", seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
