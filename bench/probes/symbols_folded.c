// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols_folded.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE "PINSCALE_FOLDED"

/* The addresses of all samples' chains, each behind its length. */
struct folded {
	uint64_t *words;
	size_t count, room;
	uint64_t user; /* samples that were not in the kernel */
	bool no_memory;
};

bool folded_wanted(void)
{
	const char *path = getenv(VARIABLE);

	return path && *path;
}

struct folded *folded_new(void)
{
	return calloc(1, sizeof(struct folded));
}

static bool make_room(struct folded *f, size_t words)
{
	size_t room = 2 * f->room + words + 4096;
	uint64_t *more;

	if (f->count + words <= f->room)
		return true;
	more = reallocarray(f->words, room, sizeof(*more));
	if (!more) {
		f->no_memory = true;
		return false;
	}
	f->words = more;
	f->room = room;
	return true;
}

void folded_add(struct folded *f, const struct sample *s)
{
	if (!s->kernel) {
		f->user++;
		return;
	}
	/* A record whose chain is missing has its address. */
	if (!make_room(f, s->depth + 2))
		return;
	f->words[f->count++] = s->depth ? s->depth : 1;
	if (!s->depth)
		f->words[f->count++] = s->address;
	for (size_t i = 0; i < s->depth; i++)
		f->words[f->count++] = s->chain[i];
}

/* A chain as text, outermost first; to be freed, or NULL. */
static char *stack_text(const uint64_t *chain, size_t depth, const struct symbols *symbols)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = depth; i-- > 0;) {
		/* Callers are named by the address they are returned to: the call is before it. */
		const char *name = symbols_function(symbols, chain[i] - (i > 0));

		fprintf(f, "%s%s", i + 1 == depth ? "" : ";", name ? name : "[unknown]");
	}
	fclose(f);
	return text;
}

static void count_stack(json_t *stacks, const char *text, uint64_t samples)
{
	json_int_t before = json_integer_value(json_object_get(stacks, text));

	json_object_set_new(stacks, text, json_integer(before + samples));
}

static json_t *sum_stacks(const struct folded *f, const struct symbols *symbols)
{
	json_t *stacks = json_object();

	for (size_t at = 0; at < f->count; at += 1 + f->words[at]) {
		char *text = stack_text(f->words + at + 1, f->words[at], symbols);

		if (text)
			count_stack(stacks, text, 1);
		free(text);
	}
	if (f->user)
		count_stack(stacks, "[user]", f->user);
	return stacks;
}

int folded_write(struct folded *f, const struct symbols *symbols, struct error *e)
{
	const char *path = getenv(VARIABLE), *stack;
	json_t *stacks, *samples;
	FILE *file;

	if (f->no_memory)
		return fail(e, "symbols: no memory for the call chains of " VARIABLE);
	file = fopen(path, "ae");
	if (!file)
		return fail(e, "symbols: adding stacks to %s, which " VARIABLE " names: %s", path,
			    strerror(errno));
	stacks = sum_stacks(f, symbols);
	json_object_foreach (stacks, stack, samples)
		fprintf(file, "%s %lld\n", stack, (long long)json_integer_value(samples));
	json_decref(stacks);
	if (fclose(file))
		return fail(e, "symbols: adding stacks to %s: %s", path, strerror(errno));
	return 0;
}

void folded_free(struct folded *f)
{
	if (!f)
		return;
	free(f->words);
	free(f);
}
