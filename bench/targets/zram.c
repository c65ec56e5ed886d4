// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A zram device of our own. Filled with one byte value it compresses to
 * nothing, and an operation costs little but the block layer and the pin.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/device.h"
#include "core/file.h"
#include "core/undo.h"
#include "include/point.h"

#define HOT_ADD "/sys/class/zram-control/hot_add"
#define HOT_REMOVE "/sys/class/zram-control/hot_remove"

static const char *zram_unsupported(void)
{
	if (!access(HOT_ADD, R_OK))
		return NULL;
	if (geteuid())
		return "zram: making a device needs root; run it with sudo";
	return "zram: not in this kernel (no " HOT_ADD "); try 'modprobe zram'";
}

static int zram_setup(struct target_run *t, struct error *e)
{
	size_t size = device_size(t);
	long long number = file_number(HOT_ADD); /* reading it makes one */
	char name[32], path[128], value[32];
	int fd, rc;

	if (number < 0)
		return fail(e, "zram: %s gave no new device", HOT_ADD);
	snprintf(value, sizeof(value), "%lld", number);
	if (undo_note_write(e, HOT_REMOVE, value))
		return -1;
	snprintf(name, sizeof(name), "zram%lld", number);
	snprintf(path, sizeof(path), "/sys/block/%s/reset", name);
	if (undo_note_write(e, path, "1"))
		return -1;
	snprintf(path, sizeof(path), "/sys/block/%s/disksize", name);
	snprintf(value, sizeof(value), "%zu", size);
	if (file_write(path, value, e) || device_node(t, name, e))
		return -1;
	fd = open(t->path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(e, "zram: opening %s: %s", t->path, strerror(errno));
	rc = device_fill(fd, t->path, size, e);
	close(fd);
	snprintf(t->what, sizeof(t->what), "%s, %zu MiB, filled with one byte value", name,
		 size >> 20);
	return rc;
}

static const struct target zram_target = {
	.name = "zram",
	.summary = "a zram device of our own, filled with one byte value",
	.preference = 2,
	.unsupported = zram_unsupported,
	.setup = zram_setup,
	.open = device_open,
};
REGISTER_TARGET(zram_target);
