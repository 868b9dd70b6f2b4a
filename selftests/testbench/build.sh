#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds one part of the project inside the testbench folder, where compiler and
# headers are the kernel's own: build.sh module|runner|kselftests|guest.
# Output goes to build/<part>; make arguments may follow.

. "$(dirname "$0")/lib.sh"

# Sources are copied, because Kbuild of 6.12 writes beside them. Times are kept
# and files that are gone are deleted, so a second build does only what changed.
build_module() {
	local log=$BUILD/log/module.log rc=0

	[ -f "$TOP/Kbuild" ] || die "there is no Kbuild file: the module cannot be built"
	"$TB/copy-sources.sh" "$BUILD/module" || die "cannot copy the sources"
	mkdir -p "$BUILD/log"
	in_bench sh -c 'exec make -j"$(nproc)" -C "/lib/modules/$(cat /kernel-release)/build" \
		M=/src/build/module "$@" modules' sh "$@" >"$log" 2>&1 </dev/null || rc=$?
	if [ "$rc" -ne 0 ]; then
		grep -vE '^  (CC|LD|AR|AS)|^make' "$log" | head -n 60 >&2
		die "the module does not build; everything is in $log"
	fi
}

# make_in DIR OUT ARGS: run make of one part, quiet unless it fails.
make_in() {
	local dir=$1 out=$2 log=$BUILD/log/${1//\//_}.log
	shift 2

	[ -f "$TOP/$dir/Makefile" ] || die "there is no $dir/Makefile"
	mkdir -p "$BUILD/log" "$BUILD/$out"
	in_bench sh -c 'exec make -j"$(nproc)" "$@"' sh -C "/src/$dir" "O=/src/build/$out" "$@" \
		>"$log" 2>&1 </dev/null || {
		grep -E 'error|Error|warning' -A4 "$log" | head -n 60 >&2
		die "$dir does not build; everything is in $log"
	}
}

build_guest() {
	local release

	release=$(cat "$BENCH/kernel-release") || die "there is no testbench folder"
	mkdir -p "$BUILD/guest"
	[ "$(cat "$BUILD/guest/release" 2>/dev/null)" = "$release" ] || {
		cp "$BENCH/boot/vmlinuz-$release" "$BUILD/guest/vmlinuz.tmp" &&
			mv "$BUILD/guest/vmlinuz.tmp" "$BUILD/guest/vmlinuz" || exit 1
		echo "$release" >"$BUILD/guest/release"
	}
	[ "$BUILD/guest/initramfs" -nt "$TOP/selftests/guest/init" ] &&
		[ "$BUILD/guest/initramfs" -nt "$TB/initramfs.py" ] ||
		in_bench python3 /src/selftests/testbench/initramfs.py \
			/src/build/guest/initramfs /src/selftests/guest/init ||
		die "cannot make the guest's initramfs"
}

part=${1:-}
shift
case $part in
module) locked module build_module "$@" ;;
runner) locked runner make_in userspace userspace STATIC=1 "$@" ;;
kselftests)
	"$TB/source.sh" || exit 1
	locked kselftests make_in selftests kselftests STATIC=1 \
		KSELFTEST_DIR=/src/build/linux-source/tools/testing/selftests "$@"
	;;
guest) locked guest build_guest ;;
*) die "build.sh knows module, runner, kselftests and guest, not '$part'" ;;
esac
