// SPDX-License-Identifier: GPL-3.0-or-later
/* The figures of a run's points. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

#define for_each_trial_of(r, p, t)                                                   \
	for (const struct run_trial *(t) = (r)->trials + (r)->points[p].first_trial; \
	     (t) < (r)->trials + (r)->points[p].first_trial + (r)->points[p].trials; (t)++)

static bool is_of(const struct run *r, const struct run_trial *t, unsigned int variant)
{
	return r->boots[t->boot].counts && r->boots[t->boot].variant == variant;
}

/* Does its rate count, in that stratum? */
static bool rate_counts(const struct run *r, const struct run_trial *t, unsigned int variant,
			enum stratum stratum)
{
	return is_of(r, t, variant) && !t->excluded && (stratum == STRATA || t->stratum == stratum);
}

unsigned int run_usable(const struct run *r)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->trial_count; i++)
		n += !r->trials[i].excluded && r->boots[r->trials[i].boot].counts;
	return n;
}

bool run_has(const struct run *r, unsigned int variant, unsigned int point, enum stratum stratum)
{
	for_each_trial_of(r, point, t) if (rate_counts(r, t, variant, stratum)) return true;
	return false;
}

/*
 * The trials of a point are sorted by boot and repetition. Those of one boot from t on: behind
 * the last of them.
 */
static const struct run_trial *end_of_boot(const struct run *r, const struct run_trial *t)
{
	const struct run_point *p = &r->points[t->point];
	const struct run_trial *end = r->trials + p->first_trial + p->trials;
	unsigned int boot = t->boot;

	while (t < end && t->boot == boot)
		t++;
	return t;
}

/* Runs the statement that follows with every boot that has trials at a point: its first. */
#define for_each_boot_of(r, p, t)                                                    \
	for (const struct run_trial *(t) = (r)->trials + (r)->points[p].first_trial; \
	     (t) < (r)->trials + (r)->points[p].first_trial + (r)->points[p].trials; \
	     (t) = end_of_boot(r, t))

/* Mean logarithm of the rates of one boot at a point, from its first trial there; NAN for none. */
static double log_mean(const struct run *r, const struct run_trial *first, enum stratum stratum)
{
	const struct run_trial *end = end_of_boot(r, first);
	double sum = 0;
	unsigned int n = 0;

	for (const struct run_trial *t = first; t < end; t++) {
		if (!rate_counts(r, t, r->boots[t->boot].variant, stratum))
			continue;
		sum += log(t->rate);
		n++;
	}
	return n ? sum / n : NAN;
}

/* The first trial of a boot at a point, or NULL. */
static const struct run_trial *first_of(const struct run *r, unsigned int point, unsigned int boot)
{
	unsigned int low = r->points[point].first_trial;
	unsigned int high = low + r->points[point].trials, end = high;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (r->trials[middle].boot < boot)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && r->trials[low].boot == boot ? &r->trials[low] : NULL;
}

struct estimate run_rate(const struct run *r, unsigned int variant, unsigned int point,
			 enum stratum stratum)
{
	double *logs = calloc(r->points[point].trials + 1, sizeof(*logs));
	struct estimate e = {.value = NAN, .low = NAN, .high = NAN};
	size_t n = 0, boots = 0;

	if (!logs)
		return e;
	for_each_boot_of(r, point, t)
	{
		double mean = log_mean(r, t, stratum);

		if (r->boots[t->boot].variant == variant && !isnan(mean))
			logs[boots++] = mean;
	}
	if (boots == 1) {
		for_each_trial_of(r, point, t) if (rate_counts(r, t, variant, stratum)) logs[n++] =
			log(t->rate);
	} else {
		n = boots;
	}
	e = estimate_log_mean(logs, n, RUN_LEVEL);
	free(logs);
	return e;
}

struct estimate run_fairness(const struct run *r, unsigned int variant, unsigned int point,
			     enum stratum stratum)
{
	double *shares = calloc(r->points[point].trials + 1, sizeof(*shares));
	struct estimate e = {.value = NAN, .low = NAN, .high = NAN};
	size_t n = 0;

	if (!shares)
		return e;
	for_each_trial_of(r, point, t) if (rate_counts(r, t, variant, stratum) &&
					   !isnan(t->fairness)) shares[n++] = t->fairness;
	e = estimate_mean(shares, n, RUN_LEVEL);
	free(shares);
	return e;
}

/* Is a's boot and repetition before that of b? */
static bool is_before(const struct run_trial *a, const struct run_trial *b)
{
	return a->boot != b->boot ? a->boot < b->boot : a->repetition < b->repetition;
}

struct estimate run_point_ratio(const struct run *r, unsigned int variant, unsigned int point,
				unsigned int base, enum stratum stratum)
{
	double *logs = calloc(r->points[point].trials + 1, sizeof(*logs));
	const struct run_trial *b = r->trials + r->points[base].first_trial;
	const struct run_trial *end = b + r->points[base].trials;
	struct estimate e = {.value = NAN, .low = NAN, .high = NAN};
	size_t n = 0;

	if (!logs)
		return e;
	/* Both are sorted, and no boot has a repetition twice. */
	for_each_trial_of(r, point, t)
	{
		while (b < end && is_before(b, t))
			b++;
		if (b < end && !is_before(t, b) && rate_counts(r, t, variant, stratum) &&
		    rate_counts(r, b, variant, stratum))
			logs[n++] = log(t->rate / b->rate);
	}
	e = estimate_log_mean(logs, n, RUN_LEVEL);
	free(logs);
	return e;
}

/* Mean logarithm of the rates of a boot at a point; NAN when there are none. */
static double boot_log_mean(const struct run *r, unsigned int boot, unsigned int point)
{
	const struct run_trial *first = first_of(r, point, boot);

	return first ? log_mean(r, first, STRATA) : NAN;
}

int run_turn(const struct run *r, unsigned int boot)
{
	const json_t *plan = json_object_get(r->json, "plan");
	int planned = json_array_size(json_object_get(plan, "variants"));

	if (r->boots[boot].slot < 0)
		return -1;
	return r->boots[boot].slot / (planned ? planned : (int)r->variant_count);
}

struct estimate run_variant_ratio(const struct run *r, unsigned int variant, unsigned int base,
				  unsigned int point)
{
	double *logs = calloc(r->in_turn_count + 1, sizeof(*logs));
	struct estimate e = {.value = NAN, .low = NAN, .high = NAN};
	unsigned int next;
	size_t n = 0;

	if (!logs)
		return e;
	/* Every turn of the plan has each variant once, in one order or the other. */
	for (unsigned int i = 0; i < r->in_turn_count; i = next) {
		int turn = run_turn(r, r->in_turn[i]);
		double mean[2] = {NAN, NAN};

		for (next = i; next < r->in_turn_count; next++) {
			const struct run_boot *boot = &r->boots[r->in_turn[next]];

			if (run_turn(r, r->in_turn[next]) != turn)
				break;
			if (boot->variant == variant)
				mean[0] = boot_log_mean(r, r->in_turn[next], point);
			else if (boot->variant == base)
				mean[1] = boot_log_mean(r, r->in_turn[next], point);
		}
		if (!isnan(mean[0]) && !isnan(mean[1]))
			logs[n++] = mean[0] - mean[1];
	}
	e = estimate_log_mean(logs, n, RUN_LEVEL);
	free(logs);
	return e;
}

/* A value of a probe in a trial. false: it is not there. */
static bool probe_value(const struct run_trial *t, const char *probe, const char *value,
			double *number)
{
	const json_t *found = json_object_get(json_object_get(t->probes, probe), value);

	*number = json_number_value(found);
	return json_is_number(found) && t->operations > 0 && !t->failed;
}

/* Has any trial of the variant the probe? Who asks for every point must not look at all trials. */
static bool has_probe(const struct run *r, unsigned int variant, const char *probe)
{
	return json_object_get(json_array_get(r->probes, variant), probe);
}

bool run_per_operation(const struct run *r, unsigned int variant, unsigned int point,
		       const char *probe, const char *value, double *low, double *high)
{
	bool known = false;
	double number;

	if (!has_probe(r, variant, probe))
		return false;
	for_each_trial_of(r, point, t)
	{
		if (!is_of(r, t, variant) || !probe_value(t, probe, value, &number))
			continue;
		number /= t->operations;
		*low = known && *low < number ? *low : number;
		*high = known && *high > number ? *high : number;
		known = true;
	}
	return known;
}

struct estimate run_share(const struct run *r, unsigned int variant, unsigned int point,
			  const char *probe, const char *part, const char *whole)
{
	struct estimate e = {.value = NAN, .low = NAN, .high = NAN};
	double *shares = calloc(r->points[point].trials + 1, sizeof(*shares));
	size_t n = 0;

	if (!shares)
		return e;
	for_each_boot_of(r, point, first)
	{
		const struct run_trial *end = end_of_boot(r, first);
		double parts = 0, wholes = 0, x, y;

		for (const struct run_trial *t = first; t < end; t++) {
			if (!is_of(r, t, variant) || !probe_value(t, probe, part, &x) ||
			    !probe_value(t, probe, whole, &y))
				continue;
			parts += x;
			wholes += y;
		}
		if (wholes > 0)
			shares[n++] = parts / wholes;
	}
	e = estimate_median(shares, n);
	free(shares);
	return e;
}

double run_pingpong(const struct run *r, enum stratum stratum)
{
	double *ns = calloc(r->trial_count + 1, sizeof(*ns)), median;
	size_t n = 0;

	if (!ns)
		return NAN;
	for (unsigned int i = 0; i < r->trial_count; i++)
		if (!r->trials[i].excluded && r->trials[i].stratum == stratum)
			ns[n++] = r->trials[i].pingpong;
	median = estimate_median(ns, n).value;
	free(ns);
	return median;
}
