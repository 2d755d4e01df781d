/*
 * static.h: sending a file.
 */
#ifndef LA_SERVER_STATIC_H
#define LA_SERVER_STATIC_H

#include <sys/stat.h>

#include "http.h"

/** Answer with the open file @fd, described by @info, as what the ending of @path says.  Takes @fd. */
enum MHD_Result static_reply(struct http_request *request, int fd, const struct stat *info, const char *path);

#endif
