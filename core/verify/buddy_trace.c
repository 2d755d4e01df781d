/*
 * buddy_trace.c: replay alloc, free and drain on one recorded zone, and compare everything after each.
 *
 *     initial_free, initial_pcp, initial_pageblocks -> the zone, list by list, in order
 *     op 0, op 1, …   -> la_alloc_pages / la_free_pages / la_drain_all_pages
 *                        pfn or NULL, nr_free by order, pcp numbers, counts by type, pageblocks,
 *                        boost; now and then all lists in order
 *
 * The recorded zone is the only memory of its node and no CPU belongs to the node, so nobody else
 * allocates there.  Its counter of free pages lags as on the real machine (vmstat.c): the check
 * near a watermark sees the number the kernel saw.
 *
 * pfns are kept relative to a multiple of 1024 at or below the zone's start, which changes no
 * buddy relation.
 *
 * Deviations:
 *  A. Which CPU held back which part of the counter before the recording began is not recorded,
 *     only the sum.  It is all put on the recording's CPU; when that leaves differences, every
 *     other split a CPU may have is tried, and the one with the fewest differences is reported.
 *
 * Source of the format: the recordings' README.
 */
#include "verify/internal.h"

#include <string.h>

struct trace_replay {
    struct la_verify *v;
    const cJSON *recording;
    struct la_verify_memory m;
    struct la_mm *mm; /* of m */
    struct la_zone *zone;
    uint32_t start; /* pfn here of the zone's first page = pfn 0 of the recording */
    uint32_t cpu;
    int32_t lag_elsewhere; /* part of the counter's lag that another CPU holds (deviation A) */
    uint32_t threshold;    /* the largest lag a CPU may hold */
    char block[4096];      /* pageblock types as recorded so far */
    uint32_t nr_blocks;
};

static const char letters[] = "UMEH";

static enum la_migratetype type_of_letter(char letter)
{
    const char *p = strchr(letters, letter);

    return p && *p ? (enum la_migratetype)(p - letters) : LA_MT_MOVABLE;
}

/* "10M" -> order 10, movable. */
static void parse_key(const char *key, uint32_t *order, enum la_migratetype *mt)
{
    *order = 0;
    for (; *key >= '0' && *key <= '9'; key++)
        *order = *order * 10 + (uint32_t)(*key - '0');
    *mt = type_of_letter(*key);
}

/* The frame that @item names, if a block of @order may start there and nothing lies there yet. */
static bool read_block(const struct trace_replay *r, const cJSON *item, uint32_t order, uint32_t *pfn)
{
    int64_t value = la_verify_int(item, -1);

    if (value < 0 || value >= r->zone->spanned || order >= LA_MAX_ORDER)
        return false;
    *pfn = r->start + (uint32_t)value;
    uint32_t head = la_frame_head(r->mm, *pfn);

    if ((*pfn & ((1u << order) - 1)) != 0 || *pfn + (1u << order) > la_zone_end(r->zone) ||
        (r->mm->frame[head].kind != LA_FRAME_TAIL && head + (1u << r->mm->frame[head].order) > *pfn))
        return false;
    for (uint32_t i = 0; i < 1u << order; i++)
        if (r->mm->frame[*pfn + i].kind != LA_FRAME_TAIL)
            return false;
    return true;
}

/* ---- making the zone ---- */

static bool make_memory(struct trace_replay *r)
{
    const cJSON *zone = la_cjson_get(r->recording, "zone");
    uint32_t start_pfn = (uint32_t)la_verify_number(zone, "zone_start_pfn", 0);
    uint32_t pages = (uint32_t)la_verify_number(zone, "spanned", 0);
    enum la_zone_type type = la_verify_zone_type(la_cjson_string(la_cjson_get(zone, "zone")));
    struct la_mm_setup setup = {.nr_nodes = 2, .pcp = true, .thp = true};
    int cpus = cJSON_GetArraySize(la_cjson_get(r->recording, "initial_pcp"));

    r->start = start_pfn & 1023;
    r->cpu = (uint32_t)la_verify_number(r->recording, "cpu", 0);
    setup.pageblock_order = (uint32_t)la_verify_number(r->recording, "pageblock_order", 9);
    setup.nr_cpus = cpus > 0 && cpus <= LA_MAX_CPUS ? (uint32_t)cpus : 1;
    setup.nr_frames = r->start + pages;
    if (type == LA_NR_ZONE_TYPES || pages == 0 || pages > 1u << 22 || r->cpu >= setup.nr_cpus ||
        setup.pageblock_order >= LA_MAX_ORDER || setup.nr_frames >> setup.pageblock_order >= sizeof r->block)
        return false;
    for (uint32_t t = 0; t < LA_NR_ZONE_TYPES; t++) {
        if (t == LA_ZONE_HIGHMEM && type != LA_ZONE_HIGHMEM)
            continue;
        setup.zone[setup.nr_zones++] =
            (struct la_zone_setup){(enum la_zone_type)t, 1, t == type ? r->start : 0, t == type ? pages : 0};
    }
    setup.layout.high_memory = UINT64_MAX;
    if (!la_verify_memory_make(&r->m, r->v->host, &setup))
        return false;
    r->mm = r->m.mm;
    for (uint32_t z = 0; z < r->mm->nr_zones; z++)
        if (r->mm->zone[z].type == type)
            r->zone = &r->mm->zone[z];
    r->mm->cpu = (uint8_t)r->cpu;
    return true;
}

static void load_pageblocks(struct trace_replay *r)
{
    const char *types = la_cjson_string(la_cjson_get(r->recording, "initial_pageblocks"));
    uint32_t first = r->start >> r->mm->pageblock_order;

    for (uint32_t i = 0; types && types[i] && i < sizeof r->block; i++) {
        r->block[i] = types[i];
        r->nr_blocks = i + 1;
        if (first + i <= r->mm->nr_frames >> r->mm->pageblock_order)
            r->mm->block_type[first + i] = (uint8_t)type_of_letter(types[i]);
    }
}

static void load_free_lists(struct trace_replay *r)
{
    const cJSON *list, *item;

    cJSON_ArrayForEach(list, la_cjson_get(r->recording, "initial_free"))
    {
        uint32_t order, pfn;
        enum la_migratetype mt;

        parse_key(list->string, &order, &mt);
        cJSON_ArrayForEach(item, list) if (read_block(r, item, order, &pfn))
            la_restore_free_block(r->mm, r->zone, pfn, order, mt);
    }
}

static uint32_t list_index(const struct la_mm *mm, uint32_t order, enum la_migratetype mt)
{
    if (order == mm->pageblock_order)
        return LA_NR_PCP_LISTS - LA_NR_PCP_THP + (mt == LA_MT_MOVABLE);
    return order * LA_NR_PCPTYPES + (mt < LA_NR_PCPTYPES ? mt : LA_MT_MOVABLE);
}

static void load_pcp_list(struct trace_replay *r, struct la_pcp *pcp, const cJSON *list)
{
    uint32_t order, pfn;
    enum la_migratetype mt;
    const cJSON *item;

    parse_key(list->string, &order, &mt);
    if (order > LA_PCP_COSTLY_ORDER && order != r->mm->pageblock_order)
        return;
    cJSON_ArrayForEach(item, list)
    {
        if (!read_block(r, item, order, &pfn))
            continue;
        struct la_frame *frame = la_frame_write(r->mm, pfn);

        frame->kind = LA_FRAME_PCP;
        frame->order = (uint8_t)order;
        frame->migratetype = (uint8_t)mt;
        frame->zone = r->zone->index;
        la_list_add_tail(r->mm, &pcp->list[list_index(r->mm, order, mt)], pfn);
        pcp->count += 1u << order;
    }
}

static void load_pcp(struct trace_replay *r)
{
    const cJSON *cpu, *list;
    uint32_t number = 0;

    cJSON_ArrayForEach(cpu, la_cjson_get(r->recording, "initial_pcp"))
    {
        if (number == r->mm->nr_cpus)
            break;
        struct la_pcp *pcp = &r->zone->pcp[number++];

        pcp->high = (uint32_t)la_verify_number(cpu, "high", 0);
        pcp->batch = (uint32_t)la_verify_number(cpu, "batch", 1);
        pcp->free_factor = (uint32_t)la_verify_number(cpu, "free_factor", 0) & 7;
        cJSON_ArrayForEach(list, la_cjson_get(cpu, "lists")) load_pcp_list(r, pcp, list);
    }
}

/* Fragmentation raised the marks in this recording, or it was made with the boost switched off. */
static uint32_t boost_factor(const cJSON *recording)
{
    bool recorded = false;
    const cJSON *op;

    cJSON_ArrayForEach(op, la_cjson_get(recording, "ops"))
    {
        int64_t boost = la_verify_number(op, "boost", -1);

        if (boost > 0)
            return 15000;
        recorded = recorded || boost == 0;
    }
    return recorded ? 0 : 15000;
}

/* The recorded lag is the sum over all CPUs; @r->lag_elsewhere of it is held by another CPU. */
static void split_lag(struct trace_replay *r, int32_t lag)
{
    uint32_t other = r->cpu == 0 && r->mm->nr_cpus > 1 ? 1 : 0;

    r->zone->pcp[other].free_diff += r->lag_elsewhere;
    r->zone->pcp[r->cpu].free_diff += lag - r->lag_elsewhere;
}

static void load_zone(struct trace_replay *r)
{
    const cJSON *zone = la_cjson_get(r->recording, "zone");
    const cJSON *reserve = la_cjson_get(zone, "lowmem_reserve");
    int column = 0;

    r->zone->managed = (uint32_t)la_verify_number(zone, "managed", 0);
    r->zone->mark[LA_WMARK_MIN] = (uint32_t)la_verify_number(zone, "min", 0);
    r->zone->mark[LA_WMARK_LOW] = (uint32_t)la_verify_number(zone, "low", 0);
    r->zone->mark[LA_WMARK_HIGH] = (uint32_t)la_verify_number(zone, "high", 0);
    r->zone->watermark_boost = (uint32_t)la_verify_number(zone, "watermark_boost", 0);
    r->zone->nr_reserved_highatomic = (uint32_t)la_verify_number(zone, "nr_reserved_highatomic", 0);
    for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++)
        if (type != LA_ZONE_HIGHMEM)
            r->zone->lowmem_reserve[type] = la_verify_column(reserve, column++);
    r->mm->watermark_boost_factor = boost_factor(r->recording);
    la_build_zonelists(r->mm);
    load_pageblocks(r);
    load_free_lists(r);
    load_pcp(r);
    r->zone->nr_free_global = la_verify_number(zone, "nr_free_pages_global", r->zone->nr_free);
    r->zone->stat_threshold = la_normal_stat_threshold(r->mm, r->zone);
    split_lag(r, (int32_t)(r->zone->nr_free - r->zone->nr_free_global));
    r->mm->gfp_allowed_mask = LA_GFP_6_1_BITS;
}

/* ---- comparing ---- */

static void compare_array(struct la_verify *v, const char *what, const cJSON *array, const uint32_t *have, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        la_verify_value(v, what, have[i], la_verify_column(array, (int)i));
}

static void compare_counts(struct trace_replay *r, const cJSON *op)
{
    const struct la_pcp *pcp = &r->zone->pcp[r->cpu];
    uint32_t have[LA_MAX_ORDER], numbers[4] = {pcp->count, pcp->high, pcp->batch, pcp->free_factor};
    const cJSON *free = la_cjson_get(op, "free"), *mt = la_cjson_get(op, "mt"), *list;

    for (uint32_t o = 0; o < LA_MAX_ORDER; o++)
        have[o] = r->zone->free_area[o].nr_free;
    if (free)
        compare_array(r->v, "free blocks of an order", free, have, LA_MAX_ORDER);
    if (la_cjson_get(op, "pcp"))
        compare_array(r->v, "pcp count, high, batch, free_factor", la_cjson_get(op, "pcp"), numbers, 4);
    cJSON_ArrayForEach(list, mt)
    {
        for (uint32_t o = 0; o < LA_MAX_ORDER; o++)
            have[o] = r->zone->free_area[o].nr[type_of_letter(list->string[0])];
        compare_array(r->v, "free blocks of a type", list, have, LA_MAX_ORDER);
    }
    if (la_cjson_get(op, "boost"))
        la_verify_value(r->v, "watermark boost", r->zone->watermark_boost, la_verify_number(op, "boost", 0));
}

static void compare_blocks(struct trace_replay *r, const char *types)
{
    uint32_t first = r->start >> r->mm->pageblock_order;

    for (uint32_t i = 0; types[i] && i < r->nr_blocks; i++)
        la_verify_value(r->v, "type of a pageblock", r->mm->block_type[first + i], type_of_letter(types[i]));
}

/* Pageblocks that changed in this op are recorded; a change of ours that was not is found at the end. */
static void compare_changed_blocks(struct trace_replay *r, const cJSON *op)
{
    uint32_t first = r->start >> r->mm->pageblock_order;
    const cJSON *change;

    cJSON_ArrayForEach(change, la_cjson_get(op, "pb"))
    {
        uint32_t i = la_verify_column(change, 0);
        const char *letter = la_cjson_string(cJSON_GetArrayItem(change, 1));

        if (i >= r->nr_blocks || !letter)
            continue;
        r->block[i] = letter[0];
        la_verify_value(r->v, "type of a pageblock", r->mm->block_type[first + i], type_of_letter(letter[0]));
    }
}

/* One list against its recorded order; an absent list must be empty. */
static void compare_list(struct trace_replay *r, const char *what, const struct la_list *list, const cJSON *recorded)
{
    const cJSON *item;
    uint32_t pfn = list->head;

    cJSON_ArrayForEach(item, recorded)
    {
        la_verify_value(r->v, what, pfn == LA_NO_PFN ? -1 : (int64_t)pfn - r->start, la_verify_int(item, -2));
        if (pfn != LA_NO_PFN)
            pfn = r->mm->frame[pfn].next;
    }
    la_verify_value(r->v, what, pfn == LA_NO_PFN ? -1 : (int64_t)pfn - r->start, -1);
}

static void make_key(char *key, uint32_t order, char letter)
{
    uint32_t at = 0;

    if (order >= 10)
        key[at++] = '1';
    key[at++] = (char)('0' + order % 10);
    key[at++] = letter;
    key[at] = '\0';
}

static void compare_lists(struct trace_replay *r, const cJSON *lists)
{
    char key[8];

    for (uint32_t o = 0; o < LA_MAX_ORDER; o++) {
        for (uint32_t mt = 0; mt <= LA_MT_HIGHATOMIC; mt++) {
            make_key(key, o, letters[mt]);
            compare_list(r, "order of a free list", &r->zone->free_area[o].list[mt], la_cjson_get(lists, key));
        }
    }
}

static void compare_pcp(struct trace_replay *r, const cJSON *full)
{
    const cJSON *cpu;
    uint32_t number = 0;
    char key[8];

    cJSON_ArrayForEach(cpu, full)
    {
        const struct la_pcp *pcp = &r->zone->pcp[number < r->mm->nr_cpus ? number++ : 0];
        const cJSON *lists = la_cjson_get(cpu, "lists");

        la_verify_value(r->v, "pcp count", pcp->count, la_verify_number(cpu, "count", 0));
        for (uint32_t o = 0; o < LA_PCP_ORDERS; o++) {
            for (uint32_t mt = 0; mt < LA_NR_PCPTYPES; mt++) {
                make_key(key, o, letters[mt]);
                compare_list(r, "order of a pcp list", &pcp->list[o * LA_NR_PCPTYPES + mt], la_cjson_get(lists, key));
            }
        }
        make_key(key, r->mm->pageblock_order, 'U');
        compare_list(r, "order of a pcp list", &pcp->list[LA_NR_PCP_LISTS - 2], la_cjson_get(lists, key));
        make_key(key, r->mm->pageblock_order, 'M');
        compare_list(r, "order of a pcp list", &pcp->list[LA_NR_PCP_LISTS - 1], la_cjson_get(lists, key));
    }
}

/* ---- the operations ---- */

static la_gfp_t gfp_of(const struct trace_replay *r, const cJSON *op)
{
    const char *name = la_cjson_string(la_cjson_get(op, "gfp"));
    const char *hex = name ? la_cjson_string(la_cjson_get(la_cjson_get(r->recording, "gfp_names"), name)) : NULL;
    la_gfp_t gfp = 0;

    for (hex = hex ? hex + 2 : ""; *hex; hex++)
        gfp = gfp << 4 | (la_gfp_t)(*hex <= '9' ? *hex - '0' : (*hex | 32) - 'a' + 10);
    return gfp | LA_GFP_THISNODE;
}

static void do_alloc(struct trace_replay *r, const cJSON *op)
{
    uint32_t order = (uint32_t)la_verify_number(op, "order", 0);
    uint32_t pfn = la_alloc_pages(r->mm, gfp_of(r, op), order, 1);

    la_verify_value(r->v, "page returned", pfn == LA_NO_PFN ? -1 : (int64_t)pfn - r->start,
                    la_verify_number(op, "pfn", -1));
}

static void do_op(struct trace_replay *r, const cJSON *op)
{
    const char *what = la_cjson_string(la_cjson_get(op, "op"));

    if (what && strcmp(what, "alloc") == 0)
        do_alloc(r, op);
    else if (what && strcmp(what, "free") == 0)
        la_free_pages(r->mm, r->start + (uint32_t)la_verify_number(op, "pfn", 0),
                      (uint32_t)la_verify_number(op, "order", 0));
    else
        la_drain_all_pages(r->mm);
    compare_counts(r, op);
    compare_changed_blocks(r, op);
    if (la_cjson_get(op, "lists")) {
        compare_lists(r, la_cjson_get(op, "lists"));
        compare_blocks(r, r->block);
    }
    if (la_cjson_get(op, "pcp_full"))
        compare_pcp(r, la_cjson_get(op, "pcp_full"));
}

static void replay_ops(struct trace_replay *r)
{
    const char *types = la_cjson_string(la_cjson_get(r->recording, "final_pageblocks"));
    const cJSON *op;

    load_zone(r);
    r->threshold = r->zone->stat_threshold;
    r->v->where = "op";
    r->v->index = 0;
    cJSON_ArrayForEach(op, la_cjson_get(r->recording, "ops"))
    {
        do_op(r, op);
        r->v->index++;
    }
    r->v->where = "after op";
    compare_lists(r, la_cjson_get(r->recording, "final_free"));
    compare_pcp(r, la_cjson_get(r->recording, "final_pcp"));
    if (types)
        compare_blocks(r, types);
}

/* Replay all of it with @elsewhere of the lag on another CPU, into a report of its own.  Returns the threshold. */
static uint32_t attempt(const struct la_verify *v, const cJSON *recording, int32_t elsewhere,
                        struct la_verify_report *report)
{
    struct la_verify own = {.host = v->host, .report = report};
    struct trace_replay r = {.v = &own, .recording = recording, .lag_elsewhere = elsewhere};

    memset(report, 0, sizeof *report);
    memcpy(report->kind, "buddy trace", sizeof "buddy trace");
    la_buf_init(&report->text, v->host);
    if (make_memory(&r)) {
        replay_ops(&r);
    } else {
        la_buf_puts(&report->text, "the recorded zone cannot be rebuilt: its numbers make no sense\n");
        report->differ++;
    }
    la_verify_memory_free(&r.m);
    return r.threshold;
}

void la_verify_buddy_trace(struct la_verify *v, const cJSON *recording)
{
    struct la_verify_report *best = v->report, other;

    la_buf_free(&best->text);
    int32_t threshold = (int32_t)attempt(v, recording, 0, best);

    for (int32_t elsewhere = -threshold; elsewhere <= threshold && best->differ != 0; elsewhere++) {
        if (elsewhere == 0)
            continue;
        attempt(v, recording, elsewhere, &other);
        if (other.differ < best->differ) {
            struct la_verify_report worse = *best;

            *best = other;
            other = worse;
        }
        la_buf_free(&other.text);
    }
}
