// SPDX-License-Identifier: GPL-3.0-or-later
#include "verdict.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>

/* The chance with which 'further' units shall settle a point. */
#define POWER 0.8

struct contrast contrast_paired(const double *differences, size_t n)
{
	struct contrast c = {.n = n, .mean = NAN, .error = NAN, .df = NAN};

	if (n)
		c.mean = gsl_stats_mean(differences, 1, n);
	if (n > 1) {
		c.error = gsl_stats_sd(differences, 1, n) / sqrt(n);
		c.df = n - 1;
	}
	return c;
}

struct contrast contrast_samples(const double *base, size_t nb, const double *new, size_t nn)
{
	struct contrast c = {.n = nb < nn ? nb : nn, .mean = NAN, .error = NAN, .df = NAN};
	double vb, vn;

	if (c.n)
		c.mean = gsl_stats_mean(new, 1, nn) - gsl_stats_mean(base, 1, nb);
	if (c.n < 2)
		return c;
	vb = gsl_stats_variance(base, 1, nb) / nb;
	vn = gsl_stats_variance(new, 1, nn) / nn;
	c.error = sqrt(vb + vn);
	c.df = vb + vn > 0 ? (vb + vn) * (vb + vn) / (vb * vb / (nb - 1) + vn * vn / (nn - 1))
			   : nb + nn - 2;
	return c;
}

struct estimate contrast_ratio(const struct contrast *c, double level)
{
	struct estimate e = {.n = c->n, .value = exp(c->mean), .low = NAN, .high = NAN};

	if (!isnan(c->error)) {
		double half = gsl_cdf_tdist_Pinv(1 - (1 - level) / 2, c->df) * c->error;

		e.low = exp(c->mean - half);
		e.high = exp(c->mean + half);
	}
	return e;
}

/* P(T > x / error) of Student's t; without any spread it is certain. */
static double upper(double x, const struct contrast *c)
{
	if (c->error > 0)
		return gsl_cdf_tdist_Q(x / c->error, c->df);
	return x > 0 ? 0 : x < 0 ? 1 : 0.5;
}

/* Two one-sided tests (Schuirmann 1987): the greater p of the two. */
static double margin_p(const struct contrast *c, double limit)
{
	return upper(limit - fabs(c->mean), c);
}

static int by_p(const void *a, const void *b)
{
	const struct judged *x = *(struct judged *const *)a, *y = *(struct judged *const *)b;

	return (x->p > y->p) - (x->p < y->p);
}

/* Holm (1979): the k-th smallest of m times m - k + 1, and never less than those before it. */
static void adjust(struct judged **sorted, size_t m)
{
	double most = 0;

	qsort(sorted, m, sizeof(*sorted), by_p);
	for (size_t k = 0; k < m; k++) {
		most = fmax(most, fmin(1, sorted[k]->p * (m - k)));
		sorted[k]->adjusted = most;
	}
}

/* The chance to show a distance at that spread of the mean. */
static double power(double distance, double spread, double alpha, double df)
{
	return gsl_cdf_tdist_P(distance / spread - gsl_cdf_tdist_Pinv(1 - alpha, df), df);
}

/* Would n units make it equivalent or different, at the seen mean and spread? */
static bool settled(const struct judged *j, size_t n, const struct verdict_rules *rules,
		    size_t family)
{
	const struct contrast *c = &j->contrast;
	double limit = -log(1 - rules->margin), mean = fabs(c->mean);
	double spread = c->error * sqrt((double)c->n / n);
	double df = c->df * (n - 1) / (c->n - 1);

	/* Equivalence has to be shown on both sides: the chances to miss it add up. */
	double equivalent = power(limit - mean, spread, rules->alpha, df) +
			    power(limit + mean, spread, rules->alpha, df) - 1;

	return equivalent >= POWER || power(mean, spread, rules->alpha / 2 / family, df) >= POWER;
}

/* More units settle more, so the least number is found by halving. */
static size_t further(const struct judged *j, const struct verdict_rules *rules, size_t family)
{
	size_t least = j->contrast.n < rules->least ? rules->least : j->contrast.n + 1;
	size_t low = least, high = j->contrast.n + VERDICT_MOST_FURTHER;

	if (low > high || !settled(j, high, rules, family))
		return 0;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (settled(j, middle, rules, family))
			high = middle;
		else
			low = middle + 1;
	}
	return low - j->contrast.n;
}

void verdict_further(struct judged *family, size_t n, const struct verdict_rules *rules)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		m += family[i].verdict != VERDICT_NONE;
	for (size_t i = 0; i < n; i++)
		if (family[i].verdict == VERDICT_INCONCLUSIVE && family[i].contrast.n > 1)
			family[i].further = further(&family[i], rules, m);
}

static void judge(struct judged *j, const struct verdict_rules *rules)
{
	bool different = j->adjusted < rules->alpha;

	if (j->p_margin < rules->alpha) {
		j->verdict = VERDICT_EQUIVALENT;
		j->real = different;
	} else if (different) {
		j->verdict = j->contrast.mean < 0 ? VERDICT_REGRESSION : VERDICT_IMPROVEMENT;
	} else {
		j->verdict = VERDICT_INCONCLUSIVE;
	}
}

int verdict_family(struct judged *family, size_t n, const struct verdict_rules *rules)
{
	struct judged **tested = calloc(n + 1, sizeof(struct judged *));
	double limit = -log(1 - rules->margin);
	size_t m = 0;

	if (!tested)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct judged *j = &family[i];

		j->p = j->adjusted = j->p_margin = NAN;
		j->real = false;
		j->further = 0;
		if (j->verdict == VERDICT_NONE)
			continue;
		j->verdict = VERDICT_INCONCLUSIVE;
		if (isnan(j->contrast.error))
			continue;
		j->p = fmin(1, 2 * upper(fabs(j->contrast.mean), &j->contrast));
		j->p_margin = margin_p(&j->contrast, limit);
		/* What may not be decided is no test, and weighs on no other. */
		if (j->contrast.n >= rules->least)
			tested[m++] = j;
	}
	adjust(tested, m);
	for (size_t i = 0; i < m; i++)
		judge(tested[i], rules);
	free(tested);
	return 0;
}

enum verdict verdict_worse(enum verdict a, enum verdict b)
{
	return a > b ? a : b;
}

enum verdict verdict_overall(const struct judged *family, size_t n)
{
	enum verdict v = VERDICT_NONE;

	for (size_t i = 0; i < n; i++)
		v = verdict_worse(v, family[i].verdict);
	return v;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_NONE] = "not judged",	       [VERDICT_EQUIVALENT] = "equivalent",
		[VERDICT_IMPROVEMENT] = "improvement", [VERDICT_INCONCLUSIVE] = "inconclusive",
		[VERDICT_REGRESSION] = "regression",
	};

	return names[v];
}

double verdict_first_alpha(double alpha, double share)
{
	return 2 * gsl_cdf_ugaussian_Q(gsl_cdf_ugaussian_Pinv(1 - alpha / 2) / sqrt(share));
}
