/*
 * vmap_check.c: every invariant of areas and page tables.
 *
 *     trees    ordered, red-black, subtree_max exact, no overlap, together all addresses
 *     tables   each is a PGTABLE frame, used once, counted; each entry lies in a busy area
 *     areas    every page of a vmalloc area is mapped, its guard page is not
 *
 * Cost: looks at everything; for tests and the end of a lesson.
 */
#include "mm/internal.h"
#include "mm/vmalloc.h"

#include <inttypes.h>

struct vcheck {
    const struct la_mm *mm;
    struct la_buf *out;
    uint32_t problems, tables;
    uint64_t pages_mapped, pages_expected;
};

static void problem(struct vcheck *c, const char *what, uint64_t where)
{
    if (++c->problems <= 20)
        la_buf_printf(c->out, "%s at %" PRIx64 "\n", what, where);
}

/* Returns the black height of the subtree. */
static uint32_t check_node(struct vcheck *c, enum la_vmap_tree tree, uint32_t i, uint64_t low, uint64_t high,
                           uint32_t depth)
{
    const struct la_vmap *v = c->mm->vmap;

    if (i == 0)
        return 1;
    const struct la_vmap_area *a = &v->area[i];
    uint64_t max = a->end - a->start;

    if (depth > 64 || a->tree != tree || a->start >= a->end || a->start < low || a->end > high) {
        problem(c, "area out of place", a->start);
        return 1;
    }
    uint32_t left = check_node(c, tree, a->left, low, a->start, depth + 1);
    uint32_t right = check_node(c, tree, a->right, a->end, high, depth + 1);

    for (uint32_t child = 0; child < 2; child++) {
        uint32_t n = child ? a->right : a->left;

        if (n == 0)
            continue;
        if (v->area[n].subtree_max > max)
            max = v->area[n].subtree_max;
        if (v->area[n].parent != i || (a->red && v->area[n].red))
            problem(c, "red-black rule broken", a->start);
    }
    if (left != right || max != a->subtree_max)
        problem(c, left != right ? "tree not balanced" : "subtree_max wrong", a->start);
    return left + !a->red;
}

static void check_sums(struct vcheck *c)
{
    const struct la_vmap *v = c->mm->vmap;
    uint64_t covered = 0, lazy = 0, last = c->mm->layout.pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX;

    for (uint32_t tree = LA_VMAP_FREE; tree < LA_NR_VMAP_TREES; tree++) {
        (void)check_node(c, tree, v->root[tree], 1, last, 0);
        for (uint32_t i = la_vmap_next(v, tree, 0); i != 0; i = la_vmap_next(v, tree, i)) {
            covered += v->area[i].end - v->area[i].start;
            if (tree == LA_VMAP_PURGE)
                lazy += (v->area[i].end - v->area[i].start) >> LA_PAGE_SHIFT;
        }
    }
    if (covered != last - 1)
        problem(c, "areas do not cover all addresses; covered", covered);
    if (lazy != v->lazy_nr)
        problem(c, "lazily freed pages", lazy);
}

static void check_areas(struct vcheck *c)
{
    const struct la_vmap *v = c->mm->vmap;
    struct la_walk walk;

    for (uint32_t i = la_vmap_next(v, LA_VMAP_BUSY, 0); i != 0; i = la_vmap_next(v, LA_VMAP_BUSY, i)) {
        const struct la_vmap_area *a = &v->area[i];

        if (a->flags & LA_VM_PERCPU)
            continue;
        for (uint64_t addr = a->start; addr < a->end - LA_PAGE_SIZE; addr += LA_PAGE_SIZE)
            if (!la_pt_walk(c->mm, addr, &walk))
                problem(c, "page of an area not mapped", addr);
        if (la_pt_walk(c->mm, a->end - LA_PAGE_SIZE, &walk))
            problem(c, "guard page is mapped", a->end - LA_PAGE_SIZE);
    }
}

/* Every present entry below @table, which covers @addr and up. */
static void check_table(struct vcheck *c, uint32_t table, uint64_t addr, uint32_t level)
{
    const struct la_mm *mm = c->mm;
    uint32_t bytes = mm->layout.pt_levels == 2 ? 4 : 8, bits = mm->layout.pt_levels == 2 ? 10 : 9;
    uint32_t shift = LA_PAGE_SHIFT + level * bits;
    uint32_t nr = mm->layout.pt_levels == 3 && level == 2 ? 4 : 1u << bits;

    for (uint32_t i = 0; i < nr; i++) {
        uint64_t entry = 0, at = addr + ((uint64_t)i << shift);

        if (table == LA_NO_PFN)
            entry = la_load_le(mm->vmap->root_region->base + i * bytes, bytes);
        else
            la_frame_read(mm, table, i * bytes, &entry, bytes);
        if (!(entry & LA_PTE_PRESENT))
            continue;
        if (level == mm->layout.pt_levels - 1u && mm->layout.pt_levels >= 4 && i >= 256)
            at |= ~((UINT64_C(1) << (shift + bits)) - 1);
        if (level == 0 || entry & LA_PTE_LARGE) {
            if (la_vmap_find(mm->vmap, LA_VMAP_BUSY, at) == 0)
                problem(c, "entry outside every area", at);
            continue;
        }
        uint32_t next = (uint32_t)((entry & UINT64_C(0xffffffffff000)) >> LA_PAGE_SHIFT);

        if (next >= mm->nr_frames || mm->frame[next].kind != LA_FRAME_PGTABLE) {
            if (mm->nr_oops == 0)
                problem(c, "entry leads to no table", at);
            continue;
        }
        c->tables++;
        check_table(c, next, at, level - 1);
    }
}

uint32_t la_vmalloc_check(const struct la_mm *mm, struct la_buf *out)
{
    struct vcheck c = {.mm = mm, .out = out};

    if (!mm->vmap)
        return 0;
    check_sums(&c);
    if (mm->nr_oops == 0)
        check_areas(&c);
    check_table(&c, LA_NO_PFN, 0, mm->layout.pt_levels - 1u);
    if (c.tables != mm->vmap->nr_tables && mm->nr_oops == 0)
        problem(&c, "page tables in use", c.tables);
    return c.problems;
}
