// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A slot of io_uring's registered buffers, updated over and over: each time the
 * new memory is pinned and the old let go. A pure pin and unpin, without I/O.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "core/ring.h"
#include "include/workload.h"

struct registration {
	struct io_uring ring;
	bool open;
};

static int update(struct io_uring *ring, char *memory, size_t size)
{
	struct iovec piece = {.iov_base = memory, .iov_len = size};
	__u64 tag = 0;

	return io_uring_register_buffers_update_tag(ring, 0, &piece, &tag, 1);
}

static const char *uring_register_unsupported(const struct point *p)
{
	static char reason[160];
	static char page[BASE_PAGE] __attribute__((aligned(BASE_PAGE)));
	const char *why = ring_unsupported();
	struct io_uring ring;
	int rc;

	(void)p;
	if (why || io_uring_queue_init(1, &ring, 0))
		return why;
	rc = io_uring_register_buffers_sparse(&ring, 1);
	if (!rc)
		rc = update(&ring, page, sizeof(page));
	/* Let go at once: a ring goes by and by, after its exit, and that may be in a trial. */
	io_uring_unregister_buffers(&ring);
	io_uring_queue_exit(&ring);
	if (!rc || rc == 1)
		return NULL;
	snprintf(reason, sizeof(reason), "uring-register: updating a registered buffer: %s%s",
		 strerror(-rc),
		 rc == -EINVAL	 ? "; it needs Linux 5.19 or later"
		 : rc == -EPERM	 ? "; see the container's seccomp filter"
		 : rc == -ENOMEM ? "; see 'ulimit -l'"
				 : "");
	return reason;
}

static void uring_register_teardown(struct worker *w)
{
	struct registration *r = w->state;

	/* As above. */
	if (r && r->open) {
		io_uring_unregister_buffers(&r->ring);
		io_uring_queue_exit(&r->ring);
	}
	free(r);
}

static int uring_register_setup(struct worker *w)
{
	struct registration *r = calloc(1, sizeof(*r));
	int rc;

	w->state = r;
	if (!r)
		return fail(&w->error, "uring-register: no memory");
	if (ring_open(&r->ring, 1, &w->error))
		return -1;
	r->open = true;
	rc = io_uring_register_buffers_sparse(&r->ring, 1);
	/* From the first operation on there is something to let go. */
	if (!rc)
		rc = update(&r->ring, w->steps[0].memory, w->point->block);
	return rc < 0 ? fail(&w->error,
			     "uring-register: registering a buffer: %s; see RLIMIT_MEMLOCK "
			     "('ulimit -l')",
			     strerror(-rc))
		      : 0;
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const size_t block = w->point->block;
	struct registration *r = w->state;

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		uint64_t start = timed ? worker_clock() : 0;
		int rc = update(&r->ring, w->steps[i & w->step_mask].memory, block);

		if (rc < 0) {
			fail(&w->error, "uring-register: updating a buffer of %zu bytes: %s", block,
			     strerror(-rc));
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

static void uring_register_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
}

static const struct workload uring_register_workload = {
	.name = "uring-register",
	.summary = "update a registered buffer of io_uring: a pure pin and unpin",
	.no_target = true,
	.unsupported = uring_register_unsupported,
	.pins = point_subpages,
	.setup = uring_register_setup,
	.loop = uring_register_loop,
	.teardown = uring_register_teardown,
};
REGISTER_WORKLOAD(uring_register_workload);
