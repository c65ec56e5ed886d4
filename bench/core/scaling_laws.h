/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Laws of scaling (analysis/scaling.h) fitted to each side of a comparison. */
#ifndef PINSCALE_SCALING_LAWS_H
#define PINSCALE_SCALING_LAWS_H

#include "analysis/scaling.h"
#include "comparison.h"

/* Resamples that intervals and bands rest on. */
#define SCALING_RESAMPLES 200

struct scaling_law {
	const struct panel *panel;
	const struct line *line;
	int side;
	enum stratum
		stratum; /* of trials with several workers; the one with most numbers of them */
	enum scaling_model model;
	struct scaling_fit fit;
	bool fitted;
	char why[256]; /* why not, when it is not fitted */
};

/*
 * Those of every line with numbers of workers enough, or nearly: in the order of the comparison's
 * lines, of each both sides, of each both models. From usable trials, those of one
 * worker and of one stratum. None when rates are emulated. list is to be freed. 0 or -1.
 */
int scaling_laws_of(const struct comparison *c, struct scaling_law **list, size_t *count,
		    struct error *e);

/* The trials that it is fitted to. How many, or -1 without memory; to be freed. */
long scaling_law_samples(const struct comparison *c, const struct scaling_law *law,
			 struct scaling_sample **samples);

/* The most numbers of workers of a line that both sides have, of the whole comparison. */
unsigned int scaling_most_workers(const struct comparison *c);

/*
 * The 95% band of a fitted curve at so many numbers of workers, from a bootstrap over the
 * trials within each number of workers. Refits are linear about the curve, in
 * 1 / lambda, sigma / lambda and kappa / lambda, as N / X(N) is. NAN where no number
 * of workers has more than one trial. 0, or -1 without memory.
 */
int scaling_band(const struct scaling_fit *fit, const struct scaling_sample *samples, size_t n,
		 const double *workers, struct estimate *band, size_t count);

#endif
