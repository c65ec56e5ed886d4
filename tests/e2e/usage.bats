# SPDX-License-Identifier: GPL-3.0-or-later
# Proves that the program and the scripts say how they are used, on one screen
# and with examples, and that a mistake is answered by exit status 2 and one
# clear sentence that says what to do.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	# A user without rights must be able to come here.
	others=$(mktemp -d /tmp/pinscale-usage.XXXXXX)
	chmod 755 "$others"
}

teardown() {
	rm -rf "$others"
}

# as_nobody COMMAND...: without rights, where it may write.
as_nobody() {
	require_root
	command -v setpriv >/dev/null || skip "there is no setpriv to give up root's rights with"
	cp "$pinscale" "$others/pinscale"
	cp "$top/configs/quick.ini" "$others"
	mkdir -p "$others/home"
	chown 65534:65534 "$others/home"
	chmod 755 "$others/pinscale"
	chmod 644 "$others/quick.ini"
	cd "$others/home" || return
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# helps COMMAND...: its --help is a screen at most, and ends with examples.
helps() {
	local examples

	run --separate-stderr "$@" --help
	assert_status 0
	assert_nothing "$stderr" "$* --help speaks on standard error"
	(($(wc -l <<<"$output") <= 50)) || fail "$* --help has more than 50 lines"
	assert_nothing "$(expand <<<"$output" | grep -E '^.{101}')" "$* --help has lines of more than 100 columns"
	grep -qi '^usage: ' <<<"$output" || fail "$* --help does not begin with the usage"

	# What follows the examples is at most the exit status.
	examples=$(sed -n '/^[[:space:]]*[Ee]xamples\?:$/,$p' <<<"$output")
	[[ -n $examples ]] || fail "$* --help has no examples"
	(($(wc -l <<<"$examples") <= 15)) || fail "$* --help does not end with its examples"
	grep -qE "^[[:space:]]+.*$(basename "$1")" <<<"$examples" || fail "the examples of $* do not show it"
	# A line of an example that was broken in two cannot be copied.
	assert_nothing "$(sed -n '2,/^$/p' <<<"$examples" | grep -E '^[^[:space:]]' | grep -v '^Exit status\|^[0-9]')" \
		"$* --help has examples broken in the middle"
}

# refuses SENTENCE COMMAND...: exit status 2, and the sentence.
refuses() {
	local sentence=$1

	shift
	run --separate-stderr "$@"
	assert_status 2
	[[ $stderr == *"$sentence"* ]] || fail "$*: wanted it to say: $sentence"
	assert_nothing "$output" "$* speaks on standard output, though it fails"
	(($(wc -l <<<"$stderr") <= 3)) || fail "$*: a sentence was wanted, not a page"
}

subcommands() {
	"$pinscale" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

@test "the program's help is a screen with examples" {
	helps "$pinscale"
	assert_equal "$output" "$("$pinscale" help)"
}

@test "every subcommand's help is a screen with examples" {
	(($(subcommands | wc -l) >= 4)) || fail "'pinscale --help' names too few subcommands"
	for command in $(subcommands); do
		helps "$pinscale" "$command"
	done
}

@test "every script's help is a screen with examples" {
	for script in run.sh kernels/build.sh vm/boot.sh vm/initramfs.sh; do
		helps "$top/$script"
	done
}

@test "--version is a line" {
	run --separate-stderr "$pinscale" --version
	assert_status 0
	[[ $output =~ ^pinscale\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "that is no version"
}

@test "without a command the usage is shown, and the exit status is 2" {
	run --separate-stderr "$pinscale"
	assert_status 2
	assert_nothing "$output" "it speaks on standard output"
	[[ $stderr == usage:* ]] || fail "wanted the usage"
}

@test "what does not exist is named: commands, options, sweeps" {
	refuses "there is no command 'nope'; 'pinscale --help' names those there are." "$pinscale" nope
	for command in $(subcommands); do
		refuses "unrecognized option '--nope'" "$pinscale" "$command" --nope
	done
	refuses "$others/nope.ini: No such file or directory" "$pinscale" run "$others/nope.ini" -o "$others/run"
	refuses "a sweep is needed, one of configs/*.ini" "$pinscale" run
	refuses "--huge-pages is existing or reserve, not 'some'" "$pinscale" run "$top/configs/quick.ini" --huge-pages some
	refuses "Too many arguments" "$pinscale" list everything
	refuses "a kernel is needed: --variant NAME=FILE" "$pinscale" ab "$top/configs/guest.ini"
	refuses "there is no kernel '/nope'" "$pinscale" ab "$top/configs/guest.ini" --variant a=/nope
	[[ ! -e $others/run ]] || fail "a run that was refused has left a directory"
}

@test "the scripts name what they do not know" {
	refuses "There is no command 'nope'; see ./run.sh --help." "$top/run.sh" nope
	refuses "There is no option '--nope'; see ./run.sh --help." "$top/run.sh" --nope
	refuses "There is no option '--nope'; see ./run.sh --help." "$top/run.sh" sweep --nope
	refuses "-o wants a directory; see ./run.sh --help." "$top/run.sh" sweep -o
	refuses "'list' does not take 'everything'; see ./run.sh --help." "$top/run.sh" list everything
	for script in kernels/build.sh vm/boot.sh vm/initramfs.sh; do
		refuses "There is no option '--nope'; see $script --help." "$top/$script" --nope
	done
	refuses "One variant is needed, as in 'kernels/build.sh stock'" "$top/kernels/build.sh"
	refuses "The file to write is needed; see vm/initramfs.sh --help." "$top/vm/initramfs.sh"
	refuses "/nope is no program that can be run; build it first." "$top/vm/initramfs.sh" "$others/i.gz" /nope
	[[ ! -e $others/i.gz ]] || fail "an archive that was refused has been written"
	refuses "--kernel, --initramfs, --share and --log are all needed" "$top/vm/boot.sh" --kernel /nope
	refuses "There is no kernel /nope; build one with: kernels/build.sh stock" "$top/vm/boot.sh" \
		--kernel /nope --initramfs /nope --share "$others" --log "$others/log"
}

@test "a bad sweep is refused with its line and advice" {
	sweep=$others/bad.ini
	bad() {
		printf '%b' "$2" >"$sweep"
		refuses "$1" "$pinscale" run "$sweep" -o "$others/run"
		[[ $stderr == *bad* ]] || fail "the file is not named"
	}
	bad "line 4: workload = nope: there is no such workload; see 'pinscale list'" \
		'[sweep]\nwindow = 0.1\n[points]\nworkload = nope\ntarget = zram\n'
	bad "line 2: there is no axis 'wrkload'; 'pinscale run --help' names them" \
		'[points]\nwrkload = pread\nworse = 1\n'
	bad "line 3: page = 3k: there are 4k, thp, the huge pages 2m and 1g" '[points]\nworkload = pread\npage = 3k\n'
	bad "line 2: sharing = alone: there is no such value; it can be: private shared same group pool" '[points]\nsharing = alone\n'
	bad "line 2: window = -1: wants a number from" '[sweep]\nwindow = -1\n[points]\nworkload = pread\n'
	bad "line 3: workers = 0: wants a whole number from 1 to" '[points]\nworkload = pread\nworkers = 0\n'
	bad "line 2: section [pionts]: there are [sweep] and [points NAME]" '[pionts]\nworkload = pread\n'
	bad "it has no points; a section [points] with a line like 'workload = pread' is needed" '[sweep]\nwindow = 0.1\n'
	[[ ! -e $others/run ]] || fail "a sweep that was refused has left a directory"
}

@test "a bad override is refused, and nothing is left" {
	refuses "workers: wants KEY=VALUE, as in workers=1" "$pinscale" run "$top/configs/quick.ini" -s workers -o "$others/run"
	refuses "foo: there is no such key; 'pinscale run --help' names them" "$pinscale" run "$top/configs/quick.ini" -s foo=1 -o "$others/run"
	refuses "workload = nope: there is no such workload; see 'pinscale list'" "$pinscale" run "$top/configs/quick.ini" -s workload=nope -o "$others/run"
	[[ ! -e $others/run ]] || fail "a sweep that was refused has left a directory"
}

@test "a run's directory is not taken for another sweep" {
	require_measuring
	first=(-s target=zram -s page=4k -s workload=pread -s sharing=private -s depth=1 -s workers=1 -s window=0.01 -s warmup=0)
	measure "$top/configs/quick.ini" -o "$others/run" "${first[@]}" -s repetitions=1
	assert_status 0
	refuses "$others/run" "$pinscale" run "$top/configs/quick.ini" -o "$others/run" "${first[@]}" -s repetitions=2
	refuses "A run goes on as it was begun: --set is for a new one." "$pinscale" run -o "$others/run" -s repetitions=2
}

@test "list says of everything whether it works, and if not, why" {
	run --separate-stderr "$pinscale" list
	assert_status 0
	assert_equal "buffers
probes
targets
workloads" "$(grep -E '^[a-z]' <<<"$output" | sort)" "the kinds of plug-ins"
	for name in pread pwrite aio-read aio-write ext2 file null_blk zram hugetlbfs private pins tailref; do
		grep -qE "^  $name +(yes|no ) [a-z]" <<<"$output" || fail "list does not say whether $name works"
	done
	# A line with no is followed by a line that says of what kind of thing, and gives the reason.
	without=$(awk '/^  [^ ]+ +no / { name = $1; getline; if ($0 !~ /^      +[a-z0-9_-]+: ........./) print name }' <<<"$output")
	assert_nothing "$without" "these do not work and no reason is given"
}

@test "topology shows the CPUs in the order of every placement" {
	run --separate-stderr "$pinscale" topology
	assert_status 0
	cpus=$(nproc)
	for placement in compact scatter smt-last; do
		line=$(grep "^$placement " <<<"$output")
		assert_equal "$cpus" "$(($(wc -w <<<"$line") - 1))" "CPUs in the order of $placement"
		assert_equal "$cpus" "$(tr ' ' '\n' <<<"${line#"$placement"}" | grep . | sort -u | wc -l)" "different CPUs of $placement"
	done
	grep -qE "^(native|virtualised|emulated): .* $cpus of them usable" <<<"$output" || fail "the first line is another"
	run --separate-stderr "$pinscale" topology --latency
	assert_status 0
	assert_says "a cache line one way, ns"
}

@test "without root list works and says what needs root" {
	as_nobody "$others/pinscale" list
	assert_status 0
	assert_nothing "$stderr" "list speaks on standard error"
	assert_says "needs root; run it with sudo"
	grep -qE '^  pread +yes' <<<"$output" || fail "reading files needs no root to be listed"
}

@test "without root run says how to get it, and topology works" {
	as_nobody "$others/pinscale" run "$others/quick.ini" -o "$others/home/run"
	assert_status 2
	[[ $stderr == *"Measuring needs root: run it with sudo."* ]] || fail "wanted it to name sudo"
	as_nobody "$others/pinscale" topology
	assert_status 0
}
