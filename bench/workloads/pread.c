// SPDX-License-Identifier: GPL-3.0-or-later
/* pread() with O_DIRECT: the kernel pins the buffer, and dirties it. */
#include <errno.h>
#include <string.h>

#include "include/system_call.h"
#include "include/workload.h"

/* Compiled twice: without latencies the loop reads no clock. */
static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const size_t block = w->point->block;
	const struct step *const steps = w->steps;
	const unsigned int mask = w->step_mask;
	const int fd = w->fd;

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		const struct step *s = &steps[i & mask];
		uint64_t start = timed ? worker_clock() : 0;
		ssize_t n = call_pread(fd, s->memory, block, s->position);

		if (n != (ssize_t)block) {
			fail(&w->error, "pread of %zu bytes at %lld: %s", block,
			     (long long)s->position, n < 0 ? strerror(errno) : "short");
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

static void pread_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
}

static const struct workload pread_workload = {
	.name = "pread",
	.summary = "read with O_DIRECT, one at a time",
	.pins = point_subpages,
	.loop = pread_loop,
};
REGISTER_WORKLOAD(pread_workload);
