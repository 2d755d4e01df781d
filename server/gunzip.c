/*
 * gunzip.c: see gunzip.h.  Members one after the other, as gzip allows, are one text.
 */
#include "gunzip.h"

#include <stdlib.h>
#include <zlib.h>

bool is_gzip(const char *data, size_t len)
{
    return len > 2 && (unsigned char)data[0] == 0x1f && (unsigned char)data[1] == 0x8b;
}

/* Makes room for more output in *@text of *@size bytes, up to @max. */
static bool grow(char **text, size_t *size, size_t max)
{
    size_t bigger_size = *size ? *size * 2 : 1 << 16;
    char *bigger;

    if (*size > max)
        return false;
    bigger = realloc(*text, bigger_size);
    if (!bigger)
        return false;
    *text = bigger;
    *size = bigger_size;
    return true;
}

/* Unpacks everything; returns what is wrong, or NULL. */
static const char *inflate_all(z_stream *z, char **text, size_t *used, size_t max)
{
    size_t size = 0;
    int result;

    do {
        if (size - *used < 2 && !grow(text, &size, max))
            return "it is too large when unpacked";
        size_t room = size - *used - 1 < 1 << 30 ? size - *used - 1 : 1 << 30;

        z->next_out = (Bytef *)*text + *used;
        z->avail_out = (uInt)room;
        result = inflate(z, Z_NO_FLUSH);
        *used += room - z->avail_out;
        if (result == Z_STREAM_END && z->avail_in > 0)
            result = inflateReset(z);
        if (result != Z_OK && result != Z_STREAM_END)
            return result == Z_BUF_ERROR ? "the compressed data ends too early" : "the compressed data is damaged";
    } while (result != Z_STREAM_END);
    (*text)[*used] = '\0';
    return NULL;
}

char *gunzip(const char *data, size_t len, size_t max, size_t *out_len, const char **error)
{
    z_stream z = {.next_in = (z_const Bytef *)data, .avail_in = (uInt)len};
    char *text = NULL;

    *out_len = 0;
    *error = "there is no memory left";
    if (len > (uInt)-1 || inflateInit2(&z, 15 + 16) != Z_OK)
        return NULL;
    *error = inflate_all(&z, &text, out_len, max);
    inflateEnd(&z);
    if (*error) {
        free(text);
        return NULL;
    }
    return text;
}
