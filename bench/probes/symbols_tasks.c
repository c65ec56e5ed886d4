// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols_tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"

/* No process of the suite is further from it. */
#define GENERATIONS 16

void tasks_add(struct tasks *t, pid_t pid, pid_t parent)
{
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 64;
		struct task *more = reallocarray(t->list, room, sizeof(*more));

		if (!more) {
			t->no_memory = true;
			return;
		}
		t->list = more;
		t->room = room;
	}
	t->list[t->count++] = (struct task){pid, parent};
}

/* "pid (any name) state parent ..."; 0 if there is no such process. */
static pid_t parent_in_proc(pid_t pid)
{
	char path[64], line[512], *name_end, state;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	name_end = strrchr(file_line(path, line, sizeof(line)), ')');
	return name_end && sscanf(name_end, ") %c %d", &state, &parent) == 2 ? parent : 0;
}

/* What the first record of it said, for one that ends late has another parent by then. */
static pid_t parent_of(struct tasks *t, pid_t pid)
{
	pid_t parent;

	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].pid == pid)
			return t->list[i].parent;
	parent = parent_in_proc(pid);
	tasks_add(t, pid, parent);
	return parent;
}

bool tasks_own(struct tasks *t, pid_t pid)
{
	pid_t self = getpid(), at = pid;

	if (pid == t->last)
		return t->last_own;
	for (int i = 0; i < GENERATIONS && at > 1 && at != self; i++)
		at = parent_of(t, at);
	t->last = pid;
	t->last_own = at == self;
	return t->last_own;
}

void tasks_free(struct tasks *t)
{
	free(t->list);
	*t = (struct tasks){0};
}
