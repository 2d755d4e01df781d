/* trace.c: the recorder, and the readers of the table event.def. */
#include "trace/trace.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct la_trace *la_trace_new(const struct la_host *host)
{
    struct la_trace *trace = la_host_alloc(host, sizeof *trace);

    if (!trace)
        return NULL;
    trace->host = host;
    trace->on = true;
    trace->hash = LA_HASH_START;
    la_buf_init(&trace->text, host);
    trace->event = la_host_alloc(host, (LA_TRACE_EVENTS_MAX + 1) * sizeof *trace->event);
    trace->note = la_host_alloc(host, LA_TRACE_NOTES_MAX * sizeof *trace->note);
    if (!trace->event || !trace->note) {
        la_trace_free(trace);
        return NULL;
    }
    return trace;
}

void la_trace_free(struct la_trace *trace)
{
    if (!trace)
        return;
    la_buf_free(&trace->text);
    la_host_free(trace->host, trace->event, (LA_TRACE_EVENTS_MAX + 1) * sizeof *trace->event);
    la_host_free(trace->host, trace->note, LA_TRACE_NOTES_MAX * sizeof *trace->note);
    la_host_free(trace->host, trace, sizeof *trace);
}

void la_trace_begin(struct la_trace *trace)
{
    trace->nr_events = 0;
    trace->lost = 0;
    trace->counted = false;
    trace->nr_oops = 0;
    la_buf_clear(&trace->text);
}

void la_trace_notes_clear(struct la_trace *trace)
{
    trace->nr_notes = 0;
    trace->all_frames_changed = false;
}

uint64_t la_trace_text(struct la_trace *trace, const char *text)
{
    size_t at = trace->text.len, len = strlen(text);

    trace->hash = la_hash_u64(trace->hash, la_hash_bytes(LA_HASH_START, text, len));
    if (at + len + 1 > LA_TRACE_TEXT_MAX)
        return UINT64_MAX;
    la_buf_add(&trace->text, text, len + 1);
    return trace->text.failed ? UINT64_MAX : at;
}

/*
 * A statement with many events: of each kind the first LA_TRACE_SAME_MAX are kept, so that a thousand pages
 * do not push out what is told once.
 */
static bool keep(struct la_trace *trace, enum la_event_id id)
{
    if (trace->nr_events == LA_TRACE_MANY && !trace->counted) {
        memset(trace->same, 0, sizeof trace->same);
        for (uint32_t i = 0; i < trace->nr_events; i++)
            trace->same[trace->event[i].id]++;
        trace->counted = true;
    }
    if (trace->nr_events == LA_TRACE_EVENTS_MAX || trace->same[id] >= LA_TRACE_SAME_MAX)
        return false;
    trace->same[id]++;
    return true;
}

void la_trace_event(struct la_trace *trace, enum la_event_id id, const uint64_t *field, uint32_t nr)
{
    const struct la_event_desc *desc = la_event_desc(id);
    uint64_t hash = la_hash_u64(LA_HASH_START, id); /* of its own: a CPU works on several events at a time */

    struct la_event *event = &trace->event[trace->nr_events]; /* behind the last one there is room for one more */

    assert(nr == desc->nr_fields);
    trace->nr_oops += desc->severity == LA_SEV_OOPS;
    event->id = (uint16_t)id;
    for (uint32_t i = 0; i < nr; i++) {
        event->field[i] = field[i];
        if (desc->field[i].type != LA_FT_STR)
            hash = la_hash_u64(hash, field[i]);
    }
    trace->hash = la_hash_u64(trace->hash, hash);
    if (trace->nr_events < LA_TRACE_MANY || keep(trace, id))
        trace->nr_events++;
    else
        trace->lost++;
}

void la_trace_note_result(struct la_trace *trace, uint64_t value)
{
    trace->hash = la_hash_u64(trace->hash, value);
}

void la_trace_note_frames(struct la_trace *trace, uint32_t pfn, uint32_t nr)
{
    struct la_frame_note *last = trace->nr_notes ? &trace->note[trace->nr_notes - 1] : NULL;

    if (trace->all_frames_changed || (last && pfn >= last->pfn && pfn + nr <= last->pfn + last->nr))
        return;
    if (last && pfn == last->pfn + last->nr) {
        last->nr += nr;
        return;
    }
    if (trace->nr_notes == LA_TRACE_NOTES_MAX) {
        trace->all_frames_changed = true;
        return;
    }
    trace->note[trace->nr_notes++] = (struct la_frame_note){pfn, nr};
}

/* ---- the table ---- */

static const struct la_event_desc descs[LA_EV_NR] = {
#define LA_F(type, name) {LA_FT_##type, #name},
#define LA_COUNT(...) (uint32_t)(sizeof((const struct la_event_field[]){__VA_ARGS__}) / sizeof(struct la_event_field))
#define LA_EVENT(symbol, severity, sentence, fields)                                                                   \
    [LA_EV_##symbol] = {#symbol, LA_SEV_##severity, sentence, {fields}, LA_COUNT(fields)},
#include "trace/event.def"
#undef LA_EVENT
#undef LA_F
};

const struct la_event_desc *la_event_desc(enum la_event_id id)
{
    return &descs[id];
}

void la_event_name(enum la_event_id id, struct la_buf *out)
{
    for (const char *p = descs[id].name; *p; p++)
        la_buf_putc(out, (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p));
}

const char *la_event_severity_name(enum la_event_severity severity)
{
    static const char *const names[] = {"info", "yes", "no", "act", "warn", "oops", "print"};

    return names[severity];
}

const char *la_field_type_name(enum la_field_type type)
{
    static const char *const names[] = {"zone", "pfn", "order", "mt",   "gfp", "pages", "uint",
                                        "int",  "addr", "cpu",  "bool", "str", "wmark"};

    return names[type];
}

const char *la_event_str(const struct la_trace *trace, const struct la_event *event, uint32_t i)
{
    return event->field[i] < trace->text.len ? trace->text.data + event->field[i] : "";
}

static void field_text(const struct la_trace *trace, const struct la_event *event, uint32_t i, struct la_buf *out)
{
    enum la_field_type type = descs[event->id].field[i].type;
    uint64_t value = event->field[i];

    switch (type) {
    case LA_FT_STR:
        la_buf_puts(out, la_event_str(trace, event, i));
        break;
    case LA_FT_PFN:
    case LA_FT_ADDR:
        la_buf_printf(out, "0x%" PRIx64, value);
        break;
    case LA_FT_PAGES:
    case LA_FT_INT:
        la_buf_printf(out, "%" PRId64, (int64_t)value);
        break;
    case LA_FT_BOOL:
        la_buf_puts(out, value ? "yes" : "no");
        break;
    case LA_FT_ZONE:
    case LA_FT_MT:
    case LA_FT_GFP:
    case LA_FT_WMARK:
        if (trace->names.text) {
            trace->names.text(trace->names.ctx, type, value, out);
            break;
        }
        la_buf_printf(out, "%" PRIu64, value);
        break;
    default:
        la_buf_printf(out, "%" PRIu64, value);
    }
}

void la_event_sentence(const struct la_trace *trace, const struct la_event *event, struct la_buf *out)
{
    const struct la_event_desc *desc = &descs[event->id];

    for (const char *p = desc->sentence; *p; p++) {
        const char *close = *p == '{' ? strchr(p, '}') : NULL;

        if (!close) {
            la_buf_putc(out, *p);
            continue;
        }
        size_t len = (size_t)(close - p) - 1;

        for (uint32_t i = 0; i < desc->nr_fields; i++)
            if (strlen(desc->field[i].name) == len && memcmp(desc->field[i].name, p + 1, len) == 0)
                field_text(trace, event, i, out);
        p = close;
    }
}

static void field_json(const struct la_trace *trace, const struct la_event *event, uint32_t i, struct la_json *w)
{
    uint64_t value = event->field[i];
    struct la_buf text;

    switch (descs[event->id].field[i].type) {
    case LA_FT_STR:
        la_json_str(w, la_event_str(trace, event, i));
        break;
    case LA_FT_PAGES:
    case LA_FT_INT:
        la_json_int(w, (int64_t)value);
        break;
    case LA_FT_GFP:
    case LA_FT_ADDR:
        la_json_hex(w, value);
        break;
    case LA_FT_BOOL:
        la_json_bool(w, value != 0);
        break;
    case LA_FT_MT:
    case LA_FT_WMARK:
        la_buf_init(&text, trace->host);
        field_text(trace, event, i, &text);
        la_json_str(w, la_buf_str(&text));
        la_buf_free(&text);
        break;
    default:
        la_json_uint(w, value);
    }
}

void la_event_json(const struct la_trace *trace, const struct la_event *event, struct la_json *w)
{
    const struct la_event_desc *desc = &descs[event->id];
    struct la_buf text;

    la_buf_init(&text, trace->host);
    la_event_sentence(trace, event, &text);
    la_json_obj(w);
    size_t name_at = text.len;

    la_event_name((enum la_event_id)event->id, &text);
    la_json_key(w, "e");
    la_json_str(w, text.failed ? "" : text.data + name_at);
    la_json_kstr(w, "severity", la_event_severity_name(desc->severity));
    for (uint32_t i = 0; i < desc->nr_fields; i++) {
        la_json_key(w, desc->field[i].name);
        field_json(trace, event, i, w);
    }
    la_json_key(w, "say");
    la_json_strn(w, la_buf_str(&text), text.failed ? 0 : name_at);
    la_json_end(w);
    la_buf_free(&text);
}
