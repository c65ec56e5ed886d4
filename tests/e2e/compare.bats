#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# 'compare': the verdict of made-up runs whose outcome is known, and of the committed
# ones, as exit status, as text and in every format; what it writes where; and that a
# mistake is answered by one sentence.

# shellcheck disable=SC2154 # common.bash sets them
load common

references=$top/results/reference

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# made_run DIR KIND PLAN: its run.json.
made_run() {
	mkdir -p "$1/boots"
	printf '{"schema":1,"kind":"%s","margin":0.02%s}\n' "$2" "$3" >"$1/run.json"
	: >"$1/trials.jsonl"
}

# made_boot DIR NUMBER VARIANT SLOT [RATE SHARING]...: with a trial each.
made_boot() {
	local directory=$1 boot=$2 point

	printf '{"schema":1,"boot":%d,"variant":"%s","slot":%d,"execution":"native"}\n' "$boot" "$3" "$4" \
		>"$directory/boots/$boot.json"
	shift 4
	while (($#)); do
		point='{"workload":"pread","target":"zram","page":"2m","mapping":"hugetlbfs","sharing":"'$2'"'
		point+=',"subpage":"tail","block":4096,"depth":1,"workers":2,"placement":"compact"}'
		printf '{"type":"trial","boot":%d,"repetition":0,"point":%s,"operations_per_s":%s,"total_operations":9}\n' \
			"$boot" "$point" "$1"
		shift 2
	done >>"$directory/trials.jsonl"
	printf '{"type":"boot-end","boot":%d}\n' "$boot" >>"$directory/trials.jsonl"
}

# kernels DIR FACTOR NOISE [VARIANT]: six turns of stock and of VARIANT, whose rate is
# FACTOR of stock's, more and less by NOISE in turn.
kernels() {
	local turn slot rates

	made_run "$1" ab ',"plan":{"variants":["stock","'"${4:-taillock}"'"],"boots":6,"order":[]}'
	for turn in 0 1 2 3 4 5; do
		rates=$(awk -v turn=$turn -v factor="$2" -v noise="$3" \
			'BEGIN { print 1000 + turn, (1000 + turn) * factor * (1 + (turn % 2 ? noise : -noise)) }')
		slot=$((2 * turn))
		made_boot "$1" $((slot + 1)) stock $((slot + turn % 2)) "${rates% *}" shared
		made_boot "$1" $((slot + 2)) "${4:-taillock}" $((slot + 1 - turn % 2)) "${rates#* }" shared
	done
}

# assert_verdict STATUS VERDICT RUN...: of the exit status, of the sentence, and of the JSON.
assert_verdict() {
	local wanted=$1 verdict=$2

	shift 2
	run --separate-stderr "$pinscale" compare --no-report "$@"
	assert_status "$wanted"
	assert_nothing "$stderr" "it complained"
	[[ $output == "${verdict^^}"* ]] || fail "the first word is not the verdict, $verdict"
	run --separate-stderr "$pinscale" compare --no-report --json "$@"
	assert_status "$wanted"
	assert_is_json
	assert_equal "$verdict" "$(json_verdict <<<"$output")" "another verdict"
}

# That of the comparison, not those of its points.
json_verdict() {
	sed -n 's/^ "verdict": "\(.*\)",$/\1/p'
}

assert_is_json() {
	[[ $output == '{'* && $output == *'}' ]] || fail "that is no JSON object"
	! command -v jq >/dev/null || jq -e .schema >/dev/null <<<"$output" || fail "jq does not read it"
}

# contents DIR: what is in there, and since when.
contents() {
	find "$1" -printf '%p %s %T@\n' | sort
}

# refuses SENTENCE ARGUMENT...
refuses() {
	local sentence=$1

	shift
	run --separate-stderr "$pinscale" compare --no-report "$@"
	assert_status 2
	assert_says "$sentence"
	assert_nothing "$output" "it said something all the same"
}

@test "a loss is a regression, and exit status 1" {
	kernels run 0.9 0.002
	assert_verdict 1 regression run
	run "$pinscale" compare --no-report run
	assert_says "REGRESSION: taillock is slower at 1 of 1 point; at pread 4k, zram, 2m tail shared, 2 workers: 0.900 ["
}

@test "a gain is an improvement, and exit status 0" {
	kernels run 1.1 0.002
	assert_verdict 0 improvement run
}

@test "no difference is equivalent, and exit status 0" {
	kernels run 1 0.002
	assert_verdict 0 equivalent run
}

@test "a spread that is too wide is inconclusive, and exit status 3" {
	kernels run 0.99 0.05
	assert_verdict 3 inconclusive run
	run "$pinscale" compare --no-report run
	assert_says "more boots a side would probably settle it"
}

@test "three boots a side are inconclusive, however clear" {
	kernels run 0.5 0
	rm run/boots/{7,8,9,10,11,12}.json
	sed -i 's/"boots":6/"boots":3/' run/run.json
	assert_verdict 3 inconclusive run
	run "$pinscale" compare --no-report run
	assert_says "fewer than 4 boots a side"
}

@test "a plan that is not done is inconclusive, however clear" {
	kernels run 0.5 0
	rm run/boots/12.json
	assert_verdict 3 inconclusive run
	run "$pinscale" compare --no-report run
	assert_says "the plan is not done"
}

@test "the margin decides, in percent, and one given afterwards is exploratory" {
	kernels run 0.97 0.001
	assert_verdict 1 regression run
	assert_verdict 1 regression run --margin 2
	assert_verdict 0 equivalent run --margin 5%
	assert_says "The margin of 5% was given at the comparison"
	assert_verdict 1 regression run --margin 0.5%
}

@test "the sides may be named, and exchanged" {
	kernels run 0.9 0.002
	assert_verdict 1 regression run:stock run:taillock
	assert_verdict 0 improvement run/:taillock run:stock
	# A directory may have a colon in its name.
	mv run with:colon
	assert_verdict 1 regression with:colon
	assert_verdict 1 regression with:colon:stock with:colon:taillock
}

@test "two runs are compared by their boots, and called exploratory" {
	local run

	for run in old new same; do
		made_run $run run ''
	done
	for boot in 1 2 3 4 5; do
		made_boot old $boot running -1 $((1000 + boot)) shared
		made_boot new $boot running -1 $((800 + boot)) shared
		made_boot same $boot running -1 $((1001 + boot)) shared
	done
	assert_verdict 1 regression old new
	assert_says "These are two runs"
	assert_verdict 0 equivalent old same
	# The worst of several.
	run --separate-stderr "$pinscale" compare --no-report old same new
	assert_status 1
	(($(grep -c '^EQUIVALENT\|^REGRESSION' <<<"$output") == 2)) || fail "that are not two comparisons"
}

@test "of several kernels each is compared with the first" {
	local turn slot before

	made_run run ab ',"plan":{"variants":["stock","taillock","thponly"],"boots":4,"order":[]}'
	for turn in 0 1 2 3; do
		slot=$((3 * turn))
		made_boot run $((slot + 1)) stock $slot $((1000 + turn)) shared
		made_boot run $((slot + 2)) taillock $((slot + 1)) $((900 + turn)) shared
		made_boot run $((slot + 3)) thponly $((slot + 2)) $((1001 + turn)) shared
	done
	before=$(contents run)
	run --separate-stderr "$pinscale" compare run -o out
	assert_status 1
	assert_says "REGRESSION: taillock is slower"
	assert_says "EQUIVALENT within 2%: thponly and stock"
	assert_equal regression "$(json_verdict <out/taillock/compare.json)"
	assert_equal equivalent "$(json_verdict <out/thponly/compare.json)"
	assert_equal "$before" "$(contents run)" "the run is no longer what it was"
	assert_verdict 0 equivalent run:stock run:thponly
}

@test "within one kernel private and shared pages are compared, or what is asked for" {
	made_run run run ''
	for boot in 1 2 3 4; do
		made_boot run $boot running -1 $((1000 + boot)) private $((700 + boot)) shared $((1001 + boot)) pool:4
	done
	assert_verdict 1 regression run
	assert_verdict 1 regression run --between sharing=private,shared
	assert_verdict 0 improvement run --between sharing=shared,private
	assert_verdict 0 equivalent run --between sharing=private,pool:4
}

@test "an A/A run stands beside" {
	kernels run 0.9 0.002
	kernels aa 1 0.001 stock-again
	run --separate-stderr "$pinscale" compare --no-report run --aa aa
	assert_status 1
	assert_says "noise floor, aa against itself: widest interval +-"
	assert_says "EQUIVALENT within 2%: stock-again and stock"
	run --separate-stderr "$pinscale" compare --no-report run --aa aa --json
	assert_status 1
	assert_is_json
	grep -q '"noise_floor": {' <<<"$output" || fail "there is no noise floor"
	refuses "There is no run in none" run --aa none
}

@test "CSV has a line a row" {
	kernels run 0.9 0.002
	run --separate-stderr "$pinscale" compare --no-report --csv run
	assert_status 1
	((${#lines[@]} == 2)) || fail "a header and a row are two lines"
	[[ ${lines[0]} == panel,line,stratum,workers,* ]] || fail "there is no header"
	[[ ${lines[1]} == '"pread 4k, zram","2m tail shared",-,2,'*,regression,no,0 ]] || fail "that is no row"
	awk -F , 'NR == 2 && !($8 > 0.899 && $8 < 0.901) { exit 1 }' <<<"$output" || fail "the ratio is not 0.9"
}

@test "what goes into a mail has no more than 72 columns" {
	local run

	kernels run 0.9 0.002
	for run in run "$references"/sharing "$references"/stock-taillock; do
		run --separate-stderr "$pinscale" compare --no-report --markdown "$run"
		assert_status 1
		[[ $output == REGRESSION* ]] || fail "it does not begin with the answer"
		assert_nothing "$(awk 'length($0) > 72' <<<"$output")" "too long for a mail"
		assert_equal 3 "$(grep -cE '^(base|new |sweep) ' <<<"$output")" "not three lines of environment"
	done
}

@test "-o: all is written there, and the run stays as it was" {
	local before

	kernels run 0.9 0.002
	before=$(contents run)
	run --separate-stderr "$pinscale" compare run -o out
	assert_status 1
	assert_equal "$before" "$(contents run)" "the run is no longer what it was"
	assert_equal regression "$(json_verdict <out/compare.json)"
	assert_equal "$("$pinscale" compare --no-report --json run)" "$(<out/compare.json)" "not what --json prints"
	assert_equal "$("$pinscale" compare --no-report --csv run)" "$(<out/compare.csv)" "not what --csv prints"
	assert_equal "$("$pinscale" compare --no-report --markdown run)" "$(<out/mail.txt)" \
		"not what --markdown prints"
	for side in base new; do
		assert_equal 6 "$(grep -cE '^Benchmark[A-Z][^ ]* [0-9]+( [^ ]+ [^ ]+)+$' out/$side.benchstat)"
	done
	assert_equal "$(grep -o '^Benchmark[^ ]*' out/base.benchstat)" "$(grep -o '^Benchmark[^ ]*' out/new.benchstat)"
	# Again, over what is there.
	run --separate-stderr "$pinscale" compare run -o out
	assert_status 1
}

@test "the report is written, and says what was found" {
	kernels run 0.9 0.002
	run --separate-stderr "$pinscale" compare run -o out
	assert_status 1
	assert_says "report: out/report.html"
	grep -q '</html>' out/report.html || fail "the report does not come to its end"
	grep -q 'data-field="verdict" data-value="regression"' out/report.html || fail "the verdict is not in the report"
	grep -q 'taillock is slower at 1 of 1 point' out/report.html || fail "the answer is not in the report"
	# Without -o it is in the run.
	run --separate-stderr "$pinscale" compare run
	assert_status 1
	[[ -s run/compare/report.html ]] || fail "there is no report in run/compare"
	# It is no part of the run.
	assert_verdict 1 regression run
}

@test "--no-report writes nothing" {
	local before

	kernels run 0.9 0.002
	before=$(contents .)
	"$pinscale" compare --no-report run >/dev/null || true
	assert_equal "$before" "$(contents .)" "something was written"
}

@test "the mail's kernels are decided by their counts" {
	assert_verdict 1 regression "$references"/mail:stock "$references"/mail:taillock
	assert_says "by counts"
	assert_verdict 0 equivalent "$references"/mail:stock "$references"/mail:taillock-thponly
	assert_verdict 0 improvement "$references"/mail:taillock "$references"/mail:stock
	# Of all of them the worst.
	run "$pinscale" compare --no-report "$references"/mail
	assert_status 1
	(($(grep -c '^[A-Z]* by counts: ' <<<"$output") == 4)) || fail "that are not four comparisons"
}

@test "without counts the compound lock decides" {
	assert_verdict 1 regression "$references"/stock-taillock
	assert_says "takes the compound lock more often than stock"
	assert_verdict 3 inconclusive "$references"/stock-taillock:taillock "$references"/stock-taillock:stock
}

@test "what sharing costs here is decided by rounds" {
	assert_verdict 1 regression "$references"/sharing
	run --separate-stderr "$pinscale" compare --no-report --csv "$references"/sharing
	# A cell may have a comma: the verdict is the last but two.
	assert_equal "equivalent equivalent" "$(awk -F , '/^"uring-fixed/ { print $(NF - 2) }' <<<"$output" | xargs)"
	assert_equal "regression" "$(awk -F , '/^"pread 4k, zram","2m tail",far/ { print $(NF - 2) }' <<<"$output")"
}

@test "a ratio of it can be recomputed from the journal" {
	local wanted

	# Without our program: far rounds of pread into the tails of 2m pages, private and shared.
	wanted=$(grep '"type":"trial".*"workload":"pread".*"page":"2m".*"problems":\[\]' "$references"/sharing/trials.jsonl |
		awk '
			function number(key) {
				return match($0, "\"" key "\":\\[?[0-9.e+-]*") ? substr($0, RSTART, RLENGTH) : ""
			}
			function value(text) { sub(/.*[:[]/, "", text); return text + 0 }
			{
				match($0, /"pingpong_ns":\[[^]]*/)
				split(substr($0, RSTART + 15, RLENGTH - 15), ns, ",")
				if (!(ns[1] > 120 && ns[2] > 120) || value(number("foreign_cpu")) > 0.1)
					next
				rate[$0 ~ /"sharing":"private"/ ? "p" : $0 ~ /"sharing":"shared"/ ? "s" : "",
					value(number("repetition"))] = value(number("operations_per_s"))
			}
			END {
				for (i = 0; i < 24; i++)
					if (rate["p", i] && rate["s", i]) {
						sum += log(rate["s", i] / rate["p", i])
						n++
					}
				printf "%.9f %d\n", exp(sum / n), n
			}')
	run --separate-stderr "$pinscale" compare --no-report --csv "$references"/sharing
	# Behind the names, of which one has a comma, are stratum, workers, two rates, and the ratio.
	assert_equal "$wanted" "$(awk -F , '/^"pread 4k, zram","2m tail",far/ { printf "%.9f %d\n", $8, $13 }' <<<"$output")"
	((${wanted#* } > 4)) || fail "these are no rounds to speak of"
}

@test "hostile names do no harm" {
	kernels run 0.9 0.002 'x;touch harm'
	sed -i "s/\"target\":\"zram\"/\"target\":\"\$(touch harm)\`touch harm\`<script>alert(1)<\/script>\\\\u001b[2J\\\\n,'\"/" run/trials.jsonl
	for format in --json --csv --markdown --brief; do
		run --separate-stderr "$pinscale" compare $format run -o out
		assert_status 1
		[[ $output != *$'\e'* ]] || fail "an escape sequence from the journal was printed"
		! grep -q $'\e' -r out --exclude='*.png' || fail "an escape sequence from the journal was written"
	done
	[[ ! -e harm && ! -e out/harm ]] || fail "a command from the journal was run"
	! grep -q '<script>alert' out/report.html || fail "markup from the journal is in the report"
	# A variant's name is no path.
	kernels path 0.9 0.002 ../../escaped
	sed -i 's/"boots":6/"boots":6,"x":0/; s/\["stock",/["stock","again",/' path/run.json
	run --separate-stderr "$pinscale" compare path -o deep
	[[ -z $(find . -name '*escaped*' -not -path './deep/*') ]] || fail "something was written elsewhere"
}

@test "a journal that was torn is read up to what is whole" {
	kernels run 0.9 0.002
	truncate -s -20 run/trials.jsonl
	# The last boot has no end now: the plan is not done.
	assert_verdict 3 inconclusive run
	assert_says "1 lines of the journal of run could not be read"
}

@test "--help is a screen" {
	run --separate-stderr "$pinscale" compare --help
	assert_status 0
	assert_nothing "$stderr" "it speaks on standard error"
	((${#lines[@]} > 10 && ${#lines[@]} <= 50)) || fail "that is no screen"
	[[ $(xargs <<<"${output##*Exit}") == "status: 0 equivalent or an improvement, 1 regression, 2 usage or environment, 3 inconclusive." ]] ||
		fail "it does not end with the exit status"
	assert_says "--between=AXIS=BASE,NEW"
}

@test "a mistake is answered by a sentence, and exit status 2" {
	kernels run 0.9 0.002
	made_run one run ''
	made_boot one 1 running -1 1000 private
	made_run empty run ''
	refuses "the directory of a run is needed"
	refuses "There is no run in none" none
	refuses "There is no run in none" run none
	refuses "run has no variant 'nothing'" run:stock run:nothing
	refuses "run:stock is one side; with what shall it be compared?" run:stock
	refuses "are the same; name two variants" run:stock run:stock
	refuses "are the same; name two variants" run run
	refuses "--between compares within one run, and 2 are named" run one --between sharing=private,shared
	refuses "There is no axis 'colour'" one --between colour=red,blue
	refuses "is no pair of values of an axis" one --between sharing=private
	refuses "one has no point with sharing=pool:4" one --between sharing=private,pool:4
	refuses "one has one kernel, and not both private and shared pages" one
	refuses "has no boot" empty empty:none || refuses "empty has no variant 'none'" empty empty:none
	refuses "no point in common" run:stock one
	for margin in abc 0 90% -1 nan '' 2%%; do
		refuses "--margin is a percentage from 0.01% to 50%, not '$margin'" run --margin "$margin"
	done
	refuses "unrecognized option" run --nonsense
}

@test "runs that are no runs are refused" {
	kernels run 0.9 0.002
	sed 's/"schema":1/"schema":99/' run/run.json >newer.json
	cp newer.json run/run.json
	refuses "written by a newer pinscale (schema 99" run
	echo '{"schema":1,' >run/run.json
	refuses "Reading run/run.json: " run
	echo '[]' >run/run.json
	refuses "it holds no JSON object" run
}

@test "where it cannot be written it says so" {
	kernels run 0.9 0.002
	run --separate-stderr "$pinscale" compare run -o none/there
	assert_status 2
	assert_says "Making the directory none/there for the report: No such file or directory. Choose another with -o."
	: >file
	run --separate-stderr "$pinscale" compare run -o file
	assert_status 2
	assert_says "Writing file/compare.json: Not a directory"
}
