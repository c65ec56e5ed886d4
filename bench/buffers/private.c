// SPDX-License-Identifier: GPL-3.0-or-later
/* Anonymous private memory in base pages: no head, no tails, no sharing of a count. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "include/buffer.h"
#include "include/point.h"

static const char *private_unsupported(size_t page)
{
	return page == BASE_PAGE ? NULL : "mapping private: only base pages; use hugetlbfs for 2m";
}

static char *private_map(const struct pool *pool, struct error *e)
{
	size_t size = pool->page * pool->pages;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		fail(e, "private: mapping %zu bytes: %s", size, strerror(errno));
		return NULL;
	}
	/* Refused where the kernel has no THP, which is as good. */
	madvise(memory, size, MADV_NOHUGEPAGE);
	memset(memory, FILL_BYTE, size);
	return memory;
}

static const struct buffer private_buffer = {
	.name = "private",
	.summary = "anonymous private memory, base pages",
	.unsupported = private_unsupported,
	.map = private_map,
};
REGISTER_BUFFER(private_buffer);
