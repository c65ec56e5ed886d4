// SPDX-License-Identifier: GPL-3.0-or-later
/* A comparison as JSON. docs/COMPARING.md has every key. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparison_output.h"
#include "format.h"
#include "include/version.h"

static json_t *number(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

/* null for none. What was cut within a character is no UTF-8: then only ASCII is kept. */
static json_t *text(const char *t)
{
	json_t *string = t && *t ? json_string(t) : NULL;
	char *ascii = t && *t && !string ? strdup(t) : NULL;

	for (char *c = ascii; c && *c; c++)
		*c = (unsigned char)*c < 0x80 ? *c : '?';
	if (ascii)
		string = json_string(ascii);
	free(ascii);
	return string ? string : json_null();
}

static json_t *interval(const struct estimate *e)
{
	return json_pack("{s:o, s:o, s:o}", "value", number(e->value), "low", number(e->low),
			 "high", number(e->high));
}

static json_t *rate(const struct comparison_row *row, int side)
{
	json_t *object = interval(&row->rates[side]);

	json_object_set_new(object, "rate", json_incref(json_object_get(object, "value")));
	json_object_del(object, "value");
	json_object_set_new(object, "trials", json_integer(row->trials[side]));
	return object;
}

static json_t *row_json(const struct comparison *c, size_t i)
{
	const struct comparison_row *row = &c->rows[i];
	const struct judged *j = &c->family[i];

	return json_pack(
		"{s:O, s:o, s:o, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:s, s:b, s:I, "
		"s:o}",
		"point", c->sides[BASE].run->points[row->points[BASE]].axes, "panel",
		text(row->panel->title), "line", text(row->line->label), "stratum",
		format_stratum(row->stratum), "workers", row->workers, "base", rate(row, BASE),
		"new", rate(row, NEW), "ratio", interval(&row->ratio), "equivalence",
		json_pack("{s:o, s:o}", "low", number(row->equivalence.low), "high",
			  number(row->equivalence.high)),
		"within_boots", interval(&row->within), "n", (json_int_t)j->contrast.n, "p",
		number(j->p), "adjusted", number(j->adjusted), "p_margin", number(j->p_margin),
		"verdict", verdict_name(j->verdict), "real", j->real, "further",
		(json_int_t)j->further, "reason", text(row->reason));
}

static json_t *dropped_json(const struct comparison_dropped *d)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "trials", d->trials, "failed", d->failed,
			 "foreign", d->foreign, "moved", d->moved, "far", d->far, "boots",
			 d->boots);
}

static json_t *side_json(const struct comparison *c, int s)
{
	const struct side *side = &c->sides[s];
	char *environment = comparison_environment(c, s);
	json_t *object =
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:s, s:o, s:o, s:O}", "name",
			  text(side->name), "run", text(side->run->directory), "variant",
			  text(side->run->variants[side->variant]), "axis", text(side->axis),
			  "value", text(side->value), "boots", c->boots[s], "execution",
			  run_execution(side->run), "environment", text(environment), "dropped",
			  dropped_json(&c->dropped[s]), "unmatched", c->unmatched[s]);

	free(environment);
	return object;
}

static json_t *counts_json(const struct comparison *c)
{
	json_t *list = json_array();

	if (!c->counted) {
		json_decref(list);
		return json_null();
	}
	for (unsigned int i = 0; i < c->counts.count; i++) {
		const struct count_change *change = &c->counts.list[i];

		json_array_append_new(
			list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "operation",
					text(change->title), "base_locked",
					number(counts_locked(&change->few[BASE])), "new_locked",
					number(counts_locked(&change->few[NEW])), "base_shared",
					number(counts_shared(&change->many[BASE])), "new_shared",
					number(counts_shared(&change->many[NEW])), "verdict",
					count_verdict_name(change->verdict), "reason",
					text(change->reason)));
	}
	return json_pack("{s:s, s:o}", "verdict", count_verdict_name(c->counts.verdict),
			 "operations", list);
}

static json_t *noise_json(const struct comparison *noise)
{
	char *sentence;
	json_t *object;

	if (!noise)
		return json_null();
	sentence = comparison_sentence(noise);
	object = json_pack("{s:o, s:s, s:o, s:o}", "run", text(noise->sides[BASE].run->directory),
			   "verdict", verdict_name(noise->verdict), "sentence", text(sentence),
			   "overall", interval(&noise->overall));
	free(sentence);
	return object;
}

static json_t *strata_json(const struct comparison *c)
{
	json_t *object = json_object();

	for (enum stratum s = STRATUM_NONE; s < STRATUM_MOVED; s++)
		if (c->overall_of[s].n)
			json_object_set_new(object, format_stratum(s), interval(&c->overall_of[s]));
	return object;
}

json_t *comparison_json(const struct comparison *c, const struct comparison *noise)
{
	static const char *const pairings[] = {
		[PAIR_ROUNDS] = "rounds",
		[PAIR_BOOT_ROUNDS] = "boots of rounds",
		[PAIR_BOOTS] = "boots in turns",
		[PAIR_NONE] = "none",
	};
	char *sentence = comparison_sentence(c);
	json_t *points = json_array(), *object;

	for (size_t i = 0; i < c->count; i++)
		json_array_append_new(points, row_json(c, i));
	object = json_pack(
		"{s:i, s:s, s:s, s:s, s:o, s:b, s:o, s:o, s:f, s:f, s:i, s:i, s:s, s:o, s:o, s:o, s:o, s:O, "
		"s:O, s:o}",
		"schema", COMPARISON_SCHEMA, "pinscale", PINSCALE_VERSION, "kind", "comparison",
		"verdict", verdict_name(c->verdict), "sentence", text(sentence), "emulated",
		c->emulated, "base", side_json(c, BASE), "new", side_json(c, NEW), "margin",
		c->margin, "alpha", c->alpha, "look", c->look, "looks", c->looks, "pairing",
		pairings[c->pairing], "overall", interval(&c->overall), "overall_of",
		strata_json(c), "points", points, "counts", counts_json(c), "warnings", c->warnings,
		"exploratory", c->exploratory, "noise_floor", noise_json(noise));
	free(sentence);
	return object;
}
