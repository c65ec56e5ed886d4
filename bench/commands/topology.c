// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale topology: the machine as workers are placed on it. */
#include <argp.h>
#include <pthread.h>
#include <stdlib.h>

#include "commands/command.h"
#include "core/covariate.h"
#include "core/environment.h"
#include "core/file.h"
#include "core/placement.h"

/* With more CPUs than this only the first ones' distances are measured. */
#define MOST_MEASURED 16

static bool measure;

static const struct argp_option option_table[] = {
	{"latency", 'l', NULL, 0, "Also measure how long a cache line takes between CPUs", 0},
	{0},
};

static const char doc[] =
	"Shows packages, cores and nodes, and the order in which each placement fills the CPUs.\v"
	"Examples:\n"
	"  pinscale topology\n"
	"  pinscale topology --latency";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	(void)state;
	if (key != 'l')
		return ARGP_ERR_UNKNOWN;
	measure = true;
	return 0;
}

static const struct argp argp = {option_table, parse, NULL, doc, NULL, NULL, NULL};

static void show_nodes(hwloc_topology_t topology)
{
	hwloc_obj_t node = NULL;

	while ((node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node))) {
		char path[128], distances[256], *cpus;

		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/distance",
			 node->os_index);
		file_line(path, distances, sizeof(distances));
		hwloc_bitmap_list_asprintf(&cpus, node->cpuset);
		printf("node %u: CPUs %s, %llu MiB%s%s\n", node->os_index, cpus,
		       (unsigned long long)node->attr->numanode.local_memory >> 20,
		       *distances ? ", distances " : "", distances);
		free(cpus);
	}
}

static int show_orders(unsigned int cpus, struct error *e)
{
	static const char *const names[] = {"compact", "scatter", "smt-last"};
	int *order = calloc(cpus, sizeof(*order));
	int rc = order ? 0 : fail(e, "No memory for %u CPUs.", cpus);

	for (int i = 0; i < 3 && !rc; i++) {
		rc = placement_cpus(i, cpus, order, e);
		printf("%-9s", names[i]);
		for (unsigned int n = 0; n < cpus && !rc; n++)
			printf(" %d", order[n]);
		puts("");
	}
	free(order);
	return rc;
}

struct side {
	struct pingpong *pingpong;
	int side, cpu;
	double ns;
	struct error error;
	pthread_barrier_t *bound;
};

static void *play(void *arg)
{
	struct side *s = arg;

	placement_bind(s->cpu, &s->error);
	pthread_barrier_wait(s->bound);
	s->ns = pingpong_ns(s->pingpong, s->side);
	return NULL;
}

static int pair_ns(int a, int b, double *ns, struct error *e)
{
	struct pingpong pingpong = {0};
	pthread_barrier_t bound;
	struct side sides[2];
	pthread_t threads[2];

	pthread_barrier_init(&bound, NULL, 2);
	for (int i = 0; i < 2; i++) {
		sides[i] = (struct side){
			.pingpong = &pingpong, .side = i, .cpu = i ? b : a, .bound = &bound};
		if (pthread_create(&threads[i], NULL, play, &sides[i]))
			return fail(e, "Starting a thread failed.");
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&bound);
	*ns = sides[0].ns;
	for (int i = 0; i < 2; i++)
		if (sides[i].error.text[0])
			return fail(e, "%s", sides[i].error.text);
	return 0;
}

static int show_latency(unsigned int cpus, struct error *e)
{
	unsigned int n = cpus < MOST_MEASURED ? cpus : MOST_MEASURED;
	int order[MOST_MEASURED];

	if (placement_cpus(PLACEMENT_COMPACT, n, order, e))
		return -1;
	printf("a cache line one way, ns (%s)\n     ", environment_execution());
	for (unsigned int i = 0; i < n; i++)
		printf(" %5d", order[i]);
	for (unsigned int i = 0; i < n; i++) {
		printf("\n%5d", order[i]);
		for (unsigned int k = 0; k < i; k++) {
			double ns = 0;

			if (pair_ns(order[i], order[k], &ns, e))
				return -1;
			printf(" %5.0f", ns);
		}
	}
	puts("");
	return 0;
}

static int topology_run(int argc, char **argv)
{
	struct error e = {0};
	hwloc_topology_t topology;
	unsigned int cpus;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	topology = placement_topology(&e);
	rc = topology ? 0 : -1;
	if (!rc) {
		cpus = placement_cpu_count();
		printf("%s: %d packages, %d cores, %d CPUs, %u of them usable\n",
		       environment_execution(),
		       hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PACKAGE),
		       hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE),
		       hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU), cpus);
		show_nodes(topology);
		rc = show_orders(cpus, &e);
		if (!rc && measure)
			rc = show_latency(cpus, &e);
	}
	if (rc)
		fprintf(stderr, "pinscale topology: %s\n", e.text);
	return rc ? STATUS_USAGE : STATUS_GOOD;
}

static const struct command topology_command = {
	.name = "topology",
	.summary = "the machine, and where workers are placed on it",
	.run = topology_run,
};
REGISTER_COMMAND(topology_command);
