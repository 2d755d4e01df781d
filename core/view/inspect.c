/* inspect.c: one thing looked at closely, as a list of facts. */
#include "view/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEX_BYTES = 64, HEX_ROW = 16 };

struct facts {
    struct la_json *w;
    struct la_buf text;
};

static void begin(struct facts *f, const struct la_host *host, struct la_json *w, const char *title)
{
    f->w = w;
    la_buf_init(&f->text, host);
    la_json_obj(w);
    la_json_kstr(w, "title", title);
    la_json_key(w, "facts");
    la_json_arr(w);
}

/* The value is what stands in f->text. */
static void fact(struct facts *f, const char *key)
{
    la_json_obj(f->w);
    la_json_kstr(f->w, "key", key);
    la_json_kstr(f->w, "value", la_buf_str(&f->text));
    la_json_end(f->w);
    la_buf_clear(&f->text);
}

static void end(struct facts *f, uint32_t step)
{
    la_json_end(f->w);
    la_json_kuint(f->w, "step", step);
    la_json_kstr(f->w, "hex", la_buf_str(&f->text));
    la_json_end(f->w);
    la_buf_free(&f->text);
}

static void hex_rows(const struct la_mm *mm, uint32_t pfn, struct la_buf *out)
{
    unsigned char bytes[HEX_BYTES];

    la_frame_read(mm, pfn, 0, bytes, sizeof bytes);
    for (uint32_t row = 0; row < HEX_BYTES; row += HEX_ROW) {
        la_buf_printf(out, "%03x:", row);
        for (uint32_t i = 0; i < HEX_ROW; i++)
            la_buf_printf(out, " %02x", bytes[row + i]);
        la_buf_puts(out, "  ");
        for (uint32_t i = 0; i < HEX_ROW; i++)
            la_buf_putc(out, bytes[row + i] >= 0x20 && bytes[row + i] < 0x7F ? (char)bytes[row + i] : '.');
        la_buf_putc(out, '\n');
    }
}

static void buddy_fact(struct facts *f, struct la_mm *mm, uint32_t head)
{
    const struct la_frame *frame = &mm->frame[head];
    uint32_t buddy = head ^ (1u << frame->order);
    const struct la_zone *zone = la_page_zone(mm, head);

    if (!zone || !la_zone_contains(zone, buddy) || frame->order >= LA_MAX_ORDER - 1)
        return;
    const struct la_frame *other = &mm->frame[la_frame_head(mm, buddy)];
    bool free_whole = other->kind == LA_FRAME_FREE && la_frame_head(mm, buddy) == buddy && other->order == frame->order;

    la_buf_printf(&f->text, "0x%x, %s", buddy, free_whole ? "free" : la_frame_kind_name((enum la_frame_kind)other->kind));
    if (!free_whole && other->kind == LA_FRAME_FREE)
        la_buf_puts(&f->text, " but of another order");
    fact(f, "buddy");
}

static void address_facts(struct facts *f, const struct la_mm *mm, uint32_t pfn)
{
    uint64_t virt = la_page_address(mm, pfn);

    la_buf_printf(&f->text, "0x%" PRIx64, (uint64_t)pfn << LA_PAGE_SHIFT);
    fact(f, "physical");
    if (virt)
        la_buf_printf(&f->text, "0x%" PRIx64, virt);
    else
        la_buf_puts(&f->text, "none: high memory needs kmap()");
    fact(f, "virtual");
    la_buf_printf(&f->text, "0x%" PRIx64, la_pfn_to_page(mm, pfn));
    fact(f, "struct page");
}

bool la_view_inspect_frame(const struct la_timeline *t, uint32_t pfn, struct la_json *w)
{
    struct la_mm *mm = t->machine->mm;
    const struct la_zone *zone = pfn < mm->nr_frames ? la_page_zone(mm, pfn) : NULL;
    struct facts f;
    char title[32];

    if (!zone)
        return false;
    uint32_t head = la_frame_head(mm, pfn);
    const struct la_frame *frame = &mm->frame[head];

    (void)snprintf(title, sizeof title, "%s 0x%x", frame->order ? "Block" : "Page", head);
    begin(&f, t->host, w, title);
    la_buf_puts(&f.text, la_frame_kind_name((enum la_frame_kind)frame->kind));
    fact(&f, "used as");
    la_buf_printf(&f.text, "%u · %u page%s", frame->order, 1u << frame->order, frame->order ? "s" : "");
    fact(&f, "order");
    la_buf_puts(&f.text, la_zone_type_name((enum la_zone_type)zone->type));
    if (mm->nr_nodes > 1)
        la_buf_printf(&f.text, ", node %u", zone->node);
    fact(&f, "zone");
    address_facts(&f, mm, head);
    la_buf_puts(&f.text, la_migratetype_name(la_pageblock_type(mm, head)));
    fact(&f, "pageblock");
    la_buf_printf(&f.text, "%d", frame->refcount);
    fact(&f, "refcount");
    buddy_fact(&f, mm, head);
    bool used = frame->kind != LA_FRAME_FREE && frame->kind != LA_FRAME_PCP && frame->kind != LA_FRAME_RESERVED;

    if (used)
        hex_rows(mm, head, &f.text);
    end(&f, used ? frame->owner : 0);
    return true;
}

static void mark_fact(struct facts *f, const struct la_zone *zone, enum la_wmark mark, const char *name)
{
    la_buf_printf(&f->text, "%u", la_wmark_pages(zone, mark));
    if (zone->watermark_boost)
        la_buf_printf(&f->text, " (%u + boost %u)", zone->mark[mark], zone->watermark_boost);
    fact(f, name);
}

bool la_view_inspect_zone(const struct la_timeline *t, uint32_t index, struct la_json *w)
{
    const struct la_mm *mm = t->machine->mm;
    struct facts f;

    if (index >= mm->nr_zones)
        return false;
    const struct la_zone *zone = &mm->zone[index];

    begin(&f, t->host, w, la_zone_type_name((enum la_zone_type)zone->type));
    la_buf_printf(&f.text, "0x%x – 0x%x", zone->start_pfn, la_zone_end(zone) - 1);
    fact(&f, "frames");
    la_buf_printf(&f.text, "%u of %u", zone->nr_free, zone->managed);
    fact(&f, "free pages");
    la_buf_printf(&f.text, "%u", la_zone_pcp_pages(zone));
    fact(&f, "on per-CPU lists");
    mark_fact(&f, zone, LA_WMARK_MIN, "min");
    mark_fact(&f, zone, LA_WMARK_LOW, "low");
    mark_fact(&f, zone, LA_WMARK_HIGH, "high");
    for (uint32_t type = 0; type < LA_NR_ZONE_TYPES - 1; type++)
        la_buf_printf(&f.text, "%s%u", type ? ", " : "", zone->lowmem_reserve[type]);
    fact(&f, "lowmem_reserve");
    end(&f, 0);
    return true;
}

struct wanted {
    const struct la_timeline *timeline;
    const char *name;
    struct la_json *w;
    bool found;
};

static void maybe_variable(void *ctx, const struct la_var *var)
{
    struct wanted *wanted = ctx;
    struct facts f;

    if (wanted->found || strcmp(var->name, wanted->name) != 0)
        return;
    wanted->found = true;
    begin(&f, wanted->timeline->host, wanted->w, var->name);
    la_buf_puts(&f.text, var->type_text);
    fact(&f, "type");
    la_buf_puts(&f.text, var->value_text);
    fact(&f, "value");
    la_buf_printf(&f.text, "0x%" PRIx64, var->address);
    fact(&f, "lies at");
    la_buf_printf(&f.text, "%u byte%s", var->size, var->size == 1 ? "" : "s");
    fact(&f, "size");
    end(&f, 0);
}

bool la_view_inspect_variable(const struct la_timeline *t, const char *name, struct la_json *w)
{
    struct wanted wanted = {t, name, w, false};

    if (t->interp)
        la_interp_vars(t->interp, maybe_variable, &wanted);
    return wanted.found;
}
