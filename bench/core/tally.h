/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the operations of a trial did: a trace summed up, by line and function. */
#ifndef PINSCALE_TALLY_H
#define PINSCALE_TALLY_H

#include "lines.h"
#include "trace.h"

/*
 * Sums up the trace of a boot. records: of its trials, as the journal has them
 * ("order" is the trial's number in the trace, "point", "frames"). Calls take for
 * every trial that has windows, in their order, with the record of type "counts"
 * that docs/JOURNAL.md describes (a new reference). lines: all but frames and
 * page_frames are set. 0, or -1 with the error set.
 */
int tally_trace(const char *path, const json_t *records, struct lines *lines,
		int (*take)(void *user, json_t *record, struct error *e), void *user,
		struct trace_info *info, struct error *e);

#endif
