// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale plot: graphs of a run, by gnuplot. */
#include <argp.h>
#include <math.h>

#include "commands/command.h"
#include "commands/run_argument.h"
#include "core/answer.h"
#include "core/graph.h"

static const char doc[] =
	"Draws a run's graphs into its directory: a .png and the numbers in it as .tsv, each.\v"
	"throughput: operations/s against workers; on one kernel also shared against private. "
	"compound-lock: acquisitions an operation, and how many found it taken, where a kernel of "
	"the run counts them.\n\n"
	"Examples:\n"
	"  pinscale plot results/20261124-023000\n\n"
	"Exit status: 0 drawn, 2 there is no such run, or gnuplot failed, 3 every trial was "
	"excluded.";

static const struct argp argp = {NULL, run_argument, "RUN", doc, NULL, NULL, NULL};

static struct estimate rate_of(const struct run *r, unsigned int variant, const struct panel *panel,
			       const struct line *line, unsigned int point, enum stratum stratum)
{
	struct estimate e = run_rate(r, variant, point, stratum);

	(void)panel;
	(void)line;
	e.value /= 1e6;
	e.low /= 1e6;
	e.high /= 1e6;
	return e;
}

static struct estimate ratio_of(const struct run *r, unsigned int variant,
				const struct panel *panel, const struct line *line,
				unsigned int point, enum stratum stratum)
{
	struct estimate none = {.value = NAN, .low = NAN, .high = NAN};
	int base = -1;

	if (line->base >= 0)
		base = line_point(r, &panel->lines[line->base], run_workers(&r->points[point]));
	return base < 0 ? none : run_point_ratio(r, variant, point, base, stratum);
}

static struct estimate fairness_of(const struct run *r, unsigned int variant,
				   const struct panel *panel, const struct line *line,
				   unsigned int point, enum stratum stratum)
{
	(void)panel;
	(void)line;
	return run_fairness(r, variant, point, stratum);
}

static struct estimate acquisitions_of(const struct run *r, unsigned int variant,
				       const struct panel *panel, const struct line *line,
				       unsigned int point, enum stratum stratum)
{
	struct estimate e = {.value = NAN, .low = NAN, .high = NAN};

	(void)panel;
	(void)line;
	(void)stratum;
	if (run_per_operation(r, variant, point, "tailref", "acquisitions", &e.low, &e.high))
		e.value = (e.low + e.high) / 2;
	return e;
}

static struct estimate contended_of(const struct run *r, unsigned int variant,
				    const struct panel *panel, const struct line *line,
				    unsigned int point, enum stratum stratum)
{
	struct estimate e = run_share(r, variant, point, "tailref", "contended", "acquisitions");

	(void)panel;
	(void)line;
	(void)stratum;
	e.value *= 100;
	e.low *= 100;
	e.high *= 100;
	return e;
}

static const struct quantity running_rows[] = {
	{"million operations/s", NAN, true, rate_of},
	{"rate / that of private", 1, false, ratio_of},
	{"slowest / mean worker", 1, false, fairness_of},
};
static const struct quantity kernels_rows[] = {
	{"million operations/s", NAN, false, rate_of},
};
static const struct quantity lock_rows[] = {
	{"acquisitions an operation", NAN, false, acquisitions_of},
	{"of these, found taken (%)", NAN, false, contended_of},
};

static const struct graph running_graph = {
	"throughput",
	"Throughput against the number of workers, one kernel",
	"Bars: 95% interval over the trials of the boot (Student's t).",
	"not drawn",
	running_rows,
	3};
static const struct graph kernels_graph = {
	"throughput",
	"Throughput against the number of workers, kernel beside kernel",
	"Bars: 95% interval over boots (Student's t).",
	"not drawn",
	kernels_rows,
	1};
static const struct graph lock_graph = {
	"compound-lock",
	"The compound lock: how often it is taken, and found taken",
	"Bars: quartiles over boots; of acquisitions, the least and the most of any trial.",
	"has no such lock",
	lock_rows,
	2};

static bool counts_locks(const struct run *r)
{
	for (unsigned int v = 0; v < r->variant_count; v++)
		if (answer_counts_lock(r, v))
			return true;
	return false;
}

static int plot_run(int argc, char **argv)
{
	const char *directory = NULL;
	struct panels panels;
	struct error e = {0};
	struct run run;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &directory);
	rc = run_read(&run, directory, &e);
	if (!rc && panels_of(&panels, &run, &e)) {
		run_free(&run);
		rc = -1;
	}
	if (rc) {
		fprintf(stderr, "pinscale plot: %s\n", e.text);
		return STATUS_USAGE;
	}
	if (!run_usable(&run))
		rc = fail(&e, "%s has no trial to draw; 'pinscale table' says why.", directory);
	if (!rc)
		rc = graph_draw(&run, &panels,
				run_compares_kernels(&run) ? &kernels_graph : &running_graph, &e);
	if (!rc && counts_locks(&run))
		rc = graph_draw(&run, &panels, &lock_graph, &e);
	if (rc)
		fprintf(stderr, "pinscale plot: %s\n", e.text);
	if (rc)
		rc = run.trial_count && !run_usable(&run) ? STATUS_INCONCLUSIVE : STATUS_USAGE;
	panels_free(&panels);
	run_free(&run);
	return rc;
}

static const struct command plot_command = {
	.name = "plot",
	.summary = "a run's graphs, by gnuplot",
	.run = plot_run,
};
REGISTER_COMMAND(plot_command);
