// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols_sums.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Addresses shown of a function. */
#define ADDRESSES 5

void sums_add(struct sums *s, uint64_t address)
{
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 4096;
		uint64_t *more = reallocarray(s->addresses, room, sizeof(*more));

		if (!more) {
			s->no_memory = true;
			return;
		}
		s->addresses = more;
		s->room = room;
	}
	s->addresses[s->count++] = address;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int by_name_and_samples(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	if (x->samples != y->samples)
		return x->samples > y->samples ? -1 : 1;
	return (x->address > y->address) - (x->address < y->address);
}

static int by_samples(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	if (x->samples != y->samples)
		return x->samples > y->samples ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* A place for each address that is there. The number of them. */
static size_t make_places(struct sums *s, const struct namer *namer)
{
	size_t places = 0;

	/* Of no samples there is no list. */
	if (s->count)
		qsort(s->addresses, s->count, sizeof(*s->addresses), by_number);
	for (size_t i = 0; i < s->count; i++) {
		uint64_t address = s->addresses[i];
		struct place *p = &s->place[places];
		uint64_t start = 0;
		const char *name;

		if (places && p[-1].address == address) {
			p[-1].samples++;
			continue;
		}
		name = namer->function(namer->user, address, &start);
		*p = (struct place){
			.name = name ? name : "[unknown]",
			.start = start,
			.address = address,
			.samples = 1,
		};
		places++;
	}
	return places;
}

int sums_make(struct sums *s, const struct namer *namer, json_t *references, struct error *e)
{
	size_t places;

	s->place = calloc(s->count + 1, sizeof(*s->place));
	s->sum = calloc(s->count + 1, sizeof(*s->sum));
	if (s->no_memory || !s->place || !s->sum)
		return fail(e, "symbols: no memory for %zu samples", s->count);
	places = make_places(s, namer);
	qsort(s->place, places, sizeof(*s->place), by_name_and_samples);
	for (size_t i = 0; i < places; i++) {
		struct sum *sum = s->length ? &s->sum[s->length - 1] : NULL;

		if (!sum || strcmp(sum->name, s->place[i].name)) {
			sum = &s->sum[s->length++];
			sum->name = s->place[i].name;
			sum->reference = json_string_value(json_object_get(references, sum->name));
			sum->first = i;
		}
		sum->samples += s->place[i].samples;
		sum->places++;
	}
	qsort(s->sum, s->length, sizeof(*s->sum), by_samples);
	return 0;
}

/* Of the functions that do this, or all of them. */
static uint64_t references_that(const struct sums *s, const char *what)
{
	uint64_t samples = 0;

	for (size_t i = 0; i < s->length; i++)
		if (s->sum[i].reference && (!what || !strcmp(s->sum[i].reference, what)))
			samples += s->sum[i].samples;
	return samples;
}

uint64_t sums_references(const struct sums *s)
{
	return references_that(s, NULL);
}

json_t *sums_references_json(const struct sums *s)
{
	return json_pack("{sIsIsI}", "take", (json_int_t)references_that(s, "take"), "give",
			 (json_int_t)references_that(s, "give"), "lock",
			 (json_int_t)references_that(s, "lock"));
}

uint64_t sums_others(const struct sums *s, size_t most)
{
	uint64_t samples = 0;

	for (size_t i = most; i < s->length; i++)
		samples += s->sum[i].samples;
	return samples;
}

static json_t *addresses_json(const struct sums *s, const struct sum *sum)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sum->places && i < ADDRESSES; i++) {
		const struct place *p = &s->place[sum->first + i];
		char offset[32];

		snprintf(offset, sizeof(offset), "+0x%llx",
			 (unsigned long long)(p->address - p->start));
		json_array_append_new(list, json_pack("[sI]", offset, (json_int_t)p->samples));
	}
	return list;
}

json_t *sums_json(const struct sums *s, size_t most)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->length && i < most; i++) {
		const struct sum *sum = &s->sum[i];
		json_t *one = json_pack("{sssIsbso}", "name", sum->name, "samples",
					(json_int_t)sum->samples, "reference",
					sum->reference != NULL, "at", addresses_json(s, sum));

		if (sum->reference)
			json_object_set_new(one, "does", json_string(sum->reference));
		json_array_append_new(list, one);
	}
	return list;
}

void sums_free(struct sums *s)
{
	free(s->addresses);
	free(s->place);
	free(s->sum);
	*s = (struct sums){0};
}
