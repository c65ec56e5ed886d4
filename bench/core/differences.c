// SPDX-License-Identifier: GPL-3.0-or-later
#include "differences.h"

#include <stdlib.h>
#include <string.h>

/* Parts of a boot's record in which all have to be the same. */
static const char *const parts[] = {"execution", "kernel", "cpu", "topology", "settings"};

/* Keys in these that are each kernel's or each boot's own: a larger kernel leaves a node less. */
static const char *const own[] = {"release", "version", "build_id", "CONFIG_TAILLOCK", "bytes"};

static bool is_own(const char *key)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strcmp(own[i], key))
			return true;
	return false;
}

/* The clock of a machine that has just started is called tsc-early, and later tsc. */
static bool is_tsc(const json_t *value)
{
	return !strncmp(json_string_value(value), "tsc", 3);
}

struct comparison {
	const char *names[2];
	FILE *out;
	unsigned int said;
};

static void print_value(const json_t *value, FILE *out)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	fprintf(out, "%s", text ? text : "not there");
	free(text);
}

/* Differences of two values, down to those that are no objects. */
static void compare(struct comparison *c, const char *key, const json_t *a, const json_t *b)
{
	const char *name;
	json_t *value;

	if (json_equal(a, b) || is_own(key))
		return;
	if (json_is_string(a) && json_is_string(b) && is_tsc(a) && is_tsc(b))
		return;
	if (json_array_size(a) && json_array_size(a) == json_array_size(b)) {
		for (size_t i = 0; i < json_array_size(a); i++)
			compare(c, key, json_array_get(a, i), json_array_get(b, i));
		return;
	}
	if (json_is_object(a) && json_is_object(b)) {
		json_object_foreach ((json_t *)a, name, value)
			compare(c, name, value, json_object_get(b, name));
		json_object_foreach ((json_t *)b, name, value)
			if (!json_object_get(a, name))
				compare(c, name, NULL, value);
		return;
	}
	fprintf(c->out, "WARNING: %s and %s differ in more than their code: %s: ", c->names[0],
		c->names[1], key);
	print_value(a, c->out);
	fputs(" and ", c->out);
	print_value(b, c->out);
	fputc('\n', c->out);
	c->said++;
}

/* The first boot of the variant that counts, or NULL. */
static const json_t *first_boot(const struct run *r, unsigned int variant)
{
	for (unsigned int i = 0; i < r->boot_count; i++)
		if (r->boots[i].variant == variant && r->boots[i].counts)
			return r->boots[i].record;
	return NULL;
}

unsigned int differences_print(const struct run *r, FILE *out)
{
	const json_t *base = r->variant_count ? first_boot(r, 0) : NULL;
	struct comparison c = {.out = out};

	for (unsigned int v = 1; v < r->variant_count && base; v++) {
		const json_t *other = first_boot(r, v);

		c.names[0] = r->variants[0];
		c.names[1] = r->variants[v];
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && other; i++)
			compare(&c, parts[i], json_object_get(base, parts[i]),
				json_object_get(other, parts[i]));
	}
	return c.said;
}
