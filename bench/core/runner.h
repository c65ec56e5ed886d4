/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a sweep on the running kernel, trial by trial, into a journal. */
#ifndef PINSCALE_RUNNER_H
#define PINSCALE_RUNNER_H

#include <stdbool.h>

#include "include/error.h"
#include "journal.h"
#include "sweep.h"

struct runner_options {
	const char *variant;   /* which kernel this is */
	unsigned int boot;     /* number of the boot; 0: the next, or this one's if it has begun */
	int slot;	       /* index into the plan's order, -1 without a plan */
	bool reserve;	       /* huge pages may be reserved */
	const char *directory; /* for targets that need files; NULL: that of the run */
	const char *const *write_to; /* the user's devices that may be written to, ended by NULL */
};

struct runner_result {
	unsigned int boot;
	unsigned int trials;  /* done now */
	unsigned int failed;  /* of them, or with a problem */
	unsigned int skipped; /* points that are not possible */
	bool bad_end; /* huge pages or references are still held, or the kernel complained */
};

/*
 * Runs what the journal lacks of the sweep. 0; 1 when a signal ended it; -1
 * with the error set. Whatever comes, the system is put back as it was.
 */
int runner_run(struct journal *j, const struct sweep *s, const struct runner_options *o,
	       struct runner_result *result, struct error *e);

/* A new run.json of a sweep on the running kernel, kind "run", or "ab" with a plan to be added. */
json_t *runner_run_json(const struct sweep *s, const char *kind);

/* The sweep that a run.json holds. 0 or -1. */
int runner_sweep_of(const json_t *run, struct sweep *s, struct error *e);

#endif
