// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A journal's lines come in their order, whichever thread parsed them; what is cut out of a line
 * before is nothing that counts; and what is no line of a journal is counted, however long it is.
 */
#include "testing.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/printable.h"
#include "core/record.h"
#include "core/record_cut.h"

#define LINES 30000 /* of 100 bytes and more: some ten chunks */

static const char padding[] = "................................................................";

/* What came of a journal. */
struct seen {
	json_int_t last;
	unsigned int count;
	bool in_order;
};

static void *number_of(void *user, const json_t *record)
{
	(void)user;
	return json_incref(json_object_get(record, "n"));
}

static void see(struct seen *seen, json_int_t n)
{
	seen->in_order &= n > seen->last;
	seen->last = n;
	seen->count++;
}

static void see_digest(void *user, void *digest)
{
	see(user, json_integer_value(digest));
	json_decref(digest);
}

static void see_record(void *user, const json_t *record)
{
	see(user, json_integer_value(json_object_get(record, "n")));
}

/* Every hundredth line is torn. */
static void write_journal(void)
{
	FILE *f = fopen("trials.jsonl", "we");

	assert_non_null(f);
	for (int i = 1; i <= LINES; i++) {
		if (i % 100)
			fprintf(f, "{\"n\":%d,\"padding\":\"%s%.*s\"}\n", i, padding, i % 60,
				padding);
		else
			fprintf(f, "{\"n\":%d,\"padd\n", i);
	}
	fclose(f);
}

/* Reads what is in the directory; returns the lines that were torn. */
static int read_digests(struct seen *seen)
{
	const struct record_use use = {.digest = number_of, .take = see_digest, .user = seen};
	struct error e = {""};
	int torn;

	*seen = (struct seen){.in_order = true};
	torn = record_read_lines(".", &use, &e);
	assert_string_equal(e.text, "");
	return torn;
}

static void lines_come_in_order_from_threads(void **state)
{
	struct seen seen;
	struct error e;

	(void)state;
	write_journal();
	for (int i = 0; i < 5; i++) {
		assert_int_equal(read_digests(&seen), LINES / 100);
		assert_int_equal(seen.count, LINES - LINES / 100);
		assert_true(seen.in_order);
	}
	seen = (struct seen){.in_order = true};
	assert_int_equal(record_read_trials(".", see_record, &seen, &e), LINES / 100);
	assert_int_equal(seen.count, LINES - LINES / 100);
	assert_true(seen.in_order);
}

static void with_one_cpu_they_do_too(void **state)
{
	cpu_set_t all, one;
	struct seen seen;

	(void)state;
	write_journal();
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (int cpu = 0; !CPU_COUNT(&one); cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(read_digests(&seen), LINES / 100);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(seen.count, LINES - LINES / 100);
	assert_true(seen.in_order);
}

/* A line with a text of so many bytes. */
static void put_line(FILE *f, int n, size_t length)
{
	fprintf(f, "{\"n\":%d,\"t\":\"", n);
	for (size_t i = 0; i < length; i++)
		fputc('x', f);
	fputs("\"}\n", f);
}

static void lines_of_any_length_are_read_up_to_a_limit(void **state)
{
	static const size_t lengths[] = {0, RECORD_CHUNK - 20, RECORD_CHUNK, 5 * RECORD_CHUNK};
	FILE *f = fopen("trials.jsonl", "we");
	struct seen seen;
	int n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++)
		put_line(f, ++n, lengths[i]);
	put_line(f, ++n, RECORD_LINE_MOST - 100);
	put_line(f, ++n, RECORD_LINE_MOST);
	put_line(f, ++n, 3 * RECORD_LINE_MOST);
	put_line(f, ++n, 1);
	fputs("\n{\"n\":100}", f);
	fclose(f);
	assert_int_equal(read_digests(&seen), 2);
	assert_int_equal(seen.count, n - 1);
	assert_true(seen.in_order);
	assert_int_equal(seen.last, 100);
}

static void what_is_no_journal_is_refused_or_counted(void **state)
{
	struct seen seen;
	struct error e;

	(void)state;
	assert_int_equal(read_digests(&seen), 0);
	put_file("trials.jsonl", "");
	assert_int_equal(read_digests(&seen), 0);
	put_file("trials.jsonl", "\n\n\n");
	assert_int_equal(read_digests(&seen), 0);
	put_file("trials.jsonl",
		 "[1]\n1e999\n{\"n\":NaN}\n{\"n\":9223372036854775808}\n{}{}\n \n\xff");
	assert_int_equal(read_digests(&seen), 7);
	assert_int_equal(seen.count, 0);
	assert_int_equal(unlink("trials.jsonl"), 0);
	/* Without end, if it were read. */
	assert_int_equal(mkfifo("trials.jsonl", 0600), 0);
	assert_int_equal(record_read_trials(".", see_record, &seen, &e), -1);
	assert_contains(e.text, "no regular file");
	assert_int_equal(unlink("trials.jsonl"), 0);
	assert_int_equal(symlink("/dev/zero", "trials.jsonl"), 0);
	assert_int_equal(record_read_trials(".", see_record, &seen, &e), -1);
	assert_contains(e.text, "no regular file");
	assert_int_equal(symlink("/dev/zero", "run.json"), 0);
	assert_null(record_read_run(".", &e));
	assert_contains(e.text, "no regular file");
}

static void only_numbers_are_names_of_boots(void **state)
{
	static const char *const others[] = {"01.json",		"-1.json",    "+1.json", " 1.json",
					     "4294967296.json", "1.json.new", ".json",	 "1.jso"};
	struct error e = {""};
	char path[64];
	json_t *boots;

	(void)state;
	assert_int_equal(mkdir("boots", 0755), 0);
	put_file("boots/1.json", "{\"boot\":1}");
	put_file("boots/4294967295.json", "{\"boot\":2}");
	for (size_t i = 0; i < COUNT(others); i++) {
		snprintf(path, sizeof(path), "boots/%s", others[i]);
		put_file(path, "no JSON");
	}
	boots = record_read_boots(".", &e);
	assert_string_equal(e.text, "");
	assert_int_equal(json_object_size(boots), 2);
	assert_non_null(json_object_get(boots, "4294967295"));
	json_decref(boots);
	put_file("boots/2.json", "{\"boot\":1,\"boot\":\"\\u001b[2J\"}");
	assert_null(record_read_boots(".", &e));
	assert_contains(e.text, "boots/2.json: duplicate object key");
	put_file("boots/2.json", "{\"a\": \"\x1b[2J\"}");
	assert_null(record_read_boots(".", &e));
	assert_null(strchr(e.text, '\x1b'));
	put_file("boots/2.json", "[]");
	assert_null(record_read_boots(".", &e));
	assert_contains(e.text, "no JSON object");
}

/* --- cutting ---------------------------------------------------------------------- */

static const char *cut(const char *line)
{
	static char out[1024];

	memset(out, 0, sizeof(out));
	record_cut(line, strlen(line), out);
	return out;
}

static void a_line_is_cut_to_what_counts(void **state)
{
	(void)state;
	assert_string_equal(
		cut("{\"type\":\"trial\",\"boot\":1,\"started\":\"now\",\"point\":{\"workers\":2},"
		    "\"slices\":{\"seconds\":[0.1,-2e-3],\"operations\":[]},\"workers\":[{\"cpu\":0,"
		    "\"operations\":5,\"compute_ns\":[1.5,null]},{\"operations\":6}],\"probes\":{}}\n"),
		"{\"type\":\"trial\",\"boot\":1,\"point\":{\"workers\":2},\"workers\":[{\"operations\":5},"
		"{\"operations\":6}],\"probes\":{}}\n");
	/* A key deeper down is none of the record's, nor is one in a text. */
	assert_string_equal(
		cut("{\"type\":\"trial\", \"probes\" : {\"slices\":[1]} , \"x\":[1,[2]], "
		    "\"problems\":[\"\\\",\\\"workers\\\":[7]\"]}"),
		"{\"type\":\"trial\", \"probes\" : {\"slices\":[1]} , "
		"\"problems\":[\"\\\",\\\"workers\\\":[7]\"]}");
}

static void what_is_not_plain_is_not_cut(void **state)
{
	static const char *const lines[] = {
		"",
		"{",
		"{}",
		"{\"type\":\"counts\",\"slices\":1}",
		"{\"boot\":1,\"type\":\"trial\"}",
		"{\"type\":\"trial\"",
		"{\"type\":\"trial\",\"x\":tru}",
		"{\"type\":\"trial\",\"x\":01}",
		"{\"type\":\"trial\",\"x\":-}",
		"{\"type\":\"trial\",\"x\":1.}",
		"{\"type\":\"trial\",\"x\":1e}",
		"{\"type\":\"trial\",\"x\":1e999}",
		"{\"type\":\"trial\",\"x\":9223372036854775808}",
		"{\"type\":\"trial\",\"x\":NaN}",
		"{\"type\":\"trial\",\"x\":[1,]}",
		"{\"type\":\"trial\",\"x\":{\"a\":1,}}",
		"{\"type\":\"trial\",\"x\":{\"a\"}}",
		"{\"type\":\"trial\",\"x\":[1}}",
		"{\"type\":\"trial\",\"x\":\"\\q\"}",
		"{\"type\":\"trial\",\"x\":\"\xff\"}",
		"{\"type\":\"trial\",\"x\":\"\t\"}",
		"{\"type\":\"trial\",\"x\":[[[[[[[[[[[[1]]]]]]]]]]]]}",
		"{\"type\":\"trial\",\"workers\":{}}",
		"{\"type\":\"trial\",\"workers\":[1]}",
		"{\"type\":\"trial\",\"workers\":[]}",
		"{\"type\":\"trial\",\"type\":\"skip\",\"reason\":\"r\"}",
		"{\"type\":\"trial\",\"\\u0062oot\":1}",
		"{\"type\":\"trial\",\"boot\":\"",
		"{\"type\":\"trial\",\"boot\":\"\\",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char out[256];

		if (record_cut(lines[i], strlen(lines[i]), out))
			fail_msg("was cut: %s", lines[i]);
	}
}

static void what_is_left_of_a_broken_line_is_broken(void **state)
{
	static const char *const lines[] = {
		"{\"type\":\"trial\",\"boot\":}",	 "{\"type\":\"trial\",\"boot\":[}}",
		"{\"type\":\"trial\",\"boot\":1}}",	 "{\"type\":\"trial\",\"boot\":1} x",
		"{\"type\":\"trial\",\"boot\":\"\\q\"}", "{\"type\":\"trial\",\"boot\":1 2}",
		"{\"type\":\"trial\",\"boot\":1e999}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		if (json_loads(cut(lines[i]), 0, NULL))
			fail_msg("was mended: %s", lines[i]);
}

/* --- printable -------------------------------------------------------------------- */

static void assert_printable(const char *text, const char *wanted)
{
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", text);
	printable_text(copy);
	assert_string_equal(copy, wanted);
}

static void texts_are_made_printable(void **state)
{
	(void)state;
	assert_printable("", "");
	assert_printable("plain <script>", "plain <script>");
	assert_printable("a\x1b[2J\r\n\tb\x7f", "a?[2J???b?");
	assert_printable("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
	assert_printable("\xc2\x9b"
			 "31m",
			 "?31m"); /* C1 */
	assert_printable("\xe2\x80\xae"
			 "x",
			 "?x"); /* right to left */
	assert_printable("\xe2\x81\xa6"
			 "x",
			 "?x"); /* isolate */
	assert_printable("\xe2\x80\xa8"
			 "x",
			 "?x");				  /* a line separator */
	assert_printable("\xe2\x82\xac", "\xe2\x82\xac"); /* the euro */
	assert_printable("\x9b"
			 "\xff\xc3",
			 "???"); /* no UTF-8 */
}

static void long_texts_are_cut_at_a_character(void **state)
{
	char *text = malloc(100001);
	json_t *json, *copy;

	(void)state;
	for (size_t length = PRINTABLE_MOST - 3; length <= PRINTABLE_MOST + 3; length++) {
		memset(text, 'x', length);
		text[length] = '\0';
		printable_text(text);
		assert_int_equal(strlen(text), length < PRINTABLE_MOST ? length : PRINTABLE_MOST);
	}
	for (size_t i = 0; i < 100000; i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	text[100000] = '\0';
	json = json_pack("{s:[s]}", "k", text);
	copy = printable_json(json);
	text[PRINTABLE_MOST - 4] = '\0';
	strcat(text, "...");
	assert_string_equal(json_string_value(json_array_get(json_object_get(copy, "k"), 0)), text);
	json_decref(json);
	json_decref(copy);
	free(text);
}

static void keys_are_made_printable_too(void **state)
{
	json_t *json =
		json_loads("{\"a\\u001b\":[{\"b\\n\":\"c\\r\",\"d\":1.5,\"e\":null}]}", 0, NULL);
	json_t *wanted = json_loads("{\"a?\":[{\"b?\":\"c?\",\"d\":1.5,\"e\":null}]}", 0, NULL);
	json_t *copy = printable_json(json);

	(void)state;
	assert_true(json_equal(copy, wanted));
	json_decref(json);
	json_decref(wanted);
	json_decref(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(lines_come_in_order_from_threads),
		scratch_test(with_one_cpu_they_do_too),
		scratch_test(lines_of_any_length_are_read_up_to_a_limit),
		scratch_test(what_is_no_journal_is_refused_or_counted),
		scratch_test(only_numbers_are_names_of_boots),
		cmocka_unit_test(a_line_is_cut_to_what_counts),
		cmocka_unit_test(what_is_not_plain_is_not_cut),
		cmocka_unit_test(what_is_left_of_a_broken_line_is_broken),
		cmocka_unit_test(texts_are_made_printable),
		cmocka_unit_test(long_texts_are_cut_at_a_character),
		cmocka_unit_test(keys_are_made_printable_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
