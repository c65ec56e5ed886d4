#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Tables and graphs: what a person reads of a run is what its journal says, with
# emulated figures labelled, and nothing in a journal can do harm.

load common

reference=$top/results/reference/stock-taillock

copy_reference() {
	cp -r "$reference" "$BATS_TEST_TMPDIR/run"
	run=$BATS_TEST_TMPDIR/run
	rm -f "$run"/*.png "$run"/*.tsv
}

is_png() {
	[[ $(head -c 8 "$1" | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a ]] || fail "$1 is no PNG"
}

@test "the committed comparison still gives the mail's answer" {
	run --separate-stderr "$pinscale" table "$reference"
	assert_status 0
	assert_says "       5 an operation: pread 4k, ext2; pwrite 4k, ext2"
	assert_says "       1 an operation: pread 4k, null_blk"
	assert_says "    1280 an operation: pread 1m, ext2"
	assert_says "stock (6 boots): no compound lock"
	assert_says "all huge pages given back, no reference held, kernel log clean"
	assert_says "emulated: counts are facts, times are not"
	[[ ${lines[-1]} == ANSWER:*"5 times with taillock, never with stock"* ]] || fail "the last line is the answer"
}

@test "its acquisitions can be recomputed from the journal" {
	local wrong

	# Per trial, without our program: 5 acquisitions an operation over ext2 into 4k of a tail.
	wrong=$(fields "$reference" trial boot target subpage block total_operations acquisitions |
		awk '$2 == "ext2" && $3 == "tail" && $4 == 4096 && $6 != "-" {
			n++
			if ($6 != 5 * $5)
				print
		}
		END { if (n < 60) print "only", n, "trials" }')
	assert_nothing "$wrong" "not 5 acquisitions an operation"
}

@test "graphs are drawn, with what they rest on beside them" {
	copy_reference
	run --separate-stderr "$pinscale" plot "$run"
	assert_status 0
	assert_nothing "$stderr" "gnuplot complained"
	for name in throughput compound-lock; do
		is_png "$run/$name.png"
		grep -q "EMULATED CPUs" "$run/$name.tsv" || fail "$name.tsv is not labelled as emulated"
	done
	# The value at two workers is the table's.
	awk -F '\t' '/^1\t1\t/ && $4 == 2 { print $5 }' "$run/compound-lock.tsv" | grep -qx 5 ||
		fail "5 acquisitions an operation are not in the graph"
}

@test "a name in a journal is no command of gnuplot's or of the terminal's" {
	copy_reference
	sed -i "s/\"target\":\"ext2\"/\"target\":\"\`touch harm\`\\\\u001b[2J'.system('touch harm').'@x\\\\n{\/b}\"/" "$run/trials.jsonl"
	cd "$BATS_TEST_TMPDIR"
	run --separate-stderr "$pinscale" plot "$run"
	assert_status 0
	is_png "$run/compound-lock.png"
	[[ ! -e harm && ! -e $run/harm ]] || fail "a command from the journal was run"
	run --separate-stderr "$pinscale" table "$run"
	assert_status 0
	[[ $output != *$'\e'* ]] || fail "an escape sequence from the journal was printed"
}

@test "a run whose journal was torn is read up to what is whole" {
	copy_reference
	truncate -s -100 "$run/trials.jsonl"
	run --separate-stderr "$pinscale" table "$run"
	assert_says "1 torn lines of the journal passed over"
}

@test "without a run: a sentence and exit status 2" {
	for command in table plot; do
		run --separate-stderr "$pinscale" "$command" "$BATS_TEST_TMPDIR/none"
		assert_status 2
		assert_says "There is no run in"
		run --separate-stderr "$pinscale" "$command"
		assert_status 2
		assert_says "the directory of a run is needed"
	done
}

@test "a run of a newer version is refused" {
	copy_reference
	sed -i 's/"schema": 1/"schema": 99/' "$run/run.json"
	run --separate-stderr "$pinscale" table "$run"
	assert_status 2
	assert_says "written by a newer pinscale (schema 99"
}

@test "a run of the running kernel has a table and a graph" {
	require_measuring
	run=$BATS_TEST_TMPDIR/own
	with_lock true
	run --separate-stderr "$pinscale" run "$top/configs/quick.ini" -o "$run" --huge-pages reserve \
		-s repetitions=2 -s window=0.05 -s workers="1 2" -s target=zram
	assert_status 0
	run --separate-stderr "$pinscale" table "$run"
	assert_says "pages pinned: exactly what the operations have to pin"
	# Every trial may have been excluded on a busy machine, which is no fault.
	if ((status == 3)); then
		assert_says "others had over 10% of the CPU time"
		run --separate-stderr "$pinscale" plot "$run"
		assert_status 3
		return
	fi
	assert_status 0
	assert_says "pread 4k, zram"
	run --separate-stderr "$pinscale" plot "$run"
	assert_status 0
	is_png "$run/throughput.png"
}
