/*
 * layout.c: where zones begin and end, and where things lie in the kernel's addresses.
 *
 *     i386    pfn 0       4096                229376
 *             | DMA       | NORMAL            | HIGHMEM ...     real borders: 16 MiB, 896 MiB
 *     virtual C0000000 ------ direct map ---->| vmalloc | mem_map FC.. | image FE.. | kmap FF8..
 *
 *     x86_64  | DMA | DMA32 ............ 4 GiB | NORMAL ...
 *     numa    node 0 | DMA | NORMAL        node 1 | NORMAL       (borders scaled, 64-bit addresses)
 *     slide   | NORMAL |                                         64 pages
 *
 * Zone borders may be scaled so that a machine fits on a screen: sizes by zone, lowest first; the
 * rest of memory is NORMAL's when NORMAL is not named.  Nodes cut memory into equal parts.
 *
 * Deviations:
 *  A. The image and mem_map windows are backed by storage outside the zones, so that a machine
 *     can have every frame free (`"reserved": "0"`).
 *  B. The kernel image is one range from pfn 0 on; a real one starts at 1 MiB or higher and
 *     leaves firmware holes.
 *  C. x86_64 has 4-level tables; the windows of the direct map and of vmalloc start where a
 *     kernel without KASLR puts them.
 *
 * Source: Linux 6.1.192 arch/x86/mm/init.c: zone_sizes_init, arch/x86/include/asm/dma.h,
 * arch/x86/include/asm/pgtable_32_areas.h, pgtable_64_types.h.
 */
#include "machine/layout.h"

#include <string.h>

enum {
    PAGES_16M = 4096,
    PAGES_896M = 229376,
    PAGES_4G = 1048576,
    RESERVED_DEFAULT = 1536, /* 6 MiB: the first MiB and a small kernel */
    SLIDE_PAGES = 64
};

static bool is_64bit(enum la_profile profile)
{
    return profile == LA_PROFILE_X86_64 || profile == LA_PROFILE_NUMA;
}

static bool zones_named(const struct la_machine_config *config)
{
    for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++)
        if (config->zone_pages[type] != LA_CONFIG_DEFAULT)
            return true;
    return false;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Real borders, cut to the memory there is. */
static void real_zones(struct la_machine_config *config)
{
    uint32_t *zone = config->zone_pages, pages = config->pages;

    memset(zone, 0, sizeof config->zone_pages);
    switch (config->profile) {
    case LA_PROFILE_X86_64:
        zone[LA_ZONE_DMA] = min_u32(pages, PAGES_16M);
        zone[LA_ZONE_DMA32] = min_u32(pages, PAGES_4G) - zone[LA_ZONE_DMA];
        zone[LA_ZONE_NORMAL] = pages - min_u32(pages, PAGES_4G);
        break;
    case LA_PROFILE_SLIDE:
        zone[LA_ZONE_NORMAL] = pages;
        break;
    case LA_PROFILE_NUMA:
        zone[LA_ZONE_DMA] = min_u32(pages, PAGES_16M);
        zone[LA_ZONE_NORMAL] = pages - zone[LA_ZONE_DMA];
        break;
    default:
        zone[LA_ZONE_DMA] = min_u32(pages, PAGES_16M);
        zone[LA_ZONE_NORMAL] = min_u32(pages, PAGES_896M) - zone[LA_ZONE_DMA];
        zone[LA_ZONE_HIGHMEM] = pages - min_u32(pages, PAGES_896M);
    }
}

/* Sizes as written; what is not named is 0, but NORMAL takes the rest. */
static const char *scaled_zones(struct la_machine_config *config, const char **hint)
{
    uint64_t sum = 0;
    bool rest = config->zone_pages[LA_ZONE_NORMAL] == LA_CONFIG_DEFAULT;

    for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++) {
        if (config->zone_pages[type] == LA_CONFIG_DEFAULT)
            config->zone_pages[type] = 0;
        sum += config->zone_pages[type];
    }
    if (config->pages == LA_CONFIG_DEFAULT)
        config->pages = sum < LA_CONFIG_DEFAULT ? (uint32_t)sum : 0;
    if (rest && sum < config->pages) {
        config->zone_pages[LA_ZONE_NORMAL] = config->pages - (uint32_t)sum;
        sum = config->pages;
    }
    if (sum == config->pages)
        return NULL;
    *hint = "leave `memory` out, or leave NORMAL out: it then takes the rest";
    return sum > config->pages ? "the zones are larger than the memory" : "the zones are smaller than the memory";
}

static const char *wrong_zone(const struct la_machine_config *config, const char **hint)
{
    const uint32_t *zone = config->zone_pages;

    if (is_64bit(config->profile) && zone[LA_ZONE_HIGHMEM] != 0) {
        *hint = "high memory exists on 32-bit machines only: use the profile \"i386\"";
        return "a 64-bit machine has no HIGHMEM zone";
    }
    if (!is_64bit(config->profile) && zone[LA_ZONE_DMA32] != 0) {
        *hint = "use DMA, NORMAL and HIGHMEM, or the profile \"x86_64\"";
        return "a 32-bit machine has no DMA32 zone";
    }
    if (!is_64bit(config->profile) && zone[LA_ZONE_DMA] + zone[LA_ZONE_NORMAL] > PAGES_896M) {
        *hint = "the kernel's addresses reach 896M; put the rest into HIGHMEM";
        return "DMA and NORMAL together are larger than 896M";
    }
    if (zone[LA_ZONE_DMA] + zone[LA_ZONE_DMA32] + zone[LA_ZONE_NORMAL] == 0) {
        *hint = "give DMA or NORMAL some memory: the kernel itself needs addresses";
        return "there is no low memory";
    }
    return NULL;
}

static uint32_t default_pages(enum la_profile profile)
{
    static const uint32_t mib[LA_NR_PROFILES] = {64, 256, 512, 0};

    return profile == LA_PROFILE_SLIDE ? SLIDE_PAGES : mib[profile] * 256;
}

static const char *resolve(struct la_machine_config *config, const char **key, const char **hint)
{
    const char *message = NULL;

    *key = "zones";
    if (!zones_named(config)) {
        if (config->pages == LA_CONFIG_DEFAULT)
            config->pages = default_pages(config->profile);
        real_zones(config);
    } else {
        message = scaled_zones(config, hint);
    }
    if (!message)
        message = wrong_zone(config, hint);
    if (message)
        return message;
    *key = "memory";
    if (config->pages < 4) {
        *hint = "give the machine at least \"16K\"";
        return "this is too little memory for a machine";
    }
    if (!is_64bit(config->profile) && config->pages > PAGES_4G) {
        *hint = "use the profile \"x86_64\"";
        return "a 32-bit machine can have at most 4G";
    }
    if (config->pages / config->nodes < 4) {
        *hint = "use fewer nodes or more memory";
        return "a node would have less than four pages";
    }
    *key = "reserved";
    if (config->reserved_pages == LA_CONFIG_DEFAULT)
        config->reserved_pages =
            config->profile == LA_PROFILE_SLIDE ? 0 : min_u32(RESERVED_DEFAULT, config->pages / 16);
    if (config->reserved_pages >= config->pages) {
        *hint = "the kernel image must leave memory to allocate";
        return "this is all of the memory";
    }
    if (config->pageblock_order == LA_CONFIG_DEFAULT)
        config->pageblock_order = is_64bit(config->profile) || config->pae ? 9 : 10;
    return NULL;
}

const char *la_machine_config_resolve(struct la_machine_config *config, const char **key, const char **hint)
{
    const char *message = resolve(config, key, hint);

    if (message) {
        const char *ignored_key, *ignored_hint;

        la_machine_config_default(config, config->profile);
        resolve(config, &ignored_key, &ignored_hint);
    }
    return message;
}

/* ---- zones of nodes ---- */

static bool zone_exists(enum la_profile profile, uint32_t type)
{
    switch (type) {
    case LA_ZONE_DMA32:
    case LA_ZONE_DEVICE:
        return is_64bit(profile);
    case LA_ZONE_HIGHMEM:
        return !is_64bit(profile);
    default:
        return true;
    }
}

/* Each zone type's range of pfns, cut by each node's. */
static void place_zones(const struct la_machine_config *config, struct la_mm_setup *setup)
{
    for (uint32_t node = 0; node < config->nodes; node++) {
        uint32_t node_start = (uint32_t)((uint64_t)config->pages * node / config->nodes);
        uint32_t node_end = (uint32_t)((uint64_t)config->pages * (node + 1) / config->nodes);
        uint32_t start = 0;

        for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++) {
            uint32_t end = start + config->zone_pages[type];
            uint32_t from = start > node_start ? start : node_start, to = min_u32(end, node_end);

            start = end;
            if (!zone_exists(config->profile, type))
                continue;
            setup->zone[setup->nr_zones++] = (struct la_zone_setup){
                .type = (enum la_zone_type)type,
                .node = node,
                .start_pfn = from < to ? from : 0,
                .pages = from < to ? to - from : 0,
            };
        }
    }
}

/* ---- windows ---- */

static void layout_32(const struct la_machine_config *config, struct la_layout *layout)
{
    const uint32_t *zone = config->zone_pages;
    uint32_t low = zone[LA_ZONE_HIGHMEM] != 0 ? zone[LA_ZONE_DMA] + zone[LA_ZONE_NORMAL] : config->pages;

    layout->pointer_bytes = 4;
    layout->struct_page_bytes = 32;
    layout->page_offset = 0xC0000000u;
    layout->high_memory = layout->page_offset + (uint64_t)low * LA_PAGE_SIZE;
    layout->vmalloc_start = layout->high_memory + (8u << 20);
    layout->vmalloc_end = 0xFBFFE000u;
    layout->mem_map = 0xFC000000u;
    layout->image = 0xFE000000u;
    layout->image_bytes = LA_IMAGE_BYTES;
    layout->pkmap_base = 0xFF800000u;
    layout->nr_pkmap = config->pae ? 512 : 1024;
    layout->pt_levels = config->pae ? 3 : 2;
    layout->percpu = 0xFE800000u;
}

static void layout_64(const struct la_machine_config *config, struct la_layout *layout)
{
    layout->pointer_bytes = 8;
    layout->struct_page_bytes = 64;
    layout->page_offset = UINT64_C(0xffff888000000000);
    layout->high_memory = layout->page_offset + (uint64_t)config->pages * LA_PAGE_SIZE;
    layout->vmalloc_start = UINT64_C(0xffffc90000000000);
    layout->vmalloc_end = UINT64_C(0xffffe8ffffffffff);
    layout->mem_map = UINT64_C(0xffffea0000000000);
    layout->image = UINT64_C(0xffffffffa0000000);
    layout->image_bytes = LA_IMAGE_BYTES;
    layout->pt_levels = 4;
    layout->percpu = UINT64_C(0xffffffffb0000000);
}

void la_machine_layout(const struct la_machine_config *config, struct la_mm_setup *setup)
{
    memset(setup, 0, sizeof *setup);
    setup->nr_frames = config->pages;
    setup->nr_nodes = config->nodes;
    setup->nr_cpus = config->cpus;
    for (uint32_t cpu = 0; cpu < config->cpus; cpu++)
        setup->cpu_node[cpu] = (uint8_t)(cpu * config->nodes / config->cpus);
    setup->pageblock_order = config->pageblock_order;
    setup->pcp = config->pcp;
    setup->thp = config->thp;
    place_zones(config, setup);
    if (is_64bit(config->profile))
        layout_64(config, &setup->layout);
    else
        layout_32(config, &setup->layout);
}
