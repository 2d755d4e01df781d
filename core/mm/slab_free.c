/*
 * slab_free.c: taking objects back, and what happens when that is done wrong.
 *
 *     the CPU's own slab?      push on the CPU's freelist: the next alloc returns it
 *     another CPU's slab       push on the slab's own freelist, nothing else
 *     a slab on no list (full) -> this CPU's partial list; too many there: all of them to the node
 *     a slab on the node's list, now empty, and enough others there -> its pages go back
 *
 * Cost: a pointer in the page; the slow way a list operation.
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

/* The rest of __slab_free: one more object of a slab is free, which was full (@full) or is empty now. */
static void slab_changed(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, bool full)
{
    struct la_slab *slab = la_slab_write(mm, index);

    if (full && !la_cache_debug(s)) {
        slab->frozen = true;
        la_put_cpu_partial(mm, s, index, true);
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

/* What the real kernel would notice with debugging only, or not at all. */
static LA_RARE void bad_free(struct la_mm *mm, const struct la_kmem_cache *s, uint32_t index, uint64_t object)
{
    const struct la_slab *slab = la_slab_at(mm, index);
    const struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];
    uint16_t i = la_slot_of(s, slab, object);

    if (i == LA_NO_OBJECT)
        inside_an_object(mm, s, object);
    else
        freed_twice(mm, s, object, i == (c->slab == index ? c->freelist : slab->freelist));
}

static LA_RARE void poison(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object)
{
    if (s->flags & LA_SLAB_STORE_USER)
        la_set_track(mm, s, object, true);
    la_init_object(mm, s, object, LA_SLUB_RED_INACTIVE);
}

void la_slab_free(struct la_mm *mm, uint32_t index, uint64_t object)
{
    struct la_slab *slab = la_slab_write(mm, index);
    struct la_kmem_cache *s = la_cache(mm, slab->cache);
    struct la_kmem_cache_cpu *c = &s->cpu[mm->cpu];

    if (la_cache_debug(s) && !la_free_debug_checks(mm, s, index, object))
        return;
    uint16_t i = la_slot_of(s, slab, object);
    bool own = c->slab == index;

    if (i == LA_NO_OBJECT || !la_slab_used(slab, i)) {
        bad_free(mm, s, index, object);
        return;
    }
    slab->used[i / 32] &= ~(1u << (i % 32));
    s->nr_live--;
    LA_TRACE(mm->trace, SLAB_FREE, la_trace_text(mm->trace, s->name), object, slab->id, mm->cpu, own);
    if (la_cache_debug(s))
        poison(mm, s, object);
    uint16_t *head = own ? &c->freelist : &slab->freelist, prior = *head;

    *head = i;
    slab->inuse = (uint16_t)(slab->inuse - !own);
    la_freepointer_write(mm, s, object, prior == LA_NO_OBJECT ? 0 : la_object_at(s, slab, prior));
    if (!(own | slab->frozen | (slab->list == LA_SLAB_PARTIAL && slab->inuse != 0)))
        slab_changed(mm, s, index, prior == LA_NO_OBJECT);
}

void la_kmem_cache_free(struct la_mm *mm, uint32_t cache, uint64_t object)
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
    uint32_t real = la_slab_at(mm, index)->cache;

    if (real != cache)
        wrong_cache(mm, la_cache(mm, cache), la_cache(mm, real));
    la_slab_free(mm, index, object);
}
