/* test_base.c: host, byte buffer, the cJSON wrapper, the random numbers and the rolling hash. */
#include "cmocka_all.h"

#include "base/bits.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/hash.h"
#include "base/prng.h"
#include "check_host.h"

/* ---- host ---- */

static void host_alloc_zeroes_check(void **state)
{
    struct check_host check;

    (void)state;
    check_host_init(&check);
    unsigned char *p = la_host_alloc(&check.host, 100);

    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    la_host_free(&check.host, p, 100);
    la_host_free(&check.host, NULL, 7);
    assert_true(check_host_clean(&check));
}

static void host_libc_resize_keeps_bytes_check(void **state)
{
    const struct la_host *host = la_host_libc();

    (void)state;
    char *p = la_host_alloc(host, 4);

    memcpy(p, "abc", 4);
    p = host->resize(host->ctx, p, 4, 4000);
    assert_string_equal(p, "abc");
    la_host_free(host, p, 4000);
}

/* ---- buffer ---- */

static void buf_starts_empty_check(void **state)
{
    struct check_host check;
    struct la_buf buf;

    (void)state;
    check_host_init(&check);
    la_buf_init(&buf, &check.host);
    assert_string_equal(la_buf_str(&buf), "");
    assert_int_equal(check.nr_allocations, 0);
    la_buf_add(&buf, "x", 0);
    assert_int_equal(buf.len, 0);
    la_buf_free(&buf);
    assert_true(check_host_clean(&check));
}

static void buf_appends_everything_check(void **state)
{
    struct check_host check;
    struct la_buf buf;

    (void)state;
    check_host_init(&check);
    la_buf_init(&buf, &check.host);
    la_buf_puts(&buf, "page ");
    la_buf_printf(&buf, "%u of %s", 7u, "zone");
    la_buf_putc(&buf, '!');
    la_buf_printf(&buf, "%s", "");
    assert_string_equal(la_buf_str(&buf), "page 7 of zone!");
    la_buf_clear(&buf);
    assert_string_equal(la_buf_str(&buf), "");
    la_buf_add(&buf, "a\0b", 3);
    assert_int_equal(buf.len, 3);
    assert_memory_equal(buf.data, "a\0b", 4);
    la_buf_free(&buf);
    assert_true(check_host_clean(&check));
}

static void buf_grows_at_every_length_check(void **state)
{
    struct check_host check;
    struct la_buf buf;

    (void)state;
    check_host_init(&check);
    la_buf_init(&buf, &check.host);
    for (int i = 0; i < 5000; i++) {
        la_buf_putc(&buf, (char)('a' + i % 26));
        assert_int_equal(buf.data[buf.len], 0);
    }
    for (int i = 0; i < 5000; i++)
        assert_int_equal(buf.data[i], 'a' + i % 26);
    la_buf_free(&buf);
    assert_true(check_host_clean(&check));
}

/* Memory runs out in the middle: what was there stays, the rest is dropped, `failed` says so. */
static void buf_out_of_memory_check(void **state)
{
    struct check_host check;
    struct la_buf buf;

    (void)state;
    check_host_init(&check);
    la_buf_init(&buf, &check.host);
    la_buf_puts(&buf, "kept");
    check.fail_at = check.nr_allocations + 1;
    for (int i = 0; i < 100; i++)
        la_buf_puts(&buf, "0123456789");
    assert_true(buf.failed);
    assert_memory_equal(buf.data, "kept", 4);
    size_t len = buf.len;

    la_buf_printf(&buf, "%d", 5);
    assert_int_equal(buf.len, len);
    la_buf_clear(&buf);
    assert_false(buf.failed);
    la_buf_puts(&buf, "again");
    assert_string_equal(la_buf_str(&buf), "again");
    la_buf_free(&buf);
    assert_true(check_host_clean(&check));
}

/* ---- cJSON wrapper ---- */

static void cjson_parse_good_check(void **state)
{
    size_t at = 99;

    (void)state;
    cJSON *tree = la_cjson_parse("{\"a\":1} \r\n\t", 11, &at);

    assert_non_null(tree);
    cJSON_Delete(tree);
}

static void cjson_parse_bad_position_check(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {{"", 0}, {"{", 0}, {"{\"a\":}", 5}, {"[1,2", 3}, {"{} x", 3}, {"nul", 0}, {"{\"a\":1,}", 7}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t at = 99;

        assert_null(la_cjson_parse(rows[i].text, strlen(rows[i].text), &at));
        if (at != rows[i].at)
            fail_msg("\"%s\": position %zu, expected %zu", rows[i].text, at, rows[i].at);
    }
}

/* A byte 0 inside the given length is not the end of the text: what follows must not be ignored. */
static void cjson_parse_nul_inside_check(void **state)
{
    size_t at = 0;

    (void)state;
    assert_null(la_cjson_parse("{}\0[]", 5, &at));
    assert_int_equal(at, 2);
}

static void cjson_parse_deep_nesting_check(void **state)
{
    static char deep[100000];
    size_t at = 0;

    (void)state;
    memset(deep, '[', sizeof deep);
    assert_null(la_cjson_parse(deep, sizeof deep, &at));
    assert_true(at <= sizeof deep);
}

static void cjson_get_is_exact_check(void **state)
{
    size_t at;
    const char *json = "{\"Name\":1,\"name\":2}";

    (void)state;
    cJSON *tree = la_cjson_parse(json, strlen(json), &at);
    uint64_t value = 0;

    assert_true(la_cjson_uint(la_cjson_get(tree, "name"), 10, &value));
    assert_int_equal(value, 2);
    assert_null(la_cjson_get(tree, "NAME"));
    assert_null(la_cjson_get(NULL, "name"));
    cJSON_Delete(tree);
}

static void cjson_uint_takes_whole_numbers_check(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } rows[] = {
        {"0", true, 0}, {"4294967295", true, UINT32_MAX}, {"9007199254740992", true, UINT64_C(1) << 53},
        {"-1", false, 0}, {"0.5", false, 0}, {"1e400", false, 0}, {"9007199254740994", false, 0}, {"\"7\"", false, 0},
        {"true", false, 0}, {"null", false, 0}, {"1e3", true, 1000}, {"18446744073709551616", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t at;
        uint64_t value = 77;
        cJSON *item = la_cjson_parse(rows[i].text, strlen(rows[i].text), &at);

        if (la_cjson_uint(item, UINT64_MAX, &value) != rows[i].good)
            fail_msg("%s", rows[i].text);
        assert_int_equal(value, rows[i].good ? rows[i].value : 77);
        cJSON_Delete(item);
    }
    uint64_t value = 5;
    cJSON *item = cJSON_CreateNumber(11);

    assert_false(la_cjson_uint(item, 10, &value));
    assert_int_equal(value, 5);
    assert_true(la_cjson_uint(item, 11, &value));
    assert_int_equal(value, 11);
    assert_false(la_cjson_uint(NULL, 10, &value));
    cJSON_Delete(item);
}

static void cjson_string_check(void **state)
{
    cJSON *text = cJSON_CreateString("x"), *number = cJSON_CreateNumber(1);

    (void)state;
    assert_string_equal(la_cjson_string(text), "x");
    assert_null(la_cjson_string(number));
    assert_null(la_cjson_string(NULL));
    cJSON_Delete(text);
    cJSON_Delete(number);
}

/* ---- random numbers and hash: the numbers of every build ---- */

/* The first five of seed 1234567 as other implementations of SplitMix64 publish them. */
static void prng_known_answers_check(void **state)
{
    static const uint64_t expect[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                      UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                      UINT64_C(16408922859458223821)};
    struct la_prng prng = {1234567};

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(la_prng_next(&prng), expect[i]);
}

static void prng_below_stays_below_check(void **state)
{
    struct la_prng prng = {1};
    uint32_t seen = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint32_t value = la_prng_below(&prng, 7);

        assert_true(value < 7);
        seen |= 1u << value;
    }
    assert_int_equal(seen, 0x7F);
    assert_int_equal(la_prng_below(&prng, 1), 0);
}

/* Worked out by hand from the two lines of hash.h. */
static void hash_known_answers_check(void **state)
{
    uint64_t product = UINT64_C(0x9FB21C651E98DF25), mixed = product ^ product >> 32;

    (void)state;
    assert_int_equal(la_hash_u64(0, 1), mixed);
    assert_int_equal(la_hash_bytes(LA_HASH_START, "", 0), la_hash_u64(la_hash_u64(LA_HASH_START, 0), 0));
    assert_int_equal(la_hash_bytes(LA_HASH_START, "abc", 3), la_hash_u64(la_hash_u64(LA_HASH_START, 0x616263), 3));
    assert_int_equal(la_hash_bytes(LA_HASH_START, "abcdefgh", 8),
                     la_hash_u64(la_hash_u64(la_hash_u64(LA_HASH_START, UINT64_C(0x6162636465666768)), 0), 8));
}

static void hash_tells_order_and_length_apart_check(void **state)
{
    (void)state;
    assert_int_not_equal(la_hash_u64(la_hash_u64(0, 1), 2), la_hash_u64(la_hash_u64(0, 2), 1));
    assert_int_not_equal(la_hash_bytes(0, "a\0", 2), la_hash_bytes(0, "\0a", 2));
    assert_int_not_equal(la_hash_bytes(0, "\0", 1), la_hash_bytes(0, "\0\0", 2));
}

static void numbers_in_memory_are_little_endian_check(void **state)
{
    static const unsigned char bytes[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};

    (void)state;
    for (uint32_t size = 1; size <= 8; size++) {
        unsigned char stored[9] = {0, 0, 0, 0, 0, 0, 0, 0, 0};
        uint64_t value = 0;

        for (uint32_t i = size; i-- > 0;)
            value = value << 8 | bytes[i];
        assert_int_equal(la_load_le(bytes, size), value);
        la_store_le(stored, size, value | (size < 8 ? UINT64_MAX << 8 * size : 0));
        assert_memory_equal(stored, bytes, size);
        assert_int_equal(stored[size], 0);
    }
    assert_int_equal(la_fls(0), 0);
    assert_int_equal(la_fls(1), 1);
    assert_int_equal(la_fls(UINT32_MAX), 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_alloc_zeroes_check),
        cmocka_unit_test(host_libc_resize_keeps_bytes_check),
        cmocka_unit_test(buf_starts_empty_check),
        cmocka_unit_test(buf_appends_everything_check),
        cmocka_unit_test(buf_grows_at_every_length_check),
        cmocka_unit_test(buf_out_of_memory_check),
        cmocka_unit_test(cjson_parse_good_check),
        cmocka_unit_test(cjson_parse_bad_position_check),
        cmocka_unit_test(cjson_parse_nul_inside_check),
        cmocka_unit_test(cjson_parse_deep_nesting_check),
        cmocka_unit_test(cjson_get_is_exact_check),
        cmocka_unit_test(cjson_uint_takes_whole_numbers_check),
        cmocka_unit_test(cjson_string_check),
        cmocka_unit_test(prng_known_answers_check),
        cmocka_unit_test(prng_below_stays_below_check),
        cmocka_unit_test(hash_known_answers_check),
        cmocka_unit_test(hash_tells_order_and_length_apart_check),
        cmocka_unit_test(numbers_in_memory_are_little_endian_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
