// SPDX-License-Identifier: GPL-3.0-or-later
/* pinscale compare: the verdict on two sides, and the report. */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/command.h"
#include "core/comparison.h"
#include "core/comparison_graphs.h"
#include "core/comparison_output.h"
#include "core/record.h"
#include "core/report.h"

#define MOST_RUNS 16

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV, FORMAT_MAIL };

struct options {
	const char *names[MOST_RUNS]; /* RUN or RUN:VARIANT */
	unsigned int count;
	const char *between, *output, *noise;
	double margin;
	enum format format;
	bool no_report, brief;
};

enum {
	KEY_MARGIN = 256,
	KEY_BETWEEN,
	KEY_AA,
	KEY_JSON,
	KEY_CSV,
	KEY_MAIL,
	KEY_NO_REPORT,
	KEY_BRIEF
};

static const struct argp_option option_table[] = {
	{"margin", KEY_MARGIN, "PERCENT", 0,
	 "Differences up to this are equivalence (that of run.json, 2%)", 0},
	{"between", KEY_BETWEEN, "AXIS=BASE,NEW", 0,
	 "Compare two values of an axis within one run: sharing=private,shared", 0},
	{"aa", KEY_AA, "RUN", 0,
	 "A run of the same design that compares a kernel with itself: its noise is shown beside",
	 0},
	{"output", 'o', "DIR", 0,
	 "Where the report, graphs and numbers go (compare/ of the last run)", 0},
	{"no-report", KEY_NO_REPORT, NULL, 0, "Write nothing: no report, graphs or numbers", 0},
	{"brief", KEY_BRIEF, NULL, 0, "Print the answer and the warnings, not the points", 1},
	{"json", KEY_JSON, NULL, 0, "Print JSON (docs/COMPARING.md)", 1},
	{"csv", KEY_CSV, NULL, 0, "Print CSV, a line a point", 1},
	{"markdown", KEY_MAIL, NULL, 0, "Print what can be pasted into a mail: 72 columns", 1},
	{0},
};

static const char doc[] =
	"Compares two sides point by point, and answers: equivalent within a margin, regression, "
	"improvement, or inconclusive and what would settle it. Of one run its first variant is "
	"compared with each other; of one kernel, private with shared pages. Of several, the first with "
	"each other.\v"
	"Examples:\n"
	"  pinscale compare results/ab\n"
	"  pinscale compare results/ab:stock results/ab:taillock --margin 1%\n"
	"  pinscale compare results/sharing --aa results/aa\n"
	"  pinscale compare results/old results/new --json\n\n"
	"Exit status: 0 equivalent or an improvement, 1 regression, 2 usage or environment, 3 "
	"inconclusive.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	char *end;

	switch (key) {
	case KEY_MARGIN:
		o->margin = strtod(arg, &end) / 100;
		if (end == arg || (*end && strcmp(end, "%")) || !(o->margin >= 0.0001) ||
		    o->margin > 0.5)
			argp_error(state, "--margin is a percentage from 0.01%% to 50%%, not '%s'",
				   arg);
		return 0;
	case KEY_BETWEEN:
		o->between = arg;
		return 0;
	case KEY_AA:
		o->noise = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case KEY_JSON:
		o->format = FORMAT_JSON;
		return 0;
	case KEY_CSV:
		o->format = FORMAT_CSV;
		return 0;
	case KEY_MAIL:
		o->format = FORMAT_MAIL;
		return 0;
	case KEY_BRIEF:
		o->brief = true;
		return 0;
	case KEY_NO_REPORT:
		o->no_report = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->count == MOST_RUNS)
			argp_error(state, "more than %d runs", MOST_RUNS);
		o->names[o->count++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the directory of a run is needed, or of two");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {option_table, parse, "RUN[:VARIANT] [RUN[:VARIANT]...]", doc, NULL,
				 NULL,	       NULL};

/* A run that was named, read once however often it is. */
struct source {
	char *directory;
	const char *variant; /* NULL: not said */
	struct run *run;
};

/* Divides RUN:VARIANT; a directory may have a colon in its name. */
static int split(struct source *s, const char *name, struct error *e)
{
	const char *colon = record_exists(name) ? NULL : strrchr(name, ':');

	s->directory = colon ? strndup(name, colon - name) : strdup(name);
	s->variant = colon ? colon + 1 : NULL;
	for (size_t n = s->directory ? strlen(s->directory) : 0;
	     n > 1 && s->directory[n - 1] == '/'; n--)
		s->directory[n - 1] = '\0';
	return s->directory ? 0 : fail(e, "No memory to read %s.", name);
}

static int open_sources(const struct options *o, struct source *sources, struct run *runs,
			struct error *e)
{
	for (unsigned int i = 0; i < o->count; i++) {
		if (split(&sources[i], o->names[i], e))
			return -1;
		for (unsigned int k = 0; k < i && !sources[i].run; k++)
			if (!strcmp(sources[i].directory, sources[k].directory))
				sources[i].run = sources[k].run;
		if (sources[i].run)
			continue;
		if (run_read(&runs[i], sources[i].directory, e))
			return -1;
		sources[i].run = &runs[i];
	}
	return 0;
}

static void close_sources(const struct options *o, struct source *sources, struct run *runs)
{
	for (unsigned int i = 0; i < o->count; i++) {
		free(sources[i].directory);
		if (runs[i].directory)
			run_free(&runs[i]);
	}
}

/* The pairs of sides that the command line asks for. How many, or -1. */
static int choose_sides(const struct options *o, const struct source *sources,
			struct side (*pairs)[SIDES], struct error *e)
{
	const struct run *only = sources[0].run;
	int n = 0;

	if (o->between && o->count > 1)
		return fail(e, "--between compares within one run, and %u are named.", o->count);
	if (o->count == 1 && sources[0].variant)
		return fail(e, "%s is one side; with what shall it be compared?", o->names[0]);
	if (o->count == 1 && (o->between || only->variant_count < 2))
		return sides_of_run(pairs[0], only, o->between, e) ? -1 : 1;
	if (o->count == 1) {
		for (unsigned int v = 1; v < only->variant_count && n < MOST_RUNS; v++, n++)
			if (side_of_variant(&pairs[n][BASE], only, NULL, 0, e) ||
			    side_of_variant(&pairs[n][NEW], only, NULL, v, e))
				return -1;
		return n;
	}
	for (unsigned int i = 1; i < o->count; i++, n++) {
		struct side *pair = pairs[n];

		if (side_of_variant(&pair[BASE], sources[0].run, sources[0].variant, 0, e) ||
		    side_of_variant(&pair[NEW], sources[i].run, sources[i].variant, 0, e))
			return -1;
		if (pair[BASE].run == pair[NEW].run && pair[BASE].variant == pair[NEW].variant)
			return fail(e, "%s and %s are the same; name two variants of it.",
				    o->names[0], o->names[i]);
		if (pair[BASE].run != pair[NEW].run && !strcmp(pair[BASE].name, pair[NEW].name))
			for (int s = 0; s < SIDES; s++)
				snprintf(pair[s].name, sizeof(pair[s].name), "%.60s:%.60s",
					 pair[s].run->directory,
					 pair[s].run->variants[pair[s].variant]);
	}
	return n;
}

/* --- what is written ---------------------------------------------------------------- */

/* With several comparisons each has a directory of its own, by the new side's name. */
static int make_directory(const struct options *o, const struct comparison *c, unsigned int pairs,
			  char *path, size_t size, struct error *e)
{
	size_t used;

	if (o->output)
		snprintf(path, size, "%s", o->output);
	else
		snprintf(path, size, "%s/compare", c->sides[NEW].run->directory);
	if (mkdir(path, 0755) && errno != EEXIST)
		return fail(e,
			    "Making the directory %s for the report: %s. Choose another with -o.",
			    path, strerror(errno));
	if (pairs < 2)
		return 0;
	used = strlen(path);
	snprintf(path + used, size - used, "/%s", c->sides[NEW].name);
	for (char *slash = path + used + 1; *slash; slash++)
		if (*slash == '/' || *slash == '.')
			*slash = '_';
	if (mkdir(path, 0755) && errno != EEXIST)
		return fail(e, "Making the directory %s for the report: %s.", path,
			    strerror(errno));
	return 0;
}

static FILE *open_in(const char *directory, const char *name, struct error *e)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "we");
	if (!f)
		fail(e, "Writing %s: %s.", path, strerror(errno));
	return f;
}

static int write_numbers(const struct comparison *c, json_t *json, const char *directory,
			 struct error *e)
{
	static const char *const benchstat[] = {[BASE] = "base.benchstat", [NEW] = "new.benchstat"};
	FILE *f = open_in(directory, "compare.json", e);

	if (!f)
		return -1;
	json_dumpf(json, f, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	fputc('\n', f);
	if (fclose(f))
		return fail(e, "Writing %s/compare.json: %s.", directory, strerror(errno));
	f = open_in(directory, "compare.csv", e);
	if (!f)
		return -1;
	comparison_csv(c, f);
	fclose(f);
	f = open_in(directory, "mail.txt", e);
	if (!f)
		return -1;
	comparison_mail(c, f);
	fclose(f);
	for (int s = 0; s < SIDES; s++) {
		f = open_in(directory, benchstat[s], e);
		if (!f)
			return -1;
		comparison_benchstat(c, s, f);
		fclose(f);
	}
	return 0;
}

static int write_report(const struct options *o, const struct comparison *c,
			const struct comparison *noise, json_t *json, unsigned int pairs,
			const char *command, struct error *e)
{
	struct comparison_graph *graphs = NULL;
	char directory[4096];
	size_t count = 0;
	int rc;

	if (make_directory(o, c, pairs, directory, sizeof(directory), e))
		return -1;
	rc = write_numbers(c, json, directory, e);
	if (!rc)
		rc = comparison_graphs_draw(c, directory, &graphs, &count, e);
	if (!rc)
		rc = report_write(c, graphs, count, noise, directory, command, e);
	free(graphs);
	if (!rc && o->format == FORMAT_TEXT)
		printf("report: %s/report.html (graphs, compare.json, compare.csv, mail.txt and "
		       "*.benchstat beside it)\n",
		       directory);
	return rc;
}

static void show(const struct options *o, const struct comparison *c,
		 const struct comparison *noise, json_t *json)
{
	switch (o->format) {
	case FORMAT_TEXT:
		comparison_print(c, noise, !o->brief, stdout);
		break;
	case FORMAT_JSON:
		json_dumpf(json, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
		putchar('\n');
		break;
	case FORMAT_CSV:
		comparison_csv(c, stdout);
		break;
	case FORMAT_MAIL:
		comparison_mail(c, stdout);
	}
}

/* One comparison. Its verdict, or -1. */
static int compare(const struct options *o, const struct side *sides,
		   const struct comparison *noise, unsigned int pairs, const char *command,
		   struct error *e)
{
	const struct comparison_options options = {.margin = o->margin};
	struct comparison c;
	json_t *json;
	int rc = 0;

	if (comparison_make(&c, sides, &options, e))
		return -1;
	json = comparison_json(&c, noise);
	if (!json)
		rc = fail(e, "No memory for the comparison.");
	if (!rc)
		show(o, &c, noise, json);
	if (!rc && !o->no_report)
		rc = write_report(o, &c, noise, json, pairs, command, e);
	json_decref(json);
	if (!rc)
		rc = c.verdict;
	comparison_free(&c);
	return rc;
}

static int open_noise(const struct options *o, struct run *run, struct comparison *noise,
		      struct error *e)
{
	const struct comparison_options options = {.margin = o->margin};
	struct side sides[SIDES];

	if (run_read(run, o->noise, e))
		return -1;
	if (!sides_of_run(sides, run, NULL, e) && !comparison_make(noise, sides, &options, e))
		return 0;
	run_free(run);
	return -1;
}

static int compare_all(const struct options *o, const struct source *sources, const char *command,
		       struct error *e)
{
	struct side pairs[MOST_RUNS][SIDES];
	struct comparison noise;
	struct run noise_run;
	int worst = 0, n = choose_sides(o, sources, pairs, e);

	if (n < 0 || (o->noise && open_noise(o, &noise_run, &noise, e)))
		return -1;
	for (int i = 0; i < n && worst >= 0; i++) {
		int verdict;

		if (i && (o->format == FORMAT_TEXT || o->format == FORMAT_MAIL))
			putchar('\n');
		verdict = compare(o, pairs[i], o->noise ? &noise : NULL, n, command, e);
		worst = verdict < 0 ? -1 : (int)verdict_worse(worst, verdict);
	}
	if (o->noise) {
		comparison_free(&noise);
		run_free(&noise_run);
	}
	return worst;
}

/* An argument as a shell takes it. */
static void put_quoted(const char *text, FILE *out)
{
	if (*text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_./:=,+%@-")]) {
		fputs(text, out);
		return;
	}
	fputc('\'', out);
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	fputc('\'', out);
}

/* The command line as it was given, for the report. */
static char *command_line(int argc, char **argv)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("pinscale compare", out);
	for (int i = 1; i < argc; i++) {
		fputc(' ', out);
		put_quoted(argv[i], out);
	}
	fclose(out);
	return text;
}

static int compare_run(int argc, char **argv)
{
	struct options o = {.margin = NAN};
	struct source sources[MOST_RUNS] = {0};
	struct run runs[MOST_RUNS] = {0};
	char *command = command_line(argc, argv);
	struct error e = {0};
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	rc = open_sources(&o, sources, runs, &e);
	if (!rc)
		rc = compare_all(&o, sources, command ? command : "pinscale compare", &e);
	if (rc < 0)
		fprintf(stderr, "pinscale compare: %s\n", e.text);
	close_sources(&o, sources, runs);
	free(command);
	return rc < 0			    ? STATUS_USAGE
	       : rc == VERDICT_REGRESSION   ? STATUS_BAD
	       : rc == VERDICT_INCONCLUSIVE ? STATUS_INCONCLUSIVE
					    : STATUS_GOOD;
}

static const struct command compare_command = {
	.name = "compare",
	.summary = "two sides, point by point: the verdict, graphs and a report",
	.run = compare_run,
};
REGISTER_COMMAND(compare_command);
