/*
 * reclaim.c: getting memory back from the page cache: kswapd in the background, or the caller itself.
 *
 *     zone.lru   newest -> ... -> oldest        one list of page-cache frames per zone
 *                                    ^ taken here: clean ones are dropped, dirty ones written first
 *
 *     kswapd  |free| < low ...wakes...> frees until one zone is above high, then sleeps
 *     direct  the caller frees up to 32 pages, then tries again
 *
 * Invariant: nr_file counts the frames on zone.lru, nr_dirty the dirty ones among them.
 * Cost: proportional to the pages looked at.
 *
 * Deviations:
 *  A. One list per zone in order of age; no active list, no reference bits, no anonymous memory
 *     (the simulated machine has no swap), no shrinkers.
 *  B. Writing a dirty page takes no time of its own; it needs __GFP_IO and __GFP_FS.
 *  C. kswapd makes one pass a tick and frees at most the sum of the high marks in it.
 *
 * Source: Linux 6.1.192 mm/vmscan.c: balance_pgdat, pgdat_balanced, wakeup_kswapd,
 * try_to_free_pages, zone_reclaimable_pages.
 */
#include "mm/internal.h"

enum { KSWAPD_FAILURES_MAX = 16 };

/* ---- the page cache ---- */

static void drop_page(struct la_mm *mm, struct la_zone *zone, uint32_t pfn)
{
    bool dirty = (mm->frame[pfn].flags & LA_FRAME_F_DIRTY) != 0;
    struct la_frame *frame = la_frame_write(mm, pfn);

    la_list_del(mm, &zone->lru, pfn);
    zone->nr_file--;
    zone->nr_dirty -= dirty;
    frame->refcount = 0;
    frame->flags = 0;
    frame->owner = 0;
    LA_TRACE(mm->trace, RECLAIM_PAGE, zone->index, pfn, dirty);
    mm->vm_event[LA_VM_PGSTEAL]++;
    la_free_the_page(mm, pfn, 0, false);
}

/* From the oldest on; returns pages freed, adds to *@scanned. */
static uint32_t shrink_zone(struct la_mm *mm, struct la_zone *zone, la_gfp_t gfp, uint32_t target, uint32_t *scanned)
{
    bool may_write = (gfp & LA_GFP_IO) && (gfp & LA_GFP_FS);
    uint32_t freed = 0, pfn = zone->lru.tail;

    if (!may_write && zone->nr_file == zone->nr_dirty)
        return 0;
    zone->reclaim_active = true;
    while (pfn != LA_NO_PFN && freed < target) {
        uint32_t newer = mm->frame[pfn].prev;

        ++*scanned;
        mm->vm_event[LA_VM_PGSCAN]++;
        if (may_write || !(mm->frame[pfn].flags & LA_FRAME_F_DIRTY)) {
            drop_page(mm, zone, pfn);
            freed++;
        }
        pfn = newer;
    }
    zone->reclaim_active = false;
    return freed;
}

uint32_t la_shrink_zones(struct la_mm *mm, int32_t node, enum la_zone_type highest, la_gfp_t gfp, uint32_t target,
                         uint32_t *scanned)
{
    uint32_t freed = 0;

    for (uint32_t type = highest + 1u; type-- > 0;)
        for (uint32_t z = 0; z < mm->nr_zones && freed < target; z++)
            if (mm->zone[z].type == type && (node == LA_NO_NODE || mm->zone[z].node == node))
                freed += shrink_zone(mm, &mm->zone[z], gfp, target - freed, scanned);
    return freed;
}

uint32_t la_zone_reclaimable(const struct la_mm *mm, const struct la_zone *zone, la_gfp_t gfp)
{
    (void)gfp; /* as in the kernel, the estimate does not ask whether dirty pages may be written */
    if (zone->nr_file == 0 && mm->reclaim_counts_free)
        return zone->nr_free;
    return zone->nr_file;
}

uint32_t la_direct_reclaim(struct la_mm *mm, const struct la_request *request)
{
    int32_t node = request->gfp & LA_GFP_THISNODE ? (int32_t)request->preferred->node : LA_NO_NODE;
    uint32_t scanned = 0, freed;

    mm->vm_event[LA_VM_ALLOCSTALL + request->highest]++;
    mm->reclaim_rounds++;
    freed = la_shrink_zones(mm, node, request->highest, request->gfp, LA_SWAP_CLUSTER_MAX, &scanned);
    LA_TRACE(mm->trace, RECLAIM, mm->reclaim_rounds, scanned, freed);
    if (freed != 0)
        for (uint32_t n = 0; n < mm->nr_nodes; n++)
            mm->node[n].kswapd_failures = 0;
    return freed;
}

/* ---- kswapd ---- */

static bool balanced(const struct la_mm *mm, uint32_t nid, uint32_t order, enum la_zone_type highest)
{
    bool any = false;

    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        const struct la_zone *zone = &mm->zone[z];

        if (zone->node != nid || zone->type > highest || zone->managed == 0)
            continue;
        any = true;
        if (la_watermark_ok(zone, order, la_wmark_pages(zone, LA_WMARK_HIGH), highest, 0, zone->nr_free))
            return true;
    }
    return !any;
}

static bool boosted(const struct la_mm *mm, uint32_t nid, enum la_zone_type highest)
{
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (mm->zone[z].node == nid && mm->zone[z].type <= highest && mm->zone[z].watermark_boost != 0)
            return true;
    return false;
}

void la_wakeup_kswapd(struct la_mm *mm, const struct la_zone *zone, uint32_t order, enum la_zone_type highest)
{
    struct la_node *node = &mm->node[zone->node];

    if (zone->managed == 0)
        return;
    if (!node->kswapd_awake && (node->kswapd_failures >= KSWAPD_FAILURES_MAX ||
                                (balanced(mm, zone->node, order, highest) && !boosted(mm, zone->node, highest))))
        return;
    if (!node->kswapd_awake || node->kswapd_highest < highest)
        node->kswapd_highest = (uint8_t)highest;
    if (!node->kswapd_awake || node->kswapd_order < order)
        node->kswapd_order = (uint8_t)order;
    if (node->kswapd_awake)
        return;
    node->kswapd_awake = true;
    mm->vm_event[LA_VM_KSWAPD_WAKE]++;
    LA_TRACE(mm->trace, KSWAPD_WAKE, zone->node, order);
}

void la_wake_all_kswapds(struct la_mm *mm, const struct la_request *request)
{
    uint32_t last = UINT32_MAX;

    for (uint32_t i = 0; i < request->zonelist->nr; i++) {
        const struct la_zone *zone = &mm->zone[request->zonelist->zone[i]];

        if (zone->type > request->highest || zone->node == last)
            continue;
        last = zone->node;
        la_wakeup_kswapd(mm, zone, request->order, request->highest);
    }
}

static void fall_asleep(struct la_mm *mm, uint32_t nid, const char *why)
{
    mm->node[nid].kswapd_awake = false;
    if (!mm->trace->on)
        return;
    uint64_t field = la_trace_text(mm->trace, why);

    LA_TRACE(mm->trace, KSWAPD_SLEEP, nid, field);
}

static uint32_t pass_target(const struct la_mm *mm, uint32_t nid, enum la_zone_type highest)
{
    uint32_t target = 0;

    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        const struct la_zone *zone = &mm->zone[z];
        uint32_t high = la_wmark_pages(zone, LA_WMARK_HIGH);

        if (zone->node == nid && zone->type <= highest && zone->managed != 0)
            target += high > LA_SWAP_CLUSTER_MAX ? high : LA_SWAP_CLUSTER_MAX;
    }
    return target;
}

/* One pass over one node: free a little at a time until a zone is above its high mark. */
static void kswapd_pass(struct la_mm *mm, uint32_t nid)
{
    struct la_node *node = &mm->node[nid];
    enum la_zone_type highest = node->kswapd_highest;
    uint32_t target = pass_target(mm, nid, highest), freed = 0, scanned = 0, got = 1;

    while (!balanced(mm, nid, node->kswapd_order, highest) && freed < target && got != 0) {
        got = la_shrink_zones(mm, (int32_t)nid, highest, LA_GFP_KERNEL, LA_SWAP_CLUSTER_MAX, &scanned);
        freed += got;
        for (uint32_t z = 0; z < mm->nr_zones; z++)
            if (mm->zone[z].node == nid)
                la_pcp_drain(mm, &mm->zone[z], mm->cpu);
    }
    mm->vm_event[LA_VM_PGSCAN_KSWAPD] += scanned;
    mm->vm_event[LA_VM_PGSTEAL_KSWAPD] += freed;
    if (freed != 0)
        LA_TRACE(mm->trace, KSWAPD_RUN, nid, freed);
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (mm->zone[z].node == nid && mm->zone[z].type <= highest)
            mm->zone[z].watermark_boost = 0;
    if (balanced(mm, nid, node->kswapd_order, highest)) {
        node->kswapd_failures = 0;
        fall_asleep(mm, nid, "a zone is above its high mark");
    } else if (freed != 0) {
        node->kswapd_failures = 0;
    } else if (node->kswapd_order != 0) {
        node->kswapd_order = 0; /* large blocks are compaction's business */
    } else if (++node->kswapd_failures >= KSWAPD_FAILURES_MAX) {
        fall_asleep(mm, nid, "16 passes in a row freed nothing");
    }
}

void la_kswapd_tick(struct la_mm *mm)
{
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        if (mm->node[n].kswapd_awake)
            kswapd_pass(mm, n);
}
