// SPDX-License-Identifier: GPL-3.0-or-later
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "signals.h"

/* Time that vm/boot.sh has beyond the guest's own, to end it and to tidy up. */
#define GRACE 30

static int write_command(const struct guest *g, const char *command, struct error *e)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/.guest", g->share);
	if (mkdir(path, 0755) && errno != EEXIST)
		return fail(e, "Making %s: %s.", path, strerror(errno));
	snprintf(path, sizeof(path), "%s/.guest/command", g->share);
	return file_replace(path, command, e);
}

/* Appends an option, and its value if it has one, to an argv that is NULL from its end on. */
static void add_option(char **argv, const char *name, const char *value)
{
	while (*argv)
		argv++;
	*argv++ = (char *)name;
	*argv = (char *)value;
}

static pid_t start(const struct guest *g, const char *messages)
{
	char cpus[16], timeout[16], nodes[16];
	char *argv[24] = {PINSCALE_TOP "/vm/boot.sh"};
	pid_t pid;
	int fd;

	snprintf(cpus, sizeof(cpus), "%u", g->cpus);
	snprintf(timeout, sizeof(timeout), "%u", g->timeout);
	snprintf(nodes, sizeof(nodes), "%u", g->nodes);
	add_option(argv, "--kernel", g->kernel);
	add_option(argv, "--initramfs", g->initramfs);
	add_option(argv, "--share", g->share);
	add_option(argv, "--log", g->log);
	add_option(argv, "--memory", g->memory);
	add_option(argv, "--cpus", cpus);
	add_option(argv, "--timeout", timeout);
	if (g->accelerator)
		add_option(argv, "--accel", g->accelerator);
	if (g->packed)
		add_option(argv, "--packed", NULL);
	if (g->exact)
		add_option(argv, "--exact", NULL);
	if (g->nodes)
		add_option(argv, "--nodes", nodes);
	if (g->plugin)
		add_option(argv, "--plugin", g->plugin);
	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	/* Its trap ends the guest. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signals_default();
	fd = open(messages, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	/* A terminal's Ctrl-C is for us alone: we end the script. */
	setpgid(0, 0);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "running %s: %s", argv[0], strerror(errno));
	_exit(2);
}

/* The last line of what vm/boot.sh said. */
static void last_line(const char *path, char *line, size_t size)
{
	struct error e;
	char *text = file_read(path, &e), *start;

	line[0] = '\0';
	if (!text)
		return;
	while (*text && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = '\0';
	start = strrchr(text, '\n');
	snprintf(line, size, "%s", start ? start + 1 : text);
	free(text);
}

int guest_run(const struct guest *g, const char *command, struct error *e)
{
	char messages[4096], said[400];
	int status = 0, waited;
	pid_t pid;

	if (write_command(g, command, e))
		return -1;
	snprintf(messages, sizeof(messages), "%s/.guest/messages", g->share);
	pid = start(g, messages);
	if (pid < 0)
		return fail(e, "Starting vm/boot.sh: %s.", strerror(errno));
	waited = signals_wait(pid, g->timeout + GRACE, &status);
	if (waited) {
		kill(pid, SIGTERM);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (waited == 2)
		return 2;
	last_line(messages, said, sizeof(said));
	if (waited)
		return fail(e, "The guest was not done after %u s.", g->timeout), 1;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	fail(e, "%s", said);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1 ? 1 : -1;
}
