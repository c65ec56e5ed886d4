// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * process_vm_readv() from the worker's own process: the kernel pins the pages by
 * the slow way (pin_user_pages_remote()), with mmap_lock held for reading, copies
 * them into a private place, and unpins them. Threads share mmap_lock and the
 * mm_struct's user count, whatever their pages: only processes tell the pages'
 * part alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "include/workload.h"

static const char *process_vm_unsupported(const struct point *p)
{
	char from = 0, to;
	struct iovec local = {.iov_base = &to, .iov_len = 1};
	struct iovec remote = {.iov_base = &from, .iov_len = 1};

	(void)p;
	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1)
		return NULL;
	return errno == ENOSYS
		       ? "process-vm: the kernel has no process_vm_readv(): it needs "
			 "CONFIG_CROSS_MEMORY_ATTACH"
		       : "process_vm_readv() is refused: a seccomp filter (of a container?) "
			 "is in the way; run it outside";
}

static int process_vm_setup(struct worker *w)
{
	const size_t block = w->point->block;

	w->state = aligned_alloc(BASE_PAGE, block);
	if (!w->state)
		return fail(&w->error, "process-vm: no memory for a copy of %zu bytes", block);
	/* Present: the loop is not to measure page faults. */
	memset(w->state, FILL_BYTE, block);
	return 0;
}

static void process_vm_teardown(struct worker *w)
{
	free(w->state);
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const size_t block = w->point->block;
	const struct step *const steps = w->steps;
	const unsigned int mask = w->step_mask;
	const struct iovec local = {.iov_base = w->state, .iov_len = block};
	/* The thread's own number: that of the process would have all threads count its task. */
	const pid_t self = syscall(SYS_gettid);

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		struct iovec remote = {.iov_base = steps[i & mask].memory, .iov_len = block};
		uint64_t start = timed ? worker_clock() : 0;
		ssize_t n = process_vm_readv(self, &local, 1, &remote, 1, 0);

		if (n != (ssize_t)block) {
			fail(&w->error, "process_vm_readv of %zu bytes: %s", block,
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
	.summary = "read own memory by process_vm_readv(): the slow way to pin, under mmap_lock",
	.no_target = true,
	.unsupported = process_vm_unsupported,
	.pins = point_subpages,
	.setup = process_vm_setup,
	.loop = process_vm_loop,
	.teardown = process_vm_teardown,
};
REGISTER_WORKLOAD(process_vm_workload);
