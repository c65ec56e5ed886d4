// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Curves that are known are found again, on the bounds and inside them, intervals
 * hold the truth as often as they say, and what is no measurement does no harm.
 */
#include "testing.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "analysis/scaling.h"

static const unsigned int workers[] = {1, 2, 4, 8, 16, 32, 64};

#define TRIALS 4
#define MOST (COUNT(workers) * TRIALS)

/* Trials on a curve, with that relative noise. */
static void put_curve(struct scaling_sample *to, double lambda, double sigma, double kappa,
		      double noise, unsigned long seed)
{
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);

	gsl_rng_set(random, seed);
	for (size_t i = 0; i < MOST; i++) {
		double n = workers[i % COUNT(workers)];

		to[i].workers = n;
		to[i].rate = lambda * n / (1 + sigma * (n - 1) + kappa * n * (n - 1)) *
			     exp(gsl_ran_gaussian(random, noise));
	}
	gsl_rng_free(random);
}

static void fit_well(struct scaling_fit *fit, enum scaling_model model,
		     const struct scaling_sample *samples, size_t n, unsigned int resamples,
		     unsigned long seed)
{
	struct error e;

	if (scaling_fit(fit, model, samples, n, resamples, seed, &e))
		fail_msg("%s", e.text);
}

static void assert_near(double value, double truth, double share)
{
	if (!(fabs(value - truth) <= share * truth))
		fail_msg("%.12g is not %.12g", value, truth);
}

static void amdahl_is_found(void **state)
{
	static const double sigmas[] = {0.001, 0.05, 0.3, 0.95};
	struct scaling_sample samples[MOST];
	struct scaling_fit fit;

	(void)state;
	for (size_t i = 0; i < COUNT(sigmas); i++) {
		put_curve(samples, 250000, sigmas[i], 0, 0, 1);
		fit_well(&fit, SCALING_AMDAHL, samples, MOST, 20, 1);
		assert_near(fit.lambda.value, 250000, 1e-8);
		assert_near(fit.sigma.value, sigmas[i], 1e-7);
		assert_float_equal(fit.kappa.value, 0, 0);
		assert_true(isinf(fit.peak_workers.value));
		assert_near(fit.peak_rate.value, 250000 / sigmas[i], 1e-7);
		assert_true(fit.residual_sd < 1e-9);
		assert_near(fit.sigma.low, sigmas[i], 1e-7);
		assert_near(fit.sigma.high, sigmas[i], 1e-7);
	}
	assert_int_equal(fit.model, SCALING_AMDAHL);
	assert_int_equal(fit.worker_counts, COUNT(workers));
	assert_int_equal(fit.most_workers, 64);
	assert_int_equal(fit.samples, MOST);
	assert_int_equal(fit.sigma.n, MOST);
}

static void usl_is_found(void **state)
{
	static const struct {
		double sigma, kappa;
	} truths[] = {{0.02, 0.0001}, {0.3, 0.002}, {0.0, 0.01}, {0.9, 1e-5}, {0.1, 0.5}, {1, 2}};
	struct scaling_sample samples[MOST];
	struct scaling_fit fit;

	(void)state;
	for (size_t i = 0; i < COUNT(truths); i++) {
		double peak = fmax(1, sqrt((1 - truths[i].sigma) / truths[i].kappa));

		put_curve(samples, 1e6, truths[i].sigma, truths[i].kappa, 0, 1);
		fit_well(&fit, SCALING_USL, samples, MOST, 0, 1);
		assert_near(fit.lambda.value, 1e6, 1e-7);
		assert_float_equal(fit.sigma.value, truths[i].sigma, 1e-8);
		assert_near(fit.kappa.value, truths[i].kappa, 1e-6);
		assert_near(fit.peak_workers.value, peak, 1e-6);
		assert_near(fit.peak_rate.value, scaling_rate(&fit, peak), 1e-7);
		assert_true(scaling_rate(&fit, peak * 1.01) < fit.peak_rate.value);
		assert_near(scaling_rate(&fit, 64), samples[6].rate, 1e-7);
		/* No resamples, no intervals. */
		assert_true(isnan(fit.sigma.low) && isnan(fit.peak_rate.high));
	}
}

static void usl_without_coherency_is_amdahl(void **state)
{
	struct scaling_sample samples[MOST];
	struct scaling_fit fit;

	(void)state;
	put_curve(samples, 1e6, 0.05, 0, 0, 1);
	fit_well(&fit, SCALING_USL, samples, MOST, 20, 1);
	assert_near(fit.sigma.value, 0.05, 1e-7);
	assert_float_equal(fit.kappa.value, 0, 0);
	assert_true(isinf(fit.peak_workers.value) && isinf(fit.peak_workers.low));
	assert_near(fit.peak_rate.value, 1e6 / 0.05, 1e-7);
}

static void perfect_scaling_has_no_peak(void **state)
{
	struct scaling_sample samples[MOST];
	struct scaling_fit fit;

	(void)state;
	put_curve(samples, 1e6, 0, 0, 0, 1);
	for (enum scaling_model m = 0; m < SCALING_MODELS; m++) {
		fit_well(&fit, m, samples, MOST, 20, 1);
		assert_near(fit.lambda.value, 1e6, 1e-8);
		assert_float_equal(fit.sigma.value, 0, 1e-12);
		assert_true(isinf(fit.peak_workers.value) && isinf(fit.peak_rate.value));
		assert_true(isinf(fit.peak_rate.low) && isinf(fit.peak_rate.high));
	}
}

/* Better than linear, and worse than no gain at all, as far as Amdahl's law goes. */
static void bounds_hold(void **state)
{
	struct scaling_sample samples[MOST];
	struct scaling_fit fit;

	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		samples[i].workers = workers[i % COUNT(workers)];
		samples[i].rate = pow(samples[i].workers, 1.1);
	}
	for (enum scaling_model m = 0; m < SCALING_MODELS; m++) {
		fit_well(&fit, m, samples, MOST, 20, 1);
		assert_float_equal(fit.sigma.value, 0, 0);
		assert_float_equal(fit.kappa.value, 0, 0);
	}
	for (size_t i = 0; i < MOST; i++)
		samples[i].rate = 1 / sqrt(samples[i].workers);
	fit_well(&fit, SCALING_AMDAHL, samples, MOST, 20, 1);
	assert_float_equal(fit.sigma.value, 1, 0);
	fit_well(&fit, SCALING_USL, samples, MOST, 20, 1);
	assert_true(fit.sigma.value >= 0 && fit.sigma.value <= 1 && fit.kappa.value > 0);
	assert_true(scaling_rate(&fit, 64) < scaling_rate(&fit, 1));

	/* Only sigma is beyond its bounds. */
	put_curve(samples, 1e6, -0.02, 0.01, 0, 1);
	fit_well(&fit, SCALING_USL, samples, MOST, 20, 1);
	assert_float_equal(fit.sigma.value, 0, 0);
	assert_near(fit.kappa.value, 0.01, 0.2);
	put_curve(samples, 1e6, 1.2, 0.01, 0, 1);
	fit_well(&fit, SCALING_USL, samples, MOST, 20, 1);
	assert_float_equal(fit.sigma.value, 1, 0);
	assert_near(fit.kappa.value, 0.01, 0.2);
}

static bool holds(const struct estimate *e, double truth)
{
	return e->low <= truth && truth <= e->high;
}

static void intervals_hold_the_truth(void **state)
{
	unsigned int lambda = 0, sigma = 0, kappa = 0, peak = 0, amdahl = 0;
	struct scaling_sample samples[MOST];
	struct scaling_fit fit;

	(void)state;
	for (unsigned long seed = 1; seed <= 100; seed++) {
		put_curve(samples, 1e6, 0.05, 0.001, 0.01, seed);
		fit_well(&fit, SCALING_USL, samples, MOST, 200, seed);
		lambda += holds(&fit.lambda, 1e6);
		sigma += holds(&fit.sigma, 0.05);
		kappa += holds(&fit.kappa, 0.001);
		peak += holds(&fit.peak_workers, sqrt(0.95 / 0.001));
		assert_true(fit.residual_sd > 0.005 && fit.residual_sd < 0.02);

		put_curve(samples, 1e6, 0.05, 0, 0.01, seed);
		fit_well(&fit, SCALING_AMDAHL, samples, MOST, 200, seed);
		amdahl += holds(&fit.sigma, 0.05);
	}
	print_message("# of 100: lambda %u, sigma %u, kappa %u, peak %u, Amdahl's sigma %u\n",
		      lambda, sigma, kappa, peak, amdahl);
	assert_in_range(lambda, 85, 100);
	assert_in_range(sigma, 85, 100);
	assert_in_range(kappa, 85, 100);
	assert_in_range(peak, 85, 100);
	assert_in_range(amdahl, 85, 100);
}

/* A lone trial has the spread of the others; when all are alone nothing is known of it. */
static void spread_of_single_trials(void **state)
{
	struct scaling_sample samples[MOST];
	struct scaling_fit fit;

	(void)state;
	put_curve(samples, 1e6, 0.05, 0.001, 0.01, 3);
	fit_well(&fit, SCALING_USL, samples, COUNT(workers), 100, 1);
	assert_true(isnan(fit.sigma.low) && isnan(fit.sigma.high));
	assert_near(fit.sigma.value, 0.05, 0.5);
	fit_well(&fit, SCALING_USL, samples, COUNT(workers) + 2, 100, 1);
	assert_true(fit.sigma.low < fit.sigma.high);
}

static void seed_decides(void **state)
{
	struct scaling_sample samples[MOST], turned[MOST];
	struct scaling_fit one, two;

	(void)state;
	put_curve(samples, 1e6, 0.05, 0.001, 0.01, 5);
	for (size_t i = 0; i < MOST; i++)
		turned[i] = samples[MOST - 1 - i];
	fit_well(&one, SCALING_USL, samples, MOST, 100, 7);
	fit_well(&two, SCALING_USL, turned, MOST, 100, 7);
	assert_float_equal(one.kappa.value, two.kappa.value, 0);
	assert_float_equal(one.kappa.low, two.kappa.low, 0);
	assert_float_equal(one.peak_rate.high, two.peak_rate.high, 0);
	fit_well(&two, SCALING_USL, samples, MOST, 100, 8);
	assert_float_equal(one.kappa.value, two.kappa.value, 0);
	assert_true(one.kappa.low != two.kappa.low);
}

static void few_worker_counts_are_refused(void **state)
{
	struct scaling_sample samples[MOST];
	struct scaling_fit fit;
	struct error e;

	(void)state;
	put_curve(samples, 1e6, 0.05, 0, 0, 1);
	assert_int_equal(scaling_fit(&fit, SCALING_USL, samples, 4, 10, 1, &e), -1);
	assert_contains(e.text, "USL: there are rates at 4 numbers of workers");
	assert_contains(e.text, "needs 5");
	assert_contains(e.text, "sweep");
	fit_well(&fit, SCALING_USL, samples, 5, 10, 1);
}

static void garbage_is_left_out(void **state)
{
	static const struct scaling_sample garbage[] = {
		{0, 1e6}, {3, 0}, {3, -5}, {3, NAN}, {3, INFINITY}, {5, -INFINITY}, {0, NAN}};
	struct scaling_sample samples[MOST + COUNT(garbage)];
	struct scaling_fit fit;
	struct error e;

	(void)state;
	put_curve(samples, 1e6, 0.05, 0.001, 0, 1);
	memcpy(samples + MOST, garbage, sizeof(garbage));
	fit_well(&fit, SCALING_USL, samples, COUNT(samples), 20, 1);
	assert_int_equal(fit.samples, MOST);
	assert_int_equal(fit.worker_counts, COUNT(workers));
	assert_near(fit.kappa.value, 0.001, 1e-6);
	assert_int_equal(scaling_fit(&fit, SCALING_AMDAHL, garbage, COUNT(garbage), 20, 1, &e), -1);
	assert_contains(e.text, "Amdahl: no trial has workers and a rate above 0");
	assert_int_equal(scaling_fit(&fit, SCALING_AMDAHL, NULL, 0, 20, 1, &e), -1);
}

/* It ends, and what it gives are numbers within the bounds. */
static void extremes_do_no_harm(void **state)
{
	static const unsigned int counts[] = {1, 2, 7, 4096, 1u << 31, 4294967295u};
	static const double rates[] = {5e-324, 1e-300, 1, 3e7, 1e300, 1.7e308};
	const size_t many = 1000000;
	struct scaling_sample samples[12], *all = calloc(many, sizeof(*all));
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
	struct scaling_fit fit;
	struct error e;
	int fitted = 0;

	(void)state;
	assert_non_null(all);
	for (int i = 0; i < 300; i++) {
		enum scaling_model m = i % SCALING_MODELS;

		for (size_t k = 0; k < COUNT(samples); k++) {
			samples[k].workers = counts[gsl_rng_uniform_int(random, COUNT(counts))];
			samples[k].rate = rates[gsl_rng_uniform_int(random, COUNT(rates))];
		}
		if (scaling_fit(&fit, m, samples, COUNT(samples), 10, i, &e)) {
			assert_non_null(strchr(e.text, '.'));
			continue;
		}
		assert_true(isnormal(fit.lambda.value) && fit.lambda.value > 0);
		assert_true(fit.sigma.value >= 0 && fit.sigma.value <= 1);
		assert_true(fit.kappa.value >= 0 && isfinite(fit.kappa.value));
		assert_false(isnan(fit.peak_workers.value) || isnan(fit.peak_rate.value));
		assert_true(isfinite(fit.residual_sd));
		assert_true(fit.sigma.low <= fit.sigma.high && fit.kappa.low <= fit.kappa.high);
		assert_true(fit.peak_workers.low <= fit.peak_workers.high);
		fitted++;
	}

	assert_true(fitted > 0);

	/* Falls faster than any curve does, and nothing says what one worker would reach. */
	for (size_t k = 0; k < COUNT(samples); k++)
		samples[k] = (struct scaling_sample){k + 10, pow(k + 10, -3)};
	assert_int_equal(scaling_fit(&fit, SCALING_USL, samples, COUNT(samples), 10, 1, &e), -1);
	assert_contains(e.text, "does not converge");

	for (size_t k = 0; k < many; k++)
		all[k] = (struct scaling_sample){k + 1, 1e6};
	assert_int_equal(scaling_fit(&fit, SCALING_USL, all, many, 10, 1, &e), -1);
	assert_contains(e.text, "no sweep");
	for (size_t k = 0; k < many; k++) {
		all[k].workers = 1 + k % 16;
		all[k].rate = all[k].workers * exp(gsl_ran_gaussian(random, 0.1));
	}
	fit_well(&fit, SCALING_AMDAHL, all, many, 400, 1);
	assert_int_equal(fit.samples, many);
	assert_true(fit.sigma.high < 0.001);
	gsl_rng_free(random);
	free(all);
}

static void models_have_names(void **state)
{
	(void)state;
	assert_string_equal(scaling_model_name(SCALING_AMDAHL), "Amdahl");
	assert_string_equal(scaling_model_name(SCALING_USL), "USL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amdahl_is_found),
		cmocka_unit_test(usl_is_found),
		cmocka_unit_test(usl_without_coherency_is_amdahl),
		cmocka_unit_test(perfect_scaling_has_no_peak),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(intervals_hold_the_truth),
		cmocka_unit_test(spread_of_single_trials),
		cmocka_unit_test(seed_decides),
		cmocka_unit_test(few_worker_counts_are_refused),
		cmocka_unit_test(garbage_is_left_out),
		cmocka_unit_test(extremes_do_no_harm),
		cmocka_unit_test(models_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
