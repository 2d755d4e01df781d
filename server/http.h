/*
 * http.h: what the handlers of routes.def see of the HTTP server.
 *
 * A handler is called once per request, when its body has arrived completely.  It answers by
 * returning what one of the http_reply_* functions returns.  Handlers run on several threads.
 */
#ifndef LA_SERVER_HTTP_H
#define LA_SERVER_HTTP_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_BODY_MAX = 16 << 20, /* bytes of a request body; larger ones get 413 */
    HTTP_PATH_MAX = 512,      /* bytes of the part of a path that a route captures */
};

struct sessions;
struct connections;

/* Everything a running server knows.  Set up by `serve`, read-only afterwards but for its parts' own locks. */
struct server {
    const char *bind;      /* the address as given, for messages */
    _Atomic uint16_t port; /* the port that was really taken; known a moment after the threads start */
    bool loopback;         /* only reachable from this machine: then Host is checked against DNS rebinding */
    const char *site;      /* folder of the page, or NULL */
    const char *lessons;   /* folder of the lessons, or NULL */
    int64_t started_ms;
    struct sessions *sessions;
    struct connections *connections;
    struct MHD_Daemon *daemon;
};

struct http_request {
    struct server *server;
    struct MHD_Connection *connection;
    const struct http_route *route;
    char captured[HTTP_PATH_MAX]; /* what `*` or `**` of the route's pattern stands for */
    char *body;                   /* never NULL in a handler; body[body_len] is 0 */
    size_t body_len;
    size_t body_size;
    bool too_large;
    char style_nonce[33];         /* of the page being sent: who knows it may add style sheets; "" = nobody */
};

typedef enum MHD_Result http_handler(struct http_request *request);

/* One row of routes.def. */
struct http_route {
    const char *method, *pattern;
    http_handler *handler;
    const char *summary;
};

#define ROUTE(method, pattern, handler, summary) http_handler handler;
#include "routes.def"
#undef ROUTE

/** Start listening.  @options_port 0 takes any free port.  Returns false with a reason in @error. */
bool http_start(struct server *server, uint16_t options_port, char *error, size_t error_size);

/** End all streams, then stop.  Blocks until every thread is gone. */
void http_stop(struct server *server);

/** Send @json of @len bytes with @status.  Takes @json, which came from malloc; NULL answers 500. */
enum MHD_Result http_reply_json(struct http_request *request, unsigned status, char *json, size_t len);

/** Send {"code","message","hint"}; @hint may be NULL. */
enum MHD_Result http_reply_error(struct http_request *request, unsigned status, const char *code, const char *message,
                                 const char *hint);

/** Add the headers every reply has and send @response, which is given away.  NULL answers 500. */
enum MHD_Result http_reply(struct http_request *request, unsigned status, struct MHD_Response *response);

/** A header of the request, or NULL. */
const char *http_header(const struct http_request *request, const char *name);

#endif
