// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Files on ext2 on a RAM disk (brd) of our own. Up to 6.1 at least that is the
 * legacy direct-io path, which takes page references of its own. A file a
 * worker: a read holds the inode's i_rwsem, which would hide the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/device.h"
#include "core/file.h"
#include "core/program.h"
#include "core/undo.h"

#define MOUNT_POINT UNDO_DIRECTORY "/ext2"
#define NODE UNDO_DIRECTORY "/ram"
#define RAMDISK_MAJOR 1
#define FIRST_MINOR 16 /* those below may be someone's */
#define LAST_MINOR 255

static bool block_driver(const char *name)
{
	char line[128];
	FILE *f = fopen("/proc/devices", "re");
	bool block = false, found = false;

	while (f && fgets(line, sizeof(line), f)) {
		unsigned int major;
		char driver[64];

		if (!strncmp(line, "Block", 5))
			block = true;
		else if (block && sscanf(line, "%u %63s", &major, driver) == 2)
			found |= !strcmp(driver, name);
	}
	if (f)
		fclose(f);
	return found;
}

static bool have_module(const char *name)
{
	char *const argv[] = {"modprobe", "-n", "-q", (char *)name, NULL};
	struct error e;

	return !access("/proc/modules", R_OK) && !program_run(argv, &e);
}

static const char *ext2_unsupported(void)
{
	char *file_systems;
	struct error e;
	bool known;

	if (geteuid())
		return "ext2: making and mounting a file system needs root; run it with sudo";
	if (!block_driver("ramdisk") && !have_module("brd"))
		return "ext2: this kernel has no RAM disk (brd) to put it on; it runs in the guests "
		       "('./run.sh' boots them)";
	file_systems = file_read("/proc/filesystems", &e);
	known = file_systems && strstr(file_systems, "\text2\n");
	free(file_systems);
	if (!known && !have_module("ext2"))
		return "ext2: this kernel has no ext2";
	return NULL;
}

/* Opens the node of a RAM disk that comes into being by that. The minor, or -1. */
static int make_ram_disk(struct error *e)
{
	char path[64];
	int fd;

	if (!block_driver("ramdisk")) {
		char *const argv[] = {"modprobe", "brd", "rd_nr=0", NULL};

		if (undo_note_module(e, "brd") || program_run(argv, e))
			return -1;
	}
	for (int minor = FIRST_MINOR; minor <= LAST_MINOR; minor++) {
		snprintf(path, sizeof(path), "/sys/block/ram%d", minor);
		if (!access(path, F_OK))
			continue;
		unlink(NODE);
		if (undo_note_unlink(e, NODE))
			return -1;
		if (mknod(NODE, S_IFBLK | 0600, makedev(RAMDISK_MAJOR, minor)))
			return fail(e, "ext2: making the node %s: %s", NODE, strerror(errno));
		fd = open(NODE, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return fail(e,
				    "ext2: making the RAM disk ram%d by opening its node: %s; the "
				    "kernel needs CONFIG_BLOCK_LEGACY_AUTOLOAD",
				    minor, strerror(errno));
		close(fd);
		return minor;
	}
	return fail(e, "ext2: all RAM disks up to ram%d are in use", LAST_MINOR);
}

static int ext2_setup(struct target_run *t, struct error *e)
{
	char *const mke2fs[] = {"mke2fs", "-q", "-F", "-t", "ext2", "-b",
				"4096",	  "-m", "0",  NODE, NULL};
	char path[64];
	int minor = make_ram_disk(e);
	long long sectors;

	if (minor < 0)
		return -1;
	snprintf(path, sizeof(path), "/sys/block/ram%d/size", minor);
	sectors = file_number(path);
	if (sectors * 512 < (long long)(device_size(t) + device_size(t) / 8))
		return fail(
			e,
			"ext2: %u files of %zu MiB do not fit on the RAM disk of %lld MiB; boot "
			"with ramdisk_size= (in kB), or ask for fewer workers",
			t->workers, t->extent >> 20, sectors / 2048);
	if (program_run(mke2fs, e) || undo_note_rmdir(e, MOUNT_POINT))
		return -1;
	if (mkdir(MOUNT_POINT, 0700) && errno != EEXIST)
		return fail(e, "ext2: making %s: %s", MOUNT_POINT, strerror(errno));
	if (undo_note_unmount(e, MOUNT_POINT))
		return -1;
	if (mount(NODE, MOUNT_POINT, "ext2", MS_NOATIME, NULL))
		return fail(e, "ext2: mounting %s: %s", NODE, strerror(errno));
	snprintf(t->device, sizeof(t->device), "/dev/ram%d", minor);
	snprintf(t->what, sizeof(t->what), "ext2 on ram%d, %u files of %zu MiB", minor, t->workers,
		 t->extent >> 20);
	return device_make_files(t, MOUNT_POINT, e);
}

static const struct target ext2_target = {
	.name = "ext2",
	.summary = "a file a worker on ext2 on a RAM disk: legacy direct-io up to 6.1",
	.unsupported = ext2_unsupported,
	.setup = ext2_setup,
	.open = device_open_file,
};
REGISTER_TARGET(ext2_target);
