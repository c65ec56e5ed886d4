/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A workload: what a worker repeats. One file in bench/workloads/. */
#ifndef PINSCALE_WORKLOAD_H
#define PINSCALE_WORKLOAD_H

#include "plugin.h"
#include "worker.h"

struct outside;

struct workload {
	const char *name;
	const char *summary; /* a line for "pinscale list" */
	bool writes;	     /* needs the target open for writing */
	bool no_target;	     /* does no I/O: the point has the target "none" */
	bool no_buffer;	     /* needs no memory: it gets base pages, and does not care */

	/*
	 * Optional. The name of the workload that this one is a reference for: the same
	 * operation by other means, to compare with. They are measured one after the other.
	 */
	const char *reference_for;

	/*
	 * Optional. NULL when it can run here at all (p NULL) or at this point, else
	 * a sentence: why not, and what would help. The text is static.
	 */
	const char *(*unsupported)(const struct point *p);

	/*
	 * Optional. Pages that an operation pins with FOLL_PIN in kernels since 6.5,
	 * to check against /proc/vmstat; absent when that is not known.
	 */
	unsigned int (*pins)(const struct point *p);

	/*
	 * Optional. Run once a point in the controlling process, as root, before its
	 * first trial: raises system-wide limits that the point needs, each noted with
	 * undo_note() before (core/undo.h). 0 or -1.
	 */
	int (*prepare)(const struct point *p, struct error *e);

	/*
	 * Optional. Run by the worker's task on its CPU before the gate. 0, or -1
	 * with w->error set. teardown() follows in both cases.
	 */
	int (*setup)(struct worker *w);

	/*
	 * Required, but for run(). Repeats the operation until worker_stopped(), then finishes
	 * what is in flight. worker_count() after each, those in flight at the end
	 * included, so that counts an operation are exact. With w->latency it also
	 * calls worker_latency() for each; without, it reads no clock. On an error
	 * it sets w->error and returns.
	 */
	void (*loop)(struct worker *w);

	/* Optional. Frees what setup() made. */
	void (*teardown)(struct worker *w);

	/*
	 * Instead of loop(): another program does the whole trial, warm-up and all
	 * (include/outside.h). Called once, in the trial's process, between begin() and
	 * end() of the probes. The workers wait meanwhile, set up but without memory. 0 or -1.
	 */
	int (*run)(struct outside *o, struct error *e);
};

PLUGIN_KIND(workload);
#define REGISTER_WORKLOAD(object) REGISTER_PLUGIN(workload, object)

#endif
