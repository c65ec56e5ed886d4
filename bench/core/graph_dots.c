// SPDX-License-Identifier: GPL-3.0-or-later
/* Figures of both sides as rows, where there is but one number of workers. */
#include <math.h>
#include <stdlib.h>

#include "graph_parts.h"

/* Where a side's marks are beside the middle of the row, pixels. */
static double beside(int side, const struct figure *f)
{
	return f->new_only ? 0 : side == BASE ? -3 : 3;
}

static struct stroke dot_stroke(int side)
{
	struct stroke s = side_stroke(side, STRATUM_NEAR, false);

	s.dash = 1;
	s.width = 1.2;
	s.size = side == BASE ? 0.6 : 0.55;
	s.ribbon = false;
	return s;
}

static struct estimate dot_of(const struct drawing *d, const struct row_places *places,
			      const struct figure *f, size_t row, int side)
{
	if (!places->y[row] || !row_drawn(d->c, row))
		return no_estimate();
	return f->of(d, f, &d->c->rows[row], side);
}

static bool is_known(const struct drawing *d, const struct row_places *places,
		     const struct figure *f, int side)
{
	for (size_t i = 0; i < d->c->count; i++)
		if (isfinite(dot_of(d, places, f, i, side).value))
			return true;
	return false;
}

/* The block of a side, of rows that are drawn; the ranges widen. */
static int dots_block(struct drawing *d, const struct row_places *places, const struct figure *f,
		      int side, struct range *values, struct range *intervals)
{
	int block = page_block(&d->page, "%s, %s: y, value, low, high, workers, row", f->label,
			       d->c->sides[side].name);

	for (size_t i = 0; i < d->c->count; i++) {
		struct estimate e = dot_of(d, places, f, i, side);
		char *name = isfinite(e.value) ? comparison_row_name(d->c, i) : NULL;

		if (!isfinite(e.value))
			continue;
		range_add(values, e.value);
		range_add_interval(intervals, values, &e);
		page_row(&d->page, 5,
			 (double[]){places->y[i] + beside(side, f), e.value, e.low, e.high,
				    d->c->rows[i].workers},
			 "%s", name ? name : "?");
		free(name);
	}
	return block;
}

/* One figure: an area beside the rows. */
static void dots_area(struct drawing *d, const struct row_places *places, const struct figure *f,
		      unsigned int left, unsigned int right)
{
	struct range values = {NAN, NAN}, intervals = {NAN, NAN};
	const struct scale rows = {.low = places->bottom, .high = places->top};
	struct area a = {.left = left,
			 .right = right,
			 .top = places->top,
			 .bottom = places->bottom,
			 .x_labels = true,
			 .grid_x = true};
	int blocks[SIDES] = {-1, -1}, area;
	struct scale s;

	for (int side = f->new_only ? NEW : BASE; side < SIDES; side++)
		if (is_known(d, places, f, side))
			blocks[side] = dots_block(d, places, f, side, &values, &intervals);
	s = figure_scale(d, f, values, intervals);
	a.x = page_scale(&d->page, &s);
	page_tics(&d->page, a.x, &s, (right - left) / 45, f->suffix);
	a.y = page_scale(&d->page, &rows);
	area = page_area(&d->page, &a);
	page_text(&d->page, (left + right) / 2, places->bottom + 32, TEXT_PLAIN, ALIGN_CENTRE, "%s",
		  f->label);
	rows_divide(d, places, area);
	if (!isnan(f->reference))
		page_rule(&d->page, area, f->reference, NAN, COLOUR_GREY, 1);
	for (int side = BASE; side < SIDES; side++) {
		const struct stroke stroke = dot_stroke(side);

		if (blocks[side] >= 0)
			page_element(&d->page, area, blocks[side], ELEMENT_ROWS, -1, &stroke);
	}
}

static unsigned int dots_legend(struct drawing *d, const struct figure *figures, unsigned int count,
				unsigned int y)
{
	struct legend_entry entries[SIDES];
	char texts[SIDES][160];
	unsigned int n = 0;

	for (int side = BASE; side < SIDES; side++) {
		bool known = false;

		for (unsigned int f = 0; f < count; f++)
			for (size_t i = 0; i < d->c->count && !known; i++)
				known = isfinite(
					figures[f].of(d, &figures[f], &d->c->rows[i], side).value);
		if (!known)
			continue;
		snprintf(texts[n], sizeof(texts[n]), "%s%s",
			 side == BASE ? "base: " : "new: ", d->c->sides[side].name);
		entries[n] = (struct legend_entry){texts[n], dot_stroke(side)};
		n++;
	}
	return graph_legend(&d->page, y, entries, n);
}

int graph_dots(struct drawing *d, const struct figure *figures, unsigned int count, const char *how,
	       struct error *e)
{
	struct row_places places;
	unsigned int y, wide;

	page_begin(&d->page, d->graph->name, ROWS_WIDTH);
	y = graph_head(d, how, rows_left_out(d->c));
	y = dots_legend(d, figures, count, y);
	if (rows_place(d, &places, y + 4, e))
		return -1;
	wide = (d->page.width - 24 - places.left) / count;
	for (unsigned int i = 0; i < count; i++)
		dots_area(d, &places, &figures[i], places.left + i * wide,
			  places.left + (i + 1) * wide - (i + 1 < count ? 24 : 0));
	rows_caption(d);
	d->graph->drawn = true;
	free(places.y);
	return page_write(&d->page, places.bottom + 48, d->directory, e);
}
