// SPDX-License-Identifier: GPL-3.0-or-later
/* Pages pinned and released, from /proc/vmstat (since 5.7). The whole system's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "core/file.h"
#include "include/probe.h"
#include "include/workload.h"

/* Of all mechanisms. */
#define BLIND                                                                         \
	"it counts pages pinned and says nothing of waiting; it proves that a trial " \
	"did pin what it must"

enum { ACQUIRED, RELEASED };

static int read_pins(int64_t *pins, struct error *e)
{
	long long acquired, released;
	char *text;
	bool found;

	/* The counters are kept a CPU; any write has them added up. */
	if (file_write("/proc/sys/vm/stat_refresh", "1", e))
		return -1;
	text = file_read("/proc/vmstat", e);
	if (!text)
		return -1;
	found = file_field(text, "nr_foll_pin_acquired", &acquired) &&
		file_field(text, "nr_foll_pin_released", &released);
	free(text);
	if (!found)
		return fail(e, "pins: /proc/vmstat has no nr_foll_pin_acquired");
	pins[ACQUIRED] = acquired;
	pins[RELEASED] = released;
	return 0;
}

static const char *pins_unsupported(void)
{
	static struct error e;
	int64_t pins[2];

	return read_pins(pins, &e) ? e.text : NULL;
}

/*
 * The same when nothing moves any more: a read lets some of its pages go only in
 * a work item after it is done (bio_check_pages_dirty()), and so does a ring
 * of io_uring after its exit. Where others pin all the time, it gives up.
 */
static int read_settled_pins(int64_t *pins, struct error *e)
{
	const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
	int64_t last[2];

	if (read_pins(pins, e))
		return -1;
	for (int tries = 0; tries < 20; tries++) {
		memcpy(last, pins, sizeof(last));
		nanosleep(&pause, NULL);
		if (read_pins(pins, e))
			return -1;
		if (!memcmp(last, pins, sizeof(last)))
			break;
	}
	return 0;
}

static int pins_begin(struct probe_run *r, struct error *e)
{
	return read_settled_pins(r->before, e);
}

static int pins_end(struct probe_run *r, struct error *e)
{
	if (read_settled_pins(r->values, e))
		return -1;
	r->values[ACQUIRED] -= r->before[ACQUIRED];
	r->values[RELEASED] -= r->before[RELEASED];
	return 0;
}

/*
 * O_DIRECT pins pages since 6.5, by every path; before it took references
 * (FOLL_GET), which are not counted.
 */
static bool direct_io_pins(void)
{
	struct utsname u;
	int major, minor;

	uname(&u);
	return sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 5));
}

static int pins_check(struct probe_run *r, const struct point *p, uint64_t operations,
		      struct error *e)
{
	int64_t expected;

	if (!p->workload->pins || !direct_io_pins())
		return 0;
	r->checked = true;
	expected = operations * p->workload->pins(p);
	if (r->values[ACQUIRED] == expected && r->values[RELEASED] == expected)
		return 0;
	return fail(
		e,
		"pins: %lld pages pinned and %lld released by %llu operations, that have to pin "
		"%lld: something else pins pages, or this does no O_DIRECT",
		(long long)r->values[ACQUIRED], (long long)r->values[RELEASED],
		(unsigned long long)operations, (long long)expected);
}

static const struct probe pins_probe = {
	.name = "pins",
	.summary = "pages pinned, from /proc/vmstat",
	.values = {"acquired", "released"},
	.views =
		{
			[MECHANISM_BIT_LOCK] = {SIGHT_BLIND, BLIND},
			[MECHANISM_ATOMIC] = {SIGHT_BLIND, BLIND},
			[MECHANISM_FOLIO_LOCK] = {SIGHT_BLIND, BLIND},
			[MECHANISM_SPIN] = {SIGHT_BLIND, BLIND},
			[MECHANISM_SLEEPING] = {SIGHT_BLIND, BLIND},
		},
	.unsupported = pins_unsupported,
	.begin = pins_begin,
	.end = pins_end,
	.check = pins_check,
};
REGISTER_PROBE(pins_probe);
