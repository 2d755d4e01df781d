/*
 * sse.c: see sse.h.
 *
 * One lock per stream guards its ring and its readers.  libmicrohttpd calls read_some() whenever a
 * connection can take bytes; with nothing to send it suspends the connection under the lock, and
 * publishing resumes it under the same lock, so no wake-up is lost.
 *
 * A reader in the middle of an event holds a reference to it, so that the ring may move on.
 *
 * At the end a suspended connection would make libmicrohttpd abort: `closed` is set under the lock
 * before all are resumed, and a reader that sees it ends instead of suspending again.
 */
#include "sse.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connections.h"
#include "http.h"

enum {
    RING_EVENTS = 256,
    RING_BYTES = 4 << 20,
    BLOCK_SIZE = 2048, /* bytes libmicrohttpd asks for at a time */
    HEARTBEAT_MS = 15 * 1000,
};

struct event {
    unsigned references; /* the ring's and those of readers in the middle of it */
    size_t len;
    char text[]; /* as it goes over the wire */
};

struct reader {
    struct stream *stream;
    struct reader *prev, *next;
    struct MHD_Connection *connection;
    bool suspended;
    uint64_t wants;        /* number of the next event */
    struct event *current; /* the one that is partly sent, or NULL */
    size_t sent;
    int64_t last_ms; /* when bytes went out */
};

struct stream {
    pthread_mutex_t lock;
    unsigned references;
    bool closed;
    struct event *ring[RING_EVENTS]; /* event number n is at n % RING_EVENTS */
    uint64_t first, end;             /* numbers first <= n < end are there; they count from 1 */
    size_t bytes;
    struct reader head;
};

struct stream *stream_new(void)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    if (stream) {
        pthread_mutex_init(&stream->lock, NULL);
        stream->references = 1;
        stream->first = stream->end = 1;
        stream->head.prev = stream->head.next = &stream->head;
    }
    return stream;
}

static void event_put(struct event *event)
{
    if (event && --event->references == 0)
        free(event);
}

static void drop_oldest(struct stream *stream)
{
    struct event *event = stream->ring[stream->first++ % RING_EVENTS];

    stream->bytes -= event->len;
    event_put(event);
}

void stream_put(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool last = --stream->references == 0;
    pthread_mutex_unlock(&stream->lock);
    if (!last)
        return;
    while (stream->first < stream->end)
        drop_oldest(stream);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

/* Text that goes out as it is and is no event to the client. */
static struct event *event_plain(const char *text)
{
    size_t len = strlen(text);
    struct event *event = malloc(sizeof(*event) + len + 1);

    if (event) {
        event->references = 1;
        event->len = len;
        memcpy(event->text, text, len + 1);
    }
    return event;
}

/* An event as text.  A line break inside @data would end it early; in JSON it is only white space. */
static struct event *event_new(uint64_t number, const char *name, const char *data)
{
    char head[96];
    int head_len = snprintf(head, sizeof(head), "id: %" PRIu64 "\nevent: %s\ndata: ", number, name);
    size_t data_len = strlen(data), len = (size_t)head_len + data_len + 2;
    struct event *event = malloc(sizeof(*event) + len + 1);
    char *at;

    if (!event)
        return NULL;
    event->references = 1;
    event->len = len;
    at = event->text;
    memcpy(at, head, (size_t)head_len);
    at += head_len;
    for (size_t i = 0; i < data_len; i++)
        *at++ = data[i] == '\n' || data[i] == '\r' ? ' ' : data[i];
    memcpy(at, "\n\n", 3);
    return event;
}

static void wake(struct reader *reader)
{
    if (reader->suspended) {
        reader->suspended = false;
        MHD_resume_connection(reader->connection);
    }
}

static void wake_all(struct stream *stream)
{
    for (struct reader *reader = stream->head.next; reader != &stream->head; reader = reader->next)
        wake(reader);
}

void stream_publish(struct stream *stream, const char *name, char *data)
{
    struct event *event;

    if (!data)
        return;
    pthread_mutex_lock(&stream->lock);
    event = stream->closed ? NULL : event_new(stream->end, name, data);
    if (event) {
        while (stream->first < stream->end &&
               (stream->end - stream->first >= RING_EVENTS || stream->bytes + event->len > RING_BYTES))
            drop_oldest(stream);
        stream->ring[stream->end++ % RING_EVENTS] = event;
        stream->bytes += event->len;
        wake_all(stream);
    }
    pthread_mutex_unlock(&stream->lock);
    free(data);
}

void stream_tick(struct stream *stream, int64_t now_ms)
{
    pthread_mutex_lock(&stream->lock);
    for (struct reader *reader = stream->head.next; reader != &stream->head; reader = reader->next)
        if (now_ms - reader->last_ms >= HEARTBEAT_MS)
            wake(reader);
    pthread_mutex_unlock(&stream->lock);
}

void stream_close(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->closed = true;
    wake_all(stream);
    pthread_mutex_unlock(&stream->lock);
}

bool stream_has_readers(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool any = stream->head.next != &stream->head;
    pthread_mutex_unlock(&stream->lock);
    return any;
}

/* --- Readers ------------------------------------------------------------------------------------------------ */

/* The number a reset goes by is that of the newest event: whoever has seen it is up to date after a snapshot. */
static struct event *make_reset(struct reader *reader)
{
    reader->wants = reader->stream->end;
    return event_new(reader->wants - 1, "reset", "{}");
}

/* Chooses what to send next; false if there is nothing. */
static bool take_next(struct reader *reader, int64_t now_ms)
{
    struct stream *stream = reader->stream;

    if (reader->wants < stream->first || reader->wants > stream->end) {
        reader->current = make_reset(reader);
    } else if (reader->wants < stream->end) {
        reader->current = stream->ring[reader->wants++ % RING_EVENTS];
        reader->current->references++;
    } else if (now_ms - reader->last_ms >= HEARTBEAT_MS) {
        reader->current = event_plain(":\n\n"); /* a comment */
    }
    reader->sent = 0;
    return reader->current != NULL;
}

static ssize_t read_some(void *cls, uint64_t position, char *buffer, size_t max)
{
    struct reader *reader = cls;
    struct stream *stream = reader->stream;
    int64_t now_ms = clock_ms();
    ssize_t result = 0;

    (void)position;
    pthread_mutex_lock(&stream->lock);
    if (!reader->current && stream->closed) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (reader->current || take_next(reader, now_ms)) {
        size_t left = reader->current->len - reader->sent, len = left < max ? left : max;

        memcpy(buffer, reader->current->text + reader->sent, len);
        reader->sent += len;
        reader->last_ms = now_ms;
        if (len == left) {
            event_put(reader->current);
            reader->current = NULL;
        }
        result = (ssize_t)len;
    } else {
        reader->suspended = true;
        MHD_suspend_connection(reader->connection);
    }
    pthread_mutex_unlock(&stream->lock);
    return result;
}

static void reader_free(void *cls)
{
    struct reader *reader = cls;
    struct stream *stream = reader->stream;

    pthread_mutex_lock(&stream->lock);
    reader->prev->next = reader->next;
    reader->next->prev = reader->prev;
    event_put(reader->current);
    pthread_mutex_unlock(&stream->lock);
    stream_put(stream);
    free(reader);
}

static struct reader *reader_new(struct stream *stream, struct MHD_Connection *connection, const uint64_t *last)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return NULL;
    reader->stream = stream;
    reader->connection = connection;
    reader->last_ms = clock_ms();
    pthread_mutex_lock(&stream->lock);
    stream->references++;
    reader->wants = last ? *last + 1 : stream->end;
    reader->current = event_plain("retry: 1000\n\n"); /* how soon to come back, in ms */
    reader->next = &stream->head;
    reader->prev = stream->head.prev;
    reader->prev->next = reader;
    stream->head.prev = reader;
    pthread_mutex_unlock(&stream->lock);
    return reader;
}

enum MHD_Result stream_serve(struct stream *stream, struct http_request *request, const uint64_t *last)
{
    struct reader *reader = reader_new(stream, request->connection, last);
    struct MHD_Response *response;
    enum MHD_Result result;

    if (!reader)
        return MHD_NO;
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_some, reader, reader_free);
    if (!response) {
        reader_free(reader);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "text/event-stream; charset=utf-8");
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    result = http_reply(request, MHD_HTTP_OK, response);
    connection_streaming(request->connection);
    return result;
}
