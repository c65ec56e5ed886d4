/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep: the set of points of an experiment and how each is measured, from configs/NAME.ini. */
#ifndef PINSCALE_SWEEP_H
#define PINSCALE_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "include/error.h"
#include "include/point.h"

/* Probes of a sweep that run apart. */
#define SWEEP_PROBES 8

struct probe;

struct sweep {
	char *name;	  /* of the file, without directory and .ini */
	char *text;	  /* of the file */
	char **overrides; /* "key=value" given beside it, ended by NULL */
	double window;	  /* seconds */
	double warmup;	  /* seconds */
	unsigned int slices;
	unsigned int repetitions;
	unsigned int seed;
	double margin; /* of equivalence, a share */
	bool latency;  /* operations are timed one by one */
	bool make_up;  /* rounds that the rules spoilt are measured again */
	const struct probe
		*probes[SWEEP_PROBES + 1]; /* that watch trials of their own; ends with NULL */
	struct point *points;
	size_t count;
};

/*
 * Reads a sweep from a file, with overrides ("key=value", ended by NULL) that
 * hold in every section. 0, or -1 with the error set; then there is nothing to free.
 */
int sweep_load(struct sweep *s, const char *path, char *const *overrides, struct error *e);

/* The same from text that is at hand. */
int sweep_parse(struct sweep *s, const char *name, const char *text, char *const *overrides,
		struct error *e);
void sweep_free(struct sweep *s);

/* Keeps the points with so many workers only. */
void sweep_keep_workers(struct sweep *s, unsigned int workers);

/*
 * A number for each point, less than their count; the same for those that differ in who shares the
 * pages, in being a reference or a copy, and in nothing else: they are compared. To be freed.
 */
size_t *sweep_families(const struct sweep *s);

/*
 * The order of the points in a repetition of a boot: indices into points, to be
 * freed. Shuffled by the seed; points that differ in sharing alone, or in being a
 * reference (include/workload.h), whose ratio is what counts, follow each other. Every second
 * repetition is the one before it in reverse, so that a drift of the machine weighs on all points
 * alike.
 */
size_t *sweep_order(const struct sweep *s, unsigned int boot, unsigned int repetition);

#endif
