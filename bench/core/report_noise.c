// SPDX-License-Identifier: GPL-3.0-or-later
/* What was left out of each side, and what a kernel against itself looks like. */
#include <math.h>
#include <stdlib.h>

#include "report_parts.h"

/* Names of points that only one side has, shown at once; the others are folded. */
#define MOST_NAMES 5

static void write_number_row(const struct report *r, const char *what, unsigned int base,
			     unsigned int new)
{
	html(r->out,
	     "<tr><th scope=\"row\">%s</th><td class=\"number\">%u</td><td class=\"number\">%u</td>"
	     "</tr>\n",
	     what, base, new);
}

static void write_names(FILE *out, const json_t *names, size_t first, size_t end)
{
	html(out, "<ul class=\"names\">\n");
	for (size_t i = first; i < end && i < json_array_size(names); i++)
		html(out, "<li><code>%s</code></li>\n",
		     json_string_value(json_array_get(names, i)));
	html(out, "</ul>\n");
}

static void write_unmatched(const struct report *r, int s)
{
	const json_t *names = r->c->unmatched[s];
	size_t n = json_array_size(names);

	if (!n)
		return;
	html(r->out, "<p>Only <b>%s</b> has %zu point%s, which %s not judged:</p>\n",
	     r->c->sides[s].name, n, n == 1 ? "" : "s", n == 1 ? "is" : "are");
	write_names(r->out, names, 0, MOST_NAMES);
	if (n > MOST_NAMES) {
		html(r->out, "<details><summary>%zu more</summary>\n", n - MOST_NAMES);
		write_names(r->out, names, MOST_NAMES, SIZE_MAX);
		html(r->out, "</details>\n");
	}
}

void report_left_out(const struct report *r)
{
	const struct comparison_dropped *b = &r->c->dropped[BASE], *n = &r->c->dropped[NEW];

	html(r->out,
	     "<p>By rules that stood in run.json before the first trial. A difference between the "
	     "sides that chance does not explain is warned of.</p>\n<div class=\"scroll\"><table>"
	     "<thead><tr><th scope=\"col\">Trials</th><th scope=\"col\" class=\"number\">%s</th><th "
	     "scope=\"col\" class=\"number\">%s</th></tr></thead><tbody>\n",
	     r->c->sides[BASE].name, r->c->sides[NEW].name);
	write_number_row(r, "of the points compared", b->trials, n->trials);
	write_number_row(r, "left out: failed, or with a problem", b->failed, n->failed);
	write_number_row(r, "left out: others used the CPUs", b->foreign, n->foreign);
	write_number_row(r, "left out: CPUs moved between near and far meanwhile", b->moved,
			 n->moved);
	write_number_row(r, "used, with CPUs far from each other", b->far, n->far);
	write_number_row(r, "boots left out: cut off, or done twice", b->boots, n->boots);
	html(r->out, "</tbody></table></div>\n");
	for (int s = 0; s < SIDES; s++)
		write_unmatched(r, s);
}

static void write_comparison(const struct report *r, const struct comparison *c, const char *what,
			     const char *prefix)
{
	char key[32];

	html(r->out, "<tr><th scope=\"row\">%s<br><small>%s against %s</small></th><td>", what,
	     c->sides[NEW].name, c->sides[BASE].name);
	report_verdict(r->out, c->verdict, verdict_name(c->verdict));
	html(r->out, "</td><td class=\"number\">");
	snprintf(key, sizeof(key), "%s.overall", prefix);
	html_ratio(r->out, key, &c->overall);
	html(r->out,
	     "</td><td class=\"number\">&plusmn;%.1f%%</td><td class=\"number\">%zu</td>"
	     "<td><code>%s</code></td></tr>\n",
	     100 * widest_interval(c), c->count, c->sides[NEW].run->directory);
}

/* How to measure it. */
static void write_no_noise(const struct report *r)
{
	const struct side *base = &r->c->sides[BASE];

	html(r->out,
	     "<p>Not measured beside this comparison. A run of the same design that compares a "
	     "kernel with itself shows what the design sees where there is nothing to see:</p>\n"
	     "<pre class=\"commands\"><code>./run.sh %s --aa",
	     same_boots(r->c) ? "sweep" : "ab");
	if (!same_boots(r->c)) {
		html(r->out, " --kernel");
		report_word(r->out, base->run->variants[base->variant]);
	}
	report_config(r->out, base->run);
	html(r->out, " -o results/aa</code>\n<code>./run.sh compare");
	report_word(r->out, base->run->directory);
	html(r->out, " --aa results/aa</code></pre>\n");
}

void report_noise(const struct report *r)
{
	char *sentence;

	if (!r->noise) {
		write_no_noise(r);
		return;
	}
	html(r->out,
	     "<p>The same design, with a kernel against itself: whatever is seen there is noise. A "
	     "difference smaller than its widest interval is not to be seen with this design.</p>\n"
	     "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Comparison</th><th "
	     "scope=\"col\">Verdict</th><th scope=\"col\" class=\"number\">Over all "
	     "<small>[95%%]</small></th><th scope=\"col\" class=\"number\">Widest interval</th><th "
	     "scope=\"col\" class=\"number\">Rows</th><th scope=\"col\">Run</th></tr></thead><tbody>\n");
	write_comparison(r, r->c, "this one", "ab");
	write_comparison(r, r->noise, "noise floor", "noise_floor");
	html(r->out, "</tbody></table></div>\n");
	sentence = comparison_sentence(r->noise);
	html(r->out, "<p>Of the noise floor: %s</p>\n", sentence);
	free(sentence);
}
