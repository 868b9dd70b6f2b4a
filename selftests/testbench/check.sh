#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make check`: every check, as nested KTAP in build/results/check.tap, with a
# line per step on the terminal; the last line counts the tests (the leaves).
# ONLY="step..." runs some of the steps. tour 84: all that a change has to pass.

. "$(dirname "$0")/lib.sh"


STEPS="module layers checkpatch kernel-doc headers length tour host-detect unit
runner-unit bad-input build-matrix kselftests"

step_module() { "$TB/static.sh" module; }
step_layers() { "$TOP/selftests/check_layers.sh"; }
step_checkpatch() { "$TB/static.sh" checkpatch; }
step_kernel_doc() { "$TB/static.sh" kernel-doc; }
step_headers() { "$TB/static.sh" headers; }
step_length() { "$TB/static.sh" length; }
step_tour() { "$TOP/selftests/tour.sh" check; }
step_host_detect() { "$TB/test_host_detect.sh"; }
step_build_matrix() { "$TB/matrix.sh"; }
step_kselftests() { RUN_NAME=check "$TB/selftest.sh"; }
step_bad_input() { "$TB/test_bad_input.sh"; }
step_unit() {
	in_bench make -s -j2 -C /src/selftests/unit O=/src/build/check-unit run </dev/null
}
step_runner_unit() {
	in_bench make -s -j2 -C /src/userspace O=/src/build/check-runner check </dev/null
}

# count FILE: "passed failed skipped" of the leaf results of a KTAP document. A
# result is no leaf when results of deeper indentation stand right above it.
count() {
	awk '
	{ match($0, /^ */); ind = RLENGTH; line = substr($0, ind + 1) }
	line ~ /^(not )?ok( |$)/ {
		if (deeper > ind) { deeper = ind; next }	# a parent
		deeper = ind
		if (line ~ /^not ok/ && line !~ /# *TODO/) f++
		else if (line ~ /# *SKIP/) s++
		else p++
	}
	line ~ /^Bail out!/ { f++ }
	END { printf "%d %d %d\n", p, f, s }' "$1"
}

# Keep of a step's output what KTAP knows; anything else becomes a comment.
normalise() {
	sed -u -e 's/\r$//' -e 's/^TAP version 13$/KTAP version 1/' \
		-e '/^ *\(KTAP version\|1\.\.[0-9]\|ok\b\|not ok\b\|#\|Bail out\)/!s/^\( *\)/\1# /'
}

main() {
	local tap=$RESULTS/check.tap doc name fn rc n=0 c p=0 f=0 s=0 start err

	"$TB/bench.sh" || return 1
	mkdir -p "$RESULTS" "$BUILD/check"
	# check.tap appears whole at the end; a broken-off run leaves none.
	rm -f "$tap"
	{
		echo "KTAP version 1"
		echo "1..$(wc -w <<<"$wanted")"
	} >"$tap.tmp"
	for name in $wanted; do
		n=$((n + 1))
		fn=step_${name//-/_}
		doc=$BUILD/check/$name.tap
		err=$BUILD/check/$name.log
		start=$(date +%s)
		step "check: $name"
		rc=0
		# Progress goes to the terminal while the step runs.
		$fn 2> >(tee "$err" >&2) </dev/null | normalise | tee "$doc" |
			{ grep --line-buffered -E '^ {0,2}(not )?ok|^ *not ok|Bail out' || true; } |
			sed -u 's/^/         /' >&2 || rc=$?
		grep -q '^ *\(not \)\?ok\b' "$doc" || {
			echo "KTAP version 1"
			echo "1..1"
			tail -n 30 "$err" | sed 's/^/# /'
			echo "not ok 1 $name gave a result # status $rc"
			rc=1
		} >"$doc"
		read -r cp cf cs < <(count "$doc")
		plan "$doc" || {
			echo "not ok 1000 $name ran all the tests of its plan" >>"$doc"
			cf=$((cf + 1))
		}
		if [ "$rc" -ne 0 ] && [ "$cf" -eq 0 ]; then
			tail -n 20 "$err" | sed 's/^/# /' >>"$doc"
			echo "not ok 1001 $name ended with status 0 # status $rc" >>"$doc"
			cf=1
		fi
		p=$((p + cp)) f=$((f + cf)) s=$((s + cs))
		sed 's/^/  /' "$doc" >>"$tap.tmp"
		c=ok
		[ "$cf" -eq 0 ] || c="not ok"
		echo "$c $n $name # $cp passed, $cf failed, $cs skipped" >>"$tap.tmp"
		detail "$name: $cp passed, $cf failed, $cs skipped in $(($(date +%s) - start)) s"
		[ "$cf" -eq 0 ] || grep -B 12 '^ *not ok' "$doc" | tail -n 60 >&2
	done
	mv "$tap.tmp" "$tap"
	echo "$p passed, $f failed, $s skipped"
	[ "$f" -eq 0 ]
}

# plan FILE: is every top-level test of the document's plan there?
plan() {
	awk '/^1\.\.[0-9]/ { want = substr($0, 4) + 0 } /^(not )?ok/ { have++ }
		END { exit !(want == have) }' "$1"
}

case ${1:-} in
count) count "$2" ;;
unit) step_unit ;;
"")
	wanted=${ONLY:-$STEPS}
	for name in $wanted; do
		case " $(echo $STEPS) " in
		*" $name "*) ;;
		*) die "ONLY=$name is no step of make check; the steps are: $(echo $STEPS)" ;;
		esac
	done
	locked check main
	;;
esac
