/*
 * ioremap.c: addresses for device memory: page tables that lead out of the frames.
 *
 *     ioremap(0xfeb00010, 0x20)      physical pages 0xfeb00 .. 0xfeb00
 *        |  RAM?  -> refused         |
 *        |  caching agrees?          v
 *        `-> area ----- entries ---> device              returns area + 0x010
 *
 * No data page is taken: only tables, where there are none.  How a range may be cached is written
 * down for as long as it is mapped, since one processor must not see it cached and uncached.
 *
 * Invariant: every ioremap area has one memtype entry with its exact range.
 * Cost: an area, its entries, and a look at all memtype entries.
 *
 * Source: Linux 6.1.192 arch/x86/mm/ioremap.c: __ioremap_caller, iounmap; arch/x86/mm/pat/memtype.c,
 * memtype_interval.c: memtype_check_conflict; arch/x86/include/asm/memtype.h: is_new_memtype_allowed.
 */
#include "mm/internal.h"
#include "mm/vmalloc.h"

#include <inttypes.h>

static const char *const mode_names[LA_NR_CACHE_MODES] = {"write-back", "write-combining", "uncached-minus",
                                                          "uncached"};

/* ---- who maps what, and how ---- */

/* The overlapping entry with the lowest start after @after (by start, then by number); -1 = none. */
static int32_t next_overlap(const struct la_vmap *vmap, uint64_t start, uint64_t end, int32_t after)
{
    int32_t best = -1;

    for (uint32_t i = 0; i < vmap->nr_memtypes; i++) {
        const struct la_memtype *type = &vmap->memtype[i];
        const struct la_memtype *last = after >= 0 ? &vmap->memtype[after] : NULL;

        if (type->start >= end || type->end <= start)
            continue;
        if (last && (type->start < last->start || (type->start == last->start && (int32_t)i <= after)))
            continue;
        if (best < 0 || type->start < vmap->memtype[best].start)
            best = (int32_t)i;
    }
    return best;
}

/* memtype_reserve: the caching that @start..@end gets, or LA_NR_CACHE_MODES when it conflicts. */
static enum la_cache_mode reserve_memtype(struct la_vmap *vmap, uint64_t start, uint64_t end, enum la_cache_mode mode)
{
    int32_t i = next_overlap(vmap, start, end, -1);

    if (i >= 0)
        mode = vmap->memtype[i].mode;
    for (; i >= 0; i = next_overlap(vmap, start, end, i))
        if (vmap->memtype[i].mode != mode)
            return LA_NR_CACHE_MODES;
    if (vmap->nr_memtypes == LA_MEMTYPES_MAX)
        return LA_NR_CACHE_MODES;
    vmap->memtype[vmap->nr_memtypes++] = (struct la_memtype){start, end, mode};
    return mode;
}

static void free_memtype(struct la_vmap *vmap, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < vmap->nr_memtypes; i++) {
        if (vmap->memtype[i].start != start || vmap->memtype[i].end != end)
            continue;
        for (uint32_t j = i + 1; j < vmap->nr_memtypes; j++)
            vmap->memtype[j - 1] = vmap->memtype[j];
        vmap->nr_memtypes--;
        return;
    }
}

/* ---- the calls ---- */

static uint64_t refuse(struct la_mm *mm, uint64_t phys, const char *why)
{
    if (mm->trace->on) {
        uint64_t text = la_trace_text(mm->trace, why);

        LA_TRACE(mm->trace, IO_REFUSED, phys, text);
    }
    return 0;
}

static uint64_t refuse_ram(struct la_mm *mm, uint64_t phys, uint64_t last)
{
    struct la_buf line;
    int digits = mm->layout.pt_levels == 2 ? 8 : 16;

    la_buf_init(&line, la_arena_host(mm->arena));
    la_buf_printf(&line, "WARNING: ioremap on RAM at 0x%0*" PRIx64 " - 0x%0*" PRIx64, digits, phys, digits, last);
    if (la_warn_once(mm, LA_WARNED_IORAM))
        la_oops(mm, la_buf_str(&line),
                "RAM has an address already, and mapping it again with other caching would corrupt it: NULL.");
    la_buf_free(&line);
    return refuse(mm, phys, "it is RAM, which has a kernel address already");
}

/* The next power of two of @bytes, at least a page, at most what one large entry of the kernel covers. */
static uint64_t io_align(const struct la_mm *mm, uint64_t bytes)
{
    uint64_t align = LA_PAGE_SIZE;
    uint64_t most = mm->layout.pt_levels >= 4 ? UINT64_C(1) << 30 : la_pt_large_bytes(mm);

    while (align < bytes && align < most)
        align <<= 1;
    return align;
}

/* Area and entries for whole pages @phys..@phys+@bytes; @mode was reserved. */
static uint64_t map_range(struct la_mm *mm, uint64_t phys, uint64_t bytes, enum la_cache_mode mode)
{
    uint32_t i = la_get_vm_area(mm, bytes, io_align(mm, bytes), LA_VM_IOREMAP, LA_GFP_KERNEL);

    if (i == 0)
        return 0;
    struct la_vmap_area *area = la_vmap_write(mm->vmap, i);

    area->phys = phys;
    area->mode = (uint8_t)mode;
    la_vm_struct_set(mm, i);
    if (la_pt_map_io(mm, area->start, phys, bytes, mode))
        return area->start;
    la_vmap_release(mm, i);
    return 0;
}

uint64_t la_ioremap(struct la_mm *mm, uint64_t phys, uint64_t bytes, enum la_cache_mode mode)
{
    struct la_vmap *vmap = la_vmap_get(mm);
    uint64_t last = phys + bytes - 1, limit = UINT64_C(1) << (mm->layout.pt_levels == 2 ? 32 : 46);
    uint64_t from = phys & ~(uint64_t)(LA_PAGE_SIZE - 1), end = (last | (LA_PAGE_SIZE - 1)) + 1;

    if (!vmap || bytes == 0 || last < phys)
        return refuse(mm, phys, bytes == 0 ? "the size is 0" : "the range wraps around");
    if (last >= limit)
        return refuse(mm, phys, "no such physical address exists");
    if (phys >> LA_PAGE_SHIFT < mm->nr_frames)
        return refuse_ram(mm, phys, last);
    enum la_cache_mode got = reserve_memtype(vmap, from, end, mode);

    if (got == LA_NR_CACHE_MODES)
        return refuse(mm, phys, "parts of it are mapped already, with different caching");
    if (got != mode && got == LA_CACHE_WB) {
        free_memtype(vmap, from, end);
        return refuse(mm, phys, "a part of it is mapped already, as cached memory");
    }
    if (got != mode && mm->trace->on) {
        uint64_t name = la_trace_text(mm->trace, mode_names[got]);

        LA_TRACE(mm->trace, IO_MODE, phys, name);
    }
    uint64_t addr = map_range(mm, from, end - from, got);

    if (addr == 0) {
        free_memtype(vmap, from, end);
        return 0;
    }
    return addr + (phys - from);
}

void la_iounmap(struct la_mm *mm, uint64_t addr)
{
    struct la_vmap *vmap = la_vmap_get(mm);
    uint32_t i = vmap ? la_vmap_find(vmap, LA_VMAP_BUSY, addr & ~(uint64_t)(LA_PAGE_SIZE - 1)) : 0;
    struct la_buf line;

    if (!vmap || addr < mm->layout.high_memory)
        return;
    if (i == 0 || !(vmap->area[i].flags & LA_VM_IOREMAP)) {
        la_buf_init(&line, la_arena_host(mm->arena));
        la_buf_printf(&line, "iounmap: bad address %0*" PRIx64, (int)mm->layout.pointer_bytes * 2, addr);
        la_oops(mm, la_buf_str(&line),
                i == 0 ? "Nothing is mapped there: unmapped twice?"
                       : "ioremap did not make this mapping. The real kernel unmaps any area it finds.");
        la_buf_free(&line);
        return;
    }
    const struct la_vmap_area *area = &vmap->area[i];

    free_memtype(vmap, area->phys, area->phys + (area->end - area->start) - LA_PAGE_SIZE);
    la_vmap_release(mm, i);
}
