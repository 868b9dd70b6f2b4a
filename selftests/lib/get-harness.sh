#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Puts the kernel's kselftest harness (two headers out of Debian's
# linux-source-6.12 package) into DIR, once. The harness is a dependency, it is
# not kept in this repository. Usage: get-harness.sh DIR

set -u -o pipefail

DIR=${1:?usage: get-harness.sh DIR}
PKG=linux-source-6.12
TOP=$(cd "$(dirname "$0")/../.." && pwd)
FILES="tools/testing/selftests/kselftest.h tools/testing/selftests/kselftest_harness.h"

die() {
	echo "get-harness.sh: $*" >&2
	exit 2
}

complete() {
	[ -s "$DIR/kselftest.h" ] && [ -s "$DIR/kselftest_harness.h" ]
}

# The package comes from the machine's own apt; a machine whose Debian does
# not have it asks the apt of the testbench folder.
fetch() {
	local tmp=$1

	if apt-cache show "$PKG" >/dev/null 2>&1; then
		(cd "$tmp" && apt-get -q download "$PKG" >apt.log 2>&1) && return 0
	fi
	if [ -d "$TOP/build/bench/usr/bin" ]; then
		rm -rf "$TOP/build/bench/tmp/kl-harness"
		mkdir -p "$TOP/build/bench/tmp/kl-harness"
		chroot "$TOP/build/bench" sh -c \
			"cd /tmp/kl-harness && apt-get -q download $PKG" >"$tmp/apt.log" 2>&1 &&
			mv "$TOP/build/bench/tmp/kl-harness/"*.deb "$tmp/" && return 0
	fi
	cat "$tmp/apt.log" >&2 2>/dev/null
	die "cannot get the package $PKG: run apt-get update, or make the testbench folder first"
}

extract() {
	local tmp=$1 deb tar f

	fetch "$tmp"
	deb=$(ls "$tmp"/$PKG*.deb)
	mkdir "$tmp/x"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -C "$tmp/x" --wildcards './usr/src/linux-source-*.tar.*' ||
		die "$PKG holds no source archive"
	tar=$(ls "$tmp"/x/usr/src/linux-source-*.tar.*)
	# shellcheck disable=SC2086
	tar -x -f "$tar" -C "$tmp/x" --occurrence=1 \
		$(for f in $FILES; do echo "$PKG/$f"; done) ||
		die "$PKG holds no kselftest harness"
	mkdir -p "$DIR"
	for f in $FILES; do
		mv "$tmp/x/$PKG/$f" "$DIR/.$(basename "$f")" &&
			mv "$DIR/.$(basename "$f")" "$DIR/$(basename "$f")" || die "cannot write $DIR"
	done
}

complete && exit 0
mkdir -p "$TOP/build/lock"
exec 8>"$TOP/build/lock/harness"
flock 8
complete && exit 0
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
extract "$tmp"
complete || die "extraction left no headers in $DIR"
