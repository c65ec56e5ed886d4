// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A trace is summed up as it is: what was disturbed does not count, lines that
 * several CPUs work on are shared, and every trial has a record of its own.
 */
#include "testing.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/tally.h"
#include "trace_writer.h"

#define PAGES 0xffffea0000000000ull
#define DIRECT 0xffff888000000000ull

/* A huge page of the buffer; its head's, first tail's, and a later page's counts. */
#define FRAME 0x8000ull
#define HEAD (PAGES + 64 * FRAME + 0x34)
#define HEAD_MAPCOUNT (PAGES + 64 * FRAME + 0x30)
#define TAIL(n) (PAGES + 64 * (FRAME + (n)) + 0x34)

/* Objects of 1024 bytes. */
#define FILP(n) (DIRECT + 260 * 4096ull + 1024 * (n) + 0x40)

/* Sites: in functions of the kernel, and in user space. */
#define GET 0xffffffff81000110ull
#define PUT 0xffffffff81000220ull
#define CLOSE 0xffffffff81000330ull
#define USER 0x401010ull

static const char map[] = "pinscale-memory 1\n"
			  "direct ffff888000000000\n"
			  "pages ffffea0000000000\n"
			  "slab 260 16 1024 filp\n";

static const char kallsyms[] = "0000000000000000 A fixed_percpu_data\n"
			       "ffffffff81000000 T _stext\n"
			       "ffffffff81000100 T get.constprop.0\n"
			       "ffffffff81000200 T put\n"
			       "ffffffff81000300 T close\n"
			       "ffffffff82000000 D init_task\n";

static struct trace_writer writer;
static struct trace_info info;
static struct symbols *symbols;
static struct memory_map *memory;
static struct lines lines;
static json_t *trials, *taken;

static void add_trial_of(unsigned int order, const char *page, unsigned int frame,
			 unsigned int count)
{
	json_t *trial = json_pack("{s:s, s:i, s:s, s:i, s:{s:s, s:i}, s:[[i,i]]}", "type", "trial",
				  "boot", 3, "execution", "emulated", "order", order, "point",
				  "page", page, "workers", order + 1, "frames", frame, count);

	assert_non_null(trial);
	json_array_append_new(trials, trial);
}

static int setup(void **state)
{
	struct error e = {""};

	if (scratch_setup(state))
		return -1;
	put_file("map", map);
	put_file("symbols", kallsyms);
	symbols = symbols_read("symbols", &e);
	memory = memory_map_read("map", &e);
	lines = (struct lines){.symbols = symbols, .memory = memory, .release = "6.1.192-stock"};
	trials = json_array();
	taken = json_array();
	add_trial_of(5, "2m", FRAME, 512);
	return symbols && memory ? 0 : -1;
}

static int teardown(void **state)
{
	symbols_free(symbols);
	memory_map_free(memory);
	json_decref(trials);
	json_decref(taken);
	return scratch_teardown(state);
}

static int keep_record(void *user, json_t *record, struct error *e)
{
	(void)e;
	assert_null(user);
	json_array_append_new(taken, record);
	return 0;
}

/* Sums the trace up; returns the record of the only trial. */
static const json_t *tally(void)
{
	struct error e = {""};

	trace_save(&writer, "trace");
	if (tally_trace("trace", trials, &lines, keep_record, NULL, &info, &e))
		fail_msg("%s", e.text);
	return json_array_get(taken, 0);
}

static json_int_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("'%s' is no number", key);
	return json_integer_value(value);
}

static const char *string(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "(none)";
}

struct wanted {
	const char *kind, *on, *field, *by;
	unsigned int total;
	double usual;
	unsigned int shared, cpus, lines;
};

/* Does the record have just these rows, in that order? */
static void assert_rows(const json_t *record, const struct wanted *wanted, size_t count)
{
	const json_t *rows = json_object_get(record, "rows");

	if (json_array_size(rows) != count)
		fail_msg("%zu rows, not %zu", json_array_size(rows), count);
	for (size_t i = 0; i < count; i++) {
		const json_t *row = json_array_get(rows, i);
		const struct wanted *w = &wanted[i];

		if (strcmp(string(row, "kind"), w->kind) || strcmp(string(row, "on"), w->on) ||
		    strcmp(string(row, "field"), w->field) || strcmp(string(row, "by"), w->by))
			fail_msg("row %zu is %s %s: %s by %s", i, string(row, "kind"),
				 string(row, "on"), string(row, "field"), string(row, "by"));
		if (number(row, "total") != w->total ||
		    json_number_value(json_object_get(row, "usual")) != w->usual ||
		    number(row, "shared") != w->shared || number(row, "cpus") != w->cpus ||
		    number(row, "lines") != w->lines)
			fail_msg("%s by %s: total %lld, usual %g, shared %lld, %lld CPUs, "
				 "%lld lines",
				 w->on, w->by, number(row, "total"),
				 json_number_value(json_object_get(row, "usual")),
				 number(row, "shared"), number(row, "cpus"), number(row, "lines"));
	}
}

#define ASSERT_ROWS(record, ...)                                                    \
	do {                                                                        \
		const struct wanted wanted_[] = {__VA_ARGS__};                      \
		assert_rows(record, wanted_, sizeof(wanted_) / sizeof(wanted_[0])); \
	} while (0)

static void lock_at(uint64_t site, uint64_t address)
{
	trace_access(&writer, TRACE_LOCKED, 0, site, address);
}

static void operation(unsigned int disturbance)
{
	trace_operation(&writer, disturbance, 0, 1);
}

static void what_was_disturbed_or_skipped_does_not_count(void **state)
{
	static const unsigned int disturbances[] = {
		0,
		TRACE_INTERRUPT,
		TRACE_SWITCH,
		TRACE_EXCEPTION,
		TRACE_INTERRUPT | TRACE_SWITCH,
		TRACE_INTERRUPT | TRACE_EXCEPTION,
		TRACE_SWITCH | TRACE_EXCEPTION,
		TRACE_INTERRUPT | TRACE_SWITCH | TRACE_EXCEPTION,
		0,
		TRACE_EXCEPTION,
		0,
	};
	const json_t *record, *dropped;

	(void)state;
	trace_header(&writer, 1, 3, 0);
	trace_begin(&writer, 0, 5);
	for (unsigned int i = 0; i < 3; i++) {
		lock_at(GET, HEAD);
		lock_at(CLOSE, FILP(0));
		operation(i == 1 ? TRACE_INTERRUPT : 0);
	}
	for (size_t i = 0; i < COUNT(disturbances); i++) {
		lock_at(GET, HEAD);
		if (disturbances[i])
			lock_at(PUT, TAIL(7));
		operation(disturbances[i]);
	}
	/* The last one did not end. */
	lock_at(GET, HEAD);
	trace_end(&writer, 14);
	trace_block(&writer, 0);
	record = tally();
	assert_int_equal(json_array_size(taken), 1);
	assert_string_equal(string(record, "type"), "counts");
	assert_string_equal(string(record, "execution"), "emulated");
	assert_int_equal(number(record, "boot"), 3);
	assert_int_equal(number(record, "order"), 5);
	assert_true(json_equal(json_object_get(record, "point"),
			       json_object_get(json_array_get(trials, 0), "point")));
	assert_int_equal(number(record, "operations"), 3);
	assert_int_equal(number(record, "rounds"), 3);
	assert_int_equal(number(record, "skipped"), 3);
	assert_int_equal(number(record, "windows"), 1);
	dropped = json_object_get(record, "dropped");
	assert_int_equal(number(dropped, "switch"), 4);
	assert_int_equal(number(dropped, "interrupt"), 2);
	assert_int_equal(number(dropped, "exception"), 2);
	assert_true(json_is_null(json_object_get(record, "instructions")));
	ASSERT_ROWS(record, {"locked", "head page", "_refcount", "get", 3, 1, 0, 1, 1});
}

/* Two CPUs on one line, by two functions and at two fields: all of it is shared. */
static void lines_of_several_cpus_are_shared(void **state)
{
	(void)state;
	trace_header(&writer, 4, 0, 0);
	trace_begin(&writer, 0, 5);
	for (unsigned int i = 0; i < 3; i++) {
		lock_at(GET, HEAD);
		lock_at(CLOSE, FILP(0));
		operation(0);
	}
	trace_end(&writer, 3);
	trace_block(&writer, 0);
	trace_begin(&writer, 1, 5);
	for (unsigned int i = 0; i < 3; i++) {
		lock_at(PUT, HEAD_MAPCOUNT);
		lock_at(CLOSE, FILP(1));
		operation(0);
	}
	trace_end(&writer, 3);
	trace_block(&writer, 1);
	ASSERT_ROWS(tally(), {"locked", "file", "filp+0x40", "close", 6, 1, 0, 1, 2},
		    {"locked", "head page", "_mapcount", "put", 3, 0, 3, 2, 1},
		    {"locked", "head page", "_refcount", "get", 3, 0, 3, 2, 1});
	assert_int_equal(number(json_array_get(taken, 0), "windows"), 2);
	assert_int_equal(number(json_array_get(taken, 0), "operations"), 6);
}

/* A row may be on shared lines and on others. */
static void a_row_may_be_shared_in_part(void **state)
{
	(void)state;
	trace_header(&writer, 200, 0, 0);
	for (unsigned int cpu = 0; cpu < 200; cpu += 66) { /* 0, 66, 132, 198 */
		trace_begin(&writer, cpu, 5);
		lock_at(GET, HEAD);
		lock_at(GET, TAIL(2 + cpu));
		lock_at(GET, TAIL(2 + cpu));
		/* Two CPUs each. */
		lock_at(GET, TAIL(300 + cpu / 100));
		operation(0);
		trace_end(&writer, 1);
		trace_block(&writer, cpu);
	}
	ASSERT_ROWS(tally(), {"locked", "tail page", "_refcount", "get", 12, 3, 4, 2, 6},
		    {"locked", "head page", "_refcount", "get", 4, 1, 4, 4, 1});
}

/* What was dropped makes no sharing. */
static void what_is_dropped_is_not_shared(void **state)
{
	(void)state;
	trace_header(&writer, 2, 0, 0);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		trace_begin(&writer, cpu, 5);
		lock_at(GET, HEAD);
		operation(cpu ? TRACE_INTERRUPT : 0);
		lock_at(PUT, TAIL(9 + cpu));
		operation(0);
		trace_end(&writer, 2);
		trace_block(&writer, cpu);
	}
	/* 1 of 3 rounds has the first, 2 of 3 the second. */
	ASSERT_ROWS(tally(), {"locked", "tail page", "_refcount", "put", 2, 1, 0, 1, 2},
		    {"locked", "head page", "_refcount", "get", 1, 0, 0, 1, 1});
}

/* What another CPU had once, in less than one of 100 accesses, was handed over. */
static void a_line_that_is_handed_over_is_not_shared(void **state)
{
	(void)state;
	trace_header(&writer, 2, 0, 0);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		trace_begin(&writer, cpu, 5);
		/* 1 of 101, and 1 of 100. */
		for (unsigned int i = 0; i < (cpu ? 1 : 100); i++) {
			lock_at(GET, HEAD);
			if (i < 99)
				lock_at(PUT, TAIL(2));
			operation(0);
		}
		trace_end(&writer, cpu ? 1 : 100);
		trace_block(&writer, cpu);
	}
	ASSERT_ROWS(tally(), {"locked", "head page", "_refcount", "get", 101, 1, 0, 1, 1},
		    {"locked", "tail page", "_refcount", "put", 100, 1, 100, 2, 1});
}

/* Lines that are only read bounce between no CPUs. */
static void loads_alone_are_not_shared(void **state)
{
	(void)state;
	trace_header(&writer, 2, 0, TRACE_ACCESSES);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		trace_begin(&writer, cpu, 5);
		trace_access(&writer, TRACE_LOAD, 0, GET, HEAD);
		trace_access(&writer, TRACE_LOAD, 0, GET, TAIL(4));
		if (cpu)
			trace_access(&writer, TRACE_STORE, 0, PUT, TAIL(4) - 4);
		operation(0);
		trace_end(&writer, 1);
		trace_block(&writer, cpu);
	}
	ASSERT_ROWS(tally(), {"load", "head page", "_refcount", "get", 2, 1, 0, 1, 1},
		    {"load", "tail page", "_refcount", "get", 2, 1, 2, 2, 1},
		    {"store", "tail page", "_mapcount", "put", 1, 0, 1, 2, 1});
}

static void usual_is_what_most_operations_have(void **state)
{
	(void)state;
	trace_header(&writer, 1, 0, 0);
	trace_begin(&writer, 0, 5);
	for (unsigned int i = 0; i < 10; i++) {
		lock_at(GET, HEAD);
		lock_at(GET, HEAD);
		lock_at(GET, HEAD);
		/* In every third only, but then several times. */
		for (unsigned int k = 0; k < 5 && i % 3 == 2; k++)
			lock_at(CLOSE, FILP(0));
		/* 1, and 4 once. */
		for (unsigned int k = 0; k < (i == 6 ? 4 : 1); k++)
			lock_at(PUT, HEAD);
		/* 2, but for two operations that have none. */
		for (unsigned int k = 0; k < 2 && i % 5; k++)
			lock_at(PUT, TAIL(2));
		operation(0);
	}
	trace_end(&writer, 10);
	trace_block(&writer, 0);
	ASSERT_ROWS(tally(), {"locked", "head page", "_refcount", "get", 30, 3, 0, 1, 1},
		    {"locked", "tail page", "_refcount", "put", 16, 2, 0, 1, 1},
		    {"locked", "file", "filp+0x40", "close", 15, 0, 0, 1, 1},
		    {"locked", "head page", "_refcount", "put", 13, 1, 0, 1, 1});
}

/* At depth 8: an operation each is 8 a round. */
static void a_round_may_have_several_operations(void **state)
{
	const json_t *record;

	(void)state;
	trace_header(&writer, 1, 8, 0);
	trace_begin(&writer, 0, 5);
	for (unsigned int i = 0; i < 4; i++) {
		for (unsigned int k = 0; k < 16; k++)
			lock_at(GET, HEAD);
		lock_at(CLOSE, FILP(0));
		trace_operation(&writer, i == 2 ? TRACE_SWITCH : 0, 0, 8);
	}
	trace_end(&writer, 32);
	trace_block(&writer, 0);
	record = tally();
	assert_int_equal(number(record, "operations"), 16);
	assert_int_equal(number(record, "rounds"), 2);
	assert_int_equal(number(record, "skipped"), 8);
	assert_int_equal(number(json_object_get(record, "dropped"), "switch"), 8);
	ASSERT_ROWS(record, {"locked", "head page", "_refcount", "get", 32, 2, 0, 1, 1},
		    {"locked", "file", "filp+0x40", "close", 2, 0.125, 0, 1, 1});
}

/* At depth 32, four an operation. */
static void a_round_may_have_many_of_a_row(void **state)
{
	(void)state;
	trace_header(&writer, 1, 0, 0);
	trace_begin(&writer, 0, 5);
	for (unsigned int i = 0; i < 3; i++) {
		for (unsigned int k = 0; k < 128; k++)
			lock_at(GET, HEAD);
		trace_operation(&writer, 0, 0, 32);
	}
	trace_end(&writer, 96);
	trace_block(&writer, 0);
	ASSERT_ROWS(tally(), {"locked", "head page", "_refcount", "get", 384, 4, 0, 1, 1});
}

/* A workload that faults does so in most of what is skipped, each window for itself. */
static void exceptions_may_belong_to_the_operation(void **state)
{
	const json_t *record;

	(void)state;
	trace_header(&writer, 2, 4, 0);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		trace_begin(&writer, cpu, 5);
		/* 3 of 4, which is most; 2 of 4, which is not. */
		for (unsigned int i = 0; i < 4; i++) {
			lock_at(GET, HEAD);
			operation(i >= 1 + cpu ? TRACE_EXCEPTION : 0);
		}
		for (unsigned int i = 0; i < 5; i++) {
			lock_at(GET, HEAD);
			operation(TRACE_EXCEPTION | (i == 4 ? TRACE_INTERRUPT : 0));
		}
		lock_at(PUT, HEAD);
		operation(0);
		trace_end(&writer, 10);
		trace_block(&writer, cpu);
	}
	record = tally();
	assert_int_equal(number(record, "operations"), 4 + 1 + 1);
	assert_int_equal(number(record, "skipped"), 8);
	assert_int_equal(number(json_object_get(record, "dropped"), "exception"), 4);
	assert_int_equal(number(json_object_get(record, "dropped"), "interrupt"), 2);
	assert_int_equal(number(json_object_get(record, "dropped"), "switch"), 0);
	ASSERT_ROWS(record, {"locked", "head page", "_refcount", "get", 4, 1, 4, 2, 1},
		    {"locked", "head page", "_refcount", "put", 2, 0, 2, 2, 1});
}

/* --- trials ------------------------------------------------------------------------- */

static void window_of(unsigned int cpu, unsigned int trial, unsigned int operations)
{
	trace_begin(&writer, cpu, trial);
	for (unsigned int i = 0; i < operations; i++) {
		lock_at(GET, HEAD);
		operation(0);
	}
	trace_end(&writer, operations);
	trace_block(&writer, cpu);
}

/* The same address is another thing in each: the buffer is elsewhere, or of other pages. */
static void every_trial_has_its_record(void **state)
{
	(void)state;
	add_trial_of(6, "4k", FRAME, 1);
	add_trial_of(7, "2m", FRAME + 512, 512);
	add_trial_of(8, "thp", FRAME, 512);
	add_trial_of(9, "64k", FRAME - 1, 16);
	trace_header(&writer, 2, 0, 0);
	window_of(0, 5, 1);
	window_of(1, 5, 1);
	/* Of no trial that is known: as if it were not there. */
	window_of(0, 1000, 7);
	window_of(1, 1000, 7);
	window_of(0, 6, 2);
	window_of(1, 7, 3);
	window_of(0, 8, 4);
	window_of(0, 9, 5);
	tally();
	assert_int_equal(json_array_size(taken), 5);
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(number(json_array_get(taken, i), "order"), 5 + i);
		assert_int_equal(number(json_array_get(taken, i), "windows"), i ? 1 : 2);
		assert_int_equal(number(json_array_get(taken, i), "operations"), i ? i + 1 : 2);
		assert_int_equal(
			number(json_object_get(json_array_get(taken, i), "point"), "workers"),
			6 + i);
	}
	ASSERT_ROWS(json_array_get(taken, 0),
		    {"locked", "head page", "_refcount", "get", 2, 1, 2, 2, 1});
	ASSERT_ROWS(json_array_get(taken, 1),
		    {"locked", "base page", "_refcount", "get", 2, 1, 0, 1, 1});
	ASSERT_ROWS(json_array_get(taken, 2),
		    {"locked", "other page", "_refcount", "get", 3, 1, 0, 1, 1});
	ASSERT_ROWS(json_array_get(taken, 3),
		    {"locked", "head page", "_refcount", "get", 4, 1, 0, 1, 1});
	ASSERT_ROWS(json_array_get(taken, 4),
		    {"locked", "head page", "_refcount", "get", 5, 1, 0, 1, 1});
}

static void a_trial_that_is_not_known_gives_nothing(void **state)
{
	static const uint64_t entries[][3] = {{GET, 3, 1}};

	(void)state;
	trace_header(&writer, 2, 0, TRACE_INSTRUCTIONS);
	/* What is in no window does no harm either. */
	lock_at(GET, HEAD);
	operation(0);
	trace_profile(&writer, 1, entries, COUNT(entries));
	trace_end(&writer, 1);
	trace_block(&writer, 1);
	window_of(0, 4, 3);
	trace_profile(&writer, 1, entries, COUNT(entries));
	trace_block(&writer, 0);
	assert_null(tally());
	assert_int_equal(info.blocks, 3);
}

static void a_trace_of_nothing_gives_nothing(void **state)
{
	(void)state;
	trace_header(&writer, 2, 0, 0);
	assert_null(tally());
}

static void a_trial_in_which_all_was_dropped_has_a_record(void **state)
{
	const json_t *record;

	(void)state;
	trace_header(&writer, 1, 0, TRACE_INSTRUCTIONS);
	trace_begin(&writer, 0, 5);
	lock_at(GET, HEAD);
	operation(TRACE_INTERRUPT);
	trace_end(&writer, 1);
	trace_block(&writer, 0);
	record = tally();
	assert_int_equal(number(record, "operations"), 0);
	assert_int_equal(number(record, "rounds"), 0);
	assert_int_equal(number(json_object_get(record, "dropped"), "interrupt"), 1);
	assert_int_equal(json_array_size(json_object_get(record, "rows")), 0);
	assert_true(json_is_null(json_object_get(record, "instructions")));
}

/* The trace was cut off: what was seen until then counts. */
static void a_cut_trace_is_summed_up_as_far_as_it_goes(void **state)
{
	const json_t *record;

	(void)state;
	trace_header(&writer, 1, 0, 0);
	trace_begin(&writer, 0, 5);
	lock_at(GET, HEAD);
	operation(0);
	lock_at(PUT, HEAD);
	trace_block(&writer, 0);
	operation(0);
	trace_end(&writer, 2);
	trace_block(&writer, 0);
	writer.size--;
	record = tally();
	assert_true(info.truncated);
	assert_int_equal(number(record, "operations"), 1);
	ASSERT_ROWS(record, {"locked", "head page", "_refcount", "get", 1, 1, 0, 1, 1});
}

/*
 * A worker that was killed left its window open, and the plugin ends it when the CPU's next begins.
 * Another CPU may be in the next trial by then, in which it has no part.
 */
static void a_window_is_of_the_trial_that_it_began_in(void **state)
{
	(void)state;
	add_trial_of(6, "2m", FRAME, 512);
	trace_header(&writer, 2, 0, 0);
	trace_begin(&writer, 1, 5);
	lock_at(PUT, HEAD);
	operation(0);
	lock_at(PUT, HEAD);
	trace_block(&writer, 1);
	window_of(0, 6, 2);
	lock_at(PUT, HEAD);
	operation(0);
	trace_end(&writer, 2);
	trace_block(&writer, 1);
	window_of(1, 6, 1);
	tally();
	assert_int_equal(json_array_size(taken), 2);
	assert_int_equal(number(json_array_get(taken, 0), "operations"), 1);
	assert_int_equal(number(json_array_get(taken, 1), "operations"), 3);
	ASSERT_ROWS(json_array_get(taken, 1),
		    {"locked", "head page", "_refcount", "get", 3, 1, 3, 2, 1});
}

/* --- instructions ---------------------------------------------------------------------- */

static void instructions_are_summed_up_by_function(void **state)
{
	static const uint64_t first[][3] = {
		{USER, 5, 10}, {USER + 0x40, 1, 2}, {GET, 7, 3}, {GET + 0x20, 2, 100}};
	static const uint64_t second[][3] = {{GET, 7, 1}, {PUT, 1000, 4}};
	/* The same window's, in a second table. */
	static const uint64_t rest[][3] = {{0xffffffff80000000ull, 3, 3}};
	const json_t *record, *instructions, *wanted;

	(void)state;
	trace_header(&writer, 2, 0, TRACE_INSTRUCTIONS);
	trace_begin(&writer, 0, 5);
	operation(0);
	trace_profile(&writer, 11, first, COUNT(first));
	trace_end(&writer, 1);
	trace_block(&writer, 0);
	trace_begin(&writer, 1, 5);
	operation(0);
	trace_profile(&writer, 4, second, COUNT(second));
	trace_profile(&writer, 0, rest, COUNT(rest));
	trace_end(&writer, 1);
	trace_block(&writer, 1);
	record = tally();
	instructions = json_object_get(record, "instructions");
	assert_int_equal(number(instructions, "operations"), 15);
	assert_int_equal(number(instructions, "user"), 52);
	assert_int_equal(number(instructions, "kernel"), 21 + 200 + 7 + 4000 + 9);
	wanted = json_pack("[[s,i],[s,i],[s,i],[s,i]]", "put", 4000, "get", 228, "user space", 52,
			   "unknown", 9);
	assert_true(json_equal(json_object_get(instructions, "by"), wanted));
	json_decref((json_t *)wanted);
}

static void locked_operations_of_user_space_are_the_programs(void **state)
{
	(void)state;
	trace_header(&writer, 1, 0, 0);
	trace_begin(&writer, 0, 5);
	lock_at(USER, TRACE_PHYSICAL | (FRAME * 4096 + 8));
	lock_at(USER + 0x1000, TRACE_PHYSICAL | 0x1000);
	lock_at(0xffffffff80000000ull, TRACE_PHYSICAL | 0x1000);
	operation(0);
	trace_end(&writer, 1);
	trace_block(&writer, 0);
	ASSERT_ROWS(tally(), {"locked", "buffer", "", "user space", 1, 1, 0, 1, 1},
		    {"locked", "user memory", "", "unknown", 1, 1, 0, 1, 1},
		    {"locked", "user memory", "", "user space", 1, 1, 0, 1, 1});
}

/* --- when it goes wrong ------------------------------------------------------------------- */

static int refuse(void *user, json_t *record, struct error *e)
{
	(void)user;
	json_decref(record);
	return fail(e, "The disk is full.");
}

static void errors_are_passed_on(void **state)
{
	struct error e = {""};

	(void)state;
	add_trial_of(6, "2m", FRAME, 512);
	trace_header(&writer, 1, 0, 0);
	window_of(0, 5, 3);
	window_of(0, 6, 3);
	trace_save(&writer, "trace");
	assert_int_equal(tally_trace("trace", trials, &lines, refuse, NULL, &info, &e), -1);
	assert_string_equal(e.text, "The disk is full.");
	/* At the last one, too. */
	trace_header(&writer, 1, 0, 0);
	window_of(0, 6, 3);
	trace_save(&writer, "trace");
	e.text[0] = '\0';
	assert_int_equal(tally_trace("trace", trials, &lines, refuse, NULL, &info, &e), -1);
	assert_string_equal(e.text, "The disk is full.");
	assert_int_equal(tally_trace("nothing", trials, &lines, refuse, NULL, &info, &e), -1);
	assert_contains(e.text, "nothing: No such file");
}

static void a_record_that_lacks_something_is_an_error(void **state)
{
	struct error e = {""};

	(void)state;
	json_object_del(json_array_get(trials, 0), "execution");
	trace_header(&writer, 1, 0, 0);
	window_of(0, 5, 3);
	trace_save(&writer, "trace");
	assert_int_equal(tally_trace("trace", trials, &lines, keep_record, NULL, &info, &e), -1);
	assert_contains(e.text, "lacks");
	assert_int_equal(json_array_size(taken), 0);
}

#define tally_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tally_test(what_was_disturbed_or_skipped_does_not_count),
		tally_test(lines_of_several_cpus_are_shared),
		tally_test(a_row_may_be_shared_in_part),
		tally_test(what_is_dropped_is_not_shared),
		tally_test(a_line_that_is_handed_over_is_not_shared),
		tally_test(loads_alone_are_not_shared),
		tally_test(usual_is_what_most_operations_have),
		tally_test(a_round_may_have_several_operations),
		tally_test(a_round_may_have_many_of_a_row),
		tally_test(exceptions_may_belong_to_the_operation),
		tally_test(every_trial_has_its_record),
		tally_test(a_trial_that_is_not_known_gives_nothing),
		tally_test(a_trace_of_nothing_gives_nothing),
		tally_test(a_trial_in_which_all_was_dropped_has_a_record),
		tally_test(a_cut_trace_is_summed_up_as_far_as_it_goes),
		tally_test(a_window_is_of_the_trial_that_it_began_in),
		tally_test(instructions_are_summed_up_by_function),
		tally_test(locked_operations_of_user_space_are_the_programs),
		tally_test(errors_are_passed_on),
		tally_test(a_record_that_lacks_something_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
