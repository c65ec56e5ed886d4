// SPDX-License-Identifier: GPL-3.0-or-later
#include "run.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "axes.h"
#include "printable.h"
#include "record.h"

/* A point's axes as text: the same for the same axes. */
#define POINT_TEXT (JSON_COMPACT | JSON_SORT_KEYS)

/* While the journal is read. */
struct reader {
	struct run *r;
	json_t *points; /* the axes as text, to the index */
	unsigned int room_points, room_trials;
	bool no_memory, too_many_points;
};

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void *grow(struct reader *reader, void *list, unsigned int count, unsigned int *room,
		  size_t size)
{
	void *larger = list;

	if (count < *room)
		return list;
	*room = *room ? 2 * *room : 64;
	larger = reallocarray(list, *room, size);
	reader->no_memory |= !larger;
	return larger;
}

/* The index of a new point, or -1. name is its axes as text. */
static int add_point(struct reader *reader, const char *name)
{
	json_t *object = json_loads(name, 0, NULL);
	struct run *r = reader->r;
	struct run_point *points = NULL;

	reader->too_many_points |= r->point_count == RUN_MOST_POINTS;
	if (!reader->too_many_points)
		points = grow(reader, r->points, r->point_count, &reader->room_points,
			      sizeof(*points));
	if (points) {
		r->points = points;
		points[r->point_count] = (struct run_point){.axes = printable_json(object)};
		json_object_set_new(reader->points, name, json_integer(r->point_count));
	}
	json_decref(object);
	return points ? (int)r->point_count++ : -1;
}

static int by_number(const void *a, const void *b)
{
	const struct run_boot *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static struct run_boot *boot_of(const struct run *r, const json_t *record)
{
	const json_t *number = json_object_get(record, "boot");
	struct run_boot key = {.number = json_integer_value(number)};

	if (!json_is_integer(number) || json_integer_value(number) != key.number)
		return NULL;
	return bsearch(&key, r->boots, r->boot_count, sizeof(key), by_number);
}

/* NAN where there is but one worker, or the record has none. */
static double fairness(const json_t *record)
{
	const json_t *workers = json_object_get(record, "workers"), *w;
	double least = INFINITY, sum = 0, n;
	size_t i;

	json_array_foreach (workers, i, w) {
		n = number_of(w, "operations");
		least = n < least ? n : least;
		sum += n;
	}
	return i > 1 && least >= 0 && sum > 0 ? least / (sum / i) : NAN;
}

static void judge(const struct run *r, struct run_trial *t, const json_t *record)
{
	const json_t *covariates = json_object_get(record, "covariates");
	const json_t *pingpong = json_object_get(covariates, "pingpong_ns");
	double before = json_number_value(json_array_get(pingpong, 0));
	double after = json_number_value(json_array_get(pingpong, 1));

	t->pingpong = (before + after) / 2;
	t->fairness = fairness(record);
	t->excluded = t->failed;
	/* Where CPUs are emulated, that they are near or far says nothing. */
	if (t->failed || r->emulated)
		return;
	t->stratum = rules_stratum(&r->rules, before, after);
	t->foreign = number_of(covariates, "foreign_cpu") > r->rules.foreign_cpu;
	t->excluded = t->foreign || t->stratum == STRATUM_MOVED;
}

/* What a record comes to. Made by several threads, which change nothing of the run. */
struct digest {
	bool trial, unread;
	struct run_trial t;
	json_t *kept; /* or NULL */
	char point[]; /* the trial's axes as text */
};

/* Instead of one for which there was no memory. */
static struct digest lost;

static void read_latency(struct run_trial *t, const json_t *record)
{
	static const char *const keys[RUN_QUANTILES] = {"p50", "p95", "p99", "p99.9"};
	const json_t *latency = json_object_get(record, "latency_ns");

	for (int i = 0; i < RUN_QUANTILES; i++) {
		double ns = number_of(latency, keys[i]);

		t->latency[i] = ns > 0 && ns < 1e15 ? ns : 0;
	}
}

static void read_trial(const struct run *r, struct digest *d, const json_t *record)
{
	const struct run_boot *boot = boot_of(r, record);
	const json_t *repetition = json_object_get(record, "repetition");
	json_int_t n = json_integer_value(repetition);
	json_t *probes = json_object_get(record, "probes");

	d->unread = !boot || !json_is_integer(repetition) || n < 0 || n > UINT_MAX ||
		    !json_is_object(json_object_get(record, "point"));
	if (d->unread)
		return;
	d->t = (struct run_trial){
		.boot = boot - r->boots,
		.repetition = n,
		.rate = number_of(record, "operations_per_s"),
		.median = number_of(record, "slice_median_per_s"),
		.operations = json_integer_value(json_object_get(record, "total_operations")),
		.probes = json_object_size(probes) ? json_incref(probes) : NULL,
	};
	d->t.failed = json_is_true(json_object_get(record, "failed")) || !isfinite(d->t.rate) ||
		      d->t.rate <= 0 || json_array_size(json_object_get(record, "problems"));
	read_latency(&d->t, record);
	judge(r, &d->t, record);
}

/* Of a trial only its problems, of which there are few; all of what is no trial. */
static json_t *kept(const json_t *record, bool trial)
{
	static const char *const keys[] = {"type", "boot", "order", "problems"};
	json_t *copy;

	if (!trial) {
		copy = printable_json(record);
		/* Of trials that a probe watched what it saw counts, and their rate. */
		json_object_del(copy, "workers");
		json_object_del(copy, "slices");
		return copy;
	}
	if (!json_array_size(json_object_get(record, "problems")))
		return NULL;
	copy = json_object();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_get(record, keys[i]))
			json_object_set_new(copy, keys[i],
					    printable_json(json_object_get(record, keys[i])));
	return copy;
}

static void *digest(void *user, const json_t *record)
{
	const struct reader *reader = user;
	const char *type = text_of(record, "type");
	const json_t *point = json_object_get(record, "point");
	bool trial = type && !strcmp(type, "trial");
	char text[1024];
	size_t length = trial ? json_dumpb(point, text, sizeof(text), POINT_TEXT) : 0;
	struct digest *d;

	if (!type)
		return NULL;
	d = calloc(1, sizeof(*d) + length + 1);
	if (!d)
		return &lost;
	d->trial = trial;
	d->kept = kept(record, trial);
	if (trial) {
		if (length <= sizeof(text))
			memcpy(d->point, text, length);
		else
			json_dumpb(point, d->point, length, POINT_TEXT);
		read_trial(reader->r, d, record);
	}
	return d;
}

static void add_trial(struct reader *reader, const struct digest *d)
{
	struct run *r = reader->r;
	json_t *known = json_object_get(reader->points, d->point);
	int point = known ? json_integer_value(known) : add_point(reader, d->point);
	struct run_trial *trials =
		grow(reader, r->trials, r->trial_count, &reader->room_trials, sizeof(*trials));

	r->trials = trials ? trials : r->trials;
	if (point < 0 || !trials) {
		json_decref(d->t.probes);
		return;
	}
	trials[r->trial_count] = d->t;
	trials[r->trial_count].point = point;
	trials[r->trial_count].order = r->trial_count;
	r->trial_count++;
}

static void take(void *user, void *digest_of_one)
{
	struct reader *reader = user;
	struct digest *d = digest_of_one;

	if (d == &lost) {
		reader->no_memory = true;
		return;
	}
	if (d->kept)
		json_array_append_new(reader->r->records, d->kept);
	if (d->trial && d->unread)
		reader->r->unread++;
	else if (d->trial)
		add_trial(reader, d);
	free(d);
}

/* The index of the variant, which is added when it is new; -1 with the error set. */
static int variant_index(struct run *r, const char *name, struct error *e)
{
	const char **longer;

	for (unsigned int i = 0; i < r->variant_count; i++)
		if (!strcmp(r->variants[i], name))
			return i;
	if (r->variant_count == RUN_MOST_VARIANTS)
		return fail(e, "%s has more than %u variants: that is no run of pinscale's.",
			    r->directory, RUN_MOST_VARIANTS);
	longer = reallocarray(r->variants, r->variant_count + 1, sizeof(*longer));
	if (!longer)
		return fail(e, "No memory to read the run in %s.", r->directory);
	r->variants = longer;
	longer[r->variant_count] = name;
	return r->variant_count++;
}

static int read_boot(struct run *r, struct run_boot *boot, struct error *e)
{
	const char *variant = text_of(boot->record, "variant");
	const char *execution = text_of(boot->record, "execution");
	const json_t *slot = json_object_get(boot->record, "slot");
	json_int_t place = json_is_integer(slot) ? json_integer_value(slot) : -1;
	int index = variant_index(r, variant ? variant : "?", e);

	boot->variant = index;
	boot->slot = place >= 0 && place <= INT_MAX ? place : -1;
	r->emulated |= execution && !strcmp(execution, "emulated");
	return index < 0 ? -1 : 0;
}

static int read_boots(struct run *r, struct error *e)
{
	const json_t *list = json_object_get(json_object_get(r->json, "plan"), "variants");
	json_t *value;
	const char *key;
	size_t i;
	int rc = 0;

	/* The plan's order: the first is what the others are compared with. */
	json_array_foreach (list, i, value)
		if (json_is_string(value) && variant_index(r, json_string_value(value), e) < 0)
			return -1;
	r->boots = calloc(json_object_size(r->boots_json) + 1, sizeof(*r->boots));
	if (!r->boots)
		return fail(e, "No memory to read the run in %s.", r->directory);
	json_object_foreach (r->boots_json, key, value)
		r->boots[r->boot_count++] = (struct run_boot){
			.number = strtoul(key, NULL, 10),
			.record = value,
		};
	qsort(r->boots, r->boot_count, sizeof(*r->boots), by_number);
	for (i = 0; i < r->boot_count && !rc; i++)
		rc = read_boot(r, &r->boots[i], e);
	return rc;
}

static void read_rules(struct run *r)
{
	const json_t *rules = json_object_get(r->json, "rules");
	const json_t *near_ns = json_object_get(rules, "near_ns");
	const json_t *foreign_cpu = json_object_get(rules, "foreign_cpu");

	r->rules = default_rules;
	if (json_is_number(near_ns))
		r->rules.near_ns = json_number_value(near_ns);
	if (json_is_number(foreign_cpu))
		r->rules.foreign_cpu = json_number_value(foreign_cpu);
}

static void find_ends(struct run *r)
{
	json_t *record;
	size_t n;

	json_array_foreach (r->records, n, record) {
		const char *type = text_of(record, "type");
		struct run_boot *boot = boot_of(r, record);

		if (boot && type && !strcmp(type, "boot-end"))
			boot->end = record;
	}
}

static int by_slot(const void *a, const void *b, void *run)
{
	const struct run *r = run;
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	if (r->boots[x].slot != r->boots[y].slot)
		return r->boots[x].slot < r->boots[y].slot ? -1 : 1;
	return (x > y) - (x < y);
}

/* Between kernels only boots that came to their end count, and one a place of the plan. */
static int choose_boots(struct run *r)
{
	unsigned int *list = calloc(r->boot_count + 1, sizeof(*list)), n = 0;

	if (!list)
		return -1;
	for (unsigned int i = 0; i < r->boot_count; i++) {
		r->boots[i].counts = !run_compares_kernels(r) || r->boots[i].end;
		if (r->boots[i].counts && r->boots[i].slot >= 0)
			list[n++] = i;
	}
	qsort_r(list, n, sizeof(*list), by_slot, r);
	for (unsigned int i = 0; i < n; i++) {
		struct run_boot *boot = &r->boots[list[i]];
		unsigned int last = r->in_turn_count - 1;

		boot->counts = !r->in_turn_count || r->boots[list[last]].slot != boot->slot;
		if (boot->counts)
			list[r->in_turn_count++] = list[i];
	}
	r->in_turn = list;
	return 0;
}

static int by_point(const void *a, const void *b)
{
	const struct run_trial *x = a, *y = b;

	if (x->point != y->point)
		return x->point < y->point ? -1 : 1;
	if (x->boot != y->boot)
		return x->boot < y->boot ? -1 : 1;
	if (x->repetition != y->repetition)
		return x->repetition < y->repetition ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* Sorts the trials; of those that were done twice the first stays. */
static void sort_trials(struct run *r)
{
	unsigned int n = 0;

	if (r->trial_count)
		qsort(r->trials, r->trial_count, sizeof(*r->trials), by_point);
	for (unsigned int i = 0; i < r->trial_count; i++) {
		const struct run_trial *t = &r->trials[i], *last = &r->trials[n ? n - 1 : 0];

		if (n && t->point == last->point && t->boot == last->boot &&
		    t->repetition == last->repetition)
			json_decref(t->probes);
		else
			r->trials[n++] = *t;
	}
	r->trial_count = n;
}

static void index_trials(struct run *r)
{
	double margin = number_of(r->json, "margin");

	for (unsigned int i = 0; i < r->trial_count; i++) {
		const struct run_trial *t = &r->trials[i];
		struct run_point *p = &r->points[t->point];

		if (!p->trials++)
			p->first_trial = i;
		r->failed += t->failed;
		r->foreign += t->foreign;
		r->moved += !t->failed && !t->foreign && t->excluded;
		r->stalled += !t->excluded && fabs(t->median / t->rate - 1) > margin;
	}
}

/* Which probes has a variant at all? */
static int index_probes(struct run *r)
{
	r->probes = json_array();
	for (unsigned int v = 0; v < r->variant_count; v++)
		if (json_array_append_new(r->probes, json_object()))
			return -1;
	for (unsigned int i = 0; i < r->trial_count; i++) {
		const struct run_trial *t = &r->trials[i];
		json_t *names = json_array_get(r->probes, r->boots[t->boot].variant), *value;
		const char *name;

		json_object_foreach (t->probes, name, value)
			if (!json_object_get(names, name) &&
			    json_object_set_new(names, name, json_true()))
				return -1;
	}
	return 0;
}

/* A copy of what is to be printed; the sweep's text has lines, and stays. */
static json_t *printable_run(const json_t *json)
{
	json_t *copy = printable_json(json), *sweep = json_object_get(copy, "sweep");
	json_t *text = json_object_get(json_object_get(json, "sweep"), "text");

	if (json_is_object(sweep) && text)
		json_object_set(sweep, "text", text);
	return copy;
}

/* All but the journal. Takes the references. */
static int begin(struct reader *reader, struct run *r, const char *directory, json_t *json,
		 json_t *boots, struct error *e)
{
	int rc = json && boots ? 0 : -1;

	*reader = (struct reader){.r = r, .points = json_object()};
	*r = (struct run){
		.directory = strdup(directory),
		.json = printable_run(json),
		.boots_json = printable_json(boots),
		.records = json_array(),
	};
	json_decref(json);
	json_decref(boots);
	if (!rc && (!r->directory || !r->json || !r->boots_json || !r->records || !reader->points))
		rc = fail(e, "No memory to read the run in %s.", directory);
	read_rules(r);
	return rc ? rc : read_boots(r, e);
}

/* What is to be done when the journal has been read, of which torn came. */
static int finish(struct reader *reader, int torn, struct error *e)
{
	struct run *r = reader->r;
	int rc = torn < 0 ? -1 : 0;

	r->torn = torn;
	if (!rc && reader->too_many_points)
		rc = fail(e, "%s has trials at more than %u points: that is no run of pinscale's.",
			  r->directory, RUN_MOST_POINTS);
	if (!rc) {
		find_ends(r);
		sort_trials(r);
		index_trials(r);
		if (reader->no_memory || choose_boots(r) || index_probes(r))
			rc = fail(e, "No memory to read the run in %s.", r->directory);
	}
	json_decref(reader->points);
	if (rc)
		run_free(r);
	return rc;
}

int run_read(struct run *r, const char *directory, struct error *e)
{
	json_t *json = record_read_run(directory, e);
	json_t *boots = json ? record_read_boots(directory, e) : NULL;
	struct reader reader;
	const struct record_use use = {digest, take, NULL, &reader, true};
	int torn = begin(&reader, r, directory, json, boots, e);

	if (!torn)
		torn = record_read_lines(directory, &use, e);
	return finish(&reader, torn, e);
}

int run_read_from(struct run *r, const char *directory, json_t *json, json_t *boots, FILE *journal,
		  struct error *e)
{
	struct reader reader;
	const struct record_use use = {digest, take, NULL, &reader, true};
	int torn = begin(&reader, r, directory, json, boots, e);

	if (!torn)
		torn = record_lines_read(journal, directory, &use, e);
	return finish(&reader, torn, e);
}

void run_free(struct run *r)
{
	for (unsigned int i = 0; i < r->point_count; i++)
		json_decref(r->points[i].axes);
	for (unsigned int i = 0; i < r->trial_count; i++)
		json_decref(r->trials[i].probes);
	free(r->directory);
	free(r->variants);
	free(r->boots);
	free(r->points);
	free(r->trials);
	free(r->in_turn);
	json_decref(r->json);
	json_decref(r->boots_json);
	json_decref(r->records);
	json_decref(r->probes);
	*r = (struct run){0};
}
