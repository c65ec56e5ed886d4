/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The points of a run as they are shown: a panel is one way of doing I/O
 * (workload, target, block, depth, task and so on), a line in it one kind of buffer
 * (page, mapping, subpage, sharing), a point of the line one number of workers.
 */
#ifndef PINSCALE_PANEL_H
#define PINSCALE_PANEL_H

#include "run.h"

struct line {
	char label[64]; /* "2m tail shared" */
	char sharing[32];
	int base;	      /* the line of the panel that differs in being private, or -1 */
	unsigned int *points; /* indices into the run's, by number of workers */
	unsigned int count;
};

struct panel {
	char title[256]; /* "pread 4k, ext2" */
	struct line *lines;
	unsigned int count;
};

struct panels {
	struct panel *list;
	unsigned int count;
};

/* Runs the statement that follows with every line, and the panel that it is in. */
#define for_each_line(panels, panel, line)                          \
	for (const struct panel *(panel) = (panels)->list;          \
	     (panel) < (panels)->list + (panels)->count; (panel)++) \
		for (const struct line *(line) = (panel)->lines;    \
		     (line) < (panel)->lines + (panel)->count; (line)++)

/* To be freed with panels_free(). 0 or -1. */
int panels_of(struct panels *panels, const struct run *r, struct error *e);
void panels_free(struct panels *panels);

/* The point of the line with so many workers, or -1. */
int line_point(const struct run *r, const struct line *l, unsigned int workers);

/* The numbers of workers of all lines of the panel, each once, ascending. To be freed. */
unsigned int *panel_workers(const struct run *r, const struct panel *p, unsigned int *count);

#endif
