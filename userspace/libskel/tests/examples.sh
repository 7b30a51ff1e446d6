#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# examples.sh - each function of the library is in an example that is compiled
#
# Usage: examples.sh MAP MANUAL EXAMPLE...

map=$1 manual=$2 n=0 failed=0
shift 2
for name in $(grep -oE '\bskel_[a-z_]+;' "$map" | tr -d ';'); do
	n=$((n + 1))
	if grep -qw "$name" "$@" || sed -n '/^[.]nf/,/^[.]fi/p' "$manual" | grep -qw "$name"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name: in no example"
		failed=1
	fi
done
echo "1..$n"
[ "$n" -gt 0 ] && exit $failed
