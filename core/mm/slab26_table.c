/*
 * slab26_table.c: slabs of 2.6: where they lie, their three lists, struct slab in memory.
 *
 *     management on the slab (objects below 512 bytes):
 *       [colour][struct slab][bufctl 0 1 2 ...][pad][object 0][object 1]...[rest]
 *     off the slab: struct slab and bufctls are an object of another cache (size-64 ...), and the
 *       slab begins with its colour and object 0.
 *     kmem_bufctl_t i = number of the free object after i, 0xFFFF at the end
 *
 * Colouring: the next slab begins colour_off bytes later, so that objects with the same number lie
 * in different cache lines; what was left over anyway pays for it.
 *
 * Invariant: a slab is on the list its inuse demands: 0 FREE, all FULL, else PARTIAL.
 * Cost: constant, but making a slab costs its objects.
 *
 * Deviations:
 *  A. Of struct slab only the bufctls are really written; the other members are kept beside.
 *  B. Pages of order > 0 are a compound block; 2.6 marked each page.
 *  C. At most 512 objects to a slab: words of 4 bytes on i386 would be 680.
 *
 * Source: Linux 2.6.11 mm/slab.c: cache_grow, alloc_slabmgmt, slab_destroy, kmem_getpages.
 */
#include "mm/slab26.h"

#include <string.h>

struct la_cache26 *la_cache26_write(struct la_mm *mm, uint32_t cache)
{
    struct la_region *region = mm->kmem->classic->caches;
    struct la_cache26 *c = (struct la_cache26 *)(void *)region->base + cache;

    la_region_touch(region, c, sizeof *c);
    return c;
}

/* ---- lists ---- */

void la_slab26_list_add(struct la_mm *mm, uint32_t index, enum la_slab_list list, bool tail)
{
    struct la_slab *slab = la_slab_write(mm, index);

    slab->list = (uint8_t)list;
    la_slab_chain_add(mm, &la_cache26_write(mm, slab->cache)->list[list], index, tail);
}

void la_slab26_list_del(struct la_mm *mm, uint32_t index)
{
    const struct la_slab *slab = la_slab_at(mm, index);

    la_slab_chain_del(mm, &la_cache26_write(mm, slab->cache)->list[slab->list], index);
}

/* ---- struct slab ---- */

static uint32_t struct_slab_bytes(const struct la_mm *mm)
{
    return mm->layout.pointer_bytes == 4 ? 24 : 40;
}

static uint64_t bufctl_address(const struct la_mm *mm, const struct la_slab *slab, uint32_t i)
{
    return slab->management + struct_slab_bytes(mm) + 2 * (uint64_t)i;
}

uint16_t la_slab26_bufctl(const struct la_mm *mm, const struct la_slab *slab, uint32_t i)
{
    unsigned char b[2];

    la_mem_read(mm, bufctl_address(mm, slab, i), b, 2);
    uint16_t next = (uint16_t)(b[0] | b[1] << 8);

    return next < slab->objects ? next : LA_NO_OBJECT;
}

void la_slab26_set_bufctl(struct la_mm *mm, const struct la_slab *slab, uint32_t i, uint16_t next)
{
    unsigned char b[2] = {(unsigned char)next, (unsigned char)(next >> 8)};

    la_mem_write(mm, bufctl_address(mm, slab, i), b, 2);
}

uint32_t la_slab26_freelist(const struct la_mm *mm, const struct la_slab *slab, uint16_t first, uint16_t *out,
                            uint32_t max)
{
    uint32_t nr = 0;

    for (uint16_t i = first; i != LA_NO_OBJECT && nr < max; i = la_slab26_bufctl(mm, slab, i))
        out[nr++] = i;
    return nr;
}

static void damage(struct la_mm *mm, uint32_t index, uint64_t from, uint64_t to)
{
    const struct la_slab *slab = la_slab_at(mm, index);
    uint64_t bytes = struct_slab_bytes(mm) + 2u * slab->objects;

    if (from < slab->management + bytes && to > slab->management)
        la_slab_write(mm, index)->damaged = true;
}

void la_slab26_note_store(struct la_mm *mm, uint32_t index, uint32_t offset, uint32_t len)
{
    uint64_t from = la_slab_address(mm, la_slab_at(mm, index)) + offset;

    damage(mm, index, from, from + len);
    if (!la_slab_at(mm, index)->frozen)
        return;
    for (uint32_t cache = mm->kmem->first; cache != LA_NO_CACHE; cache = mm->kmem->cache[cache].next)
        if (la_cache26_at(mm, cache)->off_slab)
            for (uint32_t i = mm->kmem->cache[cache].all_slabs; i != LA_NO_SLAB; i = la_slab_at(mm, i)->all_next)
                damage(mm, i, from, from + len);
}

/* ---- making a slab ---- */

static uint32_t get_pages(struct la_mm *mm, const struct la_kmem_cache *s, la_gfp_t gfp)
{
    la_gfp_t flags = (gfp & ~(la_gfp_t)(LA_GFP_ZERO | LA_GFP_DMA)) | (s->order ? LA_GFP_COMP : 0);
    uint8_t kind = mm->kind;

    flags |= s->flags & LA_SLAB_CACHE_DMA ? LA_GFP_DMA : 0;
    flags |= s->flags & LA_SLAB_RECLAIM_ACCOUNT ? LA_GFP_RECLAIMABLE : 0;
    mm->kind = LA_FRAME_SLAB;
    uint32_t pfn = la_alloc_pages(mm, flags, s->order, LA_NO_NODE);

    mm->kind = kind;
    return pfn;
}

static void put_pages(struct la_mm *mm, uint32_t pfn)
{
    la_mm_set_kind(mm, pfn, LA_FRAME_KERNEL, 0);
    la_free_pages(mm, pfn, mm->frame[pfn].order);
}

static uint32_t next_colour(struct la_mm *mm, uint32_t cache)
{
    struct la_cache26 *c = la_cache26_write(mm, cache);
    uint32_t colour = c->colour_next++;

    if (c->colour_next >= c->colour)
        c->colour_next = 0;
    return colour * c->colour_off;
}

/* alloc_slabmgmt: where struct slab lies; 0 when there was no memory for it. */
static uint64_t get_management(struct la_mm *mm, uint32_t cache, uint32_t pfn, uint32_t colour, la_gfp_t gfp)
{
    const struct la_cache26 *c = la_cache26_at(mm, cache);

    if (!c->off_slab)
        return la_pfn_to_virt(mm, pfn) + colour;
    uint64_t object = la_slab26_alloc(mm, c->slabp_cache, gfp & ~(la_gfp_t)(LA_GFP_DMA | LA_GFP_ZERO));
    uint32_t index = object ? la_virt_to_slab(mm, object, NULL) : LA_NO_SLAB;

    if (index != LA_NO_SLAB)
        la_slab_write(mm, index)->frozen = true;
    return object;
}

static void init_objects(struct la_mm *mm, const struct la_kmem_cache *s, uint32_t index, la_gfp_t gfp)
{
    const struct la_slab *slab = la_slab_at(mm, index);

    for (uint16_t i = 0; i < slab->objects; i++) {
        la_slab26_set_bufctl(mm, slab, i, i + 1u < slab->objects ? (uint16_t)(i + 1) : LA_NO_OBJECT);
        la_slab26_init_object(mm, s, la_slab_object(mm, slab, i), gfp);
    }
}

bool la_slab26_grow(struct la_mm *mm, uint32_t cache, la_gfp_t gfp)
{
    struct la_kmem_cache *s = la_cache(mm, cache);
    uint32_t colour = next_colour(mm, cache), index = LA_NO_SLAB, pfn = get_pages(mm, s, gfp);
    uint64_t management = pfn == LA_NO_PFN ? 0 : get_management(mm, cache, pfn, colour, gfp);
    const struct la_cache26 *c = la_cache26_at(mm, cache);

    if (management != 0)
        index = la_slab_slot_get(mm);
    if (index == LA_NO_SLAB) {
        if (management != 0 && c->off_slab)
            la_slab26_free(mm, c->slabp_cache, management);
        if (pfn != LA_NO_PFN)
            put_pages(mm, pfn);
        return false;
    }
    uint32_t start = colour + (c->off_slab ? 0 : c->management);

    *la_slab_write(mm, index) = (struct la_slab){.first = la_pfn_to_virt(mm, pfn) + start + s->red_left_pad,
                                                 .pfn = pfn,
                                                 .cache = cache,
                                                 .next = LA_NO_SLAB,
                                                 .prev = LA_NO_SLAB,
                                                 .objects = (uint16_t)s->objects,
                                                 .order = mm->frame[pfn].order,
                                                 .node = mm->zone[mm->frame[pfn].zone].node,
                                                 .management = management,
                                                 .start = start};
    la_frame_write(mm, pfn)->use = index;
    la_slab_count(mm, s, index);
    init_objects(mm, s, index, gfp);
    la_slab26_list_add(mm, index, LA_SLAB_FREE, true);
    la_cache26_write(mm, cache)->free_objects += s->objects;
    if (mm->trace->on) {
        uint64_t name = la_trace_text(mm->trace, s->name);
        uint64_t where = la_trace_text(mm->trace, c->off_slab ? "off the slab" : "on the slab");

        LA_TRACE(mm->trace, CLASSIC_GROW, name, la_slab_at(mm, index)->id, pfn, s->objects,
                 la_slab_at(mm, index)->start, where);
    }
    return true;
}

void la_slab26_slab_destroy(struct la_mm *mm, uint32_t cache, uint32_t index)
{
    struct la_kmem_cache *s = la_cache(mm, cache);
    const struct la_slab *slab = la_slab_at(mm, index);
    uint32_t pfn = slab->pfn;
    uint64_t management = slab->management;

    la_slab26_debug_destroy(mm, s, index);
    la_slab_uncount(mm, s, slab);
    LA_TRACE(mm->trace, SLAB_DISCARD, la_trace_text(mm->trace, s->name), slab->id, pfn);
    la_slab_slot_put(mm, index);
    put_pages(mm, pfn);
    if (la_cache26_at(mm, cache)->off_slab)
        la_slab26_free(mm, la_cache26_at(mm, cache)->slabp_cache, management);
}

/* ---- looking ---- */

uint32_t la_slab26_active_objs(const struct la_mm *mm, const struct la_kmem_cache *s)
{
    uint32_t active = 0;

    for (uint32_t index = s->all_slabs; index != LA_NO_SLAB; index = la_slab_at(mm, index)->all_next)
        active += la_slab_at(mm, index)->inuse;
    return active;
}

static void each_of(const struct la_cache26 *c, const struct la_array_cache *ac, void (*fn)(void *ctx, uint64_t object),
                    void *ctx)
{
    for (uint32_t i = 0; i < ac->avail; i++)
        fn(ctx, c->entry[ac->at + i]);
}

void la_slab26_each_entry(const struct la_mm *mm, uint32_t cache, void (*fn)(void *ctx, uint64_t object), void *ctx)
{
    const struct la_cache26 *c = la_cache26_at(mm, cache);

    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
        each_of(c, &c->array[cpu], fn, ctx);
    each_of(c, &c->shared, fn, ctx);
}

void la_slab26_tunables(const struct la_mm *mm, uint32_t cache, struct la_buf *out)
{
    const struct la_cache26 *c = la_cache26_at(mm, cache);
    unsigned full = c->list[LA_SLAB_FULL].nr, partial = c->list[LA_SLAB_PARTIAL].nr, free = c->list[LA_SLAB_FREE].nr;

    la_buf_printf(out, " : tunables %4u %4u %4u : slabdata %6u %6u %6u\n", (unsigned)c->array[0].limit,
                  (unsigned)c->array[0].batchcount, (unsigned)(c->shared.limit / c->array[0].batchcount),
                  full + partial, full + partial + free, (unsigned)c->shared.avail);
}

uint32_t la_slab26_parts(const struct la_slab_rules *rules, const struct la_kmem_cache *s, struct la_slot_part *part)
{
    uint32_t nr = 0, at = 0, word = rules->pointer_bytes, user = s->flags & LA_SLAB_STORE_USER ? word : 0;
    uint32_t red = s->flags & LA_SLAB_RED_ZONE ? word : 0, end = s->size - user - red;

    if (red)
        part[nr++] = (struct la_slot_part){LA_SLOT_LEFT_REDZONE, 0, red};
    at = red;
    part[nr++] = (struct la_slot_part){LA_SLOT_OBJECT, at, s->object_size};
    at += s->object_size;
    if (end > at)
        part[nr++] = (struct la_slot_part){LA_SLOT_PADDING, at, end - at};
    if (red)
        part[nr++] = (struct la_slot_part){LA_SLOT_RIGHT_REDZONE, end, red};
    if (user)
        part[nr++] = (struct la_slot_part){LA_SLOT_TRACK_ALLOC, end + red, user};
    return nr;
}
