/*
 * slab.c: handing out objects (slab_free.c takes them back, slab_new.c makes slabs).
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
 *  B. When the objects of three new slabs in a row are damaged at once (a constructor that writes
 *     too far), the request fails; the real kernel makes slabs until memory is gone.
 *
 * Source: Linux 6.1.192 mm/slub.c: slab_alloc_node, ___slab_alloc, get_partial_node, put_cpu_partial,
 * __unfreeze_partials, deactivate_slab.
 */
#include "mm/slab26.h"

enum { BAD_SLABS_MAX = 3 };

enum served { FROM_CPU, FROM_SLAB, FROM_CPU_PARTIAL, FROM_NODE, FROM_NEW };

/* One allocation on its way. */
struct slab_request {
    struct la_kmem_cache *s;
    la_gfp_t gfp;
    int32_t nid;
    uint32_t slab; /* where the object came from */
    enum served served;
};

/* ---- freelists ---- */

static LA_RARE void broken_freelist(struct la_mm *mm, struct la_slab *slab, uint64_t object, uint64_t pointer)
{
    struct la_buf text;

    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "general protection fault: free pointer of object 0x%llx in cache %s is 0x%llx",
                  (unsigned long long)object, mm->kmem->cache[slab->cache].name, (unsigned long long)pointer);
    la_oops(
        mm, la_buf_str(&text),
        "Somebody wrote into a free object and destroyed the pointer to the next one. The real kernel would hand this "
        "value "
        "out as an object, or fault on it at the next allocation. Here the freelist ends; what was behind it is lost.");
    la_buf_free(&text);
    slab->damaged = true;
}

/* The object after the one at @object on its freelist; @slab was taken for writing. */
static inline uint16_t next_free(struct la_mm *mm, const struct la_kmem_cache *s, struct la_slab *slab, uint64_t object)
{
    uint64_t pointer = la_freepointer_read(mm, s, object);
    uint16_t next = la_slot_of(s, slab, pointer);

    if (next != LA_NO_OBJECT ? !la_slab_used(slab, next) : pointer == 0)
        return next;
    broken_freelist(mm, slab, object, pointer);
    return LA_NO_OBJECT;
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

void la_put_cpu_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, bool drain)
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
    LA_TRACE(mm->trace, SLAB_CPU_PARTIAL, la_trace_text(mm->trace, s->name), slab->id, mm->cpu, slab->slabs,
             s->cpu_partial_slabs);
    if (unfreeze != LA_NO_SLAB)
        unfreeze_partials(mm, s, unfreeze);
}

/* deactivate_slab: the CPU's freelist goes back into the slab, the slab to where it belongs. */
static void deactivate_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint16_t freelist)
{
    struct la_slab *slab = la_slab_write(mm, index);
    bool tail = slab->freelist != LA_NO_OBJECT;
    uint16_t last = LA_NO_OBJECT, nr = 0;

    for (uint16_t i = freelist; i != LA_NO_OBJECT && nr < slab->objects; nr++) {
        last = i;
        i = next_free(mm, s, slab, la_object_at(s, slab, i));
    }
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
    slab->freelist = next_free(mm, s, slab, la_object_at(s, slab, i));
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
            la_put_cpu_partial(mm, s, index, false);
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
    c->freelist = next_free(mm, r->s, slab, la_object_at(r->s, slab, object));
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
        uint32_t index = la_new_slab(mm, s, r->gfp, r->nid);

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

static void tell_served(struct la_mm *mm, const struct la_kmem_cache *s, const struct la_slab *slab, uint64_t object,
                        enum served served)
{
    static const char *const why[] = {"the freelist of this CPU had it",
                                      "other CPUs had given objects of this CPU's slab back",
                                      "this CPU's own slab was full, so the first slab of its partial list takes over",
                                      "this CPU had no slab with free objects, the node's partial list had one",
                                      "no slab had a free object, so a new one was made"};
    uint64_t name = la_trace_text(mm->trace, s->name);
    uint64_t reason = la_trace_text(mm->trace, why[served]);

    LA_TRACE(mm->trace, SLAB_ALLOC, name, object, slab->id, mm->cpu, reason);
}

static LA_RARE void zero_object(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object)
{
    if (s->ctor != 0)
        la_warning(mm, "WARNING: __GFP_ZERO for a cache with a constructor",
                   "Zeroing destroys what the constructor made.");
    la_mem_fill(mm, object, 0, s->object_size);
}

/* Object @i of @slab, which is on no freelist any more, becomes the program's. */
static inline uint64_t hand_out(struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab, uint16_t i,
                                la_gfp_t gfp, enum served served)
{
    uint64_t object = la_object_at(s, slab, i);

    slab->used[i / 32] |= 1u << (i % 32);
    s->nr_live++;
    la_slab_set_owner(mm, object);
    if (mm->trace->on)
        tell_served(mm, s, slab, object, served);
    if (gfp & LA_GFP_ZERO)
        zero_object(mm, s, object);
    return object;
}

static uint64_t alloc_slow(struct la_mm *mm, struct la_kmem_cache *s, la_gfp_t gfp, la_gfp_t allowed, int32_t nid)
{
    struct slab_request r = {.s = s, .gfp = allowed, .nid = nid, .slab = s->cpu[mm->cpu].slab};
    uint16_t i = slow_path(mm, &r);

    if (i == LA_NO_OBJECT) {
        LA_TRACE(mm->trace, SLAB_ALLOC_FAIL, la_trace_text(mm->trace, s->name), gfp);
        return 0;
    }
    return hand_out(mm, s, la_slab_write(mm, r.slab), i, gfp, r.served);
}

uint64_t la_kmem_cache_alloc(struct la_mm *mm, uint32_t cache, la_gfp_t gfp, int32_t nid)
{
    struct la_kmem_cache *s = la_cache(mm, cache);
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];
    la_gfp_t allowed = gfp & (mm->gfp_allowed_mask | ~(la_gfp_t)LA_GFP_6_1_BITS);
    uint16_t i = c->freelist;

    if (mm->kmem->classic)
        return la_slab26_alloc(mm, cache, gfp);
    if (allowed & LA_GFP_DIRECT_RECLAIM)
        la_might_sleep(mm, "include/linux/sched/mm.h:274");
    if (mm->fail.slab.probability != 0 && la_should_fail_slab(mm, allowed))
        return 0;
    if (i == LA_NO_OBJECT || (nid != LA_NO_NODE && la_slab_at(mm, c->slab)->node != (uint32_t)nid))
        return alloc_slow(mm, s, gfp, allowed, nid);
    struct la_slab *slab = la_slab_write(mm, c->slab);

    c->freelist = next_free(mm, s, slab, la_object_at(s, slab, i));
    return hand_out(mm, s, slab, i, gfp, FROM_CPU);
}
