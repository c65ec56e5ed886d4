/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the graph of scaling laws has in it, and where. */
#ifndef PINSCALE_GRAPH_SCALING_H
#define PINSCALE_GRAPH_SCALING_H

#include <math.h>

#include "graph_parts.h"
#include "scaling_laws.h"

#define LAW_LINES 8  /* of the comparison: a row of graphs each */
#define LAW_BEYOND 2 /* curves go on to so many times the most workers */

/* Pixels: */
#define LAW_LEFT 74 /* of the first area: tics and the label of the axis */
#define LAW_RIGHT 16
#define LAW_GAP 28
#define LAW_WIDTH 331
#define LAW_HEAD 58 /* above an area: what it is of, and the laws */
#define LAW_HEIGHT 140
#define LAW_RESIDUALS 46 /* the height of theirs */
#define LAW_PITCH (LAW_HEAD + LAW_HEIGHT + 10 + LAW_RESIDUALS + 26)

/* The laws of a line: of both sides, both models; NULL: not fitted. */
struct line_laws {
	const struct scaling_law *law[SIDES][SCALING_MODELS];
};

struct scaling_graph {
	struct scaling_law *laws;
	size_t count, left_out, not_fitted;
	struct line_laws lines[LAW_LINES];
	unsigned int line_count;
	unsigned int least, most; /* workers */
	int x_scale, residual_scale;
};

/* Is the row's rate one of those that the law was fitted to? */
static inline bool law_measured(const struct comparison_row *row, const struct scaling_law *law)
{
	return row->line == law->line &&
	       (row->stratum == STRATUM_NONE || row->stratum == law->stratum) &&
	       isfinite(row->rates[law->side].value);
}

/* How far it is off the curve, %. */
static inline double law_residual(const struct comparison_row *row, const struct scaling_law *law)
{
	return 100 * (row->rates[law->side].value / scaling_rate(&law->fit, row->workers) - 1);
}

/* A law's curve, or its residuals' marks. */
struct stroke law_stroke(const struct scaling_law *law, bool residuals);

/* Draws a side of a line from y on, on that scale of rates. 0, or -1 without memory. */
int law_side(struct drawing *d, const struct scaling_graph *g, const struct line_laws *line,
	     int side, int scale, unsigned int y);

#endif
