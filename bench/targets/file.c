// SPDX-License-Identifier: GPL-3.0-or-later
/* A file a worker in a directory, written in full, on whatever file system and disk that is. */
#include <fcntl.h>
#include <unistd.h>

#include "core/device.h"

static const char *file_unsupported(const char *argument)
{
	(void)argument;
	return NULL; /* setup() finds out whether the file system has O_DIRECT */
}

static int file_setup(struct target_run *t, struct error *e)
{
	const char *directory = *t->argument ? t->argument : t->directory;
	struct extent x;

	if (device_make_files(t, directory, e))
		return -1;
	if (device_open_file(t, 0, O_RDWR | O_DIRECT, &x, e))
		return -1;
	close(x.fd);
	snprintf(t->what, sizeof(t->what), "%u files of %zu MiB in %.100s", t->workers,
		 t->extent >> 20, directory);
	return 0;
}

static const struct target file_target = {
	.name = "file",
	.summary = "a file a worker in --directory, or in file:DIRECTORY",
	.preference = 3,
	.unsupported = file_unsupported,
	.setup = file_setup,
	.open = device_open_file,
};
REGISTER_TARGET(file_target);
