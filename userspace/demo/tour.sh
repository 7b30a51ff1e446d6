#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# tour.sh - the first half of the article of 1996 as a story: pages, faults, /dev/mem
#
# For a guest of its own with busybox: it makes disks of memory, takes one of them
# for swap, and plays with the screen. scripts/tour runs it. Ends with "tour: all as
# expected", or with status 1.

set -u
bad=0

chapter() { printf '\n=== %s\n\n' "$*"; }
fail() {
	echo "tour: not as expected: $*"
	bad=1
}
# shown WHO LINE: what is typed by root or user, and what comes; in $out, too
shown() {
	if [ "$1" = root ]; then
		echo "root# $2"
		out=$(sh -c "$2" 2>&1)
	else
		echo "user\$ $2"
		out=$(su user -c "$2" 2>&1)
	fi
	status=$?
	echo "$out"
}
expect() { # STATUS PATTERN: of the line shown last
	case $status:$out in
	"$1":*"$2"*) ;;
	*) fail "status $status, or no '$2'" ;;
	esac
}
wait_for() {
	tries=50
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

chapter "The machine: a card, a disk, swap"
modprobe skel_sim && modprobe brd rd_nr=2 rd_size=16384 || exit 1
wait_for test -c /dev/skel0 && wait_for test -b /dev/ram1 || exit 1
mkdir -p /mnt
mke2fs -F /dev/ram0 >/dev/null && mount -t ext4 /dev/ram0 /mnt && chmod 1777 /mnt || exit 1
mkswap /dev/ram1 >/dev/null && swapon /dev/ram1 || exit 1
chown user:user /dev/skel0
echo "Both disks are of memory; the kernel does not know, and reads and writes them as any disk."
shown root 'cat /proc/swaps'
expect 0 /dev/ram1
shown user 'skelctl list'
expect 0 /dev/skel0

chapter "Pages, by an ordinary user: doing it and counting the faults"
shown user 'skelctl pages --explain --directory /mnt'
expect 0 "The words of 1996 today"

chapter "The same by root: frames. The child's copy is in another one"
shown root 'skelctl pages -D /mnt | sed -n "/^3/,/^4/{/^4/d;p}"'
expect 0 "mapcount 2: "
shown root 'skelctl pages -D /mnt | grep "640 KiB"'
expect 0 "96 of 96 reserved"

chapter "The nasty program: the text console through /dev/mem (examples/console-devmem.c)"
cat <<'TEXT'
A text screen is memory at the physical address 0xb8000, two bytes for each character.
The program maps it and turns each line round, behind the back of the console's driver.
Once, /dev/mem was all of memory. CONFIG_STRICT_DEVMEM leaves what is not RAM of the
system: video memory, firmware, devices. The screen can be mapped, the kernel's RAM cannot.

TEXT
printf '\033[2J\033[HHello, console\n' >/dev/tty1
echo "The first line of the screen, as the console's driver has it, is in /dev/vcs1."
shown root 'head -c 80 /dev/vcs1'
expect 0 "Hello, console"
shown user console-devmem
expect 1 "Permission denied"
shown root console-devmem
expect 0 "turned round"
expect 0 "Operation not permitted, by CONFIG_STRICT_DEVMEM"
shown root 'head -c 80 /dev/vcs1'
expect 0 "elosnoc ,olleH"
console-devmem >/dev/null

chapter "The same idea, done rightly: a region of a card (examples/console-region.c)"
cat <<'TEXT'
The driver says where the card's memory is, and how long: no address, no root, and nothing
beyond the region can be reached. The card sends its memory by DMA into a buffer.

TEXT
shown user 'console-region /dev/skel0'
expect 0 "the card sees the same"

swapoff /dev/ram1
umount /mnt
[ "$bad" -eq 0 ] || exit 1
printf '\ntour: all as expected\n'
