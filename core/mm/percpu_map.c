/*
 * percpu_map.c: which 4-byte pieces of a chunk are in use, and hints that make finding room quick.
 *
 *     alloc_map  1111 0000 1110 0000 0000 ...      one bit for 4 bytes
 *     bound_map  1000 1000 1001 0000               allocations begin (and end) here
 *     md[page]       |--scan--|  |--contig--|      longest free run, one before it, both ends
 *     chunk_md   the same over all pages
 *
 * The search starts at the first free bit, or behind the scan hint when that is too short: first
 * fit.  So now and then a hole before the scan hint is skipped that would have fitted.  An update
 * looks at the page it happens in; the whole chunk is looked at only when its longest run breaks.
 *
 * The kernel forgets something in one place, and so do we: a free inside a page other than the
 * first does not raise the chunk's hints.  The chunk may so have more room than it knows of.
 *
 * Invariant: contig_hint of a page is a free run of its map, though a longer one may be forgotten
 * after the scan hint was broken; first_free never lies behind a free bit.
 * Cost: proportional to the pages touched, in the worst case to the pages of the chunk.
 *
 * Source: Linux 6.1.192 mm/percpu.c: pcpu_block_update, pcpu_block_refresh_hint,
 * pcpu_block_update_hint_alloc, pcpu_block_update_hint_free, pcpu_find_block_fit, pcpu_alloc_area.
 */
#include "mm/percpu.h"

enum { BITS = LA_PCPU_BLOCK_BITS, SLOT_BASE_SHIFT = 5 };

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The number of the lowest set bit. */
static uint32_t lowest_bit(uint32_t value)
{
    uint32_t bit = 0;

    while (!(value >> bit & 1))
        bit++;
    return bit;
}

/* ---- maps ---- */

bool la_pcpu_bit(const uint64_t *map, uint32_t bit)
{
    return map[bit / 64] >> bit % 64 & 1;
}

static uint32_t next_bit(const uint64_t *map, uint32_t end, uint32_t from, bool set)
{
    while (from < end) {
        uint64_t word = (set ? map[from / 64] : ~map[from / 64]) >> from % 64;

        if (word == 0) {
            from = (from / 64 + 1) * 64;
            continue;
        }
        while (!(word & 1)) {
            word >>= 1;
            from++;
        }
        return from < end ? from : end;
    }
    return end;
}

uint32_t la_pcpu_next_set(const uint64_t *map, uint32_t end, uint32_t from)
{
    return next_bit(map, end, from, true);
}

uint32_t la_pcpu_next_clear(const uint64_t *map, uint32_t end, uint32_t from)
{
    return next_bit(map, end, from, false);
}

static void set_bits(const struct la_pcpu_chunk *chunk, uint64_t *map, uint32_t from, uint32_t end, bool value)
{
    if (from >= end)
        return;
    la_region_touch(chunk->region, &map[from / 64], (uint32_t)sizeof *map * ((end - 1) / 64 - from / 64 + 1));
    for (; from < end; from++) {
        if (value)
            map[from / 64] |= UINT64_C(1) << from % 64;
        else
            map[from / 64] &= ~(UINT64_C(1) << from % 64);
    }
}

/* The end of the used bits before @at in the same page, as a bit of the page: where a free run begins. */
static uint32_t run_start(const struct la_pcpu_chunk *chunk, uint32_t page, uint32_t at)
{
    while (at > 0 && !la_pcpu_bit(chunk->alloc_map, page * BITS + at - 1))
        at--;
    return at;
}

static struct la_pcpu_block *block_write(const struct la_pcpu_chunk *chunk, uint32_t page)
{
    la_region_touch(chunk->region, &chunk->md[page], sizeof chunk->md[page]);
    return &chunk->md[page];
}

/* ---- hints ---- */

/* A run longer than all known: the old longest one may become the scan hint. */
static void new_longest(struct la_pcpu_block *b, uint32_t start, uint32_t contig)
{
    if (start <= b->contig_hint_start) {
        b->scan_hint = 0;
    } else if (b->contig_hint > b->scan_hint) {
        b->scan_hint_start = b->contig_hint_start;
        b->scan_hint = b->contig_hint;
    } else if (start < b->scan_hint_start) {
        b->scan_hint = 0;
    }
    b->contig_hint_start = start;
    b->contig_hint = contig;
}

/* As long as the longest: the better aligned one is kept as such. */
static void also_longest(struct la_pcpu_block *b, uint32_t start, uint32_t contig)
{
    if (b->contig_hint_start != 0 && (start == 0 || lowest_bit(start) > lowest_bit(b->contig_hint_start))) {
        b->contig_hint_start = start;
        if (start < b->scan_hint_start && b->contig_hint > b->scan_hint)
            b->scan_hint = 0;
    } else if (start > b->scan_hint_start || b->contig_hint > b->scan_hint) {
        b->scan_hint_start = start;
        b->scan_hint = contig;
    }
}

/* pcpu_block_update: @start..@end is free. */
static void note_free_run(struct la_pcpu_block *b, uint32_t start, uint32_t end)
{
    uint32_t contig = end - start;

    b->first_free = min_u32(b->first_free, start);
    if (start == 0)
        b->left_free = contig;
    if (end == b->nr_bits)
        b->right_free = contig;
    if (contig > b->contig_hint) {
        new_longest(b, start, contig);
    } else if (contig == b->contig_hint) {
        also_longest(b, start, contig);
    } else if (start < b->contig_hint_start &&
               (contig > b->scan_hint || (contig == b->scan_hint && start > b->scan_hint_start))) {
        b->scan_hint_start = start;
        b->scan_hint = contig;
    }
}

/* The longest run is broken: the scan hint takes its place; where to go on looking. */
static uint32_t promote_scan_hint(struct la_pcpu_block *b, bool may)
{
    if (!may || b->scan_hint == 0) {
        b->contig_hint = 0;
        return b->first_free;
    }
    b->contig_hint_start = b->scan_hint_start;
    b->contig_hint = b->scan_hint;
    b->scan_hint = 0;
    return b->contig_hint_start + b->contig_hint;
}

static void refresh_page(const struct la_pcpu_chunk *chunk, uint32_t page)
{
    struct la_pcpu_block *b = block_write(chunk, page);
    uint32_t base = page * BITS, end = base + BITS;
    uint32_t at = base + promote_scan_hint(b, true);

    b->right_free = 0;
    for (at = la_pcpu_next_clear(chunk->alloc_map, end, at); at < end;
         at = la_pcpu_next_clear(chunk->alloc_map, end, at)) {
        uint32_t stop = la_pcpu_next_set(chunk->alloc_map, end, at);

        note_free_run(b, at - base, stop - base);
        at = stop;
    }
}

/* pcpu_next_md_free_region: the next free run from @bit on as the pages' hints know it. */
static uint32_t next_free_region(const struct la_pcpu_chunk *chunk, uint32_t *bit)
{
    uint32_t offset = *bit % BITS, bits = 0;

    for (uint32_t i = *bit / BITS; i < chunk->nr_pages; i++) {
        const struct la_pcpu_block *b = &chunk->md[i];

        if (bits != 0) {
            bits += b->left_free;
            if (b->left_free == BITS)
                continue;
            return bits;
        }
        bits = b->contig_hint;
        if (bits != 0 && b->contig_hint_start >= offset && bits + b->contig_hint_start < BITS) {
            *bit = i * BITS + b->contig_hint_start;
            return bits;
        }
        offset = 0;
        bits = b->right_free;
        *bit = (i + 1) * BITS - b->right_free;
    }
    return bits;
}

static void refresh_chunk(struct la_pcpu_chunk *chunk, bool full)
{
    uint32_t end = chunk->nr_pages * BITS;
    uint32_t bit = promote_scan_hint(&chunk->chunk_md, !full);
    uint32_t bits = bit < end ? next_free_region(chunk, &bit) : 0;

    while (bit < end) {
        note_free_run(&chunk->chunk_md, bit, bit + bits);
        bit += bits + 1;
        if (bit < end)
            bits = next_free_region(chunk, &bit);
    }
}

static bool overlap(uint32_t a, uint32_t b, uint32_t x, uint32_t y)
{
    return a < y && x < b;
}

static void count_empty(struct la_pcpu *pcpu, struct la_pcpu_chunk *chunk, int32_t pages)
{
    chunk->nr_empty_pop_pages += pages;
    pcpu->nr_empty_pop_pages += pages;
}

/* ---- taking ---- */

/* The page in which an allocation begins. */
static int32_t took_first_page(struct la_pcpu_chunk *chunk, uint32_t page, uint32_t from, uint32_t bits,
                               uint32_t last_end)
{
    struct la_pcpu_block *b = block_write(chunk, page);
    int32_t was_empty = b->contig_hint == BITS;

    if (from == b->first_free)
        b->first_free =
            la_pcpu_next_clear(chunk->alloc_map, (page + 1) * BITS, page * BITS + min_u32(from + bits, BITS)) -
            page * BITS;
    if (overlap(b->scan_hint_start, b->scan_hint_start + b->scan_hint, from, from + bits))
        b->scan_hint = 0;
    if (overlap(b->contig_hint_start, b->contig_hint_start + b->contig_hint, from, from + bits)) {
        if (from == 0)
            b->left_free = 0;
        refresh_page(chunk, page);
    } else {
        b->left_free = min_u32(b->left_free, from);
        b->right_free = last_end <= BITS ? min_u32(b->right_free, BITS - last_end) : 0;
    }
    return was_empty;
}

/* The page in which it ends, when that is another one. */
static int32_t took_last_page(struct la_pcpu_chunk *chunk, uint32_t page, uint32_t end)
{
    struct la_pcpu_block *b = block_write(chunk, page);
    int32_t was_empty = b->contig_hint == BITS;

    b->first_free = la_pcpu_next_clear(chunk->alloc_map, (page + 1) * BITS, page * BITS + end) - page * BITS;
    if (end == BITS) {
        b->scan_hint = b->contig_hint = b->left_free = b->right_free = 0;
        return was_empty;
    }
    if (end > b->scan_hint_start)
        b->scan_hint = 0;
    b->left_free = 0;
    if (end > b->contig_hint_start)
        refresh_page(chunk, page);
    else
        b->right_free = min_u32(b->right_free, BITS - end);
    return was_empty;
}

static void update_hints_alloc(struct la_pcpu *pcpu, struct la_pcpu_chunk *chunk, uint32_t bit, uint32_t bits)
{
    struct la_pcpu_block *c = &chunk->chunk_md;
    uint32_t first = bit / BITS, last = (bit + bits - 1) / BITS, end = (bit + bits - 1) % BITS + 1;
    int32_t empty = took_first_page(chunk, first, bit % BITS, bits, first == last ? end : BITS + 1);

    if (first != last) {
        empty += took_last_page(chunk, last, end);
        for (uint32_t i = first + 1; i < last; i++) {
            struct la_pcpu_block *b = block_write(chunk, i);

            b->scan_hint = b->contig_hint = b->left_free = b->right_free = 0;
            empty++;
        }
    }
    if (empty != 0)
        count_empty(pcpu, chunk, -empty);
    if (overlap(c->scan_hint_start, c->scan_hint_start + c->scan_hint, bit, bit + bits))
        c->scan_hint = 0;
    if (overlap(c->contig_hint_start, c->contig_hint_start + c->contig_hint, bit, bit + bits))
        refresh_chunk(chunk, false);
}

void la_pcpu_map_take(struct la_pcpu *pcpu, struct la_pcpu_chunk *chunk, uint32_t bit, uint32_t bits)
{
    set_bits(chunk, chunk->alloc_map, bit, bit + bits, true);
    set_bits(chunk, chunk->bound_map, bit, bit + 1, true);
    set_bits(chunk, chunk->bound_map, bit + 1, bit + bits, false);
    set_bits(chunk, chunk->bound_map, bit + bits, bit + bits + 1, true);
    chunk->free_bytes -= bits * LA_PCPU_MIN_ALLOC;
    if (bit == chunk->chunk_md.first_free)
        chunk->chunk_md.first_free = la_pcpu_next_clear(chunk->alloc_map, chunk->nr_pages * BITS, bit + bits);
    update_hints_alloc(pcpu, chunk, bit, bits);
}

/* ---- finding ---- */

/* pcpu_next_hint: where to begin. */
static uint32_t start_of_search(const struct la_pcpu_block *b, uint32_t bits)
{
    if (b->scan_hint != 0 && b->contig_hint_start > b->scan_hint_start && bits > b->scan_hint)
        return b->scan_hint_start + b->scan_hint;
    return b->first_free;
}

/* pcpu_next_fit_region: the next place from @bit on where @want bits may fit; its length in bits. */
static uint32_t next_fit(const struct la_pcpu_chunk *chunk, uint32_t want, uint32_t align, uint32_t *bit)
{
    uint32_t offset = *bit % BITS, bits = 0;

    for (uint32_t i = *bit / BITS; i < chunk->nr_pages; i++) {
        const struct la_pcpu_block *b = &chunk->md[i];

        if (bits != 0) {
            bits += b->left_free;
            if (bits >= want)
                return bits;
            if (b->left_free == BITS)
                continue;
        }
        bits = la_round_up(b->contig_hint_start, align) - b->contig_hint_start;
        if (b->contig_hint != 0 && b->contig_hint_start >= offset && b->contig_hint >= bits + want) {
            uint32_t start = start_of_search(b, want);

            *bit = i * BITS + start;
            return bits + want + b->contig_hint_start - start;
        }
        offset = 0;
        *bit = la_round_up(BITS - b->right_free, align);
        bits = BITS - *bit;
        *bit += i * BITS;
        if (bits >= want)
            return bits;
    }
    *bit = chunk->nr_pages * BITS;
    return 0;
}

static bool is_populated(const struct la_pcpu_chunk *chunk, uint32_t bit, uint32_t bits, uint32_t *next)
{
    uint32_t end = (bit + bits + BITS - 1) / BITS, hole = la_pcpu_next_clear(chunk->populated, end, bit / BITS);

    if (hole >= end)
        return true;
    *next = la_pcpu_next_set(chunk->populated, end, hole + 1) * BITS;
    return false;
}

static int64_t find_block_fit(const struct la_pcpu_chunk *chunk, uint32_t bits, uint32_t align, bool pop_only)
{
    const struct la_pcpu_block *c = &chunk->chunk_md;
    uint32_t end = chunk->nr_pages * BITS, bit = start_of_search(c, bits), next = 0;

    if (la_round_up(c->contig_hint_start, align) - c->contig_hint_start + bits > c->contig_hint)
        return -1;
    while (bit < end) {
        uint32_t run = next_fit(chunk, bits, align, &bit);

        if (bit >= end || !pop_only || is_populated(chunk, bit, run, &next))
            break;
        bit = next;
    }
    return bit < end ? (int64_t)bit : -1;
}

/* The largest free piece that was too small, with the best alignment. */
static void remember_area(uint32_t off, uint32_t bits, uint32_t *best_off, uint32_t *best_bits)
{
    bool better = bits == *best_bits && *best_off != 0 && (off == 0 || lowest_bit(off) > lowest_bit(*best_off));

    if (bits > *best_bits || better) {
        *best_off = off;
        *best_bits = bits;
    }
}

/* pcpu_find_zero_area: @bits clear bits in @start..@end; @end or more when there are none. */
static uint32_t find_zero_area(const uint64_t *map, uint32_t end, uint32_t start, uint32_t bits, uint32_t align,
                               uint32_t *off, uint32_t *left)
{
    for (;;) {
        uint32_t at = la_round_up(la_pcpu_next_clear(map, end, start), align);

        if (at + bits > end)
            return at + bits > end ? end : at;
        uint32_t used = la_pcpu_next_set(map, at + bits, at);

        if (used >= at + bits)
            return at;
        remember_area(at, used - at, off, left);
        start = used + 1;
    }
}

int64_t la_pcpu_map_alloc(struct la_pcpu *pcpu, struct la_pcpu_chunk *chunk, uint32_t bits, uint32_t align,
                          bool pop_only)
{
    int64_t from = find_block_fit(chunk, bits, align, pop_only);
    uint32_t off = 0, left = 0;

    if (from < 0)
        return -1;
    uint32_t start = (uint32_t)from, end = min_u32(start + bits + BITS, chunk->nr_pages * BITS);
    uint32_t bit = find_zero_area(chunk->alloc_map, end, start, bits, align, &off, &left);

    if (bit >= end)
        return -1;
    if (left != 0 && off % BITS + left <= BITS) { /* what was passed over is worth a scan hint */
        uint32_t page = off / BITS;

        note_free_run(block_write(chunk, page), run_start(chunk, page, off % BITS), off % BITS + left);
    }
    la_pcpu_map_take(pcpu, chunk, bit, bits);
    return bit;
}

/* ---- giving back ---- */

uint32_t la_pcpu_map_free(struct la_pcpu *pcpu, struct la_pcpu_chunk *chunk, uint32_t bit)
{
    uint32_t bits = la_pcpu_next_set(chunk->bound_map, chunk->nr_pages * BITS, bit + 1) - bit;
    uint32_t first = bit / BITS, last = (bit + bits - 1) / BITS, from = bit % BITS, to = (bit + bits - 1) % BITS + 1;
    struct la_pcpu_block *s = block_write(chunk, first), *e = block_write(chunk, last);
    int32_t empty = 0;

    set_bits(chunk, chunk->alloc_map, bit, bit + bits, false);
    chunk->free_bytes += bits * LA_PCPU_MIN_ALLOC;
    chunk->chunk_md.first_free = min_u32(chunk->chunk_md.first_free, bit);

    uint32_t start =
        from == s->contig_hint + s->contig_hint_start ? s->contig_hint_start : run_start(chunk, first, from);
    uint32_t end = to == e->contig_hint_start
                       ? e->contig_hint_start + e->contig_hint
                       : la_pcpu_next_set(chunk->alloc_map, (last + 1) * BITS, last * BITS + to) - last * BITS;
    uint32_t s_end = first == last ? end : BITS;

    empty += start == 0 && s_end == BITS;
    note_free_run(s, start, s_end);
    if (first != last) {
        empty += end == BITS;
        note_free_run(e, 0, end);
        for (uint32_t i = first + 1; i < last; i++) {
            *block_write(chunk, i) =
                (struct la_pcpu_block){.contig_hint = BITS, .left_free = BITS, .right_free = BITS, .nr_bits = BITS};
            empty++;
        }
    }
    if (empty != 0)
        count_empty(pcpu, chunk, empty);
    if (first != last || end - start >= BITS)
        refresh_chunk(chunk, true);
    else if (first == 0)
        note_free_run(&chunk->chunk_md, start, end);
    else /* the kernel forgets to add the page's offset to the end: the chunk does not learn of the run */
        chunk->chunk_md.first_free = min_u32(chunk->chunk_md.first_free, first * BITS + start);
    return bits;
}

void la_pcpu_map_init(struct la_pcpu_chunk *chunk, uint32_t bits)
{
    uint32_t words = chunk->nr_pages * BITS / 64;

    for (uint32_t i = 0; i < chunk->nr_pages; i++)
        *block_write(chunk, i) =
            (struct la_pcpu_block){.contig_hint = BITS, .left_free = BITS, .right_free = BITS, .nr_bits = BITS};
    la_region_touch(chunk->region, chunk->alloc_map, words * 8);
    la_region_touch(chunk->region, chunk->bound_map, (words + 1) * 8);
    for (uint32_t i = 0; i <= words; i++) {
        if (i < words)
            chunk->alloc_map[i] = 0;
        chunk->bound_map[i] = 0;
    }
    set_bits(chunk, chunk->bound_map, 0, 1, true);
    set_bits(chunk, chunk->bound_map, bits, bits + 1, true);
    chunk->free_bytes = bits * LA_PCPU_MIN_ALLOC;
    chunk->chunk_md =
        (struct la_pcpu_block){.contig_hint = bits, .left_free = bits, .right_free = bits, .nr_bits = bits};
}

/* ---- lists ---- */

static uint32_t plain_slot(uint32_t size)
{
    uint32_t highbit = 0;

    while (size >> highbit != 0)
        highbit++;
    return highbit < SLOT_BASE_SHIFT ? 1 : highbit - SLOT_BASE_SHIFT + 2;
}

uint32_t la_pcpu_size_to_slot(const struct la_pcpu *pcpu, uint32_t size)
{
    return size == pcpu->unit_size ? pcpu->free_slot : plain_slot(size);
}

uint32_t la_pcpu_slot(const struct la_pcpu *pcpu, const struct la_pcpu_chunk *chunk)
{
    if (chunk->free_bytes < LA_PCPU_MIN_ALLOC || chunk->chunk_md.contig_hint == 0)
        return 0;
    return la_pcpu_size_to_slot(pcpu, chunk->chunk_md.contig_hint * LA_PCPU_MIN_ALLOC);
}

static void unlink_chunk(struct la_pcpu *pcpu, struct la_pcpu_chunk *c)
{
    if (c->prev != 0)
        pcpu->chunk[c->prev - 1].next = c->next;
    else
        pcpu->list[c->slot] = c->next;
    if (c->next != 0)
        pcpu->chunk[c->next - 1].prev = c->prev;
    else
        pcpu->tail[c->slot] = c->prev;
    c->listed = false;
}

void la_pcpu_move(struct la_pcpu *pcpu, uint32_t chunk, uint32_t slot, bool front)
{
    struct la_pcpu_chunk *c = &pcpu->chunk[chunk];

    if (c->listed)
        unlink_chunk(pcpu, c);
    if (slot == UINT32_MAX)
        return;
    c->slot = (uint8_t)slot;
    c->listed = true;
    c->prev = front ? 0 : pcpu->tail[slot];
    c->next = front ? pcpu->list[slot] : 0;
    if (c->prev != 0)
        pcpu->chunk[c->prev - 1].next = chunk + 1;
    else
        pcpu->list[slot] = chunk + 1;
    if (c->next != 0)
        pcpu->chunk[c->next - 1].prev = chunk + 1;
    else
        pcpu->tail[slot] = chunk + 1;
}

void la_pcpu_relocate(struct la_pcpu *pcpu, uint32_t chunk, uint32_t old)
{
    uint32_t slot = la_pcpu_slot(pcpu, &pcpu->chunk[chunk]);

    if (old != slot)
        la_pcpu_move(pcpu, chunk, slot, old == UINT32_MAX || old < slot);
}
