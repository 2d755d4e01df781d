/*
 * test_memblock.c: memblock's two lists as the kernel's own user-space tests see them
 * (tools/testing/memblock: basic_api), written anew: every claim of them about adding and cutting.
 * What they say about finding memory is in test_memblock_alloc.c.
 */
#include "base/prng.h"
#include "cmocka_all.h"
#include "mm/memblock.h"

#include <string.h>

static struct la_memblock mb;

/* The list is exactly these @n ranges. */
static void expect(const struct la_memblock_type *type, uint32_t n, const uint64_t (*range)[2])
{
    uint64_t total = 0;

    assert_int_equal(type->cnt, n == 0 ? 1 : n);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(type->region[i].base, range[i][0]);
        assert_int_equal(type->region[i].size, range[i][1]);
        total += range[i][1];
    }
    if (n == 0)
        assert_int_equal(type->region[0].size, 0);
    assert_int_equal(type->total_size, total);
}

#define EXPECT(type, ...)                                                                                              \
    do {                                                                                                               \
        static const uint64_t want[][2] = {__VA_ARGS__};                                                               \
        expect((type), sizeof want / sizeof *want, want);                                                              \
    } while (0)

/* ---- adding and reserving: the same list operation ---- */

typedef bool change(struct la_memblock *mb, uint64_t base, uint64_t size);

static struct la_memblock_type *fresh(uint32_t which)
{
    la_memblock_init(&mb);
    return which ? &mb.reserved : &mb.memory;
}

static void test_initialization(void **state)
{
    (void)state;
    la_memblock_init(&mb);
    expect(&mb.memory, 0, NULL);
    expect(&mb.reserved, 0, NULL);
    assert_false(mb.bottom_up);
    assert_true(mb.current_limit == LA_MEMBLOCK_MAX);
    mb.bottom_up = true;
    la_memblock_init(&mb);
    assert_false(mb.bottom_up);
}

static void test_add_and_reserve(void **state)
{
    static change *const adds[] = {la_memblock_add, la_memblock_reserve};

    (void)state;
    for (uint32_t w = 0; w < 2; w++) {
        struct la_memblock_type *type = fresh(w); /* simple */

        assert_true(adds[w](&mb, 0x1000, 0x2000));
        EXPECT(type, {0x1000, 0x2000});
        assert_true(adds[w](&mb, 0x8000, 0x1000)); /* disjoint, sorted */
        assert_true(adds[w](&mb, 0x5000, 0x1000));
        EXPECT(type, {0x1000, 0x2000}, {0x5000, 0x1000}, {0x8000, 0x1000});
        assert_true(adds[w](&mb, 0x800, 0x1000)); /* over the lower end of the first */
        EXPECT(type, {0x800, 0x2800}, {0x5000, 0x1000}, {0x8000, 0x1000});
        assert_true(adds[w](&mb, 0x2800, 0x1000)); /* over its upper end */
        EXPECT(type, {0x800, 0x3000}, {0x5000, 0x1000}, {0x8000, 0x1000});
        assert_true(adds[w](&mb, 0x1000, 0x100)); /* within, and twice: unchanged */
        assert_true(adds[w](&mb, 0x5000, 0x1000));
        EXPECT(type, {0x800, 0x3000}, {0x5000, 0x1000}, {0x8000, 0x1000});
        assert_true(adds[w](&mb, 0x3800, 0x1800)); /* exactly between: three become one */
        EXPECT(type, {0x800, 0x5800}, {0x8000, 0x1000});
        assert_true(adds[w](&mb, 0x100, 0x10000)); /* over everything */
        EXPECT(type, {0x100, 0x10000});
        assert_true(adds[w](&mb, LA_MEMBLOCK_MAX - 0x1000, 0x5000)); /* cut at the end of all addresses */
        assert_int_equal(type->region[1].size, 0x1000);
        assert_true(adds[w](&mb, 0x50000, 0)); /* nothing */
        assert_int_equal(type->cnt, 2);
    }
}

static void test_nodes_and_flags_keep_regions_apart(void **state)
{
    (void)state;
    struct la_memblock_type *type = fresh(0);

    assert_true(la_memblock_add_node(&mb, 0x1000, 0x1000, 1, 4));
    assert_int_equal(type->region[0].nid, 1);
    assert_int_equal(type->region[0].flags, 4);
    assert_true(la_memblock_add_node(&mb, 0x2000, 0x1000, 2, 4));
    assert_true(la_memblock_add_node(&mb, 0x3000, 0x1000, 2, 0));
    EXPECT(type, {0x1000, 0x1000}, {0x2000, 0x1000}, {0x3000, 0x1000});
    assert_true(la_memblock_add_node(&mb, 0x1800, 0x3000, 7, 0)); /* what is there keeps its node */
    EXPECT(type, {0x1000, 0x1000}, {0x2000, 0x1000}, {0x3000, 0x1000}, {0x4000, 0x800});
    assert_int_equal(type->region[3].nid, 7);
}

static void test_remove_and_free(void **state)
{
    static change *const adds[] = {la_memblock_add, la_memblock_reserve}, *const cuts[] = {la_memblock_remove,
                                                                                           la_memblock_free};

    (void)state;
    for (uint32_t w = 0; w < 2; w++) {
        struct la_memblock_type *type = fresh(w);

        assert_true(adds[w](&mb, 0x1000, 0x1000));
        assert_true(cuts[w](&mb, 0x1000, 0x1000)); /* the only region: the dummy is back */
        expect(type, 0, NULL);
        assert_true(cuts[w](&mb, 0x1000, 0x1000)); /* absent */
        expect(type, 0, NULL);
        assert_true(adds[w](&mb, 0x1000, 0x1000));
        assert_true(adds[w](&mb, 0x4000, 0x4000));
        assert_true(cuts[w](&mb, 0x2800, 0x1000)); /* absent */
        EXPECT(type, {0x1000, 0x1000}, {0x4000, 0x4000});
        assert_true(cuts[w](&mb, 0x3000, 0x1800)); /* over the lower end */
        EXPECT(type, {0x1000, 0x1000}, {0x4800, 0x3800});
        assert_true(cuts[w](&mb, 0x7800, 0x1800)); /* over the upper end */
        EXPECT(type, {0x1000, 0x1000}, {0x4800, 0x3000});
        assert_true(cuts[w](&mb, 0x5000, 0x1000)); /* within: two pieces */
        EXPECT(type, {0x1000, 0x1000}, {0x4800, 0x800}, {0x6000, 0x1800});
        assert_true(cuts[w](&mb, 0x1800, 0x3400)); /* two at once, both keep a part */
        EXPECT(type, {0x1000, 0x800}, {0x4c00, 0x400}, {0x6000, 0x1800});
        assert_true(cuts[w](&mb, 0x1000, 0x800)); /* the first goes */
        EXPECT(type, {0x4c00, 0x400}, {0x6000, 0x1800});
        assert_true(adds[w](&mb, LA_MEMBLOCK_MAX - 0x2000, 0x2000));
        assert_true(cuts[w](&mb, LA_MEMBLOCK_MAX - 0x1000, 0x3000));
        EXPECT(type, {0x4c00, 0x400}, {0x6000, 0x1800}, {LA_MEMBLOCK_MAX - 0x2000, 0x1000});
    }
}

static void test_trim_memory(void **state)
{
    (void)state;
    struct la_memblock_type *type = fresh(0);

    assert_true(la_memblock_add(&mb, 0x10000, 0x2000)); /* aligned: stays */
    assert_true(la_memblock_add(&mb, 0x20800, 0x200));  /* too small: goes */
    assert_true(la_memblock_add(&mb, 0x30010, 0x1ff0)); /* its base is rounded up */
    assert_true(la_memblock_add(&mb, 0x40000, 0x1010)); /* its end is rounded down */
    la_memblock_trim_memory(&mb, 0x1000);
    EXPECT(type, {0x10000, 0x2000}, {0x31000, 0x1000}, {0x40000, 0x1000});
}

static void test_a_full_list_says_no(void **state)
{
    (void)state;
    struct la_memblock_type *type = fresh(1);

    for (uint64_t i = 0; i < LA_MEMBLOCK_REGIONS; i++)
        assert_true(la_memblock_reserve(&mb, 0x2000 * (i + 1), 0x1000));
    assert_int_equal(type->cnt, LA_MEMBLOCK_REGIONS);
    assert_false(la_memblock_reserve(&mb, 0x10000000, 0x1000));
    assert_false(la_memblock_free(&mb, 0x2100, 0x100)); /* would need one more */
    assert_int_equal(type->total_size, LA_MEMBLOCK_REGIONS * 0x1000);
}

/* ---- free ranges and random histories against a map of bytes ---- */

enum { UNITS = 400 };

static void check_against(const bool *memory, const bool *reserved)
{
    bool seen[UNITS] = {false};
    uint64_t from, to, before = 0, sum = 0;

    for (uint32_t n = 0; la_memblock_free_range(&mb, LA_MEMBLOCK_NO_NODE, n, &from, &to); n++) {
        assert_true(from >= before && from < to);
        before = to;
        for (uint64_t u = from / 16; u < to / 16; u++)
            seen[u - 0x1000] = true;
    }
    for (uint32_t u = 0; u < UNITS; u++) {
        assert_int_equal(seen[u], memory[u] && !reserved[u]);
        sum += memory[u];
    }
    assert_int_equal(mb.memory.total_size, sum * 16);
}

static void test_random_histories_agree_with_a_map(void **state)
{
    struct la_prng prng = {11};
    bool map[2][UNITS] = {{false}};

    (void)state;
    la_memblock_init(&mb);
    for (uint32_t step = 0; step < 4000; step++) {
        uint32_t w = la_prng_below(&prng, 2), from = la_prng_below(&prng, UNITS),
                 nr = 1 + la_prng_below(&prng, UNITS - from);
        bool put = la_prng_below(&prng, 5) < 3;
        uint64_t base = UINT64_C(0x10000) + from * 16;

        nr = nr > 40 ? 40 : nr;
        if (put)
            assert_true(w ? la_memblock_reserve(&mb, base, nr * 16) : la_memblock_add(&mb, base, nr * 16));
        else
            assert_true(w ? la_memblock_free(&mb, base, nr * 16) : la_memblock_remove(&mb, base, nr * 16));
        memset(&map[w][from], put, nr);
        check_against(map[0], map[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initialization),
        cmocka_unit_test(test_add_and_reserve),
        cmocka_unit_test(test_nodes_and_flags_keep_regions_apart),
        cmocka_unit_test(test_remove_and_free),
        cmocka_unit_test(test_trim_memory),
        cmocka_unit_test(test_a_full_list_says_no),
        cmocka_unit_test(test_random_histories_agree_with_a_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
