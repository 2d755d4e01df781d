/*
 * proc_pagetypeinfo.c: /proc/pagetypeinfo: both tables, for each node with memory.
 *
 * The kernel walks lists and pageblocks for this; so does the count of pageblocks here, which is
 * why the file is for looking at and not for every step.
 *
 * Source: Linux 6.1.192 mm/vmstat.c: pagetypeinfo_show, pagetypeinfo_showfree_print,
 * pagetypeinfo_showblockcount_print.
 */
#include "view/proc_files.h"

enum { COUNT_MAX = 100000 };

static void free_counts(const struct la_zone *zone, struct la_buf *out)
{
    for (uint32_t mt = 0; mt < LA_NR_MIGRATETYPES; mt++) {
        la_buf_printf(out, "Node %4d, zone %8s, type %12s ", zone->node,
                      la_zone_type_name((enum la_zone_type)zone->type), la_migratetype_name((enum la_migratetype)mt));
        for (uint32_t order = 0; order < LA_MAX_ORDER; order++) {
            uint32_t nr = zone->free_area[order].nr[mt];

            la_buf_printf(out, "%s%6u ", nr >= COUNT_MAX ? ">" : "", (unsigned)(nr >= COUNT_MAX ? COUNT_MAX : nr));
        }
        la_buf_putc(out, '\n');
    }
}

static void block_counts(const struct la_mm *mm, const struct la_zone *zone, struct la_buf *out)
{
    uint32_t nr[LA_NR_MIGRATETYPES] = {0};

    for (uint32_t pfn = zone->start_pfn; pfn < la_zone_end(zone);
         pfn = ((pfn >> mm->pageblock_order) + 1) << mm->pageblock_order)
        nr[la_pageblock_type(mm, pfn)]++;
    la_buf_printf(out, "Node %d, zone %8s ", zone->node, la_zone_type_name((enum la_zone_type)zone->type));
    for (uint32_t mt = 0; mt < LA_NR_MIGRATETYPES; mt++)
        la_buf_printf(out, "%12u ", (unsigned)nr[mt]);
    la_buf_putc(out, '\n');
}

static void node_tables(const struct la_mm *mm, uint32_t node, struct la_buf *out)
{
    la_buf_printf(out, "Page block order: %d\nPages per block:  %u\n\n", mm->pageblock_order,
                  1u << mm->pageblock_order);
    la_buf_printf(out, "%-43s ", "Free pages count per migrate type at order");
    for (uint32_t order = 0; order < LA_MAX_ORDER; order++)
        la_buf_printf(out, "%6u ", (unsigned)order);
    la_buf_putc(out, '\n');
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (mm->zone[z].node == node && mm->zone[z].present != 0)
            free_counts(&mm->zone[z], out);
    la_buf_printf(out, "\n%-23s", "Number of blocks type ");
    for (uint32_t mt = 0; mt < LA_NR_MIGRATETYPES; mt++)
        la_buf_printf(out, "%12s ", la_migratetype_name((enum la_migratetype)mt));
    la_buf_putc(out, '\n');
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (mm->zone[z].node == node && mm->zone[z].present != 0)
            block_counts(mm, &mm->zone[z], out);
}

void la_proc_pagetypeinfo(const struct la_machine *machine, struct la_buf *out)
{
    const struct la_mm *mm = machine->mm;
    for (uint32_t node = 0; node < mm->nr_nodes; node++)
        if (mm->node[node].has_memory)
            node_tables(mm, node, out);
}
