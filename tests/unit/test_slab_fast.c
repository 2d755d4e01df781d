/* test_slab_fast.c: the fast paths (events off) do what the long way (events on) does, and slots without division. */
#include "machine_help.h"

#include "mm/slab_internal.h"

enum { NR_OBJECTS = 400, NR_CACHES = 5, MOVES = 20000 };

static const char *const machines[] = {
    "{\"profile\":\"x86_64\",\"memory\":\"64M\",\"cpus\":1}",
    "{\"profile\":\"x86_64\",\"memory\":\"256M\",\"cpus\":4}",
    "{\"profile\":\"i386\",\"memory\":\"64M\",\"cpus\":2}",
};

/* Two machines that do the same; only the first one tells. */
struct pair {
    struct rig rig[2];
    uint32_t cache[NR_CACHES];
    uint64_t object[NR_OBJECTS];
    uint32_t owner[NR_OBJECTS]; /* NR_CACHES: kmalloc */
};

static void make_caches(struct pair *p)
{
    static const struct {
        uint32_t size, flags;
    } kinds[NR_CACHES] = {
        {256, 0}, {72, 0}, {1700, LA_SLAB_HWCACHE_ALIGN}, {40, LA_SLAB_POISON | LA_SLAB_RED_ZONE}, {8000, 0}};

    for (uint32_t c = 0; c < NR_CACHES; c++)
        for (uint32_t m = 0; m < 2; m++)
            p->cache[c] =
                la_kmem_cache_create(p->rig[m].mm, "pair", kinds[c].size, 0, kinds[c].flags | LA_SLAB_NOLEAKTRACE, 0);
}

static uint64_t take(struct la_mm *mm, uint32_t cache, uint32_t size, la_gfp_t gfp)
{
    return cache == UINT32_MAX ? la_kmalloc(mm, size, gfp, LA_NO_NODE)
                               : la_kmem_cache_alloc(mm, cache, gfp, LA_NO_NODE);
}

static void give(struct la_mm *mm, uint32_t cache, uint64_t object)
{
    if (cache == UINT32_MAX)
        la_kfree(mm, object);
    else
        la_kmem_cache_free(mm, cache, object);
}

static void move(struct pair *p, struct la_prng *prng)
{
    static const la_gfp_t masks[] = {LA_GFP_KERNEL, LA_GFP_KERNEL, LA_GFP_ATOMIC, LA_GFP_KERNEL | LA_GFP_ZERO};
    uint32_t n = la_prng_below(prng, NR_OBJECTS), kind = la_prng_below(prng, NR_CACHES + 4);
    uint32_t size = 1 + la_prng_below(prng, 1u << (3 + la_prng_below(prng, 11)));
    la_gfp_t gfp = masks[la_prng_below(prng, 4)];
    uint64_t got[2];

    if (p->object[n]) {
        for (uint32_t m = 0; m < 2; m++)
            give(p->rig[m].mm, p->owner[n], p->object[n]);
        p->object[n] = 0;
        return;
    }
    p->owner[n] = kind < NR_CACHES ? p->cache[kind] : UINT32_MAX;
    for (uint32_t m = 0; m < 2; m++)
        got[m] = take(p->rig[m].mm, p->owner[n], size, gfp);
    assert_int_equal(got[0], got[1]);
    p->object[n] = got[0];
}

/* Sometimes the program works on another CPU, or may not sleep for a while. */
static void move_on(struct pair *p, struct la_prng *prng)
{
    uint32_t cpu = la_prng_below(prng, p->rig[0].mm->nr_cpus), preempt = la_prng_below(prng, 8) == 0;

    for (uint32_t m = 0; m < 2; m++) {
        p->rig[m].mm->cpu = (uint8_t)cpu;
        la_mm_current(p->rig[m].mm)->preempt_count = preempt;
    }
}

static void compare(const struct pair *p)
{
    const struct la_kmem *told = p->rig[0].mm->kmem, *quick = p->rig[1].mm->kmem;

    for (uint32_t c = 0; c < LA_MAX_CACHES; c++) {
        assert_memory_equal(told->cache[c].cpu, quick->cache[c].cpu, sizeof told->cache[c].cpu);
        assert_memory_equal(told->cache[c].node, quick->cache[c].node, sizeof told->cache[c].node);
        assert_int_equal(told->cache[c].nr_live, quick->cache[c].nr_live);
    }
    assert_int_equal(told->nr_slab_slots, quick->nr_slab_slots);
    for (uint32_t i = 0; i < told->nr_slab_slots; i++)
        assert_memory_equal(la_slab_at(p->rig[0].mm, i), la_slab_at(p->rig[1].mm, i), sizeof(struct la_slab));
    assert_memory_equal(told->owner, quick->owner, LA_OBJECT_OWNERS * sizeof *told->owner);
    rig_check(&p->rig[0]);
    rig_check(&p->rig[1]);
}

static void compare_pages(const struct pair *p)
{
    unsigned char told[LA_PAGE_SIZE], quick[LA_PAGE_SIZE];

    for (uint32_t pfn = 0; pfn < p->rig[0].mm->nr_frames; pfn++) {
        if (p->rig[0].mm->frame[pfn].content == 0 && p->rig[1].mm->frame[pfn].content == 0)
            continue;
        la_frame_read(p->rig[0].mm, pfn, 0, told, sizeof told);
        la_frame_read(p->rig[1].mm, pfn, 0, quick, sizeof quick);
        assert_memory_equal(told, quick, sizeof told);
    }
}

static void test_fast_and_long_way_are_the_same(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < 3; k++) {
        struct la_prng prng = {k + 1};
        struct pair p = {.rig = {rig_new(machines[k]), rig_new(machines[k])}};

        make_caches(&p);
        p.rig[1].trace->on = false;
        for (uint32_t n = 0; n < MOVES; n++) {
            la_trace_begin(p.rig[0].trace);
            for (uint32_t m = 0; m < 2; m++)
                la_mm_set_owner(p.rig[m].mm, n, LA_FRAME_KERNEL);
            if (n % 16 == 0)
                move_on(&p, &prng);
            move(&p, &prng);
            if (n % 1000 == 0)
                compare(&p);
        }
        compare(&p);
        compare_pages(&p);
        assert_null(la_arena_find_untouched(p.rig[1].machine->arena));
        rig_free(&p.rig[0]);
        rig_free(&p.rig[1]);
    }
}

/* ---- slots ---- */

/* la_slot_of multiplies; here the division it stands for. */
static void check_slot(const struct la_kmem_cache *s, const struct la_slab *slab, uint64_t offset)
{
    uint64_t slot = offset / s->size;
    uint32_t right = offset % s->size == 0 && slot < slab->objects ? (uint32_t)slot : LA_NO_OBJECT;

    if (la_slot_of(s, slab, slab->first + offset) != right)
        fail_msg("size %u: offset 0x%llx is not slot %u", s->size, (unsigned long long)offset, right);
}

static void test_slots_are_found_without_a_division(void **state)
{
    struct la_prng prng = {7};

    (void)state;
    for (uint32_t size = 4; size <= LA_KMALLOC_MAX; size = size < 8192 ? size + 4 : size * 2) {
        uint32_t objects = 32768 / size;
        struct la_slab slab = {.first = UINT64_C(0xffff888000001000),
                               .objects = (uint16_t)(objects > LA_SLAB_OBJECTS ? LA_SLAB_OBJECTS
                                                     : objects                 ? objects
                                                                               : 1)};
        struct la_kmem_cache s = {0};

        la_cache_set_size(&s, size);
        for (uint64_t slot = 0; slot <= slab.objects; slot++)
            for (uint64_t near = 0; near < 5; near++)
                check_slot(&s, &slab, slot * size + near - 2);
        for (uint32_t n = 0; n < 200; n++)
            check_slot(&s, &slab, la_prng_next(&prng) >> la_prng_below(&prng, 64));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fast_and_long_way_are_the_same),
        cmocka_unit_test(test_slots_are_found_without_a_division),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
