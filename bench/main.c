// SPDX-License-Identifier: GPL-3.0-or-later
/* The program: finds the subcommand and runs it. */
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "include/version.h"

static void usage(FILE *out)
{
	fprintf(out,
		"usage: pinscale COMMAND [OPTIONS…]\n\n"
		"Does a kernel change hurt the scalability of O_DIRECT and get_user_pages on huge\n"
		"pages? Workers pin buffers, alone or sharing a huge page; throughput and lock\n"
		"contention are recorded, and compared between kernels.\n\n"
		"commands:\n");
	for_each_plugin (command, c)
		fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fprintf(out,
		"\nexamples:\n"
		"  pinscale list                              what works here, and if not, why\n"
		"  sudo pinscale run configs/quick.ini -o results/mine --huge-pages reserve\n"
		"  pinscale table results/mine\n"
		"  pinscale plot results/mine\n\n"
		"'pinscale COMMAND --help' has the options. Exit status: 0 good, 1 the answer is bad,\n"
		"2 usage or environment, 3 inconclusive, 77 not possible here.\n");
}

int main(int argc, char **argv)
{
	const struct command *command;
	char name[64];

	if (argc < 2) {
		usage(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return STATUS_GOOD;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("pinscale " PINSCALE_VERSION);
		return STATUS_GOOD;
	}
	command = find_plugin(command, argv[1]);
	if (!command) {
		fprintf(stderr,
			"pinscale: there is no command '%s'; 'pinscale --help' names those there "
			"are.\n",
			argv[1]);
		return STATUS_USAGE;
	}
	snprintf(name, sizeof(name), "pinscale %s", command->name);
	argv[1] = name;
	return command->run(argc - 1, argv + 1);
}
