#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lib.sh: what the scripts share. It is sourced, not run.

set -euo pipefail

# Debian's own python3, git and codespell have the modules the checks need.
export PATH=/usr/bin:/usr/sbin:/bin:/sbin:$PATH
export LC_ALL=C.UTF-8

# This is what the kernel's build reads from the environment; a value of the
# caller's must not change what we build.
unset ARCH CROSS_COMPILE KBUILD_OUTPUT O M V W C LLVM KCFLAGS KCPPFLAGS CDPATH
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

SCRIPT=${0##*/}
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SKEL_CACHE=${SKEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/skel}
OUT=${OUT:-$TOP/out}
JOBS=${JOBS:-$(nproc)}
CLEANUP=()

# The series that a script works on; --kernel names that of an older kernel.
KERNEL='' PATCHES=$TOP/patches

die() {
	echo "$SCRIPT: $*" >&2
	exit 1
}

note() {
	echo "$SCRIPT: $*" >&2
}

# The text of --help is the comment at the top of the script.
usage() {
	sed -n '4,/^$/s/^# \{0,1\}//p' "$0"
	exit 0
}

bad_option() {
	die "unknown argument '$1', see scripts/$SCRIPT --help"
}

need_argument() { # OPTION COUNT-OF-ARGUMENTS-LEFT
	[ "$2" -ge 2 ] || die "option $1 needs an argument, see scripts/$SCRIPT --help"
}

# The series for an older kernel instead of the mainline series.
use_kernel() { # VERSION
	KERNEL=$1 PATCHES=$TOP/patches/lts-$1
	[ -f "$PATCHES/series" ] || die "there is no series for $1, patches/lts-$1/series is missing"
}

base_kernel() {
	"$TOP/scripts/get-kernel" ${KERNEL:+--kernel "$KERNEL"}
}

no_arguments() { # "$@" of a script that only knows --help
	case ${1-} in
	'') ;;
	--help|-h) usage ;;
	*) bad_option "$1" ;;
	esac
}

# Commands to run when the script ends, the last one first.
at_exit() {
	[ ${#CLEANUP[@]} -gt 0 ] || trap run_cleanup EXIT
	[ ${#CLEANUP[@]} -gt 0 ] || trap 'exit 130' INT HUP TERM
	CLEANUP=("$*" "${CLEANUP[@]}")
}

run_cleanup() {
	local command
	for command in "${CLEANUP[@]}"; do
		eval "$command" || true
	done
}

# A temporary directory that goes away with the script, in $TMP.
make_tmp() {
	TMP=$(mktemp -d "${TMPDIR:-/tmp}/skel.XXXXXX") || die "no temporary directory, set TMPDIR to a writable place"
	at_exit "rm -rf '$TMP'"
}

# Hold the lock NAME until the script ends, so that several checkouts can share
# the cache.
lock() {
	local fd
	mkdir -p "$SKEL_CACHE/lock" || die "cannot write to $SKEL_CACHE, set SKEL_CACHE to a writable directory"
	exec {fd}>"$SKEL_CACHE/lock/$1"
	flock -n "$fd" && return
	note "waiting for another run to finish with $1"
	flock "$fd"
}

need_command() { # COMMAND PURPOSE
	command -v "$1" >/dev/null || die "$1 is missing, run scripts/install-deps $2"
}

need_space() { # DIRECTORY MEGABYTES
	local have
	mkdir -p "$1" || die "cannot write to $1"
	have=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	[ "$have" -ge "$2" ] ||
		die "$1 needs $2 MB of free space and has $have MB, free some or set SKEL_CACHE to a larger disk"
}

# Say every few seconds that a command still runs; its output goes to LOG.
run_logged() { # LABEL LOG COMMAND...
	local label=$1 log=$2 start=$SECONDS status=0 ticker
	shift 2
	: >"$log"
	(
		trap 'exit 0' TERM
		while kill -0 $$ 2>/dev/null; do
			sleep 10 >/dev/null 2>&1 &
			wait $!
			echo "$SCRIPT: $label: $((SECONDS - start)) s, $(wc -l <"$log") steps" >&2
		done
	) &
	ticker=$!
	"$@" >>"$log" 2>&1 </dev/null || status=$?
	kill "$ticker" 2>/dev/null || true
	wait "$ticker" 2>/dev/null || true
	return "$status"
}

# Run a command and tell how long it took.
step() { # NAME COMMAND...
	local name=$1 start=$SECONDS status=0
	shift
	"$@" || status=$?
	note "$name: $((SECONDS - start)) s"
	return "$status"
}

# Results of check scripts: one line per check, a closing line with the sums.
PASSED=0 FAILED=0 SKIPPED=0

pass() { # NAME
	PASSED=$((PASSED + 1))
	echo "ok $*"
}

fail() { # NAME REASON
	FAILED=$((FAILED + 1))
	echo "not ok $1: ${*:2}"
}

skip() { # NAME REASON
	SKIPPED=$((SKIPPED + 1))
	echo "skip $1: ${*:2}"
}

# Add what another check has closed with to the sums; it has failed if it did not.
add_closing() { # NAME STATUS LOG
	local closing p f s
	closing=$(grep -xE '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped' "$3" | tail -n 1) || true
	if [ -z "$closing" ]; then
		fail "$1" "it ended with status $2 before its end"
		return
	fi
	read -r p _ f _ s _ <<<"$closing"
	PASSED=$((PASSED + p)) FAILED=$((FAILED + f)) SKIPPED=$((SKIPPED + s))
	[ "$2" -eq 0 ] || [ "$f" -gt 0 ] || fail "$1" "it ended with status $2"
}

# The same of lines that are results.
add_results() { # FILE
	PASSED=$((PASSED + $(grep -c '^ok ' "$1" || true)))
	FAILED=$((FAILED + $(grep -c '^not ok ' "$1" || true)))
	SKIPPED=$((SKIPPED + $(grep -c '^skip ' "$1" || true)))
}

# Print the sums and end the script.
conclude() {
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" -eq 0 ] || exit 1
	exit 0
}

# Git with fixed names and without the caller's configuration, so that the same
# input gives the same commits and patches everywhere.
clean_git() {
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_PAGER=cat
	export GIT_AUTHOR_NAME=skel GIT_AUTHOR_EMAIL=skel@localhost GIT_AUTHOR_DATE='1767225600 +0000'
	export GIT_COMMITTER_NAME=skel GIT_COMMITTER_EMAIL=skel@localhost GIT_COMMITTER_DATE='1767225600 +0000'
	unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_CONFIG_COUNT
}

# The patches of the series in their order.
series_patches() {
	local patch
	[ -f "$PATCHES/series" ] || return 0
	while read -r patch; do
		[ -f "$PATCHES/$patch" ] || die "${PATCHES#"$TOP/"}/series names $patch, which is not there; run make series"
		echo "$PATCHES/$patch"
	done < <(sed 's/#.*//; /^[[:space:]]*$/d' "$PATCHES/series")
}

series_hash() {
	series_patches | xargs -r cat | sha256sum | cut -d' ' -f1
}

# What a tree with the series applied depends on, as one hash.
series_state() { # BASE-REPOSITORY
	{
		git --git-dir="$1" rev-parse base
		series_patches | xargs -r cat
	} | sha256sum | cut -d' ' -f1
}

# Apply the series to a clean tree; on failure put the tree back.
apply_patches() { # TREE
	local patches number
	mapfile -t patches < <(series_patches)
	[ ${#patches[@]} -gt 0 ] || return 0
	if ! git -C "$1" am -q --committer-date-is-author-date --no-gpg-sign \
		"${patches[@]}" >"$1/.git/am.log" 2>&1 </dev/null; then
		number=$(cat "$1/.git/rebase-apply/next" 2>/dev/null || echo 1)
		git -C "$1" am --abort >/dev/null 2>&1 || true
		git -C "$1" reset -q --hard base
		die "${PATCHES#"$TOP/"}/$(basename "${patches[number - 1]}") does not apply to the base kernel ($(grep -m 1 -E '^(error|fatal):' "$1/.git/am.log" || head -n 1 "$1/.git/am.log"))"
	fi
}

# Apply the series, set TREE to the tree and hold it until the script ends. A
# tree that the caller names in TREE is taken as it is.
use_tree() {
	local fd
	if [ -n "${TREE-}" ]; then
		[ -f "$TREE/arch/x86/Kbuild" ] || die "TREE=$TREE is not a kernel tree"
		TREE=$(cd "$TREE" && pwd -P)
		return
	fi
	mkdir -p "$SKEL_CACHE/lock"
	while :; do
		TREE=$("$TOP/scripts/apply-series" ${KERNEL:+--kernel "$KERNEL"})
		exec {fd}>"$SKEL_CACHE/lock/tree-$(basename "$TREE")"
		flock -s "$fd"
		[ "$(cat "$TREE.state" 2>/dev/null)" != "$(series_state "$TREE/.git")" ] || return 0
		exec {fd}>&-
	done
}

# Where a kernel tree is built: one directory for each purpose.
build_dir() { # TREE NAME
	echo "$SKEL_CACHE/build/${1##*/}-$(printf %s "$1" | sha256sum | cut -c1-8)/$2"
}

# Of the driver's symbols in the fragments those that the tree knows: the series
# brings them in one after the other, and every patch must build.
known_symbols() { # TREE FRAGMENT...
	local tree=$1 fragment symbol value
	shift
	for fragment; do
		[ -f "$fragment" ] || continue
		while IFS='=' read -r symbol value; do
			if grep -qrsx --include='Kconfig*' "config ${symbol#CONFIG_}" "$tree/drivers/misc/skel" "$tree/samples/Kconfig"; then
				echo "$symbol=$value"
			fi
		done < <(grep '^CONFIG_' "$fragment")
	done
}

# The first line of a fragment that a configuration does not have.
missing_symbol() { # FRAGMENT CONFIG
	awk '
		NR == FNR && /^CONFIG_/ { split($0, a, "="); want[a[1]] = $0 }
		NR == FNR && /^# CONFIG_.* is not set$/ { want[$2] = $0 }
		NR == FNR { next }
		/^CONFIG_/ { split($0, a, "="); have[a[1]] = $0 }
		END {
			for (s in want) {
				is = (s in have) ? have[s] : "# " s " is not set"
				if (is != want[s])
					print want[s]
			}
		}' "$1" "$2" | sort | head -n 1
}

# Arguments quoted for the guest's sh, each with a blank before it.
quote() {
	local argument
	for argument; do
		printf " '%s'" "${argument//\'/\'\\\'\'}"
	done
}

# Build user space statically for a guest into DIR: just what is to be copied.
build_tools() { # DIR
	[ -f "$TREE/tools/skel/Makefile" ] || die "$TREE has no tools/skel"
	mkdir -p "$1"
	if ! make -s -C "$TREE/tools/skel" OUT="$1" static >"$1.log" 2>&1; then
		grep -m 10 -iE 'error' "$1.log" >&2 || tail -n 10 "$1.log" >&2
		die "the build of tools/skel failed"
	fi
	rm -rf "$1/obj"
}

# Build the kselftests statically into DIR/skel, for another architecture with the
# compiler of that prefix.
build_selftests() { # DIR [ARCH PREFIX]
	local objects=$1.objects log=$1.log arch=${2-x86_64} prefix=${3-}
	mkdir -p "$objects"
	if ! {
		make -s -C "$TREE" O="$objects" ARCH="$arch" CROSS_COMPILE="$prefix" headers &&
			LDFLAGS=-static make -s -C "$TREE/tools/testing/selftests" O="$objects" \
				CROSS_COMPILE="$prefix" -j"$JOBS" TARGETS=skel FORCE_TARGETS=1 KSFT_INSTALL_PATH="$1" install
	} >"$log" 2>&1 </dev/null; then
		grep -m 10 -E 'error|Error' "$log" >&2 || tail -n 10 "$log" >&2
		die "the build of the kselftests failed"
	fi
	rm -rf "$objects"
}

# A tree beside TREE that steps through the patches; its path is in STEPS.
use_steps() {
	STEPS=$TREE-steps
	lock "steps-$(basename "$TREE")"
	if [ "$(git -C "$STEPS" rev-parse --show-toplevel 2>/dev/null)" != "$STEPS" ]; then
		rm -rf "$STEPS"
		git clone -q --shared --no-checkout "$TREE" "$STEPS"
	fi
	rm -f "$STEPS/.git/index.lock"
	git -C "$STEPS" fetch -q --tags --force "$TREE" HEAD
}
step_to() { # COMMIT
	git -C "$STEPS" checkout -q -f "$1"
	git -C "$STEPS" clean -q -ffdx
}

# Two edu devices, one of them behind a root port, and a BAR with memory for the
# template of a driver.
edu_devices='-device pcie-root-port,id=rp0,chassis=1,slot=1 -device edu,id=edu0,bus=rp0 -device edu,id=edu1'
edu_devices+=' -object memory-backend-ram,id=shm,size=1M,share=on -device ivshmem-plain,memdev=shm'

# The same in the guest, for its shell: load their drivers, and say which is ours.
# shellcheck disable=SC2034,SC2016 # for those who source this, and for the guest
load_edu='
	modprobe skel_edu map_registers=1 || exit 1
	modprobe skel_sim cards=3 || exit 1
	modprobe skel_pci_memory || exit 1
	echo 1af4 1110 >/sys/bus/pci/drivers/skel_pci_memory/new_id
	ls -d /sys/bus/pci/drivers/skel_pci_memory/*:*:* >/dev/null || exit 1
	sleep 0.5
	for node in /sys/class/misc/skel*; do
		case $(cat "$node/model") in
		skel_edu) export SKEL_TEST_CARD="/dev/${node##*/}"; break ;;
		esac
	done
'

# From KTAP, with "# program NAME" and "# status NAME STATUS" around what each
# program prints, to our lines: a program that died or printed nothing has failed.
ktap_results() { # FILE
	awk '
		/^# program / { program = $3; results = 0; planned = ""; next }
		/^1\.\.[0-9]+/ { split($0, p, /\.\./); planned = p[2] + 0 }
		/^ok [0-9]+ / {
			results++
			name = $0; sub(/^ok [0-9]+ (- )?/, "", name)
			if (match(name, / *# SKIP */)) {
				reason = substr(name, RSTART + RLENGTH)
				print "skip", program ": " substr(name, 1, RSTART - 1) ": " (reason == "" ? "no reason given" : reason)
			} else {
				sub(/ *#.*/, "", name); print "ok", program ": " name
			}
		}
		/^not ok [0-9]+ / {
			results++
			name = $0; sub(/^not ok [0-9]+ (- )?/, "", name); sub(/ *#.*/, "", name)
			print "not ok", program ": " name ": the test failed"
		}
		/^# status / {
			ended[$3] = 1
			if (results == 0 && $4 != 4)
				print "not ok", $3 ": it printed no result, status " $4
			else if (results == 0)
				print "skip", $3 ": it skips all its tests"
			else if (planned != "" && planned != results)
				print "not ok", $3 ": only " results " of " planned " tests ran, status " $4
			else if ($4 > 1 && $4 != 4)
				print "not ok", $3 ": it died with status " $4
		}
		END { if (program != "" && !(program in ended)) print "not ok", program ": the guest ended" }
	' "$1"
}

# Commits of patches on a base kernel, without a work tree, in a repository that
# has the base's objects. Their hashes go to FILE, one a line. Uses $TMP.
make_commits() { # REPOSITORY FILE BASE-REPOSITORY PATCH...
	local repository=$1 file=$2 parent tree patch
	parent=$(git --git-dir="$3" rev-parse base)
	shift 3
	git_index() { GIT_INDEX_FILE=$TMP/index git --git-dir="$repository" "$@"; }
	: >"$file"
	rm -f "$TMP/index"
	git_index read-tree "$parent"
	for patch; do
		git mailinfo "$TMP/message" "$TMP/diff" <"$patch" >"$TMP/info"
		git_index apply --cached --whitespace=nowarn "$TMP/diff" ||
			die "$(basename "$patch") does not apply to its base"
		tree=$(git_index write-tree)
		parent=$({ sed -n 's/^Subject: //p' "$TMP/info"; echo; cat "$TMP/message"; } |
			GIT_AUTHOR_NAME=$(sed -n 's/^Author: //p' "$TMP/info") \
			GIT_AUTHOR_EMAIL=$(sed -n 's/^Email: //p' "$TMP/info") \
			GIT_AUTHOR_DATE=$(sed -n 's/^Date: //p' "$TMP/info") \
			git_index commit-tree "$tree" -p "$parent")
		echo "$parent" >>"$file"
	done
}

# What format-patch leaves open in a cover letter, from TEXT: its first line is
# the subject. On stdout.
fill_cover() { # TEXT LETTER
	awk -v text="$1" '
		FILENAME == text { if (FNR == 1) subject = $0; else body = body $0 "\n"; next }
		sub(/\*\*\* SUBJECT HERE \*\*\*/, "") { print $0 subject; next }
		/^\*\*\* BLURB HERE \*\*\*$/ { sub(/^\n+/, "", body); sub(/\n+$/, "", body); print body; next }
		{ print }' "$1" "$2"
}
