/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of this program itself, where a workload without system calls spends its time. */
#ifndef PINSCALE_SYMBOLS_PROGRAM_H
#define PINSCALE_SYMBOLS_PROGRAM_H

#include <stdint.h>
#include <sys/types.h>

#include "include/error.h"

struct program;

/* NULL with the error set. A program without a table of symbols has no names. */
struct program *program_read(struct error *e);

/*
 * The function that an address of this process lies in, or the library's file name, or
 * NULL; *start is what offsets are from.
 */
const char *program_function(const struct program *p, uint64_t address, uint64_t *start);

/* Does another process run this program, so that addresses are the same? */
bool program_runs_in(pid_t pid);
void program_free(struct program *p);

#endif
