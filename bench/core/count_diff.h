/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one kernel does more than another, by counts: which rows, and what to make of
 * it. docs/COUNTING.md has the rules.
 */
#ifndef PINSCALE_COUNT_DIFF_H
#define PINSCALE_COUNT_DIFF_H

#include <stdio.h>

#include "counts.h"

/*
 * Differences up to this, an operation, are none: what is done every thirtieth time
 * (a refill, a tick) falls differently in two kernels.
 */
#define COUNT_TOLERANCE 0.05

/* A side: a variant of a run. */
struct count_side {
	const struct run *run;
	unsigned int variant;
};

enum count_verdict {
	COUNT_EQUIVALENT,   /* the same on every line */
	COUNT_IMPROVEMENT,  /* less, and nowhere more */
	COUNT_INCONCLUSIVE, /* more, but on no line that workers are known to share */
	COUNT_REGRESSION,   /* more on a line that workers share */
};

/* An operation at one kind of buffer, with any number of workers. */
struct count_change {
	char title[400];
	/*
	 * Old and new. few: with the fewest workers, whose counts decide how many; many:
	 * with the most, which show who shares what. The same where there is one number only.
	 */
	struct counts few[2], many[2];
	unsigned int workers[2]; /* of few and many */
	enum count_verdict verdict;
	char reason[400]; /* the lines and functions that decided it; "" for none */
};

struct count_diff {
	struct count_change *list;
	unsigned int count;
	unsigned int unmatched; /* points that only one side has */
	enum count_verdict verdict;
};

/* To be freed with count_diff_free(). 0 or -1. */
int count_diff(struct count_diff *d, const struct count_side side[2], struct error *e);
void count_diff_free(struct count_diff *d);

const char *count_verdict_name(enum count_verdict v);

/* The answer, a line a change, and what is different in each, at most so many rows. */
void count_diff_print(const struct count_diff *d, const struct count_side side[2],
		      unsigned int rows, FILE *out);

/* The answer alone, and what decided it. */
void count_diff_answer(const struct count_diff *d, const struct count_side side[2], FILE *out);

#endif
