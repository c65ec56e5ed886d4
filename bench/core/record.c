// SPDX-License-Identifier: GPL-3.0-or-later
#include "record.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096

bool record_exists(const char *directory)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/run.json", directory);
	return !access(path, F_OK);
}

static json_t *read_object(const char *path, struct error *e)
{
	json_error_t why;
	json_t *record = json_load_file(path, JSON_REJECT_DUPLICATES, &why);

	if (!record)
		fail(e, "Reading %s: %s (line %d).", path, why.text, why.line);
	else if (json_is_object(record))
		return record;
	else
		fail(e, "Reading %s: it holds no JSON object.", path);
	json_decref(record);
	return NULL;
}

json_t *record_read_run(const char *directory, struct error *e)
{
	char path[PATH_SIZE];
	json_int_t schema;
	json_t *run;

	snprintf(path, sizeof(path), "%s/run.json", directory);
	if (!record_exists(directory)) {
		fail(e, "There is no run in %s (no run.json).", directory);
		return NULL;
	}
	run = read_object(path, e);
	schema = json_integer_value(json_object_get(run, "schema"));
	if (!run || (schema > 0 && schema <= JOURNAL_SCHEMA))
		return run;
	if (schema > JOURNAL_SCHEMA)
		fail(e,
		     "%s was written by a newer pinscale (schema %lld, this one knows up to %d): "
		     "update pinscale.",
		     path, (long long)schema, JOURNAL_SCHEMA);
	else
		fail(e, "%s does not say of which schema it is: it is no pinscale run.", path);
	json_decref(run);
	return NULL;
}

json_t *record_read_boots(const char *directory, struct error *e)
{
	json_t *boots = json_object();
	char path[PATH_SIZE], text[16];
	struct dirent *entry;
	unsigned int number;
	DIR *list;

	snprintf(path, sizeof(path), "%s/boots", directory);
	list = opendir(path);
	if (!list && errno != ENOENT) {
		fail(e, "Reading %s: %s.", path, strerror(errno));
		json_decref(boots);
		return NULL;
	}
	while (boots && list && (entry = readdir(list))) {
		json_t *record;
		int end = 0;

		if (sscanf(entry->d_name, "%u.json%n", &number, &end) != 1 || !end ||
		    entry->d_name[end])
			continue;
		snprintf(path, sizeof(path), "%s/boots/%u.json", directory, number);
		record = read_object(path, e);
		if (!record) {
			json_decref(boots);
			boots = NULL;
			break;
		}
		snprintf(text, sizeof(text), "%u", number);
		json_object_set_new(boots, text, record);
	}
	if (list)
		closedir(list);
	return boots;
}

int record_read_trials(const char *directory, void (*take)(void *user, const json_t *record),
		       void *user, struct error *e)
{
	char path[PATH_SIZE], *line = NULL;
	size_t size = 0;
	ssize_t length;
	int torn = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/trials.jsonl", directory);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 : fail(e, "Reading %s: %s.", path, strerror(errno));
	while ((length = getline(&line, &size, f)) > 0) {
		json_t *record = json_loadb(line, length, 0, NULL);

		if (json_is_object(record))
			take(user, record);
		else
			torn += *line != '\n'; /* an empty line ended a torn one */
		json_decref(record);
	}
	if (ferror(f))
		torn = fail(e, "Reading %s: %s.", path, strerror(errno));
	free(line);
	fclose(f);
	return torn;
}
