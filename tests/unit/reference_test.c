// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Our rate beside that of a reference: only for the same point otherwise, only
 * over pairs of a repetition, and nothing at all where a run has no references.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/panel.h"
#include "core/reference.h"
#include "core/run.h"

static char journal[16384];

static void add_trial(unsigned int repetition, const char *workload, unsigned int depth,
		      double rate)
{
	size_t used = strlen(journal);

	snprintf(journal + used, sizeof(journal) - used,
		 "{\"type\":\"trial\",\"boot\":1,\"repetition\":%u,\"point\":{\"workload\":\"%s\","
		 "\"target\":\"zram\",\"page\":\"2m\",\"mapping\":\"private\",\"sharing\":"
		 "\"private\",\"subpage\":\"tail\",\"block\":4096,\"depth\":%u,\"workers\":1},"
		 "\"operations_per_s\":%g,\"slice_median_per_s\":%g,\"total_operations\":1000}\n",
		 repetition, workload, depth, rate, rate);
}

/* What is printed of the journal. To be freed. */
static char *printed(void)
{
	struct panels panels;
	struct error e = {""};
	struct run r;
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(mkdir("run", 0755), 0);
	assert_int_equal(mkdir("run/boots", 0755), 0);
	put_file("run/run.json", "{\"schema\": 1, \"kind\": \"run\", \"margin\": 0.02}");
	put_file("run/boots/1.json", "{\"boot\": 1, \"variant\": \"running\"}");
	put_file("run/trials.jsonl", journal);
	journal[0] = '\0';
	if (run_read(&r, "run", &e) || panels_of(&panels, &r, &e))
		fail_msg("%s", e.text);
	reference_print(&r, &panels, f);
	fclose(f);
	panels_free(&panels);
	run_free(&r);
	return text;
}

static void the_ratio_is_over_pairs_of_a_repetition(void **state)
{
	char *text;

	(void)state;
	/* 1.1 twice; the third of each has no partner. */
	add_trial(0, "aio-read", 32, 1100);
	add_trial(0, "fio-libaio", 32, 1000);
	add_trial(1, "fio-libaio", 32, 2000);
	add_trial(1, "aio-read", 32, 2200);
	add_trial(2, "aio-read", 32, 9000);
	add_trial(3, "fio-libaio", 32, 10);
	text = printed();
	assert_contains(text, "aio-read 4k, zram, depth 32, beside its references");
	assert_contains(text, "fio-libaio");
	assert_contains(text, "1.100 [1.100, 1.100]  2\n");
	free(text);
}

static void another_depth_or_kind_is_no_pair(void **state)
{
	char *text;

	(void)state;
	add_trial(0, "aio-read", 32, 1100);
	add_trial(0, "fio-libaio", 16, 1000);
	add_trial(0, "fio-psync", 32, 1000);
	add_trial(0, "pwrite", 32, 1000);
	text = printed();
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(the_ratio_is_over_pairs_of_a_repetition),
		scratch_test(another_depth_or_kind_is_no_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
