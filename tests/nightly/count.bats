#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Counting on a large machine: 64 emulated CPUs on 8 nodes.

# shellcheck disable=SC2154 # common.bash sets them
load ../e2e/common

@test "64 workers on 8 nodes: the head's line is the one line that all share, and none with private pages" {
	kernel=$("$top/kernels/build.sh" stock)
	"$top/vm/initramfs.sh" "$BATS_TEST_TMPDIR/i.gz" "$pinscale" libhugetlbfs.so.0
	counts=$BATS_TEST_TMPDIR/counts
	run --separate-stderr "$pinscale" count "$top/configs/topology.ini" -o "$counts" --initramfs "$BATS_TEST_TMPDIR/i.gz" \
		--variant "stock=$kernel" --nodes 8 --memory 8G --timeout 3000
	assert_status 0
	mkdir -p "$top/results/reference/nightly"
	"$pinscale" counts "$counts" >"$top/results/reference/nightly/count-64.txt"

	# With a page each: 11 locked operations, and nothing shared.
	assert_equal "11.000 0.000" "$("$pinscale" counts "$counts" -p "tail private, 64 w" |
		sed -nE 's/.*: ([0-9.]+) locked, ([0-9.]+) on shared lines$/\1 \2/p')" "64 with a page each"
	# One page: its head's line takes all 5, from all 64; what else is shared is less than one in 5 operations.
	"$pinscale" counts "$counts" -p "tail shared, 64 w" | awk '
		/^  head page: / && !/folio_wa/ { rows++; each += $(NF - 3); shared += $(NF - 2); if ($(NF - 1) == 64) all++; lines = $NF }
		/^  [a-z]/ && !/^  head page/ && / locked / && $(NF - 2) != "-" { others += $(NF - 2) }
		END {
			printf "rows %d each %.2f shared %.2f by all %d lines %d others %.3f\n", rows, each, shared, all, lines, others
			exit !(rows == 5 && each >= 5 && each < 5.1 && shared == each && all == 5 && lines == 1 && others < 0.2)
		}' || fail "the head's line is not what all share"
	# Eight to a page: eight lines, of eight CPUs each.
	assert_equal "5" "$("$pinscale" counts "$counts" -p "tail group:8, 64 w" |
		awk '/^  head page: / && !/folio_wa/ && $(NF - 1) == 8 && $NF == 8' | wc -l)" "rows of the heads' lines of groups"
	# The nodes were there.
	assert_equal 8 "$(grep -o '"node": [0-9]*' "$counts/boots/1.json" | sort -u | wc -l)" "the nodes of the boot record"
}
