// SPDX-License-Identifier: GPL-3.0-or-later
#include "run_argument.h"

error_t run_argument(int key, char *arg, struct argp_state *state)
{
	const char **directory = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*directory)
			argp_error(state, "one run at a time");
		*directory = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the directory of a run is needed");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}
