/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A probe: what is recorded of the kernel beside a trial. One file in bench/probes/. */
#ifndef PINSCALE_PROBE_H
#define PINSCALE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "mechanism.h"
#include "plugin.h"
#include "point.h"

#define PROBE_VALUES 8

/* A probe at one trial. Owned by the core, in memory shared with the controller. */
struct probe_run {
	const struct probe *probe;
	int64_t before[PROBE_VALUES]; /* free for begin() to use */
	int64_t values[PROBE_VALUES]; /* set by end(), one a name of probe->values */
	bool checked;		      /* set by check() */
	char *details;	    /* of a probe that runs apart: end() may write a JSON object here, as */
	size_t room;	    /* text that is ended by '\0', in so many bytes; else NULL and 0 */
	struct error error; /* text[0] != 0: it failed, its values say nothing */
};

struct probe {
	const char *name;
	const char *summary;
	const char *values[PROBE_VALUES + 1]; /* the keys of its record, NULL-terminated */

	/*
	 * It costs time: it runs in trials of its own, beside those whose rates count,
	 * where a sweep asks for it (probes = NAME ...).
	 */
	bool apart;

	struct view views[MECHANISMS];

	/* Required. NULL when it can run here, else a sentence (static text). */
	const char *(*unsupported)(void);

	/*
	 * Required. Called in the trial's process when all workers wait at the gate,
	 * and when the last operation of the last worker is done. Workers are threads of
	 * this process, or children of it. 0 or -1.
	 */
	int (*begin)(struct probe_run *r, struct error *e);
	int (*end)(struct probe_run *r, struct error *e);

	/*
	 * Optional. Compares the values with what @operations at @p must give, where
	 * that is known, and sets r->checked if so. -1 with the error set: they differ.
	 */
	int (*check)(struct probe_run *r, const struct point *p, uint64_t operations,
		     struct error *e);

	/*
	 * Optional. References that are still held, for the end of a boot, when there
	 * must be none. 0 or -1.
	 */
	int (*held)(int64_t *references, struct error *e);
};

PLUGIN_KIND(probe);
#define REGISTER_PROBE(object) REGISTER_PLUGIN(probe, object)

#endif
