// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * mmap(), a touch of each page, munmap(), over and over. Threads fight for the
 * mmap_lock of their process: what a probe of locks has to see, if it sees any.
 * Processes have one each, and fight for nothing of the kind.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "include/workload.h"

/* Small, so that the lock is what counts, not clearing pages. */
#define PAGES 4

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const size_t size = PAGES * BASE_PAGE;

	while (!worker_stopped(w)) {
		uint64_t start = timed ? worker_clock() : 0;
		char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);

		if (memory == MAP_FAILED) {
			fail(&w->error, "mmap-storm: mmap of %zu bytes: %s", size, strerror(errno));
			return;
		}
		for (size_t at = 0; at < size; at += BASE_PAGE)
			*(volatile char *)(memory + at) = 1;
		munmap(memory, size);
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
	.summary = "map, touch, unmap: threads fight for mmap_lock (a control)",
	.no_target = true,
	.no_buffer = true,
	.loop = mmap_storm_loop,
};
REGISTER_WORKLOAD(mmap_storm_workload);
