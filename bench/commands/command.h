/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A subcommand of pinscale. One file in bench/commands/. */
#ifndef PINSCALE_COMMAND_H
#define PINSCALE_COMMAND_H

#include "include/plugin.h"

/* Exit statuses of all commands. */
enum status {
	STATUS_GOOD = 0,
	STATUS_BAD = 1,	  /* the answer is bad: a failed trial or check */
	STATUS_USAGE = 2, /* usage or environment */
	STATUS_INCONCLUSIVE = 3,
	STATUS_NOT_POSSIBLE = 77, /* nothing of it is possible here */
};

struct command {
	const char *name;
	const char *summary;

	/* argv[0] is "pinscale NAME". Returns an exit status. */
	int (*run)(int argc, char **argv);
};

PLUGIN_KIND(command);
#define REGISTER_COMMAND(object) REGISTER_PLUGIN(command, object)

#endif
