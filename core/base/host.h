/*
 * host.h: what the core asks of the program that hosts it: memory, and nothing else.
 *
 * The core makes no OS call.  Memory comes through one realloc-shaped function, so that a
 * host can count it, bound it, or make it fail (tests do).  Time and randomness are inputs:
 * ticks are simulated and seeds are written in the lesson.
 */
#ifndef LA_BASE_HOST_H
#define LA_BASE_HOST_H

#include <stddef.h>

struct la_host {
    /**
     * Like realloc: @ptr NULL allocates, @new_bytes 0 frees and returns NULL.
     * @old_bytes is the size the block was asked with.  Returns NULL when memory is out; the
     * old block is then untouched.
     */
    void *(*resize)(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes);
    void *ctx;
};

/** A host on malloc/realloc/free of the C library.  The returned struct has static storage. */
const struct la_host *la_host_libc(void);

/** Zeroed memory of @bytes from @host, or NULL.  Free with la_host_free and the same size. */
void *la_host_alloc(const struct la_host *host, size_t bytes);

/** Give @ptr of @bytes back.  NULL is allowed. */
void la_host_free(const struct la_host *host, void *ptr, size_t bytes);

#endif
