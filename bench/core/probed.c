// SPDX-License-Identifier: GPL-3.0-or-later
#include "probed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "include/probe.h"
#include "views.h"

/* Entries of a probe's details that are shown. */
#define SHOWN 3

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool is_probed(const json_t *record)
{
	const char *type = text_of(record, "type");

	return type && !strcmp(type, "probed") && text_of(record, "probe");
}

static int boot_of(const struct run *r, const json_t *record)
{
	json_int_t number = json_integer_value(json_object_get(record, "boot"));

	for (unsigned int i = 0; i < r->boot_count; i++)
		if (r->boots[i].number == number)
			return i;
	return -1;
}

/* The unwatched trial of the same boot and repetition, near or far as this one; or NULL. */
static const struct run_trial *beside(const struct run *r, unsigned int point, unsigned int boot,
				      const json_t *record)
{
	const json_t *covariates = json_object_get(record, "covariates");
	const json_t *pingpong = json_object_get(covariates, "pingpong_ns");
	json_int_t repetition = json_integer_value(json_object_get(record, "repetition"));
	enum stratum stratum =
		r->emulated
			? STRATUM_NONE
			: rules_stratum(&r->rules, json_number_value(json_array_get(pingpong, 0)),
					json_number_value(json_array_get(pingpong, 1)));
	const struct run_point *p = &r->points[point];

	if (json_number_value(json_object_get(covariates, "foreign_cpu")) > r->rules.foreign_cpu &&
	    !r->emulated)
		return NULL;
	for (unsigned int i = p->first_trial; i < p->first_trial + p->trials; i++) {
		const struct run_trial *t = &r->trials[i];

		if (t->boot == boot && t->repetition == repetition)
			return t->excluded || t->stratum != stratum ? NULL : t;
	}
	return NULL;
}

/* The sums of a probe at a point, and the logarithms of what it costs. */
struct sum {
	struct probed p;
	double *logs;
	size_t n;
};

static int add_record(struct sum *s, const struct run *r, unsigned int boot, const json_t *record)
{
	const json_t *seen = json_object_get(json_object_get(record, "probes"), s->p.probe), *value;
	double rate = json_number_value(json_object_get(record, "operations_per_s"));
	const struct run_trial *t = beside(r, s->p.point, boot, record);
	const char *name;
	double *longer;

	if (!json_is_object(seen) || !(rate > 0) || !isfinite(rate))
		return 0;
	s->p.trials++;
	s->p.operations += json_number_value(json_object_get(record, "total_operations"));
	json_object_foreach ((json_t *)seen, name, value)
		if (json_is_number(value))
			json_object_set_new(
				s->p.values, name,
				json_real(json_number_value(value) +
					  json_number_value(json_object_get(s->p.values, name))));
	if (json_is_object(json_object_get(seen, "details")))
		s->p.details = json_object_get(seen, "details");
	if (!t)
		return 0;
	longer = reallocarray(s->logs, s->n + 1, sizeof(*longer));
	if (!longer)
		return -1;
	s->logs = longer;
	longer[s->n++] = log(rate / t->rate);
	return 0;
}

static struct sum *sum_of(struct sum **list, size_t *count, const char *probe, unsigned int variant,
			  unsigned int point)
{
	struct sum *longer;

	for (size_t i = 0; i < *count; i++)
		if ((*list)[i].p.variant == variant && (*list)[i].p.point == point &&
		    !strcmp((*list)[i].p.probe, probe))
			return &(*list)[i];
	longer = reallocarray(*list, *count + 1, sizeof(*longer));
	if (!longer)
		return NULL;
	*list = longer;
	longer += (*count)++;
	*longer = (struct sum){
		.p = {.probe = probe, .variant = variant, .point = point, .values = json_object()}};
	return longer;
}

static char *key_of(const json_t *point)
{
	return json_dumps(point, JSON_COMPACT | JSON_SORT_KEYS);
}

/* Points by their axes. A new reference. */
static json_t *index_points(const struct run *r)
{
	json_t *points = json_object();

	for (unsigned int i = 0; i < r->point_count; i++) {
		char *key = key_of(r->points[i].axes);

		if (key)
			json_object_set_new(points, key, json_integer(i));
		free(key);
	}
	return points;
}

static int sum_up(const struct run *r, struct sum **list, size_t *count)
{
	json_t *points = index_points(r), *record;
	int rc = 0;
	size_t i;

	json_array_foreach (r->records, i, record) {
		int boot = is_probed(record) ? boot_of(r, record) : -1;
		char *key = boot < 0 ? NULL : key_of(json_object_get(record, "point"));
		const json_t *point = key ? json_object_get(points, key) : NULL;
		struct sum *s;

		free(key);
		if (!point || rc)
			continue;
		s = sum_of(list, count, text_of(record, "probe"), r->boots[boot].variant,
			   json_integer_value(point));
		rc = s ? add_record(s, r, boot, record) : -1;
	}
	json_decref(points);
	return rc;
}

/* The place of each point in what is shown. To be freed. */
static unsigned int *ranks_of(const struct run *r, const struct panels *panels)
{
	unsigned int *rank = calloc(r->point_count + 1, sizeof(*rank)), n = 0;

	for_each_line(panels, panel, line) for (unsigned int i = 0; i < line->count && rank; i++)
		rank[line->points[i]] = n++;
	return rank;
}

static int by_rank(const void *a, const void *b, void *ranks)
{
	const struct probed *x = a, *y = b;
	const unsigned int *rank = ranks;

	if (x->point != y->point)
		return rank[x->point] < rank[y->point] ? -1 : 1;
	if (x->variant != y->variant)
		return x->variant < y->variant ? -1 : 1;
	return strcmp(x->probe, y->probe);
}

int probed_of(const struct run *r, const struct panels *panels, struct probed **list, size_t *count,
	      struct error *e)
{
	unsigned int *rank = ranks_of(r, panels);
	struct sum *sums = NULL;
	size_t n = 0;
	int rc = sum_up(r, &sums, &n);

	*list = calloc(n + 1, sizeof(**list));
	*count = 0;
	for (size_t i = 0; i < n; i++) {
		sums[i].p.cost = estimate_log_mean(sums[i].logs, sums[i].n, RUN_LEVEL);
		free(sums[i].logs);
		if (*list)
			(*list)[(*count)++] = sums[i].p;
		else
			json_decref(sums[i].p.values);
	}
	free(sums);
	if (*list && rank)
		qsort_r(*list, *count, sizeof(**list), by_rank, rank);
	if (*list && rank && !rc) {
		free(rank);
		return 0;
	}
	free(rank);
	probed_free(*list, *count);
	return fail(e, "No memory for what probes saw in %s.", r->directory);
}

void probed_free(struct probed *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_decref(list[i].values);
	free(list);
}

/* --- for people ----------------------------------------------------------------- */

/* Nothing an operation: how often the probe fired, not what it saw. */
static bool is_of_the_trial(const char *name)
{
	static const char *const names[] = {"lost", "missed", "disabled", "period_ns", "own_ns"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

void probed_value(const struct probed *p, const char *name, char *text, size_t size)
{
	double sum = json_number_value(json_object_get(p->values, name));

	size_t length = strlen(name);
	bool ns = length > 3 && !strcmp(name + length - 3, "_ns");
	/* Times in ms; the name without its unit. */
	double shown = ns ? sum * 1e-6 : sum;
	int used;

	if (!strcmp(name, "period_ns")) {
		snprintf(text, size, "a sample every %.3g ms", shown / p->trials);
		return;
	}
	used = snprintf(text, size, "%.*s %.*f%s", (int)(ns ? length - 3 : length), name,
			ns ? 2 : 0, shown, ns ? " ms" : "");
	shown *= 1e6 / p->operations;
	if (sum > 0 && p->operations > 0 && !is_of_the_trial(name) && used < (int)size)
		snprintf(text + used, size - used, ", %.*f%s a million operations",
			 shown < 100 ? 2 : 0, shown, ns ? " ms" : "");
}

static double number_of(const json_t *entry, const char *key)
{
	return json_number_value(json_object_get(entry, key));
}

static const char *word_of(const json_t *entry, const char *key)
{
	const char *text = text_of(entry, key);

	return text ? text : "?";
}

/* "__schedule < schedule < __folio_lock < ..." */
static void add_stack(const json_t *stack, char *text, size_t size)
{
	json_t *frame;
	size_t i;

	json_array_foreach (stack, i, frame) {
		size_t used = strlen(text);

		snprintf(text + used, size - used, "%s%s", i ? " < " : ": ",
			 json_is_string(frame) ? json_string_value(frame) : "?");
	}
}

void probed_entry(const char *list, const json_t *entry, char *text, size_t size)
{
	if (!strcmp(list, "locks")) {
		const char *caller = text_of(entry, "caller"), *lock = word_of(entry, "lock");
		/* One that has no name is called by who takes it. */
		bool unnamed = caller && !strcmp(lock, caller);

		snprintf(text, size, "%s (%s)%s%s: %.0f waits, %.3g ms, at most %.3g us",
			 unnamed ? "unnamed" : lock, word_of(entry, "kind"),
			 caller && *caller ? " by " : "", caller ? caller : "",
			 number_of(entry, "count"), number_of(entry, "total_ns") * 1e-6,
			 number_of(entry, "max_ns") * 1e-3);
	} else if (!strcmp(list, "symbols")) {
		snprintf(text, size, "%s: %.0f samples%s", word_of(entry, "name"),
			 number_of(entry, "samples"),
			 json_is_true(json_object_get(entry, "reference")) ? ", page references"
									   : "");
	} else if (!strcmp(list, "stacks")) {
		snprintf(text, size, "%.0f waits, %.3g ms", number_of(entry, "waits"),
			 number_of(entry, "wait_ns") * 1e-6);
		add_stack(json_object_get(entry, "stack"), text, size);
	} else if (!strcmp(list, "classes")) {
		snprintf(text, size, "%s: %.0f contentions of %.0f acquisitions, %.0f us",
			 word_of(entry, "class"), number_of(entry, "contentions"),
			 number_of(entry, "acquisitions"), number_of(entry, "wait_us"));
	} else {
		char *json = json_dumps(entry, JSON_COMPACT | JSON_ENCODE_ANY);

		snprintf(text, size, "%s", json ? json : "?");
		free(json);
	}
}

void probed_blind(const char *name, char *text, size_t size)
{
	const struct probe *p = find_plugin(probe, name);

	*text = '\0';
	for (enum mechanism m = 0; m < MECHANISMS && p; m++) {
		size_t used = strlen(text);

		if (p->views[m].sight == SIGHT_BLIND)
			snprintf(text + used, size - used, "%s%s", used ? ", " : "",
				 mechanism_name(m));
	}
}

static void print_values(const struct probed *p, FILE *out)
{
	const char *name;
	char text[160];
	json_t *value;

	json_object_foreach (p->values, name, value) {
		probed_value(p, name, text, sizeof(text));
		fprintf(out, "; %s", text);
	}
}

/* The first entries of each list in the details. */
static void print_details(const struct probed *p, FILE *out)
{
	json_t *value, *entry;
	const char *name;
	char text[512];
	size_t i;

	json_object_foreach ((json_t *)p->details, name, value) {
		json_array_foreach (value, i, entry) {
			if (i == SHOWN)
				break;
			probed_entry(name, entry, text, sizeof(text));
			fprintf(out, "      %s\n", text);
		}
	}
}

/* A zero of what a probe does not see is none. */
static void print_blind(const char *name, FILE *out)
{
	char text[256];

	probed_blind(name, text, sizeof(text));
	if (*text)
		fprintf(out, "      blind to: %s (a zero says nothing of these)\n", text);
}

const char *probed_title(const struct panels *panels, unsigned int point, const char **label)
{
	for_each_line(panels, panel, line) for (unsigned int i = 0; i < line->count;
						i++) if (line->points[i] == point)
	{
		*label = line->label;
		return panel->title;
	}
	*label = "?";
	return "?";
}

int probed_print(const struct run *r, const struct panels *panels, FILE *out, struct error *e)
{
	struct probed *list;
	size_t count;

	if (probed_of(r, panels, &list, &count, e))
		return -1;
	if (count)
		fputs("what probes saw, in trials of their own (cost: the rate while watched / while "
		      "not)\n",
		      out);
	for (size_t i = 0; i < count; i++) {
		const struct probed *p = &list[i];
		const char *label, *title = probed_title(panels, p->point, &label);
		char cost[64];

		if (!i || p->point != list[i - 1].point || p->variant != list[i - 1].variant)
			fprintf(out, "  %s%s%s, %s, %u workers\n",
				r->variant_count > 1 ? r->variants[p->variant] : "",
				r->variant_count > 1 ? ": " : "", title, label,
				run_workers(&r->points[p->point]));
		fprintf(out, "    %s: cost %s", p->probe,
			format_ratio(&p->cost, cost, sizeof(cost)));
		print_values(p, out);
		fputc('\n', out);
		print_details(p, out);
		print_blind(p->probe, out);
	}
	if (count)
		fputc('\n', out);
	probed_free(list, count);
	return 0;
}
