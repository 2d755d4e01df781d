/* op_look.c: looking without changing: snapshot, inspect, proc. */
#include "door/door.h"
#include "view/proc.h"

#include <stdlib.h>

bool la_op_snapshot(struct la_req *req)
{
    struct la_timeline *t = req->branch->timeline;

    la_json_kuint(req->w, "step", t->step);
    la_json_khex(req->w, "hash", t->trace->hash);
    la_view_collect(&req->branch->view, t->trace);
    la_json_key(req->w, "snapshot");
    la_view_snapshot(&req->branch->view, t, &req->since, req->w);
    return true;
}

/* The result object is already open, so the facts are written as one value and unwrapped. */
static bool write_facts(struct la_req *req, const struct la_buf *facts)
{
    if (facts->failed)
        return la_req_fail(req, LA_E_NOMEM, "", "out of memory for the facts");
    la_json_raw(req->w, la_buf_str(facts) + 1, facts->len - 2);
    return true;
}

static bool look_at(struct la_req *req, struct la_json *w)
{
    struct la_timeline *t = req->branch->timeline;
    const cJSON *pfn = la_cjson_get(req->request, "pfn"), *zone = la_cjson_get(req->request, "zone");
    const char *variable = la_req_text(req, "variable", false), *address = la_req_text(req, "address", false);
    uint64_t number = 0;

    if (req->error)
        return false;
    if (pfn) {
        return la_req_uint(req, "pfn", UINT32_MAX - 1, &number) &&
               (la_view_inspect_frame(t, (uint32_t)number, w) ||
                la_req_fail(req, LA_E_NOT_FOUND, "", "no zone holds frame 0x%llx", (unsigned long long)number));
    }
    if (zone) {
        return la_req_uint(req, "zone", LA_MAX_ZONES, &number) &&
               (la_view_inspect_zone(t, (uint32_t)number, w) ||
                la_req_fail(req, LA_E_NOT_FOUND, "", "there is no zone %u", (unsigned int)number));
    }
    if (address) {
        uint64_t addr = strtoull(address, NULL, 16);

        return la_view_inspect_address(t, addr, w) || la_req_fail(req, LA_E_NOT_FOUND, "", "no memory at 0x%llx", (unsigned long long)addr);
    }
    if (variable)
        return la_view_inspect_variable(t, variable, w) ||
               la_req_fail(req, LA_E_NOT_FOUND, "", "no variable \"%.40s\" is in scope", variable);
    return la_req_fail(req, LA_E_BAD_REQUEST, "", "inspect needs \"pfn\", \"zone\", \"variable\" or \"address\"");
}

bool la_op_inspect(struct la_req *req)
{
    struct la_buf facts;
    struct la_json w;

    la_buf_init(&facts, req->engine->host);
    la_json_init(&w, &facts);
    bool good = look_at(req, &w) && write_facts(req, &facts);

    la_buf_free(&facts);
    return good;
}

bool la_op_walk(struct la_req *req)
{
    const char *address = la_req_text(req, "address", true);
    struct la_buf steps;
    struct la_json w;

    if (!address)
        return false;
    la_buf_init(&steps, req->engine->host);
    la_json_init(&w, &steps);
    bool good = la_view_inspect_walk(req->branch->timeline, strtoull(address, NULL, 16), &w) && write_facts(req, &steps);

    la_buf_free(&steps);
    return good;
}

bool la_op_proc(struct la_req *req)
{
    const char *name = la_req_text(req, "name", true);
    const struct la_timeline *t = req->branch->timeline;
    struct la_buf text;
    uint32_t nr;
    const char *const *names = la_proc_names(&nr);

    if (!name)
        return false;
    la_buf_init(&text, req->engine->host);
    bool good = la_proc_read(t->machine, t->interp ? la_interp_sched(t->interp) : NULL, name, &text);

    if (good) {
        la_json_kstr(req->w, "name", name);
        la_json_kstr(req->w, "text", la_buf_str(&text));
    } else {
        la_req_fail(req, LA_E_NOT_FOUND, la_did_you_mean(name, names, nr), "there is no file /proc/%.40s here", name);
    }
    la_buf_free(&text);
    return good;
}
