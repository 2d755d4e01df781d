/*
 * zones.c: watermarks, protection and per-CPU list sizes of recorded machines, from the formulas.
 *
 *     {"snapshots": […]}  the sysctls were rewritten: everything follows from the managed pages shown
 *     {"zones": […]}      straight after boot: the marks were computed while the kernel's own init
 *                         memory and the initrd still counted as used
 *
 * For the second kind the kernel's messages tell how much was given back later:
 *
 *     "Freeing initrd memory: 1072K"                  the zone at the top of memory below 4 GiB
 *     "Freeing unused kernel image (initmem)…"        the zone above 16 MiB that holds the image
 *
 * Subtracting that from the managed pages shown gives what the formulas saw, to the page.
 * A kernel with huge pages built in but switched off computes min_free_kbytes a second time, when
 * the marks are no longer 0; the same is done here when the command line says so.
 *
 * Compared: min_free_kbytes (boot only: a rewrite sets it), min, low, high, protection, and each
 * CPU's high and batch.  Source of the formulas: core/mm/watermark.c and core/mm/pcp.c.
 */
#include "verify/internal.h"

#include <stdlib.h>
#include <string.h>

struct machine_replay {
    struct la_verify *v;
    const cJSON *machine;
    struct la_verify_memory m;
    struct la_mm *mm; /* of m */
};

/* ---- making a memory without frames ---- */

static bool is_32bit(const cJSON *zones)
{
    const cJSON *zone;

    cJSON_ArrayForEach(zone, zones) if (la_verify_zone_type(la_cjson_string(la_cjson_get(zone, "zone"))) ==
                                        LA_ZONE_HIGHMEM) return true;
    return false;
}

/* "-numa node,nodeid=1,cpus=2-3" in the recorded command line of the virtual machine. */
static void place_cpus(const char *qemu, struct la_mm_setup *setup)
{
    while (qemu && (qemu = strstr(qemu, "nodeid=")) != NULL) {
        uint32_t node = (uint32_t)(qemu[7] - '0');
        const char *cpus = qemu + 8;

        qemu += 7;
        if (strncmp(cpus, ",cpus=", 6) != 0 || node >= LA_MAX_NODES)
            continue;
        char *end;
        unsigned long first = strtoul(cpus + 6, &end, 10);
        unsigned long last = *end == '-' ? strtoul(end + 1, NULL, 10) : first;

        for (unsigned long cpu = first; cpu <= last && cpu < LA_MAX_CPUS; cpu++)
            setup->cpu_node[cpu] = (uint8_t)node;
    }
}

static void read_setup(const struct machine_replay *r, const cJSON *zones, struct la_mm_setup *setup)
{
    const cJSON *zone;

    setup->nr_frames = 1;
    setup->pageblock_order = 9;
    setup->thp = true;
    setup->nr_cpus = 1;
    cJSON_ArrayForEach(zone, zones)
    {
        enum la_zone_type type = la_verify_zone_type(la_cjson_string(la_cjson_get(zone, "zone")));
        uint32_t node = (uint32_t)la_verify_number(zone, "node", 0);
        int cpus = cJSON_GetArraySize(la_cjson_get(zone, "pcp"));

        if (type == LA_NR_ZONE_TYPES || node >= LA_MAX_NODES || setup->nr_zones == LA_MAX_ZONES)
            continue;
        setup->zone[setup->nr_zones++] = (struct la_zone_setup){type, node, 0, 0};
        if (node >= setup->nr_nodes)
            setup->nr_nodes = node + 1;
        if (cpus > (int)setup->nr_cpus && cpus <= LA_MAX_CPUS)
            setup->nr_cpus = (uint32_t)cpus;
    }
    place_cpus(la_cjson_string(la_cjson_get(r->machine, "qemu")), setup);
}

static bool make_memory(struct machine_replay *r, const cJSON *zones)
{
    struct la_mm_setup setup = {0};
    uint32_t z = 0;
    const cJSON *zone;

    read_setup(r, zones, &setup);
    if (!la_verify_memory_make(&r->m, r->v->host, &setup))
        return false;
    r->mm = r->m.mm;
    cJSON_ArrayForEach(zone, zones)
    {
        if (z == r->mm->nr_zones)
            break;
        r->mm->zone[z].present = (uint32_t)la_verify_number(zone, "present", 0);
        r->mm->zone[z].spanned = (uint32_t)la_verify_number(zone, "spanned", 0);
        r->mm->zone[z].start_pfn = (uint32_t)la_verify_number(zone, "start_pfn", 0);
        r->mm->zone[z].managed = (uint32_t)la_verify_number(zone, "managed", 0);
        z++;
    }
    return true;
}

static void drop_memory(struct machine_replay *r)
{
    la_verify_memory_free(&r->m);
}

/* ---- comparing ---- */

static void compare_pcp(struct machine_replay *r, const struct la_zone *zone, const cJSON *recorded)
{
    const cJSON *cpu;
    uint32_t number = 0;

    cJSON_ArrayForEach(cpu, la_cjson_get(recorded, "pcp"))
    {
        if (number == r->mm->nr_cpus)
            break;
        la_verify_value(r->v, "pcp high", zone->pcp[number].high, la_verify_number(cpu, "high", 0));
        la_verify_value(r->v, "pcp batch", zone->pcp[number].batch, la_verify_number(cpu, "batch", 0));
        number++;
    }
}

static void compare_zone(struct machine_replay *r, const struct la_zone *zone, const cJSON *recorded)
{
    const cJSON *protection = la_cjson_get(recorded, "protection");
    int64_t boost = la_verify_number(recorded, "boost", 0);
    int column = 0;

    la_verify_value(r->v, "min", zone->mark[LA_WMARK_MIN] + boost, la_verify_number(recorded, "min", 0));
    la_verify_value(r->v, "low", zone->mark[LA_WMARK_LOW] + boost, la_verify_number(recorded, "low", 0));
    la_verify_value(r->v, "high", zone->mark[LA_WMARK_HIGH] + boost, la_verify_number(recorded, "high", 0));
    for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++)
        if (r->mm->zone_types & 1u << type)
            la_verify_value(r->v, "protection", zone->lowmem_reserve[type], la_verify_column(protection, column++));
    compare_pcp(r, zone, recorded);
}

static void compare_zones(struct machine_replay *r, const cJSON *zones)
{
    uint32_t z = 0;
    const cJSON *zone;

    cJSON_ArrayForEach(zone, zones)
    {
        if (z < r->mm->nr_zones)
            compare_zone(r, &r->mm->zone[z], zone);
        z++;
    }
}

/* ---- after a rewrite ---- */

static void replay_snapshot(struct machine_replay *r, const cJSON *snapshot)
{
    const cJSON *zones = la_cjson_get(snapshot, "zones"), *ratio = la_cjson_get(snapshot, "ratio");
    int column = 0;

    if (make_memory(r, zones)) {
        r->mm->watermark_scale_factor = (uint32_t)la_verify_number(snapshot, "scale", 10);
        r->mm->pcp_high_fraction = (uint32_t)la_verify_number(snapshot, "frac", 0);
        for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++)
            if (r->mm->zone_types & 1u << type)
                r->mm->lowmem_reserve_ratio[type] = la_verify_column(ratio, column++);
        la_set_min_free_kbytes(r->mm, (uint32_t)la_verify_number(snapshot, "min_free_kbytes", 0));
        compare_zones(r, zones);
    }
    drop_memory(r);
}

/* ---- straight after boot ---- */

/* Sum of "Freeing <what> memory: <n>K" in pages; @initrd: only that, or only the others. */
static uint32_t freed_later(const char *messages, bool initrd)
{
    uint32_t pages = 0;

    while ((messages = strstr(messages, "Freeing ")) != NULL) {
        const char *size = strstr(messages, " memory: ");
        const char *line_end = strchr(messages, '\n');
        bool is_initrd = strncmp(messages + 8, "initrd", 6) == 0;

        /* memory of the SMP alternatives goes back before the marks are computed */
        if (size && (!line_end || size < line_end) && strncmp(messages + 8, "SMP", 3) != 0 && is_initrd == initrd)
            pages += (uint32_t)(strtoul(size + 9, NULL, 10) / 4);
        messages += 8;
    }
    return pages;
}

/* The zone with the highest address below 4 GiB that the kernel can reach directly. */
static struct la_zone *zone_of_initrd(struct la_mm *mm, bool small)
{
    struct la_zone *best = NULL;

    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        struct la_zone *zone = &mm->zone[z];

        if (zone->managed == 0 || zone->start_pfn >= 1u << 20 || zone->type == LA_ZONE_HIGHMEM ||
            (small && zone->type == LA_ZONE_MOVABLE))
            continue;
        if (!best || zone->start_pfn > best->start_pfn)
            best = zone;
    }
    return best;
}

/* The zone of node 0 that begins at 16 MiB: the image is loaded there. */
static struct la_zone *zone_of_image(struct la_mm *mm)
{
    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (mm->zone[z].managed != 0 && mm->zone[z].start_pfn == 4096)
            return &mm->zone[z];
    return NULL;
}

static void take_back(struct la_zone *zone, uint32_t pages)
{
    if (zone && zone->managed > pages)
        zone->managed -= pages;
}

static void replay_boot(struct machine_replay *r)
{
    const cJSON *zones = la_cjson_get(r->machine, "zones");
    const char *messages = la_cjson_string(la_cjson_get(la_cjson_get(r->machine, "raw"), "dmesg_mem"));
    const char *cmdline = la_cjson_string(la_cjson_get(r->machine, "cmdline"));
    bool thp_off = cmdline && strstr(cmdline, "transparent_hugepage=never") != NULL;

    if (make_memory(r, zones)) {
        take_back(zone_of_initrd(r->mm, is_32bit(zones)), messages ? freed_later(messages, true) : 0);
        take_back(zone_of_image(r->mm), messages ? freed_later(messages, false) : 0);
        r->mm->thp = !thp_off;
        la_init_min_free_kbytes(r->mm);
        if (thp_off) {
            r->mm->min_free_kbytes = la_calculate_min_free_kbytes(r->mm);
            la_setup_per_zone_wmarks(r->mm);
        }
        la_verify_value(r->v, "min_free_kbytes", r->mm->min_free_kbytes,
                        la_verify_number(r->machine, "min_free_kbytes", 0));
        compare_zones(r, zones);
    }
    drop_memory(r);
}

void la_verify_zones(struct la_verify *v, const cJSON *recording)
{
    struct machine_replay r = {.v = v};
    const cJSON *snapshot;

    memcpy(v->report->kind, "zones", sizeof "zones");
    cJSON_ArrayForEach(r.machine, recording)
    {
        v->where = r.machine->string;
        v->index = 0;
        cJSON_ArrayForEach(snapshot, la_cjson_get(r.machine, "snapshots"))
        {
            v->index++;
            replay_snapshot(&r, snapshot);
        }
        if (cJSON_IsArray(la_cjson_get(r.machine, "zones")))
            replay_boot(&r);
    }
}
