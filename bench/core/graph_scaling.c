// SPDX-License-Identifier: GPL-3.0-or-later
/* Laws of scaling: what was measured, the curves through it, and how far off them it is. */
#include <math.h>
#include <stdlib.h>

#include "graph_scaling.h"

/* A line that has laws, from laws[first] on. */
struct candidate {
	size_t first;
	double difference; /* the largest of a row, of logarithms */
};

static double difference_of(const struct comparison *c, const struct line *line)
{
	double most = 0;

	for (size_t i = 0; i < c->count; i++)
		if (c->rows[i].line == line)
			most = fmax(most, fabs(c->family[i].contrast.mean));
	return most;
}

/* The largest differences first. */
static int by_difference(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->difference < y->difference) - (x->difference > y->difference);
}

static int by_place(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Lines with a law that could be fitted; laws of one line are in a row. How many. */
static size_t find_candidates(const struct comparison *c, struct scaling_graph *g,
			      struct candidate *list)
{
	const struct line *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < g->count; i++) {
		g->not_fitted += !g->laws[i].fitted;
		if (!g->laws[i].fitted || g->laws[i].line == last)
			continue;
		last = g->laws[i].line;
		list[n++] = (struct candidate){i, difference_of(c, last)};
	}
	return n;
}

/* 0, or -1 without memory. */
static int choose_lines(const struct comparison *c, struct scaling_graph *g)
{
	struct candidate *list = calloc(g->count + 1, sizeof(*list));
	size_t n;

	if (!list)
		return -1;
	n = find_candidates(c, g, list);
	if (n > LAW_LINES) {
		g->left_out = n - LAW_LINES;
		qsort(list, n, sizeof(*list), by_difference);
		n = LAW_LINES;
		qsort(list, n, sizeof(*list), by_place);
	}
	for (g->line_count = 0; g->line_count < n; g->line_count++) {
		size_t first = list[g->line_count].first;

		for (size_t i = first; i < g->count && g->laws[i].line == g->laws[first].line; i++)
			if (g->laws[i].fitted)
				g->lines[g->line_count].law[g->laws[i].side][g->laws[i].model] =
					&g->laws[i];
	}
	free(list);
	return 0;
}

#define for_each_law(g, law)                                                                       \
	for (unsigned int l_ = 0; l_ < (g)->line_count; l_++)                                      \
		for (unsigned int n_ = 0; n_ < SIDES * SCALING_MODELS; n_++)                       \
			for (const struct scaling_law *(law) =                                     \
				     (g)->lines[l_].law[n_ / SCALING_MODELS][n_ % SCALING_MODELS]; \
			     (law); (law) = NULL)

/* None, and a round number on either side of it. */
static void residual_tics(struct drawing *d, int scale, const struct scale *s)
{
	double step = pow(10, floor(log10(0.95 * s->high)));
	char label[32];

	step *= 0.95 * s->high >= 5 * step ? 5 : 0.95 * s->high >= 2 * step ? 2 : 1;
	for (int i = -1; i <= 1; i++) {
		/* gnuplot takes a label for a format. */
		snprintf(label, sizeof(label), "%g%%%%", i * step);
		page_tic(&d->page, scale, i * step, label);
	}
}

/* Workers and residuals have one scale for all lines. */
static void find_scales(struct drawing *d, struct scaling_graph *g)
{
	struct range offs = {NAN, NAN};
	struct scale residuals;

	g->least = ~0u;
	for_each_law(g, law) for (size_t i = 0; i < d->c->count; i++)
	{
		const struct comparison_row *row = &d->c->rows[i];

		if (!law_measured(row, law))
			continue;
		range_add(&offs, fabs(law_residual(row, law)));
		g->least = row->workers < g->least ? row->workers : g->least;
		g->most = row->workers > g->most ? row->workers : g->most;
	}
	residuals = (struct scale){.low = -1.2 * offs.high - 0.1, .high = 1.2 * offs.high + 0.1};
	g->x_scale = workers_scale(&d->page, g->least, g->most, LAW_BEYOND);
	g->residual_scale = page_scale(&d->page, &residuals);
	residual_tics(d, g->residual_scale, &residuals);
}

/* A line's, for both sides. */
static int rate_scale(struct drawing *d, const struct line_laws *line)
{
	static const struct figure figure = {.from_zero = true, .reference = NAN};
	struct range rates = {NAN, NAN};
	struct scale s;
	int scale;

	for (int n = 0; n < SIDES * SCALING_MODELS; n++) {
		const struct scaling_law *law = line->law[n / SCALING_MODELS][n % SCALING_MODELS];

		for (size_t i = 0; i < d->c->count && law; i++)
			if (law_measured(&d->c->rows[i], law))
				range_add(&rates, d->c->rows[i].rates[law->side].value);
		if (law)
			range_add(&rates,
				  scaling_rate(&law->fit, LAW_BEYOND * law->fit.most_workers));
	}
	s = figure_scale(d, &figure, rates, rates);
	scale = page_scale(&d->page, &s);
	page_tics(&d->page, scale, &s, 5, "");
	return scale;
}

static void label_line(struct drawing *d, unsigned int y)
{
	page_text(&d->page, 14, y + LAW_HEAD + LAW_HEIGHT / 2, TEXT_PLAIN, ALIGN_UPRIGHT,
		  "operations/s");
	page_text(&d->page, 14, y + LAW_HEAD + LAW_HEIGHT + 10 + LAW_RESIDUALS / 2, TEXT_PLAIN,
		  ALIGN_UPRIGHT, "residuals");
}

static unsigned int scaling_legend(struct drawing *d, unsigned int y)
{
	static const struct scaling_law laws[] = {{.side = BASE, .model = SCALING_USL},
						  {.side = NEW, .model = SCALING_USL},
						  {.side = BASE, .model = SCALING_AMDAHL}};
	struct legend_entry entries[3];
	char texts[2][200];

	for (int i = 0; i < 3; i++) {
		entries[i].stroke = law_stroke(&laws[i], false);
		if (i < 2)
			snprintf(texts[i], sizeof(texts[i]), "%s: %s, and its USL",
				 i == BASE ? "base" : "new", d->c->sides[i].name);
		entries[i].text = i < 2 ? texts[i] : "Amdahl (residuals: crosses)";
	}
	entries[0].stroke.mark = side_stroke(BASE, STRATUM_NEAR, false).mark;
	entries[1].stroke.mark = side_stroke(NEW, STRATUM_NEAR, false).mark;
	return graph_legend(&d->page, y, entries, 3);
}

static void write_caption(struct drawing *d, const struct scaling_graph *g)
{
	graph_caption(
		d, "Rates, and Amdahl's law and the Universal Scalability Law fitted to them; "
		   "below, how far the rates are off each curve. Bands: 95%% from a bootstrap "
		   "over trials: they hold within these boots and tell nothing of others. In the "
		   "grey, beyond the most workers measured, a curve is no measurement.");
	if (g->left_out)
		graph_caption(
			d,
			"Of %zu kinds of buffers the %u with the largest differences are drawn; "
			"the other %zu are in the table.",
			g->line_count + g->left_out, g->line_count, g->left_out);
	if (g->not_fitted)
		graph_caption(d, "%zu of %zu fits did not converge and are not drawn.",
			      g->not_fitted, g->count);
}

static int draw_laws(struct drawing *d, struct scaling_graph *g, struct error *e)
{
	unsigned int y;

	page_begin(&d->page, d->graph->name, LAW_LEFT + 2 * LAW_WIDTH + LAW_GAP + LAW_RIGHT);
	find_scales(d, g);
	y = graph_head(
		d,
		"Bands: 95% bootstrap over trials, within these boots. Grey: beyond the workers "
		"measured.",
		g->left_out);
	y = scaling_legend(d, y) - 8;
	for (unsigned int i = 0; i < g->line_count; i++, y += LAW_PITCH) {
		int scale = rate_scale(d, &g->lines[i]);

		label_line(d, y);
		for (int side = BASE; side < SIDES; side++)
			if (law_side(d, g, &g->lines[i], side, scale, y))
				return fail(e, "No memory for the graph of scaling.");
	}
	for (int side = BASE; side < SIDES; side++)
		page_text(&d->page, LAW_LEFT + side * (LAW_WIDTH + LAW_GAP) + LAW_WIDTH / 2, y + 3,
			  TEXT_PLAIN, ALIGN_CENTRE, "workers");
	write_caption(d, g);
	d->graph->drawn = true;
	return page_write(&d->page, y + 18, d->directory, e);
}

static void say_absent(struct drawing *d, const struct scaling_graph *g)
{
	unsigned int most = scaling_most_workers(d->c);
	char *absent = d->graph->absent;

	if (d->c->emulated)
		snprintf(
			absent, sizeof(d->graph->absent),
			"no scaling law: the CPUs were emulated, and rates from there are no facts");
	else if (most < SCALING_LEAST)
		snprintf(absent, sizeof(d->graph->absent),
			 "no scaling law: %u number%s of workers, %d are needed", most,
			 most == 1 ? "" : "s", SCALING_LEAST);
	else
		snprintf(absent, sizeof(d->graph->absent), "no scaling law: %.230s",
			 g->count ? g->laws[0].why : "no line has rates enough");
}

int graph_scaling(struct drawing *d, struct error *e)
{
	struct scaling_graph g = {0};
	int rc = scaling_laws_of(d->c, &g.laws, &g.count, e);

	snprintf(d->graph->title, sizeof(d->graph->title), "Laws of scaling");
	if (!rc) {
		if (choose_lines(d->c, &g))
			rc = fail(e, "No memory for the graph of scaling.");
		else if (g.line_count)
			rc = draw_laws(d, &g, e);
		else
			say_absent(d, &g);
	}
	free(g.laws);
	return rc;
}
