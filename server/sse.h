/*
 * sse.h: one stream of events with any number of readers (Server-Sent Events).
 *
 *   stream_publish() ──> [ 41 ][ 42 ][ 43 ][ 44 ]      the last few events, bounded
 *                           ^           ^
 *                        reader A    reader B          each reader knows the next number it wants
 *
 * A reader that has read everything is suspended and costs nothing until something is published
 * or its heartbeat is due.  A reader that comes back with Last-Event-ID goes on where it was; if
 * what it wants has left the ring, it gets an event `reset` and must ask for a snapshot.
 */
#ifndef LA_SERVER_SSE_H
#define LA_SERVER_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;
struct http_request;

/** An empty stream with one reference, or NULL. */
struct stream *stream_new(void);
void stream_put(struct stream *stream);

/** Append an event.  @data is one line of JSON from malloc, which is given away; NULL publishes nothing. */
void stream_publish(struct stream *stream, const char *name, char *data);

/** Wake readers whose heartbeat is due at @now_ms.  It is how a client that silently left is noticed. */
void stream_tick(struct stream *stream, int64_t now_ms);

/** End it: every reader gets what it has and then the end. */
void stream_close(struct stream *stream);

/** Is anybody reading? */
bool stream_has_readers(struct stream *stream);

/** Answer @request with @stream, from behind event number @last on, or from now on if @last is NULL. */
enum MHD_Result stream_serve(struct stream *stream, struct http_request *request, const uint64_t *last);

#endif
