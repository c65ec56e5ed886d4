/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A target: what is read or written. One file in bench/targets/. */
#ifndef PINSCALE_TARGET_H
#define PINSCALE_TARGET_H

#include <sys/types.h>

#include "error.h"
#include "plugin.h"

/* A target that is set up, for the time of a run. Owned by the core. */
struct target_run {
	const struct target *target;

	/* Set by the core: */
	unsigned int workers;  /* at most so many use it at a time */
	size_t extent;	       /* bytes of each worker's part */
	const char *directory; /* where a target that needs files puts them */

	/* Set by setup(): */
	char what[192];	 /* for people: "zram1, 64 MiB, filled with one byte value" */
	char device[64]; /* block device behind it, "/dev/zram1"; empty if unknown */
	char path[256];	 /* for open() */
};

/* A worker's part of the target. */
struct extent {
	int fd;		  /* closed by the core */
	off_t start, end; /* bytes */
};

struct target {
	const char *name;
	const char *summary;

	/*
	 * "auto" takes the target with the lowest preference that is supported; 0:
	 * it is never taken unasked.
	 */
	unsigned int preference;

	/* Required. NULL when it can be set up here, else a sentence (static text). */
	const char *(*unsupported)(void);

	/*
	 * Required. Makes the device or files, as root, in the controlling process.
	 * There is no teardown: every change is noted with undo_note() before it is
	 * made, and the core undoes them in reverse. It writes to nothing that it did
	 * not create. 0, or -1 with the error set.
	 */
	int (*setup)(struct target_run *t, struct error *e);

	/*
	 * Required. Opens worker's part with @flags (O_DIRECT among them), in the
	 * trial's process. Parts of two workers do not overlap. 0 or -1.
	 */
	int (*open)(const struct target_run *t, unsigned int worker, int flags, struct extent *x,
		    struct error *e);
};

PLUGIN_KIND(target);
#define REGISTER_TARGET(object) REGISTER_PLUGIN(target, object)

#endif
