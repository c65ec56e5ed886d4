// SPDX-License-Identifier: GPL-3.0-or-later
/* Rows and their verdicts, from the trials of two sides. */
#include "comparison_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * A stratum with less than this share of a point's trials gets no verdict of its
 * own: a few trials in passing would keep the whole comparison undecided.
 */
#define RARE_STRATUM 0.2

static int sample_room(struct comparison_sample *s, size_t most)
{
	s->values = calloc(most + 1, sizeof(*s->values));
	s->units = calloc(most + 1, sizeof(*s->units));
	return s->values && s->units ? 0 : -1;
}

static void sample_add(struct comparison_sample *s, uint64_t unit, double value)
{
	s->units[s->n] = unit;
	s->values[s->n++] = value;
}

static void sample_free(struct comparison_sample *s)
{
	free(s->values);
	free(s->units);
}

static uint64_t round_of(const struct run_trial *t)
{
	return (uint64_t)t->boot << 32 | t->repetition;
}

static bool in_row(const struct side *s, const struct run_trial *t, enum stratum stratum)
{
	return t->stratum == stratum && side_counts(s, t);
}

/* Each boot's mean logarithm of the side's rates; trials are sorted by boot. 0 or -1. */
static int boot_means(struct comparison_row *row, const struct side *s, int which)
{
	struct comparison_sample *means = &row->means[which];
	unsigned int n = 0;

	if (sample_room(means, s->run->boot_count))
		return -1;
	for_each_side_trial(s, row->points[which], t)
	{
		if (!in_row(s, t, row->stratum))
			continue;
		if (!means->n || means->units[means->n - 1] != t->boot) {
			if (means->n)
				means->values[means->n - 1] /= n;
			n = 0;
			sample_add(means, t->boot, 0);
		}
		means->values[means->n - 1] += log(t->rate);
		n++;
	}
	if (means->n)
		means->values[means->n - 1] /= n;
	return 0;
}

/* Every turn of the plan has each side once: the differences within them. 0 or -1. */
static int pair_boots(struct comparison_row *row, const struct side *sides)
{
	const struct comparison_sample *base = &row->means[BASE], *new = &row->means[NEW];
	const struct run *r = sides[BASE].run;

	if (sample_room(&row->differences, base->n))
		return -1;
	for (size_t i = 0; i < base->n; i++) {
		int turn = run_turn(r, base->units[i]);

		for (size_t k = 0; k < new->n &&turn >= 0; k++)
			if (run_turn(r, new->units[k]) == turn) {
				sample_add(&row->differences, turn,
					   new->values[k] - base->values[i]);
				break;
			}
	}
	return 0;
}

/* Both sides' trials are sorted by boot and repetition: walked beside each other. 0 or -1. */
static int pair_rounds(struct comparison_row *row, const struct side *sides)
{
	const struct run *r = sides[BASE].run;
	const struct run_point *base = &r->points[row->points[BASE]];
	const struct run_trial *b = r->trials + base->first_trial, *end = b + base->trials;

	if (sample_room(&row->differences, base->trials))
		return -1;
	for_each_side_trial(&sides[NEW], row->points[NEW], t)
	{
		while (b < end && round_of(b) < round_of(t))
			b++;
		if (b < end && round_of(b) == round_of(t) &&
		    in_row(&sides[BASE], b, row->stratum) && in_row(&sides[NEW], t, row->stratum))
			sample_add(&row->differences, round_of(t), log(t->rate / b->rate));
	}
	return 0;
}

/* Rounds of a boot become its mean. */
static void rounds_to_boots(struct comparison_sample *s)
{
	size_t boots = 0;

	for (size_t i = 0, k; i < s->n; i = k) {
		double sum = 0;

		for (k = i; k < s->n && s->units[k] >> 32 == s->units[i] >> 32; k++)
			sum += s->values[k];
		s->units[boots] = s->units[i] >> 32;
		s->values[boots++] = sum / (k - i);
	}
	s->n = boots;
}

static int fill_row(struct comparison *c, struct comparison_row *row, struct judged *j)
{
	bool rounds = c->pairing == PAIR_ROUNDS || c->pairing == PAIR_BOOT_ROUNDS;

	for (int s = 0; s < SIDES && !rounds; s++)
		if (boot_means(row, &c->sides[s], s))
			return -1;
	if (rounds && pair_rounds(row, c->sides))
		return -1;
	if (c->pairing == PAIR_BOOTS && pair_boots(row, c->sides))
		return -1;
	if (c->pairing == PAIR_BOOT_ROUNDS)
		rounds_to_boots(&row->differences);
	if (c->pairing == PAIR_NONE)
		j->contrast = contrast_samples(row->means[BASE].values, row->means[BASE].n,
					       row->means[NEW].values, row->means[NEW].n);
	else
		j->contrast = contrast_paired(row->differences.values, row->differences.n);
	return 0;
}

/* May it get a verdict? Says why not. */
static void admit(const struct comparison *c, struct comparison_row *row, struct judged *j,
		  unsigned int of_point)
{
	j->verdict = VERDICT_NONE;
	if (c->emulated && !c->rates) {
		row->reason = "emulated: times are no facts";
	} else if (!j->contrast.n) {
		row->reason = row->trials[BASE] && row->trials[NEW]
				      ? "the sides never had such CPUs in the same turn"
				      : "one side has no trial with such CPUs";
	} else if (row->trials[BASE] + row->trials[NEW] < RARE_STRATUM * of_point) {
		row->reason = "too few of the point's trials had such CPUs";
	} else {
		j->verdict = VERDICT_INCONCLUSIVE;
		if (c->least == SIZE_MAX)
			row->reason = "the plan is not done";
		else if (j->contrast.n < c->least)
			row->reason = c->pairing == PAIR_ROUNDS
					      ? "too few rounds"
					      : "fewer than 4 boots a side decide nothing";
	}
}

static void free_rows(struct comparison *c)
{
	for (size_t i = 0; i < c->count; i++) {
		sample_free(&c->rows[i].differences);
		sample_free(&c->rows[i].means[BASE]);
		sample_free(&c->rows[i].means[NEW]);
	}
	free(c->rows);
	free(c->family);
	c->rows = NULL;
	c->family = NULL;
	c->count = 0;
}

void comparison_free(struct comparison *c)
{
	free_rows(c);
	free(c->pairs);
	panels_free(&c->panels);
	if (c->counted)
		count_diff_free(&c->counts);
	for (int s = 0; s < SIDES; s++)
		if (c->count_runs[s].directory)
			run_free(&c->count_runs[s]);
	json_decref(c->unmatched[BASE]);
	json_decref(c->unmatched[NEW]);
	json_decref(c->warnings);
	json_decref(c->exploratory);
	*c = (struct comparison){0};
}

/* How many trials of each side count at a point, by stratum. */
static void count_strata(const struct comparison *c, const struct comparison_pair *p,
			 unsigned int trials[STRATA][SIDES])
{
	memset(trials, 0, STRATA * sizeof(*trials));
	for (int s = 0; s < SIDES; s++)
		for_each_side_trial(&c->sides[s], p->points[s], t) trials[t->stratum][s] +=
			side_counts(&c->sides[s], t);
}

/* A row of a point, with no verdict yet. 0 or -1. */
static int add_row(struct comparison *c, const struct comparison_pair *p, enum stratum stratum,
		   const unsigned int trials[SIDES], unsigned int of_point)
{
	struct comparison_row *row = &c->rows[c->count];
	struct judged *j = &c->family[c->count++];

	*row = (struct comparison_row){
		.panel = p->panel,
		.line = p->line,
		.workers = run_workers(&c->sides[BASE].run->points[p->points[BASE]]),
		.points = {p->points[BASE], p->points[NEW]},
		.stratum = stratum,
		.trials = {trials[BASE], trials[NEW]},
	};
	if (fill_row(c, row, j))
		return -1;
	admit(c, row, j, of_point);
	return 0;
}

/*
 * The rows of a point: one a stratum that has trials. A point of which nothing can be said
 * keeps the whole from being equivalent. 0 or -1.
 */
static int add_point(struct comparison *c, const struct comparison_pair *p)
{
	unsigned int trials[STRATA][SIDES], all = 0;
	size_t first = c->count;
	bool judged = c->emulated && !c->rates;
	int rc = 0;

	count_strata(c, p, trials);
	for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED; s++)
		all += trials[s][BASE] + trials[s][NEW];
	for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED && !rc; s++)
		if (trials[s][BASE] || trials[s][NEW])
			rc = add_row(c, p, s, trials[s], all);
	if (c->count == first && !rc) {
		rc = add_row(c, p, STRATUM_NONE, trials[STRATUM_NONE], 1);
		c->rows[first].reason = "every trial was left out";
	}
	for (size_t i = first; i < c->count; i++)
		judged |= c->family[i].verdict != VERDICT_NONE;
	/* Then those strata that are not rare lack a side: one of them stands for the point. */
	for (size_t i = first; i < c->count && !judged; i++) {
		judged = !c->family[i].contrast.n;
		if (judged)
			c->family[i].verdict = VERDICT_INCONCLUSIVE;
	}
	return rc;
}

/* What a unit adds to the error of the mean over rows. */
struct residual {
	uint64_t unit;
	double value;
};

static int by_unit(const void *a, const void *b)
{
	const struct residual *x = a, *y = b;

	return (x->unit > y->unit) - (x->unit < y->unit);
}

static size_t add_residuals(struct residual *list, const struct comparison_sample *s, uint64_t side)
{
	double mean = 0;

	for (size_t u = 0; u < s->n; u++)
		mean += s->values[u] / s->n;
	for (size_t u = 0; u < s->n; u++)
		list[u] = (struct residual){s->units[u] | side << 63,
					    (s->values[u] - mean) / (side ? -(double)s->n : s->n)};
	return s->n;
}

static bool describes(const struct comparison *c, size_t i, enum stratum stratum)
{
	return (stratum == STRATA || c->rows[i].stratum == stratum) &&
	       !isnan(c->family[i].contrast.mean);
}

/* Those of all rows of a stratum (STRATA: of all), sorted by unit; to be freed. */
static struct residual *residuals(const struct comparison *c, enum stratum stratum, size_t *count)
{
	struct residual *list;
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->rows[i].differences.n + c->rows[i].means[BASE].n + c->rows[i].means[NEW].n;
	list = calloc(n + 1, sizeof(*list));
	n = 0;
	for (size_t i = 0; i < c->count && list; i++) {
		const struct comparison_row *row = &c->rows[i];

		if (!describes(c, i, stratum))
			continue;
		if (c->pairing != PAIR_NONE) {
			n += add_residuals(list + n, &row->differences, 0);
			continue;
		}
		n += add_residuals(list + n, &row->means[NEW], 0);
		n += add_residuals(list + n, &row->means[BASE], 1);
	}
	if (list)
		qsort(list, n, sizeof(*list), by_unit);
	*count = n;
	return list;
}

/*
 * The geometric mean over rows. Rows of one unit have its trouble in common, so the
 * spread is that of units: the sandwich estimate with units as clusters (Liang and
 * Zeger, Biometrika 73, 1986), corrected for few of them.
 */
static struct estimate overall(const struct comparison *c, enum stratum stratum)
{
	size_t n, rows = 0, units = 0;
	struct residual *list = residuals(c, stratum, &n);
	unsigned int lost = c->pairing == PAIR_NONE ? 2 : 1; /* means that were estimated */
	struct contrast all = {.mean = 0, .error = NAN, .df = NAN};
	double squares = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (!describes(c, i, stratum))
			continue;
		all.mean += c->family[i].contrast.mean;
		rows++;
	}
	all.mean = rows ? all.mean / rows : NAN;
	for (size_t i = 0, k; i < n && list; i = k) {
		double sum = 0;

		for (k = i; k < n && list[k].unit == list[i].unit; k++)
			sum += list[k].value;
		squares += sum * sum;
		units++;
	}
	all.n = units;
	if (units > lost) {
		all.df = units - lost;
		all.error = sqrt(squares * units / all.df) / rows;
	}
	free(list);
	return contrast_ratio(&all, RUN_LEVEL);
}

int comparison_judge(struct comparison *c, struct error *e)
{
	struct verdict_rules rules = {.margin = c->margin, .alpha = c->alpha, .least = c->least};
	int rc = 0;

	free_rows(c);
	c->rows = calloc(c->pair_count * STRATA + 1, sizeof(*c->rows));
	c->family = calloc(c->pair_count * STRATA + 1, sizeof(*c->family));
	if (!c->rows || !c->family)
		return fail(e, "No memory for the comparison of %zu points.", c->pair_count);
	for (size_t i = 0; i < c->pair_count && !rc; i++)
		rc = add_point(c, &c->pairs[i]);
	if (rc || verdict_family(c->family, c->count, &rules))
		return fail(e, "No memory for the comparison of %zu points.", c->pair_count);
	for (size_t i = 0; i < c->count; i++) {
		c->rows[i].ratio = contrast_ratio(&c->family[i].contrast, RUN_LEVEL);
		c->rows[i].equivalence = contrast_ratio(&c->family[i].contrast, 1 - 2 * c->alpha);
	}
	if (!c->emulated || c->rates)
		c->verdict = verdict_overall(c->family, c->count);
	if (c->verdict == VERDICT_NONE)
		c->verdict = VERDICT_INCONCLUSIVE;
	return 0;
}

/* Of one side in a row: over boots where there are several, else over trials. */
static struct estimate side_rate(const struct comparison *c, const struct comparison_row *row,
				 int which)
{
	const struct side *s = &c->sides[which];

	return run_rate(s->run, s->variant, row->points[which], row->stratum);
}

/* All trials of both sides as if they were of one boot: what is beside too few boots. */
static struct estimate within_boots(const struct comparison *c, const struct comparison_row *row)
{
	struct estimate none = {.value = NAN, .low = NAN, .high = NAN};
	struct comparison_sample logs[SIDES] = {0};
	struct contrast contrast;

	for (int s = 0; s < SIDES; s++) {
		if (sample_room(&logs[s], row->trials[s]))
			break;
		for_each_side_trial(&c->sides[s], row->points[s],
				    t) if (in_row(&c->sides[s], t, row->stratum))
			sample_add(&logs[s], 0, log(t->rate));
	}
	if (logs[NEW].units) {
		contrast = contrast_samples(logs[BASE].values, logs[BASE].n, logs[NEW].values,
					    logs[NEW].n);
		none = contrast_ratio(&contrast, RUN_LEVEL);
	}
	sample_free(&logs[BASE]);
	sample_free(&logs[NEW]);
	return none;
}

void comparison_describe(struct comparison *c)
{
	struct verdict_rules rules = {.margin = c->margin, .alpha = c->alpha, .least = c->least};

	for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED; s++)
		c->overall_of[s] = overall(c, s);
	/* Near and far are never pooled. */
	c->overall = (struct estimate){.value = NAN, .low = NAN, .high = NAN};
	if (!c->overall_of[STRATUM_NEAR].n || !c->overall_of[STRATUM_FAR].n)
		c->overall = overall(c, STRATA);
	if (c->least != SIZE_MAX)
		verdict_further(c->family, c->count, &rules);
	for (size_t i = 0; i < c->count; i++) {
		struct comparison_row *row = &c->rows[i];

		row->rates[BASE] = side_rate(c, row, BASE);
		row->rates[NEW] = side_rate(c, row, NEW);
		row->within = (struct estimate){.value = NAN, .low = NAN, .high = NAN};
		if ((c->pairing == PAIR_BOOTS || c->pairing == PAIR_NONE) &&
		    c->family[i].contrast.n < VERDICT_LEAST_BOOTS)
			row->within = within_boots(c, row);
	}
}
