// SPDX-License-Identifier: GPL-3.0-or-later
#include "record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "printable.h"

#define PATH_SIZE 4096

bool record_exists(const char *directory)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/run.json", directory);
	return !access(path, F_OK);
}

/* NULL with errno and the error set. What is no file could be read without end. */
static FILE *open_file(const char *path, struct error *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), error;
	FILE *f = NULL;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st)) {
		if (S_ISREG(st.st_mode))
			f = fdopen(fd, "r");
		else
			errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	}
	error = errno;
	if (!f && fd >= 0)
		close(fd);
	if (!f && error == EINVAL)
		fail(e, "Reading %s: it is no regular file, as those of a run are.", path);
	else if (!f)
		fail(e, "Reading %s: %s.", path, strerror(error));
	errno = error;
	return f;
}

static json_t *parse_object(const char *text, size_t length, const char *path, struct error *e)
{
	json_error_t why;
	json_t *record = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);

	if (json_is_object(record))
		return record;
	if (record) {
		fail(e, "Reading %s: it holds no JSON object.", path);
	} else {
		printable_text(why.text);
		fail(e, "Reading %s: %s (line %d).", path, why.text, why.line);
	}
	json_decref(record);
	return NULL;
}

static json_t *read_object(const char *path, struct error *e)
{
	FILE *f = open_file(path, e);
	char *text = f ? malloc(RECORD_FILE_MOST + 1) : NULL;
	json_t *record = NULL;
	size_t length;

	if (!f)
		return NULL;
	length = text ? fread(text, 1, RECORD_FILE_MOST + 1, f) : 0;
	if (!text)
		fail(e, "Reading %s: no memory.", path);
	else if (ferror(f))
		fail(e, "Reading %s: %s.", path, strerror(errno));
	else if (length > RECORD_FILE_MOST)
		fail(e, "Reading %s: it is longer than %u MiB, as no such file of a run is.", path,
		     RECORD_FILE_MOST >> 20);
	else
		record = parse_object(text, length, path, e);
	free(text);
	fclose(f);
	return record;
}

/* The run, if it is of a schema that is known; else it is released, and NULL. */
static json_t *check_schema(json_t *run, const char *path, struct error *e)
{
	json_int_t schema = json_integer_value(json_object_get(run, "schema"));

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

json_t *record_parse_run(const char *text, size_t length, const char *path, struct error *e)
{
	return check_schema(parse_object(text, length, path, e), path, e);
}

json_t *record_parse_boot(const char *text, size_t length, const char *path, struct error *e)
{
	return parse_object(text, length, path, e);
}

json_t *record_read_run(const char *directory, struct error *e)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/run.json", directory);
	if (!record_exists(directory)) {
		fail(e, "There is no run in %s (no run.json).", directory);
		return NULL;
	}
	return check_schema(read_object(path, e), path, e);
}

/* Is it n.json, as a boot's file is called? Then text is n. */
static bool is_boot(const char *name, char *text, size_t size)
{
	char path[32];

	snprintf(text, size, "%lu", strtoul(name, NULL, 10) & 0xffffffff);
	snprintf(path, sizeof(path), "%s.json", text);
	return !strcmp(name, path);
}

static int read_boots(json_t *boots, DIR *list, const char *directory, struct error *e)
{
	char path[PATH_SIZE], text[16];
	struct dirent *entry;

	while ((entry = readdir(list))) {
		json_t *record;

		if (!is_boot(entry->d_name, text, sizeof(text)))
			continue;
		snprintf(path, sizeof(path), "%s/boots/%s.json", directory, text);
		record = read_object(path, e);
		if (!record)
			return -1;
		if (json_object_set_new(boots, text, record))
			return fail(e, "Reading %s: no memory.", path);
	}
	return 0;
}

json_t *record_read_boots(const char *directory, struct error *e)
{
	json_t *boots = json_object();
	char path[PATH_SIZE];
	DIR *list;
	int rc = 0;

	snprintf(path, sizeof(path), "%s/boots", directory);
	list = opendir(path);
	if (list) {
		rc = read_boots(boots, list, directory, e);
		closedir(list);
	} else if (errno != ENOENT) {
		rc = fail(e, "Reading %s: %s.", path, strerror(errno));
	}
	if (!rc)
		return boots;
	json_decref(boots);
	return NULL;
}

int record_read_lines(const char *directory, const struct record_use *use, struct error *e)
{
	char path[PATH_SIZE];
	struct error why;
	FILE *f;
	int torn;

	snprintf(path, sizeof(path), "%s/trials.jsonl", directory);
	f = open_file(path, &why);
	if (!f)
		return errno == ENOENT ? 0 : fail(e, "%s", why.text);
	torn = record_lines_read(f, path, use, e);
	fclose(f);
	return torn;
}

int record_read_trials(const char *directory, void (*take)(void *user, const json_t *record),
		       void *user, struct error *e)
{
	const struct record_use use = {.take_record = take, .user = user};

	return record_read_lines(directory, &use, e);
}
