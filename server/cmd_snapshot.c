/*
 * cmd_snapshot.c: `lookaside snapshot FILE [--step N]`: the whole machine as one line of JSON.
 */
#include <stdio.h>

#include "cli.h"
#include "player.h"

int cmd_snapshot(const struct command *self, int argc, char **argv)
{
    const char *step = NULL;
    const struct cli_option options[] = {{"step", &step, NULL}};
    struct player player;
    int status;

    if (cli_parse(self, argc, argv, options, 1, 1, 1, &status) < 0)
        return status;
    status = player_open(&player, argv[0]);
    if (status == CLI_OK)
        status = player_go(&player, step);
    if (status == CLI_OK && !player_request(&player, "snapshot", NULL))
        status = CLI_UNUSABLE;
    if (status == CLI_OK) {
        fwrite(player.result, 1, player.result_len, stdout);
        putchar('\n');
    }
    player_close(&player);
    return status;
}
