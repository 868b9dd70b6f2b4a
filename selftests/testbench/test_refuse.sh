#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# On CPU models without a control that kvm-lite needs, the module refuses to load
# with one line in the kernel log that names the control, and leaves nothing
# behind. Prints KTAP; one short boot of the emulated host for each model. (The stock
# kernel itself complains on the oldest; insmod of busybox tries twice.)

. "$(dirname "$0")/lib.sh"

# model: what it lacks and the SDM's name of it
WANT="core2_penryn_t9600:enable EPT
corei5_lynnfield_750:unrestricted guest"

n=0
rc=0
"$TB/bench.sh" || exit 1
"$TB/build.sh" module || exit 1
out=$BUILD/run-input/refuse
rm -rf "$out"
mkdir -p "$out"
cp "$BUILD/module/kvmlite.ko" "$out/"
echo "KTAP version 1"
echo "1..$(wc -l <<<"$WANT")"
while IFS=: read -r model lacks; do
	n=$((n + 1))
	said=$("$TB/run.sh" --name refuse --model "$model" --payload "$out" --timeout 120 \
		--allow-oops --cmd '
		dmesg -n 1
		! insmod /payload/kvmlite.ko || exit 71
		dmesg | grep -o "kvmlite: .*" | grep -v "taints kernel\|verification failed" |
			sort -u | sed "s/^/said: /"
		! dmesg | sed "1,/kvmlite: /d" | grep -E "BUG:|WARNING:|Oops|Call Trace" || exit 73
		! grep -q kvmlite /proc/modules /proc/misc \
			/sys/devices/system/cpu/hotplug/states || exit 72' 2>&1 </dev/null)
	status=$?
	lines=$(grep -c '^said: ' <<<"$said")
	if [ "$status" -eq 0 ] && [ "$lines" -eq 1 ] && grep -q "^said: .*$lacks" <<<"$said"; then
		sed -n 's/^said: /# /p' <<<"$said"
		echo "ok $n $model"
	else
		printf '%s\n' "status $status, expected one line with '$lacks'; said:" "$said" |
			tail -n 12 | sed 's/^/# /'
		echo "not ok $n $model"
		rc=1
	fi
done <<<"$WANT"
exit $rc
