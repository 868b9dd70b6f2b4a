#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run unit test binaries and print one KTAP document: a subtest per binary.
# A binary that crashes, hangs, or prints fewer results than planned fails.

echo "KTAP version 1"
echo "1..$#"
n=0
failed=0
for bin in "$@"; do
	n=$((n + 1))
	out=$(timeout 300 "$bin" 2>&1 </dev/null)
	rc=$?
	printf '%s\n' "$out" | sed 's/^/  /'
	if [ $rc -eq 0 ]; then
		echo "ok $n ${bin##*/}"
	else
		echo "not ok $n ${bin##*/} # exit status $rc"
		failed=$((failed + 1))
	fi
done
[ $failed -eq 0 ]
