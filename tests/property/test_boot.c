/*
 * test_boot.c: random boots: what the two boot-time allocators take and give back, all lists checked after each call.
 *
 *     seed -> a small machine before mem_init()
 *          -> 60 calls: bootmem and memblock of all sizes, what was taken given back in parts, some mistakes
 *             (or 600, which keep more pieces than memblock has regions)
 *          -> mem_init(): the pages that are left are those that no list holds
 *
 * A kernel that BUG()s or panics has nothing after it: its boot ends there.  The seed is printed when it fails;
 * LOOKASIDE_SEED repeats a run from there.
 */
#include "unit/machine_help.h"

#include "base/prng.h"
#include "mm/bootmem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum { BOOTS = 240, CALLS = 60, CALLS_CROWDED = 600, HELD = 16, HELD_CROWDED = 300 };

struct held {
    uint64_t addr, size;
};

struct boot {
    struct rig rig;
    struct la_prng prng;
    bool crowded;
    struct held held[HELD_CROWDED];
};

static uint64_t below(struct boot *b, uint32_t n)
{
    return la_prng_below(&b->prng, n);
}

static uint64_t some_size(struct boot *b)
{
    uint64_t pages = below(b, 20);

    return below(b, 3) == 0 ? 4096 * (1 + pages) : 1 + below(b, below(b, 2) ? 300 : 20000);
}

static enum la_boot_status take(struct boot *b, struct held *h)
{
    uint64_t align = UINT64_C(1) << below(b, 14), goal = below(b, 2) ? 4096 * below(b, 200) : 0;

    *h = (struct held){0, some_size(b)};
    if (below(b, 2))
        return la_boot_alloc(b->rig.mm, h->size, align, goal, &h->addr);
    return la_boot_memblock_alloc(b->rig.mm, h->size, align, goal, 0, below(b, 2), &h->addr);
}

/* All of it, or a part: its beginning, its end or its middle. */
static enum la_boot_status give_back(struct boot *b, struct held *h)
{
    uint64_t skip = below(b, 3) ? 0 : below(b, (uint32_t)h->size), size = h->size - skip;
    struct held part = {h->addr + skip, below(b, 3) ? size : 1 + below(b, (uint32_t)size)};

    *h = (struct held){0, 0};
    if (below(b, 2))
        return la_boot_free(b->rig.mm, part.addr, part.size);
    return la_boot_memblock_free(b->rig.mm, part.addr, part.size);
}

static enum la_boot_status mistake(struct boot *b)
{
    uint64_t addr = 4096 * below(b, 1100) + below(b, 4096), size = below(b, 30000);

    switch (below(b, 4)) {
    case 0:
        return la_boot_free(b->rig.mm, addr, size);
    case 1:
        return la_boot_memblock_free(b->rig.mm, addr, size);
    case 2:
        return la_boot_memblock_reserve(b->rig.mm, addr, size);
    default:
        return la_boot_reserve(b->rig.mm, addr, size);
    }
}

static enum la_boot_status call(struct boot *b)
{
    struct held *h = &b->held[below(b, b->crowded ? HELD_CROWDED : HELD)];

    if (below(b, 12) == 0)
        b->rig.mm->boot->memblock.bottom_up = below(b, 2) != 0;
    if (!b->crowded && below(b, 40) == 0)
        return mistake(b);
    return h->addr ? give_back(b, h) : take(b, h);
}

static void expect_sound(struct boot *b, uint64_t seed, uint32_t calls)
{
    struct la_buf problems;

    la_buf_init(&problems, la_host_libc());
    if (la_machine_check(b->rig.machine, &problems))
        fail_msg("seed %" PRIu64 ", after %u calls: %s", seed, (unsigned)calls, la_buf_str(&problems));
    la_buf_free(&problems);
}

static void lists_hold_after_every_call(void **state)
{
    static const char *const machines[] = {
        "{\"profile\":\"i386\",\"memory\":\"4M\",\"boot\":true,\"reserved\":\"128K\"}",
        "{\"profile\":\"i386\",\"memory\":\"4M\",\"boot\":true,\"zones\":{\"DMA\":\"1M\",\"NORMAL\":\"2M\",\"HIGHMEM\":"
        "\"1M\"}}",
        "{\"profile\":\"numa\",\"memory\":\"4M\",\"boot\":true,\"nodes\":2,\"reserved\":\"0\"}"};
    const char *given = getenv("LOOKASIDE_SEED");
    uint64_t first = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000;

    (void)state;
    printf("LOOKASIDE_SEED=%" PRIu64 "\n", first);
    for (uint64_t seed = first; seed < first + BOOTS; seed++) {
        struct boot b = {.prng = {seed}, .crowded = seed % 8 == 0};
        uint32_t calls = b.crowded ? CALLS_CROWDED : CALLS;
        enum la_boot_status status = LA_BOOT_OK;

        b.rig = rig_new(machines[below(&b, 3)]);
        for (uint32_t n = 0; n < calls && status <= LA_BOOT_NULL; n++) {
            la_trace_begin(b.rig.trace);
            status = call(&b);
            expect_sound(&b, seed, n + 1);
        }
        if (status <= LA_BOOT_NULL) {
            (void)la_machine_mem_init(b.rig.machine);
            expect_sound(&b, seed, calls + 1);
        }
        rig_free(&b.rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists_hold_after_every_call)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
