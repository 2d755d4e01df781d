/*
 * say_objects.c: a step about per-CPU areas, areas of addresses, devices, caches, kmalloc or memory pools in one sentence.
 *
 * One call causes many events (a pool asks a cache, the cache a page; an area asks kmalloc): the
 * outermost one tells best what happened, so the kinds are tried from the outside in.
 */
#include "timeline/timeline.h"

bool la_say_objects(const struct la_timeline *t, struct la_buf *out)
{
    static const enum la_event_id kinds[] = {
        LA_EV_PCPU_ALLOC,      LA_EV_PCPU_FREE,    LA_EV_IO_REFUSED,    LA_EV_IO_READ,      LA_EV_IO_WRITE,
        LA_EV_VMAP_NO_AREA,    LA_EV_VMAP_AREA,    LA_EV_VFREE_DEFERRED, LA_EV_PT_UNMAP,    LA_EV_VMAP_PURGE,
        LA_EV_POOL_EMPTY,      LA_EV_POOL_CREATE,  LA_EV_POOL_DESTROY,  LA_EV_POOL_RESIZE,
        LA_EV_POOL_TAKE,       LA_EV_POOL_ALLOC,   LA_EV_POOL_KEEP,     LA_EV_POOL_RELEASE,
        LA_EV_CACHE_MERGE,     LA_EV_CACHE_CREATE, LA_EV_CACHE_UNSHARE, LA_EV_CACHE_DESTROY,
        LA_EV_SLAB_ALLOC_FAIL, LA_EV_SLAB_ALLOC,   LA_EV_KMALLOC_LARGE, LA_EV_SLAB_FREE};

    for (uint32_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (uint32_t i = t->trace->nr_events; i-- > 0;) {
            if (t->trace->event[i].id != kinds[k])
                continue;
            la_event_sentence(t->trace, &t->trace->event[i], out);
            return true;
        }
    }
    return false;
}
