#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# test-rules.sh - udev understands the rule, and a missing group costs no more than
# the group
#
# Usage: test-rules.sh RULES

rules=$1 n=0 failed=0
ok() { # NAME COMMAND...
	name=$1
	shift
	n=$((n + 1))
	if output=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		echo "$output" | sed 's/^/# /'
		failed=1
	fi
}
verify() {
	udevadm verify --help >/dev/null 2>&1
}
# Continued lines do not occur; a line with a group has nothing else to lose.
alone() {
	[ "$(grep -c '^[^#].*TAG+="uaccess"' "$rules")" = 1 ] &&
		! grep '^[^#].*GROUP=' "$rules" | grep -E 'uaccess|SYMLINK'
}
below_73() {
	number=$(basename "$rules" | sed 's/^\([0-9]*\)-.*/\1/')
	[ "$number" -lt 73 ]
}
ok "uaccess and the group are two rules" alone
ok "they come before those that act upon uaccess" below_73
if verify; then
	ok "udevadm verify" udevadm verify --no-summary --resolve-names=never "$rules"
else
	n=$((n + 1))
	echo "ok $n - udevadm verify # SKIP this udevadm cannot"
fi
echo "1..$n"
exit $failed
