// SPDX-License-Identifier: GPL-3.0-or-later
/* The method in short, with the numbers of this comparison. docs/METHOD.md has all of it. */
#include <math.h>

#include "report_parts.h"

static const char *pairing_words(enum pairing p)
{
	static const char *const words[] = {
		[PAIR_ROUNDS] =
			"of the two sides in one repetition of one boot, which ran one after the "
			"other. Spread: that of such rounds. It says how sure the ratio is of "
			"this boot; another boot may differ by more.",
		[PAIR_BOOT_ROUNDS] =
			"of the two sides in one repetition of one boot, and the mean of "
			"these a boot. Spread: that of boots.",
		[PAIR_BOOTS] =
			"of the mean logarithms of the two boots of one turn of the plan, in "
			"balanced blocks (A B B A, B A A B). Spread: that of turns.",
		[PAIR_NONE] =
			"of the mean logarithms of the boots of two runs, which did not take turns: "
			"Welch's test, and exploratory, since nothing balances a drift.",
	};

	return words[p];
}

static void item(const struct report *r, const char *term)
{
	html(r->out, "<dt>%s</dt><dd>", term);
}

static void write_differences(const struct report *r)
{
	item(r, "Difference");
	html(r->out, "Of logarithms of rates, so that it is that of a ratio: %s</dd>\n",
	     pairing_words(r->c->pairing));
	item(r, "Boots");
	html(r->out, "%u of %s, %u of %s. Fewer than %d differences are inconclusive.%s</dd>\n",
	     r->c->boots[BASE], r->c->sides[BASE].name, r->c->boots[NEW], r->c->sides[NEW].name,
	     VERDICT_LEAST_BOOTS,
	     r->c->least == SIZE_MAX ? " The plan is not done: nothing is decided before it is."
				     : "");
}

static void write_verdicts(const struct report *r)
{
	const struct comparison *c = r->c;

	item(r, "Equivalent");
	html(r->out,
	     "decided first: the %g%% interval of the ratio lies between %.4g and %.4g (two one-sided "
	     "tests, Schuirmann 1987, margin %g%%). A difference that is shown all the same is "
	     "<em>real but within the margin</em>.</dd>\n",
	     100 * (1 - 2 * c->alpha), 1 - c->margin, 1 / (1 - c->margin), 100 * c->margin);
	item(r, "Regression, improvement");
	html(r->out,
	     "else, when p of no difference, adjusted by Holm over all rows, is below %.3g%%.</dd>\n",
	     100 * c->alpha);
	item(r, "Inconclusive");
	html(r->out,
	     "otherwise, with the number of further %s that would probably settle it.</dd>\n",
	     pairing_unit(c->pairing));
	item(r, "Over all");
	html(r->out, "a regression if any row is; else inconclusive if any is; equivalent only if "
		     "every row is. The geometric mean describes, it does not decide.</dd>\n");
	item(r, "Looks");
	html(r->out,
	     "%u of %u; this one may err with %.3g%% of all comparisons (5%% is promised, %g%% is "
	     "spent).</dd>\n",
	     c->look, c->looks, 100 * c->alpha, 100 * VERDICT_ALPHA);
}

static void write_rules(const struct report *r)
{
	const struct run *run = r->c->sides[BASE].run;
	const json_t *j = run->json;

	item(r, "Trials");
	html(r->out,
	     "a fresh process each, %g s of warm-up, a window of %g s; %lld repetitions, shuffled by "
	     "seed %lld.</dd>\n",
	     json_number_value(json_object_get(j, "warmup_s")),
	     json_number_value(json_object_get(j, "window_s")),
	     json_integer_value(json_object_get(j, "repetitions")),
	     json_integer_value(json_object_get(j, "seed")));
	item(r, "Strata");
	html(r->out,
	     "CPUs are near when a cache line goes between those of the first two workers in at most "
	     "%g ns, else far. Near and far are judged apart; a trial that moved between them is not "
	     "used.</dd>\n",
	     run->rules.near_ns);
	item(r, "Left out");
	html(r->out,
	     "trials in which others had more than %g%% of all CPU time, failed trials, and those whose "
	     "pinned pages are not what the operations have to pin.%s</dd>\n",
	     100 * run->rules.foreign_cpu,
	     r->c->emulated ? " In emulated boots none is for its time, and CPUs are neither near "
			      "nor far."
			    : "");
}

void report_method(const struct report *r)
{
	const struct comparison *c = r->c;

	html(r->out, "<p>In short; docs/METHOD.md has all of it, with sources and how often it "
		     "errs.</p>\n<dl class=\"terms\">\n");
	if (c->emulated && !c->rates) {
		item(r, "Emulated CPUs");
		html(r->out,
		     "Every instruction and every lock is executed, as often as on real "
		     "hardware; how long it takes says nothing. So the verdict is by counts "
		     "alone, and rates get none.</dd>\n");
	}
	write_differences(r);
	write_verdicts(r);
	write_rules(r);
	html(r->out, "</dl>\n");
	if (json_array_size(c->exploratory))
		html(r->out,
		     "<p><b>Exploratory</b>: not all of this was fixed before the first boot; "
		     "the warnings say what.</p>\n");
}
