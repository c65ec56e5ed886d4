/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the io_uring workloads share: whether there is one, and a ring with the flags that suit. */
#ifndef PINSCALE_RING_H
#define PINSCALE_RING_H

#include <liburing.h>

#include "include/error.h"

/* NULL when this kernel makes rings for us, else a sentence. */
const char *ring_unsupported(void);

/*
 * A ring of so many entries for the calling task alone, with as many of the
 * flags that spare work as the kernel knows. 0 or -1.
 */
int ring_open(struct io_uring *ring, unsigned int entries, struct error *e);

#endif
