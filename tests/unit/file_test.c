// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Small files: whole texts are read whatever their length, gzip'ed or not; what
 * is missing, empty or no number is told apart; a replaced file is whole.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/file.h"

static void assert_read(const char *path, const char *wanted)
{
	struct error e = {""};
	char *text = file_read(path, &e);

	if (!text)
		fail_msg("%s", e.text);
	assert_string_equal(text, wanted);
	free(text);
}

static void whole_files_are_read(void **state)
{
	static const size_t lengths[] = {0, 1, 4095, 4096, 16383, 16384, 16385, 65536, 1000000};

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		char *text = malloc(lengths[i] + 1);

		assert_non_null(text);
		for (size_t k = 0; k < lengths[i]; k++)
			text[k] = 'a' + k % 23;
		text[lengths[i]] = '\0';
		put_file("text", text);
		assert_read("text", text);
		free(text);
	}
}

static void files_of_proc_are_read(void **state)
{
	struct error e;
	char *text = file_read("/proc/meminfo", &e);

	(void)state;
	assert_non_null(text);
	assert_contains(text, "MemTotal:");
	free(text);
}

static void gzipped_files_are_unzipped(void **state)
{
	gzFile file = gzopen("config.gz", "wb");

	(void)state;
	assert_non_null(file);
	assert_int_equal(gzputs(file, "CONFIG_ZRAM=m\n"), 14);
	assert_int_equal(gzclose(file), Z_OK);
	assert_read("config.gz", "CONFIG_ZRAM=m\n");
}

/* An error that says "Success" helps nobody. */
static void assert_unreadable(const char *path, const char *why)
{
	struct error e = {""};

	assert_null(file_read(path, &e));
	assert_contains(e.text, path);
	assert_contains(e.text, why);
	if (strstr(e.text, "Success"))
		fail_msg("%s", e.text);
}

static void unreadable_files_say_why(void **state)
{
	FILE *f = fopen("broken.gz", "we");

	(void)state;
	assert_non_null(f);
	assert_int_equal(fwrite("\x1f\x8b\x08\0\0\0\0\0\0\3garbage garbage", 1, 25, f), 25);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(mkdir("directory", 0755), 0);
	assert_unreadable("nothing", "No such file");
	assert_unreadable("directory", "directory");
	errno = 0;
	assert_unreadable("broken.gz", "damaged");
}

static void assert_line(const char *text, const char *wanted)
{
	char line[16];

	put_file("line", text);
	assert_string_equal(file_line("line", line, sizeof(line)), wanted);
}

static void first_line_is_without_its_newline(void **state)
{
	char line[16] = "left over";

	(void)state;
	assert_line("one\ntwo\n", "one");
	assert_line("one", "one");
	assert_line("\ntwo\n", "");
	assert_line("", "");
	assert_line("0123456789abcdefgh\n", "0123456789abcde");
	assert_string_equal(file_line("nothing", line, sizeof(line)), "");
	assert_string_equal(file_line("/proc", line, sizeof(line)), "");
}

static void assert_number(const char *text, long long wanted)
{
	put_file("number", text);
	assert_int_equal(file_number("number"), wanted);
}

static void a_number_is_read_or_minus_one(void **state)
{
	(void)state;
	assert_number("42\n", 42);
	assert_number("0\n", 0);
	assert_number("12 kB\n", 12);
	assert_number("-7\n", -7);
	assert_number("9223372036854775807\n", 9223372036854775807ll);
	assert_number("max\n", -1);
	assert_number("", -1);
	assert_int_equal(file_number("nothing"), -1);
}

static void assert_field(const char *text, const char *name, long long wanted)
{
	long long value = -12345;

	assert_true(file_field(text, name, &value));
	assert_int_equal(value, wanted);
}

static void assert_no_field(const char *text, const char *name)
{
	long long value = -12345;

	assert_false(file_field(text, name, &value));
	assert_int_equal(value, -12345);
}

static void fields_are_found_by_their_whole_name(void **state)
{
	static const char vmstat[] = "nr_foll_pin_acquired 12\n"
				     "nr_foll_pin_acquired_more 13\n"
				     "nr_foll 9000000000\n"
				     "last -1";
	static const char meminfo[] = "\nHugePages_Total:       8\nHugePages_Free:\t7\n";

	(void)state;
	assert_field(vmstat, "nr_foll_pin_acquired", 12);
	assert_field(vmstat, "nr_foll_pin_acquired_more", 13);
	assert_field(vmstat, "nr_foll", 9000000000);
	assert_field(vmstat, "last", -1);
	assert_no_field(vmstat, "foll");
	assert_no_field(vmstat, "nr_foll_pin");
	assert_no_field(vmstat, "12");
	assert_field(meminfo, "HugePages_Total", 8);
	assert_field(meminfo, "HugePages_Free", 7);
	assert_no_field(meminfo, "HugePages");
	assert_no_field("", "HugePages");
	assert_no_field("HugePages_Total", "HugePages_Total");
}

static void values_are_written_to_files_that_exist(void **state)
{
	struct error e = {""};

	(void)state;
	put_file("knob", "0");
	assert_int_equal(file_write("knob", "1", &e), 0);
	assert_file_is("knob", "1");
	assert_int_equal(file_write("nothing", "1", &e), -1);
	assert_int_equal(errno, ENOENT);
	assert_contains(e.text, "nothing");
	assert_int_not_equal(access("nothing", F_OK), 0);
}

static void replaced_files_are_whole_and_alone(void **state)
{
	struct error e = {""};

	(void)state;
	assert_int_equal(file_replace("run.json", "a first, longer text", &e), 0);
	assert_file_is("run.json", "a first, longer text");
	assert_int_equal(file_replace("run.json", "second", &e), 0);
	assert_file_is("run.json", "second");
	assert_int_equal(file_replace("run.json", "", &e), 0);
	assert_file_is("run.json", "");
	assert_int_equal(unlink("run.json"), 0);
	/* Nothing else is left in the directory. */
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(*state), 0);
	assert_int_equal(mkdir(*state, 0700), 0);
}

static void a_file_that_cannot_be_replaced_is_as_it_was(void **state)
{
	struct error e = {""};

	(void)state;
	assert_int_equal(file_replace("missing/run.json", "text", &e), -1);
	assert_contains(e.text, "missing/run.json");
	assert_int_equal(mkdir("directory", 0755), 0);
	put_file("directory/kept", "kept");
	assert_int_equal(file_replace("directory", "text", &e), -1);
	assert_contains(e.text, "directory");
	assert_file_is("directory/kept", "kept");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(whole_files_are_read),
		scratch_test(files_of_proc_are_read),
		scratch_test(gzipped_files_are_unzipped),
		scratch_test(unreadable_files_say_why),
		scratch_test(first_line_is_without_its_newline),
		scratch_test(a_number_is_read_or_minus_one),
		scratch_test(fields_are_found_by_their_whole_name),
		scratch_test(values_are_written_to_files_that_exist),
		scratch_test(replaced_files_are_whole_and_alone),
		scratch_test(a_file_that_cannot_be_replaced_is_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
