// SPDX-License-Identifier: GPL-3.0-or-later
#include "covariate.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"

uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

double compute_ns(void)
{
	enum { STEPS = 100000 };
	uint64_t start = clock_ns();
	uint64_t x = start;

	for (int i = 0; i < STEPS; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		__asm__ volatile("" : "+r"(x));
	}
	return (double)(clock_ns() - start) / STEPS;
}

#define PINGPONG_OVER UINT32_MAX

double pingpong_ns(struct pingpong *p, int side)
{
	enum { WARM = 200, ROUNDS = 5000, LIMIT_NS = 5 * 1000 * 1000, CHECK = 64 };
	uint64_t start = clock_ns(), from = start, now = start;
	uint32_t rounds = 0, counted = 0;

	/* Side 0 makes the turn odd, side 1 even again: a round is two ways. */
	if (side) {
		for (uint32_t turn = 1;; turn += 2) {
			uint32_t seen;

			while ((seen = atomic_load_explicit(&p->turn, memory_order_acquire)) !=
			       turn)
				if (seen == PINGPONG_OVER)
					return 0;
			atomic_store_explicit(&p->turn, turn + 1, memory_order_release);
		}
	}
	while (rounds < ROUNDS && now - start < LIMIT_NS) {
		if (rounds == WARM) {
			from = clock_ns();
			counted = 0;
		}
		atomic_store_explicit(&p->turn, 2 * rounds + 1, memory_order_release);
		while (atomic_load_explicit(&p->turn, memory_order_acquire) != 2 * rounds + 2)
			;
		rounds++;
		counted++;
		if (rounds % CHECK == 0)
			now = clock_ns();
	}
	now = clock_ns();
	atomic_store_explicit(&p->turn, PINGPONG_OVER, memory_order_release);
	return counted ? (double)(now - from) / counted / 2 : 0;
}

int cpu_time_read(struct cpu_time *t, struct error *e)
{
	unsigned long long user, nice, system, idle, iowait, irq, softirq, steal = 0;
	double tick = 1.0 / sysconf(_SC_CLK_TCK);
	char line[256];

	file_line("/proc/stat", line, sizeof(line));
	t->at = clock_ns();
	if (sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
		   &idle, &iowait, &irq, &softirq, &steal) < 7)
		return fail(e, "Reading the CPU time in /proc/stat: its first line is '%.60s'",
			    line);
	/* Interrupts are mostly those of the I/O that is measured. */
	t->busy = (user + nice + system) * tick;
	t->steal = steal * tick;
	return 0;
}
