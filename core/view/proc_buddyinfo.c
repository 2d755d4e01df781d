/* proc_buddyinfo.c: /proc/buddyinfo, after Linux 6.1.192 mm/vmstat.c: frag_show_print. */
#include "view/proc_files.h"

void la_proc_buddyinfo(const struct la_machine *machine, struct la_buf *out)
{
    const struct la_mm *mm = machine->mm;
    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        const struct la_zone *zone = &mm->zone[z];

        if (zone->present == 0)
            continue;
        la_buf_printf(out, "Node %d, zone %8s ", zone->node, la_zone_type_name((enum la_zone_type)zone->type));
        for (uint32_t order = 0; order < LA_MAX_ORDER; order++)
            la_buf_printf(out, "%6u ", (unsigned)zone->free_area[order].nr_free);
        la_buf_putc(out, '\n');
    }
}
