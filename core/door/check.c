/*
 * check.c: questions and their right answers; running a lesson to see whether it holds.
 *
 * An answer is an expression, evaluated by the engine after the code section that follows the
 * question, so it cannot go stale.  A task is graded against what the allocator really did.
 */
#include "door/door.h"
#include "lang/sched.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Run until section @section was left once; false when the program ends before. */
static bool run_past(struct la_timeline *t, uint32_t section)
{
    if (t->section[section].end_step) {
        la_timeline_seek(t, t->section[section].end_step);
        return true;
    }
    while (!t->section[section].end_step && la_timeline_step(t))
        if (t->step >= LA_RUN_MAX)
            return false;
    return t->section[section].end_step != 0 || t->end == (int64_t)t->step;
}

static bool evaluate(struct la_timeline *t, const struct la_ask *ask, struct la_buf *correct, struct la_diags *diags)
{
    int64_t value = 0;
    struct la_diags inner;

    la_diags_init(&inner, t->host);
    bool good = t->interp && la_interp_eval_text(t->interp, ask->answer, strlen(ask->answer), 1, &value, correct, &inner);

    for (uint32_t i = 0; i < inner.nr; i++)
        la_diags_add(diags, inner.item[i].severity, inner.item[i].code, (struct la_span){ask->answer_line, ask->answer_column, 0, 0},
                     inner.item[i].message, inner.item[i].hint);
    la_diags_free(&inner);
    if (good && ask->kind != LA_ASK_CHOICE) {
        la_buf_clear(correct);
        la_buf_printf(correct, "%" PRId64, value);
    }
    return good;
}

bool la_right_answer(struct la_timeline *t, const struct la_lesson *lesson, const struct la_ask *ask, uint32_t section,
                     struct la_buf *correct, struct la_diags *diags)
{
    uint32_t here = t->step, code = la_lesson_next_code(lesson, section);
    bool good = code != UINT32_MAX && run_past(t, code);

    if (good && ask->kind == LA_ASK_BUDDY) {
        good = t->section[code].first_merge != LA_NO_PFN;
        la_buf_printf(correct, "%u", t->section[code].first_merge);
    } else if (good) {
        good = evaluate(t, ask, correct, diags);
    }
    if (!good && !diags->nr)
        la_diags_add(diags, LA_SEVERE, LA_E_BAD_LESSON, (struct la_span){lesson->section[section].line, 1, 0, 0},
                     ask->kind == LA_ASK_BUDDY ? "no blocks merge in the code after this task" : "no code runs after this question",
                     "Put the code that answers it into the next ```c block.");
    la_timeline_seek(t, here);
    return good;
}

static bool number(const char *text, long long *value)
{
    char *end;

    *value = strtoll(text, &end, 0);
    return end != text && (*end == '\0' || *end == ' ');
}

bool la_same_answer(const char *given, const char *correct)
{
    long long a, b;

    if (number(given, &a) && number(correct, &b))
        return a == b;
    size_t len = strlen(correct);

    /* the value of a string literal comes in its quotes */
    if (len >= 2 && correct[0] == '"' && correct[len - 1] == '"')
        return strlen(given) == len - 2 && strncmp(given, correct + 1, len - 2) == 0;
    return strcmp(given, correct) == 0;
}

/* ---- answer ---- */

static const char *why_text(const struct la_ask *ask, const char *given, bool right)
{
    if (right && ask->why[0])
        return ask->why;
    for (uint32_t i = 0; i < ask->nr_choices; i++)
        if (strcmp(ask->choice[i].value, given) == 0)
            return ask->choice[i].why;
    return "";
}

static const char *correct_choice(const struct la_ask *ask, const char *correct)
{
    for (uint32_t i = 0; i < ask->nr_choices; i++)
        if (la_same_answer(ask->choice[i].value, correct))
            return ask->choice[i].value;
    return correct;
}

bool la_op_answer(struct la_req *req)
{
    struct la_engine *engine = req->engine;
    const char *given = la_req_text(req, "value", true);
    uint64_t index = UINT64_MAX;
    uint32_t section = 0;
    struct la_buf correct;
    struct la_diags diags;

    if (!given || !la_req_uint(req, "ask", UINT32_MAX, &index))
        return false;
    const struct la_ask *ask = index <= UINT32_MAX ? la_lesson_ask(engine->lesson, (uint32_t)index, &section) : NULL;

    if (!ask)
        return la_req_fail(req, LA_E_NOT_FOUND, "", "the lesson has no such question");
    la_buf_init(&correct, engine->host);
    la_diags_init(&diags, engine->host);
    bool good = la_right_answer(req->branch->timeline, engine->lesson, ask, section, &correct, &diags);

    la_view_collect(&req->branch->view, req->branch->timeline->trace);
    if (good) {
        bool right = la_same_answer(given, la_buf_str(&correct));

        engine->answered[ask->index] = 1;
        la_json_kbool(req->w, "right", right);
        la_json_kstr(req->w, "correct", correct_choice(ask, la_buf_str(&correct)));
        la_json_kstr(req->w, "why", why_text(ask, given, right));
    } else {
        la_req_fail(req, LA_E_BAD_LESSON, "", "%s", diags.nr ? diags.item[0].message : "this question has no answer");
    }
    la_diags_free(&diags);
    la_buf_free(&correct);
    return good;
}

/* ---- check ---- */

/* A deadlock that the kernel reports is an oops too: where one is meant, the program may end in it. */
static void check_stop(const struct la_timeline *t, const struct la_lesson *lesson, struct la_diags *diags)
{
    struct la_span at = t->last.what.at.span, where = {0, 0, 0, 0};
    const char *message = t->interp ? la_interp_message(t->interp, &where) : "";
    bool meant = t->last.section != UINT32_MAX && lesson->section[t->last.section].oops && t->trace->nr_oops;

    if (t->last.status == LA_STEP_ASSERT_FAILED)
        la_diags_add(diags, LA_SEVERE, LA_E_ASSERT, where.line ? where : at, message, "Run the lesson to this line and look at the machine.");
    else if (t->last.status == LA_STEP_STUCK && !meant)
        la_diags_add(diags, LA_SEVERE, LA_E_LIMIT, where.line ? where : at, message, "");
}

/* An oops is an error unless the section that runs, or the one the statement stands in, says ```c oops. */
static void check_oops(const struct la_timeline *t, const struct la_lesson *lesson, uint8_t *oopsed, struct la_diags *diags)
{
    uint32_t section[2] = {t->last.section, t->last.block >= 0 ? (uint32_t)t->last.block : UINT32_MAX};
    bool expected = false;

    if (!t->trace->nr_oops && t->last.status != LA_STEP_OOPSED)
        return;
    for (uint32_t i = 0; i < 2; i++) {
        if (section[i] == UINT32_MAX || !lesson->section[section[i]].oops)
            continue;
        oopsed[section[i]] = 1;
        expected = true;
    }
    if (expected)
        return;
    struct la_buf text;

    la_buf_init(&text, t->host);
    la_say(t, &t->last, &text);
    la_diags_addf(diags, LA_SEVERE, LA_E_OOPS, t->last.what.at.span, "If the lesson means to show it, open the block with ```c oops.",
                  "unexpected oops: %s", la_buf_str(&text));
    la_buf_free(&text);
}

static void check_question(struct la_timeline *t, const struct la_lesson *lesson, uint32_t section, struct la_diags *diags)
{
    const struct la_ask *ask = lesson->section[section].ask;
    struct la_buf correct;
    bool listed = ask->kind != LA_ASK_CHOICE;

    la_buf_init(&correct, t->host);
    if (la_right_answer(t, lesson, ask, section, &correct, diags)) {
        for (uint32_t i = 0; i < ask->nr_choices; i++)
            listed |= la_same_answer(ask->choice[i].value, la_buf_str(&correct));
        if (!listed)
            la_diags_addf(diags, LA_SEVERE, LA_E_BAD_LESSON, (struct la_span){lesson->section[section].line, 1, 0, 0},
                          "Add it, or mend the \"answer\".", "the right answer, %s, is not among the choices", la_buf_str(&correct));
    }
    la_buf_free(&correct);
}

static void check_invariants(const struct la_timeline *t, struct la_diags *diags)
{
    struct la_buf problems;

    la_buf_init(&problems, t->host);
    if (la_machine_check(t->machine, &problems) + (t->interp ? la_sched_check(t->interp, &problems) : 0))
        la_diags_addf(diags, LA_SEVERE, LA_E_OOPS, (struct la_span){0, 0, 0, 0}, "This is a bug of Lookaside: please report it with the lesson.",
                      "the machine is not consistent: %s", la_buf_str(&problems));
    la_buf_free(&problems);
}

/* An oops that ends the program before the lesson ends: what stands below it is never checked. */
static void check_reached(const struct la_timeline *t, const struct la_lesson *lesson, struct la_diags *diags)
{
    uint32_t section = t->last.block >= 0 ? (uint32_t)t->last.block : t->last.section;
    uint32_t next = section != UINT32_MAX ? la_lesson_next_code(lesson, section + 1) : UINT32_MAX;

    if (t->stopped && t->last.status == LA_STEP_OOPSED && next != UINT32_MAX)
        la_diags_addf(diags, LA_SEVERE, LA_E_OOPS, (struct la_span){lesson->section[next].line, 1, 0, 0},
                      "Put the oops into the last block of the lesson.",
                      "this block never runs: the oops in line %u ends the program", (unsigned)t->last.what.at.span.line);
}

static void run_and_check(struct la_timeline *t, const struct la_lesson *lesson, uint64_t limit, uint8_t *oopsed,
                          struct la_diags *diags)
{
    while (t->step < limit && la_timeline_step(t)) {
        check_oops(t, lesson, oopsed, diags);
        if (t->stopped)
            check_stop(t, lesson, diags);
    }
    if (t->end < 0)
        la_diags_addf(diags, LA_SEVERE, LA_E_LIMIT, t->last.what.at.span, "Is there an endless loop?",
                      "the lesson did not end within %llu statements", (unsigned long long)limit);
    check_reached(t, lesson, diags);
    for (uint32_t i = 0; i < lesson->nr_sections; i++) {
        if (lesson->section[i].oops && !oopsed[i])
            la_diags_add(diags, LA_SEVERE, LA_E_OOPS, (struct la_span){lesson->section[i].line, 1, 0, 0},
                         "this block says ```c oops, but nothing oopsed in it", "");
        if (lesson->section[i].ask)
            check_question(t, lesson, i, diags);
    }
    check_invariants(t, diags);
}

static void add_all(struct la_diags *to, const struct la_diags *from)
{
    for (uint32_t i = 0; i < from->nr; i++) {
        const struct la_diag *d = &from->item[i];

        la_diags_add(to, d->severity, d->code, (struct la_span){d->line, d->column, d->end_line, d->end_column}, d->message, d->hint);
    }
}

bool la_op_check(struct la_req *req)
{
    struct la_engine *engine = req->engine;
    struct la_timeline *t = NULL;
    uint64_t limit = LA_RUN_MAX, steps = 0;
    uint8_t *oopsed = la_host_alloc(engine->host, LA_LESSON_SECTIONS_MAX);
    struct la_diags diags, again;

    if (!oopsed || !la_req_uint(req, "limit", LA_RUN_MAX, &limit)) {
        la_host_free(engine->host, oopsed, LA_LESSON_SECTIONS_MAX);
        return oopsed ? false : la_req_fail(req, LA_E_NOMEM, "", "out of memory");
    }
    la_diags_init(&diags, engine->host);
    la_diags_init(&again, engine->host);
    add_all(&diags, &engine->diags);
    if (!diags.nr_errors)
        t = la_timeline_new(engine->host, engine->lesson, &engine->config, &again);
    if (t) {
        run_and_check(t, engine->lesson, limit, oopsed, &diags);
        steps = t->end >= 0 ? (uint64_t)t->end : t->step;
    }
    la_json_kbool(req->w, "ok", diags.nr_errors == 0);
    la_json_kuint(req->w, "steps", steps);
    la_json_key(req->w, "diagnostics");
    la_diags_json(&diags, req->w);
    la_timeline_free(t);
    la_diags_free(&diags);
    la_diags_free(&again);
    la_host_free(engine->host, oopsed, LA_LESSON_SECTIONS_MAX);
    return true;
}
