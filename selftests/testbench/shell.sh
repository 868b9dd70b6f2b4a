#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An interactive shell in the emulated host, with the module loaded, the runner
# and a guest at hand. Ctrl-a x leaves.

. "$(dirname "$0")/lib.sh"

MODEL=${MODEL:-$DEFAULT_MODEL}
check_model "$MODEL"
[ -t 0 ] && [ -t 1 ] || die "'make shell' needs a terminal on standard input and output"
"$TB/bench.sh" || exit 1
step "building the module, the runner and the guest"
"$TB/build.sh" module || exit 1
"$TB/build.sh" runner || exit 1
"$TB/build.sh" guest || exit 1
out=$BUILD/run-input/shell
rm -rf "$out"
mkdir -p "$out"
cp "$BUILD/module/kvmlite.ko" "$BUILD/userspace/kvmlite" "$BUILD/guest/vmlinuz" \
	"$BUILD/guest/initramfs" "$out/" || exit 1
for t in "$BUILD"/kselftests/*-* "$BUILD/kselftests/kl-bench"; do
	[ ! -x "$t" ] || [ -d "$t" ] || cp "$t" "$out/"
done
step "booting the emulated host ($MODEL); Ctrl-a x leaves, 'exit' switches it off"
exec "$TB/run.sh" --name shell --model "$MODEL" --cpus "${CPUS:-1}" --mem 1024 \
	--bring "kvm-intel" --timeout 7200 --interactive --payload "$out" --cmd '
cd /payload
insmod ./kvmlite.ko && echo "kvmlite.ko is loaded. Try: kvmlite info"
echo "or: kvmlite run --kernel vmlinuz --initrd initramfs    (stock KVM: load kvm-intel)"
PS1="emulated-host# " exec sh -i'
