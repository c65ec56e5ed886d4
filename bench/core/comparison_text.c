// SPDX-License-Identifier: GPL-3.0-or-later
/* A comparison as text for the terminal. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparison_output.h"
#include "format.h"
#include "text_table.h"

/* Lines on the terminal are no longer. */
#define WIDTH 110

static void print_wrapped(const char *first, const char *text, FILE *out)
{
	size_t indent = strlen(first), at = 0;

	fputs(first, out);
	while (*text) {
		size_t word = strcspn(text, " ");

		if (at && at + 1 + word + indent > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = 0;
		}
		at += fprintf(out, "%s%.*s", at ? " " : "", (int)word, text);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : "?";
}

char *comparison_environment(const struct comparison *c, int side)
{
	const struct side *s = &c->sides[side];
	const struct run_boot *boot = run_first_boot(s->run, s->variant);
	const json_t *record = boot ? boot->record : NULL, *cpu;
	char *text = NULL;

	cpu = json_object_get(record, "cpu");
	if (asprintf(&text, "Linux %s (%s), CPUs %s of %s",
		     text_of(json_object_get(record, "kernel"), "release"),
		     text_of(record, "execution"), text_of(cpu, "online"),
		     text_of(cpu, "model")) < 0)
		return NULL;
	return text;
}

/* A copy's name says already what it is. */
static bool names_axis(const struct side *s)
{
	return *s->axis && strcmp(s->axis, "copy");
}

static void print_sides(const struct comparison *c, FILE *out)
{
	for (int s = 0; s < SIDES; s++) {
		char *environment = comparison_environment(c, s);

		fprintf(out, "  %s  %s%s%s%s: %s; %u boot%s; %s\n", s == BASE ? "base" : "new ",
			names_axis(&c->sides[s]) ? c->sides[s].axis : "",
			names_axis(&c->sides[s]) ? " " : "", c->sides[s].name,
			c->rates ? " (simulated)" : "", environment ? environment : "?",
			c->boots[s], c->boots[s] == 1 ? "" : "s", c->sides[s].run->directory);
		free(environment);
	}
}

static void print_design(const struct comparison *c, FILE *out)
{
	static const char *const of[] = {
		[PAIR_ROUNDS] = "rounds of one boot, in which the sides took turns",
		[PAIR_BOOT_ROUNDS] = "boots, in each of which the sides took turns",
		[PAIR_BOOTS] = "boots within turns of the plan (balanced blocks)",
		[PAIR_NONE] = "boots of two runs (not in turns)",
	};

	fprintf(out, "  differences of %s; margin %g%%; look %u of %u, at %.2g%%\n", of[c->pairing],
		100 * c->margin, c->look, c->looks, 100 * c->alpha);
}

static void header(const struct comparison *c, struct text_table *t)
{
	text_cell(t, "buffer");
	text_cell(t, "CPUs");
	text_cell(t, "workers");
	text_cell(t, "%s/s", c->sides[BASE].name);
	text_cell(t, "%s/s", c->sides[NEW].name);
	text_cell(t, "new/base");
	text_cell(t, "p");
	text_cell(t, "n");
	text_cell(t, "verdict");
	text_row(t);
}

static void verdict_cell(const struct comparison *c, size_t i, struct text_table *t)
{
	const struct judged *j = &c->family[i];
	char ratio[64];

	if (c->emulated && !c->rates)
		text_cell(t, "- (emulated)");
	else if (c->rows[i].reason && j->verdict == VERDICT_NONE)
		text_cell(t, "- (%s)", c->rows[i].reason);
	else if (c->rows[i].reason && !isnan(c->rows[i].within.low))
		text_cell(t, "%s (within these boots: %s)", verdict_name(j->verdict),
			  format_ratio(&c->rows[i].within, ratio, sizeof(ratio)));
	else if (c->rows[i].reason)
		text_cell(t, "%s (%s)", verdict_name(j->verdict), c->rows[i].reason);
	else if (j->real)
		text_cell(t, "%s (real but within the margin)", verdict_name(j->verdict));
	else if (j->further)
		text_cell(t, "%s (%zu more)", verdict_name(j->verdict), j->further);
	else
		text_cell(t, "%s", verdict_name(j->verdict));
}

static void row(const struct comparison *c, size_t i, struct text_table *t)
{
	const struct comparison_row *r = &c->rows[i];
	char text[64];

	text_cell(t, "%s", r->line->label);
	text_cell(t, "%s", format_stratum(r->stratum));
	text_cell(t, "%u", r->workers);
	text_cell(t, "%s", format_rate(r->rates[BASE].value, text, sizeof(text)));
	text_cell(t, "%s", format_rate(r->rates[NEW].value, text, sizeof(text)));
	text_cell(t, "%s", format_ratio(&r->ratio, text, sizeof(text)));
	if (isnan(c->family[i].adjusted))
		text_cell(t, "-");
	else
		text_cell(t, "%.2g", c->family[i].adjusted);
	text_cell(t, "%zu", c->family[i].contrast.n);
	verdict_cell(c, i, t);
	text_row(t);
}

static void print_rows(const struct comparison *c, FILE *out)
{
	fputs("  ratios with 95% intervals; p adjusted by Holm for all points; n: "
	      "differences that a ratio rests on\n\n",
	      out);
	for (size_t i = 0, k; i < c->count; i = k) {
		struct text_table t = {0};

		header(c, &t);
		for (k = i; k < c->count && c->rows[k].panel == c->rows[i].panel; k++)
			row(c, k, &t);
		fprintf(out, "%s%s\n", c->rows[i].panel->title,
			c->emulated ? "  (emulated: counts are facts, times are not)" : "");
		text_table_print(&t, 1, out);
		fputc('\n', out);
	}
}

static void print_dropped(const struct comparison *c, FILE *out)
{
	for (int s = 0; s < SIDES; s++) {
		const struct comparison_dropped *d = &c->dropped[s];

		fprintf(out,
			"left out of %s: %u of %u trials (%u failed, %u with others on the CPUs, %u "
			"whose CPUs moved), %u boots\n",
			c->sides[s].name, d->failed + d->foreign + d->moved, d->trials, d->failed,
			d->foreign, d->moved, d->boots);
	}
	for (int s = 0; s < SIDES; s++) {
		json_t *name;
		size_t i;

		json_array_foreach (c->unmatched[s], i, name) {
			if (i == 5) {
				fprintf(out, "only %s has: and %zu more\n", c->sides[s].name,
					json_array_size(c->unmatched[s]) - i);
				break;
			}
			fprintf(out, "only %s has: %s\n", c->sides[s].name,
				json_string_value(name));
		}
	}
}

static void print_noise(const struct comparison *noise, FILE *out)
{
	char *sentence = comparison_sentence(noise);

	fprintf(out, "noise floor, %s against itself: widest interval +-%.1f%%\n",
		noise->sides[BASE].run->directory, 100 * widest_interval(noise));
	print_wrapped("  ", sentence ? sentence : "?", out);
	free(sentence);
}

static void print_list(const char *first, const json_t *list, FILE *out)
{
	json_t *sentence;
	size_t i;

	json_array_foreach (list, i, sentence)
		print_wrapped(first, json_string_value(sentence), out);
}

/* Near and far are told apart here too. */
static void print_overall(const struct comparison *c, FILE *out)
{
	static const char *const words[] = {
		[STRATUM_NONE] = "", [STRATUM_NEAR] = ", CPUs near", [STRATUM_FAR] = ", CPUs far"};
	char ratio[64];

	for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED && !c->emulated; s++)
		if (c->overall_of[s].n)
			fprintf(out,
				"over all points%s: %s of %s in the geometric mean, which decides "
				"nothing\n",
				words[s], format_ratio(&c->overall_of[s], ratio, sizeof(ratio)),
				c->sides[BASE].name);
}

void comparison_print(const struct comparison *c, const struct comparison *noise, bool points,
		      FILE *out)
{
	char *sentence = comparison_sentence(c);

	print_wrapped("", sentence ? sentence : "?", out);
	free(sentence);
	print_sides(c, out);
	print_design(c, out);
	if (points)
		print_rows(c, out);
	print_overall(c, out);
	if (c->counted && points)
		count_diff_print(&c->counts, c->count_sides, 0, out);
	else if (c->counted)
		count_diff_answer(&c->counts, c->count_sides, out);
	print_dropped(c, out);
	if (noise)
		print_noise(noise, out);
	print_list("WARNING: ", c->warnings, out);
	print_list("exploratory: ", c->exploratory, out);
}
