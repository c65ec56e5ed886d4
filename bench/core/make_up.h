/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rounds that are measured again because the rules (analysis/rules.h) left trials of them
 * out. Whether a trial is left out depends on who else used the CPUs and on where they
 * were, never on its rate, so that what is made up for is no choice among results.
 */
#ifndef PINSCALE_MAKE_UP_H
#define PINSCALE_MAKE_UP_H

#include "include/error.h"
#include "sweep.h"

/* Further repetitions of a sweep, at most: half as many as were planned. */
unsigned int make_up_most(const struct sweep *s);

/*
 * Sets needed[i] of each point of the sweep: have it and those that it is compared with, in
 * the boot of the run in that directory, fewer whole rounds than were planned? How many
 * are needed, or -1 with the error set.
 */
int make_up_points(const struct sweep *s, const char *directory, unsigned int boot, bool *needed,
		   struct error *e);

#endif
