/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the sections of the report share. */
#ifndef PINSCALE_REPORT_PARTS_H
#define PINSCALE_REPORT_PARTS_H

#include "html.h"
#include "report.h"

struct report {
	FILE *out;
	const struct comparison *c;
	const struct comparison *noise; /* or NULL */
	const struct comparison_graph *graphs;
	size_t graph_count;
	const char *directory;
	const char *command;
};

/* The sections, in their order. */
void report_answer(const struct report *r);
void report_claims(const struct report *r);
void report_counts(const struct report *r);
void report_points(const struct report *r);
void report_left_out(const struct report *r);
void report_noise(const struct report *r);
void report_graphs(const struct report *r);
void report_scaling(const struct report *r);
void report_probes(const struct report *r);
void report_method(const struct report *r);
void report_environments(const struct report *r);
void report_reproduce(const struct report *r);

/* Did counts decide, and not rates? Then their graph is on the first screen. */
bool report_by_counts(const struct report *r);
void report_decisive(const struct report *r);

/* Begins a section with its heading; "</section>" ends it. id: ours, a word. */
void report_section(FILE *out, const char *id, const char *title);

/* The class of a verdict's sign and colour. */
const char *verdict_class(enum verdict v);

/* The verdict as a word with its sign. */
void report_verdict(FILE *out, enum verdict v, const char *words);

/* What a verdict by counts is among the others. */
enum verdict count_as_verdict(enum count_verdict v);

/* A graph with its caption; one that there is not, by name and reason. */
void report_figure(const struct report *r, const struct comparison_graph *graph);

/* "2 of 120 trials" that were left out of a side. */
void report_dropped(FILE *out, const struct comparison_dropped *d);

/* A blank and a word of a command, which a shell takes for one whatever is in it. */
void report_word(FILE *out, const char *word);

/* The same: the sweep of a run. */
void report_config(FILE *out, const struct run *run);

/* The first boot of a side that counts, or NULL. */
const struct run_boot *side_boot(const struct side *s);

/* Are both sides of the same boots? */
bool same_boots(const struct comparison *c);

/* --- the small graphs in the table of points (report_forest.c) ----------------- */

/* From the left to the right end: logarithms of ratios. */
struct forest {
	double low, high;
};

/* Has room for all rows and the margin. */
struct forest forest_of(const struct comparison *c);

/* The scale, for the head of the column. */
void forest_axis(FILE *out, const struct forest *f, double margin);

/* A row's ratio with its interval and the margin. */
void forest_row(FILE *out, const struct forest *f, double margin, const struct estimate *ratio,
		enum verdict verdict);

#endif
