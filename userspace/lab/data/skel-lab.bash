# SPDX-License-Identifier: GPL-2.0
# bash completion of skel-lab(1)

_skel_lab()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local words='--config --device --listen --no-card --name --serial --memory --directory
		--seed --virtual-time --command-time --log-level --check-config
		--commands --reference --help --version'

	COMPREPLY=()
	case $before in
	--config|--device)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return ;;
	--directory)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return ;;
	--log-level)
		words='error warning info debug' ;;
	--listen)
		words='127.0.0.1:5025 [::1]:5025' ;;
	--name|--serial|--memory|--seed|--command-time)
		return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _skel_lab skel-lab
