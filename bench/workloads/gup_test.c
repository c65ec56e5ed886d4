// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The kernel's own gup_test: an ioctl takes all pages of a block by one call of
 * get_user_pages_fast() or its like, and drops them again. Nothing else is in the
 * way, but for a small allocation and four readings of the clock in the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "include/workload.h"

#define PATH "/sys/kernel/debug/gup_test"

/* What the ioctls of 5.11 and later take: the kernel exports no header for them. */
struct gup_request {
	uint64_t get_us, put_us; /* how long it took, written by the kernel */
	uint64_t address;
	uint64_t bytes; /* and how far it came */
	uint32_t pages_a_call;
	uint32_t gup_flags;
	uint32_t test_flags;
	uint32_t dump[8]; /* of another test */
};

enum gup_ioctl {
	GUP_FAST = _IOWR('g', 1, struct gup_request),
	PIN_FAST = _IOWR('g', 2, struct gup_request),
	PIN_LONGTERM = _IOWR('g', 3, struct gup_request),
};

/* FOLL_WRITE: the pages are taken to be written to, as a read with O_DIRECT takes them. */
#define TO_WRITE 1

static const char *gup_unsupported(const struct point *p)
{
	(void)p;
	if (!access(PATH, R_OK | W_OK))
		return NULL;
	return errno == EACCES ? "gup-test: " PATH " is root's: run pinscale as root"
			       : "gup-test: there is no " PATH
				 ": it needs a kernel since 5.11 with CONFIG_GUP_TEST, "
				 "and debugfs mounted; the guests of 'pinscale ab' have it";
}

static int gup_setup(struct worker *w)
{
	/* gup_setup() and gup_teardown() use state for the file, as the core closes w->fd. */
	int fd = open(PATH, O_RDWR);

	w->state = (void *)(intptr_t)(fd + 1);
	return fd < 0 ? fail(&w->error, "gup_test: opening " PATH ": %s", strerror(errno)) : 0;
}

static void gup_teardown(struct worker *w)
{
	if (w->state)
		close((intptr_t)w->state - 1);
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, unsigned long command,
							 bool timed)
{
	const size_t block = w->point->block;
	const struct step *const steps = w->steps;
	const unsigned int mask = w->step_mask;
	const int fd = (intptr_t)w->state - 1;
	struct gup_request request = {
		.pages_a_call = point_subpages(w->point),
		.gup_flags = TO_WRITE,
	};

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		uint64_t start = timed ? worker_clock() : 0;
		int rc;

		request.address = (uintptr_t)steps[i & mask].memory;
		request.bytes = block;
		rc = ioctl(fd, command, &request);
		if (rc || request.bytes != block) {
			fail(&w->error, "%s of %zu bytes: %s", w->point->workload->name, block,
			     rc ? strerror(errno) : "it took none of the pages");
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

/* A loop for each ioctl. */
#define GUP_LOOP(name, command)                      \
	static void name(struct worker *w)           \
	{                                            \
		if (w->latency)                      \
			repeat(w, (command), true);  \
		else                                 \
			repeat(w, (command), false); \
	}

GUP_LOOP(gup_fast_loop, GUP_FAST)
GUP_LOOP(pin_fast_loop, PIN_FAST)
GUP_LOOP(pin_longterm_loop, PIN_LONGTERM)

static const struct workload gup_fast_workload = {
	.name = "gup-fast",
	.summary = "the kernel's gup_test: get_user_pages_fast() and put_page()",
	.no_target = true,
	.unsupported = gup_unsupported,
	.setup = gup_setup,
	.loop = gup_fast_loop,
	.teardown = gup_teardown,
};
REGISTER_WORKLOAD(gup_fast_workload);

static const struct workload pin_fast_workload = {
	.name = "pin-fast",
	.summary = "the kernel's gup_test: pin_user_pages_fast() and unpinning",
	.no_target = true,
	.unsupported = gup_unsupported,
	.pins = point_subpages,
	.setup = gup_setup,
	.loop = pin_fast_loop,
	.teardown = gup_teardown,
};
REGISTER_WORKLOAD(pin_fast_workload);

/*
 * The slow way, under mmap_lock. It has no pins: a page that must not be pinned
 * for long (ZONE_MOVABLE, CMA) is migrated, and then pinned again.
 */
static const struct workload pin_longterm_workload = {
	.name = "pin-longterm",
	.summary = "the kernel's gup_test: pin_user_pages() for long, under mmap_lock",
	.no_target = true,
	.unsupported = gup_unsupported,
	.setup = gup_setup,
	.loop = pin_longterm_loop,
	.teardown = gup_teardown,
};
REGISTER_WORKLOAD(pin_longterm_workload);
