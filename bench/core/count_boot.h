/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A boot of a kernel under a watched QEMU, whose operations are counted into a run. */
#ifndef PINSCALE_COUNT_BOOT_H
#define PINSCALE_COUNT_BOOT_H

#include <stdbool.h>

#include "include/error.h"
#include "journal.h"

struct count_boot {
	const char *variant, *kernel; /* name, bzImage */
	const char *initramfs, *plugin;
	const char *memory;	 /* as QEMU has it; of a guest */
	unsigned int cpus;	 /* also the number of workers whose points are counted */
	unsigned int nodes;	 /* of NUMA; 0 or 1 for none */
	unsigned int timeout;	 /* seconds */
	unsigned int slot;	 /* place in the plan */
	unsigned int skip;	 /* operations of a worker that are not counted, at its start */
	unsigned int operations; /* of a worker, after these */
	bool instructions;	 /* count them too */
	bool accesses;		 /* plain loads and stores too */
};

/*
 * Boots, counts, and takes over what the guest wrote: boots/n.json, its trials, and
 * for each a record of its counts. Left in the run's directory: trace-n.gz, symbols-n.gz,
 * memory-n.txt, serial-n.log. 0; 1: the guest failed, with the error set; 2: a
 * signal came; -1: with the error set.
 */
int count_boot(const struct count_boot *c, struct journal *j, struct error *e);

#endif
