// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"

struct symbol {
	uint64_t address;
	char *name; /* in symbols->text */
	char type;  /* as nm has it, lower case */
};

/* By address, those with the same one in the order of the file. */
struct symbols {
	char *text;
	struct symbol *list;
	size_t count;
};

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->name > y->name) - (x->name < y->name);
}

/* "ffffffff81000000 T name" and maybe "\t[module]"; false if the line is none. */
static bool parse(char *line, struct symbol *s)
{
	char *end;

	s->address = strtoull(line, &end, 16);
	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ' || !end[3])
		return false;
	s->type = end[1] | 0x20;
	s->name = end + 3;
	s->name[strcspn(s->name, " \t")] = '\0';
	/* What the compiler made of a function is still that function. */
	if (s->name[0] != '.')
		s->name[strcspn(s->name, ".")] = '\0';
	return true;
}

struct symbols *symbols_read(const char *path, struct error *e)
{
	struct symbols *s = calloc(1, sizeof(*s));
	size_t room = 0;
	bool known = false;

	if (!s || !(s->text = file_read(path, e))) {
		free(s);
		return NULL;
	}
	for (char *next, *line = s->text; line && *line; line = next) {
		struct symbol symbol;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!parse(line, &symbol))
			continue;
		if (s->count == room) {
			struct symbol *more;

			room = room ? 2 * room : 1 << 16;
			more = realloc(s->list, room * sizeof(*more));
			if (!more)
				break;
			s->list = more;
		}
		s->list[s->count++] = symbol;
		known |= symbol.type == 't' && symbol.address;
	}
	if (!known) {
		fail(e,
		     "%s has no symbols with addresses of functions; /proc/kallsyms shows them to root only.",
		     path);
		symbols_free(s);
		return NULL;
	}
	qsort(s->list, s->count, sizeof(*s->list), by_address);
	return s;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	free(s->list);
	free(s->text);
	free(s);
}

/* The last symbol of one of these types at or before the address, or NULL. */
static const struct symbol *before(const struct symbols *s, uint64_t address, const char *types)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->list[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	while (low && !strchr(types, s->list[low - 1].type))
		low--;
	/* The first of several names for it. */
	while (low > 1 && s->list[low - 2].address == s->list[low - 1].address &&
	       strchr(types, s->list[low - 2].type))
		low--;
	return low ? &s->list[low - 1] : NULL;
}

const char *symbols_function(const struct symbols *s, uint64_t address)
{
	const struct symbol *found = before(s, address, "tw");

	return found && (int64_t)found->address < 0 ? found->name : NULL;
}

const char *symbols_variable(const struct symbols *s, uint64_t address, uint64_t *offset)
{
	const struct symbol *found = before(s, address, "dbrv");

	if (!found || (int64_t)found->address >= 0)
		return NULL;
	*offset = address - found->address;
	return found->name;
}

const char *symbols_percpu(const struct symbols *s, uint64_t value, uint64_t *offset)
{
	const struct symbol *found = before(s, value, "adbrv");

	/* No such variable is as large as that: what is found is something else. */
	if (!found || value - found->address > 1 << 20)
		return NULL;
	*offset = value - found->address;
	return found->name;
}

void symbols_each_function(const struct symbols *s,
			   void (*take)(void *user, uint64_t address, const char *name), void *user)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].type == 't')
			take(user, s->list[i].address, s->list[i].name);
}
