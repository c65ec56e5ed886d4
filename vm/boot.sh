#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Boots a kernel in a QEMU guest, which runs one command and is switched off.

set -euo pipefail

qemu="qemu-system-x86_64"
qemu_pid=
timer_pid=

usage() {
	cat <<-'END'
	usage: vm/boot.sh --kernel BZIMAGE --initramfs FILE --share DIR --log FILE
	                  [--cpus N] [--memory SIZE] [--timeout SECONDS]
	                  [--append PARAMETERS] [--accel NAME] [-- QEMU-OPTIONS]

	Boots BZIMAGE with the archive of vm/initramfs.sh. DIR is /results in the
	guest; the shell script DIR/.guest/command is run there. Left behind:

	  DIR/.guest/status    the command's exit status
	  DIR/.guest/warnings  what the kernel said at level warning or worse
	  DIR/.guest/meminfo   HugePages_* after the command
	  DIR/.guest/started   the guest's uptime when the command was started
	  FILE                 the serial console, the command's output with it

	Defaults: 2 CPUs, 2G, 300 seconds, tcg.
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
	exit "$status"
}

read_options() {
	kernel=
	initramfs=
	share=
	log=
	cpus=2
	memory=2G
	timeout=300
	append=
	accel=tcg
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
		--kernel | --initramfs | --share | --log | --cpus | --memory | --timeout | --append | --accel)
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
	[[ $cpus =~ ^[1-9][0-9]*$ ]] || die "--cpus wants a number from 1 up, not '$cpus'."
	[[ $timeout =~ ^[1-9][0-9]*$ ]] || die "--timeout wants whole seconds from 1 up, not '$timeout'."
	command -v "$qemu" >/dev/null ||
		die "Looked for $qemu and did not find it. Install it with: apt-get install qemu-system-x86"
	: >"$log" || die "Cannot write the serial console to $log."
	# A comma ends the value of a QEMU option, two stand for one.
	share_value=${share//,/,,}
}

start() {
	local command_line accelerator=$accel cpu=max

	# TCG: a table of translations that need not be emptied, a thread a CPU;
	# 5-level page tables would only lengthen its walks.
	if [[ $accel == tcg ]]; then
		accelerator=tcg,thread=multi,tb-size=256
		cpu=max,la57=off
	fi
	command_line="console=ttyS0 quiet panic=-1 oops=panic nokaslr mitigations=off"
	command_line+=" clocksource=tsc tsc=reliable no_timer_check noreplace-smp"
	command_line+=" hugetlb_free_vmemmap=off random.trust_cpu=on null_blk.nr_devices=0 8250.nr_uarts=1"
	command_line+=" rcupdate.rcu_expedited=1"
	[[ -z $append ]] || command_line+=" $append"
	"$qemu" -M pc -accel "$accelerator" -cpu "$cpu" -smp "$cpus" -m "$memory" \
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
