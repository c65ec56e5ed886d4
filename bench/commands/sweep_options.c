// SPDX-License-Identifier: GPL-3.0-or-later
#include "sweep_options.h"

#include <stdlib.h>
#include <time.h>

#include "core/runner.h"

enum { KEY_AA = 768 };

static const struct argp_option option_table[] = {
	{"output", 'o', "DIR", 0,
	 "The run's directory (results/ and the time); one that exists is taken up where it was left",
	 0},
	{"set", 's', "KEY=VALUE", 0, "Overrides a key of the sweep, in all its sections", 0},
	{"aa", KEY_AA, NULL, 0,
	 "A comparison with itself: every point (of 'ab': the one kernel) twice. What differs there is "
	 "noise",
	 0},
	{0},
};

unsigned int parse_number(const char *text, unsigned int low, unsigned int most,
			  struct argp_state *state)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < (long)low || n > (long)most)
		argp_error(state, "'%s' is not a number from %u to %u", text, low, most);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct sweep_options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case 's':
		if (o->override_count == MOST_OVERRIDES)
			argp_error(state, "more than %d times --set", MOST_OVERRIDES);
		o->overrides[o->override_count++] = arg;
		return 0;
	case KEY_AA:
		o->aa = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->config)
			argp_error(state, "one sweep at a time");
		o->config = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->config && !(o->output && record_exists(o->output)))
			argp_error(state,
				   "a sweep is needed, one of configs/*.ini, or with --output the "
				   "directory of a run to go on with");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp sweep_options_argp = {option_table, parse, NULL, NULL, NULL, NULL, NULL};

static int open_existing(const struct sweep_options *o, const json_t *plan, struct journal *j,
			 struct sweep *s, struct error *e)
{
	const json_t *begun;

	if (o->override_count)
		return fail(e, "A run goes on as it was begun: --set is for a new one.");
	if (journal_open(j, o->output, NULL, e))
		return -1;
	begun = json_object_get(j->run, "plan");
	if (plan && !json_equal(plan, begun))
		fail(e,
		     "%s was begun with another plan (kernels, boots, guests): give the same, or "
		     "another directory.",
		     o->output);
	else if (!runner_sweep_of(j->run, s, e))
		return 0;
	journal_close(j);
	return -1;
}

/* A run that goes on, or a new one. */
static int open_run(const struct sweep_options *o, const char *kind, json_t *plan, json_t *count,
		    struct journal *j, struct sweep *s, struct error *e)
{
	time_t now = time(NULL);
	char directory[64];
	json_t *run;
	int rc;

	if (!o->config)
		return open_existing(o, plan, j, s, e);
	if (sweep_load(s, o->config, (char *const *)o->overrides, e))
		return -1;
	run = runner_run_json(s, kind);
	if (plan)
		json_object_set(run, "plan", plan);
	if (count)
		json_object_set(run, "count", count);
	strftime(directory, sizeof(directory), "results/%Y%m%d-%H%M%S", localtime(&now));
	rc = journal_open(j, o->output ? o->output : directory, run, e);
	if (rc)
		sweep_free(s);
	return rc;
}

int sweep_options_open(const struct sweep_options *o, const char *kind, json_t *plan, json_t *count,
		       struct journal *j, struct sweep *s, struct error *e)
{
	int rc = open_run(o, kind, plan, count, j, s, e);

	json_decref(plan);
	json_decref(count);
	return rc;
}
