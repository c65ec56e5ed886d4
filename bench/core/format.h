/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Figures as people read them. Each writes into text and returns it; "-" for what is not known. */
#ifndef PINSCALE_FORMAT_H
#define PINSCALE_FORMAT_H

#include <stddef.h>

#include "analysis/rules.h"
#include "analysis/statistics.h"

/* A rate: "1.82M". */
const char *format_rate(double rate, char *text, size_t size);

/* "0.968 [0.959, 0.973]". */
const char *format_ratio(const struct estimate *e, char *text, size_t size);

/* A count an operation: "5", or its least and most where trials differ: "4.998 to 5.001". */
const char *format_count(double low, double high, char *text, size_t size);

/* A share as a percentage: "0.33%", "0" for none at all. */
const char *format_share(double share, char *text, size_t size);

/* "near" or "far" of the CPUs, "-" with one worker; not written, but returned. */
const char *format_stratum(enum stratum stratum);

#endif
