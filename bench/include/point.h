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

/* Who decides how large a page is. */
enum page_kind {
	PAGE_BASE,	  /* nobody: 4k */
	PAGE_TRANSPARENT, /* the kernel may make it huge: mTHP sizes, THP */
	PAGE_HUGETLB,	  /* a pool of huge pages: 2m, 1g */
};

struct page {
	enum page_kind kind;
	size_t bytes;
};

enum sharing {
	SHARING_PRIVATE, /* pages of its own a worker */
	SHARING_SHARED,	 /* one huge page, a subpage of its own a worker */
	SHARING_SAME,	 /* the very same subpage */
	SHARING_GROUP,	 /* K workers a huge page, a subpage of its own each */
	SHARING_POOL,	 /* every operation a random subpage of P pages that all map */
};

enum subpage {
	SUBPAGE_NONE, /* base pages have none */
	SUBPAGE_HEAD, /* the first of the huge page, which holds the count */
	SUBPAGE_TAIL, /* any other */
};

/* On which node the pages of a buffer are. */
enum policy {
	POLICY_LOCAL,	   /* that of the worker's CPU; of the first worker that shares the page */
	POLICY_NODE,	   /* a given one */
	POLICY_INTERLEAVE, /* page after page on the next node */
	POLICY_REMOTE,	   /* the node farthest from that of POLICY_LOCAL */
};

enum placement {
	PLACEMENT_COMPACT,  /* SMT siblings, then cores, then nodes */
	PLACEMENT_SCATTER,  /* a node after the other in turn */
	PLACEMENT_SMT_LAST, /* every core once before any sibling */
};

/* Longest text behind the colon of a target, as in block:/dev/nvme0n1. */
#define TARGET_ARGUMENT 128

struct point {
	const struct workload *workload;
	const struct target *target;
	char target_argument[TARGET_ARGUMENT]; /* "" for none */
	bool target_auto;		       /* the sweep left the choice to us */
	bool device_each;		       /* a device a worker, where the target makes some */
	const struct buffer *buffer;	       /* the mapping */
	struct page page;
	enum sharing sharing;
	unsigned int sharing_number; /* K of a group, P of a pool, else 0 */
	enum subpage subpage;
	enum policy policy;
	unsigned int policy_node;
	size_t block;	    /* bytes an operation */
	unsigned int depth; /* operations in flight a worker */
	bool random;	    /* places in the target in random order */
	unsigned int workers;
	bool processes; /* workers are processes, not threads */
	enum placement placement;
	unsigned int copy; /* the same again, for comparing it with itself: from 1 */
};

/* Is it a huge page, one with a head and tails? */
static inline bool point_huge(const struct point *p)
{
	return p->page.bytes > BASE_PAGE;
}

/* Base pages that an operation touches: what it has to pin. */
static inline unsigned int point_subpages(const struct point *p)
{
	return (p->block + BASE_PAGE - 1) / BASE_PAGE;
}

#endif
