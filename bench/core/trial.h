/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trial: one timed window at one point, in a process of its own. */
#ifndef PINSCALE_TRIAL_H
#define PINSCALE_TRIAL_H

#include <jansson.h>
#include <stdbool.h>

#include "include/buffer.h"
#include "include/point.h"
#include "include/probe.h"
#include "include/target.h"

#define TRIAL_SLICES 100
#define TRIAL_PROBES 16

/* What a probe that runs apart may say besides numbers, bytes. */
#define TRIAL_DETAILS (256 * 1024)

struct trial_worker {
	int cpu;
	uint64_t operations;	     /* in the window */
	uint64_t total_operations;   /* from the gate to its last; not of an outside program */
	double user, system;	     /* seconds, in the loop */
	long involuntary, voluntary; /* context switches; not of an outside program */
	double compute[2];	     /* ns, before and after; 0 where it was not measured */
};

/* Quantiles of all operations' latencies, ns. */
struct trial_latency {
	uint64_t p50, p95, p99, p999, most;
};

/* Everything that a trial found out. In memory shared with its process. */
struct trial {
	/* Set by the caller: */
	const struct point *point;
	const struct pool *pool;
	const struct target_run *target;
	double window, warmup; /* seconds */
	unsigned int slices;
	bool latencies;
	unsigned int operations;   /* of each worker at least, instead of a window; 0: by time */
	const struct probe *apart; /* that watches this trial though it costs time; NULL: none */
	unsigned int number;	   /* of the trial, for who watches from outside (include/mark.h) */

	/* Set by trial_run(): */
	bool failed;
	struct error error;		 /* why, when it failed */
	double start_took;		 /* seconds until all workers were there */
	double window_took, warmup_took; /* seconds */
	uint64_t total_operations;	 /* of all workers; 0: not known */
	double slice_seconds[TRIAL_SLICES];
	uint64_t slice_operations[TRIAL_SLICES];
	double pingpong[2];	   /* ns one way, before and after; 0 with one worker */
	double foreign_cpu, steal; /* shares of all CPUs' time */
	struct trial_latency latency;
	struct error buffer_error; /* text[0] != 0: the memory was not what was asked for */
	char buffer_found[256];	   /* what pages_check() found, as JSON */
	char frames[8192];	   /* with operations: page frames of the memory, as JSON */
	unsigned int probes;
	struct probe_run probe[TRIAL_PROBES];
	char details[TRIAL_DETAILS];  /* of the probe that runs apart */
	struct trial_worker worker[]; /* point->workers of them */
};

/* Memory for a trial with so many workers at most, or NULL. */
struct trial *trial_alloc(unsigned int workers);
void trial_free(struct trial *t, unsigned int workers);

/*
 * Runs it in a fresh process, and waits. A trial that went wrong has failed set.
 * Returns 0, or -1 when a signal asked this program to end.
 */
int trial_run(struct trial *t);

/* The figures of a trial, as docs/JOURNAL.md has them. A new reference. */
json_t *trial_json(const struct trial *t);

#endif
