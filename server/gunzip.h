/*
 * gunzip.h: compressed input.
 */
#ifndef LA_SERVER_GUNZIP_H
#define LA_SERVER_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>

/** Does it begin as gzip data does? */
bool is_gzip(const char *data, size_t len);

/** Unpack to malloc'd bytes with a NUL behind them, @max at most; NULL with the reason in *@error. */
char *gunzip(const char *data, size_t len, size_t max, size_t *out_len, const char **error);

#endif
