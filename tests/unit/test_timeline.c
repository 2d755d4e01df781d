/*
 * test_timeline.c: what was, is there again.
 *
 *     play forwards     s0 s1 s2 s3 … sn        a hash of the whole state at each step
 *     seek anywhere     s? must have the hash it had
 */
#include "play.h"

#include "base/prng.h"

enum { STEPS_MAX = 3000 };

/* The hash of every state of the lesson, the first at [0]; returns the number of the last step. */
static uint32_t play_through(struct la_timeline *t, uint64_t *hash)
{
    hash[0] = state_hash(t);
    while (t->step < STEPS_MAX - 1 && la_timeline_step(t)) {
        hash[t->step] = state_hash(t);
        expect_sound(t);
    }
    return t->step;
}

static void expect_state(struct la_timeline *t, uint32_t step, const uint64_t *hash)
{
    la_timeline_seek(t, step);
    assert_int_equal(t->step, step);
    if (state_hash(t) != hash[step])
        fail_msg("step %u is not what it was", step);
    const void *untouched = la_arena_find_untouched(t->machine->arena);

    if (untouched)
        fail_msg("step %u: something was written without a touch", step);
}

/* ---- every state of every lesson ---- */

static void seek_back_to_every_step_check(void **state)
{
    static uint64_t hash[STEPS_MAX];

    (void)state;
    for (size_t i = 0; i < NR_GOLDEN; i++) {
        struct play p;
        struct la_timeline *t = play_file(&p, golden_lessons[i]);
        uint32_t end = play_through(t, hash);

        assert_true(end > 1);
        for (uint32_t step = end + 1; step-- > 0;)
            expect_state(t, step, hash);
        for (uint32_t step = 0; step <= end; step++)
            expect_state(t, step, hash);
        play_done(&p);
    }
}

static void seek_at_random_check(void **state)
{
    static uint64_t hash[STEPS_MAX];
    struct la_prng prng = {7};

    (void)state;
    for (size_t i = 0; i < NR_GOLDEN; i++) {
        struct play p;
        struct la_timeline *t = play_file(&p, golden_lessons[i]);
        uint32_t end = play_through(t, hash);

        for (int n = 0; n < 60; n++)
            expect_state(t, la_prng_below(&prng, end + 1), hash);
        play_done(&p);
    }
}

/* A second run of the same lesson is the same history. */
static void same_lesson_same_states_check(void **state)
{
    static uint64_t one[STEPS_MAX], two[STEPS_MAX];

    (void)state;
    for (size_t i = 0; i < NR_GOLDEN; i++) {
        struct play p, q;
        uint32_t end = play_through(play_file(&p, golden_lessons[i]), one);

        assert_int_equal(play_through(play_file(&q, golden_lessons[i]), two), end);
        assert_memory_equal(one, two, (end + 1) * sizeof one[0]);
        play_done(&p);
        play_done(&q);
    }
}

static void seek_beyond_the_end_stops_there_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[0]);

    (void)state;
    la_timeline_seek(t, 1000000);
    assert_int_equal(t->end, t->step);
    assert_true(t->step > 1 && t->step < 1000);
    assert_false(la_timeline_step(t));
    assert_int_equal(t->end, t->step);
    play_done(&p);
}

static void seek_to_the_start_has_no_last_step_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[0]);

    (void)state;
    la_timeline_seek(t, 4);
    assert_int_equal(t->last.step, 4);
    la_timeline_seek(t, 0);
    assert_int_equal(t->last.step, 0);
    assert_int_equal(t->nr_lines, 0);
    assert_int_equal(t->trace->hash, LA_HASH_START);
    play_done(&p);
}

/* ---- a long history: keyframes thin out, every step can still be reached ---- */

static void long_history_check(void **state)
{
    enum { LENGTH = 70000, SAMPLES = 40 };
    struct play p;
    struct la_timeline *t = play_text(&p, SLIDE "```c\nint i;\nstruct page *p[8];\nwhile (1) {\n    p[i & 7] = alloc_page(GFP_KERNEL);\n"
                                          "    __free_page(p[i & 7]);\n    i++;\n}\n```\n");
    uint32_t step[SAMPLES];
    uint64_t hash[SAMPLES], rolling[SAMPLES];

    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        step[i] = (uint32_t)i * (LENGTH / SAMPLES) + (uint32_t)i % 7 + 1;
        la_timeline_seek(t, step[i]);
        hash[i] = state_hash(t);
        rolling[i] = t->trace->hash;
    }
    la_timeline_seek(t, LENGTH);
    assert_true(t->nr_keyframes <= LA_TIMELINE_KEYFRAMES_MAX);
    assert_true(t->spacing > LA_TIMELINE_SPACING);
    for (uint32_t i = 1; i < t->nr_keyframes; i++)
        assert_true(t->keyframe[i].step > t->keyframe[i - 1].step);
    for (int i = SAMPLES; i-- > 0;) {
        la_timeline_seek(t, step[i]);
        assert_int_equal(t->trace->hash, rolling[i]);
        assert_int_equal(state_hash(t), hash[i]);
    }
    play_done(&p);
}

/*
 * Which section runs is known inside calls too, and after a jump to a keyframe that was taken
 * there: the function stands in the first section, the loops that call it in the second and third.
 */
static void section_inside_calls_check(void **state)
{
    static uint32_t section[STEPS_MAX];
    struct play p;
    struct la_timeline *t = play_text(&p, SLIDE "```c\nint n;\nvoid work(void)\n{\n    n++;\n    n++;\n    n++;\n    n++;\n    n++;\n}\nn = 0;\n```\n"
                                          "```c\nwhile (n < 500)\n    work();\n```\n```c\nwhile (n < 700)\n    work();\n```\n");

    (void)state;
    section[0] = la_timeline_next_section(t);
    while (la_timeline_step(t)) {
        section[t->step] = la_timeline_next_section(t);
        assert_true(section[t->step] == UINT32_MAX || section[t->step] >= section[t->step - 1]);
    }
    uint32_t end = t->step;

    assert_int_equal(section[0], 0);
    assert_int_equal(section[end - 1], 2);
    for (uint32_t step = 0; step < end; step += 7) {
        la_timeline_seek(t, end);
        la_timeline_seek(t, step);
        assert_int_equal(la_timeline_next_section(t), section[step]);
    }
    for (uint32_t i = 0; i < t->nr_keyframes; i++) {
        la_timeline_seek(t, t->keyframe[i].step + 1);
        assert_int_equal(la_timeline_next_section(t), section[t->step]);
    }
    play_done(&p);
}

/* ---- typed statements ---- */

static bool type(struct la_timeline *t, const char *text)
{
    struct la_diags diags;

    la_diags_init(&diags, t->host);
    bool good = la_timeline_type(t, text, strlen(text), &diags);

    assert_int_equal(good, diags.nr_errors == 0);
    la_diags_free(&diags);
    return good;
}

static void typed_statement_is_a_step_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[1]);
    uint64_t before, after;

    (void)state;
    la_timeline_seek(t, 9);
    before = state_hash(t);
    assert_true(type(t, "struct page *typed = alloc_page(GFP_KERNEL);"));
    assert_int_equal(t->step, 10);
    assert_int_equal(t->last.block, -1);
    assert_int_equal(t->nr_choices, 1);
    assert_int_equal(t->end, -1);
    after = state_hash(t);
    la_timeline_seek(t, 9);
    assert_int_equal(state_hash(t), before);
    assert_true(la_timeline_choice_next(t));
    assert_true(la_timeline_step(t));
    assert_int_equal(state_hash(t), after);
    la_timeline_seek(t, 3);
    la_timeline_seek(t, 10);
    assert_int_equal(state_hash(t), after);
    play_done(&p);
}

/* What was typed later is forgotten when something is typed earlier; the keyframes of that future too. */
static void typing_leaves_the_future_check(void **state)
{
    static uint64_t hash[STEPS_MAX];
    struct play p;
    struct la_timeline *t = play_text(&p, SLIDE "```c\nint i;\nfor (i = 0; i < 200; i++)\n    __free_page(alloc_page(GFP_KERNEL));\n```\n");

    (void)state;
    uint32_t end = play_through(t, hash);

    assert_true(end > 400);
    la_timeline_seek(t, 300);
    assert_true(type(t, "struct page *late = alloc_page(GFP_KERNEL);"));
    la_timeline_seek(t, 20);
    assert_true(type(t, "struct page *early = alloc_page(GFP_KERNEL);"));
    assert_int_equal(t->nr_choices, 1);
    for (uint32_t i = 0; i < t->nr_keyframes; i++)
        assert_true(t->keyframe[i].step <= 21);
    la_timeline_seek(t, 350);
    uint64_t other = state_hash(t);

    assert_int_not_equal(other, hash[350]);
    la_timeline_seek(t, 20);
    assert_int_equal(state_hash(t), hash[20]);
    la_timeline_seek(t, 350);
    assert_int_equal(state_hash(t), other);
    play_done(&p);
}

static void typed_nonsense_changes_nothing_check(void **state)
{
    static const char *const nonsense[] = {"int", "nothing(;", "x = 1;", "}", "alloc_page(GFP_KERNEL)); ;)"};
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[0]);

    (void)state;
    for (uint32_t step = 0; step < 4; step++) {
        la_timeline_seek(t, step);
        uint64_t before = state_hash(t);

        for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
            assert_false(type(t, nonsense[i]));
            assert_int_equal(t->step, step);
            assert_int_equal(state_hash(t), before);
        }
        assert_int_equal(t->nr_choices, 0);
    }
    play_done(&p);
}

static void too_much_typed_check(void **state)
{
    static char large[LA_CHOICE_BYTES_MAX + 2];
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[0]);

    (void)state;
    memset(large, ' ', sizeof large - 1);
    assert_false(type(t, large));
    for (int i = 0; i < LA_CHOICES_MAX; i++)
        assert_true(type(t, "1;"));
    assert_false(type(t, "1;"));
    assert_int_equal(t->step, LA_CHOICES_MAX);
    la_timeline_seek(t, 500);
    assert_true(type(t, "2;")); /* the later ones were forgotten, so there is room */
    assert_int_equal(t->nr_choices, 501);
    play_done(&p);
}

static void typing_after_a_stop_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[3]);

    (void)state;
    la_timeline_seek(t, 1000);
    assert_true(t->stopped);
    assert_int_equal(t->last.status, LA_STEP_ASSERT_FAILED);
    assert_true(type(t, "page = NULL;"));
    expect_sound(t);
    assert_false(la_timeline_step(t));
    play_done(&p);
}

/* ---- forks, and logs fed into a second timeline ---- */

static void fork_has_the_same_past_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[1]);

    (void)state;
    la_timeline_seek(t, 5);
    assert_true(type(t, "struct page *typed = alloc_page(GFP_KERNEL);"));
    la_timeline_seek(t, 12);
    uint64_t here = state_hash(t);

    for (uint32_t step = 0; step <= 12; step++) {
        struct la_timeline *twin = la_timeline_fork(t, &p.config, step, &p.diags);

        assert_non_null(twin);
        la_timeline_seek(t, step);
        assert_int_equal(state_hash(twin), state_hash(t));
        (void)type(twin, "alloc_pages(GFP_KERNEL, 3);");
        la_timeline_seek(t, 12);
        assert_int_equal(state_hash(t), here); /* one does not disturb the other */
        la_timeline_free(twin);
    }
    play_done(&p);
}

static void choices_replayed_give_the_same_hash_check(void **state)
{
    struct play p, q;
    struct la_timeline *t = play_file(&p, golden_lessons[1]), *u = play_file(&q, golden_lessons[1]);

    (void)state;
    la_timeline_seek(t, 4);
    assert_true(type(t, "struct page *typed = alloc_page(GFP_KERNEL);"));
    la_timeline_seek(t, 9);
    assert_true(type(t, "__free_page(typed);"));
    la_timeline_seek(t, 30);
    for (uint32_t i = 0; i < t->nr_choices; i++)
        assert_true(la_timeline_add_choice(u, t->choice[i].step, t->choice[i].text));
    la_timeline_seek(u, 30);
    assert_int_equal(state_hash(u), state_hash(t));
    play_done(&p);
    play_done(&q);
}

/* The lesson was run through before the choices came: the keyframes of that run must not be used. */
static void choices_that_come_late_check(void **state)
{
    static const char lesson[] = SLIDE "```c\nint i;\nfor (i = 0; i < 200; i++)\n    __free_page(alloc_page(GFP_KERNEL));\n```\n";
    struct play p, q;
    struct la_timeline *t = play_text(&p, lesson), *u = play_text(&q, lesson);

    (void)state;
    la_timeline_seek(t, 400);
    la_timeline_seek(t, 0);
    assert_true(la_timeline_add_choice(t, 3, "struct page *typed = alloc_page(GFP_KERNEL);"));
    assert_true(la_timeline_add_choice(u, 3, "struct page *typed = alloc_page(GFP_KERNEL);"));
    la_timeline_seek(t, 390);
    la_timeline_seek(u, 390);
    assert_int_equal(state_hash(t), state_hash(u));
    play_done(&p);
    play_done(&q);
}

static void choices_in_the_wrong_order_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[1]);

    (void)state;
    la_timeline_seek(t, 5);
    assert_false(la_timeline_add_choice(t, 4, "1;"));
    assert_true(la_timeline_add_choice(t, 5, "1;"));
    assert_false(la_timeline_add_choice(t, 5, "2;"));
    assert_true(la_timeline_add_choice(t, 7, "3;"));
    assert_false(la_timeline_add_choice(t, 6, "4;"));
    assert_int_equal(t->nr_choices, 2);
    play_done(&p);
}

/* A choice that does not compile (the link is of another lesson) is dropped, and the lesson goes on. */
static void choice_that_does_not_compile_check(void **state)
{
    static uint64_t hash[STEPS_MAX];
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[0]);
    uint32_t end = play_through(t, hash);

    (void)state;
    la_timeline_seek(t, 1);
    assert_true(la_timeline_add_choice(t, 2, "of_another_lesson++;"));
    assert_true(la_timeline_add_choice(t, 3, "int z;"));
    la_timeline_seek(t, 10000);
    assert_int_equal(t->step, end);
    assert_int_equal(t->end, end);
    assert_int_equal(t->nr_choices, 0);
    assert_true(t->nr_lines > 0);
    assert_int_equal(t->line[0].kind, LA_LINE_WARN);
    assert_non_null(strstr(t->line[0].text, "of_another_lesson++"));
    play_done(&p);
}

/* ---- the console: a ring that loses its oldest lines, and finds them again when time goes back ---- */

static const char *const printer = SLIDE "```c\nfor (int i = 0; i < 12000; i++)\n    printk(\"line %d\\n\", i);\n```\n";

static void last_line_is(const struct la_timeline *t, const char *text, uint32_t printed)
{
    assert_true(t->nr_lines > 0);
    assert_string_equal(t->line[t->nr_lines - 1].text, text);
    assert_int_equal(t->nr_before + t->nr_lines, printed);
}

static void console_keeps_the_newest_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_text(&p, printer);

    (void)state;
    la_timeline_seek(t, 100000);
    last_line_is(t, "line 11999", 12000);
    assert_true(t->nr_kept <= LA_CONSOLE_LINES_MAX && t->nr_kept > LA_CONSOLE_LINES_MAX / 2);

    uint32_t end = t->step;

    for (uint32_t back = 1; back < end; back += 1777) {
        la_timeline_seek(t, end - back);
        uint32_t printed = t->nr_before + t->nr_lines;
        char text[32];

        assert_true(t->nr_lines > 0);
        (void)snprintf(text, sizeof text, "line %u", (unsigned)printed - 1);
        last_line_is(t, text, printed);
    }
    la_timeline_seek(t, 3); /* before all that was kept: they are printed again */
    assert_int_equal(t->nr_before, 0);
    assert_string_equal(t->line[0].text, "line 0");
    la_timeline_seek(t, 100000);
    last_line_is(t, "line 11999", 12000);
    play_done(&p);
}

static void typing_far_back_loses_only_the_future_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_text(&p, "```c\nfor (int i = 0; i < 9999; i++)\n    printk(\"line %d\\n\", i);\n```\n");
    uint32_t end;

    (void)state;
    la_timeline_seek(t, 100000);
    end = t->step;
    la_timeline_seek(t, 20);
    for (uint32_t i = 0; i < 3; i++)
        la_timeline_print(t, LA_LINE_RESULT, "read", "");
    last_line_is(t, "read", t->nr_lines);
    la_timeline_seek(t, end);
    last_line_is(t, "line 9998", 9999);
    play_done(&p);
}

/* ---- marks ---- */

static void marks_are_sorted_and_stay_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < NR_GOLDEN; i++) {
        struct play p;
        struct la_timeline *t = play_file(&p, golden_lessons[i]);

        la_timeline_seek(t, STEPS_MAX);
        uint32_t nr = t->nr_marks;

        for (uint32_t m = 1; m < nr; m++)
            assert_true(t->mark[m].step >= t->mark[m - 1].step);
        la_timeline_seek(t, 0);
        la_timeline_seek(t, STEPS_MAX);
        assert_int_equal(t->nr_marks, nr);
        if (i == 2) {
            bool oops = false;

            for (uint32_t m = 0; m < nr; m++)
                oops |= t->mark[m].kind == LA_MARK_OOPS;
            assert_true(oops);
        }
        play_done(&p);
    }
}

/* ---- memory runs out ---- */

/* Each allocation of booting a small machine fails in turn: no timeline, and nothing is left behind. */
static void every_allocation_can_fail_check(void **state)
{
    char *text = read_file(golden_lessons[0]);
    bool good = false;

    (void)state;
    for (uint64_t n = 1; !good; n++) {
        struct check_host check;
        struct play p;

        check_host_init(&check);
        check.fail_at = n;
        if (play_try(&p, &check.host, text)) {
            (void)la_timeline_step(p.timeline);
            la_timeline_seek(p.timeline, 8);
            la_timeline_seek(p.timeline, 2);
            good = check.nr_allocations < n;
        }
        play_done(&p);
        if (!check_host_clean(&check))
            fail_msg("allocation %llu: %llu blocks left, %llu mistakes", (unsigned long long)n,
                     (unsigned long long)check.live_blocks, (unsigned long long)check.mistakes);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seek_back_to_every_step_check),
        cmocka_unit_test(seek_at_random_check),
        cmocka_unit_test(same_lesson_same_states_check),
        cmocka_unit_test(seek_beyond_the_end_stops_there_check),
        cmocka_unit_test(seek_to_the_start_has_no_last_step_check),
        cmocka_unit_test(long_history_check),
        cmocka_unit_test(section_inside_calls_check),
        cmocka_unit_test(typed_statement_is_a_step_check),
        cmocka_unit_test(typing_leaves_the_future_check),
        cmocka_unit_test(typed_nonsense_changes_nothing_check),
        cmocka_unit_test(too_much_typed_check),
        cmocka_unit_test(typing_after_a_stop_check),
        cmocka_unit_test(fork_has_the_same_past_check),
        cmocka_unit_test(choices_replayed_give_the_same_hash_check),
        cmocka_unit_test(choices_that_come_late_check),
        cmocka_unit_test(choices_in_the_wrong_order_check),
        cmocka_unit_test(console_keeps_the_newest_check),
        cmocka_unit_test(typing_far_back_loses_only_the_future_check),
        cmocka_unit_test(choice_that_does_not_compile_check),
        cmocka_unit_test(marks_are_sorted_and_stay_check),
        cmocka_unit_test(every_allocation_can_fail_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
