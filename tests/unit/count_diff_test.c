// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The verdicts of two runs of counts: who does more on a line that workers share is the worse
 * one, by counts of one worker; what else is different says nothing yet. The runs are
 * made up, so that every difference can be seen.
 */
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/count_diff.h"

/* --- runs ----------------------------------------------------------------------- */

static char journal[65536];
static const char *directory;

__attribute__((format(printf, 1, 2))) static void add_line(const char *format, ...)
{
	size_t used = strlen(journal);
	va_list args;

	va_start(args, format);
	used += vsnprintf(journal + used, sizeof(journal) - used, format, args);
	va_end(args);
	assert_true(used < sizeof(journal));
}

static void begin_run(const char *name)
{
	char path[64];

	directory = name;
	journal[0] = '\0';
	assert_int_equal(mkdir(name, 0755), 0);
	snprintf(path, sizeof(path), "%s/boots", name);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/run.json", name);
	put_file(path, "{\"schema\": 1, \"kind\": \"count\", \"margin\": 0.02, \"count\": {}}");
}

static void add_boot(unsigned int boot, const char *variant)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "%s/boots/%u.json", directory, boot);
	snprintf(text, sizeof(text),
		 "{\"schema\": 1, \"boot\": %u, \"variant\": \"%s\", \"execution\": \"emulated\", "
		 "\"kernel\": {\"release\": \"6.1.192-%s\"}}",
		 boot, variant, variant);
	put_file(path, text);
}

static void end_boot(unsigned int boot)
{
	add_line("{\"type\":\"boot-end\",\"boot\":%u,\"execution\":\"emulated\",\"trials\":1,"
		 "\"failed\":0}\n",
		 boot);
}

/* The rest of a point, and one of an operation at it. */
#define POINT                                                                           \
	"\"point\":{\"workload\":\"%s\",\"target\":\"null_blk\",\"devices\":\"one\","   \
	"\"page\":\"2m\",\"mapping\":\"hugetlbfs\",\"sharing\":\"shared\",\"subpage\":" \
	"\"tail\",\"mempolicy\":\"local\",\"block\":4096,\"depth\":1,\"access\":"       \
	"\"sequential\",\"workers\":%u,\"task\":\"thread\",\"placement\":\"compact\"}"

#define KIND_ROW(kind, on, field, by, total, shared)                                    \
	"{\"kind\":\"" kind "\",\"on\":\"" on "\",\"field\":\"" field "\",\"by\":\"" by \
	"\",\"total\":" #total ",\"usual\":1.0,\"shared\":" #shared ",\"cpus\":2,\"lines\":1}"
#define ROW(on, by, total, shared) KIND_ROW("locked", on, "_refcount", by, total, shared)

static void add_counts(unsigned int boot, const char *workload, unsigned int workers,
		       unsigned int operations, const char *rows)
{
	add_line("{\"type\":\"trial\",\"boot\":%u,\"execution\":\"emulated\",\"order\":%u,"
		 "\"repetition\":0," POINT ",\"window_s\":0.004,\"operations\":%u,"
		 "\"operations_per_s\":514062.5,\"slice_median_per_s\":514062.5,"
		 "\"total_operations\":%u,\"problems\":[]}\n",
		 boot, workers, workload, workers, operations, operations);
	add_line("{\"type\":\"counts\",\"boot\":%u,\"execution\":\"emulated\",\"order\":%u," POINT
		 ",\"operations\":%u,\"rounds\":%u,\"skipped\":10,\"dropped\":{\"interrupt\":3,"
		 "\"switch\":4,\"exception\":0},\"windows\":%u,\"instructions\":"
		 "{\"operations\":100,\"kernel\":150000,\"user\":2500,\"by\":[[\"get\",150000],"
		 "[\"user space\",2500]]},\"rows\":[%s]}\n",
		 boot, workers, workload, workers, operations, operations, workers, rows);
}

static void read_run(struct run *r)
{
	struct error e = {""};
	char path[64];

	snprintf(path, sizeof(path), "%s/trials.jsonl", directory);
	put_file(path, journal);
	if (run_read(r, directory, &e))
		fail_msg("%s", e.text);
}

/* A run of one boot and one kind of operation, with counts of one worker and of two. */
static void make_run(struct run *r, const char *name, const char *one, const char *two)
{
	begin_run(name);
	add_boot(1, name);
	if (one)
		add_counts(1, "pread", 1, 1000, one);
	if (two)
		add_counts(1, "pread", 2, 2000, two);
	end_boot(1);
	read_run(r);
}

/* --- comparing ---------------------------------------------------------------------- */

static struct run runs[2];
static struct count_side sides[2];
static struct count_diff diff;

static int setup(void **state)
{
	memset(runs, 0, sizeof(runs));
	memset(&diff, 0, sizeof(diff));
	sides[0] = (struct count_side){.run = &runs[0]};
	sides[1] = (struct count_side){.run = &runs[1]};
	return scratch_setup(state);
}

static int teardown(void **state)
{
	count_diff_free(&diff);
	run_free(&runs[0]);
	run_free(&runs[1]);
	return scratch_teardown(state);
}

static void compare(void)
{
	struct error e = {""};

	if (count_diff(&diff, sides, &e))
		fail_msg("%s", e.text);
}

static void assert_verdict(enum count_verdict verdict, const char *reason)
{
	const struct count_change *c = &diff.list[0];

	assert_int_equal(diff.count, 1);
	if (c->verdict != verdict || strcmp(c->reason, reason))
		fail_msg("%s because of '%s', not %s because of '%s'",
			 count_verdict_name(c->verdict), c->reason, count_verdict_name(verdict),
			 reason);
	assert_int_equal(diff.verdict, verdict);
	assert_int_equal(diff.unmatched, 0);
}

/* Both sides, with one worker and with two. */
static void compare_runs(const char *old_one, const char *old_two, const char *new_one,
			 const char *new_two)
{
	make_run(&runs[0], "old", old_one, old_two);
	make_run(&runs[1], "new", new_one, new_two);
	compare();
}

/* Four on the head page, which two workers share, and two on a file of their own. */
#define ONE ROW("head page", "get", 2000, 0) "," ROW("head page", "put", 2000, 0) "," OWN
#define TWO ROW("head page", "get", 4000, 4000) "," ROW("head page", "put", 4000, 4000) "," OWN_TWO
#define OWN ROW("file", "fget", 2000, 0)
#define OWN_TWO ROW("file", "fget", 4000, 0)

static void the_same_is_equivalent(void **state)
{
	(void)state;
	compare_runs(ONE, TWO, ONE, TWO);
	assert_verdict(COUNT_EQUIVALENT, "");
	assert_int_equal(diff.list[0].workers[0], 1);
	assert_int_equal(diff.list[0].workers[1], 2);
	assert_int_equal(diff.list[0].few[0].operations, 1000);
	assert_int_equal(diff.list[0].many[1].operations, 2000);
	assert_string_equal(diff.list[0].title, "pread 4k, null_blk, 2m tail shared");
}

static void more_on_a_shared_line_is_a_regression(void **state)
{
	(void)state;
	compare_runs(ONE, TWO,
		     ROW("head page", "get", 3000, 0) "," ROW("head page", "put", 3500, 0) "," OWN,
		     ROW("head page", "get", 6000, 6000) "," ROW("head page", "put", 7000,
								 7000) "," OWN_TWO);
	assert_verdict(COUNT_REGRESSION, "head page +2.500 (put +1.500, get +1.000)");
}

/* By how many operations there were, not by how many rows or totals. */
static void counts_are_of_an_operation_each(void **state)
{
	(void)state;
	make_run(&runs[0], "old", ONE, TWO);
	begin_run("new");
	add_boot(1, "new");
	add_counts(1, "pread", 1, 10,
		   KIND_ROW("locked", "head page", "_refcount", "get", 10, 0) "," KIND_ROW(
			   "locked", "head page", "_mapcount", "get", 10,
			   0) "," ROW("head page", "put", 20, 0) "," ROW("file", "fget", 20, 0));
	add_counts(1, "pread", 2, 2000, TWO);
	end_boot(1);
	read_run(&runs[1]);
	compare();
	assert_verdict(COUNT_EQUIVALENT, "");
}

static void a_new_shared_line_is_a_regression(void **state)
{
	(void)state;
	compare_runs(ONE, TWO, ONE "," ROW("tail page", "lock_page", 1000, 0),
		     TWO "," ROW("tail page", "lock_page", 2000, 1500));
	assert_verdict(COUNT_REGRESSION, "tail page +1.000 (lock_page +1.000)");
}

static void more_on_a_line_of_ones_own_is_inconclusive(void **state)
{
	(void)state;
	compare_runs(ONE, TWO, ONE "," ROW("file", "fput", 1000, 0),
		     TWO "," ROW("file", "fput", 2000, 0));
	assert_verdict(COUNT_INCONCLUSIVE, "file +1.000 (fput +1.000)");
}

static void fewer_on_a_shared_line_is_an_improvement(void **state)
{
	(void)state;
	compare_runs(ONE, TWO, ROW("head page", "get", 2000, 0) "," OWN,
		     ROW("head page", "get", 4000, 4000) "," OWN_TWO);
	assert_verdict(COUNT_IMPROVEMENT, "head page -2.000 (put -2.000)");
}

/* Shared on the old side only: the new one has nothing there any more. */
static void a_shared_line_that_is_gone_is_an_improvement(void **state)
{
	(void)state;
	compare_runs(ONE, TWO, OWN, OWN_TWO);
	assert_verdict(COUNT_IMPROVEMENT, "head page -4.000 (get -2.000, put -2.000)");
}

static void more_on_one_shared_line_outweighs_less_on_others(void **state)
{
	(void)state;
	compare_runs(ONE "," ROW("inode", "touch", 9000, 0),
		     TWO "," ROW("inode", "touch", 18000, 18000),
		     ROW("head page", "get", 3000, 0) "," ROW("head page", "put", 2000, 0),
		     ROW("head page", "get", 6000, 6000) "," ROW("head page", "put", 4000, 4000));
	assert_verdict(COUNT_REGRESSION,
		       "inode -9.000 (touch -9.000); head page +1.000 (get +1.000)");
}

/* An improvement has no other difference: what the other line costs is not known. */
static void less_on_lines_of_every_kind_is_an_improvement(void **state)
{
	(void)state;
	compare_runs(ONE, TWO, ROW("head page", "get", 2000, 0) "," ROW("file", "fget", 1000, 0),
		     ROW("head page", "get", 4000, 4000) "," ROW("file", "fget", 2000, 0));
	assert_int_equal(diff.count, 1);
	assert_string_equal(count_verdict_name(diff.list[0].verdict), "improvement");
}

/* The reason is what decided it: here the line that is not shared. */
static void less_on_a_shared_line_and_more_on_another_is_inconclusive(void **state)
{
	(void)state;
	compare_runs(
		ONE, TWO, ROW("head page", "get", 2000, 0) "," OWN "," ROW("file", "fput", 3000, 0),
		ROW("head page", "get", 4000, 4000) "," OWN_TWO "," ROW("file", "fput", 6000, 0));
	assert_int_equal(diff.count, 1);
	assert_int_equal(diff.list[0].verdict, COUNT_INCONCLUSIVE);
	assert_contains(diff.list[0].reason, "file +3.000 (fput +3.000)");
}

static void small_differences_are_none(void **state)
{
	(void)state;
	compare_runs(ONE, TWO,
		     ROW("head page", "get", 2040, 0) "," ROW("head page", "put", 2000, 0) "," ROW(
			     "file", "fget", 1960, 0) "," ROW("inode", "touch", 40, 0),
		     TWO "," ROW("inode", "touch", 80, 80));
	assert_verdict(COUNT_EQUIVALENT, "");
}

static void differences_above_the_tolerance_are_some(void **state)
{
	(void)state;
	/* Together they are; each alone is not named. */
	compare_runs(ONE, TWO,
		     ROW("head page", "get", 2030, 0) "," ROW("head page", "put", 2040, 0) "," OWN,
		     TWO);
	assert_verdict(COUNT_REGRESSION, "head page +0.070");
}

/* Another function or another field of the same line is no change. */
static void who_works_on_a_line_does_not_matter(void **state)
{
	(void)state;
	compare_runs(
		ONE, TWO,
		KIND_ROW("locked", "head page", "_mapcount", "folio_get", 4000, 0) "," OWN,
		KIND_ROW("locked", "head page", "_mapcount", "folio_get", 8000, 8000) "," OWN_TWO);
	assert_verdict(COUNT_EQUIVALENT, "");
}

/* Two workers that get into each other's way try again: that is not the kernel's doing. */
static void retries_of_many_workers_are_no_regression(void **state)
{
	(void)state;
	compare_runs(ONE, TWO, ONE,
		     ROW("head page", "get", 9000, 9000) "," ROW(
			     "head page", "put", 4000,
			     4000) "," OWN_TWO
				   "," ROW("lock", "queued_spin_lock_slowpath", 700, 700));
	assert_verdict(COUNT_EQUIVALENT, "");
}

/* Less than half of it is on lines of several CPUs. */
static void seldom_shared_is_not_shared(void **state)
{
	(void)state;
	compare_runs(ONE, TWO, ONE "," ROW("slab", "alloc", 1000, 0),
		     TWO "," ROW("slab", "alloc", 2000, 1000));
	assert_verdict(COUNT_INCONCLUSIVE, "slab +1.000 (alloc +1.000)");
}

/* On lines that nobody shares: where an allocator puts what is short-lived is chance. */
static void what_is_done_elsewhere_instead_is_no_difference(void **state)
{
	(void)state;
	compare_runs(ONE "," ROW("slab", "alloc", 3000, 0), TWO "," ROW("slab", "alloc", 6000, 0),
		     ONE "," ROW("slab", "alloc", 1000, 0) "," ROW("bio", "alloc", 2000, 0),
		     TWO "," ROW("slab", "alloc", 2000, 0) "," ROW("bio", "alloc", 4000, 0));
	assert_verdict(COUNT_EQUIVALENT, "");
}

static void what_is_done_elsewhere_as_well_is_a_difference(void **state)
{
	(void)state;
	compare_runs(ONE "," ROW("slab", "alloc", 3000, 0), TWO "," ROW("slab", "alloc", 6000, 0),
		     ONE "," ROW("slab", "alloc", 2000, 0) "," ROW("bio", "alloc", 3000, 0),
		     TWO "," ROW("slab", "alloc", 4000, 0) "," ROW("bio", "alloc", 6000, 0));
	assert_verdict(COUNT_INCONCLUSIVE, "bio +3.000 (alloc +3.000); slab -1.000 (alloc -1.000)");
}

/* A line that is shared is the exception: there it matters. */
static void what_is_done_on_a_shared_line_instead_is_a_regression(void **state)
{
	(void)state;
	compare_runs(ONE "," ROW("file", "lock", 1000, 0), TWO "," ROW("file", "lock", 2000, 0),
		     ONE "," ROW("head page", "lock", 1000, 0),
		     TWO "," ROW("head page", "lock", 2000, 2000));
	assert_verdict(COUNT_REGRESSION, "head page +1.000 (lock +1.000)");
}

/* Nothing was moved here: three functions do a little more, together more than is none. */
static void many_small_differences_on_a_line_are_one(void **state)
{
	(void)state;
	compare_runs(ONE, TWO,
		     ONE "," ROW("file", "a", 40, 0) "," ROW("file", "b", 40,
							     0) "," ROW("file", "c", 40, 0),
		     TWO);
	assert_verdict(COUNT_INCONCLUSIVE, "file +0.120");
}

static void loads_and_stores_decide_nothing(void **state)
{
	(void)state;
	compare_runs(ONE, TWO,
		     ONE "," KIND_ROW("load", "head page", "flags", "get", 5000, 0) "," KIND_ROW(
			     "store", "head page", "flags", "get", 5000, 0),
		     TWO "," KIND_ROW("store", "head page", "flags", "get", 9000, 9000));
	assert_verdict(COUNT_EQUIVALENT, "");
}

/* With counts of one worker only nothing is known to be shared. */
static void one_worker_alone_is_inconclusive(void **state)
{
	(void)state;
	compare_runs(ONE, NULL, ONE "," ROW("head page", "lock_page", 1000, 0), NULL);
	assert_verdict(COUNT_INCONCLUSIVE, "head page +1.000 (lock_page +1.000)");
	assert_int_equal(diff.list[0].workers[1], 1);
}

static void two_workers_alone_are_enough(void **state)
{
	(void)state;
	compare_runs(NULL, TWO, NULL, TWO "," ROW("head page", "lock_page", 2000, 2000));
	assert_verdict(COUNT_REGRESSION, "head page +1.000 (lock_page +1.000)");
	assert_int_equal(diff.list[0].workers[0], 2);
}

/* However many there are, the text ends. */
static void reasons_are_cut_where_they_are_full(void **state)
{
	char one[8192] = "", two[8192] = "";

	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		sprintf(one + strlen(one),
			"%s{\"kind\":\"locked\",\"on\":\"line %u\",\"field\":\"\",\"by\":"
			"\"a_function_with_a_long_name_%u\",\"total\":%u,\"shared\":0}",
			i ? "," : "", i, i, 1000 + i);
		sprintf(two + strlen(two),
			"%s{\"kind\":\"locked\",\"on\":\"line %u\",\"field\":\"\",\"by\":"
			"\"a_function_with_a_long_name_%u\",\"total\":%u,\"shared\":1900}",
			i ? "," : "", i, i, 2000);
	}
	compare_runs("", "", one, two);
	assert_int_equal(diff.verdict, COUNT_REGRESSION);
	assert_contains(diff.list[0].reason,
			"line 39 +1.039 (a_function_with_a_long_name_39 +1.039); line 38 +1.038 (");
	assert_int_equal(strlen(diff.list[0].reason), sizeof(diff.list[0].reason) - 1);
}

/* --- which counts -------------------------------------------------------------------- */

static void points_of_one_side_are_counted(void **state)
{
	(void)state;
	begin_run("old");
	add_boot(1, "stock");
	add_counts(1, "pread", 1, 1000, ONE);
	add_counts(1, "pread", 2, 2000, TWO);
	add_counts(1, "pwrite", 1, 1000, ONE);
	add_counts(1, "vmsplice", 1, 0, "");
	end_boot(1);
	read_run(&runs[0]);
	begin_run("new");
	add_boot(1, "taillock");
	add_counts(1, "pread", 1, 1000, ONE);
	add_counts(1, "gup-fast", 1, 1000, ONE);
	add_counts(1, "gup-fast", 2, 1000, ONE);
	add_counts(1, "vmsplice", 1, 1000, ONE);
	end_boot(1);
	read_run(&runs[1]);
	compare();
	/* Of old: pread with two, pwrite, vmsplice, of which nothing was kept; of new: gup-fast. */
	assert_int_equal(diff.count, 1);
	assert_int_equal(diff.unmatched, 3 + 2);
	assert_int_equal(diff.verdict, COUNT_EQUIVALENT);
	assert_int_equal(diff.list[0].workers[1], 1);
}

static void sides_with_nothing_in_common_are_an_error(void **state)
{
	struct error e = {""};

	(void)state;
	make_run(&runs[0], "old", ONE, NULL);
	make_run(&runs[1], "new", NULL, TWO);
	assert_int_equal(count_diff(&diff, sides, &e), -1);
	assert_contains(e.text, "no point in common");
	assert_null(diff.list);
}

/* Two variants of one run, of which each may have been booted several times. */
static void the_last_boot_that_ended_counts(void **state)
{
	struct counts c;

	(void)state;
	begin_run("run");
	for (unsigned int boot = 1; boot <= 5; boot++)
		add_boot(boot, boot % 2 ? "stock" : "taillock");
	add_counts(1, "pread", 1, 500, ONE);
	end_boot(1);
	add_counts(2, "pread", 1, 1000, ONE "," ROW("head page", "lock", 1000, 0));
	add_counts(2, "pread", 2, 2000, TWO "," ROW("head page", "lock", 2000, 2000));
	end_boot(2);
	add_counts(3, "pread", 1, 1000, ONE);
	add_counts(3, "pread", 2, 2000, TWO);
	end_boot(3);
	/* Cut off. */
	add_counts(4, "pread", 1, 7777, ONE);
	add_counts(5, "pread", 1, 7777, OWN);
	read_run(&runs[0]);
	sides[1] = (struct count_side){.run = &runs[0], .variant = 1};
	c = counts_of(&runs[0], 0, 0);
	assert_int_equal(c.operations, 1000);
	assert_int_equal(c.dropped, 7);
	assert_null(counts_of(&runs[0], 7, 0).record);
	compare();
	assert_verdict(COUNT_REGRESSION, "head page +1.000 (lock +1.000)");
}

static void figures_are_those_of_the_record(void **state)
{
	struct counts c, none = {0};
	struct count_row *rows;
	double kernel, user;
	size_t count;

	(void)state;
	make_run(&runs[0], "old", ONE, TWO "," KIND_ROW("load", "head page", "flags", "get", 1, 1));
	assert_int_equal(runs[0].point_count, 2);
	c = counts_of(&runs[0], 0, 1);
	assert_float_equal(counts_locked(&c), 6, 1e-9);
	assert_float_equal(counts_shared(&c), 4, 1e-9);
	assert_float_equal(counts_instructions(&c, &kernel, &user), 1525, 1e-9);
	assert_float_equal(kernel, 1500, 1e-9);
	assert_float_equal(user, 25, 1e-9);
	rows = counts_rows(&c, &count);
	assert_int_equal(count, 4);
	assert_string_equal(rows[1].by, "put");
	assert_float_equal(rows[1].each, 2, 1e-9);
	assert_float_equal(rows[1].shared, 2, 1e-9);
	assert_string_equal(rows[3].kind, "load");
	free(rows);
	assert_true(isnan(counts_locked(&none)));
	assert_true(isnan(counts_instructions(&none, &kernel, &user)));
}

/* RUN or RUN:VARIANT. */
static void runs_are_named_with_their_variant(void **state)
{
	struct error e = {""};
	int variant = 7;

	(void)state;
	make_run(&runs[0], "stock", ONE, TWO);
	make_run(&runs[1], "a:stock", ONE, TWO);
	run_free(&runs[0]);
	run_free(&runs[1]);
	assert_int_equal(counts_read("stock", &runs[0], &variant, &e), 0);
	assert_int_equal(variant, -1);
	assert_int_equal(runs[0].point_count, 2);
	run_free(&runs[0]);
	assert_int_equal(counts_read("stock:stock", &runs[0], &variant, &e), 0);
	assert_int_equal(variant, 0);
	run_free(&runs[0]);
	assert_int_equal(counts_read("a:stock", &runs[0], &variant, &e), 0);
	assert_int_equal(variant, -1);
	run_free(&runs[0]);
	assert_int_equal(counts_read("a:stock:a:stock", &runs[0], &variant, &e), -1);
	assert_int_equal(counts_read("stock:taillock", &runs[0], &variant, &e), -1);
	assert_contains(e.text, "stock has no variant 'taillock'");
	assert_int_equal(counts_read("nothing", &runs[0], &variant, &e), -1);
	assert_contains(e.text, "no run in nothing");
	assert_int_equal(counts_read("nothing:stock", &runs[0], &variant, &e), -1);
	assert_contains(e.text, "no run in nothing");
	put_file("stock/run.json", "{\"schema\": 1, \"kind\": \"run\", \"margin\": 0.02}");
	assert_int_equal(counts_read("stock", &runs[0], &variant, &e), -1);
	assert_contains(e.text, "stock has no counts");
}

/* --- the answer ------------------------------------------------------------------------ */

static void the_answer_is_the_worst_of_all(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	(void)state;
	begin_run("old");
	add_boot(1, "stock");
	add_counts(1, "pread", 1, 1000, ONE);
	add_counts(1, "pread", 2, 2000, TWO);
	add_counts(1, "pwrite", 1, 1000, ONE);
	add_counts(1, "pwrite", 2, 2000, TWO);
	add_counts(1, "vmsplice", 1, 1000, ONE);
	end_boot(1);
	read_run(&runs[0]);
	begin_run("new");
	add_boot(1, "taillock");
	add_counts(1, "pread", 1, 1000, ONE);
	add_counts(1, "pread", 2, 2000, TWO);
	add_counts(1, "pwrite", 1, 1000, ONE "," ROW("head page", "lock_page", 2000, 0));
	add_counts(1, "pwrite", 2, 2000, TWO);
	end_boot(1);
	read_run(&runs[1]);
	compare();
	assert_int_equal(diff.count, 2);
	assert_int_equal(diff.list[0].verdict, COUNT_EQUIVALENT);
	assert_int_equal(diff.list[1].verdict, COUNT_REGRESSION);
	assert_int_equal(diff.verdict, COUNT_REGRESSION);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	count_diff_print(&diff, sides, 10, out);
	fclose(out);
	assert_contains(text, "ANSWER (by counts, emulated): regression: taillock against stock "
			      "has more locked operations on lines that workers share, in 1 of 2 "
			      "kinds of operation\n");
	assert_contains(text, "  pwrite 4k, null_blk, 2m tail shared: head page +2.000 "
			      "(lock_page +2.000)\n");
	assert_contains(text, "not compared: 1 points that only one side has counts of\n");
	assert_contains(text, "6.000 to 8.000");
	free(text);
}

static void verdicts_have_names(void **state)
{
	(void)state;
	assert_string_equal(count_verdict_name(COUNT_EQUIVALENT), "equivalent");
	assert_string_equal(count_verdict_name(COUNT_IMPROVEMENT), "improvement");
	assert_string_equal(count_verdict_name(COUNT_INCONCLUSIVE), "inconclusive");
	assert_string_equal(count_verdict_name(COUNT_REGRESSION), "regression");
}

#define diff_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		diff_test(the_same_is_equivalent),
		diff_test(more_on_a_shared_line_is_a_regression),
		diff_test(counts_are_of_an_operation_each),
		diff_test(a_new_shared_line_is_a_regression),
		diff_test(more_on_a_line_of_ones_own_is_inconclusive),
		diff_test(fewer_on_a_shared_line_is_an_improvement),
		diff_test(a_shared_line_that_is_gone_is_an_improvement),
		diff_test(more_on_one_shared_line_outweighs_less_on_others),
		diff_test(less_on_lines_of_every_kind_is_an_improvement),
		diff_test(less_on_a_shared_line_and_more_on_another_is_inconclusive),
		diff_test(small_differences_are_none),
		diff_test(differences_above_the_tolerance_are_some),
		diff_test(who_works_on_a_line_does_not_matter),
		diff_test(retries_of_many_workers_are_no_regression),
		diff_test(seldom_shared_is_not_shared),
		diff_test(what_is_done_elsewhere_instead_is_no_difference),
		diff_test(what_is_done_elsewhere_as_well_is_a_difference),
		diff_test(what_is_done_on_a_shared_line_instead_is_a_regression),
		diff_test(many_small_differences_on_a_line_are_one),
		diff_test(loads_and_stores_decide_nothing),
		diff_test(one_worker_alone_is_inconclusive),
		diff_test(two_workers_alone_are_enough),
		diff_test(reasons_are_cut_where_they_are_full),
		diff_test(points_of_one_side_are_counted),
		diff_test(sides_with_nothing_in_common_are_an_error),
		diff_test(the_last_boot_that_ended_counts),
		diff_test(figures_are_those_of_the_record),
		diff_test(runs_are_named_with_their_variant),
		diff_test(the_answer_is_the_worst_of_all),
		diff_test(verdicts_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
