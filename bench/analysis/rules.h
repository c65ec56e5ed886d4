/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a trial's covariates say of it, by rules that stand in run.json before
 * the first trial. docs/METHOD.md has the reasons.
 */
#ifndef PINSCALE_RULES_H
#define PINSCALE_RULES_H

struct rules {
	/* One way of a cache line between the CPUs of workers 0 and 1: up to here they are near. */
	double near_ns;

	/* CPU time of others, a share of all CPUs' time: more spoils a trial. */
	double foreign_cpu;
};

static const struct rules default_rules = {.near_ns = 120, .foreign_cpu = 0.10};

/* Near and far are never pooled: a virtual machine's CPUs move between the two. */
enum stratum { STRATUM_NONE, STRATUM_NEAR, STRATUM_FAR, STRATUM_MOVED, STRATA };

/* Of a trial whose ping-pong took so long before and after (ns; 0: it had one worker). */
static inline enum stratum rules_stratum(const struct rules *r, double before, double after)
{
	if (before <= 0 || after <= 0)
		return STRATUM_NONE;
	if ((before <= r->near_ns) != (after <= r->near_ns))
		return STRATUM_MOVED;
	return before <= r->near_ns ? STRATUM_NEAR : STRATUM_FAR;
}

#endif
