/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What several targets need: device nodes, filled files, a worker's part of one device. */
#ifndef PINSCALE_DEVICE_H
#define PINSCALE_DEVICE_H

#include <sys/types.h>

#include "include/target.h"

/* Rounds t->extent for all workers up to whole MiB. Bytes. */
size_t device_size(const struct target_run *t);

/*
 * The node of a block device by its name in /sys/block, made under
 * UNDO_DIRECTORY where /dev is not kept by the kernel. 0 or -1.
 */
int device_node(const char *name, char *path, size_t size, struct error *e);

/*
 * Makes as many devices as the target has to have, one or one a worker, by
 * make(): the n-th, of so many bytes, its name in /sys/block. Sets device, path
 * and paths. 0 or -1.
 */
int device_make(struct target_run *t,
		int (*make)(unsigned int n, size_t bytes, char *name, size_t size, struct error *e),
		struct error *e);

/* Writes size bytes of FILL_BYTE from the start of an open file. 0 or -1. */
int device_fill(int fd, const char *name, size_t size, struct error *e);

/* target.open for workers that have a device each, or a part each of t->path. */
int device_open(const struct target_run *t, unsigned int worker, int flags, struct extent *x,
		struct error *e);

/*
 * Makes a file a worker in the directory, allocated and written. They are
 * noted to be unlinked. 0 or -1.
 */
int device_make_files(struct target_run *t, const char *directory, struct error *e);

/* target.open for a file a worker, made by device_make_files(). */
int device_open_file(const struct target_run *t, unsigned int worker, int flags, struct extent *x,
		     struct error *e);

#endif
