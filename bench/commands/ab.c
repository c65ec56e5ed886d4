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
#include "core/comparison.h"
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
	unsigned int extension; /* boots more when the first look decides nothing */
	const char *accelerator;
};

static const struct options defaults = {
	.guest = {GUEST_OPTIONS_PRESET},
	.boots = 6,
	.cpus = 2,
	.accelerator = "tcg",
};

enum { KEY_BOOTS = 256, KEY_CPUS, KEY_ACCEL, KEY_EXTENSION };

static const struct argp_option option_table[] = {
	{"boots", KEY_BOOTS, "N", 0, "Boots of each variant (6)", 0},
	{"extension", KEY_EXTENSION, "N", 0,
	 "Boots of each variant more if those leave it inconclusive: planned now, so that the chance of "
	 "a false verdict is shared between the two looks (0)",
	 0},
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
	case KEY_EXTENSION:
		o->extension = parse_number(arg, 0, 1000, state);
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
	json_t *names = json_array(), *blocks = json_array(), *plan;

	for (unsigned int i = 0; i < o->guest.variants * (o->boots + o->extension); i++) {
		json_array_append_new(names, json_string(o->guest.names[order[i].variant]));
		json_array_append_new(blocks, json_integer(order[i].block));
	}
	plan = json_pack("{s:o, s:i, s:o, s:o, s:i, s:i, s:s, s:s}", "variants",
			 guest_options_variants(&o->guest), "boots", o->boots, "order", names,
			 "block", blocks, "cpus", o->cpus, "nodes", o->guest.nodes, "accel",
			 o->accelerator, "memory", o->guest.memory);
	if (o->extension)
		json_object_set_new(plan, "extension", json_integer(o->extension));
	return plan;
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

/* All places of that part of the plan that are not done. As boot(). */
static int boot_slots(const struct options *o, const struct slot *order, unsigned int first,
		      unsigned int boots, struct journal *j, struct error *e)
{
	struct progress progress;
	int worst = 0;

	progress_start(&progress, o->guest.variants * boots);
	for (unsigned int slot = o->guest.variants * first;
	     slot < o->guest.variants * (first + boots); slot++) {
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

/* The verdict on a variant against the first, from what was measured so far. */
static enum verdict look_at(const struct run *r, unsigned int variant, struct error *e)
{
	const struct comparison_options options = {.margin = NAN};
	struct side sides[SIDES];
	struct comparison c;
	enum verdict v;

	if (side_of_variant(&sides[BASE], r, NULL, 0, e) ||
	    side_of_variant(&sides[NEW], r, NULL, variant, e) ||
	    comparison_make(&c, sides, &options, e))
		return VERDICT_NONE;
	/* More boots do not make facts of emulated times. */
	v = c.emulated ? VERDICT_NONE : c.verdict;
	comparison_free(&c);
	return v;
}

/* The first look, which is journalled: is the extension needed? */
static bool first_look(const struct options *o, struct journal *j, struct error *e)
{
	enum verdict worst = VERDICT_NONE;
	bool undecided = false;
	struct run run;

	if (run_read(&run, j->directory, e))
		return false;
	for (unsigned int v = 1; v < o->guest.variants; v++) {
		enum verdict verdict = look_at(&run, v, e);

		undecided |= verdict == VERDICT_INCONCLUSIVE;
		worst = verdict_worse(worst, verdict);
	}
	run_free(&run);
	progress_say("first of two looks, after %u boots of each: %s%s", o->boots,
		     verdict_name(worst), undecided ? "; the planned extension follows" : "");
	journal_append(j,
		       json_pack("{s:s, s:i, s:i, s:s, s:b}", "type", "look", "look", 1, "boots",
				 o->boots, "verdict", verdict_name(worst), "extended", undecided),
		       e);
	return undecided;
}

/* The plan, and its extension where the first look decides nothing. As boot(). */
static int boot_all(const struct options *o, const struct sweep *s, const struct slot *order,
		    struct journal *j, struct error *e)
{
	int rc, more;

	show_plan(o, s, order);
	rc = boot_slots(o, order, 0, o->boots, j, e);
	if (rc == 2 || rc < 0 || !o->extension)
		return rc;
	if (!journal_slot_ended(j, o->guest.variants * o->boots) && !first_look(o, j, e))
		return rc;
	more = boot_slots(o, order, o->boots, o->extension, j, e);
	return more ? more : rc;
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

/* With --aa the one kernel is booted as two. 0 or -1. */
static int choose_variants(struct options *o, struct error *e)
{
	static char again[128];

	if (o->sweep.aa != (o->guest.variants == 1))
		return fail(
			e, "%s",
			o->sweep.aa
				? "--aa compares one kernel with itself: one --variant NAME=FILE."
				: "ab compares kernels: at least two times --variant NAME=FILE, "
				  "or --aa.");
	if (!o->sweep.aa)
		return 0;
	snprintf(again, sizeof(again), "%s-again", o->guest.names[0]);
	o->guest.names[1] = again;
	o->guest.kernels[1] = o->guest.kernels[0];
	o->guest.variants = 2;
	return 0;
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
	if (choose_variants(&o, &e)) {
		fprintf(stderr, "pinscale ab: %s\n", e.text);
		return STATUS_USAGE;
	}
	order = schedule(o.guest.variants, o.boots + o.extension);
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
