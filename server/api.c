/*
 * api.c: the routes of sessions and of the server itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "connections.h"
#include "http.h"
#include "json.h"
#include "lookaside.h"
#include "sessions.h"

static enum MHD_Result reply_object(struct http_request *request, unsigned status, cJSON *object)
{
    char *text = json_text(object);

    return http_reply_json(request, status, text, text ? strlen(text) : 0);
}

static enum MHD_Result reply_no_session(struct http_request *request)
{
    return http_reply_error(request, MHD_HTTP_NOT_FOUND, "no-session", "There is no such session, or it has ended.",
                            "Start one with POST /api/v1/sessions.");
}

enum MHD_Result route_status(struct http_request *request)
{
    cJSON *object = cJSON_CreateObject();
    unsigned nr, max;

    sessions_count(request->server->sessions, &nr, &max);
    cJSON_AddStringToObject(object, "name", "lookaside");
    cJSON_AddStringToObject(object, "version", la_version());
    cJSON_AddNumberToObject(object, "sessions", nr);
    cJSON_AddNumberToObject(object, "sessions_max", max);
    cJSON_AddNumberToObject(object, "uptime_seconds", (double)((clock_ms() - request->server->started_ms) / 1000));
    return reply_object(request, MHD_HTTP_OK, object);
}

enum MHD_Result route_session_create(struct http_request *request)
{
    cJSON *object;
    char id[SESSION_ID_SIZE];

    if (!sessions_create(request->server->sessions, id))
        return http_reply_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too-many-sessions",
                                "All places on this server are taken.",
                                "Try again in a minute, end a session with DELETE, or use the engine in the browser.");
    object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "session", id);
    return reply_object(request, MHD_HTTP_CREATED, object);
}

enum MHD_Result route_session_request(struct http_request *request)
{
    struct session *session;
    size_t len = 0;
    char *reply;

    if (request->body_len == 0)
        return http_reply_error(request, MHD_HTTP_BAD_REQUEST, "empty", "The request has no body.",
                                "Send one engine request as JSON, for example {\"id\":1,\"op\":\"hello\"}.");
    session = sessions_get(request->server->sessions, request->captured);
    if (!session)
        return reply_no_session(request);
    reply = session_request(session, request->body, request->body_len, &len);
    session_put(session);
    return http_reply_json(request, MHD_HTTP_OK, reply, len);
}

enum MHD_Result route_session_delete(struct http_request *request)
{
    if (!sessions_delete(request->server->sessions, request->captured))
        return reply_no_session(request);
    return http_reply(request, MHD_HTTP_NO_CONTENT, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

/* The number of the last event the client has seen: from the header that browsers send, or for a first connection
 * from ?last= in the address.  Returns false if there is one but it is no number. */
static bool read_last_event(struct http_request *request, uint64_t *last, bool *given)
{
    const char *text = http_header(request, "Last-Event-ID");
    char *end;

    if (!text)
        text = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "last");
    *given = text != NULL;
    if (!text)
        return true;
    errno = 0;
    *last = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

enum MHD_Result route_session_events(struct http_request *request)
{
    struct session *session;
    enum MHD_Result result;
    uint64_t last = 0;
    bool given;

    if (!read_last_event(request, &last, &given))
        return http_reply_error(request, MHD_HTTP_BAD_REQUEST, "bad-event-id", "Last-Event-ID is not a number.",
                                "Leave it out to get only what happens from now on.");
    session = sessions_get(request->server->sessions, request->captured);
    if (!session)
        return reply_no_session(request);
    result = stream_serve(session_stream(session), request, given ? &last : NULL);
    session_put(session);
    return result;
}
