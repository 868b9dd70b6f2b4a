#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the module for every kernel it has to build for: Debian 12's 6.1, Debian
# 13's 6.12, and the newest of trixie-backports. Prints KTAP, then (as comments) a
# table; the same goes to build/results/build-matrix.json. Later kernels keep
# symbols for KVM's own modules: what is missing there is listed as a known gap.

. "$(dirname "$0")/lib.sh"

# Headers are unpacked below this folder of the bench, one root a suite, where no
# other build takes them for the kernel's.
ROOTS=/opt/kl-matrix

# Unpack the newest linux-headers of SUITE, print its release.
fetch() { # SUITE SOURCES
	KL_NET=1 in_bench bash -euo pipefail -c '
		dir=$3/$1
		mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/etc"
		printf "%s\n" "$2" >"$dir/etc/sources.list"
		opts=(-q -o "Dir::Etc::sourcelist=$dir/etc/sources.list" -o Dir::Etc::sourceparts=-
			-o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache"
			-o Dir::State::status=/dev/null
			-o APT::Sandbox::User=root)
		if [ ! -s "$dir/release" ]; then
			apt-get "${opts[@]}" update >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
			headers=$(apt-cache "${opts[@]}" show linux-headers-amd64 |
				sed -n "s/^Depends:.*\(linux-headers-[0-9][^ ,]*\).*/\1/p" |
				sort -V | tail -n 1)
			cd "$dir"
			need=$(apt-cache "${opts[@]}" depends "$headers" |
				sed -n "s/.*Depends: *\(linux-\(headers\|kbuild\)-[^ ]*\).*/\1/p")
			apt-get "${opts[@]}" download $headers $need >"$dir/log" 2>&1 ||
				{ cat "$dir/log" >&2; exit 1; }
			for deb in ./*.deb; do dpkg-deb -x "$deb" .; done
			rm -f ./*.deb
			sed -i "s,/usr/src,$dir/usr/src," "usr/src/$headers/Makefile"
			echo "${headers#linux-headers-}" >"$dir/release"
		fi
		cat "$dir/release"' sh "$1" "$2" "$ROOTS"
}

# Lines of a log in which modpost names a symbol that this kernel keeps to itself.
MISSING="modpost: .*symbol ['\"][^'\"]*['\"] (undefined!|from namespace)|modpost: \"[^\"]*\" .*undefined!"

# build RELEASE: sets missing (symbols), problems (lines) and compiler. A symbol that
# is missing is none of the problems; warnings are.
build() {
	local rel=$1 dir=$BUILD/matrix/$1 log rc=0

	"$TB/copy-sources.sh" "$dir/src" || die "cannot copy the sources"
	log=$dir/log
	in_bench sh -c 'exec make -k -j"$(nproc)" -C "$(ls -d "$2"/*/usr/src/linux-headers-"$1" \
		"/usr/src/linux-headers-$1" 2>/dev/null | head -n 1)" CC=gcc \
		M="/src/build/matrix/$1/src" W=1 modules' sh "$rel" "$ROOTS" \
		>"$log" 2>&1 </dev/null || rc=$?
	compiler=$(in_bench gcc -dumpfullversion)
	missing=$(grep -E "$MISSING" "$log" |
		sed -E "s/.*modpost: (.*symbol )?['\"]([^'\"]*)['\"].*/\2/" | sort -u | xargs)
	problems=$(grep -E '([Ww]arning|WARNING|[Ee]rror|ERROR): |suppressed .* unresolved' "$log" |
		grep -vE "$MISSING|warning: the compiler differs")
	[ "$rc" -eq 0 ] || [ -n "$missing$problems" ] || problems="make ended with status $rc"
	# What is built is not built again: let the next run meet the warnings, too.
	[ -z "$problems" ] || rm -rf "$dir/src"
}

main() {
	local mirror security rels rel n=0 rc=0 line result table='' json='' sep='' count

	mirror=$(awk '$1 == "deb" { print $2; exit }' "$BUILD/log/bench.list")
	security=$(awk '$3 ~ /-security$/ { print $2; exit }' "$BUILD/log/bench.list")
	[ -n "$mirror" ] || die "the mirror of the testbench folder is not known: make distclean, then again"
	mkdir -p "$BUILD/matrix" "$RESULTS"
	detail "fetching kernel headers of Debian 12 and of trixie-backports"
	rels="$(fetch bookworm "deb $mirror bookworm main
${security:+deb $security bookworm-security main}") $(cat "$BENCH/kernel-release") \
$(fetch trixie-backports "deb $mirror trixie-backports main
deb $mirror trixie main")"
	echo "KTAP version 1"
	echo "1..3"
	[ "$(wc -w <<<"$rels")" -eq 3 ] || {
		echo "Bail out! could not get the headers of three kernels: $rels"
		return 1
	}
	for rel in $rels; do
		n=$((n + 1))
		detail "building for $rel"
		build "$rel"
		count=$(wc -w <<<"$missing")
		line="module builds for $rel without warnings"
		if [ -z "$missing$problems" ]; then
			result=PASS
			echo "ok $n $line"
		elif [ "${rel%%.*}" -ge 7 ] && [ -z "$problems" ]; then
			result=GAP
			echo "ok $n $line # SKIP known gap: $count symbols missing: $missing"
		else
			result=FAIL
			head -n 30 <<<"$problems" | sed 's/^/# /'
			echo "not ok $n $line${missing:+ # missing: $missing}"
			rc=1
		fi
		table+=$(printf '# %-28s %-10s %-6s %s' "$rel" "gcc $compiler" "$result" "${missing:--}")$'\n'
		json+="$sep {\"kernel\": \"$rel\", \"compiler\": \"gcc $compiler\", \"result\": \"$result\", \
\"missing\": [$(sed 's/[^ ]\+/"&"/g; s/ /, /g' <<<"$missing")]}"
		sep=$',\n'
	done
	printf '# %-28s %-10s %-6s %s\n' kernel compiler result "missing symbols"
	printf '%s' "$table"
	printf '[%s]\n' "$json" >"$RESULTS/build-matrix.json"
	return $rc
}

"$TB/bench.sh" || exit 1
locked matrix main
