/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our workloads beside their references: fio, and loops that do the least. */
#ifndef PINSCALE_REFERENCE_H
#define PINSCALE_REFERENCE_H

#include <stdio.h>

#include "panel.h"
#include "run.h"

/*
 * A table a panel that has references in the run, of the running kernel: our
 * rate, theirs, and the ratio over pairs of the same repetition.
 */
void reference_print(const struct run *r, const struct panels *panels, FILE *out);

#endif
