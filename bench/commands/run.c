// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale run: a sweep on the running kernel. */
#include <argp.h>
#include <string.h>

#include "commands/command.h"
#include "commands/sweep_options.h"
#include "core/runner.h"
#include "core/signals.h"

#define MOST_WRITE_TO 64

struct options {
	struct sweep_options sweep;
	struct runner_options runner;
	const char *write_to[MOST_WRITE_TO + 1];
	unsigned int write_to_count;
	unsigned int only_workers; /* 0: any number */
};

static const struct options defaults = {
	.runner = {.variant = "running", .slot = -1},
};

enum {
	KEY_HUGE_PAGES = 256,
	KEY_DIRECTORY,
	KEY_WRITE_TO,
	KEY_VARIANT,
	KEY_BOOT,
	KEY_SLOT,
	KEY_WORKERS
};

static const struct argp_option option_table[] = {
	{"huge-pages", KEY_HUGE_PAGES, "existing|reserve", 0,
	 "Use what the system's pool has free (the default), or enlarge it for the time of the run",
	 0},
	{"directory", KEY_DIRECTORY, "DIR", 0, "Where the target 'file' puts its files", 0},
	{"write-to", KEY_WRITE_TO, "DEVICE", 0,
	 "The target block:DEVICE may be written to: what is on it is lost", 0},
	{"variant", KEY_VARIANT, "NAME", 0, "What to call this kernel (running)", 0},
	{"boot", KEY_BOOT, "N", OPTION_HIDDEN, "Number of this boot, given by 'pinscale ab'", 0},
	{"slot", KEY_SLOT, "N", OPTION_HIDDEN, "Place of this boot in the plan", 0},
	{"only-workers", KEY_WORKERS, "N", OPTION_HIDDEN, "Only the points with so many workers",
	 0},
	{0},
};

static const char doc[] =
	"Measures a sweep on the running kernel, as root. SWEEP is an ini file; without one, a run that "
	"was begun in --output goes on as it was.\v"
	"Keys of a sweep: window, warmup (seconds), slices, repetitions, seed, margin; and of its points: "
	"workload, target, devices, page, mapping, sharing, subpage, mempolicy, block, depth, access, "
	"workers, task, placement, copy, each a list of values (docs/WORKLOADS.md).\n\n"
	"Examples:\n"
	"  pinscale run configs/quick.ini --huge-pages reserve\n"
	"  pinscale run configs/quick.ini -o results/one -s page=2m -s workers=2\n"
	"  pinscale run -o results/one            (goes on with it)\n"
	"  pinscale run configs/sharing.ini -o results/aa --aa\n\n"
	"Exit status: 0 all is well, 1 a trial failed or something was not given back, 2 usage or "
	"environment, 77 no point of the sweep is possible here.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->sweep;
		return 0;
	case KEY_HUGE_PAGES:
		if (strcmp(arg, "reserve") && strcmp(arg, "existing"))
			argp_error(state, "--huge-pages is existing or reserve, not '%s'", arg);
		o->runner.reserve = !strcmp(arg, "reserve");
		return 0;
	case KEY_DIRECTORY:
		o->runner.directory = arg;
		return 0;
	case KEY_WRITE_TO:
		if (o->write_to_count == MOST_WRITE_TO)
			argp_error(state, "more than %d times --write-to", MOST_WRITE_TO);
		o->write_to[o->write_to_count++] = arg;
		return 0;
	case KEY_VARIANT:
		o->runner.variant = arg;
		return 0;
	case KEY_BOOT:
		o->runner.boot = parse_number(arg, 0, 1000000, state);
		return 0;
	case KEY_SLOT:
		o->runner.slot = parse_number(arg, 0, 1000000, state);
		return 0;
	case KEY_WORKERS:
		o->only_workers = parse_number(arg, 1, 65536, state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = {{&sweep_options_argp, 0, NULL, -1}, {0}};
static const struct argp argp = {option_table, parse, "[SWEEP]", doc, children, NULL, NULL};

static int report(const struct journal *j, const struct sweep *s,
		  const struct runner_result *result)
{
	if (result->skipped)
		fprintf(stderr,
			"pinscale: %u of %zu points are not possible here; the journal says why\n",
			result->skipped, s->count);
	printf("%s: boot %u, %u trials%s\n", j->directory, result->boot, result->trials,
	       result->trials || result->skipped == s->count ? "" : ": it was complete");
	if (result->failed)
		fprintf(stderr,
			"pinscale: %u trials failed or found something wrong: 'pinscale table %s'\n",
			result->failed, j->directory);
	if (result->bad_end)
		fprintf(stderr,
			"pinscale: something was not given back, or the kernel complained: the "
			"boot-end record in %s/trials.jsonl says what\n",
			j->directory);
	if (result->failed || result->bad_end)
		return STATUS_BAD;
	return result->skipped == s->count ? STATUS_NOT_POSSIBLE : STATUS_GOOD;
}

static int run_run(int argc, char **argv)
{
	struct options o = defaults;
	struct runner_result result;
	struct sweep sweep = {0};
	struct journal journal;
	struct error e = {0};
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	o.runner.write_to = o.write_to;
	if (o.sweep.aa && o.sweep.config && o.sweep.override_count < MOST_OVERRIDES)
		o.sweep.overrides[o.sweep.override_count++] = "copy=1 2";
	if (sweep_options_open(&o.sweep, "run", NULL, NULL, &journal, &sweep, &e)) {
		fprintf(stderr, "pinscale run: %s\n", e.text);
		return STATUS_USAGE;
	}
	if (o.only_workers)
		sweep_keep_workers(&sweep, o.only_workers);
	if (o.runner.slot < 0 && json_object_get(journal.run, "plan"))
		rc = fail(&e, "%s compares kernels: 'pinscale ab' goes on with it.",
			  journal.directory);
	else
		rc = runner_run(&journal, &sweep, &o.runner, &result, &e);
	if (!rc)
		rc = report(&journal, &sweep, &result);
	else if (rc < 0) {
		fprintf(stderr, "pinscale run: %s\n", e.text);
		rc = STATUS_USAGE;
	} else {
		fprintf(stderr, "pinscale run: interrupted; 'pinscale run -o %s' goes on with it\n",
			journal.directory);
	}
	journal_close(&journal);
	sweep_free(&sweep);
	signals_end();
	return rc;
}

static const struct command run_command = {
	.name = "run",
	.summary = "measure a sweep on the running kernel",
	.run = run_run,
};
REGISTER_COMMAND(run_command);
