// SPDX-License-Identifier: GPL-3.0-or-later
#include "answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

static const char *const stratum_words[] = {
	[STRATUM_NONE] = "",
	[STRATUM_NEAR] = ", CPUs near",
	[STRATUM_FAR] = ", CPUs far",
};

/* One sharing against private pages, where most workers were. How many lines that took. */
static unsigned int say_sharing(const struct run *r, const struct panel *panel,
				const struct line *line, FILE *out)
{
	unsigned int last = line->points[line->count - 1];
	unsigned int workers = run_workers(&r->points[last]);
	const struct line *base = &panel->lines[line->base];
	int private = line_point(r, base, workers);
	unsigned int said = 0;

	for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED && private >= 0; s++) {
		struct estimate e = run_point_ratio(r, 0, last, private, s);
		const char *word = "no difference is seen";
		char ratio[64];

		if (isnan(e.low) || workers < 2)
			continue;
		if (e.high < 1)
			word = "slower";
		else if (e.low > 1)
			word = "faster";
		fprintf(out, "  %s, %s, %u workers%s: %s of private, %s\n", panel->title,
			line->label, workers, stratum_words[s],
			format_ratio(&e, ratio, sizeof(ratio)), word);
		said++;
	}
	return said;
}

static void say_pins(const struct run *r, FILE *out)
{
	unsigned int checked = 0;

	for (unsigned int i = 0; i < r->trial_count; i++) {
		const json_t *pins = json_object_get(r->trials[i].probes, "pins");

		checked += !r->trials[i].failed && json_is_true(json_object_get(pins, "checked"));
	}
	if (checked)
		fprintf(out,
			"  pages pinned: exactly what the operations have to pin, in all %u trials "
			"where that is known\n",
			checked);
	else
		fprintf(out, "  pages pinned: not counted for this by this kernel\n");
}

static void answer_sharing(const struct run *r, const struct panels *panels, FILE *out)
{
	unsigned int said = 0;

	fprintf(out, "ANSWER: workers that share a huge page against workers with one each, rate "
		     "[95%% interval]:\n");
	for_each_line(panels, panel, line) if (line->base >= 0) said +=
		say_sharing(r, panel, line, out);
	if (!said)
		fprintf(out,
			"  none: there are no two pairs of trials with several workers to "
			"compare%s\n",
			r->foreign ? "; try again when the machine is idle" : "");
	say_pins(r, out);
}

/* The point of a line where most workers are. */
static unsigned int last_point(const struct line *line)
{
	return line->points[line->count - 1];
}

/* Acquisitions an operation on that line: the least and most of all its trials. */
static bool acquisitions(const struct run *r, unsigned int variant, const struct line *line,
			 double *low, double *high)
{
	bool known = false;
	double a, b;

	for (unsigned int i = 0; i < line->count; i++) {
		if (!run_per_operation(r, variant, line->points[i], "tailref", "acquisitions", &a,
				       &b))
			continue;
		*low = known && *low < a ? *low : a;
		*high = known && *high > b ? *high : b;
		known = true;
	}
	return known;
}

static struct estimate contended(const struct run *r, unsigned int variant, const struct line *line)
{
	return run_share(r, variant, last_point(line), "tailref", "contended", "acquisitions");
}

/* Adds a name to a list of them unless it is there. */
static void add_name(char *list, size_t size, const char *separator, const char *name)
{
	size_t used = strlen(list);

	if (!strstr(list, name))
		snprintf(list + used, size - used, "%s%s", used ? separator : "", name);
}

static int descending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

/* A line of text for each number of acquisitions: where it is so. */
static void say_acquisitions(const struct run *r, unsigned int variant, const struct panels *panels,
			     FILE *out)
{
	double low, high, last = NAN, *most;
	size_t lines = 0, n = 0;

	for (unsigned int i = 0; i < panels->count; i++)
		lines += panels->list[i].count;
	most = calloc(lines + 1, sizeof(*most));
	if (!most)
		return;
	for_each_line(panels, panel, line) if (acquisitions(r, variant, line, &low, &high))
		most[n++] = high;
	qsort(most, n, sizeof(*most), descending);
	for (size_t i = 0; i < n; i++) {
		char where[1024] = "", count[64] = "";

		if (most[i] == last)
			continue;
		last = most[i];
		for_each_line(panels, panel, line)
		{
			if (!acquisitions(r, variant, line, &low, &high) || high != last)
				continue;
			format_count(low, high, count, sizeof(count));
			add_name(where, sizeof(where), high > 0 ? "; " : ", ",
				 high > 0 ? panel->title : line->label);
		}
		fprintf(out, "  %6s an operation: %s\n", count, where);
	}
	free(most);
}

/* How often it was found taken, for each way of sharing: over panels. */
static void say_contended(const struct run *r, unsigned int variant, const struct panels *panels,
			  FILE *out)
{
	static const char *const ways[] = {"private", "shared", "same"};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		double low = NAN, high = NAN;
		char a[32], b[32];

		for_each_line(panels, panel, line)
		{
			double share = contended(r, variant, line).value;

			if (strcmp(line->sharing, ways[i]) || isnan(share) ||
			    run_workers(&r->points[last_point(line)]) < 2)
				continue;
			low = low < share ? low : share;
			high = high > share ? high : share;
		}
		if (isnan(low))
			continue;
		format_share(low, a, sizeof(a));
		format_share(high, b, sizeof(b));
		fprintf(out, "  found taken, pages %s: %s%s%s of acquisitions\n", ways[i], a,
			low == high ? "" : " to ", low == high ? "" : b);
	}
}

/* Boots of a variant that count. */
static unsigned int boots_of(const struct run *r, unsigned int variant)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->boot_count; i++)
		n += r->boots[i].counts && r->boots[i].variant == variant;
	return n;
}

bool answer_counts_lock(const struct run *r, unsigned int variant)
{
	double low, high;

	for (unsigned int i = 0; i < r->point_count; i++)
		if (run_per_operation(r, variant, i, "tailref", "acquisitions", &low, &high))
			return true;
	return false;
}

/* Of the lines where workers share pages of tails and 4k go in one operation, that with most. */
static void say_in_short(const struct run *r, unsigned int variant, const struct panels *panels,
			 FILE *out)
{
	const struct panel *most_panel = NULL;
	const struct line *most_line = NULL;
	double most = 0, low, high;
	char block[24], taken[32], alone[32], count[64];
	struct estimate private = {.value = NAN}, shared;

	for_each_line(panels, panel, line)
	{
		run_axis(&r->points[last_point(line)], "block", block, sizeof(block));
		if (strcmp(line->sharing, "shared") || strcmp(block, "4k") ||
		    !acquisitions(r, variant, line, &low, &high) || low <= most)
			continue;
		most = low;
		most_panel = panel;
		most_line = line;
	}
	if (!most_panel) {
		fprintf(out, "ANSWER: %s takes the compound lock nowhere in this sweep.\n",
			r->variants[variant]);
		return;
	}
	acquisitions(r, variant, most_line, &low, &high);
	shared = contended(r, variant, most_line);
	if (most_line->base >= 0)
	private = contended(r, variant, &most_panel->lines[most_line->base]);
	fprintf(out,
		"ANSWER: an operation (%s, %s) takes the compound lock %s times with %s, never "
		"with %s. %u workers on one huge page find it taken %s of the time, with a page "
		"each %s.\n",
		most_panel->title, most_line->label, format_count(low, high, count, sizeof(count)),
		r->variants[variant], r->variants[0],
		run_workers(&r->points[last_point(most_line)]),
		format_share(shared.value, taken, sizeof(taken)),
		format_share(private.value, alone, sizeof(alone)));
}

static void answer_kernels(const struct run *r, const struct panels *panels, FILE *out)
{
	for (unsigned int v = 0; v < r->variant_count; v++) {
		if (!answer_counts_lock(r, v)) {
			fprintf(out, "%s (%u boots): no compound lock\n", r->variants[v],
				boots_of(r, v));
			continue;
		}
		fprintf(out, "%s (%u boots): the compound lock is taken, in every trial,\n",
			r->variants[v], boots_of(r, v));
		say_acquisitions(r, v, panels, out);
		say_contended(r, v, panels, out);
	}
	if (r->emulated)
		fputs("The guests' CPUs are emulated: counts are facts. Rates, and how often the "
		      "lock is found taken,\ndepend on timing: shown, without a verdict.\n",
		      out);
	for (unsigned int v = 1; v < r->variant_count; v++)
		if (answer_counts_lock(r, v))
			say_in_short(r, v, panels, out);
}

void answer_print(const struct run *r, const struct panels *panels, FILE *out)
{
	if (run_compares_kernels(r))
		answer_kernels(r, panels, out);
	else
		answer_sharing(r, panels, out);
}
