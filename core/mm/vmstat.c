/*
 * vmstat.c: the count of free pages, as it is and as the allocator reads it.
 *
 * The kernel keeps the zone's counter cheap by letting each CPU hold back a small delta:
 *
 *     CPU 0 [+3]   CPU 1 [-2]          each |delta| <= stat_threshold
 *          \         /
 *     nr_free_global  ------ what watermark checks read
 *     nr_free                what really lies on the free lists (no kernel can read this)
 *
 * Invariant: nr_free == nr_free_global + sum of the CPUs' deltas.
 * With threshold 0 the two are always equal.
 *
 * Deviations:
 *  A. A machine runs with threshold 0: a check then sees the true number, as the kernel's would
 *     once a second when the deltas are folded.  Replays of recordings use the real thresholds.
 *
 * Source: Linux 6.1.192 mm/vmstat.c: __mod_zone_page_state, calculate_normal_threshold,
 * calculate_pressure_threshold.
 */
#include "mm/internal.h"

enum { MAX_THRESHOLD = 125 };

void la_mod_free_pages(struct la_mm *mm, struct la_zone *zone, int32_t pages)
{
    struct la_pcp *pcp = &zone->pcp[mm->cpu];
    int32_t delta = pcp->free_diff + pages;
    int32_t threshold = (int32_t)zone->stat_threshold;

    zone->nr_free = (uint32_t)((int64_t)zone->nr_free + pages);
    if (delta > threshold || delta < -threshold || threshold == 0) {
        zone->nr_free_global += delta;
        delta = 0;
    }
    pcp->free_diff = delta;
}

void la_fold_stats(struct la_mm *mm, struct la_zone *zone)
{
    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++) {
        zone->nr_free_global += zone->pcp[cpu].free_diff;
        zone->pcp[cpu].free_diff = 0;
    }
}

uint32_t la_normal_stat_threshold(const struct la_mm *mm, const struct la_zone *zone)
{
    uint32_t units = zone->managed >> (27 - LA_PAGE_SHIFT); /* of 128 MiB */
    uint32_t threshold = 2 * la_fls(mm->nr_cpus) * (1 + la_fls(units));

    return threshold < MAX_THRESHOLD ? threshold : MAX_THRESHOLD;
}

uint32_t la_pressure_stat_threshold(const struct la_mm *mm, const struct la_zone *zone)
{
    uint32_t distance = la_wmark_pages(zone, LA_WMARK_LOW) - la_wmark_pages(zone, LA_WMARK_MIN);
    uint32_t threshold = distance / mm->nr_cpus;

    if (threshold == 0)
        return 1;
    return threshold < MAX_THRESHOLD ? threshold : MAX_THRESHOLD;
}
