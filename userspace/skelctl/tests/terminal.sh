#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# terminal.sh - skelctl as a person sees it, in terminals of tmux
#
# Usage: terminal.sh SKELCTL libedit|plain

set -u
skelctl=$(realpath "$1") edit=$2
n=0 failed=0
tmp=$(mktemp -d) || exit 1
export HOME=$tmp XDG_STATE_HOME=$tmp/state SKEL_DEVICE=/dev/fake-skel
terminals=0
t() { tmux -S "$tmp/socket$terminals" -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null; rm -rf "$tmp"' EXIT

start() { # WIDTH HEIGHT ARGUMENT...
	[ "$terminals" = 0 ] || t kill-server
	terminals=$((terminals + 1))
	t new-session -d -x "$1" -y "$2" "$skelctl ${*:3}; echo status \$?; sleep 60"
}
screen() { t capture-pane -p 2>/dev/null; }
# Wait until the screen has a line like this
see() { # NAME PATTERN
	n=$((n + 1))
	for _ in $(seq 100); do
		screen | grep -qE -- "$2" && { echo "ok $n - $1"; return; }
		sleep 0.05
	done
	echo "not ok $n - $1: no $2"
	screen | sed 's/^/# /'
	failed=1
}
skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

if [ "$edit" = libedit ]; then
	start 80 24 cmd
	see "a prompt" '^card>$'
	t send-keys '*ID' Tab Enter
	see "Tab completes" '^skel,fake,0,1$'
	t send-keys 'ST' Tab
	see "what can follow is not taken" '^card> ST$'
	t send-keys Tab
	see "but listed" '^STATUS\?$'
	t send-keys C-u 'NONSENSE' Enter
	see "errors are seen" '^ERROR unknown-command$'
	t send-keys Up Up
	see "history" '^card> \*IDN\?$'
	t send-keys C-u C-d
	see "Ctrl-D ends" '^status 0$'
	start 80 24 cmd
	see "once more" '^card>$'
	t send-keys Up
	see "the history is still there" '^card> NONSENSE$'
	start 20 5 cmd
	see "a narrow terminal" '^card>$'
	t send-keys '*IDN?' Enter
	see "answers there" '^skel,fake,0,1$'
else
	skip "interactive commands" "built without libedit"
fi
echo "1..$n"
exit $failed
