// SPDX-License-Identifier: GPL-3.0-or-later
/* The compound lock's counters in a kernel with kernels/patches/taillock.patch. */
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"
#include "include/probe.h"

#define COUNTERS "/sys/kernel/debug/taillock/counters"

/* Of all mechanisms but that one. */
#define BLIND "it counts the compound lock's waits, and no others"

static const char *const names[] = {"acquisitions", "contended", "spin_cycles",
				    "tail_gets",    "tail_puts", "tails_held"};
enum { TAILS_HELD = 5, COUNT };

static const char *tailref_unsupported(void)
{
	return access(COUNTERS, R_OK)
		       ? "tailref: this kernel does not have the compound lock (no " COUNTERS
			 "); the variant taillock has"
		       : NULL;
}

static int read_counters(int64_t *values, struct error *e)
{
	char *text = file_read(COUNTERS, e);
	int rc = text ? 0 : -1;

	for (int i = 0; i < COUNT && !rc; i++) {
		long long value;

		if (!file_field(text, names[i], &value))
			rc = fail(e, "tailref: %s has no '%s'", COUNTERS, names[i]);
		values[i] = value;
	}
	free(text);
	return rc;
}

static int tailref_begin(struct probe_run *r, struct error *e)
{
	return read_counters(r->before, e);
}

static int tailref_end(struct probe_run *r, struct error *e)
{
	if (read_counters(r->values, e))
		return -1;
	for (int i = 0; i < TAILS_HELD; i++)
		r->values[i] -= r->before[i];
	return 0;
}

static int tailref_held(int64_t *references, struct error *e)
{
	int64_t values[COUNT];

	if (read_counters(values, e))
		return -1;
	*references = values[TAILS_HELD];
	return 0;
}

static const struct probe tailref_probe = {
	.name = "tailref",
	.summary = "acquisitions of the compound lock, and those that had to wait",
	.values = {"acquisitions", "contended", "spin_cycles", "tail_gets", "tail_puts",
		   "tails_held"},
	.views =
		{
			[MECHANISM_BIT_LOCK] = {SIGHT_SEES, NULL},
			[MECHANISM_ATOMIC] = {SIGHT_BLIND, BLIND},
			[MECHANISM_FOLIO_LOCK] = {SIGHT_BLIND, BLIND},
			[MECHANISM_SPIN] = {SIGHT_BLIND, BLIND},
			[MECHANISM_SLEEPING] = {SIGHT_BLIND, BLIND},
		},
	.unsupported = tailref_unsupported,
	.begin = tailref_begin,
	.end = tailref_end,
	.held = tailref_held,
};
REGISTER_PROBE(tailref_probe);
