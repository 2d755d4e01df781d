/*
 * test_view.c: a delta laid over what one had gives what a fresh snapshot shows.
 *
 *     model (sections by name, one entry a frame)  <-- delta since the model's versions
 *            |                                            at every step, after every seek
 *            '-- must equal -- fresh snapshot by a view that has seen nothing
 *
 * The model is the simplest reader of the protocol that can be written; the page does the same.
 */
#include "play.h"

#include "base/cjson.h"
#include "base/prng.h"

enum { FRAMES_MAX = 1 << 16 };

struct shown_frame {
    int head, order, kind, mt, flags;
};

struct model {
    cJSON *section[LA_VIEW_NR];
    struct shown_frame *frame;
    struct la_view_since versions;
};

static int field(const cJSON *run, int i)
{
    return (int)cJSON_GetArrayItem(run, i)->valuedouble;
}

static void model_init(struct model *m)
{
    *m = (struct model){.frame = calloc(FRAMES_MAX, sizeof(struct shown_frame))};
}

static void model_free(struct model *m)
{
    for (int s = 0; s < LA_VIEW_NR; s++)
        cJSON_Delete(m->section[s]);
    free(m->frame);
}

static void apply_runs(struct model *m, const cJSON *runs)
{
    const cJSON *run;

    cJSON_ArrayForEach(run, runs)
    {
        int pfn = field(run, 0), blocks = field(run, 1), order = field(run, 2);

        assert_int_equal(cJSON_GetArraySize(run), 6);
        for (int b = 0; b < blocks; b++, pfn += 1 << order) {
            assert_true(pfn >= 0 && pfn + (1 << order) <= FRAMES_MAX);
            for (int i = 0; i < 1 << order; i++)
                m->frame[pfn + i] = (struct shown_frame){pfn, order, field(run, 3), field(run, 4), field(run, 5)};
        }
    }
}

/* Take a snapshot or delta over. */
static void apply(struct model *m, const char *json, size_t len)
{
    size_t at;
    cJSON *tree = la_cjson_parse(json, len, &at);

    assert_non_null(tree);
    for (int s = 0; s < LA_VIEW_NR; s++) {
        cJSON *section = cJSON_DetachItemFromObjectCaseSensitive(tree, la_view_section_name((enum la_view_section)s));
        uint64_t version = 0;

        if (!section)
            continue;
        assert_true(la_cjson_uint(la_cjson_get(section, "version"), UINT32_MAX, &version));
        m->versions.version[s] = (uint32_t)version;
        cJSON_DeleteItemFromObjectCaseSensitive(section, "version");
        if (s == LA_VIEW_FRAMES) {
            if (cJSON_IsTrue(la_cjson_get(section, "full")))
                memset(m->frame, 0, FRAMES_MAX * sizeof *m->frame);
            apply_runs(m, la_cjson_get(section, "runs"));
            cJSON_Delete(section);
        } else {
            cJSON_Delete(m->section[s]);
            m->section[s] = section;
        }
    }
    assert_int_equal(cJSON_GetArraySize(tree), 0);
    cJSON_Delete(tree);
}

static void update(struct model *m, struct la_view *view, const struct la_timeline *t)
{
    struct la_buf buf;
    struct la_json w;

    la_buf_init(&buf, t->host);
    la_json_init(&w, &buf);
    la_view_collect(view, t->trace);
    la_view_snapshot(view, t, &m->versions, &w);
    apply(m, buf.data, buf.len);
    la_buf_free(&buf);
}

static void expect_equal(const struct model *m, const struct la_timeline *t)
{
    struct la_view view;
    struct model fresh;

    model_init(&fresh);
    assert_true(la_view_init(&view, t->host));
    update(&fresh, &view, t);
    for (int s = 0; s < LA_VIEW_NR; s++) {
        if (s == LA_VIEW_FRAMES || cJSON_Compare(m->section[s], fresh.section[s], true))
            continue;
        char *got = cJSON_PrintUnformatted(m->section[s]), *want = cJSON_PrintUnformatted(fresh.section[s]);

        fail_msg("step %u: section %s is\n%s\nnot\n%s", t->step, la_view_section_name((enum la_view_section)s), got, want);
    }
    for (int pfn = 0; pfn < FRAMES_MAX; pfn++) {
        const struct shown_frame *a = &m->frame[pfn], *b = &fresh.frame[pfn];

        if (memcmp(a, b, sizeof *a) != 0)
            fail_msg("step %u: frame %d is shown as (head %d, order %d, kind %d, mt %d, flags %d), not (%d, %d, %d, %d, %d)", t->step, pfn,
                     a->head, a->order, a->kind, a->mt, a->flags, b->head, b->order, b->kind, b->mt, b->flags);
    }
    la_view_free(&view);
    model_free(&fresh);
}

/* ---- deltas ---- */

static void delta_at_every_step_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < NR_GOLDEN; i++) {
        struct play p;
        struct la_timeline *t = play_file(&p, golden_lessons[i]);
        struct la_view view;
        struct model m;

        model_init(&m);
        assert_true(la_view_init(&view, t->host));
        update(&m, &view, t);
        expect_equal(&m, t);
        while (t->step < 300 && la_timeline_step(t)) {
            update(&m, &view, t);
            expect_equal(&m, t);
        }
        la_view_free(&view);
        model_free(&m);
        play_done(&p);
    }
}

/* Two readers of one view who come at different times, over random seeks: each gets what he lacks. */
static void delta_after_random_seeks_check(void **state)
{
    struct la_prng prng = {11};

    (void)state;
    for (size_t i = 0; i < NR_GOLDEN; i++) {
        struct play p;
        struct la_timeline *t = play_file(&p, golden_lessons[i]);
        struct la_view view;
        struct model m[2];

        model_init(&m[0]);
        model_init(&m[1]);
        assert_true(la_view_init(&view, t->host));
        la_timeline_seek(t, 2000);
        uint32_t end = t->step;

        for (int n = 0; n < 60; n++) {
            struct model *reader = &m[la_prng_below(&prng, 4) == 0];

            la_timeline_seek(t, la_prng_below(&prng, end + 1));
            la_view_collect(&view, t->trace);
            update(reader, &view, t);
            expect_equal(reader, t);
        }
        la_view_free(&view);
        model_free(&m[0]);
        model_free(&m[1]);
        play_done(&p);
    }
}

/* A reader who was away for longer than the ring of notes reaches gets all frames. */
static void delta_beyond_the_ring_is_full_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_text(&p, SLIDE "```c\nint i;\nwhile (1)\n    __free_page(alloc_page(GFP_KERNEL));\n```\n");
    struct la_view view;
    struct model m;

    (void)state;
    model_init(&m);
    assert_true(la_view_init(&view, t->host));
    update(&m, &view, t);
    uint32_t first = view.oldest;

    for (int n = 0; view.oldest == first && n < 2 * LA_VIEW_NOTES_MAX; n++) {
        assert_true(la_timeline_step(t));
        la_view_collect(&view, t->trace);
    }
    assert_true(view.oldest > first);
    update(&m, &view, t);
    expect_equal(&m, t);
    la_view_free(&view);
    model_free(&m);
    play_done(&p);
}

/* When a statement changed more than could be noted, a reader gets all frames, and then deltas again. */
static void delta_after_everything_changed_is_full_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[1]);
    struct la_view view;
    struct model m;

    (void)state;
    model_init(&m);
    assert_true(la_view_init(&view, t->host));
    update(&m, &view, t);
    uint32_t before = m.versions.version[LA_VIEW_FRAMES];

    memset(m.frame, 0, FRAMES_MAX * sizeof *m.frame); /* only a full list can fill this again */
    la_timeline_seek(t, 6);
    t->trace->all_frames_changed = true;
    update(&m, &view, t);
    expect_equal(&m, t);
    assert_true(view.oldest > before);
    assert_true(la_timeline_step(t));
    update(&m, &view, t);
    expect_equal(&m, t);
    la_view_free(&view);
    model_free(&m);
    play_done(&p);
}

static void nothing_new_is_an_empty_delta_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[1]);
    struct la_view view;
    struct model m;
    struct la_buf buf;
    struct la_json w;

    (void)state;
    model_init(&m);
    assert_true(la_view_init(&view, t->host));
    la_timeline_seek(t, 5);
    update(&m, &view, t);
    la_buf_init(&buf, t->host);
    la_json_init(&w, &buf);
    la_view_collect(&view, t->trace);
    la_view_snapshot(&view, t, &m.versions, &w);
    assert_string_equal(la_buf_str(&buf), "{}");
    la_buf_free(&buf);
    la_view_free(&view);
    model_free(&m);
    play_done(&p);
}

/* Versions the engine never gave (of another engine, made up) get everything. */
static void unknown_versions_get_everything_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[1]);
    struct la_view view;
    struct model m;

    (void)state;
    model_init(&m);
    assert_true(la_view_init(&view, t->host));
    for (int s = 0; s < LA_VIEW_NR; s++)
        m.versions.version[s] = 4000000000u;
    la_timeline_seek(t, 5);
    update(&m, &view, t);
    expect_equal(&m, t);
    la_view_free(&view);
    model_free(&m);
    play_done(&p);
}

/* The delta of a step is as long on a large machine as on a small one. */
static void delta_does_not_grow_with_the_machine_check(void **state)
{
    static const char *const memory[] = {"64M", "2G"};
    size_t len[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        char lesson[400];
        struct play p;
        struct la_view view;
        struct la_view_since since = {{0}};
        struct la_buf buf;
        struct la_json w;

        (void)snprintf(lesson, sizeof lesson, "```json machine\n{\"profile\": \"x86_64\", \"memory\": \"%s\"}\n```\n"
                                              "```c\nstruct page *p = alloc_pages(GFP_KERNEL, 2);\n__free_pages(p, 2);\n```\n", memory[i]);
        struct la_timeline *t = play_text(&p, lesson);

        assert_true(la_view_init(&view, t->host));
        la_buf_init(&buf, t->host);
        la_json_init(&w, &buf);
        la_view_collect(&view, t->trace);
        la_view_snapshot(&view, t, &since, &w);
        memcpy(since.version, view.version, sizeof since.version);
        assert_true(la_timeline_step(t));
        la_view_collect(&view, t->trace);
        la_buf_clear(&buf);
        la_json_init(&w, &buf);
        la_view_snapshot(&view, t, &since, &w);
        len[i] = buf.len;
        la_buf_free(&buf);
        la_view_free(&view);
        play_done(&p);
    }
    assert_true(len[1] * 2 <= len[0] * 3);
}

/* ---- steps ---- */

/* One block, halved again and again; and more halvings than one block has, when a CPU's own list is filled. */
static void sentence_counts_blocks_that_were_split_check(void **state)
{
    static const struct {
        const char *machine, *say;
    } cases[] = {{SLIDE, "a larger block was split 6 times."},
                 {"```json machine\n{\"profile\": \"i386\", \"memory\": \"64M\"}\n```\n", "; larger blocks were split "}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play p;
        char text[256];

        (void)snprintf(text, sizeof text, "%s```c\nalloc_page(GFP_KERNEL);\n```\n", cases[i].machine);
        struct la_timeline *t = play_text(&p, text);

        assert_true(la_timeline_step(t));
        la_timeline_describe(t);
        assert_non_null(strstr(la_buf_str(&t->last.say), cases[i].say));
        play_done(&p);
    }
}

static void step_json_says_what_ran_check(void **state)
{
    struct play p;
    struct la_timeline *t = play_file(&p, golden_lessons[0]);
    struct la_buf buf;
    struct la_json w;

    (void)state;
    la_buf_init(&buf, t->host);
    la_json_init(&w, &buf);
    la_view_step(t, &w);
    assert_string_equal(la_buf_str(&buf), "null");
    la_buf_clear(&buf);
    assert_true(la_timeline_step(t));
    la_json_init(&w, &buf);
    la_view_step(t, &w);
    assert_non_null(strstr(la_buf_str(&buf), "\"step\":1,"));
    assert_non_null(strstr(la_buf_str(&buf), "\"line\":26,\"column\":1,"));
    assert_non_null(strstr(la_buf_str(&buf), "\"statement\":\"struct page *one = alloc_page(GFP_KERNEL)\""));
    assert_non_null(strstr(la_buf_str(&buf), "\"e\":\"split\""));
    la_buf_clear(&buf);
    la_json_init(&w, &buf);
    la_view_next(t, &w);
    assert_non_null(strstr(la_buf_str(&buf), "\"line\":28,"));
    la_timeline_seek(t, 1000);
    la_buf_clear(&buf);
    la_json_init(&w, &buf);
    la_view_next(t, &w);
    assert_string_equal(la_buf_str(&buf), "null");
    la_buf_free(&buf);
    play_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delta_at_every_step_check),
        cmocka_unit_test(delta_after_random_seeks_check),
        cmocka_unit_test(delta_beyond_the_ring_is_full_check),
        cmocka_unit_test(delta_after_everything_changed_is_full_check),
        cmocka_unit_test(nothing_new_is_an_empty_delta_check),
        cmocka_unit_test(unknown_versions_get_everything_check),
        cmocka_unit_test(delta_does_not_grow_with_the_machine_check),
        cmocka_unit_test(sentence_counts_blocks_that_were_split_check),
        cmocka_unit_test(step_json_says_what_ran_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
