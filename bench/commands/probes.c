// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale probes: which probe sees what, here. */
#include <argp.h>
#include <string.h>

#include "commands/command.h"
#include "core/text_table.h"
#include "core/views.h"

#define NOTES 128

static const char doc[] =
	"Shows which probe sees which kind of contention on this machine: 'sees', 'partly', "
	"'blind' or 'cannot run here', and why. Where a probe is blind, its zero does not mean "
	"that nobody waited.\v"
	"Examples:\n"
	"  sudo pinscale probes\n"
	"  pinscale probes | grep '^folio-wait'\n"
	"  sudo pinscale run configs/quick.ini -s probes=folio-wait    (to use one)";

static const struct argp argp = {NULL, NULL, NULL, doc, NULL, NULL, NULL};

/* Reasons, each once; they are shown below the table by number. */
struct notes {
	const char *probe[NOTES], *why[NOTES];
	unsigned int count;
};

/* Its number, from 1. 0: there is no room. */
static unsigned int note(struct notes *n, const char *probe, const char *why)
{
	for (unsigned int i = 0; i < n->count; i++)
		if (!strcmp(n->why[i], why) && !strcmp(n->probe[i], probe))
			return i + 1;
	if (n->count == NOTES)
		return 0;
	n->probe[n->count] = probe;
	n->why[n->count] = why;
	return ++n->count;
}

static void add_probe(struct text_table *t, struct notes *n, const struct probe *p)
{
	text_cell(t, "%s", p->name);
	for (int m = 0; m < MECHANISMS; m++) {
		const char *why, *sight = view_of(p, m, &why);

		if (why)
			text_cell(t, "%s [%u]", sight, note(n, p->name, why));
		else
			text_cell(t, "%s", sight);
	}
	text_row(t);
}

/* "[3] pins: ..."; what a probe says of itself begins with its name already. */
static void print_note(const struct notes *n, unsigned int i)
{
	size_t length = strlen(n->probe[i]);
	bool named = !strncmp(n->why[i], n->probe[i], length) && n->why[i][length] == ':';

	printf("[%u] %s%s%s\n", i + 1, named ? "" : n->probe[i], named ? "" : ": ", n->why[i]);
}

static int probes_run(int argc, char **argv)
{
	struct text_table table = {0};
	struct notes notes = {0};

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	text_cell(&table, "probe");
	for (int m = 0; m < MECHANISMS; m++)
		text_cell(&table, "%s", mechanism_name(m));
	text_row(&table);
	for_each_plugin (probe, p)
		add_probe(&table, &notes, *p);
	text_table_print(&table, 1 + MECHANISMS, stdout);
	puts("");
	for (unsigned int i = 0; i < notes.count; i++)
		print_note(&notes, i);
	return STATUS_GOOD;
}

static const struct command probes_command = {
	.name = "probes",
	.summary = "which probe sees which kind of contention here, and why not",
	.run = probes_run,
};
REGISTER_COMMAND(probes_command);
