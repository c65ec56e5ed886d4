/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A point: one cell of all axes of an experiment. docs/ARCHITECTURE.md has the words. */
#ifndef PINSCALE_POINT_H
#define PINSCALE_POINT_H

#include <stdbool.h>
#include <stddef.h>

/* What O_DIRECT and get_user_pages() count in. */
#define BASE_PAGE 4096

/* What buffers and devices are filled with: a page of one byte value is cheapest for zram. */
#define FILL_BYTE 0x5a

struct workload;
struct target;
struct buffer;

enum sharing {
	SHARING_PRIVATE, /* a huge page a worker */
	SHARING_SHARED,	 /* one huge page, a subpage of its own a worker */
	SHARING_SAME,	 /* the very same subpage */
};

enum subpage {
	SUBPAGE_NONE, /* base pages have none */
	SUBPAGE_HEAD, /* the first of the huge page, which holds the count */
	SUBPAGE_TAIL, /* any other */
};

enum placement {
	PLACEMENT_COMPACT,  /* SMT siblings, then cores, then nodes */
	PLACEMENT_SCATTER,  /* a node after the other in turn */
	PLACEMENT_SMT_LAST, /* every core once before any sibling */
};

struct point {
	const struct workload *workload;
	const struct target *target;
	const struct buffer *buffer; /* the mapping */
	size_t page;		     /* size of a page of the buffer, bytes */
	enum sharing sharing;
	enum subpage subpage;
	size_t block;	    /* bytes an operation */
	unsigned int depth; /* operations in flight a worker */
	unsigned int workers;
	enum placement placement;
};

/* Is it a huge page, one with a head and tails? */
static inline bool point_huge(const struct point *p)
{
	return p->page > BASE_PAGE;
}

/* Base pages that an operation touches: what it has to pin. */
static inline unsigned int point_subpages(const struct point *p)
{
	return (p->block + BASE_PAGE - 1) / BASE_PAGE;
}

#endif
