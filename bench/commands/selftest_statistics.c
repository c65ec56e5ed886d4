// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale selftest-statistics: how often the verdicts err, on families whose truth is known. */
#include <argp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/verdict.h"
#include "commands/command.h"
#include "core/calibration.h"
#include "core/progress.h"

#define MOST_VALUES 16 /* of a list */
#define MOST_JOURNALS 16
#define MOST_FAMILIES 10000000
#define MOST_JOBS 256
#define PRESET_JOBS 8 /* of the CPUs at most */

struct boots {
	unsigned int first, extension;
};

struct options {
	unsigned long families; /* 0: as preset */
	uint64_t seed;
	unsigned int jobs;
	struct boots boots[MOST_VALUES];
	double sds[MOST_VALUES];
	enum calibration_shape shapes[MOST_VALUES];
	size_t boot_count, sd_count, shape_count;
	const char *journals[MOST_JOURNALS];
	size_t journal_count;
	const char *lists[3]; /* as given, for the command that repeats it */
	bool markdown;
};

enum {
	KEY_FAMILIES = 256,
	KEY_SEED,
	KEY_BOOTS,
	KEY_SD,
	KEY_SHAPE,
	KEY_JOBS,
	KEY_JOURNAL,
	KEY_MARKDOWN
};
enum { LIST_BOOTS, LIST_SD, LIST_SHAPE };

#define BOOTS_PRESET "2,3,4,6,10,4+2,6+4"
#define SD_PRESET "0,1,3"
#define SHAPES_PRESET "plain,mode,unbalanced,drift,tails,both"

static const struct argp_option option_table[] = {
	{"families", KEY_FAMILIES, "N", 0, "Families a cell (2000; of a journal 10000)", 0},
	{"seed", KEY_SEED, "S", 0, "Of all random numbers (1)", 0},
	{"boots", KEY_BOOTS, "LIST", 0,
	 "Boots a side; 4+2 has an extension planned (" BOOTS_PRESET
	 "; those with an extension for plain and drift only, unless --shape is given)",
	 0},
	{"sd", KEY_SD, "LIST", 0, "Standard deviation between boots, % (" SD_PRESET ")", 0},
	{"shape", KEY_SHAPE, "LIST", 0, "Shapes of noise (" SHAPES_PRESET ")", 0},
	{"jobs", KEY_JOBS, "N", 0, "Processes (the CPUs, at most 8); results do not depend on it",
	 0},
	{"journal", KEY_JOURNAL, "RUN", 0,
	 "Instead of made-up families: those of this run of a kernel against itself (--aa), in which "
	 "chance says what belongs to which side. May be repeated",
	 0},
	{"markdown", KEY_MARKDOWN, NULL, 0, "The table as Markdown", 0},
	{0},
};

static const char doc[] =
	"Simulates comparisons of two kernels whose truth is known, has them judged by the code that "
	"judges real runs, and counts false verdicts. What is simulated stands in "
	"bench/core/calibration.h, what is promised in docs/METHOD.md.\n\n"
	"From 10000 families on (of intervals: 100000) a promise is kept when the upper 95% limit of the "
	"rate of errors is within it. With fewer, that limit may be beyond by chance: then a promise is "
	"broken only when the lower limit is beyond.\v"
	"Examples:\n"
	"  pinscale selftest-statistics\n"
	"  pinscale selftest-statistics --boots 4,6 --sd 1 --shape plain,tails\n"
	"  pinscale selftest-statistics --journal results/same\n\n"
	"Exit status: 0 all promises are kept, 1 one is broken, 2 usage or environment, 3 a journal is too "
	"short for any promise.";

/* --- options -------------------------------------------------------------------- */

static unsigned long parse_whole(const char *text, unsigned long least, unsigned long most,
				 const char *what, struct argp_state *state)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || n < least || n > most)
		argp_error(state, "%s is a number from %lu to %lu, not '%s'", what, least, most,
			   text);
	return n;
}

static void parse_boots(struct options *o, char *text, struct argp_state *state)
{
	struct boots *b = &o->boots[o->boot_count++];
	char *plus = strchr(text, '+');

	if (plus)
		*plus++ = '\0';
	b->first = parse_whole(text, 1, CALIBRATION_MOST_BOOTS, "--boots", state);
	b->extension = plus ? parse_whole(plus, 1, CALIBRATION_MOST_BOOTS, "--boots", state) : 0;
}

static void parse_sd(struct options *o, char *text, struct argp_state *state)
{
	char *end;
	double sd = strtod(text, &end);

	if (end == text || *end || !(sd >= 0 && sd <= 100))
		argp_error(state, "--sd is in percent from 0 to 100, not '%s'", text);
	o->sds[o->sd_count++] = sd / 100;
}

static void parse_shape(struct options *o, char *text, struct argp_state *state)
{
	for (enum calibration_shape s = 0; s < SHAPES; s++)
		if (!strcmp(text, calibration_shape_name(s))) {
			o->shapes[o->shape_count++] = s;
			return;
		}
	argp_error(state, "there is no shape '%s'; there are " SHAPES_PRESET, text);
}

static void parse_list(struct options *o, int list, const char *text, struct argp_state *state)
{
	static void (*const parsers[])(struct options *, char *,
				       struct argp_state *) = {parse_boots, parse_sd, parse_shape};
	size_t *const counts[] = {&o->boot_count, &o->sd_count, &o->shape_count};
	char *copy = strdup(text), *rest = copy, *word;

	if (!copy)
		argp_failure(state, STATUS_USAGE, 0, "no memory");
	*counts[list] = 0;
	while ((word = strsep(&rest, ","))) {
		if (*counts[list] == MOST_VALUES)
			argp_error(state, "a list has at most %d values: '%s'", MOST_VALUES, text);
		parsers[list](o, word, state);
	}
	free(copy);
}

static void take_list(struct options *o, int list, const char *text, struct argp_state *state)
{
	o->lists[list] = text;
	parse_list(o, list, text, state);
}

static void preset_lists(struct options *o, struct argp_state *state)
{
	static const char *const presets[] = {BOOTS_PRESET, SD_PRESET, SHAPES_PRESET};

	for (int list = LIST_BOOTS; list <= LIST_SHAPE; list++)
		if (!o->lists[list])
			parse_list(o, list, presets[list], state);
	if (!o->families)
		o->families = o->journal_count ? CALIBRATION_MANY : 2000;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_FAMILIES:
		o->families = parse_whole(arg, 1, MOST_FAMILIES, "--families", state);
		return 0;
	case KEY_SEED:
		o->seed = parse_whole(arg, 0, UINT32_MAX, "--seed", state);
		return 0;
	case KEY_BOOTS:
	case KEY_SD:
	case KEY_SHAPE:
		take_list(o, key - KEY_BOOTS, arg, state);
		return 0;
	case KEY_JOBS:
		o->jobs = parse_whole(arg, 1, MOST_JOBS, "--jobs", state);
		return 0;
	case KEY_JOURNAL:
		if (o->journal_count == MOST_JOURNALS)
			argp_error(state, "at most %d journals", MOST_JOURNALS);
		o->journals[o->journal_count++] = arg;
		return 0;
	case KEY_MARKDOWN:
		o->markdown = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is no option; a run is given with --journal", arg);
		return 0;
	case ARGP_KEY_END:
		preset_lists(o, state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {option_table, parse, NULL, doc, NULL, NULL, NULL};

static unsigned int cpus(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return n < PRESET_JOBS ? n : PRESET_JOBS;
}

/* --- cells ---------------------------------------------------------------------- */

/* Families with an extension cost two looks: of all shapes only when they are asked for. */
static bool in_grid(const struct options *o, enum calibration_shape shape, const struct boots *b)
{
	return !b->extension || o->lists[LIST_SHAPE] || shape == SHAPE_PLAIN ||
	       shape == SHAPE_DRIFT;
}

static size_t add_grid(const struct options *o, struct calibration_cell *cells)
{
	size_t n = 0;

	for (size_t i = 0; i < o->shape_count; i++)
		for (size_t b = 0; b < o->boot_count; b++)
			for (size_t k = 0; k < o->sd_count; k++)
				if (in_grid(o, o->shapes[i], &o->boots[b]))
					cells[n++] = (struct calibration_cell){
						.shape = o->shapes[i],
						.boots = o->boots[b].first,
						.extension = o->boots[b].extension,
						.sd = o->sds[k],
					};
	return n;
}

/* Families of all that there is, and of less. */
static size_t add_journal(const struct options *o, const struct calibration_journal *j,
			  struct calibration_cell *cells)
{
	unsigned int all = j->pairs ? j->units / 2 : j->units;
	size_t n = 0;

	for (size_t i = 0; i < o->boot_count; i++) {
		const struct boots *b = &o->boots[i];

		if (!b->extension && b->first >= VERDICT_LEAST_BOOTS && b->first < all)
			cells[n++] = (struct calibration_cell){.boots = b->first, .journal = j};
	}
	cells[n++] = (struct calibration_cell){.boots = all, .journal = j};
	return n;
}

/* --- the command ------------------------------------------------------------------ */

static void show_progress(void *user, size_t done, size_t all, const struct calibration_cell *c)
{
	struct progress *p = user;
	char name[320];

	if (!done)
		progress_start(p, all);
	progress_step(p, calibration_cell_name(c, name, sizeof(name)));
}

/* The command that gives the same table. */
static void say_how(const struct options *o)
{
	static const char *const names[] = {"boots", "sd", "shape"};

	printf("pinscale selftest-statistics --families %lu --seed %lu", o->families,
	       (unsigned long)o->seed);
	for (int list = LIST_BOOTS; list <= LIST_SHAPE; list++)
		if (o->lists[list])
			printf(" --%s %s", names[list], o->lists[list]);
	for (size_t i = 0; i < o->journal_count; i++)
		printf(" --journal %s", o->journals[i]);
	putchar('\n');
}

static bool any_promised(const struct calibration_plan *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (calibration_is_promised(&p->cells[i]))
			return true;
	return false;
}

static void say_verdict(const struct calibration_plan *p, const struct calibration_verdict *v)
{
	if (!any_promised(p))
		printf("Nothing can be promised of so little.");
	else if (v->broken)
		printf("%u promise%s BROKEN.", v->broken, v->broken == 1 ? " is" : "s are");
	else if (v->open)
		printf("No promise is broken; for %u there are too few families to tell.", v->open);
	else
		printf("All promises are kept.");
}

/* An exit status. */
static int report(const struct options *o, const struct calibration_plan *p,
		  const struct calibration_tally *tallies)
{
	struct calibration_verdict v;

	calibration_table(p, tallies, o->markdown, stdout);
	v = calibration_promises(p, tallies, o->markdown, stdout);
	putchar('\n');
	say_verdict(p, &v);
	printf(" The same again:\n\n    ");
	say_how(o);
	return !any_promised(p) ? STATUS_INCONCLUSIVE : v.broken ? STATUS_BAD : STATUS_GOOD;
}

/* An exit status, or -1 with the error set. */
static int calibrate(const struct options *o, const struct calibration_journal *journals,
		     struct error *e)
{
	struct calibration_cell cells[MOST_VALUES * MOST_VALUES * MOST_VALUES];
	struct calibration_tally *tallies;
	struct progress progress = {0};
	struct calibration_plan plan = {
		.cells = cells,
		.families = o->families,
		.seed = o->seed,
		.jobs = o->jobs,
		.progress = isatty(STDERR_FILENO) ? show_progress : NULL,
		.user = &progress,
	};
	int rc;

	if (!o->journal_count)
		plan.count = add_grid(o, cells);
	for (size_t i = 0; i < o->journal_count; i++)
		plan.count += add_journal(o, &journals[i], cells + plan.count);
	tallies = calloc(plan.count + 1, sizeof(*tallies));
	rc = tallies ? calibration_run(&plan, tallies, e) : fail(e, "No memory.");
	progress_end();
	if (!rc)
		rc = report(o, &plan, tallies);
	free(tallies);
	return rc;
}

static int selftest_run(int argc, char **argv)
{
	struct options o = {.seed = 1, .jobs = cpus()};
	struct calibration_journal journals[MOST_JOURNALS] = {0};
	struct error e = {0};
	int rc = 0;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	for (size_t i = 0; i < o.journal_count && !rc; i++)
		rc = calibration_journal_read(&journals[i], o.journals[i], &e);
	if (!rc)
		rc = calibrate(&o, journals, &e);
	for (size_t i = 0; i < o.journal_count; i++)
		calibration_journal_free(&journals[i]);
	if (rc < 0)
		fprintf(stderr, "pinscale selftest-statistics: %s\n", e.text);
	return rc < 0 ? STATUS_USAGE : rc;
}

static const struct command selftest_command = {
	.name = "selftest-statistics",
	.summary = "how often the verdicts err, on comparisons whose truth is known",
	.run = selftest_run,
};
REGISTER_COMMAND(selftest_command);
