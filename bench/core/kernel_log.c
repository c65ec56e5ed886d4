// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"

#define LEVEL_WARNING 4
#define MOST_WARNINGS 100

int kernel_log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* What a kernel on emulated CPUs says of time, when the host has let it wait: no fault of its. */
static const char *const of_time[] = {
	"hrtimer: interrupt took", "clocksource: ", "tsc: ", "APIC calibration", "sched_clock: ",
};

static bool is_fault(const char *message)
{
	bool emulated = !strcmp(environment_execution(), "emulated");

	for (size_t i = 0; emulated && i < sizeof(of_time) / sizeof(of_time[0]); i++)
		if (!strncmp(message, of_time[i], strlen(of_time[i])))
			return false;
	return true;
}

json_t *kernel_log_close(int fd)
{
	json_t *warnings;
	char record[8192];
	ssize_t n;

	if (fd < 0)
		return json_null();
	warnings = json_array();
	/* A read() gives a record: "priority,sequence,time,flags;message". EPIPE: some were lost.
	 */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		unsigned int priority;
		char *message;

		if (n < 0)
			continue;
		record[n] = '\0';
		message = strchr(record, ';');
		if (!message || sscanf(record, "%u", &priority) != 1)
			continue;
		message[1 + strcspn(message + 1, "\n")] = '\0';
		/* The lower three bits are the level; facility 0 is the kernel. */
		if (priority <= LEVEL_WARNING && is_fault(message + 1) &&
		    json_array_size(warnings) < MOST_WARNINGS)
			json_array_append_new(warnings, json_string(message + 1));
	}
	close(fd);
	return warnings;
}
