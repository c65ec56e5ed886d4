// SPDX-License-Identifier: GPL-3.0-or-later
/* Two sides, the points that both have, and how they are to be judged. */
#include "comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "axes.h"
#include "comparison_parts.h"
#include "record.h"

/* --- sides ------------------------------------------------------------------ */

int side_of_variant(struct side *s, const struct run *r, const char *variant, unsigned int index,
		    struct error *e)
{
	*s = (struct side){.run = r, .variant = index};
	for (unsigned int v = 0; v < r->variant_count && variant; v++)
		if (!strcmp(r->variants[v], variant)) {
			s->variant = v;
			variant = NULL;
		}
	if (variant)
		return fail(e, "%s has no variant '%s'.", r->directory, variant);
	if (s->variant >= r->variant_count)
		return fail(e, "%s has no boot: there is nothing to compare.", r->directory);
	snprintf(s->name, sizeof(s->name), "%s", r->variants[s->variant]);
	return 0;
}

static const char *preset_of(const char *axis)
{
	for (const struct axis *a = axes; a->name; a++)
		if (!strcmp(a->name, axis))
			return a->preset ? a->preset : "";
	return NULL;
}

/* Runs of older versions, and copies, lack axes that are as preset. */
static const char *value_of(const struct run_point *p, const char *axis, char *text, size_t size)
{
	const char *preset;

	run_axis(p, axis, text, size);
	preset = *text ? NULL : preset_of(axis);
	if (preset)
		snprintf(text, size, "%s", preset);
	return text;
}

static bool has_value(const struct run *r, const char *axis, const char *value)
{
	char text[256];

	for (unsigned int i = 0; i < r->point_count; i++)
		if (!strcmp(value_of(&r->points[i], axis, text, sizeof(text)), value))
			return true;
	return false;
}

static int side_with_value(struct side *s, const struct run *r, const char *axis, const char *value,
			   size_t length, struct error *e)
{
	if (side_of_variant(s, r, NULL, 0, e))
		return -1;
	snprintf(s->axis, sizeof(s->axis), "%s", axis);
	snprintf(s->value, sizeof(s->value), "%.*s", (int)length, value);
	if (!has_value(r, s->axis, s->value))
		return fail(e, "%s has no point with %s=%s.", r->directory, s->axis, s->value);
	snprintf(s->name, sizeof(s->name), "%s%s", strcmp(axis, "copy") ? "" : "copy ", s->value);
	return 0;
}

static int sides_between(struct side sides[SIDES], const struct run *r, const char *between,
			 struct error *e)
{
	const char *equals = strchr(between, '='), *comma = equals ? strchr(equals, ',') : NULL;
	char axis[32];

	if (!comma)
		return fail(e, "'%s' is no pair of values of an axis, like sharing=private,shared.",
			    between);
	snprintf(axis, sizeof(axis), "%.*s", (int)(equals - between), between);
	if (!preset_of(axis))
		return fail(e, "There is no axis '%s'; docs/WORKLOADS.md has them all.", axis);
	if (side_with_value(&sides[BASE], r, axis, equals + 1, comma - equals - 1, e))
		return -1;
	return side_with_value(&sides[NEW], r, axis, comma + 1, strlen(comma + 1), e);
}

int sides_of_run(struct side sides[SIDES], const struct run *r, const char *between,
		 struct error *e)
{
	if (between)
		return sides_between(sides, r, between, e);
	if (r->variant_count > 1)
		return side_of_variant(&sides[BASE], r, NULL, 0, e) ||
				       side_of_variant(&sides[NEW], r, NULL, 1, e)
			       ? -1
			       : 0;
	if (has_value(r, "copy", "2"))
		return sides_between(sides, r, "copy=1,2", e);
	if (has_value(r, "sharing", "private") && has_value(r, "sharing", "shared"))
		return sides_between(sides, r, "sharing=private,shared", e);
	return fail(
		e,
		"%s has one kernel, and not both private and shared pages: name another run, or "
		"two values of an axis (--between sharing=private,pool:4).",
		r->directory);
}

static bool of_side(const struct side *s, const struct run_point *p)
{
	char text[256];

	return !*s->axis || !strcmp(value_of(p, s->axis, text, sizeof(text)), s->value);
}

/* --- matching ----------------------------------------------------------------- */

/* A point's axes but for that which is compared, as a key; to be freed. */
static char *key_of(const struct side *s, const struct run_point *p)
{
	json_t *copy = json_copy(p->axes);
	char *key;

	/* Runs of older versions lack axes that are as preset; of a first copy nothing is said. */
	for (const struct axis *a = axes; a->name; a++)
		if (!json_object_get(copy, a->name) && strcmp(a->name, "copy"))
			json_object_set_new(copy, a->name, json_string(a->preset));
	if (*s->axis)
		json_object_del(copy, s->axis);
	key = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(copy);
	return key;
}

/* The side's points by key. A new reference, or NULL. */
static json_t *points_of(const struct side *s)
{
	json_t *found = json_object();

	for (unsigned int i = 0; i < s->run->point_count; i++) {
		char *key = of_side(s, &s->run->points[i]) ? key_of(s, &s->run->points[i]) : NULL;

		if (key)
			json_object_set_new(found, key, json_integer(i));
		free(key);
	}
	return found;
}

static bool was_tried(const struct side *s, unsigned int point)
{
	for_each_side_trial(s, point, t) if (s->run->boots[t->boot].variant == s->variant &&
					     s->run->boots[t->boot].counts) return true;
	return false;
}

static void match_line(struct comparison *c, json_t *others, const struct panel *panel,
		       const struct line *line)
{
	const struct side *base = &c->sides[BASE];

	for (unsigned int k = 0; k < line->count; k++) {
		const struct run_point *p = &base->run->points[line->points[k]];
		const json_t *other;
		char *key;

		if (!of_side(base, p))
			continue;
		key = key_of(base, p);
		other = key ? json_object_get(others, key) : NULL;
		if (other && was_tried(base, line->points[k]) &&
		    was_tried(&c->sides[NEW], json_integer_value(other)))
			c->pairs[c->pair_count++] = (struct comparison_pair){
				.panel = panel,
				.line = line,
				.points = {line->points[k], json_integer_value(other)},
			};
		else if (key && was_tried(base, line->points[k]))
			json_array_append_new(c->unmatched[BASE], json_string(key));
		if (other && was_tried(base, line->points[k]))
			json_object_del(others, key);
		free(key);
	}
}

/* Points that both sides have; what only one has is listed. 0 or -1. */
static int match(struct comparison *c, struct error *e)
{
	json_t *others = points_of(&c->sides[NEW]), *index;
	const char *key;

	c->pairs = calloc(c->sides[BASE].run->point_count + 1, sizeof(*c->pairs));
	if (!c->pairs || !others) {
		json_decref(others);
		return fail(e, "No memory to compare %s.", c->sides[BASE].run->directory);
	}
	for_each_line(&c->panels, panel, line) match_line(c, others, panel, line);
	json_object_foreach (others, key, index)
		if (was_tried(&c->sides[NEW], json_integer_value(index)))
			json_array_append_new(c->unmatched[NEW], json_string(key));
	json_decref(others);
	if (c->pair_count)
		return 0;
	return fail(e, "%s and %s have no point in common that was measured.", c->sides[BASE].name,
		    c->sides[NEW].name);
}

/* --- the plan, and how often it is looked at ------------------------------------ */

/* Turns of the plan in which both sides came to their end. */
static unsigned int turns_done(const struct comparison *c)
{
	const struct run *r = c->sides[BASE].run;
	unsigned int turns = 0, done = 0, *seen;

	for (unsigned int b = 0; b < r->boot_count; b++)
		if (run_turn(r, b) >= (int)turns)
			turns = run_turn(r, b) + 1;
	seen = calloc(turns + 1, sizeof(*seen));
	for (unsigned int b = 0; b < r->boot_count && seen; b++) {
		if (run_turn(r, b) < 0 || !r->boots[b].counts)
			continue;
		for (int s = 0; s < SIDES; s++)
			seen[run_turn(r, b)] |= (r->boots[b].variant == c->sides[s].variant) << s;
	}
	for (unsigned int t = 0; t < turns && seen; t++)
		done += seen[t] == 3;
	free(seen);
	return done;
}

static void note(json_t *list, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	json_array_append_new(list, json_vsprintf(format, args));
	va_end(args);
}

/* What the sides differ in is no part of a line's name. */
static void shorten_labels(struct comparison *c)
{
	const struct side *base = &c->sides[BASE];
	size_t value = strlen(base->value);

	if (strcmp(base->axis, "sharing"))
		return;
	for (unsigned int i = 0; i < c->panels.count; i++) {
		for (unsigned int k = 0; k < c->panels.list[i].count; k++) {
			struct line *line = &c->panels.list[i].lines[k];
			char *end = NULL;

			/* The last: a mapping may be "private" too, and stands before it. */
			for (char *p = strstr(line->label, line->sharing); p && *line->sharing;
			     p = strstr(p + 1, line->sharing))
				end = p;
			if (!strcmp(line->sharing, base->value) && end && end > line->label)
				memmove(end - 1, end + value, strlen(end + value) + 1);
		}
	}
}

/* Which look this is, and what it may spend. */
static void choose_look(struct comparison *c)
{
	const json_t *plan = json_object_get(c->sides[BASE].run->json, "plan");
	unsigned int boots = json_integer_value(json_object_get(plan, "boots"));
	unsigned int extension = json_integer_value(json_object_get(plan, "extension"));
	unsigned int done = c->pairing == PAIR_BOOTS ? turns_done(c) : 0;
	double first = VERDICT_ALPHA;

	c->look = c->looks = 1;
	c->alpha = VERDICT_ALPHA;
	c->least = VERDICT_LEAST_BOOTS;
	if (c->pairing != PAIR_BOOTS || !boots)
		return;
	if (extension) {
		c->looks = 2;
		first = verdict_first_alpha(VERDICT_ALPHA, (double)boots / (boots + extension));
		c->alpha = first;
	}
	if (done > boots && extension) {
		c->look = 2;
		c->alpha = VERDICT_ALPHA - first;
	}
	if (done < boots || (done > boots && done < boots + extension))
		c->least = SIZE_MAX;
	if (done > boots + extension)
		note(c->exploratory, "There are %u boots a side; the plan had %u.", done,
		     boots + extension);
}

static void choose_margin(struct comparison *c, double margin)
{
	double planned = json_number_value(json_object_get(c->sides[BASE].run->json, "margin"));

	/* What the reader of a run bears: nonsense is as if there were nothing. */
	if (!(planned > 0 && planned < 1))
		planned = 0.02;
	c->margin = isnan(margin) ? planned : margin;
	/* 1.1 / 100 is not quite 0.011. */
	if (fabs(c->margin - planned) > 1e-9)
		note(c->exploratory,
		     "The margin of %g%% was given at the comparison; before the first boot it was "
		     "%g%%.",
		     100 * c->margin, 100 * planned);
}

static void choose_pairing(struct comparison *c)
{
	const struct side *base = &c->sides[BASE], *new = &c->sides[NEW];

	for (int s = 0; s < SIDES; s++)
		for (unsigned int b = 0; b < c->sides[s].run->boot_count; b++)
			c->boots[s] += c->sides[s].run->boots[b].counts &&
				       c->sides[s].run->boots[b].variant == c->sides[s].variant;
	if (base->run != new->run) {
		c->pairing = PAIR_NONE;
		note(c->exploratory,
		     "These are two runs: their boots did not take turns, so that nothing balances a "
		     "drift of the machine between them, and no plan fixed how many there were to be.");
	} else if (base->variant != new->variant) {
		c->pairing = PAIR_BOOTS;
	} else {
		c->pairing = c->boots[BASE] < VERDICT_LEAST_BOOTS ? PAIR_ROUNDS : PAIR_BOOT_ROUNDS;
	}
}

/* --- counts ------------------------------------------------------------------- */

/* The run of counts that belongs to a run: itself, or that in its counts/. 1: there is none. */
static int read_counts(struct run *counts, const struct run *r, struct error *e)
{
	char path[4096];

	if (json_object_get(r->json, "count"))
		snprintf(path, sizeof(path), "%s", r->directory);
	else
		snprintf(path, sizeof(path), "%s/counts", r->directory);
	if (!record_exists(path))
		return 1;
	return run_read(counts, path, e);
}

static bool count_side_of(struct count_side *side, const struct run *counts, const char *variant)
{
	side->run = counts;
	for (side->variant = 0; side->variant < counts->variant_count; side->variant++)
		if (!strcmp(counts->variants[side->variant], variant))
			return true;
	return false;
}

/* Finds counts of both sides' kernels beside the run. 0 (also when there are none), or -1. */
static int find_counts(struct comparison *c, struct error *e)
{
	struct error why;
	bool one = c->sides[BASE].run == c->sides[NEW].run;
	int rc = 0;

	if (*c->sides[BASE].axis)
		return 0;
	for (int s = 0; s < (one ? 1 : SIDES) && !rc; s++) {
		rc = read_counts(&c->count_runs[s], c->sides[s].run, e);
		if (rc < 0)
			return -1;
	}
	for (int s = 0; s < SIDES && !rc; s++)
		rc = !count_side_of(&c->count_sides[s], &c->count_runs[one ? BASE : s],
				    c->sides[s].run->variants[c->sides[s].variant]);
	if (rc || count_diff(&c->counts, c->count_sides, &why))
		return 0;
	c->counted = true;
	return 0;
}

/*
 * Without counts there are still the acquisitions of the compound lock, which are exact:
 * that there are more of them is certain; that nothing else rose is not.
 */
static void find_lock(struct comparison *c)
{
	double low, high, base_low, base_high;

	for (size_t i = 0; i < c->pair_count; i++) {
		const struct comparison_pair *p = &c->pairs[i];

		if (!run_per_operation(c->sides[NEW].run, c->sides[NEW].variant, p->points[NEW],
				       "tailref", "acquisitions", &low, &high))
			continue;
		if (!run_per_operation(c->sides[BASE].run, c->sides[BASE].variant, p->points[BASE],
				       "tailref", "acquisitions", &base_low, &base_high))
			base_high = 0;
		if (low <= base_high)
			continue;
		c->lock_more++;
		if (low > c->lock_times) {
			c->lock_times = low;
			c->lock_most = i;
		}
	}
}

/* What emulated kernels are judged by. */
static void judge_counts(struct comparison *c)
{
	static const enum verdict verdicts[] = {
		[COUNT_EQUIVALENT] = VERDICT_EQUIVALENT,
		[COUNT_IMPROVEMENT] = VERDICT_IMPROVEMENT,
		[COUNT_INCONCLUSIVE] = VERDICT_INCONCLUSIVE,
		[COUNT_REGRESSION] = VERDICT_REGRESSION,
	};

	if (!c->emulated || c->rates)
		return;
	if (c->counted) {
		c->verdict = verdicts[c->counts.verdict];
		return;
	}
	find_lock(c);
	c->verdict = c->lock_more ? VERDICT_REGRESSION : VERDICT_INCONCLUSIVE;
}

int comparison_make(struct comparison *c, const struct side sides[SIDES],
		    const struct comparison_options *options, struct error *e)
{
	int rc;

	*c = (struct comparison){
		.sides = {sides[BASE], sides[NEW]},
		.rates = options->rates,
		.emulated = sides[BASE].run->emulated || sides[NEW].run->emulated,
		.unmatched = {json_array(), json_array()},
		.warnings = json_array(),
		.exploratory = json_array(),
	};
	choose_pairing(c);
	choose_margin(c, options->margin);
	choose_look(c);
	rc = panels_of(&c->panels, sides[BASE].run, e);
	if (!rc) {
		shorten_labels(c);
		rc = match(c, e);
	}
	if (!rc)
		rc = comparison_judge(c, e);
	if (!rc)
		rc = find_counts(c, e);
	if (!rc) {
		judge_counts(c);
		comparison_describe(c);
		comparison_warn(c);
	}
	if (rc)
		comparison_free(c);
	return rc;
}
