/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing the journal of a run, and what a run that is taken up again needs of it. See
 * docs/JOURNAL.md. */
#ifndef PINSCALE_JOURNAL_H
#define PINSCALE_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>

#include "include/error.h"
#include "record.h"

struct journal {
	char *directory;
	json_t *run;	/* run.json */
	json_t *done;	/* boot, repetition and point of every trial and skip: a set */
	json_t *trials; /* number of a boot to how many trials it has */
	json_t *boots;	/* number to the record of boots/n.json */
	json_t *ended;	/* numbers of boots with a boot-end: a set */
	int fd;		/* trials.jsonl, for appending */
};

/*
 * Makes the directory of a run with run as its run.json (the reference is
 * taken over), or opens one that exists: then run.json there must be of the
 * same sweep and plan, or run NULL. 0 or -1.
 */
int journal_open(struct journal *j, const char *directory, json_t *run, struct error *e);
void journal_close(struct journal *j);

/* Appends a record and syncs; takes its reference over. 0 or -1. */
int journal_append(struct journal *j, json_t *record, struct error *e);

/* Is there a trial or skip of that point (as JSON) at that boot and repetition? -1: a skip, of any.
 */
bool journal_has(const struct journal *j, unsigned int boot, int repetition, const json_t *point);

/* The point as journal_has() knows trials of it that a probe watched; probe NULL: that none did. A
 * new reference. */
json_t *journal_watched(const json_t *point, json_t *probe);

/* How many trials of the boot there are. */
unsigned int journal_trials(const struct journal *j, unsigned int boot);

/* Writes boots/n.json; takes the reference over. 0 or -1. */
int journal_write_boot(struct journal *j, unsigned int boot, json_t *record, struct error *e);

/* The record of boots/n.json, or NULL; not a new reference. */
const json_t *journal_boot(const struct journal *j, unsigned int boot);
bool journal_boot_ended(const struct journal *j, unsigned int boot);

/* Has a boot at that place of the plan come to its end? */
bool journal_slot_ended(const struct journal *j, unsigned int slot);

/* The highest number of a boot, 0 when there is none. */
unsigned int journal_last_boot(const struct journal *j);

/* The time of day in RFC 3339, UTC. */
const char *journal_now(char *text, size_t size);

#endif
