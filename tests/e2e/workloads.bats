#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Every workload that works here runs at every sharing, as threads and as
# processes, and takes exactly the pins it says it takes.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	require_measuring
	run_directory=$BATS_TEST_TMPDIR/run
	before=$(system_state)
	sweep=$BATS_TEST_TMPDIR/sweep.ini
}

briefly() {
	measure "$sweep" -o "$run_directory" --huge-pages reserve -s window=0.02 -s warmup=0.01 -s repetitions=1 "$@"
}

assert_clean() {
	assert_status 0
	assert_nothing "$(grep -v '"problems":\[\]' "$run_directory/trials.jsonl" | grep '"type":"trial"' || true)" "trials with problems"
	assert_nothing "$(fields "$run_directory" trial total_operations workload | awk '$1 < 1')" "trials without an operation"
	assert_equal "$before" "$(system_state)" "the system is not as it was"
}

@test "io_uring: reads, writes, registered buffers, threads and processes" {
	"$pinscale" list | grep -q '^  uring-read *yes' || skip "$("$pinscale" list | grep -A1 '^  uring-read')"
	cat >"$sweep" <<-'END'
		[points]
		workload = uring-read uring-write uring-fixed
		target = zram
		page = 2m 4k
		sharing = private shared same
		block = 4k 64k
		depth = 1 8
		workers = 1 2
		task = thread process
	END
	briefly
	assert_clean
	# 1 pin a 4k operation, 16 a 64k operation, none into registered buffers.
	assert_nothing "$(fields "$run_directory" trial workload block total_operations acquired released |
		awk '{ pins = $1 == "uring-fixed" ? 0 : $3 * $2 / 4096 } $4 != pins || $5 != pins')" "other pins than these"
}

@test "a pure pin by updating a registered buffer" {
	"$pinscale" list | grep -q '^  uring-register *yes' || skip "$("$pinscale" list | grep -A1 '^  uring-register')"
	cat >"$sweep" <<-'END'
		[points]
		workload = uring-register
		page = 2m 4k
		sharing = private same
		block = 4k 64k
		workers = 2
		task = thread process
	END
	briefly
	assert_clean
	assert_equal none "$(fields "$run_directory" trial target | sort -u)" "a workload without I/O has the target none"
	assert_nothing "$(fields "$run_directory" trial block total_operations acquired released |
		awk '$3 != $2 * $1 / 4096 || $4 != $3')" "other pins than these"
}

@test "gets and pins without I/O, and controls" {
	cat >"$sweep" <<-'END'
		[points]
		workload = futex-wake vmsplice process-vm
		page = 2m 4k
		sharing = private same
		block = 4k 64k
		workers = 2
		task = thread process
		[points controls]
		workload = null-syscall mmap-storm
		workers = 2
		task = thread process
	END
	briefly
	assert_clean
	assert_nothing "$(fields "$run_directory" trial workload block total_operations acquired |
		awk '$1 == "process-vm" { if ($4 != $3 * $2 / 4096) print; next } $4 != 0')" "other pins than these"
}

@test "the atomics of every scheme, shared and alone" {
	cat >"$sweep" <<-'END'
		[points]
		workload = atomics-count atomics-taillock atomics-pincount atomics-foliolock atomics-percpu
		page = 2m 4k
		sharing = private shared same group:2
		workers = 1 3
		task = thread process
	END
	briefly
	assert_clean
	assert_equal 0 "$(fields "$run_directory" trial acquired | sort -u)" "pins"
}

@test "a guest in the guest faults its memory in, where there is KVM" {
	"$pinscale" list | grep -q '^  kvm-fault *yes' || skip "$("$pinscale" list | grep -A1 '^  kvm-fault' | xargs)"
	cat >"$sweep" <<-'END'
		[points]
		workload = kvm-fault
		page = 2m
		sharing = private shared
		block = 4k 64k
		workers = 2
		task = thread process
	END
	briefly -s window=0.1
	assert_clean
}
