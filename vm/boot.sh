#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Boots a kernel in a QEMU guest, which runs one command and is switched off.

set -euo pipefail

qemu="qemu-system-x86_64"
qemu_pid=
timer_pid=
packing=

usage() {
	cat <<-'END'
	usage: vm/boot.sh --kernel BZIMAGE --initramfs FILE --share DIR --log FILE
	                  [--cpus N] [--nodes N] [--memory SIZE] [--timeout SECONDS]
	                  [--append PARAMETERS] [--accel NAME] [--packed] [--exact]
	                  [--plugin VALUE] [-- QEMU-OPTIONS]

	Boots BZIMAGE with the archive of vm/initramfs.sh. DIR is /results in the
	guest; the shell script DIR/.guest/command is run there. Left behind:

	  DIR/.guest/status    the command's exit status
	  DIR/.guest/warnings  what the kernel said at level warning or worse
	  DIR/.guest/meminfo   HugePages_* after the command
	  DIR/.guest/started   the guest's uptime when the command was started
	  FILE                 the serial console, the command's output with it

	  --nodes N       that many NUMA nodes, CPUs and memory divided evenly
	  --packed        /results is in memory: a copy of DIR (small), whose files
	                  are copied to DIR, over what is there, after the command
	  --exact         one CPU that executes the same instructions in every boot
	                  of the same files, if it is --packed as well
	  --plugin VALUE  a TCG plugin, for QEMU's -plugin: file=/x/y.so,argument=z

	Defaults: 2 CPUs (1 if --exact), 1 node, 2G, 300 seconds, tcg.
	Exit status: 0 the command exited 0, 1 it did not, or the guest failed,
	2 the guest could not be started.

	example:
	  mkdir -p /tmp/share/.guest && echo 'uname -r' >/tmp/share/.guest/command
	  vm/boot.sh --kernel "$(kernels/build.sh stock)" --initramfs /tmp/i.gz \
	             --share /tmp/share --log /tmp/serial.log
	END
}

say() {
	printf 'vm/boot.sh: %s\n' "$*" >&2
}

die() {
	say "$@"
	exit 2
}

# failed SENTENCE: with the end of the serial console before it.
failed() {
	if [[ -s $log ]]; then
		tail -n 10 "$log" | tr -d '\r' >&2
	fi
	say "$@" "The serial console is in $log."
	exit 1
}

end_process() {
	[[ -n $1 ]] || return 0
	kill -TERM "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# shellcheck disable=SC2317 # called by the trap
clean_up() {
	local status=$?

	trap - EXIT
	end_process "$timer_pid"
	end_process "$qemu_pid"
	[[ -z $packing ]] || rm -rf "$packing"
	exit "$status"
}

# What each of the nodes has: sets node_cpus and node_memory (MiB).
divide() {
	local mib

	[[ $memory =~ ^([1-9][0-9]*)([MG]?)$ ]] ||
		die "With --nodes, --memory wants MiB or GiB that can be divided, like 4096M or 4G, not '$memory'."
	mib=${BASH_REMATCH[1]}
	[[ ${BASH_REMATCH[2]} != G ]] || mib=$((mib * 1024))
	((cpus % nodes == 0)) ||
		die "$cpus CPUs cannot be divided evenly among $nodes nodes; give a multiple with --cpus."
	((mib % nodes == 0)) ||
		die "$mib MiB of memory cannot be divided evenly among $nodes nodes; give a multiple with --memory."
	node_cpus=$((cpus / nodes))
	node_memory=$((mib / nodes))
}

read_options() {
	kernel=
	initramfs=
	share=
	log=
	cpus=
	nodes=1
	memory=2G
	timeout=300
	append=
	accel=tcg
	packed=
	exact=
	plugin=
	extra=()
	while (($#)); do
		case $1 in
		--help | -h)
			usage
			exit 0
			;;
		--)
			shift
			extra=("$@")
			break
			;;
		--packed | --exact)
			printf -v "${1#--}" yes
			shift
			;;
		--kernel | --initramfs | --share | --log | --cpus | --nodes | --memory | --timeout | --append | --accel | --plugin)
			(($# >= 2)) || die "$1 needs a value; see vm/boot.sh --help."
			printf -v "${1#--}" '%s' "$2"
			shift 2
			;;
		*)
			die "There is no option '$1'; see vm/boot.sh --help."
			;;
		esac
	done
	[[ -n $kernel && -n $initramfs && -n $share && -n $log ]] ||
		die "--kernel, --initramfs, --share and --log are all needed; see vm/boot.sh --help."
	[[ -r $kernel ]] || die "There is no kernel $kernel; build one with: kernels/build.sh stock"
	[[ -r $initramfs ]] || die "There is no initramfs $initramfs; make one with: vm/initramfs.sh $initramfs BINARY"
	[[ -r $share/.guest/command ]] || die "There is no $share/.guest/command for the guest to run; write one, a shell script."
	if [[ -z $cpus ]]; then
		cpus=2
		[[ -z $exact ]] || cpus=1
	fi
	[[ $cpus =~ ^[1-9][0-9]*$ ]] || die "--cpus wants a number from 1 up, not '$cpus'."
	[[ $nodes =~ ^[1-9][0-9]*$ ]] || die "--nodes wants a number from 1 up, not '$nodes'."
	[[ $timeout =~ ^[1-9][0-9]*$ ]] || die "--timeout wants whole seconds from 1 up, not '$timeout'."
	[[ -z $exact || $cpus == 1 ]] ||
		die "--exact repeats a boot with one CPU alone, not $cpus; leave --cpus away, or --exact."
	[[ -z $exact || $accel == tcg ]] ||
		die "--exact is for emulated CPUs, not those of '$accel'; leave --accel away, or --exact."
	[[ -z $plugin || $accel == tcg ]] ||
		die "--plugin is for emulated CPUs, not those of '$accel'; leave --accel away, or --plugin."
	((nodes == 1)) || divide
	command -v "$qemu" >/dev/null ||
		die "Looked for $qemu and did not find it. Install it with: apt-get install qemu-system-x86"
	: >"$log" || die "Cannot write the serial console to $log."
	# A comma ends the value of a QEMU option, two stand for one.
	share_value=${share//,/,,}
}

# append_archive DIRECTORY NAME: DIRECTORY/NAME behind the initramfs, since Linux unpacks one
# archive after the other; the same files give the same archive. Sets initramfs.
append_archive() {
	command -v cpio >/dev/null ||
		die "Looked for cpio and did not find it. Install it with: apt-get install cpio"
	find "$1/$2" -exec touch -h -d @0 {} +
	{
		cat "$initramfs"
		(
			cd "$1"
			find "$2" -print0 | LC_ALL=C sort -z |
				cpio --quiet --null --reproducible -o -H newc --owner=0:0
		) | gzip -n -1
	} >"$packing/with-$2.gz" ||
		die "Packing $2 behind $initramfs failed; see that there is space ('df $packing')."
	initramfs=$packing/with-$2.gz
}

# Puts a copy of the share, and of it the command alone of what is ours, behind
# the initramfs.
pack() {
	local file directory

	cp -a "$share/." "$packing/results"
	find "$packing/results/.guest" -mindepth 1 ! -name command -delete
	# What the guest has a copy of comes back: not so what is written meanwhile.
	directory=$(realpath "$share")
	for file in "$log" "$log.qemu"; do
		file=$(realpath "$file")
		[[ $file != "$directory"/* ]] || rm -f "$packing/results/${file#"$directory"/}"
	done
	append_archive "$packing" results
}

# What a distribution's kernel has as modules and a guest needs.
drivers=(virtio_pci 9pnet_virtio 9p configfs null_blk brd loop zram ext4 ext2 xfs)

# Puts these, uncompressed and numbered in the order in which they are loaded, behind
# the initramfs, if there are modules beside the kernel. Sets initramfs.
add_modules() {
	local modules release driver file to seen=" " n=100

	modules=$(dirname "$kernel")/modules
	[[ -d $modules ]] || return 0
	command -v modprobe >/dev/null ||
		die "Looked for modprobe and did not find it. Install it with: apt-get install kmod"
	release=$(basename "$modules"/*)
	mkdir -p "$packing/tree/lib" "$packing/drivers/modules"
	ln -s "$(realpath "$modules")" "$packing/tree/lib/modules"
	for driver in "${drivers[@]}"; do
		while read -r file; do
			[[ $seen != *" $file "* ]] || continue
			seen+="$file "
			n=$((n + 1))
			to=$packing/drivers/modules/$n-$(basename "$file" | sed 's/[.].*//').ko
			case $file in
			*.xz) xz -dc "$file" >"$to" ;;
			*.zst) zstd -dcq "$file" >"$to" ;;
			*) cp "$file" "$to" ;;
			esac
		done < <(modprobe -S "$release" -d "$packing/tree" --show-depends "$driver" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p')
	done
	append_archive "$packing/drivers" modules
}

# Sets machine: QEMU's options for CPUs and memory.
describe_machine() {
	local accelerator=$accel cpu=max node first

	# TCG: a table of translations that need not be emptied, a thread a CPU;
	# 5-level page tables would only lengthen its walks.
	if [[ -n $exact ]]; then
		accelerator=tcg,thread=single,tb-size=256
		cpu=max,la57=off,rdrand=off,rdseed=off
	elif [[ $accel == tcg ]]; then
		accelerator=tcg,thread=multi,tb-size=256
		cpu=max,la57=off
	fi
	machine=(-M pc -accel "$accelerator" -cpu "$cpu" -m "$memory")
	# Time is the number of instructions, and chance and the date are given.
	[[ -z $exact ]] ||
		machine+=(-icount "shift=0,sleep=off" -seed 1 -rtc "base=2024-01-01,clock=vm")
	[[ -z $plugin ]] || machine+=(-plugin "$plugin")
	if ((nodes == 1)); then
		machine+=(-smp "$cpus")
		return
	fi
	# A socket a node: Linux complains of caches that two nodes share.
	machine+=(-smp "$cpus,sockets=$nodes")
	for ((node = 0; node < nodes; node++)); do
		first=$((node * node_cpus))
		machine+=(
			-object "memory-backend-ram,id=memory$node,size=${node_memory}M"
			-numa "node,nodeid=$node,cpus=$first-$((first + node_cpus - 1)),memdev=memory$node"
		)
	done
}

start() {
	local command_line boot

	describe_machine
	command_line="console=ttyS0 quiet panic=-1 oops=panic nokaslr mitigations=off"
	command_line+=" clocksource=tsc tsc=reliable no_timer_check noreplace-smp"
	command_line+=" hugetlb_free_vmemmap=off random.trust_cpu=on null_blk.nr_devices=0 8250.nr_uarts=1"
	command_line+=" rcupdate.rcu_expedited=1"
	[[ -z $exact ]] || command_line+=" randomize_kstack_offset=off"
	[[ -z $packed ]] || command_line+=" pinscale.packed"
	boot=$(dirname "$kernel")/boot
	[[ ! -f $boot ]] || command_line+=" $(head -n 1 "$boot")"
	[[ -z $append ]] || command_line+=" $append"
	"$qemu" "${machine[@]}" \
		-nodefaults -no-user-config -display none -monitor none -no-reboot -no-hpet \
		-serial "file:${log//,/,,}" \
		-kernel "$kernel" -initrd "$initramfs" -append "$command_line" \
		-fsdev "local,id=results,path=$share_value,security_model=none,multidevs=remap" \
		-device virtio-9p-pci,fsdev=results,mount_tag=results,disable-legacy=on \
		${extra[@]+"${extra[@]}"} >"$log.qemu" 2>&1 </dev/null &
	qemu_pid=$!
}

main() {
	local ended status=0 guest_status

	read_options "$@"
	rm -f "$share"/.guest/{status,status.new,warnings,meminfo,started}
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM

	packing=$(mktemp -d)
	add_modules
	[[ -z $packed ]] || pack
	start
	sleep "$timeout" &
	timer_pid=$!
	wait -n -p ended "$qemu_pid" "$timer_pid" || status=$?
	if [[ $ended == "$timer_pid" ]]; then
		timer_pid=
		failed "The guest was not done after $timeout s, and was ended."
	fi
	qemu_pid=
	if ((status)); then
		cat "$log.qemu" >&2
		die "QEMU could not start the guest, or fell over (exit status $status); its own words are above."
	fi
	rm -f "$log.qemu"
	[[ -s $share/.guest/status ]] ||
		failed "The guest went down before its command ended: the kernel $kernel panicked, or could not mount the share."
	guest_status=$(<"$share/.guest/status")
	[[ $guest_status == 0 ]] ||
		failed "The command in the guest exited with status $guest_status."
}

main "$@"
