/*
 * bulk.c: many single pages in one go, straight from one CPU's list.
 *
 *     wanted 100:  first zone with low mark + 100 free?  ->  100 times the head of its pcp list
 *                  none, or only one page wanted         ->  one page the ordinary way
 *
 * vmalloc asks this way: zone and mark are looked at once for a hundred pages, not a hundred times.
 *
 * Invariant: as page_alloc.c.  Cost: one list operation a page, one refill a batch.
 * Source: Linux 6.1.192 mm/page_alloc.c: __alloc_pages_bulk.
 */
#include "mm/internal.h"

static uint32_t alloc_one(struct la_mm *mm, la_gfp_t gfp, struct la_list *list)
{
    uint32_t pfn = la_alloc_pages(mm, gfp, 0, LA_NO_NODE);

    if (pfn == LA_NO_PFN)
        return 0;
    la_list_add_tail(mm, list, pfn);
    return 1;
}

/* The first zone that has @nr pages more than its low mark; never one of another node. */
static struct la_zone *roomy_zone(struct la_mm *mm, const struct la_request *request, uint32_t nr)
{
    for (uint32_t i = 0; i < request->zonelist->nr; i++) {
        struct la_zone *zone = &mm->zone[request->zonelist->zone[i]];

        if (zone->type > request->highest)
            continue;
        if (zone->node != request->preferred->node)
            return NULL;
        if (la_watermark_ok(zone, 0, la_wmark_pages(zone, LA_WMARK_LOW) + nr, request->preferred->type,
                            LA_ALLOC_WMARK_LOW, zone->nr_free_global))
            return zone;
    }
    return NULL;
}

uint32_t la_alloc_pages_bulk(struct la_mm *mm, la_gfp_t gfp, uint32_t nr, struct la_list *list)
{
    struct la_request request = {.alloc_flags = LA_ALLOC_WMARK_LOW};
    struct la_zone *zone;
    uint32_t got = 0;

    if (nr <= 1 || !mm->pcp_enabled)
        return nr == 0 ? 0 : alloc_one(mm, gfp, list);
    if (!la_prepare_request(mm, &request, gfp, 0, mm->cpu_node[mm->cpu]))
        return 0;
    zone = roomy_zone(mm, &request, nr);
    while (zone && got < nr) {
        uint32_t pfn = la_rmqueue_pcp(mm, zone, 0, request.migratetype, request.alloc_flags, false);

        if (pfn == LA_NO_PFN)
            break;
        la_prep_new_page(mm, zone, pfn, &request);
        la_list_add_tail(mm, list, pfn);
        la_count_numa(mm, request.preferred, zone);
        got++;
    }
    if (got == 0)
        return alloc_one(mm, gfp, list);
    mm->vm_event[LA_VM_PGALLOC + zone->type] += got;
    LA_TRACE(mm->trace, VMALLOC_BULK, got, nr, mm->cpu);
    return got;
}
