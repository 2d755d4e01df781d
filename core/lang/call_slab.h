/* call_slab.h: what the bindings of caches, kmalloc and memory pools share. */
#ifndef LA_LANG_CALL_SLAB_H
#define LA_LANG_CALL_SLAB_H

#include "lang/api.h"
#include "mm/mempool.h"

/** Let core/mm call functions of the program while a kernel call runs; returns what was there before. */
struct la_kmem_hooks la_call_hooks_on(struct la_call *call);
/** The other end; kills the task when a function of the program failed. */
void la_call_hooks_off(struct la_call *call, struct la_kmem_hooks before);
/** The cache at @addr, or LA_NO_CACHE after an oops was reported and the program ended. */
uint32_t la_call_cache(struct la_call *call, uint64_t addr);

#endif
