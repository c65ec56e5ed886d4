// SPDX-License-Identifier: GPL-3.0-or-later
/* libaio with O_DIRECT: depth operations in flight, each into a place of its own. */
#include <errno.h>
#include <libaio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/undo.h"
#include "include/workload.h"

#define MOST "/proc/sys/fs/aio-max-nr"

/* An operation in flight. */
struct flight {
	struct iocb block; /* first: events point to it */
	uint64_t start;	   /* ns, with latencies */
};

struct aio {
	io_context_t context;
	struct flight *flights;
	struct iocb **ready; /* those to submit next */
	struct io_event *events;
	unsigned int step;
};

/* The kernel counts in pages of its ring: a context of few events takes more than it asks for. */
static int aio_prepare(const struct point *p, struct error *e)
{
	long long used = file_number("/proc/sys/fs/aio-nr"), most = file_number(MOST);
	long long wanted = used + 4ll * p->workers * (p->depth + 256);
	char value[32];

	if (most < 0 || wanted <= most)
		return 0;
	snprintf(value, sizeof(value), "%lld", most);
	if (undo_note_write(e, MOST, value))
		return -1;
	snprintf(value, sizeof(value), "%lld", wanted);
	return file_write(MOST, value, e);
}

static void aio_teardown(struct worker *w)
{
	struct aio *aio = w->state;

	if (!aio)
		return;
	if (aio->context)
		io_destroy(aio->context);
	free(aio->flights);
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
		aio->flights = calloc(p->depth, sizeof(*aio->flights));
		aio->ready = calloc(p->depth, sizeof(struct iocb *));
		aio->events = calloc(p->depth, sizeof(*aio->events));
	}
	if (!aio || !aio->flights || !aio->ready || !aio->events)
		return fail(&w->error, "aio: no memory for %u operations in flight", p->depth);
	rc = io_setup(p->depth, &aio->context);
	if (rc)
		return fail(&w->error,
			    "aio: io_setup for %u operations: %s; see fs.aio-nr, and raise "
			    "fs.aio-max-nr with sysctl if they are used up",
			    p->depth, strerror(-rc));
	for (unsigned int i = 0; i < p->depth; i++) {
		if (p->workload->writes)
			io_prep_pwrite(&aio->flights[i].block, w->fd, NULL, p->block, 0);
		else
			io_prep_pread(&aio->flights[i].block, w->fd, NULL, p->block, 0);
	}
	return 0;
}

/* Submits n ready operations, each with the next step. 0 or -1. */
static inline __attribute__((always_inline)) int submit(struct worker *w, struct aio *aio, int n,
							bool timed)
{
	uint64_t now = timed ? worker_clock() : 0;

	for (int i = 0; i < n; i++) {
		const struct step *s = &w->steps[aio->step++ & w->step_mask];

		aio->ready[i]->u.c.buf = s->memory;
		aio->ready[i]->u.c.offset = s->position;
		if (timed)
			((struct flight *)aio->ready[i])->start = now;
	}
	for (int done = 0; done < n;) {
		int rc = io_submit(aio->context, n - done, aio->ready + done);

		if (rc <= 0)
			return fail(&w->error, "aio: io_submit of %d operations: %s", n - done,
				    rc ? strerror(-rc) : "none was taken");
		done += rc;
	}
	return 0;
}

/* Waits for at least one operation and readies those that are done again. Their number or -1. */
static inline __attribute__((always_inline)) int reap(struct worker *w, struct aio *aio,
						      size_t block, bool timed)
{
	int n = io_getevents(aio->context, 1, w->point->depth, aio->events, NULL);
	uint64_t now = timed ? worker_clock() : 0;

	if (n < 0)
		return fail(&w->error, "aio: io_getevents: %s", strerror(-n));
	for (int i = 0; i < n; i++) {
		const struct io_event *event = &aio->events[i];

		if (event->res != block)
			return fail(&w->error, "aio: %zu bytes at %lld: %s", block,
				    (long long)event->obj->u.c.offset,
				    (long)event->res < 0 ? strerror(-(long)event->res) : "short");
		if (timed)
			worker_latency(w, now - ((struct flight *)event->obj)->start);
		aio->ready[i] = event->obj;
	}
	worker_count(w, n);
	return n;
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const size_t block = w->point->block;
	struct aio *aio = w->state;
	int inflight = w->point->depth;
	int n = inflight;

	for (int i = 0; i < n; i++)
		aio->ready[i] = &aio->flights[i].block;
	do {
		if (submit(w, aio, n, timed))
			return;
		n = reap(w, aio, block, timed);
		if (n < 0)
			return;
	} while (!worker_stopped(w));
	for (inflight -= n; inflight > 0; inflight -= n) {
		n = reap(w, aio, block, timed);
		if (n < 0)
			return;
	}
}

static void aio_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
}

static const struct workload aio_read_workload = {
	.name = "aio-read",
	.summary = "read with O_DIRECT by libaio, depth in flight",
	.pins = point_subpages,
	.prepare = aio_prepare,
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
	.prepare = aio_prepare,
	.setup = aio_setup,
	.loop = aio_loop,
	.teardown = aio_teardown,
};
REGISTER_WORKLOAD(aio_write_workload);
