// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * futex(FUTEX_WAKE) on a shared key, with nobody who waits: the kernel looks up
 * the page to name the key, by get_user_pages_fast() with FOLL_GET, and drops it
 * again. One reference taken, one dropped, and next to nothing else.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "include/workload.h"

/* Not FUTEX_PRIVATE_FLAG: a private key is the address, and takes no page. */
static inline long wake(void *word)
{
	return syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static const char *futex_unsupported(const struct point *p)
{
	uint32_t word = 0;

	(void)p;
	return wake(&word) < 0
		       ? "futex-wake: futex() is refused: the kernel has no CONFIG_FUTEX, or a seccomp "
			 "filter (of a container?) is in the way; run it outside"
		       : NULL;
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const struct step *const steps = w->steps;
	const unsigned int mask = w->step_mask;

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		uint64_t start = timed ? worker_clock() : 0;
		long n = wake(steps[i & mask].memory);

		if (n) {
			fail(&w->error, "futex-wake: %s",
			     n < 0 ? strerror(errno) : "somebody waited, who should not be there");
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

static void futex_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
}

static const struct workload futex_workload = {
	.name = "futex-wake",
	.summary = "wake nobody on a shared futex: a page reference taken and dropped",
	.no_target = true,
	.unsupported = futex_unsupported,
	.loop = futex_loop,
};
REGISTER_WORKLOAD(futex_workload);
