/*
 * bench_addresses.c: what addresses, CPUs and threads cost, as ratios measured in one run: vmalloc, a
 * walk through the page tables, a context switch, counters with and without a lock, and whether a
 * step with everything switched on costs the same on a small and on a large machine.
 */
#include "bench/bench.h"

#include "mm/vmalloc.h"

enum { ROUNDS = 5, VMALLOCS = 200, MIB_PAGES = 256, WALKS = 400000, STEPS = 200000, DELTAS = 1500 };

/* ---- vmalloc of 1 MiB against as many single pages ---- */

static double vmalloc_ms(struct la_mm *mm)
{
    double start = now_ms();

    for (int i = 0; i < VMALLOCS; i++)
        la_vfree(mm, la_vmalloc(mm, 1 << 20, LA_GFP_KERNEL));
    return now_ms() - start;
}

static double pages_ms(struct la_mm *mm)
{
    static uint32_t pfn[MIB_PAGES];
    double start = now_ms();

    for (int i = 0; i < VMALLOCS; i++) {
        for (int p = 0; p < MIB_PAGES; p++)
            pfn[p] = la_alloc_pages(mm, LA_GFP_KERNEL, 0, LA_NO_NODE);
        for (int p = 0; p < MIB_PAGES; p++)
            la_free_pages(mm, pfn[p], 0);
    }
    return now_ms() - start;
}

/* ---- an access by four tables against one of the direct map ---- */

static double walk_ms(struct la_machine *machine, uint64_t from, uint32_t *sum)
{
    double start = now_ms();

    for (uint32_t i = 0; i < WALKS; i++)
        *sum += la_mmu_walk(machine, from + (uint64_t)(i % MIB_PAGES) * LA_PAGE_SIZE);
    return now_ms() - start;
}

static void bench_addresses(void)
{
    struct la_trace *trace = la_trace_new(la_host_libc());
    struct la_machine *machine = boot("{\"profile\": \"x86_64\", \"memory\": \"64M\", \"cpus\": 1}", trace);
    double vm = 0, pages = 0, tables = 0, direct = 0;
    uint32_t sum = 0;

    trace->on = false;
    for (int r = 0; r < ROUNDS; r++) {
        keep_least(&vm, vmalloc_ms(machine->mm));
        keep_least(&pages, pages_ms(machine->mm));
    }
    uint64_t area = la_vmalloc(machine->mm, 1 << 20, LA_GFP_KERNEL);

    for (int r = 0; r < ROUNDS; r++) {
        keep_least(&tables, walk_ms(machine, area, &sum));
        keep_least(&direct, walk_ms(machine, machine->mm->layout.page_offset, &sum));
    }
    row("vmalloc and vfree of 1 MiB, without events", vm * 1e3 / VMALLOCS, "us", "", true);
    row("  / 256 single pages", vm / pages, "x", "", true);
    row("an address by 4 tables", tables * 1e6 / WALKS, "ns", "", sum != 0);
    row("  / one of the direct map", tables / direct, "x", "", true);
    la_machine_free(machine);
    la_trace_free(trace);
}

/* ---- statements: how long each takes, once the program stands in its loop ---- */

#define TWO_CPUS "```json machine\n{\"profile\": \"x86_64\", \"memory\": \"64M\", \"cpus\": 2}\n```\n```c\n"

static double steps_ns(const char *text)
{
    struct lesson l = open_lesson(text);
    double best = 0;

    la_timeline_seek(l.timeline, 64);
    for (int r = 0; r < ROUNDS; r++) {
        double start = now_ms();

        for (int i = 0; i < STEPS / ROUNDS; i++)
            (void)la_timeline_step(l.timeline);
        keep_least(&best, now_ms() - start);
    }
    close_lesson(&l);
    return best * 1e6 * ROUNDS / STEPS;
}

static void bench_threads(void)
{
    /* the same statements; the other thread is on a CPU of its own, so that schedule() finds nobody */
    double alone = steps_ns(TWO_CPUS "int f(void *unused)\n{\n    while (1)\n        schedule();\n    return 0;\n}\n"
                                     "kthread_run_on_cpu(f, NULL, 1, \"other\");\nf(NULL);\n```\n");
    double pair = steps_ns(TWO_CPUS "int f(void *unused)\n{\n    while (1)\n        schedule();\n    return 0;\n}\n"
                                    "kthread_run_on_cpu(f, NULL, 0, \"other\");\nf(NULL);\n```\n");
    /* the counters: one loop of one, two and three statements more than an empty one */
    double empty = 2 * steps_ns(TWO_CPUS "int i;\nwhile (1)\n    i;\n```\n");
    double percpu = 2 * steps_ns(TWO_CPUS "DEFINE_PER_CPU(int, hits);\nwhile (1)\n    this_cpu_inc(hits);\n```\n") - empty / 2;
    double shared = 4 * steps_ns(TWO_CPUS "int hits;\nspinlock_t lock;\nwhile (1) {\n    spin_lock(&lock);\n    hits++;\n    spin_unlock(&lock);\n}\n```\n") - empty / 2;

    row("schedule(), nobody waits: two statements", 2 * alone, "ns", "", true);
    row("schedule() to another thread: two statements, a switch", 2 * pair, "ns", "", true);
    row("  with / without a context switch", pair / alone, "x", "", true);
    row("one more in a per-CPU counter", percpu, "ns", "", true);
    row("one more in a shared counter, under its lock", shared, "ns", "", true);
    row("  shared / per-CPU", shared / percpu, "x", "", true);
}

/* ---- a step with everything switched on ---- */

/* One round: pages, caches, a pool, vmalloc, per-CPU memory, threads on four CPUs. */
#define EVERYTHING                                                                                                      \
    "struct kmem_cache *cache = kmem_cache_create(\"thing\", 200, 0, 0, NULL);\n"                                      \
    "mempool_t *pool = mempool_create(4, mempool_alloc_slab, mempool_free_slab, cache);\n"                             \
    "DEFINE_PER_CPU(long, hits);\nstruct completion done;\n"                                                           \
    "int worker(void *data)\n{\n    while (1) {\n        get_cpu_var(hits)++;\n        put_cpu_var(hits);\n        complete(&done);\n        msleep(4);\n    }\n    return 0;\n}\n" \
    "for (int i = 0; i < 3; i++)\n    kthread_run(worker, NULL, \"w%%d\", i);\n"                                       \
    "char *buf[8];\nvoid *thing[8];\nint *copy;\nint n;\n"                                                              \
    "while (1) {\n    n = (n + 1) & 7;\n    vfree(buf[n]);\n    buf[n] = vmalloc(20000);\n    buf[n][5000] = 1;\n"      \
    "    if (thing[n])\n        mempool_free(thing[n], pool);\n    thing[n] = mempool_alloc(pool, GFP_KERNEL);\n"        \
    "    copy = alloc_percpu(int);\n    (*per_cpu_ptr(copy, n & 3))++;\n    free_percpu(copy);\n    kfree(kmalloc(100 * n, GFP_KERNEL));\n" \
    "    wait_for_completion(&done);\n}\n```\n"

static double everything_us(const char *memory, double *with_view)
{
    char text[4096];
    struct la_view view;
    struct la_view_since since = {{0}};
    struct la_buf buf;
    struct la_json w;
    double run = 0, shown = 0;

    (void)snprintf(text, sizeof text, "```json machine\n{\"profile\": \"x86_64\", \"memory\": \"%s\", \"cpus\": 4}\n```\n```c\n" EVERYTHING, memory);
    struct lesson l = open_lesson(text);

    (void)la_view_init(&view, la_host_libc());
    la_buf_init(&buf, la_host_libc());
    la_timeline_seek(l.timeline, 500);
    la_json_init(&w, &buf);
    la_view_collect(&view, l.timeline->trace);
    la_view_snapshot(&view, l.timeline, &since, &w);
    for (int n = 0; n < DELTAS; n++) {
        memcpy(since.version, view.version, sizeof since.version);
        double start = now_ms();

        (void)la_timeline_step(l.timeline);
        double ran = now_ms();

        la_buf_clear(&buf);
        la_json_init(&w, &buf);
        la_view_collect(&view, l.timeline->trace);
        la_view_snapshot(&view, l.timeline, &since, &w);
        run += ran - start;
        shown += now_ms() - ran;
    }
    la_buf_free(&buf);
    la_view_free(&view);
    close_lesson(&l);
    keep_least(with_view, shown * 1e3 / DELTAS);
    return run * 1e3 / DELTAS;
}

static void bench_everything(void)
{
    double small = 0, large = 0, small_view = 0, large_view = 0;

    for (int r = 0; r < 3; r++) {
        keep_least(&small, everything_us("64M", &small_view));
        keep_least(&large, everything_us("4G", &large_view));
    }
    row("a step with everything on, 64 MiB: run", small, "us", "", true);
    row("  4 GiB / 64 MiB", large / small, "x", "<= 1.5", large <= 1.5 * small);
    row("a step with everything on, 64 MiB: its delta", small_view, "us", "", true);
    row("  4 GiB / 64 MiB", large_view / small_view, "x", "<= 1.5", large_view <= 1.5 * small_view);
}

int main(void)
{
    bench_addresses();
    bench_threads();
    bench_everything();
    return 0;
}
