#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# fio as a reference in a sweep: it does just the operations that it has to, on
# pages that it gives back, whatever ends it; and where it cannot be, that is said.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	require_measuring
	run_directory=$BATS_TEST_TMPDIR/run
	sweep=$BATS_TEST_TMPDIR/sweep.ini
	cat >"$sweep" <<-'END'
		[sweep]
		window = 0.05
		warmup = 0.05
		repetitions = 1
		[points one]
		workload = pread bare-pread fio-psync fio-psync-tuned
		target = zram
		mapping = private
		sharing = private
		workers = 1 2
		[points many]
		workload = aio-read fio-libaio fio-libaio-tuned
		target = zram
		mapping = private
		sharing = private
		depth = 32
		workers = 1 2
	END
}

teardown() {
	end_background
}

require_fio() {
	command -v fio >/dev/null || skip "fio is not installed (apt-get install fio)"
}

@test "fio, as it comes and tuned, pins what its operations have to, and stands in the table" {
	local before

	require_fio
	with_lock true
	before=$(system_state)
	measure "$sweep" -o "$run_directory" --huge-pages reserve
	assert_status 0
	assert_equal 14 "$(count_trials "$run_directory")" "trials"
	assert_nothing "$(fields "$run_directory" trial total_operations acquired released | awk '$1 < 1 || $1 != $2 || $1 != $3')" "not one pin an operation"
	assert_equal "$before" "$(system_state)" "the system is not as it was"
	run --separate-stderr "$pinscale" table "$run_directory"
	assert_says "pread 4k, zram, beside its references"
	assert_says "aio-read 4k, zram, depth 32, beside its references"
}

@test "what fio cannot do is skipped with the reason, and so is all of it where there is no fio" {
	require_fio
	measure "$sweep" -o "$run_directory" --huge-pages reserve -s workload=fio-psync -s workers=1 \
		-s "sharing=private same" -s "mapping=private hugetlbfs" -s "task=thread process" -s depth=1
	assert_status 0
	assert_equal 1 "$(count_trials "$run_directory")" "trials"
	assert_equal 7 "$(fields "$run_directory" skip reason | grep -cE '^(mapping|sharing|task): ')" "skips"
	run --separate-stderr env PATH="$BATS_TEST_TMPDIR" "$pinscale" run "$sweep" -o "$run_directory.none" --huge-pages reserve -s workload=fio-psync
	assert_equal 0 "$(count_trials "$run_directory.none")" "trials without fio"
	assert_equal 4 "$(grep -c '"type":"skip".*apt-get install fio' "$run_directory.none/trials.jsonl")" "skips without fio"
}

fio_runs() {
	[[ -n $(processes_with configs/fio/psync.fio) ]]
}

fio_has_ended() {
	[[ -z $(processes_with configs/fio/psync.fio) ]]
}

@test "killed in the middle, fio ends too, and leaves no huge page behind" {
	local segments before

	require_fio
	with_lock true
	before=$(system_state)
	segments=$(wc -l </proc/sysvipc/shm)
	begin "$pinscale" run "$sweep" -o "$run_directory" --huge-pages reserve -s workload=fio-psync -s window=60 -s workers=2
	eventually 20 fio_runs
	sleep 0.5
	kill -KILL "$pid"
	finish
	eventually 5 fio_has_ended
	assert_equal "$segments" "$(wc -l </proc/sysvipc/shm)" "segments are left"
	# The next one puts back what the killed one had changed.
	measure "$sweep" -o "$run_directory.next" --huge-pages reserve -s workload=fio-psync -s workers=1
	assert_status 0
	assert_equal "$before" "$(system_state)" "the system is not as it was"
}
