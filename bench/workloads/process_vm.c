// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * process_vm_readv() of a worker's own process: pin_user_pages_remote(), the slow
 * path under mmap_lock. With threads that lock is shared too, and hides the rest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "include/workload.h"

static void process_vm_teardown(struct worker *w)
{
	free(w->state);
}

static int process_vm_setup(struct worker *w)
{
	w->state = aligned_alloc(BASE_PAGE, (size_t)point_subpages(w->point) * BASE_PAGE);
	if (!w->state)
		return fail(&w->error, "process-vm: no memory to read into");
	memset(w->state, 0, w->point->block);
	return 0;
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const size_t block = w->point->block;
	const struct iovec into = {w->state, block};
	const pid_t pid = getpid();

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		struct iovec from = {w->steps[i & w->step_mask].memory, block};
		uint64_t start = timed ? worker_clock() : 0;
		ssize_t n = process_vm_readv(pid, &into, 1, &from, 1, 0);

		if (n != (ssize_t)block) {
			fail(&w->error, "process-vm: reading %zu bytes of itself: %s", block,
			     n < 0 ? strerror(errno) : "short");
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

static void process_vm_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
}

static const struct workload process_vm_workload = {
	.name = "process-vm",
	.summary = "process_vm_readv of itself: slow get_user_pages, under mmap_lock",
	.no_target = true,
	.pins = point_subpages,
	.setup = process_vm_setup,
	.loop = process_vm_loop,
	.teardown = process_vm_teardown,
};
REGISTER_WORKLOAD(process_vm_workload);
