// SPDX-License-Identifier: GPL-3.0-or-later
#include "latency.h"

/* Below 2 * LATENCY_SUB every nanosecond is a class of its own. */
unsigned int latency_class(uint64_t nanoseconds)
{
	unsigned int octave, class;

	if (nanoseconds < LATENCY_SUB)
		return nanoseconds;
	octave = 63 - __builtin_clzll(nanoseconds / LATENCY_SUB);
	class = octave * LATENCY_SUB + (nanoseconds >> octave);
	return class < LATENCY_CLASSES ? class : LATENCY_CLASSES - 1;
}

uint64_t latency_class_end(unsigned int class)
{
	unsigned int octave = class / LATENCY_SUB;

	if (class < 2 * LATENCY_SUB)
		return class;
	octave--;
	return ((uint64_t)(class - octave * LATENCY_SUB + 1) << octave) - 1;
}

void worker_latency(struct worker *w, uint64_t nanoseconds)
{
	struct latency *l = w->latency;

	l->count[latency_class(nanoseconds)]++;
	if (nanoseconds > l->most)
		l->most = nanoseconds;
}

uint64_t latency_quantile(const struct latency *all, unsigned int n, double q)
{
	uint64_t total = 0, seen = 0, most = 0;

	for (unsigned int i = 0; i < n; i++) {
		most = all[i].most > most ? all[i].most : most;
		for (unsigned int c = 0; c < LATENCY_CLASSES; c++)
			total += all[i].count[c];
	}
	for (unsigned int c = 0; c < LATENCY_CLASSES; c++) {
		for (unsigned int i = 0; i < n; i++)
			seen += all[i].count[c];
		if (seen && seen >= q * total)
			return latency_class_end(c) < most ? latency_class_end(c) : most;
	}
	return most;
}
