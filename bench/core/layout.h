/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which memory an operation gets: where in a pool of pages the slot of a worker
 * lies. A slot is the place of one operation in flight. Pure functions.
 */
#ifndef PINSCALE_LAYOUT_H
#define PINSCALE_LAYOUT_H

#include "include/point.h"

/* NULL when the point has a layout, else a sentence why not (static text). */
const char *layout_unsupported(const struct point *p);

/* Pages of the pool that the point uses. */
unsigned int layout_pages(const struct point *p);

/* Offset of the slot from the start of the pool, bytes. */
size_t layout_offset(const struct point *p, unsigned int worker, unsigned int slot);

#endif
