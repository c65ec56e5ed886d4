// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale counts: what was counted, as text. */
#include <argp.h>

#include "commands/command.h"
#include "commands/run_argument.h"
#include "core/counts.h"
#include "core/faults.h"

struct options {
	const char *directory;
	struct counts_view view;
};

static const struct argp_option option_table[] = {
	{"point", 'p', "TEXT", 0, "Only the points with this in their title, all workers", 0},
	{"functions", 'f', NULL, 0, "Instructions by function, too", 0},
	{"all", 'a', NULL, 0, "All plain loads and stores, not only those on shared lines", 0},
	{0},
};

static const char doc[] =
	"Prints a run of 'pinscale count': locked operations and instructions of every point, and what they "
	"work on, line by line.\v"
	"Examples:\n"
	"  pinscale counts results/counts\n"
	"  pinscale counts results/counts:stock -p '2m tail shared' -f\n\n"
	"Exit status: 0 all is well, 1 a trial failed, 2 there is no such run.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'p':
		o->view.part = arg;
		return 0;
	case 'f':
		o->view.functions = true;
		return 0;
	case 'a':
		o->view.all = true;
		return 0;
	}
	state->input = &o->directory;
	return run_argument(key, arg, state);
}

static const struct argp argp = {option_table, parse, "RUN[:VARIANT]", doc, NULL, NULL, NULL};

static int counts_run(int argc, char **argv)
{
	struct options o = {0};
	struct panels panels;
	struct error e = {0};
	struct run run;
	bool bad;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (counts_read(o.directory, &run, &o.view.variant, &e)) {
		fprintf(stderr, "pinscale counts: %s\n", e.text);
		return STATUS_USAGE;
	}
	if (panels_of(&panels, &run, &e)) {
		fprintf(stderr, "pinscale counts: %s\n", e.text);
		run_free(&run);
		return STATUS_USAGE;
	}
	counts_show(&run, &panels, &o.view, stdout);
	puts("");
	bad = faults_print(&run, stdout);
	panels_free(&panels);
	run_free(&run);
	return bad ? STATUS_BAD : STATUS_GOOD;
}

static const struct command counts_command = {
	.name = "counts",
	.summary = "what was counted, as tables",
	.run = counts_run,
};
REGISTER_COMMAND(counts_command);
