/* op_look.c: looking without changing: snapshot, inspect, proc. */
#include "door/door.h"
#include "view/proc.h"

bool la_op_snapshot(struct la_call *call)
{
    struct la_timeline *t = call->branch->timeline;

    la_json_kuint(call->w, "step", t->step);
    la_json_khex(call->w, "hash", t->trace->hash);
    la_view_collect(&call->branch->view, t->trace);
    la_json_key(call->w, "snapshot");
    la_view_snapshot(&call->branch->view, t, &call->since, call->w);
    return true;
}

/* The result object is already open, so the facts are written as one value and unwrapped. */
static bool write_facts(struct la_call *call, const struct la_buf *facts)
{
    la_json_raw(call->w, la_buf_str(facts) + 1, facts->len - 2);
    return true;
}

static bool look_at(struct la_call *call, struct la_json *w)
{
    struct la_timeline *t = call->branch->timeline;
    const cJSON *pfn = la_cjson_get(call->request, "pfn"), *zone = la_cjson_get(call->request, "zone");
    const char *variable = la_call_text(call, "variable", false);
    uint64_t number = 0;

    if (call->error)
        return false;
    if (pfn) {
        return la_call_uint(call, "pfn", UINT32_MAX - 1, &number) &&
               (la_view_inspect_frame(t, (uint32_t)number, w) ||
                la_call_fail(call, LA_E_NOT_FOUND, "", "no zone holds frame 0x%llx", (unsigned long long)number));
    }
    if (zone) {
        return la_call_uint(call, "zone", LA_MAX_ZONES, &number) &&
               (la_view_inspect_zone(t, (uint32_t)number, w) ||
                la_call_fail(call, LA_E_NOT_FOUND, "", "there is no zone %u", (unsigned int)number));
    }
    if (variable)
        return la_view_inspect_variable(t, variable, w) ||
               la_call_fail(call, LA_E_NOT_FOUND, "", "no variable \"%.40s\" is in scope", variable);
    return la_call_fail(call, LA_E_BAD_REQUEST, "", "inspect needs \"pfn\", \"zone\" or \"variable\"");
}

bool la_op_inspect(struct la_call *call)
{
    struct la_buf facts;
    struct la_json w;

    la_buf_init(&facts, call->engine->host);
    la_json_init(&w, &facts);
    bool good = look_at(call, &w) && write_facts(call, &facts);

    la_buf_free(&facts);
    return good;
}

bool la_op_proc(struct la_call *call)
{
    const char *name = la_call_text(call, "name", true);
    struct la_buf text;
    uint32_t nr;
    const char *const *names = la_proc_names(&nr);

    if (!name)
        return false;
    la_buf_init(&text, call->engine->host);
    bool good = la_proc_read(call->branch->timeline->machine, name, &text);

    if (good) {
        la_json_kstr(call->w, "name", name);
        la_json_kstr(call->w, "text", la_buf_str(&text));
    } else {
        la_call_fail(call, LA_E_NOT_FOUND, la_did_you_mean(name, names, nr), "there is no file /proc/%.40s here", name);
    }
    la_buf_free(&text);
    return good;
}
