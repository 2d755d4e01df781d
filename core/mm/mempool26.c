/*
 * mempool26.c: what memory pools did differently in 2.6.
 *
 *     alloc:    allocation function, without sleeping
 *               -> reserve half empty or less, and the mask allows FS: once more, now with reclaim
 *               -> the last element of the reserve
 *               -> reserve empty: NULL, or sleep until an element comes back, without a time limit
 *     destroy:  BUG() unless the reserve is full; elements that are out are not counted
 *     free:     NULL is an element like any other
 *
 * So 2.6 begins to reclaim when the reserve is half empty; 6.1 does when it is empty.
 *
 * Deviations:
 *  A. pdflush, which 2.6 wakes before it takes from the reserve, does not exist: nothing is written back.
 *
 * Source: Linux 2.6.11 mm/mempool.c: mempool_alloc, mempool_destroy.
 */
#include "mm/mempool_internal.h"
#include "mm/slab_internal.h"

/* The two calls of the allocation function; 0: both gave nothing, or the second was not made. */
static uint64_t ask(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp)
{
    la_gfp_t nowait = gfp & ~(la_gfp_t)(LA_GFP_DIRECT_RECLAIM | LA_GFP_IO);
    uint64_t element = la_mempool_ask(mm, pool, nowait | LA_GFP_NOWARN);

    if (element != 0 || mm->kmem->callback_failed)
        return element;
    if ((gfp & LA_GFP_FS) && gfp != nowait && pool->curr_nr <= pool->min_nr / 2)
        return la_mempool_ask(mm, pool, gfp);
    return 0;
}

/* Let time pass until the reserve has something; false when nothing is on its way. */
static bool sleep_until_refilled(struct la_mm *mm, const struct la_mempool *pool)
{
    while (pool->curr_nr == 0) {
        uint32_t ticks = la_mempool_next_free(mm);

        if (ticks == 0)
            return false;
        la_schedule_debug(mm);
        LA_TRACE(mm->trace, WAIT, ticks);
        la_mm_tick(mm, ticks);
    }
    return true;
}

uint64_t la_mempool26_alloc(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp, bool *must_wait)
{
    if (gfp & LA_GFP_DIRECT_RECLAIM)
        la_might_sleep(mm, "mm/mempool.c");
    for (;;) {
        uint64_t element = ask(mm, pool, gfp);

        if (element != 0 || mm->kmem->callback_failed)
            return element;
        if (pool->curr_nr > 0)
            return la_mempool_take(mm, pool);
        if (!(gfp & LA_GFP_DIRECT_RECLAIM)) {
            la_mempool_tell_empty(mm, pool, "this caller must not sleep, so it gets NULL");
            return 0;
        }
        la_mempool_tell_empty(mm, pool, "the caller sleeps until an element comes back, however long that takes");
        pool->waiting_since = mm->tick + 1;
        if (must_wait) {
            *must_wait = true;
            return 0;
        }
        if (!sleep_until_refilled(mm, pool)) {
            mm->hung = true;
            return 0;
        }
    }
}

bool la_mempool26_may_destroy(struct la_mm *mm, const struct la_mempool *pool)
{
    if (pool->curr_nr == pool->min_nr)
        return true;
    la_oops(
        mm, "kernel BUG at mm/mempool.c: mempool_destroy()",
        "The reserve is not full. 2.6 takes that for elements that were not given back; it may also be a pool that "
        "could not grow. An element that came from the allocation function while the reserve was full is not missed. "
        "6.1 has no such check.");
    return false;
}
