// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale table: a run as text. */
#include <argp.h>

#include "commands/command.h"
#include "commands/run_argument.h"
#include "core/answer.h"
#include "core/differences.h"
#include "core/faults.h"
#include "core/panel.h"
#include "core/probed.h"
#include "core/reference.h"
#include "core/run.h"
#include "core/show.h"

static const char doc[] =
	"Prints a run: every point with its rate and counts, and at the end the answer.\v"
	"Intervals are 95%, by Student's t: over boots where kernels are compared, else over the "
	"trials of the boot. docs/METHOD.md says more.\n\n"
	"Examples:\n"
	"  pinscale table results/20261124-023000\n"
	"  pinscale table results/20261124-023000/running\n\n"
	"Exit status: 0 all is well, 1 a trial failed or something was not given back, 2 there is no "
	"such run, 3 every trial was excluded.";

static const struct argp argp = {NULL, run_argument, "RUN", doc, NULL, NULL, NULL};

static int table_run(int argc, char **argv)
{
	const char *directory = NULL;
	struct panels panels;
	struct error e = {0};
	struct run run;
	bool bad;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &directory);
	if (run_read(&run, directory, &e)) {
		fprintf(stderr, "pinscale table: %s\n", e.text);
		return STATUS_USAGE;
	}
	if (panels_of(&panels, &run, &e)) {
		fprintf(stderr, "pinscale table: %s\n", e.text);
		run_free(&run);
		return STATUS_USAGE;
	}
	if (json_object_get(run.json, "count"))
		printf("%s was counted, not timed: 'pinscale counts %s' shows what. Its trials:\n",
		       run.directory, run.directory);
	show_header(&run, stdout);
	if (run_compares_kernels(&run))
		differences_print(&run, stdout);
	show_panels(&run, &panels, stdout);
	reference_print(&run, &panels, stdout);
	if (probed_print(&run, &panels, stdout, &e))
		fprintf(stderr, "pinscale table: %s\n", e.text);
	bad = faults_print(&run, stdout);
	puts("");
	if (run.trial_count)
		answer_print(&run, &panels, stdout);
	if (bad)
		rc = STATUS_BAD;
	else
		rc = run_usable(&run) ? STATUS_GOOD : STATUS_INCONCLUSIVE;
	panels_free(&panels);
	run_free(&run);
	return rc;
}

static const struct command table_command = {
	.name = "table",
	.summary = "a run as a table, with its answer",
	.run = table_run,
};
REGISTER_COMMAND(table_command);
