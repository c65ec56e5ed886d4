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
		scratch_test(what_is_no_run_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
