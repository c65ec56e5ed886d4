// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A futex that nobody waits on is woken by a key that processes share: the
 * kernel takes a reference to its page by get_user_pages and drops it again. A
 * pure get and put.
 */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "include/workload.h"

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	for (unsigned int i = 0; !worker_stopped(w); i++) {
		char *memory = w->steps[i & w->step_mask].memory;
		uint64_t start = timed ? worker_clock() : 0;

		/* Without FUTEX_PRIVATE_FLAG: that key would be the address alone. */
		if (syscall(SYS_futex, memory, FUTEX_WAKE, 1, NULL, NULL, 0) < 0) {
			fail(&w->error, "futex-wake: waking a futex: %s", strerror(errno));
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

static void futex_wake_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
}

static const struct workload futex_wake_workload = {
	.name = "futex-wake",
	.summary = "wake a shared futex that nobody waits on: a pure get and put of its page",
	.no_target = true,
	.loop = futex_wake_loop,
};
REGISTER_WORKLOAD(futex_wake_workload);
