/*
 * slab_table.c: where slabs are kept, their lists, and the bytes of their pages.
 *
 *     la_kmem.region[r]: 1024 struct la_slab each, made when needed; free ones chain through next
 *     frame.use of a slab's first frame  -> number of the slab
 *     free pointer of object i           -> address of the next free object, in the page itself
 *
 * Invariant: writers go through la_slab_write(), so that keyframes see them.
 * Cost: constant, but for strings of bytes.
 *
 * Deviations:
 *  A. Free pointers are stored as they are; CONFIG_SLAB_FREELIST_HARDENED (on in the recorded
 *     kernel) would store them mixed with a secret and the place.
 *
 * Source: Linux 6.1.192 mm/slub.c: get_freepointer, check_valid_pointer, add_partial; mm/slab.h.
 */
#include "mm/slab26.h"

#include <assert.h>
#include <string.h>

/* ---- slots ---- */

uint32_t la_slab_slot_get(struct la_mm *mm)
{
    struct la_kmem *kmem = mm->kmem;
    uint32_t index = kmem->free_slot, region = kmem->nr_slab_slots / LA_SLAB_REGION;

    if (index != LA_NO_SLAB) {
        kmem->free_slot = la_slab_at(mm, index)->next;
        return index;
    }
    if (region == LA_SLAB_REGIONS)
        return LA_NO_SLAB;
    if (!kmem->region[region])
        kmem->region[region] = la_arena_region(mm->arena, LA_SLAB_REGION * sizeof(struct la_slab), 0);
    return kmem->region[region] ? kmem->nr_slab_slots++ : LA_NO_SLAB;
}

void la_slab_slot_put(struct la_mm *mm, uint32_t index)
{
    struct la_slab *slab = la_slab_write(mm, index);

    memset(slab, 0, sizeof *slab);
    slab->cache = LA_NO_CACHE;
    slab->next = mm->kmem->free_slot;
    mm->kmem->free_slot = index;
}

/* ---- lists ---- */

void la_slab_chain_add(struct la_mm *mm, struct la_slab_chain *chain, uint32_t index, bool tail)
{
    struct la_slab *slab = la_slab_write(mm, index);

    slab->next = tail ? LA_NO_SLAB : chain->head;
    slab->prev = tail ? chain->tail : LA_NO_SLAB;
    if (slab->prev == LA_NO_SLAB)
        chain->head = index;
    else
        la_slab_write(mm, slab->prev)->next = index;
    if (slab->next == LA_NO_SLAB)
        chain->tail = index;
    else
        la_slab_write(mm, slab->next)->prev = index;
    chain->nr++;
}

void la_slab_chain_del(struct la_mm *mm, struct la_slab_chain *chain, uint32_t index)
{
    struct la_slab *slab = la_slab_write(mm, index);

    if (slab->prev == LA_NO_SLAB)
        chain->head = slab->next;
    else
        la_slab_write(mm, slab->prev)->next = slab->next;
    if (slab->next == LA_NO_SLAB)
        chain->tail = slab->prev;
    else
        la_slab_write(mm, slab->next)->prev = slab->prev;
    slab->next = slab->prev = LA_NO_SLAB;
    chain->nr--;
}

void la_add_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, bool tail)
{
    struct la_slab *slab = la_slab_write(mm, index);

    slab->list = LA_SLAB_PARTIAL;
    la_slab_chain_add(mm, &s->node[slab->node].partial, index, tail);
}

void la_remove_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    struct la_slab *slab = la_slab_write(mm, index);

    slab->list = LA_SLAB_FULL;
    la_slab_chain_del(mm, &s->node[slab->node].partial, index);
}

void la_slab_count(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    struct la_slab *slab = la_slab_write(mm, index);

    slab->id = s->next_id++;
    slab->all_next = s->all_slabs;
    slab->all_prev = LA_NO_SLAB;
    if (s->all_slabs != LA_NO_SLAB)
        la_slab_write(mm, s->all_slabs)->all_prev = index;
    s->all_slabs = index;
    s->node[slab->node].nr_slabs++;
    s->node[slab->node].total_objects += slab->objects;
}

void la_slab_uncount(struct la_mm *mm, struct la_kmem_cache *s, const struct la_slab *slab)
{
    if (slab->all_prev == LA_NO_SLAB)
        s->all_slabs = slab->all_next;
    else
        la_slab_write(mm, slab->all_prev)->all_next = slab->all_next;
    if (slab->all_next != LA_NO_SLAB)
        la_slab_write(mm, slab->all_next)->all_prev = slab->all_prev;
    s->node[slab->node].nr_slabs--;
    s->node[slab->node].total_objects -= slab->objects;
}

/* ---- addresses ---- */

uint64_t la_slab_address(const struct la_mm *mm, const struct la_slab *slab)
{
    return la_pfn_to_virt(mm, slab->pfn);
}

uint32_t la_virt_to_slab(const struct la_mm *mm, uint64_t addr, uint32_t *i)
{
    uint32_t index = mm->kmem ? la_slab_of(mm, addr) : LA_NO_SLAB;

    if (index != LA_NO_SLAB && i) {
        const struct la_slab *slab = la_slab_at(mm, index);

        *i = (uint32_t)(addr - slab->start - la_slab_address(mm, slab)) / mm->kmem->cache[slab->cache].size;
    }
    return index;
}

/* ---- bytes ---- */

void la_mem_read(const struct la_mm *mm, uint64_t addr, void *buf, uint32_t len)
{
    unsigned char *out = buf;

    while (len > 0) {
        uint32_t offset = (uint32_t)(addr & (LA_PAGE_SIZE - 1)), rest = LA_PAGE_SIZE - offset,
                 part = rest < len ? rest : len;

        la_frame_read(mm, la_virt_to_pfn(mm, addr), offset, out, part);
        addr += part;
        out += part;
        len -= part;
    }
}

void la_mem_write(struct la_mm *mm, uint64_t addr, const void *buf, uint32_t len)
{
    const unsigned char *in = buf;

    while (len > 0) {
        uint32_t offset = (uint32_t)(addr & (LA_PAGE_SIZE - 1)), rest = LA_PAGE_SIZE - offset,
                 part = rest < len ? rest : len;

        if (!la_frame_store(mm, la_virt_to_pfn(mm, addr), offset, in, part))
            mm->kmem->no_storage = true;
        addr += part;
        in += part;
        len -= part;
    }
}

void la_mem_fill(struct la_mm *mm, uint64_t addr, uint8_t byte, uint32_t len)
{
    unsigned char bytes[256];

    memset(bytes, byte, sizeof bytes);
    while (len > 0) {
        uint32_t offset = (uint32_t)(addr & (LA_PAGE_SIZE - 1)), part = len < sizeof bytes ? len : sizeof bytes;

        if (offset == 0 && len >= LA_PAGE_SIZE) {
            part = LA_PAGE_SIZE;
            la_frame_set_fill(mm, la_virt_to_pfn(mm, addr), byte);
        } else {
            part = part < LA_PAGE_SIZE - offset ? part : LA_PAGE_SIZE - offset;
            la_mem_write(mm, addr, bytes, part);
        }
        addr += part;
        len -= part;
    }
}

uint64_t la_mem_load(const struct la_mm *mm, uint64_t addr, uint32_t bytes)
{
    unsigned char b[8];

    la_mem_read(mm, addr, b, bytes);
    return la_load_le(b, bytes);
}

void la_mem_store(struct la_mm *mm, uint64_t addr, uint64_t number, uint32_t bytes)
{
    unsigned char b[8];

    la_store_le(b, bytes, number);
    la_mem_write(mm, addr, b, bytes);
}

/* ---- small things ---- */

uint32_t la_slab_owner(const struct la_mm *mm, uint64_t object)
{
    const struct la_object_owner *owner = la_owner_of(mm, object);

    return owner->object == (uint32_t)(object >> 3) ? owner->step : 0;
}

uint64_t la_freepointer_read_far(const struct la_mm *mm, uint64_t at)
{
    return la_mem_load(mm, at, mm->layout.pointer_bytes);
}

void la_freepointer_write(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, uint64_t next)
{
    uint32_t content = la_frame_at(mm, object)->content, in_page = la_freepointer_in_page(s, object);

    if (content != 0 && in_page <= LA_PAGE_SIZE - 8)
        la_store_le(la_content_write(mm, content) + in_page, mm->layout.pointer_bytes, next);
    else
        la_mem_store(mm, object + s->offset, next, mm->layout.pointer_bytes);
}

uint64_t la_get_freepointer(const struct la_mm *mm, const struct la_slab *slab, uint32_t i)
{
    return la_freepointer_read(mm, &mm->kmem->cache[slab->cache], la_slab_object(mm, slab, i));
}

void la_set_freepointer(struct la_mm *mm, const struct la_slab *slab, uint32_t i, uint16_t next)
{
    uint64_t value = next == LA_NO_OBJECT ? 0 : la_slab_object(mm, slab, next);

    la_freepointer_write(mm, &mm->kmem->cache[slab->cache], la_slab_object(mm, slab, i), value);
}

void la_slab_note_store(struct la_mm *mm, uint32_t pfn, uint32_t offset, uint32_t len)
{
    uint32_t head = la_frame_head(mm, pfn);

    if (mm->frame[head].kind != LA_FRAME_SLAB || !mm->kmem || len == 0)
        return;
    uint32_t index = mm->frame[head].use, first, last;
    const struct la_slab *slab = la_slab_at(mm, index);
    const struct la_kmem_cache *s = &mm->kmem->cache[slab->cache];

    offset += (pfn - head) << LA_PAGE_SHIFT;
    if (mm->kmem->classic) {
        la_slab26_note_store(mm, index, offset, len);
        return;
    }
    first = offset / s->size;
    last = (offset + len - 1) / s->size;
    for (uint32_t i = first; i <= last && i < slab->objects && !slab->damaged; i++) {
        uint32_t pointer = i * s->size + s->red_left_pad + s->offset;

        if (!la_slab_used(slab, i) && offset < pointer + mm->layout.pointer_bytes && offset + len > pointer)
            la_slab_write(mm, index)->damaged = true;
    }
}

uint32_t la_slab_freelist(const struct la_mm *mm, const struct la_slab *slab, uint16_t first, uint16_t *out,
                          uint32_t max)
{
    uint32_t nr = 0;

    if (mm->kmem->classic)
        return la_slab26_freelist(mm, slab, first, out, max);
    while (first != LA_NO_OBJECT && nr < max) {
        out[nr++] = first;
        if (!la_check_valid_pointer(mm, slab, la_get_freepointer(mm, slab, first), &first))
            break;
    }
    return nr;
}
