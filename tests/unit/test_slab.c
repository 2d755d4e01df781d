/* test_slab.c: caches of objects: T21-T29, what lib/slub_kunit.c asserts, and random work on many caches. */
#include "machine_help.h"

#include "mm/slab.h"
#include "view/proc.h"

#define MACHINE_X "{\"profile\":\"x86_64\",\"memory\":\"256M\",\"cpus\":4,\"reserved\":\"0\"}"

static const struct la_kmem_cache *cache_of(const struct rig *rig, uint32_t cache)
{
    assert_int_not_equal(cache, LA_NO_CACHE);
    return &rig->mm->kmem->cache[cache];
}

static uint64_t alloc(struct rig *rig, uint32_t cache)
{
    uint64_t object = la_kmem_cache_alloc(rig->mm, cache, LA_GFP_KERNEL, LA_NO_NODE);

    assert_int_not_equal(object, 0);
    return object;
}

/* ---- the matrix ---- */

static void test_T21_align_is_of_every_object(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "t21", 24, 64, 0, 0);

    (void)state;
    assert_int_equal(cache_of(&rig, cache)->size, 64);
    for (uint32_t i = 0; i < 70; i++)
        assert_int_equal(alloc(&rig, cache) % 64, 0);
    rig_free(&rig);
}

static void test_T22_cache_lines_cost_padding(void **state)
{
    struct rig rig = rig_new(MACHINE_X);

    (void)state;
    assert_int_equal(cache_of(&rig, la_kmem_cache_create(rig.mm, "t22", 100, 0, LA_SLAB_HWCACHE_ALIGN, 0))->size, 128);
    rig_free(&rig);
}

static void test_T23_tiny_objects_share_a_line(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    const struct la_kmem_cache *s =
        cache_of(&rig, la_kmem_cache_create(rig.mm, "t23", 20, 0, LA_SLAB_HWCACHE_ALIGN, 0));

    (void)state;
    assert_int_equal(s->size, 32);
    assert_int_equal(s->objects, 128);
    rig_free(&rig);
}

static void test_T24_dma_objects_lie_in_the_dma_zone(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    uint32_t cache = la_kmem_cache_create(rig.mm, "t24", 64, 0, LA_SLAB_CACHE_DMA, 0);

    (void)state;
    assert_int_equal(type_of(&rig, la_virt_to_pfn(rig.mm, alloc(&rig, cache))), LA_ZONE_DMA);
    rig_free(&rig);
}

static void test_T25_poison_finds_use_after_free(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "t25", 64, 0, LA_SLAB_POISON | LA_SLAB_CONSISTENCY_CHECKS, 0);
    uint64_t object = alloc(&rig, cache);

    (void)state;
    la_kmem_cache_free(rig.mm, cache, object);
    for (uint32_t i = 0; i < 63; i++)
        assert_int_equal(peek(&rig, object + i), 0x6b);
    assert_int_equal(peek(&rig, object + 63), 0xa5);
    assert_int_equal(la_oops_count(rig.machine), 0);
    poke(&rig, object + 5, 0);
    assert_int_not_equal(alloc(&rig, cache), object);
    assert_int_equal(la_oops_count(rig.machine), 1);
    assert_string_equal(la_last_oops(rig.machine), "BUG t25 (Not tainted): Poison overwritten");
    rig_free(&rig);
}

static void test_T25_poison_alone_is_not_checked(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "t25b", 64, 0, LA_SLAB_POISON, 0);
    uint64_t object = alloc(&rig, cache);

    (void)state;
    la_kmem_cache_free(rig.mm, cache, object);
    assert_int_equal(peek(&rig, object), 0x6b);
    poke(&rig, object, 0);
    assert_int_equal(alloc(&rig, cache), object);
    assert_int_equal(la_oops_count(rig.machine), 0);
    rig_free(&rig);
}

static void test_T26_red_zone_finds_a_write_behind(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "t26", 64, 0, LA_SLAB_RED_ZONE | LA_SLAB_CONSISTENCY_CHECKS, 0);
    uint64_t object = alloc(&rig, cache);

    (void)state;
    assert_int_equal(peek(&rig, object + 64), 0xcc);
    assert_int_equal(peek(&rig, object - 1), 0xcc);
    poke(&rig, object + 64, 0x12);
    la_kmem_cache_free(rig.mm, cache, object);
    assert_string_equal(la_last_oops(rig.machine), "BUG t26 (Not tainted): Right Redzone overwritten");
    const char *text = la_event_str(rig.trace, &rig.trace->event[0], 0);

    for (uint32_t i = 0; i < rig.trace->nr_events; i++)
        if (rig.trace->event[i].id == LA_EV_OOPS)
            text = la_event_str(rig.trace, &rig.trace->event[i], 0);
    assert_non_null(strstr(text, "First byte 0x12 instead of 0xcc"));
    assert_non_null(strstr(text, "@offset=72"));
    assert_int_equal(peek(&rig, object + 64), 0xcc);
    assert_int_equal(cache_of(&rig, cache)->nr_live, 1); /* "Object … not freed" */
    assert_int_equal(la_slab_owner(rig.mm, object), LA_OBJECT_LOST);
    poke(&rig, object - 1, 0x34);
    la_kmem_cache_free(rig.mm, cache, object);
    assert_non_null(strstr(la_last_oops(rig.machine), "Left Redzone overwritten"));
    rig_free(&rig);
}

static void test_T27_slabinfo_counts_a_cpus_free_objects_as_active(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "t27", 64, 0, 0, 0);
    const struct la_kmem_cache *s = cache_of(&rig, cache);
    struct la_buf text;

    (void)state;
    for (uint32_t i = 0; i < 65; i++)
        (void)alloc(&rig, cache);
    assert_int_equal(la_cache_num_objs(s), 128);
    assert_int_equal(la_cache_nr_slabs(s), 2);
    assert_int_equal(la_cache_active_objs(rig.mm, s), 128);
    assert_int_equal(s->nr_live, 65);
    la_buf_init(&text, la_host_libc());
    assert_true(la_proc_read(rig.machine, NULL, "slabinfo", &text));
    assert_non_null(strstr(la_buf_str(&text),
                           "\nt27                  128    128     64   64    1 : tunables    0    0    0"
                           " : slabdata      2      2      0\n"));
    la_buf_free(&text);
    rig_free(&rig);
}

static void test_T28_alike_caches_are_merged(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t a = la_kmem_cache_create(rig.mm, "t28a", 64, 0, 0, 0),
             b = la_kmem_cache_create(rig.mm, "t28b", 60, 0, 0, 0);

    (void)state;
    assert_int_equal(a, b);
    assert_int_equal(cache_of(&rig, a)->refcount, 2);
    assert_string_equal(cache_of(&rig, a)->alias[0], "t28b");
    assert_int_not_equal(la_kmem_cache_create(rig.mm, "t28c", 64, 0, 0, 0x1234), a); /* with a constructor */
    assert_int_not_equal(la_kmem_cache_create(rig.mm, "t28d", 64, 0, LA_SLAB_POISON, 0), a);
    assert_int_not_equal(la_kmem_cache_create(rig.mm, "t28e", 64, 0, LA_SLAB_RECLAIM_ACCOUNT, 0), a);
    assert_int_not_equal(la_kmem_cache_create(rig.mm, "t28f", 48, 0, 0, 0), a); /* 16 bytes would be lost */
    assert_true(la_kmem_cache_destroy(rig.mm, a));
    assert_int_equal(cache_of(&rig, a)->refcount, 1);
    assert_true(la_kmem_cache_destroy(rig.mm, a));
    assert_false(cache_of(&rig, a)->live);
    rig_free(&rig);
}

static void test_T29_destroy_with_live_objects(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "t29", 64, 0, 0, 0), nr_free;
    uint64_t object = alloc(&rig, cache);

    (void)state;
    assert_false(la_kmem_cache_destroy(rig.mm, cache));
    assert_true(cache_of(&rig, cache)->dead);
    assert_non_null(strstr(la_last_oops(rig.machine), "kmem_cache_destroy t29: Slab cache still has objects"));
    assert_int_equal(la_oops_count(rig.machine), 2); /* the list of objects, and the warning */
    nr_free = zone_of(&rig, LA_ZONE_DMA32)->nr_free;
    la_kmem_cache_free(rig.mm, cache, object);
    assert_true(zone_of(&rig, LA_ZONE_DMA32)->nr_free >= nr_free);
    rig_free(&rig);
}

static void expect_attribute(struct rig *rig, const char *path, const char *want)
{
    struct la_buf text;

    la_buf_init(&text, la_host_libc());
    assert_true(la_proc_read(rig->machine, NULL, path, &text));
    assert_string_equal(la_buf_str(&text), want);
    la_buf_free(&text);
}

static void test_sysfs_shows_attributes(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "sys", 1000, 0, LA_SLAB_HWCACHE_ALIGN, 0);
    struct la_buf text;

    (void)state;
    for (uint32_t i = 0; i < 20; i++)
        (void)alloc(&rig, cache);
    expect_attribute(&rig, "/sys/kernel/slab/sys/slab_size", "1024\n");
    expect_attribute(&rig, "/sys/kernel/slab/sys/hwcache_align", "1\n");
    expect_attribute(&rig, "/sys/kernel/slab/sys/slabs", "2 N0=2\n");
    expect_attribute(&rig, "/sys/kernel/slab/sys/cpu_slabs", "1 N0=1\n");
    expect_attribute(&rig, "/sys/kernel/slab/sys/slabs_cpu_partial", "0(0)\n");
    la_buf_init(&text, la_host_libc());
    assert_true(la_proc_read(rig.machine, NULL, "/sys/kernel/slab/sys/*", &text));
    assert_non_null(strstr(la_buf_str(&text), "\nslab_size:1024\nslabs:2 N0=2\n"));
    la_buf_clear(&text);
    assert_false(la_proc_read(rig.machine, NULL, "/sys/kernel/slab/sys/nope", &text));
    assert_false(la_proc_read(rig.machine, NULL, "/sys/kernel/slab/nope", &text));
    la_buf_free(&text);
    rig_free(&rig);
}

/* ---- lists ---- */

static void test_a_free_object_comes_back_first(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "lifo", 128, 0, 0, 0);
    uint64_t a = alloc(&rig, cache), b = alloc(&rig, cache);

    (void)state;
    la_kmem_cache_free(rig.mm, cache, a);
    la_kmem_cache_free(rig.mm, cache, b);
    assert_int_equal(alloc(&rig, cache), b);
    assert_int_equal(alloc(&rig, cache), a);
    rig_free(&rig);
}

/* CPU 1 gives back what CPU 0 allocated: CPU 0 finds it on the slab's own list. */
static void test_another_cpu_gives_back(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "remote", 1024, 0, 0, 0), n = cache_of(&rig, cache)->objects;
    uint64_t object[64];

    (void)state;
    for (uint32_t i = 0; i < n; i++)
        object[i] = alloc(&rig, cache);
    rig.mm->cpu = 1;
    la_kmem_cache_free(rig.mm, cache, object[3]);
    rig.mm->cpu = 0;
    la_trace_begin(rig.trace);
    assert_int_equal(alloc(&rig, cache), object[3]);
    assert_int_equal(count_events(&rig, LA_EV_SLAB_NEW), 0);
    rig_free(&rig);
}

static void test_free_pointers_lie_in_the_objects(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "chain", 64, 0, 0, 0);
    uint64_t a = alloc(&rig, cache), b = alloc(&rig, cache), pointer;

    (void)state;
    la_kmem_cache_free(rig.mm, cache, a);
    la_kmem_cache_free(rig.mm, cache, b);
    assert_int_equal(la_mmu_read(rig.machine, b + 32, &pointer, sizeof pointer), LA_MMU_OK);
    assert_int_equal(pointer, a);
    rig_free(&rig);
}

static void test_a_broken_free_pointer_ends_the_list(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "broken", 64, 0, 0, 0);
    uint64_t a = alloc(&rig, cache);

    (void)state;
    la_kmem_cache_free(rig.mm, cache, a);
    poke(&rig, a + 32, 0x12);
    assert_int_equal(alloc(&rig, cache), a);
    assert_non_null(strstr(la_last_oops(rig.machine), "general protection fault"));
    for (uint32_t i = 0; i < 100; i++)
        (void)alloc(&rig, cache);
    rig_free(&rig);
}

/* check_object() finds it; that the freelist ends there is no news. */
static void test_a_broken_free_pointer_is_reported_once(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "bfp", 64, 0, LA_SLAB_POISON | LA_SLAB_CONSISTENCY_CHECKS, 0);
    uint64_t a = alloc(&rig, cache);

    (void)state;
    la_kmem_cache_free(rig.mm, cache, a);
    poke(&rig, a + cache_of(&rig, cache)->offset + 5, 0x77);
    (void)alloc(&rig, cache);
    assert_int_equal(la_oops_count(rig.machine), 1);
    assert_non_null(strstr(la_last_oops(rig.machine), "Freepointer corrupt"));
    rig_free(&rig);
}

static void test_double_free_is_reported(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t plain = la_kmem_cache_create(rig.mm, "df", 64, 0, 0, 0);
    uint32_t checked = la_kmem_cache_create(rig.mm, "dfc", 200, 0, LA_SLAB_CONSISTENCY_CHECKS, 0);
    uint64_t a = alloc(&rig, plain), b = alloc(&rig, plain), c = alloc(&rig, checked);

    (void)state;
    la_kmem_cache_free(rig.mm, plain, a);
    la_kmem_cache_free(rig.mm, plain, a);
    assert_non_null(strstr(la_last_oops(rig.machine), "kernel BUG at mm/slub.c"));
    la_kmem_cache_free(rig.mm, plain, b);
    la_kmem_cache_free(rig.mm, plain, a);
    assert_non_null(strstr(la_last_oops(rig.machine), "double free of object"));
    la_kmem_cache_free(rig.mm, checked, c);
    la_kmem_cache_free(rig.mm, checked, c);
    assert_non_null(strstr(la_last_oops(rig.machine), "Object already free"));
    la_kmem_cache_free(rig.mm, checked, c + 8);
    assert_non_null(strstr(la_last_oops(rig.machine), "Invalid object pointer 0x"));
    rig_free(&rig);
}

static void test_shrink_gives_empty_slabs_back(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = la_kmem_cache_create(rig.mm, "shrink", 512, 0, 0, 0);
    uint64_t object[300];

    (void)state;
    for (uint32_t i = 0; i < 300; i++)
        object[i] = alloc(&rig, cache);
    for (uint32_t i = 1; i < 300; i++)
        la_kmem_cache_free(rig.mm, cache, object[i]);
    assert_true(la_cache_nr_slabs(cache_of(&rig, cache)) > 1);
    assert_int_equal(la_kmem_cache_shrink(rig.mm, cache), 1);
    assert_int_equal(la_cache_nr_slabs(cache_of(&rig, cache)), 1);
    la_kmem_cache_free(rig.mm, cache, object[0]);
    assert_int_equal(la_kmem_cache_shrink(rig.mm, cache), 0);
    rig_free(&rig);
}

static void test_no_memory_for_a_slab_is_null(void **state)
{
    struct rig rig = rig_new(MACHINE_S_NO_PCP);
    uint32_t cache = la_kmem_cache_create(rig.mm, "none", 64, 0, 0, 0);

    (void)state;
    set_free(&rig, LA_ZONE_DMA, 0);
    set_free(&rig, LA_ZONE_NORMAL, 0);
    assert_int_equal(la_kmem_cache_alloc(rig.mm, cache, LA_GFP_ATOMIC, LA_NO_NODE), 0);
    assert_int_equal(count_events(&rig, LA_EV_SLAB_ALLOC_FAIL), 1);
    rig_free(&rig);
}

/* ---- what lib/slub_kunit.c asserts, written anew ---- */

static uint32_t errors_of_validate(struct rig *rig, uint32_t cache)
{
    rig->mm->kmem->slab_errors = 0;
    (void)la_validate_slab_cache(rig->mm, cache);
    return rig->mm->kmem->slab_errors;
}

static uint32_t kunit_cache(struct rig *rig, const char *name, uint32_t flags)
{
    rig->mm->kmem->quiet_reports = true;
    return la_kmem_cache_create(rig->mm, name, 64, 0, flags | LA_SLAB_NO_USER_FLAGS, 0);
}

static void test_kunit_clobber_zone(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = kunit_cache(&rig, "TestSlub_RZ_alloc", LA_SLAB_RED_ZONE);
    uint64_t p = alloc(&rig, cache);

    (void)state;
    poke(&rig, p + 64, 0x12);
    assert_int_equal(errors_of_validate(&rig, cache), 2);
    assert_int_equal(errors_of_validate(&rig, cache), 0);
    rig_free(&rig);
}

static void test_kunit_next_pointer(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = kunit_cache(&rig, "TestSlub_next_ptr_free", LA_SLAB_POISON);
    uint64_t p = alloc(&rig, cache), at = p + cache_of(&rig, cache)->offset, old;

    (void)state;
    la_kmem_cache_free(rig.mm, cache, p);
    assert_int_equal(la_mmu_read(rig.machine, at, &old, sizeof old), LA_MMU_OK);
    poke(&rig, at, 0x12);
    assert_int_equal(errors_of_validate(&rig, cache), 3); /* the chain, the count, its repair */
    assert_int_equal(la_mmu_write(rig.machine, at, &old, sizeof old), LA_MMU_OK);
    assert_int_equal(errors_of_validate(&rig, cache), 2); /* the count was repaired to the broken chain */
    assert_int_equal(errors_of_validate(&rig, cache), 0);
    rig_free(&rig);
}

static void test_kunit_first_word_and_50th_byte(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = kunit_cache(&rig, "TestSlub_1th_word_free", LA_SLAB_POISON);
    uint64_t p = alloc(&rig, cache);

    (void)state;
    la_kmem_cache_free(rig.mm, cache, p);
    poke(&rig, p, 0x78);
    assert_int_equal(errors_of_validate(&rig, cache), 2);
    poke(&rig, p + 50, 0x9a);
    assert_int_equal(errors_of_validate(&rig, cache), 2);
    rig_free(&rig);
}

static void test_kunit_clobber_redzone_free(void **state)
{
    struct rig rig = rig_new(MACHINE_X);
    uint32_t cache = kunit_cache(&rig, "TestSlub_RZ_free", LA_SLAB_RED_ZONE);
    uint64_t p = alloc(&rig, cache);

    (void)state;
    la_kmem_cache_free(rig.mm, cache, p);
    poke(&rig, p + 64, 0xab);
    assert_int_equal(errors_of_validate(&rig, cache), 2);
    rig_free(&rig);
}

/* ---- random work ---- */

enum { NR_CACHES = 6, NR_OBJECTS = 400, NR_ROUNDS = 4000 };

static void random_work(uint64_t seed)
{
    static const uint32_t sizes[NR_CACHES] = {8, 100, 256, 700, 2048, 5000};
    static const uint32_t flags[4] = {0, LA_SLAB_HWCACHE_ALIGN,
                                      LA_SLAB_POISON | LA_SLAB_RED_ZONE | LA_SLAB_CONSISTENCY_CHECKS,
                                      LA_SLAB_STORE_USER | LA_SLAB_RED_ZONE};
    struct rig rig =
        rig_new("{\"profile\":\"i386\",\"memory\":\"4M\",\"zones\":{\"NORMAL\":\"4M\"},\"cpus\":3,\"reserved\":\"0\"}");
    struct la_prng prng = {seed};
    uint32_t cache[NR_CACHES], owner[NR_OBJECTS];
    uint64_t object[NR_OBJECTS] = {0};

    rig.mm->kmem->rules.freelist_random = seed & 1;
    for (uint32_t c = 0; c < NR_CACHES; c++) {
        char name[] = {'r', (char)('0' + c), '\0'};

        cache[c] = la_kmem_cache_create(rig.mm, name, sizes[c], 0, flags[la_prng_below(&prng, 4)], 0);
        assert_int_not_equal(cache[c], LA_NO_CACHE);
    }
    for (uint32_t round = 0; round < NR_ROUNDS; round++) {
        uint32_t i = la_prng_below(&prng, NR_OBJECTS), c = la_prng_below(&prng, NR_CACHES);

        la_trace_begin(rig.trace);
        rig.mm->cpu = (uint8_t)la_prng_below(&prng, 3);
        if (object[i]) {
            la_kmem_cache_free(rig.mm, cache[owner[i]], object[i]);
            object[i] = 0;
        } else {
            owner[i] = c;
            object[i] = la_kmem_cache_alloc(rig.mm, cache[c], LA_GFP_NOWAIT | LA_GFP_NOWARN, LA_NO_NODE); /* may fail */
            if (object[i] && la_prng_below(&prng, 2))
                assert_int_equal(la_mmu_fill(rig.machine, object[i], 0xEE, sizes[c]), LA_MMU_OK);
        }
        if (la_prng_below(&prng, 200) == 0)
            (void)la_kmem_cache_shrink(rig.mm, cache[c]);
        if (round % 16 == 0)
            rig_check(&rig);
    }
    assert_int_equal(la_oops_count(rig.machine), 0);
    for (uint32_t i = 0; i < NR_OBJECTS; i++)
        if (object[i])
            la_kmem_cache_free(rig.mm, cache[owner[i]], object[i]);
    for (uint32_t c = 0; c < NR_CACHES; c++)
        assert_true(la_kmem_cache_destroy(rig.mm, cache[c]));
    rig_free(&rig);
}

static void test_random_work_keeps_every_invariant(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++)
        random_work(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T21_align_is_of_every_object),
        cmocka_unit_test(test_T22_cache_lines_cost_padding),
        cmocka_unit_test(test_T23_tiny_objects_share_a_line),
        cmocka_unit_test(test_T24_dma_objects_lie_in_the_dma_zone),
        cmocka_unit_test(test_T25_poison_finds_use_after_free),
        cmocka_unit_test(test_T25_poison_alone_is_not_checked),
        cmocka_unit_test(test_T26_red_zone_finds_a_write_behind),
        cmocka_unit_test(test_T27_slabinfo_counts_a_cpus_free_objects_as_active),
        cmocka_unit_test(test_T28_alike_caches_are_merged),
        cmocka_unit_test(test_T29_destroy_with_live_objects),
        cmocka_unit_test(test_sysfs_shows_attributes),
        cmocka_unit_test(test_a_free_object_comes_back_first),
        cmocka_unit_test(test_another_cpu_gives_back),
        cmocka_unit_test(test_free_pointers_lie_in_the_objects),
        cmocka_unit_test(test_a_broken_free_pointer_ends_the_list),
        cmocka_unit_test(test_double_free_is_reported),
        cmocka_unit_test(test_a_broken_free_pointer_is_reported_once),
        cmocka_unit_test(test_shrink_gives_empty_slabs_back),
        cmocka_unit_test(test_no_memory_for_a_slab_is_null),
        cmocka_unit_test(test_kunit_clobber_zone),
        cmocka_unit_test(test_kunit_next_pointer),
        cmocka_unit_test(test_kunit_first_word_and_50th_byte),
        cmocka_unit_test(test_kunit_clobber_redzone_free),
        cmocka_unit_test(test_random_work_keeps_every_invariant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
