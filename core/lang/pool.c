/* pool.c: bump blocks and growing arrays; pool.h says why they never fail loudly. */
#include "lang/pool.h"

#include <string.h>

struct la_pool_block {
    struct la_pool_block *next;
    size_t bytes, used; /* with this header */
};

enum { HEADER_BYTES = (sizeof(struct la_pool_block) + 7) & ~(size_t)7 };

void la_pool_init(struct la_pool *pool, const struct la_host *host)
{
    memset(pool, 0, sizeof *pool);
    pool->host = host;
}

void la_pool_free(struct la_pool *pool)
{
    for (struct la_pool_block *b = pool->blocks, *next; b; b = next) {
        next = b->next;
        la_host_free(pool->host, b, b->bytes);
    }
    la_pool_init(pool, pool->host);
}

static struct la_pool_block *block_new(struct la_pool *pool, size_t need)
{
    size_t bytes = need + HEADER_BYTES > LA_POOL_BLOCK_BYTES ? need + HEADER_BYTES : LA_POOL_BLOCK_BYTES;
    struct la_pool_block *b = pool->failed ? NULL : la_host_alloc(pool->host, bytes);

    if (!b) {
        pool->failed = true;
        return NULL;
    }
    b->bytes = bytes;
    b->used = HEADER_BYTES;
    b->next = pool->blocks;
    pool->blocks = b;
    return b;
}

void *la_pool_alloc(struct la_pool *pool, uint32_t bytes)
{
    size_t need = ((size_t)bytes + 7) & ~(size_t)7;
    struct la_pool_block *b = pool->blocks;

    if (!b || b->bytes - b->used < need)
        b = block_new(pool, need);
    if (!b) {
        memset(pool->spare, 0, sizeof pool->spare);
        return pool->spare;
    }
    void *ptr = (char *)b + b->used;

    b->used += need;
    return ptr;
}

const char *la_pool_text(struct la_pool *pool, const char *text, uint32_t len)
{
    char *copy = la_pool_alloc(pool, len + 1);

    if (pool->failed)
        return "";
    memcpy(copy, text, len);
    return copy;
}

bool la_vec_grow(const struct la_host *host, void **data, uint32_t nr, uint32_t *cap, uint32_t size)
{
    if (nr < *cap)
        return true;
    uint32_t wanted = *cap ? *cap * 2 : 16;
    void *bigger;

    if (wanted < *cap || (uint64_t)wanted * size > UINT32_MAX)
        return false;
    bigger = host->resize(host->ctx, *data, (size_t)*cap * size, (size_t)wanted * size);
    if (!bigger)
        return false;
    *data = bigger;
    *cap = wanted;
    return true;
}
