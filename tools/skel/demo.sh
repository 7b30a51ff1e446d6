#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh - prepare a guest as udev would, then show skel to an ordinary user
#
# Runs as root, in a minimal system with busybox. Options go to skel-demo.

set -u

dir=$(dirname "$0")
: "${LANG:=C.UTF-8}"
export LANG

device=/dev/skel0
uid=1000

fail() {
	echo "demo.sh: $*" >&2
	exit 1
}

if [ ! -e "$device" ]; then
	modprobe skel_sim || fail "cannot load the simulated card (skel_sim)"
fi

# the device appears in the background
tries=50
while [ ! -c "$device" ]; do
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || fail "$device does not appear"
	sleep 0.1
done

# what 60-skel.rules does on a system with udev: the node belongs to the user
if ! chown "$uid:$uid" "$device" || ! chmod 0660 "$device"; then
	fail "cannot give $device to uid $uid"
fi

exec "$dir/skel-demo" --device "$device" --uid "$uid" "$@"
