/*
 * main.c: `lookaside COMMAND ...`.
 *
 * The commands are a table (commands.def), and each is one file cmd_*.c.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "lookaside.h"

static const struct command commands[] = {
#define COMMAND(name, function, arguments, summary, help) {name, function, arguments, summary, help},
#include "commands.def"
#undef COMMAND
};
enum { NR_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *out)
{
    fputs("Lookaside lets you watch the Linux kernel allocate memory.\n\nusage: lookaside COMMAND ...\n\n", out);
    for (size_t i = 0; i < NR_COMMANDS; i++)
        fprintf(out, "  %-8s %-28s %s\n", commands[i].name, commands[i].arguments, commands[i].summary);
    fputs("\nlookaside COMMAND --help says more; lookaside --version says which one this is.\n"
          "FILE is a lesson (Markdown with C in it) and may be - for standard input.\n"
          "Status: 0 success, 1 a check failed, 2 bad usage or input.\n",
          out);
}

/* Output that cannot be written (a full disk, say) must not look like success. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    cli_error("the output could not be written");
    return CLI_UNUSABLE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return CLI_UNUSABLE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        print_usage(stdout);
        return finish(CLI_OK);
    }
    if (!strcmp(argv[1], "--version")) {
        printf("lookaside %s\n", la_version());
        return finish(CLI_OK);
    }
    for (size_t i = 0; i < NR_COMMANDS; i++)
        if (!strcmp(argv[1], commands[i].name))
            return finish(commands[i].run(&commands[i], argc - 2, argv + 2));
    cli_error("there is no command \"%s\"", argv[1]);
    print_usage(stderr);
    return CLI_UNUSABLE;
}
