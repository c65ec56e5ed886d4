// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A null_blk device of our own, by configfs. In bio mode: its request mode
 * shares a map of tags between the workers, which hides what is shared by the pin.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "core/device.h"
#include "core/file.h"
#include "core/undo.h"

#define DIRECTORY "/sys/kernel/config/nullb"
#define DEVICE DIRECTORY "/pinscale"

static const char *null_blk_unsupported(void)
{
	if (!access(DIRECTORY, W_OK))
		return NULL;
	if (geteuid())
		return "null_blk: making a device needs root; run it with sudo";
	return "null_blk: not in this kernel, or no configfs mounted (no " DIRECTORY
	       "); try 'modprobe null_blk nr_devices=0' and 'mount -t configfs configfs "
	       "/sys/kernel/config'";
}

static int null_blk_setup(struct target_run *t, struct error *e)
{
	size_t mib = device_size(t) >> 20;
	char value[32], name[32];
	long long index;

	if (undo_note_rmdir(e, DEVICE))
		return -1;
	if (mkdir(DEVICE, 0755))
		return fail(e, "null_blk: making %s: %s", DEVICE, strerror(errno));
	if (undo_note_write(e, DEVICE "/power", "0"))
		return -1;
	snprintf(value, sizeof(value), "%zu", mib);
	if (file_write(DEVICE "/size", value, e))
		return -1;
	snprintf(value, sizeof(value), "%d", get_nprocs());
	if (file_write(DEVICE "/submit_queues", value, e) ||
	    file_write(DEVICE "/queue_mode", "0", e) || file_write(DEVICE "/irqmode", "0", e) ||
	    file_write(DEVICE "/blocksize", "4096", e) || file_write(DEVICE "/power", "1", e))
		return -1;
	index = file_number(DEVICE "/index");
	snprintf(name, sizeof(name), "nullb%lld", index);
	snprintf(t->what, sizeof(t->what), "%s, %zu MiB, bio mode, no memory behind it", name, mib);
	/* Some kernels name the disk after the directory. */
	if (!access("/sys/block/pinscale/dev", R_OK))
		return device_node(t, "pinscale", e);
	return device_node(t, name, e);
}

static const struct target null_blk_target = {
	.name = "null_blk",
	.summary = "a null_blk device of our own: the block layer and the pin alone",
	.preference = 1,
	.unsupported = null_blk_unsupported,
	.setup = null_blk_setup,
	.open = device_open,
};
REGISTER_TARGET(null_blk_target);
