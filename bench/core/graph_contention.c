// SPDX-License-Identifier: GPL-3.0-or-later
/* What probes saw of locks, against workers. */
#include <math.h>
#include <string.h>

#include "graph_parts.h"

/* What a probe records of contention: a value an operation, or a share of another of its values. */
struct recorded {
	const char *probe, *value;
	const char *whole; /* NULL: an operation */
	const char *label;
};

/* A later probe adds a line. */
static const struct recorded all_recorded[] = {
	{"tailref", "acquisitions", NULL, "acquisitions an operation"},
	{"tailref", "contended", "acquisitions", "of these, found taken"},
};
#define RECORDED (sizeof(all_recorded) / sizeof(all_recorded[0]))

static struct estimate contention_of(const struct drawing *d, const struct figure *f,
				     const struct comparison_row *row, int side)
{
	const struct side *s = &d->c->sides[side];
	const struct recorded *what = f->of_what;
	struct estimate e = no_estimate();

	if (what->whole) {
		e = run_share(s->run, s->variant, row->points[side], what->probe, what->value,
			      what->whole);
		e.value *= 100;
		e.low *= 100;
		e.high *= 100;
	} else if (run_per_operation(s->run, s->variant, row->points[side], what->probe,
				     what->value, &e.low, &e.high)) {
		e.value = (e.low + e.high) / 2;
	}
	return e;
}

/* Did a side record it at any point? */
static bool is_recorded(const struct drawing *d, const struct figure *f, int side)
{
	for (size_t i = 0; i < d->c->count; i++)
		if (isfinite(contention_of(d, f, &d->c->rows[i], side).value))
			return true;
	return false;
}

/* Who recorded nothing has nothing drawn, and that is no zero. */
static void write_caption(struct drawing *d, const bool recorded[SIDES])
{
	graph_caption(d,
		      "What probes counted in the kernel. Acquisitions: the least and the most an "
		      "operation of any trial; shares: median and quartiles over boots.");
	for (int side = 0; side < SIDES; side++)
		if (!recorded[side])
			graph_caption(
				d,
				"%.60s records no such thing: that nothing is drawn of it does "
				"not mean that nothing is contended there.",
				d->c->sides[side].name);
	if (d->c->emulated)
		graph_caption(d,
			      "The CPUs were emulated: acquisitions are facts, how often a lock is "
			      "found taken is none.");
}

int graph_contention(struct drawing *d, struct error *e)
{
	struct figure figures[RECORDED];
	bool recorded[SIDES] = {false, false};
	char how[256];
	unsigned int n = 0;

	snprintf(d->graph->title, sizeof(d->graph->title), "Contention: what probes counted%s",
		 d->c->emulated ? " (emulated)" : "");
	for (size_t i = 0; i < RECORDED; i++) {
		bool base, new;

		figures[n] = (struct figure){.label = all_recorded[i].label,
					     .suffix = all_recorded[i].whole ? "%" : "",
					     .reference = NAN,
					     .from_zero = true,
					     .apart = !all_recorded[i].whole,
					     .pooled = true,
					     .of_what = &all_recorded[i],
					     .of = contention_of};
		base = is_recorded(d, &figures[n], BASE);
		new = is_recorded(d, &figures[n], NEW);
		recorded[BASE] |= base;
		recorded[NEW] |= new;
		n += base || new;
	}
	if (!n) {
		snprintf(
			d->graph->absent, sizeof(d->graph->absent),
			"no contention: no probe recorded any, which does not mean that there was none");
		return 0;
	}
	write_caption(d, recorded);
	snprintf(
		how, sizeof(how),
		"Ribbons or bars: the least and the most of any trial; of shares, quartiles over boots.%s%.60s%s",
		recorded[BASE] && recorded[NEW] ? "" : " ",
		recorded[BASE] && recorded[NEW] ? ""
						: d->c->sides[recorded[BASE] ? NEW : BASE].name,
		recorded[BASE] && recorded[NEW] ? "" : " records no such thing, which is no zero.");
	return graph_figures(d, figures, n, how, "no contention: nothing was recorded", e);
}
