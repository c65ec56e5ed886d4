/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long operations took: a histogram of nanoseconds a worker, in classes of
 * at most 1/16 of the value, and its quantiles.
 */
#ifndef PINSCALE_LATENCY_H
#define PINSCALE_LATENCY_H

#include <stdint.h>

#include "include/worker.h"

#define LATENCY_SUB 16			   /* classes an octave */
#define LATENCY_CLASSES (44 * LATENCY_SUB) /* up to 2^47 ns, a day and a half */

struct latency {
	uint32_t count[LATENCY_CLASSES];
	uint64_t most; /* the longest, ns */
};

/* The class of a time, and the longest time in a class, ns. */
unsigned int latency_class(uint64_t nanoseconds);
uint64_t latency_class_end(unsigned int class);

/*
 * The time that a share q (0 to 1) of the operations in all n histograms did not
 * exceed, ns: the end of its class, at most 1/16 too high. 0 without operations.
 */
uint64_t latency_quantile(const struct latency *all, unsigned int n, double q);

#endif
