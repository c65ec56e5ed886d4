// SPDX-License-Identifier: GPL-3.0-or-later
/* No target: for workloads that pin pages, or do nothing of the kind, without I/O. */
#include "include/target.h"

static const char *none_unsupported(const char *argument)
{
	(void)argument;
	return NULL;
}

static int none_setup(struct target_run *t, struct error *e)
{
	(void)e;
	snprintf(t->what, sizeof(t->what), "no I/O");
	return 0;
}

static int none_open(const struct target_run *t, unsigned int worker, int flags, struct extent *x,
		     struct error *e)
{
	(void)worker;
	(void)flags;
	(void)e;
	*x = (struct extent){.fd = -1, .start = 0, .end = t->extent};
	return 0;
}

static const struct target none_target = {
	.name = "none",
	.summary = "no I/O: what workloads that only pin have",
	.unsupported = none_unsupported,
	.setup = none_setup,
	.open = none_open,
};
REGISTER_TARGET(none_target);
