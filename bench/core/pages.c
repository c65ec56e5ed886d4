// SPDX-License-Identifier: GPL-3.0-or-later
#include "pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"
#include "layout.h"
#include "placement.h"
#include "undo.h"

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

/* A file of the system's pool of pages of that size, of one node or (node < 0) of all. */
static const char *pool_file(size_t bytes, int node, const char *name, char *path, size_t size)
{
	if (node < 0)
		snprintf(path, size, "/sys/kernel/mm/hugepages/hugepages-%zukB/%s", bytes >> 10,
			 name);
	else
		snprintf(path, size, "/sys/devices/system/node/node%d/hugepages/hugepages-%zukB/%s",
			 node, bytes >> 10, name);
	return path;
}

const char *pages_hugetlb_unsupported(const struct page *page)
{
	static char reason[256];
	char path[160];

	if (!access(pool_file(page->bytes, -1, "nr_hugepages", path, sizeof(path)), R_OK))
		return NULL;
	snprintf(
		reason, sizeof(reason),
		"page: this kernel has no pool of %zu kB huge pages (no %s); a CPU without the flag "
		"pdpe1gb has none of 1g",
		page->bytes >> 10, path);
	return reason;
}

static bool setting_is(const char *path, const char *word)
{
	char line[256], wanted[64];

	snprintf(wanted, sizeof(wanted), "[%s]", word);
	return strstr(file_line(path, line, sizeof(line)), wanted);
}

/* "enabled" of anonymous or shared memory, for that size; it may defer to the one for all sizes. */
static bool thp_allowed(size_t bytes, const char *file)
{
	char path[160], all[128];

	snprintf(all, sizeof(all), "/sys/kernel/mm/transparent_hugepage/%s", file);
	snprintf(path, sizeof(path), "/sys/kernel/mm/transparent_hugepage/hugepages-%zukB/%s",
		 bytes >> 10, file);
	if (access(path, R_OK) || setting_is(path, "inherit"))
		snprintf(path, sizeof(path), "%s", all);
	return setting_is(path, "madvise") || setting_is(path, "advise") ||
	       setting_is(path, "always") || setting_is(path, "within_size") ||
	       setting_is(path, "force");
}

const char *pages_transparent_unsupported(const struct page *page, bool shared)
{
	static char reason[384];
	const char *file = shared ? "shmem_enabled" : "enabled";
	long long pmd = file_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
	char path[160];

	if (pmd < 0)
		return "page: this kernel has no transparent huge pages; use 2m (hugetlb)";
	snprintf(path, sizeof(path), "/sys/kernel/mm/transparent_hugepage/hugepages-%zukB/%s",
		 page->bytes >> 10, file);
	if ((size_t)pmd != page->bytes && access(path, R_OK)) {
		snprintf(reason, sizeof(reason),
			 "page: this kernel has no transparent pages of %zu kB (no %s); use thp",
			 page->bytes >> 10, path);
		return reason;
	}
	if (thp_allowed(page->bytes, file))
		return NULL;
	snprintf(reason, sizeof(reason),
		 "page: transparent pages of %zu kB are switched off: echo %s | sudo tee %s",
		 page->bytes >> 10, shared ? "advise" : "madvise",
		 access(path, R_OK) ? "/sys/kernel/mm/transparent_hugepage/enabled" : path);
	return reason;
}

const char *pages_policy_unsupported(const struct point *p)
{
	static char reason[160];
	unsigned int nodes = placement_node_count();

	if (p->policy == POLICY_REMOTE && nodes < 2)
		return "mempolicy remote: this machine has one node with memory";
	if (p->policy == POLICY_NODE && !placement_has_node(p->policy_node)) {
		snprintf(
			reason, sizeof(reason),
			"mempolicy node:%u: this machine has no such node with memory; see 'pinscale "
			"topology'",
			p->policy_node);
		return reason;
	}
	return NULL;
}

int pages_node(const struct point *p, unsigned int i, unsigned int *node, struct error *e)
{
	unsigned int owner = layout_owner(p, i);
	int *cpus, rc;

	if (p->policy == POLICY_NODE) {
		*node = p->policy_node;
		return 0;
	}
	if (p->policy == POLICY_INTERLEAVE)
		return placement_nth_node(i, node, e);
	cpus = calloc(owner + 1, sizeof(*cpus));
	if (!cpus)
		return fail(e, "No memory for the CPUs of %u workers.", owner + 1);
	rc = placement_cpus(p->placement, owner + 1, cpus, e);
	if (!rc && p->policy == POLICY_REMOTE)
		rc = placement_remote_node(cpus[owner], node, e);
	else if (!rc)
		rc = placement_node_of(cpus[owner], node, e);
	free(cpus);
	return rc;
}

void pages_counts(size_t bytes, long long *total, long long *available)
{
	char path[160];

	*total = file_number(pool_file(bytes, -1, "nr_hugepages", path, sizeof(path)));
	*available = file_number(pool_file(bytes, -1, "free_hugepages", path, sizeof(path)));
}

/* So many pages of one node (node < 0: of any). */
static int take_from(const struct pool *pool, int node, unsigned int wanted, struct error *e)
{
	char total_file[160], free_file[160], value[32], where[32] = "";
	size_t bytes = pool->page.bytes;
	long long total, available;
	struct error ignored;

	pool_file(bytes, node, "nr_hugepages", total_file, sizeof(total_file));
	pool_file(bytes, node, "free_hugepages", free_file, sizeof(free_file));
	if (node >= 0)
		snprintf(where, sizeof(where), " on node %d", node);
	total = file_number(total_file);
	available = file_number(free_file);
	if (available >= wanted)
		return 0;
	if (!pool->may_reserve)
		return fail(
			e,
			"hugetlb-%zum: %u pages asked, %lld free%s: echo %lld | sudo tee %s, or "
			"--huge-pages reserve",
			bytes >> 20, wanted, available, where, total + wanted - available,
			total_file);
	snprintf(value, sizeof(value), "%lld", total);
	if (undo_note_write(e, total_file, value))
		return -1;
	snprintf(value, sizeof(value), "%lld", total + wanted - available);
	if (file_write(total_file, value, e))
		return -1;
	available = file_number(free_file);
	/* Memory that is in pieces may be moved together. */
	if (available < (long long)wanted &&
	    !file_write("/proc/sys/vm/compact_memory", "1", &ignored) &&
	    !file_write(total_file, value, &ignored))
		available = file_number(free_file);
	if (available >= wanted)
		return 0;
	return fail(
		e,
		"hugetlb-%zum: %u pages asked, %lld free%s after raising the pool to %s: memory is "
		"short or in pieces; free some ('echo 1 | sudo tee /proc/sys/vm/compact_memory'), "
		"ask for fewer workers, or boot with hugepagesz=%zuM hugepages=%u",
		bytes >> 20, wanted, available, where, value, bytes >> 20, wanted);
}

int pages_take(const struct pool *pool, struct error *e)
{
	unsigned int taken = 0;

	if (placement_node_count() < 2 || !pool->node)
		return take_from(pool, -1, pool->pages, e);
	for (unsigned int node = 0; taken < pool->pages; node++) {
		unsigned int wanted = 0;

		for (unsigned int i = 0; i < pool->pages; i++)
			wanted += pool->node[i] == node;
		taken += wanted;
		if (wanted && take_from(pool, node, wanted, e))
			return -1;
	}
	return 0;
}

int pages_mmap_flags(const struct page *page)
{
	if (page->kind != PAGE_HUGETLB)
		return 0;
	return MAP_HUGETLB | __builtin_ctzl(page->bytes) << MAP_HUGE_SHIFT;
}

/* Binds pages in a row that are of one node together. */
static int bind_pages(const struct pool *pool, char *memory, unsigned int first, unsigned int count,
		      struct error *e)
{
	unsigned int from = 0;

	if (!pool->node || placement_node_count() < 2)
		return 0;
	for (unsigned int i = 1; i <= count; i++) {
		if (i < count && pool->node[first + i] == pool->node[first + from])
			continue;
		if (placement_bind_memory(memory + from * pool->page.bytes,
					  (i - from) * pool->page.bytes, pool->node[first + from],
					  e))
			return -1;
		from = i;
	}
	return 0;
}

int pages_prepare(const struct pool *pool, char *memory, unsigned int first, unsigned int count,
		  struct error *e)
{
	size_t size = (size_t)count * pool->page.bytes;

	if (bind_pages(pool, memory, first, count, e))
		return -1;
	/* Refused where the kernel has no THP: for base pages that is as good. */
	if (pool->page.kind != PAGE_HUGETLB &&
	    madvise(memory, size, pool->page.kind == PAGE_BASE ? MADV_NOHUGEPAGE : MADV_HUGEPAGE) &&
	    pool->page.kind == PAGE_TRANSPARENT)
		return fail(e, "%s: advising the kernel to use huge pages: %s", pool->buffer->name,
			    strerror(errno));
	memset(memory, FILL_BYTE, size);
	return 0;
}

char *pages_anonymous(const struct pool *pool, unsigned int first, unsigned int count, int flags,
		      struct error *e)
{
	size_t bytes = pool->page.bytes, size = count * bytes, room = size + bytes, before;
	bool hugetlb = pool->page.kind == PAGE_HUGETLB;
	char *memory;

	/* hugetlb is aligned as it comes; else the room around is given back. */
	memory = mmap(NULL, hugetlb ? size : room, PROT_READ | PROT_WRITE,
		      MAP_ANONYMOUS | flags | pages_mmap_flags(&pool->page), -1, 0);
	if (memory == MAP_FAILED) {
		fail(e, "%s: mapping %u pages of %zu kB: %s", pool->buffer->name, count,
		     bytes >> 10, strerror(errno));
		return NULL;
	}
	if (!hugetlb) {
		before = -(uintptr_t)memory & (bytes - 1);
		if (before)
			munmap(memory, before);
		memory += before;
		if (room - before > size)
			munmap(memory + size, room - before - size);
	}
	return pages_prepare(pool, memory, first, count, e) ? NULL : memory;
}

char *pages_inherited(const struct pool *pool, unsigned int first, unsigned int count)
{
	char *memory = pool->memory + first * pool->page.bytes;

	for (size_t at = 0; at < count * pool->page.bytes; at += BASE_PAGE)
		*(volatile char *)(memory + at) = FILL_BYTE;
	return memory;
}
