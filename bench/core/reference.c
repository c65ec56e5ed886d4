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

/* A point's axes as text, with another workload; to be freed. */
static char *key_of(const json_t *axes, const char *workload)
{
	json_t *copy = json_copy((json_t *)axes);
	char *key;

	if (workload)
		json_object_set_new(copy, "workload", json_string(workload));
	key = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(copy);
	return key;
}

/*
 * The points that are references for other workloads, in lists by what they are for: the axes of a
 * point that differs in nothing but the workload. A new reference.
 */
static json_t *find_references(const struct run *r)
{
	json_t *found = json_object(), *list;
	char name[64], *key;

	for (unsigned int i = 0; i < r->point_count; i++) {
		const struct workload *w =
			find_plugin(workload, workload_of(&r->points[i], name, sizeof(name)));

		key = w && w->reference_for ? key_of(r->points[i].axes, w->reference_for) : NULL;
		if (!key)
			continue;
		list = json_object_get(found, key);
		if (!list) {
			list = json_array();
			json_object_set_new(found, key, list);
		}
		json_array_append_new(list, json_integer(i));
		free(key);
	}
	return found;
}

static int by_workload(const void *a, const void *b, void *run)
{
	const struct run *r = run;
	char x[64], y[64];

	return strcmp(workload_of(&r->points[*(const unsigned int *)a], x, sizeof(x)),
		      workload_of(&r->points[*(const unsigned int *)b], y, sizeof(y)));
}

/* The points of the references for a point, by name. To be freed; NULL without memory. */
static unsigned int *references_of(const struct run *r, const json_t *references,
				   unsigned int point, unsigned int *count)
{
	char *key = key_of(r->points[point].axes, NULL);
	const json_t *list = key ? json_object_get(references, key) : NULL;
	unsigned int *found = calloc(json_array_size(list) + 1, sizeof(*found));

	*count = found ? json_array_size(list) : 0;
	for (size_t i = 0; i < *count; i++)
		found[i] = json_integer_value(json_array_get(list, i));
	if (found)
		qsort_r(found, *count, sizeof(*found), by_workload, (void *)r);
	free(key);
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

static void add_point(const struct run *r, const json_t *all, const struct line *line,
		      unsigned int point, struct text_table *t)
{
	unsigned int count, *references = references_of(r, all, point, &count);

	for (unsigned int i = 0; i < count; i++) {
		if (!t->rows)
			add_header(t);
		for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED; s++)
			add_row(r, line, point, references[i], s, t);
	}
	free(references);
}

/* Has it any? */
static bool print_panel(const struct run *r, const json_t *all, const struct panel *panel,
			FILE *out)
{
	struct text_table t = {0};

	for (unsigned int i = 0; i < panel->count; i++)
		for (unsigned int k = 0; k < panel->lines[i].count; k++)
			add_point(r, all, &panel->lines[i], panel->lines[i].points[k], &t);
	if (!t.rows)
		return false;
	fprintf(out, "\n%s, beside its references%s\n", panel->title,
		r->emulated ? "  (emulated: counts are facts, times are not)" : "");
	text_table_print(&t, 3, out);
	return true;
}

void reference_print(const struct run *r, const struct panels *panels, FILE *out)
{
	json_t *all = find_references(r);
	bool any = false;

	for (unsigned int i = 0; i < panels->count && !run_compares_kernels(r); i++)
		any |= print_panel(r, all, &panels->list[i], out);
	json_decref(all);
	if (any)
		fputs("\n", out);
}
