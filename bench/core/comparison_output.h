/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison as text, JSON, CSV, a mail, and for benchstat. docs/COMPARING.md has the formats. */
#ifndef PINSCALE_COMPARISON_OUTPUT_H
#define PINSCALE_COMPARISON_OUTPUT_H

#include <stdio.h>

#include "comparison.h"

/* Of the JSON: raised when a key changes its meaning or goes. */
#define COMPARISON_SCHEMA 1

/*
 * For people: the sentence, with points a table, what was left out, warnings. noise: an
 * A/A comparison, or NULL.
 */
void comparison_print(const struct comparison *c, const struct comparison *noise, bool points,
		      FILE *out);

/* A new reference. */
json_t *comparison_json(const struct comparison *c, const struct comparison *noise);

/* A line a row, with a header. */
void comparison_csv(const struct comparison *c, FILE *out);

/* To be pasted into a mail: plain text of at most 72 columns, a table that Markdown leaves alone.
 */
void comparison_mail(const struct comparison *c, FILE *out);

/*
 * One side in the format of Go's benchmarks: what a unit of that side is (a trial, or
 * the mean of a boot) is a line. benchstat takes the two as independent samples.
 */
void comparison_benchstat(const struct comparison *c, int side, FILE *out);

/* "Linux 6.1.170 (virtualised), CPUs 0-1 of AMD EPYC": of a side; to be freed. */
char *comparison_environment(const struct comparison *c, int side);

#endif
