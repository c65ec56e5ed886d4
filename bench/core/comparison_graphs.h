/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The graphs of a comparison: each as NAME.svg, NAME.png and NAME.tsv, the numbers in it. */
#ifndef PINSCALE_COMPARISON_GRAPHS_H
#define PINSCALE_COMPARISON_GRAPHS_H

#include "comparison.h"

struct comparison_graph {
	char name[32]; /* of the files */
	char title[128];
	char caption[1024]; /* what is drawn, and what must be known to read it */
	bool drawn;
	char absent[256]; /* why not, when it is not drawn */
};

/*
 * Draws all into the directory, which must be there. graphs gets them, the decisive one
 * first, also those that would be empty and are not drawn; to be freed. 0 or -1.
 */
int comparison_graphs_draw(const struct comparison *c, const char *directory,
			   struct comparison_graph **graphs, size_t *count, struct error *e);

#endif
