/* emit.h: what emit.c offers to emit_expr.c beside compiler.h. */
#ifndef LA_LANG_EMIT_H
#define LA_LANG_EMIT_H

#include "lang/compiler.h"

/* An object whose place is known when compiling: in the frame or in the image. */
struct la_place_of {
    bool local;
    uint32_t offset;
};

/** Change the count of operands by @effect (calls). */
void la_emit_effect(struct la_program *p, int32_t effect);
/** Append @insn as it is; its index. */
uint32_t la_emit_insn(struct la_program *p, struct la_insn insn);
/** Append the 64-bit value that CONST8 and CASE read. */
void la_emit_raw(struct la_program *p, uint64_t value);
/** address -> value of @type; address value -> value. */
void la_emit_load(struct la_program *p, const struct la_type *type);
void la_emit_store(struct la_program *p, const struct la_type *type);
/** The same for a place known now. */
void la_emit_load_place(struct la_program *p, struct la_place_of at, const struct la_type *type);
void la_emit_store_place(struct la_program *p, struct la_place_of at, const struct la_type *type);
/** Extend the value on the stack as @to, which now is one of @from. */
void la_emit_convert(struct la_program *p, const struct la_type *from, const struct la_type *to);
/** The operator on operands of @type. */
void la_emit_operator(struct la_program *p, enum la_expr_kind op, const struct la_type *type);
/** VALUE: the value on the stack is what the statement gives. */
void la_emit_report(struct la_program *p, const struct la_type *type, const char *name);

#endif
