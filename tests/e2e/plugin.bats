# SPDX-License-Identifier: GPL-3.0-or-later
# Proves that a plug-in is one file: dropped into bench/workloads/, it is built,
# listed and measured, and nothing else in the tree knows of it.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	require_measuring
	tree=$BATS_TEST_TMPDIR/tree
}

# The files of the project without what is built from them.
copy_tree() {
	mkdir "$tree"
	if git -C "$top" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		(cd "$top" && git ls-files -co --exclude-standard -z -- Makefile bench configs | xargs -0 cp --parents -t "$tree")
	else
		cp -a "$top"/{Makefile,bench,configs} "$tree"
	fi
}

@test "a new workload is a new file in bench/workloads, and no other change" {
	copy_tree
	cat >"$tree/bench/workloads/example.c" <<-'END'
		// SPDX-License-Identifier: GPL-3.0-or-later
		/* preadv() of one part with O_DIRECT. */
		#include <errno.h>
		#include <string.h>
		#include <sys/uio.h>

		#include "include/workload.h"

		static void example_loop(struct worker *w)
		{
			for (unsigned int i = 0; !worker_stopped(w); i++) {
				const struct step *s = &w->steps[i & w->step_mask];
				struct iovec v = {.iov_base = s->memory, .iov_len = w->point->block};

				if (preadv(w->fd, &v, 1, s->position) != (ssize_t)v.iov_len) {
					fail(&w->error, "preadv: %s", strerror(errno));
					return;
				}
				worker_count(w, 1);
			}
		}

		static const struct workload example_workload = {
			.name = "example",
			.summary = "an example that was dropped in",
			.pins = point_subpages,
			.loop = example_loop,
		};
		REGISTER_WORKLOAD(example_workload);
	END
	# Not optimised, to be quick.
	run make -C "$tree" -j2 CFLAGS=-O0
	assert_status 0
	run "$tree/build/pinscale" list
	assert_status 0
	assert_says "  example           yes an example that was dropped in"
	! "$pinscale" list | grep -q '^  example' || fail "the program in build/ has the example too: this test tests nothing"

	run "$tree/build/pinscale" run "$tree/configs/quick.ini" -o "$BATS_TEST_TMPDIR/run" --huge-pages reserve \
		-s workload=example -s target=zram -s page=2m -s sharing=shared -s workers=2 -s depth=1 -s window=0.05 -s repetitions=1
	assert_status 0
	read -r operations acquired checked < <(fields "$BATS_TEST_TMPDIR/run" trial total_operations acquired checked)
	((operations > 0)) || fail "the example did nothing"
	assert_equal "$operations true" "$acquired $checked" "pages that the example pinned"
}
