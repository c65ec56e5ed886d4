// SPDX-License-Identifier: GPL-3.0-or-later
/* Huge pages by memfd_create(): hugetlbfs without a mount. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/pages.h"
#include "include/buffer.h"

static const char *memfd_unsupported(const struct page *page)
{
	if (page->kind != PAGE_HUGETLB)
		return "mapping memfd: is here for huge pages, 2m and 1g; use shared-anon";
	return pages_hugetlb_unsupported(page);
}

static char *map_shared(const struct pool *pool, unsigned int first, unsigned int count, int flags,
			struct error *e)
{
	char *memory = mmap(NULL, count * pool->page.bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | flags, pool->fd, first * pool->page.bytes);

	if (memory != MAP_FAILED)
		return memory;
	fail(e, "memfd: mapping %u pages of %zu kB: %s", count, pool->page.bytes >> 10,
	     strerror(errno));
	return NULL;
}

static char *memfd_map(const struct pool *pool, unsigned int first, unsigned int count,
		       struct error *e)
{
	return map_shared(pool, first, count, MAP_POPULATE, e);
}

static int memfd_reserve(struct pool *pool, struct error *e)
{
	/* The flags of mmap() and memfd_create() hold the size in the same bits. */
	int size = pages_mmap_flags(&pool->page) & ~MAP_HUGETLB;
	char *memory;
	int rc;

	if (pages_take(pool, e))
		return -1;
	pool->fd = memfd_create("pinscale", MFD_CLOEXEC | MFD_HUGETLB | size);
	if (pool->fd < 0 || ftruncate(pool->fd, pool->pages * pool->page.bytes))
		return fail(e, "memfd: a file of %u pages of %zu kB: %s", pool->pages,
			    pool->page.bytes >> 10, strerror(errno));
	memory = map_shared(pool, 0, pool->pages, 0, e);
	if (!memory)
		return -1;
	rc = pages_prepare(pool, memory, 0, pool->pages, e);
	munmap(memory, pool->pages * pool->page.bytes);
	return rc;
}

static void memfd_release(struct pool *pool)
{
	if (pool->fd >= 0)
		close(pool->fd);
	pool->fd = -1;
}

static const struct buffer memfd_buffer = {
	.name = "memfd",
	.summary = "huge pages by memfd_create(), mapped shared",
	.shared = true,
	.unsupported = memfd_unsupported,
	.reserve = memfd_reserve,
	.map = memfd_map,
	.release = memfd_release,
};
REGISTER_BUFFER(memfd_buffer);
