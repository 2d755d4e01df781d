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
 *     image  [task_structs][literals, globals ...][typed globals ...] [idle stacks] [stacks] [functions]
 *            0             LA_IMG_DATA                                              LA_IMG_STACK
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
    LA_IMG_TASK = 0x40, /* struct task_struct of each thread */
    LA_IMG_TASK_STRIDE = 0x20,
    LA_IMG_DATA = 0x1000,
    LA_IMG_DATA_END = 0x2E0000,
    LA_IMG_IDLE_STACK = 0x2E0000, /* of the idle task of each CPU: interrupts run there */
    LA_IMG_IDLE_STACK_BYTES = 16 * 1024,
    LA_IMG_STACK = 0x300000, /* of each thread, thread 0 first */
    LA_IMG_STACK_BYTES = 64 * 1024,
    LA_IMG_FUNCTIONS = 0x380000, /* address of function i of the program: + 16 i */
    LA_IMG_NATIVES = 0x3C0000,   /* address of row i of api.def: + 16 i */
    LA_IMG_END = 0x3E0000,
    LA_FUNCTION_STRIDE = 16,
    LA_FUNCTIONS_MAX = (LA_IMG_NATIVES - LA_IMG_FUNCTIONS) / LA_FUNCTION_STRIDE,
    LA_FRAMES_MAX = 512,
    LA_OPERANDS_MAX = 4096,
    LA_ARGS_MAX = 16
};

enum la_op {
#define LA_OP(symbol, effect) LA_OP_##symbol,
#include "lang/op.def"
#undef LA_OP
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
    const char *name; /* variable assigned or declared, or NULL */
};

struct la_slot {
    uint32_t offset;
    uint8_t size;
};

struct la_fn {
    const char *name;
    const struct la_sym *sym;
    uint32_t entry; /* index of its first instruction */
    uint32_t frame_bytes;
    uint32_t max_operands;
    uint32_t nr_params;
    struct la_slot param[LA_ARGS_MAX];
    bool defined;
    struct la_span used; /* first use before it was defined; line 0 = none */
};

#endif
