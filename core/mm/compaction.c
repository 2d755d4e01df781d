/*
 * compaction.c: making one large free block by moving pages out of its way.
 *
 *     before  [free][cache][free][free] ... [free]      order 2 wanted: four in a row
 *                     `-----------------------^          the page moves to a free frame elsewhere
 *     after   [        free        ] ...   [cache]
 *
 * Only pages on reclaim lists can move: page cache and process memory.  Memory the kernel itself
 * uses (and a program's own pages: it holds their addresses) stays where it is; one such page
 * spoils a block.
 *
 * Invariant: the pages moved keep content, owner and place in their list.
 * Cost: at most SCAN_FRAMES frames looked at per call; the next call goes on behind them.
 *
 * Deviations:
 *  A. The kernel scans with two scanners that meet, in modes that hesitate differently.  Here a zone
 *     succeeds if its free pages exceed the mark by twice the block and some aligned block of the
 *     wanted size holds only free and movable frames.
 *  B. Program pages allocated with __GFP_MOVABLE do not move (as for a driver without a
 *     migration callback).
 *
 * Source: Linux 6.1.192 mm/compaction.c: compaction_suitable, compact_zone, try_to_compact_pages.
 */
#include "mm/internal.h"

#include <assert.h>

enum { SCAN_FRAMES = 32768 };

static bool movable(const struct la_frame *frame)
{
    return frame->kind == LA_FRAME_PAGE_CACHE || frame->kind == LA_FRAME_PROCESS;
}

/* Room to work: the wanted block twice, above the mark. */
static bool suitable(const struct la_zone *zone, const struct la_request *request)
{
    enum la_wmark mark = request->order > LA_COSTLY_ORDER ? LA_WMARK_LOW : LA_WMARK_MIN;

    return la_watermark_ok(zone, 0, la_wmark_pages(zone, mark) + (2u << request->order), request->highest, 0,
                           zone->nr_free);
}

/* Free pages of @zone that pages may be moved to: not those set aside for atomic requests. */
static uint32_t room_in(const struct la_zone *zone)
{
    uint32_t pages = 0;

    for (uint32_t order = 0; order < LA_MAX_ORDER; order++)
        for (uint32_t mt = 0; mt < LA_NR_PCPTYPES; mt++)
            pages += zone->free_area[order].nr[mt] << order;
    return pages;
}

/*
 * Can all of the aligned block at @start be emptied into the @room of its zone, less what of it lies
 * in the block itself?  Stops at the first frame that cannot.  What is set aside for atomic requests
 * stays theirs, and a block that is free already needs no work.
 */
static bool can_empty(const struct la_mm *mm, uint32_t start, uint32_t pages, uint32_t room)
{
    uint32_t nr_free = 0, nr_movable = 0;

    if (la_pageblock_type(mm, start) == LA_MT_HIGHATOMIC ||
        (mm->frame[start].kind == LA_FRAME_FREE && 1u << mm->frame[start].order >= pages))
        return false;
    for (uint32_t at = start; at < start + pages;) {
        const struct la_frame *frame = &mm->frame[at];

        if (frame->kind == LA_FRAME_FREE) {
            nr_free += 1u << frame->order;
            at += 1u << frame->order;
        } else if (movable(frame)) {
            nr_movable++;
            at++;
        } else {
            return false;
        }
    }
    return nr_free + nr_movable <= room;
}

/* The next block that can be emptied, from the zone's cursor on; LA_NO_PFN when none was found. */
static uint32_t find_block(struct la_mm *mm, struct la_zone *zone, uint32_t order)
{
    uint32_t pages = 1u << order;
    uint32_t first = (zone->start_pfn + pages - 1) & ~(pages - 1);
    uint32_t blocks = la_zone_end(zone) > first ? (la_zone_end(zone) - first) / pages : 0;
    uint32_t room = room_in(zone);
    uint32_t cursor = blocks != 0 ? zone->compact_cursor / pages % blocks : 0;

    for (uint32_t i = 0; i < blocks && i * pages < SCAN_FRAMES; i++) {
        uint32_t start = first + (cursor + i) % blocks * pages;

        if (!can_empty(mm, start, pages, room))
            continue;
        zone->compact_cursor = start - first;
        return start;
    }
    zone->compact_cursor += SCAN_FRAMES;
    return LA_NO_PFN;
}

static struct la_list *list_of(struct la_mm *mm, const struct la_frame *frame)
{
    if (frame->kind == LA_FRAME_PROCESS)
        return &mm->process[frame->use].frames;
    return &mm->zone[frame->zone].lru;
}

/* Put @to where @from is in its list, with everything that @from is. */
static void migrate_page(struct la_mm *mm, uint32_t from, uint32_t to)
{
    struct la_frame old = mm->frame[from], free_frame = mm->frame[to];
    struct la_list *list = list_of(mm, &old);
    struct la_frame *frame = la_frame_write(mm, to);

    if (free_frame.refcount < 0) /* freed twice: nobody looks at a target, its count starts anew */
        mm->nr_misfreed--;
    *frame = old;
    frame->migratetype = free_frame.migratetype;
    frame->pkmap = free_frame.pkmap;
    if (old.prev == LA_NO_PFN)
        list->head = to;
    else
        la_frame_write(mm, old.prev)->next = to;
    if (old.next == LA_NO_PFN)
        list->tail = to;
    else
        la_frame_write(mm, old.next)->prev = to;
    frame = la_frame_write(mm, from);
    frame->content = free_frame.content;
    frame->fill = free_frame.fill;
    frame->kind = LA_FRAME_TAIL;
    frame->refcount = 0;
    frame->flags = 0;
    frame->owner = 0;
    la_note_block(mm, to, 0);
    la_note_block(mm, from, 0);
}

/* Empty the block: its free parts are taken off the lists, its pages moved.  Returns pages moved. */
static uint32_t empty_block(struct la_mm *mm, struct la_zone *zone, uint32_t start, uint32_t pages)
{
    uint32_t moved = 0;

    for (uint32_t at = start; at < start + pages;) {
        uint32_t order = mm->frame[at].order;

        if (mm->frame[at].kind != LA_FRAME_FREE) {
            at++;
            continue;
        }
        la_take_free_block(mm, zone, at);
        la_frame_write(mm, at)->kind = LA_FRAME_TAIL; /* nobody must take it for a block on a list */
        at += 1u << order;
    }
    for (uint32_t at = start; at < start + pages; at++) {
        if (!movable(&mm->frame[at]))
            continue;
        uint32_t to = la_rmqueue_types(mm, zone, 0, LA_MT_MOVABLE, LA_ALLOC_WMARK_MIN);

        assert(to != LA_NO_PFN); /* can_empty(): there is room outside the block */
        la_mod_free_pages(mm, zone, -1);
        LA_TRACE(mm->trace, COMPACT_MOVE, zone->index, at, to);
        migrate_page(mm, at, to);
        moved++;
    }
    return moved;
}

static enum la_compact_result compact_zone(struct la_mm *mm, struct la_zone *zone, uint32_t order)
{
    uint32_t start = find_block(mm, zone, order);
    uint32_t moved = start != LA_NO_PFN ? empty_block(mm, zone, start, 1u << order) : 0;

    if (start != LA_NO_PFN)
        la_free_one_page(mm, zone, start, order, la_pageblock_type(mm, start), false);
    LA_TRACE(mm->trace, COMPACT, zone->index, order, moved, start != LA_NO_PFN);
    return start != LA_NO_PFN ? LA_COMPACT_SUCCESS : LA_COMPACT_FAILED;
}

enum la_compact_result la_compact(struct la_mm *mm, const struct la_request *request)
{
    enum la_compact_result result = LA_COMPACT_SKIPPED;

    if (!(request->gfp & LA_GFP_IO))
        return LA_COMPACT_SKIPPED;
    mm->compact_rounds++;
    mm->vm_event[LA_VM_COMPACT_STALL]++;
    for (uint32_t i = 0; i < request->zonelist->nr && result != LA_COMPACT_SUCCESS; i++) {
        struct la_zone *zone = &mm->zone[request->zonelist->zone[i]];

        if (zone->type <= request->highest && suitable(zone, request))
            result = compact_zone(mm, zone, request->order);
    }
    mm->vm_event[result == LA_COMPACT_SUCCESS ? LA_VM_COMPACT_SUCCESS : LA_VM_COMPACT_FAIL]++;
    if (result == LA_COMPACT_SKIPPED && mm->trace->on) {
        uint64_t why = la_trace_text(mm->trace, "no zone has twice the block free above its mark");

        LA_TRACE(mm->trace, COMPACT_SKIP, why);
    }
    return result;
}
