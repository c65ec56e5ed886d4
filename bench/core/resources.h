/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sweep needs of the machine, for the time of a run: targets, and pools of pages. */
#ifndef PINSCALE_RESOURCES_H
#define PINSCALE_RESOURCES_H

#include "include/buffer.h"
#include "include/target.h"
#include "runner.h"
#include "sweep.h"

#define MOST_TARGETS 16
#define MOST_POOLS 32

struct resources {
	const struct sweep *sweep;
	const struct runner_options *options;
	const char *run_directory;
	struct target_run target[MOST_TARGETS];
	unsigned int targets;
	struct pool pool[MOST_POOLS];
	long long others[MOST_POOLS]; /* huge pages in use before we came */
	unsigned int pools;
	const char **reasons; /* why a point is not possible, or NULL; one a point */
	unsigned int *pool_of_point;
};

/* Finds out what the points need that are possible, and why the others are not. 0 or -1. */
int resources_gather(struct resources *r, const struct sweep *s, const struct runner_options *o,
		     const char *run_directory, struct error *e);

/* Takes the pages, makes the targets, raises limits; every change is noted before. 0 or -1. */
int resources_set_up(struct resources *r, struct error *e);

/* The target of a point that is possible. */
struct target_run *resources_target(struct resources *r, const struct point *p);

/* Gives the pages back. */
void resources_release(struct resources *r);

/* Frees what is known of them. */
void resources_free(struct resources *r);

#endif
