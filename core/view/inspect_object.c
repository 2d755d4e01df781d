/*
 * inspect_object.c: an address looked at closely: the slot of a slab with every byte named.
 *
 *     cc cc cc cc cc cc cc cc   left_redzone    in use: red zone 0xcc intact
 *     68 65 6c 6c 6f 00 …       object          with the program
 *     cc cc cc cc cc cc cc cc   right_redzone   damaged: byte 64 of the object is 0x12, not 0xcc
 *
 * Anywhere else in memory the frame is described.
 */
#include "view/view.h"

#include "mm/slab26.h"

#include <inttypes.h>

enum { PART_SHOWN = 512 };

struct look {
    const struct la_mm *mm;
    const struct la_kmem_cache *s;
    const struct la_slab *slab;
    uint32_t slot;
    uint64_t start; /* of the slot */
    bool used, lost;
    struct la_json *w;
    struct la_buf text;
};

static void fact(struct look *l, const char *key)
{
    la_json_obj(l->w);
    la_json_kstr(l->w, "key", key);
    la_json_kstr(l->w, "value", la_buf_str(&l->text));
    la_json_end(l->w);
    la_buf_clear(&l->text);
}

/* 2.6: is it in an array, and is it the next one? */
static bool waits_in(struct look *l, const struct la_cache26 *c, const struct la_array_cache *ac, uint64_t object)
{
    for (uint32_t n = 0; n < ac->avail; n++)
        if (c->entry[ac->at + ac->avail - 1 - n] == object) {
            la_buf_printf(&l->text, "number %u from the top of ", (unsigned)n + 1);
            return true;
        }
    return false;
}

/* 2.6: where a free object waits: in an array, or on its slab, and then what follows it. */
static void fact_waits(struct look *l, uint64_t object)
{
    const struct la_cache26 *c = la_cache26_at(l->mm, l->slab->cache);
    uint16_t next = la_slab26_bufctl(l->mm, l->slab, l->slot);

    for (uint32_t cpu = 0; cpu < l->mm->nr_cpus; cpu++)
        if (waits_in(l, c, &c->array[cpu], object)) {
            la_buf_printf(&l->text, "the array of CPU %u", (unsigned)cpu);
            fact(l, "waits");
            return;
        }
    if (waits_in(l, c, &c->shared, object)) {
        la_buf_puts(&l->text, "the array all CPUs share");
        fact(l, "waits");
        return;
    }
    if (next == LA_NO_OBJECT)
        la_buf_puts(&l->text, "none: the end of its slab's chain");
    else
        la_buf_printf(&l->text, "slot %u", (unsigned)next);
    fact(l, "next free");
}

static void facts(struct look *l)
{
    uint16_t next;
    uint64_t object = l->start + l->s->red_left_pad;

    la_buf_printf(&l->text, "%s · %u bytes in a slot of %u", l->s->name, (unsigned)l->s->object_size,
                  (unsigned)l->s->size);
    fact(l, "cache");
    la_buf_printf(&l->text, "slab %u, ", (unsigned)l->slab->id);
    if (l->mm->kmem->classic)
        la_buf_puts(&l->text, l->slab->list == LA_SLAB_FULL   ? "on slabs_full"
                              : l->slab->list == LA_SLAB_FREE ? "on slabs_free"
                                                              : "on slabs_partial");
    else if (l->slab->list == LA_SLAB_CPU || l->slab->list == LA_SLAB_CPU_PARTIAL)
        la_buf_printf(&l->text, l->slab->list == LA_SLAB_CPU ? "the slab of CPU %u" : "on the partial list of CPU %u",
                      l->slab->cpu);
    else
        la_buf_puts(&l->text, l->slab->list == LA_SLAB_FULL ? "on no list: full" : "on the node's partial list");
    fact(l, "slab");
    la_buf_printf(&l->text, "%u of %u", (unsigned)l->slot, (unsigned)l->slab->objects);
    fact(l, "slot");
    la_buf_printf(&l->text, "0x%" PRIx64, object);
    fact(l, "object");
    la_buf_puts(&l->text, l->lost ? "lost: its free was refused" : l->used ? "in use" : "free");
    fact(l, "state");
    if (l->used)
        return;
    if (l->mm->kmem->classic) {
        fact_waits(l, object);
        return;
    }
    if (!la_check_valid_pointer(l->mm, l->slab, la_get_freepointer(l->mm, l->slab, l->slot), &next))
        la_buf_puts(&l->text, "broken");
    else if (next == LA_NO_OBJECT)
        la_buf_puts(&l->text, "none: the end of its freelist");
    else
        la_buf_printf(&l->text, "slot %u", (unsigned)next);
    fact(l, "next free");
}

/* ---- what the bytes of a part mean ---- */

/* The first byte that is not @value; the part's length when all are. */
static uint32_t first_other(const unsigned char *bytes, uint32_t len, uint8_t value)
{
    uint32_t i = 0;

    while (i < len && bytes[i] == value)
        i++;
    return i;
}

static void say_filled(struct look *l, const char *what, const unsigned char *bytes, uint32_t len, uint8_t value)
{
    uint32_t at = first_other(bytes, len, value);

    if (at == len)
        la_buf_printf(&l->text, "%s 0x%02x, intact", what, value);
    else
        la_buf_printf(&l->text, "damaged: byte %u of this part is 0x%02x, not 0x%02x", (unsigned)at, bytes[at], value);
}

static void say_redzone(struct look *l, const unsigned char *bytes, uint32_t len)
{
    uint32_t want = l->used ? LA_SLAB26_RED_ACTIVE : LA_SLAB26_RED_INACTIVE, at = 0;

    if (l->mm->kmem->classic) { /* one little-endian word */
        while (at < len && bytes[at] == (at < 4 ? (uint8_t)(want >> 8 * at) : 0))
            at++;
        la_buf_printf(&l->text, at == len ? "%s: red zone 0x%x, intact" : "damaged: %s, so 0x%x is wanted",
                      l->used ? "in use" : "free", (unsigned)want);
        return;
    }
    say_filled(l, l->used ? "in use: red zone" : "free: red zone", bytes, len,
               l->used ? LA_SLUB_RED_ACTIVE : LA_SLUB_RED_INACTIVE);
}

static void say_object(struct look *l, const struct la_slot_part *part, const unsigned char *bytes, uint32_t len)
{
    bool last = part->offset + part->bytes == l->s->red_left_pad + l->s->object_size && part->bytes <= PART_SHOWN;

    if (l->used) {
        la_buf_puts(&l->text, l->lost ? "with nobody: its free was refused" : "with the program");
    } else if (!(l->s->flags & LA_SLAB_OBJECT_POISON)) {
        la_buf_puts(&l->text, "free: what was left in it");
    } else {
        if (last && bytes[len - 1] != LA_POISON_END)
            la_buf_printf(&l->text, "damaged: the last byte is 0x%02x, not 0xa5; ", bytes[len - 1]);
        say_filled(l, "free: poison", bytes, len - last, LA_POISON_FREE);
    }
}

static void say_free_pointer(struct look *l)
{
    uint64_t pointer = la_get_freepointer(l->mm, l->slab, l->slot);
    uint16_t next;

    if (l->used && l->s->offset < l->s->inuse)
        la_buf_puts(&l->text, "with the program; the free pointer when the object is free");
    else if (l->used)
        la_buf_puts(&l->text, "free pointer, unused while the object is in use");
    else if (!la_check_valid_pointer(l->mm, l->slab, pointer, &next))
        la_buf_printf(&l->text, "damaged: 0x%" PRIx64 " is not an object of this slab", pointer);
    else if (next == LA_NO_OBJECT)
        la_buf_puts(&l->text, "NULL: the end of the freelist");
    else
        la_buf_printf(&l->text, "the next free object: slot %u at 0x%" PRIx64, (unsigned)next, pointer);
}

static void say_track(struct look *l, const unsigned char *bytes, const char *what)
{
    uint64_t step = 0;

    for (uint32_t i = l->mm->layout.pointer_bytes; i-- > 0;)
        step = step << 8 | bytes[i];
    if (step)
        la_buf_printf(&l->text, "%s in step %" PRIu64, what, step);
    else
        la_buf_puts(&l->text, "never");
}

static void say_part(struct look *l, const struct la_slot_part *part, const unsigned char *bytes, uint32_t len)
{
    switch (part->what) {
    case LA_SLOT_LEFT_REDZONE:
    case LA_SLOT_RIGHT_REDZONE:
        say_redzone(l, bytes, len);
        break;
    case LA_SLOT_OBJECT:
        say_object(l, part, bytes, len);
        break;
    case LA_SLOT_FREE_POINTER:
        say_free_pointer(l);
        break;
    case LA_SLOT_TRACK_ALLOC:
        say_track(l, bytes, "allocated");
        break;
    case LA_SLOT_TRACK_FREE:
        say_track(l, bytes, "freed");
        break;
    default:
        if (l->s->flags & LA_SLAB_POISON)
            say_filled(l, "padding", bytes, len, LA_POISON_INUSE);
        else
            la_buf_puts(&l->text, part->what == LA_SLOT_PADDING ? "padding: wasted" : "filled up to a word: wasted");
        break;
    }
}

static void part_json(struct look *l, const struct la_slot_part *part)
{
    unsigned char bytes[PART_SHOWN];
    uint32_t len = part->bytes < PART_SHOWN ? part->bytes : PART_SHOWN;

    la_mem_read(l->mm, l->start + part->offset, bytes, len);
    la_json_obj(l->w);
    la_json_kstr(l->w, "what", la_slot_what_name(part->what));
    la_json_kuint(l->w, "offset", part->offset);
    la_json_khex(l->w, "address", l->start + part->offset);
    for (uint32_t i = 0; i < len; i++)
        la_buf_printf(&l->text, "%02x", bytes[i]);
    la_json_kstr(l->w, "hex", la_buf_str(&l->text));
    la_buf_clear(&l->text);
    say_part(l, part, bytes, len);
    la_json_kstr(l->w, "says", la_buf_str(&l->text));
    la_buf_clear(&l->text);
    la_json_end(l->w);
}

static void object_json(struct look *l, uint32_t step)
{
    struct la_slot_part part[LA_SLOT_PARTS];
    uint32_t nr = la_slot_parts(&l->mm->kmem->rules, l->s, part);

    la_json_obj(l->w);
    la_buf_printf(&l->text, "Object %u of cache %s", (unsigned)l->slot, l->s->name);
    la_json_kstr(l->w, "title", la_buf_str(&l->text));
    la_buf_clear(&l->text);
    la_json_key(l->w, "facts");
    la_json_arr(l->w);
    facts(l);
    la_json_end(l->w);
    la_json_kuint(l->w, "step", step);
    la_json_kstr(l->w, "hex", "");
    la_json_key(l->w, "bytes");
    la_json_arr(l->w);
    for (uint32_t i = 0; i < nr; i++)
        part_json(l, &part[i]);
    la_json_end(l->w);
    la_json_end(l->w);
}

bool la_view_inspect_address(const struct la_timeline *t, uint64_t addr, struct la_json *w)
{
    const struct la_mm *mm = t->machine->mm;
    uint32_t slot = 0, index = la_virt_to_slab(mm, addr, &slot), pfn;

    if (index == LA_NO_SLAB || slot >= la_slab_at(mm, index)->objects) {
        pfn = la_mmu_walk(t->machine, addr);
        return pfn != LA_NO_PFN && la_view_inspect_frame(t, pfn, w);
    }
    struct look l = {.mm = mm, .slab = la_slab_at(mm, index), .slot = slot, .w = w};

    l.s = &mm->kmem->cache[l.slab->cache];
    l.used = la_slab_used(l.slab, slot);
    l.start = la_slab_object(mm, l.slab, slot) - l.s->red_left_pad;
    la_buf_init(&l.text, t->host);
    uint32_t step = l.used ? la_slab_owner(mm, la_slab_object(mm, l.slab, slot)) : 0;

    l.lost = step == LA_OBJECT_LOST;
    object_json(&l, l.lost ? 0 : step);
    la_buf_free(&l.text);
    return true;
}
