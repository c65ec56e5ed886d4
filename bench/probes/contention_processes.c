// SPDX-License-Identifier: GPL-3.0-or-later
/* This process and its descendants, from /proc. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contention_parts.h"
#include "core/file.h"

struct process {
	pid_t number, parent;
	bool ours;
};

struct process_list {
	struct process *list;
	size_t count, room;
};

/* Its parent, or 0 when it has ended meanwhile. */
static pid_t parent_of(const char *process)
{
	char path[64], line[512], *name_end;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", process);
	file_line(path, line, sizeof(line));
	/* The name before it may have anything in it, this parenthesis too. */
	name_end = strrchr(line, ')');
	if (name_end)
		sscanf(name_end + 1, " %*c %d", &parent);
	return parent;
}

static int add(struct process_list *l, const char *process, struct error *e)
{
	pid_t number = atoi(process);

	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 256;
		struct process *list = realloc(l->list, room * sizeof(*list));

		if (!list)
			return fail(e, "contention: No memory for %zu processes of /proc.", room);
		l->list = list;
		l->room = room;
	}
	l->list[l->count++] = (struct process){number, parent_of(process), number == getpid()};
	return 0;
}

static int read_processes(struct process_list *l, struct error *e)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	int rc = 0;

	if (!d)
		return fail(e, "contention: opening /proc, to find the workers: %s; mount it",
			    strerror(errno));
	while (!rc && (entry = readdir(d))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			rc = add(l, entry->d_name, e);
	}
	closedir(d);
	return rc;
}

static bool is_ours(const struct process_list *l, pid_t number)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->list[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->count && l->list[low].number == number && l->list[low].ours;
}

static int by_number(const void *a, const void *b)
{
	const struct process *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

/* Again until there are no more: numbers wrap, so a parent's need not be the smaller. */
static void mark_descendants(struct process_list *l)
{
	bool found = true;

	qsort(l->list, l->count, sizeof(*l->list), by_number);
	while (found) {
		found = false;
		for (size_t i = 0; i < l->count; i++) {
			struct process *p = &l->list[i];

			if (p->ours || !is_ours(l, p->parent))
				continue;
			p->ours = found = true;
		}
	}
}

int contention_each_process(int (*take)(void *user, pid_t process), void *user, struct error *e)
{
	struct process_list l = {0};
	int rc = read_processes(&l, e);

	if (!rc)
		mark_descendants(&l);
	for (size_t i = 0; i < l.count && !rc; i++) {
		if (l.list[i].ours && take(user, l.list[i].number))
			rc = fail(e, "contention: noting process %d as one to watch: %s",
				  (int)l.list[i].number, strerror(errno));
	}
	free(l.list);
	return rc;
}
