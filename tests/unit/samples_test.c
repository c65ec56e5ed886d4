// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The probe 'symbols': samples are counted by symbol, those of the suite's own tasks only,
 * and page-reference functions are told by the list.
 */
#include "testing.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/symbols.h"
#include "include/probe.h"
#include "probes/symbols_program.h"
#include "probes/symbols_references.h"
#include "probes/symbols_sums.h"
#include "probes/symbols_tasks.h"

enum { SAMPLES, KERNEL, REFERENCE, LOST, PERIOD };

static const char kallsyms[] = "ffffffff81000000 T _stext\n"
			       "ffffffff81000080 t gup_pte_range.constprop.0\n"
			       "ffffffff81000100 T try_grab_folio\n"
			       "ffffffff81000200 W weak_one\n"
			       "ffffffff81000300 t try_grab_folio.cold\n"
			       "ffffffff81000380 t put_page\n"
			       "ffffffff81000400 t other\n"
			       "ffffffff81000500 t put_page\n"
			       "ffffffff81000600 T _etext\n";

static const char *name_of(const void *user, uint64_t address, uint64_t *start)
{
	const char *name = symbols_function(user, address);

	*start = name ? address & ~0x7full : 0;
	return name;
}

static json_t *list_of(const char *text)
{
	struct error e = {""};
	json_t *list;

	put_file("list.ini", text);
	list = references_read("list.ini", &e);
	if (!list)
		fail_msg("%s", e.text);
	return list;
}

static json_t *symbol_called(json_t *symbols, const char *name)
{
	json_t *symbol;
	size_t i;

	json_array_foreach (symbols, i, symbol)
		if (!strcmp(json_string_value(json_object_get(symbol, "name")), name))
			return symbol;
	return NULL;
}

/* The JSON of a symbol is just that. */
static void assert_symbol(json_t *symbols, const char *name, const char *wanted)
{
	char *text = json_dumps(symbol_called(symbols, name), JSON_COMPACT | JSON_SORT_KEYS);

	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

static void add_samples(struct sums *s, uint64_t address, int samples)
{
	while (samples--)
		sums_add(s, address);
}

static void samples_are_summed_up_by_symbol(void **state)
{
	json_t *list = list_of("[all]\ntake = try_grab_folio gup_pte_range\ngive = put_page\n");
	struct error e = {""};
	struct symbols *symbols;
	struct sums s = {0};
	json_t *json;

	(void)state;
	put_file("symbols", kallsyms);
	symbols = symbols_read("symbols", &e);
	assert_non_null(symbols);
	add_samples(&s, 0xffffffff8100011b, 5);
	add_samples(&s, 0xffffffff81000084, 2);
	add_samples(&s, 0xffffffff81000305, 3); /* the cold part */
	add_samples(&s, 0xffffffff8100011f, 1);
	add_samples(&s, 0xffffffff81000210, 4);
	add_samples(&s, 0xffffffff81000380, 3); /* two functions of one name */
	add_samples(&s, 0xffffffff81000501, 4);
	add_samples(&s, 0xffff888000000000, 1); /* in none */
	assert_int_equal(sums_make(&s, &(struct namer){name_of, symbols}, list, &e), 0);
	assert_int_equal(sums_references(&s), 5 + 2 + 3 + 1 + 3 + 4);
	json = sums_references_json(&s);
	assert_int_equal(json_integer_value(json_object_get(json, "take")), 5 + 2 + 3 + 1);
	assert_int_equal(json_integer_value(json_object_get(json, "give")), 3 + 4);
	assert_int_equal(json_integer_value(json_object_get(json, "lock")), 0);
	json_decref(json);
	json = sums_json(&s, 30);
	assert_int_equal(json_array_size(json), 5);
	assert_symbol(json, "try_grab_folio",
		      "{\"at\":[[\"+0x1b\",5],[\"+0x5\",3],[\"+0x1f\",1]],\"does\":\"take\","
		      "\"name\":\"try_grab_folio\",\"reference\":true,\"samples\":9}");
	assert_symbol(json, "put_page",
		      "{\"at\":[[\"+0x1\",4],[\"+0x0\",3]],\"does\":\"give\","
		      "\"name\":\"put_page\",\"reference\":true,\"samples\":7}");
	assert_symbol(json, "weak_one",
		      "{\"at\":[[\"+0x10\",4]],\"name\":\"weak_one\",\"reference\":false,"
		      "\"samples\":4}");
	assert_non_null(symbol_called(json, "gup_pte_range"));
	assert_non_null(symbol_called(json, "[unknown]"));
	assert_int_equal(sums_others(&s, 30), 0);
	json_decref(json);
	/* Those with most samples come first. */
	json = sums_json(&s, 1);
	assert_int_equal(json_array_size(json), 1);
	assert_non_null(symbol_called(json, "try_grab_folio"));
	assert_int_equal(sums_others(&s, 1), 7 + 4 + 2 + 1);
	json_decref(json);
	json_decref(list);
	sums_free(&s);
	symbols_free(symbols);
}

static void no_samples_are_no_error(void **state)
{
	json_t *list = list_of("[all]\ntake = try_grab_folio\n"), *json;
	struct error e = {""};
	struct symbols *symbols;
	struct sums s = {0};

	(void)state;
	put_file("symbols", kallsyms);
	symbols = symbols_read("symbols", &e);
	assert_int_equal(sums_make(&s, &(struct namer){name_of, symbols}, list, &e), 0);
	assert_int_equal(sums_references(&s), 0);
	json = sums_json(&s, 30);
	assert_int_equal(json_array_size(json), 0);
	json_decref(json);
	json_decref(list);
	sums_free(&s);
	symbols_free(symbols);
}

static void assert_kind(json_t *list, const char *name, const char *wanted)
{
	const char *kind = json_string_value(json_object_get(list, name));

	if (!kind || strcmp(kind, wanted))
		fail_msg("%s is '%s', not '%s'", name, kind ? kind : "not there", wanted);
}

static void the_list_has_all_generations(void **state)
{
	struct error e = {""};
	json_t *list = references_read(PINSCALE_TOP "/configs/probes/symbols.ini", &e);

	(void)state;
	if (!list)
		fail_msg("%s", e.text);
	assert_kind(list, "__get_page_tail", "take");
	assert_kind(list, "put_compound_page", "give");
	assert_kind(list, "try_grab_compound_head", "take");
	assert_kind(list, "unpin_user_pages", "give");
	assert_kind(list, "try_grab_folio", "take");
	assert_kind(list, "gup_fast_fallback", "take");
	assert_kind(list, "gup_put_folio", "give");
	assert_kind(list, "folio_lock", "lock");
	json_decref(list);
}

static void assert_list_refused(const char *text, const char *why)
{
	struct error e = {""};

	put_file("list.ini", text);
	assert_null(references_read("list.ini", &e));
	assert_contains(e.text, "list.ini");
	assert_contains(e.text, why);
}

static void lists_that_say_nothing_are_refused(void **state)
{
	struct error e = {""};

	(void)state;
	assert_list_refused("[all]\ntake = a\ntakes = b\n", "line 3");
	assert_list_refused("no key\n", "line 1");
	assert_list_refused("[all]\n", "names no function");
	assert_null(references_read("nothing.ini", &e));
	assert_contains(e.text, "nothing.ini");
	assert_contains(e.text, "No such file");
}

static void descendants_are_own(void **state)
{
	struct tasks t = {0};
	pid_t child = fork();

	(void)state;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	assert_true(tasks_own(&t, getpid()));
	assert_true(tasks_own(&t, child));
	assert_false(tasks_own(&t, getppid()));
	assert_false(tasks_own(&t, 0));
	assert_false(tasks_own(&t, -1));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	tasks_free(&t);
	/* Those that are not there any more were recorded. */
	tasks_add(&t, 1000001, 1000000);
	tasks_add(&t, 1000000, getpid());
	tasks_add(&t, 1000000, 1);
	tasks_add(&t, 1000002, 1000003);
	tasks_add(&t, 1000003, 1000002);
	assert_true(tasks_own(&t, 1000001));
	assert_false(tasks_own(&t, 1000002));
	tasks_free(&t);
}

/* --- the probe itself ----------------------------------------------------------- */

static volatile bool over;

static __attribute__((noinline)) void *count_on(void *unused)
{
	static volatile unsigned long count;

	(void)unused;
	while (!over)
		count++;
	return NULL;
}

/* What this does in the kernel has a name that all kernels since 4.8 have: chacha. */
static void *read_randomness(void *unused)
{
	static char buffer[2][1 << 16];
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	(void)unused;
	while (!over && read(fd, buffer[0], sizeof(buffer[0])) > 0)
		;
	close(fd);
	return NULL;
}

static void sleep_ms(long ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static const struct probe *probe_or_skip(void)
{
	const struct probe *p = find_plugin(probe, "symbols");
	const char *why;

	assert_non_null(p);
	assert_true(p->apart);
	why = p->unsupported();
	if (why)
		skip_because("%s", why);
	return p;
}

static void must(int rc, const struct error *e)
{
	if (rc)
		fail_msg("%s", e->text);
}

/* Runs the probe while this process sleeps and what @start made goes on. Its details. */
static json_t *probe_for(long ms, struct probe_run *r)
{
	const struct probe *p = probe_or_skip();
	static char details[32768];
	struct error e = {""};
	json_t *json;

	*r = (struct probe_run){.probe = p, .details = details, .room = sizeof(details)};
	must(p->begin(r, &e), &e);
	sleep_ms(ms);
	must(p->end(r, &e), &e);
	json = json_loads(details, 0, NULL);
	if (!json)
		fail_msg("no JSON: %s", details);
	return json;
}

static json_int_t listed(json_t *details)
{
	json_int_t samples = json_integer_value(json_object_get(details, "others"));
	json_t *symbol;
	size_t i;

	json_array_foreach (json_object_get(details, "symbols"), i, symbol)
		samples += json_integer_value(json_object_get(symbol, "samples"));
	return samples;
}

static bool has_symbol_with(json_t *details, const char *part)
{
	json_t *symbol;
	size_t i;

	json_array_foreach (json_object_get(details, "symbols"), i, symbol)
		if (strstr(json_string_value(json_object_get(symbol, "name")), part))
			return true;
	return false;
}

static void assert_saw_randomness(const struct probe_run *r, json_t *details)
{
	if (!has_symbol_with(details, "chacha"))
		fail_msg("no chacha in %s", r->details);
	assert_true(r->values[KERNEL] > r->values[SAMPLES] / 2);
	assert_int_equal(listed(details), r->values[KERNEL]);
	assert_int_equal(r->values[LOST], 0);
	assert_true(r->values[PERIOD] > 0);
	/* 0.3 s of a CPU at least, though the machine may be busy: some of it. */
	assert_true(r->values[SAMPLES] * r->values[PERIOD] > 30 * 1000000);
}

static void threads_are_sampled(void **state)
{
	struct probe_run r;
	pthread_t thread[2];
	json_t *details;

	(void)state;
	probe_or_skip();
	over = false;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, read_randomness, NULL), 0);
	details = probe_for(300, &r);
	over = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_saw_randomness(&r, details);
	json_decref(details);
}

static void assert_found_in(json_t *details, const char *function)
{
	json_t *program = json_object_get(details, "program");

	if (!has_symbol_with(program, function))
		fail_msg("no %s in %s", function, json_dumps(program, 0));
}

static void what_needs_no_kernel_is_sampled_too(void **state)
{
	struct probe_run r;
	pthread_t thread;
	json_t *details;

	(void)state;
	probe_or_skip();
	over = false;
	assert_int_equal(pthread_create(&thread, NULL, count_on, NULL), 0);
	details = probe_for(200, &r);
	over = true;
	pthread_join(thread, NULL);
	assert_found_in(details, "count_on");
	assert_int_equal(listed(json_object_get(details, "program")),
			 r.values[SAMPLES] - r.values[KERNEL]);
	assert_true(r.values[SAMPLES] - r.values[KERNEL] > r.values[SAMPLES] / 2);
	assert_int_equal(r.values[REFERENCE], 0);
	json_decref(details);
}

static void functions_of_the_program_have_names(void **state)
{
	struct error e = {""};
	struct program *p = program_read(&e);
	uint64_t start = 0, at = (uint64_t)count_on;
	const char *name;

	(void)state;
	assert_non_null(p);
	name = program_function(p, at + 1, &start);
	assert_non_null(name);
	assert_string_equal(name, "count_on");
	assert_int_equal(start, at);
	name = program_function(p, (uint64_t)dlsym(RTLD_DEFAULT, "qsort") + 1, &start);
	assert_non_null(name);
	assert_null(program_function(p, 16, &start));
	assert_true(program_runs_in(getpid()));
	assert_false(program_runs_in(0));
	program_free(p);
}

static pid_t start_reader(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	over = false;
	read_randomness(NULL);
	_exit(0);
}

static void children_are_sampled(void **state)
{
	struct probe_run r;
	json_t *details;
	pid_t child;

	(void)state;
	probe_or_skip();
	child = start_reader();
	details = probe_for(300, &r);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_saw_randomness(&r, details);
	json_decref(details);
}

/* A child of a child that has ended is init's, or a reaper's above us. */
static pid_t start_stranger(void)
{
	int pipes[2];
	pid_t middle, stranger = 0;

	assert_int_equal(pipe(pipes), 0);
	middle = fork();
	if (!middle) {
		stranger = fork();
		if (!stranger) {
			/* Not for ever, whatever becomes of the test. */
			alarm(20);
			over = false;
			read_randomness(NULL);
		}
		_exit(write(pipes[1], &stranger, sizeof(stranger)) < 0);
	}
	waitpid(middle, NULL, 0);
	assert_int_equal(read(pipes[0], &stranger, sizeof(stranger)), sizeof(stranger));
	close(pipes[0]);
	close(pipes[1]);
	return stranger;
}

static void strangers_are_not_sampled(void **state)
{
	struct probe_run r;
	json_t *details;
	pid_t stranger;

	(void)state;
	probe_or_skip();
	stranger = start_stranger();
	details = probe_for(300, &r);
	kill(stranger, SIGKILL);
	assert_false(has_symbol_with(details, "chacha"));
	assert_true(r.values[SAMPLES] < 30);
	json_decref(details);
}

/* vmsplice() takes references to pages, close() of the pipe gives them back. */
static void *splice_pages(void *memory)
{
	struct iovec part = {memory, 16 * 4096};

	while (!over) {
		int pipes[2];

		if (pipe(pipes) || vmsplice(pipes[1], &part, 1, 0) < 0)
			break;
		close(pipes[0]);
		close(pipes[1]);
	}
	return NULL;
}

static void assert_all_do_something(json_t *details)
{
	json_t *symbol;
	size_t i;

	json_array_foreach (json_object_get(details, "symbols"), i, symbol) {
		const char *does = json_string_value(json_object_get(symbol, "does"));

		if (json_is_true(json_object_get(symbol, "reference")))
			assert_true(does && (!strcmp(does, "take") || !strcmp(does, "give") ||
					     !strcmp(does, "lock")));
	}
}

static void page_references_are_told(void **state)
{
	static char memory[16 * 4096] __attribute__((aligned(4096)));
	struct probe_run r;
	pthread_t thread;
	json_t *details;

	(void)state;
	probe_or_skip();
	memset(memory, 1, sizeof(memory));
	over = false;
	assert_int_equal(pthread_create(&thread, NULL, splice_pages, memory), 0);
	details = probe_for(500, &r);
	over = true;
	pthread_join(thread, NULL);
	if (!r.values[REFERENCE])
		fail_msg("no reference in %s", r.details);
	assert_all_do_something(details);
	json_decref(details);
}

static void details_may_have_little_room(void **state)
{
	const struct probe *p = probe_or_skip();
	struct error e = {""};
	char details[400];
	struct probe_run r = {.probe = p, .details = details, .room = sizeof(details)};
	pid_t child = start_reader();
	json_t *json;

	(void)state;
	must(p->begin(&r, &e), &e);
	sleep_ms(100);
	must(p->end(&r, &e), &e);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	json = json_loads(details, 0, NULL);
	assert_non_null(json);
	assert_int_equal(listed(json), r.values[KERNEL]);
	json_decref(json);
	/* None at all, and too little. */
	r.details = NULL;
	r.room = 0;
	must(p->begin(&r, &e), &e);
	must(p->end(&r, &e), &e);
	r.details = details;
	r.room = 8;
	must(p->begin(&r, &e), &e);
	assert_int_equal(p->end(&r, &e), -1);
	assert_contains(e.text, "8 bytes");
}

static void stacks_are_folded_on_demand(void **state)
{
	long long samples, sum = 0;
	struct probe_run r;
	char line[16384];
	bool found = false;
	json_t *details;
	pid_t child;
	FILE *f;

	(void)state;
	probe_or_skip();
	child = start_reader();
	setenv("PINSCALE_FOLDED", "folded", 1);
	details = probe_for(200, &r);
	unsetenv("PINSCALE_FOLDED");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	f = fopen("folded", "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		assert_int_equal(sscanf(strrchr(line, ' '), "%lld", &samples), 1);
		sum += samples;
		found |= strstr(line, "read") && strstr(line, "chacha") > strstr(line, "read");
	}
	fclose(f);
	assert_true(found);
	assert_int_equal(sum, r.values[SAMPLES]);
	json_decref(details);
}

static void a_mechanism_that_is_not_seen_has_its_reason(void **state)
{
	const struct probe *p = find_plugin(probe, "symbols");

	(void)state;
	for (int i = 0; i < MECHANISMS; i++)
		assert_true((p->views[i].sight == SIGHT_SEES) == !p->views[i].why);
	assert_int_equal(p->views[MECHANISM_BIT_LOCK].sight, SIGHT_SEES);
	assert_int_equal(p->views[MECHANISM_FOLIO_LOCK].sight, SIGHT_PARTLY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(samples_are_summed_up_by_symbol),
		scratch_test(no_samples_are_no_error),
		scratch_test(the_list_has_all_generations),
		scratch_test(lists_that_say_nothing_are_refused),
		scratch_test(descendants_are_own),
		scratch_test(threads_are_sampled),
		scratch_test(what_needs_no_kernel_is_sampled_too),
		scratch_test(functions_of_the_program_have_names),
		scratch_test(children_are_sampled),
		scratch_test(strangers_are_not_sampled),
		scratch_test(page_references_are_told),
		scratch_test(details_may_have_little_room),
		scratch_test(stacks_are_folded_on_demand),
		scratch_test(a_mechanism_that_is_not_seen_has_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
