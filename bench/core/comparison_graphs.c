// SPDX-License-Identifier: GPL-3.0-or-later
#include "comparison_graphs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "graph_parts.h"

/* gnuplots at once: more would only take memory. */
#define MOST_THREADS 4

/* The decisive one first. */
static const struct {
	const char *name;
	int (*write)(struct drawing *d, struct error *e);
} all_graphs[] = {
	{"forest", graph_forest},	  {"throughput", graph_throughput},
	{"ratio", graph_ratio},		  {"sharing", graph_sharing},
	{"efficiency", graph_efficiency}, {"fairness", graph_fairness},
	{"contention", graph_contention}, {"latency", graph_latency},
	{"scaling", graph_scaling},
};
#define GRAPHS (sizeof(all_graphs) / sizeof(all_graphs[0]))

/* Numbers of all graphs. 0 or -1. */
static int write_graphs(const struct comparison *c, const char *directory,
			struct comparison_graph *graphs, struct error *e)
{
	int rc = 0;

	for (size_t i = 0; i < GRAPHS && !rc; i++) {
		struct drawing d = {.c = c, .directory = directory, .graph = &graphs[i]};

		snprintf(graphs[i].name, sizeof(graphs[i].name), "%s", all_graphs[i].name);
		rc = all_graphs[i].write(&d, e);
		page_free(&d.page);
	}
	return rc;
}

/* What the threads draw. */
struct pictures {
	const char *directory;
	const struct comparison_graph *graphs;
	atomic_uint next;
	int rc[GRAPHS];
	struct error errors[GRAPHS];
};

static void *draw_some(void *of)
{
	struct pictures *p = of;
	unsigned int i;

	while ((i = atomic_fetch_add(&p->next, 1)) < GRAPHS)
		if (p->graphs[i].drawn)
			p->rc[i] = page_draw(p->graphs[i].name, p->directory, p->graphs[i].title,
					     p->graphs[i].caption, &p->errors[i]);
	return NULL;
}

/* Pictures of all graphs that have numbers. 0 or -1. */
static int draw_graphs(const char *directory, const struct comparison_graph *graphs,
		       struct error *e)
{
	struct pictures p = {.directory = directory, .graphs = graphs};
	pthread_t threads[MOST_THREADS];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int n = 0;

	while (n + 1 < cpus && n + 1 < MOST_THREADS &&
	       !pthread_create(&threads[n], NULL, draw_some, &p))
		n++;
	draw_some(&p);
	while (n)
		pthread_join(threads[--n], NULL);
	for (size_t i = 0; i < GRAPHS; i++)
		if (p.rc[i]) {
			*e = p.errors[i];
			return -1;
		}
	return 0;
}

int comparison_graphs_draw(const struct comparison *c, const char *directory,
			   struct comparison_graph **graphs, size_t *count, struct error *e)
{
	int rc;

	*count = GRAPHS;
	*graphs = calloc(GRAPHS, sizeof(**graphs));
	if (!*graphs)
		return fail(e, "No memory for the graphs of the comparison.");
	rc = write_graphs(c, directory, *graphs, e);
	if (!rc)
		rc = draw_graphs(directory, *graphs, e);
	if (rc) {
		free(*graphs);
		*graphs = NULL;
		*count = 0;
	}
	return rc;
}
