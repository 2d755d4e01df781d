/*
 * report.c: what the kernel would print: oopses, warnings, failure reports; and names.
 *
 * A mistake of the program never stops the machine: the report is an event (a card on screen),
 * is counted, and its first line can be asked for (last_oops()).
 *
 *     la_oops -> event OOPS + mm->nr_oops + mm->last_oops        BUG: …
 *     la_panic -> event OOPS                                     Kernel panic, after an oops
 *     la_warning -> event WARNING                                WARNING, allocation failure
 *
 * Source: Linux 6.1.192 mm/page_alloc.c: warn_alloc; kernel/sched/core.c: __might_resched, schedule_debug;
 * kernel/panic.c: panic; kernel/rcu/tree_plugin.h: rcu_note_context_switch.
 */
#include "mm/internal.h"

#include <stdio.h>
#include <string.h>

enum { REPORT_INTERVAL_MIGHT_SLEEP = LA_HZ, REPORT_INTERVAL_WARN_ALLOC = 10 * LA_HZ };

const char *la_frame_kind_name(enum la_frame_kind kind)
{
    static const char *const names[LA_NR_FRAME_KINDS] = {"tail",       "free",    "pcp",  "reserved", "kernel",
                                                         "page_cache", "process", "slab", "vmalloc",  "pgtable",
                                                         "percpu",     "pool",    "bad"};

    return kind < LA_NR_FRAME_KINDS ? names[kind] : "?";
}

const char *la_migratetype_name(enum la_migratetype mt)
{
    static const char *const names[LA_NR_MIGRATETYPES] = {"Unmovable", "Movable", "Reclaimable", "HighAtomic",
                                                          "Isolate"};

    return mt < LA_NR_MIGRATETYPES ? names[mt] : "?";
}

const char *la_zone_type_name(enum la_zone_type type)
{
    static const char *const names[LA_NR_ZONE_TYPES] = {"DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"};

    return type < LA_NR_ZONE_TYPES ? names[type] : "?";
}

static void trace_oops(struct la_mm *mm, const char *text, const char *note)
{
    if (!mm->trace->on)
        return;
    uint64_t text_field = la_trace_text(mm->trace, text);
    uint64_t note_field = la_trace_text(mm->trace, note ? note : "");

    LA_TRACE(mm->trace, OOPS, text_field, note_field);
}

void la_oops(struct la_mm *mm, const char *text, const char *note)
{
    size_t len = strcspn(text, "\n");

    if (len >= sizeof mm->last_oops)
        len = sizeof mm->last_oops - 1;
    memcpy(mm->last_oops, text, len);
    mm->last_oops[len] = '\0';
    mm->nr_oops++;
    trace_oops(mm, text, note);
}

void la_panic(struct la_mm *mm, const char *why, const char *note)
{
    struct la_buf text;

    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "Kernel panic - not syncing: %s\n---[ end Kernel panic - not syncing: %s ]---", why, why);
    trace_oops(mm, la_buf_str(&text), note);
    la_buf_free(&text);
}

void la_warning(struct la_mm *mm, const char *text, const char *note)
{
    if (!mm->trace->on)
        return;
    uint64_t text_field = la_trace_text(mm->trace, text);
    uint64_t note_field = la_trace_text(mm->trace, note ? note : "");

    LA_TRACE(mm->trace, WARNING, text_field, note_field);
}

bool la_warn_once(struct la_mm *mm, uint32_t site)
{
    bool first = !(mm->warned & site);

    mm->warned |= site;
    return first;
}

void la_then_now(struct la_mm *mm, const char *name, const char *then, const char *now)
{
    if (!mm->trace->on)
        return;
    uint64_t name_field = la_trace_text(mm->trace, name);
    uint64_t then_field = la_trace_text(mm->trace, then);
    uint64_t now_field = la_trace_text(mm->trace, now);

    LA_TRACE(mm->trace, THEN_NOW, name_field, then_field, now_field);
}

/* At most one report per @interval ticks; @last is the tick of the last one + 1. */
static bool rate_limited(const struct la_mm *mm, uint32_t *last, uint32_t interval)
{
    if (*last != 0 && mm->tick - (*last - 1) < interval)
        return true;
    *last = mm->tick + 1;
    return false;
}

void la_sleeping_in_atomic(struct la_mm *mm, const char *where)
{
    const struct la_context *context = la_mm_current(mm);
    struct la_buf text;

    if (!(mm->gfp_allowed_mask & LA_GFP_DIRECT_RECLAIM))
        return;
    if (rate_limited(mm, &mm->might_sleep_tick, REPORT_INTERVAL_MIGHT_SLEEP))
        return;
    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "BUG: sleeping function called from invalid context at %s\n", where);
    la_buf_printf(&text, "in_atomic(): %d, irqs_disabled(): %d, non_block: 0, pid: %u, name: %s\n",
                  context->preempt_count != 0, context->irqs_disabled, (unsigned)context->pid, context->comm);
    la_buf_printf(&text, "preempt_count: %x, expected: 0\n", (unsigned)context->preempt_count);
    la_buf_printf(&text, "RCU nest depth: %u, expected: 0", (unsigned)context->rcu_nesting);
    la_oops(mm, la_buf_str(&text),
            "A kernel without CONFIG_DEBUG_ATOMIC_SLEEP says nothing, and works until it really has to sleep.");
    la_buf_free(&text);
}

void la_schedule_debug(struct la_mm *mm)
{
    struct la_context *context = la_mm_current(mm);
    char text[96];

    if (context->preempt_count) {
        /* schedule() has counted itself */
        (void)snprintf(text, sizeof text, "BUG: scheduling while atomic: %s/%u/0x%08x", context->comm,
                       (unsigned)context->pid, (unsigned)(context->preempt_count + LA_PREEMPT_OFFSET));
        la_oops(mm, text,
                "The task wants to sleep where it must not. The kernel puts preempt_count back to 0 and lets it: "
                "whatever was to keep others away does so no longer, and its end will find nothing to undo.");
    }
    if (context->rcu_nesting && la_warn_once(mm, LA_WARNED_RCU_SWITCH))
        la_warning(mm, "Voluntary context switch within RCU read-side critical section!",
                   "A task sleeps between rcu_read_lock() and rcu_read_unlock(). The kernel says it once.");
    context->preempt_count &= LA_HARDIRQ_MASK;
    if (!context->preempt_count)
        context->irqs_disabled = false; /* __schedule() turns them off for itself and then on */
}

void la_warn_alloc(struct la_mm *mm, const struct la_request *request)
{
    struct la_buf text;

    if (request->gfp & LA_GFP_NOWARN)
        return;
    if (rate_limited(mm, &mm->warn_alloc_tick, REPORT_INTERVAL_WARN_ALLOC))
        return;
    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "%s: page allocation failure: order:%u, mode:0x%x(", la_mm_current(mm)->comm,
                  (unsigned)request->order, (unsigned)request->gfp);
    la_gfp_print(&text, request->gfp);
    la_buf_puts(&text, "), nodemask=(null),cpuset=/,mems_allowed=0");
    if (mm->nr_nodes > 1)
        la_buf_printf(&text, "-%d", mm->nr_nodes - 1);
    la_warning(mm, la_buf_str(&text), "At most one such report every 10 seconds; __GFP_NOWARN suppresses it.");
    la_buf_free(&text);
}
