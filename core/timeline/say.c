/*
 * say.c: a step in one sentence, for the transport bar and for those who listen instead of look.
 *
 * Why a program cannot go on (a false assert, stuck) comes before all; it has a message of its own.
 * Else the sentence is made of the step's events, the most important first: a mistake, then a refusal,
 * then the block that was handed out (with its splits), then the block that came back (with its
 * merges), then what was printed.  A step without events says its value.
 */
#include "timeline/timeline.h"

#include <string.h>

struct count {
    uint32_t nr;
    const struct la_event *first, *last;
};

static struct count count(const struct la_trace *trace, enum la_event_id id)
{
    struct count c = {0, NULL, NULL};

    for (uint32_t i = 0; i < trace->nr_events; i++) {
        if (trace->event[i].id != id)
            continue;
        c.first = c.first ? c.first : &trace->event[i];
        c.last = &trace->event[i];
        c.nr++;
    }
    return c;
}

static const char *times(uint32_t nr)
{
    return nr == 1 ? "once" : nr == 2 ? "twice" : "times";
}

static void say_times(struct la_buf *out, uint32_t nr)
{
    if (nr > 2)
        la_buf_printf(out, "%u ", nr);
    la_buf_puts(out, times(nr));
}

/* A mistake: the first line of what the kernel would print, and the panic that it led to. */
static bool say_oops(const struct la_timeline *t, struct la_buf *out)
{
    static const char panic[] = "Kernel panic";
    struct count oops = count(t->trace, LA_EV_OOPS);

    if (!oops.nr)
        return false;
    const char *first = la_event_str(t->trace, oops.first, 0), *last = la_event_str(t->trace, oops.last, 0);

    la_buf_add(out, first, strcspn(first, "\n"));
    if (oops.nr > 1 && strncmp(last, panic, sizeof panic - 1) == 0) {
        la_buf_puts(out, "; then ");
        la_buf_add(out, last, strcspn(last, "\n"));
    }
    return true;
}

static void zone_name(const struct la_timeline *t, const struct la_event *event, uint32_t field, struct la_buf *out)
{
    if (t->trace->names.text)
        t->trace->names.text(t->trace->names.ctx, LA_FT_ZONE, event->field[field], out);
}

static bool say_alloc(const struct la_timeline *t, struct la_buf *out)
{
    struct count done = count(t->trace, LA_EV_ALLOC_DONE), fail = count(t->trace, LA_EV_ALLOC_FAIL);
    struct count split = count(t->trace, LA_EV_SPLIT);

    if (!done.nr && !fail.nr)
        return false;
    if (!done.nr) {
        la_event_sentence(t->trace, fail.last, out);
        return true;
    }
    const struct la_event *event = done.last;

    if (done.nr > 1)
        la_buf_printf(out, "%u blocks were handed out, the last one ", done.nr);
    la_buf_printf(out, "%s 0x%llx, order %llu, in ", done.nr > 1 ? "being" : "Took block",
                  (unsigned long long)event->field[0], (unsigned long long)event->field[1]);
    zone_name(t, event, 2, out);
    if (split.nr) {
        /* a block is halved once for each order above: more than that were several, for the CPU's own list */
        la_buf_puts(out, split.nr + event->field[1] < LA_MAX_ORDER ? "; a larger block was split " : "; larger blocks were split ");
        say_times(out, split.nr);
    } else if (count(t->trace, LA_EV_PCP_TAKE).nr) {
        la_buf_puts(out, ", from the CPU's own list");
    }
    la_buf_putc(out, '.');
    return true;
}

static bool say_free(const struct la_timeline *t, struct la_buf *out)
{
    struct count request = count(t->trace, LA_EV_FREE_REQUEST), merge = count(t->trace, LA_EV_MERGE);

    if (!request.nr)
        return false;
    if (request.nr > 1)
        la_buf_printf(out, "Gave %u blocks back", request.nr);
    else
        la_buf_printf(out, "Gave block 0x%llx back", (unsigned long long)request.first->field[0]);
    if (merge.nr) {
        la_buf_puts(out, "; it merged ");
        say_times(out, merge.nr);
        la_buf_printf(out, ", up to order %llu", (unsigned long long)merge.last->field[3]);
    } else if (count(t->trace, LA_EV_PCP_PUT).nr) {
        la_buf_puts(out, "; it waits on the CPU's own list");
    }
    la_buf_putc(out, '.');
    return true;
}

static bool say_print(const struct la_timeline *t, struct la_buf *out)
{
    struct count print = count(t->trace, LA_EV_PRINTK), warn = count(t->trace, LA_EV_WARNING);
    const struct la_event *event = warn.nr ? warn.first : print.first;

    if (!event)
        return false;
    const char *text = la_event_str(t->trace, event, 0);
    size_t len = strcspn(text, "\n");

    la_buf_puts(out, warn.nr ? "The kernel warns: " : "Printed: ");
    la_buf_add(out, text, len);
    return true;
}

/* Who runs now, and why: the most telling of the events about threads. */
static bool say_threads(const struct la_timeline *t, struct la_buf *out)
{
    static const enum la_event_id telling[] = {LA_EV_CHOICE_REFUSED, LA_EV_IRQ_ENTER,    LA_EV_THREAD_MIGRATE, LA_EV_THREAD_SLEEP,
                                               LA_EV_SPIN,           LA_EV_PREEMPT_WANTED, LA_EV_IRQ_PENDING,  LA_EV_THREAD_EXIT,
                                               LA_EV_IRQ_EXIT,       LA_EV_THREAD_WAKE,  LA_EV_THREAD_SWITCH};

    for (uint32_t i = 0; i < sizeof telling / sizeof *telling; i++) {
        struct count c = count(t->trace, telling[i]);

        if (!c.nr)
            continue;
        la_event_sentence(t->trace, c.first, out);
        return true;
    }
    return false;
}

static void say_value(const struct la_timeline *t, const struct la_last_step *last, struct la_buf *out)
{
    struct la_span span;
    const char *message = la_interp_message(t->interp, &span);

    if (last->status != LA_STEP_RAN && message[0])
        la_buf_puts(out, message);
    else if (last->what.entered)
        la_buf_printf(out, "Enters %s().", last->what.entered);
    else if (strncmp(la_buf_str(&last->statement), "assert", 6) == 0)
        la_buf_printf(out, "Holds: %s.", la_buf_str(&last->statement));
    else if (last->what.has_value && last->what.name)
        la_buf_printf(out, "%s is now %s.", last->what.name, la_buf_str(&last->result));
    else if (last->what.has_value)
        la_buf_printf(out, "The value is %s.", la_buf_str(&last->result));
    else
        la_buf_printf(out, "Ran: %s", la_buf_str(&last->statement));
}

void la_say(const struct la_timeline *t, const struct la_last_step *last, struct la_buf *out)
{
    bool said = last->status != LA_STEP_ASSERT_FAILED && last->status != LA_STEP_STUCK &&
                (say_oops(t, out) || say_threads(t, out) || la_say_objects(t, out) || say_alloc(t, out) || say_free(t, out) || say_print(t, out));

    if (!said)
        say_value(t, last, out);
}
