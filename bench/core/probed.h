/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What probes saw that run apart, in trials of their own ("probed" records): their sums a
 * point, and what they cost.
 */
#ifndef PINSCALE_PROBED_H
#define PINSCALE_PROBED_H

#include <stdio.h>

#include "panel.h"
#include "run.h"

/* A probe at a point, of one variant. */
struct probed {
	const char *probe;
	unsigned int variant, point;
	unsigned int trials;
	double operations;     /* of all trials that did not fail */
	json_t *values;	       /* name to sum over these */
	const json_t *details; /* of the last of them that has any, or NULL */
	struct estimate cost;  /* rate while watched / rate of the same repetition unwatched, 95% */
};

/* In the order in which points are shown; to be freed with probed_free(). 0 or -1. */
int probed_of(const struct run *r, const struct panels *panels, struct probed **list, size_t *count,
	      struct error *e);
void probed_free(struct probed *list, size_t count);

/* The panel's title and the line's label of a point. */
const char *probed_title(const struct panels *panels, unsigned int point, const char **label);

/* A value's sum, and what that is in a million operations: "waits 1794, 2032 a million operations".
 */
void probed_value(const struct probed *p, const char *name, char *text, size_t size);

/* An entry of a list of its details in words: a lock, a symbol, a stack, a class. */
void probed_entry(const char *list, const json_t *entry, char *text, size_t size);

/* What the probe is blind to, "" for nothing: a zero says nothing of these. */
void probed_blind(const char *probe, char *text, size_t size);

/* For people; nothing when no probe ran apart. 0 or -1. */
int probed_print(const struct run *r, const struct panels *panels, FILE *out, struct error *e);

#endif
