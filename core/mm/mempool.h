/*
 * mempool.h: memory pools: a few elements kept back, so that an allocation that may wait never fails.
 *
 *     mempool_alloc:  allocation function -> it gave one: done (the reserve stays full)
 *                                         -> nothing: the last element of the reserve
 *                                         -> reserve empty: NULL, or wait until somebody gives one back
 *     mempool_free:   reserve short? keep it : free function
 *
 * struct mempool_s and its array of elements lie in kmalloc memory of the machine.  What the
 * program reads there (pool->curr_nr) is a copy of the numbers kept here.
 *
 * Source: Linux 6.1.192 mm/mempool.c, include/linux/mempool.h.
 */
#ifndef LA_MM_MEMPOOL_H
#define LA_MM_MEMPOOL_H

#include "mm/slab.h"

enum la_pool_kind { LA_POOL_SLAB, LA_POOL_KMALLOC, LA_POOL_PAGES, LA_POOL_CUSTOM };
enum { LA_POOL_DELAYED = 8, LA_POOL_MAX_NR = 1 << 20 };

/* How a pool gets and gives back elements. */
struct la_pool_functions {
    enum la_pool_kind kind;
    uint64_t alloc_fn, free_fn; /* addresses of the functions; called through the hooks when CUSTOM */
    uint64_t pool_data;         /* SLAB: address of the cache; KMALLOC: bytes; PAGES: order */
};

struct la_mempool {
    uint64_t address;  /* of struct mempool_s; 0 = the slot is unused */
    uint64_t elements; /* address of the array */
    struct la_pool_functions fn;
    uint32_t min_nr, curr_nr;
    uint32_t outstanding; /* handed out and not given back; the kernel does not count them */
    uint32_t alloc_calls, free_calls;
    uint32_t waiting_since; /* tick + 1; 0 = nobody waits */
    struct {
        uint64_t element;
        uint32_t at_tick;
    } delayed[LA_POOL_DELAYED]; /* elements another task will give back */
    uint32_t nr_delayed;
};

/** mempool_create: the address of the pool, or 0 when it could not be filled. */
uint64_t la_mempool_create(struct la_mm *mm, int32_t min_nr, const struct la_pool_functions *fn);
/** mempool_init: make a pool in memory of the program at @address.  False: no memory for it. */
bool la_mempool_init(struct la_mm *mm, uint64_t address, int32_t min_nr, const struct la_pool_functions *fn);
/** mempool_exit: free what is at rest and the array, not the structure. */
void la_mempool_exit(struct la_mm *mm, struct la_mempool *pool);
/** The pool at @address, or NULL. */
struct la_mempool *la_mempool_at(const struct la_mm *mm, uint64_t address);
/** mempool_alloc: an element; 0 = NULL.  Sets mm->hung when it would wait for ever. */
uint64_t la_mempool_alloc(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp);
/** As la_mempool_alloc; where it would let time pass it sets *@must_wait instead and returns 0 (NULL: time passes). */
uint64_t la_mempool_alloc_or_wait(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp, bool *must_wait);
/** Ticks until another task gives an element back to any pool, at most five seconds; 0 = nothing is on its way. */
uint32_t la_mempool_next_free(const struct la_mm *mm);
/** mempool_free; NULL is allowed (2.6 keeps even that, or hands it to the free function). */
void la_mempool_free(struct la_mm *mm, struct la_mempool *pool, uint64_t element);
/** Let another task give @element back after @ticks; false when too many are on their way. */
bool la_mempool_free_later(struct la_mm *mm, struct la_mempool *pool, uint64_t element, uint32_t ticks);
/** mempool_resize: 0 or -12 (ENOMEM); @min_nr must be positive.  @gfp is what 2.6 fills with; 6.1 does not look at it. */
int la_mempool_resize(struct la_mm *mm, struct la_mempool *pool, uint32_t min_nr, la_gfp_t gfp);
/** mempool_destroy: frees what is at rest; nobody looks for the others.  False after 2.6's BUG(): the pool stays. */
bool la_mempool_destroy(struct la_mm *mm, struct la_mempool *pool);
/** Frees that are due (from la_mm_tick). */
void la_mempool_tick(struct la_mm *mm);
/** Element @i of the reserve. */
uint64_t la_mempool_element(const struct la_mm *mm, const struct la_mempool *pool, uint32_t i);
/** Check the invariants of all pools; one line per problem to @out.  Return: number of problems. */
uint32_t la_mempool_check(const struct la_mm *mm, struct la_buf *out);

#endif
