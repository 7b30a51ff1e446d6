#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lib-apt.sh: Debian packages of newer suites than the machine's own, by an apt
# state of our own in the cache. It is sourced, not run. The machine's own apt
# is asked for the address of its mirror, and for packages of its own suites.

APT_STATE=$SKEL_CACHE/apt

private_apt() { # COMMAND ARGUMENTS...: apt-get or apt-cache with our state
	local command=$1
	shift
	"$command" -qq \
		-o Dir::Etc::SourceList="$APT_STATE/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State::Lists="$APT_STATE/lists" \
		-o Dir::Cache="$APT_STATE/cache" \
		-o Dir::State::extended_states="$APT_STATE/extended_states" \
		-o APT::Sandbox::User=root \
		-o APT::Update::Error-Mode=any \
		-o Acquire::Languages=none \
		-o Acquire::Retries=3 \
		"$@"
}

own_apt() { # COMMAND ARGUMENTS...: the machine's own state
	local command=$1
	shift
	"$command" -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@"
}

# The machine's Debian mirror. Empty if there is none.
mirror_site() {
	local codename
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# shellcheck disable=SC2016 # the format is apt-get's
	apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		awk -v own="$codename" '
			$1 !~ /security/ && ($2 == own || $2 ~ /^(stable|testing|unstable|sid)$/) { print $1; exit }'
}

# Fetch the package lists, once per hour at most. Hold the lock "apt".
update_lists() {
	local site keyring=/usr/share/keyrings/debian-archive-keyring.gpg suite
	command -v apt-get >/dev/null || die "this is no Debian system, name your own kernel tree with KSRC=DIR"
	[ -f "$keyring" ] || die "the package debian-archive-keyring is missing, install it or name your own kernel tree with KSRC=DIR"
	site=$(mirror_site)
	[ -n "$site" ] || die "apt has no Debian mirror configured, name your own kernel tree with KSRC=DIR"
	mkdir -p "$APT_STATE"/lists/partial "$APT_STATE"/cache/archives/partial
	{
		for suite in stable-backports testing unstable experimental; do
			echo "deb [signed-by=$keyring] $site $suite main"
		done
		echo "deb-src [signed-by=$keyring] $site testing main"
	} >"$APT_STATE/sources.list"
	[ -z "$(find "$APT_STATE/updated" -mmin -60 2>/dev/null)" ] || return 0
	need_space "$APT_STATE" 500
	note "fetching the package lists of Debian's newer suites"
	private_apt apt-get update 2>"$APT_STATE/update.log" ||
		die "the package lists cannot be fetched ($(grep -m 1 '^E:' "$APT_STATE/update.log" || echo interrupted)); check the network, or name your own kernel tree with KSRC=DIR"
	touch "$APT_STATE/updated"
}

# The highest of the versions on stdin.
highest_version() {
	local version best=''
	while read -r version; do
		if [ -z "$best" ] || dpkg --compare-versions "$version" gt "$best"; then
			best=$version
		fi
	done
	echo "$best"
}

# The static busybox of another architecture, from the machine's own mirror; its
# path is in BUSYBOX.
foreign_busybox() { # ARCHITECTURE
	local state=$APT_STATE/$1 log=$APT_STATE/$1/log
	BUSYBOX=$SKEL_CACHE/tools/busybox-$1
	[ ! -x "$BUSYBOX" ] || return 0
	lock apt
	rm -rf "$state"
	mkdir -p "$SKEL_CACHE/tools" "$state"/lists/partial "$state"/cache/archives/partial
	: >"$state/status"
	foreign_apt() { # ARCHITECTURE COMMAND...
		apt-get -qq -o APT::Architecture="$1" -o APT::Architectures="$1" \
			-o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status" \
			-o Dir::Cache="$state/cache" -o APT::Sandbox::User=root \
			-o Acquire::Languages=none -o Acquire::Retries=3 "${@:2}"
	}
	note "fetching busybox for $1"
	(cd "$state" && foreign_apt "$1" update && foreign_apt "$1" download busybox-static) >"$log" 2>&1 ||
		die "busybox-static for $1 cannot be fetched ($(grep -m 1 '^E:' "$log" || echo interrupted)); check the network"
	dpkg-deb --fsys-tarfile "$state"/busybox-static_*.deb | tar -x -O ./bin/busybox >"$BUSYBOX.new"
	chmod 755 "$BUSYBOX.new"
	mv "$BUSYBOX.new" "$BUSYBOX"
	rm -rf "$state"
}
