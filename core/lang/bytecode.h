/*
 * bytecode.h: what the compiler makes and the interpreter runs.
 *
 *     code   [STMT 0][CONST 5][STG4 @x][VALUE 0][STMT 1]...[END][typed: STMT 9]...[END]
 *               |                          |
 *     stmt   [span, block, function, env]  |      where statements stand, what is in scope there
 *     site                           [type, name] what the value of a statement is
 *     fn     [entry, frame bytes, parameters]     functions of the program
 *
 * An instruction is 8 bytes.  It works on a stack of 64-bit values, each sign- or zero-extended
 * from its C type.  Variables lie in the image window of the machine; locals are addressed from
 * the frame pointer, globals from the start of the image, everything else through the MMU.
 *
 *     image  [task_struct of current][literals, globals ...][typed globals ...] [stack] [functions]
 *            0                       LA_IMG_DATA                                LA_IMG_STACK
 *
 * Text typed later is appended; nothing that runs ever moves or changes.
 */
#ifndef LA_LANG_BYTECODE_H
#define LA_LANG_BYTECODE_H

#include "base/diag.h"
#include "lang/pool.h"
#include "lang/type.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LA_IMG_TASK = 0x40,                 /* struct task_struct of `current` */
    LA_IMG_DATA = 0x1000,
    LA_IMG_DATA_END = 0x300000,
    LA_IMG_STACK = 0x300000,
    LA_IMG_STACK_BYTES = 64 * 1024,
    LA_IMG_FUNCTIONS = 0x380000,        /* address of function i of the program: + 16 i */
    LA_IMG_NATIVES = 0x3C0000,          /* address of row i of api.def: + 16 i */
    LA_IMG_END = 0x3E0000,
    LA_FUNCTION_STRIDE = 16,
    LA_FUNCTIONS_MAX = (LA_IMG_NATIVES - LA_IMG_FUNCTIONS) / LA_FUNCTION_STRIDE,
    LA_FRAMES_MAX = 512,
    LA_OPERANDS_MAX = 4096,
    LA_ARGS_MAX = 16
};

/*
 * LA_OPS(O): O(symbol, effect): effect is the change in the number of operands; calls count apart.
 * The letters behind a name: S/U signed or unsigned, 1 2 4 8 bytes.
 */
#define LA_OPS(O)                                                                                                      \
    O(STMT, 0)    /* c = statement; the step ends before it */                                                         \
    O(VALUE, -1)  /* c = site; the value of the statement */                                                           \
    O(CONST, 1)   /* c, sign-extended */                                                                               \
    O(CONST8, 1)  /* the next instruction is the value */                                                              \
    O(POP, -1) O(DUP, 1) O(SWAP, 0) O(OVER, 1)                                                                                    \
    O(LEAL, 1)    /* address of the local at c */                                                                      \
    O(LDL_S1, 1) O(LDL_U1, 1) O(LDL_S2, 1) O(LDL_U2, 1) O(LDL_S4, 1) O(LDL_U4, 1) O(LDL_8, 1)                          \
    O(LDG_S1, 1) O(LDG_U1, 1) O(LDG_S2, 1) O(LDG_U2, 1) O(LDG_S4, 1) O(LDG_U4, 1) O(LDG_8, 1)                          \
    O(LD_S1, 0) O(LD_U1, 0) O(LD_S2, 0) O(LD_U2, 0) O(LD_S4, 0) O(LD_U4, 0) O(LD_8, 0)                                 \
    O(STL_1, 0) O(STL_2, 0) O(STL_4, 0) O(STL_8, 0)   /* the value stays */                                            \
    O(STG_1, 0) O(STG_2, 0) O(STG_4, 0) O(STG_8, 0)                                                                    \
    O(ST_1, -1) O(ST_2, -1) O(ST_4, -1) O(ST_8, -1)   /* address value -> value */                                     \
    O(ADD_S4, -1) O(ADD_U4, -1) O(ADD_8, -1) O(SUB_S4, -1) O(SUB_U4, -1) O(SUB_8, -1)                                  \
    O(MUL_S4, -1) O(MUL_U4, -1) O(MUL_8, -1)                                                                           \
    O(DIV_S4, -1) O(DIV_S8, -1) O(DIV_U, -1) O(MOD_S, -1) O(MOD_U, -1)                                                 \
    O(AND, -1) O(OR, -1) O(XOR, -1)                                                                                    \
    O(SHL_S4, -1) O(SHL_U4, -1) O(SHL_8, -1) O(SHR_S4, -1) O(SHR_U4, -1) O(SHR_S8, -1) O(SHR_U8, -1)                   \
    O(NEG_S4, 0) O(NEG_U4, 0) O(NEG_8, 0) O(NOT_S, 0) O(NOT_U4, 0) O(LNOT, 0) O(LBOOL, 0)                              \
    O(EQ, -1) O(NE, -1) O(LT_S, -1) O(LE_S, -1) O(GT_S, -1) O(GE_S, -1)                                                \
    O(LT_U, -1) O(LE_U, -1) O(GT_U, -1) O(GE_U, -1)                                                                    \
    O(CAST_S1, 0) O(CAST_U1, 0) O(CAST_S2, 0) O(CAST_U2, 0) O(CAST_S4, 0) O(CAST_U4, 0)                                \
    O(ADDI_4, 0) O(ADDI_8, 0)      /* address + c */                                                                   \
    O(INDEX_4, -1) O(INDEX_8, -1)  /* address index -> address + index * c */                                          \
    O(PTRDIFF, -1)                 /* (a - b) / c, signed; a = pointer bytes */                                         \
    O(JMP, 0) O(JZ, -1) O(JNZ, -1)                                                                                     \
    O(CASE, 0)    /* top == next instruction: pop, jump to c */                                                        \
    O(CALL, 0)    /* c = function, a = arguments, b = a value is wanted */                                                                    \
    O(CALLN, 0)   /* c = row of api.def, a = arguments, b = it returns a value */                                       \
    O(CALLP, 0)   /* a = arguments; the function's address lies below them; b = a value is wanted */ \
    O(RET, -1) O(RETV, 0)                                                                                              \
    O(COPY, -1)   /* to from -> to; c bytes */                                                                         \
    O(ZERO, -1)   /* address; c bytes of zeroes */                                                                     \
    O(ONCE, 0)    /* the byte of the image at c was set: jump to the next instruction's value; else set it */          \
    O(ASSERT, -1) /* c = text */                                                                                       \
    O(END, 0)     /* of the program, or of a typed text */

enum la_op {
#define LA_O(symbol, effect) LA_OP_##symbol,
    LA_OPS(LA_O)
#undef LA_O
    LA_OP_NR
};

struct la_insn {
    uint8_t op;
    uint8_t a;
    uint16_t b;
    int32_t c;
};

struct la_sym;

struct la_stmt {
    struct la_span span;
    uint32_t block;
    int32_t fn;               /* index of the function, -1 = top level */
    const struct la_sym *env; /* the symbol declared last before it: what is in scope */
};

/* What VALUE reports. */
struct la_site {
    const struct la_type *type;
    const char *name;         /* variable assigned or declared, or NULL */
};

struct la_slot {
    uint32_t offset;
    uint8_t size;
};

struct la_fn {
    const char *name;
    const struct la_sym *sym;
    uint32_t entry;           /* index of its first instruction */
    uint32_t frame_bytes;
    uint32_t max_operands;
    uint32_t nr_params;
    struct la_slot param[LA_ARGS_MAX];
    bool defined;
    struct la_span used;      /* first use before it was defined; line 0 = none */
};

#endif
