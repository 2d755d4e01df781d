/* host.c: the default host, and two helpers every module uses. */
#include "base/host.h"

#include <stdlib.h>
#include <string.h>

static void *libc_resize(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes)
{
    (void)ctx;
    (void)old_bytes;
    if (new_bytes == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, new_bytes);
}

const struct la_host *la_host_libc(void)
{
    static const struct la_host host = {libc_resize, NULL};

    return &host;
}

void *la_host_alloc(const struct la_host *host, size_t bytes)
{
    void *ptr = host->resize(host->ctx, NULL, 0, bytes);

    if (ptr)
        memset(ptr, 0, bytes);
    return ptr;
}

void la_host_free(const struct la_host *host, void *ptr, size_t bytes)
{
    if (ptr)
        (void)host->resize(host->ctx, ptr, bytes, 0);
}
