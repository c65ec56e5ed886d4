// SPDX-License-Identifier: GPL-3.0-or-later
/* What is drawn against workers: throughput, ratios, efficiency, fairness. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph_parts.h"

#include "comparison_parts.h"

static void put_title(struct drawing *d, const char *title)
{
	snprintf(d->graph->title, sizeof(d->graph->title), "%s%s", title,
		 d->c->emulated ? " (emulated)" : "");
	if (d->c->emulated)
		graph_caption(d, "The CPUs were emulated: no verdict rests on these rates.");
}

/* Do the sides have boots enough that intervals are over boots? */
static const char *over_what(const struct comparison *c)
{
	return c->boots[BASE] > 1 && c->boots[NEW] > 1 ? "boots" : "trials of the boot";
}

/* The row of that line with so many workers, and the stratum or none; NULL: there is none. */
static const struct comparison_row *row_of(const struct comparison *c, const struct line *line,
					   unsigned int workers)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->rows[i].line == line && c->rows[i].workers == workers)
			return &c->rows[i];
	return NULL;
}

/* --- throughput and its ratio ---------------------------------------------------------------- */

static struct estimate rate_of(const struct drawing *d, const struct figure *f,
			       const struct comparison_row *row, int side)
{
	(void)d;
	(void)f;
	return row->rates[side];
}

int graph_throughput(struct drawing *d, struct error *e)
{
	const struct figure figure = {.label = "operations/s",
				      .suffix = "",
				      .reference = NAN,
				      .from_zero = true,
				      .apart = true,
				      .of = rate_of};
	char how[128];

	put_title(d, "Throughput");
	snprintf(how, sizeof(how), "Ribbons or bars: 95%% intervals over %s.", over_what(d->c));
	graph_caption(
		d,
		"Operations a second of both sides, each on its own, with 95%% intervals over "
		"%s. All graphs have one scale.",
		over_what(d->c));
	return graph_figures(d, &figure, 1, how, "no throughput: no trial counts", e);
}

static struct estimate row_ratio(const struct drawing *d, const struct figure *f,
				 const struct comparison_row *row, int side)
{
	(void)d;
	(void)f;
	(void)side;
	return row->ratio;
}

static bool workers_vary(const struct comparison *c)
{
	for (size_t i = 1; i < c->count; i++)
		if (c->rows[i].line == c->rows[i - 1].line &&
		    c->rows[i].workers != c->rows[i - 1].workers)
			return true;
	return false;
}

int graph_ratio(struct drawing *d, struct error *e)
{
	const struct figure figure = {.label = "new / base",
				      .suffix = "",
				      .reference = 1,
				      .new_only = true,
				      .margin = true,
				      .of = row_ratio};
	char how[128];

	put_title(d, "New against base, at each number of workers");
	if (!workers_vary(d->c)) {
		snprintf(d->graph->absent, sizeof(d->graph->absent),
			 "no ratio against workers: there is one number of workers, and the forest "
			 "plot has all ratios");
		return 0;
	}
	snprintf(how, sizeof(how), "Ribbons: 95%% intervals. Grey band: the margin of %g%%.",
		 100 * d->c->margin);
	graph_caption(
		d,
		"The ratio of operations/s, new to base, with 95%% intervals; below 1 the new "
		"side is slower. The grey band is the margin of %g%%. All graphs have one scale.",
		100 * d->c->margin);
	return graph_figures(d, &figure, 1, how, "no ratio: no point has trials of both sides", e);
}

/* --- sharing --------------------------------------------------------------------------------- */

static struct estimate sharing_of(const struct drawing *d, const struct figure *f,
				  const struct comparison_row *row, int side)
{
	const struct side *s = &d->c->sides[side];
	const struct comparison_row *base = NULL;

	(void)f;
	if (row->line->base >= 0)
		base = row_of(d->c, &row->panel->lines[row->line->base], row->workers);
	if (!base)
		return no_estimate();
	return run_point_ratio(s->run, s->variant, row->points[side], base->points[side],
			       row->stratum);
}

int graph_sharing(struct drawing *d, struct error *e)
{
	const struct figure figure = {.label = "rate / that of private pages",
				      .suffix = "",
				      .reference = 1,
				      .of = sharing_of};

	put_title(d, "What sharing a page costs");
	if (!strcmp(d->c->sides[BASE].axis, "sharing")) {
		snprintf(d->graph->absent, sizeof(d->graph->absent),
			 "no graph of sharing: the comparison itself is of it");
		return 0;
	}
	graph_caption(d,
		      "The rate with shared pages over that with private ones, of each side alone. "
		      "95%% intervals over pairs of trials of one boot and repetition: they "
		      "hold within these boots.");
	return graph_figures(
		d, &figure, 1,
		"Ribbons or bars: 95% intervals over pairs of trials, within these boots.",
		"no graph of sharing: the sides do not have both private pages and others", e);
}

/* --- efficiency --------------------------------------------------------------------------------
 */

/* A mean logarithm of rates, and the boot or round that it is of. */
struct unit {
	uint64_t name;
	double mean;
};

/* Those of a point's trials in a stratum (STRATA: in any), ascending. How many. */
static size_t units_of(const struct side *s, unsigned int point, enum stratum stratum, bool boots,
		       struct unit *units)
{
	unsigned int of_unit = 0;
	size_t n = 0;

	for_each_side_trial(s, point, t)
	{
		uint64_t name = boots ? t->boot : (uint64_t)t->boot << 32 | t->repetition;

		if (!side_counts(s, t) || (stratum != STRATA && t->stratum != stratum))
			continue;
		if (!n || units[n - 1].name != name) {
			units[n++] = (struct unit){.name = name};
			of_unit = 0;
		}
		units[n - 1].mean += (log(t->rate) - units[n - 1].mean) / ++of_unit;
	}
	return n;
}

/* Of what both have: the logarithm of a's rate, of so many workers, over that of as many b. */
static struct estimate per_worker(const struct unit *a, size_t a_count, const struct unit *b,
				  size_t b_count, unsigned int workers, double *logs)
{
	size_t n = 0;

	for (size_t i = 0, k = 0; i < a_count; i++) {
		while (k < b_count && b[k].name < a[i].name)
			k++;
		if (k < b_count && b[k].name == a[i].name)
			logs[n++] = a[i].mean - b[k].mean - log(workers);
	}
	return estimate_log_mean(logs, n, RUN_LEVEL);
}

static struct estimate efficiency(const struct comparison *c, const struct comparison_row *row,
				  const struct comparison_row *one, int side)
{
	const struct side *s = &c->sides[side];
	size_t most = s->run->points[row->points[side]].trials;
	size_t most_one = s->run->points[one->points[side]].trials;
	struct unit *units = calloc(most + most_one + 1, sizeof(*units));
	double *logs = calloc(most + 1, sizeof(*logs));
	struct estimate e = no_estimate();
	bool boots = c->boots[side] > 1;

	if (units && logs) {
		size_t n = units_of(s, row->points[side], row->stratum, boots, units);
		size_t n_one = units_of(s, one->points[side], STRATA, boots, units + most);

		e = per_worker(units, n, units + most, n_one, row->workers, logs);
	}
	free(units);
	free(logs);
	return e;
}

static struct estimate efficiency_of(const struct drawing *d, const struct figure *f,
				     const struct comparison_row *row, int side)
{
	const struct comparison_row *one = row_of(d->c, row->line, 1);

	(void)f;
	/* One worker's is 1 by what it is; it shows only where there are others. */
	if (row->workers == 1 && workers_vary(d->c))
		return (struct estimate){.n = 1, .value = 1, .low = 1, .high = 1};
	return one && row->workers > 1 ? efficiency(d->c, row, one, side) : no_estimate();
}

static bool one_worker(const struct comparison *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->rows[i].workers == 1)
			return true;
	return false;
}

int graph_efficiency(struct drawing *d, struct error *e)
{
	const struct figure figure = {.label = "rate a worker / one worker's",
				      .suffix = "",
				      .reference = 1,
				      .from_zero = true,
				      .of = efficiency_of};
	char how[128];

	put_title(d, "Efficiency: the rate a worker");
	if (!one_worker(d->c) || !workers_vary(d->c)) {
		snprintf(d->graph->absent, sizeof(d->graph->absent), "no efficiency: %s",
			 one_worker(d->c) ? "there is one worker only"
					  : "nothing was measured with one worker");
		return 0;
	}
	snprintf(how, sizeof(how),
		 "1: workers are in nobody's way. Ribbons: 95%% intervals over %s.",
		 over_what(d->c));
	graph_caption(d,
		      "The rate a worker over the rate of one worker alone, of each side: at 1 "
		      "workers are in nobody's way. 95%% intervals over %s.",
		      over_what(d->c));
	return graph_figures(d, &figure, 1, how, "no efficiency: no trial counts", e);
}

/* --- fairness ----------------------------------------------------------------------------------
 */

static struct estimate fairness_of(const struct drawing *d, const struct figure *f,
				   const struct comparison_row *row, int side)
{
	const struct side *s = &d->c->sides[side];

	(void)f;
	return run_fairness(s->run, s->variant, row->points[side], row->stratum);
}

int graph_fairness(struct drawing *d, struct error *e)
{
	const struct figure figure = {.label = "slowest / mean worker",
				      .suffix = "",
				      .reference = 1,
				      .from_zero = true,
				      .of = fairness_of};

	put_title(d, "Fairness: the slowest worker against the mean");
	graph_caption(d,
		      "The operations of the slowest worker as a share of the mean worker's: at 1 "
		      "all did as many. 95%% intervals over trials.");
	return graph_figures(
		d, &figure, 1,
		"1: all workers did as much. Ribbons or bars: 95% intervals over trials.",
		"no fairness: no trial had more than one worker", e);
}
