/*
 * kmalloc.c: memory of any size: from a cache of the next larger size, or whole pages.
 *
 *     1..8192 bytes   kmalloc-8 16 32 64 96 128 192 256 512 1k 2k 4k 8k
 *                     __GFP_DMA: dma-kmalloc-N   __GFP_RECLAIMABLE: kmalloc-rcl-N   __GFP_ACCOUNT: kmalloc-cg-N
 *     up to 4 MiB     2^order pages, no slab
 *     0               ZERO_SIZE_PTR, (void *)16: not NULL, and any access faults
 *
 * Powers of two are aligned to their size; 96 and 192 to 8.
 *
 * Cost: a table look-up, then the cache.
 * Source: Linux 6.1.192 mm/slab_common.c: create_kmalloc_caches, kmalloc_slab, __kmalloc_large_node,
 * __ksize, kfree, __do_krealloc; include/linux/slab.h: kmalloc_type, __kmalloc_index.
 */
#include "mm/slab26.h"

#include <stdio.h>
#include <string.h>

static const uint16_t sizes[LA_KMALLOC_INDEXES] = {0, 96, 192, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};
/* the order in which they are made, and so the order of /proc/slabinfo */
static const uint8_t in_order[LA_KMALLOC_INDEXES - 1] = {3, 4, 5, 6, 1, 7, 2, 8, 9, 10, 11, 12, 13};

/* KMALLOC_NOT_NORMAL_BITS */
enum { NOT_NORMAL = LA_GFP_DMA | LA_GFP_RECLAIMABLE | LA_GFP_ACCOUNT };

/* ---- boot ---- */

static uint32_t create_one(struct la_mm *mm, enum la_kmalloc_type type, uint32_t index)
{
    static const char *const prefix[LA_NR_KMALLOC_TYPES] = {"kmalloc", "dma-kmalloc", "kmalloc-cg", "kmalloc-rcl"};
    static const uint32_t flags[LA_NR_KMALLOC_TYPES] = {0, LA_SLAB_CACHE_DMA, LA_SLAB_ACCOUNT, LA_SLAB_RECLAIM_ACCOUNT};
    uint32_t size = sizes[index], align = (size & (size - 1)) == 0 ? size : 8;
    bool nomerge = mm->kmem->rules.nomerge;
    char name[LA_CACHE_NAME];

    (void)snprintf(name, sizeof name, "%s-%u%s", prefix[type], (unsigned)(size >= 1024 ? size / 1024 : size),
                   size >= 1024 ? "k" : "");
    mm->kmem->rules.nomerge = true;
    uint32_t cache = la_kmem_cache_create(mm, name, size, align, LA_SLAB_KMALLOC | flags[type], 0);

    mm->kmem->rules.nomerge = nomerge;
    if (cache == LA_NO_CACHE)
        return cache;
    la_cache(mm, cache)->usersize = size;
    la_cache(mm, cache)->boot = true;
    if (type == LA_KMALLOC_NORMAL)
        la_cache(mm, cache)->refcount = -1;
    return cache;
}

static bool create_type(struct la_mm *mm, enum la_kmalloc_type type)
{
    for (uint32_t i = 0; i < LA_KMALLOC_INDEXES - 1; i++) {
        uint32_t index = in_order[i];

        mm->kmem->kmalloc[type][index] = create_one(mm, type, index);
        if (mm->kmem->kmalloc[type][index] == LA_NO_CACHE)
            return false;
    }
    return true;
}

static uint32_t size_index(uint32_t size)
{
    static const uint8_t small[] = {3, 4, 5, 5, 6, 6, 6, 6, 1, 1, 1, 1, 7, 7, 7, 7, 2, 2, 2, 2, 2, 2, 2, 2};

    return size <= 192 ? small[(size - 1) / 8] : la_fls(size - 1);
}

bool la_create_kmalloc_caches(struct la_mm *mm)
{
    if (mm->kmem->classic)
        return la_slab26_create_sizes(mm);
    if (!create_type(mm, LA_KMALLOC_NORMAL) || !create_type(mm, LA_KMALLOC_CGROUP) ||
        !create_type(mm, LA_KMALLOC_RECLAIM) || !create_type(mm, LA_KMALLOC_DMA))
        return false;
    for (uint32_t i = 0; i < LA_KMALLOC_SMALL / 8; i++)
        mm->kmem->kmalloc_small[i] = (uint8_t)mm->kmem->kmalloc[LA_KMALLOC_NORMAL][size_index(8 * i + 8)];
    return true;
}

/* ---- which cache ---- */

static enum la_kmalloc_type kmalloc_type(la_gfp_t gfp)
{
    if (!(gfp & NOT_NORMAL))
        return LA_KMALLOC_NORMAL;
    if (gfp & LA_GFP_DMA)
        return LA_KMALLOC_DMA;
    return gfp & LA_GFP_RECLAIMABLE ? LA_KMALLOC_RECLAIM : LA_KMALLOC_CGROUP;
}

uint32_t la_kmalloc_slab(const struct la_mm *mm, uint64_t size, la_gfp_t gfp)
{
    if (mm->kmem->classic)
        return la_slab26_size_cache(mm, size, gfp);
    if (size == 0 || size > LA_KMALLOC_MAX_CACHE)
        return LA_NO_CACHE;
    return mm->kmem->kmalloc[kmalloc_type(gfp)][size_index((uint32_t)size)];
}

uint64_t la_kmalloc_size_roundup(const struct la_mm *mm, uint64_t size)
{
    uint32_t cache = la_kmalloc_slab(mm, size, LA_GFP_KERNEL);

    if (cache != LA_NO_CACHE)
        return mm->kmem->cache[cache].object_size;
    return size != 0 && size <= LA_KMALLOC_MAX ? (uint64_t)LA_PAGE_SIZE << la_get_order(size) : size;
}

/* ---- the calls ---- */

/* More than a cache holds: pages, without a slab. */
static LA_RARE uint64_t kmalloc_large(struct la_mm *mm, uint64_t size, la_gfp_t gfp, int32_t nid)
{
    uint32_t order = la_get_order(size);
    la_gfp_t bad = gfp & (LA_GFP_HIGHMEM | LA_GFP_DMA32);

    if (bad)
        la_warning(mm, "Unexpected gfp: zone bits in kmalloc(). Fix your code!",
                   "kmalloc() must return an address: high memory has none.");
    uint32_t pfn = la_alloc_pages(mm, (gfp & ~bad) | LA_GFP_COMP, order, nid);

    if (pfn == LA_NO_PFN)
        return 0;
    LA_TRACE(mm->trace, KMALLOC_LARGE, size, order, pfn);
    return la_pfn_to_virt(mm, pfn);
}

/* Tells, and serves what no cache serves. */
static LA_APART uint64_t kmalloc(struct la_mm *mm, uint64_t size, la_gfp_t gfp, int32_t nid)
{
    if (mm->kmem->classic)
        return la_slab26_kmalloc(mm, size, gfp);
    if (size == 0) {
        LA_TRACE(mm->trace, KMALLOC_ZERO, LA_ZERO_SIZE_PTR);
        return LA_ZERO_SIZE_PTR;
    }
    uint32_t cache = la_kmalloc_slab(mm, size, gfp);

    if (cache == LA_NO_CACHE)
        return kmalloc_large(mm, size, gfp, nid);
    struct la_kmem_cache *s = la_cache(mm, cache);

    LA_TRACE(mm->trace, KMALLOC, size, s->size, la_trace_text(mm->trace, s->name));
    return la_slab_alloc(mm, s, gfp, nid);
}

uint64_t la_kmalloc(struct la_mm *mm, uint64_t size, la_gfp_t gfp, int32_t nid)
{
    uint64_t eighth = (size - 1) / 8; /* huge for 0 */

    if (eighth >= LA_KMALLOC_SMALL / 8 || (gfp & NOT_NORMAL) || mm->trace->on)
        return kmalloc(mm, size, gfp, nid);
    uint32_t cache = mm->kmem->kmalloc_small[eighth];

    return cache == LA_MAX_CACHES ? kmalloc(mm, size, gfp, nid) : la_slab_alloc(mm, la_cache(mm, cache), gfp, nid);
}

/* The head of the large block at @addr; LA_NO_PFN when there is none. */
static uint32_t large_block(const struct la_mm *mm, uint64_t addr)
{
    uint32_t pfn = la_virt_to_pfn(mm, addr);

    if (pfn == LA_NO_PFN || addr % LA_PAGE_SIZE != 0 || mm->frame[pfn].kind != LA_FRAME_KERNEL)
        return LA_NO_PFN;
    return pfn;
}

/* kfree of what is in no slab. */
static LA_RARE void kfree_large(struct la_mm *mm, uint64_t addr)
{
    uint32_t pfn = mm->kmem->classic ? LA_NO_PFN : large_block(mm, addr);
    char text[100];

    if (addr == 0 || (addr <= LA_ZERO_SIZE_PTR && !mm->kmem->classic)) {
        LA_TRACE(mm->trace, KFREE_NOTHING, la_trace_text(mm->trace, addr == 0 ? "NULL" : "ZERO_SIZE_PTR"));
        return;
    }
    if (pfn != LA_NO_PFN) {
        bool compound = mm->frame[pfn].flags & LA_FRAME_F_COMPOUND;

        (void)snprintf(text, sizeof text, "WARNING: object pointer: 0x%0*llx", la_digits(mm), (unsigned long long)addr);
        if (!compound)
            la_warning(
                mm, text,
                "This page did not come from kmalloc(): use free_page() or free_pages(). kfree() gives one page back.");
        la_free_pages(mm, pfn, compound ? mm->frame[pfn].order : 0);
        return;
    }
    (void)snprintf(text, sizeof text, "kfree of 0x%0*llx, which did not come from kmalloc()", la_digits(mm),
                   (unsigned long long)addr);
    la_oops(mm, text,
            "The real kernel computes a struct page from any address: outside of the direct map it faults, inside it "
            "may free somebody else's page. Nothing is freed here.");
}

/* kfree of what is not in the first page of a slab. */
static LA_APART void kfree_elsewhere(struct la_mm *mm, uint64_t addr)
{
    uint32_t index = la_slab_of(mm, addr);

    if (index == LA_NO_SLAB)
        kfree_large(mm, addr);
    else
        la_kmem_cache_free(mm, la_slab_at(mm, index)->cache, addr);
}

void la_kfree(struct la_mm *mm, uint64_t addr)
{
    const struct la_frame *frame = la_frame_at(mm, addr);

    if (!frame || frame->kind != LA_FRAME_SLAB || mm->kmem->classic) {
        kfree_elsewhere(mm, addr);
        return;
    }
    struct la_slab *slab = la_slab_write(mm, frame->use);

    la_slab_free(mm, la_cache(mm, slab->cache), slab, frame->use, frame->content, addr);
}

uint64_t la_ksize(struct la_mm *mm, uint64_t addr)
{
    uint32_t index = la_virt_to_slab(mm, addr, NULL), pfn;

    if (addr <= LA_ZERO_SIZE_PTR)
        return 0;
    if (index != LA_NO_SLAB)
        return la_slab_ksize(la_cache(mm, la_slab_at(mm, index)->cache));
    pfn = large_block(mm, addr);
    return pfn == LA_NO_PFN ? 0 : (uint64_t)LA_PAGE_SIZE << mm->frame[pfn].order;
}

static void copy(struct la_mm *mm, uint64_t to, uint64_t from, uint64_t len)
{
    unsigned char bytes[256];

    for (uint64_t at = 0; at < len; at += sizeof bytes) {
        uint32_t n = len - at < sizeof bytes ? (uint32_t)(len - at) : (uint32_t)sizeof bytes;

        la_mem_read(mm, from + at, bytes, n);
        la_mem_write(mm, to + at, bytes, n);
    }
}

uint64_t la_krealloc(struct la_mm *mm, uint64_t addr, uint64_t size, la_gfp_t gfp)
{
    uint64_t old = la_ksize(mm, addr);

    if (size == 0) {
        la_kfree(mm, addr);
        return LA_ZERO_SIZE_PTR;
    }
    if (addr > LA_ZERO_SIZE_PTR && old >= size) {
        LA_TRACE(mm->trace, KREALLOC_STAYS, addr, old, size);
        return addr;
    }
    uint64_t fresh = la_kmalloc(mm, size, gfp, LA_NO_NODE);

    if (fresh != 0 && addr > LA_ZERO_SIZE_PTR) {
        copy(mm, fresh, addr, old);
        la_kfree(mm, addr);
    }
    return fresh;
}
