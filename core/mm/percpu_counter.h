/*
 * percpu_counter.h: a counter that is cheap to change on many CPUs and only roughly right to read.
 *
 *     count (shared)      12 000        what percpu_counter_read gives
 *     local of CPU 0          +7        folded into count when it reaches the batch
 *     local of CPU 1         -19        percpu_counter_sum adds them all up
 */
#ifndef LA_MM_PERCPU_COUNTER_H
#define LA_MM_PERCPU_COUNTER_H

#include "mm/mm.h"

struct la_percpu_counter {
    int64_t count;
    uint64_t counters; /* per-CPU pointer to an s32; 0 = not initialised */
};

/** batch: 32, or twice the CPUs if that is more. */
int32_t la_percpu_counter_batch(const struct la_mm *mm);
/** percpu_counter_init: false = -ENOMEM. */
bool la_percpu_counter_init(struct la_mm *mm, struct la_percpu_counter *fbc, int64_t value, la_gfp_t gfp);
void la_percpu_counter_destroy(struct la_mm *mm, struct la_percpu_counter *fbc);
/** percpu_counter_add_batch on the running CPU. */
void la_percpu_counter_add(struct la_mm *mm, struct la_percpu_counter *fbc, int64_t amount, int32_t batch);
void la_percpu_counter_set(struct la_mm *mm, struct la_percpu_counter *fbc, int64_t value);
/** percpu_counter_sum: exact. */
int64_t la_percpu_counter_sum(const struct la_mm *mm, const struct la_percpu_counter *fbc);
/** percpu_counter_compare: -1, 0 or 1; sums up only when the rough value is too close to @rhs. */
int32_t la_percpu_counter_compare(const struct la_mm *mm, const struct la_percpu_counter *fbc, int64_t rhs);

#endif
