// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the kernel says of pages: /proc/self/pagemap and /proc/kpageflags, whose
 * bits are in Documentation/admin-guide/mm/pagemap.rst, and their node by hwloc.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pages.h"
#include "placement.h"

#define PFN_MASK ((1ull << 55) - 1)
#define KPF_COMPOUND_HEAD 15
#define KPF_COMPOUND_TAIL 16
#define KPF_HUGE 17

static uint64_t read_word(int fd, uint64_t index)
{
	uint64_t word = 0;

	return pread(fd, &word, sizeof(word), index * sizeof(word)) == sizeof(word) ? word : 0;
}

/* Is there one compound page of at least that size at memory? -1: the kernel does not tell. */
static int is_one_page(const char *memory, size_t bytes)
{
	int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	unsigned int count = bytes / BASE_PAGE;
	uint64_t first = 0, last = 0, head = 0, tail = 0;

	if (map >= 0 && flags >= 0) {
		first = read_word(map, (uintptr_t)memory / BASE_PAGE) & PFN_MASK;
		last = read_word(map, (uintptr_t)memory / BASE_PAGE + count - 1) & PFN_MASK;
		head = read_word(flags, first);
		tail = read_word(flags, last);
	}
	if (map >= 0)
		close(map);
	if (flags >= 0)
		close(flags);
	if (!first || !last)
		return -1;
	/* The memory is aligned to the page's size: so is the page, if it is one. */
	return last - first == count - 1 && !(first & (count - 1)) &&
	       (head & (1ull << KPF_COMPOUND_HEAD | 1ull << KPF_COMPOUND_TAIL)) &&
	       (tail & 1ull << KPF_COMPOUND_TAIL);
}

/* Every one of a few pages, some of many. */
static unsigned int stride(unsigned int count)
{
	return count > 64 ? count / 64 : 1;
}

static int check_huge(const struct pool *pool, char *memory, unsigned int count, json_t *found,
		      struct error *e)
{
	int known = 1;

	if (pool->page.kind == PAGE_BASE) {
		json_object_set_new(found, "huge", json_false());
		return 0;
	}
	for (unsigned int i = 0; i < count && known == 1; i += stride(count))
		known = is_one_page(memory + i * pool->page.bytes, pool->page.bytes);
	json_object_set_new(found, "huge", known < 0 ? json_null() : json_boolean(known));
	if (known)
		return 0;
	return fail(e,
		    "%s: the kernel gave smaller pages than the %zu kB asked for: memory is in "
		    "pieces ('echo 1 | sudo tee /proc/sys/vm/compact_memory')",
		    pool->buffer->name, pool->page.bytes >> 10);
}

static int check_nodes(const struct pool *pool, char *memory, unsigned int first,
		       unsigned int count, json_t *found, struct error *e)
{
	json_t *nodes = json_array();
	int last = -1, rc = 0;

	json_object_set_new(found, "nodes", nodes);
	for (unsigned int i = 0; i < count && !rc; i += stride(count)) {
		int node = placement_memory_node(memory + i * pool->page.bytes);

		if (node < 0) {
			json_object_set_new(found, "nodes", json_null());
			return 0;
		}
		if (node != last)
			json_array_append_new(nodes, json_integer(node));
		last = node;
		if (pool->node && (unsigned int)node != pool->node[first + i])
			rc = fail(e, "%s: page %u is on node %d, not on node %u as asked for",
				  pool->buffer->name, first + i, node, pool->node[first + i]);
	}
	return rc;
}

int pages_check(const struct pool *pool, char *memory, unsigned int first, unsigned int count,
		json_t **found, struct error *e)
{
	int rc;

	*found = json_object();
	rc = check_huge(pool, memory, count, *found, e);
	if (!rc)
		rc = check_nodes(pool, memory, first, count, *found, e);
	return rc;
}

json_t *pages_frames(const char *memory, size_t bytes)
{
	int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t page = (uintptr_t)memory / BASE_PAGE, first = 0, count = 0;
	json_t *runs = json_array();

	for (size_t at = 0; map >= 0 && at < bytes; at += BASE_PAGE) {
		uint64_t frame = read_word(map, page++) & PFN_MASK;

		if (count && frame != first + count) {
			json_array_append_new(
				runs, json_pack("[I, I]", (json_int_t)first, (json_int_t)count));
			count = 0;
		}
		if (!count)
			first = frame;
		count += frame != 0;
	}
	if (count)
		json_array_append_new(runs,
				      json_pack("[I, I]", (json_int_t)first, (json_int_t)count));
	if (map >= 0)
		close(map);
	return runs;
}
