#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Makes build/boot/host.bzimage, the stock kernel of the bench behind a stub
# that spares the decompression. Done once per kernel, stub and script.

. "$(dirname "$0")/lib.sh"

make_image() {
	local release

	release=$(cat "$BENCH/kernel-release") || die "there is no testbench folder: run 'make testbench'"
	out=$BUILD/boot/host.bzimage
	if [ "$(cat "$out.stamp" 2>/dev/null)" = "$release" ] && [ -f "$out" ] &&
		[ "$out" -nt "$TB/stub.S" ] && [ "$out" -nt "$TB/make_bzimage.py" ]; then
		return 0
	fi
	mkdir -p "$BUILD/boot"
	in_bench sh -ec '
		cd /src/build/boot
		gcc -m32 -c -o stub.o /src/selftests/testbench/stub.S
		objcopy -O binary -j .text stub.o stub.bin
		/src/selftests/testbench/make_bzimage.py "/boot/vmlinuz-$1" stub.bin host.bzimage.tmp
		mv host.bzimage.tmp host.bzimage
		rm -f stub.o stub.bin
	' sh "$release" || die "cannot make the boot image of the emulated host"
	echo "$release" >"$out.stamp"
}

locked boot-image make_image
