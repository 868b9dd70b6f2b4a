#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Wrong input to the Makefile and the bench's scripts gets one clear sentence, and
# counting in check.tap is right. Prints KTAP; boots nothing.

. "$(dirname "$0")/lib.sh"
cd "$TOP" || exit 2

n=0
rc=0
# expect NAME STATUS PATTERN CMD...: CMD ends with STATUS and says PATTERN.
expect() {
	local name=$1 status=$2 pattern=$3 out got=0

	shift 3
	n=$((n + 1))
	out=$("$@" 2>&1 </dev/null) || got=$?
	if [ "$got" -eq "$status" ] && [[ $out == *$pattern* ]]; then
		echo "ok $n $name"
	else
		printf '%s\n' "status $got, expected $status and '$pattern'; said:" "$out" |
			head -n 12 | sed 's/^/# /'
		echo "not ok $n $name"
		rc=1
	fi
}

echo "KTAP version 1"
echo "1..13"
export MAKEFLAGS= MAKELEVEL=0
unset KL_STEP KL_T0 MODEL T HOST ONLY
expect "an unknown CPU model lists the models" 2 corei7_haswell_4770 \
	make demo HOST=bochs MODEL=z80
expect "an unknown HOST" 2 "it is auto, native or bochs" make demo HOST=quick
expect "an unknown test lists the tests" 2 "the tests are:" make selftest T=no-such-test
expect "selftest without T says how" 2 "T=" make selftest
expect "a shell without a terminal" 2 "needs a terminal" make shell
expect "an unknown step of check lists the steps" 2 "the steps are:" \
	env ONLY=nothing "$TB/check.sh"
expect "run.sh without a command" 2 "nothing to do" "$TB/run.sh" --name x
expect "run.sh with an unknown option" 2 "knows no option '--foo'" "$TB/run.sh" --foo x
expect "run.sh with 99 CPUs" 2 "from 1 to 8" "$TB/run.sh" --cpus 99 --cmd true
expect "run.sh with a name that leaves the folder" 2 "not '../x'" \
	"$TB/run.sh" --name ../x --cmd true
expect "run.sh with a missing payload" 2 "is no directory" \
	"$TB/run.sh" --payload /nonexistent --cmd true
expect "an unknown stock module" 125 "has no module 'no_such_module'" \
	"$TB/run.sh" --name bad-input --modules no_such_module --cmd true

tmp=$(mktemp) || exit 2
trap 'rm -f "$tmp"' EXIT
cat >"$tmp" <<'TAP'
KTAP version 1
1..3
  KTAP version 1
  1..2
  ok 1 a
    ok 1 deep
    not ok 2 deep
  not ok 2 b
not ok 1 parent
ok 2 c # SKIP why
ok 3 d
TAP
expect "leaves are counted, parents are not" 0 "3 1 1" "$TB/check.sh" count "$tmp"
exit $rc
