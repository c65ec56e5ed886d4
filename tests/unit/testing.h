/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What several unit tests need, and cmocka with the headers that it wants before it. */
#ifndef PINSCALE_TESTING_H
#define PINSCALE_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka's fail() is in the way of that of error.h; its fail_msg() needs it. */
#undef fail
#undef fail_msg
#define fail_msg(...)                      \
	do {                               \
		print_error(__VA_ARGS__);  \
		print_error("\n");         \
		_fail(__FILE__, __LINE__); \
	} while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Leaves the test as skipped; tests/run.sh shows the reason, which cmocka has no place for. */
#define skip_because(...)                   \
	do {                                \
		print_message("# skip: ");  \
		print_message(__VA_ARGS__); \
		print_message("\n");        \
		skip();                     \
	} while (0)

/* Is part somewhere in text? */
#define assert_contains(text, part) check_contains(text, part, __FILE__, __LINE__)
void check_contains(const char *text, const char *part, const char *file, int line);

/* Does the file hold just that? */
#define assert_file_is(path, wanted) check_file_is(path, wanted, __FILE__, __LINE__)
void check_file_is(const char *path, const char *wanted, const char *file, int line);

/* cmocka_unit_test() of a test that runs in an empty directory of its own; *state is its path. */
#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* Makes or replaces a file. */
void put_file(const char *path, const char *text);

/* Waits for a process, and returns its exit status, or -1 when a signal ended it. */
int wait_for(int pid);

#endif
