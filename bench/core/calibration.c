// SPDX-License-Identifier: GPL-3.0-or-later
/* Rates with limits, seeds, names. */
#include "calibration.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

/*
 * What a journal must have for promises. With differences that are all normal, and
 * 10000 families, hardly any journal of these breaks one; of 6 rounds 27 of 100 do, of 4
 * boots a side a quarter.
 */
#define LEAST_ROUNDS 16
#define LEAST_OF_ROUNDS 10 /* that a family has */
#define LEAST_BOOTS 12
#define LEAST_BOOTS_A_SIDE 6

static const char *const names[SHAPES] = {
	[SHAPE_PLAIN] = "plain", [SHAPE_MODE] = "mode",	  [SHAPE_UNBALANCED] = "unbalanced",
	[SHAPE_DRIFT] = "drift", [SHAPE_TAILS] = "tails", [SHAPE_BOTH] = "both",
};

const char *calibration_shape_name(enum calibration_shape s)
{
	return names[s];
}

/*
 * Where the beta distribution reaches p. By halving: of GSL 2.7 gsl_cdf_beta_Pinv()
 * fails to converge at one in ten of the values that are asked for here.
 */
static double beta_quantile(double p, double a, double b)
{
	double low = 0, high = 1;

	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (gsl_cdf_beta_P(middle, a, b) < p)
			low = middle;
		else
			high = middle;
	}
	return high;
}

struct calibration_rate calibration_share(unsigned long k, unsigned long n, double level)
{
	struct calibration_rate r = {NAN, NAN, NAN};

	if (!n)
		return r;
	r.value = (double)k / n;
	r.low = k ? beta_quantile(1 - level, k, n - k + 1) : 0;
	r.high = k < n ? beta_quantile(level, k + 1, n - k) : 1;
	return r;
}

struct calibration_rate calibration_not_covered(const struct calibration_tally *t)
{
	struct calibration_rate r = {NAN, NAN, NAN};
	double n = t->with_intervals, variance, half;

	if (n < 2)
		return r;
	r.value = t->missed / n;
	variance = fmax(0, t->missed_squares - t->missed * r.value) / (n - 1);
	half = gsl_cdf_ugaussian_Pinv(CALIBRATION_LEVEL) * sqrt(variance / n);
	r.low = fmax(0, r.value - half);
	r.high = fmin(1, r.value + half);
	return r;
}

bool calibration_has_power(const struct calibration_cell *c)
{
	return !c->journal && c->shape == SHAPE_PLAIN && c->boots == 6 && !c->extension &&
	       c->sd == 0.01;
}

/* A step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
static uint64_t mix(uint64_t state, uint64_t with)
{
	state = (state ^ with) + 0x9e3779b97f4a7c15;
	state = (state ^ state >> 30) * 0xbf58476d1ce4e5b9;
	state = (state ^ state >> 27) * 0x94d049bb133111eb;
	return state ^ state >> 31;
}

unsigned long calibration_seed(const struct calibration_cell *c, uint64_t seed, unsigned int block)
{
	uint64_t state = mix(seed, c->journal ? SHAPES : c->shape);

	state = mix(state, (uint64_t)c->boots << 32 | c->extension);
	state = mix(state, llround(c->sd * 1e9));
	return mix(state, block) & 0xffffffff; /* GSL takes no more of it */
}

bool calibration_is_promised(const struct calibration_cell *c)
{
	const struct calibration_journal *j = c->journal;

	if (!j)
		return true;
	return j->pairs ? j->units >= LEAST_BOOTS && c->boots >= LEAST_BOOTS_A_SIDE
			: j->units >= LEAST_ROUNDS && c->boots >= LEAST_OF_ROUNDS;
}

const char *calibration_cell_name(const struct calibration_cell *c, char *text, size_t size)
{
	if (c->journal)
		snprintf(text, size, "%s, %u%s of %zu %s", c->journal->name, c->boots,
			 c->journal->pairs ? " a side" : "", c->journal->units, c->journal->unit);
	else if (c->extension)
		snprintf(text, size, "%s, %u+%u boots, sd %g%%", names[c->shape], c->boots,
			 c->extension, 100 * c->sd);
	else
		snprintf(text, size, "%s, %u boots, sd %g%%", names[c->shape], c->boots,
			 100 * c->sd);
	return text;
}
