/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A graph of a run: a grid of small ones, a column a panel, a row a quantity,
 * drawn against the number of workers.
 */
#ifndef PINSCALE_GRAPH_H
#define PINSCALE_GRAPH_H

#include "panel.h"
#include "run.h"

#define MOST_ROWS 3

/* A quantity that is drawn: a row of graphs. */
struct quantity {
	const char *label;
	double reference; /* a line across, NAN for none */
	bool ideal;	  /* what one worker did, times their number, is drawn too */
	struct estimate (*of)(const struct run *r, unsigned int variant, const struct panel *panel,
			      const struct line *line, unsigned int point, enum stratum stratum);
};

struct graph {
	const char *name; /* of the file */
	const char *title;
	const char *interval; /* what the bars are */
	const char *absent;   /* what is said of a kernel that nothing is drawn of */
	const struct quantity *rows;
	unsigned int row_count;
};

/* Writes NAME.tsv and NAME.png into the run's directory, and says so. 0 or -1. */
int graph_draw(const struct run *r, const struct panels *panels, const struct graph *g,
	       struct error *e);

#endif
