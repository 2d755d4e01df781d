/*
 * vmalloc.c: memory that is contiguous only in virtual addresses.
 *
 *     vmalloc(12000):  1 a vm_struct, and an array for 3 page pointers   (vm_struct.c)
 *                      2 the lowest gap of 3 pages + 1 guard page        (vmap_area.c)
 *                      3 three single pages from anywhere                (bulk.c)
 *                      4 page-table entries, tables where there are none (pgtable.c)
 *
 *     vfree:  the entries are cleared, pages, array and vm_struct go back; the addresses wait in vmap_area.c
 *
 * Invariant: a page of a busy area is mapped where its place in the area says, the guard page never.
 * Cost: each page costs a page and an entry.
 *
 * Deviations:
 *  A. vmalloc_huge and the 2 MiB mappings that kvmalloc may use are not modelled: all pages are single.
 *
 * Source: Linux 6.1.192 mm/vmalloc.c: __vmalloc_node_range, __vmalloc_area_node, vm_area_alloc_pages,
 * __vunmap, vmap; mm/util.c: kvmalloc_node.
 */
#include "mm/internal.h"
#include "mm/vmalloc.h"

#include <inttypes.h>

enum { BULK_MAX = 100 };

/* ---- reports ---- */

static void oops_at(struct la_mm *mm, const char *text, uint64_t addr, const char *note)
{
    struct la_buf line;

    la_buf_init(&line, la_arena_host(mm->arena));
    la_buf_printf(&line, text, (int)mm->layout.pointer_bytes * 2, addr);
    la_oops(mm, la_buf_str(&line), note);
    la_buf_free(&line);
}

/* warn_alloc with a format of vmalloc's */
static void warn_size(struct la_mm *mm, la_gfp_t gfp, uint64_t bytes, const char *rest, const char *note)
{
    struct la_buf line;

    if (gfp & LA_GFP_NOWARN)
        return;
    la_buf_init(&line, la_arena_host(mm->arena));
    la_buf_printf(&line, "%s: vmalloc error: size %" PRIu64 ", %s, mode:0x%x(", la_mm_current(mm)->comm, bytes, rest,
                  (unsigned)gfp);
    la_gfp_print(&line, gfp);
    la_buf_puts(&line, ")");
    la_warning(mm, la_buf_str(&line), note);
    la_buf_free(&line);
}

/* ---- vmalloc ---- */

static uint32_t take_pages(struct la_mm *mm, la_gfp_t gfp, uint32_t wanted, struct la_list *pages)
{
    uint32_t got = 0;
    uint8_t kind = mm->kind;

    mm->kind = LA_FRAME_VMALLOC;
    while (got < wanted) {
        uint32_t ask = wanted - got < BULK_MAX ? wanted - got : BULK_MAX;
        uint32_t nr = la_alloc_pages_bulk(mm, gfp & ~(la_gfp_t)LA_GFP_NOFAIL, ask, pages);

        got += nr;
        if (nr != ask)
            break;
    }
    while (got < wanted && !mm->hung) {
        uint32_t pfn = la_alloc_pages(mm, gfp, 0, LA_NO_NODE);

        if (pfn == LA_NO_PFN)
            break;
        la_list_add_tail(mm, pages, pfn);
        got++;
    }
    mm->kind = kind;
    return got;
}

static void free_list(struct la_mm *mm, struct la_list *pages)
{
    for (uint32_t pfn = pages->head; pfn != LA_NO_PFN;) {
        uint32_t next = mm->frame[pfn].next;

        la_free_own_page(mm, pfn);
        pfn = next;
    }
}

/* Map the pages of the list one after the other from @addr on. */
static bool map_list(struct la_mm *mm, uint64_t addr, const struct la_list *pages)
{
    for (uint32_t pfn = pages->head; pfn != LA_NO_PFN; pfn = mm->frame[pfn].next) {
        la_frame_write(mm, pfn)->use = (uint32_t)(addr >> LA_PAGE_SHIFT);
        if (!la_pt_map(mm, addr, (uint64_t)pfn << LA_PAGE_SHIFT, LA_CACHE_WB))
            return false;
        addr += LA_PAGE_SIZE;
    }
    return true;
}

static uint32_t vmalloc_area(struct la_mm *mm, uint64_t bytes, la_gfp_t gfp, bool hidden);

/* The array of page pointers of area @i: by kmalloc, or an area of its own. */
static bool get_array(struct la_mm *mm, uint32_t i, uint32_t nr, la_gfp_t gfp)
{
    uint64_t bytes = (uint64_t)nr * mm->layout.pointer_bytes;

    if (bytes <= LA_PAGE_SIZE)
        return la_vm_pages_get(mm, i, nr, gfp);
    uint32_t inner = vmalloc_area(mm, bytes, (gfp & LA_GFP_RECLAIM_MASK) | LA_GFP_ZERO, true);

    if (inner == 0)
        return false;
    la_vmap_write(mm->vmap, i)->pages = mm->vmap->area[inner].start;
    return true;
}

/* __vmalloc_area_node: pages and their array for area @i. */
static bool fill_area(struct la_mm *mm, uint32_t i, uint64_t bytes, la_gfp_t gfp)
{
    struct la_vmap *vmap = mm->vmap;
    uint32_t wanted = (uint32_t)((bytes + LA_PAGE_SIZE - 1) >> LA_PAGE_SHIFT);
    struct la_list pages;

    la_list_init(&pages);
    if (!get_array(mm, i, wanted, gfp)) {
        warn_size(mm, gfp, bytes, "failed to allocated page array", NULL);
        return false;
    }
    if (take_pages(mm, gfp | LA_GFP_NOWARN | (gfp & (LA_GFP_DMA | LA_GFP_DMA32) ? 0 : LA_GFP_HIGHMEM), wanted, &pages) <
        wanted) {
        warn_size(mm, gfp, bytes, "page order 0, failed to allocate pages", "Not enough single pages are left.");
        free_list(mm, &pages);
        return false;
    }
    la_vmap_write(vmap, i)->nr_pages = wanted;
    la_vm_struct_set(mm, i);
    la_vm_pages_set(mm, i, &pages);
    if (map_list(mm, vmap->area[i].start, &pages))
        return true;
    warn_size(mm, gfp, bytes, "failed to map pages", "No page was left for a page table.");
    la_vmap_write(vmap, i)->nr_pages = 0;
    la_pt_unmap(mm, vmap->area[i].start, vmap->area[i].end - LA_PAGE_SIZE);
    free_list(mm, &pages);
    return false;
}

static void vunmap_or_free(struct la_mm *mm, uint64_t addr, bool free);

/* kvfree of an array of page pointers. */
static void put_array(struct la_mm *mm, uint64_t pages)
{
    if (la_is_vmalloc_addr(mm, pages))
        vunmap_or_free(mm, pages, true);
    else
        la_vm_struct_put(mm, pages);
}

/* free_vm_area: an area without pages. */
static void free_area(struct la_mm *mm, uint32_t i)
{
    uint64_t pages = mm->vmap->area[i].pages, vm = la_remove_vm_area(mm, i);

    put_array(mm, pages);
    la_vm_struct_put(mm, vm);
}

static uint32_t vmalloc_area(struct la_mm *mm, uint64_t bytes, la_gfp_t gfp, bool hidden)
{
    uint64_t total = 0;

    for (uint32_t z = 0; z < mm->nr_zones; z++)
        total += mm->zone[z].managed;
    if (bytes == 0) {
        if (la_warn_once(mm, LA_WARNED_VMALLOC_ZERO))
            la_warning(mm, "WARNING: vmalloc of size 0", "There is nothing to allocate: the call returns NULL.");
        return 0;
    }
    if (bytes >> LA_PAGE_SHIFT > total) {
        warn_size(mm, gfp, bytes, "exceeds total pages", "The machine does not have that much memory at all.");
        return 0;
    }
    uint32_t i = la_get_vm_area(mm, bytes, 1, LA_VM_ALLOC | (hidden ? LA_VM_HIDDEN : 0), gfp);

    if (i == 0) {
        if (!mm->vmap->bug)
            warn_size(mm, gfp, bytes, "vm_struct allocation failed", NULL);
        return 0;
    }
    if (fill_area(mm, i, bytes, gfp))
        return i;
    free_area(mm, i);
    return 0;
}

uint64_t la_vmalloc(struct la_mm *mm, uint64_t bytes, la_gfp_t gfp)
{
    struct la_vmap *vmap = la_vmap_get(mm);
    uint32_t i = vmap ? vmalloc_area(mm, bytes, gfp, false) : 0;

    return i != 0 ? vmap->area[i].start : 0;
}

/* ---- freeing ---- */

/* The frames behind the area, before its entries are cleared: chained, to be freed afterwards. */
static void collect_pages(struct la_mm *mm, const struct la_vmap_area *area, struct la_list *pages)
{
    struct la_walk walk;

    la_list_init(pages);
    for (uint64_t addr = area->start; addr < area->start + ((uint64_t)area->nr_pages << LA_PAGE_SHIFT);
         addr += LA_PAGE_SIZE) {
        if (!la_pt_walk(mm, addr, &walk) || walk.phys >> LA_PAGE_SHIFT >= mm->nr_frames)
            continue;
        uint32_t pfn = (uint32_t)(walk.phys >> LA_PAGE_SHIFT);

        if (mm->frame[pfn].kind == LA_FRAME_VMALLOC)
            la_list_add_tail(mm, pages, pfn);
        else
            la_free_pages(mm, pfn, 0); /* the program freed it already: let that be reported */
    }
}

/* __vunmap */
static void vunmap_or_free(struct la_mm *mm, uint64_t addr, bool free)
{
    struct la_vmap *vmap = mm->vmap;
    uint32_t i = la_vmap_find(vmap, LA_VMAP_BUSY, addr);
    struct la_list pages;

    if (addr % LA_PAGE_SIZE != 0) {
        oops_at(mm, "WARNING: Trying to vfree() bad address (%0*" PRIx64 ")", addr,
                "Areas begin at a page: this is not what vmalloc returned. Nothing is freed.");
        return;
    }
    if (i == 0 || vmap->area[i].flags & LA_VM_PERCPU) {
        oops_at(mm, "WARNING: Trying to vfree() nonexistent vm area (%0*" PRIx64 ")", addr,
                la_is_vmalloc_addr(mm, addr)
                    ? "Nothing is mapped there: freed twice?"
                    : "This is no vmalloc address: use the call that belongs to its allocator.");
        return;
    }
    la_list_init(&pages);
    if (free && vmap->area[i].flags & LA_VM_ALLOC)
        collect_pages(mm, &vmap->area[i], &pages);
    uint64_t array = free ? vmap->area[i].pages : 0, vm = la_remove_vm_area(mm, i);

    free_list(mm, &pages);
    put_array(mm, array);
    la_vm_struct_put(mm, vm);
}

void la_vfree_deferred(struct la_mm *mm)
{
    struct la_vmap *vmap = mm->vmap;

    while (vmap && vmap->nr_deferred != 0 && !la_in_interrupt(la_mm_current(mm)))
        vunmap_or_free(mm, vmap->deferred[--vmap->nr_deferred], true);
}

void la_vfree(struct la_mm *mm, uint64_t addr)
{
    struct la_vmap *vmap = la_vmap_get(mm);
    bool interrupt = la_in_interrupt(la_mm_current(mm));

    if (!vmap || addr == 0)
        return;
    if (!interrupt)
        la_might_sleep(mm, "mm/vmalloc.c");
    if (interrupt && vmap->nr_deferred < LA_VFREE_DEFERRED_MAX) {
        vmap->deferred[vmap->nr_deferred++] = addr;
        LA_TRACE(mm->trace, VFREE_DEFERRED, addr);
        return;
    }
    la_vfree_deferred(mm);
    vunmap_or_free(mm, addr, true);
}

/* ---- vmap ---- */

uint64_t la_vmap_pages(struct la_mm *mm, const uint32_t *pfn, uint32_t nr)
{
    struct la_vmap *vmap = la_vmap_get(mm);
    uint64_t total = 0;

    la_might_sleep(mm, "mm/vmalloc.c");
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        total += mm->zone[z].managed;
    if (!vmap || nr == 0 || nr > total)
        return 0;
    uint32_t i = la_get_vm_area(mm, (uint64_t)nr << LA_PAGE_SHIFT, 1, LA_VM_MAP, LA_GFP_KERNEL);

    if (i == 0)
        return 0;
    uint64_t start = vmap->area[i].start;

    for (uint32_t p = 0; p < nr; p++) {
        if (!la_pt_map(mm, start + ((uint64_t)p << LA_PAGE_SHIFT), (uint64_t)pfn[p] << LA_PAGE_SHIFT, LA_CACHE_WB)) {
            la_vmap_release(mm, i);
            return 0;
        }
    }
    return start;
}

void la_vunmap(struct la_mm *mm, uint64_t addr)
{
    struct la_vmap *vmap = la_vmap_get(mm);

    if (!vmap)
        return;
    if (la_in_interrupt(la_mm_current(mm))) {
        la_vmap_bug(mm, "kernel BUG at mm/vmalloc.c: BUG_ON(in_interrupt())", "vunmap() may sleep.");
        return;
    }
    la_might_sleep(mm, "mm/vmalloc.c");
    if (addr != 0)
        vunmap_or_free(mm, addr, false);
}

/* ---- looking ---- */

bool la_is_vmalloc_addr(const struct la_mm *mm, uint64_t addr)
{
    return addr >= mm->layout.vmalloc_start && addr < mm->layout.vmalloc_end;
}

uint32_t la_vmalloc_to_pfn(const struct la_mm *mm, uint64_t addr)
{
    struct la_walk walk;

    if (!la_is_vmalloc_addr(mm, addr) || !la_pt_walk(mm, addr, &walk) || walk.phys >> LA_PAGE_SHIFT >= mm->nr_frames)
        return LA_NO_PFN;
    return (uint32_t)(walk.phys >> LA_PAGE_SHIFT);
}

const struct la_vmap_area *la_find_vm_area(const struct la_mm *mm, uint64_t addr)
{
    uint32_t i = mm->vmap ? la_vmap_find(mm->vmap, LA_VMAP_BUSY, addr) : 0;

    return i != 0 ? &mm->vmap->area[i] : NULL;
}

uint64_t la_kvmalloc_vmalloc(struct la_mm *mm, uint64_t bytes, la_gfp_t gfp)
{
    if (bytes <= LA_PAGE_SIZE || !(gfp & LA_GFP_DIRECT_RECLAIM))
        return 0;
    if (bytes > INT32_MAX) {
        if (!(gfp & LA_GFP_NOWARN))
            la_warning(mm, "WARNING: kvmalloc of more than INT_MAX bytes",
                       "Almost always an overflow: it returns NULL.");
        return 0;
    }
    return la_vmalloc(mm, bytes, gfp);
}
