// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The floor under pread: the least code that reads with O_DIRECT, one block of
 * memory, round and round one MiB. What pread costs more is our own doing.
 */
#include <errno.h>
#include <string.h>

#include "include/system_call.h"
#include "include/workload.h"

#define REGION (1 << 20)

/* Operations between two looks at the stop flag: some tens of microseconds. */
#define ROUND 32

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const size_t block = w->point->block;
	char *const memory = w->steps[0].memory;
	const off_t part = w->end - w->start, region = part < REGION ? part : REGION;
	const off_t start = w->start, end = start + region / block * block;
	const int fd = w->fd;
	off_t position = start;

	while (!worker_stopped(w)) {
		for (int i = 0; i < ROUND; i++) {
			uint64_t before = timed ? worker_clock() : 0;
			ssize_t n = call_pread(fd, memory, block, position);

			if (n != (ssize_t)block) {
				fail(&w->error, "pread of %zu bytes at %lld: %s", block,
				     (long long)position, n < 0 ? strerror(errno) : "short");
				return;
			}
			if (timed)
				worker_latency(w, worker_clock() - before);
			position += block;
			if (position == end)
				position = start;
		}
		worker_count(w, ROUND);
	}
}

static void bare_pread_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
}

static const struct workload bare_pread_workload = {
	.name = "bare-pread",
	.summary = "the least loop around the call: what pread is compared with",
	.reference_for = "pread",
	.pins = point_subpages,
	.loop = bare_pread_loop,
};
REGISTER_WORKLOAD(bare_pread_workload);
