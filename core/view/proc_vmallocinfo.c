/*
 * proc_vmallocinfo.c: /proc/vmallocinfo: every area of virtual addresses, then what waits for a flush.
 *
 * Deviations:
 *  A. The caller (function+offset) is not known and left out.
 *
 * Source: Linux 6.1.192 mm/vmalloc.c: s_show, show_numa_info, show_purge_info.
 */
#include "view/proc_files.h"

#include "mm/vmalloc.h"

#include <inttypes.h>

static void print_range(const struct la_mm *mm, const struct la_vmap_area *area, struct la_buf *out)
{
    int digits = (int)mm->layout.pointer_bytes * 2;

    la_buf_printf(out, "0x%0*" PRIx64 "-0x%0*" PRIx64 " %7" PRIu64, digits, area->start, digits, area->end,
                  area->end - area->start);
}

/* " N0=3 N1=2": the area's pages by node. */
static void print_nodes(const struct la_mm *mm, const struct la_vmap_area *area, struct la_buf *out)
{
    uint32_t on_node[LA_MAX_NODES] = {0};

    for (uint32_t i = 0; i < area->nr_pages; i++) {
        uint32_t pfn = la_vmalloc_to_pfn(mm, area->start + (uint64_t)i * LA_PAGE_SIZE);

        if (pfn != LA_NO_PFN)
            on_node[mm->zone[mm->frame[pfn].zone].node]++;
    }
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        if (on_node[n] != 0)
            la_buf_printf(out, " N%u=%u", (unsigned)n, (unsigned)on_node[n]);
}

void la_proc_vmallocinfo(const struct la_machine *machine, struct la_buf *out)
{
    const struct la_mm *mm = machine->mm;
    const struct la_vmap *vmap = mm->vmap;

    for (uint32_t i = vmap ? la_vmap_next(vmap, LA_VMAP_BUSY, 0) : 0; i != 0; i = la_vmap_next(vmap, LA_VMAP_BUSY, i)) {
        const struct la_vmap_area *area = &vmap->area[i];

        print_range(mm, area, out);
        if (area->nr_pages != 0)
            la_buf_printf(out, " pages=%u", (unsigned)area->nr_pages);
        if (area->phys != 0)
            la_buf_printf(out, " phys=0x%0*" PRIx64, mm->layout.pt_levels == 2 ? 8 : 16, area->phys);
        la_buf_puts(out, area->flags & LA_VM_IOREMAP                  ? " ioremap"
                         : area->flags & (LA_VM_ALLOC | LA_VM_PERCPU) ? " vmalloc"
                                                                      : " vmap");
        if (la_is_vmalloc_addr(mm, area->pages))
            la_buf_puts(out, " vpages");
        print_nodes(mm, area, out);
        la_buf_putc(out, '\n');
    }
    for (uint32_t i = vmap ? la_vmap_next(vmap, LA_VMAP_PURGE, 0) : 0; i != 0;
         i = la_vmap_next(vmap, LA_VMAP_PURGE, i)) {
        print_range(mm, &vmap->area[i], out);
        la_buf_puts(out, " unpurged vm_area\n");
    }
}
