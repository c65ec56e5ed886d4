/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Estimates with intervals, and order statistics. Pure functions. docs/METHOD.md
 * says which is used where, and why.
 */
#ifndef PINSCALE_STATISTICS_H
#define PINSCALE_STATISTICS_H

#include <stddef.h>

/* A value with its interval; with fewer than two samples low and high are NAN. */
struct estimate {
	size_t n;
	double value, low, high;
};

/*
 * The mean of n samples with Student's interval at that level (0.95): mean +-
 * t(1 - (1 - level) / 2, n - 1) * s / sqrt(n). value is NAN without samples.
 */
struct estimate estimate_mean(const double *samples, size_t n, double level);

/* The same of samples that are logarithms, given back as exp(): a geometric mean or a ratio. */
struct estimate estimate_log_mean(const double *logs, size_t n, double level);

/* Median and quartiles (low, high), linear between order statistics. Sorts the samples. */
struct estimate estimate_median(double *samples, size_t n);

#endif
