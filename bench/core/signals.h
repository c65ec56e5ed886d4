/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signals that end the program are blocked while it measures, and let in where
 * it waits: there they set signals_received, and the program puts the system
 * back and ends.
 */
#ifndef PINSCALE_SIGNALS_H
#define PINSCALE_SIGNALS_H

#include <sys/types.h>

/* The number of the signal that came, or 0. */
extern volatile int signals_received;

/* Blocks SIGINT, SIGTERM and SIGHUP and installs the handler. */
void signals_hold(void);

/* For a new process: as they were. */
void signals_default(void);

/*
 * Waits for a process of ours at most so many seconds, letting signals in. Its
 * status as of waitpid() in *status, and 0; 1: it was out of time; 2: a signal
 * came. In the last two cases the process still runs.
 */
int signals_wait(pid_t pid, double timeout, int *status);

/* Ends this program by the signal that came, as the shell expects it. */
void signals_end(void);

#endif
