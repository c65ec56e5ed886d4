/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A boot of a kernel in a QEMU guest that runs one command, by vm/boot.sh. */
#ifndef PINSCALE_GUEST_H
#define PINSCALE_GUEST_H

#include <stdbool.h>

#include "include/error.h"

struct guest {
	const char *kernel;    /* bzImage */
	const char *initramfs; /* of vm/initramfs.sh */
	const char *share;     /* directory that is /results in the guest */
	const char *log;       /* where the serial console goes */
	const char *memory;    /* as QEMU has it: "2G" */
	unsigned int cpus;
	unsigned int timeout; /* seconds */

	/* Without these, zero and NULL, it is a guest of one node that has the share mounted. */
	bool packed;		 /* /results is a copy in memory, copied back after the command */
	bool exact;		 /* the same instructions in each boot: takes one CPU, and packed */
	const char *accelerator; /* of QEMU; NULL: tcg */
	unsigned int nodes;	 /* NUMA nodes that divide CPUs and memory evenly */
	const char *plugin;	 /* of QEMU's TCG: "file=/x/y.so,argument=z" */
};

/*
 * Boots it, runs the shell command, and waits for it to be off. 0: the command
 * exited with 0; 1: it did not, or the guest fell over, and the error says
 * what; 2: a signal came, and the guest was ended; -1: it could not be started.
 */
int guest_run(const struct guest *g, const char *command, struct error *e);

#endif
