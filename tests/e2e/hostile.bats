#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A run's directory may come from anywhere: whatever is in it, a table says what is wrong or
# counts it, ends soon, and nothing of it acts on the terminal.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	run=$BATS_TEST_TMPDIR/run
	mkdir -p "$run/boots"
	echo '{"schema": 1, "kind": "run", "margin": 0.02, "sweep": {"name": "made up"}}' >"$run/run.json"
	echo '{"boot": 1, "variant": "running", "execution": "native"}' >"$run/boots/1.json"
	: >"$run/trials.jsonl"
}

point='{"workload":"pread","target":"zram","page":"2m","mapping":"hugetlbfs","sharing":"private","subpage":"tail","block":4096,"depth":1,"workers":1}'

# trial REPETITION RATE [MORE]: a line of the journal; both as they are in JSON.
trial() {
	printf '{"type":"trial","boot":1,"repetition":%s,"point":%s,"operations_per_s":%s%s}\n' \
		"$1" "$point" "$2" "${3-}" >>"$run/trials.jsonl"
}

line() {
	printf '%s\n' "$1" >>"$run/trials.jsonl"
}

# table STATUS: of the run, with that exit status, soon, and printable.
table() {
	run --separate-stderr timeout 100 "$pinscale" table "$run"
	assert_status "$1"
	assert_printable
}

assert_printable() {
	local controls=$'[\001-\011\013-\037\177]'

	[[ ! $output$stderr =~ $controls ]] || fail "a control character was printed"
	[[ $output$stderr != *$'\302\233'* ]] || fail "a control sequence was printed"
}

@test "a run.json that is none is refused with a sentence" {
	local text

	for text in '' '{' '{"schema": 1' '{"schema": 1}}' 'no JSON' '{"a": 1e999}' '{"a": NaN}' '{"a":1,"a":1}' $'{"a": "\e[2J"}' \
		"$(printf '%5000s' '' | tr ' ' '[')" $'\377\376'; do
		printf '%s' "$text" >"$run/run.json"
		table 2
		assert_says "Reading $run/run.json: "
	done
	for text in '[1]' '"text"' '1' 'null'; do
		printf '%s' "$text" >"$run/run.json"
		table 2
		assert_says "run.json"
	done
	for text in '{}' '{"name": "left-pad", "version": "1.0.0"}' '{"schema": "1"}' '{"schema": -1}' '{"schema": 1.0}'; do
		printf '%s' "$text" >"$run/run.json"
		table 2
		assert_says "is no pinscale run"
	done
	for text in 2 99 9223372036854775807; do
		printf '{"schema": %s}' "$text" >"$run/run.json"
		table 2
		assert_says "was written by a newer pinscale (schema $text, this one knows up to 1): update pinscale."
	done
}

@test "a boot's record that is none is refused, and one of odd types is read" {
	local text

	trial 0 1000
	for text in '' '{' '[]' '"x"' '{"boot":1,"boot":2}'; do
		printf '%s' "$text" >"$run/boots/1.json"
		table 2
		assert_says "Reading $run/boots/1.json: "
	done
	for text in '{}' '{"variant": 1, "slot": "x", "execution": [], "kernel": 3, "cpu": "c", "targets": [1]}' \
		'{"variant": null, "slot": 1e300, "kernel": {"release": {}}, "targets": {"a": 1}}'; do
		printf '%s' "$text" >"$run/boots/1.json"
		table 0
		assert_says "1 trials of 1 points in 1 boots"
	done
}

@test "files that are none are not waited for" {
	local file

	trial 0 1000
	for file in run.json boots/1.json trials.jsonl; do
		mv "$run/$file" "$run/kept"
		mkfifo "$run/$file"
		table 2
		assert_says "Reading $run/$file: it is no regular file"
		rm "$run/$file"
		ln -s /dev/zero "$run/$file"
		table 2
		assert_says "it is no regular file"
		rm "$run/$file"
		mkdir "$run/$file"
		table 2
		assert_says "Reading $run/$file: Is a directory"
		rmdir "$run/$file"
		mv "$run/kept" "$run/$file"
	done
	table 0
}

@test "lines that are torn are counted, and those between are read" {
	trial 0 1000
	line '{"type":"trial","boot":1,"repet'
	line 'no JSON'
	line '[1,2]'
	line '{"type":"trial"}}'
	line '{"type":"trial","boot":1,"repetition":1,"operations_per_s":NaN}'
	line '{"type":"trial","boot":1,"repetition":1,"operations_per_s":1e999}'
	line '{"type":"trial","boot":1,"repetition":9223372036854775808}'
	line "$(printf '%5000s' '' | tr ' ' '[')"
	line "{\"type\":\"trial\",\"x\":$(printf '%5000s' '' | tr ' ' '[')$(printf '%5000s' '' | tr ' ' ']')}"
	line ''
	printf '\0\n\377\n' >>"$run/trials.jsonl"
	trial 1 1000
	printf '{"type":"trial","boot":1' >>"$run/trials.jsonl"
	table 0
	assert_says "2 trials of 1 points in 1 boots"
	assert_says "; 12 torn lines of the journal passed over"
}

@test "trials that are of no boot, point or repetition are counted" {
	local odd

	trial 0 1000
	for odd in -1 1099511627776 1.5 '"0"' null '[]'; do
		trial "$odd" 1000
	done
	line '{"type":"trial","boot":2,"repetition":1,"point":{},"operations_per_s":1}'
	line '{"type":"trial","boot":"1","repetition":1,"point":{},"operations_per_s":1}'
	line '{"type":"trial","boot":1,"repetition":1,"point":[],"operations_per_s":1}'
	line '{"type":"trial"}'
	table 0
	assert_says "1 trials of 1 points"
	assert_says "; 10 trials passed over that are of no boot, point or repetition"
}

@test "rates that are not above zero are failed trials" {
	local rate repetition=0

	for rate in 0 -5 -1e308 null '"fast"' '[]' true; do
		trial "$((repetition++))" "$rate"
	done
	trial "$repetition" 1e308
	table 1
	assert_says "8 trials of 1 points in 1 boots"
	assert_says "; 7 FAILED"
}

@test "what is of another type than it should be is taken as not there" {
	local more repetition=0

	for more in '"workers":7' '"workers":[1,null,"x",[],{"operations":[]}]' '"covariates":[1]' '"covariates":{"pingpong_ns":"x"}' \
		'"covariates":{"pingpong_ns":[1e308,1e308]}' '"probes":[]' '"probes":{"pins":1}' '"probes":{"pins":{"acquired":"x"}}' \
		'"problems":"x"' '"slices":1' '"total_operations":-9223372036854775808' '"boot":1,"boot":1'; do
		trial "$((repetition++))" 1000 ",$more"
	done
	line '{"type":"trial","boot":1,"repetition":0,"point":{"workload":1,"target":[],"page":{},"sharing":null,"block":-1,"workers":-1},"operations_per_s":1}'
	line '{"type":"trial","boot":1,"repetition":0,"point":{"workers":"two","block":"4k","depth":1e300},"operations_per_s":1}'
	line '{"type":"boot-end","boot":1,"huge_pages":[1],"tails_held":"x","kernel_warnings":{}}'
	line '{"type":"boot-end","boot":[]}'
	line '{"type":"skip","boot":1,"point":1,"reason":2}'
	line '{"type":1}'
	line '{}'
	table 0
	assert_says "14 trials of 3 points in 1 boots"
}

@test "a huge page pool of any numbers is added up" {
	trial 0 1000
	line '{"type":"boot-end","boot":1,"huge_pages":{"2m":{"total":9223372036854775807,"free":-9223372036854775808,"others":0},"1g":3},"kernel_warnings":[1]}'
	table 1
	assert_says "huge pages (2m) were not given back"
}

@test "names do no harm, whatever is in them" {
	local boot hostile bad='<script>alert(1)</script>\u001b[2J\u001b]0;t\u0007\n\r\t\u009b31m\u007f\u202e' long

	long=$(printf '%100000s' '' | tr ' ' x)
	printf '{"schema": 1, "kind": "ab", "margin": 0.02, "sweep": {"name": "%s"}, "plan": {"variants": ["%s", "%s"]}}' \
		"$bad" "$bad" "$long" >"$run/run.json"
	for boot in 1 2; do
		printf '{"variant": "%s", "slot": %s, "execution": "%s", "kernel": {"release": "%s", "%s": "%s"}, "cpu": {"model": "%s", "online": "%s"}, "targets": {"%s": {"what": "%s"}}}' \
			"$([[ $boot == 1 ]] && echo "$bad" || echo "$long")" $((boot - 1)) "$bad" "$bad" "$bad" "$boot" "$long" "$bad" "$bad" \
			"$bad" >"$run/boots/$boot.json"
		hostile="{\"workload\":\"$bad\",\"target\":\"$long\",\"page\":\"$bad\",\"mapping\":\"$long\",\"sharing\":\"$bad\",\"subpage\":\"$bad\",\"workers\":1}"
		printf '{"type":"trial","boot":%s,"repetition":0,"point":%s,"operations_per_s":10,"probes":{"%s":1,"tailref":{"acquisitions":3,"contended":1}},"total_operations":1}\n' \
			"$boot" "$hostile" "$bad" >>"$run/trials.jsonl"
		line "{\"type\":\"boot-end\",\"boot\":$boot,\"huge_pages\":{\"$bad\":{\"total\":2,\"free\":1,\"others\":0}},\"kernel_warnings\":[\"$bad\"]}"
	done
	line "{\"type\":\"skip\",\"boot\":1,\"point\":{},\"reason\":\"$bad\"}"
	line "{\"type\":\"trial\",\"boot\":1,\"repetition\":1,\"point\":{},\"problems\":[\"$bad\",\"$long\"]}"
	table 1
	assert_says '<script>alert(1)</script>?[2J'
	assert_says "not possible here: <script>"
	assert_says "PROBLEM: boot 1: <script>"
	((${#output} < 50000)) || fail "long names were printed whole"
}

@test "more points or variants than a run has are refused" {
	awk 'BEGIN {
		for (i = 0; i <= 10000; i++)
			printf "{\"type\":\"trial\",\"boot\":1,\"repetition\":0,\"point\":{\"depth\":%d},\"operations_per_s\":1}\n", i
	}' >"$run/trials.jsonl"
	table 2
	assert_says "$run has trials at more than 10000 points"
	sed -i '$d' "$run/trials.jsonl"
	table 0
	assert_says "10000 trials of 10000 points"
	for ((i = 1; i <= 101; i++)); do
		echo "{\"variant\": \"v$i\"}" >"$run/boots/$i.json"
	done
	table 2
	assert_says "$run has more than 100 variants"
}

@test "a line that is too long is passed over" {
	trial 0 1000
	{
		printf '{"type":"trial","x":"'
		head -c 20000000 /dev/zero | tr '\0' x
		printf '"}\n'
	} >>"$run/trials.jsonl"
	trial 1 1000
	table 0
	assert_says "2 trials of 1 points in 1 boots"
	assert_says "; 1 torn lines of the journal passed over"
	{
		printf '{"schema": 1, "x": "'
		head -c 20000000 /dev/zero | tr '\0' x
		printf '"}\n'
	} >"$run/run.json"
	table 2
	assert_says "Reading $run/run.json: it is longer than 16 MiB"
}

@test "a million trials are read, half of them twice" {
	awk -v point="$point" 'BEGIN {
		for (i = 0; i < 1000000; i++)
			printf "{\"type\":\"trial\",\"boot\":1,\"repetition\":%d,\"point\":%s,\"operations_per_s\":%d}\n", i % 500000, point, i < 500000 ? 1000 : 5
	}' >"$run/trials.jsonl"
	table 0
	assert_says "500000 trials of 1 points in 1 boots"
	# The first of two counts.
	grep -q '1000 .* 500000$\|1[.]00k .* 500000$' <<<"$output" || fail "the first of two trials does not count"
}
