/* test_slowpath.c: asking again: reclaim, compaction, OOM, retry flags: T07, T08, T10, T11 and more. */
#include "machine_help.h"

#define ONE_PROCESS  "\"processes\":[{\"name\":\"mysqld\",\"pages\":2000}]"
#define A_WITH(what) "{\"profile\":\"i386\",\"memory\":\"1G\",\"reserved\":\"0\",\"pcp\":false," what "}"

static uint32_t alloc(struct rig *rig, la_gfp_t gfp, uint32_t order)
{
    return la_alloc_pages(rig->mm, gfp, order, LA_NO_NODE);
}

/* [2.6] REPEAT loops; each wait is 1/50 s = 5 ticks; the page comes after the tenth */
static void test_T07_repeat_loops_until_a_page_comes(void **state)
{
    struct rig rig = rig_new(MACHINE_A_NO_PCP);
    uint32_t others = alloc(&rig, LA_GFP_KERNEL, 0);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 939);
    assert_true(la_mm_free_later(rig.mm, others, 0, 50));
    uint32_t pfn = alloc(&rig, LA_GFP_KERNEL | LA_GFP_REPEAT_26 | LA_GFP_RETRY_MAYFAIL, 0);

    assert_int_equal(pfn, others);
    assert_int_equal(rig.mm->tick, 50);
    assert_int_equal(count_events(&rig, LA_EV_WAIT), 10);
    assert_int_equal(count_events(&rig, LA_EV_THEN_NOW), 1);
    assert_string_equal(la_gfp_find("__GFP_REPEAT")->until, "4.13"); /* 6.1 does not know it */
    rig_free(&rig);
}

static void test_T08_nofail_returns_when_a_page_comes(void **state)
{
    struct rig rig = rig_new(MACHINE_A_NO_PCP);
    uint32_t others = alloc(&rig, LA_GFP_KERNEL, 0);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 0);
    assert_true(la_mm_free_later(rig.mm, others, 0, 1000));
    assert_int_equal(alloc(&rig, LA_GFP_KERNEL | LA_GFP_NOFAIL, 0), others);
    assert_int_equal(rig.mm->tick, 1000);
    assert_false(rig.mm->hung);
    rig_free(&rig);
}

static void test_nofail_without_hope_is_a_hung_task(void **state)
{
    struct rig rig = rig_new(MACHINE_A_NO_PCP);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 0);
    assert_int_equal(alloc(&rig, LA_GFP_KERNEL | LA_GFP_NOFAIL, 0), LA_NO_PFN);
    assert_true(rig.mm->hung);
    assert_string_equal(la_last_oops(rig.machine), "INFO: task insmod:100 blocked for more than 120 seconds.");
    rig_free(&rig);
}

static void test_nofail_that_cannot_sleep_fails(void **state)
{
    struct rig rig = rig_new(MACHINE_A_NO_PCP);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 0);
    assert_int_equal(alloc(&rig, LA_GFP_ATOMIC | LA_GFP_NOFAIL, 0), LA_NO_PFN);
    assert_false(rig.mm->hung);
    assert_int_equal(count_events(&rig, LA_EV_WARNING), 2); /* the flags, and the failure report */
    rig_free(&rig);
}

static void test_T10_default_kills_and_succeeds(void **state)
{
    struct rig rig = rig_new(A_WITH(ONE_PROCESS));

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 0);
    set_free(&rig, LA_ZONE_HIGHMEM, 0); /* the process lies in high memory; see the next test */
    assert_int_equal(rig.mm->zone[2].nr_anon, 2000);
    assert_int_equal(alloc(&rig, LA_GFP_HIGHUSER, 0) == LA_NO_PFN, 0);
    assert_int_equal(rig.mm->vm_event[LA_VM_OOM_KILL], 1);
    assert_false(rig.mm->process[0].alive);
    assert_int_equal(count_events(&rig, LA_EV_OOM_KILL), 1);
    assert_int_equal(count_events(&rig, LA_EV_EXIT), 1);
    rig_free(&rig);
}

/* Killing a process whose pages lie in high memory does not help a request for low memory. */
static void test_killing_may_not_help(void **state)
{
    struct rig rig = rig_new(A_WITH(ONE_PROCESS));

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 0);
    assert_int_equal(alloc(&rig, LA_GFP_KERNEL, 0), LA_NO_PFN);
    assert_int_equal(rig.mm->vm_event[LA_VM_OOM_KILL], 1);
    assert_string_equal(la_last_oops(rig.machine), "Out of memory and no killable processes...");
    assert_true(rig.mm->hung);
    rig_free(&rig);
}

static void test_the_largest_process_dies_protected_ones_do_not(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\",\"pcp\":false,\"processes\":["
                             "{\"name\":\"small\",\"pages\":100},{\"name\":\"big\",\"pages\":900},"
                             "{\"name\":\"holy\",\"pages\":2000,\"oom_score_adj\":-1000}]}");

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 100);
    assert_int_not_equal(alloc(&rig, LA_GFP_KERNEL, 0), LA_NO_PFN);
    assert_true(rig.mm->process[0].alive);
    assert_false(rig.mm->process[1].alive);
    assert_true(rig.mm->process[2].alive);
    rig_free(&rig);
}

/*
 * NORMAL full of single pages, every second one free:  [x][ ][x][ ][x][ ] ...
 * Thousands of pages are free, but never two in a row.
 */
static void fragment(struct rig *rig, uint32_t pages)
{
    struct la_zone *zone = zone_of(rig, LA_ZONE_NORMAL);
    uint32_t first = LA_NO_PFN;

    set_free(rig, LA_ZONE_DMA, 0);
    rig->trace->on = false;
    for (uint32_t i = 0; i < pages; i++) {
        uint32_t pfn = la_alloc_pages(rig->mm, LA_GFP_NOWAIT, 0, LA_NO_NODE);

        if (i == 0)
            first = pfn;
        assert_int_equal(pfn, first + i); /* a fresh block goes upward in address */
    }
    while (zone->nr_free != 0)
        for (uint32_t order = LA_MAX_ORDER; order-- > 0;)
            while (zone->free_area[order].nr_free != 0)
                assert_true(take_block(rig, zone, order));
    for (uint32_t i = 0; i < pages; i += 2)
        la_free_pages(rig->mm, first + i, 0);
    rig->trace->on = true;
    la_trace_begin(rig->trace);
}

static void test_T11_costly_order_gives_up_after_one_round(void **state)
{
    struct rig rig = rig_new(A_WITH(ONE_PROCESS));

    (void)state;
    fragment(&rig, 16384);
    assert_int_equal(zone_of(&rig, LA_ZONE_NORMAL)->nr_free, 8192);
    assert_int_equal(alloc(&rig, LA_GFP_KERNEL, 4), LA_NO_PFN);
    assert_true(rig.mm->compact_rounds >= 1);
    assert_int_equal(rig.mm->reclaim_rounds, 1);
    assert_int_equal(rig.mm->vm_event[LA_VM_OOM_KILL], 0);
    rig_free(&rig);
}

/* vmalloc, which takes single pages, still works: 256 pages come one by one */
static void test_T41_fragmentation(void **state)
{
    struct rig rig = rig_new(MACHINE_A_NO_PCP);

    (void)state;
    fragment(&rig, 16384);
    assert_int_equal(alloc(&rig, LA_GFP_NOWAIT, 1), LA_NO_PFN);
    assert_int_equal(count_events(&rig, LA_EV_NO_BLOCK), 3);
    for (uint32_t i = 0; i < 256; i++)
        assert_int_not_equal(alloc(&rig, LA_GFP_KERNEL, 0), LA_NO_PFN);
    rig_free(&rig);
}

/* ---- reclaim ---- */

#define SMALL(what) "{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\",\"pcp\":false," what "}"

static void drain_to_min(struct rig *rig)
{
    set_free(rig, LA_ZONE_DMA, 0);
    set_free(rig, LA_ZONE_NORMAL, 100);
}

static void test_reclaim_drops_the_oldest_clean_pages(void **state)
{
    struct rig rig = rig_new(SMALL("\"page_cache\":\"4M\""));
    struct la_zone *zone = zone_of(&rig, LA_ZONE_NORMAL);
    uint32_t oldest = zone->lru.tail;

    (void)state;
    assert_int_equal(zone->nr_file, 1024);
    drain_to_min(&rig);
    assert_int_not_equal(alloc(&rig, LA_GFP_KERNEL, 0), LA_NO_PFN);
    assert_int_equal(zone->nr_file % 32, 0); /* rounds of 32 pages */
    assert_true(zone->nr_file < 1024);
    assert_int_not_equal(zone->lru.tail, oldest);
    assert_int_equal(rig.mm->vm_event[LA_VM_OOM_KILL], 0);
    rig_free(&rig);
}

static void test_dirty_pages_need_io_and_fs(void **state)
{
    struct rig rig = rig_new(SMALL("\"page_cache\":{\"dirty\":\"4M\"}"));

    (void)state;
    drain_to_min(&rig);
    assert_int_equal(alloc(&rig, 0xC40 | LA_GFP_NORETRY, 0), LA_NO_PFN); /* GFP_NOFS */
    assert_int_equal(rig.mm->vm_event[LA_VM_PGSTEAL], 0);
    rig.mm->node[0].kswapd_awake = false;
    assert_int_not_equal(alloc(&rig, LA_GFP_KERNEL, 0), LA_NO_PFN);
    assert_true(rig.mm->vm_event[LA_VM_PGSTEAL] >= 32);
    rig_free(&rig);
}

/* kswapd is woken below low, works in ticks, and sleeps above high */
static void test_kswapd_refills_to_high(void **state)
{
    struct rig rig = rig_new(SMALL("\"page_cache\":\"8M\""));
    struct la_zone *zone = zone_of(&rig, LA_ZONE_NORMAL);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 240);
    assert_int_not_equal(alloc(&rig, LA_GFP_KERNEL, 0), LA_NO_PFN); /* at low: slow path, min */
    assert_true(rig.mm->node[0].kswapd_awake);
    la_mm_tick(rig.mm, 10);
    assert_false(rig.mm->node[0].kswapd_awake);
    assert_true(zone->nr_free > zone->mark[LA_WMARK_HIGH]);
    assert_true(zone->nr_free <= zone->mark[LA_WMARK_HIGH] + 32);
    rig_free(&rig);
}

static void test_kswapd_gives_up_after_16_failures(void **state)
{
    struct rig rig = rig_new(MACHINE_S_NO_PCP);

    (void)state;
    drain_to_min(&rig);
    assert_int_equal(alloc(&rig, LA_GFP_NOWAIT, 0), LA_NO_PFN);
    la_mm_tick(rig.mm, 20);
    assert_false(rig.mm->node[0].kswapd_awake);
    assert_int_equal(rig.mm->node[0].kswapd_failures, 16);
    assert_int_equal(alloc(&rig, LA_GFP_NOWAIT, 0), LA_NO_PFN); /* a hopeless node is not woken again */
    assert_false(rig.mm->node[0].kswapd_awake);
    rig_free(&rig);
}

/* ---- compaction ---- */

/* page cache in every second frame:  [c][ ][c][ ]  ->  moved together, an order-3 block appears */
static void test_compaction_moves_page_cache(void **state)
{
    struct rig rig = rig_new(SMALL("\"page_cache\":\"24M\""));
    struct la_zone *zone = zone_of(&rig, LA_ZONE_NORMAL);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 0);
    rig.trace->on = false;
    for (uint32_t pfn = zone->lru.tail, i = 0; pfn != LA_NO_PFN; i++) { /* drop every second cache page by hand */
        uint32_t newer = rig.mm->frame[pfn].prev;
        struct la_frame *frame = la_frame_write(rig.mm, pfn);

        if (i % 2 == 0) {
            la_list_del(rig.mm, &zone->lru, pfn);
            zone->nr_file--;
            frame->refcount = 0;
            frame->flags = 0;
            la_free_the_page(rig.mm, pfn, 0, false);
        }
        pfn = newer;
    }
    rig.trace->on = true;
    la_trace_begin(rig.trace);
    assert_true(zone->nr_free > 2000);
    assert_int_equal(zone->free_area[3].nr_free, 0);
    unsigned char written = 0x77, seen;
    uint32_t kept = zone->lru.tail;

    assert_true(la_frame_store(rig.mm, kept, 5, &written, 1));
    uint32_t pfn = alloc(&rig, LA_GFP_KERNEL, 3);

    assert_int_not_equal(pfn, LA_NO_PFN);
    assert_int_equal(rig.mm->vm_event[LA_VM_COMPACT_SUCCESS], 1);
    assert_true(count_events(&rig, LA_EV_COMPACT_MOVE) >= 4);
    la_frame_read(rig.mm, zone->lru.tail, 5, &seen, 1); /* content moved along, order kept */
    assert_int_equal(seen, 0x77);
    rig_free(&rig);
}

/* ---- reports ---- */

/* A lock is held: the first report says it may sleep, the second that it did. */
static void test_sleeping_with_a_lock_held(void **state)
{
    struct rig rig = rig_new(SMALL("\"processes\":[{\"name\":\"mysqld\",\"pages\":2000}]"));

    (void)state;
    drain_to_min(&rig);
    la_mm_current(rig.mm)->preempt_count = 1;
    assert_int_not_equal(alloc(&rig, LA_GFP_KERNEL, 0), LA_NO_PFN);
    assert_int_equal(la_oops_count(rig.machine), 2);
    assert_string_equal(la_last_oops(rig.machine), "BUG: scheduling while atomic: insmod/100/0x00000002");
    rig_free(&rig);
}

static void test_failure_report_names_the_flags(void **state)
{
    struct rig rig = rig_new(MACHINE_S_NO_PCP);
    struct la_buf text;
    bool found = false;

    (void)state;
    la_buf_init(&text, la_host_libc());
    drain_to_min(&rig);
    assert_int_equal(alloc(&rig, LA_GFP_NOWAIT, 0), LA_NO_PFN);
    for (uint32_t i = 0; i < rig.trace->nr_events; i++) {
        if (rig.trace->event[i].id != LA_EV_WARNING)
            continue;
        la_event_sentence(rig.trace, &rig.trace->event[i], &text);
        found = true;
    }
    assert_true(found);
    assert_non_null(
        strstr(la_buf_str(&text), "insmod: page allocation failure: order:0, mode:0x800(GFP_NOWAIT), nodemask="));
    la_buf_free(&text);
    la_trace_begin(rig.trace);
    assert_int_equal(alloc(&rig, LA_GFP_NOWAIT, 0), LA_NO_PFN);
    assert_int_equal(count_events(&rig, LA_EV_WARNING), 0); /* at most one in 10 s */
    rig_free(&rig);
}

/* An atomic request for two pages that needed the reserve sets its pageblock aside (MODEL 3.5). */
static void test_highatomic_pageblock_is_reserved_and_given_back(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"x86_64\",\"memory\":\"64M\",\"reserved\":\"0\",\"pcp\":false}");
    struct la_zone *zone = zone_of(&rig, LA_ZONE_DMA32);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    rig.trace->on = false;
    while (alloc(&rig, LA_GFP_NOWAIT | LA_GFP_NOWARN, 1) != LA_NO_PFN)
        ;
    rig.trace->on = true;
    uint32_t pfn = alloc(&rig, LA_GFP_ATOMIC, 1);

    assert_int_not_equal(pfn, LA_NO_PFN);
    assert_int_equal(zone->nr_reserved_highatomic, 512);
    assert_int_equal(la_pageblock_type(rig.mm, pfn), LA_MT_HIGHATOMIC);
    assert_int_equal(count_events(&rig, LA_EV_HIGHATOMIC_RESERVE), 1);
    rig_check(&rig);
    /* the last resort before failing is to give a reserved pageblock back */
    la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_RETRY_MAYFAIL | LA_GFP_NOWARN, 1, LA_NO_NODE);
    assert_int_equal(zone->nr_reserved_highatomic, 0);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T07_repeat_loops_until_a_page_comes),
        cmocka_unit_test(test_T08_nofail_returns_when_a_page_comes),
        cmocka_unit_test(test_nofail_without_hope_is_a_hung_task),
        cmocka_unit_test(test_nofail_that_cannot_sleep_fails),
        cmocka_unit_test(test_T10_default_kills_and_succeeds),
        cmocka_unit_test(test_killing_may_not_help),
        cmocka_unit_test(test_the_largest_process_dies_protected_ones_do_not),
        cmocka_unit_test(test_T11_costly_order_gives_up_after_one_round),
        cmocka_unit_test(test_T41_fragmentation),
        cmocka_unit_test(test_reclaim_drops_the_oldest_clean_pages),
        cmocka_unit_test(test_dirty_pages_need_io_and_fs),
        cmocka_unit_test(test_kswapd_refills_to_high),
        cmocka_unit_test(test_kswapd_gives_up_after_16_failures),
        cmocka_unit_test(test_compaction_moves_page_cache),
        cmocka_unit_test(test_sleeping_with_a_lock_held),
        cmocka_unit_test(test_failure_report_names_the_flags),
        cmocka_unit_test(test_highatomic_pageblock_is_reserved_and_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
