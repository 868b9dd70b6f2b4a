#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The checks that need no emulator, each a KTAP document on standard output:
# static.sh module|checkpatch|kernel-doc|headers|length. `make check` runs them all.

. "$(dirname "$0")/lib.sh"

# What checkpatch cannot judge here:
#  FILE_PATH_CHANGES, MAINTAINERS: there is no patch against the kernel's tree.
#  LINUX_VERSION_CODE: the module is built for several kernels; the conditionals
#    stand in vmx/host.[ch] alone.
#  CAMELCASE: without a tree it does not know the names of the kernel's headers.
#  COMPLEX_MACRO, MACRO_ARG_REUSE, MACRO_ARG_UNUSED: it takes the rows of our tables
#    (macros that give initialisers, or one column of fields.def) for expressions.
IGNORE=FILE_PATH_CHANGES,MAINTAINERS,LINUX_VERSION_CODE,CAMELCASE,COMPLEX_MACRO,MACRO_ARG_REUSE,MACRO_ARG_UNUSED
# TRACE_EVENT() has a layout of its own, that of the kernel's include/trace/events.
IGNORE_TRACE=$IGNORE,PARENTHESIS_ALIGNMENT,OPEN_ENDED_LINE,SPACING
# Programs are no kernel code: errors come through errno, <stdint.h> and the C
# library are theirs, __printf() and BIT() are not, assertions return, and what a
# test shares with its guest is volatile.
IGNORE_USER=$IGNORE,USE_NEGATIVE_ERRNO,PREFER_KERNEL_TYPES,VOLATILE,MACRO_WITH_FLOW_CONTROL
IGNORE_USER+=,PREFER_DEFINED_ATTRIBUTE_MACRO,BIT_MACRO

MODULE_DIRS="vmx mmu irq iommu uapi"
USER_DIRS="userspace selftests"

cd "$TOP" || exit 2

sources() { # DIRS PATTERN...
	local dirs=$1 p args=()

	shift
	for p; do args+=(-o -name "$p"); done
	# shellcheck disable=SC2086
	find $(ls -d $dirs 2>/dev/null) -type f \( "${args[@]:1}" \) | sort
}

# verdict N NAME PROBLEMS: one KTAP result; PROBLEMS is empty when all is well.
failed=0
verdict() {
	[ -z "$3" ] || {
		printf '%s\n' "$3" | head -n 60 | sed 's/^/# /'
		[ "$(wc -l <<<"$3")" -le 60 ] || echo "# ... $(wc -l <<<"$3") lines in all"
		printf 'not '
		failed=1
	}
	echo "ok $1 $2"
}

check_module() {
	local dir=$BUILD/check-module kdir out rc=0

	"$TB/build.sh" module >/dev/null 2>&1 || true
	rm -rf "$dir"
	"$TB/copy-sources.sh" "$dir" || exit 2
	kdir="/lib/modules/$(cat "$BENCH/kernel-release")/build"
	echo "1..3"
	out=$(in_bench sh -c 'make -j"$(nproc)" -C "$1" M=/src/build/check-module W=1 modules' sh \
		"$kdir" 2>&1 </dev/null) || rc=$?
	printf '%s\n' "$out" >"$BUILD/log/check-module.log"
	verdict 1 "the module builds" "$([ $rc -eq 0 ] || grep -E 'error|\*\*\*|undefined' <<<"$out")"
	verdict 2 "no warnings with W=1" "$(grep -iE 'warning' <<<"$out" |
		sed 's,/src/build/check-module/,,')"
	rc=0
	out=$(in_bench sh -c 'make -k -j"$(nproc)" -C "$1" M=/src/build/check-module C=2 modules' sh \
		"$kdir" 2>&1 </dev/null) || rc=$?
	printf '%s\n' "$out" >"$BUILD/log/check-sparse.log"
	# Only what sparse itself looked at counts: one CHECK line a source file.
	verdict 3 "no warnings from sparse (C=2)" "$(
		grep -E '(warning|error):' <<<"$out" | sed 's,/src/build/check-module/,,'
		grep -q '^  CHECK ' <<<"$out" || echo "sparse did not run"
	)"
}

run_checkpatch() { # IGNORE FILES...
	local ignore=$1

	shift
	printf '/src/%s\n' "$@" | in_bench sh -c '
		cd /tmp && xargs perl /src/build/linux-source/scripts/checkpatch.pl --no-tree --strict \
			--terse --no-summary --show-types --max-line-length=100 \
			--ignore "$1" -f' sh "$ignore" 2>/dev/null | sed 's,^/src/,,' | grep -E ':[0-9]+: (ERROR|WARNING|CHECK)'
}

check_checkpatch() {
	"$TB/source.sh" || exit 2
	echo "1..2"
	# shellcheck disable=SC2046
	verdict 1 "checkpatch --strict, the module" "$(run_checkpatch "$IGNORE" \
		$(sources "$MODULE_DIRS" '*.[chS]' | grep -vx uapi/trace.h)
		run_checkpatch "$IGNORE_TRACE" uapi/trace.h)"
	# The shim defines the very names that checkpatch says to use instead.
	# shellcheck disable=SC2046
	verdict 2 "checkpatch --strict, programs and tests" "$(run_checkpatch "$IGNORE_USER" \
		$(sources "$USER_DIRS" '*.[chS]' | grep -v '^selftests/unit/shim/'))"
}

check_kernel_doc() {
	echo "1..1"
	verdict 1 "kernel-doc comments are complete" "$(sources "$MODULE_DIRS" '*.[ch]' |
		in_bench sh -c 'cd /src && xargs \
			"/lib/modules/$(cat /kernel-release)/build/scripts/kernel-doc" -none -Wall' 2>&1 |
		grep -E '(warning|error):')"
}

# Each header is the only thing its file includes.
check_headers() {
	local dir=$BUILD/check-headers f id kernel=() flags out problems

	rm -rf "$dir"
	"$TB/copy-sources.sh" "$dir/k" || exit 2
	while read -r f; do
		id=klh_${f//[\/.]/_}
		printf '#include "%s"\n' "$f" >"$dir/k/$id.c"
		kernel+=("$id.o")
	done < <(sources "$MODULE_DIRS" '*.h')
	echo "obj-m += ${kernel[*]}" >>"$dir/k/Kbuild"
	echo "1..3"
	out=$(in_bench sh -c '
		kdir=/lib/modules/$(cat /kernel-release)/build
		make -k -j"$(nproc)" -C "$kdir" M=/src/build/check-headers/k "$@"' sh "${kernel[@]}" \
		2>&1 </dev/null)
	verdict 1 "every header of the module compiles alone (${#kernel[@]})" \
		"$(grep -E 'error|warning|\*\*\*' <<<"$out" | sed 's,/src/build/check-headers/k/,,')"
	# Unit tests see a few of the kernel's headers, linked by their Makefile.
	mkdir -p "$dir/unit"
	in_bench make -s -C /src/selftests/unit O=/src/build/check-headers/unit \
		/src/build/check-headers/unit/include/.linked >/dev/null 2>&1 </dev/null
	problems=
	for f in $(sources "$USER_DIRS" '*.h' | grep -v '^selftests/unit/shim/') uapi/kvmlite.h; do
		flags=()
		[[ $f != selftests/unit/* ]] || flags=(-I/src/build/check-headers/unit/include
			-I/src/selftests/unit/shim)
		out=$(printf '#include "%s"\n' "$f" | in_bench gcc "${flags[@]}" -std=gnu11 -D_GNU_SOURCE -Wall -Werror \
			-fsyntax-only -I/src -I/src/uapi -I/src/userspace -I/src/selftests/lib \
			-I/src/selftests/unit -isystem /src/build/linux-source/tools/testing/selftests \
			-x c - 2>&1 >/dev/null) || problems+="$f: $(grep -m 2 error <<<"$out")"$'\n'
	done
	verdict 2 "every header of programs and tests compiles alone" "${problems%$'\n'}"
	out=$(echo '#include "uapi/kvmlite.h"' | in_bench g++ -std=c++11 -Wall -Werror -fsyntax-only \
		-I/src -x c++ - 2>&1)
	verdict 3 "uapi/kvmlite.h is C++, too" "$(grep error <<<"$out")"
}

check_length() {
	echo "1..1"
	# shellcheck disable=SC2046
	verdict 1 "no file is longer than 700 lines" "$(wc -l $(sources \
		"$MODULE_DIRS $USER_DIRS" '*.[chS]' '*.sh' '*.py') |
		awk '$1 > 700 && $2 != "total" { print $2 ": " $1 " lines" }')"
}

echo "KTAP version 1"
case ${1:-} in
module) check_module ;;
checkpatch) check_checkpatch ;;
kernel-doc) check_kernel_doc ;;
headers) check_headers ;;
length) check_length ;;
*) die "static.sh knows module, checkpatch, kernel-doc, headers and length" ;;
esac
exit $failed
