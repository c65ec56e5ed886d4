// SPDX-License-Identifier: GPL-3.0-or-later
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "file.h"
#include "include/point.h"
#include "undo.h"

#define MIB (1024 * 1024)

size_t device_size(const struct target_run *t)
{
	return (t->extent * t->workers + MIB - 1) / MIB * MIB;
}

int device_node(const char *name, char *path, size_t size, struct error *e)
{
	char file[128], numbers[32];
	unsigned int major, minor;
	struct stat st;

	snprintf(file, sizeof(file), "/sys/block/%s/dev", name);
	if (sscanf(file_line(file, numbers, sizeof(numbers)), "%u:%u", &major, &minor) != 2)
		return fail(e, "%s: there is no such block device after all (%s)", name, file);
	snprintf(path, size, "/dev/%s", name);
	if (!stat(path, &st) && S_ISBLK(st.st_mode) && st.st_rdev == makedev(major, minor))
		return 0;
	snprintf(path, size, UNDO_DIRECTORY "/%s", name);
	if (undo_note_unlink(e, path))
		return -1;
	unlink(path);
	if (mknod(path, S_IFBLK | 0600, makedev(major, minor)))
		return fail(e, "%s: making the device node %s: %s", name, path, strerror(errno));
	return 0;
}

int device_make(struct target_run *t,
		int (*make)(unsigned int n, size_t bytes, char *name, size_t size, struct error *e),
		struct error *e)
{
	unsigned int count = t->each ? t->workers : 1;
	size_t bytes = t->each ? (t->extent + MIB - 1) / MIB * MIB : device_size(t);

	t->paths = t->each ? calloc(count, sizeof(*t->paths)) : NULL;
	if (t->each && !t->paths)
		return fail(e, "%s: no memory for %u devices", t->target->name, count);
	for (unsigned int n = 0; n < count; n++) {
		char *path = t->paths ? t->paths[n] : t->path, name[32];

		if (make(n, bytes, name, sizeof(name), e) ||
		    device_node(name, path, t->paths ? sizeof(*t->paths) : sizeof(t->path), e))
			return -1;
		if (!n)
			snprintf(t->device, sizeof(t->device), "/dev/%s", name);
	}
	return 0;
}

int device_fill(int fd, const char *name, size_t size, struct error *e)
{
	char *block = malloc(MIB);
	int rc = 0;

	if (!block)
		return fail(e, "%s: no memory to fill it", name);
	memset(block, FILL_BYTE, MIB);
	for (size_t done = 0; done < size && !rc;) {
		size_t left = size - done;
		ssize_t n = pwrite(fd, block, left < MIB ? left : MIB, done);

		if (n <= 0)
			rc = fail(e, "%s: filling it with %zu bytes: %s", name, size,
				  n ? strerror(errno) : "it ended early");
		done += n > 0 ? n : 0;
	}
	free(block);
	if (!rc && fsync(fd))
		rc = fail(e, "%s: syncing it: %s", name, strerror(errno));
	return rc;
}

int device_open(const struct target_run *t, unsigned int worker, int flags, struct extent *x,
		struct error *e)
{
	const char *path = t->paths ? t->paths[worker] : t->path;

	x->fd = open(path, flags | O_CLOEXEC);
	if (x->fd < 0)
		return fail(e, "%s: opening %s with O_DIRECT: %s", t->target->name, path,
			    strerror(errno));
	x->start = t->paths ? 0 : (off_t)t->extent * worker;
	x->end = x->start + t->extent;
	return 0;
}

static void file_of_worker(const struct target_run *t, unsigned int worker, char *path, size_t size)
{
	snprintf(path, size, "%s/pinscale-worker-%u", t->path, worker);
}

int device_make_files(struct target_run *t, const char *directory, struct error *e)
{
	char path[320];

	if (snprintf(t->path, sizeof(t->path), "%s", directory) >= (int)sizeof(t->path))
		return fail(e, "%s: the directory's name is too long: %s", t->target->name,
			    directory);
	for (unsigned int i = 0; i < t->workers; i++) {
		int fd, rc;

		file_of_worker(t, i, path, sizeof(path));
		if (undo_note_unlink(e, path))
			return -1;
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			return fail(e, "%s: making %s: %s", t->target->name, path, strerror(errno));
		rc = device_fill(fd, path, t->extent, e);
		close(fd);
		if (rc)
			return -1;
	}
	return 0;
}

int device_open_file(const struct target_run *t, unsigned int worker, int flags, struct extent *x,
		     struct error *e)
{
	char path[320];

	file_of_worker(t, worker, path, sizeof(path));
	x->fd = open(path, flags | O_CLOEXEC);
	if (x->fd < 0)
		return fail(e, "%s: opening %s with O_DIRECT: %s%s", t->target->name, path,
			    strerror(errno),
			    errno == EINVAL ? "; its file system has no O_DIRECT, choose another "
					      "with --directory"
					    : "");
	x->start = 0;
	x->end = t->extent;
	return 0;
}
