#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh - prepare a guest as udev would, then show skel to an ordinary user
#
# Runs as root in a minimal system with busybox. The card is an instrument played
# by a program, skel-lab, or the one that SKEL_DEVICE names. Options go to
# skel-demo, among them the waveform:
#
#	demo.sh --function triangle --frequency 2000 --amplitude 5

set -u

dir=$(dirname "$0")
: "${LANG:=C.UTF-8}"
export LANG

device=${SKEL_DEVICE:-}
uid=1000
lab=''
name=/tmp/skel-lab.$$

fail() {
	echo "demo.sh: $*" >&2
	exit 1
}

# The card goes away with its program.
end() {
	[ -z "$lab" ] || kill "$lab" 2>/dev/null
	rm -f "$name"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

# Wait up to 5 s until a command succeeds.
wait_for() {
	tries=50
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

if [ -z "$device" ]; then
	if [ ! -e /dev/skel-ucard ]; then
		modprobe skel_ucard || fail "cannot load skel_ucard"
	fi
	wait_for test -c /dev/skel-ucard || fail "/dev/skel-ucard does not appear"
	"$dir/skel-lab" --log-level warning >"$name" &
	lab=$!
	wait_for test -s "$name" || fail "skel-lab does not start"
	device=$(cat "$name")
fi

# the device appears in the background
wait_for test -c "$device" || fail "$device does not appear"

# what 60-skel.rules does on a system with udev: the node belongs to the user
if ! chown "$uid:$uid" "$device" || ! chmod 0660 "$device"; then
	fail "cannot give $device to uid $uid"
fi

"$dir/skel-demo" --device "$device" --uid "$uid" "$@"
