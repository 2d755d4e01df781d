/*
 * proc_counters.c: the counters of zones and nodes that /proc/zoneinfo and /proc/vmstat list, in the kernel's order.
 *
 * Which lines appear depends on the kernel's configuration, as on the recorded machines: NUMA
 * counters and page promotion on 64-bit only.
 *
 * Deviations:
 *  A. Counters of things this machine does not have (swap, shared memory, writeback …) are 0.
 *     The page cache counts as inactive file pages, process memory as active anonymous pages.
 *
 * Source: Linux 6.1.192 mm/vmstat.c: vmstat_text.
 */
#include "view/proc_files.h"

#include "mm/slab.h"

#include <string.h>

struct sums {
    uint64_t free, file, dirty, anon, reclaimable, unreclaimable, numa[LA_NR_NUMA_STATS];
};

static void add_zone(struct sums *sum, const struct la_zone *zone)
{
    sum->free += zone->nr_free;
    sum->file += zone->nr_file;
    sum->dirty += zone->nr_dirty;
    sum->anon += zone->nr_anon;
    for (uint32_t i = 0; i < LA_NR_NUMA_STATS; i++)
        sum->numa[i] += zone->numa_stat[i];
}

static void add_slabs(const struct la_mm *mm, struct sums *sum, int32_t nid)
{
    for (uint32_t cache = mm->kmem->first; cache != LA_NO_CACHE; cache = mm->kmem->cache[cache].next) {
        const struct la_kmem_cache *s = &mm->kmem->cache[cache];
        uint64_t *to = s->flags & LA_SLAB_RECLAIM_ACCOUNT ? &sum->reclaimable : &sum->unreclaimable;

        for (uint32_t n = 0; n < mm->nr_nodes; n++)
            if (nid == LA_NO_NODE || (uint32_t)nid == n)
                *to += (uint64_t)s->node[n].nr_slabs << s->order;
    }
}

static uint64_t node_counter(const struct sums *sum, const char *name)
{
    const struct {
        const char *name;
        uint64_t value;
    } known[] = {{"nr_active_anon", sum->anon},
                 {"nr_inactive_file", sum->file},
                 {"nr_slab_reclaimable", sum->reclaimable},
                 {"nr_slab_unreclaimable", sum->unreclaimable},
                 {"nr_anon_pages", sum->anon},
                 {"nr_file_pages", sum->file},
                 {"nr_dirty", sum->dirty}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].value;
    return 0;
}

void la_proc_node_counters(const struct la_mm *mm, int32_t nid, la_proc_line *line, struct la_buf *out)
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
    struct sums sum = {0};

    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (nid == LA_NO_NODE || mm->zone[z].node == nid)
            add_zone(&sum, &mm->zone[z]);
    add_slabs(mm, &sum, nid);
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mm->layout.pointer_bytes == 8 || strncmp(names[i], "pgpromote", 9) != 0)
            line(out, names[i], node_counter(&sum, names[i]));
}

void la_proc_zone_counters(const struct la_mm *mm, const struct la_zone *zone, la_proc_line *line, struct la_buf *out)
{
    static const char *const numa[LA_NR_NUMA_STATS] = {"numa_hit",        "numa_miss",  "numa_foreign",
                                                       "numa_interleave", "numa_local", "numa_other"};
    struct sums sum = {0};

    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (!zone || zone == &mm->zone[z])
            add_zone(&sum, &mm->zone[z]);
    line(out, "nr_free_pages", sum.free);
    line(out, "nr_zone_inactive_anon", 0);
    line(out, "nr_zone_active_anon", sum.anon);
    line(out, "nr_zone_inactive_file", sum.file);
    line(out, "nr_zone_active_file", 0);
    line(out, "nr_zone_unevictable", 0);
    line(out, "nr_zone_write_pending", sum.dirty);
    line(out, "nr_mlock", 0);
    line(out, "nr_bounce", 0);
    line(out, "nr_zspages", 0);
    line(out, "nr_free_cma", 0);
    for (uint32_t i = 0; i < LA_NR_NUMA_STATS && mm->layout.pointer_bytes == 8; i++)
        line(out, numa[i], sum.numa[i]);
}
