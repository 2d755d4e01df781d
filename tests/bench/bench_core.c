/*
 * bench_core.c: what the engine costs, as ratios measured in one run.
 *
 *     bench_core                 the table of everything that needs no browser
 *     bench_core FILE…           time requests: each file is JSON, one request a line; prints ms a file
 *
 * Each pair that is compared is measured in turns, several rounds, and the best round of each
 * counts: what else the computer does then disturbs both sides alike or not at all.
 */
#include "bench/bare_slub.h"
#include "bench/bench.h"

#include "mm/slab.h"

#include <inttypes.h>

enum { LIVE = 512, MOVES = 400000, ROUNDS = 7 };

/* ---- churn: take and give back blocks of order 0..3 at random ---- */

static double churn_machine(struct la_machine *machine, bool events)
{
    static uint32_t pfn[LIVE], order[LIVE];
    struct la_prng prng = {42};
    struct la_mm *mm = machine->mm;

    mm->trace->on = events;
    for (uint32_t i = 0; i < LIVE; i++)
        pfn[i] = LA_NO_PFN;
    double start = now_ms();

    for (uint32_t n = 0; n < MOVES; n++) {
        uint64_t r = la_prng_next(&prng);
        uint32_t i = (uint32_t)r % LIVE;

        if (events && (n & 3) == 0)
            la_trace_begin(mm->trace);
        if (pfn[i] != LA_NO_PFN) {
            la_free_pages(mm, pfn[i], order[i]);
            pfn[i] = LA_NO_PFN;
        } else {
            order[i] = (uint32_t)(r >> 32) & 3;
            pfn[i] = la_alloc_pages(mm, LA_GFP_KERNEL, order[i], LA_NO_NODE);
        }
    }
    double ms = now_ms() - start;

    for (uint32_t i = 0; i < LIVE; i++)
        if (pfn[i] != LA_NO_PFN)
            la_free_pages(mm, pfn[i], order[i]);
    la_trace_begin(mm->trace);
    la_trace_notes_clear(mm->trace);
    return ms;
}

static double churn_malloc(void)
{
    static void *volatile block[LIVE];
    struct la_prng prng = {42};
    double start = now_ms();

    for (uint32_t n = 0; n < MOVES; n++) {
        uint64_t r = la_prng_next(&prng);
        uint32_t i = (uint32_t)r % LIVE;

        if (block[i]) {
            free(block[i]);
            block[i] = NULL;
        } else {
            block[i] = malloc((size_t)4096 << ((r >> 32) & 3));
        }
    }
    double ms = now_ms() - start;

    for (uint32_t i = 0; i < LIVE; i++) {
        free(block[i]);
        block[i] = NULL;
    }
    return ms;
}

/* ---- objects: kmalloc and one cache, against malloc of the same sizes ---- */

/*
 * BY_NOBODY: what the loop itself costs, so that the rest of a figure can be told from it.
 * BY_RULE: SLUB without anything to watch (bare_slub.h), so that the price of the rule can be told from ours.
 */
enum object_way { BY_NOBODY, BY_MALLOC, BY_RULE, BY_KMALLOC, BY_CACHE };
enum { CACHE_OBJECT = 256, AT_ONCE = 64, NR_BARE = 12 };

/* Both sides get the same sizes in the same order, and nobody writes into the objects but the allocators. */
struct objects {
    struct la_mm *mm;
    enum object_way way;
    uint32_t cache;
    uint32_t nr_sizes; /* 8 << 0..nr_sizes-1 at random; 0: all of CACHE_OBJECT bytes */
    bool events;
    struct bare_cache bare[NR_BARE]; /* by the exponent of the size */
};

static uint64_t object_alloc(struct objects *o, uint32_t size)
{
    switch (o->way) {
    case BY_MALLOC:
        return (uint64_t)(uintptr_t)malloc(size);
    case BY_RULE:
        return (uint64_t)(uintptr_t)bare_alloc(&o->bare[(uint32_t)__builtin_ctz(size) - 3]);
    case BY_KMALLOC:
        return la_kmalloc(o->mm, size, LA_GFP_KERNEL, LA_NO_NODE);
    case BY_CACHE:
        return la_kmem_cache_alloc(o->mm, o->cache, LA_GFP_KERNEL, LA_NO_NODE);
    default:
        return size;
    }
}

static void object_free(const struct objects *o, uint64_t object)
{
    switch (o->way) {
    case BY_MALLOC:
        free((void *)(uintptr_t)object);
        break;
    case BY_RULE:
        bare_free((void *)(uintptr_t)object);
        break;
    case BY_KMALLOC:
        la_kfree(o->mm, object);
        break;
    case BY_CACHE:
        la_kmem_cache_free(o->mm, o->cache, object);
        break;
    default:
        break;
    }
}

static uint32_t object_size(const struct objects *o, uint64_t random)
{
    return o->nr_sizes ? 8u << ((random >> 32) * o->nr_sizes >> 32) : CACHE_OBJECT;
}

static volatile uint64_t objects[LIVE]; /* volatile: the compiler must not drop a malloc that is freed again */

/* At random: each place is filled when it is empty and emptied when it is full; about half of LIVE are live. */
static void churn_random(struct objects *o)
{
    struct la_prng prng = {42};

    for (uint32_t n = 0; n < MOVES; n++) {
        uint64_t r = la_prng_next(&prng);
        uint32_t i = (uint32_t)r % LIVE;

        if (o->events && (n & 3) == 0)
            la_trace_begin(o->mm->trace);
        if (objects[i]) {
            object_free(o, objects[i]);
            objects[i] = 0;
        } else {
            objects[i] = object_alloc(o, object_size(o, r));
        }
    }
}

/* Many at a time, given back in another order, as when a list is built and torn down. */
static void churn_at_once(struct objects *o)
{
    struct la_prng prng = {42};

    for (uint32_t n = 0; n < MOVES; n += 2 * AT_ONCE) {
        for (uint32_t i = 0; i < AT_ONCE; i++)
            objects[i] = object_alloc(o, object_size(o, la_prng_next(&prng)));
        for (uint32_t i = 0; i < AT_ONCE; i++)
            object_free(o, objects[(5 * i + 3) % AT_ONCE]);
    }
    for (uint32_t i = 0; i < AT_ONCE; i++)
        objects[i] = 0;
}

static double time_objects(struct objects *o, void (*churn)(struct objects *o))
{
    o->mm->trace->on = o->events;
    double start = now_ms();

    churn(o);
    double ms = now_ms() - start;

    for (uint32_t i = 0; i < LIVE; i++)
        if (objects[i])
            object_free(o, objects[i]);
    for (uint32_t i = 0; i < LIVE; i++)
        objects[i] = 0;
    o->mm->trace->on = true;
    la_trace_begin(o->mm->trace);
    la_trace_notes_clear(o->mm->trace);
    return ms;
}

/* One pattern, @way against malloc in turns; with @told also against itself with events on. */
static void bench_pattern(const char *what, struct objects o, void (*churn)(struct objects *o), bool told)
{
    double engine = 0, libc = 0, rule = 0, loop = 0, events = 0;
    struct objects by_malloc = o, by_rule = o, by_nobody = o, telling = o;
    char text[80];

    by_malloc.way = BY_MALLOC;
    by_rule.way = BY_RULE;
    by_nobody.way = BY_NOBODY;
    for (uint32_t i = 0; i < NR_BARE; i++) {
        uint32_t cache = o.way == BY_CACHE ? o.cache : la_kmalloc_slab(o.mm, 8u << i, LA_GFP_KERNEL);

        if (cache != LA_NO_CACHE)
            bare_cache_init(&by_rule.bare[i], &o.mm->kmem->cache[cache]);
    }
    telling.events = true;
    for (int r = 0; r < ROUNDS; r++) {
        keep_least(&libc, time_objects(&by_malloc, churn));
        keep_least(&engine, time_objects(&o, churn));
        keep_least(&rule, time_objects(&by_rule, churn));
        keep_least(&loop, time_objects(&by_nobody, churn));
        if (told)
            keep_least(&events, time_objects(&telling, churn));
    }
    (void)snprintf(text, sizeof text, "%s, engine (the loop itself: %.1f)", what, loop * 1e6 / MOVES);
    row(text, engine * 1e6 / MOVES, "ns/op", "", true);
    row("  engine / glibc", engine / libc, "x", "<= 1.0", engine <= libc);
    row("  the rule alone, nothing to watch / glibc", rule / libc, "x", "", true);
    if (told)
        row("  events on / off", events / engine, "x", "<= 3", events <= 3 * engine);
}

static void bench_objects(void)
{
    struct la_trace *trace = la_trace_new(la_host_libc());
    struct la_machine *machine = boot("{\"profile\": \"x86_64\", \"memory\": \"64M\", \"cpus\": 1}", trace);
    struct objects o = {.mm = machine->mm, .way = BY_KMALLOC, .nr_sizes = 8};

    o.cache = la_kmem_cache_create(machine->mm, "bench", CACHE_OBJECT, 0, 0, 0);
    bench_pattern("kmalloc 8..1024 at random", o, churn_random, true);
    o.nr_sizes = 11;
    bench_pattern("kmalloc 8..8192 at random", o, churn_random, false);
    bench_pattern("kmalloc 8..8192, 64 at once", o, churn_at_once, false);
    o.way = BY_CACHE;
    o.nr_sizes = 0;
    bench_pattern("kmem_cache of 256 at random", o, churn_random, true);
    bench_pattern("kmem_cache of 256, 64 at once", o, churn_at_once, false);
    la_machine_free(machine);
    la_trace_free(trace);
}

static void bench_churn(void)
{
    struct la_trace *trace = la_trace_new(la_host_libc());
    struct la_machine *machine = boot("{\"profile\": \"x86_64\", \"memory\": \"64M\", \"cpus\": 1}", trace);
    double off = 0, on = 0, libc = 0;

    for (int r = 0; r < ROUNDS; r++) {
        keep_least(&libc, churn_malloc());
        keep_least(&off, churn_machine(machine, false));
        keep_least(&on, churn_machine(machine, true));
    }
    row("churn, glibc malloc/free", libc * 1e6 / MOVES, "ns/op", "", true);
    row("churn, engine without events", off * 1e6 / MOVES, "ns/op", "", true);
    row("  engine / glibc", off / libc, "x", "<= 1.0", off <= libc);
    row("churn, engine with events", on * 1e6 / MOVES, "ns/op", "", true);
    row("  events on / off", on / off, "x", "<= 3", on <= 3 * off);
    la_machine_free(machine);
    la_trace_free(trace);
}

/* ---- the delta of one step, on a small and on a large machine ---- */

enum { DELTAS = 400 }; /* steps a round */

static double delta_us(const char *memory, size_t *bytes)
{
    char text[512];
    struct la_view view;
    struct la_view_since since = {{0}};
    struct la_buf buf;
    struct la_json w;

    (void)snprintf(
        text, sizeof text,
        "```json machine\n{\"profile\": \"x86_64\", \"memory\": \"%s\", \"cpus\": 1}\n```\n```c\nstruct page *p;\n"
        "while (1) {\n    p = alloc_pages(GFP_KERNEL, 2);\n    __free_pages(p, 2);\n}\n```\n",
        memory);
    struct lesson l = open_lesson(text);

    (void)la_view_init(&view, la_host_libc());
    la_buf_init(&buf, la_host_libc());
    la_json_init(&w, &buf);
    la_view_snapshot(&view, l.timeline, &since, &w);
    double spent = 0;

    *bytes = 0;
    for (int n = 0; n < DELTAS; n++) {
        memcpy(since.version, view.version, sizeof since.version);
        (void)la_timeline_step(l.timeline);
        double start = now_ms();

        la_buf_clear(&buf);
        la_json_init(&w, &buf);
        la_view_collect(&view, l.timeline->trace);
        la_view_snapshot(&view, l.timeline, &since, &w);
        spent += now_ms() - start;
        *bytes += buf.len;
    }
    la_buf_free(&buf);
    la_view_free(&view);
    close_lesson(&l);
    return spent * 1e3 / DELTAS;
}

static void bench_delta(void)
{
    double small = 0, large = 0;
    size_t small_bytes = 0, large_bytes = 0;

    for (int r = 0; r < 3; r++) {
        keep_least(&small, delta_us("64M", &small_bytes));
        keep_least(&large, delta_us("4G", &large_bytes));
    }
    row("delta JSON of one step, 64 MiB", small, "us", "", true);
    row("delta JSON of one step, 4 GiB", large, "us", "", true);
    row("  time, 4 GiB / 64 MiB", large / small, "x", "<= 1.5", large <= 1.5 * small);
    row("  bytes, 4 GiB / 64 MiB", (double)large_bytes / (double)small_bytes, "x", "<= 1.5",
        large_bytes * 2 <= small_bytes * 3);
}

/* ---- a timeline of 100,000 steps ---- */

enum { LENGTH = 100000, SEEKS = 500 };

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void bench_timeline(void)
{
    static double ms[SEEKS];
    struct la_prng prng = {3};
    struct lesson l = open_lesson("```json machine\n{\"profile\": \"i386\", \"memory\": \"64M\", \"cpus\": "
                                  "2}\n```\n```c\nstruct page *p[64];\nint i;\n"
                                  "while (1) {\n    i = (i * 5 + 3) & 63;\n    if (p[i]) {\n        __free_pages(p[i], "
                                  "i & 3);\n        p[i] = NULL;\n"
                                  "    } else {\n        p[i] = alloc_pages(GFP_KERNEL, i & 3);\n    }\n}\n```\n");
    struct la_timeline *t = l.timeline;
    double start = now_ms();

    la_timeline_seek(t, LENGTH);
    double ran = now_ms() - start;

    for (int n = 0; n < SEEKS; n++) {
        uint32_t step = la_prng_below(&prng, LENGTH + 1);

        start = now_ms();
        la_timeline_seek(t, step);
        ms[n] = now_ms() - start;
    }
    qsort(ms, SEEKS, sizeof ms[0], by_size);
    row("statements a second, with events and keyframes", (double)LENGTH / ran, "k/s", "", true);
    row("seek to a random step of 100,000, median", ms[SEEKS / 2], "ms", "", true);
    row("seek to a random step of 100,000, 99 of 100 below", ms[SEEKS * 99 / 100], "ms", "<= 16.7",
        ms[SEEKS * 99 / 100] <= 16.7);
    row("keyframes of 100,000 steps", (double)la_timeline_keyframe_bytes(t) / (1 << 20), "MiB", "", true);
    row("state of the machine", (double)la_arena_bytes(t->machine->arena) / (1 << 20), "MiB", "", true);
    close_lesson(&l);
}

/* ---- requests out of a file, for the comparison with WebAssembly ---- */

static char *read_all(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");

    if (!file)
        abort();
    (void)fseek(file, 0, SEEK_END);
    *len = (size_t)ftell(file);
    char *text = malloc(*len + 1);

    (void)fseek(file, 0, SEEK_SET);
    if (!text || fread(text, 1, *len, file) != *len)
        abort();
    text[*len] = '\0';
    (void)fclose(file);
    return text;
}

static void time_requests(const char *path)
{
    size_t len;
    char *text = read_all(path, &len);
    struct la_engine *engine = la_engine_new(la_host_libc());
    double start = now_ms();

    for (char *line = text, *nl; (nl = strchr(line, '\n')); line = nl + 1)
        (void)la_request(engine, line, (size_t)(nl - line), NULL);
    printf("%.3f\n", now_ms() - start);
    la_engine_free(engine);
    free(text);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        time_requests(argv[i]);
    if (argc > 1)
        return 0;
    bench_churn();
    bench_objects();
    bench_delta();
    bench_timeline();
    return 0;
}
