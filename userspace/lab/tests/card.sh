#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# card.sh - the instrument on skel_ucard, with real clients
#
# For a machine that has the modules and nothing else to do, by root: scripts/check-lab
# runs it in a virtual machine. It needs skel-lab, skelctl, follow-stream, demo.sh,
# lxi and busybox. Prints a line for each check, "ok" or "not ok".

pass() { echo "ok lab: $*"; }
fail() { echo "not ok lab: $1: $2"; }

# is NAME WANTED GOT
is() {
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "'$3' instead of '$2'"; fi
}

# has NAME PATTERN TEXT
has() {
	case $3 in
	*"$2"*) pass "$1" ;;
	*) fail "$1" "no '$2' in '$3'" ;;
	esac
}

wait_for() {
	tries=100
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

# start OPTION...: an instrument; sets lab and device
start() {
	rm -f /tmp/name
	skel-lab --log-level warning "$@" >/tmp/name 2>/tmp/log &
	lab=$!
	if ! wait_for test -s /tmp/name; then
		fail "start $*" "$(cat /tmp/log)"
		return 1
	fi
	device=$(head -n 1 /tmp/name)
	wait_for test -c "$device"
}

stop() {
	kill "$lab"
	wait "$lab"
}

ask() {
	skelctl -d "$device" cmd --timeout 20000 "$@" 2>&1
}

# hold OPTION...: a skelctl cmd that sends the lines of descriptor 3 until let_go;
# what it gets is in /tmp/held
hold() {
	rm -f /tmp/lines
	mkfifo /tmp/lines
	skelctl -d "$device" cmd "$@" - </tmp/lines >/tmp/held 2>&1 &
	held=$!
	exec 3>/tmp/lines
}

let_go() {
	exec 3>&-
	wait "$held"
}

# has_lines PATTERN COUNT: so many lines of /tmp/held begin with it
has_lines() {
	[ "$(grep -c "^$1" /tmp/held)" -ge "$2" ]
}

# user and system time of the instrument in ticks of 10 ms
ticks() {
	cut -d' ' -f14,15 "/proc/$lab/stat" | tr ' ' '+' | { read -r sum; echo $((sum)); }
}

# acquire OPTION...: prints what is measured, and how it ended
acquire() {
	skelctl -d "$device" acquire --no-plot "$@" 2>&1
	echo "status $?"
}

# reserved CARD COMMAND...: the one that samples has reserved it. Others are refused,
# with $other, and do not disturb it.
reserved() {
	card=$1
	shift
	: >/tmp/reserved	# not that of the one before
	acquire --rate 1000 --frames 3000 >/tmp/reserved &
	recording=$!
	wait_for grep -q sampling /tmp/reserved
	other=$("$@" 2>&1)
	wait $recording
	has "$card: another: $*: refused" "measured 50.00 Hz" "$(cat /tmp/reserved)"
	has "$card: another: $*: status" "status 0" "$(cat /tmp/reserved)"
}

no_cpu() { # NAME
	before=$(ticks)
	sleep 2
	is "$1" 0 $(($(ticks) - before))
}

modprobe skel_ucard || exit 1
wait_for test -c /dev/skel-ucard

is "only root makes cards" 'crw-------' "$(stat -c %A /dev/skel-ucard)"

# the owner's mistakes
printf 'seed = 1\nmemory = much\n' >/tmp/bad.conf
out=$(skel-lab --config /tmp/bad.conf 2>&1)
is "a wrong file: status" 2 $?
has "a wrong file: message" "/tmp/bad.conf:2: memory: 'much'" "$out"
printf 'command = INP1:FREQ 1 kHz\ncommand = INP1:FREQ 1 V\n' >/tmp/bad.conf
out=$(skel-lab --check-config --config /tmp/bad.conf 2>&1)
is "a wrong command: status" 2 $?
has "a wrong command: message" "/tmp/bad.conf:2: INP1:FREQ 1 V: -131," "$out"
out=$(skel-lab --device /dev/none 2>&1)
has "no device" "is the module skel_ucard loaded?" "$out"

# virtual time: whatever the machine does, it is the same
story() {
	start --virtual-time --seed "$1" --memory 64K || return
	ask 'INP1:FUNC NOIS;AMPL 3 V;:SAMP:COUN 10000;RATE 1 MHz;:READ?;*OPC?' \
		'SYST:TIME?' 'SYST:TIME:ADV 3600;:SYST:TIME?' 'DATA? 0,1;:SYST:ERR?' | od -c
	stop
}
first=$(story 1)
has "samples" 'N o e r r o r' "$(echo "$first" | tr -s ' \n' ' ')"
is "the same samples again" "$first" "$(story 1)"
if [ "$first" != "$(story 2)" ]; then
	pass "another seed"
else
	fail "another seed" "the same samples"
fi

start
reserved lab acquire --rate 1000 --frames 300
has "lab: the second one is told why" "has reserved the sampling of this card (CHAN" "$other"
reserved lab ask 'INPUT 0 60000 8000'
has "lab: a setting is refused" "ERROR protected" "$other"
reserved lab ask 'ABOR'
has "lab: a stop is refused" "-203," "$other"
stop

# rate, ring and errors are the instrument's; 1 ms passes with each line
start --virtual-time
has "the true rate: said" "at 699300.7 Hz each (700000 Hz were asked for)" \
	"$(acquire --rate 700000 --frequency0 7000)"
has "the true rate: measured" "measured 7000.00 Hz" "$(acquire --rate 700000)"
has "the true rate: times" "
0.00142857," "$(acquire --rate 700000 --csv -)"
ask 'SAMP:RING 65536,65536' >/dev/null
has "a ring in the middle" "measured 50.00 Hz" "$(acquire --frequency0 50)"
out=$(ask 'INPut1:FUNCtion TRIangle;FREQuency 2 kHz;AMPLitude 5 V')
is "a setting: status" 0 $?
is "a setting is not answered" "" "$out"
has "a setting has its effect" "INP1: triangle 2000 Hz, 5 V; measured 2000.00 Hz" \
	"$(acquire --rate 100000)"
out=$(ask 'INPut1:FREQuency 2 V')
is "a wrong value: status" 1 $?
has "a wrong value: the reason" '-131,"Invalid suffix' "$out"
out=$(ask 'INPut1:COLour RED')
is "an unknown setting: status" 1 $?
has "an unknown setting: the reason" '-113,"Undefined header' "$out"
is "an uploaded program's answer" "42" "$(ask "PROG:DEF ans,'wait(0.02) print(42)'" ANS)"
is "the card cannot forge the core's lines" "card: DONE TOHOST 0x0 0x10 0x400000000" \
	"$(ask "PROG:DEF liar,'print(\"skel: DONE TOHOST 0x0 0x10 0x400000000\")'" LIAR)"
is "the core refuses a transfer" "skel: REFUSED TOHOST 0x0 0x10 0x400000000 host-address" \
	"$(ask 'TOHOST 0 16 0x400000000')"
has "longer than the card's memory" "1000000 frames, 1 s; 0 lost" \
	"$(skelctl -d "$device" record -q -r 1MHz -n 1000000 /tmp/new.csv 2>&1)"
is "longer than the card's memory: the end" 0.999999 "$(tail -n 1 /tmp/new.csv | cut -d, -f1)"
rm -f /tmp/new.csv
stop

# several at once
start --virtual-time --serial A && first_lab=$lab first_device=$device
start --virtual-time --serial B
has "two instruments: B" "skel,lab,B," "$(ask '*IDN?')"
has "two instruments: A" "skel,lab,A," "$(device=$first_device ask '*IDN?')"
is "two instruments" "/dev/skel0 /dev/skel1" "$first_device $device"
no_cpu "no CPU when idle, virtual time"
has "stream of ${STREAM_FRAMES:-10000000} samples: none is lost" " frames, 0 lost" \
	"$(follow-stream "${STREAM_FRAMES:-10000000}" "$device" 2>&1)"
stop
is "ended by SIGTERM" 0 $?
kill "$first_lab"
wait "$first_lab"

# real clients
start --listen 5025
is "listens" 127.0.0.1:5025 "$(tail -n 1 /tmp/name)"
lxi() { /bin/lxi scpi --address 127.0.0.1 --port 5025 --timeout 10 --raw "$1" 2>&1; }
has "lxi: identity" "skel,lab,0," "$(lxi '*IDN?')"
lxi 'INP1:FUNC DC;OFFS 2.5 V' >/dev/null
is "lxi: measurement" "2.500076" "$(lxi 'MEAS:VOLT? (@1)')"
has "lxi: sampling" "1000,0," "$(lxi 'SAMP:RATE 100 kHz;COUN 1000;:READ?')"
is "lxi: no errors" '0,"No error"' "$(lxi 'SYST:ERR?')"
has "lxi: no DMA" "ERROR no-channel" "$(lxi 'TOHOST 0 16 0x100000000;*OPC?')"
has "the card beside the network" "skel,lab,0," "$(ask '*IDN?')"
has "an address in use" "choose another port" "$(skel-lab --no-card --listen 5025 2>&1)"

# streams: each sample is the right one
has "stream in real time" " frames, " "$(follow-stream 4000000 "$device" 2>&1)"
# steady sampling in real time, asked for its status meanwhile
ask 'SAMP:KEEP ON;:SAMPLE 1000000' >/dev/null
sleep 2
status=$(ask 'STATUS?')
has "1 MS/s: samples" "STATUS SAMPLING rate=1000000" "$status"
frames=$(echo "$status" | sed 's/.* frames=\([0-9]*\).*/\1/')
lost=$(echo "$status" | sed 's/.* lost=\([0-9]*\).*/\1/')
if [ "$frames" -gt 1500000 ]; then
	pass "1 MS/s: $frames frames, $lost of them lost"
else
	fail "1 MS/s" "$status"
fi
ask STOP >/dev/null
no_cpu "no CPU when idle, real time"

# a hostile program: each request is the core's decision
hold --replies 0
echo "PROG:DEF evil,'for i = 0, 9 do tohost(i * 4096, 4096, i * 0x100000000) end'" >&3
echo EVIL >&3
wait_for has_lines 'skel: REFUSED' 10
let_go
is "a hostile program is refused" 10 "$(grep -c '^skel: REFUSED' /tmp/held)"

# what the tools say about it
has "selftest" ' 0 failed, 0 skipped' "$(skelctl -d "$device" selftest)"
hold
echo 'TOHOST 0x0 0x10 0x0' >&3
wait_for has_lines 'skel: REFUSED' 1
has "monitor: what was refused to another program" '"granted": 0, "refused": 1,' \
	"$(skelctl -d "$device" monitor --count 1 --interval 100ms --json)"
let_go

# stopped: users are told, and nobody hangs
kill -STOP "$lab"
begin=$(cut -d. -f1 /proc/uptime)
is "stopped: users are told" "ERROR timeout" "$(ask '*IDN?')"
if [ $(($(cut -d. -f1 /proc/uptime) - begin)) -lt 15 ]; then
	pass "stopped: in time"
else
	fail "stopped" "too late"
fi
skelctl -d "$device" info >/dev/null 2>&1
is "stopped: info knows that something is missing" 4 $?
has "stopped: doctor" "does not answer" "$(skelctl -d "$device" doctor)"
kill -CONT "$lab"
sleep 0.5
has "goes on" "skel,lab,0," "$(ask '*IDN?')"

# killed: its users end, its card goes away
skelctl -d "$device" cmd --timeout 60000 'TRIG:SOUR BUS;:SAMP:COUN 10;:READ?' >/tmp/waiting 2>&1 &
waiting=$!
sleep 1
kill -KILL "$lab"
wait "$lab" 2>/dev/null
wait $waiting
is "killed: its users end" 3 $?
has "killed: and are told" "the card is gone" "$(cat /tmp/waiting)"
is "killed: the card is gone" "" "$(ls /dev/skel[0-9]* 2>/dev/null)"

modprobe skel_sim
wait_for test -c /dev/skel0
device=/dev/skel0
reserved sim acquire --rate 10000 --frames 500
has "sim: the second one is told why" "has reserved the sampling of this card" "$other"
for command in 'SAMPLE 1000' 'INPUT 0 60000 8000' STOP; do
	reserved sim ask "$command"
	has "sim: $command is refused" "ERROR busy" "$other"
done
has "sim: nothing is left of it" "measured 50.00 Hz" "$(acquire --rate 10000 --frames 500)"
wait_for rmmod skel_sim 2>/dev/null

sh demo.sh --function triangle --frequency 2000 --amplitude 5 >/tmp/demo 2>&1
is "the demo" 0 $?
has "the demo draws what was asked for" "INP1: triangle 2000 Hz, 5 V" "$(cat /tmp/demo)"

wait_for rmmod skel_ucard 2>/dev/null
is "unload" "" "$(lsmod | grep skel_ucard)"
echo "end of the checks"
