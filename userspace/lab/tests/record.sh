#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# record.sh - skelctl record and plot with the instrument, as people use them
#
# Usage: record.sh SKELCTL_LAB

set -u
skelctl=$(realpath "$1")
n=0 failed=0
tmp=$(mktemp -d) || exit 1
# jobs that are still there when it ends early must not go on in the directory
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
cd "$tmp" || exit 1
export LAB_LOG=$tmp/log

ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)) failed=1; echo "not ok $n - $1"; printf '%s\n' "$2" | sed 's/^/# /'; }
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
is() { # NAME WANTED GOT
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "'$3' instead of '$2'"; fi
}
has() { # NAME PATTERN TEXT
	case $3 in *"$2"*) ok "$1" ;; *) not_ok "$1" "no '$2' in: $3" ;; esac
}
# Its output, and its status in a line of its own
skelctl() { "$skelctl" "$@" 2>&1; echo "status $?"; }
line() { sed -n "$1p" wave.csv; }

# triggers: frame 0 is the first one beyond the level
out=$(skelctl record -f -n 1000 -r 10kHz -g 1=sine,50Hz,5V --trigger INP1 --level 2V \
	--slope positive --pretrigger 100 wave.csv)
has "a triggered capture" "wave.csv: 1000 frames, 100 ms; 0 lost" "$out"
has "a triggered capture: status" "status 0" "$out"
is "it begins before the trigger" "-0.01" "$(line 2 | cut -d, -f1)"
is "it ends" "0.0899" "$(line 1001 | cut -d, -f1)"
is "the level is crossed at 0" "-0.0001 below, 0 above" "$(awk -F, '
	$1 == "-0.0001" && $2 < 2 { a = $1 " below" } $1 == "0" && $2 >= 2 { b = $1 " above" }
	END { print a ", " b }' wave.csv)"
out=$(skelctl record -f -n 100 -r 10k --trigger INP2 --level 1 --slope neg --pretrigger 2ms wave.csv)
has "a falling edge of another input" "status 0" "$out"
is "it is at 0" "5.000153 -5.000153" \
	"$(awk -F, '$1 == "-0.0001" { a = $3 } $1 == "0" { b = $3 } END { print a, b }' wave.csv)"

# what no option names stays
export LAB_SETUP='TRIG:SOUR INP;INP 1;LEV -3;SLOP NEG;:SAMP:PRET 10;COUN 77;LIST (@1,3)'
out=$(skelctl record -f -n 100 wave.csv)
has "the trigger that was set before" "status 0" "$out"
is "its pretrigger" -0.001 "$(line 2 | cut -d, -f1)"
is "its level" "above below" "$(awk -F, '$1 == "-0.0001" { print ($2 > -3 ? "above" : "below") }
	$1 == "0" { print ($2 > -3 ? "above" : "below") }' wave.csv | xargs)"
is "its inputs" "time/s,INP1/V,INP3/V" "$(line 1)"
is "no setting but the count, which comes back" "SAMPle:COUNt INFinity,SAMPle:COUNt 77" \
	"$(sed -n 's/^0 //; /?/d; /TRIG\|SAMP/p' log | paste -sd,)"
out=$(LAB_SPOILED='SAMPle:COUNt 77' skelctl record -f -n 100 wave.csv)
has "a count that does not come back" "SAMPle:COUNt was 77 before and has not come back: 'SAMPle:COUNt 77'" "$out"
has "what was recorded before that is valid" "100 frames, 10 ms; 0 lost; what is there is valid" "$out"
has "and the status says so" "status 1" "$out"
export LAB_SETUP='SAMP:RATE 700 kHz'
skelctl record -f -q -t 1ms --pretrigger 0.5ms --trigger INP1 wave.csv >/dev/null
is "the rate that was set before: times" "-0.0005005,0.00049907" \
	"$(sed -n '2p;$p' wave.csv | cut -d, -f1 | paste -sd,)"
unset LAB_SETUP
out=$(LAB_OTHER='*TRG' LAB_OTHER_AT=40 skelctl record -f -q -n 100 --trigger bus wave.csv)
has "a trigger by *TRG" "100 frames" "$out"
out=$(skelctl record -f -n 10 --inputs 1,3-4 wave.csv)
is "inputs" "time/s,INP1/V,INP3/V,INP4/V" "$(line 1)"
has "inputs that are not there" "-222," "$(skelctl record -f -n 10 --inputs 1,9 wave.csv)"
out=$(skelctl plot --no-plot -r 10k -n 1000 -g 1=dc,3V -g 2=triangle,100Hz,2V)
has "DC has a voltage" "INP1: dc" "$out"
has "DC: measured" "measured 3.000 V to 3.000 V" "$out"
has "another generator" "measured 100.00 Hz" "$out"
out=$(LAB_SETUP='INP1:FUNC NOIS' skelctl plot --no-plot --amplitude 3)
has "an amplitude of noise" "status 0" "$out"

# the true rate
out=$(skelctl record -f -n 300 -r 700000 wave.csv)
has "the true rate is said" "at 699300.7 Hz each (700000 Hz were asked for)" "$out"
is "times follow from it" 0.00042757 "$(line 301 | cut -d, -f1)"
has "impossible rates" "-222," "$(skelctl record -f -n 10 -r 1GHz wave.csv)"

# Ctrl-C
LAB_REAL=1 "$skelctl" record -r 2kHz wave.npy >out 2>&1 &
pid=$!
sleep 1.3
kill -INT $pid
wait $pid
status=$?
# a busy machine makes the instrument leave out frames, which is said
case $(tail -n 1 out) in
*" frames, "*"; 0 lost") is "Ctrl-C: status" 0 $status ;;
*" frames, "*" lost") is "Ctrl-C: status, with losses" 1 $status ;;
*) not_ok "Ctrl-C: says how much" "$(cat out)" ;;
esac
is "no progress in a file, of less than 10 s" "" "$(grep '^  ' out)"
has "Ctrl-C: sampling ends" "end STATUS IDLE" "$(tail -n 1 log)"
out=$(LAB_REAL=1 timeout -s INT 0.5 "$skelctl" record -q -r 100k --trigger bus none.csv 2>&1)
has "Ctrl-C: before the trigger" "the trigger has not come" "$out"
is "no file without a frame" "" "$(ls none.csv 2>/dev/null)"

# one line of progress, on a terminal; addresses only with --verbose
LAB_REAL=1 script -qec "'$skelctl' record -f -r 2kHz -t 1.2s wave.csv" /dev/null >out </dev/null
has "progress: per cent and seconds" " of 1.2 s, " "$(tr '\r' '\n' <out | grep -E '^  [0-9.]+ %, [0-9.]+ m?s of ')"
is "progress: one line" 1 "$(grep -c ' %, ' out)"
is "no addresses" "" "$(grep 0x out)"
out=$(skelctl record -f -v -n 100 wave.csv)
has "--verbose: the ring" " bytes from card address 0x0" "$out"
has "--verbose: the buffer" "at host address 0x" "$out"
is "plot: no addresses" "" "$(skelctl plot -n 100 | grep 0x)"
has "plot --verbose" "at host address 0x" "$(skelctl plot -v -n 100)"

# others, in the middle: this one has reserved the sampling
for other in 'SAMP:RATE 1000' 'INP1:FREQ 99' 'STOP' 'ABOR' 'INPUT 0 99000 8000' 'SAMP:LIST (@1)'; do
	rm -f wave.csv
	out=$(LAB_OTHER=$other LAB_OTHER_AT=60 skelctl record -q -r 10k -n 200000 wave.csv)
	case $out in
	*"200000 frames, 20 s; 0 lost"*"status 0") ok "another: $other: refused" ;;
	*"has not answered in time"*) skip "another: $other" "a busy machine" ;;
	*) not_ok "another: $other" "$out" ;;
	esac
	# a period of the sine is 200 frames
	is "another: $other: all is right" "" "$(awk -F, 'NR > 1 {
		at = NR - 2; x = v[at % 200]; v[at % 200] = $2
		if (NF != 3 || $1 != at / 10000 || (at >= 200 && (x - $2) ^ 2 > 1e-6)) print
		} END { if (NR < 300) print NR " lines" }' wave.csv | head -n 3)"
done

rm -f wave.csv
is "another that has reserved it: one line, and no file" \
	"skelctl-lab: another program has reserved the sampling of this card (CHAN1): wait until it has ended, 'skelctl list' says which one it is status 1" \
	"$(LAB_OTHER='SYST:LOCK:REQ?' LAB_OTHER_AT=1 skelctl record -q -n 100 wave.csv | paste -sd' '; ls wave.csv 2>/dev/null)"

# kill -9: what is there is valid
killed() { # FILE
	LAB_REAL=1 "$skelctl" record -q -r 2kHz "$1" >out 2>&1 &
	pid=$!
	sleep 2.3
	# and until there is a second of it, also in a sparse file
	for _ in $(seq 100); do
		[ "$(stat -c %b "$1" 2>/dev/null || echo 0)" -ge 40 ] && break
		sleep 0.1
	done
	kill -KILL $pid
	wait $pid 2>/dev/null
}
frames() { # FILE PROGRAM ARGUMENT...: prints the frames in it
	if ! command -v "$2" >/dev/null; then
		skip "kill -9: $1" "no $2"
	else
		killed "$1"
		got=$("${@:2}" 2>&1)
		if [ "${got:-0}" -ge 2000 ] 2>/dev/null; then
			ok "kill -9: $1"
		else
			not_ok "kill -9: $1" "${got:-nothing} from $2"
		fi
	fi
}
frames k.csv awk -F, 'NR > 1 && NF == 3 { n++ } END { print n }' k.csv
frames k.wav soxi -s k.wav
frames k.sr sh -c "sigrok-cli -i k.sr -O analog 2>/dev/null | grep -c '^INP1'"
frames k.vcd sh -c "sigrok-cli -I vcd -i k.vcd -O csv 2>/dev/null | grep -c '^[01]'"
if /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
	frames k.npy /usr/bin/python3 -c '
import numpy
a = numpy.load("k.npy", mmap_mode="r")
phase = numpy.rint(a["time"] * 2000).astype(int) % 40
wrong = max(numpy.ptp(a["INP1"][phase == i]) for i in range(40))
print(len(a) if wrong < 0.001 else f"wrong by {wrong}")'
else
	skip "kill -9: k.npy" "no numpy"
fi
frames k.jsonl python3 -c '
import json
n = 0
for line in open("k.jsonl"):
    if not line.endswith("\n"):
        break
    n += "INP1" in json.loads(line)
print(n)'

# pictures
if command -v gnuplot >/dev/null; then
	out=$(skelctl plot -n 1000 -o wave.png)
	has "a picture" "status 0" "$out"
	is "PNG" "89504e470d0a1a0a" "$(od -An -tx1 -N8 wave.png | tr -d ' ')"
	skelctl record -f -q -n 500 -r 10k wave.wav >/dev/null
	skelctl plot wave.wav -o wave.svg >out
	has "SVG: its text" "INP1; measured 50.00 Hz" "$(grep -o 'INP1; measured[^<]*' wave.svg)"
	is "SVG: both traces" 2 "$(grep -c '<g id="gnuplot_plot_' wave.svg)"
	has "a picture that cannot be written" "cannot write /nowhere/x.png" \
		"$(skelctl plot -o /nowhere/x.png)"
else
	skip "pictures" "no gnuplot"
fi
has "no gnuplot" "sudo apt install gnuplot-nox" "$(PATH=/nowhere skelctl plot -o none.png)"

# a recording is followed, from before its first frame on
LAB_REAL=1 "$skelctl" record -q -r 2kHz -t 3s -f follow.csv >out 2>&1 &
pid=$!
until [ -e follow.csv ]; do sleep 0.05; done
timeout -s INT 2.6 "$skelctl" plot --follow --last 500ms --ascii --width 60 --height 16 follow.csv >pictures
wait $pid
times=$(grep -o '[0-9]* ms$' pictures | uniq | wc -l)
if [ "$times" -ge 2 ]; then
	ok "a recording is followed"
else
	not_ok "a recording is followed" "$(cat pictures)"
fi
has "what is new is measured" "INP1 -- measured 50.00 Hz, " "$(tail -n 16 pictures)"

echo "1..$n"
exit $failed
