/*
 * vm_struct.c: what the kernel keeps about an area of virtual addresses, in kmalloc memory of the machine.
 *
 *     struct vm_struct  next | addr | size | flags | pages | (page_order) nr_pages | phys_addr | caller
 *                                                      |
 *     array of pages    [struct page *][struct page *] …   kmalloc up to a page, else a hidden area of its own
 *
 * So a page by vmalloc costs more than a page: this structure, the array, page tables, a guard page of addresses.
 *
 * Invariant: a busy area of vmalloc, vmap or ioremap has a vm_struct; one of vmalloc an array too.
 * Cost: two small kmallocs an area, one pointer a page.
 *
 * Deviations:
 *  A. The vmap_area of each range, and what vmalloc keeps for areas of per-CPU chunks, lie outside the simulated
 *     memory.  vfree() finds the pages through the page tables, so a program that destroys the array harms nobody.
 *
 * Source: Linux 6.1.192 mm/vmalloc.c: __get_vm_area_node, setup_vmalloc_vm, __vmalloc_area_node, __vunmap;
 * include/linux/vmalloc.h.
 */
#include "mm/slab_internal.h"
#include "mm/vmalloc.h"

/* Offsets of the members; the first four are words. */
struct vm_struct_layout {
    uint32_t pages, nr_pages, phys_addr, phys_bytes, bytes;
};

static struct vm_struct_layout layout_of(const struct la_mm *mm)
{
    if (mm->layout.pointer_bytes == 8)
        return (struct vm_struct_layout){32, 44, 48, 8, 64}; /* page_order lies at 40 */
    return mm->layout.pt_levels == 3 ? (struct vm_struct_layout){16, 20, 24, 8, 36}
                                     : (struct vm_struct_layout){16, 20, 24, 4, 32};
}

/* A machine without kmalloc caches (a replay of addresses only) keeps nothing about its areas. */
static bool has_kmalloc(const struct la_mm *mm)
{
    return mm->kmem && la_kmalloc_slab(mm, 1, LA_GFP_KERNEL) != LA_NO_CACHE;
}

bool la_vm_struct_get(struct la_mm *mm, la_gfp_t gfp, uint64_t *vm)
{
    uint32_t bytes = layout_of(mm).bytes;

    *vm = 0;
    if (!has_kmalloc(mm))
        return true;
    LA_TRACE(mm->trace, VM_STRUCT, bytes);
    *vm = la_kmalloc(mm, bytes, (gfp & LA_GFP_RECLAIM_MASK) | LA_GFP_ZERO, LA_NO_NODE);
    return *vm != 0;
}

void la_vm_struct_set(struct la_mm *mm, uint32_t i)
{
    const struct la_vmap_area *area = &mm->vmap->area[i];
    const struct vm_struct_layout at = layout_of(mm);
    uint32_t word = mm->layout.pointer_bytes;

    if (area->vm == 0)
        return;
    la_mem_store(mm, area->vm + word, area->start, word);
    la_mem_store(mm, area->vm + 2 * word, area->end - area->start, word);
    la_mem_store(mm, area->vm + 3 * word, area->flags & ~(uint32_t)LA_VM_HIDDEN, word);
    la_mem_store(mm, area->vm + at.pages, area->pages, word);
    la_mem_store(mm, area->vm + at.nr_pages, area->nr_pages, 4);
    la_mem_store(mm, area->vm + at.phys_addr, area->phys, at.phys_bytes);
}

bool la_vm_pages_get(struct la_mm *mm, uint32_t i, uint32_t nr, la_gfp_t gfp)
{
    uint32_t bytes = nr * mm->layout.pointer_bytes;

    if (!has_kmalloc(mm))
        return true;
    LA_TRACE(mm->trace, VM_PAGES, nr, bytes);
    uint64_t pages = la_kmalloc(mm, bytes, (gfp & LA_GFP_RECLAIM_MASK) | LA_GFP_ZERO, LA_NO_NODE);

    la_vmap_write(mm->vmap, i)->pages = pages;
    return pages != 0;
}

/* @len bytes of an array at @addr: a kmalloc address, or the start of a page of a hidden area. */
static void write_array(struct la_mm *mm, uint64_t addr, const unsigned char *bytes, uint32_t len)
{
    if (!la_is_vmalloc_addr(mm, addr))
        la_mem_write(mm, addr, bytes, len);
    else
        (void)la_frame_store(mm, la_vmalloc_to_pfn(mm, addr), 0, bytes, len);
}

void la_vm_pages_set(struct la_mm *mm, uint32_t i, const struct la_list *list)
{
    uint64_t addr = mm->vmap->area[i].pages;
    uint32_t word = mm->layout.pointer_bytes, len = 0;
    unsigned char bytes[LA_PAGE_SIZE];

    if (addr == 0)
        return;
    for (uint32_t pfn = list->head; pfn != LA_NO_PFN; pfn = mm->frame[pfn].next) {
        la_store_le(bytes + len, word, la_pfn_to_page(mm, pfn));
        len += word;
        if (len == LA_PAGE_SIZE) {
            write_array(mm, addr, bytes, len);
            addr += len;
            len = 0;
        }
    }
    if (len != 0)
        write_array(mm, addr, bytes, len);
}

void la_vm_struct_put(struct la_mm *mm, uint64_t vm)
{
    if (vm != 0)
        la_kfree(mm, vm);
}
