#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The axes of a sweep do what they say: every kind of memory is what was asked
# for and pins what it has to, workers are threads or processes by the hundred,
# limits that a sweep needs are raised and put back, latencies are recorded.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	require_measuring
	run_directory=$BATS_TEST_TMPDIR/run
	before=$(system_state)
	sweep=$BATS_TEST_TMPDIR/sweep.ini
	brief=(-s window=0.02 -s warmup=0.01 -s repetitions=1)
}

briefly() {
	measure "$sweep" -o "$run_directory" --huge-pages reserve "${brief[@]}" "$@"
}

assert_clean() {
	assert_status 0
	assert_nothing "$(grep -v '"problems":\[\]' "$run_directory/trials.jsonl" | grep '"type":"trial"' || true)" "trials with problems"
	assert_equal "$before" "$(system_state)" "the system is not as it was"
}

@test "huge pages by every mapping, threads and processes, pin exactly and are huge" {
	cat >"$sweep" <<-'END'
		[points]
		workload = pread pwrite
		target = zram
		page = 2m
		mapping = hugetlbfs memfd private shared-anon sysv
		sharing = private shared same group:2 pool:2
		workers = 1 3
		task = thread process
	END
	briefly
	assert_clean
	assert_nothing "$(grep '"type":"trial"' "$run_directory/trials.jsonl" | grep -v '"buffer":{"huge":true' || true)" "pages that are not huge"
	assert_nothing "$(fields "$run_directory" trial total_operations acquired released | awk '$1 < 1 || $1 != $2 || $1 != $3')" "not one pin an operation"
	# Processes cannot share a private mapping: 2 workloads, 4 ways to share, 2 numbers of workers.
	assert_equal 16 "$(fields "$run_directory" skip reason | grep -c '^sharing: processes do not see')" "points skipped"
	assert_equal 184 "$(count_trials "$run_directory")" "trials"
}

@test "base pages and transparent pages too, and whether they are huge is looked at" {
	cat >"$sweep" <<-'END'
		[points base]
		workload = pread
		target = zram
		page = 4k
		mapping = private shared-anon sysv
		sharing = private same pool:3
		block = 4k 64k
		workers = 2
		[points transparent]
		workload = pread
		target = zram
		page = thp
		mapping = private
		sharing = private shared
		block = 4k 64k
		workers = 2
	END
	briefly
	assert_clean
	# A page each a block: 16 pages of 64k.
	assert_nothing "$(fields "$run_directory" trial block total_operations acquired | awk '$2 * $1 / 4096 != $3')" "not one pin a page"
	if grep -q '"page":"thp".*"type":"trial"\|"type":"trial".*"page":"thp"' "$run_directory/trials.jsonl"; then
		assert_nothing "$(grep '"page":"thp"' "$run_directory/trials.jsonl" | grep '"type":"trial"' | grep -v '"buffer":{"huge":true' || true)" "THP that are not huge"
	else
		fields "$run_directory" skip reason | grep -q '^page: transparent pages .* are switched off: echo madvise' || fail "THP neither measured nor explained"
	fi
	assert_nothing "$(grep '"page":"4k"' "$run_directory/trials.jsonl" | grep '"type":"trial"' | grep -v '"buffer":{"huge":false' || true)" "base pages that are huge"
}

@test "five hundred workers, threads and processes, and a device each for some" {
	cat >"$sweep" <<-'END'
		[points many]
		workload = pread
		target = zram
		page = 4k
		mapping = private
		sharing = private
		workers = 500
		task = thread process
		[points each]
		workload = pread
		target = zram
		devices = each
		page = 4k
		mapping = private
		sharing = private
		workers = 3
	END
	briefly -s window=0.2
	assert_clean
	assert_equal "500 500 3" "$(fields "$run_directory" trial workers | sort -rn | xargs)" "workers"
	grep -q '"target":"zram","devices":"each"' "$run_directory/trials.jsonl" || fail "no point with a device a worker"
}

@test "more operations in flight than fs.aio-max-nr allows: it is raised, and put back" {
	limit=$(</proc/sys/fs/aio-max-nr)
	cat >"$sweep" <<-'END'
		[points]
		workload = aio-read
		target = zram
		page = 4k
		mapping = private
		sharing = same
		depth = 1024
		workers = 100
	END
	echo 20000 >/proc/sys/fs/aio-max-nr
	briefly -s window=0.2
	now=$(</proc/sys/fs/aio-max-nr)
	echo "$limit" >/proc/sys/fs/aio-max-nr
	assert_equal 20000 "$now" "fs.aio-max-nr after the run"
	assert_clean
}

@test "latencies are there when the sweep asks for them, and only then" {
	cat >"$sweep" <<-'END'
		[sweep]
		latency = yes
		[points]
		workload = pread aio-read
		target = zram
		page = 2m
		sharing = private
		depth = 4
		workers = 1
	END
	briefly
	assert_clean
	assert_nothing "$(fields "$run_directory" trial p50 p95 p99 p99.9 max |
		awk 'NF != 5 || $1 < 100 || $1 > $2 || $2 > $3 || $3 > $4 || $4 > $5')" "latencies that are none"
	rm -r "$run_directory"
	briefly -s latency=no
	assert_clean
	! grep -q latency_ns "$run_directory/trials.jsonl" || fail "latencies that were not asked for"
}

@test "files are made on file systems of our own, which are gone afterwards" {
	cat >"$sweep" <<-'END'
		[points]
		workload = pread pwrite
		target = ext2 ext4 xfs
		page = 2m
		sharing = shared
		workers = 2
	END
	briefly
	[[ $status != 77 ]] || skip "none of ext2, ext4 and xfs can be made here"
	assert_clean
}

@test "no root, or no pool: what to do is said" {
	cat >"$sweep" <<-'END'
		[points]
		workload = pread
		target = zram
		page = 2m
		mapping = private
		sharing = private
		workers = 4
	END
	with_lock true
	run --separate-stderr "$pinscale" run "$sweep" -o "$run_directory" "${brief[@]}"
	assert_status 2
	assert_says "hugetlb-2m: 4 pages asked, 0 free: echo 4 | sudo tee"
	assert_equal "$before" "$(system_state)" "the system is not as it was"
}
