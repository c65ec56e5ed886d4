// SPDX-License-Identifier: GPL-3.0-or-later
/* The first screen: question, verdict, what it rests on, warnings, and the graph that decides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparison_output.h"
#include "format.h"
#include "include/version.h"
#include "report_parts.h"

/* Of the things in which environments differ, named at once. */
#define MOST_NAMED 8

/* Rows that a narrow screen shows at once. */
#define MOST_TELLING 6

/* A longer one is folded after so many bytes. */
#define LONG_WARNING 240

/* The sentence, its verdict made a badge: what comes before the first colon. */
static void write_sentence(const struct report *r)
{
	char *sentence = comparison_sentence(r->c),
	     *colon = sentence ? strchr(sentence, ':') : NULL;

	if (colon)
		*colon = '\0';
	html(r->out,
	     "<p class=\"sentence\" data-field=\"sentence\"><strong class=\"verdict %s\" "
	     "data-field=\"verdict\" data-value=\"%s\">%s</strong>",
	     verdict_class(r->c->verdict), verdict_name(r->c->verdict), sentence);
	if (colon)
		html(r->out, "<span class=\"colon\">:</span> <span>%s</span>",
		     colon[1] == ' ' ? colon + 2 : colon + 1);
	html(r->out, "</p>\n");
	free(sentence);
}

/* --- facts ---------------------------------------------------------------------------- */

static void write_overall(const struct report *r)
{
	static const char *const words[] = {
		[STRATUM_NEAR] = "CPUs near", [STRATUM_FAR] = "CPUs far"};
	const struct comparison *c = r->c;
	bool several = c->overall_of[STRATUM_NEAR].n && c->overall_of[STRATUM_FAR].n;

	html(r->out, "<div class=\"overall%s\"><dt>Ratio over all, %s / %s</dt><dd><b>",
	     c->emulated ? " emulated" : "", c->sides[NEW].name, c->sides[BASE].name);
	html_ratio(r->out, "overall", &c->overall);
	html(r->out, "</b>");
	for (enum stratum s = STRATUM_NEAR; s <= STRATUM_FAR && several; s++) {
		html(r->out, "<br>%s ", words[s]);
		html_ratio(r->out, s == STRATUM_NEAR ? "near" : "far", &c->overall_of[s]);
	}
	html(r->out, "<br><small>%s</small></dd></div>\n",
	     c->emulated ? "geometric mean of rates on emulated CPUs: says nothing of real ones"
			 : "geometric mean, 95% interval: describes, decides nothing");
}

/* "5 regression, 4 equivalent" */
static void write_tally(const struct report *r, const unsigned int n[])
{
	static const enum verdict order[] = {VERDICT_REGRESSION, VERDICT_INCONCLUSIVE,
					     VERDICT_EQUIVALENT, VERDICT_IMPROVEMENT, VERDICT_NONE};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!n[order[i]])
			continue;
		html(r->out, "<span class=\"tally\">%u ", n[order[i]]);
		report_verdict(r->out, order[i], verdict_name(order[i]));
		html(r->out, "</span> ");
	}
}

static void write_tallies(const struct report *r)
{
	unsigned int rows[VERDICT_REGRESSION + 1] = {0}, operations[VERDICT_REGRESSION + 1] = {0};
	const struct comparison *c = r->c;

	for (size_t i = 0; i < c->count; i++)
		rows[c->family[i].verdict]++;
	for (unsigned int i = 0; c->counted && i < c->counts.count; i++)
		operations[count_as_verdict(c->counts.list[i].verdict)]++;
	if (c->counted) {
		html(r->out, "<div><dt><a href=\"#counts\">Counts</a></dt><dd>");
		write_tally(r, operations);
		html(r->out, "</dd></div>\n");
	}
	html(r->out, "<div><dt><a href=\"#points\">Points</a></dt><dd>");
	write_tally(r, rows);
	html(r->out, "</dd></div>\n");
}

/* What the verdict rests on. */
static const char *basis(const struct comparison *c)
{
	static const char *const of[] = {
		[PAIR_ROUNDS] = "differences of rounds of one boot, in which the sides took turns",
		[PAIR_BOOT_ROUNDS] = "differences of boots, in each of which the sides took turns",
		[PAIR_BOOTS] = "differences of boots in turns",
		[PAIR_NONE] = "boots of two runs, which did not take turns",
	};

	if (!c->emulated || c->rates)
		return of[c->pairing];
	return c->counted || c->lock_more
		       ? "counts, the same in every boot"
		       : "nothing: times were emulated, and counts there are none";
}

static void write_basis(const struct report *r)
{
	const struct comparison *c = r->c;

	html(r->out, "<div><dt>Rests on</dt><dd>%s</dd></div>\n", basis(c));
	html(r->out,
	     "<div><dt>Margin</dt><dd><span data-field=\"margin\" data-value=\"%.17g\">%g%%</span>"
	     "</dd></div>\n",
	     c->margin, 100 * c->margin);
	html(r->out, "<div><dt><a href=\"#left-out\">Left out</a></dt><dd>");
	for (int s = 0; s < SIDES; s++) {
		report_dropped(r->out, &c->dropped[s]);
		html(r->out, " of %s%s", c->sides[s].name, s == BASE ? ", " : "");
	}
	html(r->out, "</dd></div>\n");
	if (r->noise)
		html(r->out,
		     "<div><dt><a href=\"#noise\">Noise floor</a></dt><dd>&plusmn;%.1f%% (a kernel "
		     "against itself)</dd></div>\n",
		     100 * widest_interval(r->noise));
}

static void write_sides(const struct report *r)
{
	static const char *const names[] = {[BASE] = "Base", [NEW] = "New"};
	const struct comparison *c = r->c;

	for (int s = 0; s < SIDES; s++) {
		const struct side *side = &c->sides[s];
		char *environment = comparison_environment(c, s);

		html(r->out,
		     "<div><dt>%s</dt><dd><b>%s</b>%s%s%s<br><small>%s; %u boot%s</small></dd></div>\n",
		     names[s], side->name, *side->axis ? " (" : "", side->axis,
		     *side->axis ? ")" : "", environment, c->boots[s], c->boots[s] == 1 ? "" : "s");
		free(environment);
	}
}

/* --- warnings ------------------------------------------------------------------------- */

/* A short beginning that ends between words, for one that is folded. */
static size_t beginning(const char *text)
{
	size_t n = LONG_WARNING / 2;

	while (n && text[n] != ' ')
		n--;
	return n ? n : LONG_WARNING / 2;
}

static void write_warning(FILE *out, const char *kind, const char *text)
{
	char first[LONG_WARNING];

	html(out, "<li>%s%s", kind, *kind ? ": " : "");
	if (strlen(text) < LONG_WARNING) {
		html(out, "%s</li>\n", text);
		return;
	}
	snprintf(first, sizeof(first), "%.*s", (int)beginning(text), text);
	html(out, "<details><summary>%s &hellip;</summary>%s</details></li>\n", first, text);
}

/* Trials that were left out because others used the CPUs: shown, whichever side they are of. */
static void write_interference(const struct report *r)
{
	const struct comparison_dropped *d = r->c->dropped;
	char text[300];

	if (!d[BASE].foreign && !d[NEW].foreign)
		return;
	snprintf(
		text, sizeof(text),
		"others used the CPUs in %u of %u trials of %.60s and %u of %u of %.60s, which were "
		"left out.",
		d[BASE].foreign, d[BASE].trials, r->c->sides[BASE].name, d[NEW].foreign,
		d[NEW].trials, r->c->sides[NEW].name);
	write_warning(r->out, "Interference", text);
}

/* What differences.h says of each thing in which the environments differ, before the thing. */
#define DIFFERS " differ in more than their code: "

static const char *difference_of(const json_t *warning)
{
	const char *text = json_string_value(warning), *found = text ? strstr(text, DIFFERS) : NULL;

	return found ? found + strlen(DIFFERS) : NULL;
}

/* Warnings that are of differences in the environments, or that are not. */
static void write_list(FILE *out, const json_t *list, bool differences)
{
	json_t *warning;
	size_t i;

	json_array_foreach (list, i, warning)
		if (!difference_of(warning) == !differences)
			write_warning(out, "", json_string_value(warning));
}

/* "a and b differ in more than their code: command_line, CONFIG_KASAN", with the values folded. */
static void write_differences(const struct report *r)
{
	const json_t *list = r->c->warnings;
	const char *between = DIFFERS;
	json_t *warning;
	size_t i, said = 0;

	json_array_foreach (list, i, warning) {
		const char *what = difference_of(warning);
		char name[80];

		if (!what || ++said > MOST_NAMED)
			continue;
		if (said == 1)
			html(r->out, "<li><details><summary>%s and %s", r->c->sides[BASE].name,
			     r->c->sides[NEW].name);
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(what, ":"), what);
		html(r->out, "%s%s", between, name);
		between = ", ";
	}
	if (!said)
		return;
	if (said > MOST_NAMED)
		html(r->out, " and %zu more", said - MOST_NAMED);
	html(r->out, "</summary>\n<ul>\n");
	write_list(r->out, list, true);
	html(r->out, "</ul></details></li>\n");
}

static void write_warnings(const struct report *r)
{
	const struct comparison *c = r->c;
	json_t *sentence;
	size_t i;

	if (!json_array_size(c->warnings) && !json_array_size(c->exploratory) &&
	    !c->dropped[BASE].foreign && !c->dropped[NEW].foreign)
		return;
	html(r->out,
	     "<div class=\"warnings\" role=\"note\" aria-label=\"Warnings\">\n<p><b>Warnings"
	     "</b></p>\n<ul>\n");
	write_list(r->out, c->warnings, false);
	write_differences(r);
	json_array_foreach (c->exploratory, i, sentence)
		write_warning(r->out, "Exploratory", json_string_value(sentence));
	write_interference(r);
	html(r->out, "</ul>\n</div>\n");
}

/* --- rows for a narrow screen, on which the graph is too wide ---------------------------- */

/* What a row is worth a place for: its verdict, then how far it is from 1. */
static int more_telling(const void *a, const void *b, void *comparison)
{
	const struct comparison *c = comparison;
	const struct judged *x = &c->family[*(const size_t *)a],
			    *y = &c->family[*(const size_t *)b];

	if (x->verdict != y->verdict)
		return (int)y->verdict - (int)x->verdict;
	return (fabs(x->contrast.mean) < fabs(y->contrast.mean)) -
	       (fabs(x->contrast.mean) > fabs(y->contrast.mean));
}

static void write_telling_row(const struct report *r, size_t i, const struct forest *f)
{
	char *name = comparison_row_name(r->c, i), ratio[64];

	html(r->out, "<li><a href=\"#row-%zu\">%s</a><br>", i, name);
	forest_row(r->out, f, r->c->margin, &r->c->rows[i].ratio, r->c->family[i].verdict);
	html(r->out, " <span class=\"verdict %s\">%s</span></li>\n",
	     verdict_class(r->c->family[i].verdict),
	     format_ratio(&r->c->rows[i].ratio, ratio, sizeof(ratio)));
	free(name);
}

static void write_telling_rows(const struct report *r)
{
	const struct comparison *c = r->c;
	struct forest f = forest_of(c);
	size_t *order = calloc(c->count + 1, sizeof(*order));

	for (size_t i = 0; i < c->count && order; i++)
		order[i] = i;
	if (!order || !c->count) {
		free(order);
		return;
	}
	qsort_r(order, c->count, sizeof(*order), more_telling, (void *)c);
	html(r->out, "<div class=\"narrow\"><p>%s / %s, most telling first ", c->sides[NEW].name,
	     c->sides[BASE].name);
	html(r->out, "(<a href=\"#points\">all %zu</a>):</p>\n", c->count);
	forest_axis(r->out, &f, c->margin);
	html(r->out, "<ul>\n");
	for (size_t i = 0; i < c->count && i < MOST_TELLING; i++)
		write_telling_row(r, order[i], &f);
	html(r->out, "</ul>\n</div>\n");
	free(order);
}

static void write_question(const struct report *r)
{
	html(r->out,
	     "<div class=\"lead\">\n<p class=\"kind\">pinscale: O_DIRECT on huge pages</p>\n<h1>Does "
	     "<em>%s</em> hurt, against <em>%s</em>?</h1>\n",
	     r->c->sides[NEW].name, r->c->sides[BASE].name);
	write_sentence(r);
	html(r->out, "</div>\n");
}

static void write_facts(const struct report *r)
{
	html(r->out, "<dl class=\"facts\">\n");
	if (r->c->emulated)
		write_tallies(r);
	write_overall(r);
	if (!r->c->emulated)
		write_tallies(r);
	html(r->out, "</dl>\n");
}

void report_answer(const struct report *r)
{
	html(r->out, "<header id=\"answer\">\n");
	write_question(r);
	write_facts(r);
	write_warnings(r);
	html(r->out, "<div class=\"shows\">\n");
	if (report_by_counts(r)) {
		report_decisive(r);
	} else {
		write_telling_rows(r);
		if (r->graph_count)
			report_figure(r, &r->graphs[0]);
	}
	html(r->out, "</div>\n<dl class=\"basis\">\n");
	write_basis(r);
	write_sides(r);
	html(r->out, "</dl>\n</header>\n");
}
