// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A block device of the user's, block:/dev/NAME. Opened for itself alone, so
 * that one which is mounted, or part of something, is refused; written to only
 * when --write-to names it again, and only if nothing is known to be on it.
 */
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/device.h"

static const char *block_unsupported(const char *argument)
{
	static char reason[256];
	struct stat st;

	if (!*argument)
		return "block: wants a device behind a colon, as in block:/dev/nvme0n1";
	if (stat(argument, &st)) {
		snprintf(reason, sizeof(reason), "block: %.100s: %s", argument, strerror(errno));
		return reason;
	}
	if (S_ISBLK(st.st_mode))
		return NULL;
	snprintf(reason, sizeof(reason),
		 "block: %.100s is no block device; for a directory use file:DIRECTORY", argument);
	return reason;
}

/* What is known to be on the device: "ext4", "gpt"; "" for nothing. 0 or -1. */
static int signature(const char *path, char *text, size_t size, struct error *e)
{
	blkid_probe probe = blkid_new_probe_from_filename(path);
	const char *value = NULL;
	int rc;

	text[0] = '\0';
	if (!probe)
		return fail(e, "block: looking what is on %s: %s", path, strerror(errno));
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE);
	blkid_probe_enable_partitions(probe, 1);
	rc = blkid_do_safeprobe(probe);
	if (!rc && blkid_probe_lookup_value(probe, "TYPE", &value, NULL) &&
	    blkid_probe_lookup_value(probe, "PTTYPE", &value, NULL))
		value = "something";
	snprintf(text, size, "%s", rc == -2 ? "several things" : value ? value : "");
	blkid_free_probe(probe);
	return rc == -1 ? fail(e, "block: looking what is on %s failed", path) : 0;
}

static int block_setup(struct target_run *t, struct error *e)
{
	const char *path = t->argument;
	int fd = open(path, (t->may_write ? O_RDWR : O_RDONLY) | O_EXCL | O_CLOEXEC);
	unsigned long long size = 0;
	char found[64];

	if (fd < 0 && errno == EBUSY)
		return fail(e,
			    "block: %s is mounted, or in use by something else (lsblk %s); name a "
			    "device that is free",
			    path, path);
	if (fd < 0)
		return fail(e, "block: opening %s: %s", path, strerror(errno));
	if (ioctl(fd, BLKGETSIZE64, &size))
		size = 0;
	close(fd);
	if (t->may_write && signature(path, found, sizeof(found), e))
		return -1;
	if (t->may_write && *found)
		return fail(e,
			    "block: %s has %s on it, and would be written to; if it is to be lost: "
			    "wipefs --all %s",
			    path, found, path);
	if (size / t->workers < t->extent)
		return fail(e, "block: %s has %llu MiB, too few for %u workers with %zu MiB each",
			    path, size >> 20, t->workers, t->extent >> 20);
	/* All of it is used. */
	t->extent = size / t->workers / (1 << 20) * (1 << 20);
	snprintf(t->path, sizeof(t->path), "%s", path);
	snprintf(t->device, sizeof(t->device), "%s", path);
	snprintf(t->what, sizeof(t->what), "%.100s, %llu MiB, %s", path, size >> 20,
		 t->may_write ? "WRITTEN TO" : "only read");
	return 0;
}

static const struct target block_target = {
	.name = "block",
	.summary = "a device of yours, block:/dev/NAME; only read unless --write-to names it again",
	.foreign = true,
	.unsupported = block_unsupported,
	.setup = block_setup,
	.open = device_open,
};
REGISTER_TARGET(block_target);
