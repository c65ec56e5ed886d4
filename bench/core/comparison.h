/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two sides compared point by point: two kernels, or on one kernel two values of
 * an axis (shared and private pages, fio and ours, a point and the same again).
 * docs/METHOD.md has the method.
 */
#ifndef PINSCALE_COMPARISON_H
#define PINSCALE_COMPARISON_H

#include <stdint.h>

#include "analysis/verdict.h"
#include "count_diff.h"
#include "panel.h"
#include "run.h"

enum { BASE, NEW, SIDES };

/* A side: the trials of a variant of a run; where axis is not "", those of a value of it. */
struct side {
	const struct run *run;
	unsigned int variant;
	char axis[32], value[96];
	char name[128]; /* "stock", "private" */
};

/* What a difference is taken of. */
enum pairing {
	PAIR_ROUNDS,	  /* trials of one repetition of one boot, in which the sides took turns */
	PAIR_BOOT_ROUNDS, /* of such, the mean of a boot: where there are boots enough */
	PAIR_BOOTS,	  /* boots of one turn of the plan, each side once */
	PAIR_NONE,	  /* boots of two runs: nothing pairs them, and nothing balances a drift */
};

struct comparison_sample {
	double *values;
	uint64_t *units;
	size_t n;
};

/* A row: a point in a stratum. Its verdict stands in the comparison's family, same index. */
struct comparison_row {
	const struct panel *panel; /* of the base's run */
	const struct line *line;
	unsigned int workers;
	unsigned int points[SIDES]; /* indices into the points of each side's run */
	enum stratum stratum;
	/*
	 * log(new / base), a unit each, and which unit: a turn, a boot, or a boot and
	 * repetition (boot << 32 | repetition), ascending.
	 */
	struct comparison_sample differences;
	/* Of pairs of boots, and of boots without pairs: each boot's mean logarithm of rates. */
	struct comparison_sample means[SIDES];
	unsigned int trials[SIDES];   /* whose rates are in it */
	struct estimate rates[SIDES]; /* operations/s, 95% */
	struct estimate ratio;	      /* new / base, 95% */
	struct estimate equivalence;  /* the interval that decides equivalence: 1 - 2 alpha */
	struct estimate within;	      /* new / base within these boots only, 95%; value NAN when
					 the boots are many enough to go by */
	const char *reason;	      /* why it is not judged, or inconclusive for want of units;
					 NULL otherwise; static */
};

/* A point that both sides have. */
struct comparison_pair {
	const struct panel *panel;
	const struct line *line;
	unsigned int points[SIDES];
};

/* What was left out of a side. */
struct comparison_dropped {
	unsigned int trials;  /* of the side's points, all */
	unsigned int failed;  /* or with a problem */
	unsigned int foreign; /* others used the CPUs */
	unsigned int moved;   /* CPUs moved between near and far meanwhile */
	unsigned int far;     /* not left out: in the far stratum */
	unsigned int boots;   /* cut off, or done twice */
};

struct comparison_options {
	double margin; /* NAN: as in the base's run.json */
	bool rates;    /* judge rates of emulated boots all the same: for simulation only */
};

struct comparison {
	struct side sides[SIDES];
	struct panels panels; /* of the base's run */
	struct comparison_pair *pairs;
	size_t pair_count;
	struct comparison_row *rows;
	struct judged *family;
	size_t count;
	enum pairing pairing;
	double margin;
	double alpha; /* of this look */
	size_t least; /* units below which nothing is decided; SIZE_MAX: the plan is not done */
	unsigned int boots[SIDES];
	unsigned int look, looks; /* 1 of 1, without a planned extension */
	bool rates;		  /* of the options */
	bool emulated;		  /* one of the sides is: its rates get no verdict */
	struct comparison_dropped dropped[SIDES];
	struct estimate overall; /* geometric mean of the ratios of all rows, 95%: describes,
				    decides nothing */
	struct estimate overall_of[STRATA]; /* the same of a stratum's rows; n = 0: it has none */
	bool counted; /* the kernels of both sides were counted: then counts is set */
	struct count_diff counts;
	struct run count_runs[SIDES]; /* that the counts are of; the base's alone when both are
					 there */
	struct count_side count_sides[SIDES];
	size_t lock_more; /* emulated and not counted: points where new takes the compound lock
			     more often in every trial; with lock_most the first such pair with
			     most acquisitions an operation, lock_times */
	size_t lock_most;
	double lock_times;
	enum verdict verdict;	  /* over all: of counts when emulated, else of the family */
	json_t *unmatched[SIDES]; /* names of points that only that side has */
	json_t *warnings;	  /* sentences */
	json_t *exploratory;	  /* sentences: what was not fixed before the first boot */
};

/* 0, or -1 with the error set; then there is nothing to free. The runs must outlive it. */
int comparison_make(struct comparison *c, const struct side sides[SIDES],
		    const struct comparison_options *options, struct error *e);
void comparison_free(struct comparison *c);

/*
 * Rows and verdicts anew from the trials of the sides' runs, whose points must be
 * those that comparison_make() saw: for simulation, which changes their rates. 0 or -1.
 */
int comparison_judge(struct comparison *c, struct error *e);

/*
 * The sides that a run has of itself: its first two variants; with one, private and
 * shared pages; or what "axis=base,new" says. 0 or -1.
 */
int sides_of_run(struct side sides[SIDES], const struct run *r, const char *between,
		 struct error *e);

/* A side "run:variant" of the run that was read; variant NULL: that at the index. 0 or -1. */
int side_of_variant(struct side *s, const struct run *r, const char *variant, unsigned int index,
		    struct error *e);

/* Rows of one point are in a row: the first that is of another point, from that at i on. */
size_t comparison_next_point(const struct comparison *c, size_t i);

/* Of all rows of a point: the worst. */
enum verdict comparison_point_verdict(const struct comparison *c, size_t first);

/* The half width of the widest interval of all rows, as a share; NAN for none. */
double widest_interval(const struct comparison *c);

/* "rounds", "boots a side": what differences are taken of, for people. */
const char *pairing_unit(enum pairing p);

/* "pread 4k, zram · 2m tail · 2 workers": to be freed, NULL without memory. */
char *comparison_row_name(const struct comparison *c, size_t row);

/* The answer in one sentence, verdict first; to be freed, NULL without memory. */
char *comparison_sentence(const struct comparison *c);

#endif
