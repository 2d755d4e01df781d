/*
 * machine.c: the memory that a replay works on: of a given layout, or 256 MiB with room for caches.
 *
 * Recordings of objects say nothing about pages, so any memory with enough of them will do.
 */
#include "verify/internal.h"

#include "mm/slab.h"

enum { PAGES = 1 << 16 };

bool la_verify_memory_make(struct la_verify_memory *m, const struct la_host *host, const struct la_mm_setup *setup)
{
    m->arena = la_arena_new(host, UINT64_C(1) << 30);
    m->trace = la_trace_new(host);
    m->mm = NULL;
    if (!m->arena || !m->trace)
        return false;
    m->trace->on = false;
    m->mm = la_mm_new(m->arena, m->trace, setup);
    return m->mm != NULL;
}

bool la_verify_memory(struct la_verify_memory *m, const struct la_host *host, uint32_t cpus, uint32_t pointer_bytes,
                      bool boot_caches)
{
    struct la_mm_setup setup = {
        .nr_frames = PAGES, .nr_zones = 2, .nr_nodes = 1, .nr_cpus = cpus, .pageblock_order = 9, .pcp = true};
    struct la_slab_rules rules = {.nr_cpus = cpus,
                                  .max_order = 3,
                                  .cache_line = 64,
                                  .pointer_bytes = pointer_bytes,
                                  .nomerge = true,
                                  .freelist_random = true};

    setup.zone[0] = (struct la_zone_setup){LA_ZONE_DMA, 0, 0, 4096};
    setup.zone[1] = (struct la_zone_setup){LA_ZONE_NORMAL, 0, 4096, PAGES - 4096};
    setup.layout =
        (struct la_layout){.pointer_bytes = pointer_bytes, .struct_page_bytes = 64, .image = UINT64_C(0x100000)};
    setup.layout.page_offset = pointer_bytes == 8 ? UINT64_C(0xffff888000000000) : UINT64_C(0xC0000000);
    setup.layout.high_memory = setup.layout.page_offset + ((uint64_t)PAGES << LA_PAGE_SHIFT);
    *m = (struct la_verify_memory){0};
    if (cpus == 0 || cpus > LA_MAX_CPUS || !la_verify_memory_make(m, host, &setup))
        return false;
    la_mm_release(m->mm, 0, PAGES);
    la_mm_start(m->mm);
    return la_kmem_init(m->mm, &rules, 1, boot_caches);
}

void la_verify_memory_free(struct la_verify_memory *m)
{
    la_trace_free(m->trace);
    la_arena_free(m->arena);
    *m = (struct la_verify_memory){0};
}
