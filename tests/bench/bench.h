/*
 * bench.h: what the benchmarks share: a clock, one row of the table, machines and lessons.
 *
 * Each pair that is compared is measured in turns, several rounds, and the best round of each
 * counts: what else the computer does then disturbs both sides alike or not at all.
 */
#ifndef LA_TESTS_BENCH_H
#define LA_TESTS_BENCH_H

#include "base/prng.h"
#include "lookaside.h"
#include "view/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static inline void row(const char *what, double value, const char *unit, const char *aim, bool good)
{
    printf("%-58s %9.2f %-7s %-12s %s\n", what, value, unit, aim, !aim[0] ? "" : good ? "ok" : "MISSED");
}

static inline struct la_machine *boot(const char *json, struct la_trace *trace)
{
    struct la_machine_config config;
    struct la_diags diags;

    la_diags_init(&diags, la_host_libc());
    (void)la_machine_config_parse(&config, json, strlen(json), 1, &diags);
    struct la_machine *machine = la_machine_new(la_host_libc(), &config, trace, &diags);

    la_diags_free(&diags);
    if (!machine)
        abort();
    return machine;
}

static inline void keep_least(double *best, double ms)
{
    if (*best == 0 || ms < *best)
        *best = ms;
}

/* ---- lessons ---- */

struct lesson {
    struct la_lesson *lesson;
    struct la_timeline *timeline;
};

static inline struct lesson open_lesson(const char *text)
{
    struct lesson l;
    struct la_machine_config config;
    struct la_diags diags;

    la_diags_init(&diags, la_host_libc());
    l.lesson = la_lesson_parse(la_host_libc(), text, strlen(text), &diags);
    (void)la_machine_config_parse(&config, l.lesson->machine, l.lesson->machine_len, 1, &diags);
    l.timeline = la_timeline_new(la_host_libc(), l.lesson, &config, &diags);
    if (!l.timeline || diags.nr_errors) {
        fprintf(stderr, "%s\n", diags.nr ? diags.item[0].message : "no memory");
        abort();
    }
    la_diags_free(&diags);
    return l;
}

static inline void close_lesson(struct lesson *l)
{
    la_timeline_free(l->timeline);
    la_lesson_free(l->lesson);
}

#endif
