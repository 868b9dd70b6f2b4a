#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The module on this machine's own kernel: native.sh build|load|unload.

. "$(dirname "$0")/lib.sh"

KDIR=/lib/modules/$(uname -r)/build
DIR=$BUILD/native

build() {
	local need=()

	command -v gcc >/dev/null || need+=(gcc)
	[ -e "$KDIR/Makefile" ] || need+=("linux-headers-$(uname -r)")
	if [ ${#need[@]} -gt 0 ]; then
		command -v apt-get >/dev/null || die "install ${need[*]} by hand, then run this again"
		detail "installing on this machine with apt: ${need[*]}"
		export DEBIAN_FRONTEND=noninteractive
		patient 5 "apt-get update" apt-get -q update || exit 1
		patient 5 "apt-get install" apt-get -q -y install --no-install-recommends \
			"${need[@]}" || exit 1
	fi
	"$TB/copy-sources.sh" "$DIR" || exit 1
	patient 10 "module for $(uname -r)" make -j"$(nproc)" -C "$KDIR" M="$DIR" modules || exit 1
}

case ${1:-} in
build) locked native build ;;
load) insmod "$DIR/kvmlite.ko" || die "the module did not load: $(dmesg | grep kvmlite | tail -n 1)" ;;
unload) rmmod kvmlite || die "the module did not unload" ;;
*) die "native.sh knows build, load and unload" ;;
esac
