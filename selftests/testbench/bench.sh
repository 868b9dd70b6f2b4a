#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Makes build/bench: a Debian 13 root in a folder with the emulator, the stock
# kernel and the tools that build everything. The mirror is the machine's own.
# Done once; made under another name and renamed, so that an interrupted run
# leaves nothing half made. tour 80: the whole lab is one folder, made here.

. "$(dirname "$0")/lib.sh"

SUITE=trixie
PACKAGES="bochs bochsbios vgabios bochs-term linux-image-amd64 linux-headers-amd64
gcc g++ libc6-dev make libelf-dev kmod busybox-static sparse
xorriso isolinux syslinux-common cpio zstd xz-utils python3 perl-base perl
ca-certificates debian-archive-keyring"
# A change of what the folder holds makes a new one.
STAMP=$(printf '%s' "$SUITE $PACKAGES 1" | tr -s ' \n\t' '   ' | sha256sum | cut -c1-16)

# The machine's packages this script itself needs.
host_packages() {
	local need=()

	command -v mmdebstrap >/dev/null || need+=(mmdebstrap)
	command -v unshare >/dev/null || need+=(util-linux)
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || need+=(debian-archive-keyring)
	[ ${#need[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null ||
		die "this machine has no apt-get: install ${need[*]} by hand, then run this again"
	detail "installing on this machine with apt: ${need[*]}"
	export DEBIAN_FRONTEND=noninteractive
	patient 5 "apt-get update" apt-get -q update || exit 1
	patient 5 "apt-get install" apt-get -q -y install --no-install-recommends \
		"${need[@]}" || exit 1
}

# Print the sources.list lines of the bench, from apt's own idea of its sources
# (which knows both formats). KL_MIRROR= and KL_SECURITY= override it.
sources() {
	local here targets mirror security

	here=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	targets=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
		"Created-By: Packages" 2>/dev/null)
	mirror=${KL_MIRROR:-$(awk -v r="$here" '$1 == r && $2 == "main" { print $3; exit }' \
		<<<"$targets")}
	security=${KL_SECURITY:-$(awk -v r="$here-security" \
		'$1 == r && $2 == "main" { print $3; exit }' <<<"$targets")}
	[ -n "$mirror" ] ||
		die "apt of this machine names no Debian mirror for '$here' main; set KL_MIRROR=URL"
	echo "deb $mirror $SUITE main"
	echo "deb $mirror $SUITE-updates main"
	[ -z "$security" ] || echo "deb $security $SUITE-security main"
}

# Proxies and the like of the machine's apt hold for the bench, too.
apt_options() {
	apt-config dump 2>/dev/null |
		grep -iE '^Acquire::(https?::|ftp::|Retries|Check-Valid)' | grep -v '""'
}

# Runs in mmdebstrap, once the packages are in: note the kernel's release.
customize() {
	local root=$1 release

	release=$(cd "$root/lib/modules" && ls -d -- *-amd64 | sort -V | tail -n 1)
	[ -n "$release" ] || { echo "the bench has no kernel"; return 1; }
	[ -e "$root/lib/modules/$release/build" ] || [ -L "$root/lib/modules/$release/build" ] || {
		echo "headers and kernel of the bench have different versions"
		return 1
	}
	echo "$release" >"$root/kernel-release"
}

make_bench() {
	local tmp=$BUILD/bench.tmp lists opts=()

	if [ "$(cat "$BENCH/.kl-stamp" 2>/dev/null)" = "$STAMP" ]; then
		return 0
	fi
	[ "$(id -u)" -eq 0 ] || die "making the testbench folder needs root"
	[ "$(uname -m)" = x86_64 ] || die "the testbench needs an x86_64 machine, this is $(uname -m)"
	host_packages
	lists=$(sources) || exit 2
	step "making the Debian 13 testbench folder build/bench (once, 1-3 minutes)"
	rm -rf --one-file-system "$tmp" "$BENCH"
	mkdir -p "$BUILD/log"
	echo "$lists" >"$BUILD/log/bench.list"
	while read -r line; do
		[ -z "$line" ] || opts+=(--aptopt="$line")
	done < <(apt_options)
	# INITRD=No: the kernel package makes no initramfs; nobody would boot it.
	export INITRD=No
	patient 5 mmdebstrap mmdebstrap --mode=root --variant=apt --architectures=amd64 \
		--include="$(echo $PACKAGES | tr ' ' ,)" "${opts[@]}" \
		--aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt=force-unsafe-io \
		--skip=cleanup/apt/lists \
		--customize-hook="$TB/bench.sh customize \"\$1\"" \
		"$SUITE" "$tmp" "$BUILD/log/bench.list" || exit 1
	mkdir -p "$tmp/src" "$tmp/run"
	echo "$STAMP" >"$tmp/.kl-stamp"
	sync -f "$tmp"
	mv -T "$tmp" "$BENCH"
	detail "build/bench is made: $(du -sh "$BENCH" | cut -f1), Linux $(cat "$BENCH/kernel-release")"
}

case ${1:-} in
customize) customize "$2" ;;
"") locked bench make_bench ;;
*) die "bench.sh takes no '$1'" ;;
esac
