// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A comparison for other programs and for mails: formats are what they are said to be, the
 * numbers those of the comparison, and names from outside do no harm in any of them.
 */
#include "testing.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/comparison_output.h"
#include "core/format.h"
#include "include/version.h"
#include "run_writer.h"

static struct run runs[SIDES];
static struct comparison c;
static bool made;

static int setup(void **state)
{
	memset(runs, 0, sizeof(runs));
	made = false;
	return scratch_setup(state);
}

static int teardown(void **state)
{
	if (made)
		comparison_free(&c);
	for (int s = 0; s < SIDES; s++)
		if (runs[s].directory)
			run_free(&runs[s]);
	return scratch_teardown(state);
}

static void compare_sides(const struct side sides[SIDES])
{
	const struct comparison_options options = {.margin = NAN};
	struct error e = {""};

	if (comparison_make(&c, sides, &options, &e))
		fail_msg("%s", e.text);
	made = true;
}

/* The run that was written last, in itself. */
static void compare_run(void)
{
	struct side sides[SIDES];
	struct error e = {""};

	read_run(&runs[BASE]);
	if (sides_of_run(sides, &runs[BASE], NULL, &e))
		fail_msg("%s", e.text);
	compare_sides(sides);
}

static void compare_reference(const char *name, const char *new)
{
	struct side sides[SIDES];
	struct error e = {""};
	char path[256];

	snprintf(path, sizeof(path), "%s/results/reference/%s", PINSCALE_TOP, name);
	if (run_read(&runs[BASE], path, &e) ||
	    side_of_variant(&sides[BASE], &runs[BASE], NULL, 0, &e) ||
	    side_of_variant(&sides[NEW], &runs[BASE], new, 1, &e))
		fail_msg("%s", e.text);
	compare_sides(sides);
}

/* What one of them writes, to be freed. */
static char *written(void (*write)(FILE *out))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	write(out);
	fclose(out);
	assert_int_equal(strlen(text), size);
	return text;
}

static void write_csv(FILE *out)
{
	comparison_csv(&c, out);
}

static void write_mail(FILE *out)
{
	comparison_mail(&c, out);
}

static void write_text(FILE *out)
{
	comparison_print(&c, NULL, true, out);
}

static void write_base(FILE *out)
{
	comparison_benchstat(&c, BASE, out);
}

static void write_new(FILE *out)
{
	comparison_benchstat(&c, NEW, out);
}

/* A line of what is written; NULL behind the last. Its end is overwritten. */
static char *next_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (!*line)
		return NULL;
	if (!end)
		fail_msg("'%s' ends without a newline", line);
	*end = '\0';
	*text = end + 1;
	return line;
}

/* --- what is compared ----------------------------------------------------------------- */

/* Two kernels, two points: the one 10% slower, the other equal. */
static void make_kernels(void)
{
	begin_run("run", AB);
	for (unsigned int slot = 0; slot < 8; slot++) {
		double noise = slot % 3 ? 1 : 1.002;
		bool base = variant_at(slot)[0] == 's';

		add_boot_with(
			slot + 1, variant_at(slot), slot, "native",
			", \"kernel\": {\"release\": \"6.1.192\"}, \"cpu\": {\"model\": \"EPYC\", "
			"\"online\": \"0-1\"}");
		for (unsigned int i = 0; i < 2; i++) {
			add_trial((struct made){.boot = slot + 1,
						.repetition = i,
						.rate = (base ? 1000000 : 900000) * noise});
			add_trial((struct made){.boot = slot + 1,
						.repetition = i,
						.rate = 2000000 * noise,
						.workload = "pwrite",
						.foreign = slot == 7 ? 0.5 : 0});
		}
		if (base)
			add_trial((struct made){.boot = slot + 1, .rate = 1, .workers = 4});
		end_boot(slot + 1);
	}
	compare_run();
	assert_int_equal(c.verdict, VERDICT_REGRESSION);
	assert_int_equal(c.count, 2);
}

/* Two kernels booted once: next to nothing is known. */
static void make_one_boot(void)
{
	begin_run("run", AB);
	add_turn(0, 1000, 900);
	compare_run();
	assert_int_equal(c.count, 1);
}

/* As many bytes of that text. */
static const char *repeated(char *text, const char *part, size_t length)
{
	size_t n = strlen(part);

	for (size_t i = 0; i < length; i++)
		text[i] = part[i % n];
	text[length] = '\0';
	return text;
}

/*
 * Names as nobody has them: quotes, commas, controls, markup, formulas, what is no ASCII, and all
 * of it long. The backslashes are JSON's.
 */
static void make_hostile(const char *workload, const char *sharing)
{
	char variant[200], plan[2048], more[512], axes[1024], text[512];

	/* 68 bytes as printed, and then what is cut in a line of 72. */
	repeated(variant, "\\\"<script>\\u001b[2J\\n,%s", 4 * 25);
	strcat(variant, "漢漢漢漢漢漢漢漢漢漢");
	snprintf(
		plan, sizeof(plan),
		"{\"schema\": 1, \"kind\": \"ab\", \"margin\": 0.02, \"sweep\": {\"name\": \"%s\"}, "
		"\"plan\": {\"variants\": [\"%s\", \"=cmd|' /C calc'!A0\"]}}",
		repeated(text, "sweep ", 400), variant);
	begin_run("run", plan);
	snprintf(
		more, sizeof(more),
		", \"kernel\": {\"release\": \"%s\"}, \"cpu\": {\"model\": \"\\u00e9\\n\\u202ez\"}",
		repeated(text, "漢", 300));
	snprintf(axes, sizeof(axes), ",\"access\":\"%s\"", repeated(text, "<b>&", 200));
	for (unsigned int slot = 0; slot < 8; slot++) {
		bool base = variant_at(slot)[0] == 's';

		add_boot_with(slot + 1, base ? variant : "=cmd|' /C calc'!A0", slot, "native",
			      more);
		/* A ratio that is wide on paper. */
		add_trial((struct made){.boot = slot + 1,
					.rate = base ? 1000 : 123456789 + 10000000. * slot,
					.workload = workload,
					.sharing = sharing,
					.workers = 65536,
					.axes = axes});
		end_boot(slot + 1);
	}
	compare_run();
	assert_int_equal(c.count, 1);
}

#define HOSTILE_WORKLOAD "a\\\"b,c\\nd\\u001b[31m \\u00b5\\u6f22 <script>'`$(x)"
#define HOSTILE_SHARING "=1+1,\\\";\\t|\\u202e\\\\"

/* --- JSON -------------------------------------------------------------------------------- */

static const json_t *at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		fail_msg("there is no '%s'", key);
	return value;
}

static void assert_keys(const json_t *object, const char *keys)
{
	char *copy = strdup(keys), *rest = copy, *key;
	size_t n = 0;

	assert_true(json_is_object(object));
	while ((key = strsep(&rest, " "))) {
		at(object, key);
		n++;
	}
	if (json_object_size(object) != n)
		fail_msg("%zu keys, not %zu: %s", json_object_size(object), n, keys);
	free(copy);
}

/* The very number; null for none. */
static void assert_number(const json_t *object, const char *key, double number)
{
	const json_t *value = at(object, key);

	if (isnan(number) ? !json_is_null(value)
			  : !json_is_number(value) || json_number_value(value) != number)
		fail_msg("'%s' is not %g", key, number);
}

static void assert_text(const json_t *object, const char *key, const char *text)
{
	const json_t *value = at(object, key);

	if (!text)
		assert_true(json_is_null(value));
	else
		assert_string_equal(json_string_value(value), text);
}

static void assert_interval(const json_t *object, const struct estimate *e)
{
	assert_keys(object, "value low high");
	assert_number(object, "value", e->value);
	assert_number(object, "low", e->low);
	assert_number(object, "high", e->high);
}

static void check_side(const json_t *object, int s)
{
	const struct comparison_dropped *d = &c.dropped[s];
	const json_t *dropped = at(object, "dropped");
	char *environment = comparison_environment(&c, s);

	assert_keys(object, "name run variant axis value boots execution environment dropped "
			    "unmatched");
	assert_text(object, "name", c.sides[s].name);
	assert_text(object, "run", c.sides[s].run->directory);
	assert_text(object, "variant", c.sides[s].run->variants[c.sides[s].variant]);
	assert_text(object, "axis", *c.sides[s].axis ? c.sides[s].axis : NULL);
	assert_text(object, "value", *c.sides[s].value ? c.sides[s].value : NULL);
	assert_number(object, "boots", c.boots[s]);
	assert_text(object, "execution", run_execution(c.sides[s].run));
	assert_text(object, "environment", environment);
	assert_keys(dropped, "trials failed foreign moved far boots");
	assert_number(dropped, "trials", d->trials);
	assert_number(dropped, "failed", d->failed);
	assert_number(dropped, "foreign", d->foreign);
	assert_number(dropped, "moved", d->moved);
	assert_number(dropped, "far", d->far);
	assert_number(dropped, "boots", d->boots);
	assert_true(json_equal(at(object, "unmatched"), c.unmatched[s]));
	free(environment);
}

static void check_rate(const json_t *object, const struct comparison_row *row, int s)
{
	assert_keys(object, "rate low high trials");
	assert_number(object, "rate", row->rates[s].value);
	assert_number(object, "low", row->rates[s].low);
	assert_number(object, "high", row->rates[s].high);
	assert_number(object, "trials", row->trials[s]);
}

static void check_row(const json_t *object, size_t i)
{
	const struct comparison_row *row = &c.rows[i];
	const struct judged *j = &c.family[i];
	const json_t *equivalence = at(object, "equivalence");

	assert_keys(object, "point panel line stratum workers base new ratio equivalence "
			    "within_boots n p adjusted p_margin verdict real further reason");
	assert_true(
		json_equal(at(object, "point"), c.sides[BASE].run->points[row->points[BASE]].axes));
	assert_text(object, "panel", row->panel->title);
	assert_text(object, "line", row->line->label);
	assert_number(object, "workers", row->workers);
	check_rate(at(object, "base"), row, BASE);
	check_rate(at(object, "new"), row, NEW);
	assert_interval(at(object, "ratio"), &row->ratio);
	assert_interval(at(object, "within_boots"), &row->within);
	assert_keys(equivalence, "low high");
	assert_number(equivalence, "low", row->equivalence.low);
	assert_number(equivalence, "high", row->equivalence.high);
	assert_number(object, "n", j->contrast.n);
	assert_number(object, "p", j->p);
	assert_number(object, "adjusted", j->adjusted);
	assert_number(object, "p_margin", j->p_margin);
	assert_text(object, "verdict", verdict_name(j->verdict));
	assert_true(json_is_boolean(at(object, "real")));
	assert_int_equal(json_is_true(at(object, "real")), j->real);
	assert_number(object, "further", j->further);
	assert_text(object, "reason", row->reason);
}

/* What another program reads of it, to be released. */
static json_t *read_back(const struct comparison *noise)
{
	json_t *object = comparison_json(&c, noise), *again;
	char *text;

	assert_non_null(object);
	text = json_dumps(object, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	assert_non_null(text);
	again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(again);
	free(text);
	json_decref(object);
	return again;
}

static void check_json(const char *pairing)
{
	json_t *object = read_back(NULL);
	char *sentence = comparison_sentence(&c);

	assert_keys(object,
		    "schema pinscale kind verdict sentence emulated base new margin alpha "
		    "look looks pairing overall overall_of points counts warnings exploratory "
		    "noise_floor");
	assert_number(object, "schema", 1);
	assert_text(object, "pinscale", PINSCALE_VERSION);
	assert_text(object, "kind", "comparison");
	assert_text(object, "verdict", verdict_name(c.verdict));
	assert_text(object, "sentence", sentence);
	assert_int_equal(json_is_true(at(object, "emulated")), c.emulated);
	check_side(at(object, "base"), BASE);
	check_side(at(object, "new"), NEW);
	assert_number(object, "margin", c.margin);
	assert_number(object, "alpha", c.alpha);
	assert_number(object, "look", c.look);
	assert_number(object, "looks", c.looks);
	assert_text(object, "pairing", pairing);
	assert_interval(at(object, "overall"), &c.overall);
	for (enum stratum stratum = STRATUM_NONE; stratum < STRATUM_MOVED; stratum++) {
		const json_t *of =
			json_object_get(at(object, "overall_of"), format_stratum(stratum));

		assert_int_equal(of != NULL, c.overall_of[stratum].n > 0);
		if (of)
			assert_interval(of, &c.overall_of[stratum]);
	}
	assert_int_equal(json_array_size(at(object, "points")), c.count);
	for (size_t i = 0; i < c.count; i++)
		check_row(json_array_get(at(object, "points"), i), i);
	assert_int_equal(json_is_null(at(object, "counts")), !c.counted);
	assert_true(json_equal(at(object, "warnings"), c.warnings));
	assert_true(json_equal(at(object, "exploratory"), c.exploratory));
	assert_true(json_is_null(at(object, "noise_floor")));
	free(sentence);
	json_decref(object);
}

static void json_has_all_of_a_comparison(void **state)
{
	(void)state;
	make_kernels();
	check_json("boots in turns");
	/* Something is in each that is compared above. */
	assert_int_equal(json_array_size(c.unmatched[BASE]), 1);
	assert_true(c.dropped[BASE].foreign == 2);
	assert_int_equal(c.dropped[BASE].trials, 16);
}

static void what_is_not_known_is_null(void **state)
{
	json_t *object;
	const json_t *row;

	(void)state;
	make_one_boot();
	check_json("boots in turns");
	object = read_back(NULL);
	row = json_array_get(at(object, "points"), 0);
	assert_true(json_is_null(at(at(row, "ratio"), "low")));
	assert_true(json_is_null(at(row, "p")));
	assert_true(json_is_null(at(row, "adjusted")));
	assert_true(json_is_null(at(row, "p_margin")));
	assert_true(json_is_null(at(at(object, "overall"), "low")));
	assert_float_equal(json_number_value(at(at(row, "ratio"), "value")), 0.9, 1e-12);
	assert_text(row, "reason", "fewer than 4 boots a side decide nothing");
	json_decref(object);
}

static void json_of_values_of_an_axis(void **state)
{
	json_t *object;

	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < 5; i++)
		add_round(1, i, 1000 + i, i % 2 ? 1001 : 999, i % 2 ? CPUS_NEAR : CPUS_FAR);
	compare_run();
	check_json("rounds");
	object = read_back(&c);
	assert_text(at(object, "base"), "axis", "sharing");
	assert_text(at(object, "base"), "value", "private");
	assert_text(json_array_get(at(object, "points"), 0), "stratum", "near");
	assert_text(json_array_get(at(object, "points"), 1), "stratum", "far");
	/* Near and far are never pooled. */
	assert_true(json_is_null(at(at(object, "overall"), "value")));
	/* Beside it a noise floor: here it is itself. */
	assert_keys(at(object, "noise_floor"), "run verdict sentence overall");
	assert_text(at(object, "noise_floor"), "run", "run");
	assert_text(at(object, "noise_floor"), "verdict", verdict_name(c.verdict));
	assert_interval(at(at(object, "noise_floor"), "overall"), &c.overall);
	json_decref(object);
}

static void json_of_counts(void **state)
{
	const json_t *counts, *list;
	json_t *object;

	(void)state;
	compare_reference("mail", "taillock");
	check_json("boots in turns");
	object = read_back(NULL);
	counts = at(object, "counts");
	assert_keys(counts, "verdict operations");
	assert_text(counts, "verdict", "regression");
	assert_text(object, "verdict", "regression");
	list = at(counts, "operations");
	assert_int_equal(json_array_size(list), c.counts.count);
	assert_true(c.counts.count > 20);
	for (size_t i = 0; i < c.counts.count; i++) {
		const struct count_change *change = &c.counts.list[i];
		const json_t *operation = json_array_get(list, i);

		assert_keys(operation, "operation base_locked new_locked base_shared new_shared "
				       "verdict reason");
		assert_text(operation, "operation", change->title);
		assert_number(operation, "base_locked", counts_locked(&change->few[BASE]));
		assert_number(operation, "new_locked", counts_locked(&change->few[NEW]));
		assert_number(operation, "base_shared", counts_shared(&change->many[BASE]));
		assert_number(operation, "new_shared", counts_shared(&change->many[NEW]));
		assert_text(operation, "verdict", count_verdict_name(change->verdict));
		assert_text(operation, "reason", *change->reason ? change->reason : NULL);
	}
	json_decref(object);
}

static void json_bears_hostile_names(void **state)
{
	(void)state;
	make_hostile(HOSTILE_WORKLOAD, HOSTILE_SHARING);
	check_json("boots in turns");
}

/* A label is cut at so many bytes, which may be within a character. */
static void json_bears_names_that_are_cut(void **state)
{
	json_t *object;
	char name[64];

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		char run[8];

		snprintf(run, sizeof(run), "run%u", i);
		begin_run(run, AB);
		/* Three bytes a character, begun at three places. */
		snprintf(name, sizeof(name), "%.*s漢漢漢漢漢漢漢漢漢漢漢漢", i, "ab");
		for (unsigned int slot = 0; slot < 2; slot++) {
			add_boot(slot + 1, variant_at(slot), slot);
			add_trial((struct made){.boot = slot + 1, .rate = 1000, .sharing = name});
			end_boot(slot + 1);
		}
		compare_run();
		object = read_back(NULL);
		assert_non_null(
			json_string_value(at(json_array_get(at(object, "points"), 0), "line")));
		json_decref(object);
		comparison_free(&c);
		made = false;
		run_free(&runs[BASE]);
	}
}

/* --- CSV --------------------------------------------------------------------------------- */

#define COLUMNS_OF_CSV 18

/* Takes a record apart by RFC 4180, where it stands. Returns what is behind it. */
static char *csv_record(char *text, char *cells[COLUMNS_OF_CSV], size_t *count)
{
	*count = 0;
	for (;;) {
		char *to = text, *from = text;

		if (*count == COLUMNS_OF_CSV)
			fail_msg("more than %d columns", COLUMNS_OF_CSV);
		cells[(*count)++] = text;
		if (*from == '"') {
			from++;
			while (*from && (*from != '"' || from[1] == '"')) {
				from += *from == '"';
				*to++ = *from++;
			}
			assert_int_equal(*from, '"');
			from++;
		} else {
			while (*from && *from != ',' && *from != '\n') {
				assert_int_not_equal(*from, '"');
				*to++ = *from++;
			}
		}
		assert_true(*from == ',' || *from == '\n');
		text = from + 1;
		if (*from == '\n') {
			*to = '\0';
			return text;
		}
		*to = '\0';
	}
}

static void assert_cell(const char *cell, double number)
{
	char *end;

	if (isnan(number)) {
		assert_string_equal(cell, "");
		return;
	}
	if (strtod(cell, &end) != number || end == cell || *end)
		fail_msg("'%s' is not %.17g", cell, number);
}

static void check_csv(void)
{
	static const char header[] =
		"panel,line,stratum,workers,base_rate,new_rate,ratio,low,high,equivalence_low,"
		"equivalence_high,n,p,adjusted,p_margin,verdict,real,further\n";
	char *text = written(write_csv), *at_row = text, *cells[COLUMNS_OF_CSV];
	size_t n;

	assert_int_equal(strncmp(text, header, strlen(header)), 0);
	at_row += strlen(header);
	for (size_t i = 0; i < c.count; i++) {
		const struct comparison_row *row = &c.rows[i];
		const struct judged *j = &c.family[i];

		at_row = csv_record(at_row, cells, &n);
		assert_int_equal(n, COLUMNS_OF_CSV);
		assert_string_equal(cells[0], row->panel->title);
		assert_string_equal(cells[1], row->line->label);
		assert_cell(cells[3], row->workers);
		assert_cell(cells[4], row->rates[BASE].value);
		assert_cell(cells[5], row->rates[NEW].value);
		assert_cell(cells[6], row->ratio.value);
		assert_cell(cells[7], row->ratio.low);
		assert_cell(cells[8], row->ratio.high);
		assert_cell(cells[9], row->equivalence.low);
		assert_cell(cells[10], row->equivalence.high);
		assert_cell(cells[11], j->contrast.n);
		assert_cell(cells[12], j->p);
		assert_cell(cells[13], j->adjusted);
		assert_cell(cells[14], j->p_margin);
		assert_string_equal(cells[15], verdict_name(j->verdict));
		assert_string_equal(cells[16], j->real ? "yes" : "no");
		assert_cell(cells[17], j->further);
	}
	assert_string_equal(at_row, "");
	free(text);
}

static void csv_has_a_line_a_row(void **state)
{
	(void)state;
	make_kernels();
	check_csv();
}

static void csv_has_nothing_for_what_is_not_known(void **state)
{
	(void)state;
	make_one_boot();
	check_csv();
}

static void csv_quotes_names(void **state)
{
	(void)state;
	make_hostile(HOSTILE_WORKLOAD, HOSTILE_SHARING);
	assert_non_null(strchr(c.rows[0].panel->title, '"'));
	assert_non_null(strchr(c.rows[0].panel->title, ','));
	check_csv();
}

static void csv_of_the_reference(void **state)
{
	(void)state;
	compare_reference("mail", "taillock");
	check_csv();
}

/* --- mail -------------------------------------------------------------------------------- */

/* Columns that a line of UTF-8 takes at most; a test fails when it is none. */
static size_t columns(const char *line)
{
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)line; *p; n++) {
		int more = *p < 0x80 ? 0 : *p < 0xc2 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;

		if (more < 0 || *p < 0x20 || *p == 0x7f)
			fail_msg("'%s' has a byte %#x", line, *p);
		/* Characters of three bytes and more may be wide. */
		n += more > 1;
		for (p++; more > 0; more--, p++)
			if ((*p & 0xc0) != 0x80)
				fail_msg("'%s' has a part of a character", line);
	}
	return n;
}

/* No line is too long; where the sides were measured takes three lines behind the sentence. */
static void check_mail(void)
{
	char *text = written(write_mail), *rest = text, *line;
	unsigned int blank = 0, environment = 0;

	while ((line = next_line(&rest))) {
		if (columns(line) > 72)
			fail_msg("%zu columns: '%s'", columns(line), line);
		if (*line && line[strlen(line) - 1] == ' ')
			fail_msg("'%s' ends with a blank", line);
		blank += !*line;
		if (blank != 1 || !*line)
			continue;
		if (strncmp(line,
			    environment == 0   ? "base "
			    : environment == 1 ? "new  "
					       : "sweep ",
			    environment < 2 ? 5 : 6))
			fail_msg("'%s' is no %u. line of environment", line, environment + 1);
		environment++;
	}
	assert_int_equal(environment, 3);
	free(text);
}

static void a_mail_says_it_all_in_72_columns(void **state)
{
	char *text;

	(void)state;
	make_kernels();
	check_mail();
	text = written(write_mail);
	assert_int_equal(strncmp(text, "REGRESSION: taillock is slower at 1 of 2 points; ", 49), 0);
	assert_contains(text, "\nbase stock: Linux 6.1.192 (native), CPUs 0-1 of EPYC\n"
			      "new  taillock: Linux 6.1.192 (native), CPUs 0-1 of EPYC\n"
			      "sweep mail, 4 and 4 boots, margin 2%; pinscale\n");
	assert_contains(text,
			"\n    pread 4k, zram\n"
			"    buffer           CPUs     n base/s new/base [95%]       verdict");
	assert_contains(text, "\n    2m tail shared      -     2  1.00M 0.900 [");
	assert_contains(text, "]  regression\n");
	free(text);
}

static void a_mail_of_one_boot(void **state)
{
	char *text;

	(void)state;
	make_one_boot();
	check_mail();
	text = written(write_mail);
	assert_contains(text, " 0.900                inconclusive\n");
	free(text);
}

static void a_mail_of_the_references(void **state)
{
	(void)state;
	compare_reference("mail", "taillock");
	check_mail();
}

/* Begun at each place of a character: wherever a line is cut, it is not within one. */
static void a_mail_bears_hostile_names(void **state)
{
	char *text, workload[512], sharing[512];

	(void)state;
	make_hostile(HOSTILE_WORKLOAD, HOSTILE_SHARING);
	check_mail();
	for (unsigned int i = 0; i < 4; i++) {
		char directory[16];

		comparison_free(&c);
		run_free(&runs[BASE]);
		made = false;
		snprintf(directory, sizeof(directory), "done%u", i);
		assert_int_equal(rename("run", directory), 0);
		repeated(workload, i == 3 ? "word" : "漢", 36);
		repeated(sharing, "漢", 18);
		if (i < 3) {
			memmove(workload + i, workload, strlen(workload) + 1);
			memmove(sharing + i, sharing, strlen(sharing) + 1);
			memset(workload, 'w', i);
			memset(sharing, 's', i);
		}
		make_hostile(workload, sharing);
		check_mail();
		text = written(write_mail);
		/* However wide the ratio is, its verdict is there. */
		assert_contains(text, "1.57e+05             improvement\n");
		free(text);
	}
}

static void a_wide_ratio_leaves_room_for_the_verdict(void **state)
{
	char *text;

	(void)state;
	begin_run("run", AB);
	for (unsigned int turn = 0; turn < 4; turn++)
		add_turn(turn, 1000, 10000 + 4000 * turn);
	compare_run();
	check_mail();
	text = written(write_mail);
	assert_contains(text, " 15.3 [8.93,26.4]     improvement\n");
	free(text);
}

/* --- text -------------------------------------------------------------------------------- */

static void text_begins_with_the_answer(void **state)
{
	char *text, *sentence;

	(void)state;
	make_kernels();
	text = written(write_text);
	sentence = comparison_sentence(&c);
	/* It is wrapped after the words of the first line. */
	assert_int_equal(strncmp(text, sentence, 60), 0);
	assert_contains(text,
			"  base  stock: Linux 6.1.192 (native), CPUs 0-1 of EPYC; 4 boots; run\n");
	assert_contains(text,
			"differences of boots within turns of the plan (balanced blocks); margin "
			"2%; look 1 of 1, at 4%");
	assert_contains(text,
			"left out of stock: 2 of 16 trials (0 failed, 2 with others on the CPUs, "
			"0 whose CPUs moved), 0 boots\n");
	assert_contains(text, "left out of taillock: 0 of 16 trials");
	assert_contains(text, "only stock has: {");
	assert_contains(text, "0.900 [");
	free(sentence);
	free(text);
}

static void text_does_no_harm(void **state)
{
	char *text, *rest, *line;

	(void)state;
	make_hostile(HOSTILE_WORKLOAD, HOSTILE_SHARING);
	text = rest = written(write_text);
	/* Fails where a control character is. */
	while ((line = next_line(&rest)))
		columns(line);
	assert_null(strstr(text, "\xe2\x80\xae"));
	free(text);
}

/* --- benchstat --------------------------------------------------------------------------- */

/* Lines of results, and of the name of the first; *sum: their rates. */
static size_t check_benchstat(void (*write)(FILE *out), char *names, size_t size, double *sum)
{
	static const char grammar[] = "^Benchmark[A-Z][^[:space:]]* [0-9]+( [^[:space:]]+ "
				      "[^[:space:]]+)+$";
	char *text = written(write), *rest = text, *line, last[1024] = "";
	size_t n = 0, used = 0;
	regex_t result, key;

	*sum = 0;
	names[0] = '\0';
	assert_int_equal(regcomp(&result, grammar, REG_EXTENDED), 0);
	assert_int_equal(regcomp(&key, "^[a-z][^[:space:]A-Z]*: .*$", REG_EXTENDED), 0);
	while ((line = next_line(&rest))) {
		double rate, ns;
		char *name;

		if (!n && !regexec(&key, line, 0, NULL, 0))
			continue;
		if (regexec(&result, line, 0, NULL, 0))
			fail_msg("'%s' is no result of a benchmark", line);
		n++;
		name = strsep(&line, " ");
		assert_int_equal(sscanf(line, "1 %lf op/s %lf ns/op", &rate, &ns), 2);
		assert_float_equal(rate * ns / 1e9, 1, 1e-6);
		*sum += rate;
		/* Those of a benchmark are in a row. */
		if (strcmp(name, last)) {
			used += snprintf(names + used, size - used, "%s\n", name);
			assert_true(used < size);
		}
		snprintf(last, sizeof(last), "%s", name);
	}
	regfree(&result);
	regfree(&key);
	free(text);
	return n;
}

static void benchstat_has_a_line_a_boot(void **state)
{
	char base[4096], new[4096];
	double sum;

	(void)state;
	make_kernels();
	/* Of the last boot, which is stock's, all trials of pwrite were left out. */
	assert_int_equal(check_benchstat(write_base, base, sizeof(base), &sum), 4 + 3);
	assert_int_equal(check_benchstat(write_new, new, sizeof(new), &sum), 4 + 4);
	assert_string_equal(base, new);
	assert_string_equal(base, "BenchmarkPread_4k/zram/2m_tail_shared/2_workers\n"
				  "BenchmarkPwrite_4k/zram/2m_tail_shared/2_workers\n");
	/* Slots 1, 2, 5 and 6 are taillock's, of which 6 had noise. */
	assert_float_equal(sum, 900000 * (4 + 0.002) + 2000000 * (4 + 0.002), 1);
}

static void benchstat_has_a_line_a_trial_within_a_boot(void **state)
{
	char base[4096], new[4096];
	double sum;

	(void)state;
	begin_run("run", RUNNING);
	add_boot(1, "running", -1);
	for (unsigned int i = 0; i < 6; i++)
		add_round(1, i, 1000, 500, i % 2 ? CPUS_NEAR : CPUS_FAR);
	add_round(1, 6, 1, 1, CPUS_MOVE);
	compare_run();
	assert_int_equal(check_benchstat(write_base, base, sizeof(base), &sum), 6);
	assert_float_equal(sum, 6000, 1e-6);
	assert_int_equal(check_benchstat(write_new, new, sizeof(new), &sum), 6);
	assert_float_equal(sum, 3000, 1e-6);
	assert_string_equal(base, new);
	assert_string_equal(base, "BenchmarkPread_4k/zram/2m_tail/2_workers/CPUs_near\n"
				  "BenchmarkPread_4k/zram/2m_tail/2_workers/CPUs_far\n");
}

static void benchstat_bears_hostile_names(void **state)
{
	static const char *const workloads[] = {HOSTILE_WORKLOAD, "\\u00b5gup", "4gup", "_gup",
						" ,  , "};
	char base[4096], new[4096];
	double sum;

	(void)state;
	for (size_t i = 0; i < COUNT(workloads); i++) {
		char name[16];

		make_hostile(workloads[i], HOSTILE_SHARING);
		assert_int_equal(check_benchstat(write_base, base, sizeof(base), &sum), 4);
		assert_int_equal(check_benchstat(write_new, new, sizeof(new), &sum), 4);
		assert_string_equal(base, new);
		comparison_free(&c);
		run_free(&runs[BASE]);
		made = false;
		snprintf(name, sizeof(name), "done%zu", i);
		assert_int_equal(rename("run", name), 0);
	}
}

#define output_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		output_test(json_has_all_of_a_comparison),
		output_test(what_is_not_known_is_null),
		output_test(json_of_values_of_an_axis),
		output_test(json_of_counts),
		output_test(json_bears_hostile_names),
		output_test(json_bears_names_that_are_cut),
		output_test(csv_has_a_line_a_row),
		output_test(csv_has_nothing_for_what_is_not_known),
		output_test(csv_quotes_names),
		output_test(csv_of_the_reference),
		output_test(a_mail_says_it_all_in_72_columns),
		output_test(a_mail_of_one_boot),
		output_test(a_mail_of_the_references),
		output_test(a_mail_bears_hostile_names),
		output_test(a_wide_ratio_leaves_room_for_the_verdict),
		output_test(text_begins_with_the_answer),
		output_test(text_does_no_harm),
		output_test(benchstat_has_a_line_a_boot),
		output_test(benchstat_has_a_line_a_trial_within_a_boot),
		output_test(benchstat_bears_hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
