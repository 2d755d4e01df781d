/*
 * sched.h: who runs: threads, CPUs, interrupts, sleeping and waking.
 *
 *     CPU 0   current -> thread 0   queue: 3, 5       each CPU runs one thread; others wait in
 *     CPU 1   current -> idle       queue:            its queue, first come first served
 *     asleep  thread 2 (a completion), thread 4 (until tick 120)
 *
 *     thread   struct la_vm: pc, frames, operands (one each)     struct la_context: preempt_count ...
 *              64 KiB of stack in the image window               (kept here while it does not run)
 *
 * The program's top level is thread 0.  One statement of one CPU is a step.  Who is next follows
 * from what happened and from the user's choices, never from the host: stay on this CPU; when its
 * thread sleeps, spins or ends, the next of its queue; else the next CPU that has something to run;
 * else let time pass until a sleeper wakes.
 *
 * A kernel call that has to wait puts its thread to sleep and is made again, with the same
 * arguments, when the thread runs the next time: the kernel's own loops look the same.
 *
 * Invariant: each living thread is in exactly one place: current of one CPU, in one queue, or
 * asleep, and not longer than it wanted; the context of a current thread is that of its CPU.  A lock
 * is held once.
 * Cost: a context switch changes a pointer and copies one struct la_context.
 *
 * Deviations:
 *  A. Preemption, migration and interrupts come between two statements, not between two machine
 *     instructions.
 *  B. Statements take no time: ticks pass only when a call sleeps and nothing else can run.
 *  C. No time slices: a thread runs until it sleeps, ends, or somebody chooses otherwise.
 *  D. An interrupt handler runs on the stack of the thread it interrupted (as on i386 before it had
 *     stacks for interrupts).
 *  E. An oops in a thread stops the whole program; the real kernel kills only that task, or panics when
 *     panic_on_oops is set, which is not modelled.  In an interrupt both panic.  Of a typed statement an
 *     oops, and a panic, ends that statement alone.
 *  F. Callbacks of kernel functions and typed statements cannot be put to sleep in the middle; there
 *     time passes inside the call, and nobody else runs meanwhile.
 *  G. A handler that sleeps ends the program; the real kernel puts the task to sleep that it interrupted,
 *     with the handler unfinished, and sets preempt_count to 0 under it.
 *
 * Source: Linux 6.1.192 kernel/sched/core.c, completion.c, wait.c, kernel/kthread.c, kernel/hung_task.c,
 * kernel/watchdog.c, include/linux/preempt.h.
 */
#ifndef LA_LANG_SCHED_H
#define LA_LANG_SCHED_H

#include "base/buf.h"
#include "mm/mm.h"

enum {
    LA_THREADS_MAX = 8,                            /* of the program, thread 0 among them */
    LA_TASKS_MAX = LA_THREADS_MAX + LA_MAX_CPUS,   /* and one idle task for each CPU */
    LA_IRQS_MAX = 16,  /* with a handler */
    LA_IRQ_MAX = 255,  /* the highest number of one */
    LA_PENDING_MAX = 8,
    LA_ASKED_MAX = 8,
    LA_LOCKS_MAX = 32,
    LA_IRQ_NAME = 16,
    LA_NO_TASK = 0xFF,
    LA_ANY_IRQ = 0xFF /* of a choice: one that somebody handles */
};

enum la_thread_state {
    LA_THREAD_NONE, /* no such thread */
    LA_THREAD_NEW,  /* made, never woken */
    LA_THREAD_READY,
    LA_THREAD_RUNNING, /* current of its CPU */
    LA_THREAD_SLEEPING,
    LA_THREAD_SPINNING, /* current of its CPU, and a lock keeps it from going on */
    LA_THREAD_DEAD,
    LA_NR_THREAD_STATES
};

enum la_wait {
    LA_WAIT_NOTHING,
    LA_WAIT_TIME,
    LA_WAIT_COMPLETION,
    LA_WAIT_QUEUE,
    LA_WAIT_MUTEX,
    LA_WAIT_POOL,
    LA_WAIT_EXIT,
    LA_WAIT_WAKE_UP, /* schedule() after set_current_state() */
    LA_WAIT_LOCK,    /* spinning */
    LA_NR_WAITS
};

struct la_vm;
struct la_interp;
struct la_call;

struct la_thread {
    uint8_t state; /* enum la_thread_state */
    uint8_t cpu;
    uint8_t wait; /* enum la_wait */
    bool bound;   /* kthread_bind: stays on its CPU */
    bool interruptible;
    bool woken;       /* the sleep it is in was ended by somebody */
    bool again;       /* the call it stands in was made before and had to wait; it is made again */
    bool should_stop; /* kthread_stop */
    bool sleeps_next; /* set_current_state: the next schedule() sleeps */
    uint32_t order;   /* when it went to sleep: the first to come is the first to be woken */
    uint32_t wake_tick; /* 0 = time does not wake it */
    uint64_t wait_on;   /* address of the object */
    uint64_t fn, data;
    int32_t exit_code;
    struct la_context context; /* while it is not current */
    struct la_vm *vm;          /* NULL: it never ran anything */
};

struct la_cpu_queue {
    uint8_t current; /* a task; its own idle task when there is nothing to run */
    uint8_t nr_ready, nr_pending;
    bool need_resched;
    uint8_t irqs_active;
    uint8_t ready[LA_THREADS_MAX];
    uint8_t irq[LA_PENDING_MAX];     /* being handled, outermost first */
    uint8_t pending[LA_PENDING_MAX]; /* interrupts that wait until they are allowed */
};

/* An interrupt that somebody handles, or that somebody did: the counts stay, as in the kernel's irq_desc. */
struct la_irq_action {
    bool used; /* it has a handler */
    uint8_t irq;
    char name[LA_IRQ_NAME];
    uint64_t handler, dev;
    uint32_t count[LA_MAX_CPUS]; /* how often it came on each CPU */
};

/* A lock that is held, and by whom. */
struct la_lock_held {
    uint64_t addr; /* 0 = free entry */
    uint8_t thread;
};

enum la_choice_kind { LA_CHOOSE_CPU, LA_CHOOSE_PREEMPT, LA_CHOOSE_MIGRATE, LA_CHOOSE_INTERRUPT, LA_NR_CHOICES };

/* What a user may decide between two statements. */
struct la_sched_choice {
    uint8_t kind;   /* enum la_choice_kind */
    uint8_t cpu;    /* all kinds */
    uint8_t thread; /* migrate */
    uint8_t irq;    /* interrupt */
};

struct la_sched {
    uint32_t nr_units;   /* typed texts that ran (eval.c) */
    uint32_t next_order; /* for la_thread.order */
    uint32_t next_pid;
    uint32_t tick;       /* sleepers were woken by time up to here */
    uint8_t active;      /* the task whose statement runs */
    bool stopped;        /* nothing can run any more */
    uint8_t nr_living;   /* threads that are not dead */
    uint8_t nr_irqs;     /* interrupts that are pending or being handled, on all CPUs */
    uint8_t nr_asked;
    struct la_sched_choice asked[LA_ASKED_MAX]; /* by choose_…() in the statement that runs */
    struct la_thread thread[LA_TASKS_MAX];
    struct la_cpu_queue cpu[LA_MAX_CPUS];
    struct la_irq_action action[LA_IRQS_MAX];
    struct la_lock_held held[LA_LOCKS_MAX];
};

/* ---- for the interpreter ---- */

/** Thread 0 on CPU 0, all others idle.  False when arena memory is out. */
bool la_sched_init(struct la_interp *interp);
/** Make interp->vm that of the active task, as after going back in time. */
void la_sched_refresh(struct la_interp *interp);
/**
 * After a statement: carry out what choose_…() asked for, delayed preemption, pending interrupts,
 * and find who runs next; when nobody can, let time pass, or stop the program as hung.
 */
void la_sched_settle(struct la_interp *interp);
/** Thread 0 or a kernel thread came to its end with @result. */
void la_sched_exit(struct la_interp *interp, int32_t result);
/** The handler of an interrupt returned. */
void la_sched_irq_return(struct la_interp *interp);
/** Is there any thread beside the running one, or an interrupt handler: does scheduling matter? */
bool la_sched_matters(const struct la_interp *interp);
/** Was there ever a thread beside the first one? */
bool la_sched_made_threads(const struct la_interp *interp);
/** Can the running call be put to sleep and made again later (deviation F)? */
bool la_sched_can_wait(const struct la_interp *interp);

/* ---- choices ---- */

/** Why @choice cannot be made now, or NULL; the text is valid until the next call (in interp->text). */
const char *la_sched_refusal(struct la_interp *interp, const struct la_sched_choice *choice);
/** Why a preemption of CPU @cpu would have to wait, or NULL: it may be preempted at once. */
const char *la_sched_not_preemptible(const struct la_interp *interp, uint32_t cpu);
/** Make @choice, which is not refused.  Events say what happened.  LA_CHOOSE_CPU runs nothing by itself. */
void la_sched_choose(struct la_interp *interp, const struct la_sched_choice *choice);

/* ---- for kernel calls ---- */

/**
 * The running call waits for @wait on the object at @addr, at most @ticks (0 = for ever).
 * Returns true when it waited already and was woken (or time was up): go on.  False: the call must
 * return at once; it is made again later.
 */
bool la_sched_wait(struct la_call *call, enum la_wait wait, uint64_t addr, uint32_t ticks, bool interruptible);
/** The call cannot go on since another CPU holds the lock at @addr; it must return at once. */
void la_sched_spin(struct la_call *call, uint64_t addr);
/** Wake the first (or @all) that wait for @wait on @addr.  Returns how many. */
uint32_t la_sched_wake(struct la_interp *interp, enum la_wait wait, uint64_t addr, bool all);
/** Wake one thread, whatever it waits for; false when it is awake. */
bool la_sched_wake_thread(struct la_interp *interp, uint32_t thread);
/** A thread that will run @fn(@data) once it is woken; LA_NO_TASK when there are too many. */
uint32_t la_sched_new(struct la_interp *interp, uint64_t fn, uint64_t data, const char *name, uint32_t cpu, bool bound);
/** The thread whose struct task_struct is at @addr; LA_NO_TASK when there is none. */
uint32_t la_sched_task_at(const struct la_interp *interp, uint64_t addr);
/** Address of the struct task_struct of @thread. */
uint64_t la_sched_task(const struct la_interp *interp, uint32_t thread);
/** Note who holds the lock at @addr; LA_NO_TASK = nobody. */
void la_sched_hold(struct la_interp *interp, uint64_t addr, uint32_t thread);
uint32_t la_sched_holder(const struct la_interp *interp, uint64_t addr);

/* ---- looking ---- */

/** "running", "sleeping" …, and "for a completion" …: the protocol's words. */
const char *la_thread_state_name(enum la_thread_state state);
const char *la_wait_text(enum la_wait wait);
/** How often the interrupt came, on all CPUs together. */
uint32_t la_irq_count(const struct la_irq_action *action);
/** May CPU @cpu run a statement when it is chosen? */
bool la_sched_can_run(const struct la_interp *interp, uint32_t cpu);
/** Check the invariant; one line per problem to @out.  Return: number of problems. */
uint32_t la_sched_check(const struct la_interp *interp, struct la_buf *out);

#endif
