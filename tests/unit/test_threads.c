/* Threads, CPUs, interrupts, and the user's choices about them: T33, T51, T52, T53 and what holds them together. */
#include "unit/play.h"

#include "base/prng.h"
#include "lang/sched.h"
#include "view/proc.h"

#define TWO_CPUS "```json machine\n{\"profile\": \"slide\", \"memory\": \"512K\", \"reserved\": \"0\", \"min_free_kbytes\": 0, \"cpus\": 2}\n```\n"
#define FOUR_CPUS "```json machine\n{\"profile\": \"slide\", \"memory\": \"1M\", \"reserved\": \"0\", \"min_free_kbytes\": 0, \"cpus\": 4}\n```\n"
#define LESSON(machine, code) "# T\n\n" machine "\n```c\n" code "```\n"

static void expect_sched(const struct la_timeline *t)
{
    struct la_buf problems;

    la_buf_init(&problems, t->host);
    if (la_sched_check(t->interp, &problems))
        fail_msg("step %u: %s", t->step, la_buf_str(&problems));
    la_buf_free(&problems);
}

/* Run to the end, with every invariant checked on the way. */
static void run_out(struct la_timeline *t)
{
    while (la_timeline_step(t)) {
        expect_sched(t);
        expect_sound(t);
        assert_true(t->step < 10000);
    }
}

static void expect_good_end(struct la_timeline *t)
{
    run_out(t);
    if (t->stopped)
        fail_msg("step %u: %s", t->step, la_interp_message(t->interp, NULL));
}

static int64_t value_of(struct la_timeline *t, const char *expression)
{
    struct la_diags diags;
    int64_t value = 0;

    la_diags_init(&diags, t->host);
    if (!la_interp_eval_expr(t->interp, expression, strlen(expression), 1, &value, NULL, &diags))
        fail_msg("%s: %s", expression, diags.nr ? diags.item[0].message : "?");
    la_diags_free(&diags);
    return value;
}

/* Make a choice; NULL when it was made, else why not (static text). */
static const char *choose(struct la_timeline *t, const char *text)
{
    static char why[200];
    struct la_diags diags;

    la_diags_init(&diags, t->host);
    bool made = la_timeline_type(t, text, strlen(text), &diags);

    (void)snprintf(why, sizeof why, "%s", diags.nr ? diags.item[0].message : "no reason given");
    la_diags_free(&diags);
    expect_sched(t);
    return made ? NULL : why;
}

static void expect_chosen(struct la_timeline *t, const char *text)
{
    const char *why = choose(t, text);

    if (why)
        fail_msg("%s: %s", text, why);
}

static void steps(struct la_timeline *t, int nr)
{
    while (nr-- > 0)
        assert_true(la_timeline_step(t));
}

static uint32_t line_of_next(const struct la_timeline *t)
{
    return la_interp_where(t->interp).span.line;
}

/* ---- each CPU its own copy ---- */

static void test_T51_each_cpu_has_its_copy(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(FOUR_CPUS,
                                                 "DEFINE_PER_CPU(int, x);\n"
                                                 "int count(void *unused) { get_cpu_var(x)++; put_cpu_var(x); return 0; }\n"
                                                 "for (int cpu = 0; cpu < 4; cpu++)\n"
                                                 "    kthread_run_on_cpu(count, NULL, cpu, \"count/%d\", cpu);\n"));
    expect_good_end(t);
    for (int cpu = 0; cpu < 4; cpu++) {
        char text[32];

        (void)snprintf(text, sizeof text, "per_cpu(x, %d)", cpu);
        assert_int_equal(value_of(t, text), 1);
    }
    play_done(&p);
}

static void test_T52_sleeping_with_preemption_off(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS,
                                                 "DEFINE_PER_CPU(int, x);\n"
                                                 "int other(void *unused) { return 0; }\n"
                                                 "kthread_run_on_cpu(other, NULL, 0, \"other\");\n"
                                                 "get_cpu_var(x)++;\n"
                                                 "unsigned long before = jiffies;\n"
                                                 "msleep(1);\n"
                                                 "unsigned long after = jiffies;\n"
                                                 "int count = preempt_count();\n"
                                                 "put_cpu_var(x);\n"));
    while (line_of_next(t) != 13)
        steps(t, 1);
    steps(t, 1);
    assert_int_equal(la_oops_count(t->machine), 1); /* msleep() itself does not ask whether it may sleep */
    assert_string_equal(la_last_oops(t->machine), "BUG: scheduling while atomic: insmod/100/0x00000002");
    run_out(t);
    /* the kernel went on with preemption on, so put_cpu_var() has nothing to undo */
    assert_int_equal(value_of(t, "after - before"), 2);
    assert_int_equal(value_of(t, "count"), 0);
    assert_int_equal(la_oops_count(t->machine), 2);
    assert_non_null(strstr(la_last_oops(t->machine), "DEBUG_LOCKS_WARN_ON(val > preempt_count())"));
    play_done(&p);
}

/* What schedule() finds off is on when it returns, whoever calls it, with other threads and without. */
static void schedule_puts_back_what_was_off(void **state)
{
    static const struct {
        const char *off, *sleep, *oops; /* oops: what the kernel says, "" = nothing */
    } cases[] = {
        {"preempt_disable();", "schedule();", "0x00000002"},
        {"preempt_disable();", "msleep(1);", "0x00000002"},
        {"preempt_disable();", "set_current_state(TASK_UNINTERRUPTIBLE); schedule_timeout(1);", "0x00000002"},
        {"spin_lock(&lock);", "msleep(1);", "0x00000002"},
        {"local_bh_disable();", "msleep(1);", "0x00000201"},
        {"spin_lock_irq(&lock);", "msleep(1);", "0x00000002"},
        {"local_irq_disable();", "msleep(1);", ""},
        {"rcu_read_lock();", "msleep(1);", ""},
    };
    static const char *const others[] = {"", "kthread_run_on_cpu(other, NULL, 0, \"other\");"};

    (void)state;
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        struct play p;
        char text[600];

        (void)snprintf(text, sizeof text,
                       LESSON(TWO_CPUS, "spinlock_t lock;\nint other(void *unused) { return 0; }\n%s\n%s\n%s\n"
                                        "int count = preempt_count(), off = irqs_disabled();\n"),
                       others[i % 2], cases[i / 2].off, cases[i / 2].sleep);
        struct la_timeline *t = play_text(&p, text);

        expect_good_end(t);
        if (value_of(t, "count") || value_of(t, "off") || la_oops_count(t->machine) != (cases[i / 2].oops[0] != '\0') ||
            !strstr(la_last_oops(t->machine), cases[i / 2].oops))
            fail_msg("%s: %s", text, la_last_oops(t->machine));
        play_done(&p);
    }
}

/* With CONFIG_PREEMPT_RCU readers do not turn preemption off, and come back as readers. */
static void readers_under_rcu_are_preempted(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS, "int other(void *unused)\n{\n    return 0;\n}\n"
                                                           "kthread_run_on_cpu(other, NULL, 0, \"other\");\nrcu_read_lock();\n"
                                                           "int k = 1;\nrcu_read_unlock();\n"));

    steps(t, 2);
    expect_chosen(t, "@preempt 0");
    assert_int_equal(la_interp_sched(t->interp)->active, 1);
    assert_int_equal(t->machine->mm->context[0].rcu_nesting, 0);
    assert_int_equal(la_interp_sched(t->interp)->thread[0].context.rcu_nesting, 1);
    expect_good_end(t);
    assert_int_equal(t->machine->mm->context[0].rcu_nesting, 0);
    play_done(&p);
}

/* Time also passes inside a call that cannot put anybody to sleep: who slept for it wakes all the same. */
static void sleepers_wake_while_others_run(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS, "int nap(void *unused)\n{\n    msleep(20);\n    return 0;\n}\n"
                                                           "kthread_run_on_cpu(nap, NULL, 1, \"nap\");\nint i;\n"
                                                           "for (i = 0; i < 100; i++)\n    ;\n"));

    steps(t, 4);
    expect_chosen(t, "@run 1");
    steps(t, 3);
    assert_int_equal(la_interp_sched(t->interp)->thread[1].state, LA_THREAD_SLEEPING);
    expect_chosen(t, "msleep(100);");
    assert_int_not_equal(la_interp_sched(t->interp)->thread[1].state, LA_THREAD_SLEEPING);
    play_done(&p);
}

/* A preemption that had to wait until it is allowed finds nobody to preempt when the thread sleeps just then. */
static void who_falls_asleep_is_not_preempted(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS, "int other(void *unused)\n{\n    return 0;\n}\n"
                                                           "kthread_run_on_cpu(other, NULL, 0, \"other\");\n"
                                                           "unsigned long before = jiffies;\npreempt_disable();\n"
                                                           "choose_preempt(0);\nmsleep(8);\n"
                                                           "int ticks = jiffies - before;\n"));

    expect_good_end(t);
    assert_int_equal(value_of(t, "ticks"), 3); /* 8 ms are two ticks, and one that had begun */
    play_done(&p);
}

/* ---- T53: the lost update of MODEL 8.2 ---- */

#define COUNTER(define, get, put)                                                                                      \
    "DEFINE_PER_CPU(int, hits);\n"                                                                                     \
    "int add(void *unused)\n{\n" get "    int old = *p;\n    *p = old + 1;\n" put "    return 0;\n}\n"                 \
    "per_cpu(hits, 0) = 5;\n"                                                                                          \
    "struct task_struct *a = kthread_create(add, NULL, \"A\"), *b = kthread_create(add, NULL, \"B\");\n"               \
    "choose_migrate(a, 0);\nwake_up_process(a);\nwake_up_process(b);\n"

static void test_T53_lost_update(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t =
        play_text(&p, LESSON(TWO_CPUS, COUNTER(, "    int *p = this_cpu_ptr(&hits);\n", "")));
    while (!la_interp_where(t->interp).function[0]) /* the top level ends, A begins */
        steps(t, 1);
    steps(t, 2);                       /* A: p = &copy of CPU 0, old = 5 */
    expect_chosen(t, "@preempt 0");    /* B has CPU 0 */
    expect_chosen(t, "@migrate 1 1");  /* A goes on elsewhere */
    expect_chosen(t, "@run 0");        /* B: p */
    steps(t, 2);                       /* B: old = 5, stores 6 */
    assert_int_equal(value_of(t, "per_cpu(hits, 0)"), 6);
    expect_chosen(t, "@run 1");        /* A stores 6, from CPU 1, into the copy of CPU 0 */
    expect_good_end(t);
    assert_int_equal(value_of(t, "per_cpu(hits, 0)"), 6);
    assert_int_equal(value_of(t, "per_cpu(hits, 1)"), 0);
    play_done(&p);
}

/* The variant: the address is computed again after the move, so the copy of CPU 1 is overwritten. */
static void test_T53_variant_two_addresses(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(
        &p, LESSON(TWO_CPUS, "DEFINE_PER_CPU(int, hits);\n"
                             "int add(void *unused)\n{\n    int old = *this_cpu_ptr(&hits);\n    *this_cpu_ptr(&hits) = old + 1;\n    return 0;\n}\n"
                             "per_cpu(hits, 0) = 5;\nper_cpu(hits, 1) = 40;\n"
                             "struct task_struct *a = kthread_create(add, NULL, \"A\");\nchoose_migrate(a, 0);\nwake_up_process(a);\n"));
    while (!la_interp_where(t->interp).function[0])
        steps(t, 1);
    steps(t, 1);
    expect_chosen(t, "@migrate 1 1");
    expect_good_end(t);
    assert_int_equal(value_of(t, "per_cpu(hits, 0)"), 5);
    assert_int_equal(value_of(t, "per_cpu(hits, 1)"), 6);
    play_done(&p);
}

static void test_T53_none_lost_with_get_cpu_var(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(
        &p, LESSON(TWO_CPUS, COUNTER(, "    int *p = &get_cpu_var(hits);\n", "    put_cpu_var(hits);\n")));
    while (!la_interp_where(t->interp).function[0])
        steps(t, 1);
    steps(t, 2);
    expect_chosen(t, "@preempt 0"); /* wanted, but it has to wait */
    assert_non_null(strstr(choose(t, "@migrate 1 1"), "preemption is off"));
    assert_string_equal(la_interp_where(t->interp).function, "add");
    steps(t, 1);
    assert_int_equal(value_of(t, "per_cpu(hits, 0)"), 6);
    steps(t, 1); /* put_cpu_var: now the other one gets the CPU */
    uint32_t thread, cpu;

    la_interp_runner(t->interp, &thread, &cpu);
    assert_int_equal(thread, 2);
    expect_good_end(t);
    assert_int_equal(value_of(t, "per_cpu(hits, 0)"), 7);
    play_done(&p);
}

/* ---- T33: a caller of mempool_alloc sleeps, and another thread wakes it ---- */

static void test_T33_sleeper_is_woken_by_a_free(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS,
                                                 "int gone = 0;\n"
                                                 "void *give(gfp_t gfp, void *data) { return gone ? NULL : kmalloc(64, gfp); }\n"
                                                 "void take(void *element, void *data) { kfree(element); }\n"
                                                 "mempool_t *pool = mempool_create(2, give, take, NULL);\n"
                                                 "void *first, *second, *third;\n"
                                                 "int other(void *unused)\n{\n    mempool_free(first, pool);\n    return 0;\n}\n"
                                                 "gone = 1;\n"
                                                 "first = mempool_alloc(pool, GFP_KERNEL);\n"
                                                 "second = mempool_alloc(pool, GFP_KERNEL);\n"
                                                 "kthread_run_on_cpu(other, NULL, 1, \"other\");\n"
                                                 "third = mempool_alloc(pool, GFP_KERNEL);\n"));
    while (line_of_next(t) != 22)
        steps(t, 1);
    steps(t, 1);
    assert_string_equal(la_interp_where(t->interp).function, "other"); /* insmod sleeps */
    assert_int_equal(la_interp_sched(t->interp)->thread[0].wait, LA_WAIT_POOL);
    expect_good_end(t);
    assert_true(value_of(t, "(long)third") != 0);
    assert_int_equal(value_of(t, "(long)third"), value_of(t, "(long)first"));
    play_done(&p);
}

/* ---- interrupts ---- */

#define HANDLER                                                                                                        \
    "int seen = 0, inside = 0;\n"                                                                                      \
    "irqreturn_t handler(int irq, void *dev)\n{\n    inside = in_interrupt();\n    seen += irq;\n    return IRQ_HANDLED;\n}\n" \
    "int error = request_irq(5, handler, 0, \"nic\", NULL);\n"

static void an_interrupt_comes_between_two_statements(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS, HANDLER "int k = 1;\nk++;\nk++;\n"));
    while (line_of_next(t) != 17)
        steps(t, 1);
    expect_chosen(t, "@interrupt 0 5");
    assert_string_equal(la_interp_where(t->interp).function, "handler");
    steps(t, 3);
    assert_int_equal(line_of_next(t), 17);
    assert_int_equal(value_of(t, "seen"), 5);
    assert_int_not_equal(value_of(t, "inside"), 0);
    assert_int_equal(value_of(t, "preempt_count()"), 0);
    /* an idle CPU has a task of its own for it */
    expect_chosen(t, "@interrupt 1 5");
    steps(t, 1);
    assert_int_equal(t->machine->mm->cpu, 1);
    assert_non_null(strstr(choose(t, "@interrupt 0 6"), "nobody handles interrupt 6"));
    expect_good_end(t);
    assert_int_equal(value_of(t, "seen"), 10);
    assert_int_equal(value_of(t, "k"), 3);
    play_done(&p);
}

static void an_interrupt_waits_until_it_is_allowed(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t =
        play_text(&p, LESSON(TWO_CPUS, HANDLER "local_irq_disable();\nint k = 1;\nlocal_irq_enable();\nk++;\n"));
    while (line_of_next(t) != 16)
        steps(t, 1);
    expect_chosen(t, "@interrupt 0 5");
    steps(t, 1);
    assert_int_equal(value_of(t, "seen"), 0);
    steps(t, 1); /* local_irq_enable() */
    assert_string_equal(la_interp_where(t->interp).function, "handler");
    expect_good_end(t);
    assert_int_equal(value_of(t, "seen"), 5);
    play_done(&p);
}

static void sleeping_in_a_handler_is_reported(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS,
                                                 "struct completion done;\n"
                                                 "irqreturn_t handler(int irq, void *dev)\n{\n    wait_for_completion(&done);\n    return IRQ_HANDLED;\n}\n"
                                                 "request_irq(5, handler, 0, \"nic\", NULL);\nchoose_interrupt(0, 5);\nint k = 1;\n"));
    run_out(t);
    assert_true(t->stopped);
    assert_non_null(strstr(la_last_oops(t->machine), "scheduling while atomic: insmod/100/0x00010001"));
    play_done(&p);
}

/* The last statement asks for an interrupt: its thread is gone when it comes. */
static void an_interrupt_comes_after_the_last_statement(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS, HANDLER "choose_interrupt(0, 5);\n"));
    expect_good_end(t);
    assert_int_equal(value_of(t, "seen"), 5);
    play_done(&p);
    /* and one that had to wait until the very end */
    t = play_text(&p, LESSON(TWO_CPUS, HANDLER "local_irq_disable();\nchoose_interrupt(0, 5);\nlocal_irq_enable();\n"));
    expect_good_end(t);
    assert_int_equal(value_of(t, "seen"), 5);
    play_done(&p);
}

static void expect_interrupts(struct la_timeline *t, const char *text)
{
    struct la_buf out;

    la_buf_init(&out, t->host);
    assert_true(la_proc_read(t->machine, la_interp_sched(t->interp), "/proc/interrupts", &out));
    assert_string_equal(la_buf_str(&out), text);
    la_buf_free(&out);
}

/* The counts of an interrupt outlive its handler, as long as there is room for them. */
static void interrupts_are_counted_on_each_cpu(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS,
                                                 "irqreturn_t handler(int irq, void *dev) { return IRQ_HANDLED; }\n"
                                                 "request_irq(19, handler, 0, \"disk\", NULL);\nrequest_irq(5, handler, 0, \"nic\", NULL);\n"
                                                 "choose_interrupt(0, 5);\nchoose_interrupt(1, 5);\nchoose_interrupt(1, 5);\nchoose_interrupt(1, 19);\n"
                                                 "free_irq(5, NULL);\nint seen = 1;\n"
                                                 "request_irq(9, handler, 0, \"acpi\", NULL);\nrequest_irq(5, handler, 0, \"usb\", NULL);\n"));

    expect_interrupts(t, "           CPU0       CPU1       \n");
    while (line_of_next(t) != 16)
        steps(t, 1);
    expect_interrupts(t, "           CPU0       CPU1       \n"
                         "  5:          1          2   IO-APIC   5-edge    \n"
                         " 19:          0          1   IO-APIC  19-fasteoi   disk\n");
    expect_good_end(t);
    expect_interrupts(t, "           CPU0       CPU1       \n"
                         "  5:          1          2   IO-APIC   5-edge      usb\n"
                         "  9:          0          0   IO-APIC   9-edge      acpi\n"
                         " 19:          0          1   IO-APIC  19-fasteoi   disk\n");
    play_done(&p);
    /* an entry is taken over when all are in use or counted */
    t = play_text(&p, LESSON(TWO_CPUS, "irqreturn_t handler(int irq, void *dev) { return IRQ_HANDLED; }\n"
                                       "for (int i = 0; i < 16; i++)\n    request_irq(i, handler, 0, \"nic\", NULL);\n"
                                       "int full = request_irq(40, handler, 0, \"nic\", NULL);\n"
                                       "choose_interrupt(0, 3);\nfree_irq(3, NULL);\n"
                                       "int room = request_irq(40, handler, 0, \"nic\", NULL);\n"));
    expect_good_end(t);
    assert_int_equal(value_of(t, "full"), -12);
    assert_int_equal(value_of(t, "room"), 0);
    assert_int_equal(la_irq_count(&la_interp_sched(t->interp)->action[3]), 0);
    play_done(&p);
}

/* Is there a line of a panic in what the last step printed? */
static bool panicked(const struct la_timeline *t)
{
    for (uint32_t i = 0; i < t->trace->nr_events; i++)
        if (t->trace->event[i].id == LA_EV_OOPS &&
            strcmp(la_event_str(t->trace, &t->trace->event[i], 0),
                   "Kernel panic - not syncing: Fatal exception in interrupt\n"
                   "---[ end Kernel panic - not syncing: Fatal exception in interrupt ]---") == 0)
            return true;
    return false;
}

#define HANDLER_THAT(does)                                                                                             \
    "irqreturn_t handler(int irq, void *dev)\n{\n    " does "\n    return IRQ_HANDLED;\n}\n"                        \
    "request_irq(5, handler, 0, \"nic\", NULL);\n"
#define IN_HANDLER(does) LESSON(TWO_CPUS, HANDLER_THAT(does) "choose_interrupt(0, 5);\nint k = 1;\n")

/* A task that oopses is killed; in an interrupt there is none to kill. */
static void an_oops_in_an_interrupt_panics(void **state)
{
    static const struct {
        const char *lesson, *oops; /* how last_oops() begins */
        bool panics;
    } cases[] = {
        {IN_HANDLER("BUG();"), "kernel BUG at lesson:10!", true},
        {IN_HANDLER("*(int *)0 = irq;"), "BUG: kernel NULL pointer dereference", true},
        {IN_HANDLER("memset(NULL, 0, 8);"), "BUG: kernel NULL pointer dereference", true},
        {IN_HANDLER("vmalloc(4096);"), "kernel BUG at mm/vmalloc.c", true},
        {IN_HANDLER("irq /= irq - 5;"), "divide error", true},
        {IN_HANDLER("panic(\"enough\");"), "Kernel panic - not syncing: enough", false},
        /* over the idle task: after the last statement, and on a CPU that has nothing to do */
        {LESSON(TWO_CPUS, HANDLER_THAT("BUG();") "choose_interrupt(0, 5);\n"), "kernel BUG", true},
        {LESSON(TWO_CPUS, HANDLER_THAT("BUG();") "choose_interrupt(1, 5);\nint k = 1;\n"), "kernel BUG", true},
        /* in_interrupt() is true with softirqs off, not with interrupts off */
        {LESSON(TWO_CPUS, "local_bh_disable();\nBUG();\n"), "kernel BUG", true},
        {LESSON(TWO_CPUS, "local_irq_disable();\nBUG();\n"), "kernel BUG", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play p;
        struct la_timeline *t = play_text(&p, cases[i].lesson);

        run_out(t);
        la_timeline_describe(t);
        bool said = strstr(la_buf_str(&t->last.say), "; then Kernel panic") != NULL;

        if (!t->stopped || strncmp(la_last_oops(t->machine), cases[i].oops, strlen(cases[i].oops)) != 0 ||
            panicked(t) != cases[i].panics || said != cases[i].panics)
            fail_msg("%s: %s; %s", cases[i].lesson, la_last_oops(t->machine), la_buf_str(&t->last.say));
        assert_int_equal(t->last.status, LA_STEP_OOPSED);
        assert_int_equal(la_oops_count(t->machine), 1);
        assert_string_equal(choose(t, "@run 1"), "the program has ended");
        play_done(&p);
    }
}

/* ---- locks ---- */

static void a_contended_lock_spins_until_it_is_free(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS,
                                                 "spinlock_t lock;\nint order = 0, at = 0;\n"
                                                 "int spinner(void *unused)\n{\n    spin_lock(&lock);\n    at = ++order;\n    spin_unlock(&lock);\n    return 0;\n}\n"
                                                 "spin_lock(&lock);\nkthread_run_on_cpu(spinner, NULL, 1, \"S\");\nchoose_cpu(1);\norder++;\nspin_unlock(&lock);\norder += 10;\n"));
    while (line_of_next(t) != 12)
        steps(t, 1);
    steps(t, 1);
    assert_int_equal(la_interp_sched(t->interp)->thread[1].state, LA_THREAD_SPINNING);
    assert_int_equal(t->machine->mm->context[1].preempt_count, 1);
    expect_chosen(t, "@run 1"); /* it tries again, in vain */
    assert_int_equal(la_interp_sched(t->interp)->thread[1].state, LA_THREAD_SPINNING);
    assert_int_equal(t->machine->mm->context[1].preempt_count, 1);
    expect_good_end(t);
    assert_int_equal(value_of(t, "order"), 12);
    assert_int_equal(value_of(t, "at"), 12);
    assert_int_equal(t->machine->mm->context[1].preempt_count, 0);
    play_done(&p);
}

static void deadlocks_are_reported_as_the_kernel_does(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS,
                                                 "struct mutex a, b;\n"
                                                 "int other(void *unused) { mutex_lock(&b); mutex_lock(&a); return 0; }\n"
                                                 "mutex_lock(&a);\nkthread_run_on_cpu(other, NULL, 1, \"other\");\nchoose_cpu(1);\nmsleep(1);\nmutex_lock(&b);\n"));
    run_out(t);
    assert_true(t->stopped);
    assert_int_equal(t->last.status, LA_STEP_STUCK);
    assert_non_null(strstr(la_interp_message(t->interp, NULL), "deadlock: insmod waits for a mutex"));
    la_timeline_describe(t); /* the sentence of the step is why nothing goes on, not one of the reports */
    assert_string_equal(la_buf_str(&t->last.say), la_interp_message(t->interp, NULL));
    assert_int_equal(la_oops_count(t->machine), 2);
    assert_string_equal(la_last_oops(t->machine), "INFO: task other:101 blocked for more than 120 seconds.");
    play_done(&p);

    t = play_text(&p, LESSON(TWO_CPUS, "spinlock_t a, b;\n"
                                       "int other(void *unused) { spin_lock(&b); spin_lock(&a); return 0; }\n"
                                       "spin_lock(&a);\nkthread_run_on_cpu(other, NULL, 1, \"other\");\nchoose_cpu(1);\nint k = 0;\nspin_lock(&b);\n"));
    run_out(t);
    assert_true(t->stopped);
    assert_string_equal(la_last_oops(t->machine), "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [other:101]");
    play_done(&p);
}

static void mutexes_and_wait_queues_hand_over(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS,
                                                 "DEFINE_MUTEX(lock);\nDECLARE_WAIT_QUEUE_HEAD(queue);\nint ready = 0, got = 0;\n"
                                                 "int consumer(void *unused)\n{\n    wait_event(queue, ready > 0);\n    mutex_lock(&lock);\n    got += ready;\n    mutex_unlock(&lock);\n    return ready;\n}\n"
                                                 "struct task_struct *one = kthread_run(consumer, NULL, \"one\"), *two = kthread_run(consumer, NULL, \"two\");\n"
                                                 "msleep(4);\nmutex_lock(&lock);\nready = 3;\nwake_up(&queue);\nmsleep(4);\nint before = got;\nmutex_unlock(&lock);\n"
                                                 "int a = kthread_stop(one), b = kthread_stop(two);\n"));
    expect_good_end(t);
    assert_int_equal(value_of(t, "before"), 0);
    assert_int_equal(value_of(t, "got"), 6);
    assert_int_equal(value_of(t, "a + b"), 6);
    play_done(&p);
}

/* ---- time travel ---- */

#define BUSY                                                                                                           \
    "DEFINE_PER_CPU(int, hits);\nint rounds = 0;\nstruct completion done;\nspinlock_t lock;\n"                         \
    "int worker(void *unused)\n{\n    for (int i = 0; i < 30; i++) {\n        get_cpu_var(hits)++;\n        put_cpu_var(hits);\n" \
    "        spin_lock(&lock);\n        rounds++;\n        spin_unlock(&lock);\n        if (i % 7 == 0)\n            msleep(8);\n    }\n    complete(&done);\n    return 0;\n}\n" \
    "irqreturn_t handler(int irq, void *dev)\n{\n    this_cpu_inc(hits);\n    return IRQ_HANDLED;\n}\n"               \
    "request_irq(7, handler, 0, \"timer\", NULL);\n"                                                                   \
    "for (int i = 0; i < 3; i++)\n    kthread_run(worker, NULL, \"w%d\", i);\n"                                        \
    "for (int i = 0; i < 3; i++)\n    wait_for_completion(&done);\n"

/* Random choices at random places; every refusal is one of the announced kind. */
static void choose_at_random(struct la_timeline *t, struct la_prng *prng)
{
    char text[40];

    switch (la_prng_below(prng, 4)) {
    case 0:
        (void)snprintf(text, sizeof text, "@run %u", la_prng_below(prng, 4));
        break;
    case 1:
        (void)snprintf(text, sizeof text, "@preempt %u", la_prng_below(prng, 4));
        break;
    case 2:
        (void)snprintf(text, sizeof text, "@migrate %u %u", la_prng_below(prng, 5), la_prng_below(prng, 4));
        break;
    default:
        (void)snprintf(text, sizeof text, "@interrupt %u 7", la_prng_below(prng, 4));
        break;
    }
    (void)choose(t, text);
}

static void going_back_and_replaying_give_the_same(void **state)
{
    struct play p, twin;
    struct la_prng prng;
    uint64_t hash[600] = {0};

    (void)state;
    prng.state = 20261125;
    struct la_timeline *t = play_text(&p, LESSON(FOUR_CPUS, BUSY));
    while (t->step < 600 && !t->stopped) {
        if (la_prng_below(&prng, 5) == 0)
            choose_at_random(t, &prng);
        else if (!la_timeline_step(t))
            break;
        expect_sched(t);
        if (t->step < 600)
            hash[t->step] = state_hash(t);
    }
    uint32_t last = t->step;

    assert_true(last > 300);
    assert_true(t->nr_choices > 40);
    for (int i = 0; i < 60; i++) {
        uint32_t step = 1 + la_prng_below(&prng, last - 1);

        la_timeline_seek(t, step);
        assert_int_equal(t->step, step);
        if (hash[step] && state_hash(t) != hash[step])
            fail_msg("step %u is not what it was", step);
    }
    /* the log alone, on a fresh machine */
    struct la_timeline *u = play_text(&twin, LESSON(FOUR_CPUS, BUSY));

    la_timeline_seek(t, last);
    for (uint32_t i = 0; i < t->nr_choices; i++)
        assert_true(la_timeline_add_choice(u, t->choice[i].step, t->choice[i].text));
    la_timeline_seek(u, last);
    assert_int_equal(u->step, last);
    assert_true(u->trace->hash == t->trace->hash);
    play_done(&twin);
    play_done(&p);
}

/* Every step of a program with threads says who ran it; of one without, only those about an interrupt. */
static void steps_say_who_ran_them(void **state)
{
    static const struct {
        const char *code;
        bool shared;
    } cases[] = {
        {"int one = 1;\nint two = 2;\n", false},
        {"int other(void *unused) { return 0; }\nint one = 1;\nkthread_run(other, NULL, \"other\");\nmsleep(9);\nint two = 2;\n", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play p;
        char text[400];

        (void)snprintf(text, sizeof text, LESSON(TWO_CPUS, "%s"), cases[i].code);
        struct la_timeline *t = play_text(&p, text);

        while (la_timeline_step(t))
            assert_int_equal(t->last.what.shared, cases[i].shared);
        play_done(&p);
    }
    /* the program makes none, the user does */
    struct play p;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS, "int other(void *unused) { return 0; }\nint one = 1;\nint two = 2;\nint three = 3;\n"));

    steps(t, 1);
    assert_false(t->last.what.shared);
    expect_chosen(t, "struct task_struct *a = kthread_run_on_cpu(other, NULL, 0, \"other\");");
    while (la_timeline_step(t))
        assert_true(t->last.what.shared);
    play_done(&p);
}

static void wrong_choices_are_explained(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS,
                                                 "int other(void *unused) { return 0; }\n"
                                                 "struct task_struct *b = kthread_run_on_cpu(other, NULL, 1, \"bound\");\nint k = 1;\n"));
    steps(t, 1);
    assert_non_null(strstr(choose(t, "@run 9"), "there is no CPU 9: this machine has 2"));
    assert_non_null(strstr(choose(t, "@jump 1"), "no choice"));
    assert_non_null(strstr(choose(t, "@run"), "no choice"));
    assert_non_null(strstr(choose(t, "@run 1 2"), "no choice"));
    assert_non_null(strstr(choose(t, "@migrate 1 0"), "bound is bound to CPU 1"));
    assert_non_null(strstr(choose(t, "@migrate 0 0"), "insmod is on CPU 0 already"));
    assert_non_null(strstr(choose(t, "@migrate 6 0"), "no living thread 6"));
    assert_null(choose(t, "@run 1"));
    assert_non_null(strstr(choose(t, "@run 1"), "CPU 1 has nothing to run"));
    expect_good_end(t);
    assert_non_null(strstr(choose(t, "@run 0"), "the program has ended"));
    play_done(&p);
}

/* A constructor cannot be put to sleep (deviation F): the time that passes in it wakes who slept until then. */
static void time_in_a_constructor_wakes_sleepers(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(
        &p, LESSON(TWO_CPUS, "void slow(void *o)\n{\n    msleep(40);\n}\nint nap(void *d)\n{\n    msleep(4);\n    return 0;\n}\n"
                             "struct kmem_cache *c = kmem_cache_create(\"slow\", 1000, 0, 0, slow);\n"
                             "kthread_run_on_cpu(nap, NULL, 1, \"nap\");\nchoose_cpu(1);\nvoid *o = kmem_cache_alloc(c, GFP_KERNEL);\n"
                             "o = NULL;\n"));
    const struct la_thread *nap = &la_interp_sched(t->interp)->thread[1];

    while (nap->state != LA_THREAD_SLEEPING)
        assert_true(la_timeline_step(t));
    while (value_of(t, "o == NULL") && t->step < 20)
        assert_true(la_timeline_step(t));
    assert_int_not_equal(nap->state, LA_THREAD_SLEEPING);
    expect_good_end(t);
    play_done(&p);
}

/* la_sched_check() sees what is wrong: each line breaks one thing and mends it again. */
static void the_check_finds_what_is_broken(void **state)
{
    struct play p;

    (void)state;
    struct la_timeline *t = play_text(&p, LESSON(TWO_CPUS, "int run(void *d)\n{\n    int a = 1;\n    a++;\n    return a;\n}\n"
                                                           "kthread_run_on_cpu(run, NULL, 0, \"A\");\nkthread_run_on_cpu(run, NULL, 0, \"B\");\nmsleep(5);\n"));
    steps(t, 2);
    struct la_sched *s = (struct la_sched *)(uintptr_t)la_interp_sched(t->interp);
    uint8_t *ready = &s->cpu[0].nr_ready;
    struct la_buf problems;

    expect_sched(t);
    assert_int_equal(*ready, 2);
#define EXPECT_FOUND(breaks, mends)                                                                                    \
    do {                                                                                                               \
        breaks;                                                                                                        \
        la_buf_init(&problems, t->host);                                                                               \
        assert_true(la_sched_check(t->interp, &problems) > 0);                                                         \
        la_buf_free(&problems);                                                                                        \
        mends;                                                                                                         \
        expect_sched(t);                                                                                               \
    } while (0)
    EXPECT_FOUND(--*ready, ++*ready);                                               /* B is in no queue */
    EXPECT_FOUND(s->cpu[1].ready[s->cpu[1].nr_ready++] = 1, s->cpu[1].nr_ready--); /* A in two */
    EXPECT_FOUND(s->thread[1].state = LA_THREAD_SLEEPING, s->thread[1].state = LA_THREAD_READY);
    EXPECT_FOUND(s->thread[1].context.preempt_count = 1, s->thread[1].context.preempt_count = 0);
    EXPECT_FOUND(s->nr_living++, s->nr_living--);
    s->held[0] = (struct la_lock_held){.addr = 64, .thread = 1};
    EXPECT_FOUND(s->held[2] = s->held[0], s->held[2].addr = 0);
    EXPECT_FOUND(s->held[0].thread = 7, s->held[0].thread = 1);
    s->held[0].addr = 0;
    EXPECT_FOUND((s->cpu[1].irqs_active++, s->nr_irqs++), (s->cpu[1].irqs_active--, s->nr_irqs--));
#undef EXPECT_FOUND
    play_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T51_each_cpu_has_its_copy),
        cmocka_unit_test(test_T52_sleeping_with_preemption_off),
        cmocka_unit_test(schedule_puts_back_what_was_off),
        cmocka_unit_test(readers_under_rcu_are_preempted),
        cmocka_unit_test(sleepers_wake_while_others_run),
        cmocka_unit_test(who_falls_asleep_is_not_preempted),
        cmocka_unit_test(test_T53_lost_update),
        cmocka_unit_test(test_T53_variant_two_addresses),
        cmocka_unit_test(test_T53_none_lost_with_get_cpu_var),
        cmocka_unit_test(test_T33_sleeper_is_woken_by_a_free),
        cmocka_unit_test(an_interrupt_comes_between_two_statements),
        cmocka_unit_test(an_interrupt_waits_until_it_is_allowed),
        cmocka_unit_test(sleeping_in_a_handler_is_reported),
        cmocka_unit_test(an_oops_in_an_interrupt_panics),
        cmocka_unit_test(interrupts_are_counted_on_each_cpu),
        cmocka_unit_test(an_interrupt_comes_after_the_last_statement),
        cmocka_unit_test(time_in_a_constructor_wakes_sleepers),
        cmocka_unit_test(the_check_finds_what_is_broken),
        cmocka_unit_test(a_contended_lock_spins_until_it_is_free),
        cmocka_unit_test(deadlocks_are_reported_as_the_kernel_does),
        cmocka_unit_test(mutexes_and_wait_queues_hand_over),
        cmocka_unit_test(going_back_and_replaying_give_the_same),
        cmocka_unit_test(steps_say_who_ran_them),
        cmocka_unit_test(wrong_choices_are_explained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
