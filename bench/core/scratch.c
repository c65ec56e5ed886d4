// SPDX-License-Identifier: GPL-3.0-or-later
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"
#include "file.h"
#include "program.h"
#include "undo.h"

#define HOT_ADD "/sys/class/zram-control/hot_add"
#define HOT_REMOVE "/sys/class/zram-control/hot_remove"

#define RAMDISK_MAJOR 1
#define FIRST_MINOR 16 /* those below may be someone's */
#define LAST_MINOR 255

const char *scratch_zram_unsupported(void)
{
	if (!access(HOT_ADD, R_OK))
		return NULL;
	if (geteuid())
		return "zram: making a device needs root; run it with sudo";
	return "zram: not in this kernel (no " HOT_ADD "); try 'modprobe zram'";
}

int scratch_zram(unsigned int n, size_t bytes, char *name, size_t size, struct error *e)
{
	long long number = file_number(HOT_ADD); /* reading it makes one */
	char path[128], value[32];

	(void)n;
	if (number < 0)
		return fail(e, "zram: %s gave no new device", HOT_ADD);
	snprintf(value, sizeof(value), "%lld", number);
	if (undo_note_write(e, HOT_REMOVE, value))
		return -1;
	snprintf(name, size, "zram%lld", number);
	snprintf(path, sizeof(path), "/sys/block/%s/reset", name);
	if (undo_note_write(e, path, "1"))
		return -1;
	snprintf(path, sizeof(path), "/sys/block/%s/disksize", name);
	snprintf(value, sizeof(value), "%zu", bytes);
	return file_write(path, value, e);
}

static bool have_ramdisks(void)
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
			found |= !strcmp(driver, "ramdisk");
	}
	if (f)
		fclose(f);
	return found;
}

bool scratch_have_module(const char *name)
{
	char *const argv[] = {"modprobe", "-n", "-q", (char *)name, NULL};
	struct error e;

	return !access("/proc/modules", R_OK) && !program_run(argv, &e);
}

const char *scratch_ramdisk_unsupported(void)
{
	if (geteuid())
		return "brd: making a RAM disk needs root; run it with sudo";
	if (!have_ramdisks() && !scratch_have_module("brd"))
		return "brd: this kernel has no RAM disks; they are in the guests' ('./run.sh' boots "
		       "them)";
	return NULL;
}

/* Opens the node of a RAM disk that comes into being by that. */
static int open_new_ramdisk(int minor, struct error *e)
{
	static const char node[] = UNDO_DIRECTORY "/ram";
	int fd;

	unlink(node);
	if (undo_note_unlink(e, node))
		return -1;
	if (mknod(node, S_IFBLK | 0600, makedev(RAMDISK_MAJOR, minor)))
		return fail(e, "brd: making the node %s: %s", node, strerror(errno));
	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail(
			e,
			"brd: making the RAM disk ram%d by opening its node: %s; the kernel needs "
			"CONFIG_BLOCK_LEGACY_AUTOLOAD",
			minor, strerror(errno));
	close(fd);
	return 0;
}

int scratch_ramdisk(unsigned int n, size_t bytes, char *name, size_t size, struct error *e)
{
	char path[64];
	long long has;

	(void)n;
	if (!have_ramdisks()) {
		char *const argv[] = {"modprobe", "brd", "rd_nr=0", NULL};

		if (undo_note_module(e, "brd") || program_run(argv, e))
			return -1;
	}
	for (int minor = FIRST_MINOR; minor <= LAST_MINOR; minor++) {
		snprintf(path, sizeof(path), "/sys/block/ram%d", minor);
		if (!access(path, F_OK))
			continue;
		if (open_new_ramdisk(minor, e))
			return -1;
		snprintf(name, size, "ram%d", minor);
		snprintf(path, sizeof(path), "/sys/block/ram%d/size", minor);
		has = file_number(path) * 512;
		if (has >= (long long)bytes)
			return 0;
		return fail(
			e,
			"brd: %zu MiB are wanted, and ram%d has %lld: boot with ramdisk_size= (in "
			"kB), or ask for fewer workers",
			bytes >> 20, minor, has >> 20);
	}
	return fail(e, "brd: all RAM disks up to ram%d are in use", LAST_MINOR);
}

int scratch_fill(const struct target_run *t, struct error *e)
{
	unsigned int count = t->each ? t->workers : 1;

	for (unsigned int n = 0; n < count; n++) {
		const char *path = t->paths ? t->paths[n] : t->path;
		int fd = open(path, O_WRONLY | O_CLOEXEC), rc;

		if (fd < 0)
			return fail(e, "%s: opening %s: %s", t->target->name, path,
				    strerror(errno));
		rc = device_fill(fd, path, t->each ? t->extent : device_size(t), e);
		close(fd);
		if (rc)
			return -1;
	}
	return 0;
}

const char *scratch_file_system_unsupported(const char *type, const char *mkfs)
{
	static char reason[256];
	char *const argv[] = {(char *)mkfs, "-V", NULL}, name[32];
	struct error e;
	char *known;

	if (geteuid()) {
		snprintf(reason, sizeof(reason),
			 "%s: making and mounting a file system needs root; run it with sudo",
			 type);
		return reason;
	}
	if (scratch_ramdisk_unsupported() && scratch_zram_unsupported()) {
		snprintf(reason, sizeof(reason),
			 "%s: this kernel has neither RAM disks (brd) nor zram to put it on", type);
		return reason;
	}
	known = file_read("/proc/filesystems", &e);
	snprintf(name, sizeof(name), "\t%s\n", type);
	reason[0] = '\0';
	if (!(known && strstr(known, name)) && !scratch_have_module(type))
		snprintf(reason, sizeof(reason), "%s: this kernel has no %s", type, type);
	else if (program_run(argv, &e))
		snprintf(reason, sizeof(reason),
			 "%s: there is no %s here: install e2fsprogs, or xfsprogs for xfs", type,
			 mkfs);
	free(known);
	return *reason ? reason : NULL;
}

int scratch_file_system(struct target_run *t, const char *type, char *const mkfs[],
			size_t least_bytes, struct error *e)
{
	bool ramdisk = !scratch_ramdisk_unsupported();
	size_t bytes = device_size(t) + device_size(t) / 8;
	char name[32], node[64], place[64], *argv[16];
	unsigned int n = 0;

	bytes = bytes > least_bytes ? bytes : least_bytes;
	if ((ramdisk ? scratch_ramdisk : scratch_zram)(0, bytes, name, sizeof(name), e) ||
	    device_node(name, node, sizeof(node), e))
		return -1;
	for (; mkfs[n] && n < 14; n++)
		argv[n] = mkfs[n];
	argv[n++] = node;
	argv[n] = NULL;
	snprintf(place, sizeof(place), UNDO_DIRECTORY "/%s", type);
	if (program_run(argv, e) || undo_note_rmdir(e, place))
		return -1;
	if (mkdir(place, 0700) && errno != EEXIST)
		return fail(e, "%s: making %s: %s", type, place, strerror(errno));
	if (undo_note_unmount(e, place))
		return -1;
	if (mount(node, place, type, MS_NOATIME, NULL))
		return fail(e, "%s: mounting %s: %s", type, node, strerror(errno));
	snprintf(t->device, sizeof(t->device), "/dev/%s", name);
	snprintf(t->what, sizeof(t->what), "%s on %s, %u files of %zu KiB", type, name, t->workers,
		 t->extent >> 10);
	return device_make_files(t, place, e);
}
