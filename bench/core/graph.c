// SPDX-License-Identifier: GPL-3.0-or-later
/* The data of a graph, and gnuplot. docs/JOURNAL.md has the data's format. */
#include "graph.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

#define SCRIPT PINSCALE_TOP "/plot/panels.gp"

/* A line is drawn when it goes somewhere; if none does, all are. */
static bool any_line_goes(const struct panels *panels)
{
	for (unsigned int i = 0; i < panels->count; i++)
		for (unsigned int k = 0; k < panels->list[i].count; k++)
			if (panels->list[i].lines[k].count > 1)
				return true;
	return false;
}

static bool panel_drawn(const struct panel *p, bool goes)
{
	for (unsigned int i = 0; i < p->count; i++)
		if (!goes || p->lines[i].count > 1)
			return true;
	return false;
}

/* Near and far are never drawn in one: that which has more trials is. */
static enum stratum drawn_stratum(const struct run *r, unsigned int *trials, unsigned int *others)
{
	unsigned int count[STRATA] = {0};
	enum stratum most;

	for (unsigned int i = 0; i < r->trial_count; i++)
		count[r->trials[i].stratum] += !r->trials[i].excluded;
	most = count[STRATUM_FAR] > count[STRATUM_NEAR] ? STRATUM_FAR : STRATUM_NEAR;
	*trials = count[most];
	*others = count[STRATUM_NEAR] + count[STRATUM_FAR] - count[most];
	return most;
}

/* Series: a variant and a kind of buffer; the same in all panels. */
struct series {
	char name[128];
	unsigned int variant;
	char label[64];
};

struct all_series {
	struct series *list;
	unsigned int count;
};

static int add_series(struct all_series *all, const struct run *r, unsigned int variant,
		      const struct line *line)
{
	struct series *longer;

	for (unsigned int i = 0; i < all->count; i++)
		if (all->list[i].variant == variant && !strcmp(all->list[i].label, line->label))
			return i;
	longer = reallocarray(all->list, all->count + 1, sizeof(*longer));
	if (!longer)
		return -1;
	all->list = longer;
	longer += all->count;
	longer->variant = variant;
	snprintf(longer->label, sizeof(longer->label), "%s", line->label);
	if (r->variant_count > 1)
		snprintf(longer->name, sizeof(longer->name), "%.50s, %s", r->variants[variant],
			 line->label);
	else
		snprintf(longer->name, sizeof(longer->name), "%s", line->label);
	return all->count++;
}

static void write_number(FILE *f, double x)
{
	if (isnan(x))
		fputs("\t-", f);
	else
		fprintf(f, "\t%.9g", x);
}

/* A drawing in the making. */
struct drawing {
	const struct run *r;
	const struct panels *panels;
	const struct graph *graph;
	enum stratum stratum;
	struct all_series series;
	double lowest[MOST_ROWS], highest[MOST_ROWS]; /* of the values of a row */
	FILE *values;
};

/* A line of block 4: row, panel, series, workers, value, low, high. */
static void write_value(struct drawing *d, unsigned int row, unsigned int column, int series,
			unsigned int workers, const struct estimate *e)
{
	fprintf(d->values, "%u\t%u\t%d\t%u", row + 1, column, series + 1, workers);
	write_number(d->values, e->value);
	write_number(d->values, isnan(e->low) ? e->value : e->low);
	write_number(d->values, isnan(e->high) ? e->value : e->high);
	fputc('\n', d->values);
	d->lowest[row] = fmin(d->lowest[row], e->value);
	d->highest[row] = fmax(d->highest[row], e->value);
}

static struct estimate value_of(const struct drawing *d, unsigned int row,
				const struct panel *panel, const struct line *line,
				unsigned int variant, unsigned int point)
{
	bool alone = d->r->emulated || run_workers(&d->r->points[point]) == 1;

	return d->graph->rows[row].of(d->r, variant, panel, line, point,
				      alone ? STRATUM_NONE : d->stratum);
}

/* Is there any value of that line in the graph? */
static bool line_known(const struct drawing *d, const struct panel *panel, const struct line *line,
		       unsigned int variant)
{
	for (unsigned int row = 0; row < d->graph->row_count; row++)
		for (unsigned int k = 0; k < line->count; k++)
			if (!isnan(value_of(d, row, panel, line, variant, line->points[k]).value))
				return true;
	return false;
}

static int write_line(struct drawing *d, unsigned int column, const struct panel *panel,
		      const struct line *line, unsigned int variant)
{
	int series;

	if (!line_known(d, panel, line, variant))
		return 0;
	series = add_series(&d->series, d->r, variant, line);
	for (unsigned int row = 0; row < d->graph->row_count && series >= 0; row++) {
		for (unsigned int k = 0; k < line->count; k++) {
			struct estimate e = value_of(d, row, panel, line, variant, line->points[k]);

			write_value(d, row, column, series,
				    run_workers(&d->r->points[line->points[k]]), &e);
		}
	}
	return series < 0 ? -1 : 0;
}

static const struct line ideal = {.label = "ideal: one worker's rate times their number"};

/* What the first line of the panel would do if no worker were in another's way. */
static int write_ideal(struct drawing *d, unsigned int row, unsigned int column,
		       const struct panel *panel)
{
	unsigned int count, *workers = panel_workers(d->r, panel, &count);
	int point = line_point(d->r, &panel->lines[0], 1);
	int series = workers ? 0 : -1;

	if (workers && point >= 0)
		series = add_series(&d->series, d->r, 0, &ideal);
	for (unsigned int i = 0; i < count && series >= 0 && point >= 0; i++) {
		struct estimate e = d->graph->rows[row].of(d->r, 0, panel, &panel->lines[0], point,
							   STRATUM_NONE);

		e.value *= workers[i];
		e.low = e.high = NAN;
		write_value(d, row, column, series, workers[i], &e);
	}
	free(workers);
	return series < 0 ? -1 : 0;
}

static int write_panel(struct drawing *d, unsigned int column, const struct panel *panel, bool goes)
{
	int rc = 0;

	for (unsigned int v = 0; v < d->r->variant_count; v++)
		for (unsigned int i = 0; i < panel->count && !rc; i++)
			if (!goes || panel->lines[i].count > 1)
				rc = write_line(d, column, panel, &panel->lines[i], v);
	return rc;
}

static int write_ideals(struct drawing *d, unsigned int column, const struct panel *panel)
{
	int rc = 0;

	for (unsigned int row = 0; row < d->graph->row_count && !rc; row++)
		if (d->graph->rows[row].ideal)
			rc = write_ideal(d, row, column, panel);
	return rc;
}

/* Ideals come last in the legend. */
static int write_values(struct drawing *d)
{
	bool goes = any_line_goes(d->panels);
	int rc = 0;

	for (int pass = 0; pass < 2; pass++) {
		unsigned int column = 0;

		for (unsigned int i = 0; i < d->panels->count && !rc; i++) {
			const struct panel *panel = &d->panels->list[i];

			if (!panel_drawn(panel, goes))
				continue;
			column++;
			rc = pass ? write_ideals(d, column, panel)
				  : write_panel(d, column, panel, goes);
		}
	}
	return rc;
}

/* Characters of the caption's font that go into a line above so many panels; plot/panels.gp has the
 * widths. */
static size_t caption_width(unsigned int panels)
{
	unsigned int pixels = 80 + 330 * panels;

	return ((pixels < 760 ? 760 : pixels) - 20) / 6.6;
}

/* Writes text with lines that are no longer than that, broken at blanks. Spoils the text. */
static void write_wrapped(FILE *f, char *text, size_t width)
{
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		while (strlen(line) > width) {
			char *blank = memrchr(line, ' ', width);

			if (!blank)
				break;
			*blank = '\0';
			fprintf(f, "%s\n", line);
			line = blank + 1;
		}
		fprintf(f, "%s\n", line);
	}
	fputs("\n\n", f);
}

static void write_caption(FILE *f, const struct drawing *d, unsigned int trials,
			  unsigned int others)
{
	const struct run *r = d->r;
	const json_t *boot = r->boot_count ? r->boots[0].record : NULL;
	const char *model =
		json_string_value(json_object_get(json_object_get(boot, "cpu"), "model"));

	fprintf(f, "%s\n", d->graph->title);
	for (unsigned int v = 0; v < r->variant_count; v++) {
		const char *release = NULL;
		unsigned int boots = 0;
		bool drawn = false;

		for (unsigned int i = 0; i < d->series.count; i++)
			drawn |= d->series.list[i].variant == v;

		for (unsigned int b = 0; b < r->boot_count; b++) {
			if (r->boots[b].variant != v || !r->boots[b].counts)
				continue;
			release = json_string_value(json_object_get(
				json_object_get(r->boots[b].record, "kernel"), "release"));
			boots++;
		}
		fprintf(f, "%s%s: Linux %s, %u boot%s%s%s", v ? "; " : "", r->variants[v],
			release ? release : "?", boots, boots == 1 ? "" : "s", drawn ? "" : ", ",
			drawn ? "" : d->graph->absent);
	}
	fprintf(f, "; %s\n", model ? model : "?");
	if (r->emulated)
		fputs("EMULATED CPUs (QEMU TCG): counts are facts, times and rates are not.", f);
	else
		fprintf(f, "%s CPUs.", run_execution(r));
	if (trials)
		fprintf(f, " With several workers: CPUs %s (%.0f ns a cache line), %u trials%s.",
			d->stratum == STRATUM_FAR ? "far" : "near", run_pingpong(r, d->stratum),
			trials, others ? ", the others not drawn" : "");
	fprintf(f, " %s\n", d->graph->interval);
}

/* A row's label, the ends of its scale, and its reference line. */
static void write_rows(FILE *f, const struct drawing *d)
{
	for (unsigned int i = 0; i < d->graph->row_count; i++) {
		const struct quantity *q = &d->graph->rows[i];
		double low = 0, high = d->highest[i] > 0 ? 1.25 * d->highest[i] : 1;

		/* What is near its reference is shown near; intervals may reach beyond. */
		if (!isnan(q->reference)) {
			low = 0.9 * fmin(q->reference, d->lowest[i]);
			high = 1.1 * fmax(q->reference, d->highest[i]);
		}
		fprintf(f, "%s", q->label);
		write_number(f, low);
		write_number(f, high);
		write_number(f, q->reference);
		fputc('\n', f);
	}
}

/*
 * Name, colour, dash and mark. Colour tells kernels apart where there are
 * several, dash and mark tell kinds of buffers.
 */
static void write_series(FILE *f, const struct drawing *d)
{
	for (unsigned int i = 0; i < d->series.count; i++) {
		const struct series *s = &d->series.list[i];
		unsigned int kind = 1;

		if (!strcmp(s->label, ideal.label)) {
			fprintf(f, "%s\t0\t3\t0\n", s->name);
			continue;
		}
		for (unsigned int k = 0; k < i; k++)
			kind += d->series.list[k].variant == s->variant &&
				strcmp(d->series.list[k].label, ideal.label);
		fprintf(f, "%s\t%u\t%u\t%u\n", s->name,
			d->r->variant_count > 1 ? s->variant + 1 : kind, kind, kind);
	}
}

/* The data file of a graph. 0 or -1. */
static int write_data(const char *path, struct drawing *d, struct error *e)
{
	unsigned int trials, others;
	char *values = NULL, *caption = NULL;
	unsigned int drawn = 0;
	FILE *f, *text;
	size_t size;
	int rc;

	for (int i = 0; i < MOST_ROWS; i++)
		d->lowest[i] = d->highest[i] = NAN;
	d->stratum = drawn_stratum(d->r, &trials, &others);
	d->values = open_memstream(&values, &size);
	rc = d->values ? write_values(d) : -1;
	if (d->values)
		fclose(d->values);
	f = rc ? NULL : fopen(path, "we");
	if (f) {
		for (unsigned int i = 0; i < d->panels->count; i++)
			drawn += panel_drawn(&d->panels->list[i], any_line_goes(d->panels));
		text = open_memstream(&caption, &size);
		if (text) {
			write_caption(text, d, trials, others);
			fclose(text);
			write_wrapped(f, caption, caption_width(drawn));
			free(caption);
		}
		write_rows(f, d);
		fputs("\n\n", f);
		for (unsigned int i = 0; i < d->panels->count; i++)
			if (panel_drawn(&d->panels->list[i], any_line_goes(d->panels)))
				fprintf(f, "%s\n", d->panels->list[i].title);
		fputs("\n\n", f);
		write_series(f, d);
		fprintf(f, "\n\n%s", values);
		rc = fclose(f);
	}
	free(values);
	free(d->series.list);
	return rc || !f ? fail(e, "Writing %s: %s.", path, strerror(errno)) : 0;
}

int graph_draw(const struct run *r, const struct panels *panels, const struct graph *g,
	       struct error *e)
{
	char data[4096], picture[4096];
	struct drawing drawing = {.r = r, .panels = panels, .graph = g};
	char *const argv[] = {"gnuplot", "-c", SCRIPT, data, picture, NULL};

	snprintf(data, sizeof(data), "%s/%s.tsv", r->directory, g->name);
	snprintf(picture, sizeof(picture), "%s/%s.png", r->directory, g->name);
	if (write_data(data, &drawing, e) || program_run(argv, e))
		return -1;
	printf("%s\n", picture);
	return 0;
}
