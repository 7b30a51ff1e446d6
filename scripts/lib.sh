#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lib.sh: what the scripts share. It is sourced, not run.

# shellcheck disable=SC2034 # for those that source it

set -euo pipefail

# Debian's own python3, git and codespell have the modules the checks need.
export PATH=/usr/bin:/usr/sbin:/bin:/sbin:$PATH
export LC_ALL=C.UTF-8

# The kernel's build reads these from the environment; a value of the caller's must
# not change what we build.
unset ARCH CROSS_COMPILE KBUILD_OUTPUT O M V W C LLVM KCFLAGS KCPPFLAGS CDPATH
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

SCRIPT=${0##*/}
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SKEL_CACHE=${SKEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/skel}
OUT=${OUT:-$TOP/out}
JOBS=${JOBS:-$(nproc)}
PATCHES=$TOP/patches
CLEANUP=()

# The older kernel that a script works on, with the patches of patches/lts-KERNEL on
# top of the series; empty is mainline.
KERNEL=''

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

# Options set variables of their names: "tree=" takes an argument, "put+=" may be
# repeated and adds a line, "no-vm" sets 1; and with "..." there may be other
# arguments, which end up in ARGS, as all do behind "--".
options() { # SPECIFICATION ARGUMENT...
	local spec=" $1 " name
	shift
	ARGS=()
	while [ $# -gt 0 ]; do
		name=${1#--}
		case $1 in
		--help|-h) usage ;;
		--) ARGS+=("${@:2}"); return ;;
		--*)
			if [[ $spec == *" $name= "* ]]; then
				need_argument "$1" $#
				printf -v "${name//-/_}" %s "$2"
				shift
			elif [[ $spec == *" $name+= "* ]]; then
				need_argument "$1" $#
				printf -v "$name" '%s%s\n' "${!name-}" "$2"
				shift
			elif [[ $spec == *" $name "* ]]; then
				printf -v "${name//-/_}" 1
			else
				bad_option "$1"
			fi ;;
		-*) bad_option "$1" ;;
		*)
			[[ $spec == *' ... '* ]] || bad_option "$1"
			ARGS+=("$1") ;;
		esac
		shift
	done
}

use_kernel() { # VERSION, or nothing for mainline
	KERNEL=$1
	[ -z "$1" ] || [ -f "$PATCHES/lts-$1/series" ] || die "there is no backport to $1, patches/lts-$1/series is missing"
}

base_kernel() {
	"$TOP/scripts/get-kernel" ${KERNEL:+--kernel "$KERNEL"}
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

# Run a command and say how long it took.
step() { # NAME COMMAND...
	local name=$1 start=$SECONDS status=0
	shift
	"$@" || status=$?
	note "$name: $((SECONDS - start)) s"
	return "$status"
}

# What most scripts begin with: packages, the tree and a temporary directory.
begin() { # PURPOSE...
	"$TOP/scripts/install-deps" --quiet "$@"
	use_tree
	make_tmp
	mkdir -p "$OUT"
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

# Passed if there is no reason why not.
judge() { # NAME REASON
	if [ -z "$2" ]; then pass "$1"; else fail "$1" "$2"; fi
}

# Whether a boot ended well, and with a clean console.
judge_boot() { # NAME STATUS CONSOLE
	judge "$1: the console is clean" \
		"$([ "$2" -eq 0 ] || echo "scripts/boot ended with status $2, see $3")"
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

# The patches that a series file names, in their order.
listed_patches() { # DIRECTORY
	local patch
	[ -f "$1/series" ] || return 0
	while read -r patch; do
		[ -f "$1/$patch" ] || die "${1#"$TOP/"}/series names $patch, which is not there; run make series"
		echo "$1/$patch"
	done < <(sed 's/#.*//; /^[[:space:]]*$/d' "$1/series")
}

series_patches() { listed_patches "$PATCHES"; }

backport_patches() { [ -z "$KERNEL" ] || listed_patches "$PATCHES/lts-$KERNEL"; }

# What a tree with the series applied depends on, as one hash.
series_state() { # BASE-REPOSITORY
	{
		git --git-dir="$1" rev-parse base
		{ series_patches; backport_patches; } | xargs -r cat
	} | sha256sum | cut -d' ' -f1
}

# What the series consists of, as patterns for git. Of the files that a kernel has
# anyway it changes single lines, in places that an older kernel does not have: those
# lines are in the backport.
VIEW=(drivers/misc/skel include samples/skel tools/testing/selftests/skel Documentation)
own_files=('drivers/misc/skel/*' 'include/*/skel*' 'samples/skel/*' 'tools/testing/selftests/skel/*' 'Documentation/*skel*')

am() { # TREE ARGUMENT...
	git -C "$1" -c core.excludesFile=/dev/null am -q --committer-date-is-author-date --no-gpg-sign "${@:2}" \
		>"$1/.git/am.log" 2>&1 </dev/null && return
	am_failed=$(cat "$1/.git/rebase-apply/next" 2>/dev/null || echo 1)
	return 1
}

am_error() { # TREE PATCH
	echo "${2#"$TOP/"} does not apply ($(grep -m 1 -E '^(error|fatal):' "$1/.git/am.log" || head -n 1 "$1/.git/am.log"))"
}

# Apply the series to a clean tree, and its backport behind the tag "mainline"; on
# failure put the tree back.
apply_patches() { # TREE
	local patches include=() am_failed
	[ -z "$KERNEL" ] || include=("${own_files[@]/#/--include=}")
	mapfile -t patches < <(series_patches)
	[ ${#patches[@]} -gt 0 ] || return 0
	if am "$1" "${include[@]}" "${patches[@]}"; then
		git -C "$1" tag -f mainline >/dev/null
		mapfile -t patches < <(backport_patches)
		[ ${#patches[@]} -gt 0 ] || return 0
		! am "$1" "${patches[@]}" || return 0
	fi
	git -C "$1" am --abort >/dev/null 2>&1 || true
	git -C "$1" reset -q --hard base
	die "$(am_error "$1" "${patches[am_failed - 1]}")"
}

# Apply the series, set TREE to the tree and hold it until the script ends. A
# tree that the caller names in TREE is taken as it is.
use_tree() {
	local fd
	export TREE
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

# Make .config of OBJECTS/.config.fragments, by a make for that tree. It is replaced
# only if it changes, else make would look at everything. Prints why it cannot be.
configure() { # OBJECTS MAKE...
	local missing
	if ! KCONFIG_ALLCONFIG=$1/.config.fragments KCONFIG_CONFIG=.config.new "${@:2}" allnoconfig >"$1/build.log" 2>&1 </dev/null; then
		echo "the configuration failed, see $1/build.log"
		return
	fi
	missing=$(missing_symbol "$1/.config.fragments" "$1/.config.new")
	[ -z "$missing" ] || echo "'$missing' is not possible"
	cmp -s "$1/.config.new" "$1/.config" || mv "$1/.config.new" "$1/.config"
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
	if ! {
		meson setup "$1.objects" "$TOP/userspace" -Dguest=true --prefix=/ --bindir=/ --buildtype=release &&
			DESTDIR=$1 meson install -C "$1.objects" --tags guest
	} >"$1.log" 2>&1 </dev/null; then
		grep -m 10 -iE 'error' "$1.log" >&2 || tail -n 10 "$1.log" >&2
		die "the build of userspace/ failed"
	fi
	rm -rf "$1.objects"
}

# Build the kselftests statically into DIR, with the kernel's runner, for another
# architecture with the compiler of that prefix.
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

# A program of this machine with the libraries that it needs, for the root of a guest
# in $TMP/root.
put_program() { # NAME
	local path file
	path=$(command -v "$1") || die "$1 is missing, run scripts/install-deps"
	mkdir -p "$TMP/root/bin"
	cp "$path" "$TMP/root/bin/"
	while read -r file; do
		mkdir -p "$TMP/root$(dirname "$file")"
		cp -n "$file" "$TMP/root$file"
	done < <(ldd "$path" | grep -o '/[^ ]*')
}

# The names of the kselftests in a directory of build_selftests, or those wanted.
selftests() { # DIR [TEST]...
	local dir=$1 test
	shift
	# shellcheck disable=SC2046 # words
	[ $# -gt 0 ] || set -- $(sed -n 's/^skel://p' "$dir/kselftest-list.txt")
	for test; do
		[ -x "$dir/skel/$test" ] || die "there is no test '$test'"
		echo "$test"
	done
}

# What boots need to run kselftests: the functions of scripts/guest-tests, and more
# QEMU for edu, two devices, one of them behind a root port, and a BAR with memory
# for the template of a driver.
guest_tests=(--put "$TOP/scripts/guest-tests" --append 'page_poison=1 debug_pagealloc=off kmemleak=on')
edu_devices='-device pcie-root-port,id=rp0,chassis=1,slot=1 -device edu,id=edu0,bus=rp0 -device edu,id=edu1'
edu_devices+=' -object memory-backend-ram,id=shm,size=1M,share=on -device ivshmem-plain,memdev=shm'

# What boots of the tour need: a text screen.
tour_machine=(--qemu '-device VGA')

# How much the tests do, from the environment, for the guest's sh.
amounts() {
	local variable
	for variable in ${!SKEL_*} TEST_TIME_LIMIT; do
		[ "$variable" = SKEL_CACHE ] || [ -z "${!variable-}" ] || printf '%s=%s ' "$variable" "${!variable}"
	done
}

# From the output of scripts/guest-tests to our lines: a program that died, timed out
# or printed nothing has failed. What is skipped in one form and runs in another is
# not skipped.
ktap_results() { # FILE
	awk '
		function result(kind, name, why) { line[++n] = kind; label[n] = name; reason[n] = why }
		/^# form / { form = $3 == "" ? "" : "," $3; next }
		/^# selftests: skel: / { program = $4; ran = 0; bad = 0; planned = ""; next }
		program != "" && /^# 1\.\.[0-9]+/ && planned == "" { split($2, p, /\.\./); planned = p[2] + 0; next }
		program != "" && /^# (not )?ok [0-9]+/ {
			ran++
			name = $0; sub(/^# (not )?ok [0-9]+ (- )?/, "", name)
			why = name; sub(/ *#.*/, "", name); sub(/^[^#]*# *(SKIP)? */, "", why)
			if ($2 == "not") { bad++; result("not ok", program form ": " name, "the test failed") }
			else if ($0 ~ /# *SKIP/) result("skip", program ": " name, why == "" ? "no reason given" : why)
			else { passed[program ": " name] = 1; result("ok", program form ": " name) }
			next
		}
		/^(not )?ok [0-9]+ selftests: skel: / {
			name = program form; program = ""
			why = $0; sub(/^[^#]*#? */, "", why)
			if (!ran && why ~ /^SKIP/) result("skip", name, "it skips all its tests")
			else if (!ran) result("not ok", name, "it printed no result, " why)
			else if (planned != ran) result("not ok", name, "only " ran " of " planned " tests ran, " why)
			else if ($1 == "not" && !bad) result("not ok", name, "it died, " why)
			next
		}
		/^(not )?ok [0-9]+ / {
			name = $0; sub(/^(not )?ok [0-9]+ (- )?/, "", name)
			why = name
			if (sub(/ *# SKIP.*/, "", name)) { sub(/^.*# SKIP */, "", why); result("skip", name, why) }
			else result($1 == "ok" ? "ok" : "not ok", name, $1 == "ok" ? "" : "it failed")
		}
		END {
			if (program != "") result("not ok", program form, "the guest ended")
			for (i = 1; i <= n; i++)
				if (line[i] != "skip" || !(label[i] in passed))
					print line[i], label[i] (reason[i] == "" ? "" : ": " reason[i])
		}
	' "$1"
}

# Print and add the results of kselftests in a guest.
add_ktap() { # FILE
	ktap_results "$1" >"$TMP/results"
	grep -v '^ok ' "$TMP/results" || true
	add_results "$TMP/results"
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

# Build the driver in SOURCE as modules in OBJECTS, where TREE was configured, with the
# symbols of the kernel built in KERNEL-BUILD. Prints why it cannot be.
build_modules() { # TREE SOURCE OBJECTS KERNEL-BUILD
	local kmake=(make -s -C "$1" O="$3" ARCH=x86_64 LOCALVERSION='' -j"$JOBS")
	awk '$3 !~ /^drivers.misc.skel/' "$4/Module.symvers" >"$3/Module.symvers"
	if ! { "${kmake[@]}" modules_prepare &&
		"${kmake[@]}" W=1 M="$2" MO="$3/drivers/misc/skel" modules; } >"$TMP/log" 2>&1 </dev/null; then
		grep -m 1 -iE 'error|undefined' "$TMP/log" || echo "the build failed"
	else
		grep -m 1 'warning:' "$TMP/log" || true
	fi
}

# checkpatch on patches, several at once, the longest first. FILE_PATH_CHANGES asks
# for an update of MAINTAINERS with each patch that adds a file; check-static asks
# get_maintainer.pl instead.
check_patches() { # PATCH...
	local patch name
	check_patch() { # PATCH LOG
		(cd "$TREE" && scripts/checkpatch.pl --strict --codespell --no-signoff --color=never \
			--show-types --ignore "$IGNORE" "$1") >"$2" 2>&1 || echo failed >"$2.status"
	}
	export -f check_patch
	export IGNORE=FILE_PATH_CHANGES${KERNEL:+,STRCPY}
	printf '%s\n' "$@" | xargs -d '\n' ls -S | while read -r patch; do
		printf '%s\0%s\0' "$patch" "$TMP/$(basename "$patch").log"
	done | xargs -0 -r -n 2 -P "$JOBS" bash -c 'check_patch "$@"' check_patch
	for patch; do
		name=$(basename "$patch")
		if grep -E 'No codespell typos will be found|Traceback' "$TMP/$name.log"; then
			fail "checkpatch: $name" "checkpatch cannot check all it should, run scripts/install-deps check"
		elif [ ! -f "$TMP/$name.log.status" ]; then
			pass "checkpatch: $name"
		else
			head -n 40 "$TMP/$name.log"
			fail "checkpatch: $name" "$(grep -m 1 '^total:' "$TMP/$name.log" || echo "it did not end")"
		fi
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
