/*
 * gen_objects.h: random statements with caches, kmalloc and memory pools, for the two generators of programs.
 *
 *     struct kmem_cache *cache[4]; void *object[32]; int of[32]     which cache an object came from
 *     void *memory[12];                                             kmalloc
 *     mempool_t *pool[4]; void *element[16]; int at[16]             which pool
 *
 * The program's own functions (grab, drop …) keep the books, so that programs are correct however
 * their statements are mixed: what is freed was allocated, and by the same cache.  A cache is only
 * destroyed when its objects are gone.  gen_objects_mistake() breaks these rules on purpose.
 *
 * Everything here only writes C; @below draws a number below n.
 */
#ifndef LA_TESTS_GEN_OBJECTS_H
#define LA_TESTS_GEN_OBJECTS_H

#include "base/buf.h"
#include "base/prng.h"

enum { OBJ_CACHES = 4, OBJ_OBJECTS = 32, OBJ_MEMORY = 12, OBJ_POOLS = 4, OBJ_ELEMENTS = 16 };

struct gen_objects {
    struct la_prng *prng;
    struct la_buf *out;
    uint32_t names; /* caches named so far */
    bool classic;   /* the machine has the SLAB of 2.6 */
};

static inline unsigned obj_below(struct gen_objects *g, uint32_t n)
{
    return (unsigned)la_prng_below(g->prng, n);
}

#define OBJ_PICK(g, words) ((words)[obj_below((g), (uint32_t)(sizeof(words) / sizeof *(words)))])

static inline const char *obj_gfp(struct gen_objects *g)
{
    static const char *const masks[] = {"GFP_KERNEL",
                                        "GFP_KERNEL",
                                        "GFP_ATOMIC",
                                        "GFP_NOWAIT",
                                        "GFP_NOIO",
                                        "GFP_KERNEL | __GFP_ZERO",
                                        "GFP_KERNEL | __GFP_NORETRY",
                                        "GFP_ATOMIC | __GFP_NOWARN"};

    return OBJ_PICK(g, masks);
}

/** What every program declares: the books, and the functions that keep them. */
static inline void gen_objects_head(struct gen_objects *g)
{
    la_buf_printf(g->out,
                  "struct kmem_cache *cache[%d]; int live[%d]; void *object[%d]; int of[%d];\n"
                  "void *memory[%d]; mempool_t *pool[%d]; int given[%d]; void *element[%d]; int at[%d]; int moody = 0, "
                  "born = 0;\n",
                  OBJ_CACHES, OBJ_CACHES, OBJ_OBJECTS, OBJ_OBJECTS, OBJ_MEMORY, OBJ_POOLS, OBJ_POOLS, OBJ_ELEMENTS,
                  OBJ_ELEMENTS);
    la_buf_puts(
        g->out,
        "void ctor_small(void *o)\n{\n    born++;\n    *(u8 *)o = 7;\n}\n"
        "void ctor_busy(void *o)\n{\n    void *brief = kmalloc(24, GFP_ATOMIC);\n    *(u16 *)o = born++;\n    "
        "kfree(brief);\n}\n"
        "void ctor_old(void *o, kmem_cache_t *c, unsigned long flags)\n{\n    if (!(flags & SLAB_CTOR_VERIFY))\n       "
        " "
        "*(u8 *)o = 9;\n    born += flags;\n}\n"
        "void dtor_old(void *o, kmem_cache_t *c, unsigned long flags)\n{\n    born -= *(u8 *)o == 9;\n}\n"
        "void dtor_busy(void *o, kmem_cache_t *c, unsigned long flags)\n{\n    void *brief = kmalloc(born & 255, "
        "GFP_ATOMIC);\n"
        "    kfree(brief);\n}\n"
        "void *moody_alloc(gfp_t mask, void *data)\n{\n    moody++;\n    return moody % 3 == 0 ? NULL : "
        "kmalloc((unsigned long)data, mask);\n}\n"
        "void moody_free(void *e, void *data)\n{\n    moody--;\n    kfree(e);\n}\n"
        "void *never_alloc(gfp_t mask, void *data)\n{\n    return moody++ < 12 ? kmalloc(64, mask) : NULL;\n}\n"
        "void grab(int c, int i, gfp_t mask)\n{\n    if (!cache[c] || object[i])\n        return;\n"
        "    object[i] = kmem_cache_alloc(cache[c], mask);\n    of[i] = c;\n    if (object[i])\n        live[c]++;\n}\n"
        "void drop(int i)\n{\n    if (!object[i])\n        return;\n    kmem_cache_free(cache[of[i]], object[i]);\n"
        "    live[of[i]]--;\n    object[i] = NULL;\n}\n"
        "void end_cache(int c)\n{\n    if (!cache[c] || live[c])\n        return;\n    kmem_cache_destroy(cache[c]);\n "
        "   cache[c] = NULL;\n}\n"
        "void lend(int p, int e, gfp_t mask)\n{\n    if (!pool[p] || element[e])\n        return;\n"
        "    element[e] = mempool_alloc(pool[p], mask);\n    at[e] = p;\n    if (element[e])\n        given[p]++;\n}\n"
        "void back(int e)\n{\n    if (!element[e])\n        return;\n    mempool_free(element[e], pool[at[e]]);\n"
        "    given[at[e]]--;\n    element[e] = NULL;\n}\n"
        "void end_pool(int p)\n{\n    if (!pool[p] || given[p])\n        return;\n    mempool_destroy(pool[p]);\n    "
        "pool[p] = NULL;\n}\n");
}

static inline void obj_create(struct gen_objects *g, unsigned c)
{
    static const char *const flags[] = {
        "SLAB_HWCACHE_ALIGN",      "SLAB_POISON", "SLAB_RED_ZONE",        "SLAB_CACHE_DMA", "SLAB_STORE_USER",
        "SLAB_CONSISTENCY_CHECKS", "SLAB_PANIC",  "SLAB_RECLAIM_ACCOUNT", "SLAB_ACCOUNT",   "SLAB_TYPESAFE_BY_RCU",
        "SLAB_MEM_SPREAD",         "SLAB_TRACE",  "SLAB_NOLEAKTRACE"};
    static const char *const old_flags[] = {"SLAB_HWCACHE_ALIGN", "SLAB_POISON",        "SLAB_RED_ZONE",
                                            "SLAB_CACHE_DMA",     "SLAB_STORE_USER",    "SLAB_RECLAIM_ACCOUNT",
                                            "SLAB_NO_REAP",       "SLAB_DEBUG_INITIAL", "SLAB_DESTROY_BY_RCU"};
    static const char *const ctors[] = {"NULL", "NULL", "NULL", "ctor_small", "ctor_busy"};
    static const char *const pairs[] = {"NULL, NULL", "ctor_old, NULL", "ctor_old, dtor_old", "ctor_old, dtor_busy"};
    unsigned size = obj_below(g, 12) ? 2 + obj_below(g, obj_below(g, 2) ? 120 : 2000) : obj_below(g, 20000);

    la_buf_printf(g->out, "if (!cache[%u])\n    cache[%u] = kmem_cache_create(\"cache_%u\", %u, %u, 0", c, c,
                  (unsigned)g->names++, size < 2 ? 2 : size, obj_below(g, 3) ? 0 : 1u << obj_below(g, 9));
    for (uint32_t n = obj_below(g, 3) ? obj_below(g, 3) : 4; n; n--)
        la_buf_printf(g->out, " | %s", g->classic && obj_below(g, 20) ? OBJ_PICK(g, old_flags) : OBJ_PICK(g, flags));
    la_buf_printf(g->out, ", %s);\n", obj_below(g, g->classic ? 2 : 12) == 0 ? OBJ_PICK(g, pairs) : OBJ_PICK(g, ctors));
}

static inline void obj_cache_statement(struct gen_objects *g)
{
    unsigned c = obj_below(g, OBJ_CACHES), i = obj_below(g, OBJ_OBJECTS);

    switch (obj_below(g, 12)) {
    case 0:
        la_buf_printf(g->out, "end_cache(%u);\n", c);
        obj_create(g, c);
        break;
    case 1:
    case 2:
    case 3:
        la_buf_printf(g->out, "grab(%u, %u, %s);\n", c, i, obj_gfp(g));
        break;
    case 4:
    case 5:
        la_buf_printf(g->out, "drop(%u);\n", i);
        break;
    case 6:
        la_buf_printf(g->out, "for (int i = %u; i < %u; i++)\n    grab(%u, i, %s);\n", i / 2,
                      i / 2 + 1 + obj_below(g, OBJ_OBJECTS / 2), c, obj_gfp(g));
        break;
    case 7:
        la_buf_printf(g->out, "for (int i = %u; i < %d; i += %u)\n    drop(i);\n", obj_below(g, 8), OBJ_OBJECTS,
                      1 + obj_below(g, 3));
        break;
    case 8:
        la_buf_printf(g->out, "if (object[%u])\n    memset(object[%u], %u, kmem_cache_size(cache[of[%u]]));\n", i, i,
                      obj_below(g, 256), i);
        break;
    case 9:
        la_buf_printf(g->out, "if (cache[%u])\n    kmem_cache_shrink(cache[%u]);\n", c, c);
        break;
    case 10:
        la_buf_printf(g->out,
                      "if (cache[%u])\n    born += validate_slab_cache(cache[%u]) + nr_slabs(cache[%u]) + "
                      "nr_active(cache[%u]);\n",
                      c, c, c, c);
        break;
    default:
        la_buf_printf(g->out, "end_cache(%u);\n", c);
    }
}

static inline unsigned obj_size(struct gen_objects *g)
{
    uint32_t n = obj_below(g, 20);

    return n < 10   ? obj_below(g, 200)
           : n < 17 ? obj_below(g, 5000)
           : n < 19 ? obj_below(g, 40000)
                    : obj_below(g, 8000000);
}

static inline void obj_kmalloc_statement(struct gen_objects *g)
{
    static const char *const calls[] = {"kmalloc(%u, %s)",           "kmalloc(%u, %s)",
                                        "kzalloc(%u, %s)",           "kcalloc(1, %u, %s)",
                                        "kmalloc(%u, %s | GFP_DMA)", "kmalloc(%u, %s | __GFP_RECLAIMABLE)"};
    unsigned i = obj_below(g, OBJ_MEMORY), to = obj_below(g, OBJ_MEMORY);

    switch (obj_below(g, 8)) {
    case 0:
    case 1:
    case 2:
        la_buf_printf(g->out, "kfree(memory[%u]);\nmemory[%u] = ", i, i);
        la_buf_printf(g->out, OBJ_PICK(g, calls), obj_size(g), obj_gfp(g));
        la_buf_puts(g->out, ";\n");
        break;
    case 3:
        la_buf_printf(g->out, "kfree%s(memory[%u]);\nmemory[%u] = NULL;\n", obj_below(g, 4) ? "" : "_sensitive", i, i);
        break;
    case 4:
        la_buf_printf(
            g->out,
            "{\n    void *moved = krealloc(memory[%u], %u, %s);\n    if (moved)\n        memory[%u] = moved;\n}\n", i,
            obj_size(g), obj_gfp(g), i);
        break;
    case 5:
        la_buf_printf(g->out, "if (ksize(memory[%u]) >= %u)\n    memset(memory[%u], %u, %u);\n", i,
                      8 + obj_below(g, 100), i, obj_below(g, 256), 8u);
        break;
    case 6:
        la_buf_printf(g->out, "if (i_can(memory[%u], memory[%u]))\n    memcpy(memory[%u], memory[%u], 8);\n", i, to, to,
                      i);
        break;
    default:
        la_buf_printf(g->out, "born += ksize(memory[%u]) + kmalloc_size_roundup(%u);\n", i, obj_size(g));
    }
}

static inline void obj_pool_create(struct gen_objects *g, unsigned p)
{
    unsigned nr = obj_below(g, 10) ? 1 + obj_below(g, 6) : obj_below(g, 40);

    la_buf_printf(g->out, "if (!pool[%u])\n    pool[%u] = ", p, p);
    switch (obj_below(g, 6)) {
    case 0:
        la_buf_printf(g->out, "mempool_create_kmalloc_pool(%u, %u);\n", nr,
                      1 + obj_below(g, obj_below(g, 2) ? 200 : 9000));
        break;
    case 1:
        la_buf_printf(g->out, "mempool_create_page_pool(%u, %u);\n", nr, obj_below(g, 3));
        break;
    case 2: /* the cache lives as long as the pool: it holds one of its objects for ever */
        la_buf_printf(g->out, "mempool_create(%u, mempool_alloc_slab, mempool_free_slab, keep);\n", nr);
        break;
    case 3:
        la_buf_printf(g->out, "mempool_create(%u, never_alloc, moody_free, NULL);\n", nr);
        break;
    case 4:
        la_buf_printf(g->out, "mempool_create_slab_pool(%u, keep);\n", nr);
        break;
    default:
        la_buf_printf(g->out, "mempool_create(%u, moody_alloc, moody_free, (void *)%u);\n", nr, 8 + obj_below(g, 300));
    }
}

static inline void obj_pool_statement(struct gen_objects *g)
{
    unsigned p = obj_below(g, OBJ_POOLS), e = obj_below(g, OBJ_ELEMENTS);

    switch (obj_below(g, 10)) {
    case 0:
    case 1:
        la_buf_printf(g->out, "end_pool(%u);\n", p);
        obj_pool_create(g, p);
        break;
    case 2:
    case 3:
        la_buf_printf(g->out, "lend(%u, %u, %s);\n", p, e, obj_below(g, 5) ? "GFP_ATOMIC" : "GFP_KERNEL");
        break;
    case 4:
        la_buf_printf(g->out, "for (int i = %u; i < %d; i++)\n    lend(%u, i, GFP_NOWAIT);\n", e, OBJ_ELEMENTS, p);
        break;
    case 5:
        la_buf_printf(g->out, "back(%u);\n", e);
        break;
    case 6:
        la_buf_printf(g->out, "for (int i = 0; i < %u; i++)\n    back(i);\n", 1 + obj_below(g, OBJ_ELEMENTS));
        break;
    case 7:
        la_buf_printf(g->out, "if (pool[%u])\n    born += mempool_resize(pool[%u], %u);\n", p, p, 1 + obj_below(g, 12));
        break;
    case 8:
        la_buf_printf(g->out,
                      "if (element[%u]) {\n    mempool_free_later(element[%u], pool[at[%u]], %u);\n    "
                      "given[at[%u]]--;\n    element[%u] = NULL;\n}\n",
                      e, e, e, 1 + obj_below(g, 300), e, e);
        break;
    default:
        la_buf_printf(g->out, "end_pool(%u);\n", p);
    }
}

/** One statement (a few lines). */
static inline void gen_objects_statement(struct gen_objects *g)
{
    uint32_t kind = obj_below(g, 10);

    if (kind < 5)
        obj_cache_statement(g);
    else if (kind < 8)
        obj_kmalloc_statement(g);
    else
        obj_pool_statement(g);
}

/** A mistake with objects; what it breaks is only the program's. */
static inline void gen_objects_mistake(struct gen_objects *g)
{
    static const char *const mistakes[] = {
        /* free twice, at once and later */
        "if (object[%u]) {\n    kmem_cache_free(cache[of[%u]], object[%u]);\n    drop(%u);\n}\n",
        "if (object[%u]) {\n    void *old = object[%u];\n    int c = of[%u];\n    drop(%u);\n    grab(c, 0, "
        "GFP_ATOMIC);\n    kmem_cache_free(cache[c], old);\n    "
        "object[0] = NULL;\n}\n",
        /* write after the end, before the start, after free */
        "if (object[%u])\n    memset((char *)object[%u] + kmem_cache_size(cache[of[%u]]), %u, 9);\n",
        "if (object[%u])\n    *((u32 *)object[%u] - 1) = %u + %u;\n",
        "if (object[%u]) {\n    void *old = object[%u];\n    drop(%u);\n    memset(old, 0x41 + %u, 8);\n}\n",
        "if (object[%u]) {\n    u8 *old = object[%u];\n    int size = kmem_cache_size(cache[of[%u]]);\n    drop(%u);\n "
        "   for (int b = 0; b < size; b++)\n        "
        "old[b] = b;\n}\n",
        /* the wrong cache, kfree of an object, a pointer into the middle */
        "if (object[%u] && cache[%u]) {\n    kmem_cache_free(cache[(of[%u] + 1) & 3] ? cache[(of[%u] + 1) & 3] : "
        "cache[0], object[1]);\n}\n",
        "kfree(object[%u]);\nobject[%u] = NULL; born += %u + %u;\n",
        "kfree((char *)memory[%u] + 1 + %u * 0 + %u * 0 + %u * 0);\n",
        "if (object[%u])\n    kmem_cache_free(cache[of[%u]], (char *)object[%u] + 4 + %u);\n",
        /* what is in use, destroyed */
        "if (cache[%u & 3]) {\n    kmem_cache_destroy(cache[%u & 3]);\n    cache[%u & 3] = NULL;\n    born = %u;\n}\n",
        "if (cache[%u & 3])\n    kmem_cache_destroy(cache[%u & 3]);\nborn -= %u * %u;\n",
        "kmem_cache_destroy(keep);\nborn -= %u * %u * %u * %u;\n",
        "kfree(pool[%u & 3]);\nborn -= %u * %u * %u;\n",
        "kfree(pool[%u & 3] ? pool[%u & 3]->elements : NULL);\nborn -= %u * %u;\n",
        "if (pool[%u & 3] && !element[3]) {\n    pool[%u & 3]->elements[0] = (void *)%u;\n    lend(%u & 3, 3, "
        "GFP_ATOMIC);\n}\n",
        "if (pool[%u & 3])\n    pool[%u & 3]->curr_nr = 77 + %u + %u;\n",
        "free_pages((unsigned long)object[%u] & ~4095UL, 0);\nborn -= %u * %u * %u;\n",
        "kmem_cache_free(keep, (void *)&cache[%u & 3]);\nborn -= %u * %u * %u;\n",
        "element[%u] = (void *)0x1234;\nat[%u] = %u & 3;\nborn -= %u;\n",
        "if (pool[%u & 3]) {\n    mempool_destroy(pool[%u & 3]);\n    pool[%u & 3] = NULL;\n    born = %u;\n}\n",
        /* asking for nonsense */
        "kmem_cache_create(\"zero\", 0 * %u * %u * %u * %u, 0, 0, NULL);\n",
        "grab(1, %u, GFP_KERNEL | __GFP_HIGHMEM);\nborn += %u - %u + %u;\n",
        "preempt_disable();\ngrab(2, %u, GFP_KERNEL);\npreempt_enable();\nborn -= %u - %u + %u;\n",
        "if (cache[%u & 3]) {\n    kmem_cache_create(\"cache_0\", 64, 0, 0, NULL, dtor_old);\n    born -= %u * %u * "
        "%u;\n}\n",
        "mempool_free(NULL, pool[%u & 3]);\nborn -= %u * %u * %u;\n",
        "mempool_free(memory[%u %% 12], pool[%u & 3]);\nborn -= %u - %u;\n",
        "memory[%u %% 12] = kmalloc(-1 - %u, GFP_KERNEL);\nborn -= %u - %u;\n",
        "*(u64 *)keep = %u + %u + %u + %u;\n",
    };
    unsigned i = obj_below(g, OBJ_MEMORY);

    la_buf_printf(g->out, "grab(%u, %u, GFP_NOWAIT);\n", obj_below(g, OBJ_CACHES), i);
    la_buf_printf(g->out, OBJ_PICK(g, mistakes), i, i, i, i);
}

/** What comes before the statements: the cache that pools share. */
static inline void gen_objects_begin(struct gen_objects *g)
{
    la_buf_printf(g->out,
                  "int i_can(void *a, void *b)\n{\n    return ksize(a) >= 8 && ksize(b) >= 8;\n}\n"
                  "struct kmem_cache *keep = kmem_cache_create(\"keep\", %u, 0, %s, NULL);\n",
                  8 + obj_below(g, 200),
                  obj_below(g, 2) ? "0" : "SLAB_POISON | SLAB_RED_ZONE | SLAB_STORE_USER | SLAB_CONSISTENCY_CHECKS");
    for (uint32_t c = 0; c < OBJ_CACHES; c++)
        obj_create(g, c);
    for (uint32_t i = 0; i < 5; i++)
        la_buf_printf(g->out, "memory[%u] = kmalloc(%u, GFP_KERNEL);\n", (unsigned)i, obj_size(g));
    la_buf_printf(g->out, "for (int i = 0; i < %u; i++)\n    grab(i & 3, i, %s);\n", obj_below(g, OBJ_OBJECTS),
                  obj_gfp(g));
    if (obj_below(g, 2))
        obj_pool_create(g, obj_below(g, OBJ_POOLS));
}

/** Give everything back. */
static inline void gen_objects_end(struct gen_objects *g)
{
    la_buf_printf(g->out,
                  "for (int i = 0; i < %d; i++)\n    drop(i);\nfor (int i = 0; i < %d; i++)\n    back(i);\nfor (int i "
                  "= 0; i < %d; i++)\n    kfree(memory[i]);\n"
                  "for (int i = 0; i < %d; i++)\n    end_pool(i);\nfor (int i = 0; i < %d; i++)\n    end_cache(i);\n",
                  OBJ_OBJECTS, OBJ_ELEMENTS, OBJ_MEMORY, OBJ_POOLS, OBJ_CACHES);
}

#endif
