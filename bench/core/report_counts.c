// SPDX-License-Identifier: GPL-3.0-or-later
/* What a side does more or less than the other, by counts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report_parts.h"

static void write_columns(const struct report *r)
{
	html(r->out,
	     "<thead><tr><th scope=\"col\">Operation</th><th scope=\"col\">Verdict</th>"
	     "<th scope=\"col\" class=\"number\">Locked operations <small>%s &rarr; %s</small></th>"
	     "<th scope=\"col\" class=\"number\">on shared lines</th>"
	     "<th scope=\"col\" class=\"number\">Instructions</th>"
	     "<th scope=\"col\" class=\"wide\">What decided it</th></tr></thead>\n",
	     r->c->sides[BASE].name, r->c->sides[NEW].name);
}

static void write_count(FILE *out, const char *what, int side, double value, unsigned int digits)
{
	static const char *const names[] = {[BASE] = "base", [NEW] = "new"};
	char key[32], shown[32] = "–";

	snprintf(key, sizeof(key), "%s_%s", names[side], what);
	if (!isnan(value))
		snprintf(shown, sizeof(shown), "%.*f", digits, value);
	html_number(out, key, value, shown);
}

/* "11.0 → 17.0 +6.0": sorted by the change. */
static void write_change(FILE *out, const char *what, double base, double new, unsigned int digits)
{
	double change = new - base;

	html(out, "<td class=\"number\" data-order=\"%.9g\">", isnan(change) ? 0 : change);
	write_count(out, what, BASE, base, digits);
	html(out, " &rarr; ");
	write_count(out, what, NEW, new, digits);
	if (fabs(change) > COUNT_TOLERANCE && digits)
		html(out, " <b class=\"change\">%+.1f</b>", change);
	if (base > 0 && !digits)
		html(out, " <small>%+.1f%%</small>", 100 * change / base);
	html(out, "</td>");
}

/* "head page +4.000 (f +3.000, g +1.000); inode +1.000": the functions are folded. */
static void write_reason(FILE *out, const char *reason)
{
	const char *at = reason;

	if (!strchr(reason, '(')) {
		html(out, "<small>%s</small>", *reason ? reason : "the same on every line");
		return;
	}
	html(out, "<details><summary>");
	while (*at) {
		size_t length = strcspn(at, "(");
		char *line = strndup(at, length && at[length] ? length - 1 : length);

		html(out, "%s", line);
		free(line);
		at += length;
		at += strcspn(at, ")");
		at += *at != 0;
	}
	html(out, "</summary><small>%s</small></details>", reason);
}

static void write_row(FILE *out, const struct count_change *change, unsigned int i)
{
	enum verdict v = count_as_verdict(change->verdict);
	double instructions[SIDES], kernel, user;

	for (int s = 0; s < SIDES; s++)
		instructions[s] = counts_instructions(&change->few[s], &kernel, &user);
	html(out,
	     "<tr id=\"count-%u\"><th scope=\"row\" data-order=\"%u\">%s</th><td data-order=\"%d\" "
	     "data-field=\"verdict\" data-value=\"%s\">",
	     i, i, change->title, VERDICT_REGRESSION - (int)v, count_verdict_name(change->verdict));
	report_verdict(out, v, count_verdict_name(change->verdict));
	html(out, "</td>");
	write_change(out, "locked", counts_locked(&change->few[BASE]),
		     counts_locked(&change->few[NEW]), 1);
	write_change(out, "shared", counts_shared(&change->many[BASE]),
		     counts_shared(&change->many[NEW]), 1);
	write_change(out, "instructions", instructions[BASE], instructions[NEW], 0);
	html(out, "<td class=\"wide\">");
	write_reason(out, change->reason);
	html(out, "</td></tr>\n");
}

void report_counts(const struct report *r)
{
	const struct count_diff *d = &r->c->counts;

	html(r->out,
	     "<p>Counted instruction by instruction in watched guests, an operation each: facts, the "
	     "same in every run, whatever the machine. More locked operations on a line that workers "
	     "share are a regression; on lines that nobody shares they are for a native run to judge "
	     "(inconclusive). Changes up to %g are none. Instructions do not decide. "
	     "docs/COUNTING.md has the rules.</p>\n",
	     COUNT_TOLERANCE);
	html(r->out, "<div class=\"scroll tall\" tabindex=\"0\" role=\"region\" "
		     "aria-labelledby=\"counts-title\"><table class=\"counts sortable\">\n");
	write_columns(r);
	html(r->out, "<tbody>\n");
	for (unsigned int i = 0; i < d->count; i++)
		write_row(r->out, &d->list[i], i);
	html(r->out, "</tbody></table></div>\n");
	if (d->unmatched)
		html(r->out, "<p>Not compared: %u points that only one side has counts of.</p>\n",
		     d->unmatched);
}
