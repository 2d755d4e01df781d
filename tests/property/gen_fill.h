/*
 * gen_fill.h: statements from patterns with holes, filled by a seed.
 *
 *     "area[$i][room[$i] - 1] = $n;\n"   ->   "area[3][room[3] - 1] = 77;\n"
 *
 *     $i $j  slots, 0..7      $k  0..3      $n  0..255      $p  1..6      $s  a size in bytes
 *     $b     a few bytes      $g  a mask      $c  a CPU of the machine, as an expression
 *
 * One hole has one value in the whole statement, so that it can be named more than once.
 */
#ifndef LA_TESTS_GEN_FILL_H
#define LA_TESTS_GEN_FILL_H

#include "base/buf.h"
#include "base/prng.h"

#include <string.h>

struct gen_fill {
    struct la_prng *prng;
    struct la_buf *out;
};

static inline unsigned fill_below(struct gen_fill *g, uint32_t n)
{
    return (unsigned)la_prng_below(g->prng, n);
}

/* Mostly a few pages, rarely more than a small machine has. */
static inline unsigned fill_size(struct gen_fill *g)
{
    uint32_t n = fill_below(g, 20);

    return 1 + (n < 8    ? fill_below(g, 300)
                : n < 16 ? fill_below(g, 20000)
                : n < 19 ? fill_below(g, 300000)
                         : fill_below(g, 6000000));
}

/** Append @pattern with its holes filled. */
static inline void gen_fill(struct gen_fill *g, const char *pattern)
{
    static const char *const masks[] = {"GFP_KERNEL", "GFP_KERNEL", "GFP_KERNEL | __GFP_ZERO",
                                        "GFP_ATOMIC", "GFP_NOWAIT", "GFP_KERNEL | __GFP_NORETRY"};
    unsigned i = fill_below(g, 8), j = fill_below(g, 8), k = fill_below(g, 4), n = fill_below(g, 256),
             p = 1 + fill_below(g, 6), size = fill_size(g), mask = fill_below(g, 6);

    for (const char *at = pattern; *at; at++) {
        if (*at != '$') {
            la_buf_putc(g->out, *at);
            continue;
        }
        switch (*++at) {
        case 'g':
            la_buf_puts(g->out, masks[mask]);
            break;
        case 'c':
            la_buf_printf(g->out, "%u %% num_online_cpus()", n);
            break;
        case 'b':
            la_buf_printf(g->out, "%u", size % 10000 + 1);
            break;
        default:
            la_buf_printf(g->out, "%u",
                          *at == 'i'   ? i
                          : *at == 'j' ? j
                          : *at == 'k' ? k
                          : *at == 'n' ? n
                          : *at == 'p' ? p
                                       : size);
        }
    }
}

/** One of the patterns of a table, filled. */
#define GEN_FILL_ONE(g, table) gen_fill((g), (table)[fill_below((g), (uint32_t)(sizeof(table) / sizeof *(table)))])

#endif
