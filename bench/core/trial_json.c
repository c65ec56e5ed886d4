// SPDX-License-Identifier: GPL-3.0-or-later
/* A trial as a record of the journal. docs/JOURNAL.md has every key. */
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_statistics_double.h>

#include "include/workload.h"
#include "trial.h"

static double median_rate(const struct trial *t)
{
	double rates[TRIAL_SLICES];

	for (unsigned int i = 0; i < t->slices; i++)
		rates[i] = t->slice_operations[i] / t->slice_seconds[i];
	return gsl_stats_median(rates, 1, t->slices);
}

static json_t *slices_json(const struct trial *t)
{
	json_t *spans = json_array(), *operations = json_array();

	for (unsigned int i = 0; i < t->slices; i++) {
		json_array_append_new(spans, json_real(t->slice_seconds[i]));
		json_array_append_new(operations, json_integer(t->slice_operations[i]));
	}
	return json_pack("{s:o, s:o}", "seconds", spans, "operations", operations);
}

/* What another program does not say of its workers. */
static json_t *unless_outside(const struct trial *t, json_int_t number)
{
	return t->point->workload->run ? json_null() : json_integer(number);
}

static json_t *worker_json(const struct trial *t, const struct trial_worker *w)
{
	json_t *compute = json_null();

	if (w->compute[0] > 0)
		compute = json_pack("[f, f]", w->compute[0], w->compute[1]);
	return json_pack(
		"{s:i, s:I, s:I, s:o, s:f, s:f, s:o, s:o, s:o}", "cpu", w->cpu, "operations",
		(json_int_t)w->operations, "bytes", (json_int_t)(w->operations * t->point->block),
		"total_operations", unless_outside(t, w->total_operations), "user_s", w->user,
		"system_s", w->system, "involuntary_switches", unless_outside(t, w->involuntary),
		"voluntary_switches", unless_outside(t, w->voluntary), "compute_ns", compute);
}

static json_t *latency_json(const struct trial_latency *l)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "p50", (json_int_t)l->p50, "p95",
			 (json_int_t)l->p95, "p99", (json_int_t)l->p99, "p99.9",
			 (json_int_t)l->p999, "max", (json_int_t)l->most);
}

static json_t *covariates_json(const struct trial *t)
{
	json_t *pingpong = json_null();

	if (t->point->workers > 1)
		pingpong = json_pack("[f, f]", t->pingpong[0], t->pingpong[1]);
	return json_pack("{s:o, s:f, s:f}", "pingpong_ns", pingpong, "foreign_cpu", t->foreign_cpu,
			 "steal", t->steal);
}

static json_t *probe_json(const struct probe_run *r)
{
	json_t *object = json_object();

	for (int i = 0; r->probe->values[i]; i++)
		json_object_set_new(object, r->probe->values[i], json_integer(r->values[i]));
	if (r->details && *r->details) {
		json_t *details = json_loads(r->details, 0, NULL);

		json_object_set_new(object, "details", details ? details : json_null());
	}
	if (r->probe->check)
		json_object_set_new(object, "checked", json_boolean(r->checked));
	return object;
}

static json_t *figures_json(const struct trial *t)
{
	json_t *workers = json_array(), *probes = json_object();
	uint64_t operations = 0;

	for (unsigned int i = 0; i < t->point->workers; i++) {
		const struct trial_worker *w = &t->worker[i];

		json_array_append_new(workers, worker_json(t, w));
		operations += w->operations;
	}
	for (unsigned int i = 0; i < t->probes; i++)
		json_object_set_new(probes, t->probe[i].probe->name, probe_json(&t->probe[i]));
	return json_pack(
		"{s:f, s:f, s:I, s:I, s:f, s:f, s:I, s:o, s:o, s:o, s:o}", "window_s",
		t->window_took, "warmup_s", t->warmup_took, "operations", (json_int_t)operations,
		"bytes", (json_int_t)(operations * t->point->block), "operations_per_s",
		operations / t->window_took, "slice_median_per_s", median_rate(t),
		"total_operations", (json_int_t)t->total_operations, "slices", slices_json(t),
		"workers", workers, "covariates", covariates_json(t), "probes", probes);
}

json_t *trial_json(const struct trial *t)
{
	json_t *problems = json_array();
	json_t *object;

	if (t->failed) {
		json_array_append_new(problems, json_string(t->error.text));
		return json_pack("{s:b, s:o}", "failed", 1, "problems", problems);
	}
	for (unsigned int i = 0; i < t->probes; i++)
		if (t->probe[i].error.text[0])
			json_array_append_new(problems, json_string(t->probe[i].error.text));
	if (t->buffer_error.text[0])
		json_array_append_new(problems, json_string(t->buffer_error.text));
	object = figures_json(t);
	json_object_set_new(object, "start_s", json_real(t->start_took));
	json_object_set_new(object, "buffer", json_loads(t->buffer_found, 0, NULL));
	if (t->latencies)
		json_object_set_new(object, "latency_ns", latency_json(&t->latency));
	if (t->frames[0])
		json_object_set_new(object, "frames", json_loads(t->frames, 0, NULL));
	json_object_set_new(object, "problems", problems);
	return object;
}
