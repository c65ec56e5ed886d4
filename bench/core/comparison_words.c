// SPDX-License-Identifier: GPL-3.0-or-later
/* A comparison in words: names, warnings, the sentence. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "comparison_parts.h"
#include "differences.h"
#include "format.h"

/* Shares of the sides that differ by chance less often than this are warned of. */
#define UNLIKELY 0.01

size_t comparison_next_point(const struct comparison *c, size_t i)
{
	const struct comparison_row *row = &c->rows[i];

	while (++i < c->count && c->rows[i].points[BASE] == row->points[BASE])
		;
	return i;
}

enum verdict comparison_point_verdict(const struct comparison *c, size_t first)
{
	return verdict_overall(&c->family[first], comparison_next_point(c, first) - first);
}

double widest_interval(const struct comparison *c)
{
	double widest = NAN;

	for (size_t i = 0; i < c->count; i++)
		widest = fmax(widest, sqrt(c->rows[i].ratio.high / c->rows[i].ratio.low) - 1);
	return widest;
}

const char *pairing_unit(enum pairing p)
{
	return p == PAIR_ROUNDS ? "rounds" : p == PAIR_BOOT_ROUNDS ? "boots" : "boots a side";
}

static const char *stratum_words(enum stratum s)
{
	return s == STRATUM_NEAR ? ", CPUs near" : s == STRATUM_FAR ? ", CPUs far" : "";
}

char *comparison_row_name(const struct comparison *c, size_t i)
{
	const struct comparison_row *row = &c->rows[i];
	char *name = NULL;

	if (asprintf(&name, "%s, %s, %u worker%s%s", row->panel->title, row->line->label,
		     row->workers, row->workers > 1 ? "s" : "", stratum_words(row->stratum)) < 0)
		return NULL;
	return name;
}

/* --- the sentence --------------------------------------------------------------- */

/* Rows with that verdict; *most is the one that is farthest from 1. */
static size_t rows_with(const struct comparison *c, enum verdict v, size_t *most)
{
	double farthest = -1;
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (c->family[i].verdict != v)
			continue;
		n++;
		if (fabs(c->family[i].contrast.mean) > farthest) {
			farthest = fabs(c->family[i].contrast.mean);
			*most = i;
		}
	}
	return n;
}

static size_t judged_rows(const struct comparison *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->family[i].verdict != VERDICT_NONE;
	return n;
}

static void say_most(const struct comparison *c, size_t i, const char *how, FILE *out)
{
	char *name = comparison_row_name(c, i), ratio[64];

	fprintf(out, "; %s %s: %s of %s", how, name ? name : "?",
		format_ratio(&c->rows[i].ratio, ratio, sizeof(ratio)), c->sides[BASE].name);
	free(name);
}

/* "at 3 of 12 points" */
static void say_where(const struct comparison *c, enum verdict v, const char *what, FILE *out)
{
	size_t most = 0, n = rows_with(c, v, &most), all = judged_rows(c);

	fprintf(out, "%s %s at %zu of %zu point%s", c->sides[NEW].name, what, n, all,
		all == 1 ? "" : "s");
	if (n)
		say_most(c, most, n > 1 ? "most" : "at", out);
}

/* What would settle it: the most that any row needs. */
static void say_further(const struct comparison *c, FILE *out)
{
	size_t most = 0, some = 0, all = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (c->family[i].verdict != VERDICT_INCONCLUSIVE)
			continue;
		all++;
		some += c->family[i].further > 0;
		most = c->family[i].further > most ? c->family[i].further : most;
	}
	if ((c->pairing == PAIR_BOOTS || c->pairing == PAIR_NONE) &&
	    (c->boots[BASE] < VERDICT_LEAST_BOOTS || c->boots[NEW] < VERDICT_LEAST_BOOTS))
		fprintf(out, "; fewer than %d boots a side decide nothing", VERDICT_LEAST_BOOTS);
	if (c->least == SIZE_MAX)
		fprintf(out, "; the plan is not done: go on with it");
	else if (most && some == all)
		fprintf(out, "; %zu more %s would probably settle it, at the spread that was seen",
			most, pairing_unit(c->pairing));
	else if (most)
		fprintf(out,
			"; %zu more %s would probably settle %zu of them, at the spread that was seen",
			most, pairing_unit(c->pairing), some);
}

static void say_rates(const struct comparison *c, FILE *out)
{
	const char *new = c->sides[NEW].name, *base = c->sides[BASE].name;
	size_t most = 0, real = 0;

	for (size_t i = 0; i < c->count; i++)
		real += c->family[i].real;
	switch (c->verdict) {
	case VERDICT_REGRESSION:
		fprintf(out, "REGRESSION: ");
		say_where(c, VERDICT_REGRESSION, "is slower", out);
		break;
	case VERDICT_IMPROVEMENT:
		fprintf(out, "IMPROVEMENT: ");
		say_where(c, VERDICT_IMPROVEMENT, "is faster", out);
		fprintf(out, "; the others are equivalent within %g%%", 100 * c->margin);
		break;
	case VERDICT_EQUIVALENT:
		fprintf(out, "EQUIVALENT within %g%%: %s and %s at ", 100 * c->margin, new, base);
		if (judged_rows(c) == 1)
			fputs("the one point", out);
		else
			fprintf(out, "all %zu points", judged_rows(c));
		if (real)
			fprintf(out, "; a difference is real but within the margin at %zu", real);
		break;
	default:
		fprintf(out, "INCONCLUSIVE: ");
		if (judged_rows(c))
			say_where(c, VERDICT_INCONCLUSIVE,
				  "could be equivalent or different from what was seen", out);
		else
			fprintf(out, "nothing could be judged");
		if (rows_with(c, VERDICT_IMPROVEMENT, &most))
			say_most(c, most, "faster at", out);
		say_further(c, out);
	}
}

static void say_counts(const struct comparison *c, FILE *out)
{
	const struct count_diff *d = &c->counts;
	unsigned int n = 0;

	if (!c->counted && c->lock_more) {
		const struct comparison_pair *p = &c->pairs[c->lock_most];

		fprintf(out,
			"REGRESSION by counts: %s takes the compound lock more often than %s at %zu of "
			"%zu points; most %s, %s: %g times an operation (the CPUs were emulated: "
			"times decide nothing)",
			c->sides[NEW].name, c->sides[BASE].name, c->lock_more, c->pair_count,
			p->panel->title, p->line->label, c->lock_times);
		return;
	}
	if (!c->counted) {
		fprintf(out,
			"INCONCLUSIVE: the CPUs were emulated, so that times decide nothing, and "
			"locked operations were not counted ('./run.sh count' does)");
		return;
	}
	for (unsigned int i = 0; i < d->count; i++)
		n += d->list[i].verdict == d->verdict;
	switch (d->verdict) {
	case COUNT_REGRESSION:
		fprintf(out,
			"REGRESSION by counts: %s takes more locked operations on lines that workers "
			"share in %u of %u operations",
			c->sides[NEW].name, n, d->count);
		break;
	case COUNT_EQUIVALENT:
		fprintf(out,
			"EQUIVALENT by counts: %s takes the same locked operations as %s in all %u "
			"operations",
			c->sides[NEW].name, c->sides[BASE].name, d->count);
		break;
	case COUNT_IMPROVEMENT:
		fprintf(out,
			"IMPROVEMENT by counts: %s takes fewer locked operations in %u of %u "
			"operations, and nowhere more",
			c->sides[NEW].name, n, d->count);
		break;
	case COUNT_INCONCLUSIVE:
		fprintf(out,
			"INCONCLUSIVE by counts: %s takes more locked operations in %u of %u "
			"operations, on no line that workers are known to share",
			c->sides[NEW].name, n, d->count);
	}
	fprintf(out, " (the CPUs were emulated: times decide nothing)");
}

char *comparison_sentence(const struct comparison *c)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (c->emulated && !c->rates)
		say_counts(c, out);
	else
		say_rates(c, out);
	fputc('.', out);
	if (json_array_size(c->exploratory) && !(c->emulated && !c->rates))
		fprintf(out, " Exploratory: not all was fixed before the first boot.");
	fclose(out);
	return text;
}

/* --- what was left out, and warnings ----------------------------------------------- */

static void count_dropped(struct comparison *c, int which)
{
	const struct side *s = &c->sides[which];
	struct comparison_dropped *d = &c->dropped[which];

	for (unsigned int b = 0; b < s->run->boot_count; b++)
		d->boots += s->run->boots[b].variant == s->variant && !s->run->boots[b].counts;
	for (size_t i = 0; i < c->pair_count; i++)
		for_each_side_trial(s, c->pairs[i].points[which], t)
		{
			if (s->run->boots[t->boot].variant != s->variant ||
			    !s->run->boots[t->boot].counts)
				continue;
			d->trials++;
			d->failed += t->failed;
			d->foreign += t->excluded && !t->failed && t->foreign;
			d->moved += t->excluded && !t->failed && !t->foreign;
			d->far += !t->excluded && t->stratum == STRATUM_FAR;
		}
}

/*
 * Is a of n here and b of m there more unlike than chance has it? Fisher's exact
 * test, twice its smaller tail.
 */
static bool differ(unsigned int a, unsigned int n, unsigned int b, unsigned int m)
{
	double low, high;

	if (!n || !m || !(a + b))
		return false;
	low = gsl_cdf_hypergeometric_P(a, a + b, n + m - a - b, n);
	high = a ? gsl_cdf_hypergeometric_Q(a - 1, a + b, n + m - a - b, n) : 1;
	return 2 * fmin(low, high) < UNLIKELY;
}

static void warn_dropped(struct comparison *c)
{
	const struct comparison_dropped *b = &c->dropped[BASE], *n = &c->dropped[NEW];
	unsigned int left[SIDES] = {b->failed + b->foreign + b->moved,
				    n->failed + n->foreign + n->moved};

	if (differ(left[BASE], b->trials, left[NEW], n->trials))
		json_array_append_new(
			c->warnings,
			json_sprintf(
				"Of %s %u of %u trials were left out, of %s %u of %u: more than "
				"chance explains. What was left out may have been what differs.",
				c->sides[BASE].name, left[BASE], b->trials, c->sides[NEW].name,
				left[NEW], n->trials));
	if (differ(b->far, b->trials, n->far, n->trials))
		json_array_append_new(
			c->warnings,
			json_sprintf(
				"The CPUs were far from each other in %u of %u trials of %s and "
				"%u of %u of %s. Near and far are judged apart.",
				b->far, b->trials, c->sides[BASE].name, n->far, n->trials,
				c->sides[NEW].name));
}

static void warn_sweep(struct comparison *c)
{
	static const char *const keys[] = {"window_s", "warmup_s", "slices",
					   "latency",  "margin",   "rules"};
	const json_t *a = c->sides[BASE].run->json, *b = c->sides[NEW].run->json;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json_t *x = json_object_get(a, keys[i]), *y = json_object_get(b, keys[i]);
		char *texts[SIDES];

		if ((!x && !y) || json_equal(x, y))
			continue;
		texts[BASE] = x ? json_dumps(x, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
		texts[NEW] = y ? json_dumps(y, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
		json_array_append_new(
			c->warnings, json_sprintf("The two runs were measured unlike: %s is %s and "
						  "%s.",
						  keys[i], texts[BASE] ? texts[BASE] : "not there",
						  texts[NEW] ? texts[NEW] : "not there"));
		free(texts[BASE]);
		free(texts[NEW]);
	}
}

static void warn_unread(struct comparison *c)
{
	for (int s = 0; s < SIDES; s++) {
		const struct run *r = c->sides[s].run;

		if ((r->torn || r->unread) && (s == BASE || r != c->sides[BASE].run))
			json_array_append_new(
				c->warnings,
				json_sprintf(
					"%u lines of the journal of %s could not be read, and were "
					"passed over.",
					r->torn + r->unread, r->directory));
	}
}

void comparison_warn(struct comparison *c)
{
	const json_t *records[SIDES];
	json_t *differences;

	if (c->emulated)
		json_array_append_new(
			c->warnings,
			json_string("The CPUs were emulated (QEMU TCG): counts are facts, "
				    "times and rates are not, and get no verdict."));
	for (int s = 0; s < SIDES; s++) {
		count_dropped(c, s);
		const struct run_boot *boot = run_first_boot(c->sides[s].run, c->sides[s].variant);

		records[s] = boot ? boot->record : NULL;
	}
	if (c->sides[BASE].run != c->sides[NEW].run)
		warn_sweep(c);
	if (!*c->sides[BASE].axis) {
		differences = differences_of(c->sides[BASE].name, records[BASE], c->sides[NEW].name,
					     records[NEW]);
		json_array_extend(c->warnings, differences);
		json_decref(differences);
	}
	warn_unread(c);
	warn_dropped(c);
}
