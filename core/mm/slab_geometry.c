/*
 * slab_geometry.c: from the size somebody asks for to slots, slabs and limits.
 *
 *     object_size 100, HWCACHE_ALIGN:   |object 100|4|. . . . . . 24 . . . . . .|   slot of 128
 *     RED_ZONE|POISON|STORE_USER:       |left red|object|right red|free ptr|track|track|padding|
 *
 * Only numbers come in and go out: the replay of recorded geometries calls this, and so does
 * kmem_cache_create.
 *
 * Cost: a few divisions per order tried.
 * Source: Linux 6.1.192 mm/slub.c: calculate_sizes, calculate_order, calc_slab_order,
 * set_cpu_partial; mm/slab_common.c: calculate_alignment.
 */
#include "mm/slab26.h"

#include <string.h>

enum { MAX_OBJS_PER_PAGE = 32767, MIN_PARTIAL = 5, MAX_PARTIAL = 10 };

uint32_t la_calculate_alignment(const struct la_slab_rules *rules, uint32_t flags, uint32_t align, uint32_t size)
{
    if (flags & LA_SLAB_HWCACHE_ALIGN) {
        uint32_t line = rules->cache_line;

        while (line > 1 && size <= line / 2)
            line /= 2;
        align = align > line ? align : line;
    }
    align = align > 8 ? align : 8; /* ARCH_SLAB_MINALIGN */
    return la_round_up(align, rules->pointer_bytes);
}

uint32_t la_track_bytes(const struct la_slab_rules *rules)
{
    return rules->pointer_bytes == 8 ? 32 : 20; /* addr, stack handle, cpu, pid, when */
}

static uint32_t order_objects(uint32_t order, uint32_t size)
{
    return ((uint32_t)LA_PAGE_SIZE << order) / size;
}

static uint32_t calc_slab_order(const struct la_slab_rules *rules, uint32_t size, uint32_t min_objects,
                                uint32_t max_order, uint32_t fraction)
{
    uint32_t order = la_get_order((uint64_t)min_objects * size);

    if (order_objects(rules->min_order, size) > MAX_OBJS_PER_PAGE)
        return la_get_order((uint64_t)size * MAX_OBJS_PER_PAGE) - 1;
    for (order = order > rules->min_order ? order : rules->min_order; order <= max_order; order++) {
        uint32_t bytes = (uint32_t)LA_PAGE_SIZE << order;

        if (bytes % size <= bytes / fraction)
            break;
    }
    return order;
}

/* The order whose slabs hold enough objects and waste little; LA_MAX_ORDER: the object is too large. */
static uint32_t calculate_order(const struct la_slab_rules *rules, uint32_t size)
{
    uint32_t wanted = rules->min_objects ? rules->min_objects : 4 * (la_fls(rules->nr_cpus) + 1), order;
    uint32_t most = order_objects(rules->max_order, size);

    for (wanted = wanted < most ? wanted : most; wanted > 1; wanted--) {
        for (uint32_t fraction = 16; fraction >= 4; fraction /= 2) {
            order = calc_slab_order(rules, size, wanted, rules->max_order, fraction);
            if (order <= rules->max_order)
                return order;
        }
    }
    order = calc_slab_order(rules, size, 1, rules->max_order, 1);
    if (order <= rules->max_order)
        return order;
    order = calc_slab_order(rules, size, 1, LA_MAX_ORDER, 1);
    return order < LA_MAX_ORDER ? order : LA_MAX_ORDER;
}

static void set_partial_limits(struct la_kmem_cache *s)
{
    uint32_t objects = s->size >= LA_PAGE_SIZE ? 6 : s->size >= 1024 ? 24 : s->size >= 256 ? 52 : 120;
    uint32_t min = (la_fls(s->size) - 1) / 2;

    s->min_partial = min < MIN_PARTIAL ? MIN_PARTIAL : min > MAX_PARTIAL ? MAX_PARTIAL : min;
    s->cpu_partial = la_cache_debug(s) ? 0 : objects;
    s->cpu_partial_slabs = (2 * s->cpu_partial + s->objects - 1) / s->objects;
}

bool la_calculate_sizes(const struct la_slab_rules *rules, struct la_kmem_cache *s)
{
    uint32_t word = rules->pointer_bytes, size = la_round_up(s->object_size, word);
    bool poison_object = (s->flags & LA_SLAB_POISON) && !(s->flags & LA_SLAB_TYPESAFE_BY_RCU) && s->ctor == 0;

    if (s->object_size == 0 || s->object_size > LA_KMALLOC_MAX || s->align == 0 || s->align > LA_KMALLOC_MAX)
        return false;
    s->flags &= ~(LA_SLAB_OBJECT_POISON | LA_SLAB_CMPXCHG_DOUBLE);
    s->flags |= poison_object ? LA_SLAB_OBJECT_POISON : 0;
    if ((s->flags & LA_SLAB_RED_ZONE) && size == s->object_size)
        size += word; /* or no byte would be left to notice a write behind the object */
    s->inuse = size;
    if ((s->flags & (LA_SLAB_TYPESAFE_BY_RCU | LA_SLAB_POISON)) ||
        ((s->flags & LA_SLAB_RED_ZONE) && s->object_size < word) || s->ctor != 0) {
        s->offset = size; /* the object must stay as it is while it is free */
        size += word;
    } else {
        s->offset = s->object_size / 2 / word * word;
    }
    if (s->flags & LA_SLAB_STORE_USER)
        size += 2 * la_track_bytes(rules) + (s->flags & LA_SLAB_KMALLOC ? 4 : 0);
    s->red_left_pad = 0;
    if (s->flags & LA_SLAB_RED_ZONE) {
        s->red_left_pad = la_round_up(word, s->align);
        size += word + s->red_left_pad;
    }
    la_cache_set_size(s, la_round_up(size, s->align));
    s->order = calculate_order(rules, s->size);
    if (s->order >= LA_MAX_ORDER)
        return false;
    s->objects = order_objects(s->order, s->size);
    s->min_order = la_get_order(s->size);
    s->min_objects = order_objects(s->min_order, s->size);
    if (!(s->flags & (LA_SLAB_CONSISTENCY_CHECKS | LA_SLAB_STORE_USER | LA_SLAB_TRACE)))
        s->flags |= LA_SLAB_CMPXCHG_DOUBLE;
    set_partial_limits(s);
    return s->objects != 0;
}

uint32_t la_slab_ksize(const struct la_kmem_cache *s)
{
    if (s->flags & (LA_SLAB_RED_ZONE | LA_SLAB_POISON))
        return s->object_size;
    if (s->flags & (LA_SLAB_TYPESAFE_BY_RCU | LA_SLAB_STORE_USER))
        return s->inuse; /* what lies behind is not the program's */
    return s->size;
}

/* ---- the parts of a slot ---- */

const char *la_slot_what_name(enum la_slot_what what)
{
    static const char *const names[] = {"left_redzone", "object",      "alignment",  "right_redzone",
                                        "free_pointer", "track_alloc", "track_free", "padding"};

    return names[what];
}

/* Add a part that ends at @end (from the start of the object); empty ones are left out. */
static uint32_t part_to(struct la_slot_part *part, uint32_t nr, enum la_slot_what what, uint32_t *at, uint32_t end)
{
    if (end > *at)
        part[nr++] = (struct la_slot_part){what, *at, end - *at};
    *at = end > *at ? end : *at;
    return nr;
}

uint32_t la_slot_parts(const struct la_slab_rules *rules, const struct la_kmem_cache *s, struct la_slot_part *part)
{
    uint32_t nr = 0, at = 0, pad = s->red_left_pad, track = la_track_bytes(rules), word = rules->pointer_bytes;
    enum la_slot_what behind = s->flags & LA_SLAB_RED_ZONE ? LA_SLOT_RIGHT_REDZONE : LA_SLOT_ALIGNMENT;

    if (rules->classic)
        return la_slab26_parts(rules, s, part);
    nr = part_to(part, nr, LA_SLOT_LEFT_REDZONE, &at, pad);
    if (s->offset < s->inuse) {
        uint32_t end = pad + s->offset + word;

        nr = part_to(part, nr, LA_SLOT_OBJECT, &at, pad + s->offset);
        nr = part_to(part, nr, LA_SLOT_FREE_POINTER, &at, end < pad + s->inuse ? end : pad + s->inuse);
    }
    nr = part_to(part, nr, LA_SLOT_OBJECT, &at, pad + s->object_size);
    nr = part_to(part, nr, behind, &at, pad + s->inuse);
    if (s->offset >= s->inuse)
        nr = part_to(part, nr, LA_SLOT_FREE_POINTER, &at, pad + s->offset + word);
    if (s->flags & LA_SLAB_STORE_USER) {
        nr = part_to(part, nr, LA_SLOT_TRACK_ALLOC, &at, at + track);
        nr = part_to(part, nr, LA_SLOT_TRACK_FREE, &at, at + track);
    }
    return part_to(part, nr, LA_SLOT_PADDING, &at, s->size);
}
