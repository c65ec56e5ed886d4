// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of a calibration, and whether what was promised is kept. */
#include "calibration.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/verdict.h"
#include "text_table.h"

/* --- promises ------------------------------------------------------------------- */

struct promise {
	const char *what;
	double bound;
	bool at_least;	    /* else at most */
	unsigned long many; /* families from which the limit is held against it */
	struct calibration_rate (*rate)(const struct calibration_tally *t);
	bool (*applies)(const struct calibration_cell *c);
};

static struct calibration_rate share(unsigned long k, unsigned long n)
{
	return calibration_share(k, n, CALIBRATION_LEVEL);
}

static struct calibration_rate different(const struct calibration_tally *t)
{
	return share(t->different, t->families);
}

static struct calibration_rate different_overall(const struct calibration_tally *t)
{
	return share(t->different_overall, t->families);
}

static struct calibration_rate false_equivalent(const struct calibration_tally *t)
{
	return share(t->false_equivalent, t->families);
}

static struct calibration_rate margin_point(const struct calibration_tally *t)
{
	return share(t->margin_point, t->families);
}

static struct calibration_rate equivalent(const struct calibration_tally *t)
{
	return share(t->equivalent, t->families);
}

static struct calibration_rate loss_everywhere(const struct calibration_tally *t)
{
	return share(t->loss_everywhere, t->powered);
}

static struct calibration_rate loss_at_one(const struct calibration_tally *t)
{
	return share(t->loss_at_one, t->powered);
}

static struct calibration_rate equivalent_wide(const struct calibration_tally *t)
{
	return share(t->equivalent_wide, t->powered);
}

/* Of families with and without a difference. Not a rate: one is too many. */
static struct calibration_rate decided(const struct calibration_tally *t)
{
	double any = t->decided > 0;

	return (struct calibration_rate){t->decided / (2.0 * t->families), any, any};
}

static bool has_few_boots(const struct calibration_cell *c)
{
	return c->boots + c->extension < VERDICT_LEAST_BOOTS;
}

static bool has_boots_enough(const struct calibration_cell *c)
{
	return calibration_is_promised(c) && !has_few_boots(c);
}

static const struct promise promises[] = {
	{"without a difference, a point is judged regression or improvement in at most 5% of "
	 "families",
	 0.05, false, CALIBRATION_MANY, different, calibration_is_promised},
	{"without a difference, regression or improvement over all: at most 5%", 0.05, false,
	 CALIBRATION_MANY, different_overall, calibration_is_promised},
	{"with a point at the margin, equivalent over all: at most 5%", 0.05, false,
	 CALIBRATION_MANY, false_equivalent, calibration_is_promised},
	{"with a point at the margin, that point equivalent: at most 5%", 0.05, false,
	 CALIBRATION_MANY, margin_point, calibration_is_promised},
	{"of 95% intervals at most 6% miss the truth", 0.06, false, CALIBRATION_MANY_INTERVALS,
	 calibration_not_covered, has_boots_enough},
	{"fewer than 4 boots a side are never anything but inconclusive", 0, false, 0, decided,
	 has_few_boots},
	{"5% less at all points is a regression in at least 80%", 0.8, true, CALIBRATION_MANY,
	 loss_everywhere, calibration_has_power},
	{"no difference is equivalent within 3% in at least 80%", 0.8, true, CALIBRATION_MANY,
	 equivalent_wide, calibration_has_power},
};

#define PROMISES (sizeof(promises) / sizeof(promises[0]))

/*
 * With many families the limit against the promise decides. With few, that limit may be
 * beyond the bound by chance though the rate is not: then it has to be shown broken.
 */
static bool is_kept(const struct promise *p, const struct calibration_rate *r,
		    unsigned long families)
{
	bool many = families >= p->many;

	if (isnan(r->value))
		return true;
	if (p->at_least)
		return (many ? r->low : r->high) >= p->bound;
	return (many ? r->high : r->low) <= p->bound;
}

/* Is it kept only because the families are few? */
static bool is_open(const struct promise *p, const struct calibration_rate *r,
		    unsigned long families)
{
	return is_kept(p, r, families) && !is_kept(p, r, ULONG_MAX);
}

/* How far the rate is on the wrong side; for comparing cells. */
static double badness(const struct promise *p, const struct calibration_rate *r)
{
	return p->at_least ? -r->low : r->high;
}

/* --- the table ------------------------------------------------------------------ */

/* A table for a terminal, or one of Markdown. */
struct output {
	FILE *file;
	bool markdown;
	struct text_table table;
};

__attribute__((format(printf, 2, 3))) static void cell(struct output *o, const char *format, ...)
{
	char text[96];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (o->markdown)
		fprintf(o->file, "| %s ", text);
	else
		text_cell(&o->table, "%s", text);
}

static void end_row(struct output *o)
{
	if (o->markdown)
		fputs("|\n", o->file);
	else
		text_row(&o->table);
}

/* In percent, with its upper limit; an exclamation mark says that it breaks a promise. */
static void rate_cell(struct output *o, const struct calibration_cell *c,
		      const struct calibration_tally *t,
		      struct calibration_rate (*rate)(const struct calibration_tally *t))
{
	struct calibration_rate r = rate(t);
	bool kept = true;

	for (size_t i = 0; i < PROMISES; i++)
		if (promises[i].rate == rate && promises[i].applies(c))
			kept &= is_kept(&promises[i], &r, t->families);
	if (isnan(r.value))
		cell(o, "-");
	else
		cell(o, "%.2f (%.2f)%s", 100 * r.value, 100 * r.high, kept ? "" : " !");
}

static void head(struct output *o, bool journals)
{
	static const char *const names[] = {"different",  "over all",	 "equivalent",
					    "that point", "not covered", "rightly equivalent"};
	unsigned int columns = 3 + sizeof(names) / sizeof(names[0]);

	cell(o, "%s", journals ? "run" : "shape");
	cell(o, "%s", journals ? "units" : "boots");
	cell(o, "%s", journals ? "points" : "sd");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cell(o, "%s", names[i]);
	end_row(o);
	for (unsigned int i = 0; i < columns && o->markdown; i++)
		fputs(i ? "|---:" : "|---", o->file);
	if (o->markdown)
		end_row(o);
}

static void name_cells(struct output *o, const struct calibration_cell *c)
{
	if (c->journal) {
		cell(o, "%s", c->journal->name);
		cell(o, "%u%s of %zu %s", c->boots, c->journal->pairs ? " a side" : "",
		     c->journal->units, c->journal->unit);
		cell(o, "%zu", c->journal->rows);
		return;
	}
	cell(o, "%s", calibration_shape_name(c->shape));
	if (c->extension)
		cell(o, "%u+%u", c->boots, c->extension);
	else
		cell(o, "%u", c->boots);
	cell(o, "%g%%", 100 * c->sd);
}

static void row(struct output *o, const struct calibration_cell *c,
		const struct calibration_tally *t)
{
	name_cells(o, c);
	rate_cell(o, c, t, different);
	rate_cell(o, c, t, different_overall);
	rate_cell(o, c, t, false_equivalent);
	rate_cell(o, c, t, margin_point);
	if (!has_few_boots(c))
		rate_cell(o, c, t, calibration_not_covered);
	else
		cell(o, "-");
	cell(o, "%.1f", 100 * equivalent(t).value);
	end_row(o);
}

static void explain(const struct calibration_plan *p, FILE *out)
{
	fprintf(out,
		"%% of %lu families a cell, with the upper 95%% limit in brackets; margin %g%%.\n"
		"Without a true difference at any point: 'different', a point was judged regression or\n"
		"improvement; 'over all', the whole was; 'not covered', of the points' 95%% intervals\n"
		"those without the true ratio; 'rightly equivalent', the whole was judged equivalent.\n"
		"With one point exactly at the margin: 'equivalent', the whole was judged equivalent;\n"
		"'that point', that point was.\n\n",
		p->families, 100 * CALIBRATION_MARGIN);
}

void calibration_table(const struct calibration_plan *p, const struct calibration_tally *tallies,
		       bool markdown, FILE *out)
{
	struct output o = {.file = out, .markdown = markdown};

	explain(p, out);
	head(&o, p->count && p->cells[0].journal);
	for (size_t i = 0; i < p->count; i++)
		row(&o, &p->cells[i], &tallies[i]);
	if (!markdown)
		text_table_print(&o.table, 1, out);
}

/* --- what was promised, in words ---------------------------------------------------- */

/* The cell that is worst for the promise, or -1; in how many it is broken. */
static long worst(const struct promise *promise, const struct calibration_plan *p,
		  const struct calibration_tally *tallies, unsigned int *broken)
{
	double most = -INFINITY;
	long found = -1;

	*broken = 0;
	for (size_t i = 0; i < p->count; i++) {
		struct calibration_rate r;

		if (!promise->applies(&p->cells[i]))
			continue;
		r = promise->rate(&tallies[i]);
		*broken += !is_kept(promise, &r, p->families);
		if (!isnan(r.value) && badness(promise, &r) > most) {
			most = badness(promise, &r);
			found = i;
		}
	}
	return found;
}

static void say_worst(const struct promise *promise, const struct calibration_plan *p,
		      const struct calibration_tally *t, const struct calibration_cell *c,
		      FILE *out)
{
	struct calibration_rate r = promise->rate(t);
	char name[320];

	if (promise->rate == decided)
		fprintf(out, "          worst: %lu of %lu families", t->decided, 2 * p->families);
	else if (promise->at_least)
		fprintf(out, "          worst: %.2f%%, at least %.2f%%", 100 * r.value,
			100 * r.low);
	else
		fprintf(out, "          worst: %.2f%%, at most %.2f%%", 100 * r.value,
			100 * r.high);
	fprintf(out, "; %s\n", calibration_cell_name(c, name, sizeof(name)));
}

static void say_promise(const struct promise *promise, const struct calibration_plan *p,
			const struct calibration_tally *tallies, bool markdown, FILE *out,
			struct calibration_verdict *v)
{
	const char *word = "kept  ";
	unsigned int broken;
	long i = worst(promise, p, tallies, &broken);
	struct calibration_rate r;

	if (i < 0)
		return;
	r = promise->rate(&tallies[i]);
	if (broken) {
		word = "BROKEN";
		v->broken++;
	} else if (is_open(promise, &r, p->families)) {
		word = "open  ";
		v->open++;
	}
	fprintf(out, "%s%s  %s\n", markdown ? "- " : "  ", word, promise->what);
	say_worst(promise, p, &tallies[i], &p->cells[i], out);
	if (broken)
		fprintf(out, "          broken in %u cell%s\n", broken, broken == 1 ? "" : "s");
}

/* What is measured without a promise. */
static void say_more(const struct calibration_plan *p, const struct calibration_tally *tallies,
		     FILE *out)
{
	for (size_t i = 0; i < p->count; i++) {
		struct calibration_rate r = loss_at_one(&tallies[i]);
		char name[320];

		if (isnan(r.value))
			continue;
		fprintf(out, "\n5%% less at one of the 8 points is a regression in %.1f%%; %s.\n",
			100 * r.value, calibration_cell_name(&p->cells[i], name, sizeof(name)));
	}
}

/* Cells of which nothing is promised stand in the table all the same. */
static void say_unpromised(const struct calibration_plan *p, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < p->count; i++)
		any |= !calibration_is_promised(&p->cells[i]);
	if (any)
		fprintf(out,
			"\nOf fewer than 10 rounds (of at least 16), or 6 boots a side, nothing is promised: there\n"
			"the sizes of a few differences decide how often families of them err.\n");
}

struct calibration_verdict calibration_promises(const struct calibration_plan *p,
						const struct calibration_tally *tallies,
						bool markdown, FILE *out)
{
	struct calibration_verdict v = {0};

	say_unpromised(p, out);
	fprintf(out, "\nPromises (open: there are too few families to tell):\n\n");
	for (size_t i = 0; i < PROMISES; i++)
		say_promise(&promises[i], p, tallies, markdown, out, &v);
	say_more(p, tallies, out);
	return v;
}
