/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the calibration share with each other: a made-up family. */
#ifndef PINSCALE_CALIBRATION_PARTS_H
#define PINSCALE_CALIBRATION_PARTS_H

#include <gsl/gsl_rng.h>

#include "analysis/rules.h"
#include "calibration.h"
#include "schedule.h"

/* Of a family. */
#define CALIBRATION_POINTS 8
#define CALIBRATION_REPETITIONS 5

struct drawn_trial {
	double logarithm; /* of its rate, without the kernel's effect */
	enum stratum stratum;
};

/* All trials of a boot. */
struct drawn_boot {
	struct drawn_trial trials[CALIBRATION_REPETITIONS][CALIBRATION_POINTS];
};

/* Draws the trials of so many boots, which run in that order; variant 0 is the base. */
void calibration_draw(const struct calibration_cell *c, const struct slot *order,
		      unsigned int slots, gsl_rng *random, struct drawn_boot *boots);

#endif
