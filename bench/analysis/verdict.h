/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Verdicts on differences between two sides: equivalent, regression,
 * improvement or inconclusive. Pure functions. docs/METHOD.md ("Verdicts") has
 * the method, its sources, and how often it errs.
 */
#ifndef PINSCALE_VERDICT_H
#define PINSCALE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "statistics.h"

/*
 * The chance of a false verdict in a family of points that is spent, for
 * equivalence and for differences each. Less than the 5% that is promised, so
 * that simulation can show the promise kept (an error of exactly 5% cannot be
 * shown to be at most 5%).
 */
#define VERDICT_ALPHA 0.04

/* Differences below which kernels get no verdict: boots a side, or turns of them. */
#define VERDICT_LEAST_BOOTS 4

enum verdict {
	VERDICT_NONE, /* not judged: one side has nothing, or its times are no facts */
	VERDICT_EQUIVALENT,
	VERDICT_IMPROVEMENT,
	VERDICT_INCONCLUSIVE,
	VERDICT_REGRESSION,
};

/* The difference of two sides at a point: of logarithms of rates, new - base. */
struct contrast {
	size_t n; /* units that it rests on, of the side that has fewer */
	double mean;
	double error; /* standard error of the mean; NAN when there are too few units */
	double df;    /* degrees of freedom */
};

/* Of n differences of pairs: Student. */
struct contrast contrast_paired(const double *differences, size_t n);

/* Of two samples without pairs: Welch, with Satterthwaite's degrees of freedom. */
struct contrast contrast_samples(const double *base, size_t nb, const double *new, size_t nn);

/* The mean's interval at that level as a ratio (exp). NAN where there is none. */
struct estimate contrast_ratio(const struct contrast *c, double level);

struct verdict_rules {
	double margin; /* a ratio from 1 - margin to 1 / (1 - margin) is equivalence */
	double alpha;  /* of this look, of VERDICT_ALPHA */
	size_t least;  /* fewer units give VERDICT_INCONCLUSIVE */
};

struct judged {
	struct contrast contrast; /* given */
	enum verdict verdict; /* given: VERDICT_NONE is left alone and is no part of the family */
	double p;	      /* of no difference, two-sided */
	double adjusted;      /* by Holm over the family */
	double p_margin;      /* of the two one-sided tests: of a difference beyond the margin */
	bool real;	      /* equivalent, and a difference shown all the same */
	size_t further;	      /* units more that would settle it with a chance of 80%; 0: none, or
				 more than VERDICT_MOST_FURTHER */
};

#define VERDICT_MOST_FURTHER 1000

/* Judges a family: all points of a comparison. 'further' is left 0. 0, or -1 without memory. */
int verdict_family(struct judged *family, size_t n, const struct verdict_rules *rules);

/* Works out 'further' of what verdict_family() found inconclusive. */
void verdict_further(struct judged *family, size_t n, const struct verdict_rules *rules);

/*
 * Over all: regression if any is; equivalent only if every one is; improvement if
 * there is one and the others are equivalent; else inconclusive. NONE without any.
 */
enum verdict verdict_overall(const struct judged *family, size_t n);

/* Like that of two verdicts on one point: what a reader has to know first. */
enum verdict verdict_worse(enum verdict a, enum verdict b);

const char *verdict_name(enum verdict v);

/*
 * The share of alpha that the first of two looks spends, when it is taken at that
 * share of the units: O'Brien and Fleming's spending by Lan and DeMets (Biometrika
 * 70, 1983), 2 - 2 Phi(z(1 - alpha / 2) / sqrt(share)). The second has the rest,
 * whatever the two have in common (Bonferroni).
 */
double verdict_first_alpha(double alpha, double share);

#endif
