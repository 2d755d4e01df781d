/*
 * init.h: making the memory of a machine: used by the machine's boot and by replays of recordings.
 */
#ifndef LA_MM_INIT_H
#define LA_MM_INIT_H

#include "mm/mm.h"

struct la_zone_setup {
    enum la_zone_type type;
    uint32_t node;
    uint32_t start_pfn, pages; /* pages 0: the zone exists but is empty */
};

struct la_mm_setup {
    uint32_t nr_frames; /* zones must cover 0..nr_frames-1 without gaps, except in replays */
    uint32_t nr_zones;
    struct la_zone_setup zone[LA_MAX_ZONES]; /* by node, then by type, ascending */
    uint32_t nr_nodes, nr_cpus;
    uint8_t cpu_node[LA_MAX_CPUS];
    uint32_t pageblock_order;
    bool pcp, thp;
    struct la_layout layout;
};

/** Zones and frame table in @arena; no memory is free yet.  NULL when host memory is out. */
struct la_mm *la_mm_new(struct la_arena *arena, struct la_trace *trace, const struct la_mm_setup *setup);
/** Frames @pfn..@end-1 stay out of the allocator. */
void la_mm_reserve(struct la_mm *mm, uint32_t pfn, uint32_t end);
/** Frames @pfn..@end-1 become free and managed. */
void la_mm_release(struct la_mm *mm, uint32_t pfn, uint32_t end);
/** Build zonelists, compute marks; ends early boot.  The sysctls may be changed before. */
void la_mm_start(struct la_mm *mm);
/** Put @pages page-cache pages into memory; returns how many found room above the marks. */
uint32_t la_mm_fill_cache(struct la_mm *mm, uint32_t pages, bool dirty);
/** A process with @pages resident pages (fewer if memory is short; see ->pages); NULL: too many. */
struct la_process *la_mm_add_process(struct la_mm *mm, const char *name, uint32_t pages);

#endif
