// SPDX-License-Identifier: GPL-3.0-or-later
/* Files on ext4: direct-io by iomap since 5.5. A file a worker. */
#include "core/device.h"
#include "core/scratch.h"

static const char *ext4_unsupported(const char *argument)
{
	(void)argument;
	return scratch_file_system_unsupported("ext4", "mke2fs");
}

static int ext4_setup(struct target_run *t, struct error *e)
{
	char *const mkfs[] = {"mke2fs", "-q", "-F", "-t", "ext4",	  "-b",
			      "4096",	"-m", "0",  "-O", "^has_journal", NULL};

	return scratch_file_system(t, "ext4", mkfs, 0, e);
}

static const struct target ext4_target = {
	.name = "ext4",
	.summary = "a file a worker on ext4 in memory: direct-io by iomap",
	.unsupported = ext4_unsupported,
	.setup = ext4_setup,
	.open = device_open_file,
};
REGISTER_TARGET(ext4_target);
