/*
 * cli.c: see cli.h.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connections.h"
#include "files.h"

void cli_error(const char *format, ...)
{
    va_list arguments;

    cli_progress_end();
    fputs("lookaside: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* --- Arguments ---------------------------------------------------------------------------------------------- */

static int usage_error(const struct command *self, int *status)
{
    fprintf(stderr, "usage: lookaside %s %s\n       lookaside %s --help says more\n", self->name, self->arguments,
            self->name);
    *status = CLI_UNUSABLE;
    return -1;
}

static const struct cli_option *find_option(const char *argument, const struct cli_option *options, size_t nr)
{
    size_t len = strcspn(argument, "=");

    for (size_t i = 0; i < nr; i++)
        if (strlen(options[i].name) == len && !strncmp(options[i].name, argument, len))
            return &options[i];
    return NULL;
}

/* Reads the option at argv[*at], which begins with "--"; moves *at over its value. */
static bool take_option(int argc, char **argv, int *at, const struct cli_option *options, size_t nr)
{
    const char *argument = argv[*at] + 2, *equals = strchr(argument, '=');
    const struct cli_option *option = find_option(argument, options, nr);

    if (!option) {
        cli_error("there is no option \"%s\" here", argv[*at]);
        return false;
    }
    if (option->set)
        *option->set = true;
    if (!option->value) {
        if (equals)
            cli_error("option --%s takes no value", option->name);
        return !equals;
    }
    if (!equals && *at + 1 == argc) {
        cli_error("option --%s needs a value", option->name);
        return false;
    }
    *option->value = equals ? equals + 1 : argv[++*at];
    return true;
}

int cli_parse(const struct command *self, int argc, char **argv, const struct cli_option *options, size_t nr_options,
              int min, int max, int *status)
{
    bool only_operands = false;
    int nr = 0;

    for (int i = 0; i < argc; i++) {
        if (only_operands || argv[i][0] != '-' || !strcmp(argv[i], "-")) {
            argv[nr++] = argv[i];
        } else if (!strcmp(argv[i], "--")) {
            only_operands = true;
        } else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            printf("usage: lookaside %s %s\n\n%s.\n\n%s", self->name, self->arguments, self->summary, self->help);
            *status = CLI_OK;
            return -1;
        } else if (argv[i][1] != '-') {
            cli_error("there is no option \"%s\" here", argv[i]);
            return usage_error(self, status);
        } else if (!take_option(argc, argv, &i, options, nr_options)) {
            return usage_error(self, status);
        }
    }
    if (nr < min || nr > max) {
        cli_error(nr < min ? "%s: something is missing" : "%s: too many operands", self->name);
        return usage_error(self, status);
    }
    return nr;
}

bool cli_number(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
    unsigned long long value;
    char *end;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < min || value > max) {
        cli_error("--%s wants a whole number from %" PRIu32 " to %" PRIu32 ", not \"%s\"", name, min, max, text);
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

/* --- Files -------------------------------------------------------------------------------------------------- */

const char *cli_name(const char *path)
{
    return strcmp(path, "-") ? path : "<stdin>";
}

char *cli_read(const char *path, size_t max, size_t *len)
{
    int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    char *text = fd >= 0 ? file_read_all(fd, max, len) : NULL;

    if (!text)
        cli_error("%s: %s", cli_name(path), errno == EFBIG ? "the file is too large" : strerror(errno));
    if (fd > STDIN_FILENO)
        close(fd);
    return text;
}

/* --- Progress ----------------------------------------------------------------------------------------------- */

enum { BAR_WIDTH = 40, BAR_DELAY_MS = 500, BAR_INTERVAL_MS = 100 };

/* The one bar of this process: a command line has one terminal. */
static struct {
    int64_t started_ms, shown_ms;
    bool started, visible;
} bar;

void cli_progress(const char *what, uint64_t done, uint64_t total)
{
    int64_t now = clock_ms();
    int full = total ? (int)(done * BAR_WIDTH / total) : 0;

    if (!isatty(STDERR_FILENO))
        return;
    if (!bar.started) {
        bar.started = true;
        bar.started_ms = now;
    }
    if (now - bar.started_ms < BAR_DELAY_MS || now - bar.shown_ms < BAR_INTERVAL_MS)
        return;
    bar.shown_ms = now;
    bar.visible = true;
    if (total)
        fprintf(stderr, "\r\033[K[%.*s%*s] %3d %%  %s", full, "########################################",
                BAR_WIDTH - full, "", (int)(done * 100 / total), what);
    else
        fprintf(stderr, "\r\033[K%s: %" PRIu64, what, done);
    fflush(stderr);
}

void cli_progress_end(void)
{
    if (bar.visible)
        fputs("\r\033[K", stderr);
    bar.visible = bar.started = false;
}
