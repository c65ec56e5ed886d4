// SPDX-License-Identifier: GPL-3.0-or-later
#include "testing.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void check_contains(const char *text, const char *part, const char *file, int line)
{
	if (strstr(text, part))
		return;
	print_error("'%s' is not in '%s'\n", part, text);
	_fail(file, line);
}

void check_file_is(const char *path, const char *wanted, const char *file, int line)
{
	char text[65536];
	FILE *f = fopen(path, "re");
	size_t n = 0;

	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	if (f && !strcmp(text, wanted))
		return;
	print_error("%s %s '%s', not '%s'\n", path, f ? "holds" : "is not there:", text, wanted);
	_fail(file, line);
}

int scratch_setup(void **state)
{
	char path[] = "/tmp/pinscale-test-XXXXXX";

	if (!mkdtemp(path) || chdir(path))
		return -1;
	*state = strdup(path);
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int scratch_teardown(void **state)
{
	int rc = chdir("/") || nftw(*state, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

	free(*state);
	return rc;
}

void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

int wait_for(int pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
