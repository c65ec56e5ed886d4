#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds one variant of the kernel and prints the path of its bzImage.

set -euo pipefail

# Raise this when the script changes in a way that changes what it builds.
build_version=1

top=$(cd "$(dirname "$0")/.." && pwd)
cache=${PINSCALE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pinscale}/kernels
trees=${cache%/kernels}/trees
apt=${cache%/kernels}/apt
make_pid=
work=
linked=
shown=
tree=
tree_building=

usage() {
	cat <<-END
	usage: kernels/build.sh [--path] [--patch FILE]... [--name NAME] VARIANT

	Prints the path of the kernel VARIANT's bzImage, which is built if the cache
	does not have it. VARIANT is one of

	  NAME         what kernels/NAME.ini describes
	  FILE         an ini file of one's own, or a bzImage, which is printed as it is
	  A+B...       the variant A, with the patches, fragments and boot parameters of B
	  debian-X.Y   Debian's own package of that kernel, fetched from the mirror

	  --patch FILE   the variant with that patch (-p1) on top; again for more. The
	                 variant's source and objects are kept (1.7 GB), so that only
	                 what the patch changes is compiled
	  --name NAME    what that kernel is called (default: the patch's file name)
	  --path         print the path if the kernel is in the cache, else exit 1
	  --list         name the variants and what they are
	  --packaged     name the kernels Debian's mirror has packages of
	  --help         this text

	PINSCALE_CACHE         where the cache is (now: ${cache%/kernels})
	PINSCALE_KEEP_SOURCE   1: keep the unpacked source and objects as well
	PINSCALE_JOBS          how many compilers at once (default: nproc)
	PINSCALE_APT           whose sources name the mirror (default: /etc/apt)

	Exit status: 0 built or cached, 1 not cached (--path), 2 cannot be built.

	examples:
	  kernels/build.sh stock
	  kernels/build.sh taillock+noextra
	  kernels/build.sh --patch ~/my.patch stock
	  kernels/build.sh --path taillock || echo "not built yet"
	END
}

say() {
	if [[ -n $shown ]]; then
		printf '\r\033[K' >&2
		shown=
	fi
	printf 'kernels/build.sh: %s\n' "$*" >&2
}

die() {
	say "$@"
	exit 2
}

# shellcheck disable=SC2317 # called by the trap
clean_up() {
	local status=$?

	trap - EXIT
	trap '' INT TERM
	if [[ -n $make_pid ]]; then
		kill -TERM -- "-$make_pid" 2>/dev/null || true
		wait "$make_pid" 2>/dev/null || true
	fi
	if [[ -n $tree_building ]]; then
		rm -rf "$tree"
	elif [[ -n $tree ]]; then
		take_back || true
	fi
	[[ -z $work ]] || rm -rf "$work"
	[[ -z $linked ]] || rm -rf "$linked"
	exit "$status"
}

# ini_get KEY FILE: the value of KEY in an ini file.
ini_get() {
	sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$2" |
		sed 's/[[:space:]]*$//' | tail -n 1
}

# under_top PATH: absolute; paths in an ini file start at the top of the clone.
under_top() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*) printf '%s\n' "$top/$1" ;;
	esac
}

# among WORD WORD...: is the first one of the others?
among() {
	local word=$1

	shift
	while (($#)); do
		[[ $1 != "$word" ]] || return 0
		shift
	done
	return 1
}

# --- what a variant is made of -----------------------------------------------

# ini_of PART: the ini file of a variant that is no combination.
ini_of() {
	case $1 in
	*/* | *.ini) printf '%s\n' "$1" ;;
	*) printf '%s\n' "$top/kernels/$1.ini" ;;
	esac
}

# split VARIANT: sets parts.
split() {
	if [[ -f $1 ]]; then
		parts=("$1")
	else
		IFS=+ read -ra parts <<<"$1"
	fi
}

# base_of INI: the variant it is based on, or nothing.
base_of() {
	local base

	base=$(ini_get base "$1")
	case $base in
	*/*) under_top "$base" ;;
	*) printf '%s\n' "$base" ;;
	esac
}

# collect VARIANT [INI...]: appends its ini files to layers, bases before what
# is based on them and each once. The INIs are those that led here.
collect() {
	local parts part ini base

	[[ -f $1 || $1 != +* && $1 != *+ && $1 != *++* ]] ||
		die "'$1' has a '+' with nothing on one side of it; a combination looks like 'taillock+noextra'."
	split "$1"
	shift
	for part in "${parts[@]}"; do
		ini=$(ini_of "$part")
		[[ -f $ini ]] || die "There is no variant '$part': $ini does not exist." \
			"'kernels/build.sh --list' names those there are."
		[[ $(basename "$ini" .ini) =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] ||
			die "The variant's name '$(basename "$ini" .ini)' has characters other than letters, digits, '.', '_' and '-'; rename $ini."
		! among "$ini" "$@" || die "$ini is based on itself; correct its line 'base = $(ini_get base "$ini")'."
		base=$(base_of "$ini")
		[[ -z $base ]] || collect "$base" "$@" "$ini"
		among "$ini" ${layers[@]+"${layers[@]}"} || layers+=("$ini")
	done
}

# image_of VARIANT: the name of the kernel it boots: its own, unless it only
# adds boot parameters to another's.
image_of() {
	local parts part ini name names=()

	split "$1"
	for part in "${parts[@]}"; do
		ini=$(ini_of "$part")
		if [[ -n $(ini_get source "$ini")$(ini_get patches "$ini")$(ini_get fragments "$ini") ]]; then
			name=$(basename "$ini" .ini)
		else
			name=$(base_of "$ini")
			[[ -z $name ]] || name=$(image_of "$name")
		fi
		[[ -z $name ]] || among "$name" ${names[@]+"${names[@]}"} || names+=("$name")
	done
	(
		IFS=+
		printf '%s\n' "${names[*]}"
	)
}

# name_of VARIANT: its parts' names, with '+' between.
name_of() {
	local parts part names=()

	split "$1"
	for part in "${parts[@]}"; do
		names+=("$(basename "$part" .ini)")
	done
	(
		IFS=+
		printf '%s\n' "${names[*]}"
	)
}

# read_layer INI: adds what it says to source_name, patches, fragments and boot.
read_layer() {
	local source p list words

	source=$(ini_get source "$1")
	if [[ -n $source ]]; then
		[[ -z $source_name || $source == "$source_name" ]] ||
			die "$1 is for the source $source, $source_ini for $source_name; they cannot be combined."
		source_name=$source
		source_ini=$1
	fi
	list=$(ini_get patches "$1")
	for p in $list; do
		p=$(under_top "$p")
		[[ -f $p ]] || die "$1 names $p, but there is no such file."
		among "$p" ${patches[@]+"${patches[@]}"} || patches+=("$p")
	done
	list=$(ini_get fragments "$1")
	for p in $list; do
		p=$(under_top "$p")
		[[ -f $p ]] || die "$1 names $p, but there is no such file."
		among "$p" ${fragments[@]+"${fragments[@]}"} || fragments+=("$p")
	done
	words=$(ini_get boot "$1")
	boot+="${boot:+${words:+ }}$words"
}

# read_variant VARIANT: sets variant (its name), image (that of the kernel it
# boots), source_name, patches, fragments and boot.
read_variant() {
	local ini

	layers=()
	collect "$1"
	variant=$(name_of "$1")
	image=$(image_of "$1")
	source_name=
	source_ini=
	patches=()
	fragments=()
	boot=
	for ini in "${layers[@]}"; do
		read_layer "$ini"
	done
	[[ -n $source_name ]] ||
		die "${layers[0]} names no source; add a line like 'source = linux-source-6.1' or 'base = stock'."
}

# --- sources -----------------------------------------------------------------

is_bzimage() {
	[[ -f $1 && $(tail -c +515 "$1" 2>/dev/null | head -c 4 | tr -d '\0') == HdrS ]]
}

git_in_source() {
	git -c safe.directory='*' -C "$source_path" "$@"
}

# What tells one state of an unpacked tree from another.
tree_id() {
	if [[ -e $source_path/.git ]] && git_in_source rev-parse HEAD 2>/dev/null; then
		GIT_OPTIONAL_LOCKS=0 git_in_source diff HEAD --binary --no-ext-diff --no-textconv | sha256sum
		(
			cd "$source_path"
			git_in_source ls-files --others --exclude-standard -z | xargs -0r sha256sum --
		)
	else
		(
			cd "$source_path"
			find . -path ./.git -prune -o ! -type d -printf '%p %s %T@\n' | sort | sha256sum
		)
	fi
}

# find_source: sets source_kind (package, tarball, tree or image), source_path
# and source_id.
find_source() {
	if [[ $source_name != */* ]]; then
		source_kind=package
		source_path=/usr/src/$source_name.tar.xz
		[[ -f $source_path ]] || die "Looked for the kernel source $source_path and did not find it." \
			"Install it with: apt-get install $source_name"
		source_id="$source_name $(dpkg-query -W -f '${Version}' "$source_name" 2>/dev/null)" ||
			source_id=$(sha256sum <"$source_path")
		return
	fi
	source_path=$(under_top "$source_name")
	if [[ -d $source_path ]]; then
		source_kind=tree
		grep -qs '^VERSION = ' "$source_path/Makefile" ||
			die "$source_ini names the source $source_path, but that directory is no kernel's (no Makefile with 'VERSION =')."
		source_id=$(tree_id) || die "Cannot read all of the source $source_path."
	elif is_bzimage "$source_path"; then
		source_kind=image
		source_id=$(sha256sum <"$source_path")
		((${#patches[@]} + ${#fragments[@]} == 0)) ||
			die "$source_path is a kernel that is built: no patch or fragment can be added to it, only boot parameters."
	elif [[ -f $source_path ]]; then
		source_kind=tarball
		source_id=$(sha256sum <"$source_path")
	else
		die "$source_ini names the source $source_path, but there is no such file."
	fi
}

need_tools() {
	local tool missing=()

	for tool in gcc ld make flex bison bc patch tar xz flock readelf setsid; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	if ((${#missing[@]})); then
		die "Building a kernel needs ${missing[*]}, which this machine does not have." \
			"Install: apt-get install build-essential flex bison bc libelf-dev patch xz-utils util-linux"
	fi
}

# --- the places in the cache -------------------------------------------------

# hash_of WORD...: of the source and the compiler, the words and all the patches
# and fragments.
hash_of() {
	local f

	{
		printf '%s\n' "$build_version" "$@" "$source_id"
		gcc --version | head -n 1
		ld --version | head -n 1
		for f in ${all_patches[@]+"${all_patches[@]}"} ${fragments[@]+"${fragments[@]}"}; do
			sha256sum <"$f"
		done
	} | sha256sum | cut -c 1-16
}

# image_dir is where the kernel is, dir where it is with the boot parameters:
# these are none of its own, so that it is built once for all that differ in them.
find_places() {
	image_dir=$cache/$(hash_of "$image")
	dir=$image_dir
	if [[ -n $boot ]]; then
		dir=$cache/$(printf '%s\n' "$image_dir" "$variant" "$boot" | sha256sum | cut -c 1-16)
	fi
}

# --- building ----------------------------------------------------------------

copy_source() {
	local out

	say "$label: copying $source_path"
	out=$(find "$source_path/" -mindepth 1 -maxdepth 1 ! -name .git \
		-exec cp -a --reflink=auto -t "$source_dir" {} + 2>&1) ||
		die "Copying $source_path to $source_dir failed: ${out##*$'\n'}. Check the space there ('df $cache')."
	if [[ -e $source_dir/.config || -e $source_dir/include/config || -e $source_dir/arch/x86/include/generated ]]; then
		out=$(make -s -C "$source_dir" mrproper 2>&1) ||
			die "'make mrproper' failed in a copy of $source_path: ${out##*$'\n'}."
	fi
}

# unpack: the source to source_dir.
unpack() {
	local out

	mkdir -p "$source_dir" "$objects"
	if [[ $source_kind == tree ]]; then
		copy_source
		return
	fi
	say "$label: unpacking $source_path"
	out=$(tar -xf "$source_path" -C "$source_dir" --strip-components=1 2>&1) ||
		die "Unpacking $source_path into $source_dir failed: ${out##*$'\n'}." \
			"Check the space on that file system ('df $cache') and the package ('dpkg -V $source_name')."
}

# apply_patches DIR HINT PATCH...: HINT is how to get at the source by hand.
apply_patches() {
	local where=$1 hint=$2 p out rej

	shift 2
	for p; do
		say "$label: applying $(basename "$p")"
		if ! out=$(patch -p1 --batch --forward --fuzz=0 --no-backup-if-mismatch -d "$where" <"$p" 2>&1); then
			say "The patch $p does not apply to ${base_name:-$source_name}. What patch said:"
			grep -E 'FAILED|can.t find|malformed|garbage|previously applied|No such file|dangerous' <<<"$out" |
				head -n 5 >&2 || true
			rej=$(find "$where" -name '*.rej' -print -quit)
			if [[ -n $rej ]]; then
				printf 'The first rejected hunk:\n' >&2
				awk '/^@@/ && n++ { exit } { print }' "$rej" | head -n 40 >&2
			fi
			die "Bring the patch up to the source ($hint, then 'patch -p1 --dry-run') and build again."
		fi
	done
}

by_hand() {
	if [[ $source_kind == tree ]]; then
		echo "'cd $source_path'"
	else
		echo "'tar xf $source_path'"
	fi
}

run_make() {
	make -s -C "$source_dir" O="$objects" "$@"
}

configure() {
	local out

	say "$label: configuring"
	out=$(run_make allnoconfig 2>&1) ||
		die "'make allnoconfig' failed in $source_name: ${out##*$'\n'}. See that flex, bison and gcc work here."
	cat ${fragments[@]+"${fragments[@]}"} >>"$objects/.config"
	finish_config
}

# finish_config: lets Kconfig complete it; the last word of the fragments about
# a symbol must hold.
finish_config() {
	local config=$objects/.config out symbol line wrong=()

	out=$(run_make olddefconfig 2>&1) ||
		die "'make olddefconfig' failed in $source_name with the fragments of $label: ${out##*$'\n'}."
	while read -r symbol line; do
		case $line in
		'#'*) ! grep -q "^$symbol=" "$config" || wrong+=("$symbol (wanted off)") ;;
		*) grep -qxF -- "$line" "$config" || wrong+=("$symbol (wanted ${line#*=})") ;;
		esac
	done < <(cat ${fragments[@]+"${fragments[@]}"} | sed -nE \
		-e 's/^(CONFIG_[A-Za-z0-9_]+)=.*/\1 &/p' \
		-e 's/^# (CONFIG_[A-Za-z0-9_]+) is not set$/\1 &/p' |
		awk '{ last[$1] = $0 } END { for (s in last) print last[s] }' | sort)
	if ((${#wrong[@]})); then
		say "The kernel's configuration does not come out as the fragments ask:"
		printf '  %s\n' "${wrong[@]}" >&2
		die "Something they depend on is missing, or another symbol selects them;" \
			"look for 'depends on' and 'select' in the source's Kconfig files, and correct: ${fragments[*]}"
	fi
}

# The number of files to build: that of the newest kernel in the cache, else
# what the guest's configuration took when this was written.
expected_files() {
	local newest

	newest=$(find "$cache" -mindepth 2 -maxdepth 2 -name files-built -printf '%T@ %p\n' 2>/dev/null |
		sort -n | tail -n 1 | cut -d ' ' -f 2-)
	if [[ -n $newest ]]; then
		cat "$newest"
	else
		echo 1650
	fi
}

count_files() {
	grep -cE '^  (AR|AS|CC|LD|VDSO|HOSTCC|OBJCOPY) ' "$work/build.log" || true
}

minutes() {
	printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

progress() {
	local start=$1 total=$2 elapsed built left

	elapsed=$((SECONDS - start))
	built=$(count_files)
	# Who knows what a patch changes.
	if ((total == 0)); then
		printf '%s: compiling, %d files, %s gone' "$label" "$built" "$(minutes "$elapsed")"
		return
	fi
	left='?'
	# More than expected: a good part of them is still to come.
	((built < total)) || total=$((built + built / 50))
	if ((built > 20)); then
		left=$(minutes $((elapsed * (total - built) / built)))
	fi
	printf '%s: compiling, %d of about %d files, %s gone, about %s left' \
		"$label" "$built" "$total" "$(minutes "$elapsed")" "$left"
}

compile() {
	local start=$SECONDS total status=0 ticks=0

	total=0
	[[ -n $tree && -z $tree_building ]] || total=$(expected_files)
	: >"$work/build.log"
	setsid make -C "$source_dir" O="$objects" -j "${PINSCALE_JOBS:-$(nproc)}" \
		LOCALVERSION="-$label" bzImage >"$work/build.log" 2>&1 &
	make_pid=$!
	while kill -0 "$make_pid" 2>/dev/null; do
		sleep 1
		ticks=$((ticks + 1))
		if [[ -t 2 ]]; then
			printf '\r\033[K%s' "$(progress "$start" "$total")" >&2
			shown=1
		elif ((ticks % 30 == 0)); then
			say "$(progress "$start" "$total")"
		fi
	done
	wait "$make_pid" || status=$?
	make_pid=
	if ((status)); then
		say "Compiling $label from $source_name failed (make's exit status $status). The first errors:"
		{ grep -aE 'error:|Error [0-9]|undefined reference|Killed|No space' "$work/build.log" || tail -n 10 "$work/build.log"; } |
			head -n 10 >&2 || true
		cp "$work/build.log" "$cache/failed-$label.log"
		die "The whole output is in $cache/failed-$label.log. If a patch is at fault, correct it and build again;" \
			"if space or memory ran out, PINSCALE_JOBS=1 and 'df $cache' help."
	fi
	build_seconds=$((SECONDS - start))
}

# put_in_cache DIR PLACE: by one rename.
put_in_cache() {
	rm -rf "$2"
	mv -T "$1" "$2" || [[ -f $2/bzImage ]]
}

# What the variant comes to, with its bases.
describe() {
	printf 'variant = %s\nsource = %s\n' "$label" "$source_name"
	printf 'patches = %s\n' "${all_patches[*]-}"
	printf 'fragments = %s\n' "${fragments[*]-}"
	printf 'boot = %s\n' "$1"
}

# publish PLACE: the kernel that was just compiled.
publish() {
	local result=$work/result

	mkdir "$result"
	cp "$objects/arch/x86/boot/bzImage" "$objects/.config" "$objects/System.map" "$work/build.log" "$result/"
	readelf -n "$objects/vmlinux" | sed -n 's/^ *Build ID: //p' >"$result/build-id"
	cat "$objects/include/config/kernel.release" >"$result/release"
	describe "" >"$result/variant.ini"
	# What a patch takes says nothing about the next kernel.
	[[ -n $tree && -z $tree_building ]] || count_files >"$result/files-built"
	printf '%s\n' "$build_seconds" >"$result/build-seconds"
	[[ -s $result/build-id ]] ||
		die "The kernel $label was built without a build id; $(ld --version | head -n 1) seems not to write one."
	put_in_cache "$result" "$1"
}

# --- all of a kernel ---------------------------------------------------------

build_whole() {
	label=$image
	source_dir=$work/source
	objects=$work/objects
	unpack
	apply_patches "$source_dir" "$(by_hand)" ${patches[@]+"${patches[@]}"}
	configure
	compile
	publish "$image_dir"
	if [[ ${PINSCALE_KEEP_SOURCE:-} == 1 ]]; then
		mv "$source_dir" "$objects" "$image_dir/"
	fi
	say "$label: built in $(minutes "$build_seconds")"
}

# --- a patch on top of a tree that is kept -----------------------------------
#
# tree/source and tree/objects    the base's, at a path that stays the same
#     /config                     the base's .config
#     /complete                   the base is compiled
#     /patched                    the names of the files that a patch touches:
#                                 while it is there the source may be patched
#     /before/...                 what they were before

# build_tree: the base, in full.
build_tree() {
	local all_patches=(${patches[@]+"${patches[@]}"})

	rm -rf "$tree"
	tree_building=1
	label=$base_image
	say "$label: source and objects are kept for patches, in $tree (1.7 GB; it may be removed at any time)"
	unpack
	apply_patches "$source_dir" "$(by_hand)" ${patches[@]+"${patches[@]}"}
	configure
	compile
	cp "$objects/.config" "$tree/config"
	[[ -f $base_dir/bzImage ]] || publish "$base_dir"
	: >"$tree/complete"
	tree_building=
	say "$label: built in $(minutes "$build_seconds")"
}

# The names of the files that patches touch, without their first component.
touched() {
	sed -nE \
		-e 's/^(---|\+\+\+) "?[^/[:space:]]*\/([^\t"]*).*/\2/p' \
		-e 's/^(rename|copy) (from|to) "?([^"]*)"?$/\3/p' \
		-e 's/^diff --git "?a\/(.*[^"])"? "?b\/(.*[^"])"?$/\1\n\2/p' "$@" |
		tr -d '\r' | grep -vE '^$|^/|(^|/)\.\.(/|$)' | sort -u
}

# copy_touched FROM TO: of the files named on standard input those that are there.
copy_touched() {
	local name

	while IFS= read -r name; do
		if [[ -f $1/$name ]]; then
			mkdir -p "$2/$(dirname "$name")"
			cp -a "$1/$name" "$2/$name"
		fi
	done
}

# bring FROM: makes the touched files in the source what they are in FROM. What
# differs gets a new time of change, and so is compiled.
bring() {
	local name

	while IFS= read -r name; do
		if [[ ! -f $1/$name ]]; then
			rm -f "$source_dir/$name"
			(cd "$source_dir" && rmdir -p "$(dirname "$name")") 2>/dev/null || true
		elif ! cmp -s "$1/$name" "$source_dir/$name"; then
			mkdir -p "$(dirname "$source_dir/$name")"
			cp --preserve=mode "$1/$name" "$source_dir/$name" || return 1
		fi
	done <"$tree/patched"
}

# take_back: the source is the base's again.
take_back() {
	[[ -e $tree/patched ]] || return 0
	[[ -d $tree/before ]] && bring "$tree/before" && rm "$tree/patched" && rm -rf "$tree/before"
}

# put_on: tries the patches on copies of the files they touch, and if they
# apply brings these into the source.
put_on() {
	mkdir "$work/try"
	touched "${extra[@]}" >"$work/touched" || true
	copy_touched "$source_dir" "$work/try" <"$work/touched"
	apply_patches "$work/try" "'cd $source_dir'" "${extra[@]}"
	rm -rf "$tree/before"
	mkdir "$tree/before"
	copy_touched "$source_dir" "$tree/before" <"$work/touched"
	cp "$work/touched" "$tree/patched.new"
	mv "$tree/patched.new" "$tree/patched"
	bring "$work/try" ||
		die "Writing to $source_dir failed; check the space there ('df $tree')."
}

# prepare_tree: it is there, compiled and clean.
prepare_tree() {
	source_dir=$tree/source
	objects=$tree/objects
	if [[ -e $tree/complete && -e $tree/patched ]]; then
		say "An earlier build of a patch was killed; taking that patch back."
		take_back || rm -f "$tree/complete"
	fi
	[[ -e $tree/complete ]] || build_tree
}

build_patched() {
	tree=$trees/$tree_hash
	prepare_tree
	label=$image
	base_name=$base_variant
	put_on
	say "$label: configuring"
	cmp -s "$tree/config" "$objects/.config" || cp "$tree/config" "$objects/.config"
	finish_config
	compile
	publish "$image_dir"
	take_back || die "Cannot make $source_dir what it was; check the space there ('df $tree')."
	say "$label: built in $(minutes "$build_seconds") on top of $base_variant"
}

# --- boot parameters ---------------------------------------------------------

# add_boot: a directory with the same kernel, by hard links, and its boot
# parameters. Whatever is being built need not be waited for.
add_boot() {
	linked=$(mktemp -d "$cache/boot.XXXXXX")
	chmod 755 "$linked"
	if [[ $source_kind == image ]]; then
		cp --reflink=auto "$source_path" "$linked/bzImage"
	else
		find "$image_dir" -mindepth 1 -maxdepth 1 ! -name source ! -name objects \
			-exec cp -al -t "$linked" {} +
	fi
	printf '%s\n' "$boot" >"$linked/boot"
	rm -f "$linked/variant.ini"
	label=$variant
	describe "$boot" >"$linked/variant.ini"
	put_in_cache "$linked" "$dir"
}

# --- the cache ---------------------------------------------------------------

make_cache() {
	local out

	out=$(mkdir -p "$cache" 2>&1) ||
		die "Cannot make the cache $cache: ${out#*: }. Set PINSCALE_CACHE to a directory you may write to."
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# lock_cache: alone from here on; sets work, a directory that goes in the end.
lock_cache() {
	exec 9>"$cache/lock"
	if ! flock -n 9; then
		say "Another build is going on in $cache; waiting for it to end."
		flock 9
	fi
	# Whoever left these was killed: the lock is ours.
	rm -rf "$cache"/work.*
	find "$cache" -maxdepth 1 -name 'boot.*' -mmin +10 -exec rm -rf {} +
	work=$(mktemp -d "$cache/work.XXXXXX")
}

build() {
	make_cache
	if [[ $source_kind != image && ! -f $image_dir/bzImage ]]; then
		need_tools
		lock_cache
		if [[ -f $image_dir/bzImage ]]; then
			: # what was waited for
		elif ((${#extra[@]})); then
			build_patched
		else
			build_whole
		fi
	fi
	[[ -f $dir/bzImage ]] || add_boot
}

list() {
	local f

	for f in "$top"/kernels/*.ini; do
		printf '%-18s %s\n' "$(basename "$f" .ini)" "$(ini_get summary "$f")"
	done | sort -k 1,1
}

# --- Debian's own packages ---------------------------------------------------

suites=(bullseye bookworm trixie sid)

# The stanzas of this machine's apt sources, as its *.sources have them, with
# those of its *.list brought to that form. An empty line ends each.
apt_sources() {
	local etc=${PINSCALE_APT:-/etc/apt} file

	for file in "$etc"/sources.list.d/*.sources; do
		[[ ! -f $file ]] || { cat "$file" && echo; }
	done
	for file in "$etc"/sources.list "$etc"/sources.list.d/*.list; do
		[[ ! -f $file ]] || awk '
			$1 == "deb" {
				line = $0
				sub(/^[ \t]*deb[ \t]+/, "", line)
				options = ""
				if (line ~ /^\[/) {
					options = line
					sub(/\].*/, "", options)
					sub(/^\[[ \t]*/, "", options)
					sub(/^[^]]*\][ \t]*/, "", line)
				}
				n = split(line, word)
				print "Types: deb\nURIs: " word[1] "\nSuites: " word[2]
				printf "Components:"
				for (i = 3; i <= n && word[i] !~ /^#/; i++)
					printf " %s", word[i]
				print ""
				n = split(options, word)
				for (i = 1; i <= n; i++) {
					if (sub(/^signed-by=/, "", word[i]))
						print "Signed-By: " word[i]
					else if (sub(/^trusted=/, "", word[i]))
						print "Trusted: " word[i]
				}
				print ""
			}' "$file"
	done
}

# mirror_of SUITE: the stanza of Debian's mirror, with another suite. It is the
# one that has Debian's main for this machine's release, or for any we know.
mirror_of() {
	apt_sources | awk -v suite="$1" -v known=" $(release_name) ${suites[*]} stable testing unstable " '
		function done(   i, n, word, ours) {
			n = split(value["suites"], word, " ")
			for (i = 1; i <= n; i++)
				ours = ours || index(known, " " word[i] " ")
			if (ours && !found && value["uris"] && (" " value["types"] " ") ~ / deb / &&
			    (" " value["components"] " ") ~ / main / && value["enabled"] !~ /^(no|false)$/) {
				print "Types: deb\nURIs: " value["uris"] "\nSuites: " suite
				print "Components: main\nArchitectures: amd64" keys
				found = 1
			}
			delete value
			keys = ""
			key = ""
		}
		/^[[:space:]]*#/ { next }
		/^[[:space:]]*$/ { done(); next }
		/^[^[:space:]]/ {
			key = tolower($0)
			sub(/:.*/, "", key)
			text = $0
			sub(/^[^:]*:[[:space:]]*/, "", text)
			value[key] = text
			if (key == "signed-by" || key == "trusted")
				keys = keys "\n" $0
			next
		}
		key == "signed-by" { keys = keys "\n" $0; next }
		{ sub(/^[[:space:]]+/, " "); value[key] = value[key] $0 }
		END { done(); exit !found }'
}

release_name() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null || true
}

# apt_in SUITE COMMAND...: apt with everything it writes in a directory of ours.
apt_in() {
	local home=$apt/$1 command=$2

	shift 2
	mkdir -p "$home"/{sources,state/lists/partial,cache/archives/partial}
	: >"$home/status"
	cat >"$home/apt.conf" <<-END
	Dir::Etc::sourcelist "/dev/null";
	Dir::Etc::sourceparts "$home/sources";
	Dir::State "$home/state";
	Dir::State::status "$home/status";
	Dir::Cache "$home/cache";
	Dir::Log "$home";
	APT::Architecture "amd64";
	#clear APT::Architectures;
	APT::Architectures { "amd64"; };
	APT::Sandbox::User "";
	#clear APT::Update::Pre-Invoke;
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	#clear Acquire::IndexTargets;
	Acquire::IndexTargets::deb::Packages { MetaKey "\$(COMPONENT)/binary-\$(ARCHITECTURE)/Packages"; };
	Acquire::Languages "none";
	Acquire::Retries "1";
	Acquire::http::Timeout "20";
	Acquire::https::Timeout "20";
	END
	"$command" -c "$home/apt.conf" -q "$@"
}

# look_up: which kernels the mirror has, to $apt/index: name, suite, package
# and version, of each series the newest.
look_up() {
	local suite out name kernels found=

	for name in apt-get apt-cache dpkg-deb; do
		command -v "$name" >/dev/null || die "Debian's packages are fetched with $name, which this machine does not have."
	done
	mkdir -p "$apt" 2>/dev/null || die "Cannot make $apt. Set PINSCALE_CACHE to a directory you may write to."
	: >"$apt/index.new"
	for suite in "${suites[@]}"; do
		mkdir -p "$apt/$suite/sources"
		mirror_of "$suite" >"$apt/$suite/sources/debian.sources" ||
			die "${PINSCALE_APT:-/etc/apt} names no mirror of Debian's that its kernels could be fetched from."
		say "asking Debian's mirror for the kernels of $suite"
		kernels=
		if out=$(apt_in "$suite" apt-get update --error-on=any 2>&1); then
			kernels=$(packages_of "$suite")
			out='E: it has no kernels there'
		fi
		if [[ -n $kernels ]]; then
			found=1
			printf '%s\n' "$kernels" >>"$apt/index.new"
		else
			out=$(grep -E '^E' <<<"$out" | head -n 1)
			say "The mirror does not give $suite: ${out#E: }."
		fi
	done
	[[ -n $found ]] || die "No suite of Debian's mirror can be had; is there a network?"
	sort -t ' ' -k 1,1V -k 4,4V "$apt/index.new" | awk '{ last[$1] = $0 } END { for (s in last) print last[s] }' |
		sort -V >"$apt/index"
	rm "$apt/index.new"
}

packages_of() {
	local package version

	while read -r package; do
		version=$(apt_in "$1" apt-cache madison "$package" | awk -F ' *[|] *' 'NR == 1 { print $2 }')
		[[ -z $version ]] ||
			printf 'debian-%s %s %s %s\n' "$(grep -oE '[0-9]+\.[0-9]+' <<<"$package" | head -n 1)" "$1" "$package" "$version"
	done < <(apt_in "$1" apt-cache pkgnames linux-image- | grep -E '^linux-image-[0-9]+\.[0-9]+[0-9.]*([-+][a-z0-9.+]+)?-amd64$' | sort)
}

packaged_list() {
	look_up
	awk '{ printf "%-14s %s, package %s of %s\n", $1, $4, $3, $2 }' "$apt/index"
}

# find_packaged NAME: sets suite, package, version and dir; fails where the index has none.
find_packaged() {
	[[ -f $apt/index ]] || return 1
	read -r _ suite package version < <(awk -v name="$1" '$1 == name' "$apt/index") || return 1
	dir=$cache/$(printf '%s\n' packaged "$package" "$version" | sha256sum | cut -c 1-16)
}

# download PACKAGE: into $work/packages, and unpacked in $work/root.
download() {
	local out deb

	say "$variant: fetching $1 from Debian's mirror"
	mkdir -p "$work/packages" "$work/root"
	out=$(cd "$work/packages" && apt_in "$suite" apt-get download "$1" 2>&1) ||
		die "Fetching $1 failed: $(grep -E '^(E|Err)' <<<"$out" | head -n 1). 'kernels/build.sh --packaged' looks up what there is."
	for deb in "$work"/packages/*.deb; do
		out=$(dpkg-deb -x "$deb" "$work/root" 2>&1) ||
			die "Unpacking $(basename "$deb") failed: ${out##*$'\n'}. Check the space there ('df $cache')."
	done
	rm "$work"/packages/*.deb
}

# Newer packages of the kernel depend on others that have the files.
download_all() {
	local other

	download "$package=$version"
	while read -r other; do
		download "$other"
	done < <(apt_in "$suite" apt-cache depends --no-recommends --no-suggests "$package=$version" |
		sed -nE 's/^ *(Pre)?Depends: (linux-(binary|modules|image|base)-[^ ]*-amd64)$/\2/p')
}

fetch_packaged() {
	local result=$work/result image_file release modules

	mkdir "$result"
	download_all
	image_file=$(find "$work/root" -name 'vmlinuz*' -type f -print -quit)
	is_bzimage "$image_file" ||
		die "The package $package $version has no kernel that boots on this kind of machine."
	modules=$(find "$work/root" -path '*/lib/modules/*' -name kernel -type d -print -quit)
	release=${package#linux-image-}
	[[ -z $modules ]] || release=$(basename "$(dirname "$modules")")
	cp "$image_file" "$result/bzImage"
	find "$work/root" \( \( -name "config-$release" -o -path "*/modules/$release/config" \) -exec cp {} "$result/.config" \; \) \
		-o \( \( -name "System.map-$release" -o -path "*/modules/$release/System.map" \) -exec cp {} "$result/System.map" \; \)
	# Most have one that only says where the real one is.
	! grep -qs 'real System.map' "$result/System.map" || rm "$result/System.map"
	printf '%s\n' "$release" >"$result/release"
	printf 'summary = %s %s of %s\n' "$package" "$version" "$suite" >"$result/variant.ini"
	if [[ -n $modules ]]; then
		! command -v depmod >/dev/null || depmod -b "${modules%/lib/modules/*}" "$release" 2>/dev/null || true
		mkdir "$result/modules"
		mv "${modules%/kernel}" "$result/modules/"
		rm -f "$result/modules/$release"/{vmlinuz,config,System.map}
	fi
	put_in_cache "$result" "$dir"
}

# packaged_kernel NAME ONLY_PATH
packaged_kernel() {
	variant=$1
	if find_packaged "$1" && [[ -f $dir/bzImage ]]; then
		printf '%s\n' "$dir/bzImage"
		return
	fi
	[[ -z $2 ]] || exit 1
	if [[ -z $(find "$apt/index" -mmin -1440 2>/dev/null) ]]; then
		look_up
	fi
	find_packaged "$1" || die "Debian's mirror has no kernel '$1'; 'kernels/build.sh --packaged' names those it has."
	make_cache
	lock_cache
	[[ -f $dir/bzImage ]] || fetch_packaged
	printf '%s\n' "$dir/bzImage"
}

# --- the command line --------------------------------------------------------

# patch_name FILE: its name without what a variant's cannot have.
patch_name() {
	local name

	name=$(basename "$1")
	name=${name%.patch}
	name=${name%.diff}
	name=$(LC_ALL=C sed -e 's/[^A-Za-z0-9._-]/-/g' -e 's/^[^A-Za-z0-9]*//' <<<"$name")
	printf '%s\n' "${name:-patch}" | cut -c 1-40
}

# add_patches: the variant read so far is the base, and the kernel is another.
add_patches() {
	local p joined=

	[[ $source_kind != image ]] || die "$source_path is a kernel that is built: no patch can be added to it."
	for p in "${extra[@]}"; do
		[[ -f $p ]] || die "There is no patch $p."
		joined+=${joined:++}$(patch_name "$p")
	done
	base_variant=$variant
	base_image=$image
	base_dir=$cache/$(hash_of "$image")
	tree_hash=$(hash_of tree)
	variant=${name:-${joined:0:40}}
	image=$variant
	all_patches+=("${extra[@]}")
}

# derive VARIANT: one that is another with more patches is built like that one with
# patches of the user's: then what it is based on is there too, and kept. Sets extra and name.
derive() {
	local parts base p whole=("$variant" "$image" "$boot" "${fragments[*]-}") all=(${patches[@]+"${patches[@]}"})

	split "$1"
	base=${parts[0]}
	((${#parts[@]} > 1)) || base=$(base_of "$(ini_of "$1")")
	[[ -n $base ]] || return 0
	read_variant "$base"
	if [[ ${fragments[*]-} == "${whole[3]}" && $image != "${whole[1]}" ]]; then
		for p in ${all[@]+"${all[@]}"}; do
			among "$p" ${patches[@]+"${patches[@]}"} || extra+=("$p")
		done
	fi
	if ((${#extra[@]} == 0)); then
		read_variant "$1"
		return
	fi
	name=${whole[1]}
	derived=("${whole[0]}" "${whole[2]}")
}

read_options() {
	only_path=
	extra=()
	name=
	while (($#)); do
		case $1 in
		--help | -h)
			usage
			exit 0
			;;
		--list)
			list
			exit 0
			;;
		--packaged)
			packaged_list
			exit 0
			;;
		--path)
			only_path=1
			shift
			;;
		--patch | --name)
			(($# >= 2)) || die "$1 wants a value; see kernels/build.sh --help."
			[[ $1 == --name ]] || extra+=("$2")
			[[ $1 == --patch ]] || name=$2
			shift 2
			;;
		-*)
			die "There is no option '$1'; see kernels/build.sh --help."
			;;
		*)
			break
			;;
		esac
	done
	(($# == 1)) || die "One variant is needed, as in 'kernels/build.sh stock'; see kernels/build.sh --help."
	argument=$1
	[[ -z $name || $name =~ ^[A-Za-z0-9][A-Za-z0-9._+-]*$ ]] ||
		die "The name '$name' has characters other than letters, digits, '.', '_', '-' and '+'."
	[[ -z $name || ${#extra[@]} -gt 0 ]] || die "--name is for a kernel with a --patch; a variant has its name."
}

# A file that is named on the command line: a bzImage is printed, and ends us.
given_file() {
	[[ $argument == */* && -f $argument ]] || return 0
	if is_bzimage "$argument"; then
		((${#extra[@]} == 0)) || die "$argument is a kernel that is built: no patch can be added to it."
		printf '%s\n' "$argument"
		exit 0
	fi
	[[ $argument == *.ini ]] || grep -qsE '^[[:space:]]*(source|base|patches|fragments|boot)[[:space:]]*=' "$argument" ||
		die "$argument is no bzImage (it has no kernel's header) and no ini file of a variant."
}

main() {
	read_options "$@"
	given_file

	unset ARCH CROSS_COMPILE CC LD KBUILD_OUTPUT LOCALVERSION MAKEFLAGS MAKEOVERRIDES MAKELEVEL MFLAGS KCFLAGS V
	export LC_ALL=C.UTF-8 KBUILD_BUILD_USER=pinscale KBUILD_BUILD_HOST=pinscale
	export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_VERSION=1

	if [[ $argument =~ ^debian-[0-9]+\.[0-9]+$ && ! -f $top/kernels/$argument.ini ]]; then
		((${#extra[@]} == 0)) || die "$argument is a kernel that is built: no patch can be added to it."
		packaged_kernel "$argument" "$only_path"
		exit 0
	fi
	read_variant "$argument"
	derived=()
	((${#extra[@]})) || derive "$argument"
	find_source
	if [[ $source_kind == image && -z $boot ]]; then
		printf '%s\n' "$source_path"
		exit 0
	fi
	all_patches=(${patches[@]+"${patches[@]}"})
	((${#extra[@]} == 0)) || add_patches
	if ((${#derived[@]})); then
		variant=${derived[0]}
		boot=${derived[1]}
	fi
	((${#image} <= 48)) ||
		die "The name '$image' is too long for a kernel's release; 48 characters is the most." \
			"Choose a shorter one: an ini file with 'base =', or --name."
	find_places
	if [[ -n $only_path ]]; then
		[[ -f $dir/bzImage ]] || exit 1
	else
		[[ -f $dir/bzImage ]] || build
	fi
	printf '%s\n' "$dir/bzImage"
}

# On one line: the file may be replaced while this runs.
main "$@"; exit
