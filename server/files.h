/*
 * files.h: reading files below a folder, and nothing outside it.
 */
#ifndef LA_SERVER_FILES_H
#define LA_SERVER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/**
 * Open the regular file @path below @folder for reading and describe it in @info.
 * Refuses (-1) everything that could lead out: "..", hidden and empty parts, absolute paths,
 * back-slashes, and a symbolic link as the last part.
 */
int file_open_below(const char *folder, const char *path, struct stat *info);

/** All of @fd as malloc'd bytes with a NUL behind them, at most @max; NULL with errno set. */
char *file_read_all(int fd, size_t max, size_t *len);

#endif
