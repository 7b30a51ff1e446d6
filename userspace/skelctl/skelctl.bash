# SPDX-License-Identifier: GPL-2.0
# bash completion of skelctl(1), which knows itself what can stand where

_skelctl()
{
	local word=${COMP_WORDS[COMP_CWORD]} line files=()

	[ "$word" != = ] || word=''
	COMPREPLY=()
	while IFS= read -r line; do
		if [ "$line" = '<file>' ]; then
			compopt -o filenames 2>/dev/null
			mapfile -t files < <(compgen -f -- "$word")
			COMPREPLY+=("${files[@]}")
		else
			COMPREPLY+=("${line%%$'\t'*}")
		fi
	done < <("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}

complete -F _skelctl skelctl
