// SPDX-License-Identifier: GPL-3.0-or-later
#include "show.h"

#include <math.h>
#include <stdlib.h>

#include "answer.h"
#include "format.h"
#include "text_table.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : "?";
}

/* Which kernels, on what. */
void show_header(const struct run *r, FILE *out)
{
	const json_t *target;
	const char *name;

	fprintf(out, "%s: %s\n", r->directory, text_of(json_object_get(r->json, "sweep"), "name"));
	for (unsigned int v = 0; v < r->variant_count; v++) {
		for (unsigned int b = 0; b < r->boot_count; b++) {
			const json_t *record = r->boots[b].record;
			const json_t *cpu = json_object_get(record, "cpu");

			if (r->boots[b].variant != v)
				continue;
			fprintf(out, "  %s: Linux %s on %s, CPUs %s (%s)\n", r->variants[v],
				text_of(json_object_get(record, "kernel"), "release"),
				text_of(cpu, "model"), text_of(cpu, "online"),
				text_of(record, "execution"));
			break;
		}
	}
	if (r->boot_count)
		json_object_foreach (json_object_get(r->boots[0].record, "targets"), name, target)
			fprintf(out, "  %s: %s\n", name, text_of(target, "what"));
	fputs("\n", out);
}

static void interval_cell(struct text_table *t, const struct estimate *e)
{
	if (isnan(e->low))
		text_cell(t, " ");
	else
		text_cell(t, "+-%.1f%%", 50 * (e->high - e->low) / e->value);
}

/* A row of the running kernel: what the buffer did with so many workers. */
static void running_row(const struct run *r, const struct panel *panel, const struct line *line,
			unsigned int workers, enum stratum stratum, struct text_table *t)
{
	int point = line_point(r, line, workers);
	struct estimate rate, ratio = {.value = NAN};
	char text[64];
	double low, high;

	if (point < 0 || !run_has(r, 0, point, stratum))
		return;
	rate = run_rate(r, 0, point, stratum);
	if (line->base >= 0) {
		int base = line_point(r, &panel->lines[line->base], workers);

		if (base >= 0)
			ratio = run_point_ratio(r, 0, point, base, stratum);
	}
	text_cell(t, "%s", line->label);
	text_cell(t, "%s", format_stratum(stratum));
	text_cell(t, "%u", workers);
	text_cell(t, "%s", format_rate(rate.value, text, sizeof(text)));
	interval_cell(t, &rate);
	text_cell(t, "%s", format_ratio(&ratio, text, sizeof(text)));
	if (run_per_operation(r, 0, point, "pins", "acquired", &low, &high))
		text_cell(t, "%s", format_count(low, high, text, sizeof(text)));
	else
		text_cell(t, "-");
	text_cell(t, "%zu", rate.n);
	text_row(t);
}

static void running_header(struct text_table *t)
{
	static const char *const names[] = {"buffer", "CPUs",	    "workers", "operations/s",
					    "95%",    "of private", "pins/op", "n"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		text_cell(t, "%s", names[i]);
	text_row(t);
}

/* A row of kernels beside each other. */
/* Rates of emulated guests have no verdict: where there are many kernels they only fill the screen.
 */
static bool shows_rates(const struct run *r)
{
	return !r->emulated || r->variant_count <= 2;
}

static void kernels_row(const struct run *r, const struct line *line, unsigned int workers,
			struct text_table *t)
{
	int point = line_point(r, line, workers);
	char text[64];

	if (point < 0)
		return;
	text_cell(t, "%s", line->label);
	text_cell(t, "%u", workers);
	for (unsigned int v = 0; v < r->variant_count && shows_rates(r); v++) {
		struct estimate rate = run_rate(r, v, point, STRATA);

		text_cell(t, "%s", format_rate(rate.value, text, sizeof(text)));
	}
	for (unsigned int v = 1; v < r->variant_count && shows_rates(r); v++) {
		struct estimate ratio = run_variant_ratio(r, v, 0, point);

		text_cell(t, "%s", format_ratio(&ratio, text, sizeof(text)));
	}
	for (unsigned int v = 0; v < r->variant_count; v++) {
		struct estimate waited =
			run_share(r, v, point, "tailref", "contended", "acquisitions");
		double low, high;

		if (!answer_counts_lock(r, v))
			continue;
		if (run_per_operation(r, v, point, "tailref", "acquisitions", &low, &high))
			text_cell(t, "%s", format_count(low, high, text, sizeof(text)));
		else
			text_cell(t, "-");
		text_cell(t, "%s", format_share(waited.value, text, sizeof(text)));
	}
	text_row(t);
}

static void kernels_header(const struct run *r, struct text_table *t)
{
	text_cell(t, "buffer");
	text_cell(t, "workers");
	for (unsigned int v = 0; v < r->variant_count && shows_rates(r); v++)
		text_cell(t, "%s op/s", r->variants[v]);
	for (unsigned int v = 1; v < r->variant_count && shows_rates(r); v++)
		text_cell(t, "%s/%s", r->variants[v], r->variants[0]);
	/* The compound lock an operation, and how often it was found taken. */
	for (unsigned int v = 0; v < r->variant_count; v++) {
		if (!answer_counts_lock(r, v))
			continue;
		text_cell(t, "%s locks/op", r->variants[v]);
		text_cell(t, "found taken");
	}
	text_row(t);
}

static void print_panel(const struct run *r, const struct panel *panel, FILE *out)
{
	struct text_table t = {0};
	unsigned int count, *workers = panel_workers(r, panel, &count);
	bool kernels = run_compares_kernels(r);

	if (!workers)
		return;
	if (kernels)
		kernels_header(r, &t);
	else
		running_header(&t);
	for (unsigned int w = 0; w < count; w++) {
		for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED && !kernels; s++)
			for (unsigned int i = 0; i < panel->count; i++)
				running_row(r, panel, &panel->lines[i], workers[w], s, &t);
		for (unsigned int i = 0; i < panel->count && kernels; i++)
			kernels_row(r, &panel->lines[i], workers[w], &t);
	}
	/* Only the header: every trial was excluded. */
	if (t.rows < 2) {
		free(t.cells);
		free(workers);
		return;
	}
	fprintf(out, "%s%s\n", panel->title,
		r->emulated ? "  (emulated: counts are facts, times are not)" : "");
	text_table_print(&t, kernels ? 1 : 2, out);
	fputs("\n", out);
	free(workers);
}

static void print_strata(const struct run *r, FILE *out)
{
	double near = run_pingpong(r, STRATUM_NEAR), far = run_pingpong(r, STRATUM_FAR);

	if (isnan(near) && isnan(far))
		return;
	fputs("CPUs near or far: a cache line between workers 0 and 1 takes", out);
	if (!isnan(near))
		fprintf(out, " %.0f ns", near);
	if (!isnan(near) && !isnan(far))
		fputs(" or", out);
	if (!isnan(far))
		fprintf(out, " %.0f ns", far);
	fprintf(out, " one way; up to %.0f is near. The two are never pooled.\n", r->rules.near_ns);
}

void show_panels(const struct run *r, const struct panels *panels, FILE *out)
{
	for (unsigned int i = 0; i < panels->count; i++)
		print_panel(r, &panels->list[i], out);
	print_strata(r, out);
}
