/*
 * sys_slab.c: /sys/kernel/slab/<cache>/<attribute>, as the kernel prints it.
 *
 * A cache is found by its own name or by that of a cache merged into it (the kernel has a link).
 * The attribute "*" stands for all of them, one a line with its name, as `grep . *` prints them.
 *
 * Deviations:
 *  A. Attributes that would have to be written to do something (shrink, validate) are not here:
 *     kmem_cache_shrink() and validate_slab_cache() are calls.
 *
 * Source: Linux 6.1.192 mm/slub.c: *_show, show_slab_objects, slabs_cpu_partial_show.
 */
#include "view/proc_files.h"

#include "mm/slab.h"

#include <string.h>

static const struct la_kmem_cache *cache_called(const struct la_mm *mm, const char *name, size_t len)
{
    for (uint32_t cache = mm->kmem->first; cache != LA_NO_CACHE; cache = mm->kmem->cache[cache].next) {
        const struct la_kmem_cache *s = &mm->kmem->cache[cache];

        if (strlen(s->name) == len && strncmp(s->name, name, len) == 0)
            return s;
        for (uint32_t i = 0; i < s->nr_aliases && i < LA_CACHE_ALIASES; i++)
            if (strlen(s->alias[i]) == len && strncmp(s->alias[i], name, len) == 0)
                return s;
    }
    return NULL;
}

/* Attributes that are one number. */
static bool plain(const struct la_kmem_cache *s, const char *attribute, struct la_buf *out)
{
    const struct {
        const char *name;
        uint32_t value;
    } numbers[] = {{"object_size", s->object_size},
                   {"slab_size", s->size},
                   {"order", s->order},
                   {"objs_per_slab", s->objects},
                   {"align", s->align},
                   {"cpu_partial", s->cpu_partial},
                   {"min_partial", s->min_partial},
                   {"usersize", s->usersize},
                   {"aliases", s->refcount < 0 ? 0 : (uint32_t)s->refcount - 1},
                   {"red_zone", (s->flags & LA_SLAB_RED_ZONE) != 0},
                   {"poison", (s->flags & LA_SLAB_POISON) != 0},
                   {"store_user", (s->flags & LA_SLAB_STORE_USER) != 0},
                   {"sanity_checks", (s->flags & LA_SLAB_CONSISTENCY_CHECKS) != 0},
                   {"trace", (s->flags & LA_SLAB_TRACE) != 0},
                   {"hwcache_align", (s->flags & LA_SLAB_HWCACHE_ALIGN) != 0},
                   {"cache_dma", (s->flags & LA_SLAB_CACHE_DMA) != 0},
                   {"reclaim_account", (s->flags & LA_SLAB_RECLAIM_ACCOUNT) != 0},
                   {"destroy_by_rcu", (s->flags & LA_SLAB_TYPESAFE_BY_RCU) != 0}};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(numbers[i].name, attribute) != 0)
            continue;
        la_buf_printf(out, "%u\n", (unsigned)numbers[i].value);
        return true;
    }
    return false;
}

/* Slabs that CPUs hold on @nid: their own and those on their partial lists. */
static uint32_t cpu_slabs(const struct la_mm *mm, const struct la_kmem_cache *s, uint32_t nid)
{
    uint32_t nr = 0;

    for (uint32_t index = s->all_slabs; index != LA_NO_SLAB; index = la_slab_at(mm, index)->all_next) {
        const struct la_slab *slab = la_slab_at(mm, index);

        nr += slab->node == nid && (slab->list == LA_SLAB_CPU_PARTIAL || slab->list == LA_SLAB_CPU);
    }
    return nr;
}

static uint32_t free_on_partial(const struct la_mm *mm, const struct la_kmem_cache *s, uint32_t nid)
{
    uint32_t free = 0;

    for (uint32_t index = s->node[nid].partial.head; index != LA_NO_SLAB; index = la_slab_at(mm, index)->next)
        free += (uint32_t)(la_slab_at(mm, index)->objects - la_slab_at(mm, index)->inuse);
    return free;
}

/* The numbers that are counted node by node: "32 N0=16 N1=16". */
static bool by_node(const struct la_mm *mm, const struct la_kmem_cache *s, const char *attribute, struct la_buf *out)
{
    static const char *const names[] = {"total_objects", "slabs", "partial", "objects", "cpu_slabs"};
    uint32_t sum = 0, what = 0;

    while (what < 5 && strcmp(names[what], attribute) != 0)
        what++;
    if (what == 5)
        return false;
    uint32_t value[LA_MAX_NODES];

    for (uint32_t n = 0; n < mm->nr_nodes; n++) {
        const struct la_kmem_cache_node *node = &s->node[n];

        value[n] = what == 0   ? node->total_objects
                   : what == 1 ? node->nr_slabs
                   : what == 2 ? node->partial.nr
                   : what == 3 ? node->total_objects - free_on_partial(mm, s, n)
                               : cpu_slabs(mm, s, n);
        sum += value[n];
    }
    la_buf_printf(out, "%u", (unsigned)sum);
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        if (value[n])
            la_buf_printf(out, " N%u=%u", (unsigned)n, (unsigned)value[n]);
    la_buf_putc(out, '\n');
    return true;
}

/* "objects(slabs)" of the CPUs' partial lists; the kernel guesses that each slab is half full. */
static void slabs_cpu_partial(const struct la_mm *mm, const struct la_kmem_cache *s, struct la_buf *out)
{
    uint32_t slabs = 0;

    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
        if (s->cpu[cpu].partial != LA_NO_SLAB)
            slabs += la_slab_at(mm, s->cpu[cpu].partial)->slabs;
    la_buf_printf(out, "%u(%u)", (unsigned)(slabs * s->objects / 2), (unsigned)slabs);
    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++) {
        uint32_t mine = s->cpu[cpu].partial == LA_NO_SLAB ? 0 : la_slab_at(mm, s->cpu[cpu].partial)->slabs;

        if (mine)
            la_buf_printf(out, " C%u=%u(%u)", (unsigned)cpu, (unsigned)(mine * s->objects / 2), (unsigned)mine);
    }
    la_buf_putc(out, '\n');
}

static bool attribute(const struct la_mm *mm, const struct la_kmem_cache *s, const char *name, struct la_buf *out)
{
    if (strcmp(name, "slabs_cpu_partial") == 0) {
        slabs_cpu_partial(mm, s, out);
        return true;
    }
    return plain(s, name, out) || by_node(mm, s, name, out);
}

static void all_attributes(const struct la_mm *mm, const struct la_kmem_cache *s, struct la_buf *out)
{
    static const char *const names[] = {"aliases",       "align",          "cache_dma",       "cpu_partial",
                                        "cpu_slabs",     "destroy_by_rcu", "hwcache_align",   "min_partial",
                                        "object_size",   "objects",        "objs_per_slab",   "order",
                                        "partial",       "poison",         "reclaim_account", "red_zone",
                                        "sanity_checks", "slab_size",      "slabs",           "slabs_cpu_partial",
                                        "store_user",    "total_objects",  "trace",           "usersize"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        la_buf_printf(out, "%s:", names[i]);
        (void)attribute(mm, s, names[i], out);
    }
}

bool la_sys_slab(const struct la_mm *mm, const char *path, struct la_buf *out)
{
    const char *slash = strchr(path, '/');
    const struct la_kmem_cache *s = slash ? cache_called(mm, path, (size_t)(slash - path)) : NULL;

    if (!s)
        return false;
    if (strcmp(slash + 1, "*") != 0)
        return attribute(mm, s, slash + 1, out);
    all_attributes(mm, s, out);
    return true;
}
