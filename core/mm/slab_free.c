/*
 * slab_free.c: taking objects back, and what happens when that is done wrong.
 *
 *     the CPU's own slab?      push on the CPU's freelist: the next alloc returns it
 *     another CPU's slab       push on the slab's own freelist, nothing else
 *     a slab on no list (full) -> this CPU's partial list; too many there: all of them to the node
 *     a slab on the node's list, now empty, and enough others there -> its pages go back
 *
 * Cost: a pointer in the page; the slow way a list operation.  slab.c says what the fast path is.
 *
 * Deviations:
 *  A. A second free of an object is not carried out, so that lists stay sound; the report says what
 *     would happen.  So is a free of an address inside an object.
 *
 * Source: Linux 6.1.192 mm/slub.c: do_slab_free, __slab_free, free_debug_processing; mm/slab.h:
 * cache_from_obj.
 */
#include "mm/slab26.h"

#include <stdio.h>

/* @slab, which was full (@full) or is empty now, moves to another list. */
static LA_APART void move_slab(struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab, uint32_t index,
                               bool full)
{
    if (full && !la_cache_debug(s)) {
        slab->frozen = true;
        la_put_cpu_partial(mm, s, slab, index, true);
        return;
    }
    bool empty = slab->inuse == 0 && s->node[slab->node].partial.nr >= s->min_partial;

    if (empty && slab->list == LA_SLAB_PARTIAL)
        la_remove_partial(mm, s, index);
    if (empty)
        la_discard_slab(mm, s, index);
    else if (slab->list != LA_SLAB_PARTIAL)
        la_add_partial(mm, s, index, true);
}

/* The rest of __slab_free: one more object of @slab, which no CPU works on here, is free; @full: it was the first. */
static inline void slab_changed(struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab, uint32_t index,
                                bool full)
{
    slab->inuse--;
    if (slab->list == LA_SLAB_FULL || (slab->list == LA_SLAB_PARTIAL && slab->inuse == 0))
        move_slab(mm, s, slab, index, full);
}

static LA_RARE void freed_twice(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, bool head)
{
    struct la_buf text;

    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "%s of object 0x%llx of cache %s",
                  head ? "kernel BUG at mm/slub.c: set_freepointer: double free" : "double free",
                  (unsigned long long)object, s->name);
    la_oops(mm, la_buf_str(&text),
            head ? "The object heads the freelist already. CONFIG_SLAB_FREELIST_HARDENED notices just this case and "
                   "kills the task; "
                   "without it the object would be linked to itself and handed out again and again."
                 : "The real kernel says nothing (without SLAB_CONSISTENCY_CHECKS): the object is on the freelist "
                   "twice, and two "
                   "owners will get it. Here the second free is not carried out.");
    la_buf_free(&text);
}

static LA_RARE void wrong_cache(struct la_mm *mm, const struct la_kmem_cache *s, const struct la_kmem_cache *real)
{
    char text[140];

    (void)snprintf(text, sizeof text, "cache_from_obj: Wrong slab cache. %s but object is from %s", s->name,
                   real->name);
    la_warning(mm, text, "The object goes back to the cache it came from.");
}

/* Not in any slab: a page, the stack, a made-up number. */
static LA_RARE void not_a_slab(struct la_mm *mm, uint64_t object)
{
    char text[100];

    (void)snprintf(text, sizeof text, "virt_to_cache: Object is not a Slab page! 0x%0*llx", la_digits(mm),
                   (unsigned long long)object);
    la_oops(mm, text,
            "Nothing is freed. Memory goes back the way it came: pages with free_page(), objects with their cache.");
}

/* Neither the start of an object nor outside of a slab. */
static LA_RARE void inside_an_object(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object)
{
    struct la_buf text;

    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "free of 0x%llx, which is inside an object of cache %s", (unsigned long long)object, s->name);
    la_oops(mm, la_buf_str(&text),
            "The real kernel says nothing and puts a free pointer in the middle of the object. Nothing is freed here.");
    la_buf_free(&text);
}

/* Checks and tells everything, before anything changes; true: go on. */
static bool free_checks(struct la_mm *mm, struct la_kmem_cache *s, const struct la_slab *slab, uint32_t index,
                        uint64_t object)
{
    const struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];
    bool own = c->slab == index;

    if (la_cache_debug(s) && !la_free_debug_checks(mm, s, index, object))
        return false;
    uint32_t i = la_slot_of(s, slab, object);

    if (i == LA_NO_OBJECT) {
        inside_an_object(mm, s, object);
        return false;
    }
    if (!la_slab_used(slab, i)) {
        freed_twice(mm, s, object, i == (own ? c->freelist : slab->freelist));
        return false;
    }
    LA_TRACE(mm->trace, SLAB_FREE, la_trace_text(mm->trace, s->name), object, slab->id, mm->cpu, own);
    if (s->flags & LA_SLAB_STORE_USER)
        la_set_track(mm, s, object, true);
    if (la_cache_debug(s))
        la_init_object(mm, s, object, LA_SLUB_RED_INACTIVE);
    return true;
}

/* Object @i of @slab heads a freelist, the CPU's or the slab's own; returns the address of the one behind it. */
static inline uint64_t link_in(struct la_kmem_cache *s, struct la_slab *slab, uint16_t *head, uint32_t i)
{
    uint32_t next = *head;

    slab->used[i / 32] &= ~(1u << (i % 32));
    s->nr_live--;
    *head = (uint16_t)i;
    return next == LA_NO_OBJECT ? 0 : la_object_at(s, slab, next);
}

/* The first object of the freelist that a freed object of @slab joins: the CPU's when it works on the slab. */
static inline uint16_t *freelist_of(const struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab)
{
    return slab->list == LA_SLAB_CPU && slab->cpu == mm->cpu ? &s->cpu[mm->cpu].freelist : &slab->freelist;
}

/* Looks at everything: debugging, misuse, and tells. */
static LA_APART void free_any_way(struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab, uint32_t index,
                                  uint64_t object)
{
    if (!free_checks(mm, s, slab, index, object))
        return;
    uint16_t *head = freelist_of(mm, s, slab);
    uint64_t next = link_in(s, slab, head, la_slot_of(s, slab, object));

    la_freepointer_write(mm, s, object, next);
    if (head == &slab->freelist)
        slab_changed(mm, s, slab, index, next == 0);
}

/* The fast path: nothing to tell, and the free pointer lies in the page of the object's start. */
void la_slab_free(struct la_mm *mm, struct la_kmem_cache *s, struct la_slab *slab, uint32_t index, uint32_t content,
                  uint64_t object)
{
    uint32_t i = la_slot_of(s, slab, object), in_page = la_freepointer_in_page(s, object);

    if (i == LA_NO_OBJECT || !la_slab_used(slab, i) || la_cache_debug(s) || mm->trace->on || content == 0 ||
        in_page > LA_PAGE_SIZE - 8) {
        free_any_way(mm, s, slab, index, object);
        return;
    }
    uint16_t *head = freelist_of(mm, s, slab);
    uint64_t next = link_in(s, slab, head, i);

    la_store_le(la_content_write(mm, content) + in_page, mm->layout.pointer_bytes, next);
    if (head == &slab->freelist)
        slab_changed(mm, s, slab, index, next == 0);
}

/* The object may be anything, and lie anywhere. */
static LA_APART void free_anything(struct la_mm *mm, uint32_t cache, uint64_t object)
{
    if (mm->kmem->classic) {
        la_slab26_free(mm, cache, object);
        return;
    }
    uint32_t index = la_slab_of(mm, object);

    if (index == LA_NO_SLAB) {
        not_a_slab(mm, object);
        return;
    }
    struct la_slab *slab = la_slab_write(mm, index);

    if (slab->cache != cache)
        wrong_cache(mm, la_cache(mm, cache), la_cache(mm, slab->cache));
    la_slab_free(mm, la_cache(mm, slab->cache), slab, index, la_frame_at(mm, object)->content, object);
}

void la_kmem_cache_free(struct la_mm *mm, uint32_t cache, uint64_t object)
{
    const struct la_frame *frame = la_frame_at(mm, object);

    if (!frame || frame->kind != LA_FRAME_SLAB || mm->kmem->classic || la_slab_at(mm, frame->use)->cache != cache)
        free_anything(mm, cache, object);
    else
        la_slab_free(mm, la_cache(mm, cache), la_slab_write(mm, frame->use), frame->use, frame->content, object);
}
