// SPDX-License-Identifier: GPL-3.0-or-later
/* RAM disks of our own: a copy of every block, without anything that workers share. */
#include <string.h>

#include "core/device.h"
#include "core/scratch.h"

static const char *brd_unsupported(const char *argument)
{
	(void)argument;
	return scratch_ramdisk_unsupported();
}

static int brd_setup(struct target_run *t, struct error *e)
{
	if (device_make(t, scratch_ramdisk, e))
		return -1;
	snprintf(t->what, sizeof(t->what), "%s%s, %zu MiB of it, filled",
		 t->device + strlen("/dev/"), t->each ? " and more, one a worker" : "",
		 (t->each ? t->extent : device_size(t)) >> 20);
	return scratch_fill(t, e);
}

static const struct target brd_target = {
	.name = "brd",
	.summary = "a RAM disk of our own",
	.makes_devices = true,
	.unsupported = brd_unsupported,
	.setup = brd_setup,
	.open = device_open,
};
REGISTER_TARGET(brd_target);
