/*
 * slab.c: handing out and taking back objects.
 *
 *     alloc:  CPU's freelist -> slab's own freelist -> CPU's partial list -> node's partial list -> new slab
 *             (fast path)       (given back by         (frozen slabs)        (freeze up to          (pages)
 *                                other CPUs)                                  cpu_partial_slabs/2+1)
 *     free:   CPU's own slab? push on its freelist (the next alloc returns it)
 *             else push on the slab's freelist; a slab that was full goes to the CPU's partial list
 *
 * Caches with debugging flags have no CPU slabs: each object comes from the node's list.
 *
 * Invariant: inuse counts the objects that are not on the slab's own freelist.
 * Cost: fast paths touch one slab and one pointer in its page.
 *
 * Deviations:
 *  A. A broken free pointer, which the real kernel would follow into the wild, ends the freelist
 *     here; the report says so and the objects behind it are lost.
 *  B. A second free of an object is not carried out, so that lists stay sound; the report says what
 *     would happen.
 *  C. When the objects of three new slabs in a row are damaged at once (a constructor that writes
 *     too far), the request fails; the real kernel makes slabs until memory is gone.
 *
 * Source: Linux 6.1.192 mm/slub.c: slab_alloc_node, ___slab_alloc, get_partial_node, allocate_slab,
 * do_slab_free, __slab_free, put_cpu_partial, __unfreeze_partials, deactivate_slab.
 */
#include "mm/slab_internal.h"

#include <stdio.h>

enum { RECLAIM_MASK = 0x200BEEE0, CONSTRAINT_MASK = LA_GFP_HARDWALL | LA_GFP_THISNODE, BAD_SLABS_MAX = 3 };

enum served { FROM_CPU, FROM_SLAB, FROM_CPU_PARTIAL, FROM_NODE, FROM_NEW };

/* One allocation on its way. */
struct slab_request {
    struct la_kmem_cache *s;
    la_gfp_t gfp;
    int32_t nid;
    uint32_t slab;     /* where the object came from */
    enum served served;
};

/* ---- freelists ---- */

static void broken_freelist(struct la_mm *mm, uint32_t index, uint32_t i, uint64_t pointer)
{
    const struct la_slab *slab = la_slab_at(mm, index);
    struct la_buf text;

    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "general protection fault: free pointer of object 0x%llx in cache %s is 0x%llx",
                  (unsigned long long)la_slab_object(mm, slab, i), mm->kmem->cache[slab->cache].name, (unsigned long long)pointer);
    la_oops(mm, la_buf_str(&text),
            "Somebody wrote into a free object and destroyed the pointer to the next one. The real kernel would hand this value "
            "out as an object, or fault on it at the next allocation. Here the freelist ends; what was behind it is lost.");
    la_buf_free(&text);
    la_slab_write(mm, index)->damaged = true;
}

/* The object after @i on its freelist. */
static uint16_t next_free(struct la_mm *mm, uint32_t index, uint32_t i)
{
    const struct la_slab *slab = la_slab_at(mm, index);
    uint64_t pointer = la_get_freepointer(mm, slab, i);
    uint16_t next;

    if (la_check_valid_pointer(mm, slab, pointer, &next) && (next == LA_NO_OBJECT || !la_slab_used(slab, next)))
        return next;
    broken_freelist(mm, index, i, pointer);
    return LA_NO_OBJECT;
}

/* ---- new slabs ---- */

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
static uint32_t alloc_slab_pages(struct la_mm *mm, const struct la_kmem_cache *s, la_gfp_t gfp, int32_t nid, uint32_t *objects)
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
    uint64_t result;

    if (s->flags & (LA_SLAB_STORE_USER | LA_SLAB_RED_ZONE | LA_SLAB_OBJECT_POISON))
        la_init_object(mm, s, object, LA_SLUB_RED_INACTIVE);
    if (s->flags & LA_SLAB_STORE_USER)
        la_mem_fill(mm, object + (s->offset >= s->inuse ? s->inuse + mm->layout.pointer_bytes : s->inuse), 0,
                    2 * la_track_bytes(&mm->kmem->rules));
    if (s->ctor != 0 && mm->kmem->hooks.call && !mm->kmem->callback_failed &&
        !mm->kmem->hooks.call(mm->kmem->hooks.ctx, s->ctor, &object, 1, &result))
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

static void slab_out_of_memory(struct la_mm *mm, const struct slab_request *r)
{
    const struct la_kmem_cache *s = r->s;
    struct la_buf text;

    if ((r->gfp & LA_GFP_NOWARN) || !mm->trace->on)
        return;
    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "SLUB: Unable to allocate memory on node %d, gfp=%#x(", (int)r->nid, (unsigned)r->gfp);
    la_gfp_print(&text, r->gfp);
    la_buf_printf(&text, ")\n  cache: %s, object size: %u, buffer size: %u, default order: %u, min order: %u", s->name,
                  (unsigned)s->object_size, (unsigned)s->size, (unsigned)s->order, (unsigned)s->min_order);
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        if (mm->node[n].has_memory)
            la_buf_printf(&text, "\n  node %u: slabs: %u, objs: %u, free: %u", (unsigned)n, (unsigned)s->node[n].nr_slabs,
                          (unsigned)s->node[n].total_objects, 0u);
    la_warning(mm, la_buf_str(&text), "No partial slab had a free object, and the page allocator had no page for a new slab.");
    la_buf_free(&text);
}

static void count_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    struct la_slab *slab = la_slab_write(mm, index);

    slab->id = s->next_id++;
    slab->all_next = s->all_slabs;
    slab->all_prev = LA_NO_SLAB;
    if (s->all_slabs != LA_NO_SLAB)
        la_slab_write(mm, s->all_slabs)->all_prev = index;
    s->all_slabs = index;
    s->node[slab->node].nr_slabs++;
    s->node[slab->node].total_objects += slab->objects;
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
    la_warning(mm, la_buf_str(&text), "An object must have a kernel address, so high memory is of no use; 2.6 stopped with BUG() here.");
    la_buf_free(&text);
    return gfp & ~bad;
}

/* new_slab: pages, cut into objects, linked; LA_NO_SLAB when there are none. */
static uint32_t new_slab(struct la_mm *mm, struct slab_request *r)
{
    struct la_kmem_cache *s = r->s;
    uint32_t objects, index = la_slab_slot_get(mm), pfn = LA_NO_PFN;

    r->gfp = fix_flags(mm, r->gfp);
    if (index != LA_NO_SLAB)
        pfn = alloc_slab_pages(mm, s, r->gfp & (RECLAIM_MASK | CONSTRAINT_MASK), r->nid, &objects);
    if (pfn == LA_NO_PFN) {
        if (index != LA_NO_SLAB)
            la_slab_slot_put(mm, index);
        slab_out_of_memory(mm, r);
        return LA_NO_SLAB;
    }
    const struct la_frame *frame = &mm->frame[pfn];
    struct la_slab *slab = la_slab_write(mm, index);

    *slab = (struct la_slab){.pfn = pfn, .cache = la_cache_index(mm, s), .next = LA_NO_SLAB, .prev = LA_NO_SLAB,
                             .objects = (uint16_t)objects, .order = frame->order, .node = mm->zone[frame->zone].node};
    la_frame_write(mm, pfn)->use = index;
    count_slab(mm, s, index);
    if (s->flags & LA_SLAB_POISON)
        la_mem_fill(mm, la_slab_address(mm, slab), LA_POISON_INUSE, (uint32_t)LA_PAGE_SIZE << slab->order);
    link_objects(mm, s, index);
    LA_TRACE(mm->trace, SLAB_NEW, la_trace_text(mm->trace, s->name), slab->id, pfn, slab->order, objects);
    return index;
}

void la_discard_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    const struct la_slab *slab = la_slab_at(mm, index);
    uint32_t pfn = slab->pfn, next = slab->all_next, prev = slab->all_prev;

    la_check_before_free(mm, s, index);
    s->node[slab->node].nr_slabs--;
    s->node[slab->node].total_objects -= slab->objects;
    if (prev == LA_NO_SLAB)
        s->all_slabs = next;
    else
        la_slab_write(mm, prev)->all_next = next;
    if (next != LA_NO_SLAB)
        la_slab_write(mm, next)->all_prev = prev;
    LA_TRACE(mm->trace, SLAB_DISCARD, la_trace_text(mm->trace, s->name), slab->id, pfn);
    la_slab_slot_put(mm, index);
    give_pages_back(mm, pfn);
}

/* ---- partial lists ---- */

/* put_cpu_partial's other half: all slabs of a CPU's partial list go to the nodes. */
static void unfreeze_partials(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    uint32_t discard = LA_NO_SLAB, moved = 0;

    while (index != LA_NO_SLAB) {
        struct la_slab *slab = la_slab_write(mm, index);
        uint32_t next = slab->next;

        slab->frozen = false;
        slab->list = LA_SLAB_FULL;
        if (slab->inuse == 0 && s->node[slab->node].nr_partial >= s->min_partial) {
            slab->next = discard;
            discard = index;
        } else {
            la_add_partial(mm, s, index, true);
        }
        moved++;
        index = next;
    }
    LA_TRACE(mm->trace, SLAB_UNFREEZE, la_trace_text(mm->trace, s->name), moved);
    while (discard != LA_NO_SLAB) {
        uint32_t next = la_slab_at(mm, discard)->next;

        la_discard_slab(mm, s, discard);
        discard = next;
    }
}

static void put_cpu_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, bool drain)
{
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];
    uint32_t old = c->partial, unfreeze = LA_NO_SLAB;
    struct la_slab *slab = la_slab_write(mm, index);
    uint16_t slabs = 0;

    if (old != LA_NO_SLAB) {
        if (drain && la_slab_at(mm, old)->slabs >= s->cpu_partial_slabs) {
            unfreeze = old;
            old = LA_NO_SLAB;
        } else {
            slabs = la_slab_at(mm, old)->slabs;
        }
    }
    slab->slabs = (uint16_t)(slabs + 1);
    slab->next = old;
    slab->prev = LA_NO_SLAB;
    slab->list = LA_SLAB_CPU_PARTIAL;
    slab->cpu = mm->cpu;
    c->partial = index;
    LA_TRACE(mm->trace, SLAB_CPU_PARTIAL, la_trace_text(mm->trace, s->name), slab->id, mm->cpu, slab->slabs, s->cpu_partial_slabs);
    if (unfreeze != LA_NO_SLAB)
        unfreeze_partials(mm, s, unfreeze);
}

/* deactivate_slab: the CPU's freelist goes back into the slab, the slab to where it belongs. */
static void deactivate_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint16_t freelist)
{
    struct la_slab *slab = la_slab_write(mm, index);
    bool tail = slab->freelist != LA_NO_OBJECT;
    uint16_t last = LA_NO_OBJECT, nr = 0;

    for (uint16_t i = freelist; i != LA_NO_OBJECT && nr < slab->objects; i = next_free(mm, index, i), nr++)
        last = i;
    if (last != LA_NO_OBJECT) {
        la_set_freepointer(mm, slab, last, slab->freelist);
        slab->freelist = freelist;
        slab->inuse = (uint16_t)(slab->inuse - nr);
    }
    slab->frozen = false;
    slab->list = LA_SLAB_FULL;
    if (slab->inuse == 0 && s->node[slab->node].nr_partial >= s->min_partial)
        la_discard_slab(mm, s, index);
    else if (slab->freelist != LA_NO_OBJECT)
        la_add_partial(mm, s, index, tail);
}

void la_flush_cpu_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t cpu)
{
    struct la_kmem_cache_cpu *c = &s->cpu[cpu];
    uint32_t slab = c->slab, partial = c->partial;
    uint16_t freelist = c->freelist;

    c->slab = c->partial = LA_NO_SLAB;
    c->freelist = LA_NO_OBJECT;
    if (slab != LA_NO_SLAB)
        deactivate_slab(mm, s, slab, freelist);
    if (partial != LA_NO_SLAB)
        unfreeze_partials(mm, s, partial);
}

/* ---- the way of debug caches: one object at a time from the node's list ---- */

static uint16_t take_single(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    struct la_slab *slab = la_slab_write(mm, index);
    uint16_t i = slab->freelist;

    if (i == LA_NO_OBJECT)
        return i;
    slab->freelist = next_free(mm, index, i);
    slab->inuse++;
    return la_alloc_debug_processing(mm, s, index, i) ? i : LA_NO_OBJECT;
}

static uint16_t alloc_single_from_partial(struct la_mm *mm, struct slab_request *r, uint32_t index)
{
    uint16_t i = take_single(mm, r->s, index);
    const struct la_slab *slab = la_slab_at(mm, index);

    if (i == LA_NO_OBJECT || slab->inuse == slab->objects || slab->freelist == LA_NO_OBJECT)
        la_remove_partial(mm, r->s, index);
    r->slab = index;
    return i;
}

static uint16_t alloc_single_from_new_slab(struct la_mm *mm, struct slab_request *r, uint32_t index)
{
    uint16_t i = take_single(mm, r->s, index);
    const struct la_slab *slab = la_slab_at(mm, index);

    if (i != LA_NO_OBJECT && slab->inuse < slab->objects && slab->freelist != LA_NO_OBJECT)
        la_add_partial(mm, r->s, index, false);
    r->slab = index;
    return i;
}

/* ---- the slow path ---- */

/* acquire_slab: off the node's list, frozen; the first one gives its whole freelist to the CPU. */
static void acquire_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, bool first)
{
    struct la_slab *slab = la_slab_write(mm, index);

    la_remove_partial(mm, s, index);
    slab->frozen = true;
    if (first)
        slab->inuse = slab->objects;
}

static uint16_t get_partial_node(struct la_mm *mm, struct slab_request *r, uint32_t nid)
{
    struct la_kmem_cache *s = r->s;
    uint32_t index = s->node[nid].head, more = 0;
    uint16_t object = LA_NO_OBJECT;

    while (index != LA_NO_SLAB) {
        uint32_t next = la_slab_at(mm, index)->next;

        if (la_cache_debug(s)) {
            object = alloc_single_from_partial(mm, r, index);
            if (object != LA_NO_OBJECT)
                break;
        } else if (object == LA_NO_OBJECT) {
            acquire_slab(mm, s, index, true);
            object = la_slab_at(mm, index)->freelist;
            la_slab_write(mm, index)->freelist = LA_NO_OBJECT;
            r->slab = index;
        } else {
            acquire_slab(mm, s, index, false);
            put_cpu_partial(mm, s, index, false);
            more++;
        }
        if (!la_cache_debug(s) && more > s->cpu_partial_slabs / 2)
            break;
        index = next;
    }
    return object;
}

/* This node, then others that have more than they need to keep. */
static uint16_t get_partial(struct la_mm *mm, struct slab_request *r)
{
    uint32_t here = r->nid == LA_NO_NODE ? mm->cpu_node[mm->cpu] : (uint32_t)r->nid;
    uint16_t object = get_partial_node(mm, r, here);
    const struct la_zonelist *list = la_node_zonelist(mm, here, r->gfp);

    if (object != LA_NO_OBJECT || r->nid != LA_NO_NODE)
        return object;
    for (uint32_t i = 0; i < list->nr && object == LA_NO_OBJECT; i++) {
        uint32_t nid = mm->zone[list->zone[i]].node;

        if (nid != here && r->s->node[nid].nr_partial > r->s->min_partial)
            object = get_partial_node(mm, r, nid);
    }
    return object;
}

/* The CPU takes @index as its slab: @object goes out, what is behind it is the CPU's freelist. */
static uint16_t load_freelist(struct la_mm *mm, struct slab_request *r, uint32_t index, uint16_t object)
{
    struct la_kmem_cache_cpu *c = &r->s->cpu[mm->cpu];
    struct la_slab *slab = la_slab_write(mm, index);

    slab->list = LA_SLAB_CPU;
    slab->cpu = mm->cpu;
    slab->next = slab->prev = LA_NO_SLAB;
    slab->frozen = true;
    c->slab = r->slab = index;
    c->freelist = next_free(mm, index, object);
    return object;
}

/* get_freelist: what other CPUs gave back to the slab; none: the slab is full and let go. */
static uint16_t get_freelist(struct la_mm *mm, uint32_t index)
{
    struct la_slab *slab = la_slab_write(mm, index);
    uint16_t list = slab->freelist;

    slab->freelist = LA_NO_OBJECT;
    slab->inuse = slab->objects;
    slab->frozen = list != LA_NO_OBJECT;
    if (list == LA_NO_OBJECT)
        slab->list = LA_SLAB_FULL;
    return list;
}

/* The CPU's slab and its partial list; LA_NO_OBJECT when both have nothing. */
static uint16_t from_cpu(struct la_mm *mm, struct slab_request *r)
{
    struct la_kmem_cache_cpu *c = &r->s->cpu[mm->cpu];

    r->served = FROM_SLAB;
    if (c->slab != LA_NO_SLAB && r->nid != LA_NO_NODE && la_slab_at(mm, c->slab)->node != (uint32_t)r->nid) {
        uint32_t slab = c->slab;
        uint16_t freelist = c->freelist;

        c->slab = LA_NO_SLAB;
        c->freelist = LA_NO_OBJECT;
        deactivate_slab(mm, r->s, slab, freelist);
    }
    for (;;) {
        if (c->slab != LA_NO_SLAB) {
            uint32_t index = c->slab;
            uint16_t object = c->freelist != LA_NO_OBJECT ? c->freelist : get_freelist(mm, index);

            if (object != LA_NO_OBJECT)
                return load_freelist(mm, r, index, object);
            c->slab = LA_NO_SLAB;
        }
        if (c->partial == LA_NO_SLAB)
            return LA_NO_OBJECT;
        c->slab = c->partial;
        c->partial = la_slab_at(mm, c->slab)->next;
        r->served = FROM_CPU_PARTIAL;
    }
}

static uint16_t slow_path(struct la_mm *mm, struct slab_request *r)
{
    struct la_kmem_cache *s = r->s;
    uint16_t object = from_cpu(mm, r);

    if (object != LA_NO_OBJECT)
        return object;
    for (uint32_t bad = 0; bad < BAD_SLABS_MAX; bad++) {
        r->served = FROM_NODE;
        object = get_partial(mm, r);
        if (object != LA_NO_OBJECT)
            return la_cache_debug(s) ? object : load_freelist(mm, r, r->slab, object);
        uint32_t index = new_slab(mm, r);

        if (index == LA_NO_SLAB)
            return LA_NO_OBJECT;
        r->served = FROM_NEW;
        if (!la_cache_debug(s)) {
            struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];

            if (c->slab != LA_NO_SLAB) /* a constructor allocated from its own cache */
                la_flush_cpu_slab(mm, s, mm->cpu);
            object = get_freelist(mm, index);
            return load_freelist(mm, r, index, object);
        }
        object = alloc_single_from_new_slab(mm, r, index);
        if (object != LA_NO_OBJECT)
            return object;
    }
    return LA_NO_OBJECT;
}

/* ---- the entries ---- */

static void tell_served(struct la_mm *mm, const struct slab_request *r, uint64_t object)
{
    static const char *const why[] = {"the freelist of this CPU had it", "other CPUs had given objects of this CPU's slab back",
                                      "this CPU's own slab was full, so the first slab of its partial list takes over",
                                      "this CPU had no slab with free objects, the node's partial list had one",
                                      "no slab had a free object, so a new one was made"};

    if (!mm->trace->on)
        return;
    uint64_t name = la_trace_text(mm->trace, r->s->name);
    uint64_t reason = la_trace_text(mm->trace, why[r->served]);

    LA_TRACE(mm->trace, SLAB_ALLOC, name, object, la_slab_at(mm, r->slab)->id, mm->cpu, reason);
}

uint64_t la_kmem_cache_alloc(struct la_mm *mm, uint32_t cache, la_gfp_t gfp, int32_t nid)
{
    struct la_kmem_cache *s = la_cache(mm, cache);
    struct slab_request r = {.s = s, .gfp = gfp & (mm->gfp_allowed_mask | ~(la_gfp_t)LA_GFP_6_1_BITS), .nid = nid};
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];
    uint16_t i = c->freelist;

    if (r.gfp & LA_GFP_DIRECT_RECLAIM)
        la_might_sleep(mm, "include/linux/sched/mm.h:274");
    r.slab = c->slab;
    if (i != LA_NO_OBJECT && (nid == LA_NO_NODE || la_slab_at(mm, c->slab)->node == (uint32_t)nid)) {
        r.served = FROM_CPU;
        c->freelist = next_free(mm, c->slab, i);
    } else {
        i = slow_path(mm, &r);
    }
    if (i == LA_NO_OBJECT) {
        LA_TRACE(mm->trace, SLAB_ALLOC_FAIL, la_trace_text(mm->trace, s->name), gfp);
        return 0;
    }
    struct la_slab *slab = la_slab_write(mm, r.slab);
    uint64_t object = la_slab_object(mm, slab, i);

    slab->used[i / 32] |= 1u << (i % 32);
    s->nr_live++;
    la_slab_set_owner(mm, object);
    tell_served(mm, &r, object);
    if (gfp & LA_GFP_ZERO) {
        if (s->ctor != 0)
            la_warning(mm, "WARNING: __GFP_ZERO for a cache with a constructor", "Zeroing destroys what the constructor made.");
        la_mem_fill(mm, object, 0, s->object_size);
    }
    return object;
}

/* ---- freeing ---- */

/* __slab_free: the object's slab is not the one this CPU works on. */
static void slab_free_slow(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint16_t i)
{
    struct la_slab *slab = la_slab_write(mm, index);
    uint16_t prior = slab->freelist;
    bool debug = la_cache_debug(s);

    la_set_freepointer(mm, slab, i, prior);
    slab->freelist = i;
    slab->inuse--;
    if (slab->frozen)
        return;
    if (prior == LA_NO_OBJECT && !debug) {
        slab->frozen = true;
        put_cpu_partial(mm, s, index, true);
        return;
    }
    bool empty = slab->inuse == 0 && s->node[slab->node].nr_partial >= s->min_partial;

    if (empty && slab->list == LA_SLAB_PARTIAL)
        la_remove_partial(mm, s, index);
    if (empty)
        la_discard_slab(mm, s, index);
    else if (slab->list != LA_SLAB_PARTIAL)
        la_add_partial(mm, s, index, true);
}

static void freed_twice(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, bool head)
{
    struct la_buf text;

    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "%s of object 0x%llx of cache %s", head ? "kernel BUG at mm/slub.c: set_freepointer: double free" : "double free",
                  (unsigned long long)object, s->name);
    la_oops(mm, la_buf_str(&text),
            head ? "The object heads the freelist already. CONFIG_SLAB_FREELIST_HARDENED notices just this case and kills the task; "
                   "without it the object would be linked to itself and handed out again and again."
                 : "The real kernel says nothing (without SLAB_CONSISTENCY_CHECKS): the object is on the freelist twice, and two "
                   "owners will get it. Here the second free is not carried out.");
    la_buf_free(&text);
}

static void wrong_cache(struct la_mm *mm, const struct la_kmem_cache *s, const struct la_kmem_cache *real)
{
    char text[140];

    (void)snprintf(text, sizeof text, "cache_from_obj: Wrong slab cache. %s but object is from %s", s->name, real->name);
    la_warning(mm, text, "The object goes back to the cache it came from.");
}

/* Not in any slab: a page, the stack, a made-up number. */
static void not_a_slab(struct la_mm *mm, uint64_t object)
{
    char text[100];

    (void)snprintf(text, sizeof text, "virt_to_cache: Object is not a Slab page! 0x%0*llx", la_digits(mm),
                   (unsigned long long)object);
    la_oops(mm, text, "Nothing is freed. Memory goes back the way it came: pages with free_page(), objects with their cache.");
}

void la_kmem_cache_free(struct la_mm *mm, uint32_t cache, uint64_t object)
{
    uint32_t at, index = la_virt_to_slab(mm, object, &at);
    uint16_t i;

    if (index == LA_NO_SLAB) {
        not_a_slab(mm, object);
        return;
    }
    struct la_slab *slab = la_slab_write(mm, index);
    struct la_kmem_cache *s = la_cache(mm, slab->cache);
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];

    if (slab->cache != cache)
        wrong_cache(mm, la_cache(mm, cache), s);
    if (la_cache_debug(s) && !la_free_debug_checks(mm, s, index, object))
        return;
    if (!la_check_valid_pointer(mm, slab, object, &i) || i == LA_NO_OBJECT) {
        struct la_buf text;

        la_buf_init(&text, la_arena_host(mm->arena));
        la_buf_printf(&text, "free of 0x%llx, which is inside an object of cache %s", (unsigned long long)object, s->name);
        la_oops(mm, la_buf_str(&text), "The real kernel says nothing and puts a free pointer in the middle of the object. Nothing is freed here.");
        la_buf_free(&text);
        return;
    }
    if (!la_slab_used(slab, i)) {
        freed_twice(mm, s, object, c->slab == index ? c->freelist == i : slab->freelist == i);
        return;
    }
    slab->used[i / 32] &= ~(1u << (i % 32));
    s->nr_live--;
    LA_TRACE(mm->trace, SLAB_FREE, la_trace_text(mm->trace, s->name), object, slab->id, mm->cpu, c->slab == index);
    if (la_cache_debug(s)) {
        if (s->flags & LA_SLAB_STORE_USER)
            la_set_track(mm, s, object, true);
        la_init_object(mm, s, object, LA_SLUB_RED_INACTIVE);
    }
    if (c->slab != index) {
        slab_free_slow(mm, s, index, i);
        return;
    }
    la_set_freepointer(mm, slab, i, c->freelist);
    c->freelist = i;
}
