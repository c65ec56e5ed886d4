// SPDX-License-Identifier: GPL-3.0-or-later
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

char *file_read(const char *path, struct error *e)
{
	gzFile file = gzopen(path, "re");
	size_t size = 0, used = 0;
	char *text = NULL;
	int n;

	if (!file) {
		fail(e, "Reading %s: %s.", path, strerror(errno));
		return NULL;
	}
	do {
		if (size - used < 4096) {
			char *larger = realloc(text, size = 2 * size + 16384);

			if (!larger) {
				n = -1;
				errno = ENOMEM;
				break;
			}
			text = larger;
		}
		n = gzread(file, text + used, size - used - 1);
		used += n > 0 ? n : 0;
	} while (n > 0);
	if (n < 0) {
		/* zlib sets errno only for what the system said. */
		gzerror(file, &n);
		fail(e, "Reading %s: %s.", path,
		     n == Z_OK || n == Z_ERRNO ? strerror(errno) : "its gzip data is damaged");
		free(text);
		text = NULL;
	} else {
		text[used] = '\0';
	}
	gzclose(file);
	return text;
}

const char *file_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");

	line[0] = '\0';
	if (f) {
		if (!fgets(line, size, f))
			line[0] = '\0';
		line[strcspn(line, "\n")] = '\0';
		fclose(f);
	}
	return line;
}

long long file_number(const char *path)
{
	char line[64], *end;
	long long n = strtoll(file_line(path, line, sizeof(line)), &end, 10);

	return end == line ? -1 : n;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0)
			return -1;
		text += n;
		length -= n;
	}
	return 0;
}

int file_write(const char *path, const char *value, struct error *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : write_all(fd, value, strlen(value));
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (rc)
		fail(e, "Writing '%s' to %s: %s.", value, path, strerror(error));
	errno = error;
	return rc;
}

int file_replace(const char *path, const char *text, struct error *e)
{
	char temporary[4096];
	int fd, rc;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(e, "Writing %s: %s.", temporary, strerror(errno));
	rc = write_all(fd, text, strlen(text)) || fsync(fd);
	rc |= close(fd);
	if (rc || rename(temporary, path))
		return fail(e, "Writing %s: %s.", path, strerror(errno));
	return 0;
}

bool file_field(const char *text, const char *name, long long *value)
{
	size_t length = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, length) && strchr(" \t:", line[length]) && line[length]) {
			*value = strtoll(line + length + 1, NULL, 10);
			return true;
		}
	}
	return false;
}
