/*
 * proc_meminfo.c: /proc/meminfo.
 *
 * Which lines appear depends on the configuration, as on the recorded machines: High and Low on
 * 32-bit, the large direct maps by architecture.
 *
 * Deviations:
 *  A. Things this machine does not have (swap, shared memory, huge pages, page tables of
 *     processes) are 0.  The page cache is inactive file memory, processes are active anonymous.
 *
 * Source: Linux 6.1.192 fs/proc/meminfo.c: meminfo_proc_show; mm/page_alloc.c: si_mem_available.
 */
#include "view/proc_files.h"

#include "mm/slab.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct sums {
    uint64_t managed, free, high_managed, high_free, file, dirty, anon, low, reserve;
    uint64_t reclaimable, unreclaimable;
};

uint64_t la_zone_max_reserve(const struct la_zone *zone)
{
    uint64_t reserve = 0;

    for (uint32_t type = zone->type; type < LA_NR_ZONE_TYPES; type++)
        reserve = zone->lowmem_reserve[type] > reserve ? zone->lowmem_reserve[type] : reserve;
    reserve += la_wmark_pages(zone, LA_WMARK_HIGH);
    return reserve < zone->managed ? reserve : zone->managed;
}

static void count(const struct la_mm *mm, struct sums *sum)
{
    memset(sum, 0, sizeof *sum);
    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        const struct la_zone *zone = &mm->zone[z];

        sum->managed += zone->managed;
        sum->free += zone->nr_free;
        sum->file += zone->nr_file;
        sum->dirty += zone->nr_dirty;
        sum->anon += zone->nr_anon;
        sum->low += zone->mark[LA_WMARK_LOW];
        sum->reserve += la_zone_max_reserve(zone);
        if (zone->type == LA_ZONE_HIGHMEM) {
            sum->high_managed += zone->managed;
            sum->high_free += zone->nr_free;
        }
    }
    for (uint32_t cache = mm->kmem->first; cache != LA_NO_CACHE; cache = mm->kmem->cache[cache].next) {
        const struct la_kmem_cache *s = &mm->kmem->cache[cache];
        uint64_t *to = s->flags & LA_SLAB_RECLAIM_ACCOUNT ? &sum->reclaimable : &sum->unreclaimable;

        *to += (uint64_t)la_cache_nr_slabs(s) << s->order;
    }
}

static uint64_t available(const struct sums *sum)
{
    uint64_t half = sum->file / 2 < sum->low ? sum->file / 2 : sum->low;
    uint64_t slab = sum->reclaimable / 2 < sum->low ? sum->reclaimable / 2 : sum->low;
    uint64_t all = sum->free + (sum->file - half) + (sum->reclaimable - slab);

    return all > sum->reserve ? all - sum->reserve : 0;
}

static void kb(struct la_buf *out, const char *name, uint64_t pages)
{
    char label[32];

    (void)snprintf(label, sizeof label, "%s:", name);
    la_buf_printf(out, "%-16s%8" PRIu64 " kB\n", label, pages << (LA_PAGE_SHIFT - 10));
}

static void zeroes(struct la_buf *out, const char *const *names)
{
    for (; *names; names++)
        kb(out, *names, 0);
}

static void memory_lines(const struct la_mm *mm, const struct sums *sum, struct la_buf *out)
{
    static const char *const swap[] = {"SwapTotal", "SwapFree", "Zswap", "Zswapped", NULL};

    kb(out, "MemTotal", sum->managed);
    kb(out, "MemFree", sum->free);
    kb(out, "MemAvailable", available(sum));
    kb(out, "Buffers", 0);
    kb(out, "Cached", sum->file);
    kb(out, "SwapCached", 0);
    kb(out, "Active", sum->anon);
    kb(out, "Inactive", sum->file);
    kb(out, "Active(anon)", sum->anon);
    kb(out, "Inactive(anon)", 0);
    kb(out, "Active(file)", 0);
    kb(out, "Inactive(file)", sum->file);
    kb(out, "Unevictable", 0);
    kb(out, "Mlocked", 0);
    if (mm->layout.pointer_bytes == 4) {
        kb(out, "HighTotal", sum->high_managed);
        kb(out, "HighFree", sum->high_free);
        kb(out, "LowTotal", sum->managed - sum->high_managed);
        kb(out, "LowFree", sum->free - sum->high_free);
    }
    zeroes(out, swap);
}

static void kernel_lines(const struct la_mm *mm, const struct sums *sum, struct la_buf *out)
{
    static const char *const before[] = {"KernelStack",  "PageTables", "SecPageTables", "NFS_Unstable", "Bounce",
                                         "WritebackTmp", NULL};
    static const char *const middle[] = {"VmallocUsed", "VmallocChunk", "Percpu", NULL};
    static const char *const after[] = {"AnonHugePages", "ShmemHugePages", "ShmemPmdMapped",
                                        "FileHugePages", "FilePmdMapped",  NULL};
    uint64_t vmalloc = (mm->layout.vmalloc_end - mm->layout.vmalloc_start) >> 10;

    kb(out, "Dirty", sum->dirty);
    kb(out, "Writeback", 0);
    kb(out, "AnonPages", sum->anon);
    kb(out, "Mapped", 0);
    kb(out, "Shmem", 0);
    kb(out, "KReclaimable", sum->reclaimable);
    kb(out, "Slab", sum->reclaimable + sum->unreclaimable);
    kb(out, "SReclaimable", sum->reclaimable);
    kb(out, "SUnreclaim", sum->unreclaimable);
    zeroes(out, before);
    kb(out, "CommitLimit", sum->managed / 2);
    kb(out, "Committed_AS", sum->anon);
    la_buf_printf(out, "%-16s%8" PRIu64 " kB\n", "VmallocTotal:", vmalloc);
    zeroes(out, middle);
    la_buf_puts(out, "HardwareCorrupted:     0 kB\n");
    zeroes(out, after);
}

void la_proc_meminfo(const struct la_machine *machine, struct la_buf *out)
{
    const struct la_mm *mm = machine->mm;
    bool large = mm->layout.pointer_bytes == 8, four = !large && mm->pageblock_order == 10; /* 32-bit without PAE */
    struct sums sum;

    count(mm, &sum);
    memory_lines(mm, &sum, out);
    kernel_lines(mm, &sum, out);
    for (uint32_t i = 0; i < 4; i++) {
        static const char *const names[] = {
            "HugePages_Total:", "HugePages_Free:", "HugePages_Rsvd:", "HugePages_Surp:"};

        la_buf_printf(out, "%-16s%8u\n", names[i], 0u);
    }
    kb(out, "Hugepagesize", four ? 1024 : 512);
    kb(out, "Hugetlb", 0);
    kb(out, "DirectMap4k", 0);
    kb(out, four ? "DirectMap4M" : "DirectMap2M", large ? sum.managed : sum.managed - sum.high_managed);
    if (large)
        kb(out, "DirectMap1G", 0);
}
