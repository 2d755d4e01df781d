/*
 * call_pages.c: the page calls of the notes, part 4: asking, giving back, looking, mapping.
 *
 * Thin: a struct page pointer becomes a pfn, core/mm does the work, the result becomes a pointer
 * of the simulated machine again.
 *
 * Source: Linux 6.1.192 include/linux/gfp.h, mm.h, highmem.h.
 */
#include "lang/interp.h"
#include "mm/vmalloc.h"

#include <stdio.h>

/* The struct page of @pfn as the program sees it; NULL for LA_NO_PFN. */
static uint64_t page_pointer(struct la_call *call, uint32_t pfn)
{
    return pfn == LA_NO_PFN ? 0 : la_pfn_to_page(call->mm, pfn);
}

static uint64_t page_memory(struct la_call *call, uint32_t pfn)
{
    return pfn == LA_NO_PFN ? 0 : la_page_address(call->mm, pfn);
}

static uint32_t order_of(uint64_t arg)
{
    return (uint32_t)arg;
}

/* ---- asking ---- */

LA_NATIVE(alloc_pages)
{
    return page_pointer(call, la_alloc_pages(call->mm, (la_gfp_t)call->arg[0], order_of(call->arg[1]), LA_NO_NODE));
}

LA_NATIVE(alloc_page)
{
    return page_pointer(call, la_alloc_pages(call->mm, (la_gfp_t)call->arg[0], 0, LA_NO_NODE));
}

LA_NATIVE(alloc_pages_node)
{
    int32_t nid = (int32_t)call->arg[0];
    char text[80];

    if (nid < LA_NO_NODE || nid >= call->mm->nr_nodes) {
        (void)snprintf(text, sizeof text, "kernel BUG at include/linux/gfp.h: node %d does not exist", (int)nid);
        la_call_die(call, text, "The machine has fewer NUMA nodes; NUMA_NO_NODE means the node of this CPU.");
        return 0;
    }
    return page_pointer(call, la_alloc_pages(call->mm, (la_gfp_t)call->arg[1], order_of(call->arg[2]), nid));
}

LA_NATIVE(get_free_pages)
{
    return page_memory(call, la_get_free_pages(call->mm, (la_gfp_t)call->arg[0], order_of(call->arg[1])));
}

LA_NATIVE(get_free_page)
{
    return page_memory(call, la_get_free_pages(call->mm, (la_gfp_t)call->arg[0], 0));
}

LA_NATIVE(get_zeroed_page)
{
    return page_memory(call, la_get_zeroed_page(call->mm, (la_gfp_t)call->arg[0]));
}

LA_NATIVE(get_dma_pages)
{
    return page_memory(call, la_get_free_pages(call->mm, (la_gfp_t)call->arg[0] | LA_GFP_DMA, order_of(call->arg[1])));
}

LA_NATIVE(alloc_pages_exact)
{
    return page_memory(call, la_alloc_pages_exact(call->mm, call->arg[0], (la_gfp_t)call->arg[1]));
}

/* ---- giving back ---- */

LA_NATIVE(free_pages)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    if (pfn != LA_NO_PFN)
        la_free_pages(call->mm, pfn, order_of(call->arg[1]));
    return 0;
}

LA_NATIVE(free_page)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    if (pfn != LA_NO_PFN)
        la_free_pages(call->mm, pfn, 0);
    return 0;
}

/* The pfn behind an address of the direct map; an oops otherwise, as virt_to_page would run wild. */
static uint32_t direct_map_pfn(struct la_call *call, uint64_t addr)
{
    uint32_t pfn = la_virt_to_pfn(call->mm, addr);
    char text[120];

    if (pfn != LA_NO_PFN)
        return pfn;
    (void)snprintf(text, sizeof text, "BUG: unable to handle page fault: %0*llx is not in the direct map",
                   call->mm->layout.pointer_bytes == 4 ? 8 : 16, (unsigned long long)addr);
    la_call_die(
        call, text,
        la_page_to_pfn(call->mm, addr) != LA_NO_PFN
            ? "This is the address of a struct page: __free_pages() takes that, free_pages() takes the page's address."
        : la_is_vmalloc_addr(call->mm, addr)
            ? "vmalloc addresses have no constant offset to physical ones: use vmalloc_to_page(), page by page."
            : "The kernel computes a struct page from any address, so a wrong one corrupts memory or faults.");
    return LA_NO_PFN;
}

static uint64_t free_address(struct la_call *call, uint32_t order)
{
    if (call->arg[0] == 0)
        return 0;
    uint32_t pfn = direct_map_pfn(call, call->arg[0]);

    if (pfn != LA_NO_PFN)
        la_free_pages(call->mm, pfn, order);
    return 0;
}

LA_NATIVE(free_pages_addr)
{
    return free_address(call, order_of(call->arg[1]));
}

LA_NATIVE(free_page_addr)
{
    return free_address(call, 0);
}

static uint64_t free_hot_cold(struct la_call *call, bool cold)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    if (pfn != LA_NO_PFN)
        la_free_hot_cold_page(call->mm, pfn, cold);
    return 0;
}

LA_NATIVE(free_hot_page)
{
    return free_hot_cold(call, false);
}

LA_NATIVE(free_cold_page)
{
    return free_hot_cold(call, true);
}

LA_NATIVE(free_pages_exact)
{
    uint32_t pfn = direct_map_pfn(call, call->arg[0]);

    if (pfn != LA_NO_PFN)
        la_free_pages_exact(call->mm, pfn, call->arg[1]);
    return 0;
}

LA_NATIVE(put_page)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    if (pfn != LA_NO_PFN) {
        uint32_t head = la_frame_head(call->mm, pfn);
        bool compound = call->mm->frame[head].flags & LA_FRAME_F_COMPOUND;

        la_free_pages(call->mm, compound ? head : pfn, compound ? call->mm->frame[head].order : 0);
    }
    return 0;
}

LA_NATIVE(get_page)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    if (pfn == LA_NO_PFN)
        return 0;
    uint32_t head = la_frame_head(call->mm, pfn);
    const struct la_frame *frame = &call->mm->frame[head];

    if (frame->flags & LA_FRAME_F_COMPOUND)
        pfn = head;
    if (frame->kind != LA_FRAME_KERNEL || call->mm->frame[pfn].refcount <= 0) {
        la_oops(call->mm, "page_ref_add on a page that nobody holds",
                "VM_BUG_ON_PAGE(page_ref_zero_or_close_to_overflow) with CONFIG_DEBUG_VM; else silent.");
        return 0;
    }
    if (call->mm->frame[pfn].refcount < INT16_MAX)
        la_frame_write(call->mm, pfn)->refcount++;
    la_note_block(call->mm, pfn, 0);
    return 0;
}

LA_NATIVE(split_page)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    if (pfn == LA_NO_PFN)
        return 0;
    const struct la_frame *frame = &call->mm->frame[pfn];

    if (frame->kind != LA_FRAME_KERNEL || (frame->flags & LA_FRAME_F_COMPOUND) || frame->order != call->arg[1]) {
        la_oops(
            call->mm, "kernel BUG: split_page() of a block that is not allocated like this",
            "The page must be the head of an allocated block of exactly that order, not compound. Nothing was split.");
        return 0;
    }
    la_split_page(call->mm, pfn, order_of(call->arg[1]));
    return 0;
}

LA_NATIVE(drain_all_pages)
{
    la_drain_all_pages(call->mm);
    return 0;
}

/* ---- looking ---- */

LA_NATIVE(get_order)
{
    return la_get_order(call->arg[0]);
}

LA_NATIVE(page_address)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : la_page_address(call->mm, pfn);
}

LA_NATIVE(virt_to_page)
{
    return page_pointer(call, direct_map_pfn(call, call->arg[0]));
}

LA_NATIVE(page_to_pfn)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : pfn;
}

LA_NATIVE(pfn_to_page)
{
    if (call->arg[0] >= call->mm->nr_frames) {
        la_call_die(call, "BUG: unable to handle page fault: pfn_to_page() of a frame that does not exist",
                    "The kernel computes an address behind mem_map; using it faults. pfn_valid() tells.");
        return 0;
    }
    return la_pfn_to_page(call->mm, (uint32_t)call->arg[0]);
}

LA_NATIVE(pfn_valid)
{
    return call->arg[0] < call->mm->nr_frames && la_page_zone(call->mm, (uint32_t)call->arg[0]) != NULL;
}

LA_NATIVE(page_zonenum)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : (uint64_t)la_page_zonenum(call->machine, pfn);
}

LA_NATIVE(page_to_nid)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : (uint64_t)(int64_t)la_page_to_nid(call->machine, pfn);
}

LA_NATIVE(page_count)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : (uint64_t)(int64_t)la_page_count(call->machine, pfn);
}

LA_NATIVE(PageHighMem)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    return pfn != LA_NO_PFN && la_page_is_high(call->mm, pfn);
}

LA_NATIVE(PageBuddy)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    return pfn != LA_NO_PFN && call->mm->frame[pfn].kind == LA_FRAME_FREE;
}

LA_NATIVE(virt_to_phys)
{
    uint32_t pfn = direct_map_pfn(call, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : ((uint64_t)pfn << LA_PAGE_SHIFT) + (call->arg[0] & (LA_PAGE_SIZE - 1));
}

LA_NATIVE(phys_to_virt)
{
    return la_call_ulong(call, call->mm->layout.page_offset + call->arg[0]);
}

LA_NATIVE(PAGE_OFFSET)
{
    return call->mm->layout.page_offset;
}

LA_NATIVE(high_memory)
{
    return call->mm->layout.high_memory;
}

LA_NATIVE(page_to_phys)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : la_call_ulong(call, (uint64_t)pfn << LA_PAGE_SHIFT);
}

LA_NATIVE(virt_to_pfn)
{
    uint32_t pfn = direct_map_pfn(call, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : pfn;
}

LA_NATIVE(virt_addr_valid)
{
    return la_virt_to_pfn(call->mm, call->arg[0]) != LA_NO_PFN;
}

/* Zones up to NORMAL of all nodes, above their high marks. */
LA_NATIVE(nr_free_buffer_pages)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < call->mm->nr_zones; i++) {
        const struct la_zone *zone = &call->mm->zone[i];

        if (zone->type <= LA_ZONE_NORMAL && zone->managed > zone->mark[LA_WMARK_HIGH])
            sum += zone->managed - zone->mark[LA_WMARK_HIGH];
    }
    return sum;
}

LA_NATIVE(totalram_pages)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < call->mm->nr_zones; i++)
        sum += call->mm->zone[i].managed;
    return sum;
}

/* ---- high memory ---- */

LA_NATIVE(kmap)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : la_kmap(call->mm, pfn);
}

LA_NATIVE(kunmap)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    if (pfn != LA_NO_PFN)
        la_kunmap(call->mm, pfn);
    return 0;
}

LA_NATIVE(kmap_atomic)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    return pfn == LA_NO_PFN ? 0 : la_kmap_atomic(call->mm, pfn);
}

LA_NATIVE(kunmap_atomic)
{
    la_kunmap_atomic(call->mm, call->arg[0]);
    return 0;
}

/* kmap_local_page() does not forbid preemption: undo that part of kmap_atomic(). */
LA_NATIVE(kmap_local_page)
{
    uint32_t pfn = la_call_page(call, call->arg[0]), before = la_mm_current(call->mm)->preempt_count;
    uint64_t addr = pfn == LA_NO_PFN ? 0 : la_kmap_atomic(call->mm, pfn);

    la_mm_current(call->mm)->preempt_count = before;
    return addr;
}

LA_NATIVE(kunmap_local)
{
    struct la_context *context = la_mm_current(call->mm);
    uint32_t before = context->preempt_count;

    context->preempt_count += LA_PREEMPT_OFFSET;
    la_kunmap_atomic(call->mm, call->arg[0]);
    context->preempt_count = before;
    return 0;
}

LA_NATIVE(clear_page)
{
    (void)la_vm_fill(call->interp, call->arg[0] & ~(uint64_t)(LA_PAGE_SIZE - 1), 0, LA_PAGE_SIZE);
    return 0;
}

LA_NATIVE(copy_page)
{
    unsigned char bytes[256];

    for (uint32_t at = 0; at < LA_PAGE_SIZE; at += sizeof bytes)
        if (!la_call_read(call, call->arg[1] + at, bytes, sizeof bytes) ||
            !la_call_write(call, call->arg[0] + at, bytes, sizeof bytes))
            break;
    return 0;
}

LA_NATIVE(clear_highpage)
{
    uint32_t pfn = la_call_page(call, call->arg[0]);

    if (pfn != LA_NO_PFN) {
        la_frame_set_fill(call->mm, pfn, 0);
        la_note_block(call->mm, pfn, 0);
    }
    return 0;
}
