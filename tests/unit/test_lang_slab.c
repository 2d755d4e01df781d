/* test_lang_slab.c: every call of parts 1-3 of the notes, as a program writes it. */
#include "lang_program.h"

#include "mm/slab.h"

static void runs(enum la_profile profile, const char *text)
{
    struct lang_run run;

    lang_start(&run, profile, text);
    enum la_step_status status = lang_finish(&run);

    if (status != LA_STEP_DONE)
        fail_msg("stopped: %s", la_interp_message(run.interp, NULL));
    assert_int_equal(la_oops_count(run.machine), 0);
    lang_end(&run);
}

static void runs_everywhere(const char *text)
{
    runs(LA_PROFILE_I386, text);
    runs(LA_PROFILE_X86_64, text);
    runs(LA_PROFILE_NUMA, text);
}

static void stops(const char *text, const char *oops)
{
    struct lang_run run;

    lang_start(&run, LA_PROFILE_I386, text);
    (void)lang_finish(&run);
    if (!strstr(la_last_oops(run.machine), oops))
        fail_msg("%s\n--- %s", text, la_last_oops(run.machine));
    lang_end(&run);
}

static void the_kmalloc_family(void **state)
{
    (void)state;
    runs_everywhere("char *p = kmalloc(100, GFP_KERNEL);\n"
                    "assert(p && ksize(p) == 128);\n"
                    "strcpy(p, \"hello\");\n"
                    "p = krealloc(p, 5000, GFP_KERNEL);\n"
                    "assert(strcmp(p, \"hello\") == 0 && ksize(p) == 8192);\n"
                    "char *copy = kstrdup(p, GFP_KERNEL);\n"
                    "assert(strcmp(copy, \"hello\") == 0);\n"
                    "int *zeroes = kcalloc(10, sizeof(int), GFP_KERNEL);\n"
                    "assert(zeroes[9] == 0);\n"
                    "assert(kmalloc_array(~0UL, 16, GFP_KERNEL) == NULL);\n"
                    "assert(kmalloc(0, GFP_KERNEL) == ZERO_SIZE_PTR);\n"
                    "kfree(kmalloc(0, GFP_KERNEL));\n"
                    "kfree(NULL); kfree(copy); kfree(zeroes); kfree(p);\n"
                    "void *atomic = kmalloc(64, GFP_ATOMIC | __GFP_HIGH), *dma = kzalloc(64, GFP_KERNEL | __GFP_DMA);\n"
                    "assert(page_zonenum(virt_to_page(dma)) == ZONE_DMA);\n"
                    "kfree(atomic); kfree(dma);\n");
}

static void a_cache_of_the_notes(void **state)
{
    (void)state;
    runs_everywhere(
        "struct foo { int a; char b[40]; };\n"
        "int made;\n"
        "void make(void *p) { struct foo *f = p; f->a = 42; made++; }\n"
        "struct kmem_cache* cachep = kmem_cache_create(\"foo\", sizeof(struct foo), 0, SLAB_HWCACHE_ALIGN | "
        "SLAB_PANIC, make);\n"
        "assert(cachep->object_size == 44 && cachep->size == 64 && cachep->align == 64 && cachep->refcount == 1);\n"
        "assert(strcmp(cachep->name, \"foo\") == 0);\n"
        "struct foo *objp = kmem_cache_alloc(cachep, GFP_KERNEL);\n"
        "assert(objp->a == 42 && made == 64);\n"
        "assert(nr_slabs(cachep) == 1 && nr_live(cachep) == 1 && nr_active(cachep) == 64);\n"
        "kmem_cache_free(cachep, objp);\n"
        "assert(kmem_cache_alloc(cachep, GFP_KERNEL) == objp);\n"
        "kmem_cache_free(cachep, objp);\n"
        "int err = kmem_cache_destroy(cachep);\n"
        "assert(err == 0);\n");
}

static void pools_of_the_notes(void **state)
{
    (void)state;
    runs_everywhere("struct kmem_cache *cache = kmem_cache_create(\"io\", 256, 0, 0, NULL);\n"
                    "mempool_t *pool = mempool_create(4, mempool_alloc_slab, mempool_free_slab, cache);\n"
                    "assert(pool->min_nr == 4 && pool->curr_nr == 4);\n"
                    "void *element = mempool_alloc(pool, GFP_KERNEL);\n"
                    "mempool_free(element, pool);\n"
                    "assert(mempool_resize(pool, 8, GFP_KERNEL) == 0 && pool->curr_nr == 8);\n"
                    "assert(mempool_resize(pool, 2) == 0 && pool->curr_nr == 2);\n"
                    "mempool_destroy(pool);\n"
                    "kmem_cache_destroy(cache);\n"
                    "pool = mempool_create_kmalloc_pool(2, 512);\n"
                    "mempool_destroy(pool);\n"
                    "pool = mempool_create_page_pool(2, 1);\n"
                    "struct page *page = mempool_alloc(pool, GFP_NOIO);\n"
                    "mempool_free(page, pool);\n"
                    "mempool_destroy(pool);\n");
}

static void functions_of_the_program(void **state)
{
    (void)state;
    runs_everywhere(
        "int calls, fail;\n"
        "void *get(gfp_t gfp_mask, void *pool_data) { calls++; if (fail) return NULL; return kmalloc(64, gfp_mask); }\n"
        "void put(void *element, void *pool_data) { kfree(element); }\n"
        "mempool_t *pool = mempool_create(3, get, put, NULL);\n"
        "assert(calls == 3);\n"
        "fail = 1;\n"
        "void *a = mempool_alloc(pool, GFP_ATOMIC), *b = mempool_alloc(pool, GFP_ATOMIC), *c = mempool_alloc(pool, "
        "GFP_ATOMIC);\n"
        "assert(a && b && c && pool->curr_nr == 0 && !mempool_alloc(pool, GFP_ATOMIC));\n"
        "mempool_free_later(a, pool, 25);\n"
        "unsigned long before = jiffies;\n"
        "assert(mempool_alloc(pool, GFP_KERNEL) == a && jiffies == before + 25);\n"
        "mempool_free(a, pool); mempool_free(b, pool); mempool_free(c, pool);\n"
        "mempool_destroy(pool);\n");
}

static void mistakes(void **state)
{
    (void)state;
    stops("struct kmem_cache *c = kmem_cache_create(\"a\", 64, 0, 0, NULL);\n"
          "void *p = kmem_cache_alloc(c, GFP_KERNEL);\nkmem_cache_free(c, p);\nkmem_cache_free(c, p);",
          "double free");
    stops("kmem_cache_alloc(NULL, GFP_KERNEL);", "NULL pointer dereference");
    stops("struct kmem_cache *c = kmem_cache_create(\"a\", 64, 0, 0, "
          "NULL);\nkmem_cache_destroy(c);\nkmem_cache_alloc(c, GFP_KERNEL);",
          "unable to handle page fault");
    stops("mempool_t *p = mempool_create_kmalloc_pool(1, 64);\nvoid *e = mempool_alloc(p, "
          "GFP_KERNEL);\nmempool_destroy(p);\nmempool_free(e, p);",
          "use after free");
    stops("mempool_t *p = mempool_create_kmalloc_pool(1, 64);\nmempool_resize(p, 0);", "kernel BUG at mm/mempool.c");
    stops("void make(void *p) { *(int *)0 = 1; }\nstruct kmem_cache *c = kmem_cache_create(\"a\", 64, 0, 0, make);\n"
          "kmem_cache_alloc(c, GFP_KERNEL);",
          "NULL pointer dereference");
    stops("struct kmem_cache *c = kmem_cache_create(\"a\", 64, 0, SLAB_RED_ZONE | SLAB_CONSISTENCY_CHECKS, NULL);\n"
          "char *p = kmem_cache_alloc(c, GFP_KERNEL);\np[64] = 1;\nkmem_cache_free(c, p);",
          "Right Redzone overwritten");
}

static void refusals(void **state)
{
    (void)state;
    stops("struct kmem_cache *c = kmem_cache_create(\"a\", 64, 0, 0, NULL);\nkmem_cache_alloc(c, GFP_KERNEL);\n"
          "kmem_cache_destroy(c);\nkmem_cache_destroy(c);",
          "destroyed a second time");
    stops("DEFINE_SPINLOCK(lock);\nstruct kmem_cache *c = kmem_cache_create(\"a\", 64, 0, 0, NULL);\nspin_lock(&lock);\n"
          "kmem_cache_shrink(c);",
          "sleeping function called from invalid context at include/linux/percpu-rwsem.h");
    stops("DEFINE_SPINLOCK(lock);\nstruct kmem_cache *c = kmem_cache_create(\"a\", 64, 0, 0, NULL);\nspin_lock(&lock);\n"
          "kmem_cache_destroy(c);",
          "sleeping function called from invalid context at include/linux/percpu-rwsem.h");
}

/* How often @id is among the events of @text. */
static uint32_t events_of(const char *text, enum la_event_id id)
{
    struct lang_run run;
    uint32_t nr = 0;

    lang_start(&run, LA_PROFILE_I386, text);
    while (lang_step(&run) == LA_STEP_RAN)
        for (uint32_t i = 0; i < run.trace->nr_events; i++)
            nr += run.trace->event[i].id == id;
    lang_end(&run);
    return nr;
}

static void what_changes_nothing_is_told(void **state)
{
    (void)state;
    assert_int_equal(events_of("kmalloc(0, GFP_KERNEL);", LA_EV_KMALLOC_ZERO), 1);
    assert_int_equal(events_of("kfree(NULL);", LA_EV_KFREE_NOTHING), 1);
    assert_int_equal(events_of("kfree(ZERO_SIZE_PTR);", LA_EV_KFREE_NOTHING), 1);
    assert_int_equal(events_of("void *p = kmalloc(20, GFP_KERNEL);\np = krealloc(p, 32, GFP_KERNEL);", LA_EV_KREALLOC_STAYS), 1);
    assert_int_equal(events_of("void *p = kmalloc(20, GFP_KERNEL);\np = krealloc(p, 33, GFP_KERNEL);", LA_EV_KREALLOC_STAYS), 0);
    assert_int_equal(events_of("kmem_cache_create(\"huge\", 8 << 20, 0, 0, NULL);", LA_EV_WARNING), 2);
}

static void a_cache_for_a_struct(void **state)
{
    (void)state;
    runs_everywhere("struct thing { int a; char name[20]; };\n"
                    "struct kmem_cache *c = KMEM_CACHE(thing, SLAB_HWCACHE_ALIGN);\n"
                    "assert(strcmp(c->name, \"thing\") == 0 && c->object_size == sizeof(struct thing));\n"
                    "#define TEXT(x) #x\n#define TWICE(x) TEXT(x + 2 * 0x10)\n"
                    "assert(strcmp(TEXT(a [ 1 ]+\"b\"), \"a [ 1 ]+\\\"b\\\"\") == 0);\n"
                    "assert(strcmp(TWICE(c), \"c + 2 * 16\") == 0);\n");
}

static void many_at_once(void **state)
{
    (void)state;
    runs_everywhere("struct kmem_cache *c = kmem_cache_create(\"bulk\", 256, 0, 0, NULL);\n"
                    "void *p[20], *q[20];\n"
                    "assert(kmem_cache_alloc_bulk(c, GFP_KERNEL, 20, p) == 20 && nr_live(c) == 20 && nr_slabs(c) == 2);\n"
                    "kmem_cache_free_bulk(c, 20, p);\n"
                    "assert(nr_live(c) == 0);\n"
                    "p[0] = kmalloc(8, GFP_KERNEL); p[1] = NULL; p[2] = kmalloc(100, GFP_KERNEL);\n"
                    "kfree_bulk(3, p);\n"
                    "assert(kmem_cache_alloc_bulk(c, GFP_KERNEL, 3, p) == 3);\n"
                    "kmem_cache_free_bulk(c, 3, p);\n"
                    "assert(kmem_cache_alloc(c, GFP_KERNEL) == p[0]);\n");
    stops("struct kmem_cache *c = kmem_cache_create(\"bulk\", 256, 0, 0, NULL);\nkmem_cache_alloc_bulk(c, GFP_KERNEL, 2, NULL);",
          "NULL pointer dereference");
    stops("kfree_bulk(5000, NULL);", "more than 4096 objects");
}

static void a_pool_in_a_struct(void **state)
{
    (void)state;
    runs_everywhere("struct driver { int id; mempool_t pool; } dev;\n"
                    "assert(mempool_init_kmalloc_pool(&dev.pool, 2, 64) == 0);\n"
                    "assert(dev.pool.curr_nr == 2 && dev.pool.min_nr == 2 && dev.pool.elements);\n"
                    "void *e = mempool_alloc(&dev.pool, GFP_KERNEL);\n"
                    "mempool_free(e, &dev.pool);\n"
                    "mempool_exit(&dev.pool);\n"
                    "assert(dev.pool.curr_nr == 0 && !dev.pool.elements);\n"
                    "mempool_exit(&dev.pool);\n"
                    "struct driver *heap = kzalloc(sizeof(*heap), GFP_KERNEL);\n"
                    "assert(mempool_init_page_pool(&heap->pool, 3, 0) == 0 && heap->pool.curr_nr == 3);\n"
                    "mempool_exit(&heap->pool);\n"
                    "kfree(heap);\n"
                    "assert(mempool_init_kmalloc_pool(&dev.pool, -1, 64) == -ENOMEM);\n");
    stops("mempool_init_kmalloc_pool(NULL, 2, 64);", "NULL pointer dereference");
    stops("mempool_t pool;\nmempool_init_kmalloc_pool(&pool, 2, 64);\nmempool_destroy(&pool);", "did not come from kmalloc()");
}

/* Constructors and pool functions that do what they must not: no crash of ours. */
static void strange_callbacks(void **state)
{
    static const char *const programs[] = {
        "struct kmem_cache *c;\nvoid make(void *p) { kmem_cache_alloc(c, GFP_KERNEL); }\n"
        "c = kmem_cache_create(\"a\", 2048, 0, 0, make);\nkmem_cache_alloc(c, GFP_KERNEL);",
        "struct kmem_cache *c;\nvoid make(void *p) { kmem_cache_destroy(c); }\n"
        "c = kmem_cache_create(\"a\", 64, 0, 0, make);\nkmem_cache_alloc(c, GFP_KERNEL);",
        "mempool_t *p; int n;\nvoid *get(gfp_t g, void *d) { if (n++ > 1) mempool_destroy(p); return kmalloc(8, g); }\n"
        "void put(void *e, void *d) { kfree(e); }\np = mempool_create(2, get, put, NULL);\nmempool_alloc(p, "
        "GFP_KERNEL);\nmempool_resize(p, 9);",
        "mempool_t *p;\nvoid *get(gfp_t g, void *d) { return kmalloc(8, g); }\nvoid put(void *e, void *d) { "
        "mempool_destroy(p); }\n"
        "p = mempool_create(2, get, put, NULL);\nmempool_destroy(p);",
        "void *get(gfp_t g, void *d) { return (void *)0x1234567; }\nvoid put(void *e, void *d) { kfree(e); }\n"
        "mempool_t *p = mempool_create(2, get, put, NULL);\nmempool_destroy(p);",
        "mempool_t *p = mempool_create_page_pool(2, 0);\nmemset(p->elements, 0xff, 8);\nmempool_destroy(p);",
        "mempool_t *p = mempool_create_kmalloc_pool(2, 64);\nkfree(p->elements); kfree(p);\nmempool_alloc(p, "
        "GFP_ATOMIC);\nmempool_destroy(p);",
        "void *get(gfp_t g, void *d) { return NULL; }\nvoid put(void *e, void *d) { }\nmempool_t *p = "
        "mempool_create(0, get, put, NULL);\n"
        "mempool_alloc(p, GFP_KERNEL);",
    };

    (void)state;
    for (uint32_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct lang_run run;

        lang_start(&run, LA_PROFILE_I386, programs[i]);
        (void)lang_finish(&run);
        lang_end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kmalloc_family), cmocka_unit_test(a_cache_of_the_notes),
        cmocka_unit_test(pools_of_the_notes), cmocka_unit_test(functions_of_the_program),
        cmocka_unit_test(mistakes),           cmocka_unit_test(strange_callbacks),
        cmocka_unit_test(refusals),           cmocka_unit_test(what_changes_nothing_is_told),
        cmocka_unit_test(a_cache_for_a_struct), cmocka_unit_test(many_at_once),
        cmocka_unit_test(a_pool_in_a_struct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
