// SPDX-License-Identifier: GPL-3.0-or-later
/* Files on xfs: direct-io by iomap. A file a worker. */
#include "core/device.h"
#include "core/scratch.h"

static const char *xfs_unsupported(const char *argument)
{
	(void)argument;
	return scratch_file_system_unsupported("xfs", "mkfs.xfs");
}

static int xfs_setup(struct target_run *t, struct error *e)
{
	char *const mkfs[] = {"mkfs.xfs", "-q", "-f", NULL};

	return scratch_file_system(t, "xfs", mkfs, 320u << 20, e);
}

static const struct target xfs_target = {
	.name = "xfs",
	.summary = "a file a worker on xfs in memory: direct-io by iomap",
	.unsupported = xfs_unsupported,
	.setup = xfs_setup,
	.open = device_open_file,
};
REGISTER_TARGET(xfs_target);
