// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * In which order CPUs are filled, on a machine that is not at hand: 8 sockets,
 * each a node of 4 cores with 2 siblings, numbered as Linux does it (all first
 * siblings, then all second ones). And that a CPU set of the process is kept.
 */
#include "testing.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/placement.h"

#define SOCKETS 8
#define CORES 32
#define CPUS 64

static int socket_of(int cpu)
{
	return cpu % CORES / (CORES / SOCKETS);
}

static int core_of(int cpu)
{
	return cpu % CORES;
}

static void cpus_of(enum placement placement, unsigned int workers, int *cpus)
{
	struct error e;

	assert_int_equal(placement_cpus(placement, workers, cpus, &e), 0);
}

/* Exit status 0: only the one CPU that the process is bound to is used, and binding binds. */
static int try_cpu_set(void)
{
	int allowed, cpus[2] = {-1, -1};
	struct error e;
	cpu_set_t set;

	unsetenv("HWLOC_SYNTHETIC");
	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	for (allowed = CPU_SETSIZE - 1; !CPU_ISSET(allowed, &set); allowed--)
		;
	CPU_ZERO(&set);
	CPU_SET(allowed, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return 2;
	if (placement_cpu_count() != 1)
		return 3;
	if (placement_cpus(PLACEMENT_SCATTER, 2, cpus, &e) || cpus[0] != allowed ||
	    cpus[1] != allowed)
		return 4;
	if (placement_bind(allowed, &e) || sched_getcpu() != allowed)
		return 5;
	return 0;
}

/* In a process of its own, as the topology is loaded once: hence also the first test. */
static void cpu_set_of_the_process_is_kept(void **state)
{
	int pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(try_cpu_set());
	assert_int_equal(wait_for(pid), 0);
}

static void all_cpus_are_counted(void **state)
{
	(void)state;
	assert_int_equal(placement_cpu_count(), CPUS);
}

static void compact_fills_siblings_then_cores_then_sockets(void **state)
{
	int cpus[CPUS];

	(void)state;
	cpus_of(PLACEMENT_COMPACT, CPUS, cpus);
	for (int i = 0; i < CPUS; i++) {
		assert_int_equal(socket_of(cpus[i]), i / 8);
		assert_int_equal(core_of(cpus[i]), i / 2);
	}
	assert_int_not_equal(cpus[0], cpus[1]);
}

static void scatter_takes_a_node_after_the_other(void **state)
{
	int cpus[CPUS];

	(void)state;
	cpus_of(PLACEMENT_SCATTER, CPUS, cpus);
	for (int i = 0; i < CPUS; i++)
		assert_int_equal(socket_of(cpus[i]), i % SOCKETS);
}

static void smt_last_fills_every_core_before_a_sibling(void **state)
{
	int cpus[CPUS];

	(void)state;
	cpus_of(PLACEMENT_SMT_LAST, CPUS, cpus);
	for (int i = 0; i < CORES; i++) {
		assert_int_equal(cpus[i], i);
		assert_int_equal(cpus[CORES + i], CORES + i);
	}
}

static void every_cpu_comes_once_and_then_again(void **state)
{
	(void)state;
	for (int p = PLACEMENT_COMPACT; p <= PLACEMENT_SMT_LAST; p++) {
		int cpus[2 * CPUS + 3], times[CPUS] = {0};

		cpus_of(p, COUNT(cpus), cpus);
		for (int i = 0; i < CPUS; i++) {
			assert_in_range(cpus[i], 0, CPUS - 1);
			assert_int_equal(times[cpus[i]]++, 0);
		}
		for (size_t i = CPUS; i < COUNT(cpus); i++)
			assert_int_equal(cpus[i], cpus[i - CPUS]);
	}
}

/* Adding a worker must not move the others, or the curve compares other CPUs. */
static void more_workers_leave_the_first_where_they_are(void **state)
{
	(void)state;
	for (int p = PLACEMENT_COMPACT; p <= PLACEMENT_SMT_LAST; p++) {
		int all[CPUS], some[CPUS];

		cpus_of(p, CPUS, all);
		for (int n = 1; n < CPUS; n++) {
			cpus_of(p, n, some);
			assert_memory_equal(some, all, n * sizeof(*some));
		}
	}
}

static void unknown_cpu_is_not_bound_to(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(placement_bind(CPUS, &e), -1);
	assert_contains(e.text, "64");
}

/* hwloc takes the description instead of the machine's topology. */
static void describe_machine(void)
{
	char text[512] = "package:8 numa:1 core:4 pu:2(indexes=";

	for (int core = 0; core < CORES; core++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%d,%d%c", core, CORES + core,
			 core < CORES - 1 ? ',' : ')');
	}
	setenv("HWLOC_SYNTHETIC", text, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu_set_of_the_process_is_kept),
		cmocka_unit_test(all_cpus_are_counted),
		cmocka_unit_test(compact_fills_siblings_then_cores_then_sockets),
		cmocka_unit_test(scatter_takes_a_node_after_the_other),
		cmocka_unit_test(smt_last_fills_every_core_before_a_sibling),
		cmocka_unit_test(every_cpu_comes_once_and_then_again),
		cmocka_unit_test(more_workers_leave_the_first_where_they_are),
		cmocka_unit_test(unknown_cpu_is_not_bound_to),
	};

	describe_machine();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
