/*
 * verify.c: which recording is this, and how comparisons are counted.
 *
 *     {"ops":…, "initial_free":…}          -> a buddy trace
 *     {"ops":…, "VMALLOC_START":…}         -> vmalloc, vmap and ioremap
 *     {"pcpu_base_addr":…, "ops":…}        -> per-CPU allocations ("chunks" alone: their state)
 *     {"<machine>": {"runs": […]}}         -> reserve depths
 *     {"<machine>": {"zones": […]}}        -> watermarks and protection
 *     {"<boot>": {"grid"|"internal": …}}   -> geometry of caches
 *     {"ops":…, "objs_per_slab":…}         -> a trace of one cache
 *     {"entries":…, "KMALLOC_MAX_SIZE":…}  -> sizes of kmalloc
 *     {"ops":…, "kinds":…}                 -> a trace of memory pools
 *
 * The replays drive the same core/mm code as the simulated machine; nothing of the allocator is
 * written twice here.
 */
#include "verify/internal.h"

#include <inttypes.h>
#include <string.h>

bool la_verify_value(struct la_verify *v, const char *what, int64_t have, int64_t want)
{
    v->report->compared++;
    if (have == want)
        return true;
    v->report->differ++;
    if (v->shown++ < LA_VERIFY_SHOWN)
        la_buf_printf(&v->report->text, "%s %u: %s: %" PRId64 ", recorded %" PRId64 "\n", v->where, (unsigned)v->index,
                      what, have, want);
    return false;
}

void la_verify_explained(struct la_verify *v, char letter, const char *what, int64_t have, int64_t want)
{
    v->report->compared++;
    v->report->explained++;
    if (v->shown++ < LA_VERIFY_SHOWN)
        la_buf_printf(&v->report->text, "%s %u: %s: %" PRId64 ", recorded %" PRId64 " (deviation %c)\n", v->where,
                      (unsigned)v->index, what, have, want, letter);
}

int64_t la_verify_int(const cJSON *item, int64_t otherwise)
{
    const double limit = 9007199254740992.0; /* 2^53: beyond it a double skips whole numbers */

    if (!cJSON_IsNumber(item) || item->valuedouble > limit || item->valuedouble < -limit)
        return otherwise;
    return (int64_t)item->valuedouble;
}

int64_t la_verify_number(const cJSON *object, const char *key, int64_t otherwise)
{
    return la_verify_int(la_cjson_get(object, key), otherwise);
}

uint32_t la_verify_column(const cJSON *array, int column)
{
    return (uint32_t)la_verify_int(cJSON_GetArrayItem(array, column), 0);
}

enum la_zone_type la_verify_zone_type(const char *name)
{
    for (uint32_t type = 0; name && type < LA_NR_ZONE_TYPES; type++)
        if (strcmp(name, la_zone_type_name((enum la_zone_type)type)) == 0)
            return (enum la_zone_type)type;
    return LA_NR_ZONE_TYPES;
}

/* The member every machine of a recording by machine has, or "". */
static const char *member_of_machines(const cJSON *recording)
{
    const cJSON *machine;

    cJSON_ArrayForEach(machine, recording)
    {
        if (cJSON_IsArray(la_cjson_get(machine, "runs")))
            return "runs";
        if (cJSON_IsArray(la_cjson_get(machine, "zones")) || cJSON_IsArray(la_cjson_get(machine, "snapshots")))
            return "zones";
        if (cJSON_IsArray(la_cjson_get(machine, "grid")) || cJSON_IsArray(la_cjson_get(la_cjson_get(machine, "internal"), "caches")))
            return "caches";
    }
    return "";
}

static bool replay(struct la_verify *v, const cJSON *recording)
{
    const char *member = member_of_machines(recording);

    if (cJSON_IsArray(la_cjson_get(recording, "ops")) && cJSON_IsObject(la_cjson_get(recording, "initial_free")))
        la_verify_buddy_trace(v, recording);
    else if (cJSON_IsArray(la_cjson_get(recording, "ops")) && la_cjson_get(recording, "VMALLOC_START"))
        la_verify_vmalloc_trace(v, recording);
    else if (la_cjson_get(recording, "pcpu_base_addr"))
        la_verify_percpu_trace(v, recording);
    else if (strcmp(member, "runs") == 0)
        la_verify_reserve_depth(v, recording);
    else if (strcmp(member, "zones") == 0)
        la_verify_zones(v, recording);
    else if (strcmp(member, "caches") == 0)
        la_verify_slab_geometry(v, recording);
    else if (cJSON_IsArray(la_cjson_get(recording, "ops")) && la_cjson_get(recording, "objs_per_slab"))
        la_verify_slab_trace(v, recording);
    else if (cJSON_IsArray(la_cjson_get(recording, "entries")) && la_cjson_get(recording, "KMALLOC_MAX_SIZE"))
        la_verify_kmalloc_sizes(v, recording);
    else if (cJSON_IsArray(la_cjson_get(recording, "ops")) && la_cjson_get(recording, "kinds"))
        la_verify_mempool_trace(v, recording);
    else
        return false;
    return true;
}

bool la_verify_recording(const struct la_host *host, const char *json, size_t len, struct la_verify_report *out)
{
    struct la_verify v = {.host = host, .report = out, .where = ""};
    size_t error_at = 0;

    memset(out, 0, sizeof *out);
    la_buf_init(&out->text, host);
    cJSON *recording = la_cjson_parse(json, len, &error_at);

    if (!recording) {
        la_buf_printf(&out->text, "this is not JSON: byte %zu\n", error_at);
        return false;
    }
    bool known = replay(&v, recording);

    cJSON_Delete(recording);
    if (!known)
        la_buf_puts(&out->text, "this is not a recording of a kernel: no `ops`, `runs`, `zones`, `grid` or `entries`\n");
    return known;
}
