/*
 * config.h: the settings of a machine, as a lesson writes them.
 *
 *     {"profile":"i386", "memory":"1G", "zones":{"DMA":"16M"}, "cpus":2, "page_cache":"64M"}
 *         |
 *         v  la_machine_config_parse: every key optional, an unknown one is an error
 *     struct la_machine_config  --la_machine_new-->  a booted machine
 *
 * Sizes are text ("64M", "256K", "1G") or a number of bytes; a size must be whole pages.
 */
#ifndef LA_MACHINE_CONFIG_H
#define LA_MACHINE_CONFIG_H

#include "base/diag.h"
#include "mm/zone.h"

#include <stdbool.h>
#include <stdint.h>

enum la_profile { LA_PROFILE_I386, LA_PROFILE_X86_64, LA_PROFILE_NUMA, LA_PROFILE_SLIDE, LA_NR_PROFILES };

enum { LA_CONFIG_NAME = 16, LA_CONFIG_PROCESSES = 32, LA_CONFIG_DEVICES = 8 };

/* "the default": each setting is then worked out from profile and memory */
#define LA_CONFIG_DEFAULT UINT32_MAX

struct la_process_config {
    char name[LA_CONFIG_NAME];
    uint32_t pages;
    uint32_t exits_at_tick; /* 0 = never */
    int32_t oom_score_adj;  /* -1000..1000; -1000 = never killed */
};

struct la_device_config {
    char name[LA_CONFIG_NAME];
    uint64_t bar; /* physical address of its registers */
    uint32_t bytes;
};

/* "fail": which allocations fail on purpose (mm/fail.h) */
struct la_fail_config {
    uint32_t slab, page; /* percent */
    uint32_t interval;   /* 1 = any call may fail */
    uint32_t times;      /* failures of each kind; LA_CONFIG_DEFAULT = no limit */
    uint32_t min_order;
    bool ignore_gfp_wait, ignore_gfp_highmem;
};

struct la_machine_config {
    enum la_profile profile;
    uint32_t pages; /* memory; all nodes together; LA_CONFIG_DEFAULT = by zones or profile */
    uint32_t cpus, nodes;
    uint32_t zone_pages[LA_NR_ZONE_TYPES]; /* scaled sizes; all LA_CONFIG_DEFAULT = real borders */
    uint32_t reserved_pages;               /* kernel image; LA_CONFIG_DEFAULT = plausible */
    uint32_t min_free_kbytes;              /* LA_CONFIG_DEFAULT = the kernel's formula */
    uint32_t watermark_boost_factor;       /* default 15000 */
    uint32_t watermark_scale_factor;       /* default 10 */
    uint32_t pageblock_order;              /* LA_CONFIG_DEFAULT = 9, on i386 10 */
    bool thp, pcp, pae;
    bool boot;                                     /* the program begins before mem_init() */
    uint32_t cache_clean_pages, cache_dirty_pages; /* page-cache fill */
    uint32_t nr_processes;
    struct la_process_config process[LA_CONFIG_PROCESSES];
    uint32_t nr_devices;
    struct la_device_config device[LA_CONFIG_DEVICES];
    uint32_t cache_line; /* bytes, default 64 */
    bool freelist_random;                    /* new slabs link their objects in an order by `seed` */
    bool slab_2_6;                           /* the SLAB of 2.6 instead of SLUB */
    bool slub_nomerge;                       /* caches of the same size stay apart */
    uint64_t seed;
    struct la_fail_config fail;
};

/** The settings of @profile when a lesson says nothing else. */
void la_machine_config_default(struct la_machine_config *config, enum la_profile profile);
/**
 * Read a `json machine` block.  @json may be empty (all defaults).  @first_line: the line of the
 * lesson its first byte lies on (1 when it stands alone); messages count from there.
 * Return: false when anything was wrong; @config is then still complete and usable
 * (wrong values are left at their default), and @diags says what and where.
 */
bool la_machine_config_parse(struct la_machine_config *config, const char *json, size_t len, uint32_t first_line,
                             struct la_diags *diags);
/**
 * Fill in every LA_CONFIG_DEFAULT and check that the settings fit together.
 * Return: NULL, or what is wrong; then @key names the setting and @hint what to do, and @config
 * has been set back to the defaults of its profile.
 */
const char *la_machine_config_resolve(struct la_machine_config *config, const char **key, const char **hint);
/** Read a size: digits with K, M, G or nothing.  False when it is not one or passes 2^62. */
bool la_parse_size(const char *text, uint64_t *bytes);
/* A row of setting.def. */
struct la_setting {
    const char *name, *example, *help;
};

/** All settings that a `json machine` block may have; @nr: how many. */
const struct la_setting *la_machine_settings(uint32_t *nr);
/** "i386" "x86_64" "numa" "slide". */
const char *la_profile_name(enum la_profile profile);

#endif
