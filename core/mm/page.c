/*
 * page.c: from page frame numbers to addresses, blocks and contents.
 *
 * Contents cost nothing until someone writes: a frame without a slot reads as one repeated byte.
 *
 *     frame.content 0   -> 4096 x la_frame_fill()      (never written; zeroed; poisoned)
 *     frame.content n+1 -> slot n: content_region[n / 256], page n % 256
 *
 * A page keeps its content when it is freed, as on a real machine: use after free can be read.
 *
 * Invariant: a slot belongs to exactly one frame or to the chain of free slots.
 * Cost: reading and writing are a copy; the first write to a frame fills one slot.
 *
 * Deviations:
 *  A. At most LA_NR_CONTENT_REGIONS * LA_CONTENT_SLOTS frames can differ from a repeated byte at
 *     the same time (64 MiB); beyond that la_frame_store says no.
 *  B. Memory nobody wrote reads as 0xDB instead of whatever was there before the boot.
 *
 * Source: Linux 6.1.192 include/linux/mm.h, arch/x86/include/asm/page.h, mm/highmem.c: page_address.
 */
#include "mm/internal.h"

#include <assert.h>
#include <string.h>

/* ---- frames and blocks ---- */

uint32_t la_tail_head(const struct la_mm *mm, uint32_t pfn)
{
    uint32_t head = pfn;

    for (uint32_t order = 1; mm->frame[head].kind == LA_FRAME_TAIL && order < LA_MAX_ORDER; order++)
        head = pfn & ~((1u << order) - 1);
    return head;
}

struct la_zone *la_page_zone(struct la_mm *mm, uint32_t pfn)
{
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (la_zone_contains(&mm->zone[z], pfn))
            return &mm->zone[z];
    return NULL;
}

enum la_migratetype la_pageblock_type(const struct la_mm *mm, uint32_t pfn)
{
    return mm->block_type[pfn >> mm->pageblock_order];
}

void la_mm_set_owner(struct la_mm *mm, uint32_t owner, enum la_frame_kind kind)
{
    mm->owner = owner;
    mm->kind = (uint8_t)kind;
}

void la_mm_set_kind(struct la_mm *mm, uint32_t pfn, enum la_frame_kind kind, uint32_t use)
{
    struct la_frame *frame = la_frame_write(mm, pfn);

    frame->kind = (uint8_t)kind;
    frame->use = use;
    la_note_block(mm, pfn, frame->order);
}

/* ---- addresses ---- */

bool la_page_is_high(const struct la_mm *mm, uint32_t pfn)
{
    return mm->layout.page_offset + ((uint64_t)pfn << LA_PAGE_SHIFT) >= mm->layout.high_memory;
}

uint64_t la_pfn_to_virt(const struct la_mm *mm, uint32_t pfn)
{
    return la_page_is_high(mm, pfn) ? 0 : mm->layout.page_offset + ((uint64_t)pfn << LA_PAGE_SHIFT);
}

uint64_t la_page_address(const struct la_mm *mm, uint32_t pfn)
{
    uint32_t slot = mm->frame[pfn].pkmap;

    if (!la_page_is_high(mm, pfn))
        return la_pfn_to_virt(mm, pfn);
    return slot != 0 ? mm->layout.pkmap_base + ((uint64_t)(slot - 1) << LA_PAGE_SHIFT) : 0;
}

uint64_t la_pfn_to_page(const struct la_mm *mm, uint32_t pfn)
{
    return mm->layout.mem_map + (uint64_t)pfn * mm->layout.struct_page_bytes;
}

uint32_t la_page_to_pfn(const struct la_mm *mm, uint64_t page)
{
    uint64_t offset = page - mm->layout.mem_map;

    if (page < mm->layout.mem_map || offset % mm->layout.struct_page_bytes != 0 ||
        offset / mm->layout.struct_page_bytes >= mm->nr_frames)
        return LA_NO_PFN;
    return (uint32_t)(offset / mm->layout.struct_page_bytes);
}

/* ---- contents ---- */

static unsigned char *slot_bytes(const struct la_mm *mm, uint32_t slot)
{
    return la_content_at(mm, slot + 1);
}

static void touch_slot(const struct la_mm *mm, uint32_t slot)
{
    la_content_touch(mm, slot + 1);
}

/* A slot number, or UINT32_MAX.  Free slots chain through their first four bytes. */
static uint32_t slot_get(struct la_mm *mm)
{
    uint32_t slot = mm->nr_content, region = slot / LA_CONTENT_SLOTS;

    if (mm->content_free != 0) {
        slot = mm->content_free - 1;
        memcpy(&mm->content_free, slot_bytes(mm, slot), sizeof mm->content_free);
        return slot;
    }
    if (region >= LA_NR_CONTENT_REGIONS)
        return UINT32_MAX;
    if (mm->content_region[region] == NULL)
        mm->content_region[region] = la_arena_region(mm->arena, (uint64_t)LA_CONTENT_SLOTS * LA_PAGE_SIZE, 0);
    if (mm->content_region[region] == NULL)
        return UINT32_MAX;
    mm->nr_content++;
    return slot;
}

static void slot_put(struct la_mm *mm, uint32_t slot)
{
    touch_slot(mm, slot);
    memcpy(slot_bytes(mm, slot), &mm->content_free, sizeof mm->content_free);
    mm->content_free = slot + 1;
}

void la_frame_read(const struct la_mm *mm, uint32_t pfn, uint32_t offset, void *buf, uint32_t len)
{
    const struct la_frame *frame = &mm->frame[pfn];

    assert(offset + len <= LA_PAGE_SIZE);
    if (frame->content == 0)
        memset(buf, la_frame_fill(frame), len);
    else
        memcpy(buf, slot_bytes(mm, frame->content - 1) + offset, len);
}

bool la_frame_store(struct la_mm *mm, uint32_t pfn, uint32_t offset, const void *buf, uint32_t len)
{
    const struct la_frame *frame = &mm->frame[pfn];

    assert(offset + len <= LA_PAGE_SIZE);
    if (frame->content == 0) {
        uint32_t slot = slot_get(mm);

        if (slot == UINT32_MAX)
            return false;
        touch_slot(mm, slot);
        memset(slot_bytes(mm, slot), la_frame_fill(frame), LA_PAGE_SIZE);
        la_frame_write(mm, pfn)->content = slot + 1;
    }
    touch_slot(mm, frame->content - 1);
    memcpy(slot_bytes(mm, frame->content - 1) + offset, buf, len);
    return true;
}

void la_frame_set_fill(struct la_mm *mm, uint32_t pfn, uint8_t byte)
{
    struct la_frame *frame = la_frame_write(mm, pfn);

    if (frame->content != 0)
        slot_put(mm, frame->content - 1);
    frame->content = 0;
    frame->fill = byte ^ LA_STALE_BYTE;
}
