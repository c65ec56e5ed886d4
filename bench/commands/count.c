// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale count: what an operation costs in locked operations, exactly, in emulated guests. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/guest_options.h"
#include "commands/sweep_options.h"
#include "core/count_boot.h"
#include "core/progress.h"
#include "core/runner.h"
#include "core/signals.h"

/* A guest that fell over is booted once more before the run gives up. */
#define ATTEMPTS 2

/* As many as a guest's kernel can have. */
#define MOST_CPUS 256

struct options {
	struct sweep_options sweep;
	struct guest_options guest;
	const char *plugin;
	unsigned int operations, skip;
	bool instructions, accesses;
};

static const struct options defaults = {
	.guest = {GUEST_OPTIONS_PRESET},
	.plugin = PINSCALE_TOP "/build/count.so",
	.operations = 1000,
	.skip = 100,
	.instructions = true,
};

enum {
	KEY_PLUGIN = 256,
	KEY_OPERATIONS,
	KEY_SKIP,
	KEY_LOCKED_ONLY,
	KEY_ACCESSES,
};

static const struct argp_option option_table[] = {
	{"plugin", KEY_PLUGIN, "FILE", 0, "Of QEMU's TCG (build/count.so)", 0},
	{"operations", KEY_OPERATIONS, "N", 0, "Operations of a worker to count (1000)", 0},
	{"skip", KEY_SKIP, "N", 0, "Operations of a worker before these (100)", 0},
	{"locked-only", KEY_LOCKED_ONLY, NULL, 0, "Leave instructions uncounted: faster", 0},
	{"accesses", KEY_ACCESSES, NULL, 0,
	 "Plain loads and stores too: ten times slower, and ten times as much", 0},
	{0},
};

static const char doc[] =
	"Boots kernels in QEMU guests that are watched instruction by instruction, and counts the locked "
	"operations and instructions of every operation of the sweep, by function and cache line. "
	"A guest has as many CPUs as the points that it counts have workers. With one CPU every run counts "
	"the very same. Times of the sweep do not matter: a trial is a number of operations.\v"
	"Examples:\n"
	"  pinscale count configs/count.ini -o results/counts --initramfs /tmp/i.gz \\\n"
	"      --variant stock=\"$(kernels/build.sh stock)\" \\\n"
	"      --variant taillock=\"$(kernels/build.sh taillock)\"\n"
	"  pinscale counts results/counts\n"
	"  pinscale diff-counts results/counts:stock results/counts:taillock\n\n"
	"docs/COUNTING.md says what is counted and what is not.\n"
	"Exit status: 0 all is well, 1 a trial failed, 2 usage or environment.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->sweep;
		state->child_inputs[1] = &o->guest;
		return 0;
	case KEY_PLUGIN:
		o->plugin = arg;
		return 0;
	case KEY_OPERATIONS:
		o->operations = parse_number(arg, 1, 1000000, state);
		return 0;
	case KEY_SKIP:
		o->skip = parse_number(arg, 0, 1000000, state);
		return 0;
	case KEY_LOCKED_ONLY:
		o->instructions = false;
		return 0;
	case KEY_ACCESSES:
		o->accesses = true;
		return 0;
	case ARGP_KEY_END:
		if (access(o->plugin, R_OK))
			argp_error(state, "there is no plugin %s; 'make' builds it", o->plugin);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = {
	{&sweep_options_argp, 0, NULL, -1}, {&guest_options_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {option_table, parse, "[SWEEP]", doc, children, NULL, NULL};

/* A place in the plan: every number of workers with every kernel. */
struct place {
	unsigned int variant, cpus;
};

static int by_cpus(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->cpus != y->cpus)
		return x->cpus < y->cpus ? -1 : 1;
	return (x->variant > y->variant) - (x->variant < y->variant);
}

/* The plan of a sweep; to be freed. */
static struct place *plan(const struct options *o, const struct sweep *s, unsigned int *count)
{
	bool wanted[MOST_CPUS + 1] = {false};
	struct place *places = calloc((size_t)MOST_CPUS * o->guest.variants, sizeof(*places));

	*count = 0;
	for (size_t i = 0; i < s->count; i++)
		if (s->points[i].workers <= MOST_CPUS)
			wanted[s->points[i].workers] = true;
	for (unsigned int cpus = 1; places && cpus <= MOST_CPUS; cpus++)
		for (unsigned int v = 0; v < o->guest.variants && wanted[cpus]; v++)
			places[(*count)++] = (struct place){.variant = v, .cpus = cpus};
	if (places)
		qsort(places, *count, sizeof(*places), by_cpus);
	return places;
}

/* What of it run.json keeps: a run that goes on must go on alike. */
static json_t *plan_json(const struct options *o)
{
	return json_pack("{s:o, s:i, s:s}", "variants", guest_options_variants(&o->guest), "nodes",
			 (int)o->guest.nodes, "memory", o->guest.memory);
}

static json_t *count_json(const struct options *o)
{
	return json_pack("{s:i, s:i, s:b, s:b}", "operations", (int)(o->operations + o->skip),
			 "skip", (int)o->skip, "instructions", o->instructions, "accesses",
			 o->accesses);
}

/* One place of the plan. 0; 1: done, but not well; 2: a signal came; -1. */
static int boot(const struct options *o, const struct place *place, unsigned int slot,
		struct journal *j, struct error *e)
{
	struct count_boot c = {
		.variant = o->guest.names[place->variant],
		.kernel = o->guest.kernels[place->variant],
		.initramfs = o->guest.initramfs,
		.plugin = o->plugin,
		.memory = o->guest.memory,
		.cpus = place->cpus,
		.nodes = place->cpus >= o->guest.nodes ? o->guest.nodes : 1,
		.timeout = o->guest.timeout,
		.slot = slot,
		.skip = o->skip,
		.operations = o->operations,
		.instructions = o->instructions,
		.accesses = o->accesses,
	};
	int rc = -1;

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		rc = count_boot(&c, j, e);
		if (rc == 2 || rc < 0 || journal_slot_ended(j, slot))
			break;
		progress_say("boot of %s: %s", c.variant, e->text);
	}
	return rc == 1 && !journal_slot_ended(j, slot) ? -1 : rc;
}

/* All places of the plan that are not done. As boot(). */
static int boot_all(const struct options *o, const struct sweep *s, struct journal *j,
		    struct error *e)
{
	struct progress progress;
	unsigned int places;
	struct place *order = plan(o, s, &places);
	int worst = 0, rc = 0;

	if (!order)
		return fail(e, "No memory for the plan.");
	progress_start(&progress, places);
	for (unsigned int slot = 0; slot < places && rc != 2 && rc >= 0; slot++) {
		char what[160];

		if (journal_slot_ended(j, slot)) {
			progress_skip(&progress);
			continue;
		}
		snprintf(what, sizeof(what), "counting in %s with %u CPU%s",
			 o->guest.names[order[slot].variant], order[slot].cpus,
			 order[slot].cpus > 1 ? "s" : "");
		progress_step(&progress, what);
		rc = boot(o, &order[slot], slot, j, e);
		if (rc == 1)
			progress_say("boot of %s: %s", o->guest.names[order[slot].variant],
				     e->text);
		worst = rc ? rc : worst;
	}
	progress_end();
	free(order);
	return worst;
}

/* With the plan and how much to count in its run.json. */
static int open_run(const struct options *o, struct journal *j, struct sweep *s, struct error *e)
{
	const json_t *begun;
	json_t *count;
	int rc = 0;

	if (sweep_options_open(&o->sweep, "count", plan_json(o), count_json(o), j, s, e))
		return -1;
	begun = json_object_get(j->run, "count");
	count = count_json(o);
	if (!json_equal(begun, count)) {
		rc = fail(e,
			  "%s was begun with other numbers of operations, or of what is counted: "
			  "give the same, or another directory.",
			  j->directory);
		journal_close(j);
		sweep_free(s);
	}
	json_decref(count);
	return rc;
}

static int count_run(int argc, char **argv)
{
	struct options o = defaults;
	struct journal journal;
	struct error e = {0};
	struct sweep sweep;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.sweep.aa) {
		fprintf(stderr,
			"pinscale count: --aa is for 'run' and 'ab': counts have no noise.\n");
		return STATUS_USAGE;
	}
	/* More of them count the same once more. */
	if (o.sweep.config && o.sweep.override_count < MOST_OVERRIDES)
		o.sweep.overrides[o.sweep.override_count++] = (char *)"repetitions=1";
	if (open_run(&o, &journal, &sweep, &e)) {
		fprintf(stderr, "pinscale count: %s\n", e.text);
		return STATUS_USAGE;
	}
	signals_hold();
	rc = boot_all(&o, &sweep, &journal, &e);
	if (rc < 0)
		fprintf(stderr, "pinscale count: %s\n", e.text);
	else if (rc == 2)
		fprintf(stderr,
			"pinscale count: interrupted; the same command with '-o %s' and no sweep "
			"goes on with it\n",
			journal.directory);
	else
		printf("%s: counted in %u variants; 'pinscale counts %s' shows it\n",
		       journal.directory, o.guest.variants, journal.directory);
	journal_close(&journal);
	sweep_free(&sweep);
	signals_end();
	return rc < 0 ? STATUS_USAGE : rc ? STATUS_BAD : STATUS_GOOD;
}

static const struct command count_command = {
	.name = "count",
	.summary = "count locked operations and instructions in watched guests",
	.run = count_run,
};
REGISTER_COMMAND(count_command);
