// SPDX-License-Identifier: GPL-3.0-or-later
/* getppid(): what a system call costs, and the loop around it. A control. */
#include <sys/syscall.h>
#include <unistd.h>

#include "include/workload.h"

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	while (!worker_stopped(w)) {
		uint64_t start = timed ? worker_clock() : 0;

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

static unsigned int no_pins(const struct point *p)
{
	(void)p;
	return 0;
}

static const struct workload null_syscall_workload = {
	.name = "null-syscall",
	.summary = "getppid: what a system call costs; nothing is shared",
	.no_target = true,
	.no_buffer = true,
	.pins = no_pins,
	.loop = null_syscall_loop,
};
REGISTER_WORKLOAD(null_syscall_workload);
