#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make bench`: the same program on /dev/kvmlite and on stock KVM's /dev/kvm, in
# one boot of the emulated host, printed side by side; build/results/bench.json.

. "$(dirname "$0")/lib.sh"

MODEL=${MODEL:-$DEFAULT_MODEL}
check_model "$MODEL"
"$TB/bench.sh" || exit 1
step "building the module, kl-bench, the runner and a guest"
"$TB/build.sh" module || exit 1
"$TB/build.sh" kselftests || exit 1
"$TB/build.sh" runner || exit 1
"$TB/build.sh" guest || exit 1
[ -x "$BUILD/kselftests/kl-bench" ] || die "kl-bench was not built"
out=$BUILD/run-input/bench
rm -rf "$out"
mkdir -p "$out"
cp "$BUILD/module/kvmlite.ko" "$BUILD/kselftests/kl-bench" "$BUILD/userspace/kvmlite" \
	"$BUILD/guest/vmlinuz" "$BUILD/guest/initramfs" "$out/"
# Loading is measured on what a user would install: without debug data, for both.
in_bench sh -ec 'cd /src/build/run-input/bench
	objcopy --strip-debug --remove-section=.BTF kvmlite.ko
	gcc -O2 -static -o ticks /src/selftests/testbench/ticks.c' || die "cannot prepare the bench"
step "booting the emulated host ($MODEL), measuring kvmlite, then stock KVM"
append=''
[ "${MITIGATIONS:-off}" = off ] || append=--mitigations
rc=0
"$TB/run.sh" --name bench --model "$MODEL" --mem 1024 --timeout 900 --payload "$out" \
	--bring kvm-intel $append --cmd '
	cd /payload
	# boot DEVICE: the guest of the demo, instructions to its init.
	boot() {
		kvmlite run --dev "$1" --kernel vmlinuz --initrd initramfs --mem 256M \
			--cmdline "'"$GUEST_CMDLINE"'" --stats-json /tmp/boot.json \
			>/tmp/boot.log 2>&1 || { cat /tmp/boot.log; return 1; }
		sed -n "s/.*\"tsc_to_init\": \([0-9]*\).*/boot_runner ticks \1/p" /tmp/boot.json
	}
	kl=$(ticks insmod ./kvmlite.ko) || exit 72
	kl-bench --dev /dev/kvmlite >/results/rows.kvmlite || rc=1
	boot /dev/kvmlite >>/results/rows.kvmlite || rc=1
	cat /results/rows.kvmlite
	echo "insmod ticks $kl" >>/results/rows.kvmlite
	rmmod kvmlite || exit 73
	# Only what kvm-intel adds is measured with it: the modules it needs come first.
	head -n -2 /modules/kvm-intel.order >/modules/before.order
	load before
	tail -n 2 /modules/kvm-intel.order >/modules/kvm-pair.order
	# Bochs 3.0 wants a posted-interrupt descriptor in a page of its own and KVM
	# has it inside a structure: with APICv its VM entries fail, so it runs without.
	echo enable_apicv=0 >/modules/kvm-intel.args
	kvm=$(ticks load kvm-pair) || exit 74
	echo "-- /dev/kvm"
	kl-bench --dev /dev/kvm >/results/rows.kvm || rc=1
	boot /dev/kvm >>/results/rows.kvm || rc=1
	cat /results/rows.kvm
	echo "insmod ticks $kvm" >>/results/rows.kvm
	exit ${rc:-0}' || rc=$?
res=$BUILD/run/bench/results
if [ -s "$res/rows.kvmlite" ] && [ -s "$res/rows.kvm" ]; then
	text() { in_bench size "$@" | awk 'NR > 1 { s += $1 } END { printf "%.1f", s / 1024 }'; }
	release=$(cat "$BENCH/kernel-release")
	mods=/src/build/boot/modules-$release
	echo "text_kb KiB $(text /src/build/run-input/bench/kvmlite.ko)" >>"$res/rows.kvmlite"
	echo "text_kb KiB $(text "$mods/kvm.ko" "$mods/kvm-intel.ko")" >>"$res/rows.kvm"
	in_bench python3 /src/selftests/testbench/bench_report.py /src/build/run/bench/results \
		/src/build/results/bench.json "$MODEL" "${MITIGATIONS:-off}" || rc=1
else
	say "kvm-lite: the benchmark ended without figures (status $rc)"
	[ "$rc" -ne 0 ] || rc=1
fi
exit "$rc"
