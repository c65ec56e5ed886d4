# SPDX-License-Identifier: GPL-3.0-or-later
# Proves that kernels/build.sh says clearly what it cannot build, leaves nothing
# behind however it ends, and builds a kernel once. No kernel is compiled: a
# small tree with the same make targets stands in for the source.

# shellcheck disable=SC2154 # common.bash sets them
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and so are the calls that are meant to be
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
	echo other >"$source/other"
	cat >"$source/Makefile" <<-'END'
		VERSION = 6
		.RECIPEPREFIX = >
		allnoconfig:
		>echo '# CONFIG_WANTED is not set' >$(O)/.config
		olddefconfig:
		>sed -i '/CONFIG_UNKNOWN/d' $(O)/.config
		>if grep -qs NEW Kconfig; then echo CONFIG_NEW=y >>$(O)/.config; fi
		mrproper:
		>rm -f .config
		$(O)/%.o: %
		>echo '  CC      $*.o'
		>cp $* $@
		bzImage: $(O)/text.o $(O)/other.o
		>if [ -e hang ]; then echo $$PPID >$(O)/make; sleep 60; fi
		>if [ -e broken ]; then echo 'text.c:1: error: broken'; exit 1; fi
		>mkdir -p $(O)/arch/x86/boot $(O)/include/config
		>echo "int main(void) { return 0; }" | gcc -Wl,--build-id -x c -o $(O)/vmlinux -
		>cat $(O)/text.o >$(O)/arch/x86/boot/bzImage
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

# ini NAME LINE...: an ini file of one's own; sets ini.
ini() {
	ini=$BATS_TEST_TMPDIR/$1.ini
	shift
	printf '%s\n' 'summary = a test' "$@" >"$ini"
}

# change NAME FILE OLD NEW: NAME.patch, which changes FILE, of one line.
change() {
	printf -- '--- a/%s\n+++ b/%s\n@@ -1 +1 @@\n-%s\n+%s\n' "$2" "$2" "$3" "$4" >"$BATS_TEST_TMPDIR/$1.patch"
}

# builds ARGUMENT...: without a failure; sets image and directory.
builds() {
	run --separate-stderr "$top/kernels/build.sh" "$@"
	assert_status 0
	image=$output
	[[ $image == "$kernels"/*/bzImage && -s $image ]] || fail "the output is not the path of a kernel"
	directory=$(dirname "$image")
}

# refused SENTENCE ARGUMENT...: exit status 2, and the sentence.
refused() {
	local sentence=$1

	shift
	run --separate-stderr "$top/kernels/build.sh" "$@"
	assert_status 2
	assert_nothing "$output" "it speaks on standard output"
	assert_says "$sentence"
}

# A file that has a kernel's header, and no more.
make_image() {
	head -c 514 /dev/zero >"$BATS_TEST_TMPDIR/image"
	printf 'HdrS and more' >>"$BATS_TEST_TMPDIR/image"
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
	assert_equal "$(cd "$top/kernels" && printf '%s\n' *.ini | sed 's/\.ini$//' | sort)" \
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

# --- variants made of others -------------------------------------------------

@test "every variant of the project's own can be read" {
	[[ -e /usr/src/linux-source-6.1.tar.xz ]] || skip "the package linux-source-6.1 is not installed"
	for variant in $("$top/kernels/build.sh" --list | cut -d ' ' -f 1) taillock+noextra+nodirty; do
		run --separate-stderr "$top/kernels/build.sh" --path "$variant"
		assert_status 1
		assert_nothing "$output$stderr" "$variant cannot be read"
	done
}

@test "a combination has the patches, fragments and boot parameters of all its parts, in order" {
	make_source
	change first other other first
	change second other first second
	echo CONFIG_WANTED=m >"$BATS_TEST_TMPDIR/m"
	echo CONFIG_WANTED=y >"$BATS_TEST_TMPDIR/y"
	ini one "source = $BATS_TEST_TMPDIR/source.tar.xz" "patches = $BATS_TEST_TMPDIR/first.patch" \
		"fragments = $BATS_TEST_TMPDIR/m" 'boot = a=1'
	ini two "patches = $BATS_TEST_TMPDIR/second.patch" "fragments = $BATS_TEST_TMPDIR/y" 'boot = b=2'
	both=$BATS_TEST_TMPDIR/one.ini+$BATS_TEST_TMPDIR/two.ini
	PINSCALE_KEEP_SOURCE=1 builds "$both"
	assert_equal "6.1.0-one+two" "$(cat "$directory/release")" "the release"
	assert_equal "a=1 b=2" "$(cat "$directory/boot")" "the boot parameters"
	assert_equal second "$(cat "$kernels"/*/source/other)" "the patches were not applied in order"
	assert_equal CONFIG_WANTED=y "$(tail -n 1 "$directory/.config")" "the last fragment does not win"
	run "$top/kernels/build.sh" --path "$both"
	assert_status 0
	assert_equal "$image" "$output"

	# A part of its own says what it is for.
	refused "$BATS_TEST_TMPDIR/two.ini names no source" "$BATS_TEST_TMPDIR/two.ini"
	ini three 'source = linux-source-6.1'
	refused "$BATS_TEST_TMPDIR/three.ini is for the source linux-source-6.1, $BATS_TEST_TMPDIR/one.ini for $BATS_TEST_TMPDIR/source.tar.xz" \
		"$BATS_TEST_TMPDIR/one.ini+$BATS_TEST_TMPDIR/three.ini"
	refused "There is no variant 'nope'" "$BATS_TEST_TMPDIR/one.ini+nope"
	for wrong in stock+ +stock stock++taillock; do
		refused "'$wrong' has a '+' with nothing on one side of it" "$wrong"
	done
}

@test "a variant with a base is that and its own, however deep, and combined its base comes once" {
	make_source
	change first other other first
	change second other first second
	make_patch two
	ini root "source = $BATS_TEST_TMPDIR/source.tar.xz" "patches = $BATS_TEST_TMPDIR/first.patch"
	ini middle "base = $BATS_TEST_TMPDIR/root.ini" "patches = $BATS_TEST_TMPDIR/second.patch"
	ini leaf "base = $BATS_TEST_TMPDIR/middle.ini" "patches = $BATS_TEST_TMPDIR/my.patch"
	builds "$ini"
	assert_equal 6.1.0-leaf "$(cat "$directory/release")" "the release"
	assert_equal "one
patched
three" "$(cat "$image")" "its own patch was not applied"
	assert_equal "patches = $BATS_TEST_TMPDIR/first.patch $BATS_TEST_TMPDIR/second.patch $BATS_TEST_TMPDIR/my.patch" \
		"$(grep ^patches "$directory/variant.ini")" "what is recorded"

	ini side "base = $BATS_TEST_TMPDIR/root.ini" "patches = $BATS_TEST_TMPDIR/my.patch"
	builds "$BATS_TEST_TMPDIR/middle.ini+$BATS_TEST_TMPDIR/side.ini"
	assert_equal 6.1.0-middle+side "$(cat "$directory/release")" "the release"
	assert_equal "patches = $BATS_TEST_TMPDIR/first.patch $BATS_TEST_TMPDIR/second.patch $BATS_TEST_TMPDIR/my.patch" \
		"$(grep ^patches "$directory/variant.ini")" "what is recorded"

	ini root "base = $BATS_TEST_TMPDIR/leaf.ini"
	refused "is based on itself" "$ini"
}

@test "a variant that only adds boot parameters has its base's kernel, and nothing is compiled" {
	make_source
	variant mine "" ""
	builds "$ini"
	base=$image
	[[ ! -e $directory/boot ]] || fail "a kernel without boot parameters has a file of them"
	ini other "base = $ini" 'boot = mine=on,fast quiet'
	run "$top/kernels/build.sh" --path "$ini"
	assert_status 1
	builds "$ini"
	assert_nothing "$stderr" "linking needs no word"
	assert_equal "$(stat -c %i "$base")" "$(stat -c %i "$image")" "the two are not one file"
	assert_equal "mine=on,fast quiet" "$(cat "$directory/boot")" "the boot parameters"
	assert_equal "$(cat "$(dirname "$base")/System.map")" "$(cat "$directory/System.map")"
	assert_equal "variant = other" "$(head -n 1 "$directory/variant.ini")"
	assert_equal "variant = mine" "$(head -n 1 "$(dirname "$base")/variant.ini")" "the base's description was written over"

	# What is being built meanwhile is not waited for.
	first=$image
	ini other "base = $BATS_TEST_TMPDIR/mine.ini" 'boot = mine=off'
	exec 8>"$kernels/lock"
	flock 8
	builds "$ini"
	exec 8>&-
	assert_nothing "$(find "$kernels" -name 'boot.*')" "these are left in the cache"
	[[ $image != "$first" ]] || fail "other boot parameters have the same place"
	assert_equal "mine=off" "$(cat "$directory/boot")" "the boot parameters"
}

@test "a guest is booted with the parameters that are beside its kernel" {
	mkdir -p "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/share/.guest" "$BATS_TEST_TMPDIR/kernel"
	printf '#!/bin/sh\necho 0 >%s/share/.guest/status\nprintf "%%s\\n" "$@" >%s/arguments\n' \
		"$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
	chmod 755 "$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
	touch "$BATS_TEST_TMPDIR/kernel/bzImage" "$BATS_TEST_TMPDIR/initramfs" "$BATS_TEST_TMPDIR/share/.guest/command"
	boot() {
		PATH=$BATS_TEST_TMPDIR/bin:$PATH run --separate-stderr "$top/vm/boot.sh" --kernel "$BATS_TEST_TMPDIR/kernel/bzImage" \
			--initramfs "$BATS_TEST_TMPDIR/initramfs" --share "$BATS_TEST_TMPDIR/share" --log "$BATS_TEST_TMPDIR/log" --append last
		assert_status 0
		line=$(grep ^console= "$BATS_TEST_TMPDIR/arguments")
	}
	boot
	[[ $line == *" last" && $line != *mine* ]] || fail "not as it was given: $line"
	echo 'mine=on quiet' >"$BATS_TEST_TMPDIR/kernel/boot"
	boot
	[[ $line == *" mine=on quiet last" ]] || fail "not the kernel's, then the user's: $line"
}

# --- sources -----------------------------------------------------------------

@test "an unpacked source is copied, and any change of it is another kernel" {
	make_source
	touch "$source/.config"
	ini mine "source = $source"
	PINSCALE_KEEP_SOURCE=1 builds "$ini"
	[[ ! -e $directory/source/.config ]] || fail "what was configured in place is still so in the copy"
	[[ -e $source/.config ]] || fail "the source itself was changed"
	run "$top/kernels/build.sh" --path "$ini"
	assert_status 0
	assert_equal "$image" "$output"
	printf 'one\ntwo\nlast\n' >"$source/text"
	run "$top/kernels/build.sh" --path "$ini"
	assert_status 1

	rm "$source/Makefile"
	refused "$ini names the source $source, but that directory is no kernel's" "$ini"
}

@test "a git tree is known by its commit, its changes and what is new in it" {
	command -v git >/dev/null || skip "there is no git"
	make_source
	in_git() {
		git -C "$source" -c user.name=me -c user.email=me -c init.defaultBranch=main "$@" >/dev/null
	}
	in_git init
	echo '*.o' >"$source/.gitignore"
	in_git add .
	in_git commit -m first
	ini mine "source = $source"
	PINSCALE_KEEP_SOURCE=1 builds "$ini"
	[[ ! -e $directory/source/.git ]] || fail "its history was copied too"
	cached() {
		run --separate-stderr "$top/kernels/build.sh" --path "$ini"
		assert_nothing "$stderr" "it was to say nothing"
		assert_status "$1"
	}
	# Neither a time of change nor what is ignored makes another.
	touch "$source/text" "$source/text.o"
	cached 0
	echo new >"$source/new"
	cached 1
	rm "$source/new"
	cached 0
	echo changed >"$source/text"
	cached 1
	in_git commit -a -m second
	cached 1
	in_git reset --hard HEAD~1
	cached 0
}

@test "a kernel that is built is printed as it is, or with boot parameters" {
	make_image
	for how in "" --path; do
		# shellcheck disable=SC2086 # without an option no argument
		run --separate-stderr "$top/kernels/build.sh" $how "$BATS_TEST_TMPDIR/image"
		assert_status 0
		assert_equal "$BATS_TEST_TMPDIR/image" "$output"
		assert_nothing "$stderr" "it has nothing to say"
	done
	ini mine "source = $BATS_TEST_TMPDIR/image"
	run "$top/kernels/build.sh" "$ini"
	assert_status 0
	assert_equal "$BATS_TEST_TMPDIR/image" "$output"
	ini mine "source = $BATS_TEST_TMPDIR/image" 'boot = quiet'
	builds "$ini"
	cmp "$BATS_TEST_TMPDIR/image" "$image"
	assert_equal quiet "$(cat "$directory/boot")" "the boot parameters"

	make_patch two
	refused "no patch can be added to it" --patch "$BATS_TEST_TMPDIR/my.patch" "$BATS_TEST_TMPDIR/image"
	refused "no patch can be added to it" --patch "$BATS_TEST_TMPDIR/my.patch" "$ini"
	refused "$BATS_TEST_TMPDIR/my.patch is no bzImage (it has no kernel's header) and no ini file of a variant." \
		"$BATS_TEST_TMPDIR/my.patch"
	refused "There is no variant '/nope': /nope does not exist." /nope
}

# --- patches on a tree that is kept ------------------------------------------

# assert_clean: the tree that is kept is the base's again.
assert_clean() {
	tree=$(echo "$PINSCALE_CACHE"/trees/*)
	assert_nothing "$(diff -r "$source" "$tree/source")" "the tree is not the base's"
	[[ ! -e $tree/patched ]] || fail "the tree is still marked as patched"
	assert_nothing "$(find "$kernels" -name 'work.*')" "these are left in the cache"
	assert_nothing "$(processes_with "$PINSCALE_CACHE")" "these processes are left"
}

compiled() {
	grep -c '^  CC' "$directory/build.log"
}

@test "--patch compiles the base once and what the patch changes, and takes the patch back" {
	make_source
	variant mine "" ""
	make_patch two
	run --separate-stderr "$top/kernels/build.sh" --path --patch "$BATS_TEST_TMPDIR/my.patch" "$ini"
	assert_status 1
	builds --patch "$BATS_TEST_TMPDIR/my.patch" "$ini"
	assert_equal "one
patched
three" "$(cat "$image")" "the patch was not applied"
	assert_equal 6.1.0-my "$(cat "$directory/release")" "the release"
	assert_equal 1 "$(compiled)" "the number of files compiled for the patch"
	assert_clean
	inode=$(stat -c %i "$tree")
	patched=$image

	# The base is in the cache too, as if it had been built by itself.
	run --separate-stderr "$top/kernels/build.sh" --path "$ini"
	assert_status 0
	assert_equal "one
two
three" "$(cat "$output")" "the base"
	assert_equal 2 "$(directory=$(dirname "$output") && compiled)" "the number of files compiled for the base"
	assert_equal 6.1.0-mine "$(cat "$(dirname "$output")/release")" "the base's release"

	builds --patch "$BATS_TEST_TMPDIR/my.patch" "$ini"
	assert_equal "$patched" "$image"
	assert_nothing "$stderr" "what is cached needs no word"

	# Another one: what the first changed is compiled as it was. Both at once: the names of both.
	change 'a b@c' other other changed
	builds --patch "$BATS_TEST_TMPDIR/a b@c.patch" "$ini"
	assert_equal 6.1.0-a-b-c "$(cat "$directory/release")" "the release"
	assert_equal "one
two
three" "$(cat "$image")" "the first patch is still there"
	assert_clean
	builds --patch "$BATS_TEST_TMPDIR/my.patch" --patch "$BATS_TEST_TMPDIR/a b@c.patch" "$ini"
	assert_equal 6.1.0-my+a-b-c "$(cat "$directory/release")" "the release"
	builds --name fine --patch "$BATS_TEST_TMPDIR/my.patch" "$ini"
	assert_equal 6.1.0-fine "$(cat "$directory/release")" "the release"
	assert_clean
	assert_equal "$inode" "$(stat -c %i "$tree")" "the tree was built again"
}

@test "--patch takes what git format-patch, git diff and diff -ru write: new, deleted and renamed files, and Kconfig" {
	command -v git >/dev/null || skip "there is no git"
	make_source
	echo gone >"$source/gone"
	echo 'config OLD' >"$source/Kconfig"
	echo 'a name' >"$source/name"
	pack
	variant mine "" ""
	cp -r "$source" "$BATS_TEST_TMPDIR/new"
	cd "$BATS_TEST_TMPDIR/new" || return
	in_git() {
		git -c user.name=me -c user.email=me -c init.defaultBranch=main "$@"
	}
	in_git init -q
	in_git add .
	in_git commit -q -m first
	printf 'one\nchanged\nthree\n' >text
	echo 'config NEW' >>Kconfig
	mkdir deep
	echo new >deep/new
	git rm -q gone
	git mv name renamed
	in_git add .
	in_git commit -q -m "A change"
	git format-patch -q -M -1 -o .. --start-number 7
	git diff -M HEAD~1 >../git.diff
	rm -rf .git
	cd "$BATS_TEST_TMPDIR" || return
	diff -ruN source new >plain.patch || true
	for patch in 0007-A-change.patch git.diff plain.patch; do
		builds --patch "$BATS_TEST_TMPDIR/$patch" "$ini"
		assert_equal "one
changed
three" "$(cat "$image")" "$patch was not applied"
		grep -qx CONFIG_NEW=y "$directory/.config" || fail "$patch: its symbol is not in the configuration"
		name=${patch%.*}
		assert_equal "6.1.0-$name" "$(cat "$directory/release")" "the release"
		assert_clean
		assert_equal "" "$(grep NEW "$tree/config" || true)" "the base's configuration"
	done
}

@test "--patch with one that does not apply, is not there or does not compile leaves the tree clean" {
	make_source
	variant mine "" ""
	refused "There is no patch /nope." --patch /nope "$ini"
	[[ ! -e $PINSCALE_CACHE ]] || fail "a refusal has made a cache"
	refused "--name is for a kernel with a --patch" --name x "$ini"
	make_patch two
	refused "The name 'a b' has characters other than" --name 'a b' --patch "$BATS_TEST_TMPDIR/my.patch" "$ini"
	refused "--patch wants a value" --patch

	make_patch four
	change good other other changed
	refused "The patch $BATS_TEST_TMPDIR/my.patch does not apply to mine." \
		--patch "$BATS_TEST_TMPDIR/good.patch" --patch "$BATS_TEST_TMPDIR/my.patch" "$ini"
	assert_says "The first rejected hunk:"
	assert_says "-four"
	[[ $(tail -n 1 <<<"$stderr") == "kernels/build.sh: Bring the patch up to the source ("*") and build again." ]] ||
		fail "the last line is not the advice"
	assert_clean

	echo 'no patch at all' >"$BATS_TEST_TMPDIR/text.patch"
	refused "The patch $BATS_TEST_TMPDIR/text.patch does not apply to mine." --patch "$BATS_TEST_TMPDIR/text.patch" "$ini"
	assert_clean

	printf -- '--- /dev/null\n+++ b/broken\n@@ -0,0 +1 @@\n+broken\n' >"$BATS_TEST_TMPDIR/bad.patch"
	refused "text.c:1: error: broken" --patch "$BATS_TEST_TMPDIR/bad.patch" "$ini"
	assert_says "The whole output is in $kernels/failed-bad.log."
	assert_clean
	run "$top/kernels/build.sh" --path --patch "$BATS_TEST_TMPDIR/bad.patch" "$ini"
	assert_status 1

	builds --patch "$BATS_TEST_TMPDIR/good.patch" "$ini"
	assert_clean
}

@test "--patch that is interrupted leaves the tree clean, and one that was killed is taken back" {
	make_source
	variant mine "" ""
	printf -- '--- /dev/null\n+++ b/hang\n@@ -0,0 +1 @@\n+hang\n' >"$BATS_TEST_TMPDIR/hang.patch"
	make_patch two
	for signal in INT TERM; do
		begin "$top/kernels/build.sh" --patch "$BATS_TEST_TMPDIR/hang.patch" "$ini"
		eventually 20 patch_compiling
		kill -"$signal" "$pid"
		finish
		((status == 130 || status == 143)) || fail "it did not end by the signal"
		assert_clean
		rm "$tree/objects/make"
	done

	begin "$top/kernels/build.sh" --patch "$BATS_TEST_TMPDIR/hang.patch" "$ini"
	eventually 20 patch_compiling
	group=$(cat "$tree/objects/make")
	kill -KILL "$pid"
	finish
	kill -KILL -- "-$group"
	[[ -e $tree/source/hang ]] || fail "a script that was killed has taken the patch back"
	inode=$(stat -c %i "$tree")
	builds --patch "$BATS_TEST_TMPDIR/my.patch" "$ini"
	assert_says "An earlier build of a patch was killed; taking that patch back."
	assert_clean
	assert_equal "$inode" "$(stat -c %i "$tree")" "the tree was built again"

	# What cannot be taken back is built anew.
	echo text >"$tree/patched"
	touch "$tree/witness"
	echo rubbish >"$tree/source/text"
	change other other other changed
	builds --patch "$BATS_TEST_TMPDIR/other.patch" "$ini"
	assert_clean
	[[ ! -e $tree/witness ]] || fail "the tree was not built again"
}

patch_compiling() {
	tree=$(echo "$PINSCALE_CACHE"/trees/*)
	[[ -s $tree/objects/make ]]
}

@test "a base that is interrupted or does not compile leaves no tree" {
	make_source
	touch "$source/hang"
	pack
	variant mine "" ""
	make_patch two
	begin "$top/kernels/build.sh" --patch "$BATS_TEST_TMPDIR/my.patch" "$ini"
	eventually 20 patch_compiling
	kill -INT "$pid"
	finish
	assert_equal 130 "$status" "the exit status"
	assert_nothing "$(ls "$PINSCALE_CACHE/trees")" "these are left"
	mv "$source/hang" "$source/broken"
	pack
	refused "text.c:1: error: broken" --patch "$BATS_TEST_TMPDIR/my.patch" "$ini"
	assert_nothing "$(ls "$PINSCALE_CACHE/trees")" "these are left"
}

# --- Debian's own packages ---------------------------------------------------

# make_mirror SUITE PACKAGE VERSION [OTHER]: adds to a repository a package
# which has a kernel and a module, or depends on another that has.
make_mirror() {
	local repository=$BATS_TEST_TMPDIR/mirror dist=$BATS_TEST_TMPDIR/mirror/dists/$1 release=${2#linux-*-} root

	root=$BATS_TEST_TMPDIR/root
	rm -rf "$root"
	mkdir -p "$repository/pool" "$dist/main/binary-amd64" "$root/DEBIAN"
	printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: me\nDescription: a kernel\n' "$2" "$3" >"$root/DEBIAN/control"
	if [[ -n ${4-} ]]; then
		printf 'Depends: kmod, %s (= %s)\n' "$4" "$3" >>"$root/DEBIAN/control"
	else
		make_image
		mkdir -p "$root/boot" "$root/lib/modules/$release/kernel"
		cp "$BATS_TEST_TMPDIR/image" "$root/boot/vmlinuz-$release"
		echo CONFIG_WANTED=y >"$root/boot/config-$release"
		echo symbols >"$root/boot/System.map-$release"
		echo module >"$root/lib/modules/$release/kernel/one.ko"
	fi
	dpkg-deb --root-owner-group -b "$root" "$repository/pool/$2.deb" >/dev/null
	{
		cat "$root/DEBIAN/control"
		printf 'Filename: pool/%s.deb\nSize: %s\nSHA256: %s\n\n' "$2" "$(stat -c %s "$repository/pool/$2.deb")" \
			"$(sha256sum <"$repository/pool/$2.deb" | cut -d ' ' -f 1)"
	} >>"$dist/main/binary-amd64/Packages"
	printf 'Codename: %s\nSuite: %s\nComponents: main\nArchitectures: amd64\nDate: %s\nSHA256:\n %s %s main/binary-amd64/Packages\n' \
		"$1" "$1" "$(date -uR)" "$(sha256sum <"$dist/main/binary-amd64/Packages" | cut -d ' ' -f 1)" \
		"$(stat -c %s "$dist/main/binary-amd64/Packages")" >"$dist/Release"
}

require_apt() {
	for tool in apt-get apt-cache dpkg-deb; do
		command -v "$tool" >/dev/null || skip "there is no $tool"
	done
	export PINSCALE_APT=$BATS_TEST_TMPDIR/etc
	mkdir -p "$PINSCALE_APT/sources.list.d"
}

@test "Debian's packaged kernels are listed and fetched, and the machine's apt stays as it is" {
	require_apt
	make_mirror bookworm linux-image-6.1.0-9-amd64 6.1.27-1
	make_mirror bookworm linux-image-6.1.0-10-amd64 6.1.38-1
	make_mirror bookworm linux-image-6.1.0-11-cloud-amd64 6.1.99-1
	make_mirror trixie linux-image-6.12.48+deb13-amd64 6.12.48-1
	make_mirror trixie linux-image-6.16.9+deb14-amd64 6.16.9-1 linux-modules-6.16.9+deb14-amd64
	make_mirror trixie linux-modules-6.16.9+deb14-amd64 6.16.9-1
	cat >"$PINSCALE_APT/sources.list.d/debian.sources" <<-END
		# not this one
		Types: deb
		URIs: file:/nope
		Suites: nodistro
		Components: main

		Types: deb
		URIs: file:$BATS_TEST_TMPDIR/mirror
		Suites: bookworm bookworm-updates
		Components: main
		Trusted: yes
	END
	before=$(find /var/lib/apt /var/cache/apt -printf '%p %T@\n' 2>/dev/null | sort)
	run --separate-stderr "$top/kernels/build.sh" --path debian-6.1
	assert_status 1
	[[ ! -e $PINSCALE_CACHE ]] || fail "asking has made a cache"
	run --separate-stderr "$top/kernels/build.sh" --packaged
	assert_status 0
	assert_equal "debian-6.1     6.1.38-1, package linux-image-6.1.0-10-amd64 of bookworm
debian-6.12    6.12.48-1, package linux-image-6.12.48+deb13-amd64 of trixie
debian-6.16    6.16.9-1, package linux-image-6.16.9+deb14-amd64 of trixie" "$output"
	assert_says "The mirror does not give sid:"

	# Its files are in another package.
	builds debian-6.16
	cmp "$BATS_TEST_TMPDIR/image" "$image"
	assert_equal module "$(cat "$directory/modules/6.16.9+deb14-amd64/kernel/one.ko")" "the modules"
	rm -r "$directory"

	builds debian-6.12
	cmp "$BATS_TEST_TMPDIR/image" "$image"
	assert_equal 6.12.48+deb13-amd64 "$(cat "$directory/release")" "the release"
	assert_equal module "$(cat "$directory/modules/6.12.48+deb13-amd64/kernel/one.ko")" "the modules"
	assert_equal CONFIG_WANTED=y "$(cat "$directory/.config")" "the configuration"
	assert_equal symbols "$(cat "$directory/System.map")"
	first=$image
	rm -r "$BATS_TEST_TMPDIR/mirror/pool"
	for how in "" --path; do
		# shellcheck disable=SC2086 # without an option no argument
		builds $how debian-6.12
		assert_equal "$first" "$image"
		assert_nothing "$stderr" "what is cached needs no word"
	done
	refused "Fetching linux-image-6.1.0-10-amd64=6.1.38-1 failed" debian-6.1
	assert_nothing_but_lock_and "$(basename "$directory")"
	refused "Debian's mirror has no kernel 'debian-9.9'; 'kernels/build.sh --packaged' names those it has." debian-9.9
	make_patch two
	refused "no patch can be added to it" --patch "$BATS_TEST_TMPDIR/my.patch" debian-6.12
	assert_equal "$before" "$(find /var/lib/apt /var/cache/apt -printf '%p %T@\n' 2>/dev/null | sort)" "what apt has on this machine"
}

assert_nothing_but_lock_and() {
	assert_equal "$1
lock" "$(ls "$kernels")" "what is in the cache"
}

@test "without a mirror --packaged is one sentence" {
	require_apt
	refused "$PINSCALE_APT names no mirror of Debian's that its kernels could be fetched from." --packaged
	# The old form of a source, and nothing there.
	echo "deb [arch=amd64 trusted=yes] file:$BATS_TEST_TMPDIR/none bookworm main # ours" >"$PINSCALE_APT/sources.list"
	refused "No suite of Debian's mirror can be had; is there a network?" --packaged
	grep -qx 'Trusted: yes' "$PINSCALE_CACHE/apt/sid/sources/debian.sources" || fail "its options are lost"
	grep -qx "URIs: file:$BATS_TEST_TMPDIR/none" "$PINSCALE_CACHE/apt/sid/sources/debian.sources" || fail "it is another mirror"
}
