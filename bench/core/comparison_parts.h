/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the comparison share with each other. */
#ifndef PINSCALE_COMPARISON_PARTS_H
#define PINSCALE_COMPARISON_PARTS_H

#include "comparison.h"

/* Is the trial the side's, and does its rate count? */
static inline bool side_counts(const struct side *s, const struct run_trial *t)
{
	const struct run_boot *boot = &s->run->boots[t->boot];

	return boot->counts && boot->variant == s->variant && !t->excluded;
}

#define for_each_side_trial(side, point, t)                                        \
	for (const struct run_trial *(t) =                                         \
		     (side)->run->trials + (side)->run->points[point].first_trial; \
	     (t) < (side)->run->trials + (side)->run->points[point].first_trial +  \
			   (side)->run->points[point].trials;                      \
	     (t)++)

/* Rates, intervals within boots, further units: what verdicts do not need. */
void comparison_describe(struct comparison *c);

/* What was left out of each side, and the warnings. */
void comparison_warn(struct comparison *c);

#endif
