/*
 * vmalloc.c: the sections about virtual addresses: windows and areas, page tables; and one walk.
 *
 *     windows   | direct map |   | vmalloc ........ |  | kmap |      borders of the layout
 *     areas     vmalloc, vmap, ioremap, per-CPU; and freed ones that wait for a TLB flush
 *     tables    page tables under those areas: level, frame, what they cover, entries in use
 *
 * Cost: bounded lists; a step never looks at more than AREAS_MAX areas, PAGES_MAX of their pages and
 * TABLES_MAX tables, however large the machine is.
 */
#include "mm/vmalloc.h"

#include "machine/device.h"
#include "view/view.h"

enum { AREAS_MAX = 96, AREA_PAGES_MAX = 64, PAGES_MAX = 512, TABLES_MAX = 48, TABLE_TRIES_MAX = 256, AROUND = 3 };

/* ---- windows ---- */

static void window_json(struct la_json *w, const char *name, uint64_t start, uint64_t end)
{
    if (start == end)
        return;
    la_json_obj(w);
    la_json_kstr(w, "name", name);
    la_json_khex(w, "start", start);
    la_json_khex(w, "end", end);
    la_json_end(w);
}

static void windows(const struct la_mm *mm, struct la_json *w)
{
    const struct la_layout *layout = &mm->layout;

    la_json_key(w, "windows");
    la_json_arr(w);
    window_json(w, "direct map", layout->page_offset, layout->high_memory);
    window_json(w, "vmalloc", layout->vmalloc_start, layout->vmalloc_end);
    if (layout->pkmap_base)
        window_json(w, "kmap", layout->pkmap_base, layout->pkmap_base + (uint64_t)layout->nr_pkmap * LA_PAGE_SIZE);
    la_json_end(w);
}

/* ---- areas ---- */

static const char *area_kind(const struct la_vmap_area *area)
{
    return area->tree == LA_VMAP_PURGE          ? "lazy"
           : area->flags & LA_VM_IOREMAP        ? "ioremap"
           : area->flags & LA_VM_PERCPU         ? "percpu"
           : area->flags & LA_VM_HIDDEN         ? "pages"
           : area->flags & LA_VM_ALLOC          ? "vmalloc"
                                                : "vmap";
}

/* Where the first pages of an area lie: [[page of the area, pfn, how many in a row], …]. */
static uint32_t pages_json(const struct la_mm *mm, const struct la_vmap_area *area, uint32_t budget, struct la_json *w)
{
    uint32_t nr = area->nr_pages < AREA_PAGES_MAX ? area->nr_pages : AREA_PAGES_MAX, from = 0, run = 0, first = LA_NO_PFN;

    nr = nr < budget ? nr : budget;
    la_json_key(w, "frames");
    la_json_arr(w);
    for (uint32_t i = 0; i <= nr; i++) {
        uint32_t pfn = i < nr ? la_vmalloc_to_pfn(mm, area->start + (uint64_t)i * LA_PAGE_SIZE) : LA_NO_PFN;

        if (run && pfn != LA_NO_PFN && pfn == first + run) {
            run++;
            continue;
        }
        if (run) {
            la_json_arr(w);
            la_json_uint(w, from);
            la_json_uint(w, first);
            la_json_uint(w, run);
            la_json_end(w);
        }
        from = i;
        first = pfn;
        run = pfn != LA_NO_PFN;
    }
    la_json_end(w);
    return nr;
}

static uint32_t area_json(const struct la_mm *mm, const struct la_vmap_area *area, uint32_t budget, struct la_json *w)
{
    static const char *const modes[LA_NR_CACHE_MODES] = {"write-back", "write-combining", "uncached-minus", "uncached"};
    bool busy = area->tree == LA_VMAP_BUSY;

    la_json_obj(w);
    la_json_khex(w, "start", area->start);
    la_json_khex(w, "end", area->end);
    la_json_kstr(w, "kind", area_kind(area));
    la_json_kuint(w, "guard", busy && !(area->flags & LA_VM_PERCPU) ? 1 : 0);
    la_json_kuint(w, "pages", busy ? area->nr_pages : 0);
    la_json_khex(w, "phys", busy ? area->phys : 0);
    la_json_kstr(w, "caching", busy && area->flags & LA_VM_IOREMAP ? modes[area->mode] : "");
    la_json_kuint(w, "owner", busy ? area->owner : 0);
    uint32_t used = busy ? pages_json(mm, area, budget, w) : 0;

    if (!busy) {
        la_json_key(w, "frames");
        la_json_arr(w);
        la_json_end(w);
    }
    la_json_end(w);
    return used;
}

/* Busy and lazily freed areas together, by address. */
static uint32_t next_area(const struct la_vmap *vmap, uint32_t *busy, uint32_t *lazy)
{
    uint32_t next = *busy && (!*lazy || vmap->area[*busy].start < vmap->area[*lazy].start) ? *busy : *lazy;

    if (next && next == *busy)
        *busy = la_vmap_next(vmap, LA_VMAP_BUSY, *busy);
    else if (next)
        *lazy = la_vmap_next(vmap, LA_VMAP_PURGE, *lazy);
    return next;
}

static void areas(const struct la_mm *mm, struct la_json *w)
{
    const struct la_vmap *vmap = mm->vmap;
    uint32_t busy = vmap ? la_vmap_next(vmap, LA_VMAP_BUSY, 0) : 0, lazy = vmap ? la_vmap_next(vmap, LA_VMAP_PURGE, 0) : 0;
    uint32_t nr = 0, budget = PAGES_MAX, i = vmap ? next_area(vmap, &busy, &lazy) : 0;

    la_json_key(w, "areas");
    la_json_arr(w);
    for (; i && nr < AREAS_MAX; i = next_area(vmap, &busy, &lazy)) {
        budget -= area_json(mm, &vmap->area[i], budget, w);
        nr++;
    }
    la_json_end(w);
    la_json_kbool(w, "more", i != 0);
    la_json_kuint(w, "lazy_pages", vmap ? vmap->lazy_nr : 0);
    la_json_kuint(w, "lazy_max", vmap ? la_vmap_lazy_max(mm) : 0);
    la_json_kuint(w, "flushes", vmap ? vmap->nr_purges : 0);
}

/* ---- devices ---- */

static void devices(const struct la_machine *machine, struct la_json *w)
{
    la_json_key(w, "devices");
    la_json_arr(w);
    for (uint32_t d = 0; d < machine->config.nr_devices; d++) {
        const struct la_device_config *config = &machine->config.device[d];

        la_json_obj(w);
        la_json_kstr(w, "name", config->name);
        la_json_khex(w, "bar", config->bar);
        la_json_khex(w, "bytes", config->bytes);
        la_json_key(w, "registers");
        la_json_arr(w);
        for (uint32_t i = 0; i < LA_DEVICE_REGISTERS; i++) {
            struct la_device_register reg = la_device_register(&machine->device[d], i);

            la_json_obj(w);
            la_json_kstr(w, "name", reg.name);
            la_json_kuint(w, "offset", reg.offset);
            la_json_khex(w, "value", reg.value);
            la_json_end(w);
        }
        la_json_end(w);
        la_json_end(w);
    }
    la_json_end(w);
}

void la_view_vmalloc(const struct la_timeline *t, struct la_json *w)
{
    windows(t->machine->mm, w);
    areas(t->machine->mm, w);
    devices(t->machine, w);
}

/* ---- page tables ---- */

struct tables {
    const struct la_mm *mm;
    struct la_json *w;
    uint32_t nr, tries;
    uint32_t pfn[TABLES_MAX];
};

static bool seen(const struct tables *tables, uint32_t pfn)
{
    for (uint32_t i = 0; i < tables->nr; i++)
        if (tables->pfn[i] == pfn)
            return true;
    return false;
}

/* The tables on the way to @addr that are not written yet. */
static void tables_on_the_way(struct tables *tables, uint64_t addr)
{
    struct la_walk walk;

    (void)la_pt_walk(tables->mm, addr, &walk);
    for (uint32_t i = 0; i < walk.nr && tables->nr < TABLES_MAX; i++) {
        const struct la_walk_step *step = &walk.step[i];
        uint32_t covers = i ? walk.step[i - 1].shift : 63;

        if (seen(tables, step->table))
            continue;
        tables->pfn[tables->nr++] = step->table;
        la_json_obj(tables->w);
        la_json_kint(tables->w, "pfn", step->table == LA_NO_PFN ? -1 : (int64_t)step->table);
        la_json_kuint(tables->w, "level", i);
        la_json_khex(tables->w, "covers", i ? addr >> covers << covers : 0);
        la_json_end(tables->w);
    }
}

void la_view_pagetables(const struct la_timeline *t, struct la_json *w)
{
    const struct la_mm *mm = t->machine->mm;
    const struct la_vmap *vmap = mm->vmap;
    struct tables tables = {.mm = mm, .w = w};

    la_json_key(w, "levels");
    la_json_arr(w);
    for (uint32_t i = 0; i < mm->layout.pt_levels; i++)
        la_json_str(w, la_pt_level_name(mm, i));
    la_json_end(w);
    la_json_kuint(w, "nr_tables", la_pt_nr_tables(mm));
    la_json_key(w, "tables");
    la_json_arr(w);
    for (uint32_t i = vmap ? la_vmap_next(vmap, LA_VMAP_BUSY, 0) : 0; i; i = la_vmap_next(vmap, LA_VMAP_BUSY, i)) {
        const struct la_vmap_area *area = &vmap->area[i];

        for (uint64_t addr = area->start; addr < area->end && tables.tries < TABLE_TRIES_MAX;
             addr = (addr & ~(la_pt_large_bytes(mm) - 1)) + la_pt_large_bytes(mm), tables.tries++)
            tables_on_the_way(&tables, addr);
    }
    la_json_end(w);
}

/* ---- one walk ---- */

/* The bits of an x86 entry that are set, by name. */
static void bits_json(uint64_t entry, struct la_json *w)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } bits[] = {{LA_PTE_PRESENT, "P"}, {0x002, "RW"}, {0x004, "US"}, {LA_PTE_PWT, "PWT"}, {LA_PTE_PCD, "PCD"}, {0x020, "A"},
                {0x040, "D"},          {LA_PTE_LARGE, "PS"}, {0x100, "G"}, {LA_PTE_NX, "NX"}};

    la_json_key(w, "bits");
    la_json_arr(w);
    for (uint32_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (entry & bits[i].bit)
            la_json_str(w, bits[i].name);
    la_json_end(w);
}

/* The entry and those around it, as they stand in the table. */
static void around_json(const struct la_mm *mm, uint64_t addr, const struct la_walk_step *step, uint32_t i, uint32_t width,
                        struct la_json *w)
{
    uint32_t last = (1u << width) - 1, from = step->index > AROUND ? step->index - AROUND : 0;
    uint32_t to = from + 2 * AROUND < last ? from + 2 * AROUND : last;

    la_json_key(w, "around");
    la_json_arr(w);
    for (uint32_t index = from; index <= to; index++) {
        uint64_t mask = (((uint64_t)last) << step->shift);
        struct la_walk walk;

        (void)la_pt_walk(mm, (addr & ~mask) | (uint64_t)index << step->shift, &walk);
        la_json_obj(w);
        la_json_kuint(w, "index", index);
        la_json_khex(w, "entry", walk.nr > i ? walk.step[i].entry : 0);
        la_json_end(w);
    }
    la_json_end(w);
}

static void step_json(const struct la_mm *mm, uint64_t addr, const struct la_walk *walk, uint32_t i, struct la_json *w)
{
    const struct la_walk_step *step = &walk->step[i];
    uint32_t above = i ? walk->step[i - 1].shift : mm->layout.pt_levels == 2 || mm->layout.pt_levels == 3 ? 32
                                                   : step->shift + 9;

    la_json_obj(w);
    la_json_kstr(w, "level", la_pt_level_name(mm, i));
    la_json_kint(w, "table", step->table == LA_NO_PFN ? -1 : (int64_t)step->table);
    la_json_kuint(w, "index", step->index);
    la_json_kuint(w, "shift", step->shift);
    la_json_kuint(w, "width", above - step->shift);
    la_json_khex(w, "entry", step->entry);
    bits_json(step->entry, w);
    around_json(mm, addr, step, i, above - step->shift, w);
    la_json_end(w);
}

bool la_view_inspect_walk(const struct la_timeline *t, uint64_t addr, struct la_json *w)
{
    const struct la_mm *mm = t->machine->mm;
    const struct la_vmap_area *area = la_find_vm_area(mm, addr);
    struct la_walk walk;
    bool mapped = la_pt_walk(mm, addr, &walk);
    uint64_t direct = la_virt_to_pfn(mm, addr);

    la_json_obj(w);
    la_json_khex(w, "address", addr);
    la_json_kstr(w, "window", direct != LA_NO_PFN ? "direct map" : la_is_vmalloc_addr(mm, addr) ? "vmalloc" : "");
    la_json_khex(w, "area", area ? area->start : 0);
    la_json_kbool(w, "guard", area && addr >= area->end - LA_PAGE_SIZE && !(area->flags & LA_VM_PERCPU));
    la_json_kbool(w, "mapped", mapped || direct != LA_NO_PFN);
    la_json_khex(w, "phys", mapped ? walk.phys : direct != LA_NO_PFN ? addr - mm->layout.page_offset : 0);
    la_json_kint(w, "pfn", direct != LA_NO_PFN ? (int64_t)direct
                           : mapped && walk.phys >> LA_PAGE_SHIFT < mm->nr_frames ? (int64_t)(walk.phys >> LA_PAGE_SHIFT) : -1);
    la_json_key(w, "steps");
    la_json_arr(w);
    for (uint32_t i = 0; direct == LA_NO_PFN && i < walk.nr; i++)
        step_json(mm, addr, &walk, i, w);
    la_json_end(w);
    la_json_end(w);
    return true;
}
