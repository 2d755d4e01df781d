/*
 * slab26_kmalloc.c: kmalloc of 2.6: caches for everything up to 128 KiB, and nothing beyond.
 *
 *     size-32 size-64 (size-96) size-128 (size-192) size-256 ... size-131072, each also as size-N(DMA)
 *     kmalloc(0) is an object of 32 bytes; kmalloc(128 KiB + 1) is NULL
 *
 * size-96 exists where a cache line is shorter than 64 bytes, size-192 where it is shorter than 128.
 *
 * Cost: a walk over the sizes.
 * Source: Linux 2.6.11 include/linux/kmalloc_sizes.h; mm/slab.c: __kmalloc, kmem_cache_init.
 */
#include "mm/slab26.h"

#include <stdio.h>

static const uint32_t sizes[LA_SLAB26_SIZES] = {32,   64,   96,   128,   192,   256,   512,   1024,
                                                2048, 4096, 8192, 16384, 32768, 65536, 131072};

static bool exists(const struct la_mm *mm, uint32_t i)
{
    uint32_t line = mm->kmem->rules.cache_line;

    return sizes[i] == 96 ? line < 64 : sizes[i] != 192 || line < 128;
}

static bool create_one(struct la_mm *mm, uint32_t i, uint32_t dma)
{
    struct la_kmem26 *k = mm->kmem->classic;
    char name[LA_CACHE_NAME];

    (void)snprintf(name, sizeof name, dma ? "size-%u(DMA)" : "size-%u", (unsigned)sizes[i]);
    uint32_t cache =
        la_slab26_create(mm, name, sizes[i], 0, LA_SLAB_HWCACHE_ALIGN | (dma ? LA_SLAB_CACHE_DMA : 0), 0, 0);

    k->size[dma][i] = cache;
    if (cache == LA_NO_CACHE)
        return false;
    la_cache(mm, cache)->boot = true;
    if (!dma && !la_cache26_at(mm, cache)->off_slab) /* these can hold the management of others */
        k->offslab_limit = (sizes[i] - (mm->layout.pointer_bytes == 4 ? 24u : 40u)) / 2;
    return true;
}

bool la_slab26_create_sizes(struct la_mm *mm)
{
    for (uint32_t i = 0; i < LA_SLAB26_SIZES; i++)
        for (uint32_t dma = 0; dma < 2; dma++) {
            mm->kmem->classic->size[dma][i] = LA_NO_CACHE;
            if (exists(mm, i) && !create_one(mm, i, dma))
                return false;
        }
    return true;
}

uint32_t la_slab26_size_cache(const struct la_mm *mm, uint64_t size, la_gfp_t gfp)
{
    const uint32_t *cache = mm->kmem->classic->size[gfp & LA_GFP_DMA ? 1 : 0];

    for (uint32_t i = 0; i < LA_SLAB26_SIZES; i++)
        if (size <= sizes[i] && cache[i] != LA_NO_CACHE)
            return cache[i];
    return LA_NO_CACHE;
}

uint64_t la_slab26_kmalloc(struct la_mm *mm, uint64_t size, la_gfp_t gfp)
{
    uint32_t cache = la_slab26_size_cache(mm, size, gfp);

    if (cache == LA_NO_CACHE) {
        LA_TRACE(mm->trace, KMALLOC_TOO_LARGE, size, LA_SLAB26_MAX);
        return 0;
    }
    LA_TRACE(mm->trace, KMALLOC, size, la_cache(mm, cache)->size, la_trace_text(mm->trace, la_cache(mm, cache)->name));
    return la_slab26_alloc(mm, cache, gfp);
}
