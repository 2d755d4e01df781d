/*
 * proc_zoneinfo.c: /proc/zoneinfo: every zone, populated or not; node counters before the first.
 *
 * Which lines appear depends on the kernel's configuration, as on the recorded machines: NUMA
 * counters and page promotion on 64-bit only.
 *
 * Deviations:
 *  A. Counters of things this machine does not have (swap, shared memory, writeback …) are 0.
 *     The page cache counts as inactive file pages, process memory as active anonymous pages.
 *
 * Source: Linux 6.1.192 mm/vmstat.c: zoneinfo_show_print, vmstat_text.
 */
#include "view/proc_files.h"

#include <inttypes.h>
#include <string.h>

static void counter(struct la_buf *out, const char *name, uint64_t value)
{
    la_buf_printf(out, "\n      %-12s %" PRIu64, name, value);
}

/* The first populated zone of a node carries the node's counters. */
static void node_stats(const struct la_mm *mm, uint32_t node, struct la_buf *out)
{
    static const char *const names[] = {"nr_inactive_anon",
                                        "nr_active_anon",
                                        "nr_inactive_file",
                                        "nr_active_file",
                                        "nr_unevictable",
                                        "nr_slab_reclaimable",
                                        "nr_slab_unreclaimable",
                                        "nr_isolated_anon",
                                        "nr_isolated_file",
                                        "workingset_nodes",
                                        "workingset_refault_anon",
                                        "workingset_refault_file",
                                        "workingset_activate_anon",
                                        "workingset_activate_file",
                                        "workingset_restore_anon",
                                        "workingset_restore_file",
                                        "workingset_nodereclaim",
                                        "nr_anon_pages",
                                        "nr_mapped",
                                        "nr_file_pages",
                                        "nr_dirty",
                                        "nr_writeback",
                                        "nr_writeback_temp",
                                        "nr_shmem",
                                        "nr_shmem_hugepages",
                                        "nr_shmem_pmdmapped",
                                        "nr_file_hugepages",
                                        "nr_file_pmdmapped",
                                        "nr_anon_transparent_hugepages",
                                        "nr_vmscan_write",
                                        "nr_vmscan_immediate_reclaim",
                                        "nr_dirtied",
                                        "nr_written",
                                        "nr_throttled_written",
                                        "nr_kernel_misc_reclaimable",
                                        "nr_foll_pin_acquired",
                                        "nr_foll_pin_released",
                                        "nr_kernel_stack",
                                        "nr_page_table_pages",
                                        "nr_sec_page_table_pages",
                                        "nr_swapcached",
                                        "pgpromote_success",
                                        "pgpromote_candidate"};
    uint64_t file = 0, dirty = 0, anon = 0;

    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        if (mm->zone[z].node != node)
            continue;
        file += mm->zone[z].nr_file;
        dirty += mm->zone[z].nr_dirty;
        anon += mm->zone[z].nr_anon;
    }
    la_buf_puts(out, "\n  per-node stats");
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *name = names[i];
        uint64_t value = 0;

        if (strncmp(name, "pgpromote", 9) == 0 && mm->layout.pointer_bytes == 4)
            continue;
        if (strcmp(name, "nr_inactive_file") == 0 || strcmp(name, "nr_file_pages") == 0)
            value = file;
        else if (strcmp(name, "nr_active_anon") == 0 || strcmp(name, "nr_anon_pages") == 0)
            value = anon;
        else if (strcmp(name, "nr_dirty") == 0)
            value = dirty;
        counter(out, name, value);
    }
}

static void sizes(const struct la_mm *mm, const struct la_zone *zone, struct la_buf *out)
{
    const char *separator = "";

    la_buf_printf(out, "\n  pages free     %u", (unsigned)zone->nr_free);
    la_buf_printf(out, "\n        boost    %u", (unsigned)zone->watermark_boost);
    la_buf_printf(out, "\n        min      %u", (unsigned)la_wmark_pages(zone, LA_WMARK_MIN));
    la_buf_printf(out, "\n        low      %u", (unsigned)la_wmark_pages(zone, LA_WMARK_LOW));
    la_buf_printf(out, "\n        high     %u", (unsigned)la_wmark_pages(zone, LA_WMARK_HIGH));
    la_buf_printf(out, "\n        spanned  %u", (unsigned)zone->spanned);
    la_buf_printf(out, "\n        present  %u", (unsigned)zone->present);
    la_buf_printf(out, "\n        managed  %u", (unsigned)zone->managed);
    la_buf_puts(out, "\n        cma      0\n        protection: (");
    for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++) {
        if (!(mm->zone_types & 1u << type))
            continue;
        la_buf_printf(out, "%s%u", separator, (unsigned)zone->lowmem_reserve[type]);
        separator = ", ";
    }
    la_buf_putc(out, ')');
}

static void zone_stats(const struct la_mm *mm, const struct la_zone *zone, struct la_buf *out)
{
    static const char *const numa[LA_NR_NUMA_STATS] = {"numa_hit",        "numa_miss",  "numa_foreign",
                                                       "numa_interleave", "numa_local", "numa_other"};

    counter(out, "nr_free_pages", zone->nr_free);
    counter(out, "nr_zone_inactive_anon", 0);
    counter(out, "nr_zone_active_anon", zone->nr_anon);
    counter(out, "nr_zone_inactive_file", zone->nr_file);
    counter(out, "nr_zone_active_file", 0);
    counter(out, "nr_zone_unevictable", 0);
    counter(out, "nr_zone_write_pending", zone->nr_dirty);
    counter(out, "nr_mlock", 0);
    counter(out, "nr_bounce", 0);
    counter(out, "nr_zspages", 0);
    counter(out, "nr_free_cma", 0);
    for (uint32_t i = 0; i < LA_NR_NUMA_STATS && mm->layout.pointer_bytes == 8; i++)
        counter(out, numa[i], zone->numa_stat[i]);
}

static void pagesets(const struct la_mm *mm, const struct la_zone *zone, struct la_buf *out)
{
    la_buf_puts(out, "\n  pagesets");
    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++) {
        const struct la_pcp *pcp = &zone->pcp[cpu];

        la_buf_printf(out, "\n    cpu: %u", (unsigned)cpu);
        la_buf_printf(out, "\n              count: %u", (unsigned)pcp->count);
        la_buf_printf(out, "\n              high:  %u", (unsigned)pcp->high);
        la_buf_printf(out, "\n              batch: %u", (unsigned)pcp->batch);
        la_buf_printf(out, "\n  vm stats threshold: %u", (unsigned)la_normal_stat_threshold(mm, zone));
    }
}

static bool first_populated(const struct la_mm *mm, const struct la_zone *zone)
{
    for (uint32_t z = 0; z < zone->index; z++)
        if (mm->zone[z].node == zone->node && mm->zone[z].present != 0)
            return false;
    return zone->present != 0;
}

void la_proc_zoneinfo(const struct la_mm *mm, struct la_buf *out)
{
    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        const struct la_zone *zone = &mm->zone[z];

        la_buf_printf(out, "Node %d, zone %8s", zone->node, la_zone_type_name((enum la_zone_type)zone->type));
        if (first_populated(mm, zone))
            node_stats(mm, zone->node, out);
        sizes(mm, zone, out);
        if (zone->present != 0) {
            zone_stats(mm, zone, out);
            pagesets(mm, zone, out);
            la_buf_printf(out, "\n  node_unreclaimable:  %u", mm->node[zone->node].kswapd_failures >= 16);
            la_buf_printf(out, "\n  start_pfn:           %u", (unsigned)zone->start_pfn);
        }
        la_buf_putc(out, '\n');
    }
}
