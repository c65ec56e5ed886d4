# SPDX-License-Identifier: GPL-3.0-or-later
# Proves that kernels/build.sh says clearly what it cannot build, leaves nothing
# behind however it ends, and builds a kernel once. No kernel is compiled: a
# small tree with the same make targets stands in for the source.

# shellcheck disable=SC2154 # common.bash sets them
load common

setup() {
	for tool in flex bison bc patch; do
		command -v "$tool" >/dev/null || skip "kernels are not built here: there is no $tool"
	done
	export PINSCALE_CACHE=$BATS_TEST_TMPDIR/cache
	kernels=$PINSCALE_CACHE/kernels
	source=$BATS_TEST_TMPDIR/source
}

teardown() {
	end_background
}

# A source package: what the script calls, and no more.
make_source() {
	mkdir "$source"
	printf 'one\ntwo\nthree\n' >"$source/text"
	cat >"$source/Makefile" <<-'END'
		.RECIPEPREFIX = >
		allnoconfig:
		>echo '# CONFIG_WANTED is not set' >$(O)/.config
		olddefconfig:
		>sed -i '/CONFIG_UNKNOWN/d' $(O)/.config
		bzImage:
		>echo '  CC      text.o'
		>if [ -e hang ]; then echo $$PPID >$(O)/make; sleep 60; fi
		>if [ -e broken ]; then echo 'text.c:1: error: broken'; exit 1; fi
		>mkdir -p $(O)/arch/x86/boot $(O)/include/config
		>echo "int main(void) { return 0; }" | gcc -Wl,--build-id -x c -o $(O)/vmlinux -
		>cp text $(O)/arch/x86/boot/bzImage
		>echo symbols >$(O)/System.map
		>echo "6.1.0$(LOCALVERSION)" >$(O)/include/config/kernel.release
	END
	pack
}

pack() {
	tar -cJf "$BATS_TEST_TMPDIR/source.tar.xz" -C "$BATS_TEST_TMPDIR" source
}

# variant NAME PATCH FRAGMENT: an ini file of one's own, for that source; sets ini.
variant() {
	ini=$BATS_TEST_TMPDIR/$1.ini
	printf 'summary = a test\nsource = %s\npatches = %s\nfragments = %s\nboot =\n' \
		"$BATS_TEST_TMPDIR/source.tar.xz" "$2" "$3" >"$ini"
}

make_patch() {
	printf -- '--- a/text\n+++ b/text\n@@ -1,3 +1,3 @@\n one\n-%s\n+patched\n three\n' "$1" >"$BATS_TEST_TMPDIR/my.patch"
}

# At most the lock, and what a failed build's advice points to, is in the cache.
assert_nothing_left() {
	assert_nothing "$(find "$PINSCALE_CACHE" -mindepth 1 ! -name kernels ! -name lock ! -name 'failed-*.log')" \
		"these are left in the cache"
	assert_nothing "$(processes_with "$PINSCALE_CACHE")" "these processes are left"
}

@test "--list names every variant and what it is" {
	run --separate-stderr "$top/kernels/build.sh" --list
	assert_status 0
	assert_equal "$(cd "$top/kernels" && printf '%s\n' *.ini | sed 's/\.ini$//')" \
		"$(cut -d ' ' -f 1 <<<"$output")" "the variants"
	assert_nothing "$(grep -vE '^[a-z0-9.-]+ +[^ ]+ ' <<<"$output")" "these have no summary"
}

@test "--path of a variant that is not built exits with 1 and builds nothing" {
	make_source
	variant mine "" ""
	run --separate-stderr "$top/kernels/build.sh" --path "$ini"
	assert_status 1
	assert_nothing "$output$stderr" "it was to say nothing"
	[[ ! -e $PINSCALE_CACHE ]] || fail "asking has made a cache"
}

@test "a variant that does not exist is refused, and those there are can be found" {
	for how in "" --path; do
		# shellcheck disable=SC2086 # without an option no argument
		run --separate-stderr "$top/kernels/build.sh" $how nope
		assert_status 2
		assert_nothing "$output" "it speaks on standard output"
		[[ $stderr == *"There is no variant 'nope'"*"'kernels/build.sh --list' names those there are."* ]] || fail "no advice"
	done
}

@test "what an ini file names must exist" {
	variant mine "" ""
	run --separate-stderr "$top/kernels/build.sh" "$ini"
	assert_status 2
	assert_says "$ini names the source $BATS_TEST_TMPDIR/source.tar.xz, but there is no such file."
	make_source
	variant mine /nope.patch ""
	run --separate-stderr "$top/kernels/build.sh" "$ini"
	assert_status 2
	assert_says "$ini names /nope.patch, but there is no such file."
	printf 'summary = a test\nsource = linux-source-0.1\n' >"$ini"
	run --separate-stderr "$top/kernels/build.sh" "$ini"
	assert_status 2
	assert_says "Install it with: apt-get install linux-source-0.1"
}

@test "a kernel is built once, its path is all of the output, and a changed patch is another" {
	make_source
	make_patch two
	printf 'CONFIG_WANTED=y\n' >"$BATS_TEST_TMPDIR/fragment"
	variant mine "$BATS_TEST_TMPDIR/my.patch" "$BATS_TEST_TMPDIR/fragment"
	run --separate-stderr "$top/kernels/build.sh" "$ini"
	assert_status 0
	image=$output
	[[ $image == "$kernels"/*/bzImage && -s $image ]] || fail "the output is not the path of a kernel"
	assert_equal "one
patched
three" "$(cat "$image")" "the patch was not applied"
	directory=$(dirname "$image")
	assert_equal "6.1.0-mine" "$(cat "$directory/release")" "the release"
	[[ $(cat "$directory/build-id") =~ ^[0-9a-f]{40}$ ]] || fail "there is no build id"
	grep -qx 'CONFIG_WANTED=y' "$directory/.config" || fail "the fragment is not in the configuration"
	assert_equal "$(basename "$directory")
lock" "$(ls "$kernels")" "what is in the cache"

	touch -d @1 "$image"
	run --separate-stderr "$top/kernels/build.sh" "$ini"
	assert_status 0
	assert_equal "$image" "$output"
	assert_nothing "$stderr" "what is cached needs no word"
	assert_equal 1 "$(stat -c %Y "$image")" "it was built again"
	run "$top/kernels/build.sh" --path "$ini"
	assert_status 0
	assert_equal "$image" "$output"

	sed -i 's/+patched/+changed/' "$BATS_TEST_TMPDIR/my.patch"
	run "$top/kernels/build.sh" --path "$ini"
	assert_status 1
}

@test "a patch that does not apply: the hunk, one sentence, and nothing is left" {
	make_source
	make_patch four
	variant mine "$BATS_TEST_TMPDIR/my.patch" ""
	run --separate-stderr "$top/kernels/build.sh" "$ini"
	assert_status 2
	assert_nothing "$output" "it speaks on standard output"
	assert_says "The patch $BATS_TEST_TMPDIR/my.patch does not apply to $BATS_TEST_TMPDIR/source.tar.xz."
	assert_says "-four"
	[[ $(tail -n 1 <<<"$stderr") == "kernels/build.sh: Bring the patch up to the source ("*"--dry-run') and build again." ]] ||
		fail "the last line is not the advice"
	assert_nothing_left
}

@test "a symbol that does not come out as asked is named" {
	make_source
	printf 'CONFIG_UNKNOWN=y\n' >"$BATS_TEST_TMPDIR/fragment"
	variant mine "" "$BATS_TEST_TMPDIR/fragment"
	run --separate-stderr "$top/kernels/build.sh" "$ini"
	assert_status 2
	assert_says "CONFIG_UNKNOWN (wanted y)"
	assert_nothing_left
}

@test "a compiler's error is shown, and the whole log is kept" {
	make_source
	touch "$source/broken"
	pack
	variant mine "" ""
	run --separate-stderr "$top/kernels/build.sh" "$ini"
	assert_status 2
	assert_says "text.c:1: error: broken"
	assert_says "The whole output is in $kernels/failed-mine.log."
	[[ -s $kernels/failed-mine.log ]] || fail "there is no such log"
	assert_nothing_left
}

@test "a build that is interrupted leaves nothing, and one that was killed is cleaned up after" {
	make_source
	touch "$source/hang"
	pack
	variant mine "" ""
	for signal in INT TERM; do
		begin "$top/kernels/build.sh" "$ini"
		eventually 20 compiling
		# The script, make's group is its own.
		kill -"$signal" "$pid"
		finish
		assert_nothing_left
		((status == 130 || status == 143)) || fail "it did not end by the signal"
	done

	begin "$top/kernels/build.sh" "$ini"
	eventually 20 compiling
	group=$(cat "$kernels"/work.*/objects/make)
	kill -KILL "$pid"
	finish
	kill -KILL -- "-$group"
	rm "$source/hang"
	pack
	run --separate-stderr "$top/kernels/build.sh" "$ini"
	assert_status 0
	assert_equal "$(basename "$(dirname "$output")")
lock" "$(ls "$kernels")" "what is in the cache"
}

compiling() {
	[[ -s $(echo "$kernels"/work.*/objects/make) ]]
}
