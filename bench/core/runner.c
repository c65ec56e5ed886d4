// SPDX-License-Identifier: GPL-3.0-or-later
#include "runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/rules.h"
#include "axes.h"
#include "environment.h"
#include "file.h"
#include "include/version.h"
#include "kernel_log.h"
#include "make_up.h"
#include "memory_map.h"
#include "pages.h"
#include "panel.h"
#include "progress.h"
#include "resources.h"
#include "run.h"
#include "show.h"
#include "signals.h"
#include "trial.h"
#include "undo.h"
#include "views.h"

struct runner {
	struct journal *j;
	const struct sweep *s;
	const struct runner_options *o;
	struct runner_result *result;
	unsigned int boot;
	struct resources needs;
	struct progress progress;
	int log;
};

/* The number of this boot in the journal: one that has begun, or a new one. */
static unsigned int choose_boot(const struct runner *r)
{
	unsigned int last = journal_last_boot(r->j);
	const json_t *record;

	if (r->o->boot)
		return r->o->boot;
	for (unsigned int n = 1; n <= last; n++) {
		record = journal_boot(r->j, n);
		if (record && !strcmp(json_string_value(json_object_get(record, "boot_id")),
				      environment_boot_id()))
			return n;
	}
	return last + 1;
}

static int write_boot(struct runner *r, struct error *e)
{
	json_t *record, *targets;

	if (journal_boot(r->j, r->boot))
		return 0;
	record = environment_json(r->o->variant);
	targets = json_object();
	json_object_set_new(record, "boot", json_integer(r->boot));
	if (r->o->slot >= 0)
		json_object_set_new(record, "slot", json_integer(r->o->slot));
	for (unsigned int i = 0; i < r->needs.targets; i++)
		json_object_set_new(targets, r->needs.target[i].target->name,
				    environment_target_json(&r->needs.target[i]));
	json_object_set_new(record, "targets", targets);
	json_object_set_new(record, "probes", views_json());
	return journal_write_boot(r->j, r->boot, record, e);
}

/* A record of the journal, to be added to. Each says itself what its figures are worth. */
static json_t *new_record(const struct runner *r, const char *type)
{
	return json_pack("{s:s, s:i, s:s}", "type", type, "boot", r->boot, "execution",
			 environment_execution());
}

static int write_skip(struct runner *r, json_t *point, const char *reason, struct error *e)
{
	json_t *record = new_record(r, "skip");

	json_object_set(record, "point", point);
	json_object_set_new(record, "reason", json_string(reason));
	return journal_append(r->j, record, e);
}

static int write_skips(struct runner *r, struct error *e)
{
	for (size_t i = 0; i < r->s->count; i++) {
		json_t *point;
		int rc = 0;

		if (!r->needs.reasons[i])
			continue;
		r->result->skipped++;
		point = point_json(&r->s->points[i]);
		if (!journal_has(r->j, r->boot, -1, point))
			rc = write_skip(r, point, r->needs.reasons[i], e);
		json_decref(point);
		if (rc)
			return -1;
	}
	return 0;
}

/* A trial into the journal, watched by a probe that runs apart or by none. 0; 1 when a signal came;
 * -1. */
static int measure(struct runner *r, size_t index, unsigned int repetition, json_t *point,
		   const struct probe *apart, struct error *e)
{
	const struct point *p = &r->s->points[index];
	struct trial *t = trial_alloc(p->workers);
	char now[32];
	json_t *record;
	int rc = 0;

	if (!t)
		return fail(e, "No memory for a trial with %u workers.", p->workers);
	t->point = p;
	t->pool = &r->needs.pool[r->needs.pool_of_point[index]];
	t->target = resources_target(&r->needs, p);
	t->latencies = r->s->latency;
	t->window = r->s->window;
	t->warmup = r->s->warmup;
	t->slices = r->s->slices;
	t->operations = json_integer_value(
		json_object_get(json_object_get(r->j->run, "count"), "operations"));
	t->number = journal_trials(r->j, r->boot);
	t->apart = apart;
	record = new_record(r, apart ? "probed" : "trial");
	if (apart)
		json_object_set_new(record, "probe", json_string(apart->name));
	json_object_set_new(record, "order", json_integer(journal_trials(r->j, r->boot)));
	json_object_set_new(record, "repetition", json_integer(repetition));
	json_object_set(record, "point", point);
	json_object_set_new(record, "started", json_string(journal_now(now, sizeof(now))));
	if (trial_run(t)) {
		json_decref(record);
		rc = 1;
	} else {
		json_t *figures = trial_json(t);

		r->result->trials++;
		progress_result(&r->progress,
				json_number_value(json_object_get(figures, "operations_per_s")));
		r->result->failed += json_array_size(json_object_get(figures, "problems")) > 0;
		json_object_update(record, figures);
		json_decref(figures);
		rc = journal_append(r->j, record, e);
	}
	trial_free(t, p->workers);
	return rc;
}

/* A first look at what one repetition found, for who does not want to wait for all. */
static void show_first(const struct runner *r)
{
	struct panels panels;
	struct error e;
	struct run run;

	if (run_read(&run, r->j->directory, &e))
		return;
	if (!panels_of(&panels, &run, &e)) {
		progress_say("after 1 of %u repetitions:\n", r->s->repetitions);
		show_panels(&run, &panels, stderr);
		fputc('\n', stderr);
		panels_free(&panels);
	}
	run_free(&run);
}

/* A trial that the journal may have already. As measure(). */
static int measure_once(struct runner *r, size_t index, unsigned int repetition,
			const struct probe *apart, struct error *e)
{
	const struct point *p = &r->s->points[index];
	json_t *point = point_json(p), *name = apart ? json_string(apart->name) : NULL;
	json_t *watched = journal_watched(point, name);
	char what[320];
	int rc = 0;

	point_name(p, what, 256);
	if (apart)
		snprintf(what + strlen(what), sizeof(what) - strlen(what), ", watched by %s",
			 apart->name);
	if (journal_has(r->j, r->boot, repetition, watched)) {
		progress_skip(&r->progress);
	} else {
		progress_step(&r->progress, what);
		rc = measure(r, index, repetition, point, apart, e);
	}
	json_decref(watched);
	json_decref(name);
	json_decref(point);
	return rc;
}

/*
 * The points of a repetition that the journal lacks; only[i] says which, NULL for all.
 * Trials that a probe watches come behind all others of the round: those that are
 * compared with each other stay beside each other.
 */
static int measure_round(struct runner *r, unsigned int repetition, const bool *only,
			 const struct probe *apart, struct error *e)
{
	const struct sweep *s = r->s;
	size_t *order = sweep_order(s, r->boot, repetition);
	int rc = 0;

	if (!order)
		return fail(e, "No memory for the order of %zu points.", s->count);
	for (size_t i = 0; i < s->count && !rc; i++)
		if (!r->needs.reasons[order[i]] && (!only || only[order[i]]))
			rc = measure_once(r, order[i], repetition, apart, e);
	free(order);
	return rc;
}

/* The probes of the sweep that can run here. */
static unsigned int probes_possible(const struct sweep *s, bool say)
{
	unsigned int n = 0;

	for (const struct probe *const *p = s->probes; *p; p++) {
		const char *reason = (*p)->unsupported();

		n += !reason;
		if (reason && say)
			progress_say("without the probe %s: %s", (*p)->name, reason);
	}
	return n;
}

static int measure_probed(struct runner *r, unsigned int repetition, struct error *e)
{
	int rc = 0;

	for (const struct probe *const *p = r->s->probes; *p && !rc; p++)
		if (!(*p)->unsupported())
			rc = measure_round(r, repetition, NULL, *p, e);
	return rc;
}

/* Rounds that were spoilt, once more. As measure(). */
static int make_up(struct runner *r, struct error *e)
{
	const struct sweep *s = r->s;
	bool *needed = calloc(s->count, sizeof(*needed));
	int rc = needed ? 0 : fail(e, "No memory for %zu points.", s->count);

	for (unsigned int i = 0; i < make_up_most(s) && !rc; i++) {
		int count = make_up_points(s, r->j->directory, r->boot, needed, e);

		if (count <= 0) {
			rc = count;
			break;
		}
		if (!i)
			progress_say(
				"others on the CPUs, or CPUs that moved, spoilt rounds: they are "
				"measured again");
		progress_start(&r->progress, count);
		rc = measure_round(r, s->repetitions + i, needed, NULL, e);
		progress_end();
	}
	free(needed);
	return rc;
}

static int measure_all(struct runner *r, struct error *e)
{
	const struct sweep *s = r->s;
	unsigned int possible = s->count - r->result->skipped;
	int rc = 0;

	progress_start(&r->progress, possible * s->repetitions * (1 + probes_possible(s, true)));
	for (unsigned int repetition = 0; repetition < s->repetitions && !rc; repetition++) {
		rc = measure_round(r, repetition, NULL, NULL, e);
		if (!rc)
			rc = measure_probed(r, repetition, e);
		if (!rc && !repetition && s->repetitions > 1 && r->o->slot < 0)
			show_first(r);
	}
	progress_end();
	if (!rc && s->make_up)
		rc = make_up(r, e);
	return rc;
}

/* References that any probe knows to be held still; null when none counts them. */
static json_t *held_json(void)
{
	for_each_plugin (probe, p) {
		struct error e;
		int64_t held;

		if ((*p)->held && !(*p)->unsupported() && !(*p)->held(&held, &e))
			return json_integer(held);
	}
	return json_null();
}

static int write_end(struct runner *r, struct error *e)
{
	json_t *pages = json_object(), *held = held_json();
	json_t *warnings = kernel_log_close(r->log);
	json_t *record;

	r->log = -1;
	for (unsigned int i = 0; i < r->needs.pools; i++) {
		long long total, available;
		char name[32];

		if (r->needs.pool[i].page.kind != PAGE_HUGETLB)
			continue;
		pages_counts(r->needs.pool[i].page.bytes, &total, &available);
		size_format(r->needs.pool[i].page.bytes, name, sizeof(name));
		json_object_set_new(pages, name,
				    json_pack("{s:I, s:I, s:I}", "total", (json_int_t)total, "free",
					      (json_int_t)available, "others",
					      (json_int_t)r->needs.others[i]));
		r->result->bad_end |= total - available > r->needs.others[i];
	}
	r->result->bad_end |= json_integer_value(held) != 0 || json_array_size(warnings) > 0;
	record = new_record(r, "boot-end");
	json_object_set_new(record, "trials", json_integer(journal_trials(r->j, r->boot)));
	json_object_set_new(record, "failed", json_integer(r->result->failed));
	json_object_set_new(record, "huge_pages", pages);
	json_object_set_new(record, "tails_held", held);
	json_object_set_new(record, "kernel_warnings", warnings);
	return journal_append(r->j, record, e);
}

/* What addresses of this kernel are, for who watched it from outside: beside the journal. */
static int describe_kernel(const struct runner *r, struct error *e)
{
	char path[4096], *symbols;
	int rc;

	snprintf(path, sizeof(path), "%s/memory", r->j->directory);
	if (memory_map_write(path, e))
		return -1;
	symbols = file_read("/proc/kallsyms", e);
	if (!symbols)
		return -1;
	snprintf(path, sizeof(path), "%s/symbols", r->j->directory);
	rc = file_replace(path, symbols, e);
	free(symbols);
	return rc;
}

/* With the lock held. */
static int run_locked(struct runner *r, struct error *e)
{
	int rc = resources_gather(&r->needs, r->s, r->o, r->j->directory, e);

	if (!rc && r->needs.targets)
		rc = resources_set_up(&r->needs, e);
	/* Only now: what the kernel says of our devices' making is no fault. */
	r->log = kernel_log_open();
	if (!rc)
		rc = write_boot(r, e);
	if (!rc)
		rc = write_skips(r, e);
	if (!rc && r->needs.targets)
		rc = measure_all(r, e);
	if (!rc && json_object_get(r->j->run, "count"))
		rc = describe_kernel(r, e);
	resources_release(&r->needs);
	if (!rc)
		rc = write_end(r, e);
	return rc;
}

int runner_run(struct journal *j, const struct sweep *s, const struct runner_options *o,
	       struct runner_result *result, struct error *e)
{
	struct runner r = {.j = j, .s = s, .o = o, .result = result, .log = -1};
	struct error undo;
	int rc;

	*result = (struct runner_result){0};
	r.boot = result->boot = choose_boot(&r);
	if (journal_boot_ended(j, r.boot))
		return 0;
	signals_hold();
	rc = undo_open(&undo);
	if (rc < 0) {
		*e = undo;
	} else {
		if (rc)
			progress_say("%s", undo.text);
		rc = run_locked(&r, e);
		if (r.log >= 0)
			json_decref(kernel_log_close(r.log));
	}
	if (undo_close(&undo)) {
		progress_say("%s", undo.text);
		result->bad_end = true;
	}
	resources_free(&r.needs);
	return rc;
}

json_t *runner_run_json(const struct sweep *s, const char *kind)
{
	json_t *overrides = json_array();
	char now[32];

	for (char **o = s->overrides; *o; o++)
		json_array_append_new(overrides, json_string(*o));
	return json_pack("{s:i, s:s, s:s, s:s, s:{s:s, s:s, s:o}, s:i, s:i, s:f, s:f, s:i, s:f, "
			 "s:b, s:b, s:{s:f, s:f}}",
			 "schema", JOURNAL_SCHEMA, "pinscale", PINSCALE_VERSION, "created",
			 journal_now(now, sizeof(now)), "kind", kind, "sweep", "name", s->name,
			 "text", s->text, "overrides", overrides, "seed", s->seed, "repetitions",
			 s->repetitions, "window_s", s->window, "warmup_s", s->warmup, "slices",
			 s->slices, "margin", s->margin, "latency", s->latency, "make_up",
			 s->make_up, "rules", "near_ns", default_rules.near_ns, "foreign_cpu",
			 default_rules.foreign_cpu);
}

int runner_sweep_of(const json_t *run, struct sweep *s, struct error *e)
{
	const json_t *sweep = json_object_get(run, "sweep");
	const json_t *list = json_object_get(sweep, "overrides");
	const char *name = json_string_value(json_object_get(sweep, "name"));
	const char *text = json_string_value(json_object_get(sweep, "text"));
	size_t n = json_array_size(list);
	char **overrides = calloc(n + 1, sizeof(*overrides));
	int rc;

	for (size_t i = 0; overrides && i < n; i++)
		overrides[i] = (char *)json_string_value(json_array_get(list, i));
	if (!overrides || !name || !text)
		rc = fail(e, "The run's run.json holds no sweep.");
	else
		rc = sweep_parse(s, name, text, overrides, e);
	free(overrides);
	return rc;
}
