/*
 * zone.h: a zone of memory: its range, its free lists, its per-CPU lists and its marks.
 *
 *     zone NORMAL, node 0
 *     |<------------- spanned ------------->|
 *     |  reserved  |        managed         |
 *        kernel        free_area[0..10]  each: U M E H I lists of blocks, heads linked by pfn
 *        image         pcp[cpu]          each: 14 lists (3 types x orders 0..3, 2 x order 9)
 *
 * Units are pages of 4096 bytes throughout.
 * Source: Linux 6.1.192 include/linux/mmzone.h.
 */
#ifndef LA_MM_ZONE_H
#define LA_MM_ZONE_H

#include "mm/frame.h"

#include <stdbool.h>
#include <stdint.h>

enum la_zone_type {
    LA_ZONE_DMA,
    LA_ZONE_DMA32,
    LA_ZONE_NORMAL,
    LA_ZONE_HIGHMEM,
    LA_ZONE_MOVABLE,
    LA_ZONE_DEVICE,
    LA_NR_ZONE_TYPES
};

enum la_wmark { LA_WMARK_MIN, LA_WMARK_LOW, LA_WMARK_HIGH, LA_WMARK_PROMO, LA_NR_WMARK };

enum {
    LA_MAX_CPUS = 8,
    LA_MAX_NODES = 4,
    LA_MAX_ZONES = LA_MAX_NODES * LA_NR_ZONE_TYPES,
    LA_PCP_COSTLY_ORDER = 3,
    LA_PCP_ORDERS = LA_PCP_COSTLY_ORDER + 1,
    LA_NR_PCP_THP = 2,
    LA_NR_PCP_LISTS = LA_NR_PCPTYPES * LA_PCP_ORDERS + LA_NR_PCP_THP, /* 14 */
    LA_PCP_BATCH_SCALE_MAX = 5
};

/* A list of block heads; the links are in the frames. */
struct la_list {
    uint32_t head, tail; /* LA_NO_PFN when empty */
};

struct la_free_area {
    struct la_list list[LA_NR_MIGRATETYPES];
    uint32_t nr_free;                /* blocks on all lists of this order */
    uint32_t nr[LA_NR_MIGRATETYPES]; /* blocks on each list (for /proc and snapshots) */
};

struct la_pcp {
    uint32_t count;       /* pages on all lists */
    uint32_t high, batch; /* give back at high; refill and give back in batches */
    uint32_t free_factor; /* batches grow by 2^this while pages are freed in a row */
    int32_t free_diff;    /* NR_FREE_PAGES delta of this CPU not yet in the zone's counter */
    struct la_list list[LA_NR_PCP_LISTS];
};

/* per-zone event counters, as in /proc/zoneinfo */
enum la_numa_stat {
    LA_NUMA_HIT,
    LA_NUMA_MISS,
    LA_NUMA_FOREIGN,
    LA_NUMA_INTERLEAVE,
    LA_NUMA_LOCAL,
    LA_NUMA_OTHER,
    LA_NR_NUMA_STATS
};

struct la_zone {
    uint8_t type; /* enum la_zone_type */
    uint8_t node;
    uint8_t index;       /* own index in la_mm.zone[] */
    bool reclaim_active; /* someone reclaims here: pcp lists stay short */
    bool boosted;        /* ZONE_BOOSTED_WATERMARK: next rmqueue wakes kswapd */
    uint32_t start_pfn;
    uint32_t spanned, present, managed;
    uint32_t mark[LA_NR_WMARK]; /* without boost; use la_wmark_pages() */
    uint32_t watermark_boost;
    uint32_t lowmem_reserve[LA_NR_ZONE_TYPES]; /* by highest zone type of the request */
    uint32_t nr_free;                          /* pages on the buddy lists, exact */
    int64_t nr_free_global;                    /* NR_FREE_PAGES as watermark checks read it (may lag, see vmstat.h) */
    uint32_t nr_reserved_highatomic;
    uint32_t stat_threshold;    /* largest lag a CPU may hold back; 0 = counter is exact */
    uint32_t nr_file, nr_dirty; /* page-cache frames, and those of them dirty */
    uint32_t nr_anon;           /* process frames */
    uint64_t numa_stat[LA_NR_NUMA_STATS];
    struct la_list lru;      /* page-cache frames, oldest at the tail */
    uint32_t compact_cursor; /* where compaction goes on, pages from the zone's start */
    struct la_free_area free_area[LA_MAX_ORDER];
    struct la_pcp pcp[LA_MAX_CPUS];
};

/** One past the last pfn of @zone. */
static inline uint32_t la_zone_end(const struct la_zone *zone)
{
    return zone->start_pfn + zone->spanned;
}

/** True when @pfn lies in @zone. */
static inline bool la_zone_contains(const struct la_zone *zone, uint32_t pfn)
{
    return pfn - zone->start_pfn < zone->spanned;
}

/** A mark as the checks use it: with the boost added. */
static inline uint32_t la_wmark_pages(const struct la_zone *zone, enum la_wmark mark)
{
    return zone->mark[mark] + zone->watermark_boost;
}

/** "DMA", "DMA32", "Normal", "HighMem", "Movable", "Device": as /proc prints it. */
const char *la_zone_type_name(enum la_zone_type type);
/** The pages on the per-CPU lists of all CPUs. */
uint32_t la_zone_pcp_pages(const struct la_zone *zone);

#endif
