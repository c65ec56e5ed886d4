/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which CPU a worker runs on, by hwloc's topology. */
#ifndef PINSCALE_PLACEMENT_H
#define PINSCALE_PLACEMENT_H

#include <hwloc.h>

#include "include/error.h"
#include "include/point.h"

/* The topology of this machine, loaded once. NULL with the error set if hwloc fails. */
hwloc_topology_t placement_topology(struct error *e);

/* CPUs that this process may use. */
unsigned int placement_cpu_count(void);

/*
 * Fills cpus[] with the numbers (the kernel's) of the CPUs of that many workers,
 * in the placement's order; more workers than CPUs start again from the first.
 * 0 or -1.
 */
int placement_cpus(enum placement placement, unsigned int workers, int *cpus, struct error *e);

/* Binds the calling thread to a CPU. 0 or -1. */
int placement_bind(int cpu, struct error *e);

#endif
