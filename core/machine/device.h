/*
 * device.h: a small device behind each BAR of the settings (internal to core/machine).
 *
 *     +0x00 ID       read only: 0x4c415331
 *     +0x04 CONTROL  bit 1 written: empty the FIFO
 *     +0x08 STATUS   bits 0..7 words in the FIFO, bit 8 empty, bit 9 full, bit 10 a word was lost
 *     +0x0c COUNTER  goes up with every read of it; a write sets it
 *     +0x10 FIFO     a write puts a word in, a read takes the oldest out
 *     +0x20 .. +0x3c SCRATCH: eight registers that keep what was written
 *     beyond         reads 0, writes are ignored
 *
 * Registers are 32 bits wide; narrower accesses read or change a part of one.  Where no device
 * answers, a read gives all ones, as on a PCI bus.
 */
#ifndef LA_MACHINE_DEVICE_H
#define LA_MACHINE_DEVICE_H

#include "machine/machine.h"

/** A load of @len bytes at physical @phys; may change the device (FIFO, COUNTER). */
void la_device_read(struct la_machine *machine, uint64_t phys, void *buf, uint32_t len);
void la_device_write(struct la_machine *machine, uint64_t phys, const void *buf, uint32_t len);

enum { LA_DEVICE_REGISTERS = 13 };

struct la_device_register {
    const char *name;
    uint32_t offset, value;
};

/** Register @i (0..LA_DEVICE_REGISTERS-1) as it is, without reading it: nothing changes. */
struct la_device_register la_device_register(const struct la_device *device, uint32_t i);

#endif
