// SPDX-License-Identifier: GPL-3.0-or-later
/* Every row of the comparison, as a table. */
#include <math.h>
#include <stdlib.h>

#include "format.h"
#include "report_parts.h"

static const char *stratum_name(enum stratum s)
{
	return s == STRATUM_NONE ? "–" : format_stratum(s);
}

/* Shown by the script, which is what makes it work. */
static void write_filter(const struct report *r)
{
	static const enum verdict order[] = {VERDICT_REGRESSION, VERDICT_INCONCLUSIVE,
					     VERDICT_EQUIVALENT, VERDICT_IMPROVEMENT, VERDICT_NONE};
	unsigned int n[VERDICT_REGRESSION + 1] = {0};

	for (size_t i = 0; i < r->c->count; i++)
		n[r->c->family[i].verdict]++;
	html(r->out,
	     "<fieldset class=\"filter\" data-for=\"points-table\" hidden><legend>Show</legend>\n");
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (n[order[i]])
			html(r->out,
			     "<label><input type=\"checkbox\" value=\"%s\" checked> <span "
			     "class=\"verdict %s\">%s</span> %u</label>\n",
			     verdict_class(order[i]), verdict_class(order[i]),
			     verdict_name(order[i]), n[order[i]]);
	html(r->out, "<output aria-live=\"polite\"></output></fieldset>\n");
}

static void write_columns(const struct report *r, const struct forest *f)
{
	const struct comparison *c = r->c;

	html(r->out,
	     "<thead><tr><th scope=\"col\">Point</th>"
	     "<th scope=\"col\" class=\"number\">Workers</th>"
	     "<th scope=\"col\">CPUs</th>"
	     "<th scope=\"col\">Verdict</th>"
	     "<th scope=\"col\" class=\"number\">%s / %s <small>[95%%]</small></th>"
	     "<th class=\"plot\" aria-hidden=\"true\">",
	     c->sides[NEW].name, c->sides[BASE].name);
	forest_axis(r->out, f, c->margin);
	html(r->out,
	     "</th><th scope=\"col\" class=\"number\">%s <small>op/s</small></th>"
	     "<th scope=\"col\" class=\"number\">%s <small>op/s</small></th>"
	     "<th scope=\"col\" class=\"number\">Equivalence <small>[%g%%]</small></th>"
	     "<th scope=\"col\" class=\"number\">p <small>by Holm</small></th>"
	     "<th scope=\"col\" class=\"number\">n <small>%s</small></th></tr></thead>\n",
	     c->sides[BASE].name, c->sides[NEW].name, 100 * (1 - 2 * c->alpha),
	     pairing_unit(c->pairing));
}

static void write_rate(FILE *out, const char *side, const struct estimate *e, unsigned int trials)
{
	char key[32], value[32], low[32], high[32];

	html(out, "<td class=\"number\">");
	snprintf(key, sizeof(key), "%s.rate", side);
	html_number(out, key, e->value, format_rate(e->value, value, sizeof(value)));
	if (!isnan(e->low)) {
		html(out, "<br><small>");
		snprintf(key, sizeof(key), "%s.low", side);
		html_number(out, key, e->low, format_rate(e->low, low, sizeof(low)));
		html(out, "&ndash;");
		snprintf(key, sizeof(key), "%s.high", side);
		html_number(out, key, e->high, format_rate(e->high, high, sizeof(high)));
		html(out, "</small>");
	}
	html(out, "<span hidden data-field=\"%s.trials\" data-value=\"%u\"></span></td>", side,
	     trials);
}

/* What is to be said beside a row's verdict. */
static void write_notes(const struct report *r, size_t i)
{
	const struct judged *j = &r->c->family[i];
	const char *reason = r->c->rows[i].reason;

	if (j->real)
		html(r->out,
		     "<br><small data-field=\"real\" data-value=\"true\">real but within the "
		     "margin</small>");
	if (j->further)
		html(r->out,
		     "<br><small>further %s to settle it: <span data-field=\"further\" "
		     "data-value=\"%zu\">%zu</span></small>",
		     pairing_unit(r->c->pairing), j->further, j->further);
	if (reason)
		html(r->out, "<br><small data-field=\"reason\" data-value=\"%s\">%s</small>",
		     reason, reason);
	else if (j->verdict == VERDICT_NONE && r->c->emulated)
		html(r->out, "<br><small>emulated</small>");
}

static void write_verdict(const struct report *r, size_t i)
{
	enum verdict v = r->c->family[i].verdict;

	html(r->out, "<td data-order=\"%d\" data-field=\"verdict\" data-value=\"%s\">",
	     VERDICT_REGRESSION - (int)v, verdict_name(v));
	report_verdict(r->out, v, verdict_name(v));
	write_notes(r, i);
	html(r->out, "</td>");
}

static void write_ratio(const struct report *r, size_t i, const struct forest *f)
{
	const struct comparison_row *row = &r->c->rows[i];

	html(r->out, "<td class=\"number\">");
	html_ratio(r->out, "ratio", &row->ratio);
	if (!isnan(row->within.value)) {
		html(r->out, "<br><small>within these boots ");
		html_ratio(r->out, "within_boots", &row->within);
		html(r->out, "</small>");
	}
	html(r->out, "</td><td class=\"plot\">");
	forest_row(r->out, f, r->c->margin, &row->ratio, r->c->family[i].verdict);
	html(r->out, "</td>");
}

static void write_equivalence(FILE *out, const struct estimate *e)
{
	char low[32], high[32];

	html(out, "<td class=\"number\">");
	if (isnan(e->low)) {
		html(out, "–</td>");
		return;
	}
	snprintf(low, sizeof(low), "%.3f", e->low);
	snprintf(high, sizeof(high), "%.3f", e->high);
	html(out, "[");
	html_number(out, "equivalence.low", e->low, low);
	html(out, ", ");
	html_number(out, "equivalence.high", e->high, high);
	html(out, "]</td>");
}

static const char *probability(double p, char *text, size_t size)
{
	if (isnan(p))
		snprintf(text, size, "–");
	else if (p < 1e-99)
		snprintf(text, size, "0");
	else
		snprintf(text, size, p < 0.001 ? "%.0e" : "%.2g", p);
	return text;
}

static void write_p(FILE *out, const struct judged *j)
{
	char text[32];

	html(out, "<td class=\"number\">");
	html_number(out, "adjusted", j->adjusted, probability(j->adjusted, text, sizeof(text)));
	if (isfinite(j->p)) {
		html(out, "<br><small>alone ");
		html_number(out, "p", j->p, probability(j->p, text, sizeof(text)));
		html(out, "</small>");
	}
	html(out, "</td>");
}

static void write_row(const struct report *r, size_t i, const struct forest *f)
{
	const struct comparison_row *row = &r->c->rows[i];
	const struct judged *j = &r->c->family[i];

	html(r->out,
	     "<tr id=\"row-%zu\" data-verdict=\"%s\"><th scope=\"row\" data-order=\"%zu\">"
	     "<a class=\"row\" href=\"#row-%zu\">%zu</a>%s<br><small>%s</small></th>"
	     "<td class=\"number\" data-field=\"workers\" data-value=\"%u\">%u</td>"
	     "<td data-field=\"stratum\" data-value=\"%s\">%s</td>",
	     i, verdict_class(j->verdict), i, i, i + 1, row->panel->title, row->line->label,
	     row->workers, row->workers, format_stratum(row->stratum), stratum_name(row->stratum));
	write_verdict(r, i);
	write_ratio(r, i, f);
	write_rate(r->out, "base", &row->rates[BASE], row->trials[BASE]);
	write_rate(r->out, "new", &row->rates[NEW], row->trials[NEW]);
	write_equivalence(r->out, &row->equivalence);
	write_p(r->out, j);
	html(r->out, "<td class=\"number\" data-field=\"n\" data-value=\"%zu\">%zu</td></tr>\n",
	     j->contrast.n, j->contrast.n);
}

void report_points(const struct report *r)
{
	const struct comparison *c = r->c;
	struct forest f = forest_of(c);

	html(r->out,
	     "<p>A row is a point; with CPUs near and far, each is one of its own. The band is the "
	     "margin of %g%%; an interval that lies in it is equivalence. %s</p>\n",
	     100 * c->margin,
	     c->emulated && !c->rates
		     ? "The CPUs were emulated: these rates are shown, and get no verdict."
		     : "");
	write_filter(r);
	html(r->out, "<div class=\"scroll tall\" tabindex=\"0\" role=\"region\" "
		     "aria-labelledby=\"points-title\"><table id=\"points-table\" "
		     "class=\"points sortable\">\n");
	write_columns(r, &f);
	html(r->out, "<tbody>\n");
	for (size_t i = 0; i < c->count; i++)
		write_row(r, i, &f);
	html(r->out, "</tbody></table></div>\n");
}
