// SPDX-License-Identifier: GPL-3.0-or-later
#include "counts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "text_table.h"

/* Fewer than so many an operation are rare events: one in 200. */
#define RARE 0.005

/* Functions of instructions that are named; the others are summed up. */
#define MOST_FUNCTIONS 25

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

struct counts counts_of(const struct run *r, unsigned int variant, unsigned int point)
{
	struct counts c = {0};
	json_t *record, *value;
	const char *key;
	size_t i;

	json_array_foreach (r->records, i, record) {
		unsigned int number = json_integer_value(json_object_get(record, "boot"));

		if (strcmp(text_of(record, "type"), "counts") ||
		    !json_equal(json_object_get(record, "point"), r->points[point].axes))
			continue;
		for (unsigned int b = 0; b < r->boot_count; b++)
			if (r->boots[b].number == number && r->boots[b].variant == variant &&
			    r->boots[b].end)
				c.record = record;
	}
	c.operations = number_of(c.record, "operations");
	json_object_foreach (json_object_get(c.record, "dropped"), key, value)
		c.dropped += json_integer_value(value);
	return c;
}

struct count_row *counts_rows(const struct counts *c, size_t *count)
{
	const json_t *rows = json_object_get(c->record, "rows");
	size_t n = json_array_size(rows), i;
	struct count_row *list = calloc(n + 1, sizeof(*list));
	json_t *row;

	*count = list ? n : 0;
	if (!list)
		return NULL;
	json_array_foreach (rows, i, row)
		list[i] = (struct count_row){
			.kind = text_of(row, "kind"),
			.on = text_of(row, "on"),
			.field = text_of(row, "field"),
			.by = text_of(row, "by"),
			.each = number_of(row, "total") / c->operations,
			.usual = number_of(row, "usual"),
			.shared = number_of(row, "shared") / c->operations,
			.cpus = number_of(row, "cpus"),
			.lines = number_of(row, "lines"),
		};
	return list;
}

static double sum(const struct counts *c, const char *key)
{
	double total = 0;
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(c->record, "rows"), i, row)
		if (!strcmp(text_of(row, "kind"), "locked"))
			total += number_of(row, key);
	return c->operations ? total / c->operations : NAN;
}

double counts_locked(const struct counts *c)
{
	return sum(c, "total");
}

double counts_shared(const struct counts *c)
{
	return sum(c, "shared");
}

double counts_instructions(const struct counts *c, double *kernel, double *user)
{
	const json_t *instructions = json_object_get(c->record, "instructions");
	double operations = number_of(instructions, "operations");

	*kernel = operations > 0 ? number_of(instructions, "kernel") / operations : NAN;
	*user = operations > 0 ? number_of(instructions, "user") / operations : NAN;
	return *kernel + *user;
}

void counts_title(const struct run *r, const struct panel *p, const struct line *l,
		  unsigned int point, char *text, size_t size)
{
	unsigned int workers = run_workers(&r->points[point]);

	snprintf(text, size, "%s, %s, %u worker%s", p->title, l->label, workers,
		 workers > 1 ? "s" : "");
}

/* The variant of that name, or -1 with the error set. */
static int find_variant(const struct run *r, const char *name, struct error *e)
{
	for (unsigned int v = 0; v < r->variant_count; v++)
		if (!strcmp(r->variants[v], name))
			return v;
	return fail(e, "%s has no variant '%s'; 'pinscale counts %s' names those there are.",
		    r->directory, name, r->directory);
}

int counts_read(const char *text, struct run *r, int *variant, struct error *e)
{
	/* A directory may have a colon in its name. */
	const char *colon = record_exists(text) ? NULL : strrchr(text, ':');
	char *directory = colon ? strndup(text, colon - text) : strdup(text);
	int rc = directory ? run_read(r, directory, e) : fail(e, "No memory to read %s.", text);

	free(directory);
	*variant = -1;
	if (rc)
		return rc;
	if (!json_object_get(r->json, "count"))
		rc = fail(e,
			  "%s has no counts: it was measured by time. 'pinscale table %s' shows "
			  "it; './run.sh count' counts.",
			  r->directory, r->directory);
	else if (colon)
		rc = *variant = find_variant(r, colon + 1, e);
	if (rc < 0)
		run_free(r);
	return rc < 0 ? -1 : 0;
}

/* A line of the table of points. */
static void add_point(struct text_table *t, const struct counts *c, const char *title)
{
	double kernel, user, all = counts_instructions(c, &kernel, &user);

	text_cell(t, "%s", title);
	if (!c->operations) {
		text_cell(t, "-");
		text_cell(t, "-");
		text_cell(t, "-");
		text_cell(t, "-");
		text_cell(t, "0");
	} else {
		text_cell(t, "%.3f", counts_locked(c));
		text_cell(t, "%.3f", counts_shared(c));
		text_cell(t, isnan(all) ? "-" : "%.1f", kernel);
		text_cell(t, isnan(all) ? "-" : "%.1f", user);
		text_cell(t, "%llu", (unsigned long long)c->operations);
	}
	text_cell(t, "%llu", (unsigned long long)c->dropped);
	text_row(t);
}

static void show_points(const struct run *r, const struct panels *panels, unsigned int variant,
			FILE *out)
{
	static const char *const heads[] = {"an operation", "locked", "shared", "kernel",
					    "user",	    "kept",   "dropped"};
	struct text_table t = {0};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		text_cell(&t, "%s", heads[i]);
	text_row(&t);
	for_each_line(panels, panel, line) for (unsigned int n = 0; n < line->count; n++)
	{
		struct counts c = counts_of(r, variant, line->points[n]);
		char title[400];

		counts_title(r, panel, line, line->points[n], title, sizeof(title));
		if (c.record)
			add_point(&t, &c, title);
	}
	text_table_print(&t, 1, out);
}

/* The rows of a point, locked operations before others, as they come: largest first. */
static void show_rows(const struct counts *c, bool all, FILE *out)
{
	struct text_table t = {0};
	size_t count;
	struct count_row *rows = counts_rows(c, &count);
	double rare = 0, loads = 0, stores = 0;
	bool any = false;

	text_cell(&t, "  on");
	text_cell(&t, "by");
	text_cell(&t, "kind");
	text_cell(&t, "each");
	text_cell(&t, "shared");
	text_cell(&t, "CPUs");
	text_cell(&t, "lines");
	text_row(&t);
	for (size_t i = 0; i < count; i++) {
		const struct count_row *row = &rows[i];

		if (!strcmp(row->kind, "load"))
			loads += row->each;
		else if (!strcmp(row->kind, "store"))
			stores += row->each;
		else if (row->each < RARE)
			rare += row->each;
		if (row->each < RARE || (strcmp(row->kind, "locked") && !all && row->shared < RARE))
			continue;
		any = true;
		text_cell(&t, "  %s%s%s", row->on, *row->field ? ": " : "", row->field);
		text_cell(&t, "%s", row->by);
		text_cell(&t, "%s", row->kind);
		text_cell(&t, "%.3f", row->each);
		if (row->shared > 0)
			text_cell(&t, "%.3f", row->shared);
		else
			text_cell(&t, "-");
		text_cell(&t, "%u", row->cpus);
		text_cell(&t, "%u", row->lines);
		text_row(&t);
	}
	if (any)
		text_table_print(&t, 3, out);
	else
		fputs("  no locked operation\n", out);
	free(t.cells);
	if (rare > 0)
		fprintf(out, "  and %.3f locked, in rows of less than one in %.0f operations\n",
			rare, 1 / RARE);
	if (loads > 0)
		fprintf(out, "  plain loads: %.1f, stores: %.1f%s\n", loads, stores,
			all ? ""
			    : "; shown are those on lines that several CPUs use and one writes");
	free(rows);
}

static void show_functions(const struct counts *c, FILE *out)
{
	const json_t *instructions = json_object_get(c->record, "instructions");
	double operations = number_of(instructions, "operations"), rest = 0;
	struct text_table t = {0};
	json_t *pair;
	size_t i;

	json_array_foreach (json_object_get(instructions, "by"), i, pair) {
		double each = json_integer_value(json_array_get(pair, 1)) / operations;

		if (i >= MOST_FUNCTIONS) {
			rest += each;
			continue;
		}
		text_cell(&t, "  %s", json_string_value(json_array_get(pair, 0)));
		text_cell(&t, "%.1f", each);
		text_row(&t);
	}
	if (rest > 0) {
		text_cell(&t, "  all others");
		text_cell(&t, "%.1f", rest);
		text_row(&t);
	}
	if (!(operations > 0)) {
		fputs("  instructions were not counted\n", out);
		return;
	}
	fputs("  instructions an operation, by function\n", out);
	text_table_print(&t, 1, out);
}

static void show_point(const struct counts *c, const char *variant, const char *title,
		       const struct counts_view *view, FILE *out)
{
	fprintf(out, "\n%s: %s", variant, title);
	if (!c->operations) {
		fputs(": every operation was disturbed, nothing was counted\n", out);
		return;
	}
	fprintf(out, ": %.3f locked, %.3f on shared lines\n", counts_locked(c), counts_shared(c));
	show_rows(c, view->all, out);
	if (view->functions)
		show_functions(c, out);
}

static void show_details(const struct run *r, const struct panels *panels, unsigned int variant,
			 const struct counts_view *view, FILE *out)
{
	for_each_line(panels, panel, line) for (unsigned int n = 0; n < line->count; n++)
	{
		struct counts c = counts_of(r, variant, line->points[n]);
		char title[400];

		counts_title(r, panel, line, line->points[n], title, sizeof(title));
		if (c.record &&
		    (view->part ? strstr(title, view->part) != NULL : n + 1 == line->count))
			show_point(&c, r->variants[variant], title, view, out);
	}
}

/* What the variant's kernel is, and what of it was seen. */
static void show_variant(const struct run *r, unsigned int variant, FILE *out)
{
	const json_t *record;
	size_t i;

	for (unsigned int b = 0; b < r->boot_count; b++) {
		if (r->boots[b].variant != variant || !r->boots[b].end)
			continue;
		fprintf(out, "%s: Linux %s", r->variants[variant],
			text_of(json_object_get(r->boots[b].record, "kernel"), "release"));
		json_array_foreach (r->records, i, record)
			if (!strcmp(text_of(record, "type"), "trace") &&
			    json_integer_value(json_object_get(record, "boot")) ==
				    r->boots[b].number)
				fprintf(out, ", %lld CPU%s: trace of %lld events, crc32 %s%s%s",
					(long long)number_of(record, "cpus"),
					number_of(record, "cpus") > 1 ? "s" : "",
					(long long)number_of(record, "events"),
					text_of(record, "crc32"),
					json_is_true(json_object_get(record, "exact"))
						? ", the same in every run"
						: "",
					json_is_true(json_object_get(record, "truncated"))
						? ", CUT OFF"
						: "");
		fputc('\n', out);
	}
}

void counts_show(const struct run *r, const struct panels *panels, const struct counts_view *view,
		 FILE *out)
{
	fprintf(out,
		"%s: emulated CPUs: counts are facts, there are no times.\nlocked: operations with "
		"a LOCK prefix, and XCHG; shared: those of them on cache lines that\nseveral "
		"CPUs work on; kernel, user: instructions; dropped: operations that an interrupt, "
		"an\nexception or another task fell into\n",
		r->directory);
	for (unsigned int v = 0; v < r->variant_count; v++) {
		if (view->variant >= 0 && (unsigned int)view->variant != v)
			continue;
		fputc('\n', out);
		show_variant(r, v, out);
		if (!view->part)
			show_points(r, panels, v, out);
	}
	for (unsigned int v = 0; v < r->variant_count; v++)
		if (view->variant < 0 || (unsigned int)view->variant == v)
			show_details(r, panels, v, view, out);
}
