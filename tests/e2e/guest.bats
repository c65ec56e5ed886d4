# SPDX-License-Identifier: GPL-3.0-or-later
# Proves in guests that the kernels are what docs/KERNELS.md says: how often the
# compound lock is taken, exactly; that a guest that panics, hangs or cannot be
# started is told apart and leaves no process; that a boot can be repeated to
# the instruction; and that a comparison of kernels is whole, interrupted or not.
# Guests are emulated: nothing here looks at how long something takes.
#
# Runs only with PINSCALE_TEST_GUEST=1, with kernels that are in the cache:
# PINSCALE_TEST_KERNEL (taillock), and stock.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup_file() {
	export initramfs=$BATS_FILE_TMPDIR/initramfs.gz

	[[ ${PINSCALE_TEST_GUEST-} == 1 ]] || return 0
	"$BATS_TEST_DIRNAME/../../vm/initramfs.sh" "$initramfs" \
		"$BATS_TEST_DIRNAME/../../build/pinscale" libhugetlbfs.so.0
}

setup() {
	[[ ${PINSCALE_TEST_GUEST-} == 1 ]] ||
		skip "guests are booted only with PINSCALE_TEST_GUEST=1, as they take minutes"
	command -v qemu-system-x86_64 >/dev/null || skip "there is no qemu-system-x86_64 to boot a guest with"
	share=$BATS_TEST_TMPDIR/share
	log=$BATS_TEST_TMPDIR/serial.log
	mkdir -p "$share/.guest"
}

teardown() {
	end_background
}

# require_kernel NAME: that variant; sets kernel.
require_kernel() {
	kernel=$("$top/kernels/build.sh" --path "$1") ||
		skip "the kernel $1 is not in the cache; 'kernels/build.sh $1' builds it"
}

# The kernel of tests for which any will do.
require_any_kernel() {
	require_kernel "${PINSCALE_TEST_KERNEL:-taillock}"
}

# boot KERNEL COMMAND [OPTION...]: a guest with the share and that command.
boot() {
	local image=$1

	printf '%s\n' "$2" >"$share/.guest/command"
	shift 2
	run --separate-stderr "$top/vm/boot.sh" --kernel "$image" --initramfs "$initramfs" --share "$share" --log "$log" "$@"
}

no_guest_is_left() {
	[[ -z $(processes_with "$BATS_TEST_TMPDIR") ]]
}

assert_no_guest_is_left() {
	assert_nothing "$(processes_with "$BATS_TEST_TMPDIR")" "these processes are left"
}

# measure_guest VARIANT: the guests' sweep, all its points once, into $share/run.
measure_guest() {
	require_kernel "$1"
	cp "$top/configs/guest.ini" "$share"
	boot "$kernel" "exec pinscale run /results/guest.ini -o /results/run --huge-pages reserve --variant $1 -s repetitions=1 -s window=0.05" \
		--timeout 150
	run_directory=$share/run
}

# What holds on any kernel of ours.
assert_whole() {
	assert_status 0
	assert_no_guest_is_left
	# A trial of every point: nothing is skipped, nothing failed, nothing is odd.
	assert_equal 24 "$(count_trials "$run_directory")" "the number of trials"
	assert_nothing "$(fields "$run_directory" skip target reason)" "these points were skipped"
	assert_nothing "$(twice "$run_directory")" "these points were measured twice"
	assert_nothing "$(grep '"type":"trial"' "$run_directory/trials.jsonl" | grep -v '"problems":\[\]')" "these trials have problems"
	assert_equal emulated "$(grep -o '"execution":"[^"]*"' "$run_directory/trials.jsonl" | sort -u | cut -d '"' -f 4)" "the executions"
	assert_equal "$(wc -l <"$run_directory/trials.jsonl")" "$(grep -c '"execution":"emulated"' "$run_directory/trials.jsonl")" \
		"records that say how they were executed"
	grep -qF '"execution": "emulated"' "$run_directory/boots/1.json" || fail "the boot record does not say that it is emulated"

	# The end: all pages free, nothing held, not a word of complaint.
	read -r total free others < <(fields "$run_directory" boot-end total free others)
	((total >= 2)) || fail "the guest's pool had $total huge pages"
	assert_equal "$total 0" "$free $others" "huge pages free at the end, and those of others"
	grep -q '"type":"boot-end".*"kernel_warnings":\[\]' "$run_directory/trials.jsonl" || fail "the kernel complained"
	# But for what it has to say of our setting up ext2 on a RAM disk.
	assert_nothing "$(grep -vE 'autoloading is deprecated|supports timestamps until|tsc: Unable to calibrate|APIC calibration not consistent|hrtimer: interrupt took' "$share/.guest/warnings")" "the kernel complained"
	# The pool is as small as it was.
	grep -qE '^HugePages_Total: +0$' "$share/.guest/meminfo" || fail "the pool was not put back"
}

@test "taillock takes the compound lock 5 times a page over ext2, once over a block device, else never" {
	measure_guest taillock
	assert_whole
	assert_equal "-taillock" "$(grep -o '"release": "[^"]*"' "$run_directory/boots/1.json" | grep -o -- '-taillock')" "the kernel"
	wrong=$(fields "$run_directory" trial total_operations block target subpage acquisitions tails_held "${point_keys[@]}" |
		awk '{
			a_page = $4 != "tail" ? 0 : $3 == "ext2" ? 5 : 1
			if (!($1 > 0 && $5 ~ /^[0-9]+$/ && $5 == a_page * $1 * $2 / 4096 && $6 == "0"))
				print "wanted " a_page " a page:", $0
		}')
	assert_nothing "$wrong" "the lock was taken another number of times (operations, block, target, subpage, acquisitions, held, point)"
	assert_equal 0 "$(fields "$run_directory" boot-end tails_held)" "references to tails at the end"
	# That nothing was proved of nothing: each kind of point is there.
	assert_equal "ext2 4k none
ext2 head
ext2 tail
null_blk 4k none
null_blk head
null_blk tail" "$(fields "$run_directory" trial target page subpage | sed 's/2m //' | sort -u)" "the kinds of points"
	assert_equal "aio-read
aio-write
pread
pwrite" "$(fields "$run_directory" trial workload | sort -u)" "the workloads"
	assert_equal "1048576
4096" "$(fields "$run_directory" trial block | sort -u)" "the blocks"
}

@test "stock has no compound lock, and says so by having no counts of it" {
	measure_guest stock
	assert_whole
	assert_nothing "$(grep tailref "$run_directory/trials.jsonl")" "stock counts a lock that it does not have"
	assert_equal null "$(fields "$run_directory" boot-end tails_held)" "references to tails at the end"
	grep -qF '"CONFIG_TAILLOCK": "n"' "$run_directory/boots/1.json" || fail "the boot record does not say that the lock is not there"
}

@test "a command's exit status is told, and its output is in the serial console" {
	require_any_kernel
	boot "$kernel" 'echo "this is a guest of"; uname -r; exit 7' --timeout 60
	assert_status 1
	assert_says "The command in the guest exited with status 7. The serial console is in $log."
	assert_equal 7 "$(cat "$share/.guest/status")" "the status that the guest left"
	assert_equal "this is a guest of
$(cat "$(dirname "$kernel")/release")" "$(tr -d '\r' <"$log" | grep -A 1 'this is a guest of')" "the console"
	assert_no_guest_is_left
}

@test "a packed guest has the share's files in memory, and brings back what the command made of them" {
	require_any_kernel
	console=$share/serial.log
	mkdir "$share/a directory" "$BATS_TEST_TMPDIR/packing"
	echo before >"$share/a directory/changed"
	echo kept >"$share/kept"
	echo stale >"$share/.guest/messages"
	TMPDIR=$BATS_TEST_TMPDIR/packing boot "$kernel" 'set -e
		grep -q 9p /proc/mounts && exit 3
		cat kept "a directory/changed" >read
		echo after >"a directory/changed"
		find . -name serial.log -o -name messages >unwanted
		echo "this is the console"
		exit 7' --packed --timeout 60 --log "$console"
	assert_status 1
	assert_says "The command in the guest exited with status 7. The serial console is in $console."
	assert_equal 7 "$(cat "$share/.guest/status")" "the status that the guest left"
	assert_equal "kept
before" "$(cat "$share/read")" "what the command read"
	assert_equal after "$(cat "$share/a directory/changed")" "the file that the command changed"
	assert_equal kept "$(cat "$share/kept")" "the file that it left alone"
	for file in started meminfo; do
		[[ -s $share/.guest/$file ]] || fail "the guest left no .guest/$file"
	done
	[[ -e $share/.guest/warnings ]] || fail "the guest left no .guest/warnings"
	# What the host writes meanwhile does not come back as it was.
	assert_nothing "$(cat "$share/unwanted")" "the guest has the host's own files"
	grep -q 'this is the console' "$console" || fail "the serial console was lost"
	assert_nothing "$(ls "$BATS_TEST_TMPDIR/packing")" "packed files are left"
	assert_no_guest_is_left
}

@test "--exact, packed: two boots are the same to the nanosecond" {
	require_any_kernel
	for boot in 1 2; do
		boot "$kernel" 'dmesg >/results/log
			cat /proc/uptime /proc/interrupts /proc/softirqs /proc/stat /proc/vmstat >/results/counts
			cat /proc/sys/kernel/random/boot_id /proc/self/maps >/results/chance
			pinscale --version >/results/program
			grep "now at" /proc/timer_list >/results/time' --exact --packed --timeout 100
		assert_status 0
		mkdir "$BATS_TEST_TMPDIR/$boot"
		mv "$share"/{log,counts,chance,program,time} "$BATS_TEST_TMPDIR/$boot"
	done
	cd "$BATS_TEST_TMPDIR" || fail "there is no $BATS_TEST_TMPDIR"
	for file in log counts chance program time; do
		[[ -s 1/$file ]] || fail "there is nothing in $file to compare"
		assert_nothing "$(diff "1/$file" "2/$file" | head -n 20)" "the boots differ in $file"
	done
	grep -qx 'now at [0-9]* nsecs' 1/time || fail "the time is not in nanoseconds: this test tests less"
	assert_equal 0 "$(grep -c '^cpu1 ' 1/counts)" "CPUs beyond the first"
	assert_no_guest_is_left
}

@test "--nodes divides the CPUs and the memory" {
	require_any_kernel
	# shellcheck disable=SC2016 # the guest's shell expands it
	boot "$kernel" 'cd /sys/devices/system/node
		for node in node[0-9]*; do
			echo "$node: $(cat $node/cpulist), $(awk "/MemTotal/ { print (\$4 > 900000 && \$4 < 1100000) }" $node/meminfo), $(cat $node/distance)"
		done >/results/nodes' --nodes 2 --cpus 2 --memory 2G --timeout 60
	assert_status 0
	assert_equal "node0: 0, 1, 10 20
node1: 1, 1, 20 10" "$(cat "$share/nodes")" "nodes, their CPUs, whether their memory is half of it, distances"
	assert_no_guest_is_left
}

@test "a guest that panics ends with exit status 1 and says so" {
	require_any_kernel
	boot "$kernel" 'echo c >/proc/sysrq-trigger; sleep 100' --timeout 60
	assert_status 1
	assert_says "The guest went down before its command ended: the kernel $kernel panicked"
	assert_says "The serial console is in $log."
	grep -q 'Kernel panic' "$log" || fail "there is no panic in the console: this test tests something else"
	[[ ! -e $share/.guest/status ]] || fail "a guest that panicked has left a status"
	assert_no_guest_is_left
}

@test "a guest that hangs is ended after --timeout" {
	require_any_kernel
	boot "$kernel" 'touch /results/here; sleep 1000' --timeout 15
	assert_status 1
	[[ -e $share/here ]] || fail "the guest was not up within its 15 s: this test tests nothing"
	assert_says "The guest was not done after 15 s, and was ended. The serial console is in $log."
	assert_no_guest_is_left
}

@test "Ctrl-C ends a guest, and so does SIGTERM" {
	require_any_kernel
	printf 'touch /results/here\nsleep 1000\n' >"$share/.guest/command"
	for signal in INT TERM; do
		rm -f "$share/here"
		begin "$top/vm/boot.sh" --kernel "$kernel" --initramfs "$initramfs" --share "$share" --log "$log"
		eventually 60 test -e "$share/here"
		# Ctrl-C is for the whole group, SIGTERM for the script alone.
		if [[ $signal == INT ]]; then
			kill -INT -- "-$pid"
		else
			kill -TERM "$pid"
		fi
		finish
		((status == 130 || status == 143)) || fail "it did not end by the signal"
		assert_no_guest_is_left
	done
}

@test "what a guest cannot be started without is missed with exit status 2" {
	require_any_kernel
	boot /nope true
	assert_status 2
	assert_says "There is no kernel /nope; build one with: kernels/build.sh stock"
	boot "$kernel" true --memory nonsense
	assert_status 2
	assert_says "QEMU could not start the guest"
	echo "this is no kernel" >"$BATS_TEST_TMPDIR/bzImage"
	boot "$BATS_TEST_TMPDIR/bzImage" true --timeout 60
	((status == 2 || status == 1)) || fail "a file that is no kernel was booted"
	rm "$share/.guest/command"
	run "$top/vm/boot.sh" --kernel "$kernel" --initramfs "$initramfs" --share "$share" --log "$log"
	assert_status 2
	assert_says "There is no $share/.guest/command for the guest to run"
	assert_no_guest_is_left
}

@test "options that do not go together are refused with exit status 2" {
	require_any_kernel
	boot "$kernel" true --exact --cpus 2
	assert_status 2
	assert_says "--exact repeats a boot with one CPU alone, not 2; leave --cpus away, or --exact."
	boot "$kernel" true --exact --accel kvm
	assert_status 2
	assert_says "--exact is for emulated CPUs, not those of 'kvm'"
	boot "$kernel" true --plugin file=/nope.so --accel kvm
	assert_status 2
	assert_says "--plugin is for emulated CPUs, not those of 'kvm'"
	boot "$kernel" true --nodes 3 --cpus 4
	assert_status 2
	assert_says "4 CPUs cannot be divided evenly among 3 nodes"
	boot "$kernel" true --nodes 2 --memory 1025M
	assert_status 2
	assert_says "1025 MiB of memory cannot be divided evenly among 2 nodes"
	# One that is not there gets as far as QEMU.
	boot "$kernel" true --plugin file=/nope.so
	assert_status 2
	assert_says "Could not load plugin /nope.so"
	assert_no_guest_is_left
}

# Is boot N of the comparison over, and the next begun?
boot_is_over() {
	[[ $(grep -c "\"type\":\"boot-end\",\"boot\":$1," "$run_directory/trials.jsonl" 2>/dev/null) == 1 &&
		-e $run_directory/serial-$(($1 + 1)).log ]]
}

@test "a comparison that is interrupted after its first boot goes on to the end, nothing twice" {
	require_any_kernel
	# With but one kernel it is compared with itself.
	other=$("$top/kernels/build.sh" --path stock) || other=$kernel
	run_directory=$BATS_TEST_TMPDIR/run
	kernels=(--initramfs "$initramfs" --boots 1 --timeout 100 --variant a="$other" --variant b="$kernel")
	begin "$pinscale" ab "$top/configs/guest.ini" -o "$run_directory" "${kernels[@]}" \
		-s target=null_blk -s block=4k -s page=2m -s workers=2 -s workload=pread -s depth=1 -s sharing="private same" \
		-s window=0.05 -s repetitions=2
	eventually 100 boot_is_over 1
	kill -INT -- "-$pid"
	finish
	assert_status 130
	assert_says "interrupted; the same command with '-o $run_directory' and no sweep goes on with it"
	eventually 10 no_guest_is_left
	assert_equal 1 "$(fields "$run_directory" boot-end boot)" "the boots that are over"
	cp "$run_directory/trials.jsonl" "$BATS_TEST_TMPDIR/before"

	run --separate-stderr "$pinscale" ab -o "$run_directory" "${kernels[@]}"
	assert_status 0
	assert_says "$run_directory: 1 boots of each of 2 variants"
	assert_no_guest_is_left
	grep '"boot":1,' "$BATS_TEST_TMPDIR/before" | cmp - <(grep '"boot":1,' "$run_directory/trials.jsonl") ||
		fail "the first boot's records were lost or changed"
	assert_nothing "$(twice "$run_directory")" "these points were measured twice"

	# Each place of the plan has one boot that is over, and it has all trials.
	grep -q '"order": *\[ *$' "$run_directory/run.json" || fail "run.json has no plan"
	assert_equal 2 "$(fields "$run_directory" boot-end boot | sort -u | wc -l)" "the boots that are over"
	for boot in $(fields "$run_directory" boot-end boot); do
		# private and same, head and tail, twice.
		assert_equal 8 "$(fields "$run_directory" trial boot | grep -cx "$boot")" "the trials of boot $boot"
		grep -E '"(variant|slot)": ' "$run_directory/boots/$boot.json" | tr -d ' ,\n'
		echo
	done | sort >"$BATS_TEST_TMPDIR/slots"
	assert_equal '"variant":"a""slot":0
"variant":"b""slot":1' "$(sort "$BATS_TEST_TMPDIR/slots")" "variants and places of the boots"
	[[ ! -e $run_directory/.guest ]] || fail "the guests' files are left in the run"

	# One that is complete boots nothing more, and another plan is refused.
	cp "$run_directory/trials.jsonl" "$BATS_TEST_TMPDIR/complete"
	run --separate-stderr "$pinscale" ab -o "$run_directory" "${kernels[@]}"
	assert_status 0
	cmp "$BATS_TEST_TMPDIR/complete" "$run_directory/trials.jsonl" || fail "a complete run was measured again"
	run --separate-stderr "$pinscale" ab -o "$run_directory" "${kernels[@]}" --boots 2
	assert_status 2
	assert_says "was begun with another plan (kernels, boots, guests): give the same, or another directory."
}

@test "a comparison that is killed takes its guest with it" {
	require_any_kernel
	run_directory=$BATS_TEST_TMPDIR/run
	begin "$pinscale" ab "$top/configs/guest.ini" -o "$run_directory" --initramfs "$initramfs" --boots 1 \
		--variant a="$kernel" --variant b="$kernel" -s repetitions=100
	eventually 60 has_trials "$run_directory" 1
	! no_guest_is_left || fail "there is no guest: this test tests nothing"
	kill -KILL "$pid"
	finish
	eventually 10 no_guest_is_left
}

# kernel_with PARAMETERS: that kernel, with these added when it is booted; sets odd.
kernel_with() {
	mkdir -p "$BATS_TEST_TMPDIR/odd"
	ln -sf "$kernel" "$BATS_TEST_TMPDIR/odd/bzImage"
	printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/odd/boot"
	odd=$BATS_TEST_TMPDIR/odd/bzImage
}

# compare_with_odd: a comparison of the kernel with the odd one.
compare_with_odd() {
	run --separate-stderr "$pinscale" ab "$top/configs/guest.ini" -o "$BATS_TEST_TMPDIR/run" --initramfs "$initramfs" \
		--boots 1 --timeout 15 --variant "odd=$odd" --variant "good=$kernel" -s target=null_blk -s block=4k -s page=2m \
		-s workers=1 -s workload=pread -s depth=1 -s sharing=private -s repetitions=1 -s window=0.05
}

@test "a kernel that panics as it comes up ends a comparison with a sentence, and nothing is left" {
	require_any_kernel
	kernel_with "rdinit=/nowhere"
	compare_with_odd
	assert_status 2
	assert_says "plan: 2 boots of 2 kernels, 1 of each in balanced blocks (odd, good)"
	assert_says "boot of odd: vm/boot.sh: The guest went down before its command ended"
	assert_no_guest_is_left
}

@test "a kernel that hangs ends a comparison with a sentence, and nothing is left" {
	require_any_kernel
	kernel_with "rdinit=/bin/cat"
	compare_with_odd
	assert_status 2
	assert_says "boot of odd: vm/boot.sh: The guest was not done after 15 s, and was ended."
	assert_no_guest_is_left
}

@test "a kernel of Debian's loads the drivers that it has as modules, and reaches the share" {
	require_kernel debian-6.12
	boot "$kernel" 'uname -r; ls -1d /sys/module/null_blk /sys/module/9p /sys/module/zram' --timeout 100
	assert_status 0
	assert_equal "$(cat "$(dirname "$kernel")/release")
/sys/module/9p
/sys/module/null_blk
/sys/module/zram" "$(tr -d '\r' <"$log" | grep -E '^(6[.]12|/sys)')" "what the guest says"
}
