/* sched_look.c: looking at threads and CPUs: words for the protocol, and the invariant of sched.h. */
#include "lang/interp.h"
#include "lang/sched_internal.h"

/* ---- words ---- */

const char *la_thread_state_name(enum la_thread_state state)
{
    static const char *const names[LA_NR_THREAD_STATES] = {"none", "new", "ready", "running", "sleeping", "spinning", "dead"};

    return names[state];
}

const char *la_wait_text(enum la_wait wait)
{
    static const char *const texts[LA_NR_WAITS] = {
        "", "for its time", "for a completion", "in a wait queue", "for a mutex", "for an element of a memory pool",
        "for a thread to end", "to be woken", "for a spinlock"};

    return texts[wait];
}

/* ---- CPUs ---- */

uint32_t la_irq_count(const struct la_irq_action *action)
{
    uint32_t sum = 0;

    for (uint32_t cpu = 0; cpu < LA_MAX_CPUS; cpu++)
        sum += action->count[cpu];
    return sum;
}

bool la_sched_can_run(const struct la_interp *ip, uint32_t cpu)
{
    const struct la_sched *s = ip->sched;

    if (s->stopped || cpu >= ip->machine->mm->nr_cpus)
        return false;
    const struct la_cpu_queue *q = &s->cpu[cpu];
    uint8_t state = s->thread[q->current].state;

    return q->nr_ready > 0 || q->irqs_active > 0 ||
           (q->current < LA_THREADS_MAX && (state == LA_THREAD_RUNNING || state == LA_THREAD_SPINNING));
}

/* ---- checking ---- */

static bool lives(const struct la_thread *thread)
{
    return thread->state != LA_THREAD_NONE && thread->state != LA_THREAD_DEAD;
}

static uint32_t problem(struct la_buf *out, uint32_t thread, const char *what)
{
    la_buf_printf(out, "thread %u: %s\n", (unsigned)thread, what);
    return 1;
}

/* In how many places @thread is: current, or queued. */
static uint32_t places(const struct la_interp *ip, uint32_t thread, bool *current)
{
    uint32_t nr = 0;

    *current = false;
    for (uint32_t cpu = 0; cpu < ip->machine->mm->nr_cpus; cpu++) {
        const struct la_cpu_queue *q = &ip->sched->cpu[cpu];

        *current |= q->current == thread;
        nr += q->current == thread;
        for (uint32_t i = 0; i < q->nr_ready; i++)
            nr += q->ready[i] == thread;
    }
    return nr;
}

static uint32_t check_thread(const struct la_interp *ip, uint32_t i, struct la_buf *out)
{
    const struct la_thread *t = &ip->sched->thread[i];
    bool current, runs = t->state == LA_THREAD_RUNNING || t->state == LA_THREAD_SPINNING;
    uint32_t nr = places(ip, i, &current), problems = 0;

    if (t->state == LA_THREAD_READY || runs)
        problems += nr != 1 ? problem(out, i, "is ready and not in exactly one place") : 0;
    else if (!ip->sched->stopped)
        problems += nr != 0 ? problem(out, i, "cannot run and has a place on a CPU") : 0;
    if (runs && !current)
        problems += problem(out, i, "runs, but on no CPU");
    if (lives(t) && !t->vm)
        problems += problem(out, i, "has nothing to run");
    if (lives(t) && !current && t->context.preempt_count != 0)
        problems += problem(out, i, "is off the CPU with preemption off");
    if ((t->wait == LA_WAIT_NOTHING) == (t->state == LA_THREAD_SLEEPING || t->state == LA_THREAD_SPINNING))
        problems += problem(out, i, "sleeps for nothing, or waits awake");
    if (t->state == LA_THREAD_SLEEPING && t->wake_tick != 0 && t->wake_tick <= ip->machine->mm->tick && !la_interp_done(ip))
        problems += problem(out, i, "sleeps longer than it wanted");
    if (t->state == LA_THREAD_SPINNING && la_sched_holder(ip, t->wait_on) == i)
        problems += problem(out, i, "spins on a lock that it holds");
    return problems;
}

/* A lock is held once, by a thread that existed or, in a handler, by the idle task of a CPU. */
static uint32_t check_locks(const struct la_interp *ip, struct la_buf *out)
{
    const struct la_lock_held *held = ip->sched->held;
    uint32_t problems = 0;

    for (uint32_t i = 0; i < LA_LOCKS_MAX; i++) {
        if (held[i].addr == 0)
            continue;
        if (held[i].thread >= LA_TASKS_MAX ||
            (held[i].thread < LA_THREADS_MAX && ip->sched->thread[held[i].thread].state == LA_THREAD_NONE))
            problems += problem(out, held[i].thread, "holds a lock and never existed");
        for (uint32_t k = 0; k < i; k++)
            if (held[k].addr == held[i].addr)
                problems += problem(out, held[i].thread, "holds a lock that is held already");
    }
    return problems;
}

uint32_t la_sched_check(const struct la_interp *ip, struct la_buf *out)
{
    const struct la_sched *s = ip->sched;
    uint32_t problems = check_locks(ip, out), living = 0, irqs = 0;

    for (uint32_t i = 0; i < LA_THREADS_MAX; i++) {
        problems += check_thread(ip, i, out);
        living += lives(&s->thread[i]);
    }
    for (uint32_t cpu = 0; cpu < ip->machine->mm->nr_cpus; cpu++) {
        irqs += (uint32_t)s->cpu[cpu].nr_pending + s->cpu[cpu].irqs_active;
        if ((ip->machine->mm->context[cpu].preempt_count & LA_HARDIRQ_MASK) / LA_HARDIRQ_OFFSET < s->cpu[cpu].irqs_active)
            problems += problem(out, s->cpu[cpu].current, "is in a handler that is not counted");
    }
    if (living != s->nr_living || irqs != s->nr_irqs)
        problems += problem(out, s->active, "the counts of threads and interrupts are wrong");
    if (!s->stopped && s->cpu[ip->machine->mm->cpu].current != s->active)
        problems += problem(out, s->active, "is active, but another one runs on this CPU");
    return problems;
}
