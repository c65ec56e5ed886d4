// SPDX-License-Identifier: GPL-3.0-or-later
/* libaio with O_DIRECT: depth operations in flight, each into a place of its own. */
#include <errno.h>
#include <libaio.h>
#include <stdlib.h>
#include <string.h>

#include "include/workload.h"

struct aio {
	io_context_t context;
	struct iocb *blocks; /* one an operation in flight */
	struct iocb **ready; /* those to submit next */
	struct io_event *events;
};

static void aio_teardown(struct worker *w)
{
	struct aio *aio = w->state;

	if (!aio)
		return;
	if (aio->context)
		io_destroy(aio->context);
	free(aio->blocks);
	free(aio->ready);
	free(aio->events);
	free(aio);
}

static int aio_setup(struct worker *w)
{
	const struct point *p = w->point;
	struct aio *aio = calloc(1, sizeof(*aio));
	int rc;

	w->state = aio;
	if (aio) {
		aio->blocks = calloc(p->depth, sizeof(*aio->blocks));
		aio->ready = calloc(p->depth, sizeof(struct iocb *));
		aio->events = calloc(p->depth, sizeof(*aio->events));
	}
	if (!aio || !aio->blocks || !aio->ready || !aio->events)
		return fail(&w->error, "aio: no memory for %u operations in flight", p->depth);
	rc = io_setup(p->depth, &aio->context);
	if (rc)
		return fail(&w->error,
			    "aio: io_setup for %u operations: %s; see fs.aio-nr, and raise "
			    "fs.aio-max-nr with sysctl if they are used up",
			    p->depth, strerror(-rc));
	for (unsigned int i = 0; i < p->depth; i++) {
		struct iocb *b = &aio->blocks[i];

		if (p->workload->writes)
			io_prep_pwrite(b, w->fd, w->slots[i], p->block, 0);
		else
			io_prep_pread(b, w->fd, w->slots[i], p->block, 0);
	}
	return 0;
}

/* Submits n ready operations, each at the next position. 0 or -1. */
static int submit(struct worker *w, struct aio *aio, size_t block, int n)
{
	for (int i = 0; i < n; i++)
		aio->ready[i]->u.c.offset = worker_advance(w, block);
	for (int done = 0; done < n;) {
		int rc = io_submit(aio->context, n - done, aio->ready + done);

		if (rc <= 0)
			return fail(&w->error, "aio: io_submit of %d operations: %s", n - done,
				    rc ? strerror(-rc) : "none was taken");
		done += rc;
	}
	return 0;
}

/* Waits for at least min operations and readies them again. Their number or -1. */
static int reap(struct worker *w, struct aio *aio, size_t block, int min)
{
	int n = io_getevents(aio->context, min, w->point->depth, aio->events, NULL);

	if (n < 0)
		return fail(&w->error, "aio: io_getevents: %s", strerror(-n));
	for (int i = 0; i < n; i++) {
		const struct io_event *event = &aio->events[i];

		if (event->res != block)
			return fail(&w->error, "aio: %zu bytes at %lld: %s", block,
				    (long long)event->obj->u.c.offset,
				    (long)event->res < 0 ? strerror(-(long)event->res) : "short");
		aio->ready[i] = event->obj;
	}
	worker_count(w, n);
	return n;
}

static void aio_loop(struct worker *w)
{
	const size_t block = w->point->block;
	struct aio *aio = w->state;
	int inflight = w->point->depth;
	int n = inflight;

	for (int i = 0; i < n; i++)
		aio->ready[i] = &aio->blocks[i];
	do {
		if (submit(w, aio, block, n))
			return;
		n = reap(w, aio, block, 1);
		if (n < 0)
			return;
	} while (!worker_stopped(w));
	for (inflight -= n; inflight > 0; inflight -= n) {
		n = reap(w, aio, block, 1);
		if (n < 0)
			return;
	}
}

static const struct workload aio_read_workload = {
	.name = "aio-read",
	.summary = "read with O_DIRECT by libaio, depth in flight",
	.pins = point_subpages,
	.setup = aio_setup,
	.loop = aio_loop,
	.teardown = aio_teardown,
};
REGISTER_WORKLOAD(aio_read_workload);

static const struct workload aio_write_workload = {
	.name = "aio-write",
	.summary = "write with O_DIRECT by libaio, depth in flight",
	.writes = true,
	.pins = point_subpages,
	.setup = aio_setup,
	.loop = aio_loop,
	.teardown = aio_teardown,
};
REGISTER_WORKLOAD(aio_write_workload);
