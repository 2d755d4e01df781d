/*
 * trace.h: what happened during a statement, in micro-steps.
 *
 * The allocators report events (rows of event.def) and which frames changed; whoever runs the
 * machine reads both after a statement and clears them before the next.
 *
 *     allocator --LA_TRACE(t, SPLIT, ...)--> [event][event]...  --> JSON, sentences, "why"
 *              \-la_trace_note_frames()----> [pfn,len][pfn,len] --> which frames a delta shows
 *
 * A trace lives outside the arena: going back in time does not undo it.
 * Cost: with `on` false an event is one test of a flag.  Both lists are bounded: a statement that
 * makes more than LA_TRACE_MANY events keeps the first LA_TRACE_SAME_MAX of each kind from then on,
 * and LA_TRACE_EVENTS_MAX in all; the rest is counted in `lost`.  Too many change notes collapse
 * into "everything changed".
 * The rolling hash covers every event, kept or lost, and every note_result().
 */
#ifndef LA_TRACE_TRACE_H
#define LA_TRACE_TRACE_H

#include "base/buf.h"
#include "base/hash.h"
#include "base/jsonw.h"

#include <stdbool.h>
#include <stdint.h>

enum la_event_id {
#define LA_EVENT(symbol, severity, sentence, fields) LA_EV_##symbol,
#include "trace/event.def"
#undef LA_EVENT
    LA_EV_NR
};

enum la_event_severity { LA_SEV_INFO, LA_SEV_YES, LA_SEV_NO, LA_SEV_ACT, LA_SEV_WARN, LA_SEV_OOPS, LA_SEV_PRINT };

enum la_field_type {
    LA_FT_ZONE, LA_FT_PFN, LA_FT_ORDER, LA_FT_MT, LA_FT_GFP, LA_FT_PAGES, LA_FT_UINT, LA_FT_INT, LA_FT_ADDR,
    LA_FT_CPU, LA_FT_BOOL, LA_FT_STR, LA_FT_WMARK
};

enum { LA_EVENT_FIELDS_MAX = 8, LA_TRACE_EVENTS_MAX = 4096, LA_TRACE_MANY = 1024, LA_TRACE_SAME_MAX = 256, LA_TRACE_NOTES_MAX = 8192, LA_TRACE_TEXT_MAX = 1 << 16 };

struct la_event {
    uint16_t id;
    uint64_t field[LA_EVENT_FIELDS_MAX]; /* a STR field holds an offset into trace->text */
};

struct la_frame_note {
    uint32_t pfn, nr;
};

/* How to name zones, flags and migratetypes in sentences; the machine sets it (base cannot know). */
struct la_trace_names {
    void *ctx;
    /** Append the text of @value of @type to @out. */
    void (*text)(void *ctx, enum la_field_type type, uint64_t value, struct la_buf *out);
};

struct la_trace {
    const struct la_host *host;
    struct la_trace_names names;
    bool on;                       /* record events (hash and sentences need it) */
    struct la_event *event;        /* LA_TRACE_EVENTS_MAX and one, allocated once */
    uint32_t nr_events, lost;
    bool counted;                  /* more than LA_TRACE_MANY events: `same` holds how many of each kind */
    uint16_t same[LA_EV_NR];
    struct la_buf text;            /* NUL-terminated texts of STR fields */
    struct la_frame_note *note;    /* LA_TRACE_NOTES_MAX */
    uint32_t nr_notes;
    bool all_frames_changed;
    uint64_t hash;                 /* rolling over events and results since the start */
    uint32_t nr_oops;              /* OOPS events in this statement */
};

/** A trace on @host; NULL when memory is out.  Events are on. */
struct la_trace *la_trace_new(const struct la_host *host);
void la_trace_free(struct la_trace *trace);
/** Before each statement: forget events; the hash and the change notes stay. */
void la_trace_begin(struct la_trace *trace);
/** Forget the change notes (after a delta was made of them). */
void la_trace_notes_clear(struct la_trace *trace);

/** Record event @id with its fields as 64-bit values.  Use the macro. */
void la_trace_event(struct la_trace *trace, enum la_event_id id, const uint64_t *field, uint32_t nr);
/** Keep a text for a STR field of the event recorded next; returns the field's value. */
uint64_t la_trace_text(struct la_trace *trace, const char *text);
/** Feed @value (the result of a statement) into the rolling hash. */
void la_trace_note_result(struct la_trace *trace, uint64_t value);
/** The frames @pfn..@pfn+@nr-1 changed their state. */
void la_trace_note_frames(struct la_trace *trace, uint32_t pfn, uint32_t nr);

/* LA_TRACE(trace, SPLIT, zone, pfn, order, mt): all fields, in the order of the table. */
#define LA_TRACE(trace, symbol, ...)                                                                                   \
    do {                                                                                                               \
        if ((trace)->on) {                                                                                             \
            const uint64_t la_fields_[] = {__VA_ARGS__};                                                               \
            la_trace_event((trace), LA_EV_##symbol, la_fields_,                                                        \
                           (uint32_t)(sizeof la_fields_ / sizeof la_fields_[0]));                                      \
        }                                                                                                              \
    } while (0)

/* ---- reading the table ---- */

struct la_event_field {
    enum la_field_type type;
    const char *name;
};

struct la_event_desc {
    const char *name; /* as in the table: upper case */
    enum la_event_severity severity;
    const char *sentence;
    struct la_event_field field[LA_EVENT_FIELDS_MAX];
    uint32_t nr_fields;
};

/** The row of @id; static storage. */
const struct la_event_desc *la_event_desc(enum la_event_id id);
/** Append the name of @id as JSON has it: in lower case. */
void la_event_name(enum la_event_id id, struct la_buf *out);
/** "info" "yes" "no" "act" "warn" "oops" "print". */
const char *la_event_severity_name(enum la_event_severity severity);
/** "zone", "pfn", …: the type as the protocol names it. */
const char *la_field_type_name(enum la_field_type type);
/** Append the sentence of @event with its fields filled in. */
void la_event_sentence(const struct la_trace *trace, const struct la_event *event, struct la_buf *out);
/** Write @event as {"e":name,"severity":…,field:value…,"say":sentence}. */
void la_event_json(const struct la_trace *trace, const struct la_event *event, struct la_json *w);
/** The text of STR field @i of @event. */
const char *la_event_str(const struct la_trace *trace, const struct la_event *event, uint32_t i);

#endif
