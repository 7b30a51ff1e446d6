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
t() { tmux -u -S "$tmp/socket$terminals" -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null; rm -rf "$tmp"' EXIT

end='\n'
start() { # WIDTH HEIGHT ARGUMENT...
	[ "$terminals" = 0 ] || t kill-server
	terminals=$((terminals + 1))
	t new-session -d -x "$1" -y "$2" "$skelctl ${*:3}; printf 'status %s$end' \$?; sleep 60"
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
is() { # NAME COMMAND...: on the screen, with its colours
	n=$((n + 1))
	if t capture-pane -p -e | LC_ALL=C "${@:2}"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		failed=1
	fi
}
lacks() { ! grep -qE -- "$1"; }
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
	t resize-window -x 60 -y 10
	sleep 0.2
	t send-keys 'STOP' Enter
	see "a terminal that has been resized" '^OK STOP$'
	# while a line is edited, in raw mode
	t send-keys 'VANISH' Enter
	see "the card is gone" 'the card is gone: it was'
	see "its exit status" '^status 3$'
	t send-keys 'abc'
	see "the terminal is as before" '^abc$'
else
	skip "interactive commands" "built without libedit"
fi

# A machine with a channel, whose counters move when told so
proc=$tmp/root/proc/77
mkdir -p "$tmp/root/sys/class/misc/skel0" "$tmp/root/sys/class/misc/skel1" "$proc/fd" "$proc/fdinfo"
ln -s /dev/skel0 "$proc/fd/5"
printf 'ana\033[31mlyse\n' >"$proc/comm"
: >"$proc/maps"
count() { # BYTES
	printf 'skel-channel:\t3\nskel-buffers:\t1\nskel-memory:\t64 kB\nskel-pending:\t0\nskel-granted:\t%s\nskel-refused:\t2\nskel-tohost:\t%s\nskel-fromhost:\t0\n' $(($1 / 1000)) "$1" >"$tmp/count"
	mv "$tmp/count" "$proc/fdinfo/5"
}
monitor() { # WIDTH HEIGHT OPTION...
	count 0
	start "$1" "$2" monitor --root "$tmp/root" "${@:3}"
}
monitor 80 24 -i 1d
see "monitor: 80 columns" '^card  chan program    bufs   memory run xfers/s   to host from host refused lost$'
see "monitor: what is not known yet, and a name that would change the colour" \
	'^skel0    3 ana\?\[31mly    1   64 KiB   0       -         -         -       2    0$'
see "monitor: a card that nobody uses" '^skel1    - - '
t resize-window -x 40 -y 12
see "monitor: 40 columns, at once" '^card  chan program      to host refused$'
t resize-window -x 20 -y 5
see "monitor: 20 columns" '^skel0    3         -$'
t send-keys q
see "monitor: q ends it" '^status 0$'
monitor 40 12 -i 2
see "monitor: before" '^skel0    3 .* - +2$'
count 5000000
see "monitor: bytes per second" '^skel0    3 ana\?\[31mly +[1-9][0-9.]* [kM]B/s       2$'
rm -r "$proc"
see "monitor: it has closed the card" '^skel0    - - '
t send-keys C-c
see "monitor: Ctrl-C ends it" '^status 0$'
is "monitor: the screen is as before" lacks card

# waveforms, as wide and high as the terminal is without the prompt behind them
end=
start 80 24 plot --utf8
see "plot: in 80x24" 'measured 50.00 Hz, -8.000 V to 8.000 V ─┐$'
see "plot: both of them" '^ +┌─ INP2: square 100 Hz, 5 V ─ measured 100.00 Hz'
see "plot: times" '^ +0 .* 100 ms$'
start 80 24 plot --ascii
see "plot: ASCII" '^ +\+- INP1: sine 50 Hz, 8 V -+ measured 50.00 Hz'
see "plot: ASCII: the end" '^status 0$'
is "plot: only ASCII" lacks '[^ -~[:cntrl:]]'
start 40 12 plot --utf8
see "plot: in 40x12" '^INP1 .*⠇'
see "plot: in 40x12: voltages" '^10V +.*⣀'
see "plot: in 40x12: the end" '^status 0$'
start 20 5 plot --ascii
see "plot: in 20x5" '^INP2 .*\|'
see "plot: in 20x5: times" ' ms$'
start 80 24 plot --utf8 --height 10
see "plot: colours" '^status 0$'
is "plot: in colour" grep -qF "$(printf '\033[36m')"
export NO_COLOR=1
start 80 24 plot --utf8 --height 10
see "plot: NO_COLOR" '^status 0$'
is "plot: NO_COLOR: no colour" lacks "$(printf '\033\[3[36]m')"
unset NO_COLOR

echo "1..$n"
exit $failed
