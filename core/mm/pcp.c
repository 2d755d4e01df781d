/*
 * pcp.c: the per-CPU lists in front of the buddy lists.
 *
 * Most requests are small and short-lived.  So each CPU keeps some blocks of each zone for itself
 * and reaches for the zone's lists only in batches:
 *
 *     CPU 0: list of (order, type)      alloc: take the head ------------> caller
 *       [hot][ ][ ][ ][cold]            free:  put at the head <---------- caller
 *          ^               |            empty: refill batch>>order blocks at the tail, in order
 *          `-- buddy lists-'            count >= high: give from the tail, more each time
 *
 *     index = 3*order + type for orders 0..3 (12 lists), then 2 lists of huge pages:
 *     12 = not movable, 13 = movable
 *
 * A block remembers the type its pageblock had when it was put here; that is the list it goes
 * back to.  Blocks of HIGHATOMIC pageblocks wait among the movable ones.
 *
 * Invariant: count is the number of pages on the lists; free pages of a zone exclude them.
 * Cost: a hit touches the list and two frames.
 *
 * Source: Linux 6.1.192 mm/page_alloc.c: rmqueue_pcplist, __rmqueue_pcplist, rmqueue_bulk,
 * free_unref_page_commit, nr_pcp_free, nr_pcp_high, free_pcppages_bulk, zone_batchsize,
 * zone_highsize.
 */
#include "mm/internal.h"

#include <assert.h>

enum { PCP_THP = LA_NR_PCPTYPES * LA_PCP_ORDERS };

bool la_pcp_allowed(const struct la_mm *mm, uint32_t order)
{
    return mm->pcp_enabled && (order <= LA_PCP_COSTLY_ORDER || (mm->thp && order == mm->pageblock_order));
}

static uint32_t pcp_index(uint32_t order, enum la_migratetype mt)
{
    if (order > LA_PCP_COSTLY_ORDER)
        return PCP_THP + (mt == LA_MT_MOVABLE);
    return LA_NR_PCPTYPES * order + mt;
}

static uint32_t pcp_order(const struct la_mm *mm, uint32_t index)
{
    return index >= PCP_THP ? mm->pageblock_order : index / LA_NR_PCPTYPES;
}

/* ---- taking ---- */

/* Take up to @wanted blocks from the buddy onto the tail of @list.  Returns how many stay there. */
static uint32_t refill(struct la_mm *mm, struct la_zone *zone, struct la_list *list, uint32_t order,
                       enum la_migratetype mt, uint32_t alloc_flags, uint32_t wanted)
{
    uint32_t taken = 0, kept = 0;

    while (taken < wanted) {
        uint32_t pfn = la_rmqueue_types(mm, zone, order, mt, alloc_flags);

        if (pfn == LA_NO_PFN)
            break;
        taken++;
        if (mm->nr_misfreed != 0 && la_drop_bad_block(mm, pfn, order))
            continue;
        la_frame_write(mm, pfn)->kind = LA_FRAME_PCP;
        la_list_add_tail(mm, list, pfn);
        kept++;
    }
    la_mod_free_pages(mm, zone, -(int32_t)(taken << order));
    LA_TRACE(mm->trace, PCP_REFILL, zone->index, mm->cpu, order, mt, wanted, kept);
    return kept;
}

uint32_t la_rmqueue_pcp(struct la_mm *mm, struct la_zone *zone, uint32_t order, enum la_migratetype mt,
                        uint32_t alloc_flags, bool cold)
{
    struct la_pcp *pcp = &zone->pcp[mm->cpu];
    struct la_list *list = &pcp->list[pcp_index(order, mt)];

    pcp->free_factor >>= 1;
    if (la_list_empty(list)) {
        uint32_t wanted = pcp->batch;

        if (wanted > 1)
            wanted = wanted >> order > 2 ? wanted >> order : 2;
        pcp->count += refill(mm, zone, list, order, mt, alloc_flags, wanted) << order;
        if (la_list_empty(list))
            return LA_NO_PFN;
    }
    uint32_t pfn = cold ? list->tail : list->head;

    la_list_del(mm, list, pfn);
    pcp->count -= 1u << order;
    LA_TRACE(mm->trace, PCP_TAKE, zone->index, pfn, order, mt, mm->cpu, pcp->count);
    return pfn;
}

/* ---- giving back ---- */

/* Free @count pages to the buddy: lists in turn from @index on, each emptied from its tail. */
static void free_bulk(struct la_mm *mm, struct la_zone *zone, uint32_t cpu, uint32_t count, uint32_t index)
{
    struct la_pcp *pcp = &zone->pcp[cpu];
    int32_t left = (int32_t)(count < pcp->count ? count : pcp->count);

    LA_TRACE(mm->trace, PCP_DRAIN, zone->index, cpu, (uint64_t)left);
    while (left > 0) {
        while (la_list_empty(&pcp->list[index]))
            index = (index + 1) % LA_NR_PCP_LISTS;
        struct la_list *list = &pcp->list[index];
        uint32_t order = pcp_order(mm, index);

        do {
            uint32_t pfn = list->tail;
            enum la_migratetype mt = mm->frame[pfn].migratetype;

            la_list_del(mm, list, pfn);
            left -= 1 << order;
            pcp->count -= 1u << order;
            LA_TRACE(mm->trace, PCP_GIVE, zone->index, pfn, order, mt, cpu);
            if (mm->nr_misfreed == 0 || !la_drop_bad_block(mm, pfn, order))
                la_free_one_page(mm, zone, pfn, order, mt, false);
        } while (left > 0 && !la_list_empty(list));
    }
}

/* How many pages a full list gives back: more with every time it fills up without an alloc. */
static uint32_t nr_to_free(struct la_pcp *pcp, uint32_t high, bool all)
{
    uint32_t batch = pcp->batch;

    if (all)
        return pcp->count;
    if (high < batch)
        return 1;
    uint32_t max = high - batch, nr = batch << pcp->free_factor;

    if (nr < max && pcp->free_factor < LA_PCP_BATCH_SCALE_MAX)
        pcp->free_factor++;
    if (nr > max)
        nr = max;
    return nr < batch ? batch : nr;
}

static uint32_t current_high(const struct la_zone *zone, const struct la_pcp *pcp, bool all)
{
    if (all || pcp->high == 0)
        return 0;
    if (zone->reclaim_active && pcp->batch << 2 < pcp->high)
        return pcp->batch << 2;
    return pcp->high;
}

void la_pcp_free(struct la_mm *mm, struct la_zone *zone, uint32_t pfn, uint32_t order, bool cold)
{
    struct la_pcp *pcp = &zone->pcp[mm->cpu];
    struct la_frame *frame = la_frame_write(mm, pfn);
    enum la_migratetype mt = la_pageblock_type(mm, pfn);
    uint32_t index = pcp_index(order, mt < LA_NR_PCPTYPES ? mt : LA_MT_MOVABLE);

    frame->kind = LA_FRAME_PCP;
    frame->order = (uint8_t)order;
    frame->migratetype = (uint8_t)mt;
    frame->zone = zone->index;
    if (cold)
        la_list_add_tail(mm, &pcp->list[index], pfn);
    else
        la_list_add_head(mm, &pcp->list[index], pfn);
    pcp->count += 1u << order;

    bool all = pcp->free_factor != 0 && order >= 1 && order <= LA_PCP_COSTLY_ORDER;
    uint32_t high = current_high(zone, pcp, all);

    LA_TRACE(mm->trace, PCP_PUT, zone->index, pfn, order, mt, mm->cpu, pcp->count, pcp->high, cold);
    if (pcp->count >= high)
        free_bulk(mm, zone, mm->cpu, nr_to_free(pcp, high, all), index);
}

void la_pcp_drain(struct la_mm *mm, struct la_zone *zone, uint32_t cpu)
{
    if (zone->pcp[cpu].count != 0)
        free_bulk(mm, zone, cpu, zone->pcp[cpu].count, 0);
}

void la_drain_all_pages(struct la_mm *mm)
{
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
            la_pcp_drain(mm, &mm->zone[z], cpu);
}

/* ---- sizes ---- */

static uint32_t batch_size(const struct la_zone *zone)
{
    uint32_t batch = zone->managed >> 10 < 256 ? zone->managed >> 10 : 256;
    uint32_t power = 1;

    batch /= 4;
    if (batch < 1)
        batch = 1;
    batch += batch / 2;
    while (power * 2 <= batch)
        power *= 2;
    return power > 1 ? power - 1 : 1;
}

static uint32_t high_size(const struct la_mm *mm, const struct la_zone *zone, uint32_t batch)
{
    uint32_t pages =
        mm->pcp_high_fraction != 0 ? zone->managed / mm->pcp_high_fraction : la_wmark_pages(zone, LA_WMARK_LOW);
    uint32_t cpus = mm->node[zone->node].nr_cpus;
    uint32_t high = pages / (cpus != 0 ? cpus : mm->nr_cpus);

    return high < batch << 2 ? batch << 2 : high;
}

void la_pcp_setup(struct la_mm *mm, struct la_zone *zone)
{
    uint32_t batch = batch_size(zone);
    uint32_t high = high_size(mm, zone, batch);

    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++) {
        zone->pcp[cpu].batch = batch;
        zone->pcp[cpu].high = high;
    }
}

uint32_t la_zone_pcp_pages(const struct la_zone *zone)
{
    uint32_t pages = 0;

    for (uint32_t cpu = 0; cpu < LA_MAX_CPUS; cpu++)
        pages += zone->pcp[cpu].count;
    return pages;
}
