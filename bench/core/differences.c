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

struct names {
	const char *base, *other;
	json_t *said;
};

/* As JSON; to be freed, NULL without memory. */
static char *text_of(const json_t *value)
{
	return value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("not there");
}

static void say(struct names *n, const char *key, const json_t *a, const json_t *b)
{
	char *x = text_of(a), *y = text_of(b);

	json_array_append_new(
		n->said, json_sprintf("%s and %s differ in more than their code: %s: %s and %s",
				      n->base, n->other, key, x ? x : "?", y ? y : "?"));
	free(x);
	free(y);
}

/* Differences of two values, down to those that are no objects. */
static void compare(struct names *n, const char *key, const json_t *a, const json_t *b)
{
	const char *name;
	json_t *value;

	if ((a && b && json_equal(a, b)) || is_own(key))
		return;
	if (json_is_string(a) && json_is_string(b) && is_tsc(a) && is_tsc(b))
		return;
	if (json_array_size(a) && json_array_size(a) == json_array_size(b)) {
		for (size_t i = 0; i < json_array_size(a); i++)
			compare(n, key, json_array_get(a, i), json_array_get(b, i));
		return;
	}
	if (json_is_object(a) && json_is_object(b)) {
		json_object_foreach ((json_t *)a, name, value)
			compare(n, name, value, json_object_get(b, name));
		json_object_foreach ((json_t *)b, name, value)
			if (!json_object_get(a, name))
				compare(n, name, NULL, value);
		return;
	}
	say(n, key, a, b);
}

json_t *differences_of(const char *base, const json_t *a, const char *other, const json_t *b)
{
	struct names n = {.base = base, .other = other, .said = json_array()};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && a && b; i++)
		if (json_object_get(a, parts[i]) || json_object_get(b, parts[i]))
			compare(&n, parts[i], json_object_get(a, parts[i]),
				json_object_get(b, parts[i]));
	return n.said;
}

/* Its record, or NULL. */
static const json_t *first_record(const struct run *r, unsigned int variant)
{
	const struct run_boot *boot = run_first_boot(r, variant);

	return boot ? boot->record : NULL;
}

unsigned int differences_print(const struct run *r, FILE *out)
{
	unsigned int said = 0;

	for (unsigned int v = 1; v < r->variant_count; v++) {
		json_t *list = differences_of(r->variants[0], first_record(r, 0), r->variants[v],
					      first_record(r, v));
		json_t *sentence;
		size_t i;

		json_array_foreach (list, i, sentence)
			fprintf(out, "WARNING: %s\n", json_string_value(sentence));
		said += json_array_size(list);
		json_decref(list);
	}
	return said;
}
