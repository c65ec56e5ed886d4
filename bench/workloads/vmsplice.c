// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * vmsplice() into a pipe, which is then emptied into /dev/null. The kernel takes
 * the pages by iov_iter_get_pages(), 16 at a time, with FOLL_GET (a reference,
 * not a pin: /proc/vmstat does not count it), and drops them one by one when the
 * pipe is emptied. Splicing to /dev/null does just that; read() would copy too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "include/system_call.h"
#include "include/workload.h"

struct vmsplice {
	int pipe[2];
	int null;
};

static const char *vmsplice_unsupported(const struct point *p)
{
	(void)p;
	/* Of a file that is no pipe: EBADF where there is vmsplice(). */
	return vmsplice(-1, &(struct iovec){0}, 1, 0) < 0 && errno != EBADF
		       ? "vmsplice: vmsplice() is refused: a seccomp filter (of a container?) is in the way; "
			 "run it outside"
		       : NULL;
}

static void vmsplice_teardown(struct worker *w)
{
	struct vmsplice *v = w->state;

	if (!v)
		return;
	if (v->null >= 0)
		close(v->null);
	if (v->pipe[0] >= 0) {
		close(v->pipe[0]);
		close(v->pipe[1]);
	}
	free(v);
}

static int vmsplice_setup(struct worker *w)
{
	const size_t block = w->point->block;
	struct vmsplice *v = malloc(sizeof(*v));

	w->state = v;
	if (!v)
		return fail(&w->error, "vmsplice: no memory");
	*v = (struct vmsplice){.pipe = {-1, -1}, .null = open("/dev/null", O_WRONLY)};
	if (v->null < 0)
		return fail(&w->error, "vmsplice: opening /dev/null: %s", strerror(errno));
	if (pipe(v->pipe))
		return fail(&w->error,
			    "vmsplice: a pipe: %s; see 'ulimit -n' and fs.file-max, a worker has 3 "
			    "files",
			    strerror(errno));
	/* A place a page: a pipe that is too small would have one half wait for the other. */
	if (fcntl(v->pipe[0], F_GETPIPE_SZ) < (int)block &&
	    fcntl(v->pipe[0], F_SETPIPE_SZ, (int)block) < 0)
		return fail(&w->error,
			    "vmsplice: a pipe of %zu bytes: %s; raise fs.pipe-max-size with "
			    "sysctl, or be root",
			    block, strerror(errno));
	return 0;
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const struct vmsplice v = *(const struct vmsplice *)w->state;
	const size_t block = w->point->block;
	const struct step *const steps = w->steps;
	const unsigned int mask = w->step_mask;

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		struct iovec iovec = {.iov_base = steps[i & mask].memory, .iov_len = block};
		uint64_t start = timed ? worker_clock() : 0;
		ssize_t n = call_vmsplice(v.pipe[1], &iovec, 1);

		if (n != (ssize_t)block) {
			fail(&w->error, "vmsplice of %zu bytes: %s", block,
			     n < 0 ? strerror(errno) : "short");
			return;
		}
		n = call_splice(v.pipe[0], v.null, block);
		if (n != (ssize_t)block) {
			fail(&w->error, "vmsplice: splicing %zu bytes to /dev/null: %s", block,
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
	.summary = "put pages into a pipe, and drop them from there",
	.no_target = true,
	.unsupported = vmsplice_unsupported,
	.setup = vmsplice_setup,
	.loop = vmsplice_loop,
	.teardown = vmsplice_teardown,
};
REGISTER_WORKLOAD(vmsplice_workload);
