/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The axes of a point by name: one table reads them from a sweep and writes them to the journal. */
#ifndef PINSCALE_AXES_H
#define PINSCALE_AXES_H

#include <jansson.h>

#include "include/error.h"
#include "include/point.h"

struct axis {
	const char *name;
	const char *summary; /* what values it takes */
	const char *preset;  /* where a sweep is silent */
	int (*parse)(struct point *p, const char *value, struct error *e);
	json_t *(*json)(const struct point *p); /* NULL: nothing is said of it */
};

/* In an order in which parse() may rely on the axes before it; ends with a NULL name. */
extern const struct axis axes[];

/* The point's JSON object, as docs/JOURNAL.md has it. A new reference. */
json_t *point_json(const struct point *p);

/* What tells points apart; to be freed, NULL without memory. */
char *point_key(const struct point *p);

/* "pread zram 2m hugetlbfs shared tail 4k 1 2 compact": the values in the order of the table. */
void point_name(const struct point *p, char *name, size_t size);

/*
 * NULL when the point can run here, else a sentence why not. Asks target, buffer,
 * workload and layout. The text is static.
 */
const char *point_unsupported(const struct point *p);

/* A size like 4096, 4k, 2m, 1g. Bytes; 0 if it is none. */
size_t size_parse(const char *text);
void size_format(size_t bytes, char *text, size_t size);

#endif
