/*
 * test_memblock.c: memblock as the kernel's own user-space tests see it (tools/testing/memblock),
 * written anew: every claim of them about adding, cutting and finding, in both directions.
 *
 * Memory is [BASE, BASE + SIZE) unless a test says otherwise; nodes are eighths and quarters of it.
 */
#include "base/prng.h"
#include "cmocka_all.h"
#include "mm/memblock.h"

#include <string.h>

#define BASE  UINT64_C(0x40000000)
#define SIZE  UINT64_C(0x8000) /* 32 KiB */
#define KB    UINT64_C(1024)
#define ALIGN UINT64_C(64)
#define ANY   LA_MEMBLOCK_NO_NODE

static struct la_memblock mb;

static void start(bool bottom_up)
{
    la_memblock_init(&mb);
    mb.bottom_up = bottom_up;
    assert_true(la_memblock_add(&mb, BASE, SIZE));
}

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

/* ---- memblock_alloc ---- */

static uint64_t alloc(uint64_t size)
{
    return la_memblock_alloc_try_nid(&mb, size, ALIGN, 0, LA_MEMBLOCK_MAX, ANY);
}

static void test_alloc_simple_and_disjoint(void **state)
{
    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        start(up);
        assert_int_equal(alloc(128), up ? BASE : BASE + SIZE - 128);
        start(up); /* a misaligned neighbour: the next one begins at the next aligned address */
        assert_true(la_memblock_reserve(&mb, up ? BASE + 1 : BASE + SIZE - 2, 1));
        assert_int_equal(alloc(128), up ? BASE + 64 : BASE + SIZE - 192);
        assert_int_equal(mb.reserved.cnt, 2);
    }
}

static void test_alloc_before_after_between(void **state)
{
    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        uint64_t first = up ? BASE : BASE + SIZE - 512; /* where the search begins */

        start(up);
        assert_true(la_memblock_reserve(&mb, first, 512));
        assert_int_equal(alloc(512), up ? BASE + 512 : BASE + SIZE - 1024); /* melts with it */
        assert_int_equal(mb.reserved.cnt, 1);
        assert_int_equal(mb.reserved.region[0].size, 1024);
        start(up); /* the first gap is too small: the second is used */
        assert_true(la_memblock_reserve(&mb, up ? BASE + 256 : BASE + SIZE - 512, 256));
        assert_int_equal(alloc(512), up ? BASE + 512 : BASE + SIZE - 1024);
        start(up); /* a gap that fits exactly: three become one */
        assert_true(la_memblock_reserve(&mb, BASE, 1024));
        assert_true(la_memblock_reserve(&mb, BASE + 1536, SIZE - 1536));
        assert_int_equal(alloc(512), BASE + 1024);
        EXPECT(&mb.reserved, {BASE, SIZE});
        assert_int_equal(alloc(64), 0); /* all is reserved */
    }
}

static void test_alloc_failures_reserve_nothing(void **state)
{
    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        start(up);
        for (uint64_t at = 0; at < SIZE; at += 1024) /* small gaps only */
            assert_true(la_memblock_reserve(&mb, BASE + at, 1024 - 128));
        uint32_t cnt = mb.reserved.cnt;
        uint64_t total = mb.reserved.total_size;

        assert_int_equal(alloc(256), 0);
        assert_int_equal(mb.reserved.cnt, cnt);
        assert_int_equal(mb.reserved.total_size, total);
        start(up);
        assert_int_equal(alloc(SIZE + 64), 0); /* too large */
        assert_int_equal(alloc(SIZE), BASE);   /* exactly all */
        la_memblock_init(&mb);
        mb.bottom_up = up;
        assert_int_equal(alloc(64), 0); /* no memory */
        expect(&mb.reserved, 0, NULL);
        start(up); /* limited space */
        assert_true(la_memblock_reserve(&mb, BASE, SIZE - 256));
        assert_int_equal(alloc(512), 0);
        assert_int_equal(alloc(256), BASE + SIZE - 256);
        assert_int_equal(mb.reserved.cnt, 1);
    }
}

static void test_page_zero_and_the_limit(void **state)
{
    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        la_memblock_init(&mb);
        mb.bottom_up = up;
        assert_true(la_memblock_add(&mb, 0, 0x10000));
        assert_int_equal(la_memblock_alloc_try_nid(&mb, 0x1000, 0x1000, 0, 0x1800, ANY), 0); /* only page 0 is there */
        mb.current_limit = 0x8000;
        assert_int_equal(alloc(0x1000), up ? 0x1000 : 0x7000);
        assert_int_equal(la_memblock_alloc_range(&mb, 64, 0, 0x3000, 0x4000, ANY, false) % 64, 0); /* align 0: a line */
    }
}

/* ---- memblock_alloc_from ---- */

static uint64_t alloc_from(uint64_t size, uint64_t min)
{
    return la_memblock_alloc_try_nid(&mb, size, ALIGN, min, LA_MEMBLOCK_MAX, ANY);
}

static void test_alloc_from(void **state)
{
    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        uint64_t end = BASE + SIZE;

        start(up);
        assert_int_equal(alloc_from(64, end - 64), end - 64);
        start(up); /* misaligned */
        assert_int_equal(alloc_from(32, end - (128 + 1)), up ? end - 128 : end - 64);
        start(up); /* too high: the lower limit is dropped */
        assert_int_equal(alloc_from(64, end - 32), up ? BASE : end - 64);
        start(up); /* no space above */
        assert_true(la_memblock_reserve(&mb, end - 256, 256));
        assert_int_equal(alloc_from(64, end - 256), up ? BASE : end - 320);
        start(up); /* below memory */
        assert_int_equal(alloc_from(64, BASE - 4096), up ? BASE : end - 64);
    }
}

/* ---- memblock_alloc_try_nid without nodes ---- */

static uint64_t try_range(uint64_t size, uint64_t min, uint64_t max)
{
    return la_memblock_alloc_try_nid(&mb, size, ALIGN, min, max, ANY);
}

static void test_try_nid_stays_in_the_range(void **state)
{
    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        uint64_t min = BASE + 128, max = min + 512;

        start(up);
        assert_int_equal(try_range(256, min, max), up ? min : max - 256);
        start(up); /* misaligned end and start */
        assert_int_equal(try_range(256, min, max + 7), up ? min : max - 256);
        start(up);
        assert_int_equal(try_range(128, min + 7, max), up ? min + 64 : max - 128);
        start(up); /* exactly */
        assert_int_equal(try_range(512, min, max), min);
        start(up); /* too narrow: the lower limit is dropped */
        assert_int_equal(try_range(256, max - 64, max), up ? BASE : max - 256);
        start(up); /* the upper limit lies below all memory */
        assert_int_equal(try_range(64, BASE - 4096, BASE), 0);
        assert_int_equal(mb.reserved.region[0].size, 0);
        start(up); /* limits outside of memory are cut */
        assert_int_equal(try_range(64, BASE + SIZE - 1024, BASE + SIZE + 4096),
                         up ? BASE + SIZE - 1024 : BASE + SIZE - 64);
        start(up);
        assert_int_equal(try_range(64, BASE - 4096, BASE + 1024), up ? BASE : BASE + 960);
    }
}

static void test_try_nid_between_reserved_ranges(void **state)
{
    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        uint64_t min = BASE + 4096, max = BASE + 8192;

        start(up); /* r1 ends where the only room begins: they melt */
        assert_true(la_memblock_reserve(&mb, BASE, SIZE - 4096));
        assert_int_equal(try_range(4096, BASE + SIZE - 4096, BASE + SIZE), BASE + SIZE - 4096);
        EXPECT(&mb.reserved, {BASE, SIZE});
        start(up); /* r1 |new| r2 without space: all become one */
        assert_true(la_memblock_reserve(&mb, min - 128, 128));
        assert_true(la_memblock_reserve(&mb, max, 128));
        assert_int_equal(try_range(max - min, min, max), min);
        EXPECT(&mb.reserved, {BASE + 4096 - 128, 4096 + 256});
        start(up); /* with space: next to the one where the search begins */
        assert_true(la_memblock_reserve(&mb, min - 128, 128));
        assert_true(la_memblock_reserve(&mb, max, 128));
        assert_int_equal(try_range(1024, min, max), up ? min : max - 1024);
        assert_int_equal(mb.reserved.cnt, 2);
        start(up); /* the range is full: below it, for the lower limit is dropped */
        assert_true(la_memblock_reserve(&mb, min, max - min));
        assert_int_equal(try_range(1024, min, max), up ? BASE : min - 1024);
        start(up); /* and nothing below either */
        assert_true(la_memblock_reserve(&mb, BASE, max - BASE));
        assert_int_equal(try_range(1024, min, max), 0);
    }
}

/* ---- nodes: node i is [at[i], at[i + 1]) ---- */

static const uint32_t eighths[] = {0, 2, 3, 4, 5, 6, 7, 8}; /* node 0 is larger */

static uint64_t node_base(uint32_t node)
{
    return BASE + eighths[node] * (SIZE / 8);
}

static uint64_t node_end(uint32_t node)
{
    return node == 6 ? BASE + SIZE : node_base(node + 1);
}

static void start_nodes(bool bottom_up)
{
    la_memblock_init(&mb);
    mb.bottom_up = bottom_up;
    for (uint32_t node = 0; node < 7; node++)
        assert_true(la_memblock_add_node(&mb, node_base(node), node_end(node) - node_base(node), (int32_t)node, 0));
}

static uint64_t on(int32_t nid, uint64_t size, uint64_t min, uint64_t max)
{
    return la_memblock_alloc_try_nid(&mb, size, ALIGN, min, max, nid);
}

static void test_numa_prefers_the_node(void **state)
{
    uint64_t all = BASE, top = BASE + SIZE;

    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        start_nodes(up);
        assert_int_equal(on(3, 1024, all, top), up ? node_base(3) : node_end(3) - 1024);
        start_nodes(up); /* the node is too small: the first one from where the search begins that fits */
        assert_int_equal(on(3, 8 * KB, all, top), up ? node_base(0) : node_base(0));
        start_nodes(up); /* reserved */
        assert_true(la_memblock_reserve(&mb, node_base(3), 4 * KB));
        assert_int_equal(on(3, 1024, all, top), up ? node_base(0) : node_end(6) - 1024);
        start_nodes(up); /* partly reserved, still room */
        assert_true(la_memblock_reserve(&mb, node_base(3), 2 * KB));
        assert_int_equal(on(3, 1024, all, top), up ? node_base(3) + 2 * KB : node_end(3) - 1024);
        start_nodes(up); /* partly reserved, too little room */
        assert_true(la_memblock_reserve(&mb, node_base(3) + KB, 2 * KB));
        assert_int_equal(on(3, 2 * KB, all, top), up ? node_base(0) : node_end(6) - 2 * KB);
        start_nodes(up); /* a node that does not exist */
        assert_int_equal(on(9, 64, all, top), up ? node_base(0) : node_end(6) - 64);
        assert_int_equal(la_memblock_alloc_range(&mb, 64, ALIGN, 0, 0, 9, true), 0); /* exactly there */
    }
}

static void test_numa_range_and_node_disagree(void **state)
{
    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        start_nodes(up); /* split range: a part in the node, and it holds */
        assert_int_equal(on(4, 512, node_end(4) - 1024, node_end(4) + 1024),
                         up ? node_end(4) - 1024 : node_end(4) - 512);
        start_nodes(up); /* the part in the node is too small: elsewhere in the range */
        assert_int_equal(on(4, 1024, node_end(4) - 256, node_end(4) + 2048), up ? node_end(4) : node_end(4) + 1024);
        start_nodes(up); /* no overlap at all: the range wins */
        assert_int_equal(on(5, 512, node_base(2), node_end(3)), up ? node_base(2) : node_end(3) - 512);
        start_nodes(up);
        assert_int_equal(on(1, 512, node_base(4), node_end(5)), up ? node_base(4) : node_end(5) - 512);
        start_nodes(up); /* larger than any node, though all nodes together would do */
        assert_int_equal(on(0, 16 * KB, BASE, BASE + SIZE), 0);
        expect(&mb.reserved, 0, NULL);
    }
}

static void test_numa_reserved_ranges_melt_across_nodes(void **state)
{
    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        start_nodes(up); /* r1 ends node 2, r2 begins node 4, the new one is all of node 3 */
        assert_true(la_memblock_reserve(&mb, node_end(2) - 128, 128));
        assert_true(la_memblock_reserve(&mb, node_base(4), 128));
        assert_int_equal(on(3, 4 * KB, node_base(3), node_base(4)), node_base(3));
        assert_int_equal(mb.reserved.cnt, 1);
        assert_int_equal(mb.reserved.region[0].size, 4 * KB + 256);
        start_nodes(up); /* a range over two nodes, all reserved; no node is preferred */
        assert_true(la_memblock_reserve(&mb, BASE, node_end(6) - BASE - 4 * KB));
        assert_int_equal(on(ANY, 256, node_base(3), node_end(4)), 0);
    }
}

/* ---- free ranges and random histories against a map of bytes ---- */

enum { UNITS = 400 };

static void check_against(const bool *memory, const bool *reserved)
{
    bool seen[UNITS] = {false};
    uint64_t from, to, before = 0, sum = 0;

    for (uint32_t n = 0; la_memblock_free_range(&mb, ANY, n, &from, &to); n++) {
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
        cmocka_unit_test(test_alloc_simple_and_disjoint),
        cmocka_unit_test(test_alloc_before_after_between),
        cmocka_unit_test(test_alloc_failures_reserve_nothing),
        cmocka_unit_test(test_page_zero_and_the_limit),
        cmocka_unit_test(test_alloc_from),
        cmocka_unit_test(test_try_nid_stays_in_the_range),
        cmocka_unit_test(test_try_nid_between_reserved_ranges),
        cmocka_unit_test(test_numa_prefers_the_node),
        cmocka_unit_test(test_numa_range_and_node_disagree),
        cmocka_unit_test(test_numa_reserved_ranges_melt_across_nodes),
        cmocka_unit_test(test_random_histories_agree_with_a_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
