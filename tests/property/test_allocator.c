/*
 * test_allocator.c: 1,000 random programs of allocator calls; every invariant after every call.
 *
 *     seed -> a small machine (profile, memory, CPUs, page cache, processes …)
 *          -> 40 calls: alloc and free of all orders and flags, mistakes, drains, ticks, CPU switches
 *          -> la_machine_check() after each
 *
 * A second pass over the same seed must end with the same event hash: the machine has no hidden
 * state.  On failure the seed is printed; LA_SEED=<n> runs only that one.
 */
#include "../unit/machine_help.h"

#include "base/prng.h"

#include <stdlib.h>

enum { PROGRAMS = 1000, CALLS = 40, HELD = 64 };

struct held {
    uint32_t pfn, order;
};

struct program {
    struct rig rig;
    struct la_prng prng;
    struct held held[HELD];
    uint32_t nr_held;
};

static uint32_t pick(struct program *p, uint32_t n)
{
    return la_prng_below(&p->prng, n);
}

static void make_machine(struct program *p, char *json, size_t size)
{
    static const char *const profiles[] = {"i386", "x86_64", "numa", "slide"};
    static const char *const memory[] = {"256K", "1M", "4M", "20M"};

    snprintf(json, size,
             "{\"profile\":\"%s\",\"memory\":\"%s\",\"cpus\":%u,\"pcp\":%s,\"thp\":%s,\"page_cache\":\"%uK\","
             "\"min_free_kbytes\":%u,\"pageblock_order\":%u,\"reserved\":\"%uK\","
             "\"processes\":[{\"name\":\"a\",\"pages\":%u},{\"name\":\"b\",\"pages\":%u,\"exits_at_tick\":%u}]}",
             profiles[pick(p, 4)], memory[pick(p, 4)], 1 + (unsigned)pick(p, 4), pick(p, 2) ? "true" : "false",
             pick(p, 2) ? "true" : "false", 4 * (unsigned)pick(p, 40), (unsigned)pick(p, 200), 3 + (unsigned)pick(p, 8),
             4 * (unsigned)pick(p, 20), (unsigned)pick(p, 60), (unsigned)pick(p, 60), 1 + (unsigned)pick(p, 40));
}

static void do_alloc(struct program *p)
{
    static const la_gfp_t base[] = {LA_GFP_KERNEL, LA_GFP_ATOMIC,   LA_GFP_NOWAIT,           0xC00,
                                    0xC40,         LA_GFP_HIGHUSER, LA_GFP_HIGHUSER_MOVABLE, 0};
    static const la_gfp_t extra[] = {0,
                                     0,
                                     LA_GFP_DMA,
                                     LA_GFP_HIGHMEM,
                                     LA_GFP_MOVABLE,
                                     LA_GFP_RECLAIMABLE,
                                     LA_GFP_NORETRY,
                                     LA_GFP_RETRY_MAYFAIL,
                                     LA_GFP_MEMALLOC,
                                     LA_GFP_NOMEMALLOC,
                                     LA_GFP_ZERO,
                                     LA_GFP_COLD_26,
                                     LA_GFP_THISNODE,
                                     LA_GFP_COMP,
                                     LA_GFP_DMA32,
                                     LA_GFP_HIGH};
    la_gfp_t gfp = base[pick(p, 8)] | extra[pick(p, 16)] | extra[pick(p, 16)];
    uint32_t order = pick(p, 3) == 0 ? pick(p, 12) : pick(p, 4);
    uint32_t pfn = la_alloc_pages(p->rig.mm, gfp, order, (int32_t)pick(p, p->rig.mm->nr_nodes + 1u) - 1);

    if (pfn == LA_NO_PFN)
        return;
    assert_int_equal(pfn & ((1u << order) - 1), 0);
    assert_int_equal(p->rig.mm->frame[pfn].refcount, 1);
    if (p->nr_held < HELD)
        p->held[p->nr_held++] = (struct held){pfn, order};
}

static void do_free(struct program *p)
{
    if (p->nr_held == 0)
        return;
    uint32_t i = pick(p, p->nr_held);
    struct held held = p->held[i];

    p->held[i] = p->held[--p->nr_held];
    if (held.order == 0 && pick(p, 4) == 0)
        la_free_hot_cold_page(p->rig.mm, held.pfn, pick(p, 2) != 0);
    else if (pick(p, 12) == 0)
        la_free_pages(p->rig.mm, held.pfn, pick(p, 12)); /* most likely the wrong order */
    else
        la_free_pages(p->rig.mm, held.pfn, held.order);
    if (pick(p, 12) == 0)
        la_free_pages(p->rig.mm, held.pfn, held.order); /* twice */
}

static void do_exact(struct program *p)
{
    uint64_t bytes = 1 + pick(p, 60000);
    uint32_t pfn = la_alloc_pages_exact(p->rig.mm, bytes, LA_GFP_KERNEL | LA_GFP_NORETRY);

    if (pfn != LA_NO_PFN && pick(p, 2))
        la_free_pages_exact(p->rig.mm, pfn, bytes);
}

static void do_memory(struct program *p)
{
    uint32_t pfn = pick(p, p->rig.mm->nr_frames), value = pfn;
    uint64_t addr = pick(p, 2) ? la_kmap(p->rig.mm, pfn) : la_page_address(p->rig.mm, pfn);

    la_mmu_write(p->rig.machine, addr + pick(p, 5000), &value, 4);
    la_mmu_read(p->rig.machine, addr + pick(p, 5000), &value, 4);
    if (pick(p, 2))
        la_kunmap(p->rig.mm, pfn);
}

static void do_call(struct program *p)
{
    struct la_mm *mm = p->rig.mm;

    switch (pick(p, 16)) {
    case 0:
        la_mm_tick(mm, pick(p, 5));
        break;
    case 1:
        la_drain_all_pages(mm);
        break;
    case 2:
        mm->cpu = (uint8_t)pick(p, mm->nr_cpus);
        break;
    case 3:
        do_exact(p);
        break;
    case 4:
        do_memory(p);
        break;
    case 5:
        la_mm_current(mm)->preempt_count = pick(p, 2);
        break;
    case 6:
        la_free_pages(mm, pick(p, mm->nr_frames + 10), pick(p, 4));
        break; /* anything at all */
    case 7:
        la_mm_current(mm)->task_flags = pick(p, 6) == 0 ? LA_PF_MEMALLOC : 0;
        break;
    case 8:
    case 9:
    case 10:
        do_free(p);
        break;
    default:
        do_alloc(p);
        break;
    }
}

static uint64_t run_program(uint64_t seed, bool check)
{
    struct program p = {.prng = {seed}};
    char json[600];

    make_machine(&p, json, sizeof json);
    p.rig = rig_new(json);
    for (uint32_t i = 0; i < CALLS && !p.rig.mm->hung; i++) {
        la_trace_begin(p.rig.trace);
        do_call(&p);
        if (check)
            rig_check(&p.rig);
    }
    uint64_t hash = p.rig.trace->hash;

    rig_free(&p.rig);
    return hash;
}

static void test_invariants_hold_after_every_call(void **state)
{
    const char *only = getenv("LA_SEED");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1, last = only ? first : PROGRAMS;

    (void)state;
    for (uint64_t seed = first; seed <= last; seed++) {
        fprintf(stderr, "\rseed %llu of %llu ", (unsigned long long)seed, (unsigned long long)last);
        uint64_t hash = run_program(seed, true);

        if (seed % 10 == 0)
            assert_true(run_program(seed, false) == hash);
    }
    fprintf(stderr, "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_invariants_hold_after_every_call)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
