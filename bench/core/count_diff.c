// SPDX-License-Identifier: GPL-3.0-or-later
#include "count_diff.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text_table.h"

/* A line counts as shared where most of the work on it is on lines of several CPUs. */
#define MOSTLY 0.5

/* Rows of one name on both sides; either may be missing. */
struct pair {
	const char *kind, *on, *field, *by;
	double each[2], shared[2];
};

struct pairs {
	struct pair *list;
	size_t count;
};

const char *count_verdict_name(enum count_verdict v)
{
	static const char *const names[] = {
		[COUNT_EQUIVALENT] = "equivalent",
		[COUNT_IMPROVEMENT] = "improvement",
		[COUNT_INCONCLUSIVE] = "inconclusive",
		[COUNT_REGRESSION] = "regression",
	};

	return names[v];
}

/* What rows are told apart by. The first two are of locked operations alone. */
enum grain { BY_LINE, BY_FUNCTION, BY_FIELD };

static bool same_name(const struct pair *p, const struct count_row *row, enum grain grain)
{
	return !strcmp(p->kind, row->kind) && !strcmp(p->on, row->on) &&
	       (grain < BY_FUNCTION || !strcmp(p->by, row->by)) &&
	       (grain < BY_FIELD || !strcmp(p->field, row->field));
}

static void add_row(struct pairs *pairs, const struct count_row *row, int side, enum grain grain)
{
	struct pair *p = NULL;

	for (size_t i = 0; i < pairs->count && !p; i++)
		if (same_name(&pairs->list[i], row, grain))
			p = &pairs->list[i];
	if (!p) {
		p = &pairs->list[pairs->count++];
		*p = (struct pair){
			.kind = row->kind, .on = row->on, .field = row->field, .by = row->by};
	}
	p->each[side] += row->each;
	p->shared[side] += row->shared;
}

/* The rows of both sides, matched; the list is to be freed. false: no memory. */
static bool match(struct pairs *pairs, const struct counts side[2], enum grain grain)
{
	struct count_row *rows[2];
	size_t count[2];

	for (int s = 0; s < 2; s++)
		rows[s] = counts_rows(&side[s], &count[s]);
	*pairs = (struct pairs){.list = calloc(count[0] + count[1] + 1, sizeof(*pairs->list))};
	for (int s = 0; s < 2 && pairs->list; s++)
		for (size_t i = 0; i < count[s]; i++)
			if (grain == BY_FIELD || !strcmp(rows[s][i].kind, "locked"))
				add_row(pairs, &rows[s][i], s, grain);
	free(rows[0]);
	free(rows[1]);
	return pairs->list;
}

static double change(const struct pair *p)
{
	return p->each[1] - p->each[0];
}

static int largest_first(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	double d = fabs(change(y)) - fabs(change(x));

	if (d != 0)
		return d > 0 ? 1 : -1;
	d = strcmp(x->on, y->on);
	return d != 0 ? d : strcmp(x->by, y->by);
}

/* Do several workers work on lines of that name, on either side? */
static bool is_shared(const struct pairs *many, const char *on)
{
	for (size_t i = 0; i < many->count; i++) {
		const struct pair *p = &many->list[i];

		if (!strcmp(p->on, on) &&
		    (p->shared[0] > MOSTLY * p->each[0] || p->shared[1] > MOSTLY * p->each[1]))
			return true;
	}
	return false;
}

/* "head page +4.000 (put_compound_page +2.000, __get_page_tail +2.000)" */
static void add_reason(struct count_change *c, const struct pair *line, const struct pairs *rows)
{
	size_t used = strlen(c->reason), room = sizeof(c->reason);
	const char *between = " (";

	used += snprintf(c->reason + used, room - used, "%s%s %+.3f", used ? "; " : "", line->on,
			 change(line));
	for (size_t i = 0; i < rows->count && used < room; i++) {
		const struct pair *row = &rows->list[i];

		if (strcmp(row->kind, "locked") || strcmp(row->on, line->on) ||
		    fabs(change(row)) <= COUNT_TOLERANCE)
			continue;
		used += snprintf(c->reason + used, room - used, "%s%s %+.3f", between, row->by,
				 change(row));
		between = ", ";
	}
	if (used < room && *between == ',')
		snprintf(c->reason + used, room - used, ")");
}

/* What a function does more, on all lines together. */
static double change_of(const struct pairs *rows, const char *function)
{
	double sum = 0;

	for (size_t i = 0; i < rows->count; i++)
		if (!strcmp(rows->list[i].by, function))
			sum += change(&rows->list[i]);
	return sum;
}

/*
 * Does a line differ only in that functions that do as much as before do it elsewhere?
 * Where an allocator puts what is short-lived, and so what its line is called, is chance.
 */
static bool only_moved(const struct pairs *rows, const struct pair *line)
{
	double left = change(line);

	for (size_t i = 0; i < rows->count; i++)
		if (!strcmp(rows->list[i].on, line->on) &&
		    fabs(change(&rows->list[i])) > COUNT_TOLERANCE &&
		    fabs(change_of(rows, rows->list[i].by)) <= COUNT_TOLERANCE)
			left -= change(&rows->list[i]);
	return fabs(left) <= COUNT_TOLERANCE;
}

/* Names of much that has none of its own: what is called so in one kernel may not be in the other.
 */
static bool is_vague(const char *on)
{
	static const char *const names[] = {"other kernel memory", "slab", "vmalloc (stacks)",
					    "other page", "reference count of many CPUs"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], on))
			return true;
	return false;
}

/* Is the line's change one that says something? */
static bool counts_for(const struct pair *line, const struct pairs *many, const struct pairs *rows)
{
	if (fabs(change(line)) <= COUNT_TOLERANCE)
		return false;
	if (is_shared(many, line->on) && !is_vague(line->on))
		return true;
	return !only_moved(rows, line);
}

static int judge(struct count_change *c)
{
	struct pairs few, many, rows;
	bool less = false, more = false, other = false;

	if (!match(&few, c->few, BY_LINE))
		return -1;
	if (!match(&many, c->many, BY_LINE)) {
		free(few.list);
		return -1;
	}
	if (!match(&rows, c->few, BY_FUNCTION)) {
		free(few.list);
		free(many.list);
		return -1;
	}
	qsort(few.list, few.count, sizeof(*few.list), largest_first);
	qsort(rows.list, rows.count, sizeof(*rows.list), largest_first);
	for (size_t i = 0; i < few.count; i++) {
		const struct pair *line = &few.list[i];

		if (!counts_for(line, &many, &rows))
			continue;
		if (change(line) < 0)
			less = true;
		else if (is_shared(&many, line->on))
			more = true;
		else
			other = true;
	}
	c->verdict = more    ? COUNT_REGRESSION
		     : other ? COUNT_INCONCLUSIVE
		     : less  ? COUNT_IMPROVEMENT
			     : COUNT_EQUIVALENT;
	/* The lines that decided it. */
	for (size_t i = 0; i < few.count; i++) {
		const struct pair *line = &few.list[i];

		if (counts_for(line, &many, &rows) &&
		    (c->verdict == COUNT_IMPROVEMENT ||
		     is_shared(&many, line->on) == (c->verdict == COUNT_REGRESSION)))
			add_reason(c, line, &rows);
	}
	free(few.list);
	free(many.list);
	free(rows.list);
	return 0;
}

/* The run's point with the same axes, or -1. */
static int find_point(const struct run *r, const json_t *axes)
{
	for (unsigned int i = 0; i < r->point_count; i++)
		if (json_equal(r->points[i].axes, axes))
			return i;
	return -1;
}

/* The counts of both sides at the old side's point. false: one has none. */
static bool both(const struct count_side side[2], unsigned int point, struct counts counts[2])
{
	int other = find_point(side[1].run, side[0].run->points[point].axes);

	counts[0] = counts_of(side[0].run, side[0].variant, point);
	if (other < 0)
		return false;
	counts[1] = counts_of(side[1].run, side[1].variant, other);
	return counts[0].operations && counts[1].operations;
}

static int add_line(struct count_diff *d, const struct count_side side[2],
		    const struct panel *panel, const struct line *line)
{
	struct count_change c = {0}, *longer;
	struct counts counts[2];
	bool any = false;

	for (unsigned int i = 0; i < line->count; i++) {
		unsigned int workers = run_workers(&side[0].run->points[line->points[i]]);

		if (!both(side, line->points[i], counts)) {
			d->unmatched += counts[0].record != NULL;
			continue;
		}
		if (!any) {
			memcpy(c.few, counts, sizeof(counts));
			c.workers[0] = workers;
		}
		memcpy(c.many, counts, sizeof(counts));
		c.workers[1] = workers;
		any = true;
	}
	if (!any)
		return 0;
	snprintf(c.title, sizeof(c.title), "%s, %s", panel->title, line->label);
	longer = reallocarray(d->list, d->count + 1, sizeof(*longer));
	if (!longer || judge(&c)) {
		d->list = longer ? longer : d->list;
		return -1;
	}
	d->list = longer;
	d->list[d->count++] = c;
	if (c.verdict > d->verdict)
		d->verdict = c.verdict;
	return 0;
}

/* Points that the new side alone has. */
static unsigned int only_new(const struct count_side side[2])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < side[1].run->point_count; i++) {
		int old = find_point(side[0].run, side[1].run->points[i].axes);

		n += counts_of(side[1].run, side[1].variant, i).record &&
		     (old < 0 || !counts_of(side[0].run, side[0].variant, old).record);
	}
	return n;
}

int count_diff(struct count_diff *d, const struct count_side side[2], struct error *e)
{
	struct panels panels;
	int rc = panels_of(&panels, side[0].run, e);

	*d = (struct count_diff){0};
	if (rc)
		return rc;
	for (unsigned int i = 0; i < panels.count && !rc; i++)
		for (unsigned int k = 0; k < panels.list[i].count && !rc; k++)
			rc = add_line(d, side, &panels.list[i], &panels.list[i].lines[k]);
	panels_free(&panels);
	d->unmatched += only_new(side);
	if (rc)
		rc = fail(e, "No memory to compare the counts.");
	else if (!d->count)
		rc = fail(e, "The two sides have no point in common that was counted.");
	if (rc)
		count_diff_free(d);
	return rc;
}

void count_diff_free(struct count_diff *d)
{
	free(d->list);
	*d = (struct count_diff){0};
}

/* --- for people --------------------------------------------------------------- */

static unsigned int how_many(const struct count_diff *d, enum count_verdict v)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < d->count; i++)
		n += d->list[i].verdict == v;
	return n;
}

/* By how much instructions changed, where that is seen at all: the middle operation, and all. */
static void print_instructions(const struct count_diff *d, FILE *out)
{
	double *shares = calloc(d->count + 1, sizeof(*shares)), kernel, user;
	size_t n = 0;

	for (unsigned int i = 0; i < d->count && shares; i++) {
		const struct count_change *c = &d->list[i];
		double share = counts_instructions(&c->few[1], &kernel, &user) /
				       counts_instructions(&c->few[0], &kernel, &user) -
			       1;

		if (!isnan(share))
			shares[n++] = 100 * share;
	}
	if (n) {
		gsl_sort(shares, 1, n);
		fprintf(out,
			"  instructions, which do not decide: %+.1f%% in the median, from %+.1f%% to "
			"%+.1f%%\n",
			gsl_stats_median_from_sorted_data(shares, 1, n), shares[0], shares[n - 1]);
	}
	free(shares);
}

void count_diff_answer(const struct count_diff *d, const struct count_side side[2], FILE *out)
{
	static const char *const sentences[] = {
		[COUNT_EQUIVALENT] = "the same locked operations on every line",
		[COUNT_IMPROVEMENT] = "fewer locked operations",
		[COUNT_INCONCLUSIVE] = "more locked operations, but on no line that workers are "
				       "seen to share: measure it natively",
		[COUNT_REGRESSION] = "more locked operations on lines that workers share",
	};
	unsigned int n = how_many(d, d->verdict), said = 0;

	fprintf(out,
		"ANSWER (by counts, emulated): %s: %s against %s has %s, in %u of %u kinds of operation\n",
		count_verdict_name(d->verdict), side[1].run->variants[side[1].variant],
		side[0].run->variants[side[0].variant], sentences[d->verdict], n, d->count);
	for (unsigned int i = 0; i < d->count && d->verdict != COUNT_EQUIVALENT; i++) {
		if (d->list[i].verdict != d->verdict)
			continue;
		if (said++ < 5)
			fprintf(out, "  %s: %s\n", d->list[i].title, d->list[i].reason);
	}
	if (said > 5)
		fprintf(out, "  and %u more, in the table above\n", said - 5);
	print_instructions(d, out);
	if (d->unmatched)
		fprintf(out, "  not compared: %u points that only one side has counts of\n",
			d->unmatched);
}

static void print_changes(const struct count_diff *d, FILE *out)
{
	struct text_table t = {0};
	static const char *const heads[] = {"an operation", "locked",	    "shared",
					    "CPUs",	    "instructions", "verdict"};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		text_cell(&t, "%s", heads[i]);
	text_row(&t);
	for (unsigned int i = 0; i < d->count; i++) {
		const struct count_change *c = &d->list[i];
		double instructions[2], kernel, user;

		for (int s = 0; s < 2; s++)
			instructions[s] = counts_instructions(&c->few[s], &kernel, &user);
		text_cell(&t, "%s", c->title);
		text_cell(&t, "%.3f to %.3f", counts_locked(&c->few[0]), counts_locked(&c->few[1]));
		if (c->workers[1] > 1)
			text_cell(&t, "%.3f to %.3f", counts_shared(&c->many[0]),
				  counts_shared(&c->many[1]));
		else
			text_cell(&t, "-");
		text_cell(&t, "%u", c->workers[1]);
		if (isnan(instructions[0]) || isnan(instructions[1]))
			text_cell(&t, "-");
		else
			text_cell(&t, "%.0f to %.0f", instructions[0], instructions[1]);
		text_cell(&t, "%s", count_verdict_name(c->verdict));
		text_row(&t);
	}
	text_table_print(&t, 1, out);
	free(t.cells);
}

static void print_rows(const struct count_change *c, unsigned int most, FILE *out)
{
	struct text_table t = {0};
	struct pairs rows;
	unsigned int n = 0;

	if (!match(&rows, c->few, BY_FIELD))
		return;
	qsort(rows.list, rows.count, sizeof(*rows.list), largest_first);
	for (size_t i = 0; i < rows.count && n < most; i++) {
		const struct pair *p = &rows.list[i];

		if (fabs(change(p)) <= COUNT_TOLERANCE)
			break;
		if (!n++) {
			fprintf(out, "\n%s, %u worker%s\n", c->title, c->workers[0],
				c->workers[0] > 1 ? "s" : "");
			text_cell(&t, "  on");
			text_cell(&t, "by");
			text_cell(&t, "kind");
			text_cell(&t, "old");
			text_cell(&t, "new");
			text_cell(&t, "change");
			text_row(&t);
		}
		text_cell(&t, "  %s%s%s", p->on, *p->field ? ": " : "", p->field);
		text_cell(&t, "%s", p->by);
		text_cell(&t, "%s", p->kind);
		text_cell(&t, "%.3f", p->each[0]);
		text_cell(&t, "%.3f", p->each[1]);
		text_cell(&t, "%+.3f", change(p));
		text_row(&t);
	}
	if (n)
		text_table_print(&t, 3, out);
	free(t.cells);
	free(rows.list);
}

void count_diff_print(const struct count_diff *d, const struct count_side side[2],
		      unsigned int rows, FILE *out)
{
	print_changes(d, out);
	for (unsigned int i = 0; i < d->count && rows; i++)
		print_rows(&d->list[i], rows, out);
	fputc('\n', out);
	count_diff_answer(d, side, out);
}
