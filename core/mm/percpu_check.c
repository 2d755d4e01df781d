/*
 * percpu_check.c: every invariant of per-CPU chunks.
 *
 *     maps    allocations begin at a bound; free bytes are the clear bits
 *     hints   a page's longest known run is a free run of its map; first free bit and ends are right, but
 *             that the kernel may take the end for used: pcpu_block_refresh_hint() looks behind the run it
 *             had in reserve, also when that is the end
 *     lists   every chunk is on exactly one, links agree
 *     pages   populated ones are mapped in every unit, others in none; empty ones are counted
 *
 * Cost: looks at everything; for tests and the end of a lesson.
 */
#include "mm/internal.h"
#include "mm/percpu.h"
#include "mm/vmalloc.h"

struct pcheck {
    const struct la_mm *mm;
    struct la_buf *out;
    uint32_t problems;
    int32_t empty;
    uint32_t populated;
};

static void problem(struct pcheck *c, const char *what, uint32_t chunk, uint32_t where)
{
    if (++c->problems <= 20)
        la_buf_printf(c->out, "per-CPU chunk %u: %s at %u\n", (unsigned)chunk, what, (unsigned)where);
}

/* The page's hints against its map; its free bits. */
static uint32_t check_page(struct pcheck *c, uint32_t number, uint32_t page)
{
    const struct la_pcpu_chunk *chunk = &c->mm->pcpu->chunk[number];
    const struct la_pcpu_block *b = &chunk->md[page];
    uint32_t base = page * LA_PCPU_BLOCK_BITS, end = base + LA_PCPU_BLOCK_BITS, longest = 0, bits = 0;
    uint32_t first = la_pcpu_next_clear(chunk->alloc_map, end, base), stop = 0;
    bool known = false;

    if (b->contig_hint != 0 && b->first_free > first - base)
        problem(c, "first_free lies behind a free bit", number, page);
    for (uint32_t at = first; at < end; at = la_pcpu_next_clear(chunk->alloc_map, end, stop)) {
        stop = la_pcpu_next_set(chunk->alloc_map, end, at);
        longest = stop - at > longest ? stop - at : longest;
        known = known || (at - base == b->contig_hint_start && stop - at == b->contig_hint);
        bits += stop - at;
        if ((at == base && b->left_free != stop - at) ||
            (stop == end && b->right_free != stop - at && b->right_free != 0))
            problem(c, "free end of a page", number, page);
    }
    if (b->contig_hint > longest || (b->contig_hint == 0) != (longest == 0) || (longest != 0 && !known))
        problem(c, "longest free run of a page", number, page);
    return bits;
}

static void check_pages(struct pcheck *c, uint32_t number)
{
    const struct la_pcpu *pcpu = c->mm->pcpu;
    const struct la_pcpu_chunk *chunk = &pcpu->chunk[number];
    uint32_t free_bits = 0, populated = 0;
    int32_t empty = 0;

    for (uint32_t page = 0; page < chunk->nr_pages; page++) {
        uint32_t bits = check_page(c, number, page);
        bool there = la_pcpu_bit(chunk->populated, page);

        free_bits += bits;
        populated += there;
        empty += there && bits == LA_PCPU_BLOCK_BITS;
        for (uint32_t cpu = 0; cpu < pcpu->nr_units && !chunk->immutable && c->mm->nr_oops == 0; cpu++) {
            uint64_t addr = chunk->base_addr + (uint64_t)cpu * pcpu->unit_size + (uint64_t)page * LA_PAGE_SIZE;
            uint32_t pfn = la_vmalloc_to_pfn(c->mm, addr);

            if ((pfn != LA_NO_PFN) != there || (there && c->mm->frame[pfn].kind != LA_FRAME_PERCPU))
                problem(c, "page of a unit", number, page);
        }
    }
    if (free_bits * LA_PCPU_MIN_ALLOC != chunk->free_bytes)
        problem(c, "free bytes", number, free_bits);
    if (populated != chunk->nr_populated || empty != chunk->nr_empty_pop_pages)
        problem(c, "populated or empty pages", number, populated);
    c->populated += populated;
    c->empty += empty;
}

uint32_t la_pcpu_check(const struct la_mm *mm, struct la_buf *out)
{
    struct pcheck c = {.mm = mm, .out = out};
    const struct la_pcpu *pcpu = mm->pcpu;
    uint32_t listed = 0, used = 0;

    if (!pcpu)
        return 0;
    for (uint32_t slot = 0; slot <= pcpu->free_slot; slot++) {
        uint32_t previous = 0;

        for (uint32_t i = pcpu->list[slot]; i != 0 && listed <= LA_PCPU_MAX_CHUNKS; i = pcpu->chunk[i - 1].next) {
            const struct la_pcpu_chunk *chunk = &pcpu->chunk[i - 1];

            if (!chunk->used || chunk->slot != slot || chunk->prev != previous ||
                (slot != 0 && la_pcpu_slot(pcpu, chunk) != slot))
                problem(&c, "wrong list", i - 1, slot);
            previous = i;
            listed++;
        }
    }
    for (uint32_t i = 0; i < LA_PCPU_MAX_CHUNKS; i++) {
        if (!pcpu->chunk[i].used)
            continue;
        used++;
        check_pages(&c, i);
    }
    if (listed != used)
        problem(&c, "chunks on lists", listed, used);
    if (c.empty != pcpu->nr_empty_pop_pages || c.populated != pcpu->nr_populated)
        problem(&c, "sum of pages", 0, c.populated);
    return c.problems;
}
