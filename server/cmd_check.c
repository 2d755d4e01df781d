/*
 * cmd_check.c: `lookaside check FILE...`: does every lesson hold what it says?
 *
 * One line a file on stdout; what is wrong goes to stderr with its place.
 */
#include <limits.h>
#include <stdio.h>

#include "cli.h"
#include "player.h"

/* CLI_FAILED if the lesson of @player breaks its word. */
static int check_opened(struct player *player)
{
    cJSON *result;
    int status;

    if (!player_request(player, "check", NULL))
        return CLI_FAILED;
    result = player_result(player);
    player_print_diagnostics(player, cJSON_GetObjectItemCaseSensitive(result, "diagnostics"));
    status = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "ok")) ? CLI_OK : CLI_FAILED;
    printf("%s: %s, %.0f steps\n", player->file, status == CLI_OK ? "ok" : "FAILED", json_number(result, "steps", 0));
    cJSON_Delete(result);
    return status;
}

static int check_file(const char *path)
{
    struct player player;
    int status = player_open(&player, path);

    if (status == CLI_OK) {
        status = check_opened(&player);
    } else if (player.engine) { /* it could be read, but is wrong */
        printf("%s: FAILED\n", player.file);
        status = CLI_FAILED;
    }
    player_close(&player);
    return status;
}

int cmd_check(const struct command *self, int argc, char **argv)
{
    int status, worst = CLI_OK, nr = cli_parse(self, argc, argv, NULL, 0, 1, INT_MAX, &status);

    if (nr < 0)
        return status;
    for (int i = 0; i < nr; i++) {
        cli_progress(argv[i], (uint64_t)i, (uint64_t)nr);
        status = check_file(argv[i]);
        if (status > worst)
            worst = status;
    }
    cli_progress_end();
    return worst;
}
