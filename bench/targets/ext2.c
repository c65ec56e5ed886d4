// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Files on ext2. Up to 6.4 that is the legacy direct-io path, which takes page
 * references of its own. A file a worker: a read holds the inode's i_rwsem,
 * which would hide the rest.
 */
#include "core/device.h"
#include "core/scratch.h"

static const char *ext2_unsupported(const char *argument)
{
	(void)argument;
	return scratch_file_system_unsupported("ext2", "mke2fs");
}

static int ext2_setup(struct target_run *t, struct error *e)
{
	char *const mkfs[] = {"mke2fs", "-q", "-F", "-t", "ext2", "-b", "4096", "-m", "0", NULL};

	return scratch_file_system(t, "ext2", mkfs, 0, e);
}

static const struct target ext2_target = {
	.name = "ext2",
	.summary = "a file a worker on ext2 in memory: legacy direct-io up to 6.4",
	.unsupported = ext2_unsupported,
	.setup = ext2_setup,
	.open = device_open_file,
};
REGISTER_TARGET(ext2_target);
