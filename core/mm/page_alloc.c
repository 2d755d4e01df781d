/*
 * page_alloc.c: the fast path of every page allocation.
 *
 *     alloc_pages(gfp, order)
 *        | order >= 11: no            gfp bits -> highest zone, list of zones, migratetype
 *        v
 *     for each zone, best first:  above its low mark?  -> take from pcp list or buddy, done
 *        | none
 *        v
 *     slow path (slowpath.c), which comes back here with other marks
 *
 * Invariant: a page handed out is on no list, its head has refcount 1, kind and owner are set.
 * Cost: a hit on a per-CPU list reads one zone and touches two frames.
 *
 * Deviations:
 *  A. MOVABLE together with RECLAIMABLE warns and is treated as unmovable; the kernel (without
 *     DEBUG_VM) would index the HIGHATOMIC lists.
 *  B. Cpusets, memory control groups, dirty limits per node and zone_reclaim_mode are not modelled.
 *  C. Pages are not zeroed unless asked for: the kernel of the recordings had init_on_alloc=1.
 *
 * Source: Linux 6.1.192 mm/page_alloc.c: __alloc_pages, get_page_from_freelist, rmqueue,
 * rmqueue_buddy, prep_new_page; include/linux/gfp.h: gfp_zone, gfp_migratetype.
 */
#include "mm/internal.h"

enum la_zone_type la_gfp_zone(const struct la_mm *mm, la_gfp_t gfp)
{
    enum la_zone_type want = LA_ZONE_NORMAL;

    if (gfp & LA_GFP_DMA)
        want = LA_ZONE_DMA;
    else if (gfp & LA_GFP_DMA32)
        want = LA_ZONE_DMA32;
    else if ((gfp & (LA_GFP_HIGHMEM | LA_GFP_MOVABLE)) == (LA_GFP_HIGHMEM | LA_GFP_MOVABLE))
        return LA_ZONE_MOVABLE;
    else if (gfp & LA_GFP_HIGHMEM)
        want = LA_ZONE_HIGHMEM;
    return mm->zone_types & 1u << want ? want : LA_ZONE_NORMAL;
}

static enum la_migratetype gfp_migratetype(struct la_mm *mm, la_gfp_t gfp)
{
    if (mm->mobility_off)
        return LA_MT_UNMOVABLE;
    if ((gfp & LA_GFP_MOVABLE) && (gfp & LA_GFP_RECLAIMABLE)) {
        if (la_warn_once(mm, LA_WARNED_MOBILITY))
            la_warning(mm, "WARNING: __GFP_MOVABLE together with __GFP_RECLAIMABLE",
                       "A page is grouped as movable or as reclaimable, not both; taken as unmovable.");
        return LA_MT_UNMOVABLE;
    }
    return gfp & LA_GFP_MOVABLE ? LA_MT_MOVABLE : gfp & LA_GFP_RECLAIMABLE ? LA_MT_RECLAIMABLE : LA_MT_UNMOVABLE;
}

/* PF_MEMALLOC_NOIO / NOFS / PIN scopes narrow the mask. */
static la_gfp_t current_gfp_context(const struct la_mm *mm, la_gfp_t gfp)
{
    uint32_t flags = mm->context[mm->cpu].task_flags;

    if (flags & LA_PF_MEMALLOC_NOIO)
        gfp &= ~(la_gfp_t)(LA_GFP_IO | LA_GFP_FS);
    else if (flags & LA_PF_MEMALLOC_NOFS)
        gfp &= ~(la_gfp_t)LA_GFP_FS;
    if (flags & LA_PF_MEMALLOC_PIN)
        gfp &= ~(la_gfp_t)LA_GFP_MOVABLE;
    return gfp;
}

/* ---- taking from one zone ---- */

static uint32_t rmqueue_buddy(struct la_mm *mm, struct la_zone *zone, const struct la_request *request)
{
    uint32_t order = request->order, pfn;

    do {
        pfn = LA_NO_PFN;
        if (request->alloc_flags & LA_ALLOC_HIGHATOMIC)
            pfn = la_rmqueue_smallest(mm, zone, order, LA_MT_HIGHATOMIC);
        if (pfn == LA_NO_PFN)
            pfn = la_rmqueue_types(mm, zone, order, request->migratetype, request->alloc_flags);
        if (pfn == LA_NO_PFN && (request->alloc_flags & (LA_ALLOC_OOM | LA_ALLOC_NON_BLOCK)))
            pfn = la_rmqueue_smallest(mm, zone, order, LA_MT_HIGHATOMIC);
        if (pfn == LA_NO_PFN)
            return LA_NO_PFN;
        la_mod_free_pages(mm, zone, -(1 << order));
    } while (mm->nr_misfreed != 0 && la_drop_bad_block(mm, pfn, order));
    return pfn;
}

static uint32_t rmqueue(struct la_mm *mm, struct la_zone *zone, const struct la_request *request)
{
    uint32_t pfn = LA_NO_PFN;

    if ((request->gfp & LA_GFP_NOFAIL) && request->order > 1 && la_warn_once(mm, LA_WARNED_NOFAIL_ORDER))
        la_warning(mm, "WARNING: __GFP_NOFAIL with order > 1", "Only single pages and pairs can be promised.");
    if (la_pcp_allowed(mm, request->order))
        pfn = la_rmqueue_pcp(mm, zone, request->order, request->migratetype, request->alloc_flags,
                             (request->gfp & LA_GFP_COLD_26) != 0);
    if (pfn == LA_NO_PFN)
        pfn = rmqueue_buddy(mm, zone, request);
    if (zone->boosted) {
        zone->boosted = false;
        la_wakeup_kswapd(mm, zone, 0, zone->type);
    }
    return pfn;
}

void la_prep_new_page(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, const struct la_request *request)
{
    struct la_frame *frame = la_frame_write(mm, pfn);
    la_gfp_t gfp = request->gfp;

    if (frame->refcount < 0) /* freed twice while on a per-CPU list: nobody looks there */
        mm->nr_misfreed--;
    frame->kind = mm->kind;
    frame->owner = mm->owner;
    frame->order = (uint8_t)request->order;
    frame->zone = zone->index;
    frame->refcount = 1;
    frame->use = 0;
    frame->flags =
        (uint8_t)((gfp & LA_GFP_COMP && request->order > 0 ? LA_FRAME_F_COMPOUND : 0) |
                  (request->alloc_flags & LA_ALLOC_NO_WATERMARKS ? LA_FRAME_F_PFMEMALLOC : 0) |
                  (gfp & LA_GFP_ZERO ? LA_FRAME_F_ZEROED : 0) | (gfp & LA_GFP_MOVABLE ? LA_FRAME_F_MOVABLE : 0));
    la_note_block(mm, pfn, request->order);
    if (gfp & LA_GFP_ZERO) {
        for (uint32_t i = 0; i < 1u << request->order; i++)
            la_frame_set_fill(mm, pfn + i, 0);
        LA_TRACE(mm->trace, ZEROED, pfn, request->order);
    }
}

/* The next zone is on another node: rather mix types here than go there (F5). */
static bool leaves_node(const struct la_mm *mm, const struct la_zone *zone, const struct la_request *request)
{
    return (request->alloc_flags & LA_ALLOC_NOFRAGMENT) && mm->nr_nodes > 1 && zone->node != request->preferred->node;
}

uint32_t la_get_page_from_freelist(struct la_mm *mm, struct la_request *request)
{
    const struct la_zonelist *list = request->zonelist;

    for (;;) {
        bool rescan = false;

        for (uint32_t i = 0; i < list->nr && !rescan; i++) {
            struct la_zone *zone = &mm->zone[list->zone[i]];

            if (zone->type > request->highest)
                continue;
            if (leaves_node(mm, zone, request)) {
                rescan = true;
                break;
            }
            if (!(request->alloc_flags & LA_ALLOC_NO_WATERMARKS) && !la_watermark_fast(mm, zone, request))
                continue;
            uint32_t pfn = rmqueue(mm, zone, request);

            if (pfn == LA_NO_PFN)
                continue;
            la_prep_new_page(mm, zone, pfn, request);
            la_count_numa(mm, request->preferred, zone);
            if (request->alloc_flags & LA_ALLOC_HIGHATOMIC)
                la_reserve_highatomic(mm, zone, pfn);
            return pfn;
        }
        if (!(request->alloc_flags & LA_ALLOC_NOFRAGMENT))
            return LA_NO_PFN;
        request->alloc_flags &= ~(uint32_t)LA_ALLOC_NOFRAGMENT;
    }
}

/* ---- the entry ---- */

/* Mixing types in NORMAL can be avoided while DMA32 below it is there to help out. */
static uint32_t alloc_flags_nofragment(const struct la_mm *mm, const struct la_request *request)
{
    uint32_t flags = request->gfp & LA_GFP_KSWAPD_RECLAIM ? LA_ALLOC_KSWAPD : 0;
    const struct la_zone *zone = request->preferred;

    if (!(mm->zone_types & 1u << LA_ZONE_DMA32) || zone->type != LA_ZONE_NORMAL)
        return flags;
    if (mm->nr_nodes > 1 && (zone->index == 0 || mm->zone[zone->index - 1].type != LA_ZONE_DMA32 ||
                             mm->zone[zone->index - 1].node != zone->node || mm->zone[zone->index - 1].present == 0))
        return flags;
    return flags | LA_ALLOC_NOFRAGMENT;
}

bool la_prepare_request(struct la_mm *mm, struct la_request *request, la_gfp_t gfp, uint32_t order, uint32_t nid)
{
    gfp = current_gfp_context(mm, gfp & (mm->gfp_allowed_mask | ~(la_gfp_t)LA_GFP_6_1_BITS));
    if (gfp & LA_GFP_DIRECT_RECLAIM)
        la_might_sleep(mm, "include/linux/sched/mm.h:274");
    if (la_gfp_zone_is_bad(gfp)) {
        la_oops(mm, "illegal zone combination: only one of __GFP_DMA, __GFP_DMA32 and __GFP_HIGHMEM may be set",
                "VM_BUG_ON with CONFIG_DEBUG_VM; otherwise the real kernel silently takes the lowest zone, DMA.");
        gfp = (gfp & ~(la_gfp_t)(LA_GFP_HIGHMEM | LA_GFP_DMA32)) | LA_GFP_DMA;
    }
    request->gfp = gfp;
    if (la_should_fail_page(mm, gfp, order))
        return false;
    request->order = order;
    request->highest = la_gfp_zone(mm, gfp);
    request->migratetype = gfp_migratetype(mm, gfp);
    request->zonelist = la_node_zonelist(mm, nid, gfp);
    request->preferred = NULL;
    for (uint32_t i = 0; i < request->zonelist->nr && request->preferred == NULL; i++)
        if (mm->zone[request->zonelist->zone[i]].type <= request->highest)
            request->preferred = &mm->zone[request->zonelist->zone[i]];
    return request->preferred != NULL;
}

static void old_names(struct la_mm *mm, la_gfp_t gfp)
{
    uint32_t nr;
    const struct la_gfp_name *names = la_gfp_names(&nr);

    for (uint32_t i = 0; i < nr; i++)
        if (names[i].until != NULL && (names[i].value & ~(la_gfp_t)LA_GFP_6_1_BITS & gfp) != 0)
            la_then_now(mm, names[i].name, names[i].then, names[i].now);
}

static uint32_t order_too_big(struct la_mm *mm, la_gfp_t gfp, uint32_t order)
{
    if (!(gfp & LA_GFP_NOWARN) && la_warn_once(mm, LA_WARNED_ORDER))
        la_warning(mm, "WARNING: alloc_pages: order >= MAX_ORDER",
                   "The largest block is 2^10 pages (4 MiB): MAX_ORDER is 11, exclusive.");
    LA_TRACE(mm->trace, ALLOC_FAIL, gfp, order);
    return LA_NO_PFN;
}

uint32_t la_alloc_pages(struct la_mm *mm, la_gfp_t gfp, uint32_t order, int32_t nid)
{
    struct la_request request;
    uint32_t pfn = LA_NO_PFN;

    if (gfp & ~(la_gfp_t)LA_GFP_6_1_BITS)
        old_names(mm, gfp);
    if (order >= LA_MAX_ORDER)
        return order_too_big(mm, gfp, order);
    mm->reclaim_rounds = mm->compact_rounds = 0;
    if (la_prepare_request(mm, &request, gfp, order, nid == LA_NO_NODE ? mm->cpu_node[mm->cpu] : (uint32_t)nid)) {
        LA_TRACE(mm->trace, ALLOC_REQUEST, request.gfp, order, request.preferred->index, request.migratetype);
        request.alloc_flags = LA_ALLOC_WMARK_LOW | alloc_flags_nofragment(mm, &request);
        pfn = la_get_page_from_freelist(mm, &request);
        if (pfn == LA_NO_PFN)
            pfn = la_alloc_pages_slowpath(mm, &request);
    }
    if (pfn == LA_NO_PFN) {
        LA_TRACE(mm->trace, ALLOC_FAIL, request.gfp, order);
        return LA_NO_PFN;
    }
    mm->vm_event[LA_VM_PGALLOC + mm->zone[mm->frame[pfn].zone].type] += UINT64_C(1) << order;
    LA_TRACE(mm->trace, ALLOC_DONE, pfn, order, mm->frame[pfn].zone, request.migratetype);
    return pfn;
}

uint32_t la_get_free_pages(struct la_mm *mm, la_gfp_t gfp, uint32_t order)
{
    if (gfp & LA_GFP_HIGHMEM)
        la_then_now(mm, "__get_free_pages(__GFP_HIGHMEM)",
                    "2.6 checked nothing and returned 0 for a high page, which was lost.",
                    "the HIGHMEM bit is silently cleared, because an address must be returned.");
    return la_alloc_pages(mm, gfp & ~(la_gfp_t)LA_GFP_HIGHMEM, order, LA_NO_NODE);
}

uint32_t la_get_zeroed_page(struct la_mm *mm, la_gfp_t gfp)
{
    if (gfp & LA_GFP_HIGHMEM)
        la_then_now(mm, "get_zeroed_page(__GFP_HIGHMEM)", "2.6 stopped with BUG_ON.",
                    "the HIGHMEM bit is silently cleared.");
    return la_alloc_pages(mm, (gfp & ~(la_gfp_t)LA_GFP_HIGHMEM) | LA_GFP_ZERO, 0, LA_NO_NODE);
}

uint32_t la_get_order(uint64_t bytes)
{
    uint32_t order = 0;

    while (order < 52 && UINT64_C(1) << (order + LA_PAGE_SHIFT) < bytes)
        order++;
    return order;
}
