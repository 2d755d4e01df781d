/* test_ioremap.c: addresses for devices: T48-T50 of the test matrix, and what answers behind them. */
#include "machine_help.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

#define DEVICES                                                                                                        \
    ",\"devices\":[{\"name\":\"nic\",\"bar\":\"0xfeb00000\",\"size\":\"64K\"},"                                        \
    "{\"name\":\"gpu\",\"bar\":\"0xe0000000\",\"size\":\"16M\"}]}"
#define MACHINE_32  "{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\"" DEVICES
#define MACHINE_PAE "{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\",\"pae\":true" DEVICES
#define MACHINE_64  "{\"profile\":\"x86_64\",\"memory\":\"256M\",\"reserved\":\"0\"" DEVICES

static uint32_t free_pages(const struct rig *rig)
{
    uint32_t pages = 0;

    for (uint32_t z = 0; z < rig->mm->nr_zones; z++)
        pages += rig->mm->zone[z].nr_free + la_zone_pcp_pages(&rig->mm->zone[z]);
    return pages;
}

static uint32_t readl(struct rig *rig, uint64_t addr)
{
    unsigned char b[4];

    assert_int_equal(la_mmu_read(rig->machine, addr, b, 4), LA_MMU_OK);
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void writel(struct rig *rig, uint64_t addr, uint32_t value)
{
    unsigned char b[4] = {(unsigned char)value, (unsigned char)(value >> 8), (unsigned char)(value >> 16),
                          (unsigned char)(value >> 24)};

    assert_int_equal(la_mmu_write(rig->machine, addr, b, 4), LA_MMU_OK);
}

static void test_T48_no_data_page_is_taken(void **state)
{
    struct rig rig = rig_new(MACHINE_32);

    (void)state;
    la_kfree(rig.mm, la_kmalloc(rig.mm, 32, LA_GFP_KERNEL, LA_NO_NODE)); /* the slab for the vm_struct is there */
    uint32_t before = free_pages(&rig);
    uint64_t a = la_ioremap(rig.mm, 0xFEB00010, 0x20, LA_CACHE_UC_MINUS);

    assert_int_equal(a & 0xFFF, 0x010);
    assert_int_equal(la_find_vm_area(rig.mm, a)->end - (a & ~0xFFFull), 8192); /* a page and its guard */
    assert_int_equal(before - free_pages(&rig), 1);                            /* the page table */
    assert_int_equal(la_pt_nr_tables(rig.mm), 1);
    rig_free(&rig);
}

static void test_T49_ram_is_refused(void **state)
{
    struct rig rig = rig_new(MACHINE_32);

    (void)state;
    assert_int_equal(la_ioremap(rig.mm, 0x100000, 4096, LA_CACHE_UC_MINUS), 0);
    assert_int_equal(count_events(&rig, LA_EV_OOPS), 1);
    assert_non_null(strstr(rig.mm->last_oops, "ioremap on RAM at 0x00100000 - 0x00100fff"));
    assert_int_equal(la_ioremap(rig.mm, 0x100000, 4096, LA_CACHE_UC_MINUS), 0);
    assert_int_equal(count_events(&rig, LA_EV_OOPS), 1); /* warned once */
    assert_int_equal(la_ioremap(rig.mm, 0xFEB00000, 0, LA_CACHE_UC_MINUS), 0);
    assert_int_equal(la_ioremap(rig.mm, 0xFFFFF000, 0x2000, LA_CACHE_UC_MINUS), 0); /* past 4 GiB */
    rig_free(&rig);
}

static void test_T50_after_iounmap_an_access_faults(void **state)
{
    struct rig rig = rig_new(MACHINE_32);
    uint64_t a = la_ioremap(rig.mm, 0xFEB00000, 0x1000, LA_CACHE_UC_MINUS);
    unsigned char byte;

    (void)state;
    assert_int_equal(readl(&rig, a), 0x4c415331);
    la_iounmap(rig.mm, a);
    assert_null(la_find_vm_area(rig.mm, a));
    assert_int_equal(la_mmu_read(rig.machine, a, &byte, 1), LA_MMU_FAULT);
    assert_int_equal(rig.mm->vmap->nr_memtypes, 0);
    la_iounmap(rig.mm, a);
    assert_non_null(strstr(rig.mm->last_oops, "iounmap: bad address"));
    rig_free(&rig);
}

static void test_the_address_is_aligned_to_the_size(void **state)
{
    static const char *const machines[] = {MACHINE_32, MACHINE_PAE, MACHINE_64};
    static const uint64_t most[] = {4 << 20, 2 << 20, 1 << 30};

    (void)state;
    for (uint32_t m = 0; m < 3; m++) {
        struct rig rig = rig_new(machines[m]);

        (void)la_vmalloc(rig.mm, 1, LA_GFP_KERNEL);
        for (uint64_t bytes = 4096; bytes <= 16 << 20; bytes *= 2) {
            uint64_t a = la_ioremap(rig.mm, 0xE0000000, bytes, LA_CACHE_UC_MINUS);

            assert_int_not_equal(a, 0);
            assert_int_equal(a % (bytes < most[m] ? bytes : most[m]), 0);
            la_iounmap(rig.mm, a);
        }
        rig_free(&rig);
    }
}

static void test_two_mebibytes_by_one_entry(void **state)
{
    struct rig rig = rig_new(MACHINE_64);
    uint64_t small = la_vmalloc(rig.mm, 4 << 20, LA_GFP_KERNEL), a;
    struct la_walk walk;

    (void)state;
    la_vfree(rig.mm, small);
    la_vm_unmap_aliases(rig.mm);
    uint32_t tables = la_pt_nr_tables(rig.mm);

    la_trace_begin(rig.trace);
    a = la_ioremap(rig.mm, 0xE0200000, 2 << 20, LA_CACHE_UC_MINUS);
    assert_true(la_pt_walk(rig.mm, a + 0x12345, &walk));
    assert_int_equal(walk.nr, 3); /* PGD, PUD, PMD */
    assert_int_equal(walk.step[2].entry, UINT64_C(0x80000000E02001F3));
    assert_int_equal(walk.phys, 0xE0212345);
    assert_int_equal(tables - la_pt_nr_tables(rig.mm), 1); /* the empty table under it was freed */
    assert_int_equal(count_events(&rig, LA_EV_PT_FREE), 1);
    la_iounmap(rig.mm, a);
    assert_false(la_pt_walk(rig.mm, a, &walk));
    rig_free(&rig);
}

static void test_one_range_one_kind_of_caching(void **state)
{
    struct rig rig = rig_new(MACHINE_64);
    uint64_t wc = la_ioremap(rig.mm, 0xE0010000, 0x10000, LA_CACHE_WC), uc, both;
    struct la_walk walk;

    (void)state;
    assert_true(la_pt_walk(rig.mm, wc, &walk));
    assert_int_equal(walk.step[3].entry & 0xfff, 0x16b);
    uc = la_ioremap(rig.mm, 0xE0000000, 0x1000, LA_CACHE_UC_MINUS);
    assert_true(la_pt_walk(rig.mm, uc, &walk));
    assert_int_equal(walk.step[3].entry & 0xfff, 0x173);
    assert_int_equal(la_ioremap(rig.mm, 0xE0000000, 2 << 20, LA_CACHE_UC_MINUS), 0); /* touches both */
    assert_int_equal(count_events(&rig, LA_EV_IO_REFUSED), 1);
    both = la_ioremap(rig.mm, 0xE0010000, 0x1000, LA_CACHE_UC_MINUS); /* gets what is there */
    assert_true(la_pt_walk(rig.mm, both, &walk));
    assert_int_equal(walk.step[3].entry & 0xfff, 0x16b);
    la_iounmap(rig.mm, wc);
    la_iounmap(rig.mm, both);
    assert_int_not_equal(la_ioremap(rig.mm, 0xE0000000, 2 << 20, LA_CACHE_UC_MINUS), 0);
    rig_free(&rig);
}

static void test_a_device_is_not_memory(void **state)
{
    struct rig rig = rig_new(MACHINE_32);
    uint64_t a = la_ioremap(rig.mm, 0xFEB00000, 0x1000, LA_CACHE_UC_MINUS);
    unsigned char byte = 0xEE;

    (void)state;
    writel(&rig, a, 1);
    assert_int_equal(readl(&rig, a), 0x4c415331); /* ID cannot be written */
    assert_int_equal(readl(&rig, a + 0x0c), 0);
    assert_int_equal(readl(&rig, a + 0x0c), 1); /* reading COUNTER changes it */
    for (uint32_t i = 1; i <= 17; i++)
        writel(&rig, a + 0x10, i * 11);
    assert_int_equal(readl(&rig, a + 0x08), 0x600 | 16); /* full, one lost */
    assert_int_equal(readl(&rig, a + 0x10), 11);
    assert_int_equal(readl(&rig, a + 0x10), 22);
    writel(&rig, a + 0x04, 2);
    assert_int_equal(readl(&rig, a + 0x08), 0x100);
    writel(&rig, a + 0x20, 0x11223344);
    assert_int_equal(la_mmu_write(rig.machine, a + 0x21, &byte, 1), LA_MMU_OK);
    assert_int_equal(readl(&rig, a + 0x20), 0x1122EE44);
    assert_true(count_events(&rig, LA_EV_IO_READ) > 5);
    assert_false(la_mmu_ok(rig.machine, a, 4)); /* a view must not read it */
    uint64_t nobody = la_ioremap(rig.mm, 0xC0000000, 0x1000, LA_CACHE_UC_MINUS);

    assert_int_equal(readl(&rig, nobody), 0xFFFFFFFF);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T48_no_data_page_is_taken),
        cmocka_unit_test(test_T49_ram_is_refused),
        cmocka_unit_test(test_T50_after_iounmap_an_access_faults),
        cmocka_unit_test(test_the_address_is_aligned_to_the_size),
        cmocka_unit_test(test_two_mebibytes_by_one_entry),
        cmocka_unit_test(test_one_range_one_kind_of_caching),
        cmocka_unit_test(test_a_device_is_not_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
