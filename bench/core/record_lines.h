/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a journal's lines: parsed in several threads, handed over one by one in their order. */
#ifndef PINSCALE_RECORD_LINES_H
#define PINSCALE_RECORD_LINES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "include/error.h"

/* Bytes of a line; a longer one is passed over, and counted as torn. */
#define RECORD_LINE_MOST (16u << 20)

/* What is read of a file goes in pieces of at least so many bytes; a smaller file needs no threads.
 */
#define RECORD_CHUNK (256u << 10)

/* What is done with each record. */
struct record_use {
	/*
	 * Makes of a record what is wanted of it, and must not keep the record; NULL: nothing is
	 * wanted. Called in any order, by several threads at once. NULL: take gets the record.
	 */
	void *(*digest)(void *user, const json_t *record);
	/* Called with each digest, which is its own, in the order of the file, in the calling
	 * thread. */
	void (*take)(void *user, void *digest);
	/* Without digest: the same with the record, which is freed after. */
	void (*take_record)(void *user, const json_t *record);
	void *user;
	bool cut; /* records are cut as record_cut.h says */
};

/*
 * Reads all lines of a journal. name is for errors. Returns how many lines were torn or are no
 * record, or -1 with the error set.
 */
int record_lines_read(FILE *f, const char *name, const struct record_use *use, struct error *e);

#endif
