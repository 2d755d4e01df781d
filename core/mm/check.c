/*
 * check.c: every invariant of the page allocator, as one function.
 *
 *     frames  -> each is covered by exactly one head, inside one zone
 *     lists   -> every entry is a free head of this order, zone and type; links agree both ways
 *     sums    -> nr_free, pcp counts, reclaim lists and processes add up to the frames
 *     buddies -> two free buddies of one order never lie side by side unmerged
 *
 * Cost: looks at everything; for tests and for the end of a lesson, never once a step.
 */
#include "mm/internal.h"

#include <inttypes.h>

struct check {
    const struct la_mm *mm;
    struct la_buf *out;
    uint32_t problems;
    uint32_t seen_free[LA_MAX_ZONES][LA_MAX_ORDER]; /* free heads found by walking the frames */
    uint32_t seen_pcp[LA_MAX_ZONES];                /* pages */
    uint32_t seen_cache[LA_MAX_ZONES], seen_dirty[LA_MAX_ZONES], seen_anon[LA_MAX_ZONES];
    uint32_t below_zero;
};

static void problem(struct check *check, const char *what, uint32_t where, uint64_t have, uint64_t want)
{
    check->problems++;
    if (check->problems <= 20)
        la_buf_printf(check->out, "%s at %u: %" PRIu64 ", expected %" PRIu64 "\n", what, (unsigned)where, have, want);
}

static void expect(struct check *check, const char *what, uint32_t where, uint64_t have, uint64_t want)
{
    if (have != want)
        problem(check, what, where, have, want);
}

/* ---- frames ---- */

/* From pageblock size on, blocks that met while their types forbade it stay apart, as in the kernel. */
static bool free_buddy_left(const struct la_mm *mm, const struct la_zone *zone, uint32_t pfn)
{
    const struct la_frame *frame = &mm->frame[pfn];
    uint32_t buddy = pfn ^ (1u << frame->order);

    return frame->order < LA_MAX_ORDER - 1 && frame->order < mm->pageblock_order && la_zone_contains(zone, buddy) &&
           mm->frame[buddy].kind == LA_FRAME_FREE && mm->frame[buddy].order == frame->order;
}

static void check_head(struct check *check, const struct la_zone *zone, uint32_t pfn)
{
    const struct la_frame *frame = &check->mm->frame[pfn];
    uint32_t pages = 1u << frame->order;

    if (frame->order >= LA_MAX_ORDER || (pfn & (pages - 1)) != 0 || pfn + pages > la_zone_end(zone)) {
        problem(check, "block not aligned or past its zone", pfn, frame->order, 0);
        return;
    }
    for (uint32_t i = 1; i < pages; i++)
        if (check->mm->frame[pfn + i].kind != LA_FRAME_TAIL)
            problem(check, "two owners of frame", pfn + i, check->mm->frame[pfn + i].kind, LA_FRAME_TAIL);
    if (frame->kind != LA_FRAME_RESERVED)
        expect(check, "zone of block", pfn, frame->zone, zone->index);
    switch (frame->kind) {
    case LA_FRAME_FREE:
        check->seen_free[zone->index][frame->order]++;
        if (free_buddy_left(check->mm, zone, pfn))
            problem(check, "free buddies not merged", pfn, frame->order, frame->order + 1u);
        break;
    case LA_FRAME_PCP:
        check->seen_pcp[zone->index] += pages;
        break;
    case LA_FRAME_PAGE_CACHE:
        check->seen_cache[zone->index]++;
        check->seen_dirty[zone->index] += (frame->flags & LA_FRAME_F_DIRTY) != 0;
        break;
    case LA_FRAME_PROCESS:
        check->seen_anon[zone->index]++;
        break;
    default:
        break;
    }
    if ((frame->kind == LA_FRAME_FREE || frame->kind == LA_FRAME_PCP) && frame->refcount > 0)
        problem(check, "free block with users", pfn, (uint64_t)frame->refcount, 0);
}

static void check_frames(struct check *check, const struct la_zone *zone)
{
    for (uint32_t pfn = zone->start_pfn; pfn < la_zone_end(zone);) {
        const struct la_frame *frame = &check->mm->frame[pfn];

        if (frame->kind == LA_FRAME_TAIL) {
            problem(check, "frame without owner", pfn, 0, 1);
            pfn++;
            continue;
        }
        check_head(check, zone, pfn);
        pfn += 1u << (frame->order < LA_MAX_ORDER ? frame->order : 0);
    }
    for (uint32_t pfn = zone->start_pfn; pfn < la_zone_end(zone); pfn++)
        check->below_zero += check->mm->frame[pfn].refcount < 0;
}

/* ---- lists ---- */

/* Walk a list; every entry must be of @kind.  Returns its length. */
static uint32_t check_list(struct check *check, const struct la_list *list, enum la_frame_kind kind, const char *what)
{
    uint32_t nr = 0, previous = LA_NO_PFN;

    for (uint32_t pfn = list->head; pfn != LA_NO_PFN; pfn = check->mm->frame[pfn].next) {
        if (pfn >= check->mm->nr_frames || ++nr > check->mm->nr_frames) {
            problem(check, what, pfn, nr, 0);
            return nr;
        }
        expect(check, what, pfn, check->mm->frame[pfn].kind, kind);
        expect(check, "back link", pfn, check->mm->frame[pfn].prev, previous);
        previous = pfn;
    }
    expect(check, "end of list", previous, list->tail, previous);
    return nr;
}

static void check_free_area(struct check *check, const struct la_zone *zone, uint32_t order, uint32_t *pages)
{
    const struct la_free_area *area = &zone->free_area[order];
    uint32_t nr = 0;

    for (uint32_t mt = 0; mt < LA_NR_MIGRATETYPES; mt++) {
        uint32_t len = check_list(check, &area->list[mt], LA_FRAME_FREE, "entry of a free list");

        expect(check, "length of a free list", order, len, area->nr[mt]);
        nr += len;
        for (uint32_t pfn = area->list[mt].head; pfn != LA_NO_PFN && pfn < check->mm->nr_frames;
             pfn = check->mm->frame[pfn].next) {
            expect(check, "order of a free block", pfn, check->mm->frame[pfn].order, order);
            expect(check, "list type of a free block", pfn, check->mm->frame[pfn].migratetype, mt);
        }
    }
    expect(check, "nr_free", order, area->nr_free, nr);
    expect(check, "free heads", order, check->seen_free[zone->index][order], nr);
    *pages += nr << order;
}

static void check_pcp(struct check *check, const struct la_zone *zone)
{
    uint32_t total = 0;

    for (uint32_t cpu = 0; cpu < check->mm->nr_cpus; cpu++) {
        const struct la_pcp *pcp = &zone->pcp[cpu];
        uint32_t pages = 0;

        for (uint32_t i = 0; i < LA_NR_PCP_LISTS; i++) {
            check_list(check, &pcp->list[i], LA_FRAME_PCP, "entry of a per-CPU list");
            for (uint32_t pfn = pcp->list[i].head; pfn != LA_NO_PFN; pfn = check->mm->frame[pfn].next)
                pages += 1u << check->mm->frame[pfn].order;
        }
        expect(check, "pages on per-CPU lists", cpu, pcp->count, pages);
        total += pages;
    }
    expect(check, "per-CPU frames", zone->index, check->seen_pcp[zone->index], total);
}

static void check_zone(struct check *check, const struct la_zone *zone)
{
    uint32_t pages = 0;
    int64_t held = zone->nr_free_global;

    check_frames(check, zone);
    for (uint32_t order = 0; order < LA_MAX_ORDER; order++)
        check_free_area(check, zone, order, &pages);
    expect(check, "free pages", zone->index, zone->nr_free, pages);
    for (uint32_t cpu = 0; cpu < check->mm->nr_cpus; cpu++)
        held += zone->pcp[cpu].free_diff;
    expect(check, "global count of free pages", zone->index, (uint64_t)held, pages);
    check_pcp(check, zone);
    expect(check, "page-cache list", zone->index, check_list(check, &zone->lru, LA_FRAME_PAGE_CACHE, "page-cache list"),
           zone->nr_file);
    expect(check, "page-cache frames", zone->index, check->seen_cache[zone->index], zone->nr_file);
    expect(check, "dirty frames", zone->index, check->seen_dirty[zone->index], zone->nr_dirty);
    expect(check, "process frames", zone->index, check->seen_anon[zone->index], zone->nr_anon);
}

static void check_pkmap(struct check *check)
{
    const struct la_mm *mm = check->mm;

    for (uint32_t slot = 0; slot < mm->layout.nr_pkmap; slot++)
        if (mm->pkmap_count[slot] != 0)
            expect(check, "kmap slot", slot, mm->frame[mm->pkmap_pfn[slot]].pkmap, slot + 1);
}

uint32_t la_mm_check(const struct la_mm *mm, struct la_buf *out)
{
    struct check check = {.mm = mm, .out = out};

    for (uint32_t z = 0; z < mm->nr_zones; z++)
        check_zone(&check, &mm->zone[z]);
    for (uint32_t i = 0; i < mm->nr_processes; i++)
        expect(&check, "frames of a process", i,
               check_list(&check, &mm->process[i].frames, LA_FRAME_PROCESS, "frame of a process"),
               mm->process[i].pages);
    expect(&check, "frames freed twice", 0, mm->nr_misfreed, check.below_zero);
    check_pkmap(&check);
    return check.problems;
}
