// SPDX-License-Identifier: GPL-3.0-or-later
/* A System V segment, SHM_HUGETLB for huge pages: the SGA of a database. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "core/pages.h"
#include "include/buffer.h"

static const char *sysv_unsupported(const struct page *page)
{
	if (page->kind == PAGE_HUGETLB)
		return pages_hugetlb_unsupported(page);
	if (page->kind == PAGE_TRANSPARENT)
		return pages_transparent_unsupported(page, true);
	return NULL;
}

/* Attached where mappings of that page size are aligned. */
static char *attach(const struct pool *pool, struct error *e)
{
	size_t bytes = pool->page.bytes, room = (pool->pages + 1) * bytes;
	char *hint = NULL, *memory;

	/* The kernel aligns huge pages; for transparent ones room of our own is found first. */
	if (pool->page.kind == PAGE_TRANSPARENT) {
		hint = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			    0);
		if (hint == MAP_FAILED) {
			fail(e, "sysv: %zu bytes of addresses: %s", room, strerror(errno));
			return NULL;
		}
		munmap(hint, room);
		hint += -(uintptr_t)hint & (bytes - 1);
	}
	memory = shmat(pool->fd, hint, 0);
	if (memory != (char *)-1)
		return memory;
	fail(e, "sysv: attaching a segment of %u pages of %zu kB: %s", pool->pages, bytes >> 10,
	     strerror(errno));
	return NULL;
}

static int sysv_reserve(struct pool *pool, struct error *e)
{
	bool hugetlb = pool->page.kind == PAGE_HUGETLB;
	size_t size = pool->pages * pool->page.bytes;
	/* As with mmap(), the size stands in the bits from MAP_HUGE_SHIFT on. */
	int flags = hugetlb ? SHM_HUGETLB | (pages_mmap_flags(&pool->page) & ~MAP_HUGETLB) : 0;

	if (hugetlb && pages_take(pool, e))
		return -1;
	pool->fd = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600 | flags);
	if (pool->fd < 0)
		return fail(
			e,
			"sysv: a segment of %zu bytes: %s; see kernel.shmmax, kernel.shmall and "
			"vm.hugetlb_shm_group",
			size, strerror(errno));
	pool->memory = attach(pool, e);
	/* It lives as long as somebody has it attached: a killed run leaves nothing. */
	shmctl(pool->fd, IPC_RMID, NULL);
	return pool->memory ? pages_prepare(pool, pool->memory, 0, pool->pages, e) : -1;
}

static char *sysv_map(const struct pool *pool, unsigned int first, unsigned int count,
		      struct error *e)
{
	(void)e;
	return pages_inherited(pool, first, count);
}

static void sysv_release(struct pool *pool)
{
	if (pool->memory)
		shmdt(pool->memory);
	pool->memory = NULL;
}

static const struct buffer sysv_buffer = {
	.name = "sysv",
	.summary = "a System V segment, SHM_HUGETLB for huge pages: a database's SGA",
	.shared = true,
	.unsupported = sysv_unsupported,
	.reserve = sysv_reserve,
	.map = sysv_map,
	.release = sysv_release,
};
REGISTER_BUFFER(sysv_buffer);
