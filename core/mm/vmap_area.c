/*
 * vmap_area.c: which virtual addresses are taken, which are free, and which wait for a TLB flush.
 *
 *     busy tree  --vfree-->  entries cleared  -->  purge tree  --TLB flush-->  free tree
 *
 * A freed range is not reused at once: a processor may still remember in its TLB where it led, and
 * telling all processors is dear.  So ranges wait until there are many, and one flush frees all.
 *
 * Invariant: free, busy and purge ranges do not overlap and together are all addresses.
 * Cost: search and free are one way through a tree (vmap_tree.c).
 *
 * Deviations:
 *  A. When too much waits lazily, the flush comes at the end of that vfree; the kernel leaves it to a worker.
 *  B. At most LA_VMAP_AREAS_MAX ranges exist at a time; then vmalloc fails as if no vmap_area were left.
 *
 * Source: Linux 6.1.192 mm/vmalloc.c: __get_vm_area_node, alloc_vmap_area, remove_vm_area,
 * free_vmap_area_noflush, __purge_vmap_area_lazy, pcpu_get_vm_areas.
 */
#include "mm/internal.h"
#include "mm/vmalloc.h"

#include <inttypes.h>

enum { TAG_AREAS = 4, TAG_ROOT = 5 };

void la_vmap_bug(struct la_mm *mm, const char *text, const char *note)
{
    la_oops(mm, text, note);
    mm->vmap->bug = true;
}

bool la_vmap_take_bug(struct la_mm *mm)
{
    bool was = mm->vmap && mm->vmap->bug;

    if (was)
        mm->vmap->bug = false;
    return was;
}

/* ---- the beginning ---- */

struct la_vmap *la_vmap_get(struct la_mm *mm)
{
    if (mm->vmap)
        return mm->vmap;
    struct la_vmap *vmap = la_arena_hot(mm->arena, sizeof *vmap);

    if (!vmap)
        return NULL;
    vmap->area_region =
        la_arena_region(mm->arena, (LA_VMAP_AREAS_MAX + UINT64_C(1)) * sizeof(struct la_vmap_area), TAG_AREAS);
    vmap->root_region = la_arena_region(mm->arena, LA_PAGE_SIZE, TAG_ROOT);
    if (!vmap->area_region || !vmap->root_region)
        return NULL;
    vmap->area = (struct la_vmap_area *)(void *)vmap->area_region->base;
    /* all addresses but 0 and the last, as vmap_init_free_space leaves them */
    la_vmap_insert(vmap, LA_VMAP_FREE,
                   la_vmap_new_area(vmap, 1, mm->layout.pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX));
    mm->vmap = vmap;
    return vmap;
}

/* ---- free, busy, waiting ---- */

uint32_t la_vmap_lazy_max(const struct la_mm *mm)
{
    uint32_t log = 0;

    while (mm->nr_cpus >> log != 0)
        log++;
    return log * (32u << 20 >> LA_PAGE_SHIFT);
}

void la_vm_unmap_aliases(struct la_mm *mm)
{
    struct la_vmap *vmap = la_vmap_get(mm);
    uint32_t areas = 0, pages = vmap ? vmap->lazy_nr : 0, i;

    if (!vmap)
        return;
    while ((i = la_vmap_next(vmap, LA_VMAP_PURGE, 0)) != 0) {
        la_vmap_erase(vmap, i);
        (void)la_vmap_merge(vmap, LA_VMAP_FREE, i);
        areas++;
    }
    vmap->lazy_nr = 0;
    vmap->nr_purges++;
    LA_TRACE(mm->trace, VMAP_PURGE, areas, pages);
}

/* Make @start..@start+@size of free area @from busy. */
static uint32_t make_busy(struct la_vmap *vmap, uint32_t from, uint64_t start, uint64_t size, uint32_t flags)
{
    uint32_t i = la_vmap_new_area(vmap, start, start + size);

    if (i == 0)
        return 0;
    if (!la_vmap_cut(vmap, from, start, size)) {
        la_vmap_drop_area(vmap, i);
        return 0;
    }
    la_vmap_write(vmap, i)->flags = flags;
    la_vmap_insert(vmap, LA_VMAP_BUSY, i);
    return i;
}

/* __alloc_vmap_area: no purging. */
static uint32_t find_and_take(struct la_mm *mm, uint64_t size, uint64_t align, uint32_t flags)
{
    struct la_vmap *vmap = mm->vmap;
    uint64_t vstart = mm->layout.vmalloc_start, vend = mm->layout.vmalloc_end;
    uint32_t i = la_vmap_lowest_match(vmap, size, align, vstart, align > LA_PAGE_SIZE && vend - vstart != size);

    if (i == 0)
        return 0;
    uint64_t start = la_align_up(vmap->area[i].start > vstart ? vmap->area[i].start : vstart, align);

    return start + size > vend ? 0 : make_busy(vmap, i, start, size, flags);
}

uint32_t la_get_vm_area(struct la_mm *mm, uint64_t bytes, uint64_t align, uint32_t flags, la_gfp_t gfp)
{
    struct la_vmap *vmap = mm->vmap;
    uint64_t size = la_align_up(bytes, LA_PAGE_SIZE) + LA_PAGE_SIZE, vm;

    if (la_in_interrupt(la_mm_current(mm))) {
        la_vmap_bug(mm, "kernel BUG at mm/vmalloc.c: BUG_ON(in_interrupt())",
            "Addresses are kept under a spinlock that leaves interrupts on: a handler could wait for whom it interrupted. "
            "And their page tables are allocated with GFP_KERNEL.");
        return 0;
    }
    if (gfp & LA_GFP_DIRECT_RECLAIM)
        la_might_sleep(mm, "include/linux/sched/mm.h:274");
    la_vfree_deferred(mm);
    if (!la_vm_struct_get(mm, gfp, &vm))
        return 0;
    uint32_t i = find_and_take(mm, size, align, flags);

    if (i == 0) {
        la_vm_unmap_aliases(mm);
        i = find_and_take(mm, size, align, flags);
    }
    if (i == 0) {
        struct la_buf line;

        LA_TRACE(mm->trace, VMAP_NO_AREA, size >> LA_PAGE_SHIFT);
        la_buf_init(&line, la_arena_host(mm->arena));
        la_buf_printf(&line, "vmap allocation for size %" PRIu64 " failed: use vmalloc=<size> to increase size", size);
        if (!(gfp & LA_GFP_NOWARN))
            la_warning(mm, la_buf_str(&line),
                       "The addresses between VMALLOC_START and VMALLOC_END are used up, not the memory.");
        la_buf_free(&line);
        la_vm_struct_put(mm, vm);
        return 0;
    }
    la_vmap_write(vmap, i)->owner = mm->owner;
    vmap->area[i].vm = vm;
    la_vm_struct_set(mm, i);
    LA_TRACE(mm->trace, VMAP_AREA, vmap->area[i].start, size >> LA_PAGE_SHIFT, (flags & LA_VM_HIDDEN) != 0);
    return i;
}

uint32_t la_vmap_take_exact(struct la_mm *mm, uint64_t start, uint64_t end, uint32_t flags)
{
    uint32_t i = la_vmap_find(mm->vmap, LA_VMAP_FREE, start);

    return i == 0 || mm->vmap->area[i].end < end ? 0 : make_busy(mm->vmap, i, start, end - start, flags);
}

uint32_t la_vmap_top_area(struct la_mm *mm, uint64_t bytes, uint64_t align, uint32_t flags)
{
    struct la_vmap *vmap = la_vmap_get(mm);
    uint64_t end = mm->layout.vmalloc_end & ~(align - 1), start = la_align_up(mm->layout.vmalloc_start, align);

    while (vmap && end >= start + bytes) {
        uint64_t base = (end - bytes) & ~(align - 1);
        uint32_t i = la_vmap_find(vmap, LA_VMAP_FREE, base + bytes - 1), in_the_way = i;

        if (i != 0 && vmap->area[i].start <= base) {
            i = make_busy(vmap, i, base, bytes, flags);
            if (i != 0)
                LA_TRACE(mm->trace, VMAP_AREA, base, bytes >> LA_PAGE_SHIFT, false);
            return i;
        }
        if (i == 0)
            in_the_way = la_vmap_find(vmap, LA_VMAP_BUSY, base + bytes - 1);
        if (in_the_way == 0)
            in_the_way = la_vmap_find(vmap, LA_VMAP_PURGE, base + bytes - 1);
        if (in_the_way == 0)
            break;
        end = vmap->area[in_the_way].start & ~(align - 1);
    }
    return 0;
}

/* free_vmap_area_noflush: the range waits for the next TLB flush. */
static void free_lazily(struct la_mm *mm, uint32_t i)
{
    struct la_vmap *vmap = mm->vmap;
    uint64_t start = vmap->area[i].start, pages = (vmap->area[i].end - start) >> LA_PAGE_SHIFT;

    la_vmap_erase(vmap, i);
    vmap->lazy_nr += (uint32_t)pages;
    (void)la_vmap_merge(vmap, LA_VMAP_PURGE, i);
    LA_TRACE(mm->trace, VMAP_LAZY, start, pages, vmap->lazy_nr, la_vmap_lazy_max(mm));
    if (vmap->lazy_nr > la_vmap_lazy_max(mm))
        la_vm_unmap_aliases(mm);
}

/* The addresses of @i that may be mapped: without the guard page. */
static uint64_t mapped_end(const struct la_vmap_area *area)
{
    return area->flags & LA_VM_PERCPU ? area->end : area->end - LA_PAGE_SIZE;
}

uint64_t la_remove_vm_area(struct la_mm *mm, uint32_t i)
{
    uint64_t vm = mm->vmap->area[i].vm;

    la_pt_unmap(mm, mm->vmap->area[i].start, mapped_end(&mm->vmap->area[i]));
    free_lazily(mm, i);
    return vm;
}

void la_vmap_release(struct la_mm *mm, uint32_t area)
{
    la_vm_struct_put(mm, la_remove_vm_area(mm, area));
}
