/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which memory an operation gets: where in a pool of pages it lies, and whose
 * pages they are. Pure functions of the point.
 */
#ifndef PINSCALE_LAYOUT_H
#define PINSCALE_LAYOUT_H

#include "include/point.h"

/* NULL when the point has a layout, else a sentence why not (static text). */
const char *layout_unsupported(const struct point *p);

/* Pages of the pool that the point uses. */
unsigned int layout_pages(const struct point *p);

/* The pages, in a row, that a worker uses. */
void layout_worker_pages(const struct point *p, unsigned int worker, unsigned int *first,
			 unsigned int *count);

/* The worker whose CPU says what is local for a page. */
unsigned int layout_owner(const struct point *p, unsigned int page);

/* How many steps a worker goes round: a power of two. */
unsigned int layout_steps(const struct point *p);

/* Offset of the memory of a worker's step from the start of the pool, bytes. */
size_t layout_offset(const struct point *p, unsigned int worker, unsigned int step);

/*
 * The block of the worker's part of the target that a step goes to, of so many
 * blocks: one after the other, or at random.
 */
size_t layout_block(const struct point *p, unsigned int worker, unsigned int step, size_t blocks);

#endif
