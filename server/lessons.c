/*
 * lessons.c: the lessons on this server: Markdown files below one folder, NN-part/NN-name.md.
 *
 * Their order is that of their paths.  The folder is read for every request: it is small, and an
 * author who saves a file sees it at once.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "http.h"
#include "json.h"
#include "static.h"

enum { DEPTH_MAX = 4, TITLE_BYTES = 4096 };

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The first heading of a file, or its path if it has none. */
static void add_lesson(cJSON *list, const char *folder, const char *path)
{
    char text[TITLE_BYTES + 1];
    struct stat info;
    int fd = file_open_below(folder, path, &info);
    ssize_t len = fd >= 0 ? read(fd, text, TITLE_BYTES) : -1;
    char *title = text;
    cJSON *lesson;

    if (fd >= 0)
        close(fd);
    if (len < 0)
        return;
    text[len] = '\0';
    while (title && strncmp(title, "# ", 2) != 0) {
        title = strchr(title, '\n');
        if (title)
            title++;
    }
    if (title)
        title[strcspn(title, "\r\n")] = '\0';
    lesson = cJSON_CreateObject();
    cJSON_AddStringToObject(lesson, "path", path);
    cJSON_AddStringToObject(lesson, "title", title ? title + 2 : path);
    cJSON_AddItemToArray(list, lesson);
}

/* Adds what is in folder/@below ("" or "part/"), in order. */
static void add_folder(cJSON *list, const char *folder, const char *below, int depth)
{
    char path[HTTP_PATH_MAX], full[4096];
    struct dirent **entries;
    size_t len;
    int nr;

    snprintf(full, sizeof(full), "%s/%s", folder, below);
    nr = scandir(full, &entries, is_visible, alphasort);
    for (int i = 0; i < nr; i++) {
        len = (size_t)snprintf(path, sizeof(path), "%s%s", below, entries[i]->d_name);
        if (len + 1 < sizeof(path)) {
            if (len > 3 && !strcmp(path + len - 3, ".md")) {
                add_lesson(list, folder, path);
            } else if (depth < DEPTH_MAX && entries[i]->d_type == DT_DIR) {
                strcat(path, "/");
                add_folder(list, folder, path, depth + 1);
            }
        }
        free(entries[i]);
    }
    if (nr >= 0)
        free(entries);
}

enum MHD_Result route_lesson_list(struct http_request *request)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(object, "lessons");
    char *text;

    if (list && request->server->lessons)
        add_folder(list, request->server->lessons, "", 0);
    text = json_text(object);
    return http_reply_json(request, MHD_HTTP_OK, text, text ? strlen(text) : 0);
}

enum MHD_Result route_lesson(struct http_request *request)
{
    const char *path = request->captured;
    size_t len = strlen(path);
    struct stat info;
    int fd = -1;

    if (request->server->lessons && len > 3 && !strcmp(path + len - 3, ".md"))
        fd = file_open_below(request->server->lessons, path, &info);
    if (fd >= 0)
        return static_reply(request, fd, &info, path);
    return http_reply_error(request, MHD_HTTP_NOT_FOUND, "no-lesson", "There is no such lesson on this server.",
                            "GET /api/v1/lessons lists those there are.");
}
