/*
 * layout.h: from settings to zones and address windows (internal to core/machine).
 */
#ifndef LA_MACHINE_LAYOUT_H
#define LA_MACHINE_LAYOUT_H

#include "machine/machine.h"
#include "mm/init.h"

/** Zones, nodes, CPUs and windows for @config, which must have been resolved. */
void la_machine_layout(const struct la_machine_config *config, struct la_mm_setup *setup);

#endif
