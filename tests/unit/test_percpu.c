/* test_percpu.c: a copy for every CPU: T51, T55, T56 of the test matrix; chunks; a property test. */
#include "base/prng.h"
#include "machine_help.h"
#include "mm/percpu.h"
#include "mm/vmalloc.h"

#define MACHINE_4  "{\"profile\":\"x86_64\",\"memory\":\"256M\",\"reserved\":\"0\",\"cpus\":4}"
#define MACHINE_32 "{\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\",\"cpus\":3}"

static uint32_t free_pages(const struct rig *rig)
{
    uint32_t pages = 0;

    for (uint32_t z = 0; z < rig->mm->nr_zones; z++)
        pages += rig->mm->zone[z].nr_free + la_zone_pcp_pages(&rig->mm->zone[z]);
    return pages;
}

static void test_T51_each_cpu_has_its_copy(void **state)
{
    struct rig rig = rig_new(MACHINE_4);
    uint64_t p = la_alloc_percpu(rig.mm, 4, 4, LA_GFP_KERNEL);

    (void)state;
    for (uint32_t cpu = 0; cpu < 4; cpu++) {
        unsigned char value = (unsigned char)(cpu + 1), back = 0xFF;
        uint64_t addr = la_per_cpu_ptr(rig.mm, p, cpu);

        assert_int_equal(la_mmu_read(rig.machine, addr, &back, 1), LA_MMU_OK);
        assert_int_equal(back, 0); /* zeroed */
        assert_int_equal(la_mmu_write(rig.machine, addr, &value, 1), LA_MMU_OK);
    }
    for (uint32_t cpu = 0; cpu < 4; cpu++) {
        unsigned char back = 0;

        assert_int_equal(la_mmu_read(rig.machine, la_per_cpu_ptr(rig.mm, p, cpu), &back, 1), LA_MMU_OK);
        assert_int_equal(back, cpu + 1);
    }
    unsigned char byte;

    assert_int_equal(la_mmu_read(rig.machine, p, &byte, 1), LA_MMU_FAULT); /* it is no address */
    rig_free(&rig);
}

static void test_T55_sizes_and_alignments(void **state)
{
    struct rig rig = rig_new(MACHINE_4);

    (void)state;
    assert_int_equal(la_alloc_percpu(rig.mm, 32769, 4, LA_GFP_KERNEL), 0);
    assert_non_null(strstr(rig.mm->last_oops, "illegal size (32769) or align (4) for percpu allocation"));
    assert_int_equal(la_alloc_percpu(rig.mm, 8, 6, LA_GFP_KERNEL), 0);
    assert_non_null(strstr(rig.mm->last_oops, "illegal size (8) or align (6)"));
    assert_int_equal(rig.mm->nr_oops, 2);
    assert_int_not_equal(la_alloc_percpu(rig.mm, 8, 3, LA_GFP_KERNEL), 0); /* raised to 4 first */
    assert_int_equal(la_alloc_percpu(rig.mm, 0, 4, LA_GFP_KERNEL), 0);
    assert_int_equal(la_alloc_percpu(rig.mm, 8, 8192, LA_GFP_KERNEL), 0);
    assert_int_equal(la_alloc_percpu(rig.mm, 64, 4096, LA_GFP_KERNEL) % 4096, 0);
    assert_int_not_equal(la_alloc_percpu(rig.mm, 32768, 4, LA_GFP_KERNEL), 0);
    rig_free(&rig);
}

static void test_T56_five_bytes_take_eight(void **state)
{
    struct rig rig = rig_new(MACHINE_32);
    uint64_t a = la_alloc_percpu(rig.mm, 5, 1, LA_GFP_KERNEL), b = la_alloc_percpu(rig.mm, 5, 1, LA_GFP_KERNEL);

    (void)state;
    assert_int_equal(b - a, 8);
    assert_int_equal(la_percpu_size(rig.mm, a), 8);
    la_free_percpu(rig.mm, a);
    assert_int_equal(la_percpu_size(rig.mm, a), 0);
    assert_int_equal(la_alloc_percpu(rig.mm, 8, 4, LA_GFP_KERNEL), a); /* the hole is used again */
    la_free_percpu(rig.mm, b);
    assert_int_equal(rig.mm->nr_oops, 0);
    la_free_percpu(rig.mm, b);
    assert_int_equal(rig.mm->nr_oops, 1);
    la_free_percpu(rig.mm, 0);
    assert_int_equal(rig.mm->nr_oops, 1);
    rig_free(&rig);
}

static void test_the_units_are_as_large_as_on_a_real_machine(void **state)
{
    static const struct {
        const char *machine;
        uint32_t unit, dynamic;
    } cases[] = {{"{\"profile\":\"x86_64\",\"memory\":\"64M\",\"cpus\":1}", 2 << 20, 28 << 10},
                 {"{\"profile\":\"x86_64\",\"memory\":\"64M\",\"cpus\":2}", 1 << 20, 28 << 10},
                 {MACHINE_4, 512 << 10, 28 << 10},
                 {MACHINE_32, 32 << 10, 20 << 10}};

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct rig rig = rig_new(cases[i].machine);

        assert_int_equal(la_pcpu_get(rig.mm)->unit_size, cases[i].unit);
        assert_int_equal(rig.mm->pcpu->dyn_size, cases[i].dynamic);
        assert_null(rig.mm->vmap); /* nothing else was made */
        rig_free(&rig);
    }
}

static void test_a_full_first_chunk_makes_a_new_one(void **state)
{
    struct rig rig = rig_new(MACHINE_32);
    uint32_t before = free_pages(&rig);
    uint64_t first = la_alloc_percpu(rig.mm, 20 << 10, 4, LA_GFP_KERNEL), p; /* the worker makes room */
    unsigned char byte = 9;

    (void)state;
    p = la_alloc_percpu(rig.mm, 5000, 8, LA_GFP_KERNEL);
    assert_int_equal(count_events(&rig, LA_EV_PCPU_CHUNK), 1);
    for (uint32_t cpu = 0; cpu < 3; cpu++) {
        uint64_t addr = la_per_cpu_ptr(rig.mm, p, cpu);

        assert_true(la_is_vmalloc_addr(rig.mm, addr));
        assert_int_equal(rig.mm->frame[la_vmalloc_to_pfn(rig.mm, addr)].kind, LA_FRAME_PERCPU);
        assert_int_equal(rig.mm->frame[la_vmalloc_to_pfn(rig.mm, addr)].use, cpu);
        assert_int_equal(la_mmu_write(rig.machine, addr + 4999, &byte, 1), LA_MMU_OK);
    }
    assert_int_equal(before - free_pages(&rig), 3 * 4 + 1); /* four pages in each of three units, a page table */
    assert_int_equal(rig.mm->pcpu->nr_empty_pop_pages, 2);
    la_free_percpu(rig.mm, p);
    assert_int_equal(rig.mm->pcpu->nr_empty_pop_pages, 4); /* the chunk stays, all free */
    la_free_percpu(rig.mm, first);
    rig_free(&rig);
}

static void test_atomic_requests_take_only_what_is_there(void **state)
{
    struct rig rig = rig_new(MACHINE_32);

    (void)state;
    la_pcpu_get(rig.mm)->no_worker = true;
    assert_int_not_equal(la_alloc_percpu(rig.mm, 20 << 10, 4, LA_GFP_KERNEL), 0);
    uint32_t before = free_pages(&rig);

    la_mm_current(rig.mm)->preempt_count = 1;
    assert_int_equal(la_alloc_percpu(rig.mm, 5000, 8, LA_GFP_ATOMIC), 0);
    assert_int_equal(la_alloc_percpu(rig.mm, 40000, 8, LA_GFP_ATOMIC | LA_GFP_NOWARN), 0);
    assert_int_equal(free_pages(&rig), before);
    la_mm_current(rig.mm)->preempt_count = 0;
    rig.mm->pcpu->no_worker = false;
    la_mm_tick(rig.mm, 1); /* the worker comes */
    assert_true(rig.mm->pcpu->nr_empty_pop_pages >= LA_PCPU_EMPTY_HIGH);
    assert_int_not_equal(la_alloc_percpu(rig.mm, 5000, 8, LA_GFP_ATOMIC), 0);
    assert_int_equal(rig.mm->nr_oops, 0);
    rig_free(&rig);
}

enum { SLOTS = 120, STEPS = 3000 };

/*
 * Two gaps of 12 bytes in one page, one of them at its end; an allocation takes the other one.  The kernel then takes
 * the gap it had in reserve as the longest, and looks only behind it: right_free stays 0 although 12 bytes are free.
 */
static void test_the_free_end_of_a_page_may_be_forgotten(void **state)
{
    struct rig rig = rig_new(MACHINE_4);
    uint64_t a = la_alloc_percpu(rig.mm, 2036, 16, LA_GFP_KERNEL), end = la_alloc_percpu(rig.mm, 2036, 16, LA_GFP_KERNEL);
    const struct la_pcpu_block *b = &rig.mm->pcpu->chunk[rig.mm->pcpu->first].md[0];

    (void)state;
    assert_int_equal(end - a, 2048);
    assert_int_equal(b->right_free, 3);
    assert_int_equal(la_alloc_percpu(rig.mm, 4, 4, LA_GFP_KERNEL), a + 2036);
    assert_int_equal(b->right_free, 0);
    assert_int_equal(b->contig_hint_start, LA_PCPU_BLOCK_BITS - 3);
    rig_check(&rig);
    la_free_percpu(rig.mm, end); /* now it is noticed */
    assert_int_equal(b->right_free, LA_PCPU_BLOCK_BITS / 2 + 2); /* with what is left of the first gap */
    rig_free(&rig);
}

static void test_any_sequence_keeps_the_invariants(void **state)
{
    static const char *const machines[] = {MACHINE_32, MACHINE_4};

    (void)state;
    for (uint32_t m = 0; m < 2; m++) {
        struct rig rig = rig_new(machines[m]);
        struct la_prng prng = {m + 7};
        uint64_t slot[SLOTS] = {0};

        for (uint32_t step = 0; step < STEPS; step++) {
            uint32_t i = la_prng_below(&prng, SLOTS),
                     size = 1 + la_prng_below(&prng, la_prng_below(&prng, 8) ? 300 : 32768);

            la_trace_begin(rig.trace);
            if (slot[i] != 0) {
                la_free_percpu(rig.mm, slot[i]);
                slot[i] = 0;
            } else {
                slot[i] = la_alloc_percpu(rig.mm, size, UINT64_C(1) << la_prng_below(&prng, 9),
                                          la_prng_below(&prng, 5) ? LA_GFP_KERNEL : LA_GFP_ATOMIC);
            }
            if (step % 16 == 0)
                rig_check(&rig);
        }
        for (uint32_t i = 0; i < SLOTS; i++)
            la_free_percpu(rig.mm, slot[i]);
        assert_int_equal(rig.mm->nr_oops, 0);
        rig_free(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T51_each_cpu_has_its_copy),
        cmocka_unit_test(test_T55_sizes_and_alignments),
        cmocka_unit_test(test_T56_five_bytes_take_eight),
        cmocka_unit_test(test_the_units_are_as_large_as_on_a_real_machine),
        cmocka_unit_test(test_a_full_first_chunk_makes_a_new_one),
        cmocka_unit_test(test_atomic_requests_take_only_what_is_there),
        cmocka_unit_test(test_the_free_end_of_a_page_may_be_forgotten),
        cmocka_unit_test(test_any_sequence_keeps_the_invariants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
