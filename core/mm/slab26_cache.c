/*
 * slab26_cache.c: caches of 2.6: how many objects to a slab, how long the arrays are, and what time gives back.
 *
 *     size 256, i386: 15 objects + struct slab with 15 bufctls, 192 bytes are left = 6 colours of 32
 *     order: the smallest whose rest is at most an eighth of the slab
 *     every 2 seconds: a part of each idle array; every 4: the shared array and some free slabs
 *
 * Caches are never merged: two of the same size are two.
 *
 * Invariant: colour_next < colour, or 0; arrays hold at most limit entries.
 * Cost: making a cache tries at most 6 orders; reaping costs what it gives back.
 *
 * Deviations:
 *  A. struct kmem_cache lies in the image window, as in slab_cache.c.
 *  B. A machine with one CPU is a kernel without SMP: no shared array.
 *  C. The destructor does not run for slabs that time or a lack of memory gives back: no call of the program is
 *     under way that could run it.
 *  D. cache_reap runs on all CPUs at the same time, and looks at all caches.
 *
 * Source: Linux 2.6.11 mm/slab.c: kmem_cache_create, cache_estimate, enable_cpucache,
 * kmem_cache_shrink, kmem_cache_destroy, cache_reap, drain_array_locked.
 */
#include "mm/slab26.h"

#include <stdio.h>
#include <string.h>

enum {
    MAX_GFP_ORDER = 5,
    OFF_SLAB_BYTES = LA_PAGE_SIZE / 8,
    SMALL_MACHINE = (32 << 20) / LA_PAGE_SIZE,
    SHARED_FACTOR = 8,
    DEBUG_LIMIT = 32,
    REAP_CPU = 2 * LA_HZ,
    REAP_LIST3 = 4 * LA_HZ
};

#define FLAGS_OF_2_6                                                                                                   \
    (LA_SLAB_RED_ZONE | LA_SLAB_POISON | LA_SLAB_HWCACHE_ALIGN | LA_SLAB_CACHE_DMA | LA_SLAB_STORE_USER |              \
     LA_SLAB_RECLAIM_ACCOUNT | LA_SLAB_PANIC | LA_SLAB_TYPESAFE_BY_RCU | LA_SLAB_DEBUG_INITIAL | LA_SLAB_NO_REAP |     \
     LA_SLAB_MUST_HWCACHE_ALIGN)

/* ---- geometry ---- */

struct geometry {
    uint32_t size, align, order, num, left;
    bool off_slab;
};

static uint32_t management_bytes(const struct la_mm *mm, uint32_t num)
{
    return (mm->layout.pointer_bytes == 4 ? 24u : 40u) + 2 * num;
}

/* cache_estimate: how many objects a slab of g->order holds, and what is left. */
static void estimate(const struct la_mm *mm, struct geometry *g)
{
    uint32_t bytes = (uint32_t)LA_PAGE_SIZE << g->order, num = bytes / g->size;

    while (!g->off_slab && num > 0 && num * g->size + la_round_up(management_bytes(mm, num), g->align) > bytes)
        num--;
    g->num = num < LA_SLAB_OBJECTS ? num : LA_SLAB_OBJECTS;
    g->left = bytes - g->num * g->size - (g->off_slab ? 0 : la_round_up(management_bytes(mm, g->num), g->align));
    if (num == 0)
        g->left = bytes;
}

static void choose_order(const struct la_mm *mm, struct geometry *g, uint32_t flags)
{
    uint32_t enough = mm->nr_frames > SMALL_MACHINE ? 1 : 0;

    g->order = 0;
    if ((flags & LA_SLAB_RECLAIM_ACCOUNT) && g->size <= LA_PAGE_SIZE) {
        estimate(mm, g);
        return;
    }
    for (;; g->order++) {
        estimate(mm, g);
        if (g->order >= MAX_GFP_ORDER)
            return;
        if (g->num == 0)
            continue;
        if (g->off_slab && g->order > 0 && g->num > mm->kmem->classic->offslab_limit) {
            g->order--;
            estimate(mm, g);
            return;
        }
        if (g->order >= enough || g->left * 8 <= (uint32_t)LA_PAGE_SIZE << g->order)
            return;
    }
}

static uint32_t choose_align(const struct la_mm *mm, uint32_t size, uint32_t align, uint32_t *flags)
{
    uint32_t word = mm->layout.pointer_bytes, r = word;

    if (*flags & LA_SLAB_HWCACHE_ALIGN)
        for (r = mm->kmem->rules.cache_line; size <= r / 2 && r / 2 >= word;)
            r /= 2;
    if (r < align) {
        r = align;
        if (r > word)
            *flags &= ~(uint32_t)(LA_SLAB_RED_ZONE | LA_SLAB_STORE_USER);
    }
    return *flags & (LA_SLAB_RED_ZONE | LA_SLAB_STORE_USER) ? word : r;
}

/* Everything that follows from object_size, align and flags; false: no slab can be made. */
static bool calculate(struct la_mm *mm, struct la_kmem_cache *s, struct la_cache26 *c)
{
    uint32_t word = mm->layout.pointer_bytes, size = la_round_up(s->object_size, word);
    struct geometry g = {.align = choose_align(mm, size, s->align, &s->flags)};

    s->red_left_pad = s->flags & LA_SLAB_RED_ZONE ? word : 0;
    size += 2 * s->red_left_pad + (s->flags & LA_SLAB_STORE_USER ? word : 0);
    g.off_slab = size >= OFF_SLAB_BYTES;
    g.size = la_round_up(size, g.align);
    choose_order(mm, &g, s->flags);
    if (g.num == 0)
        return false;
    c->management = la_round_up(management_bytes(mm, g.num), g.align);
    if (g.off_slab && g.left >= c->management) {
        g.off_slab = false;
        g.left -= c->management;
    }
    c->off_slab = g.off_slab;
    if (g.off_slab)
        c->management = management_bytes(mm, g.num);
    c->colour_off = mm->kmem->rules.cache_line > g.align ? mm->kmem->rules.cache_line : g.align;
    c->colour = g.left / c->colour_off;
    la_cache_set_size(s, g.size);
    s->align = g.align;
    s->inuse = s->object_size;
    s->order = s->min_order = g.order;
    s->objects = s->min_objects = g.num;
    return true;
}

/* enable_cpucache: how long the arrays are. */
static void tune(const struct la_mm *mm, const struct la_kmem_cache *s, struct la_cache26 *c)
{
    uint32_t limit = s->size > 131072 ? 1 : s->size > LA_PAGE_SIZE ? 8 : s->size > 1024 ? 24 : s->size > 256 ? 54 : 120;

    if (la_cache_debug(s) && limit > DEBUG_LIMIT)
        limit = DEBUG_LIMIT;
    uint32_t batch = (limit + 1) / 2;

    for (uint32_t cpu = 0; cpu < LA_MAX_CPUS; cpu++)
        c->array[cpu] = (struct la_array_cache){.limit = limit, .batchcount = batch, .at = cpu * LA_SLAB26_ENTRIES};
    c->shared = (struct la_array_cache){.batchcount = batch, .at = LA_MAX_CPUS * LA_SLAB26_ENTRIES};
    if (mm->nr_cpus > 1 && s->size <= LA_PAGE_SIZE)
        c->shared.limit = batch * SHARED_FACTOR;
    c->free_limit = (1u + mm->nr_cpus) * batch + s->objects;
}

/* ---- making one ---- */

/* What kmem_cache_create stops at with BUG(); NULL when all is well. */
static const char *refusal(struct la_mm *mm, const char *name, uint32_t size, uint32_t flags, uint64_t ctor,
                           uint64_t dtor)
{
    if (la_in_interrupt(la_mm_current(mm)))
        return "Caches cannot be created in an interrupt.";
    if (size < mm->layout.pointer_bytes)
        return "An object must have at least the size of a word.";
    if (size > LA_SLAB26_MAX)
        return "An object may have at most 128 KiB (32 pages).";
    if (dtor != 0 && ctor == 0)
        return "A destructor without a constructor: there would be nothing to undo.";
    if ((flags & LA_SLAB_TYPESAFE_BY_RCU) && (dtor != 0 || (flags & LA_SLAB_POISON)))
        return "Objects of a SLAB_DESTROY_BY_RCU cache may be read after they were freed: no destructor, no poison.";
    if (flags & ~(uint32_t)FLAGS_OF_2_6)
        return "A flag is set that 2.6 does not know.";
    for (uint32_t cache = mm->kmem->first; cache != LA_NO_CACHE; cache = mm->kmem->cache[cache].next)
        if (strcmp(mm->kmem->cache[cache].name, name) == 0)
            return "There is a cache of this name already: 2.6 refuses a second one, 6.1 does not.";
    return NULL;
}

static uint32_t create_failed(struct la_mm *mm, const char *name, uint32_t flags)
{
    char text[120];

    (void)snprintf(text, sizeof text,
                   flags & LA_SLAB_PANIC
                       ? "Kernel panic - not syncing: kmem_cache_create(): failed to create slab `%.40s'"
                       : "kmem_cache_create: couldn't create cache %.40s.",
                   name);
    la_oops(mm, text, "No slab can be made for such objects, or there are too many caches.");
    return LA_NO_CACHE;
}

static void tell_created(struct la_mm *mm, const struct la_kmem_cache *s, const struct la_cache26 *c)
{
    if (!mm->trace->on)
        return;
    uint64_t name = la_trace_text(mm->trace, s->name);
    uint64_t where = la_trace_text(mm->trace, c->off_slab ? "off the slab" : "on the slab");

    LA_TRACE(mm->trace, CLASSIC_CREATE, name, s->object_size, s->size, s->objects, s->order, c->colour, where);
}

uint32_t la_slab26_create(struct la_mm *mm, const char *name, uint32_t size, uint32_t align, uint32_t flags,
                          uint64_t ctor, uint64_t dtor)
{
    const char *note = refusal(mm, name, size, flags, ctor, dtor);

    if (note) {
        la_slab26_bug(mm, "kmem_cache_create", note);
        return LA_NO_CACHE;
    }
    uint32_t cache = la_cache_add(mm, name);

    if (cache == LA_NO_CACHE)
        return create_failed(mm, name, flags);
    struct la_kmem_cache *s = la_cache(mm, cache);
    struct la_cache26 *c = la_cache26_write(mm, cache);

    memset(c, 0, sizeof *c);
    for (uint32_t i = 0; i < LA_SLAB26_LISTS; i++)
        c->list[i].head = c->list[i].tail = LA_NO_SLAB;
    s->object_size = size;
    s->align = align;
    s->flags = flags | (mm->kmem->rules.debug & FLAGS_OF_2_6);
    if (s->flags & LA_SLAB_POISON)
        s->flags |= LA_SLAB_OBJECT_POISON;
    if (ctor == 0)
        s->flags &= ~(uint32_t)LA_SLAB_DEBUG_INITIAL;
    s->ctor = ctor;
    c->dtor = dtor;
    if (!calculate(mm, s, c)) {
        la_cache_remove(mm, cache);
        return create_failed(mm, name, flags);
    }
    tune(mm, s, c);
    c->next_reap = mm->tick + REAP_LIST3;
    c->slabp_cache = c->off_slab ? la_slab26_size_cache(mm, c->management, 0) : LA_NO_CACHE;
    tell_created(mm, s, c);
    return cache;
}

/* ---- giving back ---- */

static void drain_all(struct la_mm *mm, uint32_t cache)
{
    struct la_cache26 *c = la_cache26_write(mm, cache);

    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
        la_slab26_free_block(mm, cache, &c->array[cpu], c->array[cpu].avail);
    la_slab26_free_block(mm, cache, &c->shared, c->shared.avail);
}

/* At most @nr free slabs, from one end of their list. */
static uint32_t free_slabs(struct la_mm *mm, uint32_t cache, uint32_t nr, bool tail)
{
    struct la_cache26 *c = la_cache26_write(mm, cache);
    uint32_t done = 0;

    for (; done < nr && c->list[LA_SLAB_FREE].head != LA_NO_SLAB; done++) {
        uint32_t index = tail ? c->list[LA_SLAB_FREE].tail : c->list[LA_SLAB_FREE].head;

        la_slab26_list_del(mm, index);
        c->free_objects -= la_cache(mm, cache)->objects;
        la_slab26_slab_destroy(mm, cache, index);
    }
    return done;
}

int la_slab26_shrink(struct la_mm *mm, uint32_t cache)
{
    const struct la_cache26 *c = la_cache26_at(mm, cache);

    drain_all(mm, cache);
    (void)free_slabs(mm, cache, UINT32_MAX, true);
    return c->list[LA_SLAB_FULL].nr + c->list[LA_SLAB_PARTIAL].nr != 0;
}

bool la_slab26_destroy(struct la_mm *mm, uint32_t cache)
{
    struct la_kmem_cache *s = la_cache(mm, cache);

    if (la_in_interrupt(la_mm_current(mm)) || la_cache26_at(mm, cache)->busy) {
        la_slab26_bug(
            mm, "kmem_cache_destroy",
            la_cache26_at(mm, cache)->busy
                ? "Its own constructor or destructor runs just now. The real kernel frees what it still works "
                  "on; here the cache stays."
                : "A cache cannot be destroyed in an interrupt.");
        return false;
    }
    if (la_slab26_shrink(mm, cache) != 0) {
        la_cache_to_front(mm, cache); /* it was off the list, and is added like a new one */
        la_slab26_error(mm, s, "kmem_cache_destroy", "Can't free all objects",
                        "The call returns 1, and the cache stays: free every object, then destroy it again. In 6.1 the "
                        "call returns nothing, and the cache is lost.");
        return false;
    }
    LA_TRACE(mm->trace, CACHE_DESTROY, la_trace_text(mm->trace, s->name));
    la_cache_remove(mm, cache);
    return true;
}

/* ---- time ---- */

/* drain_array_locked: nothing from an array that was used since the last time. */
static uint32_t reap_array(struct la_mm *mm, uint32_t cache, struct la_array_cache *ac)
{
    uint32_t nr = (ac->limit + 4) / 5;

    if (ac->touched) {
        ac->touched = 0;
        return 0;
    }
    if (nr > ac->avail)
        nr = (ac->avail + 1) / 2;
    if (nr > 0)
        la_slab26_free_block(mm, cache, ac, nr);
    return nr;
}

static void reap_cache(struct la_mm *mm, uint32_t cache)
{
    struct la_cache26 *c = la_cache26_write(mm, cache);
    uint32_t objects = 0, slabs = 0, num = la_cache(mm, cache)->objects;

    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
        objects += reap_array(mm, cache, &c->array[cpu]);
    if (mm->tick >= c->next_reap) {
        c->next_reap = mm->tick + REAP_LIST3;
        objects += reap_array(mm, cache, &c->shared);
        if (c->free_touched)
            c->free_touched = 0;
        else
            slabs = free_slabs(mm, cache, (c->free_limit + 5 * num - 1) / (5 * num), false);
    }
    if (objects + slabs > 0)
        LA_TRACE(mm->trace, CLASSIC_REAP, la_trace_text(mm->trace, la_cache(mm, cache)->name), objects, slabs);
}

void la_slab26_tick(struct la_mm *mm)
{
    struct la_kmem26 *k = mm->kmem->classic;

    if (mm->tick < k->next_reap)
        return;
    k->next_reap = mm->tick + REAP_CPU;
    for (uint32_t cache = mm->kmem->first; cache != LA_NO_CACHE; cache = mm->kmem->cache[cache].next)
        if (!(mm->kmem->cache[cache].flags & LA_SLAB_NO_REAP))
            reap_cache(mm, cache);
}

bool la_slab26_init(struct la_mm *mm)
{
    struct la_kmem26 *k = la_arena_hot(mm->arena, sizeof *k);

    if (!k)
        return false;
    k->caches = la_arena_region(mm->arena, LA_MAX_CACHES * sizeof(struct la_cache26), 0);
    k->next_reap = REAP_CPU;
    memset(k->size, 0xFF, sizeof k->size); /* LA_NO_CACHE */
    mm->kmem->classic = k;
    return k->caches != NULL;
}
