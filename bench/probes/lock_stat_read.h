/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of /proc/lock_stat. */
#ifndef PINSCALE_LOCK_STAT_READ_H
#define PINSCALE_LOCK_STAT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/error.h"

#define LOCK_STAT_POINTS 8 /* the kernel keeps 4 that wait and 4 that are waited for */

/* A place in the code, and how often it waited there, or was waited for there. */
struct lock_point {
	char symbol[128]; /* name+0x57/0x280 */
	uint64_t count;
	bool holder; /* it held the lock when another wanted it */
};

/* Who took a class to write, or in the only way there is; and who to read. */
enum lock_way { LOCK_WRITE, LOCK_READ, LOCK_WAYS };

struct lock_use {
	bool there;
	uint64_t contentions, acquisitions;
	double wait_us;
};

struct lock_class {
	char name[64];
	struct lock_use use[LOCK_WAYS];
	struct lock_point points[LOCK_STAT_POINTS];
	unsigned int count; /* of points */
};

struct lock_stat {
	struct lock_class *classes; /* as the kernel sorts them: most contentions first */
	size_t count;
	bool disabled; /* the kernel found a fault with its locks, and counts no more */
};

/*
 * Reads the text of a whole file. 0, then lock_stat_free() it; -1 with the error set.
 * A column is known by its heading, so that those before 0.4's last ones do as well.
 */
int lock_stat_parse(const char *text, struct lock_stat *s, struct error *e);
void lock_stat_free(struct lock_stat *s);

/* Both ways together. */
struct lock_use lock_class_total(const struct lock_class *c);

#endif
