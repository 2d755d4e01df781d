/*
 * percpu_trace.c: replay alloc_percpu and free_percpu on recorded chunks.
 *
 *     initial_chunks -> maps, hints, lists
 *     op 0, op 1, …  -> NULL or not, offset in which chunk, slot and free bytes of the chunk after it
 *     "chunks"       -> free bytes, slot, hints of the whole chunk, pages
 *     percpu_stats   -> only the first chunks: unit layout, and hints against the allocations listed
 *
 * Deviations:
 *  A. Hints of single pages are not recorded: they are worked out from the allocations.  A recorded
 *     scan hint can make the kernel skip a hole that is taken here, and the other way round; such a
 *     place is counted as explained and the replay goes on from the recorded one.
 *  B. When the kernel's worker came is not recorded, so numbers of populated pages that only it can
 *     have changed are counted as explained.
 *
 * Source of the format: the recordings' README.
 */
#include "mm/percpu.h"
#include "mm/vmalloc.h"
#include "verify/internal.h"

#include <stdlib.h>
#include <string.h>

enum { PAGES = 65536, HANDLES_MAX = 65536 };

struct pc_replay {
    struct la_verify *v;
    struct la_verify_memory m;
    struct la_mm *mm;                  /* of m */
    uint64_t *ptr;                     /* by handle */
    uint64_t base[LA_PCPU_MAX_CHUNKS]; /* recorded base_addr of our chunk; 0 = none */
};

static uint64_t hex(const cJSON *object, const char *key)
{
    const char *text = la_cjson_string(la_cjson_get(object, key));

    return text ? strtoull(text, NULL, 16) : 0;
}

static bool make_mm(struct pc_replay *r, const cJSON *recording)
{
    int64_t cpus = la_verify_number(recording, "nr_units", 1);
    struct la_mm_setup setup = {.nr_frames = PAGES, .nr_zones = 1, .nr_nodes = 1, .pageblock_order = 9, .pcp = true};

    setup.nr_cpus = cpus >= 1 && cpus <= LA_MAX_CPUS ? (uint32_t)cpus : 1;
    setup.zone[0] = (struct la_zone_setup){.type = LA_ZONE_NORMAL, .pages = PAGES};
    setup.layout = (struct la_layout){.pointer_bytes = 8,
                                      .page_offset = UINT64_C(0xffff888000000000),
                                      .high_memory = UINT64_C(0xffff888010000000),
                                      .vmalloc_start = UINT64_C(0xffffc90000000000),
                                      .vmalloc_end = UINT64_C(0xffffe8ffffffffff),
                                      .percpu = UINT64_C(0xffffffffb0000000),
                                      .pt_levels = 4};
    r->ptr = la_host_alloc(r->v->host, HANDLES_MAX * sizeof *r->ptr);
    if (!la_verify_memory_make(&r->m, r->v->host, &setup) || !r->ptr)
        return false;
    r->mm = r->m.mm;
    la_mm_release(r->mm, 0, PAGES);
    la_mm_start(r->mm);
    return la_pcpu_get(r->mm) != NULL;
}

/* ---- chunks ---- */

static void set_md(struct la_pcpu_block *b, const cJSON *md)
{
    b->scan_hint = (uint32_t)la_verify_number(md, "scan_hint", 0);
    b->scan_hint_start = (uint32_t)la_verify_number(md, "scan_hint_start", 0);
    b->contig_hint = (uint32_t)la_verify_number(md, "contig_hint", 0);
    b->contig_hint_start = (uint32_t)la_verify_number(md, "contig_hint_start", 0);
    b->left_free = (uint32_t)la_verify_number(md, "left_free", 0);
    b->right_free = (uint32_t)la_verify_number(md, "right_free", 0);
    b->first_free = (uint32_t)la_verify_number(md, "first_free", 0);
}

/* A chunk of the kernel's that ours does not have yet. */
static uint32_t adopt_chunk(struct pc_replay *r, const cJSON *row)
{
    struct la_pcpu *pcpu = r->mm->pcpu;

    if (strcmp(la_cjson_string(la_cjson_get(row, "kind")), "first") == 0)
        return pcpu->first + 1;
    return la_verify_number(row, "nr_pages", 0) * LA_PAGE_SIZE == pcpu->unit_size ? la_pcpu_create_chunk(r->mm) : 0;
}

static void seed_chunk(struct pc_replay *r, const cJSON *row)
{
    struct la_pcpu *pcpu = r->mm->pcpu;
    const char *kind = la_cjson_string(la_cjson_get(row, "kind"));
    const cJSON *pair, *md = la_cjson_get(row, "chunk_md"), *page;

    if (!kind || strcmp(kind, "reserved") == 0)
        return;
    uint32_t number = adopt_chunk(r, row);

    if (number == 0)
        return;
    struct la_pcpu_chunk *c = &pcpu->chunk[number - 1];
    uint32_t end = c->nr_pages * LA_PCPU_BLOCK_BITS;

    cJSON_ArrayForEach(pair, la_cjson_get(row, "allocs"))
    {
        uint64_t at = 0, bytes = 0;

        if (!la_cjson_uint(cJSON_GetArrayItem(pair, 0), 1 << 21, &at) ||
            !la_cjson_uint(cJSON_GetArrayItem(pair, 1), 1 << 21, &bytes) || bytes < 4 || (at + bytes) / 4 > end ||
            la_pcpu_next_set(c->alloc_map, (uint32_t)(at + bytes) / 4, (uint32_t)at / 4) < (at + bytes) / 4)
            continue;
        la_pcpu_map_take(pcpu, c, (uint32_t)at / 4, (uint32_t)bytes / 4);
    }
    cJSON_ArrayForEach(page, la_cjson_get(row, "populated_pages"))
    {
        uint64_t n = 0;

        if (la_cjson_uint(page, c->nr_pages - 1, &n) && !la_pcpu_bit(c->populated, (uint32_t)n))
            (void)la_pcpu_populate(r->mm, number - 1, (uint32_t)n, (uint32_t)n + 1);
    }
    pcpu->nr_empty_pop_pages -= c->nr_empty_pop_pages;
    c->nr_empty_pop_pages = (int32_t)la_verify_number(row, "nr_empty_pop_pages", 0);
    pcpu->nr_empty_pop_pages += c->nr_empty_pop_pages;
    if (md)
        set_md(&c->chunk_md, md);
    la_pcpu_move(pcpu, number - 1, UINT32_MAX, true);
    uint32_t slot = (uint32_t)la_verify_number(row, "slot", 0);

    la_pcpu_move(pcpu, number - 1, slot <= pcpu->free_slot ? slot : 0, false);
    r->base[number - 1] = hex(row, "base_addr");
}

static uint32_t chunk_of_base(const struct pc_replay *r, uint64_t base)
{
    for (uint32_t i = 0; i < LA_PCPU_MAX_CHUNKS; i++)
        if (base != 0 && r->base[i] == base && r->mm->pcpu->chunk[i].used)
            return i;
    return UINT32_MAX;
}

/* ---- comparing ---- */

static void compare_md(struct pc_replay *r, const struct la_pcpu_block *b, const cJSON *md)
{
    (void)la_verify_value(r->v, "contig_hint", b->contig_hint, la_verify_number(md, "contig_hint", -1));
    (void)la_verify_value(r->v, "contig_hint_start", b->contig_hint_start,
                          la_verify_number(md, "contig_hint_start", -1));
    (void)la_verify_value(r->v, "first_free", b->first_free, la_verify_number(md, "first_free", -1));
    (void)la_verify_value(r->v, "left_free", b->left_free, la_verify_number(md, "left_free", -1));
    (void)la_verify_value(r->v, "right_free", b->right_free, la_verify_number(md, "right_free", -1));
    int64_t scan = la_verify_number(md, "scan_hint", -1);

    if (b->scan_hint == scan)
        (void)la_verify_value(r->v, "scan_hint", b->scan_hint, scan);
    else
        la_verify_explained(r->v, 'A', "scan_hint", b->scan_hint, scan);
}

static void compare_pages(struct pc_replay *r, const char *what, int64_t have, int64_t want)
{
    if (have == want)
        (void)la_verify_value(r->v, what, have, want);
    else
        la_verify_explained(r->v, 'B', what, have, want);
}

static void compare_chunks(struct pc_replay *r, const cJSON *chunks)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, chunks)
    {
        const char *kind = la_cjson_string(la_cjson_get(row, "kind"));
        uint32_t i = chunk_of_base(r, hex(row, "base_addr"));

        if (!kind || strcmp(kind, "reserved") == 0)
            continue;
        if (i == UINT32_MAX) {
            la_verify_explained(r->v, 'B', "chunk", 0, 1);
            continue;
        }
        const struct la_pcpu_chunk *c = &r->mm->pcpu->chunk[i];

        (void)la_verify_value(r->v, "free bytes", c->free_bytes, la_verify_number(row, "free_bytes", -1));
        (void)la_verify_value(r->v, "slot", c->slot, la_verify_number(row, "slot", -1));
        compare_md(r, &c->chunk_md, la_cjson_get(row, "chunk_md"));
        compare_pages(r, "populated pages", c->nr_populated, la_verify_number(row, "nr_populated", -1));
        compare_pages(r, "empty pages", c->nr_empty_pop_pages, la_verify_number(row, "nr_empty_pop_pages", -1));
    }
}

/* ---- one op ---- */

static la_gfp_t gfp_of(const char *name)
{
    const struct la_gfp_name *row = name ? la_gfp_find(name) : NULL;

    return row ? row->value : LA_GFP_KERNEL;
}

/* Ours lies elsewhere: put it where the kernel's is. */
static uint64_t move_to(struct pc_replay *r, uint64_t ptr, uint32_t chunk, uint32_t offset, uint32_t bytes)
{
    struct la_pcpu *pcpu = r->mm->pcpu;
    struct la_pcpu_chunk *c = &pcpu->chunk[chunk];
    uint32_t bit = offset / 4, end = (offset + bytes) / 4, old;

    la_free_percpu(r->mm, ptr);
    if (end > c->nr_pages * LA_PCPU_BLOCK_BITS || la_pcpu_next_set(c->alloc_map, end, bit) < end)
        return 0;
    old = la_pcpu_slot(pcpu, c);
    la_pcpu_map_take(pcpu, c, bit, bytes / 4);
    la_pcpu_relocate(pcpu, chunk, old);
    return c->base_addr + offset - pcpu->base_addr;
}

static void replay_alloc(struct pc_replay *r, const cJSON *op)
{
    struct la_pcpu *pcpu = r->mm->pcpu;
    uint64_t size = (uint64_t)la_verify_number(op, "size", 0);
    uint64_t ptr = la_alloc_percpu(r->mm, size, (uint64_t)la_verify_number(op, "align", 0),
                                   gfp_of(la_cjson_string(la_cjson_get(op, "gfp"))) | LA_GFP_NOWARN);
    uint32_t h = (uint32_t)la_verify_number(op, "h", 0), chunk = chunk_of_base(r, hex(op, "chunk_base"));
    int64_t offset = la_verify_number(op, "offset_in_chunk", -1);
    bool wanted = hex(op, "ptr") != 0;

    (void)la_verify_value(r->v, "not NULL", ptr != 0, wanted);
    if (ptr != 0 && wanted && chunk == UINT32_MAX) { /* a chunk that both have just made */
        for (uint32_t i = 0; i < LA_PCPU_MAX_CHUNKS; i++) {
            const struct la_pcpu_chunk *c = &pcpu->chunk[i];
            uint64_t at = ptr + pcpu->base_addr;

            if (c->used && r->base[i] == 0 && at >= c->base_addr && at < c->base_addr + pcpu->unit_size) {
                r->base[i] = hex(op, "chunk_base");
                chunk = i;
            }
        }
    }
    if (ptr != 0 && wanted && chunk != UINT32_MAX && offset >= 0) {
        const struct la_pcpu_chunk *c = &pcpu->chunk[chunk];
        uint64_t want = c->base_addr + (uint64_t)offset - pcpu->base_addr;

        if (want == ptr)
            (void)la_verify_value(r->v, "offset", (int64_t)(ptr + pcpu->base_addr - c->base_addr), offset);
        else {
            la_verify_explained(r->v, 'A', "offset", (int64_t)(ptr + pcpu->base_addr - c->base_addr), offset);
            ptr = move_to(r, ptr, chunk, (uint32_t)offset, la_percpu_size(r->mm, ptr));
        }
        (void)la_verify_value(r->v, "slot", c->slot, la_verify_number(op, "chunk_slot_after", -1));
        (void)la_verify_value(r->v, "free bytes", c->free_bytes, la_verify_number(op, "chunk_free_bytes", -1));
    }
    if (h < HANDLES_MAX)
        r->ptr[h] = ptr;
}

static void replay_op(struct pc_replay *r, const cJSON *op)
{
    const char *name = la_cjson_string(la_cjson_get(op, "op"));
    uint32_t h = (uint32_t)la_verify_number(op, "h", HANDLES_MAX);

    if (name && strcmp(name, "alloc") == 0) {
        replay_alloc(r, op);
    } else if (name && strcmp(name, "free") == 0 && h < HANDLES_MAX && r->ptr[h] != 0) {
        la_free_percpu(r->mm, r->ptr[h]);
        r->ptr[h] = 0;
    } else if (name && strcmp(name, "chunks") == 0) {
        compare_chunks(r, la_cjson_get(op, "chunks"));
    }
}

static void compare_layout(struct pc_replay *r, const cJSON *recording)
{
    const struct la_pcpu *pcpu = r->mm->pcpu;

    (void)la_verify_value(r->v, "unit size", pcpu->unit_size, la_verify_number(recording, "unit_size", -1));
    (void)la_verify_value(r->v, "units", pcpu->nr_units, la_verify_number(recording, "nr_units", -1));
    (void)la_verify_value(r->v, "atom size", pcpu->atom_size, la_verify_number(recording, "atom_size", -1));
    (void)la_verify_value(r->v, "slot of free chunks", pcpu->free_slot, la_verify_number(recording, "free_slot", -1));
    for (uint32_t cpu = 0; cpu < pcpu->nr_units; cpu++)
        (void)la_verify_value(r->v, "offset of a unit", (int64_t)cpu * pcpu->unit_size,
                              la_verify_int(cJSON_GetArrayItem(la_cjson_get(recording, "unit_offsets"), (int)cpu), -1));
}

void la_verify_percpu_trace(struct la_verify *v, const cJSON *recording)
{
    struct pc_replay r = {.v = v};
    const cJSON *ops = la_cjson_get(recording, "ops"), *row;

    (void)strcpy(v->report->kind, ops ? "percpu trace" : "percpu stats");
    v->where = "op";
    if (make_mm(&r, recording)) {
        const cJSON *chunks = la_cjson_get(recording, ops ? "initial_chunks" : "chunks");

        r.mm->pcpu->no_worker = true;
        compare_layout(&r, recording);
        cJSON_ArrayForEach(row, chunks) seed_chunk(&r, row);
        if (!ops)
            compare_chunks(&r, chunks);
        cJSON_ArrayForEach(row, ops)
        {
            replay_op(&r, row);
            v->index++;
        }
        if (ops)
            compare_chunks(&r, la_cjson_get(recording, "final_chunks"));
    } else {
        la_buf_puts(&v->report->text, "out of memory\n");
        v->report->differ++;
    }
    la_host_free(v->host, r.ptr, HANDLES_MAX * sizeof *r.ptr);
    la_verify_memory_free(&r.m);
}
