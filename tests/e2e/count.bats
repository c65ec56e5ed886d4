#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Counting: that a boot with one CPU repeats bit by bit, that the counts are what the
# kernel's code says, who shares which line, and what 'diff-counts' makes of it. With
# PINSCALE_TEST_GUEST=1 guests are booted, with kernels that are in the cache:
# PINSCALE_TEST_KERNEL (taillock), and stock.

# shellcheck disable=SC2154 # common.bash sets them
load common

reference=$top/results/reference/mail/counts
plugin=$top/build/count.so

setup_file() {
	export initramfs=$BATS_FILE_TMPDIR/initramfs.gz

	[[ ${PINSCALE_TEST_GUEST-} == 1 ]] || return 0
	"$BATS_TEST_DIRNAME/../../vm/initramfs.sh" "$initramfs" \
		"$BATS_TEST_DIRNAME/../../build/pinscale" libhugetlbfs.so.0
	cat >"$BATS_FILE_TMPDIR/sweep.ini" <<-END
		[points few]
		workload = pread
		target = null_blk
		page = 2m
		sharing = private shared
		subpage = tail
		block = 4k 32k
		workers = 1 2
		[points base pages]
		workload = pread
		target = null_blk
		page = 4k
		sharing = private
		block = 4k 32k
		workers = 1 2
	END
}

teardown() {
	end_background
}

require_guest() {
	[[ ${PINSCALE_TEST_GUEST-} == 1 ]] ||
		skip "guests are booted only with PINSCALE_TEST_GUEST=1, as they take minutes"
	command -v qemu-system-x86_64 >/dev/null || skip "there is no qemu-system-x86_64 to boot a guest with"
}

# require_kernel NAME: sets kernel.
require_kernel() {
	kernel=$("$top/kernels/build.sh" --path "$1") ||
		skip "the kernel $1 is not in the cache; 'kernels/build.sh $1' builds it"
}

# count_in DIRECTORY VARIANT [OPTION...]
count_in() {
	local directory=$1 variant=$2

	shift 2
	require_kernel "$variant"
	run --separate-stderr "$pinscale" count "$BATS_FILE_TMPDIR/sweep.ini" -o "$directory" --initramfs "$initramfs" \
		--variant "$variant=$kernel" --timeout 150 "$@"
	assert_status 0
}

# per_operation DIRECTORY TITLE: locked and shared of that point.
per_operation() {
	"$pinscale" counts "$1" -p "$2" | sed -nE 's/^[^:]*: (.*): ([0-9.]+) locked, ([0-9.]+) on shared lines$/\2 \3/p'
}

# row DIRECTORY TITLE ON: sums of the columns each and shared of the rows on that line, in
# functions that are no retries of a lock.
row() {
	"$pinscale" counts "$1" -p "$2" | awk -v on="$3" '
		index($0, "  " on) == 1 && / locked / && !/folio_wa/ {
			each += $(NF - 3)
			shared += $(NF - 2)
			cpus = $(NF - 1) > cpus ? $(NF - 1) : cpus
		}
		END { printf "%.1f %.1f %d\n", each, shared, cpus }'
}

@test "the plugin says what is wrong with its options" {
	command -v qemu-system-x86_64 >/dev/null || skip "there is no qemu-system-x86_64 to load the plugin"
	run --separate-stderr qemu-system-x86_64 -M none -display none -plugin "file=$plugin,depth=3"
	((status)) || fail "QEMU went on"
	assert_says "there is no option 'depth=3'"
	run --separate-stderr qemu-system-x86_64 -M none -display none -plugin "file=$plugin"
	((status)) || fail "QEMU went on"
	assert_says "out=FILE is needed"
	run --separate-stderr qemu-system-x86_64 -M none -display none -plugin "file=$plugin,out=/nowhere/trace"
	((status)) || fail "QEMU went on"
	assert_says "opening /nowhere/trace: No such file or directory"
}

@test "a run by time has no counts, and says what to do" {
	run --separate-stderr "$pinscale" counts "$top/results/reference/sharing"
	assert_status 2
	assert_says "has no counts: it was measured by time. 'pinscale table"
	run --separate-stderr "$pinscale" diff-counts "$top/results/reference/sharing" "$reference"
	assert_status 2
	assert_says "has no counts"
	run --separate-stderr "$pinscale" diff-counts "$reference:nosuch" "$reference"
	assert_status 2
	assert_says "has no variant 'nosuch'"
}

@test "count wants a kernel, an archive and a plugin" {
	run --separate-stderr "$pinscale" count "$top/configs/count.ini"
	assert_status 2
	assert_says "a kernel is needed: --variant NAME=FILE"
	run --separate-stderr "$pinscale" count "$top/configs/count.ini" --variant "a=$pinscale" --initramfs /nowhere
	assert_status 2
	assert_says "--initramfs FILE is needed"
	run --separate-stderr "$pinscale" count "$top/configs/count.ini" --variant "a=$pinscale" --initramfs "$pinscale" --plugin /nowhere
	assert_status 2
	assert_says "there is no plugin /nowhere; 'make' builds it"
}

@test "the committed counts: the lock of 2011 is a regression, by name, and a kernel is equivalent to itself" {
	run --separate-stderr "$pinscale" diff-counts "$reference"
	assert_status 1
	assert_says "ANSWER (by counts, emulated): regression: taillock against stock has more locked operations on lines that workers share"
	assert_says "head page +4.000 (taillock_put +3.000"
	[[ $output =~ "pread 4k, null_blk, 2m tail shared "\ *"11.000 to 17.000" ]] || fail "the read of a tail is not there"
	[[ $output =~ "pread 4k, null_blk, 2m tail private "[^$'\n']*inconclusive ]] || fail "lines that nobody shares decide"
	[[ $output =~ "pread 4k, null_blk, 4k private "[^$'\n']*equivalent ]] || fail "base pages have no such lock"

	run --separate-stderr "$pinscale" diff-counts "$reference:stock" "$reference:stock"
	assert_status 0
	assert_says "ANSWER (by counts, emulated): equivalent"

	# And taken away again it is better.
	run --separate-stderr "$pinscale" diff-counts "$reference:taillock" "$reference:stock" -r 0
	assert_says "improvement"
	! [[ $output == *regression* ]] || fail "less is called a regression"
}

@test "the committed counts: five accesses to the head's line, which alone is shared by all" {
	assert_equal "11.000" "$(per_operation "$reference:stock" "pread 4k, null_blk, 2m tail shared, 1 w" | cut -d ' ' -f 1)" "a read"
	assert_equal "5.0 5.0 2" "$(row "$reference:stock" "pread 4k, null_blk, 2m tail shared, 2 w" "head page")" "the head's line"
}

@test "two boots with one CPU have the same trace, to the last byte" {
	require_guest
	local i

	for i in 1 2; do
		count_in "$BATS_TEST_TMPDIR/$i" "${PINSCALE_TEST_KERNEL:-taillock}" -s workers=1 --operations 300
	done
	zcat "$BATS_TEST_TMPDIR/1/trace-1.gz" | cmp - <(zcat "$BATS_TEST_TMPDIR/2/trace-1.gz") || fail "the traces differ"
	(($(zcat "$BATS_TEST_TMPDIR/1/trace-1.gz" | wc -c) > 100000)) || fail "the traces are next to empty"
	cmp "$BATS_TEST_TMPDIR"/{1,2}/trials.jsonl || fail "the journals differ"
	cmp <(grep -v '"created"' "$BATS_TEST_TMPDIR/1/boots/1.json") <(grep -v '"created"' "$BATS_TEST_TMPDIR/2/boots/1.json") ||
		fail "the boot records differ"
	assert_equal 6 "$(grep -c '"type":"counts"' "$BATS_TEST_TMPDIR/1/trials.jsonl")" "the points that were counted"
	assert_equal '"execution":"emulated"' "$(grep -o '"execution":"[a-z]*"' "$BATS_TEST_TMPDIR/1/trials.jsonl" | sort -u)" "the executions"
	# The trace whose CRC the journal has is the one that lies there.
	assert_equal "$(zcat "$BATS_TEST_TMPDIR/1/trace-1.gz" | gzip -1 | tail -c 8 | od -An -tx4 -N4 | tr -d ' ')" \
		"$(fields "$BATS_TEST_TMPDIR/1" trace crc32)" "the CRC"
}

@test "stock: 11 locked operations a read, 5 of them on the one line that both CPUs share" {
	require_guest
	local run=$BATS_TEST_TMPDIR/run

	count_in "$run" stock --operations 400
	assert_equal "11.000 0.000" "$(per_operation "$run" "pread 4k, null_blk, 2m tail shared, 1 w")" "alone, 4k of a huge page"
	assert_equal "11.000 0.000" "$(per_operation "$run" "pread 4k, null_blk, 2m tail private, 1 w")" "alone, a page of its own"
	assert_equal "11.000 0.000" "$(per_operation "$run" "pread 32k, null_blk, 2m tail shared, 1 w")" "alone, 32k of a huge page"
	assert_equal "46.000 0.000" "$(per_operation "$run" "pread 32k, null_blk, 4k private, 1 w")" "alone, 32k of base pages"
	assert_equal "11.000 0.000" "$(per_operation "$run" "pread 4k, null_blk, 2m tail private, 2 w")" "two with a page each"
	assert_equal "5.0 5.0 2" "$(row "$run" "pread 4k, null_blk, 2m tail shared, 2 w" "head page")" "the line of the head"
	assert_equal "5.0 0.0 1" "$(row "$run" "pread 4k, null_blk, 2m tail private, 2 w" "head page")" "the lines of two heads"
	assert_equal "0.0 0.0 0" "$(row "$run" "pread 4k, null_blk, 2m tail shared, 2 w" "tail page")" "the lines of tails"
	assert_equal 12 "$(grep -c '"type":"counts"' "$run/trials.jsonl")" "the points that were counted"
}

@test "taillock: four more on the shared line, two on each tail's own" {
	require_guest
	local run=$BATS_TEST_TMPDIR/run tails

	count_in "$run" taillock --operations 400
	assert_equal "17.000 0.000" "$(per_operation "$run" "pread 4k, null_blk, 2m tail shared, 1 w")" "alone, 4k of a tail"
	# Every one of 8 subpages takes the lock for itself.
	assert_equal "66.000 0.000" "$(per_operation "$run" "pread 32k, null_blk, 2m tail shared, 1 w")" "alone, 32k of tails"
	assert_equal "11.000 0.000" "$(per_operation "$run" "pread 4k, null_blk, 4k private, 1 w")" "alone, a base page"
	assert_equal "9.0 0.0 1" "$(row "$run" "pread 4k, null_blk, 2m tail shared, 1 w" "head page")" "the line of the head, alone"
	assert_equal "2.0 0.0 1" "$(row "$run" "pread 4k, null_blk, 2m tail shared, 1 w" "first tail page")" "the line of the tail, alone"
	read -r each shared cpus < <(row "$run" "pread 4k, null_blk, 2m tail shared, 2 w" "head page")
	# By two workers it is tried again now and then, so there are 9 or a little more.
	awk -v n="$each" 'BEGIN { exit !(n >= 9 && n < 10.5) }' || fail "the line of the head has $each accesses"
	assert_equal "$each 2" "$shared $cpus" "all of them are on the shared line"
}

@test "plain loads and stores are there on request, and name the lines that are shared by them" {
	require_guest
	local run=$BATS_TEST_TMPDIR/run

	count_in "$run" "${PINSCALE_TEST_KERNEL:-taillock}" -s workers=2 -s block=4k -s page=2m --operations 100 --accesses
	run --separate-stderr "$pinscale" counts "$run" -p "2m tail shared, 2 w"
	assert_status 0
	[[ $output =~ "head page: "[^$'\n']*" load " ]] || fail "no load of the head's line is shown"
	assert_says "shown are those on lines that several CPUs use and one writes"
	assert_nothing "$(grep -E ' (load|store) +[0-9.]+ +- ' <<<"$output")" "lines that nobody shares are shown"
	run --separate-stderr "$pinscale" counts "$run" -p "2m tail shared, 2 w" --all
	[[ $output == *"vmalloc (stacks)"*" store "* ]] || fail "not all stores are shown"
}

@test "counting that is interrupted goes on, and counts nothing twice" {
	require_guest
	local run=$BATS_TEST_TMPDIR/run options

	require_kernel "${PINSCALE_TEST_KERNEL:-taillock}"
	options=(-o "$run" --initramfs "$initramfs" --variant "a=$kernel" --timeout 150 --operations 200)
	begin "$pinscale" count "$BATS_FILE_TMPDIR/sweep.ini" "${options[@]}"
	eventually 60 grep -qs '"boot":1,.*"type":"boot-end"\|"type":"boot-end","boot":1,' "$run/trials.jsonl"
	kill -INT -- "-$pid"
	finish
	assert_status 130
	assert_says "interrupted; the same command with '-o $run' and no sweep goes on with it"
	assert_nothing "$(processes_with "$BATS_TEST_TMPDIR")" "these processes are left"
	run --separate-stderr "$pinscale" count "${options[@]}" --skip 50
	assert_status 2
	assert_says "was begun with other numbers of operations"
	run --separate-stderr "$pinscale" count "${options[@]}"
	assert_status 0
	assert_equal 12 "$(grep -c '"type":"counts"' "$run/trials.jsonl")" "the points that were counted"
	assert_nothing "$(grep '"type":"counts"' "$run/trials.jsonl" | grep -o '"point":{[^}]*}' | sort | uniq -d)" "counted twice"
}
