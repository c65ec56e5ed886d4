// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The journal survives what happens to it: a run is taken up with all that it
 * had, torn and foreign lines cost only themselves, and a directory of another
 * sweep or of a newer version is refused with a sentence that helps.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/journal.h"

#define RUN "results/run"
#define TRIALS RUN "/trials.jsonl"

static json_t *run_of(const char *sweep)
{
	return json_pack("{s:i, s:s, s:{s:s, s:s}, s:i}", "schema", JOURNAL_SCHEMA, "kind", "run",
			 "sweep", "name", "test", "text", sweep, "seed", 1);
}

static json_t *point(int workers)
{
	return json_pack("{s:s, s:i, s:i}", "workload", "pread", "block", 4096, "workers", workers);
}

static void open_with(struct journal *j, json_t *run)
{
	struct error e = {""};

	if (journal_open(j, RUN, run, &e))
		fail_msg("%s", e.text);
}

static void append(struct journal *j, json_t *record)
{
	struct error e = {""};

	assert_non_null(record);
	if (journal_append(j, record, &e))
		fail_msg("%s", e.text);
}

static void append_trial(struct journal *j, int boot, int repetition, int workers)
{
	append(j,
	       json_pack("{s:s, s:i, s:i, s:o, s:f}", "type", "trial", "boot", boot, "repetition",
			 repetition, "point", point(workers), "operations_per_s", 2040334.125));
}

static bool has(const struct journal *j, unsigned int boot, int repetition, int workers)
{
	json_t *p = point(workers);
	bool found = journal_has(j, boot, repetition, p);

	json_decref(p);
	return found;
}

static void add_text(const char *text, size_t length)
{
	FILE *f = fopen(TRIALS, "ae");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, length, f), length);
	assert_int_equal(fclose(f), 0);
}

static void count(void *user, const json_t *record)
{
	(void)record;
	++*(int *)user;
}

/* How many whole records there are, and how many lines are none. */
static void assert_lines(int whole, int torn)
{
	struct error e = {""};
	int records = 0;

	assert_int_equal(record_read_trials(RUN, count, &records, &e), torn);
	assert_int_equal(records, whole);
}

/* A run with a trial of 1 worker at boot 1 in repetition 0. */
static void make_run(void)
{
	struct journal j;

	open_with(&j, run_of("[sweep]"));
	append_trial(&j, 1, 0, 1);
	journal_close(&j);
}

static void trials_and_skips_are_known_again(void **state)
{
	struct journal j;

	(void)state;
	open_with(&j, run_of("[sweep]"));
	assert_false(has(&j, 1, 0, 1));
	append_trial(&j, 1, 0, 1);
	append_trial(&j, 1, 3, 2);
	append_trial(&j, 2, 0, 1);
	append(&j, json_pack("{s:s, s:i, s:o, s:s}", "type", "skip", "boot", 1, "point", point(9),
			     "reason", "nine"));
	for (int again = 0; again < 2; again++) {
		assert_true(has(&j, 1, 0, 1));
		assert_true(has(&j, 1, 3, 2));
		assert_true(has(&j, 2, 0, 1));
		assert_false(has(&j, 1, 0, 2));
		assert_false(has(&j, 1, 1, 1));
		assert_false(has(&j, 2, 3, 2));
		/* A skip is of any repetition, and no trial is a skip. */
		assert_true(has(&j, 1, -1, 9));
		assert_false(has(&j, 2, -1, 9));
		assert_false(has(&j, 1, 0, 9));
		assert_false(has(&j, 1, -1, 1));
		assert_int_equal(journal_trials(&j, 1), 2);
		assert_int_equal(journal_trials(&j, 2), 1);
		assert_int_equal(journal_trials(&j, 3), 0);
		journal_close(&j);
		open_with(&j, again ? run_of("[sweep]") : NULL);
	}
	journal_close(&j);
	assert_lines(4, 0);
}

static void a_point_is_the_same_in_any_order_of_its_keys(void **state)
{
	json_t *p = json_pack("{s:i, s:s, s:i}", "workers", 1, "workload", "pread", "block", 4096);
	struct journal j;

	(void)state;
	make_run();
	open_with(&j, NULL);
	assert_true(journal_has(&j, 1, 0, p));
	json_decref(p);
	journal_close(&j);
}

static void boots_and_their_ends_are_known_again(void **state)
{
	struct error e;
	struct journal j;

	(void)state;
	open_with(&j, run_of("[sweep]"));
	assert_int_equal(journal_last_boot(&j), 0);
	assert_null(journal_boot(&j, 1));
	for (int n = 1; n <= 11; n++)
		assert_int_equal(journal_write_boot(&j, n,
						    json_pack("{s:i, s:i}", "schema", 1, "boot", n),
						    &e),
				 0);
	append(&j, json_pack("{s:s, s:i}", "type", "boot-end", "boot", 10));
	for (int again = 0; again < 2; again++) {
		assert_int_equal(journal_last_boot(&j), 11);
		assert_int_equal(json_integer_value(json_object_get(journal_boot(&j, 10), "boot")),
				 10);
		assert_null(journal_boot(&j, 12));
		assert_true(journal_boot_ended(&j, 10));
		assert_false(journal_boot_ended(&j, 1));
		assert_false(journal_boot_ended(&j, 11));
		journal_close(&j);
		open_with(&j, NULL);
	}
	journal_close(&j);
}

static void a_boot_that_was_not_wholly_written_is_not_there(void **state)
{
	struct journal j;

	(void)state;
	make_run();
	put_file(RUN "/boots/1.json.new", "{\"schema\": 1, \"bo");
	open_with(&j, NULL);
	assert_int_equal(journal_last_boot(&j), 0);
	journal_close(&j);
}

static void a_torn_last_line_costs_only_itself(void **state)
{
	static const char torn[] = "{\"type\": \"trial\", \"boot\": 1, \"repe";
	struct journal j;

	(void)state;
	make_run();
	add_text(torn, strlen(torn));
	assert_lines(1, 1);
	open_with(&j, NULL);
	assert_true(has(&j, 1, 0, 1));
	append_trial(&j, 1, 1, 1);
	journal_close(&j);
	assert_lines(2, 1);
	/* Taken up once more, it is neither ended nor counted twice. */
	open_with(&j, NULL);
	assert_true(has(&j, 1, 1, 1));
	journal_close(&j);
	assert_lines(2, 1);
}

static void garbage_in_the_middle_costs_only_itself(void **state)
{
	static const char garbage[] = "no json\n"
				      "\n"
				      "[1, 2]\n"
				      "{\"type\": \"trial\"}{\"type\": \"trial\"}\n"
				      "\0\0\0\0\0\0\n"
				      "{\"type\": \"\xff\xfe\"}\n";
	struct journal j;

	(void)state;
	make_run();
	add_text(garbage, sizeof(garbage) - 1);
	open_with(&j, NULL);
	append_trial(&j, 1, 1, 1);
	journal_close(&j);
	open_with(&j, NULL);
	assert_true(has(&j, 1, 0, 1));
	assert_true(has(&j, 1, 1, 1));
	assert_int_equal(journal_trials(&j, 1), 2);
	journal_close(&j);
	assert_lines(2, 5);
}

static void records_of_later_versions_are_ignored(void **state)
{
	static const char later[] = "{\"type\": \"weather\", \"boot\": 1, \"point\": {}}\n"
				    "{\"boot\": 1}\n"
				    "{\"type\": 5}\n";
	struct journal j;

	(void)state;
	make_run();
	add_text(later, strlen(later));
	open_with(&j, NULL);
	assert_int_equal(journal_trials(&j, 1), 1);
	assert_false(journal_boot_ended(&j, 1));
	journal_close(&j);
}

/* One line a record, which grep and jq can read. */
static void a_record_is_a_line(void **state)
{
	struct journal j;

	(void)state;
	open_with(&j, run_of("[sweep]"));
	append(&j, json_pack("{s:s, s:i, s:s, s:f}", "type", "note", "boot", 1, "text",
			     "two\nlines", "figure", 0.1));
	journal_close(&j);
	assert_file_is(TRIALS,
		       "{\"type\":\"note\",\"boot\":1,\"text\":\"two\\nlines\",\"figure\":0.1}\n");
}

static void assert_refused(json_t *run, const char *part, const char *advice)
{
	struct error e = {""};
	struct journal j;

	assert_int_equal(journal_open(&j, RUN, run, &e), -1);
	assert_contains(e.text, RUN);
	assert_contains(e.text, part);
	assert_contains(e.text, advice);
}

static void another_sweep_is_refused(void **state)
{
	json_t *run;

	(void)state;
	make_run();
	assert_refused(run_of("[sweep]\nwindow = 1"), "another sweep", "another directory");
	run = run_of("[sweep]");
	json_object_set_new(run, "seed", json_integer(2));
	assert_refused(run, "another seed", "another directory");
	run = run_of("[sweep]");
	json_object_set_new(run, "plan", json_pack("{s:i}", "boots", 6));
	assert_refused(run, "another plan", "another directory");
	assert_lines(1, 0);
}

/* When it was begun, and by which version, do not make it another run. */
static void the_same_sweep_at_another_time_is_taken_up(void **state)
{
	json_t *run = run_of("[sweep]");
	struct journal j;

	(void)state;
	make_run();
	json_object_set_new(run, "created", json_string("2026-11-24T02:31:05Z"));
	json_object_set_new(run, "pinscale", json_string("0.2.0"));
	open_with(&j, run);
	assert_true(has(&j, 1, 0, 1));
	journal_close(&j);
}

static void a_newer_schema_is_refused(void **state)
{
	(void)state;
	make_run();
	put_file(RUN "/run.json", "{\"schema\": 99}");
	assert_refused(NULL, "newer pinscale", "update pinscale");
	assert_refused(run_of("[sweep]"), "schema 99", "update pinscale");
	assert_lines(1, 0);
}

static void a_directory_that_is_no_run_is_refused(void **state)
{
	(void)state;
	assert_refused(NULL, "no run", "run.json");
	assert_int_not_equal(access("results", F_OK), 0);
	make_run();
	put_file(RUN "/run.json", "{\"kind\": \"run\"}");
	assert_refused(NULL, "schema", "no pinscale run");
	put_file(RUN "/run.json", "{\"schema\": 1,");
	assert_refused(NULL, "run.json", "line 1");
	put_file(RUN "/run.json", "[]");
	assert_refused(NULL, "run.json", "no JSON object");
}

static void the_time_is_rfc_3339(void **state)
{
	char text[32];
	int year, month, day, hour, minute, second, end = 0;

	(void)state;
	journal_now(text, sizeof(text));
	assert_int_equal(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &month, &day, &hour,
				&minute, &second, &end),
			 6);
	assert_int_equal(end, 20);
	assert_int_equal(text[end], '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(trials_and_skips_are_known_again),
		scratch_test(a_point_is_the_same_in_any_order_of_its_keys),
		scratch_test(boots_and_their_ends_are_known_again),
		scratch_test(a_boot_that_was_not_wholly_written_is_not_there),
		scratch_test(a_torn_last_line_costs_only_itself),
		scratch_test(garbage_in_the_middle_costs_only_itself),
		scratch_test(records_of_later_versions_are_ignored),
		scratch_test(a_record_is_a_line),
		scratch_test(another_sweep_is_refused),
		scratch_test(the_same_sweep_at_another_time_is_taken_up),
		scratch_test(a_newer_schema_is_refused),
		scratch_test(a_directory_that_is_no_run_is_refused),
		cmocka_unit_test(the_time_is_rfc_3339),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
