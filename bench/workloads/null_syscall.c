// SPDX-License-Identifier: GPL-3.0-or-later
/* getppid(): what a system call costs that does nothing. It reads, and writes nothing shared. */
#include <sys/syscall.h>
#include <unistd.h>

#include "include/workload.h"

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	while (!worker_stopped(w)) {
		uint64_t start = timed ? worker_clock() : 0;

		/* It cannot fail. By syscall(): a C library may remember the answer. */
		syscall(SYS_getppid);
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

static void null_syscall_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
}

static const struct workload null_syscall_workload = {
	.name = "null-syscall",
	.summary = "getppid(): a system call, and no pages (a control)",
	.no_target = true,
	.no_buffer = true,
	.loop = null_syscall_loop,
};
REGISTER_WORKLOAD(null_syscall_workload);
