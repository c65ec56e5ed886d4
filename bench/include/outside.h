/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trial that another program does, as the workload that starts it sees it. */
#ifndef PINSCALE_OUTSIDE_H
#define PINSCALE_OUTSIDE_H

#include "worker.h"

/* What the program says of one of its workers. */
struct outside_worker {
	uint64_t operations; /* in its window */
	double window;	     /* seconds */
	double user, system; /* CPU time in it, seconds */
};

struct outside {
	/* Set by the core: */
	const struct point *point;
	const struct worker *workers; /* cpu, fd, start and end are what the program has to use */
	double warmup, window;	      /* seconds, as the sweep asks for */
	struct outside_worker *result;

	/* Set by run(), and *result, one a worker: */
	uint64_t total_operations; /* warm-up included: what probes count; 0 when it is not known */
};

#endif
