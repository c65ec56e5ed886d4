/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the graphs of a comparison share with each other. */
#ifndef PINSCALE_GRAPH_PARTS_H
#define PINSCALE_GRAPH_PARTS_H

#include "comparison_graphs.h"
#include "graph_page.h"

/* What a graph has at most. More would be a wall, not a picture. */
#define GRAPH_CELLS 24 /* small graphs */
#define GRAPH_ROWS 400 /* of the forest plot and its like */

/* A graph in the making. */
struct drawing {
	const struct comparison *c;
	const char *directory;
	struct comparison_graph *graph; /* title, caption and absent are to be set */
	struct page page;
};

/* A figure of a row of the comparison, for one side, that is drawn against workers. */
struct figure {
	const char *label;   /* of its axis: "operations/s" */
	const char *suffix;  /* of the numbers at the axis: "%" or "" */
	double reference;    /* a line across, NAN for none */
	bool from_zero;	     /* the axis begins there, unless all is near the reference */
	bool apart;	     /* graphs far from each other have scales of their own */
	bool new_only;	     /* it compares the sides: one line, not two */
	bool pooled;	     /* near and far are not told apart */
	bool margin;	     /* the band of the margin is drawn */
	const void *of_what; /* whatever of() needs */
	struct estimate (*of)(const struct drawing *d, const struct figure *f,
			      const struct comparison_row *row, int side);
};

/* A row that is drawn: one that is judged, or whose times get no verdict at all. */
static inline bool row_drawn(const struct comparison *c, size_t i)
{
	return c->emulated || c->family[i].verdict != VERDICT_NONE;
}

/*
 * Draws figures one below the other, a small graph for each line of the comparison, or, where none
 * has more than one number of workers, as rows. how: what is to be read how, in the
 * picture. Nothing to draw: absent says what. 0 or -1.
 */
int graph_figures(struct drawing *d, const struct figure *figures, unsigned int count,
		  const char *how, const char *nothing, struct error *e);

/* The same as rows: every row of the comparison, both sides in it. */
int graph_dots(struct drawing *d, const struct figure *figures, unsigned int count, const char *how,
	       struct error *e);

/* --- words, legends and scales (graph_words.c) -------------------------------------------- */

struct estimate no_estimate(void);

/* Adds a sentence to the caption. */
__attribute__((format(printf, 2, 3))) void graph_caption(struct drawing *d, const char *format,
							 ...);

/*
 * The head of the picture: title, sides, how, that it is emulated, and how many graphs or
 * rows are left out. The y below it.
 */
unsigned int graph_head(struct drawing *d, const char *how, size_t left_out);

struct legend_entry {
	const char *text;
	struct stroke stroke;
};

/* A legend from left to right in as many lines as it needs. The y below it. */
unsigned int graph_legend(struct page *p, unsigned int y, const struct legend_entry *entries,
			  unsigned int count);

/* That of both sides and, where trials of a stratum are drawn, near and far. */
unsigned int graph_sides_legend(struct drawing *d, unsigned int y, const bool strata[STRATA],
				const bool sides[SIDES], bool new_only);

/* A side's line; marks of far CPUs are hollow. */
struct stroke side_stroke(int side, enum stratum stratum, bool dense);

/* The least and the most so far; NAN: nothing yet. */
struct range {
	double low, high;
};

void range_add(struct range *r, double x);

/* Takes in an interval, but no farther beyond the values than they are from each other. */
void range_add_interval(struct range *r, const struct range *values, const struct estimate *e);

/* Graphs whose highest values are farther from each other have no scale in common. */
#define SCALE_MOST 10

/* A scale for values of a figure with that range. */
struct scale figure_scale(const struct drawing *d, const struct figure *f, struct range values,
			  struct range intervals);

/* A scale of numbers of workers, with its tics. */
int workers_scale(struct page *p, unsigned int least, unsigned int most, double beyond);

/* A ratio's scale for a forest plot: 1 and the margin are in it. */
struct scale ratio_scale(const struct drawing *d, struct range values, struct range intervals);

/* The band of the margin, and the line at 1. upright: they stand. */
void margin_band(struct drawing *d, int area, bool upright);

/* --- rows (graph_rows.c) --------------------------------------------------------------------- */

/* How many rows are too many to be drawn. */
static inline size_t rows_left_out(const struct comparison *c)
{
	return c->count > GRAPH_ROWS ? c->count - GRAPH_ROWS : 0;
}

/* Where the rows of the comparison are in the picture. */
struct row_places {
	unsigned int *y;   /* by row of the comparison; 0: not drawn */
	unsigned int left; /* what is drawn may begin here */
	unsigned int top, bottom;
};

#define ROW_PITCH 17
#define ROWS_WIDTH 960

/* Says in the caption how many rows are left out. */
void rows_caption(struct drawing *d);

/* A line across an area between the rows of one buffer and those of the next. */
void rows_divide(struct drawing *d, const struct row_places *places, int area);

/* Writes the labels of rows from y on. 0 or -1; y is to be freed. */
int rows_place(struct drawing *d, struct row_places *places, unsigned int y, struct error *e);

/* --- the graphs ------------------------------------------------------------------------------ */

int graph_forest(struct drawing *d, struct error *e);
int graph_throughput(struct drawing *d, struct error *e);
int graph_ratio(struct drawing *d, struct error *e);
int graph_sharing(struct drawing *d, struct error *e);
int graph_efficiency(struct drawing *d, struct error *e);
int graph_fairness(struct drawing *d, struct error *e);
int graph_contention(struct drawing *d, struct error *e);
int graph_latency(struct drawing *d, struct error *e);
int graph_scaling(struct drawing *d, struct error *e);

#endif
