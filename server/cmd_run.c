/*
 * cmd_run.c: `lookaside run FILE [--json] [--explain]`: every statement, one after the other.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "player.h"

enum { STEPS_AT_ONCE = 500 };

struct printer {
    bool json, explain;
};

/* The members that scripts rely on, in this order, each as the engine wrote it. */
static void print_json_step(const char *step, size_t len)
{
    static const char *const members[] = {"step", "line", "statement", "result", "events", "hash"};
    const char *value, *separator = "{";
    size_t value_len;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        value = json_member(step, len, members[i], &value_len);
        printf("%s\"%s\":%.*s", separator, members[i], value ? (int)value_len : 4, value ? value : "null");
        separator = ",";
    }
    puts("}");
}

/* What the simulated kernel printed is always shown; the rest of what happened only when asked. */
static void print_events(const cJSON *events, bool explain)
{
    const cJSON *event;
    const char *severity;

    cJSON_ArrayForEach(event, events)
    {
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

static void print_text_step(const char *text, size_t len, bool explain)
{
    cJSON *step = cJSON_ParseWithLength(text, len);
    const char *result = json_string(step, "result", "");

    printf("%5.0f  %5.0f  %*s%s%s%s\n", json_number(step, "step", 0), json_number(step, "line", 0),
           (int)json_number(step, "depth", 0) * 4, "", json_string(step, "statement", ""), *result ? "   = " : "",
           result);
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

/* How it ended, for people; the status says the same to scripts. */
static int report_end(const struct player *player, const struct printer *printer)
{
    bool done = !strcmp(player->stopped, "done");

    cli_progress_end();
    if (!printer->json)
        printf("%" PRIu64 " steps\n", player->step);
    if (!done)
        cli_error("%s: the program did not reach its end: it stopped after step %" PRIu64 " (%s)", player->file,
                  player->step, player->stopped);
    return done ? CLI_OK : CLI_FAILED;
}

static int run_to_end(struct player *player, const struct printer *printer)
{
    uint32_t pauses = 0;
    uint64_t before;

    if (!printer->json)
        puts(" step   line  statement");
    while (strcmp(player->stopped, "done") != 0 && pauses < 2) {
        before = player->step;
        if (!player_step(player, STEPS_AT_ONCE, true))
            return CLI_UNUSABLE;
        print_steps(player, printer);
        pauses = player->step == before ? pauses + 1 : 0; /* a question pauses once without a step */
        cli_progress("steps", player->step, 0);
    }
    return report_end(player, printer);
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
