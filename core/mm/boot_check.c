/*
 * boot_check.c: every invariant of the boot phase.
 *
 *     lists    regions are sorted, none is empty, no two overlap, no two alike touch; total_size is their sum
 *     bitmap   where the last allocation ended lies in low memory; a page of which memblock holds a byte is
 *              reserved here as well (not the other way: the bitmap knows only whole pages)
 *
 * Cost: a look at all regions and, before mem_init(), at the bits of what is reserved.
 */
#include "mm/bootmem.h"
#include "mm/internal.h"

static uint32_t problem(struct la_buf *out, const char *list, uint32_t where, const char *what)
{
    la_buf_printf(out, "%s %u: %s\n", list, (unsigned)where, what);
    return 1;
}

static uint32_t check_list(const struct la_memblock_type *type, const char *name, struct la_buf *out)
{
    uint32_t problems = 0;
    uint64_t sum = 0;

    if (type->cnt == 0 || type->cnt > LA_MEMBLOCK_REGIONS)
        return problem(out, name, type->cnt, "a strange number of regions");
    for (uint32_t i = 0; i < type->cnt; i++) {
        const struct la_memblock_region *r = &type->region[i], *before = i > 0 ? r - 1 : r;

        sum += r->size;
        if (r->size == 0 && type->cnt > 1)
            problems += problem(out, name, i, "an empty region");
        if (i > 0 && before->base + before->size > r->base)
            problems += problem(out, name, i, "overlaps the region before it");
        if (i > 0 && before->base + before->size == r->base && before->nid == r->nid && before->flags == r->flags)
            problems += problem(out, name, i, "touches a region that is alike");
    }
    if (sum != type->total_size)
        problems += problem(out, name, type->cnt, "total_size is not the sum of the regions");
    return problems;
}

static uint32_t check_bitmap(const struct la_boot *boot, struct la_buf *out)
{
    const struct la_bootmem *b = &boot->bootmem;
    const struct la_memblock_type *reserved = &boot->memblock.reserved;
    uint32_t problems = 0;

    if (b->last_offset >= LA_PAGE_SIZE || b->last_pos >= b->low_pfn)
        problems += problem(out, "bootmem", b->last_pos, "the last allocation ends nowhere");
    for (uint32_t i = 0; i < reserved->cnt; i++) {
        uint64_t pfn = reserved->region[i].base >> LA_PAGE_SHIFT,
                 end = (reserved->region[i].base + reserved->region[i].size + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT;

        for (; pfn < end && pfn < b->low_pfn; pfn++)
            if (!la_bootmem_is_reserved(b, (uint32_t)pfn))
                problems += problem(out, "bootmem", (uint32_t)pfn, "a page that memblock holds is free in the bitmap");
    }
    return problems;
}

uint32_t la_boot_check(const struct la_mm *mm, struct la_buf *out)
{
    if (!mm->boot)
        return 0;
    return check_list(&mm->boot->memblock.memory, "memblock.memory", out) +
           check_list(&mm->boot->memblock.reserved, "memblock.reserved", out) +
           (mm->boot->over ? 0 : check_bitmap(mm->boot, out));
}
