/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What else a trial's figure depends on: how near the CPUs are, how fast, and who else uses them.
 */
#ifndef PINSCALE_COVARIATE_H
#define PINSCALE_COVARIATE_H

#include <stdatomic.h>
#include <stdint.h>

#include "include/error.h"
#include "include/worker.h"

/* Nanoseconds of the monotonic clock. */
uint64_t clock_ns(void);

/* Nanoseconds of a step of dependent arithmetic on this CPU; takes a fraction of a millisecond. */
double compute_ns(void);

/* A cache line that two threads pass to and fro. Zero at the start. */
struct pingpong {
	_Alignas(CACHE_LINE) _Atomic uint32_t turn;
};

/*
 * Played by two threads at a time, side 0 and side 1. Side 0 returns the
 * nanoseconds of one way, side 1 returns 0. Takes a few milliseconds at most.
 */
double pingpong_ns(struct pingpong *p, int side);

/* CPU time of the whole system since boot, seconds, from /proc/stat. */
struct cpu_time {
	double busy;
	double steal;
	uint64_t at; /* clock_ns() */
};

int cpu_time_read(struct cpu_time *t, struct error *e);

#endif
