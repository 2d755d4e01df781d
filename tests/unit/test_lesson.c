/* test_lesson.c: cutting a lesson file into sections, and what is said about a file that is wrong. */
#include "cmocka_all.h"

#include "check_host.h"
#include "lesson/lesson.h"

/* A lesson read from a text, with the messages about it. */
struct read {
    struct check_host check;
    struct la_diags diags;
    struct la_lesson *lesson;
};

static struct la_lesson *read_bytes(struct read *r, const char *text, size_t len)
{
    check_host_init(&r->check);
    la_diags_init(&r->diags, &r->check.host);
    r->lesson = la_lesson_parse(&r->check.host, text, len, &r->diags);
    assert_non_null(r->lesson);
    return r->lesson;
}

static struct la_lesson *read_text(struct read *r, const char *text)
{
    return read_bytes(r, text, strlen(text));
}

static void read_done(struct read *r)
{
    la_lesson_free(r->lesson);
    la_diags_free(&r->diags);
    assert_true(check_host_clean(&r->check));
}

static void expect_section(const struct la_lesson *lesson, uint32_t i, enum la_section_kind kind, uint32_t line,
                           uint32_t end_line, const char *text)
{
    assert_true(i < lesson->nr_sections);
    const struct la_section *s = &lesson->section[i];

    assert_string_equal(la_section_kind_name(s->kind), la_section_kind_name(kind));
    assert_int_equal(s->line, line);
    assert_int_equal(s->end_line, end_line);
    if (text) {
        assert_int_equal(s->len, strlen(text));
        assert_memory_equal(s->text, text, s->len);
    }
}

static void expect_diag(const struct read *r, uint32_t i, enum la_severity severity, uint32_t line, uint32_t column,
                        const char *part)
{
    assert_true(i < r->diags.nr);
    const struct la_diag *d = &r->diags.item[i];

    if (d->severity != severity || d->line != line || d->column != column ||
        (!strstr(d->message, part) && !(d->hint && strstr(d->hint, part))))
        fail_msg("got %s %u:%u \"%s\" (%s), expected %u:%u \"%s\"", d->severity == LA_SEVERE ? "error" : "warning", d->line,
                 d->column, d->message, d->hint ? d->hint : "", line, column, part);
}

/* ---- sections ---- */

static void lesson_simple_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "# Title\n\nGoal: say it.\n\nProse one.\nMore.\n\n```c\nint x;\nx = 1;\n```\nAfter.\n");

    (void)state;
    assert_string_equal(l->title, "Title");
    assert_string_equal(l->goal, "say it.");
    assert_int_equal(r.diags.nr, 0);
    assert_int_equal(l->nr_sections, 3);
    expect_section(l, 0, LA_SECTION_PROSE, 4, 7, "\nProse one.\nMore.\n\n");
    expect_section(l, 1, LA_SECTION_CODE, 8, 11, "int x;\nx = 1;\n");
    assert_int_equal(l->section[1].text_line, 9);
    expect_section(l, 2, LA_SECTION_PROSE, 12, 12, "After.\n");
    read_done(&r);
}

static void lesson_empty_check(void **state)
{
    static const char *const texts[] = {"", "\n", "  \n\t\n", "\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct read r;
        struct la_lesson *l = read_text(&r, texts[i]);

        assert_int_equal(l->nr_sections, 0);
        assert_string_equal(l->title, "");
        assert_string_equal(l->goal, "");
        assert_int_equal(l->machine_len, 0);
        read_done(&r);
    }
}

static void lesson_crlf_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "# Title\r\nGoal: g\r\n```c\r\nx = 1;\r\n```\r\n```json view\r\n{\"show\": [\"memory\"]}\r\n```\r\n");

    (void)state;
    assert_string_equal(l->title, "Title");
    assert_string_equal(l->goal, "g");
    assert_int_equal(r.diags.nr, 0);
    assert_int_equal(l->nr_sections, 2);
    expect_section(l, 0, LA_SECTION_CODE, 3, 5, "x = 1;\r\n");
    expect_section(l, 1, LA_SECTION_VIEW, 6, 8, NULL);
    read_done(&r);
}

static void lesson_only_first_heading_is_the_title_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "# One\n# Two\n## Three\nGoal: a\nGoal: b\n");

    (void)state;
    assert_string_equal(l->title, "One");
    assert_string_equal(l->goal, "a");
    assert_int_equal(l->nr_sections, 2);
    expect_section(l, 0, LA_SECTION_PROSE, 2, 3, "# Two\n## Three\n");
    expect_section(l, 1, LA_SECTION_PROSE, 5, 5, "Goal: b\n");
    read_done(&r);
}

static void lesson_no_newline_at_the_end_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "```c\nx = 1;\n```");

    (void)state;
    assert_int_equal(r.diags.nr, 0);
    expect_section(l, 0, LA_SECTION_CODE, 1, 3, "x = 1;\n");
    read_done(&r);
}

static void lesson_oops_block_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "```c oops\n*p = 1;\n```\n```c\nx;\n```\n```c  oops\ny;\n```\n");

    (void)state;
    assert_true(l->section[0].oops);
    assert_int_equal(l->section[0].kind, LA_SECTION_CODE);
    assert_false(l->section[1].oops);
    read_done(&r);
}

/* ---- fences, CommonMark 4.5 ---- */

static void fence_kinds_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "~~~c\na;\n~~~\n````c\n```\nb;\n````\n   ```c\nc;\n  `````\n```  c \t\nd;\n``` \t\n");

    (void)state;
    assert_int_equal(r.diags.nr, 0);
    assert_int_equal(l->nr_sections, 4);
    expect_section(l, 0, LA_SECTION_CODE, 1, 3, "a;\n");
    expect_section(l, 1, LA_SECTION_CODE, 4, 7, "```\nb;\n");
    expect_section(l, 2, LA_SECTION_CODE, 8, 10, "c;\n");
    expect_section(l, 3, LA_SECTION_CODE, 11, 13, "d;\n");
    read_done(&r);
}

static void fence_not_one_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "``c\nprose\n``\n    ```c\nindented four: prose\n`` `\n~~ ~\n```c``` in a sentence\nmore\n```c\nx;\n```\n");

    (void)state;
    assert_int_equal(r.diags.nr, 0);
    assert_int_equal(l->nr_sections, 2);
    expect_section(l, 0, LA_SECTION_PROSE, 1, 9, NULL);
    expect_section(l, 1, LA_SECTION_CODE, 10, 12, "x;\n");
    read_done(&r);
}

static void fence_closed_only_by_its_own_kind_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "```c\na;\n~~~\nb;\n``` c\nc;\n```\n");

    (void)state;
    expect_section(l, 0, LA_SECTION_CODE, 1, 7, "a;\n~~~\nb;\n``` c\nc;\n");
    read_done(&r);
}

static void fence_unterminated_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "Prose.\n\n```c\nx = 1;\ny = 2;\n");

    (void)state;
    assert_int_equal(l->nr_sections, 2);
    expect_section(l, 1, LA_SECTION_CODE, 3, 5, "x = 1;\ny = 2;\n");
    assert_int_equal(r.diags.nr, 1);
    expect_diag(&r, 0, LA_WARNING, 3, 1, "not closed");
    read_done(&r);
}

static void fence_unterminated_at_the_very_end_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "```c");

    (void)state;
    assert_int_equal(l->nr_sections, 1);
    expect_section(l, 0, LA_SECTION_CODE, 1, 1, "");
    expect_diag(&r, 0, LA_WARNING, 1, 1, "not closed");
    read_done(&r);
}

/* A block in another language is part of the prose around it. */
static void fence_of_another_kind_is_prose_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "Before.\n\n```sh\n# not a title\n```\n\nAfter.\n\n```c\nx;\n```\n");

    (void)state;
    assert_string_equal(l->title, "");
    assert_int_equal(r.diags.nr, 0);
    assert_int_equal(l->nr_sections, 2);
    expect_section(l, 0, LA_SECTION_PROSE, 1, 8, "Before.\n\n```sh\n# not a title\n```\n\nAfter.\n\n");
    expect_section(l, 1, LA_SECTION_CODE, 9, 11, "x;\n");
    read_done(&r);
}

static void fence_of_another_kind_first_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "```\nplain\n```\n```c\nx;\n```\n```text\nlast\n```\n");

    (void)state;
    assert_int_equal(l->nr_sections, 3);
    expect_section(l, 0, LA_SECTION_PROSE, 1, 3, "```\nplain\n```\n");
    expect_section(l, 1, LA_SECTION_CODE, 4, 6, "x;\n");
    expect_section(l, 2, LA_SECTION_PROSE, 7, 9, "```text\nlast\n```\n");
    read_done(&r);
}

static void fence_mistyped_json_kind_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "\n```json machin\n{}\n```\n```json whatever\n{}\n```\n```json\n{}\n```\n");

    (void)state;
    assert_int_equal(r.diags.nr, 2);
    expect_diag(&r, 0, LA_WARNING, 2, 1, "json machine");
    expect_diag(&r, 1, LA_WARNING, 5, 1, "Known: json machine");
    assert_int_equal(l->nr_sections, 1);
    read_done(&r);
}

/* ---- json machine ---- */

static void machine_block_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "a\n```json machine\n{\"cpus\": 2}\n```\nb\n```json machine\n{}\n```\n");

    (void)state;
    assert_int_equal(l->machine_line, 3);
    assert_int_equal(l->machine_len, 12);
    assert_memory_equal(l->machine, "{\"cpus\": 2}\n", 12);
    assert_int_equal(r.diags.nr, 1);
    expect_diag(&r, 0, LA_SEVERE, 6, 1, "the first is on line 2");
    assert_int_equal(l->nr_sections, 2);
    read_done(&r);
}

/* ---- json ask ---- */

#define ASK(body) "```json ask\n" body "\n```\n"

static void ask_choice_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, ASK("{\"question\": \"Which?\", \"kind\": \"choice\",\n \"choices\": [\"DMA\", {\"value\": \"Normal\", "
                                            "\"why\": \"No.\"}],\n \"answer\": \"1 + 1\", \"why\": \"So.\"}"));

    (void)state;
    assert_int_equal(r.diags.nr, 0);
    const struct la_ask *ask = l->section[0].ask;

    assert_int_equal(l->section[0].kind, LA_SECTION_ASK);
    assert_int_equal(ask->kind, LA_ASK_CHOICE);
    assert_string_equal(ask->question, "Which?");
    assert_string_equal(ask->answer, "1 + 1");
    assert_string_equal(ask->why, "So.");
    assert_int_equal(ask->nr_choices, 2);
    assert_string_equal(ask->choice[0].value, "DMA");
    assert_string_equal(ask->choice[0].why, "");
    assert_string_equal(ask->choice[1].value, "Normal");
    assert_string_equal(ask->choice[1].why, "No.");
    assert_int_equal(ask->answer_line, 4);
    assert_int_equal(ask->answer_column, 2);
    read_done(&r);
}

static void ask_number_and_page_and_task_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, ASK("{\"question\": \"N?\", \"kind\": \"number\", \"answer\": \"3\"}")
                                    ASK("{\"question\": \"P?\", \"kind\": \"page\", \"answer\": \"page_to_pfn(p)\"}")
                                    "```json task\n{\"kind\": \"click-buddy\", \"prompt\": \"Click.\", \"of\": \"one\"}\n```\n");
    uint32_t section = 99;

    (void)state;
    assert_int_equal(r.diags.nr, 0);
    assert_int_equal(l->nr_asks, 3);
    assert_int_equal(la_lesson_ask(l, 0, NULL)->kind, LA_ASK_NUMBER);
    assert_int_equal(la_lesson_ask(l, 1, &section)->kind, LA_ASK_PAGE);
    assert_int_equal(section, 1);
    assert_int_equal(la_lesson_ask(l, 2, &section)->kind, LA_ASK_BUDDY);
    assert_int_equal(l->section[2].kind, LA_SECTION_TASK);
    assert_null(la_lesson_ask(l, 2, NULL)->answer);
    assert_string_equal(la_ask_kind_name(LA_ASK_BUDDY), "buddy");
    assert_null(la_lesson_ask(l, 3, &section));
    read_done(&r);
}

/* Each row: the block, where the complaint must point (line 1 is the fence), and a word of it. */
static void ask_bad_blocks_check(void **state)
{
    static const struct {
        const char *text;
        uint32_t line, column;
        const char *part;
    } rows[] = {
        {ASK("{\"question\": \"Q\",\n \"kind\": }"), 3, 10, "valid JSON"},
        {ASK("{\"question\": \"Q\",\n}"), 3, 2, "valid JSON"},
        {ASK(""), 2, 1, "valid JSON"},
        {ASK("[]"), 2, 1, "one JSON object"},
        {ASK("7"), 2, 1, "one JSON object"},
        {ASK("{\"kind\": \"number\", \"answer\": \"1\"}"), 2, 1, "needs a \"question\""},
        {ASK("{\"question\": \"Q\", \"kind\": \"number\"}"), 2, 1, "needs an \"answer\""},
        {ASK("{\"question\": \"Q\", \"kind\": \"number\", \"answer\": 7}"), 2, 1, "needs an \"answer\""},
        {ASK("{\"question\": \"Q\",\n  \"kin\": \"number\", \"answer\": \"1\"}"), 3, 3, "Did you mean \"kind\"?"},
        {ASK("{\"question\": \"Q\",\n  \"kind\": \"numbre\", \"answer\": \"1\"}"), 3, 3, "number"},
        {ASK("{\"question\": \"Q\", \"answer\": \"1\"}"), 2, 1, "kind"},
        {ASK("{\"question\": \"Q\",\n \"kind\": \"choice\", \"answer\": \"1\"}"), 3, 2, "at least two"},
        {ASK("{\"question\": \"Q\", \"kind\": \"choice\", \"answer\": \"1\",\n \"choices\": [\"a\"]}"), 3, 2, "at least two"},
        {ASK("{\"question\": \"Q\", \"kind\": \"choice\", \"answer\": \"1\",\n \"choices\": [\"a\", 7]}"), 3, 2, "a choice is a text"},
        {ASK("{\"question\": \"Q\", \"kind\": \"choice\", \"answer\": \"1\",\n \"choices\": [\"a\", {\"valu\": \"b\"}]}"), 3, 20, "\"value\""},
        {ASK("{\"question\": \"Q\", \"kind\": \"choice\", \"answer\": \"1\",\n \"choices\": [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}"), 3, 2,
         "at most 8"},
        {"```json task\n{\"kind\": \"click\", \"prompt\": \"P\"}\n```\n", 2, 2, "click-buddy"},
        {"```json task\n{\"kind\": \"click-buddy\"}\n```\n", 2, 1, "prompt"},
        {"```json view\n{\"show\": [\"memory\", \"free-list\"]}\n```\n", 2, 2, "free-lists"},
        {"```json view\n{\"show\": \"memory\"}\n```\n", 2, 2, "lists views"},
        {"```json view\n{\"show\": [\"slab\"]}\n```\n", 2, 2, "slabs"},
        {"```json view\n{\"show\": [\"memory\", 7]}\n```\n", 2, 2, "\"slabs\", \"pools\""},
        {"```json view\n{\"show\": [7]}\n```\n", 2, 2, "lists views"},
        {"```json view\n{\"show\": [], \"follow\": 3}\n```\n", 2, 14, "true or false"},
        {"```json view\n{\"shwo\": []}\n```\n", 2, 2, "Did you mean \"show\"?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct read r;
        struct la_lesson *l = read_text(&r, rows[i].text);

        if (r.diags.nr != 1)
            fail_msg("%s gave %u messages", rows[i].text, r.diags.nr);
        expect_diag(&r, 0, LA_SEVERE, rows[i].line, rows[i].column, rows[i].part);
        assert_int_equal(l->nr_sections, 0);
        assert_int_equal(l->nr_asks, 0);
        read_done(&r);
    }
}

/* A bad block is left out and the rest is kept, with the right numbers. */
static void bad_block_in_the_middle_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "One.\n" ASK("{") "Two.\n" ASK("{\"question\": \"Q\", \"kind\": \"number\", \"answer\": \"1\"}") "```c\nx;\n```\n");

    (void)state;
    assert_int_equal(r.diags.nr_errors, 1);
    assert_int_equal(l->nr_sections, 4);
    expect_section(l, 0, LA_SECTION_PROSE, 1, 1, "One.\n");
    expect_section(l, 1, LA_SECTION_PROSE, 5, 5, "Two.\n");
    expect_section(l, 2, LA_SECTION_ASK, 6, 8, NULL);
    expect_section(l, 3, LA_SECTION_CODE, 9, 11, NULL);
    assert_int_equal(l->section[2].ask->index, 0);
    read_done(&r);
}

static void next_code_check(void **state)
{
    struct read r;
    struct la_lesson *l = read_text(&r, "p\n```c\na;\n```\nq\n```c\nb;\n```\nr\n");

    (void)state;
    assert_int_equal(la_lesson_next_code(l, 0), 1);
    assert_int_equal(la_lesson_next_code(l, 1), 1);
    assert_int_equal(la_lesson_next_code(l, 2), 3);
    assert_int_equal(la_lesson_next_code(l, 4), UINT32_MAX);
    assert_int_equal(la_lesson_next_code(l, 1000), UINT32_MAX);
    read_done(&r);
}

/* ---- bounds ---- */

static void ten_megabytes_check(void **state)
{
    const size_t len = 10 << 20;
    char *text = malloc(len);
    struct read r;

    (void)state;
    memset(text, 'x', len);
    struct la_lesson *l = read_bytes(&r, text, len);

    assert_int_equal(l->nr_sections, 0);
    assert_int_equal(r.diags.nr, 1);
    expect_diag(&r, 0, LA_SEVERE, 1, 1, "10485760 bytes");
    assert_int_equal(r.diags.item[0].code, LA_E_LIMIT);
    read_done(&r);
    free(text);
}

static void largest_lesson_check(void **state)
{
    const size_t len = LA_LESSON_BYTES_MAX;
    char *text = malloc(len);
    struct read r;

    (void)state;
    memset(text, '\n', len);
    memcpy(text + len - 12, "```c\nx;\n```\n", 12);
    struct la_lesson *l = read_bytes(&r, text, len);

    assert_int_equal(r.diags.nr, 0);
    assert_int_equal(l->nr_sections, 1);
    expect_section(l, 0, LA_SECTION_CODE, LA_LESSON_BYTES_MAX - 12 + 1, LA_LESSON_BYTES_MAX - 12 + 3, "x;\n");
    read_done(&r);
    free(text);
}

static void two_thousand_sections_check(void **state)
{
    static char text[2000 * 16];
    size_t len = 0;
    struct read r;

    (void)state;
    for (int i = 0; i < 1000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "p\n```c\nx;\n```\n");
    struct la_lesson *l = read_bytes(&r, text, len);

    assert_int_equal(l->nr_sections, LA_LESSON_SECTIONS_MAX);
    assert_true(r.diags.nr_errors > 0);
    expect_diag(&r, 0, LA_SEVERE, 512 * 4 + 2, 1, "at most 1024 sections");
    read_done(&r);
}

static void two_thousand_questions_check(void **state)
{
    static const char ask[] = ASK("{\"question\": \"Q\", \"kind\": \"number\", \"answer\": \"1\"}");
    static char text[2000 * sizeof ask];
    struct read r;

    (void)state;
    for (size_t i = 0; i < 2000; i++)
        memcpy(text + i * (sizeof ask - 1), ask, sizeof ask - 1);
    struct la_lesson *l = read_bytes(&r, text, 2000 * (sizeof ask - 1));

    assert_int_equal(l->nr_sections, LA_LESSON_SECTIONS_MAX);
    assert_int_equal(l->nr_asks, LA_LESSON_SECTIONS_MAX);
    read_done(&r);
}

static void strange_bytes_check(void **state)
{
    static const char text[] = "# a\0b\nGoal: c\0d\n\xFF\xFE\n```c\n\0\n```\n```json ask\n\0\n```\n```\0\n";
    struct read r;
    struct la_lesson *l = read_bytes(&r, text, sizeof text - 1);

    (void)state;
    assert_true(l->nr_sections >= 2);
    read_done(&r);
}

/* ---- memory runs out ---- */

static void every_allocation_can_fail_check(void **state)
{
    static const char text[] = "# T\nGoal: g\np\n```json machine\n{}\n```\n```json view\n{\"show\": [\"memory\", \"watermarks\"]}\n```\n"
        ASK("{\"question\": \"Q\", \"kind\": \"choice\", \"choices\": [\"a\", {\"value\": \"b\", \"why\": \"c\"}], \"answer\": \"1\", \"why\": \"w\"}")
        "```c\nx;\n```\n" ASK("{\"questio\": 1}") "```json tsk\n```\n# U\nGoal: h\n";

    (void)state;
    for (int forever = 0; forever < 2; forever++) {
        bool good = false;

        for (uint64_t n = 1; !good; n++) {
            struct check_host check;
            struct la_diags diags;

            check_host_init(&check);
            check.fail_at = n;
            check.fail_forever = forever != 0;
            la_diags_init(&diags, &check.host);
            struct la_lesson *lesson = la_lesson_parse(&check.host, text, sizeof text - 1, &diags);

            if (lesson) {
                assert_non_null(lesson->title);
                assert_non_null(lesson->goal);
            }
            good = check.nr_allocations < n;
            la_lesson_free(lesson);
            la_diags_free(&diags);
            assert_true(check_host_clean(&check));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lesson_simple_check),
        cmocka_unit_test(lesson_empty_check),
        cmocka_unit_test(lesson_crlf_check),
        cmocka_unit_test(lesson_only_first_heading_is_the_title_check),
        cmocka_unit_test(lesson_no_newline_at_the_end_check),
        cmocka_unit_test(lesson_oops_block_check),
        cmocka_unit_test(fence_kinds_check),
        cmocka_unit_test(fence_not_one_check),
        cmocka_unit_test(fence_closed_only_by_its_own_kind_check),
        cmocka_unit_test(fence_unterminated_check),
        cmocka_unit_test(fence_unterminated_at_the_very_end_check),
        cmocka_unit_test(fence_of_another_kind_is_prose_check),
        cmocka_unit_test(fence_of_another_kind_first_check),
        cmocka_unit_test(fence_mistyped_json_kind_check),
        cmocka_unit_test(machine_block_check),
        cmocka_unit_test(ask_choice_check),
        cmocka_unit_test(ask_number_and_page_and_task_check),
        cmocka_unit_test(ask_bad_blocks_check),
        cmocka_unit_test(bad_block_in_the_middle_check),
        cmocka_unit_test(next_code_check),
        cmocka_unit_test(ten_megabytes_check),
        cmocka_unit_test(largest_lesson_check),
        cmocka_unit_test(two_thousand_sections_check),
        cmocka_unit_test(two_thousand_questions_check),
        cmocka_unit_test(strange_bytes_check),
        cmocka_unit_test(every_allocation_can_fail_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
