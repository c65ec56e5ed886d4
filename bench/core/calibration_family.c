// SPDX-License-Identifier: GPL-3.0-or-later
/* Made-up families as runs, and how they are judged. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibration_parts.h"
#include "comparison.h"
#include "schedule.h"

#define LOSS 0.05	 /* whose detection is promised */
#define WIDE_MARGIN 0.03 /* within which no difference is promised to be equivalent */

/* What is seen of the boots at a look: the first of them, as a run, and its comparison. */
struct look {
	struct run run;
	struct comparison comparison;
};

struct simulation {
	const struct calibration_cell *cell;
	gsl_rng *random;
	struct slot *order;
	unsigned int slots; /* of all looks */
	struct drawn_boot *boots;
	struct look looks[2];
	unsigned int look_count;
};

/* The logarithm of the true ratio at each point. */
struct truth {
	double effects[CALIBRATION_POINTS];
};

struct outcome {
	enum verdict verdict; /* over all, of the look that decides */
	bool different;	      /* at a look that was taken a point was said to differ */
	bool decided;	      /* anything was said but that it is inconclusive */
	bool equivalent[CALIBRATION_POINTS];
	unsigned int intervals, missed; /* of the look that decides */
};

/* --- the run -------------------------------------------------------------------- */

static json_t *plan_json(const struct calibration_cell *c)
{
	json_t *plan = json_pack("{s:[s, s], s:i}", "variants", "base", "new", "boots", c->boots);

	if (c->extension)
		json_object_set_new(plan, "extension", json_integer(c->extension));
	return json_pack("{s:i, s:s, s:f, s:o}", "schema", 1, "kind", "ab", "margin",
			 CALIBRATION_MARGIN, "plan", plan);
}

static json_t *boots_json(const struct slot *order, unsigned int slots)
{
	static const char *const variants[] = {"base", "new"};
	json_t *boots = json_object();

	for (unsigned int s = 0; s < slots; s++) {
		char number[16];

		snprintf(number, sizeof(number), "%u", s + 1);
		json_object_set_new(boots, number,
				    json_pack("{s:i, s:s, s:i, s:s}", "boot", s + 1, "variant",
					      variants[order[s].variant], "slot", s, "execution",
					      "native"));
	}
	return boots;
}

static void write_trial(FILE *out, unsigned int boot, int repetition, int point)
{
	fprintf(out,
		"{\"type\":\"trial\",\"boot\":%u,\"repetition\":%d,\"operations_per_s\":1,\"point\":{"
		"\"workload\":\"%s\",\"sharing\":\"%s\",\"workers\":%d,\"page\":\"2m\",\"block\":4096,"
		"\"target\":\"none\"}}\n",
		boot, repetition, point & 1 ? "pwrite" : "pread", point & 2 ? "shared" : "private",
		point & 4 ? 4 : 2);
}

/* A journal in which every boot came to its end; to be freed. */
static char *journal_text(unsigned int slots, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	for (unsigned int s = 0; out && s < slots; s++) {
		for (int r = 0; r < CALIBRATION_REPETITIONS; r++)
			for (int p = 0; p < CALIBRATION_POINTS; p++)
				write_trial(out, s + 1, r, p);
		fprintf(out, "{\"type\":\"boot-end\",\"boot\":%u}\n", s + 1);
	}
	if (out)
		fclose(out);
	return text;
}

/* The run of the first boots. Its rates are put in later. 0 or -1. */
static int make_run(struct run *r, const struct simulation *s, unsigned int slots, struct error *e)
{
	size_t size;
	char *text = journal_text(slots, &size);
	FILE *journal = text ? fmemopen(text, size, "r") : NULL;
	int rc;

	if (journal)
		rc = run_read_from(r, "a made-up run", plan_json(s->cell),
				   boots_json(s->order, slots), journal, e);
	else
		rc = fail(e, "No memory for a made-up run of %u boots.", slots);
	if (journal)
		fclose(journal);
	free(text);
	return rc;
}

static int make_look(struct simulation *s, unsigned int boots, struct error *e)
{
	const struct comparison_options options = {.margin = NAN};
	struct look *l = &s->looks[s->look_count];
	struct side sides[SIDES];

	if (make_run(&l->run, s, 2 * boots, e))
		return -1;
	if (sides_of_run(sides, &l->run, NULL, e) ||
	    comparison_make(&l->comparison, sides, &options, e)) {
		run_free(&l->run);
		return -1;
	}
	if (s->cell->alpha > 0)
		l->comparison.alpha = s->cell->alpha;
	s->look_count++;
	return 0;
}

static void simulation_free(struct simulation *s)
{
	for (unsigned int i = 0; i < s->look_count; i++) {
		comparison_free(&s->looks[i].comparison);
		run_free(&s->looks[i].run);
	}
	if (s->random)
		gsl_rng_free(s->random);
	free(s->order);
	free(s->boots);
}

static int simulation_make(struct simulation *s, const struct calibration_cell *c,
			   unsigned long seed, struct error *e)
{
	unsigned int boots = c->boots + c->extension;
	int rc = 0;

	*s = (struct simulation){
		.cell = c,
		.random = gsl_rng_alloc(gsl_rng_mt19937),
		.order = schedule(2, boots),
		.slots = 2 * boots,
		.boots = calloc(2 * boots, sizeof(*s->boots)),
	};
	if (!s->random || !s->order || !s->boots)
		rc = fail(e, "No memory for a made-up run of %u boots.", 2 * boots);
	if (!rc)
		rc = make_look(s, c->boots, e);
	if (!rc && c->extension)
		rc = make_look(s, boots, e);
	if (rc)
		simulation_free(s);
	else
		gsl_rng_set(s->random, seed);
	return rc;
}

/* --- judging -------------------------------------------------------------------- */

/* The trials as they were drawn, with the new kernel's effect. */
static void put_rates(struct run *r, const struct drawn_boot *boots, const struct truth *truth)
{
	for (unsigned int i = 0; i < r->trial_count; i++) {
		struct run_trial *t = &r->trials[i];
		const struct run_boot *boot = &r->boots[t->boot];
		const struct drawn_trial *d = &boots[boot->slot].trials[t->repetition][t->point];

		t->rate = exp(d->logarithm + (boot->variant ? truth->effects[t->point] : 0));
		t->stratum = d->stratum;
		t->excluded = d->stratum == STRATUM_MOVED;
	}
}

static bool is_different(enum verdict v)
{
	return v == VERDICT_REGRESSION || v == VERDICT_IMPROVEMENT;
}

static void count_interval(struct outcome *o, const struct estimate *e, double truth)
{
	if (isnan(e->low))
		return;
	o->intervals++;
	o->missed += log(e->low) > truth || log(e->high) < truth;
}

/* A look is taken: what it says replaces what was said before. */
static int take_look(struct look *l, const struct drawn_boot *boots, const struct truth *truth,
		     struct outcome *o, struct error *e)
{
	struct comparison *c = &l->comparison;

	put_rates(&l->run, boots, truth);
	if (comparison_judge(c, e))
		return -1;
	o->verdict = c->verdict;
	o->decided |= c->verdict != VERDICT_INCONCLUSIVE;
	o->intervals = o->missed = 0;
	for (size_t i = 0; i < c->count; i++) {
		enum verdict v = c->family[i].verdict;

		o->different |= is_different(v);
		o->decided |= v != VERDICT_INCONCLUSIVE && v != VERDICT_NONE;
		count_interval(o, &c->rows[i].ratio, truth->effects[c->rows[i].points[BASE]]);
	}
	for (size_t i = 0; i < c->count; i = comparison_next_point(c, i))
		o->equivalent[c->rows[i].points[BASE]] |=
			comparison_point_verdict(c, i) == VERDICT_EQUIVALENT;
	return 0;
}

/* Looks until one decides. */
static int judge(struct simulation *s, const struct truth *truth, struct outcome *o,
		 struct error *e)
{
	*o = (struct outcome){.verdict = VERDICT_INCONCLUSIVE};
	for (unsigned int i = 0; i < s->look_count && o->verdict == VERDICT_INCONCLUSIVE; i++)
		if (take_look(&s->looks[i], s->boots, truth, o, e))
			return -1;
	return 0;
}

static int without_difference(struct simulation *s, struct calibration_tally *t, struct error *e)
{
	const struct truth truth = {{0}};
	struct outcome o;

	if (judge(s, &truth, &o, e))
		return -1;
	t->different += o.different;
	t->different_overall += is_different(o.verdict);
	t->equivalent += o.verdict == VERDICT_EQUIVALENT;
	t->decided += o.decided;
	if (o.intervals) {
		double share = (double)o.missed / o.intervals;

		t->with_intervals++;
		t->missed += share;
		t->missed_squares += share * share;
	}
	return 0;
}

static int with_point_at_margin(struct simulation *s, unsigned int family,
				struct calibration_tally *t, struct error *e)
{
	unsigned int point = family / 2 % CALIBRATION_POINTS;
	double limit = log(1 - CALIBRATION_MARGIN);
	struct truth truth = {{0}};
	struct outcome o;

	truth.effects[point] = family % 2 ? -limit : limit;
	if (judge(s, &truth, &o, e))
		return -1;
	t->false_equivalent += o.verdict == VERDICT_EQUIVALENT;
	t->margin_point += o.equivalent[point];
	t->decided += o.decided;
	return 0;
}

static int with_wide_margin(struct simulation *s, struct outcome *o, struct error *e)
{
	const struct truth truth = {{0}};
	int rc;

	for (unsigned int i = 0; i < s->look_count; i++)
		s->looks[i].comparison.margin = WIDE_MARGIN;
	rc = judge(s, &truth, o, e);
	for (unsigned int i = 0; i < s->look_count; i++)
		s->looks[i].comparison.margin = CALIBRATION_MARGIN;
	return rc;
}

static int measure_power(struct simulation *s, unsigned int family, struct calibration_tally *t,
			 struct error *e)
{
	struct truth everywhere, one = {{0}};
	struct outcome all, single, wide;

	for (int p = 0; p < CALIBRATION_POINTS; p++)
		everywhere.effects[p] = log(1 - LOSS);
	one.effects[family % CALIBRATION_POINTS] = log(1 - LOSS);
	if (judge(s, &everywhere, &all, e) || judge(s, &one, &single, e) ||
	    with_wide_margin(s, &wide, e))
		return -1;
	t->powered++;
	t->loss_everywhere += all.verdict == VERDICT_REGRESSION;
	t->loss_at_one += single.verdict == VERDICT_REGRESSION;
	t->equivalent_wide += wide.verdict == VERDICT_EQUIVALENT;
	return 0;
}

int calibration_simulate(const struct calibration_cell *c, uint64_t seed, unsigned int block,
			 unsigned int families, struct calibration_tally *t, struct error *e)
{
	struct simulation s;
	int rc = simulation_make(&s, c, calibration_seed(c, seed, block), e);

	*t = (struct calibration_tally){0};
	if (rc)
		return rc;
	for (unsigned int f = 0; f < families && !rc; f++) {
		calibration_draw(c, s.order, s.slots, s.random, s.boots);
		rc = without_difference(&s, t, e);
		if (!rc)
			rc = with_point_at_margin(&s, f, t, e);
		if (!rc && calibration_has_power(c))
			rc = measure_power(&s, f, t, e);
		t->families++;
	}
	simulation_free(&s);
	return rc;
}
