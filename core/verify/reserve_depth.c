/*
 * reserve_depth.c: how deep may each kind of request go?  Replay of "allocate until it fails".
 *
 *     before: every zone's marks, reserve, boost, free pages, and the counter's lag
 *     run:    alloc(gfp, order) until NULL          compared: which zone gave how many pages,
 *                                                   in which order, and what it had left
 *
 * The watermark check reads a counter that lags by up to stat_threshold a CPU; with the recorded
 * lag at the start the replay meets the same folds, and ends on the same page.
 *
 * The recording says how many pages are free, not where they lie.  So they are laid out as large
 * blocks of the wanted type, HIGHATOMIC pageblocks aside.  When fragmentation raised the marks during
 * a run, the moment is not recorded: both extremes are replayed, and one of them must agree.
 *
 * Deviations:
 *  A. kswapd changes stat_threshold when it wakes and when it sleeps again, on another CPU, at a
 *     moment the recording does not tell.  In a run whose recorded threshold is not the normal one
 *     before or after (or, on i386, is not recorded, while other programs allocate too) the end
 *     may differ by batch + threshold * CPUs, and by 30 pages more on i386.
 *  B. A request for more than one page, or one that mixes types, also depends on where the free
 *     pages lie, which is not recorded: the end is compared, a difference counts as explained.
 */
#include "verify/internal.h"

#include <string.h>

enum { NOISE_I386 = 30, MAX_ZONE_PAGES = 1 << 21 };

struct depth_replay {
    struct la_verify *v;
    const cJSON *result; /* of the run */
    const cJSON *before, *after;
    struct la_verify_memory m;
    struct la_mm *mm; /* of m */
    la_gfp_t gfp;
    uint32_t order;
    int32_t node;
    bool boost_late; /* the marks are those from before the run, not from its end */
};

static la_gfp_t parse_hex(const char *text)
{
    la_gfp_t value = 0;

    for (text = text ? text + 2 : ""; *text; text++)
        value = value << 4 | (la_gfp_t)(*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10);
    return value;
}

/* The same zone in another snapshot of the run. */
static const cJSON *same_zone(const cJSON *zones, const cJSON *zone)
{
    const cJSON *other;

    cJSON_ArrayForEach(other,
                       zones) if (la_verify_number(other, "node", 0) == la_verify_number(zone, "node", 0) &&
                                  la_verify_zone_type(la_cjson_string(la_cjson_get(other, "zone"))) ==
                                      la_verify_zone_type(la_cjson_string(la_cjson_get(zone, "zone")))) return other;
    return NULL;
}

/* ---- the memory of a run ---- */

static bool is_32bit(const cJSON *zones)
{
    const cJSON *zone;

    cJSON_ArrayForEach(zone, zones) if (la_verify_zone_type(la_cjson_string(la_cjson_get(zone, "zone"))) ==
                                        LA_ZONE_HIGHMEM) return true;
    return false;
}

/* Only zones the request can reach get frames; the others stay empty. */
static uint32_t pages_needed(const struct depth_replay *r, const cJSON *zone)
{
    uint32_t free = (uint32_t)la_verify_number(zone, "nr_free_pages", 0);

    if (r->node >= 0 && la_verify_number(zone, "node", 0) != r->node)
        return 0;
    if (la_verify_zone_type(la_cjson_string(la_cjson_get(zone, "zone"))) == LA_NR_ZONE_TYPES)
        return 0;
    return free <= MAX_ZONE_PAGES ? (free + 1023) & ~1023u : 0;
}

static bool read_zones(struct depth_replay *r, struct la_mm_setup *setup)
{
    bool small = is_32bit(r->before);
    const cJSON *zone;

    for (uint32_t node = 0; node < setup->nr_nodes; node++) {
        for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++) {
            struct la_zone_setup *out = &setup->zone[setup->nr_zones];

            if (small ? type == LA_ZONE_DMA32 || type == LA_ZONE_DEVICE : type == LA_ZONE_HIGHMEM)
                continue;
            *out = (struct la_zone_setup){(enum la_zone_type)type, node, 0, 0};
            cJSON_ArrayForEach(zone, r->before)
            {
                if (la_verify_zone_type(la_cjson_string(la_cjson_get(zone, "zone"))) != type ||
                    la_verify_number(zone, "node", 0) != node)
                    continue;
                out->start_pfn = setup->nr_frames;
                out->pages = pages_needed(r, zone);
                setup->nr_frames += out->pages;
            }
            setup->nr_zones++;
        }
    }
    return setup->nr_frames != 0;
}

/* Free pages in big blocks: first the pageblocks set aside for atomic requests, then the rest. */
static void fill_zone(struct depth_replay *r, struct la_zone *zone, uint32_t free)
{
    enum la_migratetype mt = r->gfp & LA_GFP_MOVABLE       ? LA_MT_MOVABLE
                             : r->gfp & LA_GFP_RECLAIMABLE ? LA_MT_RECLAIMABLE
                                                           : LA_MT_UNMOVABLE;
    uint32_t block = 1u << r->mm->pageblock_order, at = zone->start_pfn, end = zone->start_pfn + free;
    uint32_t reserved = zone->nr_reserved_highatomic;

    for (uint32_t pfn = zone->start_pfn; pfn < la_zone_end(zone); pfn += block)
        r->mm->block_type[pfn >> r->mm->pageblock_order] =
            (uint8_t)(pfn - zone->start_pfn < reserved ? LA_MT_HIGHATOMIC : mt);
    while (at < end) {
        bool atomic = at - zone->start_pfn < reserved;
        uint32_t order = atomic ? r->mm->pageblock_order : LA_MAX_ORDER - 1;

        while ((at & ((1u << order) - 1)) != 0 || at + (1u << order) > end)
            order--;
        la_restore_free_block(r->mm, zone, at, order, atomic ? LA_MT_HIGHATOMIC : mt);
        at += 1u << order;
    }
}

static void load_zone(struct depth_replay *r, struct la_zone *zone, const cJSON *before, const cJSON *after)
{
    const cJSON *reserve = la_cjson_get(before, "lowmem_reserve");
    int column = 0;

    if (zone->nr_free != 0) /* named twice */
        return;
    zone->managed = (uint32_t)la_verify_number(before, "managed", 0);
    zone->mark[LA_WMARK_MIN] = (uint32_t)la_verify_number(before, "min", 0);
    zone->mark[LA_WMARK_LOW] = (uint32_t)la_verify_number(before, "low", 0);
    zone->mark[LA_WMARK_HIGH] = (uint32_t)la_verify_number(before, "high", 0);
    zone->watermark_boost = (uint32_t)la_verify_number(r->boost_late ? before : after, "watermark_boost", 0);
    zone->nr_reserved_highatomic = (uint32_t)la_verify_number(before, "nr_reserved_highatomic", 0);
    for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++)
        if (r->mm->zone_types & 1u << type)
            zone->lowmem_reserve[type] = la_verify_column(reserve, column++);
    la_pcp_setup(r->mm, zone);
    fill_zone(r, zone, (uint32_t)la_verify_number(before, "nr_free_pages", 0));
    zone->nr_free_global = la_verify_number(before, "nr_free_pages_global", zone->nr_free);
    zone->pcp[0].free_diff = (int32_t)la_verify_number(before, "stat_diff_cpu0", zone->nr_free - zone->nr_free_global);
    zone->pcp[1].free_diff = (int32_t)(zone->nr_free - zone->nr_free_global) - zone->pcp[0].free_diff;
    zone->stat_threshold =
        (uint32_t)la_verify_number(before, "stat_threshold_cpu0", la_normal_stat_threshold(r->mm, zone));
}

static bool make_memory(struct depth_replay *r)
{
    struct la_mm_setup setup = {.nr_nodes = 2, .nr_cpus = 2, .pageblock_order = 9, .pcp = true, .thp = true};
    const cJSON *zone;

    if (!read_zones(r, &setup))
        return false;
    setup.layout.high_memory = UINT64_MAX;
    if (!la_verify_memory_make(&r->m, r->v->host, &setup))
        return false;
    r->mm = r->m.mm;
    r->mm->watermark_boost_factor = 0;
    la_build_zonelists(r->mm);
    cJSON_ArrayForEach(zone, r->before) for (uint32_t z = 0; z < r->mm->nr_zones;
                                             z++) if (r->mm->zone[z].spanned != 0 &&
                                                      r->mm->zone[z].node == la_verify_number(zone, "node", 0) &&
                                                      r->mm->zone[z].type == la_verify_zone_type(la_cjson_string(
                                                                                 la_cjson_get(zone, "zone"))))
        load_zone(r, &r->mm->zone[z], zone, same_zone(r->after, zone));
    r->mm->gfp_allowed_mask = LA_GFP_6_1_BITS;
    return true;
}

/* ---- the run ---- */

struct zone_run {
    uint32_t zone, pages, free_then;
};

enum { MAX_ZONE_RUNS = 64 };

/* kswapd is awake: CPUs may hold back more (deviation A). */
static void kswapd_thresholds(struct depth_replay *r)
{
    const cJSON *zone;

    cJSON_ArrayForEach(zone, r->after) for (uint32_t z = 0; z < r->mm->nr_zones;
                                            z++) if (r->mm->zone[z].spanned != 0 &&
                                                     r->mm->zone[z].node == la_verify_number(zone, "node", 0) &&
                                                     r->mm->zone[z].type == la_verify_zone_type(la_cjson_string(
                                                                                la_cjson_get(zone, "zone"))))
        r->mm->zone[z]
            .stat_threshold = (uint32_t)la_verify_number(zone, "stat_threshold_cpu0", r->mm->zone[z].stat_threshold);
}

/* Allocate until NULL (or one block more than recorded ones, with a wide margin). */
static uint32_t run_until_failure(struct depth_replay *r, struct zone_run *run, uint32_t *blocks)
{
    uint32_t nr = 0, limit = (uint32_t)la_verify_number(r->result, "allocated_blocks", 0) + 100000;
    bool capped = cJSON_IsTrue(la_cjson_get(r->result, "hit_cap")) != 0;

    if (capped)
        limit -= 100000;
    for (*blocks = 0; *blocks < limit; ++*blocks) {
        uint32_t pfn = la_alloc_pages(r->mm, r->gfp, r->order, r->node >= 0 ? r->node : 0);

        if (pfn == LA_NO_PFN)
            break;
        uint32_t zone = r->mm->frame[pfn].zone;

        if (nr == 0 || run[nr - 1].zone != zone) {
            if (nr == MAX_ZONE_RUNS)
                break;
            run[nr++] = (struct zone_run){zone, 0, 0};
        }
        run[nr - 1].pages += 1u << r->order;
        run[nr - 1].free_then = r->mm->zone[zone].nr_free;
        for (uint32_t n = 0; n < r->mm->nr_nodes; n++)
            if (r->mm->node[n].kswapd_awake)
                kswapd_thresholds(r);
    }
    return nr;
}

/* ---- comparing ---- */

/* How far deviation A may move the end of a run in a zone; 0 when kswapd slept all the time. */
static int64_t tolerance(const struct depth_replay *r, const struct la_zone *zone, const cJSON *before,
                         const cJSON *after)
{
    int64_t first = la_verify_number(before, "stat_threshold_cpu0", -1);
    int64_t last = la_verify_number(after, "stat_threshold_cpu0", -1);
    int64_t normal = la_normal_stat_threshold(r->mm, zone);

    if (first < 0)
        return zone->pcp[0].batch + la_pressure_stat_threshold(r->mm, zone) * (int64_t)r->mm->nr_cpus + NOISE_I386;
    if (first == normal && last == normal)
        return 0;
    return zone->pcp[0].batch + (first > last ? first : last) * r->mm->nr_cpus;
}

static const cJSON *recorded_zone(const struct depth_replay *r, const cJSON *zones, const struct la_zone *zone)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, zones) if (la_verify_number(item, "node", 0) == zone->node &&
                                        la_verify_zone_type(la_cjson_string(la_cjson_get(item, "zone"))) ==
                                            zone->type) return item;
    (void)r;
    return NULL;
}

/* Does the state of the free lists, which is not recorded, matter to this run? (deviation B) */
static bool lists_matter(const struct depth_replay *r)
{
    const cJSON *zone;

    if (r->order > 0)
        return true;
    cJSON_ArrayForEach(zone, r->after)
    {
        const cJSON *before = same_zone(r->before, zone);

        if (la_verify_number(zone, "watermark_boost", 0) != la_verify_number(before, "watermark_boost", 0) ||
            la_verify_number(zone, "nr_reserved_highatomic", 0) !=
                la_verify_number(before, "nr_reserved_highatomic", 0))
            return true;
    }
    return false;
}

static void compare_value(struct depth_replay *r, const char *what, int64_t have, int64_t want, int64_t allowed)
{
    int64_t off = have > want ? have - want : want - have;

    if (off != 0 && off <= allowed)
        la_verify_explained(r->v, 'A', what, have, want);
    else if (off != 0 && lists_matter(r))
        la_verify_explained(r->v, 'B', what, have, want);
    else
        la_verify_value(r->v, what, have, want);
}

static void compare_run(struct depth_replay *r, const struct zone_run *run, const cJSON *recorded, int64_t *allowed)
{
    const struct la_zone *zone = &r->mm->zone[run->zone];
    const cJSON *before = recorded_zone(r, r->before, zone), *after = recorded_zone(r, r->after, zone);

    *allowed += tolerance(r, zone, before, after);
    compare_value(r, "zone that gave pages", zone->node * 16 + zone->type,
                  la_verify_number(recorded, "node", 0) * 16 +
                      la_verify_zone_type(la_cjson_string(la_cjson_get(recorded, "zone"))),
                  0);
    compare_value(r, "pages from a zone", run->pages, la_verify_number(recorded, "pages", 0), *allowed);
    compare_value(r, "free pages left in a zone", run->free_then, la_verify_number(recorded, "zone_free_then", 0),
                  *allowed);
}

static void compare_all(struct depth_replay *r, const struct zone_run *run, uint32_t nr, uint32_t blocks)
{
    const cJSON *runs = la_cjson_get(r->result, "zone_runs");
    uint32_t recorded = (uint32_t)cJSON_GetArraySize(runs);
    int64_t allowed = 0;

    for (uint32_t i = 0; i < nr && i < recorded; i++)
        compare_run(r, &run[i], cJSON_GetArrayItem(runs, (int)i), &allowed);
    compare_value(r, "changes of zone", nr, recorded, allowed != 0 ? 2 : 0);
    compare_value(r, "blocks allocated", blocks, la_verify_number(r->result, "allocated_blocks", 0), allowed);
}

static bool boost_changed(const struct depth_replay *r)
{
    const cJSON *zone;

    cJSON_ArrayForEach(zone,
                       r->after) if (la_verify_number(zone, "watermark_boost", 0) !=
                                     la_verify_number(same_zone(r->before, zone), "watermark_boost", 0)) return true;
    return false;
}

/* One replay; returns the blocks allocated, and compares when @compare. */
static void replay_run(struct depth_replay *r, bool compare, uint32_t *blocks)
{
    struct zone_run run[MAX_ZONE_RUNS];

    *blocks = 0;
    if (make_memory(r)) {
        uint32_t nr = run_until_failure(r, run, blocks);

        if (compare)
            compare_all(r, run, nr, *blocks);
    }
    la_verify_memory_free(&r->m);
}

static void replay_both_boosts(struct depth_replay *r)
{
    int64_t recorded = la_verify_number(r->result, "allocated_blocks", 0);
    uint32_t blocks = 0;

    r->boost_late = false;
    if (boost_changed(r)) {
        r->boost_late = true;
        replay_run(r, false, &blocks);
        r->boost_late = blocks == recorded;
    }
    replay_run(r, true, &blocks);
}

void la_verify_reserve_depth(struct la_verify *v, const cJSON *recording)
{
    struct depth_replay r = {.v = v};
    const cJSON *machine, *run;

    memcpy(v->report->kind, "reserve depth", sizeof "reserve depth");
    cJSON_ArrayForEach(machine, recording)
    {
        v->where = machine->string;
        v->index = 0;
        cJSON_ArrayForEach(run, la_cjson_get(machine, "runs"))
        {
            r.result = la_cjson_get(run, "result");
            r.before = la_cjson_get(r.result, "before");
            r.after = la_cjson_get(r.result, "at_failure");
            r.gfp = parse_hex(la_cjson_string(la_cjson_get(r.result, "gfp_hex")));
            r.order = (uint32_t)la_verify_number(r.result, "order", 0);
            r.node = (int32_t)la_verify_number(r.result, "node", -1);
            replay_both_boosts(&r);
            v->index++;
        }
    }
}
