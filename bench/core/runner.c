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
#include "include/workload.h"
#include "kernel_log.h"
#include "layout.h"
#include "pages.h"
#include "panel.h"
#include "placement.h"
#include "progress.h"
#include "run.h"
#include "show.h"
#include "signals.h"
#include "trial.h"
#include "undo.h"

#define MOST_TARGETS 16
#define MOST_POOLS 32

/* Bytes of the target that a worker has to itself: so many, but of all workers at most these. */
#define EXTENT (4u << 20)
#define EXTENTS (256u << 20)

struct runner {
	struct journal *j;
	const struct sweep *s;
	const struct runner_options *o;
	struct runner_result *result;
	unsigned int boot;
	struct target_run target[MOST_TARGETS];
	unsigned int targets;
	struct pool pool[MOST_POOLS];
	long long others[MOST_POOLS]; /* huge pages in use before we came */
	unsigned int pools;
	const char **reasons; /* why a point is not possible, or NULL; one a point */
	unsigned int *pool_of_point;
	struct progress progress;
	int log;
};

static struct target_run *target_of(struct runner *r, const struct point *p)
{
	for (unsigned int i = 0; i < r->targets; i++)
		if (r->target[i].target == p->target && r->target[i].each == p->device_each &&
		    !strcmp(r->target[i].argument, p->target_argument))
			return &r->target[i];
	return NULL;
}

/* The node of each page of the pool that the point needs. To be freed. */
static unsigned int *nodes_of(const struct point *p, struct error *e)
{
	unsigned int pages = layout_pages(p), *nodes = calloc(pages, sizeof(*nodes));

	if (!nodes)
		fail(e, "No memory for the nodes of %u pages.", pages);
	for (unsigned int i = 0; i < pages && nodes; i++) {
		if (i && placement_node_count() < 2) {
			nodes[i] = nodes[0];
		} else if (pages_node(p, i, &nodes[i], e)) {
			free(nodes);
			return NULL;
		}
	}
	return nodes;
}

/* A pool of the same pages on the same nodes, as far as both reach. */
static struct pool *pool_of(struct runner *r, const struct point *p, const unsigned int *nodes)
{
	for (unsigned int i = 0; i < r->pools; i++) {
		struct pool *pool = &r->pool[i];
		unsigned int pages = layout_pages(p), k = 0;

		if (pool->buffer != p->buffer || pool->page.kind != p->page.kind ||
		    pool->page.bytes != p->page.bytes)
			continue;
		while (k < pages && k < pool->pages && pool->node[k] == nodes[k])
			k++;
		if (k == pages || k == pool->pages)
			return pool;
	}
	return NULL;
}

/* Why the point is not possible in this run, or NULL. */
static const char *unsupported(const struct runner *r, const struct point *p)
{
	static char reason[256];
	const char *why = point_unsupported(p);

	if (why || !p->target->foreign || !p->workload->writes)
		return why;
	for (const char *const *named = r->o->write_to; named && *named; named++)
		if (!strcmp(*named, p->target_argument))
			return NULL;
	snprintf(reason, sizeof(reason),
		 "workload %s would write to %s, which is yours: name it again with --write-to %s",
		 p->workload->name, p->target_argument, p->target_argument);
	return reason;
}

static int gather_target(struct runner *r, const struct point *p, struct error *e)
{
	struct target_run *t = target_of(r, p);

	if (!t && r->targets == MOST_TARGETS)
		return fail(e, "The sweep has more than %d targets: split it.", MOST_TARGETS);
	if (!t) {
		t = &r->target[r->targets++];
		*t = (struct target_run){
			.target = p->target,
			.argument = p->target_argument,
			.each = p->device_each,
			.directory = r->o->directory ? r->o->directory : r->j->directory,
		};
	}
	t->workers = p->workers > t->workers ? p->workers : t->workers;
	t->may_write |= p->workload->writes;
	return 0;
}

static int gather_pool(struct runner *r, const struct point *p, size_t index, struct error *e)
{
	unsigned int pages = layout_pages(p), *nodes = nodes_of(p, e);
	struct pool *pool = nodes ? pool_of(r, p, nodes) : NULL;

	if (!nodes)
		return -1;
	if (!pool && r->pools == MOST_POOLS) {
		free(nodes);
		return fail(e, "The sweep has more than %d kinds of pages: split it.", MOST_POOLS);
	}
	if (!pool) {
		pool = &r->pool[r->pools++];
		*pool = (struct pool){.buffer = p->buffer, .page = p->page, .fd = -1};
		pool->may_reserve = r->o->reserve;
	}
	if (pages > pool->pages) {
		free((void *)pool->node);
		pool->node = nodes;
		pool->pages = pages;
	} else {
		free(nodes);
	}
	r->pool_of_point[index] = pool - r->pool;
	return 0;
}

/* What the points that are possible need of targets and pools. */
static int gather(struct runner *r, struct error *e)
{
	for (size_t i = 0; i < r->s->count; i++) {
		const struct point *p = &r->s->points[i];
		const char *reason = unsupported(r, p);

		r->reasons[i] = reason ? strdup(reason) : NULL;
		if (reason)
			continue;
		if (gather_target(r, p, e) || gather_pool(r, p, i, e))
			return -1;
	}
	for (unsigned int i = 0; i < r->targets; i++) {
		struct target_run *t = &r->target[i];

		t->extent = EXTENTS / t->workers < EXTENT ? EXTENTS / t->workers : EXTENT;
		/* Room for the largest block at least. */
		t->extent = t->extent / (1 << 16) * (1 << 16);
		for (size_t k = 0; k < r->s->count; k++)
			if (!r->reasons[k] && target_of(r, &r->s->points[k]) == t &&
			    r->s->points[k].block > t->extent)
				t->extent = r->s->points[k].block;
	}
	return 0;
}

/*
 * Pools that stay are taken first: private mappings find what is free then, one
 * trial after the other.
 */
static int reserve_pools(struct runner *r, bool shared, struct error *e)
{
	for (unsigned int i = 0; i < r->pools; i++) {
		const struct buffer *buffer = r->pool[i].buffer;

		if (buffer->shared == shared && buffer->reserve && buffer->reserve(&r->pool[i], e))
			return -1;
	}
	return 0;
}

/* Why "auto" took that target, and not a better one. */
static void say_choice(const struct runner *r, const struct target *chosen)
{
	bool asked = false;

	for (size_t i = 0; i < r->s->count; i++)
		asked |= r->s->points[i].target_auto && r->s->points[i].target == chosen;
	for_each_plugin (target, t)
		if (asked && (*t)->preference && (*t)->preference < chosen->preference)
			progress_say("target auto is %s; better would be, but for this: %s",
				     chosen->name, (*t)->unsupported(""));
}

static int set_up(struct runner *r, struct error *e)
{
	for (unsigned int i = 0; i < r->pools; i++) {
		long long total, available;

		pages_counts(r->pool[i].page.bytes, &total, &available);
		r->others[i] = total - available;
	}
	if (reserve_pools(r, true, e) || reserve_pools(r, false, e))
		return -1;
	for (unsigned int i = 0; i < r->targets; i++) {
		say_choice(r, r->target[i].target);
		progress_say("setting up %s", r->target[i].target->name);
		if (r->target[i].target->setup(&r->target[i], e))
			return -1;
	}
	for (size_t i = 0; i < r->s->count; i++) {
		const struct point *p = &r->s->points[i];

		if (!r->reasons[i] && p->workload->prepare && p->workload->prepare(p, e))
			return -1;
	}
	return 0;
}

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
	for (unsigned int i = 0; i < r->targets; i++)
		json_object_set_new(targets, r->target[i].target->name,
				    environment_target_json(&r->target[i]));
	json_object_set_new(record, "targets", targets);
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

		if (!r->reasons[i])
			continue;
		r->result->skipped++;
		point = point_json(&r->s->points[i]);
		if (!journal_has(r->j, r->boot, -1, point))
			rc = write_skip(r, point, r->reasons[i], e);
		json_decref(point);
		if (rc)
			return -1;
	}
	return 0;
}

/* A trial into the journal. 0; 1 when a signal came; -1. */
static int measure(struct runner *r, size_t index, unsigned int repetition, json_t *point,
		   struct error *e)
{
	const struct point *p = &r->s->points[index];
	struct trial *t = trial_alloc(p->workers);
	char now[32];
	json_t *record;
	int rc = 0;

	if (!t)
		return fail(e, "No memory for a trial with %u workers.", p->workers);
	t->point = p;
	t->pool = &r->pool[r->pool_of_point[index]];
	t->target = target_of(r, p);
	t->latencies = r->s->latency;
	t->window = r->s->window;
	t->warmup = r->s->warmup;
	t->slices = r->s->slices;
	record = new_record(r, "trial");
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

static int measure_all(struct runner *r, struct error *e)
{
	const struct sweep *s = r->s;
	unsigned int possible = s->count - r->result->skipped;
	int rc = 0;

	progress_start(&r->progress, possible * s->repetitions);
	for (unsigned int repetition = 0; repetition < s->repetitions && !rc; repetition++) {
		size_t *order = sweep_order(s, r->boot, repetition);

		if (!order)
			return fail(e, "No memory for the order of %zu points.", s->count);
		for (size_t i = 0; i < s->count && !rc; i++) {
			const struct point *p = &s->points[order[i]];
			json_t *point;
			char name[256];

			if (r->reasons[order[i]])
				continue;
			point = point_json(p);
			point_name(p, name, sizeof(name));
			if (journal_has(r->j, r->boot, repetition, point)) {
				progress_skip(&r->progress);
			} else {
				progress_step(&r->progress, name);
				rc = measure(r, order[i], repetition, point, e);
			}
			json_decref(point);
		}
		free(order);
		if (!rc && !repetition && s->repetitions > 1 && r->o->slot < 0)
			show_first(r);
	}
	progress_end();
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
	for (unsigned int i = 0; i < r->pools; i++) {
		long long total, available;
		char name[32];

		if (r->pool[i].page.kind != PAGE_HUGETLB)
			continue;
		pages_counts(r->pool[i].page.bytes, &total, &available);
		size_format(r->pool[i].page.bytes, name, sizeof(name));
		json_object_set_new(pages, name,
				    json_pack("{s:I, s:I, s:I}", "total", (json_int_t)total, "free",
					      (json_int_t)available, "others",
					      (json_int_t)r->others[i]));
		r->result->bad_end |= total - available > r->others[i];
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

static void release(struct runner *r)
{
	for (unsigned int i = 0; i < r->pools; i++)
		if (r->pool[i].buffer->release)
			r->pool[i].buffer->release(&r->pool[i]);
}

/* With the lock held. */
static int run_locked(struct runner *r, struct error *e)
{
	int rc = gather(r, e);

	if (!rc && r->targets)
		rc = set_up(r, e);
	/* Only now: what the kernel says of our devices' making is no fault. */
	r->log = kernel_log_open();
	if (!rc)
		rc = write_boot(r, e);
	if (!rc)
		rc = write_skips(r, e);
	if (!rc && r->targets)
		rc = measure_all(r, e);
	release(r);
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
	r.reasons = calloc(s->count, sizeof(*r.reasons));
	r.pool_of_point = calloc(s->count, sizeof(*r.pool_of_point));
	if (!r.reasons || !r.pool_of_point)
		return fail(e, "No memory for %zu points.", s->count);
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
	for (size_t i = 0; i < s->count; i++)
		free((char *)r.reasons[i]);
	for (unsigned int i = 0; i < r.pools; i++)
		free((void *)r.pool[i].node);
	free(r.reasons);
	free(r.pool_of_point);
	return rc;
}

json_t *runner_run_json(const struct sweep *s, const char *kind)
{
	json_t *overrides = json_array();
	char now[32];

	for (char **o = s->overrides; *o; o++)
		json_array_append_new(overrides, json_string(*o));
	return json_pack("{s:i, s:s, s:s, s:s, s:{s:s, s:s, s:o}, s:i, s:i, s:f, s:f, s:i, s:f, "
			 "s:b, s:{s:f, s:f}}",
			 "schema", JOURNAL_SCHEMA, "pinscale", PINSCALE_VERSION, "created",
			 journal_now(now, sizeof(now)), "kind", kind, "sweep", "name", s->name,
			 "text", s->text, "overrides", overrides, "seed", s->seed, "repetitions",
			 s->repetitions, "window_s", s->window, "warmup_s", s->warmup, "slices",
			 s->slices, "margin", s->margin, "latency", s->latency, "rules", "near_ns",
			 default_rules.near_ns, "foreign_cpu", default_rules.foreign_cpu);
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
