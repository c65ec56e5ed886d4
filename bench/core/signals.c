// SPDX-License-Identifier: GPL-3.0-or-later
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "covariate.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

volatile int signals_received;

static void receive(int number)
{
	signals_received = number;
}

static void mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaddset(&set, ending[i]);
	sigprocmask(how, &set, NULL);
}

void signals_hold(void)
{
	struct sigaction action = {.sa_handler = receive};

	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaction(ending[i], &action, NULL);
	mask(SIG_BLOCK);
}

void signals_default(void)
{
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		signal(ending[i], SIG_DFL);
	mask(SIG_UNBLOCK);
}

int signals_wait(pid_t pid, double timeout, int *status)
{
	uint64_t end = clock_ns() + timeout * 1e9;
	int fd = syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	sigset_t none;
	int rc = 0;

	sigemptyset(&none);
	while (fd >= 0) {
		uint64_t now = clock_ns(), left = now < end ? end - now : 0;
		struct timespec t = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};

		rc = ppoll(&p, 1, &t, &none);
		if (rc == 1 || !rc || signals_received)
			break;
	}
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && rc != 1)
		return signals_received ? 2 : 1;
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return 0;
}

void signals_end(void)
{
	int number = signals_received;

	if (!number)
		return;
	signal(number, SIG_DFL);
	mask(SIG_UNBLOCK);
	raise(number);
}
