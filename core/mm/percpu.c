/*
 * percpu.c: one allocation, a copy for every CPU.
 *
 *     __alloc_percpu(100, 8):  slot of 100 bytes .. free slot, fullest chunks first
 *        |  a chunk's map has room       -> offset          (percpu_map.c)
 *        |  pages missing at the offset  -> a page in every unit
 *        |  no chunk has room            -> new chunk: an area at the top of vmalloc space
 *        v
 *     zero it in every unit; pointer = offset in the chunk - address of the first chunk
 *
 * Since all units of a chunk are alike, one map serves all CPUs, and a CPU's copy is found by
 * adding its constant offset.
 *
 * Invariant: a chunk lies on the list of its longest free run; empty populated pages are counted.
 * Cost: a search in a few chunks; new pages and chunks now and then.
 *
 * Deviations:
 *  A. The first chunk lies in a window of its own in the kernel image, not in direct-map memory
 *     that memblock gave, so that a machine can have every frame free.
 *  B. The kernel's worker comes at once after a call that may sleep, else at the next tick.
 *  C. Empty pages of chunks that are mostly empty are not given back (to_depopulate, sidelined);
 *     whole chunks are.
 *  D. All units of a chunk lie in one group, on machines with several nodes too; the pages of a
 *     unit still come from the CPU's node.
 *  E. Chunks' maps lie outside the simulated memory.
 *
 * Source: Linux 6.1.192 mm/percpu.c: pcpu_alloc, free_percpu, pcpu_build_alloc_info,
 * pcpu_balance_populated, pcpu_balance_free; mm/percpu-vm.c: pcpu_populate_chunk, pcpu_create_chunk.
 */
#include "mm/percpu.h"
#include "mm/internal.h"
#include "mm/vmalloc.h"

#include <inttypes.h>
#include <string.h>

enum { TAG_CHUNK = 6, TAG_COPIES = 7, FAIL_SLOT = 3, WARNINGS = 10 };

/* what the simulated kernel itself keeps per CPU */
enum { STATIC_BYTES = 8 << 10, RESERVED_BYTES_64 = 8 << 10, DYNAMIC_BYTES_64 = 28 << 10, DYNAMIC_BYTES_32 = 20 << 10 };

/* ---- layout ---- */

/* pcpu_build_alloc_info for one group: how many units share one atom. */
static uint32_t units_per_alloc(uint32_t alloc, uint32_t min_unit, uint32_t cpus)
{
    uint32_t upa = alloc / min_unit, best = 1, last_allocs = UINT32_MAX;

    for (; upa > 0; upa--) {
        uint32_t allocs = (cpus + upa - 1) / upa;

        if (alloc % upa != 0 || alloc / upa % LA_PAGE_SIZE != 0 || allocs * upa - cpus > cpus / 3)
            continue;
        if (allocs > last_allocs)
            break;
        last_allocs = allocs;
        best = upa;
    }
    return best;
}

static void work_out_layout(const struct la_mm *mm, struct la_pcpu *pcpu)
{
    bool small = mm->layout.pointer_bytes == 4;
    uint32_t sum, alloc, min_unit;

    pcpu->atom_size = small ? LA_PAGE_SIZE : 2 << 20;
    pcpu->static_size = STATIC_BYTES;
    pcpu->reserved_size = small ? 0 : RESERVED_BYTES_64;
    sum =
        la_round_up(pcpu->static_size + pcpu->reserved_size + (small ? DYNAMIC_BYTES_32 : DYNAMIC_BYTES_64), LA_PAGE_SIZE);
    min_unit = sum > LA_PCPU_MIN_UNIT ? sum : LA_PCPU_MIN_UNIT;
    alloc = la_round_up(min_unit, pcpu->atom_size);
    pcpu->unit_size = alloc / units_per_alloc(alloc, min_unit, mm->nr_cpus);
    pcpu->nr_units = mm->nr_cpus;
    pcpu->dyn_size = sum - pcpu->static_size - pcpu->reserved_size;
    pcpu->first_bytes = sum;
    pcpu->base_addr = mm->layout.percpu;
}

/* ---- chunks ---- */

/* Number + 1 of a chunk of @pages with an empty map; 0: too many, or no host memory. */
static uint32_t new_chunk(struct la_mm *mm, uint32_t pages)
{
    struct la_pcpu *pcpu = mm->pcpu;
    uint32_t words = pages * (LA_PCPU_BLOCK_BITS / 64), i = 0;

    while (i < LA_PCPU_MAX_CHUNKS &&
           (pcpu->chunk[i].used || (pcpu->chunk[i].region && pcpu->chunk[i].nr_pages != pages)))
        i++;
    if (i == LA_PCPU_MAX_CHUNKS)
        return 0;
    struct la_pcpu_chunk *c = &pcpu->chunk[i];
    struct la_region *region = c->region;

    if (!region)
        region = la_arena_region(mm->arena, pages * sizeof(struct la_pcpu_block) + (2 * words + 1) * sizeof(uint64_t),
                                 TAG_CHUNK);
    if (!region)
        return 0;
    *c = (struct la_pcpu_chunk){.used = true, .region = region, .nr_pages = pages};
    c->md = (struct la_pcpu_block *)(void *)region->base;
    c->alloc_map = (uint64_t *)(void *)(region->base + pages * sizeof(struct la_pcpu_block));
    c->bound_map = c->alloc_map + words;
    la_pcpu_map_init(c, pages * LA_PCPU_BLOCK_BITS);
    return i + 1;
}

/* pcpu_chunk_populated: pages @from..@end are there in every unit. */
static void mark_populated(struct la_pcpu *pcpu, struct la_pcpu_chunk *c, uint32_t from, uint32_t end)
{
    for (uint32_t i = from; i < end; i++)
        c->populated[i / 64] |= UINT64_C(1) << i % 64;
    c->nr_populated += end - from;
    pcpu->nr_populated += end - from;
    c->nr_empty_pop_pages += (int32_t)(end - from);
    pcpu->nr_empty_pop_pages += (int32_t)(end - from);
}

static bool make_first_chunk(struct la_mm *mm, struct la_pcpu *pcpu)
{
    uint32_t number = new_chunk(mm, pcpu->dyn_size / LA_PAGE_SIZE);

    pcpu->copies = la_arena_region(mm->arena, (uint64_t)pcpu->first_bytes * pcpu->nr_units, TAG_COPIES);
    if (number == 0 || !pcpu->copies)
        return false;
    struct la_pcpu_chunk *c = &pcpu->chunk[number - 1];

    pcpu->first = number - 1;
    c->immutable = true;
    c->base_addr = pcpu->base_addr + pcpu->static_size + pcpu->reserved_size;
    mark_populated(pcpu, c, 0, c->nr_pages);
    la_pcpu_relocate(pcpu, number - 1, UINT32_MAX);
    return true;
}

struct la_pcpu *la_pcpu_get(struct la_mm *mm)
{
    struct la_pcpu *pcpu = mm->pcpu;

    if (pcpu)
        return pcpu;
    pcpu = la_arena_hot(mm->arena, sizeof *pcpu);
    if (!pcpu)
        return NULL;
    work_out_layout(mm, pcpu);
    pcpu->free_slot = la_pcpu_size_to_slot(pcpu, pcpu->unit_size - 1) + 2;
    if ((pcpu->unit_size & (pcpu->unit_size - 1)) == 0)
        pcpu->free_slot++;
    pcpu->warnings_left = WARNINGS;
    mm->pcpu = pcpu;
    if (make_first_chunk(mm, pcpu))
        return pcpu;
    mm->pcpu = NULL;
    return NULL;
}

uint32_t la_pcpu_create_chunk(struct la_mm *mm)
{
    struct la_pcpu *pcpu = mm->pcpu;
    uint64_t bytes = (uint64_t)la_round_up(pcpu->nr_units * pcpu->unit_size, pcpu->atom_size);
    uint32_t area = la_vmap_top_area(mm, bytes, pcpu->atom_size, LA_VM_PERCPU), number;

    if (area == 0 && mm->vmap) {
        la_vm_unmap_aliases(mm);
        area = la_vmap_top_area(mm, bytes, pcpu->atom_size, LA_VM_PERCPU);
    }
    number = area != 0 ? new_chunk(mm, pcpu->unit_size / LA_PAGE_SIZE) : 0;
    if (number == 0) {
        if (area != 0)
            la_vmap_release(mm, area);
        return 0;
    }
    struct la_pcpu_chunk *c = &pcpu->chunk[number - 1];

    c->area = area;
    c->base_addr = mm->vmap->area[area].start;
    la_pcpu_relocate(pcpu, number - 1, UINT32_MAX);
    LA_TRACE(mm->trace, PCPU_CHUNK, c->base_addr, pcpu->nr_units, pcpu->unit_size);
    return number;
}

/* Pages @from..@end of every unit go back. */
static void depopulate(struct la_mm *mm, struct la_pcpu_chunk *c, uint32_t from, uint32_t end)
{
    for (uint32_t cpu = 0; cpu < mm->pcpu->nr_units; cpu++) {
        for (uint32_t i = from; i < end; i++) {
            uint64_t addr = c->base_addr + (uint64_t)cpu * mm->pcpu->unit_size + (uint64_t)i * LA_PAGE_SIZE;
            uint32_t pfn = la_vmalloc_to_pfn(mm, addr);

            if (pfn == LA_NO_PFN)
                continue;
            la_pt_unmap(mm, addr, addr + LA_PAGE_SIZE);
            la_free_own_page(mm, pfn);
        }
    }
}

/* pcpu_populate_chunk: a page for each of @from..@end in every unit. */
static bool populate(struct la_mm *mm, struct la_pcpu_chunk *c, uint32_t from, uint32_t end, la_gfp_t gfp)
{
    uint8_t kind = mm->kind;
    bool ok = true;

    for (uint32_t cpu = 0; cpu < mm->pcpu->nr_units && ok; cpu++) {
        for (uint32_t i = from; i < end && ok; i++) {
            uint64_t addr = c->base_addr + (uint64_t)cpu * mm->pcpu->unit_size + (uint64_t)i * LA_PAGE_SIZE;

            mm->kind = LA_FRAME_PERCPU;
            uint32_t pfn = la_alloc_pages(mm, gfp | LA_GFP_HIGHMEM, 0, mm->cpu_node[cpu]);

            mm->kind = kind;
            ok = pfn != LA_NO_PFN;
            if (!ok)
                break;
            la_frame_write(mm, pfn)->use = cpu;
            ok = la_pt_map(mm, addr, (uint64_t)pfn << LA_PAGE_SHIFT, LA_CACHE_WB);
            if (!ok)
                la_free_own_page(mm, pfn);
        }
    }
    if (!ok) {
        depopulate(mm, c, from, end);
        return false;
    }
    mark_populated(mm->pcpu, c, from, end);
    LA_TRACE(mm->trace, PCPU_POPULATE, end - from, mm->pcpu->nr_units, c->base_addr + (uint64_t)from * LA_PAGE_SIZE);
    return true;
}

bool la_pcpu_populate(struct la_mm *mm, uint32_t chunk, uint32_t from, uint32_t end)
{
    return populate(mm, &mm->pcpu->chunk[chunk], from, end, LA_GFP_KERNEL);
}

/* ---- the worker ---- */

static void free_chunk(struct la_mm *mm, uint32_t i)
{
    struct la_pcpu *pcpu = mm->pcpu;
    struct la_pcpu_chunk *c = &pcpu->chunk[i];

    la_pcpu_move(pcpu, i, UINT32_MAX, true);
    pcpu->nr_empty_pop_pages -= c->nr_empty_pop_pages;
    pcpu->nr_populated -= c->nr_populated;
    LA_TRACE(mm->trace, PCPU_CHUNK_FREE, c->base_addr, c->nr_populated);
    depopulate(mm, c, 0, c->nr_pages);
    la_vmap_release(mm, c->area);
    c->used = false;
}

/* pcpu_balance_free: one fully free chunk may stay. */
static void free_spare_chunks(struct la_mm *mm)
{
    struct la_pcpu *pcpu = mm->pcpu;
    uint32_t first = pcpu->list[pcpu->free_slot];

    while (first != 0 && pcpu->chunk[first - 1].next != 0)
        free_chunk(mm, pcpu->chunk[first - 1].next - 1);
}

/* Up to @wanted pages for one chunk; how many are still wanted. */
static uint32_t populate_some(struct la_mm *mm, struct la_pcpu_chunk *c, uint32_t wanted, bool *ok)
{
    uint32_t from = la_pcpu_next_clear(c->populated, c->nr_pages, 0);

    while (from < c->nr_pages && wanted > 0 && *ok) {
        uint32_t end = la_pcpu_next_set(c->populated, c->nr_pages, from);

        end = end - from > wanted ? from + wanted : end;
        *ok = populate(mm, c, from, end, LA_GFP_KERNEL | LA_GFP_NORETRY | LA_GFP_NOWARN);
        wanted -= *ok ? end - from : 0;
        from = la_pcpu_next_clear(c->populated, c->nr_pages, end);
    }
    return wanted;
}

static uint32_t pages_to_populate(struct la_pcpu *pcpu)
{
    int32_t missing = LA_PCPU_EMPTY_HIGH - pcpu->nr_empty_pop_pages;

    if (pcpu->atomic_failed) {
        pcpu->atomic_failed = false;
        return LA_PCPU_EMPTY_HIGH;
    }
    return missing > 0 ? (uint32_t)(missing < LA_PCPU_EMPTY_HIGH ? missing : LA_PCPU_EMPTY_HIGH) : 0;
}

void la_pcpu_balance(struct la_mm *mm)
{
    struct la_pcpu *pcpu = mm->pcpu;
    bool ok = true;

    if (!pcpu || !pcpu->balance || pcpu->no_worker || la_in_atomic(la_mm_current(mm)))
        return;
    pcpu->balance = false;
    free_spare_chunks(mm);
    for (uint32_t wanted = pages_to_populate(pcpu); wanted > 0 && ok;) {
        for (uint32_t slot = la_pcpu_size_to_slot(pcpu, LA_PAGE_SIZE); slot <= pcpu->free_slot && wanted > 0 && ok;
             slot++) {
            uint32_t i = pcpu->list[slot];

            while (i != 0 && pcpu->chunk[i - 1].nr_populated == pcpu->chunk[i - 1].nr_pages)
                i = pcpu->chunk[i - 1].next;
            if (i != 0)
                wanted = populate_some(mm, &pcpu->chunk[i - 1], wanted, &ok);
        }
        ok = ok && (wanted == 0 || la_pcpu_create_chunk(mm) != 0);
    }
}

/* ---- addresses ---- */

uint64_t la_per_cpu_ptr(const struct la_mm *mm, uint64_t ptr, uint32_t cpu)
{
    const struct la_pcpu *pcpu = mm->pcpu;
    uint64_t addr = pcpu ? ptr + pcpu->base_addr + (uint64_t)cpu * pcpu->unit_size : ptr;

    return mm->layout.pointer_bytes == 4 ? (uint32_t)addr : addr;
}

uint32_t la_pcpu_first_offset(const struct la_mm *mm, uint64_t addr, uint32_t *left)
{
    const struct la_pcpu *pcpu = mm->pcpu;
    uint64_t offset = pcpu ? addr - pcpu->base_addr : 0;

    if (!pcpu || addr < pcpu->base_addr || offset / pcpu->unit_size >= pcpu->nr_units ||
        offset % pcpu->unit_size >= pcpu->first_bytes)
        return UINT32_MAX;
    *left = pcpu->first_bytes - (uint32_t)(offset % pcpu->unit_size);
    return (uint32_t)(offset / pcpu->unit_size) * pcpu->first_bytes + (uint32_t)(offset % pcpu->unit_size);
}

/* A part of one copy: where it is stored, and how much of it lies there in a row. */
struct piece {
    uint32_t offset; /* in la_pcpu.copies; UINT32_MAX: in a frame */
    uint32_t pfn, in_page, len;
};

static struct piece piece_at(const struct la_mm *mm, uint64_t addr, uint32_t len)
{
    struct piece piece = {.pfn = LA_NO_PFN, .in_page = (uint32_t)(addr % LA_PAGE_SIZE), .len = LA_PAGE_SIZE};

    piece.offset = la_pcpu_first_offset(mm, addr, &piece.len);
    if (piece.offset == UINT32_MAX) {
        piece.len = LA_PAGE_SIZE - piece.in_page;
        piece.pfn = la_vmalloc_to_pfn(mm, addr);
    }
    piece.len = piece.len < len ? piece.len : len;
    return piece;
}

void la_pcpu_read(const struct la_mm *mm, uint64_t addr, void *buf, uint32_t len)
{
    for (unsigned char *out = buf; len > 0;) {
        struct piece piece = piece_at(mm, addr, len);

        if (piece.offset != UINT32_MAX)
            memcpy(out, mm->pcpu->copies->base + piece.offset, piece.len);
        else if (piece.pfn != LA_NO_PFN)
            la_frame_read(mm, piece.pfn, piece.in_page, out, piece.len);
        else
            memset(out, 0, piece.len);
        addr += piece.len;
        out += piece.len;
        len -= piece.len;
    }
}

void la_pcpu_write(struct la_mm *mm, uint64_t addr, const void *buf, uint32_t len)
{
    for (const unsigned char *in = buf; len > 0;) {
        struct piece piece = piece_at(mm, addr, len);

        if (piece.offset != UINT32_MAX) {
            la_region_touch(mm->pcpu->copies, mm->pcpu->copies->base + piece.offset, piece.len);
            memcpy(mm->pcpu->copies->base + piece.offset, in, piece.len);
        } else if (piece.pfn != LA_NO_PFN) {
            (void)la_frame_store(mm, piece.pfn, piece.in_page, in, piece.len);
            la_note_block(mm, piece.pfn, 0);
        }
        addr += piece.len;
        in += piece.len;
        len -= piece.len;
    }
}

/* Zero @bytes at @offset of chunk @c in every unit. */
static void clear_copies(struct la_mm *mm, const struct la_pcpu_chunk *c, uint32_t offset, uint32_t bytes)
{
    static const unsigned char zeroes[512];

    for (uint32_t cpu = 0; cpu < mm->pcpu->nr_units; cpu++) {
        uint64_t addr = c->base_addr + (uint64_t)cpu * mm->pcpu->unit_size + offset;

        for (uint32_t done = 0; done < bytes; done += sizeof zeroes)
            la_pcpu_write(mm, addr + done, zeroes,
                          bytes - done < sizeof zeroes ? bytes - done : (uint32_t)sizeof zeroes);
    }
}

/* ---- allocating ---- */

/* The first place that fits in the fullest chunk that has one; number + 1 of the chunk. */
static uint32_t find_place(struct la_pcpu *pcpu, uint32_t bits, uint32_t align, bool atomic, uint32_t *bit)
{
    for (uint32_t slot = la_pcpu_size_to_slot(pcpu, bits * LA_PCPU_MIN_ALLOC); slot <= pcpu->free_slot; slot++) {
        for (uint32_t i = pcpu->list[slot], next; i != 0; i = next) {
            struct la_pcpu_chunk *c = &pcpu->chunk[i - 1];
            uint32_t old = la_pcpu_slot(pcpu, c);
            int64_t found = la_pcpu_map_alloc(pcpu, c, bits, align, atomic);

            next = c->next;
            if (found >= 0) {
                *bit = (uint32_t)found;
                la_pcpu_relocate(pcpu, i - 1, old);
                return i;
            }
            if (slot < FAIL_SLOT)
                la_pcpu_move(pcpu, i - 1, 0, true);
        }
    }
    return 0;
}

/* Pages for all of @offset..@offset+@bytes. */
static bool populate_range(struct la_mm *mm, struct la_pcpu_chunk *c, uint32_t offset, uint32_t bytes, la_gfp_t gfp)
{
    uint32_t last = (offset + bytes + LA_PAGE_SIZE - 1) / LA_PAGE_SIZE;
    uint32_t from = la_pcpu_next_clear(c->populated, last, offset / LA_PAGE_SIZE);

    while (from < last) {
        uint32_t end = la_pcpu_next_set(c->populated, last, from);

        if (!populate(mm, c, from, end, gfp))
            return false;
        from = la_pcpu_next_clear(c->populated, last, end);
    }
    return true;
}

static uint64_t fail(struct la_mm *mm, uint32_t size, uint32_t align, bool atomic, la_gfp_t gfp, const char *why)
{
    struct la_pcpu *pcpu = mm->pcpu;
    struct la_buf line;

    if (!atomic && !(gfp & LA_GFP_NOWARN) && pcpu->warnings_left > 0) {
        pcpu->warnings_left--;
        la_buf_init(&line, la_arena_host(mm->arena));
        la_buf_printf(&line, "percpu: allocation failed, size=%u align=%u atomic=%d, %s", (unsigned)size,
                      (unsigned)align, atomic, why);
        la_warning(mm, la_buf_str(&line), pcpu->warnings_left == 0 ? "This is the last such message." : NULL);
        la_buf_free(&line);
    }
    if (atomic)
        pcpu->atomic_failed = pcpu->balance = true;
    return 0;
}

static uint64_t refuse(struct la_mm *mm, uint64_t size, uint64_t align, la_gfp_t gfp)
{
    struct la_buf line;

    if (gfp & LA_GFP_NOWARN)
        return 0;
    la_buf_init(&line, la_arena_host(mm->arena));
    la_buf_printf(&line, "WARNING: illegal size (%" PRIu64 ") or align (%" PRIu64 ") for percpu allocation", size,
                  align);
    la_oops(mm, la_buf_str(&line),
            "At most 32 KiB; the alignment is a power of two up to a page. The call returns NULL.");
    la_buf_free(&line);
    return 0;
}

uint64_t la_alloc_percpu(struct la_mm *mm, uint64_t size, uint64_t align, la_gfp_t gfp)
{
    struct la_pcpu *pcpu = la_pcpu_get(mm);
    bool atomic = (gfp & LA_GFP_KERNEL) != LA_GFP_KERNEL;
    uint32_t bit = 0, i;

    align = align < LA_PCPU_MIN_ALLOC ? LA_PCPU_MIN_ALLOC : align;
    if (!pcpu || size == 0 || size > LA_PCPU_MIN_UNIT || align > LA_PAGE_SIZE || (align & (align - 1)) != 0)
        return pcpu ? refuse(mm, size, align, gfp) : 0;
    if (!atomic)
        la_might_sleep(mm, "mm/percpu.c");
    uint32_t bytes = la_round_up((uint32_t)size, LA_PCPU_MIN_ALLOC), bits = bytes / LA_PCPU_MIN_ALLOC;

    while ((i = find_place(pcpu, bits, (uint32_t)align / LA_PCPU_MIN_ALLOC, atomic, &bit)) == 0) {
        if (atomic)
            return fail(mm, bytes, (uint32_t)align, atomic, gfp, "atomic alloc failed, no space left");
        if (pcpu->list[pcpu->free_slot] != 0 || la_pcpu_create_chunk(mm) == 0)
            return fail(mm, bytes, (uint32_t)align, atomic, gfp, "failed to allocate new chunk");
    }
    struct la_pcpu_chunk *c = &pcpu->chunk[i - 1];
    uint32_t offset = bit * LA_PCPU_MIN_ALLOC;

    if (!atomic && !populate_range(mm, c, offset, bytes, gfp & (LA_GFP_KERNEL | LA_GFP_NORETRY | LA_GFP_NOWARN))) {
        uint32_t old = la_pcpu_slot(pcpu, c);

        (void)la_pcpu_map_free(pcpu, c, bit);
        la_pcpu_relocate(pcpu, i - 1, old);
        return fail(mm, bytes, (uint32_t)align, atomic, gfp, "failed to populate");
    }
    clear_copies(mm, c, offset, bytes);
    uint64_t ptr = c->base_addr + offset - pcpu->base_addr;

    ptr = mm->layout.pointer_bytes == 4 ? (uint32_t)ptr : ptr;
    LA_TRACE(mm->trace, PCPU_ALLOC, bytes, pcpu->nr_units, ptr, offset);
    pcpu->balance = pcpu->balance || pcpu->nr_empty_pop_pages < LA_PCPU_EMPTY_LOW;
    la_pcpu_balance(mm);
    return ptr;
}

/* ---- giving back ---- */

/* The chunk whose unit 0 contains @ptr and where an allocation begins there; number + 1. */
static uint32_t find_allocation(const struct la_mm *mm, uint64_t ptr, uint32_t *bit)
{
    const struct la_pcpu *pcpu = mm->pcpu;
    uint64_t addr = la_per_cpu_ptr(mm, ptr, 0);

    for (uint32_t i = 0; pcpu && i < LA_PCPU_MAX_CHUNKS; i++) {
        const struct la_pcpu_chunk *c = &pcpu->chunk[i];

        if (!c->used || addr < c->base_addr || addr - c->base_addr >= (uint64_t)c->nr_pages * LA_PAGE_SIZE)
            continue;
        *bit = (uint32_t)(addr - c->base_addr) / LA_PCPU_MIN_ALLOC;
        return addr % LA_PCPU_MIN_ALLOC == 0 && la_pcpu_bit(c->alloc_map, *bit) && la_pcpu_bit(c->bound_map, *bit)
                   ? i + 1
                   : 0;
    }
    return 0;
}

uint32_t la_percpu_size(const struct la_mm *mm, uint64_t ptr)
{
    uint32_t bit = 0, i = find_allocation(mm, ptr, &bit);

    if (i == 0)
        return 0;
    const struct la_pcpu_chunk *c = &mm->pcpu->chunk[i - 1];

    return (la_pcpu_next_set(c->bound_map, c->nr_pages * LA_PCPU_BLOCK_BITS, bit + 1) - bit) * LA_PCPU_MIN_ALLOC;
}

void la_free_percpu(struct la_mm *mm, uint64_t ptr)
{
    uint32_t bit = 0, i = ptr != 0 ? find_allocation(mm, ptr, &bit) : 0;

    if (ptr == 0)
        return;
    if (i == 0) {
        la_oops(mm, "free_percpu of something that is not a per-CPU allocation",
                "The real kernel checks nothing: it would clear bits of whatever chunk it thinks this is.");
        return;
    }
    struct la_pcpu *pcpu = mm->pcpu;
    struct la_pcpu_chunk *c = &pcpu->chunk[i - 1];
    uint32_t old = la_pcpu_slot(pcpu, c), bits = la_pcpu_map_free(pcpu, c, bit);

    la_pcpu_relocate(pcpu, i - 1, old);
    LA_TRACE(mm->trace, PCPU_FREE, bits * LA_PCPU_MIN_ALLOC, ptr, bit * LA_PCPU_MIN_ALLOC);
    if (c->free_bytes == pcpu->unit_size && (c->next != 0 || c->prev != 0))
        pcpu->balance = true;
    la_pcpu_balance(mm);
}
