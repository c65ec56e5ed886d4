/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run says, in sentences. */
#ifndef PINSCALE_ANSWER_H
#define PINSCALE_ANSWER_H

#include <stdio.h>

#include "panel.h"
#include "run.h"

/* The last lines of a table: what was found. */
void answer_print(const struct run *r, const struct panels *panels, FILE *out);

/* Does the variant count how often its compound lock is taken? */
bool answer_counts_lock(const struct run *r, unsigned int variant);

#endif
