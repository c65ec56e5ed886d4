// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The kernel's own gup_test (CONFIG_GUP_TEST, debugfs): get_user_pages_fast(),
 * pin_user_pages_fast() and pin_user_pages() with FOLL_LONGTERM of a block, and
 * its release, without anything around them but an ioctl().
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "include/workload.h"

#define FILE_NAME "/sys/kernel/debug/gup_test"

/* The interface of mm/gup_test.c, 5.11 and later; no header of it is installed. */
struct request {
	__u64 get_usec, put_usec; /* out: how long it took */
	__u64 address, size;
	__u32 pages_a_call;
	__u32 gup_flags; /* FOLL_WRITE is 1 */
	__u32 test_flags;
	__u32 which_pages[8];
};

#define GUP_FAST _IOWR('g', 1, struct request)
#define PIN_FAST _IOWR('g', 2, struct request)
#define PIN_LONGTERM _IOWR('g', 3, struct request)
#define FOLL_WRITE 1

static const char *gup_test_unsupported(const struct point *p)
{
	(void)p;
	if (!access(FILE_NAME, R_OK | W_OK))
		return NULL;
	if (geteuid())
		return "gup-test: debugfs is root's alone; run it with sudo";
	return "gup-test: this kernel has no " FILE_NAME " (CONFIG_GUP_TEST, debugfs); the guests' "
	       "has";
}

static int gup_test_setup(struct worker *w)
{
	int fd = open(FILE_NAME, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return fail(&w->error, "gup-test: opening %s: %s", FILE_NAME, strerror(errno));
	/* There is no target, so the place is free; the core closes it. */
	w->fd = fd;
	return 0;
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, unsigned long which,
							 bool timed)
{
	const size_t block = w->point->block;

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		struct request r = {
			.address = (uintptr_t)w->steps[i & w->step_mask].memory,
			.size = block,
			.pages_a_call = block / BASE_PAGE,
			.gup_flags = FOLL_WRITE,
		};
		uint64_t start = timed ? worker_clock() : 0;

		if (ioctl(w->fd, which, &r)) {
			fail(&w->error, "gup-test: %zu bytes: %s", block, strerror(errno));
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

/* FOLL_GET is not counted. */
static unsigned int no_pins(const struct point *p)
{
	(void)p;
	return 0;
}

#define TEST(id, text, title, request, count)          \
	static void id##_loop(struct worker *w)        \
	{                                              \
		if (w->latency)                        \
			repeat(w, request, true);      \
		else                                   \
			repeat(w, request, false);     \
	}                                              \
                                                       \
	static const struct workload id##_workload = { \
		.name = text,                          \
		.summary = title,                      \
		.no_target = true,                     \
		.unsupported = gup_test_unsupported,   \
		.pins = count,                         \
		.setup = gup_test_setup,               \
		.loop = id##_loop,                     \
	};                                             \
	REGISTER_WORKLOAD(id##_workload)

TEST(gup_fast, "gup-fast", "gup_test: get_user_pages_fast of a block and its put", GUP_FAST,
     no_pins);
TEST(pin_fast, "pin-fast", "gup_test: pin_user_pages_fast of a block and its unpin", PIN_FAST,
     point_subpages);
TEST(pin_longterm, "pin-longterm", "gup_test: pin_user_pages with FOLL_LONGTERM and its unpin",
     PIN_LONGTERM, point_subpages);
