/*
 * boot.c: the section about the boot phase: the bitmap of 2.6, memblock's two lists, the hand-over.
 *
 *     bootmem    runs of pages with the same bit: [[pfn, pages, reserved], …]
 *     memblock   regions of memory and of reserved memory, byte by byte
 *
 * Cost: the bitmap is read once as a whole until mem_init() (the boot phase changes little else);
 * afterwards nothing is.  Lists are bounded.
 */
#include "mm/bootmem.h"

#include "view/view.h"

enum { RUNS_MAX = 256, GOAL = 16 << 20 /* __pa(MAX_DMA_ADDRESS) */ };

static void run_json(struct la_json *w, uint32_t pfn, uint32_t pages, bool reserved)
{
    la_json_arr(w);
    la_json_uint(w, pfn);
    la_json_uint(w, pages);
    la_json_uint(w, reserved);
    la_json_end(w);
}

static void bitmap(const struct la_bootmem *b, struct la_json *w)
{
    uint32_t from = 0, runs = 0;

    la_json_key(w, "bitmap");
    la_json_arr(w);
    for (uint32_t pfn = 1; pfn <= b->low_pfn && runs < RUNS_MAX; pfn++) {
        /* 64 equal bits at once */
        while (pfn % 64 == 0 && pfn + 64 <= b->low_pfn && b->map[pfn / 64] == (la_bootmem_is_reserved(b, from) ? UINT64_MAX : 0))
            pfn += 64;
        if (pfn < b->low_pfn && la_bootmem_is_reserved(b, pfn) == la_bootmem_is_reserved(b, from))
            continue;
        run_json(w, from, pfn - from, la_bootmem_is_reserved(b, from));
        runs++;
        from = pfn;
    }
    la_json_end(w);
}

static void regions(const char *key, const struct la_memblock_type *type, struct la_json *w)
{
    la_json_key(w, key);
    la_json_arr(w);
    for (uint32_t i = 0; i < type->cnt; i++) {
        if (type->region[i].size == 0)
            continue;
        la_json_obj(w);
        la_json_khex(w, "base", type->region[i].base);
        la_json_khex(w, "size", type->region[i].size);
        la_json_kint(w, "nid", type->region[i].nid);
        la_json_end(w);
    }
    la_json_end(w);
}

void la_view_boot(const struct la_timeline *t, struct la_json *w)
{
    const struct la_boot *boot = t->machine->mm->boot;

    la_json_kstr(w, "phase", !boot ? "none" : boot->over ? "over" : "booting");
    if (!boot)
        return;
    la_json_kuint(w, "low_pfn", boot->bootmem.low_pfn);
    la_json_khex(w, "goal", GOAL);
    la_json_kuint(w, "last_pos", boot->bootmem.last_pos);
    la_json_kuint(w, "last_offset", boot->bootmem.last_offset);
    la_json_khex(w, "last_success", boot->bootmem.last_success);
    bitmap(&boot->bootmem, w);
    la_json_kbool(w, "bottom_up", boot->memblock.bottom_up);
    regions("memory", &boot->memblock.memory, w);
    regions("reserved", &boot->memblock.reserved, w);
}
