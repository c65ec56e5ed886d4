// SPDX-License-Identifier: GPL-3.0-or-later
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Reads a pipe to its end and keeps the last size - 1 bytes. */
static void keep_end(int fd, char *text, size_t size)
{
	char chunk[512];
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)) {
		for (ssize_t i = 0; i < n; i++) {
			if (used == size - 1)
				memmove(text, text + 1, --used);
			text[used++] = chunk[i];
		}
	}
	while (used && text[used - 1] == '\n')
		used--;
	text[used] = '\0';
}

int program_run(char *const argv[], struct error *e)
{
	posix_spawn_file_actions_t actions;
	char said[240] = "";
	int output[2], status, rc;
	pid_t pid;

	if (pipe2(output, O_CLOEXEC))
		return fail(e, "Running %s: %s.", argv[0], strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output[1], 1);
	posix_spawn_file_actions_adddup2(&actions, output[1], 2);
	rc = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(output[1]);
	if (!rc)
		keep_end(output[0], said, sizeof(said));
	close(output[0]);
	if (rc)
		return fail(e, "Running %s: %s. Is it installed?", argv[0], strerror(rc));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return fail(e, "%s was ended by a signal (%s). It said: %s", argv[0],
			    strsignal(WTERMSIG(status)), said);
	if (WEXITSTATUS(status))
		return fail(e, "%s failed with status %d. It said: %s", argv[0],
			    WEXITSTATUS(status), said);
	return 0;
}
