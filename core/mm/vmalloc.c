/*
 * vmalloc.c: memory that is contiguous only in virtual addresses.
 *
 *     vmalloc(12000):  1 a vm_struct, and an array for 3 page pointers   (vm_struct.c)
 *                      2 the lowest gap of 3 pages + 1 guard page        (vmap_tree.c)
 *                      3 three single pages from anywhere                (bulk.c)
 *                      4 page-table entries, tables where there are none (pgtable.c)
 *
 *     busy tree  --vfree-->  entries cleared, pages freed  -->  purge tree  --TLB flush-->  free tree
 *
 * A freed range is not reused at once: a processor may still remember in its TLB where it led, and
 * telling all processors is dear.  So ranges wait until there are many, and one flush frees all.
 *
 * Invariant: free, busy and purge ranges do not overlap and together are all addresses.
 * Cost: search and free are one way through a tree; each page costs a page and an entry.
 *
 * Deviations:
 *  A. When too much waits lazily, the flush comes at the end of that vfree; the kernel leaves it to a worker.
 *  B. At most LA_VMAP_AREAS_MAX ranges exist at a time; then vmalloc fails as if no vmap_area were left.
 *  C. vmalloc_huge and the 2 MiB mappings that kvmalloc may use are not modelled: all pages are single.
 *
 * Source: Linux 6.1.192 mm/vmalloc.c: __vmalloc_node_range, __get_vm_area_node, alloc_vmap_area,
 * vm_area_alloc_pages, __vunmap, free_vmap_area_noflush, __purge_vmap_area_lazy; mm/util.c: kvmalloc_node.
 */
#include "mm/internal.h"
#include "mm/vmalloc.h"

#include <inttypes.h>
#include <stdarg.h>

enum { TAG_AREAS = 4, TAG_ROOT = 5, BULK_MAX = 100 };

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

static void bug(struct la_mm *mm, struct la_vmap *vmap, const char *text, const char *note)
{
    la_oops(mm, text, note);
    vmap->bug = true;
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

/* ---- addresses ---- */

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

static uint64_t align_up(uint64_t addr, uint64_t align)
{
    return (addr + align - 1) & ~(align - 1);
}

/* __alloc_vmap_area: no purging. */
static uint32_t find_and_take(struct la_mm *mm, uint64_t size, uint64_t align, uint32_t flags)
{
    struct la_vmap *vmap = mm->vmap;
    uint64_t vstart = mm->layout.vmalloc_start, vend = mm->layout.vmalloc_end;
    uint32_t i = la_vmap_lowest_match(vmap, size, align, vstart, align > LA_PAGE_SIZE && vend - vstart != size);

    if (i == 0)
        return 0;
    uint64_t start = align_up(vmap->area[i].start > vstart ? vmap->area[i].start : vstart, align);

    return start + size > vend ? 0 : make_busy(vmap, i, start, size, flags);
}

/* __get_vm_area_node: @bytes and a guard page; the number of the area, 0 when there is no room. */
static uint32_t get_vm_area(struct la_mm *mm, uint64_t bytes, uint64_t align, uint32_t flags, la_gfp_t gfp)
{
    struct la_vmap *vmap = mm->vmap;
    uint64_t size = align_up(bytes, LA_PAGE_SIZE) + LA_PAGE_SIZE, vm;

    if (la_in_interrupt(la_mm_current(mm))) {
        bug(mm, vmap, "kernel BUG at mm/vmalloc.c: BUG_ON(in_interrupt())",
            "Building page tables may sleep, and an interrupt handler must not: the kernel stops here.");
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

uint32_t la_vmap_area_for_io(struct la_mm *mm, uint64_t bytes, uint64_t align)
{
    return get_vm_area(mm, bytes, align, LA_VM_IOREMAP, LA_GFP_KERNEL);
}

uint32_t la_vmap_take_exact(struct la_mm *mm, uint64_t start, uint64_t end, uint32_t flags)
{
    uint32_t i = la_vmap_find(mm->vmap, LA_VMAP_FREE, start);

    return i == 0 || mm->vmap->area[i].end < end ? 0 : make_busy(mm->vmap, i, start, end - start, flags);
}

uint32_t la_vmap_top_area(struct la_mm *mm, uint64_t bytes, uint64_t align, uint32_t flags)
{
    struct la_vmap *vmap = la_vmap_get(mm);
    uint64_t end = mm->layout.vmalloc_end & ~(align - 1), start = align_up(mm->layout.vmalloc_start, align);

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

/* remove_vm_area: the entries go, the addresses wait; returns its vm_struct, which the caller frees. */
static uint64_t remove_vm_area(struct la_mm *mm, uint32_t i)
{
    uint64_t vm = mm->vmap->area[i].vm;

    la_pt_unmap(mm, mm->vmap->area[i].start, mapped_end(&mm->vmap->area[i]));
    free_lazily(mm, i);
    return vm;
}

void la_vmap_release(struct la_mm *mm, uint32_t area)
{
    la_vm_struct_put(mm, remove_vm_area(mm, area));
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
    uint32_t wanted = (uint32_t)(align_up(bytes, LA_PAGE_SIZE) >> LA_PAGE_SHIFT);
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
    la_pt_unmap(mm, vmap->area[i].start, mapped_end(&vmap->area[i]));
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
    uint64_t pages = mm->vmap->area[i].pages, vm = remove_vm_area(mm, i);

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
    uint32_t i = get_vm_area(mm, bytes, 1, LA_VM_ALLOC | (hidden ? LA_VM_HIDDEN : 0), gfp);

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
    uint64_t array = free ? vmap->area[i].pages : 0, vm = remove_vm_area(mm, i);

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
    uint32_t i = get_vm_area(mm, (uint64_t)nr << LA_PAGE_SHIFT, 1, LA_VM_MAP, LA_GFP_KERNEL);

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
        bug(mm, vmap, "kernel BUG at mm/vmalloc.c: BUG_ON(in_interrupt())", "vunmap() may sleep.");
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
