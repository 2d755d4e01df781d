/* test_diag.c: the list of messages, its JSON, its bound, and the guess at what was meant. */
#include "cmocka_all.h"

#include "base/diag.h"
#include "check_host.h"

static void expect_json(const struct la_diags *diags, const char *text)
{
    struct la_buf buf;
    struct la_json w;

    la_buf_init(&buf, diags->host);
    la_json_init(&w, &buf);
    la_diags_json(diags, &w);
    assert_string_equal(la_buf_str(&buf), text);
    la_buf_free(&buf);
}

static void diags_json_check(void **state)
{
    struct check_host check;
    struct la_diags diags;

    (void)state;
    check_host_init(&check);
    la_diags_init(&diags, &check.host);
    expect_json(&diags, "[]");
    la_diags_add(&diags, LA_SEVERE, LA_E_SYNTAX, (struct la_span){3, 4, 3, 9}, "a \"word\" is missing", "Write it.");
    la_diags_addf(&diags, LA_WARNING, LA_E_TYPE, (struct la_span){5, 1, 0, 0}, NULL, "%d is not %s", 7, "even");
    assert_int_equal(diags.nr, 2);
    assert_int_equal(diags.nr_errors, 1);
    expect_json(&diags, "[{\"severity\":\"error\",\"code\":\"syntax\",\"message\":\"a \\\"word\\\" is missing\",\"line\":3,\"column\":4,"
                        "\"end_line\":3,\"end_column\":9,\"hint\":\"Write it.\"},"
                        "{\"severity\":\"warning\",\"code\":\"type\",\"message\":\"7 is not even\",\"line\":5,\"column\":1,"
                        "\"end_line\":0,\"end_column\":0,\"hint\":\"\"}]");
    la_diags_free(&diags);
    assert_int_equal(diags.nr_errors, 0);
    assert_true(check_host_clean(&check));
}

static void diags_full_list_counts_check(void **state)
{
    struct check_host check;
    struct la_diags diags;

    (void)state;
    check_host_init(&check);
    la_diags_init(&diags, &check.host);
    for (int i = 0; i < LA_DIAG_MAX + 10; i++)
        la_diags_addf(&diags, LA_SEVERE, LA_E_SYNTAX, (struct la_span){1, 1, 1, 1}, "hint", "number %d", i);
    assert_int_equal(diags.nr, LA_DIAG_MAX);
    assert_int_equal(diags.nr_errors, LA_DIAG_MAX + 10);
    la_diags_free(&diags);
    assert_true(check_host_clean(&check));
}

static void diags_out_of_memory_still_counts_check(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 8; n++) {
        struct check_host check;
        struct la_diags diags;

        check_host_init(&check);
        check.fail_at = n;
        la_diags_init(&diags, &check.host);
        la_diags_addf(&diags, LA_SEVERE, LA_E_NOMEM, (struct la_span){1, 1, 0, 0}, "hint", "message %d", 1);
        la_diags_add(&diags, LA_SEVERE, LA_E_NOMEM, (struct la_span){1, 1, 0, 0}, "message", "hint");
        assert_int_equal(diags.nr_errors, 2);
        check.fail_at = 0;
        struct la_buf buf;
        struct la_json w;

        la_buf_init(&buf, &check.host);
        la_json_init(&w, &buf);
        la_diags_json(&diags, &w);
        la_buf_free(&buf);
        la_diags_free(&diags);
        assert_true(check_host_clean(&check));
    }
}

static void error_codes_are_distinct_words_check(void **state)
{
    (void)state;
    for (int i = 0; i < LA_E_NR; i++) {
        const char *code = la_error_code((enum la_error)i);

        assert_int_equal(strspn(code, "abcdefghijklmnopqrstuvwxyz-"), strlen(code));
        assert_true(strlen(la_error_meaning((enum la_error)i)) > 5);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(code, la_error_code((enum la_error)j));
    }
}

static void did_you_mean_check(void **state)
{
    static const char *const names[] = {"alloc_page", "alloc_pages", "free_page", "__free_page", "get_free_page", "kmap"};
    static const struct {
        const char *typed, *meant; /* NULL: nothing is near enough */
    } rows[] = {
        {"aloc_page", "alloc_page"},    {"alloc_pgae", "alloc_page"},  {"alloc_pagess", "alloc_pages"},
        {"_free_page", "free_page"},    {"kmpa", "kmap"},              {"kmpa!", "kmap"},
        {"kmxy", "kmap"},               {"kxyz", NULL},
        {"xyzzy", NULL},                {"", NULL},                    {"alloc_page", "alloc_page"},
        {"k", NULL},                    {"printk", NULL},              {"ALLOC_PAGE", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *got = la_did_you_mean(rows[i].typed, names, 6);

        if ((got == NULL) != (rows[i].meant == NULL) || (got && strcmp(got, rows[i].meant) != 0))
            fail_msg("\"%s\" gave %s", rows[i].typed, got ? got : "nothing");
    }
    assert_null(la_did_you_mean("anything", names, 0));
}

static void did_you_mean_long_names_check(void **state)
{
    char typed[200];
    const char *const names[] = {typed, "short"};

    (void)state;
    memset(typed, 'a', sizeof typed);
    typed[199] = '\0';
    assert_null(la_did_you_mean(typed, names, 2));
    typed[48] = '\0';
    assert_ptr_equal(la_did_you_mean(typed, names, 2), typed);
    assert_null(la_did_you_mean("sho", names, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(diags_json_check),
        cmocka_unit_test(diags_full_list_counts_check),
        cmocka_unit_test(diags_out_of_memory_still_counts_check),
        cmocka_unit_test(error_codes_are_distinct_words_check),
        cmocka_unit_test(did_you_mean_check),
        cmocka_unit_test(did_you_mean_long_names_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
