/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run that exists, read for tables and graphs, and the figures of its points. */
#ifndef PINSCALE_RUN_H
#define PINSCALE_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "analysis/rules.h"
#include "analysis/statistics.h"
#include "include/error.h"

/* The level of all intervals. */
#define RUN_LEVEL 0.95

/* What a run has at most. More is refused: tables grow with their product. */
#define RUN_MOST_POINTS 10000
#define RUN_MOST_VARIANTS 100

struct run_boot {
	unsigned int number;
	unsigned int variant; /* index into run->variants */
	int slot;	      /* place in the plan, -1 without a plan */
	const json_t *record; /* boots/n.json */
	const json_t *end;    /* its boot-end, or NULL: it was cut off */
	bool counts;	      /* its trials are part of the figures */
};

/* Of latencies: p50, p95, p99 and p99.9. */
#define RUN_QUANTILES 4

struct run_trial {
	unsigned int point, boot; /* indices */
	unsigned int repetition;
	enum stratum stratum;
	bool failed;	    /* it has no figures */
	bool excluded;	    /* its rate counts for nothing, by the rules */
	bool foreign;	    /* excluded because others had too much of the CPUs */
	double rate;	    /* operations/s over the whole window */
	double median;	    /* of its slices, operations/s */
	double pingpong;    /* ns, mean of before and after; 0 with one worker */
	double fairness;    /* the slowest worker's operations, a share of the mean worker's */
	int64_t operations; /* all of them, from the gate to the last: what probes count */
	float latency[RUN_QUANTILES]; /* ns; 0 where they were not taken */
	json_t *probes;
	unsigned int order; /* its place among the journal's trials */
};

struct run_point {
	json_t *axes;			  /* as in the journal; text in it is fit to be printed */
	unsigned int first_trial, trials; /* its trials are in a row */
};

struct run {
	char *directory;
	json_t *json; /* run.json */
	json_t *boots_json;
	json_t *records; /* those that are of no trial, and the problems of trials */
	const char **variants;
	unsigned int variant_count;
	struct run_boot *boots;
	unsigned int boot_count;
	struct run_point *points;
	unsigned int point_count;
	struct run_trial *trials;
	unsigned int trial_count;
	unsigned int *in_turn; /* boots that count and have a place in the plan, in its order */
	unsigned int in_turn_count;
	json_t *probes; /* by variant: an object with the names of all probes of its trials */
	struct rules rules;
	bool emulated;	     /* any boot was: its times are no facts */
	unsigned int torn;   /* lines of the journal that could not be read */
	unsigned int unread; /* trials without boot, point or repetition: they are left out */
	unsigned int failed, foreign, moved, stalled; /* trials, by what was wrong */
};

/*
 * 0, or -1 with the error set; then there is nothing to free. All text of the run is
 * fit to be printed (printable.h), but for the sweep's.
 */
int run_read(struct run *r, const char *directory, struct error *e);

/*
 * The same of what is at hand: run.json and the boots, of which the references are taken over, and
 * the journal's lines. directory is what the run is called.
 */
int run_read_from(struct run *r, const char *directory, json_t *json, json_t *boots, FILE *journal,
		  struct error *e);
void run_free(struct run *r);

/* The value of an axis of a point as text ("" if it has none); sizes as 4k and 1m. */
const char *run_axis(const struct run_point *p, const char *axis, char *text, size_t size);
unsigned int run_workers(const struct run_point *p);

/* Is the run one of kernels in turn? */
bool run_compares_kernels(const struct run *r);

/* The turn of the plan that a boot was in, from 0; -1 without a plan. Every turn has each of the
 * plan's variants once. */
int run_turn(const struct run *r, unsigned int boot);

/* The first boot of the variant that counts, or NULL. */
const struct run_boot *run_first_boot(const struct run *r, unsigned int variant);

/* What the boots' figures are worth: native, virtualised or emulated. */
const char *run_execution(const struct run *r);

/* Trials whose rate counts. */
unsigned int run_usable(const struct run *r);

/* Does any trial of that variant and point fall into the stratum? */
bool run_has(const struct run *r, unsigned int variant, unsigned int point, enum stratum stratum);

/*
 * Operations a second of a variant at a point. Of several boots: the geometric
 * mean and interval over one mean each. Of one boot: over its trials. Times of
 * the stratum only, STRATA for all.
 */
struct estimate run_rate(const struct run *r, unsigned int variant, unsigned int point,
			 enum stratum stratum);

/* The slowest worker's operations as a share of the mean worker's: over trials. */
struct estimate run_fairness(const struct run *r, unsigned int variant, unsigned int point,
			     enum stratum stratum);

/* Rate at point / rate at base of the same boot and repetition: over these pairs. */
struct estimate run_point_ratio(const struct run *r, unsigned int variant, unsigned int point,
				unsigned int base, enum stratum stratum);

/* Rate of variant / rate of base variant at a point: over pairs of boots in a row in the plan. */
struct estimate run_variant_ratio(const struct run *r, unsigned int variant, unsigned int base,
				  unsigned int point);

/*
 * A probe's value an operation: the least and the most that a trial had, all
 * trials that did not fail counted. false: the probe was not there.
 */
bool run_per_operation(const struct run *r, unsigned int variant, unsigned int point,
		       const char *probe, const char *value, double *low, double *high);

/* Two of a probe's values divided, a boot; median and quartiles over boots. n = 0: not known. */
struct estimate run_share(const struct run *r, unsigned int variant, unsigned int point,
			  const char *probe, const char *part, const char *whole);

/* Median ping-pong of the stratum, ns; NAN when there is none. */
double run_pingpong(const struct run *r, enum stratum stratum);

#endif
