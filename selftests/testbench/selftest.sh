#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Kselftests on the bench, in one boot: selftest.sh [NAME...]; without a name all
# of them. Prints KTAP while they run. MODEL= and CPUS= choose the machine,
# MODARGS= are given to the module.

. "$(dirname "$0")/lib.sh"

MODEL=${MODEL:-$DEFAULT_MODEL}
check_model "$MODEL"
"$TB/bench.sh" || exit 1
[ $# -gt 0 ] && step "building the module and the tests"
"$TB/build.sh" module || exit 1
"$TB/build.sh" kselftests || exit 1
list=$BUILD/kselftests/list
[ -s "$list" ] || die "build/kselftests/list names no test"

out=$BUILD/run-input/${RUN_NAME:-selftest}
rm -rf "$out"
mkdir -p "$out"
if [ $# -gt 0 ]; then
	for t; do
		grep -E "^$t( |\$)" "$list" >>"$out/list" || {
			say "kvm-lite: T=$t is no test; the tests are:"
			cut -d' ' -f1 "$list" | sed 's/^/  /' >&2
			exit 2
		}
	done
else
	cp "$list" "$out/list"
fi
cp "$BUILD/module/kvmlite.ko" "$TB/ktests.sh" "$out/"
cut -d' ' -f1 "$out/list" | while read -r t; do
	cp "$BUILD/kselftests/$t" "$out/" || exit 1
done || die "a test of the list was not built"
# Helpers that tests may run, if they are there.
[ ! -x "$BUILD/userspace/kvmlite" ] || cp "$BUILD/userspace/kvmlite" "$out/"
[ $# -eq 0 ] || step "booting the emulated host ($MODEL) for: $*"
exec "$TB/run.sh" --name "${RUN_NAME:-selftest}" --model "$MODEL" --cpus "${CPUS:-1}" \
	--timeout "${TIMEOUT:-900}" --payload "$out" --cmd "MODARGS='${MODARGS:-}' sh /payload/ktests.sh"
