/* test_kmalloc.c: kmalloc and its family: T18, T19, sizes, misuse. */
#include "machine_help.h"

#include "mm/slab.h"

static void test_T18_highmem_is_dropped_with_a_warning(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint64_t addr = la_kmalloc(rig.mm, 100, LA_GFP_KERNEL | LA_GFP_HIGHMEM, LA_NO_NODE);
    bool warned = false;

    (void)state;
    assert_int_not_equal(addr, 0);
    assert_int_not_equal(la_virt_to_pfn(rig.mm, addr), LA_NO_PFN);
    for (uint32_t i = 0; i < rig.trace->nr_events; i++)
        if (rig.trace->event[i].id == LA_EV_WARNING)
            warned =
                strcmp(la_event_str(rig.trace, &rig.trace->event[i], 0),
                       "Unexpected gfp: 0x2 (__GFP_HIGHMEM). Fixing up to gfp: 0xcc0 (GFP_KERNEL). Fix your code!") ==
                0;
    assert_true(warned);
    rig_free(&rig);
}

static void test_T19_a_spinlock_forbids_sleeping(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    la_mm_current(rig.mm)->preempt_count = 1;
    assert_int_not_equal(la_kmalloc(rig.mm, 100, LA_GFP_ATOMIC, LA_NO_NODE), 0);
    assert_int_equal(la_oops_count(rig.machine), 0);
    assert_int_not_equal(la_kmalloc(rig.mm, 100, LA_GFP_KERNEL, LA_NO_NODE), 0);
    assert_non_null(strstr(la_last_oops(rig.machine), "BUG: sleeping function called from invalid context"));
    la_mm_current(rig.mm)->preempt_count = 0;
    rig_free(&rig);
}

static void test_sizes_are_rounded_up(void **state)
{
    static const uint64_t wanted[][2] = {{1, 8},     {9, 16},    {65, 96},     {97, 128},
                                         {129, 192}, {193, 256}, {4097, 8192}, {8193, 16384}};
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    for (uint32_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        uint64_t addr = la_kmalloc(rig.mm, wanted[i][0], LA_GFP_KERNEL, LA_NO_NODE);

        assert_int_equal(la_ksize(rig.mm, addr), wanted[i][1]);
        if ((wanted[i][1] & (wanted[i][1] - 1)) == 0)
            assert_int_equal(addr % (wanted[i][1] < 4096 ? wanted[i][1] : 4096), 0);
        la_kfree(rig.mm, addr);
    }
    rig_free(&rig);
}

static void test_limits(void **state)
{
    struct rig rig = rig_new(MACHINE_A);

    (void)state;
    assert_int_equal(la_kmalloc(rig.mm, 0, LA_GFP_KERNEL, LA_NO_NODE), LA_ZERO_SIZE_PTR);
    la_kfree(rig.mm, LA_ZERO_SIZE_PTR);
    la_kfree(rig.mm, 0);
    assert_int_equal(la_oops_count(rig.machine), 0);
    uint64_t addr = la_kmalloc(rig.mm, 4 << 20, LA_GFP_KERNEL, LA_NO_NODE);

    assert_int_not_equal(addr, 0);
    la_kfree(rig.mm, addr);
    assert_int_equal(la_kmalloc(rig.mm, (4 << 20) + 1, LA_GFP_KERNEL, LA_NO_NODE), 0);
    assert_int_equal(count_events(&rig, LA_EV_WARNING), 1);
    rig_free(&rig);
}

static void test_krealloc_keeps_the_bytes(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint64_t small = la_kmalloc(rig.mm, 60, LA_GFP_KERNEL, LA_NO_NODE), large;
    char text[6];

    (void)state;
    assert_int_equal(la_mmu_write(rig.machine, small, "hello", 6), LA_MMU_OK);
    assert_int_equal(la_krealloc(rig.mm, small, 64, LA_GFP_KERNEL), small); /* there is room */
    large = la_krealloc(rig.mm, small, 20000, LA_GFP_KERNEL);
    assert_int_not_equal(large, small);
    assert_int_equal(la_mmu_read(rig.machine, large, text, sizeof text), LA_MMU_OK);
    assert_string_equal(text, "hello");
    assert_int_equal(la_krealloc(rig.mm, large, 0, LA_GFP_KERNEL), LA_ZERO_SIZE_PTR);
    assert_int_equal(la_oops_count(rig.machine), 0);
    rig_free(&rig);
}

static void test_types_of_caches(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    static const struct {
        la_gfp_t gfp;
        const char *name;
    } wanted[] = {{LA_GFP_KERNEL, "kmalloc-64"},
                  {LA_GFP_KERNEL | LA_GFP_DMA, "dma-kmalloc-64"},
                  {LA_GFP_KERNEL | LA_GFP_ACCOUNT, "kmalloc-cg-64"},
                  {LA_GFP_KERNEL | LA_GFP_RECLAIMABLE | LA_GFP_ACCOUNT, "kmalloc-rcl-64"}};

    (void)state;
    for (uint32_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_string_equal(rig.mm->kmem->cache[la_kmalloc_slab(rig.mm, 60, wanted[i].gfp)].name, wanted[i].name);
    rig_free(&rig);
}

static void test_zeroed_memory_is_zero(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    unsigned char bytes[96];
    uint64_t addr = la_kmalloc(rig.mm, 96, LA_GFP_KERNEL, LA_NO_NODE);

    (void)state;
    assert_int_equal(la_mmu_fill(rig.machine, addr, 0xFF, 96), LA_MMU_OK);
    la_kfree(rig.mm, addr);
    assert_int_equal(la_kmalloc(rig.mm, 96, LA_GFP_KERNEL | LA_GFP_ZERO, LA_NO_NODE), addr);
    assert_int_equal(la_mmu_read(rig.machine, addr, bytes, sizeof bytes), LA_MMU_OK);
    for (uint32_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], 0);
    rig_free(&rig);
}

static void test_what_is_not_kmalloc_memory(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    uint64_t addr = la_kmalloc(rig.mm, 64, LA_GFP_KERNEL, LA_NO_NODE);

    (void)state;
    la_kfree(rig.mm, la_pfn_to_virt(rig.mm, pfn)); /* the kernel warns and frees the page */
    assert_int_equal(count_events(&rig, LA_EV_WARNING), 1);
    assert_int_equal(la_oops_count(rig.machine), 0);
    la_kfree(rig.mm, 0xFE000010);
    assert_int_equal(la_oops_count(rig.machine), 1);
    la_kfree(rig.mm, addr + 8);
    assert_int_equal(la_oops_count(rig.machine), 2);
    la_kfree(rig.mm, addr);
    assert_int_equal(la_oops_count(rig.machine), 2);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T18_highmem_is_dropped_with_a_warning),
        cmocka_unit_test(test_T19_a_spinlock_forbids_sleeping),
        cmocka_unit_test(test_sizes_are_rounded_up),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_krealloc_keeps_the_bytes),
        cmocka_unit_test(test_types_of_caches),
        cmocka_unit_test(test_zeroed_memory_is_zero),
        cmocka_unit_test(test_what_is_not_kmalloc_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
