/* test_lang_slab26.c: constructors, destructors and memory pools of 2.6, as a program writes them. */
#include "unit/play.h"

#include "mm/slab26.h"

#define HEAD26                                                                                                         \
    "```json machine\n{\"slab\": \"slab-2.6\", \"profile\": \"i386\", \"memory\": \"16M\", \"cpus\": 2, "              \
    "\"cache_line\": 32}\n```\n"
#define HEAD61 "```json machine\n{\"profile\": \"i386\", \"memory\": \"16M\", \"cpus\": 2}\n```\n"

/* The functions every program here has: they count, and look at what they are told. */
#define COUNTING                                                                                                       \
    "int made = 0, verified = 0, ended = 0, atomic = 0, strange = 0;\n"                                                \
    "struct kmem_cache *c;\n"                                                                                          \
    "void ctor(void *p, kmem_cache_t *cache, unsigned long flags)\n{\n"                                                \
    "    if (cache != c)\n        strange++;\n"                                                                        \
    "    if (flags & SLAB_CTOR_ATOMIC)\n        atomic++;\n"                                                           \
    "    if (flags & SLAB_CTOR_VERIFY)\n        verified++;\n"                                                         \
    "    else if (flags & SLAB_CTOR_CONSTRUCTOR)\n    {\n        made++;\n        *(u32 *)p = 0x1234;\n    }\n}\n"     \
    "void dtor(void *p, kmem_cache_t *cache, unsigned long flags)\n{\n    ended++;\n"                                  \
    "    if (cache != c || flags != 0 || *(u32 *)p != 0x1234)\n        strange++;\n}\n"

struct end {
    bool good; /* the program came to its end */
    uint32_t oopses;
    char oops[200]; /* first line of the last one */
};

/* Run the lesson; every state on the way must be sound. */
static struct end run(const char *head, const char *code)
{
    struct la_buf text, problems;
    struct play p;

    la_buf_init(&text, la_host_libc());
    la_buf_init(&problems, la_host_libc());
    la_buf_printf(&text, "# T\n\n%s\n```c\n%s```\n", head, code);
    struct la_timeline *t = play_text(&p, la_buf_str(&text));

    while (la_timeline_step(t))
        if (la_machine_check(t->machine, &problems) != 0)
            fail_msg("step %u: %s", t->step, la_buf_str(&problems));
    if (la_machine_check(t->machine, &problems) != 0)
        fail_msg("at the end: %s", la_buf_str(&problems));
    struct end end = {.good = !t->stopped, .oopses = t->machine->mm->nr_oops};

    (void)snprintf(end.oops, sizeof end.oops, "%.199s", t->machine->mm->last_oops);
    if (t->stopped && end.oopses == 0)
        print_message("%s\n", la_interp_message(t->interp, NULL));
    la_buf_free(&text);
    la_buf_free(&problems);
    play_done(&p);
    return end;
}

static void runs(const char *head, const char *code)
{
    struct end end = run(head, code);

    if (!end.good || end.oopses)
        fail_msg("%s\n--- %s", code, end.oops);
}

static void stops(const char *head, const char *code, const char *oops)
{
    struct end end = run(head, code);

    if (end.good || !strstr(end.oops, oops))
        fail_msg("%s\n--- %s, %s", code, end.good ? "ran on" : "stopped", end.oops);
}

static void goes_on(const char *head, const char *code, const char *oops)
{
    struct end end = run(head, code);

    if (!end.good || !strstr(end.oops, oops))
        fail_msg("%s\n--- %s, %s", code, end.good ? "ran on" : "stopped", end.oops);
}

/* Once for each object when a slab is made, once when it goes. */
static void a_slab_makes_and_ends_its_objects(void **state)
{
    (void)state;
    runs(HEAD26, COUNTING "c = kmem_cache_create(\"a\", 256, 0, SLAB_HWCACHE_ALIGN, ctor, dtor);\n"
                          "int per_slab = c->oo.x & 0xffff;\n"
                          "assert(made == 0);\n"
                          "u32 *p = kmem_cache_alloc(c, GFP_KERNEL);\n"
                          "assert(made == per_slab && *p == 0x1234 && atomic == 0);\n"
                          "kmem_cache_free(c, p);\n"
                          "p = kmem_cache_alloc(c, GFP_KERNEL);\n"
                          "assert(made == per_slab && ended == 0);\n" /* back and out again: nobody is called */
                          "kmem_cache_free(c, p);\n"
                          "assert(kmem_cache_destroy(c) == 0);\n"
                          "assert(ended == per_slab && strange == 0);\n");
    runs(HEAD26, COUNTING "c = kmem_cache_create(\"a\", 256, 0, SLAB_HWCACHE_ALIGN, ctor, dtor);\n"
                          "u32 *p = kmem_cache_alloc(c, GFP_ATOMIC);\n"
                          "assert(atomic == made && made > 0);\n"
                          "kfree(p);\n"
                          "assert(kmem_cache_shrink(c) == 0);\n"
                          "assert(ended == made && strange == 0);\n");
}

/* Poison would destroy what the constructor made: it runs at every allocation, the destructor at every free. */
static void poisoned_objects_are_made_each_time(void **state)
{
    (void)state;
    runs(HEAD26, COUNTING "c = kmem_cache_create(\"a\", 64, 0, SLAB_POISON | SLAB_RED_ZONE, ctor, dtor);\n"
                          "u32 *p = kmem_cache_alloc(c, GFP_KERNEL);\n"
                          "assert(made == 1 && *p == 0x1234);\n"
                          "kmem_cache_free(c, p);\n"
                          "assert(ended == 1 && *(u8 *)p == 0x6b);\n"
                          "p = kmem_cache_alloc(c, GFP_ATOMIC);\n"
                          "assert(made == 2 && atomic == 1 && *p == 0x1234);\n"
                          "kmem_cache_free(c, p);\n"
                          "assert(kmem_cache_destroy(c) == 0);\n"
                          "assert(ended == 2 && strange == 0);\n");
}

static void verify_when_it_comes_back(void **state)
{
    (void)state;
    runs(HEAD26, COUNTING "c = kmem_cache_create(\"a\", 64, 0, SLAB_DEBUG_INITIAL, ctor, NULL);\n"
                          "u32 *p = kmem_cache_alloc(c, GFP_KERNEL);\n"
                          "assert(verified == 0);\n"
                          "kmem_cache_free(c, p);\n"
                          "assert(verified == 1 && strange == 0);\n");
}

static void a_constructor_that_writes_too_far(void **state)
{
    (void)state;
    goes_on(HEAD26,
            "void ctor(void *p, kmem_cache_t *cache, unsigned long flags)\n{\n    *((u32 *)p + 16) = 1;\n}\n"
            "struct kmem_cache *c = kmem_cache_create(\"a\", 64, 0, SLAB_RED_ZONE, ctor, NULL);\n"
            "kmem_cache_alloc(c, GFP_KERNEL);\n",
            "slab error in cache_alloc_debugcheck_after()");
    /* one object to a slab: told when it was made, and again when it is handed out */
    struct end end =
        run(HEAD26, "void ctor(void *p, kmem_cache_t *cache, unsigned long flags)\n{\n    *((u32 *)p - 1) = 1;\n}\n"
                    "struct kmem_cache *c = kmem_cache_create(\"a\", 20000, 0, SLAB_RED_ZONE, ctor, NULL);\n"
                    "assert((c->oo.x & 0xffff) == 1);\n"
                    "void *p = kmem_cache_alloc(c, GFP_KERNEL);\n"
                    "assert(strcmp(last_oops(), \"\") != 0);\n");
    assert_true(end.good);
    assert_int_equal(end.oopses, 2);
}

static void what_create_refuses(void **state)
{
    static const char bug[] = "kernel BUG at mm/slab.c: kmem_cache_create()";

    (void)state;
    goes_on(HEAD26, COUNTING "assert(kmem_cache_create(\"a\", 64, 0, 0, NULL, dtor) == NULL);\n", bug);
    goes_on(HEAD26, COUNTING "assert(!kmem_cache_create(\"a\", 64, 0, SLAB_DESTROY_BY_RCU, ctor, dtor));\n", bug);
    goes_on(HEAD26,
            COUNTING "assert(!kmem_cache_create(\"a\", 64, 0, SLAB_DESTROY_BY_RCU | SLAB_POISON, ctor, NULL));\n", bug);
}

/* A line of 2.6 runs on 6.1 too: its constructor is told what it was told then, its destructor is not called. */
static void six_arguments_in_6_1(void **state)
{
    (void)state;
    runs(HEAD61, COUNTING "c = kmem_cache_create(\"a\", 256, 0, SLAB_HWCACHE_ALIGN, ctor, dtor);\n"
                          "u32 *p = kmem_cache_alloc(c, GFP_KERNEL);\n"
                          "assert(made > 0 && *p == 0x1234 && strange == 0);\n"
                          "kmem_cache_free(c, p);\n"
                          "kmem_cache_destroy(c);\n"
                          "assert(ended == 0);\n");
    /* and the five arguments of today on 2.6 */
    runs(HEAD26, "int made = 0;\nvoid ctor(void *p) { made++; }\n"
                 "struct kmem_cache *c = kmem_cache_create(\"a\", 256, 0, SLAB_HWCACHE_ALIGN, ctor);\n"
                 "kmem_cache_alloc(c, GFP_KERNEL);\nassert(made == 15);\n");
}

/* Constructors and destructors that do what they must not: the machine stays sound, see run(). */
static void strange_callbacks(void **state)
{
    static const char *const programs[] = {
        "void dtor(void *p, kmem_cache_t *k, unsigned long f) { kmem_cache_free(c, p); }\n"
        "c = kmem_cache_create(\"a\", 64, 0, SLAB_POISON | SLAB_RED_ZONE, ctor, dtor);\n"
        "void *p = kmem_cache_alloc(c, GFP_KERNEL);\nkmem_cache_free(c, p);\n",
        "void dtor(void *p, kmem_cache_t *k, unsigned long f) { kmem_cache_destroy(c); }\n"
        "c = kmem_cache_create(\"a\", 2048, 0, 0, ctor, dtor);\n"
        "kmem_cache_free(c, kmem_cache_alloc(c, GFP_KERNEL));\nkmem_cache_destroy(c);\n",
        "void *kept[40]; int n = 0;\n"
        "void dtor(void *p, kmem_cache_t *k, unsigned long f)\n{\n    while (n > 0)\n        kmem_cache_free(c, "
        "kept[--n]);\n}\n"
        "c = kmem_cache_create(\"a\", 2048, 0, 0, ctor, dtor);\n"
        "void *first[30];\nfor (int i = 0; i < 30; i++)\n    first[i] = kmem_cache_alloc(c, GFP_KERNEL);\n"
        "for (n = 0; n < 40; n++)\n    kept[n] = kmem_cache_alloc(c, GFP_KERNEL);\n"
        "for (int i = 0; i < 30; i++)\n    kmem_cache_free(c, first[i]);\n"
        "kmem_cache_shrink(c);\nkmem_cache_shrink(c);\n",
        "void dtor(void *p, kmem_cache_t *k, unsigned long f) { kmem_cache_alloc(c, GFP_ATOMIC); }\n"
        "c = kmem_cache_create(\"a\", 512, 0, 0, ctor, dtor);\n"
        "kmem_cache_free(c, kmem_cache_alloc(c, GFP_KERNEL));\nkmem_cache_shrink(c);\nkmem_cache_destroy(c);\n",
        "void dtor(void *p, kmem_cache_t *k, unsigned long f) { *(int *)0 = 1; }\n"
        "c = kmem_cache_create(\"a\", 512, 0, 0, ctor, dtor);\n"
        "kmem_cache_free(c, kmem_cache_alloc(c, GFP_KERNEL));\nkmem_cache_destroy(c);\n",
        "void busy(void *p, kmem_cache_t *k, unsigned long f) { kmem_cache_destroy(k); }\n"
        "c = kmem_cache_create(\"a\", 512, 0, 0, busy, NULL);\nkmem_cache_alloc(c, GFP_KERNEL);\n",
    };

    (void)state;
    for (uint32_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct la_buf code;

        la_buf_init(&code, la_host_libc());
        la_buf_printf(
            &code, "struct kmem_cache *c;\nvoid ctor(void *p, kmem_cache_t *k, unsigned long f) { *(int *)p = 5; }\n%s",
            programs[i]);
        (void)run(HEAD26, la_buf_str(&code));
        la_buf_free(&code);
    }
}

/* ---- memory pools ---- */

#define POOL                                                                                                           \
    "int gone = 0;\n"                                                                                                  \
    "void *get(gfp_t gfp, void *data) { return gone ? NULL : kmalloc(64, gfp); }\n"                                    \
    "void put(void *element, void *data) { kfree(element); }\n"                                                        \
    "mempool_t *pool = mempool_create(2, get, put, NULL);\n"

static void test_T37_the_task_ends_with_the_bug(void **state)
{
    static const char bug[] = "kernel BUG at mm/mempool.c: mempool_destroy()";

    (void)state;
    stops(HEAD26, POOL "gone = 1;\nvoid *e = mempool_alloc(pool, GFP_KERNEL);\nmempool_destroy(pool);\n", bug);
    runs(HEAD26, POOL "void *e = mempool_alloc(pool, GFP_KERNEL);\nmempool_destroy(pool);\n");
    runs(HEAD61, POOL "gone = 1;\nvoid *e = mempool_alloc(pool, GFP_KERNEL);\nmempool_destroy(pool);\n");
    stops(HEAD26, "mempool_destroy(NULL);\n", "NULL pointer dereference");
    runs(HEAD61, "mempool_destroy(NULL);\n");
}

static void test_T33_a_thread_sleeps_until_a_free(void **state)
{
    (void)state;
    runs(HEAD26,
         POOL "void *first, *second, *third;\n"
              "int other(void *unused)\n{\n    msleep(20000);\n    mempool_free(first, pool);\n    return 0;\n}\n"
              "gone = 1;\n"
              "first = mempool_alloc(pool, GFP_KERNEL);\n"
              "second = mempool_alloc(pool, GFP_KERNEL);\n"
              "kthread_run(other, NULL, \"other\");\n"
              "third = mempool_alloc(pool, GFP_KERNEL);\n"
              "assert(third == first);\n");
    runs(HEAD26, POOL "int done = 0;\n"
                      "int idle(void *unused)\n{\n    msleep(1000);\n    done = 1;\n    return 0;\n}\n"
                      "gone = 1;\n"
                      "void *first = mempool_alloc(pool, GFP_KERNEL), *second = mempool_alloc(pool, GFP_KERNEL);\n"
                      "mempool_free_later(first, pool, 9000);\n"
                      "kthread_run(idle, NULL, \"idle\");\n"
                      "assert(mempool_alloc(pool, GFP_KERNEL) == first && done == 1);\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slab_makes_and_ends_its_objects),
        cmocka_unit_test(poisoned_objects_are_made_each_time),
        cmocka_unit_test(verify_when_it_comes_back),
        cmocka_unit_test(a_constructor_that_writes_too_far),
        cmocka_unit_test(what_create_refuses),
        cmocka_unit_test(six_arguments_in_6_1),
        cmocka_unit_test(strange_callbacks),
        cmocka_unit_test(test_T37_the_task_ends_with_the_bug),
        cmocka_unit_test(test_T33_a_thread_sleeps_until_a_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
