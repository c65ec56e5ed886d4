// SPDX-License-Identifier: GPL-3.0-or-later
#include "panel.h"

#include <stdlib.h>
#include <string.h>

#include "axes.h"

/* In the order in which people read them; what is not named comes last. */
static const char *const reading_order[] = {"tail",   "head", "none",  "private",
					    "shared", "same", "group", "pool"};

static unsigned int rank(const char *text)
{
	unsigned int i = 0;

	while (i < sizeof(reading_order) / sizeof(reading_order[0]) &&
	       strcmp(reading_order[i], text))
		i++;
	return i;
}

static int compare_text(const char *a, const char *b)
{
	if (rank(a) != rank(b))
		return rank(a) < rank(b) ? -1 : 1;
	return strcmp(a, b);
}

static int compare_axis(const struct run_point *a, const struct run_point *b, const char *axis)
{
	char x[64], y[64];

	run_axis(a, axis, x, sizeof(x));
	run_axis(b, axis, y, sizeof(y));
	/* Sizes come before names: an order that is none would have qsort_r() go astray. */
	if (!size_parse(x) != !size_parse(y))
		return size_parse(x) ? -1 : 1;
	if (size_parse(x) != size_parse(y))
		return size_parse(x) < size_parse(y) ? -1 : 1;
	return compare_text(x, y);
}

static const char *const panel_axes[] = {"block",    "depth", "access",	   "target",	"devices",
					 "workload", "task",  "placement", "mempolicy", NULL};
static const char *const line_axes[] = {"page", "mapping", "subpage", "sharing", "copy", NULL};

static int compare_axes(const struct run_point *a, const struct run_point *b,
			const char *const *names)
{
	int order = 0;

	for (; *names && !order; names++)
		order = compare_axis(a, b, *names);
	return order;
}

/* For qsort_r(): by panel, line (larger pages first) and number of workers. */
static int compare_points(const void *a, const void *b, void *run)
{
	const struct run *r = run;
	const struct run_point *x = &r->points[*(const unsigned int *)a];
	const struct run_point *y = &r->points[*(const unsigned int *)b];
	int order = compare_axes(x, y, panel_axes);

	if (!order)
		order = -compare_axis(x, y, "page");
	if (!order)
		order = compare_axes(x, y, line_axes);
	if (!order)
		order = (run_workers(x) > run_workers(y)) - (run_workers(x) < run_workers(y));
	return order;
}

/* Adds what is not as usual to the title. */
static void add_unusual(struct panel *panel, const struct run_point *p)
{
	static const char *const usual[][3] = {
		{"depth", "1", "depth "},	{"access", "sequential", ""},
		{"devices", "one", "devices "}, {"task", "thread", ""},
		{"placement", "compact", ""},	{"mempolicy", "local", ""},
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		size_t used = strlen(panel->title);
		char value[48];

		/* Runs of older versions lack some axes. */
		run_axis(p, usual[i][0], value, sizeof(value));
		if (*value && strcmp(value, usual[i][1]))
			snprintf(panel->title + used, sizeof(panel->title) - used, ", %s%s",
				 usual[i][2], value);
	}
}

static void name_panel(struct panel *panel, const struct run_point *p)
{
	char workload[48], block[24], target[160];

	run_axis(p, "workload", workload, sizeof(workload));
	run_axis(p, "block", block, sizeof(block));
	run_axis(p, "target", target, sizeof(target));
	if (!strcmp(target, "none"))
		snprintf(panel->title, sizeof(panel->title), "%s %s", workload, block);
	else
		snprintf(panel->title, sizeof(panel->title), "%s %s, %s", workload, block, target);
	add_unusual(panel, p);
}

/*
 * For each page size its mapping, or null where the run's points of that size have several:
 * then it is named. A new reference.
 */
static json_t *find_mappings(const struct run *r)
{
	json_t *mappings = json_object();

	for (unsigned int i = 0; i < r->point_count; i++) {
		char page[64], mapping[64];
		const json_t *known;

		run_axis(&r->points[i], "page", page, sizeof(page));
		run_axis(&r->points[i], "mapping", mapping, sizeof(mapping));
		known = json_object_get(mappings, page);
		if (!known)
			json_object_set_new_nocheck(mappings, page, json_string_nocheck(mapping));
		else if (json_is_string(known) && strcmp(json_string_value(known), mapping))
			json_object_set_new_nocheck(mappings, page, json_null());
	}
	return mappings;
}

static void name_line(struct line *line, const json_t *mappings, const struct run_point *p)
{
	char page[64], mapping[24] = "", subpage[24], copy[16];

	run_axis(p, "copy", copy, sizeof(copy));
	run_axis(p, "page", page, sizeof(page));
	run_axis(p, "subpage", subpage, sizeof(subpage));
	run_axis(p, "sharing", line->sharing, sizeof(line->sharing));
	if (json_is_null(json_object_get(mappings, page)))
		run_axis(p, "mapping", mapping, sizeof(mapping));
	if (!strcmp(subpage, "none"))
		subpage[0] = '\0';
	snprintf(line->label, sizeof(line->label), "%.15s%s%s%s%s %.24s%s%s", page,
		 *mapping ? " " : "", mapping, *subpage ? " " : "", subpage, line->sharing,
		 *copy ? " copy " : "", copy);
}

static void *add(void *list, unsigned int *count, size_t size)
{
	void *longer = reallocarray(list, *count + 1, size);

	if (longer)
		memset((char *)longer + (*count)++ * size, 0, size);
	return longer;
}

/* Adds the point to the last line, or begins a line or a panel with it. */
static int place(struct panels *panels, const struct run *r, const json_t *mappings,
		 unsigned int index, const struct run_point *before)
{
	const struct run_point *p = &r->points[index];
	struct panel *panel;
	struct line *line;
	void *list;

	if (!before || compare_axes(before, p, panel_axes)) {
		list = add(panels->list, &panels->count, sizeof(*panel));
		if (!list)
			return -1;
		panels->list = list;
		name_panel(&panels->list[panels->count - 1], p);
		before = NULL;
	}
	panel = &panels->list[panels->count - 1];
	if (!before || compare_axes(before, p, line_axes)) {
		list = add(panel->lines, &panel->count, sizeof(*line));
		if (!list)
			return -1;
		panel->lines = list;
		name_line(&panel->lines[panel->count - 1], mappings, p);
	}
	line = &panel->lines[panel->count - 1];
	list = add(line->points, &line->count, sizeof(*line->points));
	if (!list)
		return -1;
	line->points = list;
	line->points[line->count - 1] = index;
	return 0;
}

/* What lines that are compared with each other have in common. */
static void base_key(const struct run_point *p, char *key, size_t size)
{
	static const char *const same[] = {"page", "mapping", "subpage", "copy", NULL};
	char value[64];
	size_t used = 0;

	key[0] = '\0';
	for (const char *const *axis = same; *axis && used < size; axis++)
		used += snprintf(key + used, size - used, "%s\n",
				 run_axis(p, *axis, value, sizeof(value)));
}

/* What each line is compared with: the same buffer, a page a worker. */
static void find_bases(struct panel *panel, const struct run *r)
{
	json_t *bases = json_object();
	char key[260];

	for (unsigned int i = 0; i < panel->count; i++) {
		base_key(&r->points[panel->lines[i].points[0]], key, sizeof(key));
		if (!strcmp(panel->lines[i].sharing, "private"))
			json_object_set_new_nocheck(bases, key, json_integer(i));
	}
	for (unsigned int i = 0; i < panel->count; i++) {
		const json_t *base;

		base_key(&r->points[panel->lines[i].points[0]], key, sizeof(key));
		base = json_object_get(bases, key);
		panel->lines[i].base = base ? json_integer_value(base) : -1;
		if (panel->lines[i].base == (int)i)
			panel->lines[i].base = -1;
	}
	json_decref(bases);
}

int panels_of(struct panels *panels, const struct run *r, struct error *e)
{
	unsigned int *order = calloc(r->point_count + 1, sizeof(*order));
	json_t *mappings = find_mappings(r);
	int rc = order ? 0 : -1;

	*panels = (struct panels){0};
	for (unsigned int i = 0; i < r->point_count && order; i++)
		order[i] = i;
	if (order)
		qsort_r(order, r->point_count, sizeof(*order), compare_points, (void *)r);
	for (unsigned int i = 0; i < r->point_count && !rc; i++)
		rc = place(panels, r, mappings, order[i], i ? &r->points[order[i - 1]] : NULL);
	for (unsigned int i = 0; i < panels->count && !rc; i++)
		find_bases(&panels->list[i], r);
	free(order);
	json_decref(mappings);
	if (rc) {
		panels_free(panels);
		return fail(e, "No memory for the %u points of the run.", r->point_count);
	}
	return 0;
}

void panels_free(struct panels *panels)
{
	for (unsigned int i = 0; i < panels->count; i++) {
		for (unsigned int k = 0; k < panels->list[i].count; k++)
			free(panels->list[i].lines[k].points);
		free(panels->list[i].lines);
	}
	free(panels->list);
	*panels = (struct panels){0};
}

int line_point(const struct run *r, const struct line *l, unsigned int workers)
{
	for (unsigned int i = 0; i < l->count; i++)
		if (run_workers(&r->points[l->points[i]]) == workers)
			return l->points[i];
	return -1;
}

static int by_value(const void *a, const void *b)
{
	const unsigned int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

unsigned int *panel_workers(const struct run *r, const struct panel *p, unsigned int *count)
{
	unsigned int *workers, n = 0;

	*count = 0;
	for (unsigned int i = 0; i < p->count; i++)
		n += p->lines[i].count;
	workers = calloc(n + 1, sizeof(*workers));
	if (!workers)
		return NULL;
	n = 0;
	for (unsigned int i = 0; i < p->count; i++)
		for (unsigned int k = 0; k < p->lines[i].count; k++)
			workers[n++] = run_workers(&r->points[p->lines[i].points[k]]);
	qsort(workers, n, sizeof(*workers), by_value);
	for (unsigned int i = 0; i < n; i++)
		if (!i || workers[i] != workers[*count - 1])
			workers[(*count)++] = workers[i];
	return workers;
}
