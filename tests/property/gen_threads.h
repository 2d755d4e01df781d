/*
 * gen_threads.h: random statements with threads, interrupts and choices about who runs next.
 *
 *     worker mapper spender   threads that take, count, sleep and give back; each has a few rounds only
 *     waiter                  sleeps until somebody rings; the end of the program rings for all
 *     giver                   leaves what it took in `left` and frees what another left there
 *     wanderer                takes on one CPU and frees on the next: it moves itself in between
 *     bell                    the handler of interrupts 5, 6 and 7: takes memory without sleeping, frees what was
 *                             left, and rings
 *
 * Everything is freed once, whoever runs in between; what threads share is behind a lock or belongs to
 * a CPU, but for `torn`, which anybody may add to and which may lose updates.
 */
#ifndef LA_TESTS_GEN_THREADS_H
#define LA_TESTS_GEN_THREADS_H

#include "property/gen_fill.h"

/* What one thread takes and another frees: `left` holds one thing of each kind, trade() exchanges it. */
static inline void gen_threads_givers(struct gen_fill *g)
{
    static const char text[] =
        "enum { PIECE, CRUMB, SHEET, FIELD, COPIES, KINDS };\nvoid *left[KINDS];\nstruct percpu_counter crowd;\nint crowded;\n"
        "void *trade(int kind, void *by)\n{\n    unsigned long irqs;\n    spin_lock_irqsave(&hatch, irqs);\n    void *was = left[kind];\n"
        "    left[kind] = by;\n    spin_unlock_irqrestore(&hatch, irqs);\n    return was;\n}\n"
        "void *taken(int kind, gfp_t mask)\n{\n    switch (kind) {\n    case PIECE: return tub ? mempool_alloc(tub, mask) : NULL;\n"
        "    case CRUMB: return tray ? kmem_cache_alloc(tray, mask) : NULL;\n    case SHEET: return alloc_page(mask);\n"
        "    case FIELD: return vmalloc(5000);\n    default: return alloc_percpu(long);\n    }\n}\n"
        "void freed(int kind, void *what)\n{\n    if (!what)\n        return;\n    switch (kind) {\n    case PIECE: mempool_free(what, tub); break;\n"
        "    case CRUMB: kmem_cache_free(tray, what); break;\n    case SHEET: __free_page(what); break;\n"
        "    case FIELD: vfree(what); break;\n    default: free_percpu(what);\n    }\n}\n"
        "void count_in(long n)\n{\n    if (crowded)\n        percpu_counter_add_batch(&crowd, n, 3);\n}\n"
        "int giver(void *data)\n{\n    long n = (long)data;\n    for (long i = n; i < n + 3; i++) {\n        count_in(i);\n"
        "        freed(i % KINDS, trade(i % KINDS, taken(i % KINDS, GFP_KERNEL)));\n        schedule();\n    }\n    return 0;\n}\n"
        "int wanderer(void *data)\n{\n    void *o = tray ? kmem_cache_alloc(tray, GFP_KERNEL) : NULL;\n    struct page *q = alloc_page(GFP_KERNEL);\n"
        "    count_in(1);\n    choose_migrate(current, (smp_processor_id() + (long)data) % num_online_cpus());\n    count_in(-2);\n    if (q)\n        __free_page(q);\n"
        "    if (o)\n        kmem_cache_free(tray, o);\n    return smp_processor_id();\n}\n";

    la_buf_puts(g->out, text);
}

/** Functions and data of the threads. */
static inline void gen_threads_head(struct gen_fill *g)
{
    static const char shared[] =
        "DEFINE_SPINLOCK(gate);\nDEFINE_PER_CPU(int, rounds);\nstruct mutex turn;\nstruct completion rung[4];\n"
        "struct kmem_cache *tray;\nmempool_t *tub;\nint together, torn;\nspinlock_t hatch;\n";
    static const char text[] =
        "int worker(void *data)\n{\n    long n = (long)data;\n    for (long i = 0; i < n; i++) {\n"
        "        void *p = kmalloc(16 << i, GFP_KERNEL);\n"
        "        struct page *q = alloc_pages(GFP_KERNEL | __GFP_NORETRY, i % 3);\n        this_cpu_inc(rounds);\n"
        "        spin_lock(&gate);\n        together += i;\n        void *a = kmalloc(40, GFP_ATOMIC);\n        spin_unlock(&gate);\n"
        "        torn++;\n        if (i & 1)\n            msleep(1);\n        else\n            schedule();\n"
        "        kfree(a);\n        kfree(p);\n        if (q)\n            __free_pages(q, i % 3);\n    }\n    return n;\n}\n"
        "int mapper(void *data)\n{\n    long n = (long)data;\n    char *v = vmalloc(4096 * n + 1);\n    int *c = alloc_percpu(int);\n"
        "    if (v)\n        v[4096 * n] = n;\n    if (c)\n        *this_cpu_ptr(c) = n;\n    msleep(n);\n    free_percpu(c);\n    vfree(v);\n    return 0;\n}\n"
        "int spender(void *data)\n{\n    for (long i = 0; i < (long)data; i++) {\n        mutex_lock(&turn);\n"
        "        void *e = tub ? mempool_alloc(tub, i & 1 ? GFP_KERNEL : GFP_ATOMIC) : NULL;\n        void *o = tray ? kmem_cache_alloc(tray, GFP_KERNEL) : NULL;\n"
        "        together++;\n        mutex_unlock(&turn);\n        get_cpu_var(rounds)++;\n        put_cpu_var(rounds);\n        schedule();\n"
        "        if (o)\n            kmem_cache_free(tray, o);\n        if (e)\n            mempool_free(e, tub);\n    }\n    return 0;\n}\n"
        "int waiter(void *data)\n{\n    void *p = kmalloc(100, GFP_KERNEL);\n    wait_for_completion(&rung[(long)data & 3]);\n    kfree(p);\n    return 1;\n}\n"
        "irqreturn_t bell(int irq, void *dev)\n{\n    void *p = kmalloc(64 * (irq - 4), GFP_ATOMIC);\n    this_cpu_inc(rounds);\n"
        "    torn++;\n    kfree(p);\n    count_in(irq);\n    int kind = (irq + (torn & 7)) % KINDS;\n    freed(kind, trade(kind, NULL));\n    complete(&rung[irq & 3]);\n    return IRQ_HANDLED;\n}\n"
        "void moved(int cpu)\n{\n    struct task_struct *late = kthread_create(worker, (void *)2L, \"late\");\n    if (IS_ERR(late))\n        return;\n"
        "    choose_migrate(late, cpu);\n    wake_up_process(late);\n}\n";

    la_buf_puts(g->out, shared);
    gen_threads_givers(g);
    la_buf_puts(g->out, text);
}

/** The first statements: locks, handlers, what threads share. */
static inline void gen_threads_begin(struct gen_fill *g)
{
    la_buf_puts(g->out, "mutex_init(&turn);\nfor (int i = 0; i < 4; i++)\n    init_completion(&rung[i]);\n"
                        "request_irq(5, bell, 0, \"bell\", NULL);\nrequest_irq(6, bell, 0, \"gong\", NULL);\nrequest_irq(7, bell, 0, \"horn\", NULL);\n"
                        "tray = kmem_cache_create(\"tray\", 120, 0, 0, NULL);\n");
    gen_fill(g, "for (int i = 0; i < 4 && !tub; i++)\n    tub = mempool_create_kmalloc_pool(1 + $n % 3, 200);\n");
    gen_fill(g, "crowded = percpu_counter_init(&crowd, $n, GFP_KERNEL) == 0;\n");
}

/**
 * Something of everything, before the first mistake: each allocator, a thread on each CPU, an interrupt, and
 * requests that may not sleep, which are those that failures are injected into.
 */
static inline void gen_threads_taste(struct gen_fill *g)
{
    static const char *const patterns[] = {
        "kthread_run_on_cpu(giver, (void *)$kL, 1, \"giver\");\n",
        "kthread_run_on_cpu(spender, (void *)$pL, 2, \"spender\");\n",
        "for (int i = 0; i < 4 && !area[0]; i++)\n    stretch(0, $b, 0);\n",
        "for (int i = 0; i < 4 && !io[0]; i++)\n    bind(0, 0xfeb00000 + 4096 * $k, 4096 * $p);\n",
        "for (int i = 0; i < 4 && !share[0]; i++)\n    share[0] = __alloc_percpu(4 * $p, 8);\n",
        "choose_interrupt($c, 5 + $n % 3);\n",
        "choose_interrupt($c, 5 + $n % 3);\n",
        "for (int i = 0; i < 16; i++)\n    kfree(kmalloc(8 << ($k + i % 4), GFP_ATOMIC));\n",
        "freed(PIECE, trade(PIECE, taken(PIECE, GFP_ATOMIC)));\n",
        "msleep($p);\n",
    };

    for (uint32_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        gen_fill(g, patterns[i]);
}

static inline void gen_threads_statement(struct gen_fill *g)
{
    static const char *const patterns[] = {
        "kthread_run(worker, (void *)$pL, \"worker%d\", $i);\n",
        "kthread_run_on_cpu(mapper, (void *)$pL, $c, \"mapper\");\n",
        "kthread_run(spender, (void *)$pL, \"spender\");\n",
        "kthread_run_on_cpu(spender, (void *)$kL, $c, \"spender%d\", $j);\n",
        "kthread_run(waiter, (void *)$kL, \"waiter\");\n",
        "kthread_run(giver, (void *)$iL, \"giver\");\n",
        "kthread_run_on_cpu(giver, (void *)$nL, $c, \"giver%d\", $j);\n",
        "kthread_run(wanderer, (void *)$pL, \"wanderer\");\n",
        "moved($c);\n",
        "choose_cpu($c);\n",
        "choose_cpu($c);\n",
        "choose_preempt($c);\n",
        "choose_preempt($c);\n",
        "choose_interrupt($c, 5 + $k);\n",
        "choose_interrupt($c, 5 + $n % 3);\n",
        "choose_interrupt($c, 5 + $n % 3);\n",
        "complete(&rung[$k]);\n",
        "msleep($p);\n",
        "schedule();\n",
        "freed($i % KINDS, trade($i % KINDS, taken($i % KINDS, GFP_KERNEL)));\n",
        "freed($i % KINDS, trade($i % KINDS, NULL));\n",
        "count_in($n);\ntogether += crowded ? percpu_counter_sum(&crowd) : 0;\n",
        "spin_lock(&gate);\ntogether += $n;\nspin_unlock(&gate);\n",
        "mutex_lock(&turn);\ntogether -= $n;\nmutex_unlock(&turn);\n",
        "local_irq_disable();\ntorn += $i;\nlocal_irq_enable();\n",
        "preempt_disable();\ntorn ^= $n;\npreempt_enable();\n",
        "preempt_disable();\nmsleep($p);\npreempt_enable();\n",
        "local_irq_disable();\nschedule();\ntorn -= $i;\nlocal_irq_enable();\n",
    };

    GEN_FILL_ONE(g, patterns);
}

/** The end: everybody is rung for and gets time; what is left is freed. */
static inline void gen_threads_end(struct gen_fill *g)
{
    la_buf_puts(g->out, "for (int i = 0; i < 32; i++)\n    complete(&rung[i & 3]);\nmsleep(50);\n"
                        "for (int i = 0; i < KINDS; i++)\n    freed(i, trade(i, NULL));\n"
                        "if (crowded)\n    together += percpu_counter_sum(&crowd);\n");
}

#endif
