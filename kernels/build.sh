#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds one variant of the kernel and prints the path of its bzImage.

set -euo pipefail

# Raise this when the script changes in a way that changes what it builds.
build_version=1

top=$(cd "$(dirname "$0")/.." && pwd)
cache=${PINSCALE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pinscale}/kernels
make_pid=
work=
shown=

usage() {
	cat <<-END
	usage: kernels/build.sh [--path] VARIANT

	Builds the kernel described by kernels/VARIANT.ini (or by the ini file
	VARIANT, if that is a path) and prints the path of its bzImage. A kernel
	is built once and kept in the cache.

	  --path    print the path if the kernel is in the cache, else exit 1
	  --list    name the variants and what they are
	  --help    this text

	PINSCALE_CACHE         where the cache is (now: ${cache%/kernels})
	PINSCALE_KEEP_SOURCE   1: keep the unpacked source and objects as well
	PINSCALE_JOBS          how many compilers at once (default: nproc)

	Exit status: 0 built or cached, 1 not cached (--path), 2 cannot be built.

	examples:
	  kernels/build.sh stock
	  kernels/build.sh --path taillock || echo "not built yet"
	  PINSCALE_KEEP_SOURCE=1 kernels/build.sh /tmp/my.ini
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
	if [[ -n $make_pid ]]; then
		kill -TERM -- "-$make_pid" 2>/dev/null || true
		wait "$make_pid" 2>/dev/null || true
	fi
	if [[ -n $work ]]; then
		rm -rf "$work"
	fi
	exit "$status"
}

# ini_get KEY: the value of KEY in the variant's ini file.
ini_get() {
	sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$ini" |
		sed 's/[[:space:]]*$//' | tail -n 1
}

# under_top PATH: absolute; paths in an ini file start at the top of the clone.
under_top() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*) printf '%s\n' "$top/$1" ;;
	esac
}

read_variant() {
	local list p

	case $1 in
	*/* | *.ini) ini=$1 ;;
	*) ini=$top/kernels/$1.ini ;;
	esac
	[[ -f $ini ]] || die "There is no variant '$1': $ini does not exist." \
		"'kernels/build.sh --list' names those there are."
	variant=$(basename "$ini" .ini)
	[[ $variant =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] ||
		die "The variant's name '$variant' has characters other than letters, digits, '.', '_' and '-'; rename $ini."
	source_name=$(ini_get source)
	[[ -n $source_name ]] ||
		die "$ini names no source; add a line like 'source = linux-source-6.1'."
	patches=()
	list=$(ini_get patches)
	for p in $list; do
		patches+=("$(under_top "$p")")
	done
	fragments=()
	list=$(ini_get fragments)
	for p in $list; do
		fragments+=("$(under_top "$p")")
	done
	for p in ${patches[@]+"${patches[@]}"} ${fragments[@]+"${fragments[@]}"}; do
		[[ -f $p ]] || die "$ini names $p, but there is no such file."
	done
}

find_source() {
	case $source_name in
	*/*)
		tarball=$(under_top "$source_name")
		[[ -f $tarball ]] || die "$ini names the source $tarball, but there is no such file."
		source_id=$(sha256sum <"$tarball")
		;;
	*)
		tarball=/usr/src/$source_name.tar.xz
		[[ -f $tarball ]] || die "Looked for the kernel source $tarball and did not find it." \
			"Install it with: apt-get install $source_name"
		source_id="$source_name $(dpkg-query -W -f '${Version}' "$source_name" 2>/dev/null)" ||
			source_id=$(sha256sum <"$tarball")
		;;
	esac
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

hash_variant() {
	local f

	hash=$({
		printf '%s\n' "$build_version" "$variant" "$source_id"
		gcc --version | head -n 1
		ld --version | head -n 1
		for f in ${patches[@]+"${patches[@]}"} ${fragments[@]+"${fragments[@]}"}; do
			sha256sum <"$f"
		done
	} | sha256sum | cut -c 1-16)
	dir=$cache/$hash
}

unpack() {
	local out

	say "$variant: unpacking $tarball"
	mkdir -p "$work/source" "$work/objects" "$work/result"
	out=$(tar -xf "$tarball" -C "$work/source" --strip-components=1 2>&1) ||
		die "Unpacking $tarball into $work failed: ${out##*$'\n'}." \
			"Check the space on that file system ('df $cache') and the package ('dpkg -V $source_name')."
}

apply_patches() {
	local p out rej

	for p in ${patches[@]+"${patches[@]}"}; do
		say "$variant: applying $(basename "$p")"
		if ! out=$(patch -p1 --batch --forward --fuzz=0 -d "$work/source" <"$p" 2>&1); then
			say "The patch $p does not apply to $source_name. What patch said:"
			grep -E 'FAILED|can.t find|malformed|previously applied|No such file' <<<"$out" | head -n 5 >&2 || true
			rej=$(find "$work/source" -name '*.rej' -print -quit)
			if [[ -n $rej ]]; then
				printf 'The first rejected hunk:\n' >&2
				awk '/^@@/ && n++ { exit } { print }' "$rej" | head -n 40 >&2
			fi
			die "Bring the patch up to the source ('tar xf $tarball', then 'patch -p1 --dry-run') and build again."
		fi
	done
}

run_make() {
	make -s -C "$work/source" O="$work/objects" "$@"
}

configure() {
	local config=$work/objects/.config out symbol line wrong=()

	say "$variant: configuring"
	out=$(run_make allnoconfig 2>&1) ||
		die "'make allnoconfig' failed in $source_name: ${out##*$'\n'}. See that flex, bison and gcc work here."
	cat ${fragments[@]+"${fragments[@]}"} >>"$config"
	out=$(run_make olddefconfig 2>&1) ||
		die "'make olddefconfig' failed in $source_name with the fragments of $ini: ${out##*$'\n'}."

	# The last word of the fragments about a symbol must hold.
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
	# More than expected: a good part of them is still to come.
	((built < total)) || total=$((built + built / 50))
	left='?'
	if ((built > 20)); then
		left=$(minutes $((elapsed * (total - built) / built)))
	fi
	printf '%s: compiling, %d of about %d files, %s gone, about %s left' \
		"$variant" "$built" "$total" "$(minutes "$elapsed")" "$left"
}

compile() {
	local start=$SECONDS total status=0 ticks=0

	total=$(expected_files)
	: >"$work/build.log"
	setsid make -C "$work/source" O="$work/objects" -j "${PINSCALE_JOBS:-$(nproc)}" \
		LOCALVERSION="-$variant" bzImage >"$work/build.log" 2>&1 &
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
		say "Compiling $variant from $source_name failed (make's exit status $status). The last errors:"
		{ grep -aE 'error:|Error [0-9]|undefined reference|Killed|No space' "$work/build.log" || tail -n 10 "$work/build.log"; } |
			tail -n 10 >&2
		cp "$work/build.log" "$cache/failed-$variant.log"
		die "The whole output is in $cache/failed-$variant.log. If a patch is at fault, correct it and build again;" \
			"if space or memory ran out, PINSCALE_JOBS=1 and 'df $cache' help."
	fi
	build_seconds=$((SECONDS - start))
}

publish() {
	local objects=$work/objects result=$work/result

	cp "$objects/arch/x86/boot/bzImage" "$objects/.config" "$objects/System.map" "$work/build.log" "$result/"
	readelf -n "$objects/vmlinux" | sed -n 's/^ *Build ID: //p' >"$result/build-id"
	cat "$objects/include/config/kernel.release" >"$result/release"
	cp "$ini" "$result/variant.ini"
	count_files >"$result/files-built"
	printf '%s\n' "$build_seconds" >"$result/build-seconds"
	if [[ ${PINSCALE_KEEP_SOURCE:-} == 1 ]]; then
		mv "$work/source" "$work/objects" "$result/"
	fi
	[[ -s $result/build-id ]] ||
		die "The kernel $variant was built without a build id; $(ld --version | head -n 1) seems not to write one."
	rm -rf "$dir"
	mv -T "$result" "$dir"
}

build() {
	local out

	need_tools
	out=$(mkdir -p "$cache" 2>&1) ||
		die "Cannot make the cache $cache: ${out#*: }. Set PINSCALE_CACHE to a directory you may write to."
	exec 9>"$cache/lock"
	if ! flock -n 9; then
		say "Another build is going on in $cache; waiting for it to end."
		flock 9
	fi
	if [[ -f $dir/bzImage ]]; then
		return
	fi
	# Whoever left these was killed: the lock is ours.
	rm -rf "$cache"/work.*
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	work=$(mktemp -d "$cache/work.XXXXXX")
	unpack
	apply_patches
	configure
	compile
	publish
	say "$variant: built in $(minutes "$build_seconds")"
}

list() {
	local f

	for f in "$top"/kernels/*.ini; do
		ini=$f
		printf '%-16s %s\n' "$(basename "$f" .ini)" "$(ini_get summary)"
	done
}

main() {
	local only_path=

	case ${1:-} in
	--help | -h)
		usage
		exit 0
		;;
	--list)
		list
		exit 0
		;;
	--path)
		only_path=1
		shift
		;;
	-*)
		die "There is no option '$1'; see kernels/build.sh --help."
		;;
	esac
	(($# == 1)) || die "One variant is needed, as in 'kernels/build.sh stock'; see kernels/build.sh --help."

	unset ARCH CROSS_COMPILE CC LD KBUILD_OUTPUT LOCALVERSION MAKEFLAGS MAKEOVERRIDES MAKELEVEL MFLAGS KCFLAGS V
	export LC_ALL=C.UTF-8 KBUILD_BUILD_USER=pinscale KBUILD_BUILD_HOST=pinscale
	export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_VERSION=1

	read_variant "$1"
	find_source
	hash_variant
	if [[ -n $only_path ]]; then
		[[ -f $dir/bzImage ]] || exit 1
	else
		[[ -f $dir/bzImage ]] || build
	fi
	printf '%s\n' "$dir/bzImage"
}

main "$@"
