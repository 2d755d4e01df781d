/*
 * lang.h: the C that users write: compile it, run it statement by statement, ask it things.
 *
 *     lesson blocks --la_program_compile--> program (bytecode, symbols; host memory)
 *                                              |
 *     machine ------------la_interp_new--------+--> interpreter (globals, stack, pc; in the arena)
 *                                                     la_interp_step    runs one statement
 *                                                     la_interp_where   which one comes next
 *                                                     la_interp_eval    a typed statement, now
 *
 * A step is one statement: an expression statement, a declaration with an initialiser, a return,
 * break, continue or goto, and each evaluation of the condition, init or increment of a loop.
 * Calling a function of the program ends the step; the function's statements are steps at depth
 * + 1; its `return` also finishes the calling statement.  So "over" is: step until the same thread
 * stands at a depth that is not greater than before, and not in a call that waits.
 *
 * Everything the program can see or change lives in the machine's arena, so going back restores
 * it.  The program and the text of typed statements live outside and only grow: running the same
 * choices again finds the same bytecode at the same place.
 *
 * Deviations:
 *  A. The statements of a callback that a kernel function calls (la_interp_call) run inside the
 *     step of that call.
 *  B. Structures are not passed or returned by value; floating point and bit-fields are refused.
 *  C. Undefined behaviour of C has a meaning: overflow wraps, shift counts use their low bits as
 *     on x86, variables without initialiser hold what was there before (zero outside functions).
 */
#ifndef LA_LANG_LANG_H
#define LA_LANG_LANG_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/host.h"

#include <stdbool.h>
#include <stdint.h>

struct la_machine;
struct la_program;
struct la_interp;
struct la_type;

/* ---- compiling ---- */

/* One code block of a lesson.  @line is the lesson's line of the first byte of @text. */
struct la_source {
    const char *text;
    size_t len;
    uint32_t line;
    uint32_t block; /* the caller's number of the block; blocks come in rising order */
};

/**
 * Compile @nr blocks as one program for a machine whose pointers have @pointer_bytes (4 or 8).
 * All errors of all blocks are added to @diags in one pass.  The texts need not outlive the call.
 * Returns NULL only when host memory is out; a program with errors is not runnable but can be
 * asked for its names.  Free with la_program_free.
 */
struct la_program *la_program_compile(const struct la_host *host, const struct la_source *sources, uint32_t nr,
                                      unsigned int pointer_bytes, struct la_diags *diags);
/** Free @program (NULL is allowed); no interpreter may use it any more. */
void la_program_free(struct la_program *program);
/** True when compiling found no error. */
bool la_program_runnable(const struct la_program *program);
/** The number of statements (possible steps) in the program text. */
uint32_t la_program_nr_statements(const struct la_program *program);
/** The span and block of statement @i in text order; false when there is none. */
bool la_program_statement(const struct la_program *program, uint32_t i, struct la_span *span, uint32_t *block);
/** The number of kernel calls the program names, and the name of the @i-th, for "then and now" notes; NULL beyond. */
const char *la_program_kernel_call(const struct la_program *program, uint32_t i);

/* ---- running ---- */

enum { LA_BLOCK_CONSOLE = 0x7FFFFFFF }; /* the block of typed statements */

enum la_step_status {
    LA_STEP_RAN,           /* one statement ran; there may be more */
    LA_STEP_DONE,          /* there was nothing left to run (also after a stop) */
    LA_STEP_OOPSED,        /* the statement oopsed; the thread is killed */
    LA_STEP_ASSERT_FAILED, /* assert() was false; the program stops; la_interp_message says what */
    LA_STEP_STUCK          /* the call would never return (hung); the program stops */
};

/* Where a statement stands. */
struct la_place {
    struct la_span span;
    uint32_t block;
    uint32_t depth;       /* 0 at the top level of the lesson, +1 for each active call */
    const char *function; /* name of the function it is in; "" at the top level */
    bool done;            /* there is no next statement; the rest is 0 */
};

/* What one step did. */
struct la_step {
    struct la_place at;         /* the statement that ran */
    bool has_value;             /* an expression other than void was evaluated */
    uint64_t value;             /* sign- or zero-extended from its type */
    const struct la_type *type; /* of the value; valid as long as the program */
    const char *name;           /* the variable the value went to, or NULL */
    const char *entered;        /* the function of the program that was entered, or NULL */
    bool shared;                /* a program with threads, or an interrupt is about: it matters who ran */
    uint32_t thread, cpu;       /* who ran it, and where */
    int32_t irq;                /* the interrupt whose handler it is part of; -1 = none */
};

/**
 * An interpreter for @program on @machine, before its first statement.  Takes its state from the
 * machine's arena (so: create it before the first keyframe) and takes over the list of typed
 * statements of @program: one interpreter at a time for a program.  NULL when memory is out, the
 * program is not runnable or its pointer size is not the machine's.
 */
struct la_interp *la_interp_new(struct la_machine *machine, struct la_program *program);
/** Free the host side of @interp (NULL is allowed).  The arena keeps its part. */
void la_interp_free(struct la_interp *interp);
/**
 * Run the next statement.  @step (may be NULL) tells what it was.  The caller empties the trace
 * before (la_trace_begin) and feeds step->value into the rolling hash if it wants to.
 */
enum la_step_status la_interp_step(struct la_interp *interp, struct la_step *step);
/** The next statement, without running it. */
struct la_place la_interp_where(const struct la_interp *interp);
/** Is there no next statement? */
bool la_interp_done(const struct la_interp *interp);
/** Does the next statement stand at the top level of the lesson, outside of all calls?  Then @block is its block. */
bool la_interp_at_top_level(const struct la_interp *interp, uint32_t *block);
/** Why the program stopped (assert or limit or stuck): one sentence, "" when there is nothing; with its place. */
const char *la_interp_message(const struct la_interp *interp, struct la_span *span);
/** Append the value of @step as text: "42", "NULL", "struct page * 0xfc000520 (pfn 0x29)". */
void la_interp_value_text(const struct la_interp *interp, const struct la_step *step, struct la_buf *out);
/** Append the type's name as C writes it: "struct page *". */
void la_type_text(const struct la_type *type, struct la_buf *out);

/* ---- threads and choices ---- */

struct la_sched; /* lang/sched.h */
struct la_sched_choice;

/** Threads and CPUs, to be looked at. */
const struct la_sched *la_interp_sched(const struct la_interp *interp);
/** The statement @thread stands at; done when it is dead. */
struct la_place la_interp_thread_place(const struct la_interp *interp, uint32_t thread);

/** After the arena was put back to a keyframe: find the thread that runs again. */
void la_interp_restored(struct la_interp *interp);
/** The name of thread @thread (struct la_step); lives until the next statement. */
const char *la_interp_thread_name(const struct la_interp *interp, uint32_t thread);
/** Its pid, which no other thread has before or after; 0 for idle tasks. */
uint32_t la_interp_thread_pid(const struct la_interp *interp, uint32_t thread);
/** The thread and the CPU whose statement comes next. */
void la_interp_runner(const struct la_interp *interp, uint32_t *thread, uint32_t *cpu);
/**
 * Read "@run CPU", "@preempt CPU", "@migrate THREAD CPU" or "@interrupt CPU IRQ".  False when @text
 * begins with '@' and is none of them, or when it cannot be chosen now; then @diags says why.
 */
bool la_interp_read_choice(struct la_interp *interp, const char *text, struct la_sched_choice *choice, struct la_diags *diags);
/** Make a choice that la_interp_read_choice accepted, between two statements. */
void la_interp_choose(struct la_interp *interp, const struct la_sched_choice *choice);

/* ---- typed statements and questions ---- */

/**
 * Compile @text (one or more statements) at the current point and run it to its end.  Variables
 * in scope are visible; variables declared at its outer level stay, as globals.  Errors go to
 * @diags (position: line @line, columns from 1) and leave everything as it was; then DONE is
 * returned.  An oops, and even a panic, ends the typed statement, not the program.
 */
enum la_step_status la_interp_eval(struct la_interp *interp, const char *text, size_t len, uint32_t line,
                                   struct la_diags *diags, struct la_step *step);
/**
 * Evaluate an expression for an answer or a check, without changing anything: only reads and
 * kernel calls without effect.  False with a message in @diags when it is refused or faults.
 * @type_text (may be NULL) is where the name of its type is appended.
 */
bool la_interp_eval_expr(struct la_interp *interp, const char *text, size_t len, uint32_t line, int64_t *value,
                         struct la_buf *type_text, struct la_diags *diags);
/** As la_interp_eval_expr, and append the value as la_interp_value_text writes it to @text_out. */
bool la_interp_eval_text(struct la_interp *interp, const char *text, size_t len, uint32_t line, int64_t *value,
                         struct la_buf *text_out, struct la_diags *diags);

/* ---- looking inside ---- */

/** Read simulated memory without reporting anything; false when it would fault. */
bool la_interp_peek(const struct la_interp *interp, uint64_t addr, void *buf, uint32_t len);

/* One variable, or one element of an array or structure ("pages[3]", "dev.next"). */
struct la_var {
    const char *name; /* valid during the callback */
    const char *type_text;
    const char *value_text;
    uint64_t address; /* simulated virtual address */
    uint32_t size;    /* bytes */
    uint32_t frame;   /* 0 = innermost call; the number of calls = globals */
    uint32_t level;   /* 0 = variable, 1.. = element of the variable before */
    bool is_pointer;
    uint64_t pointer; /* the pointer's value */
};

/** Append the name of the function at simulated address @addr, or the address in hex. */
void la_interp_function_text(const struct la_interp *interp, uint64_t addr, struct la_buf *out);
/** Call @visit for the variables in scope: call frames innermost first, then globals. */
void la_interp_vars(const struct la_interp *interp, void (*visit)(void *ctx, const struct la_var *var), void *ctx);
/** Call @visit for each active call, innermost first: its place (the statement it is in). */
void la_interp_stack(const struct la_interp *interp, void (*visit)(void *ctx, const struct la_place *place), void *ctx);

/* A static per-CPU variable, or a percpu_counter. */
struct la_percpu_var {
    const char *name, *type_text; /* valid during the callback */
    const struct la_type *type;
    uint64_t address;             /* of the master, or of the counter */
    uint32_t offset, size;        /* of the master in the image; bytes */
    uint8_t exported;             /* 1 EXPORT_PER_CPU_SYMBOL, 2 …_GPL */
    bool counter;                 /* struct percpu_counter, which is no per-CPU variable itself */
};

/** Call @visit for each static per-CPU variable and each percpu_counter of the program, the last one first.  Return: how many. */
uint32_t la_interp_percpu_vars(const struct la_interp *interp, void (*visit)(void *ctx, const struct la_percpu_var *var), void *ctx);
/** Append the object of @type at @addr as text: "5", "{1, 2, 3}". */
void la_interp_object_text(const struct la_interp *interp, const struct la_type *type, uint64_t addr, struct la_buf *out);

/* ---- callbacks from kernel functions (constructors, mempool functions) ---- */

/**
 * Call the program's (or kernel's) function at the simulated address @fn with @nr arguments, from
 * inside a kernel call.  Runs to its end within the current step.  False when @fn is no function
 * or the call oopsed (then the current statement ends as oopsed).
 */
bool la_interp_call(struct la_interp *interp, uint64_t fn, const uint64_t *args, uint32_t nr, uint64_t *result);

/* ---- the table of kernel calls ---- */

/* One row of api.def or macro.def. */
struct la_api {
    const char *name;
    const char *prototype;
    const char *header;
    const char *part;                          /* part of the notes: "4", "" when none; "-": only macros use it */
    const char *context;                       /* "any", "gfp" (may sleep when the mask says so), "sleeps" */
    const char *since, *removed, *replaced_by; /* "" when it does not apply */
    const char *help;
};

/** All rows in table order; static storage. */
const struct la_api *la_api_table(uint32_t *nr);
/** All rows of macro.def, what is used like a call; their prototypes are "name(parameters)". */
const struct la_api *la_macro_table(uint32_t *nr);
/** The row called @name, or NULL. */
const struct la_api *la_api_find(const char *name);

#endif
