/*
 * bootmem.c: one bit a page: the allocator that Linux 2.6 booted with.
 *
 *     bit        1 1 1 0 0 0 0 1 1 0 0 0 ...       1 = reserved
 *     goal 16 MiB             |-> search up from here; if nothing fits, once more from 0
 *
 *     small objects share pages: the second of these begins where the first ended
 *     | page 5: 100 bytes | 28 for alignment | 200 bytes | ...
 *
 * The goal is a wish and no limit: alloc_bootmem falls back below 16 MiB, and alloc_bootmem_low
 * only begins at 0 and may end up anywhere in low memory.  High memory is never given.
 *
 * Invariant: last_pos is the page that the last allocation ended in, last_offset how much of it is used, 0 for
 * all.  The page may have been given back since: 2.6 does not look.
 * Cost: a scan of the bitmap.
 *
 * Source: Linux 2.6.11 mm/bootmem.c: __alloc_bootmem_core, free_bootmem_core, reserve_bootmem_core.
 */
#include "mm/bootmem.h"

bool la_bootmem_is_reserved(const struct la_bootmem *b, uint32_t pfn)
{
    return b->map[pfn / 64] >> pfn % 64 & 1;
}

static void set_page(struct la_bootmem *b, uint32_t pfn, bool reserved)
{
    la_region_touch(b->region, &b->map[pfn / 64], sizeof *b->map);
    if (reserved)
        b->map[pfn / 64] |= UINT64_C(1) << pfn % 64;
    else
        b->map[pfn / 64] &= ~(UINT64_C(1) << pfn % 64);
}

void la_bootmem_init(struct la_bootmem *b, struct la_region *region, uint64_t *map, uint32_t pages)
{
    *b = (struct la_bootmem){.low_pfn = pages, .map = map, .region = region};
    la_region_touch(region, map, (pages + 63) / 64 * 8);
    for (uint32_t i = 0; i < (pages + 63) / 64; i++)
        map[i] = UINT64_MAX;
}

bool la_bootmem_covers(const struct la_bootmem *b, uint64_t addr, uint64_t size)
{
    return size != 0 && addr + size >= addr && (addr + size + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT <= b->low_pfn;
}

bool la_bootmem_reserve(struct la_bootmem *b, uint64_t addr, uint64_t size)
{
    uint64_t from = addr >> LA_PAGE_SHIFT, end = (addr + size + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT;

    if (!la_bootmem_covers(b, addr, size))
        return false;
    for (; from < end; from++)
        set_page(b, (uint32_t)from, true);
    return true;
}

bool la_bootmem_free(struct la_bootmem *b, uint64_t addr, uint64_t size)
{
    uint64_t from = (addr + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT, end = (addr + size) >> LA_PAGE_SHIFT;

    if (size == 0 || end > b->low_pfn || addr + size < addr)
        return false;
    if (addr < b->last_success)
        b->last_success = addr;
    for (; from < end; from++) {
        if (!la_bootmem_is_reserved(b, (uint32_t)from))
            return false;
        set_page(b, (uint32_t)from, false);
    }
    return true;
}

/* @pages free pages in a row from @from on, in steps of @step; low_pfn when there are none. */
static uint32_t scan(const struct la_bootmem *b, uint64_t from, uint64_t pages, uint64_t step)
{
    for (uint64_t i = (from + step - 1) / step * step; i < b->low_pfn; i = (i / step + 1) * step) {
        uint64_t run = 0;

        while (run < pages && i + run < b->low_pfn && !la_bootmem_is_reserved(b, (uint32_t)(i + run)))
            run++;
        if (run == pages)
            return (uint32_t)i;
        if (i + run >= b->low_pfn)
            break;
        i += run / step * step;
    }
    return b->low_pfn;
}

/* Take @pages pages from @start on for @size bytes; the address may lie in the page before. */
static uint64_t place(struct la_bootmem *b, uint32_t start, uint64_t size, uint64_t align, uint32_t pages)
{
    uint64_t addr = (uint64_t)start << LA_PAGE_SHIFT;

    if (align < LA_PAGE_SIZE && b->last_offset != 0 && b->last_pos + 1 == start) {
        uint64_t offset = (b->last_offset + align - 1) & ~(align - 1), left = LA_PAGE_SIZE - offset;

        addr = ((uint64_t)b->last_pos << LA_PAGE_SHIFT) + offset;
        if (size < left) {
            pages = 0;
            b->last_offset = (uint32_t)(offset + size);
        } else {
            pages = (uint32_t)((size - left + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT);
            b->last_pos = start + pages - 1;
            b->last_offset = (uint32_t)(size - left);
        }
        b->last_offset &= LA_PAGE_SIZE - 1;
    } else {
        b->last_pos = start + pages - 1;
        b->last_offset = (uint32_t)(size & (LA_PAGE_SIZE - 1));
    }
    for (uint32_t i = start; i < start + pages; i++)
        set_page(b, i, true);
    return addr;
}

enum la_boot_status la_bootmem_alloc(struct la_bootmem *b, uint64_t size, uint64_t align, uint64_t goal, uint64_t *addr)
{
    uint64_t pages = (size + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT, step = align >> LA_PAGE_SHIFT, preferred = 0;

    *addr = 0;
    if (size == 0 || align == 0 || (align & (align - 1)) != 0)
        return LA_BOOT_BUG;
    if (pages > b->low_pfn || size + LA_PAGE_SIZE < size)
        return LA_BOOT_NULL;
    if (goal != 0 && goal >> LA_PAGE_SHIFT < b->low_pfn)
        preferred = b->last_success >= goal ? b->last_success : goal;
    preferred = ((preferred + align - 1) & ~(align - 1)) >> LA_PAGE_SHIFT;
    step = step == 0 ? 1 : step;
    uint32_t start = scan(b, preferred, pages, step);

    if (start == b->low_pfn && preferred > 0)
        start = scan(b, 0, pages, step);
    if (start == b->low_pfn)
        return LA_BOOT_NULL;
    b->last_success = (uint64_t)start << LA_PAGE_SHIFT;
    *addr = place(b, start, size, align, (uint32_t)pages);
    return LA_BOOT_OK;
}
