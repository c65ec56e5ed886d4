/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is missing from a run, excluded or wrong. */
#ifndef PINSCALE_FAULTS_H
#define PINSCALE_FAULTS_H

#include <stdio.h>

#include "run.h"

/*
 * A line each. True if something is wrong: a trial failed, something was not
 * given back, the kernel complained, or there are no trials.
 */
bool faults_print(const struct run *r, FILE *out);

#endif
