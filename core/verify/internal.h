/*
 * internal.h: what the replays share: counting comparisons, reading JSON rows, making a memory.
 */
#ifndef LA_VERIFY_INTERNAL_H
#define LA_VERIFY_INTERNAL_H

#include "base/cjson.h"
#include "mm/init.h"
#include "mm/internal.h"
#include "verify/verify.h"

/* One replay: the report and a place in the recording for messages. */
struct la_verify {
    const struct la_host *host;
    struct la_verify_report *report;
    const char *where; /* "op", "run", … */
    uint32_t index;    /* number of that op, run … */
    uint32_t shown;
};

/** Count one comparison; a difference is described as "<where> <index>: <what>: <have>, recorded <want>". */
bool la_verify_value(struct la_verify *v, const char *what, int64_t have, int64_t want);
/** Count a difference that deviation @letter explains. */
void la_verify_explained(struct la_verify *v, char letter, const char *what, int64_t have, int64_t want);
/** A whole number within +-2^53, or @otherwise. */
int64_t la_verify_int(const cJSON *item, int64_t otherwise);
/** Element @column of @array as a number; 0 when it is missing. */
uint32_t la_verify_column(const cJSON *array, int column);
/** A member as a number, or @otherwise when it is missing or null. */
int64_t la_verify_number(const cJSON *object, const char *key, int64_t otherwise);
/** The zone type of a /proc name ("DMA32"); LA_NR_ZONE_TYPES when unknown. */
enum la_zone_type la_verify_zone_type(const char *name);

/** The replays; each fills the report's kind and counts. */
void la_verify_buddy_trace(struct la_verify *v, const cJSON *recording);
void la_verify_vmalloc_trace(struct la_verify *v, const cJSON *recording);
void la_verify_percpu_trace(struct la_verify *v, const cJSON *recording);
void la_verify_reserve_depth(struct la_verify *v, const cJSON *recording);
void la_verify_zones(struct la_verify *v, const cJSON *recording);
void la_verify_slab_geometry(struct la_verify *v, const cJSON *recording);
void la_verify_slab_trace(struct la_verify *v, const cJSON *recording);
void la_verify_kmalloc_sizes(struct la_verify *v, const cJSON *recording);
void la_verify_mempool_trace(struct la_verify *v, const cJSON *recording);

/* The memory of a replay; its events are off. */
struct la_verify_memory {
    struct la_arena *arena;
    struct la_trace *trace;
    struct la_mm *mm;
};
/** A memory of @setup; false: no host memory (free it all the same; one that is all zero may be freed too). */
bool la_verify_memory_make(struct la_verify_memory *m, const struct la_host *host, const struct la_mm_setup *setup);
/** 256 MiB with caches, @boot_caches: kmalloc's too; false: no host memory (free it all the same). */
bool la_verify_memory(struct la_verify_memory *m, const struct la_host *host, uint32_t cpus, uint32_t pointer_bytes, bool boot_caches);
void la_verify_memory_free(struct la_verify_memory *m);

#endif
