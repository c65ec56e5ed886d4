/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The counts of a run of 'pinscale count', read for tables and comparisons. */
#ifndef PINSCALE_COUNTS_H
#define PINSCALE_COUNTS_H

#include <stdbool.h>
#include <stdio.h>

#include "panel.h"
#include "run.h"

/* What was counted of a variant at a point. */
struct counts {
	const json_t *record; /* type "counts", of the run; NULL: there is none */
	uint64_t operations;
	uint64_t dropped;
};

/* Who works how on what: a row of the record, an operation each. */
struct count_row {
	const char *kind; /* "locked", "load", "store" */
	const char *on, *field, *by;
	double each;	   /* mean */
	double usual;	   /* what most operations have */
	double shared;	   /* of each, those on lines that several CPUs work on */
	unsigned int cpus; /* at most on one line */
	unsigned int lines;
};

/* The counts of a variant at a point: those of the last boot that came to its end. */
struct counts counts_of(const struct run *r, unsigned int variant, unsigned int point);

/* The rows of a record; to be freed, NULL without memory. */
struct count_row *counts_rows(const struct counts *c, size_t *count);

/* Locked operations an operation; those of them on lines that several CPUs work on. */
double counts_locked(const struct counts *c);
double counts_shared(const struct counts *c);

/* Instructions an operation, or NAN where they were not counted. */
double counts_instructions(const struct counts *c, double *kernel, double *user);

/* "pread 4k, null_blk, 2m tail shared, 2 workers", for people. */
void counts_title(const struct run *r, const struct panel *p, const struct line *l,
		  unsigned int point, char *text, size_t size);

/*
 * Reads RUN or RUN:VARIANT; *variant is that one's index, or -1 for none. 0, or -1 with the error
 * set: there is no such run, none of counts, or no such variant; then there is nothing to free.
 */
int counts_read(const char *text, struct run *r, int *variant, struct error *e);

/* What is shown. */
struct counts_view {
	int variant;	  /* index; -1: all of them */
	const char *part; /* of titles; NULL: all points, and rows where most workers are */
	bool functions;	  /* instructions by function */
	bool all;	  /* plain loads and stores on lines that nobody shares, too */
};

/* Tables: a line a point, and with each of them what it works on. */
void counts_show(const struct run *r, const struct panels *panels, const struct counts_view *view,
		 FILE *out);

#endif
