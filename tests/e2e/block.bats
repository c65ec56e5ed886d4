#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A device of the user's is safe: what is mounted is refused, nothing is written
# to one that is not named again, and nothing over what is known to be on it.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	require_measuring
	run_directory=$BATS_TEST_TMPDIR/run
	number=$(</sys/class/zram-control/hot_add)
	device=/dev/zram$number
	echo 64M >"/sys/block/zram$number/disksize"
	if [[ ! -b $device ]]; then
		device=$BATS_TEST_TMPDIR/zram$number
		IFS=: read -r major minor <"/sys/block/zram$number/dev"
		mknod "$device" b "$major" "$minor"
	fi
	brief=(-s target="block:$device" -s page=4k -s depth=1 -s sharing=private -s workers=2
		-s window=0.02 -s warmup=0.01 -s repetitions=1)
}

teardown() {
	umount "$BATS_TEST_TMPDIR/mounted" 2>/dev/null || true
	[[ ! -e /sys/block/zram$number ]] || {
		eventually 5 eval "echo 1 >/sys/block/zram$number/reset"
		echo "$number" >/sys/class/zram-control/hot_remove
	}
}

briefly() {
	measure "$top/configs/quick.ini" -o "$run_directory" "${brief[@]}" "$@"
}

sum() {
	sha256sum <"$device"
}

@test "a device that is mounted is refused, to read it as well" {
	mke2fs -q -t ext4 "$device"
	mkdir "$BATS_TEST_TMPDIR/mounted"
	mount "$device" "$BATS_TEST_TMPDIR/mounted"
	briefly -s workload=pread
	assert_status 2
	assert_says "is mounted, or in use"
	briefly -o "$run_directory-2" -s workload=pwrite --write-to "$device"
	assert_status 2
	assert_says "is mounted, or in use"
}

@test "reading leaves a device as it is" {
	mke2fs -q -t ext4 "$device"
	before=$(sum)
	briefly -s workload=pread
	assert_status 0
	assert_equal 1 "$(count_trials "$run_directory")" "trials"
	assert_equal "$before" "$(sum)" "the device was written to"
}

@test "writing wants the device named again" {
	before=$(sum)
	briefly -s workload="pread pwrite"
	assert_status 0
	assert_equal pread "$(fields "$run_directory" trial workload)" "workloads that ran"
	grep -q "name it again with --write-to $device" "$run_directory/trials.jsonl" || fail "no reason"
	briefly -o "$run_directory-2" -s workload=pwrite --write-to /dev/other
	assert_status 77
	assert_equal "$before" "$(sum)" "the device was written to"
}

@test "nothing is written over what is known to be on a device" {
	mke2fs -q -t ext4 "$device"
	before=$(sum)
	briefly -s workload=pwrite --write-to "$device"
	assert_status 2
	assert_says "has ext4 on it"
	assert_says "wipefs"
	assert_equal "$before" "$(sum)" "the device was written to"
}

@test "an empty device that is named again is written to" {
	before=$(sum)
	briefly -s workload=pwrite --write-to "$device"
	assert_status 0
	assert_equal 1 "$(count_trials "$run_directory")" "trials"
	grep -q 'WRITTEN TO' "$run_directory/boots/1.json" || fail "the record does not say that it was written to"
	[[ $before != "$(sum)" ]] || fail "nothing was written"
}

@test "what is no device is refused with advice" {
	briefly -s workload=pread -s target="block:$BATS_TEST_TMPDIR"
	assert_status 77
	grep -q 'is no block device; for a directory use file:DIRECTORY' "$run_directory/trials.jsonl" || fail "no reason"
}
