/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A workload: what a worker repeats. One file in bench/workloads/. */
#ifndef PINSCALE_WORKLOAD_H
#define PINSCALE_WORKLOAD_H

#include "plugin.h"
#include "worker.h"

struct workload {
	const char *name;
	const char *summary; /* a line for "pinscale list" */
	bool writes;	     /* needs the target open for writing */

	/*
	 * Optional. NULL when it can run here at this point, else a sentence: why
	 * not, and what would help. The text is static.
	 */
	const char *(*unsupported)(const struct point *p);

	/*
	 * Optional. Pages that an operation pins, to check against /proc/vmstat;
	 * absent when that is not known.
	 */
	unsigned int (*pins)(const struct point *p);

	/*
	 * Optional. Run by the worker's thread on its CPU before the gate. 0, or
	 * -1 with w->error set. teardown() follows in both cases.
	 */
	int (*setup)(struct worker *w);

	/*
	 * Required. Repeats the operation until worker_stopped(), then finishes
	 * what is in flight. worker_count() after each, those in flight at the end
	 * included, so that counts an operation are exact. On an error it sets
	 * w->error and returns.
	 */
	void (*loop)(struct worker *w);

	/* Optional. Frees what setup() made. */
	void (*teardown)(struct worker *w);
};

PLUGIN_KIND(workload);
#define REGISTER_WORKLOAD(object) REGISTER_PLUGIN(workload, object)

#endif
