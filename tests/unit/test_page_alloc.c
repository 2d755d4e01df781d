/* test_page_alloc.c: who may take which page: T01-T06, T09, T12-T17 of the test matrix. */
#include "machine_help.h"

/*
 * NORMAL of machine A:  min 939   low 1173   high 1407
 *
 *     1173 |---- low      GFP_KERNEL and everybody else on the fast path
 *      939 |---- min      T01: GFP_NOWAIT stops here
 *      470 |---- min/2    T05: __GFP_HIGH that may sleep
 *      353 |---- 3/8 min  T03: GFP_ATOMIC
 *        0 |____          T04: PF_MEMALLOC
 */
static void test_T01_nowait_stops_at_min(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    assert_int_equal(zone_of(&rig, LA_ZONE_NORMAL)->mark[LA_WMARK_MIN], 939);
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 939);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_NOWAIT, 0, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(count_events(&rig, LA_EV_KSWAPD_WAKE), 1);
    assert_true(rig.mm->node[0].kswapd_awake);
    rig_free(&rig);
}

static void test_T02_atomic_digs_deeper(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 939);
    assert_int_equal(type_of(&rig, la_alloc_pages(rig.mm, LA_GFP_ATOMIC, 0, LA_NO_NODE)), LA_ZONE_NORMAL);
    rig_free(&rig);
}

static void test_T03_atomic_leaves_three_eighths(void **state)
{
    struct rig rig = rig_new(MACHINE_A_NO_PCP);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 354);
    assert_int_equal(type_of(&rig, la_alloc_pages(rig.mm, LA_GFP_ATOMIC, 0, LA_NO_NODE)), LA_ZONE_NORMAL);
    assert_int_equal(zone_of(&rig, LA_ZONE_NORMAL)->nr_free, 353);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_ATOMIC, 0, LA_NO_NODE), LA_NO_PFN);
    rig_free(&rig);
}

static void test_T04_the_last_page_is_for_who_frees(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 1);
    la_mm_current(rig.mm)->task_flags |= LA_PF_MEMALLOC;
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

    assert_int_equal(type_of(&rig, pfn), LA_ZONE_NORMAL);
    assert_true(rig.mm->frame[pfn].flags & LA_FRAME_F_PFMEMALLOC);
    assert_int_equal(zone_of(&rig, LA_ZONE_NORMAL)->nr_free, 0);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), LA_NO_PFN);
    rig_free(&rig);
}

static void test_T05_high_that_may_sleep_gets_half(void **state)
{
    struct rig rig = rig_new(MACHINE_A_NO_PCP);
    la_gfp_t gfp = LA_GFP_KERNEL | LA_GFP_HIGH | LA_GFP_NORETRY;

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 471);
    assert_int_equal(type_of(&rig, la_alloc_pages(rig.mm, gfp, 0, LA_NO_NODE)), LA_ZONE_NORMAL);
    assert_int_equal(la_alloc_pages(rig.mm, gfp, 0, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(zone_of(&rig, LA_ZONE_NORMAL)->nr_free, 470);
    rig_free(&rig);
}

static void test_T06_noretry_reclaims_once(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"i386\",\"memory\":\"1G\",\"reserved\":\"0\","
                             "\"processes\":[{\"name\":\"mysqld\",\"pages\":300}]}");

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 100);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_NORETRY, 0, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(rig.mm->reclaim_rounds, 1);
    assert_int_equal(count_events(&rig, LA_EV_RECLAIM), 1);
    assert_int_equal(rig.mm->vm_event[LA_VM_OOM_KILL], 0);
    assert_true(rig.mm->process[0].alive);
    rig_free(&rig);
}

/* free == min, nothing to reclaim: 1 round, or 17 if free pages count as reclaimable (2 * free > min) */
static void test_T09_retry_mayfail_kills_nobody(void **state)
{
    (void)state;
    for (int quirk = 0; quirk < 2; quirk++) {
        struct rig rig = rig_new("{\"profile\":\"i386\",\"memory\":\"1G\",\"reserved\":\"0\",\"pcp\":false,"
                                 "\"processes\":[{\"name\":\"mysqld\",\"pages\":300}]}");

        rig.mm->reclaim_counts_free = quirk;
        set_free(&rig, LA_ZONE_DMA, 0);
        set_free(&rig, LA_ZONE_NORMAL, 939);
        assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_RETRY_MAYFAIL, 0, LA_NO_NODE), LA_NO_PFN);
        assert_int_equal(rig.mm->reclaim_rounds, quirk ? 17 : 1);
        assert_true(rig.mm->process[0].alive);
        assert_int_equal(count_events(&rig, LA_EV_OOM_NOT), 1);
        rig_free(&rig);
    }
}

static void test_T12_dma_means_dma_only(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_DMA | LA_GFP_NORETRY, 0, LA_NO_NODE), LA_NO_PFN);
    rig_free(&rig);
}

/* S: NORMAL low 240; DMA low 80 + lowmem_reserve 48 = 128 must stay */
static void test_T13_none_falls_back_to_dma(void **state)
{
    struct rig rig = rig_new(MACHINE_S_NO_PCP);
    struct la_zone *dma = zone_of(&rig, LA_ZONE_DMA);

    (void)state;
    assert_int_equal(dma->lowmem_reserve[LA_ZONE_NORMAL], 48);
    set_free(&rig, LA_ZONE_NORMAL, 240);
    set_free(&rig, LA_ZONE_DMA, 130);
    for (uint32_t left = 129; left >= 128; left--) {
        assert_int_equal(type_of(&rig, la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE)), LA_ZONE_DMA);
        assert_int_equal(dma->nr_free, left);
    }
    assert_int_equal(count_events(&rig, LA_EV_SLOW_PATH), 0);
    assert_int_equal(type_of(&rig, la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE)), LA_ZONE_NORMAL);
    assert_int_equal(count_events(&rig, LA_EV_SLOW_PATH), 1);
    rig_free(&rig);
}

/* B: DMA 5/9/13 with reserves 4080 (against DMA32) and 8176 (against NORMAL) of 4096 pages */
static void test_T14_lowmem_reserve_closes_dma(void **state)
{
    struct rig rig = rig_new(MACHINE_B_NO_PCP);
    struct la_zone *dma = zone_of(&rig, LA_ZONE_DMA);
    la_gfp_t dma32 = LA_GFP_KERNEL | LA_GFP_DMA32 | LA_GFP_NORETRY;

    (void)state;
    assert_int_equal(dma->lowmem_reserve[LA_ZONE_DMA32], 4080);
    assert_int_equal(dma->lowmem_reserve[LA_ZONE_NORMAL], 8176);
    set_free(&rig, LA_ZONE_DMA32, 1442);
    set_free(&rig, LA_ZONE_NORMAL, 1448);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_NORETRY, 0, LA_NO_NODE), LA_NO_PFN);
    la_trace_begin(rig.trace);
    while (dma->nr_free > 9 + 4080)
        assert_int_equal(type_of(&rig, la_alloc_pages(rig.mm, dma32, 0, LA_NO_NODE)), LA_ZONE_DMA);
    assert_int_equal(count_events(&rig, LA_EV_SLOW_PATH), 0);
    while (dma->nr_free > 5 + 4080) /* the slow path goes down to min */
        assert_int_equal(type_of(&rig, la_alloc_pages(rig.mm, dma32, 0, LA_NO_NODE)), LA_ZONE_DMA);
    assert_int_equal(count_events(&rig, LA_EV_SLOW_PATH), 4);
    assert_int_equal(la_alloc_pages(rig.mm, dma32, 0, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(type_of(&rig, la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_DMA, 0, LA_NO_NODE)), LA_ZONE_DMA);
    rig_free(&rig);
}

/* A: HIGHMEM at its low mark; NORMAL gives while more than 1173 + 1024 are free */
static void test_T15_highmem_uses_three_zones(void **state)
{
    struct rig rig = rig_new(MACHINE_A_NO_PCP);

    (void)state;
    set_free(&rig, LA_ZONE_HIGHMEM, 66);
    set_free(&rig, LA_ZONE_NORMAL, 1173 + 1024 + 1);
    assert_int_equal(type_of(&rig, la_alloc_pages(rig.mm, LA_GFP_HIGHUSER, 0, LA_NO_NODE)), LA_ZONE_NORMAL);
    assert_int_equal(type_of(&rig, la_alloc_pages(rig.mm, LA_GFP_HIGHUSER, 0, LA_NO_NODE)), LA_ZONE_DMA);
    rig_free(&rig);
}

static void test_T16_dma_and_highmem_is_illegal(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    la_alloc_pages(rig.mm, LA_GFP_DMA | LA_GFP_HIGHMEM, 0, LA_NO_NODE);
    assert_int_equal(la_oops_count(rig.machine), 1);
    assert_non_null(strstr(la_last_oops(rig.machine), "illegal zone combination"));
    rig_free(&rig);
}

static void test_T17_get_free_pages_highmem_is_low(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t pfn = la_get_free_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_HIGHMEM, 0);

    (void)state;
    assert_int_equal(type_of(&rig, pfn), LA_ZONE_NORMAL);
    assert_true(la_page_address(rig.mm, pfn) >= 0xC0000000u);
    assert_int_equal(count_events(&rig, LA_EV_THEN_NOW), 1);
    rig_free(&rig);
}

/* ---- beyond the matrix ---- */

static void test_zeroed_page_reads_zero_others_do_not(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    unsigned char byte[4];
    uint32_t zeroed = la_get_zeroed_page(rig.mm, LA_GFP_KERNEL),
             plain = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);

    (void)state;
    la_frame_read(rig.mm, zeroed, 4092, byte, 4);
    assert_memory_equal(byte, "\0\0\0\0", 4);
    la_frame_read(rig.mm, plain, 0, byte, 1);
    assert_int_equal(byte[0], LA_STALE_BYTE);
    rig_free(&rig);
}

static void test_cold_allocation_takes_the_tail(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t hot = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    uint32_t cold = la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_COLD_26, 0, LA_NO_NODE);

    (void)state;
    assert_int_equal(cold, hot + 62); /* a batch is 63 pages: the last of them */
    assert_int_equal(count_events(&rig, LA_EV_THEN_NOW), 1);
    rig_free(&rig);
}

static void test_scopes_narrow_the_mask(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    la_mm_current(rig.mm)->task_flags = LA_PF_MEMALLOC_NOIO;
    la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    assert_int_equal(rig.trace->event[0].id, LA_EV_ALLOC_REQUEST);
    assert_int_equal(rig.trace->event[0].field[0], 0xC00);
    la_trace_begin(rig.trace);
    la_mm_current(rig.mm)->task_flags = LA_PF_MEMALLOC_NOFS;
    la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    assert_int_equal(rig.trace->event[0].field[0], 0xC40);
    rig_free(&rig);
}

static void test_sleeping_in_atomic_context_is_reported(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    la_mm_current(rig.mm)->preempt_count = 1;
    assert_int_not_equal(la_alloc_pages(rig.mm, LA_GFP_ATOMIC, 0, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(la_oops_count(rig.machine), 0);
    assert_int_not_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE), LA_NO_PFN);
    assert_int_equal(la_oops_count(rig.machine), 1);
    assert_string_equal(la_last_oops(rig.machine),
                        "BUG: sleeping function called from invalid context at include/linux/sched/mm.h:274");
    la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE); /* at most one report a second */
    assert_int_equal(la_oops_count(rig.machine), 1);
    la_mm_tick(rig.mm, 250);
    la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    assert_int_equal(la_oops_count(rig.machine), 2);
    rig_free(&rig);
}

/* The golden numbers of the model: marks, reserves, per-CPU lists. */
static void test_golden_numbers(void **state)
{
    static const struct {
        const char *json;
        uint32_t kbytes;
        struct {
            enum la_zone_type type;
            uint32_t min, low, high, batch, pcp_high;
        } zone[3];
    } golden[] = {
        {MACHINE_S_NO_PCP, 1024, {{LA_ZONE_DMA, 64, 80, 96, 1, 80}, {LA_ZONE_NORMAL, 192, 240, 288, 3, 240}, {0}}},
        {MACHINE_A,
         3831,
         {{LA_ZONE_DMA, 17, 21, 25, 1, 21},
          {LA_ZONE_NORMAL, 939, 1173, 1407, 63, 1173},
          {LA_ZONE_HIGHMEM, 32, 66, 100, 7, 66}}},
        {"{\"profile\":\"x86_64\",\"memory\":\"256M\",\"reserved\":\"0\"}",
         2048,
         {{LA_ZONE_DMA, 32, 40, 48, 1, 40}, {LA_ZONE_DMA32, 480, 600, 720, 15, 600}, {0}}},
        {MACHINE_B_NO_PCP,
         11585,
         {{LA_ZONE_DMA, 5, 9, 13, 1, 9},
          {LA_ZONE_DMA32, 1442, 2486, 3530, 63, 2486},
          {LA_ZONE_NORMAL, 1448, 2496, 3544, 63, 2496}}},
    };

    (void)state;
    for (uint32_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct rig rig = rig_new(golden[i].json);

        assert_int_equal(rig.mm->min_free_kbytes, golden[i].kbytes);
        for (uint32_t z = 0; z < 3 && golden[i].zone[z].min != 0; z++) {
            const struct la_zone *zone = zone_of(&rig, golden[i].zone[z].type);

            assert_int_equal(zone->mark[LA_WMARK_MIN], golden[i].zone[z].min);
            assert_int_equal(zone->mark[LA_WMARK_LOW], golden[i].zone[z].low);
            assert_int_equal(zone->mark[LA_WMARK_HIGH], golden[i].zone[z].high);
            assert_int_equal(zone->pcp[0].batch, golden[i].zone[z].batch);
            assert_int_equal(zone->pcp[0].high, golden[i].zone[z].pcp_high);
        }
        rig_free(&rig);
    }
}

static void test_huge_pages_raise_min_free_kbytes(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"x86_64\",\"memory\":\"8G\",\"reserved\":\"0\",\"thp\":true}");

    (void)state;
    assert_int_equal(rig.mm->min_free_kbytes, 67584);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T01_nowait_stops_at_min),
        cmocka_unit_test(test_T02_atomic_digs_deeper),
        cmocka_unit_test(test_T03_atomic_leaves_three_eighths),
        cmocka_unit_test(test_T04_the_last_page_is_for_who_frees),
        cmocka_unit_test(test_T05_high_that_may_sleep_gets_half),
        cmocka_unit_test(test_T06_noretry_reclaims_once),
        cmocka_unit_test(test_T09_retry_mayfail_kills_nobody),
        cmocka_unit_test(test_T12_dma_means_dma_only),
        cmocka_unit_test(test_T13_none_falls_back_to_dma),
        cmocka_unit_test(test_T14_lowmem_reserve_closes_dma),
        cmocka_unit_test(test_T15_highmem_uses_three_zones),
        cmocka_unit_test(test_T16_dma_and_highmem_is_illegal),
        cmocka_unit_test(test_T17_get_free_pages_highmem_is_low),
        cmocka_unit_test(test_zeroed_page_reads_zero_others_do_not),
        cmocka_unit_test(test_cold_allocation_takes_the_tail),
        cmocka_unit_test(test_scopes_narrow_the_mask),
        cmocka_unit_test(test_sleeping_in_atomic_context_is_reported),
        cmocka_unit_test(test_golden_numbers),
        cmocka_unit_test(test_huge_pages_raise_min_free_kbytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
