// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A run is read as JOURNAL.md has it, and its figures are those of METHOD.md:
 * what counts, what is excluded, what is paired with what. The runs here are
 * made up, so that every figure can be worked out by hand.
 */
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/answer.h"
#include "core/faults.h"
#include "core/panel.h"
#include "core/run.h"

#define REFERENCE PINSCALE_TOP "/results/reference/"

static char journal[65536];

static void begin_run(const char *run_json)
{
	assert_int_equal(mkdir("run", 0755), 0);
	assert_int_equal(mkdir("run/boots", 0755), 0);
	put_file("run/run.json", run_json);
	journal[0] = '\0';
}

static void add_boot(unsigned int number, const char *variant, int slot, const char *execution)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "run/boots/%u.json", number);
	snprintf(text, sizeof(text),
		 "{\"boot\": %u, \"variant\": \"%s\", \"slot\": %d, \"execution\": \"%s\"}", number,
		 variant, slot, execution);
	put_file(path, text);
}

__attribute__((format(printf, 1, 2))) static void add_line(const char *format, ...)
{
	size_t used = strlen(journal);
	va_list args;

	va_start(args, format);
	vsnprintf(journal + used, sizeof(journal) - used, format, args);
	va_end(args);
}

struct made {
	unsigned int boot, repetition, workers;
	const char *sharing;
	double rate, before, after, foreign;
	const char *more; /* further keys */
};

static void add_trial(struct made m)
{
	add_line(
		"{\"type\":\"trial\",\"boot\":%u,\"repetition\":%u,\"point\":{\"workload\":\"pread\","
		"\"target\":\"zram\",\"page\":\"2m\",\"mapping\":\"hugetlbfs\",\"sharing\":\"%s\","
		"\"subpage\":\"tail\",\"block\":4096,\"depth\":1,\"workers\":%u,"
		"\"placement\":\"compact\"},\"operations_per_s\":%g,\"slice_median_per_s\":%g,"
		"\"total_operations\":1000,\"covariates\":{\"pingpong_ns\":[%g,%g],"
		"\"foreign_cpu\":%g}%s}\n",
		m.boot, m.repetition, m.sharing, m.workers, m.rate, m.rate, m.before, m.after,
		m.foreign, m.more ? m.more : "");
}

static void read_run(struct run *r)
{
	struct error e = {""};

	put_file("run/trials.jsonl", journal);
	if (run_read(r, "run", &e))
		fail_msg("%s", e.text);
}

#define RUNNING "{\"schema\": 1, \"kind\": \"run\", \"margin\": 0.02}"
#define AB                                                                               \
	"{\"schema\": 1, \"kind\": \"ab\", \"margin\": 0.02, \"plan\": {\"variants\": "  \
	"[\"stock\", \"taillock\"], \"order\": [\"stock\", \"taillock\", \"taillock\", " \
	"\"stock\"]}}"

/* The point with that sharing and so many workers. */
static unsigned int point_of(const struct run *r, const char *sharing, unsigned int workers)
{
	char text[32];

	for (unsigned int i = 0; i < r->point_count; i++)
		if (!strcmp(run_axis(&r->points[i], "sharing", text, sizeof(text)), sharing) &&
		    run_workers(&r->points[i]) == workers)
			return i;
	fail_msg("no point %s with %u workers", sharing, workers);
	return 0;
}

static void pairs_are_of_one_repetition_and_stratum(void **state)
{
	unsigned int private, shared;
	struct estimate e;
	struct run r;

	(void)state;
	begin_run(RUNNING);
	add_boot(1, "running", -1, "virtualised");
	/* Near: ratios 0.9 and 0.8. Far: 0.5. One moved, one had company. */
	add_trial((struct made){1, 0, 2, "private", 1000, 44, 45, 0, NULL});
	add_trial((struct made){1, 0, 2, "shared", 900, 44, 45, 0, NULL});
	add_trial((struct made){1, 1, 2, "private", 2000, 44, 45, 0, NULL});
	add_trial((struct made){1, 1, 2, "shared", 1600, 44, 45, 0, NULL});
	add_trial((struct made){1, 2, 2, "private", 1000, 170, 180, 0, NULL});
	add_trial((struct made){1, 2, 2, "shared", 500, 170, 180, 0, NULL});
	add_trial((struct made){1, 3, 2, "private", 1000, 44, 44, 0, NULL});
	add_trial((struct made){1, 3, 2, "shared", 1, 44, 180, 0, NULL});
	add_trial((struct made){1, 4, 2, "private", 1000, 44, 44, 0, NULL});
	add_trial((struct made){1, 4, 2, "shared", 1, 44, 44, 0.2, NULL});
	read_run(&r);
	private = point_of(&r, "private", 2);
	shared = point_of(&r, "shared", 2);
	e = run_point_ratio(&r, 0, shared, private, STRATUM_NEAR);
	assert_int_equal(e.n, 2);
	assert_float_equal(e.value, sqrt(0.9 * 0.8), 1e-9);
	e = run_point_ratio(&r, 0, shared, private, STRATUM_FAR);
	assert_int_equal(e.n, 1);
	assert_float_equal(e.value, 0.5, 1e-9);
	assert_true(isnan(e.low));
	assert_int_equal(r.moved, 1);
	assert_int_equal(r.foreign, 1);
	assert_int_equal(run_usable(&r), 8);
	assert_float_equal(run_rate(&r, 0, shared, STRATUM_NEAR).value, sqrt(900 * 1600), 1e-6);
	assert_float_equal(run_pingpong(&r, STRATUM_FAR), 175, 1e-9);
	run_free(&r);
}

static void failed_and_repeated_trials_do_not_count(void **state)
{
	struct run r;

	(void)state;
	begin_run(RUNNING);
	add_boot(1, "running", -1, "native");
	add_trial((struct made){1, 0, 1, "private", 1000, 0, 0, 0, NULL});
	add_trial((struct made){1, 0, 1, "private", 5000, 0, 0, 0, NULL});
	add_trial((struct made){1, 1, 1, "private", 7000, 0, 0, 0,
				",\"problems\":[\"pins differ\"]"});
	add_trial((struct made){1, 2, 1, "private", 0, 0, 0, 0, ",\"failed\":true"});
	add_trial((struct made){9, 3, 1, "private", 9000, 0, 0, 0, NULL});
	add_line(
		"{\"type\":\"trial\",\"boot\":1,\"repet\nnot json at all\n\n{\"type\":\"news\"}\n42\n{");
	read_run(&r);
	assert_int_equal(r.trial_count, 3);
	assert_int_equal(r.failed, 2);
	assert_int_equal(r.torn, 4);
	assert_int_equal(r.unread, 1);
	assert_float_equal(run_rate(&r, 0, 0, STRATA).value, 1000, 1e-9);
	run_free(&r);
}

static void kernels_are_compared_by_turns_of_ended_boots(void **state)
{
	static const char *const variants[] = {"stock", "taillock", "taillock", "stock"};
	static const double rates[] = {1000, 900, 800, 1000};
	double low = 0, high = 0;
	struct estimate e;
	struct run r;

	(void)state;
	begin_run(AB);
	for (unsigned int i = 0; i < 4; i++) {
		add_boot(i + 1, variants[i], i, "emulated");
		add_trial((struct made){i + 1, 0, 2, "shared", rates[i], 44, 180, 0.9,
					strcmp(variants[i], "taillock")
						? NULL
						: ",\"probes\":{\"tailref\":{\"acquisitions\":5000,"
						  "\"contended\":100}}"});
		add_line("{\"type\":\"boot-end\",\"boot\":%u}\n", i + 1);
	}
	/* A boot that was cut off, and one at a place that is done. */
	add_boot(5, "taillock", 3, "emulated");
	add_trial((struct made){5, 0, 2, "shared", 1, 44, 44, 0, NULL});
	add_boot(6, "stock", 0, "emulated");
	add_trial((struct made){6, 0, 2, "shared", 1, 44, 44, 0, NULL});
	add_line("{\"type\":\"boot-end\",\"boot\":6}\n");
	read_run(&r);
	assert_int_equal(r.variant_count, 2);
	assert_true(r.emulated);
	e = run_variant_ratio(&r, 1, 0, 0);
	assert_int_equal(e.n, 2);
	assert_float_equal(e.value, sqrt(0.9 * 0.8), 1e-9);
	e = run_rate(&r, 0, 0, STRATA);
	assert_int_equal(e.n, 2);
	assert_float_equal(e.value, 1000, 1e-6);
	assert_false(run_per_operation(&r, 0, 0, "tailref", "acquisitions", &low, &high));
	assert_true(run_per_operation(&r, 1, 0, "tailref", "acquisitions", &low, &high));
	assert_float_equal(low, 5, 0);
	assert_float_equal(high, 5, 0);
	assert_float_equal(run_share(&r, 1, 0, "tailref", "contended", "acquisitions").value, 0.02,
			   1e-12);
	assert_false(answer_counts_lock(&r, 0));
	assert_true(answer_counts_lock(&r, 1));
	run_free(&r);
}

/* What a function prints, to be freed. */
static char *printed_faults(const struct run *r, bool *bad)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	*bad = faults_print(r, f);
	fclose(f);
	return text;
}

static void leftovers_are_faults(void **state)
{
	struct run r;
	char *text;
	bool bad;

	(void)state;
	begin_run(RUNNING);
	add_boot(1, "running", -1, "native");
	add_trial((struct made){1, 0, 1, "private", 1000, 0, 0, 0, NULL});
	add_line("{\"type\":\"skip\",\"boot\":1,\"point\":{},\"reason\":\"no ext2 here\"}\n");
	add_line("{\"type\":\"boot-end\",\"boot\":1,\"huge_pages\":{\"2m\":{\"total\":8,\"free\":7,"
		 "\"others\":0}},\"tails_held\":3,\"kernel_warnings\":[\"BUG: Bad page\"]}\n");
	read_run(&r);
	text = printed_faults(&r, &bad);
	assert_true(bad);
	assert_contains(text, "1 huge pages (2m) were not given back");
	assert_contains(text, "3 references to tails are still held");
	assert_contains(text, "BUG: Bad page");
	assert_contains(text, "not possible here: no ext2 here");
	free(text);
	run_free(&r);
}

static void clean_run_says_so(void **state)
{
	struct run r;
	char *text;
	bool bad;

	(void)state;
	begin_run(RUNNING);
	add_boot(1, "running", -1, "native");
	add_trial((struct made){1, 0, 1, "private", 1000, 0, 0, 0, NULL});
	add_line("{\"type\":\"boot-end\",\"boot\":1,\"huge_pages\":{\"2m\":{\"total\":8,\"free\":6,"
		 "\"others\":2}},\"tails_held\":null,\"kernel_warnings\":[]}\n");
	read_run(&r);
	text = printed_faults(&r, &bad);
	assert_false(bad);
	assert_contains(text, "all huge pages given back");
	free(text);
	run_free(&r);
}

static void panels_put_private_first_and_know_the_base(void **state)
{
	struct panels panels;
	struct error e;
	struct run r;
	unsigned int count, *workers;

	(void)state;
	begin_run(RUNNING);
	add_boot(1, "running", -1, "native");
	add_trial((struct made){1, 0, 2, "same", 1000, 44, 44, 0, NULL});
	add_trial((struct made){1, 0, 2, "shared", 1000, 44, 44, 0, NULL});
	add_trial((struct made){1, 0, 1, "shared", 1000, 0, 0, 0, NULL});
	add_trial((struct made){1, 0, 2, "private", 1000, 44, 44, 0, NULL});
	read_run(&r);
	assert_int_equal(panels_of(&panels, &r, &e), 0);
	assert_int_equal(panels.count, 1);
	assert_string_equal(panels.list[0].title, "pread 4k, zram");
	assert_int_equal(panels.list[0].count, 3);
	assert_string_equal(panels.list[0].lines[0].label, "2m tail private");
	assert_string_equal(panels.list[0].lines[1].label, "2m tail shared");
	assert_int_equal(panels.list[0].lines[0].base, -1);
	assert_int_equal(panels.list[0].lines[1].base, 0);
	assert_int_equal(panels.list[0].lines[2].base, 0);
	assert_int_equal(line_point(&r, &panels.list[0].lines[0], 1), -1);
	assert_int_equal(line_point(&r, &panels.list[0].lines[1], 1), point_of(&r, "shared", 1));
	workers = panel_workers(&r, &panels.list[0], &count);
	assert_int_equal(count, 2);
	assert_int_equal(workers[0], 1);
	assert_int_equal(workers[1], 2);
	free(workers);
	panels_free(&panels);
	run_free(&r);
}

static void hostile_names_are_made_printable(void **state)
{
	char text[64];
	struct run r;

	(void)state;
	begin_run(RUNNING);
	add_boot(1, "running", -1, "native");
	add_trial((struct made){1, 0, 1, "a\\u001b[31m\\nb", 1000, 0, 0, 0, NULL});
	read_run(&r);
	assert_string_equal(run_axis(&r.points[0], "sharing", text, sizeof(text)), "a?[31m?b");
	run_free(&r);
}

/* --- figures against their definitions, slowly ------------------------------------- */

static bool counts(const struct run *r, const struct run_trial *t, unsigned int variant,
		   enum stratum stratum)
{
	return r->boots[t->boot].counts && r->boots[t->boot].variant == variant && !t->excluded &&
	       (stratum == STRATA || t->stratum == stratum);
}

/* Every trial of a point against every other of the base. */
static struct estimate ratio_of_all(const struct run *r, unsigned int variant, unsigned int point,
				    unsigned int base, enum stratum stratum)
{
	double *logs = calloc(r->trial_count, sizeof(*logs));
	struct estimate e;
	size_t n = 0;

	for (unsigned int i = 0; i < r->trial_count; i++)
		for (unsigned int k = 0; k < r->trial_count; k++) {
			const struct run_trial *a = &r->trials[i], *b = &r->trials[k];

			if (a->point == point && b->point == base && a->boot == b->boot &&
			    a->repetition == b->repetition && counts(r, a, variant, stratum) &&
			    counts(r, b, variant, stratum))
				logs[n++] = log(a->rate / b->rate);
		}
	e = estimate_log_mean(logs, n, RUN_LEVEL);
	free(logs);
	return e;
}

static double log_mean_of_all(const struct run *r, unsigned int boot, unsigned int point)
{
	double sum = 0;
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->trial_count; i++)
		if (r->trials[i].boot == boot && r->trials[i].point == point &&
		    counts(r, &r->trials[i], r->boots[boot].variant, STRATA)) {
			sum += log(r->trials[i].rate);
			n++;
		}
	return n ? sum / n : NAN;
}

/* The first boot that counts at a place of the plan, or -1. */
static int boot_at(const struct run *r, int slot)
{
	for (unsigned int i = 0; i < r->boot_count; i++)
		if (r->boots[i].slot == slot && r->boots[i].counts)
			return i;
	return -1;
}

static struct estimate variants_of_all(const struct run *r, unsigned int variant, unsigned int base,
				       unsigned int point)
{
	int turns = r->variant_count;
	double logs[64];
	size_t n = 0;

	for (int turn = 0; turn < (int)COUNT(logs); turn++) {
		double mean[2] = {NAN, NAN};

		for (int slot = turn * turns; slot < (turn + 1) * turns; slot++) {
			int boot = boot_at(r, slot);

			if (boot >= 0 && r->boots[boot].variant == variant)
				mean[0] = log_mean_of_all(r, boot, point);
			else if (boot >= 0 && r->boots[boot].variant == base)
				mean[1] = log_mean_of_all(r, boot, point);
		}
		if (!isnan(mean[0]) && !isnan(mean[1]))
			logs[n++] = mean[0] - mean[1];
	}
	return estimate_log_mean(logs, n, RUN_LEVEL);
}

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void assert_same(struct estimate a, struct estimate b)
{
	assert_int_equal(a.n, b.n);
	assert_true(same(a.value, b.value) && same(a.low, b.low) && same(a.high, b.high));
}

/* How many pairs there were, so that the test is seen to have compared some. */
static size_t check_ratios(const struct run *r)
{
	size_t pairs = 0;

	for (unsigned int p = 0; p < r->point_count; p++)
		for (enum stratum s = STRATUM_NONE; s <= STRATA; s++) {
			unsigned int base = (p + 1) % r->point_count;
			struct estimate e = run_point_ratio(r, 0, p, base, s);

			assert_same(e, ratio_of_all(r, 0, p, base, s));
			pairs += e.n;
		}
	for (unsigned int p = 0; p < r->point_count; p++)
		for (unsigned int v = 0; v < r->variant_count; v++) {
			struct estimate e = run_variant_ratio(r, v, 0, p);

			assert_same(e, variants_of_all(r, v, 0, p));
			pairs += e.n;
		}
	return pairs;
}

static void figures_of_reference_runs_are_those_of_the_definitions(void **state)
{
	static const char *const runs[] = {REFERENCE "sharing", REFERENCE "stock-taillock",
					   REFERENCE "mail"};
	struct error e;
	struct run r;

	(void)state;
	for (size_t i = 0; i < COUNT(runs); i++) {
		if (run_read(&r, runs[i], &e))
			fail_msg("%s", e.text);
		assert_int_equal(r.torn + r.unread, 0);
		assert_true(check_ratios(&r) > 100);
		run_free(&r);
	}
}

/* --- what a run from anywhere may hold ---------------------------------------------- */

static void odd_trials_are_left_out_or_failed(void **state)
{
	static const char *const unread[] = {
		"\"boot\":1,\"repetition\":-1,\"point\":{}",
		"\"boot\":1,\"repetition\":1099511627776,\"point\":{}",
		"\"boot\":1,\"repetition\":1.5,\"point\":{}",
		"\"boot\":1,\"repetition\":\"1\",\"point\":{}",
		"\"boot\":1,\"point\":{}",
		"\"boot\":1,\"repetition\":0",
		"\"boot\":1,\"repetition\":0,\"point\":[]",
		"\"boot\":1,\"repetition\":0,\"point\":\"x\"",
		"\"boot\":4294967297,\"repetition\":0,\"point\":{}",
		"\"boot\":-1,\"repetition\":0,\"point\":{}",
		"\"boot\":null,\"repetition\":0,\"point\":{}",
	};
	static const char *const failed[] = {"0",   "-5",   "null",  "\"fast\"",
					     "[1]", "true", "-1e308"};
	struct run r;

	(void)state;
	begin_run(RUNNING);
	add_boot(1, "running", -1, "native");
	for (size_t i = 0; i < COUNT(unread); i++)
		add_line("{\"type\":\"trial\",%s,\"operations_per_s\":5}\n", unread[i]);
	for (size_t i = 0; i < COUNT(failed); i++)
		add_line("{\"type\":\"trial\",\"boot\":1,\"repetition\":%zu,\"point\":{},"
			 "\"operations_per_s\":%s}\n",
			 i, failed[i]);
	add_line("{\"type\":\"trial\",\"boot\":1,\"repetition\":99,\"point\":{},"
		 "\"operations_per_s\":1e308,\"workers\":7,\"covariates\":[],\"probes\":3}\n");
	read_run(&r);
	assert_int_equal(r.unread, COUNT(unread));
	assert_int_equal(r.failed, COUNT(failed));
	assert_int_equal(r.trial_count, COUNT(failed) + 1);
	assert_int_equal(run_usable(&r), 1);
	run_free(&r);
}

static void axes_of_other_types_are_points_too(void **state)
{
	char text[64];
	struct run r;

	(void)state;
	begin_run(RUNNING);
	add_boot(1, "running", -1, "native");
	add_line("{\"type\":\"trial\",\"boot\":1,\"repetition\":0,\"point\":{\"workers\":-1,"
		 "\"block\":-4096,\"page\":[],\"sharing\":1e9},\"operations_per_s\":1}\n");
	add_line("{\"type\":\"trial\",\"boot\":1,\"repetition\":0,\"point\":{\"workers\":\"two\"},"
		 "\"operations_per_s\":1}\n");
	read_run(&r);
	assert_int_equal(r.point_count, 2);
	assert_int_equal(run_workers(&r.points[0]), 0);
	assert_string_equal(run_axis(&r.points[0], "block", text, sizeof(text)), "-4096");
	assert_string_equal(run_axis(&r.points[0], "page", text, sizeof(text)), "");
	assert_string_equal(run_axis(&r.points[1], "workers", text, sizeof(text)), "two");
	run_free(&r);
}

static void places_in_the_plan_may_be_any_number(void **state)
{
	static const char *const slots[] = {"2147483647", "2147483648",		 "-1",	      "1e9",
					    "\"0\"",	  "9223372036854775807", "2147483646"};
	char path[64], text[256];
	struct run r;

	(void)state;
	begin_run(AB);
	for (unsigned int i = 0; i < COUNT(slots); i++) {
		snprintf(path, sizeof(path), "run/boots/%u.json", i + 1);
		snprintf(text, sizeof(text), "{\"variant\":\"%s\",\"slot\":%s}",
			 i ? "stock" : "taillock", slots[i]);
		put_file(path, text);
		add_trial((struct made){i + 1, 0, 1, "private", i ? 1000 : 900, 0, 0, 0, NULL});
		add_line("{\"type\":\"boot-end\",\"boot\":%u}\n", i + 1);
	}
	read_run(&r);
	assert_int_equal(r.in_turn_count, 2);
	assert_int_equal(r.boots[1].slot, -1);
	assert_float_equal(run_variant_ratio(&r, 1, 0, 0).value, 0.9, 1e-9);
	run_free(&r);
}

static void boots_are_told_apart_by_number(void **state)
{
	struct run r;

	(void)state;
	begin_run(RUNNING);
	for (unsigned int boot = 300; boot; boot--)
		add_boot(boot, boot == 7 ? "seven" : "running", -1, "native");
	add_trial((struct made){7, 0, 1, "private", 7000, 0, 0, 0, NULL});
	add_trial((struct made){300, 0, 1, "private", 300, 0, 0, 0, NULL});
	add_trial((struct made){301, 0, 1, "private", 301, 0, 0, 0, NULL});
	read_run(&r);
	assert_int_equal(r.trial_count, 2);
	/* In the order of their numbers, as variants that no plan names are. */
	assert_string_equal(r.variants[1], "seven");
	assert_float_equal(run_rate(&r, 1, 0, STRATA).value, 7000, 1e-9);
	assert_float_equal(run_rate(&r, 0, 0, STRATA).value, 300, 1e-9);
	run_free(&r);
}

static void all_text_is_made_printable_but_the_sweep(void **state)
{
	struct run r;

	(void)state;
	begin_run(
		"{\"schema\":1,\"kind\":\"run\",\"sweep\":{\"name\":\"a\\nb\",\"text\":\"c\\nd\"}}");
	add_boot(1, "run\\u001bning", -1, "native");
	add_trial(
		(struct made){1, 0, 1, "private", 1000, 0, 0, 0, ",\"problems\":[\"e\\u009bf\"]"});
	add_line("{\"type\":\"skip\",\"boot\":1,\"point\":{},\"reason\":\"g\\rh\"}\n");
	read_run(&r);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(r.json, "sweep"), "name")),
		"a?b");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(r.json, "sweep"), "text")),
		"c\nd");
	assert_string_equal(r.variants[0], "run?ning");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(json_array_get(r.records, 0), "problems"), 0)),
			    "e?f");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(r.records, 1), "reason")), "g?h");
	run_free(&r);
}

static void more_than_a_run_can_have_is_refused(void **state)
{
	struct error e;
	struct run r;
	FILE *f;

	(void)state;
	begin_run(RUNNING);
	add_boot(1, "running", -1, "native");
	f = fopen("run/trials.jsonl", "we");
	for (unsigned int i = 0; i <= RUN_MOST_POINTS; i++)
		fprintf(f,
			"{\"type\":\"trial\",\"boot\":1,\"repetition\":0,\"point\":{\"depth\":%u},"
			"\"operations_per_s\":1}\n",
			i);
	fclose(f);
	assert_int_equal(run_read(&r, "run", &e), -1);
	assert_contains(e.text, "more than 10000 points");
	for (unsigned int i = 0; i <= RUN_MOST_VARIANTS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "v%u", i);
		add_boot(i + 1, name, i, "native");
	}
	assert_int_equal(run_read(&r, "run", &e), -1);
	assert_contains(e.text, "more than 100 variants");
}

static void what_is_no_run_is_refused(void **state)
{
	struct error e;
	struct run r;

	(void)state;
	assert_int_equal(run_read(&r, "nowhere", &e), -1);
	assert_contains(e.text, "There is no run in nowhere");
	begin_run("{\"schema\": 2}");
	assert_int_equal(run_read(&r, "run", &e), -1);
	assert_contains(e.text, "newer pinscale");
	put_file("run/run.json", "[1]");
	assert_int_equal(run_read(&r, "run", &e), -1);
	assert_contains(e.text, "no JSON object");
	put_file("run/run.json", "{}");
	assert_int_equal(run_read(&r, "run", &e), -1);
	assert_contains(e.text, "no pinscale run");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(pairs_are_of_one_repetition_and_stratum),
		scratch_test(failed_and_repeated_trials_do_not_count),
		scratch_test(kernels_are_compared_by_turns_of_ended_boots),
		scratch_test(leftovers_are_faults),
		scratch_test(clean_run_says_so),
		scratch_test(panels_put_private_first_and_know_the_base),
		scratch_test(hostile_names_are_made_printable),
		cmocka_unit_test(figures_of_reference_runs_are_those_of_the_definitions),
		scratch_test(odd_trials_are_left_out_or_failed),
		scratch_test(axes_of_other_types_are_points_too),
		scratch_test(places_in_the_plan_may_be_any_number),
		scratch_test(boots_are_told_apart_by_number),
		scratch_test(all_text_is_made_printable_but_the_sweep),
		scratch_test(more_than_a_run_can_have_is_refused),
		scratch_test(what_is_no_run_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
