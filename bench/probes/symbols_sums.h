/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples of addresses, summed up by the symbol that they lie in. */
#ifndef PINSCALE_SYMBOLS_SUMS_H
#define PINSCALE_SYMBOLS_SUMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/error.h"

/* Samples at one address. */
struct place {
	const char *name; /* of the function, owned by who names it */
	uint64_t start;	  /* of it, or of the piece of it that the compiler has split off */
	uint64_t address;
	uint64_t samples;
};

/* Samples in all functions of one name. */
struct sum {
	const char *name;
	const char *reference; /* "take", "give", "lock", or NULL: owned by the list */
	uint64_t samples;
	size_t first, places; /* in sums.place: those with most samples first */
};

struct sums {
	uint64_t *addresses; /* one a sample */
	size_t count, room;
	bool no_memory;
	struct place *place;
	struct sum *sum; /* those with most samples first */
	size_t length;	 /* of sum */
};

void sums_add(struct sums *s, uint64_t address);

/* The function that an address is in, and where it starts; or NULL. */
struct namer {
	const char *(*function)(const void *user, uint64_t address, uint64_t *start);
	const void *user;
};

/*
 * Makes the sums. @references is what references_read() gave, or NULL. 0, or -1 with the
 * error set.
 */
int sums_make(struct sums *s, const struct namer *namer, json_t *references, struct error *e);

/* Samples in page-reference functions. */
uint64_t sums_references(const struct sums *s);

/* The same by what they do: {"take": n, "give": n, "lock": n}. */
json_t *sums_references_json(const struct sums *s);

/* The sums as an array, of no more than so many. */
json_t *sums_json(const struct sums *s, size_t most);

/* The samples of the sums that are left out then. */
uint64_t sums_others(const struct sums *s, size_t most);
void sums_free(struct sums *s);

#endif
