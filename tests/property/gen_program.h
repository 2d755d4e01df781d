/*
 * gen_program.h: random programs in our C, mostly of calls of the allocators.
 *
 *     struct page *page[24]; unsigned int order[24]; ...     the things a program holds
 *     (random statements: allocate, write, check, free in any order, loops, functions, misuse)
 *     (half of the programs: caches, kmalloc and memory pools too; gen_objects.h)
 *     (half of the programs: vmalloc, ioremap, per-CPU memory too; gen_addresses.h)
 *     (a third of the programs: threads and interrupts too; gen_threads.h)
 *     give everything back
 *
 * Every program compiles without a message and ends by itself.  Most are correct; one in eight
 * makes a mistake a student would make (double free, wrong order, use after free, sleeping in
 * atomic context), which the machine must survive.  The same seed gives the same text.
 */
#ifndef LA_TESTS_GEN_PROGRAM_H
#define LA_TESTS_GEN_PROGRAM_H

#include "base/buf.h"
#include "base/prng.h"
#include "property/gen_addresses.h"
#include "property/gen_objects.h"
#include "property/gen_threads.h"

struct gen {
    struct la_prng *prng;
    struct la_buf *out;
    bool misuse;    /* mistakes are allowed */
    uint32_t depth; /* of nested blocks */
    uint32_t names; /* names handed out */
    bool objects;   /* caches, kmalloc and pools are used */
    bool addresses; /* vmalloc, ioremap and per-CPU memory are used */
    bool threads;   /* threads and interrupts are used */
    struct gen_objects obj;
    struct gen_fill fill;
};

enum { GEN_SLOTS = 24, GEN_ADDRS = 8, GEN_DEPTH_MAX = 3 };

static inline uint32_t gen_below(struct gen *g, uint32_t n)
{
    return la_prng_below(g->prng, n);
}

static inline const char *gen_pick(struct gen *g, const char *const *words, uint32_t nr)
{
    return words[gen_below(g, nr)];
}

#define GEN_PICK(g, words) gen_pick((g), (words), (uint32_t)(sizeof(words) / sizeof *(words)))

static inline const char *gen_mask(struct gen *g)
{
    static const char *const masks[] = {"GFP_KERNEL",
                                        "GFP_KERNEL",
                                        "GFP_KERNEL",
                                        "GFP_ATOMIC",
                                        "GFP_NOWAIT",
                                        "GFP_USER",
                                        "GFP_HIGHUSER",
                                        "GFP_HIGHUSER_MOVABLE",
                                        "GFP_KERNEL | __GFP_ZERO",
                                        "GFP_KERNEL | __GFP_RECLAIMABLE",
                                        "GFP_KERNEL | __GFP_NORETRY",
                                        "GFP_ATOMIC | __GFP_NOWARN",
                                        "GFP_KERNEL | GFP_DMA",
                                        "GFP_NOIO",
                                        "GFP_NOFS",
                                        "GFP_KERNEL | __GFP_RETRY_MAYFAIL",
                                        "__GFP_HIGH",
                                        "GFP_ATOMIC | __GFP_NOMEMALLOC"};

    return GEN_PICK(g, masks);
}

static inline uint32_t gen_order(struct gen *g)
{
    uint32_t n = gen_below(g, 16);

    return n < 9 ? 0 : n < 12 ? 1 : n < 15 ? 2 + gen_below(g, 3) : 5 + gen_below(g, 7);
}

/* An integer expression over what the program holds; never divides by zero. */
static inline void gen_expression(struct gen *g, uint32_t depth)
{
    static const char *const operators[] = {"+",  "-",  "*",  "&",  "|",  "^",  "<",  ">",
                                            "==", "!=", "<=", ">=", "&&", "||", "<<", ">>"};
    static const char *const leaves[] = {"sum",       "count",   "wide",         "failed",         "small",
                                         "(int)wide", "(u8)sum", "oops_count()", "preempt_count()"};

    if (depth == 0 || gen_below(g, 3) == 0) {
        if (gen_below(g, 2))
            la_buf_puts(g->out, GEN_PICK(g, leaves));
        else
            la_buf_printf(g->out, "%u", (unsigned)gen_below(g, 1000));
        return;
    }
    la_buf_putc(g->out, '(');
    switch (gen_below(g, 6)) {
    case 0:
        la_buf_puts(g->out, gen_below(g, 2) ? "-" : "~");
        gen_expression(g, depth - 1);
        break;
    case 1:
        gen_expression(g, depth - 1);
        la_buf_puts(g->out, gen_below(g, 2) ? " / (1 + (u8)" : " % (1 + (u8)");
        gen_expression(g, depth - 1);
        la_buf_putc(g->out, ')');
        break;
    case 2:
        gen_expression(g, depth - 1);
        la_buf_puts(g->out, " ? ");
        gen_expression(g, depth - 1);
        la_buf_puts(g->out, " : ");
        gen_expression(g, depth - 1);
        break;
    default:
        gen_expression(g, depth - 1);
        la_buf_printf(g->out, " %s ", GEN_PICK(g, operators));
        gen_expression(g, depth - 1);
    }
    la_buf_putc(g->out, ')');
}

static inline void gen_statement(struct gen *g);

static inline void gen_block(struct gen *g)
{
    uint32_t nr = 1 + gen_below(g, 3);

    la_buf_puts(g->out, "{\n");
    for (uint32_t i = 0; i < nr; i++)
        gen_statement(g);
    la_buf_puts(g->out, "}\n");
}

static inline void gen_page_statement(struct gen *g)
{
    uint32_t slot = gen_below(g, GEN_SLOTS), addr = gen_below(g, GEN_ADDRS);

    switch (gen_below(g, 10)) {
    case 0:
    case 1:
    case 2:
        la_buf_printf(g->out, "give(%u); take(%u, %s, %u);\n", (unsigned)slot, (unsigned)slot, gen_mask(g),
                      (unsigned)gen_order(g));
        break;
    case 3:
    case 4:
        la_buf_printf(g->out, "give(%u);\n", (unsigned)slot);
        break;
    case 5:
        la_buf_printf(g->out, "if (!addr[%u]) addr[%u] = %s;\n", (unsigned)addr, (unsigned)addr,
                      gen_below(g, 2) ? "__get_free_page(GFP_KERNEL)" : "get_zeroed_page(GFP_ATOMIC)");
        break;
    case 6:
        la_buf_printf(g->out, "free_page(addr[%u]); addr[%u] = 0;\n", (unsigned)addr, (unsigned)addr);
        break;
    case 7:
        la_buf_printf(g->out, "if (addr[%u]) { ((int *)addr[%u])[%u] = sum; sum += ((u8 *)addr[%u])[%u]; }\n",
                      (unsigned)addr, (unsigned)addr, (unsigned)gen_below(g, 1024), (unsigned)addr,
                      (unsigned)gen_below(g, 4096));
        break;
    case 8:
        la_buf_printf(g->out, "if (page[%u]) { char *mem = kmap(page[%u]); mem[%u] ^= count; kunmap(page[%u]); }\n",
                      (unsigned)slot, (unsigned)slot, (unsigned)gen_below(g, 4096), (unsigned)slot);
        break;
    default:
        la_buf_printf(g->out,
                      "if (page[%u]) { get_page(page[%u]); sum += page_count(page[%u]); put_page(page[%u]); }\n",
                      (unsigned)slot, (unsigned)slot, (unsigned)slot, (unsigned)slot);
    }
}

static inline void gen_context_statement(struct gen *g)
{
    static const char *const pairs[][2] = {{"preempt_disable();", "preempt_enable();"},
                                           {"spin_lock(&lock);", "spin_unlock(&lock);"},
                                           {"local_irq_save(flags);", "local_irq_restore(flags);"},
                                           {"irq_enter();", "irq_exit();"},
                                           {"saved = memalloc_noio_save();", "memalloc_noio_restore(saved);"},
                                           {"current->flags |= PF_MEMALLOC;", "current->flags &= ~PF_MEMALLOC;"}};
    uint32_t which = gen_below(g, sizeof pairs / sizeof *pairs), slot = gen_below(g, GEN_SLOTS);

    la_buf_printf(g->out, "give(%u);\n%s\n", (unsigned)slot, pairs[which][0]);
    la_buf_printf(g->out, "take(%u, %s, %u);\n%s\n", (unsigned)slot,
                  which < 4 && !g->misuse ? "GFP_ATOMIC" : gen_mask(g), (unsigned)gen_below(g, 4), pairs[which][1]);
}

static inline void gen_mistake(struct gen *g)
{
    uint32_t slot = gen_below(g, GEN_SLOTS), addr = gen_below(g, GEN_ADDRS);

    switch (gen_below(g, 6)) {
    case 0: /* double free */
        la_buf_printf(g->out, "if (page[%u]) { __free_pages(page[%u], order[%u]); give(%u); }\n", (unsigned)slot,
                      (unsigned)slot, (unsigned)slot, (unsigned)slot);
        break;
    case 1: /* wrong order */
        la_buf_printf(g->out, "if (page[%u]) { __free_pages(page[%u], %u); page[%u] = NULL; }\n", (unsigned)slot,
                      (unsigned)slot, (unsigned)gen_below(g, 12), (unsigned)slot);
        break;
    case 2: /* use after free */
        la_buf_printf(g->out, "if (addr[%u]) { free_page(addr[%u]); *(int *)addr[%u] = 5; addr[%u] = 0; }\n",
                      (unsigned)addr, (unsigned)addr, (unsigned)addr, (unsigned)addr);
        break;
    case 3: /* a page out of the middle */
        la_buf_printf(g->out, "if (page[%u]) { __free_page(page[%u] + %u); page[%u] = NULL; }\n", (unsigned)slot,
                      (unsigned)slot, (unsigned)gen_below(g, 4), (unsigned)slot);
        break;
    case 4: /* leak */
        la_buf_printf(g->out, "page[%u] = NULL;\n", (unsigned)slot);
        break;
    default: /* sleeping in atomic context */
        la_buf_printf(g->out, "preempt_disable(); give(%u); take(%u, GFP_KERNEL, 0); preempt_enable();\n",
                      (unsigned)slot, (unsigned)slot);
    }
}

static inline void gen_loop(struct gen *g)
{
    uint32_t name = g->names++;

    g->depth++;
    switch (gen_below(g, 3)) {
    case 0:
        la_buf_printf(g->out, "for (int i%u = 0; i%u < %u; i%u++) ", (unsigned)name, (unsigned)name,
                      (unsigned)gen_below(g, 6), (unsigned)name);
        gen_block(g);
        break;
    case 1:
        la_buf_printf(g->out, "{ int i%u = %u; while (i%u-- > 0) { if (i%u == 1) continue; ", (unsigned)name,
                      (unsigned)gen_below(g, 5), (unsigned)name, (unsigned)name);
        gen_statement(g);
        la_buf_puts(g->out, "} }\n");
        break;
    default:
        la_buf_printf(g->out, "for (int i%u = 0; i%u < %d; i%u++) { give(i%u); take(i%u, %s, i%u %% 3); }\n",
                      (unsigned)name, (unsigned)name, GEN_SLOTS, (unsigned)name, (unsigned)name, (unsigned)name,
                      gen_mask(g), (unsigned)name);
    }
    g->depth--;
}

static inline void gen_branch(struct gen *g)
{
    g->depth++;
    if (gen_below(g, 3)) {
        la_buf_puts(g->out, "if (");
        gen_expression(g, 2);
        la_buf_puts(g->out, ") ");
        gen_block(g);
        if (gen_below(g, 2)) {
            la_buf_puts(g->out, "else ");
            gen_block(g);
        }
    } else {
        la_buf_puts(g->out, "switch (sum & 3) {\ncase 0: ");
        gen_statement(g);
        la_buf_puts(g->out, "break;\ncase 2: ");
        gen_statement(g);
        la_buf_puts(g->out, "default: ");
        gen_statement(g);
        la_buf_puts(g->out, "}\n");
    }
    g->depth--;
}

static inline void gen_arithmetic(struct gen *g)
{
    static const char *const targets[] = {"sum", "count", "wide", "small", "pair.a", "pair.b"};
    static const char *const assigns[] = {"=", "+=", "-=", "^=", "|=", "&=", "*=", "<<=", ">>="};

    la_buf_printf(g->out, "%s %s ", GEN_PICK(g, targets), GEN_PICK(g, assigns));
    gen_expression(g, 3);
    la_buf_puts(g->out, ";\n");
}

static inline void gen_statement(struct gen *g)
{
    uint32_t kind = gen_below(g, 20);

    if (g->misuse && g->objects && gen_below(g, 8) == 0)
        gen_objects_mistake(&g->obj);
    else if (g->misuse && g->addresses && gen_below(g, 8) == 0)
        gen_addresses_mistake(&g->fill);
    else if (g->misuse && gen_below(g, 8) == 0)
        gen_mistake(g);
    else if (g->threads && gen_below(g, 3) == 0)
        gen_threads_statement(&g->fill);
    else if (g->objects && gen_below(g, g->addresses ? 10 : 5) < 3)
        gen_objects_statement(&g->obj);
    else if (g->addresses && gen_below(g, 5) < 3)
        gen_addresses_statement(&g->fill);
    else if (kind < 9)
        gen_page_statement(g);
    else if (kind < 11)
        gen_context_statement(g);
    else if (kind < 14)
        gen_arithmetic(g);
    else if (kind < 17 && g->depth < GEN_DEPTH_MAX)
        gen_loop(g);
    else if (kind < 19 && g->depth < GEN_DEPTH_MAX)
        gen_branch(g);
    else if (kind == 19)
        la_buf_puts(g->out, gen_below(g, 2)
                                ? "sum += fib(count & 7);\n"
                                : "printk(KERN_INFO \"sum %d of %lld, failed %u\\n\", sum, wide, failed);\n");
    else
        la_buf_puts(g->out, gen_below(g, 4) ? "cond_resched();\n" : "drain_all_pages(NULL);\n");
}

/** Append a program to @out.  @boot: for a machine that begins before mem_init(); @classic: with the SLAB of 2.6. */
static inline void gen_program(struct la_prng *prng, struct la_buf *out, bool boot, bool classic)
{
    struct gen g = {.prng = prng, .out = out};
    uint32_t nr = 5 + gen_below(&g, 40);

    g.misuse = gen_below(&g, 8) == 0;
    g.objects = gen_below(&g, 2) == 0;
    g.addresses = gen_below(&g, 2) == 0 || boot;
    g.threads = gen_below(&g, 3) == 0;
    g.obj = (struct gen_objects){.prng = prng, .out = out, .classic = classic};
    g.fill = (struct gen_fill){.prng = prng, .out = out};
    la_buf_printf(
        out,
        "struct page *page[%d];\nunsigned int order[%d];\nunsigned long addr[%d];\n"
        "int sum = %u, count = %u;\nlong long wide = %u;\nunsigned int failed = 0, saved = 0;\nunsigned long "
        "flags;\nshort small = %u;\n"
        "spinlock_t lock;\nstruct { u8 a; u64 b; } pair = { .b = 77 };\n"
        "int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }\n"
        "void take(int i, gfp_t mask, unsigned int o)\n{\n    page[i] = alloc_pages(mask, o);\n    order[i] = o;\n"
        "    if (!page[i])\n        failed++;\n    count++;\n}\n"
        "void give(int i)\n{\n    if (page[i])\n        __free_pages(page[i], order[i]);\n    page[i] = NULL;\n}\n",
        GEN_SLOTS, GEN_SLOTS, GEN_ADDRS, (unsigned)gen_below(&g, 100), (unsigned)gen_below(&g, 100),
        (unsigned)gen_below(&g, 100000), (unsigned)gen_below(&g, 30000));
    if (g.addresses) {
        nr += 20;
        gen_addresses_head(&g.fill);
    }
    if (boot)
        gen_addresses_boot(&g.fill, g.misuse);
    if (g.objects) {
        nr += 20;
        gen_objects_head(&g.obj);
        gen_objects_begin(&g.obj);
    }
    if (g.threads) {
        nr += 20;
        gen_threads_head(&g.fill);
        gen_threads_begin(&g.fill);
    }
    for (uint32_t i = 0; i < nr; i++)
        gen_statement(&g);
    if (g.threads)
        gen_threads_end(&g.fill);
    if (g.addresses)
        gen_addresses_end(&g.fill);
    if (g.objects)
        gen_objects_end(&g.obj);
    la_buf_printf(out,
                  "for (int i = 0; i < %d; i++)\n    give(i);\nfor (int i = 0; i < %d; i++)\n    free_page(addr[i]);\n",
                  GEN_SLOTS, GEN_ADDRS);
}

#endif
