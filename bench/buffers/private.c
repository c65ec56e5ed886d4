// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Anonymous private memory, of pages of any kind: a process's own, made anew by
 * every trial.
 */
#include <sys/mman.h>

#include "core/pages.h"
#include "include/buffer.h"

static const char *private_unsupported(const struct page *page)
{
	if (page->kind == PAGE_HUGETLB)
		return pages_hugetlb_unsupported(page);
	if (page->kind == PAGE_TRANSPARENT)
		return pages_transparent_unsupported(page, false);
	return NULL;
}

static int private_reserve(struct pool *pool, struct error *e)
{
	return pool->page.kind == PAGE_HUGETLB ? pages_take(pool, e) : 0;
}

static char *private_map(const struct pool *pool, unsigned int first, unsigned int count,
			 struct error *e)
{
	return pages_anonymous(pool, first, count, MAP_PRIVATE, e);
}

static const struct buffer private_buffer = {
	.name = "private",
	.summary = "anonymous private memory: base pages, THP, huge pages by MAP_HUGETLB",
	.unsupported = private_unsupported,
	.reserve = private_reserve,
	.map = private_map,
};
REGISTER_BUFFER(private_buffer);
