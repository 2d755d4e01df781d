/*
 * bridge.c: the WebAssembly door to la_request().  All of it.
 *
 *   JavaScript (worker)                       this module
 *   ───────────────────                       ───────────
 *   h = la_wasm_new()                    ──>  one engine per handle; several live side by side
 *   p = la_wasm_alloc(n); write UTF-8    ──>  n bytes of the module's memory, the caller's
 *   q = la_wasm_request(h, p, n)         ──>  la_request(): the reply's bytes, the engine's
 *   n = la_wasm_reply_len(h)             ──>  how many they are
 *   read [q, q + n); la_wasm_free(p)          (read before the next request to h replaces them)
 *   la_wasm_delete(h)
 *
 * Memory may grow during any call, so a view of it taken before a call must be taken again.
 * Every function copes with 0 for a handle or pointer, and returns 0 when memory is out.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lookaside.h"

#define LA_WASM_EXPORT(name) __attribute__((export_name(name), used))

struct la_wasm {
    struct la_engine *engine;
    size_t reply_len; /* of the last reply, in bytes */
};

/*
 * A broken invariant stops the module with a trap, which the worker reports.  The C library's own
 * version would print, and pull in a file system's worth of imports to do so.
 */
_Noreturn void __assert_fail(const char *expression, const char *file, int line, const char *function);
_Noreturn void __assert_fail(const char *expression, const char *file, int line, const char *function)
{
    (void)expression, (void)file, (void)line, (void)function;
    __builtin_trap();
}

LA_WASM_EXPORT("la_wasm_alloc") void *la_wasm_alloc(uint32_t nr_bytes)
{
    return malloc(nr_bytes ? nr_bytes : 1);
}

LA_WASM_EXPORT("la_wasm_free") void la_wasm_free(void *ptr)
{
    free(ptr);
}

LA_WASM_EXPORT("la_wasm_new") struct la_wasm *la_wasm_new(void)
{
    struct la_wasm *self = calloc(1, sizeof(*self));

    if (self)
        self->engine = la_engine_new(la_host_libc());
    if (self && !self->engine) {
        free(self);
        self = NULL;
    }
    return self;
}

LA_WASM_EXPORT("la_wasm_delete") void la_wasm_delete(struct la_wasm *self)
{
    if (self)
        la_engine_free(self->engine);
    free(self);
}

LA_WASM_EXPORT("la_wasm_request")
const char *la_wasm_request(struct la_wasm *self, const char *json, uint32_t nr_bytes)
{
    if (!self || !json)
        return NULL;
    self->reply_len = 0;
    return la_request(self->engine, json, nr_bytes, &self->reply_len);
}

LA_WASM_EXPORT("la_wasm_reply_len") uint32_t la_wasm_reply_len(const struct la_wasm *self)
{
    return self ? (uint32_t)self->reply_len : 0;
}
