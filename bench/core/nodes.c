// SPDX-License-Identifier: GPL-3.0-or-later
/* Memory and its nodes, by hwloc. */
#include <errno.h>
#include <string.h>

#include "placement.h"

/* The n-th node that has memory, or NULL. */
static hwloc_obj_t nth_node(unsigned int n)
{
	struct error e;
	hwloc_topology_t topology = placement_topology(&e);
	hwloc_obj_t node = NULL;

	while (topology && (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)))
		if (node->attr->numanode.local_memory && !n--)
			return node;
	return NULL;
}

unsigned int placement_node_count(void)
{
	unsigned int n = 0;

	while (nth_node(n))
		n++;
	return n;
}

bool placement_has_node(unsigned int node)
{
	hwloc_obj_t object;

	for (unsigned int n = 0; (object = nth_node(n)); n++)
		if (object->os_index == node)
			return true;
	return false;
}

int placement_nth_node(unsigned int n, unsigned int *node, struct error *e)
{
	unsigned int count = placement_node_count();

	if (!count)
		return fail(e, "hwloc knows of no node with memory.");
	*node = nth_node(n % count)->os_index;
	return 0;
}

/* Distance between two nodes as firmware tells it; without that, 10 for itself and 20. */
static hwloc_uint64_t distance(hwloc_topology_t topology, hwloc_obj_t a, hwloc_obj_t b)
{
	struct hwloc_distances_s *d;
	unsigned int n = 1;
	hwloc_uint64_t there = a == b ? 10 : 20, back;

	if (hwloc_distances_get_by_name(topology, "NUMALatency", &n, &d, 0) || !n)
		return there;
	hwloc_distances_obj_pair_values(d, a, b, &there, &back);
	hwloc_distances_release(topology, d);
	return there;
}

/* The node with memory that is nearest to (far false) or farthest from the CPU. */
static int choose_node(int cpu, bool far, unsigned int *node, struct error *e)
{
	hwloc_topology_t topology = placement_topology(e);
	hwloc_obj_t home = NULL, object, best = NULL;
	hwloc_uint64_t best_distance = 0;

	if (!topology)
		return -1;
	while ((home = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, home)))
		if (hwloc_bitmap_isset(home->cpuset, cpu))
			break;
	for (unsigned int n = 0; (object = nth_node(n)); n++) {
		hwloc_uint64_t here = home ? distance(topology, home, object) : 0;

		if (!best || (far ? here > best_distance : here < best_distance)) {
			best = object;
			best_distance = here;
		}
	}
	if (!best)
		return fail(e, "CPU %d: hwloc knows of no node with memory.", cpu);
	*node = best->os_index;
	return 0;
}

int placement_node_of(int cpu, unsigned int *node, struct error *e)
{
	return choose_node(cpu, false, node, e);
}

int placement_remote_node(int cpu, unsigned int *node, struct error *e)
{
	return choose_node(cpu, true, node, e);
}

int placement_bind_memory(void *memory, size_t size, unsigned int node, struct error *e)
{
	hwloc_topology_t topology = placement_topology(e);
	hwloc_bitmap_t set = topology ? hwloc_bitmap_alloc() : NULL;
	int rc;

	if (!set)
		return fail(e, "No memory for a set of nodes.");
	hwloc_bitmap_only(set, node);
	rc = hwloc_set_area_membind(topology, memory, size, set, HWLOC_MEMBIND_BIND,
				    HWLOC_MEMBIND_STRICT | HWLOC_MEMBIND_BYNODESET);
	hwloc_bitmap_free(set);
	return rc ? fail(e, "Binding %zu kB of memory to node %u: %s.", size >> 10, node,
			 strerror(errno))
		  : 0;
}

int placement_memory_node(const void *memory)
{
	struct error e;
	hwloc_topology_t topology = placement_topology(&e);
	hwloc_bitmap_t set = topology ? hwloc_bitmap_alloc() : NULL;
	int node = -1;

	if (set && !hwloc_get_area_memlocation(topology, memory, 1, set, HWLOC_MEMBIND_BYNODESET))
		node = hwloc_bitmap_first(set);
	hwloc_bitmap_free(set);
	return node;
}
