#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # scripts/boot sets what is not set here
#
# lib-accel.sh: run scripts/boot's guest with the accelerator that works. It is
# sourced, not run.
#
# KVM may be there and not work, fail in the middle, or fail with one kernel only.
# What was seen is remembered for this machine and this kernel image.

# Seconds without a sign of life after which KVM hangs, and that a probe may take.
patience=${KVM_PATIENCE:-12}

# The file that says "works", or what is wrong. A reboot, another processor (of a
# virtual machine that has moved), another kernel or another QEMU asks anew.
kvm_memory() { # QEMU IMAGE
	local machine
	machine=$({
		cat /proc/sys/kernel/random/boot_id
		uname -rm
		grep -m 1 'model name' /proc/cpuinfo || true
		stat -Lc '%n %s %Y' "$(command -v "$1")"
	} | sha256sum)
	echo "$SKEL_CACHE/kvm/${machine:0:16}-$(sha256sum <"$2" | cut -c1-16)"
}

remember() { # FILE TEXT; a cache that cannot be written is no reason to fail
	{
		mkdir -p "${1%/*}" && find "${1%/*}" -type f -mtime +30 -delete
		echo "$2" >"$1.$$" && mv "$1.$$" "$1"
	} 2>/dev/null || true
}

# The number of the console's first line that reports a fault and is not expected.
first_report() {
	grep -aEn "$report" "$console" | grep -avE "${accept:-^$}" | head -n 1 | cut -d: -f1 || true
}

# Whether a fault that was reported is in a function of the driver: plain emulation
# may just not win the same race, so this is for the user to see.
driver_fault() {
	local found
	found=$(first_report)
	[ -n "$found" ] && tail -n "+$found" "$console" | grep -av 'Modules linked in' |
		grep -aE '\[skel[a-z_]*\]|DMA-API: skel' >/dev/null
}

# Whether the guest came to its end: with the status of its command, or because it
# was switched off on purpose.
ended_well() {
	[ "$ended" -eq 0 ] && [ -z "$trouble" ] || return 1
	if [ -z "$interactive" ]; then
		[ -z "$(first_report)" ] || return 1
		[ ! -s "$run/status" ] || return 0
	fi
	grep -qa 'reboot: ' "$console"
}

# Why it did not, in one line.
reason() {
	if [ -n "$trouble" ]; then
		echo "$trouble"
	elif [ "$ended" -eq 124 ] || [ "$ended" -eq 137 ]; then
		echo "the guest did not end in $limit s"
	elif [ "$ended" -ne 0 ]; then
		echo "QEMU ended with status $ended: $(tail -n 1 "$log" | tr -d '\r')"
	elif [ -n "$(first_report)" ]; then
		echo "the kernel reported a fault"
	else
		echo "the guest died"
	fi
}

# Called every second while a guest runs under KVM: sets trouble to what is wrong.
watch_kvm() {
	local now
	trouble=$(grep -am 1 -oE 'KVM internal error.*|KVM: entry failed.*|KVM: unknown exit.*|kvm run failed.*' "$log") || true
	[ -z "$trouble" ] && [ -z "${ACCEL-}" ] || return 0
	# Any sign of life is one: guest-init's beat, the console, the command's output.
	now=$(stat -c %s "$run/beat" "$run/out" "$console" 2>/dev/null | tr '\n' ' ') || true
	idle=$((idle + 1))
	[ "$now" = "$heard" ] || idle=0
	heard=$now
	[ "$idle" -lt "$patience" ] || trouble="no sign of life for $patience s"
	# A report is complete after some seconds, and a shell goes on.
	[ -n "$interactive" ] || [ -z "$(first_report)" ] || driver_fault || reported=$((reported + 1))
	[ "$reported" -lt 5 ] || trouble="the kernel reported a fault"
}

stop_guest() { # sets ended
	local target=$guest
	[ -n "$interactive" ] || target=-$guest
	kill -TERM -- "$target" 2>/dev/null || true
	! has_ended 2 || return 0
	kill -KILL -- "$target" 2>/dev/null || true
	# One that even this does not end is left alone.
	has_ended 1 || ended=137
}

# The line only wakes read, which may lose half of it when its time is up.
has_ended() { # SECONDS to wait for it; sets ended
	[ -s "$run/ended" ] || read -r -t "$1" _ <&3 || true
	ended=$(cat "$run/ended" 2>/dev/null) && [ -n "$ended" ]
}

# Run QEMU once. Its files are in the directory run; ended is its status, trouble
# what is wrong with KVM, held the file with output that is held back.
run_guest() { # ACCELERATOR INITRAMFS
	local idle=0 reported=0 heard='' parameters="$kernel_args$append" terminal='' ticks=0
	local args=("$qemu" -accel "$1" -machine "$machine" -m "$mem" -smp "$smp"
		-nodefaults -no-user-config -display none -no-reboot -monitor none
		-kernel "$image" -initrd "$2" -device virtio-rng-pci
		-chardev "file,id=console,path=$console" -serial chardev:console
		-device virtio-serial-pci)
	run=$(mktemp -d "$TMP/run.XXX")
	trouble='' held=''
	: >"$console"
	[ "$1" != kvm ] || parameters+=' guest.beat'
	[ "$1" != kvm ] || args+=(-cpu host
		-chardev "file,id=beat,path=$run/beat" -device 'virtserialport,chardev=beat,nr=6')
	[ -z "$icount" ] || args+=(-icount 'shift=0,sleep=off')

	if [ -n "$interactive" ]; then
		parameters+=' skel.interactive'
		args+=(-chardev 'stdio,id=tty,signal=off' -device 'virtconsole,chardev=tty,nr=4')
		exec 4<&0 5>&1
		terminal=$(stty -g 2>/dev/null) || true
	else
		# The guest writes the command's output to port 1, its status to port 2 and
		# the files to port 3.
		: >"$run/status"
		args=(timeout -k 5 "$limit" "${args[@]}"
			-chardev 'file,id=out,path=/dev/stdout' -device 'virtserialport,chardev=out,nr=1'
			-chardev "file,id=status,path=$run/status" -device 'virtserialport,chardev=status,nr=2'
			-chardev "file,id=files,path=$run/files" -device 'virtserialport,chardev=files,nr=3')
		if [ "$1" = kvm ] && [ -z "${ACCEL-}" ]; then
			held=$run/out
			: >"$held"
		else
			mkfifo "$run/out"
			cat "$run/out" &
			reader=$!
		fi
		exec 4</dev/null 5>"$run/out"
	fi
	# QEMU talks to itself: its monitor is the other end of the guest's port.
	[ -z "$qmp" ] || args+=(
		-chardev "socket,id=qmp,path=$run/qmp,server=on,wait=off"
		-device 'virtserialport,chardev=qmp,nr=5,name=skel.qmp'
		-chardev "socket,id=monitor,path=$run/qmp" -mon 'chardev=monitor,mode=control')
	args+=(-append "$parameters" ${qemu_args[@]+"${qemu_args[@]}"})

	# In the background, so that a signal to this script ends the guest at once, and
	# so that one that does not end can be left.
	mkfifo "$run/wake"
	exec 3<>"$run/wake"
	{
		"${args[@]}" <&4 >&5 &
		echo $! >&3
		status=0
		wait $! || status=$?
		echo "$status" >"$run/ended"
		echo >&3
	} <&4 2>"$log" &
	exec 4<&- 5>&-
	read -r guest <&3
	until has_ended 1; do
		[ "$1" = kvm ] || continue
		watch_kvm
		[ -z "$trouble" ] || { stop_guest; break; }
		ticks=$((ticks + 1))
		[ -z "$held" ] || [ $((ticks % 30)) -ne 0 ] ||
			note "$ticks s, $(wc -l <"$held") lines of output until now"
	done
	guest=''
	[ -z "$terminal" ] || stty "$terminal" || true
	[ -z "$reader" ] || wait "$reader" || true
	reader=''
}

# For a script that ends before its guest.
end_guest() {
	[ -z "$guest" ] || kill -TERM -- "-$guest" 2>/dev/null || kill "$guest" 2>/dev/null
	[ -z "$reader" ] || kill "$reader" 2>/dev/null
	[ -z "$held" ] || cat "$held"
}

# Set accel to kvm if that works, else to tcg, and say why. What is not known yet, a
# small guest shows, which is as the real one but for its files and devices.
choose_accel() { # INITRAMFS
	local device=${KVM_DEVICE:-/dev/kvm} known=''
	accel=tcg
	if [ ! -e "$device" ]; then
		note "there is no $device, using plain emulation"
		return
	elif [ ! -w "$device" ]; then
		note "this user may not open $device, using plain emulation"
		return
	fi
	memory=$(kvm_memory "$qemu" "$image")
	known=$(cat "$memory" 2>/dev/null) || true
	if [ -z "$known" ]; then
		probe_kvm "$1"
		remember "$memory" "$known"
	fi
	if [ "$known" = works ]; then
		accel=kvm
	else
		note "KVM does not work here ($known), using plain emulation; to try it again remove $memory"
	fi
}

probe_kvm() { # INITRAMFS; sets known
	local interactive='' qmp='' append='' limit=$patience qemu_args=()
	run_guest kvm "$1"
	known=works
	ended_well || known=$(reason)
	[ "$known" = works ] || keep_kvm_log
	held=''
}

# What is left of a run that does not count.
keep_kvm_log() {
	cat "$console" "$log" >"$kvm_log"
	held=''
}

# Run the guest, and again with plain emulation if it has not ended well under KVM.
run_with_fallback() { # INITRAMFS
	local why
	run_guest "$accel" "$1"
	[ "$accel" = kvm ] && [ -z "${ACCEL-}" ] || return 0
	! ended_well && ! driver_fault || return 0
	why=$(reason)
	keep_kvm_log
	note "KVM: $why; running the guest again with plain emulation, see $kvm_log"
	run_guest tcg "$1"
	! ended_well || remember "$memory" "$why"
}
