// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * io_uring with O_DIRECT, depth operations in flight. On devices that cannot
 * say "would block" (zram and other bio-based ones) the kernel hands the
 * operations to worker threads of its own (io-wq): then these are measured too.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "core/ring.h"
#include "include/workload.h"

/* The kernel takes buffers of up to this size each. */
#define BUFFER_MOST (1ull << 30)

struct uring {
	struct io_uring ring;
	uint64_t *starts; /* of each step, ns, with latencies */
	bool open, buffers;
};

static const char *uring_unsupported(const struct point *p)
{
	(void)p;
	return ring_unsupported();
}

static void uring_teardown(struct worker *w)
{
	struct uring *u = w->state;

	if (!u)
		return;
	/*
	 * A ring goes by and by, after its exit; buffers that are taken off it before
	 * are let go at once, and not in the next trial.
	 */
	if (u->buffers)
		io_uring_unregister_buffers(&u->ring);
	if (u->open)
		io_uring_queue_exit(&u->ring);
	free(u->starts);
	free(u);
}

static int uring_setup(struct worker *w)
{
	struct uring *u = calloc(1, sizeof(*u));
	int rc;

	w->state = u;
	if (u && w->latency)
		u->starts = calloc(w->step_mask + 1, sizeof(*u->starts));
	if (!u || (w->latency && !u->starts))
		return fail(&w->error, "io_uring: no memory for a ring of %u operations",
			    w->point->depth);
	if (ring_open(&u->ring, w->point->depth, &w->error))
		return -1;
	u->open = true;
	rc = io_uring_register_files(&u->ring, &w->fd, 1);
	return rc ? fail(&w->error, "io_uring: registering the file: %s", strerror(-rc)) : 0;
}

/* Registers the worker's pages, in pieces that are as large as the kernel takes. */
static int fixed_setup(struct worker *w)
{
	size_t size = w->page_count * w->point->page.bytes;
	unsigned int count = (size + BUFFER_MOST - 1) / BUFFER_MOST;
	struct iovec *pieces = calloc(count, sizeof(*pieces));
	struct uring *u;
	int rc;

	if (!pieces)
		return fail(&w->error, "uring-fixed: no memory for %u buffers", count);
	rc = uring_setup(w);
	u = w->state;
	for (unsigned int i = 0; i < count && !rc; i++) {
		pieces[i].iov_base = w->pages[0] + i * BUFFER_MOST;
		pieces[i].iov_len = size - i * BUFFER_MOST;
		if (pieces[i].iov_len > BUFFER_MOST)
			pieces[i].iov_len = BUFFER_MOST;
	}
	if (!rc) {
		rc = io_uring_register_buffers(&u->ring, pieces, count);
		if (rc)
			fail(&w->error,
			     "uring-fixed: registering %zu KiB of buffers: %s; see RLIMIT_MEMLOCK "
			     "('ulimit -l')",
			     size >> 10, strerror(-rc));
		u->buffers = !rc;
	}
	free(pieces);
	return rc ? -1 : 0;
}

/* What the workloads of this file do differently; known when the loop is compiled. */
struct how {
	int opcode;
	bool fixed;
	bool timed;
};

/* Puts n operations into the ring, each with the next step. */
static inline __attribute__((always_inline)) void prepare(struct worker *w, struct uring *u,
							  unsigned int *next, unsigned int n,
							  size_t block, struct how how)
{
	uint64_t now = how.timed ? worker_clock() : 0;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int at = (*next)++ & w->step_mask;
		const struct step *s = &w->steps[at];
		struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

		io_uring_prep_rw(how.opcode, sqe, 0, s->memory, block, s->position);
		sqe->flags = IOSQE_FIXED_FILE;
		sqe->user_data = at;
		if (how.fixed)
			sqe->buf_index = (s->memory - w->pages[0]) / BUFFER_MOST;
		if (how.timed)
			u->starts[at] = now;
	}
}

/* Takes what is done. How many that was, or -1. */
static inline __attribute__((always_inline)) int reap(struct worker *w, struct uring *u,
						      size_t block, struct how how)
{
	uint64_t now = how.timed ? worker_clock() : 0;
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	io_uring_for_each_cqe(&u->ring, head, cqe)
	{
		if (cqe->res != (int)block)
			return fail(&w->error, "io_uring: %zu bytes at %lld: %s", block,
				    (long long)w->steps[cqe->user_data].position,
				    cqe->res < 0 ? strerror(-cqe->res) : "short");
		if (how.timed)
			worker_latency(w, now - u->starts[cqe->user_data]);
		n++;
	}
	io_uring_cq_advance(&u->ring, n);
	worker_count(w, n);
	return n;
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, struct how how)
{
	const size_t block = w->point->block;
	struct uring *u = w->state;
	unsigned int next = 0;
	int inflight = w->point->depth, n = inflight;
	/* Waking for every single one costs a tenth to a fifth of the rate. */
	const int batch = inflight < 4 ? 1 : inflight / 4;

	while (inflight) {
		int rc, wait = batch < inflight ? batch : inflight;

		if (n)
			prepare(w, u, &next, n, block, how);
		rc = io_uring_submit_and_wait(&u->ring, wait);
		if (rc < 0 && rc != -EINTR) {
			fail(&w->error, "io_uring: submitting %d operations: %s", n, strerror(-rc));
			return;
		}
		n = reap(w, u, block, how);
		if (n < 0)
			return;
		if (worker_stopped(w)) {
			inflight -= n;
			n = 0;
		}
	}
}

static void read_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, (struct how){.opcode = IORING_OP_READ, .timed = true});
	else
		repeat(w, (struct how){.opcode = IORING_OP_READ});
}

static void write_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, (struct how){.opcode = IORING_OP_WRITE, .timed = true});
	else
		repeat(w, (struct how){.opcode = IORING_OP_WRITE});
}

static void fixed_loop(struct worker *w)
{
	if (w->latency)
		repeat(w,
		       (struct how){.opcode = IORING_OP_READ_FIXED, .fixed = true, .timed = true});
	else
		repeat(w, (struct how){.opcode = IORING_OP_READ_FIXED, .fixed = true});
}

/* The pages were pinned when they were registered. */
static unsigned int no_pins(const struct point *p)
{
	(void)p;
	return 0;
}

static const struct workload uring_read_workload = {
	.name = "uring-read",
	.summary = "read with O_DIRECT by io_uring, depth in flight",
	.unsupported = uring_unsupported,
	.pins = point_subpages,
	.setup = uring_setup,
	.loop = read_loop,
	.teardown = uring_teardown,
};
REGISTER_WORKLOAD(uring_read_workload);

static const struct workload uring_write_workload = {
	.name = "uring-write",
	.summary = "write with O_DIRECT by io_uring, depth in flight",
	.writes = true,
	.unsupported = uring_unsupported,
	.pins = point_subpages,
	.setup = uring_setup,
	.loop = write_loop,
	.teardown = uring_teardown,
};
REGISTER_WORKLOAD(uring_write_workload);

static const struct workload uring_fixed_workload = {
	.name = "uring-fixed",
	.summary = "read by io_uring into registered buffers: the null control, no page reference",
	.unsupported = uring_unsupported,
	.pins = no_pins,
	.setup = fixed_setup,
	.loop = fixed_loop,
	.teardown = uring_teardown,
};
REGISTER_WORKLOAD(uring_fixed_workload);
