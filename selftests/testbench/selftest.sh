#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Kselftests on the bench, in one boot: selftest.sh [NAME...]; without a name all
# of them. Prints KTAP while they run. MODEL= and CPUS= choose the machine,
# MODARGS= are given to the module.

. "$(dirname "$0")/lib.sh"

MODEL=${MODEL:-$DEFAULT_MODEL}
check_model "$MODEL"
"$TB/bench.sh" || exit 1
list=$BUILD/kselftests/list
out=$BUILD/run-input/${RUN_NAME:-selftest}
mkdir -p "$BUILD/kselftests"
in_bench make -s -C /src/selftests O=/src/build/kselftests /src/build/kselftests/list \
	>/dev/null 2>&1 </dev/null
[ -s "$list" ] || die "selftests/Makefile names no test"
rm -rf "$out"
mkdir -p "$out"
if [ $# -gt 0 ]; then
	for t; do
		awk -v t="$t" '$1 == t { print; n++ } END { exit !n }' "$list" >>"$out/list" || {
			say "kvm-lite: T=$t is no test; the tests are:"
			cut -d' ' -f1 "$list" | sed 's/^/  /' >&2
			exit 2
		}
	done
	step "building the module and the tests"
else
	cp "$list" "$out/list"
fi
"$TB/build.sh" module || exit 1
"$TB/build.sh" kselftests || exit 1
"$TB/build.sh" runner || exit 1
cp "$BUILD/module/kvmlite.ko" "$TB/ktests.sh" "$out/"
cut -d' ' -f1 "$out/list" | while read -r t; do
	cp "$BUILD/kselftests/$t" "$out/" || exit 1
done || die "a test of the list was not built"
# Tests run it, too.
cp "$BUILD/userspace/kvmlite" "$out/" || exit 1
[ $# -eq 0 ] || step "booting the emulated host ($MODEL) for: $*"
exec "$TB/run.sh" --name "${RUN_NAME:-selftest}" --model "$MODEL" --cpus "${CPUS:-1}" \
	--timeout "${TIMEOUT:-900}" --stall 120 --bring "kvm kvm-intel" --payload "$out" --cmd "MODARGS='${MODARGS:-}' sh /payload/ktests.sh"
