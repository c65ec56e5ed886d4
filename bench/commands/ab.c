// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale ab: kernels in turn, each in a fresh guest, the same sweep in each. */
#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/guest_options.h"
#include "commands/sweep_options.h"
#include "core/covariate.h"
#include "core/guest.h"
#include "core/progress.h"
#include "core/runner.h"
#include "core/schedule.h"
#include "core/signals.h"

/* A guest that fell over is booted once more before the run gives up. */
#define ATTEMPTS 2

/* What a boot takes besides its trials, and a trial besides its windows: for the plan's estimate.
 */
#define BOOT_SECONDS 3.5
#define TRIAL_SECONDS 0.09

struct options {
	struct sweep_options sweep;
	struct guest_options guest;
	unsigned int boots, cpus;
	const char *accelerator;
};

static const struct options defaults = {
	.guest = {.least = 2, GUEST_OPTIONS_PRESET},
	.boots = 6,
	.cpus = 2,
	.accelerator = "tcg",
};

enum { KEY_BOOTS = 256, KEY_CPUS, KEY_ACCEL };

static const struct argp_option option_table[] = {
	{"boots", KEY_BOOTS, "N", 0, "Boots of each variant (6)", 0},
	{"cpus", KEY_CPUS, "N", 0, "CPUs of a guest (2)", 0},
	{"accel", KEY_ACCEL, "tcg|kvm", 0, "How a guest's CPUs are made: emulated, or by KVM (tcg)",
	 0},
	{0},
};

static const char doc[] =
	"Boots kernels in QEMU guests in balanced blocks (A B B A, B A A B, …), measures the sweep in "
	"each, and journals it all in one run.\v"
	"Examples:\n"
	"  pinscale ab configs/guest.ini -o results/ab --initramfs /tmp/i.gz \\\n"
	"      --variant stock=\"$(kernels/build.sh stock)\" \\\n"
	"      --variant taillock=\"$(kernels/build.sh taillock)\"\n"
	"  pinscale ab -o results/ab ...         (without a sweep: goes on with it)\n\n"
	"Exit status: 0 all is well, 1 a trial failed or something was not given back, 2 usage or "
	"environment.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->sweep;
		state->child_inputs[1] = &o->guest;
		return 0;
	case KEY_BOOTS:
		o->boots = parse_number(arg, 1, 1000, state);
		return 0;
	case KEY_CPUS:
		o->cpus = parse_number(arg, 1, 256, state);
		return 0;
	case KEY_ACCEL:
		if (strcmp(arg, "tcg") && strcmp(arg, "kvm"))
			argp_error(state, "--accel is tcg or kvm, not '%s'", arg);
		o->accelerator = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = {
	{&sweep_options_argp, 0, NULL, -1}, {&guest_options_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {option_table, parse, "[SWEEP]", doc, children, NULL, NULL};

/* The plan of run.json, fixed before the first boot. */
static json_t *plan_json(const struct options *o, const struct slot *order)
{
	json_t *names = json_array(), *blocks = json_array();

	for (unsigned int i = 0; i < o->guest.variants * o->boots; i++) {
		json_array_append_new(names, json_string(o->guest.names[order[i].variant]));
		json_array_append_new(blocks, json_integer(order[i].block));
	}
	return json_pack("{s:o, s:i, s:o, s:o, s:i, s:i, s:s, s:s}", "variants",
			 guest_options_variants(&o->guest), "boots", o->boots, "order", names,
			 "block", blocks, "cpus", o->cpus, "nodes", o->guest.nodes, "accel",
			 o->accelerator, "memory", o->guest.memory);
}

/* What the guests left goes with them: the host reads it anew. */
static int reopen(struct journal *j, struct error *e)
{
	char *directory = strdup(j->directory);
	int rc;

	journal_close(j);
	rc = journal_open(j, directory, NULL, e);
	free(directory);
	return rc;
}

/*
 * Load beside a guest makes its lock holders wait, and that shows in the
 * contended share. So a boot waits a while for the host to be idle.
 */
static void wait_until_idle(void)
{
	const struct timespec span = {.tv_nsec = 200 * 1000 * 1000};
	double cpus = sysconf(_SC_NPROCESSORS_ONLN), load = 0;
	struct cpu_time before, after;
	struct error e;

	for (int tries = 0; tries < 50; tries++) {
		if (cpu_time_read(&before, &e))
			return;
		nanosleep(&span, NULL);
		if (cpu_time_read(&after, &e))
			return;
		load = (after.busy - before.busy) / ((after.at - before.at) * 1e-9) / cpus;
		if (load < 0.15)
			return;
	}
	progress_say("this machine is %.0f%% busy with something else; going on all the same",
		     100 * load);
}

/* One place of the plan. 0; 1: done, but not well; 2: a signal came; -1. */
static int boot(const struct options *o, const struct slot *order, unsigned int slot,
		struct journal *j, struct error *e)
{
	const char *name = o->guest.names[order[slot].variant];
	int rc = -1;

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		unsigned int number = journal_last_boot(j) + 1;
		char command[256], log[4096];
		struct guest guest = {
			.kernel = o->guest.kernels[order[slot].variant],
			.initramfs = o->guest.initramfs,
			.share = j->directory,
			.log = log,
			.memory = o->guest.memory,
			.cpus = o->cpus,
			.nodes = o->guest.nodes,
			.accelerator = o->accelerator,
			.timeout = o->guest.timeout,
		};

		/* A boot that fell over before it wrote its record leaves its log. */
		do
			snprintf(log, sizeof(log), "%s/serial-%u.log", j->directory, number);
		while (!access(log, F_OK) && number++);
		snprintf(
			command, sizeof(command),
			"exec pinscale run -o /results --huge-pages reserve --variant %s --boot %u "
			"--slot %u\n",
			name, number, slot);
		wait_until_idle();
		rc = guest_run(&guest, command, e);
		if (rc == 2 || rc < 0)
			return rc;
		if (reopen(j, e))
			return -1;
		if (journal_slot_ended(j, slot))
			return rc;
		if (!rc)
			rc = fail(e, "The guest ended well but its journal has no end; see %s.",
				  log);
		progress_say("boot of %s: %s", name, e->text);
	}
	return -1;
}

/* What is about to be done, before it is. */
static void show_plan(const struct options *o, const struct sweep *s, const struct slot *order)
{
	unsigned int boots = o->guest.variants * o->boots;
	double trials = (double)s->count * s->repetitions;
	double minutes =
		boots * (BOOT_SECONDS + trials * (s->window + s->warmup + TRIAL_SECONDS)) / 60;
	char names[256] = "";

	for (unsigned int i = 0; i < boots && i < 2 * o->guest.variants; i++) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
			 o->guest.names[order[i].variant]);
	}
	progress_say(
		"plan: %u boots of %u kernels, %u of each in balanced blocks (%s%s); in each %.0f "
		"trials of %zu points; about %.0f min",
		boots, o->guest.variants, o->boots, names,
		boots > 2 * o->guest.variants ? ", ..." : "", trials, s->count, ceil(minutes));
}

/* All places of the plan that are not done. As boot(). */
static int boot_all(const struct options *o, const struct sweep *s, const struct slot *order,
		    struct journal *j, struct error *e)
{
	struct progress progress;
	int worst = 0;

	show_plan(o, s, order);
	progress_start(&progress, o->guest.variants * o->boots);
	for (unsigned int slot = 0; slot < o->guest.variants * o->boots; slot++) {
		char what[160];
		int rc;

		if (journal_slot_ended(j, slot)) {
			progress_skip(&progress);
			continue;
		}
		snprintf(what, sizeof(what), "boot of %s (block %u)",
			 o->guest.names[order[slot].variant], order[slot].block);
		progress_step(&progress, what);
		rc = boot(o, order, slot, j, e);
		if (rc == 2 || rc < 0)
			return rc;
		if (rc)
			progress_say("boot of %s: %s", o->guest.names[order[slot].variant],
				     e->text);
		worst = rc ? rc : worst;
	}
	progress_end();
	return worst;
}

static void remove_guest_files(const struct journal *j)
{
	static const char *const names[] = {"command", "messages", "status", "warnings",
					    "meminfo", "started",  ""};
	char path[4096];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/.guest/%s", j->directory, names[i]);
		if (*names[i])
			unlink(path);
		else
			rmdir(path);
	}
}

static int ab_run(int argc, char **argv)
{
	struct options o = defaults;
	struct journal journal;
	struct error e = {0};
	struct slot *order;
	struct sweep sweep;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	order = schedule(o.guest.variants, o.boots);
	if (!order ||
	    sweep_options_open(&o.sweep, "ab", plan_json(&o, order), NULL, &journal, &sweep, &e)) {
		fprintf(stderr, "pinscale ab: %s\n", order ? e.text : "No memory for the plan.");
		free(order);
		return STATUS_USAGE;
	}
	signals_hold();
	rc = boot_all(&o, &sweep, order, &journal, &e);
	remove_guest_files(&journal);
	if (rc < 0)
		fprintf(stderr, "pinscale ab: %s\n", e.text);
	else if (rc == 2)
		fprintf(stderr,
			"pinscale ab: interrupted; the same command with '-o %s' and no sweep goes "
			"on with it\n",
			journal.directory);
	else
		printf("%s: %u boots of each of %u variants\n", journal.directory, o.boots,
		       o.guest.variants);
	journal_close(&journal);
	sweep_free(&sweep);
	free(order);
	signals_end();
	return rc < 0 ? STATUS_USAGE : rc ? STATUS_BAD : STATUS_GOOD;
}

static const struct command ab_command = {
	.name = "ab",
	.summary = "measure a sweep in guests, kernel by kernel in turn",
	.run = ab_run,
};
REGISTER_COMMAND(ab_command);
