/*
 * slab_cache.c: making, sharing, shrinking and destroying caches.
 *
 *     kmem_cache_create("foo", 60, 0, 0, NULL)
 *        a cache of about that size that may be shared?  -> refcount++, "foo" is only an alias
 *        else: align, sizes, order                       -> a new one, at the head of slab_caches
 *
 * A new cache has no slab: it costs no page until the first object.
 *
 * Invariant: live caches are on the list slab_caches, newest first.
 * Cost: merging looks at every cache.
 *
 * Deviations:
 *  A. struct kmem_cache itself lies in the image window, not in an object of the cache
 *     "kmem_cache", so that a cache does not cost pages on a small machine.
 *  B. At most LA_MAX_CACHES caches; then kmem_cache_create fails with -ENOMEM.
 *
 * Source: Linux 6.1.192 mm/slab_common.c: kmem_cache_create_usercopy, find_mergeable,
 * kmem_cache_destroy; mm/slub.c: __kmem_cache_alias, __kmem_cache_do_shrink, __kmem_cache_shutdown;
 * mm/slab.h: cache_random_seq_create.
 */
#include "mm/mempool.h"
#include "mm/slab26.h"

#include <stdio.h>
#include <string.h>

enum { SHRINK_PROMOTE_MAX = 32, MAX_SIZE = LA_KMALLOC_MAX };

/* cpus_read_lock() is the first thing that shrinking and destroying do, and it may sleep. */
#define CPUS_READ_LOCK "include/linux/percpu-rwsem.h:49"

#define NEVER_MERGE                                                                                                    \
    (LA_SLAB_RED_ZONE | LA_SLAB_POISON | LA_SLAB_STORE_USER | LA_SLAB_TRACE | LA_SLAB_TYPESAFE_BY_RCU |                \
     LA_SLAB_NOLEAKTRACE)
#define MERGE_SAME (LA_SLAB_RECLAIM_ACCOUNT | LA_SLAB_CACHE_DMA | LA_SLAB_CACHE_DMA32 | LA_SLAB_ACCOUNT)

static const struct la_slab_flag flags[] = {
#define LA_SLAB_FLAG(name, value, group, help) {#name, value, group, help},
#define LA_SLAB_OLD(name, value, help) {#name, value, "old", help},
#include "mm/slab_flag.def"
};

const struct la_slab_flag *la_slab_flags(uint32_t *nr)
{
    *nr = sizeof flags / sizeof *flags;
    return flags;
}

/* ---- looking ---- */

uint64_t la_cache_address(const struct la_mm *mm, uint32_t cache)
{
    return mm->layout.image + LA_CACHES_AT + (uint64_t)cache * LA_CACHE_STRUCT;
}

uint32_t la_cache_at(const struct la_mm *mm, uint64_t address)
{
    uint64_t offset = address - mm->layout.image - LA_CACHES_AT, cache = offset / LA_CACHE_STRUCT;

    if (!mm->kmem || offset % LA_CACHE_STRUCT != 0 || cache >= LA_MAX_CACHES || !mm->kmem->cache[cache].live)
        return LA_NO_CACHE;
    return (uint32_t)cache;
}

uint32_t la_cache_nr_slabs(const struct la_kmem_cache *s)
{
    uint32_t nr = 0;

    for (uint32_t n = 0; n < LA_MAX_NODES; n++)
        nr += s->node[n].nr_slabs;
    return nr;
}

uint32_t la_cache_num_objs(const struct la_kmem_cache *s)
{
    uint32_t nr = 0;

    for (uint32_t n = 0; n < LA_MAX_NODES; n++)
        nr += s->node[n].total_objects;
    return nr;
}

uint32_t la_cache_active_objs(const struct la_mm *mm, const struct la_kmem_cache *s)
{
    uint32_t free = 0;

    if (mm->kmem->classic)
        return la_slab26_active_objs(mm, s);
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        for (uint32_t index = s->node[n].partial.head; index != LA_NO_SLAB; index = la_slab_at(mm, index)->next)
            free += (uint32_t)(la_slab_at(mm, index)->objects - la_slab_at(mm, index)->inuse);
    return la_cache_num_objs(s) - free;
}

/* ---- the list of caches ---- */

static void list_add(struct la_mm *mm, uint32_t cache)
{
    struct la_kmem *kmem = mm->kmem;

    kmem->cache[cache].next = kmem->first;
    kmem->cache[cache].prev = LA_NO_CACHE;
    if (kmem->first != LA_NO_CACHE)
        kmem->cache[kmem->first].prev = cache;
    else
        kmem->last = cache;
    kmem->first = cache;
}

static void list_del(struct la_mm *mm, uint32_t cache)
{
    struct la_kmem *kmem = mm->kmem;
    struct la_kmem_cache *s = &kmem->cache[cache];

    if (s->prev == LA_NO_CACHE)
        kmem->first = s->next;
    else
        kmem->cache[s->prev].next = s->next;
    if (s->next == LA_NO_CACHE)
        kmem->last = s->prev;
    else
        kmem->cache[s->next].prev = s->prev;
}

void la_cache_to_front(struct la_mm *mm, uint32_t cache)
{
    list_del(mm, cache);
    list_add(mm, cache);
}

/* ---- making one ---- */

static uint32_t find_mergeable(const struct la_mm *mm, uint32_t size, uint32_t align, uint32_t flags, uint64_t ctor)
{
    const struct la_kmem *kmem = mm->kmem;
    uint32_t word = kmem->rules.pointer_bytes;

    if (kmem->rules.nomerge || ctor != 0 || (flags & NEVER_MERGE))
        return LA_NO_CACHE;
    size = (size + word - 1) / word * word;
    align = la_calculate_alignment(&kmem->rules, flags, align, size);
    size = (size + align - 1) / align * align;
    for (uint32_t cache = kmem->last; cache != LA_NO_CACHE; cache = kmem->cache[cache].prev) {
        const struct la_kmem_cache *s = &kmem->cache[cache];

        if ((s->flags & NEVER_MERGE) || s->ctor != 0 || s->usersize != 0 || s->refcount < 0 || s->dead)
            continue;
        if (size > s->size || ((flags ^ s->flags) & MERGE_SAME) != 0 || s->size % align != 0 || s->size - size >= word)
            continue;
        return cache;
    }
    return LA_NO_CACHE;
}

static void copy_name(char *to, const char *name)
{
    (void)snprintf(to, LA_CACHE_NAME, "%.*s", LA_CACHE_NAME - 1, name);
}

/* __kmem_cache_alias: one more user of @cache. */
static void share(struct la_mm *mm, uint32_t cache, const char *name, uint32_t size)
{
    struct la_kmem_cache *s = la_cache(mm, cache);
    uint32_t word = mm->kmem->rules.pointer_bytes, inuse = (size + word - 1) / word * word;

    s->refcount++;
    s->object_size = s->object_size > size ? s->object_size : size;
    s->inuse = s->inuse > inuse ? s->inuse : inuse;
    if (s->nr_aliases < LA_CACHE_ALIASES)
        copy_name(s->alias[s->nr_aliases], name);
    s->nr_aliases++;
    if (!mm->trace->on)
        return;
    uint64_t alias = la_trace_text(mm->trace, name), real = la_trace_text(mm->trace, s->name);

    LA_TRACE(mm->trace, CACHE_MERGE, alias, real, s->size, (uint64_t)s->refcount);
}

/* Shuffle 0..objects-1: the order in which objects of new slabs are linked. */
static void make_random_seq(struct la_mm *mm, struct la_kmem_cache *s)
{
    if (!s->random_seq)
        s->random_seq = la_arena_hot(mm->arena, LA_SLAB_OBJECTS * sizeof *s->random_seq);
    if (!s->random_seq)
        return;
    for (uint32_t i = 0; i < s->objects; i++)
        s->random_seq[i] = (uint16_t)i;
    for (uint32_t i = s->objects - 1; i > 0; i--) {
        uint32_t other = la_prng_below(&mm->kmem->prng, i + 1);
        uint16_t old = s->random_seq[i];

        s->random_seq[i] = s->random_seq[other];
        s->random_seq[other] = old;
    }
}

static void reset_lists(struct la_kmem_cache *s)
{
    s->all_slabs = LA_NO_SLAB;
    for (uint32_t cpu = 0; cpu < LA_MAX_CPUS; cpu++)
        s->cpu[cpu] = (struct la_kmem_cache_cpu){LA_NO_SLAB, LA_NO_SLAB, LA_NO_OBJECT};
    for (uint32_t n = 0; n < LA_MAX_NODES; n++)
        s->node[n] = (struct la_kmem_cache_node){.partial = {LA_NO_SLAB, LA_NO_SLAB, 0}};
}

/* A new cache; LA_NO_CACHE when there is no room or the object is too large. */
static uint32_t create_cache(struct la_mm *mm, const char *name, uint32_t size, uint32_t align, uint32_t flags,
                             uint64_t ctor)
{
    struct la_kmem *kmem = mm->kmem;
    uint32_t cache = 0;

    while (cache < LA_MAX_CACHES && kmem->cache[cache].live)
        cache++;
    if (cache == LA_MAX_CACHES)
        return LA_NO_CACHE;
    struct la_kmem_cache *s = &kmem->cache[cache];
    uint16_t *seq = s->random_seq;

    memset(s, 0, sizeof *s);
    s->object_size = size;
    s->align = la_calculate_alignment(&kmem->rules, flags, align, size);
    s->flags = flags | kmem->rules.debug;
    s->ctor = ctor;
    s->refcount = 1;
    copy_name(s->name, name);
    reset_lists(s);
    if (!la_calculate_sizes(&kmem->rules, s) || s->objects > LA_SLAB_OBJECTS) {
        memset(s, 0, sizeof *s);
        s->random_seq = seq;
        return LA_NO_CACHE;
    }
    s->live = true;
    s->random_seq = seq;
    if (kmem->rules.freelist_random)
        make_random_seq(mm, s);
    list_add(mm, cache);
    return cache;
}

static void create_failed(struct la_mm *mm, const char *name, int error, uint32_t flags, const char *note)
{
    char text[160];

    if (flags & LA_SLAB_PANIC) {
        (void)snprintf(
            text, sizeof text,
            "Kernel panic - not syncing: kmem_cache_create_usercopy: Failed to create slab '%.40s'. Error %d", name,
            error);
        la_oops(mm, text, note);
        return;
    }
    (void)snprintf(text, sizeof text, "kmem_cache_create_usercopy(%.40s) failed with error %d", name, error);
    la_warning(mm, text, note);
}

/* The line of kmem_cache_sanity_check(), which kernels with CONFIG_DEBUG_VM print. */
static void sanity_check_failed(struct la_mm *mm, const char *name)
{
    char text[100];

    (void)snprintf(text, sizeof text, "kmem_cache_create(%.40s) integrity check failed", name);
    la_warning(mm, text, NULL);
}

uint32_t la_kmem_cache_create(struct la_mm *mm, const char *name, uint32_t size, uint32_t align, uint32_t flags,
                              uint64_t ctor)
{
    uint32_t cache;

    if (mm->kmem->classic)
        return la_slab26_create(mm, name, size, align, flags, ctor, 0);
    if (flags & ~LA_SLAB_CREATE_MASK) {
        create_failed(mm, name, -22, flags, "A flag is set that 6.1 does not know.");
        return LA_NO_CACHE;
    }
    if (size > MAX_SIZE || la_in_interrupt(la_mm_current(mm)))
        sanity_check_failed(mm, name);
    if (size == 0 || size > MAX_SIZE || la_in_interrupt(la_mm_current(mm))) {
        create_failed(mm, name, -22, flags,
                      size > MAX_SIZE ? "An object may have at most 4 MiB."
                      : size == 0     ? "An object must have at least one byte."
                                      : "Caches cannot be created in an interrupt.");
        return LA_NO_CACHE;
    }
    la_might_sleep(mm, "include/linux/sched/mm.h:274");
    cache = find_mergeable(mm, size, align, flags | mm->kmem->rules.debug, ctor);
    if (cache != LA_NO_CACHE) {
        share(mm, cache, name, size);
        return cache;
    }
    cache = create_cache(mm, name, size, align, flags, ctor);
    if (cache == LA_NO_CACHE) {
        create_failed(mm, name, -12, flags, "No slab can be made for such objects, or there are too many caches.");
        return LA_NO_CACHE;
    }
    const struct la_kmem_cache *s = la_cache(mm, cache);

    LA_TRACE(mm->trace, CACHE_CREATE, la_trace_text(mm->trace, s->name), s->object_size, s->size, s->objects, s->order);
    return cache;
}

uint32_t la_cache_add(struct la_mm *mm, const char *name)
{
    uint32_t cache = 0;

    while (cache < LA_MAX_CACHES && mm->kmem->cache[cache].live)
        cache++;
    if (cache == LA_MAX_CACHES)
        return LA_NO_CACHE;
    struct la_kmem_cache *s = la_cache(mm, cache);

    memset(s, 0, sizeof *s);
    s->refcount = 1;
    s->live = true;
    copy_name(s->name, name);
    reset_lists(s);
    list_add(mm, cache);
    return cache;
}

void la_cache_remove(struct la_mm *mm, uint32_t cache)
{
    list_del(mm, cache);
    memset(la_cache(mm, cache), 0, sizeof(struct la_kmem_cache));
}

/* ---- shrinking and destroying ---- */

static void flush_all(struct la_mm *mm, struct la_kmem_cache *s)
{
    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
        la_flush_cpu_slab(mm, s, cpu);
}

/* Empty slabs go to @discard (chained by next); the fuller a slab, the nearer to the head it comes. */
static uint32_t sort_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t nid)
{
    uint32_t discard = LA_NO_SLAB, promote[SHRINK_PROMOTE_MAX];

    for (uint32_t i = 0; i < SHRINK_PROMOTE_MAX; i++)
        promote[i] = LA_NO_SLAB;
    for (uint32_t index = s->node[nid].partial.head, next; index != LA_NO_SLAB; index = next) {
        struct la_slab *slab = la_slab_write(mm, index);
        uint32_t free = (uint32_t)(slab->objects - slab->inuse);
        uint32_t *to = free == slab->objects                     ? &discard
                       : free >= 1 && free <= SHRINK_PROMOTE_MAX ? &promote[free - 1]
                                                                 : NULL;

        next = slab->next;
        if (!to)
            continue;
        la_remove_partial(mm, s, index);
        slab->next = *to; /* each list is built from its head */
        *to = index;
    }
    for (uint32_t i = SHRINK_PROMOTE_MAX; i-- > 0;) {
        uint32_t reversed = LA_NO_SLAB;

        for (uint32_t index = promote[i], next; index != LA_NO_SLAB; index = next) {
            next = la_slab_at(mm, index)->next;
            la_slab_write(mm, index)->next = reversed;
            reversed = index;
        }
        for (uint32_t index = reversed, next; index != LA_NO_SLAB; index = next) {
            next = la_slab_at(mm, index)->next;
            la_add_partial(mm, s, index, false);
        }
    }
    return discard;
}

static void discard_all(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    while (index != LA_NO_SLAB) {
        uint32_t next = la_slab_at(mm, index)->next;

        la_discard_slab(mm, s, index);
        index = next;
    }
}

int la_kmem_cache_shrink(struct la_mm *mm, uint32_t cache)
{
    struct la_kmem_cache *s = la_cache(mm, cache);

    if (mm->kmem->classic)
        return la_slab26_shrink(mm, cache);
    la_might_sleep(mm, CPUS_READ_LOCK);
    flush_all(mm, s);
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        discard_all(mm, s, sort_partial(mm, s, n));
    return la_cache_nr_slabs(s) != 0;
}

/* Empty slabs go, the others are reported. */
static void free_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t nid)
{
    uint32_t discard = LA_NO_SLAB;

    for (uint32_t index = s->node[nid].partial.head, next; index != LA_NO_SLAB; index = next) {
        next = la_slab_at(mm, index)->next;
        if (la_slab_at(mm, index)->inuse == 0) {
            la_remove_partial(mm, s, index);
            la_slab_write(mm, index)->next = discard;
            discard = index;
        } else {
            la_list_slab_objects(mm, s, index);
        }
    }
    discard_all(mm, s, discard);
}

bool la_kmem_cache_destroy(struct la_mm *mm, uint32_t cache)
{
    struct la_kmem_cache *s = la_cache(mm, cache);
    char text[140];

    if (mm->kmem->classic)
        return la_slab26_destroy(mm, cache);
    la_might_sleep(mm, CPUS_READ_LOCK);
    if (s->dead) {
        (void)snprintf(text, sizeof text, "kmem_cache_destroy %s: destroyed a second time", s->name);
        la_oops(mm, text,
                "It was destroyed before, with objects in use, and leaked. The real kernel counts its users below zero, "
                "if the memory of its struct kmem_cache is not used for something else by then.");
        return false;
    }
    if (--s->refcount != 0) {
        LA_TRACE(mm->trace, CACHE_UNSHARE, la_trace_text(mm->trace, s->name), (uint64_t)s->refcount);
        return true;
    }
    flush_all(mm, s);
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        free_partial(mm, s, n);
    if (la_cache_nr_slabs(s) != 0) {
        s->dead = true;
        (void)snprintf(text, sizeof text, "WARNING: kmem_cache_destroy %s: Slab cache still has objects when called",
                       s->name);
        la_oops(
            mm, text,
            "The cache stays and its slabs leak. Free every object before; 2.6 returned 1 and kept the cache usable.");
        return false;
    }
    LA_TRACE(mm->trace, CACHE_DESTROY, la_trace_text(mm->trace, s->name));
    list_del(mm, cache);
    uint16_t *seq = s->random_seq;

    memset(s, 0, sizeof *s);
    s->random_seq = seq;
    return true;
}

/* ---- boot ---- */

bool la_kmem_init(struct la_mm *mm, const struct la_slab_rules *rules, uint64_t seed, bool boot_caches)
{
    struct la_kmem *kmem = la_arena_hot(mm->arena, sizeof *kmem);
    bool on = mm->trace->on;

    if (!kmem)
        return false;
    kmem->pool = la_arena_hot(mm->arena, LA_MAX_POOLS * sizeof *kmem->pool);
    kmem->owner = la_arena_hot(mm->arena, LA_OBJECT_OWNERS * sizeof *kmem->owner);
    if (!kmem->pool || !kmem->owner)
        return false;
    mm->kmem = kmem;
    kmem->rules = *rules;
    kmem->prng.state = seed;
    kmem->first = kmem->last = LA_NO_CACHE;
    kmem->free_slot = LA_NO_SLAB;
    kmem->next_pos = -1;
    memset(kmem->kmalloc, 0xFF, sizeof kmem->kmalloc);
    memset(kmem->kmalloc_small, LA_MAX_CACHES, sizeof kmem->kmalloc_small);
    if (rules->classic && !la_slab26_init(mm))
        return false;
    mm->trace->on = false;
    bool done = !boot_caches || la_create_kmalloc_caches(mm);

    mm->trace->on = on;
    return done;
}
