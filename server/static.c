/*
 * static.c: the page and its parts, and how any file goes over the wire.
 *
 * Files whose names carry a hash of their content (Vite puts them below assets/) never change and
 * may be kept for ever; everything else is asked for again and answered "not modified" by ETag.
 * Text and WebAssembly go compressed to those who take it.  The page itself is made anew for every
 * reply: it carries the nonce with which the editor may add style sheets.
 */
#include "static.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <zlib.h>

#include "files.h"

enum { COMPRESS_MIN = 1 << 10, COMPRESS_MAX = 16 << 20 };

struct type {
    const char *ending, *type;
    bool compress;
};

static const struct type types[] = {
    {".html", "text/html; charset=utf-8", true},
    {".js", "text/javascript; charset=utf-8", true},
    {".mjs", "text/javascript; charset=utf-8", true},
    {".css", "text/css; charset=utf-8", true},
    {".wasm", "application/wasm", true},
    {".json", "application/json", true},
    {".webmanifest", "application/manifest+json", true},
    {".map", "application/json", true},
    {".svg", "image/svg+xml", true},
    {".md", "text/markdown; charset=utf-8", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".png", "image/png", false},
    {".jpg", "image/jpeg", false},
    {".ico", "image/x-icon", false},
    {".woff2", "font/woff2", false},
    {".woff", "font/woff", false},
};

static struct type type_of(const char *path)
{
    size_t len = strlen(path), ending_len;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        ending_len = strlen(types[i].ending);
        if (len > ending_len && !strcmp(path + len - ending_len, types[i].ending))
            return types[i];
    }
    return (struct type){"", "application/octet-stream", false};
}

/* Does the comma-separated header @list contain @word, not switched off by ";q=0"? */
static bool list_accepts(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; at && (at = strstr(at, word)); at += len) {
        bool starts = at == list || strchr(", \t", at[-1]);
        const char *after = at + len + strspn(at + len, " ");

        if (!starts || !strchr(",; \t", *after))
            continue;
        return strncmp(after, ";q=0", 4) != 0 || (after[4] == '.' && strspn(after + 5, "0") < strcspn(after + 5, ","));
    }
    return false;
}

/* @len bytes as malloc'd gzip, or NULL. */
static unsigned char *compress_gzip(const char *text, size_t len, size_t *out_len)
{
    z_stream z = {0};
    unsigned char *out = NULL;
    uLong size;

    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    size = deflateBound(&z, len);
    out = malloc(size);
    if (out) {
        z.next_in = (z_const Bytef *)text;
        z.avail_in = (uInt)len;
        z.next_out = out;
        z.avail_out = (uInt)size;
        if (deflate(&z, Z_FINISH) != Z_STREAM_END) {
            free(out);
            out = NULL;
        }
        *out_len = z.total_out;
    }
    deflateEnd(&z);
    return out;
}

static struct MHD_Response *compressed_response(int fd, const struct stat *info)
{
    struct MHD_Response *response = NULL;
    unsigned char *gzip;
    size_t len, gzip_len = 0;
    char *text = file_read_all(fd, COMPRESS_MAX, &len);

    gzip = text ? compress_gzip(text, len, &gzip_len) : NULL;
    free(text);
    if (gzip)
        response = MHD_create_response_from_buffer(gzip_len, gzip, MHD_RESPMEM_MUST_FREE);
    if (response) {
        MHD_add_response_header(response, "Content-Encoding", "gzip");
        close(fd);
    } else {
        free(gzip);
        lseek(fd, 0, SEEK_SET);
        response = MHD_create_response_from_fd64((uint64_t)info->st_size, fd);
    }
    return response;
}

enum MHD_Result static_reply(struct http_request *request, int fd, const struct stat *info, const char *path)
{
    const char *known = http_header(request, "If-None-Match");
    struct type type = type_of(path);
    bool gzip = type.compress && info->st_size >= COMPRESS_MIN && info->st_size <= COMPRESS_MAX &&
                list_accepts(http_header(request, "Accept-Encoding"), "gzip");
    struct MHD_Response *response;
    unsigned status = MHD_HTTP_OK;
    char etag[64];

    snprintf(etag, sizeof(etag), "\"%llx-%llx-%lx%s\"", (unsigned long long)info->st_size,
             (unsigned long long)info->st_mtim.tv_sec, (unsigned long)info->st_mtim.tv_nsec, gzip ? "-gz" : "");
    if (known && strstr(known, etag)) {
        status = MHD_HTTP_NOT_MODIFIED;
        close(fd);
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    } else {
        response = gzip ? compressed_response(fd, info) : MHD_create_response_from_fd64((uint64_t)info->st_size, fd);
    }
    if (response) {
        MHD_add_response_header(response, "Content-Type", type.type);
        MHD_add_response_header(response, "ETag", etag);
        MHD_add_response_header(response, "Cache-Control",
                                strncmp(path, "assets/", 7) ? "no-cache" : "public, max-age=31536000, immutable");
        if (type.compress)
            MHD_add_response_header(response, "Vary", "Accept-Encoding");
    }
    return http_reply(request, status, response);
}

/* What stands in index.html in the place of the nonce; web/index.html has the same 32 zeroes. */
static const char no_nonce[] = "00000000000000000000000000000000";
_Static_assert(sizeof(((struct http_request *)0)->style_nonce) == sizeof(no_nonce), "the nonce replaces the zeroes");

static bool make_nonce(struct http_request *request)
{
    unsigned char bits[(sizeof(no_nonce) - 1) / 2];

    if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        return false;
    for (size_t i = 0; i < sizeof(bits); i++)
        snprintf(request->style_nonce + 2 * i, 3, "%02x", bits[i]);
    return true;
}

static enum MHD_Result page_reply(struct http_request *request, int fd)
{
    struct MHD_Response *response = NULL;
    size_t len = 0;
    char *page = file_read_all(fd, COMPRESS_MAX, &len);
    char *place = page ? memmem(page, len, no_nonce, sizeof(no_nonce) - 1) : NULL;

    close(fd);
    if (place && make_nonce(request))
        memcpy(place, request->style_nonce, sizeof(no_nonce) - 1);
    if (page)
        response = MHD_create_response_from_buffer(len, page, MHD_RESPMEM_MUST_FREE);
    if (response)
        MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
    return http_reply(request, MHD_HTTP_OK, response);
}

enum MHD_Result route_static(struct http_request *request)
{
    const char *path = request->captured[0] ? request->captured : "index.html";
    struct stat info;
    int fd = request->server->site ? file_open_below(request->server->site, path, &info) : -1;

    if (fd >= 0 && strcmp(path, "index.html") == 0)
        return page_reply(request, fd);
    if (fd >= 0)
        return static_reply(request, fd, &info, path);
    if (strcmp(path, "index.html") != 0)
        return http_reply_error(request, MHD_HTTP_NOT_FOUND, "not-found", "There is no such file.",
                                "The page is at /, the interface below /api/v1/.");
    return http_reply_error(request, MHD_HTTP_NOT_FOUND, "no-page", "The page has not been built.",
                            "Run `make web`, or name its folder with --site. The interface is below /api/v1/.");
}
