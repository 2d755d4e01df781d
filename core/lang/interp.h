/*
 * interp.h: the state of a running program, and what the parts of the interpreter share.
 *
 *     arena    struct la_sched: threads, each with a      image window: variables, a stack
 *              struct la_vm: pc, frames, operands         for each thread
 *     host     struct la_interp: pointers, the result of the statement that runs
 *
 *     image stack   | top level | f's locals | g's locals |         fp -> the innermost
 *     operands      | f's caller's | g's caller's | ...  |          base -> of the innermost
 *
 * Invariant: between steps pc stands at a STMT (or the program is over) and every frame's
 * operands lie below those of the frame it called.
 */
#ifndef LA_LANG_INTERP_H
#define LA_LANG_INTERP_H

#include "lang/api.h"
#include "lang/compiler.h"
#include "lang/sched.h"

enum la_vm_state { LA_VM_READY, LA_VM_DONE, LA_VM_KILLED, LA_VM_ASSERT, LA_VM_STUCK };

enum {
    LA_VM_MESSAGE = 240,
    LA_NESTED_MAX = 8,
    LA_TYPED_STATEMENTS_MAX = 200000,
    LA_CALLBACK_STATEMENTS_MAX = 100000,
    LA_COPY_MAX = 16 << 20
};

enum la_vm_entry { LA_ENTERED_BY_CALL, LA_ENTERED_BY_THREAD, LA_ENTERED_BY_IRQ };

struct la_vm_frame {
    uint32_t ret_pc;
    uint32_t fp;   /* of the caller */
    uint32_t base; /* operands of the caller that stay */
    uint32_t stmt; /* of the caller: the statement that called */
    int32_t fn;    /* the function called */
    bool wants;    /* a result is wanted */
    bool again;    /* interrupt: la_thread.again of what was interrupted */
    uint8_t entry; /* enum la_vm_entry */
};

/* One for each thread. */
struct la_vm {
    uint32_t pc, fp, sp; /* fp, sp: offsets in the image; sp is the first free byte of the stack */
    uint32_t stack_end;
    uint32_t nr_frames, nr_operands;
    uint32_t stmt;  /* the statement that runs or ran last */
    uint32_t state; /* enum la_vm_state */
    struct la_span message_at;
    char message[LA_VM_MESSAGE];
    struct la_vm_frame frame[LA_FRAMES_MAX];
    uint64_t operand[LA_OPERANDS_MAX];
};

struct la_interp {
    const struct la_host *host;
    struct la_machine *machine;
    struct la_program *program;
    struct la_sched *sched;
    struct la_vm *vm;     /* of the active task: sched->thread[sched->active].vm */
    unsigned char *image; /* of the machine's image window */
    uint64_t image_base;
    uint32_t pointer_bytes;
    bool names_threads; /* the program calls what makes threads */
    /* while a statement runs */
    bool has_value;
    uint64_t value;
    uint32_t site;
    bool quiet;   /* a question: nothing may be reported or changed */
    bool faulted; /* quiet: the question cannot be answered */
    bool bounded; /* statements count against budget */
    uint32_t budget;
    uint32_t nested;          /* callbacks that are active */
    uint64_t returned;        /* by a thread's function */
    bool blocked;             /* the call that was made has to wait and will be made again */
    char text[LA_VM_MESSAGE]; /* la_interp_message's result for questions */
};

enum la_run {
    LA_RUN_STMT,
    LA_RUN_END,
    LA_RUN_RETURNED,
    LA_RUN_STOPPED,   /* the program cannot go on, or the call has to wait */
    LA_RUN_THREAD_END, /* a thread's function returned interp->returned */
    LA_RUN_IRQ_END     /* an interrupt handler returned */
};

/**
 * Run from the vm's pc.  @stepping: stop before the next STMT; else STMTs count against the
 * budget.  @stop_frames: return when a function returned to that many frames.
 */
enum la_run la_vm_run(struct la_interp *interp, bool stepping, uint32_t stop_frames);
/** End the program: @state and a message about the current statement. */
void la_vm_stop(struct la_interp *interp, enum la_vm_state state, const char *message);
/**
 * What follows an oops that was reported: the task is killed; in an interrupt there is none to kill, and the
 * machine panics.  @text: the oops, or the panic if it was one.  Source: arch/x86/kernel/dumpstack.c: oops_end.
 */
void la_vm_die(struct la_interp *interp, const char *text);
/** An oops of the program itself (not of a kernel call): report and kill. */
void la_vm_oops(struct la_interp *interp, const char *text, const char *note);
/** Enter function @fn with the @nr topmost operands as arguments; false after an overflow. */
bool la_vm_call(struct la_interp *interp, uint32_t fn, uint32_t nr, bool wants, uint32_t ret_pc);
/** Make a kernel call with the @nr topmost operands; false when the program ended. */
bool la_vm_native(struct la_interp *interp, uint32_t row, uint32_t nr, bool wants);
/** The statement that comes next in @vm, or that it is in the middle of; UINT32_MAX when it is over. */
uint32_t la_vm_next_stmt(const struct la_interp *interp, const struct la_vm *vm);

/* ---- for the scheduler ---- */

/** The (empty) vm of @task, made or made empty again; false when arena memory is out. */
bool la_vm_new(struct la_interp *interp, uint32_t task);
/** @task will begin with @fn(@data).  False when @fn is no function of the program. */
bool la_vm_enter(struct la_interp *interp, uint32_t task, uint64_t fn, uint64_t data);
/** The active task goes on with @handler(@irq, @dev), and then where it was.  False: the program is stopped. */
bool la_vm_interrupt(struct la_interp *interp, uint64_t handler, uint32_t irq, uint64_t dev);
/** The index of the program's function at simulated address @addr; false when there is none. */
bool la_vm_function(const struct la_interp *interp, uint64_t addr, uint32_t *fn);

/** Memory access of the program; false after a fault (the program is stopped). */
bool la_vm_read(struct la_interp *interp, uint64_t addr, void *buf, uint32_t len);
bool la_vm_write(struct la_interp *interp, uint64_t addr, const void *buf, uint32_t len);
bool la_vm_fill(struct la_interp *interp, uint64_t addr, uint8_t byte, uint64_t len);
/** The statement a place in the code belongs to, as a place. */
struct la_place la_interp_place(const struct la_interp *interp, uint32_t stmt, uint32_t depth);
/** Append @value of @type as text. */
void la_value_text(const struct la_interp *interp, const struct la_type *type, uint64_t value, struct la_buf *out);

#endif
