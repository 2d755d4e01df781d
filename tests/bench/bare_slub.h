/*
 * bare_slub.h: the rule of SLUB and nothing else, on the host's own memory: what any SLUB would have to pay.
 *
 *     CPU's freelist -> CPU's partial slabs -> node's partial slabs -> new slab
 *
 * Free pointers are pointers of the host and lie at the start of objects.  Nothing is checked, told, remembered,
 * marked for going back in time, or put into simulated memory: the engine (core/mm/slab.c) does all of that.  So the
 * difference between the two is the price of being watched, and this alone against glibc is the price of the rule.
 *
 * One CPU, one node.  Invariant and lists as in core/mm/slab.h.  Source: Linux 6.1.192 mm/slub.c.
 */
#ifndef LA_TESTS_BARE_SLUB_H
#define LA_TESTS_BARE_SLUB_H

#include "mm/slab.h"

#include <stdlib.h>

enum { BARE_PAGES = 4096 };

struct bare_slab {
    void *freelist;
    struct bare_cache *cache;
    struct bare_slab *next, *prev;
    uint16_t inuse, slabs;
    uint8_t list; /* enum la_slab_list */
};

struct bare_cache {
    void *freelist;
    struct bare_slab *slab, *partial; /* of the CPU */
    struct bare_slab *head, *tail;    /* of the node */
    struct bare_slab *spare;          /* pages of slabs that were given back */
    uint32_t nr_partial, size, objects, pages, cpu_partial_slabs, min_partial;
};

static unsigned char *bare_memory;
static struct bare_slab bare_slabs[BARE_PAGES], *bare_of_page[BARE_PAGES];
static uint32_t bare_nr_pages;

/* A cache of the same geometry and limits as the engine's @s. */
static void bare_cache_init(struct bare_cache *c, const struct la_kmem_cache *s)
{
    *c = (struct bare_cache){.size = s->size,
                             .objects = s->objects,
                             .pages = 1u << s->order,
                             .cpu_partial_slabs = s->cpu_partial_slabs,
                             .min_partial = s->min_partial};
    if (!bare_memory)
        bare_memory = aligned_alloc(LA_PAGE_SIZE, (size_t)BARE_PAGES * LA_PAGE_SIZE);
    if (!bare_memory)
        abort();
}

static struct bare_slab *bare_of(const void *object)
{
    return bare_of_page[(size_t)((const unsigned char *)object - bare_memory) >> LA_PAGE_SHIFT];
}

static void bare_add_partial(struct bare_cache *c, struct bare_slab *b)
{
    b->list = LA_SLAB_PARTIAL;
    b->next = NULL;
    b->prev = c->tail;
    *(c->tail ? &c->tail->next : &c->head) = b;
    c->tail = b;
    c->nr_partial++;
}

static void bare_remove_partial(struct bare_cache *c, struct bare_slab *b)
{
    *(b->prev ? &b->prev->next : &c->head) = b->next;
    *(b->next ? &b->next->prev : &c->tail) = b->prev;
    c->nr_partial--;
}

static void bare_discard(struct bare_cache *c, struct bare_slab *b)
{
    b->next = c->spare;
    c->spare = b;
}

static struct bare_slab *bare_new_slab(struct bare_cache *c)
{
    struct bare_slab *b = c->spare;

    if (b) {
        c->spare = b->next;
    } else {
        b = &bare_slabs[bare_nr_pages];
        if (bare_nr_pages + c->pages > BARE_PAGES)
            abort();
        for (uint32_t n = 0; n < c->pages; n++)
            bare_of_page[bare_nr_pages++] = b;
    }
    unsigned char *first = bare_memory + (size_t)(b - bare_slabs) * LA_PAGE_SIZE;

    *b = (struct bare_slab){.cache = c, .freelist = first};
    for (uint32_t i = 0; i < c->objects; i++)
        *(void **)(void *)(first + (size_t)i * c->size) = i + 1 < c->objects ? first + (size_t)(i + 1) * c->size : NULL;
    return b;
}

static void bare_load(struct bare_cache *c, struct bare_slab *b)
{
    c->slab = b;
    c->freelist = b->freelist;
    b->freelist = NULL;
    b->inuse = (uint16_t)c->objects;
    b->list = LA_SLAB_CPU;
}

static void bare_push_cpu_partial(struct bare_cache *c, struct bare_slab *b, struct bare_slab *behind)
{
    b->list = LA_SLAB_CPU_PARTIAL;
    b->slabs = (uint16_t)(behind ? behind->slabs + 1 : 1);
    b->next = behind;
    c->partial = b;
}

static void bare_load_from_node(struct bare_cache *c)
{
    struct bare_slab *b = c->head;

    bare_remove_partial(c, b);
    bare_load(c, b);
    for (uint32_t more = 0; c->head && more <= c->cpu_partial_slabs / 2; more++) {
        b = c->head;
        bare_remove_partial(c, b);
        bare_push_cpu_partial(c, b, c->partial);
    }
}

/* ___slab_alloc: the CPU's freelist gets objects. */
static LA_APART void bare_refill(struct bare_cache *c)
{
    struct bare_slab *b = c->slab;

    if (b && !b->freelist) {
        b->list = LA_SLAB_FULL;
        b = c->partial;
        c->partial = b ? b->next : NULL;
    }
    if (b)
        bare_load(c, b);
    else if (c->head)
        bare_load_from_node(c);
    else
        bare_load(c, bare_new_slab(c));
}

static void *bare_alloc(struct bare_cache *c)
{
    if (!c->freelist)
        bare_refill(c);
    void *object = c->freelist;

    c->freelist = *(void **)object;
    return object;
}

static void bare_put_cpu_partial(struct bare_cache *c, struct bare_slab *b)
{
    struct bare_slab *old = c->partial;
    bool full = old && old->slabs >= c->cpu_partial_slabs;

    bare_push_cpu_partial(c, b, full ? NULL : old);
    while (full && old) {
        struct bare_slab *next = old->next;

        if (old->inuse == 0 && c->nr_partial >= c->min_partial)
            bare_discard(c, old);
        else
            bare_add_partial(c, old);
        old = next;
    }
}

static void bare_free(void *object)
{
    struct bare_slab *b = bare_of(object);
    struct bare_cache *c = b->cache;

    if (b == c->slab) {
        *(void **)object = c->freelist;
        c->freelist = object;
        return;
    }
    *(void **)object = b->freelist;
    b->freelist = object;
    b->inuse--;
    if (b->list == LA_SLAB_FULL) {
        bare_put_cpu_partial(c, b);
    } else if (b->inuse == 0 && b->list == LA_SLAB_PARTIAL && c->nr_partial >= c->min_partial) {
        bare_remove_partial(c, b);
        bare_discard(c, b);
    }
}

#endif
