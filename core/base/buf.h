/*
 * buf.h: a growing byte string on host memory.  All texts the core produces end up in one.
 *
 * A buffer never fails loudly in the middle of a sentence: when memory runs out, `failed` is
 * set, further appends do nothing, and the caller checks once at the end.
 * The bytes are always followed by a NUL, so `data` is a C string when the content has none.
 */
#ifndef LA_BASE_BUF_H
#define LA_BASE_BUF_H

#include "base/host.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct la_buf {
    const struct la_host *host;
    char *data;    /* NULL until the first append; use la_buf_str for a C string */
    size_t len;    /* bytes used, without the NUL */
    size_t cap;    /* bytes allocated */
    bool failed;   /* host memory ran out: the content is incomplete */
};

/** An empty buffer on @host.  Takes no memory yet. */
void la_buf_init(struct la_buf *buf, const struct la_host *host);
/** Give the memory back; the buffer is empty and usable again. */
void la_buf_free(struct la_buf *buf);
/** Forget the content, keep the memory. */
void la_buf_clear(struct la_buf *buf);
/** Append @len bytes, which may contain NULs. */
void la_buf_add(struct la_buf *buf, const char *bytes, size_t len);
/** Append a C string. */
void la_buf_puts(struct la_buf *buf, const char *str);
/** Append one byte. */
void la_buf_putc(struct la_buf *buf, char c);
/** Append formatted text (printf rules). */
void la_buf_printf(struct la_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void la_buf_vprintf(struct la_buf *buf, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/** The content as a C string ("" when empty); valid until the next append. */
const char *la_buf_str(const struct la_buf *buf);

#endif
