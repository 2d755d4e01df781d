/* op_run.c: moving through time: step, seek, survey, eval, fork, log, replay. */
#include "door/door.h"
#include "lang/sched.h"
#include "view/proc.h"

#include <string.h>

enum mode { INTO, OVER, OUT, BLOCK };

static bool read_mode(struct la_req *req, enum mode *mode)
{
    static const char *const names[] = {"into", "over", "out", "block"};
    const char *name = la_req_text(req, "mode", false);

    *mode = INTO;
    if (!name)
        return req->error == LA_E_OK;
    for (uint32_t i = 0; i < 4; i++) {
        if (strcmp(names[i], name) == 0) {
            *mode = (enum mode)i;
            return true;
        }
    }
    return la_req_fail(req, LA_E_BAD_REQUEST, "", "\"mode\" is into, over, out or block");
}

/* A question before section @next that has not been answered: running on would give it away. */
static bool question_before(const struct la_req *req, uint32_t next)
{
    const struct la_lesson *lesson = req->engine->lesson;

    for (uint32_t i = next; next != UINT32_MAX && i > 0 && lesson->section[i - 1].kind != LA_SECTION_CODE; i--) {
        const struct la_ask *ask = lesson->section[i - 1].ask;

        if (ask && !req->engine->answered[ask->index])
            return true;
    }
    return false;
}

/*
 * A step over or out belongs to the thread whose statement is next when it begins.  While that
 * thread sleeps, spins or waits for its CPU the others run, at whatever depth; they are no reason
 * to stop.  It ends before the next statement of the same thread
 *   over   at the same or a smaller depth, and not in the middle of a call that had to wait;
 *   out    at a smaller depth (of a handler: in what it interrupted);
 * and where the thread has ended, or a handler that ran on an idle CPU: no statement will come.
 * What somebody typed or chose at this step is a step of its own for over, whatever follows from it.
 */
struct run {
    enum mode mode;
    uint64_t n;          /* statements still allowed (INTO), or units */
    bool all;
    bool chosen;         /* the unit begins with something typed or chosen */
    uint32_t thread, depth, section; /* what was next when the unit began */
};

static void begin_unit(struct run *run, const struct la_timeline *t)
{
    uint32_t cpu;

    run->section = la_timeline_next_section(t);
    if (t->stopped)
        return;
    run->chosen = la_timeline_choice_next(t);
    la_interp_runner(t->interp, &run->thread, &cpu);
    run->depth = la_interp_thread_place(t->interp, run->thread).depth;
}

/* Is the thread where a step over or out ends? */
static bool thread_is_there(const struct run *run, const struct la_timeline *t)
{
    struct la_place place = la_interp_thread_place(t->interp, run->thread);
    uint32_t thread, cpu;

    /* only thread 0 has statements outside of all calls; an idle task has handlers only */
    if (place.done || (run->thread > 0 && place.depth == 0))
        return true;
    la_interp_runner(t->interp, &thread, &cpu);
    if (thread != run->thread)
        return false;
    return place.depth < run->depth ||
           (run->mode == OVER && place.depth == run->depth && !la_interp_sched(t->interp)->thread[thread].again);
}

static bool unit_is_over(const struct run *run, const struct la_timeline *t)
{
    switch (run->mode) {
    case INTO:
        return true;
    case BLOCK:
        return la_timeline_next_section(t) != run->section;
    default:
        return (run->mode == OVER && run->chosen) || thread_is_there(run, t);
    }
}

/* Why running ends here, or NULL to go on. */
static const char *stop_reason(struct la_req *req, struct run *run, uint64_t ran)
{
    const struct la_timeline *t = req->branch->timeline;
    uint32_t next = la_timeline_next_section(t);

    if (t->stopped)
        return t->last.status == LA_STEP_OOPSED ? "oops" : t->last.status == LA_STEP_ASSERT_FAILED ? "assert"
             : t->last.status == LA_STEP_STUCK ? "stuck" : "done";
    if (t->end == (int64_t)t->step)
        return "done";
    if (unit_is_over(run, t)) {
        if (--run->n == 0 || run->mode == OUT)
            return "count";
        begin_unit(run, t);
    }
    if (ran >= LA_RUN_MAX)
        return "limit";
    return next != UINT32_MAX && t->last.section != UINT32_MAX && next != t->last.section && question_before(req, next)
               ? "ask" : NULL;
}

static const char *run_on(struct la_req *req, struct run *run)
{
    struct la_timeline *t = req->branch->timeline;
    const char *why = NULL;

    begin_unit(run, t);
    for (uint64_t ran = 1; !why; ran++) {
        if (!la_timeline_step(t))
            return "done";
        la_view_collect(&req->branch->view, t->trace);
        if (run->all && ran <= LA_STEPS_REPLY_MAX)
            la_view_step(t, req->w);
        why = stop_reason(req, run, ran);
    }
    return why;
}

bool la_op_step(struct la_req *req)
{
    struct run run = {.n = 1, .all = cJSON_IsTrue(la_cjson_get(req->request, "all"))};

    if (!la_req_uint(req, "n", LA_RUN_MAX, &run.n) || !read_mode(req, &run.mode))
        return false;
    if (run.all && run.mode == INTO && run.n > LA_STEPS_REPLY_MAX)
        return la_req_fail(req, LA_E_RANGE, "Ask for fewer, several times.", "\"all\" tells of at most %d steps", LA_STEPS_REPLY_MAX);
    la_json_key(req->w, "steps");
    la_json_arr(req->w);
    const char *why = run.n ? run_on(req, &run) : "count";

    la_json_end(req->w);
    return la_req_position(req, why);
}

bool la_op_seek(struct la_req *req)
{
    uint64_t step = 0;

    if (!la_cjson_get(req->request, "step"))
        return la_req_fail(req, LA_E_BAD_REQUEST, "", "seek needs \"step\"");
    if (!la_req_uint(req, "step", LA_TIMELINE_STEPS_MAX, &step))
        return false;
    if (step > req->branch->timeline->step + (uint64_t)LA_RUN_MAX)
        return la_req_fail(req, LA_E_RANGE, "", "step %llu is more than %d statements ahead", (unsigned long long)step, LA_RUN_MAX);
    la_timeline_seek(req->branch->timeline, (uint32_t)step);
    la_view_collect(&req->branch->view, req->branch->timeline->trace);
    return la_req_position(req, "");
}

static void marks_json(const struct la_timeline *t, struct la_json *w)
{
    static const char *const kinds[] = {"oops", "assert", "ask", "section"};

    la_json_key(w, "marks");
    la_json_arr(w);
    for (uint32_t i = 0; i < t->nr_marks; i++) {
        la_json_obj(w);
        la_json_kuint(w, "step", t->mark[i].step);
        la_json_kstr(w, "kind", kinds[t->mark[i].kind]);
        la_json_kstr(w, "text", t->mark[i].text);
        la_json_end(w);
    }
    la_json_end(w);
}

static void turns_json(const struct la_timeline *t, struct la_json *w)
{
    la_json_key(w, "turns");
    la_json_arr(w);
    for (uint32_t i = 0; i < t->nr_turns; i++) {
        la_json_obj(w);
        la_json_kuint(w, "step", t->turn[i].step);
        la_json_kuint(w, "id", t->turn[i].thread);
        la_json_kstr(w, "thread", t->turn[i].name);
        la_json_kuint(w, "cpu", t->turn[i].cpu);
        if (t->turn[i].irq >= 0)
            la_json_kint(w, "irq", t->turn[i].irq);
        la_json_end(w);
    }
    la_json_end(w);
    la_json_kuint(w, "turned", t->turned);
}

bool la_op_survey(struct la_req *req)
{
    struct la_timeline *t = req->branch->timeline;
    uint64_t limit = 100000;
    uint32_t here = t->step;

    if (!la_req_uint(req, "limit", LA_RUN_MAX, &limit))
        return false;
    while (t->end < 0 && t->step < limit && la_timeline_step(t))
        la_view_collect(&req->branch->view, t->trace);
    la_json_kint(req->w, "end", t->end);
    la_json_kuint(req->w, "surveyed", t->end >= 0 ? (uint64_t)t->end : t->step);
    marks_json(t, req->w);
    turns_json(t, req->w);
    la_json_khex(req->w, "hash", t->trace->hash);
    la_timeline_seek(t, here);
    la_view_collect(&req->branch->view, t->trace);
    return true;
}

/* ---- typed statements ---- */

/* Lines after the first @printed that the console ever had. */
static void output_json(const struct la_timeline *t, uint32_t printed, const struct la_host *host, struct la_json *w)
{
    struct la_buf out;

    la_buf_init(&out, host);
    for (uint32_t i = printed > t->nr_before ? printed - t->nr_before : 0; i < t->nr_lines; i++) {
        if (t->line[i].kind == LA_LINE_INPUT)
            continue;
        la_buf_puts(&out, t->line[i].text);
        if (out.len && out.data[out.len - 1] != '\n')
            la_buf_putc(&out, '\n');
    }
    la_json_kstr(w, "output", la_buf_str(&out));
    la_buf_free(&out);
}

/* `cat /proc/NAME`: false when @text is something else. */
static bool cat(struct la_req *req, const char *text)
{
    struct la_timeline *t = req->branch->timeline;
    struct la_buf file;
    char name[64] = "";
    size_t len;

    if (strncmp(text, "cat ", 4) != 0)
        return false;
    const char *path = text + 4 + strspn(text + 4, " ");

    len = strcspn(path, " \n;");
    if (len >= sizeof name)
        return false;
    memcpy(name, path, len);
    la_buf_init(&file, req->engine->host);
    la_timeline_print(t, LA_LINE_INPUT, text, "");
    if (!la_proc_read(t->machine, t->interp ? la_interp_sched(t->interp) : NULL, name, &file))
        la_buf_printf(&file, "cat: %s: No such file or directory", name);
    la_timeline_print(t, LA_LINE_RESULT, la_buf_str(&file), "");
    la_buf_free(&file);
    return true;
}

bool la_op_eval(struct la_req *req)
{
    struct la_timeline *t = req->branch->timeline;
    const char *text = la_req_text(req, "text", true);
    uint32_t printed = t->nr_before + t->nr_lines;
    struct la_diags diags;
    bool ran = false;

    if (!text)
        return false;
    la_diags_init(&diags, req->engine->host);
    text += strspn(text, " \t\n");
    if (!text[0])
        la_diags_add(&diags, LA_SEVERE, LA_E_SYNTAX, (struct la_span){1, 1, 0, 0}, "there is nothing to run", "Type a statement, for example alloc_page(GFP_KERNEL);");
    else if (!cat(req, text))
        ran = la_timeline_type(t, text, strlen(text), &diags);
    la_view_collect(&req->branch->view, t->trace);
    output_json(t, printed, req->engine->host, req->w);
    la_json_key(req->w, "diagnostics");
    la_diags_json(&diags, req->w);
    la_diags_free(&diags);
    return la_req_position(req, ran && t->last.status == LA_STEP_OOPSED ? "oops" : "");
}

/* ---- choices about threads and CPUs ---- */

/* The request as an entry of the log: "@migrate 2 1". */
static bool choice_text(struct la_req *req, struct la_buf *out)
{
    static const struct {
        const char *name, *first, *second;
    } kinds[] = {{"run", "cpu", NULL}, {"preempt", "cpu", NULL}, {"migrate", "thread", "cpu"}, {"interrupt", "cpu", "irq"}};
    const char *name = la_req_text(req, "do", true);
    uint64_t n[2] = {UINT64_MAX, UINT64_MAX};

    for (uint32_t i = 0; name && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) != 0)
            continue;
        if (!la_req_uint(req, kinds[i].first, UINT8_MAX, &n[0]) || (kinds[i].second && !la_req_uint(req, kinds[i].second, UINT8_MAX, &n[1])))
            return false;
        if (n[0] == UINT64_MAX || (kinds[i].second && n[1] == UINT64_MAX))
            return la_req_fail(req, LA_E_BAD_REQUEST, "", "\"%s\" needs \"%s\"%s%s", name, kinds[i].first,
                               kinds[i].second ? " and " : "", kinds[i].second ? kinds[i].second : "");
        la_buf_printf(out, "@%s %u", name, (unsigned)n[0]);
        if (kinds[i].second)
            la_buf_printf(out, " %u", (unsigned)n[1]);
        return true;
    }
    return name && la_req_fail(req, LA_E_BAD_REQUEST, "", "\"do\" is run, preempt, migrate or interrupt");
}

static bool choose(struct la_req *req, const char *text)
{
    struct la_timeline *t = req->branch->timeline;
    struct la_diags diags;

    la_diags_init(&diags, req->engine->host);
    bool ran = la_timeline_type(t, text, strlen(text), &diags);

    if (!ran)
        (void)la_req_fail(req, LA_E_BAD_CHOICE, "", "%s", diags.nr && diags.item[0].message ? diags.item[0].message : "this cannot be chosen now");
    la_diags_free(&diags);
    if (!ran)
        return false;
    la_view_collect(&req->branch->view, t->trace);
    la_json_key(req->w, "steps");
    la_json_arr(req->w);
    la_view_step(t, req->w);
    la_json_end(req->w);
    return la_req_position(req, t->last.status == LA_STEP_OOPSED ? "oops" : t->last.status == LA_STEP_STUCK ? "stuck" : "count");
}

bool la_op_choose(struct la_req *req)
{
    struct la_buf text;

    la_buf_init(&text, req->engine->host);
    bool ok = choice_text(req, &text) && choose(req, la_buf_str(&text));

    la_buf_free(&text);
    return ok;
}

/* ---- branches and the log ---- */

bool la_op_fork(struct la_req *req)
{
    struct la_engine *engine = req->engine;
    struct la_branch *twin = NULL;
    uint64_t step = req->branch->timeline->step;
    struct la_diags diags;

    if (!la_req_uint(req, "step", LA_TIMELINE_STEPS_MAX, &step))
        return false;
    if (step > req->branch->timeline->step + (uint64_t)LA_RUN_MAX)
        return la_req_fail(req, LA_E_RANGE, "", "step %llu is more than %d statements ahead", (unsigned long long)step, LA_RUN_MAX);
    for (uint32_t i = LA_BRANCHES_MAX - 1; i > 0; i--)
        twin = engine->branch[i].timeline ? twin : &engine->branch[i];
    if (!twin)
        return la_req_fail(req, LA_E_LIMIT, "Forget one with `drop`.", "at most %d machines run side by side", LA_BRANCHES_MAX);
    la_diags_init(&diags, engine->host);
    twin->timeline = la_timeline_fork(req->branch->timeline, &engine->config, (uint32_t)step, &diags);
    la_diags_free(&diags);
    if (!twin->timeline || !la_view_init(&twin->view, engine->host)) {
        la_timeline_free(twin->timeline);
        twin->timeline = NULL;
        return la_req_fail(req, LA_E_NOMEM, "", "out of memory for a second machine");
    }
    req->branch = twin;
    la_json_kuint(req->w, "branch", (uint64_t)(twin - engine->branch));
    return la_req_position(req, "");
}

bool la_op_drop(struct la_req *req)
{
    uint64_t index = (uint64_t)(req->branch - req->engine->branch);

    if (index == 0)
        return la_req_fail(req, LA_E_RANGE, "", "branch 0 is the lesson itself and stays");
    la_timeline_free(req->branch->timeline);
    la_view_free(&req->branch->view);
    req->branch->timeline = NULL;
    la_json_kuint(req->w, "branch", index);
    return true;
}

bool la_op_log(struct la_req *req)
{
    const struct la_timeline *t = req->branch->timeline;

    la_json_key(req->w, "choices");
    la_json_arr(req->w);
    for (uint32_t i = 0; i < t->nr_choices; i++) {
        la_json_obj(req->w);
        la_json_kuint(req->w, "step", t->choice[i].step);
        la_json_kstr(req->w, "text", t->choice[i].text);
        la_json_end(req->w);
    }
    la_json_end(req->w);
    return true;
}

/* True when choice @item can follow one that was made at @*after; then that is where it was made. */
static bool good_choice(const cJSON *item, int64_t *after)
{
    const char *text = la_cjson_string(la_cjson_get(item, "text"));
    uint64_t step = 0;

    if (!text || strlen(text) > LA_CHOICE_BYTES_MAX ||
        !la_cjson_uint(la_cjson_get(item, "step"), LA_TIMELINE_STEPS_MAX, &step) || (int64_t)step <= *after)
        return false;
    *after = (int64_t)step;
    return true;
}

bool la_op_replay(struct la_req *req)
{
    struct la_timeline *t = req->branch->timeline;
    const cJSON *choices = la_cjson_get(req->request, "choices"), *item;
    int64_t after = t->nr_choices ? (int64_t)t->choice[t->nr_choices - 1].step : -1;

    if (after < (int64_t)t->step - 1)
        after = (int64_t)t->step - 1;
    if (!cJSON_IsArray(choices))
        return la_req_fail(req, LA_E_BAD_REQUEST, "", "\"choices\" must be an array, as `log` gives it");
    if (cJSON_GetArraySize(choices) > (int)(LA_CHOICES_MAX - t->nr_choices))
        return la_req_fail(req, LA_E_LIMIT, "", "at most %d statements can be typed", LA_CHOICES_MAX);
    /* all are looked at before the first is taken: half a log would be another history */
    cJSON_ArrayForEach(item, choices)
    {
        if (!good_choice(item, &after))
            return la_req_fail(req, LA_E_BAD_REQUEST, "Choices come in rising order, ahead of the present step.",
                                "a choice could not be taken over");
    }
    cJSON_ArrayForEach(item, choices)
    {
        if (!la_timeline_add_choice(t, (uint32_t)la_cjson_get(item, "step")->valuedouble, la_cjson_string(la_cjson_get(item, "text"))))
            return la_req_fail(req, LA_E_NOMEM, "", "out of memory for the choices");
    }
    return la_req_position(req, "");
}
