// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * zram devices of our own. Filled with one byte value they compress to
 * nothing, and an operation costs little but the block layer and the pin.
 */
#include <string.h>

#include "core/device.h"
#include "core/scratch.h"

static const char *zram_unsupported(const char *argument)
{
	(void)argument;
	return scratch_zram_unsupported();
}

static int zram_setup(struct target_run *t, struct error *e)
{
	if (device_make(t, scratch_zram, e))
		return -1;
	snprintf(t->what, sizeof(t->what), "%s%s, %zu MiB, filled with one byte value",
		 t->device + strlen("/dev/"), t->each ? " and more, one a worker" : "",
		 (t->each ? t->extent : device_size(t)) >> 20);
	return scratch_fill(t, e);
}

static const struct target zram_target = {
	.name = "zram",
	.summary = "a zram device of our own, filled with one byte value",
	.preference = 2,
	.makes_devices = true,
	.unsupported = zram_unsupported,
	.setup = zram_setup,
	.open = device_open,
};
REGISTER_TARGET(zram_target);
