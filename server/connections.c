/*
 * connections.c: see connections.h.
 *
 * The list is doubly linked and guarded by one lock, which is held only for moments.  Cutting is
 * shutdown(), never close(): the descriptor stays libmicrohttpd's, which notices and cleans up.
 * It reports a connection as closed before it closes the descriptor, so under the lock a listed
 * descriptor is always the one it was.
 */
#include "connections.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum activity { IDLE, ANSWERING, STREAMING };
enum { ASK_DEADLINE_MS = 60 * 1000, ANSWER_DEADLINE_MS = 600 * 1000 };

struct entry {
    struct connections *all;
    struct entry *prev, *next;
    int fd;
    enum activity activity;
    int64_t since_ms;
};

struct connections {
    pthread_mutex_t lock;
    struct entry head; /* of a ring */
};

int64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct connections *connections_new(void)
{
    struct connections *all = calloc(1, sizeof(*all));

    if (all) {
        pthread_mutex_init(&all->lock, NULL);
        all->head.prev = all->head.next = &all->head;
    }
    return all;
}

void connections_free(struct connections *all)
{
    if (all)
        pthread_mutex_destroy(&all->lock);
    free(all);
}

static void on_started(struct connections *all, struct MHD_Connection *connection, void **socket_context)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct entry *entry = calloc(1, sizeof(*entry));

    *socket_context = entry;
    if (!entry || !info) {
        free(entry);
        *socket_context = NULL; /* without memory it goes on without a deadline */
        return;
    }
    entry->all = all;
    entry->fd = info->connect_fd;
    entry->since_ms = clock_ms();
    pthread_mutex_lock(&all->lock);
    entry->next = &all->head;
    entry->prev = all->head.prev;
    entry->prev->next = entry;
    all->head.prev = entry;
    pthread_mutex_unlock(&all->lock);
}

void connections_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode what)
{
    struct connections *all = cls;
    struct entry *entry = *socket_context;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        on_started(all, connection, socket_context);
    } else if (entry) {
        pthread_mutex_lock(&all->lock);
        entry->prev->next = entry->next;
        entry->next->prev = entry->prev;
        pthread_mutex_unlock(&all->lock);
        free(entry);
        *socket_context = NULL;
    }
}

static void set_activity(struct MHD_Connection *connection, enum activity activity)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct entry *entry = info ? info->socket_context : NULL;

    if (!entry)
        return;
    pthread_mutex_lock(&entry->all->lock);
    entry->activity = activity;
    entry->since_ms = clock_ms();
    pthread_mutex_unlock(&entry->all->lock);
}

void connection_idle(struct MHD_Connection *connection)
{
    set_activity(connection, IDLE);
}

void connection_answering(struct MHD_Connection *connection)
{
    set_activity(connection, ANSWERING);
}

void connection_streaming(struct MHD_Connection *connection)
{
    set_activity(connection, STREAMING);
}

void connections_tick(struct connections *all, int64_t now_ms)
{
    int64_t age;

    pthread_mutex_lock(&all->lock);
    for (struct entry *entry = all->head.next; entry != &all->head; entry = entry->next) {
        age = now_ms - entry->since_ms;
        if ((entry->activity == IDLE && age > ASK_DEADLINE_MS) ||
            (entry->activity == ANSWERING && age > ANSWER_DEADLINE_MS))
            shutdown(entry->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&all->lock);
}
