// SPDX-License-Identifier: GPL-3.0-or-later
/* Who waited for which lock of the kernel, how long and where, by its tracepoints and BPF. */
#include "contention_parts.h"

/* A trial is a process: it has one at a time of each. */
static struct contention session[2];

int contention_begin(bool chains, struct error *e)
{
	return contention_open(&session[chains], chains, e);
}

int contention_end(bool chains, struct probe_run *r, struct error *e)
{
	struct contention *c = &session[chains];
	int rc;

	contention_detach(c);
	rc = contention_record(c, chains, r, e);
	contention_close(c);
	return rc;
}

static int begin(struct probe_run *r, struct error *e)
{
	(void)r;
	return contention_begin(true, e);
}

static int end(struct probe_run *r, struct error *e)
{
	return contention_end(true, r, e);
}

static const struct probe contention_probe = {
	.name = "contention",
	.summary = "waits for spinlocks, mutexes and rwsems, by lock and caller (BPF)",
	.values = CONTENTION_VALUES,
	.apart = true,
	.views = CONTENTION_VIEWS,
	.unsupported = contention_unsupported,
	.begin = begin,
	.end = end,
};
REGISTER_PROBE(contention_probe);
