/*
 * slab26.c: objects of the SLAB of 2.6: out of an array, into an array.
 *
 *     alloc:  this CPU's array -> shared array -> first partial slab -> first free slab -> a new slab
 *             `-- pop --'         `---------------- a batch of them ---------------'
 *     free:   push on this CPU's array; when it is full, the oldest batch goes to the shared array,
 *             or to the slabs: empty -> slabs_free (or back to the pages when enough are free),
 *             else to the end of slabs_partial
 *
 * The last object freed is the next one handed out: its bytes are still in the processor's cache.
 *
 * Invariant: an object is with somebody, in one array, or free on its slab.
 * Cost: one array access; a batch now and then.
 *
 * Deviations:
 *  A. A second free of an object, and one of an address inside an object, is not carried out, so that lists stay
 *     sound; the report says what would happen.
 *
 * Source: Linux 2.6.11 mm/slab.c: __cache_alloc, cache_alloc_refill, __cache_free,
 * cache_flusharray, free_block.
 */
#include "mm/slab26.h"

#include <stdio.h>
#include <string.h>

enum { BATCHREFILL_LIMIT = 16 };

/* ---- allocating ---- */

static const char *const why_array = "the array of this CPU had it, and the last one in is the first one out";

/* A batch out of the shared array; 0 when it is empty. */
static uint32_t from_shared(struct la_cache26 *c, struct la_array_cache *ac, uint32_t batch)
{
    uint32_t nr = c->shared.avail < batch ? c->shared.avail : batch;

    if (nr == 0)
        return 0;
    c->shared.avail -= nr;
    c->shared.touched = 1;
    memcpy(c->entry + ac->at, c->entry + c->shared.at + c->shared.avail, nr * sizeof *c->entry);
    ac->avail = nr;
    return nr;
}

/* The free objects of one slab, at most @batch. */
static uint32_t from_slab(struct la_mm *mm, struct la_cache26 *c, struct la_array_cache *ac, uint32_t index,
                          uint32_t batch)
{
    struct la_slab *slab = la_slab_write(mm, index);
    uint32_t nr = 0;

    while (slab->freelist != LA_NO_OBJECT && slab->inuse < slab->objects && nr < batch) {
        c->entry[ac->at + ac->avail++] = la_slab_object(mm, slab, slab->freelist);
        slab->freelist = la_slab26_bufctl(mm, slab, slab->freelist);
        slab->inuse++;
        nr++;
    }
    if (slab->freelist == LA_NO_OBJECT && slab->inuse < slab->objects) { /* the program damaged the chain */
        slab->damaged = true;
        c->free_objects -= (uint32_t)(slab->objects - slab->inuse);
        slab->inuse = slab->objects;
    }
    la_slab26_list_del(mm, index);
    la_slab26_list_add(mm, index, slab->inuse == slab->objects ? LA_SLAB_FULL : LA_SLAB_PARTIAL, false);
    return nr;
}

/* cache_alloc_refill: entries for an empty array; false when there is no memory. */
static bool refill(struct la_mm *mm, uint32_t cache, la_gfp_t gfp, const char **why)
{
    struct la_cache26 *c = la_cache26_write(mm, cache);
    struct la_array_cache *ac = &c->array[mm->cpu];
    uint32_t batch = ac->batchcount;
    bool grown = false;

    if (!ac->touched && batch > BATCHREFILL_LIMIT)
        batch = BATCHREFILL_LIMIT;
    *why = "this CPU's array was empty: a batch came from the array all CPUs share";
    if (from_shared(c, ac, batch) != 0)
        return true;
    *why = "this CPU's array was empty: a batch came from the first partial slab";
    for (;;) {
        uint32_t index = c->list[LA_SLAB_PARTIAL].head;

        if (index == LA_NO_SLAB) {
            index = c->list[LA_SLAB_FREE].head;
            c->free_touched = 1;
            if (ac->avail == 0)
                *why = grown ? "no slab had a free object, so the cache grew by a slab"
                             : "this CPU's array was empty: a batch came from the first free slab";
        }
        if (index != LA_NO_SLAB && ac->avail < batch) {
            c->free_objects -= from_slab(mm, c, ac, index, batch - ac->avail);
            continue;
        }
        if (ac->avail > 0)
            return true;
        if (!la_slab26_grow(mm, cache, gfp) && ac->avail == 0)
            return false;
        grown = true;
        if (ac->avail > 0) /* a constructor used this very cache */
            return true;
    }
}

static void tell_refill(struct la_mm *mm, uint32_t cache, const struct la_array_cache *ac, const char *why)
{
    if (!mm->trace->on)
        return;
    uint64_t name = la_trace_text(mm->trace, la_cache(mm, cache)->name), reason = la_trace_text(mm->trace, why);

    LA_TRACE(mm->trace, ARRAY_REFILL, mm->cpu, name, ac->avail, ac->batchcount, reason);
}

static uint64_t pop(struct la_mm *mm, uint32_t cache, la_gfp_t gfp, const char **why)
{
    struct la_cache26 *c = la_cache26_write(mm, cache);
    struct la_array_cache *ac = &c->array[mm->cpu];

    *why = why_array;
    if (ac->avail == 0) {
        if (!refill(mm, cache, gfp, why))
            return 0;
        tell_refill(mm, cache, ac, *why);
    }
    ac->touched = 1;
    return c->entry[ac->at + --ac->avail];
}

/* The flags that cache_grow and kmem_flagcheck stop at. */
static bool flags_are_bad(struct la_mm *mm, const struct la_kmem_cache *s, la_gfp_t gfp)
{
    if (gfp & (LA_GFP_HIGHMEM | LA_GFP_DMA32)) {
        la_slab26_bug(mm, "cache_grow",
                      "An object needs a kernel address, so __GFP_HIGHMEM is refused; 6.1 warns and "
                      "drops the bit. (2.6 notices it when the cache must grow.)");
        return true;
    }
    if (((gfp & LA_GFP_DMA) != 0) == ((s->flags & LA_SLAB_CACHE_DMA) != 0))
        return false;
    la_slab26_bug(mm, "kmem_flagcheck", "GFP_DMA and SLAB_CACHE_DMA belong together: a cache is for DMA or it is not.");
    return true;
}

uint64_t la_slab26_alloc(struct la_mm *mm, uint32_t cache, la_gfp_t gfp)
{
    struct la_kmem_cache *s = la_cache(mm, cache);
    const char *why;
    uint32_t i;

    gfp &= mm->gfp_allowed_mask | ~(la_gfp_t)LA_GFP_6_1_BITS;
    if (gfp & LA_GFP_DIRECT_RECLAIM)
        la_might_sleep(mm, "mm/slab.c");
    if (flags_are_bad(mm, s, gfp) || la_should_fail_slab(mm, gfp))
        return 0;
    uint64_t object = pop(mm, cache, gfp, &why);

    if (object == 0) {
        LA_TRACE(mm->trace, SLAB_ALLOC_FAIL, la_trace_text(mm->trace, s->name), gfp);
        return 0;
    }
    struct la_slab *slab = la_slab_write(mm, la_virt_to_slab(mm, object, &i));

    slab->used[i / 32] |= 1u << (i % 32);
    s->nr_live++;
    la_slab_set_owner(mm, object);
    if (mm->trace->on) {
        uint64_t name = la_trace_text(mm->trace, s->name), reason = la_trace_text(mm->trace, why);

        LA_TRACE(mm->trace, SLAB_ALLOC, name, object, slab->id, mm->cpu, reason);
    }
    la_slab26_debug_alloc(mm, s, object, gfp);
    if (gfp & LA_GFP_ZERO)
        la_mem_fill(mm, object, 0, s->object_size);
    return object;
}

/* ---- freeing ---- */

static void free_one(struct la_mm *mm, uint32_t cache, uint64_t object)
{
    uint32_t i, index = la_virt_to_slab(mm, object, &i);
    struct la_slab *slab = la_slab_write(mm, index);
    struct la_cache26 *c = la_cache26_write(mm, cache);

    la_slab26_list_del(mm, index);
    la_slab26_set_bufctl(mm, slab, i, slab->freelist);
    slab->freelist = (uint16_t)i;
    slab->inuse--;
    c->free_objects++;
    if (slab->inuse != 0) {
        la_slab26_list_add(mm, index, LA_SLAB_PARTIAL, true);
    } else if (c->free_objects > c->free_limit) {
        c->free_objects -= slab->objects;
        la_slab26_slab_destroy(mm, cache, index);
    } else {
        la_slab26_list_add(mm, index, LA_SLAB_FREE, false);
    }
}

/*
 * The entries are taken out before any is freed: giving a slab back may free its struct slab, which
 * may flush other arrays.
 */
void la_slab26_free_block(struct la_mm *mm, uint32_t cache, struct la_array_cache *ac, uint32_t nr)
{
    struct la_cache26 *c = la_cache26_write(mm, cache);
    uint64_t object[LA_SLAB26_SHARED];

    memcpy(object, c->entry + ac->at, nr * sizeof *object);
    ac->avail -= nr;
    memmove(c->entry + ac->at, c->entry + ac->at + nr, ac->avail * sizeof *object);
    for (uint32_t i = 0; i < nr; i++)
        free_one(mm, cache, object[i]);
}

static void tell_flush(struct la_mm *mm, uint32_t cache, uint32_t nr, const char *where)
{
    if (!mm->trace->on)
        return;
    uint64_t name = la_trace_text(mm->trace, la_cache(mm, cache)->name), to = la_trace_text(mm->trace, where);

    LA_TRACE(mm->trace, ARRAY_FLUSH, mm->cpu, name, la_cache26_at(mm, cache)->array[mm->cpu].limit, nr, to);
}

/* cache_flusharray: the oldest batch leaves a full array. */
static void flush_array(struct la_mm *mm, uint32_t cache)
{
    struct la_cache26 *c = la_cache26_write(mm, cache);
    struct la_array_cache *ac = &c->array[mm->cpu];
    uint32_t room = c->shared.limit - c->shared.avail, nr = ac->batchcount;

    if (room != 0) {
        nr = nr < room ? nr : room;
        tell_flush(mm, cache, nr, "the array all CPUs share");
        memcpy(c->entry + c->shared.at + c->shared.avail, c->entry + ac->at, nr * sizeof *c->entry);
        c->shared.avail += nr;
        ac->avail -= nr;
        memmove(c->entry + ac->at, c->entry + ac->at + nr, ac->avail * sizeof *c->entry);
        return;
    }
    tell_flush(mm, cache, nr, "their slabs");
    la_slab26_free_block(mm, cache, ac, nr);
}

/* False when the object cannot be taken back; the report was made. */
static bool may_free(struct la_mm *mm, uint32_t cache, uint32_t index, uint64_t object)
{
    const struct la_slab *slab = la_slab_at(mm, index);
    const struct la_kmem_cache *s = la_cache(mm, slab->cache);
    char text[160];
    uint16_t i;

    if (slab->cache != cache) {
        (void)snprintf(text, sizeof text, "kmem_cache_free: cache %s, but the object is from %s",
                       la_cache(mm, cache)->name, s->name);
        la_oops(mm, text,
                "With debugging 2.6 stops with BUG(). Without, it puts the object into the wrong cache. Here "
                "it goes back to its own.");
    }
    if (!la_check_valid_pointer(mm, slab, object, &i) || i == LA_NO_OBJECT) {
        (void)snprintf(text, sizeof text, "free of 0x%0*llx, which is inside an object of cache %s", la_digits(mm),
                       (unsigned long long)object, s->name);
        la_oops(mm, text,
                "With debugging 2.6 stops with BUG(); without, the array hands this address out again. "
                "Nothing is freed here.");
        return false;
    }
    if (la_slab_used(slab, i))
        return true;
    if (s->flags & LA_SLAB_RED_ZONE)
        la_slab26_debug_free(mm, s, object);
    (void)snprintf(text, sizeof text, "slab: double free detected in cache '%s', objp %0*llx.", s->name, la_digits(mm),
                   (unsigned long long)object);
    la_oops(mm, text,
            "A kernel built for debugging says so when the object leaves its array, and stops with BUG(). "
            "Another one hands the object to two owners. Here the second free is not carried out.");
    return false;
}

void la_slab26_free(struct la_mm *mm, uint32_t cache, uint64_t object)
{
    uint32_t i, index = la_virt_to_slab(mm, object, &i);

    if (index == LA_NO_SLAB) {
        la_slab26_bug(mm, "kmem_cache_free",
                      "This address is not in a slab. Nothing is freed; the kernel would take "
                      "some page's list pointers for a cache.");
        return;
    }
    if (!may_free(mm, cache, index, object))
        return;
    struct la_slab *slab = la_slab_write(mm, index);

    cache = slab->cache;
    struct la_kmem_cache *s = la_cache(mm, cache);

    la_slab26_debug_free(mm, s, object);
    if (!may_free(mm, cache, index, object)) /* its own destructor freed it */
        return;
    slab->used[i / 32] &= ~(1u << (i % 32));
    s->nr_live--;
    /* again: destructors of slabs that go may have filled it */
    while (la_cache26_at(mm, cache)->array[mm->cpu].avail == la_cache26_at(mm, cache)->array[mm->cpu].limit)
        flush_array(mm, cache);
    struct la_cache26 *c = la_cache26_write(mm, cache);
    struct la_array_cache *ac = &c->array[mm->cpu];

    c->entry[ac->at + ac->avail++] = object;
    LA_TRACE(mm->trace, ARRAY_PUT, la_trace_text(mm->trace, s->name), object, mm->cpu, ac->avail, ac->limit);
}
