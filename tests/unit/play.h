/*
 * play.h: a lesson on a timeline, for tests: from a text or from a file of tests/golden.
 *
 * Tests run from the top of the project, as `make unit` does.
 */
#ifndef LA_TESTS_PLAY_H
#define LA_TESTS_PLAY_H

#include "unit/cmocka_all.h"

#include "check_host.h"
#include "view/view.h"

#define SLIDE "```json machine\n{\"profile\": \"slide\", \"memory\": \"256K\", \"reserved\": \"0\", \"min_free_kbytes\": 0, \"pcp\": false, \"cpus\": 1}\n```\n"

static const char *const golden_lessons[] = {"tests/golden/splitting.md", "tests/golden/functions.md", "tests/golden/mistakes.md",
                                             "tests/golden/assert.md",    "tests/golden/stuck.md",     "tests/golden/nodes.md"};

enum { NR_GOLDEN = sizeof golden_lessons / sizeof golden_lessons[0] };

struct play {
    const struct la_host *host;
    struct la_diags diags;
    struct la_machine_config config;
    struct la_lesson *lesson;
    struct la_timeline *timeline;
};

/** The whole file, NUL-terminated; free() it. */
static inline char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (!file)
        fail_msg("cannot read %s (tests run from the top of the project)", path);
    (void)fseek(file, 0, SEEK_END);
    size_t len = (size_t)ftell(file);
    char *text = malloc(len + 1);

    (void)fseek(file, 0, SEEK_SET);
    assert_int_equal(fread(text, 1, len, file), len);
    text[len] = '\0';
    (void)fclose(file);
    return text;
}

/** False when host memory ran out on the way. */
static inline bool play_try(struct play *p, const struct la_host *host, const char *source)
{
    *p = (struct play){.host = host};
    la_diags_init(&p->diags, host);
    p->lesson = la_lesson_parse(host, source, strlen(source), &p->diags);
    if (!p->lesson)
        return false;
    (void)la_machine_config_parse(&p->config, p->lesson->machine, p->lesson->machine_len,
                                  p->lesson->machine_line ? p->lesson->machine_line : 1, &p->diags);
    p->timeline = la_timeline_new(host, p->lesson, &p->config, &p->diags);
    return p->timeline != NULL;
}

static inline struct la_timeline *play_text(struct play *p, const char *source)
{
    assert_true(play_try(p, la_host_libc(), source));
    for (uint32_t i = 0; i < p->diags.nr; i++)
        if (p->diags.item[i].severity == LA_SEVERE)
            fail_msg("line %u:%u: %s", p->diags.item[i].line, p->diags.item[i].column, p->diags.item[i].message);
    return p->timeline;
}

static inline struct la_timeline *play_file(struct play *p, const char *path)
{
    char *text = read_file(path);
    struct la_timeline *t = play_text(p, text);

    free(text);
    return t;
}

static inline void play_done(struct play *p)
{
    la_timeline_free(p->timeline);
    la_lesson_free(p->lesson);
    la_diags_free(&p->diags);
}

/** The whole state as text: a snapshot by a view that has seen nothing, and the hash.  Free @out. */
static inline void state_text(struct la_timeline *t, struct la_buf *out)
{
    struct la_view view;
    struct la_view_since nothing = {{0}};
    struct la_json w;

    la_buf_init(out, t->host);
    assert_true(la_view_init(&view, t->host));
    la_buf_printf(out, "step %u hash %llx next ", t->step, (unsigned long long)t->trace->hash);
    la_json_init(&w, out);
    la_view_next(t, &w);
    la_json_init(&w, out);
    la_view_snapshot(&view, t, &nothing, &w);
    la_view_free(&view);
}

/** state_text() and what the last step did, as one number. */
static inline uint64_t state_hash(struct la_timeline *t)
{
    struct la_buf text;
    struct la_json w;

    state_text(t, &text);
    la_json_init(&w, &text);
    la_view_step(t, &w);
    assert_false(text.failed);
    uint64_t hash = la_hash_bytes(LA_HASH_START, text.data, text.len);

    la_buf_free(&text);
    return hash;
}

/** No invariant of the machine is broken. */
static inline void expect_sound(const struct la_timeline *t)
{
    struct la_buf problems;

    la_buf_init(&problems, t->host);
    if (la_machine_check(t->machine, &problems))
        fail_msg("step %u: %s", t->step, la_buf_str(&problems));
    la_buf_free(&problems);
}

#endif
