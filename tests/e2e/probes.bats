# SPDX-License-Identifier: GPL-3.0-or-later
# Proves that 'probes' says of every probe what it sees and why not, and that
# folio-wait counts the waits of reads into shared pages, which need the lock of
# their folio, and none of reads into registered buffers, which do not.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	run_directory=$BATS_TEST_TMPDIR/run
	quick=(-s target=zram -s page=2m -s mapping=hugetlbfs -s subpage=tail -s block=4k -s depth=1
		-s workers=2 -s window=0.3 -s warmup=0.05 -s repetitions=3)
}

# require_probe NAME: else the test is skipped with the probe's own reason.
require_probe() {
	local reason

	reason=$("$pinscale" list | awk -v name="$1" '$1 == name && $2 == "no" { getline; sub(/^ +/, ""); print }')
	[[ -z $reason ]] || skip "$reason"
}

require_two_cpus() {
	(($(nproc) >= 2)) || skip "nobody waits for another: this machine has one CPU"
}

# sums DIR WHERE KEY...: of the trials that a probe watched, whose line has WHERE.
sums() {
	local directory=$1 where=$2

	shift 2
	fields "$directory" probed workload sharing task "$@" | awk -v where="$where" '
		index($0, where " ") == 1 { n++; for (i = 4; i <= NF; i++) sum[i] += $i }
		END { printf "%d", n; for (i = 4; i <= NF; i++) printf " %d", sum[i]; print "" }'
}

# table: the lines of 'pinscale probes' before the reasons.
table() {
	sed '/^$/,$d' <<<"$output"
}

@test "probes has a row of each probe, and a reason wherever it does not see" {
	run --separate-stderr "$pinscale" probes
	assert_status 0
	assert_nothing "$stderr" "probes speaks on standard error"
	assert_equal "$("$pinscale" list | sed -n '/^probes$/,$s/^  \([^ ]\+\) .*/\1/p')" \
		"$(table | sed 1d | cut -d' ' -f1)" "the probes"
	# A cell is a word, and the number of its reason.
	assert_nothing "$(table | sed 1d | grep -vE '^[^ ]+( +(sees|(partly|blind|cannot run here) \[[0-9]+\])){5}$')" \
		"these rows are not of five words that are known"
	assert_equal "$(table | grep -o '\[[0-9]*\]' | sort -u)" \
		"$(sed '1,/^$/d' <<<"$output" | grep -oE '^\[[0-9]+\]' | sort -u)" "the numbers of reasons"
	assert_nothing "$(sed '1,/^$/d' <<<"$output" | grep -vE '^\[[0-9]+\] [a-z-]+: .{15}')" "these are no reasons"
	grep -qE '^lock-stat +blind \[[0-9]+\] +blind \[[0-9]+\] +blind' <<<"$output" ||
		fail "lock-stat is blind to bit locks, atomics and the lock of a folio"
}

@test "probes that cannot run here say what to do" {
	run --separate-stderr "$pinscale" probes
	assert_status 0
	[[ -e /proc/lock_stat ]] || assert_says "lock-stat: this kernel has no lock statistics (CONFIG_LOCK_STAT): kernels/build.sh stock-lockstat builds one"
	[[ -e /sys/bus/event_source/devices/cpu || -e /sys/bus/event_source/devices/ibs_op ]] ||
		assert_says "hitm: this machine has no PMU that samples loads"
}

@test "without root probes works, and says what needs root" {
	require_root
	command -v setpriv >/dev/null || skip "there is no setpriv to give up root's rights with"
	install -m 755 "$pinscale" /tmp/pinscale-probes.$$
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/pinscale-probes.$$ probes
	rm /tmp/pinscale-probes.$$
	assert_status 0
	assert_nothing "$stderr" "probes speaks on standard error"
	grep -E '^\[[0-9]+\] folio-wait: loading its BPF program' <<<"$output" | grep -q 'run it with sudo' ||
		fail "wanted folio-wait to name sudo"
}

@test "reads into shared huge pages wait for their folio, those into registered buffers do not" {
	require_measuring
	require_two_cpus
	require_probe folio-wait
	measure "$top/configs/quick.ini" -o "$run_directory" --huge-pages reserve "${quick[@]}" \
		-s probes=folio-wait -s workload="pread uring-fixed" -s sharing="private shared" \
		-s task="thread process"
	assert_status 0

	assert_equal "folio-wait" "$(fields "$run_directory" probed probe | sort -u)" "what watched"
	for task in thread process; do
		read -r trials waits ns lost <<<"$(sums "$run_directory" "pread shared $task" waits wait_ns lost)"
		((trials >= 3 && waits > 0 && lost == 0)) ||
			fail "pread shared by 2 of $task: in $trials trials $waits waits, $lost lost"
		# Going to sleep and coming back takes more than 100 ns.
		((ns >= 100 * waits)) || fail "pread shared by 2 of $task: $waits waits took $ns ns"
		for sharing in private shared; do
			read -r trials waits ns lost <<<"$(sums "$run_directory" "uring-fixed $sharing $task" waits wait_ns lost)"
			assert_equal "0 0 0" "$waits $ns $lost" "uring-fixed $sharing by 2 of $task: waits, ns, lost"
			((trials >= 3)) || fail "only $trials trials of uring-fixed $sharing were watched"
		done
	done
	# The stacks say who waited.
	grep '"type":"probed"' "$run_directory/trials.jsonl" | grep '"workload":"pread"' |
		grep -qE '"stack":\["[^]]*"(__folio_lock|folio_wait_bit_common|__lock_page)"' ||
		fail "no stack of a wait has the function that waits"
	# Figures that count are of trials that nobody watched.
	assert_nothing "$(grep '"type":"trial"' "$run_directory/trials.jsonl" | grep folio-wait)" \
		"these trials were watched, and count"
}

@test "lock-stat in a guest puts mmap_lock first where it is fought for, and is put back" {
	[[ ${PINSCALE_TEST_GUEST-} == 1 ]] ||
		skip "guests are booted only with PINSCALE_TEST_GUEST=1, as they take minutes"
	command -v qemu-system-x86_64 >/dev/null || skip "there is no qemu-system-x86_64 to boot a guest with"
	kernel=$("$top/kernels/build.sh" --path stock-lockstat) ||
		skip "the kernel stock-lockstat is not in the cache; 'kernels/build.sh stock-lockstat' builds it"
	share=$BATS_TEST_TMPDIR/share
	mkdir -p "$share/.guest"
	"$top/vm/initramfs.sh" "$BATS_TEST_TMPDIR/initramfs.gz" "$pinscale" libhugetlbfs.so.0
	printf '%s\n' '[sweep]' 'window = 0.5' 'warmup = 0.1' 'repetitions = 1' 'probes = lock-stat' '[points storm]' \
		'workload = mmap-storm' 'target = none' 'page = 4k' 'sharing = private' 'block = 4k' 'workers = 2' \
		>"$share/storm.ini"
	cat >"$share/.guest/command" <<-'END'
		echo 0 >/proc/sys/kernel/lock_stat
		pinscale run /results/storm.ini -o /results/run
		status=$?
		cat /proc/sys/kernel/lock_stat >/results/switch
		exit $status
	END
	run --separate-stderr "$top/vm/boot.sh" --kernel "$kernel" --initramfs "$BATS_TEST_TMPDIR/initramfs.gz" \
		--share "$share" --log "$BATS_TEST_TMPDIR/serial.log" --timeout 150
	assert_status 0

	read -r contentions wait acquisitions disabled class <<<"$(fields "$share/run" probed contentions wait_us acquisitions disabled class)"
	((contentions > 100 && wait > 0 && acquisitions > contentions)) ||
		fail "lock-stat: $contentions contentions, $wait us, $acquisitions acquisitions"
	assert_equal "0 &mm->mmap_lock" "$disabled $class" "whether it was disabled, and the first class"
	assert_equal 0 "$(<"$share/switch")" "the switch, which was 0"
}
