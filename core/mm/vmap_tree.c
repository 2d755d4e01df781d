/*
 * vmap_tree.c: ranges of virtual addresses in red-black trees, and the search for a gap.
 *
 *                    [ 40..48 | max 32 ]            each node knows the longest range at or below
 *                   /                   \           it, so the search sees from above whether the
 *         [ 8..10 | max 4 ]       [ 60..92 | max 32 ]   left side has room at all
 *          /           \
 *     [0..1]         [20..24]
 *
 * Lowest address first: go left while the left side has a range long enough.  For an alignment
 * above a page the search only goes down where size + align - 1 fits, which is sure to hold an
 * aligned range; a node that is met on the way is taken when it happens to fit.  So a hole that
 * fits exactly may be passed over, depending on where it hangs in the tree: as in the kernel.
 *
 * Invariant: ordered by address, no overlap, balanced by the red-black rules, subtree_max exact.
 * Cost: every operation is one way down and one way up.
 *
 * Source: Linux 6.1.192 mm/vmalloc.c: find_vmap_lowest_match, adjust_va_to_fit_type,
 * merge_or_add_vmap_area; lib/rbtree.c (same balancing, so that the same history gives the same
 * shape); Cormen et al., Introduction to Algorithms, chapter 13.
 */
#include "mm/vmalloc.h"

#include <assert.h>
#include <string.h>

struct la_vmap_area *la_vmap_write(struct la_vmap *vmap, uint32_t i)
{
    la_region_touch(vmap->area_region, &vmap->area[i], sizeof vmap->area[i]);
    return &vmap->area[i];
}

uint32_t la_vmap_new_area(struct la_vmap *vmap, uint64_t start, uint64_t end)
{
    uint32_t i = vmap->unused;

    if (i != 0)
        vmap->unused = vmap->area[i].right;
    else if (vmap->nr_areas < LA_VMAP_AREAS_MAX)
        i = ++vmap->nr_areas;
    else
        return 0;
    struct la_vmap_area *area = la_vmap_write(vmap, i);

    memset(area, 0, sizeof *area);
    area->start = start;
    area->end = end;
    return i;
}

void la_vmap_drop_area(struct la_vmap *vmap, uint32_t i)
{
    struct la_vmap_area *area = la_vmap_write(vmap, i);

    memset(area, 0, sizeof *area);
    area->right = vmap->unused;
    vmap->unused = i;
}

/* ---- the longest range below ---- */

static uint64_t max_of(const struct la_vmap *vmap, uint32_t i)
{
    return i != 0 ? vmap->area[i].subtree_max : 0;
}

static uint64_t work_out_max(const struct la_vmap *vmap, uint32_t i)
{
    const struct la_vmap_area *area = &vmap->area[i];
    uint64_t max = area->end - area->start, left = max_of(vmap, area->left), right = max_of(vmap, area->right);

    max = left > max ? left : max;
    return right > max ? right : max;
}

void la_vmap_resized(struct la_vmap *vmap, uint32_t i)
{
    for (; i != 0; i = vmap->area[i].parent) {
        uint64_t max = work_out_max(vmap, i);

        if (vmap->area[i].subtree_max != max)
            la_vmap_write(vmap, i)->subtree_max = max;
    }
}

/* ---- red-black tree ---- */

static bool is_red(const struct la_vmap *vmap, uint32_t i)
{
    return i != 0 && vmap->area[i].red;
}

static void paint(struct la_vmap *vmap, uint32_t i, bool red)
{
    if (i != 0 && vmap->area[i].red != red)
        la_vmap_write(vmap, i)->red = red;
}

/* Hang @child where @old hung below @parent. */
static void replace_child(struct la_vmap *vmap, enum la_vmap_tree tree, uint32_t parent, uint32_t old, uint32_t child)
{
    if (parent == 0)
        vmap->root[tree] = child;
    else if (vmap->area[parent].left == old)
        la_vmap_write(vmap, parent)->left = child;
    else
        la_vmap_write(vmap, parent)->right = child;
    if (child != 0)
        la_vmap_write(vmap, child)->parent = parent;
}

/* The right (@left: left) child of @x comes up, @x goes down to the other side. */
static void rotate(struct la_vmap *vmap, enum la_vmap_tree tree, uint32_t x, bool left)
{
    uint32_t y = left ? vmap->area[x].right : vmap->area[x].left;
    uint32_t inner = left ? vmap->area[y].left : vmap->area[y].right;
    struct la_vmap_area *down = la_vmap_write(vmap, x), *up = la_vmap_write(vmap, y);

    replace_child(vmap, tree, down->parent, x, y);
    if (left) {
        down->right = inner;
        up->left = x;
    } else {
        down->left = inner;
        up->right = x;
    }
    down->parent = y;
    if (inner != 0)
        la_vmap_write(vmap, inner)->parent = x;
    down->subtree_max = work_out_max(vmap, x);
    up->subtree_max = work_out_max(vmap, y);
}

static void insert_fixup(struct la_vmap *vmap, enum la_vmap_tree tree, uint32_t i)
{
    while (is_red(vmap, vmap->area[i].parent)) {
        uint32_t parent = vmap->area[i].parent, grand = vmap->area[parent].parent;
        bool on_left = vmap->area[grand].left == parent;
        uint32_t uncle = on_left ? vmap->area[grand].right : vmap->area[grand].left;

        if (is_red(vmap, uncle)) {
            paint(vmap, parent, false);
            paint(vmap, uncle, false);
            paint(vmap, grand, true);
            i = grand;
            continue;
        }
        if (i == (on_left ? vmap->area[parent].right : vmap->area[parent].left)) {
            rotate(vmap, tree, parent, on_left);
            i = parent;
            parent = vmap->area[i].parent;
        }
        paint(vmap, parent, false);
        paint(vmap, grand, true);
        rotate(vmap, tree, grand, !on_left);
    }
    paint(vmap, vmap->root[tree], false);
}

void la_vmap_insert(struct la_vmap *vmap, enum la_vmap_tree tree, uint32_t i)
{
    struct la_vmap_area *area = la_vmap_write(vmap, i);
    uint32_t parent = 0;

    for (uint32_t at = vmap->root[tree]; at != 0;) {
        parent = at;
        at = area->start < vmap->area[at].start ? vmap->area[at].left : vmap->area[at].right;
    }
    area->left = area->right = 0;
    area->parent = parent;
    area->red = 1;
    area->tree = (uint8_t)tree;
    if (parent == 0)
        vmap->root[tree] = i;
    else if (area->start < vmap->area[parent].start)
        la_vmap_write(vmap, parent)->left = i;
    else
        la_vmap_write(vmap, parent)->right = i;
    la_vmap_resized(vmap, i);
    insert_fixup(vmap, tree, i);
}

/* @i (may be 0) below @parent is one black too short. */
static void erase_fixup(struct la_vmap *vmap, enum la_vmap_tree tree, uint32_t i, uint32_t parent)
{
    while (parent != 0 && !is_red(vmap, i)) {
        bool on_left = vmap->area[parent].left == i;
        uint32_t sibling = on_left ? vmap->area[parent].right : vmap->area[parent].left;

        if (is_red(vmap, sibling)) {
            paint(vmap, sibling, false);
            paint(vmap, parent, true);
            rotate(vmap, tree, parent, on_left);
            sibling = on_left ? vmap->area[parent].right : vmap->area[parent].left;
        }
        uint32_t near = on_left ? vmap->area[sibling].left : vmap->area[sibling].right;
        uint32_t far = on_left ? vmap->area[sibling].right : vmap->area[sibling].left;

        if (!is_red(vmap, near) && !is_red(vmap, far)) {
            paint(vmap, sibling, true);
            i = parent;
            parent = vmap->area[i].parent;
            continue;
        }
        if (!is_red(vmap, far)) {
            paint(vmap, near, false);
            paint(vmap, sibling, true);
            rotate(vmap, tree, sibling, !on_left);
            far = sibling;
            sibling = near;
        }
        paint(vmap, sibling, vmap->area[parent].red);
        paint(vmap, parent, false);
        paint(vmap, far, false);
        rotate(vmap, tree, parent, on_left);
        return;
    }
    paint(vmap, i, false);
}

void la_vmap_erase(struct la_vmap *vmap, uint32_t i)
{
    enum la_vmap_tree tree = vmap->area[i].tree;
    struct la_vmap_area gone = vmap->area[i];
    uint32_t child, parent;
    bool was_red = gone.red;

    if (gone.left == 0 || gone.right == 0) {
        child = gone.left != 0 ? gone.left : gone.right;
        parent = gone.parent;
        replace_child(vmap, tree, parent, i, child);
    } else {
        uint32_t next = gone.right;

        while (vmap->area[next].left != 0)
            next = vmap->area[next].left;
        was_red = vmap->area[next].red;
        child = vmap->area[next].right;
        parent = vmap->area[next].parent == i ? next : vmap->area[next].parent;
        if (parent != next) {
            replace_child(vmap, tree, parent, next, child);
            la_vmap_write(vmap, next)->right = gone.right;
            la_vmap_write(vmap, gone.right)->parent = next;
        }
        replace_child(vmap, tree, gone.parent, i, next);
        la_vmap_write(vmap, next)->left = gone.left;
        la_vmap_write(vmap, gone.left)->parent = next;
        paint(vmap, next, gone.red);
    }
    la_vmap_resized(vmap, parent);
    if (!was_red)
        erase_fixup(vmap, tree, child, parent);
    la_vmap_write(vmap, i)->tree = LA_VMAP_UNUSED;
}

/* ---- looking ---- */

uint32_t la_vmap_find(const struct la_vmap *vmap, enum la_vmap_tree tree, uint64_t addr)
{
    uint32_t i = vmap->root[tree];

    while (i != 0 && (addr < vmap->area[i].start || addr >= vmap->area[i].end))
        i = addr < vmap->area[i].start ? vmap->area[i].left : vmap->area[i].right;
    return i;
}

uint32_t la_vmap_next(const struct la_vmap *vmap, enum la_vmap_tree tree, uint32_t after)
{
    uint32_t i = after != 0 ? vmap->area[after].right : vmap->root[tree];

    if (i != 0) {
        while (vmap->area[i].left != 0)
            i = vmap->area[i].left;
        return i;
    }
    for (i = after; i != 0; i = vmap->area[i].parent) {
        uint32_t parent = vmap->area[i].parent;

        if (parent != 0 && vmap->area[parent].left == i)
            return parent;
    }
    return 0;
}

uint32_t la_vmap_merge(struct la_vmap *vmap, enum la_vmap_tree tree, uint32_t i)
{
    uint64_t start = vmap->area[i].start, end = vmap->area[i].end;
    uint32_t next = la_vmap_find(vmap, tree, end), previous = start != 0 ? la_vmap_find(vmap, tree, start - 1) : 0;

    if (next != 0) {
        la_vmap_write(vmap, next)->start = start;
        end = vmap->area[next].end;
        la_vmap_drop_area(vmap, i);
        i = next;
    }
    if (previous != 0) {
        if (next != 0)
            la_vmap_erase(vmap, i);
        la_vmap_drop_area(vmap, i);
        la_vmap_write(vmap, previous)->end = end;
        i = previous;
    }
    if (next != 0 || previous != 0)
        la_vmap_resized(vmap, i);
    else
        la_vmap_insert(vmap, tree, i);
    return i;
}

/* ---- the search ---- */

static bool fits(const struct la_vmap_area *area, uint64_t size, uint64_t align, uint64_t vstart)
{
    uint64_t start = la_align_up(area->start > vstart ? area->start : vstart, align);

    return start + size >= start && start >= vstart && start + size <= area->end;
}

/* Nothing fitted down there: up again, to the first node whose right side may have room. */
static uint32_t roll_back(const struct la_vmap *vmap, uint32_t *i, uint64_t size, uint64_t align, uint64_t *vstart,
                          uint64_t length)
{
    while ((*i = vmap->area[*i].parent) != 0) {
        const struct la_vmap_area *area = &vmap->area[*i];

        if (fits(area, size, align, *vstart))
            return *i;
        if (max_of(vmap, area->right) >= length && *vstart <= area->start) {
            *vstart = area->start + 1; /* do not enter the side we come from again */
            *i = area->right;
            return 0;
        }
    }
    return 0;
}

uint32_t la_vmap_lowest_match(const struct la_vmap *vmap, uint64_t size, uint64_t align, uint64_t vstart, bool adjust)
{
    uint64_t length = adjust ? size + align - 1 : size;
    uint32_t i = vmap->root[LA_VMAP_FREE];

    while (i != 0) {
        const struct la_vmap_area *area = &vmap->area[i];

        if (max_of(vmap, area->left) >= length && vstart < area->start) {
            i = area->left;
        } else if (fits(area, size, align, vstart)) {
            return i;
        } else if (max_of(vmap, area->right) >= length) {
            i = area->right;
        } else {
            uint32_t found = roll_back(vmap, &i, size, align, &vstart, length);

            if (found != 0)
                return found;
        }
    }
    return 0;
}

bool la_vmap_cut(struct la_vmap *vmap, uint32_t i, uint64_t start, uint64_t size)
{
    uint64_t from = vmap->area[i].start, to = vmap->area[i].end;

    assert(start >= from && start + size <= to);
    if (from == start && to == start + size) {
        la_vmap_erase(vmap, i);
        la_vmap_drop_area(vmap, i);
    } else if (from == start) {
        la_vmap_write(vmap, i)->start = start + size;
        la_vmap_resized(vmap, i);
    } else if (to == start + size) {
        la_vmap_write(vmap, i)->end = start;
        la_vmap_resized(vmap, i);
    } else {
        uint32_t before = la_vmap_new_area(vmap, from, start);

        if (before == 0)
            return false;
        la_vmap_write(vmap, i)->start = start + size;
        la_vmap_resized(vmap, i);
        la_vmap_insert(vmap, LA_VMAP_FREE, before);
    }
    return true;
}
