// SPDX-License-Identifier: GPL-3.0-or-later
/* What the trials of a made-up family say. calibration.h describes the world. */
#include <math.h>

#include <gsl/gsl_randist.h>

#include "calibration_parts.h"

#define USUAL_RATE 1e6 /* operations/s */
#define TRIAL_SD 0.01  /* of a trial's own noise */
#define SLOW 0.75      /* what is left of the rate, in a slow mode or far apart */
#define MODE_CHANCE 0.5
#define CORRELATION 0.9 /* of the drift, from a boot to the next */
#define TAILS_DF 3	/* of Student's t */
#define STALL_CHANCE 0.02
#define STALLED 0.5	 /* what is left of a stalled trial's rate */
#define WHOLE_CHANCE 0.5 /* that a boot is wholly near or far */
#define EPISODE 10	 /* trials: 1 / EPISODE is the sum of both chances to change */

/* Of the time of each variant the CPUs are far. */
static const double far_share[] = {0.3, 0.7};

static bool has_tails(const struct calibration_cell *c)
{
	return c->shape == SHAPE_TAILS || c->shape == SHAPE_BOTH;
}

static bool drifts(const struct calibration_cell *c)
{
	return c->shape == SHAPE_DRIFT || c->shape == SHAPE_BOTH;
}

static bool happens(gsl_rng *random, double chance)
{
	return gsl_rng_uniform(random) < chance;
}

static double gaussian(gsl_rng *random, double sd)
{
	return gsl_ran_gaussian_ziggurat(random, sd);
}

/* An effect of a boot, of that standard deviation. */
static double boot_effect(const struct calibration_cell *c, gsl_rng *random, double sd)
{
	if (!has_tails(c))
		return gaussian(random, sd);
	return gsl_ran_tdist(random, TAILS_DF) * sd / sqrt(TAILS_DF / (TAILS_DF - 2.0));
}

/* The drift at the next boot; it is stationary from the first. */
static double next_drift(const struct calibration_cell *c, gsl_rng *random, bool first, double last)
{
	if (!drifts(c))
		return 0;
	if (first)
		return gaussian(random, c->sd);
	return CORRELATION * last + gaussian(random, c->sd * sqrt(1 - CORRELATION * CORRELATION));
}

static void draw_rates(const struct calibration_cell *c, gsl_rng *random, double common,
		       struct drawn_boot *b)
{
	double own[CALIBRATION_POINTS];

	for (int p = 0; p < CALIBRATION_POINTS; p++)
		own[p] = boot_effect(c, random, c->sd * sqrt(0.5));
	for (int r = 0; r < CALIBRATION_REPETITIONS; r++)
		for (int p = 0; p < CALIBRATION_POINTS; p++) {
			double noise = gaussian(random, TRIAL_SD);

			if (has_tails(c) && happens(random, STALL_CHANCE))
				noise += log(STALLED);
			b->trials[r][p] = (struct drawn_trial){
				.logarithm = log(USUAL_RATE) + common + own[p] + noise,
				.stratum = STRATUM_NEAR,
			};
		}
}

/* A trial with the CPUs so before and after. In between both may have been the case. */
static void place_trial(struct drawn_trial *t, bool before, bool after)
{
	if (before != after)
		t->stratum = STRATUM_MOVED;
	else
		t->stratum = before ? STRATUM_FAR : STRATUM_NEAR;
	t->logarithm += log(SLOW) * (before + after) / 2;
}

/* Near and far in the boot's time: every second repetition goes backwards, as in real runs. */
static void draw_strata(gsl_rng *random, double share, struct drawn_boot *b)
{
	bool whole = happens(random, WHOLE_CHANCE), is_far = happens(random, share);

	for (int r = 0; r < CALIBRATION_REPETITIONS; r++)
		for (int i = 0; i < CALIBRATION_POINTS; i++) {
			int p = r % 2 ? CALIBRATION_POINTS - 1 - i : i;
			bool before = is_far;

			if (!whole && happens(random, (is_far ? 1 - share : share) / EPISODE))
				is_far = !is_far;
			place_trial(&b->trials[r][p], before, is_far);
		}
}

void calibration_draw(const struct calibration_cell *c, const struct slot *order,
		      unsigned int slots, gsl_rng *random, struct drawn_boot *boots)
{
	double drift = 0;

	for (unsigned int s = 0; s < slots; s++) {
		double common = boot_effect(c, random, c->sd * sqrt(0.5));

		drift = next_drift(c, random, !s, drift);
		common += drift;
		if (c->shape == SHAPE_MODE && happens(random, MODE_CHANCE))
			common += log(SLOW);
		draw_rates(c, random, common, &boots[s]);
		if (c->shape == SHAPE_UNBALANCED)
			draw_strata(random, far_share[order[s].variant], &boots[s]);
	}
}
