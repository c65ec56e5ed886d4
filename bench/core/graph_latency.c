// SPDX-License-Identifier: GPL-3.0-or-later
/* How long operations took, where trials recorded it. */
#include <math.h>
#include <stdlib.h>

#include "graph_parts.h"

#include "comparison_parts.h"

/* In the order of a trial's quantiles. */
static const char *const labels[RUN_QUANTILES] = {"p50, microseconds", "p95, microseconds",
						  "p99, microseconds", "p99.9, microseconds"};

/* A trial's, ns; 0: it was not recorded. */
static double quantile_of(const struct run_trial *t, unsigned int quantile)
{
	return t->latency[quantile];
}

/* Median and quartiles over trials: one long stall must not carry them away. */
static struct estimate latency_of(const struct drawing *d, const struct figure *f,
				  const struct comparison_row *row, int side)
{
	const struct side *s = &d->c->sides[side];
	unsigned int quantile = *(const unsigned int *)f->of_what;
	double *values = calloc(row->trials[side] + 1, sizeof(*values));
	struct estimate e = no_estimate();
	size_t n = 0;

	if (!values)
		return e;
	for_each_side_trial(s, row->points[side], t)
	{
		double ns = quantile_of(t, quantile);

		if (ns > 0 && t->stratum == row->stratum && side_counts(s, t))
			values[n++] = ns / 1000;
	}
	if (n)
		e = estimate_median(values, n);
	free(values);
	return e;
}

int graph_latency(struct drawing *d, struct error *e)
{
	unsigned int quantiles[RUN_QUANTILES];
	struct figure figures[RUN_QUANTILES];

	for (unsigned int i = 0; i < RUN_QUANTILES; i++) {
		quantiles[i] = i;
		figures[i] = (struct figure){.label = labels[i],
					     .suffix = "",
					     .reference = NAN,
					     .from_zero = true,
					     .apart = true,
					     .of_what = &quantiles[i],
					     .of = latency_of};
	}
	snprintf(d->graph->title, sizeof(d->graph->title), "Latency of an operation%s",
		 d->c->emulated ? " (emulated)" : "");
	graph_caption(d, "Percentiles of the latencies of all operations of a trial: the median of "
			 "trials, and their quartiles. A latency is at most 1/16 too high.");
	if (d->c->emulated)
		graph_caption(d, "The CPUs were emulated: these times are no facts.");
	return graph_figures(d, figures, RUN_QUANTILES,
			     "Lines and marks: medians over trials. Ribbons or bars: quartiles.",
			     "no latencies: they are recorded with 'latency = yes' in the sweep",
			     e);
}
