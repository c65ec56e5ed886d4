#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From a clone to the answer: installs, builds, measures. See --help.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$top"
pinscale=build/pinscale
yes=
output=
kernels=()
extra=()
started=$SECONDS

build_packages=(gcc make libc6-dev pkg-config libhugetlbfs-dev libaio-dev libinih-dev libjansson-dev
	libhwloc-dev libgsl-dev liburing-dev libblkid-dev zlib1g-dev gnuplot-nox fonts-dejavu-core
	kmod e2fsprogs)
guest_packages=(linux-source-6.1 flex bison bc libelf-dev patch xz-utils cpio busybox-static dash
	qemu-system-x86 seabios)
test_packages=(libcmocka-dev bats shellcheck clang-format procps fio)

usage() {
	cat <<-END
	usage: ./run.sh [--yes] [-o DIR] [COMMAND] [-- OPTIONS]

	Does a kernel change hurt the scalability of O_DIRECT on huge pages? Without a
	command: measures this kernel, then builds a stock and a patched one (taillock:
	the compound lock of 2011), boots both in QEMU guests in turn, measures the same
	in each, and prints the difference. Nothing on this machine is changed for good,
	but for the packages that are installed.

	commands:
	  sweep [CONFIG]  this kernel only (configs/quick.ini): seconds to a table
	  count [CONFIG]  locked operations and instructions an operation, exactly, in
	                  watched guests (configs/count.ini), and what differs
	  list            workloads, targets, buffers, probes: which work here
	  check           the tests (installs what they need, then 'make check')
	  install         only installs and builds

	options:
	  -y, --yes         do not ask before installing packages
	  -o, --output DIR  the run's directory; one that exists is gone on with
	  --kernel VARIANT  count: a kernel, of kernels/*.ini, or NAME=BZIMAGE; again
	                    for another (stock and taillock)
	  -- OPTIONS        count: for 'pinscale count', as --accesses (see its --help)
	  -h, --help        this text

	examples:
	  ./run.sh                                the whole comparison
	  ./run.sh -o results/20261124-023000     goes on with one that was interrupted
	  ./run.sh sweep                          a first answer on this kernel
	  ./run.sh count --kernel stock --kernel mine=/boot/vmlinuz-6.1-mine
	  ./run.sh --yes check
	Exit status: 0 good, 1 the answer is bad (a regression, a failed trial),
	2 usage or environment, 3 inconclusive, 77 not possible here.
	END
}

say() {
	printf '\n== %s\n' "$*" >&2
}

die() {
	printf 'run.sh: %s\n' "$*" >&2
	exit 2
}

become_root() {
	((EUID)) || return 0
	command -v sudo >/dev/null ||
		die "Measuring needs root (huge pages, devices), and there is no sudo here. Run it as root: su -c '$top/run.sh $*'"
	say "becoming root through sudo: huge pages and devices need it"
	exec sudo --preserve-env=PINSCALE_CACHE,PINSCALE_JOBS,PINSCALE_TEST_GUEST,PINSCALE_TEST_KERNEL \
		-- "$top/run.sh" "$@"
}

# Gives back to the user what root has made in the clone.
hand_over() {
	[[ -n ${SUDO_UID:-} && -n ${SUDO_GID:-} ]] || return 0
	chown -R "$SUDO_UID:$SUDO_GID" build results 2>/dev/null || true
}

# need PACKAGE...: installs those that are missing.
need() {
	local package missing=() log answer

	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		die "Looked for apt-get and found none: only Debian and its like are known. Install what Debian calls: $*"
	fi
	for package; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
			missing+=("$package")
	done
	((${#missing[@]})) || return 0
	say "packages to install: ${missing[*]}"
	if [[ -z $yes && -t 0 ]]; then
		read -r -p "Install them now? [Y/n] " answer
		[[ -z $answer || $answer == [Yy]* ]] ||
			die "Nothing was installed. Install them yourself, or say yes next time."
	fi
	log=$(mktemp /tmp/pinscale-install.XXXXXX)
	if ! {
		DEBIAN_FRONTEND=noninteractive apt-get update -q &&
			DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
	} >"$log" 2>&1 </dev/null; then
		tail -n 15 "$log" >&2
		die "Installing failed: apt-get's last words are above, all of them in $log." \
			"See that the machine has network and package sources ('apt-get update'), and try again."
	fi
	rm -f "$log"
}

build() {
	say "building pinscale"
	make -j"$(nproc)"
}

# worse A B: the exit status that says more: 2 before 1 before the others.
worse() {
	local status

	for status in 2 1 3 77; do
		if (($1 == status || $2 == status)); then
			echo "$status"
			return
		fi
	done
	echo 0
}

# stop_if_over STATUS: was it a signal that ended it? Then so do we.
stop_if_over() {
	if (($1 > 128)); then
		hand_over
		exit "$1"
	fi
}

# show DIR: graphs and table of a run. Its exit status is the table's.
show() {
	local status=0

	"$pinscale" plot "$1" >&2 || status=$?
	"$pinscale" table "$1" || status=$(worse "$status" $?)
	return "$status"
}

# sweep CONFIG DIR: the running kernel.
sweep() {
	local status=0 arguments=("$1")

	if [[ -e $2/run.json ]]; then
		arguments=()
	fi
	"$pinscale" run ${arguments[@]+"${arguments[@]}"} -o "$2" --huge-pages reserve || status=$?
	stop_if_over "$status"
	if ((status != 2 && status != 77)); then
		show "$2" || status=$(worse "$status" $?)
	fi
	return "$status"
}

# kernel_of VARIANT: NAME=BZIMAGE of it, built if need be.
kernel_of() {
	local path

	if [[ $1 == *=* ]]; then
		printf '%s\n' "$1"
	else
		path=$(kernels/build.sh "$1") || return 2
		printf '%s=%s\n' "$1" "$path"
	fi
}

# count DIR CONFIG VARIANT...: counts, shows, and compares the first with each other.
# Its exit status is the comparison's. Options for pinscale are in extra.
count() {
	local run=$1 arguments=("$2") variant variants=() status=0 kernel

	shift 2
	for variant; do
		kernel=$(kernel_of "$variant") || return 2
		variants+=(--variant "$kernel")
	done
	vm/initramfs.sh build/initramfs.gz "$pinscale" libhugetlbfs.so.0 || return 2
	if [[ -e $run/run.json ]]; then
		arguments=()
	fi
	"$pinscale" count ${arguments[@]+"${arguments[@]}"} -o "$run" --initramfs build/initramfs.gz \
		"${variants[@]}" ${extra[@]+"${extra[@]}"} || status=$?
	stop_if_over "$status"
	((status != 2)) || return 2
	for variant in "${@:2}"; do
		"$pinscale" diff-counts "$run:${1%%=*}" "$run:${variant%%=*}" || status=$(worse "$status" $?)
	done
	return "$status"
}

# compare_kernels DIR: called where a failed command does not end the script, so each says so.
compare_kernels() {
	local stock taillock status=0 arguments=(configs/guest.ini)

	say "kernels: stock and taillock (cached when they have been built before)"
	stock=$(kernels/build.sh stock) || return 2
	taillock=$(kernels/build.sh taillock) || return 2
	vm/initramfs.sh build/initramfs.gz "$pinscale" libhugetlbfs.so.0 || return 2

	say "guests: 6 boots of each kernel in balanced blocks (emulated: counts are facts, times are not)"
	if [[ -e $1/run.json ]]; then
		arguments=()
	fi
	"$pinscale" ab ${arguments[@]+"${arguments[@]}"} -o "$1" --initramfs build/initramfs.gz \
		--variant stock="$stock" --variant taillock="$taillock" || status=$?
	stop_if_over "$status"
	if ((status != 2)); then
		show "$1" || status=$(worse "$status" $?)
		say "counts: what an operation costs in locked operations, which no noise can touch"
		count "$1/counts" configs/count.ini stock taillock || status=$(worse "$status" $?)
	fi
	return "$status"
}

whole() {
	local run=${output:-results/$(date +%Y%m%d-%H%M%S)} status=0

	need "${build_packages[@]}" "${guest_packages[@]}"
	build
	say "this machine's own kernel: $(uname -r)"
	sweep configs/quick.ini "$run/running" || status=$?
	case $status in
	2 | 77) say "this kernel could not be measured, for the reason above; the guests do not need it" ;;
	esac
	# What is not possible here is no fault of the comparison.
	((status != 77)) || status=0
	compare_kernels "$run" || status=$(worse "$status" $?)
	hand_over
	printf '\nAll of it is in %s (this kernel: %s/running; counts: %s/counts). It took %d:%02d.\n' "$run" "$run" "$run" \
		$(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
	return "$status"
}

# count_kernels [CONFIG]
count_kernels() {
	local run=${output:-results/$(date +%Y%m%d-%H%M%S)} status=0

	need "${build_packages[@]}" "${guest_packages[@]}"
	build
	((${#kernels[@]})) || kernels=(stock taillock)
	count "$run" "${1-configs/count.ini}" "${kernels[@]}" || status=$?
	if ((status != 2 && ${#kernels[@]} == 1)); then
		"$pinscale" counts "$run" || status=$(worse "$status" $?)
	fi
	((status == 2)) || printf '\nEvery row: %s counts %s\n' "$pinscale" "$run"
	hand_over
	return "$status"
}

main() {
	local arguments=("$@") operands=() command most=1 status=0

	while (($#)); do
		case $1 in
		-h | --help)
			usage
			exit 0
			;;
		-y | --yes) yes=1 ;;
		-o | --output)
			(($# > 1)) || die "$1 wants a directory; see ./run.sh --help."
			output=$2
			shift
			;;
		--kernel)
			(($# > 1)) || die "$1 wants a variant or NAME=BZIMAGE; see ./run.sh --help."
			kernels+=("$2")
			shift
			;;
		--)
			shift
			extra=("$@")
			break
			;;
		-*) die "There is no option '$1'; see ./run.sh --help." ;;
		*) operands+=("$1") ;;
		esac
		shift
	done
	command=${operands[0]-}
	case $command in
	'' | sweep | count | list | check | install) ;;
	*) die "There is no command '$command'; see ./run.sh --help." ;;
	esac
	[[ $command != sweep && $command != count ]] || most=2
	[[ $command == count ]] || ((!${#kernels[@]} && !${#extra[@]})) ||
		die "--kernel and options behind -- are for 'count'; see ./run.sh --help."
	((${#operands[@]} <= most)) ||
		die "'$command' does not take '${operands[most]}'; see ./run.sh --help."
	become_root ${arguments[@]+"${arguments[@]}"}
	case $command in
	'')
		whole
		;;
	sweep)
		need "${build_packages[@]}"
		build
		sweep "${operands[1]-configs/quick.ini}" "${output:-results/$(date +%Y%m%d-%H%M%S)}" || status=$?
		hand_over
		exit "$status"
		;;
	count)
		count_kernels ${operands[1]+"${operands[1]}"} || status=$?
		exit "$status"
		;;
	list)
		need "${build_packages[@]}"
		build
		"$pinscale" list
		;;
	check)
		need "${build_packages[@]}" "${test_packages[@]}"
		say "tests"
		make -j"$(nproc)" check
		;;
	install)
		need "${build_packages[@]}" "${guest_packages[@]}" "${test_packages[@]}"
		build
		;;
	esac
}

main "$@"
