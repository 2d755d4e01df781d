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

static struct la_slab *slot(const struct la_mm *mm, uint32_t index)
{
    return (struct la_slab *)(void *)mm->kmem->region[index / LA_SLAB_REGION]->base + index % LA_SLAB_REGION;
}

const struct la_slab *la_slab_at(const struct la_mm *mm, uint32_t index)
{
    return slot(mm, index);
}

struct la_slab *la_slab_write(struct la_mm *mm, uint32_t index)
{
    struct la_slab *slab = slot(mm, index);

    la_region_touch(mm->kmem->region[index / LA_SLAB_REGION], slab, sizeof *slab);
    return slab;
}

uint32_t la_slab_slot_get(struct la_mm *mm)
{
    struct la_kmem *kmem = mm->kmem;
    uint32_t index = kmem->free_slot, region = kmem->nr_slab_slots / LA_SLAB_REGION;

    if (index != LA_NO_SLAB) {
        kmem->free_slot = slot(mm, index)->next;
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

/* ---- the node's list ---- */

void la_add_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, bool tail)
{
    struct la_slab *slab = la_slab_write(mm, index);
    struct la_kmem_cache_node *n = &s->node[slab->node];

    slab->list = LA_SLAB_PARTIAL;
    slab->next = tail ? LA_NO_SLAB : n->head;
    slab->prev = tail ? n->tail : LA_NO_SLAB;
    if (slab->prev == LA_NO_SLAB)
        n->head = index;
    else
        la_slab_write(mm, slab->prev)->next = index;
    if (slab->next == LA_NO_SLAB)
        n->tail = index;
    else
        la_slab_write(mm, slab->next)->prev = index;
    n->nr_partial++;
}

void la_remove_partial(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    struct la_slab *slab = la_slab_write(mm, index);
    struct la_kmem_cache_node *n = &s->node[slab->node];

    if (slab->prev == LA_NO_SLAB)
        n->head = slab->next;
    else
        la_slab_write(mm, slab->prev)->next = slab->next;
    if (slab->next == LA_NO_SLAB)
        n->tail = slab->prev;
    else
        la_slab_write(mm, slab->next)->prev = slab->prev;
    slab->next = slab->prev = LA_NO_SLAB;
    slab->list = LA_SLAB_FULL;
    n->nr_partial--;
}

/* ---- addresses ---- */

uint64_t la_slab_address(const struct la_mm *mm, const struct la_slab *slab)
{
    return la_pfn_to_virt(mm, slab->pfn);
}

uint64_t la_slab_object(const struct la_mm *mm, const struct la_slab *slab, uint32_t i)
{
    const struct la_kmem_cache *s = &mm->kmem->cache[slab->cache];

    return la_slab_address(mm, slab) + slab->start + (uint64_t)i * s->size + s->red_left_pad;
}

bool la_check_valid_pointer(const struct la_mm *mm, const struct la_slab *slab, uint64_t object, uint16_t *i)
{
    const struct la_kmem_cache *s = &mm->kmem->cache[slab->cache];
    uint64_t offset = object - s->red_left_pad - slab->start - la_slab_address(mm, slab);

    *i = LA_NO_OBJECT;
    if (object == 0)
        return true;
    if (offset >= (uint64_t)slab->objects * s->size)
        return false;
    uint32_t slot = (uint32_t)offset / s->size; /* 32 bits: this is on every fast path */

    if (slot * s->size != offset)
        return false;
    *i = (uint16_t)slot;
    return true;
}

uint32_t la_virt_to_slab(const struct la_mm *mm, uint64_t addr, uint32_t *i)
{
    uint32_t pfn = la_virt_to_pfn(mm, addr), head = pfn == LA_NO_PFN ? pfn : la_frame_head(mm, pfn);

    if (!mm->kmem || pfn == LA_NO_PFN || mm->frame[head].kind != LA_FRAME_SLAB)
        return LA_NO_SLAB;
    uint32_t index = mm->frame[head].use;

    if (i)
        *i = (uint32_t)(addr - slot(mm, index)->start - la_slab_address(mm, slot(mm, index))) /
             mm->kmem->cache[slot(mm, index)->cache].size;
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

/* ---- who allocated an object ---- */

/* A small table: an object may push another one out. */
static uint32_t *owner_pair(const struct la_mm *mm, uint64_t object)
{
    uint32_t key = (uint32_t)(object >> 3);

    return (uint32_t *)(void *)mm->kmem->owners->base + 2 * (size_t)(key % LA_OBJECT_OWNERS);
}

uint32_t la_slab_owner(const struct la_mm *mm, uint64_t object)
{
    const uint32_t *pair = owner_pair(mm, object);

    return pair[0] == (uint32_t)(object >> 3) ? pair[1] : 0;
}

void la_slab_set_owner(struct la_mm *mm, uint64_t object)
{
    uint32_t *pair = owner_pair(mm, object);

    la_region_touch(mm->kmem->owners, pair, 2 * sizeof *pair);
    pair[0] = (uint32_t)(object >> 3);
    pair[1] = mm->owner;
}

/* ---- free pointers ---- */

/* Little-endian whatever the host is; compilers make one instruction of it. */
static uint64_t load_le(const unsigned char *b)
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 | (uint64_t)b[4] << 32 |
           (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
}

/* Where the free pointer of object @i lies. */
static uint64_t pointer_at(const struct la_mm *mm, const struct la_slab *slab, uint32_t i)
{
    return la_slab_object(mm, slab, i) + mm->kmem->cache[slab->cache].offset;
}

uint64_t la_get_freepointer(const struct la_mm *mm, const struct la_slab *slab, uint32_t i)
{
    unsigned char bytes[8] = {0};

    la_mem_read(mm, pointer_at(mm, slab, i), bytes, mm->layout.pointer_bytes);
    return load_le(bytes);
}

void la_set_freepointer(struct la_mm *mm, const struct la_slab *slab, uint32_t i, uint16_t next)
{
    uint64_t value = next == LA_NO_OBJECT ? 0 : la_slab_object(mm, slab, next);
    unsigned char b[8] = {(unsigned char)value,         (unsigned char)(value >> 8),  (unsigned char)(value >> 16),
                          (unsigned char)(value >> 24), (unsigned char)(value >> 32), (unsigned char)(value >> 40),
                          (unsigned char)(value >> 48), (unsigned char)(value >> 56)};

    la_mem_write(mm, pointer_at(mm, slab, i), b, mm->layout.pointer_bytes);
}

void la_slab_note_store(struct la_mm *mm, uint32_t pfn, uint32_t offset, uint32_t len)
{
    uint32_t head = la_frame_head(mm, pfn);

    if (mm->frame[head].kind != LA_FRAME_SLAB || !mm->kmem || len == 0)
        return;
    uint32_t index = mm->frame[head].use, first, last;
    const struct la_slab *slab = slot(mm, index);
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
