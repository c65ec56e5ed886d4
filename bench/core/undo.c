// SPDX-License-Identifier: GPL-3.0-or-later
#include "undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "file.h"

#define UNDO_FILE UNDO_DIRECTORY "/undo"

static int notes = -1;

/* A note is a line: action, path or name, value, with tabs between. */
static int note(struct error *e, const char *action, const char *what, const char *value)
{
	char line[1024];
	ssize_t written;
	int n;

	if (notes < 0)
		return 0; /* nothing is measured: a test of a part */
	n = snprintf(line, sizeof(line), "%s\t%s\t%s\n", action, what, value);
	if (n >= (int)sizeof(line) || strpbrk(what, "\t\n") || strpbrk(value, "\t\n"))
		return fail(e,
			    "The path '%.200s' cannot be noted in " UNDO_FILE
			    ": too long, or a tab or newline in it.",
			    what);
	written = write(notes, line, n);
	if (written == n)
		return 0;
	fail(e, "Writing to " UNDO_FILE ": %s. See that /run has space.",
	     written < 0 ? strerror(errno) : "no space is left");
	/* What was written of it must not run into the next note. */
	if (written > 0 && ftruncate(notes, lseek(notes, 0, SEEK_END) - written))
		fail(e, "Shortening " UNDO_FILE ": %s.", strerror(errno));
	return -1;
}

int undo_note_write(struct error *e, const char *path, const char *value)
{
	return note(e, "write", path, value);
}

int undo_note_unmount(struct error *e, const char *path)
{
	return note(e, "unmount", path, "");
}

int undo_note_rmdir(struct error *e, const char *path)
{
	return note(e, "rmdir", path, "");
}

int undo_note_unlink(struct error *e, const char *path)
{
	return note(e, "unlink", path, "");
}

int undo_note_module(struct error *e, const char *module)
{
	return note(e, "module", module, "");
}

static int write_value(const char *path, const char *value)
{
	struct error e;

	return file_write(path, value, &e);
}

/* A device is busy for a moment after its last user closed it. */
static int write_patiently(const char *path, const char *value)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	int rc;

	for (int tries = 0;; tries++) {
		rc = write_value(path, value);
		if (!rc || errno != EBUSY || tries == 100)
			return rc;
		nanosleep(&pause, NULL);
	}
}

static int carry_out(const char *action, const char *what, const char *value)
{
	int rc;

	if (!strcmp(action, "write"))
		rc = write_patiently(what, value);
	else if (!strcmp(action, "unmount"))
		rc = umount2(what, MNT_DETACH);
	else if (!strcmp(action, "rmdir"))
		rc = rmdir(what);
	else if (!strcmp(action, "unlink"))
		rc = unlink(what);
	else if (!strcmp(action, "module"))
		rc = syscall(SYS_delete_module, what, O_NONBLOCK);
	else
		rc = 0; /* noted by another version */
	/*
	 * The note was made, the change was not: or it went with its device. ENOSYS:
	 * a kernel without modules has loaded none.
	 */
	if (rc &&
	    (errno == ENOENT || errno == ENOSYS || (errno == EINVAL && !strcmp(action, "unmount"))))
		rc = 0;
	return rc;
}

/* Carries out the lines of text, last first. Returns how many failed. */
static int carry_out_all(char *text, struct error *e)
{
	char *torn = strrchr(text, '\n');
	int failed = 0;

	/* Of a note that is not whole, the change was never made. */
	*(torn ? torn + 1 : text) = '\0';
	while (*text) {
		char *end = text + strlen(text) - 1;
		char *line, *what, *value;

		if (*end == '\n')
			*end = '\0';
		line = strrchr(text, '\n');
		line = line ? line + 1 : text;
		what = strchr(line, '\t');
		value = what ? strchr(what + 1, '\t') : NULL;
		if (value) {
			*what++ = '\0';
			*value++ = '\0';
			if (carry_out(line, what, value) && !failed++)
				fail(e,
				     "Putting back what was changed: %s %s %s: %s. Do it by hand.",
				     line, what, value, strerror(errno));
		}
		*line = '\0';
	}
	return failed;
}

int undo_all(struct error *e)
{
	char *text;
	int failed;

	if (notes < 0)
		return 0;
	text = file_read(UNDO_FILE, e);
	if (!text)
		return 1;
	failed = carry_out_all(text, e);
	free(text);
	if (ftruncate(notes, 0))
		return failed + 1;
	return failed;
}

int undo_open(struct error *e)
{
	struct stat st;

	if (mkdir(UNDO_DIRECTORY, 0755) && errno != EEXIST)
		return fail(
			e, "Making " UNDO_DIRECTORY ": %s. Measuring needs root: run it with sudo.",
			strerror(errno));
	notes = open(UNDO_FILE, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (notes < 0)
		return fail(e, "Opening " UNDO_FILE ": %s. Measuring needs root: run it with sudo.",
			    strerror(errno));
	if (flock(notes, LOCK_EX | LOCK_NB)) {
		int error = errno;

		close(notes);
		notes = -1;
		if (error == EWOULDBLOCK)
			return fail(e,
				    "Another pinscale measures on this machine: wait for it to end "
				    "('fuser -v " UNDO_FILE "' names it).");
		return fail(e, "Locking " UNDO_FILE ": %s.", strerror(error));
	}
	if (fstat(notes, &st) || !st.st_size)
		return 0;
	if (undo_all(e))
		return -1;
	fail(e, "A run that was killed had left its changes to the system; they are put back.");
	return 1;
}

int undo_close(struct error *e)
{
	int failed = undo_all(e);

	if (notes >= 0)
		close(notes);
	notes = -1;
	return failed;
}
