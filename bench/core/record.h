/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the files of a run, which docs/JOURNAL.md describes. Nothing here writes. */
#ifndef PINSCALE_RECORD_H
#define PINSCALE_RECORD_H

#include <jansson.h>
#include <stdbool.h>

#include "include/error.h"

#define JOURNAL_SCHEMA 1

/* Does the directory hold a run? */
bool record_exists(const char *directory);

/* run.json, of a schema that is known: a new reference, or NULL with the error set. */
json_t *record_read_run(const char *directory, struct error *e);

/* All of boots/n.json: an object with the number as key, or NULL with the error set. */
json_t *record_read_boots(const char *directory, struct error *e);

/*
 * Calls take for every record of trials.jsonl in turn; the record is freed
 * after. Returns how many lines were torn or are no record, or -1 with the
 * error set. A run without that file has no records.
 */
int record_read_trials(const char *directory, void (*take)(void *user, const json_t *record),
		       void *user, struct error *e);

#endif
