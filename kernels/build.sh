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

# What a variant is made of, and its source.
# shellcheck source=kernels/variant.sh
. "$top/kernels/variant.sh"

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

# Patches on top of a source tree that is kept.
# shellcheck source=kernels/tree.sh
. "$top/kernels/tree.sh"

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

# Debian's own packages.
# shellcheck source=kernels/packaged.sh
. "$top/kernels/packaged.sh"

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
