/* buf.c: growing byte string; doubles its room, so appending is cheap on average. */
#include "base/buf.h"

#include "base/bits.h"

#include <stdio.h>
#include <string.h>

void la_buf_init(struct la_buf *buf, const struct la_host *host)
{
    *buf = (struct la_buf){.host = host};
}

void la_buf_free(struct la_buf *buf)
{
    la_host_free(buf->host, buf->data, buf->cap);
    la_buf_init(buf, buf->host);
}

void la_buf_clear(struct la_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

/* More room, for @more bytes and the NUL. */
static LA_RARE bool grow(struct la_buf *buf, size_t more)
{
    if (buf->failed)
        return false;
    if (more > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + more + 1, cap = buf->cap ? buf->cap : 64;

    while (cap < need)
        cap *= 2;
    char *data = buf->host->resize(buf->host->ctx, buf->data, buf->cap, cap);

    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

/* Make room for @more bytes and the NUL. */
static inline bool reserve(struct la_buf *buf, size_t more)
{
    return (more < buf->cap - buf->len && !buf->failed) || grow(buf, more);
}

void la_buf_add(struct la_buf *buf, const char *bytes, size_t len)
{
    if (len == 0 || !reserve(buf, len))
        return;
    memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void la_buf_puts(struct la_buf *buf, const char *str)
{
    la_buf_add(buf, str, strlen(str));
}

void la_buf_putc(struct la_buf *buf, char c)
{
    if (!reserve(buf, 1))
        return;
    buf->data[buf->len++] = c;
    buf->data[buf->len] = '\0';
}

void la_buf_vprintf(struct la_buf *buf, const char *fmt, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, ap);

    if (len > 0 && reserve(buf, (size_t)len)) {
        (void)vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void la_buf_printf(struct la_buf *buf, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    la_buf_vprintf(buf, fmt, ap);
    va_end(ap);
}

const char *la_buf_str(const struct la_buf *buf)
{
    return buf->data ? buf->data : "";
}
