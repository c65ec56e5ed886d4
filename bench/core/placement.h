/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which CPU a worker runs on, by hwloc's topology. */
#ifndef PINSCALE_PLACEMENT_H
#define PINSCALE_PLACEMENT_H

#include <hwloc.h>
#include <stdbool.h>

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

/* Nodes that have memory, and whether one is among them. */
unsigned int placement_node_count(void);
bool placement_has_node(unsigned int node);

/* The n-th of them, going round. 0 or -1. */
int placement_nth_node(unsigned int n, unsigned int *node, struct error *e);

/* The node with memory nearest to a CPU, and the one farthest from it. 0 or -1. */
int placement_node_of(int cpu, unsigned int *node, struct error *e);
int placement_remote_node(int cpu, unsigned int *node, struct error *e);

/* Binds memory that is not there yet to a node. 0 or -1. */
int placement_bind_memory(void *memory, size_t size, unsigned int node, struct error *e);

/* The node of the page at memory, which is there; -1 when it is not known. */
int placement_memory_node(const void *memory);

#endif
