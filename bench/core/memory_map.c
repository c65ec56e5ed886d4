// SPDX-License-Identifier: GPL-3.0-or-later
#include "memory_map_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

void *memory_map_room(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return realloc(array, (count ? 2 * count : 1) * size);
}

int memory_map_no_room(struct error *e)
{
	return fail(e, "The map of the kernel's memory needs more memory than there is.");
}

int memory_map_add_slab(struct memory_map *m, const struct slab *s, struct error *e)
{
	struct slab *slabs = memory_map_room(m->slabs, m->count, sizeof(*slabs));

	if (!slabs)
		return memory_map_no_room(e);
	m->slabs = slabs;
	slabs[m->count++] = *s;
	return 0;
}

int memory_map_add_percpu(struct memory_map *m, const struct percpu *p, struct error *e)
{
	struct percpu *percpu = memory_map_room(m->percpu, m->percpus, sizeof(*percpu));

	if (!percpu)
		return memory_map_no_room(e);
	m->percpu = percpu;
	percpu[m->percpus++] = *p;
	return 0;
}

struct slab *memory_map_slab(const struct memory_map *m, uint64_t address)
{
	uint64_t pfn = (address - m->direct) / PAGE;
	size_t low = 0, high = m->count;

	if (address < m->direct)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->slabs[middle].first <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low && pfn - m->slabs[low - 1].first < m->slabs[low - 1].pages ? &m->slabs[low - 1]
									      : NULL;
}

/* A line that begins with word and a blank: what comes behind. Else NULL. */
static char *behind(char *line, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(line, word, length) && line[length] == ' ' ? line + length + 1 : NULL;
}

static bool take_number(const char *text, int base, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, base);
	return end != text && !*end && !errno;
}

/* Takes a line: 0, 1 if it is none that a map can have, or -1 with the error set. */
static int take_line(struct memory_map *m, char *line, struct error *e)
{
	struct percpu p;
	struct slab s = {.first = 0};
	int used = 0;
	char *rest;

	if ((rest = behind(line, "direct")))
		return !take_number(rest, 16, &m->direct);
	if ((rest = behind(line, "pages")))
		return !take_number(rest, 16, &m->pages);
	if ((rest = behind(line, "percpu-start")))
		return !take_number(rest, 16, &m->percpu_start);
	if ((rest = behind(line, "percpu-size")))
		return !take_number(rest, 10, &m->percpu_size);
	if ((rest = behind(line, "percpu"))) {
		if (sscanf(rest, "%d %" SCNx64 "%n", &p.cpu, &p.offset, &used) != 2 || rest[used] ||
		    p.cpu < 0)
			return 1;
		return memory_map_add_percpu(m, &p, e);
	}
	if ((rest = behind(line, "slab"))) {
		if (sscanf(rest, "%" SCNu64 " %" SCNu64 " %u %n", &s.first, &s.pages, &s.size,
			   &used) != 3 ||
		    !s.pages || !s.size || !rest[used])
			return 1;
		s.name = rest + used;
		return memory_map_add_slab(m, &s, e);
	}
	return 1;
}

/* The line that next begins with is cut out and returned; NULL: no whole one is left. */
static char *next_line(char **next)
{
	char *line = *next, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	*next = end + 1;
	return line;
}

static int take_text(struct memory_map *m, const char *path, struct error *e)
{
	char *next = m->text, *line = next_line(&next), *version;
	unsigned int n = 1;
	uint64_t number;
	int rc = 0;

	version = line ? behind(line, MAGIC) : NULL;
	if (!version)
		return fail(e, "%s is not a map of a kernel's memory.", path);
	if (!take_number(version, 10, &number) || number != VERSION)
		return fail(e,
			    "%s is a map of a kernel's memory of version %s; this pinscale reads "
			    "version %d. Read it with the pinscale that wrote it.",
			    path, version, VERSION);
	while (!rc && (line = next_line(&next))) {
		n++;
		rc = take_line(m, line, e);
	}
	if (rc > 0)
		return fail(e, "%s is damaged: line %u, '%.80s', is none of a map.", path, n, line);
	if (!rc && (!m->direct || !m->pages))
		return fail(e, "%s ends before it says where the kernel's memory begins.", path);
	return rc;
}

static int compare_slabs(const void *a, const void *b)
{
	const struct slab *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

struct memory_map *memory_map_read(const char *path, struct error *e)
{
	struct memory_map *m = calloc(1, sizeof(*m));

	if (!m) {
		memory_map_no_room(e);
		return NULL;
	}
	m->text = file_read(path, e);
	if (!m->text || take_text(m, path, e)) {
		memory_map_free(m);
		return NULL;
	}
	if (m->count)
		qsort(m->slabs, m->count, sizeof(*m->slabs), compare_slabs);
	return m;
}

void memory_map_free(struct memory_map *m)
{
	if (!m)
		return;
	free(m->text);
	free(m->percpu);
	free(m->slabs);
	free(m);
}

bool memory_map_find(const struct memory_map *m, uint64_t address, struct memory_place *p)
{
	const struct slab *s = memory_map_slab(m, address);

	*p = (struct memory_place){.cpu = -1, .percpu_offset = UINT64_MAX};
	if (s) {
		uint64_t offset = address - m->direct - s->first * PAGE;

		/* What is left of a slab behind its last object is no object. */
		if (offset / s->size >= s->pages * PAGE / s->size)
			return false;
		p->cache = s->name;
		p->object_size = s->size;
		p->offset = offset % s->size;
		return true;
	}
	for (size_t i = 0; i < m->percpus; i++) {
		uint64_t offset = address - m->percpu[i].offset;

		if (offset - m->percpu_start >= m->percpu_size)
			continue;
		p->cpu = m->percpu[i].cpu;
		p->percpu_offset = offset;
		return true;
	}
	return false;
}

uint64_t memory_map_direct(const struct memory_map *m)
{
	return m->direct;
}

uint64_t memory_map_pages(const struct memory_map *m)
{
	return m->pages;
}
