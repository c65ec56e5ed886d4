/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker: one thread or process of the load, as its workload sees it. */
#ifndef PINSCALE_WORKER_H
#define PINSCALE_WORKER_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "error.h"
#include "mark.h"
#include "point.h"

#define CACHE_LINE 64

/*
 * One operation: which memory, and where in the target. The core has worked out
 * sharing, subpage, random places and all that before; a workload just goes
 * round and round the worker's steps. Those that are depth or fewer apart have
 * memory of their own, as far as there is room.
 */
struct step {
	char *memory;	/* point->block bytes, present and writable */
	off_t position; /* bytes; multiple of the block; 0 for workloads without a target */
};

struct latency;

/*
 * In memory that the trial shares with its workers, be they threads or
 * processes. Filled in by the core before setup(); a workload owns state.
 * Nothing in it is written by another task while the loop runs, but for stop,
 * once, at the end.
 */
struct worker {
	const struct point *point;
	unsigned int index;
	int cpu;
	int fd;		  /* the target, open for O_DIRECT; -1 without one */
	off_t start, end; /* its part of the target, bytes */
	const struct step *steps;
	unsigned int step_mask; /* their number less one: a power of two less one */
	char *const *pages; /* the huge pages (or base pages) that it uses, page_count of them */
	unsigned int page_count;
	const struct worker
		*first; /* all workers of the trial, by index: for workloads that pair up */
	void *state;
	struct latency *latency; /* NULL unless the sweep asks for latencies */
	struct error error;	 /* text[0] != 0: it failed */

	/* The worker's own cache line, which the sampling thread reads now and then. */
	_Alignas(CACHE_LINE) _Atomic uint64_t operations;
	_Atomic bool stop;
} __attribute__((aligned(CACHE_LINE)));

static inline bool worker_stopped(const struct worker *w)
{
	return atomic_load_explicit(&w->stop, memory_order_relaxed);
}

/*
 * Counts finished operations: a plain load and store, as only the worker writes,
 * and a mark for who counts instructions from outside.
 */
static inline void worker_count(struct worker *w, unsigned int operations)
{
	uint64_t n = atomic_load_explicit(&w->operations, memory_order_relaxed);

	atomic_store_explicit(&w->operations, n + operations, memory_order_relaxed);
	if (!operations)
		return;
	for (unsigned int i = 1; i < operations; i++)
		mark(MARK_MORE);
	mark(MARK_OPERATION);
}

/* Nanoseconds of the monotonic clock, for latencies. */
static inline uint64_t worker_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Records how long an operation took; only with w->latency. */
void worker_latency(struct worker *w, uint64_t nanoseconds);

#endif
