# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-3.0-or-later
# What the tests of the whole program share. Loaded by every *.bats file.

bats_require_minimum_version 1.5.0

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
pinscale=${PINSCALE_PROGRAM:-$top/build/pinscale}
undo=/run/pinscale/undo
pool=/sys/kernel/mm/hugepages/hugepages-2048kB

# Nothing of the caller's may change what is tested.
unset SUDO_UID SUDO_GID MAKEFLAGS MAKELEVEL MFLAGS
export LC_ALL=C.UTF-8

# --- what a test needs, else it is skipped -----------------------------------

require_root() {
	((EUID == 0)) || skip "measuring needs root, and this is user $EUID"
}

require_zram() {
	[[ -e /sys/class/zram-control/hot_add ]] ||
		skip "this kernel has no zram (no /sys/class/zram-control/hot_add)"
}

# Only one pinscale measures at a time: holds its lock while COMMAND runs, once
# another has ended.
with_lock() {
	local lock=$undo

	[[ -e $undo ]] || lock=/dev/null
	{
		flock -w 100 9 || fail "another pinscale has been measuring on this machine for 100 s"
		"$@" 9<&-
	} 9<"$lock"
}

# Sets the pool's size to what it is and $1 more, and back; sets had.
try_huge_pages() {
	local before after

	before=$(<"$pool/nr_hugepages")
	echo $((before + $1)) >"$pool/nr_hugepages"
	after=$(<"$pool/nr_hugepages")
	echo "$before" >"$pool/nr_hugepages"
	had=$((after - before))
}

# What every test needs that measures.
require_measuring() {
	require_root
	require_zram
	[[ -w $pool/nr_hugepages ]] || skip "this kernel has no huge pages of 2 MiB (no $pool)"
	with_lock try_huge_pages 4
	((had >= 4)) || skip "memory is short or in pieces: of 4 huge pages only $had could be had"
}

# Did something else on this machine pin pages meanwhile, and was that all that went wrong?
only_foreign_pins() {
	local journal=${run_directory-}/trials.jsonl

	[[ -e $journal ]] && grep -q 'something else pins pages' "$journal" &&
		! grep '"type":"trial"' "$journal" | grep -v '"problems":\[\]' | grep -qv 'something else pins pages'
}

# measure ARGUMENT...: 'run pinscale run', again if another came first, or if
# pages were pinned by others: what our own workloads pin wrongly they do again.
measure() {
	local attempt

	for attempt in 1 2 3; do
		run --separate-stderr "$pinscale" run "$@"
		if [[ $status == 2 && $stderr == *"Another pinscale measures"* ]]; then
			with_lock true
		elif ((status == 1 && attempt < 3)) && only_foreign_pins; then
			rm -r "$run_directory"
		else
			return 0
		fi
	done
}

# --- assertions --------------------------------------------------------------

# fail SENTENCE: with what the program said.
fail() {
	printf '%s\n' "$*"
	printf 'exit status: %s\noutput:\n%s\nerrors:\n%s\n' "${status-}" "${output-}" "${stderr-}"
	return 1
}

assert_status() {
	((status == $1)) || fail "wanted exit status $1"
}

# assert_says TEXT: in the output or the errors of the last run.
assert_says() {
	[[ "${output-}"$'\n'"${stderr-}" == *"$1"* ]] || fail "wanted it to say: $1"
}

assert_equal() {
	[[ $1 == "$2" ]] || {
		diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") || true
		fail "${3:-the two differ} (< wanted, > is)"
	}
}

# assert_nothing TEXT WHAT: TEXT names what is wrong.
assert_nothing() {
	[[ -z $1 ]] || {
		printf '%s\n' "$1"
		fail "$2"
	}
}

# eventually SECONDS COMMAND...: until it succeeds.
eventually() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS < end)) || fail "waited in vain for: $*"
		sleep 0.05
	done
}

# --- the journal -------------------------------------------------------------

# fields DIR TYPE KEY...: of every record of that type a line, the values with
# blanks between, "-" for one that is not there. The first place of a key
# counts: "total_operations" is that of the trial, not that of a worker.
fields() {
	local directory=$1 type=$2

	shift 2
	awk -v type="$type" -v keys="$*" '
		function value(key, at, rest) {
			at = index($0, "\"" key "\":")
			if (!at)
				return "-"
			rest = substr($0, at + length(key) + 3)
			sub(/^"/, "", rest)
			match(rest, /^[^",}\]]*/)
			return substr(rest, 1, RLENGTH)
		}
		BEGIN { n = split(keys, key, " ") }
		value("type") == type {
			line = value(key[1])
			for (i = 2; i <= n; i++)
				line = line " " value(key[i])
			print line
		}' "$directory/trials.jsonl"
}

point_keys=(workload target devices page mapping sharing subpage mempolicy block depth access workers task placement)

# count_trials DIR: lines of trials that are whole.
count_trials() {
	if [[ -e $1/trials.jsonl ]]; then
		grep -c '^{"type":"trial".*}$' "$1/trials.jsonl" || true
	else
		echo 0
	fi
}

has_trials() {
	(($(count_trials "$1") >= $2))
}

# twice DIR: prints boot, repetition and point of what is there twice.
twice() {
	fields "$1" trial boot repetition "${point_keys[@]}" | sort | uniq -d
}

# --- the system --------------------------------------------------------------

# Everything that a run changes and must put back.
system_state() {
	local file

	for file in /sys/kernel/mm/hugepages/*/{nr,free,surplus}_hugepages /sys/block/loop*/loop/backing_file; do
		[[ ! -e $file ]] || printf '%s %s\n' "$file" "$(<"$file")"
	done
	printf 'block device %s\n' /sys/block/*
	grep -E ' (ext2|hugetlbfs) |/run/pinscale' /proc/mounts || true
	if [[ -s $undo ]]; then
		echo "$undo has notes"
	fi
	# The notes' file stays, and is the lock too.
	find /run/pinscale -mindepth 1 ! -name undo 2>/dev/null || true
}

# --- programs in the background ----------------------------------------------

# begin COMMAND...: in a process group of its own, as from a terminal; sets pid.
# What it says goes to $BATS_TEST_TMPDIR/said. A shell without job control has
# what is in the background ignore SIGINT.
begin() {
	setsid env --default-signal=INT,QUIT "$@" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	pid=$!
}

# finish: waits for it, and sets status and output.
finish() {
	status=0
	wait "$pid" || status=$?
	pid=
	output=$(<"$BATS_TEST_TMPDIR/said")
	stderr=
}

# In teardown: whatever a failed test has left running ends.
end_background() {
	[[ -n ${pid-} ]] || return 0
	kill -KILL -- "-$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

# processes_with TEXT: the command lines of those that have it there.
processes_with() {
	local file line

	for file in /proc/[0-9]*/cmdline; do
		{ line=$(tr '\0' ' ' <"$file"); } 2>/dev/null || continue
		[[ $line != *"$1"* ]] || printf '%s\n' "$line"
	done
}
