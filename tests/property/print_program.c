/*
 * print_program.c: random lessons as files, for other tests and for people.
 *
 *     print_program SEED          one lesson
 *     print_program SEED NR       NR lessons, of SEED and the following seeds; a NUL byte after each
 */
#include "property/programs.h"

#include <stdio.h>
#include <stdlib.h>

static void print_one(uint64_t seed)
{
    struct la_buf text;

    la_buf_init(&text, la_host_libc());
    random_lesson(seed, &text);
    (void)fwrite(la_buf_str(&text), 1, text.len, stdout);
    la_buf_free(&text);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 0, nr = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;

    if (argc < 2 || argc > 3) {
        (void)fputs("usage: print_program SEED [NR]\n", stderr);
        return 2;
    }
    if (nr == 0)
        print_one(seed);
    for (uint64_t i = 0; i < nr; i++) {
        print_one(seed + i);
        (void)putchar('\0');
    }
    return 0;
}
