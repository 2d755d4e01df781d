/*
 * player.c: see player.h.
 */
#include "player.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lookaside.h"

enum { STEPS_AT_ONCE = 5000 };

static void print_message(const struct player *player, const cJSON *message)
{
    const char *hint = json_string(message, "hint", ""), *severity = json_string(message, "severity", "error");

    cli_progress_end();
    fprintf(stderr, "%s:%.0f:%.0f: %s%s\n", player->file, json_number(message, "line", 1),
            json_number(message, "column", 1),
            strcmp(severity, "warning") ? "" : "warning: ", json_string(message, "message", "unknown error"));
    if (*hint)
        fprintf(stderr, "    %s\n", hint);
}

void player_print_diagnostics(const struct player *player, const cJSON *list)
{
    const cJSON *item;

    for (item = list ? list->child : NULL; item; item = item->next)
        print_message(player, item);
}

bool player_request(struct player *player, const char *op, cJSON *more)
{
    cJSON *object = more ? more : cJSON_CreateObject(), *error;
    const char *reply, *failure;
    size_t reply_len, failure_len;
    char *text;

    cJSON_AddNumberToObject(object, "id", 1);
    cJSON_AddStringToObject(object, "op", op);
    text = json_text(object);
    if (!text) {
        cli_error("there is no memory left");
        return false;
    }
    reply = la_request(player->engine, text, strlen(text), &reply_len);
    free(text);
    player->result = json_member(reply, reply_len, "result", &player->result_len);
    if (player->result)
        return true;
    failure = json_member(reply, reply_len, "error", &failure_len);
    error = failure ? cJSON_ParseWithLength(failure, failure_len) : NULL;
    print_message(player, error);
    cJSON_Delete(error);
    return false;
}

cJSON *player_result(const struct player *player)
{
    return cJSON_ParseWithLength(player->result, player->result_len);
}

/* Takes step and stopped from the "position" of the last result, reading only the few bytes they are. */
static void note_position(struct player *player)
{
    size_t position_len = 0, len = 0;
    const char *position = json_member(player->result, player->result_len, "position", &position_len);
    const char *step = position ? json_member(position, position_len, "step", &len) : NULL;
    const char *stopped = position ? json_member(position, position_len, "stopped", &len) : NULL;

    if (step)
        player->step = strtoull(step, NULL, 10);
    player->stopped[0] = '\0';
    if (stopped && len >= 2)
        snprintf(player->stopped, sizeof(player->stopped), "%.*s", (int)len - 2, stopped + 1);
    player->last = position ? json_member(position, position_len, "last", &player->last_len) : NULL;
}

bool player_stopped(const struct player *player)
{
    return player->stopped[0] && strcmp(player->stopped, "count") != 0 && strcmp(player->stopped, "ask") != 0;
}

bool player_step(struct player *player, uint32_t nr, bool all)
{
    cJSON *request = cJSON_CreateObject();

    cJSON_AddNumberToObject(request, "n", nr);
    if (all)
        cJSON_AddBoolToObject(request, "all", true);
    if (!player_request(player, "step", request))
        return false;
    note_position(player);
    return true;
}

int player_go(struct player *player, const char *target)
{
    uint32_t wanted = UINT32_MAX;
    uint64_t before;

    if (target && !cli_number("step", target, 0, UINT32_MAX - 1, &wanted))
        return CLI_UNUSABLE;
    while (player->step < wanted && !player_stopped(player)) {
        before = player->step;
        if (!player_step(player, wanted - before < STEPS_AT_ONCE ? (uint32_t)(wanted - before) : STEPS_AT_ONCE, false))
            return CLI_UNUSABLE;
        cli_progress("steps", player->step, target ? wanted : 0);
    }
    cli_progress_end();
    if (target && player->step < wanted) {
        cli_error("%s: there is no step %u; the program ends after %llu", player->file, (unsigned)wanted,
                  (unsigned long long)player->step);
        return CLI_UNUSABLE;
    }
    return CLI_OK;
}

/* A NUL byte would silently end the text inside JSON. */
static bool is_text(const struct player *player, const char *source, size_t len)
{
    size_t line = 1, column = 1;

    for (size_t i = 0; i < len; i++, column++) {
        if (source[i] == '\0') {
            fprintf(stderr, "%s:%zu:%zu: this is a NUL byte, so the file is not text\n", player->file, line, column);
            return false;
        }
        if (source[i] == '\n') {
            line++;
            column = 0;
        }
    }
    return true;
}

/* Prints what open found.  Returns CLI_OK if the lesson can run. */
static int report_open(const struct player *player)
{
    cJSON *result = player_result(player);
    bool runnable = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "runnable"));

    player_print_diagnostics(player, cJSON_GetObjectItemCaseSensitive(result, "diagnostics"));
    cJSON_Delete(result);
    return runnable ? CLI_OK : CLI_UNUSABLE;
}

int player_open(struct player *player, const char *path)
{
    size_t len;
    char *source = cli_read(path, CLI_FILE_MAX, &len);
    cJSON *request;
    bool opened;

    *player = (struct player){.file = cli_name(path)};
    if (!source)
        return CLI_UNUSABLE;
    if (!is_text(player, source, len)) {
        free(source);
        return CLI_UNUSABLE;
    }
    player->engine = la_engine_new(la_host_libc());
    request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "name", player->file);
    cJSON_AddStringToObject(request, "source", source);
    free(source);
    if (!player->engine) {
        cJSON_Delete(request);
        cli_error("there is no memory left");
        return CLI_UNUSABLE;
    }
    opened = player_request(player, "open", request);
    return opened ? report_open(player) : CLI_UNUSABLE;
}

void player_close(struct player *player)
{
    if (player->engine)
        la_engine_free(player->engine);
    player->engine = NULL;
}
