/* sched_internal.h: what sched.c and sched_choose.c share. */
#ifndef LA_LANG_SCHED_INTERNAL_H
#define LA_LANG_SCHED_INTERNAL_H

#include "lang/sched.h"

/** The idle task of CPU @cpu. */
#define LA_IDLE_TASK(cpu) ((uint32_t)LA_THREADS_MAX + (cpu))

/** Where the context of @task is now: with its CPU while it is current, else with the task. */
struct la_context *la_sched_context(const struct la_interp *interp, uint32_t task);
/** The task's name as a text of the trace. */
uint64_t la_sched_name(const struct la_interp *interp, uint32_t task);
/** @thread may run: it joins the queue of its CPU, or runs at once when that is idle. */
void la_sched_make_ready(struct la_interp *interp, uint32_t thread);
/** @thread leaves its CPU, which goes on with its next thread. */
void la_sched_leave(struct la_interp *interp, uint32_t thread);
/** CPU @cpu goes on with the next of its queue, if there is one and its thread runs (one that fell asleep leaves by itself). */
void la_sched_preempt(struct la_interp *interp, uint32_t cpu);
/** The next statement is one of CPU @cpu. */
void la_sched_activate(struct la_interp *interp, uint32_t cpu);

/** Carry out what choose_…() asked for during the statement. */
void la_sched_do_asked(struct la_interp *interp);
/** CPUs that were asked to reschedule and may now, do. */
void la_sched_delayed_preempt(struct la_interp *interp);
/** Begin the handler of a pending interrupt of the active CPU, where one may come now. */
void la_sched_deliver(struct la_interp *interp);

#endif
