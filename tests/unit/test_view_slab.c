/* test_view_slab.c: the sections caches and pools, and an object looked at byte by byte. */
#include "play.h"

#include "base/cjson.h"

#include <stdio.h>
#include <string.h>

#define LESSON(code) "# Slabs\n\n" SLIDE "\n```c\n" code "\n```\n"

/* The snapshot after the last step; cJSON_Delete it. */
static cJSON *snapshot_of(struct la_timeline *t)
{
    struct la_view view;
    struct la_view_since nothing = {{0}};
    struct la_buf text;
    struct la_json w;
    size_t error_at;

    la_buf_init(&text, t->host);
    assert_true(la_view_init(&view, t->host));
    la_json_init(&w, &text);
    la_view_snapshot(&view, t, &nothing, &w);
    cJSON *all = la_cjson_parse(la_buf_str(&text), text.len, &error_at);

    assert_non_null(all);
    la_view_free(&view);
    la_buf_free(&text);
    return all;
}

static const cJSON *list_of(const cJSON *all, const char *section)
{
    const cJSON *list = la_cjson_get(la_cjson_get(all, section), section);

    assert_true(cJSON_IsArray(list));
    return list;
}

static int number(const cJSON *object, const char *key)
{
    const cJSON *item = la_cjson_get(object, key);

    assert_true(cJSON_IsNumber(item));
    return item->valueint;
}

static void run_all(struct la_timeline *t)
{
    for (uint32_t i = 0; i < 1000 && la_timeline_step(t); i++) {
        la_trace_notes_clear(t->trace);
        expect_sound(t);
    }
}

static void page_lessons_have_no_caches(void **state)
{
    struct play p;
    struct la_timeline *t = play_text(&p, LESSON("struct page *a = alloc_page(GFP_KERNEL);"));

    (void)state;
    run_all(t);
    cJSON *all = snapshot_of(t);

    assert_int_equal(cJSON_GetArraySize(list_of(all, "caches")), 0);
    assert_int_equal(cJSON_GetArraySize(list_of(all, "pools")), 0);
    cJSON_Delete(all);
    play_done(&p);
}

static void a_cache_shows_its_slabs(void **state)
{
    struct play p;
    struct la_timeline *t =
        play_text(&p, LESSON("struct kmem_cache *c = kmem_cache_create(\"seen\", 1000, 0, 0, NULL);\n"
                             "void *a = kmem_cache_alloc(c, GFP_KERNEL), *b = kmem_cache_alloc(c, GFP_KERNEL);\n"
                             "kmem_cache_free(c, a);\n"
                             "mempool_t *pool = mempool_create_slab_pool(2, c);"));

    (void)state;
    run_all(t);
    cJSON *all = snapshot_of(t);
    const cJSON *cache, *seen = NULL, *pool = cJSON_GetArrayItem(list_of(all, "pools"), 0);

    cJSON_ArrayForEach(cache, list_of(all, "caches")) if (strcmp(la_cjson_string(la_cjson_get(cache, "name")),
                                                                 "seen") == 0) seen = cache;
    assert_non_null(seen);
    const cJSON *slab = cJSON_GetArrayItem(la_cjson_get(seen, "slabs"), 0);

    assert_int_equal(number(seen, "live_objs"), 3);
    assert_int_equal(number(slab, "objects"), number(seen, "objects"));
    assert_memory_equal(la_cjson_string(la_cjson_get(slab, "state")), "UUUc", 4); /* a's place went to the pool */
    assert_string_equal(la_cjson_string(la_cjson_get(slab, "list")), "cpu");
    assert_int_equal(cJSON_GetArraySize(la_cjson_get(slab, "steps")), 3);
    assert_int_equal(number(pool, "curr_nr"), 2);
    assert_int_equal(number(pool, "cache"), number(seen, "index"));
    assert_string_equal(la_cjson_string(la_cjson_get(pool, "alloc")), "mempool_alloc_slab");
    cJSON_Delete(all);
    play_done(&p);
}

/* Every byte of a slot has a name, and damage is said. */
static void an_object_is_named_byte_by_byte(void **state)
{
    struct play p;
    struct la_timeline *t = play_text(&p, LESSON("struct kmem_cache *c = kmem_cache_create(\"zoned\", 20, 0, "
                                                 "SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER, NULL);\n"
                                                 "char *a = kmem_cache_alloc(c, GFP_KERNEL);\n"
                                                 "a[20] = 1;"));
    int64_t addr = 0;
    struct la_diags diags;
    struct la_buf text;
    struct la_json w;
    size_t error_at;
    uint32_t bytes = 0;
    bool damaged = false;

    (void)state;
    run_all(t);
    la_diags_init(&diags, t->host);
    assert_true(la_interp_eval_expr(t->interp, "(unsigned long)a", 16, 1, &addr, NULL, &diags));
    la_buf_init(&text, t->host);
    la_json_init(&w, &text);
    assert_true(la_view_inspect_address(t, (uint64_t)addr, &w));
    cJSON *object = la_cjson_parse(la_buf_str(&text), text.len, &error_at);
    const cJSON *part;

    cJSON_ArrayForEach(part, la_cjson_get(object, "bytes"))
    {
        assert_int_equal(number(part, "offset"), bytes);
        bytes += (uint32_t)strlen(la_cjson_string(la_cjson_get(part, "hex"))) / 2;
        damaged |= strstr(la_cjson_string(la_cjson_get(part, "says")), "damaged") != NULL;
    }
    assert_true(damaged);
    assert_true(bytes >= 20 + 4 + 4 + 4 + 40); /* object, red zones, free pointer, two tracks */
    assert_string_equal(la_cjson_string(la_cjson_get(object, "title")), "Object 0 of cache zoned");
    assert_int_equal(number(object, "step"), 2);
    cJSON_Delete(object);
    la_buf_free(&text);
    la_diags_free(&diags);
    play_done(&p);
}

#define OLD_SLIDE                                                                                                      \
    "```json machine\n{\"slab\": \"slab-2.6\", \"profile\": \"i386\", \"memory\": \"16M\", \"cpus\": 2, "              \
    "\"cache_line\": 32}\n```\n"

/* The text of fact @key of the object at the address @name holds; static. */
static const char *fact_of(struct la_timeline *t, const char *name, const char *key)
{
    static char value[200];
    int64_t addr = 0;
    struct la_diags diags;
    struct la_buf text;
    struct la_json w;
    size_t error_at;
    const cJSON *fact;

    la_diags_init(&diags, t->host);
    assert_true(la_interp_eval_expr(t->interp, name, strlen(name), 1, &addr, NULL, &diags));
    la_buf_init(&text, t->host);
    la_json_init(&w, &text);
    assert_true(la_view_inspect_address(t, (uint64_t)addr, &w));
    cJSON *object = la_cjson_parse(la_buf_str(&text), text.len, &error_at);

    value[0] = '\0';
    cJSON_ArrayForEach(
        fact, la_cjson_get(object, "facts")) if (strcmp(la_cjson_string(la_cjson_get(fact, "key")), key) == 0)(void)
        snprintf(value, sizeof value, "%s", la_cjson_string(la_cjson_get(fact, "value")));
    cJSON_Delete(object);
    la_buf_free(&text);
    la_diags_free(&diags);
    return value;
}

/* 2.6: arrays, struct slab with its chain, and what a free object waits for. */
static void a_cache_of_2_6_shows_its_arrays(void **state)
{
    struct play p;
    struct la_timeline *t =
        play_text(&p, "# T\n\n" OLD_SLIDE "\n```c\n"
                      "struct kmem_cache *c = kmem_cache_create(\"seen\", 64, 0, SLAB_HWCACHE_ALIGN, NULL);\n"
                      "char *a = kmem_cache_alloc(c, GFP_KERNEL), *b = kmem_cache_alloc(c, GFP_KERNEL);\n"
                      "kmem_cache_free(c, b);\nchar *last = a + 64 * 45;\n```\n");

    (void)state;
    run_all(t);
    cJSON *all = snapshot_of(t);
    const cJSON *seen = cJSON_GetArrayItem(list_of(all, "caches"), 0);
    const cJSON *slab = cJSON_GetArrayItem(la_cjson_get(seen, "slabs"), 0), *classic = la_cjson_get(seen, "classic");
    const cJSON *cpu = cJSON_GetArrayItem(la_cjson_get(seen, "cpus"), 0);

    assert_int_equal(cJSON_GetArraySize(la_cjson_get(seen, "cpus")), 2);
    assert_int_equal(cJSON_GetArraySize(la_cjson_get(cpu, "array")), 15);
    assert_int_equal(number(cpu, "limit"), 120);
    assert_int_equal(number(classic, "management"), 160);
    assert_int_equal(number(seen, "slab_waste"), 32);
    assert_int_equal(number(la_cjson_get(classic, "partial"), "nr"), 1);
    assert_int_equal(number(la_cjson_get(classic, "shared"), "limit"), 480);
    assert_int_equal(number(classic, "free_objects"), 45);
    assert_int_equal(cJSON_GetArraySize(la_cjson_get(slab, "bufctl")), 61);
    assert_int_equal(cJSON_GetArrayItem(la_cjson_get(slab, "bufctl"), 16)->valueint, 17);
    assert_int_equal(cJSON_GetArrayItem(la_cjson_get(slab, "bufctl"), 60)->valueint, -1);
    assert_string_equal(fact_of(t, "(unsigned long)b", "waits"), "number 1 from the top of the array of CPU 0");
    assert_string_equal(fact_of(t, "(unsigned long)a + 64", "next free"), "slot 17");
    assert_string_equal(fact_of(t, "(unsigned long)last", "next free"), "none: the end of its slab's chain");
    cJSON_Delete(all);
    play_done(&p);
}

/* Going back and running again gives the same slabs. */
static void stepping_back_restores_slabs(void **state)
{
    struct play p;
    struct la_timeline *t =
        play_text(&p, LESSON("struct kmem_cache *c = kmem_cache_create(\"back\", 200, 0, 0, NULL);\n"
                             "void *list[40];\n"
                             "for (int i = 0; i < 40; i++)\n    list[i] = kmem_cache_alloc(c, GFP_KERNEL);\n"
                             "for (int i = 0; i < 40; i += 3)\n    kmem_cache_free(c, list[i]);\n"
                             "mempool_t *pool = mempool_create_kmalloc_pool(3, 100);\n"
                             "mempool_destroy(pool);"));

    (void)state;
    run_all(t);
    uint32_t end = t->step;
    uint64_t last = state_hash(t), middle;

    la_timeline_seek(t, end / 2);
    middle = state_hash(t);
    la_timeline_seek(t, 1);
    la_timeline_seek(t, end / 2);
    assert_int_equal(state_hash(t), middle);
    la_timeline_seek(t, end);
    assert_int_equal(state_hash(t), last);
    play_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_lessons_have_no_caches),     cmocka_unit_test(a_cache_shows_its_slabs),
        cmocka_unit_test(an_object_is_named_byte_by_byte), cmocka_unit_test(a_cache_of_2_6_shows_its_arrays),
        cmocka_unit_test(stepping_back_restores_slabs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
