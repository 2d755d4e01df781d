/*
 * watermark.c: how much of a zone must stay free, and who may go below.
 *
 *     free pages of a zone
 *     |
 *     |----------------- high   kswapd sleeps again
 *     |----------------- low    ordinary requests (fast path) stop here, kswapd wakes
 *     |----------------- min    requests that may not use reserves stop here
 *     |- - - - - - - - - min/2  __GFP_HIGH that may sleep, OOM victims
 *     |- - - - - - - - - 3/8    GFP_ATOMIC
 *     |_________________ 0      PF_MEMALLOC: those who are freeing memory
 *
 * All three marks come from min_free_kbytes, shared out by managed pages.  On top, a request that
 * could have used a higher zone must leave lowmem_reserve pages in a lower one.
 *
 * Invariant: a request never takes a page when free <= adjusted mark + lowmem_reserve.
 * Cost: the check is a handful of comparisons; recomputing looks at zones only.
 *
 * Source: Linux 6.1.192 mm/page_alloc.c: __zone_watermark_ok, zone_watermark_fast,
 * __setup_per_zone_wmarks, setup_per_zone_lowmem_reserve, calculate_min_free_kbytes;
 * mm/khugepaged.c: set_recommended_min_free_kbytes.
 */
#include "mm/internal.h"

enum { THP_MIN_PAGES = 512 << 8 /* below 512 MiB the kernel leaves huge pages off */ };

/* ---- the check ---- */

int64_t la_watermark_min(uint32_t mark, uint32_t alloc_flags)
{
    int64_t min = mark;

    if (alloc_flags & LA_ALLOC_MIN_RESERVE) {
        min -= min / 2;
        if (alloc_flags & LA_ALLOC_NON_BLOCK)
            min -= min / 4;
    }
    if (alloc_flags & LA_ALLOC_OOM)
        min -= min / 2;
    return min;
}

static int64_t unusable_free(const struct la_zone *zone, uint32_t order, uint32_t alloc_flags)
{
    int64_t unusable = (1 << order) - 1;

    if (!(alloc_flags & LA_ALLOC_RESERVES))
        unusable += zone->nr_reserved_highatomic;
    return unusable;
}

static bool has_block(const struct la_zone *zone, uint32_t order, uint32_t alloc_flags)
{
    for (uint32_t o = order; o < LA_MAX_ORDER; o++) {
        const struct la_free_area *area = &zone->free_area[o];

        if (area->nr_free == 0)
            continue;
        for (uint32_t mt = 0; mt < LA_NR_PCPTYPES; mt++)
            if (!la_list_empty(&area->list[mt]))
                return true;
        if ((alloc_flags & (LA_ALLOC_HIGHATOMIC | LA_ALLOC_OOM)) && !la_list_empty(&area->list[LA_MT_HIGHATOMIC]))
            return true;
    }
    return false;
}

bool la_watermark_ok(const struct la_zone *zone, uint32_t order, uint32_t mark, enum la_zone_type highest,
                     uint32_t alloc_flags, int64_t free)
{
    free -= unusable_free(zone, order, alloc_flags);
    if (free <= la_watermark_min(mark, alloc_flags) + (int64_t)zone->lowmem_reserve[highest])
        return false;
    return order == 0 || has_block(zone, order, alloc_flags);
}

/*
 * The reason of a verdict, for the decision path on screen: the zone's free pages, as everybody sees
 * them, and the number they must exceed: mark, reserve, and what the block itself and the pageblocks
 * set aside for atomic requests take out.
 */
static void report(struct la_mm *mm, const struct la_zone *zone, const struct la_request *request, int64_t free,
                   bool ok)
{
    uint32_t which = request->alloc_flags & LA_ALLOC_WMARK_MASK;
    int64_t min = la_watermark_min(la_wmark_pages(zone, which), request->alloc_flags);
    uint32_t reserve = zone->lowmem_reserve[request->highest];
    int64_t need = min + reserve + unusable_free(zone, request->order, request->alloc_flags);

    if (ok)
        LA_TRACE(mm->trace, WMARK_PASS, zone->index, which, (uint64_t)free, (uint64_t)need, (uint64_t)min, reserve);
    else if (free > need)
        LA_TRACE(mm->trace, NO_BLOCK, zone->index, request->order, (uint64_t)free);
    else
        LA_TRACE(mm->trace, WMARK_FAIL, zone->index, which, (uint64_t)free, (uint64_t)need, (uint64_t)min, reserve);
}

bool la_watermark_fast(struct la_mm *mm, struct la_zone *zone, const struct la_request *request)
{
    int64_t free = zone->nr_free_global > 0 ? zone->nr_free_global : 0;
    uint32_t which = request->alloc_flags & LA_ALLOC_WMARK_MASK;
    uint32_t mark = la_wmark_pages(zone, which);
    bool ok = false;

    if (request->order == 0) {
        int64_t unusable = unusable_free(zone, 0, request->alloc_flags);

        ok = free - (free < unusable ? free : unusable) > (int64_t)mark + zone->lowmem_reserve[request->highest];
    }
    if (!ok)
        ok = la_watermark_ok(zone, request->order, mark, request->highest, request->alloc_flags, free);
    /* an atomic single page does not pay for fragmentation: the boost is not its fault */
    if (!ok && request->order == 0 && (request->gfp & LA_GFP_ATOMIC_BIT) && zone->watermark_boost != 0 &&
        which == LA_WMARK_MIN)
        ok = la_watermark_ok(zone, 0, zone->mark[LA_WMARK_MIN], request->highest, request->alloc_flags, free);
    if (mm->trace->on)
        report(mm, zone, request, free, ok);
    return ok;
}

/* ---- min_free_kbytes ---- */

static uint32_t isqrt(uint64_t x)
{
    uint64_t root = 0, bit = UINT64_C(1) << 62;

    while (bit > x)
        bit >>= 2;
    for (; bit != 0; bit >>= 2) {
        if (x >= root + bit) {
            x -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)root;
}

/* nr_free_buffer_pages: what lies above the high marks in zones a GFP_USER request can reach. */
static uint64_t lowmem_pages(const struct la_mm *mm)
{
    uint64_t pages = 0;

    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        const struct la_zone *zone = &mm->zone[z];
        uint32_t high = la_wmark_pages(zone, LA_WMARK_HIGH);

        if (zone->type <= LA_ZONE_NORMAL && zone->managed > high)
            pages += zone->managed - high;
    }
    return pages;
}

uint32_t la_calculate_min_free_kbytes(const struct la_mm *mm)
{
    uint64_t root = isqrt(lowmem_pages(mm) * 4 * 16);

    return (uint32_t)(root < 128 ? 128 : root > 262144 ? 262144 : root);
}

/* HIGHMEM, and MOVABLE where it was cut out of high memory (is_highmem). */
static bool is_highmem(const struct la_mm *mm, const struct la_zone *zone)
{
    if (zone->type != LA_ZONE_MOVABLE)
        return zone->type == LA_ZONE_HIGHMEM;
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (mm->zone[z].type == LA_ZONE_HIGHMEM && mm->zone[z].present != 0)
            return true;
    return false;
}

/* Huge pages want whole free pageblocks: some for each type, in each zone. */
static void khugepaged_raise(struct la_mm *mm)
{
    uint64_t zones = 0, total = 0, recommended, limit;

    for (uint32_t z = 0; z < mm->nr_zones; z++)
        total += mm->zone[z].managed;
    if (total < THP_MIN_PAGES)
        return;
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        zones += mm->zone[z].present != 0 && mm->zone[z].type <= LA_ZONE_NORMAL;
    recommended = (UINT64_C(1) << mm->pageblock_order) * zones * (2 + LA_NR_PCPTYPES * LA_NR_PCPTYPES);
    limit = lowmem_pages(mm) / 20;
    if (recommended > limit)
        recommended = limit;
    if (recommended * 4 > mm->min_free_kbytes)
        mm->min_free_kbytes = (uint32_t)(recommended * 4);
}

void la_init_min_free_kbytes(struct la_mm *mm)
{
    mm->min_free_kbytes = la_calculate_min_free_kbytes(mm);
    la_setup_per_zone_wmarks(mm);
    if (!mm->thp)
        return;
    khugepaged_raise(mm);
    la_setup_per_zone_wmarks(mm);
}

/* ---- marks and reserves ---- */

static void setup_zone_marks(struct la_mm *mm, struct la_zone *zone, uint64_t pages_min, uint64_t lowmem)
{
    uint64_t share = lowmem != 0 ? pages_min * zone->managed / lowmem : 0;
    uint64_t min = share, gap = (uint64_t)zone->managed * mm->watermark_scale_factor / 10000;

    if (is_highmem(mm, zone)) {
        min = zone->managed / 1024;
        min = min < LA_SWAP_CLUSTER_MAX ? LA_SWAP_CLUSTER_MAX : min > 128 ? 128 : min;
    }
    if (gap < share / 4)
        gap = share / 4;
    zone->watermark_boost = 0;
    for (uint32_t mark = 0; mark < LA_NR_WMARK; mark++)
        zone->mark[mark] = (uint32_t)(min + mark * gap);
}

void la_setup_lowmem_reserve(struct la_mm *mm)
{
    for (uint32_t n = 0; n < mm->nr_nodes; n++) {
        for (uint32_t z = 0; z < mm->nr_zones; z++) {
            struct la_zone *zone = &mm->zone[z];
            uint64_t above = 0;

            if (zone->node != n)
                continue;
            for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++) {
                uint32_t ratio = mm->lowmem_reserve_ratio[zone->type];

                for (uint32_t u = 0; u < mm->nr_zones; u++)
                    if (mm->zone[u].node == n && mm->zone[u].type == type && type > zone->type)
                        above += mm->zone[u].managed;
                zone->lowmem_reserve[type] =
                    type > zone->type && ratio != 0 && zone->managed != 0 ? (uint32_t)(above / ratio) : 0;
            }
        }
    }
}

void la_setup_per_zone_wmarks(struct la_mm *mm)
{
    uint64_t lowmem = 0;

    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (!is_highmem(mm, &mm->zone[z]))
            lowmem += mm->zone[z].managed;
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        setup_zone_marks(mm, &mm->zone[z], mm->min_free_kbytes / 4, lowmem);
    la_setup_lowmem_reserve(mm);
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        la_pcp_setup(mm, &mm->zone[z]);
}

void la_set_min_free_kbytes(struct la_mm *mm, uint32_t kbytes)
{
    mm->min_free_kbytes = kbytes;
    mm->user_min_free_kbytes = kbytes;
    la_setup_per_zone_wmarks(mm);
}
