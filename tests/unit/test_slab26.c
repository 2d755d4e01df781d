/* test_slab26.c: the SLAB of 2.6: T18 and T21-T29 as they were then, arrays, lists, reaping, kmalloc, and random work. */
#include "machine_help.h"

#include "mm/slab26.h"
#include "view/proc_files.h"

#define OLD  "{\"slab\":\"slab-2.6\",\"profile\":\"i386\",\"memory\":\"64M\",\"reserved\":\"0\",\"cache_line\":32}"
#define OLD2 "{\"slab\":\"slab-2.6\",\"profile\":\"x86_64\",\"memory\":\"64M\",\"reserved\":\"0\",\"cpus\":2}"

static uint32_t create(struct rig *rig, const char *name, uint32_t size, uint32_t flags)
{
    uint32_t cache = la_kmem_cache_create(rig->mm, name, size, 0, flags, 0);

    assert_int_not_equal(cache, LA_NO_CACHE);
    return cache;
}

static uint64_t alloc(struct rig *rig, uint32_t cache)
{
    uint64_t object = la_kmem_cache_alloc(rig->mm, cache, LA_GFP_KERNEL, LA_NO_NODE);

    assert_int_not_equal(object, 0);
    return object;
}

static const struct la_cache26 *look(const struct rig *rig, uint32_t cache)
{
    return la_cache26_at(rig->mm, cache);
}

static void finish(struct rig *rig)
{
    rig_check(rig);
    rig_free(rig);
}

static void test_geometry_of_the_size_caches(void **state)
{
    static const struct {
        uint32_t size, objects, colours;
        bool off;
    } golden[] = {{32, 119, 0, false}, {64, 61, 1, false}, {128, 31, 1, false},
                  {256, 15, 6, false}, {512, 8, 0, true},  {2048, 2, 0, true}};
    struct rig rig = rig_new(OLD);

    (void)state;
    for (uint32_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        uint32_t cache = la_kmalloc_slab(rig.mm, golden[i].size, LA_GFP_KERNEL);

        assert_int_equal(rig.mm->kmem->cache[cache].size, golden[i].size);
        assert_int_equal(rig.mm->kmem->cache[cache].objects, golden[i].objects);
        assert_int_equal(look(&rig, cache)->off_slab, golden[i].off);
        assert_int_equal(look(&rig, cache)->colour, golden[i].colours);
    }
    finish(&rig);
}

static void test_limits_of_the_arrays(void **state)
{
    static const uint32_t want[][2] = {{32, 120},  {256, 120}, {512, 54}, {1024, 54},
                                       {2048, 24}, {4096, 24}, {8192, 8}, {131072, 8}};
    struct rig rig = rig_new(OLD2);

    (void)state;
    for (uint32_t i = 0; i < sizeof want / sizeof *want; i++) {
        const struct la_cache26 *c = look(&rig, la_kmalloc_slab(rig.mm, want[i][0], LA_GFP_KERNEL));

        assert_int_equal(c->array[1].limit, want[i][1]);
        assert_int_equal(c->array[1].batchcount, (want[i][1] + 1) / 2);
        assert_int_equal(c->shared.limit, want[i][0] <= 4096 ? 8 * ((want[i][1] + 1) / 2) : 0);
    }
    finish(&rig);
}

static void test_colours_wander(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = la_kmalloc_slab(rig.mm, 256, LA_GFP_KERNEL), base = 0;

    (void)state;
    for (uint32_t n = 0; n < 7 * 15; n++)
        (void)alloc(&rig, cache);
    for (uint32_t index = rig.mm->kmem->cache[cache].all_slabs; index != LA_NO_SLAB;
         index = la_slab_at(rig.mm, index)->all_next)
        base = la_slab_at(rig.mm, index)->start; /* the oldest comes last */
    for (uint32_t index = rig.mm->kmem->cache[cache].all_slabs; index != LA_NO_SLAB;
         index = la_slab_at(rig.mm, index)->all_next)
        assert_int_equal(la_slab_at(rig.mm, index)->start - base, la_slab_at(rig.mm, index)->id % 6 * 32);
    finish(&rig);
}

static void test_arrays_are_lifo_and_refill_by_batches(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = create(&rig, "foo", 64, LA_SLAB_HWCACHE_ALIGN);
    uint64_t p = alloc(&rig, cache), q = alloc(&rig, cache);

    (void)state;
    assert_int_equal(look(&rig, cache)->array[0].avail, 14); /* 16 the first time, an idle array */
    assert_int_equal(look(&rig, cache)->list[LA_SLAB_PARTIAL].nr, 1);
    la_kmem_cache_free(rig.mm, cache, p);
    assert_int_equal(alloc(&rig, cache), p);
    la_kmem_cache_free(rig.mm, cache, q);
    assert_int_equal(alloc(&rig, cache), q);
    for (uint32_t n = 0; n < 15; n++)
        (void)alloc(&rig, cache);
    assert_int_equal(look(&rig, cache)->array[0].avail, 44); /* a touched one gets the rest of the slab: 61 - 16 - 1 */
    assert_int_equal(look(&rig, cache)->list[LA_SLAB_FULL].nr, 1);
    finish(&rig);
}

static void test_T21_align_is_of_every_object(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = la_kmem_cache_create(rig.mm, "t21", 24, 64, 0, 0);

    (void)state;
    assert_int_equal(rig.mm->kmem->cache[cache].size, 64);
    for (uint32_t n = 0; n < 70; n++)
        assert_int_equal(alloc(&rig, cache) % 64, 0);
    finish(&rig);
}

static void test_T22_T23_cache_lines(void **state)
{
    struct rig rig = rig_new(OLD);
    const struct la_kmem_cache *wide = &rig.mm->kmem->cache[create(&rig, "t22", 100, LA_SLAB_HWCACHE_ALIGN)];
    const struct la_kmem_cache *tiny = &rig.mm->kmem->cache[create(&rig, "t23", 20, LA_SLAB_HWCACHE_ALIGN)];

    (void)state;
    assert_int_equal(wide->size, 128);
    assert_int_equal(tiny->size, 32);
    assert_int_equal(tiny->objects, 119); /* 6.1 has 128: no struct slab */
    finish(&rig);
}

static void test_T24_dma_objects_lie_in_the_dma_zone(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = create(&rig, "t24", 64, LA_SLAB_CACHE_DMA);
    uint64_t object = la_kmem_cache_alloc(rig.mm, cache, LA_GFP_KERNEL | LA_GFP_DMA, LA_NO_NODE);

    (void)state;
    assert_int_equal(rig.mm->zone[rig.mm->frame[la_virt_to_pfn(rig.mm, object)].zone].type, LA_ZONE_DMA);
    assert_int_equal(la_kmem_cache_alloc(rig.mm, cache, LA_GFP_KERNEL, LA_NO_NODE), 0); /* 6.1 allows it */
    assert_non_null(strstr(rig.mm->last_oops, "kernel BUG at mm/slab.c: kmem_flagcheck()"));
    finish(&rig);
}

static void test_T25_poison_alone_is_checked(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = create(&rig, "t25", 64, LA_SLAB_POISON);
    uint64_t object = alloc(&rig, cache);

    (void)state;
    la_kmem_cache_free(rig.mm, cache, object);
    for (uint32_t i = 0; i < 63; i++)
        assert_int_equal(peek(&rig, object + i), 0x6b);
    assert_int_equal(peek(&rig, object + 63), 0xa5);
    poke(&rig, object + 5, 0);
    assert_int_equal(alloc(&rig, cache), object); /* reported, and handed out all the same; 6.1 keeps it back */
    assert_non_null(strstr(rig.mm->last_oops, "Slab corruption: start="));
    assert_int_equal(rig.mm->nr_oops, 1);
    finish(&rig);
}

static void test_T26_red_zone_alone_is_checked(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = create(&rig, "t26", 64, LA_SLAB_RED_ZONE);
    uint64_t object = alloc(&rig, cache);

    (void)state;
    poke(&rig, object + 64, 0x12);
    la_kmem_cache_free(rig.mm, cache, object);
    assert_non_null(strstr(rig.mm->last_oops, "double free, or memory outside object was overwritten"));
    assert_int_equal(rig.mm->kmem->cache[cache].nr_live, 0); /* freed; 6.1 leaks it */
    finish(&rig);
}

static void test_T28_no_cache_is_shared(void **state)
{
    struct rig rig = rig_new(OLD);

    (void)state;
    assert_int_not_equal(create(&rig, "t28a", 64, 0), create(&rig, "t28b", 64, 0));
    finish(&rig);
}

static void test_T27_active_objects_are_those_not_on_slabs(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = create(&rig, "t27", 64, LA_SLAB_HWCACHE_ALIGN);
    const struct la_kmem_cache *s = &rig.mm->kmem->cache[cache];

    (void)state;
    for (uint32_t n = 0; n < 65; n++)
        (void)alloc(&rig, cache);
    assert_int_equal(la_cache_num_objs(s), 2 * 61);
    assert_int_equal(la_cache_active_objs(rig.mm, s), 65 + look(&rig, cache)->array[0].avail);
    assert_int_equal(s->nr_live, 65);
    finish(&rig);
}

static void test_a_full_array_flushes_a_batch(void **state)
{
    struct rig rig = rig_new(OLD2);
    uint32_t cache = create(&rig, "foo", 2048, 0); /* limit 24, batch 12, shared 96 */
    uint64_t object[200];

    (void)state;
    for (uint32_t n = 0; n < 200; n++)
        object[n] = alloc(&rig, cache);
    uint32_t in_array = look(&rig, cache)->array[0].avail;

    for (uint32_t n = 0; n < 25 - in_array; n++)
        la_kmem_cache_free(rig.mm, cache, object[n]);
    assert_int_equal(look(&rig, cache)->array[0].avail, 13);
    assert_int_equal(look(&rig, cache)->shared.avail, 12);
    for (uint32_t n = 25 - in_array; n < 200; n++)
        la_kmem_cache_free(rig.mm, cache, object[n]);
    assert_int_equal(look(&rig, cache)->shared.avail, 96);
    assert_true(look(&rig, cache)->free_objects <= look(&rig, cache)->free_limit);
    rig.mm->cpu = 1; /* another CPU gets its first batch from the shared array */
    (void)alloc(&rig, cache);
    assert_int_equal(look(&rig, cache)->shared.avail, 84);
    finish(&rig);
}

static void test_time_gives_back(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = create(&rig, "foo", 256, 0);
    uint64_t object[60];

    (void)state;
    for (uint32_t n = 0; n < 60; n++)
        object[n] = alloc(&rig, cache);
    for (uint32_t n = 0; n < 60; n++)
        la_kmem_cache_free(rig.mm, cache, object[n]);
    assert_true(la_cache_nr_slabs(&rig.mm->kmem->cache[cache]) >= 4);
    la_mm_tick(rig.mm, 60 * LA_HZ);
    assert_int_equal(la_cache_nr_slabs(&rig.mm->kmem->cache[cache]), 0);
    assert_int_equal(look(&rig, cache)->array[0].avail, 0);
    finish(&rig);
}

/* kmem_cache_shrink takes free slabs from the end of their list, time takes them from its beginning. */
static void test_which_free_slab_goes_first(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = create(&rig, "keep", 2048, LA_SLAB_NO_REAP), first = UINT32_MAX;
    uint64_t object[8];

    (void)state;
    for (uint32_t n = 0; n < 8; n++)
        object[n] = alloc(&rig, cache);
    for (uint32_t n = 0; n < 8; n++)
        la_kmem_cache_free(rig.mm, cache, object[n]);
    uint32_t slabs = la_cache_nr_slabs(&rig.mm->kmem->cache[cache]);

    la_mm_tick(rig.mm, 60 * LA_HZ); /* SLAB_NO_REAP: time leaves it alone */
    assert_int_equal(la_cache_nr_slabs(&rig.mm->kmem->cache[cache]), slabs);
    la_slab26_free_block(rig.mm, cache, &la_cache26_write(rig.mm, cache)->array[0], look(&rig, cache)->array[0].avail);
    uint32_t tail = la_slab_at(rig.mm, look(&rig, cache)->list[LA_SLAB_FREE].tail)->id;

    assert_true(look(&rig, cache)->list[LA_SLAB_FREE].nr > 1);
    la_trace_begin(rig.trace);
    assert_int_equal(la_kmem_cache_shrink(rig.mm, cache), 0);
    for (uint32_t i = 0; i < rig.trace->nr_events && first == UINT32_MAX; i++)
        if (rig.trace->event[i].id == LA_EV_SLAB_DISCARD)
            first = (uint32_t)rig.trace->event[i].field[1];
    assert_int_equal(first, tail);
    finish(&rig);
}

static void test_T29_destroy_with_live_object(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = create(&rig, "t29", 600, 0), newer = create(&rig, "newer", 64, 0);
    uint64_t p = alloc(&rig, cache);

    (void)state;
    assert_int_equal(la_kmem_cache_shrink(rig.mm, cache), 1);
    assert_int_equal(rig.mm->kmem->first, newer);
    assert_false(la_kmem_cache_destroy(rig.mm, cache));
    assert_int_equal(rig.mm->kmem->first, cache); /* back on the list, at its head */
    assert_non_null(
        strstr(rig.mm->last_oops, "slab error in kmem_cache_destroy(): cache `t29': Can't free all objects"));
    la_kmem_cache_free(rig.mm, cache, p);
    assert_int_equal(la_kmem_cache_shrink(rig.mm, cache), 0);
    assert_true(la_kmem_cache_destroy(rig.mm, cache));
    assert_false(rig.mm->kmem->cache[cache].live);
    finish(&rig);
}

static void test_what_create_refuses(void **state)
{
    struct rig rig = rig_new(OLD);

    (void)state;
    (void)create(&rig, "one", 64, 0);
    assert_int_equal(la_kmem_cache_create(rig.mm, "one", 64, 0, 0, 0), LA_NO_CACHE);
    assert_int_equal(la_kmem_cache_create(rig.mm, "tiny", 3, 0, 0, 0), LA_NO_CACHE);
    assert_int_equal(la_kmem_cache_create(rig.mm, "huge", 131073, 0, 0, 0), LA_NO_CACHE);
    assert_int_equal(la_kmem_cache_create(rig.mm, "flag", 64, 0, LA_SLAB_ACCOUNT, 0), LA_NO_CACHE);
    assert_int_equal(rig.mm->nr_oops, 4);
    assert_non_null(strstr(rig.mm->last_oops, "kernel BUG at mm/slab.c"));
    finish(&rig);
}

static void test_T18_kmalloc_of_2_6(void **state)
{
    struct rig rig = rig_new(OLD);
    uint64_t zero = la_kmalloc(rig.mm, 0, LA_GFP_KERNEL, LA_NO_NODE);

    (void)state;
    assert_true(zero > LA_ZERO_SIZE_PTR);
    assert_int_equal(la_ksize(rig.mm, zero), 32);
    assert_int_not_equal(la_kmalloc(rig.mm, 131072, LA_GFP_KERNEL, LA_NO_NODE), 0);
    assert_int_equal(la_kmalloc(rig.mm, 131073, LA_GFP_KERNEL, LA_NO_NODE), 0);
    assert_string_equal(rig.mm->kmem->cache[la_kmalloc_slab(rig.mm, 65, LA_GFP_KERNEL | LA_GFP_DMA)].name,
                        "size-96(DMA)");
    assert_int_equal(rig.mm->nr_oops, 0);
    assert_int_equal(la_kmalloc(rig.mm, 5000, LA_GFP_KERNEL | LA_GFP_HIGHMEM, LA_NO_NODE), 0);
    assert_int_equal(rig.mm->nr_oops, 1);
    la_kfree(rig.mm, zero);
    finish(&rig);
}

static void test_red_zones_and_poison(void **state)
{
    struct rig rig = rig_new(OLD);
    uint32_t cache = create(&rig, "dbg", 20, LA_SLAB_RED_ZONE | LA_SLAB_POISON);
    uint64_t p = alloc(&rig, cache);

    (void)state;
    assert_int_equal(rig.mm->kmem->cache[cache].size, 28);
    assert_int_equal(look(&rig, cache)->array[0].limit, 32);
    assert_int_equal(peek(&rig, p), 0x5a);
    assert_int_equal(peek(&rig, p + 19), 0xa5);
    assert_int_equal(peek(&rig, p - 4), 0xA5); /* 0x170FC2A5 */
    assert_int_equal(peek(&rig, p + 20), 0xA5);
    poke(&rig, p + 20, 0);
    la_kmem_cache_free(rig.mm, cache, p);
    assert_non_null(
        strstr(rig.mm->last_oops, "slab error in cache_free_debugcheck(): cache `dbg': double free, or memory"));
    assert_int_equal(peek(&rig, p), 0x6b);
    assert_int_equal(peek(&rig, p - 4), 0x71); /* 0x5A2CF071 */
    poke(&rig, p + 1, 0);
    assert_int_equal(alloc(&rig, cache), p);
    assert_non_null(strstr(rig.mm->last_oops, "Slab corruption: start="));
    la_kmem_cache_free(rig.mm, cache, p);
    assert_int_equal(rig.mm->nr_oops, 2);
    la_kmem_cache_free(rig.mm, cache, p);
    assert_int_equal(rig.mm->nr_oops, 4); /* the red zone, and the double free */
    finish(&rig);
}

static void test_slabinfo_has_real_tunables(void **state)
{
    struct rig rig = rig_new(OLD2);
    struct la_buf out;

    (void)state;
    (void)alloc(&rig, create(&rig, "foo", 64, 0));
    la_buf_init(&out, la_host_libc());
    la_proc_slabinfo(rig.machine, &out);
    assert_non_null(strstr(la_buf_str(&out),
                           "\nfoo                   16     61     64   61    1 : tunables  120   60    8"
                           " : slabdata      1      1      0\n"));
    la_buf_free(&out);
    finish(&rig);
}

/* Many caches, sizes and CPUs at random; everything must agree at the end of each round. */
static void test_random_work(void **state)
{
    struct rig rig = rig_new(OLD2);
    struct la_prng prng = {42};
    uint64_t object[300] = {0};

    (void)state;
    for (uint32_t n = 0; n < 20000; n++) {
        uint64_t *o = &object[la_prng_below(&prng, 300)];

        rig.mm->cpu = (uint8_t)la_prng_below(&prng, 2);
        if (*o) {
            la_kfree(rig.mm, *o);
            *o = 0;
        } else {
            *o = la_kmalloc(rig.mm, 1u << la_prng_below(&prng, 14), LA_GFP_KERNEL, LA_NO_NODE);
        }
        if (n % 50 == 0)
            la_mm_tick(rig.mm, la_prng_below(&prng, 200));
        if (n % 1000 == 0)
            rig_check(&rig);
    }
    for (uint32_t i = 0; i < 300; i++)
        if (object[i])
            la_kfree(rig.mm, object[i]);
    assert_int_equal(rig.mm->nr_oops, 0);
    finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_geometry_of_the_size_caches),
        cmocka_unit_test(test_limits_of_the_arrays),
        cmocka_unit_test(test_colours_wander),
        cmocka_unit_test(test_arrays_are_lifo_and_refill_by_batches),
        cmocka_unit_test(test_T21_align_is_of_every_object),
        cmocka_unit_test(test_T22_T23_cache_lines),
        cmocka_unit_test(test_T24_dma_objects_lie_in_the_dma_zone),
        cmocka_unit_test(test_T25_poison_alone_is_checked),
        cmocka_unit_test(test_T26_red_zone_alone_is_checked),
        cmocka_unit_test(test_T28_no_cache_is_shared),
        cmocka_unit_test(test_T27_active_objects_are_those_not_on_slabs),
        cmocka_unit_test(test_a_full_array_flushes_a_batch),
        cmocka_unit_test(test_time_gives_back),
        cmocka_unit_test(test_which_free_slab_goes_first),
        cmocka_unit_test(test_T29_destroy_with_live_object),
        cmocka_unit_test(test_what_create_refuses),
        cmocka_unit_test(test_T18_kmalloc_of_2_6),
        cmocka_unit_test(test_red_zones_and_poison),
        cmocka_unit_test(test_slabinfo_has_real_tunables),
        cmocka_unit_test(test_random_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
