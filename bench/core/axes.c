// SPDX-License-Identifier: GPL-3.0-or-later
#include "axes.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "include/buffer.h"
#include "include/target.h"
#include "include/workload.h"
#include "layout.h"

size_t size_parse(const char *text)
{
	static const char units[] = "kmg";
	char *end;
	unsigned long long n;
	const char *unit;
	int shift;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return 0;
	if (!*end)
		return n;
	unit = strchr(units, *end | 0x20);
	if (!unit || end[1])
		return 0;
	shift = 10 * (unit - units + 1);
	return n > SIZE_MAX >> shift ? 0 : n << shift;
}

void size_format(size_t bytes, char *text, size_t size)
{
	static const char *const units[] = {"", "k", "m", "g"};
	int unit = 0;

	while (unit < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, size, "%zu%s", bytes, units[unit]);
}

/* The index of value among names, or -1 with the error set. */
static int parse_name(const char *axis, const char *const *names, const char *value,
		      struct error *e)
{
	char known[128] = "";

	for (int i = 0; names[i]; i++) {
		if (!strcmp(names[i], value))
			return i;
		snprintf(known + strlen(known), sizeof(known) - strlen(known), " %s", names[i]);
	}
	return fail(e, "%s = %s: there is no such value; it can be:%s", axis, value, known);
}

static int parse_number(const char *axis, unsigned int *number, const char *value, struct error *e)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (end == value || *end || n < 1 || n > 65536)
		return fail(e, "%s = %s: wants a whole number from 1 to 65536", axis, value);
	*number = n;
	return 0;
}

static int parse_workload(struct point *p, const char *value, struct error *e)
{
	p->workload = find_plugin(workload, value);
	return p->workload
		       ? 0
		       : fail(e, "workload = %s: there is no such workload; see 'pinscale list'",
			      value);
}

static json_t *json_workload(const struct point *p)
{
	return json_string(p->workload->name);
}

static int parse_target(struct point *p, const char *value, struct error *e)
{
	if (strcmp(value, "auto")) {
		p->target = find_plugin(target, value);
		return p->target ? 0
				 : fail(e,
					"target = %s: there is no such target; see 'pinscale list'",
					value);
	}
	p->target = NULL;
	for_each_plugin (target, t) {
		if ((*t)->preference && !(*t)->unsupported() &&
		    (!p->target || (*t)->preference < p->target->preference))
			p->target = *t;
	}
	return p->target ? 0 : fail(e, "target = auto: none works here; 'pinscale list' says why");
}

static json_t *json_target(const struct point *p)
{
	return json_string(p->target->name);
}

static int parse_page(struct point *p, const char *value, struct error *e)
{
	p->page = size_parse(value);
	if (p->page != BASE_PAGE && p->page != 2 << 20)
		return fail(e, "page = %s: pages of 4k and 2m are known", value);
	return 0;
}

static json_t *json_page(const struct point *p)
{
	char text[32];

	size_format(p->page, text, sizeof(text));
	return json_string(text);
}

static int parse_mapping(struct point *p, const char *value, struct error *e)
{
	p->buffer = find_plugin(buffer, value);
	if (p->buffer)
		return 0;
	if (strcmp(value, "auto"))
		return fail(e, "mapping = %s: there is no such mapping; see 'pinscale list'",
			    value);
	for_each_plugin (buffer, b) {
		/* The first stands in where none works: it says why not. */
		if (!p->buffer || (p->buffer->unsupported(p->page) && !(*b)->unsupported(p->page)))
			p->buffer = *b;
	}
	return 0;
}

static json_t *json_mapping(const struct point *p)
{
	return json_string(p->buffer->name);
}

static const char *const sharing_names[] = {"private", "shared", "same", NULL};

static int parse_sharing(struct point *p, const char *value, struct error *e)
{
	int n = parse_name("sharing", sharing_names, value, e);

	p->sharing = n;
	return n < 0 ? -1 : 0;
}

static json_t *json_sharing(const struct point *p)
{
	return json_string(sharing_names[p->sharing]);
}

static const char *const subpage_names[] = {"none", "head", "tail", NULL};

static int parse_subpage(struct point *p, const char *value, struct error *e)
{
	int n = parse_name("subpage", subpage_names, value, e);

	if (n < 0)
		return -1;
	if (n == SUBPAGE_NONE && point_huge(p))
		return fail(e, "subpage = none: a huge page has subpages, head or tail");
	p->subpage = point_huge(p) ? (enum subpage)n : SUBPAGE_NONE;
	return 0;
}

static json_t *json_subpage(const struct point *p)
{
	return json_string(subpage_names[p->subpage]);
}

static int parse_block(struct point *p, const char *value, struct error *e)
{
	p->block = size_parse(value);
	if (!p->block || p->block % BASE_PAGE || p->block > 1 << 20)
		return fail(e, "block = %s: wants a multiple of 4k up to 1m", value);
	return 0;
}

static json_t *json_block(const struct point *p)
{
	return json_integer(p->block);
}

static int parse_depth(struct point *p, const char *value, struct error *e)
{
	return parse_number("depth", &p->depth, value, e);
}

static json_t *json_depth(const struct point *p)
{
	return json_integer(p->depth);
}

static int parse_workers(struct point *p, const char *value, struct error *e)
{
	return parse_number("workers", &p->workers, value, e);
}

static json_t *json_workers(const struct point *p)
{
	return json_integer(p->workers);
}

static const char *const placement_names[] = {"compact", "scatter", "smt-last", NULL};

static int parse_placement(struct point *p, const char *value, struct error *e)
{
	int n = parse_name("placement", placement_names, value, e);

	p->placement = n;
	return n < 0 ? -1 : 0;
}

static json_t *json_placement(const struct point *p)
{
	return json_string(placement_names[p->placement]);
}

const struct axis axes[] = {
	{"workload", "see 'pinscale list'", "pread", parse_workload, json_workload},
	{"target", "see 'pinscale list', or auto", "auto", parse_target, json_target},
	{"page", "4k or 2m", "2m", parse_page, json_page},
	{"mapping", "see 'pinscale list', or auto", "auto", parse_mapping, json_mapping},
	{"sharing", "private, shared or same", "private shared", parse_sharing, json_sharing},
	{"subpage", "head or tail", "tail", parse_subpage, json_subpage},
	{"block", "bytes an operation, 4k to 1m", "4k", parse_block, json_block},
	{"depth", "operations in flight a worker", "1", parse_depth, json_depth},
	{"workers", "numbers, cpus, or doubling (1 2 4 … all CPUs)", "doubling", parse_workers,
	 json_workers},
	{"placement", "compact, scatter or smt-last", "compact", parse_placement, json_placement},
	{0},
};

json_t *point_json(const struct point *p)
{
	json_t *object = json_object();

	for (const struct axis *a = axes; a->name; a++)
		json_object_set_new(object, a->name, a->json(p));
	return object;
}

void point_name(const struct point *p, char *name, size_t size)
{
	size_t used = 0;

	for (const struct axis *a = axes; a->name; a++) {
		json_t *value = a->json(p);
		char text[32];

		if (json_is_integer(value))
			size_format(json_integer_value(value), text, sizeof(text));
		else
			snprintf(text, sizeof(text), "%s", json_string_value(value));
		used += snprintf(name + used, size - used, used ? " %s" : "%s", text);
		json_decref(value);
		if (used >= size)
			return;
	}
}

const char *point_unsupported(const struct point *p)
{
	const char *reason = p->buffer->unsupported(p->page);

	if (!reason)
		reason = p->target->unsupported();
	if (!reason && p->workload->unsupported)
		reason = p->workload->unsupported(p);
	if (!reason)
		reason = layout_unsupported(p);
	return reason;
}
