/*
 * call_sched.c: threads, sleeping and waking.
 *
 *     struct completion    one word: how often it was completed and not waited for
 *     wait_queue_head_t    one word; only its address counts: who waits is known to the scheduler
 *     wait_event(wq, c)    while (!__wait_event(&wq, c)) ;   asks and goes to sleep in one statement,
 *                          so that no wake_up() between the two is lost
 *
 * While no other thread lives, sleeping is only time that passes, inside the statement.
 *
 * Source: Linux 6.1.192 kernel/kthread.c, kernel/sched/completion.c, include/linux/wait.h,
 * kernel/time/timer.c.
 */
#include "lang/call_context.h"
#include "lang/interp.h"

#include <stdio.h>
#include <string.h>

enum { MSECS_PER_TICK = 4, TICKS_MAX = 100 * 250, COMPLETE_ALL = 0x7FFFFFFF };

static uint64_t error_pointer(const struct la_call *call, int64_t error)
{
    return la_call_ulong(call, la_call_error(error));
}

static struct la_thread *active_thread(const struct la_call *call)
{
    return &call->interp->sched->thread[call->interp->sched->active];
}

/* ---- kernel threads ---- */

static uint64_t make_thread(struct la_call *call, uint32_t cpu, bool bound, const char *name)
{
    uint32_t thread, fn;
    bool known = la_vm_function(call->interp, call->arg[0], &fn);

    if (!known) {
        la_call_die(call, "BUG: unable to handle page fault: a thread's function is not a function",
                    "kthread_run(fn, data, name): fn is a function of your program, int fn(void *data).");
        return 0;
    }
    thread = la_sched_new(call->interp, call->arg[0], call->arg[1], name, cpu, bound);
    if (thread == LA_NO_TASK) {
        la_call_print(call, "kthread: at most 8 threads can live at once on this machine\n");
        return error_pointer(call, LA_ENOMEM);
    }
    return la_sched_task(call->interp, thread);
}

/* The name of a new thread: a format and what goes into it, from argument @from on. */
static bool thread_name(struct la_call *call, uint32_t from, struct la_buf *name)
{
    struct la_buf format;

    la_buf_init(&format, la_arena_host(call->machine->arena));
    bool ok = la_call_string(call, call->arg[from], 64, &format) &&
              la_kformat(call, la_buf_str(&format), call->arg + from + 1, call->nr > from + 1 ? call->nr - from - 1 : 0, name);

    la_buf_free(&format);
    return ok;
}

static uint64_t make_named(struct la_call *call, uint32_t name_at, uint32_t cpu, bool bound, bool run)
{
    struct la_buf name;
    uint64_t task = 0;

    la_buf_init(&name, la_arena_host(call->machine->arena));
    if (thread_name(call, name_at, &name))
        task = make_thread(call, cpu, bound, la_buf_str(&name));
    la_buf_free(&name);
    uint32_t thread = la_sched_task_at(call->interp, task);

    if (run && thread != LA_NO_TASK)
        (void)la_sched_wake_thread(call->interp, thread);
    return task;
}

/* The CPU with the fewest threads, this one last: where a new thread goes by itself. */
static uint32_t idlest_cpu(const struct la_call *call)
{
    const struct la_sched *s = call->interp->sched;
    uint32_t load[LA_MAX_CPUS] = {0}, best = call->mm->cpu;

    for (uint32_t i = 0; i < LA_THREADS_MAX; i++)
        if (s->thread[i].state != LA_THREAD_NONE && s->thread[i].state != LA_THREAD_DEAD)
            load[s->thread[i].cpu]++;
    for (uint32_t i = 1; i <= call->mm->nr_cpus; i++) {
        uint32_t cpu = (call->mm->cpu + i) % call->mm->nr_cpus;

        if (load[cpu] < load[best])
            best = cpu;
    }
    return best;
}

LA_NATIVE(kthread_create)
{
    return make_named(call, 2, idlest_cpu(call), false, false);
}

LA_NATIVE(kthread_run)
{
    return make_named(call, 2, idlest_cpu(call), false, true);
}

static bool known_cpu(struct la_call *call, uint32_t cpu)
{
    char text[96];

    if (cpu < call->mm->nr_cpus)
        return true;
    (void)snprintf(text, sizeof text, "BUG: there is no CPU %u on this machine", (unsigned)cpu);
    la_call_die(call, text, "CPUs are numbered from 0 to num_online_cpus() - 1; \"cpus\" in the machine block sets how many.");
    return false;
}

LA_NATIVE(kthread_create_on_cpu)
{
    return known_cpu(call, (uint32_t)call->arg[2]) ? make_named(call, 3, (uint32_t)call->arg[2], true, false) : 0;
}

LA_NATIVE(kthread_run_on_cpu)
{
    return known_cpu(call, (uint32_t)call->arg[2]) ? make_named(call, 3, (uint32_t)call->arg[2], true, true) : 0;
}

/* The thread whose task_struct an argument points to; LA_NO_TASK after an oops. */
static uint32_t thread_of(struct la_call *call, uint64_t task)
{
    uint32_t thread = la_sched_task_at(call->interp, task);

    if (thread == LA_NO_TASK)
        la_call_die(call, "BUG: unable to handle page fault: this is no struct task_struct",
                    "Pass what kthread_create() or kthread_run() returned; it may be an error (IS_ERR).");
    return thread;
}

LA_NATIVE(kthread_bind)
{
    uint32_t thread = thread_of(call, call->arg[0]);

    if (thread == LA_NO_TASK || !known_cpu(call, (uint32_t)call->arg[1]))
        return 0;
    struct la_thread *t = &call->interp->sched->thread[thread];

    if (t->state != LA_THREAD_NEW) {
        la_oops(call->mm, "WARNING: kthread_bind: the thread has run already",
                "A thread can be bound before wake_up_process() lets it run for the first time. Nothing is changed.");
        return 0;
    }
    t->cpu = (uint8_t)call->arg[1];
    t->bound = true;
    return 0;
}

LA_NATIVE(wake_up_process)
{
    uint32_t thread = thread_of(call, call->arg[0]);

    if (thread == LA_NO_TASK)
        return 0;
    call->interp->sched->thread[thread].sleeps_next = false;
    return la_sched_wake_thread(call->interp, thread);
}

LA_NATIVE(kthread_stop)
{
    uint32_t thread = thread_of(call, call->arg[0]);

    if (thread == LA_NO_TASK)
        return 0;
    struct la_thread *t = &call->interp->sched->thread[thread];

    if (!call->again) {
        la_call_check_sleep(call);
        t->should_stop = true;
        (void)la_sched_wake_thread(call->interp, thread);
    }
    if (t->state != LA_THREAD_DEAD && !la_sched_wait(call, LA_WAIT_EXIT, call->arg[0], 0, false))
        return 0;
    return (uint64_t)(int64_t)t->exit_code;
}

LA_NATIVE(kthread_should_stop)
{
    return active_thread(call)->should_stop;
}

LA_NATIVE(task_cpu)
{
    uint32_t thread = la_sched_task_at(call->interp, call->arg[0]);

    return thread == LA_NO_TASK ? call->mm->cpu : call->interp->sched->thread[thread].cpu;
}

/* ---- completions ---- */

static bool load_done(struct la_call *call, uint32_t *done)
{
    unsigned char bytes[4];

    if (!la_call_read(call, call->arg[0], bytes, sizeof bytes))
        return false;
    *done = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return true;
}

static bool store_done(struct la_call *call, uint32_t done)
{
    unsigned char bytes[4] = {(unsigned char)done, (unsigned char)(done >> 8), (unsigned char)(done >> 16),
                              (unsigned char)(done >> 24)};

    return la_call_write(call, call->arg[0], bytes, sizeof bytes);
}

LA_NATIVE(init_completion)
{
    (void)store_done(call, 0);
    return 0;
}

LA_NATIVE(wait_for_completion)
{
    uint32_t done;

    if (!call->again)
        la_call_check_sleep(call);
    while (load_done(call, &done)) {
        if (done) {
            if (done != COMPLETE_ALL)
                (void)store_done(call, done - 1);
            return 0;
        }
        if (!la_sched_wait(call, LA_WAIT_COMPLETION, call->arg[0], 0, false))
            return 0;
    }
    return 0;
}

LA_NATIVE(complete)
{
    uint32_t done;

    if (!load_done(call, &done) || (done != COMPLETE_ALL && !store_done(call, done + 1)))
        return 0;
    (void)la_sched_wake(call->interp, LA_WAIT_COMPLETION, call->arg[0], false);
    return 0;
}

LA_NATIVE(complete_all)
{
    if (store_done(call, COMPLETE_ALL))
        (void)la_sched_wake(call->interp, LA_WAIT_COMPLETION, call->arg[0], true);
    return 0;
}

/* ---- wait queues ---- */

LA_NATIVE(__wait_event)
{
    if (call->arg[1])
        return 1;
    if (!call->again)
        la_call_check_sleep(call);
    (void)la_sched_wait(call, LA_WAIT_QUEUE, call->arg[0], 0, call->arg[2] != 0);
    return 0;
}

LA_NATIVE(wake_up)
{
    return la_sched_wake(call->interp, LA_WAIT_QUEUE, call->arg[0], true);
}

/* ---- time ---- */

LA_NATIVE(jiffies)
{
    return call->mm->tick;
}

static void sleep_ticks(struct la_call *call, uint64_t ticks)
{
    uint32_t bounded = ticks < TICKS_MAX ? (uint32_t)ticks : TICKS_MAX;

    if ((la_sched_matters(call->interp) || call->again) && bounded) {
        (void)la_sched_wait(call, LA_WAIT_TIME, 0, bounded, false);
        return;
    }
    la_schedule_debug(call->mm);
    la_mm_tick(call->mm, bounded);
}

LA_NATIVE(msleep)
{
    uint64_t msecs = (uint32_t)call->arg[0];

    sleep_ticks(call, (msecs + MSECS_PER_TICK - 1) / MSECS_PER_TICK + 1); /* no might_sleep() in it */
    return 0;
}

LA_NATIVE(set_current_state)
{
    active_thread(call)->sleeps_next = call->arg[0] != 0;
    active_thread(call)->interruptible = call->arg[0] == 1;
    return 0;
}

/* Others of this CPU run first, if there are any. */
static void give_way(struct la_call *call)
{
    if (!la_sched_matters(call->interp) || la_mm_current(call->mm)->preempt_count & LA_HARDIRQ_MASK) {
        sleep_ticks(call, 1);
        return;
    }
    la_schedule_debug(call->mm);
    call->interp->sched->cpu[call->mm->cpu].need_resched = true;
}

/* schedule() after set_current_state(): sleep until wake_up_process(), at most @ticks. */
static void sleep_in_state(struct la_call *call, uint32_t ticks)
{
    struct la_thread *t = active_thread(call);
    bool interruptible = t->interruptible;

    if (la_sched_wait(call, LA_WAIT_WAKE_UP, la_sched_task(call->interp, call->interp->sched->active), ticks, interruptible))
        t->sleeps_next = false;
}

LA_NATIVE(schedule)
{
    if (active_thread(call)->sleeps_next && (la_sched_matters(call->interp) || call->again))
        sleep_in_state(call, 0);
    else
        give_way(call);
    return 0;
}

LA_NATIVE(schedule_timeout)
{
    uint32_t ticks = (int64_t)call->arg[0] <= 0 ? 0 : call->arg[0] < TICKS_MAX ? (uint32_t)call->arg[0] : TICKS_MAX;

    if (la_sched_matters(call->interp) || call->again) {
        if (ticks && (active_thread(call)->sleeps_next || call->again))
            sleep_in_state(call, ticks);
        else
            give_way(call);
        return 0;
    }
    sleep_ticks(call, ticks);
    return 0;
}

LA_NATIVE(cond_resched)
{
    la_call_check_sleep(call);
    if (la_mm_current(call->mm)->preempt_count)
        return 0; /* should_resched(0) is false: it does not even try */
    if (la_sched_matters(call->interp))
        give_way(call);
    else
        la_mm_tick(call->mm, 1);
    return 0;
}

/* ---- choices that a lesson makes for its reader ---- */

static uint64_t ask(struct la_call *call, struct la_sched_choice choice)
{
    struct la_sched *s = call->interp->sched;

    if (s->nr_asked < LA_ASKED_MAX)
        s->asked[s->nr_asked++] = choice;
    return 0;
}

LA_NATIVE(choose_cpu)
{
    return ask(call, (struct la_sched_choice){.kind = LA_CHOOSE_CPU, .cpu = (uint8_t)call->arg[0]});
}

LA_NATIVE(choose_preempt)
{
    return ask(call, (struct la_sched_choice){.kind = LA_CHOOSE_PREEMPT, .cpu = (uint8_t)call->arg[0]});
}

LA_NATIVE(choose_migrate)
{
    uint32_t thread = thread_of(call, call->arg[0]);

    return thread == LA_NO_TASK ? 0
                                : ask(call, (struct la_sched_choice){.kind = LA_CHOOSE_MIGRATE,
                                                               .cpu = (uint8_t)call->arg[1],
                                                               .thread = (uint8_t)thread});
}

LA_NATIVE(choose_interrupt)
{
    return ask(call, (struct la_sched_choice){.kind = LA_CHOOSE_INTERRUPT, .cpu = (uint8_t)call->arg[0], .irq = (uint8_t)call->arg[1]});
}
