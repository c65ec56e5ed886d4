// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols_references.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define SPACE " ,\t\n"

static int is_kind(const char *key)
{
	return !strcmp(key, "take") || !strcmp(key, "give") || !strcmp(key, "lock");
}

/* inih's handler, called for each line of a value of several: 0 is an error at this line. */
static int handle(void *user, const char *section, const char *key, const char *value)
{
	char *list = strdup(value), *save;
	int good = list && is_kind(key);

	(void)section;
	for (char *name = good ? strtok_r(list, SPACE, &save) : NULL; name && good;
	     name = strtok_r(NULL, SPACE, &save))
		good = !json_object_set_new(user, name, json_string(key));
	free(list);
	return good;
}

json_t *references_read(const char *path, struct error *e)
{
	json_t *names = json_object();
	int line = names ? ini_parse(path, handle, names) : -2;

	if (line < 0)
		fail(e, "Reading %s, the list of the page-reference functions: %s.", path,
		     line == -1 ? strerror(errno) : "no memory");
	else if (line)
		fail(e, "%s, line %d: wants 'take = NAME ...', 'give = ...' or 'lock = ...'.", path,
		     line);
	else if (!json_object_size(names))
		fail(e, "%s names no function; it wants lines like 'take = try_grab_folio'.", path);
	else
		return names;
	json_decref(names);
	return NULL;
}
