/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading the files of a run, which docs/JOURNAL.md describes. Nothing here writes. The files may
 * come from anywhere: what is no journal is said to be none, or counted.
 */
#ifndef PINSCALE_RECORD_H
#define PINSCALE_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "include/error.h"
#include "record_lines.h"

#define JOURNAL_SCHEMA 1

/* Bytes of run.json, and of a boots/n.json. */
#define RECORD_FILE_MOST (16u << 20)

/* Does the directory hold a run? */
bool record_exists(const char *directory);

/* run.json, of a schema that is known: a new reference, or NULL with the error set. */
json_t *record_read_run(const char *directory, struct error *e);

/* All of boots/n.json: an object with the number as key, or NULL with the error set. */
json_t *record_read_boots(const char *directory, struct error *e);

/*
 * The same of text that is at hand: of run.json, and of a boot. path is for errors.
 */
json_t *record_parse_run(const char *text, size_t length, const char *path, struct error *e);
json_t *record_parse_boot(const char *text, size_t length, const char *path, struct error *e);

/*
 * Calls take for every record of trials.jsonl in turn; the record is freed
 * after. Returns how many lines were torn or are no record, or -1 with the
 * error set. A run without that file has no records.
 */
int record_read_trials(const char *directory, void (*take)(void *user, const json_t *record),
		       void *user, struct error *e);

/* The same, with several threads, as record_lines.h has it. */
int record_read_lines(const char *directory, const struct record_use *use, struct error *e);

#endif
