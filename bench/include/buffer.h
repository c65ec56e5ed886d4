/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A buffer kind: how memory is mapped. One file in bench/buffers/. */
#ifndef PINSCALE_BUFFER_H
#define PINSCALE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "plugin.h"
#include "point.h"

/*
 * Pages of one kind, for the time of a run. Owned by the core. A pool of a
 * shared mapping is held by the controlling process, and the trials map it; one
 * of a private mapping is made anew by every trial.
 */
struct pool {
	const struct buffer *buffer;

	/* Set by the core: */
	struct page page;
	unsigned int pages;	  /* how many at most */
	const unsigned int *node; /* of each page, or NULL: as it comes */
	bool may_reserve;	  /* --huge-pages reserve: the system's pool may be enlarged */

	int fd;	       /* set by reserve(), -1 when there is none */
	char *memory;  /* set by reserve() where the pool stays mapped, else NULL */
	void *private; /* the buffer's own */
};

struct buffer {
	const char *name;
	const char *summary;

	/*
	 * Do all who map a page see the same one? Then workers that are processes
	 * can share it; else each process makes pages of its own.
	 */
	bool shared;

	/*
	 * Required. NULL when such pages can be had in this way, else a sentence
	 * (static text). "auto" takes the first kind that has them.
	 */
	const char *(*unsupported)(const struct page *page);

	/*
	 * Optional. Takes and clears the pages, in the controlling process, once for
	 * all trials; where node says so (core/pages.h binds them). Changes to the
	 * system are noted with undo_note(). 0 or -1.
	 */
	int (*reserve)(struct pool *pool, struct error *e);

	/*
	 * Required. Maps count pages of the pool from the first, writable, present
	 * and filled, aligned to their size, in the trial's process or in a worker's.
	 * It ends without unmapping. NULL with the error set if it cannot. (A private
	 * mapping makes new ones.)
	 */
	char *(*map)(const struct pool *pool, unsigned int first, unsigned int count,
		     struct error *e);

	/* Optional. Gives the pages back. */
	void (*release)(struct pool *pool);
};

PLUGIN_KIND(buffer);
#define REGISTER_BUFFER(object) REGISTER_PLUGIN(buffer, object)

#endif
