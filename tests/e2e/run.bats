# SPDX-License-Identifier: GPL-3.0-or-later
# Proves that a sweep on this kernel measures what it says: every trial is in the
# journal, pins exactly the pages it must, and what cannot be is skipped with a
# reason. Nothing here depends on how fast anything is.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	require_measuring
	run_directory=$BATS_TEST_TMPDIR/run
	quick=(-s workers="1 2" -s window=0.05 -s warmup=0.01)
}

# pins_are_exact DIR: operations x pages, not one more or less.
pins_are_exact() {
	local wrong

	wrong=$(fields "$1" trial total_operations block acquired released checked problems "${point_keys[@]}" |
		awk '!($1 > 0 && $3 == $1 * $2 / 4096 && $4 == $3 && $5 == "true" && $6 == "[")')
	assert_nothing "$wrong" "these trials pinned other than operations x block / 4096 pages"
	assert_nothing "$(grep '"type":"trial"' "$1/trials.jsonl" | grep -v '"problems":\[\]')" "these trials have problems"
}

@test "a sweep on zram is whole, and every trial pins exactly its pages" {
	measure "$top/configs/quick.ini" -o "$run_directory" \
		--huge-pages reserve "${quick[@]}" -s target=zram -s subpage="tail head" -s repetitions=2
	assert_status 0
	assert_says "66 trials"
	# Reads and writes 24, of them 2 with a head for each of two workers, base
	# pages 4, in flight 8, of them 1: twice.
	assert_equal 66 "$(count_trials "$run_directory")" "the number of trials"
	assert_nothing "$(twice "$run_directory")" "these points were measured twice"
	pins_are_exact "$run_directory"
	assert_equal "-" "$(fields "$run_directory" trial failed | sort -u)" "trials failed"

	# Every combination is there.
	assert_equal "$(printf '%s\n' "aio-read 2m private" "aio-read 2m shared" \
		"pread 2m private" "pread 2m same" "pread 2m shared" "pread 4k private" \
		"pwrite 2m private" "pwrite 2m same" "pwrite 2m shared" "pwrite 4k private")" \
		"$(fields "$run_directory" trial workload page sharing | sort -u)"
	assert_equal "2m head
2m tail
4k none" "$(fields "$run_directory" trial page subpage | sort -u)"

	# What a head cannot do is skipped with a reason, and only that.
	assert_equal 3 "$(fields "$run_directory" skip type | wc -l)" "the number of skipped points"
	assert_equal "2m shared head 2" "$(fields "$run_directory" skip page sharing subpage workers | sort -u)"
	assert_equal 3 "$(grep -c '"reason":"sharing: a huge page has one head' "$run_directory/trials.jsonl")"
}

@test "writes and reads by aio, blocks of 64k: 16 pages an operation" {
	measure "$top/configs/quick.ini" -o "$run_directory" --huge-pages reserve "${quick[@]}" \
		-s workload="aio-write aio-read pread" -s target=zram -s page=2m -s block=64k -s depth=4 \
		-s sharing="private same" -s workers=2 -s repetitions=1
	assert_status 0
	assert_equal "aio-read 65536 4
aio-write 65536 4
pread 65536 4" "$(fields "$run_directory" trial workload block depth | sort -u)"
	pins_are_exact "$run_directory"
	wrong=$(fields "$run_directory" trial total_operations acquired | awk '$2 != 16 * $1')
	assert_nothing "$wrong" "an operation of 64k did not pin 16 pages"
	wrong=$(fields "$run_directory" trial operations bytes | awk '$2 != 65536 * $1')
	assert_nothing "$wrong" "bytes are not operations x 64k"
}

@test "every record says its execution, and the boot record what the kernel is" {
	measure "$top/configs/quick.ini" -o "$run_directory" --huge-pages reserve "${quick[@]}" \
		-s workload=pread -s target="zram ext2" -s sharing=private -s depth=1 -s repetitions=1
	assert_status 0
	assert_nothing "$(grep -Ev '"execution":"(native|virtualised|emulated)"' "$run_directory/trials.jsonl")" \
		"these records do not say how they were executed"
	boot=$run_directory/boots/1.json
	grep -q '"execution": "' "$boot" || fail "the boot record has no execution"
	grep -qF "\"release\": \"$(uname -r)\"" "$boot" || fail "the boot record has not this kernel's release"
	grep -qF "\"boot_id\": \"$(</proc/sys/kernel/random/boot_id)\"" "$boot" || fail "the boot record has not this boot's id"
	grep -qF '"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "' "$boot" || fail "no huge pages among the settings"
	grep -qF '"command_line": "' "$boot" || fail "no command line"
	grep -qF '"what": "zram' "$boot" || fail "the boot record does not describe the target"
	grep -qF '"overrides": [' "$run_directory/run.json" || fail "run.json lacks the overrides"

	# Workers are counted one by one, on a CPU each.
	wrong=$(fields "$run_directory" trial workers | sort -u)
	assert_equal "1
2" "$wrong"
	grep -q '"workers":\[{"cpu":[0-9]*,.*},{"cpu":[0-9]*,' "$run_directory/trials.jsonl" ||
		fail "no trial has two workers' figures"
}

@test "at the end of the boot all huge pages are free again" {
	measure "$top/configs/quick.ini" -o "$run_directory" --huge-pages reserve "${quick[@]}" \
		-s workload=pwrite -s target=zram -s page=2m -s depth=1 -s repetitions=1
	assert_status 0
	assert_equal 1 "$(fields "$run_directory" boot-end type | wc -l)" "the number of boot-end records"
	read -r trials failed total free others < <(fields "$run_directory" boot-end trials failed total free others)
	assert_equal "$(count_trials "$run_directory")" "$trials" "trials of the boot-end record"
	assert_equal 0 "$failed" "failed trials"
	((total >= 2)) || fail "two workers with pages of their own need 2 pages, the pool had $total"
	assert_equal "$others" $((total - free)) "huge pages in use at the end"
	grep -q '"type":"boot-end".*"kernel_warnings":\[\]' "$run_directory/trials.jsonl" || fail "the kernel complained"
}

@test "the order of the points is shuffled, and follows from the seed" {
	for attempt in 1:1 2:1 3:2; do
		measure "$top/configs/quick.ini" -o "$run_directory-${attempt%:*}" --huge-pages reserve \
			"${quick[@]}" -s target=zram -s window=0.01 -s repetitions=2 -s seed="${attempt#*:}"
		assert_status 0
		fields "$run_directory-${attempt%:*}" trial order repetition "${point_keys[@]}" >"$BATS_TEST_TMPDIR/order-${attempt%:*}"
	done
	cd "$BATS_TEST_TMPDIR"
	assert_equal "$(cat order-1)" "$(cat order-2)" "the same seed gave another order"
	! cmp -s order-1 order-3 || fail "another seed gave the same order"
	assert_equal "$(seq 0 39)" "$(cut -d ' ' -f 1 order-1)" "trials are not numbered as they ran"
	# The first 20 trials are one repetition, the others the next, in another order.
	assert_equal "$(printf '0%.0s\n' {1..20})" "$(head -n 20 order-1 | cut -d ' ' -f 2)" "repetitions are mixed"
	head -n 20 order-1 | cut -d ' ' -f 3- >first
	tail -n 20 order-1 | cut -d ' ' -f 3- >second
	! cmp -s first second || fail "both repetitions have the same order"
	! cmp -s first <(sort first) || fail "the order is not shuffled"
	! cmp -s second <(sort second) || fail "the order is not shuffled"
	assert_equal "$(sort first)" "$(sort second)" "the repetitions differ in their points"
}

@test "a target that is not here is skipped with a reason, the others are measured" {
	measure "$top/configs/quick.ini" -o "$run_directory" --huge-pages reserve "${quick[@]}" \
		-s workload=pread -s target="zram block:/dev/nope" -s page=4k -s depth=1 -s sharing=private -s repetitions=1
	assert_status 0
	assert_says "not possible here"
	assert_equal zram "$(fields "$run_directory" trial target | sort -u)" "targets of the trials"
	assert_equal block:/dev/nope "$(fields "$run_directory" skip target | sort -u)" "targets of what was skipped"
	fields "$run_directory" skip reason | grep -q '^block: /dev/nope: No such file' || fail "no reason why it does not work"
}

@test "a sweep of which nothing is possible exits with 77 and says why" {
	measure "$top/configs/quick.ini" -o "$run_directory" "${quick[@]}" \
		-s workload=pread -s target=zram -s page=4k -s sharing=shared -s repetitions=1
	assert_status 77
	assert_says "not possible here"
	assert_equal 0 "$(count_trials "$run_directory")" "the number of trials"
	fields "$run_directory" skip reason | grep -q '^sharing: a base page has no subpages' ||
		fail "no reason in the journal"
	assert_equal 1 "$(fields "$run_directory" boot-end type | wc -l)" "the number of boot-end records"
}

@test "files in a directory are a target too, and are gone afterwards" {
	mkdir "$BATS_TEST_TMPDIR/files"
	measure "$top/configs/quick.ini" -o "$run_directory" --directory "$BATS_TEST_TMPDIR/files" "${quick[@]}" \
		-s workload="pread pwrite" -s target=file -s page=4k -s depth=1 -s sharing=private -s repetitions=1
	if ((status == 2)) && [[ $stderr == *"has no O_DIRECT"* ]]; then
		skip "the file system of $BATS_TEST_TMPDIR has no O_DIRECT"
	fi
	assert_status 0
	assert_equal 4 "$(count_trials "$run_directory")" "the number of trials"
	assert_nothing "$(ls -A "$BATS_TEST_TMPDIR/files")" "these files were left"
}
