/* sched.c: threads, switching, sleeping and waking; sched.h has the picture.  Choices: sched_choose.c. */
#include "lang/sched.h"

#include "lang/interp.h"
#include "lang/sched_internal.h"
#include "mm/internal.h"
#include "mm/mempool.h"
#include "mm/slab.h"

#include <stdio.h>
#include <string.h>

enum { WAITS_MAX = 10000 };

/* ---- tasks ---- */

struct la_context *la_sched_context(const struct la_interp *ip, uint32_t task)
{
    struct la_thread *thread = &ip->sched->thread[task];
    struct la_mm *mm = ip->machine->mm;

    return ip->sched->cpu[thread->cpu].current == task ? &mm->context[thread->cpu] : &thread->context;
}

/* A task's name, as a text of the trace. */
uint64_t la_sched_name(const struct la_interp *ip, uint32_t task)
{
    return la_trace_text(ip->machine->trace, la_sched_context(ip, task)->comm);
}

uint64_t la_sched_task(const struct la_interp *ip, uint32_t thread)
{
    return ip->image_base + LA_IMG_TASK + (uint64_t)thread * LA_IMG_TASK_STRIDE;
}

uint32_t la_sched_task_at(const struct la_interp *ip, uint64_t addr)
{
    uint64_t offset = addr - ip->image_base - LA_IMG_TASK, thread = offset / LA_IMG_TASK_STRIDE;

    if (offset % LA_IMG_TASK_STRIDE != 0 || thread >= LA_THREADS_MAX ||
        ip->sched->thread[thread].state == LA_THREAD_NONE)
        return LA_NO_TASK;
    return (uint32_t)thread;
}

bool la_sched_matters(const struct la_interp *ip)
{
    const struct la_sched *s = ip->sched;

    return s->nr_living > 1 || s->nr_irqs > 0;
}

bool la_sched_made_threads(const struct la_interp *ip)
{
    return ip->sched->thread[1].state != LA_THREAD_NONE; /* the first slot that is taken; the dead keep theirs */
}

bool la_sched_can_wait(const struct la_interp *ip)
{
    return !ip->nested && !ip->bounded && !ip->quiet;
}

bool la_sched_init(struct la_interp *ip)
{
    struct la_sched *s = la_arena_hot(ip->machine->arena, sizeof *s);
    struct la_mm *mm = ip->machine->mm;

    if (!s)
        return false;
    ip->sched = s;
    s->next_pid = mm->context[0].pid + 1;
    s->nr_living = 1;
    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++) {
        struct la_context *context = &s->thread[LA_IDLE_TASK(cpu)].context;

        s->cpu[cpu].current = (uint8_t)LA_IDLE_TASK(cpu);
        s->thread[LA_IDLE_TASK(cpu)].cpu = (uint8_t)cpu;
        s->thread[LA_IDLE_TASK(cpu)].state = LA_THREAD_RUNNING;
        (void)snprintf(context->comm, sizeof context->comm, "swapper/%u", (unsigned)cpu);
        if (cpu != mm->cpu)
            mm->context[cpu] = *context;
    }
    s->cpu[mm->cpu].current = 0;
    s->thread[0] = (struct la_thread){.state = LA_THREAD_RUNNING, .cpu = mm->cpu};
    return la_vm_new(ip, 0);
}

void la_sched_refresh(struct la_interp *ip)
{
    ip->vm = ip->sched->thread[ip->sched->active].vm;
}

/* ---- switching ---- */

/* CPU @cpu runs @next from now on.  Who was current keeps the state it was given. */
static void switch_to(struct la_interp *ip, uint32_t cpu, uint32_t next)
{
    struct la_sched *s = ip->sched;
    struct la_cpu_queue *q = &s->cpu[cpu];
    struct la_mm *mm = ip->machine->mm;
    uint64_t from = la_sched_name(ip, q->current), to = la_sched_name(ip, next);

    s->thread[q->current].context = mm->context[cpu];
    mm->context[cpu] = s->thread[next].context;
    q->current = (uint8_t)next;
    q->need_resched = false;
    s->thread[next].state = LA_THREAD_RUNNING;
    LA_TRACE(mm->trace, THREAD_SWITCH, cpu, from, to, next);
}

static void enqueue(struct la_cpu_queue *q, uint32_t thread)
{
    q->ready[q->nr_ready++] = (uint8_t)thread;
}

static uint32_t dequeue(struct la_cpu_queue *q)
{
    uint32_t first = q->ready[0];

    memmove(q->ready, q->ready + 1, --q->nr_ready);
    return first;
}

static bool is_idle(const struct la_cpu_queue *q)
{
    return q->current >= LA_THREADS_MAX && q->irqs_active == 0;
}

/* A thread that may run again joins its CPU: at once when that has nothing to do. */
void la_sched_make_ready(struct la_interp *ip, uint32_t thread)
{
    struct la_thread *t = &ip->sched->thread[thread];
    struct la_cpu_queue *q = &ip->sched->cpu[t->cpu];

    t->state = LA_THREAD_READY;
    t->wait = LA_WAIT_NOTHING;
    if (is_idle(q) && q->nr_ready == 0)
        switch_to(ip, t->cpu, thread);
    else
        enqueue(q, thread);
}

void la_sched_leave(struct la_interp *ip, uint32_t thread)
{
    struct la_thread *t = &ip->sched->thread[thread];
    struct la_cpu_queue *q = &ip->sched->cpu[t->cpu];

    for (uint32_t i = 0; i < q->nr_ready; i++) {
        if (q->ready[i] == thread) {
            memmove(q->ready + i, q->ready + i + 1, (size_t)(q->nr_ready - i - 1));
            q->nr_ready--;
            return;
        }
    }
    if (q->current == thread)
        switch_to(ip, t->cpu, q->nr_ready ? dequeue(q) : LA_IDLE_TASK(t->cpu));
}

void la_sched_preempt(struct la_interp *ip, uint32_t cpu)
{
    struct la_cpu_queue *q = &ip->sched->cpu[cpu];
    uint32_t thread = q->current;

    q->need_resched = false;
    /* who has just gone to sleep leaves the CPU by itself */
    if (thread >= LA_THREADS_MAX || ip->sched->thread[thread].state != LA_THREAD_RUNNING || q->nr_ready == 0)
        return;
    ip->sched->thread[thread].state = LA_THREAD_READY;
    enqueue(q, thread);
    switch_to(ip, cpu, dequeue(q));
}

void la_sched_activate(struct la_interp *ip, uint32_t cpu)
{
    ip->machine->mm->cpu = (uint8_t)cpu;
    ip->sched->active = ip->sched->cpu[cpu].current;
    la_sched_refresh(ip);
}

/* ---- sleeping and waking ---- */

/* Where nobody can be put to sleep, time passes inside the call. */
static bool wait_inside(struct la_call *call, enum la_wait wait, uint32_t ticks)
{
    char text[120];

    if (ticks) {
        la_mm_tick(call->mm, ticks);
        return true;
    }
    (void)snprintf(text, sizeof text, "this waits %s, and nobody else can run before it returns", la_wait_text(wait));
    la_call_stuck(call, text);
    return false;
}

bool la_sched_wait(struct la_call *call, enum la_wait wait, uint64_t addr, uint32_t ticks, bool interruptible)
{
    struct la_interp *ip = call->interp;
    struct la_sched *s = ip->sched;
    struct la_thread *t = &s->thread[s->active];

    if (call->again && t->woken) {
        t->woken = false;
        return true;
    }
    la_schedule_debug(call->mm);
    if (la_mm_current(call->mm)->preempt_count & LA_HARDIRQ_MASK) {
        la_call_stuck(call, "an interrupt handler cannot sleep: it is no task that could be woken again");
        return false;
    }
    if (!la_sched_can_wait(ip))
        return wait_inside(call, wait, ticks);
    t->state = LA_THREAD_SLEEPING;
    t->wait = (uint8_t)wait;
    t->wait_on = addr;
    t->wake_tick = ticks ? call->mm->tick + ticks : 0;
    t->interruptible = interruptible;
    t->order = ++s->next_order;
    t->woken = false;
    call->block = true;
    uint64_t name = la_sched_name(ip, s->active), why = la_trace_text(call->mm->trace, la_wait_text(wait));

    LA_TRACE(call->mm->trace, THREAD_SLEEP, name, why, call->mm->cpu);
    return false;
}

void la_sched_spin(struct la_call *call, uint64_t addr)
{
    struct la_interp *ip = call->interp;
    struct la_sched *s = ip->sched;
    struct la_thread *t = &s->thread[s->active];
    uint32_t holder = la_sched_holder(ip, addr);

    if (!la_sched_can_wait(ip)) {
        la_call_stuck(call, "spin_lock would spin for ever: the holder cannot run before this returns");
        return;
    }
    t->state = LA_THREAD_SPINNING;
    t->wait = LA_WAIT_LOCK;
    t->wait_on = addr;
    call->block = true;
    uint64_t by = holder == LA_NO_TASK ? la_trace_text(call->mm->trace, "nobody known") : la_sched_name(ip, holder);

    LA_TRACE(call->mm->trace, SPIN, call->mm->cpu, addr, by);
}

bool la_sched_wake_thread(struct la_interp *ip, uint32_t thread)
{
    struct la_thread *t = &ip->sched->thread[thread];

    if (t->state == LA_THREAD_SPINNING) {
        t->state = LA_THREAD_RUNNING;
        t->wait = LA_WAIT_NOTHING;
        return true;
    }
    if (t->state != LA_THREAD_SLEEPING && t->state != LA_THREAD_NEW)
        return false;
    uint64_t name = la_sched_name(ip, thread);

    LA_TRACE(ip->machine->trace, THREAD_WAKE, name, t->cpu);
    t->woken = t->state == LA_THREAD_SLEEPING;
    t->wake_tick = 0;
    la_sched_make_ready(ip, thread);
    return true;
}

/* The sleeper on @addr that has waited longest; LA_NO_TASK when there is none. */
static uint32_t first_waiter(const struct la_sched *s, enum la_wait wait, uint64_t addr)
{
    uint32_t first = LA_NO_TASK;

    for (uint32_t i = 0; i < LA_THREADS_MAX; i++) {
        const struct la_thread *t = &s->thread[i];

        if (t->wait == wait && t->wait_on == addr && (t->state == LA_THREAD_SLEEPING || t->state == LA_THREAD_SPINNING) &&
            (first == LA_NO_TASK || t->order < s->thread[first].order))
            first = i;
    }
    return first;
}

uint32_t la_sched_wake(struct la_interp *ip, enum la_wait wait, uint64_t addr, bool all)
{
    uint32_t nr = 0;

    for (uint32_t i = first_waiter(ip->sched, wait, addr); i != LA_NO_TASK && (all || nr == 0);
         i = first_waiter(ip->sched, wait, addr)) {
        (void)la_sched_wake_thread(ip, i);
        nr++;
    }
    return nr;
}

/* A free of an element wakes one caller that waits for the pool (mm/mempool.c knows no threads). */
static void wake_pool_waiters(struct la_interp *ip)
{
    struct la_sched *s = ip->sched;

    for (uint32_t i = 0; i < LA_THREADS_MAX; i++) {
        const struct la_thread *t = &s->thread[i];

        if (t->state != LA_THREAD_SLEEPING || t->wait != LA_WAIT_POOL)
            continue;
        const struct la_mempool *pool = la_mempool_at(ip->machine->mm, t->wait_on);

        if (pool && pool->curr_nr > 0)
            (void)la_sched_wake(ip, LA_WAIT_POOL, t->wait_on, false);
    }
}

/* ---- locks ---- */

void la_sched_hold(struct la_interp *ip, uint64_t addr, uint32_t thread)
{
    struct la_lock_held *held = ip->sched->held, *spare = NULL;

    for (uint32_t i = 0; i < LA_LOCKS_MAX; i++) {
        if (held[i].addr == addr)
            held[i].addr = 0;
        if (held[i].addr == 0 && !spare)
            spare = &held[i];
    }
    if (spare && thread != LA_NO_TASK)
        *spare = (struct la_lock_held){addr, (uint8_t)thread};
}

uint32_t la_sched_holder(const struct la_interp *ip, uint64_t addr)
{
    for (uint32_t i = 0; i < LA_LOCKS_MAX; i++)
        if (ip->sched->held[i].addr == addr && addr != 0)
            return ip->sched->held[i].thread;
    return LA_NO_TASK;
}

/* ---- beginning and end of threads ---- */

/* A slot that no thread uses, or one whose thread is dead and seen to. */
static uint32_t free_slot(const struct la_sched *s)
{
    for (uint32_t i = 1; i < LA_THREADS_MAX; i++)
        if (s->thread[i].state == LA_THREAD_NONE)
            return i;
    for (uint32_t i = 1; i < LA_THREADS_MAX; i++)
        if (s->thread[i].state == LA_THREAD_DEAD)
            return i;
    return LA_NO_TASK;
}

uint32_t la_sched_new(struct la_interp *ip, uint64_t fn, uint64_t data, const char *name, uint32_t cpu, bool bound)
{
    struct la_sched *s = ip->sched;
    uint32_t i = free_slot(s);

    if (i == LA_NO_TASK)
        return i;
    struct la_vm *vm = s->thread[i].vm;

    s->thread[i] = (struct la_thread){.state = LA_THREAD_NEW, .cpu = (uint8_t)cpu, .bound = bound, .fn = fn, .data = data, .vm = vm};
    s->thread[i].context.pid = s->next_pid++;
    (void)snprintf(s->thread[i].context.comm, sizeof s->thread[i].context.comm, "%.15s", name);
    if (!la_vm_new(ip, i) || !la_vm_enter(ip, i, fn, data)) {
        s->thread[i].state = LA_THREAD_NONE;
        return LA_NO_TASK;
    }
    s->nr_living++;
    uint64_t text = la_sched_name(ip, i);

    LA_TRACE(ip->machine->trace, THREAD_NEW, text, cpu, s->thread[i].context.pid);
    return i;
}

void la_sched_exit(struct la_interp *ip, int32_t result)
{
    struct la_sched *s = ip->sched;
    uint32_t thread = s->active;
    struct la_thread *t = &s->thread[thread];
    uint64_t name = la_sched_name(ip, thread);

    t->exit_code = result;
    t->state = LA_THREAD_DEAD;
    s->nr_living--;
    if (s->nr_living > 0)
        LA_TRACE(ip->machine->trace, THREAD_EXIT, name, (uint64_t)(int64_t)result);
    (void)la_sched_wake(ip, LA_WAIT_EXIT, la_sched_task(ip, thread), true);
}

/* ---- who is next ---- */

/* Has CPU @cpu a statement to run?  Gives it its next thread if its current one cannot go on. */
static bool settle_cpu(struct la_interp *ip, uint32_t cpu)
{
    struct la_sched *s = ip->sched;
    struct la_cpu_queue *q = &s->cpu[cpu];
    struct la_thread *t = &s->thread[q->current];

    bool stays = q->current >= LA_THREADS_MAX ? q->irqs_active > 0 || q->nr_ready == 0
                                              : t->state == LA_THREAD_RUNNING || t->state == LA_THREAD_SPINNING;

    if (!stays)
        switch_to(ip, cpu, q->nr_ready ? dequeue(q) : LA_IDLE_TASK(cpu));
    if (q->irqs_active || (q->nr_pending && !ip->machine->mm->context[cpu].irqs_disabled))
        return true;
    return q->current < LA_THREADS_MAX && s->thread[q->current].state == LA_THREAD_RUNNING;
}

static bool find_cpu(struct la_interp *ip)
{
    struct la_mm *mm = ip->machine->mm;
    uint32_t here = mm->cpu, found = LA_MAX_CPUS;

    for (uint32_t i = 0; i < mm->nr_cpus; i++) {
        uint32_t cpu = (here + i) % mm->nr_cpus;

        if (settle_cpu(ip, cpu) && found == LA_MAX_CPUS)
            found = cpu;
    }
    if (found == LA_MAX_CPUS)
        return false;
    if (found != here)
        LA_TRACE(mm->trace, CPU_NEXT, found);
    la_sched_activate(ip, found);
    return true;
}

/* Ticks until the first sleeper wakes by itself, or something is freed that one may wait for; 0 = never. */
static uint32_t ticks_to_wait(const struct la_interp *ip)
{
    const struct la_mm *mm = ip->machine->mm;
    uint32_t best = 0;

    for (uint32_t i = 0; i < LA_THREADS_MAX; i++) {
        const struct la_thread *t = &ip->sched->thread[i];

        if (t->state != LA_THREAD_SLEEPING || (t->wake_tick == 0 && t->wait != LA_WAIT_POOL))
            continue;
        uint32_t ticks = t->wake_tick > mm->tick ? t->wake_tick - mm->tick : 1;

        /* who waits for a pool gets up every five seconds only to lie down again (2.6: does not get up) */
        if (t->wait == LA_WAIT_POOL)
            ticks = la_mempool_next_free(mm);
        if (ticks && (best == 0 || ticks < best))
            best = ticks;
    }
    return best;
}

/* Whose time has come; ticks pass while everybody sleeps, and inside calls that wait for memory. */
static void wake_by_time(struct la_interp *ip)
{
    if (ip->sched->tick == ip->machine->mm->tick)
        return;
    ip->sched->tick = ip->machine->mm->tick;
    for (uint32_t i = 0; i < LA_THREADS_MAX; i++) {
        const struct la_thread *t = &ip->sched->thread[i];

        if (t->state == LA_THREAD_SLEEPING && t->wake_tick && t->wake_tick <= ip->machine->mm->tick)
            (void)la_sched_wake_thread(ip, i);
    }
}

/* ---- nobody can run any more ---- */

static void report_blocked(struct la_interp *ip, uint32_t thread)
{
    const struct la_thread *t = &ip->sched->thread[thread];
    const struct la_context *context = la_sched_context(ip, thread);
    char text[240], note[160];

    if (t->state == LA_THREAD_SPINNING) {
        (void)snprintf(text, sizeof text, "watchdog: BUG: soft lockup - CPU#%u stuck for 22s! [%s:%u]", (unsigned)t->cpu,
                       context->comm, (unsigned)context->pid);
        (void)snprintf(note, sizeof note, "%s spins for a lock that nobody will release.", context->comm);
        la_oops(ip->machine->mm, text, note);
    } else if (t->state == LA_THREAD_SLEEPING && !t->interruptible) {
        (void)snprintf(text, sizeof text,
                       "INFO: task %s:%u blocked for more than 120 seconds.\n      Not tainted 6.1.192 #1\n"
                       "\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.",
                       context->comm, (unsigned)context->pid);
        (void)snprintf(note, sizeof note, "%s waits %s, and nobody is left who could wake it.", context->comm,
                       la_wait_text((enum la_wait)t->wait));
        la_oops(ip->machine->mm, text, note);
    }
}

static void nobody_can_run(struct la_interp *ip)
{
    struct la_sched *s = ip->sched;
    const struct la_thread *first = &s->thread[0];
    char text[160];

    for (uint32_t i = 0; i < LA_THREADS_MAX; i++)
        report_blocked(ip, i);
    s->stopped = true;
    s->active = 0;
    la_sched_refresh(ip);
    if (first->state == LA_THREAD_DEAD)
        return;
    (void)snprintf(text, sizeof text, "deadlock: %s waits %s, and nobody is left who could end that",
                   la_sched_context(ip, 0)->comm, la_wait_text((enum la_wait)first->wait));
    la_vm_stop(ip, LA_VM_STUCK, text);
}

void la_sched_settle(struct la_interp *ip)
{
    struct la_sched *s = ip->sched;
    struct la_mm *mm = ip->machine->mm;

    if (s->stopped || (ip->vm->state != LA_VM_READY && s->thread[s->active].state != LA_THREAD_DEAD))
        return;
    la_sched_do_asked(ip);
    if (s->nr_living == 0 && s->nr_irqs == 0) {
        s->stopped = true; /* the last one stays where it is, to be looked at */
        return;
    }
    for (uint32_t i = 0; i < WAITS_MAX; i++) {
        uint32_t ticks;

        wake_by_time(ip);
        wake_pool_waiters(ip);
        la_sched_delayed_preempt(ip);
        if (find_cpu(ip)) {
            la_sched_deliver(ip);
            return;
        }
        if (!(ticks = ticks_to_wait(ip)))
            break;
        LA_TRACE(mm->trace, WAIT, ticks);
        la_mm_tick(mm, ticks);
    }
    nobody_can_run(ip);
}
