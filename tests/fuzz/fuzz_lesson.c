/*
 * fuzz_lesson.c: any bytes as a lesson file.
 *
 * The first byte chooses where host memory runs out (0 = never), the rest is the file.  Whatever
 * it is, sections must point into the text, in order, and everything must be given back.
 */
#include "check_host.h"
#include "lesson/lesson.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sections(const struct la_lesson *lesson)
{
    uint32_t line = 0;

    for (uint32_t i = 0; i < lesson->nr_sections; i++) {
        const struct la_section *s = &lesson->section[i];
        uint32_t index = i;

        assert(s->line > line && s->end_line >= s->line);
        line = s->end_line;
        assert(s->text >= lesson->source && s->text + s->len <= lesson->source + lesson->source_len);
        assert((s->ask != NULL) == (s->kind == LA_SECTION_ASK || s->kind == LA_SECTION_TASK));
        assert((s->view != NULL) == (s->kind == LA_SECTION_VIEW));
        if (s->ask)
            assert(la_lesson_ask(lesson, s->ask->index, &index) == s->ask && index == i);
        assert(la_lesson_next_code(lesson, i) >= i);
    }
    assert(lesson->machine_len == 0 || lesson->machine >= lesson->source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct check_host check;
    struct la_diags diags;

    if (size == 0)
        return 0;
    check_host_init(&check);
    check.fail_at = data[0];
    la_diags_init(&diags, &check.host);
    struct la_lesson *lesson = la_lesson_parse(&check.host, (const char *)data + 1, size - 1, &diags);

    if (lesson)
        check_sections(lesson);
    for (uint32_t i = 0; i < diags.nr; i++)
        assert(diags.item[i].line >= 1 && diags.item[i].column >= 1);
    la_lesson_free(lesson);
    la_diags_free(&diags);
    assert(check_host_clean(&check));
    return 0;
}
