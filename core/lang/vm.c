/*
 * vm.c: the loop that runs bytecode.
 *
 * Variables in the image window are read and written directly, as the MMU would (the window
 * cannot fault); every other address goes through the MMU.
 * Values on the operand stack are 64 bits, extended from their C type; arithmetic on 32-bit
 * types wraps and extends again, so no host behaviour is undefined and all builds agree.
 *
 * Cost: a few host instructions an instruction; nothing depends on the size of the machine.
 */
#include "lang/interp.h"

#include <stdio.h>
#include <string.h>

/* Little-endian accesses of fixed size: one instruction where the host is little-endian too. */
static inline uint64_t get1(const unsigned char *b)
{
    return b[0];
}
static inline uint64_t get2(const unsigned char *b)
{
    return (uint64_t)(b[0] | (uint32_t)b[1] << 8);
}
static inline uint64_t get4(const unsigned char *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
static inline uint64_t get8(const unsigned char *b)
{
    return get4(b) | get4(b + 4) << 32;
}

static inline void put1(unsigned char *b, uint64_t v)
{
    b[0] = (unsigned char)v;
}
static inline void put2(unsigned char *b, uint64_t v)
{
    b[0] = (unsigned char)v;
    b[1] = (unsigned char)(v >> 8);
}
static inline void put4(unsigned char *b, uint64_t v)
{
    b[0] = (unsigned char)v;
    b[1] = (unsigned char)(v >> 8);
    b[2] = (unsigned char)(v >> 16);
    b[3] = (unsigned char)(v >> 24);
}
static inline void put8(unsigned char *b, uint64_t v)
{
    put4(b, v);
    put4(b + 4, v >> 32);
}

static inline uint64_t sx1(uint64_t v)
{
    return (uint64_t)(int64_t)(int8_t)v;
}
static inline uint64_t sx2(uint64_t v)
{
    return (uint64_t)(int64_t)(int16_t)v;
}
static inline uint64_t sx4(uint64_t v)
{
    return (uint64_t)(int64_t)(int32_t)v;
}
static inline uint64_t zx1(uint64_t v)
{
    return (uint8_t)v;
}
static inline uint64_t zx2(uint64_t v)
{
    return (uint16_t)v;
}
static inline uint64_t zx4(uint64_t v)
{
    return (uint32_t)v;
}
static inline uint64_t same(uint64_t v)
{
    return v;
}

static inline void touch(struct la_interp *ip, uint32_t offset, uint32_t size)
{
    uint8_t *dirty = ip->machine->image->dirty;

    dirty[offset >> LA_CHUNK_SHIFT] = 1;
    dirty[(offset + size - 1) >> LA_CHUNK_SHIFT] = 1;
}

/* ---- memory behind pointers ---- */

static inline bool in_image(const struct la_interp *ip, uint64_t addr, uint32_t size)
{
    return addr - ip->image_base <= LA_IMAGE_BYTES - size;
}

static bool load(struct la_interp *ip, uint64_t addr, unsigned char *bytes, uint32_t size)
{
    if (in_image(ip, addr, size)) {
        memcpy(bytes, ip->image + (addr - ip->image_base), size);
        return true;
    }
    return la_vm_read(ip, addr, bytes, size);
}

static bool store(struct la_interp *ip, uint64_t addr, const unsigned char *bytes, uint32_t size)
{
    if (in_image(ip, addr, size)) {
        uint32_t offset = (uint32_t)(addr - ip->image_base);

        touch(ip, offset, size);
        memcpy(ip->image + offset, bytes, size);
        return true;
    }
    return la_vm_write(ip, addr, bytes, size);
}

static bool copy(struct la_interp *ip, uint64_t to, uint64_t from, uint32_t bytes)
{
    unsigned char piece[256];

    for (uint32_t done = 0; done < bytes;) {
        uint32_t n = bytes - done < sizeof piece ? bytes - done : (uint32_t)sizeof piece;

        if (!load(ip, from + done, piece, n) || !store(ip, to + done, piece, n))
            return false;
        done += n;
    }
    return true;
}

static bool clear(struct la_interp *ip, uint64_t to, uint32_t bytes)
{
    static const unsigned char zeroes[256];

    for (uint32_t done = 0; done < bytes;) {
        uint32_t n = bytes - done < sizeof zeroes ? bytes - done : (uint32_t)sizeof zeroes;

        if (!store(ip, to + done, zeroes, n))
            return false;
        done += n;
    }
    return true;
}

/* ---- arithmetic that needs care ---- */

static uint64_t divide_signed(uint64_t x, uint64_t y, bool modulo)
{
    if ((int64_t)y == -1)
        return modulo ? 0 : 0 - x;
    return (uint64_t)(modulo ? (int64_t)x % (int64_t)y : (int64_t)x / (int64_t)y);
}

static inline uint64_t shift_right_signed(uint64_t x, uint32_t n)
{
    return (int64_t)x >= 0 ? x >> n : ~(~x >> n);
}

static uint64_t pointer_difference(uint64_t a, uint64_t b, const struct la_insn *i)
{
    int64_t bytes = (int64_t)(a - b);

    if (i->a == 4)
        bytes = (int32_t)(uint32_t)(a - b);
    bytes /= i->c;
    return (uint64_t)bytes;
}

/* ---- calls ---- */

static void return_value(struct la_interp *ip, uint64_t value)
{
    struct la_vm *vm = ip->vm;
    const struct la_vm_frame *f = &vm->frame[--vm->nr_frames];

    vm->sp = vm->fp;
    vm->fp = f->fp;
    vm->pc = f->ret_pc;
    vm->nr_operands = f->base;
    vm->stmt = f->stmt;
    if (f->wants)
        vm->operand[vm->nr_operands++] = value;
}

/* A kernel call by its address.  When it has to wait, the address comes back below the arguments. */
static bool native_pointer(struct la_interp *ip, uint32_t row, uint32_t nr, bool wants, uint64_t addr)
{
    struct la_vm *vm = ip->vm;

    if (la_vm_native(ip, row, nr, wants))
        return true;
    if (ip->blocked) {
        uint32_t at = vm->nr_operands - nr;

        memmove(&vm->operand[at + 1], &vm->operand[at], nr * sizeof *vm->operand);
        vm->operand[at] = addr;
        vm->nr_operands++;
    }
    return false;
}

/* A call through a pointer: the address lies below the @nr arguments. */
static bool call_pointer(struct la_interp *ip, uint32_t nr, bool wants)
{
    struct la_vm *vm = ip->vm;
    uint32_t at = vm->nr_operands - nr - 1;
    uint64_t addr = vm->operand[at], offset = addr - ip->image_base;
    char text[96];

    memmove(&vm->operand[at], &vm->operand[at + 1], nr * sizeof *vm->operand);
    vm->nr_operands--;
    if (offset % LA_FUNCTION_STRIDE == 0 && offset >= LA_IMG_FUNCTIONS && offset < LA_IMG_NATIVES) {
        uint64_t fn = (offset - LA_IMG_FUNCTIONS) / LA_FUNCTION_STRIDE;

        if (fn < ip->program->fns.nr && ip->program->fns.data[fn].defined && ip->program->fns.data[fn].sym)
            return la_vm_call(ip, (uint32_t)fn, nr, wants, vm->pc);
    } else if (offset % LA_FUNCTION_STRIDE == 0 && offset >= LA_IMG_NATIVES && offset < LA_IMG_END) {
        uint32_t rows, row = (uint32_t)((offset - LA_IMG_NATIVES) / LA_FUNCTION_STRIDE);

        (void)la_api_table(&rows);
        if (row < rows)
            return native_pointer(ip, row, nr, wants, addr);
    }
    if (addr < LA_PAGE_SIZE)
        (void)snprintf(text, sizeof text, "BUG: kernel NULL pointer dereference, address: %0*llx",
                       (int)ip->pointer_bytes * 2, (unsigned long long)addr);
    else
        (void)snprintf(text, sizeof text, "BUG: unable to handle page fault for address: %0*llx",
                       (int)ip->pointer_bytes * 2, (unsigned long long)addr);
    la_vm_oops(ip, text, "A call through a pointer that is not the address of a function.");
    return false;
}

/* ---- the loop ---- */

#define PUSH(v) (op[n++] = (v))
#define TOP     op[n - 1]
#define BINARY(name, expr)                                                                                             \
    case LA_OP_##name: {                                                                                               \
        uint64_t y = op[--n], x = TOP;                                                                                 \
        TOP = (expr);                                                                                                  \
        break;                                                                                                         \
    }
#define UNARY(name, expr)                                                                                              \
    case LA_OP_##name: {                                                                                               \
        uint64_t x = TOP;                                                                                              \
        TOP = (expr);                                                                                                  \
        break;                                                                                                         \
    }
#define LOADS(suffix, get, extend, size)                                                                               \
    case LA_OP_LDL_##suffix:                                                                                           \
        PUSH(extend(get(stack + i->c)));                                                                               \
        break;                                                                                                         \
    case LA_OP_LDG_##suffix:                                                                                           \
        PUSH(extend(get(ip->image + i->c)));                                                                           \
        break;                                                                                                         \
    case LA_OP_LD_##suffix:                                                                                            \
        vm->pc = pc;                                                                                                   \
        vm->nr_operands = n;                                                                                           \
        if (!load(ip, TOP, bytes, size))                                                                               \
            goto stopped;                                                                                              \
        TOP = extend(get(bytes));                                                                                      \
        break;
#define STORES(suffix, put)                                                                                            \
    case LA_OP_STL_##suffix:                                                                                           \
        put(stack + i->c, TOP);                                                                                        \
        touch(ip, vm->fp + (uint32_t)i->c, suffix);                                                     \
        break;                                                                                                         \
    case LA_OP_STG_##suffix:                                                                                           \
        put(ip->image + i->c, TOP);                                                                                    \
        touch(ip, (uint32_t)i->c, suffix);                                                                             \
        break;                                                                                                         \
    case LA_OP_ST_##suffix:                                                                                            \
        vm->pc = pc;                                                                                                   \
        vm->nr_operands = n;                                                                                           \
        put(bytes, TOP);                                                                                               \
        if (!store(ip, op[n - 2], bytes, suffix))                                                                      \
            goto stopped;                                                                                              \
        op[n - 2] = TOP;                                                                                               \
        n--;                                                                                                           \
        break;

/* Registers of the loop live in locals; calls need them in the vm. */
#define SAVE() (vm->pc = pc, vm->nr_operands = n)
#define LOAD() (pc = vm->pc, n = vm->nr_operands, stack = ip->image + vm->fp)

/* The one function that is longer than a screen: a switch with a line or two for each instruction. */
enum la_run la_vm_run(struct la_interp *ip, bool stepping, uint32_t stop_frames)
{
    struct la_vm *vm = ip->vm;
    const struct la_insn *code = ip->program->code.data;
    uint64_t *op = vm->operand;
    unsigned char bytes[8], *stack;
    uint32_t pc, n;
    bool first = stepping && !ip->sched->thread[ip->sched->active].again; /* else in the middle of a statement */

    LOAD();
    for (;;) {
        const struct la_insn *i = &code[pc++];

        switch ((enum la_op)i->op) {
        case LA_OP_STMT:
            if (stepping && !first) {
                pc--;
                SAVE();
                return LA_RUN_STMT;
            }
            first = false;
            vm->stmt = (uint32_t)i->c;
            ip->has_value = false;
            if (ip->bounded && ip->budget-- == 0) {
                SAVE();
                ip->budget = 0;
                la_vm_stop(ip, LA_VM_STUCK, "this ran too many statements at once: a loop does not end");
                return LA_RUN_STOPPED;
            }
            break;
        case LA_OP_VALUE:
            ip->value = op[--n];
            ip->site = (uint32_t)i->c;
            ip->has_value = true;
            break;
        case LA_OP_CONST:
            PUSH((uint64_t)(int64_t)i->c);
            break;
        case LA_OP_CONST8: {
            uint64_t v;

            memcpy(&v, &code[pc++], sizeof v);
            PUSH(v);
            break;
        }
        case LA_OP_POP:
            n--;
            break;
        case LA_OP_DUP:
            op[n] = TOP;
            n++;
            break;
        case LA_OP_SWAP: {
            uint64_t t = TOP;

            TOP = op[n - 2];
            op[n - 2] = t;
            break;
        }
        case LA_OP_OVER:
            op[n] = op[n - 2];
            n++;
            break;
        case LA_OP_LEAL:
            PUSH(ip->image_base + vm->fp + (uint32_t)i->c);
            break;
        case LA_OP_DIV_S4:
        case LA_OP_DIV_S8:
        case LA_OP_DIV_U:
        case LA_OP_MOD_S:
        case LA_OP_MOD_U: {
            uint64_t y = op[--n], x = TOP;

            if (y == 0) {
                SAVE();
                la_vm_oops(ip, "divide error: 0000 [#1]", "A division by zero.");
                return LA_RUN_STOPPED;
            }
            if (i->op == LA_OP_DIV_U)
                TOP = x / y;
            else if (i->op == LA_OP_MOD_U)
                TOP = x % y;
            else
                TOP = divide_signed(x, y, i->op == LA_OP_MOD_S);
            if (i->op == LA_OP_DIV_S4)
                TOP = sx4(TOP);
            break;
        }
        case LA_OP_JMP:
            pc = (uint32_t)i->c;
            break;
        case LA_OP_JZ:
            if (op[--n] == 0)
                pc = (uint32_t)i->c;
            break;
        case LA_OP_JNZ:
            if (op[--n] != 0)
                pc = (uint32_t)i->c;
            break;
        case LA_OP_CASE: {
            uint64_t v;

            memcpy(&v, &code[pc++], sizeof v);
            if (v == TOP) {
                n--;
                pc = (uint32_t)i->c;
            }
            break;
        }
        case LA_OP_CALL:
            SAVE();
            if (!la_vm_call(ip, (uint32_t)i->c, i->a, i->b, pc))
                return LA_RUN_STOPPED;
            LOAD();
            break;
        case LA_OP_CALLN:
            SAVE();
            if (!la_vm_native(ip, (uint32_t)i->c, i->a, i->b))
                return LA_RUN_STOPPED;
            LOAD();
            break;
        case LA_OP_CALLP:
            SAVE();
            if (!call_pointer(ip, i->a, i->b))
                return LA_RUN_STOPPED;
            LOAD();
            break;
        case LA_OP_RET:
        case LA_OP_RETV: {
            uint64_t v = i->op == LA_OP_RET ? op[--n] : 0;
            uint8_t entry = vm->frame[vm->nr_frames - 1].entry;

            SAVE();
            return_value(ip, v);
            LOAD();
            if (entry != LA_ENTERED_BY_CALL) {
                ip->returned = v;
                return entry == LA_ENTERED_BY_IRQ ? LA_RUN_IRQ_END : LA_RUN_THREAD_END;
            }
            if (vm->nr_frames == stop_frames)
                return LA_RUN_RETURNED;
            break;
        }
        case LA_OP_COPY:
            SAVE();
            if (!copy(ip, op[n - 2], TOP, (uint32_t)i->c))
                return LA_RUN_STOPPED;
            n--;
            break;
        case LA_OP_ZERO:
            SAVE();
            if (!clear(ip, TOP, (uint32_t)i->c))
                return LA_RUN_STOPPED;
            n--;
            break;
        case LA_OP_ONCE:
            if (ip->image[i->c]) {
                pc = (uint32_t)code[pc].c;
            } else {
                ip->image[i->c] = 1;
                touch(ip, (uint32_t)i->c, 1);
                pc++;
            }
            break;
        case LA_OP_ASSERT:
            if (op[--n] == 0) {
                char text[LA_VM_MESSAGE];

                SAVE();
                (void)snprintf(text, sizeof text, "assert(%.200s) is false", ip->program->texts.data[i->c]);
                la_vm_stop(ip, LA_VM_ASSERT, text);
                return LA_RUN_STOPPED;
            }
            break;
        case LA_OP_END:
        case LA_OP_NR:
            pc--;
            SAVE();
            return LA_RUN_END;

            /* one row for each family of instructions that differ in size and sign */
            /* clang-format off */
        LOADS(S1, get1, sx1, 1)
        LOADS(U1, get1, same, 1)
        LOADS(S2, get2, sx2, 2)
        LOADS(U2, get2, same, 2)
        LOADS(S4, get4, sx4, 4)
        LOADS(U4, get4, same, 4)
        LOADS(8, get8, same, 8)
        STORES(1, put1)
        STORES(2, put2)
        STORES(4, put4)
        STORES(8, put8)
        BINARY(ADD_S4, sx4(x + y)) BINARY(ADD_U4, zx4(x + y)) BINARY(ADD_8, x + y)
        BINARY(SUB_S4, sx4(x - y)) BINARY(SUB_U4, zx4(x - y)) BINARY(SUB_8, x - y)
        BINARY(MUL_S4, sx4(x * y)) BINARY(MUL_U4, zx4(x * y)) BINARY(MUL_8, x * y)
        BINARY(AND, x & y) BINARY(OR, x | y) BINARY(XOR, x ^ y)
        BINARY(SHL_S4, sx4(x << (y & 31))) BINARY(SHL_U4, zx4(x << (y & 31))) BINARY(SHL_8, x << (y & 63))
        BINARY(SHR_S4, shift_right_signed(x, (uint32_t)y & 31)) BINARY(SHR_U4, x >> (y & 31))
        BINARY(SHR_S8, shift_right_signed(x, (uint32_t)y & 63)) BINARY(SHR_U8, x >> (y & 63))
        UNARY(NEG_S4, sx4(0 - x)) UNARY(NEG_U4, zx4(0 - x)) UNARY(NEG_8, 0 - x)
        UNARY(NOT_S, ~x) UNARY(NOT_U4, zx4(~x)) UNARY(LNOT, x == 0) UNARY(LBOOL, x != 0)
        BINARY(EQ, x == y) BINARY(NE, x != y)
        BINARY(LT_S, (int64_t)x < (int64_t)y) BINARY(LE_S, (int64_t)x <= (int64_t)y)
        BINARY(GT_S, (int64_t)x > (int64_t)y) BINARY(GE_S, (int64_t)x >= (int64_t)y)
        BINARY(LT_U, x < y) BINARY(LE_U, x <= y) BINARY(GT_U, x > y) BINARY(GE_U, x >= y)
        UNARY(CAST_S1, sx1(x)) UNARY(CAST_U1, zx1(x)) UNARY(CAST_S2, sx2(x)) UNARY(CAST_U2, zx2(x))
        UNARY(CAST_S4, sx4(x)) UNARY(CAST_U4, zx4(x))
        UNARY(ADDI_4, zx4(x + (uint64_t)(int64_t)i->c)) UNARY(ADDI_8, x + (uint64_t)(int64_t)i->c)
        BINARY(INDEX_4, zx4(x + y * (uint64_t)(int64_t)i->c)) BINARY(INDEX_8, x + y * (uint64_t)(int64_t)i->c)
        BINARY(PTRDIFF, pointer_difference(x, y, i))
            /* clang-format on */
        }
    }
stopped:
    return LA_RUN_STOPPED;
}
