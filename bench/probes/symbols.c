// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where the suite's own tasks spend CPU time in the kernel: samples of all CPUs, of which
 * those of this process and its descendants count, by symbol. Sees what waits by running
 * (bit locks, atomics on lines that move), which no probe of locks does. Not what kernel
 * threads do for the tasks: a read that gives back its pages in a work item does so there.
 *
 * A sample counts for the function whose code it is in. An inlined function has no code of
 * its own, so that its samples are with the one around it; the addresses with most samples
 * are recorded as well, which a disassembly or addr2line -i of that kernel tells apart.
 * Without a PMU the kernel's timers sample, whose interrupt waits where interrupts are
 * off: such a sample is at the place where they were switched on again ("skid").
 *
 * What is sampled outside the kernel is told as well, for workloads that make no system
 * calls: by the functions of this program, where the process runs it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/symbols.h"
#include "include/probe.h"
#include "symbols_folded.h"
#include "symbols_program.h"
#include "symbols_references.h"
#include "symbols_rings.h"
#include "symbols_sums.h"
#include "symbols_tasks.h"

#define KALLSYMS "/proc/kallsyms"
#define LIST PINSCALE_TOP "/configs/probes/symbols.ini"

/* Symbols in the record: of the kernel, and of this program. */
#define MOST 30
#define MOST_OF_PROGRAM 8

/* No function of the kernel is larger. */
#define LARGEST_FUNCTION (1u << 24)

enum { SAMPLES, KERNEL, REFERENCE, LOST, PERIOD };

/* What the samples of a trial say. */
struct reading {
	struct tasks tasks;
	struct sums sums, program;
	json_t *references;    /* the list: the sums have its words */
	struct program *names; /* of its own functions: the sums have them */
	struct folded *folded; /* NULL: not wanted */
	uint64_t samples, kernel, throttled;
	uint64_t elsewhere; /* in another program that a task runs */
	pid_t last;	    /* asked last whether it runs this program */
	bool last_runs;
};

/* Of the trial that this process runs. */
static struct rings rings;

/* Does /proc/kallsyms have addresses, for us? It has zeros for those who may not see them. */
static bool addresses_shown(void)
{
	FILE *f = fopen(KALLSYMS, "re");
	unsigned long long address = 0;
	char type, line[512];

	while (f && !address && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %c", &address, &type) == 2 && (type | 0x20) == 't')
			break;
		else
			address = 0;
	if (f)
		fclose(f);
	return address != 0;
}

static const char *symbols_unsupported(void)
{
	const char *why = rings_unsupported();

	if (why)
		return why;
	return addresses_shown() ? NULL
				 : "symbols: " KALLSYMS
				   " shows no addresses of functions; run as root and "
				   "set /proc/sys/kernel/kptr_restrict to 0 or 1 (the kernel needs "
				   "CONFIG_KALLSYMS)";
}

static int symbols_begin(struct probe_run *r, struct error *e)
{
	(void)r;
	if (rings_open(&rings, folded_wanted(), e))
		return -1;
	if (!rings_start(&rings, e))
		return 0;
	rings_close(&rings);
	return -1;
}

static void take_parent(void *user, pid_t pid, pid_t parent)
{
	tasks_add(&((struct reading *)user)->tasks, pid, parent);
}

static void take_throttled(void *user)
{
	((struct reading *)user)->throttled++;
}

static void take_user_sample(struct reading *reading, const struct sample *s)
{
	if (s->pid != reading->last) {
		reading->last = s->pid;
		reading->last_runs = program_runs_in(s->pid);
	}
	if (reading->last_runs)
		sums_add(&reading->program, s->address);
	else
		reading->elsewhere++;
}

static void take_sample(void *user, const struct sample *s)
{
	struct reading *reading = user;

	if (!tasks_own(&reading->tasks, s->pid))
		return;
	reading->samples++;
	if (s->kernel) {
		reading->kernel++;
		sums_add(&reading->sums, s->address);
	} else {
		take_user_sample(reading, s);
	}
	if (reading->folded)
		folded_add(reading->folded, s);
}

/* Whose child is who has to be known before a sample is looked at. */
static void read_samples(struct reading *reading)
{
	const struct ring_reader parents = {
		.parent = take_parent,
		.throttled = take_throttled,
		.user = reading,
	};
	const struct ring_reader samples = {.sample = take_sample, .user = reading};

	rings_read(&rings, &parents);
	rings_read(&rings, &samples);
}

static json_t *program_json(const struct reading *reading, size_t most)
{
	return json_pack("{sosIsI}", "symbols", sums_json(&reading->program, most), "others",
			 (json_int_t)sums_others(&reading->program, most), "elsewhere",
			 (json_int_t)reading->elsewhere);
}

static json_t *details_json(const struct reading *reading, size_t most)
{
	bool clock = !strcmp(rings.event, "cpu-clock");
	size_t of_program = most < MOST_OF_PROGRAM ? most : MOST_OF_PROGRAM;

	return json_pack("{sssbsisIsososIso}", "event", rings.event, "skid", clock, "precise",
			 rings.precise, "throttled", (json_int_t)reading->throttled, "references",
			 sums_references_json(&reading->sums), "symbols",
			 sums_json(&reading->sums, most), "others",
			 (json_int_t)sums_others(&reading->sums, most), "program",
			 program_json(reading, of_program));
}

/* As many symbols as there is room for. */
static int write_details(struct probe_run *r, const struct reading *reading, struct error *e)
{
	for (size_t most = MOST; r->details; most--) {
		json_t *json = details_json(reading, most);
		size_t length = json ? json_dumpb(json, r->details, r->room, JSON_COMPACT) : 0;

		json_decref(json);
		if (length && length < r->room) {
			r->details[length] = '\0';
			return 0;
		}
		if (!most) {
			r->details[0] = '\0';
			return fail(e, "symbols: %zu bytes are too few for the record", r->room);
		}
	}
	return 0;
}

/*
 * The kernel's list of symbols has no sizes, and the reader of it tells no starts: the
 * first address that has the same name, in the same memory, is it.
 */
static const char *kernel_function(const void *user, uint64_t address, uint64_t *start)
{
	const char *name = symbols_function(user, address);
	uint64_t low = address - LARGEST_FUNCTION, high = address;

	while (name && low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (symbols_function(user, middle) == name)
			high = middle;
		else
			low = middle + 1;
	}
	*start = high;
	return name;
}

static const char *own_function(const void *user, uint64_t address, uint64_t *start)
{
	return program_function(user, address, start);
}

static int make_sums(struct reading *reading, const struct symbols *symbols, struct error *e)
{
	const struct namer kernel = {kernel_function, symbols};
	struct namer own = {own_function, NULL};

	reading->references = references_read(LIST, e);
	reading->names = reading->references ? program_read(e) : NULL;
	own.user = reading->names;
	if (!reading->names || sums_make(&reading->sums, &kernel, reading->references, e) ||
	    sums_make(&reading->program, &own, NULL, e))
		return -1;
	return reading->tasks.no_memory ? fail(e, "symbols: no memory for the processes there are")
					: 0;
}

static int sum_up(struct probe_run *r, struct reading *reading, const struct symbols *symbols,
		  struct error *e)
{
	if (make_sums(reading, symbols, e))
		return -1;
	r->values[SAMPLES] = reading->samples;
	r->values[KERNEL] = reading->kernel;
	r->values[REFERENCE] = sums_references(&reading->sums);
	r->values[PERIOD] = 1000000000 / rings.frequency;
	if (write_details(r, reading, e))
		return -1;
	return reading->folded ? folded_write(reading->folded, symbols, e) : 0;
}

static int symbols_end(struct probe_run *r, struct error *e)
{
	struct reading reading = {0};
	struct symbols *symbols;
	int rc = -1;

	rings_stop(&rings);
	reading.folded = rings.chains ? folded_new() : NULL;
	read_samples(&reading);
	r->values[LOST] = rings_lost(&rings);
	symbols = symbols_read(KALLSYMS, e);
	if (symbols)
		rc = sum_up(r, &reading, symbols, e);
	folded_free(reading.folded);
	symbols_free(symbols);
	sums_free(&reading.sums);
	sums_free(&reading.program);
	program_free(reading.names);
	json_decref(reading.references);
	tasks_free(&reading.tasks);
	rings_close(&rings);
	return rc;
}

static const struct probe symbols_probe = {
	.name = "symbols",
	.summary =
		"samples of CPU time by the kernel's symbols, and the page-reference functions' share",
	.values = {"samples", "kernel", "reference", "lost", "period_ns"},
	.apart = true,
	.views =
		{
			[MECHANISM_BIT_LOCK] = {SIGHT_SEES, NULL},
			[MECHANISM_ATOMIC] = {SIGHT_SEES, NULL},
			[MECHANISM_FOLIO_LOCK] =
				{SIGHT_PARTLY,
				 "waiting asleep takes no CPU time; taking the lock, "
				 "going to sleep and waking do, and what is inlined of it "
				 "is counted where it is inlined"},
			[MECHANISM_SPIN] = {SIGHT_SEES, NULL},
			[MECHANISM_SLEEPING] =
				{SIGHT_PARTLY,
				 "waiting asleep takes no CPU time; spinning for the owner "
				 "to let go, going to sleep and waking do"},
		},
	.unsupported = symbols_unsupported,
	.begin = symbols_begin,
	.end = symbols_end,
};
REGISTER_PROBE(symbols_probe);
