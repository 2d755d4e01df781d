/*
 * pool.h: memory of one program: a bump allocator that is freed as a whole, and growing arrays.
 *
 *     pool   [block: used......|free]  ->  [older block]  ->  ...
 *     vec    data, nr, cap             (elements move when it grows: keep indexes, not pointers)
 *
 * When host memory runs out nothing returns NULL in the middle of a sentence of the parser: the
 * pool says `failed`, hands out its spare block, and the compiler stops at the next token.
 */
#ifndef LA_LANG_POOL_H
#define LA_LANG_POOL_H

#include "base/host.h"

#include <stdbool.h>
#include <stdint.h>

enum { LA_POOL_BLOCK_BYTES = 16 * 1024, LA_POOL_SPARE_BYTES = 1024 };

struct la_pool_block;

struct la_pool {
    const struct la_host *host;
    struct la_pool_block *blocks;
    bool failed;
    uint64_t spare[LA_POOL_SPARE_BYTES / sizeof(uint64_t)];
};

/** Take no memory yet. */
void la_pool_init(struct la_pool *pool, const struct la_host *host);
/** Free everything that came from @pool. */
void la_pool_free(struct la_pool *pool);
/** @bytes of zeroed memory, 8-byte aligned; never NULL.  After a failure at most LA_POOL_SPARE_BYTES are usable. */
void *la_pool_alloc(struct la_pool *pool, uint32_t bytes);
/** A copy of @len bytes with a NUL behind; "" after a failure. */
const char *la_pool_text(struct la_pool *pool, const char *text, uint32_t len);

/* A growing array; LA_VEC(struct foo) declares one. */
#define LA_VEC(type)                                                                                                   \
    struct {                                                                                                           \
        type *data;                                                                                                    \
        uint32_t nr, cap;                                                                                              \
    }

/** Make room for one more element of @size bytes; false when memory is out. */
bool la_vec_grow(const struct la_host *host, void **data, uint32_t nr, uint32_t *cap, uint32_t size);

/* Append @value; evaluates to false when memory is out (the array is then as before). */
#define LA_VEC_PUSH(host, vec, value)                                                                                  \
    (la_vec_grow((host), (void **)&(vec)->data, (vec)->nr, &(vec)->cap, (uint32_t)sizeof *(vec)->data)                 \
         ? ((vec)->data[(vec)->nr++] = (value), true)                                                                  \
         : false)

#define LA_VEC_FREE(host, vec)                                                                                         \
    (la_host_free((host), (vec)->data, (size_t)(vec)->cap * sizeof *(vec)->data), (vec)->data = NULL, (vec)->nr = 0,   \
     (vec)->cap = 0)

#endif
