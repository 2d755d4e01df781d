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

/* A slot, as la_frame.content has it; 0: none is left.  Free slots chain through their first four bytes. */
static uint32_t content_get(struct la_mm *mm)
{
    uint32_t content = mm->content_free, region = mm->nr_content / LA_CONTENT_SLOTS;

    if (content != 0) {
        memcpy(&mm->content_free, la_content_at(mm, content), sizeof mm->content_free);
        return content;
    }
    if (region >= LA_NR_CONTENT_REGIONS)
        return 0;
    if (mm->content_region[region] == NULL)
        mm->content_region[region] = la_arena_region(mm->arena, (uint64_t)LA_CONTENT_SLOTS * LA_PAGE_SIZE, 0);
    return mm->content_region[region] ? ++mm->nr_content : 0;
}

static void content_put(struct la_mm *mm, uint32_t content)
{
    memcpy(la_content_write(mm, content), &mm->content_free, sizeof mm->content_free);
    mm->content_free = content;
}

void la_frame_read(const struct la_mm *mm, uint32_t pfn, uint32_t offset, void *buf, uint32_t len)
{
    const struct la_frame *frame = &mm->frame[pfn];

    assert(offset + len <= LA_PAGE_SIZE);
    if (frame->content == 0)
        memset(buf, la_frame_fill(frame), len);
    else
        memcpy(buf, la_content_at(mm, frame->content) + offset, len);
}

bool la_frame_store(struct la_mm *mm, uint32_t pfn, uint32_t offset, const void *buf, uint32_t len)
{
    const struct la_frame *frame = &mm->frame[pfn];

    assert(offset + len <= LA_PAGE_SIZE);
    if (frame->content == 0) {
        uint32_t content = content_get(mm);

        if (content == 0)
            return false;
        memset(la_content_write(mm, content), la_frame_fill(frame), LA_PAGE_SIZE);
        la_frame_write(mm, pfn)->content = content;
    }
    memcpy(la_content_write(mm, frame->content) + offset, buf, len);
    return true;
}

void la_frame_set_fill(struct la_mm *mm, uint32_t pfn, uint8_t byte)
{
    struct la_frame *frame = la_frame_write(mm, pfn);

    if (frame->content != 0)
        content_put(mm, frame->content);
    frame->content = 0;
    frame->fill = byte ^ LA_STALE_BYTE;
}
