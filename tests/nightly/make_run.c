// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Writes a run of two kernels in turn that was never measured, as large as is asked for, with
 * lines like those of results/reference/: for big_run.bats. taillock has 0.97 of stock's
 * rate everywhere, but for noise.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define USAGE "usage: make_run DIR POINTS BOOTS REPETITIONS WORKERS\n"
#define TURN "0110" /* which variant is booted when */
#define SLICES 20

static const char *const variants[] = {"stock", "taillock"};
static const char *const sharings[] = {"private", "shared", "same", "group:4", "pool:8"};
static const char *const workloads[] = {"pread", "pwrite"};

/* xorshift64: the same run every time. */
static unsigned long long state = 88172645463325252ull;

static unsigned int chance(unsigned int below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 33) % below;
}

static int variant_of(unsigned int boot)
{
	return TURN[boot % strlen(TURN)] - '0';
}

__attribute__((format(printf, 2, 3))) static FILE *create(const char *directory, const char *format,
							  ...)
{
	char name[64], path[4200];
	va_list args;
	FILE *f;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "we");
	if (!f) {
		perror(path);
		exit(2);
	}
	return f;
}

static void write_head(const char *directory, unsigned int boots, unsigned int repetitions)
{
	FILE *f = create(directory, "run.json");

	fprintf(f,
		"{\"schema\": 1, \"pinscale\": \"0.1.0\", \"created\": \"2026-11-24T02:31:05Z\", "
		"\"kind\": \"ab\", \"sweep\": {\"name\": \"big\", \"text\": \"[points]\\nworkload = "
		"pread pwrite\\n\", \"overrides\": []}, \"seed\": 1, \"repetitions\": %u, "
		"\"window_s\": 0.3, \"warmup_s\": 0.1, \"slices\": %u, \"latency\": false, "
		"\"margin\": 0.02, \"rules\": {\"near_ns\": 120, \"foreign_cpu\": 0.1}, \"plan\": "
		"{\"variants\": [\"stock\", \"taillock\"], \"boots\": %u, \"order\": [",
		repetitions, SLICES, boots / 2);
	for (unsigned int b = 0; b < boots; b++)
		fprintf(f, "%s\"%s\"", b ? ", " : "", variants[variant_of(b)]);
	fputs("], \"block\": [", f);
	for (unsigned int b = 0; b < boots; b++)
		fprintf(f, "%s%u", b ? ", " : "", b / 4 + 1);
	fputs("]}}\n", f);
	fclose(f);
}

static void write_boot(const char *directory, unsigned int boot)
{
	FILE *f = create(directory, "boots/%u.json", boot + 1);

	fprintf(f,
		"{\"schema\": 1, \"boot\": %u, \"variant\": \"%s\", \"slot\": %u, \"execution\": "
		"\"native\", \"kernel\": {\"release\": \"6.1.0-%s\"}, \"cpu\": {\"model\": \"none\", "
		"\"online\": \"0-63\"}, \"targets\": {\"zram\": {\"what\": \"never made\"}}}\n",
		boot + 1, variants[variant_of(boot)], boot, variants[variant_of(boot)]);
	fclose(f);
}

static void write_slices(FILE *f, unsigned int operations)
{
	fputs("\"slices\":{\"seconds\":[", f);
	for (unsigned int i = 0; i < SLICES; i++)
		fprintf(f, "%s0.015%06u", i ? "," : "", chance(1000000));
	fputs("],\"operations\":[", f);
	for (unsigned int i = 0; i < SLICES; i++)
		fprintf(f, "%s%u", i ? "," : "", operations / SLICES + chance(100));
	fputs("]},", f);
}

static void write_workers(FILE *f, unsigned int workers, unsigned int operations)
{
	fputs("\"workers\":[", f);
	for (unsigned int i = 0; i < workers; i++) {
		unsigned int own = operations / workers + chance(1000);

		fprintf(f,
			"%s{\"cpu\":%u,\"operations\":%u,\"bytes\":%llu,\"total_operations\":%u,"
			"\"user_s\":0.0%05u,\"system_s\":0.1%05u,\"involuntary_switches\":%u,"
			"\"voluntary_switches\":0,\"compute_ns\":[1.%05u,1.%05u]}",
			i ? "," : "", i, own, own * 4096ull, own + own / 3, chance(100000),
			chance(100000), chance(50), chance(100000), chance(100000));
	}
	fputs("],", f);
}

/* The axes of a point, with as many workers as its trials have. */
static void write_point(FILE *f, unsigned int point, unsigned int workers)
{
	unsigned int sharing = point % 5, workload = point / 5 % 2, block = point / 10;

	fprintf(f,
		"\"point\":{\"workload\":\"%s\",\"target\":\"zram\",\"devices\":\"one\",\"page\":\"2m\","
		"\"mapping\":\"hugetlbfs\",\"sharing\":\"%s\",\"subpage\":\"tail\",\"mempolicy\":"
		"\"local\",\"block\":%u,\"depth\":1,\"access\":\"sequential\",\"workers\":%u,"
		"\"task\":\"thread\",\"placement\":\"compact\"},",
		workloads[workload], sharings[sharing], 4096 * (block + 1), workers);
}

static void write_probes(FILE *f, int variant, unsigned int total)
{
	fprintf(f, "\"probes\":{\"pins\":{\"acquired\":%u,\"released\":%u,\"checked\":true}", total,
		total);
	if (variant)
		fprintf(f,
			",\"tailref\":{\"acquisitions\":%u,\"contended\":%u,\"spin_cycles\":%u,"
			"\"tail_gets\":%u,\"tail_puts\":%u,\"tails_held\":0}",
			5 * total, chance(total / 100), chance(100000), total, total);
	fputs("},", f);
}

static void write_trial(FILE *f, unsigned int boot, unsigned int order, unsigned int repetition,
			unsigned int point, unsigned int workers)
{
	double noise = 1 + (chance(2001) - 1000.0) / 1e5;
	double rate = 1e6 * noise * (variant_of(boot) ? 0.97 : 1);
	unsigned int operations = rate * 0.3, total = operations + operations / 3;

	fprintf(f,
		"{\"type\":\"trial\",\"boot\":%u,\"execution\":\"native\",\"order\":%u,"
		"\"repetition\":%u,",
		boot + 1, order, repetition);
	write_point(f, point, workers);
	fprintf(f,
		"\"started\":\"2026-11-24T11:09:44Z\",\"window_s\":0.3,\"warmup_s\":0.1,"
		"\"operations\":%u,\"bytes\":%llu,\"operations_per_s\":%.9g,"
		"\"slice_median_per_s\":%.9g,\"total_operations\":%u,",
		operations, operations * 4096ull, rate, rate, total);
	write_slices(f, operations);
	write_workers(f, workers, operations);
	fprintf(f,
		"\"covariates\":{\"pingpong_ns\":[4%u.1,4%u.2],\"foreign_cpu\":0.00%u,"
		"\"steal\":0.0},",
		chance(10), chance(10), chance(10));
	write_probes(f, variant_of(boot), total);
	fputs("\"start_s\":0.000306406,\"buffer\":{\"huge\":true,\"nodes\":[0]},\"problems\":[]}\n",
	      f);
}

static void write_end(FILE *f, unsigned int boot, unsigned int trials)
{
	fprintf(f,
		"{\"type\":\"boot-end\",\"boot\":%u,\"trials\":%u,\"failed\":0,\"huge_pages\":{\"2m\":"
		"{\"total\":8,\"free\":8,\"others\":0}},\"tails_held\":0,\"kernel_warnings\":[]}\n",
		boot + 1, trials);
}

int main(int argc, char **argv)
{
	unsigned int points, boots, repetitions, workers;
	char path[4200];
	FILE *f;

	if (argc != 6) {
		fputs(USAGE, stderr);
		return 2;
	}
	points = strtoul(argv[2], NULL, 10);
	boots = strtoul(argv[3], NULL, 10);
	repetitions = strtoul(argv[4], NULL, 10);
	workers = strtoul(argv[5], NULL, 10);
	snprintf(path, sizeof(path), "%s/boots", argv[1]);
	mkdir(argv[1], 0755);
	mkdir(path, 0755);
	write_head(argv[1], boots, repetitions);
	f = create(argv[1], "trials.jsonl");
	for (unsigned int b = 0; b < boots; b++) {
		unsigned int order = 0;

		write_boot(argv[1], b);
		for (unsigned int n = 0; n < repetitions; n++)
			for (unsigned int p = 0; p < points; p++)
				write_trial(f, b, order++, n, p, workers);
		write_end(f, b, order);
	}
	return fclose(f) ? 2 : 0;
}
