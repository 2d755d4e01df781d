/*
 * http.c: from a connection to the handler of a route, and back.
 *
 *   connection ──> on_request (headers)  ──> who may ask? which route? body too large? ──> refused at once
 *                  on_request (body ...)  ──> kept, up to HTTP_BODY_MAX
 *                  on_request (complete)  ──> handler ──> http_reply()
 *
 * A few threads share the connections, so that a long engine request holds up only its own
 * thread.  Nothing here knows what a request means.
 *
 * Who may ask: by default the server is bound to loopback, and then a web site elsewhere must
 * not be able to reach it through the user's browser.  A Host header that names anything but this
 * machine is refused (DNS rebinding), and so is a changing request whose Origin is another site.
 */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connections.h"
#include "json.h"
#include "sessions.h"

enum {
    THREADS = 4,
    CONNECTIONS_MAX = 2000,
    CONNECTIONS_PER_ADDRESS_MAX = 1000, /* a class may sit behind one address */
    CONNECTION_MEMORY = 16 << 10,
    IDLE_TIMEOUT_S = 20,
    BACKLOG = 4096,
};

static const struct http_route routes[] = {
#define ROUTE(method, pattern, handler, summary) {method, pattern, handler, summary},
#include "routes.def"
#undef ROUTE
};
enum { NR_ROUTES = sizeof(routes) / sizeof(routes[0]) };

/* --- Replies ------------------------------------------------------------------------------------------------ */

/*
 * Scripts and styles only from here.  The page itself gets a nonce, new with every reply, for the
 * style sheets that the editor makes at run time.  Other sites may frame the page only when it is
 * asked to be embedded.
 */
static void add_content_security_policy(struct http_request *request, struct MHD_Response *response)
{
    bool embed =
        MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, "embed", 5, NULL, NULL) == MHD_YES;
    const char *nonce = request->style_nonce;
    char policy[512];

    snprintf(policy, sizeof(policy),
             "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'%s%s%s; img-src 'self' data: blob:; "
             "font-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
             "form-action 'none'; frame-ancestors %s",
             nonce[0] ? " 'nonce-" : "", nonce, nonce[0] ? "'" : "", embed ? "*" : "'self'");
    MHD_add_response_header(response, "Content-Security-Policy", policy);
}

static void add_common_headers(struct http_request *request, struct MHD_Response *response)
{
    add_content_security_policy(request, response);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
    if (!MHD_get_response_header(response, "Cache-Control"))
        MHD_add_response_header(response, "Cache-Control", "no-store");
}

enum MHD_Result http_reply(struct http_request *request, unsigned status, struct MHD_Response *response)
{
    enum MHD_Result result;

    if (!response)
        return MHD_NO; /* host memory is out: the connection is closed, visibly incomplete */
    add_common_headers(request, response);
    connection_answering(request->connection);
    result = MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result http_reply_json(struct http_request *request, unsigned status, char *json, size_t len)
{
    struct MHD_Response *response;

    if (!json)
        return http_reply_error(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "host-memory",
                                "The server has no memory left for this.", "Close other sessions and try again.");
    response = MHD_create_response_from_buffer(len, json, MHD_RESPMEM_MUST_FREE);
    if (response)
        MHD_add_response_header(response, "Content-Type", "application/json");
    else
        free(json);
    return http_reply(request, status, response);
}

enum MHD_Result http_reply_error(struct http_request *request, unsigned status, const char *code, const char *message,
                                 const char *hint)
{
    char *json = json_error(code, message, hint);

    return json ? http_reply_json(request, status, json, strlen(json)) : MHD_NO;
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* --- Routes ------------------------------------------------------------------------------------------------- */

/* Does @path fit @pattern?  What `*` or `**` stands for goes to @captured. */
static bool pattern_fits(const char *pattern, const char *path, char *captured)
{
    const char *star = strchr(pattern, '*');
    size_t prefix = star ? (size_t)(star - pattern) : strlen(pattern), len;

    captured[0] = '\0';
    if (strncmp(pattern, path, prefix) != 0)
        return false;
    if (!star)
        return path[prefix] == '\0';
    path += prefix;
    if (star[1] == '*') {
        len = strlen(path);
    } else {
        len = strcspn(path, "/");
        if (len == 0 || strcmp(path + len, star + 1) != 0)
            return false;
    }
    if (len >= HTTP_PATH_MAX)
        return false;
    memcpy(captured, path, len);
    captured[len] = '\0';
    return true;
}

static bool method_fits(const char *route, const char *asked)
{
    return !strcmp(route, asked) || (!strcmp(route, "GET") && !strcmp(asked, "HEAD"));
}

/* Sets request->route; if there is none, the methods that the path would allow are in @allow. */
static void find_route(struct http_request *request, const char *method, const char *path, char *allow, size_t size)
{
    bool is_catch_all;

    allow[0] = '\0';
    for (size_t i = 0; i < NR_ROUTES; i++) {
        is_catch_all = !strcmp(routes[i].pattern, "/**");
        if ((is_catch_all && (allow[0] || !strncmp(path, "/api/", 5))) ||
            !pattern_fits(routes[i].pattern, path, request->captured))
            continue;
        if (method_fits(routes[i].method, method)) {
            request->route = &routes[i];
            return;
        }
        snprintf(allow + strlen(allow), size - strlen(allow), "%s%s", allow[0] ? ", " : "", routes[i].method);
    }
}

static enum MHD_Result refuse_without_route(struct http_request *request, const char *allow)
{
    struct MHD_Response *response;
    char *json;

    if (!allow[0])
        return http_reply_error(request, MHD_HTTP_NOT_FOUND, "not-found", "There is nothing at this address.",
                                "The page is at /, the interface below /api/v1/.");
    json = json_error("method", "This address does not know that method.", allow);
    response = json ? MHD_create_response_from_buffer(strlen(json), json, MHD_RESPMEM_MUST_FREE) : NULL;
    if (response) {
        MHD_add_response_header(response, "Content-Type", "application/json");
        MHD_add_response_header(response, "Allow", allow);
    }
    return http_reply(request, MHD_HTTP_METHOD_NOT_ALLOWED, response);
}

/* --- Who may ask -------------------------------------------------------------------------------------------- */

/* Is @authority ("name" or "name:port") this machine at our port? */
static bool is_loopback_authority(const struct server *server, const char *authority)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    char port[8];
    size_t len;

    snprintf(port, sizeof(port), ":%u", (unsigned)server->port);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        len = strlen(names[i]);
        if (strncasecmp(authority, names[i], len) != 0)
            continue;
        if (!strcmp(authority + len, port) || (server->port == 80 && authority[len] == '\0'))
            return true;
    }
    return false;
}

/* A request that changes something must come from our own page, or from no page at all. */
static bool origin_is_ours(const struct http_request *request, const char *host)
{
    const char *origin = http_header(request, "Origin"), *site = http_header(request, "Sec-Fetch-Site");
    const char *authority = origin ? strstr(origin, "://") : NULL;

    if (site && !strcmp(site, "cross-site"))
        return false;
    if (!origin)
        return true;
    if (!authority)
        return false;
    authority += 3;
    return request->server->loopback ? is_loopback_authority(request->server, authority) : !strcasecmp(authority, host);
}

/* Answers and returns true if the request must not be served. */
static bool refuse_stranger(struct http_request *request, const char *method, enum MHD_Result *result)
{
    const char *host = http_header(request, "Host");
    bool changes = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;

    if (!host) {
        *result = http_reply_error(request, MHD_HTTP_BAD_REQUEST, "no-host", "The request has no Host header.", NULL);
        return true;
    }
    if (request->server->loopback && !is_loopback_authority(request->server, host)) {
        *result = http_reply_error(request, MHD_HTTP_FORBIDDEN, "wrong-host",
                                   "This server answers only under the name of this machine.",
                                   "Use http://127.0.0.1 or http://localhost with its port, or start it with --bind.");
        return true;
    }
    if (changes && !origin_is_ours(request, host)) {
        *result = http_reply_error(request, MHD_HTTP_FORBIDDEN, "wrong-origin",
                                   "A page of another site may not change anything here.",
                                   "Open the page from this server itself.");
        return true;
    }
    return false;
}

/* --- The life of a request ---------------------------------------------------------------------------------- */

static enum MHD_Result refuse_large_body(struct http_request *request)
{
    return http_reply_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "too-large", "A request may have 16 MiB at most.",
                            NULL);
}

/* The headers are here: refuse what can be refused already, else wait for the body. */
static enum MHD_Result begin(struct http_request *request, const char *method, const char *url)
{
    const char *length = http_header(request, "Content-Length");
    enum MHD_Result result;
    char allow[64];

    if (refuse_stranger(request, method, &result))
        return result;
    find_route(request, method, url, allow, sizeof(allow));
    if (!request->route)
        return refuse_without_route(request, allow);
    if (length && strtoull(length, NULL, 10) > HTTP_BODY_MAX)
        return refuse_large_body(request);
    return MHD_YES;
}

/* Keeps a piece of the body.  What is beyond the limit is read and dropped, so that 413 can be sent. */
static bool keep_body(struct http_request *request, const char *data, size_t len)
{
    size_t size = request->body_size ? request->body_size : 4096;
    char *bigger;

    if (request->too_large || len > HTTP_BODY_MAX - request->body_len) {
        request->too_large = true;
        return true;
    }
    while (size <= request->body_len + len)
        size *= 2;
    if (size != request->body_size) {
        bigger = realloc(request->body, size);
        if (!bigger)
            return false;
        request->body = bigger;
        request->body_size = size;
    }
    memcpy(request->body + request->body_len, data, len);
    request->body_len += len;
    request->body[request->body_len] = '\0';
    return true;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_len, void **request_cls)
{
    struct http_request *request = *request_cls;

    (void)version;
    if (!request) {
        request = calloc(1, sizeof(*request));
        if (!request)
            return MHD_NO;
        request->server = cls;
        request->connection = connection;
        *request_cls = request;
        return begin(request, method, url);
    }
    if (*upload_len) {
        if (!keep_body(request, upload, *upload_len))
            return MHD_NO;
        *upload_len = 0;
        return MHD_YES;
    }
    if (request->too_large)
        return refuse_large_body(request);
    if (!keep_body(request, "", 0))
        return MHD_NO;
    return request->route->handler(request);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request_cls,
                         enum MHD_RequestTerminationCode how)
{
    struct http_request *request = *request_cls;

    (void)cls;
    (void)how;
    if (request) {
        free(request->body);
        free(request);
    }
    *request_cls = NULL;
    connection_idle(connection);
}

/* --- Start and stop ----------------------------------------------------------------------------------------- */

/* A client that goes away in the middle is ordinary life and not worth a line. */
__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *format, va_list arguments)
{
    char line[256];

    (void)cls;
    vsnprintf(line, sizeof(line), format, arguments);
    if (!strstr(line, "Failed to send") && !strstr(line, "closed"))
        fprintf(stderr, "lookaside: http: %s%s", line, strchr(line, '\n') ? "" : "\n");
}

static bool parse_address(const char *text, uint16_t port, struct sockaddr_storage *out, bool *loopback)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, strcmp(text, "localhost") ? text : "127.0.0.1", &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof(v4));
        *loopback = (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(out, &v6, sizeof(v6));
        *loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
        return true;
    }
    return false;
}

bool http_start(struct server *server, uint16_t options_port, char *error, size_t error_size)
{
    const union MHD_DaemonInfo *info;
    struct sockaddr_storage address;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

    if (!parse_address(server->bind, options_port, &address, &server->loopback)) {
        snprintf(error, error_size, "\"%s\" is not an IP address to listen on", server->bind);
        return false;
    }
    if (address.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    server->daemon = MHD_start_daemon(
        flags, options_port, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_PER_ADDRESS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, connections_notify,
        server->connections, MHD_OPTION_END);
    if (!server->daemon) {
        snprintf(error, error_size, "cannot listen on %s port %u: %s", server->bind, (unsigned)options_port,
                 errno ? strerror(errno) : "the address is not available");
        return false;
    }
    info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    server->port = info ? info->port : options_port;
    return true;
}

void http_stop(struct server *server)
{
    MHD_socket listener = MHD_quiesce_daemon(server->daemon);

    sessions_stop(server->sessions);
    MHD_stop_daemon(server->daemon);
    if (listener != MHD_INVALID_SOCKET)
        close(listener);
}
