/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a trace of the plugin in count/, in one pass. include/trace_format.h has the format. */
#ifndef PINSCALE_TRACE_H
#define PINSCALE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "include/error.h"
#include "include/trace_format.h"

struct trace_event {
	enum trace_kind kind;
	unsigned int cpu;
	unsigned int disturbance; /* OPERATION: enum trace_disturbance */
	uint64_t gap;	  /* LOCKED, LOAD, STORE, OPERATION: instructions since the event before */
	uint64_t site;	  /* LOCKED, LOAD, STORE: address of the instruction */
	uint64_t address; /* LOCKED, LOAD, STORE: of what it works on; PROFILE: of the block */
	uint64_t operations; /* OPERATION, END; PROFILE: with the first entry of a window, else 0 */
	uint32_t worker, trial;		   /* BEGIN */
	uint64_t instructions, executions; /* PROFILE: of the block; one event an entry */
};

/* What is known of a trace once it is read. */
struct trace_info {
	struct trace_header header;
	uint64_t blocks, events, bytes;
	uint32_t crc;	/* of all that was read, header and all */
	bool truncated; /* it ends in the middle: what came before is whole */
};

/*
 * Calls take for every event in turn; it returns 0 to go on, or ends the reading
 * with -1 and the error set. The file may be gzip'ed. 0, or -1 with the error set: it cannot be
 * read, is no trace, or one of another version. A trace that was cut off or spoilt is read as far
 * as it is good.
 */
int trace_read(const char *path,
	       int (*take)(void *user, const struct trace_event *event, struct error *e),
	       void *user, struct trace_info *info, struct error *e);

#endif
