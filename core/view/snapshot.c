/* snapshot.c: the sections of a snapshot and their versions; view.h has the picture. */
#include "view/view.h"

#include <string.h>

static const char *const section_names[LA_VIEW_NR] = {"machine", "zones",   "frames",  "buddy",
                                                      "pcp",     "caches",  "pools",  "vmalloc", "pagetables", "percpu", "boot", "context", "program", "console"};

const char *la_view_section_name(enum la_view_section section)
{
    return section_names[section];
}

bool la_view_init(struct la_view *view, const struct la_host *host)
{
    *view = (struct la_view){.host = host};
    for (uint32_t i = 0; i < LA_VIEW_NR; i++)
        view->version[i] = 1;
    view->oldest = 1;
    la_buf_init(&view->scratch, host);
    view->note = la_host_alloc(host, LA_VIEW_NOTES_MAX * sizeof *view->note);
    return view->note != NULL;
}

void la_view_free(struct la_view *view)
{
    if (!view->host)
        return;
    la_buf_free(&view->scratch);
    la_host_free(view->host, view->note, LA_VIEW_NOTES_MAX * sizeof *view->note);
    *view = (struct la_view){.host = NULL};
}

void la_view_collect(struct la_view *view, struct la_trace *trace)
{
    uint32_t version = view->version[LA_VIEW_FRAMES] + 1;

    if (!trace->nr_notes && !trace->all_frames_changed)
        return;
    view->version[LA_VIEW_FRAMES] = version;
    if (trace->all_frames_changed) {
        view->nr_notes = 0;
        view->oldest = version;
    }
    for (uint32_t i = 0; !trace->all_frames_changed && i < trace->nr_notes; i++) {
        if (view->nr_notes == LA_VIEW_NOTES_MAX) {
            view->oldest = view->note[view->first_note].version;
            view->first_note = (view->first_note + 1) % LA_VIEW_NOTES_MAX;
            view->nr_notes--;
        }
        view->note[(view->first_note + view->nr_notes++) % LA_VIEW_NOTES_MAX] =
            (struct la_view_note){version, trace->note[i].pfn, trace->note[i].nr};
    }
    la_trace_notes_clear(trace);
}

/* ---- sections ---- */

static void machine_section(const struct la_timeline *t, struct la_json *w)
{
    static const char *const labels[LA_NR_FRAME_KINDS] = {
        [LA_FRAME_TAIL] = "rest of a block", [LA_FRAME_FREE] = "free",          [LA_FRAME_PCP] = "per-CPU list",
        [LA_FRAME_RESERVED] = "reserved",    [LA_FRAME_KERNEL] = "your pages",  [LA_FRAME_PAGE_CACHE] = "page cache",
        [LA_FRAME_PROCESS] = "processes",    [LA_FRAME_SLAB] = "slab",          [LA_FRAME_VMALLOC] = "vmalloc",
        [LA_FRAME_PGTABLE] = "page table",   [LA_FRAME_PERCPU] = "per-CPU data", [LA_FRAME_POOL] = "memory pool",
        [LA_FRAME_BAD] = "bad page"};
    const struct la_mm *mm = t->machine->mm;
    const struct la_machine_config *config = &t->machine->config;
    uint64_t bytes = (uint64_t)config->pages << LA_PAGE_SHIFT;
    bool mega = bytes >= 1u << 20;
    struct la_buf summary;

    la_buf_init(&summary, t->host);
    la_buf_printf(&summary, "%s · %llu %s · %u CPU%s%s · Linux 6.1%s", la_profile_name(config->profile),
                  (unsigned long long)(mega ? bytes >> 20 : bytes >> 10), mega ? "MiB" : "KiB", mm->nr_cpus,
                  mm->nr_cpus == 1 ? "" : "s", mm->nr_nodes > 1 ? " · 2 nodes" : "",
                  config->slab_2_6 ? ", slab of 2.6" : " rules");
    la_json_kstr(w, "profile", la_profile_name(config->profile));
    la_json_kstr(w, "kernel", "6.1.192");
    la_json_khex(w, "memory_bytes", bytes);
    la_json_kuint(w, "nr_frames", mm->nr_frames);
    la_json_kuint(w, "cpus", mm->nr_cpus);
    la_json_kuint(w, "nodes", mm->nr_nodes);
    la_json_kuint(w, "pointer_bytes", mm->layout.pointer_bytes);
    la_json_khex(w, "page_offset", mm->layout.page_offset);
    la_json_kuint(w, "pageblock_order", mm->pageblock_order);
    la_json_kuint(w, "max_order", LA_MAX_ORDER - 1);
    la_json_kuint(w, "min_free_kbytes", mm->min_free_kbytes);
    la_json_kstr(w, "summary", la_buf_str(&summary));
    la_json_key(w, "kinds");
    la_json_arr(w);
    for (uint32_t k = 0; k < LA_NR_FRAME_KINDS; k++) {
        la_json_obj(w);
        la_json_kstr(w, "name", la_frame_kind_name((enum la_frame_kind)k));
        la_json_kstr(w, "label", labels[k]);
        la_json_end(w);
    }
    la_json_end(w);
    la_json_key(w, "migratetypes");
    la_json_arr(w);
    for (uint32_t m = 0; m < LA_NR_MIGRATETYPES; m++)
        la_json_str(w, la_migratetype_name((enum la_migratetype)m));
    la_json_end(w);
    la_buf_free(&summary);
}

static void zone_json(const struct la_zone *zone, struct la_json *w)
{
    la_json_obj(w);
    la_json_kuint(w, "index", zone->index);
    la_json_kstr(w, "name", la_zone_type_name((enum la_zone_type)zone->type));
    la_json_kuint(w, "node", zone->node);
    la_json_kuint(w, "start_pfn", zone->start_pfn);
    la_json_kuint(w, "spanned", zone->spanned);
    la_json_kuint(w, "present", zone->present);
    la_json_kuint(w, "managed", zone->managed);
    la_json_kuint(w, "free", zone->nr_free);
    la_json_kuint(w, "min", la_wmark_pages(zone, LA_WMARK_MIN));
    la_json_kuint(w, "low", la_wmark_pages(zone, LA_WMARK_LOW));
    la_json_kuint(w, "high", la_wmark_pages(zone, LA_WMARK_HIGH));
    la_json_kuint(w, "boost", zone->watermark_boost);
    la_json_key(w, "protection");
    la_json_arr(w);
    for (uint32_t t = 0; t < LA_NR_ZONE_TYPES - 1; t++)
        la_json_uint(w, zone->lowmem_reserve[t]);
    la_json_end(w);
    la_json_kuint(w, "highatomic", zone->nr_reserved_highatomic);
    la_json_kuint(w, "page_cache", zone->nr_file);
    la_json_kuint(w, "pcp", la_zone_pcp_pages(zone));
    la_json_end(w);
}

static void zones_section(const struct la_timeline *t, struct la_json *w)
{
    la_json_key(w, "zones");
    la_json_arr(w);
    for (uint32_t z = 0; z < t->machine->mm->nr_zones; z++)
        zone_json(&t->machine->mm->zone[z], w);
    la_json_end(w);
}

/* The first blocks of a list, and how many there are: the whole of a long list helps nobody. */
static void list_json(const struct la_mm *mm, const struct la_list *list, struct la_json *w)
{
    uint32_t shown = 0;

    la_json_key(w, "head");
    la_json_arr(w);
    for (uint32_t pfn = list->head; pfn != LA_NO_PFN && shown < LA_VIEW_LIST_HEADS; pfn = mm->frame[pfn].next, shown++)
        la_json_uint(w, pfn);
    la_json_end(w);
}

static void area_json(const struct la_mm *mm, const struct la_free_area *area, struct la_json *w)
{
    la_json_obj(w);
    la_json_kuint(w, "nr_free", area->nr_free);
    la_json_key(w, "lists");
    la_json_arr(w);
    for (uint32_t m = 0; m < LA_NR_MIGRATETYPES; m++) {
        if (!area->nr[m])
            continue;
        la_json_obj(w);
        la_json_kuint(w, "mt", m);
        la_json_kuint(w, "nr", area->nr[m]);
        list_json(mm, &area->list[m], w);
        la_json_end(w);
    }
    la_json_end(w);
    la_json_end(w);
}

static void buddy_section(const struct la_timeline *t, struct la_json *w)
{
    const struct la_mm *mm = t->machine->mm;

    la_json_key(w, "areas");
    la_json_arr(w);
    for (uint32_t z = 0; z < mm->nr_zones; z++) {
        la_json_obj(w);
        la_json_kuint(w, "zone", z);
        la_json_key(w, "orders");
        la_json_arr(w);
        for (uint32_t o = 0; o < LA_MAX_ORDER; o++)
            area_json(mm, &mm->zone[z].free_area[o], w);
        la_json_end(w);
        la_json_end(w);
    }
    la_json_end(w);
}

/* Which order and type the @i-th per-CPU list holds. */
static void pcp_list_of(uint32_t i, uint32_t *order, uint32_t *mt)
{
    const uint32_t thp = LA_NR_PCPTYPES * LA_PCP_ORDERS;

    *order = i < thp ? i / LA_NR_PCPTYPES : 9;
    *mt = i < thp ? i % LA_NR_PCPTYPES : i == thp ? LA_MT_UNMOVABLE : LA_MT_MOVABLE;
}

/* The length of a list, counted up to @max. */
static uint32_t list_length(const struct la_mm *mm, const struct la_list *list, uint32_t max)
{
    uint32_t nr = 0;

    for (uint32_t pfn = list->head; pfn != LA_NO_PFN && nr < max; pfn = mm->frame[pfn].next)
        nr++;
    return nr;
}

/*
 * The length of each per-CPU list.  Usually at most one is long; its length is what the others
 * leave of the count, so that no step walks thousands of frames.
 */
static void pcp_lengths(const struct la_mm *mm, const struct la_pcp *pcp, uint32_t *nr)
{
    const uint32_t some = 64;
    uint32_t order, mt, pages = 0, nr_long = 0, the_long = 0;

    for (uint32_t i = 0; i < LA_NR_PCP_LISTS; i++) {
        nr[i] = list_length(mm, &pcp->list[i], some);
        pcp_list_of(i, &order, &mt);
        if (nr[i] == some) {
            the_long = i;
            nr_long++;
        } else {
            pages += nr[i] << order;
        }
    }
    if (nr_long == 1) {
        pcp_list_of(the_long, &order, &mt);
        nr[the_long] = (pcp->count - pages) >> order;
    }
    for (uint32_t i = 0; nr_long > 1 && i < LA_NR_PCP_LISTS; i++)
        if (nr[i] == some)
            nr[i] = list_length(mm, &pcp->list[i], UINT32_MAX);
}

static void pcp_json(const struct la_mm *mm, uint32_t zone, uint32_t cpu, struct la_json *w)
{
    const struct la_pcp *pcp = &mm->zone[zone].pcp[cpu];
    uint32_t nr[LA_NR_PCP_LISTS];

    pcp_lengths(mm, pcp, nr);

    la_json_obj(w);
    la_json_kuint(w, "zone", zone);
    la_json_kuint(w, "cpu", cpu);
    la_json_kuint(w, "count", pcp->count);
    la_json_kuint(w, "high", pcp->high);
    la_json_kuint(w, "batch", pcp->batch);
    la_json_kuint(w, "free_factor", pcp->free_factor);
    la_json_key(w, "lists");
    la_json_arr(w);
    for (uint32_t i = 0; i < LA_NR_PCP_LISTS; i++) {
        uint32_t order, mt;

        pcp_list_of(i, &order, &mt);
        if (!nr[i])
            continue;
        la_json_obj(w);
        la_json_kuint(w, "order", order);
        la_json_kuint(w, "mt", mt);
        la_json_kuint(w, "nr", nr[i]);
        list_json(mm, &pcp->list[i], w);
        la_json_end(w);
    }
    la_json_end(w);
    la_json_end(w);
}

static void pcp_section(const struct la_timeline *t, struct la_json *w)
{
    const struct la_mm *mm = t->machine->mm;

    la_json_key(w, "pcps");
    la_json_arr(w);
    for (uint32_t z = 0; mm->pcp_enabled && z < mm->nr_zones; z++)
        for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
            pcp_json(mm, z, cpu, w);
    la_json_end(w);
}

typedef void section_writer(const struct la_timeline *t, struct la_json *w);

static section_writer *const writers[LA_VIEW_NR] = {
    [LA_VIEW_MACHINE] = machine_section, [LA_VIEW_ZONES] = zones_section,     [LA_VIEW_BUDDY] = buddy_section,
    [LA_VIEW_PCP] = pcp_section,         [LA_VIEW_CACHES] = la_view_caches,   [LA_VIEW_POOLS] = la_view_pools,
    [LA_VIEW_VMALLOC] = la_view_vmalloc, [LA_VIEW_PAGETABLES] = la_view_pagetables, [LA_VIEW_PERCPU] = la_view_percpu, [LA_VIEW_BOOT] = la_view_boot,   [LA_VIEW_CONTEXT] = la_view_context, [LA_VIEW_PROGRAM] = la_view_program,
    [LA_VIEW_CONSOLE] = la_view_console};

/* Write a small section if the caller's version is another. */
static void small_section(struct la_view *view, const struct la_timeline *t, enum la_view_section s, uint32_t since,
                          struct la_json *w)
{
    struct la_json body;

    la_buf_clear(&view->scratch);
    la_json_init(&body, &view->scratch);
    la_json_obj(&body);
    la_json_kuint(&body, "version", 0);
    size_t fields = view->scratch.len;

    writers[s](t, &body);
    if (view->scratch.failed) {
        w->out->failed = true; /* half a section is none: the whole reply is refused */
        return;
    }
    uint64_t hash = la_hash_bytes(LA_HASH_START, la_buf_str(&view->scratch), view->scratch.len);

    if (hash != view->hash[s]) {
        view->hash[s] = hash;
        view->version[s]++;
    }
    if (since == view->version[s])
        return;
    la_json_key(w, section_names[s]);
    la_json_obj(w);
    la_json_kuint(w, "version", view->version[s]);
    la_json_raw(w, la_buf_str(&view->scratch) + fields + 1, view->scratch.len - fields - 1); /* after the comma */
    la_json_end(w);
}

/* The notes made after version @since, as ranges in @range (LA_VIEW_NOTES_MAX of them). */
static uint32_t notes_since(const struct la_view *view, uint32_t since, struct la_frame_note *range)
{
    uint32_t nr = 0;

    for (uint32_t i = 0; i < view->nr_notes; i++) {
        const struct la_view_note *note = &view->note[(view->first_note + i) % LA_VIEW_NOTES_MAX];

        if (note->version > since)
            range[nr++] = (struct la_frame_note){note->pfn, note->nr};
    }
    return nr;
}

static void frames_section(struct la_view *view, const struct la_timeline *t, uint32_t since, struct la_json *w)
{
    size_t bytes = LA_VIEW_NOTES_MAX * sizeof(struct la_frame_note);

    if (since == view->version[LA_VIEW_FRAMES])
        return;
    bool known = since >= view->oldest && since < view->version[LA_VIEW_FRAMES];
    struct la_frame_note *range = known ? view->host->resize(view->host->ctx, NULL, 0, bytes) : NULL;

    la_json_key(w, "frames");
    la_json_obj(w);
    la_json_kuint(w, "version", view->version[LA_VIEW_FRAMES]);
    la_json_kbool(w, "full", range == NULL);
    la_json_key(w, "runs");
    if (range)
        la_view_some_frames(t->machine->mm, range, notes_since(view, since, range), w);
    else
        la_view_all_frames(t->machine->mm, w);
    la_json_end(w);
    la_host_free(view->host, range, bytes);
}

void la_view_snapshot(struct la_view *view, const struct la_timeline *t, const struct la_view_since *since,
                      struct la_json *w)
{
    la_json_obj(w);
    for (uint32_t s = 0; s < LA_VIEW_NR; s++) {
        if (s == LA_VIEW_FRAMES)
            frames_section(view, t, since->version[s], w);
        else
            small_section(view, t, (enum la_view_section)s, since->version[s], w);
    }
    la_json_end(w);
}
