/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What several buffers need of pages: huge ones from the system's pools, nodes, and a look at what
 * came. */
#ifndef PINSCALE_PAGES_H
#define PINSCALE_PAGES_H

#include <jansson.h>

#include "include/buffer.h"
#include "include/point.h"

/* NULL when this kernel has a pool of huge pages of that size, else a sentence. */
const char *pages_hugetlb_unsupported(const struct page *page);

/* NULL when this kernel makes transparent huge pages of that size on request, else a sentence. */
const char *pages_transparent_unsupported(const struct page *page, bool shared);

/* NULL when the point's pages can be put where its mempolicy says, else a sentence. */
const char *pages_policy_unsupported(const struct point *p);

/* The node that page i of a pool of the point belongs on. 0 or -1. */
int pages_node(const struct point *p, unsigned int i, unsigned int *node, struct error *e);

/*
 * Sees that enough huge pages are free for the pool, on each of its nodes,
 * enlarging the system's pools if that is allowed. 0 or -1.
 */
int pages_take(const struct pool *pool, struct error *e);

/* Pages in the system's pool of that size and those free; -1 for both where there is none. */
void pages_counts(size_t bytes, long long *total, long long *available);

/* mmap()'s flag for huge pages of that size (MAP_HUGE_2MB and so on, MAP_HUGETLB with it). */
int pages_mmap_flags(const struct page *page);

/*
 * Fresh memory of count pages of the pool from the first: binds each to its
 * node, advises about transparent huge pages, and fills it. memory is aligned
 * to the pages' size. 0 or -1.
 */
int pages_prepare(const struct pool *pool, char *memory, unsigned int first, unsigned int count,
		  struct error *e);

/* Anonymous memory of count pages from the first, so prepared; flags as for mmap(). NULL: failed.
 */
char *pages_anonymous(const struct pool *pool, unsigned int first, unsigned int count, int flags,
		      struct error *e);

/* buffer.map of a pool that stays mapped: it is inherited, and made present in this process. */
char *pages_inherited(const struct pool *pool, unsigned int first, unsigned int count);

/*
 * A look at count pages at memory: {"huge": true, "nodes": [0]}, null for what
 * the kernel does not tell. -1 with the error set when they are not what the
 * pool has to have: a transparent page that is not huge, a page on another node.
 */
int pages_check(const struct pool *pool, char *memory, unsigned int first, unsigned int count,
		json_t **found, struct error *e);

/*
 * The page frames behind memory, runs of them in the order of the memory:
 * [[first frame, how many], …]. Frames that the kernel does not tell (it does root) are left out.
 */
json_t *pages_frames(const char *memory, size_t bytes);

#endif
