// SPDX-License-Identifier: GPL-3.0-or-later
#include "statistics.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

struct estimate estimate_mean(const double *samples, size_t n, double level)
{
	struct estimate e = {.n = n, .value = NAN, .low = NAN, .high = NAN};
	double half;

	if (!n)
		return e;
	e.value = gsl_stats_mean(samples, 1, n);
	if (n < 2)
		return e;
	half = gsl_cdf_tdist_Pinv(1 - (1 - level) / 2, n - 1) * gsl_stats_sd(samples, 1, n) /
	       sqrt(n);
	e.low = e.value - half;
	e.high = e.value + half;
	return e;
}

struct estimate estimate_log_mean(const double *logs, size_t n, double level)
{
	struct estimate e = estimate_mean(logs, n, level);

	e.value = exp(e.value);
	e.low = exp(e.low);
	e.high = exp(e.high);
	return e;
}

struct estimate estimate_median(double *samples, size_t n)
{
	struct estimate e = {.n = n, .value = NAN, .low = NAN, .high = NAN};

	if (!n)
		return e;
	gsl_sort(samples, 1, n);
	e.value = gsl_stats_median_from_sorted_data(samples, 1, n);
	e.low = gsl_stats_quantile_from_sorted_data(samples, 1, n, 0.25);
	e.high = gsl_stats_quantile_from_sorted_data(samples, 1, n, 0.75);
	return e;
}
