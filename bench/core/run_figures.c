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

/* Mean logarithm of the rates of one boot at a point; NAN when there are none. */
static double boot_log_mean(const struct run *r, unsigned int boot, unsigned int point,
			    enum stratum stratum)
{
	double sum = 0;
	unsigned int n = 0;

	for_each_trial_of(r, point, t)
	{
		if (t->boot != boot || !rate_counts(r, t, r->boots[boot].variant, stratum))
			continue;
		sum += log(t->rate);
		n++;
	}
	return n ? sum / n : NAN;
}

struct estimate run_rate(const struct run *r, unsigned int variant, unsigned int point,
			 enum stratum stratum)
{
	size_t most = r->points[point].trials + r->boot_count, n = 0, boots = 0;
	double *logs = calloc(most + 1, sizeof(*logs));
	struct estimate e = {.value = NAN, .low = NAN, .high = NAN};

	if (!logs)
		return e;
	for (unsigned int b = 0; b < r->boot_count; b++) {
		double mean = boot_log_mean(r, b, point, stratum);

		if (r->boots[b].variant == variant && !isnan(mean))
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

struct estimate run_point_ratio(const struct run *r, unsigned int variant, unsigned int point,
				unsigned int base, enum stratum stratum)
{
	double *logs = calloc(r->points[point].trials + 1, sizeof(*logs));
	struct estimate e = {.value = NAN, .low = NAN, .high = NAN};
	size_t n = 0;

	if (!logs)
		return e;
	for_each_trial_of(r, point, t)
	{
		if (!rate_counts(r, t, variant, stratum))
			continue;
		for_each_trial_of(r, base, b) if (b->boot == t->boot &&
						  b->repetition == t->repetition &&
						  rate_counts(r, b, variant, stratum)) logs[n++] =
			log(t->rate / b->rate);
	}
	e = estimate_log_mean(logs, n, RUN_LEVEL);
	free(logs);
	return e;
}

/* The boot that counts at a place of the plan, or -1. */
static int boot_at(const struct run *r, int slot)
{
	for (unsigned int i = 0; i < r->boot_count; i++)
		if (r->boots[i].slot == slot && r->boots[i].counts)
			return i;
	return -1;
}

struct estimate run_variant_ratio(const struct run *r, unsigned int variant, unsigned int base,
				  unsigned int point)
{
	int turns = r->variant_count, slots = 0;
	struct estimate e = {.value = NAN, .low = NAN, .high = NAN};
	double *logs;
	size_t n = 0;

	for (unsigned int i = 0; i < r->boot_count; i++)
		slots = r->boots[i].slot >= slots ? r->boots[i].slot + 1 : slots;
	logs = calloc(slots / turns + 1, sizeof(*logs));
	if (!logs)
		return e;
	/* Every turn of the plan has each variant once, in one order or the other. */
	for (int turn = 0; turn * turns < slots; turn++) {
		double mean[2] = {NAN, NAN};

		for (int slot = turn * turns; slot < (turn + 1) * turns; slot++) {
			int boot = boot_at(r, slot);

			if (boot >= 0 && r->boots[boot].variant == variant)
				mean[0] = boot_log_mean(r, boot, point, STRATA);
			else if (boot >= 0 && r->boots[boot].variant == base)
				mean[1] = boot_log_mean(r, boot, point, STRATA);
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

bool run_per_operation(const struct run *r, unsigned int variant, unsigned int point,
		       const char *probe, const char *value, double *low, double *high)
{
	bool known = false;
	double number;

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
	double *shares = calloc(r->boot_count + 1, sizeof(*shares));
	size_t n = 0;

	if (!shares)
		return e;
	for (unsigned int b = 0; b < r->boot_count; b++) {
		double parts = 0, wholes = 0, x, y;

		for_each_trial_of(r, point, t)
		{
			if (t->boot != b || !is_of(r, t, variant) ||
			    !probe_value(t, probe, part, &x) || !probe_value(t, probe, whole, &y))
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
