/*
 * test_memblock_alloc.c: where memblock finds memory: the leaf checks of the kernel's user-space tests
 * (tools/testing/memblock: alloc_api, alloc_helpers_api, alloc_nid_api), written anew as a table.
 *
 * One row is one leaf and is run in both directions.  Places are distances from BASE:
 *
 *     0        0x2000  0x3000  0x4000  0x5000  0x6000  0x7000  0x8000
 *     | node 0        | 1     | 2     | 3     | 4     | 5     | 6    |      rows with `nodes`; else one region
 */
#include "cmocka_all.h"
#include "mm/memblock.h"

#include <string.h>

#define BASE  INT64_C(0x40000000)
#define SIZE  0x8000
#define ALIGN 64
#define ANY   LA_MEMBLOCK_NO_NODE
#define FREE  INT64_MIN /* no lower limit */
#define OPEN  INT64_MAX /* no upper limit */
#define NONE  (-1)      /* nothing is found, nothing is reserved */

static struct la_memblock mb;

struct leaf {
    const char *name;
    bool nodes;
    int64_t reserved[4][2]; /* base, size; size 0 ends the list */
    uint64_t size;
    int64_t min, max;
    int32_t nid;
    int64_t down, up;          /* where the memory is expected, top-down and bottom-up */
    uint32_t cnt_down, cnt_up; /* regions in memblock.reserved then; an empty list counts 1 */
};

/* clang-format off */
static const struct leaf api[] = {
    {"alloc_simple", false, {{0}}, 0x80, FREE, OPEN, ANY, SIZE - 0x80, 0, 1, 1},
    {"alloc_disjoint", false, {{1, 1}, {SIZE - 2, 1}}, 0x80, FREE, OPEN, ANY, SIZE - 0xc0, 0x40, 3, 3},
    {"alloc_before", false, {{0x100, 0x200}, {SIZE - 0x200, 0x200}}, 0x100, FREE, OPEN, ANY, SIZE - 0x300, 0, 2, 2},
    {"alloc_after", false, {{0, 0x200}, {SIZE - 0x180, 0x100}}, 0x80, FREE, OPEN, ANY, SIZE - 0x80, 0x200, 2, 2},
    {"alloc_second_fit", false, {{0, 0x100}, {0x300, 0x100}, {SIZE - 0x400, 0x100}, {SIZE - 0x100, 0x100}}, 0x300, FREE, OPEN, ANY, SIZE - 0x700, 0x400, 4, 4},
    {"alloc_in_between", false, {{0, 0x400}, {0x600, SIZE - 0x600}}, 0x200, FREE, OPEN, ANY, 0x400, 0x400, 1, 1},
    {"alloc_small_gaps", false, {{0x80, 0x3f80}, {0x4080, 0x3f00}}, 0x100, FREE, OPEN, ANY, NONE, NONE, 2, 2},
    {"alloc_all_reserved", false, {{0, SIZE}}, 0x100, FREE, OPEN, ANY, NONE, NONE, 1, 1},
    {"alloc_no_space", false, {{0, SIZE - 0x80}}, 0x100, FREE, OPEN, ANY, NONE, NONE, 1, 1},
    {"alloc_limited_space", false, {{0, SIZE - 0x80}}, 0x80, FREE, OPEN, ANY, SIZE - 0x80, SIZE - 0x80, 1, 1},
    {"alloc_too_large", false, {{0}}, SIZE + 0x40, FREE, OPEN, ANY, NONE, NONE, 1, 1},
    {"alloc_exactly_all", false, {{0}}, SIZE, FREE, OPEN, ANY, 0, 0, 1, 1},
};

static const struct leaf helpers[] = {
    {"alloc_from_simple", false, {{0}}, 0x40, SIZE - 0x40, OPEN, ANY, SIZE - 0x40, SIZE - 0x40, 1, 1},
    {"alloc_from_misaligned", false, {{0}}, 0x20, SIZE - 0x81, OPEN, ANY, SIZE - 0x40, SIZE - 0x80, 1, 1},
    {"alloc_from_high_addr", false, {{0}}, 0x40, SIZE - 0x20, OPEN, ANY, SIZE - 0x40, 0, 1, 1},
    {"alloc_from_no_space_above", false, {{SIZE - 0x100, 0x100}}, 0x40, SIZE - 0x100, OPEN, ANY, SIZE - 0x140, 0, 1, 2},
    {"alloc_from_min_addr_cap", false, {{0}}, 0x40, -0x1000, OPEN, ANY, SIZE - 0x40, 0, 1, 1},
};

static const struct leaf nid[] = {
    {"simple", false, {{0}}, 0x100, 0x80, 0x280, ANY, 0x180, 0x80, 1, 1},
    {"end_misaligned", false, {{0}}, 0x100, 0x80, 0x287, ANY, 0x180, 0x80, 1, 1},
    {"start_misaligned", false, {{0}}, 0x80, 0x87, 0x280, ANY, 0x200, 0xc0, 1, 1},
    {"exact_address", false, {{0}}, 0x100, 0x80, 0x180, ANY, 0x80, 0x80, 1, 1},
    {"narrow_range", false, {{0}}, 0x100, 0x240, 0x280, ANY, 0x180, 0, 1, 1},
    {"low_max", false, {{0}}, 0x40, 0, 0x20, ANY, NONE, NONE, 1, 1},
    {"low_max, below memory", false, {{0}}, 0x40, -0x1000, 0, ANY, NONE, NONE, 1, 1},
    {"min_reserved", false, {{0xf40, 0x80}}, 0x40, 0xfc0, 0x1000, ANY, 0xfc0, 0xfc0, 1, 1},
    {"max_reserved", false, {{0xf80, 0x80}}, 0x40, 0xf40, 0x1000, ANY, 0xf40, 0xf40, 1, 1},
    {"reserved_with_space", false, {{0xf80, 0x80}, {0x1400, 0x80}}, 0x100, 0x1000, 0x1400, ANY, 0x1300, 0x1000, 2, 2},
    {"reserved_full_merge", false, {{0xf80, 0x80}, {0x1400, 0x80}}, 0x400, 0x1000, 0x1400, ANY, 0x1000, 0x1000, 1, 1},
    {"reserved_no_space", false, {{0xf80, 0x80}, {0x1040, 0x80}}, 0x100, 0x1000, 0x1040, ANY, 0xe80, 0, 2, 3},
    {"reserved_all", false, {{0, 0x1000}, {0x1040, SIZE - 0x1040}}, 0x100, 0x1000, 0x1040, ANY, NONE, NONE, 2, 2},
    {"cap_max", false, {{0}}, 0x100, SIZE - 0x400, SIZE + 0x1000, ANY, SIZE - 0x100, SIZE - 0x400, 1, 1},
    {"cap_min", false, {{0}}, 0x40, -0x1000, 0x400, ANY, 0x3c0, 0, 1, 1},
};

static const struct leaf numa[] = {
    {"numa_simple", true, {{0}}, 0x400, 0, SIZE, 3, 0x4c00, 0x4000, 1, 1},
    {"numa_small_node", true, {{0}}, 0x2000, 0, SIZE, 3, 0, 0, 1, 1},
    {"numa_node_reserved", true, {{0x4000, 0x1000}}, 0x400, 0, SIZE, 3, 0x7c00, 0, 2, 2},
    {"numa_part_reserved", true, {{0x4000, 0x800}}, 0x400, 0, SIZE, 3, 0x4c00, 0x4800, 2, 1},
    {"numa_part_reserved_fallback", true, {{0x4400, 0x800}}, 0x800, 0, SIZE, 3, 0x7800, 0, 2, 2},
    {"numa_split_range_low", true, {{0}}, 0x200, 0x3f00, 0x4100, 2, 0x3e00, 0x3000, 1, 1},
    {"numa_split_range_low, room in the part", true, {{0}}, 0x200, 0x3c00, 0x4400, 2, 0x3e00, 0x3c00, 1, 1},
    {"numa_split_range_high", true, {{0}}, 0x200, 0x3f00, 0x4100, 3, 0x3e00, 0, 1, 1},
    {"numa_split_range_high, room in the other part", true, {{0}}, 0x400, 0x3f00, 0x4800, 2, 0x4400, 0x4000, 1, 1},
    {"numa_no_overlap_split", true, {{0}}, 0x200, 0x6f00, 0x7100, 2, 0x3e00, 0x3000, 1, 1},
    {"numa_no_overlap_low", true, {{0}}, 0x200, 0x4000, 0x7000, 0, 0x6e00, 0x4000, 1, 1},
    {"numa_no_overlap_high", true, {{0}}, 0x200, 0x4000, 0x7000, 6, 0x6e00, 0x4000, 1, 1},
    {"numa_large_region", true, {{0}}, 0x4000, 0, SIZE, 3, NONE, NONE, 1, 1},
    {"numa_reserved_full_merge", true, {{0x3f80, 0x80}, {0x5000, 0x80}}, 0x1000, 0x4000, 0x5000, 3, 0x4000, 0x4000, 1, 1},
    {"numa_split_all_reserved", true, {{0, 0x6f80}, {0x7080, 0xf80}}, 0x100, 0x6f00, 0x7100, ANY, NONE, NONE, 2, 2},
    {"a node that does not exist", true, {{0}}, 0x40, 0, SIZE, 9, SIZE - 0x40, 0, 1, 1},
};
/* clang-format on */

/* Memory of @leaf, with what is reserved already; returns the sum of the latter. */
static uint64_t prepare(const struct leaf *leaf, bool up)
{
    static const int64_t border[] = {0, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000, 0x7000, SIZE};
    uint64_t sum = 0;

    la_memblock_init(&mb);
    mb.bottom_up = up;
    if (!leaf->nodes)
        assert_true(la_memblock_add(&mb, (uint64_t)BASE, SIZE));
    for (int32_t node = 0; leaf->nodes && node < 7; node++)
        assert_true(la_memblock_add_node(&mb, (uint64_t)(BASE + border[node]),
                                         (uint64_t)(border[node + 1] - border[node]), node, 0));
    for (uint32_t i = 0; i < 4 && leaf->reserved[i][1]; i++) {
        assert_true(la_memblock_reserve(&mb, (uint64_t)(BASE + leaf->reserved[i][0]), (uint64_t)leaf->reserved[i][1]));
        sum += (uint64_t)leaf->reserved[i][1];
    }
    return sum;
}

static bool same(const char *name, bool up, const char *what, int64_t got, int64_t want)
{
    if (got != want)
        print_error("%s, %s: %s is 0x%llx, not 0x%llx\n", name, up ? "bottom-up" : "top-down", what,
                    (unsigned long long)got, (unsigned long long)want);
    return got == want;
}

static bool leaf_holds(const struct leaf *leaf, bool up)
{
    uint64_t before = prepare(leaf, up);
    uint64_t min = leaf->min == FREE ? 0 : (uint64_t)(BASE + leaf->min);
    uint64_t max = leaf->max == OPEN ? LA_MEMBLOCK_MAX : (uint64_t)(BASE + leaf->max);
    uint64_t phys = la_memblock_alloc_try_nid(&mb, leaf->size, ALIGN, min, max, leaf->nid);
    int64_t want = up ? leaf->up : leaf->down;

    return same(leaf->name, up, "the place", phys ? (int64_t)phys - BASE : NONE, want) &&
           same(leaf->name, up, "the number of regions", mb.reserved.cnt, up ? leaf->cnt_up : leaf->cnt_down) &&
           same(leaf->name, up, "the sum of reserved bytes", (int64_t)mb.reserved.total_size,
                (int64_t)(before + (want == NONE ? 0 : leaf->size)));
}

static void all_hold(const struct leaf *leafs, size_t nr)
{
    uint32_t wrong = 0;

    for (size_t i = 0; i < nr; i++)
        for (uint32_t up = 0; up < 2; up++)
            wrong += leaf_holds(&leafs[i], up) ? 0 : 1;
    assert_int_equal(wrong, 0);
}

#define LEAFS(table)                                                                                                   \
    static void test_##table(void **state)                                                                             \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        all_hold(table, sizeof table / sizeof *table);                                                                 \
    }

LEAFS(api)
LEAFS(helpers)
LEAFS(nid)
LEAFS(numa)

static void test_no_memory(void **state)
{
    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        la_memblock_init(&mb);
        mb.bottom_up = up;
        assert_int_equal(la_memblock_alloc_try_nid(&mb, 64, ALIGN, 0, LA_MEMBLOCK_MAX, ANY), 0);
        assert_int_equal(mb.reserved.total_size, 0);
    }
}

static void test_exactly_this_node(void **state)
{
    static const struct leaf nodes = {.nodes = true};

    (void)state;
    for (uint32_t up = 0; up < 2; up++) {
        prepare(&nodes, up);
        assert_int_equal(la_memblock_alloc_range(&mb, 64, ALIGN, 0, 0, 9, true), 0);
        assert_int_equal(la_memblock_alloc_range(&mb, 0x2000, ALIGN, 0, 0, 3, true), 0);
        assert_int_equal(la_memblock_alloc_range(&mb, 0x1000, ALIGN, 0, 0, 3, true), BASE + 0x4000);
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
        assert_int_equal(la_memblock_alloc_try_nid(&mb, 0x1000, ALIGN, 0, LA_MEMBLOCK_MAX, ANY), up ? 0x1000 : 0x7000);
        assert_int_equal(la_memblock_alloc_range(&mb, 64, 0, 0x3000, 0x4000, ANY, false) % 64, 0); /* align 0: a line */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api),
        cmocka_unit_test(test_helpers),
        cmocka_unit_test(test_nid),
        cmocka_unit_test(test_numa),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_exactly_this_node),
        cmocka_unit_test(test_page_zero_and_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
