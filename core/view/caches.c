/*
 * caches.c: the sections "caches" and "pools" of a snapshot.
 *
 *     cache "foo" -> numbers, parts of a slot
 *                 -> cpus: slab, freelist, partial list      nodes: partial list
 *                 -> slabs: state of each object as one letter (U f c x), freelist in order
 *
 * Boot caches appear once they have had a slab, so a lesson about pages has an empty list here.
 *
 * Cost: bounded by caches x 32 slabs x 512 objects.
 */
#include "view/view.h"

#include "mm/mempool.h"
#include "mm/slab26.h"

#include <string.h>

enum { SLABS_SHOWN = 32, ELEMENTS_SHOWN = 64 };

void la_view_function_name(const struct la_timeline *t, uint64_t addr, struct la_json *w, const char *key)
{
    struct la_buf text;

    la_buf_init(&text, t->host);
    if (addr != 0 && t->interp)
        la_interp_function_text(t->interp, addr, &text);
    la_json_kstr(w, key, la_buf_str(&text));
    la_buf_free(&text);
}

/* ---- a slab ---- */

/* A freelist as slot numbers. */
struct freelist {
    uint16_t object[LA_SLAB_OBJECTS];
    uint32_t nr;
};

static void walk(const struct la_mm *mm, const struct la_slab *slab, uint16_t first, struct freelist *list)
{
    list->nr = la_slab_freelist(mm, slab, first, list->object, LA_SLAB_OBJECTS);
}

static void freelist_json(const struct freelist *list, const char *key, struct la_json *w)
{
    la_json_key(w, key);
    la_json_arr(w);
    for (uint32_t i = 0; i < list->nr; i++)
        la_json_uint(w, list->object[i]);
    la_json_end(w);
}

/* One letter per object; an object in use stays that, whatever a damaged list says. */
static void letters(const struct la_slab *slab, const struct freelist *list, char letter, char *state)
{
    for (uint32_t i = 0; i < list->nr; i++)
        if (!la_slab_used(slab, list->object[i]))
            state[list->object[i]] = letter;
}

/* 2.6: objects in an array are free, but not on their slab. */
struct marks {
    const struct la_mm *mm;
    const struct la_slab *slab;
    char *state;
};

static void mark_entry(void *ctx, uint64_t object)
{
    const struct marks *m = ctx;
    uint32_t i, index = la_virt_to_slab(m->mm, object, &i);

    if (index != LA_NO_SLAB && la_slab_at(m->mm, index) == m->slab && i < m->slab->objects)
        m->state[i] = 'c';
}

static bool is_lost(const struct la_mm *mm, const struct la_slab *slab, uint32_t i)
{
    return la_slab_owner(mm, la_slab_object(mm, slab, i)) == LA_OBJECT_LOST;
}

static void steps_json(const struct la_mm *mm, const struct la_slab *slab, struct la_json *w)
{
    la_json_key(w, "steps");
    la_json_arr(w);
    for (uint32_t i = 0; i < slab->objects; i++)
        if (la_slab_used(slab, i) && !is_lost(mm, slab, i))
            la_json_uint(w, la_slab_owner(mm, la_slab_object(mm, slab, i)));
    la_json_end(w);
}

static void slab_json(const struct la_mm *mm, const struct la_kmem_cache *s, const struct la_slab *slab,
                      struct la_json *w)
{
    static const char *const lists[] = {"full", "cpu", "cpu_partial", "partial", "free"};
    bool on_cpu = slab->list == LA_SLAB_CPU;
    char state[LA_SLAB_OBJECTS + 1];
    struct freelist next, remote;

    walk(mm, slab, on_cpu ? s->cpu[slab->cpu].freelist : slab->freelist, &next);
    walk(mm, slab, on_cpu ? slab->freelist : LA_NO_OBJECT, &remote);
    for (uint32_t i = 0; i < slab->objects; i++)
        state[i] = la_slab_used(slab, i) && !is_lost(mm, slab, i) ? 'U' : 'x';
    state[slab->objects] = '\0';
    letters(slab, &next, on_cpu ? 'c' : 'f', state);
    letters(slab, &remote, 'f', state);
    if (mm->kmem->classic)
        la_slab26_each_entry(mm, slab->cache, mark_entry, &(struct marks){mm, slab, state});
    la_json_obj(w);
    la_json_kuint(w, "id", slab->id);
    la_json_kuint(w, "pfn", slab->pfn);
    la_json_khex(w, "address", la_pfn_to_virt(mm, slab->pfn) + slab->start);
    la_json_kuint(w, "order", slab->order);
    la_json_kuint(w, "node", slab->node);
    la_json_kstr(w, "list", lists[slab->list]);
    la_json_kint(w, "cpu", on_cpu || slab->list == LA_SLAB_CPU_PARTIAL ? slab->cpu : -1);
    la_json_kuint(w, "objects", slab->objects);
    la_json_kuint(w, "inuse", slab->inuse);
    la_json_kbool(w, "frozen", slab->frozen && !mm->kmem->classic);
    la_json_kstr(w, "state", state);
    freelist_json(&next, "freelist", w);
    freelist_json(&remote, "remote", w);
    steps_json(mm, slab, w);
    if (mm->kmem->classic)
        la_view_slab26(mm, slab, w);
    la_json_end(w);
}

/* The slabs shown: those on lists first, then full ones, each in order of id. */
static void slabs_json(const struct la_mm *mm, const struct la_kmem_cache *s, struct la_json *w)
{
    uint32_t shown[SLABS_SHOWN], nr = 0;

    if (mm->kmem->classic) {
        nr = la_view_pick26(mm, s, shown, SLABS_SHOWN);
        la_json_key(w, "slabs");
        la_json_arr(w);
        for (uint32_t i = 0; i < nr; i++)
            slab_json(mm, s, la_slab_at(mm, shown[i]), w);
        la_json_end(w);
        return;
    }
    for (uint32_t full = 0; full < 2; full++) {
        for (uint32_t index = s->all_slabs; index != LA_NO_SLAB && nr < SLABS_SHOWN;
             index = la_slab_at(mm, index)->all_next)
            if ((la_slab_at(mm, index)->list == LA_SLAB_FULL) == (full == 1))
                shown[nr++] = index;
    }
    la_json_key(w, "slabs");
    la_json_arr(w);
    for (uint32_t full = 0; full < 2; full++)
        for (uint32_t i = nr; i-- > 0;) /* the list of all slabs has the newest first */
            if ((la_slab_at(mm, shown[i])->list == LA_SLAB_FULL) == (full == 1))
                slab_json(mm, s, la_slab_at(mm, shown[i]), w);
    la_json_end(w);
}

/* ---- a cache ---- */

static void ids_json(const struct la_mm *mm, uint32_t index, struct la_json *w)
{
    la_json_key(w, "partial");
    la_json_arr(w);
    for (uint32_t n = 0; index != LA_NO_SLAB && n < SLABS_SHOWN; index = la_slab_at(mm, index)->next, n++)
        la_json_uint(w, la_slab_at(mm, index)->id);
    la_json_end(w);
}

/* 2.6: a CPU has an array and no slab. */
static void array_json(const struct la_mm *mm, uint32_t cache, uint32_t cpu, struct la_json *w)
{
    la_json_obj(w);
    la_json_kuint(w, "cpu", cpu);
    la_json_kint(w, "slab", -1);
    la_json_key(w, "freelist");
    la_json_arr(w);
    la_json_end(w);
    la_json_key(w, "partial");
    la_json_arr(w);
    la_json_end(w);
    la_view_array26(mm, cache, cpu, w);
    la_json_end(w);
}

static void cpus_json(const struct la_mm *mm, const struct la_kmem_cache *s, struct la_json *w)
{
    la_json_key(w, "cpus");
    la_json_arr(w);
    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++) {
        const struct la_kmem_cache_cpu *c = &s->cpu[cpu];
        struct freelist list = {.nr = 0};

        if (mm->kmem->classic && s->next_id != 0)
            array_json(mm, (uint32_t)(s - mm->kmem->cache), cpu, w);
        if (c->slab == LA_NO_SLAB && c->partial == LA_NO_SLAB)
            continue;
        la_json_obj(w);
        la_json_kuint(w, "cpu", cpu);
        la_json_kint(w, "slab", c->slab == LA_NO_SLAB ? -1 : (int64_t)la_slab_at(mm, c->slab)->id);
        if (c->slab != LA_NO_SLAB)
            walk(mm, la_slab_at(mm, c->slab), c->freelist, &list);
        freelist_json(&list, "freelist", w);
        ids_json(mm, c->partial, w);
        la_json_end(w);
    }
    la_json_end(w);
}

static void nodes_json(const struct la_mm *mm, const struct la_kmem_cache *s, struct la_json *w)
{
    la_json_key(w, "nodes");
    la_json_arr(w);
    for (uint32_t n = 0; n < mm->nr_nodes; n++) {
        if (s->node[n].partial.nr == 0)
            continue;
        la_json_obj(w);
        la_json_kuint(w, "node", n);
        la_json_kuint(w, "nr_partial", s->node[n].partial.nr);
        ids_json(mm, s->node[n].partial.head, w);
        la_json_end(w);
    }
    la_json_end(w);
}

static void flags_json(const struct la_kmem_cache *s, struct la_json *w)
{
    uint32_t nr;
    const struct la_slab_flag *flag = la_slab_flags(&nr);

    la_json_key(w, "flags");
    la_json_arr(w);
    for (uint32_t i = 0; i < nr; i++)
        if ((s->flags & flag[i].value) && strcmp(flag[i].group, "old") != 0)
            la_json_str(w, flag[i].name);
    la_json_end(w);
}

static void layout_json(const struct la_mm *mm, const struct la_kmem_cache *s, struct la_json *w)
{
    struct la_slot_part part[LA_SLOT_PARTS];
    uint32_t nr = la_slot_parts(&mm->kmem->rules, s, part);

    la_json_key(w, "layout");
    la_json_arr(w);
    for (uint32_t i = 0; i < nr; i++) {
        la_json_obj(w);
        la_json_kstr(w, "what", la_slot_what_name(part[i].what));
        la_json_kuint(w, "offset", part[i].offset);
        la_json_kuint(w, "bytes", part[i].bytes);
        la_json_end(w);
    }
    la_json_end(w);
}

/* Bytes of a slab that hold no slot; in 2.6 those for colours, without struct slab. */
static uint32_t waste_of(const struct la_mm *mm, const struct la_kmem_cache *s)
{
    uint32_t rest = ((uint32_t)LA_PAGE_SIZE << s->order) - s->objects * s->size;
    const struct la_cache26 *c = mm->kmem->classic ? la_cache26_at(mm, (uint32_t)(s - mm->kmem->cache)) : NULL;

    return c && !c->off_slab ? rest - c->management : rest;
}

static void numbers_json(const struct la_mm *mm, const struct la_kmem_cache *s, struct la_json *w)
{
    const struct {
        const char *key;
        uint32_t value;
    } numbers[] = {{"object_size", s->object_size},
                   {"size", s->size},
                   {"align", s->align},
                   {"inuse", s->inuse},
                   {"offset", s->offset},
                   {"red_left_pad", s->red_left_pad},
                   {"cache_line", mm->kmem->rules.cache_line},
                   {"order", s->order},
                   {"objects", s->objects},
                   {"slab_waste", waste_of(mm, s)},
                   {"min_partial", s->min_partial},
                   {"cpu_partial_slabs", s->cpu_partial_slabs}};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        la_json_kuint(w, numbers[i].key, numbers[i].value);
}

/* Objects whose free was refused; only caches with debugging refuse. */
static uint32_t nr_lost(const struct la_mm *mm, const struct la_kmem_cache *s)
{
    uint32_t nr = 0;

    if (mm->kmem->classic || !la_cache_debug(s))
        return 0;
    for (uint32_t index = s->all_slabs; index != LA_NO_SLAB; index = la_slab_at(mm, index)->all_next)
        for (uint32_t i = 0; i < la_slab_at(mm, index)->objects; i++)
            nr += la_slab_used(la_slab_at(mm, index), i) && is_lost(mm, la_slab_at(mm, index), i);
    return nr;
}

static void cache_json(const struct la_timeline *t, uint32_t cache, struct la_json *w)
{
    const struct la_mm *mm = t->machine->mm;
    const struct la_kmem_cache *s = &mm->kmem->cache[cache];

    la_json_obj(w);
    la_json_kuint(w, "index", cache);
    la_json_kstr(w, "name", s->name);
    la_json_khex(w, "address", la_cache_address(mm, cache));
    la_json_kbool(w, "boot", s->boot);
    la_json_kbool(w, "dead", s->dead);
    numbers_json(mm, s, w);
    flags_json(s, w);
    la_json_kbool(w, "debug", la_cache_debug(s));
    la_view_function_name(t, s->ctor, w, "ctor");
    la_json_kint(w, "refcount", s->refcount);
    la_json_key(w, "aliases");
    la_json_arr(w);
    for (uint32_t i = 0; i < s->nr_aliases && i < LA_CACHE_ALIASES; i++)
        la_json_str(w, s->alias[i]);
    la_json_end(w);
    layout_json(mm, s, w);
    la_json_kuint(w, "nr_slabs", la_cache_nr_slabs(s));
    la_json_kuint(w, "num_objs", la_cache_num_objs(s));
    la_json_kuint(w, "active_objs", la_cache_active_objs(mm, s));
    la_json_kuint(w, "live_objs", s->nr_live - nr_lost(mm, s));
    cpus_json(mm, s, w);
    nodes_json(mm, s, w);
    slabs_json(mm, s, w);
    if (mm->kmem->classic)
        la_view_cache26(t, cache, w);
    la_json_end(w);
}

void la_view_caches(const struct la_timeline *t, struct la_json *w)
{
    const struct la_kmem *kmem = t->machine->mm->kmem;

    la_json_key(w, "caches");
    la_json_arr(w);
    for (uint32_t cache = kmem->first; cache != LA_NO_CACHE; cache = kmem->cache[cache].next)
        if (!kmem->cache[cache].boot || kmem->cache[cache].next_id != 0)
            cache_json(t, cache, w);
    la_json_end(w);
}

/* ---- pools ---- */

static void waiting_json(const struct la_mm *mm, const struct la_mempool *pool, struct la_json *w)
{
    la_json_key(w, "waiting");
    la_json_arr(w);
    if (pool->waiting_since) {
        la_json_obj(w);
        la_json_kstr(w, "comm", mm->context[mm->cpu].comm);
        la_json_kuint(w, "pid", mm->context[mm->cpu].pid);
        la_json_khex(w, "since", pool->waiting_since - 1);
        la_json_end(w);
    }
    la_json_end(w);
}

static void pool_json(const struct la_timeline *t, uint32_t index, struct la_json *w)
{
    static const char *const kinds[] = {"slab", "kmalloc", "pages", "custom"};
    const struct la_mm *mm = t->machine->mm;
    const struct la_mempool *pool = &mm->kmem->pool[index];
    uint32_t cache = pool->fn.kind == LA_POOL_SLAB ? la_cache_at(mm, pool->fn.pool_data) : LA_NO_CACHE;

    la_json_obj(w);
    la_json_kuint(w, "index", index);
    la_json_khex(w, "address", pool->address);
    la_json_kuint(w, "min_nr", pool->min_nr);
    la_json_kuint(w, "curr_nr", pool->curr_nr);
    la_json_kstr(w, "kind", kinds[pool->fn.kind]);
    la_view_function_name(t, pool->fn.alloc_fn, w, "alloc");
    la_view_function_name(t, pool->fn.free_fn, w, "free");
    la_json_khex(w, "pool_data", pool->fn.pool_data);
    la_json_kint(w, "cache", cache == LA_NO_CACHE ? -1 : (int64_t)cache);
    la_json_key(w, "elements");
    la_json_arr(w);
    for (uint32_t i = 0; i < pool->curr_nr && i < ELEMENTS_SHOWN; i++)
        la_json_hex(w, la_mempool_element(mm, pool, i));
    la_json_end(w);
    la_json_kuint(w, "outstanding", pool->outstanding);
    waiting_json(mm, pool, w);
    la_json_kuint(w, "alloc_calls", pool->alloc_calls);
    la_json_kuint(w, "free_calls", pool->free_calls);
    la_json_end(w);
}

void la_view_pools(const struct la_timeline *t, struct la_json *w)
{
    const struct la_kmem *kmem = t->machine->mm->kmem;

    la_json_key(w, "pools");
    la_json_arr(w);
    for (uint32_t i = 0; i < LA_MAX_POOLS; i++)
        if (kmem->pool[i].address != 0)
            pool_json(t, i, w);
    la_json_end(w);
}
