/*
 * slab_new.c: making a slab out of pages, and giving it back.
 *
 *     pages of the preferred order, without reclaim -> else of the smallest order, with all the caller allows
 *     [slot 0]->[slot 1]->[slot 2]-> ... linked in ascending or in the cache's random order
 *
 * The constructor runs here, once per object, not at each allocation.
 *
 * Invariant: a slab that is returned is on no list; all its objects are on its freelist.
 * Cost: one pointer per object; with debugging its bytes too.
 *
 * Source: Linux 6.1.192 mm/slub.c: new_slab, allocate_slab, shuffle_freelist, setup_object,
 * slab_out_of_memory, discard_slab.
 */
#include "mm/slab_internal.h"

enum { CONSTRAINT_MASK = LA_GFP_HARDWALL | LA_GFP_THISNODE };

static uint32_t alloc_slab_page(struct la_mm *mm, la_gfp_t gfp, int32_t nid, uint32_t order)
{
    uint8_t kind = mm->kind;
    uint32_t pfn;

    mm->kind = LA_FRAME_SLAB;
    pfn = la_alloc_pages(mm, gfp, order, nid);
    mm->kind = kind;
    return pfn;
}

/* The preferred order without any reclaim, then the smallest order with all the caller allows. */
static uint32_t alloc_slab_pages(struct la_mm *mm, const struct la_kmem_cache *s, la_gfp_t gfp, int32_t nid,
                                 uint32_t *objects)
{
    la_gfp_t flags = (gfp & mm->gfp_allowed_mask) | (s->order ? LA_GFP_COMP : 0);
    la_gfp_t light;

    flags |= s->flags & LA_SLAB_CACHE_DMA ? LA_GFP_DMA : 0;
    flags |= s->flags & LA_SLAB_CACHE_DMA32 ? LA_GFP_DMA32 : 0;
    flags |= s->flags & LA_SLAB_RECLAIM_ACCOUNT ? LA_GFP_RECLAIMABLE : 0;
    light = (flags | LA_GFP_NOWARN | LA_GFP_NORETRY) & ~(la_gfp_t)LA_GFP_NOFAIL;
    if ((light & LA_GFP_DIRECT_RECLAIM) && s->order > s->min_order)
        light = (light | LA_GFP_NOMEMALLOC) & ~(la_gfp_t)(LA_GFP_DIRECT_RECLAIM | LA_GFP_KSWAPD_RECLAIM);
    *objects = s->objects;
    uint32_t pfn = alloc_slab_page(mm, light, nid, s->order);

    if (pfn != LA_NO_PFN)
        return pfn;
    *objects = s->min_objects;
    pfn = alloc_slab_page(mm, flags, nid, s->min_order);
    if (pfn != LA_NO_PFN)
        LA_TRACE(mm->trace, SLAB_ORDER_FALLBACK, s->order, s->min_order);
    return pfn;
}

static uint16_t next_random(const struct la_kmem_cache *s, uint32_t *pos, uint32_t objects)
{
    uint16_t i;

    do {
        i = s->random_seq[*pos];
        *pos = *pos + 1 < s->objects ? *pos + 1 : 0;
    } while (i >= objects);
    return i;
}

static void setup_object(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object)
{
    /* a constructor of a book takes all three, one of 6.1 looks at the first */
    const uint64_t args[3] = {object, la_cache_address(mm, la_cache_index(mm, s)), LA_SLAB_CTOR_CONSTRUCTOR};
    uint64_t result;

    if (s->flags & (LA_SLAB_STORE_USER | LA_SLAB_RED_ZONE | LA_SLAB_OBJECT_POISON))
        la_init_object(mm, s, object, LA_SLUB_RED_INACTIVE);
    if (s->flags & LA_SLAB_STORE_USER)
        la_mem_fill(mm, object + la_info_end(mm, s), 0,
                    2 * la_track_bytes(&mm->kmem->rules));
    if (s->ctor != 0 && mm->kmem->hooks.call && !mm->kmem->callback_failed &&
        !mm->kmem->hooks.call(mm->kmem->hooks.ctx, s->ctor, args, 3, &result))
        mm->kmem->callback_failed = true;
}

/* Link all objects, in ascending order or in the cache's random order from a random place on. */
static void link_objects(struct la_mm *mm, const struct la_kmem_cache *s, uint32_t index)
{
    uint32_t objects = la_slab_at(mm, index)->objects, pos = 0;
    bool shuffle = s->random_seq && objects >= 2;
    uint16_t cur, next;

    if (shuffle)
        pos = mm->kmem->next_pos >= 0 ? (uint32_t)mm->kmem->next_pos : la_prng_below(&mm->kmem->prng, s->objects);
    cur = shuffle ? next_random(s, &pos, objects) : 0;
    la_slab_write(mm, index)->freelist = cur;
    setup_object(mm, s, la_slab_object(mm, la_slab_at(mm, index), cur));
    for (uint32_t n = 1; n < objects; n++) {
        next = shuffle ? next_random(s, &pos, objects) : (uint16_t)n;
        setup_object(mm, s, la_slab_object(mm, la_slab_at(mm, index), next));
        la_set_freepointer(mm, la_slab_at(mm, index), cur, next);
        cur = next;
    }
    la_set_freepointer(mm, la_slab_at(mm, index), cur, LA_NO_OBJECT);
}

static void give_pages_back(struct la_mm *mm, uint32_t pfn)
{
    la_mm_set_kind(mm, pfn, LA_FRAME_KERNEL, 0);
    la_free_pages(mm, pfn, mm->frame[pfn].order);
}

static void slab_out_of_memory(struct la_mm *mm, const struct la_kmem_cache *s, la_gfp_t gfp, int32_t nid)
{
    struct la_buf text;

    if ((gfp & LA_GFP_NOWARN) || !mm->trace->on)
        return;
    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "SLUB: Unable to allocate memory on node %d, gfp=%#x(", (int)nid, (unsigned)gfp);
    la_gfp_print(&text, gfp);
    la_buf_printf(&text, ")\n  cache: %s, object size: %u, buffer size: %u, default order: %u, min order: %u", s->name,
                  (unsigned)s->object_size, (unsigned)s->size, (unsigned)s->order, (unsigned)s->min_order);
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        if (mm->node[n].has_memory)
            la_buf_printf(&text, "\n  node %u: slabs: %u, objs: %u, free: %u", (unsigned)n,
                          (unsigned)s->node[n].nr_slabs, (unsigned)s->node[n].total_objects, 0u);
    la_warning(mm, la_buf_str(&text),
               "No partial slab had a free object, and the page allocator had no page for a new slab.");
    la_buf_free(&text);
}

/* GFP_SLAB_BUG_MASK: zone bits that make no sense here are dropped, with a warning. */
static la_gfp_t fix_flags(struct la_mm *mm, la_gfp_t gfp)
{
    la_gfp_t bad = gfp & (LA_GFP_HIGHMEM | LA_GFP_DMA32);
    struct la_buf text;

    if (!bad)
        return gfp;
    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "Unexpected gfp: %#x (", (unsigned)bad);
    la_gfp_print(&text, bad);
    la_buf_printf(&text, "). Fixing up to gfp: %#x (", (unsigned)(gfp & ~bad));
    la_gfp_print(&text, gfp & ~bad);
    la_buf_puts(&text, "). Fix your code!");
    la_warning(mm, la_buf_str(&text),
               "An object must have a kernel address, so high memory is of no use; 2.6 stopped with BUG() here.");
    la_buf_free(&text);
    return gfp & ~bad;
}

/* new_slab: pages, cut into objects, linked; LA_NO_SLAB when there are none. */
uint32_t la_new_slab(struct la_mm *mm, struct la_kmem_cache *s, la_gfp_t gfp, int32_t nid)
{
    uint32_t objects, index = la_slab_slot_get(mm), pfn = LA_NO_PFN;

    gfp = fix_flags(mm, gfp);
    if (index != LA_NO_SLAB)
        pfn = alloc_slab_pages(mm, s, gfp & (LA_GFP_RECLAIM_MASK | CONSTRAINT_MASK), nid, &objects);
    if (pfn == LA_NO_PFN) {
        if (index != LA_NO_SLAB)
            la_slab_slot_put(mm, index);
        slab_out_of_memory(mm, s, gfp, nid);
        return LA_NO_SLAB;
    }
    const struct la_frame *frame = &mm->frame[pfn];
    struct la_slab *slab = la_slab_write(mm, index);

    *slab = (struct la_slab){.first = la_pfn_to_virt(mm, pfn) + s->red_left_pad,
                             .pfn = pfn,
                             .cache = la_cache_index(mm, s),
                             .next = LA_NO_SLAB,
                             .prev = LA_NO_SLAB,
                             .objects = (uint16_t)objects,
                             .order = frame->order,
                             .node = mm->zone[frame->zone].node};
    la_frame_write(mm, pfn)->use = index;
    la_slab_count(mm, s, index);
    if (s->flags & LA_SLAB_POISON)
        la_mem_fill(mm, la_slab_address(mm, slab), LA_POISON_INUSE, (uint32_t)LA_PAGE_SIZE << slab->order);
    link_objects(mm, s, index);
    LA_TRACE(mm->trace, SLAB_NEW, la_trace_text(mm->trace, s->name), slab->id, pfn, slab->order, objects);
    return index;
}

void la_discard_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    const struct la_slab *slab = la_slab_at(mm, index);
    uint32_t pfn = slab->pfn;

    la_check_before_free(mm, s, index);
    la_slab_uncount(mm, s, slab);
    LA_TRACE(mm->trace, SLAB_DISCARD, la_trace_text(mm->trace, s->name), slab->id, pfn);
    la_slab_slot_put(mm, index);
    give_pages_back(mm, pfn);
}
