// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * vmsplice() of memory into a pipe, and splice() of the pipe to /dev/null: a
 * reference a page (FOLL_GET, not a pin) that is dropped as the pipe is emptied.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "include/workload.h"

struct plumbing {
	int pipe[2];
	int null;
};

static const char *vmsplice_unsupported(const struct point *p)
{
	/* fs.pipe-max-size is 1 MiB as the kernel comes. */
	if (p && p->block > 1 << 20)
		return "vmsplice: a pipe holds 1 MiB at most; use smaller blocks";
	return NULL;
}

static void vmsplice_teardown(struct worker *w)
{
	struct plumbing *p = w->state;

	if (!p)
		return;
	close(p->pipe[0]);
	close(p->pipe[1]);
	close(p->null);
	free(p);
}

static int vmsplice_setup(struct worker *w)
{
	struct plumbing *p = malloc(sizeof(*p));

	w->state = p;
	if (!p)
		return fail(&w->error, "vmsplice: no memory");
	*p = (struct plumbing){{-1, -1}, open("/dev/null", O_WRONLY | O_CLOEXEC)};
	if (p->null < 0 || pipe2(p->pipe, O_CLOEXEC))
		return fail(&w->error, "vmsplice: making a pipe: %s", strerror(errno));
	if (w->point->block > 16 * BASE_PAGE &&
	    fcntl(p->pipe[1], F_SETPIPE_SZ, (int)w->point->block) < 0)
		return fail(&w->error,
			    "vmsplice: a pipe of %zu bytes: %s; see fs.pipe-max-size and "
			    "fs.pipe-user-pages-soft",
			    w->point->block, strerror(errno));
	return 0;
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const struct plumbing *p = w->state;
	const size_t block = w->point->block;

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		struct iovec v = {w->steps[i & w->step_mask].memory, block};
		uint64_t start = timed ? worker_clock() : 0;
		ssize_t n = vmsplice(p->pipe[1], &v, 1, 0);

		if (n == (ssize_t)block)
			n = splice(p->pipe[0], NULL, p->null, NULL, block, 0);
		if (n != (ssize_t)block) {
			fail(&w->error, "vmsplice: %zu bytes through a pipe: %s", block,
			     n < 0 ? strerror(errno) : "short");
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

static void vmsplice_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
}

static const struct workload vmsplice_workload = {
	.name = "vmsplice",
	.summary = "memory into a pipe and out of it: a get and put a page, for a whole block",
	.no_target = true,
	.unsupported = vmsplice_unsupported,
	.setup = vmsplice_setup,
	.loop = vmsplice_loop,
	.teardown = vmsplice_teardown,
};
REGISTER_WORKLOAD(vmsplice_workload);
