// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The axes by name: sizes are read and written, every axis takes its values and
 * refuses others with advice, and a point's JSON and name are those of
 * docs/JOURNAL.md, which runs are compared by.
 */
#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "core/axes.h"

static void sizes_are_read(void **state)
{
	(void)state;
	assert_int_equal(size_parse("4096"), 4096);
	assert_int_equal(size_parse("4k"), 4096);
	assert_int_equal(size_parse("4K"), 4096);
	assert_int_equal(size_parse("2m"), 2 << 20);
	assert_int_equal(size_parse("1g"), 1 << 30);
	assert_int_equal(size_parse("16383g"), 16383ull << 30);
}

static void what_is_no_size_is_zero(void **state)
{
	static const char *const texts[] = {"",	  "k",	 "4kk", "4 k",	  "4kb",   "4x", "-4k",
					    "-1", "+4k", " 4k", "0x1000", "4096.", "1e6"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (size_parse(texts[i]))
			fail_msg("'%s' was taken for %zu", texts[i], size_parse(texts[i]));
}

/* What has more bytes than a size_t can count must not come out as a small number. */
static void too_large_sizes_are_zero(void **state)
{
	(void)state;
	assert_int_equal(size_parse("99999999999999999999"), 0);
	assert_int_equal(size_parse("18014398509481985k"), 0);
	assert_int_equal(size_parse("17179869184g"), 0);
	assert_int_equal(size_parse("99999999999999999999g"), 0);
}

static void assert_format(size_t bytes, const char *wanted)
{
	char text[32];

	size_format(bytes, text, sizeof(text));
	assert_string_equal(text, wanted);
	assert_int_equal(size_parse(text), bytes);
}

static void sizes_are_written_as_they_are_read(void **state)
{
	(void)state;
	assert_format(1, "1");
	assert_format(1000, "1000");
	assert_format(4095, "4095");
	assert_format(4096, "4k");
	assert_format(1536 << 10, "1536k");
	assert_format(2 << 20, "2m");
	assert_format(1 << 30, "1g");
	assert_format(5ull << 40, "5120g");
	assert_format(0, "0");
}

static const struct axis *axis(const char *name)
{
	for (const struct axis *a = axes; a->name; a++)
		if (!strcmp(a->name, name))
			return a;
	fail_msg("there is no axis %s", name);
	return NULL;
}

static void set(struct point *p, const char *name, const char *value)
{
	struct error e = {""};

	if (axis(name)->parse(p, value, &e))
		fail_msg("%s = %s: %s", name, value, e.text);
}

static struct point some_point(void)
{
	static const char *const values[][2] = {
		{"workload", "pread"}, {"target", "zram"},	 {"devices", "one"},
		{"page", "2m"},	       {"mapping", "hugetlbfs"}, {"sharing", "shared"},
		{"subpage", "tail"},   {"mempolicy", "local"},	 {"block", "4k"},
		{"depth", "1"},	       {"access", "sequential"}, {"workers", "2"},
		{"task", "thread"},    {"placement", "compact"},
	};
	struct point p = {0};

	for (size_t i = 0; i < COUNT(values); i++)
		set(&p, values[i][0], values[i][1]);
	return p;
}

static void a_point_in_json_is_that_of_the_journal(void **state)
{
	struct point p = some_point();
	json_t *got = point_json(&p);
	json_t *wanted =
		json_loads("{\"workload\": \"pread\", \"target\": \"zram\", \"devices\": "
			   "\"one\", \"page\": \"2m\", \"mapping\": \"hugetlbfs\", "
			   "\"sharing\": \"shared\", \"subpage\": \"tail\", \"mempolicy\": "
			   "\"local\", \"block\": 4096, \"depth\": 1, \"access\": "
			   "\"sequential\", \"workers\": 2, \"task\": \"thread\", "
			   "\"placement\": \"compact\"}",
			   0, NULL);

	(void)state;
	assert_non_null(wanted);
	assert_true(json_equal(got, wanted));
	json_decref(got);
	json_decref(wanted);
}

/* The error must name the axis and the value, and say what would be right. */
static void assert_refused(const char *name, const char *value, const char *advice)
{
	struct point p = some_point();
	struct error e = {""};

	assert_int_equal(axis(name)->parse(&p, value, &e), -1);
	assert_contains(e.text, name);
	assert_contains(e.text, value);
	assert_contains(e.text, advice);
}

static void values_that_are_none_are_refused_with_advice(void **state)
{
	(void)state;
	assert_refused("workload", "preed", "pinscale list");
	assert_refused("target", "floppy", "pinscale list");
	assert_refused("mapping", "tmpfs", "pinscale list");
	assert_refused("page", "3m", "2m and 1g");
	assert_refused("page", "huge", "2m and 1g");
	assert_refused("page", "12k", "mTHP");
	assert_refused("sharing", "Shared", "private shared same");
	assert_refused("sharing", "group", "group:K");
	assert_refused("sharing", "same:2", "group:K");
	assert_refused("sharing", "pool:0", "from 1 to");
	assert_refused("sharing", "pool:x", "from 1 to");
	assert_refused("mempolicy", "node", "node:N");
	assert_refused("mempolicy", "node:-1", "from 0 to");
	assert_refused("devices", "two", "one each");
	assert_refused("access", "backwards", "sequential random");
	assert_refused("task", "fiber", "thread process");
	assert_refused("subpage", "middle", "head tail");
	assert_refused("subpage", "none", "head or tail");
	assert_refused("placement", "spread", "compact scatter smt-last");
	assert_refused("block", "0", "multiple of 4k up to 1m");
	assert_refused("block", "2k", "multiple of 4k up to 1m");
	assert_refused("block", "6k", "multiple of 4k up to 1m");
	assert_refused("block", "2m", "multiple of 4k up to 1m");
	assert_refused("block", "-4k", "multiple of 4k up to 1m");
	assert_refused("block", "18014398509481988k", "multiple of 4k up to 1m");
	for (const char *const *name = (const char *const[]){"depth", "workers", NULL}; *name;
	     name++) {
		assert_refused(*name, "0", "from 1 to");
		assert_refused(*name, "-1", "from 1 to");
		assert_refused(*name, "1.5", "from 1 to");
		assert_refused(*name, "2k", "from 1 to");
		assert_refused(*name, "nan", "from 1 to");
		assert_refused(*name, "4294967297", "from 1 to");
		assert_refused(*name, "99999999999999999999", "from 1 to");
	}
}

static void presets_are_values_of_their_axis(void **state)
{
	struct point p = {0};

	(void)state;
	/* "auto" needs a machine with a target, "doubling" is the sweep's. */
	for (const struct axis *a = axes; a->name; a++) {
		char list[64], *save;

		if (!strcmp(a->name, "target"))
			set(&p, "target", "zram");
		if (!strcmp(a->name, "target") || !strcmp(a->name, "workers"))
			continue;
		snprintf(list, sizeof(list), "%s", a->preset);
		for (char *v = strtok_r(list, " ", &save); v; v = strtok_r(NULL, " ", &save))
			set(&p, a->name, v);
	}
}

static void base_pages_have_no_subpage(void **state)
{
	struct point p = some_point();
	json_t *json;

	(void)state;
	set(&p, "page", "4k");
	set(&p, "subpage", "tail");
	json = point_json(&p);
	assert_string_equal(json_string_value(json_object_get(json, "subpage")), "none");
	assert_string_equal(json_string_value(json_object_get(json, "page")), "4k");
	json_decref(json);
}

/* What an axis writes into the journal it reads back as the same. */
static void values_come_back_as_they_were(void **state)
{
	static const char *const values[][2] = {
		{"page", "4k"},		 {"page", "64k"},
		{"page", "thp"},	 {"page", "1g"},
		{"sharing", "group:4"},	 {"sharing", "pool:8"},
		{"mempolicy", "node:1"}, {"mempolicy", "interleave"},
		{"devices", "each"},	 {"access", "random"},
		{"task", "process"},	 {"target", "file:/tmp/a:b"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct point p = some_point();
		json_t *json;

		set(&p, values[i][0], values[i][1]);
		json = point_json(&p);
		assert_string_equal(json_string_value(json_object_get(json, values[i][0])),
				    values[i][1]);
		json_decref(json);
	}
}

static void a_name_has_all_values_in_order(void **state)
{
	struct point p = some_point();
	char name[128], cut[16];

	(void)state;
	point_name(&p, name, sizeof(name));
	assert_string_equal(
		name, "pread zram one 2m hugetlbfs shared tail local 4k 1 sequential 2 thread "
		      "compact");
	/* Room for a part only: cut, not overrun. */
	memset(cut, '#', sizeof(cut));
	point_name(&p, cut, 8);
	assert_string_equal(cut, "pread z");
	assert_int_equal(cut[8], '#');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(what_is_no_size_is_zero),
		cmocka_unit_test(too_large_sizes_are_zero),
		cmocka_unit_test(sizes_are_written_as_they_are_read),
		cmocka_unit_test(a_point_in_json_is_that_of_the_journal),
		cmocka_unit_test(values_that_are_none_are_refused_with_advice),
		cmocka_unit_test(presets_are_values_of_their_axis),
		cmocka_unit_test(base_pages_have_no_subpage),
		cmocka_unit_test(values_come_back_as_they_were),
		cmocka_unit_test(a_name_has_all_values_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
