#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Decides where the demo's hypervisor runs: host-detect.sh auto|native|bochs
# prints "native" or "bochs"; status 2 and one sentence when it cannot be.
# KL_PROC=, KL_SYS= and KL_MSR= stand for /proc, /sys and the MSR file in tests.

set -u

PROC=${KL_PROC:-/proc}
SYS=${KL_SYS:-/sys}
MSR=${KL_MSR:-/dev/cpu/0/msr}
IA32_FEATURE_CONTROL=58		# 0x3a; SDM appendix "Model-specific registers"

refuse() {
	echo "kvm-lite: $*" >&2
	exit 2
}

has_vtx() {
	grep -q '^vendor_id.*GenuineIntel' "$PROC/cpuinfo" 2>/dev/null &&
		grep -qE '^flags.*[[:space:]]vmx([[:space:]]|$)' "$PROC/cpuinfo"
}

# Linux clears the vmx flag when the firmware has locked VMX off; an Intel CPU
# without the flag may still be one of those, so the MSR is asked in both cases.
feature_control() {
	[ -e "$MSR" ] || [ -n "${KL_MSR:-}" ] || modprobe msr 2>/dev/null
	od -A n -t u8 -j "$IA32_FEATURE_CONTROL" -N 8 "$MSR" 2>/dev/null | tr -d ' '
}

locked_off() {
	local v

	grep -q '^vendor_id.*GenuineIntel' "$PROC/cpuinfo" 2>/dev/null || return 1
	v=$(feature_control)
	[ -n "$v" ] && [ $((v & 1)) -eq 1 ] && [ $((v & 4)) -eq 0 ]
}

case ${1:-auto} in
bochs)
	echo bochs
	exit 0
	;;
auto | native) ;;
*) refuse "HOST=$1 is not known; it is auto, native or bochs" ;;
esac

if locked_off; then
	why="the firmware has locked VT-x off (IA32_FEATURE_CONTROL): switch it on in the BIOS setup, or use HOST=bochs"
elif ! has_vtx; then
	why="this CPU has no VT-x: use HOST=bochs, which emulates it"
	if [ "${1:-auto}" = auto ]; then
		echo bochs
		exit 0
	fi
elif [ -d "$SYS/module/kvm_intel" ]; then
	why="kvm_intel is loaded and holds VMX: stop its virtual machines and run 'rmmod kvm_intel', or use HOST=bochs"
else
	echo native
	exit 0
fi
refuse "$why"
