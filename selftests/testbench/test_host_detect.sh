#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests host-detect.sh on made-up machines. Prints KTAP.

cd "$(dirname "$0")" || exit 2
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
n=0
rc=0

# machine VENDOR FLAGS LOADED FEATURE_CONTROL-in-octal-bytes-or-none
machine() {
	rm -rf "${tmp:?}/"*
	mkdir -p "$tmp/proc" "$tmp/sys/module"
	printf 'processor\t: 0\nvendor_id\t: %s\nflags\t\t: %s\n' "$1" "$2" >"$tmp/proc/cpuinfo"
	[ -z "$3" ] || mkdir "$tmp/sys/module/$3"
	[ -z "$4" ] || {
		head -c 58 /dev/zero
		# The register is the eight bytes at offset 0x3a.
		printf "%b" "$4\\0\\0\\0\\0\\0\\0\\0"
	} >"$tmp/msr"
}

# expect NAME HOST STATUS OUTPUT-PATTERN
expect() {
	local out got=0

	n=$((n + 1))
	out=$(KL_PROC=$tmp/proc KL_SYS=$tmp/sys KL_MSR=$tmp/msr ./host-detect.sh "$2" 2>&1) || got=$?
	if [ "$got" -eq "$3" ] && [[ $out == *$4* ]] && [ "$(wc -l <<<"$out")" -eq 1 ]; then
		echo "ok $n $1"
	else
		echo "# status $got, expected $3; said '$out', expected '$4'"
		echo "not ok $n $1"
		rc=1
	fi
}

echo "KTAP version 1"
echo "1..14"
machine GenuineIntel "fpu vmx sse2" "" '\0005'
expect "VT-x that is free is used" auto 0 native
expect "native can be asked for" native 0 native
expect "bochs can be asked for although there is VT-x" bochs 0 bochs
machine GenuineIntel "fpu vmx" "" ""
expect "no MSR file: the flag decides" auto 0 native
machine GenuineIntel "fpu vmx" "" '\0000'
expect "an unlocked register is no obstacle" auto 0 native
machine GenuineIntel "fpu vmx" kvm_intel '\0005'
expect "kvm_intel is named" auto 2 "kvm_intel is loaded and holds VMX"
expect "kvm_intel is named, native" native 2 "rmmod kvm_intel"
machine GenuineIntel "fpu sse2" "" '\0001'
expect "a firmware lock is named" auto 2 "firmware has locked VT-x off"
machine GenuineIntel "fpu vmx" "" '\0003'
expect "VMX allowed in SMX only is a firmware lock" native 2 "IA32_FEATURE_CONTROL"
machine GenuineIntel "fpu vmxnope" "" ""
expect "no VT-x: auto emulates" auto 0 bochs
expect "no VT-x: native is refused" native 2 "this CPU has no VT-x"
machine AuthenticAMD "fpu svm vmx" "" '\0001'
expect "another maker's CPU has no VT-x" auto 0 bochs
expect "an unknown HOST is refused" quick 2 "HOST=quick is not known"
rm -rf "${tmp:?}/proc"
expect "no /proc/cpuinfo: auto emulates" auto 0 bochs
exit $rc
