/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of commands that measure a sweep into a run: which sweep, with what overrides, and
 * where. */
#ifndef PINSCALE_SWEEP_OPTIONS_H
#define PINSCALE_SWEEP_OPTIONS_H

#include <argp.h>

#include "core/journal.h"
#include "core/sweep.h"

#define MOST_OVERRIDES 64

struct sweep_options {
	const char *config;
	const char *output;
	char *overrides[MOST_OVERRIDES + 1];
	unsigned int override_count;
	bool aa; /* everything is compared with itself */
};

/* To be a child of the command's parser, with a struct sweep_options as its input. */
extern const struct argp sweep_options_argp;

/* argp's argument to a number from low to most; ends the program when it is none. */
unsigned int parse_number(const char *text, unsigned int low, unsigned int most,
			  struct argp_state *state);

/*
 * Opens the journal of a new run of that kind ("run", "ab", "count"), or of one that goes
 * on; plan and count are what run.json has of them, NULL without (the references are taken
 * over). 0, or -1 with the error set; then there is nothing to free.
 */
int sweep_options_open(const struct sweep_options *o, const char *kind, json_t *plan, json_t *count,
		       struct journal *j, struct sweep *s, struct error *e);

#endif
