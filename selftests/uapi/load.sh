#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Loading the module with wrong parameters, while another hypervisor holds VT-x,
# and well: a clear line in the kernel log, and nothing left behind. Started with
# the module unloaded, ./kvmlite.ko and stock kvm-intel at hand; prints KTAP.

n=0
rc=0
mark=0

result() { # NAME STATUS
	n=$((n + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $n $1"
	else
		dmesg | tail -n +$((mark + 1)) | sed 's/^/# dmesg: /'
		echo "not ok $n $1"
		rc=1
	fi
}

said() { dmesg | tail -n +$((mark + 1)) | grep -qF "$1"; }

# Nothing of the module is there: module, node, hot-plug callback, debugfs.
gone() {
	! grep -q '^kvmlite ' /proc/modules &&
		! grep -q 'kvmlite$' /proc/misc &&
		! grep -q kvmlite /sys/devices/system/cpu/hotplug/states &&
		[ ! -e /sys/kernel/debug/kvmlite ]
}

# refused NAME TEXT ARGS: insmod fails, the kernel log has TEXT, all is gone.
refused() {
	name=$1 text=$2
	shift 2
	mark=$(dmesg | wc -l)
	if insmod ./kvmlite.ko "$@" 2>/dev/null; then
		rmmod kvmlite
		result "$name" 1
		return
	fi
	said "$text" && gone
	result "$name" $?
}

mount -t debugfs none /sys/kernel/debug 2>/dev/null
echo "KTAP version 1"
echo "1..8"
refused "an unknown node" 'node=foo: it must be "kvmlite" or "kvm"' node=foo
refused "an empty node" 'node=: it must be "kvmlite" or "kvm"' node=
refused "a bound that is no number" "invalid for parameter \`entry_ticks'" entry_ticks=soon

# The kernel itself ignores a parameter that a module does not have, and says so.
mark=$(dmesg | wc -l)
insmod ./kvmlite.ko nosuch=1 && said "unknown parameter 'nosuch' ignored" &&
	rmmod kvmlite && gone
result "an unknown parameter" $?

mark=$(dmesg | wc -l)
insmod ./kvmlite.ko node=kvm && grep -q '^232 kvm$' /proc/misc && [ -c /dev/kvm ] &&
	rmmod kvmlite && gone && ! grep -q ' kvm$' /proc/misc
result "in the place of /dev/kvm" $?

if load kvm-intel 2>/dev/null && grep -q '^kvm_intel ' /proc/modules; then
	refused "beside another hypervisor" "VT-x is in use"
	refused "in the place of a /dev/kvm that is taken" "VT-x is in use" node=kvm
	rmmod kvm_intel
	rmmod kvm
else
	echo "ok $((n + 1)) beside another hypervisor # SKIP no stock kvm-intel here"
	echo "ok $((n + 2)) in the place of a /dev/kvm that is taken # SKIP no stock kvm-intel here"
	n=$((n + 2))
fi

mark=$(dmesg | wc -l)
insmod ./kvmlite.ko && [ -c /dev/kvmlite ] && rmmod kvmlite && gone
result "well, after all that" $?
exit $rc
