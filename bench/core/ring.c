// SPDX-License-Identifier: GPL-3.0-or-later
#include "ring.h"

#include <errno.h>
#include <string.h>

const char *ring_unsupported(void)
{
	static char reason[256];
	struct io_uring ring;
	int rc = io_uring_queue_init(1, &ring, 0);

	if (!rc) {
		io_uring_queue_exit(&ring);
		return NULL;
	}
	if (rc == -ENOSYS)
		return "io_uring: this kernel has none (5.1 and CONFIG_IO_URING)";
	snprintf(reason, sizeof(reason), "io_uring: making a ring: %s%s", strerror(-rc),
		 rc == -EPERM ? "; see sysctl kernel.io_uring_disabled, or the container's seccomp "
				"filter"
		 : rc == -ENOMEM ? "; see 'ulimit -l'"
				 : "");
	return reason;
}

int ring_open(struct io_uring *ring, unsigned int entries, struct error *e)
{
	/* From the newest kernels (6.1) to the oldest: what is not known is refused with EINVAL. */
	static const unsigned int flags[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_COOP_TASKRUN,
		0,
	};
	int rc = -EINVAL;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && rc == -EINVAL; i++)
		rc = io_uring_queue_init(entries, ring, flags[i]);
	if (!rc)
		return 0;
	return fail(e, "io_uring: a ring of %u entries: %s%s", entries, strerror(-rc),
		    rc == -ENOMEM ? "; see 'ulimit -l'" : "");
}
