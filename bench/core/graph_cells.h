/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What small graphs against workers have in them, and drawing them. */
#ifndef PINSCALE_GRAPH_CELLS_H
#define PINSCALE_GRAPH_CELLS_H

#include "graph_parts.h"

/* A small graph: one line of the comparison, whose rows are in a row. */
struct cell {
	const struct panel *panel;
	const struct line *line;
	size_t first, rows;
	double difference; /* the largest of a row, of logarithms */
	bool known;	   /* something was measured */
	bool drawn;	   /* at several numbers of workers, and there is room */
};

struct cells {
	struct cell *list;
	size_t count, drawn;
	size_t left_out; /* that go somewhere, and are too many */
	size_t single;	 /* with one number of workers only */
};

struct spot {
	unsigned int workers;
	struct estimate e;
};

/* A side's line in a cell. */
struct curve {
	size_t cell;
	int side;
	enum stratum stratum;
	size_t first, count; /* spots */
};

/* All curves of a figure. */
struct collection {
	const struct figure *figure;
	struct curve *curves;
	size_t curve_count;
	struct spot *spots;
	size_t spot_count;
	bool flat; /* no value of it depends on the number of workers: it is told, not drawn */
};

/* 0, or -1 without memory. To be freed with cells_free(). */
int cells_find(const struct comparison *c, struct cells *cells);
int cells_collect(const struct drawing *d, struct collection *all, const struct cells *cells);

/* Which cells are drawn, of so many figures. 0, or -1 without memory. */
int cells_choose(struct cells *cells, struct collection *all, unsigned int figures);

void cells_free(struct cells *cells, struct collection *all, unsigned int figures);

/* Draws those that were chosen. 0 or -1. */
int cells_draw(struct drawing *d, const struct collection *all, unsigned int count,
	       const struct cells *cells, const char *how, struct error *e);

#endif
