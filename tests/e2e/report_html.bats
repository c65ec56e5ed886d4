#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The report of a comparison: what can be said of the page without a browser. That it is whole and
# has compare's numbers is tests/unit/report_html_test.c; what a browser makes of it,
# tests/nightly/browser.bats.

load common

reference=$top/results/reference

# make_report RUN [ARGUMENT...]: into $out; sets page.
make_report() {
	out=$BATS_TEST_TMPDIR/out
	mkdir -p "$out"
	run --separate-stderr "$pinscale" compare "$@" -o "$out"
	((status != 2)) || fail "it could not be compared"
	page=$out/report.html
	[[ -s $page ]] || fail "there is no report.html"
}

# ids PAGE; anchors PAGE: a line each.
ids() {
	grep -o ' id="[^"]*"' "$1" | cut -d '"' -f 2
}

anchors() {
	grep -o ' href="#[^"]*"' "$1" | cut -d '"' -f 2 | cut -c 2- | sort -u
}

@test "the page is one file: every reference is to a part of it" {
	make_report "$reference/sharing"
	assert_nothing "$(ids "$page" | sort | uniq -d)" "ids that are there twice"
	assert_nothing "$(anchors "$page" | grep -vxFf <(ids "$page"))" "nothing has these ids"
	assert_nothing "$(grep -oE ' (href|src|action|data|poster)="[^#"][^"]*"' "$page" | grep -v '"data:,"')" \
		"references out of the page"
	assert_nothing "$(grep -oE 'url\([^#)][^)]*\)|@import[^;]*' "$page")" "the style fetches something"
}

@test "it answers in the order in which people ask" {
	local order=() wanted=(answer claims points graphs noise left-out method environments reproduce)

	make_report "$reference/sharing"
	mapfile -t order < <(ids "$page" | grep -xF "$(printf '%s\n' "${wanted[@]}")")
	assert_equal "${wanted[*]}" "${order[*]}" "the sections"
	grep -q '<h1>Does <em>shared</em> hurt, against <em>private</em>?</h1>' "$page" || fail "the question"
	grep -q 'data-field="verdict" data-value="regression">REGRESSION</strong>' "$page" || fail "the verdict"
}

@test "a row a point, and every graph that was drawn" {
	local rows svg

	make_report "$reference/sharing"
	rows=$(grep -c '^  "panel":\|^   "panel":' "$out/compare.json")
	assert_equal "$rows" "$(grep -c '<tr id="row-' "$page")" "rows"
	for svg in "$out"/*.svg; do
		grep -q "<figure id=\"graph-$(basename "$svg" .svg)\">" "$page" || fail "$svg is not in the page"
	done
}

@test "emulated CPUs: said first, no rate judged, counts decide" {
	make_report "$reference/mail:stock" "$reference/mail:taillock"
	grep -q 'data-value="regression">REGRESSION by counts</strong>' "$page" || fail "the verdict"
	sed -n '/<header/,/<\/header>/p' "$page" | grep -q 'The CPUs were emulated' || fail "no warning on the first screen"
	assert_nothing "$(grep '<tr id="row-' "$page" | grep -v 'data-verdict="none"')" "rates were judged"
	sed -n '/<section id="claims"/,/<\/section>/p' "$page" | grep -c 'class="claim \(true\|false\)"' |
		grep -qx 5 || fail "the mail's five claims have no answer each"
}

@test "noise stands beside the result, or how to get it" {
	make_report "$reference/sharing"
	grep -qF './run.sh sweep --aa configs/sharing.ini' "$page" || fail "it does not say how to make one"
	make_report "$reference/sharing" --aa "$reference/sharing"
	grep -q 'data-field="noise_floor.overall.value"' "$page" || fail "there is no noise floor"
}

@test "the page lets a browser run its own script and no other" {
	local digest

	make_report "$reference/sharing"
	digest=$(sha256sum <"$top/plot/report.js" | cut -c 1-64 | sed 's/../\\x&/g')
	digest=$(printf '%b' "$digest" | base64)
	assert_equal "$digest" "$(grep -o 'sha256-[^&]*' "$page" | cut -c 8-)" \
		"the digest of plot/report.js, which bench/core/report.c has as DIGEST"
	assert_equal "$(<"$top/plot/report.js")" \
		"$(sed -n 's/.*<script>//; /^\/\/ SPDX/,/^})();$/p' "$page")" "the script"
	assert_equal 1 "$(grep -c '<script' "$page")" "scripts"
}

@test "names in a journal are text, in the page and in its graphs" {
	cp -r "$reference/sharing" "$BATS_TEST_TMPDIR/run"
	sed -i 's|"target":"zram"|"target":"</td><script>alert(1)</script><img src=x onerror=y>\\"\\u001b[2J"|' \
		"$BATS_TEST_TMPDIR/run/trials.jsonl"
	sed -i 's|"model": "AMD EPYC"|"model": "</pre><svg onload=z>"|' "$BATS_TEST_TMPDIR/run/boots/1.json"
	make_report "$BATS_TEST_TMPDIR/run"
	assert_nothing "$(grep -oE '<script>alert|<img|<svg onload|onerror=y>' "$page")" "markup from a journal"
	grep -qF '&lt;script&gt;alert(1)&lt;/script&gt;' "$page" || fail "the name is not in the page"
	[[ $(<"$page") != *$'\e'* ]] || fail "an escape sequence from the journal"
	grep -q '<figure id="graph-forest">' "$page" || fail "the graph was refused"
}

@test "a directory that cannot be written is named" {
	run --separate-stderr "$pinscale" compare "$reference/sharing" -o "$BATS_TEST_TMPDIR/no/such"
	assert_status 2
	assert_says "$BATS_TEST_TMPDIR/no/such"
}
