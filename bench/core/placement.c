// SPDX-License-Identifier: GPL-3.0-or-later
#include "placement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

hwloc_topology_t placement_topology(struct error *e)
{
	static hwloc_topology_t topology;

	if (topology)
		return topology;
	if (hwloc_topology_init(&topology) || hwloc_topology_load(topology)) {
		fail(e, "Reading the topology of this machine by hwloc: %s.", strerror(errno));
		topology = NULL;
	}
	return topology;
}

/* The place of a CPU in each of the orders. */
struct cpu {
	unsigned int index;   /* in hwloc's order: siblings, cores, packages */
	unsigned int sibling; /* within its core */
	unsigned int rank;    /* within its node */
	int number;	      /* the kernel's */
};

static int by_index(const void *a, const void *b)
{
	const struct cpu *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static int by_sibling(const void *a, const void *b)
{
	const struct cpu *x = a, *y = b;

	if (x->sibling != y->sibling)
		return x->sibling < y->sibling ? -1 : 1;
	return by_index(a, b);
}

static int by_rank(const void *a, const void *b)
{
	const struct cpu *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return by_index(a, b);
}

static int (*const orders[])(const void *, const void *) = {
	[PLACEMENT_COMPACT] = by_index,
	[PLACEMENT_SCATTER] = by_rank,
	[PLACEMENT_SMT_LAST] = by_sibling,
};

/* How many of the CPUs before this one are under the same object. */
static unsigned int count_before(hwloc_topology_t topology, const struct cpu *cpus, unsigned int n,
				 hwloc_const_cpuset_t set)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < n; i++) {
		hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(topology, cpus[i].number);

		count += hwloc_bitmap_isincluded(pu->cpuset, set);
	}
	return count;
}

/* All CPUs that this process may use, in hwloc's order. To be freed. Their number, or -1. */
static int usable_cpus(hwloc_topology_t topology, struct cpu **list, struct error *e)
{
	int total = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
	hwloc_bitmap_t bound = hwloc_bitmap_alloc();
	struct cpu *cpus = calloc(total, sizeof(*cpus));
	int n = 0;

	if (!bound || !cpus) {
		hwloc_bitmap_free(bound);
		free(cpus);
		return fail(e, "No memory for a list of %d CPUs.", total);
	}
	if (hwloc_get_cpubind(topology, bound, HWLOC_CPUBIND_PROCESS))
		hwloc_bitmap_fill(bound);
	for (int i = 0; i < total; i++) {
		hwloc_obj_t pu = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, i);
		hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu);
		hwloc_obj_t node = NULL;
		struct cpu *cpu = &cpus[n];

		if (!hwloc_bitmap_isset(bound, pu->os_index))
			continue;
		while ((node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)))
			if (hwloc_bitmap_isincluded(pu->cpuset, node->cpuset))
				break;
		cpu->index = i;
		cpu->number = pu->os_index;
		cpu->sibling = core ? count_before(topology, cpus, n, core->cpuset) : 0;
		cpu->rank = node ? count_before(topology, cpus, n, node->cpuset) : 0;
		n++;
	}
	hwloc_bitmap_free(bound);
	*list = cpus;
	return n;
}

unsigned int placement_cpu_count(void)
{
	struct error e;
	hwloc_topology_t topology = placement_topology(&e);
	struct cpu *cpus = NULL;
	int n = topology ? usable_cpus(topology, &cpus, &e) : 1;

	free(cpus);
	return n > 0 ? n : 1;
}

int placement_cpus(enum placement placement, unsigned int workers, int *numbers, struct error *e)
{
	hwloc_topology_t topology = placement_topology(e);
	struct cpu *cpus;
	int n;

	if (!topology)
		return -1;
	n = usable_cpus(topology, &cpus, e);
	if (n < 0)
		return -1;
	if (!n) {
		free(cpus);
		return fail(e, "No CPU is left to this process by its CPU set.");
	}
	qsort(cpus, n, sizeof(*cpus), orders[placement]);
	for (unsigned int i = 0; i < workers; i++)
		numbers[i] = cpus[i % n].number;
	free(cpus);
	return 0;
}

int placement_bind(int cpu, struct error *e)
{
	hwloc_topology_t topology = placement_topology(e);
	hwloc_obj_t pu = topology ? hwloc_get_pu_obj_by_os_index(topology, cpu) : NULL;

	if (!topology)
		return -1;
	if (!pu)
		return fail(e, "CPU %d: hwloc does not know it", cpu);
	if (hwloc_set_cpubind(topology, pu->cpuset, HWLOC_CPUBIND_THREAD | HWLOC_CPUBIND_STRICT))
		return fail(e, "CPU %d: binding a worker to it: %s", cpu, strerror(errno));
	return 0;
}
