// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale run: a sweep on the running kernel. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands/command.h"
#include "core/runner.h"
#include "core/signals.h"

struct options {
	const char *config;
	const char *output;
	char *overrides[64];
	unsigned int override_count;
	struct runner_options runner;
};

static const struct options defaults = {
	.runner = {.variant = "running", .slot = -1},
};

enum { KEY_HUGE_PAGES = 256, KEY_DIRECTORY, KEY_VARIANT, KEY_BOOT, KEY_SLOT };

static const struct argp_option option_table[] = {
	{"output", 'o', "DIR", 0,
	 "The run's directory (results/ and the time); one that exists is taken "
	 "up where it was left",
	 0},
	{"set", 's', "KEY=VALUE", 0, "Overrides a key of the sweep, in all its sections", 0},
	{"huge-pages", KEY_HUGE_PAGES, "existing|reserve", 0,
	 "Use what the system's pool has free (the default), or enlarge it for the time of the run",
	 0},
	{"directory", KEY_DIRECTORY, "DIR", 0, "Where the target 'file' puts its files", 0},
	{"variant", KEY_VARIANT, "NAME", 0, "What to call this kernel (running)", 0},
	{"boot", KEY_BOOT, "N", OPTION_HIDDEN, "Number of this boot, given by 'pinscale ab'", 0},
	{"slot", KEY_SLOT, "N", OPTION_HIDDEN, "Place of this boot in the plan", 0},
	{0},
};

static const char doc[] =
	"Measures a sweep on the running kernel, as root. SWEEP is an ini file; without one, a run that "
	"was begun in --output goes on as it was.\v"
	"Keys of a sweep: window, warmup (seconds), slices, repetitions, seed, margin; and of its points: "
	"workload, target, page, mapping, sharing, subpage, block, depth, workers, placement, each a list "
	"of values (docs/WORKLOADS.md).\n\n"
	"Examples:\n"
	"  pinscale run configs/quick.ini --huge-pages reserve\n"
	"  pinscale run configs/quick.ini -o results/one -s workload=pwrite -s 'workers=1 2'\n"
	"  pinscale run -o results/one            (goes on with it)\n\n"
	"Exit status: 0 all is well, 1 a trial failed or something was not given back, 2 usage or "
	"environment, 77 no point of the sweep is possible here.";

static int parse_number(const char *text, struct argp_state *state)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 0 || n > 1000000)
		argp_error(state, "'%s' is not a number", text);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	const unsigned int most = sizeof(o->overrides) / sizeof(o->overrides[0]) - 1;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case 's':
		if (o->override_count == most)
			argp_error(state, "more than %u times --set", most);
		o->overrides[o->override_count++] = arg;
		return 0;
	case KEY_HUGE_PAGES:
		if (strcmp(arg, "reserve") && strcmp(arg, "existing"))
			argp_error(state, "--huge-pages is existing or reserve, not '%s'", arg);
		o->runner.reserve = !strcmp(arg, "reserve");
		return 0;
	case KEY_DIRECTORY:
		o->runner.directory = arg;
		return 0;
	case KEY_VARIANT:
		o->runner.variant = arg;
		return 0;
	case KEY_BOOT:
		o->runner.boot = parse_number(arg, state);
		return 0;
	case KEY_SLOT:
		o->runner.slot = parse_number(arg, state);
		return 0;
	case ARGP_KEY_ARG:
		if (o->config)
			argp_error(state, "one sweep at a time");
		o->config = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->config && !(o->output && journal_exists(o->output)))
			argp_error(
				state,
				"a sweep is needed, as in configs/quick.ini, or the directory of "
				"a run to go on with");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {option_table, parse, "[SWEEP]", doc, NULL, NULL, NULL};

/* The journal and sweep of a run that is new, or goes on. 0 or -1. */
static int open_run(const struct options *o, struct journal *j, struct sweep *s, struct error *e)
{
	char directory[64];
	time_t now = time(NULL);
	int rc;

	if (!o->config) {
		if (o->override_count)
			return fail(e, "A run goes on as it was begun: --set is for a new one.");
		rc = journal_open(j, o->output, NULL, e);
		return rc ? rc : runner_sweep_of(j->run, s, e);
	}
	if (sweep_load(s, o->config, o->overrides, e))
		return -1;
	strftime(directory, sizeof(directory), "results/%Y%m%d-%H%M%S", localtime(&now));
	return journal_open(j, o->output ? o->output : directory, runner_run_json(s, "run"), e);
}

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
	if (open_run(&o, &journal, &sweep, &e)) {
		fprintf(stderr, "pinscale run: %s\n", e.text);
		sweep_free(&sweep);
		return STATUS_USAGE;
	}
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
