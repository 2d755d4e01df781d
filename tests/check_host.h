/*
 * check_host.h: a host for tests: counts, checks sizes, and fails when told to.
 *
 *     block   [ size | magic ][ bytes the core sees ... ]
 *
 * Every block remembers its size, so a free or resize that names another size is noticed, and what
 * is still alive at the end is a leak.  `fail_at` = n makes the n-th allocation fail (once), or all
 * from the n-th on with `fail_forever`: that is how a test walks through every point at which
 * memory can run out.
 */
#ifndef LA_TESTS_CHECK_HOST_H
#define LA_TESTS_CHECK_HOST_H

#include "base/host.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_host {
    struct la_host host;
    uint64_t nr_allocations;  /* asked for so far, granted or not */
    uint64_t fail_at;         /* 0 = never */
    bool fail_forever;        /* ... and everything after it */
    uint64_t live_blocks, live_bytes, peak_bytes;
    uint64_t mistakes;        /* wrong sizes, wild frees */
};

struct check_block {
    uint64_t bytes, magic;
};

#define CHECK_MAGIC UINT64_C(0x4C6F6F6B61736964)

static inline bool check_host_refuses(struct check_host *check)
{
    uint64_t n = ++check->nr_allocations;

    return check->fail_at && (n == check->fail_at || (check->fail_forever && n > check->fail_at));
}

static inline void *check_host_resize(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes)
{
    struct check_host *check = ctx;
    struct check_block *old = ptr ? (struct check_block *)ptr - 1 : NULL;

    if (old && (old->magic != CHECK_MAGIC || old->bytes != old_bytes)) {
        fprintf(stderr, "check_host: a block of %llu bytes was given back as %llu\n", (unsigned long long)old->bytes,
                (unsigned long long)old_bytes);
        check->mistakes++;
    }
    if (new_bytes && check_host_refuses(check))
        return NULL;
    struct check_block *fresh = NULL;

    if (new_bytes) {
        fresh = malloc(sizeof *fresh + new_bytes);
        if (!fresh)
            return NULL;
        *fresh = (struct check_block){new_bytes, CHECK_MAGIC};
        memset(fresh + 1, 0xA5, new_bytes < 65536 ? new_bytes : 65536); /* nobody may count on zeroes */
        check->live_blocks++;
        check->live_bytes += new_bytes;
        if (check->live_bytes > check->peak_bytes)
            check->peak_bytes = check->live_bytes;
    }
    if (old) {
        if (fresh)
            memcpy(fresh + 1, ptr, old->bytes < new_bytes ? old->bytes : new_bytes);
        check->live_blocks--;
        check->live_bytes -= old->bytes;
        old->magic = 0;
        free(old);
    }
    return fresh ? fresh + 1 : NULL;
}

/** Get @check ready: nothing allocated, never failing. */
static inline void check_host_init(struct check_host *check)
{
    *check = (struct check_host){.host = {check_host_resize, check}};
}

/** True when everything was given back, with the right sizes. */
static inline bool check_host_clean(const struct check_host *check)
{
    return check->live_blocks == 0 && check->live_bytes == 0 && check->mistakes == 0;
}

#endif
