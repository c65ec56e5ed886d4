/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of the probes "contention" and "contention-plain", which is the same without stacks. */
#ifndef PINSCALE_CONTENTION_PARTS_H
#define PINSCALE_CONTENTION_PARTS_H

#include <bpf/libbpf.h>
#include <sys/types.h>

#include "bpf/contention.h"
#include "include/probe.h"

/* Programs in the kernel, at work. */
struct contention {
	struct bpf_object *object;
	struct bpf_link *links[3];
	unsigned int attached;
	bool follows;	/* processes that are made while it is at work, too */
	int statistics; /* while this is open, the kernel takes the time of BPF programs; or -1 */
};

/* What they cost: nanoseconds, and events not seen as a program was at work on that CPU. */
struct contention_cost {
	uint64_t nanoseconds, missed;
	bool known; /* is nanoseconds? */
};

/* NULL when it can work here, else a sentence (static text). */
const char *contention_unsupported(void);

/* Loads and attaches them for this process and those that come from it. 0 or -1. */
int contention_open(struct contention *c, bool chains, struct error *e);

/* No event is seen from here on. What was seen can be read. */
void contention_detach(struct contention *c);
void contention_cost(const struct contention *c, struct contention_cost *cost);
void contention_close(struct contention *c);

/* Calls take with this process and all that come from it, until it returns non-zero. 0 or -1. */
int contention_each_process(int (*take)(void *user, pid_t process), void *user, struct error *e);

/* A map of the programs, by name; -1 with the error set. */
int contention_map(const struct contention *c, const char *name, struct error *e);

/* Puts what they saw into values and details of @r. 0 or -1. */
int contention_record(const struct contention *c, bool chains, struct probe_run *r,
		      struct error *e);

/* As begin and end of a probe. */
int contention_begin(bool chains, struct error *e);
int contention_end(bool chains, struct probe_run *r, struct error *e);

/* Of the 'values' of both probes, in the order in which contention_record() sets them. */
enum {
	CONTENTION_COUNT,
	CONTENTION_WAIT_NS,
	CONTENTION_LOST,
	CONTENTION_MISSED,
	CONTENTION_OWN_NS,
};
#define CONTENTION_VALUES                                            \
	{                                                            \
		"contentions", "wait_ns", "lost", "missed", "own_ns" \
	}

#define CONTENTION_VIEWS                                                                           \
	{                                                                                          \
		[MECHANISM_BIT_LOCK] = {SIGHT_BLIND, "the tracepoints are not in bit spinlocks"},  \
		[MECHANISM_ATOMIC] = {SIGHT_BLIND,                                                 \
				      "no lock: a CPU waits for a cache line, the kernel does "    \
				      "not know"},                                                 \
		[MECHANISM_FOLIO_LOCK] = {SIGHT_BLIND,                                             \
					  "the tracepoints are not in the folio lock"},            \
		[MECHANISM_SPIN] = {SIGHT_PARTLY,                                                  \
				    "since 5.19; the first in a queue waits on the lock's "        \
				    "pending bit, before the tracepoint (not where spinlocks are " \
				    "paravirtual)"},                                               \
		[MECHANISM_SLEEPING] = {SIGHT_PARTLY,                                              \
					"since 5.19; who gets an rwsem while it spins for its "    \
					"owner is not told"},                                      \
	}

#endif
