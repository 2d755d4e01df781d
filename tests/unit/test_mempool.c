/* test_mempool.c: memory pools: T30-T37. */
#include "machine_help.h"

#include "mm/mempool.h"

enum { ALLOC_FN = 0x1000, FREE_FN = 0x2000 };

/* The functions of a program: counted, and told from which call on to fail. */
struct functions {
    struct la_mm *mm;
    uint32_t allocs, frees, fail_from; /* fail_from 0 = never */
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
    if (!f->fail_from || f->allocs < f->fail_from)
        *result = la_kmalloc(f->mm, 64, (la_gfp_t)args[0], LA_NO_NODE);
    return true;
}

static struct la_mempool *pool_of(struct rig *rig, struct functions *f, int32_t min_nr)
{
    const struct la_pool_functions fn = {LA_POOL_CUSTOM, ALLOC_FN, FREE_FN, 0};

    *f = (struct functions){.mm = rig->mm};
    rig->mm->kmem->hooks = (struct la_kmem_hooks){f, call};
    struct la_mempool *pool = la_mempool_at(rig->mm, la_mempool_create(rig->mm, min_nr, &fn));

    assert_non_null(pool);
    return pool;
}

static void test_T30_create_fills_the_pool(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);
    uint32_t curr_nr = 0;

    (void)state;
    assert_int_equal(f.allocs, 4);
    assert_int_equal(pool->curr_nr, 4);
    assert_int_equal(la_mmu_read(rig.machine, pool->address + 8, &curr_nr, 4), LA_MMU_OK);
    assert_int_equal(curr_nr, 4); /* what the program reads in pool->curr_nr */
    rig_free(&rig);
}

static void test_T31_the_allocation_function_comes_first(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);

    (void)state;
    assert_int_not_equal(la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL), 0);
    assert_int_equal(f.allocs, 5);
    assert_int_equal(pool->curr_nr, 4);
    rig_free(&rig);
}

static void test_T32_the_reserve_helps_when_it_fails(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);

    (void)state;
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
    struct rig rig = rig_new(MACHINE_A);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);
    uint64_t first = 0;

    (void)state;
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
    struct rig rig = rig_new(MACHINE_A);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);
    uint64_t a, b;

    (void)state;
    a = la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    f.fail_from = 1;
    b = la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    assert_int_equal(pool->curr_nr, 3);
    la_mempool_free(rig.mm, pool, a);
    assert_int_equal(f.frees, 0);
    assert_int_equal(pool->curr_nr, 4);
    la_mempool_free(rig.mm, pool, b);
    assert_int_equal(f.frees, 1);
    la_mempool_free(rig.mm, pool, 0);
    assert_int_equal(f.frees, 1);
    rig_free(&rig);
}

static void test_T35_growing_does_not_promise(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);

    (void)state;
    f.fail_from = 6;
    assert_int_equal(la_mempool_resize(rig.mm, pool, 8), 0);
    assert_int_equal(pool->min_nr, 8);
    assert_int_equal(pool->curr_nr, 5);
    rig_free(&rig);
}

static void test_T36_shrinking_frees_at_once(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    struct functions f;
    struct la_mempool *pool = pool_of(&rig, &f, 4);

    (void)state;
    assert_int_equal(la_mempool_resize(rig.mm, pool, 2), 0);
    assert_int_equal(f.frees, 2);
    assert_int_equal(pool->curr_nr, 2);
    rig_free(&rig);
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
    la_mempool_destroy(rig.mm, pool); /* (a) an element of the reserve is out */
    assert_int_equal(f.frees, 3);
    assert_int_equal(count_events(&rig, LA_EV_THEN_NOW), 1); /* 2.6: BUG() */
    assert_null(la_mempool_at(rig.mm, address));
    pool = pool_of(&rig, &f, 4);
    (void)la_mempool_alloc(rig.mm, pool, LA_GFP_KERNEL);
    la_trace_begin(rig.trace);
    la_mempool_destroy(rig.mm, pool); /* (b) an element of the allocation function is out */
    assert_int_equal(f.frees, 4);
    assert_int_equal(count_events(&rig, LA_EV_THEN_NOW), 0); /* 2.6 would not have noticed */
    rig_free(&rig);
}

static void test_a_pool_that_cannot_be_filled_is_not_made(void **state)
{
    struct rig rig = rig_new(MACHINE_A);
    const struct la_pool_functions fn = {LA_POOL_CUSTOM, ALLOC_FN, FREE_FN, 0};
    struct functions f = {.mm = rig.mm, .fail_from = 3};

    (void)state;
    rig.mm->kmem->hooks = (struct la_kmem_hooks){&f, call};
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
    la_mempool_destroy(rig.mm, pool);
    assert_int_not_equal(rig.mm->frame[pfn].kind, LA_FRAME_POOL);
    pool = la_mempool_at(rig.mm, la_mempool_create(rig.mm, 2, &bytes));
    assert_int_equal(la_ksize(rig.mm, la_mempool_element(rig.mm, pool, 1)), 512);
    la_mempool_destroy(rig.mm, pool);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T30_create_fills_the_pool),
        cmocka_unit_test(test_T31_the_allocation_function_comes_first),
        cmocka_unit_test(test_T32_the_reserve_helps_when_it_fails),
        cmocka_unit_test(test_T33_a_caller_that_may_sleep_waits),
        cmocka_unit_test(test_T34_free_refills_the_pool_first),
        cmocka_unit_test(test_T35_growing_does_not_promise),
        cmocka_unit_test(test_T36_shrinking_frees_at_once),
        cmocka_unit_test(test_T37_destroy_does_not_look_for_the_others),
        cmocka_unit_test(test_a_pool_that_cannot_be_filled_is_not_made),
        cmocka_unit_test(test_pools_of_pages_and_kmalloc),
        cmocka_unit_test(test_a_pool_in_the_place_of_a_freed_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
