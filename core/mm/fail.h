/*
 * fail.h: allocations that fail on purpose, so that a program can show what it does then.
 *
 *     kmem_cache_alloc, kmalloc  --failslab-->         NULL although there are objects
 *     alloc_pages                --fail_page_alloc-->  NULL although there are pages
 *
 * Which calls fail is drawn from the machine's seed, so the same lesson fails at the same places.
 * Source: Linux 6.1.192 lib/fault-inject.c, mm/failslab.c, mm/page_alloc.c (fail_page_alloc).
 */
#ifndef LA_MM_FAIL_H
#define LA_MM_FAIL_H

#include "base/prng.h"
#include "mm/gfp.h"

#include <stdbool.h>
#include <stdint.h>

/* struct fault_attr */
struct la_fault_attr {
    uint32_t probability; /* percent; 0 = off */
    uint32_t interval;    /* only every interval-th call may fail; 0 and 1 = any */
    uint32_t count;       /* calls so far */
    int32_t times;        /* how many failures are left; -1 = no limit */
};

struct la_fail {
    struct la_prng prng;
    struct la_fault_attr slab, page;
    uint32_t min_order;      /* smaller blocks never fail */
    bool ignore_gfp_wait;    /* requests that may reclaim never fail */
    bool ignore_gfp_highmem; /* page requests that may take high memory never fail */
};

struct la_mm;

/** should_failslab: true when this request for an object has to fail; says so in the kernel's words. */
bool la_should_fail_slab(struct la_mm *mm, la_gfp_t gfp);
/** should_fail_alloc_page: the same for a block of 2^@order pages. */
bool la_should_fail_page(struct la_mm *mm, la_gfp_t gfp, uint32_t order);

#endif
