/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes runs that were never measured, for the tests of comparisons: as docs/JOURNAL.md has them.
 */
#ifndef PINSCALE_RUN_WRITER_H
#define PINSCALE_RUN_WRITER_H

#include "testing.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/run.h"

#define RUNNING "{\"schema\": 1, \"kind\": \"run\", \"margin\": 0.02}"

/* What stands in run.json of a comparison of kernels; plan: further keys of the plan. */
#define AB_OF(variants, plan)                                                                   \
	"{\"schema\": 1, \"kind\": \"ab\", \"margin\": 0.02, \"sweep\": {\"name\": \"mail\"}, " \
	"\"plan\": {\"variants\": [" variants "], \"order\": []" plan "}}"
#define AB AB_OF("\"stock\", \"taillock\"", "")
#define AB_PLAN(boots, extension) \
	AB_OF("\"stock\", \"taillock\"", ", \"boots\": " #boots ", \"extension\": " #extension)

static char journal[1 << 20];
static size_t journal_used;
static const char *run_directory;

__attribute__((format(printf, 1, 2))) static inline void add_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	journal_used +=
		vsnprintf(journal + journal_used, sizeof(journal) - journal_used, format, args);
	va_end(args);
	assert_true(journal_used < sizeof(journal));
}

static inline void put_in_run(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", run_directory, name);
	put_file(path, text);
}

static inline void begin_run(const char *directory, const char *run_json)
{
	char path[256];

	run_directory = directory;
	journal_used = 0;
	journal[0] = '\0';
	assert_int_equal(mkdir(directory, 0755), 0);
	snprintf(path, sizeof(path), "%s/boots", directory);
	assert_int_equal(mkdir(path, 0755), 0);
	put_in_run("run.json", run_json);
}

static inline void add_boot_with(unsigned int number, const char *variant, int slot,
				 const char *execution, const char *more)
{
	char name[64], text[1024];

	snprintf(name, sizeof(name), "boots/%u.json", number);
	snprintf(text, sizeof(text),
		 "{\"schema\": 1, \"boot\": %u, \"variant\": \"%s\", \"slot\": %d, \"execution\": "
		 "\"%s\"%s}",
		 number, variant, slot, execution, more);
	put_in_run(name, text);
}

static inline void add_boot(unsigned int number, const char *variant, int slot)
{
	add_boot_with(number, variant, slot, "native", "");
}

static inline void end_boot(unsigned int number)
{
	add_line("{\"type\":\"boot-end\",\"boot\":%u}\n", number);
}

/* Where the CPUs of a trial's workers are. */
enum cpus { CPUS_UNKNOWN, CPUS_NEAR, CPUS_FAR, CPUS_MOVE };

struct made {
	unsigned int boot, repetition;
	double rate;
	const char *sharing;  /* NULL: shared */
	const char *workload; /* NULL: pread */
	const char *mapping;  /* NULL: hugetlbfs */
	unsigned int workers; /* 0: 2 */
	enum cpus cpus;
	double foreign;
	const char *axes; /* further keys of the point, or NULL */
	const char *more; /* and of the trial */
};

static inline void add_trial(struct made m)
{
	static const char *const pingpong[] = {
		[CPUS_UNKNOWN] = "null",
		[CPUS_NEAR] = "[44,45]",
		[CPUS_FAR] = "[170,180]",
		[CPUS_MOVE] = "[44,180]",
	};

	add_line(
		"{\"type\":\"trial\",\"boot\":%u,\"repetition\":%u,\"point\":{\"workload\":\"%s\","
		"\"target\":\"zram\",\"page\":\"2m\",\"mapping\":\"%s\",\"sharing\":\"%s\","
		"\"subpage\":\"tail\",\"block\":4096,\"depth\":1,\"workers\":%u,"
		"\"placement\":\"compact\"%s},\"operations_per_s\":%.17g,\"slice_median_per_s\":%g,"
		"\"total_operations\":1000,\"covariates\":{\"pingpong_ns\":%s,\"foreign_cpu\":%g}%s}\n",
		m.boot, m.repetition, m.workload ? m.workload : "pread",
		m.mapping ? m.mapping : "hugetlbfs", m.sharing ? m.sharing : "shared",
		m.workers ? m.workers : 2, m.axes ? m.axes : "", m.rate, m.rate, pingpong[m.cpus],
		m.foreign, m.more ? m.more : "");
}

/* A repetition in which private and shared pages took turns. */
static inline void add_round(unsigned int boot, unsigned int repetition, double private,
			     double shared, enum cpus cpus)
{
	add_trial((struct made){.boot = boot,
				.repetition = repetition,
				.rate = private,
				.sharing = "private",
				.cpus = cpus});
	add_trial((struct made){
		.boot = boot, .repetition = repetition, .rate = shared, .cpus = cpus});
}

/* A B, B A, A B, ...: which of two variants has that place of the plan. */
static inline const char *variant_at(unsigned int slot)
{
	return slot % 4 == 0 || slot % 4 == 3 ? "stock" : "taillock";
}

/* Boot n + 1 at place n, of one trial, that came to its end. */
static inline void add_ended_boot(unsigned int slot, double rate)
{
	add_boot(slot + 1, variant_at(slot), slot);
	add_trial((struct made){.boot = slot + 1, .rate = rate});
	end_boot(slot + 1);
}

/* A turn of two kernels. */
static inline void add_turn(unsigned int turn, double stock, double taillock)
{
	for (unsigned int slot = 2 * turn; slot < 2 * turn + 2; slot++)
		add_ended_boot(slot, variant_at(slot)[0] == 's' ? stock : taillock);
}

static inline void read_run(struct run *r)
{
	struct error e = {""};

	put_in_run("trials.jsonl", journal);
	if (run_read(r, run_directory, &e))
		fail_msg("%s", e.text);
}

#endif
