/*
 * gen_threads.h: random statements with threads, interrupts and choices about who runs next.
 *
 *     worker mapper spender   threads that take, count, sleep and give back; each has a few rounds only
 *     waiter                  sleeps until somebody rings; the end of the program rings for all
 *     bell                    the handler of interrupts 5, 6 and 7: takes memory without sleeping, and rings
 *
 * Each thread gives back what it took, whoever runs in between; what they share is behind a lock or
 * belongs to a CPU, but for `torn`, which anybody may add to and which may lose updates.
 */
#ifndef LA_TESTS_GEN_THREADS_H
#define LA_TESTS_GEN_THREADS_H

#include "property/gen_fill.h"

/** Functions and data of the threads. */
static inline void gen_threads_head(struct gen_fill *g)
{
    static const char text[] =
        "DEFINE_SPINLOCK(gate);\nDEFINE_PER_CPU(int, rounds);\nstruct mutex turn;\nstruct completion rung[4];\n"
        "struct kmem_cache *tray;\nmempool_t *tub;\nint together, torn;\n"
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
        "    torn++;\n    kfree(p);\n    complete(&rung[irq & 3]);\n    return IRQ_HANDLED;\n}\n"
        "void moved(int cpu)\n{\n    struct task_struct *late = kthread_create(worker, (void *)2L, \"late\");\n    if (IS_ERR(late))\n        return;\n"
        "    choose_migrate(late, cpu);\n    wake_up_process(late);\n}\n";

    la_buf_puts(g->out, text);
}

/** The first statements: locks, handlers, a cache and a pool of one element. */
static inline void gen_threads_begin(struct gen_fill *g)
{
    la_buf_puts(g->out, "mutex_init(&turn);\nfor (int i = 0; i < 4; i++)\n    init_completion(&rung[i]);\n"
                        "request_irq(5, bell, 0, \"bell\", NULL);\nrequest_irq(6, bell, 0, \"gong\", NULL);\nrequest_irq(7, bell, 0, \"horn\", NULL);\n"
                        "tray = kmem_cache_create(\"tray\", 120, 0, 0, NULL);\n");
    gen_fill(g, "tub = $n & 1 ? mempool_create_kmalloc_pool(1 + $n % 3, 200) : NULL;\n");
}

static inline void gen_threads_statement(struct gen_fill *g)
{
    static const char *const patterns[] = {
        "kthread_run(worker, (void *)$pL, \"worker%d\", $i);\n",
        "kthread_run_on_cpu(mapper, (void *)$pL, $c, \"mapper\");\n",
        "kthread_run(spender, (void *)$pL, \"spender\");\n",
        "kthread_run_on_cpu(spender, (void *)$kL, $c, \"spender%d\", $j);\n",
        "kthread_run(waiter, (void *)$kL, \"waiter\");\n",
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
        "spin_lock(&gate);\ntogether += $n;\nspin_unlock(&gate);\n",
        "mutex_lock(&turn);\ntogether -= $n;\nmutex_unlock(&turn);\n",
        "local_irq_disable();\ntorn += $i;\nlocal_irq_enable();\n",
        "preempt_disable();\ntorn ^= $n;\npreempt_enable();\n",
        "preempt_disable();\nmsleep($p);\npreempt_enable();\n",
        "local_irq_disable();\nschedule();\ntorn -= $i;\nlocal_irq_enable();\n",
    };

    GEN_FILL_ONE(g, patterns);
}

/** The end: everybody is rung for and gets time. */
static inline void gen_threads_end(struct gen_fill *g)
{
    la_buf_puts(g->out, "for (int i = 0; i < 32; i++)\n    complete(&rung[i & 3]);\nmsleep(50);\n");
}

#endif
