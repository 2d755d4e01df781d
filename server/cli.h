/*
 * cli.h: what the commands share: arguments, files, messages, progress.
 *
 * Results go to stdout, everything else to stderr.  Status 0 is success, 1 means that what was
 * checked did not hold, 2 that the command could not do its work: bad usage or bad input.
 */
#ifndef LA_SERVER_CLI_H
#define LA_SERVER_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_status { CLI_OK = 0, CLI_FAILED = 1, CLI_UNUSABLE = 2 };

enum { CLI_FILE_MAX = 64 << 20 }; /* bytes of a lesson file that is read at all */

struct command {
    const char *name;
    int (*run)(const struct command *self, int argc, char **argv); /* argv without the command's name */
    const char *arguments, *summary, *help;
};

#define COMMAND(name, function, arguments, summary, help)                                                              \
    int function(const struct command *self, int argc, char **argv);
#include "commands.def"
#undef COMMAND

/* An option a command takes: --name, or --name VALUE where @value is not NULL. */
struct cli_option {
    const char *name;
    const char **value;
    bool *set; /* may be NULL */
};

/**
 * Sort @argv into options and operands: operands come first afterwards, @min to @max of them.
 * Returns how many there are.  Returns -1 with *@status set when the command must end now: --help
 * was answered, or the usage was wrong and has been complained about.
 */
int cli_parse(const struct command *self, int argc, char **argv, const struct cli_option *options, size_t nr_options,
              int min, int max, int *status);

/** A whole number of option --@name between @min and @max; false with a message if @text is none. */
bool cli_number(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *number);

/** "lookaside: ..." on stderr. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The file @path ("-" is stdin), malloc'd with a NUL behind it; NULL after a message. */
char *cli_read(const char *path, size_t max, size_t *len);

/** What to call @path in messages. */
const char *cli_name(const char *path);

/** Show a bar for @done of @total (0: unknown) on stderr, if it is a terminal and this takes a while. */
void cli_progress(const char *what, uint64_t done, uint64_t total);

/** Take the bar away. */
void cli_progress_end(void);

#endif
