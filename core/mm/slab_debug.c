/*
 * slab_debug.c: poison, red zones and the checks that find damage.
 *
 *     slot of a cache with all flags, object in use:
 *     cc cc cc cc | object ........... | cc cc cc cc | free ptr | track | track | 5a 5a 5a
 *     free:
 *     bb bb bb bb | 6b 6b 6b ... 6b a5 | bb bb bb bb | free ptr | track | track | 5a 5a 5a
 *
 * The bytes are written whenever an object changes hands.  They are looked at when it is handed
 * out, comes back, and before a slab is given up, but only with SLAB_CONSISTENCY_CHECKS; or when
 * somebody asks for it (la_validate_slab_cache).
 *
 * Cost: proportional to the bytes of the object.
 * Source: Linux 6.1.192 mm/slub.c: init_object, check_object, check_pad_bytes, slab_pad_check,
 * on_freelist, alloc_debug_processing, free_debug_processing, validate_slab; include/linux/poison.h.
 */
#include "mm/slab26.h"

#include <stdio.h>
#include <string.h>

void la_init_object(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, uint8_t red)
{
    if (s->flags & LA_SLAB_RED_ZONE)
        la_mem_fill(mm, object - s->red_left_pad, red, s->red_left_pad);
    if (s->flags & LA_SLAB_OBJECT_POISON) {
        la_mem_fill(mm, object, LA_POISON_FREE, s->object_size - 1);
        la_mem_fill(mm, object + s->object_size - 1, LA_POISON_END, 1);
    }
    if (s->flags & LA_SLAB_RED_ZONE)
        la_mem_fill(mm, object + s->object_size, red, s->inuse - s->object_size);
}

void la_set_track(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, bool freed)
{
    uint32_t bytes = la_track_bytes(&mm->kmem->rules), word = mm->layout.pointer_bytes;
    unsigned char track[32] = {0};

    la_store_le(track, word, mm->owner); /* for the caller's address: the step */
    la_store_le(track + word + 4, 4, mm->cpu);
    la_store_le(track + word + 8, 4, la_mm_current(mm)->pid);
    la_store_le(track + bytes - word, word, mm->tick);
    la_mem_write(mm, object + la_info_end(mm, s) + (freed ? bytes : 0), track, bytes);
}

/* ---- checks ---- */

/* All @bytes from @start on must be @value; if not: report and restore. */
static bool check_bytes(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object, const char *what,
                        uint64_t start, uint8_t value, uint32_t bytes)
{
    uint64_t fault = 0, end = 0;
    unsigned char buf[256];

    for (uint32_t at = 0; at < bytes; at += sizeof buf) {
        uint32_t n = bytes - at < sizeof buf ? bytes - at : (uint32_t)sizeof buf;

        la_mem_read(mm, start + at, buf, n);
        for (uint32_t i = 0; i < n; i++) {
            if (buf[i] == value)
                continue;
            fault = fault ? fault : start + at + i;
            end = start + at + i + 1;
        }
    }
    if (!fault)
        return true;
    la_bytes_err(mm, s, index, object, what, fault, end, value);
    la_mem_fill(mm, fault, value, (uint32_t)(end - fault));
    return false;
}

static bool check_pad_bytes(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object)
{
    uint32_t off = la_info_end(mm, s), size = s->size - s->red_left_pad;

    if (s->flags & LA_SLAB_STORE_USER)
        off += 2 * la_track_bytes(&mm->kmem->rules) + (s->flags & LA_SLAB_KMALLOC ? 4 : 0);
    return check_bytes(mm, s, index, object, "Object padding", object + off, LA_POISON_INUSE, size - off);
}

static bool check_poison(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object)
{
    return check_bytes(mm, s, index, object, "Poison", object, LA_POISON_FREE, s->object_size - 1) &&
           check_bytes(mm, s, index, object, "End Poison", object + s->object_size - 1, LA_POISON_END, 1);
}

static bool check_zones(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object, uint8_t red)
{
    uint32_t behind = s->inuse - s->object_size;

    if (s->flags & LA_SLAB_RED_ZONE)
        return check_bytes(mm, s, index, object, "Left Redzone", object - s->red_left_pad, red, s->red_left_pad) &&
               check_bytes(mm, s, index, object, "Right Redzone", object + s->object_size, red, behind);
    if (s->flags & LA_SLAB_POISON)
        (void)check_bytes(mm, s, index, object, "Alignment padding", object + s->object_size, LA_POISON_INUSE, behind);
    return true;
}

/* check_object: @red says whether it should be in use (cc) or free (bb). */
static bool check_object(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint16_t i, uint8_t red)
{
    uint64_t object = la_slab_object(mm, la_slab_at(mm, index), i);
    uint16_t next;

    if (!check_zones(mm, s, index, object, red))
        return false;
    if (s->flags & LA_SLAB_POISON) {
        if (red != LA_SLUB_RED_ACTIVE && (s->flags & LA_SLAB_OBJECT_POISON) && !check_poison(mm, s, index, object))
            return false;
        (void)check_pad_bytes(mm, s, index, object);
    }
    if (s->offset < s->inuse && red == LA_SLUB_RED_ACTIVE)
        return true; /* the free pointer lies inside the object: it is the program's now */
    if (la_check_valid_pointer(mm, la_slab_at(mm, index), la_get_freepointer(mm, la_slab_at(mm, index), i), &next))
        return true;
    la_object_err(mm, s, index, object, "Freepointer corrupt");
    la_set_freepointer(mm, la_slab_at(mm, index), i, LA_NO_OBJECT);
    la_slab_write(mm, index)->damaged = true;
    return false;
}

/* What lies behind the last slot. */
static void slab_pad_check(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    const struct la_slab *slab = la_slab_at(mm, index);
    uint32_t bytes = (uint32_t)LA_PAGE_SIZE << slab->order, rest = bytes % s->size;

    if ((s->flags & LA_SLAB_POISON) && rest)
        (void)check_bytes(mm, s, index, 0, "Padding", la_slab_address(mm, slab) + bytes - rest, LA_POISON_INUSE, rest);
}

static bool check_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    slab_pad_check(mm, s, index);
    return true;
}

/* A link of the chain is broken: cut it there. */
static void cut_chain(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint16_t last)
{
    la_object_err(mm, s, index, la_slab_object(mm, la_slab_at(mm, index), last), "Freechain corrupt");
    la_set_freepointer(mm, la_slab_at(mm, index), last, LA_NO_OBJECT);
    la_slab_write(mm, index)->damaged = true;
}

bool la_on_freelist(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint16_t search)
{
    struct la_slab *slab = la_slab_write(mm, index);
    uint16_t i = slab->freelist, next, nr = 0;
    char text[80];

    while (i != LA_NO_OBJECT && nr <= slab->objects) {
        if (i == search)
            return true;
        nr++;
        if (!la_check_valid_pointer(mm, slab, la_get_freepointer(mm, slab, i), &next)) {
            cut_chain(mm, s, index, i);
            break;
        }
        i = next;
    }
    if (slab->inuse != slab->objects - nr) {
        (void)snprintf(text, sizeof text, "Wrong object count. Counter is %u but counted were %d",
                       (unsigned)slab->inuse, slab->objects - nr);
        la_slab_err(mm, s, index, text);
        slab->inuse = (uint16_t)(slab->objects - nr);
        slab->damaged = true;
        la_slab_fix(mm, s, "Object count adjusted");
    }
    return search == LA_NO_OBJECT;
}

/* ---- when an object changes hands ---- */

bool la_alloc_debug_processing(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint16_t i)
{
    struct la_slab *slab = la_slab_write(mm, index);
    uint64_t object = la_slab_object(mm, slab, i);

    if ((s->flags & LA_SLAB_CONSISTENCY_CHECKS) &&
        (!check_slab(mm, s, index) || !check_object(mm, s, index, i, LA_SLUB_RED_INACTIVE))) {
        la_slab_fix(mm, s, "Marking all objects used");
        slab->inuse = slab->objects;
        slab->freelist = LA_NO_OBJECT;
        slab->damaged = true;
        return false;
    }
    if (s->flags & LA_SLAB_STORE_USER)
        la_set_track(mm, s, object, false);
    la_init_object(mm, s, object, LA_SLUB_RED_ACTIVE);
    return true;
}

static bool free_consistency_checks(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object)
{
    char text[60];
    uint16_t i;

    if (!la_check_valid_pointer(mm, la_slab_at(mm, index), object, &i)) {
        (void)snprintf(text, sizeof text, "Invalid object pointer 0x%0*llx", la_digits(mm), (unsigned long long)object);
        la_slab_err(mm, s, index, text);
        return false;
    }
    if (la_on_freelist(mm, s, index, i)) {
        la_object_err(mm, s, index, object, "Object already free");
        return false;
    }
    return check_object(mm, s, index, i, LA_SLUB_RED_ACTIVE);
}

bool la_free_debug_checks(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object)
{
    char text[80];
    bool ok = true;

    if (s->flags & LA_SLAB_CONSISTENCY_CHECKS)
        ok = check_slab(mm, s, index);
    if (ok && (s->flags & LA_SLAB_CONSISTENCY_CHECKS))
        ok = free_consistency_checks(mm, s, index, object);
    if (ok && la_slab_at(mm, index)->inuse == 0) {
        la_slab_err(mm, s, index, "Slab has 0 allocated objects but 1 are to be freed");
        ok = false;
    }
    if (ok)
        return true;
    uint32_t i = la_slot_of(s, la_slab_at(mm, index), object);

    if (i != LA_NO_OBJECT && la_slab_used(la_slab_at(mm, index), i))
        la_slab_set_lost(mm, object);
    (void)snprintf(text, sizeof text, "Object at 0x%0*llx not freed", la_digits(mm), (unsigned long long)object);
    la_slab_fix(mm, s, text);
    return false;
}

/* ---- when a slab goes, and when somebody asks ---- */

void la_check_before_free(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    if (!(s->flags & LA_SLAB_CONSISTENCY_CHECKS))
        return;
    slab_pad_check(mm, s, index);
    for (uint16_t i = 0; i < la_slab_at(mm, index)->objects; i++)
        (void)check_object(mm, s, index, i, LA_SLUB_RED_INACTIVE);
}

static void validate_slab(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    uint16_t list[LA_SLAB_OBJECTS];
    uint8_t is_free[LA_SLAB_OBJECTS] = {0};
    uint32_t nr;

    if (!check_slab(mm, s, index) || !la_on_freelist(mm, s, index, LA_NO_OBJECT))
        return;
    nr = la_slab_freelist(mm, la_slab_at(mm, index), la_slab_at(mm, index)->freelist, list, LA_SLAB_OBJECTS);
    for (uint32_t n = 0; n < nr; n++)
        is_free[list[n]] = 1;
    for (uint16_t i = 0; i < la_slab_at(mm, index)->objects; i++)
        if (!check_object(mm, s, index, i, is_free[i] ? LA_SLUB_RED_INACTIVE : LA_SLUB_RED_ACTIVE))
            break;
}

uint32_t la_validate_slab_cache(struct la_mm *mm, uint32_t cache)
{
    struct la_kmem_cache *s = la_cache(mm, cache);
    uint32_t nr = 0;

    if (mm->kmem->classic) /* 2.6 has nothing like it */
        return 0;
    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
        la_flush_cpu_slab(mm, s, cpu);
    for (uint32_t index = s->all_slabs; index != LA_NO_SLAB; index = la_slab_at(mm, index)->all_next, nr++)
        validate_slab(mm, s, index);
    return nr;
}
