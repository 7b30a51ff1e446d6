#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lib-series.sh: what check-series and check-lts do with each patch. It is sourced
# after lib.sh; TREE and TMP must be there.

# checkpatch on patches. It is slow, so on several at once, the longest first.
# FILE_PATH_CHANGES asks whether MAINTAINERS needs an update, for each patch that adds
# a file and does not touch it; check-series has a check of its own for that.
# Words of the instrument's language are no misspellings: EITH is the short form of
# SCPI's EITHer, DOUT a digital output. The checkpatch of older kernels wants
# strscpy(), which only the kernel has, in programs, too.
check_patches() { # PATCH...
	local patch name
	dictionary=$TMP/dictionary ignore=FILE_PATH_CHANGES${KERNEL:+,STRCPY}
	grep -vE '^(eith|dout)->' "$(python3 -c 'import codespell_lib, os
print(os.path.dirname(codespell_lib.__file__))')/data/dictionary.txt" >"$dictionary" || true
	check_patch() { # PATCH LOG
		(cd "$TREE" && scripts/checkpatch.pl --strict --codespell --codespellfile "$dictionary" --no-signoff \
			--color=never --show-types --ignore "$ignore" "$1") >"$2" 2>&1 || echo failed >"$2.status"
	}
	export -f check_patch
	export TREE dictionary ignore
	printf '%s\n' "$@" | xargs -d '\n' ls -S | while read -r patch; do
		printf '%s\0%s\0' "$patch" "$TMP/$(basename "$patch").log"
	done | xargs -0 -r -n 2 -P "$JOBS" bash -c 'check_patch "$@"' check_patch
	export -n TREE
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

# Build what a patch changes in user space, in STEPS. Prints why it cannot be.
build_user_step() { # CHANGED-FILES
	local why='' TREE=$STEPS
	if grep -q '^tools/skel/' <<<"$1"; then
		rm -rf "$TMP/tools"
		make -s -C "$STEPS/tools/skel" O="$TMP/tools" >"$TMP/log" 2>&1 </dev/null ||
			why=$(grep -m 1 -iE 'error' "$TMP/log" || echo "tools/skel does not build")
		why=${why:-$(grep -m 1 'warning:' "$TMP/log" || true)}
	fi
	if [ -z "$why" ] && grep -q '^tools/testing/selftests/skel/' <<<"$1"; then
		(build_selftests "$TMP/selftests") 2>"$TMP/log" || why=$(head -n 1 "$TMP/log")
		rm -rf "$TMP/selftests"
	fi
	echo "$why"
}
