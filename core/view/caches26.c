/*
 * caches26.c: what a cache of the SLAB of 2.6 has beside the members of caches.c.
 *
 *     "classic": colours, where struct slab lies, the shared array, slabs_full, slabs_partial, slabs_free
 *     of a CPU: its array; of a slab: its colour, and every kmem_bufctl_t as it lies in memory
 *
 * Cost: as caches.c, and the arrays of a cache.
 */
#include "view/view.h"

#include "mm/slab26.h"

enum { IDS_SHOWN = 32 };

static void array_json(const struct la_cache26 *c, const struct la_array_cache *ac, struct la_json *w)
{
    la_json_key(w, "array");
    la_json_arr(w);
    for (uint32_t i = 0; i < ac->avail; i++)
        la_json_hex(w, c->entry[ac->at + i]);
    la_json_end(w);
    la_json_kuint(w, "limit", ac->limit);
    la_json_kuint(w, "batchcount", ac->batchcount);
}

void la_view_array26(const struct la_mm *mm, uint32_t cache, uint32_t cpu, struct la_json *w)
{
    const struct la_cache26 *c = la_cache26_at(mm, cache);

    array_json(c, &c->array[cpu], w);
    la_json_kbool(w, "touched", c->array[cpu].touched != 0);
}

static void list_json(const struct la_mm *mm, const struct la_slab_chain *list, const char *key, struct la_json *w)
{
    la_json_key(w, key);
    la_json_obj(w);
    la_json_kuint(w, "nr", list->nr);
    la_json_key(w, "ids");
    la_json_arr(w);
    for (uint32_t index = list->head, n = 0; index != LA_NO_SLAB && n < IDS_SHOWN; n++) {
        la_json_uint(w, la_slab_at(mm, index)->id);
        index = la_slab_at(mm, index)->next;
    }
    la_json_end(w);
    la_json_end(w);
}

void la_view_cache26(const struct la_timeline *t, uint32_t cache, struct la_json *w)
{
    const struct la_mm *mm = t->machine->mm;
    const struct la_cache26 *c = la_cache26_at(mm, cache);

    la_json_key(w, "classic");
    la_json_obj(w);
    la_json_kbool(w, "off_slab", c->off_slab);
    la_json_kuint(w, "management", c->management);
    la_json_kstr(w, "management_cache", c->off_slab ? mm->kmem->cache[c->slabp_cache].name : "");
    la_json_kuint(w, "colours", c->colour);
    la_json_kuint(w, "colour_off", c->colour_off);
    la_json_kuint(w, "colour_next", c->colour_next);
    la_view_function_name(t, c->dtor, w, "dtor");
    la_json_kuint(w, "free_objects", c->free_objects);
    la_json_kuint(w, "free_limit", c->free_limit);
    la_json_key(w, "shared");
    la_json_obj(w);
    array_json(c, &c->shared, w);
    la_json_end(w);
    list_json(mm, &c->list[LA_SLAB_PARTIAL], "partial", w);
    list_json(mm, &c->list[LA_SLAB_FREE], "free", w);
    list_json(mm, &c->list[LA_SLAB_FULL], "full", w);
    la_json_end(w);
}

uint32_t la_view_pick26(const struct la_mm *mm, const struct la_kmem_cache *s, uint32_t *shown, uint32_t max)
{
    static const struct {
        enum la_slab_list list;
        uint32_t most; /* of 32 */
    } lists[] = {{LA_SLAB_PARTIAL, 12}, {LA_SLAB_FREE, 8}, {LA_SLAB_FULL, 12}};
    const struct la_cache26 *c = la_cache26_at(mm, (uint32_t)(s - mm->kmem->cache));
    uint32_t nr = 0;

    for (uint32_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        uint32_t index = c->list[lists[l].list].head;

        for (uint32_t n = 0; index != LA_NO_SLAB && n < lists[l].most && nr < max; n++) {
            shown[nr++] = index;
            index = la_slab_at(mm, index)->next;
        }
    }
    return nr;
}

void la_view_slab26(const struct la_mm *mm, const struct la_slab *slab, struct la_json *w)
{
    const struct la_cache26 *c = la_cache26_at(mm, slab->cache);

    la_json_kuint(w, "colour", slab->start - (c->off_slab ? 0 : c->management));
    la_json_khex(w, "management", slab->management);
    la_json_key(w, "bufctl");
    la_json_arr(w);
    for (uint32_t i = 0; i < slab->objects; i++) {
        uint16_t next = la_slab26_bufctl(mm, slab, i);

        la_json_int(w, next == LA_NO_OBJECT ? -1 : (int64_t)next);
    }
    la_json_end(w);
}
