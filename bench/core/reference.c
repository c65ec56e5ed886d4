// SPDX-License-Identifier: GPL-3.0-or-later
#include "reference.h"

#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "include/workload.h"
#include "text_table.h"

static const char *workload_of(const struct run_point *p, char *text, size_t size)
{
	return run_axis(p, "workload", text, size);
}

/* Does b differ from a in being a reference for its workload, and in nothing else? */
static bool is_reference(const struct run_point *a, const struct run_point *b)
{
	char ours[64], theirs[64];
	const struct workload *w = find_plugin(workload, workload_of(b, theirs, sizeof(theirs)));
	json_t *like_a;
	bool same;

	if (!w || !w->reference_for || strcmp(w->reference_for, workload_of(a, ours, sizeof(ours))))
		return false;
	like_a = json_copy(b->axes);
	json_object_set(like_a, "workload", json_object_get(a->axes, "workload"));
	same = json_equal(like_a, a->axes);
	json_decref(like_a);
	return same;
}

static int by_workload(const void *a, const void *b, void *run)
{
	const struct run *r = run;
	char x[64], y[64];

	return strcmp(workload_of(&r->points[*(const unsigned int *)a], x, sizeof(x)),
		      workload_of(&r->points[*(const unsigned int *)b], y, sizeof(y)));
}

/* The points of the references for a point, by name. To be freed; NULL without memory. */
static unsigned int *references_of(const struct run *r, unsigned int point, unsigned int *count)
{
	unsigned int *found = calloc(r->point_count, sizeof(*found));

	*count = 0;
	for (unsigned int i = 0; i < r->point_count && found; i++)
		if (is_reference(&r->points[point], &r->points[i]))
			found[(*count)++] = i;
	if (found)
		qsort_r(found, *count, sizeof(*found), by_workload, (void *)r);
	return found;
}

static void add_header(struct text_table *t)
{
	static const char *const names[] = {"buffer", "CPUs",	     "beside",	       "workers",
					    "ours/s", "reference/s", "ours/reference", "n"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		text_cell(t, "%s", names[i]);
	text_row(t);
}

static void add_row(const struct run *r, const struct line *line, unsigned int ours,
		    unsigned int reference, enum stratum stratum, struct text_table *t)
{
	struct estimate ratio = run_point_ratio(r, 0, ours, reference, stratum);
	char text[64];

	if (!ratio.n)
		return;
	text_cell(t, "%s", line->label);
	text_cell(t, "%s", format_stratum(stratum));
	text_cell(t, "%s", workload_of(&r->points[reference], text, sizeof(text)));
	text_cell(t, "%u", run_workers(&r->points[ours]));
	text_cell(t, "%s", format_rate(run_rate(r, 0, ours, stratum).value, text, sizeof(text)));
	text_cell(t, "%s",
		  format_rate(run_rate(r, 0, reference, stratum).value, text, sizeof(text)));
	text_cell(t, "%s", format_ratio(&ratio, text, sizeof(text)));
	text_cell(t, "%zu", ratio.n);
	text_row(t);
}

static void add_point(const struct run *r, const struct line *line, unsigned int point,
		      struct text_table *t)
{
	unsigned int count, *references = references_of(r, point, &count);

	for (unsigned int i = 0; i < count; i++) {
		if (!t->rows)
			add_header(t);
		for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED; s++)
			add_row(r, line, point, references[i], s, t);
	}
	free(references);
}

/* Has it any? */
static bool print_panel(const struct run *r, const struct panel *panel, FILE *out)
{
	struct text_table t = {0};

	for (unsigned int i = 0; i < panel->count; i++)
		for (unsigned int k = 0; k < panel->lines[i].count; k++)
			add_point(r, &panel->lines[i], panel->lines[i].points[k], &t);
	if (!t.rows)
		return false;
	fprintf(out, "\n%s, beside its references%s\n", panel->title,
		r->emulated ? "  (emulated: counts are facts, times are not)" : "");
	text_table_print(&t, 3, out);
	return true;
}

void reference_print(const struct run *r, const struct panels *panels, FILE *out)
{
	bool any = false;

	for (unsigned int i = 0; i < panels->count && !run_compares_kernels(r); i++)
		any |= print_panel(r, &panels->list[i], out);
	if (any)
		fputs("\n", out);
}
