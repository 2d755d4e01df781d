/*
 * proc_vmstat.c: /proc/vmstat: the counters of all zones and nodes together, then what happened since the boot.
 *
 * Deviations:
 *  A. Events of things this machine does not have (swap, huge pages, NUMA balancing …), and the pages that
 *     compaction looks at, are not counted and 0.
 *  B. On 32-bit the lines are those of the recorded 64-bit kernel, with the zones of the machine.
 *
 * Source: Linux 6.1.192 mm/vmstat.c: vmstat_text, vmstat_start; mm/page-writeback.c: domain_dirty_limits.
 */
#include "view/proc_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void counter(struct la_buf *out, const char *name, uint64_t value)
{
    la_buf_printf(out, "%s %" PRIu64 "\n", name, value);
}

/* Pages that processes may have dirty: what is free beyond all reserves, and the page cache; no high memory. */
static uint64_t dirtyable(const struct la_mm *mm)
{
    uint64_t free = 0, file = 0, reserve = 0;

    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        const struct la_zone *zone = &mm->zone[z];

        reserve += la_zone_max_reserve(zone);
        if (zone->type == LA_ZONE_HIGHMEM)
            continue;
        free += zone->nr_free;
        file += zone->nr_file;
    }
    return (free > reserve ? free - reserve : 0) + file + 1;
}

/* @percent of it, with the kernel's rounding. */
static uint64_t threshold(uint64_t pages, uint32_t percent)
{
    return pages * (percent * LA_PAGE_SIZE / 100) / LA_PAGE_SIZE;
}

/* One line for each type of zone this configuration has; @first counts the lowest, 0 = nothing counts them. */
static void by_zone(const struct la_mm *mm, const char *what, const uint64_t *first, struct la_buf *out)
{
    static const char *const zones[LA_NR_ZONE_TYPES] = {"dma", "dma32", "normal", "high", "movable", "device"};

    for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++) {
        char name[32];

        if (!(mm->zone_types & 1u << type))
            continue;
        (void)snprintf(name, sizeof name, "%s_%s", what, zones[type]);
        counter(out, name, first ? first[type] : 0);
    }
}

static uint64_t event(const struct la_mm *mm, const char *name)
{
    const uint64_t *n = mm->vm_event;
    const struct {
        const char *name;
        uint64_t value;
    } known[] = {{"pgfree", n[LA_VM_PGFREE]},
                 {"pgsteal_kswapd", n[LA_VM_PGSTEAL_KSWAPD]},
                 {"pgsteal_direct", n[LA_VM_PGSTEAL] - n[LA_VM_PGSTEAL_KSWAPD]},
                 {"pgscan_kswapd", n[LA_VM_PGSCAN_KSWAPD]},
                 {"pgscan_direct", n[LA_VM_PGSCAN] - n[LA_VM_PGSCAN_KSWAPD]},
                 {"pgscan_file", n[LA_VM_PGSCAN]},
                 {"pgsteal_file", n[LA_VM_PGSTEAL]},
                 {"pageoutrun", n[LA_VM_KSWAPD_WAKE]},
                 {"oom_kill", n[LA_VM_OOM_KILL]},
                 {"compact_stall", n[LA_VM_COMPACT_STALL]},
                 {"compact_fail", n[LA_VM_COMPACT_FAIL]},
                 {"compact_success", n[LA_VM_COMPACT_SUCCESS]}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].value;
    return 0;
}

void la_proc_vmstat(const struct la_machine *machine, struct la_buf *out)
{
    const struct la_mm *mm = machine->mm;
    static const char *const io[] = {"pgpgin", "pgpgout", "pswpin", "pswpout"};
    static const char *const events[] = {"pgfree",
                                         "pgactivate",
                                         "pgdeactivate",
                                         "pglazyfree",
                                         "pgfault",
                                         "pgmajfault",
                                         "pglazyfreed",
                                         "pgrefill",
                                         "pgreuse",
                                         "pgsteal_kswapd",
                                         "pgsteal_direct",
                                         "pgdemote_kswapd",
                                         "pgdemote_direct",
                                         "pgscan_kswapd",
                                         "pgscan_direct",
                                         "pgscan_direct_throttle",
                                         "pgscan_anon",
                                         "pgscan_file",
                                         "pgsteal_anon",
                                         "pgsteal_file",
                                         "zone_reclaim_failed",
                                         "pginodesteal",
                                         "slabs_scanned",
                                         "kswapd_inodesteal",
                                         "kswapd_low_wmark_hit_quickly",
                                         "kswapd_high_wmark_hit_quickly",
                                         "pageoutrun",
                                         "pgrotated",
                                         "drop_pagecache",
                                         "drop_slab",
                                         "oom_kill",
                                         "numa_pte_updates",
                                         "numa_huge_pte_updates",
                                         "numa_hint_faults",
                                         "numa_hint_faults_local",
                                         "numa_pages_migrated",
                                         "pgmigrate_success",
                                         "pgmigrate_fail",
                                         "thp_migration_success",
                                         "thp_migration_fail",
                                         "thp_migration_split",
                                         "compact_migrate_scanned",
                                         "compact_free_scanned",
                                         "compact_isolated",
                                         "compact_stall",
                                         "compact_fail",
                                         "compact_success",
                                         "compact_daemon_wake",
                                         "compact_daemon_migrate_scanned",
                                         "compact_daemon_free_scanned",
                                         "htlb_buddy_alloc_success",
                                         "htlb_buddy_alloc_fail",
                                         "unevictable_pgs_culled",
                                         "unevictable_pgs_scanned",
                                         "unevictable_pgs_rescued",
                                         "unevictable_pgs_mlocked",
                                         "unevictable_pgs_munlocked",
                                         "unevictable_pgs_cleared",
                                         "unevictable_pgs_stranded",
                                         "thp_fault_alloc",
                                         "thp_fault_fallback",
                                         "thp_fault_fallback_charge",
                                         "thp_collapse_alloc",
                                         "thp_collapse_alloc_failed",
                                         "thp_file_alloc",
                                         "thp_file_fallback",
                                         "thp_file_fallback_charge",
                                         "thp_file_mapped",
                                         "thp_split_page",
                                         "thp_split_page_failed",
                                         "thp_deferred_split_page",
                                         "thp_split_pmd",
                                         "thp_scan_exceed_none_pte",
                                         "thp_scan_exceed_swap_pte",
                                         "thp_scan_exceed_share_pte",
                                         "thp_split_pud",
                                         "thp_zero_page_alloc",
                                         "thp_zero_page_alloc_failed",
                                         "thp_swpout",
                                         "thp_swpout_fallback",
                                         "balloon_inflate",
                                         "balloon_deflate",
                                         "balloon_migrate",
                                         "swap_ra",
                                         "swap_ra_hit",
                                         "ksm_swpin_copy",
                                         "cow_ksm",
                                         "zswpin",
                                         "zswpout",
                                         "direct_map_level2_splits",
                                         "direct_map_level3_splits",
                                         "nr_unstable"};

    la_proc_zone_counters(mm, NULL, counter, out);
    la_proc_node_counters(mm, LA_NO_NODE, counter, out);
    counter(out, "nr_dirty_threshold", threshold(dirtyable(mm), 20));
    counter(out, "nr_dirty_background_threshold", threshold(dirtyable(mm), 10));
    for (uint32_t i = 0; i < sizeof io / sizeof *io; i++)
        counter(out, io[i], 0);
    by_zone(mm, "pgalloc", &mm->vm_event[LA_VM_PGALLOC], out);
    by_zone(mm, "allocstall", &mm->vm_event[LA_VM_ALLOCSTALL], out);
    by_zone(mm, "pgskip", NULL, out);
    for (uint32_t i = 0; i < sizeof events / sizeof *events; i++)
        counter(out, events[i], event(mm, events[i]));
}
