/*
 * sessions.c: see sessions.h.
 *
 * Two locks, taken in this order and never the other way: the table's, for moments, guards which
 * sessions there are and who refers to them; a session's own is held while its engine works.
 *
 * Memory: an engine gets all of it through its la_host, which here keeps accounts.  A session
 * that wants more than its share is told that memory is out, which engines survive; so one
 * lesson with a huge machine cannot take the server down.
 */
#include "sessions.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "connections.h"
#include "json.h"
#include "lookaside.h"

enum { BUSY_MS = 60 * 1000, EXPIRY_MS = 2 * 3600 * 1000 };

static const size_t SESSION_BYTES_MAX = (size_t)1 << 30; /* of one engine */
static const size_t TOTAL_BYTES_MAX = (size_t)4 << 30;   /* of all together */

struct sessions {
    pthread_mutex_t lock;
    unsigned nr, max;
    bool stopped;
    _Atomic size_t bytes; /* that all engines have */
    struct session **slot;
};

struct session {
    char id[SESSION_ID_SIZE];
    struct sessions *all;
    unsigned references; /* the table's one, and those of callers */
    int64_t used_ms;
    struct stream *stream;

    pthread_mutex_t turn; /* guards what follows */
    struct la_host host;
    size_t bytes;
    struct la_engine *engine;
};

/* --- Memory of engines -------------------------------------------------------------------------------------- */

static bool account(struct session *session, size_t old_bytes, size_t new_bytes)
{
    size_t more = new_bytes - old_bytes;

    if (new_bytes <= old_bytes) {
        session->bytes -= old_bytes - new_bytes;
        atomic_fetch_sub(&session->all->bytes, old_bytes - new_bytes);
        return true;
    }
    if (more > SESSION_BYTES_MAX - session->bytes)
        return false;
    if (atomic_fetch_add(&session->all->bytes, more) + more > TOTAL_BYTES_MAX) {
        atomic_fetch_sub(&session->all->bytes, more);
        return false;
    }
    session->bytes += more;
    return true;
}

static void *counted_resize(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes)
{
    struct session *session = ctx;
    void *result;

    if (!account(session, old_bytes, new_bytes))
        return NULL;
    if (new_bytes == 0) {
        free(ptr);
        return NULL;
    }
    result = realloc(ptr, new_bytes);
    if (!result)
        account(session, new_bytes, old_bytes);
    return result;
}

/* --- One session -------------------------------------------------------------------------------------------- */

static void session_free(struct session *session)
{
    if (session->engine)
        la_engine_free(session->engine);
    if (session->stream)
        stream_put(session->stream);
    pthread_mutex_destroy(&session->turn);
    free(session);
}

static bool make_id(char id[SESSION_ID_SIZE])
{
    unsigned char bits[(SESSION_ID_SIZE - 1) / 2];

    if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        return false;
    for (size_t i = 0; i < sizeof(bits); i++)
        sprintf(id + 2 * i, "%02x", bits[i]);
    return true;
}

static struct session *session_new(struct sessions *all)
{
    struct session *session = calloc(1, sizeof(*session));

    if (!session)
        return NULL;
    pthread_mutex_init(&session->turn, NULL);
    session->all = all;
    session->references = 1;
    session->used_ms = clock_ms();
    session->host = (struct la_host){.resize = counted_resize, .ctx = session};
    session->stream = stream_new();
    session->engine = la_engine_new(&session->host);
    if (session->stream && session->engine && make_id(session->id))
        return session;
    session_free(session);
    return NULL;
}

/* {"op":...,"since":...,"position":...}: what the request said it had, and where the machine now is. */
static char *describe_change(const char *request, size_t request_len, const char *reply, size_t reply_len)
{
    size_t op_len = 4, since_len = 4, result_len, position_len, size;
    const char *result = json_member(reply, reply_len, "result", &result_len);
    const char *position = result ? json_member(result, result_len, "position", &position_len) : NULL;
    const char *op = position ? json_member(request, request_len, "op", &op_len) : NULL;
    const char *since = position ? json_member(request, request_len, "since", &since_len) : NULL;
    char *text;

    if (!position)
        return NULL;
    size = op_len + since_len + position_len + 64;
    text = malloc(size);
    if (text)
        snprintf(text, size, "{\"op\":%.*s,\"since\":%.*s,\"position\":%.*s}", (int)op_len, op ? op : "null",
                 (int)since_len, since ? since : "null", (int)position_len, position);
    return text;
}

char *session_request(struct session *session, const char *json, size_t len, size_t *reply_len)
{
    const char *reply;
    char *copy;

    pthread_mutex_lock(&session->turn);
    reply = la_request(session->engine, json, len, reply_len);
    copy = malloc(*reply_len + 1);
    if (copy)
        memcpy(copy, reply, *reply_len + 1);
    stream_publish(session->stream, "position", describe_change(json, len, reply, *reply_len));
    pthread_mutex_unlock(&session->turn);
    return copy;
}

struct stream *session_stream(struct session *session)
{
    return session->stream;
}

void session_put(struct session *session)
{
    pthread_mutex_lock(&session->all->lock);
    bool last = --session->references == 0;
    pthread_mutex_unlock(&session->all->lock);
    if (last)
        session_free(session);
}

/* --- The table ---------------------------------------------------------------------------------------------- */

struct sessions *sessions_new(unsigned max)
{
    struct sessions *all = calloc(1, sizeof(*all));

    if (!all)
        return NULL;
    pthread_mutex_init(&all->lock, NULL);
    all->max = max;
    all->slot = calloc(max, sizeof(struct session *));
    if (all->slot)
        return all;
    free(all);
    return NULL;
}

void sessions_free(struct sessions *all)
{
    if (!all)
        return;
    for (unsigned i = 0; i < all->nr; i++)
        session_free(all->slot[i]);
    pthread_mutex_destroy(&all->lock);
    free(all->slot);
    free(all);
}

/* Takes session number @i out of the table and returns it; the table's reference is now the caller's. */
static struct session *unlink_slot(struct sessions *all, unsigned i)
{
    struct session *session = all->slot[i];

    all->slot[i] = all->slot[--all->nr];
    return session;
}

static void end_session(struct session *session)
{
    stream_close(session->stream);
    session_put(session);
}

static bool is_in_use(struct session *session)
{
    return session->references > 1 || stream_has_readers(session->stream);
}

/* The session that has gone unused longest, at least @unused_ms, taken out of the table; NULL if there is none. */
static struct session *unlink_oldest(struct sessions *all, int64_t unused_ms)
{
    int64_t limit = clock_ms() - unused_ms;
    unsigned oldest = all->nr;

    for (unsigned i = 0; i < all->nr; i++)
        if (all->slot[i]->used_ms <= limit && !is_in_use(all->slot[i])) {
            limit = all->slot[i]->used_ms;
            oldest = i;
        }
    return oldest < all->nr ? unlink_slot(all, oldest) : NULL;
}

bool sessions_create(struct sessions *all, char id[SESSION_ID_SIZE])
{
    struct session *session = session_new(all), *evicted = NULL;
    bool placed = false;

    if (!session)
        return false;
    pthread_mutex_lock(&all->lock);
    if (all->nr == all->max)
        evicted = unlink_oldest(all, BUSY_MS);
    if (all->nr < all->max && !all->stopped) {
        memcpy(id, session->id, SESSION_ID_SIZE);
        all->slot[all->nr++] = session;
        placed = true;
    }
    pthread_mutex_unlock(&all->lock);
    if (evicted)
        end_session(evicted);
    if (!placed)
        session_free(session);
    return placed;
}

static unsigned find(const struct sessions *all, const char *id)
{
    unsigned i = 0;

    while (i < all->nr && strcmp(all->slot[i]->id, id) != 0)
        i++;
    return i;
}

struct session *sessions_get(struct sessions *all, const char *id)
{
    struct session *session = NULL;
    unsigned i;

    pthread_mutex_lock(&all->lock);
    i = find(all, id);
    if (i < all->nr) {
        session = all->slot[i];
        session->references++;
        session->used_ms = clock_ms();
    }
    pthread_mutex_unlock(&all->lock);
    return session;
}

bool sessions_delete(struct sessions *all, const char *id)
{
    struct session *session = NULL;
    unsigned i;

    pthread_mutex_lock(&all->lock);
    i = find(all, id);
    if (i < all->nr)
        session = unlink_slot(all, i);
    pthread_mutex_unlock(&all->lock);
    if (session)
        end_session(session);
    return session != NULL;
}

void sessions_count(struct sessions *all, unsigned *nr, unsigned *max)
{
    pthread_mutex_lock(&all->lock);
    *nr = all->nr;
    *max = all->max;
    pthread_mutex_unlock(&all->lock);
}

void sessions_tick(struct sessions *all, int64_t now_ms)
{
    struct session *expired;

    pthread_mutex_lock(&all->lock);
    for (unsigned i = 0; i < all->nr; i++)
        stream_tick(all->slot[i]->stream, now_ms);
    expired = unlink_oldest(all, EXPIRY_MS);
    pthread_mutex_unlock(&all->lock);
    if (expired)
        end_session(expired);
}

void sessions_stop(struct sessions *all)
{
    pthread_mutex_lock(&all->lock);
    all->stopped = true;
    for (unsigned i = 0; i < all->nr; i++)
        stream_close(all->slot[i]->stream);
    pthread_mutex_unlock(&all->lock);
}
