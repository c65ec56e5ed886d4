// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A sweep's text becomes the points that it says, each once; what is wrong in it
 * is said with file, line and advice. On a machine of 6 CPUs that hwloc makes up.
 */
#include "testing.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/axes.h"
#include "core/sweep.h"

/* Lists that make one point, for a target that need not be there. */
#define ONE_POINT               \
	"[points]\n"            \
	"workload = pread\n"    \
	"target = zram\n"       \
	"mapping = hugetlbfs\n" \
	"sharing = private\n"   \
	"workers = 1\n"

static char *no_overrides[] = {NULL};

static void parse_with(struct sweep *s, const char *text, char *const *overrides)
{
	struct error e = {""};

	if (sweep_parse(s, "test", text, overrides, &e))
		fail_msg("%s", e.text);
}

static void parse(struct sweep *s, const char *text)
{
	parse_with(s, text, no_overrides);
}

/* Is there a point of that name? */
static void assert_point(const struct sweep *s, const char *wanted)
{
	char name[128];

	for (size_t i = 0; i < s->count; i++) {
		point_name(&s->points[i], name, sizeof(name));
		if (!strcmp(name, wanted))
			return;
	}
	fail_msg("there is no point '%s'", wanted);
}

static void keys_of_the_sweep_are_taken(void **state)
{
	struct sweep s;

	(void)state;
	parse(&s, "[sweep]\nsummary = About tails\nwindow = 0.25\nwarmup=0\nslices = 7\n"
		  "repetitions = 3\nseed = 42\nmargin = 0.05\n" ONE_POINT);
	assert_string_equal(s.name, "test");
	assert_contains(s.text, "About tails");
	assert_true(s.window == 0.25);
	assert_true(s.warmup == 0);
	assert_int_equal(s.slices, 7);
	assert_int_equal(s.repetitions, 3);
	assert_int_equal(s.seed, 42);
	assert_true(s.margin == 0.05);
	sweep_free(&s);
}

static void a_section_is_all_combinations_of_its_lists(void **state)
{
	struct sweep s;

	(void)state;
	parse(&s, "# a comment\n\n[points]\nworkload = pread, pwrite ; reads and writes\n"
		  "target = zram\nmapping = hugetlbfs\nsharing = private shared\n"
		  "block = 4k\t64k\nworkers = 1 2 3\r\n");
	assert_int_equal(s.count, 2 * 2 * 2 * 3);
	assert_point(
		&s,
		"pread zram one 2m hugetlbfs private tail local 4k 1 sequential 1 thread compact");
	assert_point(
		&s,
		"pwrite zram one 2m hugetlbfs shared tail local 64k 1 sequential 3 thread compact");
	sweep_free(&s);
}

static void sections_add_up_and_points_come_once(void **state)
{
	struct sweep s;

	(void)state;
	parse(&s, ONE_POINT "[points more]\nworkload = pread pread\ntarget = zram\n"
			    "mapping = hugetlbfs\nsharing = private\nworkers = 1 2 1\n"
			    "block = 4k 4096\n");
	assert_int_equal(s.count, 2);
	sweep_free(&s);
	/* Base pages have neither head nor tail: one point, not two. */
	parse(&s, ONE_POINT "page = 4k\nsubpage = head tail\n");
	assert_int_equal(s.count, 1);
	sweep_free(&s);
}

static void workers_double_up_to_all_cpus(void **state)
{
	static const unsigned int wanted[] = {1, 2, 4, 6};
	char *doubling[] = {"workers=doubling", NULL}, *cpus[] = {"workers=cpus", NULL};
	char *mixed[] = {"workers=3 cpus doubling", NULL};
	struct sweep s;

	(void)state;
	parse_with(&s, ONE_POINT, doubling);
	assert_int_equal(s.count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++)
		assert_int_equal(s.points[i].workers, wanted[i]);
	sweep_free(&s);
	parse_with(&s, ONE_POINT, cpus);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.points[0].workers, 6);
	sweep_free(&s);
	parse_with(&s, ONE_POINT, mixed);
	assert_int_equal(s.count, COUNT(wanted) + 1);
	sweep_free(&s);
}

/* The points that a list of workers makes, on six CPUs. */
static void assert_workers(const char *list, const char *wanted)
{
	char *overrides[] = {NULL, NULL}, got[256] = "";
	struct sweep s;

	assert_true(asprintf(&overrides[0], "workers=%s", list) > 0);
	parse_with(&s, ONE_POINT, overrides);
	for (size_t i = 0; i < s.count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u", i ? " " : "",
			 s.points[i].workers);
	assert_string_equal(got, wanted);
	sweep_free(&s);
	free(overrides[0]);
}

static void ranges_of_workers_are_spelt_out(void **state)
{
	(void)state;
	assert_workers("1..4", "1 2 3 4");
	assert_workers("max", "6");
	assert_workers("2..max", "2 3 4 5 6");
	assert_workers("1..20*3", "1 3 9 20");
	assert_workers("5..5, 8", "5 8");
}

static void ranges_that_are_none_are_refused(void **state)
{
	static const char *const lists[] = {
		"4..1", "1..",	"..4",	 "1..4*1",	"1..4*0",	   "1..4*2x",
		"0..4", "1..x", "1...4", "1..99999999", "1..4*4294967296", "2..9*2147483648"};

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		char *overrides[] = {NULL, NULL};
		struct error e = {""};
		struct sweep s;

		assert_true(asprintf(&overrides[0], "workers=%s", lists[i]) > 0);
		if (!sweep_parse(&s, "test", ONE_POINT, overrides, &e))
			fail_msg("'%s' was taken", lists[i]);
		assert_contains(e.text, "workers");
		free(overrides[0]);
	}
}

static void overrides_hold_in_every_section(void **state)
{
	char *overrides[] = {"workers=5", "workers=7", "window=2", "block=8k 16k", NULL};
	struct sweep s;

	(void)state;
	parse_with(&s,
		   "[sweep]\nwindow = 1\n" ONE_POINT
		   "[points b]\nworkload = pwrite\ntarget = zram\nmapping = hugetlbfs\n"
		   "sharing = same\nblock = 1m\n",
		   overrides);
	assert_true(s.window == 2);
	assert_int_equal(s.count, 4);
	assert_point(
		&s,
		"pread zram one 2m hugetlbfs private tail local 8k 1 sequential 7 thread compact");
	assert_point(
		&s,
		"pwrite zram one 2m hugetlbfs same tail local 16k 1 sequential 7 thread compact");
	/* They are kept, as the journal notes them. */
	assert_string_equal(s.overrides[3], "block=8k 16k");
	assert_null(s.overrides[4]);
	sweep_free(&s);
}

static void assert_refused_with(const char *text, char *override, const char *where,
				const char *what, const char *advice)
{
	char *overrides[] = {override, NULL};
	struct error e = {""};
	struct sweep s;

	if (!sweep_parse(&s, "test", text, overrides, &e))
		fail_msg("'%s' was taken", text);
	assert_contains(e.text, where);
	assert_contains(e.text, what);
	assert_contains(e.text, advice);
}

static void assert_refused(const char *text, const char *where, const char *what,
			   const char *advice)
{
	assert_refused_with(text, NULL, where, what, advice);
}

static void errors_name_file_line_and_advice(void **state)
{
	(void)state;
	assert_refused("[sweep]\nwindou = 1\n", "sweep test, line 2:", "'windou'", "window");
	assert_refused(ONE_POINT "wrokload = pread\n", "line 7:", "'wrokload'", "--help");
	assert_refused("[sweeps]\nwindow = 1\n", "line 2:", "[sweeps]", "[points NAME]");
	assert_refused("[pointsx]\nblock = 4k\n", "line 2:", "[pointsx]", "[points NAME]");
	assert_refused("window = 1\n", "line 1:", "section", "[sweep]");
	assert_refused(ONE_POINT "nonsense\n", "line 7:", "no ", "key = value");
	assert_refused("[sweep\nwindow = 1\n", "line 1:", "", "[section]");
	assert_refused(ONE_POINT "workers = 2\n", "line 7:", "workers is given twice",
		       "a name each");
	assert_refused("", "test:", "no points", "[points]");
	assert_refused("[sweep]\nwindow = 1\n", "test:", "no points", "workload = pread");
}

/* Whatever is wrong further down, and wherever the section ends. */
static void the_first_error_is_told_with_its_own_line(void **state)
{
	(void)state;
	assert_refused("[sweep]\nfirst = 1\nsecond = 2\n", "line 2:", "'first'", "");
	assert_refused("[sweep]\nnonsense\nsecond = 2\n", "line 2:", "key = value", "");
	assert_refused("[points]\ntarget = zram\nblock = 3k\n\n# more\n[points b]\ndepth = 1\n",
		       "line 3:", "block = 3k", "multiple of 4k");
	assert_refused("[points]\ntarget = zram\nblock = 4k\ndepth = 0\nworkers = 1\n",
		       "line 4:", "depth = 0", "from 1");
	assert_refused("[points]\ntarget = zram\nblock = 3k\nnonsense\n", "line 4:", "key = value",
		       "");
}

static void values_out_of_range_are_refused(void **state)
{
	static const char *const wrong[][3] = {
		{"window = 0", "window = 0", "from 0.01 to 3600"},
		{"window = nan", "window = nan", "a number from"},
		{"window = inf", "window = inf", "a number from"},
		{"window = 1e300", "window = 1e300", "a number from"},
		{"window = 0.3 s", "window = 0.3 s", "a number from"},
		{"window =", "window = ", "a number from"},
		{"warmup = -1", "warmup = -1", "from 0 to"},
		{"slices = 0", "slices = 0", "from 1 to"},
		{"slices = 101", "slices = 101", "from 1 to 100"},
		{"slices = 2.5", "slices = 2.5", "whole number"},
		{"repetitions = 0", "repetitions = 0", "from 1 to"},
		{"repetitions = 99999999999999999999", "repetitions", "from 1 to"},
		{"seed = -1", "seed = -1", "from 0 to"},
		{"seed = nan", "seed = nan", "from 0 to"},
		{"margin = 0", "margin = 0", "a number from"},
		{"margin = 2%", "margin = 2%", "a number from"},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		snprintf(text, sizeof(text), "[sweep]\n\n%s\n" ONE_POINT, wrong[i][0]);
		assert_refused(text, "line 3:", wrong[i][1], wrong[i][2]);
	}
}

static void values_of_axes_are_refused_with_their_line(void **state)
{
	static const char *const wrong[][3] = {
		{"block =", "block", "no value"},
		{"block = , ,", "block", "no value"},
		{"block = 4k 99999999999999999999g", "99999999999999999999g", "multiple of 4k"},
		{"depth = 1 99999999999", "99999999999", "from 1 to"},
		{"depth = nan", "nan", "from 1 to"},
		{"placement = compact spread", "spread", "scatter"},
		{"page = 3m", "3m", "2m and 1g"},
		{"subpage = none", "none", "head or tail"},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		snprintf(text, sizeof(text), ONE_POINT "%s\n", wrong[i][0]);
		assert_refused(text, "line 7:", wrong[i][1], wrong[i][2]);
	}
}

static void wrong_overrides_are_refused(void **state)
{
	(void)state;
	assert_refused_with(ONE_POINT, "workers", "sweep test:", "workers", "KEY=VALUE");
	assert_refused_with(ONE_POINT, "=1", "sweep test:", "no such key", "--help");
	assert_refused_with(ONE_POINT, "worker=1", "sweep test:", "worker", "--help");
	assert_refused_with(ONE_POINT, "workers=0", "sweep test:", "workers = 0", "from 1");
	assert_refused_with(ONE_POINT, "workers=", "sweep test:", "workers", "no value");
	assert_refused_with(ONE_POINT, "window=nan", "sweep test:", "window = nan", "a number");
}

/* No line is cut without a word, nor its rest read as another. */
static void long_lines_are_whole_or_refused(void **state)
{
	char text[2048], list[1200] = "";
	struct sweep s;

	(void)state;
	for (int i = 0; i < 170; i++)
		strcat(list, "1 ");
	snprintf(text, sizeof(text), ONE_POINT "depth = %.180s\n", list);
	parse(&s, text);
	assert_int_equal(s.count, 1);
	sweep_free(&s);
	snprintf(text, sizeof(text), ONE_POINT "depth = %s2\nblock = 3k\n", list);
	assert_refused(text, "line 7:", "longer than", "two sections");
}

static void more_points_than_anybody_wants_are_refused(void **state)
{
	char text[1024], same[64] = "";

	(void)state;
	assert_refused_with(ONE_POINT, "workers=1..65536", "sweep test", "more than 10000 points",
			    "fewer values");
	/* The same one, but so often that it would take for ever. */
	for (int i = 0; i < 20; i++)
		strcat(same, "1 ");
	snprintf(text, sizeof(text),
		 ONE_POINT "depth = %s\ncopy = %s\nblock = 4k 4k 4k 4k 4k 4k 4k 4k 4k 4k 4k 4k 4k\n"
			   "access = random random random random random random random random\n"
			   "task = thread thread thread thread thread thread thread thread\n",
		 same, same);
	assert_refused(text, "sweep test", "more than 10000 points", "fewer values");
}

static void long_targets_are_told_apart_by_their_ends(void **state)
{
	char *overrides[] = {
		"target=file:/a/directory/with/a/long/name/1 file:/a/directory/with/a/long/name/2",
		NULL};
	struct sweep s;

	(void)state;
	parse_with(&s, ONE_POINT, overrides);
	assert_int_equal(s.count, 2);
	sweep_free(&s);
}

/* What every sweep that comes with pinscale must be; for a machine without its targets, too. */
static void load_config(struct sweep *s, const char *name)
{
	char *overrides[] = {"target=zram", "mapping=hugetlbfs", NULL};
	char path[512];
	struct error e = {""};

	snprintf(path, sizeof(path), "%s/configs/%s.ini", PINSCALE_TOP, name);
	if (sweep_load(s, path, overrides, &e))
		fail_msg("%s", e.text);
	assert_string_equal(s->name, name);
	assert_contains(s->text, "summary = ");
}

static bool has_huge(const struct sweep *s, enum sharing sharing, enum subpage subpage)
{
	for (size_t i = 0; i < s->count; i++)
		if (point_huge(&s->points[i]) && s->points[i].sharing == sharing &&
		    s->points[i].subpage == subpage)
			return true;
	return false;
}

static bool has_base(const struct sweep *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (!point_huge(&s->points[i]))
			return true;
	return false;
}

static void quick_compares_and_is_quick(void **state)
{
	struct sweep s;

	(void)state;
	load_config(&s, "quick");
	assert_true(has_huge(&s, SHARING_PRIVATE, SUBPAGE_TAIL));
	assert_true(has_huge(&s, SHARING_SHARED, SUBPAGE_TAIL));
	assert_true(has_base(&s));
	/* "within three minutes" */
	assert_true((s.window + s.warmup) * s.repetitions * s.count < 180);
	sweep_free(&s);
}

static void guest_has_tails_and_controls_without(void **state)
{
	struct sweep s;

	(void)state;
	load_config(&s, "guest");
	assert_true(has_huge(&s, SHARING_PRIVATE, SUBPAGE_TAIL));
	assert_true(has_huge(&s, SHARING_SHARED, SUBPAGE_TAIL));
	assert_true(has_huge(&s, SHARING_SAME, SUBPAGE_TAIL));
	assert_true(has_huge(&s, SHARING_PRIVATE, SUBPAGE_HEAD));
	assert_true(has_base(&s));
	sweep_free(&s);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct error e = {""};
	struct sweep s;

	(void)state;
	assert_int_equal(sweep_load(&s, "/nowhere/quick.ini", no_overrides, &e), -1);
	assert_contains(e.text, "/nowhere/quick.ini");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_the_sweep_are_taken),
		cmocka_unit_test(a_section_is_all_combinations_of_its_lists),
		cmocka_unit_test(sections_add_up_and_points_come_once),
		cmocka_unit_test(workers_double_up_to_all_cpus),
		cmocka_unit_test(ranges_of_workers_are_spelt_out),
		cmocka_unit_test(ranges_that_are_none_are_refused),
		cmocka_unit_test(overrides_hold_in_every_section),
		cmocka_unit_test(errors_name_file_line_and_advice),
		cmocka_unit_test(the_first_error_is_told_with_its_own_line),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(values_of_axes_are_refused_with_their_line),
		cmocka_unit_test(wrong_overrides_are_refused),
		cmocka_unit_test(long_lines_are_whole_or_refused),
		cmocka_unit_test(more_points_than_anybody_wants_are_refused),
		cmocka_unit_test(long_targets_are_told_apart_by_their_ends),
		cmocka_unit_test(quick_compares_and_is_quick),
		cmocka_unit_test(guest_has_tails_and_controls_without),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	setenv("HWLOC_SYNTHETIC", "core:6 pu:1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
