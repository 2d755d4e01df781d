/*
 * player.h: a lesson file and an engine that plays it, for the commands.
 */
#ifndef LA_SERVER_PLAYER_H
#define LA_SERVER_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

struct la_engine;

struct player {
    const char *file; /* its name in messages */
    struct la_engine *engine;
    const char *result; /* of the last request: JSON, the engine's, until the next request */
    size_t result_len;
    uint64_t step;    /* statements that have run */
    char stopped[16]; /* why running stopped; see Position in protocol.schema.json */
    const char *last; /* the last statement that ran, as JSON; lives as long as @result */
    size_t last_len;
};

/**
 * Read the lesson @path and open it.  Diagnostics go to stderr.
 * Returns CLI_OK, or CLI_UNUSABLE if it cannot be read or run.  Call player_close either way.
 */
int player_open(struct player *player, const char *path);
void player_close(struct player *player);

/** Send {"id":1,"op":@op, members of @more}.  @more is taken and may be NULL.  False after a message. */
bool player_request(struct player *player, const char *op, cJSON *more);

/** Run at most @nr statements; with @all, the result has each of them in "steps".  False after a message. */
bool player_step(struct player *player, uint32_t nr, bool all);

/** Has the program come to where it cannot go on: its end, a false assert, an oops, ...? */
bool player_stopped(const struct player *player);

/** Go to the state after @target statements, or to the end if @target is NULL.  CLI_OK or CLI_UNUSABLE. */
int player_go(struct player *player, const char *target);

/** Print the diagnostics in array @list as file:line:column: message. */
void player_print_diagnostics(const struct player *player, const cJSON *list);

/** The last result, parsed; NULL if memory is out.  Free with cJSON_Delete. */
cJSON *player_result(const struct player *player);

#endif
