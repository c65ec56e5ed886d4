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
patches=()
base=stock
boots=6
extension=0
accelerate=0
variants=()
extra=()
aa=()
compared_arguments=()
started=$SECONDS

build_packages=(gcc make libc6-dev pkg-config libhugetlbfs-dev libaio-dev libinih-dev libjansson-dev
	libhwloc-dev libgsl-dev liburing-dev libblkid-dev zlib1g-dev libbpf-dev
	clang bpftool gnuplot-nox fonts-dejavu-core
	kmod e2fsprogs)
guest_packages=(linux-source-6.1 flex bison bc libelf-dev patch xz-utils cpio busybox-static dash
	qemu-system-x86 seabios)
test_packages=(libcmocka-dev bats shellcheck clang-format clang libclang-rt-dev procps fio)

usage() {
	cat <<-END
	usage: ./run.sh [--yes] [-o DIR] [COMMAND] [-- OPTIONS]

	Does a kernel change hurt the scalability of O_DIRECT on huge pages? Without a
	command: measures this kernel, then builds a stock and a patched one (taillock:
	the compound lock of 2011), boots both in QEMU guests in turn, measures and counts
	the same in each, and says what differs. Nothing on this machine is changed for
	good, but for the packages that are installed.

	commands:
	  sweep [CONFIG]  this kernel only (configs/quick.ini): seconds to a table
	  ab [CONFIG]     two kernels of yours (configs/guest.ini): --patch or --kernel
	  compare BASE NEW [--margin 2%]
	                  the verdict on two runs or two kernels of a run (RUN:VARIANT),
	                  graphs and report.html; more: build/pinscale compare --help
	  mail            the mail of 2011: its five claims, each with its answer
	  count [CONFIG]  locked operations and instructions an operation, exactly, in
	                  watched guests (configs/count.ini), and what differs
	  list            workloads, targets, buffers, probes: which work here
	  check           the tests (installs what they need, then 'make check')
	  install         only installs and builds

	options:
	  -y, --yes         do not ask before installing packages
	  -o, --output DIR  the run's directory; one that exists is gone on with (--resume)
	  --kernel VARIANT  ab, count: a kernel, of kernels/*.ini (a+b for patches of both),
	                    or NAME=BZIMAGE; again for another
	  --patch FILE      ab, count: the base against the base with this patch
	  --base VARIANT    of --patch: stock, another variant, or a kernel tree
	  --aa              sweep, ab: everything against itself: what noise there is
	  --boots N         ab: boots of each kernel (6; fewer than 4 decide nothing)
	  --extension N     ab: so many more if those are inconclusive, planned beforehand
	  --guest-cpus N    ab: CPUs of a guest (2); --guest-nodes N: its NUMA nodes (1)
	  -- OPTIONS        for 'pinscale ab' or 'pinscale count', as --memory 8G
	  -h, --help        this text

	examples:
	  ./run.sh                                the whole comparison
	  ./run.sh -o results/20261124-023000     goes on with one that was interrupted
	  ./run.sh sweep                          a first answer on this kernel
	  ./run.sh ab --patch my.patch            does it hurt? (stock, and stock with it)
	  ./run.sh compare results/old results/new --margin 1%
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
	exec sudo --preserve-env=PINSCALE_CACHE,PINSCALE_JOBS,PINSCALE_TEST_GUEST,PINSCALE_TEST_KERNEL,PINSCALE_TEST_FUZZ \
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

# judge RUN [OPTION...]: the verdict and the report. Its exit status is the verdict's.
judge() {
	local status=0

	echo
	"$pinscale" compare --brief "$@" || status=$?
	return "$status"
}

# sweep CONFIG DIR: the running kernel.
sweep() {
	local status=0 arguments=("$1" ${aa[@]+"${aa[@]}"})

	if [[ -e $2/run.json ]]; then
		arguments=()
	fi
	"$pinscale" run ${arguments[@]+"${arguments[@]}"} -o "$2" --huge-pages reserve || status=$?
	stop_if_over "$status"
	if ((status != 2 && status != 77)); then
		show "$2" || status=$(worse "$status" $?)
		# What sharing costs is the answer, and no fault of the kernel's; where nothing was
		# measured that could be compared, the table has said so.
		"$pinscale" compare --brief "$2" >"$2/compare.txt" 2>&1 || true
		! grep -q '^report: ' "$2/compare.txt" || { echo && cat "$2/compare.txt"; }
		rm -f "$2/compare.txt"
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
		printf '%s=%s\n' "$(basename "$1" .ini)" "$path"
	fi
}

# variant_of_tree DIR: an ini file for a kernel tree of the user's.
variant_of_tree() {
	local ini

	ini=build/$(basename "$(realpath "$1")" | sed 's/[^A-Za-z0-9._-]/-/g').ini
	printf 'summary = %s\nsource = %s\nfragments = configs/kernel/guest.config\n' "$1" "$(realpath "$1")" >"$ini"
	printf '%s\n' "$ini"
}

# adds_patches VARIANT: is it one of ours that is another with patches?
adds_patches() {
	[[ $1 != *=* ]] || return 1
	[[ $1 == *+* ]] || { grep -qs '^base *= *.' "kernels/$1.ini" && grep -q '^patches *= *.' "kernels/$1.ini"; }
}

# find_kernels: those of --kernel and --patch, built; sets variants, a list of NAME=BZIMAGE.
# Called where a failed command does not end the script, so each says so.
find_kernels() {
	local kernel path patch_arguments=()

	variants=()
	if ((${#patches[@]})); then
		((!${#kernels[@]})) || die "--patch compares the base with the base and the patch: no --kernel beside it."
		for path in "${patches[@]}"; do
			patch_arguments+=(--patch "$path")
		done
		say "kernels: $base, and $base with ${patches[*]}"
		[[ ! -d $base ]] || base=$(variant_of_tree "$base")
		path=$(kernels/build.sh "${patch_arguments[@]}" "$base") || return 2
		kernel=$(kernel_of "$base") || return 2
		variants=("$kernel" "$(basename "${patches[0]}" | sed -E 's/[.](patch|diff)$//; s/[^A-Za-z0-9._-]/-/g')=$path")
		return 0
	fi
	((${#kernels[@]} || !${#aa[@]})) || kernels=(stock)
	((${#kernels[@]})) || kernels=(stock taillock)
	say "kernels: ${kernels[*]} (cached when they have been built before)"
	# A variant that is another with patches builds that one on its way: so it comes first.
	for kernel in "${kernels[@]}"; do
		! adds_patches "$kernel" || kernels/build.sh "$kernel" >/dev/null || return 2
	done
	for kernel in "${kernels[@]}"; do
		kernel=$(kernel_of "$kernel") || return 2
		variants+=("$kernel")
	done
}

pack_guest() {
	vm/initramfs.sh build/initramfs.gz "$pinscale" libhugetlbfs.so.0 || return 2
}

# count DIR CONFIG: counts in the variants.
count() {
	local run=$1 arguments=("$2") variant options=() status=0

	shift 2
	for variant in "${variants[@]}"; do
		options+=(--variant "$variant")
	done
	if [[ -e $run/run.json ]]; then
		arguments=()
	fi
	"$pinscale" count ${arguments[@]+"${arguments[@]}"} -o "$run" --initramfs build/initramfs.gz \
		"${options[@]}" "$@" || status=$?
	stop_if_over "$status"
	return "$status"
}

# count_differences DIR: row by row it would fill screens. Its exit status is the worst of all.
count_differences() {
	local variant status=0

	for variant in "${variants[@]:1}"; do
		echo
		"$pinscale" diff-counts --rows 0 "$1:${variants[0]%%=*}" "$1:${variant%%=*}" || status=$(worse "$status" $?)
		echo "  row by row: $pinscale diff-counts $1:${variants[0]%%=*} $1:${variant%%=*}"
	done
	return "$status"
}

# compare_kernels DIR CONFIG [OPTION...]: boots of the variants in turn.
compare_kernels() {
	local run=$1 arguments=("$2") variant options=() status=0

	shift 2
	for variant in "${variants[@]}"; do
		options+=(--variant "$variant")
	done
	say "guests: $boots boots of each kernel in balanced blocks (counts are facts; the times of emulated CPUs are not)"
	if [[ -e $run/run.json ]]; then
		arguments=()
	fi
	"$pinscale" ab ${arguments[@]+"${arguments[@]}"} -o "$run" --initramfs build/initramfs.gz \
		--boots "$boots" --extension "$extension" ${aa[@]+"${aa[@]}"} "${options[@]}" "$@" || status=$?
	stop_if_over "$status"
	if ((status != 2)); then
		show "$run" || status=$(worse "$status" $?)
	fi
	return "$status"
}

# choose_accelerator: KVM where a guest of the first kernel really comes up with it within
# 20 s, else emulated CPUs; unless the user has said which. Adds to extra.
choose_accelerator() {
	local share

	[[ " ${extra[*]-} " != *" --accel"* && -w /dev/kvm ]] || return 0
	share=$(mktemp -d)
	mkdir "$share/.guest"
	echo true >"$share/.guest/command"
	if vm/boot.sh --kernel "${variants[0]#*=}" --initramfs build/initramfs.gz --share "$share" \
		--log "$share/log" --accel kvm --timeout 20 >/dev/null 2>&1; then
		say "guests by KVM: one came up (their times are virtualised; counts are taken from emulated ones)"
		extra+=(--accel kvm)
	else
		say "guests with emulated CPUs: under KVM none came up within 20 s"
	fi
	rm -rf "$share"
}

# both DIR CONFIG COUNT_CONFIG: by time, and by counts, which decide.
both() {
	local status=0

	pack_guest || return 2
	((accelerate == 0)) || choose_accelerator
	compare_kernels "$1" "$2" ${extra[@]+"${extra[@]}"} || status=$?
	((status != 2)) || return 2
	if ((!${#aa[@]})); then
		say "counts: what an operation costs in locked operations, which no noise can touch"
		count "$1/counts" "$3" || status=$(worse "$status" $?)
	fi
	judge "$1" || status=$(worse "$status" $?)
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
	if find_kernels; then
		both "$run" configs/guest.ini configs/count.ini || status=$(worse "$status" $?)
	else
		status=2
	fi
	hand_over
	printf '\nAll of it is in %s (this kernel: %s/running; counts: %s/counts). It took %d:%02d.\n' "$run" "$run" "$run" \
		$(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
	return "$status"
}

# counted [CONFIG]
counted() {
	local run=${output:-results/$(date +%Y%m%d-%H%M%S)} status=0

	need "${build_packages[@]}" "${guest_packages[@]}"
	build
	{ find_kernels && pack_guest; } || exit 2
	count "$run" "${1-configs/count.ini}" ${extra[@]+"${extra[@]}"} || status=$?
	((status == 2)) || count_differences "$run" || status=$(worse "$status" $?)
	if ((status != 2 && ${#variants[@]} == 1)); then
		"$pinscale" counts "$run" || status=$(worse "$status" $?)
	fi
	((status == 2)) || printf '\nEvery row: %s counts %s\n' "$pinscale" "$run"
	hand_over
	return "$status"
}

# compared [CONFIG]: ab
compared() {
	local run=${output:-results/$(date +%Y%m%d-%H%M%S)} status=0

	need "${build_packages[@]}" "${guest_packages[@]}"
	build
	find_kernels || exit 2
	accelerate=1
	if ((${#aa[@]})); then
		((${#variants[@]} == 1)) || die "--aa compares one kernel with itself: one --kernel, and no --patch."
	else
		((${#variants[@]} > 1)) || die "ab compares kernels: give --patch, or --kernel twice."
	fi
	both "$run" "${1-configs/guest.ini}" "${1-configs/count.ini}" || status=$?
	hand_over
	printf '\nAll of it is in %s (counts: %s/counts). It took %d:%02d.\n' "$run" "$run" \
		$(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
	return "$status"
}

# The experiment of the mail: the lock, the lock for THP only, and direct-io without its references.
mail() {
	local run=${output:-results/$(date +%Y%m%d-%H%M%S)} status=0

	need "${build_packages[@]}" "${guest_packages[@]}"
	build
	accelerate=1
	kernels=(stock taillock taillock-thponly taillock+noextra noextra)
	find_kernels || exit 2
	both "$run" configs/mail.ini configs/count.ini || status=$?
	if ((status != 2)); then
		echo
		"$pinscale" mail "$run/counts" "$run" || status=2
		# That the lock is a regression is the answer, and no fault of it.
		((status != 1 && status != 3)) || status=0
	fi
	hand_over
	printf '\nAll of it is in %s (counts: %s/counts). It took %d:%02d.\n' "$run" "$run" \
		$(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
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
		-o | --output | --resume)
			(($# > 1)) || die "$1 wants a directory; see ./run.sh --help."
			output=$2
			shift
			;;
		--kernel)
			(($# > 1)) || die "$1 wants a variant or NAME=BZIMAGE; see ./run.sh --help."
			kernels+=("$2")
			shift
			;;
		--patch)
			(($# > 1)) || die "$1 wants a patch; see ./run.sh --help."
			[[ -r $2 ]] || die "There is no patch '$2'."
			patches+=("$(realpath "$2")")
			shift
			;;
		--base)
			(($# > 1)) || die "$1 wants a variant or a kernel tree; see ./run.sh --help."
			base=$2
			shift
			;;
		--boots)
			[[ ${2-} =~ ^[1-9][0-9]*$ ]] || die "$1 wants a number of boots; see ./run.sh --help."
			boots=$2
			shift
			;;
		--aa) aa=(--aa) ;;
		--extension)
			[[ ${2-} =~ ^[0-9]+$ ]] || die "$1 wants a number of boots; see ./run.sh --help."
			extension=$2
			shift
			;;
		--guest-cpus | --guest-nodes)
			[[ ${2-} =~ ^[1-9][0-9]*$ ]] || die "$1 wants a number; see ./run.sh --help."
			extra+=("--${1#--guest-}" "$2")
			shift
			;;
		--)
			shift
			extra+=("$@")
			break
			;;
		-*) die "There is no option '$1'; see ./run.sh --help." ;;
		compare)
			# Its options are those of 'pinscale compare'.
			((!${#operands[@]})) || die "'${operands[0]}' does not take 'compare'; see ./run.sh --help."
			operands=(compare)
			shift
			compared_arguments=("$@")
			break
			;;
		*) operands+=("$1") ;;
		esac
		shift
	done
	command=${operands[0]-}
	case $command in
	'' | sweep | ab | compare | mail | count | list | check | install) ;;
	*) die "There is no command '$command'; see ./run.sh --help." ;;
	esac
	[[ ! $command =~ ^(sweep|ab|count)$ ]] || most=2
	[[ $command =~ ^(ab|count)$ ]] || ((!${#kernels[@]} && !${#patches[@]})) ||
		die "--kernel and --patch are for 'ab' and 'count'; see ./run.sh --help."
	[[ $command =~ ^(sweep|ab)$ ]] || ((!${#aa[@]})) ||
		die "--aa is for 'sweep' and 'ab'; see ./run.sh --help."
	[[ $command =~ ^(ab|count|mail)$ ]] || ((!${#extra[@]})) ||
		die "Options behind -- are for 'ab', 'count' and 'mail'; see ./run.sh --help."
	((${#operands[@]} <= most)) ||
		die "'$command' does not take '${operands[most]}'; see ./run.sh --help."
	# What exists is only read.
	[[ $command == compare ]] || become_root ${arguments[@]+"${arguments[@]}"}
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
	compare)
		need "${build_packages[@]}"
		build >&2
		[[ ! $output ]] || compared_arguments+=(-o "$output")
		"$pinscale" compare ${compared_arguments[@]+"${compared_arguments[@]}"} || status=$?
		exit "$status"
		;;
	count)
		counted ${operands[1]+"${operands[1]}"} || status=$?
		exit "$status"
		;;
	ab)
		compared ${operands[1]+"${operands[1]}"} || status=$?
		exit "$status"
		;;
	mail)
		mail || status=$?
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
