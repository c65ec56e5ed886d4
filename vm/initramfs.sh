#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Packs the guest's initial file system.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=

usage() {
	cat <<-'END'
	usage: vm/initramfs.sh OUT BINARY... [LIBRARY...]

	Writes to OUT a gzip'ed cpio archive to boot guests from: busybox, dash as
	/bin/sh, mke2fs, mkfs.xfs if it is installed here, the BINARIES (in /bin),
	the shared libraries all of them need, and vm/init. A LIBRARY is one that a
	program loads by itself, by the name it asks for: libhugetlbfs.so.0.
	The same files give the same archive, byte for byte.

	Exit status: 0 written, 2 something is missing.

	example:
	  vm/initramfs.sh /tmp/initramfs.gz build/pinscale libhugetlbfs.so.0
	END
}

die() {
	printf 'vm/initramfs.sh: %s\n' "$*" >&2
	exit 2
}

# shellcheck disable=SC2317 # called by the trap
clean_up() {
	[[ -z $root ]] || rm -rf "$root"
	rm -f "${out:-}.new"
}

# add_program FILE NAME: with the libraries and the loader that ldd names.
add_program() {
	local lib

	cp -L "$1" "$root/bin/$2"
	chmod 755 "$root/bin/$2"
	while read -r lib; do
		[[ ! -e $root$lib ]] || continue
		mkdir -p "$root$(dirname "$lib")"
		cp -L "$lib" "$root$lib"
	done < <(ldd "$1" 2>/dev/null | grep -oE '/[^ ]+' || true)
}

# add_library NAME: where ldconfig knows it to be.
add_library() {
	local file

	file=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | sed -n "s/^[[:space:]]*$1 (.*) => //p" | head -n 1)
	[[ -n $file ]] || die "Looked for the library $1 and did not find it. Is its package installed?"
	mkdir -p "$root/lib"
	cp -L "$file" "$root/lib/$1"
}

main() {
	local binary busybox dash mke2fs mkfs_xfs missing applet

	case ${1:-} in
	--help | -h)
		usage
		exit 0
		;;
	-*)
		die "There is no option '$1'; see vm/initramfs.sh --help."
		;;
	esac
	(($# >= 1)) || die "The file to write is needed; see vm/initramfs.sh --help."
	out=$1
	shift

	busybox=$(PATH=$PATH:/bin:/usr/bin command -v busybox) ||
		die "Looked for busybox and did not find it. Install it with: apt-get install busybox-static"
	! ldd "$busybox" >/dev/null 2>&1 ||
		die "$busybox is not a static program. Install the static one with: apt-get install busybox-static"
	mke2fs=$(PATH=$PATH:/sbin:/usr/sbin command -v mke2fs) ||
		die "Looked for mke2fs and did not find it. Install it with: apt-get install e2fsprogs"
	dash=$(PATH=$PATH:/bin:/usr/bin command -v dash) ||
		die "Looked for dash and did not find it. Install it with: apt-get install dash"
	command -v cpio >/dev/null ||
		die "Looked for cpio and did not find it. Install it with: apt-get install cpio"
	for binary in "$@"; do
		[[ $binary != lib*.so.* ]] || continue
		[[ -x $binary && -f $binary ]] || die "$binary is no program that can be run; build it first."
		missing=$({ ldd "$binary" 2>/dev/null || true; } | sed -n 's/^[[:space:]]*\(.*\) => not found.*/\1/p')
		[[ -z $missing ]] || die "$binary needs the libraries ${missing//$'\n'/, }, which this machine does not have."
	done

	trap clean_up EXIT
	root=$(mktemp -d)
	mkdir -p "$root"/{bin,dev,etc,proc,results,root,run,sys,tmp}
	ln -s bin "$root/sbin"
	ln -s /proc/mounts "$root/etc/mtab"
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\n' >"$root/etc/group"
	cp "$busybox" "$root/bin/busybox"
	for applet in $("$busybox" --list); do
		[[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
	done
	# Busybox's own shell prefers its applets to the programs in /bin.
	rm -f "$root"/bin/{sh,mke2fs,mkfs.ext2}
	add_program "$dash" sh
	add_program "$mke2fs" mke2fs
	for applet in mkfs.ext2 mkfs.ext4; do
		ln -s mke2fs "$root/bin/$applet"
	done
	# Only the target xfs needs it, which says itself what is missing.
	if mkfs_xfs=$(PATH=$PATH:/sbin:/usr/sbin command -v mkfs.xfs); then
		add_program "$mkfs_xfs" mkfs.xfs
	fi
	for binary in "$@"; do
		if [[ $binary == lib*.so.* ]]; then
			add_library "$binary"
			continue
		fi
		rm -f "$root/bin/$(basename "$binary")"
		add_program "$binary" "$(basename "$binary")"
	done
	# Lists that probes read where they are in the clone.
	mkdir -p "$root${here%/vm}/configs"
	cp -r "${here%/vm}/configs/probes" "$root${here%/vm}/configs/"
	cp "$here/init" "$root/init"
	chmod 755 "$root/init"
	find "$root" -exec touch -h -d @0 {} +

	(
		cd "$root"
		find . -mindepth 1 | LC_ALL=C sort |
			cpio --quiet --reproducible -o -H newc --owner=0:0
	) | gzip -n -1 >"$out.new" ||
		die "Writing $out.new failed; see that its directory exists and has space ('df $(dirname "$out")')."
	mv "$out.new" "$out"
}

main "$@"
