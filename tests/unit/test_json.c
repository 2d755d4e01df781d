/* test_json.c: the JSON writer: commas, numbers, escapes, bytes that are not UTF-8, depth. */
#include "cmocka_all.h"

#include "base/cjson.h"
#include "base/jsonw.h"
#include "check_host.h"

struct sheet {
    struct check_host check;
    struct la_buf buf;
    struct la_json w;
};

static struct sheet *sheet_open(struct sheet *s)
{
    check_host_init(&s->check);
    la_buf_init(&s->buf, &s->check.host);
    la_json_init(&s->w, &s->buf);
    return s;
}

static void sheet_expect(struct sheet *s, const char *text)
{
    assert_string_equal(la_buf_str(&s->buf), text);
    la_buf_free(&s->buf);
    assert_true(check_host_clean(&s->check));
}

static void json_commas_check(void **state)
{
    struct sheet s;
    struct la_json *w = &sheet_open(&s)->w;

    (void)state;
    la_json_obj(w);
    la_json_kuint(w, "a", 1);
    la_json_key(w, "b");
    la_json_arr(w);
    la_json_uint(w, 1);
    la_json_arr(w);
    la_json_end(w);
    la_json_obj(w);
    la_json_end(w);
    la_json_null(w);
    la_json_end(w);
    la_json_kbool(w, "c", false);
    la_json_key(w, "d");
    la_json_raw(w, "[7]", 3);
    la_json_kbool(w, "e", true);
    la_json_end(w);
    sheet_expect(&s, "{\"a\":1,\"b\":[1,[],{},null],\"c\":false,\"d\":[7],\"e\":true}");
}

static void json_numbers_check(void **state)
{
    struct sheet s;
    struct la_json *w = &sheet_open(&s)->w;

    (void)state;
    la_json_arr(w);
    la_json_uint(w, 0);
    la_json_uint(w, UINT64_MAX);
    la_json_int(w, -1);
    la_json_int(w, INT64_MIN);
    la_json_int(w, INT64_MAX);
    la_json_hex(w, 0);
    la_json_hex(w, UINT64_C(0xFFFF888000000000));
    la_json_end(w);
    sheet_expect(&s, "[0,18446744073709551615,-1,-9223372036854775808,9223372036854775807,\"0x0\",\"0xffff888000000000\"]");
}

static void json_escapes_check(void **state)
{
    struct sheet s;
    struct la_json *w = &sheet_open(&s)->w;

    (void)state;
    static const char text[] = "\"\\/\n\t\r\b\0\x1f\x7f é €";

    la_json_strn(w, text, sizeof text - 1);
    sheet_expect(&s, "\"\\\"\\\\/\\n\\t\\u000d\\u0008\\u0000\\u001f\\u007f é €\"");
}

/* Each row: bytes as they come, and what a reader may see; U+FFFD stands for each byte that is wrong. */
static void json_invalid_utf8_check(void **state)
{
#define BAD "\xEF\xBF\xBD"
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        {"\x80", BAD},                              /* continuation without a start */
        {"\xC3", BAD},                              /* cut off */
        {"\xC3(", BAD "("},                         /* start without continuation */
        {"\xC0\x80", BAD BAD},                      /* overlong NUL */
        {"\xC1\xBF", BAD BAD},
        {"\xE0\x80\xAF", BAD BAD BAD},              /* overlong slash */
        {"\xED\xA0\x80", BAD BAD BAD},              /* surrogate */
        {"\xED\xBF\xBF", BAD BAD BAD},              /* the last of them */
        {"\xED\x9F\xBF", "\xED\x9F\xBF"},           /* the last before them */
        {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},   /* the last of all */
        {"\xF4\x90\x80\x80", BAD BAD BAD BAD},      /* beyond */
        {"\xF8\x88\x80\x80\x80", BAD BAD BAD BAD BAD},
        {"\xFF\xFE", BAD BAD},
        {"\xE2\x82", BAD BAD},                      /* euro sign without its last byte */
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},   /* four bytes */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sheet s;
        char expect[64];

        la_json_str(&sheet_open(&s)->w, rows[i].bytes);
        (void)snprintf(expect, sizeof expect, "\"%s\"", rows[i].text);
        sheet_expect(&s, expect);
    }
#undef BAD
}

/* Every single byte gives text that a JSON reader takes. */
static void json_every_byte_is_readable_check(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        struct sheet s;
        char text[3] = {'a', (char)byte, 'z'};
        size_t at;

        la_json_strn(&sheet_open(&s)->w, text, sizeof text);
        cJSON *tree = la_cjson_parse(la_buf_str(&s.buf), s.buf.len, &at);

        assert_non_null(tree);
        cJSON_Delete(tree);
        la_buf_free(&s.buf);
    }
}

static void json_keys_are_escaped_check(void **state)
{
    struct sheet s;
    struct la_json *w = &sheet_open(&s)->w;

    (void)state;
    la_json_obj(w);
    la_json_kstr(w, "a\"b", "c");
    la_json_kint(w, "d", -5);
    la_json_khex(w, "e", 10);
    la_json_end(w);
    sheet_expect(&s, "{\"a\\\"b\":\"c\",\"d\":-5,\"e\":\"0xa\"}");
}

/* The writer keeps a bit a depth: the deepest one it allows must work, commas included. */
static void json_deepest_check(void **state)
{
    struct sheet s;
    struct la_json *w = &sheet_open(&s)->w;

    (void)state;
    for (int i = 0; i < LA_JSON_DEPTH_MAX - 1; i++) {
        la_json_arr(w);
        la_json_uint(w, 1);
    }
    la_json_uint(w, 2);
    for (int i = 0; i < LA_JSON_DEPTH_MAX - 1; i++)
        la_json_end(w);
    size_t at;
    cJSON *tree = la_cjson_parse(la_buf_str(&s.buf), s.buf.len, &at);

    assert_non_null(tree);
    int depth = 1;

    for (const cJSON *item = tree; cJSON_GetArraySize(item) == 2 && cJSON_IsArray(cJSON_GetArrayItem(item, 1)); depth++)
        item = cJSON_GetArrayItem(item, 1);
    assert_int_equal(depth, LA_JSON_DEPTH_MAX - 1);
    cJSON_Delete(tree);
    la_buf_free(&s.buf);
}

static void json_out_of_memory_check(void **state)
{
    struct sheet s;
    struct la_json *w = &sheet_open(&s)->w;

    (void)state;
    s.check.fail_at = 2;
    s.check.fail_forever = true;
    la_json_arr(w);
    for (int i = 0; i < 1000; i++)
        la_json_kstr(w, "key", "value");
    la_json_end(w);
    assert_true(s.buf.failed);
    la_buf_free(&s.buf);
    assert_true(check_host_clean(&s.check));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_commas_check),
        cmocka_unit_test(json_numbers_check),
        cmocka_unit_test(json_escapes_check),
        cmocka_unit_test(json_invalid_utf8_check),
        cmocka_unit_test(json_every_byte_is_readable_check),
        cmocka_unit_test(json_keys_are_escaped_check),
        cmocka_unit_test(json_deepest_check),
        cmocka_unit_test(json_out_of_memory_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
