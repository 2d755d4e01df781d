/*
 * memblock.c: adding, reserving, cutting and finding ranges.
 *
 *     add [4,8)   to  | 0..2 |      | 6..10 |      ->  0..2, 4..10     only what is not covered is
 *                                                                      inserted, then neighbours merge
 *     find top-down:   the highest free range that holds it, at its upper end, rounded down
 *          bottom-up:  the lowest, at its lower end, rounded up
 *
 * Invariant: regions are sorted, do not overlap, and no two alike touch; total_size is their sum.
 * A change that would need more regions than there are is refused as a whole.
 * Cost: a look at all regions, of which there are few.
 *
 * Deviations:
 *  A. The lists hold 128 regions and are not doubled; then adding and cutting fail.
 *  B. Mirrored, hotpluggable and unmapped memory (flags) take part like any other.
 *
 * Source: Linux 6.1.192 mm/memblock.c: memblock_add_range, memblock_isolate_range,
 * memblock_merge_regions, __memblock_find_range_top_down, memblock_alloc_internal.
 */
#include "mm/memblock.h"

#include <string.h>

enum { PAGE = 4096, CACHE_LINE = 64 };

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void make_empty(struct la_memblock_type *type)
{
    memset(type, 0, sizeof *type);
    type->cnt = 1;
}

void la_memblock_init(struct la_memblock *mb)
{
    make_empty(&mb->memory);
    make_empty(&mb->reserved);
    mb->bottom_up = false;
    mb->current_limit = LA_MEMBLOCK_MAX;
}

static bool is_empty(const struct la_memblock_type *type)
{
    return type->cnt == 1 && type->region[0].size == 0;
}

/* ---- changing lists ---- */

static void insert(struct la_memblock_type *type, uint32_t at, struct la_memblock_region region)
{
    memmove(&type->region[at + 1], &type->region[at], (type->cnt - at) * sizeof region);
    type->region[at] = region;
    type->cnt++;
    type->total_size += region.size;
}

static void take_out(struct la_memblock_type *type, uint32_t at)
{
    type->total_size -= type->region[at].size;
    memmove(&type->region[at], &type->region[at + 1], (type->cnt - at - 1) * sizeof type->region[0]);
    if (--type->cnt == 0)
        make_empty(type);
}

static void merge_neighbours(struct la_memblock_type *type)
{
    for (uint32_t i = 0; i + 1 < type->cnt;) {
        struct la_memblock_region *this = &type->region[i], *next = this + 1;

        if (this->base + this->size != next->base || this->nid != next->nid || this->flags != next->flags) {
            i++;
            continue;
        }
        this->size += next->size;
        memmove(next, next + 1, (type->cnt - i - 2) * sizeof *next);
        type->cnt--;
    }
}

/* Insert those parts of @base..@end that no region covers, or (@only_count) say how many they are. */
static uint32_t add_parts(struct la_memblock_type *type, struct la_memblock_region part, bool only_count)
{
    uint64_t end = part.base + part.size;
    uint32_t nr = 0, i;

    for (i = 0; i < type->cnt && part.base < end; i++) {
        uint64_t from = type->region[i].base, to = from + type->region[i].size;

        if (from >= end)
            break;
        if (to <= part.base)
            continue;
        if (from > part.base) { /* the part below what is there */
            part.size = from - part.base;
            nr++;
            if (!only_count)
                insert(type, i++, part);
        }
        part.base = min_u64(to, end);
    }
    if (part.base == end)
        return nr;
    part.size = end - part.base;
    if (!only_count)
        insert(type, i, part);
    return nr + 1;
}

static bool add_range(struct la_memblock_type *type, uint64_t base, uint64_t size, int32_t nid, uint32_t flags)
{
    struct la_memblock_region range = {base, min_u64(size, LA_MEMBLOCK_MAX - base), flags, nid};

    if (range.size == 0)
        return true;
    if (is_empty(type)) {
        type->region[0] = range;
        type->total_size = range.size;
        return true;
    }
    if (type->cnt + add_parts(type, range, true) > LA_MEMBLOCK_REGIONS)
        return false;
    (void)add_parts(type, range, false);
    merge_neighbours(type);
    return true;
}

/* Cut @base..@end out of region @i: what is left of it below and above.  False: no region is left for the upper part. */
static bool cut(struct la_memblock_type *type, uint32_t i, uint64_t base, uint64_t end)
{
    struct la_memblock_region *r = &type->region[i], upper = *r;
    uint64_t r_end = r->base + r->size, stop = min_u64(end, r_end);

    if (base > r->base && end < r_end && type->cnt == LA_MEMBLOCK_REGIONS)
        return false;
    upper.base = stop;
    upper.size = r_end - stop;
    type->total_size -= r_end - max_u64(base, r->base);
    r->size = max_u64(base, r->base) - r->base;
    if (upper.size != 0 && r->size != 0) {
        insert(type, i + 1, upper);
    } else if (upper.size != 0) {
        *r = upper;
        type->total_size += upper.size;
    } else if (r->size == 0) {
        take_out(type, i);
    }
    return true;
}

static bool remove_range(struct la_memblock_type *type, uint64_t base, uint64_t size)
{
    uint64_t end = base + min_u64(size, LA_MEMBLOCK_MAX - base);

    for (uint32_t i = type->cnt; i-- > 0;) {
        const struct la_memblock_region *r = &type->region[i];

        if (r->size != 0 && r->base < end && r->base + r->size > base && base != end && !cut(type, i, base, end))
            return false;
    }
    return true;
}

bool la_memblock_add_node(struct la_memblock *mb, uint64_t base, uint64_t size, int32_t nid, uint32_t flags)
{
    return add_range(&mb->memory, base, size, nid, flags);
}

bool la_memblock_add(struct la_memblock *mb, uint64_t base, uint64_t size)
{
    return add_range(&mb->memory, base, size, LA_MEMBLOCK_ANY_NODE, 0);
}

bool la_memblock_reserve(struct la_memblock *mb, uint64_t base, uint64_t size)
{
    return add_range(&mb->reserved, base, size, LA_MEMBLOCK_ANY_NODE, 0);
}

bool la_memblock_remove(struct la_memblock *mb, uint64_t base, uint64_t size)
{
    return remove_range(&mb->memory, base, size);
}

bool la_memblock_free(struct la_memblock *mb, uint64_t base, uint64_t size)
{
    return remove_range(&mb->reserved, base, size);
}

void la_memblock_trim_memory(struct la_memblock *mb, uint64_t align)
{
    struct la_memblock_type *type = &mb->memory;

    for (uint32_t i = 0; i < type->cnt;) {
        struct la_memblock_region *r = &type->region[i];
        uint64_t start = (r->base + align - 1) & ~(align - 1), end = (r->base + r->size) & ~(align - 1);

        if (r->size == 0 || (start == r->base && end == r->base + r->size)) {
            i++;
        } else if (start < end) {
            type->total_size -= r->size - (end - start);
            r->base = start;
            r->size = end - start;
            i++;
        } else {
            bool last = type->cnt == 1;

            take_out(type, i);
            if (last)
                return;
        }
    }
}

/* ---- finding ---- */

/* The @k-th gap between reserved regions (0 = below the first). */
static void gap(const struct la_memblock_type *reserved, uint32_t k, uint64_t *start, uint64_t *end)
{
    *start = k > 0 ? reserved->region[k - 1].base + reserved->region[k - 1].size : 0;
    *end = k < reserved->cnt ? reserved->region[k].base : LA_MEMBLOCK_MAX;
}

static bool on_node(const struct la_memblock_region *region, int32_t nid)
{
    return nid == LA_MEMBLOCK_NO_NODE || nid == region->nid;
}

/* Where @size bytes fit into the free range @start..@end, or 0. */
static uint64_t place_in(const struct la_memblock *mb, uint64_t size, uint64_t align, uint64_t start, uint64_t end)
{
    uint64_t at;

    if (mb->bottom_up) {
        at = (start + align - 1) / align * align;
        return at >= start && at < end && end - at >= size ? at : 0;
    }
    if (end < size)
        return 0;
    at = (end - size) / align * align;
    return at >= start ? at : 0;
}

uint64_t la_memblock_find(const struct la_memblock *mb, uint64_t size, uint64_t align, uint64_t start, uint64_t end,
                          int32_t nid)
{
    const struct la_memblock_type *memory = &mb->memory, *reserved = &mb->reserved;
    uint32_t gaps = is_empty(reserved) ? 1 : reserved->cnt + 1;

    end = end == LA_MEMBLOCK_ACCESSIBLE ? mb->current_limit : end;
    start = max_u64(start, PAGE); /* page 0 is never given */
    for (uint32_t i = 0; i < memory->cnt; i++) {
        const struct la_memblock_region *m = &memory->region[mb->bottom_up ? i : memory->cnt - 1 - i];

        for (uint32_t k = 0; k < gaps && on_node(m, nid); k++) {
            uint64_t from = 0, to = LA_MEMBLOCK_MAX, at;

            if (!is_empty(reserved))
                gap(reserved, mb->bottom_up ? k : gaps - 1 - k, &from, &to);
            from = max_u64(max_u64(from, m->base), start);
            to = min_u64(min_u64(to, m->base + m->size), end);
            at = from < to ? place_in(mb, size, align, from, to) : 0;
            if (at != 0)
                return at;
        }
    }
    return 0;
}

bool la_memblock_free_range(const struct la_memblock *mb, int32_t nid, uint32_t n, uint64_t *start, uint64_t *end)
{
    const struct la_memblock_type *reserved = &mb->reserved;
    uint32_t gaps = is_empty(reserved) ? 1 : reserved->cnt + 1;

    for (uint32_t i = 0; i < mb->memory.cnt; i++) {
        const struct la_memblock_region *m = &mb->memory.region[i];

        for (uint32_t k = 0; k < gaps && on_node(m, nid); k++) {
            *start = 0;
            *end = LA_MEMBLOCK_MAX;
            if (!is_empty(reserved))
                gap(reserved, k, start, end);
            *start = max_u64(*start, m->base);
            *end = min_u64(*end, m->base + m->size);
            if (*start < *end && n-- == 0)
                return true;
        }
    }
    return false;
}

uint64_t la_memblock_alloc_range(struct la_memblock *mb, uint64_t size, uint64_t align, uint64_t start, uint64_t end,
                                 int32_t nid, bool exact)
{
    align = align == 0 ? CACHE_LINE : align;
    uint64_t found = la_memblock_find(mb, size, align, start, end, nid);

    if (found == 0 && nid != LA_MEMBLOCK_NO_NODE && !exact)
        found = la_memblock_find(mb, size, align, start, end, LA_MEMBLOCK_NO_NODE);
    return found != 0 && la_memblock_reserve(mb, found, size) ? found : 0;
}

uint64_t la_memblock_alloc_try_nid(struct la_memblock *mb, uint64_t size, uint64_t align, uint64_t min, uint64_t max,
                                   int32_t nid)
{
    max = min_u64(max, mb->current_limit);
    uint64_t found = la_memblock_alloc_range(mb, size, align, min, max, nid, false);

    return found != 0 || min == 0 ? found : la_memblock_alloc_range(mb, size, align, 0, max, nid, false);
}
