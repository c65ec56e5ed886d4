# SPDX-License-Identifier: GPL-3.0-or-later
# Proves that a run leaves the system as it was, however it ends: huge pages,
# devices, mounts and notes in /run/pinscale; that nothing of a journal is lost
# when a run is killed; and that two runs do not disturb each other.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	require_measuring
	run_directory=$BATS_TEST_TMPDIR/run
	before=$(with_lock system_state)
	# 20 points, 40 trials, a few seconds.
	sweep=("$top/configs/quick.ini" --huge-pages reserve -s target=zram -s workers="1 2" -s warmup=0.01 -s repetitions=2)
}

teardown() {
	end_background
	# Even a failed test leaves the system as it was: any start puts it back.
	if [[ -s $undo ]]; then
		"$pinscale" restore || true
	fi
}

assert_as_before() {
	assert_equal "$before" "$(with_lock system_state)" "the system is not as it was before"
	assert_nothing "$(processes_with "$run_directory")" "these processes are left"
}

# A run in the background that is at its second trial, and has changed the system.
begin_run() {
	begin "$pinscale" run "${sweep[@]}" -s window="$1" -o "$run_directory"
	eventually 20 has_trials "$run_directory" 2
	[[ -s $undo ]] || fail "a run that measures has noted nothing to undo in $undo"
	[[ $(system_state) != "$before" ]] || fail "a run that measures has changed nothing: this test tests nothing"
}

# The run has ended by that signal's number and put the system back.
assert_ended_by() {
	finish
	assert_status $((128 + $1))
	assert_says "interrupted; 'pinscale run -o $run_directory' goes on with it"
	assert_as_before
	(($(count_trials "$run_directory") < 40)) || fail "the signal came when all was done"
	assert_equal 0 "$(fields "$run_directory" boot-end type | wc -l)" "boot-end records of a boot that has not ended"
}

@test "a run puts back huge pages, devices, mounts and its notes" {
	measure "${sweep[@]}" -s window=0.02 -o "$run_directory"
	assert_status 0
	assert_equal 40 "$(count_trials "$run_directory")" "the number of trials"
	assert_as_before
}

@test "Ctrl-C ends a run at once and puts the system back" {
	begin_run 0.2
	# A terminal sends it to the whole group.
	kill -INT -- "-$pid"
	assert_ended_by 2
}

@test "SIGTERM to the program alone ends a run and puts the system back" {
	begin_run 0.2
	kill -TERM "$pid"
	assert_ended_by 15
}

@test "a terminal that is gone (SIGHUP) ends a run and puts the system back" {
	begin_run 0.2
	kill -HUP -- "-$pid"
	assert_ended_by 1
}

@test "what a killed run has left can be put back without a new run" {
	begin_run 0.2
	kill -KILL "$pid"
	finish
	assert_status 137
	eventually 5 nothing_runs
	run --separate-stderr "$pinscale" restore
	assert_status 0
	assert_says "they are put back"
	assert_as_before
	run --separate-stderr "$pinscale" restore
	assert_status 0
	assert_says "no run has left anything"
}

@test "what a killed run has left is put back by the next, whatever it measures" {
	begin_run 0.2
	kill -KILL "$pid"
	finish
	assert_status 137
	[[ -s $undo ]] || fail "a killed run should leave its notes"
	eventually 5 nothing_runs

	measure "$top/configs/quick.ini" -o "$BATS_TEST_TMPDIR/next" -s target=zram \
		-s workload=pread -s page=4k -s sharing=private -s depth=1 -s workers=1 -s window=0.02 -s repetitions=1
	assert_status 0
	assert_says "A run that was killed had left its changes to the system; they are put back."
	assert_equal 1 "$(count_trials "$BATS_TEST_TMPDIR/next")" "trials of the next run"
	assert_as_before
}

nothing_runs() {
	[[ -z $(processes_with "$run_directory") ]]
}

@test "a run killed again and again goes on where it was: every point once, nothing lost" {
	start=("${sweep[@]}" -s window=0.05)
	for trials in 3 9 20; do
		begin "$pinscale" run "${start[@]}" -o "$run_directory"
		# Going on is without the sweep, as the advice says.
		start=(--huge-pages reserve)
		eventually 20 has_trials "$run_directory" "$trials"
		kill -KILL "$pid"
		finish
		assert_status 137
		eventually 5 nothing_runs
		# What is there now must be there in the end.
		head -n "$(count_trials "$run_directory")" "$run_directory/trials.jsonl" >"$BATS_TEST_TMPDIR/lines-$trials"
	done
	(($(count_trials "$run_directory") < 40)) || fail "the last kill came when all was done"

	measure -o "$run_directory" --huge-pages reserve
	assert_status 0
	assert_equal 40 "$(count_trials "$run_directory")" "the number of trials"
	assert_nothing "$(twice "$run_directory")" "these points were measured twice"
	assert_equal 20 "$(fields "$run_directory" trial "${point_keys[@]}" | sort -u | wc -l)" "the number of points"
	assert_equal "$(seq 0 39)" "$(fields "$run_directory" trial order)" "the numbers of the trials"
	for trials in 3 9 20; do
		head -n "$(wc -l <"$BATS_TEST_TMPDIR/lines-$trials")" "$run_directory/trials.jsonl" |
			cmp - "$BATS_TEST_TMPDIR/lines-$trials" || fail "lines were lost or changed"
	done
	assert_equal 1 "$(fields "$run_directory" boot-end type | wc -l)" "the number of boot-end records"
	assert_as_before

	measure -o "$run_directory" --huge-pages reserve
	assert_status 0
	assert_says "it was complete"
	assert_equal 40 "$(count_trials "$run_directory")" "the number of trials after one start too many"
}

@test "a line that a dying machine tore is made up for" {
	measure "${sweep[@]}" -s window=0.02 -o "$run_directory"
	assert_status 0
	# Without the boot's end and with half of the last trial.
	grep '"type":"trial"' "$run_directory/trials.jsonl" >"$BATS_TEST_TMPDIR/whole"
	{
		head -n 39 "$BATS_TEST_TMPDIR/whole"
		tail -n 1 "$BATS_TEST_TMPDIR/whole" | head -c 200
	} >"$run_directory/trials.jsonl"

	measure -o "$run_directory" --huge-pages reserve
	assert_status 0
	assert_equal 40 "$(count_trials "$run_directory")" "the number of whole trials"
	assert_nothing "$(twice "$run_directory")" "these points were measured twice"
	assert_equal 1 "$(grep -vc '}$' "$run_directory/trials.jsonl")" "torn lines, which stay"
	assert_equal "$(head -n 39 "$BATS_TEST_TMPDIR/whole")" "$(head -n 39 "$run_directory/trials.jsonl")"
}

@test "a second pinscale at the same time is refused, and the first is not disturbed" {
	begin_run 0.1
	during=$(system_state)
	run "$pinscale" run "$top/configs/quick.ini" -o "$BATS_TEST_TMPDIR/second" -s target=zram -s page=4k
	assert_status 2
	assert_says "Another pinscale measures on this machine: wait for it to end"
	assert_equal 0 "$(count_trials "$BATS_TEST_TMPDIR/second")" "trials of the second"
	assert_equal "$during" "$(system_state)" "the second changed something under the first"
	finish
	assert_status 0
	assert_equal 40 "$(count_trials "$run_directory")" "trials of the first"
	assert_as_before
}

@test "without --huge-pages reserve the pool is left alone, and what to do is said" {
	available=$(<"$pool/free_hugepages")
	total=$(<"$pool/nr_hugepages")
	((available < 60)) || skip "the pool has $available huge pages free, more than a sweep would ask for"
	asked=$((available + 2))
	measure "$top/configs/quick.ini" -o "$run_directory" -s target=zram -s page=2m \
		-s sharing=private -s workers="$asked"
	assert_status 2
	assert_says "$asked pages asked, $available free: echo $((total + 2)) | sudo tee $pool/nr_hugepages, or --huge-pages reserve"
	assert_equal 0 "$(count_trials "$run_directory")" "the number of trials"
	assert_as_before

	# The advice helps, and the pool stays as the user made it.
	echo $((total + 2)) >"$pool/nr_hugepages"
	measure "$top/configs/quick.ini" -o "$BATS_TEST_TMPDIR/advised" -s target=zram -s page=2m \
		-s sharing=private -s workload=pread -s workers=2 -s depth=1 -s window=0.02 -s repetitions=1
	made=$(<"$pool/nr_hugepages")
	echo "$total" >"$pool/nr_hugepages"
	assert_status 0
	assert_equal $((total + 2)) "$made" "the size of the pool after the run"
	assert_as_before
}
