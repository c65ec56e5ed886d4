// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The probe "contention" sees who waits for mmap_lock, calls it that, and counts each
 * wait once; where nobody waits it counts nothing.
 */
#include "testing.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "include/probe.h"

#define ROOM 32768
#define THREADS 4
#define SECONDS 0.4
#define SIZE (4u * 4096)

static const struct probe *probe_of(const char *name)
{
	for_each_plugin (probe, p) {
		if (strcmp((*p)->name, name))
			continue;
		if ((*p)->unsupported())
			skip_because("%s", (*p)->unsupported());
		return *p;
	}
	fail_msg("no probe '%s'", name);
	return NULL;
}

static json_int_t value_of(const struct probe_run *r, const char *name)
{
	for (int i = 0; r->probe->values[i]; i++) {
		if (!strcmp(r->probe->values[i], name))
			return r->values[i];
	}
	fail_msg("%s has no value '%s'", r->probe->name, name);
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void *storm(void *unused)
{
	const double end = now() + SECONDS;

	while (now() < end) {
		char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);

		if (memory == MAP_FAILED)
			break;
		memset(memory, 1, SIZE);
		munmap(memory, SIZE);
	}
	return unused;
}

static void storms(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* The details of what went on between begin() and end(), with r->values. */
static json_t *watch(const char *name, struct probe_run *r, void (*work)(void))
{
	static char details[ROOM];
	struct error e = {""};
	json_error_t why;
	json_t *json;

	*r = (struct probe_run){.probe = probe_of(name), .details = details, .room = ROOM};
	if (r->probe->begin(r, &e))
		fail_msg("%s", e.text);
	work();
	if (r->probe->end(r, &e))
		fail_msg("%s", e.text);
	json = json_loads(details, 0, &why);
	if (!json)
		fail_msg("%s: %s", why.text, details);
	return json;
}

static json_int_t integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *string(const json_t *object, const char *key)
{
	const char *found = json_string_value(json_object_get(object, key));

	return found ? found : "";
}

/* All waits are in the locks or in the others, each in one bucket. */
static void assert_sums(const json_t *details, const struct probe_run *r)
{
	json_int_t count = integer(details, "others"), total = integer(details, "others_ns");
	const json_t *lock, *pair;
	size_t i, j;

	json_array_foreach (json_object_get(details, "locks"), i, lock) {
		json_int_t in_buckets = 0;

		json_array_foreach (json_object_get(lock, "histogram"), j, pair)
			in_buckets += json_integer_value(json_array_get(pair, 1));
		assert_int_equal(in_buckets, integer(lock, "count"));
		assert_true(integer(lock, "max_ns") <= integer(lock, "total_ns"));
		count += integer(lock, "count");
		total += integer(lock, "total_ns");
	}
	assert_int_equal(count, value_of(r, "contentions"));
	assert_int_equal(total, value_of(r, "wait_ns"));
}

static const char *lock_of(const json_t *details, size_t i)
{
	return string(json_array_get(json_object_get(details, "locks"), i), "lock");
}

/* Without BTF it is known by who waits, and not at all when that is not known either. */
static void assert_mmap_lock_first(const json_t *details, bool chains)
{
	bool told = chains || !access("/sys/kernel/btf/vmlinux", R_OK);

	assert_string_equal(lock_of(details, 0), told ? "mmap_lock" : "unnamed");
}

static void test_storm(void **state)
{
	struct probe_run r;
	json_t *details = watch("contention", &r, storms);
	const json_t *first = json_array_get(json_object_get(details, "locks"), 0);

	(void)state;
	assert_sums(details, &r);
	assert_true(value_of(&r, "contentions") > 10);
	assert_mmap_lock_first(details, true);
	assert_contains(string(first, "kind"), "rwsem");
	assert_string_not_equal(string(first, "caller"), "");
	assert_true(value_of(&r, "own_ns") > 0);
	json_decref(details);
}

static void test_plain(void **state)
{
	struct probe_run r;
	json_t *details = watch("contention-plain", &r, storms);
	const json_t *first = json_array_get(json_object_get(details, "locks"), 0);

	(void)state;
	assert_sums(details, &r);
	assert_mmap_lock_first(details, false);
	assert_string_equal(string(first, "caller"), "");
	json_decref(details);
}

static void sleep_a_little(void)
{
	usleep(100000);
}

/* Alone, without work: others' waits on this machine are none of ours. */
static void test_idle(void **state)
{
	struct probe_run r;
	json_t *details = watch("contention", &r, sleep_a_little);

	(void)state;
	assert_sums(details, &r);
	assert_in_range(value_of(&r, "contentions"), 0, 5);
	json_decref(details);
}

static int to_child[2];

/* A worker that was there before: waits until it is let go. */
static pid_t start_child(void)
{
	pid_t child;

	assert_int_equal(pipe(to_child), 0);
	child = fork();
	if (!child) {
		char byte;

		if (read(to_child[0], &byte, 1) == 1)
			storms();
		_exit(0);
	}
	return child;
}

static void let_child_go(void)
{
	assert_int_equal(write(to_child[1], "", 1), 1);
	waitpid(-1, NULL, 0);
}

static void test_child(void **state)
{
	struct probe_run r;
	json_t *details;
	pid_t child;

	(void)state;
	probe_of("contention");
	child = start_child();
	assert_true(child > 0);
	details = watch("contention", &r, let_child_go);
	assert_mmap_lock_first(details, true);
	json_decref(details);
}

/* A child that a worker makes while it is watched, as fio does. */
static void new_child(void)
{
	if (!fork()) {
		storms();
		_exit(0);
	}
	waitpid(-1, NULL, 0);
}

static void test_new_child(void **state)
{
	struct probe_run r;
	json_t *details = watch("contention", &r, new_child);

	(void)state;
	if (!json_is_true(json_object_get(details, "new_processes"))) {
		json_decref(details);
		skip_because("a kernel without BTF and tracefs does not tell of new processes");
	}
	assert_mmap_lock_first(details, true);
	json_decref(details);
}

/* Several processes that write one file wait for its inode's lock. */
static void write_file(int fd)
{
	static char buffer[1 << 20];
	const double end = now() + SECONDS;

	while (now() < end) {
		if (pwrite(fd, buffer, sizeof(buffer), 0) < 0)
			break;
	}
}

static void writers(void)
{
	int fd = open("written", O_CREAT | O_RDWR, 0600);

	assert_true(fd >= 0);
	for (int i = 0; i < THREADS; i++) {
		if (!fork()) {
			write_file(fd);
			_exit(0);
		}
	}
	close(fd);
	while (wait(NULL) > 0)
		;
}

static void test_writers(void **state)
{
	struct probe_run r;
	json_t *details = watch("contention", &r, writers);
	const json_t *first = json_array_get(json_object_get(details, "locks"), 0);

	(void)state;
	if (!json_is_true(json_object_get(details, "new_processes"))) {
		json_decref(details);
		skip_because("a kernel without BTF and tracefs does not tell of new processes");
	}
	assert_string_equal(string(first, "kind"), "rwsem write");
	assert_contains(string(first, "caller"), "write");
	json_decref(details);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storm),	  cmocka_unit_test(test_plain),
		cmocka_unit_test(test_idle),	  cmocka_unit_test(test_child),
		cmocka_unit_test(test_new_child), scratch_test(test_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
