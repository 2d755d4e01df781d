/*
 * slab_geometry.c: the numbers the kernel worked out for its caches, worked out again.
 *
 *     {"<boot>": {"nr_cpu_ids":…, "slub_max_order":…, "grid":[{"req_size":…, "size":…}, …]}}
 *     {"<boot>": {"internal":{"caches":[{"name":…, "object_size":…, …}]}}}
 *
 * A grid says what was asked for; the list of a boot only what came out, so object size, alignment
 * and flags are taken from it and all else is compared.
 *
 * Source of the format: the recordings' README.
 */
#include "verify/internal.h"

#include "mm/slab.h"

#include <stdlib.h>
#include <string.h>

static uint32_t flag_of_name(const char *name, size_t len)
{
    static const struct {
        const char *name;
        uint32_t flag;
    } names[] = {{"HWCACHE_ALIGN", LA_SLAB_HWCACHE_ALIGN},
                 {"CACHE_DMA", LA_SLAB_CACHE_DMA},
                 {"CACHE_DMA32", LA_SLAB_CACHE_DMA32},
                 {"TYPESAFE_BY_RCU", LA_SLAB_TYPESAFE_BY_RCU},
                 {"RECLAIM_ACCOUNT", LA_SLAB_RECLAIM_ACCOUNT},
                 {"POISON", LA_SLAB_POISON},
                 {"RED_ZONE", LA_SLAB_RED_ZONE},
                 {"STORE_USER", LA_SLAB_STORE_USER},
                 {"CONSISTENCY_CHECKS", LA_SLAB_CONSISTENCY_CHECKS},
                 {"ACCOUNT", LA_SLAB_ACCOUNT},
                 {"PANIC", LA_SLAB_PANIC},
                 {"TRACE", LA_SLAB_TRACE},
                 {"NOLEAKTRACE", LA_SLAB_NOLEAKTRACE},
                 {"MEM_SPREAD", LA_SLAB_MEM_SPREAD}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == len && strncmp(names[i].name, name, len) == 0)
            return names[i].flag;
    return 0;
}

/* "POISON|RED_ZONE|ctor" -> flags, and whether there is a constructor. */
static uint32_t parse_flags(const char *text, bool *ctor)
{
    uint32_t flags = 0;

    *ctor = false;
    while (text && *text) {
        size_t len = strcspn(text, "|");

        if (len == 4 && strncmp(text, "ctor", 4) == 0)
            *ctor = true;
        flags |= flag_of_name(text, len);
        text += len + (text[len] == '|');
    }
    return flags;
}

/* slub_debug=FPZU on the kernel's command line: flags for every cache. */
static uint32_t debug_of_cmdline(const char *cmdline)
{
    const char *p = cmdline ? strstr(cmdline, "slub_debug") : NULL;
    uint32_t flags = 0;

    if (!p)
        return 0;
    p += strlen("slub_debug");
    if (*p != '=')
        return LA_SLAB_CONSISTENCY_CHECKS | LA_SLAB_RED_ZONE | LA_SLAB_POISON | LA_SLAB_STORE_USER;
    for (p++; *p && *p != ' ' && *p != ','; p++)
        flags |= *p == 'F'   ? LA_SLAB_CONSISTENCY_CHECKS
                 : *p == 'Z' ? LA_SLAB_RED_ZONE
                 : *p == 'P' ? LA_SLAB_POISON
                 : *p == 'U' ? LA_SLAB_STORE_USER
                             : 0;
    return flags;
}

static uint32_t hex_flags(const cJSON *cache)
{
    const char *text = la_cjson_string(la_cjson_get(cache, "flags"));

    return text ? (uint32_t)strtoul(text, NULL, 16) : 0;
}

static void compare(struct la_verify *v, const struct la_kmem_cache *s, const cJSON *cache)
{
    const struct {
        const char *key;
        uint32_t have;
    } numbers[] = {{"size", s->size},
                   {"inuse", s->inuse},
                   {"align", s->align},
                   {"order", s->order},
                   {"objs_per_slab", s->objects},
                   {"min_order", s->min_order},
                   {"min_objs", s->min_objects},
                   {"freeptr_offset", s->offset},
                   {"red_left_pad", s->red_left_pad},
                   {"offset_in_slot", s->red_left_pad},
                   {"cpu_partial", s->cpu_partial},
                   {"cpu_partial_slabs", s->cpu_partial_slabs},
                   {"min_partial", s->min_partial},
                   {"slab_pages", 1u << s->order},
                   {"slab_objects", s->objects},
                   {"ksize", la_slab_ksize(s)}};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (la_cjson_get(cache, numbers[i].key))
            la_verify_value(v, numbers[i].key, numbers[i].have, la_verify_number(cache, numbers[i].key, -1));
    if (la_cjson_get(cache, "flags"))
        la_verify_value(v, "flags", s->flags, hex_flags(cache));
}

static void impossible(struct la_verify *v)
{
    (void)la_verify_value(v, "a slab for this object (1 = can be made)", 0, 1);
}

/* One cache of a grid: what was asked for is known. */
static void grid_cache(struct la_verify *v, const struct la_slab_rules *rules, const cJSON *cache)
{
    struct la_kmem_cache s;
    bool ctor;

    memset(&s, 0, sizeof s);
    s.flags = parse_flags(la_cjson_string(la_cjson_get(cache, "req_flags")), &ctor) | rules->debug;
    s.object_size = (uint32_t)la_verify_number(cache, "req_size", 0);
    s.align = la_calculate_alignment(rules, s.flags, (uint32_t)la_verify_number(cache, "req_align", 0), s.object_size);
    s.ctor = ctor;
    if (s.object_size != 0 && la_calculate_sizes(rules, &s))
        compare(v, &s, cache);
    else
        impossible(v);
}

/* The object size of the cache of that name in a boot without merging; 0 = not recorded. */
static uint32_t unmerged_size(const cJSON *recording, const char *name)
{
    const cJSON *boot, *cache;

    cJSON_ArrayForEach(boot, recording)
    {
        const char *cmdline = la_cjson_string(la_cjson_get(boot, "cmdline"));

        if (!cmdline || !strstr(cmdline, "nomerge"))
            continue;
        cJSON_ArrayForEach(cache, la_cjson_get(la_cjson_get(boot, "internal"), "caches"))
        {
            const char *other = la_cjson_string(la_cjson_get(cache, "name"));

            if (other && name && strcmp(other, name) == 0)
                return (uint32_t)la_verify_number(cache, "object_size", 0);
        }
    }
    return 0;
}

/* A shared cache has the free pointer where the first user's smaller object wanted it. */
static void merged_offset(const struct la_slab_rules *rules, const cJSON *recording, const cJSON *cache,
                          struct la_kmem_cache *s)
{
    struct la_kmem_cache first = *s;

    if (la_verify_number(cache, "refcount", 1) <= 1)
        return;
    first.object_size = unmerged_size(recording, la_cjson_string(la_cjson_get(cache, "name")));
    if (first.object_size != 0 && la_calculate_sizes(rules, &first))
        s->offset = first.offset;
}

/* One cache of a running kernel: size, alignment, flags as they are there. */
static void boot_cache(struct la_verify *v, const struct la_slab_rules *rules, const cJSON *recording,
                       const cJSON *cache)
{
    struct la_kmem_cache s;

    memset(&s, 0, sizeof s);
    s.flags = hex_flags(cache) & ~(LA_SLAB_OBJECT_POISON | LA_SLAB_CMPXCHG_DOUBLE);
    s.object_size = (uint32_t)la_verify_number(cache, "object_size", 0);
    s.align = (uint32_t)la_verify_number(cache, "align", 8);
    s.ctor = cJSON_IsTrue(la_cjson_get(cache, "ctor")) ? 1 : 0;
    if (s.object_size == 0 || s.align == 0 || !la_calculate_sizes(rules, &s)) {
        impossible(v);
        return;
    }
    merged_offset(rules, recording, cache, &s);
    compare(v, &s, cache);
}

static struct la_slab_rules rules_of(const cJSON *boot)
{
    const cJSON *internal = la_cjson_get(boot, "internal");

    return (struct la_slab_rules){.nr_cpus = (uint32_t)la_verify_number(internal ? internal : boot, "nr_cpu_ids", 1),
                                  .min_objects = (uint32_t)la_verify_number(boot, "slub_min_objects", 0),
                                  .min_order = (uint32_t)la_verify_number(boot, "slub_min_order", 0) % LA_MAX_ORDER,
                                  .max_order = (uint32_t)la_verify_number(boot, "slub_max_order", 3) % LA_MAX_ORDER,
                                  .cache_line = (uint32_t)la_verify_number(boot, "cache_line_size", 64),
                                  .pointer_bytes = 8,
                                  .debug = debug_of_cmdline(la_cjson_string(la_cjson_get(boot, "cmdline")))};
}

void la_verify_slab_geometry(struct la_verify *v, const cJSON *recording)
{
    const cJSON *boot, *cache;

    memcpy(v->report->kind, "slab geometry", sizeof "slab geometry");
    v->where = "cache";
    cJSON_ArrayForEach(boot, recording)
    {
        struct la_slab_rules rules = rules_of(boot);

        cJSON_ArrayForEach(cache, la_cjson_get(boot, "grid"))
        {
            grid_cache(v, &rules, cache);
            v->index++;
        }
        rules.debug = 0;
        cJSON_ArrayForEach(cache, la_cjson_get(la_cjson_get(boot, "internal"), "caches"))
        {
            boot_cache(v, &rules, recording, cache);
            v->index++;
        }
    }
}
