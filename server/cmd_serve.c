/*
 * cmd_serve.c: `lookaside serve`: start, wait, stop cleanly.
 *
 * The signals that end the program are blocked before the server's threads start, so that only
 * the main thread takes them, here, between the beats of a clock that does the housekeeping.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "connections.h"
#include "http.h"
#include "sessions.h"

struct settings {
    const char *bind, *port, *site, *lessons, *sessions;
};

/* @relative to the folder of this program, where the build puts things; "" if that is not known. */
static void beside_program(const char *relative, char path[PATH_MAX])
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    path[0] = '\0';
    if (len <= 0)
        return;
    self[len] = '\0';
    if (snprintf(path, PATH_MAX, "%s/%s", dirname(self), relative) >= PATH_MAX)
        path[0] = '\0';
}

static void allow_many_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void block_signals(sigset_t *ending)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(ending);
    sigaddset(ending, SIGINT);
    sigaddset(ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, ending, NULL);
}

static void wait_for_end(struct server *server, const sigset_t *ending)
{
    const struct timespec second = {.tv_sec = 1};
    int64_t now;

    while (sigtimedwait(ending, NULL, &second) < 0) {
        now = clock_ms();
        sessions_tick(server->sessions, now);
        connections_tick(server->connections, now);
    }
}

static int serve(struct server *server, uint16_t port)
{
    const char *open = strchr(server->bind, ':') ? "[" : "", *close = *open ? "]" : "";
    sigset_t ending;
    char error[256];

    block_signals(&ending);
    allow_many_files();
    if (!http_start(server, port, error, sizeof(error))) {
        cli_error("%s%s", error, errno == EADDRINUSE ? "; choose another with --port" : "");
        return CLI_UNUSABLE;
    }
    printf("Lookaside is running at http://%s%s%s:%u/\n", open, server->bind, close, (unsigned)server->port);
    fflush(stdout);
    wait_for_end(server, &ending);
    http_stop(server);
    return CLI_OK;
}

static bool read_settings(const struct command *self, int argc, char **argv, struct settings *out, int *status)
{
    const struct cli_option options[] = {
        {"port", &out->port, NULL},       {"bind", &out->bind, NULL},         {"site", &out->site, NULL},
        {"lessons", &out->lessons, NULL}, {"sessions", &out->sessions, NULL},
    };

    return cli_parse(self, argc, argv, options, sizeof(options) / sizeof(options[0]), 0, 0, status) >= 0;
}

int cmd_serve(const struct command *self, int argc, char **argv)
{
    char site[PATH_MAX], lessons[PATH_MAX];
    struct settings settings = {"127.0.0.1", "8080", site, lessons, "64"};
    struct server server = {.started_ms = clock_ms()};
    uint32_t port, sessions;
    int status = CLI_UNUSABLE;

    beside_program("site", site);
    beside_program("../scenarios", lessons);
    if (!read_settings(self, argc, argv, &settings, &status))
        return status;
    if (!cli_number("port", settings.port, 0, 65535, &port) ||
        !cli_number("sessions", settings.sessions, 1, 10000, &sessions))
        return CLI_UNUSABLE;
    server.bind = settings.bind;
    server.site = settings.site;
    server.lessons = settings.lessons;
    server.sessions = sessions_new(sessions);
    server.connections = connections_new();
    if (server.sessions && server.connections)
        status = serve(&server, (uint16_t)port);
    else
        cli_error("there is no memory left");
    sessions_free(server.sessions);
    connections_free(server.connections);
    return status;
}
