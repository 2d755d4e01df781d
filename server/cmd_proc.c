/*
 * cmd_proc.c: `lookaside proc FILE NAME [--step N]`: a /proc file of the simulated machine, as the kernel prints it.
 */
#include <stdio.h>

#include "cli.h"
#include "player.h"

static int print_proc(struct player *player, const char *name)
{
    cJSON *request = cJSON_CreateObject(), *result;

    cJSON_AddStringToObject(request, "name", name);
    if (!player_request(player, "proc", request))
        return CLI_UNUSABLE;
    result = player_result(player);
    fputs(json_string(result, "text", ""), stdout);
    cJSON_Delete(result);
    return CLI_OK;
}

int cmd_proc(const struct command *self, int argc, char **argv)
{
    const char *step = NULL;
    const struct cli_option options[] = {{"step", &step, NULL}};
    struct player player;
    int status;

    if (cli_parse(self, argc, argv, options, 1, 2, 2, &status) < 0)
        return status;
    status = player_open(&player, argv[0]);
    if (status == CLI_OK)
        status = player_go(&player, step);
    if (status == CLI_OK)
        status = print_proc(&player, argv[1]);
    player_close(&player);
    return status;
}
