/*
 * cmd_run.c: `lookaside run FILE [--json] [--explain]`: every statement, one after the other.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "player.h"

enum { STEPS_AT_ONCE = 500, STEPS_MAX = 1000000 };

struct printer {
    bool json, explain;
};

/* The members that scripts rely on, in this order, each as the engine wrote it. */
static void print_json_step(const char *step, size_t len)
{
    static const char *const members[] = {"step", "line", "cpu", "thread", "irq", "statement", "result", "events", "hash"};
    const char *value, *separator = "{";
    size_t value_len;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        value = json_member(step, len, members[i], &value_len);
        if (!value) /* cpu, thread and irq are there only where it is a question who ran */
            continue;
        printf("%s\"%s\":%.*s", separator, members[i], (int)value_len, value);
        separator = ",";
    }
    puts("}");
}

/* What the simulated kernel printed is always shown; the rest of what happened only when asked. */
static void print_events(const cJSON *events, bool explain)
{
    const cJSON *event;
    const char *severity;

    for (event = events ? events->child : NULL; event; event = event->next) {
        severity = json_string(event, "severity", "");
        if (!explain && strcmp(severity, "print") && strcmp(severity, "warn") && strcmp(severity, "oops"))
            continue;
        printf("%14s%s %s\n", "",
               !strcmp(severity, "print")  ? "|"
               : !strcmp(severity, "oops") ? "!"
                                           : "-",
               json_string(event, "say", ""));
    }
}

/* "   [A, CPU 0]" behind a statement, "   [interrupt 5 in A, CPU 0]" in a handler; nothing in a program without threads. */
static void print_runner(const cJSON *step)
{
    const char *thread = json_string(step, "thread", "");
    double irq = json_number(step, "irq", -1);

    if (*thread && irq >= 0)
        printf("   [interrupt %.0f in %s, CPU %.0f]", irq, thread, json_number(step, "cpu", 0));
    else if (*thread)
        printf("   [%s, CPU %.0f]", thread, json_number(step, "cpu", 0));
    putchar('\n');
}

static void print_text_step(const char *text, size_t len, bool explain)
{
    cJSON *step = cJSON_ParseWithLength(text, len);
    const char *result = json_string(step, "result", "");

    printf("%5.0f  %5.0f  %*s%s%s%s", json_number(step, "step", 0), json_number(step, "line", 0),
           (int)json_number(step, "depth", 0) * 4, "", json_string(step, "statement", ""), *result ? "   = " : "",
           result);
    print_runner(step);
    if (explain && *json_string(step, "say", ""))
        printf("%14s%s\n", "", json_string(step, "say", ""));
    print_events(cJSON_GetObjectItemCaseSensitive(step, "events"), explain);
    cJSON_Delete(step);
}

static void print_steps(const struct player *player, const struct printer *printer)
{
    size_t list_len = 0, len;
    const char *list = json_member(player->result, player->result_len, "steps", &list_len), *step = NULL;

    while (list && (step = json_next(list, list_len, step, &len))) {
        if (printer->json)
            print_json_step(step, len);
        else
            print_text_step(step, len, printer->explain);
    }
}

/* Why the program did not reach its end, with the place. */
static void complain(const struct player *player)
{
    cJSON *last = cJSON_ParseWithLength(player->last, player->last_len);
    const char *say = json_string(last, "say", "");

    fprintf(stderr, "%s:%.0f:%.0f: ", player->file, json_number(last, "line", 1), json_number(last, "column", 1));
    if (player_stopped(player))
        fprintf(stderr, "the program stopped here: %s\n", say);
    else
        fprintf(stderr, "the program did not end within %d statements\n    Is there an endless loop?\n", STEPS_MAX);
    cJSON_Delete(last);
}

static int run_to_end(struct player *player, const struct printer *printer)
{
    if (!printer->json)
        puts(" step   line  statement");
    while (!player_stopped(player) && player->step < STEPS_MAX) {
        if (!player_step(player, STEPS_AT_ONCE, true))
            return CLI_UNUSABLE;
        print_steps(player, printer);
        cli_progress("steps", player->step, 0);
    }
    cli_progress_end();
    if (!printer->json)
        printf("%" PRIu64 " steps\n", player->step);
    if (!strcmp(player->stopped, "done"))
        return CLI_OK;
    fflush(stdout);
    complain(player);
    return CLI_FAILED;
}

int cmd_run(const struct command *self, int argc, char **argv)
{
    struct printer printer = {false, false};
    const struct cli_option options[] = {{"json", NULL, &printer.json}, {"explain", NULL, &printer.explain}};
    struct player player;
    int status;

    if (cli_parse(self, argc, argv, options, 2, 1, 1, &status) < 0)
        return status;
    status = player_open(&player, argv[0]);
    if (status == CLI_OK)
        status = run_to_end(&player, &printer);
    player_close(&player);
    return status;
}
