/*
 * ingredients.h: what a program really did, of all that the programs are made to do.
 *
 *     events of each statement ──> one bit for each ingredient ──> all bits: it had everything at once
 *
 * That a program's text asks for something is not enough: the request may stand behind a branch that
 * is never taken, or behind an oops.  What counts is what the machine reported.
 */
#ifndef LA_TESTS_INGREDIENTS_H
#define LA_TESTS_INGREDIENTS_H

#include "lang/sched.h"
#include "timeline/timeline.h"

#include <string.h>

/* INGREDIENT(symbol, words) */
#define LA_INGREDIENTS(INGREDIENT)                                                                                     \
    INGREDIENT(PAGES, "pages")                                                                                         \
    INGREDIENT(CACHES, "caches")                                                                                       \
    INGREDIENT(KMALLOC, "kmalloc")                                                                                     \
    INGREDIENT(POOLS, "pools")                                                                                         \
    INGREDIENT(VMALLOC, "vmalloc")                                                                                     \
    INGREDIENT(IOREMAP, "ioremap")                                                                                     \
    INGREDIENT(PERCPU, "per-CPU memory")                                                                               \
    INGREDIENT(BOOT, "boot memory")                                                                                    \
    INGREDIENT(THREADS, "threads")                                                                                     \
    INGREDIENT(CPUS, "statements on three CPUs")                                                                       \
    INGREDIENT(INTERRUPTS, "interrupts")                                                                               \
    INGREDIENT(FAILURES, "injected failures")

enum ingredient {
#define INGREDIENT(symbol, words) HAS_##symbol,
    LA_INGREDIENTS(INGREDIENT)
#undef INGREDIENT
        NR_INGREDIENTS
};

enum { HAS_EVERYTHING = (1 << NR_INGREDIENTS) - 1 };

static const char *const ingredient_words[] = {
#define INGREDIENT(symbol, words) words,
    LA_INGREDIENTS(INGREDIENT)
#undef INGREDIENT
};

struct ingredients {
    uint32_t has;  /* bits of enum ingredient */
    uint32_t cpus; /* bits: CPUs that ran a statement */
};

/* NR_INGREDIENTS: @event shows none. */
static inline enum ingredient ingredient_of(const struct la_trace *trace, const struct la_event *event)
{
    switch (event->id) {
    case LA_EV_ALLOC_DONE:
        return HAS_PAGES;
    case LA_EV_CACHE_CREATE:
    case LA_EV_CACHE_MERGE:
    case LA_EV_CLASSIC_CREATE:
        return HAS_CACHES;
    case LA_EV_KMALLOC:
        return HAS_KMALLOC;
    case LA_EV_POOL_ALLOC:
    case LA_EV_POOL_TAKE:
        return HAS_POOLS;
    case LA_EV_VM_PAGES:
        return HAS_VMALLOC;
    case LA_EV_PT_MAP_IO:
        return HAS_IOREMAP;
    case LA_EV_PCPU_ALLOC:
        return HAS_PERCPU;
    case LA_EV_BOOT_ALLOC:
        return HAS_BOOT;
    case LA_EV_IRQ_ENTER:
        return HAS_INTERRUPTS;
    case LA_EV_WARNING:
        return strncmp(la_event_str(trace, event, 0), "FAULT_INJECTION", 15) == 0 ? HAS_FAILURES : NR_INGREDIENTS;
    default:
        return NR_INGREDIENTS;
    }
}

/** Before a statement: note who runs it. */
static inline void ingredients_before(struct ingredients *i, const struct la_timeline *t)
{
    if (!t->interp)
        return;
    uint32_t active = la_interp_sched(t->interp)->active;

    i->has |= (uint32_t)(active > 0 && active < LA_THREADS_MAX) << HAS_THREADS;
    i->cpus |= 1u << t->machine->mm->cpu;
    i->has |= (uint32_t)((i->cpus & 7) == 7) << HAS_CPUS;
}

/** After a statement: note what it did. */
static inline void ingredients_after(struct ingredients *i, const struct la_timeline *t)
{
    for (uint32_t n = 0; n < t->trace->nr_events; n++) {
        enum ingredient found = ingredient_of(t->trace, &t->trace->event[n]);

        if (found != NR_INGREDIENTS)
            i->has |= 1u << found;
    }
}

#endif
