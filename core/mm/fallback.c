/*
 * fallback.c: what happens when a zone has no free block of the wanted migratetype.
 *
 * Pages that cannot be moved spoil large blocks.  So memory is cut into pageblocks, each with a
 * type, and requests stay in pageblocks of their type as long as they can.  When they cannot:
 *
 *     wanted UNMOVABLE      look at order 10, 9, … for a free block of RECLAIMABLE, then MOVABLE
 *                           |
 *     pageblock  [U U . . . . . U]  the largest found is "stolen": with it, where allowed, all free
 *                                   pages of its pageblock; when at least half of the pageblock
 *                                   then suits the new type, the pageblock changes its type
 *
 * Taking the largest block keeps the damage in one place.  Only a movable request that may not
 * claim the block takes the smallest, since its page can be moved away again.
 * Each mixing below pageblock size raises the watermarks (boost), so that kswapd makes room.
 *
 * Invariant: a free block lies on the list its frame names, wherever its pageblock belongs.
 * Cost: at most 11 x 2 list heads looked at; claiming walks one pageblock.
 *
 * Source: Linux 6.1.192 mm/page_alloc.c: __rmqueue_fallback, find_suitable_fallback,
 * steal_suitable_fallback, move_freepages_block, boost_watermark, reserve_highatomic_pageblock,
 * unreserve_highatomic_pageblock.
 */
#include "mm/internal.h"

#include <assert.h>

static const enum la_migratetype fallbacks[LA_NR_PCPTYPES][2] = {
    [LA_MT_UNMOVABLE] = {LA_MT_RECLAIMABLE, LA_MT_MOVABLE},
    [LA_MT_MOVABLE] = {LA_MT_RECLAIMABLE, LA_MT_UNMOVABLE},
    [LA_MT_RECLAIMABLE] = {LA_MT_UNMOVABLE, LA_MT_MOVABLE},
};

void la_set_pageblock_type(struct la_mm *mm, uint32_t pfn, enum la_migratetype mt)
{
    uint8_t *type = &mm->block_type[pfn >> mm->pageblock_order];

    if (mm->mobility_off && mt < LA_NR_PCPTYPES)
        mt = LA_MT_UNMOVABLE;
    uint32_t start = pfn >> mm->pageblock_order << mm->pageblock_order;
    const struct la_zone *zone = la_page_zone(mm, pfn);

    if (*type == mt)
        return;
    LA_TRACE(mm->trace, BLOCK_TYPE, zone ? zone->index : 0, start, *type, mt);
    la_region_touch(mm->block_region, type, 1);
    *type = (uint8_t)mt;
    la_note_block(mm, start, mm->pageblock_order);
}

/* May a request of type @mt claim the rest of the pageblock with a free block of @order? */
static bool can_steal(const struct la_mm *mm, uint32_t order, enum la_migratetype mt)
{
    return order >= mm->pageblock_order / 2u || mt != LA_MT_MOVABLE || mm->mobility_off;
}

static bool suitable_fallback(const struct la_free_area *area, enum la_migratetype mt, enum la_migratetype *found)
{
    for (uint32_t i = 0; i < 2; i++) {
        *found = fallbacks[mt][i];
        if (!la_list_empty(&area->list[*found]))
            return true;
    }
    return false;
}

/*
 * Move all free blocks of the pageblock of @pfn to type @mt.  Returns free pages moved; 0 when the
 * pageblock reaches past the zone's end.  @movable: pages in use that could be moved.
 */
static uint32_t move_freepages_block(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, enum la_migratetype mt,
                                     uint32_t *movable)
{
    uint32_t start = pfn >> mm->pageblock_order << mm->pageblock_order;
    uint32_t end = start + (1u << mm->pageblock_order);
    uint32_t moved = 0;

    *movable = 0;
    if (!la_zone_contains(zone, start))
        start = pfn;
    if (!la_zone_contains(zone, end - 1))
        return 0;
    for (uint32_t at = start; at < end;) {
        const struct la_frame *frame = &mm->frame[at];

        if (frame->kind == LA_FRAME_FREE) {
            uint32_t pages = 1u << frame->order;

            la_move_to_free_list(mm, zone, at, mt);
            moved += pages;
            at += pages;
            continue;
        }
        *movable += (frame->flags & LA_FRAME_F_LRU) != 0 && frame->kind != LA_FRAME_TAIL;
        at++;
    }
    LA_TRACE(mm->trace, BLOCK_MOVED, zone->index, start, moved, mt);
    return moved;
}

static bool boost_watermark(struct la_mm *mm, struct la_zone *zone)
{
    uint32_t block = 1u << mm->pageblock_order;
    uint64_t max = (uint64_t)zone->mark[LA_WMARK_HIGH] * mm->watermark_boost_factor / 10000;

    if (mm->watermark_boost_factor == 0 || block * 4 > zone->managed || max == 0)
        return false;
    if (max < block)
        max = block;
    uint64_t boost = (uint64_t)zone->watermark_boost + block;

    zone->watermark_boost = (uint32_t)(boost < max ? boost : max);
    LA_TRACE(mm->trace, BOOST, zone->index, zone->watermark_boost);
    return true;
}

/* A block that spans whole pageblocks takes them all along. */
static void change_pageblock_range(struct la_mm *mm, uint32_t pfn, uint32_t order, enum la_migratetype mt)
{
    for (uint32_t block = 0; block < 1u << (order - mm->pageblock_order); block++)
        la_set_pageblock_type(mm, pfn + (block << mm->pageblock_order), mt);
}

/* Claim the pageblock of @pfn for @mt if enough of it suits; false when nothing could be moved. */
static bool claim_pageblock(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, enum la_migratetype mt,
                            enum la_migratetype old)
{
    uint32_t block = 1u << mm->pageblock_order;
    uint32_t movable, free = move_freepages_block(mm, zone, pfn, mt, &movable);
    uint32_t alike = 0;

    if (free == 0)
        return false;
    if (mt == LA_MT_MOVABLE)
        alike = movable;
    else if (old == LA_MT_MOVABLE)
        alike = block - (free + movable);
    if (free + alike >= block / 2 || mm->mobility_off)
        la_set_pageblock_type(mm, pfn, mt);
    return true;
}

static void steal_suitable_fallback(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, uint32_t alloc_flags,
                                    enum la_migratetype mt, bool whole_block)
{
    enum la_migratetype old = la_pageblock_type(mm, pfn);
    uint32_t order = mm->frame[pfn].order;

    if (old != LA_MT_HIGHATOMIC) {
        if (order >= mm->pageblock_order) {
            change_pageblock_range(mm, pfn, order, mt);
        } else {
            if (boost_watermark(mm, zone) && (alloc_flags & LA_ALLOC_KSWAPD))
                zone->boosted = true;
            if (whole_block && claim_pageblock(mm, zone, pfn, mt, old))
                return;
        }
    }
    la_move_to_free_list(mm, zone, pfn, mt);
}

/* Bring a block of another type onto list @mt; the caller takes it from there. */
static bool rmqueue_fallback(struct la_mm *mm, struct la_zone *zone, uint32_t order, enum la_migratetype mt,
                             uint32_t alloc_flags)
{
    uint32_t min_order =
        order < mm->pageblock_order && (alloc_flags & LA_ALLOC_NOFRAGMENT) ? mm->pageblock_order : order;
    enum la_migratetype from = LA_MT_MOVABLE;
    uint32_t at = LA_MAX_ORDER;

    while (at > min_order && !suitable_fallback(&zone->free_area[at - 1], mt, &from))
        at--;
    if (at == min_order)
        return false;
    at--;
    bool steal = can_steal(mm, at, mt);

    if (!steal && at > order) {
        at = order;
        while (!suitable_fallback(&zone->free_area[at], mt, &from))
            at++;
        steal = can_steal(mm, at, mt);
    }
    uint32_t pfn = zone->free_area[at].list[from].head;

    mm->vm_event[LA_VM_EXTFRAG]++;
    LA_TRACE(mm->trace, FALLBACK, zone->index, pfn, order, at, mt, from, steal);
    steal_suitable_fallback(mm, zone, pfn, alloc_flags, mt, steal);
    return true;
}

uint32_t la_rmqueue_types(struct la_mm *mm, struct la_zone *zone, uint32_t order, enum la_migratetype mt,
                          uint32_t alloc_flags)
{
    uint32_t pfn = la_rmqueue_smallest(mm, zone, order, mt);

    while (pfn == LA_NO_PFN && rmqueue_fallback(mm, zone, order, mt, alloc_flags))
        pfn = la_rmqueue_smallest(mm, zone, order, mt);
    return pfn;
}

/* ---- pageblocks set aside for atomic requests of more than one page ---- */

void la_reserve_highatomic(struct la_mm *mm, struct la_zone *zone, uint32_t pfn)
{
    uint32_t block = 1u << mm->pageblock_order;
    uint32_t movable;

    if (zone->nr_reserved_highatomic >= zone->managed / 100 + block || la_pageblock_type(mm, pfn) >= LA_NR_PCPTYPES)
        return;
    zone->nr_reserved_highatomic += block;
    la_set_pageblock_type(mm, pfn, LA_MT_HIGHATOMIC);
    LA_TRACE(mm->trace, HIGHATOMIC_RESERVE, zone->index, pfn, zone->nr_reserved_highatomic);
    move_freepages_block(mm, zone, pfn, LA_MT_HIGHATOMIC, &movable);
}

static bool unreserve_block(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, enum la_migratetype mt)
{
    uint32_t block = 1u << mm->pageblock_order;
    uint32_t movable;

    if (la_pageblock_type(mm, pfn) == LA_MT_HIGHATOMIC)
        zone->nr_reserved_highatomic -= zone->nr_reserved_highatomic < block ? zone->nr_reserved_highatomic : block;
    la_set_pageblock_type(mm, pfn, mt);
    LA_TRACE(mm->trace, HIGHATOMIC_RELEASE, zone->index, pfn, zone->nr_reserved_highatomic);
    return move_freepages_block(mm, zone, pfn, mt, &movable) != 0;
}

bool la_unreserve_highatomic(struct la_mm *mm, const struct la_request *request, bool force)
{
    for (uint32_t i = 0; i < request->zonelist->nr; i++) {
        struct la_zone *zone = &mm->zone[request->zonelist->zone[i]];

        if (zone->type > request->highest || (!force && zone->nr_reserved_highatomic <= 1u << mm->pageblock_order))
            continue;
        for (uint32_t o = 0; o < LA_MAX_ORDER; o++) {
            uint32_t pfn = zone->free_area[o].list[LA_MT_HIGHATOMIC].head;

            if (pfn != LA_NO_PFN && unreserve_block(mm, zone, pfn, request->migratetype))
                return true;
        }
    }
    return false;
}
