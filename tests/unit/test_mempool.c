/* test_mempool.c: memory pools: T30-T37, each for 6.1 and for 2.6. */
#include "machine_help.h"

#include "mm/mempool.h"

#define MACHINE_A_26 "{\"profile\":\"i386\",\"memory\":\"1G\",\"reserved\":\"0\",\"slab\":\"slab-2.6\"}"

enum { ALLOC_FN = 0x1000, FREE_FN = 0x2000 };

/* The functions of a program: counted, and told from which call on to fail. */
struct functions {
    struct la_mm *mm;
    uint32_t allocs, frees, fail_from; /* fail_from 0 = never */
    uint32_t reclaiming;               /* allocs whose mask allowed it */
    la_gfp_t gfp;                      /* of the last one */
};

static bool call(void *ctx, uint64_t fn, const uint64_t *args, uint32_t nr, uint64_t *result)
{
    struct functions *f = ctx;

    assert_int_equal(nr, 2);
    *result = 0;
    if (fn == FREE_FN) {
        f->frees++;
        la_kfree(f->mm, args[0]);
        return true;
    }
    assert_int_equal(fn, ALLOC_FN);
    f->allocs++;
    f->gfp = (la_gfp_t)args[0];
    f->reclaiming += (f->gfp & LA_GFP_DIRECT_RECLAIM) != 0;
    if (!f->fail_from || f->allocs < f->fail_from)
        *result = la_kmalloc(f->mm, 64, (la_gfp_t)args[0], LA_NO_NODE);
    return true;
}

static struct la_mempool *pool_of(struct rig *rig, struct functions *f, int32_t min_nr)
{
    const struct la_pool_functions fn = {LA_POOL_CUSTOM, ALLOC_FN, FREE_FN, 0};

    *f = (struct functions){.mm = rig->mm};
    rig->mm->kmem->hooks = (struct la_kmem_hooks){.ctx = f, .call = call};
    struct la_mempool *pool = la_mempool_at(rig->mm, la_mempool_create(rig->mm, min_nr, &fn));

    assert_non_null(pool);
    return pool;
}

static void test_T30_create_fills_the_pool(void **state)
{
    struct rig rig = rig_new(*state);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);
    uint32_t curr_nr = 0;

    assert_int_equal(f.allocs, 4);
    assert_int_equal(pool->curr_nr, 4);
    assert_int_equal(la_mmu_read(rig.machine, pool->address + 8, &curr_nr, 4), LA_MMU_OK);
    assert_int_equal(curr_nr, 4); /* what the program reads in pool->curr_nr */
    rig_free(&rig);
}

static void test_T31_the_allocation_function_comes_first(void **state)
{
    struct rig rig = rig_new(*state);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);

    assert_int_not_equal(la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL), 0);
    assert_int_equal(f.allocs, 5);
    assert_int_equal(pool->curr_nr, 4);
    rig_free(&rig);
}

static void test_T32_the_reserve_helps_when_it_fails(void **state)
{
    struct rig rig = rig_new(*state);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);

    f.fail_from = 1;
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t top = la_mempool_element(rig.mm, pool, pool->curr_nr - 1);

        assert_int_equal(la_mempool_alloc(rig.mm, pool, LA_GFP_ATOMIC), top);
    }
    assert_int_equal(pool->curr_nr, 0);
    assert_int_equal(la_mempool_alloc(rig.mm, pool, LA_GFP_ATOMIC), 0);
    assert_false(rig.mm->hung);
    rig_free(&rig);
}

static void test_T33_a_caller_that_may_sleep_waits(void **state)
{
    struct rig rig = rig_new(*state);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);
    uint64_t first = 0;

    f.fail_from = 1;
    for (uint32_t i = 0; i < 4; i++)
        first = la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    assert_true(la_mempool_free_later(rig.mm, pool, first, 30));
    uint32_t tick = rig.mm->tick;

    assert_int_equal(la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL), first);
    assert_int_equal(rig.mm->tick, tick + 30);
    assert_false(rig.mm->hung);
    assert_int_equal(la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL), 0); /* nobody will ever */
    assert_true(rig.mm->hung);
    rig.mm->hung = false;
    rig_free(&rig);
}

static void test_T34_free_refills_the_pool_first(void **state)
{
    struct rig rig = rig_new(*state);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);
    uint64_t a, b;

    a = la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    f.fail_from = 1;
    b = la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    assert_int_equal(pool->curr_nr, 3);
    la_mempool_free(rig.mm, pool, a);
    assert_int_equal(f.frees, 0);
    assert_int_equal(pool->curr_nr, 4);
    la_mempool_free(rig.mm, pool, b);
    assert_int_equal(f.frees, 1);
    rig_free(&rig);
}

static void test_T35_growing_does_not_promise(void **state)
{
    struct rig rig = rig_new(*state);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);

    f.fail_from = 6;
    assert_int_equal(la_mempool_resize(rig.mm, pool, 8, LA_GFP_KERNEL), 0);
    assert_int_equal(pool->min_nr, 8);
    assert_int_equal(pool->curr_nr, 5);
    rig_free(&rig);
}

static void test_T36_shrinking_frees_at_once(void **state)
{
    struct rig rig = rig_new(*state);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);

    assert_int_equal(la_mempool_resize(rig.mm, pool, 2, LA_GFP_KERNEL), 0);
    assert_int_equal(f.frees, 2);
    assert_int_equal(pool->curr_nr, 2);
    rig_free(&rig);
}

static void test_T34_null_is_no_element(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);

    (void)state;
    la_mempool_free(rig.mm, pool, 0);
    assert_int_equal(f.frees, 0);
    rig_free(&rig);
}

static void test_T34_null_is_an_element_of_2_6(void **state)
{
    struct rig rig = rig_new(MACHINE_A_26);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 2);

    (void)state;
    la_mempool_free(rig.mm, pool, 0);
    assert_int_equal(f.frees, 1); /* the pool is full: the free function gets NULL */
    f.fail_from = 1;
    (void)la_mempool_alloc(rig.mm, pool, LA_GFP_ATOMIC);
    la_mempool_free(rig.mm, pool, 0);
    assert_int_equal(f.frees, 1);
    assert_int_equal(pool->curr_nr, 2); /* it lacks one: NULL goes in … */
    uint32_t tick = rig.mm->tick;

    assert_int_equal(la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL), 0); /* … and comes out for somebody who may sleep */
    assert_int_equal(pool->curr_nr, 1);
    assert_int_equal(rig.mm->tick, tick);
    rig_free(&rig);
}

/* 2.6 begins to reclaim when the reserve is half empty, 6.1 when it is empty. */
static void test_T32_when_2_6_reclaims(void **state)
{
    static const uint32_t reclaiming[] = {0, 0, 1, 2}; /* curr_nr 4, 3, 2, 1 */
    struct rig old = rig_new(MACHINE_A_26), now = rig_new(MACHINE_A);
    struct functions f, g;
    struct la_mempool *pool = pool_of(&old, &f, 4), *today = pool_of(&now, &g, 4);

    (void)state;
    f.reclaiming = g.reclaiming = 0;
    f.fail_from = g.fail_from = 1;
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_not_equal(la_mempool_alloc(old.mm, pool, LA_GFP_KERNEL), 0);
        assert_int_equal(f.reclaiming, reclaiming[i]);
    }
    for (uint32_t i = 0; i < 4; i++)
        (void)la_mempool_alloc(now.mm, today, LA_GFP_KERNEL);
    assert_int_equal(g.reclaiming, 0);
    f.reclaiming = 0;
    (void)la_mempool_alloc(old.mm, pool, LA_GFP_KERNEL & ~LA_GFP_FS); /* who must not call file systems never does */
    assert_int_equal(f.reclaiming, 0);
    old.mm->hung = false;
    rig_free(&old);
    rig_free(&now);
}

static void test_T33_2_6_sleeps_without_a_limit(void **state)
{
    struct rig rig = rig_new(MACHINE_A_26);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 1);
    uint64_t element;
    uint32_t tick = rig.mm->tick;

    (void)state;
    f.fail_from = 1;
    element = la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    assert_true(la_mempool_free_later(rig.mm, pool, element, 60 * LA_HZ));
    f.allocs = 0;
    assert_int_equal(la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL), element);
    assert_int_equal(rig.mm->tick, tick + 60 * LA_HZ);
    assert_int_equal(f.allocs, 3); /* twice before it slept, once after; 6.1 looks every five seconds */
    assert_false(rig.mm->hung);
    rig_free(&rig);
}

static void test_T35_the_mask_of_a_resize(void **state)
{
    struct rig old = rig_new(MACHINE_A_26), now = rig_new(MACHINE_A);
    struct functions f;
    struct la_mempool *pool = pool_of(&old, &f, 4);

    (void)state;
    assert_int_equal(la_mempool_resize(old.mm, pool, 5, LA_GFP_ATOMIC), 0);
    assert_int_equal(f.gfp, LA_GFP_ATOMIC);
    f.fail_from = 1;
    (void)la_mempool_alloc(old.mm, pool, LA_GFP_ATOMIC);
    f.fail_from = 0;
    assert_int_equal(la_mempool_resize(old.mm, pool, 5, LA_GFP_KERNEL), 0); /* the same number: 2.6 fills up */
    assert_int_equal(pool->curr_nr, 5);
    pool = pool_of(&now, &f, 4);
    assert_int_equal(la_mempool_resize(now.mm, pool, 5, LA_GFP_ATOMIC), 0);
    assert_int_equal(f.gfp, LA_GFP_KERNEL);
    rig_free(&old);
    rig_free(&now);
}

static void test_T37_destroy_does_not_look_for_the_others(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);
    uint64_t address = pool->address;

    (void)state;
    f.fail_from = 1;
    (void)la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    la_trace_begin(rig.trace);
    (void)la_mempool_destroy(rig.mm, pool); /* (a) an element of the reserve is out */
    assert_int_equal(f.frees, 3);
    assert_int_equal(count_events(&rig, LA_EV_THEN_NOW), 1); /* 2.6: BUG() */
    assert_null(la_mempool_at(rig.mm, address));
    pool = pool_of(&rig, &f, 4);
    (void)la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    la_trace_begin(rig.trace);
    (void)la_mempool_destroy(rig.mm, pool); /* (b) an element of the allocation function is out */
    assert_int_equal(f.frees, 4);
    assert_int_equal(count_events(&rig, LA_EV_THEN_NOW), 0); /* 2.6 would not have noticed */
    rig_free(&rig);
}

static void test_T37_destroy_of_2_6_wants_a_full_reserve(void **state)
{
    struct rig rig = rig_new(MACHINE_A_26);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);
    uint64_t element;

    (void)state;
    f.fail_from = 1;
    element = la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    assert_false(la_mempool_destroy(rig.mm, pool)); /* (a) an element of the reserve is out */
    assert_string_equal(rig.mm->last_oops, "kernel BUG at mm/mempool.c: mempool_destroy()");
    assert_int_equal(f.frees, 0);
    assert_int_equal(pool->curr_nr, 3); /* the pool is as it was */
    la_mempool_free(rig.mm, pool, element);
    assert_true(la_mempool_destroy(rig.mm, pool));
    assert_int_equal(f.frees, 4);
    pool = pool_of(&rig, &f, 4);
    (void)la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    assert_true(la_mempool_destroy(rig.mm, pool)); /* (b) an element of the allocation function is out */
    pool = pool_of(&rig, &f, 4);
    f.fail_from = 1;
    assert_int_equal(la_mempool_resize(rig.mm, pool, 8, LA_GFP_KERNEL), 0);
    assert_false(la_mempool_destroy(rig.mm, pool)); /* nothing is out, but the pool could not grow */
    assert_int_equal(rig.mm->nr_oops, 2);
    rig_free(&rig);
}

static void test_a_pool_that_cannot_be_filled_is_not_made(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    const struct la_pool_functions fn = {LA_POOL_CUSTOM, ALLOC_FN, FREE_FN, 0};
    struct functions f = {.mm = rig.mm, .fail_from = 3};

    (void)state;
    rig.mm->kmem->hooks = (struct la_kmem_hooks){.ctx = &f, .call = call};
    assert_int_equal(la_mempool_create(rig.mm, 4, &fn), 0);
    assert_int_equal(f.allocs, 3);
    assert_int_equal(f.frees, 2);
    assert_int_equal(la_mempool_create(rig.mm, -1, &fn), 0);
    rig_free(&rig);
}

static void test_pools_of_pages_and_kmalloc(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    const struct la_pool_functions pages = {LA_POOL_PAGES, 0, 0, 1}, bytes = {LA_POOL_KMALLOC, 0, 0, 512};
    struct la_mempool *pool = la_mempool_at(rig.mm, la_mempool_create(rig.mm, 2, &pages));
    uint32_t pfn = la_page_to_pfn(rig.mm, la_mempool_element(rig.mm, pool, 0));

    (void)state;
    assert_int_equal(rig.mm->frame[pfn].kind, LA_FRAME_POOL);
    assert_int_equal(rig.mm->frame[pfn].order, 1);
    (void)la_mempool_destroy(rig.mm, pool);
    assert_int_not_equal(rig.mm->frame[pfn].kind, LA_FRAME_POOL);
    pool = la_mempool_at(rig.mm, la_mempool_create(rig.mm, 2, &bytes));
    assert_int_equal(la_ksize(rig.mm, la_mempool_element(rig.mm, pool, 1)), 512);
    (void)la_mempool_destroy(rig.mm, pool);
    assert_int_equal(la_oops_count(rig.machine), 0);
    rig_free(&rig);
}

/* The program frees the structure of a pool, and the next pool gets the same memory: they must not be confused. */
static void test_a_pool_in_the_place_of_a_freed_one(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    const struct la_pool_functions small = {LA_POOL_KMALLOC, 0, 0, 100}, large = {LA_POOL_KMALLOC, 0, 0, 200};
    uint64_t first = la_mempool_create(rig.mm, 2, &small);

    (void)state;
    la_kfree(rig.mm, first);
    uint64_t second = la_mempool_create(rig.mm, 3, &large);

    assert_true(second == first);
    assert_int_equal(la_mempool_at(rig.mm, second)->min_nr, 3);
    assert_int_equal(la_ksize(rig.mm, la_mempool_element(rig.mm, la_mempool_at(rig.mm, second), 0)), 256);
    rig_check(&rig);
    rig_free(&rig);
}

/* One test for both kernels: its state is the machine. */
static char machine_61[] = MACHINE_A, machine_26[] = MACHINE_A_26;
#define BOTH(f)                                                                                                        \
    {#f " [6.1]", f, NULL, NULL, machine_61},                                                                          \
    {                                                                                                                  \
#f " [2.6]", f, NULL, NULL, machine_26                                                                         \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_T30_create_fills_the_pool),
        BOTH(test_T31_the_allocation_function_comes_first),
        BOTH(test_T32_the_reserve_helps_when_it_fails),
        cmocka_unit_test(test_T32_when_2_6_reclaims),
        BOTH(test_T33_a_caller_that_may_sleep_waits),
        cmocka_unit_test(test_T33_2_6_sleeps_without_a_limit),
        BOTH(test_T34_free_refills_the_pool_first),
        cmocka_unit_test(test_T34_null_is_no_element),
        cmocka_unit_test(test_T34_null_is_an_element_of_2_6),
        BOTH(test_T35_growing_does_not_promise),
        cmocka_unit_test(test_T35_the_mask_of_a_resize),
        BOTH(test_T36_shrinking_frees_at_once),
        cmocka_unit_test(test_T37_destroy_does_not_look_for_the_others),
        cmocka_unit_test(test_T37_destroy_of_2_6_wants_a_full_reserve),
        cmocka_unit_test(test_a_pool_that_cannot_be_filled_is_not_made),
        cmocka_unit_test(test_pools_of_pages_and_kmalloc),
        cmocka_unit_test(test_a_pool_in_the_place_of_a_freed_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
