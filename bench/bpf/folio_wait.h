/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the program in the kernel hands to the probe folio-wait. */
#ifndef PINSCALE_BPF_FOLIO_WAIT_H
#define PINSCALE_BPF_FOLIO_WAIT_H

#include <linux/types.h>

#define STACK_FRAMES 32

/* Sleeps that began with one stack, and the time until those tasks ran again. */
struct wait {
	__u64 count, ns;
};

#endif
