// SPDX-License-Identifier: GPL-3.0-or-later
#include "sweep.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "axes.h"
#include "file.h"
#include "include/probe.h"
#include "include/workload.h"
#include "placement.h"
#include "trial.h"

#define AXES 16

/* More is a slip: a day has not so many trials. The same point may come of several combinations. */
#define MOST_POINTS 10000
#define MOST_COMBINATIONS 100000

/* A section of points while it is read: a list of values an axis. */
struct section {
	char name[64];
	char *values[AXES];
	bool set[AXES];
	int line[AXES]; /* where the value stands */
};

struct parser {
	struct sweep *s;
	json_t *keys; /* of the points there are */
	unsigned int combinations;
	struct section section;
	bool in_points;
	const char *rest; /* text that is not yet read */
	int line;	  /* read last, from 1 */
	int wrong;	  /* the line that an error now would be about; 0: none in particular */
	bool failed;
	struct error *e;
};

static int parse_real(const char *key, const char *value, double low, double high, double *out,
		      struct error *e)
{
	char *end;
	double n = strtod(value, &end);

	if (end == value || *end || !(n >= low && n <= high))
		return fail(e, "%s = %s: wants a number from %g to %g", key, value, low, high);
	*out = n;
	return 0;
}

static int parse_count(const char *key, const char *value, unsigned int low, unsigned int high,
		       unsigned int *out, struct error *e)
{
	double n;

	if (parse_real(key, value, low, high, &n, e))
		return -1;
	*out = n;
	return *out == n ? 0 : fail(e, "%s = %s: wants a whole number", key, value);
}

static int parse_choice(const char *key, const char *value, bool *out, struct error *e)
{
	*out = !strcmp(value, "yes");
	return *out || !strcmp(value, "no") ? 0 : fail(e, "%s = %s: wants yes or no", key, value);
}

static int parse_probes(struct sweep *s, const char *value, struct error *e)
{
	char *list = strdup(value), *rest = list, *name;
	unsigned int n = 0;
	int rc = list ? 0 : fail(e, "no memory");

	memset(s->probes, 0, sizeof(s->probes));
	while (!rc && (name = strsep(&rest, " ,\t"))) {
		const struct probe *p = *name ? find_plugin(probe, name) : NULL;

		if (!*name || (p && !p->apart))
			continue;
		if (!p)
			rc = fail(e,
				  "probes = %s: there is no probe '%s'; 'pinscale list' names them",
				  value, name);
		else if (n == SWEEP_PROBES)
			rc = fail(e, "probes = %s: more than %d", value, SWEEP_PROBES);
		else
			s->probes[n++] = p;
	}
	free(list);
	return rc;
}

/* A key of [sweep]. 1: there is no such key; 0; -1 with the error set. */
static int sweep_key(struct sweep *s, const char *key, const char *value, struct error *e)
{
	if (!strcmp(key, "summary"))
		return 0;
	if (!strcmp(key, "window"))
		return parse_real(key, value, 0.01, 3600, &s->window, e);
	if (!strcmp(key, "warmup"))
		return parse_real(key, value, 0, 3600, &s->warmup, e);
	if (!strcmp(key, "slices"))
		return parse_count(key, value, 1, TRIAL_SLICES, &s->slices, e);
	if (!strcmp(key, "repetitions"))
		return parse_count(key, value, 1, 100000, &s->repetitions, e);
	if (!strcmp(key, "seed"))
		return parse_count(key, value, 0, 2000000000, &s->seed, e);
	if (!strcmp(key, "margin"))
		return parse_real(key, value, 0.0001, 0.5, &s->margin, e);
	if (!strcmp(key, "latency"))
		return parse_choice(key, value, &s->latency, e);
	if (!strcmp(key, "make_up"))
		return parse_choice(key, value, &s->make_up, e);
	if (!strcmp(key, "probes"))
		return parse_probes(s, value, e);
	return 1;
}

static int axis_index(const char *key)
{
	for (int i = 0; axes[i].name; i++)
		if (!strcmp(axes[i].name, key))
			return i;
	return -1;
}

/* "key=value" split; an override holds in every section. */
static const char * override(const struct sweep *s, const char *key)
{
	const char *value = NULL;

	for (char **o = s->overrides; *o; o++) {
		size_t length = strcspn(*o, "=");

		if (strlen(key) == length && !strncmp(*o, key, length))
			value = *o + length + 1;
	}
	return value;
}

/* Two spellings may be of one point: base pages have neither head nor tail. */
static bool is_new(struct parser *parser, const struct point *p)
{
	char *key = point_key(p);
	bool new = !key || !json_object_get(parser->keys, key);

	if (key)
		json_object_set_new(parser->keys, key, json_true());
	free(key);
	return new;
}

static int add_point(struct parser *parser, const struct point *p)
{
	struct sweep *s = parser->s;
	struct point *larger;

	if (s->count == MOST_POINTS || parser->combinations++ == MOST_COMBINATIONS)
		return fail(parser->e, "more than %u points; name fewer values of an axis",
			    MOST_POINTS);
	if (!is_new(parser, p))
		return 0;
	larger = reallocarray(s->points, s->count + 1, sizeof(*larger));
	if (!larger)
		return fail(parser->e, "no memory for %zu points", s->count + 1);
	s->points = larger;
	s->points[s->count++] = *p;
	return 0;
}

/* Every combination of the values of the axes from this one on. */
static int combine(struct parser *parser, int axis, struct point *p)
{
	char *list, *save, *value;
	int rc = 0;

	if (!axes[axis].name)
		return add_point(parser, p);
	list = strdup(parser->section.values[axis]);
	if (!list)
		return fail(parser->e, "no memory");
	value = strtok_r(list, " ,\t", &save);
	if (!value) {
		parser->wrong = parser->section.line[axis];
		rc = fail(parser->e,
			  "%s: no value is given; give one or more, or leave the line out",
			  axes[axis].name);
	}
	for (; value && !rc; value = strtok_r(NULL, " ,\t", &save)) {
		struct point next = *p;

		rc = axes[axis].parse(&next, value, parser->e);
		if (rc)
			parser->wrong = parser->section.line[axis];
		else
			rc = combine(parser, axis + 1, &next);
	}
	free(list);
	return rc;
}

/* "A..B" (every number) or "A..B*F" (each F times the one before, and B) spelt out; 0 or -1. */
static int spell_out_range(FILE *f, const char *range, unsigned int cpus)
{
	unsigned int from, to, factor = 0;
	char last[16] = "", rest[2] = "";

	if (sscanf(range, "%u..%15[0-9a-z]*%u%1s", &from, last, &factor, rest) < 2 || *rest ||
	    (strchr(range, '*') && (factor < 2 || factor > 65536)))
		return -1;
	to = !strcmp(last, "max") ? cpus : strtoul(last, NULL, 10);
	if (from < 1 || to < from || to > 65536)
		return -1;
	for (unsigned int n = from; n < to; n = factor ? n * factor : n + 1)
		fprintf(f, "%u ", n);
	fprintf(f, "%u ", to);
	return 0;
}

/*
 * Numbers of workers spelt out: max is all CPUs, doubling 1..max*2, and ranges.
 * What is none of that stays, for the axis to complain of. To be freed.
 */
static char *spell_out_workers(const char *list)
{
	unsigned int cpus = placement_cpu_count();
	char *copy = strdup(list), *text = NULL, *save;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (char *v = strtok_r(copy, " ,\t", &save); v; v = strtok_r(NULL, " ,\t", &save)) {
		if (!strcmp(v, "doubling"))
			spell_out_range(f, "1..max*2", cpus);
		else if (!strcmp(v, "max") || !strcmp(v, "cpus"))
			fprintf(f, "%u ", cpus);
		else if (!strstr(v, "..") || spell_out_range(f, v, cpus))
			fprintf(f, "%s ", v);
	}
	fclose(f);
	free(copy);
	return text;
}

/* Makes the points of the section that has been read. */
static int end_section(struct parser *parser)
{
	struct section *section = &parser->section;
	struct point p = {0};
	int rc;

	/* What is wrong with a section, which is looked at when it has ended, is in no line yet. */
	parser->wrong = 0;
	if (!parser->in_points)
		return 0;
	for (int i = 0; axes[i].name; i++) {
		const char *value = override(parser->s, axes[i].name);

		if (value)
			section->line[i] = 0;
		else
			value = section->set[i] ? section->values[i] : axes[i].preset;
		value = !strcmp(axes[i].name, "workers") ? spell_out_workers(value) : strdup(value);
		free(section->values[i]);
		section->values[i] = (char *)value;
	}
	rc = combine(parser, 0, &p);
	for (int i = 0; i < AXES; i++)
		free(section->values[i]);
	memset(section, 0, sizeof(*section));
	parser->in_points = false;
	return rc;
}

static int handle_key(struct parser *parser, const char *section, const char *key,
		      const char *value)
{
	int axis, rc;

	if (!strcmp(section, "sweep")) {
		rc = sweep_key(parser->s, key, value, parser->e);
		return rc > 0 ? fail(parser->e,
				     "[sweep] has no key '%s'; it has: summary window warmup "
				     "slices repetitions seed margin latency make_up probes",
				     key)
			      : rc;
	}
	if (strcmp(section, "points") && strncmp(section, "points ", strlen("points ")))
		return fail(parser->e, "section [%s]: there are [sweep] and [points NAME]",
			    section);
	if (!parser->in_points || strcmp(parser->section.name, section)) {
		if (end_section(parser))
			return -1;
		parser->wrong = parser->line;
		parser->in_points = true;
		snprintf(parser->section.name, sizeof(parser->section.name), "%s", section);
	}
	axis = axis_index(key);
	if (axis < 0)
		return fail(parser->e, "there is no axis '%s'; 'pinscale run --help' names them",
			    key);
	if (parser->section.set[axis])
		return fail(parser->e,
			    "%s is given twice in [%s]; sections of points need a name each, "
			    "as in [points reads]",
			    key, section);
	parser->section.values[axis] = strdup(value);
	parser->section.set[axis] = true;
	parser->section.line[axis] = parser->line;
	return 0;
}

/* inih's handler: 0 is an error at this line. */
static int handle(void *user, const char *section, const char *key, const char *value)
{
	struct parser *parser = user;

	parser->failed = handle_key(parser, section, key, value);
	return !parser->failed;
}

/* inih's reader: ends the text at the first error, which inih would read past. */
static char *read_line(char *line, int size, void *user)
{
	struct parser *parser = user;
	size_t length = strcspn(parser->rest, "\n");

	if (parser->failed || !*parser->rest)
		return NULL;
	parser->wrong = ++parser->line;
	if (length + 2 > (size_t)size) {
		fail(parser->e, "longer than %d bytes; make it two sections", size - 2);
		parser->failed = true;
		return NULL;
	}
	memcpy(line, parser->rest, length);
	strcpy(line + length, "\n");
	parser->rest += length + (parser->rest[length] == '\n');
	return line;
}

/* Reads the text into points. 0, or -1 with the parser's error set. */
static int parse_text(struct parser *parser)
{
	int line = ini_parse_stream(read_line, parser, handle, parser);

	if (line && !(parser->failed && line == parser->line)) {
		parser->wrong = line;
		return fail(parser->e, "no 'key = value' and no [section]");
	}
	return parser->failed ? -1 : end_section(parser);
}

static int copy_overrides(struct sweep *s, char *const *overrides, struct error *e)
{
	size_t n = 0;

	while (overrides && overrides[n])
		n++;
	s->overrides = calloc(n + 1, sizeof(*s->overrides));
	for (size_t i = 0; i < n; i++) {
		char key[64];
		struct sweep scratch;

		s->overrides[i] = strdup(overrides[i]);
		snprintf(key, sizeof(key), "%.*s", (int)strcspn(overrides[i], "="), overrides[i]);
		if (!strchr(overrides[i], '='))
			return fail(e, "%s: wants KEY=VALUE, as in workers=1", overrides[i]);
		if (axis_index(key) >= 0)
			continue;
		if (sweep_key(&scratch, key, strchr(overrides[i], '=') + 1, e))
			return e->text[0]
				       ? -1
				       : fail(e,
					      "%s: there is no such key; 'pinscale run --help' names them",
					      key);
	}
	return 0;
}

int sweep_parse(struct sweep *s, const char *name, const char *text, char *const *overrides,
		struct error *e)
{
	struct error why = {0};
	struct parser parser = {.s = s, .rest = text, .e = &why, .keys = json_object()};
	int rc;

	*s = (struct sweep){
		.window = 0.3,
		.warmup = 0.1,
		.slices = 20,
		.repetitions = 5,
		.seed = 1,
		.margin = 0.02,
	};
	s->name = strdup(name);
	s->text = strdup(text);
	rc = copy_overrides(s, overrides, &why);
	if (!rc)
		rc = parse_text(&parser);
	json_decref(parser.keys);
	for (int i = 0; i < AXES; i++)
		free(parser.section.values[i]);
	for (char **o = s->overrides; *o && !rc; o++) {
		char key[64];

		snprintf(key, sizeof(key), "%.*s", (int)strcspn(*o, "="), *o);
		if (axis_index(key) < 0)
			rc = sweep_key(s, key, strchr(*o, '=') + 1, &why);
	}
	if (!rc && !s->count)
		rc = fail(
			&why,
			"it has no points; a section [points] with a line like 'workload = pread' is needed");
	if (!rc)
		return 0;
	if (parser.wrong)
		fail(e, "The sweep %s, line %d: %.400s.", name, parser.wrong, why.text);
	else
		fail(e, "The sweep %s: %.400s.", name, why.text);
	sweep_free(s);
	return -1;
}

int sweep_load(struct sweep *s, const char *path, char *const *overrides, struct error *e)
{
	const char *slash = strrchr(path, '/');
	char *name = strdup(slash ? slash + 1 : path);
	char *text = file_read(path, e);
	size_t length = strlen(name);
	int rc = -1;

	if (length > 4 && !strcmp(name + length - 4, ".ini"))
		name[length - 4] = '\0';
	if (text)
		rc = sweep_parse(s, name, text, overrides, e);
	free(text);
	free(name);
	return rc;
}

void sweep_free(struct sweep *s)
{
	free(s->name);
	free(s->text);
	for (char **o = s->overrides; o && *o; o++)
		free(*o);
	free(s->overrides);
	free(s->points);
	*s = (struct sweep){0};
}

void sweep_keep_workers(struct sweep *s, unsigned int workers)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->points[i].workers == workers)
			s->points[kept++] = s->points[i];
	s->count = kept;
}
