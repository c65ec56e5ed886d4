// SPDX-License-Identifier: GPL-3.0-or-later
/* The band of a law of scaling. */
#include "scaling_laws.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>

#define SEED 1

/* Parameters: N / X(N) is 1 / lambda + sigma / lambda (N - 1) + kappa / lambda N (N - 1). */
enum { ONE, CONTENTION, COHERENCY, PARAMETERS };

/* Trials of one number of workers, as logarithms of rates; the last resample's mean. */
struct group {
	double workers, sd, mean, drawn;
	const double *logs;
	size_t n;
};

static double term(int parameter, double workers)
{
	return parameter == ONE		 ? 1
	       : parameter == CONTENTION ? workers - 1
					 : workers * (workers - 1);
}

static double at(const double *x, double workers)
{
	double sum = 0;

	for (int i = 0; i < PARAMETERS; i++)
		sum += x[i] * term(i, workers);
	return sum;
}

/* Solves the n equations a x = b, a being symmetric and positive. false: it is not. */
static bool solve(double a[PARAMETERS][PARAMETERS], double *b, int n)
{
	for (int i = 0; i < n; i++) {
		if (!(a[i][i] > 0))
			return false;
		for (int k = i + 1; k < n; k++) {
			double factor = a[k][i] / a[i][i];

			for (int m = i; m < n; m++)
				a[k][m] -= factor * a[i][m];
			b[k] -= factor * b[i];
		}
	}
	for (int i = n - 1; i >= 0; i--) {
		for (int k = i + 1; k < n; k++)
			b[i] -= a[i][k] * b[k];
		b[i] /= a[i][i];
	}
	return true;
}

/* Least squares with those parameters only that are free; weights make errors relative. */
static double fit_free(const struct group *g, size_t count, const double *expected,
		       const bool *is_free, double *x)
{
	double a[PARAMETERS][PARAMETERS] = {{0}}, b[PARAMETERS] = {0}, squares = 0;
	int list[PARAMETERS], n = 0;

	for (int i = 0; i < PARAMETERS; i++) {
		x[i] = 0;
		if (is_free[i])
			list[n++] = i;
	}
	for (size_t r = 0; r < count; r++) {
		double y = g[r].workers / exp(g[r].drawn), weight = g[r].n / pow(expected[r], 2);

		for (int i = 0; i < n; i++) {
			b[i] += weight * y * term(list[i], g[r].workers);
			for (int k = 0; k < n; k++)
				a[i][k] += weight * term(list[i], g[r].workers) *
					   term(list[k], g[r].workers);
		}
	}
	if (!solve(a, b, n))
		return INFINITY;
	for (int i = 0; i < n; i++)
		x[list[i]] = b[i];
	for (size_t r = 0; r < count; r++)
		squares += g[r].n *
			   pow((g[r].workers / exp(g[r].drawn) - at(x, g[r].workers)) / expected[r],
			       2);
	return squares;
}

/* The best within the bounds: no parameter is below 0, and sigma is not above 1. */
static bool refit(const struct group *g, size_t count, const double *expected,
		  enum scaling_model model, double *best)
{
	double least = INFINITY;

	for (int free_ones = 0; free_ones < 4; free_ones++) {
		const bool is_free[PARAMETERS] = {true, free_ones & 1, free_ones & 2};
		double x[PARAMETERS], squares;

		if (is_free[COHERENCY] && model != SCALING_USL)
			continue;
		squares = fit_free(g, count, expected, is_free, x);
		if (!(squares < least) || !(x[ONE] > 0) || x[CONTENTION] < 0 ||
		    x[CONTENTION] > x[ONE] || x[COHERENCY] < 0)
			continue;
		least = squares;
		for (int i = 0; i < PARAMETERS; i++)
			best[i] = x[i];
	}
	return isfinite(least);
}

static int by_workers(const void *a, const void *b)
{
	const struct scaling_sample *x = a, *y = b;

	return (x->workers > y->workers) - (x->workers < y->workers);
}

/* Groups of trials; a group of one has the spread of the others. How many groups. */
static size_t find_groups(struct scaling_sample *sorted, size_t n, double *logs, struct group *g)
{
	size_t count = 0, spare = 0;
	double within = 0;

	qsort(sorted, n, sizeof(*sorted), by_workers);
	for (size_t i = 0; i < n; i++) {
		logs[i] = log(sorted[i].rate);
		if (!i || sorted[i].workers != sorted[i - 1].workers)
			g[count++] = (struct group){.workers = sorted[i].workers, .logs = &logs[i]};
		g[count - 1].n++;
		g[count - 1].mean += (logs[i] - g[count - 1].mean) / g[count - 1].n;
	}
	for (size_t k = 0; k < count; k++) {
		for (size_t i = 0; i < g[k].n; i++)
			within += pow(g[k].logs[i] - g[k].mean, 2);
		spare += g[k].n - 1;
	}
	for (size_t k = 0; k < count; k++)
		g[k].sd = spare ? sqrt(within / spare) : NAN;
	return count;
}

/* n - 1 of n, which gives means their variance without bias (Rao and Wu, JASA 83, 1988). */
static void resample(struct group *g, size_t count, gsl_rng *random)
{
	for (size_t k = 0; k < count; k++) {
		double sum = 0;

		if (g[k].n == 1) {
			g[k].drawn = g[k].mean + gsl_ran_gaussian(random, g[k].sd);
			continue;
		}
		for (size_t i = 1; i < g[k].n; i++)
			sum += g[k].logs[gsl_rng_uniform_int(random, g[k].n)];
		g[k].drawn = sum / (g[k].n - 1);
	}
}

/* The interval from the factors by which resampled curves are off the curve of all trials. */
static void put_interval(struct estimate *e, double *factors, size_t drawn, double tail)
{
	size_t cut = tail * (drawn - 1);

	gsl_sort(factors, 1, drawn);
	e->low = e->value * factors[cut];
	e->high = e->value * factors[drawn - 1 - cut];
}

static void draw_bands(const struct scaling_fit *fit, struct group *g, size_t groups,
		       const double *expected, const double *workers, struct estimate *band,
		       size_t count, double *factors, gsl_rng *random, size_t samples)
{
	/* Normal tails stand for Student's, as those of the parameters do. */
	double tail = gsl_cdf_ugaussian_P(gsl_cdf_tdist_Pinv(0.025, samples - groups));
	double whole[PARAMETERS], x[PARAMETERS];
	size_t drawn = 0;

	for (size_t k = 0; k < groups; k++)
		g[k].drawn = g[k].mean;
	if (!refit(g, groups, expected, fit->model, whole))
		return;
	for (int r = 0; r < SCALING_RESAMPLES; r++) {
		resample(g, groups, random);
		if (!refit(g, groups, expected, fit->model, x))
			continue;
		for (size_t i = 0; i < count; i++)
			factors[i * SCALING_RESAMPLES + drawn] =
				at(whole, workers[i]) / at(x, workers[i]);
		drawn++;
	}
	for (size_t i = 0; i < count && drawn > 1; i++)
		put_interval(&band[i], factors + i * SCALING_RESAMPLES, drawn, tail);
}

int scaling_band(const struct scaling_fit *fit, const struct scaling_sample *samples, size_t n,
		 const double *workers, struct estimate *band, size_t count)
{
	struct scaling_sample *sorted = calloc(n + 1, sizeof(*sorted));
	struct group *g = calloc(n + 1, sizeof(*g));
	double *logs = calloc(n + 1, sizeof(*logs)), *expected = calloc(n + 1, sizeof(*expected));
	double *factors = calloc(count * SCALING_RESAMPLES + 1, sizeof(*factors));
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
	bool ready = sorted && g && logs && expected && factors && random;
	size_t usable = 0, groups;

	for (size_t i = 0; i < count; i++)
		band[i] = (struct estimate){n, scaling_rate(fit, workers[i]), NAN, NAN};
	for (size_t i = 0; i < n && ready; i++)
		if (samples[i].workers && isfinite(samples[i].rate) && samples[i].rate > 0)
			sorted[usable++] = samples[i];
	if (ready) {
		groups = find_groups(sorted, usable, logs, g);
		for (size_t k = 0; k < groups; k++)
			expected[k] = g[k].workers / scaling_rate(fit, g[k].workers);
		gsl_rng_set(random, SEED);
		if (usable > groups)
			draw_bands(fit, g, groups, expected, workers, band, count, factors, random,
				   usable);
	}
	gsl_rng_free(random);
	free(factors);
	free(expected);
	free(logs);
	free(g);
	free(sorted);
	return ready ? 0 : -1;
}
