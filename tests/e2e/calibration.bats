#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The simulation of verdicts says what it found, keeps its promises, and gives the
# same again; tests/nightly/calibration.bats does the whole of it.

# shellcheck disable=SC2154 # common.bash sets them
load common

reference=$top/results/reference/stock-taillock
small=(--families 200 --boots "2,4,6" --sd 1 --shape "plain,unbalanced")

calibrate() {
	run --separate-stderr "$pinscale" selftest-statistics "$@"
}

# aa_run DIR: a run of one kernel under two names, made of the committed one of two.
aa_run() {
	cp -r "$reference" "$1"
	sed -i 's/"build_id": *"[^"]*"/"build_id": "same"/' "$1"/boots/*.json
}

@test "a small grid keeps all promises, and says what it saw" {
	calibrate "${small[@]}"
	assert_status 0
	assert_nothing "$stderr" "it speaks on standard error without a terminal"
	assert_says "% of 200 families a cell"
	assert_equal 3 "$(grep -cE '^plain +[246] +1% ' <<<"$output")" "rows of plain"
	assert_equal 3 "$(grep -cE '^unbalanced +[246] +1% ' <<<"$output")" "rows of unbalanced"
	# Too few boots decide nothing, and have no intervals that anything is promised of.
	grep -qE '^plain +2 +1%( +0[.]00 [(]1[.]49[)]){4} +- +0[.]0$' <<<"$output" || fail "2 boots decided something"
	assert_equal 6 "$(grep -c '^  kept  ' <<<"$output")" "promises"
	assert_says "of families"
	assert_says "worst: "
	assert_says "5% less at one of the 8 points is a regression in "
	# What is seen in 4% of 200 may be in 7% of all.
	assert_equal "  open    with a point at the margin, that point equivalent: at most 5%
          worst: 4.00%, at most 7.10%; plain, 6 boots, sd 1%" "$(grep -A 1 '^  open .*that point' <<<"$output")" "what is open"
	assert_says "No promise is broken; for 2 there are too few families to tell. The same again:"
}

@test "the command that it prints gives the same again, with other processes too" {
	local first again

	calibrate "${small[@]}" --jobs 1
	assert_status 0
	first=$output
	again=$(sed -n 's/^    pinscale //p' <<<"$output")
	[[ $again == "selftest-statistics --families 200 --seed 1 --boots 2,4,6 --sd 1 --shape plain,unbalanced" ]] ||
		fail "it prints another command: $again"
	# shellcheck disable=SC2086 # words
	run --separate-stderr "$pinscale" $again --jobs 3
	assert_equal "$first" "$output" "the same again"
	calibrate "${small[@]}" --seed 2
	assert_status 0
	[[ $output != "$first" ]] || fail "the seed changes nothing"
}

@test "an extension takes two looks; all shapes have them when they are asked for" {
	calibrate --families 50 --boots 4+2 --sd 1
	assert_status 0
	assert_equal "drift 4+2
plain 4+2" "$(sed -nE 's/^([a-z]+) +([0-9]+[+][0-9]+) .*/\1 \2/p' <<<"$output" | sort)" "cells"
	calibrate --families 50 --boots 4+2 --sd 1 --shape tails,both
	assert_status 0
	assert_equal 2 "$(grep -cE '^(tails|both) +4[+]2 ' <<<"$output")" "cells"
}

@test "--markdown prints a table that Markdown knows" {
	calibrate "${small[@]}" --markdown
	assert_status 0
	assert_says "| shape | boots | sd | different |"
	assert_equal 8 "$(grep -c '^|' <<<"$output")" "lines of the table"
	assert_equal 10 "$(grep '^|' <<<"$output" | tr -cd '|\n' | awk '{ print length }' | sort -u)" "bars a line"
}

@test "a run of a kernel against itself is judged; one of two kernels is not" {
	aa_run "$BATS_TEST_TMPDIR/aa"
	calibrate --journal "$BATS_TEST_TMPDIR/aa" --families 500
	assert_status 0
	assert_says "12 boots"
	assert_equal 2 "$(grep -cE "^$BATS_TEST_TMPDIR/aa +[46] a side of 12 boots " <<<"$output")" "rows"
	assert_says "--journal $BATS_TEST_TMPDIR/aa"
	calibrate --journal "$reference"
	assert_status 2
	assert_says "compares two kernels"
}

@test "mistakes are answered by a sentence and exit status 2" {
	local arguments

	for arguments in "--families 0" "--families many" "--families -5" "--boots 4,x" "--boots 4+" "--boots ''" "--sd -1" "--sd 1,," \
		"--shape plane" "--jobs 0" "--seed x" "more" "--journal /nowhere" "--boots 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"; do
		eval "calibrate $arguments"
		assert_status 2
		[[ $stderr == *"pinscale selftest-statistics: "* ]] || fail "$arguments: no sentence"
	done
	calibrate --shape plane
	assert_says "there is no shape 'plane'; there are plain,mode,unbalanced,drift,tails,both"
}
