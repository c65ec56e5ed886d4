// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * null_blk devices of our own, by configfs. In bio mode: its request mode
 * shares a map of tags between the workers, which hides what is shared by the pin.
 * Bio mode has a map a queue, of a bit a tag: with 512 it has a cache line for itself,
 * with the 64 that are preset eight queues' maps have one together ('pinscale count' shows it).
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "core/device.h"
#include "core/file.h"
#include "core/undo.h"

#define TAGS 512
#define DIRECTORY "/sys/kernel/config/nullb"

static const char *null_blk_unsupported(const char *argument)
{
	(void)argument;
	if (!access(DIRECTORY, W_OK))
		return NULL;
	if (geteuid())
		return "null_blk: making a device needs root; run it with sudo";
	return "null_blk: not in this kernel, or no configfs mounted (no " DIRECTORY
	       "); try 'modprobe null_blk nr_devices=0' and 'mount -t configfs configfs "
	       "/sys/kernel/config'";
}

static int set(const char *directory, const char *key, size_t value, struct error *e)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "%s/%s", directory, key);
	snprintf(text, sizeof(text), "%zu", value);
	return file_write(path, text, e);
}

static int make(unsigned int n, size_t bytes, char *name, size_t size, struct error *e)
{
	char directory[64], path[96];

	snprintf(directory, sizeof(directory), DIRECTORY "/pinscale%u", n);
	snprintf(path, sizeof(path), "%s/power", directory);
	if (undo_note_rmdir(e, directory))
		return -1;
	if (mkdir(directory, 0755))
		return fail(e, "null_blk: making %s: %s", directory, strerror(errno));
	if (undo_note_write(e, path, "0"))
		return -1;
	if (set(directory, "size", bytes >> 20, e) ||
	    set(directory, "submit_queues", get_nprocs(), e) ||
	    set(directory, "hw_queue_depth", TAGS, e) || set(directory, "queue_mode", 0, e) ||
	    set(directory, "irqmode", 0, e) || set(directory, "blocksize", 4096, e) ||
	    set(directory, "power", 1, e))
		return -1;
	snprintf(path, sizeof(path), "%s/index", directory);
	snprintf(name, size, "nullb%lld", file_number(path));
	/* Some kernels name the disk after the directory. */
	snprintf(path, sizeof(path), "/sys/block/pinscale%u/dev", n);
	if (!access(path, R_OK))
		snprintf(name, size, "pinscale%u", n);
	return 0;
}

static int null_blk_setup(struct target_run *t, struct error *e)
{
	if (device_make(t, make, e))
		return -1;
	snprintf(t->what, sizeof(t->what), "%s%s, %zu MiB, bio mode, no memory behind it",
		 t->device + strlen("/dev/"), t->each ? " and more, one a worker" : "",
		 (t->each ? t->extent : device_size(t)) >> 20);
	return 0;
}

static const struct target null_blk_target = {
	.name = "null_blk",
	.summary = "a null_blk device of our own: the block layer and the pin alone",
	.preference = 1,
	.makes_devices = true,
	.unsupported = null_blk_unsupported,
	.setup = null_blk_setup,
	.open = device_open,
};
REGISTER_TARGET(null_blk_target);
