// SPDX-License-Identifier: GPL-3.0-or-later
#include "resources.h"

#include <stdlib.h>
#include <string.h>

#include "axes.h"
#include "include/workload.h"
#include "layout.h"
#include "pages.h"
#include "placement.h"
#include "progress.h"

/* Bytes of the target that a worker has to itself: so many, but of all workers at most these. */
#define EXTENT (4u << 20)
#define EXTENTS (256u << 20)

/* Pages so large cannot be made of what is free in the usual way. */
#define GIGANTIC (1ull << 30)

struct target_run *resources_target(struct resources *r, const struct point *p)
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
static struct pool *pool_of(struct resources *r, const struct point *p, const unsigned int *nodes)
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
static const char *unsupported(const struct resources *r, const struct point *p)
{
	static char reason[256];
	const char *why = point_unsupported(p);

	if (why || !p->target->foreign || !p->workload->writes)
		return why;
	for (const char *const *named = r->options->write_to; named && *named; named++)
		if (!strcmp(*named, p->target_argument))
			return NULL;
	snprintf(reason, sizeof(reason),
		 "workload %s would write to %s, which is yours: name it again with --write-to %s",
		 p->workload->name, p->target_argument, p->target_argument);
	return reason;
}

static int gather_target(struct resources *r, const struct point *p, struct error *e)
{
	struct target_run *t = resources_target(r, p);

	if (!t && r->targets == MOST_TARGETS)
		return fail(e, "The sweep has more than %d targets: split it.", MOST_TARGETS);
	if (!t) {
		t = &r->target[r->targets++];
		*t = (struct target_run){
			.target = p->target,
			.argument = p->target_argument,
			.each = p->device_each,
			.directory =
				r->options->directory ? r->options->directory : r->run_directory,
		};
	}
	t->workers = p->workers > t->workers ? p->workers : t->workers;
	t->may_write |= p->workload->writes;
	return 0;
}

static int gather_pool(struct resources *r, const struct point *p, size_t index, struct error *e)
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
		pool->may_reserve = r->options->reserve;
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

int resources_gather(struct resources *r, const struct sweep *s, const struct runner_options *o,
		     const char *run_directory, struct error *e)
{
	*r = (struct resources){
		.sweep = s,
		.options = o,
		.run_directory = run_directory,
		.reasons = calloc(s->count, sizeof(*r->reasons)),
		.pool_of_point = calloc(s->count, sizeof(*r->pool_of_point)),
	};
	if (!r->reasons || !r->pool_of_point)
		return fail(e, "No memory for %zu points.", s->count);
	for (size_t i = 0; i < r->sweep->count; i++) {
		const struct point *p = &r->sweep->points[i];
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
		for (size_t k = 0; k < r->sweep->count; k++)
			if (!r->reasons[k] && resources_target(r, &r->sweep->points[k]) == t &&
			    r->sweep->points[k].block > t->extent)
				t->extent = r->sweep->points[k].block;
	}
	return 0;
}

/*
 * Gigantic pages are often not to be had without a boot parameter. That is no reason
 * not to measure the others that are to be compared with them: points of the pool are
 * skipped. Is anything left to measure?
 */
static bool skip_gigantic(struct resources *r, unsigned int pool, const struct error *why)
{
	bool left = false;

	if (r->pool[pool].page.kind != PAGE_HUGETLB || r->pool[pool].page.bytes < GIGANTIC)
		return false;
	for (size_t i = 0; i < r->sweep->count; i++) {
		if (!r->reasons[i] && r->pool_of_point[i] == pool)
			r->reasons[i] = strdup(why->text);
		left |= !r->reasons[i];
	}
	if (left)
		progress_say("these pages are left out: %s", why->text);
	return left;
}

/*
 * Pools that stay are taken first: private mappings find what is free then, one
 * trial after the other.
 */
static int reserve_pools(struct resources *r, bool shared, struct error *e)
{
	for (unsigned int i = 0; i < r->pools; i++) {
		const struct buffer *buffer = r->pool[i].buffer;

		if (buffer->shared == shared && buffer->reserve &&
		    buffer->reserve(&r->pool[i], e) && !skip_gigantic(r, i, e))
			return -1;
	}
	return 0;
}

/* Why "auto" took that target, and not a better one. */
static void say_choice(const struct resources *r, const struct target *chosen)
{
	bool asked = false;

	for (size_t i = 0; i < r->sweep->count; i++)
		asked |= r->sweep->points[i].target_auto && r->sweep->points[i].target == chosen;
	for_each_plugin (target, t)
		if (asked && (*t)->preference && (*t)->preference < chosen->preference)
			progress_say("target auto is %s; better would be, but for this: %s",
				     chosen->name, (*t)->unsupported(""));
}

int resources_set_up(struct resources *r, struct error *e)
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
	for (size_t i = 0; i < r->sweep->count; i++) {
		const struct point *p = &r->sweep->points[i];

		if (!r->reasons[i] && p->workload->prepare && p->workload->prepare(p, e))
			return -1;
	}
	return 0;
}

void resources_release(struct resources *r)
{
	for (unsigned int i = 0; i < r->pools; i++)
		if (r->pool[i].buffer->release)
			r->pool[i].buffer->release(&r->pool[i]);
}

void resources_free(struct resources *r)
{
	for (size_t i = 0; r->reasons && i < r->sweep->count; i++)
		free((char *)r->reasons[i]);
	for (unsigned int i = 0; i < r->pools; i++)
		free((void *)r->pool[i].node);
	free(r->reasons);
	free(r->pool_of_point);
}
