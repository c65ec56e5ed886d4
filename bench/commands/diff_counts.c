// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale diff-counts: what one kernel does more than another, by counts. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "commands/sweep_options.h"
#include "core/count_diff.h"

struct options {
	const char *sides[2];
	unsigned int count, rows;
};

static const struct argp_option option_table[] = {
	{"rows", 'r', "N", 0, "At most so many rows of an operation (20); 0 for the answer alone",
	 0},
	{0},
};

static const char doc[] =
	"Compares counts of two kernels, row by row, the largest difference first, and answers: "
	"regression when an operation takes more locked operations on a line that workers share, "
	"equivalent when all are the same. A side is a run of 'pinscale count' and one of its variants; "
	"of one run its first two are compared.\v"
	"Examples:\n"
	"  pinscale diff-counts results/counts\n"
	"  pinscale diff-counts results/counts:stock results/counts:taillock\n"
	"  pinscale diff-counts results/old results/new --rows 5\n\n"
	"Exit status: 0 equivalent or an improvement, 1 regression, 2 there is no such run, 3 "
	"inconclusive.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'r':
		o->rows = parse_number(arg, 0, 100000, state);
		return 0;
	case ARGP_KEY_ARG:
		if (o->count == 2)
			argp_error(state, "two sides, not more");
		o->sides[o->count++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the directory of a run is needed, or of two");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {option_table, parse, "RUN[:VARIANT] [RUN[:VARIANT]]", doc, NULL,
				 NULL,	       NULL};

/* Reads a side; where it names no variant that is the preset one. 0, or -1. */
static int open_side(const char *text, unsigned int preset, struct run *run,
		     struct count_side *side, struct error *e)
{
	int variant;

	if (counts_read(text, run, &variant, e))
		return -1;
	*side = (struct count_side){.run = run, .variant = variant < 0 ? (int)preset : variant};
	if (side->variant < run->variant_count)
		return 0;
	fail(e, "%s has one variant only; what shall it be compared with?", run->directory);
	run_free(run);
	return -1;
}

static int compare(const struct options *o, struct error *e)
{
	struct run runs[2];
	struct count_side side[2];
	struct count_diff d;
	const char *second = o->count == 2 ? o->sides[1] : o->sides[0];
	int rc;

	if (open_side(o->sides[0], 0, &runs[0], &side[0], e))
		return -1;
	if (open_side(second, o->count == 1, &runs[1], &side[1], e)) {
		run_free(&runs[0]);
		return -1;
	}
	rc = count_diff(&d, side, e);
	if (!rc) {
		count_diff_print(&d, side, o->rows, stdout);
		rc = d.verdict == COUNT_REGRESSION     ? STATUS_BAD
		     : d.verdict == COUNT_INCONCLUSIVE ? STATUS_INCONCLUSIVE
						       : STATUS_GOOD;
		count_diff_free(&d);
	}
	run_free(&runs[0]);
	run_free(&runs[1]);
	return rc;
}

static int diff_counts_run(int argc, char **argv)
{
	struct options o = {.rows = 20};
	struct error e = {0};
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	rc = compare(&o, &e);
	if (rc < 0) {
		fprintf(stderr, "pinscale diff-counts: %s\n", e.text);
		return STATUS_USAGE;
	}
	return rc;
}

static const struct command diff_counts_command = {
	.name = "diff-counts",
	.summary = "what one kernel does more than another, by counts",
	.run = diff_counts_run,
};
REGISTER_COMMAND(diff_counts_command);
