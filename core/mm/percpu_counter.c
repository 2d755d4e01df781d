/*
 * percpu_counter.c: count in your own copy, tell the others only now and then.
 *
 *     add(1):  local + 1 < batch  ->  local            no lock, no cache line of somebody else
 *              else               ->  count += local + 1, local = 0
 *
 * Invariant: the true value is count + all locals; each |local| stays below the batch.
 * Cost: add touches one copy; sum touches every CPU's.
 *
 * Source: Linux 6.1.192 lib/percpu_counter.c, include/linux/percpu_counter.h.
 */
#include "mm/percpu_counter.h"

#include "mm/percpu.h"

static int32_t local_read(const struct la_mm *mm, const struct la_percpu_counter *fbc, uint32_t cpu)
{
    unsigned char b[4];

    la_pcpu_read(mm, la_per_cpu_ptr(mm, fbc->counters, cpu), b, 4);
    return (int32_t)((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
}

static void local_write(struct la_mm *mm, const struct la_percpu_counter *fbc, uint32_t cpu, int32_t value)
{
    uint32_t u = (uint32_t)value;
    unsigned char b[4] = {(unsigned char)u, (unsigned char)(u >> 8), (unsigned char)(u >> 16),
                          (unsigned char)(u >> 24)};

    la_pcpu_write(mm, la_per_cpu_ptr(mm, fbc->counters, cpu), b, 4);
}

int32_t la_percpu_counter_batch(const struct la_mm *mm)
{
    return mm->nr_cpus > 16 ? 2 * mm->nr_cpus : 32;
}

bool la_percpu_counter_init(struct la_mm *mm, struct la_percpu_counter *fbc, int64_t value, la_gfp_t gfp)
{
    fbc->count = value;
    fbc->counters = la_alloc_percpu(mm, 4, 4, gfp);
    return fbc->counters != 0;
}

void la_percpu_counter_destroy(struct la_mm *mm, struct la_percpu_counter *fbc)
{
    la_free_percpu(mm, fbc->counters);
    fbc->counters = 0;
}

void la_percpu_counter_add(struct la_mm *mm, struct la_percpu_counter *fbc, int64_t amount, int32_t batch)
{
    int64_t local = (int64_t)((uint64_t)local_read(mm, fbc, mm->cpu) + (uint64_t)amount);

    if (local < batch && local > -(int64_t)batch) {
        local_write(mm, fbc, mm->cpu, (int32_t)local);
        return;
    }
    fbc->count = (int64_t)((uint64_t)fbc->count + (uint64_t)local);
    local_write(mm, fbc, mm->cpu, 0);
    LA_TRACE(mm->trace, PCPU_FOLD, mm->cpu, (uint64_t)local, (uint64_t)fbc->count);
}

void la_percpu_counter_set(struct la_mm *mm, struct la_percpu_counter *fbc, int64_t value)
{
    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
        local_write(mm, fbc, cpu, 0);
    fbc->count = value;
}

int64_t la_percpu_counter_sum(const struct la_mm *mm, const struct la_percpu_counter *fbc)
{
    uint64_t sum = (uint64_t)fbc->count;

    for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
        sum += (uint64_t)(int64_t)local_read(mm, fbc, cpu);
    return (int64_t)sum;
}

int32_t la_percpu_counter_compare(const struct la_mm *mm, const struct la_percpu_counter *fbc, int64_t rhs)
{
    int64_t far = (int64_t)la_percpu_counter_batch(mm) * mm->nr_cpus, count = fbc->count;
    uint64_t apart = count > rhs ? (uint64_t)count - (uint64_t)rhs : (uint64_t)rhs - (uint64_t)count;

    if (apart <= (uint64_t)far)
        count = la_percpu_counter_sum(mm, fbc);
    return count > rhs ? 1 : count < rhs ? -1 : 0;
}
