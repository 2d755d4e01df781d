/* test_vmalloc.c: areas, page tables, lazy freeing: T20, T43-T47 of the test matrix; and a property test. */
#include "base/prng.h"
#include "machine_help.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

#define MACHINE_PAE "{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\",\"pae\":true}"
#define MACHINE_32  "{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\"}"
#define MACHINE_64  "{\"profile\":\"x86_64\",\"memory\":\"256M\",\"reserved\":\"0\"}"

static uint32_t free_pages(const struct rig *rig)
{
    uint32_t pages = 0;

    for (uint32_t z = 0; z < rig->mm->nr_zones; z++)
        pages += rig->mm->zone[z].nr_free + la_zone_pcp_pages(&rig->mm->zone[z]);
    return pages;
}

/* the event OOPS or WARNING of this statement that contains @words */
static bool said(const struct rig *rig, const char *words)
{
    for (uint32_t i = 0; i < rig->trace->nr_events; i++) {
        const struct la_event *e = &rig->trace->event[i];

        if ((e->id == LA_EV_OOPS || e->id == LA_EV_WARNING) && strstr(la_event_str(rig->trace, e, 0), words))
            return true;
    }
    return false;
}

static void test_T20_vmalloc_in_an_interrupt_is_a_bug(void **state)
{
    struct rig rig = rig_new(MACHINE_32);

    (void)state;
    la_mm_current(rig.mm)->preempt_count += LA_HARDIRQ_OFFSET;
    assert_int_equal(la_vmalloc(rig.mm, 4096, LA_GFP_KERNEL), 0);
    assert_true(said(&rig, "BUG_ON(in_interrupt())"));
    assert_true(la_vmap_take_bug(rig.mm));
    assert_false(la_vmap_take_bug(rig.mm));
    la_mm_current(rig.mm)->preempt_count = 0;
    rig_free(&rig);
}

static void test_T19_vmalloc_under_a_spinlock_must_not_sleep(void **state)
{
    struct rig rig = rig_new(MACHINE_32);

    (void)state;
    la_mm_current(rig.mm)->preempt_count = 1;
    assert_int_not_equal(la_vmalloc(rig.mm, 4096, LA_GFP_KERNEL), 0); /* the kernel goes on */
    assert_true(said(&rig, "BUG: sleeping function called from invalid context"));
    assert_true(said(&rig, "preempt_count: 1, expected: 0"));
    rig_free(&rig);
}

static void test_T43_areas_lie_apart_by_a_guard_page(void **state)
{
    static const char *const machines[] = {MACHINE_32, MACHINE_PAE, MACHINE_64};

    (void)state;
    for (uint32_t m = 0; m < 3; m++) {
        struct rig rig = rig_new(machines[m]);
        uint64_t a = la_vmalloc(rig.mm, 8192, LA_GFP_KERNEL), b = la_vmalloc(rig.mm, 8192, LA_GFP_KERNEL);
        unsigned char byte = 7, back = 0;

        assert_int_equal(a, rig.mm->layout.vmalloc_start);
        assert_int_equal(b - a, 12288);
        assert_int_equal(la_mmu_write(rig.machine, a + 8191, &byte, 1), LA_MMU_OK);
        assert_int_equal(la_mmu_write(rig.machine, a + 8192, &byte, 1), LA_MMU_FAULT); /* the guard page */
        assert_int_equal(la_mmu_read(rig.machine, a + 8191, &back, 1), LA_MMU_OK);
        assert_int_equal(back, 7);
        la_frame_read(rig.mm, la_vmalloc_to_pfn(rig.mm, a + 4096), 4095, &back, 1); /* and in the frame itself */
        assert_int_equal(back, 7);
        rig_free(&rig);
    }
}

static void test_T44_one_page_costs_more_than_one_page(void **state)
{
    struct rig rig = rig_new(MACHINE_32);
    uint32_t before = free_pages(&rig);
    uint64_t a = la_vmalloc(rig.mm, 1, LA_GFP_KERNEL);

    (void)state;
    assert_int_equal(before - free_pages(&rig), 4); /* the page, the page table, slabs for vm_struct and array */
    assert_int_equal(la_pt_nr_tables(rig.mm), 1);
    assert_int_equal(la_find_vm_area(rig.mm, a)->end - a, 8192);
    (void)la_vmalloc(rig.mm, 1, LA_GFP_KERNEL);
    assert_int_equal(before - free_pages(&rig), 5); /* all but the page is there already */
    rig_free(&rig);
}

static uint64_t word_at(const struct rig *rig, uint64_t addr, uint32_t bytes)
{
    unsigned char b[8];

    assert_int_equal(la_mmu_read(rig->machine, addr, b, bytes), LA_MMU_OK);
    return la_load_le(b, bytes);
}

/* include/linux/vmalloc.h: next, addr, size, flags, pages, (page_order,) nr_pages, phys_addr, caller */
static void test_what_the_kernel_keeps_lies_in_memory(void **state)
{
    static const struct {
        const char *machine;
        uint32_t word, pages, nr_pages, cache_bytes;
    } expected[] = {{MACHINE_32, 4, 16, 20, 32}, {MACHINE_PAE, 4, 16, 20, 64}, {MACHINE_64, 8, 32, 44, 64}};

    (void)state;
    for (uint32_t m = 0; m < 3; m++) {
        struct rig rig = rig_new(expected[m].machine);
        uint32_t word = expected[m].word, nr = LA_PAGE_SIZE / word + 1; /* one more than fits into a page */
        uint64_t a = la_vmalloc(rig.mm, 3 * 4096, LA_GFP_KERNEL), long_one = la_vmalloc(rig.mm, nr * 4096ull, LA_GFP_KERNEL);
        uint64_t vm = la_find_vm_area(rig.mm, a)->vm, pages = word_at(&rig, vm + expected[m].pages, word);

        assert_int_equal(la_ksize(rig.mm, vm), expected[m].cache_bytes);
        assert_int_equal(word_at(&rig, vm + word, word), a);
        assert_int_equal(word_at(&rig, vm + 2 * word, word), 4 * 4096);
        assert_int_equal(word_at(&rig, vm + 3 * word, word), LA_VM_ALLOC);
        assert_int_equal(word_at(&rig, vm + expected[m].nr_pages, 4), 3);
        for (uint32_t i = 0; i < 3; i++)
            assert_int_equal(word_at(&rig, pages + i * word, word), la_pfn_to_page(rig.mm, la_vmalloc_to_pfn(rig.mm, a + i * 4096)));
        pages = word_at(&rig, la_find_vm_area(rig.mm, long_one)->vm + expected[m].pages, word);
        assert_true(la_find_vm_area(rig.mm, pages)->flags & LA_VM_HIDDEN);
        for (uint32_t i = 0; i < nr; i += nr - 1)
            assert_int_equal(word_at(&rig, pages + i * word, word),
                             la_pfn_to_page(rig.mm, la_vmalloc_to_pfn(rig.mm, long_one + i * 4096ull)));
        la_vfree(rig.mm, a);
        assert_int_equal(rig.mm->kmem->cache[la_kmalloc_slab(rig.mm, expected[m].cache_bytes, LA_GFP_KERNEL)].nr_live, 2);
        la_vfree(rig.mm, long_one);
        assert_int_equal(rig.mm->kmem->cache[la_kmalloc_slab(rig.mm, expected[m].cache_bytes, LA_GFP_KERNEL)].nr_live, 0);
        rig_free(&rig);
    }
}

/* failslab: no vm_struct, no area, and nothing is left behind. */
static void test_no_area_without_a_vm_struct(void **state)
{
    struct rig rig = rig_new(MACHINE_64);

    (void)state;
    rig.mm->fail = (struct la_fail){.slab = {.probability = 100, .times = -1}};
    assert_int_equal(la_vmalloc(rig.mm, 4096, LA_GFP_KERNEL), 0);
    assert_true(said(&rig, "vm_struct allocation failed"));
    assert_int_equal(rig.mm->vmap->root[LA_VMAP_BUSY], 0);
    rig_free(&rig);
}

static void test_T45_page_tables_by_region(void **state)
{
    struct rig rig = rig_new(MACHINE_32);

    (void)state;
    assert_int_equal(rig.mm->layout.vmalloc_start % (8 << 20), 0);
    uint64_t a = la_vmalloc(rig.mm, 3 << 20, LA_GFP_KERNEL);

    assert_int_equal(la_pt_nr_tables(rig.mm), 1);
    assert_int_equal(count_events(&rig, LA_EV_PT_NEW), 1);
    la_vfree(rig.mm, a);
    assert_int_equal(la_pt_nr_tables(rig.mm), 1); /* tables stay */
    la_vm_unmap_aliases(rig.mm);
    assert_int_equal(la_vmalloc(rig.mm, 5 << 20, LA_GFP_KERNEL), a);
    assert_int_equal(la_pt_nr_tables(rig.mm), 2); /* one was there */
    rig_free(&rig);
}

static void test_T46_no_constant_offset(void **state)
{
    struct rig rig = rig_new(MACHINE_32);
    uint64_t a = la_vmalloc(rig.mm, 8192, LA_GFP_KERNEL);

    (void)state;
    assert_int_equal(la_virt_to_pfn(rig.mm, a), LA_NO_PFN);
    assert_true(la_is_vmalloc_addr(rig.mm, a));
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t pfn = la_vmalloc_to_pfn(rig.mm, a + i * 4096);

        assert_int_equal(rig.mm->frame[pfn].kind, LA_FRAME_VMALLOC);
        assert_int_equal(rig.mm->frame[pfn].use, (a >> 12) + i);
    }
    assert_int_equal(la_vmalloc_to_pfn(rig.mm, a + 8192), LA_NO_PFN);
    rig_free(&rig);
}

static void test_T47_freed_addresses_wait_for_a_flush(void **state)
{
    struct rig rig = rig_new(MACHINE_32);
    uint64_t a = la_vmalloc(rig.mm, 4096, LA_GFP_KERNEL), b;
    uint32_t before = free_pages(&rig);
    unsigned char byte;

    (void)state;
    la_vfree(rig.mm, a);
    assert_int_equal(free_pages(&rig) - before, 1);
    assert_int_equal(la_mmu_read(rig.machine, a, &byte, 1), LA_MMU_FAULT);
    assert_int_equal(rig.mm->vmap->lazy_nr, 2);
    b = la_vmalloc(rig.mm, 4096, LA_GFP_KERNEL);
    assert_int_equal(b - a, 8192);
    la_vm_unmap_aliases(rig.mm);
    assert_int_equal(la_vmalloc(rig.mm, 4096, LA_GFP_KERNEL), a);
    rig_free(&rig);
}

static void test_too_many_lazy_pages_are_flushed(void **state)
{
    struct rig rig = rig_new(MACHINE_64);

    (void)state;
    assert_int_equal(la_vmap_lazy_max(rig.mm), 8192);
    for (uint32_t i = 0; i < 16; i++)
        la_vfree(rig.mm, la_vmalloc(rig.mm, (2 << 20) - 4096, LA_GFP_KERNEL));
    assert_int_equal(rig.mm->vmap->lazy_nr, 8192);
    assert_int_equal(rig.mm->vmap->nr_purges, 0);
    la_vfree(rig.mm, la_vmalloc(rig.mm, 1, LA_GFP_KERNEL));
    assert_int_equal(rig.mm->vmap->lazy_nr, 0);
    assert_int_equal(rig.mm->vmap->nr_purges, 1);
    rig_free(&rig);
}

static void test_a_long_array_of_pages_lies_in_an_area_of_its_own(void **state)
{
    struct rig rig = rig_new(MACHINE_64);
    uint64_t a = la_vmalloc(rig.mm, 1024 * 4096, LA_GFP_KERNEL), b;
    uint32_t before;

    (void)state;
    b = la_vmalloc(rig.mm, 4096, LA_GFP_KERNEL); /* behind a, its guard, and 2 pages + guard of pointers */
    assert_int_equal(b - a, (1025 + 3) * 4096);
    assert_true(la_find_vm_area(rig.mm, a + 1025 * 4096)->flags & LA_VM_HIDDEN);
    before = free_pages(&rig);
    la_vfree(rig.mm, a);
    assert_int_equal(free_pages(&rig) - before, 1026);
    rig_free(&rig);
}

static void test_wrong_frees_are_reported(void **state)
{
    struct rig rig = rig_new(MACHINE_32);
    uint64_t a = la_vmalloc(rig.mm, 8192, LA_GFP_KERNEL);

    (void)state;
    la_vfree(rig.mm, a + 5);
    assert_true(said(&rig, "Trying to vfree() bad address ("));
    la_vfree(rig.mm, 0);
    la_vfree(rig.mm, a);
    assert_false(said(&rig, "nonexistent vm area"));
    la_vfree(rig.mm, a);
    assert_true(said(&rig, "Trying to vfree() nonexistent vm area ("));
    la_trace_begin(rig.trace);
    la_vfree(rig.mm, rig.mm->layout.page_offset);
    assert_true(said(&rig, "nonexistent vm area"));
    rig_free(&rig);
}

static void test_impossible_sizes_give_null(void **state)
{
    struct rig rig = rig_new(MACHINE_32);

    (void)state;
    assert_int_equal(la_vmalloc(rig.mm, 0, LA_GFP_KERNEL), 0);
    assert_int_equal(la_vmalloc(rig.mm, UINT64_C(1) << 31, LA_GFP_KERNEL), 0);
    assert_true(said(&rig, "vmalloc error: size 2147483648, exceeds total pages"));
    la_vfree(rig.mm, la_vmalloc(rig.mm, 400 * 4096, LA_GFP_KERNEL)); /* slabs for the vm_struct and the array stay */
    la_vm_unmap_aliases(rig.mm);
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 500);
    uint32_t before = free_pages(&rig), tables = la_pt_nr_tables(rig.mm);

    assert_int_equal(la_vmalloc(rig.mm, 400 * 4096, LA_GFP_KERNEL | LA_GFP_NORETRY), 0); /* some must stay */
    assert_true(said(&rig, "failed to allocate pages"));
    assert_int_equal(before - free_pages(&rig), la_pt_nr_tables(rig.mm) - tables);
    rig_free(&rig);
}

static void test_vfree_in_an_interrupt_is_done_later(void **state)
{
    struct rig rig = rig_new(MACHINE_32);
    uint64_t a = la_vmalloc(rig.mm, 4096, LA_GFP_KERNEL);
    uint32_t before = free_pages(&rig);

    (void)state;
    la_mm_current(rig.mm)->preempt_count = LA_HARDIRQ_OFFSET;
    la_vfree(rig.mm, a);
    assert_int_equal(free_pages(&rig), before);
    assert_int_not_equal(la_vmalloc_to_pfn(rig.mm, a), LA_NO_PFN);
    la_mm_current(rig.mm)->preempt_count = 0;
    la_mm_tick(rig.mm, 1);
    assert_int_equal(free_pages(&rig), before + 1);
    assert_int_equal(la_vmalloc_to_pfn(rig.mm, a), LA_NO_PFN);
    rig_free(&rig);
}

static void test_vmap_maps_and_vunmap_frees_nothing(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t pfn[3];
    unsigned char byte = 0x5A, back = 0;

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        pfn[2 - i] = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE); /* backwards */
    uint64_t a = la_vmap_pages(rig.mm, pfn, 3);
    uint32_t before = free_pages(&rig);

    assert_int_equal(la_vmalloc_to_pfn(rig.mm, a + 4096), pfn[1]);
    assert_int_equal(la_mmu_write(rig.machine, a + 8192, &byte, 1), LA_MMU_OK);
    assert_int_equal(la_mmu_read(rig.machine, la_pfn_to_virt(rig.mm, pfn[2]), &back, 1), LA_MMU_OK);
    assert_int_equal(back, 0x5A); /* one page, two addresses */
    la_vunmap(rig.mm, a);
    assert_int_equal(free_pages(&rig), before);
    assert_int_equal(la_vmalloc_to_pfn(rig.mm, a), LA_NO_PFN);
    rig_free(&rig);
}

static void test_the_walk_shows_every_level(void **state)
{
    static const struct {
        const char *machine;
        uint32_t levels;
        const char *first;
    } cases[] = {{MACHINE_32, 2, "PGD"}, {MACHINE_PAE, 3, "PGD"}, {MACHINE_64, 4, "PGD"}};

    (void)state;
    for (uint32_t c = 0; c < 3; c++) {
        struct rig rig = rig_new(cases[c].machine);
        uint64_t a = la_vmalloc(rig.mm, 4096, LA_GFP_KERNEL);
        struct la_walk walk;

        assert_true(la_pt_walk(rig.mm, a + 0x123, &walk));
        assert_int_equal(walk.nr, cases[c].levels);
        assert_int_equal(walk.step[0].table, LA_NO_PFN);
        assert_string_equal(la_pt_level_name(rig.mm, 0), cases[c].first);
        assert_string_equal(la_pt_level_name(rig.mm, walk.nr - 1), "PTE");
        assert_int_equal(walk.phys, ((uint64_t)la_vmalloc_to_pfn(rig.mm, a) << 12) + 0x123);
        assert_int_equal(walk.step[walk.nr - 1].entry & 0xfff, 0x163);
        for (uint32_t i = 1; i < walk.nr; i++)
            assert_int_equal(rig.mm->frame[walk.step[i].table].kind, LA_FRAME_PGTABLE);
        rig_free(&rig);
    }
}

static void test_going_back_takes_mappings_back(void **state)
{
    struct rig rig = rig_new(MACHINE_64);
    struct la_keyframe *start = la_arena_save(rig.machine->arena);
    uint64_t a = la_vmalloc(rig.mm, 100000, LA_GFP_KERNEL);
    struct la_keyframe *after = la_arena_save(rig.machine->arena);

    (void)state;
    la_vfree(rig.mm, a);
    la_arena_restore(rig.machine->arena, after, NULL, NULL);
    rig_check(&rig);
    assert_int_not_equal(la_vmalloc_to_pfn(rig.mm, a), LA_NO_PFN);
    la_arena_restore(rig.machine->arena, start, NULL, NULL);
    rig_check(&rig);
    assert_null(rig.mm->vmap);
    assert_int_equal(la_vmalloc(rig.mm, 4096, LA_GFP_KERNEL), a);
    la_keyframe_free(rig.machine->arena, start);
    la_keyframe_free(rig.machine->arena, after);
    rig_free(&rig);
}

/* ---- any sequence of calls keeps every invariant ---- */

enum { SLOTS = 40, STEPS = 400 };

static void random_step(struct rig *rig, struct la_prng *prng, uint64_t *slot, uint8_t *kind, const uint32_t *pfn)
{
    uint32_t i = la_prng_below(prng, SLOTS), what = la_prng_below(prng, 16);

    if (slot[i] != 0) {
        if (kind[i] == 0)
            la_vfree(rig->mm, slot[i]);
        else if (kind[i] == 1)
            la_vunmap(rig->mm, slot[i]);
        else
            la_iounmap(rig->mm, slot[i]);
        slot[i] = 0;
    } else if (what < 8) {
        kind[i] = 0;
        slot[i] =
            la_vmalloc(rig->mm, 1 + la_prng_below(prng, what < 6 ? 40000 : 3000000), LA_GFP_KERNEL | LA_GFP_NORETRY);
    } else if (what < 10) {
        kind[i] = 1;
        slot[i] = la_vmap_pages(rig->mm, pfn, 1 + la_prng_below(prng, 8));
    } else if (what < 15) {
        kind[i] = 2;
        slot[i] = la_ioremap(rig->mm, UINT64_C(0xF0000000) + la_prng_below(prng, 64) * 0x40000u,
                             UINT64_C(1) << la_prng_below(prng, 23),
                             la_prng_below(prng, 2) ? LA_CACHE_WC : LA_CACHE_UC_MINUS);
    } else {
        la_vm_unmap_aliases(rig->mm);
    }
}

static void test_any_sequence_keeps_the_invariants(void **state)
{
    static const char *const machines[] = {MACHINE_32, MACHINE_PAE, MACHINE_64};

    (void)state;
    for (uint32_t m = 0; m < 3; m++) {
        struct rig rig = rig_new(machines[m]);
        struct la_prng prng = {m + 1};
        uint64_t slot[SLOTS] = {0};
        uint8_t kind[SLOTS] = {0};
        uint32_t pfn[8], before;

        for (uint32_t i = 0; i < 8; i++)
            pfn[i] = la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
        before = free_pages(&rig);
        for (uint32_t step = 0; step < STEPS; step++) {
            la_trace_begin(rig.trace);
            random_step(&rig, &prng, slot, kind, pfn);
            if (step % 8 == 0)
                rig_check(&rig);
        }
        for (uint32_t i = 0; i < SLOTS; i++) {
            if (slot[i] != 0 && kind[i] == 0)
                la_vfree(rig.mm, slot[i]);
            else if (slot[i] != 0 && kind[i] == 1)
                la_vunmap(rig.mm, slot[i]);
            else if (slot[i] != 0)
                la_iounmap(rig.mm, slot[i]);
        }
        for (uint32_t cache = 0; cache < LA_MAX_CACHES; cache++)
            if (rig.mm->kmem->cache[cache].live)
                assert_int_equal(la_kmem_cache_shrink(rig.mm, cache), 0);
        assert_int_equal(before - free_pages(&rig), la_pt_nr_tables(rig.mm));
        assert_int_equal(rig.mm->nr_oops, 0);
        assert_int_equal(rig.mm->vmap->root[LA_VMAP_BUSY], 0);
        la_vm_unmap_aliases(rig.mm);
        assert_int_equal(rig.mm->vmap->area[rig.mm->vmap->root[LA_VMAP_FREE]].start, 1); /* one range again */
        rig_free(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T20_vmalloc_in_an_interrupt_is_a_bug),
        cmocka_unit_test(test_T19_vmalloc_under_a_spinlock_must_not_sleep),
        cmocka_unit_test(test_T43_areas_lie_apart_by_a_guard_page),
        cmocka_unit_test(test_T44_one_page_costs_more_than_one_page),
        cmocka_unit_test(test_what_the_kernel_keeps_lies_in_memory),
        cmocka_unit_test(test_no_area_without_a_vm_struct),
        cmocka_unit_test(test_T45_page_tables_by_region),
        cmocka_unit_test(test_T46_no_constant_offset),
        cmocka_unit_test(test_T47_freed_addresses_wait_for_a_flush),
        cmocka_unit_test(test_too_many_lazy_pages_are_flushed),
        cmocka_unit_test(test_a_long_array_of_pages_lies_in_an_area_of_its_own),
        cmocka_unit_test(test_wrong_frees_are_reported),
        cmocka_unit_test(test_impossible_sizes_give_null),
        cmocka_unit_test(test_vfree_in_an_interrupt_is_done_later),
        cmocka_unit_test(test_vmap_maps_and_vunmap_frees_nothing),
        cmocka_unit_test(test_the_walk_shows_every_level),
        cmocka_unit_test(test_going_back_takes_mappings_back),
        cmocka_unit_test(test_any_sequence_keeps_the_invariants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
