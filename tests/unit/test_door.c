/*
 * test_door.c: la_request() from outside: what each operation does, and that no input breaks an engine.  Moving: test_door_run.c.
 */
#include "unit/talk.h"

/* ---- looking ---- */

static void inspect_frame_zone_variable_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\"}");
    const cJSON *result = ask(&talk, "{\"op\":\"inspect\",\"pfn\":0}");

    assert_int_equal(number(result, "step"), 1);
    assert_true(cJSON_GetArraySize(la_cjson_get(result, "facts")) > 2);
    (void)ask(&talk, "{\"op\":\"inspect\",\"zone\":0}");
    result = ask(&talk, "{\"op\":\"inspect\",\"variable\":\"one\"}");
    assert_non_null(strstr(text_of(result, "title"), "one"));
    assert_string_equal(refused(&talk, "{\"op\":\"inspect\",\"variable\":\"two\"}"), "not-found");
    assert_string_equal(refused(&talk, "{\"op\":\"inspect\",\"pfn\":64}"), "not-found");
    assert_string_equal(refused(&talk, "{\"op\":\"inspect\",\"zone\":9}"), "not-found");
    talk_done(&talk);
}

static void proc_files_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    const cJSON *result = ask(&talk, "{\"op\":\"proc\",\"name\":\"buddyinfo\"}");

    assert_string_equal(text_of(result, "text"),
                        "Node 0, zone   Normal      0      0      0      0      0      0      1      0      0      0      0 \n");
    (void)ask(&talk, "{\"op\":\"proc\",\"name\":\"zoneinfo\"}");
    (void)ask(&talk, "{\"op\":\"proc\",\"name\":\"pagetypeinfo\"}");
    assert_string_equal(refused(&talk, "{\"op\":\"proc\",\"name\":\"buddyinfos\"}"), "not-found");
    assert_non_null(strstr(text_of(la_cjson_get(talk.reply, "error"), "hint"), "buddyinfo"));
    talk_done(&talk);
}

static void complete_offers_words_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\"}");
    const cJSON *words = la_cjson_get(ask(&talk, "{\"op\":\"complete\",\"prefix\":\"on\"}"), "words");

    assert_int_equal(cJSON_GetArraySize(words), 1);
    assert_string_equal(la_cjson_string(cJSON_GetArrayItem(words, 0)), "one");
    words = la_cjson_get(ask(&talk, "{\"op\":\"complete\",\"prefix\":\"zzz\"}"), "words");
    assert_int_equal(cJSON_GetArraySize(words), 0);
    talk_done(&talk);
}

/* ---- typing, branches, logs ---- */

static void eval_runs_and_reports_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    const cJSON *result = ask(&talk, "{\"op\":\"eval\",\"text\":\"printk(\\\"%d\\\\n\\\", 6 * 7);\"}");

    assert_string_equal(text_of(result, "output"), "42\n3\n"); /* what it printed, and its value */
    assert_int_equal(number(at(result), "step"), 1);
    result = ask(&talk, "{\"op\":\"eval\",\"text\":\"cat /proc/buddyinfo\"}");
    assert_non_null(strstr(text_of(result, "output"), "Node 0, zone   Normal"));
    assert_int_equal(number(at(result), "step"), 1);
    result = ask(&talk, "{\"op\":\"eval\",\"text\":\"cat /proc/nothing\"}");
    assert_non_null(strstr(text_of(result, "output"), "No such file"));
    result = ask(&talk, "{\"op\":\"eval\",\"text\":\"int x = ;\"}");
    const cJSON *diagnostic = cJSON_GetArrayItem(la_cjson_get(result, "diagnostics"), 0);

    assert_int_equal(number(diagnostic, "line"), 1);
    assert_int_equal(number(diagnostic, "column"), 9);
    assert_int_equal(number(at(result), "step"), 1);
    result = ask(&talk, "{\"op\":\"eval\",\"text\":\"*(int *)8 = 1;\"}");
    assert_string_equal(text_of(at(result), "stopped"), "oops");
    result = ask(&talk, "{\"op\":\"eval\",\"text\":\"cat /proc/buddyinfo\"}");
    assert_string_equal(text_of(at(result), "stopped"), "");
    talk_done(&talk);
}

static void fork_and_drop_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\",\"n\":3}");
    for (int i = 1; i < 4; i++)
        assert_int_equal(number(ask(&talk, "{\"op\":\"fork\"}"), "branch"), i);
    assert_string_equal(refused(&talk, "{\"op\":\"fork\"}"), "limit");
    (void)ask(&talk, "{\"op\":\"eval\",\"branch\":2,\"text\":\"alloc_pages(GFP_KERNEL, 2);\"}");
    assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\",\"branch\":2}"), "step"), 4);
    assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 3);
    (void)ask(&talk, "{\"op\":\"drop\",\"branch\":2}");
    assert_string_equal(refused(&talk, "{\"op\":\"snapshot\",\"branch\":2}"), "not-found");
    assert_int_equal(number(ask(&talk, "{\"op\":\"fork\",\"step\":1}"), "branch"), 2);
    assert_string_equal(refused(&talk, "{\"op\":\"drop\",\"branch\":0}"), "range");
    (void)open_file(&talk, golden_lessons[0]); /* a new lesson forgets the branches */
    assert_string_equal(refused(&talk, "{\"op\":\"snapshot\",\"branch\":1}"), "not-found");
    talk_done(&talk);
}

static void log_replayed_gives_the_same_hash_check(void **state)
{
    struct talk talk;
    char hash[32];

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\",\"n\":2}");
    (void)ask(&talk, "{\"op\":\"eval\",\"text\":\"struct page *typed = alloc_pages(GFP_KERNEL, 1);\"}");
    const cJSON *result = ask(&talk, "{\"op\":\"step\",\"n\":3}");

    (void)snprintf(hash, sizeof hash, "%s", text_of(at(result), "hash"));
    cJSON *request = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(request, "op", "replay");
    (void)cJSON_AddItemToObject(request, "choices", cJSON_Duplicate(la_cjson_get(ask(&talk, "{\"op\":\"log\"}"), "choices"), true));
    char *text = cJSON_PrintUnformatted(request);

    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, text);
    result = ask(&talk, "{\"op\":\"seek\",\"step\":6}");
    assert_string_equal(text_of(at(result), "hash"), hash);
    cJSON_free(text);
    cJSON_Delete(request);
    talk_done(&talk);
}

/* ---- questions ---- */

static void answers_are_graded_check(void **state)
{
    static const struct {
        const char *lesson, *request;
        bool right;
        const char *correct, *why;
    } rows[] = {
        {"tests/golden/splitting.md", "{\"op\":\"answer\",\"ask\":0,\"value\":\"6\"}", true, "6", "One half is left over"},
        {"tests/golden/splitting.md", "{\"op\":\"answer\",\"ask\":0,\"value\":\"63\"}", false, "6", "Nothing below"},
        {"tests/golden/splitting.md", "{\"op\":\"answer\",\"ask\":1,\"value\":\"1\"}", true, "1", ""},
        {"tests/golden/splitting.md", "{\"op\":\"answer\",\"ask\":1,\"value\":\"0x1\"}", true, "1", ""},
        {"tests/golden/splitting.md", "{\"op\":\"answer\",\"ask\":1,\"value\":\"2\"}", false, "1", ""},
        {"tests/golden/functions.md", "{\"op\":\"answer\",\"ask\":0,\"value\":\"3\"}", true, "3", "Each call adds one."},
        {"tests/golden/functions.md", "{\"op\":\"answer\",\"ask\":0,\"value\":\"three\"}", false, "3", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk talk;

        talk_init(&talk);
        (void)open_file(&talk, rows[i].lesson);
        const cJSON *result = ask(&talk, rows[i].request);

        assert_int_equal(cJSON_IsTrue(la_cjson_get(result, "right")), rows[i].right);
        assert_string_equal(text_of(result, "correct"), rows[i].correct);
        assert_non_null(strstr(text_of(result, "why"), rows[i].why));
        assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 0); /* grading looks ahead and comes back */
        assert_string_equal(refused(&talk, "{\"op\":\"answer\",\"ask\":9,\"value\":\"1\"}"), "not-found");
        talk_done(&talk);
    }
}

/* What merged in a future that was left does not answer the task in the new one. */
static void task_is_graded_in_the_new_future_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"seek\",\"step\":1000}");
    (void)ask(&talk, "{\"op\":\"seek\",\"step\":20}");
    (void)ask(&talk, "{\"op\":\"eval\",\"text\":\"struct page *buddy = alloc_page(GFP_KERNEL);\"}");
    assert_string_equal(refused(&talk, "{\"op\":\"answer\",\"ask\":1,\"value\":\"1\"}"), "bad-lesson");
    assert_non_null(strstr(text_of(la_cjson_get(talk.reply, "error"), "message"), "no blocks merge"));
    talk_done(&talk);
}

/* ---- check ---- */

/* Each row: a lesson, and the one complaint about it. */
static void check_finds_what_is_wrong_check(void **state)
{
    static const struct {
        const char *source, *code;
        int line, column;
        const char *part;
    } rows[] = {
        {SLIDE "```c\nint x = 1;\nassert(x == 2);\n```\n", "assert", 6, 1, ""},
        {SLIDE "```c\nint x;\n  x = *(int *)8;\n```\n", "oops", 6, 3, "unexpected oops"},
        {SLIDE "```c oops\nint x = 1;\n```\n", "oops", 4, 1, "nothing oopsed"},
        {SLIDE "```c oops\nint x = *(int *)8;\n```\n```c\nint y;\n```\n", "oops", 7, 1, "never runs: the oops in line 5"},
        {SLIDE "```c\nwhile (1)\n    ;\n```\n", "limit", 6, 5, "did not end"},
        {SLIDE "```c\nint x = y;\n```\n", "unknown-name", 5, 9, "y"},
        {SLIDE "```json ask\n{\"question\": \"Q\", \"kind\": \"number\", \"answer\": \"1\"}\n```\n", "bad-lesson", 4, 1, "no code"},
        {SLIDE "```json ask\n{\"question\": \"Q\", \"kind\": \"number\",\n \"answer\": \"nothing\"}\n```\n```c\nint x = 1;\n```\n", "unknown-name", 6, 2, "nothing"},
        {SLIDE "```json ask\n{\"question\": \"Q\", \"kind\": \"choice\", \"choices\": [\"1\", \"2\"], \"answer\": \"x\"}\n```\n```c\nint x = 3;\n```\n",
         "bad-lesson", 4, 1, "not among the choices"},
        {SLIDE "```json task\n{\"kind\": \"click-buddy\", \"prompt\": \"P\"}\n```\n```c\nint x = 3;\n```\n", "bad-lesson", 4, 1, "no blocks merge"},
        {"```json machine\n{\"cpu\": 1}\n```\n", "bad-setting", 2, 2, "cpus"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk talk;

        talk_init(&talk);
        (void)open_source(&talk, rows[i].source);
        const cJSON *result = ask(&talk, "{\"op\":\"check\",\"limit\":20000}"), *list = la_cjson_get(result, "diagnostics");
        const cJSON *first = cJSON_GetArrayItem(list, 0);

        assert_true(cJSON_IsFalse(la_cjson_get(result, "ok")));
        if (cJSON_GetArraySize(list) != 1)
            fail_msg("row %zu: %s", i, cJSON_Print(list));
        if (strcmp(text_of(first, "code"), rows[i].code) != 0 || number(first, "line") != rows[i].line ||
            (rows[i].column && number(first, "column") != rows[i].column) ||
            (!strstr(text_of(first, "message"), rows[i].part) && !strstr(text_of(first, "hint"), rows[i].part)))
            fail_msg("row %zu: %s", i, cJSON_Print(first));
        talk_done(&talk);
    }
}

static void check_of_good_lessons_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < NR_GOLDEN; i++) {
        struct talk talk;

        if (strstr(golden_lessons[i], "assert") || strstr(golden_lessons[i], "stuck"))
            continue;
        talk_init(&talk);
        (void)open_file(&talk, golden_lessons[i]);
        (void)ask(&talk, "{\"op\":\"seek\",\"step\":3}");
        const cJSON *result = ask(&talk, "{\"op\":\"check\"}");

        if (!cJSON_IsTrue(la_cjson_get(result, "ok")))
            fail_msg("%s: %s", golden_lessons[i], cJSON_Print(la_cjson_get(result, "diagnostics")));
        assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 3);
        talk_done(&talk);
    }
}

/* ---- input that is wrong ---- */

static void wrong_bytes_have_a_position_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    assert_string_equal(refused(&talk, "{\"op\":\n  \"step\", x}"), "bad-json");
    const cJSON *error = la_cjson_get(talk.reply, "error");

    assert_int_equal(number(error, "line"), 2);
    assert_true(number(error, "column") >= 11);
    assert_string_equal(refused(&talk, ""), "bad-json");
    assert_string_equal(refused(&talk, "[]"), "bad-request");
    assert_string_equal(refused(&talk, "{\"op\":\"stpe\"}"), "unknown-op");
    assert_string_equal(text_of(la_cjson_get(talk.reply, "error"), "hint"), "step");
    assert_string_equal(refused(&talk, "{\"op\":\"step\"}"), "no-lesson");
    assert_int_equal(number(talk.reply, "id"), 0);
    (void)refused(&talk, "{\"id\":7,\"op\":\"step\"}");
    assert_int_equal(number(talk.reply, "id"), 7);
    talk_done(&talk);
}

static void request_of_any_bytes_check(void **state)
{
    static char bytes[70000];
    struct talk talk;

    (void)state;
    talk_init(&talk);
    for (int byte = 0; byte < 256; byte++) {
        memset(bytes, byte, sizeof bytes);
        (void)send(&talk, bytes, 1);
        (void)send(&talk, bytes, sizeof bytes);
        assert_true(cJSON_IsFalse(la_cjson_get(talk.reply, "ok")) || byte == 0);
    }
    (void)send(&talk, NULL, 0);
    (void)ask(&talk, "{\"op\":\"hello\"}");
    talk_done(&talk);
}

static void request_too_large_check(void **state)
{
    const size_t len = (16 << 20) + 1;
    char *large = malloc(len);
    struct talk talk;

    (void)state;
    memset(large, ' ', len);
    talk_init(&talk);
    (void)send(&talk, large, len);
    assert_string_equal(text_of(la_cjson_get(talk.reply, "error"), "code"), "limit");
    (void)ask(&talk, "{\"op\":\"hello\"}");
    free(large);
    talk_done(&talk);
}

/* An open that fails for want of memory keeps the lesson that was open. */
static void every_allocation_can_fail_check(void **state)
{
    static const char *const requests[] = {"{\"op\":\"step\",\"n\":4,\"all\":true,\"since\":{}}", "{\"op\":\"seek\",\"step\":1,\"since\":{}}",
                                           "{\"op\":\"eval\",\"text\":\"int typed = 7;\"}", "{\"op\":\"fork\"}", "{\"op\":\"check\",\"limit\":50}",
                                           "{\"op\":\"survey\",\"limit\":50}", "{\"op\":\"answer\",\"ask\":0,\"value\":\"1\"}", "{\"op\":\"tables\"}",
                                           "{\"op\":\"proc\",\"name\":\"zoneinfo\"}", "{\"op\":\"inspect\",\"pfn\":0}", "{\"op\":\"complete\",\"prefix\":\"a\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        bool good = false;

        for (uint64_t n = 1; !good; n += n < 100 ? 1 : 1 + n / 10) {
            struct talk talk;

            talk_init(&talk);
            (void)open_file(&talk, golden_lessons[0]);
            uint64_t before = talk.check.nr_allocations;

            talk.check.fail_at = before + n;
            (void)send(&talk, requests[i], strlen(requests[i]));
            good = talk.check.nr_allocations < before + n;
            talk.check.fail_at = 0;
            (void)ask(&talk, "{\"op\":\"seek\",\"step\":2,\"since\":{}}");
            assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 2);
            talk_done(&talk);
        }
    }
}

static void open_that_fails_keeps_the_lesson_check(void **state)
{
    struct talk talk;

    (void)state;
    talk_init(&talk);
    (void)open_file(&talk, golden_lessons[0]);
    (void)ask(&talk, "{\"op\":\"step\",\"n\":3}");
    for (uint64_t n = 1; n < 60; n++) {
        static const char request[] = "{\"op\":\"open\",\"source\":\"```json machine\\n{\\\"memory\\\": \\\"16M\\\"}\\n```\\n```c\\nint x;\\n```\\n\"}";

        talk.check.fail_at = talk.check.nr_allocations + n;
        talk.check.fail_forever = true;
        (void)send(&talk, request, sizeof request - 1);
        talk.check.fail_at = 0;
        if (cJSON_IsTrue(la_cjson_get(talk.reply, "ok")))
            break;
        assert_string_equal(text_of(la_cjson_get(talk.reply, "error"), "code"), "host-memory");
        assert_int_equal(number(ask(&talk, "{\"op\":\"snapshot\"}"), "step"), 3);
    }
    talk_done(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inspect_frame_zone_variable_check),
        cmocka_unit_test(proc_files_check),
        cmocka_unit_test(complete_offers_words_check),
        cmocka_unit_test(eval_runs_and_reports_check),
        cmocka_unit_test(fork_and_drop_check),
        cmocka_unit_test(log_replayed_gives_the_same_hash_check),
        cmocka_unit_test(answers_are_graded_check),
        cmocka_unit_test(task_is_graded_in_the_new_future_check),
        cmocka_unit_test(check_finds_what_is_wrong_check),
        cmocka_unit_test(check_of_good_lessons_check),
        cmocka_unit_test(wrong_bytes_have_a_position_check),
        cmocka_unit_test(request_of_any_bytes_check),
        cmocka_unit_test(request_too_large_check),
        cmocka_unit_test(every_allocation_can_fail_check),
        cmocka_unit_test(open_that_fails_keeps_the_lesson_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
