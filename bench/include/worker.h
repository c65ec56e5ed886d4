/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker: one thread of the load, as its workload sees it. */
#ifndef PINSCALE_WORKER_H
#define PINSCALE_WORKER_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "point.h"

#define CACHE_LINE 64

/*
 * Filled in by the core before setup(); a workload owns state, and may change
 * position. Nothing in it is written by another thread while the loop runs, but
 * for stop, once, at the end.
 */
struct worker {
	const struct point *point;
	unsigned int index;
	int cpu;
	int fd;		    /* open for O_DIRECT */
	off_t start, end;   /* its part of the target, bytes; multiples of the block */
	off_t position;	    /* of the next operation, in [start, end) */
	char *const *slots; /* point->depth places in memory, one an operation in flight */
	void *state;
	struct error error; /* text[0] != 0: it failed */

	/* The worker's own cache line, which the sampling thread reads now and then. */
	_Alignas(CACHE_LINE) _Atomic uint64_t operations;
	_Atomic bool stop;
} __attribute__((aligned(CACHE_LINE)));

static inline bool worker_stopped(const struct worker *w)
{
	return atomic_load_explicit(&w->stop, memory_order_relaxed);
}

/* Counts finished operations: a plain load and store, as only the worker writes. */
static inline void worker_count(struct worker *w, unsigned int operations)
{
	uint64_t n = atomic_load_explicit(&w->operations, memory_order_relaxed);

	atomic_store_explicit(&w->operations, n + operations, memory_order_relaxed);
}

/* Where the next operation goes: on through the worker's part, and around. */
static inline off_t worker_advance(struct worker *w, size_t block)
{
	off_t position = w->position;
	off_t next = position + (off_t)block;

	w->position = next < w->end ? next : w->start;
	return position;
}

#endif
