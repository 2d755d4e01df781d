/*
 * files.c: see files.h.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every part between slashes must be an ordinary name. */
static bool is_plain_path(const char *path)
{
    do {
        size_t len = strcspn(path, "/");

        if (len == 0 || path[0] == '.' || memchr(path, '\\', len))
            return false;
        path += len;
    } while (*path++ == '/');
    return true;
}

int file_open_below(const char *folder, const char *path, struct stat *info)
{
    char full[PATH_MAX];
    int fd;

    if (!is_plain_path(path) || snprintf(full, sizeof(full), "%s/%s", folder, path) >= (int)sizeof(full))
        return -1;
    fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (fstat(fd, info) == 0 && S_ISREG(info->st_mode))
        return fd;
    close(fd);
    return -1;
}

char *file_read_all(int fd, size_t max, size_t *len)
{
    size_t size = 1 << 16, used = 0;
    char *text = malloc(size), *bigger;
    ssize_t nr = 1;

    while (text) {
        nr = read(fd, text + used, size - used - 1);
        if (nr < 0 && errno == EINTR)
            continue;
        if (nr <= 0)
            break;
        used += (size_t)nr;
        if (used > max) {
            errno = EFBIG;
            nr = -1;
            break;
        }
        if (used + 1 == size) {
            bigger = realloc(text, size *= 2);
            if (!bigger)
                free(text);
            text = bigger;
        }
    }
    if (!text || nr < 0) {
        free(text);
        return NULL;
    }
    text[used] = '\0';
    *len = used;
    return text;
}
