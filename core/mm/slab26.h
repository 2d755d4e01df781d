/*
 * slab26.h: what the SLAB of 2.6 keeps beside struct la_kmem_cache.
 *
 *     cache "foo"   CPU 0: array_cache [p p p .]  <- alloc pops, free pushes (LIFO)
 *                   shared array       [p p]      <- batches for and from all CPUs
 *                   slabs_full, slabs_partial, slabs_free
 *
 * A machine whose la_kmem.classic is not NULL works like this; the public functions are those of
 * mm/slab.h, which lead here.  In struct la_slab then: freelist is slab->free, list is one of FULL,
 * PARTIAL and FREE, start the offset of object slot 0, frozen says that the slab holds struct slabs
 * of other slabs, and inuse counts objects that are with the program or in an array.
 *
 * Source: Linux 2.6.11 mm/slab.c, include/linux/kmalloc_sizes.h.
 */
#ifndef LA_MM_SLAB26_H
#define LA_MM_SLAB26_H

#include "mm/slab_internal.h"

enum {
    LA_SLAB26_ENTRIES = 120, /* the largest array of a CPU */
    LA_SLAB26_SHARED = 480,  /* the largest shared array: 8 batches of 60 */
    LA_SLAB26_SIZES = 15,    /* size-32 ... size-131072, with 96 and 192 */
    LA_SLAB26_MAX = 131072,
    LA_SLAB26_LISTS = LA_SLAB_FREE + 1
};

#define LA_SLAB26_RED_INACTIVE 0x5A2CF071u
#define LA_SLAB26_RED_ACTIVE   0x170FC2A5u

struct la_array_cache {
    uint32_t avail, limit, batchcount, touched;
    uint32_t at; /* its entries begin at la_cache26.entry[at] */
};

struct la_cache26 {
    bool off_slab;
    uint32_t busy;       /* constructors and destructors that run just now */
    uint64_t dtor;       /* address of the destructor, 0 = none */
    uint32_t management; /* bytes of struct slab and its bufctls; on the slab: rounded up */
    uint32_t colour, colour_off, colour_next;
    uint32_t free_objects, free_limit, free_touched, next_reap;
    uint32_t slabp_cache;                             /* off slab: the cache the management comes from */
    struct la_slab_chain list[LA_SLAB26_LISTS];       /* by enum la_slab_list; only FULL, PARTIAL, FREE are used */
    struct la_array_cache array[LA_MAX_CPUS], shared; /* shared.limit 0: there is none */
    uint64_t entry[LA_MAX_CPUS * LA_SLAB26_ENTRIES + LA_SLAB26_SHARED]; /* addresses of objects */
};

struct la_kmem26 {
    struct la_region *caches;          /* la_cache26 of each cache */
    uint32_t size[2][LA_SLAB26_SIZES]; /* "size-N", "size-N(DMA)" */
    uint32_t offslab_limit;            /* most objects of a slab with management off the slab */
    uint32_t next_reap;                /* tick of the next cache_reap */
};

/* ---- slab26.c: objects ---- */

/** kmem_cache_alloc and kmem_cache_free as 2.6.11 does them; 0 = NULL. */
uint64_t la_slab26_alloc(struct la_mm *mm, uint32_t cache, la_gfp_t gfp);
void la_slab26_free(struct la_mm *mm, uint32_t cache, uint64_t object);
/** free_block: the first @nr entries of @ac go back to their slabs; the rest moves to the front. */
void la_slab26_free_block(struct la_mm *mm, uint32_t cache, struct la_array_cache *ac, uint32_t nr);

/* ---- slab26_cache.c: caches ---- */

/** Makes the machine a 2.6 one, before any cache exists.  False: no memory. */
bool la_slab26_init(struct la_mm *mm);
uint32_t la_slab26_create(struct la_mm *mm, const char *name, uint32_t size, uint32_t align, uint32_t flags,
                          uint64_t ctor, uint64_t dtor);
/** False when objects remain: the call returns 1 and the cache stays usable. */
bool la_slab26_destroy(struct la_mm *mm, uint32_t cache);
int la_slab26_shrink(struct la_mm *mm, uint32_t cache);
/** cache_reap on every CPU whose 2 seconds are over; called when time passes. */
void la_slab26_tick(struct la_mm *mm);

/* ---- slab26_kmalloc.c ---- */

/** The caches size-32 ... size-131072 and their DMA twins. */
bool la_slab26_create_sizes(struct la_mm *mm);
/** The smallest of them that holds @size bytes (0 counts as 1); LA_NO_CACHE when none does. */
uint32_t la_slab26_size_cache(const struct la_mm *mm, uint64_t size, la_gfp_t gfp);
uint64_t la_slab26_kmalloc(struct la_mm *mm, uint64_t size, la_gfp_t gfp);

/* ---- slab26_table.c: slabs, lists, struct slab in memory ---- */

static inline const struct la_cache26 *la_cache26_at(const struct la_mm *mm, uint32_t cache)
{
    return (const struct la_cache26 *)(const void *)mm->kmem->classic->caches->base + cache;
}
/** For writing: marks it changed for keyframes. */
struct la_cache26 *la_cache26_write(struct la_mm *mm, uint32_t cache);
/** cache_grow: one more slab at the end of slabs_free; false when there are no pages. */
bool la_slab26_grow(struct la_mm *mm, uint32_t cache, la_gfp_t gfp);
/** slab_destroy: @index, which is on no list, goes back to the page allocator. */
void la_slab26_slab_destroy(struct la_mm *mm, uint32_t cache, uint32_t index);
void la_slab26_list_add(struct la_mm *mm, uint32_t index, enum la_slab_list list, bool tail);
void la_slab26_list_del(struct la_mm *mm, uint32_t index);
/** kmem_bufctl_t @i of a slab as it lies in memory; LA_NO_OBJECT at the end or when it is nonsense. */
uint16_t la_slab26_bufctl(const struct la_mm *mm, const struct la_slab *slab, uint32_t i);
void la_slab26_set_bufctl(struct la_mm *mm, const struct la_slab *slab, uint32_t i, uint16_t next);
/** The chain of free objects from @first on, as la_slab_freelist. */
uint32_t la_slab26_freelist(const struct la_mm *mm, const struct la_slab *slab, uint16_t first, uint16_t *out,
                            uint32_t max);
/** As la_slab_note_store, for struct slab on and off the slab. */
void la_slab26_note_store(struct la_mm *mm, uint32_t index, uint32_t offset, uint32_t len);
/** Objects that are active as 2.6 counts them: not free on their slab. */
uint32_t la_slab26_active_objs(const struct la_mm *mm, const struct la_kmem_cache *s);
/** Addresses in all arrays of a cache: calls @fn for each. */
void la_slab26_each_entry(const struct la_mm *mm, uint32_t cache, void (*fn)(void *ctx, uint64_t object), void *ctx);
/** The end of the cache's line in /proc/slabinfo: tunables and slabdata. */
void la_slab26_tunables(const struct la_mm *mm, uint32_t cache, struct la_buf *out);
/** la_slot_parts for a 2.6 cache. */
uint32_t la_slab26_parts(const struct la_slab_rules *rules, const struct la_kmem_cache *s, struct la_slot_part *part);

/* ---- slab26_debug.c ---- */

/** cache_init_objs for one object: poison, red zones, constructor. */
void la_slab26_init_object(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, la_gfp_t gfp);
/** cache_alloc_debugcheck_after and cache_free_debugcheck: check, then mark what the object is now. */
void la_slab26_debug_alloc(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, la_gfp_t gfp);
void la_slab26_debug_free(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object);
/** The checks and destructors of slab_destroy. */
void la_slab26_debug_destroy(struct la_mm *mm, const struct la_kmem_cache *s, uint32_t index);
/** "slab error in fn(): cache `name': text". */
void la_slab26_error(struct la_mm *mm, const struct la_kmem_cache *s, const char *fn, const char *text,
                     const char *note);
/** BUG(): the kernel stops the task here. */
void la_slab26_bug(struct la_mm *mm, const char *where, const char *note);

/* ---- slab26_check.c ---- */

/** Invariants of a 2.6 cache; one line per problem to @out.  Return: number of problems. */
uint32_t la_slab26_check(const struct la_mm *mm, uint32_t cache, struct la_buf *out);

#endif
