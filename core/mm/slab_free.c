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

static void freed_twice(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, bool head)
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

static void wrong_cache(struct la_mm *mm, const struct la_kmem_cache *s, const struct la_kmem_cache *real)
{
    char text[140];

    (void)snprintf(text, sizeof text, "cache_from_obj: Wrong slab cache. %s but object is from %s", s->name,
                   real->name);
    la_warning(mm, text, "The object goes back to the cache it came from.");
}

/* Not in any slab: a page, the stack, a made-up number. */
static void not_a_slab(struct la_mm *mm, uint64_t object)
{
    char text[100];

    (void)snprintf(text, sizeof text, "virt_to_cache: Object is not a Slab page! 0x%0*llx", la_digits(mm),
                   (unsigned long long)object);
    la_oops(mm, text,
            "Nothing is freed. Memory goes back the way it came: pages with free_page(), objects with their cache.");
}

/* Neither the start of an object nor outside of a slab. */
static void inside_an_object(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object)
{
    struct la_buf text;

    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "free of 0x%llx, which is inside an object of cache %s", (unsigned long long)object, s->name);
    la_oops(mm, la_buf_str(&text),
            "The real kernel says nothing and puts a free pointer in the middle of the object. Nothing is freed here.");
    la_buf_free(&text);
}

void la_kmem_cache_free(struct la_mm *mm, uint32_t cache, uint64_t object)
{
    uint32_t index = la_virt_to_slab(mm, object, NULL);
    uint16_t i;

    if (mm->kmem->classic) {
        la_slab26_free(mm, cache, object);
        return;
    }
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
        inside_an_object(mm, s, object);
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
