// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Anonymous shared memory, mapped by the controller and inherited by all: what
 * PostgreSQL's buffer pool is.
 */
#include <sys/mman.h>

#include "core/pages.h"
#include "include/buffer.h"

static const char *shared_anon_unsupported(const struct page *page)
{
	if (page->kind == PAGE_HUGETLB)
		return pages_hugetlb_unsupported(page);
	if (page->kind == PAGE_TRANSPARENT)
		return pages_transparent_unsupported(page, true);
	return NULL;
}

static int shared_anon_reserve(struct pool *pool, struct error *e)
{
	if (pool->page.kind == PAGE_HUGETLB && pages_take(pool, e))
		return -1;
	pool->memory = pages_anonymous(pool, 0, pool->pages, MAP_SHARED, e);
	return pool->memory ? 0 : -1;
}

static char *shared_anon_map(const struct pool *pool, unsigned int first, unsigned int count,
			     struct error *e)
{
	(void)e;
	return pages_inherited(pool, first, count);
}

static void shared_anon_release(struct pool *pool)
{
	if (pool->memory)
		munmap(pool->memory, pool->pages * pool->page.bytes);
	pool->memory = NULL;
}

static const struct buffer shared_anon_buffer = {
	.name = "shared-anon",
	.summary = "anonymous shared memory, inherited by all workers: a database's buffer pool",
	.shared = true,
	.unsupported = shared_anon_unsupported,
	.reserve = shared_anon_reserve,
	.map = shared_anon_map,
	.release = shared_anon_release,
};
REGISTER_BUFFER(shared_anon_buffer);
