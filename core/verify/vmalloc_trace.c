/*
 * vmalloc_trace.c: replay vmalloc, ioremap, vmap and their opposites on recorded free addresses.
 *
 *     initial_free, initial_purge -> the trees; what lies between was busy before
 *     op 0, op 1, …  -> the same calls: address, size with guard page, flags, pages, lazy pages,
 *                       the walk (indices, leaf bits) of first, last and guard page
 *     "list"         -> all free and all lazily freed ranges
 *
 * The data pages come from a machine of ours, so page numbers in entries are not compared; for
 * device memory they are.  Tables that the recorded kernel had from its boot are made on demand.
 *
 * Deviations:
 *  A. The shape of the red-black tree of free ranges at the beginning is not recorded.  For an
 *     alignment above a page it decides whether a hole shorter than size + align - 1 is found; a
 *     difference that involves such a hole is counted as explained, and the replay goes on from the
 *     recorded address.
 *
 * Source of the format: the recordings' README.
 */
#include "mm/vmalloc.h"
#include "verify/internal.h"

#include <stdlib.h>
#include <string.h>

enum { PAGES = 65536, HANDLES_MAX = 65536, VMAP_MAX = 512 };

struct vm_replay {
    struct la_verify *v;
    struct la_verify_memory m;
    struct la_mm *mm; /* of m */
    uint64_t *addr;   /* by handle; 0 = NULL or freed */
    uint32_t pfn[VMAP_MAX];
};

static uint64_t hex(const cJSON *object, const char *key)
{
    const char *text = la_cjson_string(la_cjson_get(object, key));

    return text ? strtoull(text, NULL, 16) : 0;
}

static bool range_of(const cJSON *pair, uint64_t *start, uint64_t *end)
{
    const char *from = la_cjson_string(cJSON_GetArrayItem(pair, 0)), *to = la_cjson_string(cJSON_GetArrayItem(pair, 1));

    *start = from ? strtoull(from, NULL, 16) : 0;
    *end = to ? strtoull(to, NULL, 16) : 0;
    return from && to && *start < *end && *start >= 1;
}

/* ---- the beginning ---- */

static bool make_mm(struct vm_replay *r, const cJSON *recording)
{
    struct la_mm_setup setup = {
        .nr_frames = PAGES, .nr_zones = 1, .nr_nodes = 1, .nr_cpus = 2, .pageblock_order = 9, .pcp = true};

    setup.zone[0] = (struct la_zone_setup){.type = LA_ZONE_NORMAL, .pages = PAGES};
    setup.layout.pointer_bytes = 8;
    setup.layout.page_offset = hex(recording, "PAGE_OFFSET");
    setup.layout.high_memory = setup.layout.page_offset + ((uint64_t)PAGES << LA_PAGE_SHIFT);
    setup.layout.vmalloc_start = hex(recording, "VMALLOC_START");
    setup.layout.vmalloc_end = hex(recording, "VMALLOC_END");
    setup.layout.pt_levels = la_verify_number(recording, "pgtable_levels", 4) == 5 ? 5 : 4;
    r->addr = la_host_alloc(r->v->host, HANDLES_MAX * sizeof *r->addr);
    if (!la_verify_memory_make(&r->m, r->v->host, &setup) || !r->addr)
        return false;
    r->mm = r->m.mm;
    la_mm_release(r->mm, 0, PAGES);
    la_mm_start(r->mm);
    for (uint32_t i = 0; i < VMAP_MAX; i++)
        r->pfn[i] = la_alloc_pages(r->mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
    return la_vmap_get(r->mm) != NULL;
}

/* All that is not free now was busy before the recording began. */
static void seed_areas(struct vm_replay *r, const cJSON *recording)
{
    const cJSON *pair;
    uint64_t at = 1, start, end;

    cJSON_ArrayForEach(pair, la_cjson_get(recording, "initial_free"))
    {
        if (!range_of(pair, &start, &end) || start < at)
            continue;
        if (start > at)
            (void)la_vmap_take_exact(r->mm, at, start, LA_VM_PERCPU);
        at = end;
    }
}

/* ---- comparing ---- */

/* The bits of an entry that do not say where it leads. */
static int64_t bits_of(uint64_t entry)
{
    return (int64_t)((entry & 0xfff) | (entry >> 63) << 12);
}

static void compare_walk(struct vm_replay *r, const cJSON *op, const char *which, uint64_t addr, bool io)
{
    static const char *const index[] = {"pgd_i", "p4d_i", "pud_i", "pmd_i", "pte_i"};
    static const char *const entry[] = {"pgd", "p4d", "pud", "pmd", "pte"};
    const cJSON *want = la_cjson_get(op, which);
    struct la_walk walk;
    bool mapped = la_pt_walk(r->mm, addr, &walk), want_mapped = false;
    uint64_t leaf = 0;

    if (!want)
        return;
    for (uint32_t level = 0, step = 0; level < 5; level++) {
        if (level == 1 && r->mm->layout.pt_levels == 4)
            continue;
        if (step < walk.nr)
            (void)la_verify_value(r->v, index[level], walk.step[step].index, la_verify_number(want, index[level], -1));
        if (la_cjson_get(want, entry[level])) {
            leaf = hex(want, entry[level]);
            want_mapped = (leaf & LA_PTE_PRESENT) != 0 && (level == 4 || leaf & LA_PTE_LARGE);
        }
        step++;
    }
    (void)la_verify_value(r->v, which, mapped, want_mapped);
    if (!mapped || !want_mapped)
        return;
    uint64_t have = walk.step[walk.nr - 1].entry;

    (void)la_verify_value(r->v, "bits of the entry", bits_of(have), bits_of(leaf));
    if (io)
        (void)la_verify_value(r->v, "physical page", (int64_t)((have & 0xffffffffff000) >> 12),
                              (int64_t)((leaf & 0xffffffffff000) >> 12));
}

static void compare_list(struct vm_replay *r, const cJSON *list, enum la_vmap_tree tree, const char *what)
{
    const struct la_vmap *vmap = r->mm->vmap;
    const cJSON *pair;
    uint32_t i = la_vmap_next(vmap, tree, 0), nr = 0;
    uint64_t start, end;

    cJSON_ArrayForEach(pair, list)
    {
        if (!range_of(pair, &start, &end))
            continue;
        nr++;
        if (i == 0)
            break;
        bool same = la_verify_value(r->v, what, (int64_t)vmap->area[i].start, (int64_t)start) &&
                    la_verify_value(r->v, what, (int64_t)vmap->area[i].end, (int64_t)end);

        if (!same)
            return;
        i = la_vmap_next(vmap, tree, i);
    }
    (void)la_verify_value(r->v, "ranges in a list", i == 0 ? nr : nr + 1, cJSON_GetArraySize(list));
}

/* ---- one op ---- */

static uint64_t hole_bytes(const struct vm_replay *r, uint64_t addr)
{
    uint32_t i = la_vmap_find(r->mm->vmap, LA_VMAP_FREE, addr);

    return i != 0 ? r->mm->vmap->area[i].end - r->mm->vmap->area[i].start : 0;
}

/*
 * Ours lies at @have, the kernel's at @want.  Put ours there, with its pages.  True when a hole that
 * only the shape of the tree decides about explains it.
 */
static bool move_area(struct vm_replay *r, uint64_t have, uint64_t want)
{
    struct la_vmap *vmap = r->mm->vmap;
    uint32_t i = la_vmap_find(vmap, LA_VMAP_BUSY, have);
    struct la_vmap_area old = vmap->area[i];
    uint64_t bytes = old.end - old.start, align = LA_PAGE_SIZE;
    bool io = old.flags & LA_VM_IOREMAP;

    la_pt_unmap(r->mm, old.start, old.end - LA_PAGE_SIZE);
    la_vmap_erase(vmap, i);
    (void)la_vmap_merge(vmap, LA_VMAP_FREE, i);
    while (io && align < bytes - LA_PAGE_SIZE && align < UINT64_C(1) << 30)
        align <<= 1;
    uint64_t surely = bytes + align - 1;
    bool shape = align > LA_PAGE_SIZE && (hole_bytes(r, want) < surely || hole_bytes(r, old.start) < surely);

    i = la_vmap_take_exact(r->mm, want, want + bytes, old.flags);
    if (i == 0)
        return false;
    struct la_vmap_area *area = la_vmap_write(vmap, i);

    area->phys = old.phys;
    area->mode = old.mode;
    if (io)
        (void)la_pt_map_io(r->mm, want, old.phys, bytes - LA_PAGE_SIZE, old.mode);
    return io && shape;
}

static uint64_t make(struct vm_replay *r, const cJSON *op, const char *name)
{
    uint64_t bytes = (uint64_t)la_verify_number(op, "size", 0), phys = hex(op, "phys_req");

    if (strcmp(name, "vmalloc") == 0)
        return la_vmalloc(r->mm, bytes, LA_GFP_KERNEL);
    if (strcmp(name, "vzalloc") == 0)
        return la_vmalloc(r->mm, bytes, LA_GFP_KERNEL | LA_GFP_ZERO);
    if (strcmp(name, "vmap") == 0)
        return la_vmap_pages(r->mm, r->pfn,
                             bytes >> LA_PAGE_SHIFT <= VMAP_MAX ? (uint32_t)(bytes >> LA_PAGE_SHIFT) : 0);
    return la_ioremap(r->mm, phys, bytes,
                      strcmp(name, "ioremap_wc") == 0      ? LA_CACHE_WC
                      : strcmp(name, "ioremap_uc") == 0    ? LA_CACHE_UC
                      : strcmp(name, "ioremap_cache") == 0 ? LA_CACHE_WB
                                                           : LA_CACHE_UC_MINUS);
}

static void replay_make(struct vm_replay *r, const cJSON *op, const char *name)
{
    uint64_t want = hex(op, "addr"), have = make(r, op, name), offset = want & (LA_PAGE_SIZE - 1);
    uint32_t h = (uint32_t)la_verify_number(op, "h", 0);
    bool io = strncmp(name, "ioremap", 7) == 0;

    if (have != 0 && want != 0 && have != want && ((have ^ want) & (LA_PAGE_SIZE - 1)) == 0) {
        if (move_area(r, have, want - offset))
            la_verify_explained(r->v, 'A', "address", (int64_t)have, (int64_t)want);
        else
            (void)la_verify_value(r->v, "address", (int64_t)have, (int64_t)want);
    } else {
        (void)la_verify_value(r->v, "address", (int64_t)have, (int64_t)want);
    }
    const struct la_vmap_area *area = want != 0 ? la_find_vm_area(r->mm, want) : NULL;

    if (h < HANDLES_MAX)
        r->addr[h] = area ? want : 0;
    if (!area)
        return;
    uint64_t start = want - offset, guard = area->end - LA_PAGE_SIZE;

    (void)la_verify_value(r->v, "size of the area", (int64_t)(area->end - area->start),
                          la_verify_number(op, "vm_size", 0));
    (void)la_verify_value(r->v, "flags", area->flags & 0xffff, (int64_t)hex(op, "vm_flags"));
    (void)la_verify_value(r->v, "pages", area->nr_pages, la_verify_number(op, "nr_pages", 0));
    (void)la_verify_value(r->v, "phys_addr", (int64_t)area->phys, (int64_t)hex(op, "phys_addr"));
    compare_walk(r, op, "pt_first", start, io);
    compare_walk(r, op, "pt_last_page", guard - LA_PAGE_SIZE, io);
    compare_walk(r, op, "pt_guard_page", guard, io);
}

static void replay_unmake(struct vm_replay *r, const cJSON *op, const char *name)
{
    uint32_t h = (uint32_t)la_verify_number(op, "h", 0);
    uint64_t addr = h < HANDLES_MAX ? r->addr[h] : 0;

    if (addr == 0)
        return;
    if (strcmp(name, "vfree") == 0)
        la_vfree(r->mm, addr);
    else if (strcmp(name, "vunmap") == 0)
        la_vunmap(r->mm, addr);
    else
        la_iounmap(r->mm, addr);
    r->addr[h] = 0;
    compare_walk(r, op, "pt_after", addr, false);
}

static void replay_op(struct vm_replay *r, const cJSON *op)
{
    const char *name = la_cjson_string(la_cjson_get(op, "op"));

    if (!name)
        return;
    if (strcmp(name, "list") == 0) {
        compare_list(r, la_cjson_get(op, "free"), LA_VMAP_FREE, "free range");
        compare_list(r, la_cjson_get(op, "purge"), LA_VMAP_PURGE, "lazily freed range");
    } else if (strcmp(name, "vm_unmap_aliases") == 0) {
        la_vm_unmap_aliases(r->mm);
    } else if (la_cjson_get(op, "size")) {
        replay_make(r, op, name);
    } else {
        replay_unmake(r, op, name);
    }
    if (la_cjson_get(op, "lazy_nr"))
        (void)la_verify_value(r->v, "lazily freed pages", r->mm->vmap->lazy_nr, la_verify_number(op, "lazy_nr", 0));
}

void la_verify_vmalloc_trace(struct la_verify *v, const cJSON *recording)
{
    struct vm_replay r = {.v = v};
    const cJSON *op;

    (void)strcpy(v->report->kind, "vmalloc trace");
    v->where = "op";
    if (make_mm(&r, recording)) {
        seed_areas(&r, recording);
        cJSON_ArrayForEach(op, la_cjson_get(recording, "ops"))
        {
            replay_op(&r, op);
            v->index++;
        }
        compare_list(&r, la_cjson_get(recording, "final_free"), LA_VMAP_FREE, "final free range");
        compare_list(&r, la_cjson_get(recording, "final_purge"), LA_VMAP_PURGE, "final lazily freed range");
        v->report->differ += la_vmalloc_check(r.mm, &v->report->text);
    } else {
        la_buf_puts(&v->report->text, "out of memory\n");
        v->report->differ++;
    }
    la_host_free(v->host, r.addr, HANDLES_MAX * sizeof *r.addr);
    la_verify_memory_free(&r.m);
}
