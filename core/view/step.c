/* step.c: a step that ran, and the statement to come, as the protocol writes them. */
#include "view/view.h"

static void span_json(struct la_span span, struct la_json *w)
{
    la_json_kuint(w, "line", span.line);
    la_json_kuint(w, "column", span.column);
    la_json_kuint(w, "end_line", span.end_line);
    la_json_kuint(w, "end_column", span.end_column);
}

/* Who ran it, where that is a question. */
static void runner_json(const struct la_timeline *t, struct la_json *w)
{
    const struct la_step *what = &t->last.what;

    if (!what->shared)
        return;
    la_json_kuint(w, "cpu", what->cpu);
    la_json_kstr(w, "thread", la_interp_thread_name(t->interp, what->thread));
    if (what->irq >= 0)
        la_json_kint(w, "irq", what->irq);
}

void la_view_step(struct la_timeline *t, struct la_json *w)
{
    static const char *const statuses[] = {"ran", "done", "oops", "assert", "stuck"};

    if (!t->last.step) {
        la_json_null(w);
        return;
    }
    la_timeline_describe(t);
    la_json_obj(w);
    la_json_kuint(w, "step", t->last.step);
    la_json_kint(w, "block", t->last.block);
    span_json(t->last.what.at.span, w);
    la_json_kuint(w, "depth", t->last.what.at.depth);
    runner_json(t, w);
    la_json_kstr(w, "statement", la_buf_str(&t->last.statement));
    la_json_kstr(w, "result", la_buf_str(&t->last.result));
    la_json_kstr(w, "status", statuses[t->last.status]);
    la_json_kstr(w, "say", la_buf_str(&t->last.say));
    la_json_key(w, "events");
    la_json_arr(w);
    for (uint32_t i = 0; i < t->trace->nr_events; i++)
        la_event_json(t->trace, &t->trace->event[i], w);
    la_json_end(w);
    la_json_kuint(w, "lost", t->trace->lost);
    la_json_khex(w, "hash", t->trace->hash);
    la_json_end(w);
}

void la_view_next(const struct la_timeline *t, struct la_json *w)
{
    struct la_place where = {.done = true};

    if (t->interp && !t->stopped)
        where = la_interp_where(t->interp);
    if (where.done) {
        la_json_null(w);
        return;
    }
    la_json_obj(w);
    la_json_kint(w, "block", where.block == LA_BLOCK_CONSOLE ? -1 : (int64_t)where.block);
    span_json(where.span, w);
    la_json_kuint(w, "depth", where.depth);
    la_json_end(w);
}
