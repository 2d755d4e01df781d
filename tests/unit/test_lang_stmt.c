/* test_lang_stmt.c: statements, functions, structures, initialisers, macros: programs and what they compute. */
#include "lang_program.h"

struct example {
    const char *text, *expression;
    int64_t value;
};

static void expect_all(const struct example *e, size_t nr)
{
    for (size_t i = 0; i < nr; i++)
        lang_expect(e[i].text, e[i].expression, e[i].value);
}

#define EXPECT_ALL(examples) expect_all(examples, sizeof(examples) / sizeof *(examples))

static void branches_and_loops(void **state)
{
    static const struct example examples[] = {
        {"int x = 1; if (x) x = 5; else x = 6;", "x", 5},
        {"int x = 0; if (x) x = 5; else if (x == 0) x = 7; else x = 6;", "x", 7},
        {"int n = 0; while (n < 10) n++;", "n", 10},
        {"int n = 0; do n++; while (n < 0);", "n", 1},
        {"int s = 0; for (int i = 0; i < 5; i++) s += i;", "s", 10},
        {"int s = 0, i; for (i = 10; i; i--) { if (i % 2) continue; s += i; }", "s", 30},
        {"int i; for (i = 0;; i++) { if (i == 6) break; }", "i", 6},
        {"int i = 0; for (;;) if (++i > 3) break;", "i", 4},
        {"int s = 0; for (int i = 0; i < 3; i++) for (int j = 0; j < 3; j++) { if (j == 2) break; s += 10 * i + j; }",
         "s", 63},
        {"int n = 0; while (1) { n++; if (n < 5) continue; break; }", "n", 5},
        {"int i = 0, n = 0; do { if (i == 2) continue; n += i; } while (++i < 5);", "n", 8},
        {"int x = 3, y = 0; switch (x) { case 1: y = 1; break; case 3: y = 30; case 4: y++; break; default: y = 9; }",
         "y", 31},
        {"int y = 0; switch (77) { case 1: y = 1; break; default: y = 9; }", "y", 9},
        {"int y = 5; switch (2) { case 1: y = 1; }", "y", 5},
        {"int y = 0; for (int i = 0; i < 4; i++) switch (i) { case 2: continue; default: y += i; }", "y", 4},
        {"unsigned char c = 200; int y = 0; switch (c) { case 200: y = 1; break; case -56: y = 2; }", "y", 1},
        {"int y = 0; switch (-1) { default: y = 3; break; case -1: y = 4; }", "y", 4},
        {"int n = 0; again: n++; if (n < 4) goto again;", "n", 4},
        {"int f(int x) { if (x) goto out; x = 5; out: return x; } int a = f(0) * 10 + f(2);", "a", 52},
        {"int x = 1; { int x = 2; { int x = 3; x++; } x++; } x += 10;", "x", 11},
        {"; ; int x = 2; ;", "x", 2},
    };

    (void)state;
    EXPECT_ALL(examples);
}

static void functions(void **state)
{
    static const struct example examples[] = {
        {"int add(int a, int b) { return a + b; } int x = add(2, 3);", "x", 5},
        {"int fact(int n) { return n < 2 ? 1 : n * fact(n - 1); } int x = fact(10);", "x", 3628800},
        {"int odd(int n); int even(int n) { return n == 0 ? 1 : odd(n - 1); } int odd(int n) { return n == 0 ? 0 : "
         "even(n - 1); } int x = even(9);",
         "x", 0},
        {"void set(int *p, int v) { *p = v; } int x; set(&x, 8);", "x", 8},
        {"int twice(int (*f)(int), int v) { return f(f(v)); } int inc(int v) { return v + 1; } int x = twice(inc, 5);",
         "x", 7},
        {"int inc(int v) { return v + 1; } int dec(int v) { return v - 1; } int (*table[2])(int) = {inc, dec}; int x = "
         "table[1](5) * 10 + (*table[0])(5);",
         "x", 46},
        {"int count(void) { static int n = 10; return ++n; } count(); count(); int x = count();", "x", 13},
        {"int f(char c) { return c; } int x = f(300);", "x", 44},
        {"unsigned char f(int v) { return v; } int x = f(511);", "x", 255},
        {"int f() { return 4; } int x = f();", "x", 4},
        {"int last(int n) { int a[4] = {1, 2, 3, 4}; return a[n]; } int x = last(3);", "x", 4},
        {"typedef int (*op_t)(int, int); int sub(int a, int b) { return a - b; } op_t op = sub; int x = op(9, 4);", "x",
         5},
        {"int g = 1; void bump(void) { g *= 3; } bump(); bump();", "g", 9},
        {"int f(int a) { a = a * 2; return a; } int a = 5; int x = f(a) + a;", "x", 15},
        {"int nothing(void) { } int x = nothing();", "x", 0},
        {"struct ops { int (*run)(int); }; int half(int v) { return v / 2; } struct ops ops = { .run = half }; struct "
         "ops *p = &ops; int x = p->run(10);",
         "x", 5},
    };

    (void)state;
    EXPECT_ALL(examples);
}

static void structures_arrays_and_initialisers(void **state)
{
    static const struct example examples[] = {
        {"struct s { int a; char b; short c; } v = { 1, 2, 3 };", "v.a * 100 + v.b * 10 + v.c", 123},
        {"struct s { int a; char b; short c; }; int n = sizeof(struct s);", "n", 8},
        {"struct s { int a, b; } v = { .b = 7 };", "v.a * 10 + v.b", 7},
        {"struct s { int a; struct { int x, y; } in; } v = { 1, { 2, 3 } };", "v.in.x * 10 + v.in.y", 23},
        {"struct s { int a; union { int u; char bytes[4]; }; } v; v.u = 0x01020304;", "v.bytes[0] * 10 + v.bytes[3]",
         41},
        {"struct n { int v; struct n *next; } a = {1}, b = {2, &a}, *p = &b;", "p->next->v + p->v * 10", 21},
        {"struct s { int a[3]; } v = { {4, 5, 6} }, w; w = v; v.a[1] = 0;", "w.a[1]", 5},
        {"struct s { int a; } v[3] = { {1}, {2}, {3} };", "v[2].a", 3},
        {"struct s { int a; } v[2], *p = v; p[1].a = 9; (p + 1)->a++;", "v[1].a", 10},
        {"int a[] = {1, 2, [5] = 7, 8};", "sizeof(a) / sizeof(a[0]) * 100 + a[5] * 10 + a[6]", 778},
        {"int a[4] = {1};", "a[0] * 10 + a[3]", 10},
        {"int m[2][3] = { {1, 2, 3}, {4, 5, 6} };", "m[1][2] * 10 + m[0][1]", 62},
        {"char s[] = \"hello\"; s[0] = 'j';", "s[0] == 'j' && s[4] == 'o' && s[5] == 0 && sizeof(s) == 6", 1},
        {"char s[8] = \"ab\";", "s[2] == 0 && s[7] == 0 && sizeof(s) == 8", 1},
        {"char *s = \"abc\" \"def\";", "s[3] == 'd' && strlen(s) == 6", 1},
        {"enum color { RED, GREEN = 5, BLUE }; enum color c = BLUE;", "c", 6},
        {"typedef struct { u8 a; u64 b; } pair_t; pair_t p = { .b = 1ull << 40 };", "p.b >> 38", 4},
        {"int x = 1, *p = &x, y = *p + 1;", "y", 2},
        {"int f(void) { struct { int a, b; } v = { .b = 3, .a = 4 }; return v.a * 10 + v.b; } int x = f();", "x", 43},
        {"struct s { char c; void *p; }; int n = offsetof(struct s, p);", "n", 4},
        {"struct s { int a; int b; } v; int *p = &v.b; struct s *q = container_of(p, struct s, b);", "q == &v", 1},
        {"const unsigned long int volatile x = 3; static int y = 4;", "x + y", 7},
        {"struct list_head head; head.next = &head; head.prev = head.next;", "head.prev == &head", 1},
        {"struct s; struct s *p = NULL; struct s { int v; } w = {4}; p = &w;", "p->v", 4},
        {"bool b = 256; bool *p = &b; *p += 5;", "b", 1},
        {"u16 a[2] = {0xffff, 1}; a[0]++; a[1] <<= 15;", "a[0] + a[1]", 0x8000},
        {"struct s { int n; } a[2]; int i = 0; a[i++].n += 5; a[i].n = i;", "a[0].n * 10 + a[1].n", 51},
    };

    (void)state;
    EXPECT_ALL(examples);
}

static void macros(void **state)
{
    static const struct example examples[] = {
        {"#define N 4\nint a[N]; int x = N * sizeof a;", "x", 64},
        {"#define A B\n#define B 7\nint x = A;", "x", 7},
        {"#define SQUARE(n) ((n) * (n))\nint x = SQUARE(SQUARE(2) + 1);", "x", 25},
        {"#define F(a, b) a - b\nint x = F((1, 9), F(5, 2));", "x", 2},
        {"#define X X + 1\nint X0 = 0;\n#undef X\nint X = 3;", "X", 3},
        {"#define LONG 1 + \\\n 2\nint x = LONG;", "x", 3},
        {"#define NAME y\nint NAME = 5;", "y", 5},
        {"#include <linux/gfp.h>\n#include \"x.h\"\n#pragma once\nint x = 1;", "x", 1},
        {"#define NONE()\nNONE() int x = 2; NONE()", "x", 2},
        {"#define f(x) x\nint f = 3; int y = f + f(4);", "y", 7},
        {"int x = min(3, 4) * 10 + max(3, 4);", "x", 34},
        {"int x = ALIGN(5, 8) + ALIGN_DOWN(15, 8) + IS_ALIGNED(16, 8) + DIV_ROUND_UP(9, 4);", "x", 20},
        {"int a = 1, b = 2; swap(a, b);", "a * 10 + b", 21},
    };

    (void)state;
    EXPECT_ALL(examples);
}

/* Blocks of a lesson are one program; lines are those of the lesson. */
static void blocks_are_one_program(void **state)
{
    struct check_host check;
    struct la_diags diags;
    struct la_source blocks[] = {
        {"int f(int n)\n{\n    return n + 1;\n}\n", 34, 10, 0},
        {"int x = 1;\n", 11, 20, 3},
        {"x = f(x);\nx = x;\n", 17, 30, 5},
    };
    struct la_span span;
    uint32_t block;

    (void)state;
    check_host_init(&check);
    la_diags_init(&diags, &check.host);
    struct la_program *program = la_program_compile(&check.host, blocks, 3, 4, &diags);

    assert_true(la_program_runnable(program));
    assert_int_equal(la_program_nr_statements(program), 4);
    assert_true(la_program_statement(program, 0, &span, &block));
    assert_int_equal(span.line, 12);
    assert_int_equal(span.column, 5);
    assert_int_equal(block, 0);
    assert_true(la_program_statement(program, 1, &span, &block));
    assert_int_equal(span.line, 20);
    assert_int_equal(block, 3);
    assert_true(la_program_statement(program, 3, &span, &block));
    assert_int_equal(span.line, 31);
    assert_int_equal(span.end_column, 6);
    assert_int_equal(block, 5);
    assert_false(la_program_statement(program, 4, &span, &block));
    la_program_free(program);
    la_diags_free(&diags);
    assert_true(check_host_clean(&check));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_and_loops),
        cmocka_unit_test(functions),
        cmocka_unit_test(structures_arrays_and_initialisers),
        cmocka_unit_test(macros),
        cmocka_unit_test(blocks_are_one_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
