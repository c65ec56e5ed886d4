#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs all tests and counts them; 'make check' calls it with the unit tests that
# it has built. A test is a line of TAP of a unit test program or of a file in
# tests/e2e/, or one of the checks of the tree at the end.

set -euo pipefail

usage() {
	cat <<'EOF'
usage: tests/run.sh [--nightly] [--only PATTERN]... [PROGRAM...]

Runs the unit test programs (those of tests/unit/ in build/ when none is named),
tests/e2e/*.bats, and the checks of the tree: shellcheck, clang-format, host-names.
--nightly runs tests/nightly/*.bats instead, which take long ('make nightly').
PINSCALE_TEST_FUZZ=1 runs what reads files with anything at all in them, too, FUZZ_SECONDS (30) each
('make fuzz').
--only runs those whose name has PATTERN in it, as in

    tests/run.sh --only sweep --only clang-format

The last line is 'N passed, N failed, N skipped'; exit status 1 if any failed.
EOF
}

unit_limit=60 # seconds a program
e2e_limit=300 # seconds a file
e2e=tests/e2e
nightly=

# What the kernel says when something went wrong in it.
kernel_trouble='BUG:|WARNING:|Bad page|Oops|soft lockup|hung task|blocked for more than'

# Written so that this line is none of them.
registries='(deb|ftp|security|snapshot)[.]debian[.]org|(archive|security)[.]ubuntu[.]com'
registries+='|registry[.]npm[j]s|npm[j]s[.](com|org)|pypi[.]org|pythonhosted[.]org|crates[.]io'
registries+='|proxy[.]golang[.]org|rubygems[.]org|docker[.]io|quay[.]io|ghcr[.]io'

programs=() patterns=()
while (($#)); do
	case $1 in
	--only)
		patterns+=("${2:?--only wants a PATTERN}")
		shift
		;;
	--nightly)
		nightly=1 e2e=tests/nightly e2e_limit=7200
		;;
	--help | -h)
		usage
		exit 0
		;;
	-*)
		usage >&2
		exit 2
		;;
	*) programs+=("$(realpath -s "$1")") ;;
	esac
	shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ -z $nightly ]] && ((!${#programs[@]})); then
	for source in tests/unit/*_test.c; do
		programs+=("$PWD/build/${source%.c}")
	done
fi

passed=0 failed=0 skipped=0 failures=() child=
output=$(mktemp)

clean_up() {
	if [[ $child ]]; then
		kill "$child" 2>/dev/null || true
		wait "$child" 2>/dev/null || true
	fi
	rm -f "$output"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Tests compare the system with what it was: a run that was killed before them is not theirs.
((EUID)) || build/pinscale restore >/dev/null || true

wanted() {
	local pattern

	((${#patterns[@]})) || return 0
	for pattern in "${patterns[@]}"; do
		[[ $1 == *"$pattern"* ]] && return 0
	done
	return 1
}

pass() {
	printf 'ok      %s\n' "$1"
	passed=$((passed + 1))
}

# The name, and what there is to be said, which is shown indented.
fail() {
	printf 'not ok  %s\n' "$1"
	failed=$((failed + 1))
	failures+=("$1")
	detail "${@:2}"
}

skip() {
	if [[ $2 ]]; then
		printf 'skip    %s: %s\n' "$1" "$2"
		skipped=$((skipped + 1))
	else
		fail "$1" "It is skipped without a reason."
	fi
}

detail() {
	((!$#)) || printf '%s\n' "$@" | sed 's/^/        /'
}

# The kernel's log since the mark; all of it when the mark is no longer in there.
log_since() {
	dmesg | MARK=$1 awk '
		{ lines[NR] = $0 }
		$0 == ENVIRON["MARK"] { mark = NR }
		END { for (i = mark + 1; i <= NR; i++) print lines[i] }'
}

# Reads TAP and counts. Lines between belong to a failure: cmocka prints what an
# assertion says after its 'not ok', what else is printed before it; bats all after.
# The variables are the caller's.
take_tap() {
	local line rest title last=

	while IFS= read -r line; do
		if [[ $line =~ ^1\.\.([0-9]+)$ ]]; then
			planned=${BASH_REMATCH[1]}
		elif [[ $line =~ ^(ok|not\ ok)\ [0-9]+\ ?(.*)$ ]]; then
			last=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}
			seen=$((seen + 1))
			title="$name: ${rest#- }"
			if [[ $rest == '# SKIP '* ]]; then # cmocka, with 'not ok'
				last=skip
				skip "$name: ${rest#\# SKIP }" "$reason"
			elif [[ $rest =~ ^(.*)\ \#\ skip\ ?(.*)$ ]]; then # bats
				last=skip
				skip "$name: ${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
			elif [[ $last == ok ]]; then
				pass "$title"
			else
				fail "$title" "${held[@]}"
			fi
			held=() reason=
		elif [[ $line == '# measured: '* ]]; then
			detail "${line#\# measured: }"
		elif [[ $line == '# skip: '* ]]; then # tests/unit/testing.h
			reason=${line#\# skip: }
		elif [[ $line =~ ^\#\ (not\ )?ok\ -\  ]]; then
			: # cmocka's sum
		elif [[ $last == 'not ok' ]]; then
			detail "$line"
		else
			held+=("$line")
		fi
	done
}

# run_tests NAME SECONDS COMMAND...: a file of tests that prints TAP.
run_tests() {
	local name=$1 limit=$2 status=0 failed_before mark trouble
	local planned=0 seen=0 held=() reason='' # take_tap's

	shift 2
	failed_before=$failed
	mark=$(dmesg 2>/dev/null | tail -n 1) || true
	: >"$output"
	timeout -k 10 "$limit" "$@" </dev/null >"$output" 2>&1 &
	child=$!
	# Not a pipe: a process that a test leaves behind would keep it open.
	take_tap < <(tail -n +1 -s 0.1 -f --pid="$child" "$output")
	wait "$child" || status=$?
	child=

	if ((status == 124 || status == 137)); then
		fail "$name" "${held[@]}" "It was not done within $limit seconds."
	elif ((status > 128)); then
		fail "$name" "${held[@]}" "It was ended by SIG$(kill -l $((status - 128)))."
	elif ((!planned)); then
		fail "$name" "${held[@]}" "It runs no test (exit status $status)."
	elif ((seen != planned)); then
		fail "$name" "${held[@]}" "Of its $planned tests $seen ran (exit status $status)."
	elif ((status && failed == failed_before)); then
		fail "$name" "${held[@]}" "No test failed, but its exit status is $status."
	fi
	if trouble=$(log_since "$mark" 2>/dev/null | grep -E "$kernel_trouble"); then
		fail "$name: the kernel's log" "$trouble"
	fi
}

# run_check NAME COMMAND...: a check of the tree, which is one test.
run_check() {
	local name=$1 text

	shift
	wanted "$name" || return 0
	if ! git rev-parse --git-dir >/dev/null 2>&1; then
		skip "$name" "git does not know this directory; clone the repository"
	elif text=$("$@" 2>&1); then
		pass "$name"
	elif [[ $text == missing:* ]]; then
		skip "$name" "${text#missing:} is not installed; './run.sh install' gets it"
	else
		fail "$name" "$text"
	fi
}

# run_fuzz PROGRAM: inputs that it makes up, from tests/fuzz/corpus/ on. What it has found of new
# paths is kept beside it, so that it goes on there next time; so is an input that fails.
run_fuzz() {
	local name seconds=${FUZZ_SECONDS:-30} status=0 seeds findings corpus

	name=$(basename "$1")
	wanted "$name" || return 0
	if [[ ! -x $1 ]]; then
		fail "$name" "$1 is not there; 'make fuzz-build' builds it, and needs clang."
		return 0
	fi
	seeds=tests/fuzz/corpus/${name%_fuzz}
	corpus=$(dirname "$1")/corpus/$name
	findings=$(dirname "$1")/findings
	mkdir -p "$corpus" "$findings"
	timeout -k 10 $((seconds + 120)) "$1" -max_total_time="$seconds" -timeout=10 -max_len=20000 \
		-print_final_stats=1 -dict="tests/fuzz/${name%_fuzz}.dict" -artifact_prefix="$findings/$name-" \
		"$corpus" "$seeds" \
		</dev/null >"$output" 2>&1 &
	child=$!
	wait "$child" || status=$?
	child=
	if ((!status)); then
		pass "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$output") inputs in $seconds s"
	else
		fail "$name" "$(grep -E 'ERROR|SUMMARY|runtime error|Test unit written|^[^ ]+_fuzz[.]c:' "$output" | head -n 20)" \
			"exit status $status; again: $1 $findings/$name-..."
	fi
}

need() {
	command -v "$1" >/dev/null && return
	echo "missing:$1"
	exit 1
}

# The files of the tree that are not ignored, each ended by a null byte.
tree_files() {
	local file

	git ls-files -z --cached --others --exclude-standard -- "$@" |
		while IFS= read -r -d '' file; do
			[[ ! -f $file ]] || printf '%s\0' "$file"
		done
}

is_shell_script() {
	local first

	[[ $1 == *.sh || $1 == *.bash ]] && return
	IFS= read -r first <"$1" || true
	[[ $first =~ ^\#!.*[/\ ](ba|da)?sh($|\ ) ]]
} 2>/dev/null

check_shell() {
	local file scripts=() bats=() status=0

	need shellcheck
	while IFS= read -r -d '' file; do
		if [[ $file == *.bats ]]; then
			bats+=("$file")
		elif is_shell_script "$file"; then
			scripts+=("$file")
		fi
	done < <(tree_files)
	shellcheck -x "${scripts[@]}" || status=1
	if ((${#bats[@]})) && shellcheck --help | grep -q bats; then
		shellcheck -x -s bats "${bats[@]}" || status=1
	fi
	return "$status"
}

check_format() {
	need clang-format
	tree_files '*.c' '*.h' | xargs -0 -r clang-format --dry-run -Werror
}

check_host_names() {
	local status=0

	git grep --untracked -nIE "$registries" || status=$?
	((status == 1)) # nothing was found
}

dmesg >/dev/null 2>&1 || echo "The kernel's log cannot be read: what it says of these tests is not looked at."

export CMOCKA_MESSAGE_OUTPUT=TAP
for program in "${programs[@]}"; do
	name=$(basename "$program")
	wanted "$name" || continue
	if [[ -x $program ]]; then
		# By lines, so that a crash does not take the last ones with it.
		run_tests "$name" "$unit_limit" stdbuf -oL "$program"
	else
		fail "$name" "$program is not there; 'make check' builds it."
	fi
done

if [[ ${PINSCALE_TEST_FUZZ-} && -z $nightly ]]; then
	for source in tests/fuzz/*_fuzz.c; do
		run_fuzz "build/fuzz/$(basename "$source" .c)"
	done
fi

for file in "$e2e"/*.bats; do
	name=$(basename "$file")
	[[ -f $file ]] || continue
	wanted "$name" || continue
	if command -v bats >/dev/null; then
		run_tests "$name" "$e2e_limit" bats --formatter tap "$file"
	else
		skip "$name" "bats is not installed; './run.sh install' gets it"
	fi
done

if [[ -z $nightly ]]; then
	run_check shellcheck check_shell
	run_check clang-format check_format
	run_check host-names check_host_names
fi

((passed + failed + skipped)) || fail "--only ${patterns[*]}" "No test has such a name."
if ((failed)); then
	printf '\nfailed:\n'
	detail "${failures[@]}"
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
((!failed))
