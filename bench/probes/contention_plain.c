// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * As "contention", but not from where: to record a stack takes most of its time, and waits
 * that are short and many are stretched by it.
 */
#include "contention_parts.h"

static int begin(struct probe_run *r, struct error *e)
{
	(void)r;
	return contention_begin(false, e);
}

static int end(struct probe_run *r, struct error *e)
{
	return contention_end(false, r, e);
}

static const struct probe contention_plain_probe = {
	.name = "contention-plain",
	.summary = "as contention, without callers: it costs less",
	.values = CONTENTION_VALUES,
	.apart = true,
	.views = CONTENTION_VIEWS,
	.unsupported = contention_unsupported,
	.begin = begin,
	.end = end,
};
REGISTER_PROBE(contention_plain_probe);
