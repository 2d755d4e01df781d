/*
 * test_arena.c: keyframes put every byte back, share what did not change, and survive a host that
 * runs out of memory at any moment.
 */
#include "cmocka_all.h"

#include "base/arena.h"
#include "base/prng.h"
#include "check_host.h"

struct shop {
    struct check_host check;
    struct la_arena *arena;
};

static struct shop *shop_open(struct shop *s, uint64_t limit)
{
    check_host_init(&s->check);
    s->arena = la_arena_new(&s->check.host, limit);
    assert_non_null(s->arena);
    return s;
}

static void shop_close(struct shop *s)
{
    la_arena_free(s->arena);
    assert_true(check_host_clean(&s->check));
}

static void put(struct la_region *region, uint32_t at, const char *text)
{
    la_region_touch(region, region->base + at, (uint32_t)strlen(text));
    memcpy(region->base + at, text, strlen(text));
}

/* ---- hot state ---- */

static void hot_is_zeroed_and_aligned_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 1 << 20);
    for (uint32_t bytes = 1; bytes < 200; bytes += 13) {
        unsigned char *p = la_arena_hot(s.arena, bytes);

        assert_int_equal((uintptr_t)p % 16, 0);
        for (uint32_t i = 0; i < bytes; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xFF, bytes); /* the next one must not overlap */
    }
    shop_close(&s);
}

static void hot_larger_than_a_region_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 1 << 20);
    unsigned char *small = la_arena_hot(s.arena, 8), *large = la_arena_hot(s.arena, 200000), *after = la_arena_hot(s.arena, 8);

    assert_non_null(small);
    assert_non_null(large);
    assert_non_null(after);
    large[199999] = 1;
    shop_close(&s);
}

static void hot_comes_back_without_touch_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 1 << 20);
    uint32_t *number = la_arena_hot(s.arena, sizeof *number);

    *number = 1;
    struct la_keyframe *one = la_arena_save(s.arena);

    *number = 2;
    struct la_keyframe *two = la_arena_save(s.arena);

    *number = 3;
    la_arena_restore(s.arena, one, NULL, NULL);
    assert_int_equal(*number, 1);
    la_arena_restore(s.arena, two, NULL, NULL);
    assert_int_equal(*number, 2);
    la_keyframe_free(s.arena, one);
    la_keyframe_free(s.arena, two);
    shop_close(&s);
}

/* Hot memory handed out after a keyframe is undone with it: asking again gives the same place, zeroed. */
static void hot_handed_out_later_is_undone_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 1 << 20);
    (void)la_arena_hot(s.arena, 64);
    struct la_keyframe *before = la_arena_save(s.arena);
    unsigned char *first = la_arena_hot(s.arena, 100000);
    unsigned char *second = la_arena_hot(s.arena, 64);

    memset(first, 7, 100000);
    memset(second, 7, 64);
    la_arena_restore(s.arena, before, NULL, NULL);
    unsigned char *again = la_arena_hot(s.arena, 100000);

    assert_ptr_equal(again, first);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(again[i], 0);
    assert_ptr_equal(la_arena_hot(s.arena, 64), second);
    assert_int_equal(second[0], 0);
    la_keyframe_free(s.arena, before);
    shop_close(&s);
}

/* ---- regions ---- */

static void region_comes_back_check(void **state)
{
    struct shop s;
    struct la_keyframe *k[4];

    (void)state;
    shop_open(&s, 1 << 24);
    struct la_region *r = la_arena_region(s.arena, 3000000, 5);

    assert_int_equal(r->tag, 5);
    for (int i = 0; i < 4; i++) {
        char text[32];

        (void)snprintf(text, sizeof text, "version %d", i);
        put(r, (uint32_t)i * 300000, text);
        put(r, 4090, text); /* across a chunk border */
        k[i] = la_arena_save(s.arena);
        assert_non_null(k[i]);
    }
    for (int i = 3; i >= 0; i--) {
        char text[32];

        (void)snprintf(text, sizeof text, "version %d", i);
        la_arena_restore(s.arena, k[i], NULL, NULL);
        assert_memory_equal(r->base + 4090, text, strlen(text));
        for (int j = 0; j < 4; j++) {
            (void)snprintf(text, sizeof text, "version %d", j);
            if (j <= i)
                assert_memory_equal(r->base + j * 300000, text, strlen(text));
            else
                assert_int_equal(r->base[j * 300000], 0);
        }
        assert_null(la_arena_find_untouched(s.arena));
    }
    for (int i = 0; i < 4; i++)
        la_keyframe_free(s.arena, k[i]);
    shop_close(&s);
}

/* Two keyframes without a change between them share every chunk: the second costs its lists only. */
static void keyframes_share_chunks_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 1 << 24);
    struct la_region *r = la_arena_region(s.arena, 1 << 20, 0);

    la_region_touch(r, r->base, 1 << 20);
    memset(r->base, 1, 1 << 20);
    struct la_keyframe *one = la_arena_save(s.arena);
    uint64_t first = la_arena_keyframe_bytes(s.arena);
    struct la_keyframe *two = la_arena_save(s.arena);
    uint64_t second = la_arena_keyframe_bytes(s.arena) - first;

    assert_true(first >= 1 << 20);
    assert_true(second < 256);
    put(r, 5000, "x");
    struct la_keyframe *three = la_arena_save(s.arena);
    uint64_t third = la_arena_keyframe_bytes(s.arena) - first - second;

    assert_true(third >= LA_CHUNK_BYTES && third < LA_CHUNK_BYTES + 2048);
    la_keyframe_free(s.arena, one);
    la_arena_restore(s.arena, two, NULL, NULL); /* the chunks of `one` live on in `two` */
    assert_int_equal(r->base[5000], 1);
    la_keyframe_free(s.arena, two);
    la_keyframe_free(s.arena, three);
    la_arena_free(s.arena);
    assert_true(check_host_clean(&s.check));
}

static void zero_chunks_cost_nothing_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, UINT64_C(1) << 27);
    struct la_region *r = la_arena_region(s.arena, 64 << 20, 0);

    la_region_touch(r, r->base, 64 << 20);
    struct la_keyframe *k = la_arena_save(s.arena);

    assert_true(la_arena_keyframe_bytes(s.arena) < 4096);
    put(r, 12345, "x");
    la_arena_restore(s.arena, k, NULL, NULL);
    assert_int_equal(r->base[12345], 0);
    la_keyframe_free(s.arena, k);
    shop_close(&s);
}

struct seen {
    const struct la_region *region;
    uint32_t offset[8], nr;
};

static void note_changed(void *ctx, const struct la_region *region, uint32_t offset, uint32_t bytes)
{
    struct seen *seen = ctx;

    assert_int_equal(bytes, LA_CHUNK_BYTES);
    seen->region = region;
    assert_true(seen->nr < 8);
    seen->offset[seen->nr++] = offset;
}

/* Exactly the chunks that differ are reported, and hot state never is. */
static void restore_reports_changed_chunks_check(void **state)
{
    struct shop s;
    struct seen seen = {0};

    (void)state;
    shop_open(&s, 1 << 24);
    unsigned char *hot = la_arena_hot(s.arena, 16);
    struct la_region *r = la_arena_region(s.arena, 1 << 20, 0);
    struct la_keyframe *k = la_arena_save(s.arena);

    hot[0] = 1;
    put(r, 3 * 4096 + 5, "x");
    put(r, 70 * 4096, "y");
    la_keyframe_free(s.arena, la_arena_save(s.arena)); /* synced to another version, not dirty */
    put(r, 200 * 4096 + 4095, "z");
    la_arena_restore(s.arena, k, note_changed, &seen);
    assert_ptr_equal(seen.region, r);
    assert_int_equal(seen.nr, 3);
    assert_int_equal(seen.offset[0], 3 * 4096);
    assert_int_equal(seen.offset[1], 70 * 4096);
    assert_int_equal(seen.offset[2], 200 * 4096);
    assert_int_equal(hot[0], 0);
    seen.nr = 0;
    la_arena_restore(s.arena, k, note_changed, &seen);
    assert_int_equal(seen.nr, 0);
    la_keyframe_free(s.arena, k);
    shop_close(&s);
}

static void region_made_later_is_undone_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 1 << 24);
    struct la_region *old = la_arena_region(s.arena, 8192, 1);
    struct la_keyframe *before = la_arena_save(s.arena);
    struct la_region *late = la_arena_region(s.arena, 8192, 2);

    put(late, 0, "late");
    put(old, 0, "old");
    struct la_keyframe *after = la_arena_save(s.arena);

    la_arena_restore(s.arena, before, NULL, NULL);
    assert_int_equal(old->base[0], 0);
    struct la_region *again = la_arena_region(s.arena, 8192, 3);

    assert_ptr_equal(again, late); /* same history, same address */
    assert_int_equal(again->tag, 3);
    assert_int_equal(again->base[0], 0);
    la_arena_restore(s.arena, after, NULL, NULL);
    assert_memory_equal(late->base, "late", 4);
    assert_memory_equal(old->base, "old", 3);
    la_keyframe_free(s.arena, before);
    la_keyframe_free(s.arena, after);
    shop_close(&s);
}

/* History takes another turn: the undone region has another size, so it makes room. */
static void region_of_another_size_replaces_the_undone_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 40 * 4096);
    struct la_region *keep = la_arena_region(s.arena, 4096, 0);
    struct la_keyframe *before = la_arena_save(s.arena);

    assert_non_null(la_arena_region(s.arena, 30 * 4096, 0));
    la_arena_restore(s.arena, before, NULL, NULL);
    struct la_region *other = la_arena_region(s.arena, 35 * 4096, 0);

    assert_non_null(other);
    put(other, 34 * 4096, "other");
    put(keep, 0, "keep");
    struct la_keyframe *after = la_arena_save(s.arena);

    la_arena_restore(s.arena, before, NULL, NULL);
    la_arena_restore(s.arena, after, NULL, NULL);
    assert_memory_equal(other->base + 34 * 4096, "other", 5);
    assert_int_equal(la_arena_bytes(s.arena), 36 * 4096);
    la_keyframe_free(s.arena, before);
    la_keyframe_free(s.arena, after);
    shop_close(&s);
}

/* ---- limits ---- */

static void limit_is_kept_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 10 * 4096);
    assert_null(la_arena_region(s.arena, 11 * 4096, 0));
    assert_non_null(la_arena_region(s.arena, 10 * 4096, 0));
    assert_null(la_arena_region(s.arena, 1, 0));
    assert_null(la_arena_hot(s.arena, 1));
    shop_close(&s);
}

static void impossible_sizes_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, UINT64_MAX);
    assert_null(la_arena_region(s.arena, 0, 0));
    assert_null(la_arena_region(s.arena, UINT64_MAX, 0));
    assert_null(la_arena_region(s.arena, UINT64_MAX - 4096, 0));
    assert_null(la_arena_region(s.arena, UINT64_C(1) << 32, 0));
    assert_null(la_arena_hot(s.arena, UINT32_MAX));
    shop_close(&s);
}

/* ---- the forgotten touch ---- */

static void forgotten_touch_is_found_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 1 << 24);
    struct la_region *r = la_arena_region(s.arena, 1 << 20, 0);

    put(r, 0, "touched");
    assert_null(la_arena_find_untouched(s.arena));
    r->base[100 * 4096 + 17] = 1;
    assert_ptr_equal(la_arena_find_untouched(s.arena), r->base + 100 * 4096);
    la_region_touch(r, r->base + 100 * 4096 + 17, 1);
    assert_null(la_arena_find_untouched(s.arena));
    shop_close(&s);
}

/* Touching nothing marks nothing; also at the very start, where "the last byte" would lie before it. */
static void touch_of_nothing_check(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 1 << 24);
    struct la_region *r = la_arena_region(s.arena, 1 << 20, 0);

    la_region_touch(r, r->base, 0);
    la_region_touch(r, r->base + 4096, 0);
    for (uint32_t c = 0; c < r->nr_chunks; c++)
        assert_int_equal(r->dirty[c], 0);
    la_region_touch(r, r->base + 4095, 2);
    assert_int_equal(r->dirty[0] + r->dirty[1] + r->dirty[2], 2);
    shop_close(&s);
}

/* ---- random work against a plain copy ---- */

enum { MODEL_BYTES = 300 * 4096, MODEL_SAVES = 12 };

static void random_saves_and_restores_check(void **state)
{
    static unsigned char copy[MODEL_SAVES][MODEL_BYTES];
    struct la_keyframe *k[MODEL_SAVES] = {0};
    struct la_prng prng = {2026};
    struct shop s;

    (void)state;
    shop_open(&s, 1 << 24);
    struct la_region *r = la_arena_region(s.arena, MODEL_BYTES, 0);

    for (int round = 0; round < 600; round++) {
        uint32_t slot = la_prng_below(&prng, MODEL_SAVES), what = la_prng_below(&prng, 4);

        for (uint32_t n = la_prng_below(&prng, 6); n; n--) {
            uint32_t at = la_prng_below(&prng, MODEL_BYTES - 5000), len = 1 + la_prng_below(&prng, 5000);

            la_region_touch(r, r->base + at, len);
            memset(r->base + at, la_prng_below(&prng, 2) ? (int)la_prng_below(&prng, 256) : 0, len);
        }
        if (what == 0 && k[slot]) {
            la_arena_restore(s.arena, k[slot], NULL, NULL);
            assert_memory_equal(r->base, copy[slot], MODEL_BYTES);
        } else if (what < 3) {
            la_keyframe_free(s.arena, k[slot]);
            k[slot] = la_arena_save(s.arena);
            memcpy(copy[slot], r->base, MODEL_BYTES);
        } else {
            la_keyframe_free(s.arena, k[slot]);
            k[slot] = NULL;
        }
        assert_null(la_arena_find_untouched(s.arena));
    }
    for (int i = 0; i < MODEL_SAVES; i++)
        la_keyframe_free(s.arena, k[i]);
    la_arena_free(s.arena);
    assert_true(check_host_clean(&s.check));
}

/* ---- host memory runs out ---- */

/* One history: two regions, hot state, three keyframes, back and forth.  Returns false when something was refused. */
static bool history(struct la_arena *arena)
{
    struct la_keyframe *k[3] = {0};
    unsigned char *hot = la_arena_hot(arena, 100);
    struct la_region *a = la_arena_region(arena, 100 * 4096, 0), *b = la_arena_region(arena, 100, 0);
    bool good = hot && a && b;

    for (int i = 0; good && i < 3; i++) {
        hot[0] = (unsigned char)(i + 1);
        put(a, (uint32_t)i * 4096, "abc");
        put(b, 0, i == 1 ? "one" : "two");
        k[i] = la_arena_save(arena);
        good = k[i] != NULL;
    }
    for (int i = 2; i >= 0; i--) {
        if (!k[i])
            continue;
        la_arena_restore(arena, k[i], NULL, NULL); /* needs no memory, so it cannot fail */
        assert_int_equal(hot[0], i + 1);
        assert_memory_equal(b->base, i == 1 ? "one" : "two", 3);
        assert_int_equal(a->base[(i + 1) * 4096], 0);
    }
    for (int i = 0; i < 3; i++)
        la_keyframe_free(arena, k[i]);
    return good;
}

static void every_allocation_can_fail_check(void **state)
{
    bool good = false;
    uint64_t n = 0;

    (void)state;
    while (!good) {
        for (int forever = 0; forever < 2; forever++) {
            struct check_host check;

            check_host_init(&check);
            check.fail_at = n + 1;
            check.fail_forever = forever != 0;
            struct la_arena *arena = la_arena_new(&check.host, 1 << 24);

            good = arena && history(arena);
            la_arena_free(arena);
            assert_true(check_host_clean(&check));
        }
        n++;
    }
    assert_true(n > 20);
}

/* A save that fails changes nothing: the content stays, and the next save is right. */
static void failed_save_leaves_everything_check(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 6; n++) {
        struct shop s;

        shop_open(&s, 1 << 24);
        struct la_region *r = la_arena_region(s.arena, 1 << 20, 0);

        put(r, 0, "first");
        struct la_keyframe *k = la_arena_save(s.arena);

        put(r, 0, "again");
        put(r, 300000, "more");
        s.check.fail_at = s.check.nr_allocations + n;
        la_keyframe_free(s.arena, la_arena_save(s.arena));
        s.check.fail_at = 0;
        assert_memory_equal(r->base, "again", 5);
        assert_null(la_arena_find_untouched(s.arena));
        struct la_keyframe *later = la_arena_save(s.arena);

        la_arena_restore(s.arena, k, NULL, NULL);
        assert_memory_equal(r->base, "first", 5);
        assert_int_equal(r->base[300000], 0);
        la_arena_restore(s.arena, later, NULL, NULL);
        assert_memory_equal(r->base, "again", 5);
        assert_memory_equal(r->base + 300000, "more", 4);
        la_keyframe_free(s.arena, k);
        la_keyframe_free(s.arena, later);
        la_arena_free(s.arena);
        assert_true(check_host_clean(&s.check));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hot_is_zeroed_and_aligned_check),
        cmocka_unit_test(hot_larger_than_a_region_check),
        cmocka_unit_test(hot_comes_back_without_touch_check),
        cmocka_unit_test(hot_handed_out_later_is_undone_check),
        cmocka_unit_test(region_comes_back_check),
        cmocka_unit_test(keyframes_share_chunks_check),
        cmocka_unit_test(zero_chunks_cost_nothing_check),
        cmocka_unit_test(restore_reports_changed_chunks_check),
        cmocka_unit_test(region_made_later_is_undone_check),
        cmocka_unit_test(region_of_another_size_replaces_the_undone_check),
        cmocka_unit_test(limit_is_kept_check),
        cmocka_unit_test(impossible_sizes_check),
        cmocka_unit_test(forgotten_touch_is_found_check),
        cmocka_unit_test(touch_of_nothing_check),
        cmocka_unit_test(random_saves_and_restores_check),
        cmocka_unit_test(every_allocation_can_fail_check),
        cmocka_unit_test(failed_save_leaves_everything_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
