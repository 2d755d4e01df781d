/*
 * machine.c: making a machine: one arena, memory, boot, and what has been running for a while.
 *
 *     settings -> zones, windows (layout.c)
 *              -> frames of the kernel image reserved, all others released to the buddy
 *              -> zonelists, watermarks, per-CPU lists
 *              -> page cache filled, processes started
 *              -> the program's first statement
 *
 * Invariant: everything the machine is lies in its arena; the trace only hears about it.
 * Cost: a step per 4 MiB block, and one per page of page cache or process.
 *
 * Deviations:
 *  A. Memory goes from "reserved" to the buddy in one step, before the program begins; with the
 *     setting "boot" the program begins earlier and does it by mem_init() (mm/boot.c).
 */
#include "machine/machine.h"

#include "machine/layout.h"
#include "mm/bootmem.h"
#include "mm/init.h"
#include "mm/slab.h"

#include <string.h>

enum { ARENA_LIMIT_MIB = 1024, TAG_IMAGE = 3 };

/* ---- names for the sentences of events ---- */

static void zone_text(const struct la_mm *mm, uint64_t index, struct la_buf *out)
{
    static const char *const names[LA_NR_ZONE_TYPES] = {"ZONE_DMA",     "ZONE_DMA32",   "ZONE_NORMAL",
                                                        "ZONE_HIGHMEM", "ZONE_MOVABLE", "ZONE_DEVICE"};

    if (index >= mm->nr_zones) {
        la_buf_puts(out, "no zone");
        return;
    }
    la_buf_puts(out, names[mm->zone[index].type]);
    if (mm->nr_nodes > 1)
        la_buf_printf(out, " of node %d", mm->zone[index].node);
}

static void name_text(void *ctx, enum la_field_type type, uint64_t value, struct la_buf *out)
{
    static const char *const types[LA_NR_MIGRATETYPES] = {"unmovable", "movable", "reclaimable", "highatomic",
                                                          "isolate"};
    static const char *const marks[LA_NR_WMARK] = {"min", "low", "high", "promo"};

    switch (type) {
    case LA_FT_ZONE:
        zone_text(ctx, value, out);
        break;
    case LA_FT_MT:
        la_buf_puts(out, value < LA_NR_MIGRATETYPES ? types[value] : "?");
        break;
    case LA_FT_GFP:
        la_gfp_print(out, (la_gfp_t)value);
        break;
    case LA_FT_WMARK:
        la_buf_puts(out, value < LA_NR_WMARK ? marks[value] : "?");
        break;
    default:
        break;
    }
}

/* ---- boot ---- */

static void refuse(struct la_diags *diags, const char *key, const char *message, const char *hint)
{
    struct la_span nowhere = {0, 0, 0, 0};

    if (diags)
        la_diags_addf(diags, LA_SEVERE, LA_E_BAD_SETTING, nowhere, hint, "`%s`: %s", key, message);
}

static void warn_short(struct la_diags *diags, const char *what, uint32_t got, uint32_t wanted)
{
    struct la_span nowhere = {0, 0, 0, 0};

    if (diags && got < wanted)
        la_diags_addf(diags, LA_WARNING, LA_E_BAD_SETTING, nowhere, "give the machine more memory, or ask for less",
                      "%s: only %u of %u pages found room above the watermarks", what, (unsigned)got, (unsigned)wanted);
}

static bool make_caches(struct la_machine *machine)
{
    const struct la_machine_config *config = &machine->config;
    struct la_slab_rules rules = {.nr_cpus = machine->mm->nr_cpus,
                                  .max_order = 3,
                                  .cache_line = config->cache_line,
                                  .pointer_bytes = machine->mm->layout.pointer_bytes,
                                  .nomerge = config->slub_nomerge,
                                  .freelist_random = config->freelist_random,
                                  .classic = config->slab_2_6};

    return la_kmem_init(machine->mm, &rules, config->seed, true);
}

static void start_failing(struct la_machine *machine)
{
    const struct la_fail_config *config = &machine->config.fail;
    struct la_fault_attr attr = {.interval = config->interval,
                                 .times = config->times == LA_CONFIG_DEFAULT ? -1 : (int32_t)config->times};
    struct la_fail *fail = &machine->mm->fail;

    *fail = (struct la_fail){.prng = {machine->config.seed},
                             .slab = attr,
                             .page = attr,
                             .min_order = config->min_order,
                             .ignore_gfp_wait = config->ignore_gfp_wait,
                             .ignore_gfp_highmem = config->ignore_gfp_highmem};
    fail->slab.probability = config->slab;
    fail->page.probability = config->page;
}

/* Memory is in the buddy: what a running machine has besides. */
static void start(struct la_machine *machine, struct la_diags *diags)
{
    const struct la_machine_config *config = &machine->config;
    struct la_mm *mm = machine->mm;

    mm->watermark_boost_factor = config->watermark_boost_factor;
    mm->watermark_scale_factor = config->watermark_scale_factor;
    la_mm_start(mm);
    if (config->min_free_kbytes != LA_CONFIG_DEFAULT)
        la_set_min_free_kbytes(mm, config->min_free_kbytes);
    warn_short(diags, "page_cache", la_mm_fill_cache(mm, config->cache_clean_pages, false), config->cache_clean_pages);
    warn_short(diags, "page_cache", la_mm_fill_cache(mm, config->cache_dirty_pages, true), config->cache_dirty_pages);
    for (uint32_t i = 0; i < config->nr_processes; i++) {
        const struct la_process_config *wanted = &config->process[i];
        struct la_process *process = la_mm_add_process(mm, wanted->name, wanted->pages);

        process->exits_at_tick = wanted->exits_at_tick;
        process->oom_score_adj = wanted->oom_score_adj;
        warn_short(diags, wanted->name, process->pages, wanted->pages);
    }
    la_drain_all_pages(mm);
    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        mm->zone[z].watermark_boost = 0;
        mm->zone[z].boosted = false;
        memset(mm->zone[z].numa_stat, 0, sizeof mm->zone[z].numa_stat);
        for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
            mm->zone[z].pcp[cpu].free_factor = 0;
    }
    memset(mm->vm_event, 0, sizeof mm->vm_event);
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        mm->node[n].kswapd_awake = false;
    start_failing(machine);
}

static bool boot(struct la_machine *machine, struct la_diags *diags)
{
    const struct la_machine_config *config = &machine->config;

    if (config->boot)
        return la_boot_begin(machine->mm, config->reserved_pages);
    la_mm_reserve(machine->mm, 0, config->reserved_pages);
    la_mm_release(machine->mm, config->reserved_pages, config->pages);
    start(machine, diags);
    return true;
}

bool la_machine_mem_init(struct la_machine *machine)
{
    bool was_on = machine->trace->on;

    if (!la_booting(machine->mm))
        return false;
    (void)la_boot_end(machine->mm);
    machine->trace->on = false;
    start(machine, NULL);
    machine->trace->on = was_on;
    return true;
}

struct la_machine *la_machine_new(const struct la_host *host, const struct la_machine_config *config,
                                  struct la_trace *trace, struct la_diags *diags)
{
    struct la_machine_config resolved = *config;
    const char *key, *hint, *message = la_machine_config_resolve(&resolved, &key, &hint);
    struct la_mm_setup setup;
    bool was_on = trace->on;

    if (message) {
        refuse(diags, key, message, hint);
        return NULL;
    }
    struct la_arena *arena = la_arena_new(host, (uint64_t)ARENA_LIMIT_MIB << 20);
    struct la_machine *machine = arena ? la_arena_hot(arena, sizeof *machine) : NULL;

    if (!machine) {
        la_arena_free(arena);
        return NULL;
    }
    machine->arena = arena;
    machine->trace = trace;
    machine->config = resolved;
    la_machine_layout(&resolved, &setup);
    trace->on = false; /* nobody watches the boot */
    machine->mm = la_mm_new(arena, trace, &setup);
    machine->image = la_arena_region(arena, LA_IMAGE_BYTES, TAG_IMAGE);
    if (!machine->mm || !machine->image || !make_caches(machine)) {
        trace->on = was_on;
        la_arena_free(arena);
        return NULL;
    }
    trace->names.ctx = machine->mm;
    trace->names.text = name_text;
    bool booted = boot(machine, diags);

    trace->on = was_on;
    if (booted)
        return machine;
    la_arena_free(arena);
    return NULL;
}

void la_machine_free(struct la_machine *machine)
{
    if (machine)
        la_arena_free(machine->arena);
}
