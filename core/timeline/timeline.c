/* timeline.c: step, keyframes, seek, typed statements; timeline.h has the picture. */
#include "timeline/timeline.h"

#include "lang/sched.h"
#include "timeline/record.h"

#include <assert.h>
#include <string.h>

/* ---- making and freeing ---- */

static uint32_t gather_sources(const struct la_lesson *lesson, struct la_source *sources)
{
    uint32_t nr = 0;

    for (uint32_t i = 0; i < lesson->nr_sections; i++) {
        const struct la_section *section = &lesson->section[i];

        if (section->kind == LA_SECTION_CODE)
            sources[nr++] = (struct la_source){section->text, section->len, section->text_line, i};
    }
    return nr;
}

static struct la_program *compile(const struct la_timeline *t, struct la_diags *diags)
{
    size_t bytes = (t->lesson->nr_sections + 1) * sizeof(struct la_source);
    struct la_source *sources = la_host_alloc(t->host, bytes);
    struct la_program *program = NULL;

    if (sources)
        program = la_program_compile(t->host, sources, gather_sources(t->lesson, sources),
                                     t->machine->mm->layout.pointer_bytes, diags);
    la_host_free(t->host, sources, bytes);
    return program;
}

static bool keep_keyframe(struct la_timeline *t)
{
    struct la_keyframe *keyframe = la_arena_save(t->machine->arena);

    if (!keyframe)
        return false;
    t->keyframe[t->nr_keyframes++] = (struct la_keyframe_at){t->step, t->trace->hash, t->in_section, t->nr_before + t->nr_lines, keyframe};
    return true;
}

/* A statement at the top level says which section runs; inside a call it stays the caller's. */
static void find_section(struct la_timeline *t)
{
    uint32_t block;

    if (la_interp_at_top_level(t->interp, &block))
        t->in_section = block;
}

static size_t sections_bytes(const struct la_timeline *t)
{
    return (t->lesson->nr_sections + 1) * sizeof *t->section;
}

/* Everything but the machine's boot; false when memory is out. */
static bool make_parts(struct la_timeline *t, const struct la_machine_config *config, struct la_diags *diags)
{
    t->section = la_host_alloc(t->host, sections_bytes(t));
    t->trace = la_trace_new(t->host);
    if (!t->section || !t->trace || !la_record_init(t))
        return false;
    for (uint32_t i = 0; i <= t->lesson->nr_sections; i++)
        t->section[i].first_merge = LA_NO_PFN;
    t->machine = la_machine_new(t->host, config, t->trace, diags);
    if (!t->machine)
        return false;
    t->program = compile(t, diags);
    if (!t->program)
        return false;
    if (la_program_runnable(t->program)) {
        t->interp = la_interp_new(t->machine, t->program);
        if (!t->interp)
            return false;
    }
    /* what booting did is not part of the first step */
    la_trace_begin(t->trace);
    t->trace->hash = LA_HASH_START;
    t->stopped = !t->interp;
    t->in_section = UINT32_MAX;
    if (t->interp)
        find_section(t);
    return keep_keyframe(t);
}

struct la_timeline *la_timeline_new(const struct la_host *host, const struct la_lesson *lesson,
                                    const struct la_machine_config *config, struct la_diags *diags)
{
    struct la_timeline *t = la_host_alloc(host, sizeof *t);

    if (!t)
        return NULL;
    t->host = host;
    t->lesson = lesson;
    t->end = -1;
    t->spacing = LA_TIMELINE_SPACING;
    la_buf_init(&t->last.statement, host);
    la_buf_init(&t->last.result, host);
    la_buf_init(&t->last.say, host);
    if (!make_parts(t, config, diags)) {
        la_timeline_free(t);
        return NULL;
    }
    return t;
}

static void drop_keyframes_from(struct la_timeline *t, uint32_t first)
{
    while (t->nr_keyframes > first)
        la_keyframe_free(t->machine->arena, t->keyframe[--t->nr_keyframes].keyframe);
}

void la_timeline_free(struct la_timeline *t)
{
    if (!t)
        return;
    if (t->machine)
        drop_keyframes_from(t, 0);
    la_interp_free(t->interp);
    la_program_free(t->program);
    la_machine_free(t->machine);
    la_trace_free(t->trace);
    la_record_free(t);
    la_buf_free(&t->last.statement);
    la_buf_free(&t->last.result);
    la_buf_free(&t->last.say);
    la_host_free(t->host, t->section, sections_bytes(t));
    la_host_free(t->host, t, sizeof *t);
}

/* ---- forwards ---- */

/* Keep every second keyframe, so that a long history costs no more than a short one. */
static void thin_out(struct la_timeline *t)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < t->nr_keyframes; i++) {
        if (i % 2 == 0)
            t->keyframe[kept++] = t->keyframe[i];
        else
            la_keyframe_free(t->machine->arena, t->keyframe[i].keyframe);
    }
    t->nr_keyframes = kept;
    t->spacing *= 2;
}

static void maybe_keyframe(struct la_timeline *t)
{
    const struct la_keyframe_at *newest = &t->keyframe[t->nr_keyframes - 1];

    if (t->step < newest->step + t->spacing)
        return;
    if (t->nr_keyframes == LA_TIMELINE_KEYFRAMES_MAX)
        thin_out(t);
    (void)keep_keyframe(t); /* without memory for one, going back takes longer */
}

/* The number of choices made before @step. */
static uint32_t choices_before(const struct la_timeline *t, uint32_t step)
{
    uint32_t low = 0, high = t->nr_choices;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (t->choice[middle].step < step)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The statement that was typed when @step had run, or NULL. */
static const char *choice_at(const struct la_timeline *t, uint32_t step)
{
    uint32_t i = choices_before(t, step);

    return i < t->nr_choices && t->choice[i].step == step ? t->choice[i].text : NULL;
}

bool la_timeline_choice_next(const struct la_timeline *t)
{
    return choice_at(t, t->step) != NULL;
}

uint32_t la_timeline_next_section(const struct la_timeline *t)
{
    return t->interp && !t->stopped && !la_interp_done(t->interp) ? t->in_section : UINT32_MAX;
}

static void begin_statement(struct la_timeline *t)
{
    la_trace_begin(t->trace);
    la_mm_set_owner(t->machine->mm, t->step + 1, LA_FRAME_KERNEL);
}

static void end_statement(struct la_timeline *t, enum la_step_status status, const struct la_step *what, const char *typed)
{
    t->step++;
    la_trace_note_result(t->trace, what->has_value ? what->value : 0);
    la_trace_note_result(t->trace, (uint64_t)status);
    t->last.step = t->step;
    t->last.status = status;
    t->last.what = *what;
    t->last.block = typed || what->at.block == LA_BLOCK_CONSOLE ? -1 : (int32_t)what->at.block;
    t->last.typed = typed;
    t->last.section = typed ? UINT32_MAX : t->in_section;
    if (!typed && status != LA_STEP_RAN)
        t->stopped = true;
    find_section(t);
    la_record_step(t);
    maybe_keyframe(t);
}

/* A statement of the program; false when there is none. */
static bool run_program(struct la_timeline *t)
{
    struct la_step what = {0};

    begin_statement(t);
    enum la_step_status status = la_interp_step(t->interp, &what);

    if (status != LA_STEP_DONE)
        end_statement(t, status, &what, NULL);
    return status != LA_STEP_DONE;
}

/* A choice about threads and CPUs is a step of its own; only "@run" is a statement of that CPU. */
static bool run_choice(struct la_timeline *t, const char *text, struct la_diags *diags)
{
    struct la_step what = {.at = {.block = LA_BLOCK_CONSOLE, .function = ""}};
    struct la_sched_choice choice;

    if (!la_interp_read_choice(t->interp, text, &choice, diags))
        return false;
    begin_statement(t);
    la_interp_choose(t->interp, &choice);
    if (choice.kind == LA_CHOOSE_CPU) {
        /* the events of the choice and of the statement are one step */
        enum la_step_status status = la_interp_step(t->interp, &what);

        end_statement(t, status, &what, NULL);
    } else {
        end_statement(t, LA_STEP_RAN, &what, text);
    }
    return true;
}

static bool run_typed(struct la_timeline *t, const char *text, struct la_diags *diags)
{
    struct la_step what = {0};

    if (text[0] == '@')
        return run_choice(t, text, diags);
    begin_statement(t);
    enum la_step_status status = la_interp_eval(t->interp, text, strlen(text), 1, diags, &what);

    if (diags->nr_errors)
        return false;
    end_statement(t, status == LA_STEP_DONE ? LA_STEP_RAN : status, &what, text);
    return true;
}

/*
 * A statement out of a log does not compile here (the log belongs to another version of the
 * lesson): it and what was typed after it are forgotten, and the console says so.
 */
static void refuse_choice(struct la_timeline *t, const char *typed, const struct la_diags *diags)
{
    struct la_buf text;

    la_buf_init(&text, t->host);
    la_buf_printf(&text, "A typed statement that came with the link does not fit this lesson: %s", typed);
    la_timeline_print(t, LA_LINE_WARN, la_buf_str(&text), diags->nr && diags->item[0].message ? diags->item[0].message : "");
    la_buf_free(&text);
    la_record_forget(t, t->step);
}

bool la_timeline_step(struct la_timeline *t)
{
    const char *typed = choice_at(t, t->step);

    if (!t->interp || t->step >= LA_TIMELINE_STEPS_MAX)
        return false;
    if (typed) {
        struct la_diags diags;

        la_diags_init(&diags, t->host);
        bool ran = run_typed(t, typed, &diags);

        if (!ran)
            refuse_choice(t, typed, &diags);
        la_diags_free(&diags);
        return ran || la_timeline_step(t);
    }
    if (t->stopped || la_interp_done(t->interp)) {
        t->end = t->step;
        return false;
    }
    if (!run_program(t)) {
        t->end = t->step;
        return false;
    }
    if (t->stopped || (la_interp_done(t->interp) && !choice_at(t, t->step)))
        t->end = t->step;
    return true;
}

/* ---- backwards ---- */

/* A chunk of the frame table was put back: those frames may look different now. */
static void frames_changed(void *ctx, const struct la_region *region, uint32_t offset, uint32_t bytes)
{
    struct la_timeline *t = ctx;
    const uint32_t frame_bytes = sizeof(struct la_frame);

    if (region == t->machine->mm->frame_region)
        la_trace_note_frames(t->trace, offset / frame_bytes, bytes / frame_bytes);
}

static void put_back(struct la_timeline *t, const struct la_keyframe_at *at)
{
    la_arena_restore(t->machine->arena, at->keyframe, frames_changed, t);
    la_trace_begin(t->trace);
    t->trace->hash = at->hash;
    t->step = at->step;
    t->in_section = at->in_section;
    t->stopped = false;
    t->last.step = 0;
    if (t->interp)
        la_interp_restored(t->interp);
    la_record_move(t, at);
}

/*
 * The keyframe to start from: the last one before @step (strictly, so that the step that led
 * there runs again and can be shown); the very first for step 0.
 */
static const struct la_keyframe_at *keyframe_before(const struct la_timeline *t, uint32_t step)
{
    uint32_t low = 0, high = t->nr_keyframes;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (t->keyframe[middle].step < step)
            low = middle;
        else
            high = middle;
    }
    return &t->keyframe[low];
}

void la_timeline_seek(struct la_timeline *t, uint32_t step)
{
    if (step == t->step && (t->last.step == step || step == 0))
        return;
    const struct la_keyframe_at *from = keyframe_before(t, step);

    if (step <= t->step || from->step > t->step)
        put_back(t, from);
    while (t->step < step && la_timeline_step(t))
        ;
}

/* ---- another future ---- */

/* A statement was typed when @step had run: what the old future held after it is forgotten. */
static void leave_future(struct la_timeline *t, uint32_t step)
{
    uint32_t kept = 1;

    while (kept < t->nr_keyframes && t->keyframe[kept].step <= step)
        kept++;
    drop_keyframes_from(t, kept);
    la_record_forget(t, step);
    t->end = -1;
}

/* Why nothing can be added to the log here, or NULL. */
static const char *log_refusal(const struct la_timeline *t)
{
    if (!t->interp)
        return "the lesson's program has errors, so nothing can run";
    /* later choices are about to be forgotten, so they do not count */
    return choices_before(t, t->step) == LA_CHOICES_MAX ? "too many statements were typed, or choices made" : NULL;
}

const char *la_timeline_refusal(const struct la_timeline *t, const struct la_sched_choice *choice)
{
    const char *refusal = log_refusal(t);

    return refusal ? refusal : la_sched_refusal(t->interp, choice);
}

bool la_timeline_type(struct la_timeline *t, const char *text, size_t len, struct la_diags *diags)
{
    const char *refusal = len > LA_CHOICE_BYTES_MAX ? "the statement is too long" : log_refusal(t);

    if (refusal) {
        la_diags_add(diags, LA_SEVERE, LA_E_LIMIT, (struct la_span){0, 0, 0, 0}, refusal,
                     !t->interp ? "Mend the errors marked in the code first." : "Put longer code into the lesson.");
        return false;
    }
    struct la_buf copy;

    la_buf_init(&copy, t->host);
    la_buf_add(&copy, text, len);
    uint32_t before = t->step;
    bool good = !copy.failed && run_typed(t, la_buf_str(&copy), diags);

    if (good) {
        leave_future(t, before);
        good = la_record_choice(t, before, la_buf_str(&copy));
        if (t->last.typed)
            t->last.typed = choice_at(t, before); /* the log's own copy lives on */
    } else if (before) {
        /* it did not compile: nothing ran, but the events of the last step were emptied */
        t->last.step = 0;
        la_timeline_seek(t, before);
    }
    la_buf_free(&copy);
    return good;
}

bool la_timeline_add_choice(struct la_timeline *t, uint32_t step, const char *text)
{
    bool rising = t->nr_choices == 0 || t->choice[t->nr_choices - 1].step < step;

    if (!rising || step < t->step || t->nr_choices == LA_CHOICES_MAX || strlen(text) > LA_CHOICE_BYTES_MAX)
        return false;
    leave_future(t, step); /* it may have been run through without this choice */
    return la_record_choice(t, step, text);
}

struct la_timeline *la_timeline_fork(const struct la_timeline *t, const struct la_machine_config *config, uint32_t step,
                                     struct la_diags *diags)
{
    struct la_timeline *twin = la_timeline_new(t->host, t->lesson, config, diags);

    for (uint32_t i = 0; twin && i < t->nr_choices && t->choice[i].step < step; i++) {
        if (!la_timeline_add_choice(twin, t->choice[i].step, t->choice[i].text)) {
            la_timeline_free(twin);
            return NULL;
        }
    }
    if (twin)
        la_timeline_seek(twin, step);
    return twin;
}

uint64_t la_timeline_keyframe_bytes(const struct la_timeline *t)
{
    return la_arena_keyframe_bytes(t->machine->arena);
}
