/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A target: what is read or written. One file in bench/targets/. */
#ifndef PINSCALE_TARGET_H
#define PINSCALE_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "plugin.h"

/* A target that is set up, for the time of a run. Owned by the core. */
struct target_run {
	const struct target *target;

	/* Set by the core: */
	unsigned int workers;  /* at most so many use it at a time */
	size_t extent;	       /* bytes of each worker's part */
	const char *argument;  /* what follows the colon in the sweep, "" for none */
	const char *directory; /* where a target that needs files puts them */
	bool each;	       /* a device a worker, if it makes devices */
	bool may_write;	       /* --write-to names it */

	/* Set by setup(): */
	char what[192];	   /* for people: "zram1, 64 MiB, filled with one byte value" */
	char device[64];   /* (the first) block device behind it, "/dev/zram1"; empty if unknown */
	char path[256];	   /* for open() */
	char (*paths)[64]; /* of the device of each worker, where there are several; never freed */
};

/* A worker's part of the target. */
struct extent {
	int fd;		  /* closed by the core; -1 for none */
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

	/* Does it make devices, one for all or one a worker? */
	bool makes_devices;

	/* Is it the user's own? Then it is written to only if --write-to names it again. */
	bool foreign;

	/*
	 * Required. NULL when it can be set up here, else a sentence (static text).
	 * argument is "" when the sweep gives none.
	 */
	const char *(*unsupported)(const char *argument);

	/*
	 * Required. Makes the device or files, as root, in the controlling process.
	 * There is no teardown: every change is noted with undo_note() before it is
	 * made, and the core undoes them in reverse. It writes to nothing that it did
	 * not create, unless may_write. 0, or -1 with the error set.
	 */
	int (*setup)(struct target_run *t, struct error *e);

	/*
	 * Required. Opens worker's part with @flags (O_DIRECT among them), in the
	 * worker's task. Parts of two workers do not overlap. 0 or -1.
	 */
	int (*open)(const struct target_run *t, unsigned int worker, int flags, struct extent *x,
		    struct error *e);
};

PLUGIN_KIND(target);
#define REGISTER_TARGET(object) REGISTER_PLUGIN(target, object)

#endif
