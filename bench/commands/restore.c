// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale restore: puts back what a killed run has left, without a new one. */
#include <argp.h>
#include <stdio.h>

#include "commands/command.h"
#include "core/undo.h"

static const char doc[] =
	"Puts back what a run that was killed (SIGKILL, power) had changed on this system: huge pages, "
	"devices, mounts. The next run does so too.\v"
	"Examples:\n"
	"  sudo pinscale restore\n\n"
	"Exit status: 0 all is as it was, 2 something could not be put back, another pinscale "
	"measures, or this is not root.";

static const struct argp argp = {NULL, NULL, NULL, doc, NULL, NULL, NULL};

static int restore_run(int argc, char **argv)
{
	struct error e = {0};
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	rc = undo_open(&e);
	if (rc)
		fprintf(rc < 0 ? stderr : stdout, "pinscale restore: %s\n", e.text);
	else
		puts("pinscale restore: no run has left anything.");
	undo_close(&e);
	return rc >= 0 ? STATUS_GOOD : STATUS_USAGE;
}

static const struct command restore_command = {
	.name = "restore",
	.summary = "put back what a killed run has left",
	.run = restore_run,
};
REGISTER_COMMAND(restore_command);
