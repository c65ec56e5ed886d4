#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The probe 'contention' puts mmap_lock first where threads fight for it, with and without
# callers; what atomics cost it does not see, and a run says that it is blind to them.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	require_root
	"$pinscale" list | grep -q '^  contention  *yes' || skip "$("$pinscale" list | grep -A1 '^  contention ')"
	run_directory=$BATS_TEST_TMPDIR/run
	sweep=$BATS_TEST_TMPDIR/sweep.ini
}

require_two_cpus() {
	(($(nproc) >= 2)) || skip "nobody waits for another: this machine has one CPU"
}

# watch PROBES WORKLOAD [OPTION...]: two threads.
watch() {
	printf '[points]\nworkload = %s\nworkers = 2\n' "$2" >"$sweep"
	measure "$sweep" -o "$run_directory" -s probes="$1" -s window=0.3 -s warmup=0.02 -s repetitions=1 "${@:3}"
	assert_status 0
	assert_nothing "$(grep '"type":"probed"' "$run_directory/trials.jsonl" | grep -v '"problems":\[\]' || true)" "watched trials with problems"
}

# details PROBE: what it wrote of its trial.
details() {
	grep "\"type\":\"probed\".*\"probe\":\"$1\"" "$run_directory/trials.jsonl" | sed 's/.*"details"://'
}

# value PROBE KEY: of its own.
value() {
	grep "\"type\":\"probed\".*\"probe\":\"$1\"" "$run_directory/trials.jsonl" |
		sed -n "s/.*\"probes\":{[^}]*\"$2\":\([0-9]*\).*/\1/p"
}

@test "threads that map and unmap wait for mmap_lock most" {
	local probe

	require_two_cpus
	[[ -r /sys/kernel/btf/vmlinux ]] || skip "without BTF (no /sys/kernel/btf/vmlinux) contention-plain does not know which lock is mmap_lock"
	watch "contention contention-plain" mmap-storm
	for probe in contention contention-plain; do
		[[ $(details $probe) == '{"locks":[{"lock":"mmap_lock","kind":"rwsem '* ]] ||
			fail "mmap_lock is not first: $(details $probe)"
		(($(value $probe contentions) >= 10)) || fail "$probe: only $(value $probe contentions) waits"
		(($(value $probe own_ns) > 0)) || fail "$probe has no cost of its own"
	done
	# Only the one with stacks knows from where.
	grep -q '"caller":"[a-z_]*mm\?a\?p' <<<"$(details contention)" || fail "no caller: $(details contention)"
	assert_nothing "$(details contention-plain | grep -o '"caller":"[^"]\+"' || true)" "callers without stacks"
	# The trials that count are not watched.
	assert_equal 1 "$(count_trials "$run_directory")" "a trial is not watched"
	assert_nothing "$(grep '"type":"trial"' "$run_directory/trials.jsonl" | grep '"contention' || true)" "trials that count are watched"
}

@test "atomics are not seen, and that is said" {
	local operations waits

	require_measuring
	watch contention atomics-pincount -s sharing=shared --huge-pages reserve
	waits=$(value contention contentions)
	operations=$(grep '"type":"probed"' "$run_directory/trials.jsonl" | sed 's/.*"total_operations":\([0-9]*\).*/\1/')
	# Of the scheduler's own locks there may be one now and then.
	((waits * 10000 < operations)) || fail "$waits waits in $operations operations without a lock"
	run --separate-stderr "$pinscale" probes
	assert_status 0
	grep -qE '^contention +blind \[[0-9]+\] +blind \[[0-9]+\] +blind \[[0-9]+\] +partly \[[0-9]+\] +partly' <<<"$output" ||
		fail "contention is blind to bit locks, atomics and the folio lock: $output"
}

@test "as another user it says what it needs" {
	command -v setpriv >/dev/null || skip "there is no setpriv to become another user with"
	run setpriv --reuid 65534 --clear-groups "$pinscale" list
	assert_status 0
	grep -A1 '^  contention  *no' <<<"$output" | grep -q 'run it as root' || fail "no reason is given: $output"
}
