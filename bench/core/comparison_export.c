// SPDX-License-Identifier: GPL-3.0-or-later
/* A comparison for other programs and for mails. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparison_output.h"
#include "comparison_parts.h"
#include "format.h"

/* --- CSV (RFC 4180) ------------------------------------------------------------- */

static void csv_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* Nothing stands for what is not known. */
static void csv_number(double x, FILE *out)
{
	fputc(',', out);
	if (isfinite(x))
		fprintf(out, "%.17g", x);
}

void comparison_csv(const struct comparison *c, FILE *out)
{
	fputs("panel,line,stratum,workers,base_rate,new_rate,ratio,low,high,equivalence_low,"
	      "equivalence_high,n,p,adjusted,p_margin,verdict,real,further\n",
	      out);
	for (size_t i = 0; i < c->count; i++) {
		const struct comparison_row *row = &c->rows[i];
		const struct judged *j = &c->family[i];

		csv_text(row->panel->title, out);
		fputc(',', out);
		csv_text(row->line->label, out);
		fprintf(out, ",%s,%u", format_stratum(row->stratum), row->workers);
		csv_number(row->rates[BASE].value, out);
		csv_number(row->rates[NEW].value, out);
		csv_number(row->ratio.value, out);
		csv_number(row->ratio.low, out);
		csv_number(row->ratio.high, out);
		csv_number(row->equivalence.low, out);
		csv_number(row->equivalence.high, out);
		fprintf(out, ",%zu", j->contrast.n);
		csv_number(j->p, out);
		csv_number(j->adjusted, out);
		csv_number(j->p_margin, out);
		fprintf(out, ",%s,%s,%zu\n", verdict_name(j->verdict), j->real ? "yes" : "no",
			j->further);
	}
}

/* --- a mail --------------------------------------------------------------------- */

#define COLUMNS 72

/* So many bytes of the text, or less: no character is cut. */
static int fitting(const char *text, size_t most)
{
	size_t length = strlen(text);

	if (length > most)
		for (length = most; length && ((unsigned char)text[length] & 0xc0) == 0x80;
		     length--)
			;
	return length;
}

/* The text as one line, without what is too much, or blank at the end. */
static void put_line(const char *text, FILE *out)
{
	int length = fitting(text, COLUMNS);

	while (length && text[length - 1] == ' ')
		length--;
	fprintf(out, "%.*s\n", length, text);
}

static void wrap(const char *text, FILE *out)
{
	size_t at = 0;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (at && at + 1 + word > COLUMNS) {
			fputc('\n', out);
			at = 0;
		}
		/* A word that is longer than a line is cut: it came from outside. */
		at += fprintf(out, "%s%.*s", at ? " " : "",
			      word > COLUMNS ? fitting(text, COLUMNS) : (int)word, text);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

/* Three lines say where it was measured. */
static void mail_environment(const struct comparison *c, FILE *out)
{
	const struct run *r = c->sides[BASE].run;
	const char *sweep =
		json_string_value(json_object_get(json_object_get(r->json, "sweep"), "name"));
	char line[512];

	for (int s = 0; s < SIDES; s++) {
		char *environment = comparison_environment(c, s);

		snprintf(line, sizeof(line), "%s %s: %s", s == BASE ? "base" : "new ",
			 c->sides[s].name, environment ? environment : "?");
		put_line(line, out);
		free(environment);
	}
	snprintf(line, sizeof(line), "sweep %s, %u and %u boots, margin %g%%; pinscale",
		 sweep ? sweep : "?", c->boots[BASE], c->boots[NEW], 100 * c->margin);
	put_line(line, out);
	fputc('\n', out);
}

/* 4 + 16 + 1 + 4 + 1 + 5 + 1 + 6 + 1 + 20 + 1 + 12 = 72 */
#define MAIL_ROW "    %-16.*s %4s %5s %6s %-20s %-12s"
#define MAIL_RATIO 20

/* With fewer digits where it is far from 1, so that the verdict finds its place. */
static void mail_ratio(const struct estimate *e, char *text, size_t size)
{
	if (isnan(e->value))
		snprintf(text, size, "-");
	else if (isnan(e->low))
		snprintf(text, size, "%.3f", e->value);
	else
		snprintf(text, size, "%.3f [%.3f,%.3f]", e->value, e->low, e->high);
	if (strlen(text) > MAIL_RATIO && !isnan(e->low))
		snprintf(text, size, "%.3g [%.3g,%.3g]", e->value, e->low, e->high);
	if (strlen(text) > MAIL_RATIO)
		snprintf(text, size, "%.3g", e->value);
}

static void mail_row(const struct comparison *c, size_t i, FILE *out)
{
	const struct comparison_row *row = &c->rows[i];
	char workers[16], rate[64], ratio[96], line[256];

	snprintf(workers, sizeof(workers), "%u", row->workers);
	mail_ratio(&row->ratio, ratio, sizeof(ratio));
	snprintf(line, sizeof(line), MAIL_ROW, fitting(row->line->label, 16), row->line->label,
		 format_stratum(row->stratum), workers,
		 format_rate(row->rates[BASE].value, rate, sizeof(rate)), ratio,
		 c->emulated ? "(emulated)" : verdict_name(c->family[i].verdict));
	put_line(line, out);
}

static void mail_header(const struct panel *panel, FILE *out)
{
	char line[512];

	snprintf(line, sizeof(line), "    %s", panel->title);
	put_line(line, out);
	snprintf(line, sizeof(line), MAIL_ROW, 16, "buffer", "CPUs", "n", "base/s",
		 "new/base [95%]", "verdict");
	put_line(line, out);
}

void comparison_mail(const struct comparison *c, FILE *out)
{
	char *sentence = comparison_sentence(c);
	json_t *warning;
	size_t n;

	wrap(sentence ? sentence : "?", out);
	free(sentence);
	fputc('\n', out);
	mail_environment(c, out);
	for (size_t i = 0; i < c->count; i++) {
		if (i && c->rows[i].panel != c->rows[i - 1].panel)
			fputc('\n', out);
		if (!i || c->rows[i].panel != c->rows[i - 1].panel)
			mail_header(c->rows[i].panel, out);
		mail_row(c, i, out);
	}
	json_array_foreach (c->warnings, n, warning) {
		fputc('\n', out);
		wrap(json_string_value(warning), out);
	}
}

/* --- benchstat ------------------------------------------------------------------ */

/* Go's names of benchmarks have no blanks, and begin with a capital. */
static void benchmark_name(const struct comparison *c, size_t i, FILE *out)
{
	char *name = comparison_row_name(c, i);

	fputs("Benchmark", out);
	if (name)
		*name = toupper((unsigned char)*name);
	if (!name || *name < 'A' || *name > 'Z')
		fputc('X', out);
	for (char *p = name; p && *p; p++) {
		if (*p == ',' && p[1] == ' ')
			*p = '/';
		else if (p > name && *p == ' ' && p[-1] == '/')
			continue;
		fputc(isalnum((unsigned char)*p) || strchr("/:.", *p) ? *p : '_', out);
	}
	free(name);
}

static void benchmark_line(const struct comparison *c, size_t i, double rate, FILE *out)
{
	benchmark_name(c, i, out);
	fprintf(out, " 1 %.9g op/s %.9g ns/op\n", rate, 1e9 / rate);
}

void comparison_benchstat(const struct comparison *c, int side, FILE *out)
{
	const struct side *s = &c->sides[side];

	fputs("goos: linux\npkg: pinscale\n", out);
	for (size_t i = 0; i < c->count; i++) {
		const struct comparison_row *row = &c->rows[i];

		for (size_t k = 0; k < row->means[side].n; k++)
			benchmark_line(c, i, exp(row->means[side].values[k]), out);
		for_each_side_trial(s, row->points[side],
				    t) if (!row->means[side].n && t->stratum == row->stratum &&
					   side_counts(s, t)) benchmark_line(c, i, t->rate, out);
	}
}
