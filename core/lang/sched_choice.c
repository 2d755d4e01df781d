/*
 * sched_choice.c: what the user decides between two statements: which CPU is next, that a thread is
 * preempted or moved, that an interrupt comes.
 *
 *     choose_preempt(0) in C, or @preempt 0 in the log of choices
 *       preempt_count == 0, irqs on   -> the next of CPU 0's queue runs
 *       else                          -> need_resched; it happens when both allow it
 *     choose_interrupt(0, 5)
 *       irqs on                       -> the handler's first statement is next
 *       else                          -> pending until they are on
 *
 * Source: Linux 6.1.192 kernel/sched/core.c: resched_curr, preempt_schedule, __set_cpus_allowed_ptr,
 * kernel/irq/handle.c, include/linux/preempt.h.
 */
#include "lang/interp.h"
#include "lang/sched_internal.h"
#include "mm/internal.h"

#include <stdio.h>
#include <string.h>

/* ---- may it be? ---- */

/* preemptible(): a reader under RCU may be preempted (CONFIG_PREEMPT_RCU), though it may not sleep. */
static bool may_preempt(const struct la_interp *ip, uint32_t cpu)
{
    const struct la_context *context = &ip->machine->mm->context[cpu];

    return context->preempt_count == 0 && !context->irqs_disabled;
}

static const char *why_not_preemptible(const struct la_context *context)
{
    return context->preempt_count & LA_INTERRUPT_MASK ? "an interrupt handler runs there"
           : context->preempt_count                    ? "preemption is off there"
                                                       : "interrupts are off there";
}

const char *la_sched_not_preemptible(const struct la_interp *ip, uint32_t cpu)
{
    return may_preempt(ip, cpu) ? NULL : why_not_preemptible(&ip->machine->mm->context[cpu]);
}

static const struct la_irq_action *action_of(const struct la_interp *ip, uint32_t irq)
{
    for (uint32_t i = 0; i < LA_IRQS_MAX; i++)
        if (ip->sched->action[i].used && (irq == LA_ANY_IRQ || ip->sched->action[i].irq == irq))
            return &ip->sched->action[i];
    return NULL;
}

static const char *migrate_refusal(struct la_interp *ip, const struct la_sched_choice *choice)
{
    const struct la_thread *t = &ip->sched->thread[choice->thread < LA_THREADS_MAX ? choice->thread : 0];
    char *text = ip->text;

    if (choice->thread >= LA_THREADS_MAX || t->state == LA_THREAD_NONE || t->state == LA_THREAD_DEAD)
        (void)snprintf(text, LA_VM_MESSAGE, "there is no living thread %u", (unsigned)choice->thread);
    else if (t->cpu == choice->cpu)
        (void)snprintf(text, LA_VM_MESSAGE, "%s is on CPU %u already", la_sched_context(ip, choice->thread)->comm,
                       (unsigned)t->cpu);
    else if (t->bound)
        (void)snprintf(text, LA_VM_MESSAGE, "%s is bound to CPU %u (kthread_bind): it never runs anywhere else",
                       la_sched_context(ip, choice->thread)->comm, (unsigned)t->cpu);
    else if (t->state == LA_THREAD_SPINNING ||
             (ip->sched->cpu[t->cpu].current == choice->thread && !may_preempt(ip, t->cpu)))
        (void)snprintf(text, LA_VM_MESSAGE, "%s cannot leave CPU %u now: %s", la_sched_context(ip, choice->thread)->comm,
                       (unsigned)t->cpu, why_not_preemptible(la_sched_context(ip, choice->thread)));
    else
        return NULL;
    return text;
}

static const char *interrupt_refusal(struct la_interp *ip, const struct la_sched_choice *choice)
{
    if (ip->sched->cpu[choice->cpu].nr_pending == LA_PENDING_MAX)
        return "too many interrupts are pending there already";
    if (action_of(ip, choice->irq))
        return NULL;
    if (choice->irq == LA_ANY_IRQ)
        return "no interrupt has a handler yet: request_irq() first";
    (void)snprintf(ip->text, sizeof ip->text, "nobody handles interrupt %u: request_irq() first", (unsigned)choice->irq);
    return ip->text;
}

const char *la_sched_refusal(struct la_interp *ip, const struct la_sched_choice *choice)
{
    uint32_t nr_cpus = ip->machine->mm->nr_cpus;

    if (choice->cpu >= nr_cpus) {
        (void)snprintf(ip->text, sizeof ip->text, "there is no CPU %u: this machine has %u", (unsigned)choice->cpu,
                       (unsigned)nr_cpus);
        return ip->text;
    }
    if (ip->sched->stopped || (ip->vm->state != LA_VM_READY && ip->vm->state != LA_VM_DONE))
        return "the program has ended";
    if (choice->kind == LA_CHOOSE_CPU && !la_sched_can_run(ip, choice->cpu)) {
        (void)snprintf(ip->text, sizeof ip->text, "CPU %u has nothing to run", (unsigned)choice->cpu);
        return ip->text;
    }
    if (choice->kind == LA_CHOOSE_MIGRATE)
        return migrate_refusal(ip, choice);
    return choice->kind == LA_CHOOSE_INTERRUPT ? interrupt_refusal(ip, choice) : NULL;
}

/* ---- doing it ---- */

static void want_preemption(struct la_interp *ip, uint32_t cpu)
{
    struct la_cpu_queue *q = &ip->sched->cpu[cpu];
    struct la_trace *trace = ip->machine->trace;

    if (may_preempt(ip, cpu) && (q->nr_ready || q->current >= LA_THREADS_MAX)) {
        la_sched_preempt(ip, cpu);
        return;
    }
    uint64_t why = la_trace_text(trace, may_preempt(ip, cpu) ? "no other thread waits for this CPU"
                                                             : why_not_preemptible(&ip->machine->mm->context[cpu]));

    q->need_resched = !may_preempt(ip, cpu);
    LA_TRACE(trace, PREEMPT_WANTED, cpu, why);
}

static void migrate(struct la_interp *ip, uint32_t thread, uint32_t cpu)
{
    struct la_thread *t = &ip->sched->thread[thread];
    uint32_t from = t->cpu;
    uint64_t name = la_sched_name(ip, thread);
    bool waits_awake = t->state == LA_THREAD_READY || t->state == LA_THREAD_RUNNING;

    LA_TRACE(ip->machine->trace, THREAD_MIGRATE, name, from, cpu);
    if (waits_awake)
        la_sched_leave(ip, thread);
    t->cpu = (uint8_t)cpu;
    if (waits_awake)
        la_sched_make_ready(ip, thread);
}

static void interrupt(struct la_interp *ip, uint32_t cpu, uint32_t irq)
{
    struct la_cpu_queue *q = &ip->sched->cpu[cpu];
    uint32_t idle = LA_IDLE_TASK(cpu);

    /* who runs now may be gone when it comes: then the handler runs on the stack of the idle task */
    if (q->nr_pending == LA_PENDING_MAX || (!ip->sched->thread[idle].vm && !la_vm_new(ip, idle)))
        return;
    q->pending[q->nr_pending++] = (uint8_t)irq;
    ip->sched->nr_irqs++;
    if (ip->machine->mm->context[cpu].irqs_disabled)
        LA_TRACE(ip->machine->trace, IRQ_PENDING, irq, cpu);
    else
        la_sched_activate(ip, cpu);
}

void la_sched_choose(struct la_interp *ip, const struct la_sched_choice *choice)
{
    struct la_cpu_queue *q = &ip->sched->cpu[choice->cpu];

    switch ((enum la_choice_kind)choice->kind) {
    case LA_CHOOSE_CPU:
        if (ip->sched->thread[q->current].state == LA_THREAD_SPINNING)
            (void)la_sched_wake_thread(ip, q->current); /* it tries again */
        if (ip->machine->mm->cpu != choice->cpu)
            LA_TRACE(ip->machine->trace, CPU_NEXT, choice->cpu);
        la_sched_activate(ip, choice->cpu);
        break;
    case LA_CHOOSE_PREEMPT:
        want_preemption(ip, choice->cpu);
        break;
    case LA_CHOOSE_MIGRATE:
        migrate(ip, choice->thread, choice->cpu);
        break;
    case LA_CHOOSE_INTERRUPT:
        interrupt(ip, choice->cpu, choice->irq);
        break;
    default:
        break;
    }
}

void la_sched_do_asked(struct la_interp *ip)
{
    struct la_sched *s = ip->sched;

    for (uint32_t i = 0; i < s->nr_asked; i++) {
        const char *refusal = la_sched_refusal(ip, &s->asked[i]);

        if (refusal) {
            uint64_t text = la_trace_text(ip->machine->trace, refusal);

            LA_TRACE(ip->machine->trace, CHOICE_REFUSED, text);
        } else {
            la_sched_choose(ip, &s->asked[i]);
        }
    }
    s->nr_asked = 0;
}

void la_sched_delayed_preempt(struct la_interp *ip)
{
    for (uint32_t cpu = 0; cpu < ip->machine->mm->nr_cpus; cpu++)
        if (ip->sched->cpu[cpu].need_resched && may_preempt(ip, cpu))
            la_sched_preempt(ip, cpu);
}

/* ---- as text, in the log ---- */

static const struct {
    const char *word;
    uint8_t kind, nr; /* numbers behind it */
} commands[] = {{"@run", LA_CHOOSE_CPU, 1},
                {"@preempt", LA_CHOOSE_PREEMPT, 1},
                {"@migrate", LA_CHOOSE_MIGRATE, 2},
                {"@interrupt", LA_CHOOSE_INTERRUPT, 2}};

/* Up to @nr numbers below 256, and nothing behind them. */
static bool read_numbers(const char *text, uint8_t *number, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++) {
        uint32_t value = 0, digits = 0;

        text += strspn(text, " ");
        for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
            value = value * 10 + (uint32_t)(*text - '0');
        if (digits == 0 || value > 0xFE)
            return false;
        number[i] = (uint8_t)value;
    }
    return text[strspn(text, " ;\n")] == '\0';
}

static bool parse_choice(const char *text, struct la_sched_choice *choice)
{
    for (uint32_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        size_t len = strlen(commands[i].word);
        uint8_t n[2] = {0, 0};

        if (strncmp(text, commands[i].word, len) != 0 || text[len] != ' ' || !read_numbers(text + len, n, commands[i].nr))
            continue;
        *choice = (struct la_sched_choice){.kind = commands[i].kind, .cpu = n[0]};
        if (choice->kind == LA_CHOOSE_MIGRATE) {
            choice->thread = n[0];
            choice->cpu = n[1];
        }
        choice->irq = choice->kind == LA_CHOOSE_INTERRUPT ? n[1] : 0;
        return true;
    }
    return false;
}

bool la_interp_read_choice(struct la_interp *ip, const char *text, struct la_sched_choice *choice, struct la_diags *diags)
{
    const struct la_span all = {1, 1, 1, (uint32_t)strlen(text) + 1};

    if (!parse_choice(text, choice)) {
        la_diags_add(diags, LA_SEVERE, LA_E_SYNTAX, all, "this is no choice",
                     "There are: @run CPU, @preempt CPU, @migrate THREAD CPU, @interrupt CPU IRQ.");
        return false;
    }
    const char *refusal = la_sched_refusal(ip, choice);

    if (refusal)
        la_diags_add(diags, LA_SEVERE, LA_E_BAD_CHOICE, all, refusal, NULL);
    return refusal == NULL;
}

void la_interp_choose(struct la_interp *ip, const struct la_sched_choice *choice)
{
    la_sched_choose(ip, choice);
    if (choice->kind != LA_CHOOSE_CPU)
        la_sched_settle(ip);
}

void la_interp_restored(struct la_interp *ip)
{
    la_sched_refresh(ip);
}

uint32_t la_interp_thread_pid(const struct la_interp *ip, uint32_t thread)
{
    return la_sched_context(ip, thread)->pid;
}

const char *la_interp_thread_name(const struct la_interp *ip, uint32_t thread)
{
    return la_sched_context(ip, thread)->comm;
}

void la_interp_runner(const struct la_interp *ip, uint32_t *thread, uint32_t *cpu)
{
    *thread = ip->sched->active;
    *cpu = ip->machine->mm->cpu;
}

/* ---- interrupts ---- */

/* The next pending interrupt of @q that somebody still handles. */
static struct la_irq_action *take_pending(struct la_interp *ip, struct la_cpu_queue *q)
{
    while (q->nr_pending) {
        const struct la_irq_action *action = action_of(ip, q->pending[0]);

        memmove(q->pending, q->pending + 1, --q->nr_pending);
        ip->sched->nr_irqs--;
        if (action)
            return &ip->sched->action[action - ip->sched->action];
    }
    return NULL;
}

void la_sched_deliver(struct la_interp *ip)
{
    struct la_mm *mm = ip->machine->mm;
    struct la_cpu_queue *q = &ip->sched->cpu[mm->cpu];
    struct la_context *context = la_mm_current(mm);

    if (q->nr_pending == 0 || context->irqs_disabled)
        return;
    struct la_irq_action *action = take_pending(ip, q);

    if (!action || !la_vm_interrupt(ip, action->handler, action->irq, action->dev))
        return;
    action->count[mm->cpu]++;
    q->irq[q->irqs_active++] = action->irq;
    ip->sched->nr_irqs++;
    context->preempt_count += LA_HARDIRQ_OFFSET;
    context->irqs_disabled = true;
    uint64_t name = la_trace_text(mm->trace, action->name);

    LA_TRACE(mm->trace, IRQ_ENTER, action->irq, mm->cpu, name);
}

void la_sched_irq_return(struct la_interp *ip)
{
    struct la_mm *mm = ip->machine->mm;
    struct la_cpu_queue *q = &ip->sched->cpu[mm->cpu];
    struct la_context *context = la_mm_current(mm);
    uint32_t irq = q->irq[--q->irqs_active];

    ip->sched->nr_irqs--;
    context->preempt_count -= LA_HARDIRQ_OFFSET;
    context->irqs_disabled = false;
    uint64_t name = la_sched_name(ip, q->current);

    LA_TRACE(mm->trace, IRQ_EXIT, irq, mm->cpu, name);
}
