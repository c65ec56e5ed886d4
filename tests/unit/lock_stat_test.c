// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The text of /proc/lock_stat is read class by class, to write and to read, with the
 * places in the code that waited and that held; one that is cut off, is of another
 * version or is no such text at all is refused with a sentence.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/lock_stat_read.h"

#define VERSION "lock_stat version 0.4\n"
#define RULE "-----------------------------------------------------------------------\n"
#define HEADINGS                                                                      \
	"                              class name    con-bounces    contentions   "   \
	"waittime-min   waittime-max waittime-total   waittime-avg    acq-bounces   " \
	"acquisitions   holdtime-min   holdtime-max holdtime-total   holdtime-avg\n"
#define BEGINNING VERSION RULE HEADINGS RULE "\n"

static const char whole[] = BEGINNING
	"                         &mm->mmap_lock-W:            46             84           0.26  "
	"       939.10       16371.53         194.90          47291        2922365           0.16  "
	"   2220301.69    17464026.92           5.98\n"
	"                         &mm->mmap_lock-R:            37            100           1.31  "
	"    299502.61      325629.52        3256.30         212344       34316685           0.10  "
	"      7744.91    95016910.20           2.77\n"
	"                         ---------------\n"
	"                           &mm->mmap_lock              1          [<ffffffff811502a7>] "
	"khugepaged_scan_mm_slot+0x57/0x280\n"
	"                           &mm->mmap_lock             96          [<ffffffff815351c4>] "
	"__do_page_fault+0x1d4/0x510\n"
	"                         ---------------\n"
	"                           &mm->mmap_lock             87          [<ffffffff811a1b4d>] "
	"vm_munmap+0x3d/0x70 [a_module]\n"
	"\n"
	".............................................................\n"
	"\n"
	"             (wq_completion)xfs-conv/dm:0:            0              7           0.50    "
	"       9.99          21.25           3.03              1             42           0.10   "
	"        1.00           4.20           0.10\n"
	"\n"
	"                     &(&l->lock)->rlock#2:             0              0           0.00   "
	"        0.00           0.00           0.00              0              3           0.10  "
	"         1.00           4.20           0.10\n";

static void reads_classes_and_places(void **state)
{
	struct error e = {""};
	struct lock_stat s;
	const struct lock_class *c;
	struct lock_use total;

	(void)state;
	if (lock_stat_parse(whole, &s, &e))
		fail_msg("%s", e.text);
	assert_int_equal(s.count, 3);
	assert_false(s.disabled);
	c = &s.classes[0];
	assert_string_equal(c->name, "&mm->mmap_lock");
	assert_int_equal(c->use[LOCK_WRITE].contentions, 84);
	assert_int_equal(c->use[LOCK_READ].contentions, 100);
	assert_int_equal(c->use[LOCK_READ].acquisitions, 34316685);
	total = lock_class_total(c);
	assert_int_equal(total.contentions, 184);
	assert_int_equal((long)(total.wait_us * 100 + 0.5), 34200105);
	assert_int_equal(c->count, 3);
	assert_string_equal(c->points[0].symbol, "khugepaged_scan_mm_slot+0x57/0x280");
	assert_int_equal(c->points[1].count, 96);
	assert_false(c->points[1].holder);
	assert_true(c->points[2].holder);
	assert_string_equal(c->points[2].symbol, "vm_munmap+0x3d/0x70 [a_module]");
	assert_string_equal(s.classes[1].name, "(wq_completion)xfs-conv/dm:0");
	assert_int_equal(s.classes[1].use[LOCK_WRITE].acquisitions, 42);
	assert_string_equal(s.classes[2].name, "&(&l->lock)->rlock#2");
	assert_int_equal(s.classes[2].count, 0);
	lock_stat_free(&s);
}

/* Without averages, as once; and with a column that is not there yet. */
static void knows_columns_by_their_headings(void **state)
{
	static const char fewer[] =
		VERSION "class name con-bounces contentions waittime-min waittime-max "
			"waittime-total acq-bounces acquisitions holdtime-min holdtime-max "
			"holdtime-total\n"
			"  a_lock: 1 2 0.10 0.20 0.30 3 4 0.40 0.50 0.60\n";
	static const char more[] = VERSION "class name colour acquisitions contentions "
					   "waittime-total\n  a_lock: 9 4 2 0.30\n";
	const char *const texts[] = {fewer, more};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct error e = {""};
		struct lock_stat s;

		if (lock_stat_parse(texts[i], &s, &e))
			fail_msg("%s", e.text);
		assert_int_equal(s.count, 1);
		assert_int_equal(s.classes[0].use[LOCK_WRITE].contentions, 2);
		assert_int_equal(s.classes[0].use[LOCK_WRITE].acquisitions, 4);
		assert_int_equal((int)(s.classes[0].use[LOCK_WRITE].wait_us * 100 + 0.5), 30);
		lock_stat_free(&s);
	}
}

static void knows_that_lockdep_has_given_up(void **state)
{
	static const char text[] =
		VERSION "*WARNING* lock debugging disabled!! - possibly due to a lockdep "
			"warning\n" RULE HEADINGS RULE;
	struct error e = {""};
	struct lock_stat s;

	(void)state;
	assert_int_equal(lock_stat_parse(text, &s, &e), 0);
	assert_true(s.disabled);
	assert_int_equal(s.count, 0);
	lock_stat_free(&s);
}

/* Only a row to read right behind that to write is the same class. */
static void keeps_classes_of_one_name_apart(void **state)
{
	static const char text[] = VERSION "class name contentions waittime-total acquisitions\n"
					   "a-R: 1 0.10 1\nb-W: 2 0.20 2\na-R: 4 0.40 4\n"
					   "-W: 8 0.80 8\n";
	struct error e = {""};
	struct lock_stat s;

	(void)state;
	assert_int_equal(lock_stat_parse(text, &s, &e), 0);
	assert_int_equal(s.count, 4);
	assert_false(s.classes[0].use[LOCK_WRITE].there);
	assert_int_equal(s.classes[2].use[LOCK_READ].contentions, 4);
	assert_string_equal(s.classes[3].name, "-W");
	lock_stat_free(&s);
}

static void refused(const char *text, const char *sentence)
{
	struct error e = {""};
	struct lock_stat s;

	if (!lock_stat_parse(text, &s, &e))
		fail_msg("this was not refused: %s", text);
	assert_contains(e.text, sentence);
	assert_null(s.classes);
}

#define SMALL VERSION "class name contentions waittime-total acquisitions\n"

static void refuses_what_it_does_not_know(void **state)
{
	(void)state;
	refused("", "does not begin with 'lock_stat version '");
	refused("nonsense\n", "does not begin with 'lock_stat version '");
	refused("lock_stat version 0.3\n", "is of version 0.3; only 0.4");
	refused("lock_stat version 0.41\n", "is of version 0.41; only 0.4");
	refused("lock_stat version 1.0\n", "is of version 1.0; only 0.4");
	refused("lock_stat version \n", "is of version ; only 0.4");
	refused("lock_stat version 0.4", "ends in the middle of a line");
	refused(VERSION, "has no headings");
	refused(VERSION "class name contentions acquisitions\n", "line 2 of /proc/lock_stat: of "
								 "the columns");
	refused(VERSION "a: 1 2 3\n", "numbers before their headings");
	refused(SMALL "a: 1 2.00\n", "line 3 of /proc/lock_stat: of 3 numbers that number 3");
	refused(SMALL "a: 1 2.00 3 4\n", "more than the 3 numbers");
	refused(SMALL "a: 1 -2.00 3\n", "number 2 is missing or none");
	refused(SMALL "a: 1 2x 3\n", "number 2 is missing or none");
	refused(SMALL "a: 1 99999999999999999999999999999999999 3\n", "number 2 is missing");
	refused(SMALL "a: 1 1e999 3\n", "number 2 is missing");
	refused(SMALL "what is this\n", "is not known: 'what is this'");
	refused(SMALL ": 1 2 3\n", "is not known");
	refused(SMALL "a 5 [<0>] f+0x1/0x2\n", "a place in the code, without a class");
	refused(SMALL "a: 1 2 3\na [<0>] f+0x1/0x2\n", "a place in the code, without");
	refused(SMALL "a: 1 2 3\na 7 [<0\n", "a place in the code, without");
}

/* However it is cut off, it is read or refused, and never both. */
static void takes_any_part_of_a_text(void **state)
{
	size_t n = strlen(whole);
	char *part = malloc(n + 1);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct error e = {""};
		struct lock_stat s;

		memcpy(part, whole, i);
		part[i] = '\0';
		if (lock_stat_parse(part, &s, &e))
			assert_true(e.text[0] && !s.classes);
		else
			assert_int_equal(part[i - 1], '\n');
		lock_stat_free(&s);
	}
	free(part);
}

/* Names and places that are longer than the kernel makes them, and too many of them. */
static void bears_what_is_too_long(void **state)
{
	char text[16384], name[1000];
	struct error e = {""};
	struct lock_stat s;
	int n;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	n = snprintf(text, sizeof(text), "%s%s-W: 1 2.00 3\n%s-R: 1 2.00 3\n", SMALL, name, name);
	for (int i = 0; i < 10; i++)
		n += snprintf(text + n, sizeof(text) - n, "a 7 [<0>] %s\n", name);
	assert_int_equal(lock_stat_parse(text, &s, &e), 0);
	assert_int_equal(s.classes[0].count, LOCK_STAT_POINTS);
	assert_int_equal(strlen(s.classes[0].name), sizeof(s.classes[0].name) - 1);
	lock_stat_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_classes_and_places),
		cmocka_unit_test(knows_columns_by_their_headings),
		cmocka_unit_test(knows_that_lockdep_has_given_up),
		cmocka_unit_test(keeps_classes_of_one_name_apart),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(takes_any_part_of_a_text),
		cmocka_unit_test(bears_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
