#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# table.sh - the manual page and the completion of bash and zsh have each command and
# each option of skelctl, and no others
#
# Usage: table.sh SKELCTL MANUAL DIRECTORY_OF_THE_SCRIPTS

skelctl=$(realpath "$1") manual=$2 dir=$3
n=0 failed=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
ln -s "$skelctl" "$tmp/skelctl"
PATH=$tmp:$PATH

same() { # NAME: wanted in $tmp/wanted, found in $tmp/found
	n=$((n + 1))
	if [ -s "$tmp/wanted" ] && cmp -s "$tmp/wanted" "$tmp/found"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		diff "$tmp/wanted" "$tmp/found" | sed 's/^/# /'
		failed=1
	fi
}
skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

# What the help texts say: "COMMAND" and "COMMAND --OPTION"
names=$(skelctl --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
list() {
	for name in $names; do
		echo "$name"
		skelctl "$name" --help | sed -n "s/^  \(-.,\|   \) \(--[a-z0-9-]*\).*/$name \2/p"
	done
}
list | sort >"$tmp/all"
common=' --\(device\|help\|version\)$'

# The manual has the common options once, at the top.
grep -v "$common" "$tmp/all" >"$tmp/wanted"
sed -n '/^\.SH COMMANDS/,/^\.SH EXIT/{s/^\.SS /SS /p;s/^\(\\fB.*, \)\?\\fB\\-\\-\([^\]*\(\\-[^\]*\)*\)\\fR.*/--\2/p}' "$manual" |
	sed 's/\\-/-/g' | awk '$1 == "SS" { name = $2; print name; next } { print name, $1 }' |
	sort >"$tmp/found"
same "manual: commands and options"
skelctl --help | sed -n '/^Exit status:/,$s/^  //p' |
	awk '/^[0-9]/ { printf "%s%s", line, $0; line = "\n"; next } { sub(/^ +/, " "); printf "%s", $0 } END { print "" }' >"$tmp/wanted"
sed -n '/^\.SH EXIT/,/^\.SH FILES/p' "$manual" | sed 's/\\-/-/g;s/\\(aq/'"'"'/g' |
	awk '/^[0-9]+$/ { status = $0; getline; print status "  " $0 }' >"$tmp/found"
same "manual: exit statuses"

# Notes that people look for
sed 's/\\-/-/g;s/\\(aq/'"'"'/g' "$manual" | grep -o "echo 'OUTP1:LEV 1' >/dev/skel0 may have no effect" >"$tmp/found"
echo "echo 'OUTP1:LEV 1' >/dev/skel0 may have no effect" >"$tmp/wanted"
same "manual: what is written and closed"

# Ask bash itself, by its own function.
if command -v bash >/dev/null; then
	bash -c '
		. "$1/skelctl.bash"
		ask() { COMP_WORDS=(skelctl "$@") COMP_CWORD=$#; _skelctl; }
		ask ""
		for name in "${COMPREPLY[@]}"; do
			echo "$name"
			ask "$name" --
			for option in "${COMPREPLY[@]}"; do echo "$name $option"; done
		done' bash "$dir" | sort >"$tmp/found"
	cp "$tmp/all" "$tmp/wanted"
	same "bash: commands and options"
	mkdir "$tmp/files"
	: >"$tmp/files/wave one.csv"
	echo "$tmp/files/wave one.csv" >"$tmp/wanted"
	bash -c '. "$1/skelctl.bash"
		COMP_WORDS=(skelctl acquire --csv "$2/wa") COMP_CWORD=3; _skelctl
		printf "%s\n" "${COMPREPLY[@]}"' bash "$dir" "$tmp/files" >"$tmp/found"
	same "bash: file names"
else
	skip "bash: commands and options" "no bash"
	skip "bash: file names" "no bash"
fi

# zsh's function, with what it is given and what it hands to _describe
if command -v zsh >/dev/null; then
	zsh -fc '
		_describe() { print -l -- ${(P)2%%:*} }
		_files() { print "<file>" }
		ask() { words=(skelctl "$@") CURRENT=$#words; source "$dir/_skelctl"; }
		dir=$1
		for name in $(ask ""); do
			print $name
			for option in $(ask $name --); do print -r -- "$name $option"; done
		done' zsh "$dir" | sort >"$tmp/found"
	cp "$tmp/all" "$tmp/wanted"
	same "zsh: commands and options"
else
	skip "zsh: commands and options" "no zsh"
fi
echo "1..$n"
exit $failed
