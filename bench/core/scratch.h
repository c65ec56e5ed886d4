/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices of memory that several targets are made of: zram and RAM disks (brd). */
#ifndef PINSCALE_SCRATCH_H
#define PINSCALE_SCRATCH_H

#include <stddef.h>

#include "include/error.h"
#include "include/target.h"

/* NULL when this kernel has them and we may make one, else a sentence. */
const char *scratch_zram_unsupported(void);
const char *scratch_ramdisk_unsupported(void);

/* Can the kernel load that module? */
bool scratch_have_module(const char *name);

/* For device_make(): a new device of at least so many bytes, which goes at the end of the run. */
int scratch_zram(unsigned int n, size_t bytes, char *name, size_t size, struct error *e);
int scratch_ramdisk(unsigned int n, size_t bytes, char *name, size_t size, struct error *e);

/* Fills the devices that device_make() made, so that no block of them is a hole. 0 or -1. */
int scratch_fill(const struct target_run *t, struct error *e);

/*
 * A file system on a new RAM disk (or zram where there is none), mounted, with
 * a filled file a worker: mkfs is a program and its arguments, ended by NULL, to
 * which the device's node is added. 0 or -1.
 */
int scratch_file_system(struct target_run *t, const char *type, char *const mkfs[],
			size_t least_bytes, struct error *e);

/* NULL when file systems of that type can be made so, else a sentence. */
const char *scratch_file_system_unsupported(const char *type, const char *mkfs);

#endif
