/*
 * cmd_list.c: `lookaside list TABLE [WORD]`: what a lesson may use, from the tables of the engine.
 *
 *     memory
 *         "64M"
 *         Memory of all nodes together, 16K to 16G.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "lookaside.h"
#include "player.h"

enum { WIDTH = 96 };

/*
 * What a table is called here (two tables of the engine may be one here) and in the engine's reply; @shown: the member
 * printed below the name, NULL for none.
 */
static const struct table {
    const char *name, *member, *shown;
} tables[] = {{"settings", "settings", "example"},
              {"calls", "calls", "prototype"},
              {"flags", "gfp", NULL},
              {"flags", "slab", NULL}};

enum { NR_TABLES = sizeof tables / sizeof *tables };

/* @text in lines of at most WIDTH bytes, each set in. */
static void print_wrapped(const char *text)
{
    while (*text) {
        size_t len = strlen(text), cut = len;

        if (len > WIDTH)
            for (cut = WIDTH; cut > 0 && text[cut] != ' '; cut--)
                ;
        cut = cut ? cut : len; /* one long word stays whole */
        printf("    %.*s\n", (int)cut, text);
        text += cut;
        text += strspn(text, " ");
    }
}

/* Old and new: "since 4.18", "until 4.20, now memblock_alloc()". */
static void print_versions(const cJSON *row)
{
    const char *since = json_string(row, "since", ""), *removed = json_string(row, "removed", "");
    const char *instead = json_string(row, "replaced_by", "");

    if (*since)
        printf("    since %s\n", since);
    if (*removed)
        printf("    until %s%s%s\n", removed, *instead ? ", now " : "", instead);
}

static void print_row(const struct table *table, const cJSON *row)
{
    printf("%s\n", json_string(row, "name", ""));
    if (table->shown)
        print_wrapped(json_string(row, table->shown, ""));
    print_wrapped(json_string(row, "help", ""));
    print_versions(row);
}

/* The rows of one table whose name contains @word; how many there are. */
static unsigned print_table(const cJSON *result, const struct table *table, const char *word)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(result, table->member), *row;
    unsigned nr = 0;

    cJSON_ArrayForEach(row, list)
    {
        if (!strstr(json_string(row, "name", ""), word))
            continue;
        print_row(table, row);
        nr++;
    }
    return nr;
}

/* The same for every table called @name; -1: there is none. */
static int print_tables(const cJSON *result, const char *name, const char *word)
{
    int nr = -1;

    for (const struct table *table = tables; table < tables + NR_TABLES; table++)
        if (strcmp(table->name, name) == 0)
            nr = (nr < 0 ? 0 : nr) + (int)print_table(result, table, word);
    return nr;
}

int cmd_list(const struct command *self, int argc, char **argv)
{
    struct player player = {.file = "list"};
    int status;
    int nr = cli_parse(self, argc, argv, NULL, 0, 1, 2, &status);

    if (nr < 0)
        return status;
    player.engine = la_engine_new(la_host_libc());
    if (!player.engine) {
        cli_error("there is no memory left");
        return CLI_UNUSABLE;
    }
    status = CLI_UNUSABLE;
    if (player_request(&player, "tables", NULL)) {
        cJSON *result = player_result(&player);
        int printed = print_tables(result, argv[0], nr > 1 ? argv[1] : "");

        status = printed > 0 ? CLI_OK : printed < 0 ? CLI_UNUSABLE : CLI_FAILED;
        if (printed < 0)
            cli_error("there is no list of %s: settings, calls and flags can be listed", argv[0]);
        else if (printed == 0)
            cli_error("no name in the list of %s contains \"%s\"", argv[0], argv[1]);
        cJSON_Delete(result);
    }
    player_close(&player);
    return status;
}
