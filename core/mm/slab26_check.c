/*
 * slab26_check.c: do arrays, lists and slabs of a 2.6 cache agree?
 *
 *     objects of a slab = with the program + in an array + on the slab's chain, each once
 *     inuse 0 -> slabs_free      inuse = all -> slabs_full      else slabs_partial
 *     free_objects = sum of what slabs have free
 *     object 0 begins behind a whole number of colours (and struct slab), the last object ends in the slab
 *
 * Slabs that the program damaged are left out.  Cost: all objects and all entries of the cache.
 */
#include "mm/slab26.h"

#include <string.h>

struct check {
    const struct la_mm *mm;
    struct la_buf *out;
    const struct la_kmem_cache *s;
    uint32_t problems;
    uint32_t index;       /* the slab whose objects are counted */
    uint8_t *seen;        /* how often each of its objects was seen */
    uint32_t bad_entries; /* in an array, but not objects of this cache */
};

static void expect(struct check *c, bool ok, const char *what)
{
    if (ok)
        return;
    c->problems++;
    la_buf_printf(c->out, "cache %s, slab %u: %s\n", c->s->name,
                  c->index == LA_NO_SLAB ? 0u : (unsigned)la_slab_at(c->mm, c->index)->id, what);
}

static void entry_seen(void *ctx, uint64_t object)
{
    struct check *c = ctx;
    uint32_t i, index = la_virt_to_slab(c->mm, object, &i);

    if (index == LA_NO_SLAB || &c->mm->kmem->cache[la_slab_at(c->mm, index)->cache] != c->s ||
        i >= la_slab_at(c->mm, index)->objects)
        c->bad_entries++;
    else if (index == c->index)
        c->seen[i]++;
}

static void check_place(struct check *c, uint32_t cache)
{
    const struct la_slab *slab = la_slab_at(c->mm, c->index);
    const struct la_cache26 *c26 = la_cache26_at(c->mm, cache);
    uint64_t page = la_pfn_to_virt(c->mm, slab->pfn);
    uint32_t colour = slab->start - (c26->off_slab ? 0 : c26->management);

    expect(c, colour % c26->colour_off == 0 && (colour == 0 || colour / c26->colour_off < c26->colour),
           "begins at no colour");
    expect(c, slab->start + slab->objects * c->s->size <= (uint32_t)LA_PAGE_SIZE << slab->order, "is too long");
    expect(c, slab->first == page + slab->start + c->s->red_left_pad, "object 0 lies elsewhere");
    expect(c, c26->off_slab ? la_slab_of(c->mm, slab->management) != LA_NO_SLAB : slab->management == page + colour,
           "struct slab lies elsewhere");
}

static void check_slab(struct check *c, uint32_t cache)
{
    const struct la_slab *slab = la_slab_at(c->mm, c->index);
    const struct la_frame *frame = &c->mm->frame[slab->pfn];
    uint8_t seen[LA_SLAB_OBJECTS] = {0};
    uint16_t list[LA_SLAB_OBJECTS];
    uint32_t nr = la_slab_freelist(c->mm, slab, slab->freelist, list, LA_SLAB_OBJECTS), wrong = 0;
    uint8_t want = slab->inuse == 0 ? LA_SLAB_FREE : slab->inuse == slab->objects ? LA_SLAB_FULL : LA_SLAB_PARTIAL;

    expect(c, frame->kind == LA_FRAME_SLAB && frame->use == c->index, "its frames are not its own");
    expect(c, slab->list == want, "is on the wrong list");
    c->seen = seen;
    la_slab26_each_entry(c->mm, cache, entry_seen, c);
    for (uint32_t n = 0; n < nr; n++)
        seen[list[n]]++;
    for (uint32_t i = 0; i < slab->objects; i++)
        wrong += seen[i] + la_slab_used(slab, i) != 1;
    if (slab->damaged)
        return;
    expect(c, wrong == 0, "an object is lost, or in two places");
    expect(c, nr == (uint32_t)(slab->objects - slab->inuse), "inuse is wrong");
}

static void check_list(struct check *c, const struct la_slab_chain *l, enum la_slab_list list, uint32_t *free)
{
    uint32_t prev = LA_NO_SLAB, nr = 0;

    for (uint32_t i = l->head; i != LA_NO_SLAB && nr <= l->nr; i = la_slab_at(c->mm, i)->next, nr++) {
        const struct la_slab *slab = la_slab_at(c->mm, i);

        expect(c, slab->list == list && slab->prev == prev, "a list of slabs is broken");
        *free += (uint32_t)(slab->objects - slab->inuse);
        prev = i;
    }
    expect(c, nr == l->nr && l->tail == prev, "a list of slabs has the wrong length");
}

uint32_t la_slab26_check(const struct la_mm *mm, uint32_t cache, struct la_buf *out)
{
    const struct la_cache26 *c26 = la_cache26_at(mm, cache);
    struct check c = {.mm = mm, .out = out, .s = &mm->kmem->cache[cache], .index = LA_NO_SLAB};
    uint32_t free = 0, slabs = 0, used = 0;

    for (uint32_t list = 0; list < LA_SLAB26_LISTS; list++)
        check_list(&c, &c26->list[list], (enum la_slab_list)list, &free);
    expect(&c, free == c26->free_objects, "free_objects is wrong");
    expect(&c, c26->colour_next == 0 || c26->colour_next < c26->colour, "colour_next is no colour");
    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
        expect(&c, c26->array[cpu].avail <= c26->array[cpu].limit, "an array holds more than its limit");
    expect(&c, c26->shared.avail <= c26->shared.limit, "the shared array holds more than its limit");
    for (c.index = c.s->all_slabs; c.index != LA_NO_SLAB; c.index = la_slab_at(mm, c.index)->all_next, slabs++) {
        check_slab(&c, cache);
        check_place(&c, cache);
        for (uint32_t i = 0; i < la_slab_at(mm, c.index)->objects; i++)
            used += la_slab_used(la_slab_at(mm, c.index), i);
    }
    expect(&c, c26->busy == 0, "a constructor or destructor never came back");
    expect(&c, c.bad_entries == 0, "an array holds something that is not an object of the cache");
    expect(&c, slabs == la_cache_nr_slabs(c.s) && used == c.s->nr_live, "the number of slabs or objects is wrong");
    return c.problems;
}
