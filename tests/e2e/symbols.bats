#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The probe 'symbols' sees where the workers' CPU time goes: the page-reference functions
# of a read into huge pages, and a program's own atomics, which no probe of locks sees.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	require_measuring
	"$pinscale" list | grep -q '^  symbols  *yes' || skip "$("$pinscale" list | grep -A1 '^  symbols ')"
	run_directory=$BATS_TEST_TMPDIR/run
	sweep=$BATS_TEST_TMPDIR/sweep.ini
}

run_watched() {
	measure "$sweep" -o "$run_directory" --huge-pages reserve -s probes=symbols -s window=0.3 -s warmup=0.02 -s repetitions=1
	assert_status 0
}

# probed KEY...: of the trials that the probe watched, those of the probe itself.
probed() {
	local part=$BATS_TEST_TMPDIR/part

	mkdir -p "$part"
	# "samples" is in the details too, behind the probe's own values.
	sed 's/"details":.*//' "$run_directory/trials.jsonl" >"$part/trials.jsonl"
	fields "$part" probed "$@"
}

@test "a shared read's time is in the kernel, some of it in the page-reference functions" {
	cat >"$sweep" <<-'END'
		[points]
		workload = pread
		target = zram
		page = 2m
		sharing = shared private
		block = 4k
		workers = 2
		task = thread process
	END
	run_watched
	assert_equal 4 "$(probed workload | wc -l)" "four points are watched once each"
	assert_nothing "$(grep '"type":"probed"' "$run_directory/trials.jsonl" | grep -v '"problems":\[\]' || true)" "watched trials with problems"
	assert_nothing "$(probed samples kernel reference lost sharing task |
		awk '!($1 >= 20 && $2 > $1 / 2 && $3 > 0 && $3 < $2 && $4 == 0)')" "samples, kernel, reference, lost that cannot be"
	# Beside them are the trials that count, which the probe did not watch.
	assert_equal 4 "$(count_trials "$run_directory")" "four trials are not watched"
	assert_nothing "$(grep '"type":"trial"' "$run_directory/trials.jsonl" | grep '"symbols":' || true)" "trials that count are watched"
	# Every sample of the kernel is in the details.
	grep '"type":"probed"' "$run_directory/trials.jsonl" | grep -q '"reference":true,' || fail "no page-reference function is named"
}

@test "atomics in user space are seen, by the program's functions" {
	"$pinscale" list | grep -q '^  atomics-pincount *yes' || skip "$("$pinscale" list | grep -A1 '^  atomics-pincount')"
	cat >"$sweep" <<-'END'
		[points]
		workload = atomics-pincount
		sharing = shared
		workers = 2
	END
	run_watched
	assert_nothing "$(probed samples kernel reference | awk '!($1 >= 20 && $2 < $1 / 2 && $3 == 0)')" "samples, kernel, reference that cannot be"
	grep -q '"program":{"symbols":\[{"name":"[^"]*\(atomics\|pincount\|repeat\|loop\)' "$run_directory/trials.jsonl" ||
		fail "$(grep -o '"program":.*' "$run_directory/trials.jsonl") does not begin with the workload's loop"
}

@test "folded stacks on demand" {
	cat >"$sweep" <<-'END'
		[points]
		workload = pread
		target = zram
		page = 2m
		sharing = shared
		block = 4k
		workers = 2
	END
	export PINSCALE_FOLDED=$BATS_TEST_TMPDIR/folded
	run_watched
	unset PINSCALE_FOLDED
	assert_equal "$(probed samples)" "$(awk '{ sum += $NF } END { print sum }' "$BATS_TEST_TMPDIR/folded")" "a stack a sample"
	grep -q '^[^ ]*read[^ ]*;[^ ]* [0-9]*$' "$BATS_TEST_TMPDIR/folded" || fail "no stack has a read: $(head -3 "$BATS_TEST_TMPDIR/folded")"
}
