#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A run as large as they come: 200 points, 10 boots, 30 repetitions, 64 workers. How
# long reading it takes is printed and not judged: it is another time on every machine.

# shellcheck disable=SC2154 # common.bash sets them
load ../e2e/common

programs=$top/build/tests/nightly
most_kilobytes=$((300 * 1000))

setup_file() {
	[[ -x $programs/make_run ]] || return 1
	"$programs/make_run" "$BATS_FILE_TMPDIR/run" 200 10 30 64
}

# peak COMMAND...: runs it; sets kilobytes, the most memory that it had, and prints how long it took.
peak() {
	local seconds

	run --separate-stderr "$programs/peak" "$BATS_TEST_TMPDIR/used" "$@"
	read -r seconds kilobytes <"$BATS_TEST_TMPDIR/used"
	echo "# measured: ${1##*/} $2 took $seconds s and $((kilobytes / 1000)) MB" >&3
}

@test "a table of 60,000 trials with 64 workers needs less than 300 MB" {
	peak "$pinscale" table "$BATS_FILE_TMPDIR/run"
	assert_status 0
	assert_says "60000 trials of 200 points in 10 boots; all huge pages given back"
	# What was made was 0.97 of stock's rate, and 5 acquisitions an operation.
	assert_says "5 an operation: "
	((kilobytes < most_kilobytes)) || fail "it had $kilobytes kB in memory"
}

@test "comparing them, with graphs and the report, needs less than 300 MB" {
	peak "$pinscale" compare "$BATS_FILE_TMPDIR/run" -o "$BATS_TEST_TMPDIR/report" --brief
	# 0.97 is a loss of 3%.
	assert_status 1
	assert_says "REGRESSION: "
	[[ -s $BATS_TEST_TMPDIR/report/report.html ]] || fail "there is no report"
	((kilobytes < most_kilobytes)) || fail "it had $kilobytes kB in memory"
}

@test "a million trials at one point are read" {
	"$programs/make_run" "$BATS_TEST_TMPDIR/million" 1 1 1000000 1
	peak "$pinscale" table "$BATS_TEST_TMPDIR/million"
	assert_status 0
	assert_says "1000000 trials of 1 points in 1 boots"
}
