/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often the verdicts err, by simulation: whole families (a comparison of all
 * points of two kernels) are made up in memory as runs, and judged by the code that
 * judges real ones (core/comparison.h). The truth is known, so errors can be counted.
 * docs/METHOD.md has the table, and 'pinscale selftest-statistics' makes it.
 *
 * The world that families come from. A family is 8 points (two workloads, private and
 * shared pages, 2 and 4 workers), boots of two kernels in balanced blocks, and 5
 * trials a boot and point. The logarithm of a trial's rate is the sum of
 *  - the kernel's effect at the point, where there is one;
 *  - the boot's effect, of standard deviation sd. Half of its variance all points of
 *    the boot have in common, half is each point's own;
 *  - what the shape says;
 *  - the trial's own noise, of standard deviation 1%: with sd 0 there is still that.
 *
 * The shapes:
 *  plain       nothing more; all is Gaussian.
 *  mode        a boot is slower by 25% with a chance of 1/2, at all points, and nothing
 *              that is recorded tells so.
 *  unbalanced  while the CPUs are far from each other a trial is slower by 25%. They
 *              are for 30% of the base's time and for 70% of the other kernel's. Half
 *              of the boots are wholly near or far, in the other half they change, with
 *              episodes of 14 to 33 trials in the mean. The ping-pong tells which, and
 *              that they changed during a trial, as in real runs.
 *  drift       the machine drifts: an autoregressive process of order 1 over the boots
 *              in their order, correlation 0.9 from one to the next, standard deviation
 *              sd, common to all points; the boot's effect comes on top.
 *  tails       boots' effects are Student's t with 3 degrees of freedom, scaled to have
 *              standard deviation sd; 2% of trials are stalled for half of their window.
 *  both        drift and tails.
 *
 * Every family is judged twice: without a difference at any point, and with one point
 * whose true ratio is exactly at the margin of equivalence, alternately 1 - margin and
 * 1 / (1 - margin), the points by turns.
 */
#ifndef PINSCALE_CALIBRATION_H
#define PINSCALE_CALIBRATION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "include/error.h"

#define CALIBRATION_MARGIN 0.02

/* The level of limits; each is one-sided. */
#define CALIBRATION_LEVEL 0.95

/*
 * Families from which promises are held against the limit that is against them. Of
 * intervals more are needed: where boots have a mode all points of a family miss the truth
 * together, and of 10 boots 5.6% do, which 10000 families cannot tell from 6%.
 */
#define CALIBRATION_MANY 10000
#define CALIBRATION_MANY_INTERVALS 100000

/* Families that are simulated at a time, with a random stream of their own. */
#define CALIBRATION_BLOCK 500

#define CALIBRATION_MOST_BOOTS 100

enum calibration_shape {
	SHAPE_PLAIN,
	SHAPE_MODE,
	SHAPE_UNBALANCED,
	SHAPE_DRIFT,
	SHAPE_TAILS,
	SHAPE_BOTH,
	SHAPES,
};

const char *calibration_shape_name(enum calibration_shape s);

/* Figures of a real run of a kernel against itself, a row a point and stratum. */
struct calibration_journal {
	char *name;
	const char *unit;   /* "rounds", "boots": static */
	bool pairs;	    /* units are boots, and make pairs; else they are differences */
	size_t rows, units; /* units of all rows together */
	double *values; /* [rows][units]; logarithms of rates or of ratios; NAN where the row lacks
			   the unit */
};

/* A cell of the grid: where families come from. */
struct calibration_cell {
	enum calibration_shape shape;
	unsigned int boots;	/* a side; of a journal: differences of a family */
	unsigned int extension; /* more of them for a second look; 0: there is but one */
	double sd;		/* between boots, as a share */
	double alpha;		/* 0: the method's own. A test spoils it. */
	const struct calibration_journal *journal; /* then shape, extension and sd are nothing */
};

/* What came of families: how many. */
struct calibration_tally {
	unsigned long families;

	/* Without a difference. */
	unsigned long different;	 /* a point was judged regression or improvement */
	unsigned long different_overall; /* the whole was */
	unsigned long equivalent;	 /* the whole was judged equivalent, rightly */
	unsigned long with_intervals;	 /* had at least one interval */
	double missed, missed_squares;	 /* of these, the share of intervals without the truth: sum,
					    and sum of squares */

	/* With one point at the margin. */
	unsigned long false_equivalent; /* the whole was judged equivalent */
	unsigned long margin_point;	/* that point was */

	/* Of both: anything was judged other than inconclusive. */
	unsigned long decided;

	/* Power; 0 of 0 where it is not measured. */
	unsigned long powered;
	unsigned long loss_everywhere; /* 5% less at all points: regression over all */
	unsigned long loss_at_one;     /* at one of the 8 */
	unsigned long equivalent_wide; /* no difference, margin 3%: equivalent over all */
};

/* A share with its limits. */
struct calibration_rate {
	double value, low, high; /* NAN: nothing was observed */
};

/* Of n, k: limits by Clopper and Pearson (Biometrika 26, 1934), one-sided each. */
struct calibration_rate calibration_share(unsigned long k, unsigned long n, double level);

/* The mean of families' shares; a family is the unit, whatever its rows have in common. */
struct calibration_rate calibration_not_covered(const struct calibration_tally *t);

/*
 * Judges that many families of the cell, block says which. Results depend on the cell,
 * the seed and the block alone. Is power measured here? In the cell that has the promise.
 * 0, or -1 with the error set.
 */
int calibration_simulate(const struct calibration_cell *c, uint64_t seed, unsigned int block,
			 unsigned int families, struct calibration_tally *t, struct error *e);
bool calibration_has_power(const struct calibration_cell *c);

/* The same of families of a journal. */
int calibration_relabel(const struct calibration_cell *c, uint64_t seed, unsigned int block,
			unsigned int families, struct calibration_tally *t, struct error *e);

/* A seed for a random stream. Equal for equal cells, and for no others. */
unsigned long calibration_seed(const struct calibration_cell *c, uint64_t seed, unsigned int block);

/*
 * Figures of a run: of kernels in turn where both are one and the same, or of points
 * and their copies. 0 or -1; to be freed with calibration_journal_free().
 */
int calibration_journal_read(struct calibration_journal *j, const char *directory, struct error *e);
void calibration_journal_free(struct calibration_journal *j);

struct calibration_plan {
	const struct calibration_cell *cells;
	size_t count;
	unsigned long families; /* a cell */
	uint64_t seed;
	unsigned int jobs; /* processes */
	/* Called before a block of a cell is waited for; NULL for silence. */
	void (*progress)(void *user, size_t done, size_t all, const struct calibration_cell *c);
	void *user;
};

/* All cells; results do not depend on jobs. A tally a cell. 0 or -1. */
int calibration_run(const struct calibration_plan *p, struct calibration_tally *tallies,
		    struct error *e);

/*
 * Is anything promised of the cell? Of a journal with few units nothing is: their sizes
 * alone decide how often families of them err.
 */
bool calibration_is_promised(const struct calibration_cell *c);

/* "plain, 4+2 boots, sd 1%"; into text, which is returned. */
const char *calibration_cell_name(const struct calibration_cell *c, char *text, size_t size);

/* Prints the table, a row a cell. */
void calibration_table(const struct calibration_plan *p, const struct calibration_tally *tallies,
		       bool markdown, FILE *out);

/* Promises that are broken, and those that so few families can tell nothing of. */
struct calibration_verdict {
	unsigned int broken, open;
};

/* Prints what was promised, each with the worst cell. */
struct calibration_verdict calibration_promises(const struct calibration_plan *p,
						const struct calibration_tally *tallies,
						bool markdown, FILE *out);

#endif
