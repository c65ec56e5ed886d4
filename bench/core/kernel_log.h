/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel says at level warning or worse, while something runs. */
#ifndef PINSCALE_KERNEL_LOG_H
#define PINSCALE_KERNEL_LOG_H

#include <jansson.h>

/* Opens the kernel's log at its end. A descriptor, or -1 when it may not be read. */
int kernel_log_open(void);

/* Closes it. The warnings since, an array of strings; null when it could not be read. */
json_t *kernel_log_close(int fd);

#endif
