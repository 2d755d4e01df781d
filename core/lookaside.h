/*
 * lookaside.h: the engine, seen from outside.  The only header that the server and the
 * WebAssembly binding include.
 *
 *     page --JSON--> la_request() --> lesson, timeline, machine --> JSON --> page
 *
 * Everything a caller can ask is a JSON request; protocol/protocol.schema.json lists them.  The
 * reply is always one JSON object, also for bytes that are not JSON: an engine cannot be broken
 * by input, and after an error it stands where it stood.
 */
#ifndef LOOKASIDE_H
#define LOOKASIDE_H

#include "base/host.h"
#include "verify/verify.h" /* la_verify_recording(), for `lookaside verify` */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct la_engine;

/** A new engine on @host's memory, or NULL.  Free with la_engine_free(). */
struct la_engine *la_engine_new(const struct la_host *host);

/** Free the engine and everything it owns.  NULL is allowed. */
void la_engine_free(struct la_engine *engine);

/**
 * Answer one request of @len bytes (no NUL needed).
 * Returns a NUL-terminated JSON object of *@reply_len bytes (may be NULL), owned by the engine
 * and valid until the next call with the same engine.  Never NULL.
 */
const char *la_request(struct la_engine *engine, const char *request_json, size_t len, size_t *reply_len);

/** The version of the program: "0.1.0". */
const char *la_version(void);

#endif
