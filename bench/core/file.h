/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files of the kernel's, and whole files of ours. */
#ifndef PINSCALE_FILE_H
#define PINSCALE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "include/error.h"

/* The whole text of a file (gunzipped if it is gzip'ed), to be freed, or NULL with the error set.
 */
char *file_read(const char *path, struct error *e);

/* The first line of a small file, without its newline; "" if it cannot be read. */
const char *file_line(const char *path, char *line, size_t size);

/* The number a file begins with; -1 if it cannot be read. */
long long file_number(const char *path);

/* Writes a value to a file of sysfs, procfs or configfs. 0, or -1 with errno and the error set. */
int file_write(const char *path, const char *value, struct error *e);

/* Writes a file under a temporary name, syncs and renames it: whole or not there. */
int file_replace(const char *path, const char *text, struct error *e);

/*
 * Is "name value" a line of a file like /proc/vmstat? Sets *value if so. For a
 * file read by file_read().
 */
bool file_field(const char *text, const char *name, long long *value);

#endif
