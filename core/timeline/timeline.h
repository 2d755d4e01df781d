/*
 * timeline.h: the history of one run: forwards, backwards, to any step, and into another future.
 *
 * Nothing is ever undone.  Now and then a keyframe of the machine is kept; going to step n puts
 * the nearest keyframe before n back and runs the few statements up to n again.  Same program and
 * same choices give the same states, so what comes out is what was there.
 *
 *     step       0....256....512....768....1024
 *     keyframe   *     *      *      *      *         every `spacing` steps; when there are too
 *                      ^----+                         many, every second goes and spacing doubles
 *     seek 300: put 256 back, run 44 statements
 *
 * Choices are what is not in the lesson: statements typed at the console, each with the step
 * after which it ran.  Lesson + choices = everything; that is what a link carries.
 *
 * Beside the machine the timeline keeps what was written down on the way, each with its step:
 * marks, who ran (a list of turns), and console lines (those ahead of the present are not shown).  The console is a ring, as
 * the kernel's log: when it is full the oldest lines go, and who goes back to before them sees
 * those that the steps from the nearest keyframe on print again.  The rolling hash is that of the trace:
 * equal hash, same history.
 *
 * Invariant: keyframes, choices, console lines and marks are sorted by step and none lies in a
 * future that was left.
 * Cost: a step forwards is the statement, plus one keyframe every `spacing` steps; a seek is at
 * most `spacing` statements plus the chunks that differ.
 */
#ifndef LA_TIMELINE_TIMELINE_H
#define LA_TIMELINE_TIMELINE_H

#include "base/diag.h"
#include "lang/lang.h"
#include "lesson/lesson.h"
#include "machine/machine.h"

enum {
    LA_TIMELINE_KEYFRAMES_MAX = 512,
    LA_TIMELINE_SPACING = 128,
    LA_TIMELINE_STEPS_MAX = 10000000,
    LA_CONSOLE_LINES_MAX = 10000,
    LA_MARKS_MAX = 2000,
    LA_TURNS_MAX = 2000,
    LA_CHOICES_MAX = 1000,
    LA_CHOICE_BYTES_MAX = 4096
};

enum la_line_kind { LA_LINE_PRINT, LA_LINE_WARN, LA_LINE_OOPS, LA_LINE_INPUT, LA_LINE_RESULT };

struct la_console_line {
    uint32_t step;
    enum la_line_kind kind;
    char *text, *note; /* owned; note "" when there is none */
};

struct la_choice_made {
    uint32_t step; /* statements that had run when it was typed */
    char *text;    /* owned */
};

enum la_mark_kind { LA_MARK_OOPS, LA_MARK_ASSERT, LA_MARK_ASK, LA_MARK_SECTION };

struct la_mark {
    uint32_t step;
    enum la_mark_kind kind;
    char *text; /* owned */
};

/* From this step on somebody else runs: another thread or handler, or the same on another CPU. */
struct la_turn {
    uint32_t step;
    uint8_t thread, cpu;
    int32_t irq; /* the interrupt whose handler it is; -1 = none */
    uint32_t pid;
    char name[LA_TASK_COMM_LEN];
};

/* What the last statement did; valid until the next one runs. */
struct la_last_step {
    uint32_t step;                /* 0: nothing has run */
    enum la_step_status status;
    struct la_step what;
    int32_t block;                /* section of the lesson it stands in; -1 typed */
    uint32_t section;             /* section that was running: where the outermost call was made; UINT32_MAX typed */
    const char *typed;            /* its source if it was typed, else NULL */
    bool described;               /* la_timeline_describe() has filled what follows */
    struct la_buf statement;      /* its source, on one line */
    struct la_buf result;         /* its value as text */
    struct la_buf say;            /* in one sentence */
};

/* What is remembered about a code section once it has been run through. */
struct la_section_run {
    uint32_t end_step;            /* steps when it was left; 0 = never yet */
    uint32_t first_merge;         /* buddy of its first merge, or LA_NO_PFN */
    uint32_t merge_step;          /* the step of that */
};

struct la_keyframe_at {
    uint32_t step;
    uint64_t hash;
    uint32_t in_section;
    uint32_t nr_lines; /* printed up to there, also those that were dropped */
    struct la_keyframe *keyframe;
};

struct la_timeline {
    const struct la_host *host;
    const struct la_lesson *lesson;
    struct la_program *program;
    struct la_machine *machine;
    struct la_interp *interp;
    struct la_trace *trace;

    uint32_t step;                /* statements that have run */
    int64_t end;                  /* the last step, -1 while unknown */
    uint32_t in_section;          /* the section that runs, also while it calls functions of others */
    bool stopped;                 /* the program cannot go on here (done, oops, assert, stuck) */
    struct la_last_step last;

    struct la_keyframe_at keyframe[LA_TIMELINE_KEYFRAMES_MAX];
    uint32_t nr_keyframes, spacing;
    struct la_choice_made *choice;
    uint32_t nr_choices;
    struct la_console_line *line;
    uint32_t nr_lines;            /* on the console at the present step */
    uint32_t nr_kept;             /* all, also those of steps ahead that were run before */
    struct la_mark *mark;
    uint32_t nr_marks;
    struct la_turn *turn;
    uint32_t nr_turns;
    uint32_t turned;              /* steps that the turns tell about: all recorded ones, or those up to where the list was full */
    uint32_t nr_before;           /* lines before line[0] that were dropped: the oldest go first */
    uint32_t printed;             /* no step up to this one prints its lines again */
    uint32_t recorded;            /* no step up to this one leaves marks again */
    struct la_section_run *section; /* one for each section of the lesson */
};

/**
 * Boot a machine from @config and load the code sections of @lesson.  The lesson stays the
 * caller's and must outlive the timeline.  Compile errors go to @diags; the machine then stands
 * at its start and no statement can run.  NULL when memory is out or the machine is impossible.
 */
struct la_timeline *la_timeline_new(const struct la_host *host, const struct la_lesson *lesson,
                                    const struct la_machine_config *config, struct la_diags *diags);
void la_timeline_free(struct la_timeline *timeline);

/**
 * Run the next statement (or the choice that was made here).  False when there is none: the end,
 * a stop, or the bound LA_TIMELINE_STEPS_MAX.
 */
bool la_timeline_step(struct la_timeline *timeline);

/** Go to @step, or to the end when that comes first. */
void la_timeline_seek(struct la_timeline *timeline, uint32_t step);

/**
 * Run @text, typed by the user, now.  It becomes a step; what came after is forgotten.
 * False with @diags when it does not compile; nothing is changed then.
 */
bool la_timeline_type(struct la_timeline *timeline, const char *text, size_t len, struct la_diags *diags);

/** Why @choice cannot be made now, or NULL; the text is valid until the next call. */
const char *la_timeline_refusal(const struct la_timeline *timeline, const struct la_sched_choice *choice);

/** Add a choice of an earlier log; they must come in rising order and ahead of the present. */
bool la_timeline_add_choice(struct la_timeline *timeline, uint32_t step, const char *text);

/** A second timeline with the same choices up to @step, standing there. */
struct la_timeline *la_timeline_fork(const struct la_timeline *timeline, const struct la_machine_config *config,
                                     uint32_t step, struct la_diags *diags);

/** True when the next step is a typed statement out of the log. */
bool la_timeline_choice_next(const struct la_timeline *timeline);
/**
 * The section that runs next; UINT32_MAX at the end.  Inside a function it is the section that
 * made the outermost call, wherever the function stands.
 */
uint32_t la_timeline_next_section(const struct la_timeline *timeline);
/** Fill the texts of timeline->last; they cost more than the step, so only who shows them asks. */
void la_timeline_describe(struct la_timeline *timeline);
/** Add a line to the console at the present step (the answer to `cat /proc/…`). */
void la_timeline_print(struct la_timeline *timeline, enum la_line_kind kind, const char *text, const char *note);
/** Bytes that keyframes hold. */
uint64_t la_timeline_keyframe_bytes(const struct la_timeline *timeline);

/* say.c */
/** Append what the statement just run did, in one sentence, out of the events of @trace. */
void la_say(const struct la_timeline *timeline, const struct la_last_step *last, struct la_buf *out);
/** The same for steps about caches, kmalloc or pools; false when there was nothing of that kind (say_objects.c). */
bool la_say_objects(const struct la_timeline *timeline, struct la_buf *out);

#endif
