#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The patched kernels do what the untouched one does, let go of all that they
# hold, and patches whose effect is known are judged by it.

# shellcheck disable=SC2154,SC2016 # common.bash sets them; what is in quotes is for the guest
load ../e2e/common

# in_guest VARIANT COMMAND PROGRAM...: with these programs of tests/guest/; the console in $output.
in_guest() {
	local variant=$1 kernel share=$BATS_TEST_TMPDIR/$1

	kernel=$("$top/kernels/build.sh" "$variant")
	mkdir -p "$share/.guest"
	printf '%s\n' "$2" >"$share/.guest/command"
	shift 2
	"$top/vm/initramfs.sh" "$BATS_TEST_TMPDIR/i.gz" "${@/#/$top/build/tests/guest/}"
	run --separate-stderr "$top/vm/boot.sh" --kernel "$kernel" --initramfs "$BATS_TEST_TMPDIR/i.gz" --share "$share" \
		--log "$share/log" --timeout 1500
	assert_status 0
	output=$(tr -d '\r' <"$share/log")
	assert_nothing "$(grep -E 'BUG|WARNING|Bad page|Oops' "$share/log" "$share/.guest/warnings")" "the kernel complained"
}

# 25,000 operations a seed and file system, all of it on fresh ones.
direct_io='
	echo 2 >/proc/sys/vm/nr_hugepages
	mkdir -p /m
	for seed in 1 2; do
		for block in 1024 4096; do
			dd if=/dev/zero of=/dev/ram0 bs=1M count=64 2>/dev/null
			mke2fs -q -b $block /dev/ram0 && mount -t ext2 /dev/ram0 /m || exit 1
			echo "blocks of $block"
			direct_io /m/file $seed 25000 || exit 1
			umount /m
		done
	done
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 0.5
	grep HugePages_Free /proc/meminfo
	cat /sys/kernel/debug/taillock/counters 2>/dev/null | grep held
	true'

@test "noextra: 100,000 random direct operations have the same outcomes and data as on stock" {
	in_guest stock "$direct_io" direct_io
	wanted=$(grep -E '^(blocks|operations|one by one|in batches|seed)[ :]' <<<"$output")
	assert_equal 4 "$(grep -c '^seed .* operations 250.. digest ' <<<"$wanted")" "the digests"
	grep -q 'EFAULT [1-9]' <<<"$wanted" || fail "no operation faulted: this test tests nothing"
	grep -q 'short [1-9]' <<<"$wanted" || fail "no operation was short: this test tests nothing"
	for variant in noextra taillock+noextra; do
		in_guest "$variant" "$direct_io" direct_io
		assert_equal "$wanted" "$(grep -E '^(blocks|operations|one by one|in batches|seed)[ :]' <<<"$output")" "the digests of $variant"
		grep -qE '^HugePages_Free: +2$' <<<"$output" || fail "huge pages are held in $variant"
		[[ $variant != taillock* ]] || grep -q '^tails_held 0$' <<<"$output" || fail "references to tails are held in $variant"
	done
	mkdir -p "$top/results/reference/nightly"
	printf '%s\n' "$wanted" >"$top/results/reference/nightly/direct-io-digests.txt"
}

@test "taillock: counts of tails are exact when THPs are forked, copied, split and collapsed" {
	in_guest taillock '
		mkdir -p /m /t
		mke2fs -q -b 4096 /dev/ram0 && mount -t ext2 /dev/ram0 /m || exit 1
		mount -t tmpfs -o huge=always none /t
		for what in aimpfd amc aimpfds; do
			thp /m/file /t/file 300 $what || exit 1
			sync
			sleep 0.3
			grep -E "acquisitions|held" /sys/kernel/debug/taillock/counters
		done' thp
	assert_equal "tails_held 0
tails_held 0
tails_held 0" "$(grep tails_held <<<"$output")" "references to tails at the end"
	(($(sed -n 's/^acquisitions //p' <<<"$output" | tail -n 1) > 10000)) || fail "the lock was hardly taken: this test tests nothing"
}

@test "patches whose effect is known are judged by it" {
	base=$("$top/kernels/build.sh" stock)
	"$top/vm/initramfs.sh" "$BATS_TEST_TMPDIR/i.gz" "$pinscale" libhugetlbfs.so.0
	cat >"$BATS_TEST_TMPDIR/sweep.ini" <<-END
		[points]
		workload = pread pwrite
		target = null_blk
		page = 2m
		sharing = shared
		subpage = tail
		block = 4k
		workers = 1 2
	END
	mkdir -p "$top/results/reference/nightly"
	for patch in "$top"/tests/patches/*.patch; do
		name=$(basename "$patch" .patch)
		wanted=$(sed -n 's/.*It has to say: \([a-z]*\)[.]$/\1/p' "$patch")
		[[ -n $wanted ]] || fail "$patch does not say what it has to say"
		kernel=$("$top/kernels/build.sh" --patch "$patch" stock)
		"$pinscale" count "$BATS_TEST_TMPDIR/sweep.ini" -o "$BATS_TEST_TMPDIR/$name" --initramfs "$BATS_TEST_TMPDIR/i.gz" \
			--variant "stock=$base" --variant "$name=$kernel"
		run --separate-stderr "$pinscale" diff-counts "$BATS_TEST_TMPDIR/$name"
		printf '%s\n\n' "$(sed -n '/^ANSWER/,$p' <<<"$output")" >>"$BATS_TEST_TMPDIR/answers"
		assert_says "ANSWER (by counts, emulated): $wanted: $name against stock"
		# The delay is seen in instructions alone, and what is no change is none there either.
		instructions=$(sed -n 's/.*do not decide: \([-+0-9.]*\)% in the median.*/\1/p' <<<"$output")
		case $name in
		delay) awk -v n="$instructions" 'BEGIN { exit !(n > 1) }' || fail "the delay is not seen: $instructions%" ;;
		rename | comment) assert_equal "+0.0" "$instructions" "the change in instructions by $name" ;;
		esac
	done
	cp "$BATS_TEST_TMPDIR/answers" "$top/results/reference/nightly/known-patches.txt"
}
