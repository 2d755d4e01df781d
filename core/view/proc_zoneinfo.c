/*
 * proc_zoneinfo.c: /proc/zoneinfo: every zone, populated or not; node counters before the first.
 *
 * Source: Linux 6.1.192 mm/vmstat.c: zoneinfo_show_print.
 */
#include "view/proc_files.h"

#include <inttypes.h>

static void counter(struct la_buf *out, const char *name, uint64_t value)
{
    la_buf_printf(out, "\n      %-12s %" PRIu64, name, value);
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

void la_proc_zoneinfo(const struct la_machine *machine, struct la_buf *out)
{
    const struct la_mm *mm = machine->mm;
    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        const struct la_zone *zone = &mm->zone[z];

        la_buf_printf(out, "Node %d, zone %8s", zone->node, la_zone_type_name((enum la_zone_type)zone->type));
        if (first_populated(mm, zone)) {
            la_buf_puts(out, "\n  per-node stats");
            la_proc_node_counters(mm, (int32_t)zone->node, counter, out);
        }
        sizes(mm, zone, out);
        if (zone->present != 0) {
            la_proc_zone_counters(mm, zone, counter, out);
            pagesets(mm, zone, out);
            la_buf_printf(out, "\n  node_unreclaimable:  %u", mm->node[zone->node].kswapd_failures >= 16);
            la_buf_printf(out, "\n  start_pfn:           %u", (unsigned)zone->start_pfn);
        }
        la_buf_putc(out, '\n');
    }
}
