/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Samples of all CPUs by perf_event_open(), into a ring a CPU that is read when the
 * sampling is over. Needs no PMU: without one the kernel's timers sample.
 */
#ifndef PINSCALE_SYMBOLS_RINGS_H
#define PINSCALE_SYMBOLS_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "include/error.h"

struct sample {
	pid_t pid; /* the process, not the thread */
	bool kernel;
	uint64_t address;
	const uint64_t *chain; /* the kernel's part of it, innermost first, if it was wanted */
	size_t depth;
};

struct ring {
	int fd;
	void *memory; /* a page that tells of the others, then those */
};

struct rings {
	struct ring *ring;
	size_t count;
	size_t size;	   /* of one, without its first page */
	const char *event; /* "cycles" or "cpu-clock" */
	int precise;	   /* of cycles, as in perf_event_attr.precise_ip: 0 has some skid */
	unsigned int frequency;
	bool chains;
};

/* What is told of a ring's records; any may be NULL. */
struct ring_reader {
	void (*sample)(void *user, const struct sample *s);
	void (*parent)(void *user, pid_t pid, pid_t parent); /* of a process that began or ended */
	void (*throttled)(void *user);			     /* no samples for a while */
	void *user;
};

/* Why there are no samples to be had here, and what to do, or NULL. Static text. */
const char *rings_unsupported(void);

/* 0, or -1 with the error set and nothing left open. */
int rings_open(struct rings *r, bool chains, struct error *e);
int rings_start(struct rings *r, struct error *e);
void rings_stop(struct rings *r);

/* Tells all records there are; may be called again. */
void rings_read(const struct rings *r, const struct ring_reader *reader);

/* How many records had no room. Empties the rings, so that it has to come after rings_read(). */
uint64_t rings_lost(struct rings *r);
void rings_close(struct rings *r);

#endif
