// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Memory is mapped, touched and unmapped, over and over. Threads fight for the
 * mmap_lock of their process: what a probe for locks has to see. A positive control.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "include/workload.h"

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	enum { SIZE = 4 * BASE_PAGE };

	while (!worker_stopped(w)) {
		uint64_t start = timed ? worker_clock() : 0;
		char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);

		if (memory == MAP_FAILED) {
			fail(&w->error, "mmap-storm: mapping %d bytes: %s", SIZE, strerror(errno));
			return;
		}
		*(volatile char *)memory = 1;
		munmap(memory, SIZE);
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

static void mmap_storm_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
}

static const struct workload mmap_storm_workload = {
	.name = "mmap-storm",
	.summary = "mmap, touch, munmap: threads fight for mmap_lock, the positive control",
	.no_target = true,
	.no_buffer = true,
	.loop = mmap_storm_loop,
};
REGISTER_WORKLOAD(mmap_storm_workload);
