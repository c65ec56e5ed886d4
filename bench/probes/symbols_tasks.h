/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which processes are the suite's own: this one, and those that descend from it. */
#ifndef PINSCALE_SYMBOLS_TASKS_H
#define PINSCALE_SYMBOLS_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct task {
	pid_t pid, parent;
};

struct tasks {
	struct task *list;
	size_t count, room;
	bool no_memory;
	pid_t last; /* what was asked last, which is asked again most of the time */
	bool last_own;
};

/* A process that began or ended has that parent. */
void tasks_add(struct tasks *t, pid_t pid, pid_t parent);

/* Asks /proc for those that have not been added: they have to be there still. */
bool tasks_own(struct tasks *t, pid_t pid);
void tasks_free(struct tasks *t);

#endif
