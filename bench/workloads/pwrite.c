// SPDX-License-Identifier: GPL-3.0-or-later
/* pwrite() with O_DIRECT: the kernel pins the buffer, and only reads it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "include/workload.h"

static void pwrite_loop(struct worker *w)
{
	const size_t block = w->point->block;
	char *const memory = w->slots[0];

	while (!worker_stopped(w)) {
		off_t position = worker_advance(w, block);
		ssize_t n = pwrite(w->fd, memory, block, position);

		if (n != (ssize_t)block) {
			fail(&w->error, "pwrite of %zu bytes at %lld: %s", block,
			     (long long)position, n < 0 ? strerror(errno) : "short");
			return;
		}
		worker_count(w, 1);
	}
}

static const struct workload pwrite_workload = {
	.name = "pwrite",
	.summary = "write with O_DIRECT, one at a time",
	.writes = true,
	.pins = point_subpages,
	.loop = pwrite_loop,
};
REGISTER_WORKLOAD(pwrite_workload);
