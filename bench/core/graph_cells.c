// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph_cells.h"

#include <math.h>
#include <stdlib.h>

/* Values that differ by less, over all numbers of workers, are the same. */
#define FLAT 0.02

int cells_find(const struct comparison *c, struct cells *cells)
{
	struct cell *cell = NULL;

	*cells = (struct cells){.list = calloc(c->count + 1, sizeof(*cells->list))};
	for (size_t i = 0; i < c->count && cells->list; i++) {
		double difference = fabs(c->family[i].contrast.mean);

		if (!cell || cell->line != c->rows[i].line) {
			cell = &cells->list[cells->count++];
			*cell = (struct cell){
				.panel = c->rows[i].panel, .line = c->rows[i].line, .first = i};
		}
		cell->rows++;
		if (row_drawn(c, i) && difference > cell->difference)
			cell->difference = difference;
	}
	return cells->list ? 0 : -1;
}

/* Of what is not told apart by stratum, a point's first row stands for it. */
static bool in_curve(const struct comparison *c, size_t i, const struct figure *f,
		     enum stratum stratum)
{
	const struct comparison_row *row = &c->rows[i];

	if (f->pooled)
		return !i || c->rows[i - 1].points[BASE] != row->points[BASE];
	return row_drawn(c, i) && row->stratum == stratum;
}

/* One worker makes no curve of its own where there are others. */
static bool has_stratum(const struct comparison *c, const struct cell *cell, const struct figure *f,
			enum stratum stratum)
{
	bool told = false;

	for (size_t i = cell->first; i < cell->first + cell->rows; i++) {
		if (!row_drawn(c, i) || c->rows[i].stratum == STRATUM_NONE)
			continue;
		if (c->rows[i].stratum == stratum)
			return !f->pooled;
		told = true;
	}
	return stratum == STRATUM_NONE && (f->pooled || !told);
}

/*
 * One worker is neither near nor far. It begins the curve whose first row comes next: where CPUs
 * are far from so many workers on, their curve begins there. Returns the row behind it.
 */
static size_t end_of_shared(const struct comparison *c, const struct cell *cell,
			    enum stratum stratum)
{
	size_t end = cell->first + cell->rows, i = cell->first;
	unsigned int next;

	while (i < end && c->rows[i].stratum == STRATUM_NONE)
		i++;
	if (stratum == STRATUM_NONE || i == end)
		return i;
	next = c->rows[i].workers;
	for (size_t k = i; k < end && c->rows[k].workers == next; k++)
		if (c->rows[k].stratum == stratum && row_drawn(c, k))
			return i;
	return cell->first;
}

static void add_curve(const struct drawing *d, struct collection *all, const struct cells *cells,
		      struct curve curve)
{
	const struct cell *cell = &cells->list[curve.cell];
	const struct figure *f = all->figure;

	size_t shared = end_of_shared(d->c, cell, curve.stratum);

	curve.first = all->spot_count;
	for (size_t i = cell->first; i < cell->first + cell->rows; i++) {
		const struct comparison_row *row = &d->c->rows[i];
		struct spot spot = {.workers = row->workers};

		if (!in_curve(d->c, i, f, i < shared ? STRATUM_NONE : curve.stratum))
			continue;
		spot.e = f->of(d, f, row, curve.side);
		if (isfinite(spot.e.value))
			all->spots[all->spot_count++] = spot;
	}
	curve.count = all->spot_count - curve.first;
	if (curve.count)
		all->curves[all->curve_count++] = curve;
}

int cells_collect(const struct drawing *d, struct collection *all, const struct cells *cells)
{
	size_t most = SIDES * STRATUM_MOVED;

	all->curves = calloc(cells->count * most + 1, sizeof(*all->curves));
	all->spots = calloc(d->c->count * most + 1, sizeof(*all->spots));
	if (!all->curves || !all->spots)
		return -1;
	for (size_t i = 0; i < cells->count; i++)
		for (int side = all->figure->new_only ? NEW : BASE; side < SIDES; side++)
			for (enum stratum n = STRATUM_NONE; n < STRATUM_MOVED; n++)
				if (has_stratum(d->c, &cells->list[i], all->figure, n))
					add_curve(d, all, cells, (struct curve){i, side, n, 0, 0});
	return 0;
}

static bool goes(const struct collection *all, const struct curve *curve)
{
	const struct spot *spots = &all->spots[curve->first];

	for (size_t i = 1; i < curve->count; i++)
		if (spots[i].workers != spots[0].workers)
			return true;
	return false;
}

static bool is_flat(const struct collection *all)
{
	for (size_t k = 0; k < all->curve_count; k++)
		for (size_t i = 0; i < all->curves[k].count; i++) {
			const struct spot *spots = &all->spots[all->curves[k].first];

			if (fabs(spots[i].e.value - spots[0].e.value) >
			    FLAT * fabs(spots[0].e.value))
				return false;
		}
	return true;
}

/* Cells of which something is known, and whether that goes somewhere. */
static void look_at_cells(struct cells *cells, const struct collection *all, unsigned int figures)
{
	for (unsigned int n = 0; n < figures; n++)
		for (size_t k = 0; k < all[n].curve_count; k++) {
			struct cell *cell = &cells->list[all[n].curves[k].cell];

			cell->known = true;
			cell->drawn |= goes(&all[n], &all[n].curves[k]);
		}
	for (size_t i = 0; i < cells->count; i++) {
		cells->drawn += cells->list[i].drawn;
		cells->single += cells->list[i].known && !cells->list[i].drawn;
	}
}

/* For qsort_r(): the largest differences first. */
static int by_difference(const void *a, const void *b, void *cells)
{
	const struct cell *list = ((struct cells *)cells)->list;
	double x = list[*(const size_t *)a].difference, y = list[*(const size_t *)b].difference;

	return (x < y) - (x > y);
}

/* Leaves as many as fit: those that differ most. 0, or -1 without memory. */
static int cap_cells(struct cells *cells, size_t most)
{
	size_t *order = calloc(cells->count + 1, sizeof(*order)), n = 0;

	if (!order)
		return -1;
	for (size_t i = 0; i < cells->count; i++)
		if (cells->list[i].drawn)
			order[n++] = i;
	qsort_r(order, n, sizeof(*order), by_difference, cells);
	for (size_t i = most; i < n; i++) {
		cells->list[order[i]].drawn = false;
		cells->left_out++;
		cells->drawn--;
	}
	free(order);
	return 0;
}

int cells_choose(struct cells *cells, struct collection *all, unsigned int figures)
{
	unsigned int shown = figures;

	look_at_cells(cells, all, figures);
	/* Of several figures, one at least is drawn. */
	for (unsigned int n = 0; n < figures && shown > 1; n++) {
		all[n].flat = is_flat(&all[n]);
		shown -= all[n].flat;
	}
	return cap_cells(cells, GRAPH_CELLS / shown);
}

void cells_free(struct cells *cells, struct collection *all, unsigned int figures)
{
	for (unsigned int i = 0; i < figures; i++) {
		free(all[i].curves);
		free(all[i].spots);
	}
	free(cells->list);
}

#define MOST_FIGURES 8

int graph_figures(struct drawing *d, const struct figure *figures, unsigned int count,
		  const char *how, const char *nothing, struct error *e)
{
	struct collection all[MOST_FIGURES] = {0};
	struct cells cells;
	size_t curves = 0;
	int rc = cells_find(d->c, &cells);

	for (unsigned int i = 0; i < count && !rc; i++) {
		all[i].figure = &figures[i];
		rc = cells_collect(d, &all[i], &cells);
		curves += all[i].curve_count;
	}
	if (!rc)
		rc = cells_choose(&cells, all, count);
	if (rc)
		rc = fail(e, "No memory for the graph %s.", d->graph->name);
	else if (!curves)
		snprintf(d->graph->absent, sizeof(d->graph->absent), "%s", nothing);
	else if (cells.drawn)
		rc = cells_draw(d, all, count, &cells, how, e);
	else
		rc = graph_dots(d, figures, count, how, e);
	cells_free(&cells, all, count);
	return rc;
}
