// SPDX-License-Identifier: GPL-3.0-or-later
#include "printable.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character of UTF-8 that begins there; 0: none does. */
static unsigned int length_of(const unsigned char *c)
{
	unsigned int length = *c < 0x80			? 1
			      : *c >= 0xc2 && *c < 0xe0 ? 2
			      : *c >= 0xe0 && *c < 0xf0 ? 3
			      : *c >= 0xf0 && *c < 0xf5 ? 4
							: 0;

	for (unsigned int i = 1; i < length; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* Is it one that a terminal acts on? C0, DEL, C1; ends of lines; what turns the writing. */
static bool is_control(const unsigned char *c)
{
	if (*c < 0x20 || *c == 0x7f)
		return true;
	if (c[0] == 0xc2)
		return c[1] < 0xa0;
	if (c[0] == 0xe2 && c[1] == 0x80)
		return c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae);
	return c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9;
}

void printable_text(char *text)
{
	unsigned char *from = (unsigned char *)text, *to = from;
	const unsigned char *end = from + PRINTABLE_MOST - strlen("...");
	bool cut = strlen(text) > PRINTABLE_MOST;

	while (*from) {
		unsigned int length = length_of(from);

		if (cut && to + length > end) {
			to = (unsigned char *)stpcpy((char *)to, "...");
			break;
		}
		if (!length || is_control(from)) {
			*to++ = '?';
			from += length ? length : 1;
		} else {
			memmove(to, from, length);
			to += length;
			from += length;
		}
	}
	*to = '\0';
}

static char *printable_copy(const char *text)
{
	char *copy = strdup(text);

	if (copy)
		printable_text(copy);
	return copy;
}

static json_t *printable_object(const json_t *object)
{
	json_t *copy = json_object(), *value;
	const char *key;

	json_object_foreach ((json_t *)object, key, value) {
		char *name = printable_copy(key);

		if (!name || json_object_set_new(copy, name, printable_json(value))) {
			json_decref(copy);
			copy = NULL;
		}
		free(name);
	}
	return copy;
}

static json_t *printable_array(const json_t *array)
{
	json_t *copy = json_array(), *value;
	size_t i;

	json_array_foreach (array, i, value)
		if (json_array_append_new(copy, printable_json(value))) {
			json_decref(copy);
			copy = NULL;
		}
	return copy;
}

json_t *printable_json(const json_t *value)
{
	json_t *copy;
	char *text;

	if (json_is_object(value))
		return printable_object(value);
	if (json_is_array(value))
		return printable_array(value);
	if (!json_is_string(value))
		return json_incref((json_t *)value);
	text = printable_copy(json_string_value(value));
	copy = text ? json_string(text) : NULL;
	free(text);
	return copy;
}
