#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The graphs of a comparison, as 'compare' leaves them: each as SVG, PNG and numbers, with
# emulated rates labelled, fit to stand in one page together, and harmless whatever a
# journal calls things.

# shellcheck disable=SC2154 # common.bash sets them
load common

references=$top/results/reference

is_png() {
	[[ $(head -c 8 "$1" | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a ]] || fail "$1 is no PNG"
}

# draw RUN: the graphs of comparing it, into graphs/.
draw() {
	out=$BATS_TEST_TMPDIR/graphs
	run --separate-stderr "$pinscale" compare "$1" -o "$out"
	((status == 0 || status == 1 || status == 3)) || fail "compare failed"
	assert_nothing "$stderr" "compare complained"
}

# assert_drawn NAME...: these and no others.
assert_drawn() {
	local svg

	for svg in "$out"/*.svg; do
		basename "$svg" .svg
	done >"$BATS_TEST_TMPDIR/drawn"
	assert_equal "$(printf '%s\n' "$@" | sort)" "$(sort "$BATS_TEST_TMPDIR/drawn")" "not the graphs that were wanted"
}

# Every graph has its three files; none has a script or an id of another's.
assert_fit() {
	local svg twice

	for svg in "$out"/*.svg; do
		[[ -s ${svg%.svg}.tsv ]] || fail "$svg has no numbers"
		is_png "${svg%.svg}.png"
		[[ $(head -c 5 "$svg") == '<?xml' && $(tail -n 2 "$svg") == *'</svg>'* ]] || fail "$svg is not whole"
		! grep -qiE '<script|javascript:|[[:space:]]on[a-z]+=' "$svg" || fail "$svg has a script"
	done
	twice=$(grep -ohE "id=['\"][^'\"]*" "$out"/*.svg | sort | uniq -d)
	assert_nothing "$twice" "ids are there twice"
}

@test "a comparison of kernels: what emulation leaves, labelled" {
	draw "$references/stock-taillock"
	assert_drawn forest throughput ratio sharing efficiency contention fairness
	assert_fit
	for svg in "$out"/*.svg; do
		grep -q '>EMULATED CPUs: times and rates here are no facts' "$svg" || fail "$svg is not labelled"
	done
	# No verdict is in the forest plot, and every row is.
	[[ $(grep -c "'not judged: " "$out/forest.tsv") == $(($(wc -l <"$out/compare.csv") - 1)) ]] ||
		fail "the forest plot lacks rows"
	# The mail's answer: 5 acquisitions an operation, of one side only.
	grep -q '>acquisitions an operation: 5<' "$out/contention.svg" || fail "5 acquisitions are not there"
	grep -q 'stock records no such thing, which is no zero' "$out/contention.svg" || fail "a blind side passes for zero"
}

@test "private against shared pages: the numbers are those of the table" {
	local wrong

	draw "$references/sharing"
	assert_drawn forest throughput fairness
	assert_fit
	# Titles have commas, which only the quotes tell: ratio, low and high come after the label.
	wrong=$(sed 's/^"[^"]*","[^"]*",//; 1d' "$out/compare.csv" | awk -F '[,\t]' '
		NR == FNR && /^[0-9]/ && NF >= 8 { drawn[sprintf("%.6g", $2)] = 1 }
		NR != FNR && !(sprintf("%.6g", $5) in drawn) { print }' "$out/forest.tsv" -)
	assert_nothing "$wrong" "these rows are not in the forest plot"
}

@test "what a journal calls things is text in every graph" {
	cp -r "$references/stock-taillock" "$BATS_TEST_TMPDIR/run"
	sed -i "s/\"target\":\"ext2\"/\"target\":\"<script>x<\/script>\`touch harm\`\\\\\\\\n'.system('touch harm').']]>\&{\/b}\\\\\"@#\"/" \
		"$BATS_TEST_TMPDIR/run/trials.jsonl"
	cd "$BATS_TEST_TMPDIR"
	draw run
	assert_fit
	[[ ! -e harm && ! -e $out/harm ]] || fail "a command from the journal was run"
	grep -qF "&lt;script&gt;x&lt;/script&gt;\`touch harm\`\\n'.system('touch harm').']]&gt;&amp;{/b}''@#" "$out/forest.svg" ||
		fail "the name is not there as it is"
}

@test "the same comparison gives the same numbers again" {
	draw "$references/sharing"
	mv "$out" "$BATS_TEST_TMPDIR/before"
	draw "$references/sharing"
	for tsv in "$out"/*.tsv; do
		cmp "$tsv" "$BATS_TEST_TMPDIR/before/$(basename "$tsv")" || fail "$tsv is another"
	done
}
