/* test_buddy.c: splitting, merging, lists in front, orders: T38-T40, T42 and what goes with them. */
#include "machine_help.h"

static uint32_t blocks(const struct rig *rig, uint32_t order)
{
    return la_nr_free_blocks(rig->machine, LA_ZONE_NORMAL, order);
}

static void test_T38_order_limit(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    assert_int_not_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 10, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 11, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, UINT32_MAX, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(count_events(&rig, LA_EV_WARNING), 1); /* WARN_ON_ONCE */
    rig_free(&rig);
}

/*
 * [ 1024 pages ]  ->  [0][1][2 3][4..7] ... [512..1023]
 *                      ^ handed out; one free block of each order 0..9
 */
static void test_T39_one_page_splits_the_block(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);

    (void)state;
    assert_int_equal(blocks(&rig, 10), 1);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), 0);
    for (uint32_t order = 0; order < 10; order++)
        assert_int_equal(blocks(&rig, order), 1);
    assert_int_equal(blocks(&rig, 10), 0);
    assert_int_equal(count_events(&rig, LA_EV_SPLIT), 10);
    rig_free(&rig);
}

static void test_T40_freeing_it_makes_the_block_whole(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);

    (void)state;
    la_free_pages(rig.mm, la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), 0);
    for (uint32_t order = 0; order < 10; order++)
        assert_int_equal(blocks(&rig, order), 0);
    assert_int_equal(blocks(&rig, 10), 1);
    assert_int_equal(count_events(&rig, LA_EV_MERGE), 10);
    rig_free(&rig);
}

static void test_the_first_pages_go_upward(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);

    (void)state;
    for (uint32_t pfn = 0; pfn < 100; pfn++)
        assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), pfn);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 3, LA_NO_NODE), 104);
    rig_free(&rig);
}

/* A busy buddy stops the merge:  [0 free][1 busy]  stays at order 0. */
static void test_a_busy_buddy_stops_merging(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);
    uint32_t zero = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    uint32_t one = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

    (void)state;
    la_free_pages(rig.mm, zero, 0);
    assert_int_equal(blocks(&rig, 0), 1);
    assert_int_equal(count_events(&rig, LA_EV_MERGE), 0);
    assert_int_equal(count_events(&rig, LA_EV_MERGE_STOP), 1);
    la_free_pages(rig.mm, one, 0);
    assert_int_equal(blocks(&rig, 10), 1);
    rig_free(&rig);
}

/* Zones of 256 KiB side by side: buddies across the border never merge. */
static void test_no_merge_across_zones(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"slide\",\"zones\":{\"DMA\":\"256K\",\"NORMAL\":\"256K\"},"
                             "\"reserved\":\"0\",\"min_free_kbytes\":0}");

    (void)state;
    assert_int_equal(la_nr_free_blocks(rig.machine, LA_ZONE_DMA, 6), 1);
    assert_int_equal(la_nr_free_blocks(rig.machine, LA_ZONE_NORMAL, 6), 1);
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 6, LA_NO_NODE);

    assert_int_equal(pfn, 64);
    la_free_pages(rig.mm, pfn, 6);
    assert_int_equal(la_nr_free_blocks(rig.machine, LA_ZONE_NORMAL, 6), 1);
    assert_int_equal(la_nr_free_blocks(rig.machine, LA_ZONE_NORMAL, 7), 0);
    rig_free(&rig);
}

/* Sizes that are no power of two are cut into the largest aligned blocks. */
static void test_odd_sizes_boot_in_aligned_blocks(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"slide\",\"memory\":\"92K\",\"reserved\":\"12K\",\"min_free_kbytes\":0}");

    (void)state;
    assert_int_equal(la_nr_free_pages(rig.machine, LA_ZONE_NORMAL), 20); /* pfn 3..22: 3, 4-7, 8-15, 16-19, 20-21, 22 */
    assert_int_equal(blocks(&rig, 0), 2);
    assert_int_equal(blocks(&rig, 1), 1);
    assert_int_equal(blocks(&rig, 2), 2);
    assert_int_equal(blocks(&rig, 3), 1);
    rig_free(&rig);
}

/* ---- bad frees ---- */

static void test_T42_double_free_is_reported(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

    (void)state;
    la_free_pages(rig.mm, pfn, 0);
    la_free_pages(rig.mm, pfn, 0);
    assert_int_equal(la_oops_count(rig.machine), 1);
    assert_string_equal(la_last_oops(rig.machine), "double free of page pfn:00000");
    assert_int_equal(rig.mm->frame[pfn].refcount, -1); /* as in the real kernel, which stays silent */
    assert_int_equal(la_nr_free_pages(rig.machine, LA_ZONE_NORMAL), 1024);
    rig_check(&rig);
    /* when the page leaves its list, the kernel notices, prints, and drops the block */
    assert_int_not_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), pfn);
    assert_int_equal(la_oops_count(rig.machine), 2);
    assert_string_equal(la_last_oops(rig.machine), "BUG: Bad page state in process insmod  pfn:00000");
    assert_int_equal(rig.mm->frame[pfn].kind, LA_FRAME_BAD);
    assert_int_equal(rig.mm->nr_misfreed, 0);
    rig_free(&rig);
}

static void test_double_free_of_a_block(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 3, LA_NO_NODE);

    (void)state;
    la_free_pages(rig.mm, pfn, 3);
    la_free_pages(rig.mm, pfn, 3);
    assert_int_equal(la_oops_count(rig.machine), 1);
    rig_free(&rig);
}

/* [8 pages] freed as order 1:  2 go back, pages 2..7 leak in pieces of 2 and 4 */
static void test_too_small_an_order_leaks(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 3, LA_NO_NODE);

    (void)state;
    la_free_pages(rig.mm, pfn, 1);
    assert_int_equal(la_oops_count(rig.machine), 1);
    assert_int_equal(la_nr_free_pages(rig.machine, LA_ZONE_NORMAL), 1024 - 6);
    assert_int_equal(rig.mm->frame[pfn + 2].order, 1);
    assert_int_equal(rig.mm->frame[pfn + 4].order, 2);
    assert_int_equal(rig.mm->frame[pfn + 4].refcount, 0);
    rig_free(&rig);
}

/* [0][1]: page 0 freed as order 1 while 1 is in use: noticed, nothing freed, page 0 is lost */
static void test_too_big_an_order_over_a_used_neighbour(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);
    uint32_t zero = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    uint32_t one = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

    (void)state;
    la_free_pages(rig.mm, zero, 1);
    assert_int_equal(la_oops_count(rig.machine), 2);
    assert_string_equal(la_last_oops(rig.machine), "BUG: Bad page state in process insmod  pfn:00001");
    assert_int_equal(rig.mm->frame[zero].kind, LA_FRAME_BAD);
    assert_int_equal(rig.mm->frame[one].refcount, 1);
    assert_int_equal(la_nr_free_pages(rig.machine, LA_ZONE_NORMAL), 1022);
    la_free_pages(rig.mm, one, 0);
    rig_free(&rig);
}

static void test_freeing_what_is_not_yours(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"i386\",\"memory\":\"64M\",\"page_cache\":\"64K\","
                             "\"processes\":[{\"name\":\"mysqld\",\"pages\":3}]}");
    uint32_t block = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 2, LA_NO_NODE);
    uint32_t free = la_nr_free_pages(rig.machine, LA_ZONE_NORMAL);

    (void)state;
    la_free_pages(rig.mm, 0, 0);                                       /* the kernel image */
    la_free_pages(rig.mm, zone_of(&rig, LA_ZONE_NORMAL)->lru.head, 0); /* page cache */
    la_free_pages(rig.mm, rig.mm->process[0].frames.head, 0);          /* a process */
    la_free_pages(rig.mm, block + 1, 0);                               /* the middle of a block */
    la_free_pages(rig.mm, rig.mm->nr_frames, 0);                       /* beyond memory */
    la_free_pages(rig.mm, LA_NO_PFN, 0);
    assert_int_equal(la_oops_count(rig.machine), 6);
    assert_int_equal(la_nr_free_pages(rig.machine, LA_ZONE_NORMAL), free);
    rig_free(&rig);
}

static void test_references_are_counted(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

    (void)state;
    la_frame_write(rig.mm, pfn)->refcount++; /* get_page */
    la_free_pages(rig.mm, pfn, 0);
    assert_int_equal(la_nr_free_pages(rig.machine, LA_ZONE_NORMAL), 1023);
    la_free_pages(rig.mm, pfn, 0);
    assert_int_equal(la_nr_free_pages(rig.machine, LA_ZONE_NORMAL), 1024);
    assert_int_equal(la_oops_count(rig.machine), 0);
    rig_free(&rig);
}

/* ---- single pages out of blocks ---- */

static void test_split_page_gives_single_pages(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 2, LA_NO_NODE);

    (void)state;
    la_split_page(rig.mm, pfn, 2);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(rig.mm->frame[pfn + i].refcount, 1);
        la_free_pages(rig.mm, pfn + i, 0);
    }
    assert_int_equal(blocks(&rig, 10), 1);
    assert_int_equal(la_oops_count(rig.machine), 0);
    la_split_page(rig.mm, pfn, 2); /* free: refused */
    assert_int_equal(la_oops_count(rig.machine), 1);
    rig_free(&rig);
}

/* 5 pages asked: an order-3 block, the last 3 go straight back */
static void test_alloc_pages_exact(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);
    uint32_t pfn = la_alloc_pages_exact(rig.mm, 4 * 4096 + 1, LA_GFP_KERNEL);

    (void)state;
    assert_int_equal(pfn, 0);
    assert_int_equal(la_nr_free_pages(rig.machine, LA_ZONE_NORMAL), 1024 - 5);
    assert_int_equal(blocks(&rig, 0), 1);
    assert_int_equal(blocks(&rig, 1), 1);
    la_free_pages_exact(rig.mm, pfn, 4 * 4096 + 1);
    assert_int_equal(blocks(&rig, 10), 1);
    assert_int_equal(la_get_order(4096), 0);
    assert_int_equal(la_get_order(4097), 1);
    assert_int_equal(la_get_order(1 << 22), 10);
    rig_free(&rig);
}

/* ---- per-CPU lists ---- */

#define PCP_MACHINE "{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\",\"cpus\":2}"

static void test_pcp_is_last_in_first_out_and_cold_goes_last(void **state)
{
    struct rig rig = rig_new(PCP_MACHINE);
    uint32_t a = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    uint32_t b = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    const struct la_list *list = &zone_of(&rig, LA_ZONE_NORMAL)->pcp[0].list[LA_MT_UNMOVABLE];

    (void)state;
    la_free_hot_cold_page(rig.mm, a, false);
    assert_int_equal(list->head, a);
    la_free_hot_cold_page(rig.mm, b, true);
    assert_int_equal(list->head, a);
    assert_int_equal(list->tail, b);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), a);
    rig_free(&rig);
}

static void test_pcp_lists_belong_to_their_cpu(void **state)
{
    struct rig rig = rig_new(PCP_MACHINE);
    uint32_t zero = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

    (void)state;
    la_free_pages(rig.mm, zero, 0);
    rig.mm->cpu = 1;
    assert_int_not_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), zero);
    assert_int_equal(zone_of(&rig, LA_ZONE_NORMAL)->pcp[0].count, 3);
    assert_int_equal(zone_of(&rig, LA_ZONE_NORMAL)->pcp[1].count, 2);
    la_drain_all_pages(rig.mm);
    assert_int_equal(la_nr_pcp_pages(rig.machine, LA_ZONE_NORMAL), 0);
    rig_free(&rig);
}

/* ---- mobility ---- */

/* The first unmovable request of a movable zone takes the whole block it finds over. */
static void test_types_stay_in_their_pageblocks(void **state)
{
    struct rig rig = rig_new(MACHINE_S_NO_PCP);
    uint32_t unmovable = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    uint32_t movable = la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_MOVABLE, 0, LA_NO_NODE);
    uint32_t next = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

    (void)state;
    assert_int_equal(la_pageblock_type(rig.mm, unmovable), LA_MT_UNMOVABLE);
    assert_int_equal(la_pageblock_type(rig.mm, movable), LA_MT_MOVABLE);
    assert_int_equal(next, unmovable + 1);
    assert_int_equal(movable >> 10 != unmovable >> 10, 1);
    assert_int_equal(count_events(&rig, LA_EV_FALLBACK), 1);
    rig_free(&rig);
}

/*
 * A movable pageblock of 512 pages, its first pages page cache, the rest free.  An unmovable request
 * takes the free pages over; the pageblock changes sides only if at least half of it suits.
 *
 *     [cccc 256 cccc|.... 256 free ....]   256 >= 256: becomes unmovable
 *     [ccccc 257 cccc|... 255 free ....]   255 <  256: stays movable
 */
static void test_half_a_pageblock_decides_its_type(void **state)
{
    (void)state;
    for (uint32_t cache = 256; cache <= 257; cache++) {
        char json[200];

        snprintf(json, sizeof json,
                 "{\"profile\":\"slide\",\"memory\":\"20M\",\"pageblock_order\":9,\"min_free_kbytes\":0,"
                 "\"page_cache\":\"%uK\"}",
                 4 * (unsigned)cache);
        struct rig rig = rig_new(json);
        struct la_zone *zone = zone_of(&rig, LA_ZONE_NORMAL);

        assert_int_equal(rig.mm->frame[cache - 1].kind, LA_FRAME_PAGE_CACHE);
        for (uint32_t order = 10; order >= 9; order--)
            while (zone->free_area[order].nr_free != 0)
                assert_true(take_block(&rig, zone, order));
        assert_int_equal(zone->nr_free, 512 - cache);
        uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

        assert_true(pfn >= cache && pfn < 512);
        assert_int_equal(la_pageblock_type(rig.mm, pfn), cache == 256 ? LA_MT_UNMOVABLE : LA_MT_MOVABLE);
        rig_free(&rig);
    }
}

static void test_the_check_sees_broken_lists(void **state)
{
    struct rig rig = rig_new(MACHINE_ONE_BLOCK);
    struct la_buf out;

    (void)state;
    la_buf_init(&out, la_host_libc());
    rig.machine->mm->zone[1].nr_free--;
    assert_true(la_machine_check(rig.machine, &out) != 0);
    rig.machine->mm->zone[1].nr_free++;
    la_buf_clear(&out);
    la_frame_write(rig.mm, 5)->kind = LA_FRAME_KERNEL; /* a second owner inside a free block */
    assert_true(la_machine_check(rig.machine, &out) != 0);
    la_frame_write(rig.mm, 5)->kind = LA_FRAME_TAIL;
    la_buf_free(&out);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T38_order_limit),
        cmocka_unit_test(test_T39_one_page_splits_the_block),
        cmocka_unit_test(test_T40_freeing_it_makes_the_block_whole),
        cmocka_unit_test(test_the_first_pages_go_upward),
        cmocka_unit_test(test_a_busy_buddy_stops_merging),
        cmocka_unit_test(test_no_merge_across_zones),
        cmocka_unit_test(test_odd_sizes_boot_in_aligned_blocks),
        cmocka_unit_test(test_T42_double_free_is_reported),
        cmocka_unit_test(test_double_free_of_a_block),
        cmocka_unit_test(test_too_small_an_order_leaks),
        cmocka_unit_test(test_too_big_an_order_over_a_used_neighbour),
        cmocka_unit_test(test_freeing_what_is_not_yours),
        cmocka_unit_test(test_references_are_counted),
        cmocka_unit_test(test_split_page_gives_single_pages),
        cmocka_unit_test(test_alloc_pages_exact),
        cmocka_unit_test(test_pcp_is_last_in_first_out_and_cold_goes_last),
        cmocka_unit_test(test_pcp_lists_belong_to_their_cpu),
        cmocka_unit_test(test_types_stay_in_their_pageblocks),
        cmocka_unit_test(test_half_a_pageblock_decides_its_type),
        cmocka_unit_test(test_the_check_sees_broken_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
