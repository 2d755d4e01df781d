/* mempool_internal.h: what mempool.c lends to mempool26.c. */
#ifndef LA_MM_MEMPOOL_INTERNAL_H
#define LA_MM_MEMPOOL_INTERNAL_H

#include "mm/mempool.h"

/** Ask the allocation function once; what it gives is counted as handed out.  0: nothing, or the pool is gone. */
uint64_t la_mempool_ask(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp);
/** The last element of the reserve, which must not be empty.  0 when NULL was put into it. */
uint64_t la_mempool_take(struct la_mm *mm, struct la_mempool *pool);
/** Says why a request finds nothing. */
void la_mempool_tell_empty(struct la_mm *mm, const struct la_mempool *pool, const char *why);

/* ---- mempool26.c ---- */

/** mempool_alloc as 2.6.11 does it; @must_wait as in la_mempool_alloc_or_wait. */
uint64_t la_mempool26_alloc(struct la_mm *mm, struct la_mempool *pool, la_gfp_t gfp, bool *must_wait);
/** The check of 2.6's mempool_destroy: false after its BUG(), and then nothing may be freed. */
bool la_mempool26_may_destroy(struct la_mm *mm, const struct la_mempool *pool);

#endif
