// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"

#define PATH_SIZE 4096

const char *journal_now(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	return text;
}

static void path_of(const struct journal *j, const char *name, char *path)
{
	snprintf(path, PATH_SIZE, "%s/%s", j->directory, name);
}

static int make_directories(const char *directory, struct error *e)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/boots", directory);
	for (char *slash = path + 1;; slash++) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return fail(e, "Making the directory %s: %s.", path, strerror(errno));
		if (!slash)
			return 0;
		*slash = '/';
	}
}

static int write_json(const char *path, const json_t *record, struct error *e)
{
	char *text = json_dumps(record, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	int rc = text ? file_replace(path, text, e) : fail(e, "Writing %s: no memory.", path);

	free(text);
	return rc;
}

static char *key_of(unsigned int boot, int repetition, const json_t *point)
{
	char *name = json_dumps(point, JSON_COMPACT | JSON_SORT_KEYS);
	char *key = NULL;

	if (name && asprintf(&key, "%u %d %s", boot, repetition, name) < 0)
		key = NULL;
	free(name);
	return key;
}

json_t *journal_watched(const json_t *point, json_t *probe)
{
	json_t *copy = json_copy((json_t *)point);

	if (probe)
		json_object_set(copy, "probe", probe);
	return copy;
}

static void remember(void *journal, const json_t *record)
{
	struct journal *j = journal;
	const char *type = json_string_value(json_object_get(record, "type"));
	unsigned int boot = json_integer_value(json_object_get(record, "boot"));
	int repetition = -1;
	char *key, text[16];
	json_t *point;

	if (!type)
		return;
	if (!strcmp(type, "boot-end")) {
		snprintf(text, sizeof(text), "%u", boot);
		json_object_set_new(j->ended, text, json_true());
		return;
	}
	if (!strcmp(type, "trial") || !strcmp(type, "probed"))
		repetition = json_integer_value(json_object_get(record, "repetition"));
	else if (strcmp(type, "skip"))
		return;
	point = journal_watched(json_object_get(record, "point"), json_object_get(record, "probe"));
	key = key_of(boot, repetition, point);
	json_decref(point);
	if (key && repetition >= 0 && !json_object_get(j->done, key)) {
		snprintf(text, sizeof(text), "%u", boot);
		json_object_set_new(j->trials, text, json_integer(journal_trials(j, boot) + 1));
	}
	if (key)
		json_object_set_new(j->done, key, json_true());
	free(key);
}

/* Opens it for appending, and ends a torn last line, so that the next is whole. */
static int open_trials(struct journal *j, struct error *e)
{
	char path[PATH_SIZE], last;
	off_t end;

	if (record_read_trials(j->directory, remember, j, e) < 0)
		return -1;
	path_of(j, "trials.jsonl", path);
	j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (j->fd < 0)
		return fail(e, "Opening %s: %s.", path, strerror(errno));
	end = lseek(j->fd, 0, SEEK_END);
	if (end > 0 && pread(j->fd, &last, 1, end - 1) == 1 && last != '\n' &&
	    write(j->fd, "\n", 1) != 1)
		return fail(e, "Writing to %s: %s.", path, strerror(errno));
	return 0;
}

/* What decides which trials there are must not change under a run. */
static int same_run(const json_t *old, const json_t *new, const char *directory, struct error *e)
{
	static const char *const keys[] = {"kind",	  "sweep",    "seed",
					   "repetitions", "window_s", "warmup_s",
					   "slices",	  "margin",   "plan"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!json_equal(json_object_get(old, keys[i]), json_object_get(new, keys[i])) &&
		    (json_object_get(old, keys[i]) || json_object_get(new, keys[i])))
			return fail(
				e,
				"%s is a run with another %s: choose another directory, or take it "
				"up as it was begun by naming no sweep.",
				directory, keys[i]);
	return 0;
}

static int open_run(struct journal *j, json_t *run, struct error *e)
{
	char path[PATH_SIZE];

	if (run && !record_exists(j->directory)) {
		path_of(j, "run.json", path);
		j->run = json_incref(run);
		return write_json(path, run, e);
	}
	j->run = record_read_run(j->directory, e);
	if (!j->run)
		return -1;
	return run ? same_run(j->run, run, j->directory, e) : 0;
}

int journal_open(struct journal *j, const char *directory, json_t *run, struct error *e)
{
	int rc;

	*j = (struct journal){
		.directory = strdup(directory),
		.done = json_object(),
		.trials = json_object(),
		.ended = json_object(),
		.fd = -1,
	};
	rc = run ? make_directories(directory, e) : 0;
	if (!rc)
		rc = open_run(j, run, e);
	if (!rc) {
		j->boots = record_read_boots(directory, e);
		rc = j->boots ? 0 : -1;
	}
	if (!rc)
		rc = open_trials(j, e);
	json_decref(run);
	if (rc)
		journal_close(j);
	return rc;
}

void journal_close(struct journal *j)
{
	free(j->directory);
	json_decref(j->run);
	json_decref(j->done);
	json_decref(j->trials);
	json_decref(j->boots);
	json_decref(j->ended);
	if (j->fd >= 0)
		close(j->fd);
	*j = (struct journal){.fd = -1};
}

int journal_append(struct journal *j, json_t *record, struct error *e)
{
	char *text =
		json_dumps(record, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
	char *line = NULL;
	int length = text ? asprintf(&line, "%s\n", text) : -1;
	int rc = 0;

	free(text);
	if (length < 0)
		rc = fail(e, "Writing to the journal in %s: no memory.", j->directory);
	else if (write(j->fd, line, length) != length || fdatasync(j->fd))
		rc = fail(e, "Writing to the journal in %s: %s.", j->directory, strerror(errno));
	else
		remember(j, record);
	if (length >= 0)
		free(line);
	json_decref(record);
	return rc;
}

bool journal_has(const struct journal *j, unsigned int boot, int repetition, const json_t *point)
{
	char *key = key_of(boot, repetition, point);
	bool found = key && json_object_get(j->done, key);

	free(key);
	return found;
}

unsigned int journal_trials(const struct journal *j, unsigned int boot)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", boot);
	return json_integer_value(json_object_get(j->trials, text));
}

int journal_write_boot(struct journal *j, unsigned int boot, json_t *record, struct error *e)
{
	char path[PATH_SIZE], text[16];
	int rc;

	snprintf(path, sizeof(path), "%s/boots/%u.json", j->directory, boot);
	rc = write_json(path, record, e);
	snprintf(text, sizeof(text), "%u", boot);
	json_object_set_new(j->boots, text, record);
	return rc;
}

const json_t *journal_boot(const struct journal *j, unsigned int boot)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", boot);
	return json_object_get(j->boots, text);
}

bool journal_boot_ended(const struct journal *j, unsigned int boot)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", boot);
	return json_object_get(j->ended, text);
}

unsigned int journal_last_boot(const struct journal *j)
{
	unsigned int last = 0, n;
	const char *key;
	json_t *value;

	json_object_foreach (j->boots, key, value) {
		n = strtoul(key, NULL, 10);
		last = n > last ? n : last;
	}
	return last;
}

bool journal_slot_ended(const struct journal *j, unsigned int slot)
{
	for (unsigned int n = 1; n <= journal_last_boot(j); n++) {
		const json_t *at = json_object_get(journal_boot(j, n), "slot");

		if (at && json_integer_value(at) == slot && journal_boot_ended(j, n))
			return true;
	}
	return false;
}
