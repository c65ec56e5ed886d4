/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a long step is and how long is left, on standard error. */
#ifndef PINSCALE_PROGRESS_H
#define PINSCALE_PROGRESS_H

#include <stdint.h>

/* A line on a terminal; elsewhere a line every half a minute or so. */
struct progress {
	unsigned int total, at, measured;
	uint64_t started, shown; /* ns */
};

void progress_start(struct progress *p, unsigned int total);

/* The next step begins: what it is. */
void progress_step(struct progress *p, const char *what);

/* What came of the step: operations a second. Ends its line where there is no terminal. */
void progress_result(struct progress *p, double rate);

/* The next step was done already. */
void progress_skip(struct progress *p);
void progress_end(void);

/* A line of its own, after what is shown now. */
__attribute__((format(printf, 1, 2))) void progress_say(const char *format, ...);

#endif
