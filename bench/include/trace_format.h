/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A trace of locked operations: what the plugin in count/ writes and core/trace.h
 * reads. docs/COUNTING.md describes it. All numbers are little-endian.
 *
 * The file is a struct trace_header, then blocks: a struct trace_block and its
 * payload, the events of one virtual CPU in their order. A window never shares a block
 * with another. Blocks of one window follow each other, but those of other CPUs come between.
 * A reader stops at the first block that is not whole, which is where the writer was cut off.
 *
 * An event is a byte, kind in the low 4 bits and flags in the high ones, and numbers as
 * varints: 7 bits a byte, the lowest first, the top bit set while more follow. Differences are
 * zigzag'ed (0, -1, 1, -2, …) and count from the event of the block before, from 0 at its start.
 *
 *	BEGIN		worker, trial
 *	LOCKED		gap, difference of site, difference of address
 *	LOAD, STORE	gap, difference of site, difference of address
 *	OPERATION	gap, operations that ended with it; flags: enum trace_disturbance
 *	PROFILE		number of entries, operations (with the first of a window, then 0);
 *			an entry: difference of address, instructions, executions
 *	END		operations of the window, all of them
 *
 * A gap is how many instructions ran since the event before (0 with instructions not counted). An
 *address is virtual in the kernel; those of user space, which differ between processes, are
 *physical and have TRACE_PHYSICAL set.
 */
#ifndef PINSCALE_TRACE_FORMAT_H
#define PINSCALE_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_MAGIC "pintrace"
#define TRACE_VERSION 1
#define TRACE_PHYSICAL (1ull << 62)
#define TRACE_BLOCK_MAGIC 0x4b4c4250u /* "PBLK" */

struct trace_header {
	char magic[8];
	uint32_t version;
	uint32_t cpus;
	uint32_t skip;	/* operations at the start of a window that are no part of its profile */
	uint32_t flags; /* enum trace_flag */
};

enum trace_flag {
	TRACE_INSTRUCTIONS = 1, /* instructions are counted */
	TRACE_ACCESSES = 2,	/* plain loads and stores are recorded too */
};

struct trace_block {
	uint32_t magic;
	uint32_t cpu;
	uint32_t bytes; /* of the payload */
	uint32_t crc;	/* of the payload, as zlib's crc32() */
};

enum trace_kind {
	TRACE_BEGIN = 1,
	TRACE_LOCKED,
	TRACE_LOAD,
	TRACE_STORE,
	TRACE_OPERATION,
	TRACE_PROFILE,
	TRACE_END,
};

/* What fell into an operation that is none of its own. */
enum trace_disturbance {
	TRACE_INTERRUPT = 1, /* a device's or a timer's, or an NMI */
	TRACE_SWITCH = 2,    /* another task ran */
	TRACE_EXCEPTION = 4, /* a page fault or the like */
};

#endif
