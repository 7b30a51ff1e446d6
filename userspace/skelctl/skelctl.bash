# SPDX-License-Identifier: GPL-2.0
# bash completion of skelctl(1)

_skelctl()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local command='' words='' i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-d|--device)
			((i++)) ;;
		info|cmd|acquire|help)
			command=${COMP_WORDS[i]}
			break ;;
		esac
	done

	case $before in
	-d|--device)
		mapfile -t COMPREPLY < <(compgen -G "${word:-/dev/skel}[0-9]*"
			compgen -G "$word*")
		return ;;
	--csv)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return ;;
	--colour)
		words='always never auto' ;;
	-r|--rate|-n|--frames|--replies|-t|--timeout|--width|--height)
		return ;;
	--function|--function[01])
		words='sine square triangle ramp noise dc' ;;
	--frequency|--amplitude|--frequency[01]|--amplitude[01])
		return ;;
	*)
		case $command in
		'')
			words='info cmd acquire help --device --help --version' ;;
		help)
			words='info cmd acquire' ;;
		info)
			words='--help' ;;
		cmd)
			words='--replies --timeout --help *IDN? INPUTS? STATUS?' ;;
		acquire)
			words='--rate --frames --function0 --frequency0
				--amplitude0 --function1 --frequency1
				--amplitude1 --csv --no-plot
				--width --height --ascii --utf8 --colour
				--help' ;;
		esac ;;
	esac
	set -f
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	set +f
}

complete -F _skelctl skelctl
