/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What else than the kernel differs between the boots of two variants. */
#ifndef PINSCALE_DIFFERENCES_H
#define PINSCALE_DIFFERENCES_H

#include <stdio.h>

#include "run.h"

/*
 * Warns, a line each, of what differs between the environment of each variant's boots and
 * that of the first: debug options, command lines, settings, CPUs, memory, topology. How many
 * lines that took. What every boot has anew (times, numbers, free memory) is left out.
 */
unsigned int differences_print(const struct run *r, FILE *out);

/* The same of two boots' records (either may be NULL), as sentences. A new reference. */
json_t *differences_of(const char *base, const json_t *a, const char *other, const json_t *b);

#endif
