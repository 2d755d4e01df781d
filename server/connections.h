/*
 * connections.h: a deadline for every connection.
 *
 * libmicrohttpd's own timeout counts only silence: a client that sends one byte now and then
 * holds its connection for ever.  So we note what each connection is doing and since when, and
 * cut those that take too long for it:
 *
 *     (accepted) ──> idle or asking ──> answering ──> idle or asking ──> ...
 *                     60 s               10 min
 *                         └──> streaming: as long as it likes; the heartbeat finds dead ones
 */
#ifndef LA_SERVER_CONNECTIONS_H
#define LA_SERVER_CONNECTIONS_H

#include <microhttpd.h>
#include <stdint.h>

struct connections;

/** An empty list, or NULL.  Free it when the daemon has stopped. */
struct connections *connections_new(void);
void connections_free(struct connections *all);

/** For MHD_OPTION_NOTIFY_CONNECTION, with the list as its closure. */
void connections_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode what);

/** What the connection does from now on. */
void connection_idle(struct MHD_Connection *connection);
void connection_answering(struct MHD_Connection *connection);
void connection_streaming(struct MHD_Connection *connection);

/** Cut the connections that are overdue at @now_ms (of clock_ms()). */
void connections_tick(struct connections *all, int64_t now_ms);

/** Milliseconds of a clock that only goes forward. */
int64_t clock_ms(void);

#endif
