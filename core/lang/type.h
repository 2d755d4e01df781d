/*
 * type.h: the types of the C subset.
 *
 *     struct page *[4]      ARRAY length 4 -> PTR -> STRUCT -> record "page" -> members
 *     gfp_t                 INT size 4 unsigned, alias "gfp_t" (printed as flags)
 *
 * Sizes are those of the simulated machine: `long` and pointers have 4 bytes on i386, 8 on
 * x86_64; 8-byte integers are aligned to 4 inside structures on i386, as gcc does.
 * Types are made in the program's pool and never change once complete, except that a structure
 * is completed in its record when its body is read.
 */
#ifndef LA_LANG_TYPE_H
#define LA_LANG_TYPE_H

#include "base/buf.h"
#include "lang/pool.h"

#include <stdbool.h>
#include <stdint.h>

enum la_type_kind { LA_TY_VOID, LA_TY_BOOL, LA_TY_INT, LA_TY_PTR, LA_TY_ARRAY, LA_TY_RECORD, LA_TY_FUNC };

enum la_rank { LA_RANK_CHAR = 1, LA_RANK_SHORT, LA_RANK_INT, LA_RANK_LONG, LA_RANK_LLONG };

struct la_record {
    const char *tag; /* NULL = anonymous */
    bool is_union, complete;
    uint32_t size, align;
    struct la_member *members;
};

struct la_member {
    const char *name; /* NULL: anonymous structure or union, looked through */
    const struct la_type *type;
    uint32_t offset;
    struct la_member *next;
};

struct la_param {
    const char *name; /* may be NULL in a prototype */
    const struct la_type *type;
    struct la_param *next;
};

struct la_type {
    uint8_t kind;               /* enum la_type_kind */
    uint8_t rank;               /* INT */
    bool is_unsigned;           /* INT, BOOL, PTR */
    bool is_enum;               /* INT that came from an enum; tag in alias */
    bool variadic;              /* FUNC */
    bool no_prototype;          /* FUNC declared as f(): any arguments */
    uint32_t size, align;       /* bytes; RECORD: see the record */
    const char *alias;          /* typedef name, or NULL */
    const struct la_type *base; /* PTR, ARRAY: element; FUNC: result */
    struct la_type *pointer;    /* cached pointer to this type */
    uint32_t length;            /* ARRAY; LA_UNKNOWN_LENGTH for [] */
    uint32_t nr_params;         /* FUNC */
    struct la_param *params;    /* FUNC */
    struct la_record *record;   /* RECORD */
};

#define LA_UNKNOWN_LENGTH UINT32_MAX
/* Bytes of the largest object: everything lies in the image window. */
enum { LA_OBJECT_MAX = 1 << 20 };

/* The basic types of one program. */
struct la_types {
    struct la_pool *pool;
    uint32_t pointer_bytes;
    struct la_type *t_void, *t_bool, *t_char, *t_schar, *t_uchar, *t_short, *t_ushort, *t_int, *t_uint, *t_long,
        *t_ulong, *t_llong, *t_ullong;
};

void la_types_init(struct la_types *types, struct la_pool *pool, uint32_t pointer_bytes);
/** Pointer to @base, array of @length of @base, function returning @result. */
struct la_type *la_type_pointer(struct la_types *types, const struct la_type *base);
struct la_type *la_type_array(struct la_types *types, const struct la_type *base, uint32_t length);
struct la_type *la_type_function(struct la_types *types, const struct la_type *result, struct la_param *params,
                                 uint32_t nr_params, bool variadic);
/** A new structure or union without members yet. */
struct la_type *la_type_record(struct la_types *types, const char *tag, bool is_union);
/** Lay the members out and mark the record complete.  False when it is larger than LA_OBJECT_MAX. */
bool la_record_layout(struct la_record *record);
/** A copy of @type that prints as @alias. */
struct la_type *la_type_alias(struct la_types *types, const struct la_type *type, const char *alias);
/** Size in bytes, 0 for void, functions and incomplete types. */
uint32_t la_type_size(const struct la_type *type);
uint32_t la_type_align(const struct la_type *type);
/** True when objects of @type can exist. */
bool la_type_complete(const struct la_type *type);
bool la_type_is_integer(const struct la_type *type);
/** Integer or pointer. */
bool la_type_is_scalar(const struct la_type *type);
/** Same type, aliases aside. */
bool la_type_same(const struct la_type *a, const struct la_type *b);
/** The member @name (anonymous members are looked through); @offset is its place in the whole. */
const struct la_member *la_type_member(const struct la_type *type, const char *name, uint32_t *offset);
/** Integer promotion, and the common type of two arithmetic operands. */
const struct la_type *la_type_promote(const struct la_types *types, const struct la_type *type);
const struct la_type *la_type_common(const struct la_types *types, const struct la_type *a, const struct la_type *b);
/** @value cut to @type: sign- or zero-extended to 64 bits. */
uint64_t la_type_convert(const struct la_type *type, uint64_t value);

#endif
