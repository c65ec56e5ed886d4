/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Other programs, run without a shell. */
#ifndef PINSCALE_PROGRAM_H
#define PINSCALE_PROGRAM_H

#include "include/error.h"

/*
 * Runs argv[0] (searched in PATH) and waits for it. 0 when it exits with 0;
 * else -1, and the error has its exit status and the end of what it said.
 */
int program_run(char *const argv[], struct error *e);

#endif
