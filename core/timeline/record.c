/* record.c: lists sorted by step; cut from the end when time goes back. */
#include "timeline/record.h"

#include <stdio.h>
#include <string.h>

bool la_record_init(struct la_timeline *t)
{
    t->line = la_host_alloc(t->host, LA_CONSOLE_LINES_MAX * sizeof *t->line);
    t->mark = la_host_alloc(t->host, LA_MARKS_MAX * sizeof *t->mark);
    t->choice = la_host_alloc(t->host, LA_CHOICES_MAX * sizeof *t->choice);
    t->turn = la_host_alloc(t->host, LA_TURNS_MAX * sizeof *t->turn);
    return t->line && t->mark && t->choice && t->turn;
}

static char *copy(const struct la_host *host, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *str = la_host_alloc(host, bytes);

    if (str)
        memcpy(str, text, bytes);
    return str;
}

static void drop(const struct la_host *host, char *text)
{
    if (text)
        la_host_free(host, text, strlen(text) + 1);
}

static void cut_lines(struct la_timeline *t, uint32_t nr)
{
    while (t->nr_kept > nr) {
        struct la_console_line *line = &t->line[--t->nr_kept];

        drop(t->host, line->text);
        drop(t->host, line->note);
    }
    if (t->nr_lines > nr)
        t->nr_lines = nr;
}

/* The lines up to @step are on the console; those behind wait until time gets there again. */
static void show_lines(struct la_timeline *t, uint32_t step)
{
    while (t->nr_lines && t->line[t->nr_lines - 1].step > step)
        t->nr_lines--;
    while (t->nr_lines < t->nr_kept && t->line[t->nr_lines].step <= step)
        t->nr_lines++;
}

static void cut_marks(struct la_timeline *t, uint32_t nr)
{
    while (t->nr_marks > nr)
        drop(t->host, t->mark[--t->nr_marks].text);
}

static void cut_choices(struct la_timeline *t, uint32_t nr)
{
    while (t->nr_choices > nr)
        drop(t->host, t->choice[--t->nr_choices].text);
}

void la_record_free(struct la_timeline *t)
{
    if (t->line)
        cut_lines(t, 0);
    if (t->mark)
        cut_marks(t, 0);
    if (t->choice)
        cut_choices(t, 0);
    la_host_free(t->host, t->line, LA_CONSOLE_LINES_MAX * sizeof *t->line);
    la_host_free(t->host, t->mark, LA_MARKS_MAX * sizeof *t->mark);
    la_host_free(t->host, t->choice, LA_CHOICES_MAX * sizeof *t->choice);
    la_host_free(t->host, t->turn, LA_TURNS_MAX * sizeof *t->turn);
}

/* ---- console ---- */

/* The oldest go, a tenth at a time, so that a line costs no more when the console is full. */
static void drop_oldest(struct la_timeline *t, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++) {
        drop(t->host, t->line[i].text);
        drop(t->host, t->line[i].note);
    }
    t->nr_kept -= nr;
    t->nr_lines -= nr;
    t->nr_before += nr;
    memmove(t->line, t->line + nr, t->nr_kept * sizeof *t->line);
}

/* Room for one line.  Far back in time the lines ahead go instead: their steps print them again. */
static void make_room(struct la_timeline *t)
{
    enum { PORTION = LA_CONSOLE_LINES_MAX / 10 };

    if (t->nr_kept < LA_CONSOLE_LINES_MAX)
        return;
    if (t->nr_lines > PORTION) {
        drop_oldest(t, PORTION);
    } else {
        cut_lines(t, t->nr_lines);
        t->printed = t->step;
    }
}

void la_timeline_print(struct la_timeline *t, enum la_line_kind kind, const char *text, const char *note)
{
    struct la_console_line line = {t->step, kind, copy(t->host, text), copy(t->host, note)};

    if (!line.text || !line.note) {
        drop(t->host, line.text);
        drop(t->host, line.note);
        return;
    }
    make_room(t);
    struct la_console_line *at = &t->line[t->nr_lines++];

    memmove(at + 1, at, (t->nr_kept++ - (t->nr_lines - 1)) * sizeof *at);
    *at = line;
}

/* The first STR field of the event is what was printed; a second one is the note. */
static void print_event(struct la_timeline *t, const struct la_event *event, enum la_line_kind kind)
{
    const struct la_event_desc *desc = la_event_desc(event->id);
    const char *text[2] = {NULL, ""};
    uint32_t nr = 0;

    for (uint32_t i = 0; i < desc->nr_fields && nr < 2; i++)
        if (desc->field[i].type == LA_FT_STR)
            text[nr++] = la_event_str(t->trace, event, i);
    if (text[0]) {
        la_timeline_print(t, kind, text[0], text[1]);
        return;
    }
    struct la_buf sentence;

    la_buf_init(&sentence, t->host);
    la_event_sentence(t->trace, event, &sentence);
    la_timeline_print(t, kind, la_buf_str(&sentence), "");
    la_buf_free(&sentence);
}

static void print_events(struct la_timeline *t)
{
    for (uint32_t i = 0; i < t->trace->nr_events; i++) {
        const struct la_event *event = &t->trace->event[i];

        switch (la_event_desc(event->id)->severity) {
        case LA_SEV_PRINT:
            print_event(t, event, LA_LINE_PRINT);
            break;
        case LA_SEV_WARN:
            print_event(t, event, LA_LINE_WARN);
            break;
        case LA_SEV_OOPS:
            print_event(t, event, LA_LINE_OOPS);
            break;
        default:
            break;
        }
    }
}

void la_record_move(struct la_timeline *t, const struct la_keyframe_at *to)
{
    /* lines from there on were dropped, or it lies ahead of all that was printed: begin anew there */
    if (t->nr_before > to->nr_lines || t->printed < to->step) {
        cut_lines(t, 0);
        t->nr_before = to->nr_lines;
        t->printed = to->step;
    }
    show_lines(t, to->step);
}

/* ---- marks ---- */

static void mark(struct la_timeline *t, enum la_mark_kind kind, const char *text)
{
    char *str = t->nr_marks < LA_MARKS_MAX ? copy(t->host, text) : NULL;

    if (str)
        t->mark[t->nr_marks++] = (struct la_mark){t->step, kind, str};
}

/* The section @next is about to begin: mark it, and the questions before it. */
static void mark_section(struct la_timeline *t, uint32_t next)
{
    uint32_t first = next;

    while (first > 0 && t->lesson->section[first - 1].kind != LA_SECTION_CODE)
        first--;
    mark(t, LA_MARK_SECTION, "");
    for (uint32_t i = first; i < next; i++)
        if (t->lesson->section[i].ask)
            mark(t, LA_MARK_ASK, t->lesson->section[i].ask->question);
}

static void mark_step(struct la_timeline *t)
{
    uint32_t next = la_timeline_next_section(t);
    bool bad = t->trace->nr_oops || t->last.status != LA_STEP_RAN;

    if (bad)
        la_timeline_describe(t);
    if (t->last.status == LA_STEP_ASSERT_FAILED)
        mark(t, LA_MARK_ASSERT, la_buf_str(&t->last.say));
    else if (bad)
        mark(t, LA_MARK_OOPS, la_buf_str(&t->last.say));
    if (next != UINT32_MAX && t->last.section != UINT32_MAX && next != t->last.section)
        mark_section(t, next);
}

/* ---- turns ---- */

/* Does @turn go on with the step @what?  A slot may hold another thread by now: its pid tells. */
static bool same_turn(const struct la_turn *turn, const struct la_step *what, uint32_t pid)
{
    return turn->thread == what->thread && turn->cpu == what->cpu && turn->irq == what->irq && turn->pid == pid;
}

/* What was typed is nobody's turn.  A list that is full ends for good: what it tells stays true. */
static void record_turn(struct la_timeline *t)
{
    const struct la_step *what = &t->last.what;

    if (t->turned + 1 != t->step)
        return;
    uint32_t pid = la_interp_thread_pid(t->interp, what->thread);

    if (!t->last.typed && (t->nr_turns == 0 || !same_turn(&t->turn[t->nr_turns - 1], what, pid))) {
        if (t->nr_turns == LA_TURNS_MAX)
            return;
        struct la_turn *turn = &t->turn[t->nr_turns++];

        *turn = (struct la_turn){t->step, (uint8_t)what->thread, (uint8_t)what->cpu, what->irq, pid, ""};
        (void)snprintf(turn->name, sizeof turn->name, "%s", la_interp_thread_name(t->interp, what->thread));
    }
    t->turned = t->step;
}

static void forget_turns(struct la_timeline *t, uint32_t step)
{
    while (t->nr_turns && t->turn[t->nr_turns - 1].step > step)
        t->nr_turns--;
    if (t->turned > step)
        t->turned = step;
}

/* ---- choices ---- */

bool la_record_choice(struct la_timeline *t, uint32_t step, const char *text)
{
    char *str = copy(t->host, text);

    if (str)
        t->choice[t->nr_choices++] = (struct la_choice_made){step, str};
    return str != NULL;
}

/* ---- what a code section did ---- */

static void record_section(struct la_timeline *t)
{
    if (t->last.section == UINT32_MAX)
        return;
    struct la_section_run *run = &t->section[t->last.section];

    for (uint32_t i = 0; run->first_merge == LA_NO_PFN && i < t->trace->nr_events; i++) {
        if (t->trace->event[i].id == LA_EV_MERGE) {
            run->first_merge = (uint32_t)t->trace->event[i].field[2];
            run->merge_step = t->step;
        }
    }
    uint32_t next = la_timeline_next_section(t), left = next == UINT32_MAX ? t->last.section + 1 : next;

    /* sections without statements of their own are left together with the one before */
    for (uint32_t i = 0; next != t->last.section && i < left; i++)
        if (!t->section[i].end_step)
            t->section[i].end_step = t->step;
}

static void forget_sections(struct la_timeline *t, uint32_t step)
{
    for (uint32_t i = 0; i < t->lesson->nr_sections; i++) {
        struct la_section_run *run = &t->section[i];

        if (run->end_step > step)
            run->end_step = 0;
        if (run->first_merge != LA_NO_PFN && run->merge_step > step)
            run->first_merge = LA_NO_PFN;
    }
}

/* ---- the step itself ---- */

/* The source of @span, on one line: runs of white space become one blank. */
static void source_text(const struct la_section *section, struct la_span span, struct la_buf *out)
{
    uint32_t line = section->text_line, column = 1;
    bool gap = false;

    for (size_t i = 0; i < section->len; i++) {
        char c = section->text[i];
        bool from = line > span.line || (line == span.line && column >= span.column);
        bool past = line > span.end_line || (line == span.end_line && column >= span.end_column);

        if (past)
            return;
        if (from && (c == '\n' || c == ' ' || c == '\t' || c == '\r')) {
            gap = out->len > 0;
        } else if (from) {
            if (gap)
                la_buf_putc(out, ' ');
            gap = false;
            la_buf_putc(out, c);
        }
        column++;
        if (c == '\n') {
            line++;
            column = 1;
        }
    }
}

void la_timeline_describe(struct la_timeline *t)
{
    struct la_last_step *last = &t->last;
    const char *typed = last->typed;

    if (last->described)
        return;
    last->described = true;
    la_buf_clear(&last->statement);
    la_buf_clear(&last->result);
    la_buf_clear(&last->say);
    if (typed)
        la_buf_puts(&last->statement, typed);
    else if (last->block >= 0)
        source_text(&t->lesson->section[last->block], last->what.at.span, &last->statement);
    if (last->what.has_value)
        la_interp_value_text(t->interp, &last->what, &last->result);
    la_say(t, last, &last->say);
}

static void print_step(struct la_timeline *t)
{
    struct la_last_step *last = &t->last;

    t->printed = t->step;
    if (last->typed) {
        la_timeline_describe(t);
        la_timeline_print(t, LA_LINE_INPUT, last->typed, "");
    }
    print_events(t);
    if (last->typed && last->result.len)
        la_timeline_print(t, LA_LINE_RESULT, la_buf_str(&last->result), "");
}

/* What is new about the step is written down: what it printed, what it was, what its section did. */
static void record_new(struct la_timeline *t)
{
    if (t->step > t->printed)
        print_step(t);
    if (t->step <= t->recorded)
        return;
    t->recorded = t->step;
    record_section(t);
    record_turn(t);
    mark_step(t);
}

void la_record_step(struct la_timeline *t)
{
    t->last.described = false;
    show_lines(t, t->step);
    record_new(t);
}

void la_record_forget(struct la_timeline *t, uint32_t step)
{
    uint32_t kept = t->nr_kept;

    while (kept && t->line[kept - 1].step > step)
        kept--;
    cut_lines(t, kept);
    for (kept = t->nr_marks; kept && t->mark[kept - 1].step > step;)
        kept--;
    cut_marks(t, kept);
    for (kept = t->nr_choices; kept && t->choice[kept - 1].step >= step;)
        kept--;
    cut_choices(t, kept);
    forget_turns(t, step);
    forget_sections(t, step);
    if (t->recorded > step)
        t->recorded = step;
    if (t->printed > step)
        t->printed = step;
    record_new(t);
}
