/*
 * boot.c: the boot phase of a machine, and the hand-over of its memory.
 *
 *     bootmem    | kernel |####| buf |........|   low memory, a bit a page
 *     memblock   | kernel |    | buf |          ........ high |   all memory, ranges
 *                         `-- what either of them took is noted in both
 *     mem_init() |  stays reserved   |<-- to the buddy, largest aligned blocks -->|
 *
 * A buffer taken here is contiguous however large, since nothing has been cut up yet; afterwards it
 * stays reserved for ever.
 *
 * Invariant: a page reserved in one list is reserved in the other.
 * Cost: a step per block at the beginning and at the end; a call touches its own range.
 *
 * Deviations:
 *  A. Real kernels have one of the two allocators; here both work on the same memory, so that one
 *     program can use the old and the new names.
 *  B. The bitmap lies outside the simulated memory.
 *  C. Free ranges go to the buddy in the largest aligned blocks; 2.6 frees 32 pages at a time.
 *
 * Source: Linux 2.6.11 mm/bootmem.c: __alloc_bootmem, free_all_bootmem; Linux 6.1.192 mm/memblock.c:
 * memblock_alloc_try_nid, memblock_free_all.
 */
#include "mm/bootmem.h"
#include "mm/init.h"
#include "mm/internal.h"

#include <inttypes.h>

enum { TAG_BITMAP = 8 };

/* ---- frames ---- */

/* Blocks of kind RESERVED for @pfn..@end, all @owner's. */
static void reserve_as(struct la_mm *mm, uint32_t pfn, uint32_t end, uint32_t owner)
{
    la_mm_reserve(mm, pfn, end);
    for (; pfn < end; pfn += 1u << mm->frame[pfn].order)
        la_frame_write(mm, pfn)->owner = owner;
}

/* Frames @pfn..@end (any borders) become blocks of their own, @owner's. */
static void cut_out(struct la_mm *mm, uint32_t pfn, uint32_t end, uint32_t owner)
{
    while (pfn < end) {
        uint32_t head = la_frame_head(mm, pfn), after = head + (1u << mm->frame[head].order);
        uint32_t stop = end < after ? end : after, others = mm->frame[head].owner;

        la_frame_write(mm, head)->kind = LA_FRAME_TAIL;
        reserve_as(mm, head, pfn, others);
        reserve_as(mm, pfn, stop, owner);
        reserve_as(mm, stop, after, others);
        pfn = stop;
    }
}

/* Frames around @addr..@addr+@size belong to the running statement (@taken) or to nobody. */
static void note_range(struct la_mm *mm, uint64_t addr, uint64_t size, bool taken)
{
    uint32_t pfn = (uint32_t)(addr >> LA_PAGE_SHIFT),
             end = (uint32_t)((addr + size + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT);

    if (!taken) {
        pfn = (uint32_t)((addr + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT);
        end = (uint32_t)((addr + size) >> LA_PAGE_SHIFT);
    }
    if (pfn < end)
        cut_out(mm, pfn, end < mm->nr_frames ? end : mm->nr_frames, taken ? (mm->owner != 0 ? mm->owner : 1) : 0);
}

static void zero_range(struct la_mm *mm, uint64_t addr, uint64_t size)
{
    static const unsigned char zeroes[LA_PAGE_SIZE];

    while (size > 0) {
        uint32_t in_page = (uint32_t)(addr & (LA_PAGE_SIZE - 1)), part = LA_PAGE_SIZE - in_page;

        part = size < part ? (uint32_t)size : part;
        if (part == LA_PAGE_SIZE)
            la_frame_set_fill(mm, (uint32_t)(addr >> LA_PAGE_SHIFT), 0);
        else
            (void)la_frame_store(mm, (uint32_t)(addr >> LA_PAGE_SHIFT), in_page, zeroes, part);
        addr += part;
        size -= part;
    }
}

/* ---- the phase ---- */

bool la_booting(const struct la_mm *mm)
{
    return mm->boot && !mm->boot->over;
}

bool la_boot_begin(struct la_mm *mm, uint32_t reserved)
{
    struct la_boot *boot = la_arena_hot(mm->arena, sizeof *boot);
    uint32_t low = (uint32_t)((mm->layout.high_memory - mm->layout.page_offset) >> LA_PAGE_SHIFT);
    struct la_region *region = boot ? la_arena_region(mm->arena, ((uint64_t)low + 63) / 64 * 8, TAG_BITMAP) : NULL;

    if (!region)
        return false;
    boot->reserved_pages = reserved;
    la_mm_reserve(mm, 0, mm->nr_frames);
    la_bootmem_init(&boot->bootmem, region, (uint64_t *)(void *)region->base, low);
    (void)la_bootmem_free(&boot->bootmem, 0, (uint64_t)low << LA_PAGE_SHIFT);
    la_memblock_init(&boot->memblock);
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        (void)la_memblock_add_node(&boot->memblock, (uint64_t)mm->zone[z].start_pfn << LA_PAGE_SHIFT,
                                   (uint64_t)mm->zone[z].spanned << LA_PAGE_SHIFT, mm->zone[z].node, 0);
    boot->memblock.current_limit = (uint64_t)low << LA_PAGE_SHIFT;
    if (reserved != 0) {
        (void)la_bootmem_reserve(&boot->bootmem, 0, (uint64_t)reserved << LA_PAGE_SHIFT);
        (void)la_memblock_reserve(&boot->memblock, 0, (uint64_t)reserved << LA_PAGE_SHIFT);
    }
    boot->bootmem.last_success = 0;
    mm->boot = boot;
    return true;
}

static enum la_boot_status too_late(struct la_mm *mm)
{
    la_oops(
        mm, "BUG: unable to handle page fault: a boot-time allocator after mem_init()",
        "These functions are __init: their code is thrown away after the boot, and modules cannot call them at all. "
        "Use alloc_pages(), vmalloc() or a CMA area.");
    return LA_BOOT_TOO_LATE;
}

static enum la_boot_status bug(struct la_mm *mm, const char *text, const char *note)
{
    la_oops(mm, text, note);
    return LA_BOOT_BUG;
}

/* memblock_double_array() where it finds no memory; what it was asked for is not done. */
static void list_full(struct la_mm *mm)
{
    la_warning(mm, "memblock: Failed to double reserved array from 128 to 256 entries !",
               "The list of reserved ranges is full: nothing is taken or given back. Ranges that touch are one, so "
               "take fewer pieces with gaps between them.");
}

static void report(struct la_mm *mm, uint64_t addr, uint64_t size, bool free)
{
    if (free)
        LA_TRACE(mm->trace, BOOT_FREE, addr, size);
    else
        LA_TRACE(mm->trace, BOOT_ALLOC, addr, size);
}

/* What the bitmap gave is taken in memblock as well.  False: that has no room for one more range. */
static bool note_in_memblock(struct la_mm *mm, uint64_t addr, uint64_t size)
{
    if (!la_memblock_reserve(&mm->boot->memblock, addr, size)) {
        list_full(mm);
        return false;
    }
    /* 2.6 goes on in the page of the last allocation even if that was given back since: it is not free now */
    (void)la_bootmem_reserve(&mm->boot->bootmem, addr, size);
    return true;
}

enum la_boot_status la_boot_alloc(struct la_mm *mm, uint64_t size, uint64_t align, uint64_t goal, uint64_t *addr)
{
    enum la_boot_status status;
    struct la_buf line;

    *addr = 0;
    if (!la_booting(mm))
        return too_late(mm);
    status = la_bootmem_alloc(&mm->boot->bootmem, size, align, goal, addr);
    if (status == LA_BOOT_BUG)
        return bug(mm, "kernel BUG at mm/bootmem.c: size 0 or a strange alignment", "BUG() in __alloc_bootmem_core().");
    if (status == LA_BOOT_OK && !note_in_memblock(mm, *addr, size))
        status = LA_BOOT_NULL;
    if (status == LA_BOOT_NULL) {
        *addr = 0;
        la_buf_init(&line, la_arena_host(mm->arena));
        la_buf_printf(&line, "bootmem alloc of %" PRIu64 " bytes failed!\nKernel panic - not syncing: Out of memory",
                      size);
        la_oops(mm, la_buf_str(&line), "alloc_bootmem never returns NULL: without this memory the kernel cannot boot.");
        la_buf_free(&line);
        return LA_BOOT_PANIC;
    }
    note_range(mm, *addr, size, true);
    zero_range(mm, *addr, size);
    report(mm, *addr, size, false);
    return LA_BOOT_OK;
}

enum la_boot_status la_boot_reserve(struct la_mm *mm, uint64_t addr, uint64_t size)
{
    if (!la_booting(mm))
        return too_late(mm);
    if (!la_bootmem_covers(&mm->boot->bootmem, addr, size))
        return bug(mm, "kernel BUG at mm/bootmem.c: reserve_bootmem of a range that does not exist", "BUG_ON().");
    if (!la_memblock_reserve(&mm->boot->memblock, addr, size)) {
        list_full(mm);
        return LA_BOOT_OK;
    }
    (void)la_bootmem_reserve(&mm->boot->bootmem, addr, size);
    note_range(mm, addr, size, true);
    report(mm, addr, size, false);
    return LA_BOOT_OK;
}

/* What the bitmap gave up of the whole pages in @addr..@addr+@size memblock gives up too, or both keep it: false. */
static bool follow_bitmap(struct la_mm *mm, uint64_t addr, uint64_t size)
{
    struct la_bootmem *b = &mm->boot->bootmem;
    uint64_t first = (addr + LA_PAGE_SIZE - 1) & ~(uint64_t)(LA_PAGE_SIZE - 1), stop = first;

    while (stop + LA_PAGE_SIZE <= addr + size && stop >> LA_PAGE_SHIFT < b->low_pfn &&
           !la_bootmem_is_reserved(b, (uint32_t)(stop >> LA_PAGE_SHIFT)))
        stop += LA_PAGE_SIZE;
    if (stop == first)
        return true;
    if (!la_memblock_free(&mm->boot->memblock, first, stop - first)) {
        (void)la_bootmem_reserve(b, first, stop - first);
        list_full(mm);
        return false;
    }
    note_range(mm, first, stop - first, false);
    return true;
}

enum la_boot_status la_boot_free(struct la_mm *mm, uint64_t addr, uint64_t size)
{
    bool freed, followed;

    if (!la_booting(mm))
        return too_late(mm);
    freed = la_bootmem_free(&mm->boot->bootmem, addr, size);
    followed = follow_bitmap(mm, addr, size); /* also after a BUG(): the pages before the wrong one are free by then */
    if (!freed)
        return bug(mm, "kernel BUG at mm/bootmem.c: free_bootmem of a page that is free or does not exist",
                   "BUG_ON().");
    if (followed)
        report(mm, addr, size, true);
    return LA_BOOT_OK;
}

enum la_boot_status la_boot_memblock_alloc(struct la_mm *mm, uint64_t size, uint64_t align, uint64_t min, uint64_t max,
                                           bool raw, uint64_t *addr)
{
    *addr = 0;
    if (!la_booting(mm))
        return too_late(mm);
    *addr = size == 0 ? 0
                      : la_memblock_alloc_try_nid(&mm->boot->memblock, size, align, min,
                                                  max == 0 ? LA_MEMBLOCK_MAX : max, LA_MEMBLOCK_NO_NODE);
    if (*addr == 0) {
        if (mm->boot->memblock.reserved.cnt == LA_MEMBLOCK_REGIONS)
            list_full(mm);
        return LA_BOOT_NULL;
    }
    (void)la_bootmem_reserve(&mm->boot->bootmem, *addr, size);
    note_range(mm, *addr, size, true);
    if (!raw)
        zero_range(mm, *addr, size);
    report(mm, *addr, size, false);
    return LA_BOOT_OK;
}

enum la_boot_status la_boot_memblock_reserve(struct la_mm *mm, uint64_t addr, uint64_t size)
{
    uint64_t memory = (uint64_t)mm->nr_frames << LA_PAGE_SHIFT, low;

    if (!la_booting(mm))
        return too_late(mm);
    low = (uint64_t)mm->boot->bootmem.low_pfn << LA_PAGE_SHIFT;
    if (!la_memblock_reserve(&mm->boot->memblock, addr, size)) {
        list_full(mm);
        return LA_BOOT_NULL;
    }
    if (addr < low && size != 0)
        (void)la_bootmem_reserve(&mm->boot->bootmem, addr, size < low - addr ? size : low - addr);
    if (addr < memory && size != 0)
        note_range(mm, addr, size < memory - addr ? size : memory - addr, true);
    report(mm, addr, size, false);
    return LA_BOOT_OK;
}

enum la_boot_status la_boot_memblock_free(struct la_mm *mm, uint64_t addr, uint64_t size)
{
    uint64_t memory = (uint64_t)mm->nr_frames << LA_PAGE_SHIFT, page;

    if (!la_booting(mm))
        return too_late(mm);
    if (addr >= memory)
        return LA_BOOT_OK; /* what is not there is ignored */
    size = size < memory - addr ? size : memory - addr;
    if (!la_memblock_free(&mm->boot->memblock, addr, size)) {
        list_full(mm);
        return LA_BOOT_NULL;
    }
    /* the bitmap only knows whole pages; one that was free already is no mistake here */
    for (page = (addr + LA_PAGE_SIZE - 1) & ~(uint64_t)(LA_PAGE_SIZE - 1);
         page + LA_PAGE_SIZE <= addr + size && page >> LA_PAGE_SHIFT < mm->boot->bootmem.low_pfn; page += LA_PAGE_SIZE)
        if (la_bootmem_is_reserved(&mm->boot->bootmem, (uint32_t)(page >> LA_PAGE_SHIFT)))
            (void)la_bootmem_free(&mm->boot->bootmem, page, LA_PAGE_SIZE);
    note_range(mm, addr, size, false);
    report(mm, addr, size, true);
    return LA_BOOT_OK;
}

/* ---- hand-over ---- */

/* Pages @pfn..@end, which no list holds, go to the buddy. */
static void hand_over(struct la_mm *mm, uint32_t pfn, uint32_t end)
{
    cut_out(mm, pfn, end, 0);
    for (uint32_t at = pfn; at < end;) {
        struct la_frame *frame = la_frame_write(mm, at);

        at += 1u << frame->order;
        frame->kind = LA_FRAME_TAIL;
        frame->order = 0;
        frame->refcount = 0;
    }
    la_mm_release(mm, pfn, end);
    la_note_block(mm, pfn, 0);
}

uint32_t la_boot_end(struct la_mm *mm)
{
    struct la_boot *boot = mm->boot;
    const struct la_bootmem *b = &boot->bootmem;
    uint32_t pages = 0;
    uint64_t start, end;

    for (uint32_t n = 0; la_memblock_free_range(&boot->memblock, LA_MEMBLOCK_NO_NODE, n, &start, &end); n++) {
        uint32_t pfn = (uint32_t)((start + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT), last = (uint32_t)(end >> LA_PAGE_SHIFT);

        while (pfn < last) { /* a page that only the bitmap holds (a part of it was freed) stays reserved */
            uint32_t stop = pfn;

            while (stop < last && (stop >= b->low_pfn || !la_bootmem_is_reserved(b, stop)))
                stop++;
            if (stop > pfn)
                hand_over(mm, pfn, stop);
            pages += stop - pfn;
            pfn = stop + 1;
        }
    }
    boot->over = true;
    LA_TRACE(mm->trace, BOOT_END, pages);
    return pages;
}
