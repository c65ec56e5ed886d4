/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workers of a trial, threads or processes, and the memory that they share
 * with the trial's process: where they are bound, what they work on, and the
 * barriers at which all meet.
 */
#ifndef PINSCALE_CREW_H
#define PINSCALE_CREW_H

#include <pthread.h>

#include "covariate.h"
#include "include/worker.h"
#include "latency.h"
#include "trial.h"

struct crew {
	struct trial *t;
	unsigned int count;
	unsigned int cpus; /* that this process may use */
	struct worker *workers;
	struct latency *latencies;  /* one a worker, or NULL */
	struct pingpong *pingpong;  /* two: before and after */
	pthread_barrier_t *barrier; /* all workers and the trial's process */
	pthread_t *threads;	    /* or: */
	pid_t *processes;
	char *memory;	 /* of the whole pool, where workers share a mapping */
	bool *abandoned; /* a worker could not be set up */
};

/* Makes what the workers share, and maps the pool if they share it. 0, or -1 with t->error. */
int crew_prepare(struct crew *c, struct trial *t);

/* Starts them. 0, or -1 with t->error: then the process must end. */
int crew_start(struct crew *c);

/* Waits until all are at the next barrier. */
void crew_meet(struct crew *c);

/* Waits until all have ended. */
void crew_end(struct crew *c);

/* Has a worker failed? Then t->error says which and why. */
bool crew_failed(const struct crew *c);

#endif
