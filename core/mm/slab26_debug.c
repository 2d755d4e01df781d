/*
 * slab26_debug.c: red zones and poison of the SLAB of 2.6, and its reports.
 *
 *     slot with SLAB_RED_ZONE and SLAB_STORE_USER, in words:
 *       [red zone 1][object ...............][red zone 2][last user]
 *     red zone: 0x5A2CF071 free, 0x170FC2A5 handed out
 *     object with SLAB_POISON: 6b 6b ... 6b a5 free, 5a 5a ... 5a a5 just handed out
 *
 *     constructor  for every object of a new slab; with SLAB_POISON, which would destroy what it made, whenever an
 *                  object is handed out; with SLAB_DEBUG_INITIAL also, told to verify, whenever one comes back
 *     destructor   for every object of a slab that goes; with SLAB_POISON whenever an object comes back
 *
 * Unlike SLUB, poison is checked whenever an object is handed out and when a slab goes.
 *
 * Cost: the bytes of the object.
 *
 * Deviations:
 *  A. CONFIG_DEBUG_SLAB is one per kernel; here the flags of a cache decide alone.
 *  B. The last user is the step of the program, not an address of code; of the bytes only the first wrong
 *     row of 16 is printed, and the neighbours of the object are not.
 *
 * Source: Linux 2.6.11 mm/slab.c: poison_obj, check_poison_obj, cache_alloc_debugcheck_after,
 * cache_free_debugcheck, slab_destroy, __slab_error.
 */
#include "mm/slab26.h"

#include <stdio.h>

enum { ROW = 16 };

void la_slab26_bug(struct la_mm *mm, const char *where, const char *note)
{
    char text[100];

    (void)snprintf(text, sizeof text, "kernel BUG at mm/slab.c: %s()", where);
    la_oops(mm, text, note);
}

static const char *const go_on = "The kernel prints this and goes on.";

void la_slab26_error(struct la_mm *mm, const struct la_kmem_cache *s, const char *fn, const char *text,
                     const char *note)
{
    struct la_buf line;

    mm->kmem->slab_errors++;
    la_buf_init(&line, la_arena_host(mm->arena));
    la_buf_printf(&line, "slab error in %s(): cache `%s': %s", fn, s->name, text);
    la_oops(mm, la_buf_str(&line), note ? note : go_on);
    la_buf_free(&line);
}

/* ---- words around the object ---- */

static uint64_t red1(const struct la_mm *mm, uint64_t object)
{
    return object - mm->layout.pointer_bytes;
}

static uint64_t red2(const struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object)
{
    uint32_t word = mm->layout.pointer_bytes;

    return object - s->red_left_pad + s->size - word - (s->flags & LA_SLAB_STORE_USER ? word : 0);
}

static uint64_t load(const struct la_mm *mm, uint64_t at)
{
    return la_mem_load(mm, at, mm->layout.pointer_bytes);
}

static void store(struct la_mm *mm, uint64_t at, uint64_t value)
{
    la_mem_store(mm, at, value, mm->layout.pointer_bytes);
}

static void set_red(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, uint32_t value)
{
    if (!(s->flags & LA_SLAB_RED_ZONE))
        return;
    store(mm, red1(mm, object), value);
    store(mm, red2(mm, s, object), value);
}

static void poison(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, uint8_t byte)
{
    const unsigned char end = LA_POISON_END;

    if (!(s->flags & LA_SLAB_POISON))
        return;
    la_mem_fill(mm, object, byte, s->object_size - 1);
    la_mem_write(mm, object + s->object_size - 1, &end, 1);
}

/* ---- constructor and destructor ---- */

/* fn(object, cache, flags); fn 0: none. */
static void call_program(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t fn, uint64_t object, uint32_t flags)
{
    uint32_t cache = la_cache_index(mm, s);
    const uint64_t args[3] = {object, la_cache_address(mm, cache), flags};
    uint64_t result;

    if (fn == 0 || !mm->kmem->hooks.call || mm->kmem->callback_failed)
        return;
    la_cache26_write(mm, cache)->busy++;
    mm->kmem->callback_failed |= !mm->kmem->hooks.call(mm->kmem->hooks.ctx, fn, args, 3, &result);
    la_cache26_write(mm, cache)->busy--;
}

static void construct(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, la_gfp_t gfp)
{
    uint32_t atomic = gfp & LA_GFP_DIRECT_RECLAIM ? 0 : LA_SLAB_CTOR_ATOMIC;

    call_program(mm, s, s->ctor, object, LA_SLAB_CTOR_CONSTRUCTOR | atomic);
}

static void destruct(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object)
{
    call_program(mm, s, la_cache26_at(mm, la_cache_index(mm, s))->dtor, object, 0);
}

/* ---- checks ---- */

static void check_red(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, uint32_t want, const char *fn)
{
    uint64_t one, two;
    struct la_buf text;

    if (!(s->flags & LA_SLAB_RED_ZONE))
        return;
    one = load(mm, red1(mm, object));
    two = load(mm, red2(mm, s, object));
    if (one == want && two == want)
        return;
    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text,
                  "double free, or memory outside object was overwritten\n%0*llx: redzone 1: 0x%llx, redzone 2: "
                  "0x%llx.",
                  la_digits(mm), (unsigned long long)red1(mm, object), (unsigned long long)one,
                  (unsigned long long)two);
    la_slab26_error(mm, s, fn, la_buf_str(&text), NULL);
    la_buf_free(&text);
}

static void corruption(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, uint32_t at,
                       const unsigned char *row, uint32_t nr)
{
    struct la_buf text;

    mm->kmem->slab_errors++;
    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "Slab corruption: start=%0*llx, len=%u", la_digits(mm), (unsigned long long)object,
                  (unsigned)s->object_size);
    if (s->flags & LA_SLAB_RED_ZONE)
        la_buf_printf(&text, "\nRedzone: 0x%llx/0x%llx.", (unsigned long long)load(mm, red1(mm, object)),
                      (unsigned long long)load(mm, red2(mm, s, object)));
    if (s->flags & LA_SLAB_STORE_USER)
        la_buf_printf(&text, "\nLast user: step %llu",
                      (unsigned long long)load(mm, object - s->red_left_pad + s->size - mm->layout.pointer_bytes));
    la_buf_printf(&text, "\n%03x:", (unsigned)at);
    for (uint32_t i = 0; i < nr; i++)
        la_buf_printf(&text, " %02x", row[i]);
    la_oops(mm, la_buf_str(&text), "Somebody wrote to the object after it was freed. The kernel goes on.");
    la_buf_free(&text);
}

/* check_poison_obj: a free object must be 6b 6b ... a5. */
static void check_poison(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object)
{
    unsigned char row[ROW];

    if (!(s->flags & LA_SLAB_POISON))
        return;
    for (uint32_t at = 0; at < s->object_size; at += ROW) {
        uint32_t nr = s->object_size - at < ROW ? s->object_size - at : ROW;

        la_mem_read(mm, object + at, row, nr);
        for (uint32_t i = 0; i < nr; i++)
            if (row[i] != (at + i + 1 == s->object_size ? LA_POISON_END : LA_POISON_FREE)) {
                corruption(mm, s, object, at, row, nr);
                return;
            }
    }
}

static void set_user(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, uint32_t user)
{
    if (s->flags & LA_SLAB_STORE_USER)
        store(mm, object - s->red_left_pad + s->size - mm->layout.pointer_bytes, user);
}

/* Both red zones of an object that nobody has. */
static void check_free_red(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, const char *fn,
                           const char *start, const char *end)
{
    if (!(s->flags & LA_SLAB_RED_ZONE))
        return;
    if (load(mm, red1(mm, object)) != LA_SLAB26_RED_INACTIVE)
        la_slab26_error(mm, s, fn, start, NULL);
    if (load(mm, red2(mm, s, object)) != LA_SLAB26_RED_INACTIVE)
        la_slab26_error(mm, s, fn, end, NULL);
}

void la_slab26_init_object(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, la_gfp_t gfp)
{
    poison(mm, s, object, LA_POISON_FREE);
    set_user(mm, s, object, 0);
    set_red(mm, s, object, LA_SLAB26_RED_INACTIVE);
    if (s->flags & LA_SLAB_POISON)
        return;
    construct(mm, s, object, gfp);
    check_free_red(mm, s, object, "cache_init_objs", "constructor overwrote the start of an object",
                   "constructor overwrote the end of an object");
}

void la_slab26_debug_alloc(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object, la_gfp_t gfp)
{
    check_poison(mm, s, object);
    poison(mm, s, object, LA_POISON_INUSE);
    set_user(mm, s, object, mm->owner);
    check_red(mm, s, object, LA_SLAB26_RED_INACTIVE, "cache_alloc_debugcheck_after");
    set_red(mm, s, object, LA_SLAB26_RED_ACTIVE);
    if (s->flags & LA_SLAB_POISON)
        construct(mm, s, object, gfp);
}

void la_slab26_debug_free(struct la_mm *mm, const struct la_kmem_cache *s, uint64_t object)
{
    check_red(mm, s, object, LA_SLAB26_RED_ACTIVE, "cache_free_debugcheck");
    set_red(mm, s, object, LA_SLAB26_RED_INACTIVE);
    set_user(mm, s, object, mm->owner);
    if (s->flags & LA_SLAB_DEBUG_INITIAL)
        call_program(mm, s, s->ctor, object, LA_SLAB_CTOR_CONSTRUCTOR | LA_SLAB_CTOR_VERIFY);
    if (s->flags & LA_SLAB_POISON)
        destruct(mm, s, object);
    poison(mm, s, object, LA_POISON_FREE);
}

void la_slab26_debug_destroy(struct la_mm *mm, const struct la_kmem_cache *s, uint32_t index)
{
    for (uint32_t i = 0; i < la_slab_at(mm, index)->objects; i++) {
        uint64_t object = la_slab_object(mm, la_slab_at(mm, index), i);

        check_poison(mm, s, object);
        check_free_red(mm, s, object, "slab_destroy", "start of a freed object was overwritten",
                       "end of a freed object was overwritten");
        if (!(s->flags & LA_SLAB_POISON))
            destruct(mm, s, object);
    }
}
