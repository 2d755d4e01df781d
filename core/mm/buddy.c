/*
 * buddy.c: the free lists of a zone: splitting and merging blocks of 2^order pages.
 *
 * A block of order o starts at a multiple of 2^o.  Its buddy is the other half of the block of
 * order o+1 that both came from: their pfns differ in bit o only.
 *
 *     order 2  [ 0  1  2  3 ]                 alloc order 0:
 *     order 1  [ 0  1 ][ 2  3 ]     split     take 0, upper halves 2 and 1 stay free
 *     order 0  [0][1]  [ 2  3 ]     split     free 0: meets 1, then [2 3], and is whole again
 *
 *     free_area[1].list[MOVABLE] -> 2 -> ...     heads only, linked by pfn
 *     free_area[0].list[MOVABLE] -> 1 -> ...
 *
 * Invariant: below the top order two buddies are never both on a free list (of mergeable
 * pageblocks); every free block's head says its order and the type of the list it is on.
 * Cost: one list operation per level, never more than 10; the tails of a block are not touched.
 *
 * Source: Linux 6.1.192 mm/page_alloc.c: __free_one_page, expand, __rmqueue_smallest,
 * buddy_merge_likely, page_is_buddy.
 */
#include "mm/internal.h"

#include <assert.h>

static bool is_mergeable(enum la_migratetype mt)
{
    return mt < LA_NR_PCPTYPES;
}

static void add_to_free_list(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, uint32_t order,
                             enum la_migratetype mt, bool tail)
{
    struct la_free_area *area = &zone->free_area[order];
    struct la_frame *frame = la_frame_write(mm, pfn);

    frame->kind = LA_FRAME_FREE;
    frame->order = (uint8_t)order;
    frame->migratetype = (uint8_t)mt;
    frame->zone = zone->index;
    if (tail)
        la_list_add_tail(mm, &area->list[mt], pfn);
    else
        la_list_add_head(mm, &area->list[mt], pfn);
    area->nr_free++;
    area->nr[mt]++;
}

void la_restore_free_block(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, uint32_t order, enum la_migratetype mt)
{
    add_to_free_list(mm, zone, pfn, order, mt, true);
    la_mod_free_pages(mm, zone, 1 << order);
}

/* Leaves the frame's kind to the caller: it becomes a tail, or something allocated. */
static void del_from_free_list(struct la_mm *mm, struct la_zone *zone, uint32_t pfn)
{
    const struct la_frame *frame = &mm->frame[pfn];
    struct la_free_area *area = &zone->free_area[frame->order];

    la_list_del(mm, &area->list[frame->migratetype], pfn);
    area->nr_free--;
    area->nr[frame->migratetype]--;
}

static bool is_buddy(const struct la_mm *mm, const struct la_zone *zone, uint32_t pfn, uint32_t order)
{
    return la_zone_contains(zone, pfn) && mm->frame[pfn].kind == LA_FRAME_FREE && mm->frame[pfn].order == order;
}

/* Would this block, once its buddy comes back, merge two levels at once?  Then it waits at the tail. */
static bool merge_likely(const struct la_mm *mm, const struct la_zone *zone, uint32_t pfn, uint32_t order)
{
    uint32_t parent = pfn & ~(1u << order);

    if (order >= LA_MAX_ORDER - 2)
        return false;
    return is_buddy(mm, zone, parent ^ (2u << order), order + 1);
}

/* From pageblock size on, blocks of types that must stay apart do not merge. */
static bool types_forbid_merge(const struct la_mm *mm, uint32_t buddy, uint32_t order, enum la_migratetype mt)
{
    if (order < mm->pageblock_order)
        return false;
    enum la_migratetype buddy_mt = la_pageblock_type(mm, buddy);

    return mt != buddy_mt && (!is_mergeable(mt) || !is_mergeable(buddy_mt));
}

void la_free_one_page(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, uint32_t order, enum la_migratetype mt,
                      bool to_tail)
{
    assert((pfn & ((1u << order) - 1)) == 0 && la_zone_contains(zone, pfn));
    la_mod_free_pages(mm, zone, 1 << order);
    la_note_block(mm, pfn, order);
    while (order < LA_MAX_ORDER - 1) {
        uint32_t buddy = pfn ^ (1u << order);

        if (!is_buddy(mm, zone, buddy, order) || types_forbid_merge(mm, buddy, order, mt)) {
            LA_TRACE(mm->trace, MERGE_STOP, zone->index, buddy, order);
            break;
        }
        del_from_free_list(mm, zone, buddy);
        la_frame_write(mm, pfn | buddy)->kind = LA_FRAME_TAIL;
        pfn &= buddy;
        order++;
        LA_TRACE(mm->trace, MERGE, zone->index, pfn, buddy, order);
    }
    la_note_block(mm, pfn, order);
    bool tail = to_tail || merge_likely(mm, zone, pfn, order);

    add_to_free_list(mm, zone, pfn, order, mt, tail);
    LA_TRACE(mm->trace, LIST_ADD, zone->index, pfn, order, mt, tail);
}

/* The upper halves go to the heads of their lists; the lowest piece is the caller's. */
static void expand(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, uint32_t low, uint32_t high,
                   enum la_migratetype mt)
{
    while (high > low) {
        high--;
        LA_TRACE(mm->trace, SPLIT, zone->index, pfn + (1u << high), high, mt);
        add_to_free_list(mm, zone, pfn + (1u << high), high, mt, false);
    }
}

uint32_t la_rmqueue_smallest(struct la_mm *mm, struct la_zone *zone, uint32_t order, enum la_migratetype mt)
{
    for (uint32_t o = order; o < LA_MAX_ORDER; o++) {
        uint32_t pfn = zone->free_area[o].list[mt].head;

        if (pfn == LA_NO_PFN)
            continue;
        LA_TRACE(mm->trace, LIST_TAKE, zone->index, pfn, o, mt);
        la_note_block(mm, pfn, o);
        del_from_free_list(mm, zone, pfn);
        expand(mm, zone, pfn, order, o, mt);
        struct la_frame *frame = la_frame_write(mm, pfn);

        frame->order = (uint8_t)order;
        frame->migratetype = (uint8_t)mt;
        return pfn;
    }
    return LA_NO_PFN;
}

void la_move_to_free_list(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, enum la_migratetype mt)
{
    uint32_t order = mm->frame[pfn].order;

    la_note_block(mm, pfn, order);
    del_from_free_list(mm, zone, pfn);
    add_to_free_list(mm, zone, pfn, order, mt, true);
    LA_TRACE(mm->trace, LIST_ADD, zone->index, pfn, order, mt, true);
}

void la_take_free_block(struct la_mm *mm, struct la_zone *zone, uint32_t pfn)
{
    uint32_t order = mm->frame[pfn].order;

    la_note_block(mm, pfn, order);
    del_from_free_list(mm, zone, pfn);
    la_mod_free_pages(mm, zone, -(1 << order));
}
