/*
 * slab_check.c: do caches, slabs, freelists and frames agree?
 *
 * For every slab: its frames say so; each object is with the program, on the slab's freelist or on
 * a CPU's, exactly once (unless the slab was damaged by the program); inuse fits; it is on the list
 * that its state demands; counts of nodes and caches are right.
 *
 * Cost: proportional to all objects of all slabs.
 */
#include "mm/slab26.h"

struct check {
    const struct la_mm *mm;
    struct la_buf *out;
    uint32_t problems;
};

static void problem(struct check *c, const struct la_kmem_cache *s, uint32_t index, const char *what)
{
    c->problems++;
    la_buf_printf(c->out, "cache %s, slab %u: %s\n", s->name,
                  index == LA_NO_SLAB ? 0u : (unsigned)la_slab_at(c->mm, index)->id, what);
}

static void expect(struct check *c, const struct la_kmem_cache *s, uint32_t index, bool ok, const char *what)
{
    if (!ok)
        problem(c, s, index, what);
}

static void check_objects(struct check *c, const struct la_kmem_cache *s, uint32_t index)
{
    const struct la_slab *slab = la_slab_at(c->mm, index);
    const struct la_kmem_cache_cpu *cpu = &s->cpu[slab->cpu];
    bool is_cpu = slab->list == LA_SLAB_CPU;
    uint8_t seen[LA_SLAB_OBJECTS] = {0};
    uint16_t list[LA_SLAB_OBJECTS + 1];
    uint32_t own = la_slab_freelist(c->mm, slab, slab->freelist, list, LA_SLAB_OBJECTS + 1), nr_cpu = 0, used = 0,
             bad = 0;

    for (uint32_t n = 0; n < own && n < LA_SLAB_OBJECTS; n++)
        bad += seen[list[n]]++;
    if (is_cpu)
        nr_cpu = la_slab_freelist(c->mm, slab, cpu->freelist, list, LA_SLAB_OBJECTS + 1);
    for (uint32_t n = 0; n < nr_cpu && n < LA_SLAB_OBJECTS; n++)
        bad += seen[list[n]]++;
    for (uint32_t i = 0; i < slab->objects; i++) {
        used += la_slab_used(slab, i);
        bad += seen[i] && la_slab_used(slab, i);
    }
    if (slab->damaged)
        return;
    expect(c, s, index, bad == 0, "an object is on a freelist twice, or on one while in use");
    expect(c, s, index, used + own + nr_cpu == slab->objects, "objects got lost");
    expect(c, s, index, slab->inuse == slab->objects - own, "inuse is wrong");
}

static void check_place(struct check *c, const struct la_kmem_cache *s, uint32_t index)
{
    const struct la_slab *slab = la_slab_at(c->mm, index);
    const struct la_frame *frame = &c->mm->frame[slab->pfn];
    bool frozen = slab->list == LA_SLAB_CPU || slab->list == LA_SLAB_CPU_PARTIAL;

    expect(c, s, index, frame->kind == LA_FRAME_SLAB && frame->use == index && frame->order == slab->order,
           "its frames are not its own");
    expect(c, s, index, slab->frozen == frozen, "frozen does not fit its list");
    if (!slab->damaged)
        expect(c, s, index, slab->list != LA_SLAB_FULL || slab->inuse == slab->objects,
               "has free objects and is on no list");
    if (slab->list == LA_SLAB_CPU)
        expect(c, s, index, &c->mm->kmem->cache[slab->cache] == s && la_slab_at(c->mm, s->cpu[slab->cpu].slab) == slab,
               "its CPU does not know it");
    check_objects(c, s, index);
}

static void check_node(struct check *c, const struct la_kmem_cache *s, uint32_t nid)
{
    uint32_t nr = 0, prev = LA_NO_SLAB;

    for (uint32_t index = s->node[nid].partial.head; index != LA_NO_SLAB;
         index = la_slab_at(c->mm, index)->next, nr++) {
        const struct la_slab *slab = la_slab_at(c->mm, index);

        expect(c, s, index, slab->list == LA_SLAB_PARTIAL && slab->node == nid && slab->prev == prev,
               "the partial list is broken");
        prev = index;
    }
    expect(c, s, LA_NO_SLAB, nr == s->node[nid].partial.nr && s->node[nid].partial.tail == prev, "nr_partial is wrong");
}

static void check_cpu(struct check *c, const struct la_kmem_cache *s, uint32_t cpu)
{
    uint32_t nr = 0;

    for (uint32_t index = s->cpu[cpu].partial; index != LA_NO_SLAB; index = la_slab_at(c->mm, index)->next, nr++)
        expect(c, s, index,
               la_slab_at(c->mm, index)->list == LA_SLAB_CPU_PARTIAL && la_slab_at(c->mm, index)->cpu == cpu,
               "a CPU's partial list holds a slab that is elsewhere");
    expect(c, s, LA_NO_SLAB, s->cpu[cpu].slab != LA_NO_SLAB || s->cpu[cpu].freelist == LA_NO_OBJECT,
           "a freelist without a slab");
    if (s->cpu[cpu].partial != LA_NO_SLAB)
        expect(c, s, s->cpu[cpu].partial, la_slab_at(c->mm, s->cpu[cpu].partial)->slabs >= nr,
               "the count of a CPU's partial list is wrong");
}

static void check_cache(struct check *c, const struct la_kmem_cache *s)
{
    uint32_t slabs = 0, objects = 0, used = 0;

    for (uint32_t index = s->all_slabs; index != LA_NO_SLAB; index = la_slab_at(c->mm, index)->all_next, slabs++) {
        const struct la_slab *slab = la_slab_at(c->mm, index);

        check_place(c, s, index);
        objects += slab->objects;
        for (uint32_t i = 0; i < slab->objects; i++)
            used += la_slab_used(slab, i);
    }
    expect(c, s, LA_NO_SLAB, slabs == la_cache_nr_slabs(s) && objects == la_cache_num_objs(s),
           "nr_slabs or total_objects is wrong");
    expect(c, s, LA_NO_SLAB, used == s->nr_live, "the number of objects in use is wrong");
    for (uint32_t n = 0; n < c->mm->nr_nodes; n++)
        check_node(c, s, n);
    for (uint32_t cpu = 0; cpu < c->mm->nr_cpus; cpu++)
        check_cpu(c, s, cpu);
}

uint32_t la_slab_check(const struct la_mm *mm, struct la_buf *out)
{
    struct check c = {mm, out, 0};

    for (uint32_t i = 0; mm->kmem && i < LA_MAX_CACHES; i++)
        if (mm->kmem->cache[i].live && mm->kmem->classic)
            c.problems += la_slab26_check(mm, i, out);
        else if (mm->kmem->cache[i].live)
            check_cache(&c, &mm->kmem->cache[i]);
    return c.problems;
}
