/*
 * test_lang_expr.c: operators, promotions and conversions against the C compiler that builds
 * this test: each expression is written once, as text and as code.
 */
#include "lang_program.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;

/* clang-format off */
/* The same variables in the program and here. */
#define VARIABLES(V)                                                                                                   \
    V(int, i, -7) V(int, j, 3) V(int, big, 2147483647) V(int, low, -2147483647 - 1) V(unsigned int, u, 4294967290u)    \
    V(unsigned int, w, 5) V(long, l, -9000000000L) V(unsigned long, ul, 18000000000000000000UL) V(char, c, -5)         \
    V(signed char, sc, -100) V(unsigned char, uc, 200) V(short, s, -30000) V(unsigned short, us, 60000)                \
    V(long long, ll, 5000000000LL) V(u64, q, 0xfedcba9876543210ULL) V(s64, n, -1) V(u8, b, 255) V(u16, h, 65535)       \
    V(u32, d, 0x80000000u) V(_Bool, yes, 1) V(_Bool, no, 0) V(s8, k, 127) V(s16, m, 32767) V(s32, o, 1)

#define EXPRESSIONS(E)                                                                                                 \
    E(i + j) E(i - j) E(i * j) E(i / j) E(i % j) E(i / -2) E(i % -2) E(-i) E(+i) E(~i) E(!i) E(!no) E(!yes)            \
    E(u + w) E(u - w) E(w - u) E(u * w) E(u / w) E(u % w) E(-u) E(~u) E(u + i) E(i + u) E(i * u) E(i / u) E(i % u)     \
    E(l + i) E(l - u) E(l * j) E(l / 7) E(l % 7) E(l + ul) E(ul / 3) E(ul % 1000) E(ul - 1) E(-ul) E(~l) E(-l)         \
    E(c + uc) E(c * sc) E(uc * uc) E(uc << 4) E(uc << 1) E(sc >> 2) E(s * s) E(us * j) E(us + us) E(s - us) E(-us) E(~uc) E(~s) \
    E(ll + i) E(ll * 3) E(q + n) E(q >> 4) E(q << 4) E(q / 3) E(q % 10) E(n >> 1) E(n / 2) E(n % 2) E(-q) E(~q)       \
    E(1 << 10) E(1u << 31) E(1L << 40) E(-8 >> 1) E(i >> 1) E(u >> 28) E(d >> 31) E(d << 1) E((s64)d << 4)             \
    E(i & j) E(i | j) E(i ^ j) E(u & 0xff) E(u | 0x0f) E(u ^ i) E(q & 0xffff) E(l & u) E(c & 0xff) E(uc & c) E(l ^ n)   \
    E(i < j) E(i > j) E(i <= j) E(i >= j) E(i == j) E(i != j) E(i < u) E(i > u) E(n < u) E(n < q) E(n > q) E(l < u)    \
    E(c < uc) E(sc < us) E(low < big) E(-1 < 1u) E(-1L < 1u) E(c == -5) E(uc == 200) E(b == 255) E((char)uc == uc)     \
    E(i && j) E(i && 0) E(0 || j) E(no || no) E(yes && i) E(i && j || no) E(!i || !j) E((i, j)) E((1, 2, 3))           \
    E(i ? j : w) E(no ? j : u) E(yes ? i : l) E(i < 0 ? -i : i) E(no ? 1 : no ? 2 : 3) E(yes ? c : uc)                 \
    E((char)300) E((unsigned char)-1) E((short)70000) E((unsigned short)-1) E((int)5000000000LL) E((unsigned int)-1)   \
    E((long)u) E((long)i) E((u64)i) E((u64)c) E((s64)u) E((_Bool)256) E((_Bool)0) E((u8)i) E((s8)200) E((u16)l)        \
    E(sizeof i) E(sizeof(char)) E(sizeof(long)) E(sizeof(u64)) E(sizeof(i + l)) E(sizeof(c + c)) E(sizeof(void *))     \
    E(sizeof(int[7])) E(sizeof "abc") E(sizeof(1u + 1L)) E(sizeof(c ? c : c)) E(sizeof(long long))                      \
    E(1 + 2 * 3) E((1 + 2) * 3) E(10 - 4 - 3) E(100 / 10 / 5) E(2 * 3 % 4) E(1 << 2 + 1) E(1 | 2 & 3) E(6 ^ 3 & 1)     \
    E(1 < 2 == 1) E(5 & 1 == 1) E(- - 5) E(!!7) E(~~9) E(-~3) E(1 ? 2 : 3 ? 4 : 5) E(0x7fffffff) E(0x80000000)         \
    E(0xffffffff + 1) E(4294967295) E(4294967296) E(2147483648) E(0777) E(0b1011) E('a') E('\n') E('\x41') E('\0')     \
    E('\377') E(0xffffffffffffffff) E(1ull << 63) E(0x7fffffffffffffff) E(10u) E(10l) E(10ul) E(10ll) E(10ULL)          \
    E(k + 1) E(m + 1) E((s8)(k + 1)) E((s16)(m + 1)) E(b + 1) E(h + 1) E((u8)(b + 1)) E((u16)(h + 1)) E(o - 2)         \
    E(i = 4) E(i += 3) E(i -= 3) E(i *= -2) E(i /= 2) E(i %= 4) E(j <<= 3) E(i >>= 1) E(i &= 6) E(i |= 8) E(i ^= 5)    \
    E(uc += 100) E(uc -= 201) E(c = 300) E(us *= 3) E(us <<= 4) E(s += s) E(sc = uc) E(u += l) E(i = u) E(w -= 6)      \
    E(yes = 256) E(yes += 1) E(no |= 4) E(q *= q) E(q >>= 60) E(n >>= 3) E(uc = c) E(l = u) E(u = l) E(b ^= 0xf0)     \
    E(i++) E(++i) E(i--) E(--i) E(uc++) E(++uc) E(b++) E(++b) E(k++) E(++k) E(no--) E(++yes) E(u++) E(++l) E(q--)      \
    E(i++ + j) E(++i * 2) E(i-- - --j) E((i = 3) + (j = 4)) E(i = j = 9) E(u = c = -1)

/* clang-format on */

struct row {
    const char *text;
    long long value;
    uint32_t size;
};

#define VARIABLE(type, name, value) type name = value;
/* The compiler has opinions about such expressions; they are the point. */
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#endif
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wparentheses"
#pragma GCC diagnostic ignored "-Woverflow"
#pragma GCC diagnostic ignored "-Wunused-value"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wbool-compare"
#pragma GCC diagnostic ignored "-Wbool-operation"
#pragma GCC diagnostic ignored "-Wint-in-bool-context"
#pragma GCC diagnostic ignored "-Wsequence-point"
#pragma GCC diagnostic ignored "-Wshift-negative-value"
#pragma GCC diagnostic ignored "-Wsign-conversion"

/* Each expression starts from fresh variables. */
static void collect(struct row *rows, uint32_t *nr)
{
    *nr = 0;
#define E(e)                                                                                                           \
    {                                                                                                                  \
        VARIABLES(VARIABLE)                                                                                            \
        rows[*nr].text = #e;                                                                                           \
        rows[*nr].size = (uint32_t)sizeof(e);                                                                          \
        rows[(*nr)++].value = (long long)(e);                                                                          \
    }
    EXPRESSIONS(E)
}

enum { ROWS_MAX = 512 };

#define V_TEXT(type, name, value) #type " " #name " = " #value ";\n"

static void operators_agree_with_the_c_compiler(void **state)
{
    static struct row rows[ROWS_MAX];
    struct lang_run run;
    uint32_t nr, wrong = 0;

    (void)state;
    collect(rows, &nr);
    assert_true(nr > 200 && nr < ROWS_MAX);
    for (uint32_t i = 0; i < nr; i++) {
        char text[4096];

        (void)snprintf(text, sizeof text, "%slong long result = (long long)(%s);\nunsigned size = sizeof(%s);\n",
                       VARIABLES(V_TEXT), rows[i].text, rows[i].text);
        lang_start(&run, LA_PROFILE_X86_64, text);
        assert_int_equal(lang_finish(&run), LA_STEP_DONE);
        long long got = lang_value(&run, "result");
        uint32_t size = (uint32_t)lang_value(&run, "size");

        if (got != rows[i].value || size != rows[i].size) {
            print_message("%s: %lld of %u bytes, the compiler says %lld of %u\n", rows[i].text, got, size,
                          rows[i].value, rows[i].size);
            wrong++;
        }
        lang_end(&run);
    }
    assert_int_equal(wrong, 0);
}

/* On i386 `long` and pointers have 4 bytes. */
static void words_have_the_size_of_the_machine(void **state)
{
    (void)state;
    lang_expect("long l = 0x7fffffff; l = l + 1;", "l < 0", 1);
    lang_expect("unsigned long a = 0xffffffff; a++;", "a == 0", 1);
    lang_expect("int n = sizeof(long) * 10 + sizeof(void *);", "n", 44);
    lang_expect("int n = sizeof(size_t);", "n", 4);
    lang_expect("unsigned long long x = 1; x = x << 40;", "x >> 38", 4);
    lang_expect("int n = sizeof(4294967295);", "n", 8); /* does not fit a 4-byte long */
    lang_expect("long a = -1; unsigned int b = 1;", "a < b", 0);
    lang_expect("struct s { char c; long long v; }; int n = sizeof(struct s);", "n", 12);
}

/* What C leaves undefined has one meaning here. */
static void undefined_behaviour_is_defined(void **state)
{
    (void)state;
    lang_expect("int x = 2147483647; x = x + 1;", "x", INT32_MIN);
    lang_expect("int x = -2147483647 - 1; x = -x;", "x", INT32_MIN);
    lang_expect("int x = -2147483647 - 1, y = -1; x = x / y;", "x", INT32_MIN);
    lang_expect("int x = -2147483647 - 1, y = -1; x = x % y;", "x", 0);
    lang_expect("long long x = 1; x = x << 63; x = x / -1;", "x", INT64_MIN);
    lang_expect("int x = 65536; x = x * x;", "x", 0);
    lang_expect("int n = 33, x; x = 1 << n;", "x", 2);
    lang_expect("int n = -1, x; x = 1 << n;", "x", INT32_MIN);
    lang_expect("long long v = 1; int n = 65; v = v << n;", "v", 2);
}

static void pointers_count_in_elements(void **state)
{
    (void)state;
    lang_expect("int a[8]; int *p = a, *q = &a[5];", "q - p", 5);
    lang_expect("int a[8]; int *p = a + 2; p++; p += 2; --p; *p = 9;", "a[4]", 9);
    lang_expect("int a[3] = {5, 6, 7}; int *p = a; int x = *p++ + *p;", "x * 100 + (p - a)", 1101);
    lang_expect("char s[4]; unsigned long d = (unsigned long)(s + 3) - (unsigned long)s;", "d", 3);
    lang_expect("int m[3][4]; m[1][2] = 6; int *p = &m[0][0];", "p[6]", 6);
    lang_expect("int a[4]; int *p = a; 2[a] = 8;", "*(p + 2)", 8);
    lang_expect("void *p = (void *)16; p = p + 1;", "(unsigned long)p", 17);
    lang_expect("long long a[4]; long long *p = &a[3], *q = &a[1];", "q - p", -2);
    lang_expect("int a[2]; int *p = a, *q = a + 1; bool b = p < q && q > p && p != q && !(p == q);", "b", 1);
    lang_expect("int x = 4; int *p = &x, **pp = &p; **pp += 3;", "x", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_agree_with_the_c_compiler),
        cmocka_unit_test(words_have_the_size_of_the_machine),
        cmocka_unit_test(undefined_behaviour_is_defined),
        cmocka_unit_test(pointers_count_in_elements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
