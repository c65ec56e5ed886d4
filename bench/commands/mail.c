// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale mail: the five claims of the mail of 2011, and what was measured. */
#include <argp.h>
#include <string.h>

#include "commands/command.h"
#include "core/counts.h"
#include "core/mail.h"

struct options {
	const char *counts, *times;
};

static const char doc[] =
	"Prints the five claims of the mail of 2011 about the compound lock, each with its answer. COUNTS is "
	"a run of 'pinscale count', TIMES one of 'pinscale ab', of the variants stock, taillock, "
	"taillock-thponly, taillock+noextra and noextra, as './run.sh mail' makes them.\v"
	"Examples:\n"
	"  pinscale mail results/mail/counts results/mail\n\n"
	"Exit status: 0 answered, 2 there is no such run, or it lacks what is needed.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			o->counts = arg;
		else if (state->arg_num == 1)
			o->times = arg;
		else
			argp_error(state, "two runs, not more");
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the directory of a run of counts is needed");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {NULL, parse, "COUNTS [TIMES]", doc, NULL, NULL, NULL};

static int mail_run(int argc, char **argv)
{
	struct options o = {0};
	struct run counts, times;
	struct error e = {0};
	int variant, rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	rc = counts_read(o.counts, &counts, &variant, &e);
	if (!rc && o.times) {
		rc = run_read(&times, o.times, &e);
		if (rc)
			run_free(&counts);
	}
	if (!rc) {
		rc = mail_print(&counts, o.times ? &times : NULL, stdout, &e);
		run_free(&counts);
		if (o.times)
			run_free(&times);
	}
	if (rc)
		fprintf(stderr, "pinscale mail: %s\n", e.text);
	return rc ? STATUS_USAGE : STATUS_GOOD;
}

static const struct command mail_command = {
	.name = "mail",
	.summary = "the five claims of the mail of 2011, answered",
	.run = mail_run,
};
REGISTER_COMMAND(mail_command);
