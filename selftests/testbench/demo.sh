#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The demo: builds everything, boots a stock Debian kernel as a guest of
# kvm-lite, shows its console live, ends with a table of what it cost.
# tour 83: the whole path from an empty machine to a running guest.

. "$(dirname "$0")/lib.sh"

MODEL=${MODEL:-$DEFAULT_MODEL}

check_model "$MODEL"
host=$("$TB/host-detect.sh" "${HOST:-auto}") || exit $?
out=$BUILD/demo
mkdir -p "$RESULTS"

if [ "$host" = native ]; then
	step "this machine has VT-x: kvmlite.ko will be built for and loaded into its own kernel $(uname -r), the guest runs on the real CPU, then the module is unloaded"
else
	step "no usable VT-x chosen on this machine: the guest runs in an emulated host (Bochs, $MODEL)"
fi
"$TB/bench.sh" || exit 1
if [ "$host" = native ]; then
	step "building kvmlite.ko for $(uname -r)"
	"$TB/native.sh" build || exit 1
else
	step "building kvmlite.ko in the testbench folder"
	"$TB/build.sh" module || exit 1
fi
step "building the runner kvmlite"
"$TB/build.sh" runner || exit 1
step "making the guest's initramfs"
"$TB/build.sh" guest || exit 1

exec 6>"$BUILD/lock/demo"
flock -n 6 || die "another demo is running in this tree"
rm -rf "$out" "$RESULTS/demo.json"
mkdir -p "$out/guest"
cp "$BUILD/guest/vmlinuz" "$BUILD/guest/initramfs" "$out/guest/"
cp "$BUILD/userspace/kvmlite" "$out/"
run="kvmlite run --kernel guest/vmlinuz --initrd guest/initramfs --mem 256M --cmdline"
rc=0
if [ "$host" = native ]; then
	step "loading the module and booting the guest on this CPU"
	"$TB/native.sh" load || exit 1
	(cd "$out" && ./$run "$GUEST_CMDLINE" --stats-json "$RESULTS/demo.json") || rc=$?
	"$TB/native.sh" unload || exit 1
else
	cp "$BUILD/module/kvmlite.ko" "$out/"
	step "making the boot image of the emulated host"
	"$TB/boot-image.sh" || exit 1
	step "booting the emulated host, loading the module, then the guest's own console follows"
	say ""
	# Below 512 MB Linux has no huge pages.
	"$TB/run.sh" --name demo --payload "$out" --model "$MODEL" --mem 1024 --timeout 420 --cmd "
		cd /payload && insmod ./kvmlite.ko || exit 72
		$run '$GUEST_CMDLINE' --stats-json /results/demo.json
		status=\$?
		rmmod kvmlite || exit 73
		exit \$status" 6>&- || rc=$?
	cp "$BUILD/run/demo/results/demo.json" "$RESULTS/demo.json" 2>/dev/null
fi
say ""
if [ -s "$RESULTS/demo.json" ]; then
	step "the guest ended with status $rc; what it cost:"
	in_bench python3 /src/selftests/testbench/demo_report.py /src/build/results/demo.json >&1 ||
		[ "$rc" -ne 0 ] || rc=1
else
	say "kvm-lite: the demo failed (status $rc): the runner wrote no figures"
	[ "$rc" -ne 0 ] || rc=1
fi
exit "$rc"
