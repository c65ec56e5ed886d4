// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The simulation that proves the verdicts is right itself: limits are those of the books,
 * the made-up world is as it is described, a spoilt rule is found out, and what is found
 * depends on the seed and on nothing else.
 */
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>

#include "core/calibration.h"
#include "core/calibration_parts.h"

/* --- limits --------------------------------------------------------------------- */

static void limits_are_known_ones(void **state)
{
	struct calibration_rate r;

	(void)state;
	/* Where nothing, or everything, was seen they can be written down: 0.05^(1/n). */
	r = calibration_share(0, 10, 0.95);
	assert_float_equal(r.low, 0, 0);
	assert_float_equal(r.high, 1 - pow(0.05, 0.1), 1e-9);
	r = calibration_share(10, 10, 0.95);
	assert_float_equal(r.low, pow(0.05, 0.1), 1e-9);
	assert_float_equal(r.high, 1, 0);
	/* Found by summing up the binomial distribution in other arithmetic. */
	r = calibration_share(5, 100, 0.95);
	assert_float_equal(r.value, 0.05, 1e-12);
	assert_float_equal(r.high, 0.1022534, 1e-7);
	assert_float_equal(r.low, 0.0199056, 1e-7);
	r = calibration_share(0, 0, 0.95);
	assert_true(isnan(r.value) && isnan(r.low) && isnan(r.high));
}

/* The limit is the chance at which what was seen would be seen in 5%; for all numbers. */
static void limits_are_exact_everywhere(void **state)
{
	static const unsigned int sizes[] = {1, 3, 200, 2000, 10000, 100000};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (unsigned int k = 0; k < sizes[i]; k += 1 + k / 20) {
			struct calibration_rate r = calibration_share(k, sizes[i], 0.95);

			assert_float_equal(gsl_cdf_binomial_P(k, r.high, sizes[i]), 0.05, 1e-6);
			if (k)
				assert_float_equal(gsl_cdf_binomial_Q(k - 1, r.low, sizes[i]), 0.05,
						   1e-6);
			assert_true(r.low <= r.value && r.value <= r.high);
		}
}

static void families_are_the_units_of_coverage(void **state)
{
	/* Of 100 families 10 miss with all their intervals: as sure as 10 of 100, no surer. */
	const struct calibration_tally all = {
		.with_intervals = 100, .missed = 10, .missed_squares = 10};
	/* Each with a tenth of them: there is no spread. */
	const struct calibration_tally even = {
		.with_intervals = 100, .missed = 10, .missed_squares = 1};
	const struct calibration_tally none = {0};
	struct calibration_rate r = calibration_not_covered(&all);

	(void)state;
	assert_float_equal(r.value, 0.1, 1e-12);
	assert_float_equal(r.high, 0.1 + 1.644854 * sqrt(0.09 / 99), 1e-6);
	r = calibration_not_covered(&even);
	assert_float_equal(r.high, 0.1, 1e-6);
	assert_true(isnan(calibration_not_covered(&none).value));
}

/* --- the world ------------------------------------------------------------------- */

#define BOOTS 12000 /* of each variant */

struct world {
	struct slot *order;
	struct drawn_boot *boots;
	double *means[2]; /* of a boot's trials of points 0 and 1, over its repetitions */
};

static void world_make(struct world *w, struct calibration_cell cell)
{
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);

	w->order = schedule(2, BOOTS);
	w->boots = calloc(2 * BOOTS, sizeof(*w->boots));
	calibration_draw(&cell, w->order, 2 * BOOTS, random, w->boots);
	for (int p = 0; p < 2; p++) {
		w->means[p] = calloc(2 * BOOTS, sizeof(double));
		for (int b = 0; b < 2 * BOOTS; b++)
			for (int r = 0; r < CALIBRATION_REPETITIONS; r++)
				w->means[p][b] += w->boots[b].trials[r][p].logarithm /
						  CALIBRATION_REPETITIONS;
	}
	gsl_rng_free(random);
}

static void world_free(struct world *w)
{
	free(w->order);
	free(w->boots);
	free(w->means[0]);
	free(w->means[1]);
}

/* Of the means of boots at a point, the noise of their trials taken away. */
static double boot_variance(const struct world *w)
{
	return gsl_stats_variance(w->means[0], 1, 2 * BOOTS) - 0.0001 / CALIBRATION_REPETITIONS;
}

static double boot_covariance(const struct world *w)
{
	return gsl_stats_covariance(w->means[0], 1, w->means[1], 1, 2 * BOOTS);
}

static void boots_differ_as_described(void **state)
{
	struct world w;
	double own[CALIBRATION_REPETITIONS], variance = 0;

	(void)state;
	world_make(&w, (struct calibration_cell){.shape = SHAPE_PLAIN, .sd = 0.03});
	assert_float_equal(boot_variance(&w), 0.0009, 0.00003);
	assert_float_equal(boot_covariance(&w), 0.00045, 0.00003);
	for (int b = 0; b < 2 * BOOTS; b++) {
		for (int r = 0; r < CALIBRATION_REPETITIONS; r++)
			own[r] = w.boots[b].trials[r][3].logarithm;
		variance += gsl_stats_variance(own, 1, CALIBRATION_REPETITIONS) / (2 * BOOTS);
		assert_int_equal(w.boots[b].trials[0][0].stratum, STRATUM_NEAR);
	}
	assert_float_equal(variance, 0.0001, 0.000002);
	world_free(&w);

	/* With 0 between boots there is still each trial's noise. */
	world_make(&w, (struct calibration_cell){.shape = SHAPE_PLAIN, .sd = 0});
	assert_float_equal(boot_variance(&w), 0, 0.000001);
	world_free(&w);
}

static void modes_are_hidden_and_balanced(void **state)
{
	unsigned int slow[2] = {0};
	struct world w;

	(void)state;
	world_make(&w, (struct calibration_cell){.shape = SHAPE_MODE, .sd = 0});
	for (int b = 0; b < 2 * BOOTS; b++) {
		slow[w.order[b].variant] += w.means[0][b] < log(0.87e6);
		/* All points of the boot are slow, or none. */
		assert_true((w.means[0][b] < log(0.87e6)) == (w.means[1][b] < log(0.87e6)));
		assert_int_equal(w.boots[b].trials[0][0].stratum, STRATUM_NEAR);
	}
	assert_in_range(slow[0], 0.48 * BOOTS, 0.52 * BOOTS);
	assert_in_range(slow[1], 0.48 * BOOTS, 0.52 * BOOTS);
	world_free(&w);
}

struct seen {
	unsigned int by_stratum[STRATA], whole;
	double logarithms[STRATA]; /* sums */
};

static void see(struct seen *s, const struct drawn_boot *b)
{
	unsigned int near = 0, far = 0, all = 0;

	for (int r = 0; r < CALIBRATION_REPETITIONS; r++)
		for (int p = 0; p < CALIBRATION_POINTS; p++, all++) {
			const struct drawn_trial *t = &b->trials[r][p];

			s->by_stratum[t->stratum]++;
			s->logarithms[t->stratum] += t->logarithm;
			near += t->stratum == STRATUM_NEAR;
			far += t->stratum == STRATUM_FAR;
		}
	s->whole += near == all || far == all;
}

static void far_is_seen_and_unbalanced(void **state)
{
	static const double far_share[] = {0.3, 0.7};
	struct seen seen[2] = {0};
	struct world w;

	(void)state;
	world_make(&w, (struct calibration_cell){.shape = SHAPE_UNBALANCED, .sd = 0});
	for (int b = 0; b < 2 * BOOTS; b++)
		see(&seen[w.order[b].variant], &w.boots[b]);
	for (int v = 0; v < 2; v++) {
		const unsigned int *n = seen[v].by_stratum;
		double all = BOOTS * CALIBRATION_REPETITIONS * CALIBRATION_POINTS;

		/* In a trial during which they moved they were far for half of it. */
		assert_float_equal((n[STRATUM_FAR] + n[STRATUM_MOVED] / 2.0) / all, far_share[v],
				   0.012);
		/* They move in 2 * 0.3 * 0.7 / 10 of the trials of half of the boots. */
		assert_float_equal(n[STRATUM_MOVED] / all, 0.021, 0.002);
		assert_true(seen[v].whole > 0.5 * BOOTS && seen[v].whole < 0.75 * BOOTS);
		assert_float_equal(seen[v].logarithms[STRATUM_FAR] / n[STRATUM_FAR] -
					   seen[v].logarithms[STRATUM_NEAR] / n[STRATUM_NEAR],
				   log(0.75), 0.001);
	}
	world_free(&w);
}

static void drift_has_a_memory(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, (struct calibration_cell){.shape = SHAPE_DRIFT, .sd = 0.03});
	assert_float_equal(boot_variance(&w), 2 * 0.0009, 0.0001);
	assert_float_equal(boot_covariance(&w), 1.5 * 0.0009, 0.0001);
	/* From a boot to the next, and over ten of them. */
	assert_float_equal(gsl_stats_covariance(w.means[0], 1, w.means[0] + 1, 1, 2 * BOOTS - 1),
			   0.9 * 0.0009, 0.0001);
	assert_float_equal(gsl_stats_covariance(w.means[0], 1, w.means[1] + 10, 1, 2 * BOOTS - 10),
			   pow(0.9, 10) * 0.0009, 0.0001);
	world_free(&w);
}

static void tails_are_heavy(void **state)
{
	unsigned int stalled = 0, far_out = 0;
	struct world w;

	(void)state;
	world_make(&w, (struct calibration_cell){.shape = SHAPE_TAILS, .sd = 0});
	for (int b = 0; b < 2 * BOOTS; b++)
		stalled += w.boots[b].trials[2][5].logarithm < log(0.7e6);
	assert_in_range(stalled, 0.018 * 2 * BOOTS, 0.022 * 2 * BOOTS);
	world_free(&w);

	/* In common and own, each Student's t with 3: beyond 4 sd is far likelier than 1 in 16000.
	 */
	world_make(&w, (struct calibration_cell){.shape = SHAPE_TAILS, .sd = 0.5});
	for (int b = 0; b < 2 * BOOTS; b++)
		far_out += fabs(w.means[0][b] - log(1e6)) > 2;
	assert_in_range(far_out, 0.003 * 2 * BOOTS, 0.02 * 2 * BOOTS);
	world_free(&w);
}

/* --- families --------------------------------------------------------------------- */

static void run_plan(const struct calibration_plan *p, struct calibration_tally *tallies)
{
	struct error e = {""};

	if (calibration_run(p, tallies, &e))
		fail_msg("%s", e.text);
}

static struct calibration_tally run_cell(struct calibration_cell cell, unsigned long families)
{
	const struct calibration_plan plan = {
		.cells = &cell, .count = 1, .families = families, .seed = 1, .jobs = 2};
	struct calibration_tally t;

	run_plan(&plan, &t);
	assert_int_equal(t.families, families);
	return t;
}

static void few_boots_decide_nothing(void **state)
{
	(void)state;
	for (enum calibration_shape s = 0; s < SHAPES; s++)
		for (unsigned int boots = 1; boots < 4; boots++) {
			/* Whatever the rule. */
			struct calibration_cell cell = {
				.shape = s, .boots = boots, .sd = 0, .alpha = 0.5};

			assert_int_equal(run_cell(cell, 100).decided, 0);
		}
}

static void rates_are_those_of_the_books(void **state)
{
	struct calibration_tally t;
	double share;

	(void)state;
	/* Little noise: a point at the margin is equivalent as often as alpha says, no other is
	 * not. */
	t = run_cell((struct calibration_cell){.shape = SHAPE_PLAIN, .boots = 10, .sd = 0}, 2500);
	assert_true(calibration_share(t.margin_point, t.families, 0.999).low < 0.04);
	assert_true(calibration_share(t.margin_point, t.families, 0.999).high > 0.04);
	assert_int_equal(t.margin_point, t.false_equivalent);
	assert_int_equal(t.equivalent, t.families);
	assert_int_equal(t.different, 0);
	/* Much: nothing is equivalent; intervals miss in 5%; differences are kept to 4% by Holm. */
	t = run_cell((struct calibration_cell){.shape = SHAPE_PLAIN, .boots = 6, .sd = 0.1}, 2500);
	share = calibration_not_covered(&t).value;
	assert_true(share > 0.042 && share < 0.058);
	assert_int_equal(t.with_intervals, t.families);
	assert_int_equal(t.equivalent + t.false_equivalent, 0);
	share = calibration_share(t.different, t.families, 0.95).value;
	assert_true(share > 0.02 && share < 0.05);
	assert_in_range(t.different_overall, 1, t.different);
	assert_in_range(t.decided, t.different, t.families);
}

static void spoilt_rules_are_found_out(void **state)
{
	const struct calibration_cell cell = {
		.shape = SHAPE_PLAIN, .boots = 6, .sd = 0.03, .alpha = 0.5};
	const struct calibration_plan plan = {
		.cells = &cell, .count = 1, .families = 1000, .seed = 1, .jobs = 2};
	struct calibration_tally t = run_cell(cell, plan.families);
	FILE *out = fopen("said", "w+e");
	char text[8192];

	(void)state;
	assert_non_null(out);
	assert_true(t.margin_point > 400 && t.margin_point < 600);
	assert_true(t.different > 100);
	assert_int_equal(calibration_promises(&plan, &t, false, out).broken, 4);
	rewind(out);
	text[fread(text, 1, sizeof(text) - 1, out)] = '\0';
	fclose(out);
	assert_contains(text, "BROKEN  without a difference, a point is judged");
	assert_contains(text, "BROKEN  with a point at the margin, equivalent over all");
	assert_contains(text, "kept    of 95% intervals");
	assert_contains(text, "plain, 6 boots, sd 3%");
}

/* An error of 5% has no chance of passing for less, and one of 4% passes: at 10000 families. */
static void promises_are_held_against_limits(void **state)
{
	const struct calibration_cell cell = {.shape = SHAPE_TAILS, .boots = 6};
	struct calibration_plan plan = {.cells = &cell, .count = 1, .families = 10000};
	struct calibration_tally t = {.families = 10000, .different = 400};
	FILE *out = fopen("/dev/null", "we");

	(void)state;
	assert_int_equal(calibration_promises(&plan, &t, false, out).broken, 0);
	t.different = 500;
	assert_int_equal(calibration_promises(&plan, &t, false, out).broken, 1);
	/* With fewer it has to be shown. */
	plan.families = t.families = 2000;
	t.different = 80;
	assert_int_equal(calibration_promises(&plan, &t, false, out).open, 0);
	t.different = 110;
	assert_int_equal(calibration_promises(&plan, &t, false, out).broken, 0);
	assert_int_equal(calibration_promises(&plan, &t, false, out).open, 1);
	t.different = 130;
	assert_int_equal(calibration_promises(&plan, &t, false, out).broken, 1);
	t.margin_point = t.false_equivalent = 130;
	assert_int_equal(calibration_promises(&plan, &t, false, out).broken, 3);
	fclose(out);
}

static void power_is_held_against_limits(void **state)
{
	const struct calibration_cell cell = {.shape = SHAPE_PLAIN, .boots = 6, .sd = 0.01};
	struct calibration_plan plan = {.cells = &cell, .count = 1, .families = 10000};
	struct calibration_tally t = {.families = 10000,
				      .powered = 10000,
				      .loss_everywhere = 8100,
				      .equivalent_wide = 8000};
	FILE *out = fopen("/dev/null", "we");

	(void)state;
	assert_int_equal(calibration_promises(&plan, &t, false, out).broken, 1);
	t.equivalent_wide = 8100;
	assert_int_equal(calibration_promises(&plan, &t, false, out).broken, 0);
	t.loss_everywhere = 7000;
	assert_int_equal(calibration_promises(&plan, &t, false, out).broken, 1);
	fclose(out);
}

static void power_is_measured_where_promised(void **state)
{
	struct calibration_cell cell = {.shape = SHAPE_PLAIN, .boots = 6, .sd = 0.01};
	struct calibration_tally t = run_cell(cell, 500);

	(void)state;
	assert_int_equal(t.powered, 500);
	assert_in_range(t.loss_everywhere, t.loss_at_one, 500);
	assert_true(t.loss_at_one > 450);
	assert_true(t.equivalent_wide > t.equivalent);
	cell.sd = 0.02;
	assert_int_equal(run_cell(cell, 20).powered, 0);
}

/* Two looks spend what one does; were each to spend all, more would be wrong. */
static void looks_share_alpha(void **state)
{
	struct calibration_cell cell = {
		.shape = SHAPE_PLAIN, .boots = 6, .extension = 4, .sd = 0.03};
	struct calibration_tally fair = run_cell(cell, 1500), spoilt;

	(void)state;
	cell.alpha = 0.04;
	spoilt = run_cell(cell, 1500);
	assert_true(calibration_share(fair.different, fair.families, 0.999).low < 0.04);
	assert_true(spoilt.different > fair.different * 1.2);
}

/* --- who does it does not matter ---------------------------------------------------- */

static void results_depend_on_the_seed_alone(void **state)
{
	const struct calibration_cell cells[] = {
		{.shape = SHAPE_UNBALANCED, .boots = 6, .sd = 0.01},
		{.shape = SHAPE_BOTH, .boots = 4, .extension = 2, .sd = 0.03},
		{.shape = SHAPE_PLAIN, .boots = 6, .sd = 0.01},
	};
	struct calibration_plan plan = {
		.cells = cells, .count = COUNT(cells), .families = 1100, .seed = 7, .jobs = 1};
	struct calibration_tally one[COUNT(cells)], many[COUNT(cells)], other[COUNT(cells)], alone;

	(void)state;
	run_plan(&plan, one);
	plan.jobs = 5;
	run_plan(&plan, many);
	assert_memory_equal(one, many, sizeof(one));
	plan.seed = 8;
	run_plan(&plan, other);
	assert_memory_not_equal(one, other, sizeof(one));
	/* Nor on which other cells there are. */
	plan = (struct calibration_plan){
		.cells = &cells[1], .count = 1, .families = 1100, .seed = 7, .jobs = 2};
	run_plan(&plan, &alone);
	assert_memory_equal(&one[1], &alone, sizeof(alone));
}

static void count_progress(void *user, size_t done, size_t all, const struct calibration_cell *c)
{
	size_t *calls = user;

	assert_int_equal(done, *calls);
	assert_int_equal(all, 6);
	assert_non_null(c);
	++*calls;
}

static void progress_is_told(void **state)
{
	const struct calibration_cell cells[] = {{.shape = SHAPE_PLAIN, .boots = 2},
						 {.shape = SHAPE_MODE, .boots = 2}};
	size_t calls = 0;
	const struct calibration_plan plan = {.cells = cells,
					      .count = 2,
					      .families = 2 * CALIBRATION_BLOCK + 1,
					      .jobs = 2,
					      .progress = count_progress,
					      .user = &calls};
	struct calibration_tally t[2];

	(void)state;
	run_plan(&plan, t);
	assert_int_equal(calls, 6);
	assert_int_equal(t[1].families, 2 * CALIBRATION_BLOCK + 1);
}

static void what_fails_in_a_process_is_said(void **state)
{
	const struct calibration_cell cell = {.shape = SHAPE_PLAIN, .boots = 0};
	const struct calibration_plan plan = {
		.cells = &cell, .count = 1, .families = 10, .jobs = 2};
	struct calibration_tally t;
	struct error e = {""};

	(void)state;
	assert_int_equal(calibration_run(&plan, &t, &e), -1);
	assert_true(strlen(e.text) > 20);
}

static void cells_have_seeds_of_their_own(void **state)
{
	const struct calibration_cell cells[] = {
		{.shape = SHAPE_PLAIN, .boots = 6, .sd = 0.01},
		{.shape = SHAPE_MODE, .boots = 6, .sd = 0.01},
		{.shape = SHAPE_PLAIN, .boots = 4, .sd = 0.01},
		{.shape = SHAPE_PLAIN, .boots = 4, .extension = 2, .sd = 0.01},
		{.shape = SHAPE_PLAIN, .boots = 6, .sd = 0.03},
	};
	unsigned long seeds[COUNT(cells) * 3], n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cells); i++) {
		seeds[n++] = calibration_seed(&cells[i], 1, 0);
		seeds[n++] = calibration_seed(&cells[i], 1, 1);
		seeds[n++] = calibration_seed(&cells[i], 2, 0);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(seeds[i] != seeds[k]);
}

/* --- real runs, relabelled ------------------------------------------------------------ */

static FILE *journal;

static void begin_run(const char *name, const char *run_json)
{
	char path[64];

	assert_int_equal(mkdir(name, 0755), 0);
	snprintf(path, sizeof(path), "%s/boots", name);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/run.json", name);
	put_file(path, run_json);
	snprintf(path, sizeof(path), "%s/trials.jsonl", name);
	journal = fopen(path, "we");
	assert_non_null(journal);
}

static void add_boot(const char *name, unsigned int number, const char *variant, int slot,
		     const char *build)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "%s/boots/%u.json", name, number);
	snprintf(text, sizeof(text),
		 "{\"boot\": %u, \"variant\": \"%s\", \"slot\": %d, \"execution\": \"emulated\", "
		 "\"kernel\": {\"build_id\": \"%s\"}}",
		 number, variant, slot, build);
	put_file(path, text);
}

static void add_trial(unsigned int boot, unsigned int repetition, const char *workload,
		      unsigned int copy, double rate)
{
	fprintf(journal,
		"{\"type\":\"trial\",\"boot\":%u,\"repetition\":%u,\"operations_per_s\":%.10g,"
		"\"point\":{\"workload\":\"%s\",\"sharing\":\"shared\",\"page\":\"2m\",\"workers\":2%s}}"
		"\n",
		boot, repetition, rate, workload, copy > 1 ? ",\"copy\":2" : "");
}

/* A run of rounds in which every point has a copy; all points have the very same noise. */
static void put_copies(const char *name, unsigned int rounds)
{
	static const char *const workloads[] = {"pread", "pwrite", "vmsplice"};
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);

	begin_run(name, "{\"schema\": 1, \"kind\": \"run\", \"margin\": 0.02}");
	add_boot(name, 1, "running", -1, "a");
	for (unsigned int r = 0; r < rounds; r++) {
		double noise = (gsl_rng_uniform(random) - 0.5) * 0.06;

		for (size_t i = 0; i < COUNT(workloads); i++) {
			add_trial(1, r, workloads[i], 1, 1e6);
			add_trial(1, r, workloads[i], 2, 1e6 * exp(noise));
		}
	}
	gsl_rng_free(random);
	fclose(journal);
}

/* A run of one kernel under two names, or of two. */
static void put_kernels(const char *name, unsigned int boots, const char *other_build)
{
	struct slot *order = schedule(2, boots);
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
	char run_json[256];

	snprintf(run_json, sizeof(run_json),
		 "{\"schema\": 1, \"kind\": \"ab\", \"margin\": 0.02, \"plan\": {\"variants\": "
		 "[\"stock\", \"stock-again\"], \"boots\": %u}}",
		 boots);
	begin_run(name, run_json);
	for (unsigned int s = 0; s < 2 * boots; s++) {
		unsigned int v = order[s].variant;
		double noise = gsl_rng_uniform(random) / 50;

		add_boot(name, s + 1, v ? "stock-again" : "stock", s, v ? other_build : "a");
		for (unsigned int r = 0; r < 3; r++)
			add_trial(s + 1, r, "pread", 1, 1e6 * exp(noise));
		fprintf(journal, "{\"type\":\"boot-end\",\"boot\":%u}\n", s + 1);
	}
	gsl_rng_free(random);
	free(order);
	fclose(journal);
}

static void read_journal(struct calibration_journal *j, const char *name)
{
	struct error e = {""};

	if (calibration_journal_read(j, name, &e))
		fail_msg("%s", e.text);
}

static void rounds_change_places_together(void **state)
{
	struct calibration_journal j;
	struct calibration_tally t;

	(void)state;
	put_copies("run", 20);
	read_journal(&j, "run");
	assert_int_equal(j.rows, 3);
	assert_int_equal(j.units, 20);
	assert_false(j.pairs);
	assert_string_equal(j.unit, "rounds");
	t = run_cell((struct calibration_cell){.boots = 20, .journal = &j}, 2000);
	/* All points have the same noise: their intervals miss together, or none does. */
	assert_true(t.missed > 0);
	assert_float_equal(t.missed, t.missed_squares, 1e-9);
	assert_int_equal(t.different, t.different_overall);
	assert_true(t.missed > 0.03 * 2000 && t.missed < 0.07 * 2000);
	assert_true(t.margin_point > 0 && t.margin_point < 0.06 * 2000);
	assert_true(t.equivalent > 1800);
	t = run_cell((struct calibration_cell){.boots = 20, .journal = &j, .alpha = 0.5}, 1000);
	assert_true(t.margin_point > 400 && t.margin_point < 600);
	/* Fewer of them: there is more noise, and no more errors. */
	t = run_cell((struct calibration_cell){.boots = 6, .journal = &j}, 2000);
	assert_true(t.equivalent < 1500);
	assert_true(t.different < 0.06 * 2000);
	calibration_journal_free(&j);
}

static void boots_are_paired_anew(void **state)
{
	struct calibration_journal j;
	struct calibration_cell cell = {.boots = 6, .journal = &j};
	struct calibration_tally t;
	struct error e = {""};

	(void)state;
	put_kernels("run", 6, "a");
	read_journal(&j, "run");
	assert_int_equal(j.rows, 1);
	assert_int_equal(j.units, 12);
	assert_true(j.pairs);
	for (size_t u = 0; u < j.units; u++)
		assert_true(j.values[u] >= log(1e6) && j.values[u] < log(1e6) + 0.02);
	t = run_cell((struct calibration_cell){.boots = 6, .journal = &j}, 2000);
	assert_true(t.missed > 0.03 * 2000 && t.missed < 0.07 * 2000);
	assert_true(t.different < 0.06 * 2000);
	assert_true(t.margin_point < 0.06 * 2000);
	/* There are not so many. */
	cell.boots = 7;
	assert_int_equal(calibration_relabel(&cell, 1, 0, 10, &t, &e), -1);
	assert_contains(e.text, "12 boots");
	calibration_journal_free(&j);
}

static void other_runs_are_refused(void **state)
{
	struct calibration_journal j;
	struct error e = {""};

	(void)state;
	put_kernels("kernels", 6, "b");
	assert_int_equal(calibration_journal_read(&j, "kernels", &e), -1);
	assert_contains(e.text, "compares two kernels");
	put_copies("short", 3);
	assert_int_equal(calibration_journal_read(&j, "short", &e), -1);
	assert_contains(e.text, "3 rounds");
	begin_run("single", "{\"schema\": 1, \"kind\": \"run\"}");
	add_boot("single", 1, "running", -1, "a");
	add_trial(1, 0, "pread", 1, 1e6);
	fclose(journal);
	assert_int_equal(calibration_journal_read(&j, "single", &e), -1);
	assert_contains(e.text, "copy=2");
	assert_int_equal(calibration_journal_read(&j, "nowhere", &e), -1);
	assert_contains(e.text, "nowhere");
}

/* Of a few units nothing is promised: their sizes decide. */
static void short_runs_have_no_promise(void **state)
{
	struct calibration_journal rounds = {.units = 30}, boots = {.units = 12, .pairs = true};
	struct calibration_cell cell = {.boots = 10, .journal = &rounds};

	(void)state;
	assert_true(calibration_is_promised(&cell));
	cell.boots = 9;
	assert_false(calibration_is_promised(&cell));
	cell.boots = rounds.units = 15;
	assert_false(calibration_is_promised(&cell));
	cell = (struct calibration_cell){.boots = 6, .journal = &boots};
	assert_true(calibration_is_promised(&cell));
	boots.units = 11;
	assert_false(calibration_is_promised(&cell));
	cell = (struct calibration_cell){.boots = 2};
	assert_true(calibration_is_promised(&cell));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_known_ones),
		cmocka_unit_test(limits_are_exact_everywhere),
		cmocka_unit_test(families_are_the_units_of_coverage),
		cmocka_unit_test(boots_differ_as_described),
		cmocka_unit_test(modes_are_hidden_and_balanced),
		cmocka_unit_test(far_is_seen_and_unbalanced),
		cmocka_unit_test(drift_has_a_memory),
		cmocka_unit_test(tails_are_heavy),
		cmocka_unit_test(few_boots_decide_nothing),
		cmocka_unit_test(rates_are_those_of_the_books),
		scratch_test(spoilt_rules_are_found_out),
		cmocka_unit_test(promises_are_held_against_limits),
		cmocka_unit_test(power_is_held_against_limits),
		cmocka_unit_test(power_is_measured_where_promised),
		cmocka_unit_test(looks_share_alpha),
		cmocka_unit_test(results_depend_on_the_seed_alone),
		cmocka_unit_test(progress_is_told),
		cmocka_unit_test(what_fails_in_a_process_is_said),
		cmocka_unit_test(cells_have_seeds_of_their_own),
		scratch_test(rounds_change_places_together),
		scratch_test(boots_are_paired_anew),
		scratch_test(other_runs_are_refused),
		cmocka_unit_test(short_runs_have_no_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
