// SPDX-License-Identifier: GPL-3.0-or-later
/* pread() with O_DIRECT: the kernel pins the buffer, and dirties it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "include/workload.h"

static void pread_loop(struct worker *w)
{
	const size_t block = w->point->block;
	char *const memory = w->slots[0];

	while (!worker_stopped(w)) {
		off_t position = worker_advance(w, block);
		ssize_t n = pread(w->fd, memory, block, position);

		if (n != (ssize_t)block) {
			fail(&w->error, "pread of %zu bytes at %lld: %s", block,
			     (long long)position, n < 0 ? strerror(errno) : "short");
			return;
		}
		worker_count(w, 1);
	}
}

static const struct workload pread_workload = {
	.name = "pread",
	.summary = "read with O_DIRECT, one at a time",
	.pins = point_subpages,
	.loop = pread_loop,
};
REGISTER_WORKLOAD(pread_workload);
