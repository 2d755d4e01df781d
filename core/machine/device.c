/*
 * device.c: what answers behind an ioremap address: a register bank, a counter, a FIFO.
 *
 * Unlike memory, a register can change by being read, and writing it is a command: that is why the
 * kernel wants readl() and writel() there and not plain loads and stores, which a compiler may
 * repeat, merge or leave out.
 *
 * Invariant: at most LA_DEVICE_FIFO words wait; what does not fit is lost and STATUS says so.
 * Cost: constant per register touched.
 */
#include "machine/device.h"

#include <string.h>

enum { ID = 0x00, CONTROL = 0x04, STATUS = 0x08, COUNTER = 0x0c, FIFO = 0x10, SCRATCH = 0x20, SCRATCH_END = 0x40 };

#define DEVICE_ID 0x4c415331u

enum { CONTROL_RESET = 2, STATUS_EMPTY = 0x100, STATUS_FULL = 0x200, STATUS_LOST = 0x400 };

static const char *register_name(uint32_t reg)
{
    static const char *const names[] = {"ID", "CONTROL", "STATUS", "COUNTER", "FIFO"};
    static const char *const scratch[] = {"SCRATCH0", "SCRATCH1", "SCRATCH2", "SCRATCH3",
                                          "SCRATCH4", "SCRATCH5", "SCRATCH6", "SCRATCH7"};

    if (reg <= FIFO)
        return names[reg / 4];
    return reg >= SCRATCH && reg < SCRATCH_END ? scratch[(reg - SCRATCH) / 4] : "no register";
}

static uint32_t status(const struct la_device *device)
{
    return device->fifo_nr | (device->fifo_nr == 0 ? STATUS_EMPTY : 0u) |
           (device->fifo_nr == LA_DEVICE_FIFO ? STATUS_FULL : 0u) | (device->lost ? STATUS_LOST : 0u);
}

static uint32_t fifo_take(struct la_device *device)
{
    uint32_t word = device->fifo[device->fifo_at];

    if (device->fifo_nr == 0)
        return 0;
    device->fifo_at = (device->fifo_at + 1) % LA_DEVICE_FIFO;
    device->fifo_nr--;
    return word;
}

static void fifo_put(struct la_device *device, uint32_t word)
{
    if (device->fifo_nr == LA_DEVICE_FIFO) {
        device->lost = true;
        return;
    }
    device->fifo[(device->fifo_at + device->fifo_nr) % LA_DEVICE_FIFO] = word;
    device->fifo_nr++;
}

static uint32_t register_read(struct la_device *device, uint32_t reg)
{
    switch (reg) {
    case ID:
        return DEVICE_ID;
    case CONTROL:
        return device->control;
    case STATUS:
        return status(device);
    case COUNTER:
        return device->counter++;
    case FIFO:
        return fifo_take(device);
    default:
        return reg >= SCRATCH && reg < SCRATCH_END ? device->scratch[(reg - SCRATCH) / 4] : 0;
    }
}

static void register_write(struct la_device *device, uint32_t reg, uint32_t value)
{
    switch (reg) {
    case CONTROL:
        device->control = value & ~(uint32_t)CONTROL_RESET;
        if (value & CONTROL_RESET) {
            device->fifo_nr = device->fifo_at = 0;
            device->lost = false;
        }
        break;
    case COUNTER:
        device->counter = value;
        break;
    case FIFO:
        fifo_put(device, value);
        break;
    default:
        if (reg >= SCRATCH && reg < SCRATCH_END)
            device->scratch[(reg - SCRATCH) / 4] = value;
    }
}

/* What a register keeps, for a store to a part of it: looking must not change it. */
static uint32_t register_kept(const struct la_device *device, uint32_t reg)
{
    if (reg == CONTROL)
        return device->control;
    if (reg == COUNTER)
        return device->counter;
    return reg >= SCRATCH && reg < SCRATCH_END ? device->scratch[(reg - SCRATCH) / 4] : 0;
}

/* The number of the device at @phys, or LA_CONFIG_DEVICES. */
static uint32_t find_device(const struct la_machine *machine, uint64_t phys)
{
    for (uint32_t i = 0; i < machine->config.nr_devices; i++)
        if (phys >= machine->config.device[i].bar &&
            phys - machine->config.device[i].bar < machine->config.device[i].bytes)
            return i;
    return LA_CONFIG_DEVICES;
}

static void report(struct la_machine *machine, uint32_t i, uint32_t reg, uint32_t value, bool write)
{
    struct la_trace *trace = machine->trace;

    if (!trace->on)
        return;
    uint64_t device = la_trace_text(trace, machine->config.device[i].name);
    uint64_t name = la_trace_text(trace, register_name(reg));

    if (write)
        LA_TRACE(trace, IO_WRITE, device, name, reg, value);
    else
        LA_TRACE(trace, IO_READ, device, name, reg, value);
}

void la_device_read(struct la_machine *machine, uint64_t phys, void *buf, uint32_t len)
{
    unsigned char *out = buf;

    while (len > 0) {
        uint32_t in_reg = (uint32_t)(phys & 3), part = 4 - in_reg < len ? 4 - in_reg : len;
        uint32_t i = find_device(machine, phys), value = UINT32_MAX;

        if (i < LA_CONFIG_DEVICES) {
            uint32_t reg = (uint32_t)(phys - machine->config.device[i].bar) & ~3u;

            value = register_read(&machine->device[i], reg);
            report(machine, i, reg, value, false);
        }
        for (uint32_t b = 0; b < part; b++)
            out[b] = (unsigned char)(value >> 8 * (in_reg + b));
        phys += part;
        out += part;
        len -= part;
    }
}

void la_device_write(struct la_machine *machine, uint64_t phys, const void *buf, uint32_t len)
{
    const unsigned char *in = buf;

    while (len > 0) {
        uint32_t in_reg = (uint32_t)(phys & 3), part = 4 - in_reg < len ? 4 - in_reg : len;
        uint32_t i = find_device(machine, phys);

        if (i < LA_CONFIG_DEVICES) {
            uint32_t reg = (uint32_t)(phys - machine->config.device[i].bar) & ~3u;
            uint32_t value = register_kept(&machine->device[i], reg);

            for (uint32_t b = 0; b < part; b++) {
                value &= ~(0xFFu << 8 * (in_reg + b));
                value |= (uint32_t)in[b] << 8 * (in_reg + b);
            }
            register_write(&machine->device[i], reg, value);
            report(machine, i, reg, value, true);
        }
        phys += part;
        in += part;
        len -= part;
    }
}

struct la_device_register la_device_register(const struct la_device *device, uint32_t i)
{
    uint32_t offset = i < 5 ? 4 * i : SCRATCH + 4 * (i - 5), value = 0;

    switch (offset) {
    case ID:
        value = DEVICE_ID;
        break;
    case CONTROL:
        value = device->control;
        break;
    case STATUS:
        value = status(device);
        break;
    case COUNTER:
        value = device->counter;
        break;
    case FIFO:
        value = device->fifo_nr ? device->fifo[device->fifo_at] : 0;
        break;
    default:
        value = device->scratch[(offset - SCRATCH) / 4];
        break;
    }
    return (struct la_device_register){register_name(offset), offset, value};
}
