// SPDX-License-Identifier: GPL-3.0-or-later
/* The forest plot: the ratio of every row with its interval, its verdict, and the mean of all. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph_parts.h"

#include "format.h"

#define RATIO_WIDTH 164 /* of the column of ratios as text, pixels */
#define DIAMOND 6	/* half its height */

/* Shape and colour each tell the verdict. A tie is never coloured as a win. */
static const struct {
	enum verdict verdict;
	const char *name;
	struct stroke stroke;
} looks[] = {
	{VERDICT_REGRESSION,
	 "regression",
	 {.colour = COLOUR_VERMILION, .dash = 1, .width = 1.6, .mark = MARK_DOWN, .size = 1.05}},
	{VERDICT_IMPROVEMENT,
	 "improvement",
	 {.colour = COLOUR_GREEN, .dash = 1, .width = 1.6, .mark = MARK_UP, .size = 1.05}},
	{VERDICT_EQUIVALENT,
	 "equivalent",
	 {.colour = COLOUR_BLACK, .dash = 1, .width = 1.6, .mark = MARK_CIRCLE, .size = 0.75}},
	{VERDICT_INCONCLUSIVE,
	 "inconclusive",
	 {.colour = COLOUR_PURPLE,
	  .dash = 1,
	  .width = 1.3,
	  .mark = MARK_OPEN_SQUARE,
	  .size = 0.75}},
	{VERDICT_NONE,
	 "not judged",
	 {.colour = COLOUR_GREY, .dash = 1, .width = 1, .mark = MARK_CROSS, .size = 0.75}},
};
#define LOOKS (sizeof(looks) / sizeof(looks[0]))

static unsigned int forest_legend(struct drawing *d, unsigned int y)
{
	struct legend_entry entries[LOOKS];
	unsigned int n = 0;

	for (size_t k = 0; k < LOOKS; k++) {
		bool any = false;

		for (size_t i = 0; i < d->c->count; i++)
			any |= d->c->family[i].verdict == looks[k].verdict;
		if (any)
			entries[n++] = (struct legend_entry){looks[k].name, looks[k].stroke};
	}
	return graph_legend(&d->page, y, entries, n);
}

/* What the scale must hold: of rows without verdict only where there are no others. */
static struct scale forest_scale(const struct drawing *d, const struct row_places *places)
{
	struct range values = {NAN, NAN}, intervals = {NAN, NAN};
	const struct comparison *c = d->c;

	for (size_t i = 0; i < c->count; i++)
		if (places->y[i] && row_drawn(c, i))
			range_add(&values, c->rows[i].ratio.value);
	for (size_t i = 0; i < c->count; i++)
		if (places->y[i] && row_drawn(c, i))
			range_add_interval(&intervals, &values, &c->rows[i].ratio);
	return ratio_scale(d, values, intervals);
}

static double clamped(double x, const struct scale *s)
{
	return x < s->low ? s->low : x > s->high ? s->high : x;
}

/*
 * All rows, in their order: y (none: not drawn), ratio, low, high, verdict, workers,
 * stratum. What is beyond the scale is not cut off here: the numbers are whole.
 */
static int forest_block(struct drawing *d, const struct row_places *places)
{
	const struct comparison *c = d->c;
	int block = page_block(&d->page, "rows: y, new/base, low, high, verdict, workers, stratum "
					 "(1 near, 2 far), verdict and row");

	for (size_t i = 0; i < c->count; i++) {
		const struct comparison_row *row = &c->rows[i];
		char *name = comparison_row_name(c, i);

		page_row(&d->page, 7,
			 (double[]){places->y[i] ? places->y[i] : NAN, row->ratio.value,
				    row->ratio.low, row->ratio.high, c->family[i].verdict,
				    row->workers, row->stratum},
			 "%s: %s",
			 c->family[i].verdict == VERDICT_NONE ? "not judged"
							      : verdict_name(c->family[i].verdict),
			 name ? name : "?");
		free(name);
	}
	return block;
}

/* Arrows where an interval, or a value, goes on beyond the scale. */
static void forest_beyond(struct drawing *d, int area, const struct row_places *places,
			  const struct scale *s)
{
	static const struct stroke stroke = {.colour = COLOUR_GREY, .dash = 1, .width = 1};
	double step = pow(s->high / s->low, 0.03);
	bool any = false;
	int block = 0;

	for (size_t i = 0; i < d->c->count; i++) {
		const struct estimate *e = &d->c->rows[i].ratio;
		bool low = fmin(e->low, e->value)<s->low, high = fmax(e->high, e->value)> s->high;

		if (!places->y[i] || (!low && !high))
			continue;
		if (!any)
			block = page_block(&d->page, "beyond the scale: x, y, length");
		any = true;
		if (low)
			page_numbers(
				&d->page, 3,
				(double[]){s->low * step, places->y[i], s->low - s->low * step});
		if (high)
			page_numbers(
				&d->page, 3,
				(double[]){s->high / step, places->y[i], s->high - s->high / step});
	}
	if (any)
		page_element(&d->page, area, block, ELEMENT_ARROWS, -1, &stroke);
}

static void write_ratio(struct drawing *d, const struct estimate *e, unsigned int x, unsigned int y,
			enum text_style style)
{
	char text[1024];

	format_ratio(e, text, sizeof(text));
	page_text(&d->page, x, y, style, ALIGN_LEFT, "%s",
		  text_cut(text, d->page.width - x - 4, style));
}

static void write_ratios(struct drawing *d, const struct row_places *places, unsigned int x)
{
	for (size_t i = 0; i < d->c->count; i++)
		if (places->y[i])
			write_ratio(d, &d->c->rows[i].ratio, x, places->y[i], TEXT_PLAIN);
}

/* Near and far have a mean each; where nothing is told apart, all have one. */
static unsigned int overall_means(const struct comparison *c, const struct estimate *means[STRATA],
				  const char *names[STRATA])
{
	static const char *const of[] = {[STRATUM_NONE] = "one worker",
					 [STRATUM_NEAR] = "CPUs near",
					 [STRATUM_FAR] = "CPUs far"};
	unsigned int n = 0;

	for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED && !c->emulated; s++)
		if (isfinite(c->overall_of[s].value)) {
			names[n] = of[s];
			means[n++] = &c->overall_of[s];
		}
	if (n == 1)
		names[0] = "";
	return n;
}

static void diamond(struct drawing *d, int area, const struct estimate *e, double y,
		    const struct scale *s, const char *name)
{
	static const struct stroke stroke = {.colour = COLOUR_BLACK, .dash = 1};
	double low = clamped(isfinite(e->low) ? e->low : e->value, s);
	double high = clamped(isfinite(e->high) ? e->high : e->value, s);
	double least = pow(s->high / s->low, 0.008);
	int block =
		page_block(&d->page, "geometric mean of all rows%s%s: x, y; %.6g from %.6g to %.6g",
			   *name ? ", " : "", name, e->value, e->low, e->high);

	/* One that is narrower than it is high would not be seen as one. */
	low = fmin(low, e->value / least);
	high = fmax(high, e->value * least);
	page_numbers(&d->page, 2, (double[]){low, y});
	page_numbers(&d->page, 2, (double[]){clamped(e->value, s), y - DIAMOND});
	page_numbers(&d->page, 2, (double[]){high, y});
	page_numbers(&d->page, 2, (double[]){clamped(e->value, s), y + DIAMOND});
	page_numbers(&d->page, 2, (double[]){low, y});
	page_element(&d->page, area, block, ELEMENT_SHAPE, -1, &stroke);
}

static void write_caption(struct drawing *d)
{
	const struct comparison *c = d->c;

	graph_caption(
		d,
		"The ratio of operations/s, new to base, of each point with its 95%% interval; "
		"below 1 the new side is slower. The grey band is the margin of %g%%.",
		100 * c->margin);
	if (c->emulated)
		graph_caption(d, "The CPUs were emulated: no verdict rests on these rates.");
	else
		graph_caption(d,
			      "Shape and colour of a mark are its verdict; the black diamonds at "
			      "the bottom are geometric means, which decide nothing.");
	rows_caption(d);
}

/* Areas and what is in them, once rows have their places. The y below all. */
static unsigned int draw_forest(struct drawing *d, struct row_places *places)
{
	const struct estimate *means[STRATA];
	const char *names[STRATA];
	unsigned int n = overall_means(d->c, means, names), y = places->bottom + 10;
	unsigned int right = d->page.width - RATIO_WIDTH, bottom = y + n * ROW_PITCH;
	struct scale s = forest_scale(d, places), rows = {.low = bottom, .high = places->top};
	int x_scale = page_scale(&d->page, &s), y_scale = page_scale(&d->page, &rows);
	int block = forest_block(d, places), area;

	page_tics(&d->page, x_scale, &s, (right - places->left) / 55, "");
	area = page_area(&d->page, &(struct area){places->left, right, places->top, bottom, x_scale,
						  y_scale, true, false, true, false});
	rows_divide(d, places, area);
	margin_band(d, area, true);
	for (size_t k = 0; k < LOOKS; k++)
		page_element(&d->page, area, block, ELEMENT_ROWS, looks[k].verdict,
			     &looks[k].stroke);
	forest_beyond(d, area, places, &s);
	write_ratios(d, places, right + 14);
	for (unsigned int i = 0; i < n; i++) {
		page_text(&d->page, 14, y, TEXT_BOLD, ALIGN_LEFT, "%s%s%s",
			  i ? "" : "geometric mean of all", *names[i] ? (i ? "" : ", ") : "",
			  names[i]);
		write_ratio(d, means[i], right + 14, y, TEXT_BOLD);
		diamond(d, area, means[i], y, &s, names[i]);
		y += ROW_PITCH;
	}
	page_text(&d->page, (places->left + right) / 2, bottom + 32, TEXT_PLAIN, ALIGN_CENTRE,
		  "new / base (below 1: the new side is slower)");
	return bottom + 48;
}

int graph_forest(struct drawing *d, struct error *e)
{
	struct row_places places;
	unsigned int y;
	char how[256];

	snprintf(d->graph->title, sizeof(d->graph->title),
		 "%.40s / %.40s: the ratio at every point%s", d->c->sides[NEW].name,
		 d->c->sides[BASE].name, d->c->emulated ? " (emulated)" : "");
	snprintf(how, sizeof(how), "Bars: 95%% intervals. Grey band: the margin of %g%%.",
		 100 * d->c->margin);
	page_begin(&d->page, d->graph->name, ROWS_WIDTH);
	y = forest_legend(d, graph_head(d, how, rows_left_out(d->c)));
	if (rows_place(d, &places, y + 4, e))
		return -1;
	page_text(&d->page, d->page.width - RATIO_WIDTH + 14, places.top - 10, TEXT_GREY,
		  ALIGN_LEFT, "new / base [95%%]");
	y = draw_forest(d, &places);
	write_caption(d);
	d->graph->drawn = true;
	free(places.y);
	return page_write(&d->page, y, d->directory, e);
}
