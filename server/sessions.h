/*
 * sessions.h: engines that belong to somebody.
 *
 * A session is one engine, one lock that makes its requests take turns, and one stream of what
 * changed.  Its id is 128 random bits and is all one needs to use it.
 *
 * Sessions are bounded in number and in memory.  One that nobody has used for two hours ends; when
 * all places are taken, the one longest unused makes room, unless it was used in the last minute.
 */
#ifndef LA_SERVER_SESSIONS_H
#define LA_SERVER_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sse.h"

enum { SESSION_ID_SIZE = 33 }; /* 32 hex digits and a NUL */

struct sessions;
struct session;

/** A table of at most @max sessions, or NULL. */
struct sessions *sessions_new(unsigned max);

/** Only after every session that was got has been put. */
void sessions_free(struct sessions *all);

/** Start a session and write its id.  Returns false when all places are taken by busy ones or memory is out. */
bool sessions_create(struct sessions *all, char id[SESSION_ID_SIZE]);

/** The session @id with a reference for the caller (session_put), or NULL. */
struct session *sessions_get(struct sessions *all, const char *id);
void session_put(struct session *session);

/** End session @id: its streams end now, its memory goes with the last reference.  False if there is none. */
bool sessions_delete(struct sessions *all, const char *id);

/**
 * Let the engine of @session answer, and publish on its stream what changed.
 * Returns a copy of the reply from malloc, or NULL when memory is out.
 */
char *session_request(struct session *session, const char *json, size_t len, size_t *reply_len);

struct stream *session_stream(struct session *session);

/** How many there are and may be. */
void sessions_count(struct sessions *all, unsigned *nr, unsigned *max);

/** Once a second: end what has expired, keep streams alive. */
void sessions_tick(struct sessions *all, int64_t now_ms);

/** End all streams for good; new ones end at once. */
void sessions_stop(struct sessions *all);

#endif
