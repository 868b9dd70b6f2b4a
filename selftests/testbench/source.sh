#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Takes what the checks need out of Debian's linux-source-6.12 package into
# build/linux-source: checkpatch with its word lists, and the kselftest harness.
# They are dependencies and stay out of the repository. Done once.

. "$(dirname "$0")/lib.sh"

PKG=linux-source-6.12
OUT=$BUILD/linux-source

extract() {
	[ ! -f "$OUT/.done" ] || return 0
	step "fetching checkpatch and the kselftest harness from Debian's $PKG (once)"
	rm -rf "$OUT" "$OUT.tmp"
	mkdir -p "$OUT.tmp"
	KL_NET=1 patient 10 "$PKG" in_bench bash -euo pipefail -c '
		cd /src/build/linux-source.tmp
		echo "downloading"
		apt-get -q -o APT::Sandbox::User=root download "$1"
		mkdir deb
		dpkg-deb --fsys-tarfile "$1"_*.deb |
			tar -x -C deb --strip-components=3 --wildcards "./usr/src/$1.tar.*"
		echo "extracting"
		tar -xf deb/"$1".tar.* --strip-components=1 --wildcards "$1/scripts/*" \
			"$1/tools/testing/selftests/kselftest*.h"
		rm -rf deb ./*.deb
		touch .done
	' sh "$PKG" || exit 1
	mv -T "$OUT.tmp" "$OUT"
}

locked linux-source extract
