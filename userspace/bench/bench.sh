#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh - run skel-bench and the benchmark of the validation in a guest
#
# Runs as root in a minimal system with busybox. Options go to skel-bench.
# Exit status: 1 if a limit is exceeded.

set -u

dir=$(dirname "$0")
status=0

if [ ! -e /dev/skel0 ]; then
	modprobe skel_sim cards=16 || exit 1
	modprobe skel_ucard
	sleep 0.5
fi

"$dir/skel-bench" "$@" || status=1

# The KUnit module times the check of one request alone and prints lines
# "skel-bench: validate: <how many> buffers: <how long> ns"
printf '\n## Validation of one request\n\n'
if ! modprobe skel_kunit; then
	echo "(no KUnit module skel_kunit, not measured)"
	exit $status
fi
dmesg | sed -n 's/.*skel-bench: //p' | awk '
	function growth() {
		return ns[1] ? ns[10000] / ns[1] : 0
	}
	/^validate: [0-9]+ buffers: [0-9]+ ns/ {
		if (!count++)
			print "| buffers of the channel | ns |\n|---|---|"
		ns[$2] = $4
		print "| " $2 " | " $4 " |"
	}
	END {
		if (!(1 in ns) || !(10000 in ns)) {
			print "(the KUnit module printed no times)"
			exit 1
		}
		kept = growth() <= 1.5
		printf "\nlimit: growth from 1 to 10000 buffers: %.2f, at most 1.5: %s\n",
			growth(), kept ? "kept" : "EXCEEDED"
		exit !kept
	}' || status=1
exit $status
