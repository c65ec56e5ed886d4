// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Families made of a real run of a kernel against itself: what belongs to which side is
 * drawn anew, and no difference is true.
 *  - Rounds of a boot, in which a point and its copy took turns: a family is some of the
 *    rounds, and in each the two change places by chance, at all points together.
 *  - Boots: a family is some of them, in pairs by chance. (To let only the boots of a
 *    turn change places would leave 32 families of 6 turns, and how often those err is
 *    decided by the sizes of 6 differences more than by the method.)
 * The noise, and what points have in common, is the machine's own; what one round or boot
 * has in common with the next is lost.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "calibration.h"
#include "comparison.h"

/* --- reading -------------------------------------------------------------------- */

static int by_unit(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What a row gives: its differences, or all boots of both sides. */
static size_t samples_of(const struct comparison_row *row, bool pairs,
			 const struct comparison_sample *samples[SIDES])
{
	if (!pairs) {
		samples[0] = &row->differences;
		return 1;
	}
	samples[BASE] = &row->means[BASE];
	samples[NEW] = &row->means[NEW];
	return SIDES;
}

static bool is_judged(const struct comparison *c, size_t row)
{
	return c->family[row].verdict != VERDICT_NONE;
}

static size_t add_units(uint64_t *to, const struct comparison_row *row, bool pairs)
{
	const struct comparison_sample *samples[SIDES];
	size_t n = 0, count = samples_of(row, pairs, samples);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < samples[i]->n; k++, n++)
			if (to)
				to[n] = samples[i]->units[k];
	return n;
}

/* The units of all rows that are judged, each once, ascending; to be freed. */
static uint64_t *all_units(const struct comparison *c, bool pairs, size_t *count)
{
	uint64_t *units;
	size_t n = 0;

	*count = 0;
	for (size_t i = 0; i < c->count; i++)
		n += add_units(NULL, &c->rows[i], pairs);
	units = calloc(n + 1, sizeof(*units));
	if (!units)
		return NULL;
	n = 0;
	for (size_t i = 0; i < c->count; i++)
		if (is_judged(c, i))
			n += add_units(units + n, &c->rows[i], pairs);
	qsort(units, n, sizeof(*units), by_unit);
	for (size_t i = 0; i < n; i++)
		if (!i || units[i] != units[*count - 1])
			units[(*count)++] = units[i];
	return units;
}

static void put_row(const struct calibration_journal *j, double *to,
		    const struct comparison_row *row, const uint64_t *units)
{
	const struct comparison_sample *samples[SIDES];
	size_t count = samples_of(row, j->pairs, samples);

	for (size_t u = 0; u < j->units; u++)
		to[u] = NAN;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < samples[i]->n; k++) {
			const uint64_t *at = bsearch(&samples[i]->units[k], units, j->units,
						     sizeof(*units), by_unit);

			to[at - units] = samples[i]->values[k];
		}
}

static int take_values(struct calibration_journal *j, const struct comparison *c, struct error *e)
{
	uint64_t *units = all_units(c, j->pairs, &j->units);
	size_t least = j->pairs ? 2 * VERDICT_LEAST_BOOTS : VERDICT_LEAST_BOOTS;

	j->values = calloc(c->count * j->units + 1, sizeof(*j->values));
	for (size_t i = 0; i < c->count && units && j->values; i++)
		if (is_judged(c, i))
			put_row(j, j->values + j->rows++ * j->units, &c->rows[i], units);
	free(units);
	if (!units || !j->values)
		return fail(e, "No memory for the figures of %s.", j->name);
	if (j->units < least)
		return fail(e, "%s has %zu %s that count; %zu are the least that can be judged.",
			    j->name, j->units, j->unit, least);
	return 0;
}

static const char *build_of(const struct run *r, unsigned int variant)
{
	for (unsigned int b = 0; b < r->boot_count; b++)
		if (r->boots[b].variant == variant && r->boots[b].counts)
			return json_string_value(json_object_get(
				json_object_get(r->boots[b].record, "kernel"), "build_id"));
	return NULL;
}

/* One kernel under two names, or points and their copies. */
static int find_sides(struct side sides[SIDES], const struct run *r, struct error *e)
{
	const char *a, *b;

	if (r->variant_count < 2)
		return sides_of_run(sides, r, "copy=1,2", e);
	a = build_of(r, 0);
	b = build_of(r, 1);
	if (a && b && strcmp(a, b))
		return fail(
			e,
			"%s compares two kernels (%s and %s are of different builds); how often "
			"verdicts err can be told from one kernel against itself.",
			r->directory, r->variants[0], r->variants[1]);
	return sides_of_run(sides, r, NULL, e);
}

static int read_values(struct calibration_journal *j, const struct run *r, struct error *e)
{
	const struct comparison_options options = {.margin = CALIBRATION_MARGIN, .rates = true};
	struct side sides[SIDES];
	struct comparison c;
	int rc;

	if (find_sides(sides, r, e) || comparison_make(&c, sides, &options, e))
		return -1;
	j->pairs = c.pairing == PAIR_BOOTS;
	j->unit = c.pairing == PAIR_ROUNDS ? "rounds" : "boots";
	rc = take_values(j, &c, e);
	comparison_free(&c);
	return rc;
}

int calibration_journal_read(struct calibration_journal *j, const char *directory, struct error *e)
{
	struct run r;
	int rc;

	*j = (struct calibration_journal){0};
	if (run_read(&r, directory, e))
		return -1;
	j->name = strdup(directory);
	rc = j->name ? read_values(j, &r, e) : fail(e, "No memory to read %s.", directory);
	run_free(&r);
	if (rc)
		calibration_journal_free(j);
	return rc;
}

void calibration_journal_free(struct calibration_journal *j)
{
	free(j->name);
	free(j->values);
	*j = (struct calibration_journal){0};
}

/* --- families ------------------------------------------------------------------- */

struct relabelling {
	const struct calibration_cell *cell;
	gsl_rng *random;
	size_t *numbers, *chosen; /* units: all, and those of the family; pairs follow each other */
	double *signs;		  /* of the chosen */
	double *differences;	  /* of a row */
	struct judged *family;
};

static void draw_units(struct relabelling *f)
{
	const struct calibration_journal *j = f->cell->journal;
	unsigned int n = f->cell->boots * (j->pairs ? 2 : 1);

	gsl_ran_choose(f->random, f->chosen, n, f->numbers, j->units, sizeof(*f->numbers));
	if (j->pairs)
		gsl_ran_shuffle(f->random, f->chosen, n, sizeof(*f->chosen));
	for (unsigned int u = 0; u < f->cell->boots && !j->pairs; u++)
		f->signs[u] = gsl_rng_uniform(f->random) < 0.5 ? -1 : 1;
}

/* A row's differences in the drawn family, with what more is true of them. */
static struct contrast contrast_of(struct relabelling *f, size_t row, double effect)
{
	const struct calibration_journal *j = f->cell->journal;
	const double *values = j->values + row * j->units;
	size_t n = 0;

	for (unsigned int u = 0; u < f->cell->boots; u++) {
		double d = j->pairs ? values[f->chosen[2 * u]] - values[f->chosen[2 * u + 1]]
				    : f->signs[u] * values[f->chosen[u]];

		if (!isnan(d))
			f->differences[n++] = d + effect;
	}
	return contrast_paired(f->differences, n);
}

/* All rows, one of them with a true difference. 0 or -1. */
static int judge(struct relabelling *f, size_t shifted, double effect, struct error *e)
{
	const struct calibration_journal *j = f->cell->journal;
	const struct verdict_rules rules = {
		.margin = CALIBRATION_MARGIN,
		.alpha = f->cell->alpha > 0 ? f->cell->alpha : VERDICT_ALPHA,
		.least = VERDICT_LEAST_BOOTS,
	};

	for (size_t i = 0; i < j->rows; i++)
		f->family[i] = (struct judged){
			.contrast = contrast_of(f, i, i == shifted ? effect : 0),
			.verdict = VERDICT_INCONCLUSIVE,
		};
	if (verdict_family(f->family, j->rows, &rules))
		return fail(e, "No memory to judge %zu points.", j->rows);
	return 0;
}

static bool any_different(const struct relabelling *f)
{
	for (size_t i = 0; i < f->cell->journal->rows; i++)
		if (f->family[i].verdict == VERDICT_REGRESSION ||
		    f->family[i].verdict == VERDICT_IMPROVEMENT)
			return true;
	return false;
}

static void count_intervals(const struct relabelling *f, struct calibration_tally *t)
{
	unsigned int intervals = 0, missed = 0;

	for (size_t i = 0; i < f->cell->journal->rows; i++) {
		struct estimate e = contrast_ratio(&f->family[i].contrast, RUN_LEVEL);

		if (isnan(e.low))
			continue;
		intervals++;
		missed += e.low > 1 || e.high < 1;
	}
	if (intervals) {
		double share = (double)missed / intervals;

		t->with_intervals++;
		t->missed += share;
		t->missed_squares += share * share;
	}
}

static int take_family(struct relabelling *f, unsigned int number, struct calibration_tally *t,
		       struct error *e)
{
	size_t rows = f->cell->journal->rows, shifted = number / 2 % rows;
	double limit = log(1 - CALIBRATION_MARGIN);
	enum verdict overall;

	draw_units(f);
	if (judge(f, 0, 0, e))
		return -1;
	overall = verdict_overall(f->family, rows);
	t->different += any_different(f);
	t->different_overall += overall == VERDICT_REGRESSION || overall == VERDICT_IMPROVEMENT;
	t->equivalent += overall == VERDICT_EQUIVALENT;
	t->decided += overall != VERDICT_INCONCLUSIVE;
	count_intervals(f, t);
	if (judge(f, shifted, number % 2 ? -limit : limit, e))
		return -1;
	overall = verdict_overall(f->family, rows);
	t->false_equivalent += overall == VERDICT_EQUIVALENT;
	t->margin_point += f->family[shifted].verdict == VERDICT_EQUIVALENT;
	t->decided += overall != VERDICT_INCONCLUSIVE;
	t->families++;
	return 0;
}

static void relabelling_free(struct relabelling *f)
{
	if (f->random)
		gsl_rng_free(f->random);
	free(f->numbers);
	free(f->chosen);
	free(f->signs);
	free(f->differences);
	free(f->family);
}

static int relabelling_make(struct relabelling *f, const struct calibration_cell *c,
			    unsigned long seed, struct error *e)
{
	const struct calibration_journal *j = c->journal;

	if (c->boots * (j->pairs ? 2 : 1) > j->units)
		return fail(e, "%s has %zu %s: no family has %u of them%s.", j->name, j->units,
			    j->unit, c->boots, j->pairs ? " a side" : "");
	*f = (struct relabelling){
		.cell = c,
		.random = gsl_rng_alloc(gsl_rng_mt19937),
		.numbers = calloc(j->units, sizeof(*f->numbers)),
		.chosen = calloc(j->units, sizeof(*f->chosen)),
		.signs = calloc(j->units, sizeof(*f->signs)),
		.differences = calloc(j->units, sizeof(*f->differences)),
		.family = calloc(j->rows, sizeof(*f->family)),
	};
	if (!f->random || !f->numbers || !f->chosen || !f->signs || !f->differences || !f->family) {
		relabelling_free(f);
		return fail(e, "No memory for families of %s.", j->name);
	}
	for (size_t u = 0; u < j->units; u++)
		f->numbers[u] = u;
	gsl_rng_set(f->random, seed);
	return 0;
}

int calibration_relabel(const struct calibration_cell *c, uint64_t seed, unsigned int block,
			unsigned int families, struct calibration_tally *t, struct error *e)
{
	struct relabelling f;
	int rc = 0;

	*t = (struct calibration_tally){0};
	if (relabelling_make(&f, c, calibration_seed(c, seed, block), e))
		return -1;
	for (unsigned int i = 0; i < families && !rc; i++)
		rc = take_family(&f, i, t, e);
	relabelling_free(&f);
	return rc;
}
