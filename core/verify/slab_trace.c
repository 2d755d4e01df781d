/*
 * slab_trace.c: replay alloc, free and shrink on one recorded cache, and compare everything after each.
 *
 *     random_seq                 -> the order in which new slabs are linked
 *     op alloc, new_slab         -> where in that order the slab begins (chance, so it is taken over)
 *     after each op              -> object returned, CPU slab and freelist, both partial lists, all slabs
 *
 * Slabs are named in order of appearance, as the recording does.  Operations of another CPU run on
 * that CPU here; the recorded CPU slab is that of CPU 0.
 *
 * Source of the format: the recordings' README.
 */
#include "verify/internal.h"

#include "mm/slab_internal.h"

#include <string.h>

enum { MAX_HANDLES = 1 << 20 };

struct slab_replay {
    struct la_verify *v;
    struct la_verify_memory m;
    struct la_mm *mm;
    struct la_kmem_cache *s;
    uint32_t cache;
};

static uint32_t flags_of(const cJSON *recording)
{
    const char *hex = la_cjson_string(la_cjson_get(recording, "flags"));
    uint32_t flags = 0;

    for (hex = hex ? hex + 2 : ""; *hex; hex++)
        flags = flags << 4 | (uint32_t)(*hex <= '9' ? *hex - '0' : (*hex | 32) - 'a' + 10);
    return flags & ~(LA_SLAB_OBJECT_POISON | LA_SLAB_CMPXCHG_DOUBLE);
}

static bool make_cache(struct slab_replay *r, const cJSON *recording)
{
    const cJSON *seq = la_cjson_get(recording, "random_seq"), *item;
    uint32_t align = (uint32_t)la_verify_number(recording, "align", 8), n = 0;

    if (!la_verify_memory(&r->m, r->v->host, (uint32_t)la_verify_number(recording, "nr_cpu_ids", 1), 8, false))
        return false;
    r->mm = r->m.mm;
    r->mm->kmem->rules.freelist_random = cJSON_GetArraySize(seq) > 0;
    r->cache = la_kmem_cache_create(r->mm, "replayed", (uint32_t)la_verify_number(recording, "object_size", 0), align,
                                    flags_of(recording) & LA_SLAB_CREATE_MASK, 0);
    if (r->cache == LA_NO_CACHE)
        return false;
    r->s = &r->mm->kmem->cache[r->cache];
    la_verify_value(r->v, "slot size", r->s->size, la_verify_number(recording, "size", 0));
    la_verify_value(r->v, "objects per slab", r->s->objects, la_verify_number(recording, "objs_per_slab", 0));
    la_verify_value(r->v, "cpu_partial_slabs", r->s->cpu_partial_slabs,
                    la_verify_number(recording, "cpu_partial_slabs", 0));
    la_verify_value(r->v, "min_partial", r->s->min_partial, la_verify_number(recording, "min_partial", 0));
    if (cJSON_GetArraySize(seq) > 0 && (uint32_t)cJSON_GetArraySize(seq) != r->s->objects)
        return false;
    cJSON_ArrayForEach(item, seq)
    {
        uint32_t i = (uint32_t)item->valuedouble;

        r->s->random_seq[n++] = (uint16_t)(i < r->s->objects ? i : 0);
    }
    return true;
}

/* ---- comparing ---- */

static uint32_t slab_by_id(const struct slab_replay *r, int64_t id)
{
    uint32_t index = r->s->all_slabs;

    while (index != LA_NO_SLAB && la_slab_at(r->mm, index)->id != id)
        index = la_slab_at(r->mm, index)->all_next;
    return index;
}

static int64_t id_of(const struct slab_replay *r, uint32_t index)
{
    return index == LA_NO_SLAB ? -1 : (int64_t)la_slab_at(r->mm, index)->id;
}

static void compare_list(struct slab_replay *r, const char *what, const cJSON *recorded, const uint16_t *have,
                         uint32_t nr)
{
    const cJSON *item;
    uint32_t n = 0;

    cJSON_ArrayForEach(item, recorded)
    {
        la_verify_value(r->v, what, n < nr ? have[n] : -1, (int64_t)item->valuedouble);
        n++;
    }
    la_verify_value(r->v, what, nr, n);
}

static void compare_freelist(struct slab_replay *r, const char *what, uint32_t index, uint16_t first,
                             const cJSON *recorded)
{
    uint16_t list[LA_SLAB_OBJECTS];
    uint32_t nr =
        index == LA_NO_SLAB ? 0 : la_slab_freelist(r->mm, la_slab_at(r->mm, index), first, list, LA_SLAB_OBJECTS);

    compare_list(r, what, recorded, list, nr);
}

static void compare_partial(struct slab_replay *r, const cJSON *op)
{
    uint32_t index = r->s->cpu[0].partial, node = r->s->node[0].partial.head;
    const cJSON *item;

    cJSON_ArrayForEach(item, la_cjson_get(op, "cpu_partial"))
    {
        la_verify_value(r->v, "slab of the CPU's partial list", id_of(r, index), la_verify_number(item, "slab", -1));
        if (index == LA_NO_SLAB)
            continue;
        la_verify_value(r->v, "slabs of the CPU's partial list", la_slab_at(r->mm, index)->slabs,
                        la_verify_number(item, "slabs_field", -1));
        index = la_slab_at(r->mm, index)->next;
    }
    la_verify_value(r->v, "end of the CPU's partial list", id_of(r, index), -1);
    cJSON_ArrayForEach(item, la_cjson_get(op, "node_partial"))
    {
        la_verify_value(r->v, "slab of the node's partial list", id_of(r, node), (int64_t)item->valuedouble);
        if (node != LA_NO_SLAB)
            node = la_slab_at(r->mm, node)->next;
    }
    la_verify_value(r->v, "end of the node's partial list", id_of(r, node), -1);
    la_verify_value(r->v, "nr_partial", r->s->node[0].partial.nr, la_verify_number(op, "node_nr_partial", -1));
}

static void compare_slab(struct slab_replay *r, const cJSON *recorded)
{
    uint32_t index = slab_by_id(r, la_verify_number(recorded, "id", -1));

    if (!la_verify_value(r->v, "slab exists", index != LA_NO_SLAB, 1))
        return;
    const struct la_slab *slab = la_slab_at(r->mm, index);

    la_verify_value(r->v, "inuse", slab->inuse, la_verify_number(recorded, "inuse", -1));
    la_verify_value(r->v, "objects", slab->objects, la_verify_number(recorded, "objects", -1));
    la_verify_value(r->v, "frozen", slab->frozen, la_verify_number(recorded, "frozen", -1));
    compare_freelist(r, "freelist of a slab", index, slab->freelist, la_cjson_get(recorded, "freelist"));
}

static void compare_state(struct slab_replay *r, const cJSON *op)
{
    const struct la_kmem_cache_cpu *c = &r->s->cpu[0];
    const cJSON *item;

    la_verify_value(r->v, "slab of the CPU", id_of(r, c->slab), la_verify_number(op, "cpu_slab", -1));
    compare_freelist(r, "freelist of the CPU", c->slab, c->freelist, la_cjson_get(op, "cpu_freelist"));
    compare_partial(r, op);
    la_verify_value(r->v, "nr_slabs", la_cache_nr_slabs(r->s), la_verify_number(op, "nr_slabs", -1));
    cJSON_ArrayForEach(item, la_cjson_get(op, "slabs")) compare_slab(r, item);
    cJSON_ArrayForEach(item, la_cjson_get(op, "discarded"))
        la_verify_value(r->v, "a slab given back", slab_by_id(r, (int64_t)item->valuedouble) == LA_NO_SLAB, 1);
}

/* ---- the operations ---- */

static void do_alloc(struct slab_replay *r, const cJSON *op)
{
    int64_t want = la_verify_number(op, "obj", -1);
    uint32_t slabs = r->s->next_id, i = 0;

    r->mm->kmem->next_pos = 0;
    for (uint32_t n = 0; r->s->random_seq && n < r->s->objects; n++)
        if (r->s->random_seq[n] == want)
            r->mm->kmem->next_pos = (int32_t)n;
    uint64_t object = la_kmem_cache_alloc(r->mm, r->cache, LA_GFP_KERNEL, LA_NO_NODE);
    uint32_t index = la_virt_to_slab(r->mm, object, &i);

    la_verify_value(r->v, "slab of the object", id_of(r, index), la_verify_number(op, "slab", -1));
    la_verify_value(r->v, "object returned", index == LA_NO_SLAB ? -1 : (int64_t)i, want);
    la_verify_value(r->v, "a new slab was made", r->s->next_id != slabs, cJSON_IsTrue(la_cjson_get(op, "new_slab")));
}

static void do_op(struct slab_replay *r, const cJSON *op)
{
    const char *what = la_cjson_string(la_cjson_get(op, "op"));
    uint32_t cpu = (uint32_t)la_verify_number(op, "cpu", 0), index, i = (uint32_t)la_verify_number(op, "obj", 0);

    r->mm->cpu = (uint8_t)(cpu < r->mm->nr_cpus ? cpu : 0);
    if (what && strcmp(what, "alloc") == 0) {
        do_alloc(r, op);
    } else if (what && strcmp(what, "free") == 0) {
        index = slab_by_id(r, la_verify_number(op, "slab", -1));
        if (la_verify_value(r->v, "slab exists", index != LA_NO_SLAB && i < la_slab_at(r->mm, index)->objects, 1))
            la_kmem_cache_free(r->mm, r->cache, la_slab_object(r->mm, la_slab_at(r->mm, index), i));
    } else {
        (void)la_kmem_cache_shrink(r->mm, r->cache);
    }
    r->mm->cpu = 0;
    compare_state(r, op);
}

/* Everything still out is freed at the end, in the order in which it was allocated. */
static void free_what_is_left(struct slab_replay *r, const cJSON *ops)
{
    const cJSON *op, *other;

    cJSON_ArrayForEach(op, ops)
    {
        const char *what = la_cjson_string(la_cjson_get(op, "op"));
        int64_t h = la_verify_number(op, "h", -1);
        bool freed = false;

        if (!what || strcmp(what, "alloc") != 0)
            continue;
        for (other = op->next; other && !freed; other = other->next) {
            const char *later = la_cjson_string(la_cjson_get(other, "op"));

            freed = later && la_verify_number(other, "h", -2) == h && strcmp(later, "free") == 0;
        }
        uint32_t index = slab_by_id(r, la_verify_number(op, "slab", -1)), i = (uint32_t)la_verify_number(op, "obj", 0);

        if (!freed && index != LA_NO_SLAB && i < la_slab_at(r->mm, index)->objects)
            la_kmem_cache_free(r->mm, r->cache, la_slab_object(r->mm, la_slab_at(r->mm, index), i));
    }
}

void la_verify_slab_trace(struct la_verify *v, const cJSON *recording)
{
    struct slab_replay r = {.v = v};
    const cJSON *ops = la_cjson_get(recording, "ops"), *end = la_cjson_get(recording, "after_freeing_everything_left"),
                *op;
    struct la_buf problems;

    memcpy(v->report->kind, "slab trace", sizeof "slab trace");
    v->where = "op";
    if (make_cache(&r, recording)) {
        cJSON_ArrayForEach(op, ops)
        {
            do_op(&r, op);
            v->index++;
        }
        v->where = "after op";
        if (end) {
            free_what_is_left(&r, ops);
            compare_state(&r, end);
        }
        la_buf_init(&problems, v->host);
        la_verify_value(v, "broken invariants", la_slab_check(r.mm, &problems), 0);
        la_buf_free(&problems);
    } else {
        la_buf_puts(&v->report->text, "the recorded cache cannot be made: its numbers make no sense\n");
        v->report->differ++;
    }
    la_verify_memory_free(&r.m);
}
