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
#include "pages.h"

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

/* The target that "auto" stands for: the best that works here, or NULL. */
static const struct target *best_target(void)
{
	const struct target *best = NULL;

	for_each_plugin (target, t)
		if ((*t)->preference && !(*t)->unsupported("") &&
		    (!best || (*t)->preference < best->preference))
			best = *t;
	return best;
}

/* NAME or NAME:ARGUMENT. */
static int parse_target(struct point *p, const char *value, struct error *e)
{
	const char *colon = strchr(value, ':');
	char name[64];

	if (p->workload->no_target)
		value = "none";
	p->target_argument[0] = '\0';
	p->target_auto = !strcmp(value, "auto");
	if (p->target_auto) {
		p->target = best_target();
		return p->target ? 0
				 : fail(e, "target = auto: none works here; 'pinscale list' says "
					   "why");
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(value, ":"), value);
	p->target = find_plugin(target, name);
	if (!p->target)
		return fail(e, "target = %s: there is no such target; see 'pinscale list'", value);
	if (colon && strlen(colon + 1) >= sizeof(p->target_argument))
		return fail(e, "target = %.40s...: what follows the colon is longer than %zu bytes",
			    value, sizeof(p->target_argument) - 1);
	if (colon)
		snprintf(p->target_argument, sizeof(p->target_argument), "%s", colon + 1);
	return 0;
}

static json_t *json_target(const struct point *p)
{
	return json_sprintf("%s%s%s", p->target->name, *p->target_argument ? ":" : "",
			    p->target_argument);
}

static const char *const devices_names[] = {"one", "each", NULL};

static int parse_devices(struct point *p, const char *value, struct error *e)
{
	int n = parse_name("devices", devices_names, value, e);

	/* Where none is made there is nothing to choose. */
	p->device_each = n == 1 && p->target->makes_devices;
	return n < 0 ? -1 : 0;
}

static json_t *json_devices(const struct point *p)
{
	return json_string(devices_names[p->device_each]);
}

/* What thp stands for: the size that a page table one level up maps, on x86. */
#define THP_BYTES (2u << 20)

static int parse_page(struct point *p, const char *value, struct error *e)
{
	size_t bytes = size_parse(value);

	if (p->workload->no_buffer)
		p->page = (struct page){PAGE_BASE, BASE_PAGE};
	else if (!strcmp(value, "thp"))
		p->page = (struct page){PAGE_TRANSPARENT, THP_BYTES};
	else if (bytes == BASE_PAGE)
		p->page = (struct page){PAGE_BASE, BASE_PAGE};
	else if (bytes == 2 << 20 || bytes == 1 << 30)
		p->page = (struct page){PAGE_HUGETLB, bytes};
	else if (bytes > BASE_PAGE && bytes <= 1 << 20 && !(bytes & (bytes - 1)))
		p->page = (struct page){PAGE_TRANSPARENT, bytes};
	else
		return fail(e,
			    "page = %s: there are 4k, thp, the huge pages 2m and 1g, and of the "
			    "kernel's mTHP sizes 8k to 1m",
			    value);
	return 0;
}

static json_t *json_page(const struct point *p)
{
	char text[32];

	if (p->page.kind == PAGE_TRANSPARENT && p->page.bytes == THP_BYTES)
		return json_string("thp");
	size_format(p->page.bytes, text, sizeof(text));
	return json_string(text);
}

static int parse_mapping(struct point *p, const char *value, struct error *e)
{
	p->buffer = find_plugin(buffer, p->workload->no_buffer ? "private" : value);
	if (p->buffer)
		return 0;
	if (strcmp(value, "auto"))
		return fail(e, "mapping = %s: there is no such mapping; see 'pinscale list'",
			    value);
	for_each_plugin (buffer, b) {
		/* The first stands in where none works: it says why not. */
		if (!p->buffer ||
		    (p->buffer->unsupported(&p->page) && !(*b)->unsupported(&p->page)))
			p->buffer = *b;
	}
	return 0;
}

static json_t *json_mapping(const struct point *p)
{
	return json_string(p->buffer->name);
}

/* "NAME" is n, "NAME:NUMBER" sets the number too. The index among names, or -1. */
static int parse_numbered(const char *axis, const char *const *names, const char *value,
			  unsigned int low, unsigned int *number, struct error *e)
{
	const char *colon = strchr(value, ':');
	char name[32], *end;
	long n;

	*number = 0;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(value, ":"), value);
	if (!colon)
		return parse_name(axis, names, name, e);
	n = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end || n < (long)low || n > 65536)
		return fail(e, "%s = %s: wants a whole number from %u to 65536 behind the colon",
			    axis, value, low);
	*number = n;
	return parse_name(axis, names, name, e);
}

static const char *const sharing_names[] = {"private", "shared", "same", "group", "pool", NULL};

static int parse_sharing(struct point *p, const char *value, struct error *e)
{
	int n = parse_numbered("sharing", sharing_names, value, 1, &p->sharing_number, e);

	if (n < 0)
		return -1;
	p->sharing = p->workload->no_buffer ? SHARING_PRIVATE : (enum sharing)n;
	if (p->workload->no_buffer)
		p->sharing_number = 0;
	if ((n == SHARING_GROUP || n == SHARING_POOL) != !!strchr(value, ':'))
		return fail(e,
			    "sharing = %s: group:K and pool:P have a number (workers a huge page, "
			    "pages of the pool), the others none",
			    value);
	return 0;
}

static json_t *json_sharing(const struct point *p)
{
	if (p->sharing_number)
		return json_sprintf("%s:%u", sharing_names[p->sharing], p->sharing_number);
	return json_string(sharing_names[p->sharing]);
}

static const char *const policy_names[] = {"local", "node", "interleave", "remote", NULL};

static int parse_policy(struct point *p, const char *value, struct error *e)
{
	int n = parse_numbered("mempolicy", policy_names, value, 0, &p->policy_node, e);

	p->policy = n;
	if (n >= 0 && (n == POLICY_NODE) != !!strchr(value, ':'))
		return fail(e, "mempolicy = %s: node:N has a number, the others none", value);
	return n < 0 ? -1 : 0;
}

static json_t *json_policy(const struct point *p)
{
	if (p->policy == POLICY_NODE)
		return json_sprintf("node:%u", p->policy_node);
	return json_string(policy_names[p->policy]);
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

static const char *const access_names[] = {"sequential", "random", NULL};

static int parse_access(struct point *p, const char *value, struct error *e)
{
	int n = parse_name("access", access_names, value, e);

	p->random = n == 1 && !p->workload->no_target;
	return n < 0 ? -1 : 0;
}

static json_t *json_access(const struct point *p)
{
	return json_string(access_names[p->random]);
}

static int parse_workers(struct point *p, const char *value, struct error *e)
{
	return parse_number("workers", &p->workers, value, e);
}

static json_t *json_workers(const struct point *p)
{
	return json_integer(p->workers);
}

static const char *const task_names[] = {"thread", "process", NULL};

static int parse_task(struct point *p, const char *value, struct error *e)
{
	int n = parse_name("task", task_names, value, e);

	p->processes = n == 1;
	return n < 0 ? -1 : 0;
}

static json_t *json_task(const struct point *p)
{
	return json_string(task_names[p->processes]);
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

static int parse_copy(struct point *p, const char *value, struct error *e)
{
	return parse_number("copy", &p->copy, value, e);
}

/* Of the first nothing is said, so that a point is named as it was before there were copies. */
static json_t *json_copy_of(const struct point *p)
{
	return p->copy > 1 ? json_integer(p->copy) : NULL;
}

const struct axis axes[] = {
	{"workload", "see 'pinscale list'", "pread", parse_workload, json_workload},
	{"target", "see 'pinscale list', or auto", "auto", parse_target, json_target},
	{"devices", "one, or each: a device a worker", "one", parse_devices, json_devices},
	{"page", "4k, mTHP sizes, thp, 2m, 1g", "2m", parse_page, json_page},
	{"mapping", "see 'pinscale list', or auto", "auto", parse_mapping, json_mapping},
	{"sharing", "private, shared, same, group:K, pool:P", "private shared", parse_sharing,
	 json_sharing},
	{"subpage", "head or tail", "tail", parse_subpage, json_subpage},
	{"mempolicy", "local, node:N, interleave, remote", "local", parse_policy, json_policy},
	{"block", "bytes an operation, 4k to 1m", "4k", parse_block, json_block},
	{"depth", "operations in flight a worker", "1", parse_depth, json_depth},
	{"access", "sequential or random", "sequential", parse_access, json_access},
	{"workers", "numbers, A..B, A..B*F, max, doubling", "doubling", parse_workers,
	 json_workers},
	{"task", "thread or process", "thread", parse_task, json_task},
	{"placement", "compact, scatter or smt-last", "compact", parse_placement, json_placement},
	{"copy", "numbers: the same point so many times, against itself", "1", parse_copy,
	 json_copy_of},
	{0},
};

json_t *point_json(const struct point *p)
{
	json_t *object = json_object();

	for (const struct axis *a = axes; a->name; a++) {
		json_t *value = a->json(p);

		if (value)
			json_object_set_new(object, a->name, value);
	}
	return object;
}

char *point_key(const struct point *p)
{
	json_t *json = point_json(p);
	char *key = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return key;
}

void point_name(const struct point *p, char *name, size_t size)
{
	size_t used = 0;

	for (const struct axis *a = axes; a->name; a++) {
		json_t *value = a->json(p);
		char text[32];

		if (!value)
			continue;
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
	const char *reason = p->buffer->unsupported(&p->page);

	if (!reason)
		reason = p->target->unsupported(p->target_argument);
	if (!reason && p->workload->unsupported)
		reason = p->workload->unsupported(p);
	if (!reason)
		reason = layout_unsupported(p);
	if (!reason && p->processes && !p->buffer->shared && p->sharing != SHARING_PRIVATE)
		reason =
			"sharing: processes do not see the pages of another's private mapping; use "
			"a shared one, such as shared-anon";
	if (!reason && p->policy != POLICY_LOCAL)
		reason = pages_policy_unsupported(p);
	return reason;
}
