/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A buffer kind: how memory is mapped. One file in bench/buffers/. */
#ifndef PINSCALE_BUFFER_H
#define PINSCALE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "plugin.h"

/* Pages held for the time of a run. Owned by the core. */
struct pool {
	const struct buffer *buffer;

	/* Set by the core: */
	size_t page;	    /* bytes */
	unsigned int pages; /* how many */
	bool may_reserve;   /* --huge-pages reserve: the system's pool may be enlarged */

	int fd; /* set by reserve(), -1 when there is none */
};

struct buffer {
	const char *name;
	const char *summary;

	/*
	 * Required. NULL when pages of that size (bytes) can be had in this way, else
	 * a sentence. "auto" takes the first kind that has them.
	 */
	const char *(*unsupported)(size_t page);

	/*
	 * Optional. Takes and clears the pages, in the controlling process, once for
	 * all trials. Changes to the system are noted with undo_note(). 0 or -1.
	 */
	int (*reserve)(struct pool *pool, struct error *e);

	/*
	 * Required. Maps all pages of the pool, writable and present, aligned to
	 * their size, in the trial's process, which ends without unmapping. NULL with
	 * the error set if it cannot.
	 */
	char *(*map)(const struct pool *pool, struct error *e);

	/* Optional. Gives the pages back. */
	void (*release)(struct pool *pool);
};

PLUGIN_KIND(buffer);
#define REGISTER_BUFFER(object) REGISTER_PLUGIN(buffer, object)

#endif
