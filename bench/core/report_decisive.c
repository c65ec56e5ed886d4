// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where the CPUs were emulated, counts decide, and no graph of rates: what each side does
 * an operation, where that differs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report_parts.h"

#define MOST_ROWS 12

#define WIDTH 300
#define HEIGHT 22
#define EDGE 8
#define LABEL_ROOM 28

/* What both sides do of something in an operation. */
struct pair {
	char *name;
	double each[SIDES];
	enum verdict verdict;
};

struct pairs {
	struct pair *list;
	size_t count;
	const char *what;
};

bool report_by_counts(const struct report *r)
{
	const struct comparison *c = r->c;

	return c->emulated && !c->rates && (c->counted || c->lock_more);
}

static double change(const struct pair *p)
{
	return fabs(p->each[NEW] - p->each[BASE]);
}

static int by_change(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->verdict != y->verdict)
		return (int)y->verdict - (int)x->verdict;
	return (change(x) < change(y)) - (change(x) > change(y));
}

/* Locked operations: on lines that workers share, where those decided, else all. */
static void of_counts(struct pairs *pairs, const struct count_diff *d)
{
	bool shared = d->verdict == COUNT_REGRESSION;

	pairs->what = shared ? "Locked operations on lines that workers share, in an operation"
			     : "Locked operations in an operation";
	pairs->list = calloc(d->count + 1, sizeof(*pairs->list));
	for (unsigned int i = 0; i < d->count && pairs->list; i++) {
		const struct count_change *c = &d->list[i];
		struct pair p = {.name = strdup(c->title), .verdict = count_as_verdict(c->verdict)};

		for (int s = 0; s < SIDES; s++)
			p.each[s] = shared ? counts_shared(&c->many[s]) : counts_locked(&c->few[s]);
		pairs->list[pairs->count++] = p;
	}
}

static double acquisitions(const struct side *s, unsigned int point)
{
	double low, high;

	return run_per_operation(s->run, s->variant, point, "tailref", "acquisitions", &low, &high)
		       ? high
		       : 0;
}

static void of_lock(struct pairs *pairs, const struct comparison *c)
{
	pairs->what = "Times that the compound lock is taken in an operation";
	pairs->list = calloc(c->pair_count + 1, sizeof(*pairs->list));
	for (size_t i = 0; i < c->pair_count && pairs->list; i++) {
		const struct comparison_pair *pair = &c->pairs[i];
		const struct run *run = c->sides[BASE].run;
		struct pair p = {0};

		if (asprintf(&p.name, "%s, %s, %u workers", pair->panel->title, pair->line->label,
			     run_workers(&run->points[pair->points[BASE]])) < 0)
			p.name = NULL;
		for (int s = 0; s < SIDES; s++)
			p.each[s] = acquisitions(&c->sides[s], pair->points[s]);
		p.verdict = p.each[NEW] > p.each[BASE] ? VERDICT_REGRESSION : VERDICT_EQUIVALENT;
		pairs->list[pairs->count++] = p;
	}
}

/* Zero has a place, and a thousand too. */
static double place(double x, double most)
{
	return EDGE + (WIDTH - 2 * EDGE) * log1p(x) / log1p(most);
}

static void write_axis(FILE *out, double most)
{
	static const double ticks[] = {0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000};
	double last = -LABEL_ROOM;

	html(out,
	     "<svg class=\"track axis\" viewBox=\"0 0 %d %d\" aria-hidden=\"true\" "
	     "focusable=\"false\">",
	     WIDTH, HEIGHT);
	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		double x = place(ticks[i], most);

		if (ticks[i] > most || x - last < LABEL_ROOM)
			continue;
		last = x;
		html(out, "<text x=\"%.1f\" y=\"%d\">%g</text>", x, HEIGHT - 7, ticks[i]);
	}
	html(out, "</svg>");
}

/* From the open mark (base) to the filled one (new). */
static void write_track(FILE *out, const struct pair *p, double most)
{
	double from = place(p->each[BASE], most), to = place(p->each[NEW], most);

	html(out,
	     "<svg class=\"track %s\" viewBox=\"0 0 %d %d\" aria-hidden=\"true\" "
	     "focusable=\"false\"><path class=\"one\" d=\"M%d %dH%d\"/><path class=\"range\" d=\"M%.1f "
	     "%dH%.1f\"/><circle class=\"from\" cx=\"%.1f\" cy=\"%d\" r=\"4\"/><circle class=\"to\" "
	     "cx=\"%.1f\" cy=\"%d\" r=\"4.5\"/></svg>",
	     verdict_class(p->verdict), WIDTH, HEIGHT, EDGE, HEIGHT / 2, WIDTH - EDGE, from,
	     HEIGHT / 2, to, from, HEIGHT / 2, to, HEIGHT / 2);
}

/* Counts are means; how often the lock is taken is mostly a whole number. */
static const char *figure(const struct report *r, double x, char *text, size_t size)
{
	snprintf(text, size, r->c->counted ? "%.1f" : "%.4g", x);
	return text;
}

static void write_row(const struct report *r, const struct pair *p, double most)
{
	char base[32], new[32];

	html(r->out,
	     "<tr><th scope=\"row\">%s</th><td class=\"number\">%s</td><td class=\"number\"><span "
	     "class=\"verdict %s\">%s</span></td><td class=\"plot\">",
	     p->name, figure(r, p->each[BASE], base, sizeof(base)), verdict_class(p->verdict),
	     figure(r, p->each[NEW], new, sizeof(new)));
	write_track(r->out, p, most);
	html(r->out, "</td></tr>\n");
}

static void write_table(const struct report *r, const struct pairs *pairs, size_t shown,
			double most)
{
	const struct side *sides = r->c->sides;

	html(r->out,
	     "<table class=\"decisive\"><caption>%s</caption><thead><tr><th scope=\"col\">Operation"
	     "</th><th scope=\"col\" class=\"number\">%s</th><th scope=\"col\" class=\"number\">%s</th>"
	     "<th class=\"plot\" aria-hidden=\"true\">",
	     pairs->what, sides[BASE].name, sides[NEW].name);
	write_axis(r->out, most);
	html(r->out, "</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < shown; i++)
		write_row(r, &pairs->list[i], most);
	html(r->out, "</tbody></table>\n");
}

void report_decisive(const struct report *r)
{
	struct pairs pairs = {0};
	size_t shown;
	double most = 1;

	if (r->c->counted)
		of_counts(&pairs, &r->c->counts);
	else
		of_lock(&pairs, r->c);
	if (!pairs.list)
		return;
	qsort(pairs.list, pairs.count, sizeof(*pairs.list), by_change);
	shown = pairs.count < MOST_ROWS ? pairs.count : MOST_ROWS;
	for (size_t i = 0; i < shown; i++)
		most = fmax(most, fmax(pairs.list[i].each[BASE], pairs.list[i].each[NEW]));
	write_table(r, &pairs, shown, most);
	html(r->out,
	     "<p class=\"note\">Open mark: %s; filled: %s. Counts are facts, whatever the CPUs. ",
	     r->c->sides[BASE].name, r->c->sides[NEW].name);
	if (shown < pairs.count)
		html(r->out, "%zu of %zu are shown, those that differ most. ", shown, pairs.count);
	html(r->out, "</p>\n");
	for (size_t i = 0; i < pairs.count; i++)
		free(pairs.list[i].name);
	free(pairs.list);
}
