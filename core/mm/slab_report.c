/*
 * slab_report.c: what the kernel prints when it finds damage in a slab.
 *
 *     BUG foo (Not tainted): Right Redzone overwritten
 *     -----------------------------------------------------------------------------
 *
 *     0xc1000040-0xc1000040 @offset=64. First byte 0x12 instead of 0xcc
 *     Slab 0xfc020000 objects=46 used=1 fp=0x… flags=…
 *     Object 0xc1000008 @offset=8 fp=0x…
 *
 *     Redzone  c1000000: cc cc cc cc …                          ........
 *     Object   c1000008: 6b 6b 6b 6b …                          kkkkkkkkkkkkkkkk
 *
 * Deviations:
 *  A. The line of = signs above the first line is left out, so that the first line says what
 *     happened; stack dumps and the name of the caller are left out.
 *  B. A report shows at most 256 bytes of an object (the kernel: a page).
 *
 * Source: Linux 6.1.192 mm/slub.c: slab_bug, print_trailer, print_tracking, slab_fix;
 * lib/hexdump.c: print_hex_dump.
 */
#include "mm/slab_internal.h"

#include <stdio.h>

enum { OBJECT_SHOWN = 256, ROW = 16 };

static void begin(struct la_mm *mm, const struct la_kmem_cache *s, const char *reason, struct la_buf *out)
{
    la_buf_init(out, la_arena_host(mm->arena));
    la_buf_printf(out, "BUG %s (%s): %s\n", s->name, mm->kmem->tainted ? "Tainted: G    B" : "Not tainted", reason);
    la_buf_puts(out, "-----------------------------------------------------------------------------\n");
}

/* print_section: rows of 16 bytes with their address and as text. */
static void section(const struct la_mm *mm, struct la_buf *out, const char *title, uint64_t addr, uint32_t len)
{
    unsigned char bytes[ROW];

    for (uint32_t at = 0; at < len; at += ROW) {
        uint32_t n = len - at < ROW ? len - at : ROW;

        la_mem_read(mm, addr + at, bytes, n);
        la_buf_printf(out, "\n%s%0*llx: ", title, la_digits(mm), (unsigned long long)(addr + at));
        for (uint32_t i = 0; i < n; i++)
            la_buf_printf(out, "%02x ", bytes[i]);
        la_buf_printf(out, "%*s", (int)(3 * (ROW - n)), "");
        la_buf_putc(out, ' ');
        for (uint32_t i = 0; i < n; i++)
            la_buf_putc(out, bytes[i] >= 0x20 && bytes[i] < 0x7F ? (char)bytes[i] : '.');
    }
}

static void track_line(const struct la_mm *mm, struct la_buf *out, const char *what, uint64_t addr)
{
    uint32_t word = mm->layout.pointer_bytes, bytes = la_track_bytes(&mm->kmem->rules);
    uint64_t step = la_mem_load(mm, addr, word);

    if (step == 0)
        return;
    la_buf_printf(out, "\n%s in step %llu age=%llu cpu=%llu pid=%llu", what, (unsigned long long)step,
                  (unsigned long long)(mm->tick - la_mem_load(mm, addr + bytes - word, word)),
                  (unsigned long long)la_mem_load(mm, addr + word + 4, 4), (unsigned long long)la_mem_load(mm, addr + word + 8, 4));
}

static void print_tracking(const struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, struct la_buf *out)
{
    if (!(s->flags & LA_SLAB_STORE_USER))
        return;
    track_line(mm, out, "Allocated", object + la_info_end(mm, s));
    track_line(mm, out, "Freed", object + la_info_end(mm, s) + la_track_bytes(&mm->kmem->rules));
}

static void print_slab_info(const struct la_mm *mm, const struct la_slab *slab, struct la_buf *out)
{
    uint64_t fp = slab->freelist == LA_NO_OBJECT ? 0 : la_slab_object(mm, slab, slab->freelist);

    la_buf_printf(out, "\nSlab 0x%0*llx objects=%u used=%u fp=0x%0*llx flags=0x200(slab|node=%u|zone=%u)",
                  la_digits(mm), (unsigned long long)la_pfn_to_page(mm, slab->pfn), (unsigned)slab->objects,
                  (unsigned)slab->inuse, la_digits(mm), (unsigned long long)fp, (unsigned)slab->node,
                  (unsigned)mm->zone[mm->frame[slab->pfn].zone].type);
}

static void print_trailer(const struct la_mm *mm, const struct la_kmem_cache *s, const struct la_slab *slab,
                          uint64_t object, struct la_buf *out)
{
    uint64_t base = la_slab_address(mm, slab);
    uint32_t shown = s->object_size < OBJECT_SHOWN ? s->object_size : OBJECT_SHOWN, off = la_info_end(mm, s);

    print_tracking(mm, s, object, out);
    print_slab_info(mm, slab, out);
    la_buf_printf(out, "\nObject 0x%0*llx @offset=%llu fp=0x%0*llx\n", la_digits(mm), (unsigned long long)object,
                  (unsigned long long)(object - base), la_digits(mm),
                  (unsigned long long)la_mem_load(mm, object + s->offset, mm->layout.pointer_bytes));
    if (s->flags & LA_SLAB_RED_ZONE)
        section(mm, out, "Redzone  ", object - s->red_left_pad, s->red_left_pad < 64 ? s->red_left_pad : 64);
    else if (object > base + ROW)
        section(mm, out, "Bytes b4 ", object - ROW, ROW);
    section(mm, out, "Object   ", object, shown);
    if (s->flags & LA_SLAB_RED_ZONE)
        section(mm, out, "Redzone  ", object + s->object_size, s->inuse - s->object_size);
    if (s->flags & LA_SLAB_STORE_USER)
        off += 2 * la_track_bytes(&mm->kmem->rules);
    uint32_t padding = s->size - s->red_left_pad - off;

    section(mm, out, "Padding  ", object + off, padding < 64 ? padding : 64);
}

static void finish(struct la_mm *mm, struct la_buf *text, const char *note)
{
    la_oops(mm, la_buf_str(text), note);
    la_buf_free(text);
    mm->kmem->tainted = true;
}

void la_slab_err(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, const char *reason)
{
    struct la_buf text;

    mm->kmem->slab_errors++;
    if (mm->kmem->quiet_reports)
        return;
    begin(mm, s, reason, &text);
    print_slab_info(mm, la_slab_at(mm, index), &text);
    finish(mm, &text, "The kernel prints this and goes on.");
}

void la_object_err(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object, const char *reason)
{
    struct la_buf text;

    mm->kmem->slab_errors++;
    if (mm->kmem->quiet_reports)
        return;
    begin(mm, s, reason, &text);
    print_trailer(mm, s, la_slab_at(mm, index), object, &text);
    finish(mm, &text, "The kernel prints this and goes on.");
}

void la_bytes_err(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index, uint64_t object, const char *what,
                  uint64_t fault, uint64_t end, uint8_t value)
{
    uint64_t base = la_slab_address(mm, la_slab_at(mm, index));
    int w = la_digits(mm);
    char reason[120];
    struct la_buf text;

    mm->kmem->slab_errors++;
    if (!mm->kmem->quiet_reports) {
        if (object)
            (void)snprintf(reason, sizeof reason, "%s overwritten", what);
        else
            (void)snprintf(reason, sizeof reason, "%s overwritten. 0x%0*llx-0x%0*llx @offset=%llu", what, w,
                           (unsigned long long)fault, w, (unsigned long long)(end - 1),
                           (unsigned long long)(fault - base));
        begin(mm, s, reason, &text);
        la_buf_printf(&text, "\n0x%0*llx-0x%0*llx @offset=%llu. First byte 0x%llx instead of 0x%x", w,
                      (unsigned long long)fault, w, (unsigned long long)(end - 1), (unsigned long long)(fault - base),
                      (unsigned long long)la_mem_load(mm, fault, 1), value);
        if (object)
            print_trailer(mm, s, la_slab_at(mm, index), object, &text);
        else
            print_slab_info(mm, la_slab_at(mm, index), &text);
        finish(mm, &text, "Somebody wrote where he should not have. The kernel puts the bytes back and goes on.");
    }
    (void)snprintf(reason, sizeof reason, "Restoring %s 0x%0*llx-0x%0*llx=0x%x", what, w, (unsigned long long)fault, w,
                   (unsigned long long)(end - 1), value);
    la_slab_fix(mm, s, reason);
}

void la_slab_fix(struct la_mm *mm, const struct la_kmem_cache *s, const char *what)
{
    char text[200];

    mm->kmem->slab_errors++;
    if (mm->kmem->quiet_reports)
        return;
    (void)snprintf(text, sizeof text, "FIX %s: %s", s->name, what);
    la_warning(mm, text, NULL);
}

void la_list_slab_objects(struct la_mm *mm, struct la_kmem_cache *s, uint32_t index)
{
    const struct la_slab *slab = la_slab_at(mm, index);
    char reason[100];
    struct la_buf text;

    (void)snprintf(reason, sizeof reason, "Objects remaining in %s on __kmem_cache_shutdown()", s->name);
    begin(mm, s, reason, &text);
    print_slab_info(mm, slab, &text);
    for (uint32_t i = 0; i < slab->objects; i++) {
        uint64_t object = la_slab_object(mm, slab, i);

        if (!la_slab_used(slab, i))
            continue;
        la_buf_printf(&text, "\nObject 0x%0*llx @offset=%llu", la_digits(mm), (unsigned long long)object,
                      (unsigned long long)(object - la_slab_address(mm, slab)));
        print_tracking(mm, s, object, &text);
    }
    finish(mm, &text, "kmem_cache_destroy() found objects that the program still holds.");
}
