// SPDX-License-Identifier: GPL-3.0-or-later
#include "run.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "axes.h"
#include "record.h"

/* While the journal is read. */
struct reader {
	struct run *r;
	json_t *points; /* the axes as text, to the index */
	json_t *seen;	/* trials: boot, point and repetition */
	unsigned int room_points, room_trials;
	bool no_memory;
};

/* A journal may come from anywhere, and its names go to a terminal and to gnuplot. */
static json_t *printable(const char *text)
{
	char *copy = strdup(text ? text : "");
	json_t *value;

	for (char *c = copy; c && *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	value = json_string(copy);
	free(copy);
	return value ? value : json_string("?");
}

static json_t *printable_axes(const json_t *point)
{
	json_t *copy = json_object(), *value;
	const char *key;

	json_object_foreach ((json_t *)point, key, value)
		json_object_set_new(copy, key,
				    json_is_string(value) ? printable(json_string_value(value))
							  : json_incref(value));
	return copy;
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

/* The index of the point, which is added when it is new; -1 without memory. */
static int point_index(struct reader *reader, const json_t *point)
{
	char *name = json_dumps(point, JSON_COMPACT | JSON_SORT_KEYS);
	struct run *r = reader->r;
	json_t *known = name ? json_object_get(reader->points, name) : NULL;
	struct run_point *points;
	int index = -1;

	if (known) {
		index = json_integer_value(known);
	} else if (name) {
		points = grow(reader, r->points, r->point_count, &reader->room_points,
			      sizeof(*points));
		if (points) {
			r->points = points;
			index = r->point_count++;
			points[index] = (struct run_point){.axes = printable_axes(point)};
			json_object_set_new(reader->points, name, json_integer(index));
		}
	}
	free(name);
	return index;
}

static struct run_boot *boot_of(const struct run *r, const json_t *record)
{
	json_int_t number = json_integer_value(json_object_get(record, "boot"));

	for (unsigned int i = 0; i < r->boot_count; i++)
		if (r->boots[i].number == number)
			return &r->boots[i];
	return NULL;
}

/* NAN where there is but one worker, or the record has none. */
static double fairness(const json_t *record)
{
	const json_t *workers = json_object_get(record, "workers"), *w;
	double least = INFINITY, sum = 0, n;
	size_t i;

	json_array_foreach (workers, i, w) {
		n = json_number_value(json_object_get(w, "operations"));
		least = n < least ? n : least;
		sum += n;
	}
	return i > 1 && sum > 0 ? least / (sum / i) : NAN;
}

static void judge(struct run *r, struct run_trial *t, const json_t *record)
{
	const json_t *covariates = json_object_get(record, "covariates");
	const json_t *pingpong = json_object_get(covariates, "pingpong_ns");
	double before = json_number_value(json_array_get(pingpong, 0));
	double after = json_number_value(json_array_get(pingpong, 1));

	t->pingpong = (before + after) / 2;
	t->fairness = fairness(record);
	if (t->failed) {
		r->failed++;
		t->excluded = true;
		return;
	}
	/* Where CPUs are emulated, that they are near or far says nothing. */
	if (r->emulated)
		return;
	t->stratum = rules_stratum(&r->rules, before, after);
	if (json_number_value(json_object_get(covariates, "foreign_cpu")) > r->rules.foreign_cpu) {
		r->foreign++;
		t->excluded = true;
	} else if (t->stratum == STRATUM_MOVED) {
		r->moved++;
		t->excluded = true;
	}
}

static void take_trial(struct reader *reader, const json_t *record)
{
	struct run *r = reader->r;
	const struct run_boot *boot = boot_of(r, record);
	const json_t *where = json_object_get(record, "point");
	json_int_t repetition = json_integer_value(json_object_get(record, "repetition"));
	struct run_trial *t;
	char key[64];
	int point;

	if (!boot || !json_is_object(where))
		return;
	point = point_index(reader, where);
	if (point < 0)
		return;
	snprintf(key, sizeof(key), "%u %d %lld", boot->number, point, (long long)repetition);
	if (json_object_get(reader->seen, key))
		return;
	json_object_set_new(reader->seen, key, json_true());
	t = grow(reader, r->trials, r->trial_count, &reader->room_trials, sizeof(*t));
	if (!t)
		return;
	r->trials = t;
	t += r->trial_count++;
	*t = (struct run_trial){
		.point = point,
		.boot = boot - r->boots,
		.repetition = repetition,
		.rate = json_number_value(json_object_get(record, "operations_per_s")),
		.median = json_number_value(json_object_get(record, "slice_median_per_s")),
		.operations = json_integer_value(json_object_get(record, "total_operations")),
		.probes = json_incref(json_object_get(record, "probes")),
	};
	t->failed = json_is_true(json_object_get(record, "failed")) || !(t->rate > 0) ||
		    json_array_size(json_object_get(record, "problems"));
	judge(r, t, record);
}

/* Skips, boot-ends and problems stay as they are: they are few. */
static void keep(struct run *r, const json_t *record)
{
	json_t *copy = json_deep_copy(record);

	json_object_del(copy, "slices");
	json_object_del(copy, "workers");
	json_array_append_new(r->records, copy);
}

static void take(void *user, const json_t *record)
{
	struct reader *reader = user;
	const char *type = json_string_value(json_object_get(record, "type"));

	if (!type || reader->no_memory)
		return;
	if (!strcmp(type, "trial"))
		take_trial(reader, record);
	if (strcmp(type, "trial") || json_array_size(json_object_get(record, "problems")))
		keep(reader->r, record);
}

static unsigned int variant_index(struct run *r, const char *name)
{
	const char **longer;

	for (unsigned int i = 0; i < r->variant_count; i++)
		if (!strcmp(r->variants[i], name))
			return i;
	longer = reallocarray(r->variants, r->variant_count + 1, sizeof(*longer));
	if (!longer)
		return 0;
	r->variants = longer;
	longer[r->variant_count] = name;
	return r->variant_count++;
}

static int by_number(const void *a, const void *b)
{
	const struct run_boot *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int read_boots(struct run *r, struct error *e)
{
	const json_t *list = json_object_get(json_object_get(r->json, "plan"), "variants");
	json_t *value;
	const char *key;
	size_t i;

	/* The plan's order: the first is what the others are compared with. */
	json_array_foreach (list, i, value)
		if (json_is_string(value))
			variant_index(r, json_string_value(value));
	r->boots = calloc(json_object_size(r->boots_json) + 1, sizeof(*r->boots));
	if (!r->boots)
		return fail(e, "No memory to read the run in %s.", r->directory);
	json_object_foreach (r->boots_json, key, value) {
		const char *variant = json_string_value(json_object_get(value, "variant"));
		const char *execution = json_string_value(json_object_get(value, "execution"));
		const json_t *slot = json_object_get(value, "slot");

		r->boots[r->boot_count++] = (struct run_boot){
			.number = strtoul(key, NULL, 10),
			.variant = variant_index(r, variant ? variant : "?"),
			.slot = json_is_integer(slot) ? json_integer_value(slot) : -1,
			.record = value,
		};
		r->emulated |= execution && !strcmp(execution, "emulated");
	}
	qsort(r->boots, r->boot_count, sizeof(*r->boots), by_number);
	return 0;
}

/* Between kernels only boots that came to their end count, and one a place of the plan. */
static void choose_boots(struct run *r)
{
	json_t *record;
	size_t n;

	json_array_foreach (r->records, n, record) {
		const char *type = json_string_value(json_object_get(record, "type"));
		struct run_boot *boot = boot_of(r, record);

		if (boot && type && !strcmp(type, "boot-end"))
			boot->end = record;
	}
	for (unsigned int i = 0; i < r->boot_count; i++) {
		struct run_boot *boot = &r->boots[i];

		boot->counts = !run_compares_kernels(r) || boot->end;
		for (unsigned int k = 0; k < i && boot->slot >= 0; k++)
			if (r->boots[k].slot == boot->slot && r->boots[k].counts)
				boot->counts = false;
	}
}

static int by_point(const void *a, const void *b)
{
	const struct run_trial *x = a, *y = b;

	if (x->point != y->point)
		return x->point < y->point ? -1 : 1;
	if (x->boot != y->boot)
		return x->boot < y->boot ? -1 : 1;
	return (x->repetition > y->repetition) - (x->repetition < y->repetition);
}

static void index_trials(struct run *r)
{
	double margin = json_number_value(json_object_get(r->json, "margin"));

	if (r->trial_count)
		qsort(r->trials, r->trial_count, sizeof(*r->trials), by_point);
	for (unsigned int i = 0; i < r->trial_count; i++) {
		const struct run_trial *t = &r->trials[i];
		struct run_point *p = &r->points[t->point];

		if (!p->trials++)
			p->first_trial = i;
		r->stalled += !t->excluded && fabs(t->median / t->rate - 1) > margin;
	}
}

int run_read(struct run *r, const char *directory, struct error *e)
{
	struct reader reader = {.r = r, .points = json_object(), .seen = json_object()};
	const json_t *rules;
	int rc = -1;

	*r = (struct run){
		.directory = strdup(directory),
		.records = json_array(),
		.rules = default_rules,
	};
	r->json = record_read_run(directory, e);
	r->boots_json = r->json ? record_read_boots(directory, e) : NULL;
	if (r->boots_json)
		rc = read_boots(r, e);
	rules = json_object_get(r->json, "rules");
	if (rules) {
		r->rules.near_ns = json_number_value(json_object_get(rules, "near_ns"));
		r->rules.foreign_cpu = json_number_value(json_object_get(rules, "foreign_cpu"));
	}
	if (!rc) {
		rc = record_read_trials(directory, take, &reader, e);
		r->torn = rc;
		rc = rc < 0 ? rc : 0;
	}
	if (!rc && reader.no_memory)
		rc = fail(e, "No memory to read the run in %s.", directory);
	json_decref(reader.points);
	json_decref(reader.seen);
	if (rc) {
		run_free(r);
		return rc;
	}
	choose_boots(r);
	index_trials(r);
	return 0;
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
	json_decref(r->json);
	json_decref(r->boots_json);
	json_decref(r->records);
	*r = (struct run){0};
}

const char *run_axis(const struct run_point *p, const char *axis, char *text, size_t size)
{
	const json_t *value = json_object_get(p->axes, axis);

	text[0] = '\0';
	if (json_is_string(value))
		snprintf(text, size, "%s", json_string_value(value));
	else if (json_is_integer(value) && !strcmp(axis, "block"))
		size_format(json_integer_value(value), text, size);
	else if (json_is_integer(value))
		snprintf(text, size, "%lld", (long long)json_integer_value(value));
	return text;
}

unsigned int run_workers(const struct run_point *p)
{
	return json_integer_value(json_object_get(p->axes, "workers"));
}

bool run_compares_kernels(const struct run *r)
{
	const char *kind = json_string_value(json_object_get(r->json, "kind"));

	return kind && !strcmp(kind, "ab");
}

const char *run_execution(const struct run *r)
{
	const char *execution = NULL;

	if (r->emulated)
		return "emulated";
	if (r->boot_count)
		execution = json_string_value(json_object_get(r->boots[0].record, "execution"));
	return execution && !strcmp(execution, "native") ? "native" : "virtualised";
}
