// SPDX-License-Identifier: GPL-3.0-or-later
/* A grid of small graphs; those beside each other have one scale. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph_cells.h"

#include "format.h"

#define LEFT 74	 /* of the first area, pixels: tics and the label of the axis */
#define RIGHT 16 /* of the last */
#define GAP 24	 /* between areas */
#define HEAD 40	 /* above an area: what it is of */
#define LINE 15	 /* a line of text */
#define FOOT 26	 /* below: tics */
#define DENSE 12 /* with more numbers of workers marks are small */
#define COLUMNS 3

struct grid {
	struct drawing *d;
	const struct cells *cells;
	const struct collection *all, *figures; /* the figure's, and those of all figures */
	unsigned int figure_count;
	unsigned int columns, width, height;
	int x_scale;
	bool common; /* all rows have one scale */
	bool dense;  /* marks are small */
};

/* Cells of a row. */
struct grid_row {
	size_t cells[COLUMNS];
	unsigned int count;
	struct scale scale;
	int y_scale;
};

/* --- scales ------------------------------------------------------------------------------- */

static void add_cell_values(const struct collection *all, size_t cell, struct range *values)
{
	for (size_t k = 0; k < all->curve_count; k++)
		for (size_t i = 0; i < all->curves[k].count && all->curves[k].cell == cell; i++)
			range_add(values, all->spots[all->curves[k].first + i].e.value);
}

static void add_cell_intervals(const struct collection *all, size_t cell,
			       const struct range *values, struct range *intervals)
{
	for (size_t k = 0; k < all->curve_count; k++)
		for (size_t i = 0; i < all->curves[k].count && all->curves[k].cell == cell; i++)
			range_add_interval(intervals, values,
					   &all->spots[all->curves[k].first + i].e);
}

/* Values first: they say how far intervals may widen the scale. */
static struct scale scale_of(const struct grid *g, const struct grid_row *row)
{
	struct range values = {NAN, NAN}, intervals = {NAN, NAN};

	for (size_t i = 0; i < g->cells->count && g->common; i++)
		if (g->cells->list[i].drawn)
			add_cell_values(g->all, i, &values);
	for (unsigned int i = 0; i < row->count && !g->common; i++)
		add_cell_values(g->all, row->cells[i], &values);
	for (size_t i = 0; i < g->cells->count && g->common; i++)
		if (g->cells->list[i].drawn)
			add_cell_intervals(g->all, i, &values, &intervals);
	for (unsigned int i = 0; i < row->count && !g->common; i++)
		add_cell_intervals(g->all, row->cells[i], &values, &intervals);
	return figure_scale(g->d, g->all->figure, values, intervals);
}

static double highest_of(const struct collection *all, size_t cell)
{
	struct range values = {NAN, NAN};

	add_cell_values(all, cell, &values);
	return values.high;
}

/* Would both be seen on one scale? */
static bool go_together(const struct collection *all, struct range *highest, size_t cell)
{
	range_add(highest, highest_of(all, cell));
	return !all->figure->apart || !(highest->high > SCALE_MOST * highest->low);
}

static bool have_common_scale(const struct grid *g)
{
	struct range highest = {NAN, NAN};

	for (size_t i = 0; i < g->cells->count; i++)
		if (g->cells->list[i].drawn && !go_together(g->all, &highest, i))
			return false;
	return true;
}

/* Fills a row with drawn cells from *next on. false: there are no more. */
static bool next_row(const struct grid *g, size_t *next, struct grid_row *row)
{
	struct range highest = {NAN, NAN};

	*row = (struct grid_row){0};
	for (; *next < g->cells->count && row->count < g->columns; ++*next) {
		if (!g->cells->list[*next].drawn)
			continue;
		if (!go_together(g->all, &highest, *next))
			break;
		row->cells[row->count++] = *next;
	}
	return row->count;
}

/* --- what is in an area ----------------------------------------------------------------------- */

static void draw_curve(const struct grid *g, int area, const struct curve *curve)
{
	static const char *const strata[] = {
		[STRATUM_NONE] = "", [STRATUM_NEAR] = ", CPUs near", [STRATUM_FAR] = ", CPUs far"};
	struct stroke s = side_stroke(curve->side, curve->stratum, g->dense);
	const struct cell *cell = &g->cells->list[curve->cell];
	const struct figure *f = g->all->figure;
	const struct spot *spots = &g->all->spots[curve->first];
	struct page *p = &g->d->page;
	int block = page_block(p, "%s; %s, %s, %s%s: workers, value, low, high", f->label,
			       cell->panel->title, cell->line->label,
			       f->new_only ? "new / base" : g->d->c->sides[curve->side].name,
			       strata[curve->stratum]);

	for (size_t i = 0; i < curve->count; i++)
		page_numbers(p, 4,
			     (double[]){spots[i].workers, spots[i].e.value, spots[i].e.low,
					spots[i].e.high});
	s.bars = curve->count == 1;
	s.ribbon = !s.bars;
	page_element(p, area, block, ELEMENT_LINE, -1, &s);
}

/* What a flat figure has in a cell: "acquisitions an operation: 5". "": nothing. */
static void tell_flat(const struct drawing *d, const struct collection *flat, size_t cell,
		      char *text, size_t size)
{
	unsigned int told = 0;
	bool both = false;

	*text = '\0';
	for (size_t k = 0; k < flat->curve_count; k++)
		both |= flat->curves[k].side != flat->curves[0].side;
	for (size_t k = 0; k < flat->curve_count; k++) {
		const struct curve *curve = &flat->curves[k];
		const struct estimate *e = &flat->spots[curve->first].e;
		size_t used = strlen(text);
		char number[64];

		if (curve->cell != cell)
			continue;
		format_count(e->low, e->high, number, sizeof(number));
		snprintf(text + used, size - used, "%s%s%s%.20s %s",
			 told ? "" : flat->figure->label, told ? "," : ":", both ? " " : "",
			 both ? d->c->sides[curve->side].name : "", number);
		told++;
	}
}

/* Above an area: what it is of. */
static unsigned int head_of(const struct grid *g)
{
	unsigned int head = HEAD;

	for (unsigned int i = 0; i < g->figure_count; i++)
		head += g->figures[i].flat ? LINE : 0;
	return head;
}

static void name_cell(const struct grid *g, const struct area *a, size_t index)
{
	const struct cell *cell = &g->cells->list[index];
	unsigned int width = a->right - a->left, y = a->top - head_of(g) + LINE;
	struct page *p = &g->d->page;
	char text[320];

	snprintf(text, sizeof(text), "%s", cell->panel->title);
	page_text(p, a->left, y, TEXT_BOLD, ALIGN_LEFT, "%s", text_cut(text, width, TEXT_BOLD));
	snprintf(text, sizeof(text), "%s", cell->line->label);
	y += LINE;
	page_text(p, a->left, y, TEXT_PLAIN, ALIGN_LEFT, "%s", text_cut(text, width, TEXT_PLAIN));
	for (unsigned int i = 0; i < g->figure_count; i++) {
		if (!g->figures[i].flat)
			continue;
		tell_flat(g->d, &g->figures[i], index, text, sizeof(text));
		y += LINE;
		page_text(p, a->left, y, TEXT_GREY, ALIGN_LEFT, "%s",
			  text_cut(text, width, TEXT_GREY));
	}
}

static void draw_cell(const struct grid *g, const struct area *a, size_t cell)
{
	const struct figure *f = g->all->figure;
	int area = page_area(&g->d->page, a);

	name_cell(g, a, cell);
	if (f->margin)
		margin_band(g->d, area, false);
	else if (!isnan(f->reference))
		page_rule(&g->d->page, area, NAN, f->reference, COLOUR_GREY, 1);
	for (size_t k = 0; k < g->all->curve_count; k++)
		if (g->all->curves[k].cell == cell)
			draw_curve(g, area, &g->all->curves[k]);
}

/* --- rows of areas ------------------------------------------------------------------------------
 */

static void draw_row(const struct grid *g, const struct grid_row *row, unsigned int y)
{
	struct area a = {
		.top = y + head_of(g),
		.bottom = y + head_of(g) + g->height,
		.x = g->x_scale,
		.y = row->y_scale,
		.x_labels = true,
		.grid_y = true,
	};

	page_text(&g->d->page, 14, (a.top + a.bottom) / 2, TEXT_PLAIN, ALIGN_UPRIGHT, "%s",
		  g->all->figure->label);
	for (unsigned int i = 0; i < row->count; i++) {
		a.left = LEFT + i * (g->width + GAP);
		a.right = a.left + g->width;
		a.y_labels = !i;
		draw_cell(g, &a, row->cells[i]);
	}
}

/* Below each column's last area. */
static void name_columns(const struct grid *g, unsigned int from, unsigned int to, unsigned int y)
{
	for (unsigned int i = from; i < to; i++)
		page_text(&g->d->page, LEFT + i * (g->width + GAP) + g->width / 2, y + 3,
			  TEXT_PLAIN, ALIGN_CENTRE, "workers");
}

/* All cells of a figure from y on. The y below them. */
static unsigned int draw_figure(struct grid *g, unsigned int y)
{
	unsigned int pitch = head_of(g) + g->height + FOOT, before = 0;
	struct grid_row row;
	size_t next = 0;
	int scale = -1;

	g->common = have_common_scale(g);
	while (next_row(g, &next, &row)) {
		name_columns(g, row.count, before, y);
		row.scale = scale_of(g, &row);
		if (scale < 0 || !g->common) {
			scale = page_scale(&g->d->page, &row.scale);
			page_tics(&g->d->page, scale, &row.scale, 5, g->all->figure->suffix);
		}
		row.y_scale = scale;
		draw_row(g, &row, y);
		before = row.count;
		y += pitch;
	}
	name_columns(g, 0, before, y);
	return y + 16;
}

static void begin_grid(struct grid *g)
{
	size_t drawn = g->cells->drawn;
	unsigned int width;

	g->columns = drawn < COLUMNS ? drawn : COLUMNS;
	g->height = drawn > 6 ? 140 : drawn > 2 ? 165 : 220;
	width = g->columns == 1 ? 620 : g->columns == 2 ? 780 : ROWS_WIDTH;
	page_begin(&g->d->page, g->d->graph->name, width);
	g->width = (width - LEFT - RIGHT - (g->columns - 1) * GAP) / g->columns;
}

/* One scale of workers for all, and which strata and sides there are. */
static void look_at_curves(struct grid *g, bool strata[STRATA], bool sides[SIDES])
{
	unsigned int least = ~0u, most = 1;

	for (unsigned int n = 0; n < g->figure_count; n++)
		for (size_t k = 0; k < g->figures[n].curve_count; k++) {
			const struct curve *curve = &g->figures[n].curves[k];
			const struct spot *spots = &g->figures[n].spots[curve->first];

			if (!g->cells->list[curve->cell].drawn)
				continue;
			strata[curve->stratum] = true;
			sides[curve->side] = true;
			g->dense |= curve->count > DENSE;
			for (size_t i = 0; i < curve->count; i++) {
				least = spots[i].workers < least ? spots[i].workers : least;
				most = spots[i].workers > most ? spots[i].workers : most;
			}
		}
	g->x_scale = workers_scale(&g->d->page, least, most, 1);
}

static void say_left_out(struct drawing *d, const struct cells *cells)
{
	if (cells->left_out)
		graph_caption(
			d,
			"Of %zu kinds of buffers the %zu with the largest differences are drawn; "
			"the other %zu are in the table.",
			cells->drawn + cells->left_out, cells->drawn, cells->left_out);
	if (cells->single)
		graph_caption(
			d,
			"%zu more %s measured at one number of workers only: see the forest plot "
			"and the table.",
			cells->single, cells->single == 1 ? "was" : "were");
}

int cells_draw(struct drawing *d, const struct collection *all, unsigned int count,
	       const struct cells *cells, const char *how, struct error *e)
{
	struct grid g = {.d = d, .cells = cells, .all = all, .figures = all, .figure_count = count};
	bool strata[STRATA] = {false}, sides[SIDES] = {false};
	unsigned int y;

	begin_grid(&g);
	look_at_curves(&g, strata, sides);
	y = graph_head(d, how, cells->left_out);
	y = graph_sides_legend(d, y, strata, sides, all[0].figure->new_only) - 8;
	for (unsigned int i = 0; i < count; i++) {
		g.all = &all[i];
		if (!all[i].flat)
			y = draw_figure(&g, y) + 14;
	}
	graph_caption(d, g.common ? "All graphs of a figure have one scale."
				  : "Graphs beside each other have one scale.");
	say_left_out(d, cells);
	d->graph->drawn = true;
	return page_write(&d->page, y, d->directory, e);
}
