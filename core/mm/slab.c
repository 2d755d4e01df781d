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
 * Cost: the fast path of an allocation (la_slab_alloc) and of a free (la_slab_free) touches the CPU's entry, one
 *     struct la_slab and one pointer in a page: about 100 instructions, no division, no call.  When something has to
 *     be told (events are on), checked or waited for, they change nothing and leave it to the long way.
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

enum served { FROM_CPU, FROM_SLAB, FROM_CPU_PARTIAL, FROM_NODE, FROM_NEW, FROM_NOWHERE };

/* One allocation on its way. */
struct slab_request {
    struct la_kmem_cache *s;
    la_gfp_t gfp;
    int32_t nid;
    enum served served;
    uint32_t slab; /* where the object comes from */
    uint16_t i;    /* the object, in a cache with debugging */
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
static uint16_t next_free(struct la_mm *mm, const struct la_kmem_cache *s, struct la_slab *slab, uint64_t object)
{
    uint64_t pointer = la_freepointer_read(mm, s, object);
    uint32_t next = la_slot_of(s, slab, pointer);

    if (next != LA_NO_OBJECT ? !la_slab_used(slab, next) : pointer == 0)
        return (uint16_t)next;
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
        if (slab->inuse == 0 && s->node[slab->node].partial.nr >= s->min_partial) {
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

static LA_RARE void tell_cpu_partial(struct la_mm *mm, const struct la_kmem_cache *s, const struct la_slab *slab)
{
    LA_TRACE(mm->trace, SLAB_CPU_PARTIAL, la_trace_text(mm->trace, s->name), slab->id, mm->cpu, slab->slabs,
             s->cpu_partial_slabs);
}

void la_put_cpu_partial(struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab, uint32_t index, bool drain)
{
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];
    uint32_t old = c->partial, slabs = old == LA_NO_SLAB ? 0 : la_slab_at(mm, old)->slabs;
    bool full = drain && slabs != 0 && slabs >= s->cpu_partial_slabs;

    slab->slabs = (uint16_t)(full ? 1 : slabs + 1);
    slab->next = full ? LA_NO_SLAB : old;
    slab->prev = LA_NO_SLAB;
    slab->list = LA_SLAB_CPU_PARTIAL;
    slab->cpu = mm->cpu;
    c->partial = index;
    if (mm->trace->on)
        tell_cpu_partial(mm, s, slab);
    if (full)
        unfreeze_partials(mm, s, old);
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
    if (slab->inuse == 0 && s->node[slab->node].partial.nr >= s->min_partial)
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

/* With consistency checks a pointer to nowhere is left to check_object(), which reports it in the kernel's words. */
static uint16_t next_to_check(struct la_mm *mm, const struct la_kmem_cache *s, struct la_slab *slab, uint64_t object)
{
    uint64_t pointer = la_freepointer_read(mm, s, object);
    uint16_t next;

    if ((s->flags & LA_SLAB_CONSISTENCY_CHECKS) && !la_check_valid_pointer(mm, slab, pointer, &next))
        return LA_NO_OBJECT;
    return next_free(mm, s, slab, object);
}

static uint16_t take_single(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    struct la_slab *slab = la_slab_write(mm, index);
    uint16_t i = slab->freelist;

    if (i == LA_NO_OBJECT)
        return i;
    slab->freelist = next_to_check(mm, s, slab, la_object_at(s, slab, i));
    slab->inuse++;
    return la_alloc_debug_processing(mm, s, index, i) ? i : LA_NO_OBJECT;
}

static bool alloc_single_from_partial(struct la_mm *mm, struct slab_request *r, uint32_t index)
{
    const struct la_slab *slab = la_slab_at(mm, index);

    r->slab = index;
    r->i = take_single(mm, r->s, index);
    if (r->i == LA_NO_OBJECT || slab->inuse == slab->objects || slab->freelist == LA_NO_OBJECT)
        la_remove_partial(mm, r->s, index);
    return r->i != LA_NO_OBJECT;
}

static bool alloc_single_from_new_slab(struct la_mm *mm, struct slab_request *r, uint32_t index)
{
    const struct la_slab *slab = la_slab_at(mm, index);

    r->slab = index;
    r->i = take_single(mm, r->s, index);
    if (r->i != LA_NO_OBJECT && slab->inuse < slab->objects && slab->freelist != LA_NO_OBJECT)
        la_add_partial(mm, r->s, index, false);
    return r->i != LA_NO_OBJECT;
}

/* ---- the slow path: the CPU needs a slab with free objects ---- */

/* load_freelist: the CPU works on @slab, whose number is @index, from now on; its whole freelist becomes the CPU's. */
static inline bool load_freelist(const struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab, uint32_t index)
{
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];

    c->slab = index;
    c->freelist = slab->freelist;
    slab->freelist = LA_NO_OBJECT;
    slab->inuse = slab->objects;
    slab->frozen = true;
    slab->list = LA_SLAB_CPU;
    slab->cpu = mm->cpu;
    slab->next = slab->prev = LA_NO_SLAB;
    return c->freelist != LA_NO_OBJECT;
}

/* What other CPUs gave back to the CPU's slab; else the first slab of its partial list that has something. */
static LA_APART enum served from_cpu(struct la_mm *mm, struct la_kmem_cache *s)
{
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];
    enum served served = FROM_SLAB;

    for (uint32_t index = c->slab;; served = FROM_CPU_PARTIAL) {
        if (index != LA_NO_SLAB) {
            struct la_slab *slab = la_slab_write(mm, index);

            if (load_freelist(mm, s, slab, index))
                return served;
            slab->frozen = false; /* it is full: the CPU lets go of it */
            slab->list = LA_SLAB_FULL;
        }
        index = c->partial;
        if (index == LA_NO_SLAB)
            break;
        c->partial = la_slab_at(mm, index)->next;
    }
    c->slab = LA_NO_SLAB;
    return FROM_NOWHERE;
}

/* acquire_slab and put_cpu_partial: off the node's list, for later. */
static void keep_for_later(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    struct la_slab *slab = la_slab_write(mm, index);

    la_remove_partial(mm, s, index);
    slab->frozen = true;
    la_put_cpu_partial(mm, s, slab, index, false);
}

static bool get_partial_node(struct la_mm *mm, struct slab_request *r, uint32_t nid)
{
    struct la_kmem_cache *s = r->s;
    uint32_t index = s->node[nid].partial.head, more = 0;
    bool found = false;

    while (index != LA_NO_SLAB && more <= s->cpu_partial_slabs / 2) {
        uint32_t next = la_slab_at(mm, index)->next;

        if (la_cache_debug(s)) {
            if (alloc_single_from_partial(mm, r, index))
                return true;
        } else if (!found) {
            la_remove_partial(mm, s, index);
            found = load_freelist(mm, s, la_slab_write(mm, index), index);
        } else {
            keep_for_later(mm, s, index);
            more++;
        }
        index = next;
    }
    return found;
}

/* This node, then others that have more than they need to keep. */
static bool get_partial(struct la_mm *mm, struct slab_request *r)
{
    uint32_t here = r->nid == LA_NO_NODE ? mm->cpu_node[mm->cpu] : (uint32_t)r->nid;
    bool found = get_partial_node(mm, r, here);
    const struct la_zonelist *list = la_node_zonelist(mm, here, r->gfp);

    if (found || r->nid != LA_NO_NODE)
        return found;
    for (uint32_t i = 0; i < list->nr && !found; i++) {
        uint32_t nid = mm->zone[list->zone[i]].node;

        if (nid != here && r->s->node[nid].partial.nr > r->s->min_partial)
            found = get_partial_node(mm, r, nid);
    }
    return found;
}

/* Objects from the node or a new slab, for the CPU; debug: one, for the request. */
static bool from_elsewhere(struct la_mm *mm, struct slab_request *r)
{
    struct la_kmem_cache *s = r->s;

    for (uint32_t bad = 0; bad < BAD_SLABS_MAX; bad++) {
        r->served = FROM_NODE;
        if (get_partial(mm, r))
            return true;
        uint32_t index = la_new_slab(mm, s, r->gfp, r->nid);

        if (index == LA_NO_SLAB)
            return false;
        r->served = FROM_NEW;
        if (!la_cache_debug(s)) {
            if (s->cpu[mm->cpu].slab != LA_NO_SLAB) /* a constructor allocated from its own cache */
                la_flush_cpu_slab(mm, s, mm->cpu);
            return load_freelist(mm, s, la_slab_write(mm, index), index);
        }
        if (alloc_single_from_new_slab(mm, r, index))
            return true;
    }
    return false;
}

/* The CPU's slab is on a node that was not asked for: another one has to serve. */
static void leave_node(struct la_mm *mm, struct la_kmem_cache *s, int32_t nid)
{
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];
    uint32_t slab = c->slab;
    uint16_t freelist = c->freelist;

    if (nid == LA_NO_NODE || slab == LA_NO_SLAB || la_slab_at(mm, slab)->node == (uint32_t)nid)
        return;
    c->slab = LA_NO_SLAB;
    c->freelist = LA_NO_OBJECT;
    deactivate_slab(mm, s, slab, freelist);
}

/* Makes sure that the CPU's freelist (debug: the request) has an object. */
static bool find_object(struct la_mm *mm, struct slab_request *r)
{
    leave_node(mm, r->s, r->nid);
    if (r->s->cpu[mm->cpu].freelist != LA_NO_OBJECT)
        return true;
    r->served = from_cpu(mm, r->s);
    return r->served != FROM_NOWHERE || from_elsewhere(mm, r);
}

/* The first object of the CPU's freelist. */
static uint16_t pop(struct la_mm *mm, struct la_kmem_cache *s)
{
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];
    struct la_slab *slab = la_slab_write(mm, c->slab);
    uint16_t i = c->freelist;

    c->freelist = next_free(mm, s, slab, la_object_at(s, slab, i));
    return i;
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

/* The object at @object, slot @i of @slab, is the program's from now on. */
static inline void hand_out(struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab, uint32_t i,
                            uint64_t object)
{
    slab->used[i / 32] |= 1u << (i % 32);
    s->nr_live++;
    la_slab_set_owner(mm, object);
}

/* Takes every way, and tells. */
static LA_APART uint64_t alloc_any_way(struct la_mm *mm, struct la_kmem_cache *s, la_gfp_t gfp, int32_t nid)
{
    la_gfp_t allowed = gfp & (mm->gfp_allowed_mask | ~(la_gfp_t)LA_GFP_6_1_BITS);
    struct slab_request r = {.s = s, .gfp = allowed, .nid = nid, .served = FROM_CPU};

    if (mm->kmem->classic)
        return la_slab26_alloc(mm, la_cache_index(mm, s), gfp);
    if (allowed & LA_GFP_DIRECT_RECLAIM)
        la_might_sleep(mm, "include/linux/sched/mm.h:274");
    if (mm->fail.slab.probability != 0 && la_should_fail_slab(mm, allowed))
        return 0;
    if (!find_object(mm, &r)) {
        LA_TRACE(mm->trace, SLAB_ALLOC_FAIL, la_trace_text(mm->trace, s->name), gfp);
        return 0;
    }
    if (!la_cache_debug(s)) {
        r.slab = s->cpu[mm->cpu].slab;
        r.i = pop(mm, s);
    }
    struct la_slab *slab = la_slab_write(mm, r.slab);
    uint64_t object = la_object_at(s, slab, r.i);

    hand_out(mm, s, slab, r.i, object);
    if (mm->trace->on)
        tell_served(mm, s, slab, object, r.served);
    if (gfp & LA_GFP_ZERO)
        zero_object(mm, s, object);
    return object;
}

/* The CPU's freelist is empty: the next slab of the CPU, and again. */
static LA_APART uint64_t alloc_next_slab(struct la_mm *mm, struct la_kmem_cache *s, la_gfp_t gfp)
{
    if (s->cpu[mm->cpu].slab == LA_NO_SLAB || from_cpu(mm, s) == FROM_NOWHERE)
        return alloc_any_way(mm, s, gfp, LA_NO_NODE);
    return la_slab_alloc(mm, s, gfp, LA_NO_NODE);
}

/*
 * The fast path, where nothing has to be told or waited for: the first object of the CPU's freelist.
 * What is not to be done here is left to alloc_any_way(), before anything has changed.
 */
uint64_t la_slab_alloc(struct la_mm *mm, struct la_kmem_cache *s, la_gfp_t gfp, int32_t nid)
{
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];

    if (nid != LA_NO_NODE || (gfp & LA_GFP_ZERO) || mm->trace->on || mm->fail.slab.probability != 0 ||
        la_in_atomic(la_mm_current(mm)))
        return alloc_any_way(mm, s, gfp, nid);
    if (c->freelist == LA_NO_OBJECT)
        return alloc_next_slab(mm, s, gfp);
    uint32_t i = c->freelist;
    struct la_slab *slab = la_slab_write(mm, c->slab);
    uint64_t object = la_object_at(s, slab, i);
    uint32_t in_page = la_freepointer_in_page(s, object);
    const unsigned char *page = la_page_of(mm, object);

    if (!page || in_page > LA_PAGE_SIZE - 8)
        return alloc_any_way(mm, s, gfp, nid);
    uint64_t pointer = la_load_le(page + in_page, mm->layout.pointer_bytes);
    uint32_t next = la_slot_of(s, slab, pointer);

    if (next == LA_NO_OBJECT ? pointer != 0 : la_slab_used(slab, next))
        return alloc_any_way(mm, s, gfp, nid);
    c->freelist = (uint16_t)next;
    hand_out(mm, s, slab, i, object);
    return object;
}

uint64_t la_kmem_cache_alloc(struct la_mm *mm, uint32_t cache, la_gfp_t gfp, int32_t nid)
{
    return la_slab_alloc(mm, la_cache(mm, cache), gfp, nid);
}
