#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh FILE [--short] [GROUP]... - measure in a guest, figures as CSV to FILE
#
# Runs as root in a minimal system with busybox. Without a GROUP all is measured; the
# card of skel_bench_card.ko is first behind the IOMMU and then not.

set -u

dir=$(dirname "$0")
csv=$1
shift
case $* in
''|--short) all=1 ;;
*) all='' ;;
esac

wait_for() { # DEVICE
	n=0
	until [ -e "$1" ]; do
		n=$((n + 1))
		[ $n -lt 100 ] || { echo "bench.sh: there is no $1" >&2; exit 1; }
		usleep 50000
	done
}

grants() { # TYPE: of the IOMMU's domain
	echo "$card" >$driver/unbind
	echo "$1" >"/sys/bus/pci/devices/$card/iommu_group/type" || exit 1
	echo "$card" >$driver/bind
	wait_for /dev/skel0
	"$dir/skel-bench" --csv "$csv" grants || exit 1
}

modprobe skel || exit 1
if [ -n "$all" ]; then
	insmod "$dir/skel_bench_card.ko" || exit 1
	driver=/sys/bus/pci/drivers/skel_bench_card
	card=$(cd $driver && echo 0000:*)
	grants DMA
	grants identity
	rmmod skel_bench_card
fi

modprobe skel_sim cards=16 || exit 1
modprobe skel_ucard
modprobe comedi_test
wait_for /dev/skel0
"$dir/skel-bench" --csv "$csv" "$@" || exit 1
[ -n "$all" ] || exit 0

# The KUnit module times the check of one request alone and prints lines
# "skel-bench: validate: <how many> buffers: <how long> ns"
printf '\n## Validation of one request\n\n'
modprobe skel_kunit || exit 1
dmesg | sed -n 's/.*skel-bench: validate: \([0-9]*\) buffers: \([0-9]*\) ns.*/validate,skel,\1,\2,instructions/p' |
	tee -a "$csv" | sed 's/^/| /; s/,/ | /g; s/$/ |/'
